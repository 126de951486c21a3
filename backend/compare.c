/* SPDX-License-Identifier: OLDAP-2.8 */
/* compare.c - the compare operation
 *
 * Membership is compared in the membership tables, hidden rows included,
 * without building a list.
 */
#include "back-roster.h"

/* May that be told?  As slap_compare_entry() has it. */
static int
disclosed(const struct back_view *view, Entry *entry, int code)
{
	return access_allowed(view->op, entry, slap_schema.si_ad_entry, NULL,
	                      ACL_DISCLOSE, NULL)
	               ? code
	               : LDAP_NO_SUCH_OBJECT;
}

static bool
is_asserted(const struct back_view *view, const struct rst_record *record,
            Entry *entry, struct back_arena *arena)
{
	return !get_assert(view->op) ||
	       back_filter_test(view, record, entry, arena,
	                        get_assertion(view->op)) == LDAP_COMPARE_TRUE;
}

static int
compare_entry(const struct back_view *view, const struct rst_record *record,
              Entry *entry, struct back_arena *arena)
{
	Operation *op = view->op;
	AttributeAssertion *ava = op->orc_ava;
	uint16_t id = back_member_id(ava->aa_desc);
	bool has;

	if (!access_allowed(op, entry, ava->aa_desc, &ava->aa_value,
	                    ACL_COMPARE, NULL))
		return disclosed(view, entry, LDAP_INSUFFICIENT_ACCESS);
	/* slapd's own does not know what is hidden or secret */
	if (!is_asserted(view, record, entry, arena))
		return disclosed(view, entry, LDAP_ASSERTION_FAILED);
	if (id == RST_A_NONE)
		return slap_compare_entry(op, entry, ava);
	if (!rst_member_any(view->txn, record, id))
		return disclosed(view, entry, LDAP_NO_SUCH_ATTRIBUTE);
	if (rst_member_has(view->txn, record, id, back_view_of(&ava->aa_value),
	                   &has) != RST_OK)
		return LDAP_OTHER;
	return has ? LDAP_COMPARE_TRUE : LDAP_COMPARE_FALSE;
}

static void
compare(const struct back_view *view, SlapReply *rs)
{
	Operation *op = view->op;
	AttributeDescription *ad = op->orc_ava->aa_desc;
	struct back_arena *arena;
	struct back_needs *needs;
	struct rst_record record;
	uint64_t matched;
	Entry *entry;
	enum rst_err err;

	err = back_find(view->txn, &op->o_req_ndn, &record, &matched);
	if (err == RST_ENOTFOUND) {
		back_reply_missing(view, rs, matched);
		return;
	}
	if (err == RST_OK && !get_manageDSAit(op) &&
	    (record.flags & RST_REC_REFERRAL)) {
		back_reply_referral(view, rs, &record);
		return;
	}
	arena = back_arena_new(op);
	needs = back_needs_acl(op);
	if (back_member_id(ad) == RST_A_NONE)
		back_needs_add(needs, ad);
	if (get_assert(op))
		back_needs_filter(needs, get_assertion(op));
	if (err == RST_OK)
		err = back_entry_build(view, &record, needs, arena, &entry);
	if (err == RST_OK && back_hides(view, &record, entry)) {
		back_reply_missing(view, rs, record.parent);
	} else if (err == RST_OK) {
		back_hide_keys(view, &record, entry);
		rs->sr_err = compare_entry(view, &record, entry, arena);
	} else {
		Debug(LDAP_DEBUG_ANY, "roster: compare \"%s\": %s\n",
		      op->o_req_dn.bv_val, rst_strerror(err));
		rs->sr_err = LDAP_OTHER;
	}
	back_arena_free(arena);
}

int
roster_back_compare(Operation *op, SlapReply *rs)
{
	AttributeDescription *ad = op->orc_ava->aa_desc;
	struct back_db *db = op->o_bd->be_private;
	struct back_read *read = NULL;
	struct back_view view;
	enum rst_err err;

	err = back_read_begin(op, db, &read);
	if (err != RST_OK) {
		rs->sr_err = err == RST_EBUSY ? LDAP_BUSY : LDAP_OTHER;
		send_ldap_result(op, rs);
		return rs->sr_err;
	}
	back_view_init(&view, op, db, &read->txn, true);
	if (view.lifecycle && back_is_password(ad)) {
		/* the same answer for every name */
		rs->sr_err = LDAP_UNWILLING_TO_PERFORM;
		rs->sr_text = "passwords are not compared: bind instead";
	} else {
		compare(&view, rs);
	}
	back_read_end(read);
	send_ldap_result(op, rs);
	rs->sr_text = NULL;
	if (rs->sr_err == LDAP_COMPARE_TRUE || rs->sr_err == LDAP_COMPARE_FALSE)
		rs->sr_err = LDAP_SUCCESS;
	return rs->sr_err;
}
