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
 *		nobody can commit any more, and replays what came meanwhile; if
 *		that is much, it lets the lock go and begins anew
 *	below	goes down the stack; the backend takes that transaction
 *		an overlay that writes before it goes on has taken it already:
 *		the backend locks and replays once more, and where somebody else
 *		changed the same entry meanwhile, the answer is busy
 *	leave	replays its own consequences and lets the next one in; what else
 *		came meanwhile is for the next one, or the task
 *	give	sends the answer (follow_answer.c): nobody waits for a client
 *		that does not read
 *
 * The gate stands outside of all overlays: the operations of slap_overinfo,
 * slapd's own list of the database's overlays, are ours and call what they
 * were.  It does not matter where in the list, or when, an overlay is added.
 * Only what hashes a password comes before, for no transaction may wait for a
 * hash.
 *
 * Lock order: gate, writer lock, then the locks of the overlays.  Who waits
 * for the gate lets a pause of the pool through, without it: somebody behind
 * another gate may need this one, and no pause begins there.  He gives up after
 * two seconds, which are those of the replays before his change, too; of many
 * who wait, those that would take the last threads are answered "busy" at once.
 * The task, which replays without end where much was committed, makes room for
 * who waits.
 */
#include "backend/follow_priv.h"
#include "backend/modify_priv.h"

#include <limits.h>
#include <time.h>

#include "overlay/lifecycle.h"
#include "store/poke.h"

#define POLL_NS    200000
#define ROOM_POLLS 10 /* the task leaves the gate to who waits for it */

static const struct timespec step = { .tv_nsec = POLL_NS };

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
	follow->own = 0;
	return true;
}

bool
back_gate_try_or_later(struct follow *follow)
{
	bool got = back_gate_try(follow);

	if (got)
		return true;
	atomic_store(&follow->missed, true);
	/* who had it may have left before he could see that */
	return back_gate_try(follow);
}

bool
back_gate_is_wanted(void *arg)
{
	const struct follow *follow = arg;

	return atomic_load(&follow->waiting) > 0;
}

void
back_gate_leave_room(const struct follow *follow)
{
	for (unsigned int n = 0; n < ROOM_POLLS; n++) {
		if (atomic_load(&follow->waiting) == 0 ||
		    atomic_load(&follow->held))
			break;
		nanosleep(&step, NULL);
	}
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
	if (atomic_exchange(&follow->missed, false) && follow->open)
		rst_poke(follow->db->env);
}

/* What a wait is bounded by. */
struct patience {
	Operation *op;
	int64_t deadline_ms;
	unsigned int epoch;
	bool has_gate;
	bool pause; /* he gave it up for one */
	bool late;  /* overlays are on their way with op already */
};

static bool
is_over(void *arg)
{
	const struct patience *patience = arg;

	return patience->op->o_abandon || slapd_shutdown ||
	       back_monotonic_ms() >= patience->deadline_ms;
}

/* Go on waiting?  Not for who has the writer lock: this may take long. */
static bool
wait_hook(void *arg)
{
	struct patience *patience = arg;

	if (is_over(arg))
		return false;
	patience->pause = patience->has_gate && back_pause_wanted();
	if (patience->pause)
		return false;
	back_pause_let();
	return back_epoch() == patience->epoch;
}

static bool
acquire(struct follow *follow, struct patience *patience)
{
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

/*
 * Did somebody else change op's entry meanwhile?  Overlays that are on their
 * way with op have looked at it: accesslog at what it was, syncprov at whose
 * filters it matched.  Told of that change now, they would go on with what they
 * know, and whom it does not match any more would keep it.
 */
static enum rst_err
is_overtaken(const struct follow *follow, Operation *op, bool *ret_is)
{
	const struct rst_rtxn *txn = &follow->txn.r;
	uint64_t sequence = follow->cursor, matched;
	struct rst_journal_public public;
	struct rst_record record;
	unsigned int n = 0;
	enum rst_err err = RST_ENOTFOUND;

	*ret_is = false;
	if (!follow->as_replica)
		err = back_find(txn, &op->o_req_ndn, &record, &matched);
	/* more are too many to replay */
	while (err == RST_OK && !*ret_is && n < BACK_FOLLOW_SLICE) {
		err = rst_journal_get(txn, ++sequence, &public);
		if (err == RST_OK && back_follow_foreign(follow, &public)) {
			*ret_is = public.id == record.id;
			n++;
		}
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/*
 * The transaction, with all replayed that was committed before.  RST_EBUSY: it
 * was more than the other writers shall wait for, or is too late.
 */
static enum rst_err
lock(struct follow *follow, struct patience *patience)
{
	const struct follow_bound few = { .inline_op = true,
		                          .most = BACK_FOLLOW_SLICE,
		                          .last = UINT64_MAX,
		                          .enough = is_over,
		                          .arg = patience };
	bool overtaken = false;
	enum rst_err err;

	/* whether an ordinary write has room is asked when it is taken */
	err = rst_write_begin_polled(follow->db->env, RST_WRITE_FREEING,
	                             wait_hook, patience, &follow->txn);
	if (err != RST_OK)
		return err;
	follow->ready = true;
	if (patience->late)
		err = is_overtaken(follow, patience->op, &overtaken);
	if (err == RST_OK)
		err = overtaken ? RST_EBUSY : back_follow_drain(follow, &few);
	/* an overlay that wrote in the course of a replay took it */
	if (err != RST_OK && follow->ready) {
		rst_write_abort(&follow->txn);
		follow->ready = false;
	}
	return err;
}

/* Everything replayed, up to a transaction that is ours. */
static enum rst_err
prepare(struct follow *follow, struct patience *patience)
{
	const struct follow_bound all = { .inline_op = true,
		                          .now = true,
		                          .most = UINT_MAX,
		                          .last = UINT64_MAX,
		                          .enough = is_over,
		                          .arg = patience };
	enum rst_err err = RST_EBUSY;

	while (err == RST_EBUSY && wait_hook(patience)) {
		err = back_follow_drain(follow, &all);
		if (err == RST_EBUSY)
			nanosleep(&step, NULL);
		else if (err == RST_OK)
			err = lock(follow, patience);
	}
	return err;
}

static bool
enter(struct follow *follow, Operation *op)
{
	struct patience patience = {
		.op = op,
		.deadline_ms = back_wait_until_ms(),
		.epoch = back_epoch(),
	};

	do {
		if (!acquire(follow, &patience))
			return false;
		patience.has_gate = true;
		if (follow->open &&
		    (follow->ready || prepare(follow, &patience) == RST_OK) &&
		    back_gate_stands(follow))
			return true;
		back_gate_leave(follow);
		patience.has_gate = false;
	} while (patience.pause && wait_hook(&patience));
	return false;
}

/* Consequences of what was just done are in the journal. */
static void
leave(struct follow *follow)
{
	const struct follow_bound own = { .inline_op = true,
		                          .most = BACK_FOLLOW_SLICE,
		                          .last = follow->own };

	if (follow->depth == 1 && follow->ready) {
		rst_write_abort(&follow->txn);
		follow->ready = false;
	}
	/* what is not replayed now, the task will */
	if (!follow->ready && follow->open) {
		atomic_store(&follow->missed, false);
		if (back_follow_drain(follow, &own) != RST_OK ||
		    (follow->cursor < follow->end && !follow->as_replica))
			atomic_store(&follow->missed, true);
	}
	back_gate_leave(follow);
}

/* Somebody else has the gate, or there is too much to replay. */
static int
turn_away(Operation *op, SlapReply *rs)
{
	if (op->o_abandon) {
		/* for the clean-up of who was on the way */
		rs->sr_err = SLAPD_ABANDON;
		send_ldap_result(op, rs);
	} else {
		send_ldap_error(op, rs, LDAP_BUSY, "another change goes on");
	}
	return rs->sr_err;
}

static int
through(struct follow *follow, Operation *op, SlapReply *rs, BI_op_func *below)
{
	struct held_answer held;
	int rc;

	/* the answer to a change in the course of another goes to no client */
	if (follow->depth > 1) {
		rc = below(op, rs);
		leave(follow);
		return rc;
	}
	back_answer_hold(&held, op);
	back_pause_hold();
	rc = below(op, rs);
	back_pause_release();
	leave(follow);
	back_answer_give(&held, op, rs);
	return rc;
}

/*
 * What is below the entry goes before any overlay sees the request: each of
 * those deletes has a transaction of its own, the first the one that is there,
 * and what others commit meanwhile is replayed between them.
 */
static int
through_tree(struct follow *follow, Operation *op, SlapReply *rs)
{
	bool alone, entered;

	if (!enter(follow, op))
		return turn_away(op, rs);
	back_pause_hold();
	alone = back_tree_delete(op, rs);
	entered = alone && enter(follow, op);
	back_pause_release();
	back_gate_leave(follow);
	if (entered)
		return through(follow, op, rs, follow->delete);
	if (alone)
		return turn_away(op, rs);
	send_ldap_result(op, rs);
	rs->sr_text = NULL;
	return rs->sr_err;
}

static int
pass(struct follow *follow, Operation *op, SlapReply *rs, BI_op_func *below)
{
	bool tree = get_treeDelete(op) > SLAP_CONTROL_IGNORED;
	struct over_judged judged;
	int rc;

	rc = over_judge(op, rs, &judged);
	if (rc != SLAP_CB_CONTINUE)
		return rc;
	if (tree && below == follow->delete)
		rc = through_tree(follow, op, rs);
	else if (enter(follow, op))
		rc = through(follow, op, rs, below);
	else
		rc = turn_away(op, rs);
	over_judge_end(op, &judged);
	return rc;
}

static int
gate(struct follow *follow, Operation *op, SlapReply *rs, BI_op_func *below)
{
	if (follow->replaying && back_gate_is_mine(follow))
		return below(op, rs);
	if (op->o_dont_replicate || !follow->open)
		return below(op, rs);
	return pass(follow, op, rs, below);
}

static struct follow *
follow_of(Operation *op)
{
	return back_follow_of(op->o_bd->be_private);
}

/* Which of them it is says what is done, whatever the request was: an extended
 * operation may end here, too. */
static int
gate_add(Operation *op, SlapReply *rs)
{
	struct follow *follow = follow_of(op);

	return gate(follow, op, rs, follow->add);
}

static int
gate_modify(Operation *op, SlapReply *rs)
{
	struct follow *follow = follow_of(op);

	return gate(follow, op, rs, follow->modify);
}

static int
gate_modrdn(Operation *op, SlapReply *rs)
{
	struct follow *follow = follow_of(op);

	return gate(follow, op, rs, follow->modrdn);
}

static int
gate_delete(Operation *op, SlapReply *rs)
{
	struct follow *follow = follow_of(op);

	return gate(follow, op, rs, follow->delete);
}

static int
look(Operation *op, SlapReply *rs)
{
	struct follow *follow = follow_of(op);

	back_early_note(follow, op);
	return follow->search(op, rs);
}

void
back_gate_install(struct follow *follow)
{
	slap_overinfo *over = follow->be->bd_info->bi_private;

	follow->over = over;
	/* It is there still when the database was closed to open again: while
	 * slapd closes, back_gate_stands() cannot tell. */
	if (over->oi_bi.bi_op_modify == gate_modify)
		return;
	follow->add = over->oi_bi.bi_op_add;
	follow->modify = over->oi_bi.bi_op_modify;
	follow->modrdn = over->oi_bi.bi_op_modrdn;
	follow->delete = over->oi_bi.bi_op_delete;
	follow->search = over->oi_bi.bi_op_search;
	over->oi_bi.bi_op_search = look;
	over->oi_bi.bi_op_add = gate_add;
	over->oi_bi.bi_op_modify = gate_modify;
	over->oi_bi.bi_op_modrdn = gate_modrdn;
	over->oi_bi.bi_op_delete = gate_delete;
}

bool
back_gate_stands(const struct follow *follow)
{
	const slap_overinfo *over = follow->over;

	/* slapd may have freed it, and made another in its place */
	return overlay_is_over(follow->be) &&
	       follow->be->bd_info->bi_private == over &&
	       over->oi_bi.bi_op_modify == gate_modify;
}

void
back_gate_remove(struct follow *follow)
{
	slap_overinfo *over = follow->over;

	if (!back_gate_stands(follow))
		return;
	over->oi_bi.bi_op_search = follow->search;
	over->oi_bi.bi_op_add = follow->add;
	over->oi_bi.bi_op_modify = follow->modify;
	over->oi_bi.bi_op_modrdn = follow->modrdn;
	over->oi_bi.bi_op_delete = follow->delete;
}

enum rst_err
back_follow_take(struct back_db *db, Operation *op, struct rst_wtxn *ret_txn)
{
	struct follow *follow = db->follow;
	struct patience patience = {
		.op = op,
		.deadline_ms = back_wait_until_ms(),
		.epoch = back_epoch(),
		.has_gate = true,
		.late = true,
	};
	enum rst_err err = RST_OK;

	if (follow == NULL || !back_gate_is_mine(follow))
		return RST_ENOTFOUND;
	if (!follow->ready) {
		if (follow->replaying || op->o_dont_replicate || !follow->open)
			return RST_ENOTFOUND;
		err = lock(follow, &patience);
	}
	/* taken once more, by who wrote in the course of a replay */
	if (err == RST_OK && !follow->ready)
		err = RST_EBUSY;
	if (err != RST_OK)
		return err;
	*ret_txn = follow->txn;
	follow->ready = false;
	return RST_OK;
}

bool
back_follow_busy(const struct back_db *db)
{
	return db->follow != NULL && back_gate_is_mine(db->follow) &&
	       db->follow->replaying;
}
