/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_setting.c - settings and policies are changed */
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/place.h"
#include "lifecycle/setting.h"

#define LINE_MAX_BYTES (RULE_SETTING_NAME_MAX + RULE_SETTING_VALUE_MAX + 2)
#define VALUES_MAX     256 /* lines of one entry; groups of one policy */

/* "cn=settings", or "cn=NAME" below ou=policies.  RST_ENOTFOUND. */
static enum rst_err
find(const struct rst_rtxn *txn, struct rst_view policy, uint64_t *ret_id)
{
	struct rst_record record;
	uint64_t parent, id;
	char rdn[3 + RULE_NAME_MAX + 1];
	enum rst_err err;

	if (policy.len == 0)
		return lifecycle_place(txn, "cn=settings", ret_id);
	if (rule_setting_policy_name(policy.ptr, policy.len) != RULE_OK)
		return RST_ENOTFOUND;
	(void)snprintf(rdn, sizeof(rdn), "cn=%.*s", (int)policy.len,
	               policy.ptr);
	err = lifecycle_place(txn, "ou=policies", &parent);
	if (err == RST_OK)
		err = rst_tree_child(txn, parent, rst_view_of(rdn), &id);
	if (err == RST_OK)
		err = rst_record_get(txn, id, &record);
	if (err == RST_OK && record.kind != RST_KIND_SETTING)
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		*ret_id = id;
	return err;
}

enum rst_err
act_find_policy(const struct rst_rtxn *txn, struct rst_view name,
                uint64_t *ret_id)
{
	return name.len > 0 ? find(txn, name, ret_id) : RST_ENOTFOUND;
}

static bool
sets(struct rst_view line, const char *name)
{
	struct rst_view key = rst_view_of(name);

	return line.len > key.len && rst_view_starts(line, key) &&
	       line.ptr[key.len] == '=';
}

/* The lines of record without the one that sets name, then line. */
static enum rst_err
replace_line(struct rst_entry *entry, const struct rst_record *record,
             const char *name, struct rst_view line)
{
	struct rst_view lines[VALUES_MAX + 1], value;
	struct rst_attr attr;
	size_t n = 0;

	if (rst_record_attr(record, RST_A_ROSTERVALUE, &attr))
		while (n < VALUES_MAX && rst_attr_next(&attr, &value))
			if (!sets(value, name))
				lines[n++] = value;
	if (line.len > 0)
		lines[n++] = line;
	return rst_entry_set(entry, RST_A_ROSTERVALUE, lines, n);
}

enum rst_err
act_set(const struct act_ctx *ctx, struct rst_view policy,
        enum rule_setting_id id, struct rst_view value,
        struct act_refusal *refusal)
{
	const char *name = rule_setting(id)->name;
	struct rst_entry *after = NULL;
	struct rst_wtxn txn = { 0 };
	char line[LINE_MAX_BYTES] = "";
	struct rst_record record;
	uint64_t entry = 0;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	if (value.ptr != NULL &&
	    snprintf(line, sizeof(line), "%s=%.*s", name, (int)value.len,
	             value.ptr) >= (int)sizeof(line))
		return act_refuse(refusal, RULE_INVALID_SETTING, name);
	err = act_write_begin(ctx, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = policy.len > 0
	              ? find(&txn.r, policy, &entry)
	              : act_place(&txn, ctx, "cn=settings", &entry, refusal);
	if (err == RST_OK)
		err = rst_record_get(&txn.r, entry, &record);
	if (err == RST_OK)
		err = rst_entry_from_record(&record, &after);
	if (err == RST_OK)
		err = replace_line(after, &record, name, rst_view_of(line));
	if (err == RST_OK)
		err = act_gate_modify(&txn, ctx, "set", RST_VIEW(""), entry,
		                      after, refusal);
	err = act_end(&txn, ctx, err);
	rst_entry_free(after);
	return err;
}

/* The DNs of groups as rosterAppliesTo of entry.  RULE_UNKNOWN_GROUP. */
static enum rst_err
set_groups(const struct rst_rtxn *txn, struct rst_entry *entry,
           const struct act_policy *policy, struct act_refusal *refusal)
{
	char dn[RST_DN_MAX];
	uint64_t group;
	size_t len;
	enum rst_err err;

	err = rst_entry_set(entry, RST_A_ROSTERAPPLIESTO, NULL, 0);
	for (size_t i = 0; err == RST_OK && i < policy->n_groups; i++) {
		err = act_find_group(txn, policy->groups[i], &group);
		if (err == RST_ENOTFOUND)
			return act_refuse(refusal, RULE_UNKNOWN_GROUP,
			                  "groups");
		if (err == RST_OK)
			err = rst_tree_dn(txn, group, dn, sizeof(dn), &len);
		if (err == RST_OK)
			err = act_add_once(entry, RST_A_ROSTERAPPLIESTO,
			                   rst_view(dn, len));
	}
	return err;
}

static enum rst_err
fill(const struct rst_rtxn *txn, struct rst_entry *entry,
     const struct act_policy *policy, struct act_refusal *refusal)
{
	char number[12];
	enum rst_err err = RST_OK;

	if (policy->groups != NULL)
		err = set_groups(txn, entry, policy, refusal);
	if (err == RST_OK && policy->set_priority) {
		(void)snprintf(number, sizeof(number), "%u", policy->priority);
		err = rst_entry_set_one(entry, RST_A_ROSTERPRIORITY,
		                        rst_view_of(number));
	}
	if (err == RST_OK && policy->description.ptr != NULL)
		err = rst_entry_set(entry, RST_A_DESCRIPTION,
		                    &policy->description,
		                    policy->description.len > 0 ? 1 : 0);
	return err;
}

static enum rst_err
add_policy(struct rst_wtxn *txn, const struct act_ctx *ctx,
           struct rst_view name, const struct act_policy *policy,
           struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	enum rst_err err;

	err = act_build_named(txn, ctx, "ou=policies",
	                      RST_VIEW("rosterSetting"), name, &entry, refusal);
	if (err == RST_OK)
		err = fill(&txn->r, entry, policy, refusal);
	if (err == RST_OK)
		err = act_gate_add(txn, ctx, "create-policy", entry, NULL,
		                   refusal);
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_create_policy(const struct act_ctx *ctx, struct rst_view name,
                  const struct act_policy *policy, struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	if (rule_setting_policy_name(name.ptr, name.len) != RULE_OK)
		return act_refuse(refusal, RULE_INVALID_SETTING, "cn");
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = add_policy(&txn, ctx, name, policy, refusal);
	return act_end(&txn, ctx, err);
}

enum rst_err
act_edit_policy(const struct act_ctx *ctx, uint64_t id,
                const struct act_policy *policy, struct act_refusal *refusal)
{
	struct rst_entry *after = NULL;
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = act_load(&txn.r, id, RST_KIND_SETTING, &after, &record);
	if (err == RST_OK)
		err = fill(&txn.r, after, policy, refusal);
	if (err == RST_OK)
		err = act_gate_modify(&txn, ctx, "edit-policy", RST_VIEW(""),
		                      id, after, refusal);
	err = act_end(&txn, ctx, err);
	rst_entry_free(after);
	return err;
}

enum rst_err
act_delete_policy(const struct act_ctx *ctx, uint64_t id,
                  struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	uint64_t settings;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn.r, id, &record);
	if (err == RST_OK && record.kind != RST_KIND_SETTING)
		err = RST_ENOTFOUND;
	if (err == RST_OK) {
		err = find(&txn.r, RST_VIEW(""), &settings);
		if (err == RST_OK && settings == id)
			err = RST_ENOTFOUND;
		else if (err == RST_ENOTFOUND)
			err = RST_OK;
	}
	if (err == RST_OK)
		err = act_gate_delete(&txn, ctx, "delete-policy", RST_VIEW(""),
		                      id, refusal);
	return act_end(&txn, ctx, err);
}
