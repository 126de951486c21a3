/* SPDX-License-Identifier: OLDAP-2.8 */
/* treedelete.c - the tree delete control, draft-armijo-ldap-treedelete
 *
 * What is below the entry goes first, the deepest first, each as a delete of
 * its own through all overlays and rules: accesslog, refint and syncprov see
 * every one of them, and no transaction is long.  With a follower the write
 * gate asks for it, before any overlay sees the base.  Before the first goes,
 * the ACLs are asked for all of them; what can still stop the whole half-way
 * is a rule of the lifecycle, an overlay, or an abandon, and then the upper
 * part of the tree is left.
 *
 * A list of ids with each parent before its children, walked backwards, is an
 * order in which nobody is deleted before what is below him:
 *
 *	base  a  b  c	a/1  a/2  c/1	->	c/1  a/2  a/1  c  b  a
 */
#include "modify_priv.h"

struct family {
	Operation *op;
	SlapReply *rs;
	struct back_db *db;
	uint64_t *ids;
	size_t n, room;
	unsigned int epoch;
};

static bool
give_up(struct family *family, int code, const char *text)
{
	family->rs->sr_err = code;
	family->rs->sr_text = text;
	return false;
}

static bool
family_add(struct family *family, uint64_t id)
{
	Operation *op = family->op;

	if (family->n == BACK_TREE_DELETE_MAX)
		return give_up(family, LDAP_ADMINLIMIT_EXCEEDED,
		               "too many entries below it for one operation");
	if (family->n == family->room) {
		family->room = family->room == 0 ? 64 : family->room * 2;
		family->ids = op->o_tmprealloc(
			family->ids, family->room * sizeof(*family->ids),
			op->o_tmpmemctx);
	}
	family->ids[family->n++] = id;
	return true;
}

static bool
add_children(struct family *family, const struct rst_rtxn *txn, uint64_t parent)
{
	struct rst_tree_cursor cursor = { "", 0 };
	uint64_t ids[BACK_BATCH_ENTRIES];
	size_t n;

	do {
		if (rst_tree_children(txn, parent, &cursor, ids,
		                      BACK_BATCH_ENTRIES, &n) != RST_OK)
			return give_up(family, LDAP_OTHER, "internal error");
		for (size_t i = 0; i < n; i++)
			if (!family_add(family, ids[i]))
				return false;
	} while (n > 0);
	return true;
}

/* May the asker delete this entry; with_children: and what is below it? */
static bool
may_delete(struct family *family, const struct back_view *view, uint64_t id,
           bool with_children)
{
	Operation *op = family->op;
	struct rst_record record;
	Entry *entry = NULL;
	bool may;

	if (be_isroot(op))
		return true;
	if (rst_record_get(view->txn, id, &record) != RST_OK ||
	    back_entry_new(view, &record, back_needs_acl(op), &entry) != RST_OK)
		return give_up(family, LDAP_OTHER, "internal error");
	may = access_allowed(op, entry, slap_schema.si_ad_entry, NULL, ACL_WDEL,
	                     NULL) &&
	      (!with_children ||
	       access_allowed(op, entry, slap_schema.si_ad_children, NULL,
	                      ACL_WDEL, NULL));
	back_entry_free(entry);
	return may || give_up(family, LDAP_INSUFFICIENT_ACCESS,
	                      "no write access to an entry below it");
}

/* The ids of all that is below base, which the asker may delete. */
static bool
gather(struct family *family, const struct back_view *view, uint64_t base)
{
	size_t before;

	if (!add_children(family, view->txn, base))
		return false;
	if (family->n > 0 && !may_delete(family, view, base, true))
		return false;
	for (size_t i = 0; i < family->n; i++) {
		before = family->n;
		if (!add_children(family, view->txn, family->ids[i]) ||
		    !may_delete(family, view, family->ids[i],
		                family->n > before))
			return false;
	}
	return true;
}

/* Is it for the ordinary delete to say what is wrong with the base? */
static bool
base_is_plain(Operation *op, const struct back_view *view,
              const struct rst_record *base)
{
	struct back_needs *needs = back_needs_acl(op);
	struct back_arena *arena;
	Entry *entry = NULL;
	bool plain;

	if ((base->flags & RST_REC_REFERRAL) && !get_manageDSAit(op))
		return false;
	if (!get_assert(op))
		return true;
	back_needs_filter(needs, get_assertion(op));
	arena = back_arena_new(op);
	plain = back_entry_build(view, base, needs, arena, &entry) == RST_OK &&
	        back_filter_test(view, base, entry, arena, get_assertion(op)) ==
	                LDAP_COMPARE_TRUE;
	back_arena_free(arena);
	return plain;
}

static bool
look(struct family *family)
{
	Operation *op = family->op;
	struct back_read *read = NULL;
	struct back_view view;
	struct rst_record base;
	uint64_t matched;
	bool good = true;
	enum rst_err err;

	if (back_read_begin(op, family->db, &read) != RST_OK)
		return give_up(family, LDAP_OTHER, "internal error");
	back_view_init(&view, op, family->db, &read->txn, true);
	err = back_find(&read->txn, &op->o_req_ndn, &base, &matched);
	if (err == RST_OK && base_is_plain(op, &view, &base))
		good = gather(family, &view, base.id);
	else if (err != RST_OK && err != RST_ENOTFOUND)
		good = give_up(family, LDAP_OTHER, "internal error");
	back_read_end(read);
	return good;
}

/* Keeps the answer from the client, but its words for the whole. */
static int
keep_text(Operation *op, SlapReply *rs)
{
	char **text = op->o_callback->sc_private;

	if (rs->sr_type == REP_RESULT && rs->sr_text != NULL && *text == NULL)
		*text = ber_strdup_x(rs->sr_text, op->o_tmpmemctx);
	return LDAP_SUCCESS;
}

static bool
delete_named(struct family *family, struct berval *dn, struct berval *ndn)
{
	char *text = NULL;
	slap_callback silent = { NULL, keep_text, NULL, &text };
	Operation op = *family->op;
	SlapReply rs = { REP_RESULT };

	op.o_req_dn = *dn;
	op.o_req_ndn = *ndn;
	op.o_callback = &silent;
	BER_BVZERO(&op.o_csn);
	/* two records of one moment would have one name in a log */
	slap_op_time(&op.o_time, &op.o_tincr);
	memset(op.o_ctrlflag, 0, sizeof(op.o_ctrlflag));
	op.o_managedsait = SLAP_CONTROL_CRITICAL;
	op.o_bd = family->op->o_bd->bd_self;
	(void)op.o_bd->be_delete(&op, &rs);
	/* gone meanwhile is gone */
	return rs.sr_err == LDAP_SUCCESS || rs.sr_err == LDAP_NO_SUCH_OBJECT ||
	       give_up(family, rs.sr_err, text);
}

/* Where id stands now; RST_ENOTFOUND when somebody else deleted it. */
static enum rst_err
names_of(struct family *family, uint64_t id, char *dn, char *ndn,
         size_t *ret_len, size_t *ret_nlen)
{
	struct back_read *read = NULL;
	enum rst_err err;

	err = back_read_begin(family->op, family->db, &read);
	if (err == RST_OK)
		err = rst_tree_dn(&read->txn, id, dn, RST_DN_MAX, ret_len);
	if (err == RST_OK)
		err = rst_tree_ndn(&read->txn, id, ndn, RST_DN_MAX, ret_nlen);
	back_read_end(read);
	return err;
}

static bool
delete_one(struct family *family, uint64_t id)
{
	char dn_text[RST_DN_MAX], ndn_text[RST_DN_MAX];
	struct berval dn = { 0, dn_text }, ndn = { 0, ndn_text };
	enum rst_err err;

	if (family->op->o_abandon)
		return give_up(family, SLAPD_ABANDON, NULL);
	if (back_epoch() != family->epoch)
		return give_up(family, LDAP_BUSY,
		               "the database was closed meanwhile");
	err = names_of(family, id, dn_text, ndn_text, &dn.bv_len, &ndn.bv_len);
	if (err == RST_ENOTFOUND)
		return true;
	if (err != RST_OK)
		return give_up(family, LDAP_OTHER, "internal error");
	return delete_named(family, &dn, &ndn);
}

bool
back_tree_delete(Operation *op, SlapReply *rs)
{
	struct family family = { .op = op, .rs = rs };
	bool good;

	family.db = op->o_bd->be_private;
	family.epoch = back_epoch();
	good = look(&family);
	if (good && family.n > 0 && op->o_noop)
		good = give_up(&family, LDAP_X_NO_OPERATION, NULL);
	while (good && family.n > 0)
		good = delete_one(&family, family.ids[--family.n]);
	op->o_tmpfree(family.ids, op->o_tmpmemctx);
	return good;
}
