/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_openidcs.c - POST /api/user/create, as programs of OpenIDCS ask for it
 *
 * Its manual (User Management, "Via API") documents this request:
 *
 *	{ "username": "alice", "password": "...", "email": "...",
 *	  "role": "operator", "quota": { "vcpu": 8, "memory": 16384,
 *	  "disk": 500, "vms": 10 }, "hosts": ["docker-01", "lxd-01"] }
 *
 * and besides, as fields of its form, a status (enabled or disabled) and a
 * moment of expiry.  Every answer has its form, a refusal too:
 *
 *	{ "code": 200, "msg": "...", "data": { ... } }
 *
 * It makes a person like POST /users, by the same acts, all in one transaction.
 * A role is a group: "admin" sysadmins, "user" none, any other "role-" and its
 * name (operator alone is a name that hosts reserve).  What Roster has nothing
 *for (quotas, a role without a group) is named in "ignored", so that nobody
 *takes it for granted.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "httpd/mail.h"
#include "httpd/once.h"

#define CODE_DONE     200
#define ROLE_PREFIX   "role-" /* of the group of a role */
#define QUOTA_MAX     16      /* members of it */
#define QUOTA_NAME    64      /* bytes of the name of one */
#define IGNORED_BYTES (sizeof("quota.") + QUOTA_NAME)

/* What was asked, besides who. */
struct wish {
	enum rst_status status;
	struct api_moment expires;
	uint64_t group;      /* of the role; 0: none */
	bool no_such_role;   /* it has no group */
	const char *mail_is; /* what became of the activation mail */
};

/* How the fields of ours are called there. */
static const char *
their_name(const char *field)
{
	static const char *const names[][2] = {
		{ "uid", "username" },
		{ "mail", "email" },
		{ "userPassword", "password" },
		{ "host", "hosts" },
		{ "rosterExpires", "expires_at" },
		{ "expires", "expires_at" },
		{ "rosterStatus", "status" },
		{ "sn", "username" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(field, names[i][0]) == 0)
			return names[i][1];
	return field;
}

void
openidcs_problem(struct http_reply *reply)
{
	const cJSON *code = json_get(reply->body, "code");
	const cJSON *field = json_get(reply->body, "field");
	const cJSON *detail = json_get(reply->body, "detail");
	cJSON *body = cJSON_CreateObject(), *data = cJSON_CreateObject();

	(void)(json_add_number(body, "code", reply->status) &&
	       json_add_text(body, "msg",
	                     cJSON_IsString(detail) ? detail->valuestring
	                                            : "refused") &&
	       json_add_text(data, "error",
	                     cJSON_IsString(code) ? code->valuestring
	                                          : "internal_error"));
	if (cJSON_IsString(field))
		(void)json_add_text(data, "field",
		                    their_name(field->valuestring));
	(void)json_take(body, "data", data);
	cJSON_Delete(reply->body);
	reply->body = body;
}

static bool
refuse_field(struct http_reply *reply, const char *field)
{
	http_problem(reply, 400, "invalid_field", field,
	             "this value does not have the form that it must have");
	return false;
}

/* Numbers, each by a name: looked at, so that nonsense is told, and no more. */
static bool
check_quota(struct http_req *req, struct http_reply *reply)
{
	const cJSON *quota = json_get(req->input, "quota"), *one;
	size_t n = 0;

	if (quota == NULL || cJSON_IsNull(quota))
		return true;
	cJSON_ArrayForEach(one, quota)
	{
		if (++n > QUOTA_MAX || strlen(one->string) > QUOTA_NAME ||
		    !cJSON_IsNumber(one) || one->valuedouble < 0)
			return refuse_field(reply, "quota");
	}
	return true;
}

/* "status": "enabled" or "disabled", or "enabled": true or false. */
static bool
read_status(struct http_req *req, struct wish *wish, struct http_reply *reply)
{
	struct rst_view word = input_text(req, "status");
	bool enabled = rst_view_equal(word, RST_VIEW("enabled"));

	wish->status = RST_STATUS_ACTIVE;
	if (word.len > 0) {
		if (!enabled && !rst_view_equal(word, RST_VIEW("disabled")))
			return refuse_field(reply, "status");
		if (input_bool(req, "enabled", enabled) != enabled)
			return refuse_field(reply, "enabled");
	} else {
		enabled = input_bool(req, "enabled", true);
	}
	if (!enabled)
		wish->status = RST_STATUS_SUSPENDED;
	return true;
}

static enum rst_err
read_role(struct http_req *req, struct wish *wish)
{
	struct rst_view role = input_text(req, "role");
	char name[sizeof(ROLE_PREFIX) + INPUT_TEXT_MAX];
	struct rst_rtxn txn;
	enum rst_err err;

	if (role.len == 0 || rst_view_equal(role, RST_VIEW("user")))
		return RST_OK;
	(void)snprintf(name, sizeof(name), ROLE_PREFIX "%.*s", (int)role.len,
	               role.ptr);
	role = rst_view_equal(role, RST_VIEW("admin")) ? RST_VIEW("sysadmins")
	                                               : rst_view_of(name);
	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = act_find_group(&txn, role, &wish->group);
	rst_read_end(&txn);
	wish->no_such_role = err == RST_ENOTFOUND;
	return wish->no_such_role ? RST_OK : err;
}

static enum rst_err
set_rest(struct http_req *req, uint64_t id, const struct wish *wish,
         struct act_refusal *refusal)
{
	struct act_edit edits[INPUT_LIST_MAX + 1];
	struct rst_view hosts[INPUT_LIST_MAX];
	size_t n_hosts = input_list(req, "hosts", hosts), n = 0;
	enum rst_err err = RST_OK;

	for (size_t i = 0; i < n_hosts; i++)
		edits[n++] = (struct act_edit){ RST_A_HOST, hosts[i] };
	if (wish->expires.text[0] != '\0')
		edits[n++] =
			(struct act_edit){ RST_A_ROSTEREXPIRES,
			                   rst_view_of(wish->expires.text) };
	if (n > 0)
		err = act_edit(&req->ctx, id, edits, n, refusal);
	if (err == RST_OK && wish->group != 0)
		err = act_join(&req->ctx, wish->group, id, refusal);
	return err;
}

/* What is asked first: a refusal would end what the other acts did. */
static enum rst_err
may_sign_in(struct http_req *req, uint64_t id, bool *ret_may)
{
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK)
		*ret_may = rule_state_may_sign_in(
			act_state(&record, req->ctx.now_s));
	rst_read_end(&txn);
	return err;
}

/* The link by which he sets a password of his own; the one that was given
 * holds until then. */
static enum rst_err
send_activation(struct http_req *req, uint64_t id, struct wish *wish,
                struct act_refusal *refusal)
{
	const struct http_config *config = req->server->config;
	const struct act_post post = { .public_url =
		                               rst_view_of(config->site.url) };
	char token[RST_TOKEN_TEXT];
	bool may = false;
	enum rst_err err;

	wish->mail_is = "not_configured";
	if (config->smtp_url == NULL)
		return RST_OK;
	wish->mail_is = "no_address";
	if (input_text(req, "email").len == 0)
		return RST_OK;
	wish->mail_is = "account_inactive";
	err = may_sign_in(req, id, &may);
	if (err != RST_OK || !may)
		return err;
	wish->mail_is = "queued";
	err = act_reset_link(&req->ctx, id, &post, token, refusal);
	sodium_memzero(token, sizeof(token)); /* it is in the mail alone */
	return err;
}

static bool
add_ignored(const struct http_req *req, const struct wish *wish, cJSON *data)
{
	cJSON *ignored = cJSON_AddArrayToObject(data, "ignored");
	char name[IGNORED_BYTES];
	const cJSON *one;
	bool ok = ignored != NULL;

	if (wish->no_such_role)
		ok = json_take_item(ignored, cJSON_CreateString("role"));
	cJSON_ArrayForEach(one, json_get(req->input, "quota"))
	{
		(void)snprintf(name, sizeof(name), "quota.%s", one->string);
		ok = ok && json_take_item(ignored, cJSON_CreateString(name));
	}
	return ok;
}

static enum rst_err
answer(struct http_req *req, struct http_reply *reply, uint64_t id,
       const struct wish *wish)
{
	cJSON *data = NULL;
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK) {
		data = model_user(&txn, &record, true, req->ctx.now_s);
		err = data != NULL ? RST_OK : RST_ENOMEM;
	}
	rst_read_end(&txn);
	reply->body = cJSON_CreateObject();
	if (err == RST_OK &&
	    (!json_add_bool(data, "enabled",
	                    wish->status == RST_STATUS_ACTIVE) ||
	     !json_add_text(data, "activation", wish->mail_is) ||
	     !add_ignored(req, wish, data) ||
	     !json_add_number(reply->body, "code", CODE_DONE) ||
	     !json_add_text(reply->body, "msg",
	                    cJSON_GetArraySize(json_get(data, "ignored")) > 0
	                            ? "user created; ignored: see data.ignored"
	                            : "user created")))
		err = RST_ENOMEM;
	if (err != RST_OK) {
		cJSON_Delete(data);
		return err;
	}
	return json_take(reply->body, "data", data) ? RST_OK : RST_ENOMEM;
}

static enum rst_err
create(struct http_req *req, struct http_reply *reply, struct wish *wish,
       struct act_refusal *refusal)
{
	struct act_person person = {
		.username = input_text(req, "username"),
		.surname = input_text(req, "username"),
		.mail = input_text(req, "email"),
		.password = input_text(req, "password"),
	};
	enum rst_err err;
	uint64_t id;

	err = read_role(req, wish);
	if (err == RST_OK)
		err = act_create_person(&req->ctx, &person, wish->status, &id,
		                        refusal);
	if (err == RST_OK)
		err = set_rest(req, id, wish, refusal);
	if (err == RST_OK)
		err = send_activation(req, id, wish, refusal);
	return err == RST_OK ? answer(req, reply, id, wish) : err;
}

/* POST /api/user/create */
void
api_openidcs_create(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "username", INPUT_TEXT, true },
		{ "password", INPUT_TEXT, false },
		{ "email", INPUT_TEXT, false },
		{ "role", INPUT_TEXT, false },
		{ "status", INPUT_TEXT, false },
		{ "enabled", INPUT_BOOL, false },
		{ "expires_at", INPUT_TEXT, false },
		{ "quota", INPUT_OBJECT, false },
		{ "hosts", INPUT_LIST, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct wish wish = { .group = 0 };
	/* all of it or nothing, also without an Idempotency-Key */
	struct http_once once = { .held = { .r = { NULL } } };
	bool own = req->once == NULL;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply) || !check_quota(req, reply) ||
	    !read_status(req, &wish, reply) ||
	    !api_read_moment(req, "expires_at", &wish.expires, reply))
		return;
	if (own) {
		req->once = &once;
		req->ctx.hold = &once.held;
	}
	err = create(req, reply, &wish, &refusal);
	if (own) {
		if (err == RST_OK)
			err = rst_write_commit(&once.held);
		rst_write_abort(&once.held);
		req->once = NULL;
		req->ctx.hold = NULL;
		mail_worker_wake(req->server->mail);
	}
	http_reply_err(req, reply, err, &refusal);
}
