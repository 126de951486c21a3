/* SPDX-License-Identifier: OLDAP-2.8 */
/* nth.c - the k-th call that the store makes fails, or lies
 *
 * __wrap_f() is what the linker puts in the place of f(), __real_f() is f().
 */
#include "tests/unit/nth.h"

#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "store/env_priv.h"

#define KEY_LONG 600  /* bytes of a key that is too long */
#define ROWS_MAX 4096 /* that an act reads */
#define WAYS_MAX 4096 /* to calls of one act */
#define WAY_LONG 32   /* functions within functions */

static struct {
	enum nth_kind kind;
	int code;
	atomic_uint_fast64_t left; /* calls until it fails; 0: none does */
	bool lost;                 /* LMDB answers nobody any more */
	_Atomic(const char *) fired;
	char *row, *row_key; /* what a lie is made of */
	MDB_val value, key;  /* it */
	uint64_t truth;      /* a hash of the value in its place */
	uint64_t k;
	uint64_t rows[ROWS_MAX]; /* that were read; of each a hash */
	size_t n_rows;
	uint64_t ways[WAYS_MAX]; /* by which a call failed; of each a hash */
	atomic_size_t n_ways;
} plan;

static _Thread_local int inside; /* of LMDB: what it calls is its own */
static uint64_t random_at;

void
nth_arm(enum nth_kind kind, int code, uint64_t k)
{
	plan.kind = kind;
	plan.code = code;
	plan.lost = false;
	plan.k = k;
	plan.n_rows = 0;
	atomic_store(&plan.fired, NULL);
	atomic_store(&plan.left, k);
}

static void
forget_lie(void)
{
	free(plan.row);
	free(plan.row_key);
	plan.row = plan.row_key = NULL;
}

const char *
nth_disarm(void)
{
	atomic_store(&plan.left, 0);
	plan.lost = false;
	forget_lie();
	return atomic_load(&plan.fired);
}

static uint64_t
hash_of(const MDB_val *bytes)
{
	unsigned char hash[crypto_shorthash_BYTES];
	uint64_t number;

	crypto_shorthash(hash, bytes->mv_data, bytes->mv_size,
	                 (const unsigned char *)"0123456789abcdef");
	memcpy(&number, hash, sizeof(number));
	return number;
}

void
nth_forget_ways(void)
{
	atomic_store(&plan.n_ways, 0);
}

/* Nothing failed yet that was called by this way; now something does. */
static bool
is_new_way(void)
{
	void *frames[WAY_LONG];
	const int n = backtrace(frames, WAY_LONG);
	const MDB_val bytes = { (size_t)n * sizeof(*frames), frames };
	const uint64_t way = hash_of(&bytes);
	const size_t n_ways = atomic_load(&plan.n_ways);

	for (size_t i = 0; i < n_ways; i++)
		if (plan.ways[i] == way)
			return false;
	if (n_ways == WAYS_MAX)
		return false;
	plan.ways[n_ways] = way;
	atomic_store(&plan.n_ways, n_ways + 1);
	return true;
}

/* It is this call's turn. */
static bool
turn(enum nth_kind kind, const char *name)
{
	bool due;

	if (plan.kind != kind || inside > 0 || atomic_load(&plan.left) == 0)
		return false;
	if (plan.k == NTH_NEW_WAY)
		due = is_new_way();
	else
		due = atomic_fetch_sub(&plan.left, 1) == 1;
	if (!due)
		return false;
	atomic_store(&plan.left, 0);
	atomic_store(&plan.fired, name);
	return true;
}

/* ---------------------------------------------------------------- LMDB */

/* What kinds of calls can give a code. */
enum class {
	READS = 1,
	WRITES = 2,
	BEGINS = 4,
	COMMITS = 8,
	OPENS = 16, /* and whatever else */
	MAPS = 32,
	FILES = 64,
	COPIES = 128,
};

static unsigned int
classes_of(int code)
{
	switch (code) {
	case MDB_CORRUPTED:
		return READS | WRITES | OPENS;
	case MDB_MAP_FULL:
		return WRITES | COMMITS;
	case MDB_READERS_FULL:
	case MDB_MAP_RESIZED:
		return BEGINS;
	case ENOSPC:
	case NTH_LOST:
		return COMMITS;
	case EAGAIN:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
		return FILES;
	case MDB_INCOMPATIBLE:
	case MDB_PAGE_NOTFOUND:
		return COPIES;
	case ENOMEM:
		return READS | WRITES | BEGINS | OPENS | MAPS;
	default: /* EIO */
		return READS | WRITES | BEGINS | COMMITS | OPENS;
	}
}

static bool
lmdb_fails(enum class class, const char *name)
{
	return plan.kind == NTH_LMDB && (classes_of(plan.code) & class) != 0 &&
	       turn(NTH_LMDB, name);
}

#define LMDB(class, name, params, args)                                        \
	int __real_##name params;                                              \
	int __wrap_##name params;                                              \
	int __wrap_##name params                                               \
	{                                                                      \
		int rc;                                                        \
                                                                               \
		if (lmdb_fails(class, #name))                                  \
			return plan.code;                                      \
		inside++;                                                      \
		rc = __real_##name args;                                       \
		inside--;                                                      \
		return rc;                                                     \
	}

LMDB(OPENS, mdb_env_create, (MDB_env * *env), (env))
LMDB((enum class)(OPENS | FILES), mdb_env_open,
     (MDB_env * env, const char *path, unsigned int flags, mdb_mode_t mode),
     (env, path, flags, mode))
LMDB(MAPS, mdb_env_set_mapsize, (MDB_env * env, size_t size), (env, size))
LMDB(OPENS, mdb_env_set_maxdbs, (MDB_env * env, MDB_dbi n), (env, n))
LMDB(OPENS, mdb_env_set_maxreaders, (MDB_env * env, unsigned int n), (env, n))
LMDB(OPENS, mdb_env_get_fd, (MDB_env * env, mdb_filehandle_t *fd), (env, fd))
LMDB((enum class)(OPENS | COPIES), mdb_env_copyfd2,
     (MDB_env * env, mdb_filehandle_t fd, unsigned int flags), (env, fd, flags))
LMDB(OPENS, mdb_dbi_open,
     (MDB_txn * txn, const char *name, unsigned int flags, MDB_dbi *dbi),
     (txn, name, flags, dbi))
LMDB(READS, mdb_stat, (MDB_txn * txn, MDB_dbi dbi, MDB_stat *stat),
     (txn, dbi, stat))
LMDB(READS, mdb_cursor_open, (MDB_txn * txn, MDB_dbi dbi, MDB_cursor **cursor),
     (txn, dbi, cursor))
LMDB(WRITES, mdb_put,
     (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data,
      unsigned int flags),
     (txn, dbi, key, data, flags))
LMDB(WRITES, mdb_cursor_put,
     (MDB_cursor * cursor, MDB_val *key, MDB_val *data, unsigned int flags),
     (cursor, key, data, flags))
LMDB(WRITES, mdb_del, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data),
     (txn, dbi, key, data))
LMDB(OPENS, mdb_reader_list, (MDB_env * env, MDB_msg_func *each, void *arg),
     (env, each, arg))
LMDB(OPENS, mdb_reader_check, (MDB_env * env, int *dead), (env, dead))

int __real_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned int flags,
                         MDB_txn **txn);
int __wrap_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned int flags,
                         MDB_txn **txn);
int
__wrap_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned int flags,
                     MDB_txn **txn)
{
	int rc;

	if (plan.lost)
		return MDB_PANIC;
	if (lmdb_fails(BEGINS, "mdb_txn_begin"))
		return plan.code;
	inside++;
	rc = __real_mdb_txn_begin(env, parent, flags, txn);
	inside--;
	return rc;
}

int __real_mdb_txn_renew(MDB_txn *txn);
int __wrap_mdb_txn_renew(MDB_txn *txn);
int
__wrap_mdb_txn_renew(MDB_txn *txn)
{
	return lmdb_fails(BEGINS, "mdb_txn_renew") ? plan.code
	                                           : __real_mdb_txn_renew(txn);
}

/* One that fails has ended, too. */
int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);
int
__wrap_mdb_txn_commit(MDB_txn *txn)
{
	int rc;

	if (lmdb_fails(COMMITS, "mdb_txn_commit")) {
		mdb_txn_abort(txn);
		plan.lost = plan.code == NTH_LOST;
		return plan.lost ? EIO : plan.code;
	}
	inside++;
	rc = __real_mdb_txn_commit(txn);
	inside--;
	return rc;
}

/* ---------------------------------------------------------------- lies */

static void
change_key(const MDB_val *key)
{
	size_t len = key->mv_size;

	if (plan.code == NTH_KEY_LONG)
		len = KEY_LONG;
	else if (plan.code == NTH_KEY_CUT && len > 0)
		len--;
	/* of exact size, so that who reads beyond it is caught */
	plan.row_key = malloc(len > 0 ? len : 1);
	memset(plan.row_key, 'k', len);
	memcpy(plan.row_key, key->mv_data,
	       len < key->mv_size ? len : key->mv_size);
	if (plan.code == NTH_KEY_OTHER && len > 0)
		plan.row_key[len - 1] = (char)(plan.row_key[len - 1] ^ 1);
	plan.key = (MDB_val){ len, plan.row_key };
}

/* The length of the value, without its sum, that is to be. */
static size_t
length_to_be(size_t len)
{
	if (plan.code == NTH_EMPTY)
		return 0;
	if (plan.code == NTH_CUT)
		return len > 0 ? len - 1 : 0;
	return plan.code == NTH_LONG ? len + 1 : len;
}

static void
change_bytes(char *bytes, size_t len, int code)
{
	size_t at = (size_t)(code / 2);

	if (len == 0)
		return;
	at = at < NTH_SPOILT ? at % len : len - 1 - (at - NTH_SPOILT) % len;
	bytes[at] ^= code % 2 == 0 ? (char)0xff : 1;
}

static void
change_value(struct rst_view key, const MDB_val *data)
{
	struct rst_view value = rst_view(data->mv_data, data->mv_size);
	bool keyed, plain = rst_sum_take(&value);
	size_t len, sum;

	keyed = !plain && rst_sum_keyed_take(key, &value);
	sum = plain || keyed ? RST_SUM_BYTES : 0;
	len = length_to_be(value.len);
	plan.row = malloc(len + sum + 1);
	memset(plan.row, 0, len + sum + 1);
	memcpy(plan.row, value.ptr, len < value.len ? len : value.len);
	if (plan.code >= NTH_VALUE)
		change_bytes(plan.row, len, plan.code - NTH_VALUE);
	if (plain)
		rst_sum(rst_view(plan.row, len), plan.row + len);
	if (keyed)
		rst_sum_keyed(key, rst_view(plan.row, len), plan.row + len);
	if (plan.code == NTH_TORN)
		change_bytes(plan.row, len + sum, (int)(len + sum) * 2 - 1);
	plan.row = realloc(plan.row, len + sum > 0 ? len + sum : 1);
	plan.value = (MDB_val){ len + sum, plan.row };
}

/* The k-th row that is read is the one that is lied about, whenever it is
 * read: as if it were so on the disk. */
static bool
is_the_row(MDB_dbi dbi, const MDB_val *key, const char *name)
{
	uint64_t row;
	size_t i;

	if (plan.kind != NTH_ROW || atomic_load(&plan.left) == 0)
		return false;
	row = hash_of(key) * 31 + dbi;
	for (i = 0; i < plan.n_rows && plan.rows[i] != row; i++)
		;
	if (i == plan.n_rows && i < ROWS_MAX)
		plan.rows[plan.n_rows++] = row;
	if (i + 1 != plan.k)
		return false;
	atomic_store(&plan.fired, name);
	return true;
}

/* Change the row that was read, unless it has been written since;
 * MDB_NOTFOUND: it is not there. */
static int
lie(MDB_val *key, bool of_cursor, MDB_val *data)
{
	uint64_t truth = hash_of(data);

	if (plan.code == NTH_GONE)
		return MDB_NOTFOUND;
	if (plan.row == NULL)
		plan.truth = truth;
	if (plan.truth != truth)
		return 0;
	if (of_cursor && plan.row_key == NULL)
		change_key(key);
	if (plan.row == NULL)
		change_value(
			of_cursor ? rst_view(plan.key.mv_data, plan.key.mv_size)
				  : rst_view(key->mv_data, key->mv_size),
			data);
	if (of_cursor)
		*key = plan.key;
	*data = plan.value;
	return 0;
}

int __real_mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data);
int __wrap_mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data);
int
__wrap_mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
	int rc;

	if (lmdb_fails(READS, "mdb_get"))
		return plan.code;
	rc = __real_mdb_get(txn, dbi, key, data);
	if (rc == 0 && is_the_row(dbi, key, "mdb_get"))
		rc = lie(key, false, data);
	return rc;
}

int __real_mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *data,
                          MDB_cursor_op op);
int __wrap_mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *data,
                          MDB_cursor_op op);
int
__wrap_mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *data,
                      MDB_cursor_op op)
{
	int rc;

	if (lmdb_fails(READS, "mdb_cursor_get"))
		return plan.code;
	rc = __real_mdb_cursor_get(cursor, key, data, op);
	if (rc == 0 &&
	    is_the_row(mdb_cursor_dbi(cursor), key, "mdb_cursor_get"))
		rc = lie(key, true, data);
	return rc;
}

int __real_crypto_aead_xchacha20poly1305_ietf_decrypt(
	unsigned char *m, unsigned long long *len, unsigned char *nsec,
	const unsigned char *c, unsigned long long c_len,
	const unsigned char *ad, unsigned long long ad_len,
	const unsigned char *nonce, const unsigned char *key);
int __wrap_crypto_aead_xchacha20poly1305_ietf_decrypt(
	unsigned char *m, unsigned long long *len, unsigned char *nsec,
	const unsigned char *c, unsigned long long c_len,
	const unsigned char *ad, unsigned long long ad_len,
	const unsigned char *nonce, const unsigned char *key);
int
__wrap_crypto_aead_xchacha20poly1305_ietf_decrypt(
	unsigned char *m, unsigned long long *len, unsigned char *nsec,
	const unsigned char *c, unsigned long long c_len,
	const unsigned char *ad, unsigned long long ad_len,
	const unsigned char *nonce, const unsigned char *key)
{
	int rc = __real_crypto_aead_xchacha20poly1305_ietf_decrypt(
		m, len, nsec, c, c_len, ad, ad_len, nonce, key);

	if (rc != 0 || !turn(NTH_PLAIN, "unseal"))
		return rc;
	if (plan.code < NTH_VALUE)
		return -1;
	change_bytes((char *)m, (size_t)c_len - 16, plan.code - NTH_VALUE);
	return 0;
}

void __wrap_randombytes_buf(void *bytes, size_t n);
void
__wrap_randombytes_buf(void *bytes, size_t n)
{
	unsigned char seed[randombytes_SEEDBYTES] = { 0 };

	random_at++;
	memcpy(seed, &random_at, sizeof(random_at));
	randombytes_buf_deterministic(bytes, n, seed);
}

void
nth_same_random(void)
{
	random_at = 0;
}

/* Nobody else is there whom a pause would help. */
int __wrap_nanosleep(const struct timespec *span, struct timespec *ret_left);
int
__wrap_nanosleep(const struct timespec *span, struct timespec *ret_left)
{
	(void)span;
	(void)ret_left;
	return 0;
}

/* -------------------------------------------------------------- memory */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *
__wrap_malloc(size_t size)
{
	return turn(NTH_MEMORY, "malloc") ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *
__wrap_calloc(size_t n, size_t size)
{
	return turn(NTH_MEMORY, "calloc") ? NULL : __real_calloc(n, size);
}

void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *
__wrap_realloc(void *old, size_t size)
{
	return turn(NTH_MEMORY, "realloc") ? NULL : __real_realloc(old, size);
}

/* -------------------------------------------------------------- system */

/* What a signal may end before anything was done. */
static bool
may_be_interrupted(const char *name)
{
	static const char *const names[] = { "read", "pread", "write",
		                             "flock" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool
system_fails(const char *name)
{
	if (plan.kind != NTH_SYSTEM ||
	    (plan.code == EINTR && !may_be_interrupted(name)) ||
	    (plan.code == ETIMEDOUT && strstr(name, "join") == NULL))
		return false;
	if (!turn(NTH_SYSTEM, name))
		return false;
	errno = plan.code;
	return true;
}

#define SYSTEM(type, failed, name, params, args)                               \
	type __real_##name params;                                             \
	type __wrap_##name params;                                             \
	type __wrap_##name params                                              \
	{                                                                      \
		return system_fails(#name) ? failed : __real_##name args;      \
	}
/* These answer an error, and leave errno alone: no memory, mostly. */
#define ANSWERS(name, params, args)                                            \
	int __real_##name params;                                              \
	int __wrap_##name params;                                              \
	int __wrap_##name params                                               \
	{                                                                      \
		return plan.code == ENOMEM && system_fails(#name)              \
		               ? plan.code                                     \
		               : __real_##name args;                           \
	}

SYSTEM(int, -1, fstat, (int fd, struct stat *st), (fd, st))
SYSTEM(int, -1, stat, (const char *path, struct stat *st), (path, st))
SYSTEM(int, -1, lstat, (const char *path, struct stat *st), (path, st))
SYSTEM(int, -1, fstatat,
       (int dir, const char *path, struct stat *st, int flags),
       (dir, path, st, flags))
SYSTEM(int, -1, fstatfs, (int fd, struct statfs *fs), (fd, fs))
SYSTEM(int, -1, fstatvfs, (int fd, struct statvfs *fs), (fd, fs))
SYSTEM(ssize_t, -1, write, (int fd, const void *bytes, size_t n),
       (fd, bytes, n))
SYSTEM(int, -1, ftruncate, (int fd, off_t len), (fd, len))
SYSTEM(int, -1, fallocate, (int fd, int mode, off_t at, off_t len),
       (fd, mode, at, len))
SYSTEM(off_t, -1, lseek, (int fd, off_t at, int whence), (fd, at, whence))
SYSTEM(int, -1, flock, (int fd, int how), (fd, how))
SYSTEM(int, -1, renameat,
       (int dir, const char *from, int to_dir, const char *to),
       (dir, from, to_dir, to))
SYSTEM(int, -1, linkat,
       (int dir, const char *from, int to_dir, const char *to, int flags),
       (dir, from, to_dir, to, flags))
SYSTEM(int, -1, unlinkat, (int dir, const char *path, int flags),
       (dir, path, flags))
SYSTEM(int, -1, rmdir, (const char *path), (path))
SYSTEM(char *, NULL, mkdtemp, (char *path), (path))
SYSTEM(DIR *, NULL, fdopendir, (int fd), (fd))
SYSTEM(int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
SYSTEM(int, -1, fchown, (int fd, uid_t user, gid_t group), (fd, user, group))
SYSTEM(int, -1, fchmodat, (int dir, const char *path, mode_t mode, int flags),
       (dir, path, mode, flags))
SYSTEM(int, -1, fchownat,
       (int dir, const char *path, uid_t user, gid_t group, int flags),
       (dir, path, user, group, flags))
SYSTEM(void *, MAP_FAILED, mmap,
       (void *at, size_t size, int prot, int flags, int fd, off_t from),
       (at, size, prot, flags, fd, from))
SYSTEM(int, -1, socket, (int domain, int type, int protocol),
       (domain, type, protocol))
SYSTEM(int, -1, bind, (int fd, const struct sockaddr *to, socklen_t len),
       (fd, to, len))
ANSWERS(pthread_create,
        (pthread_t * thread, const pthread_attr_t *attr, void *(*run)(void *),
         void *arg),
        (thread, attr, run, arg))
ANSWERS(pthread_mutexattr_init, (pthread_mutexattr_t * attr), (attr))
ANSWERS(pthread_mutexattr_setpshared, (pthread_mutexattr_t * attr, int shared),
        (attr, shared))
ANSWERS(pthread_mutexattr_setrobust, (pthread_mutexattr_t * attr, int robust),
        (attr, robust))
ANSWERS(pthread_mutex_init,
        (pthread_mutex_t * mutex, const pthread_mutexattr_t *attr),
        (mutex, attr))
ANSWERS(pthread_rwlock_init,
        (pthread_rwlock_t * lock, const pthread_rwlockattr_t *attr),
        (lock, attr))

/* It takes its time. */
int __real_pthread_clockjoin_np(pthread_t thread, void **ret, clockid_t clock,
                                const struct timespec *until);
int __wrap_pthread_clockjoin_np(pthread_t thread, void **ret, clockid_t clock,
                                const struct timespec *until);
int
__wrap_pthread_clockjoin_np(pthread_t thread, void **ret, clockid_t clock,
                            const struct timespec *until)
{
	return plan.code == ETIMEDOUT && system_fails("pthread_clockjoin_np")
	               ? ETIMEDOUT
	               : __real_pthread_clockjoin_np(thread, ret, clock, until);
}

/* The disk need not hear of it. */
int __wrap_fsync(int fd);
int
__wrap_fsync(int fd)
{
	(void)fd;
	return system_fails("fsync") ? -1 : 0;
}

int __wrap_fdatasync(int fd);
int
__wrap_fdatasync(int fd)
{
	(void)fd;
	return 0; /* LMDB's alone */
}

static ssize_t
lie_of_bytes(ssize_t n, void *bytes, const char *name)
{
	if (n <= 0 || !turn(NTH_BYTES, name))
		return n;
	if (plan.code == NTH_GONE || plan.code == NTH_EMPTY)
		return 0;
	if (plan.code < NTH_VALUE)
		return n / 2;
	change_bytes(bytes, (size_t)n, plan.code - NTH_VALUE);
	return n;
}

ssize_t __real_read(int fd, void *bytes, size_t n);
ssize_t __wrap_read(int fd, void *bytes, size_t n);
ssize_t
__wrap_read(int fd, void *bytes, size_t n)
{
	return system_fails("read")
	               ? -1
	               : lie_of_bytes(__real_read(fd, bytes, n), bytes, "read");
}

ssize_t __real_pread(int fd, void *bytes, size_t n, off_t at);
ssize_t __wrap_pread(int fd, void *bytes, size_t n, off_t at);
ssize_t
__wrap_pread(int fd, void *bytes, size_t n, off_t at)
{
	return system_fails("pread")
	               ? -1
	               : lie_of_bytes(__real_pread(fd, bytes, n, at), bytes,
	                              "pread");
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, mode_t mode);
int
__wrap_open(const char *path, int flags, mode_t mode)
{
	return system_fails("open") ? -1 : __real_open(path, flags, mode);
}

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, mode_t mode);
int
__wrap_openat(int dir, const char *path, int flags, mode_t mode)
{
	return system_fails("openat") ? -1
	                              : __real_openat(dir, path, flags, mode);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, long arg);
int
__wrap_fcntl(int fd, int command, long arg)
{
	return system_fails("fcntl") ? -1 : __real_fcntl(fd, command, arg);
}

int __real_gnutls_idna_map(const char *input, unsigned int len,
                           gnutls_datum_t *out, unsigned int flags);
int __wrap_gnutls_idna_map(const char *input, unsigned int len,
                           gnutls_datum_t *out, unsigned int flags);
int
__wrap_gnutls_idna_map(const char *input, unsigned int len, gnutls_datum_t *out,
                       unsigned int flags)
{
	return turn(NTH_MEMORY, "gnutls_idna_map")
	               ? GNUTLS_E_MEMORY_ERROR
	               : __real_gnutls_idna_map(input, len, out, flags);
}
