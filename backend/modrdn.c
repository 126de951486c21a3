/* SPDX-License-Identifier: OLDAP-2.8 */
/* modrdn.c - the modify DN operation
 *
 * slapd's front end has turned the new RDN into modifications.  In the store a
 * rename moves one row, however large the subtree below it.
 */
#include "modify_priv.h"

/* Write access to the children of the entry ndn?  *ret_id is its id. */
static bool
check_superior(struct back_write *write, struct berval *ndn,
               slap_access_t access, const char *denied, uint64_t *ret_id)
{
	Operation *op = write->op;
	SlapReply *rs = write->rs;
	struct rst_record record;
	Entry *entry = NULL;
	uint64_t matched;
	enum rst_err err;
	bool good = false;

	err = back_find(&write->txn.r, ndn, &record, &matched);
	if (err == RST_ENOTFOUND) {
		rs->sr_err = LDAP_NO_SUCH_OBJECT;
		rs->sr_text = "new superior not found";
		return false;
	}
	if (err == RST_OK)
		err = back_entry_new(&write->view, &record, back_needs_acl(op),
		                     &entry);
	if (err != RST_OK) {
		back_write_fail(write, err);
		return false;
	}
	if (!access_allowed(op, entry, slap_schema.si_ad_children, NULL, access,
	                    NULL)) {
		rs->sr_err = LDAP_INSUFFICIENT_ACCESS;
		rs->sr_text = denied;
	} else if (record.flags & RST_REC_ALIAS) {
		rs->sr_err = LDAP_ALIAS_PROBLEM;
		rs->sr_text = "new superior is an alias";
	} else if (record.flags & RST_REC_REFERRAL) {
		rs->sr_err = LDAP_OTHER;
		rs->sr_text = "new superior is a referral";
	} else {
		*ret_id = record.id;
		good = true;
	}
	back_entry_free(entry);
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

/* Both parents, and the new names; dn and ndn are in op's memory. */
static bool
find_destination(struct back_write *write, const struct back_target *target,
                 struct back_destination *to)
{
	Operation *op = write->op;
	SlapReply *rs = write->rs;
	struct berval parent, nparent;
	bool moves;

	dnParent(&target->entry->e_name, &parent);
	dnParent(&op->o_req_ndn, &nparent);
	moves = op->orr_newSup != NULL && !dn_match(op->orr_nnewSup, &nparent);
	if (!check_superior(write, &nparent, moves ? ACL_WDEL : ACL_WRITE,
	                    "no write access to parent's children",
	                    &to->parent))
		return false;
	if (moves) {
		if (dnIsSuffix(op->orr_nnewSup, &op->o_req_ndn)) {
			rs->sr_err = LDAP_NO_SUCH_OBJECT;
			rs->sr_text = "new superior not found";
			return false;
		}
		if (!check_superior(write, op->orr_nnewSup, ACL_WADD,
		                    "no write access to new superior's "
		                    "children",
		                    &to->parent))
			return false;
		parent = *op->orr_newSup;
		nparent = *op->orr_nnewSup;
	}
	build_new_dn(&to->dn, &parent, &op->orr_newrdn, op->o_tmpmemctx);
	build_new_dn(&to->ndn, &nparent, &op->orr_nnewrdn, op->o_tmpmemctx);
	return check_free(write, target, to);
}

static void
modrdn(struct back_write *write, char *buf, size_t size)
{
	Operation *op = write->op;
	SlapReply *rs = write->rs;
	struct gate_change change = { .act = RST_VIEW("ldap-rename") };
	struct back_destination to = { 0, BER_BVNULL, BER_BVNULL };
	struct back_target target;

	if (!back_write_csn(write, back_mods_csn(op->orr_modlist)))
		return;
	slap_mods_opattrs(op, &op->orr_modlist, 1);
	if (!back_target_find(write, &target))
		goto out;
	if (target.record.parent == 0) {
		rs->sr_err = LDAP_NAMING_VIOLATION;
		rs->sr_text = "cannot rename suffix entry";
	} else if (!access_allowed(op, target.entry, slap_schema.si_ad_entry,
	                           NULL, ACL_WRITE, NULL)) {
		rs->sr_err = LDAP_INSUFFICIENT_ACCESS;
		rs->sr_text = "no write access to old entry";
	} else if (find_destination(write, &target, &to)) {
		if (!back_write_read_control(write, target.entry, true))
			rs->sr_err = LDAP_OTHER;
		else if (back_modify(write, &target, &op->orr_modlist, &to,
		                     &change, buf, size))
			back_post_read(write, target.record.id);
	}
out:
	op->o_tmpfree(to.dn.bv_val, op->o_tmpmemctx);
	op->o_tmpfree(to.ndn.bv_val, op->o_tmpmemctx);
	write->kept[0] = target.entry;
}

int
roster_back_modrdn(Operation *op, SlapReply *rs)
{
	char buf[SLAP_TEXT_BUFLEN];
	struct back_write write;

	buf[0] = '\0';
	if (back_write_begin(&write, op, rs, RST_WRITE_ORDINARY))
		modrdn(&write, buf, sizeof(buf));
	return back_write_end(&write);
}
