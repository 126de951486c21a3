/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_sessions.c - who is signed in, and from where; the end of it
 *
 * A session is known by the first half of its digest, in hex: from that
 * nobody comes to the token.
 */
#include <sodium.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "lifecycle/setting.h"

#define ID_TEXT (2 * RST_SESSION_ID_BYTES + 1)

/* Whose sessions a list is of, and what it needs of them. */
struct wanted {
	const struct http_req *req;
	uint64_t user; /* 0: everybody's */
	int64_t idle_s;
};

static bool
read_id(struct rst_view text, unsigned char id[RST_SESSION_ID_BYTES])
{
	size_t len = 0;

	return text.len == ID_TEXT - 1 &&
	       sodium_hex2bin(id, RST_SESSION_ID_BYTES, text.ptr, text.len,
	                      NULL, &len, NULL) == 0 &&
	       len == RST_SESSION_ID_BYTES;
}

static void
print_id(const unsigned char *digest, char id[ID_TEXT])
{
	(void)sodium_bin2hex(id, ID_TEXT, digest, RST_SESSION_ID_BYTES);
}

static enum rst_err
add_item(const struct wanted *wanted, const struct rst_rtxn *txn,
         const unsigned char *digest, const struct rst_session *session,
         cJSON *items)
{
	const struct http_who *who = &wanted->req->who;
	struct rst_view name = RST_VIEW("");
	struct rst_record record;
	char id[ID_TEXT];
	cJSON *item;
	bool mine;
	enum rst_err err;

	err = rst_record_get(txn, session->user, &record);
	if (err == RST_OK)
		name = rst_record_first(&record, RST_A_UID);
	else if (err != RST_ENOTFOUND)
		return err;
	item = cJSON_CreateObject();
	mine = !who->bearer &&
	       memcmp(digest, who->digest, RST_DIGEST_BYTES) == 0;
	print_id(digest, id);
	if (json_add_text(item, "id", id) &&
	    json_add_view(item, "user", name) &&
	    json_add_text(item, "address", session->address) &&
	    json_add_text(item, "agent", session->agent) &&
	    json_add_time(item, "since", session->made_s) &&
	    json_add_time(item, "last", session->seen_s) &&
	    json_add_time(item, "expires", session->expires_s) &&
	    json_add_bool(item, "current", mine))
		return json_take_item(items, item) ? RST_OK : RST_ENOMEM;
	cJSON_Delete(item);
	return RST_ENOMEM;
}

/* Would its next request still be his? */
static enum rst_err
is_live(const struct wanted *wanted, const struct rst_rtxn *txn,
        const struct rst_session *session, bool *ret_is)
{
	int64_t now_s = wanted->req->ctx.now_s;
	enum rst_err err = RST_EDENIED;

	if (now_s < session->expires_s &&
	    now_s - session->seen_s < wanted->idle_s)
		err = act_still_allowed(txn, session->user, session->generation,
		                        now_s);
	*ret_is = err == RST_OK;
	return err == RST_EDENIED ? RST_OK : err;
}

/* One page of live sessions, in the order of their ids. */
static enum rst_err
add_items(const struct wanted *wanted, const struct rst_rtxn *txn, cJSON *body)
{
	const char *text = http_query_get(&wanted->req->query, "cursor");
	cJSON *items = cJSON_AddArrayToObject(body, "items");
	unsigned char digest[RST_DIGEST_BYTES];
	struct rst_session session;
	char next[ID_TEXT] = "";
	bool started = text != NULL && text[0] != '\0';
	size_t limit = 0, n = 0;
	enum rst_err err;
	bool is;

	memset(digest, 0xff, sizeof(digest));
	if (!list_limit(wanted->req, &limit) ||
	    (started && !read_id(rst_view_of(text), digest)))
		return RST_EINVALID;
	while ((err = rst_session_next(txn, wanted->user, &started, digest,
	                               &session)) == RST_OK) {
		err = is_live(wanted, txn, &session, &is);
		if (err != RST_OK)
			return err;
		if (!is)
			continue;
		if (n++ == limit)
			break; /* there is one more than fits */
		print_id(digest, next);
		err = add_item(wanted, txn, digest, &session, items);
		if (err != RST_OK)
			return err;
	}
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	return json_take(body, "next",
	                 err == RST_OK ? cJSON_CreateString(next)
	                               : cJSON_CreateNull())
	               ? RST_OK
	               : RST_ENOMEM;
}

static void
list(struct http_req *req, struct http_reply *reply, struct rst_view name,
     uint64_t user)
{
	struct wanted wanted = { .req = req, .user = user };
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK && name.len > 0)
		err = act_find_person(&txn, name, &wanted.user);
	if (err == RST_OK)
		err = lifecycle_setting_number(&txn, RULE_SETTING_SESSION_IDLE,
		                               &wanted.idle_s);
	if (err == RST_OK) {
		reply->body = cJSON_CreateObject();
		err = add_items(&wanted, &txn, reply->body);
	}
	rst_read_end(&txn);
	list_answer(req, reply, err);
}

/* GET /me/sessions */
void
api_my_sessions(struct http_req *req, struct http_reply *reply)
{
	list(req, reply, RST_VIEW(""), req->who.id);
}

/* GET /users/{}/sessions */
void
api_user_sessions(struct http_req *req, struct http_reply *reply)
{
	list(req, reply, req->arg[0], 0);
}

/* GET /sessions: everybody's, or with ?user= those of one */
void
api_session_list(struct http_req *req, struct http_reply *reply)
{
	list(req, reply, rst_view_of(http_query_get(&req->query, "user")), 0);
}

/* The session of that id, and whose it must be (0: anybody's). */
static enum rst_err
find(struct http_req *req, struct rst_view text, struct rst_view name,
     uint64_t user, unsigned char digest[RST_DIGEST_BYTES])
{
	unsigned char id[RST_SESSION_ID_BYTES];
	struct rst_session session;
	struct rst_rtxn txn;
	enum rst_err err;

	if (!read_id(text, id))
		return RST_ENOTFOUND;
	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK && name.len > 0)
		err = act_find_person(&txn, name, &user);
	if (err == RST_OK)
		err = rst_session_find(&txn, id, digest, &session);
	if (err == RST_OK && user != 0 && session.user != user)
		err = RST_ENOTFOUND;
	rst_read_end(&txn);
	return err;
}

static void
end(struct http_req *req, struct http_reply *reply, struct rst_view id,
    struct rst_view name, uint64_t user)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	unsigned char digest[RST_DIGEST_BYTES];
	enum rst_err err;

	if (!input_check(req, NULL, 0, reply))
		return;
	err = find(req, id, name, user, digest);
	if (err == RST_OK)
		err = act_end_session(&req->ctx, digest, &refusal);
	if (err == RST_OK && !req->who.bearer &&
	    memcmp(digest, req->who.digest, sizeof(digest)) == 0)
		http_set_cookie(req, reply, RST_VIEW(""), 0);
	if (err == RST_OK)
		reply->status = 204;
	http_reply_err(req, reply, err, &refusal);
}

/* DELETE /me/sessions/{} */
void
api_my_session_end(struct http_req *req, struct http_reply *reply)
{
	end(req, reply, req->arg[0], RST_VIEW(""), req->who.id);
}

/* DELETE /users/{}/sessions/{} */
void
api_user_session_end(struct http_req *req, struct http_reply *reply)
{
	end(req, reply, req->arg[1], req->arg[0], 0);
}

/* DELETE /sessions/{} */
void
api_any_session_end(struct http_req *req, struct http_reply *reply)
{
	end(req, reply, req->arg[0], RST_VIEW(""), 0);
}

/* { "ended": 3 } */
static void
end_all(struct http_req *req, struct http_reply *reply, struct rst_view name,
        uint64_t user, const unsigned char *keep)
{
	static const struct input_field fields[] = {
		{ "reason", INPUT_TEXT, false },
	};
	struct rst_view reason = input_text(req, "reason");
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_rtxn txn;
	enum rst_err err;
	size_t n = 0;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK && name.len > 0)
		err = act_find_person(&txn, name, &user);
	rst_read_end(&txn);
	if (err == RST_OK)
		err = act_end_sessions(&req->ctx, user, reason, keep, &n,
		                       &refusal);
	if (err == RST_OK) {
		reply->body = cJSON_CreateObject();
		if (!json_add_number(reply->body, "ended", n))
			err = RST_ENOMEM;
	}
	http_reply_err(req, reply, err, &refusal);
}

/* DELETE /me/sessions: all but this one */
void
api_my_sessions_end(struct http_req *req, struct http_reply *reply)
{
	end_all(req, reply, RST_VIEW(""), req->who.id,
	        req->who.bearer ? NULL : req->who.digest);
}

/* POST /users/{}/sign-out, DELETE /users/{}/sessions */
void
api_user_sign_out(struct http_req *req, struct http_reply *reply)
{
	end_all(req, reply, req->arg[0], 0, NULL);
	if (!req->api && !http_is_problem(reply))
		http_location(reply, "/users/", req->arg[0], "?done=signedout");
}
