/* SPDX-License-Identifier: OLDAP-2.8 */
/* close.c - connections of those who lost their access are ended
 *
 * The guard stops the next operation; what has none, an idle connection or a
 * persistent search, is found here.
 *
 *	watcher (thread)	ten times a second: has a journal grown?
 *	look (slapd's pool)	does it say that somebody who is bound changed?
 *				then all connections are walked
 *
 * A change that came through slapd itself has it look right away.  The
 * watcher touches nothing of slapd's, so it may run while the pool is paused;
 * the look waits then.
 *
 * A connection is ended by shutting its socket down: slapd reads the end of
 * it, abandons what runs on it and closes, as if the client had gone.
 */
#include "portable.h"

#include "slap.h"

#include "lifecycle/acts.h"
#include "lifecycle/moment.h"
#include "overlay/over_priv.h"
#include "store/index.h"

#define WATCH_NS    100000000 /* between two looks at the journal */
#define RECORDS_MAX 64        /* of the journal that a look reads */

static pthread_mutex_t look_mutex = PTHREAD_MUTEX_INITIALIZER;
static int look_queued; /* __atomic */

static pthread_t watcher;
static bool watching; /* there is a watcher, to be joined */
static pthread_mutex_t watch_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t watch_stop;
static bool watch_on; /* under watch_mutex */

/*
 * Do the records after known say that the entry of somebody who is bound
 * changed?  Mostly they do not, and no connection need be walked.
 */
static bool
concerns_somebody(const struct over_db *db, uint64_t known, uint64_t last)
{
	struct rst_journal_public record;

	if (known == 0 || last < known || last - known > RECORDS_MAX)
		return true;
	for (uint64_t at = known + 1; at <= last; at++)
		if (rst_journal_get(&db->read->txn, at, &record) != RST_OK ||
		    record.op == RST_J_LOAD || over_identity_has(db, record.id))
			return true;
	return false;
}

/* When the next rosterExpires of anything comes, at the latest. */
static void
find_expiry(struct over_db *db)
{
	struct rst_index_cursor cursor = { 0 };
	char from[LIFECYCLE_TIME_BYTES];
	struct rst_record record;
	int64_t expiry_s = INT64_MAX;
	uint64_t id;
	size_t n = 0;
	enum rst_err err;

	lifecycle_time_print(slap_get_time() + 1, from);
	err = rst_index_range(&db->read->txn, RST_A_ROSTEREXPIRES,
	                      rst_view_of(from), rst_view(NULL, 0), &cursor,
	                      &id, 1, &n);
	if (err == RST_OK && n == 1)
		err = rst_record_get(&db->read->txn, id, &record);
	if (err == RST_OK && n == 1)
		(void)lifecycle_time_parse(
			rst_record_first(&record, RST_A_ROSTEREXPIRES),
			&expiry_s);
	if (err != RST_OK) /* look again */
		expiry_s = slap_get_time() + 1;
	__atomic_store_n(&db->expiry_s, expiry_s, __ATOMIC_SEQ_CST);
}

/* Open a snapshot of every database; true if any has news for us. */
static bool
snapshots_begin(void)
{
	bool news = false;
	uint64_t last;

	for (struct over_db *db = over_db_first(); db != NULL; db = db->next) {
		db->read = NULL;
		if (back_read_begin(NULL, db->back, &db->read) != RST_OK)
			continue; /* the watcher asks again */
		if (db->expiry_s <= slap_get_time()) {
			/* somebody's account has expired, perhaps */
			news = true;
			find_expiry(db);
		}
		last = rst_journal_last(&db->read->txn);
		if (last == db->journal)
			continue;
		find_expiry(db);
		news = concerns_somebody(db, db->journal, last) || news;
		__atomic_store_n(&db->journal, last, __ATOMIC_SEQ_CST);
	}
	return news;
}

static void
snapshots_end(void)
{
	for (struct over_db *db = over_db_first(); db != NULL; db = db->next)
		back_read_end(db->read);
}

/* The snapshots are old by a moment: who bound since then, or changed his own
 * password, would seem to have lost what he had. */
static bool
has_lost_now(const Connection *conn, struct over_who *who)
{
	struct rst_rtxn txn;
	enum rst_err err;

	do {
		err = rst_read_begin(who->db->back->env, &txn);
		if (err == RST_OK)
			err = over_identity_check(&txn, who);
		rst_read_end(&txn);
	} while ((err == RST_EDENIED || err == RST_ENOTFOUND) &&
	         over_identity_moved(conn->c_connid, who) && who->db != NULL);
	return err == RST_EDENIED || err == RST_ENOTFOUND;
}

/*
 * The connection's identity had access and has it no more.  Who has no row
 * was bound before the database opened, and gets one.  c_mutex held.
 */
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
		if (db == NULL || db->read == NULL)
			goto out;
		err = over_identity_find(&db->read->txn, db, &conn->c_ndn,
		                         &who);
		if (err == RST_OK)
			over_identity_put(conn->c_connid, &conn->c_ndn, &who);
	}
	if (err == RST_OK && who.db != NULL && who.db->read != NULL) {
		err = over_identity_check(&who.db->read->txn, &who);
		if (err == RST_EDENIED || err == RST_ENOTFOUND)
			return has_lost_now(conn, &who);
	}
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

static void *
look(void *ctx, void *arg)
{
	/* cleared first: a change that comes while we look asks again */
	__atomic_store_n(&look_queued, 0, __ATOMIC_SEQ_CST);
	if (slapd_shutdown)
		return NULL;
	pthread_mutex_lock(&look_mutex);
	if (snapshots_begin())
		end_lost();
	snapshots_end();
	pthread_mutex_unlock(&look_mutex);
	return NULL;
}

void
over_close_poke(void)
{
	if (slapd_shutdown ||
	    __atomic_exchange_n(&look_queued, 1, __ATOMIC_SEQ_CST) != 0)
		return;
	if (ldap_pvt_thread_pool_submit(&connection_pool, look, NULL) != 0)
		__atomic_store_n(&look_queued, 0, __ATOMIC_SEQ_CST);
}

static bool
has_news(struct over_db *db)
{
	uint64_t known = __atomic_load_n(&db->journal, __ATOMIC_SEQ_CST);
	struct rst_rtxn txn;
	bool grew = false;

	if (__atomic_load_n(&db->expiry_s, __ATOMIC_SEQ_CST) <= slap_get_time())
		return true;
	if (rst_read_begin(db->back->env, &txn) == RST_OK) {
		grew = rst_journal_last(&txn) != known;
		rst_read_end(&txn);
	}
	return grew;
}

static void *
watch(void *arg)
{
	struct timespec until;
	bool news;

	pthread_mutex_lock(&watch_mutex);
	while (watch_on) {
		news = false;
		for (struct over_db *db = over_db_first(); db != NULL;
		     db = db->next)
			news = has_news(db) || news;
		if (news)
			over_close_poke();
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += WATCH_NS;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		(void)pthread_cond_timedwait(&watch_stop, &watch_mutex, &until);
	}
	pthread_mutex_unlock(&watch_mutex);
	return NULL;
}

int
over_close_start(void)
{
	pthread_condattr_t attr;
	int rc;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&watch_stop, &attr);
	pthread_condattr_destroy(&attr);
	watch_on = true;
	rc = pthread_create(&watcher, NULL, watch, NULL);
	watching = rc == 0;
	return rc;
}

void
over_close_stop(void)
{
	if (!watching)
		return;
	pthread_mutex_lock(&watch_mutex);
	watch_on = false;
	pthread_cond_signal(&watch_stop);
	pthread_mutex_unlock(&watch_mutex);
	pthread_join(watcher, NULL);
	pthread_cond_destroy(&watch_stop);
	watching = false;
}
