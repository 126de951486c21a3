/* SPDX-License-Identifier: OLDAP-2.8 */
/* tasks.c - what a server does by itself: stale readers, failures, indexes
 *
 * Tasks stand in slapd's run queue, which gives each to the pool when its time
 * has come.  A task never waits for a pause of the pool to end: it would hold
 * a database that is being closed.  It leaves, and comes again a second later.
 *
 * Indexes are built in pieces of some milliseconds, each a transaction, with a
 * nap between them that lets every other writer have its turn.
 */
#include "back-roster.h"

#include <time.h>

#include "backend/follow.h"
#include "backend/replica.h"
#include "ldap_rq.h"
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

static void
leave_queue(struct re_s *task)
{
	ldap_pvt_thread_mutex_lock(&slapd_rq.rq_mutex);
	ldap_pvt_runqueue_stoptask(&slapd_rq, task);
	ldap_pvt_thread_mutex_unlock(&slapd_rq.rq_mutex);
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
static void *
clear_stale(void *ctx, void *arg)
{
	struct re_s *task = arg;
	struct back_db *db = task->arg;

	rst_env_clear_stale(db->env);
	back_task_report(db, false);
	back_follow_look(db);
	leave_queue(task);
	return NULL;
}

static struct re_s *
start(BackendDB *be, time_t every_s, ldap_pvt_thread_start_t *routine,
      char *name)
{
	struct re_s *task;

	ldap_pvt_thread_mutex_lock(&slapd_rq.rq_mutex);
	task = ldap_pvt_runqueue_insert(&slapd_rq, every_s, routine,
	                                be->be_private, name,
	                                be->be_suffix[0].bv_val);
	ldap_pvt_thread_mutex_unlock(&slapd_rq.rq_mutex);
	return task;
}

static void
stop(struct re_s **task)
{
	if (*task == NULL)
		return;
	ldap_pvt_thread_mutex_lock(&slapd_rq.rq_mutex);
	if (ldap_pvt_runqueue_isrunning(&slapd_rq, *task)) {
		/* it waits for a thread: nobody may find it gone */
		ldap_pvt_runqueue_stoptask(&slapd_rq, *task);
		ldap_pvt_thread_pool_retract((*task)->pool_cookie);
	}
	ldap_pvt_runqueue_remove(&slapd_rq, *task);
	ldap_pvt_thread_mutex_unlock(&slapd_rq.rq_mutex);
	*task = NULL;
}

static void *
look_at_role(void *ctx, void *arg)
{
	struct re_s *task = arg;

	if (!must_leave())
		back_replica_look(task->arg);
	leave_queue(task);
	return NULL;
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

static void *
work_on_indexes(void *ctx, void *arg)
{
	const struct timespec nap = { .tv_nsec = INDEX_NAP_NS };
	struct re_s *task = arg;
	struct back_db *db = task->arg;
	enum rst_err err = RST_OK;
	bool more = true;

	while (err == RST_OK && more && !must_leave()) {
		tell_now_and_then(db);
		err = index_piece(db, &more);
		nanosleep(&nap, NULL);
	}
	tell_trouble(db, err);
	if (more) {
		leave_queue(task);
		return NULL;
	}
	Debug(LDAP_DEBUG_ANY, "roster: \"%s\": all indexes are complete\n",
	      db->directory);
	ldap_pvt_thread_mutex_lock(&slapd_rq.rq_mutex);
	ldap_pvt_runqueue_stoptask(&slapd_rq, task);
	ldap_pvt_runqueue_remove(&slapd_rq, task);
	db->index_task = NULL;
	ldap_pvt_thread_mutex_unlock(&slapd_rq.rq_mutex);
	return NULL;
}

void
back_task_index(BackendDB *be)
{
	static char name[] = "roster_index";
	struct back_db *db = be->be_private;

	if (!(slapMode & SLAP_SERVER_MODE) || db->index_task != NULL)
		return;
	db->index_told_s = 0;
	db->index_task = start(be, INDEX_EVERY_S, work_on_indexes, name);
	slap_wake_listener();
}

void
back_tasks_start(BackendDB *be)
{
	static char name[] = "roster_stale", role[] = "roster_replica";
	struct back_db *db = be->be_private;

	if (!(slapMode & SLAP_SERVER_MODE))
		return;
	db->stale_task = start(be, STALE_EVERY_S, clear_stale, name);
	db->replica_task = start(be, REPLICA_EVERY_S, look_at_role, role);
}

void
back_tasks_stop(struct back_db *db)
{
	stop(&db->stale_task);
	stop(&db->replica_task);
	stop(&db->index_task);
}
