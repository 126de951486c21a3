/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_key.c - SSH keys, of oneself or (administrators) of anybody */
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "httpd/route.h"
#include "lifecycle/key.h"

/* The person the path names, or who asks. */
static enum rst_err
owner(const struct http_req *req, const struct rst_rtxn *txn, bool own,
      uint64_t *ret_id)
{
	if (!own)
		return act_find_person(txn, req->arg[0], ret_id);
	*ret_id = req->who.id;
	return RST_OK;
}

static bool
is_own(const struct http_req *req)
{
	return strcmp(req->route->path, "/me") == 0 ||
	       strncmp(req->route->path, "/me/", 4) == 0;
}

/* What stands behind the base64. */
static struct rst_view
comment_of(struct rst_view key)
{
	const char *at = memchr(key.ptr, ' ', key.len), *end;

	if (at != NULL)
		at = memchr(at + 1, ' ', key.len - (size_t)(at + 1 - key.ptr));
	if (at == NULL)
		return RST_VIEW("");
	end = key.ptr + key.len;
	return rst_view(at + 1, (size_t)(end - at - 1));
}

static cJSON *
item_of(const struct rst_record *record, struct rst_view key, int64_t now_s)
{
	char fingerprint[LIFECYCLE_FINGERPRINT_BYTES] = "";
	const char *blank = memchr(key.ptr, ' ', key.len);
	int64_t until_s = lifecycle_key_until(record, key);
	cJSON *item = cJSON_CreateObject();
	bool ok;

	(void)lifecycle_key_fingerprint(key, fingerprint);
	ok = json_add_text(item, "fingerprint", fingerprint) &&
	     json_add_view(item, "type",
	                   rst_view(key.ptr, blank != NULL
	                                             ? (size_t)(blank - key.ptr)
	                                             : key.len)) &&
	     json_add_view(item, "comment", comment_of(key)) &&
	     json_add_view(item, "key", key) &&
	     json_add_bool(item, "active",
	                   until_s > now_s && rule_state_may_sign_in(act_state(
						      record, now_s)));
	if (ok && until_s != INT64_MAX)
		ok = json_add_time(item, "until", until_s);
	if (ok)
		return item;
	cJSON_Delete(item);
	return NULL;
}

/* The next key after that fingerprint, in their order; NULL ptr: none. */
static struct rst_view
next_key(const struct rst_record *record, const char *after,
         char fingerprint[LIFECYCLE_FINGERPRINT_BYTES])
{
	char one[LIFECYCLE_FINGERPRINT_BYTES];
	struct rst_view key, found = { NULL, 0 };
	struct rst_attr keys;

	if (!rst_record_attr(record, RST_A_SSHPUBLICKEY, &keys))
		return found;
	while (rst_attr_next(&keys, &key)) {
		one[0] = '\0';
		(void)lifecycle_key_fingerprint(key, one);
		if (key.len == 0 || strcmp(one, after) <= 0 ||
		    (found.ptr != NULL && strcmp(one, fingerprint) >= 0))
			continue;
		found = key;
		memcpy(fingerprint, one, sizeof(one));
	}
	return found;
}

/* One page of keys, in the order of their fingerprints. */
static enum rst_err
add_items(const struct http_req *req, const struct rst_record *record,
          cJSON *body)
{
	const char *text = http_query_get(&req->query, "cursor");
	bool get = req->head->method == HTTP_GET;
	cJSON *items = cJSON_AddArrayToObject(body, "items");
	char at[LIFECYCLE_FINGERPRINT_BYTES] = "", next[sizeof(at)];
	struct rst_view key;
	size_t limit = HTTP_LIST_MAX, n = 0;

	if (get && text != NULL &&
	    !rst_view_copy(rst_view_of(text), at, sizeof(at)))
		return RST_EINVALID;
	if (get && !list_limit(req, &limit))
		return RST_EINVALID;
	while ((key = next_key(record, at, next)).ptr != NULL && n++ < limit) {
		memcpy(at, next, sizeof(at));
		if (!json_take_item(items,
		                    item_of(record, key, req->ctx.now_s)))
			return RST_ENOMEM;
	}
	return json_take(body, "next",
	                 key.ptr != NULL ? cJSON_CreateString(at)
	                                 : cJSON_CreateNull())
	               ? RST_OK
	               : RST_ENOMEM;
}

/* GET /me/ssh-keys, GET /users/{}/ssh-keys */
void
api_key_list(struct http_req *req, struct http_reply *reply)
{
	struct rst_record record;
	struct rst_rtxn txn;
	uint64_t id = 0;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = owner(req, &txn, is_own(req), &id);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK) {
		cJSON_Delete(reply->body);
		reply->body = cJSON_CreateObject();
		model_etag(&record, reply);
		err = add_items(req, &record, reply->body);
	}
	rst_read_end(&txn);
	list_answer(req, reply, err);
}

static enum rst_err
find(struct http_req *req, uint64_t *ret_id)
{
	struct rst_rtxn txn;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = owner(req, &txn, is_own(req), ret_id);
	rst_read_end(&txn);
	return err;
}

/* POST /me/ssh-keys, POST /users/{}/ssh-keys */
void
api_key_add(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "key", INPUT_LONG, true },
		{ "until", INPUT_TEXT, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	int64_t until_s = 0;
	uint64_t id = 0;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	if (input_text(req, "until").len > 0 &&
	    !json_time_parse(input_text(req, "until"), &until_s)) {
		http_problem(reply, 422, rule_verdict_code(RULE_INVALID_EXPIRY),
		             "until", "this is not a time of RFC 3339");
		return;
	}
	err = find(req, &id);
	if (err == RST_OK)
		err = model_current(req, id, reply);
	if (err == RST_OK)
		err = act_add_key(&req->ctx, id, input_text(req, "key"),
		                  until_s, &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	reply->status = 201;
	api_key_list(req, reply);
}

/* DELETE /me/ssh-keys, DELETE /users/{}/ssh-keys: a fingerprint has slashes,
 * so that it is in the body. */
void
api_key_drop(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "fingerprint", INPUT_TEXT, true },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	uint64_t id = 0;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	err = find(req, &id);
	if (err == RST_OK)
		err = model_current(req, id, reply);
	if (err == RST_OK)
		err = act_drop_key(&req->ctx, id,
		                   input_text(req, "fingerprint"), &refusal);
	http_reply_err(req, reply, err, &refusal);
}
