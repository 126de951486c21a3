/* SPDX-License-Identifier: OLDAP-2.8 */
/* state_export.c - rosterctl export: people, groups, policies, presets and
 * settings */
#include <stdlib.h>
#include <string.h>

#include "lifecycle/acts.h"
#include "lifecycle/moment.h"
#include "lifecycle/place.h"
#include "lifecycle/setting.h"
#include "store/member.h"
#include "tools/state.h"

static cJSON *
text_of(struct rst_view value)
{
	char *copy = rst_view_dup(value);
	cJSON *text = copy != NULL ? cJSON_CreateString(copy) : NULL;

	free(copy);
	return text;
}

/* One value as a text, several as a list. */
static bool
add_attr(cJSON *item, const struct rst_record *record,
         const struct state_attr *attr)
{
	struct rst_attr values;
	struct rst_view value;
	cJSON *list;

	if (!rst_record_attr(record, attr->id, &values) ||
	    !rst_attr_next(&values, &value))
		return true;
	if (values.left == 0)
		return cJSON_AddItemToObject(item, attr->name, text_of(value));
	list = cJSON_AddArrayToObject(item, attr->name);
	do
		if (!cJSON_AddItemToArray(list, text_of(value)))
			return false;
	while (rst_attr_next(&values, &value));
	return true;
}

static cJSON *
item_of(const struct rst_record *record, const char *key, uint16_t naming,
        const struct state_attr *attrs)
{
	cJSON *item = cJSON_CreateObject();
	bool good =
		item != NULL &&
		cJSON_AddItemToObject(
			item, key, text_of(rst_record_first(record, naming)));

	for (; good && attrs->name != NULL; attrs++)
		good = add_attr(item, record, attrs);
	if (good)
		return item;
	cJSON_Delete(item);
	return NULL;
}

/* "alice", "@ops", or with its end an object. */
static bool
add_member(cJSON *list, const struct rst_record *member, int64_t until_s)
{
	bool group = member->kind == RST_KIND_GROUP;
	struct rst_view its =
		rst_record_first(member, group ? RST_A_CN : RST_A_UID);
	char name[STATE_NAME_MAX + 1] = "@", until[LIFECYCLE_TIME_BYTES];
	cJSON *item;

	if (!rst_view_copy(its, name + (group ? 1 : 0), STATE_NAME_MAX))
		return true;
	if (until_s == 0)
		return cJSON_AddItemToArray(list, cJSON_CreateString(name));
	lifecycle_time_print_3339(until_s, until);
	item = cJSON_CreateObject();
	return cJSON_AddStringToObject(item, "name", name) != NULL &&
	       cJSON_AddStringToObject(item, "until", until) != NULL &&
	       cJSON_AddItemToArray(list, item);
}

static enum rst_err
add_members(cJSON *item, const struct rst_rtxn *txn, uint64_t group)
{
	cJSON *list = cJSON_AddArrayToObject(item, "members");
	struct rst_member_cursor cursor = { 0 };
	struct rst_record member;
	int64_t until_s;
	uint64_t id;
	enum rst_err err = list != NULL ? RST_OK : RST_ENOMEM;

	while (err == RST_OK) {
		err = rst_member_next_id(txn, group, &cursor, &id);
		if (err == RST_ENOTFOUND)
			return RST_OK;
		if (err == RST_OK)
			err = rst_record_get(txn, id, &member);
		if (err == RST_OK)
			err = rst_member_until(txn, group, id, &until_s);
		if (err == RST_OK && !add_member(list, &member, until_s))
			err = RST_ENOMEM;
	}
	return err == RST_ENOTFOUND ? RST_ECORRUPT : err;
}

static enum rst_err
add_group(cJSON *list, const struct rst_rtxn *txn,
          const struct rst_record *record)
{
	cJSON *item = item_of(record, "cn", RST_A_CN, state_group_attrs);
	struct rst_attr managers;
	enum rst_err err;

	if (!cJSON_AddItemToArray(list, item))
		return RST_ENOMEM;
	err = add_members(item, txn, record->id);
	if (err == RST_OK &&
	    rst_record_attr(record, RST_A_ROSTERMANAGER, &managers))
		err = state_add_names(item, "managers", txn, record,
		                      RST_A_ROSTERMANAGER, RST_A_UID);
	return err;
}

static enum rst_err
add_settings(cJSON *state, const struct rst_rtxn *txn)
{
	struct rst_record record;
	enum rst_err err = lifecycle_settings(txn, &record);

	if (err == RST_OK && !state_add_settings(state, &record))
		err = RST_ENOMEM;
	/* one that has no place yet is an empty one */
	return err == RST_ENOTFOUND ? RST_ECORRUPT : err;
}

/* 0: there are none. */
static enum rst_err
find_policies(const struct rst_rtxn *txn, uint64_t *ret_id)
{
	enum rst_err err = lifecycle_place(txn, "ou=policies", ret_id);

	if (err == RST_ENOTFOUND) {
		*ret_id = 0;
		err = RST_OK;
	}
	return err;
}

/* What the file has of each kind, and where policies are. */
struct lists {
	cJSON *users, *groups, *policies, *presets;
	uint64_t policies_id; /* 0: there are none */
};

static enum rst_err
add_record(const struct lists *lists, const struct rst_rtxn *txn,
           const struct rst_record *record)
{
	if (record->kind == RST_KIND_PERSON)
		return cJSON_AddItemToArray(lists->users,
		                            item_of(record, "uid", RST_A_UID,
		                                    state_person_attrs))
		               ? RST_OK
		               : RST_ENOMEM;
	if (record->kind == RST_KIND_SETTING && lists->policies_id != 0 &&
	    record->parent == lists->policies_id)
		return state_add_policy(lists->policies, txn, &state_policies,
		                        record);
	if (act_is_preset(record))
		return state_add_policy(lists->presets, txn, &state_presets,
		                        record);
	if (record->kind == RST_KIND_GROUP)
		return add_group(lists->groups, txn, record);
	return RST_OK;
}

enum ctl_status
state_export(struct rst_env *env, cJSON **ret_state)
{
	const struct act_refusal none = { 0 };
	cJSON *state = cJSON_CreateObject();
	struct lists lists = {
		cJSON_AddArrayToObject(state, "users"),
		cJSON_AddArrayToObject(state, "groups"),
		cJSON_AddArrayToObject(state, "policies"),
		cJSON_AddArrayToObject(state, "presets"),
		0,
	};
	struct rst_record record;
	struct rst_rtxn txn = { 0 };
	uint64_t id = 0;
	bool more = true;
	enum rst_err err;

	err = rst_read_begin(env, &txn);
	if (err == RST_OK && (lists.users == NULL || lists.groups == NULL ||
	                      lists.policies == NULL || lists.presets == NULL))
		err = RST_ENOMEM;
	if (err == RST_OK)
		err = add_settings(state, &txn);
	if (err == RST_OK)
		err = find_policies(&txn, &lists.policies_id);
	while (err == RST_OK && more) {
		err = rst_record_next(&txn, &id, &record);
		more = err != RST_ENOTFOUND;
		if (err == RST_OK)
			err = add_record(&lists, &txn, &record);
		else if (!more)
			err = RST_OK;
	}
	rst_read_end(&txn);
	if (err == RST_OK) {
		*ret_state = state;
		return CTL_OK;
	}
	cJSON_Delete(state);
	return ctl_failed(err, &none);
}
