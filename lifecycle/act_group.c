/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_group.c - groups: made, deleted, joined, left */
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
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
	err = act_place(txn, ctx, "ou=groups", &groups, refusal);
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
	uint64_t id = 0;
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
	err = act_end(&txn, ctx, err);
	if (err == RST_OK)
		*ret_id = id;
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
			err = act_add_once(entry, RST_A_ROSTERMANAGER,
			                   rst_view(dn, len));
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
	err = act_end(&txn, ctx, err);
	rst_entry_free(entry);
	return err;
}

/* A DN among managers is this one, normalised. */
static enum rst_err
is_among(struct rst_attr managers, struct rst_view own, bool *ret_is)
{
	char manager[RST_NORMAL_MAX];
	struct rst_view value;
	size_t len;
	enum rst_err err;

	while (rst_attr_next(&managers, &value)) {
		err = rst_normalise(RST_MATCH_DN, value, manager, &len);
		*ret_is = err == RST_OK &&
		          rst_view_equal(rst_view(manager, len), own);
		if (*ret_is || (err != RST_OK && err != RST_EINVALID))
			return err;
	}
	return RST_OK;
}

enum rst_err
act_manages(const struct rst_rtxn *txn, uint64_t group, uint64_t person,
            bool *ret_manages)
{
	char ndn[RST_DN_MAX], own[RST_NORMAL_MAX];
	struct rst_attr managers;
	struct rst_record record;
	bool spared = false;
	size_t len, own_len;
	enum rst_err err;

	*ret_manages = false;
	err = rst_record_get(txn, group, &record);
	if (err == RST_ENOTFOUND ||
	    (err == RST_OK &&
	     (record.kind != RST_KIND_GROUP ||
	      !rst_record_attr(&record, RST_A_ROSTERMANAGER, &managers))))
		return RST_OK;
	if (err == RST_OK)
		err = gate_grants_administrator(txn, &record, &spared);
	if (err != RST_OK || spared)
		return err;
	err = rst_tree_ndn(txn, person, ndn, sizeof(ndn), &len);
	if (err == RST_OK)
		err = rst_normalise(RST_MATCH_DN, rst_view(ndn, len), own,
		                    &own_len);
	if (err == RST_OK)
		err = is_among(managers, rst_view(own, own_len), ret_manages);
	return err == RST_ENOTFOUND ? RST_OK : err;
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
	return act_end(&txn, ctx, err);
}

/* The values of rosterMemberUntil but the one of the member with this DN. */
static enum rst_err
drop_until(struct rst_entry *entry, const struct rst_record *group,
           struct rst_view ndn)
{
	char normal[RST_NORMAL_MAX], own[RST_NORMAL_MAX];
	struct rst_view kept[RST_UNTIL_MAX], value, dn;
	struct rst_attr untils;
	size_t n = 0, len, own_len;
	int64_t until_s;
	bool its;
	enum rst_err err;

	if (!rst_record_attr(group, RST_A_ROSTERMEMBERUNTIL, &untils))
		return RST_OK;
	err = rst_normalise(RST_MATCH_DN, ndn, own, &own_len);
	while (err == RST_OK && n < RST_UNTIL_MAX &&
	       rst_attr_next(&untils, &value)) {
		its = false;
		if (rst_until_parse(value, &until_s, &dn)) {
			err = rst_normalise(RST_MATCH_DN, dn, normal, &len);
			its = err == RST_OK &&
			      rst_view_equal(rst_view(normal, len),
			                     rst_view(own, own_len));
			err = err == RST_EINVALID ? RST_OK : err;
		}
		if (!its)
			kept[n++] = value;
	}
	if (err == RST_OK && n < untils.count)
		err = rst_entry_set(entry, RST_A_ROSTERMEMBERUNTIL, kept, n);
	return err;
}

/* The group as it is to be: with this end for member, or none. */
static enum rst_err
set_until(struct rst_wtxn *txn, const struct act_ctx *ctx,
          struct rst_entry *entry, const struct rst_record *group,
          uint64_t member, int64_t until_s)
{
	struct gate g = { .txn = txn, .ctx = ctx };
	char ndn[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	err = rst_tree_ndn(&txn->r, member, ndn, sizeof(ndn), &len);
	if (err == RST_OK)
		err = drop_until(entry, group, rst_view(ndn, len));
	if (err == RST_OK && until_s != RULE_NEVER)
		err = gate_until_add(&g, entry, member, until_s);
	return err;
}

/* Join, or stay, with an end or without. */
enum rst_err
act_gate_join_until(struct rst_wtxn *txn, const struct act_ctx *ctx,
                    uint64_t group, uint64_t member, int64_t until_s,
                    struct act_refusal *refusal)
{
	char dn[RST_DN_MAX], ndn[RST_DN_MAX];
	struct rst_entry *entry = NULL;
	struct rst_record record;
	struct rst_member_op op = {
		.verb = RST_MEMBER_ENSURE,
		.attr = RST_A_MEMBER,
	};
	struct gate_change change = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("join"),
		.id = group,
		.members = &op,
		.n_members = 1,
	};
	enum rst_err err;

	err = rst_tree_dn(&txn->r, member, dn, sizeof(dn), &op.value.len);
	if (err == RST_OK)
		err = rst_tree_ndn(&txn->r, member, ndn, sizeof(ndn),
		                   &op.nvalue.len);
	op.value.ptr = dn;
	op.nvalue.ptr = ndn;
	if (err == RST_OK)
		err = act_load(&txn->r, group, RST_KIND_GROUP, &entry, &record);
	if (err == RST_OK)
		err = set_until(txn, ctx, entry, &record, member, until_s);
	change.after = entry;
	if (err == RST_OK)
		err = gate_apply(txn, ctx, &change, refusal, NULL);
	rst_entry_free(entry);
	return err;
}

/* until_s: see act_join_until(); of a leave 0. */
static enum rst_err
change_member(const struct act_ctx *ctx, uint64_t group, uint64_t member,
              bool join, int64_t until_s, struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	int64_t until_now_s = 0;
	bool is = false;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = act_write_begin(
		ctx, join ? RST_WRITE_ORDINARY : RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	txn.r.now_s = ctx->now_s;
	err = rst_record_get(&txn.r, group, &record);
	if (err == RST_OK && record.kind != RST_KIND_GROUP)
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = rst_record_get(&txn.r, member, &record);
	if (err == RST_OK)
		err = rst_member_is(&txn.r, group, member, &is);
	if (err == RST_OK && is)
		err = rst_member_until(&txn.r, group, member, &until_now_s);
	if (until_now_s == 0)
		until_now_s = RULE_NEVER;
	/* What is so already needs no commit, but what is held goes on. */
	if (err == RST_OK && is == join &&
	    (until_s == 0 || until_s == until_now_s)) {
		if (ctx->hold != NULL)
			err = act_commit(&txn, ctx);
		goto out;
	}
	if (err != RST_OK)
		goto out;
	if (until_s == 0 || (until_s == RULE_NEVER && !is))
		err = act_gate_member(&txn, ctx, join ? "join" : "leave", group,
		                      member, join, refusal);
	else
		err = act_gate_join_until(&txn, ctx, group, member, until_s,
		                          refusal);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
out:
	rst_write_abort(&txn);
	return err;
}

enum rst_err
act_join(const struct act_ctx *ctx, uint64_t group, uint64_t member,
         struct act_refusal *refusal)
{
	return change_member(ctx, group, member, true, 0, refusal);
}

enum rst_err
act_join_until(const struct act_ctx *ctx, uint64_t group, uint64_t member,
               int64_t until_s, struct act_refusal *refusal)
{
	return change_member(ctx, group, member, true, until_s, refusal);
}

enum rst_err
act_leave(const struct act_ctx *ctx, uint64_t group, uint64_t member,
          struct act_refusal *refusal)
{
	return change_member(ctx, group, member, false, 0, refusal);
}
