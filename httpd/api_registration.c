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
#include "httpd/mail.h"
#include "httpd/once.h"
#include "lifecycle/setting.h"

static const struct input_field person_fields[] = {
	{ "token", INPUT_TEXT, false },    { "username", INPUT_TEXT, true },
	{ "givenName", INPUT_TEXT, true }, { "sn", INPUT_TEXT, true },
	{ "mail", INPUT_TEXT, true },      { "password", INPUT_TEXT, true },
	{ "language", INPUT_TEXT, false },
};

static void
read_person(const struct http_req *req, struct act_person *person)
{
	person->username = input_text(req, "username");
	person->given_name = input_text(req, "givenName");
	person->surname = input_text(req, "sn");
	person->mail = input_text(req, "mail");
	person->password = input_text(req, "password");
	person->language = input_text(req, "language");
}

/* POST /bootstrap */
void
api_bootstrap(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct act_person person = { .must_change = false };
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
	err = http_read_begin(req, &txn);
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
	if (!json_add_view(reply->body, "token", token_of(req)) ||
	    !json_add_text(reply->body, "fixed_username", ""))
		http_reply_err(req, reply, RST_ENOMEM, NULL);
}

/* "off", "invite" or "open"; the setting's default is invite. */
static enum rst_err
add_mode(const struct http_req *req, const char *open_key, cJSON *body)
{
	char mode[RULE_SETTING_VALUE_MAX + 1];
	struct rst_rtxn txn;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err != RST_OK)
		return err;
	err = lifecycle_setting_text(&txn, RULE_SETTING_REGISTRATION, mode);
	rst_read_end(&txn);
	if (err != RST_OK)
		return err;
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
	char username[RULE_NAME_MAX + 1];
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;
	uint64_t id;

	err = act_ticket_find(&req->ctx, token, username, refusal);
	if (err == RST_OK)
		return json_add_bool(body, "may_register", true) &&
		                       json_add_view(body, "token", token) &&
		                       json_add_text(body, "fixed_username",
		                                     username)
		               ? RST_OK
		               : RST_ENOMEM;
	if (err == RST_EDENIED)
		err = act_invitation_find(&req->ctx, token, &id, refusal);
	if (err != RST_OK)
		return err;
	err = http_read_begin(req, &txn);
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

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK && act_is_invited(&record) &&
	    !json_add_bool(body, "mustSign", true))
		err = RST_ENOMEM;
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

/* Another name, when the one that was asked for is somebody's. */
static void
add_proposal(struct http_req *req, const struct act_person *person,
             struct http_reply *reply)
{
	char username[RULE_NAME_MAX + 1];

	if (act_propose_username(&req->ctx, person, username) == RST_OK)
		(void)json_add_text(reply->body, "proposal", username);
}

static const char *
page_after(enum rst_status status, bool verifies)
{
	if (status == RST_STATUS_ACTIVE)
		return "/login?done=registered";
	return verifies ? "/login?done=verify" : "/login?done=waiting";
}

/* Who came with a registration token is signed in with it: who sent it knows
 * him. */
static void
welcome(struct http_req *req, struct http_reply *reply,
        const struct act_person *person)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	cJSON *session = NULL;

	if (session_start(req, reply, person->username, person->password,
	                  &session, &refusal) != RST_OK)
		return; /* the account is there: he signs in himself */
	(void)json_take(reply->body, "session", session);
	if (!req->api)
		http_location(reply, "/me", RST_VIEW(""), "");
}

static enum rst_err
is_unverified(struct http_req *req, uint64_t id, bool *ret_is)
{
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	*ret_is = false;
	err = http_read_begin(req, &txn);
	if (err != RST_OK)
		return err;
	err = rst_record_get(&txn, id, &record);
	if (err == RST_OK)
		err = act_is_unverified(&txn, &record, ret_is);
	rst_read_end(&txn);
	return err;
}

/* POST /registrations, POST /register */
void
api_registration_create(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	char username[RULE_NAME_MAX + 1];
	struct act_person person = { .must_change = false };
	enum rst_status status;
	bool ticket, verifies, signs;
	enum rst_err err;
	uint64_t id;

	if (!INPUT_CHECK(req, person_fields, reply))
		return;
	read_person(req, &person);
	ticket = act_ticket_find(&req->ctx, input_text(req, "token"), username,
	                         &refusal) == RST_OK;
	err = act_register(&req->ctx, input_text(req, "token"), &person, &id,
	                   &status, &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		if (refusal.verdict == RULE_USERNAME_TAKEN && !ticket)
			add_proposal(req, &person, reply);
		return;
	}
	mail_worker_wake(req->server->mail);
	reply->status = 201;
	err = is_unverified(req, id, &verifies);
	if (err == RST_OK)
		err = add_registered(req, id, status, &reply->body);
	if (err == RST_OK && verifies &&
	    !json_add_bool(reply->body, "verify", true))
		err = RST_ENOMEM;
	http_reply_err(req, reply, err, NULL);
	if (err != RST_OK)
		return;
	signs = cJSON_IsTrue(json_get(reply->body, "mustSign"));
	if (!req->api)
		http_location(reply,
		              page_after(signs ? RST_STATUS_ACTIVE : status,
		                         verifies),
		              RST_VIEW(""), "");
	if (!ticket)
		return;
	http_once_end(req, reply); /* the session is not part of the answer */
	if (!http_is_problem(reply))
		welcome(req, reply, &person);
}

/* GET /registration/username?givenName=&sn=&mail=&token=: a free name */
void
api_username_propose(struct http_req *req, struct http_reply *reply)
{
	static const char *const names[] = { "givenName", "sn", "mail",
		                             "token" };
	struct rst_view values[4] = { RST_VIEW(""), RST_VIEW(""), RST_VIEW(""),
		                      RST_VIEW("") };
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct act_person person = { 0 };
	char username[RULE_NAME_MAX + 1];
	enum rst_err err;

	for (size_t i = 0; i < 4; i++)
		if (http_query_get(&req->query, names[i]) != NULL)
			values[i] = rst_view_of(
				http_query_get(&req->query, names[i]));
	person.given_name = values[0];
	person.surname = values[1];
	person.mail = values[2];
	err = act_offer_username(&req->ctx, values[3], &person, username,
	                         &refusal);
	if (err == RST_OK) {
		reply->body = cJSON_CreateObject();
		if (!json_add_text(reply->body, "username", username))
			err = RST_ENOMEM;
	}
	http_reply_err(req, reply, err, &refusal);
}

/* GET /verify/{}: opening the link uses nothing up, and tells nothing but
 * what a change of address would be */
void
page_verify(struct http_req *req, struct http_reply *reply)
{
	reply->body = cJSON_CreateObject();
	if (!json_add_view(reply->body, "token", token_of(req)) ||
	    !verify_describe(req, token_of(req), reply->body))
		http_reply_err(req, reply, RST_ENOMEM, NULL);
}

/* POST /verifications, POST /verify */
void
api_verify(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "token", INPUT_TEXT, true },
		{ "refuse", INPUT_BOOL, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	enum rst_status status;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply) || verify_mail_change(req, reply))
		return;
	err = act_verify(&req->ctx, input_text(req, "token"), &status,
	                 &refusal);
	if (err == RST_OK) {
		mail_worker_wake(req->server->mail);
		reply->body = cJSON_CreateObject();
		if (!json_add_text(reply->body, "status",
		                   rst_status_word(status)))
			err = RST_ENOMEM;
	}
	http_reply_err(req, reply, err, &refusal);
	if (!req->api && err == RST_OK)
		http_location(reply, page_after(status, false), RST_VIEW(""),
		              "");
}

/* Of one in the list: { username, done } or { username, code, detail }. */
static cJSON *
decide_one(struct http_req *req, struct rst_view username, bool approve)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct http_reply problem = { .status = 200 };
	struct rst_view reason = input_text(req, "reason");
	cJSON *item = cJSON_CreateObject();
	struct rst_rtxn txn;
	enum rst_err err;
	uint64_t id;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = act_find_person(&txn, username, &id);
	rst_read_end(&txn);
	if (err == RST_OK)
		err = approve ? act_approve(&req->ctx, id, reason, &refusal)
		              : act_reject(&req->ctx, id, reason, &refusal);
	http_reply_err(req, &problem, err, &refusal);
	(void)json_add_view(item, "username", username);
	(void)json_add_bool(item, "done", err == RST_OK);
	if (err != RST_OK) {
		(void)json_take(
			item, "code",
			cJSON_Duplicate(json_get(problem.body, "code"), true));
		(void)json_take(
			item, "detail",
			cJSON_Duplicate(json_get(problem.body, "detail"),
		                        true));
	}
	http_reply_release(&problem);
	return item;
}

/* POST /registrations/decide, POST /requests: some at once, each for itself */
void
api_registration_decide(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "usernames", INPUT_LIST, true },
		{ "decision", INPUT_TEXT, true },
		{ "reason", INPUT_TEXT, false },
	};
	struct rst_view names[INPUT_LIST_MAX], decision;
	bool approve, all = true;
	cJSON *items;
	size_t n;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	decision = input_text(req, "decision");
	approve = rst_view_equal(decision, RST_VIEW("approve"));
	if (!approve && !rst_view_equal(decision, RST_VIEW("reject"))) {
		http_problem(reply, 422, "invalid_value", "decision",
		             "a decision is approve or reject");
		return;
	}
	n = input_list(req, "usernames", names);
	reply->body = cJSON_CreateObject();
	items = cJSON_AddArrayToObject(reply->body, "items");
	for (size_t i = 0; i < n; i++) {
		cJSON *item = decide_one(req, names[i], approve);

		all = all && cJSON_IsTrue(json_get(item, "done"));
		if (!json_take_item(items, item)) {
			http_reply_err(req, reply, RST_ENOMEM, NULL);
			return;
		}
	}
	mail_worker_wake(req->server->mail);
	if (!req->api)
		http_location(reply,
		              !all      ? "/requests?done=some"
		              : approve ? "/requests?done=approved"
		                        : "/requests?done=rejected",
		              RST_VIEW(""), "");
}

static enum rst_err
is_pending(void *arg, const struct rst_rtxn *txn,
           const struct rst_record *record)
{
	(void)arg, (void)txn;
	return record->kind == RST_KIND_PERSON &&
	                       record->status == RST_STATUS_PENDING
	               ? RST_OK
	               : RST_ENOTFOUND;
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
	struct rst_attr approvals = { 0 };
	int64_t time_s;
	bool unverified;

	if (!rst_record_attr(record, RST_A_ROSTERAPPROVEDBY, &approvals))
		approvals.count = 0;
	if (act_is_unverified(txn, record, &unverified) != RST_OK ||
	    !json_add_bool(item, "unverified", unverified) ||
	    !json_add_number(item, "approvals", approvals.count) ||
	    !json_add_view(
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
	list_answer(req, reply, err);
}
