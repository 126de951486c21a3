/* SPDX-License-Identifier: OLDAP-2.8 */
/* state_policy.c - policies in the file of rosterctl export and apply
 *
 *	{ "cn": "strict", "description": "...", "priority": "7",
 *	  "groups": ["crew"], "settings": { "password-min-length": "16" } }
 *
 * What an item does not name stays as it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle/acts.h"
#include "store/tree.h"
#include "tools/state.h"

static const struct state_attr policy_attrs[] = {
	{ "description", RST_A_DESCRIPTION },
	{ "priority", RST_A_ROSTERPRIORITY },
	{ NULL, 0 },
};
static const struct state_attr preset_attrs[] = {
	{ "description", RST_A_DESCRIPTION },
	{ "lifetime", RST_A_ROSTERLIFETIME },
	{ "uses", RST_A_ROSTERUSES },
	{ "needsApproval", RST_A_ROSTERNEEDSAPPROVAL },
	{ NULL, 0 },
};
const struct state_list state_policies = { "policies",
	                                   "policy",
	                                   RST_KIND_SETTING,
	                                   policy_attrs,
	                                   RST_A_ROSTERAPPLIESTO,
	                                   true };
const struct state_list state_presets = { "presets",         "preset",
	                                  RST_KIND_OTHER,    preset_attrs,
	                                  RST_A_ROSTERJOINS, false };

/* Values of the entry, and the texts that they are made of. */
struct making {
	struct act_state_value values[ACT_STATE_VALUES_MAX];
	char *texts[ACT_STATE_VALUES_MAX];
	size_t n;
};

/* Takes text; NULL: the attribute has no value. */
static enum rst_err
take(struct making *making, uint16_t attr, char *text)
{
	if (making->n == ACT_STATE_VALUES_MAX) {
		free(text);
		return RST_EINVALID;
	}
	making->texts[making->n] = text;
	making->values[making->n].attr = attr;
	making->values[making->n].value =
		text != NULL ? rst_view_of(text) : rst_view(NULL, 0);
	making->n++;
	return RST_OK;
}

static enum rst_err
take_copy(struct making *making, uint16_t attr, const char *value)
{
	char *text = strdup(value);

	return text != NULL ? take(making, attr, text) : RST_ENOMEM;
}

static enum rst_err
take_one(struct making *making, uint16_t attr, const cJSON *value)
{
	char number[24];

	if (value == NULL)
		return RST_OK;
	if (cJSON_IsNumber(value)) {
		(void)snprintf(number, sizeof(number), "%.0f",
		               value->valuedouble);
		return take_copy(making, attr, number);
	}
	if (cJSON_IsBool(value))
		return take_copy(making, attr,
		                 cJSON_IsTrue(value) ? "TRUE" : "FALSE");
	if (!cJSON_IsString(value))
		return RST_EINVALID;
	return value->valuestring[0] == '\0'
	               ? take(making, attr, NULL)
	               : take_copy(making, attr, value->valuestring);
}

/* The DN of the group as one more value of attr. */
static enum rst_err
take_group(struct making *making, const struct rst_rtxn *txn, uint16_t attr,
           const cJSON *name, struct act_refusal *refusal)
{
	char dn[RST_DN_MAX];
	uint64_t group;
	size_t len = 0;
	char *text;
	enum rst_err err = RST_ENOTFOUND;

	if (cJSON_IsString(name))
		err = act_find_group(txn, rst_view_of(name->valuestring),
		                     &group);
	if (err == RST_OK)
		err = rst_tree_dn(txn, group, dn, sizeof(dn), &len);
	if (err == RST_ENOTFOUND) {
		*refusal = (struct act_refusal){ RULE_UNKNOWN_GROUP,
			                         "groups",
			                         { "" } };
		return RST_EDENIED;
	}
	if (err != RST_OK)
		return err;
	text = rst_view_dup(rst_view(dn, len));
	return text != NULL ? take(making, attr, text) : RST_ENOMEM;
}

static enum rst_err
take_groups(struct making *making, const struct rst_rtxn *txn, uint16_t attr,
            const cJSON *list, struct act_refusal *refusal)
{
	const cJSON *name;
	enum rst_err err = RST_OK;

	if (list == NULL)
		return RST_OK;
	if (!cJSON_IsArray(list))
		return RST_EINVALID;
	if (list->child == NULL)
		err = take(making, attr, NULL);
	cJSON_ArrayForEach(name, list)
	{
		if (err == RST_OK)
			err = take_group(making, txn, attr, name, refusal);
	}
	return err;
}

static enum rst_err
take_settings(struct making *making, const cJSON *settings)
{
	const cJSON *one;
	char *line;
	enum rst_err err = RST_OK;

	if (settings == NULL)
		return RST_OK;
	if (!cJSON_IsObject(settings))
		return RST_EINVALID;
	if (settings->child == NULL)
		err = take(making, RST_A_ROSTERVALUE, NULL);
	cJSON_ArrayForEach(one, settings)
	{
		if (err != RST_OK || !cJSON_IsString(one))
			return err != RST_OK ? err : RST_EINVALID;
		if (asprintf(&line, "%s=%s", one->string, one->valuestring) < 0)
			return RST_ENOMEM;
		err = take(making, RST_A_ROSTERVALUE, line);
	}
	return err;
}

enum rst_err
state_policy_put(struct rst_wtxn *txn, const struct act_ctx *ctx,
                 const struct state_list *list, const cJSON *item,
                 enum act_state_change *ret_change, struct act_refusal *refusal)
{
	const cJSON *cn = cJSON_GetObjectItemCaseSensitive(item, "cn");
	struct making *making = calloc(1, sizeof(*making));
	const struct state_attr *attr;
	struct act_state_entry entry = { .kind = list->kind };
	enum rst_err err = making != NULL ? RST_OK : RST_ENOMEM;

	*refusal = (struct act_refusal){ 0 };
	for (attr = list->attrs; err == RST_OK && attr->name != NULL; attr++)
		err = take_one(
			making, attr->id,
			cJSON_GetObjectItemCaseSensitive(item, attr->name));
	if (err == RST_OK)
		err = take_groups(
			making, &txn->r, list->groups,
			cJSON_GetObjectItemCaseSensitive(item, "groups"),
			refusal);
	if (err == RST_OK && list->settings)
		err = take_settings(making, cJSON_GetObjectItemCaseSensitive(
						    item, "settings"));
	if (err == RST_OK) {
		entry.name =
			rst_view_of(cJSON_IsString(cn) ? cn->valuestring : "");
		entry.values = making->values;
		entry.n_values = making->n;
		err = act_state_put(txn, ctx, &entry, ret_change, refusal);
	}
	for (size_t i = 0; making != NULL && i < making->n; i++)
		free(making->texts[i]);
	free(making);
	return err;
}

/* ---------------------------------------------------------------- export */

static cJSON *
text_of(struct rst_view value)
{
	char *copy = rst_view_dup(value);
	cJSON *text = copy != NULL ? cJSON_CreateString(copy) : NULL;

	free(copy);
	return text;
}

bool
state_add_settings(cJSON *item, const struct rst_record *record)
{
	cJSON *settings = cJSON_AddObjectToObject(item, "settings");
	char name[STATE_NAME_MAX];
	struct rst_attr lines;
	struct rst_view line;
	const char *equals;
	size_t len;
	bool good = settings != NULL;

	if (!rst_record_attr(record, RST_A_ROSTERVALUE, &lines))
		return good;
	while (good && rst_attr_next(&lines, &line)) {
		equals = memchr(line.ptr, '=', line.len);
		len = equals != NULL ? (size_t)(equals - line.ptr) : 0;
		if (equals != NULL &&
		    rst_view_copy(rst_view(line.ptr, len), name, sizeof(name)))
			good = cJSON_AddItemToObject(
				settings, name,
				text_of(rst_view(equals + 1,
			                         line.len - len - 1)));
	}
	return good;
}

static enum rst_err
find_named(const struct rst_rtxn *txn, struct rst_view dn,
           struct rst_record *ret_record)
{
	char ndn[RST_NORMAL_MAX];
	uint64_t id;
	size_t len;
	enum rst_err err;

	err = rst_normalise(RST_MATCH_DN, dn, ndn, &len);
	if (err == RST_OK)
		err = rst_tree_find(txn, rst_view(ndn, len), &id, NULL);
	return err == RST_OK ? rst_record_get(txn, id, ret_record) : err;
}

enum rst_err
state_add_names(cJSON *item, const char *key, const struct rst_rtxn *txn,
                const struct rst_record *record, uint16_t attr, uint16_t called)
{
	cJSON *list = cJSON_AddArrayToObject(item, key);
	struct rst_record named;
	struct rst_attr dns;
	struct rst_view dn;
	enum rst_err err = list != NULL ? RST_OK : RST_ENOMEM;

	if (!rst_record_attr(record, attr, &dns))
		return err;
	while (err == RST_OK && rst_attr_next(&dns, &dn)) {
		err = find_named(txn, dn, &named);
		if (err == RST_ENOTFOUND || err == RST_EINVALID)
			err = RST_OK; /* of nobody */
		else if (err == RST_OK &&
		         !cJSON_AddItemToArray(list, text_of(rst_record_first(
							     &named, called))))
			err = RST_ENOMEM;
	}
	return err;
}

static bool
add_text(cJSON *item, const char *name, const struct rst_record *record,
         uint16_t attr)
{
	struct rst_view value = rst_record_first(record, attr);

	return value.len == 0 ||
	       cJSON_AddItemToObject(item, name, text_of(value));
}

enum rst_err
state_add_policy(cJSON *to, const struct rst_rtxn *txn,
                 const struct state_list *list, const struct rst_record *record)
{
	cJSON *item = cJSON_CreateObject();
	const struct state_attr *attr = list->attrs;
	bool good = cJSON_AddItemToArray(to, item) &&
	            add_text(item, "cn", record, RST_A_CN);
	enum rst_err err = RST_ENOMEM;

	for (; good && attr->name != NULL; attr++)
		good = add_text(item, attr->name, record, attr->id);
	if (good)
		err = state_add_names(item, "groups", txn, record, list->groups,
		                      RST_A_CN);
	if (err == RST_OK && list->settings &&
	    !state_add_settings(item, record))
		err = RST_ENOMEM;
	return err;
}
