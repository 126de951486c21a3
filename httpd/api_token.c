/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_token.c - API tokens: made, listed, revoked
 *
 * The token is in the answer that makes it and nowhere afterwards.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"

static bool
add_all(cJSON *object, const char *key, const struct rst_record *record,
        uint16_t attr)
{
	cJSON *list = cJSON_AddArrayToObject(object, key);
	struct rst_attr values;
	struct rst_view one;

	if (!rst_record_attr(record, attr, &values))
		return list != NULL;
	while (rst_attr_next(&values, &one))
		if (!json_append_view(list, one))
			return false;
	return list != NULL;
}

static bool
add_moment(cJSON *object, const char *key, struct rst_view text)
{
	int64_t time_s;

	return !json_time_parse(text, &time_s) ||
	       json_add_time(object, key, time_s);
}

static bool
add_text(cJSON *object, const char *key, struct rst_view text)
{
	return text.len == 0 || json_add_view(object, key, text);
}

static cJSON *
token_model(const struct rst_rtxn *txn, const struct rst_record *record,
            int64_t now_s)
{
	enum act_token_state state = act_token_state(record, now_s);
	cJSON *token = cJSON_CreateObject();
	char address[64];
	int64_t last_s;
	bool ok;
	enum rst_err err;

	ok = json_add_view(token, "id", rst_record_first(record, RST_A_CN)) &&
	     add_text(token, "name",
	              rst_record_first(record, RST_A_DISPLAYNAME)) &&
	     add_text(token, "prefix",
	              rst_record_first(record, RST_A_ROSTERTOKENPREFIX)) &&
	     json_add_text(token, "state", act_token_state_word(state)) &&
	     add_all(token, "scope", record, RST_A_ROSTERSCOPE) &&
	     add_all(token, "addresses", record, RST_A_ROSTERALLOWEDADDRESS) &&
	     add_moment(token, "created",
	                rst_record_first(record, RST_A_CREATETIMESTAMP)) &&
	     add_text(token, "createdFrom",
	              rst_record_first(record, RST_A_ROSTERMADEFROM)) &&
	     add_moment(token, "expires",
	                rst_record_first(record, RST_A_ROSTEREXPIRES));
	err = act_token_last(txn, record->id, &last_s, address);
	if (err != RST_OK && err != RST_ENOTFOUND)
		ok = false;
	if (ok && err == RST_OK)
		ok = json_add_time(token, "lastUsed", last_s) &&
		     json_add_text(token, "lastAddress", address);
	if (!ok) {
		cJSON_Delete(token);
		return NULL;
	}
	return token;
}

/* Whose tokens: of the path, or one's own. */
static enum rst_err
owner_of(struct http_req *req, const struct rst_rtxn *txn, bool mine,
         uint64_t *ret_owner)
{
	if (!mine)
		return act_find_person(txn, req->arg[0], ret_owner);
	*ret_owner = req->who.id;
	return RST_OK;
}

/* Those that work; with ?all=true those that ended, too, while kept. */
static enum rst_err
add_items(struct http_req *req, const struct rst_rtxn *txn, uint64_t owner,
          cJSON *body)
{
	const char *all = http_query_get(&req->query, "all");
	const char *cursor = http_query_get(&req->query, "cursor");
	bool ended = all != NULL && strcmp(all, "true") == 0;
	cJSON *items = cJSON_AddArrayToObject(body, "items");
	struct rst_record record;
	uint64_t id, after = 0, last = 0;
	size_t n = 1, limit = 0, taken = 0;
	char text[24];
	enum rst_err err = RST_OK;

	if (!list_limit(req, &limit) ||
	    (cursor != NULL && cursor[0] != '\0' &&
	     !rst_view_number(rst_view_of(cursor), UINT64_MAX, &after)))
		return RST_EINVALID;
	for (;;) {
		err = act_tokens_of(txn, owner, "api", after, &id, 1, &n);
		if (err != RST_OK || n == 0)
			break;
		after = id;
		err = rst_record_get(txn, id, &record);
		if (err != RST_OK)
			break;
		if (!ended &&
		    act_token_state(&record, req->ctx.now_s) != ACT_TOKEN_LIVE)
			continue;
		if (taken++ == limit)
			break; /* there is one more than fits */
		last = id;
		if (!json_take_item(items,
		                    token_model(txn, &record, req->ctx.now_s)))
			return RST_ENOMEM;
	}
	if (err != RST_OK)
		return err;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)last);
	return json_take(body, "next",
	                 n > 0 ? cJSON_CreateString(text) : cJSON_CreateNull())
	               ? RST_OK
	               : RST_ENOMEM;
}

static void
list(struct http_req *req, struct http_reply *reply, bool mine)
{
	struct rst_rtxn txn;
	uint64_t owner;
	enum rst_err err;

	reply->body = cJSON_CreateObject();
	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = owner_of(req, &txn, mine, &owner);
	if (err == RST_OK)
		err = add_items(req, &txn, owner, reply->body);
	rst_read_end(&txn);
	list_answer(req, reply, err);
}

/* "never", "30d", "90d", or seconds. */
static bool
read_ttl(struct http_req *req, struct http_reply *reply,
         int64_t *ret_lifetime_s)
{
	const cJSON *item = json_get(req->input, "ttl");
	struct rst_view text = input_text(req, "ttl");
	uint64_t number;

	*ret_lifetime_s = 0;
	if (item == NULL || cJSON_IsNull(item))
		return true;
	if (rst_view_equal(text, RST_VIEW("never")))
		*ret_lifetime_s = RULE_NEVER;
	else if (rst_view_equal(text, RST_VIEW("30d")))
		*ret_lifetime_s = 30 * RULE_DAY;
	else if (rst_view_equal(text, RST_VIEW("90d")))
		*ret_lifetime_s = 90 * RULE_DAY;
	else if (json_number(item, UINT32_MAX, &number) ||
	         rst_view_number(text, UINT32_MAX, &number))
		*ret_lifetime_s = (int64_t)number;
	if (*ret_lifetime_s > 0)
		return true;
	http_problem(reply, 422, "invalid_expiry", "ttl",
	             "a lifetime is never, 30d, 90d or seconds");
	return false;
}

static enum rst_err
answer(struct http_req *req, struct http_reply *reply, uint64_t id,
       const char *text)
{
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK)
		reply->body = token_model(&txn, &record, req->ctx.now_s);
	rst_read_end(&txn);
	if (err == RST_OK && !json_add_text(reply->body, "token", text))
		err = RST_ENOMEM;
	return err;
}

static void
create(struct http_req *req, struct http_reply *reply, bool mine)
{
	static const struct input_field fields[] = {
		{ "name", INPUT_TEXT, true },
		{ "ttl", INPUT_ANY, false },
		{ "scope", INPUT_WORDS, false },
		{ "addresses", INPUT_LIST, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_view scopes[INPUT_LIST_MAX], addresses[INPUT_LIST_MAX];
	struct act_token token = { .scopes = scopes, .addresses = addresses };
	char text[RULE_TOKEN_TEXT];
	struct rst_rtxn txn;
	uint64_t owner, id;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply) ||
	    !read_ttl(req, reply, &token.lifetime_s))
		return;
	/* It could make one that may more, or lasts longer, than itself. */
	if (!http_check_session(req, reply,
	                        "a token makes no tokens: sign in, or use "
	                        "rosterctl"))
		return;
	token.name = input_text(req, "name");
	token.n_scopes = input_list(req, "scope", scopes);
	token.n_addresses = input_list(req, "addresses", addresses);
	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = owner_of(req, &txn, mine, &owner);
	rst_read_end(&txn);
	if (err == RST_OK)
		err = act_token_create(&req->ctx, owner, &token, text, &id,
		                       &refusal);
	if (err == RST_OK) {
		err = answer(req, reply, id, text);
		sodium_memzero(text, sizeof(text));
	}
	if (err == RST_OK)
		reply->status = 201;
	http_reply_err(req, reply, err, &refusal);
}

static void
revoke(struct http_req *req, struct http_reply *reply, bool mine)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_rtxn txn;
	uint64_t owner, id;
	enum rst_err err;

	if (!input_check(req, NULL, 0, reply))
		return;
	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = owner_of(req, &txn, mine, &owner);
	if (err == RST_OK)
		err = act_find_token(&txn, req->arg[mine ? 0 : 1], "api", owner,
		                     &id);
	rst_read_end(&txn);
	if (err == RST_OK)
		err = act_token_revoke(&req->ctx, id, &refusal);
	if (err == RST_OK)
		reply->status = 204;
	http_reply_err(req, reply, err, &refusal);
}

/* GET /me/tokens */
void
api_my_tokens(struct http_req *req, struct http_reply *reply)
{
	list(req, reply, true);
}

/* POST /me/tokens */
void
api_my_token_create(struct http_req *req, struct http_reply *reply)
{
	create(req, reply, true);
}

/* DELETE /me/tokens/{} */
void
api_my_token_revoke(struct http_req *req, struct http_reply *reply)
{
	revoke(req, reply, true);
}

/* GET /users/{}/tokens */
void
api_user_tokens(struct http_req *req, struct http_reply *reply)
{
	list(req, reply, false);
}

/* POST /users/{}/tokens */
void
api_user_token_create(struct http_req *req, struct http_reply *reply)
{
	create(req, reply, false);
}

/* DELETE /users/{}/tokens/{} */
void
api_user_token_revoke(struct http_req *req, struct http_reply *reply)
{
	revoke(req, reply, false);
}
