/* SPDX-License-Identifier: OLDAP-2.8 */
/* page_bulk.c - one act for several people
 *
 * The list posts the names that were ticked.  Without "confirmed" the answer
 * is a page that names everybody, what would follow, and why it cannot be
 * done with some; that page posts the same with "confirmed".  Each person is
 * a transaction of its own, so that one refusal holds nobody else.
 */
#include <stdio.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "httpd/page.h"

typedef enum rst_err act_move(const struct act_ctx *ctx, uint64_t person,
                              struct rst_view reason,
                              struct act_refusal *refusal);

/* move: by the person's status; else join or leave of a group. */
static const struct bulk_act {
	const char *word;
	act_move *move;
	bool join;
	const char *back; /* the list it comes from */
} acts[] = {
	{ "approve", act_approve, false, "/requests" },
	{ "reject", act_reject, false, "/requests" },
	{ "suspend", act_suspend, false, "/users" },
	{ "activate", act_activate, false, "/users" },
	{ "unlock", act_unlock, false, "/users" },
	{ "delete", act_delete_person, false, "/users" },
	{ "restore", act_restore, false, "/users" },
	{ "join", NULL, true, "/users" },
	{ "leave", NULL, false, "/users" },
};

static const struct bulk_act *
act_of(const struct http_req *req)
{
	struct rst_view word = input_text(req, "act");

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (rst_view_equal(word, rst_view_of(acts[i].word)))
			return &acts[i];
	return NULL;
}

/* What will end with the access. */
static bool
add_losses(const struct http_req *req, const struct rst_rtxn *txn,
           uint64_t person, cJSON *item)
{
	struct rst_session sessions[RST_SESSIONS_PER_USER];
	uint64_t ids[INPUT_LIST_MAX];
	struct rst_record token;
	size_t n = 0, tokens = 0, live = 0;

	if (rst_session_list(txn, person, sessions, RST_SESSIONS_PER_USER,
	                     &n) != RST_OK)
		n = 0;
	if (act_tokens_of(txn, person, "api", 0, ids, INPUT_LIST_MAX,
	                  &tokens) != RST_OK)
		tokens = 0;
	for (size_t i = 0; i < tokens; i++)
		if (rst_record_get(txn, ids[i], &token) == RST_OK &&
		    act_token_state(&token, req->ctx.now_s) == ACT_TOKEN_LIVE)
			live++;
	return json_add_number(item, "sessions", n) &&
	       json_add_number(item, "tokens", live);
}

/* May this be done with him now? */
static enum rst_err
is_lawful(const struct rst_rtxn *txn, const struct bulk_act *act,
          const cJSON *user, uint64_t person, uint64_t group, bool *ret_lawful)
{
	enum rst_err err;
	bool is;

	if (strcmp(act->word, "unlock") == 0) {
		*ret_lawful = json_get(user, "locked") != NULL ||
		              json_get(user, "lockedForEver") != NULL;
		return RST_OK;
	}
	if (act->move != NULL) {
		*ret_lawful = cJSON_IsTrue(
			json_get(json_get(user, "moves"), act->word));
		return RST_OK;
	}
	err = rst_member_is(txn, group, person, &is);
	if (err == RST_OK)
		*ret_lawful = is != act->join;
	return err;
}

static enum rst_err
add_person(struct http_req *req, const struct rst_rtxn *txn,
           const struct bulk_act *act, struct rst_view name, uint64_t group,
           cJSON *people)
{
	struct rst_record record;
	cJSON *item = NULL, *user = NULL;
	uint64_t id;
	enum rst_err err;
	bool ok, lawful;

	err = act_find_person(txn, name, &id);
	if (err == RST_OK)
		err = rst_record_get(txn, id, &record);
	if (err != RST_OK)
		return err == RST_ENOTFOUND ? RST_OK : err;
	user = model_user(txn, &record, true, req->ctx.now_s);
	item = model_user_brief(&record, req->ctx.now_s);
	ok = user != NULL && item != NULL &&
	     is_lawful(txn, act, user, id, group, &lawful) == RST_OK &&
	     json_add_bool(item, "lawful", lawful) &&
	     add_losses(req, txn, id, item) && json_take_item(people, item);
	cJSON_Delete(user);
	return ok ? RST_OK : RST_ENOMEM;
}

/* Everybody who was ticked, as he is now. */
static enum rst_err
look(struct http_req *req, const struct bulk_act *act, cJSON *body,
     uint64_t *ret_group)
{
	struct rst_view names[INPUT_LIST_MAX];
	size_t n = input_list(req, "username", names);
	cJSON *people = cJSON_AddArrayToObject(body, "people");
	struct rst_rtxn txn;
	enum rst_err err;

	*ret_group = 0;
	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK && act->move == NULL)
		err = act_find_group(&txn, input_text(req, "group"), ret_group);
	for (size_t i = 0; err == RST_OK && i < n; i++)
		err = add_person(req, &txn, act, names[i], *ret_group, people);
	rst_read_end(&txn);
	return err;
}

static enum rst_err
do_one(struct http_req *req, const struct bulk_act *act, cJSON *item,
       uint64_t group, struct act_refusal *refusal)
{
	struct rst_view name =
		rst_view_of(json_get(item, "username")->valuestring);
	struct rst_rtxn txn;
	uint64_t id;
	enum rst_err err;

	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK)
		err = act_find_person(&txn, name, &id);
	rst_read_end(&txn);
	if (err != RST_OK)
		return err;
	if (act->move != NULL)
		return act->move(&req->ctx, id, input_text(req, "reason"),
		                 refusal);
	return act->join ? act_join(&req->ctx, group, id, refusal)
	                 : act_leave(&req->ctx, group, id, refusal);
}

/* Do it with each; what was refused is told beside him. */
static bool
do_all(struct http_req *req, const struct bulk_act *act, cJSON *body,
       uint64_t group)
{
	cJSON *people = cJSON_GetObjectItemCaseSensitive(body, "people");
	uint64_t n = 0;
	cJSON *item;

	cJSON_ArrayForEach(item, people)
	{
		struct act_refusal refusal = { RULE_OK, NULL, { "" } };
		struct http_reply told = { .status = 200 };
		cJSON *result = cJSON_AddObjectToObject(item, "result");
		enum rst_err err;
		bool ok;

		err = do_one(req, act, item, group, &refusal);
		http_reply_err(req, &told, err, &refusal);
		n += err == RST_OK;
		ok = json_add_bool(result, "good", err == RST_OK) &&
		     json_add_text(result, "said",
		                   err == RST_OK ? "done"
		                                 : json_get(told.body, "detail")
		                                           ->valuestring);
		http_reply_release(&told);
		if (!ok)
			return false;
	}
	return json_add_number(body, "done_n", n);
}

static bool
describe(struct http_req *req, const struct bulk_act *act, cJSON *body)
{
	const cJSON *people = json_get(body, "people");
	uint64_t lawful = 0;
	const cJSON *item;
	char key[32];

	cJSON_ArrayForEach(item, people) lawful +=
		cJSON_IsTrue(json_get(item, "lawful")) ? 1 : 0;
	snprintf(key, sizeof(key), "act_%s", act->word);
	return json_add_text(body, "act", act->word) &&
	       json_add_bool(body, key, true) &&
	       json_add_text(body, "back", act->back) &&
	       json_add_view(body, "group", input_text(req, "group")) &&
	       json_add_view(body, "reason", input_text(req, "reason")) &&
	       json_add_number(body, "people_n",
	                       (uint64_t)cJSON_GetArraySize(people)) &&
	       json_add_number(body, "lawful_n", lawful) &&
	       json_add_bool(body, "none_lawful", lawful == 0);
}

/* POST /bulk */
void
page_bulk(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "act", INPUT_TEXT, true },
		{ "username", INPUT_LIST, true },
		{ "group", INPUT_TEXT, false },
		{ "reason", INPUT_TEXT, false },
		{ "confirmed", INPUT_BOOL, false },
	};
	bool confirmed = input_bool(req, "confirmed", false);
	const struct bulk_act *act;
	uint64_t group;
	enum rst_err err;

	if (json_get(req->input, "username") == NULL) {
		http_problem(reply, 400, "missing_field", "username",
		             "nobody was chosen: go back and tick somebody");
		return;
	}
	if (!INPUT_CHECK(req, fields, reply))
		return;
	act = act_of(req);
	if (act == NULL) {
		http_problem(reply, 400, "invalid_field", "act",
		             "this value does not have the form that it must "
		             "have");
		return;
	}
	reply->body = cJSON_CreateObject();
	err = look(req, act, reply->body, &group);
	if (err == RST_ENOTFOUND) {
		http_problem(reply, 422, rule_verdict_code(RULE_UNKNOWN_GROUP),
		             "group", rule_verdict_text(RULE_UNKNOWN_GROUP));
		return;
	}
	if (err == RST_OK && !describe(req, act, reply->body))
		err = RST_ENOMEM;
	if (err == RST_OK && confirmed && !do_all(req, act, reply->body, group))
		err = RST_ENOMEM;
	if (err == RST_OK &&
	    !json_add_bool(reply->body, "confirmed", confirmed))
		err = RST_ENOMEM;
	http_reply_err(req, reply, err, NULL);
}
