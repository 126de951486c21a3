/* SPDX-License-Identifier: OLDAP-2.8 */
/* env.c - opening and closing the environment
 *
 * One per process and directory: LMDB's locks are POSIX locks, which a second
 * open and close in the same process would drop (hazard F4).  So the process
 * keeps a list, keyed by device and inode of the directory, and counts.
 *
 * Flags are MDB_NOTLS and nothing else.  MDB_WRITEMAP turns a full disk into
 * SIGBUS, MDB_NOSYNC and MDB_NOMETASYNC acknowledge what is not on disk
 * (hazard F7).  The map is fixed when the environment is made; afterwards
 * LMDB takes the size that is stored.
 */
#include "store/env.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/env_priv.h"

#define MAX_DBS        64
#define OPEN_TRIES     10
#define OPEN_STEP_NS   20000000 /* 20 ms */
#define FILE_MODE      0660
#define READERS_MIN    64
#define MAP_BYTES_MAX  (UINT64_C(1) << 46)
#define VERIFY_BYTES   (64 << 20) /* files read whole at their opening */
#define LOCK_BYTES_MIN 4096       /* a lock.mdb with less holds no table */

const char *const rst_table_names[RST_T_COUNT] = {
	[RST_T_META] = "meta",
	[RST_T_ATTRIBUTE] = "attribute",
	[RST_T_ENTRY] = "entry",
	[RST_T_TREE] = "tree",
	[RST_T_NAME] = "name",
	[RST_T_INDEX] = "index",
	[RST_T_MEMBER] = "member",
	[RST_T_MEMBEROF] = "memberof",
	[RST_T_IDENT] = "ident",
	[RST_T_JOURNAL] = "journal",
	[RST_T_JOURNAL_PRIVATE] = "journal-private",
	[RST_T_SESSION] = "session",
	[RST_T_SESSION_USER] = "session-user",
	[RST_T_OUTBOX] = "outbox",
};

/* The environments this process has open. */
static struct rst_env *open_envs;
static pthread_mutex_t open_envs_mutex = PTHREAD_MUTEX_INITIALIZER;

bool
rst_lmdb_is_refused(int major, int minor, int patch)
{
	return major != 0 || minor != 9 || (patch >= 26 && patch <= 31);
}

const char *
rst_lmdb_version(void)
{
	static const char version[] = {
#define STRING_OF(n) #n
#define VERSION_OF(major, minor, patch)                                        \
	STRING_OF(major) "." STRING_OF(minor) "." STRING_OF(patch)
		VERSION_OF(MDB_VERSION_MAJOR, MDB_VERSION_MINOR,
		           MDB_VERSION_PATCH)
	};

	return version;
}

static enum rst_err
check_lmdb(struct rst_detail *reterr)
{
	int major, minor, patch;

	(void)mdb_version(&major, &minor, &patch);
	if (!rst_lmdb_is_refused(major, minor, patch) &&
	    major == MDB_VERSION_MAJOR && minor == MDB_VERSION_MINOR &&
	    patch == MDB_VERSION_PATCH)
		return RST_OK;
	rst_detail_set(reterr,
	               "LMDB %d.%d.%d cannot be used (0.9.26 to 0.9.31 destroy "
	               "shared mutexes on close): build with another",
	               major, minor, patch);
	return RST_ESTATE;
}

static struct rst_env *
find_open(const struct rst_place *place)
{
	struct rst_env *env;

	for (env = open_envs; env != NULL; env = env->next)
		if (env->dev == place->dev && env->ino == place->ino &&
		    env->pid == getpid())
			return env;
	return NULL;
}

/* One try: LMDB wants a new MDB_env after each failure. */
static int
try_open(struct rst_env *env, const struct rst_place *place,
         const struct rst_env_options *options)
{
	bool has_table = place->lock_bytes >= LOCK_BYTES_MIN;
	int rc;

	rc = mdb_env_create(&env->mdb);
	if (rc != 0) {
		env->mdb = NULL;
		return rc;
	}
	rc = mdb_env_set_maxdbs(env->mdb, MAX_DBS);
	/* LMDB takes the table in lock.mdb when that is larger. */
	if (rc == 0)
		rc = mdb_env_set_maxreaders(env->mdb,
		                            has_table ? 1 : options->readers);
	if (rc == 0)
		rc = mdb_env_open(env->mdb, env->dir, MDB_NOTLS, FILE_MODE);
	if (rc != 0) {
		mdb_env_close(env->mdb);
		env->mdb = NULL;
	}
	return rc;
}

/* Another process that closes at this instant may make us fail. */
static bool
is_transient(int rc)
{
	return rc == EAGAIN || rc == EINVAL || rc == EBUSY ||
	       rc == MDB_INVALID || rc == MDB_READERS_FULL;
}

static enum rst_err
open_lmdb(struct rst_env *env, const struct rst_place *place,
          const struct rst_env_options *options, struct rst_detail *reterr)
{
	const struct timespec step = { .tv_nsec = OPEN_STEP_NS };
	mdb_filehandle_t fd;
	int rc = EAGAIN;

	for (int i = 0; i < OPEN_TRIES; i++) {
		if (i > 0)
			nanosleep(&step, NULL);
		rc = try_open(env, place, options);
		if (!is_transient(rc))
			break;
	}
	if (rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH ||
	    rc == MDB_CORRUPTED) {
		rst_detail_set(reterr, "%s/data.mdb: %s", env->dir,
		               mdb_strerror(rc));
		return RST_ECORRUPT;
	}
	if (rc != 0) {
		rst_detail_set(reterr, "cannot open %s/data.mdb: %s", env->dir,
		               mdb_strerror(rc));
		return rst_err_from_lmdb(rc);
	}
	/* LMDB leaves this one open across exec. */
	if (mdb_env_get_fd(env->mdb, &fd) == 0)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return RST_OK;
}

/*
 * LMDB follows the numbers in its file wherever they lead (env_pages.c), so
 * look first.  Alone, all of it can be read before LMDB maps it; a large one
 * only as far as the pages that lead to rows, or starting would take long.
 * With others at work, who looked when they came, only its head.
 */
static enum rst_err
verify_file(const struct rst_place *place, bool whole,
            struct rst_detail *reterr)
{
	enum rst_depth depth = RST_PAGES_HEAD;
	enum rst_err err = RST_EIO;
	struct stat st;
	int fd = openat(place->dir_fd, "data.mdb",
	                O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || fstat(fd, &st) != 0) {
		rst_detail_set(reterr, "cannot read data.mdb: %s",
		               strerror(errno));
		goto out;
	}
	if (place->alone)
		depth = whole || st.st_size <= VERIFY_BYTES
		                ? RST_PAGES_ALL
		                : RST_PAGES_BRANCHES;
	err = rst_pages_verify(fd, 0, depth, reterr);
out:
	if (fd >= 0)
		close(fd);
	return err;
}

/* All pages of the commit that a reader of ours keeps as it is. */
static enum rst_err
verify_snapshot(struct rst_env *env, struct rst_detail *reterr)
{
	struct rst_rtxn txn = { .mdb = NULL };
	mdb_filehandle_t fd;
	enum rst_err err = RST_ECORRUPT;

	/* others may commit twice between reader and head: another try */
	for (int i = 0; err == RST_ECORRUPT && i < OPEN_TRIES; i++) {
		err = rst_read_begin(env, &txn);
		if (err == RST_OK)
			err = rst_err_from_lmdb(mdb_env_get_fd(env->mdb, &fd));
		if (err == RST_OK)
			err = rst_pages_verify(fd, rst_txn_number(&txn),
			                       RST_PAGES_ALL, reterr);
		rst_read_end(&txn);
	}
	return err;
}

/* Only done here: LMDB allows it in one transaction at a time. */
static int
open_tables(struct rst_env *env, MDB_txn *txn)
{
	int rc = 0;

	for (int i = 0; i < RST_T_COUNT && rc == 0; i++)
		rc = mdb_dbi_open(txn, rst_table_names[i], 0, &env->dbi[i]);
	return rc;
}

static enum rst_err
check_format(struct rst_env *env, const struct rst_rtxn *txn,
             struct rst_detail *reterr)
{
	uint64_t format;
	enum rst_err err;

	err = rst_format_get(txn, &format);
	if (err != RST_OK)
		return err;
	if (format == RST_FORMAT)
		return RST_OK;
	rst_detail_set(
		reterr, "%s has format %ju, this version knows %d only: %s",
		env->dir, (uintmax_t)format, RST_FORMAT,
		format > RST_FORMAT
			? "a newer Roster made it: install that again, or "
			  "restore a backup that this one made"
			: "an older Roster made it: with that, slapcat; with "
			  "this one, rosterctl init in a new directory and "
			  "slapadd there");
	return RST_ESTATE;
}

/* The tables; RST_ENOTFOUND when it is some other program's file. */
static enum rst_err
find_tables(struct rst_env *env, struct rst_detail *reterr)
{
	struct rst_rtxn txn = { .mdb = NULL };
	enum rst_err err;
	int rc;

	err = rst_read_begin(env, &txn);
	if (err != RST_OK)
		goto out;
	rc = mdb_dbi_open(rst_txn(&txn), rst_table_names[RST_T_META], 0,
	                  &env->dbi[RST_T_META]);
	err = rst_err_from_lmdb(rc);
	if (err == RST_ENOTFOUND)
		rst_detail_set(reterr,
		               "%s/data.mdb is no environment of Roster: make "
		               "one with rosterctl init elsewhere",
		               env->dir);
	if (err != RST_OK)
		goto out;
	err = check_format(env, &txn, reterr);
	if (err != RST_OK)
		goto out;
	rc = open_tables(env, rst_txn(&txn));
	if (rc != 0) {
		rst_detail_set(reterr, "%s lacks a table: restore a backup",
		               env->dir);
		err = rc == MDB_NOTFOUND ? RST_ECORRUPT : rst_err_from_lmdb(rc);
		goto out;
	}
	/* Only a commit keeps the handles. */
	err = rst_read_keep(&txn);
out:
	rst_read_end(&txn);
	return err;
}

static void
release(struct rst_env *env)
{
	struct rst_place place = { .dir_fd = -1, .opening_fd = -1 };

	if (env->mdb != NULL)
		mdb_env_close(env->mdb);
	rst_attr_cache_free(env->attrs);
	place.stamp_fd = env->stamp_fd;
	place.writer_map = env->writer_map;
	rst_place_close(&place);
	sodium_free(env->key); /* wiped */
	free(env->dir);
	free(env);
}

/*
 * LMDB keeps a larger size with the next commit that writes anything.  The
 * opening lock, which is still ours, keeps everybody else from opening it with
 * the old one meanwhile.
 */
static enum rst_err
grow(struct rst_env *env, const struct rst_place *place,
     const struct rst_env_options *options, struct rst_detail *reterr)
{
	struct rst_wtxn txn = { .locked = false };
	MDB_envinfo info;
	enum rst_err err;

	mdb_env_info(env->mdb, &info);
	if (options->grow_bytes <= info.me_mapsize) {
		rst_detail_set(reterr,
		               "the map has %ju bytes already, and only grows",
		               (uintmax_t)info.me_mapsize);
		return RST_EINVALID;
	}
	if (!place->alone) {
		rst_detail_set(reterr,
		               "another process has %s open: stop slapd and "
		               "rosterd first",
		               env->dir);
		return RST_ESTATE;
	}
	if (options->dry_run)
		return RST_OK;
	if (mdb_env_set_mapsize(env->mdb, options->grow_bytes) != 0) {
		rst_detail_set(reterr,
		               "there is no address space for %ju bytes",
		               (uintmax_t)options->grow_bytes);
		return RST_ENOMEM;
	}
	err = rst_write_begin(env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = rst_meta_set_number(&txn, RST_META_FORMAT, RST_FORMAT);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	return err;
}

static enum rst_err
open_new(struct rst_place *place, const char *dir,
         const struct rst_env_options *options, struct rst_env **ret_env,
         struct rst_detail *reterr)
{
	struct rst_env *env = calloc(1, sizeof(*env));
	enum rst_err err = RST_ENOMEM;

	if (env == NULL)
		goto out;
	env->stamp_fd = -1;
	env->refs = 1;
	env->dev = place->dev;
	env->ino = place->ino;
	env->pid = getpid();
	env->dir = rst_view_dup(rst_view_of(dir));
	env->key = sodium_malloc(ENV_KEY_BYTES);
	if (env->dir == NULL || env->key == NULL)
		goto out;
	err = rst_attr_cache_new(&env->attrs);
	if (err == RST_OK)
		err = rst_place_enter(place, dir, options->create, env->key,
		                      reterr);
	/* From here on they are the environment's. */
	env->writer_map = place->writer_map;
	env->stamp_fd = place->stamp_fd;
	place->writer_map = NULL;
	place->stamp_fd = -1;
	if (err == RST_OK && !place->exists)
		err = rst_env_make(place, dir, options->map_bytes, reterr);
	if (err == RST_OK)
		err = verify_file(place, options->verify, reterr);
	if (err == RST_OK)
		err = open_lmdb(env, place, options, reterr);
	if (err == RST_OK && options->verify && !place->alone)
		err = verify_snapshot(env, reterr);
	if (err == RST_OK)
		err = find_tables(env, reterr);
	if (err == RST_OK && options->grow_bytes != 0)
		err = grow(env, place, options, reterr);
	if (err != RST_OK)
		goto out;
	rst_env_clear_stale(env);
	*ret_env = env;
	env = NULL;
out:
	/* Close before the opening lock goes: the next opener must not see
	 * half a closing. */
	if (env != NULL)
		release(env);
	rst_place_leave(place);
	return err;
}

/* The options with defaults filled in. */
static enum rst_err
complete_options(const struct rst_env_options *options,
                 struct rst_env_options *ret_options, struct rst_detail *reterr)
{
	struct rst_env_options full = { .create = false };
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (options != NULL)
		full = *options;
	if (full.map_bytes == 0)
		full.map_bytes = RST_MAP_BYTES_DEFAULT;
	if (full.readers == 0)
		full.readers = RST_READERS_DEFAULT;
	if (full.readers < READERS_MIN)
		full.readers = READERS_MIN;
	if (full.map_bytes < RST_MAP_BYTES_MIN ||
	    full.map_bytes > MAP_BYTES_MAX) {
		rst_detail_set(reterr, "the map must be of %ju bytes at least",
		               (uintmax_t)RST_MAP_BYTES_MIN);
		return RST_EINVALID;
	}
	if (full.grow_bytes > MAP_BYTES_MAX) {
		rst_detail_set(reterr, "the map can have %ju bytes at most",
		               (uintmax_t)MAP_BYTES_MAX);
		return RST_EINVALID;
	}
	full.map_bytes = (full.map_bytes + page - 1) / page * page;
	full.grow_bytes = (full.grow_bytes + page - 1) / page * page;
	*ret_options = full;
	return RST_OK;
}

enum rst_err
rst_env_open(const char *dir, const struct rst_env_options *options,
             struct rst_env **ret_env, struct rst_detail *reterr)
{
	struct rst_env_options full;
	struct rst_place place;
	struct rst_env *env;
	enum rst_err err;

	if (reterr != NULL)
		reterr->text[0] = '\0';
	if (sodium_init() < 0)
		return RST_EIO;
	err = check_lmdb(reterr);
	if (err == RST_OK)
		err = complete_options(options, &full, reterr);
	if (err == RST_OK)
		err = rst_place_open(dir, &place, reterr);
	if (err != RST_OK)
		return err;

	pthread_mutex_lock(&open_envs_mutex);
	env = find_open(&place);
	if (env != NULL && full.grow_bytes != 0) {
		rst_detail_set(reterr, "this process has %s open", env->dir);
		rst_place_close(&place);
		err = RST_ESTATE;
	} else if (env != NULL) {
		env->refs++;
		rst_place_close(&place);
	} else {
		err = open_new(&place, dir, &full, &env, reterr);
		if (err == RST_OK) {
			env->next = open_envs;
			open_envs = env;
		}
	}
	pthread_mutex_unlock(&open_envs_mutex);
	if (err == RST_OK)
		*ret_env = env;
	return err;
}

void
rst_env_close(struct rst_env *env)
{
	struct rst_env **at;

	if (env == NULL)
		return;
	pthread_mutex_lock(&open_envs_mutex);
	if (--env->refs == 0) {
		for (at = &open_envs; *at != NULL && *at != env;
		     at = &(*at)->next)
			;
		if (*at != NULL)
			*at = env->next;
		if (atomic_load(&env->companion) != NULL)
			env->companion_release(atomic_load(&env->companion));
		release(env);
	}
	pthread_mutex_unlock(&open_envs_mutex);
}

const char *
rst_env_dir(const struct rst_env *env)
{
	return env->dir;
}

void *
rst_env_companion(struct rst_env *env, void *(*make)(struct rst_env *env),
                  void (*release_companion)(void *companion))
{
	void *companion = atomic_load(&env->companion);

	if (companion != NULL)
		return companion;
	pthread_mutex_lock(&open_envs_mutex);
	companion = atomic_load(&env->companion);
	if (companion == NULL) {
		companion = make(env);
		env->companion_release = release_companion;
		atomic_store(&env->companion, companion);
	}
	pthread_mutex_unlock(&open_envs_mutex);
	return companion;
}

void
rst_env_key(const struct rst_env *env, const char *purpose,
            unsigned char key[RST_KEY_BYTES])
{
	_Static_assert(RST_KEY_BYTES >= crypto_generichash_BYTES_MIN,
	               "libsodium hashes to no less");

	(void)crypto_generichash(key, RST_KEY_BYTES,
	                         (const unsigned char *)purpose,
	                         strlen(purpose), env->key, ENV_KEY_BYTES);
}

struct readers {
	unsigned int lines, dead;
	uint64_t oldest; /* snapshot that one of them sees */
};

/* A heading, then "pid thread txnid", the last "-" for who sees nothing. */
static int
count_reader(const char *line, void *arg)
{
	struct readers *readers = arg;
	size_t len = strcspn(line, "\n"), start = len;
	size_t begin = strspn(line, " ");
	uint64_t txn, pid;

	while (start > 0 && line[start - 1] != ' ')
		start--;
	readers->lines++;
	if (rst_view_number(
		    rst_view(line + begin, strcspn(line + begin, " \n")),
		    INT32_MAX, &pid) &&
	    kill((pid_t)pid, 0) != 0 && errno == ESRCH)
		readers->dead++;
	if (rst_view_number(rst_view(line + start, len - start), UINT64_MAX,
	                    &txn) &&
	    txn < readers->oldest)
		readers->oldest = txn;
	return 0;
}

enum rst_err
rst_env_info(struct rst_env *env, struct rst_env_info *ret_info)
{
	struct rst_env_info info = { 0 };
	struct rst_rtxn txn = { .mdb = NULL };
	uint64_t used = 0, spare = 0;
	struct readers readers = { .oldest = UINT64_MAX };
	int64_t after_s;
	MDB_envinfo lmdb;
	MDB_stat stat;
	enum rst_err err;

	err = rst_pages(env, &used, &spare);
	if (err == RST_OK)
		err = rst_read_begin(env, &txn);
	if (err != RST_OK)
		goto out;
	err = rst_meta_number(&txn, "entries", &info.entries);
	if (err != RST_OK)
		goto out;
	info.last_txn = rst_txn_number(&txn);
	rst_read_end(&txn);
	mdb_env_info(env->mdb, &lmdb);
	mdb_env_stat(env->mdb, &stat);
	(void)mdb_reader_list(env->mdb, count_reader, &readers);
	info.map_bytes = lmdb.me_mapsize;
	info.used_bytes = (used - spare) * stat.ms_psize;
	rst_room(env, &info);
	info.free_bytes = spare * stat.ms_psize;
	info.page_bytes = stat.ms_psize;
	info.readers_max = lmdb.me_maxreaders;
	/* less the heading */
	info.readers_used = readers.lines > 0 ? readers.lines - 1 : 0;
	info.oldest_txn =
		readers.oldest < info.last_txn ? readers.oldest : info.last_txn;
	info.readers_dead = readers.dead;
	after_s = rst_commit_after(env, info.oldest_txn);
	if (info.oldest_txn < info.last_txn && after_s < rst_monotonic_s())
		info.oldest_s = rst_monotonic_s() - after_s;
	*ret_info = info;
out:
	rst_read_end(&txn);
	return err;
}

void
rst_env_clear_stale(struct rst_env *env)
{
	int cleared;

	(void)mdb_reader_check(env->mdb, &cleared);
}
