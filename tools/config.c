/* SPDX-License-Identifier: OLDAP-2.8 */
/* config.c - rosterctl config and policy: what the directory is set to */
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "lifecycle/place.h"
#include "lifecycle/setting.h"
#include "tools/noun.h"

#define BATCH 64 /* ids taken from the store at a time */

/* The entry whose settings are meant: of policy, or of all. */
static enum ctl_status
find_entry(struct noun *noun, const struct rst_rtxn *txn,
           struct rst_view policy, struct rst_record *ret_record)
{
	uint64_t id = 0;
	enum rst_err err;

	if (policy.len == 0)
		return ctl_failed(lifecycle_settings(txn, ret_record),
		                  &noun->refusal);
	err = act_find_policy(txn, policy, &id);
	if (err == RST_OK)
		err = rst_record_get(txn, id, ret_record);
	if (err == RST_ENOTFOUND) {
		ctl_say("there is no policy \"%.*s\"", (int)policy.len,
		        policy.ptr);
		return CTL_ABSENT;
	}
	return ctl_failed(err, &noun->refusal);
}

static cJSON *
model(enum rule_setting_id id, const struct rst_record *record)
{
	const struct rule_setting *setting = rule_setting(id);
	struct rst_view text = rst_view_of(setting->value);
	char range[RULE_SETTING_RANGE_BYTES];
	char value[RULE_SETTING_VALUE_MAX + 1];
	cJSON *root = cJSON_CreateObject();
	int64_t number;
	bool set = lifecycle_setting_of(record, id, &text, &number);
	bool good;

	rule_setting_print_range(id, range);
	(void)rst_view_copy(text, value, sizeof(value));
	good = cJSON_AddStringToObject(root, "name", setting->name) &&
	       cJSON_AddStringToObject(root, "value", value) &&
	       cJSON_AddBoolToObject(root, "set", set) &&
	       cJSON_AddStringToObject(root, "default", setting->value) &&
	       cJSON_AddStringToObject(root, "takes", range) &&
	       cJSON_AddBoolToObject(root, "policy",
	                             setting->scope == RULE_SCOPE_POLICY) &&
	       cJSON_AddStringToObject(root, "description", setting->text);
	if (!good) {
		cJSON_Delete(root);
		return NULL;
	}
	return root;
}

static void
print_line(const struct noun *noun, enum rule_setting_id id,
           const struct rst_record *record)
{
	struct rst_view text = rst_view_of(rule_setting(id)->value);
	int64_t number;
	bool set = lifecycle_setting_of(record, id, &text, &number);

	(void)noun;
	printf("%c %-28s %.*s\n", set ? '*' : ' ', rule_setting(id)->name,
	       (int)text.len, text.len > 0 ? text.ptr : "");
}

/* In a policy, those that it sets; in cn=settings, all. */
static bool
is_listed(enum rule_setting_id id, const struct rst_record *record, bool policy)
{
	struct rst_view text;
	int64_t number;

	return !policy || lifecycle_setting_of(record, id, &text, &number);
}

static enum ctl_status
print_all(struct noun *noun, const struct rst_record *record, bool policy)
{
	cJSON *all = noun->json ? cJSON_CreateArray() : NULL;

	for (int i = 0; i < RULE_SETTING_END; i++) {
		enum rule_setting_id id = (enum rule_setting_id)i;

		if (!is_listed(id, record, policy))
			continue;
		if (noun->json)
			(void)cJSON_AddItemToArray(all, model(id, record));
		else
			print_line(noun, id, record);
	}
	return noun->json ? ctl_print_json(all) : CTL_OK;
}

static enum ctl_status
show_all(struct noun *noun, struct rst_view policy)
{
	struct rst_record record;
	struct rst_rtxn txn;
	enum ctl_status status;

	status = ctl_failed(rst_read_begin(noun->env, &txn), &noun->refusal);
	if (status != CTL_OK)
		return status;
	status = find_entry(noun, &txn, policy, &record);
	if (status == CTL_OK)
		status = print_all(noun, &record, policy.len > 0);
	rst_read_end(&txn);
	return status;
}

static enum ctl_status
list(struct noun *noun)
{
	return show_all(noun, noun_text(noun, NOUN_POLICY));
}

static enum ctl_status
find_setting(struct noun *noun, const char *name, size_t len,
             enum rule_setting_id *ret_id)
{
	return rule_setting_find(name, len, ret_id)
	               ? CTL_OK
	               : noun_refuse(noun, RULE_INVALID_SETTING,
	                             "rosterctl config list shows all");
}

static enum ctl_status
get(struct noun *noun)
{
	const char *name = noun->args[0];
	struct rst_record record;
	enum rule_setting_id id;
	struct rst_rtxn txn;
	struct rst_view text;
	enum ctl_status status;
	int64_t number;

	status = find_setting(noun, name, strlen(name), &id);
	if (status == CTL_OK)
		status = ctl_failed(rst_read_begin(noun->env, &txn),
		                    &noun->refusal);
	if (status != CTL_OK)
		return status;
	status = find_entry(noun, &txn, noun_text(noun, NOUN_POLICY), &record);
	if (status == CTL_OK && noun->json) {
		status = ctl_print_json(model(id, &record));
	} else if (status == CTL_OK) {
		text = rst_view_of(rule_setting(id)->value);
		(void)lifecycle_setting_of(&record, id, &text, &number);
		printf("%.*s\n", (int)text.len, text.len > 0 ? text.ptr : "");
	}
	rst_read_end(&txn);
	return status;
}

/* NAME=VALUE... */
static enum ctl_status
set(struct noun *noun)
{
	enum ctl_status status = CTL_OK;
	enum rule_setting_id id;

	for (size_t i = 0; status == CTL_OK && i < noun->n_args; i++) {
		const char *line = noun->args[i];
		size_t len = strcspn(line, "=");

		if (line[len] == '\0') {
			ctl_say("\"%s\": write NAME=VALUE", line);
			return CTL_USAGE;
		}
		status = find_setting(noun, line, len, &id);
		if (status == CTL_OK)
			status = noun_done(noun,
			                   act_set(&noun->ctx,
			                           noun_text(noun, NOUN_POLICY),
			                           id,
			                           rst_view_of(line + len + 1),
			                           &noun->refusal),
			                   line, "set");
	}
	return status;
}

static enum ctl_status
unset(struct noun *noun)
{
	enum ctl_status status = CTL_OK;
	enum rule_setting_id id;

	for (size_t i = 0; status == CTL_OK && i < noun->n_args; i++) {
		status = find_setting(noun, noun->args[i],
		                      strlen(noun->args[i]), &id);
		if (status == CTL_OK)
			status = noun_done(noun,
			                   act_set(&noun->ctx,
			                           noun_text(noun, NOUN_POLICY),
			                           id, rst_view(NULL, 0),
			                           &noun->refusal),
			                   noun->args[i], "unset");
	}
	return status;
}

/* Line by line, each as "set" or "unset" would. */
static enum ctl_status
preset(struct noun *noun)
{
	const struct rule_preset_line *line = rule_preset_find(noun->args[0]);
	enum ctl_status status = CTL_OK;

	if (line == NULL) {
		ctl_say("there is no preset \"%s\": " RULE_PRESETS,
		        noun->args[0]);
		return CTL_INVALID;
	}
	for (; status == CTL_OK && line->id != RULE_SETTING_END; line++)
		status = ctl_failed(act_set(&noun->ctx,
		                            noun_text(noun, NOUN_POLICY),
		                            line->id, rst_view_of(line->value),
		                            &noun->refusal),
		                    &noun->refusal);
	if (status != CTL_OK)
		return status;
	return noun_done(noun, RST_OK, noun->args[0], "set");
}

/* What a setting is, for people. */
static enum ctl_status
explain(struct noun *noun)
{
	char range[RULE_SETTING_RANGE_BYTES];
	enum rule_setting_id id;
	enum ctl_status status;

	status = find_setting(noun, noun->args[0], strlen(noun->args[0]), &id);
	if (status != CTL_OK)
		return status;
	rule_setting_print_range(id, range);
	printf("%s\n  %s.\n  Takes %s.\n  Unless it is set: %s\n  %s\n",
	       rule_setting(id)->name, rule_setting(id)->text, range,
	       rule_setting(id)->value[0] != '\0' ? rule_setting(id)->value
	                                          : "nothing",
	       rule_setting(id)->scope == RULE_SCOPE_POLICY
	               ? "Policies may set it too."
	               : "For the whole directory.");
	return CTL_OK;
}

static const struct noun_verb config_verbs[] = {
	{ "list", "", "Every setting; * before those that were set", 0, 0,
	  NOUN_BIT(POLICY), false, list },
	{ "get", "NAME", "The value of one", 1, 1, NOUN_BIT(POLICY), false,
	  get },
	{ "set", "NAME=VALUE...", "Set it, for everybody or in a policy", 1,
	  NOUN_ARGS_MAX, NOUN_BIT(POLICY), true, set },
	{ "unset", "NAME...", "As if nobody had set it", 1, NOUN_ARGS_MAX,
	  NOUN_BIT(POLICY), true, unset },
	{ "preset", "PRESET",
	  "Rules for passwords to begin with: " RULE_PRESETS, 1, 1,
	  NOUN_BIT(POLICY), true, preset },
	{ "explain", "NAME", "What it is, and what it takes", 1, 1, 0, false,
	  explain },
};

enum ctl_status
ctl_config(struct ctl *ctl, int argc, char **argv)
{
	static const struct noun_table table = {
		"Settings of the directory.  Every process reads them at its "
		"next use; nothing needs a restart.\v",
		config_verbs, sizeof(config_verbs) / sizeof(config_verbs[0])
	};

	return noun_run(&table, ctl, argc, argv);
}

/* --------------------------------------------------------------- policies */

/* The value cn of each DN in rosterAppliesTo, with commas between. */
static void
print_groups(const struct rst_rtxn *txn, const struct rst_record *record)
{
	char ndn[RST_NORMAL_MAX];
	struct rst_record group;
	struct rst_attr attr;
	struct rst_view dn, cn;
	const char *before = "";
	uint64_t id;
	size_t len;

	if (!rst_record_attr(record, RST_A_ROSTERAPPLIESTO, &attr))
		return;
	while (rst_attr_next(&attr, &dn))
		if (rst_normalise(RST_MATCH_DN, dn, ndn, &len) == RST_OK &&
		    rst_tree_find(txn, rst_view(ndn, len), &id, NULL) ==
		            RST_OK &&
		    rst_record_get(txn, id, &group) == RST_OK) {
			cn = rst_record_first(&group, RST_A_CN);
			printf("%s%.*s", before, (int)cn.len, cn.ptr);
			before = ",";
		}
}

static enum ctl_status
print_policy(struct noun *noun, const struct rst_rtxn *txn,
             const struct rst_record *record)
{
	struct rst_view cn = rst_record_first(record, RST_A_CN);
	struct rst_view about = rst_record_first(record, RST_A_DESCRIPTION);
	uint64_t priority = 0;

	(void)noun;
	(void)rst_view_number(rst_record_first(record, RST_A_ROSTERPRIORITY),
	                      UINT32_MAX, &priority);
	printf("%-20.*s %6llu  ", (int)cn.len, cn.ptr,
	       (unsigned long long)priority);
	print_groups(txn, record);
	printf("%s%.*s\n", about.len > 0 ? "  " : "", (int)about.len,
	       about.len > 0 ? about.ptr : "");
	return CTL_OK;
}

static enum ctl_status
list_policies(struct noun *noun)
{
	struct rst_tree_cursor cursor = { 0 };
	struct rst_record record;
	uint64_t place, ids[BATCH];
	struct rst_rtxn txn;
	size_t n = 1;
	enum rst_err err;

	err = rst_read_begin(noun->env, &txn);
	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	err = lifecycle_place(&txn, "ou=policies", &place);
	while (err == RST_OK && n > 0) {
		err = rst_tree_children(&txn, place, &cursor, ids, BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			err = rst_record_get(&txn, ids[i], &record);
			if (err == RST_OK && record.kind == RST_KIND_SETTING)
				(void)print_policy(noun, &txn, &record);
		}
	}
	rst_read_end(&txn);
	return ctl_failed(err == RST_ENOTFOUND ? RST_OK : err, &noun->refusal);
}

static enum ctl_status
show_policy(struct noun *noun)
{
	return show_all(noun, rst_view_of(noun->args[0]));
}

static enum ctl_status
read_policy(struct noun *noun, struct act_policy *policy)
{
	uint64_t priority = 0;
	enum ctl_status status;

	status = noun_number(noun, NOUN_PRIORITY, UINT32_MAX, &priority);
	*policy = (struct act_policy){
		.groups = noun->n_groups > 0 ? noun->groups : NULL,
		.n_groups = noun->n_groups,
		.set_priority = noun->option[NOUN_PRIORITY] != NULL,
		.priority = (unsigned int)priority,
		.description = noun_text(noun, NOUN_DESCRIPTION),
	};
	return status;
}

static enum ctl_status
add_policy(struct noun *noun)
{
	struct act_policy policy;
	enum ctl_status status;
	enum rst_err err;

	status = read_policy(noun, &policy);
	if (status != CTL_OK)
		return status;
	err = act_create_policy(&noun->ctx, rst_view_of(noun->args[0]), &policy,
	                        &noun->refusal);
	if (err == RST_EEXISTS) {
		ctl_say("there is a policy \"%s\" already", noun->args[0]);
		return CTL_REFUSED;
	}
	return noun_done(noun, err, noun->args[0], "added");
}

static enum ctl_status
find_policy(struct noun *noun, uint64_t *ret_id)
{
	struct rst_record record = { .id = 0 };
	struct rst_rtxn txn;
	enum ctl_status status;

	status = ctl_failed(rst_read_begin(noun->env, &txn), &noun->refusal);
	if (status != CTL_OK)
		return status;
	status = find_entry(noun, &txn, rst_view_of(noun->args[0]), &record);
	if (status == CTL_OK)
		*ret_id = record.id;
	rst_read_end(&txn);
	return status;
}

static enum ctl_status
edit_policy(struct noun *noun)
{
	struct act_policy policy;
	enum ctl_status status;
	uint64_t id;

	status = read_policy(noun, &policy);
	if (status == CTL_OK)
		status = find_policy(noun, &id);
	if (status != CTL_OK)
		return status;
	return noun_done(
		noun, act_edit_policy(&noun->ctx, id, &policy, &noun->refusal),
		noun->args[0], "changed");
}

static enum ctl_status
delete_policy(struct noun *noun)
{
	enum ctl_status status;
	uint64_t id;

	status = find_policy(noun, &id);
	if (status != CTL_OK)
		return status;
	return noun_done(noun,
	                 act_delete_policy(&noun->ctx, id, &noun->refusal),
	                 noun->args[0], "deleted");
}

#define POLICY_OPTIONS                                                         \
	(NOUN_BIT(GROUP) | NOUN_BIT(PRIORITY) | NOUN_BIT(DESCRIPTION))

static const struct noun_verb policy_verbs[] = {
	{ "list", "", "Every policy: priority, groups", 0, 0, 0, false,
	  list_policies },
	{ "show", "POLICY", "What it sets", 1, 1, 0, false, show_policy },
	{ "add", "POLICY",
	  "A policy for the members of --group; config set --policy fills it",
	  1, 1, POLICY_OPTIONS, true, add_policy },
	{ "edit", "POLICY", "Change what the options name", 1, 1,
	  POLICY_OPTIONS, true, edit_policy },
	{ "delete", "POLICY", "What it set is as for everybody again", 1, 1, 0,
	  true, delete_policy },
};

enum ctl_status
ctl_policy(struct ctl *ctl, int argc, char **argv)
{
	static const struct noun_table table = {
		"Policies: settings for the members of some groups.\v",
		policy_verbs, sizeof(policy_verbs) / sizeof(policy_verbs[0])
	};

	return noun_run(&table, ctl, argc, argv);
}
