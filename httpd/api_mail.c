/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_mail.c - the outbox, for administrators
 *
 * What a mail says is never shown: it holds links with tokens.
 */
#include <stdio.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "httpd/mail.h"
#include "httpd/once.h"
#include "store/ident.h"

static cJSON *
mail_item(const struct rst_mail *mail)
{
	cJSON *item = cJSON_CreateObject();
	char href[32];

	snprintf(href, sizeof(href), "/mail/%llu",
	         (unsigned long long)mail->id);
	if (json_add_number(item, "id", mail->id) &&
	    json_add_view(item, "to", mail->to) &&
	    json_add_view(item, "template", mail->template) &&
	    json_add_text(item, "state",
	                  mail->state == RST_MAIL_FAILED ? "failed"
	                                                 : "queued") &&
	    json_add_number(item, "attempts", mail->attempts) &&
	    json_add_time(item, "created", mail->made_s) &&
	    (mail->due_s == 0 || json_add_time(item, "due", mail->due_s)) &&
	    json_add_view(item, "error", mail->error) &&
	    json_add_text(item, "href", href))
		return item;
	cJSON_Delete(item);
	return NULL;
}

/* At most limit mails after id after; "next" when there are more. */
static enum rst_err
take_mails(const struct rst_rtxn *txn, uint64_t after, size_t limit,
           cJSON *body)
{
	cJSON *items = cJSON_AddArrayToObject(body, "items");
	struct rst_mail mail = { .bytes = NULL };
	char text[24] = "";
	enum rst_err err = RST_OK;

	for (size_t n = 0; err == RST_OK; n++) {
		err = rst_outbox_next(txn, after, &mail);
		if (err == RST_OK && n == limit)
			snprintf(text, sizeof(text), "%llu",
			         (unsigned long long)after);
		if (err != RST_OK || n == limit)
			break;
		after = mail.id;
		if (!json_take_item(items, mail_item(&mail)))
			err = RST_ENOMEM;
		rst_mail_release(&mail);
	}
	rst_mail_release(&mail);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	return json_take(body, "next",
	                 text[0] != '\0' ? cJSON_CreateString(text)
	                                 : cJSON_CreateNull())
	               ? RST_OK
	               : RST_ENOMEM;
}

/* GET /mail */
void
api_mail_list(struct http_req *req, struct http_reply *reply)
{
	const char *cursor = http_query_get(&req->query, "cursor");
	struct rst_rtxn txn;
	uint64_t after = 0;
	size_t limit;
	enum rst_err err;

	if (!list_limit(req, &limit) ||
	    (cursor != NULL && cursor[0] != '\0' &&
	     !rst_view_number(rst_view_of(cursor), UINT64_MAX, &after))) {
		list_answer(req, reply, RST_EINVALID);
		return;
	}
	err = http_read_begin(req, &txn);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, NULL);
		return;
	}
	reply->body = cJSON_CreateObject();
	err = take_mails(&txn, after, limit, reply->body);
	rst_read_end(&txn);
	if (err == RST_OK && !json_add_bool(reply->body, "configured",
	                                    req->server->mail != NULL))
		err = RST_ENOMEM;
	http_reply_err(req, reply, err, NULL);
}

typedef enum rst_err act_mail(const struct act_ctx *ctx, uint64_t id,
                              struct act_refusal *refusal);

static bool
do_act(struct http_req *req, struct http_reply *reply, act_mail *act)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	enum rst_err err = RST_ENOTFOUND;
	uint64_t id;

	if (!input_check(req, NULL, 0, reply))
		return false;
	if (rst_view_number(req->arg[0], UINT64_MAX, &id))
		err = act(&req->ctx, id, &refusal);
	http_reply_err(req, reply, err, &refusal);
	return err == RST_OK;
}

/* POST /mail/{}/retry */
void
api_mail_retry(struct http_req *req, struct http_reply *reply)
{
	if (!do_act(req, reply, act_mail_retry))
		return;
	mail_worker_wake(req->server->mail);
	if (req->api)
		reply->status = 204;
	else
		http_location(reply, "/mail?done=retried", RST_VIEW(""), "");
}

/* DELETE /mail/{}, POST /mail/{}/delete */
void
api_mail_drop(struct http_req *req, struct http_reply *reply)
{
	if (!do_act(req, reply, act_mail_drop))
		return;
	if (req->api)
		reply->status = 204;
	else
		http_location(reply, "/mail?done=dropped", RST_VIEW(""), "");
}

/* The mail address of who asks; "" when he has none. */
static enum rst_err
own_mail(struct http_req *req, char buf[RST_MAIL_MAX + 1])
{
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	buf[0] = '\0';
	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, req->who.id, &record);
	if (err == RST_OK)
		(void)rst_view_copy(rst_record_first(&record, RST_A_MAIL), buf,
		                    RST_MAIL_MAX + 1);
	rst_read_end(&txn);
	return err;
}

bool
mail_can_send(const struct http_req *req, struct http_reply *reply)
{
	if (req->server->config->smtp_url != NULL)
		return true;
	http_problem(reply, 409, "smtp_not_configured", NULL,
	             rule_verdict_text(RULE_SMTP_NOT_CONFIGURED));
	return false;
}

static void
not_taken(struct http_req *req, struct http_reply *reply, const char *why)
{
	cJSON *made = reply->body;
	char text[MAIL_REASON_MAX + 128];

	snprintf(text, sizeof(text),
	         "the mail was not taken: %s; what was made is kept, and the "
	         "mail is tried again",
	         why);
	reply->body = NULL;
	http_problem(reply, 502, "email_failed", NULL, text);
	(void)json_take(reply->body, "made", made);
	http_log(4, "request %s: %s", req->id, text);
}

void
mail_await(struct http_req *req, struct http_reply *reply, uint64_t id)
{
	char why[MAIL_REASON_MAX] = "";

	if (!json_add_text(reply->body, "delivery", "queued")) {
		http_reply_err(req, reply, RST_ENOMEM, NULL);
		return;
	}
	http_once_end(req, reply);
	if (http_is_problem(reply))
		return;
	switch (mail_worker_await(req->server->mail, id, why)) {
	case MAIL_WAITS:
		return;
	case MAIL_SENT:
		(void)cJSON_ReplaceItemInObjectCaseSensitive(
			reply->body, "delivery", cJSON_CreateString("sent"));
		return;
	case MAIL_NOT_SENT:
		not_taken(req, reply, why);
	}
}

/* POST /settings/test-mail: to the one who asks, unless it says to whom */
void
api_mail_test(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "mail", INPUT_TEXT, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_view to = input_text(req, "mail");
	char own[RST_MAIL_MAX + 1];
	enum rst_err err = RST_OK;
	uint64_t id;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	if (!mail_can_send(req, reply))
		return;
	if (to.len == 0) {
		err = own_mail(req, own);
		to = rst_view_of(own);
	}
	if (err == RST_OK)
		err = act_mail_test(&req->ctx, to,
		                    rst_view_of(req->server->config->site.url),
		                    &id, &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	reply->status = 202;
	reply->body = cJSON_CreateObject();
	if (!json_add_number(reply->body, "id", id) ||
	    !json_add_view(reply->body, "to", to))
		http_reply_err(req, reply, RST_ENOMEM, NULL);
	else
		mail_await(req, reply, id);
	if (!req->api && !http_is_problem(reply))
		http_location(reply, "/mail?done=tested", RST_VIEW(""), "");
}
