/* SPDX-License-Identifier: OLDAP-2.8 */
/* follow_gate.c - the write gate
 *
 * The order in which the overlays hear of changes must be the order of the
 * commits: a local write that overtook the replay of an older change of the
 * same entry would be undone on every replica.  So every write of a client,
 * before any overlay sees it,
 *
 *	enter	takes the gate (recursive: a tree delete is many deletes),
 *		replays what is in the journal, begins the transaction, so that
 *		nobody can commit any more, and replays once more
 *	below	goes down the stack; the backend takes that transaction
 *	leave	replays its own consequences and lets the next one in
 *
 * The gate stands outside of all overlays: the operations of slap_overinfo,
 * slapd's own list of the database's overlays, are ours and call what they
 * were.  It does not matter where in the list, or when, an overlay is added.
 * Only what hashes a password comes before, for no transaction may wait for a
 * hash.
 *
 * Lock order: gate, writer lock, then the locks of the overlays.  Who waits
 * for the gate lets a pause of the pool through, and gives up after two
 * seconds; of many who wait, those that would take the last threads are
 * answered "busy" at once.
 */
#include "backend/follow_priv.h"

#include <time.h>

#include "overlay/lifecycle.h"
#include "store/poke.h"

#define POLL_NS 200000

bool
back_gate_is_mine(const struct follow *follow)
{
	return atomic_load(&follow->held) &&
	       pthread_equal(atomic_load(&follow->owner), pthread_self());
}

bool
back_gate_try(struct follow *follow)
{
	if (back_gate_is_mine(follow)) {
		follow->depth++;
		return true;
	}
	if (ldap_pvt_thread_mutex_trylock(&follow->mutex) != 0)
		return false;
	atomic_store(&follow->owner, pthread_self());
	atomic_store(&follow->held, true);
	follow->depth = 1;
	return true;
}

void
back_gate_leave(struct follow *follow)
{
	if (--follow->depth > 0)
		return;
	if (follow->ready)
		rst_write_abort(&follow->txn);
	follow->ready = false;
	atomic_store(&follow->held, false);
	ldap_pvt_thread_mutex_unlock(&follow->mutex);
}

/* What a wait is bounded by. */
struct patience {
	Operation *op;
	int64_t deadline_ms;
	unsigned int epoch;
};

/* Go on waiting? */
static bool
wait_hook(void *arg)
{
	struct patience *patience = arg;

	if (patience->op->o_abandon || slapd_shutdown ||
	    back_monotonic_ms() >= patience->deadline_ms)
		return false;
	if (ldap_pvt_thread_pool_pausing(&connection_pool) > 0)
		ldap_pvt_thread_pool_pausecheck(&connection_pool);
	return back_epoch() == patience->epoch;
}

static bool
acquire(struct follow *follow, struct patience *patience)
{
	const struct timespec step = { .tv_nsec = POLL_NS };
	int most = connection_pool_max / 2;
	bool got = back_gate_try(follow);

	if (got)
		return true;
	if (atomic_fetch_add(&follow->waiting, 1) < (most > 1 ? most : 1))
		while (!(got = back_gate_try(follow)) && wait_hook(patience))
			nanosleep(&step, NULL);
	atomic_fetch_sub(&follow->waiting, 1);
	return got;
}

/* Everything replayed, up to a transaction that is ours. */
static enum rst_err
prepare(struct follow *follow, struct patience *patience)
{
	const struct timespec step = { .tv_nsec = POLL_NS };
	enum rst_err err = RST_EBUSY;

	while (err == RST_EBUSY && wait_hook(patience)) {
		err = back_follow_drain(follow, true);
		if (err == RST_EBUSY)
			nanosleep(&step, NULL);
	}
	if (err != RST_OK)
		return err;
	/* whether an ordinary write has room is asked when it is taken */
	err = rst_write_begin_polled(follow->db->env, RST_WRITE_FREEING,
	                             wait_hook, patience, &follow->txn);
	if (err != RST_OK)
		return err;
	follow->ready = true;
	return back_follow_drain(follow, true);
}

static bool
enter(struct follow *follow, Operation *op)
{
	struct patience patience = { op,
		                     back_monotonic_ms() + BACK_WRITER_WAIT_MS,
		                     back_epoch() };

	if (!acquire(follow, &patience))
		return false;
	if (!follow->open ||
	    (!follow->ready && prepare(follow, &patience) != RST_OK)) {
		back_gate_leave(follow);
		return false;
	}
	return true;
}

/* Consequences of what was just done are in the journal. */
static void
leave(struct follow *follow)
{
	if (follow->depth == 1 && follow->ready) {
		rst_write_abort(&follow->txn);
		follow->ready = false;
	}
	/* what cannot be replayed now, the task will */
	if (!follow->ready && follow->open &&
	    back_follow_drain(follow, true) == RST_EBUSY)
		rst_poke(follow->db->env);
	back_gate_leave(follow);
}

static int
below(struct follow *follow, Operation *op, SlapReply *rs)
{
	switch (op->o_tag) {
	case LDAP_REQ_ADD:
		return follow->add(op, rs);
	case LDAP_REQ_MODIFY:
		return follow->modify(op, rs);
	case LDAP_REQ_MODRDN:
		return follow->modrdn(op, rs);
	default:
		return follow->delete (op, rs);
	}
}

static int
pass(struct follow *follow, Operation *op, SlapReply *rs)
{
	struct over_judged judged;
	int rc;

	rc = over_judge(op, rs, &judged);
	if (rc != SLAP_CB_CONTINUE)
		return rc;
	if (enter(follow, op)) {
		rc = below(follow, op, rs);
		leave(follow);
	} else if (op->o_abandon) {
		rc = rs->sr_err = SLAPD_ABANDON;
	} else {
		send_ldap_error(op, rs, LDAP_BUSY, "another change goes on");
		rc = rs->sr_err;
	}
	over_judge_end(op, &judged);
	return rc;
}

static int
gate(Operation *op, SlapReply *rs)
{
	struct back_db *db = op->o_bd->be_private;
	struct follow *follow = db->follow;

	if (follow->replaying && back_gate_is_mine(follow))
		return below(follow, op, rs);
	if (op->o_dont_replicate || !follow->open)
		return below(follow, op, rs);
	return pass(follow, op, rs);
}

static int
look(Operation *op, SlapReply *rs)
{
	struct back_db *db = op->o_bd->be_private;

	back_early_note(db->follow, op);
	return db->follow->search(op, rs);
}

void
back_gate_install(struct follow *follow)
{
	slap_overinfo *over = follow->be->bd_info->bi_private;

	follow->over = over;
	follow->add = over->oi_bi.bi_op_add;
	follow->modify = over->oi_bi.bi_op_modify;
	follow->modrdn = over->oi_bi.bi_op_modrdn;
	follow->delete = over->oi_bi.bi_op_delete;
	follow->search = over->oi_bi.bi_op_search;
	over->oi_bi.bi_op_search = look;
	over->oi_bi.bi_op_add = gate;
	over->oi_bi.bi_op_modify = gate;
	over->oi_bi.bi_op_modrdn = gate;
	over->oi_bi.bi_op_delete = gate;
}

void
back_gate_remove(struct follow *follow)
{
	slap_overinfo *over = follow->over;

	if (!overlay_is_over(follow->be) ||
	    follow->be->bd_info->bi_private != over)
		return;
	over->oi_bi.bi_op_search = follow->search;
	over->oi_bi.bi_op_add = follow->add;
	over->oi_bi.bi_op_modify = follow->modify;
	over->oi_bi.bi_op_modrdn = follow->modrdn;
	over->oi_bi.bi_op_delete = follow->delete;
}
