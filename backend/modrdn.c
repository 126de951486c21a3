/* SPDX-License-Identifier: OLDAP-2.8 */
/* modrdn.c - the modify DN operation
 *
 * slapd's front end has turned the new RDN into modifications.  In the store a
 * rename moves one row, however large the subtree below it.
 */
#include "modify_priv.h"

#include "backend/follow.h"

/* An entry below which another stands or is to stand. */
struct superior {
	struct rst_record record;
	Entry *entry; /* owned */
};

static bool
may_write_children(struct back_write *write, Entry *entry, slap_access_t access,
                   const char *denied)
{
	if (access_allowed(write->op, entry, slap_schema.si_ad_children, NULL,
	                   access, NULL))
		return true;
	write->rs->sr_err = LDAP_INSUFFICIENT_ACCESS;
	write->rs->sr_text = denied;
	return false;
}

/* RST_ENOTFOUND: rs is as it was.  The empty suffix has id 0, and slapd's
 * root entry stands for it. */
static enum rst_err
find_superior(struct back_write *write, struct berval *ndn,
              struct superior *superior)
{
	uint64_t matched;
	enum rst_err err;

	superior->entry = NULL;
	if (back_is_root(write->op->o_bd, ndn)) {
		memset(&superior->record, 0, sizeof(superior->record));
		superior->entry = entry_dup((Entry *)&slap_entry_root);
		return RST_OK;
	}
	err = back_find(&write->txn.r, ndn, &superior->record, &matched);
	if (err == RST_OK)
		err = back_entry_new(&write->view, &superior->record,
		                     back_needs_acl(write->op),
		                     &superior->entry);
	if (err != RST_OK && err != RST_ENOTFOUND)
		back_write_fail(write, err);
	return err;
}

/* The parent it has: there, and its children are ours to write? */
static bool
check_parent(struct back_write *write, uint64_t *ret_id)
{
	Operation *op = write->op;
	struct superior parent;
	struct berval ndn;
	enum rst_err err;
	bool good = false;

	if (be_issuffix(op->o_bd, &op->o_req_ndn)) {
		write->rs->sr_err = LDAP_NAMING_VIOLATION;
		write->rs->sr_text = "cannot rename suffix entry";
		return false;
	}
	dnParent(&op->o_req_ndn, &ndn);
	err = find_superior(write, &ndn, &parent);
	if (err == RST_ENOTFOUND) {
		/* as back-mdb: an ancestor that is there is not told */
		back_reply_elsewhere(op, write->rs);
	} else if (err == RST_OK) {
		*ret_id = parent.record.id;
		good = may_write_children(
			write, parent.entry,
			op->orr_newSup == NULL ? ACL_WRITE : ACL_WDEL,
			"no write access to parent's children");
	}
	back_entry_free(parent.entry);
	return good;
}

/* The parent it is to have; dn is then its name as written, in op's memory. */
static bool
check_new_superior(struct back_write *write, uint64_t *ret_id,
                   struct berval *ret_dn)
{
	Operation *op = write->op;
	SlapReply *rs = write->rs;
	struct superior to = { .entry = NULL };
	enum rst_err err = RST_ENOTFOUND;
	bool good = false;

	if (!dnIsSuffix(op->orr_nnewSup, &op->o_req_ndn))
		err = find_superior(write, op->orr_nnewSup, &to);
	if (err == RST_ENOTFOUND) {
		rs->sr_err = LDAP_NO_SUCH_OBJECT;
		rs->sr_text = "new superior not found";
	} else if (err == RST_OK &&
	           may_write_children(write, to.entry, ACL_WADD,
	                              "no write access to new superior's "
	                              "children")) {
		if (to.record.flags & RST_REC_ALIAS) {
			rs->sr_err = LDAP_ALIAS_PROBLEM;
			rs->sr_text = "new superior is an alias";
		} else if (to.record.flags & RST_REC_REFERRAL) {
			rs->sr_err = LDAP_OTHER;
			rs->sr_text = "new superior is a referral";
		} else {
			*ret_id = to.record.id;
			ber_dupbv_x(ret_dn, &to.entry->e_name, op->o_tmpmemctx);
			good = true;
		}
	}
	back_entry_free(to.entry);
	return good;
}

/* Is there something else at the new place? */
static bool
check_free(struct back_write *write, const struct back_target *target,
           const struct back_destination *to)
{
	struct rst_record other;
	uint64_t matched;
	enum rst_err err;

	err = back_find(&write->txn.r, &to->ndn, &other, &matched);
	if (err == RST_ENOTFOUND ||
	    (err == RST_OK && other.id == target->record.id))
		return true;
	if (err == RST_OK)
		write->rs->sr_err = LDAP_ALREADY_EXISTS;
	else
		back_write_fail(write, err);
	return false;
}

/* The new parent and names; dn and ndn are in op's memory. */
static bool
find_destination(struct back_write *write, const struct back_target *target,
                 struct back_destination *to)
{
	Operation *op = write->op;
	struct berval parent, nparent, moved = BER_BVNULL;

	dnParent(&target->entry->e_name, &parent);
	dnParent(&op->o_req_ndn, &nparent);
	if (op->orr_newSup != NULL && !dn_match(op->orr_nnewSup, &nparent)) {
		if (!check_new_superior(write, &to->parent, &moved))
			return false;
		parent = moved;
		nparent = *op->orr_nnewSup;
	}
	build_new_dn(&to->dn, &parent, &op->orr_newrdn, op->o_tmpmemctx);
	build_new_dn(&to->ndn, &nparent, &op->orr_nnewrdn, op->o_tmpmemctx);
	op->o_tmpfree(moved.bv_val, op->o_tmpmemctx);
	return check_free(write, target, to);
}

static bool
check_access(struct back_write *write, const struct back_target *target)
{
	if (access_allowed(write->op, target->entry, slap_schema.si_ad_entry,
	                   NULL, ACL_WRITE, NULL))
		return true;
	write->rs->sr_err = LDAP_INSUFFICIENT_ACCESS;
	write->rs->sr_text = "no write access to old entry";
	return false;
}

static void
modrdn(struct back_write *write, char *buf, size_t size)
{
	Operation *op = write->op;
	struct gate_change change = { .act = RST_VIEW("ldap-rename") };
	struct back_destination to = { 0, BER_BVNULL, BER_BVNULL };
	struct back_target target = { .entry = NULL };

	if (!back_write_csn(write, back_mods_csn(op->orr_modlist)))
		return;
	slap_mods_opattrs(op, &op->orr_modlist, 1);
	if (check_parent(write, &to.parent) &&
	    back_target_find(write, &target) &&
	    back_target_asserted(write, &target) &&
	    check_access(write, &target) && back_target_here(write, &target) &&
	    find_destination(write, &target, &to) &&
	    back_target_read(write, &target) &&
	    back_modify(write, &target, &op->orr_modlist, &to, &change, buf,
	                size))
		back_post_read(write, target.record.id);
	op->o_tmpfree(to.dn.bv_val, op->o_tmpmemctx);
	op->o_tmpfree(to.ndn.bv_val, op->o_tmpmemctx);
	write->kept[0] = target.entry;
}

int
roster_back_modrdn(Operation *op, SlapReply *rs)
{
	char buf[SLAP_TEXT_BUFLEN];
	struct back_write write;

	if (back_follow_replayed(op, rs))
		return rs->sr_err;
	buf[0] = '\0';
	if (back_write_begin(&write, op, rs, RST_WRITE_ORDINARY))
		modrdn(&write, buf, sizeof(buf));
	return back_write_end(&write);
}
