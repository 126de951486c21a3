/* SPDX-License-Identifier: OLDAP-2.8 */
/* delete.c - the delete operation
 *
 * With the lifecycle on, deleting a person leaves a tombstone that keeps the
 * number, ends sessions and memberships: all behind the gate.
 */
#include "modify_priv.h"

#include "backend/follow.h"

static bool
may_write_children(struct back_write *write, Entry *parent)
{
	if (access_allowed(write->op, parent, slap_schema.si_ad_children, NULL,
	                   ACL_WDEL, NULL))
		return true;
	write->rs->sr_err = LDAP_INSUFFICIENT_ACCESS;
	write->rs->sr_text = "no write access to parent";
	return false;
}

static bool
check_parent(struct back_write *write, const struct back_target *target)
{
	Operation *op = write->op;
	struct rst_record record;
	Entry *parent = (Entry *)&slap_entry_root;
	bool may;
	enum rst_err err;

	if (target->record.parent == 0) {
		if (be_isroot(op))
			return true;
		if (!be_issuffix(op->o_bd, (struct berval *)&slap_empty_bv) &&
		    !be_shadow_update(op)) {
			write->rs->sr_err = LDAP_INSUFFICIENT_ACCESS;
			return false;
		}
		return may_write_children(write, parent);
	}
	err = rst_record_get(&write->txn.r, target->record.parent, &record);
	if (err == RST_OK)
		err = back_entry_new(&write->view, &record, back_needs_acl(op),
		                     &parent);
	if (err != RST_OK) {
		back_write_fail(write, err);
		return false;
	}
	may = may_write_children(write, parent);
	back_entry_free(parent);
	return may;
}

static bool
check_access(struct back_write *write, const struct back_target *target)
{
	SlapReply *rs = write->rs;
	bool children;
	enum rst_err err;

	if (!check_parent(write, target) ||
	    !back_target_asserted(write, target))
		return false;
	if (!access_allowed(write->op, target->entry, slap_schema.si_ad_entry,
	                    NULL, ACL_WDEL, NULL)) {
		rs->sr_err = LDAP_INSUFFICIENT_ACCESS;
		rs->sr_text = "no write access to entry";
		return false;
	}
	if (!back_target_here(write, target) ||
	    !back_target_read(write, target))
		return false;
	err = rst_tree_has_children(&write->txn.r, target->record.id,
	                            &children);
	if (err != RST_OK) {
		back_write_fail(write, err);
		return false;
	}
	if (children) {
		rs->sr_err = LDAP_NOT_ALLOWED_ON_NONLEAF;
		rs->sr_text = "subordinate objects must be deleted first";
		return false;
	}
	return true;
}

static void delete (struct back_write *write)
{
	Operation *op = write->op;
	struct gate_change change = { .verb = GATE_DELETE,
		                      .act = RST_VIEW("ldap-delete") };
	struct back_target target;

	if (back_target_find(write, &target) && check_access(write, &target) &&
	    back_write_csn(write, NULL)) {
		change.id = target.record.id;
		change.csn = back_view_of(&op->o_csn);
		(void)back_write_gate(write, &change);
	}
	write->kept[0] = target.entry;
}

int
roster_back_delete(Operation *op, SlapReply *rs)
{
	struct back_write write;

	if (back_follow_replayed(op, rs))
		return rs->sr_err;
	if (get_treeDelete(op) > SLAP_CONTROL_IGNORED &&
	    !back_tree_delete(op, rs)) {
		send_ldap_result(op, rs);
		rs->sr_text = NULL;
		return rs->sr_err;
	}
	if (back_write_begin(&write, op, rs, RST_WRITE_FREEING))
		delete (&write);
	return back_write_end(&write);
}
