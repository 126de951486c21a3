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

/* How the page puts them together. */
static const struct {
	const char *id, *title;
} groups[RULE_GROUPS_END] = {
	[RULE_GROUP_ACCOUNTS] = { "accounts", "Who may register and what "
	                                      "clients see" },
	[RULE_GROUP_NUMBERS] = { "numbers", "Numbers and new accounts" },
	[RULE_GROUP_LINKS] = { "links", "Links and sessions" },
	[RULE_GROUP_KEEPING] = { "keeping", "How long things are kept" },
	[RULE_GROUP_PASSWORDS] = { "passwords", "Passwords" },
	[RULE_GROUP_LOCKOUT] = { "lockout",
	                         "Wrong passwords and idle accounts" },
};

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
	char from[sizeof("from ") + RULE_SETTING_RANGE_BYTES];

	/* a sentence of its own, which other languages can have */
	(void)snprintf(from, sizeof(from), "from %s",
	               json_get(item, "range")->valuestring);
	if (setting->type == RULE_TYPE_COUNT || setting->type == RULE_TYPE_SPAN)
		(void)cJSON_ReplaceItemInObjectCaseSensitive(
			item, "range", cJSON_CreateString(from));
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

/* The list of a group on the page, made with its first setting. */
static cJSON *
part_of(cJSON *parts, enum rule_setting_group group)
{
	cJSON *part;

	cJSON_ArrayForEach(part, parts) if (
		strcmp(json_get(part, "id")->valuestring, groups[group].id) ==
		0) return cJSON_GetObjectItemCaseSensitive(part, "settings");
	part = cJSON_CreateObject();
	if (!json_take_item(parts, part) ||
	    !json_add_text(part, "id", groups[group].id) ||
	    !json_add_text(part, "title", groups[group].title))
		return NULL;
	return cJSON_AddArrayToObject(part, "settings");
}

bool
model_settings(const struct http_req *req, const struct rst_record *record,
               bool policy, cJSON *body)
{
	cJSON *list = cJSON_AddArrayToObject(body, "items"), *parts = NULL;

	if (!req->api)
		parts = cJSON_AddArrayToObject(body, "parts");
	for (unsigned int id = 0; id < RULE_SETTING_END; id++) {
		const struct rule_setting *setting = rule_setting(id);
		cJSON *item;

		if (policy && setting->scope != RULE_SCOPE_POLICY)
			continue;
		item = setting_item(record, id);
		if (!json_take_item(parts != NULL
		                            ? part_of(parts, setting->group)
		                            : list,
		                    item) ||
		    (parts != NULL && !fit_page(req, item, id, policy)))
			return false;
	}
	return list != NULL;
}

/* Which relay takes the mail and who it is from, as rosterd.conf(5) says; of
 * the address neither the secret nor anything behind the port. */
static bool
add_mail(const struct http_req *req, cJSON *body)
{
	const struct http_config *config = req->server->config;
	const char *url = config->smtp_url != NULL ? config->smtp_url : "";
	const char *sign = strstr(url, "://");
	size_t scheme = sign != NULL ? (size_t)(sign - url) + 3 : 0;
	struct rst_view host =
		rst_view(url + scheme, strcspn(url + scheme, "/?#"));
	cJSON *mail = cJSON_AddObjectToObject(body, "mail");
	char relay[HTTP_URL_MAX + 1];

	/* a password may hold an @, a host cannot */
	for (size_t i = 0; i < host.len; i++)
		if (host.ptr[i] == '@') {
			host = rst_view(host.ptr + i + 1, host.len - i - 1);
			i = (size_t)-1;
		}
	(void)snprintf(relay, sizeof(relay), "%.*s%.*s", (int)scheme, url,
	               (int)host.len, host.ptr);
	return mail != NULL &&
	       json_add_bool(mail, "configured", req->server->mail != NULL) &&
	       json_add_text(mail, "relay", relay) &&
	       json_add_text(mail, "from",
	                     config->from != NULL ? config->from : "");
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
		                   req->server->mail != NULL) ||
		    !add_mail(req, reply->body))
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
