/* SPDX-License-Identifier: OLDAP-2.8 */
/* add.c - the add operation
 *
 * What the lifecycle fills in (a uidNumber, a home directory) goes into the
 * request's own entry before slapd's schema check, and whatever the gate
 * changes afterwards too: overlays log and replicate that entry.
 */
#include "modify_priv.h"

#include "backend/follow.h"

/* The parent may have children, and we may write them?  Fills rs. */
static bool
check_parent(struct back_write *write, const struct rst_record *parent)
{
	Operation *op = write->op;
	SlapReply *rs = write->rs;
	Entry *entry = (Entry *)&slap_entry_root;
	bool good = false;

	if (parent != NULL &&
	    back_entry_new(&write->view, parent, back_needs_acl(op), &entry) !=
	            RST_OK) {
		back_write_fail(write, RST_ECORRUPT);
		return false;
	}
	if (!access_allowed(op, entry, slap_schema.si_ad_children, NULL,
	                    ACL_WADD, NULL)) {
		rs->sr_err = LDAP_INSUFFICIENT_ACCESS;
		rs->sr_text = "no write access to parent";
	} else if (parent != NULL && (parent->flags & RST_REC_SUBENTRY)) {
		rs->sr_err = LDAP_OBJECT_CLASS_VIOLATION;
		rs->sr_text = "parent is a subentry";
	} else if (parent != NULL && (parent->flags & RST_REC_ALIAS)) {
		rs->sr_err = LDAP_ALIAS_PROBLEM;
		rs->sr_text = "parent is an alias";
	} else if (parent != NULL && (parent->flags & RST_REC_REFERRAL)) {
		back_reply_referral(&write->view, rs, parent);
	} else {
		good = true;
	}
	if (parent != NULL)
		back_entry_free(entry);
	return good;
}

/* Where it is to stand: *ret_parent is 0 for the suffix entry. */
static bool
find_place(struct back_write *write, uint64_t *ret_parent)
{
	Operation *op = write->op;
	struct berval *ndn = &op->ora_e->e_nname, parent_ndn;
	struct rst_record record;
	uint64_t matched;
	enum rst_err err;

	*ret_parent = 0;
	err = back_find(&write->txn.r, ndn, &record, &matched);
	if (err == RST_OK) {
		write->rs->sr_err = LDAP_ALREADY_EXISTS;
		return false;
	}
	if (err != RST_ENOTFOUND) {
		back_write_fail(write, err);
		return false;
	}
	if (back_is_top(op->o_bd, ndn))
		return check_parent(write, NULL);
	dnParent(ndn, &parent_ndn);
	err = back_find(&write->txn.r, &parent_ndn, &record, &matched);
	if (err == RST_ENOTFOUND) {
		back_reply_missing(&write->view, write->rs, matched);
		return false;
	}
	if (err != RST_OK) {
		back_write_fail(write, err);
		return false;
	}
	*ret_parent = record.id;
	return check_parent(write, &record);
}

static bool
check_access(struct back_write *write)
{
	Operation *op = write->op;
	SlapReply *rs = write->rs;

	if (!access_allowed(op, op->ora_e, slap_schema.si_ad_entry, NULL,
	                    ACL_WADD, NULL)) {
		rs->sr_err = LDAP_INSUFFICIENT_ACCESS;
		rs->sr_text = "no write access to entry";
	} else if (!acl_check_modlist(op, op->ora_e, op->ora_modlist)) {
		rs->sr_err = LDAP_INSUFFICIENT_ACCESS;
		rs->sr_text = "no write access to attribute";
	}
	return rs->sr_err == LDAP_SUCCESS;
}

/* A new rst_entry of what ora_e has by now. */
static enum rst_err
make_after(struct back_write *write, uint64_t parent,
           struct back_members *members, struct rst_entry **ret_after)
{
	Operation *op = write->op;
	struct rst_entry *after = NULL;
	enum rst_err err;

	err = rst_entry_new(&after);
	if (err == RST_OK)
		err = back_place(after, parent, &op->ora_e->e_name,
		                 &op->ora_e->e_nname,
		                 be_issuffix(op->o_bd, &op->ora_e->e_nname));
	if (err == RST_OK)
		err = back_convert(&write->txn, op->ora_e, after, members);
	if (err != RST_OK) {
		rst_entry_free(after);
		return err;
	}
	*ret_after = after;
	return RST_OK;
}

/* Take over into ora_e what after has become. */
static enum rst_err
follow(struct back_write *write, struct rst_entry *after)
{
	struct rst_record record;
	enum rst_err err;

	err = rst_entry_record(after, &record);
	if (err != RST_OK)
		return err;
	return back_convert_back(&write->view, &record, write->op->ora_e, NULL,
	                         NULL);
}

static bool
check_schema(struct back_write *write, char *buf, size_t size)
{
	Operation *op = write->op;
	SlapReply *rs = write->rs;

	rs->sr_err = entry_schema_check(op, op->ora_e, NULL, get_relax(op), 1,
	                                NULL, &rs->sr_text, buf, size);
	return rs->sr_err == LDAP_SUCCESS;
}

static bool
check_assertion(struct back_write *write)
{
	Operation *op = write->op;

	if (!get_assert(op) ||
	    test_filter(op, op->ora_e, get_assertion(op)) == LDAP_COMPARE_TRUE)
		return true;
	write->rs->sr_err = LDAP_ASSERTION_FAILED;
	return false;
}

/* Fill in what is missing, then slapd's schema check. */
static bool
complete(struct back_write *write, uint64_t parent, char *buf, size_t size)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	SlapReply *rs = write->rs;
	struct rst_entry *after = NULL;
	enum rst_err err;

	err = make_after(write, parent, NULL, &after);
	if (err == RST_OK)
		err = gate_complete(&write->txn, &write->ctx, after, &refusal);
	if (err == RST_OK)
		err = follow(write, after);
	rst_entry_free(after);
	if (err != RST_OK) {
		back_write_fail(write, err);
		back_map_refusal(err, &refusal, &write->reply);
		rs->sr_err = write->reply.code;
		rs->sr_text = write->reply.text;
		return false;
	}
	return check_schema(write, buf, size);
}

static bool
stamp(struct back_write *write, char *buf, size_t size)
{
	Operation *op = write->op;
	const Attribute *attr =
		attr_find(op->ora_e->e_attrs, slap_schema.si_ad_entryCSN);

	if (!back_write_csn(write, attr != NULL ? &attr->a_vals[0] : NULL))
		return false;
	write->rs->sr_err =
		slap_add_opattrs(op, &write->rs->sr_text, buf, size, 1);
	return write->rs->sr_err == LDAP_SUCCESS;
}

/*
 * The order of the checks is back-mdb's: a bad entry is refused before anybody
 * looks where it is to stand.  Only what the lifecycle fills in has to know
 * the place first.
 */
static bool
check(struct back_write *write, uint64_t *ret_parent, char *buf, size_t size)
{
	if (write->view.lifecycle && !(write->flags & GATE_IMPORT))
		return find_place(write, ret_parent) && check_access(write) &&
		       complete(write, *ret_parent, buf, size) &&
		       stamp(write, buf, size) && check_assertion(write);
	return check_schema(write, buf, size) && stamp(write, buf, size) &&
	       check_assertion(write) && find_place(write, ret_parent) &&
	       check_access(write);
}

static void
add(struct back_write *write, char *buf, size_t size)
{
	Operation *op = write->op;
	struct gate_change change = { .verb = GATE_ADD,
		                      .act = RST_VIEW("ldap-add") };
	struct back_members members = { NULL, 0, 0 };
	struct rst_entry *after = NULL;
	uint64_t parent;
	enum rst_err err;

	if (!check(write, &parent, buf, size))
		return;
	err = make_after(write, parent, &members, &after);
	if (err != RST_OK) {
		back_write_fail(write, err);
		goto out;
	}
	change.after = after;
	change.members = members.ops;
	change.n_members = members.n;
	if (!back_write_gate(write, &change))
		goto out;
	op->ora_e->e_id = rst_entry_id(after);
	err = follow(write, after);
	if (err == RST_OK)
		back_follow_add(write, rst_entry_id(after), op->ora_e);
	if (err != RST_OK)
		back_write_fail(write, err);
	else
		/* not ora_e: that has the hash of the password */
		back_post_read(write, rst_entry_id(after));
out:
	rst_entry_free(after);
	back_members_release(&members);
}

int
roster_back_add(Operation *op, SlapReply *rs)
{
	char buf[SLAP_TEXT_BUFLEN];
	struct back_write write;

	if (back_follow_replayed(op, rs))
		return rs->sr_err;
	buf[0] = '\0';
	if (back_write_begin(&write, op, rs, RST_WRITE_ORDINARY))
		add(&write, buf, sizeof(buf));
	return back_write_end(&write);
}
