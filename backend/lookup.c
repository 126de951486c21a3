/* SPDX-License-Identifier: OLDAP-2.8 */
/* lookup.c - finding the entry of a request, and saying that it is not there */
#include "back-roster.h"

bool
back_is_root(BackendDB *be, const struct berval *ndn)
{
	return BER_BVISEMPTY(ndn) && BER_BVISEMPTY(&be->be_nsuffix[0]);
}

bool
back_is_top(BackendDB *be, const struct berval *ndn)
{
	struct berval parent;

	if (!BER_BVISEMPTY(&be->be_nsuffix[0]))
		return be_issuffix(be, (struct berval *)ndn);
	dnParent((struct berval *)ndn, &parent);
	return BER_BVISEMPTY(&parent);
}

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
	/* rather hide too much than too little where that cannot be read */
	if (gate_lifecycle_on(txn, &view->lifecycle) != RST_OK)
		view->lifecycle = true;
	view->now_s = slap_get_time();
	/* a replica gets what is stored, and computes for itself; and one of
	 * ours compares what it has with what it got */
	view->computed = op == NULL || (op->o_sync <= SLAP_CONTROL_IGNORED &&
	                                !SLAPD_SYNC_IS_SYNCCONN(op->o_connid));
	view->list_all = !view->computed;
	/* and passwords, if the ACLs let it read them */
	view->secrets = op != NULL && !view->computed;
}

static int
scope_of(const Operation *op)
{
	return op->o_tag == LDAP_REQ_SEARCH ? op->ors_scope
	                                    : LDAP_SCOPE_DEFAULT;
}

/* Where entry points to, for a name at or below it. */
static BerVarray
referrals_of(const struct back_view *view, Entry *entry)
{
	BerVarray refs, rewritten = NULL;

	refs = get_entry_referrals(view->op, entry);
	if (refs != NULL) {
		rewritten = referral_rewrite(refs, &entry->e_name,
		                             &view->op->o_req_dn,
		                             scope_of(view->op));
		ber_bvarray_free(refs);
	}
	return rewritten;
}

/* slapd makes noSuchObject of it when there is no default referral. */
void
back_reply_elsewhere(Operation *op, SlapReply *rs)
{
	rs->sr_ref = referral_rewrite(default_referral, NULL, &op->o_req_dn,
	                              scope_of(op));
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

/*
 * Who changes entries learns in any case how far a name goes, as with
 * back-mdb, but not behind the lifecycle's closed doors.
 */
static bool
discloses(const struct back_view *view, Entry *entry)
{
	ber_tag_t tag = view->op->o_tag;

	if (!view->lifecycle && tag != LDAP_REQ_SEARCH &&
	    tag != LDAP_REQ_COMPARE)
		return true;
	return access_allowed(view->op, entry, slap_schema.si_ad_entry, NULL,
	                      ACL_DISCLOSE, NULL);
}

static void
reply_matched(SlapReply *rs, const Entry *entry, BerVarray refs)
{
	rs->sr_err = refs != NULL ? LDAP_REFERRAL : LDAP_NO_SUCH_OBJECT;
	rs->sr_matched = ch_strdup(entry->e_name.bv_val);
	rs->sr_ref = refs;
	rs->sr_flags |= REP_MATCHED_MUSTBEFREED | REP_REF_MUSTBEFREED;
}

void
back_reply_missing(const struct back_view *view, SlapReply *rs,
                   uint64_t matched)
{
	struct rst_record record;
	Entry *entry = NULL;

	/* as back-mdb, which asks for the parent first when it deletes */
	if (matched == 0 && BER_BVISEMPTY(&view->op->o_bd->be_nsuffix[0]) &&
	    (view->op->o_tag != LDAP_REQ_DELETE ||
	     back_is_top(view->op->o_bd, &view->op->o_req_ndn))) {
		rs->sr_err = LDAP_NO_SUCH_OBJECT; /* it would be here */
		return;
	}
	if (matched == 0 ||
	    rst_record_get(view->txn, matched, &record) != RST_OK ||
	    back_entry_new(view, &record, needs_with_ref(view->op), &entry) !=
	            RST_OK) {
		back_reply_elsewhere(view->op, rs);
		return;
	}
	rs->sr_err = LDAP_NO_SUCH_OBJECT;
	if (discloses(view, entry))
		reply_matched(rs, entry,
		              record.flags & RST_REC_REFERRAL
		                      ? referrals_of(view, entry)
		                      : NULL);
	back_entry_free(entry);
}

void
back_reply_referral(const struct back_view *view, SlapReply *rs,
                    const struct rst_record *record)
{
	ber_tag_t tag = view->op->o_tag;
	Entry *entry = NULL;
	bool below = tag == LDAP_REQ_SEARCH || tag == LDAP_REQ_ADD;

	if (back_entry_new(view, record, needs_with_ref(view->op), &entry) !=
	    RST_OK) {
		rs->sr_err = LDAP_OTHER;
		rs->sr_text = "bad referral object";
		return;
	}
	rs->sr_err = LDAP_NO_SUCH_OBJECT;
	if (tag != LDAP_REQ_COMPARE || discloses(view, entry))
		reply_matched(rs, entry,
		              below ? referrals_of(view, entry)
		                    : get_entry_referrals(view->op, entry));
	back_entry_free(entry);
}
