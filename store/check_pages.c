/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_pages.c - the pages of the file
 *
 *	meta 0, meta 1, pages of tables, pages of the free list, free pages
 *
 * are all there are, each once.  LMDB's copying of an environment demands the
 * same, and a page that was lost never comes back.
 */
#include <inttypes.h>

#include "store/check_priv.h"

#define META_PAGES   2
#define OWN_TABLES   2   /* LMDB's: the free list, the table of tables */
#define OLDEST_S     60  /* a snapshot that is kept longer is worth a look */
#define NEWEST_TRIES 100 /* to see the newest commit */

/* The pages of one table. */
static enum rst_err
add_pages(MDB_txn *txn, MDB_dbi dbi, uint64_t *n)
{
	MDB_stat stat;
	int rc = mdb_stat(txn, dbi, &stat);

	if (rc == 0)
		*n += stat.ms_branch_pages + stat.ms_leaf_pages +
		      stat.ms_overflow_pages;
	return rst_err_from_lmdb(rc);
}

/* All pages that one snapshot holds or has free. */
static enum rst_err
count_pages(const struct rst_rtxn *txn, uint64_t *ret_n)
{
	uint64_t n = META_PAGES;
	uint64_t free_pages = 0;
	enum rst_err err;

	err = rst_free_pages(txn, &free_pages);
	for (MDB_dbi dbi = 0; err == RST_OK && dbi < OWN_TABLES; dbi++)
		err = add_pages(rst_txn(txn), dbi, &n);
	for (int i = 0; err == RST_OK && i < RST_T_COUNT; i++)
		err = add_pages(rst_txn(txn), txn->env->dbi[i], &n);
	if (err == RST_OK)
		*ret_n = n + free_pages;
	return err;
}

/* A snapshot of the newest commit, and what LMDB says of that. */
static enum rst_err
read_newest(struct rst_env *env, struct rst_rtxn *txn, MDB_envinfo *info,
            bool *ret_newest)
{
	enum rst_err err = rst_read_begin(env, txn);

	mdb_env_info(env->mdb, info);
	*ret_newest =
		err == RST_OK && info->me_last_txnid == rst_txn_number(txn);
	return err;
}

/* The same while nobody writes. */
static enum rst_err
read_newest_locked(struct rst_env *env, struct rst_rtxn *txn, MDB_envinfo *info,
                   bool *ret_newest)
{
	enum rst_err err = rst_writer_lock(env, RST_WRITER_WAIT_MS);
	MDB_txn *writer = NULL;

	if (err != RST_OK)
		return err;
	/* Where a process died in its commit, LMDB tells others of that at the
	 * next write only */
	if (mdb_txn_begin(env->mdb, NULL, 0, &writer) == 0)
		mdb_txn_abort(writer);
	err = read_newest(env, txn, info, ret_newest);
	rst_writer_unlock(env);
	return err;
}

/*
 * Each page is in a table or free: none is lost, none is in two places.  LMDB
 * tells the last page of the newest commit only, so this needs a snapshot of
 * that one, of its own; where others write without pause, taken with their
 * lock.
 */
enum rst_err
rst_check_pages(struct rst_check *check)
{
	struct rst_env *env = check->txn->env;
	struct rst_rtxn txn = { 0 };
	uint64_t n = 0;
	MDB_envinfo info;
	bool newest = false;
	enum rst_err err = RST_OK;

	for (int i = 0; err == RST_OK && !newest && i < NEWEST_TRIES; i++) {
		rst_read_end(&txn);
		err = read_newest(env, &txn, &info, &newest);
	}
	if (err == RST_OK && !newest) {
		rst_read_end(&txn);
		err = read_newest_locked(env, &txn, &info, &newest);
	}
	if (err == RST_OK && !newest)
		err = RST_EBUSY;
	if (err == RST_OK)
		err = count_pages(&txn, &n);
	if (err == RST_OK && n != info.me_last_pgno + 1)
		rst_check_found(check,
		                "%" PRIu64 " pages are in tables or free, of "
		                "%zu there are",
		                n, (size_t)info.me_last_pgno + 1);
	rst_read_end(&txn);
	return err;
}

/* As long as a snapshot is kept, pages of newer commits cannot be used again.
 */
enum rst_err
rst_check_readers(struct rst_check *check)
{
	struct rst_env_info info;
	enum rst_err err;

	err = rst_env_info(check->txn->env, &info);
	if (err != RST_OK)
		return err;
	if (info.readers_dead > 0)
		rst_check_warn(check,
		               "%u slots of readers are of processes that "
		               "died",
		               info.readers_dead);
	if (info.oldest_s >= OLDEST_S)
		rst_check_warn(check,
		               "a reader has kept a snapshot for %" PRId64
		               " s since there were newer ones: the file "
		               "grows",
		               info.oldest_s);
	return RST_OK;
}

/* Not a violation, but the next thing that goes wrong. */
enum rst_err
rst_check_room(struct rst_check *check)
{
	struct rst_env_info info;
	enum rst_err err;

	err = rst_env_info(check->txn->env, &info);
	if (err != RST_OK)
		return err;
	if (info.used_bytes >= info.ordinary_bytes)
		rst_check_warn(check,
		               "%" PRIu64 " of the map's %" PRIu64
		               " MiB are used: all but deletes are refused",
		               info.used_bytes >> 20, info.map_bytes >> 20);
	if (info.disk_bytes < info.reserve_bytes)
		rst_check_warn(check,
		               "the disk has %" PRIu64
		               " MiB left: all but deletes are refused",
		               info.disk_bytes >> 20);
	return RST_OK;
}
