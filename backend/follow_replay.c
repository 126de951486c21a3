/* SPDX-License-Identifier: OLDAP-2.8 */
/* follow_replay.c - one record of the journal as an operation
 *
 * The operation goes through the overlays as slapd's own would, from a
 * "synchronisation connection", whose changes unique, constraint and their like
 * do not judge.  It carries a mark.  The backend, when it meets the mark, does
 * nothing and answers success; and who reads the entry meanwhile gets it as it
 * was before that answer, or as it was after.
 *
 * Where it cannot be told how the entry was before, the answer is that this is
 * no time for it: then no overlay goes on, and the record is replayed anew.
 * What comes after the answer has its snapshot already; if it lacks memory it
 * waits a while, for some overlay may have told of the change.
 */
#include "backend/follow_priv.h"

#include <time.h>

#define AFTER_TRIES 50
#define AFTER_NS    20000000

static const char replay_key;

struct replay {
	OpExtra mark;
	struct follow *follow;
	const struct follow_record *record;
	ber_tag_t tag;
	bool after; /* the backend was reached */
	struct rst_rtxn txn;
	enum rst_err err; /* why an overlay was told nothing */
};

static struct replay *
replay_of(Operation *op)
{
	OpExtra *mark;

	LDAP_SLIST_FOREACH(mark, &op->o_extra, oe_next)
	if (mark->oe_key == (void *)(uintptr_t)&replay_key)
		return (struct replay *)mark;
	return NULL;
}

static bool
is_of(const struct replay *replay, Operation *op)
{
	return replay != NULL && op->o_bd->be_private == replay->follow->db;
}

bool
back_follow_replayed(Operation *op, SlapReply *rs)
{
	struct replay *replay = replay_of(op);

	/* an overlay's own write has the mark too, but another name */
	if (!is_of(replay, op) || op->o_tag != replay->tag ||
	    op->o_dont_replicate ||
	    !bvmatch(&op->o_req_ndn, &replay->record->old_ndn))
		return false;
	replay->after = follow_trouble_of(replay->err) != FOLLOW_PASSING;
	rs->sr_err = replay->after ? LDAP_SUCCESS : LDAP_BUSY;
	rs->sr_text = NULL;
	send_ldap_result(op, rs);
	slap_graduate_commit_csn(op);
	return true;
}

/* The entry as it was, or is. */
static int
image(struct replay *replay, Operation *op, const struct berval *ndn,
      Entry **ret_entry)
{
	const struct timespec nap = { .tv_nsec = AFTER_NS };
	const bool after = replay->after;
	bool plain = back_early_plain(replay->follow, op, ndn);
	unsigned int members = (after || !plain ? BACK_NEED_VALUES : 0) |
	                       (plain ? 0 : BACK_NEED_NORMAL);
	int left = after ? AFTER_TRIES : 1;
	enum rst_err err;

	for (;;) {
		err = back_image_entry(replay->follow, &replay->txn,
		                       replay->record, after, members,
		                       ret_entry);
		if (follow_trouble_of(err) != FOLLOW_PASSING || --left == 0 ||
		    slapd_shutdown)
			break;
		nanosleep(&nap, NULL);
	}
	if (err == RST_OK)
		return LDAP_SUCCESS;
	replay->err = err;
	return LDAP_OTHER;
}

bool
back_follow_entry(Operation *op, const struct berval *ndn, int *ret_code,
                  Entry **ret_entry)
{
	struct replay *replay = replay_of(op);
	const struct follow_record *record;
	bool there;

	if (!is_of(replay, op))
		return false;
	record = replay->record;
	if (!bvmatch(ndn, replay->after ? &record->ndn : &record->old_ndn)) {
		/* renamed away */
		if (!replay->after || !bvmatch(ndn, &record->old_ndn))
			return false;
		*ret_code = LDAP_NO_SUCH_OBJECT;
		return true;
	}
	there = replay->after ? record->images.has_after
	                      : record->images.has_before;
	*ret_code =
		there ? image(replay, op, ndn, ret_entry) : LDAP_NO_SUCH_OBJECT;
	return true;
}

static void
fill_rename(Operation *op, const struct follow_record *record,
            struct berval parents[4])
{
	dnRdn((struct berval *)&record->dn, &op->orr_newrdn);
	dnRdn((struct berval *)&record->ndn, &op->orr_nnewrdn);
	dnParent((struct berval *)&record->dn, &parents[0]);
	dnParent((struct berval *)&record->ndn, &parents[1]);
	dnParent((struct berval *)&record->old_ndn, &parents[2]);
	op->orr_deleteoldrdn = 0;
	if (bvmatch(&parents[1], &parents[2]))
		return;
	op->orr_newSup = &parents[0];
	op->orr_nnewSup = &parents[1];
}

static ber_tag_t
tag_of(enum rst_journal_op op)
{
	switch (op) {
	case RST_J_ADD:
		return LDAP_REQ_ADD;
	case RST_J_RENAME:
		return LDAP_REQ_MODRDN;
	case RST_J_DELETE:
		return LDAP_REQ_DELETE;
	case RST_J_MODIFY:
	case RST_J_LOAD:
	case RST_J_EVENT:
		break;
	}
	return LDAP_REQ_MODIFY;
}

static void
init(Operation *op, struct replay *replay, slap_callback *callback)
{
	const struct follow_record *record = replay->record;
	BackendDB *be = replay->follow->be;

	op->o_tag = replay->tag;
	op->o_connid = SLAP_SYNC_RID_MAX;
	op->o_bd = be;
	op->o_dn = be->be_rootdn;
	op->o_ndn = be->be_rootndn;
	op->o_protocol = LDAP_VERSION3;
	op->o_managedsait = SLAP_CONTROL_NONCRITICAL;
	op->o_no_schema_check = 1;
	op->o_callback = callback;
	op->o_req_dn = record->old_dn;
	op->o_req_ndn = record->old_ndn;
	replay->mark.oe_key = (void *)(uintptr_t)&replay_key;
	LDAP_SLIST_INSERT_HEAD(&op->o_extra, &replay->mark, oe_next);
}

/* Send it down; what it needs is made and freed here. */
static enum rst_err
send_down(Operation *op, SlapReply *rs, struct replay *replay)
{
	const struct follow_record *record = replay->record;
	struct follow *follow = replay->follow;
	struct berval parents[4];
	Modifications *mods = NULL;
	Entry *entry = NULL;
	enum rst_err err = RST_OK;

	if (replay->tag == LDAP_REQ_ADD)
		err = back_image_entry(follow, &replay->txn, record, true,
		                       BACK_NEED_VALUES | BACK_NEED_NORMAL,
		                       &entry);
	else if (replay->tag != LDAP_REQ_DELETE)
		err = back_image_mods(follow, &replay->txn, record, &mods);
	if (err != RST_OK)
		return err;
	if (replay->tag == LDAP_REQ_ADD) {
		op->ora_e = entry;
		op->o_bd->be_add(op, rs);
	} else if (replay->tag == LDAP_REQ_MODRDN) {
		fill_rename(op, record, parents);
		op->orr_modlist = mods;
		op->o_bd->be_modrdn(op, rs);
		mods = op->orr_modlist;
	} else if (replay->tag == LDAP_REQ_MODIFY) {
		op->orm_modlist = mods;
		op->orm_no_opattrs = 1;
		op->o_bd->be_modify(op, rs);
		mods = op->orm_modlist;
	} else {
		op->o_bd->be_delete(op, rs);
	}
	if (mods != NULL)
		slap_mods_free(mods, 1);
	if (entry != NULL)
		entry_free(entry);
	return RST_OK;
}

/* From the queue of CSNs, and the mark from op. */
static void
clear(Operation *op, struct replay *replay)
{
	LDAP_SLIST_REMOVE(&op->o_extra, &replay->mark, OpExtra, oe_next);
	slap_graduate_commit_csn(op);
	if (!BER_BVISNULL(&op->o_csn)) {
		op->o_tmpfree(op->o_csn.bv_val, op->o_tmpmemctx);
		BER_BVZERO(&op->o_csn);
	}
}

static enum follow_trouble
trouble_of(const struct replay *replay, const SlapReply *rs,
           const char **ret_why)
{
	if (replay->err != RST_OK) {
		*ret_why = rst_strerror(replay->err);
		return follow_trouble_of(replay->err);
	}
	*ret_why = ldap_err2string(rs->sr_err);
	if (rs->sr_err != LDAP_SUCCESS)
		return replay->after ? FOLLOW_BROKEN
		                     : follow_trouble_of_code(rs->sr_err);
	*ret_why = "an overlay answered it";
	return replay->after ? FOLLOW_FINE : FOLLOW_REFUSED;
}

enum follow_trouble
back_replay(struct follow *follow, struct follow_record *record, bool inline_op,
            const char **ret_why)
{
	struct replay replay = { .follow = follow,
		                 .record = record,
		                 .tag = tag_of(record->op) };
	slap_callback callback = { NULL, slap_null_cb, NULL, NULL };
	SlapReply rs = { REP_RESULT };
	Connection conn = { 0 };
	OperationBuffer opbuf;
	Operation *op;
	enum rst_err err;

	err = rst_read_begin(follow->db->env, &replay.txn);
	if (err != RST_OK) {
		*ret_why = rst_strerror(err);
		return follow_trouble_of(err);
	}
	(void)rst_read_as_kept(&replay.txn, true);
	/* anew for each: two log records of one moment would have one name */
	connection_fake_init2(&conn, &opbuf, ldap_pvt_thread_pool_context(),
	                      !inline_op);
	op = &opbuf.ob_op;
	slap_op_time(&op->o_time, &op->o_tincr);
	init(op, &replay, &callback);
	slap_queue_csn(op, &record->csn);
	err = send_down(op, &rs, &replay);
	if (err != RST_OK)
		replay.err = err;
	clear(op, &replay);
	rst_read_end(&replay.txn);
	return trouble_of(&replay, &rs, ret_why);
}
