/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_session.c - signing in and out */
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"

/* { user, expires, csrf } */
static enum rst_err
session_model(struct http_req *req, uint64_t id, int64_t expires_s,
              const char *csrf, cJSON **ret_body)
{
	cJSON *body = cJSON_CreateObject();
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(req->server->env, &txn);
	if (err != RST_OK)
		goto out;
	err = rst_record_get(&txn, id, &record);
	if (err != RST_OK)
		goto out;
	if (!json_take(body, "user",
	               model_user(&txn, &record, false, req->ctx.now_s)) ||
	    (expires_s != 0 && !json_add_time(body, "expires", expires_s)) ||
	    !json_add_text(body, "csrf", csrf)) {
		err = RST_ENOMEM;
		goto out;
	}
	*ret_body = body;
	body = NULL;
out:
	rst_read_end(&txn);
	cJSON_Delete(body);
	return err;
}

/* Where to go after signing in: a plain path of ours, else "/". */
static struct rst_view
next_of(const struct http_req *req)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				      "/_-.";
	struct rst_view next = input_text(req, "next");

	if (next.len < 2 || next.len > 200 || next.ptr[0] != '/' ||
	    next.ptr[1] == '/' || next.ptr[1] == '.' ||
	    strspn(next.ptr, allowed) != next.len)
		return RST_VIEW("/");
	return next;
}

enum rst_err
session_start(struct http_req *req, struct http_reply *reply,
              struct rst_view username, struct rst_view password,
              cJSON **ret_body, struct act_refusal *refusal)
{
	char token[RST_TOKEN_TEXT], csrf[HTTP_CSRF_TEXT];
	struct rst_view token_view = { token, RST_TOKEN_TEXT - 1 };
	struct rst_session session;
	enum rst_err err;

	err = act_sign_in(&req->ctx, username, password,
	                  req->head->value[HTTP_H_USER_AGENT], token, &session,
	                  refusal);
	if (err != RST_OK)
		return err;
	http_csrf_make(token_view, csrf);
	err = session_model(req, session.user, session.expires_s, csrf,
	                    ret_body);
	if (err == RST_OK)
		http_set_cookie(req, reply, token_view,
		                session.expires_s - req->ctx.now_s);
	return err;
}

/* POST /session, POST /login */
void
api_session_create(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "username", INPUT_TEXT, true },
		{ "password", INPUT_TEXT, true },
		{ "next", INPUT_TEXT, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_view next;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	err = session_start(req, reply, input_name(req, "username"),
	                    input_text(req, "password"), &reply->body,
	                    &refusal);
	atomic_fetch_add(err == RST_OK ? &req->server->metrics.sign_ins
	                               : &req->server->metrics.sign_in_failures,
	                 1);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	reply->status = 201;
	next = next_of(req);
	if (!req->api)
		memcpy(reply->location, next.ptr, next.len + 1);
}

/* POST /session/reauthenticate, POST /reauthenticate: a new cookie */
void
api_reauthenticate(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "password", INPUT_TEXT, true },
		{ "next", INPUT_TEXT, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_session session;
	char token[RST_TOKEN_TEXT];
	struct rst_view token_view = { token, RST_TOKEN_TEXT - 1 };
	struct rst_view next;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	if (req->who.bearer) {
		http_problem(reply, 403,
		             rule_verdict_code(RULE_INSUFFICIENT_SCOPE), NULL,
		             "a token has no password: sign in");
		return;
	}
	err = act_reauthenticate(&req->ctx, req->who.digest,
	                         input_text(req, "password"), token, &session,
	                         &refusal);
	if (err == RST_OK) {
		/* the old one is gone, whatever becomes of the answer */
		http_set_cookie(req, reply, token_view,
		                session.expires_s - req->ctx.now_s);
		http_csrf_make(token_view, req->who.csrf);
		err = session_model(req, session.user, session.expires_s,
		                    req->who.csrf, &reply->body);
	}
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	next = next_of(req);
	if (!req->api)
		memcpy(reply->location, next.ptr, next.len + 1);
}

/* GET /session */
void
api_session_show(struct http_req *req, struct http_reply *reply)
{
	enum rst_err err;

	err = session_model(req, req->who.id, req->who.session.expires_s,
	                    req->who.csrf, &reply->body);
	http_reply_err(req, reply, err, NULL);
}

/* DELETE /session, POST /logout */
void
api_session_end(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	enum rst_err err;

	if (!input_check(req, NULL, 0, reply))
		return;
	err = act_sign_out(&req->ctx, req->who.digest, &refusal);
	if (err != RST_OK && err != RST_ENOTFOUND) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	http_set_cookie(req, reply, RST_VIEW(""), 0);
	if (!req->api)
		http_location(reply, "/login?done=out", RST_VIEW(""), "");
}

/* GET /reauthenticate */
void
page_reauthenticate(struct http_req *req, struct http_reply *reply)
{
	page_login(req, reply);
}

/* GET /login */
void
page_login(struct http_req *req, struct http_reply *reply)
{
	const char *next = http_query_get(&req->query, "next");
	struct rst_view typed = input_text(req, "next");

	reply->body = cJSON_CreateObject();
	if (next != NULL)
		typed = rst_view_of(next);
	if (typed.ptr != NULL && !json_add_view(reply->body, "next", typed))
		http_reply_err(req, reply, RST_ENOMEM, NULL);
}
