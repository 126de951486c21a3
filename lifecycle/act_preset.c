/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_preset.c - presets of invitations: made, changed, deleted, used */
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/place.h"
#include "rules/agreement.h"
#include "rules/invitation.h"
#include "rules/setting.h"

#define NUMBER_BYTES 12

bool
act_is_preset(const struct rst_record *record)
{
	return record->kind == RST_KIND_OTHER &&
	       gate_has_class(record, RST_VIEW("rosterPreset"));
}

enum rst_err
act_find_preset(const struct rst_rtxn *txn, struct rst_view name,
                uint64_t *ret_id)
{
	char rdn[3 + RULE_AGREEMENT_NAME_MAX + 1];
	struct rst_record record;
	uint64_t place, id;
	enum rst_err err;

	if (rule_agreement_name(name.ptr, name.len) != RULE_OK)
		return RST_ENOTFOUND;
	(void)snprintf(rdn, sizeof(rdn), "cn=%.*s", (int)name.len, name.ptr);
	err = lifecycle_place(txn, "ou=presets", &place);
	if (err == RST_OK)
		err = rst_tree_child(txn, place, rst_view_of(rdn), &id);
	if (err == RST_OK)
		err = rst_record_get(txn, id, &record);
	if (err == RST_OK && !act_is_preset(&record))
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		*ret_id = id;
	return err;
}

enum rst_err
act_add_joins(const struct rst_rtxn *txn, struct rst_entry *entry,
              const struct rst_view *groups, size_t n_groups,
              struct act_refusal *refusal)
{
	char dn[RST_DN_MAX];
	uint64_t group;
	size_t len;
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && i < n_groups; i++) {
		if (groups[i].len == 0)
			continue; /* an empty field of a form */
		err = act_find_group(txn, groups[i], &group);
		if (err == RST_ENOTFOUND)
			return act_refuse(refusal, RULE_UNKNOWN_GROUP,
			                  "groups");
		if (err == RST_OK)
			err = rst_tree_dn(txn, group, dn, sizeof(dn), &len);
		if (err == RST_OK)
			err = act_add_once(entry, RST_A_ROSTERJOINS,
			                   rst_view(dn, len));
	}
	return err;
}

static enum rst_err
set_groups(const struct rst_rtxn *txn, struct rst_entry *entry,
           const struct act_preset *preset, struct act_refusal *refusal)
{
	enum rst_err err = rst_entry_set(entry, RST_A_ROSTERJOINS, NULL, 0);

	return err == RST_OK ? act_add_joins(txn, entry, preset->groups,
	                                     preset->n_groups, refusal)
	                     : err;
}

/* What is not said stays, what is empty goes. */
static enum rst_err
set_text(struct rst_entry *entry, uint16_t attr, struct rst_view text)
{
	if (text.ptr == NULL)
		return RST_OK;
	return rst_entry_set(entry, attr, &text, text.len > 0 ? 1 : 0);
}

static enum rst_err
fill(const struct rst_rtxn *txn, struct rst_entry *entry,
     const struct act_preset *preset, struct act_refusal *refusal)
{
	char uses[NUMBER_BYTES];
	enum rst_err err = RST_OK;

	(void)snprintf(uses, sizeof(uses), "%u", (unsigned int)preset->uses);
	if (preset->groups != NULL)
		err = set_groups(txn, entry, preset, refusal);
	if (err == RST_OK)
		err = set_text(entry, RST_A_ROSTERLIFETIME, preset->lifetime);
	if (err == RST_OK && preset->set_uses)
		err = set_text(
			entry, RST_A_ROSTERUSES,
			rst_view(uses, preset->uses > 0 ? strlen(uses) : 0));
	if (err == RST_OK && preset->set_needs_approval)
		err = rst_entry_set_one(entry, RST_A_ROSTERNEEDSAPPROVAL,
		                        preset->needs_approval
		                                ? RST_VIEW("TRUE")
		                                : RST_VIEW("FALSE"));
	if (err == RST_OK)
		err = set_text(entry, RST_A_DESCRIPTION, preset->description);
	return err;
}

static enum rst_err
create(struct rst_wtxn *txn, const struct act_ctx *ctx, struct rst_view name,
       const struct act_preset *preset, struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	enum rst_err err;

	err = act_build_named(txn, ctx, "ou=presets", RST_VIEW("rosterPreset"),
	                      name, &entry, refusal);
	if (err == RST_OK)
		err = fill(&txn->r, entry, preset, refusal);
	if (err == RST_OK)
		err = act_gate_add(txn, ctx, "create-preset", entry, NULL,
		                   refusal);
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_create_preset(const struct act_ctx *ctx, struct rst_view name,
                  const struct act_preset *preset, struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	if (rule_agreement_name(name.ptr, name.len) != RULE_OK)
		return act_refuse(refusal, RULE_INVALID_NAME, "name");
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = create(&txn, ctx, name, preset, refusal);
	return act_end(&txn, ctx, err);
}

static enum rst_err
edit(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t id,
     const struct act_preset *preset, struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct rst_record record;
	enum rst_err err;

	err = act_load(&txn->r, id, RST_KIND_OTHER, &entry, &record);
	if (err == RST_OK)
		err = fill(&txn->r, entry, preset, refusal);
	if (err == RST_OK)
		err = act_gate_modify(txn, ctx, "edit-preset", RST_VIEW(""), id,
		                      entry, refusal);
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_edit_preset(const struct act_ctx *ctx, uint64_t id,
                const struct act_preset *preset, struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = edit(&txn, ctx, id, preset, refusal);
	return act_end(&txn, ctx, err);
}

enum rst_err
act_delete_preset(const struct act_ctx *ctx, uint64_t id,
                  struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = act_gate_delete(&txn, ctx, "delete-preset", RST_VIEW(""),
		                      id, refusal);
	return act_end(&txn, ctx, err);
}

/* One more group to join, unless it is among them or gone. */
static enum rst_err
add_group(const struct rst_rtxn *txn, struct rst_view dn,
          struct act_invite *invite, struct act_preset_room *room,
          struct act_refusal *refusal)
{
	char *name = room->names[invite->n_groups];
	uint64_t group;
	enum rst_err err;

	for (size_t i = 0; i < invite->n_groups; i++)
		room->groups[i] = invite->groups[i];
	invite->groups = room->groups;
	if (!lifecycle_rdn_value(dn, name, RULE_NAME_MAX + 1))
		return RST_OK;
	err = act_find_group(txn, rst_view_of(name), &group);
	if (err != RST_OK)
		return err == RST_ENOTFOUND ? RST_OK : err;
	for (size_t i = 0; i < invite->n_groups; i++)
		if (rst_view_equal_nocase(room->groups[i], rst_view_of(name)))
			return RST_OK;
	if (invite->n_groups == RULE_INVITATION_GROUPS_MAX)
		return act_invite_crowded(refusal);
	room->groups[invite->n_groups++] = rst_view_of(name);
	return RST_OK;
}

enum rst_err
act_preset_apply(const struct rst_rtxn *txn, struct act_invite *invite,
                 struct act_preset_room *room, struct act_refusal *refusal)
{
	struct rst_record preset;
	struct rst_view lifetime, dn;
	struct rst_attr joins;
	uint64_t id, uses;
	enum rst_err err;

	if (invite->preset.len == 0)
		return RST_OK;
	err = act_find_preset(txn, invite->preset, &id);
	if (err == RST_ENOTFOUND)
		return act_refuse(refusal, RULE_UNKNOWN_PRESET, "preset");
	if (err == RST_OK)
		err = rst_record_get(txn, id, &preset);
	if (err != RST_OK)
		return err;
	lifetime = rst_record_first(&preset, RST_A_ROSTERLIFETIME);
	if (invite->lifetime_s == 0 && lifetime.len > 0 &&
	    rule_setting_read(RULE_SETTING_INVITATION_LIFETIME, lifetime.ptr,
	                      lifetime.len, &invite->lifetime_s) != RULE_OK)
		return act_refuse(refusal, RULE_INVALID_EXPIRY, "preset");
	if (invite->uses == 0 &&
	    rst_view_number(rst_record_first(&preset, RST_A_ROSTERUSES),
	                    RULE_INVITATION_USES_MAX, &uses))
		invite->uses = (uint32_t)uses;
	if (!invite->set_needs_approval)
		invite->needs_approval = rst_view_equal_nocase(
			rst_record_first(&preset, RST_A_ROSTERNEEDSAPPROVAL),
			RST_VIEW("TRUE"));
	if (rst_record_attr(&preset, RST_A_ROSTERJOINS, &joins))
		while (err == RST_OK && rst_attr_next(&joins, &dn))
			err = add_group(txn, dn, invite, room, refusal);
	return err;
}
