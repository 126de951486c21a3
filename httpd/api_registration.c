/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_registration.c - how people come in
 *
 * The first administrator by the bootstrap token, invited people by the token
 * of their mail, others (when registration is open) to the queue.  A GET of a
 * link changes nothing: the page posts the token in its body.
 */
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "lifecycle/setting.h"

static const struct input_field person_fields[] = {
	{ "token", INPUT_TEXT, false },    { "username", INPUT_TEXT, true },
	{ "givenName", INPUT_TEXT, true }, { "sn", INPUT_TEXT, true },
	{ "mail", INPUT_TEXT, true },      { "password", INPUT_TEXT, true },
};

static void
read_person(const struct http_req *req, struct act_person *person)
{
	person->username = input_text(req, "username");
	person->given_name = input_text(req, "givenName");
	person->surname = input_text(req, "sn");
	person->mail = input_text(req, "mail");
	person->password = input_text(req, "password");
}

/* POST /bootstrap */
void
api_bootstrap(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct act_person person;
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;
	uint64_t id;

	if (!INPUT_CHECK(req, person_fields, reply))
		return;
	read_person(req, &person);
	err = act_bootstrap(&req->ctx, input_text(req, "token"), &person, &id,
	                    &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK) {
		reply->body = model_user(&txn, &record, false, req->ctx.now_s);
		err = reply->body != NULL ? RST_OK : RST_ENOMEM;
	}
	rst_read_end(&txn);
	reply->status = 201;
	if (!req->api)
		http_location(reply, "/login?done=bootstrap", RST_VIEW(""), "");
	http_reply_err(req, reply, err, NULL);
}

/* The token of the link, or of the form that is shown again. */
static struct rst_view
token_of(const struct http_req *req)
{
	return req->arg[0].ptr != NULL ? req->arg[0] : input_text(req, "token");
}

/* GET /bootstrap/{} */
void
page_bootstrap(struct http_req *req, struct http_reply *reply)
{
	reply->body = cJSON_CreateObject();
	if (!json_add_view(reply->body, "token", token_of(req)))
		http_reply_err(req, reply, RST_ENOMEM, NULL);
}

/* "off", "invite" or "open"; the setting's default is invite. */
static enum rst_err
add_mode(const struct http_req *req, const char *open_key, cJSON *body)
{
	char mode[RULE_SETTING_VALUE_MAX + 1];
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(req->server->env, &txn);
	if (err != RST_OK)
		return err;
	lifecycle_setting_text(&txn, RULE_SETTING_REGISTRATION, mode);
	rst_read_end(&txn);
	return json_add_text(body, "mode", mode) &&
	                       json_add_bool(body, open_key,
	                                     strcmp(mode, "open") == 0)
	               ? RST_OK
	               : RST_ENOMEM;
}

/* GET /registration */
void
api_registration_show(struct http_req *req, struct http_reply *reply)
{
	enum rst_err err;

	reply->body = cJSON_CreateObject();
	err = add_mode(req, "open", reply->body);
	http_reply_err(req, reply, err, NULL);
}

/* The mail of the invitation into the form, and nothing else about it. */
static enum rst_err
add_invitation(struct http_req *req, struct rst_view token, cJSON *body,
               struct act_refusal *refusal)
{
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;
	uint64_t id;

	err = act_invitation_find(&req->ctx, token, &id, refusal);
	if (err != RST_OK)
		return err;
	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK &&
	    (!json_add_bool(body, "may_register", true) ||
	     !json_add_view(body, "token", token) ||
	     !json_add_view(body, "invited_mail",
	                    rst_record_first(&record, RST_A_MAIL))))
		err = RST_ENOMEM;
	rst_read_end(&txn);
	return err;
}

/* GET /register, GET /register/{} */
void
page_register(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_view token = token_of(req);
	enum rst_err err;

	reply->body = cJSON_CreateObject();
	err = token.ptr != NULL
	              ? add_invitation(req, token, reply->body, &refusal)
	              : add_mode(req, "may_register", reply->body);
	http_reply_err(req, reply, err, &refusal);
}

/* The name as it is kept: folded to lower case. */
static enum rst_err
add_registered(struct http_req *req, uint64_t id, enum rst_status status,
               cJSON **ret_body)
{
	cJSON *body = cJSON_CreateObject();
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK &&
	    (!json_add_view(body, "username",
	                    rst_record_first(&record, RST_A_UID)) ||
	     !json_add_text(body, "status", rst_status_word(status))))
		err = RST_ENOMEM;
	rst_read_end(&txn);
	if (err == RST_OK)
		*ret_body = body;
	else
		cJSON_Delete(body);
	return err;
}

/* POST /registrations, POST /register */
void
api_registration_create(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct act_person person;
	enum rst_status status;
	enum rst_err err;
	uint64_t id;

	if (!INPUT_CHECK(req, person_fields, reply))
		return;
	read_person(req, &person);
	err = act_register(&req->ctx, input_text(req, "token"), &person, &id,
	                   &status, &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	reply->status = 201;
	err = add_registered(req, id, status, &reply->body);
	http_reply_err(req, reply, err, NULL);
	if (!req->api && err == RST_OK)
		http_location(reply,
		              status == RST_STATUS_ACTIVE
		                      ? "/login?done=registered"
		                      : "/login?done=waiting",
		              RST_VIEW(""), "");
}

static bool
is_pending(void *arg, const struct rst_rtxn *txn,
           const struct rst_record *record)
{
	(void)arg, (void)txn;
	return record->kind == RST_KIND_PERSON &&
	       record->status == RST_STATUS_PENDING;
}

static enum rst_err
next_pending(void *arg, const struct rst_rtxn *txn, uint64_t *id)
{
	enum rst_err err;
	size_t n;

	(void)arg;
	err = rst_index_equal(txn, RST_A_ROSTERSTATUS, RST_VIEW("pending"), *id,
	                      id, 1, &n);
	return err == RST_OK && n == 0 ? RST_ENOTFOUND : err;
}

/* Who, when, from where. */
static cJSON *
registration_item(void *arg, const struct rst_rtxn *txn,
                  const struct rst_record *record)
{
	cJSON *item = model_user_brief(record, *(const int64_t *)arg);
	int64_t time_s;

	(void)txn;
	if (!json_add_view(
		    item, "registeredFrom",
		    rst_record_first(record, RST_A_ROSTERREGISTEREDFROM)) ||
	    (json_time_parse(rst_record_first(record, RST_A_CREATETIMESTAMP),
	                     &time_s) &&
	     !json_add_time(item, "registered", time_s))) {
		cJSON_Delete(item);
		return NULL;
	}
	return item;
}

/* GET /registrations?status=pending, GET /requests */
void
api_registration_list(struct http_req *req, struct http_reply *reply)
{
	const char *status = http_query_get(&req->query, "status");
	int64_t now_s = req->ctx.now_s;
	const struct list list = {
		.keep = is_pending,
		.item = registration_item,
		.next = next_pending,
		.arg = &now_s,
	};
	enum rst_err err;

	if (status != NULL && strcmp(status, "pending") != 0) {
		http_problem(reply, 400, "invalid_query", "status",
		             "the queue holds pending registrations only");
		return;
	}
	err = list_found(req, &list, &reply->body);
	if (err == RST_EINVALID)
		http_problem(reply, 400, "invalid_query", NULL,
		             "limit or cursor is malformed");
	else
		http_reply_err(req, reply, err, NULL);
}
