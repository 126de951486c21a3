/* SPDX-License-Identifier: OLDAP-2.8 */
/* db.c - transactions, tables and cursors: LMDB translated
 *
 * The reserve (hazard F8).  When a map is quite full even deletes fail, as
 * LMDB copies pages to change them.  So an ordinary write begins only while
 * less than 80 % of the map is used, one that makes room while less than
 * 95 %.  "Used" is pages ever used less those in the free list.  Counting
 * the free list walks it, so that is done only when the pages ever used are
 * themselves above the mark: a directory that never came near its limit pays
 * nothing, one that did pays one short walk for each write.  Pages that are
 * free but still seen by some reader count as free; a write that meets them
 * ends with RST_EFULL in its middle, and the stale readers are cleared so
 * that the next one fares better.  A commit copies some fifty pages and cannot
 * use again what the one before it freed, so in a small map the margins are no
 * less than ORDINARY_PAGES and FREEING_PAGES, or half and a quarter of it.
 *
 * The disk beneath is treated alike: a write that is not there to make room
 * stays off its last DISK_RESERVE_BYTES.
 *
 * Resizing.  The map never grows while in use; "rosterctl resize" works on a
 * closed environment.  Should another process have resized it all the same,
 * LMDB says MDB_MAP_RESIZED; taking over the new size is lawful only with no
 * transaction open in this process, hence env->live.  Who meets it with
 * others under way answers RST_EBUSY.
 */
#include "store/env_priv.h"
#include "store/poke.h"

#include <errno.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <time.h>

#define ORDINARY_PERCENT   80
#define FREEING_PERCENT    95
#define ORDINARY_PAGES     512
#define FREEING_PAGES      192
#define DISK_FULL_BYTES    (1 << 20)
#define DISK_RESERVE_BYTES (UINT64_C(8) << 20)
#define POLL_NS            1000000 /* 1 ms */

enum rst_err
rst_err_from_lmdb(int rc)
{
	switch (rc) {
	case 0:
		return RST_OK;
	case MDB_NOTFOUND:
		return RST_ENOTFOUND;
	case MDB_KEYEXIST:
		return RST_EEXISTS;
	case MDB_BAD_VALSIZE:
		return RST_EINVALID;
	case MDB_READERS_FULL:
	case MDB_MAP_RESIZED:
		return RST_EBUSY;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
	case ENOSPC:
	case EDQUOT:
		return RST_EFULL;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
		return RST_ECORRUPT;
	case ENOMEM:
		return RST_ENOMEM;
	default:
		return RST_EIO;
	}
}

static MDB_val
val_of(struct rst_view view)
{
	return (MDB_val){ .mv_size = view.len, .mv_data = (void *)view.ptr };
}

static struct rst_view
view_of(MDB_val val)
{
	return rst_view(val.mv_data, val.mv_size);
}

/* One more transaction holds a snapshot; false while the map is resized. */
static bool
enter(struct rst_env *env)
{
	atomic_fetch_add(&env->live, 1);
	if (!atomic_load(&env->resizing))
		return true;
	atomic_fetch_sub(&env->live, 1);
	return false;
}

static void
leave(struct rst_env *env)
{
	atomic_fetch_sub(&env->live, 1);
}

/* Take over the map's new size; the caller is the one live transaction, and
 * it has not begun. */
static int
take_new_size(struct rst_env *env)
{
	int rc = MDB_MAP_RESIZED;

	if (atomic_exchange(&env->resizing, true))
		return rc;
	if (atomic_load(&env->live) == 1)
		rc = mdb_env_set_mapsize(env->mdb, 0);
	atomic_store(&env->resizing, false);
	return rc;
}

static int
begin(struct rst_env *env, unsigned int flags, MDB_txn **ret_txn)
{
	int rc = mdb_txn_begin(env->mdb, NULL, flags, ret_txn);

	if (rc == MDB_READERS_FULL) {
		rst_env_clear_stale(env);
		rc = mdb_txn_begin(env->mdb, NULL, flags, ret_txn);
	} else if (rc == MDB_MAP_RESIZED && take_new_size(env) == 0) {
		rc = mdb_txn_begin(env->mdb, NULL, flags, ret_txn);
	}
	return rc;
}

void
rst_env_set_clock(struct rst_env *env, int64_t (*now_s)(void))
{
	env->clock = now_s;
}

static int64_t
now_of(const struct rst_env *env)
{
	return env->clock != NULL ? env->clock() : 0;
}

enum rst_err
rst_read_begin(struct rst_env *env, struct rst_rtxn *ret_txn)
{
	MDB_txn *txn = NULL;
	int rc;

	ret_txn->env = env;
	ret_txn->mdb = NULL;
	ret_txn->idle = false;
	ret_txn->lent = false;
	ret_txn->memo = NULL;
	ret_txn->gather = NULL;
	ret_txn->kept = false;
	if (!enter(env))
		return RST_EBUSY;
	rc = begin(env, MDB_RDONLY, &txn);
	if (rc != 0) {
		leave(env);
		return rst_err_from_lmdb(rc);
	}
	ret_txn->mdb = txn;
	ret_txn->now_s = now_of(env);
	return RST_OK;
}

bool
rst_read_as_kept(struct rst_rtxn *txn, bool kept)
{
	bool was = txn->kept;

	txn->kept = kept;
	txn->now_s = kept ? 0 : now_of(txn->env);
	return was;
}

void
rst_read_reset(struct rst_rtxn *txn)
{
	if (txn->mdb == NULL || txn->idle || txn->lent)
		return;
	mdb_txn_reset(rst_txn(txn));
	txn->idle = true;
	leave(txn->env);
}

enum rst_err
rst_read_renew(struct rst_rtxn *txn)
{
	int rc;

	if (txn->mdb == NULL)
		return RST_EINVALID;
	if (!txn->idle)
		return RST_OK;
	if (!enter(txn->env))
		return RST_EBUSY;
	rc = mdb_txn_renew(rst_txn(txn));
	if (rc == MDB_MAP_RESIZED && take_new_size(txn->env) == 0)
		rc = mdb_txn_renew(rst_txn(txn));
	if (rc != 0) {
		leave(txn->env);
		return rst_err_from_lmdb(rc);
	}
	txn->idle = false;
	txn->now_s = txn->kept ? 0 : now_of(txn->env);
	return RST_OK;
}

void
rst_read_end(struct rst_rtxn *txn)
{
	if (txn->mdb == NULL)
		return;
	if (!txn->lent)
		mdb_txn_abort(rst_txn(txn));
	if (!txn->lent && !txn->idle)
		leave(txn->env);
	txn->mdb = NULL;
	rst_memo_free(txn->memo);
	txn->memo = NULL;
}

void
rst_read_within(const struct rst_wtxn *txn, struct rst_rtxn *ret_txn)
{
	*ret_txn = txn->r;
	ret_txn->lent = true;
}

void
rst_write_move(struct rst_wtxn *from, struct rst_wtxn *to)
{
	*to = *from;
	to->followed = NULL; /* it was the act's */
	from->r.mdb = NULL;
	from->locked = false;
}

enum rst_err
rst_read_keep(struct rst_rtxn *txn)
{
	int rc = mdb_txn_commit(rst_txn(txn));

	leave(txn->env);
	txn->mdb = NULL;
	return rst_err_from_lmdb(rc);
}

uint64_t
rst_txn_number(const struct rst_rtxn *txn)
{
	return mdb_txn_id(rst_txn(txn));
}

enum rst_err
rst_free_pages(const struct rst_rtxn *txn, uint64_t *ret_free)
{
	MDB_cursor *cursor;
	MDB_val key, data;
	uint64_t free_pages = 0;
	size_t n;
	int rc;

	rc = mdb_cursor_open(rst_txn(txn), 0, &cursor);
	if (rc != 0)
		return rst_err_from_lmdb(rc);
	while ((rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) == 0) {
		if (data.mv_size < sizeof(n))
			break;
		memcpy(&n, data.mv_data, sizeof(n));
		if (n > data.mv_size / sizeof(n) - 1)
			break;
		free_pages += n;
	}
	mdb_cursor_close(cursor);
	*ret_free = free_pages;
	return rc == MDB_NOTFOUND
	               ? RST_OK
	               : rst_err_from_lmdb(rc == 0 ? MDB_CORRUPTED : rc);
}

enum rst_err
rst_pages(struct rst_env *env, uint64_t *ret_used, uint64_t *ret_free)
{
	struct rst_rtxn txn = { .mdb = NULL };
	uint64_t free_pages = 0;
	MDB_envinfo info;
	enum rst_err err;

	err = rst_read_begin(env, &txn);
	if (err == RST_OK)
		err = rst_free_pages(&txn, &free_pages);
	rst_read_end(&txn);
	if (err != RST_OK)
		return err;
	mdb_env_info(env->mdb, &info);
	*ret_used = info.me_last_pgno + 1;
	*ret_free = free_pages < *ret_used ? free_pages : *ret_used;
	return RST_OK;
}

/* What is left on the disk; UINT64_MAX when it does not say. */
static uint64_t
disk_left(struct rst_env *env)
{
	struct statvfs fs;
	mdb_filehandle_t fd;

	if (mdb_env_get_fd(env->mdb, &fd) != 0 || fstatvfs(fd, &fs) != 0)
		return UINT64_MAX;
	return (uint64_t)fs.f_bavail * fs.f_frsize;
}

static bool
disk_has_less(struct rst_env *env, uint64_t bytes)
{
	return disk_left(env) < bytes;
}

/* How many of the map's pages may be in use before a write begins. */
static uint64_t
mark_of(uint64_t pages, enum rst_write_purpose purpose)
{
	bool ordinary = purpose == RST_WRITE_ORDINARY;
	uint64_t percent = ordinary ? ORDINARY_PERCENT : FREEING_PERCENT;
	uint64_t margin = ordinary ? ORDINARY_PAGES : FREEING_PAGES;
	uint64_t part = pages / (ordinary ? 2 : 4);

	margin = margin < part ? margin : part;
	part = pages * percent / 100;
	return part < pages - margin ? part : pages - margin;
}

void
rst_room(struct rst_env *env, struct rst_env_info *info)
{
	MDB_stat stat;

	mdb_env_stat(env->mdb, &stat);
	info->ordinary_bytes =
		stat.ms_psize *
		mark_of(info->map_bytes / stat.ms_psize, RST_WRITE_ORDINARY);
	info->disk_bytes = disk_left(env);
	info->reserve_bytes = DISK_RESERVE_BYTES;
	info->full = info->used_bytes >= info->ordinary_bytes ||
	             info->disk_bytes < info->reserve_bytes;
}

/* Called with the writer lock, so nothing changes meanwhile. */
static enum rst_err
check_room(struct rst_env *env, enum rst_write_purpose purpose)
{
	uint64_t used, free_pages, mark;
	MDB_envinfo info;
	MDB_stat stat;
	enum rst_err err;

	if (purpose == RST_WRITE_ORDINARY &&
	    disk_has_less(env, DISK_RESERVE_BYTES))
		return RST_EFULL;
	mdb_env_info(env->mdb, &info);
	mdb_env_stat(env->mdb, &stat);
	mark = mark_of(info.me_mapsize / stat.ms_psize, purpose);
	if (info.me_last_pgno + 1 < mark)
		return RST_OK;
	rst_env_clear_stale(env);
	err = rst_pages(env, &used, &free_pages);
	if (err == RST_OK && used - free_pages >= mark)
		err = RST_EFULL;
	return err;
}

enum rst_err
rst_write_room(struct rst_env *env, enum rst_write_purpose purpose)
{
	return check_room(env, purpose);
}

/* With the writer lock held; gives it back on failure. */
static enum rst_err
begin_locked(struct rst_env *env, enum rst_write_purpose purpose,
             struct rst_wtxn *ret_txn)
{
	MDB_txn *txn = NULL;
	enum rst_err err;

	err = check_room(env, purpose);
	if (err != RST_OK)
		goto out;
	if (!enter(env)) {
		err = RST_EBUSY;
		goto out;
	}
	err = rst_err_from_lmdb(begin(env, 0, &txn));
	if (err != RST_OK) {
		leave(env);
		goto out;
	}
	env->mcount = (struct rst_mcount){ 0 };
	atomic_store(&env->writer, txn);
	atomic_store(&env->writer_failed, RST_OK);
	ret_txn->r.mdb = txn;
	ret_txn->r.now_s = now_of(env);
	ret_txn->locked = true;
out:
	if (err != RST_OK)
		rst_writer_unlock(env);
	return err;
}

static void
init_write(struct rst_env *env, struct rst_wtxn *txn)
{
	txn->r.env = env;
	txn->r.mdb = NULL;
	txn->r.idle = false;
	txn->r.lent = false;
	txn->r.memo = NULL;
	txn->r.gather = NULL;
	txn->r.kept = false;
	txn->locked = false;
	txn->followed = NULL;
}

enum rst_err
rst_write_begin(struct rst_env *env, enum rst_write_purpose purpose,
                struct rst_wtxn *ret_txn)
{
	enum rst_err err;

	init_write(env, ret_txn);
	err = rst_writer_lock(env, RST_WRITER_WAIT_MS);
	if (err != RST_OK)
		return err;
	return begin_locked(env, purpose, ret_txn);
}

enum rst_err
rst_write_begin_polled(struct rst_env *env, enum rst_write_purpose purpose,
                       bool (*pause)(void *arg), void *arg,
                       struct rst_wtxn *ret_txn)
{
	const struct timespec step = { .tv_nsec = POLL_NS };
	enum rst_err err;

	init_write(env, ret_txn);
	while ((err = rst_writer_lock(env, 0)) == RST_EBUSY) {
		if (!pause(arg))
			return RST_EBUSY;
		nanosleep(&step, NULL);
	}
	if (err != RST_OK)
		return err;
	return begin_locked(env, purpose, ret_txn);
}

/* The transaction is over: give back what rst_write_begin() took. */
static void
finish_write(struct rst_wtxn *txn, bool committed)
{
	struct rst_env *env = txn->r.env;

	txn->r.mdb = NULL;
	rst_index_gather_free(txn->r.gather);
	txn->r.gather = NULL;
	atomic_store(&env->writer, NULL);
	rst_attr_cache_settle(env->attrs, committed);
	leave(env);
	if (txn->locked)
		rst_writer_unlock(env);
	txn->locked = false;
}

void
rst_env_on_lost(struct rst_env *env, void (*lost)(void *arg), void *arg)
{
	env->lost = lost;
	env->lost_arg = arg;
}

/* Whether LMDB gave the environment up after a failed write of its meta
 * page: then nobody knows what is on disk. */
static bool
is_lost(struct rst_env *env)
{
	MDB_txn *probe = NULL;
	int rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &probe);

	if (rc == 0)
		mdb_txn_abort(probe);
	return rc == MDB_PANIC;
}

/* The environment of a transaction that is its write; NULL for a read. */
static struct rst_env *
written_by(const struct rst_rtxn *txn)
{
	return atomic_load(&txn->env->writer) == txn->mdb ? txn->env : NULL;
}

/* What err says of something that was read or changed; writes: whose write
 * did, or NULL.  Who is asked a question may answer "no" for "I cannot tell":
 * but then nothing is kept that was built upon it. */
static enum rst_err
after_access(struct rst_env *writes, enum rst_err err)
{
	int none = RST_OK;

	if (err != RST_OK && err != RST_ENOTFOUND && err != RST_EEXISTS &&
	    err != RST_EINVALID && writes != NULL)
		atomic_compare_exchange_strong(&writes->writer_failed, &none,
		                               (int)err);
	return err;
}

enum rst_err
rst_write_failed(const struct rst_wtxn *txn)
{
	return (enum rst_err)atomic_load(&txn->r.env->writer_failed);
}

/* Rows that wait are there before table is looked at or changed. */
static enum rst_err
settle(const struct rst_rtxn *txn, enum rst_table table)
{
	return table == RST_T_INDEX && txn->gather != NULL
	               ? after_access(written_by(txn),
	                              rst_index_gather_put(txn->gather))
	               : RST_OK;
}

enum rst_err
rst_write_commit(struct rst_wtxn *txn)
{
	struct rst_env *env = txn->r.env;
	uint64_t number;
	bool lost = false;
	enum rst_err err;

	if (txn->r.mdb == NULL)
		return RST_EINVALID;
	err = settle(&txn->r, RST_T_INDEX);
	if (err == RST_OK)
		err = rst_mcount_settle(txn);
	if (err == RST_OK)
		err = rst_write_failed(txn);
	if (err != RST_OK) {
		rst_write_abort(txn);
		return err;
	}
	number = rst_txn_number(&txn->r);
	err = rst_err_from_lmdb(mdb_txn_commit(rst_txn(&txn->r)));
	if (err == RST_OK && txn->locked)
		rst_commit_note(env, number, rst_monotonic_s());
	if (err == RST_EFULL || err == RST_EIO) {
		lost = is_lost(env);
		if (lost)
			err = RST_EIO;
		/* LMDB calls a short write EIO, which is what a disk gives
		 * that fills in the middle of one. */
		else if (disk_has_less(env, DISK_FULL_BYTES))
			err = RST_EFULL;
	}
	if (err == RST_EFULL)
		rst_env_clear_stale(env);
	finish_write(txn, err == RST_OK);
	if (err == RST_OK && !atomic_load(&env->listens))
		rst_poke(env);
	if (lost && env->lost != NULL)
		env->lost(env->lost_arg);
	return err;
}

void
rst_write_abort(struct rst_wtxn *txn)
{
	if (txn->r.mdb == NULL)
		return;
	mdb_txn_abort(rst_txn(&txn->r));
	finish_write(txn, false);
}

enum rst_err
rst_db_get(const struct rst_rtxn *txn, enum rst_table table,
           struct rst_view key, struct rst_view *ret_value)
{
	MDB_val k = val_of(key), v;
	enum rst_err err = settle(txn, table);
	int rc;

	if (err != RST_OK)
		return err;
	rc = mdb_get(rst_txn(txn), txn->env->dbi[table], &k, &v);
	if (rc == 0) {
		*ret_value = view_of(v);
		return RST_OK;
	}
	return after_access(written_by(txn), rst_err_from_lmdb(rc));
}

/* A full map may be the work of readers that died. */
static enum rst_err
after_change(struct rst_env *env, int rc)
{
	if (rc == MDB_MAP_FULL)
		rst_env_clear_stale(env);
	return after_access(env, rst_err_from_lmdb(rc));
}

enum rst_err
rst_db_put(struct rst_wtxn *txn, enum rst_table table, struct rst_view key,
           struct rst_view value, bool replace)
{
	MDB_val k = val_of(key), v = val_of(value);
	enum rst_err err = settle(&txn->r, table);

	if (err != RST_OK)
		return err;
	return after_change(txn->r.env,
	                    mdb_put(rst_txn(&txn->r), txn->r.env->dbi[table],
	                            &k, &v, replace ? 0 : MDB_NOOVERWRITE));
}

enum rst_err
rst_db_append(struct rst_wtxn *txn, enum rst_table table, struct rst_view key,
              struct rst_view value)
{
	MDB_val k = val_of(key), v = val_of(value);
	enum rst_err err = settle(&txn->r, table);

	if (err != RST_OK)
		return err;
	return after_change(txn->r.env,
	                    mdb_put(rst_txn(&txn->r), txn->r.env->dbi[table],
	                            &k, &v, MDB_APPEND));
}

enum rst_err
rst_db_drop(struct rst_wtxn *txn, enum rst_table table, struct rst_view key)
{
	MDB_val k = val_of(key);
	enum rst_err err = settle(&txn->r, table);

	if (err != RST_OK)
		return err;
	return after_change(
		txn->r.env,
		mdb_del(rst_txn(&txn->r), txn->r.env->dbi[table], &k, NULL));
}

enum rst_err
rst_cursor_open_early(const struct rst_rtxn *txn, enum rst_table table,
                      struct rst_cursor *ret_cursor)
{
	MDB_cursor *cursor = NULL;
	int rc = mdb_cursor_open(rst_txn(txn), txn->env->dbi[table], &cursor);

	ret_cursor->mdb = rc == 0 ? cursor : NULL;
	ret_cursor->writes = written_by(txn);
	return after_access(ret_cursor->writes, rst_err_from_lmdb(rc));
}

enum rst_err
rst_cursor_open(const struct rst_rtxn *txn, enum rst_table table,
                struct rst_cursor *ret_cursor)
{
	enum rst_err err = settle(txn, table);

	ret_cursor->mdb = NULL;
	return err == RST_OK ? rst_cursor_open_early(txn, table, ret_cursor)
	                     : err;
}

enum rst_err
rst_cursor_put(struct rst_env *env, struct rst_cursor *cursor,
               struct rst_view key, struct rst_view value)
{
	MDB_val k = val_of(key), v = val_of(value);

	return after_change(env, mdb_cursor_put(cursor->mdb, &k, &v, 0));
}

void
rst_cursor_close(struct rst_cursor *cursor)
{
	if (cursor->mdb != NULL)
		mdb_cursor_close(cursor->mdb);
	cursor->mdb = NULL;
}

static enum rst_err
move(struct rst_cursor *cursor, MDB_cursor_op op, MDB_val key,
     struct rst_view *ret_key, struct rst_view *ret_value)
{
	MDB_val value = { 0 };
	int rc = mdb_cursor_get(cursor->mdb, &key, &value, op);

	if (rc == 0) {
		*ret_key = view_of(key);
		*ret_value = view_of(value);
		return RST_OK;
	}
	return after_access(cursor->writes, rst_err_from_lmdb(rc));
}

/* In a damaged page keys do not rise, and who asks for the first one behind
 * the last would go round for ever. */
static bool
goes_back(struct rst_view found, struct rst_view key)
{
	size_t len = found.len < key.len ? found.len : key.len;
	int order = memcmp(found.ptr, key.ptr, len);

	return order < 0 || (order == 0 && found.len < key.len);
}

enum rst_err
rst_cursor_after(struct rst_cursor *cursor, struct rst_view key,
                 struct rst_view *ret_key, struct rst_view *ret_value)
{
	enum rst_err err = rst_cursor_seek(cursor, key, ret_key, ret_value);

	if (err != RST_OK || !rst_view_equal(*ret_key, key))
		return err;
	err = rst_cursor_next(cursor, ret_key, ret_value);
	if (err == RST_OK &&
	    (goes_back(*ret_key, key) || rst_view_equal(*ret_key, key)))
		err = after_access(cursor->writes, RST_ECORRUPT);
	return err;
}

enum rst_err
rst_cursor_seek(struct rst_cursor *cursor, struct rst_view key,
                struct rst_view *ret_key, struct rst_view *ret_value)
{
	enum rst_err err;

	if (key.len == 0)
		return move(cursor, MDB_FIRST, (MDB_val){ 0 }, ret_key,
		            ret_value);
	err = move(cursor, MDB_SET_RANGE, val_of(key), ret_key, ret_value);
	if (err == RST_OK && goes_back(*ret_key, key))
		err = after_access(cursor->writes, RST_ECORRUPT);
	return err;
}

enum rst_err
rst_cursor_next(struct rst_cursor *cursor, struct rst_view *ret_key,
                struct rst_view *ret_value)
{
	return move(cursor, MDB_NEXT, (MDB_val){ 0 }, ret_key, ret_value);
}

enum rst_err
rst_cursor_previous(struct rst_cursor *cursor, struct rst_view *ret_key,
                    struct rst_view *ret_value)
{
	return move(cursor, MDB_PREV, (MDB_val){ 0 }, ret_key, ret_value);
}

enum rst_err
rst_cursor_last(struct rst_cursor *cursor, struct rst_view *ret_key,
                struct rst_view *ret_value)
{
	return move(cursor, MDB_LAST, (MDB_val){ 0 }, ret_key, ret_value);
}
