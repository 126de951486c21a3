/* SPDX-License-Identifier: OLDAP-2.8 */
/* close.c - connections of those who lost their access are ended
 *
 * The guard stops the next operation; what has none, an idle connection or a
 * persistent search, is found here.  Once a second, and right after a change
 * that came through slapd itself, the journal is asked for news; if there is
 * any, all connections are walked.
 *
 * A connection is ended by shutting its socket down: slapd reads the end of
 * it, abandons what runs on it and closes, as if the client had gone.
 */
#include "portable.h"

#include "slap.h"

#include "ldap_rq.h"
#include "lifecycle/acts.h"
#include "overlay/over_priv.h"

#define CLOSE_EVERY_S 1

static struct re_s *close_task;
static pthread_mutex_t close_mutex = PTHREAD_MUTEX_INITIALIZER;
static int close_poked; /* a look is queued; __atomic */

/* Open a snapshot of every database; true if any has news. */
static bool
snapshots_begin(void)
{
	bool news = false;
	uint64_t last;

	for (struct over_db *db = over_db_first(); db != NULL; db = db->next) {
		db->read = NULL;
		if (back_read_begin(NULL, db->back, &db->read) != RST_OK)
			continue; /* a second later, then */
		last = rst_journal_last(&db->read->txn);
		news = news || last != db->journal;
		db->journal = last;
	}
	return news;
}

static void
snapshots_end(void)
{
	for (struct over_db *db = over_db_first(); db != NULL; db = db->next)
		back_read_end(db->read);
}

/* The connection's identity had access and has it no more.  c_mutex held. */
static bool
has_lost(const Connection *conn)
{
	struct over_who who = { 0 };
	struct over_db *db;
	enum rst_err err = RST_OK;
	bool same;

	if (BER_BVISEMPTY(&conn->c_ndn))
		goto out;
	if (!over_identity_get(conn->c_connid, &conn->c_ndn, &who, &same)) {
		db = over_db_for(&conn->c_ndn);
		if (db != NULL && db->read != NULL)
			err = over_identity_find(&db->read->txn, db,
			                         &conn->c_ndn, &who);
	}
	if (err == RST_OK && who.db != NULL && who.db->read != NULL)
		err = act_still_allowed(&who.db->read->txn, who.id,
		                        who.generation);
out:
	return err == RST_EDENIED || err == RST_ENOTFOUND;
}

static void
end_lost(void)
{
	ber_socket_t at;
	Connection *conn;

	for (conn = connection_first(&at); conn != NULL;
	     conn = connection_next(conn, &at)) {
		if (conn->c_conn_state == SLAP_C_CLOSING || !has_lost(conn))
			continue;
		Debug(LDAP_DEBUG_STATS,
		      "conn=%lu lifecycle: \"%s\" has no access any more\n",
		      conn->c_connid, conn->c_ndn.bv_val);
		slapd_shutsock(conn->c_sd);
	}
	connection_done(conn);
}

static void
look(void)
{
	if (slapd_shutdown || ldap_pvt_thread_pool_pausing(&connection_pool))
		return; /* in the next second, then */
	pthread_mutex_lock(&close_mutex);
	if (snapshots_begin())
		end_lost();
	snapshots_end();
	pthread_mutex_unlock(&close_mutex);
}

static void *
look_on_time(void *ctx, void *arg)
{
	struct re_s *task = arg;

	look();

	/* slapd put it on the list for the next second as it started it */
	ldap_pvt_thread_mutex_lock(&slapd_rq.rq_mutex);
	if (ldap_pvt_runqueue_isrunning(&slapd_rq, task))
		ldap_pvt_runqueue_stoptask(&slapd_rq, task);
	ldap_pvt_thread_mutex_unlock(&slapd_rq.rq_mutex);
	return NULL;
}

static void *
look_now(void *ctx, void *arg)
{
	/* cleared first: a change that comes while we look asks again */
	__atomic_store_n(&close_poked, 0, __ATOMIC_SEQ_CST);
	look();
	return NULL;
}

void
over_close_poke(void)
{
	if (__atomic_exchange_n(&close_poked, 1, __ATOMIC_SEQ_CST) != 0)
		return;
	if (ldap_pvt_thread_pool_submit(&connection_pool, look_now, NULL) != 0)
		__atomic_store_n(&close_poked, 0, __ATOMIC_SEQ_CST);
}

void
over_close_start(void)
{
	static char name[] = OVER_NAME;

	ldap_pvt_thread_mutex_lock(&slapd_rq.rq_mutex);
	if (close_task == NULL)
		close_task = ldap_pvt_runqueue_insert(&slapd_rq, CLOSE_EVERY_S,
		                                      look_on_time, NULL, name,
		                                      name);
	ldap_pvt_thread_mutex_unlock(&slapd_rq.rq_mutex);
}

/*
 * The pool stands still.  A task that slapd handed to it and that did not
 * start yet is called back; should that fail it stays, with nothing to do.
 */
void
over_close_stop(void)
{
	bool idle = true;

	ldap_pvt_thread_mutex_lock(&slapd_rq.rq_mutex);
	if (close_task == NULL)
		goto out;
	if (close_task->pool_cookie != NULL && !slapd_shutdown)
		idle = ldap_pvt_thread_pool_retract(close_task->pool_cookie) >
		       0;
	if (!idle)
		goto out;
	if (ldap_pvt_runqueue_isrunning(&slapd_rq, close_task))
		ldap_pvt_runqueue_stoptask(&slapd_rq, close_task);
	ldap_pvt_runqueue_remove(&slapd_rq, close_task);
	close_task = NULL;
out:
	ldap_pvt_thread_mutex_unlock(&slapd_rq.rq_mutex);
}
