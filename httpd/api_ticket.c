/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_ticket.c - registration tokens: links for one fixed username
 *
 * The link is in the answer that makes it and nowhere afterwards.
 */
#include <stdio.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "httpd/page.h"

static cJSON *
ticket_model(const struct rst_record *record, int64_t now_s)
{
	enum act_token_state state = act_token_state(record, now_s);
	cJSON *ticket = cJSON_CreateObject();
	int64_t created_s = 0, expires_s = 0;

	if (json_time_parse(rst_record_first(record, RST_A_CREATETIMESTAMP),
	                    &created_s) &&
	    json_time_parse(rst_record_first(record, RST_A_ROSTEREXPIRES),
	                    &expires_s) &&
	    json_add_view(ticket, "id", rst_record_first(record, RST_A_CN)) &&
	    json_add_view(ticket, "username",
	                  rst_record_first(record, RST_A_ROSTERUSERNAME)) &&
	    json_add_text(ticket, "state", act_token_state_word(state)) &&
	    json_add_time(ticket, "created", created_s) &&
	    json_add_view(ticket, "creator",
	                  rst_record_first(record, RST_A_CREATORSNAME)) &&
	    json_add_time(ticket, "expires", expires_s))
		return ticket;
	cJSON_Delete(ticket);
	return NULL;
}

static enum rst_err
is_ticket(void *arg, const struct rst_rtxn *txn,
          const struct rst_record *record)
{
	(void)arg, (void)txn;
	return record->kind == RST_KIND_TOKEN &&
	                       rst_view_equal_nocase(
				       rst_record_first(record,
	                                                RST_A_ROSTERPURPOSE),
				       RST_VIEW("registration"))
	               ? RST_OK
	               : RST_ENOTFOUND;
}

static cJSON *
ticket_item(void *arg, const struct rst_rtxn *txn,
            const struct rst_record *record)
{
	(void)txn;
	return ticket_model(record, *(const int64_t *)arg);
}

static enum rst_err
next_token(void *arg, const struct rst_rtxn *txn, uint64_t *id)
{
	enum rst_err err;
	size_t n;

	(void)arg;
	err = rst_index_equal(txn, RST_A_OBJECTCLASS, RST_VIEW("rosterToken"),
	                      *id, id, 1, &n);
	return err == RST_OK && n == 0 ? RST_ENOTFOUND : err;
}

/* GET /registration-tokens */
void
api_ticket_list(struct http_req *req, struct http_reply *reply)
{
	int64_t now_s = req->ctx.now_s;
	const struct list list = {
		.keep = is_ticket,
		.item = ticket_item,
		.next = next_token,
		.arg = &now_s,
	};
	enum rst_err err;

	err = list_found(req, &list, &reply->body);
	list_answer(req, reply, err);
}

static enum rst_err
made_model(struct http_req *req, uint64_t id, const char *token,
           cJSON **ret_body)
{
	char link[HTTP_URL_MAX + RST_TOKEN_TEXT + 16];
	struct rst_record record;
	struct rst_rtxn txn;
	cJSON *body = NULL;
	enum rst_err err;

	snprintf(link, sizeof(link), "%s/register/%s",
	         req->server->config->site.url, token);
	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK)
		body = ticket_model(&record, req->ctx.now_s);
	rst_read_end(&txn);
	if (err == RST_OK && !json_add_text(body, "link", link))
		err = RST_ENOMEM;
	if (err == RST_OK)
		*ret_body = body;
	else
		cJSON_Delete(body);
	return err;
}

/* The page shows the new link above the list. */
static void
answer(struct http_req *req, struct http_reply *reply, cJSON *made)
{
	reply->status = 201;
	if (req->api) {
		reply->body = made;
		return;
	}
	page_shown_once(req, reply, made, "made", api_ticket_list);
}

/* POST /registration-tokens */
void
api_ticket_create(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "username", INPUT_TEXT, true },
		{ "ttl", INPUT_NUMBER, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	char token[RST_TOKEN_TEXT];
	cJSON *made = NULL;
	enum rst_err err;
	uint64_t id;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	err = act_ticket_create(&req->ctx, input_text(req, "username"),
	                        (int64_t)input_number(req, "ttl", 0), token,
	                        &id, &refusal);
	if (err == RST_OK)
		err = made_model(req, id, token, &made);
	if (err == RST_OK)
		answer(req, reply, made);
	else
		http_reply_err(req, reply, err, &refusal);
}

/* DELETE /registration-tokens/{}, POST /registration-tokens/{}/revoke */
void
api_ticket_revoke(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_rtxn txn;
	enum rst_err err;
	uint64_t id;

	if (!input_check(req, NULL, 0, reply))
		return;
	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = act_find_token(&txn, req->arg[0], "registration", 0, &id);
	rst_read_end(&txn);
	if (err == RST_OK)
		err = act_token_revoke(&req->ctx, id, &refusal);
	if (err != RST_OK)
		http_reply_err(req, reply, err, &refusal);
	else if (req->api)
		reply->status = 204;
	else
		http_location(reply, "/registration-tokens?done=revoked",
		              RST_VIEW(""), "");
}
