/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_user.c - people, for administrators */
#include <stdio.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "httpd/page.h"
#include "lifecycle/moment.h"

void
user_blame(const struct http_req *req, struct act_refusal *refusal)
{
	if (refusal->field != NULL && strcmp(refusal->field, "cn") == 0)
		refusal->field =
			input_has(req, "givenName") ? "givenName" : "sn";
}

static enum rst_err
find_person(struct http_req *req, uint64_t *ret_id)
{
	return model_named(req, act_find_person, req->arg[0], ret_id);
}

static cJSON *
make(void *arg, const struct rst_rtxn *txn, const struct rst_record *record)
{
	const struct http_req *req = arg;

	return model_user(txn, record, req->who.administrator, req->ctx.now_s);
}

/* Leave the person's model in *reply. */
static void
show(struct http_req *req, struct http_reply *reply, uint64_t id)
{
	model_show(req, reply, id, make, req);
}

/* GET /users/{} */
void
api_user_show(struct http_req *req, struct http_reply *reply)
{
	enum rst_err err;
	uint64_t id;

	err = find_person(req, &id);
	if (err == RST_OK)
		show(req, reply, id);
	else
		http_reply_err(req, reply, err, NULL);
}

/* What a new person is to be; false when it is no status, and answered. */
static bool
read_status(struct http_req *req, enum rst_status *ret_status,
            struct http_reply *reply)
{
	struct rst_view word = input_text(req, "status");
	enum rst_status status = RST_STATUS_ACTIVE;

	if (word.len > 0)
		status = rst_status_parse(word);
	if (status == RST_STATUS_NONE || status == RST_STATUS_DELETED) {
		http_problem(reply, 422, "invalid_status", "status",
		             rule_verdict_text(RULE_INVALID_STATUS));
		return false;
	}
	*ret_status = status;
	return true;
}

static struct act_person
read_person(struct http_req *req)
{
	return (struct act_person){
		.username = input_text(req, "username"),
		.given_name = input_text(req, "givenName"),
		.surname = input_text(req, "sn"),
		.mail = input_text(req, "mail"),
		.language = input_text(req, "language"),
		.password = input_text(req, "password"),
		.must_change = input_bool(req, "mustChange", false),
	};
}

/* POST /users */
void
api_user_create(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "username", INPUT_TEXT, true },
		{ "givenName", INPUT_TEXT, false },
		{ "sn", INPUT_TEXT, true },
		{ "mail", INPUT_TEXT, false },
		{ "language", INPUT_TEXT, false },
		{ "password", INPUT_TEXT, false },
		{ "mustChange", INPUT_BOOL, false },
		{ "status", INPUT_TEXT, false },
		/* a link to set the password by, shown or sent, too */
		{ "link", INPUT_BOOL, false },
		{ "send", INPUT_BOOL, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	bool send = input_bool(req, "send", false);
	bool links = send || input_bool(req, "link", false);
	struct act_person person;
	enum rst_status status;
	uint64_t id, mail = 0;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply) ||
	    !read_status(req, &status, reply) ||
	    (send && !mail_can_send(req, reply)))
		return;
	person = read_person(req);
	err = links ? act_reset_possible(&req->ctx, status, person.mail, send,
	                                 &refusal)
	            : RST_OK;
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	err = act_create_person(&req->ctx, &person, status, &id, &refusal);
	if (err != RST_OK) {
		user_blame(req, &refusal);
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	reply->status = 201;
	show(req, reply, id);
	if (!http_is_problem(reply) && links)
		(void)reset_link(req, reply, id, reply->body,
		                 send ? &mail : NULL);
	if (!http_is_problem(reply) && send)
		mail_await(req, reply, mail);
	if (!http_is_problem(reply))
		http_location(reply, "/users/", person.username,
		              req->api ? "" : "?done=created");
}

/* Moments as the directory keeps them; "" drops one. */
struct times {
	struct api_moment starts, expires;
};

_Static_assert(sizeof(struct api_moment) >= LIFECYCLE_TIME_BYTES,
               "a moment has room");

bool
api_read_moment(struct http_req *req, const char *field,
                struct api_moment *ret_moment, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_INVALID_EXPIRY,
		                       NULL,
		                       { "write a time of RFC 3339" } };
	struct rst_view value = input_text(req, field);
	char text[32];
	int64_t time_s;

	ret_moment->text[0] = '\0';
	if (value.len == 0)
		return true;
	if (value.len == sizeof("2026-11-22") - 1)
		(void)snprintf(text, sizeof(text), "%.*sT00:00:00Z",
		               (int)value.len, value.ptr);
	else
		(void)rst_view_copy(value, text, sizeof(text));
	if (!json_time_parse(rst_view_of(text), &time_s)) {
		refusal.field = field;
		http_reply_err(req, reply, RST_EDENIED, &refusal);
		return false;
	}
	lifecycle_time_print(time_s, ret_moment->text);
	return true;
}

static bool
read_times(struct http_req *req, struct times *times, struct http_reply *reply)
{
	return api_read_moment(req, "starts", &times->starts, reply) &&
	       api_read_moment(req, "expires", &times->expires, reply);
}

/* Each text of the list is a value of attr; none drops it. */
static size_t
add_list(const struct http_req *req, const char *name, uint16_t attr,
         struct act_edit *edits, size_t n)
{
	struct rst_view items[INPUT_LIST_MAX];
	size_t n_items = input_list(req, name, items), before = n;

	if (!input_has(req, name))
		return n;
	for (size_t i = 0; i < n_items; i++)
		if (items[i].len > 0) /* a field of the form left empty */
			edits[n++] = (struct act_edit){ attr, items[i] };
	if (n == before)
		edits[n++] = (struct act_edit){ attr, RST_VIEW("") };
	return n;
}

/* The form of a page and the PATCH of a program name the same fields. */
static size_t
read_edits(const struct http_req *req, const struct times *times,
           struct act_edit *edits)
{
	static const struct {
		const char *name;
		uint16_t attr;
	} names[] = {
		{ "givenName", RST_A_GIVENNAME },
		{ "sn", RST_A_SN },
		{ "displayName", RST_A_DISPLAYNAME },
		{ "language", RST_A_PREFERREDLANGUAGE },
		{ "mail", RST_A_MAIL },
		{ "loginShell", RST_A_LOGINSHELL },
		{ "homeDirectory", RST_A_HOMEDIRECTORY },
		{ "description", RST_A_DESCRIPTION },
		{ "status", RST_A_ROSTERSTATUS },
		{ "reason", RST_A_ROSTERREASON },
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (input_has(req, names[i].name))
			edits[n++] = (struct act_edit){
				names[i].attr, input_text(req, names[i].name)
			};
	if (input_has(req, "starts"))
		edits[n++] =
			(struct act_edit){ RST_A_ROSTERSTARTS,
			                   rst_view_of(times->starts.text) };
	if (input_has(req, "expires"))
		edits[n++] =
			(struct act_edit){ RST_A_ROSTEREXPIRES,
			                   rst_view_of(times->expires.text) };
	n = add_list(req, "hosts", RST_A_HOST, edits, n);
	return add_list(req, "services", RST_A_AUTHORIZEDSERVICE, edits, n);
}

typedef enum rst_err act_move(const struct act_ctx *ctx, uint64_t person,
                              struct rst_view reason,
                              struct act_refusal *refusal);

/* Find the person, and check If-Match. */
static bool
read_current(struct http_req *req, struct http_reply *reply, uint64_t *ret_id)
{
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = act_find_person(&txn, req->arg[0], ret_id);
	if (err == RST_OK)
		err = rst_record_get(&txn, *ret_id, &record);
	if (err == RST_OK)
		(void)model_unchanged(req, &record, reply);
	rst_read_end(&txn);
	http_reply_err(req, reply, err, NULL);
	return !http_is_problem(reply);
}

/* PATCH /users/{}, POST /users/{} */
void
api_user_edit(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "givenName", INPUT_TEXT, false },
		{ "sn", INPUT_TEXT, false },
		{ "displayName", INPUT_TEXT, false },
		{ "language", INPUT_TEXT, false },
		{ "mail", INPUT_TEXT, false },
		{ "loginShell", INPUT_TEXT, false },
		{ "homeDirectory", INPUT_TEXT, false },
		{ "description", INPUT_TEXT, false },
		{ "status", INPUT_TEXT, false },
		{ "reason", INPUT_TEXT, false },
		{ "starts", INPUT_TEXT, false },
		{ "expires", INPUT_TEXT, false },
		{ "hosts", INPUT_LIST, false },
		{ "services", INPUT_LIST, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct act_edit
		edits[sizeof(fields) / sizeof(fields[0]) + 2 * INPUT_LIST_MAX];
	struct times times;
	enum rst_err err = RST_OK;
	size_t n_edits;
	uint64_t id = 0;

	if (!INPUT_CHECK(req, fields, reply) ||
	    !read_times(req, &times, reply) || !read_current(req, reply, &id))
		return;
	n_edits = read_edits(req, &times, edits);
	if (n_edits > 0)
		err = act_edit(&req->ctx, id, edits, n_edits, &refusal);
	if (err != RST_OK) {
		user_blame(req, &refusal);
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	show(req, reply, id);
	if (!req->api && !http_is_problem(reply))
		http_location(reply, "/users/", req->arg[0], "?done=saved");
}

/* Find the person of a move, as the client last saw him. */
static enum rst_err
find_current(struct http_req *req, struct http_reply *reply, uint64_t *ret_id)
{
	enum rst_err err = find_person(req, ret_id);

	return err == RST_OK ? model_current(req, *ret_id, reply) : err;
}

/* The moves differ in their act and in what the page says then. */
static bool
move(struct http_req *req, struct http_reply *reply, act_move *act,
     uint64_t *ret_id)
{
	static const struct input_field fields[] = {
		{ "reason", INPUT_TEXT, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return false;
	err = find_current(req, reply, ret_id);
	if (err == RST_OK)
		err = act(&req->ctx, *ret_id, input_text(req, "reason"),
		          &refusal);
	http_reply_err(req, reply, err, &refusal);
	return err == RST_OK;
}

static void
show_moved(struct http_req *req, struct http_reply *reply, uint64_t id,
           const char *done)
{
	show(req, reply, id);
	if (!req->api && !http_is_problem(reply))
		http_location(reply, "/users/", req->arg[0], done);
}

static void
move_and_show(struct http_req *req, struct http_reply *reply, act_move *act,
              const char *done)
{
	uint64_t id;

	if (move(req, reply, act, &id))
		show_moved(req, reply, id, done);
}

/* POST /users/{}/approve: perhaps into groups */
void
api_user_approve(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "reason", INPUT_TEXT, false },
		{ "groups", INPUT_LIST, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_view groups[INPUT_LIST_MAX];
	uint64_t id;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	err = find_current(req, reply, &id);
	if (err == RST_OK)
		err = act_approve_into(&req->ctx, id, groups,
		                       input_list(req, "groups", groups),
		                       input_text(req, "reason"), &refusal);
	http_reply_err(req, reply, err, &refusal);
	if (err == RST_OK)
		show_moved(req, reply, id, "?done=approved");
}

/* POST /users/{}/suspend */
void
api_user_suspend(struct http_req *req, struct http_reply *reply)
{
	move_and_show(req, reply, act_suspend, "?done=suspended");
}

/* POST /users/{}/deactivate: suspended, without groups and keys */
void
api_user_deactivate(struct http_req *req, struct http_reply *reply)
{
	move_and_show(req, reply, act_deactivate, "?done=suspended");
}

/* POST /users/{}/activate */
void
api_user_activate(struct http_req *req, struct http_reply *reply)
{
	move_and_show(req, reply, act_activate, "?done=activated");
}

/* POST /users/{}/unlock: what wrong passwords locked */
void
api_user_unlock(struct http_req *req, struct http_reply *reply)
{
	move_and_show(req, reply, act_unlock, "?done=unlocked");
}

/* POST /users/{}/restore */
void
api_user_restore(struct http_req *req, struct http_reply *reply)
{
	move_and_show(req, reply, act_restore, "?done=restored");
}

/* DELETE /users/{}, POST /users/{}/delete: into the bin */
void
api_user_delete(struct http_req *req, struct http_reply *reply)
{
	uint64_t id;

	if (!move(req, reply, act_delete_person, &id))
		return;
	if (req->api)
		reply->status = 204;
	else
		http_location(reply, "/users?done=deleted", RST_VIEW(""), "");
}

/* POST /users/{}/purge: nothing is left of him afterwards */
void
api_user_purge(struct http_req *req, struct http_reply *reply)
{
	uint64_t id;

	if (!move(req, reply, act_purge, &id))
		return;
	if (req->api)
		reply->status = 204;
	else
		http_location(reply, "/users?done=purged", RST_VIEW(""), "");
}

/* POST /users/{}/reject: he is gone afterwards */
void
api_user_reject(struct http_req *req, struct http_reply *reply)
{
	uint64_t id;

	if (move(req, reply, act_reject, &id) && !req->api)
		http_location(reply, "/requests?done=rejected", RST_VIEW(""),
		              "");
}
