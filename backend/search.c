/* SPDX-License-Identifier: OLDAP-2.8 */
/* search.c - the search operation
 *
 * Entries are copied in batches under a snapshot, the snapshot is let go, and
 * then they are sent: a read transaction never waits for a client, whose
 * network may stand still for minutes while writers fill the map.
 *
 * slapd's own check for a pause of its threads comes before every 64th entry,
 * and would end the search with "busy".  So a batch ends there: between two
 * batches the pause is let through and the search goes on.  What a batch
 * holds was built for the ACLs of that moment; were they changed while it was
 * being sent, an attribute that a new rule looks at might not be there, so the
 * rest of it is not sent.
 */
#include "search_priv.h"

#include <time.h>

#define PAUSE_MASK 0x3f /* of slapd's check in send_search_entry() */

struct search {
	Operation *op;
	SlapReply *rs;
	struct back_db *db;
	struct back_needs *needs;
	struct back_walk walk;
	struct back_audit audit;
	struct back_arena *arena;
	Entry *batch[PAUSE_MASK + 1]; /* the most of batch_size() */
	size_t n_batch;
	bool more; /* the walk has not ended */
	bool paged;
	uint64_t last; /* sent */
	time_t stop;   /* 0: no time limit */
	unsigned int epoch;
	uintptr_t acls;
};

/* A number that changes with the ACLs. */
static uintptr_t
acls_now(const Operation *op)
{
	const AccessControl *lists[] = { op->o_bd->be_acl, frontendDB->be_acl };
	const AccessControl *acl;
	uintptr_t sum = 0;

	for (size_t i = 0; i < 2; i++)
		for (acl = lists[i]; acl != NULL; acl = acl->acl_next)
			sum = sum * 31 + (uintptr_t)acl +
			      (uintptr_t)acl->acl_filter * 7 +
			      (uintptr_t)acl->acl_access * 3;
	return sum;
}

static bool
is_visible(const struct search *search, const struct rst_record *record)
{
	Operation *op = search->op;
	bool subentry = (record->flags & RST_REC_SUBENTRY) != 0;

	if (get_subentries_visibility(op))
		return subentry;
	if (!subentry)
		return true;
	return op->ors_scope == LDAP_SCOPE_BASE && !get_subentries(op);
}

/* Not the base: an entry that only points to another server. */
static bool
is_reference(const struct search *search, const struct rst_record *record)
{
	return (record->flags & RST_REC_REFERRAL) &&
	       !get_manageDSAit(search->op) &&
	       search->op->ors_scope != LDAP_SCOPE_BASE;
}

static enum rst_err
consider(struct search *search, const struct back_view *view,
         const struct rst_record *record)
{
	Operation *op = search->op;
	Entry *entry;
	enum rst_err err;

	if (!is_visible(search, record))
		return RST_OK;
	err = back_entry_build(view, record, search->needs, search->arena,
	                       &entry);
	if (err != RST_OK)
		return err;
	if ((!get_manageDSAit(op) && is_entry_glue(entry)) ||
	    back_hides(view, record, entry))
		return RST_OK;
	back_hide_keys(view, record, entry);
	/* followed already; a base that was not to be followed is itself */
	if ((op->ors_deref & LDAP_DEREF_SEARCHING) &&
	    (record->flags & RST_REC_ALIAS) &&
	    ((op->ors_deref & LDAP_DEREF_FINDING) ||
	     record->id != search->walk.base))
		return RST_OK;
	if (is_reference(search, record) ||
	    back_filter_test(view, record, entry, search->arena,
	                     op->ors_filter) == LDAP_COMPARE_TRUE)
		search->batch[search->n_batch++] = entry;
	return RST_OK;
}

/* One step below cn=audit; test_filter() is enough for what is built whole. */
static enum rst_err
next_audited(struct search *search, const struct back_view *view)
{
	Entry *entry;
	enum rst_err err;

	err = back_audit_next(&search->audit, view, search->arena, &entry);
	if (err == RST_OK && !get_subentries_visibility(search->op) &&
	    test_filter(search->op, entry, search->op->ors_filter) ==
	            LDAP_COMPARE_TRUE)
		search->batch[search->n_batch++] = entry;
	return err;
}

/* One step: what comes next joins the batch, if it matches. */
static enum rst_err
step(struct search *search, const struct back_view *view)
{
	struct rst_record record;
	enum rst_err err;

	if (search->audit.on)
		return next_audited(search, view);
	err = back_walk_next(&search->walk, view, &record);
	if (err == RST_OK && record.id != 0) {
		err = consider(search, view, &record);
		if (err == RST_ENOTFOUND)
			err = RST_ECORRUPT; /* this is not the end */
	}
	return err;
}

/* How many entries until slapd looks for a pause. */
static size_t
batch_size(const struct search *search)
{
	unsigned int sent = (unsigned int)search->rs->sr_nentries;
	size_t size = PAUSE_MASK - (sent & PAUSE_MASK);

	return size == 0 ? PAUSE_MASK + 1 : size;
}

/* Copy what matches; RST_OK also at the end of the walk. */
static enum rst_err
fill(struct search *search)
{
	struct back_read *read = NULL;
	struct back_view view;
	size_t size = batch_size(search);
	unsigned int looks = 0;
	enum rst_err err;
	bool was;

	search->n_batch = 0;
	back_arena_free(search->arena);
	search->arena = back_arena_new(search->op);
	err = back_read_begin(search->op, search->db, &read);
	if (err != RST_OK)
		return err;
	back_view_init(&view, search->op, search->db, &read->txn, true);
	back_needs_settle(search->needs, search->db, &read->txn);
	was = rst_read_as_kept(&read->txn, !view.computed);
	while (search->n_batch < size && looks++ < BACK_LOOK_AT_ONCE &&
	       back_arena_used(search->arena) < BACK_BATCH_BYTES) {
		err = step(search, &view);
		if (err == RST_ENOTFOUND) {
			search->more = false;
			err = RST_OK;
			break;
		}
		if (err != RST_OK)
			break;
	}
	(void)rst_read_as_kept(&read->txn, was);
	back_read_end(read);
	return err;
}

static void
send_reference(struct search *search, Entry *entry)
{
	Operation *op = search->op;
	SlapReply *rs = search->rs;
	BerVarray refs = get_entry_referrals(op, entry);

	rs->sr_ref = referral_rewrite(refs, &entry->e_name, NULL,
	                              op->ors_scope == LDAP_SCOPE_ONELEVEL
	                                      ? LDAP_SCOPE_BASE
	                                      : LDAP_SCOPE_SUBTREE);
	rs->sr_entry = entry;
	rs->sr_flags = 0;
	send_search_reference(op, rs);
	rs->sr_entry = NULL;
	ber_bvarray_free(rs->sr_ref);
	ber_bvarray_free(refs);
	rs->sr_ref = NULL;
}

static int
send_entry(struct search *search, Entry *entry)
{
	SlapReply *rs = search->rs;
	int code;

	rs->sr_attrs = search->op->ors_attrs;
	rs->sr_operational_attrs = NULL;
	rs->sr_ctrls = NULL;
	rs->sr_entry = entry;
	rs->sr_flags = 0;
	rs->sr_err = LDAP_SUCCESS;
	code = send_search_entry(search->op, rs);
	rs->sr_attrs = NULL;
	rs->sr_entry = NULL;
	return code;
}

/* The search ends here with this result. */
static bool
finish(struct search *search, int code, const char *text)
{
	SlapReply *rs = search->rs;

	rs->sr_err = code;
	if (text != NULL)
		rs->sr_text = text;
	rs->sr_ctrls = NULL;
	rs->sr_ref = rs->sr_v2ref;
	send_ldap_result(search->op, rs);
	rs->sr_ref = NULL;
	return false;
}

/* False: the search is over and answered. */
static bool
send_one(struct search *search, Entry *entry)
{
	Operation *op = search->op;
	int code;

	if (is_entry_referral(entry) && !get_manageDSAit(op) &&
	    op->ors_scope != LDAP_SCOPE_BASE) {
		send_reference(search, entry);
		return true;
	}
	if (search->paged &&
	    search->rs->sr_nentries >=
	            ((PagedResultsState *)op->o_pagedresults_state)->ps_size) {
		search->rs->sr_err = LDAP_SUCCESS;
		back_paged_send(op, search->rs, true, search->last);
		return false;
	}
	search->last = entry->e_id;
	code = send_entry(search, entry);
	if (code == LDAP_SIZELIMIT_EXCEEDED || code == LDAP_BUSY)
		return finish(search, code, NULL);
	if (code == LDAP_UNAVAILABLE) {
		/* the connection is gone: nobody to answer */
		search->rs->sr_err = LDAP_OTHER;
		return false;
	}
	return true;
}

/* Between two entries: does anybody still want them? */
static bool
go_on(struct search *search)
{
	Operation *op = search->op;

	if (op->o_abandon) {
		if (search->paged)
			back_paged_drop(op);
		search->rs->sr_err = SLAPD_ABANDON;
		send_ldap_result(op, search->rs);
		return false;
	}
	if (slapd_shutdown) {
		search->rs->sr_err = LDAP_UNAVAILABLE;
		send_ldap_disconnect(op, search->rs);
		return false;
	}
	if (search->stop != 0 && slap_get_time() > search->stop)
		return finish(search, LDAP_TIMELIMIT_EXCEEDED, NULL);
	return true;
}

static bool
send_batch(struct search *search)
{
	for (size_t i = 0; i < search->n_batch; i++) {
		if (!go_on(search))
			return false;
		if (back_epoch() != search->epoch ||
		    acls_now(search->op) != search->acls)
			return finish(search, LDAP_BUSY,
			              "the configuration changed meanwhile");
		if (!send_one(search, search->batch[i]))
			return false;
	}
	return true;
}

/* Let a pause of slapd's threads through, and see what it changed. */
static bool
between_batches(struct search *search)
{
	Operation *op = search->op;

	back_pause_let();
	if (back_epoch() != search->epoch)
		return finish(search, LDAP_BUSY,
		              "the database was closed meanwhile");
	if (acls_now(op) != search->acls) {
		search->acls = acls_now(op);
		search->needs =
			back_needs_search(op, op->ors_filter, op->ors_attrs);
		back_needs_add(search->needs, slap_schema.si_ad_ref);
	}
	return go_on(search);
}

static void
run(struct search *search)
{
	enum rst_err err;

	search->more = true;
	while (search->more) {
		if (!between_batches(search))
			return;
		err = fill(search);
		if (err != RST_OK) {
			Debug(LDAP_DEBUG_ANY, "roster: search: %s\n",
			      rst_strerror(err));
			finish(search,
			       err == RST_EBUSY ? LDAP_BUSY : LDAP_OTHER,
			       err == RST_EBUSY ? NULL
			                        : "internal error, see the "
			                          "log");
			return;
		}
		if (!send_batch(search))
			return;
	}
	search->rs->sr_ctrls = NULL;
	search->rs->sr_ref = search->rs->sr_v2ref;
	search->rs->sr_err =
		search->rs->sr_v2ref == NULL ? LDAP_SUCCESS : LDAP_REFERRAL;
	search->rs->sr_rspoid = NULL;
	if (search->paged)
		back_paged_send(search->op, search->rs, false, 0);
	else
		send_ldap_result(search->op, search->rs);
	search->rs->sr_ref = NULL;
}

/* What stands for the root above an empty suffix, as for back-mdb: glue.  It
 * is no constant, as what an attribute is called is known to the schema. */
static Entry *
root_above(Entry *root, Attribute attrs[2])
{
	static struct berval glue[] = { BER_BVC("glue"), BER_BVNULL };

	*root = slap_entry_root;
	root->e_ocflags = SLAP_OC_GLUE | SLAP_OC__END;
	root->e_attrs = attrs;
	attrs[0] = (Attribute){
		.a_desc = slap_schema.si_ad_objectClass,
		.a_vals = glue,
		.a_nvals = glue,
		.a_numvals = 1,
		.a_next = &attrs[1],
	};
	attrs[1] = attrs[0];
	attrs[1].a_desc = slap_schema.si_ad_structuralObjectClass;
	attrs[1].a_next = NULL;
	return root;
}

/* May the base be searched from?  Fills rs when not. */
static bool
check_base(struct search *search, const struct back_view *view,
           const struct rst_record *base)
{
	Operation *op = search->op;
	SlapReply *rs = search->rs;
	struct back_needs *needs = back_needs_acl(op);
	Attribute attrs[2];
	slap_mask_t mask;
	Entry root, *entry;
	bool good = false;

	/* nobody sees it: what was asked for is not needed */
	if (get_assert(op))
		back_needs_filter(needs, get_assertion(op));
	back_needs_settle(needs, view->db, view->txn);
	if (base->id == 0)
		entry = root_above(&root, attrs);
	else if (back_entry_build(view, base, needs, search->arena, &entry) !=
	         RST_OK) {
		rs->sr_err = LDAP_OTHER;
		return false;
	}
	if (back_hides(view, base, entry))
		back_reply_missing(view, rs, base->parent);
	else if (!access_allowed_mask(op, entry, slap_schema.si_ad_entry, NULL,
	                              ACL_SEARCH, NULL, &mask))
		rs->sr_err = ACL_GRANT(mask, ACL_DISCLOSE)
		                     ? LDAP_INSUFFICIENT_ACCESS
		                     : LDAP_NO_SUCH_OBJECT;
	else if ((base->flags & RST_REC_REFERRAL) && !get_manageDSAit(op))
		back_reply_referral(view, rs, base);
	else if (get_assert(op) &&
	         back_filter_test(view, base, entry, search->arena,
	                          get_assertion(op)) != LDAP_COMPARE_TRUE)
		rs->sr_err = LDAP_ASSERTION_FAILED;
	else
		good = true;
	return good;
}

/* Has the client the right to look at that many entries? */
static bool
within_limit(const Operation *op, uint64_t n)
{
	return op->ors_limit == NULL || op->ors_limit->lms_s_unchecked == -1 ||
	       n <= (uint64_t)op->ors_limit->lms_s_unchecked;
}

static bool
begin_pages(struct search *search, uint64_t *after)
{
	SlapReply *rs = search->rs;
	bool done;

	*after = 0;
	search->paged = get_pagedresults(search->op) > SLAP_CONTROL_IGNORED;
	if (!search->paged)
		return true;
	rs->sr_err = back_paged_begin(search->op, rs, after, &done);
	search->last = *after;
	return rs->sr_err == LDAP_SUCCESS && !done;
}

static void
reply_broken(struct search *search, enum rst_err err)
{
	Debug(LDAP_DEBUG_ANY, "roster: \"%s\": %s\n",
	      search->op->o_req_dn.bv_val, rst_strerror(err));
	search->rs->sr_err = LDAP_OTHER;
	search->rs->sr_text = "internal error, see the log";
}

static void
reply_alias(const struct back_view *view, SlapReply *rs,
            const struct rst_record *alias,
            const struct back_alias_error *error)
{
	Entry *entry = NULL;

	rs->sr_err = LDAP_NO_SUCH_OBJECT;
	if (back_entry_new(view, alias, back_needs_acl(view->op), &entry) !=
	    RST_OK)
		return;
	if (access_allowed(view->op, entry, slap_schema.si_ad_entry, NULL,
	                   ACL_DISCLOSE, NULL)) {
		rs->sr_err = error->code;
		rs->sr_matched = ch_strdup(entry->e_name.bv_val);
		rs->sr_flags |= REP_MATCHED_MUSTBEFREED;
	}
	if (rs->sr_err == error->code || !view->lifecycle)
		rs->sr_text = error->text;
	back_entry_free(entry);
}

/* The name below an alias becomes the same name below what it points to. */
static enum rst_err
rebase(const struct back_view *view, struct berval *ndn, uint64_t alias,
       uint64_t target)
{
	Operation *op = view->op;
	char text[RST_DN_MAX];
	struct berval parent = { 0, text }, stub = *ndn;
	size_t len;
	enum rst_err err;

	err = rst_tree_ndn(view->txn, alias, text, sizeof(text), &len);
	if (err != RST_OK)
		return err;
	stub.bv_len -= len + 1;
	err = rst_tree_ndn(view->txn, target, text, sizeof(text), &len);
	if (err != RST_OK)
		return err;
	parent.bv_len = len;
	build_new_dn(ndn, &parent, &stub, op->o_tmpmemctx);
	return RST_OK;
}

/* The entry to search from, aliases followed when that is asked for. */
static bool
find_base(struct search *search, const struct back_view *view,
          struct rst_record *base)
{
	Operation *op = search->op;
	struct back_alias_error error = { LDAP_SUCCESS, NULL };
	struct back_ids round = { NULL, 0, 0 };
	struct berval ndn = op->o_req_ndn;
	bool follows = (op->ors_deref & LDAP_DEREF_FINDING) != 0;
	uint64_t matched, alias;
	enum rst_err err;

	if (back_is_root(op->o_bd, &ndn))
		return true; /* no entry, but there is something below */
	while ((err = back_find(view->txn, &ndn, base, &matched)) ==
	               RST_ENOTFOUND &&
	       follows && matched != 0 &&
	       (err = rst_record_get(view->txn, matched, base)) == RST_OK) {
		alias = base->id;
		err = RST_ENOTFOUND;
		if (!(base->flags & RST_REC_ALIAS))
			break;
		if (!back_alias_follow(view, base, &round, NULL, &error) ||
		    rebase(view, &ndn, alias, base->id) != RST_OK)
			break;
	}
	if (err == RST_OK && follows)
		(void)back_alias_follow(view, base, &round, NULL, &error);
	op->o_tmpfree(round.at, op->o_tmpmemctx);
	if ((base->flags & RST_REC_ALIAS) && error.code != LDAP_SUCCESS)
		reply_alias(view, search->rs, base, &error);
	else if (err == RST_ENOTFOUND)
		back_reply_missing(view, search->rs, matched);
	else if (err == RST_OK)
		return true;
	else
		reply_broken(search, err);
	return false;
}

/* The same for a base at cn=audit or below. */
static bool
begin_audited(struct search *search, const struct back_view *view)
{
	SlapReply *rs = search->rs;
	uint64_t after, n;
	slap_mask_t mask;
	Entry *base;
	enum rst_err err;

	err = back_audit_find(&search->audit, view, search->arena, &base);
	if (err == RST_ENOTFOUND) {
		rs->sr_err = LDAP_NO_SUCH_OBJECT;
		return false;
	}
	if (err == RST_OK &&
	    !access_allowed_mask(search->op, base, slap_schema.si_ad_entry,
	                         NULL, ACL_SEARCH, NULL, &mask)) {
		rs->sr_err = ACL_GRANT(mask, ACL_DISCLOSE)
		                     ? LDAP_INSUFFICIENT_ACCESS
		                     : LDAP_NO_SUCH_OBJECT;
		return false;
	}
	if (err == RST_OK && !begin_pages(search, &after))
		return false;
	if (err == RST_OK)
		err = back_audit_begin(&search->audit, view, after, &n);
	if (err != RST_OK) {
		reply_broken(search, err);
		return false;
	}
	if (within_limit(search->op, n))
		return true;
	rs->sr_err = LDAP_ADMINLIMIT_EXCEEDED;
	return false;
}

/* Everything before the first batch.  False: rs holds the answer. */
/* Its filter looks at what is not stored?  Who has it changes without a change
 * of the entry, so a replica would not hear of it. */
static bool
names_computed(Operation *op)
{
	struct back_needs *needs = back_needs_none(op);

	back_needs_filter(needs, op->ors_filter);
	return back_names.member_of != NULL &&
	       back_needs_of(needs, back_names.member_of, &op->o_req_ndn) != 0;
}

static bool
begin(struct search *search, const struct back_view *view)
{
	Operation *op = search->op;
	SlapReply *rs = search->rs;
	struct rst_record base = { .id = 0 };
	uint64_t after, n;

	if (back_audit_holds(view, &op->o_req_ndn))
		return begin_audited(search, view);
	if (!view->computed && names_computed(op)) {
		rs->sr_err = LDAP_UNWILLING_TO_PERFORM;
		rs->sr_text = "memberOf is computed: no replica can be made "
			      "of those who have it";
		return false;
	}
	if (!find_base(search, view, &base) ||
	    !check_base(search, view, &base) || !begin_pages(search, &after))
		return false;
	if ((op->ors_deref & LDAP_DEREF_SEARCHING) &&
	    op->ors_scope != LDAP_SCOPE_BASE) {
		rs->sr_err =
			back_alias_scopes(view, base.id, &search->walk.scopes);
		if (rs->sr_err != LDAP_SUCCESS)
			return false;
	}
	back_walk_begin(&search->walk, view, &base, search->paged, after, &n);
	if (!within_limit(op, n)) {
		rs->sr_err = LDAP_ADMINLIMIT_EXCEEDED;
		return false;
	}
	return true;
}

int
roster_back_search(Operation *op, SlapReply *rs)
{
	struct search *search;
	struct back_read *read = NULL;
	struct back_view view;
	enum rst_err err;
	bool begun, was;

	search = op->o_tmpcalloc(1, sizeof(*search), op->o_tmpmemctx);
	search->op = op;
	search->rs = rs;
	search->db = op->o_bd->be_private;
	search->epoch = back_epoch();
	search->acls = acls_now(op);
	if (op->ors_tlimit != SLAP_NO_LIMIT)
		search->stop = op->o_time + op->ors_tlimit;
	search->needs = back_needs_search(op, op->ors_filter, op->ors_attrs);
	back_needs_add(search->needs, slap_schema.si_ad_ref);
	search->arena = back_arena_new(op);

	err = back_read_begin(op, search->db, &read);
	if (err == RST_OK) {
		back_view_init(&view, op, search->db, &read->txn, true);
		was = rst_read_as_kept(&read->txn, !view.computed);
		begun = begin(search, &view);
		(void)rst_read_as_kept(&read->txn, was);
		back_read_end(read);
		if (begun)
			run(search);
		else
			send_ldap_result(op, rs);
	} else {
		rs->sr_err = err == RST_EBUSY ? LDAP_BUSY : LDAP_OTHER;
		send_ldap_result(op, rs);
	}
	/* sr_text stays: overlay glue answers with it later */
	if (rs->sr_v2ref != NULL) {
		ber_bvarray_free(rs->sr_v2ref);
		rs->sr_v2ref = NULL;
	}
	back_arena_free(search->arena);
	op->o_tmpfree(search, op->o_tmpmemctx);
	return rs->sr_err;
}
