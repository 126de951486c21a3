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
	return strncmp(req->route->path, "/me/", 4) == 0;
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

/* GET /me/ssh-keys, GET /users/{}/ssh-keys */
void
api_key_list(struct http_req *req, struct http_reply *reply)
{
	struct rst_record record;
	struct rst_attr keys;
	struct rst_view key;
	struct rst_rtxn txn;
	cJSON *items = NULL;
	uint64_t id = 0;
	enum rst_err err;

	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK)
		err = owner(req, &txn, is_own(req), &id);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK) {
		cJSON_Delete(reply->body);
		reply->body = cJSON_CreateObject();
		items = cJSON_AddArrayToObject(reply->body, "items");
		err = items != NULL ? RST_OK : RST_ENOMEM;
	}
	if (err == RST_OK &&
	    rst_record_attr(&record, RST_A_SSHPUBLICKEY, &keys))
		while (err == RST_OK && rst_attr_next(&keys, &key))
			if (key.len > 0 &&
			    !json_take_item(items, item_of(&record, key,
			                                   req->ctx.now_s)))
				err = RST_ENOMEM;
	rst_read_end(&txn);
	http_reply_err(req, reply, err, NULL);
}

static enum rst_err
find(struct http_req *req, uint64_t *ret_id)
{
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(req->server->env, &txn);
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
		err = act_drop_key(&req->ctx, id,
		                   input_text(req, "fingerprint"), &refusal);
	http_reply_err(req, reply, err, &refusal);
}
