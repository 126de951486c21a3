/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_private.c - a group of one's own, of the same name and number
 *
 * With setting private-groups a new person without a gidNumber gets such a
 * group as primary group.  It goes with the person, unless others have joined
 * it meanwhile.
 */
#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/setting.h"
#include "store/ident.h"

enum rst_err
gate_gives_private_groups(const struct rst_rtxn *txn, bool *ret_gives)
{
	return lifecycle_setting_on(txn, RULE_SETTING_PRIVATE_GROUPS,
	                            ret_gives);
}

/* Would person's primary group be this private one? */
static bool
is_private(const struct rst_record *person)
{
	return person->uid_number != RST_NO_NUMBER &&
	       person->uid_number == person->gid_number;
}

enum rst_err
gate_add_private_group(struct gate *g, const struct rst_record *person,
                       uint64_t id)
{
	const struct act_group group = {
		.name = rst_record_first(person, RST_A_UID),
		.gid_number = person->gid_number,
		.description = RST_VIEW("Private group"),
	};
	struct rst_ident_owner owner;
	bool gives, is = false;
	uint64_t made;
	enum rst_err err;

	if (!is_private(person))
		return RST_OK;
	err = gate_gives_private_groups(&g->txn->r, &gives);
	if (err != RST_OK || !gives)
		return err;
	err = rst_ident_number_owner(&g->txn->r, RST_IDENT_GIDNUMBER,
	                             person->gid_number, 0, &owner);
	if (err != RST_ENOTFOUND)
		return err; /* RST_OK: there is one already */
	err = act_group_add(g->txn, g->ctx, &group, &made, g->refusal);
	/* who waits for approval is in it then */
	if (err == RST_OK && person->status != RST_STATUS_PENDING)
		err = rst_member_is(&g->txn->r, made, id, &is);
	if (err == RST_OK && !is)
		err = gate_membership(g, made, id, true, 0);
	return err;
}

/* RST_ENOTFOUND where person has none. */
static enum rst_err
find_private(const struct rst_rtxn *txn, const struct rst_record *person,
             uint64_t *ret_id)
{
	struct rst_record group;
	uint64_t id;
	enum rst_err err;

	if (!is_private(person))
		return RST_ENOTFOUND;
	err = act_find_group(txn, rst_record_first(person, RST_A_UID), &id);
	if (err == RST_OK)
		err = rst_record_get(txn, id, &group);
	if (err == RST_OK && group.gid_number != person->gid_number)
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		*ret_id = id;
	return err;
}

enum rst_err
gate_join_private_group(struct gate *g, const struct rst_record *person,
                        uint64_t id)
{
	uint64_t group;
	bool is = false;
	enum rst_err err = find_private(&g->txn->r, person, &group);

	if (err == RST_ENOTFOUND)
		return RST_OK;
	if (err == RST_OK)
		err = rst_member_is(&g->txn->r, group, id, &is);
	return err == RST_OK && !is ? gate_membership(g, group, id, true, 0)
	                            : err;
}

enum rst_err
gate_drop_private_group(struct gate *g, const struct rst_record *person)
{
	uint64_t id;
	bool lives = false;
	enum rst_err err = find_private(&g->txn->r, person, &id);

	if (err == RST_ENOTFOUND)
		return RST_OK;
	if (err == RST_OK)
		err = rst_member_lives(&g->txn->r, id, &lives);
	if (err != RST_OK || lives)
		return err;
	return act_gate_delete(g->txn, g->ctx, "delete-group", RST_VIEW(""), id,
	                       g->refusal);
}
