/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_group.c - groups: made, deleted, joined, left */
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/place.h"

enum rst_err
act_group_add(struct rst_wtxn *txn, const struct act_ctx *ctx,
              const struct act_group *group, uint64_t *ret_id,
              struct act_refusal *refusal)
{
	char rdn[sizeof("cn=") + RULE_NAME_MAX], number[12];
	const struct act_value values[] = {
		{ RST_A_OBJECTCLASS, RST_VIEW("top") },
		{ RST_A_OBJECTCLASS, RST_VIEW("groupOfMembers") },
		{ RST_A_OBJECTCLASS, RST_VIEW("posixGroup") },
		{ RST_A_OBJECTCLASS, RST_VIEW("rosterGroup") },
		{ RST_A_CN, group->name },
		{ RST_A_GIDNUMBER,
		  { group->gid_number != 0 ? number : NULL,
		    (size_t)snprintf(number, sizeof(number), "%u",
		                     group->gid_number) } },
		{ RST_A_ROSTERADMINISTRATOR,
		  group->administrator ? RST_VIEW("TRUE") : rst_view(NULL, 0) },
		{ RST_A_DESCRIPTION, group->description.len > 0
		                             ? group->description
		                             : rst_view(NULL, 0) },
	};
	struct rst_entry *entry = NULL;
	uint64_t groups;
	enum rst_err err;

	(void)snprintf(rdn, sizeof(rdn), "cn=%.*s", (int)group->name.len,
	               group->name.ptr);
	err = lifecycle_place(&txn->r, "ou=groups", &groups);
	if (err == RST_OK)
		err = act_build(groups, rst_view_of(rdn), rst_view_of(rdn),
		                values, sizeof(values) / sizeof(values[0]),
		                &entry);
	if (err == RST_OK)
		err = act_gate_add(txn, ctx, "create-group", entry, ret_id,
		                   refusal);
	if (err == RST_EEXISTS)
		err = act_refuse(refusal, RULE_GROUP_TAKEN, "cn");
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_create_group(const struct act_ctx *ctx, struct rst_view name,
                 uint32_t gid_number, bool administrator,
                 struct rst_view description, uint64_t *ret_id,
                 struct act_refusal *refusal)
{
	const struct act_group group = {
		.name = name,
		.gid_number = gid_number,
		.administrator = administrator,
		.description = description,
	};
	struct rst_wtxn txn = { 0 };
	enum rule_verdict verdict;
	uint64_t id;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	/* Before it is part of a DN. */
	verdict = rule_groupname(name.ptr, name.len);
	if (verdict != RULE_OK)
		return act_refuse(refusal, verdict, "cn");
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = act_group_add(&txn, ctx, &group, &id, refusal);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
	if (err == RST_OK)
		*ret_id = id;
	rst_write_abort(&txn);
	return err;
}

/* The DNs of the people that names mean become the group's managers. */
static enum rst_err
set_managers(const struct rst_rtxn *txn, const struct act_group_edit *edit,
             struct rst_entry *entry, struct act_refusal *refusal)
{
	char dn[RST_DN_MAX];
	uint64_t person;
	size_t len;
	enum rst_err err;

	err = rst_entry_set(entry, RST_A_ROSTERMANAGER, NULL, 0);
	for (size_t i = 0; err == RST_OK && i < edit->n_managers; i++) {
		err = act_find_person(txn, edit->managers[i], &person);
		if (err == RST_ENOTFOUND)
			return act_refuse(refusal, RULE_UNKNOWN_USER,
			                  "rosterManager");
		if (err == RST_OK)
			err = rst_tree_dn(txn, person, dn, sizeof(dn), &len);
		if (err == RST_OK)
			err = rst_entry_add(entry, RST_A_ROSTERMANAGER,
			                    rst_view(dn, len));
		if (err == RST_EEXISTS)
			err = RST_OK; /* named twice */
	}
	return err;
}

static enum rst_err
edit_group(const struct rst_rtxn *txn, const struct act_group_edit *edit,
           struct rst_entry *entry, struct act_refusal *refusal)
{
	char number[12];
	enum rst_err err = RST_OK;

	if (edit->description.ptr != NULL)
		err = rst_entry_set(entry, RST_A_DESCRIPTION,
		                    &edit->description,
		                    edit->description.len > 0 ? 1 : 0);
	if (err == RST_OK && edit->set_administrator)
		err = rst_entry_set_one(entry, RST_A_ROSTERADMINISTRATOR,
		                        edit->administrator
		                                ? RST_VIEW("TRUE")
		                                : RST_VIEW("FALSE"));
	if (err == RST_OK && edit->gid_number != 0) {
		(void)snprintf(number, sizeof(number), "%u", edit->gid_number);
		err = rst_entry_set_one(entry, RST_A_GIDNUMBER,
		                        rst_view_of(number));
	}
	if (err == RST_OK && edit->managers != NULL)
		err = set_managers(txn, edit, entry, refusal);
	return err;
}

enum rst_err
act_edit_group(const struct act_ctx *ctx, uint64_t group,
               const struct act_group_edit *edit, struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	if (edit->n_managers > ACT_MANAGERS_MAX)
		return RST_EINVALID;
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = act_load(&txn.r, group, RST_KIND_GROUP, &entry, &record);
	if (err == RST_OK)
		err = edit_group(&txn.r, edit, entry, refusal);
	if (err == RST_OK)
		err = act_gate_modify(&txn, ctx, "edit-group", RST_VIEW(""),
		                      group, entry, refusal);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
	rst_write_abort(&txn);
	rst_entry_free(entry);
	return err;
}

bool
act_manages(const struct rst_rtxn *txn, uint64_t group, uint64_t person)
{
	char ndn[RST_DN_MAX], manager[RST_NORMAL_MAX], own[RST_NORMAL_MAX];
	struct rst_attr managers;
	struct rst_record record;
	struct rst_view value;
	size_t len, own_len;

	if (rst_record_get(txn, group, &record) != RST_OK ||
	    record.kind != RST_KIND_GROUP ||
	    (record.flags & RST_REC_ADMIN_GROUP) ||
	    !rst_record_attr(&record, RST_A_ROSTERMANAGER, &managers) ||
	    rst_tree_ndn(txn, person, ndn, sizeof(ndn), &len) != RST_OK ||
	    rst_normalise(RST_MATCH_DN, rst_view(ndn, len), own, &own_len) !=
	            RST_OK)
		return false;
	while (rst_attr_next(&managers, &value))
		if (rst_normalise(RST_MATCH_DN, value, manager, &len) ==
		            RST_OK &&
		    rst_view_equal(rst_view(manager, len),
		                   rst_view(own, own_len)))
			return true;
	return false;
}

enum rst_err
act_delete_group(const struct act_ctx *ctx, uint64_t group,
                 struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	err = rst_record_get(&txn.r, group, &record);
	if (err == RST_OK && record.kind != RST_KIND_GROUP)
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = act_gate_delete(&txn, ctx, "delete-group", RST_VIEW(""),
		                      group, refusal);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
	rst_write_abort(&txn);
	return err;
}

static enum rst_err
change_member(const struct act_ctx *ctx, uint64_t group, uint64_t person,
              bool join, struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(
		ctx->env, join ? RST_WRITE_ORDINARY : RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	err = rst_record_get(&txn.r, group, &record);
	if (err == RST_OK && record.kind != RST_KIND_GROUP)
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = rst_record_get(&txn.r, person, &record);
	/* What is so already needs no commit. */
	if (err != RST_OK || rst_member_is(&txn.r, group, person) == join)
		goto out;
	err = act_gate_member(&txn, ctx, join ? "join" : "leave", group, person,
	                      join, refusal);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
out:
	rst_write_abort(&txn);
	return err;
}

enum rst_err
act_join(const struct act_ctx *ctx, uint64_t group, uint64_t person,
         struct act_refusal *refusal)
{
	return change_member(ctx, group, person, true, refusal);
}

enum rst_err
act_leave(const struct act_ctx *ctx, uint64_t group, uint64_t person,
          struct act_refusal *refusal)
{
	return change_member(ctx, group, person, false, refusal);
}
