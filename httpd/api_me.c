/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_me.c - what a person does for himself */
#include "httpd/api.h"
#include "httpd/input.h"
#include "lifecycle/password.h"

/* GET /me */
void
api_me_show(struct http_req *req, struct http_reply *reply)
{
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, req->who.id, &record);
	if (err == RST_OK) {
		cJSON_Delete(reply->body);
		reply->body = model_user(&txn, &record, false, req->ctx.now_s);
		model_etag(&record, reply);
		err = reply->body != NULL ? RST_OK : RST_ENOMEM;
	}
	rst_read_end(&txn);
	http_reply_err(req, reply, err, NULL);
}

/*
 * PATCH /me, POST /me.  Not the mail address: whoever reads it can reset the
 * password, so it changes by an administrator or by proof only, api_me_mail.c.
 */
void
api_me_edit(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "givenName", INPUT_TEXT, false },
		{ "sn", INPUT_TEXT, false },
		{ "displayName", INPUT_TEXT, false },
		{ "loginShell", INPUT_TEXT, false },
		{ "language", INPUT_TEXT, false },
	};
	static const uint16_t attrs[] = { RST_A_GIVENNAME, RST_A_SN,
		                          RST_A_DISPLAYNAME, RST_A_LOGINSHELL,
		                          RST_A_PREFERREDLANGUAGE };
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct act_edit edits[sizeof(attrs) / sizeof(attrs[0])];
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;
	size_t n = 0;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, req->who.id, &record);
	if (err == RST_OK && !model_unchanged(req, &record, reply)) {
		rst_read_end(&txn);
		return;
	}
	rst_read_end(&txn);
	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++)
		if (input_has(req, fields[i].name))
			edits[n++] = (struct act_edit){
				attrs[i], input_text(req, fields[i].name)
			};
	if (err == RST_OK && n > 0)
		err = act_edit(&req->ctx, req->who.id, edits, n, &refusal);
	if (err != RST_OK) {
		user_blame(req, &refusal);
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	api_me_show(req, reply);
	if (!req->api && !http_is_problem(reply))
		http_location(reply, "/me?done=saved", RST_VIEW(""), "");
}

/* POST /me/password: the other sessions end, this one stays */
void
api_me_password(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "old", INPUT_TEXT, true },
		{ "new", INPUT_TEXT, true },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	err = act_change_password(
		&req->ctx, req->who.id, input_text(req, "old"),
		input_text(req, "new"), req->who.digest, &refusal);
	if (err == RST_EDENIED && refusal.verdict == RULE_WRONG_PASSWORD)
		refusal.field = "old";
	if (err != RST_OK)
		http_reply_err(req, reply, err, &refusal);
	else if (!req->api)
		http_location(reply, "/me?done=password", RST_VIEW(""), "");
}

/* POST /me/password/strength: what a page says while somebody types */
void
api_me_strength(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "password", INPUT_TEXT, true },
	};
	char say[RULE_PASSWORD_SAY_BYTES];
	struct lifecycle_terms terms;
	enum rule_password_fault fault;
	struct rst_view password;
	struct rst_rtxn txn;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	password = input_text(req, "password");
	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK)
		err = lifecycle_terms(&txn, req->who.id, &terms);
	rst_read_end(&txn);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, NULL);
		return;
	}
	fault = lifecycle_password_judge(&terms, password);
	rule_password_say(fault, &terms.policy, say);
	reply->body = cJSON_CreateObject();
	if (!json_add_bool(reply->body, "good", fault == RULE_PASSWORD_FINE) ||
	    !json_add_number(reply->body, "score",
	                     lifecycle_password_score(&terms, password)) ||
	    !json_add_text(reply->body, "detail", say))
		http_reply_err(req, reply, RST_ENOMEM, NULL);
}
