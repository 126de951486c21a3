/* SPDX-License-Identifier: OLDAP-2.8 */
/* lookup.c - finding the entry of a request, and saying that it is not there */
#include "back-roster.h"

enum rst_err
back_find(const struct rst_rtxn *txn, const struct berval *ndn,
          struct rst_record *ret_record, uint64_t *ret_matched)
{
	uint64_t id;
	enum rst_err err;

	*ret_matched = 0;
	err = rst_tree_find(txn, back_view_of(ndn), &id, ret_matched);
	if (err != RST_OK)
		return err;
	return rst_record_get(txn, id, ret_record);
}

void
back_view_init(struct back_view *view, Operation *op, struct back_db *db,
               const struct rst_rtxn *txn, bool committed)
{
	memset(view, 0, sizeof(*view));
	view->db = db;
	view->txn = txn;
	view->committed = committed;
	view->op = op;
	view->lifecycle = gate_lifecycle_on(txn);
	/* a replica gets what is stored, and computes for itself */
	view->computed = op == NULL || op->o_sync <= SLAP_CONTROL_IGNORED;
	view->list_all = !view->computed;
}

static BerVarray
referrals_of(const struct back_view *view, Entry *entry, int scope)
{
	BerVarray refs, rewritten = NULL;

	refs = get_entry_referrals(view->op, entry);
	if (refs != NULL) {
		rewritten = referral_rewrite(refs, &entry->e_name,
		                             &view->op->o_req_dn, scope);
		ber_bvarray_free(refs);
	}
	return rewritten;
}

static int
scope_of(const Operation *op)
{
	return op->o_tag == LDAP_REQ_SEARCH ? op->ors_scope
	                                    : LDAP_SCOPE_DEFAULT;
}

/* No ancestor of it is here either: the suffix entry is missing. */
static void
reply_nothing(const struct back_view *view, SlapReply *rs)
{
	rs->sr_ref = referral_rewrite(default_referral, NULL,
	                              &view->op->o_req_dn, scope_of(view->op));
	rs->sr_err = rs->sr_ref != NULL ? LDAP_REFERRAL : LDAP_NO_SUCH_OBJECT;
	rs->sr_flags |= REP_REF_MUSTBEFREED;
}

static struct back_needs *
needs_with_ref(Operation *op)
{
	struct back_needs *needs = back_needs_acl(op);

	back_needs_add(needs, slap_schema.si_ad_ref);
	return needs;
}

void
back_reply_missing(const struct back_view *view, SlapReply *rs,
                   uint64_t matched)
{
	struct rst_record record;
	Entry *entry = NULL;

	if (matched == 0 ||
	    rst_record_get(view->txn, matched, &record) != RST_OK ||
	    back_entry_new(view, &record, needs_with_ref(view->op), &entry) !=
	            RST_OK) {
		reply_nothing(view, rs);
		return;
	}
	rs->sr_err = LDAP_NO_SUCH_OBJECT;
	if (access_allowed(view->op, entry, slap_schema.si_ad_entry, NULL,
	                   ACL_DISCLOSE, NULL)) {
		rs->sr_matched = ch_strdup(entry->e_name.bv_val);
		rs->sr_flags |= REP_MATCHED_MUSTBEFREED;
		if (record.flags & RST_REC_REFERRAL)
			rs->sr_ref =
				referrals_of(view, entry, scope_of(view->op));
		if (rs->sr_ref != NULL) {
			rs->sr_err = LDAP_REFERRAL;
			rs->sr_flags |= REP_REF_MUSTBEFREED;
		}
	}
	back_entry_free(entry);
}

void
back_reply_referral(const struct back_view *view, SlapReply *rs,
                    const struct rst_record *record)
{
	Entry *entry = NULL;

	rs->sr_err = LDAP_OTHER;
	rs->sr_text = "bad referral object";
	if (back_entry_new(view, record, needs_with_ref(view->op), &entry) !=
	    RST_OK)
		return;
	rs->sr_ref = referrals_of(view, entry, scope_of(view->op));
	if (rs->sr_ref != NULL) {
		rs->sr_err = LDAP_REFERRAL;
		rs->sr_text = NULL;
		rs->sr_flags |= REP_REF_MUSTBEFREED;
	}
	rs->sr_matched = ch_strdup(entry->e_name.bv_val);
	rs->sr_flags |= REP_MATCHED_MUSTBEFREED;
	back_entry_free(entry);
}
