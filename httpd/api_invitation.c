/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_invitation.c - invitations: made, listed, sent again, revoked
 *
 * The link is in the answer that makes it and nowhere afterwards: only the
 * token's digest is kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "httpd/mail.h"
#include "httpd/page.h"
#include "httpd/qr.h"

#define LISTED_MAX 10000 /* invitations looked at for one list */

/* A program may ask for no mail; a mail needs a relay and an address. */
static bool
wants_mail(struct http_req *req, bool has_address, struct http_reply *reply,
           bool *ret_send)
{
	*ret_send = input_bool(req, "send", has_address && !req->form);
	return !*ret_send || mail_can_send(req, reply);
}

/* A lifetime in seconds, or the time at which it ends. */
static bool
read_lifetime(struct http_req *req, struct http_reply *reply,
              int64_t *ret_lifetime_s)
{
	const cJSON *item = json_get(req->input, "expires");
	struct rst_view text = input_text(req, "expires");
	uint64_t number;
	int64_t time_s;

	*ret_lifetime_s = 0;
	if (item == NULL || cJSON_IsNull(item) ||
	    (cJSON_IsString(item) && text.len == 0))
		return true;
	if (json_number(item, UINT32_MAX, &number) ||
	    rst_view_number(text, UINT32_MAX, &number)) {
		*ret_lifetime_s = (int64_t)number;
		if (number > 0)
			return true;
	} else if (json_time_parse(text, &time_s) && time_s > req->ctx.now_s) {
		*ret_lifetime_s = time_s - req->ctx.now_s;
		return true;
	}
	http_problem(reply, 422, "invalid_expiry", "expires",
	             rule_verdict_text(RULE_INVALID_EXPIRY));
	return false;
}

/* The invitation as it is now, with its link when there is a token. */
static enum rst_err
invitation_model(struct http_req *req, uint64_t id, const char *token,
                 struct http_reply *etag, cJSON **ret_body)
{
	char link[HTTP_URL_MAX + RST_TOKEN_TEXT + 16];
	struct rst_record record;
	struct rst_rtxn txn;
	cJSON *body = NULL;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK && record.kind != RST_KIND_INVITATION)
		err = RST_ENOTFOUND;
	if (err == RST_OK) {
		body = model_invitation(&txn, &record, req->ctx.now_s);
		if (body == NULL)
			err = RST_ENOMEM;
		model_etag(&record, etag);
	}
	rst_read_end(&txn);
	if (err == RST_OK && token != NULL) {
		snprintf(link, sizeof(link), "%s/register/%s",
		         req->server->config->site.url, token);
		if (!json_add_text(body, "link", link))
			err = RST_ENOMEM;
	}
	if (err == RST_OK) {
		*ret_body = body;
		body = NULL;
	}
	cJSON_Delete(body);
	return err;
}

/* The pages offer to send only where that can be done. */
static bool
add_can_send(const struct http_req *req, cJSON *body)
{
	return json_add_bool(body, "can_send",
	                     req->server->config->smtp_url != NULL);
}

/* What the relay had to say stands beside the link: that is good all the same.
 * The page's model is the list. */
static void
show_made(struct http_req *req, struct http_reply *reply)
{
	bool failed = http_is_problem(reply);
	cJSON *made = failed ? cJSON_DetachItemFromObjectCaseSensitive(
				       reply->body, "made")
	                     : reply->body;
	bool ok = !failed ||
	          json_take(made, "said",
	                    cJSON_Duplicate(json_get(reply->body, "detail"),
	                                    true));

	if (failed)
		json_wipe(reply->body);
	reply->body = NULL;
	if (!ok || !qr_add(made, "qr", json_get(made, "link")->valuestring)) {
		http_reply_err(req, reply, RST_ENOMEM, NULL);
		page_once(req, reply, made);
		return;
	}
	reply->status = failed ? 200 : reply->status;
	page_shown_once(req, reply, made, "made", api_invitation_list);
}

/* The invitation with its link; with a mail, what became of that. */
static void
answer(struct http_req *req, struct http_reply *reply, uint64_t id,
       const char *token, const uint64_t *mail)
{
	cJSON *made = NULL;
	enum rst_err err;

	err = invitation_model(req, id, token, reply, &made);
	if (err == RST_OK && !json_add_bool(made, "sent", mail != NULL))
		err = RST_ENOMEM;
	if (err != RST_OK) {
		json_wipe(made);
		http_reply_err(req, reply, err, NULL);
		return;
	}
	reply->body = made;
	if (mail != NULL)
		mail_await(req, reply, *mail);
	if (page_wanted(req) &&
	    (!http_is_problem(reply) || json_get(reply->body, "made") != NULL))
		show_made(req, reply);
}

/* sends: what holds when the body does not say whether to send. */
bool
invitation_terms(struct http_req *req, struct http_reply *reply, bool sends,
                 const struct act_post *post, struct rst_view *groups,
                 struct act_invite *invite)
{
	if (!read_lifetime(req, reply, &invite->lifetime_s))
		return false;
	invite->groups = groups;
	invite->n_groups = input_list(req, "groups", groups);
	invite->needs_approval = input_bool(req, "needsApproval", false);
	invite->preset = input_text(req, "preset");
	/* of a form, a box that is not ticked says nothing */
	invite->set_needs_approval = req->form
	                                     ? invite->needs_approval
	                                     : input_has(req, "needsApproval");
	if (!wants_mail(req, sends, reply, &sends))
		return false;
	invite->post = sends ? post : NULL;
	return true;
}

/* POST /invitations */
void
api_invitation_create(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "mail", INPUT_TEXT, false },
		{ "groups", INPUT_LIST, false },
		{ "expires", INPUT_ANY, false },
		{ "uses", INPUT_NUMBER, false },
		{ "send", INPUT_BOOL, false },
		{ "needsApproval", INPUT_BOOL, false },
		{ "preset", INPUT_TEXT, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_view groups[INPUT_LIST_MAX];
	struct act_invite invite = { .lifetime_s = 0 };
	uint64_t id, mail = 0;
	const struct act_post post = {
		.public_url = rst_view_of(req->server->config->site.url),
		.ret_mail = &mail,
	};
	char token[RST_TOKEN_TEXT];
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	invite.mail = input_text(req, "mail");
	invite.uses = (uint32_t)input_number(req, "uses", 0);
	if (!invitation_terms(req, reply, invite.mail.len > 0, &post, groups,
	                      &invite))
		return;
	if (invite.post != NULL && invite.mail.len == 0) {
		http_problem(reply, 400, "missing_field", "mail",
		             "an invitation that is to be sent needs a mail "
		             "address");
		return;
	}
	err = act_invite(&req->ctx, &invite, token, &id, &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	reply->status = 201;
	answer(req, reply, id, token, invite.post != NULL ? &mail : NULL);
}

/* The invitation whose cn the path names. */
static enum rst_err
find(struct http_req *req, uint64_t *ret_id)
{
	char nrdn[64];
	struct rst_rtxn txn;
	uint64_t parent;
	enum rst_err err;
	int len;

	len = snprintf(nrdn, sizeof(nrdn), "cn=%.*s", (int)req->arg[0].len,
	               req->arg[0].ptr);
	if (len < 0 || (size_t)len >= sizeof(nrdn) ||
	    strspn(nrdn + 3, "0123456789abcdef-") != (size_t)len - 3)
		return RST_ENOTFOUND;
	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = model_place(&txn, "invitations", &parent);
	if (err == RST_OK)
		err = rst_tree_child(&txn, parent, rst_view(nrdn, (size_t)len),
		                     ret_id);
	rst_read_end(&txn);
	return err;
}

/* GET /invitations/{} */
void
api_invitation_show(struct http_req *req, struct http_reply *reply)
{
	enum rst_err err;
	uint64_t id;

	err = find(req, &id);
	if (err == RST_OK)
		err = invitation_model(req, id, NULL, reply, &reply->body);
	if (err == RST_OK && !req->api && !add_can_send(req, reply->body))
		err = RST_ENOMEM;
	http_reply_err(req, reply, err, NULL);
}

/* DELETE /invitations/{}, POST /invitations/{}/revoke */
void
api_invitation_revoke(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	enum rst_err err;
	uint64_t id;

	if (!input_check(req, NULL, 0, reply))
		return;
	err = find(req, &id);
	if (err == RST_OK)
		err = model_current(req, id, reply);
	if (err == RST_OK)
		err = act_invitation_revoke(&req->ctx, id, &refusal);
	if (err != RST_OK)
		http_reply_err(req, reply, err, &refusal);
	else if (!req->api)
		http_location(reply, "/invitations?done=revoked", RST_VIEW(""),
		              "");
}

/* POST /invitations/{}/resend */
void
api_invitation_resend(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "send", INPUT_BOOL, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	uint64_t id, mail = 0;
	const struct act_post post = {
		.public_url = rst_view_of(req->server->config->site.url),
		.ret_mail = &mail,
	};
	char token[RST_TOKEN_TEXT];
	enum rst_err err;
	bool send;

	if (!INPUT_CHECK(req, fields, reply) ||
	    !wants_mail(req, true, reply, &send))
		return;
	err = find(req, &id);
	if (err == RST_OK)
		err = model_current(req, id, reply);
	if (err == RST_OK)
		err = act_invitation_resend(&req->ctx, id, send ? &post : NULL,
		                            token, &refusal);
	if (err == RST_OK)
		answer(req, reply, id, token, send ? &mail : NULL);
	else
		http_reply_err(req, reply, err, &refusal);
}

/* GET /invitations/token/{}: what the register page needs, no more */
void
api_invitation_by_token(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_record record;
	struct rst_rtxn txn;
	int64_t expires_s;
	enum rst_err err;
	uint64_t id;

	err = act_invitation_find(&req->ctx, req->arg[0], &id, &refusal);
	if (err == RST_EDENIED || err == RST_ENOTFOUND) {
		http_problem(reply, 404, "invalid_invite", NULL,
		             rule_verdict_text(RULE_INVALID_INVITE));
		return;
	}
	if (err == RST_OK)
		err = http_read_begin(req, &txn);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	err = rst_record_get(&txn, id, &record);
	if (err == RST_OK) {
		reply->body = cJSON_CreateObject();
		if (!json_add_view(reply->body, "mail",
		                   rst_record_first(&record, RST_A_MAIL)) ||
		    !json_time_parse(
			    rst_record_first(&record, RST_A_ROSTEREXPIRES),
			    &expires_s) ||
		    !json_add_time(reply->body, "expires", expires_s))
			err = RST_ENOMEM;
	}
	rst_read_end(&txn);
	http_reply_err(req, reply, err, NULL);
}

/* All ids of invitations into ids, ascending: the order they were made in. */
static enum rst_err
all_ids(const struct rst_rtxn *txn, uint64_t *ids, size_t *ret_n)
{
	uint64_t after = 0;
	size_t total = 0, n = 0;
	enum rst_err err;

	do {
		/* keep the newest when there are more than fit */
		if (total == LISTED_MAX) {
			memmove(ids, ids + LISTED_MAX / 2,
			        LISTED_MAX / 2 * sizeof(ids[0]));
			total = LISTED_MAX / 2;
		}
		err = rst_index_equal(txn, RST_A_OBJECTCLASS,
		                      RST_VIEW("rosterInvitation"), after,
		                      ids + total, LISTED_MAX - total, &n);
		if (err != RST_OK)
			return err;
		total += n;
		if (n > 0)
			after = ids[total - 1];
	} while (n > 0 && total == LISTED_MAX);
	*ret_n = total;
	return RST_OK;
}

/* Newest first, those below the cursor's id. */
static enum rst_err
fill_list(struct http_req *req, const struct rst_rtxn *txn, uint64_t *ids,
          size_t limit, uint64_t below, cJSON *body)
{
	cJSON *items = cJSON_AddArrayToObject(body, "items");
	const char *state = http_query_get(&req->query, "state");
	struct rst_record record;
	size_t n = 0, taken = 0;
	uint64_t last = 0;
	enum rst_err err;

	err = all_ids(txn, ids, &n);
	for (; err == RST_OK && n > 0; n--) {
		cJSON *item;
		const cJSON *is;

		if (ids[n - 1] >= below)
			continue;
		if (taken == limit)
			break;
		err = rst_record_get(txn, ids[n - 1], &record);
		if (err != RST_OK)
			break;
		item = model_invitation(txn, &record, req->ctx.now_s);
		is = json_get(item, "state");
		if (state != NULL && state[0] != '\0' && is != NULL &&
		    strcmp(is->valuestring, state) != 0) {
			cJSON_Delete(item);
			continue;
		}
		if (!json_take_item(items, item))
			return RST_ENOMEM;
		last = ids[n - 1];
		taken++;
	}
	if (err != RST_OK)
		return err;
	if (n > 0 && taken == limit) {
		char text[24];

		snprintf(text, sizeof(text), "%llu", (unsigned long long)last);
		return json_add_text(body, "next", text) ? RST_OK : RST_ENOMEM;
	}
	return json_take(body, "next", cJSON_CreateNull()) ? RST_OK
	                                                   : RST_ENOMEM;
}

/* The page's choice of states, and its "next". */
static bool
add_query(struct http_req *req, struct http_reply *reply)
{
	static const char *const names[] = { "state", "limit", NULL };
	const char *state = http_query_get(&req->query, "state");
	cJSON *body = reply->body;
	char key[32];

	snprintf(key, sizeof(key), "at_%.16s",
	         state != NULL && state[0] != '\0' ? state : "any");
	return page_query(req, body, names) && json_add_bool(body, key, true) &&
	       add_can_send(req, body) &&
	       page_part(req, reply, "presets", "limit=200", api_preset_list);
}

/* GET /invitations */
void
api_invitation_list(struct http_req *req, struct http_reply *reply)
{
	const char *cursor = http_query_get(&req->query, "cursor");
	uint64_t below = UINT64_MAX;
	struct rst_rtxn txn;
	uint64_t *ids = NULL;
	enum rst_err err;
	size_t limit;

	if (!list_limit(req, &limit) ||
	    (cursor != NULL && cursor[0] != '\0' &&
	     !rst_view_number(rst_view_of(cursor), UINT64_MAX, &below))) {
		list_answer(req, reply, RST_EINVALID);
		return;
	}
	ids = malloc(LISTED_MAX * sizeof(*ids));
	reply->body = cJSON_CreateObject();
	err = ids != NULL && reply->body != NULL ? http_read_begin(req, &txn)
	                                         : RST_ENOMEM;
	if (err == RST_OK) {
		err = fill_list(req, &txn, ids, limit, below, reply->body);
		rst_read_end(&txn);
	}
	free(ids);
	if (err == RST_OK && page_wanted(req) && !add_query(req, reply))
		page_fell_short(req, reply);
	http_reply_err(req, reply, err, NULL);
}
