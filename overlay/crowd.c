/* SPDX-License-Identifier: OLDAP-2.8 */
/* crowd.c - how many of slapd's threads may hash, and who waits without one
 *
 * Hashing waits for a slot of the machine (lifecycle/slot.h), and threads that
 * hash or wait there answer no search:
 *
 *	threads   |----------------|
 *	hashing   |========|          half of them at most
 *	binds     |====|              a quarter
 *
 * A bind that finds no place is put aside as it is, unanswered, and its thread
 * goes back to slapd (SLAPD_ASYNCOP); a bind that leaves its place hands it to
 * the next, which goes on in a thread of the pool:
 *
 *	fine      [bob] [carol] [dave] ...   QUEUE_FINE at most
 *	suspects  [mallory] ...              QUEUE_SUSPECTS; every 8th turn
 *
 * Suspects are those who gave a wrong password just now (attempt.h).  So a
 * thousand people who come at once all get in, one after the other, and whoever
 * guesses waits behind them or is told to come back.
 */
#include "portable.h"

#include <time.h>

#include "slap.h"

#include "overlay/over_priv.h"

#define QUEUE_FINE     1024
#define QUEUE_SUSPECTS 8
#define SUSPECT_TURN   8
#define WAIT_MS        60000 /* clients give up sooner, and are dropped then */

/* A bind put aside. */
struct waiting {
	struct waiting *next;
	Operation *op;
	over_resume *resume;
	struct berval dn, ndn; /* owned by the operation's memory */
	unsigned int epoch;
	int64_t until_ms;
};

struct queue {
	struct waiting *first, **last;
	unsigned int n;
};

/* All under mutex. */
static struct {
	ldap_pvt_thread_mutex_t mutex;
	int hashing, binds;
	unsigned int turns;
	struct queue fine, suspects;
} crowd;

/* The operation has its place already. */
static const char granted_key[] = "bind granted";

void
over_crowd_init(void)
{
	ldap_pvt_thread_mutex_init(&crowd.mutex);
	crowd.fine.last = &crowd.fine.first;
	crowd.suspects.last = &crowd.suspects.first;
}

static int
at_least_one(int n)
{
	return n > 0 ? n : 1;
}

static int64_t
monotonic_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct waiting *
queue_take(struct queue *queue)
{
	struct waiting *waiting = queue->first;

	if (waiting != NULL) {
		queue->first = waiting->next;
		if (queue->first == NULL)
			queue->last = &queue->first;
		queue->n--;
	}
	return waiting;
}

static void
queue_add(struct queue *queue, struct waiting *waiting)
{
	waiting->next = NULL;
	*queue->last = waiting;
	queue->last = &waiting->next;
	queue->n++;
}

bool
over_hash_enter(void)
{
	bool room;

	ldap_pvt_thread_mutex_lock(&crowd.mutex);
	room = crowd.hashing < at_least_one(connection_pool_max / 2);
	crowd.hashing += room;
	ldap_pvt_thread_mutex_unlock(&crowd.mutex);
	return room;
}

void
over_hash_leave(void)
{
	ldap_pvt_thread_mutex_lock(&crowd.mutex);
	crowd.hashing--;
	ldap_pvt_thread_mutex_unlock(&crowd.mutex);
}

static bool
is_granted(Operation *op)
{
	OpExtra *mark;

	LDAP_SLIST_FOREACH(mark, &op->o_extra, oe_next)
	if (mark->oe_key == (void *)granted_key)
		return true;
	return false;
}

/* With the mutex: a place for a bind, which those who wait come to before;
 * but who finds nobody hashing has to set them going again. */
static bool
bind_enters(void)
{
	bool room = crowd.binds == 0 || (crowd.fine.n + crowd.suspects.n == 0 &&
	                                 crowd.binds < connection_pool_max / 4);

	crowd.binds += room;
	return room;
}

/* With the mutex: put op aside. */
static bool
bind_waits(Operation *op, bool suspect, over_resume *resume)
{
	struct queue *queue = suspect ? &crowd.suspects : &crowd.fine;
	struct waiting *waiting;

	if (queue->n >= (suspect ? QUEUE_SUSPECTS : QUEUE_FINE) ||
	    slapd_shutdown)
		return false;
	waiting = ch_calloc(1, sizeof(*waiting));
	waiting->op = op;
	waiting->resume = resume;
	waiting->epoch = back_epoch();
	waiting->until_ms = monotonic_ms() + WAIT_MS;
	/* the frontend frees its own when it hears that we answer later */
	ber_dupbv_x(&waiting->dn, &op->o_req_dn, op->o_tmpmemctx);
	ber_dupbv_x(&waiting->ndn, &op->o_req_ndn, op->o_tmpmemctx);
	queue_add(queue, waiting);
	return true;
}

enum over_turn
over_bind_enter(Operation *op, bool suspect, over_resume *resume)
{
	enum over_turn turn = OVER_BUSY;

	if (is_granted(op))
		return OVER_NOW;
	ldap_pvt_thread_mutex_lock(&crowd.mutex);
	if (bind_enters())
		turn = OVER_NOW;
	else if (bind_waits(op, suspect, resume))
		turn = OVER_LATER;
	ldap_pvt_thread_mutex_unlock(&crowd.mutex);
	return turn;
}

/* With the mutex. */
static struct waiting *
next_bind(void)
{
	bool suspect = crowd.fine.n == 0 || ++crowd.turns % SUSPECT_TURN == 0;
	struct waiting *next = NULL;

	if (suspect)
		next = queue_take(&crowd.suspects);
	if (next == NULL)
		next = queue_take(&crowd.fine);
	return next;
}

static void *go_on(void *ctx, void *arg);

/* A place is free: to the next of those who wait. */
static void
pass_on(void)
{
	struct waiting *next;

	ldap_pvt_thread_mutex_lock(&crowd.mutex);
	next = next_bind();
	if (next == NULL)
		crowd.binds--;
	ldap_pvt_thread_mutex_unlock(&crowd.mutex);
	if (next == NULL)
		return;
	if (ldap_pvt_thread_pool_submit(&connection_pool, go_on, next) != 0) {
		/* no memory for a task: it stays first, for the next place;
		 * or slapd ends, and nobody is answered any more */
		ldap_pvt_thread_mutex_lock(&crowd.mutex);
		next->next = crowd.fine.first;
		if (crowd.fine.first == NULL)
			crowd.fine.last = &next->next;
		crowd.fine.first = next;
		crowd.fine.n++;
		crowd.binds--;
		ldap_pvt_thread_mutex_unlock(&crowd.mutex);
	}
}

void
over_bind_leave(Operation *op)
{
	if (!is_granted(op))
		pass_on();
}

/* The thread that put it aside may not have left it yet. */
static void
wait_until_left(Connection *conn)
{
	bool left = false;

	while (!left) {
		ldap_pvt_thread_mutex_lock(&conn->c_mutex);
		left = conn->c_n_ops_async > 0;
		ldap_pvt_thread_mutex_unlock(&conn->c_mutex);
		if (!left)
			ldap_pvt_thread_yield();
	}
}

/* What overlays left on the way in may be gone; slapd's own is the last. */
static void
drop_callbacks(Operation *op)
{
	while (op->o_callback != NULL && op->o_callback->sc_next != NULL)
		op->o_callback = op->o_callback->sc_next;
}

static void
say_busy(Operation *op, SlapReply *rs)
{
	over_forget(op, &op->orb_cred);
	rs->sr_err = LDAP_BUSY;
	send_ldap_result(op, rs);
}

/* What slapd's do_bind() does from the backend on. */
static void
bind_again(const struct waiting *waiting, SlapReply *rs)
{
	Operation *op = waiting->op;
	OpExtra mark = { .oe_key = (void *)granted_key };

	LDAP_SLIST_INSERT_HEAD(&op->o_extra, &mark, oe_next);
	op->o_bd = select_backend(&op->o_req_ndn, 0);
	if (waiting->epoch != back_epoch() || op->o_bd == NULL) {
		drop_callbacks(op);
		op->o_bd = frontendDB;
		say_busy(op, rs);
	} else if (op->o_abandon || monotonic_ms() > waiting->until_ms) {
		say_busy(op, rs);
	} else if (waiting->resume(op, rs) == LDAP_SUCCESS) {
		(void)fe_op_bind_success(op, rs);
		op->o_conn->c_authtype = (ber_tag_t)op->orb_method;
	}
	LDAP_SLIST_REMOVE(&op->o_extra, &mark, OpExtra, oe_next);
}

/* In a thread of the pool: the bind's turn has come. */
static void *
go_on(void *ctx, void *arg)
{
	struct waiting *waiting = arg;
	Operation *op = waiting->op;
	void *own = slap_sl_mem_create(SLAP_SLAB_SIZE, SLAP_SLAB_STACK, ctx, 0);
	void *memctx;
	SlapReply rs = { REP_RESULT };

	wait_until_left(op->o_conn);
	memctx = op->o_tmpmemctx;
	slap_sl_mem_setctx(ctx, memctx);
	op->o_threadctx = ctx;
	op->o_tid = ldap_pvt_thread_pool_tid(ctx);
	operation_counter_init(op, ctx);
	op->o_req_dn = waiting->dn;
	op->o_req_ndn = waiting->ndn;
	bind_again(waiting, &rs);
	op->o_tmpfree(op->o_req_ndn.bv_val, memctx);
	op->o_tmpfree(op->o_req_dn.bv_val, memctx);
	BER_BVZERO(&op->o_req_ndn);
	BER_BVZERO(&op->o_req_dn);
	op->o_bd = NULL;
	connection_op_finish(op);
	slap_op_free(op, ctx);
	slap_sl_mem_setctx(ctx, own);
	slap_sl_mem_destroy((void *)1, memctx);
	ch_free(waiting);
	pass_on();
	return NULL;
}
