/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_setting.c - the settings of the directory and its policies
 *
 * The fields of a body are the settings' own names, so the table of
 * rules/setting.h is also that of this page.
 */
#include <stdio.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "lifecycle/setting.h"

/* How the page puts them together; in this order. */
static const struct {
	const char *id, *title;
	enum rule_setting_id first, last;
} groups[] = {
	{ "accounts", "Who may register and what clients see",
	  RULE_SETTING_REGISTRATION, RULE_SETTING_CLIENT_VIEW },
	{ "numbers", "Numbers and new accounts", RULE_SETTING_THIRD_RANGE,
	  RULE_SETTING_SHELLS },
	{ "links", "Links and sessions", RULE_SETTING_INVITATION_LIFETIME,
	  RULE_SETTING_REAUTHENTICATION },
	{ "keeping", "How long things are kept", RULE_SETTING_PENDING_LIFETIME,
	  RULE_SETTING_AUDIT_RETENTION },
	{ "passwords", "Passwords", RULE_SETTING_PASSWORD_MIN_LENGTH,
	  RULE_SETTING_PASSWORD_GRACE },
	{ "lockout", "Wrong passwords and idle accounts",
	  RULE_SETTING_THROTTLE_FAILURES, RULE_SETTING_END - 1 },
};
#define GROUPS (sizeof(groups) / sizeof(groups[0]))

/* { value, chosen } for each word that may be chosen. */
static bool
add_choices(cJSON *item, const struct rule_setting *setting, const char *value)
{
	const char *words =
		setting->type == RULE_TYPE_SWITCH ? "on off" : setting->choices;
	cJSON *list;

	if (setting->type != RULE_TYPE_SWITCH &&
	    setting->type != RULE_TYPE_WORD)
		return true;
	list = cJSON_AddArrayToObject(item, "choices");
	while (words[0] != '\0') {
		size_t len = strcspn(words, " ");
		cJSON *one = cJSON_CreateObject();

		if (!json_take_item(list, one) ||
		    !json_add_view(one, "value", rst_view(words, len)) ||
		    !json_add_bool(one, "chosen",
		                   strlen(value) == len &&
		                           memcmp(words, value, len) == 0))
			return false;
		words += len + (words[len] == ' ');
	}
	return true;
}

/* One setting as record has it; "set" says whether it does. */
static cJSON *
setting_item(const struct rst_record *record, enum rule_setting_id id)
{
	const struct rule_setting *setting = rule_setting(id);
	char range[RULE_SETTING_RANGE_BYTES];
	char value[RULE_SETTING_VALUE_MAX + 1] = "";
	cJSON *item = cJSON_CreateObject();
	struct rst_view text;
	int64_t number;
	bool set = lifecycle_setting_of(record, id, &text, &number);

	(void)rst_view_copy(set ? text : rst_view_of(setting->value), value,
	                    sizeof(value));
	rule_setting_print_range(id, range);
	if (json_add_text(item, "name", setting->name) &&
	    json_add_text(item, "text", setting->text) &&
	    json_add_text(item, "value", value) &&
	    json_add_text(item, "default", setting->value) &&
	    json_add_text(item, "range", range) &&
	    json_add_bool(item, "set", set))
		return item;
	cJSON_Delete(item);
	return NULL;
}

/* For a page: what was typed stays, and there is something to choose from. */
static bool
fit_page(const struct http_req *req, cJSON *item, enum rule_setting_id id,
         bool policy)
{
	const struct rule_setting *setting = rule_setting(id);
	struct rst_view typed = input_text(req, setting->name);

	if (!json_add_text(item, "label", setting->text) ||
	    !json_add_bool(item, "has_choices",
	                   setting->type == RULE_TYPE_SWITCH ||
	                           setting->type == RULE_TYPE_WORD))
		return false;
	if (policy && !cJSON_IsTrue(json_get(item, "set")))
		(void)cJSON_ReplaceItemInObjectCaseSensitive(
			item, "value", cJSON_CreateString(""));
	if (!json_add_bool(item, "unset", policy))
		return false;
	if (typed.ptr != NULL)
		(void)cJSON_ReplaceItemInObjectCaseSensitive(
			item, "value", cJSON_CreateString(typed.ptr));
	return add_choices(item, setting, json_get(item, "value")->valuestring);
}

bool
model_settings(const struct http_req *req, const struct rst_record *record,
               bool policy, cJSON *body)
{
	cJSON *list = cJSON_AddArrayToObject(body, "items"), *page = NULL;
	cJSON *settings = list, *group;

	if (!req->api)
		page = cJSON_AddArrayToObject(body, "parts");
	for (size_t i = 0; i < GROUPS; i++) {
		for (unsigned int id = groups[i].first; id <= groups[i].last;
		     id++) {
			cJSON *item;

			if (policy &&
			    rule_setting(id)->scope != RULE_SCOPE_POLICY)
				continue;
			if (page != NULL &&
			    (id == groups[i].first || settings == list)) {
				group = cJSON_CreateObject();
				if (!json_take_item(page, group) ||
				    !json_add_text(group, "id", groups[i].id) ||
				    !json_add_text(group, "title",
				                   groups[i].title))
					return false;
				settings = cJSON_AddArrayToObject(group,
				                                  "settings");
			}
			item = setting_item(record, id);
			if (!json_take_item(settings, item) ||
			    (page != NULL && !fit_page(req, item, id, policy)))
				return false;
		}
		settings = list;
	}
	return list != NULL;
}

/* GET /settings */
void
api_setting_list(struct http_req *req, struct http_reply *reply)
{
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = lifecycle_settings(&txn, &record);
	if (err == RST_OK) {
		reply->body = cJSON_CreateObject();
		if (!model_settings(req, &record, false, reply->body) ||
		    !json_add_bool(reply->body, "mailConfigured",
		                   req->server->mail != NULL))
			err = RST_ENOMEM;
		model_etag(&record, reply);
	}
	rst_read_end(&txn);
	http_reply_err(req, reply, err, NULL);
}

/* Every value of the body must read, before the first is set. */
static bool
check_values(struct http_req *req, struct http_reply *reply)
{
	struct input_field fields[RULE_SETTING_END];
	int64_t number;

	for (unsigned int id = 0; id < RULE_SETTING_END; id++)
		fields[id] = (struct input_field){ rule_setting(id)->name,
			                           INPUT_TEXT, false };
	if (!INPUT_CHECK(req, fields, reply))
		return false;
	for (unsigned int id = 0; id < RULE_SETTING_END; id++) {
		struct rst_view text = input_text(req, fields[id].name);

		if (text.len == 0 || rule_setting_read(id, text.ptr, text.len,
		                                       &number) == RULE_OK)
			continue;
		http_problem(reply, 422,
		             rule_verdict_code(RULE_INVALID_SETTING),
		             fields[id].name,
		             rule_verdict_text(RULE_INVALID_SETTING));
		return false;
	}
	return true;
}

/* A form sends all of them: only what differs is a change. */
static bool
differs(const struct rst_record *record, enum rule_setting_id id,
        struct rst_view text)
{
	struct rst_view now;
	int64_t number;
	bool set = lifecycle_setting_of(record, id, &now, &number);

	if (text.len == 0)
		return set;
	return !rst_view_equal(
		text, set ? now : rst_view_of(rule_setting(id)->value));
}

enum rst_err
set_settings(struct http_req *req, struct rst_view policy, uint64_t entry,
             struct act_refusal *refusal)
{
	bool change[RULE_SETTING_END] = { false };
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = entry != 0 ? rst_record_get(&txn, entry, &record)
		                 : lifecycle_settings(&txn, &record);
	for (unsigned int id = 0; err == RST_OK && id < RULE_SETTING_END; id++)
		change[id] = input_has(req, rule_setting(id)->name) &&
		             differs(&record, id,
		                     input_text(req, rule_setting(id)->name));
	rst_read_end(&txn);
	for (unsigned int id = 0; err == RST_OK && id < RULE_SETTING_END;
	     id++) {
		struct rst_view text = input_text(req, rule_setting(id)->name);

		if (text.len == 0)
			text.ptr = NULL; /* as if nobody had set it */
		if (change[id])
			err = act_set(&req->ctx, policy, id, text, refusal);
	}
	return err;
}

/* PATCH /settings, POST /settings */
void
api_setting_edit(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	if (!check_values(req, reply))
		return;
	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = lifecycle_settings(&txn, &record);
	if (err == RST_OK && !model_unchanged(req, &record, reply))
		err = RST_ESTATE;
	rst_read_end(&txn);
	if (err == RST_OK)
		err = set_settings(req, RST_VIEW(""), 0, &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	if (req->api)
		api_setting_list(req, reply);
	else
		http_location(reply, "/settings?done=saved", RST_VIEW(""), "");
}
