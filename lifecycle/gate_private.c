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

bool
gate_gives_private_groups(const struct rst_rtxn *txn)
{
	return lifecycle_setting_number(txn, RULE_SETTING_PRIVATE_GROUPS) != 0;
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
	uint64_t made;
	enum rst_err err;

	if (!is_private(person) || !gate_gives_private_groups(&g->txn->r) ||
	    rst_ident_number_owner(&g->txn->r, RST_IDENT_GIDNUMBER,
	                           person->gid_number, 0,
	                           &(struct rst_ident_owner){ 0 }) == RST_OK)
		return RST_OK;
	err = act_group_add(g->txn, g->ctx, &group, &made, g->refusal);
	/* who waits for approval is in it then */
	if (err == RST_OK && person->status != RST_STATUS_PENDING &&
	    !rst_member_is(&g->txn->r, made, id))
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
	enum rst_err err = find_private(&g->txn->r, person, &group);

	if (err == RST_ENOTFOUND ||
	    (err == RST_OK && rst_member_is(&g->txn->r, group, id)))
		return RST_OK;
	return err == RST_OK ? gate_membership(g, group, id, true, 0) : err;
}

enum rst_err
gate_drop_private_group(struct gate *g, const struct rst_record *person)
{
	uint64_t id;
	enum rst_err err = find_private(&g->txn->r, person, &id);

	if (err == RST_ENOTFOUND)
		return RST_OK;
	if (err != RST_OK || rst_member_lives(&g->txn->r, id))
		return err;
	return act_gate_delete(g->txn, g->ctx, "delete-group", RST_VIEW(""), id,
	                       g->refusal);
}
