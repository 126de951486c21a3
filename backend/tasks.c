/* SPDX-License-Identifier: OLDAP-2.8 */
/* tasks.c - what a server does by itself: stale readers, failures, indexes
 *
 * ticker.c gives each to the pool when its time has come.  A task never waits
 * for a pause of the pool to end: the database might be closed in it. It
 * leaves, and comes again a second later; and in what it does no pause begins,
 * also when that leads to another database (the one of accesslog) and waits
 * there.
 *
 * Indexes are built in pieces of some milliseconds, each a transaction, with a
 * nap between them that lets every other writer have its turn.
 */
#include "back-roster.h"

#include <time.h>

#include "backend/follow.h"
#include "backend/replica.h"
#include "backend/ticker.h"
#include "lifecycle/attempt.h"

#define REPLICA_EVERY_S 1
#define STALE_EVERY_S   5 /* look for readers that died */
#define INDEX_EVERY_S   1
#define INDEX_BUDGET    8000    /* 10 ms or so of writing */
#define INDEX_NAP_NS    5000000 /* others poll every millisecond */
#define INDEX_TELL_S    10      /* between two lines of the log */
#define INDEX_TEXT_MAX  (RST_ATTR_NAME_MAX + 64)

static bool
must_leave(void)
{
	return slapd_shutdown ||
	       ldap_pvt_thread_pool_pausing(&connection_pool) > 0;
}

/* How often this thread holds it off. */
static _Thread_local unsigned int pause_held;

void
back_pause_hold(void)
{
	pause_held++;
}

void
back_pause_release(void)
{
	pause_held--;
}

bool
back_pause_wanted(void)
{
	return pause_held == 0 &&
	       ldap_pvt_thread_pool_pausing(&connection_pool) > 0;
}

int64_t
back_wait_until_ms(void)
{
	return back_monotonic_ms() +
	       (pause_held > 0 ? BACK_WITHIN_WAIT_MS : BACK_WRITER_WAIT_MS);
}

void
back_pause_let(void)
{
	if (back_pause_wanted())
		ldap_pvt_thread_pool_pausecheck(&connection_pool);
}

void
back_task_report(struct back_db *db, bool all)
{
	struct timespec now;
	enum rst_err err;

	if (!(slapMode & SLAP_SERVER_MODE))
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	const struct act_ctx ctx = {
		.env = db->env,
		.door = RST_DOOR_SYSTEM,
		.now_s = now.tv_sec,
		.now_us = (uint32_t)(now.tv_nsec / 1000),
		.server_id = (unsigned int)slap_serverID,
	};
	err = attempt_report(&ctx, all);
	if (err != RST_OK && err != RST_EBUSY)
		Debug(LDAP_DEBUG_ANY,
		      "roster: \"%s\": journal of failed binds: %s\n",
		      db->directory, rst_strerror(err));
}

/* A process that is killed while it reads pins its pages until somebody
 * clears its slot. */
static bool
clear_stale(void *arg)
{
	struct back_db *db = arg;

	rst_env_clear_stale(db->env);
	back_task_report(db, false);
	return true;
}

static void
start(struct back_db *db, struct back_tick **task, unsigned int every_s,
      back_tick_fn *routine)
{
	enum rst_err err = back_tick_start(task, every_s, routine, db);

	if (err != RST_OK)
		Debug(LDAP_DEBUG_ANY, "roster: \"%s\": a task: %s\n",
		      db->directory, rst_strerror(err));
}

static bool
look_at_config(void *arg)
{
	unsigned int epoch = back_epoch();

	if (!must_leave())
		back_follow_look(arg);
	if (back_epoch() == epoch && !must_leave())
		back_replica_look(arg);
	return true;
}

static bool
wait_on(void *arg)
{
	return !must_leave();
}

/* Tell of all that is not complete. */
static void
tell_progress(const struct back_db *db)
{
	char text[INDEX_TEXT_MAX];
	struct rst_index_info info;
	struct rst_rtxn txn;
	size_t at = 0;

	if (rst_read_begin(db->env, &txn) != RST_OK)
		return;
	while (rst_index_next(&txn, &at, &info)) {
		if (info.state == RST_INDEX_COMPLETE)
			continue;
		back_index_print(&info, text, sizeof(text));
		Debug(LDAP_DEBUG_ANY, "roster: \"%s\": index %s\n",
		      db->directory, text);
	}
	rst_read_end(&txn);
}

static enum rst_err
index_piece(const struct back_db *db, bool *ret_more)
{
	struct rst_wtxn txn;
	enum rst_err err;

	err = rst_write_begin_polled(db->env, RST_WRITE_ORDINARY, wait_on, NULL,
	                             &txn);
	if (err != RST_OK)
		return err;
	err = rst_index_work(&txn, INDEX_BUDGET, ret_more);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	return err;
}

static void
tell_now_and_then(struct back_db *db)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (db->index_told_s != 0 &&
	    now.tv_sec - db->index_told_s < INDEX_TELL_S)
		return;
	db->index_told_s = now.tv_sec;
	tell_progress(db);
}

/* What is wrong is said once, not every second. */
static void
tell_trouble(struct back_db *db, enum rst_err err)
{
	if (err != RST_OK && err != RST_EBUSY && err != db->index_trouble)
		Debug(LDAP_DEBUG_ANY, "roster: \"%s\": indexes: %s\n",
		      db->directory, rst_strerror(err));
	if (err != RST_EBUSY)
		db->index_trouble = err;
}

static bool
work_on_indexes(void *arg)
{
	const struct timespec nap = { .tv_nsec = INDEX_NAP_NS };
	struct back_db *db = arg;
	enum rst_err err = RST_OK;
	bool more = true;

	while (err == RST_OK && more && !must_leave()) {
		tell_now_and_then(db);
		err = index_piece(db, &more);
		nanosleep(&nap, NULL);
	}
	tell_trouble(db, err);
	if (!more)
		Debug(LDAP_DEBUG_ANY,
		      "roster: \"%s\": all indexes are complete\n",
		      db->directory);
	return more;
}

void
back_task_index(BackendDB *be)
{
	struct back_db *db = be->be_private;

	if (!(slapMode & SLAP_SERVER_MODE) || db->index_task != NULL)
		return;
	db->index_told_s = 0;
	start(db, &db->index_task, INDEX_EVERY_S, work_on_indexes);
}

void
back_tasks_start(BackendDB *be)
{
	struct back_db *db = be->be_private;

	if (!(slapMode & SLAP_SERVER_MODE))
		return;
	start(db, &db->stale_task, STALE_EVERY_S, clear_stale);
	start(db, &db->replica_task, REPLICA_EVERY_S, look_at_config);
}

void
back_tasks_stop(struct back_db *db)
{
	back_tick_stop(&db->stale_task);
	back_tick_stop(&db->replica_task);
	back_tick_stop(&db->index_task);
}
