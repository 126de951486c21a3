/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_me_mail.c - another mail address, by links to both
 *
 * The links are those of /verify: whoever opens one sees what it is for, and
 * says yes or no.
 */
#include "httpd/api.h"
#include "httpd/input.h"
#include "httpd/mail.h"
#include "lifecycle/setting.h"

bool
model_mail_change(const struct rst_rtxn *txn, uint64_t person, int64_t now_s,
                  cJSON *body)
{
	struct act_mail_change change;
	enum rst_err err = act_mail_pending(txn, person, now_s, &change);
	cJSON *item;

	if (err != RST_OK)
		return err == RST_ENOTFOUND;
	item = cJSON_AddObjectToObject(body, "newMail");
	/* of two, the one that is left is not the one that was used */
	return item != NULL && json_add_text(item, "mail", change.mail) &&
	       json_add_time(item, "until", change.expires_s) &&
	       json_add_bool(item, "asksNew", !change.by_old || !change.half) &&
	       json_add_bool(item, "asksOld",
	                     change.by_old ||
	                             (change.asks_both && !change.half));
}

static int64_t
way_of(const struct http_req *req)
{
	struct lifecycle_policy policy;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK) {
		err = lifecycle_policy(&txn, req->who.id, &policy);
		rst_read_end(&txn);
	}
	return err == RST_OK ? policy.number[RULE_SETTING_MAIL_CHANGE]
	                     : RULE_MAIL_CHANGE_OFF;
}

bool
me_may_change_mail(const struct http_req *req)
{
	int64_t way = way_of(req);

	return way == RULE_MAIL_CHANGE_DIRECT ||
	       (way == RULE_MAIL_CHANGE_CONFIRM &&
	        req->server->config->smtp_url != NULL);
}

static bool
can_ask(struct http_req *req, struct http_reply *reply)
{
	if (way_of(req) != RULE_MAIL_CHANGE_CONFIRM ||
	    req->server->config->smtp_url != NULL)
		return true;
	http_problem(reply, 409, "smtp_not_configured", NULL,
	             "mail is not configured, so that nobody can prove an "
	             "address; an administrator can change it");
	return false;
}

/* POST /me/mail */
void
api_me_mail_ask(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "mail", INPUT_TEXT, true },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	bool changed = false;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply) || !can_ask(req, reply))
		return;
	err = act_mail_ask(&req->ctx, req->who.id, input_text(req, "mail"),
	                   &changed, &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	mail_worker_wake(req->server->mail);
	api_me_show(req, reply);
	if (http_is_problem(reply))
		return;
	reply->status = changed ? 200 : 202;
	if (!req->api)
		http_location(reply,
		              changed ? "/me?done=mail#mail"
		                      : "/me?done=mailasked#mail",
		              RST_VIEW(""), "");
}

/* DELETE /me/mail, POST /me/mail/cancel */
void
api_me_mail_drop(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	enum rst_err err;

	if (!input_check(req, NULL, 0, reply))
		return;
	err = act_mail_drop_change(&req->ctx, req->who.id, &refusal);
	if (err != RST_OK)
		http_reply_err(req, reply, err, &refusal);
	else if (!req->api)
		http_location(reply, "/me?done=mailkept#mail", RST_VIEW(""),
		              "");
}

/* What the link would do, for the page that asks. */
bool
verify_describe(struct http_req *req, struct rst_view token, cJSON *body)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct act_mail_change change;
	struct rst_record person;
	struct rst_rtxn txn;
	cJSON *item;
	bool ok;

	/* of every other link nothing is told */
	if (act_mail_find(&req->ctx, token, &change, &refusal) != RST_OK)
		return true;
	if (rst_read_begin(req->server->env, &txn) != RST_OK)
		return false;
	item = cJSON_AddObjectToObject(body, "change");
	ok = rst_record_get(&txn, change.person, &person) == RST_OK &&
	     json_add_text(item, "mail", change.mail) &&
	     json_add_bool(item, "asksOld", change.by_old) &&
	     json_add_view(item, "username",
	                   rst_record_first(&person, RST_A_UID));
	rst_read_end(&txn);
	return ok;
}

/* Where a browser goes on. */
static void
go_on(const struct http_req *req, struct http_reply *reply, bool refused,
      bool changed)
{
	const char *where = req->who.signed_in ? "/me" : "/login";

	http_location(reply, where, RST_VIEW(""),
	              refused   ? "?done=mailkept"
	              : changed ? "?done=mail"
	                        : "?done=mailhalf");
}

bool
verify_mail_change(struct http_req *req, struct http_reply *reply)
{
	struct rst_view token = input_text(req, "token");
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct act_mail_change change;
	bool changed, refuse = input_bool(req, "refuse", false);
	enum rst_err err;

	err = act_mail_find(&req->ctx, token, &change, &refusal);
	if (err == RST_EDENIED && !refuse)
		return false; /* of another kind, or of none */
	if (err == RST_OK)
		err = act_mail_answer(&req->ctx, token, refuse, &change,
		                      &changed, &refusal);
	if (err == RST_OK) {
		reply->body = cJSON_CreateObject();
		if (!json_add_text(reply->body, "mail", change.mail) ||
		    !json_add_bool(reply->body, "refused", refuse) ||
		    !json_add_bool(reply->body, "changed", changed) ||
		    (!refuse && !changed &&
		     !json_add_text(reply->body, "waitsFor",
		                    change.by_old ? "new" : "old")))
			err = RST_ENOMEM;
	}
	http_reply_err(req, reply, err, &refusal);
	if (!req->api && err == RST_OK)
		go_on(req, reply, refuse, changed);
	return true;
}
