/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_group.c - groups and who is in them */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"

static enum rst_err
is_group(void *arg, const struct rst_rtxn *txn, const struct rst_record *record)
{
	(void)arg, (void)txn;
	return record->kind == RST_KIND_GROUP ? RST_OK : RST_ENOTFOUND;
}

static cJSON *
group_item(void *arg, const struct rst_rtxn *txn,
           const struct rst_record *record)
{
	(void)arg;
	return model_group(txn, record);
}

/* GET /groups */
void
api_group_list(struct http_req *req, struct http_reply *reply)
{
	const struct list list = {
		.ou = "groups",
		.keep = is_group,
		.item = group_item,
	};

	list_answer(req, reply, list_children(req, &list, &reply->body));
}

/* Somebody in a group, or a group; with the end of that, if it has one. */
static cJSON *
member_item(const struct http_req *req, const struct rst_rtxn *txn,
            uint64_t group, const struct rst_record *record)
{
	int64_t until_s = 0;
	cJSON *item = record->kind == RST_KIND_GROUP
	                      ? model_group_brief(record)
	                      : model_user_brief(record, req->ctx.now_s);

	if (rst_member_until(txn, group, record->id, &until_s) == RST_OK &&
	    (item == NULL || until_s == 0 ||
	     json_add_time(item, "until", until_s)))
		return item;
	cJSON_Delete(item);
	return NULL;
}

/* One page of member entries, in the order of the relation. */
static enum rst_err
add_members(const struct http_req *req, const struct rst_rtxn *txn,
            uint64_t group, cJSON *body)
{
	const char *text = http_query_get(&req->query, "cursor");
	cJSON *items = cJSON_AddArrayToObject(body, "items");
	struct rst_member_cursor *cursor;
	char next[HTTP_CURSOR_MAX] = "";
	struct rst_record record;
	size_t limit = 0;
	uint64_t member;
	enum rst_err err = RST_EINVALID;

	cursor = calloc(1, sizeof(*cursor));
	if (cursor == NULL)
		return RST_ENOMEM;
	if (!list_limit(req, &limit) ||
	    (text != NULL && text[0] != '\0' &&
	     !list_cursor_bytes(text, cursor->key, sizeof(cursor->key),
	                        &cursor->len)))
		goto out;
	for (;;) {
		err = rst_member_next_id(txn, group, cursor, &member);
		if (err != RST_OK)
			break;
		if ((size_t)cJSON_GetArraySize(items) == limit)
			break; /* there is one more than fits */
		if (!list_cursor_text(cursor->key, cursor->len, next,
		                      sizeof(next)))
			err = RST_EINVALID;
		if (err == RST_OK)
			err = rst_record_get(txn, member, &record);
		if (err == RST_OK &&
		    !json_take_item(items,
		                    member_item(req, txn, group, &record)))
			err = RST_ENOMEM;
		if (err != RST_OK)
			goto out;
	}
	if (err == RST_ENOTFOUND)
		next[0] = '\0'; /* that was the end */
	else if (err != RST_OK)
		goto out;
	err = json_take(body, "next",
	                next[0] != '\0' ? cJSON_CreateString(next)
	                                : cJSON_CreateNull())
	              ? RST_OK
	              : RST_ENOMEM;
out:
	free(cursor);
	return err;
}

/* The group the path names, begun in *txn. */
static enum rst_err
open_group(struct http_req *req, struct rst_rtxn *txn,
           struct rst_record *ret_group)
{
	enum rst_err err;
	uint64_t id;

	err = http_read_begin(req, txn);
	if (err == RST_OK)
		err = act_find_group(txn, req->arg[0], &id);
	if (err == RST_OK)
		err = rst_record_get(txn, id, ret_group);
	return err;
}

/* Where the page's button for removing a member leads. */
static bool
add_removes(cJSON *body)
{
	const cJSON *group = json_get(body, "href");
	struct http_reply where = { .status = 200 };
	char users[HTTP_LOCATION_MAX], groups[HTTP_LOCATION_MAX];
	const cJSON *cn;
	cJSON *item;

	snprintf(users, sizeof(users), "%s/members/", group->valuestring);
	snprintf(groups, sizeof(groups), "%s/groups/", group->valuestring);
	cJSON_ArrayForEach(item, json_get(body, "items"))
	{
		cn = json_get(item, "group");
		if (cn == NULL)
			cn = json_get(item, "username");
		http_location(&where,
		              json_get(item, "group") != NULL ? groups : users,
		              rst_view_of(cn->valuestring), "/remove");
		if (!json_add_text(item, "remove", where.location))
			return false;
	}
	return true;
}

/* GET /groups/{}: its page lists the members too */
void
api_group_show(struct http_req *req, struct http_reply *reply)
{
	struct rst_record group;
	struct rst_rtxn txn;
	enum rst_err err;

	err = open_group(req, &txn, &group);
	if (err == RST_OK) {
		reply->body = model_group(&txn, &group);
		model_etag(&group, reply);
		if (reply->body == NULL)
			err = RST_ENOMEM;
	}
	if (err == RST_OK && !req->api)
		err = add_members(req, &txn, group.id, reply->body);
	if (err == RST_OK && !req->api && !add_removes(reply->body))
		err = RST_ENOMEM;
	rst_read_end(&txn);
	list_answer(req, reply, err);
}

/* GET /groups/{}/members */
void
api_group_members(struct http_req *req, struct http_reply *reply)
{
	struct rst_record group;
	struct rst_rtxn txn;
	enum rst_err err;

	err = open_group(req, &txn, &group);
	if (err == RST_OK) {
		reply->body = cJSON_CreateObject();
		err = add_members(req, &txn, group.id, reply->body);
	}
	rst_read_end(&txn);
	list_answer(req, reply, err);
}

/* The gidNumber that is asked for, 0 for none.  False, with *reply the
 * problem, for what is no number of a group. */
static bool
read_gid(struct http_req *req, uint32_t *ret_gid, struct http_reply *reply)
{
	const struct act_refusal refusal = { RULE_INVALID_GIDNUMBER,
		                             "gidNumber",
		                             { "" } };
	const cJSON *item = json_get(req->input, "gidNumber");
	uint64_t gid = input_number(req, "gidNumber", 0);

	*ret_gid = (uint32_t)gid;
	if (gid != 0 || item == NULL || cJSON_IsNull(item) ||
	    (req->form && input_text(req, "gidNumber").len == 0))
		return true;
	http_reply_err(req, reply, RST_EDENIED, &refusal);
	return false;
}

/* POST /groups */
void
api_group_create(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "cn", INPUT_TEXT, true },
		{ "gidNumber", INPUT_ANY, false },
		{ "administrator", INPUT_BOOL, false },
		{ "description", INPUT_TEXT, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_record group;
	struct rst_view name;
	struct rst_rtxn txn;
	enum rst_err err;
	uint32_t gid;
	uint64_t id;

	if (!INPUT_CHECK(req, fields, reply) || !read_gid(req, &gid, reply))
		return;
	name = input_text(req, "cn");
	err = act_create_group(&req->ctx, name, gid,
	                       input_bool(req, "administrator", false),
	                       input_text(req, "description"), &id, &refusal);
	if (err == RST_OK)
		err = http_read_begin(req, &txn);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	err = rst_record_get(&txn, id, &group);
	if (err == RST_OK) {
		reply->body = model_group(&txn, &group);
		err = reply->body != NULL ? RST_OK : RST_ENOMEM;
	}
	rst_read_end(&txn);
	reply->status = 201;
	http_location(reply, "/groups/", name, req->api ? "" : "?done=created");
	http_reply_err(req, reply, err, NULL);
}

/* PATCH /groups/{}, POST /groups/{}.  A form's managers are one text. */
void
api_group_edit(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "description", INPUT_TEXT, false },
		{ "administrator", INPUT_BOOL, false },
		{ "managers", INPUT_LIST, false },
		{ "gidNumber", INPUT_ANY, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_view named[INPUT_LIST_MAX], managers[INPUT_LIST_MAX];
	struct act_group_edit edit = { 0 };
	size_t n_named;
	struct rst_record group;
	struct rst_rtxn txn;
	enum rst_err err;
	uint64_t id = 0;

	if (!INPUT_CHECK(req, fields, reply) ||
	    !read_gid(req, &edit.gid_number, reply))
		return;
	n_named = input_list(req, "managers", named);
	edit.description = input_text(req, "description");
	edit.set_administrator = input_has(req, "administrator");
	edit.administrator = input_bool(req, "administrator", false);
	for (size_t i = 0; i < n_named; i++)
		if (named[i].len > 0) /* a field of the form left empty */
			managers[edit.n_managers++] = named[i];
	edit.managers = input_has(req, "managers") ? managers : NULL;
	err = open_group(req, &txn, &group);
	if (err == RST_OK) {
		id = group.id;
		(void)model_unchanged(req, &group, reply);
	}
	rst_read_end(&txn);
	if (http_is_problem(reply))
		return;
	if (err == RST_OK)
		err = act_edit_group(&req->ctx, id, &edit, &refusal);
	if (err != RST_OK)
		http_reply_err(req, reply, err, &refusal);
	else if (req->api)
		api_group_show(req, reply);
	else
		http_location(reply, "/groups/", req->arg[0], "?done=saved");
}

/* DELETE /groups/{}, POST /groups/{}/delete */
void
api_group_delete(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_record group;
	struct rst_rtxn txn;
	enum rst_err err;
	uint64_t id = 0;

	if (!input_check(req, NULL, 0, reply))
		return;
	err = open_group(req, &txn, &group);
	if (err == RST_OK)
		id = group.id;
	rst_read_end(&txn);
	if (err == RST_OK)
		err = model_current(req, id, reply);
	if (err == RST_OK)
		err = act_delete_group(&req->ctx, id, &refusal);
	if (err != RST_OK)
		http_reply_err(req, reply, err, &refusal);
	else if (!req->api)
		http_location(reply, "/groups?done=deleted", RST_VIEW(""), "");
}

/* What the path or the form calls a member, and what is done with it. */
struct membership {
	struct rst_view name;
	bool is_group, leaves;
	int64_t until_s; /* 0: not said */
};

static enum rst_err
find_both(struct http_req *req, const struct membership *wanted,
          uint64_t *ret_group, uint64_t *ret_member)
{
	struct rst_rtxn txn;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = act_find_group(&txn, req->arg[0], ret_group);
	if (err == RST_OK)
		err = (wanted->is_group ? act_find_group : act_find_person)(
			&txn, wanted->name, ret_member);
	rst_read_end(&txn);
	return err;
}

static void
change(struct http_req *req, struct http_reply *reply,
       const struct membership *wanted, const char *done)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	uint64_t group = 0, member = 0;
	enum rst_err err;

	err = find_both(req, wanted, &group, &member);
	if (err == RST_ENOTFOUND && group != 0) {
		if (wanted->is_group)
			http_problem(reply, 404, "unknown_group", "cn",
			             "there is no such group");
		else
			http_problem(reply, 404, "unknown_user", "username",
			             "nobody has this username");
		return;
	}
	if (err == RST_OK)
		err = model_current(req, group, reply);
	if (err == RST_OK && wanted->leaves)
		err = act_leave(&req->ctx, group, member, &refusal);
	else if (err == RST_OK)
		err = act_join_until(&req->ctx, group, member, wanted->until_s,
		                     &refusal);
	if (err != RST_OK)
		http_reply_err(req, reply, err, &refusal);
	else if (!req->api)
		http_location(reply, "/groups/", req->arg[0], done);
}

/*
 * "until": a time of RFC 3339, null or "" for no end.  A page's form sends a
 * date, the start of that day, UTC; or nothing, which says nothing.  False,
 * with *reply the problem, for what is no time.
 */
static bool
read_until(struct http_req *req, int64_t *ret_until_s, struct http_reply *reply)
{
	const struct act_refusal refusal = { RULE_INVALID_EXPIRY,
		                             "rosterMemberUntil",
		                             { "write a time of RFC 3339" } };
	const cJSON *item = json_get(req->input, "until");
	struct rst_view value = input_text(req, "until");
	char text[32] = "";

	*ret_until_s = 0;
	if (item == NULL || (req->form && value.len == 0))
		return true;
	*ret_until_s = RULE_NEVER;
	if (cJSON_IsNull(item) || (cJSON_IsString(item) && value.len == 0))
		return true;
	if (value.len == sizeof("2026-11-22") - 1)
		(void)snprintf(text, sizeof(text), "%.*sT00:00:00Z",
		               (int)value.len, value.ptr);
	else
		(void)rst_view_copy(value, text, sizeof(text));
	if (cJSON_IsString(item) &&
	    json_time_parse(rst_view_of(text), ret_until_s))
		return true;
	http_reply_err(req, reply, RST_EDENIED, &refusal);
	return false;
}

static const struct input_field join_fields[] = {
	{ "until", INPUT_ANY, false },
};

/* PUT /groups/{}/members/{} */
void
api_group_join(struct http_req *req, struct http_reply *reply)
{
	struct membership wanted = { .name = req->arg[1] };

	if (INPUT_CHECK(req, join_fields, reply) &&
	    read_until(req, &wanted.until_s, reply))
		change(req, reply, &wanted, "?done=joined");
}

/* PUT /groups/{}/groups/{} */
void
api_group_nest(struct http_req *req, struct http_reply *reply)
{
	struct membership wanted = { .name = req->arg[1], .is_group = true };

	if (INPUT_CHECK(req, join_fields, reply) &&
	    read_until(req, &wanted.until_s, reply))
		change(req, reply, &wanted, "?done=joined");
}

/* POST /groups/{}/members, of the page: the name is in the form, that of a
 * group with @ before it */
void
page_group_join(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "username", INPUT_TEXT, true },
		{ "until", INPUT_ANY, false },
	};
	struct membership wanted = { 0 };

	if (!INPUT_CHECK(req, fields, reply) ||
	    !read_until(req, &wanted.until_s, reply))
		return;
	wanted.name = input_text(req, "username");
	if (wanted.name.len > 0 && wanted.name.ptr[0] == '@') {
		wanted.is_group = true;
		wanted.name =
			rst_view(wanted.name.ptr + 1, wanted.name.len - 1);
	}
	change(req, reply, &wanted, "?done=joined");
}

/* DELETE /groups/{}/members/{}, POST /groups/{}/members/{}/remove */
void
api_group_leave(struct http_req *req, struct http_reply *reply)
{
	const struct membership wanted = { .name = req->arg[1],
		                           .leaves = true };

	if (input_check(req, NULL, 0, reply))
		change(req, reply, &wanted, "?done=left");
}

/* DELETE /groups/{}/groups/{}, POST /groups/{}/groups/{}/remove */
void
api_group_unnest(struct http_req *req, struct http_reply *reply)
{
	const struct membership wanted = { .name = req->arg[1],
		                           .is_group = true,
		                           .leaves = true };

	if (input_check(req, NULL, 0, reply))
		change(req, reply, &wanted, "?done=left");
}
