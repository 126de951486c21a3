/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_reset.c - passwords set by a link: forgotten ones, and first ones
 *
 * Who asks for a reset gets the same answer whoever the name is: what is found
 * out is found out later, by the thread that sends mail.
 */
#include <stdio.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "httpd/mail.h"

/* POST /password-resets, POST /reset */
void
api_reset_request(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "username", INPUT_TEXT, false },
		{ "mail", INPUT_TEXT, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_view name;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	name = input_name(req, "username");
	if (name.len == 0)
		name = input_name(req, "mail");
	if (name.len == 0) {
		http_problem(reply, 400, "missing_field", "username",
		             "say whose password it is: a username or a mail "
		             "address");
		return;
	}
	err = act_reset_request(&req->ctx, name, &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	mail_worker_wake(req->server->mail);
	reply->status = 202;
	reply->body = cJSON_CreateObject();
	if (!req->api)
		http_location(reply, "/reset?done=asked", RST_VIEW(""), "");
}

/* GET /reset */
void
page_reset_ask(struct http_req *req, struct http_reply *reply)
{
	reply->body = cJSON_CreateObject();
	if (!json_add_bool(reply->body, "can_send",
	                   req->server->config->smtp_url != NULL))
		http_reply_err(req, reply, RST_ENOMEM, NULL);
}

static enum rst_err
name_of(struct http_req *req, uint64_t id, cJSON *body)
{
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK &&
	    !json_add_view(body, "username",
	                   rst_record_first(&record, RST_A_UID)))
		err = RST_ENOMEM;
	rst_read_end(&txn);
	return err;
}

/* GET /reset/{}: opening the link uses nothing up */
void
page_reset(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_view token = req->arg[0].ptr != NULL
	                                ? req->arg[0]
	                                : input_text(req, "token");
	uint64_t person;
	enum rst_err err;

	err = act_reset_find(&req->ctx, token, &person, &refusal);
	if (err == RST_OK) {
		reply->body = cJSON_CreateObject();
		if (!json_add_view(reply->body, "token", token))
			err = RST_ENOMEM;
	}
	if (err == RST_OK)
		err = name_of(req, person, reply->body);
	http_reply_err(req, reply, err, &refusal);
}

/* POST /password-resets/confirm, POST /reset/confirm */
void
api_reset_confirm(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "token", INPUT_TEXT, true },
		{ "password", INPUT_TEXT, true },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	uint64_t person;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	err = act_reset_confirm(&req->ctx, input_text(req, "token"),
	                        input_text(req, "password"), &person, &refusal);
	if (err == RST_OK) {
		mail_worker_wake(req->server->mail);
		reply->body = cJSON_CreateObject();
		err = name_of(req, person, reply->body);
	}
	http_reply_err(req, reply, err, &refusal);
	if (!req->api && err == RST_OK)
		http_location(reply, "/login?done=reset", RST_VIEW(""), "");
}

bool
reset_link(struct http_req *req, struct http_reply *reply, uint64_t person,
           cJSON *body, uint64_t *ret_mail)
{
	const struct act_post post = {
		.public_url = rst_view_of(req->server->config->site.url),
		.ret_mail = ret_mail,
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	char link[HTTP_URL_MAX + RST_TOKEN_TEXT + 16];
	char token[RST_TOKEN_TEXT];
	enum rst_err err;

	err = act_reset_link(&req->ctx, person, ret_mail != NULL ? &post : NULL,
	                     token, &refusal);
	if (err == RST_OK) {
		snprintf(link, sizeof(link), "%s/reset/%s",
		         req->server->config->site.url, token);
		if (!json_add_bool(body, "sent", ret_mail != NULL) ||
		    !json_add_text(body, "link", link))
			err = RST_ENOMEM;
	}
	http_reply_err(req, reply, err, &refusal);
	return err == RST_OK;
}

/* POST /users/{}/reset-password: an administrator's; the link is in this one
 * answer.  With a password, or temporary, no link: api_password.c. */
void
api_user_link(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "send", INPUT_BOOL, false },
		{ "password", INPUT_TEXT, false },
		{ "temporary", INPUT_BOOL, false },
	};
	bool send = input_bool(req, "send", false);
	cJSON *body = cJSON_CreateObject();
	struct rst_rtxn txn;
	uint64_t person, mail = 0;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		goto out;
	if (input_has(req, "password") || input_bool(req, "temporary", false)) {
		api_temporary_password(req, reply);
		goto out;
	}
	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK)
		err = act_find_person(&txn, req->arg[0], &person);
	rst_read_end(&txn);
	if (err == RST_OK)
		err = name_of(req, person, body);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, NULL);
		goto out;
	}
	if ((send && !mail_can_send(req, reply)) ||
	    !reset_link(req, reply, person, body, send ? &mail : NULL))
		goto out;
	reply->body = body;
	body = NULL;
	if (send)
		mail_await(req, reply, mail);
out:
	cJSON_Delete(body);
}
