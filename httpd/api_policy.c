/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_policy.c - settings that hold for the members of some groups
 *
 *	{ "name": "staff", "description": "...", "priority": 10,
 *	  "groups": ["staff"], "settings": { "password-min-length": "16" } }
 *
 * In the body of a form the settings are fields of their own.
 */
#include <stdio.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "lifecycle/place.h"
#include "lifecycle/setting.h"

static bool
add_settings(cJSON *policy, const struct rst_record *record)
{
	cJSON *settings = cJSON_AddObjectToObject(policy, "settings");
	struct rst_view text;
	int64_t number;

	for (unsigned int id = 0; id < RULE_SETTING_END; id++)
		if (rule_setting(id)->scope == RULE_SCOPE_POLICY &&
		    lifecycle_setting_of(record, id, &text, &number) &&
		    !json_add_view(settings, rule_setting(id)->name, text))
			return false;
	return settings != NULL;
}

static cJSON *
policy_item(void *arg, const struct rst_rtxn *txn,
            const struct rst_record *record)
{
	struct rst_view cn = rst_record_first(record, RST_A_CN);
	struct http_reply where = { .status = 200 };
	cJSON *policy = cJSON_CreateObject();
	uint64_t priority = 0;

	(void)arg;
	(void)txn;
	(void)rst_view_number(rst_record_first(record, RST_A_ROSTERPRIORITY),
	                      UINT32_MAX, &priority);
	http_location(&where, "/policies/", cn, "");
	if (json_add_view(policy, "name", cn) &&
	    json_add_view(policy, "description",
	                  rst_record_first(record, RST_A_DESCRIPTION)) &&
	    json_add_number(policy, "priority", priority) &&
	    json_add_text(policy, "href", where.location) &&
	    model_add_names(policy, "groups", record, RST_A_ROSTERAPPLIESTO) &&
	    add_settings(policy, record))
		return policy;
	cJSON_Delete(policy);
	return NULL;
}

static enum rst_err
is_policy(void *arg, const struct rst_rtxn *txn,
          const struct rst_record *record)
{
	(void)arg;
	(void)txn;
	return record->kind == RST_KIND_SETTING ? RST_OK : RST_ENOTFOUND;
}

/* GET /policies */
void
api_policy_list(struct http_req *req, struct http_reply *reply)
{
	const struct list list = { "policies",  0,    is_policy,
		                   policy_item, NULL, NULL };
	enum rst_err err = list_children(req, &list, &reply->body);

	list_answer(req, reply, err);
}

/* The policy; for a page with all that it may set. */
static cJSON *
whole(void *arg, const struct rst_rtxn *txn, const struct rst_record *record)
{
	const struct http_req *req = arg;
	cJSON *policy = policy_item(NULL, txn, record);

	if (policy == NULL || req->api ||
	    model_settings(req, record, true, policy))
		return policy;
	cJSON_Delete(policy);
	return NULL;
}

static void
show(struct http_req *req, struct http_reply *reply, struct rst_view name)
{
	uint64_t id = 0;
	enum rst_err err = model_named(req, act_find_policy, name, &id);

	if (err == RST_OK)
		model_show(req, reply, id, whole, req);
	else
		http_reply_err(req, reply, err, NULL);
}

/* GET /policies/{} */
void
api_policy_show(struct http_req *req, struct http_reply *reply)
{
	show(req, reply, req->arg[0]);
}

#define FIELDS_OWN 5

/* The fields of a policy's body.  A form has the settings among them. */
static size_t
list_fields(const struct http_req *req, bool create,
            struct input_field fields[FIELDS_OWN + RULE_SETTING_END])
{
	size_t n = 0;

	if (create)
		fields[n++] = (struct input_field){ "name", INPUT_TEXT, true };
	fields[n++] = (struct input_field){ "description", INPUT_TEXT, false };
	fields[n++] = (struct input_field){ "priority", INPUT_NUMBER, false };
	fields[n++] = (struct input_field){ "groups", INPUT_LIST, false };
	for (unsigned int id = 0; id < RULE_SETTING_END && req->form; id++)
		if (rule_setting(id)->scope == RULE_SCOPE_POLICY)
			fields[n++] =
				(struct input_field){ rule_setting(id)->name,
				                      INPUT_TEXT, false };
	return n;
}

/* The settings of a program's body become fields as a form has them. */
static bool
lift_settings(struct http_req *req, struct http_reply *reply)
{
	cJSON *settings =
		cJSON_DetachItemFromObjectCaseSensitive(req->input, "settings");
	const char *wrong = NULL;

	if (settings == NULL)
		return true;
	if (!cJSON_IsObject(settings))
		wrong = "settings";
	while (wrong == NULL && settings->child != NULL) {
		cJSON *one =
			cJSON_DetachItemViaPointer(settings, settings->child);
		enum rule_setting_id id;

		if (!rule_setting_find(one->string, strlen(one->string), &id) ||
		    rule_setting(id)->scope != RULE_SCOPE_POLICY ||
		    !(cJSON_IsString(one) || cJSON_IsNull(one)))
			wrong = "settings";
		else if (!json_take(req->input, rule_setting(id)->name, one))
			wrong = "settings";
		else
			continue;
		cJSON_Delete(one);
	}
	cJSON_Delete(settings);
	if (wrong != NULL)
		http_problem(reply, 422,
		             rule_verdict_code(RULE_INVALID_SETTING), wrong,
		             rule_verdict_text(RULE_INVALID_SETTING));
	return wrong == NULL;
}

/* Everything must read before anything is done. */
static bool
check_body(struct http_req *req, bool create, struct http_reply *reply)
{
	struct input_field fields[FIELDS_OWN + RULE_SETTING_END];
	size_t n = list_fields(req, create, fields);
	int64_t number;

	if (!req->form) {
		cJSON *settings = cJSON_DetachItemFromObjectCaseSensitive(
			req->input, "settings");
		bool ok = input_check(req, fields, n, reply);

		if (settings != NULL)
			(void)json_take(req->input, "settings", settings);
		if (!ok || !lift_settings(req, reply))
			return false;
	} else if (!input_check(req, fields, n, reply)) {
		return false;
	}
	for (unsigned int id = 0; id < RULE_SETTING_END; id++) {
		struct rst_view text = input_text(req, rule_setting(id)->name);

		if (text.len == 0 || rule_setting_read(id, text.ptr, text.len,
		                                       &number) == RULE_OK)
			continue;
		http_problem(reply, 422,
		             rule_verdict_code(RULE_INVALID_SETTING),
		             rule_setting(id)->name,
		             rule_verdict_text(RULE_INVALID_SETTING));
		return false;
	}
	return true;
}

static void
read_policy(const struct http_req *req, struct rst_view items[INPUT_LIST_MAX],
            struct act_policy *policy)
{
	*policy = (struct act_policy){
		.set_priority = input_text(req, "priority").len > 0 ||
		                (!req->form && input_has(req, "priority")),
		.priority = (unsigned int)input_number(req, "priority", 0),
		.description = input_text(req, "description"),
	};
	if (!input_has(req, "groups"))
		return;
	policy->groups = items;
	policy->n_groups = input_list(req, "groups", items);
}

/* Set what the body says and answer with the policy. */
static void
finish(struct http_req *req, struct http_reply *reply, struct rst_view name,
       const char *done)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_rtxn txn;
	uint64_t id = 0;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = act_find_policy(&txn, name, &id);
	rst_read_end(&txn);
	if (err == RST_OK)
		err = set_settings(req, name, id, &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	show(req, reply, name);
	if (!http_is_problem(reply) && (!req->api || reply->status == 201))
		http_location(reply, "/policies/", name, req->api ? "" : done);
}

/* POST /policies */
void
api_policy_create(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_view items[INPUT_LIST_MAX], name;
	struct act_policy policy;
	enum rst_err err;

	if (!check_body(req, true, reply))
		return;
	name = input_text(req, "name");
	read_policy(req, items, &policy);
	err = act_create_policy(&req->ctx, name, &policy, &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	reply->status = 201;
	finish(req, reply, name, "?done=created");
}

/* PATCH /policies/{}, POST /policies/{} */
void
api_policy_edit(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_view items[INPUT_LIST_MAX];
	struct act_policy policy;
	uint64_t id = 0;
	enum rst_err err;

	if (!check_body(req, false, reply))
		return;
	read_policy(req, items, &policy);
	err = model_named(req, act_find_policy, req->arg[0], &id);
	if (err == RST_OK)
		err = model_current(req, id, reply);
	if (err == RST_OK && (policy.groups != NULL || policy.set_priority ||
	                      policy.description.ptr != NULL))
		err = act_edit_policy(&req->ctx, id, &policy, &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	finish(req, reply, req->arg[0], "?done=saved");
}

/* DELETE /policies/{}, POST /policies/{}/delete */
void
api_policy_delete(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	uint64_t id = 0;
	enum rst_err err;

	if (!input_check(req, NULL, 0, reply))
		return;
	err = model_named(req, act_find_policy, req->arg[0], &id);
	if (err == RST_OK)
		err = model_current(req, id, reply);
	if (err == RST_OK)
		err = act_delete_policy(&req->ctx, id, &refusal);
	if (err != RST_OK)
		http_reply_err(req, reply, err, &refusal);
	else if (req->api)
		reply->status = 204;
	else
		http_location(reply, "/policies?done=deleted", RST_VIEW(""),
		              "");
}
