/* SPDX-License-Identifier: OLDAP-2.8 */
/* ticker.c - tasks of slapd's pool, every so many seconds
 *
 * slapd has a run queue for that, but it goes by the wall clock: when that is
 * set back nothing in it runs until the old time has come again, and when it is
 * set back just while slapd's main thread hands out what is due, that thread
 * never leaves its loop and slapd answers nobody for as long.
 *
 * One thread for all databases looks at CLOCK_MONOTONIC and gives the pool what
 * is due.  It ends with the last task.
 */
#include "back-roster.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "backend/ticker.h"

#define S_NS     INT64_C(1000000000)
#define READY_NS INT64_C(20000000) /* does slapd serve by now? */

struct back_tick {
	struct back_tick *next, **owner;
	back_tick_fn *routine;
	void *arg;
	int64_t every_ns, due_ns;
	void *cookie; /* of the pool, while it is queued */
	bool queued, runs;
	bool stopped; /* while it runs: nobody has it any more */
};

extern int slapd_ready; /* daemon.c of slapd; no header has it */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static pthread_t ticker;
static struct back_tick *ticks;
static bool on, ending;

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * S_NS + now.tv_nsec;
}

static void
unlink_tick(struct back_tick *tick)
{
	struct back_tick **at = &ticks;

	while (*at != tick)
		at = &(*at)->next;
	*at = tick->next;
	*tick->owner = NULL;
}

static void *
run(void *ctx, void *arg)
{
	struct back_tick *tick = arg;
	bool more;

	(void)ctx;
	pthread_mutex_lock(&mutex);
	tick->queued = false;
	tick->runs = true;
	pthread_mutex_unlock(&mutex);
	back_pause_hold();
	more = tick->routine(tick->arg);
	back_pause_release();
	pthread_mutex_lock(&mutex);
	tick->runs = false;
	if (!more && !tick->stopped)
		unlink_tick(tick);
	more = more && !tick->stopped;
	pthread_mutex_unlock(&mutex);
	if (!more)
		free(tick);
	return NULL;
}

static void
submit(struct back_tick *tick)
{
	if (tick->queued || tick->runs || slapd_shutdown)
		return;
	tick->queued = true;
	if (ldap_pvt_thread_pool_submit2(&connection_pool, run, tick,
	                                 &tick->cookie) != 0)
		tick->queued = false;
}

/* Give the pool what is due; when to look again. */
static int64_t
hand_out(void)
{
	int64_t now = now_ns(), next = now + S_NS;

	if (!__atomic_load_n(&slapd_ready, __ATOMIC_RELAXED))
		return now + READY_NS;
	for (struct back_tick *tick = ticks; tick != NULL; tick = tick->next) {
		if (tick->due_ns <= now) {
			tick->due_ns = now + tick->every_ns;
			submit(tick);
		}
		if (tick->due_ns < next)
			next = tick->due_ns;
	}
	return next;
}

static void *
tick_on(void *arg)
{
	struct timespec until;
	int64_t next;

	pthread_mutex_lock(&mutex);
	while (!ending) {
		next = hand_out();
		until.tv_sec = (time_t)(next / S_NS);
		until.tv_nsec = (long)(next % S_NS);
		(void)pthread_cond_timedwait(&changed, &mutex, &until);
	}
	pthread_mutex_unlock(&mutex);
	return arg;
}

/* The thread, unless it runs. */
static enum rst_err
turn_on(void)
{
	pthread_condattr_t attr;

	if (on)
		return RST_OK;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&changed, &attr);
	pthread_condattr_destroy(&attr);
	ending = false;
	on = pthread_create(&ticker, NULL, tick_on, NULL) == 0;
	if (!on)
		pthread_cond_destroy(&changed);
	return on ? RST_OK : RST_ENOMEM;
}

enum rst_err
back_tick_start(struct back_tick **owner, unsigned int every_s,
                back_tick_fn *routine, void *arg)
{
	struct back_tick *tick = calloc(1, sizeof(*tick));
	enum rst_err err;

	if (tick == NULL)
		return RST_ENOMEM;
	tick->owner = owner;
	tick->routine = routine;
	tick->arg = arg;
	tick->every_ns = every_s * S_NS;
	pthread_mutex_lock(&mutex);
	err = turn_on();
	if (err == RST_OK) {
		tick->next = ticks;
		ticks = *owner = tick;
		tick = NULL;
		pthread_cond_signal(&changed);
	}
	pthread_mutex_unlock(&mutex);
	free(tick);
	return err;
}

void
back_tick_stop(struct back_tick **owner)
{
	struct back_tick *tick;
	bool last = false;

	pthread_mutex_lock(&mutex);
	tick = *owner;
	if (tick != NULL) {
		/* it waits for a thread: nobody may find it gone */
		if (tick->queued)
			ldap_pvt_thread_pool_retract(tick->cookie);
		unlink_tick(tick);
		tick->stopped = tick->runs;
		last = on && ticks == NULL;
		ending = last;
		pthread_cond_signal(&changed);
	}
	if (tick != NULL && !tick->stopped)
		free(tick);
	pthread_mutex_unlock(&mutex);
	if (!last)
		return;
	pthread_join(ticker, NULL);
	pthread_cond_destroy(&changed);
	on = false;
}

void
back_tick_fence(void)
{
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
}
