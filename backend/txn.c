/* SPDX-License-Identifier: OLDAP-2.8 */
/* txn.c - one cached read transaction for each thread of slapd's pool
 *
 * Beginning a read takes a lock and a slot in the reader table; renewing one
 * costs a microsecond.  So each thread keeps its own, under the database's
 * address as key of slapd's thread-local store, which frees it when the
 * thread ends.
 *
 * An operation may be inside another one's read: an ACL that names a group
 * reads the group's entry while a search looks at a candidate.  The inner one
 * shares the outer one's snapshot; the last to leave resets it.
 *
 * A thread that is neither the pool's nor the main one (syncprov starts one of
 * its own) keeps nothing: slapd would store its data with the main thread's,
 * where all such threads would share it and the closing would not find it.
 */
#include "back-roster.h"

#include <unistd.h>

static void
read_free(void *key, void *data)
{
	struct back_read *read = data;

	if (read == NULL)
		return;
	rst_read_end(&read->txn);
	ch_free(read);
}

/*
 * The main thread (tools, and db_open of overlays) is no pool thread: nobody
 * would free what it keeps there, so its transaction is kept in db.
 */
static bool
on_main_thread(void)
{
	static _Thread_local signed char is_main; /* 0: not asked yet */

	if (is_main == 0)
		is_main = getpid() == gettid() ? 1 : -1;
	return is_main > 0;
}

/* The read of a thread for which nobody keeps one, while it is in use. */
static _Thread_local struct back_read *passing;

static bool
is_pool_thread(void *ctx)
{
	return pthread_equal(ldap_pvt_thread_pool_tid(ctx), pthread_self());
}

static struct back_read *
read_kept(void *ctx, struct back_db *db)
{
	void *data = NULL;

	if (on_main_thread())
		return db->main_read;
	if (!is_pool_thread(ctx))
		return passing != NULL && passing->db == db ? passing : NULL;
	if (ldap_pvt_thread_pool_getkey(ctx, db, &data, NULL) != 0)
		return NULL;
	return data;
}

static enum rst_err
read_new(void *ctx, struct back_db *db, struct back_read **ret_read)
{
	struct back_read *read = ch_calloc(1, sizeof(*read));
	enum rst_err err;

	err = rst_read_begin(db->env, &read->txn);
	if (err != RST_OK) {
		ch_free(read);
		return err;
	}
	read->db = db;
	(void)rst_read_remember(&read->txn); /* faster, no more */
	if (on_main_thread()) {
		db->main_read = read;
	} else if (!is_pool_thread(ctx)) {
		read->passing = true;
		passing = read;
	} else if (ldap_pvt_thread_pool_setkey(ctx, db, read, read_free, NULL,
	                                       NULL) != 0) {
		read_free(db, read);
		return RST_ENOMEM;
	}
	*ret_read = read;
	return RST_OK;
}

enum rst_err
back_read_begin(Operation *op, struct back_db *db, struct back_read **ret_read)
{
	void *ctx = op != NULL ? op->o_threadctx : NULL;
	struct back_read *read;
	enum rst_err err;

	if (db->env == NULL)
		return RST_EIO;
	if (ctx == NULL)
		ctx = ldap_pvt_thread_pool_context();
	read = read_kept(ctx, db);
	if (read == NULL) {
		err = read_new(ctx, db, &read);
		if (err != RST_OK)
			return err;
	} else if (read->depth == 0) {
		err = rst_read_renew(&read->txn);
		if (err != RST_OK)
			return err;
	}
	read->depth++;
	*ret_read = read;
	return RST_OK;
}

void
back_read_end(struct back_read *read)
{
	if (read == NULL || --read->depth != 0)
		return;
	if (read->passing) {
		passing = NULL;
		read_free(NULL, read);
	} else {
		rst_read_reset(&read->txn);
	}
}

void
back_read_flush(struct back_db *db)
{
	ldap_pvt_thread_pool_purgekey(db);
	read_free(db, db->main_read);
	db->main_read = NULL;
}
