/* SPDX-License-Identifier: OLDAP-2.8 */
/* env_priv.h - what the files of store/ share and nobody else sees */
#ifndef RST_ENV_PRIV_H
#define RST_ENV_PRIV_H

#include <endian.h>
#include <lmdb.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/types.h>

#include "store/env.h"

/*
 * Of everything on disk; in table "meta" under RST_META_FORMAT.
 *
 *	1	the tables below, without sums in "meta"
 *	2	each value of "meta" ends in a sum
 *	3	which covers its key, too; rows of members may have an end
 *		(flag 'u', member_row.c)
 *	4	has table "name"
 *
 * No release has had 1 to 3.  Since a release has it, whatever an older build
 * would misread is a new number: doc/design/0018-formats.md.
 */
#define RST_FORMAT      4
#define RST_META_FORMAT "format"

/* Of secret.key. */
#define ENV_KEY_BYTES crypto_aead_xchacha20poly1305_ietf_KEYBYTES

/*
 * The tables.  All keys are composite and big endian so that their byte order
 * is their order; no MDB_DUPSORT anywhere (hazard F3).
 */
enum rst_table {
	RST_T_META,            /* name -> value: format, ids, heads, settings */
	RST_T_ATTRIBUTE,       /* number(2) -> match(1) name */
	RST_T_ENTRY,           /* id(8) -> record */
	RST_T_TREE,            /* parent(8) nrdn -> id(8) */
	RST_T_NAME,            /* id(8) -> parent, RDNs, uid: name.c */
	RST_T_INDEX,           /* attr(2) kind(1) value id(8): index.c */
	RST_T_MEMBER,          /* group(8) via(1) key -> text */
	RST_T_MEMBEROF,        /* key group(8) via(1) -> */
	RST_T_IDENT,           /* kind(1) len(1) value id(8) -> flags(1) */
	RST_T_JOURNAL,         /* sequence(8) -> public part */
	RST_T_JOURNAL_PRIVATE, /* sequence(8) -> sealed private part */
	RST_T_SESSION,         /* digest(32) -> record */
	RST_T_SESSION_USER,    /* person(8) digest(32) -> */
	RST_T_OUTBOX,          /* id(8) -> record */
	RST_T_COUNT
};
extern const char *const rst_table_names[RST_T_COUNT];

struct rst_attr_cache; /* attr.c */

struct rst_env {
	struct rst_env *next; /* in the process's list, env.c */
	unsigned int refs;
	dev_t dev;
	ino_t ino;
	char *dir;
	MDB_env *mdb;
	MDB_dbi dbi[RST_T_COUNT];
	int stamp_fd;
	void *writer_map; /* writer.lock, mapped; env.c */
	struct rst_attr_cache *attrs;
	unsigned char *key;  /* ENV_KEY_BYTES by sodium_malloc(): not swapped */
	atomic_bool listens; /* to pokes: poke.c */
	pid_t pid;           /* who opened it: never used after a fork */
	int64_t (*clock)(void);  /* rst_env_set_clock(); may be NULL */
	void (*lost)(void *arg); /* rst_env_on_lost(); may be NULL */
	void *lost_arg;
	_Atomic(void *) writer; /* the MDB_txn of this process's write */
	/* The enum rst_err of what it could not read or change: it does not
	 * commit then, whatever was made of that. */
	_Atomic(int) writer_failed;
	/* Member rows that it made more of one group, and has not said in table
	 * meta yet: member_count.c. */
	struct rst_mcount {
		uint64_t group;
		int64_t by;
	} mcount;
	/* rst_env_companion(): set once, under the mutex of env.c. */
	_Atomic(void *) companion;
	void (*companion_release)(void *companion);
	/* Transactions that hold a snapshot, and "the map is being resized":
	 * only with none may it be (db.c). */
	atomic_uint live;
	atomic_bool resizing;
};

enum rst_err rst_err_from_lmdb(int rc);

/*
 * env_files.c: what stands in the directory beside LMDB's files.
 *
 * rst_place_open() opens the directory and refuses file systems LMDB must not
 * be used on; rst_place_is_refused() is its list of statfs types.
 * rst_place_enter() takes the opening lock, stamps (hazard F6), maps
 * writer.lock and reads or makes secret.key and LMDB's files;
 * rst_place_leave() lets go of the opening lock, and rst_place_close() of
 * everything.
 */
struct rst_place {
	int dir_fd;
	int opening_fd; /* writer.lock, flocked while opening */
	int stamp_fd;   /* shared flock: "this process has it open" */
	void *writer_map;
	bool exists;      /* data.mdb was there, with something in it */
	bool alone;       /* nobody else had it open as we entered */
	off_t lock_bytes; /* size of lock.mdb, 0 if it was not there */
	dev_t dev;
	ino_t ino;
	gid_t gid;
};
enum rst_err rst_place_open(const char *dir, struct rst_place *ret_place,
                            struct rst_detail *reterr) RST_MUST_USE;
enum rst_err rst_place_enter(struct rst_place *place, const char *dir,
                             bool create, unsigned char *key,
                             struct rst_detail *reterr) RST_MUST_USE;
void rst_place_leave(struct rst_place *place);
void rst_place_close(struct rst_place *place);
bool rst_place_is_refused(long fs_type);

/* env_make.c: make data.mdb, with its tables, in a place entered where it is
 * not there. */
enum rst_err rst_env_make(struct rst_place *place, const char *dir,
                          uint64_t map_bytes, struct rst_detail *reterr)
	RST_MUST_USE;

/* env_files.c: the writer lock.  wait_ms 0: try once.  RST_EBUSY. */
enum rst_err rst_writer_lock(struct rst_env *env, unsigned int wait_ms)
	RST_MUST_USE;
void rst_writer_unlock(struct rst_env *env);
/*
 * When snapshots grew old, for those who keep one.  The holder of the writer
 * lock notes his commit txn at now_s of CLOCK_MONOTONIC, at most every
 * RST_COMMIT_NOTE_S; rst_commit_after() is when the first one noted after
 * snapshot txn was, INT64_MAX for none.  The last RST_COMMIT_NOTES are kept.
 */
#define RST_COMMIT_NOTES  32
#define RST_COMMIT_NOTE_S 5
int64_t rst_monotonic_s(void);
void rst_commit_note(struct rst_env *env, uint64_t txn, int64_t now_s);
int64_t rst_commit_after(const struct rst_env *env, uint64_t txn);

/*
 * env_pages.c: is what commit (0: the newest) left in the data file fd what
 * LMDB can be trusted with?  RST_ECORRUPT with a detail otherwise; RST_EIO,
 * RST_ENOMEM.  Nobody may write meanwhile, or commit must be a reader's.
 */
enum rst_depth {
	RST_PAGES_HEAD,     /* the two first pages; others may write */
	RST_PAGES_BRANCHES, /* and those that lead to rows: one in a hundred */
	RST_PAGES_ALL,
};
enum rst_err rst_pages_verify(int fd, uint64_t commit, enum rst_depth depth,
                              struct rst_detail *reterr) RST_MUST_USE;

/* env.c: is this LMDB one of those that destroy shared mutexes (hazard F2)? */
bool rst_lmdb_is_refused(int major, int minor, int patch);

/* db.c: the pages in the free list, LMDB's table 0, each row of which begins
 * with how many it holds.  A write transaction may not look there.
 * RST_ECORRUPT. */
enum rst_err rst_free_pages(const struct rst_rtxn *txn, uint64_t *ret_free)
	RST_MUST_USE;
/* db.c: pages that the free list holds, and pages ever used.  Takes a read
 * transaction of its own. */
enum rst_err rst_pages(struct rst_env *env, uint64_t *ret_used,
                       uint64_t *ret_free) RST_MUST_USE;

/* db.c: what writes may use of the map and the disk; map_bytes and used_bytes
 * are there already. */
void rst_room(struct rst_env *env, struct rst_env_info *info);

/* db.c: the first access of this write that failed, however it was answered;
 * RST_OK for none.  Such a write is not committed. */
enum rst_err rst_write_failed(const struct rst_wtxn *txn) RST_MUST_USE;

/* db.c: end a read and keep the handles of tables it opened; env.c. */
enum rst_err rst_read_keep(struct rst_rtxn *txn) RST_MUST_USE;

/*
 * memo.c: for store/ only.  sound: the bytes of record id were verified in
 * this snapshot; name: its DN as it was made then, a view until the next.
 */
struct rst_memo;
void rst_memo_free(struct rst_memo *memo);
bool rst_memo_sound(const struct rst_rtxn *txn, uint64_t id);
void rst_memo_found_sound(const struct rst_rtxn *txn, uint64_t id);
bool rst_memo_name(const struct rst_rtxn *txn, uint64_t id, bool normalised,
                   struct rst_view *ret_dn);
void rst_memo_named(const struct rst_rtxn *txn, uint64_t id, bool normalised,
                    struct rst_view dn);
/* The entry that was found last by this normalised DN. */
bool rst_memo_id(const struct rst_rtxn *txn, struct rst_view ndn,
                 uint64_t *ret_id);
void rst_memo_found(const struct rst_rtxn *txn, struct rst_view ndn,
                    uint64_t id);

/* attr.c: the cache lives with the environment; told how a write ended. */
enum rst_err rst_attr_cache_new(struct rst_attr_cache **ret_cache) RST_MUST_USE;
void rst_attr_cache_free(struct rst_attr_cache *cache);
void rst_attr_cache_settle(struct rst_attr_cache *cache, bool committed);

static inline MDB_txn *
rst_txn(const struct rst_rtxn *txn)
{
	return txn->mdb;
}

/*
 * Thin, total wrappers: LMDB codes become rst_err here and nowhere else.
 * rst_db_put with replace false answers RST_EEXISTS.
 */
enum rst_err rst_db_get(const struct rst_rtxn *txn, enum rst_table table,
                        struct rst_view key, struct rst_view *ret_value)
	RST_MUST_USE;
enum rst_err rst_db_put(struct rst_wtxn *txn, enum rst_table table,
                        struct rst_view key, struct rst_view value,
                        bool replace) RST_MUST_USE;
/* As put, for a key above all others of the table: fills pages wholly.
 * RST_EEXISTS when it is not above them. */
enum rst_err rst_db_append(struct rst_wtxn *txn, enum rst_table table,
                           struct rst_view key, struct rst_view value)
	RST_MUST_USE;
enum rst_err rst_db_drop(struct rst_wtxn *txn, enum rst_table table,
                         struct rst_view key) RST_MUST_USE;

/*
 * A cursor over one table.  seek: the first key >= key; next and previous
 * from there; RST_ENOTFOUND past the end.  In a write transaction a put or
 * drop through rst_db_* in the same table may move it: seek again.
 */
struct rst_cursor {
	MDB_cursor *mdb;
	struct rst_env *writes; /* of a write's cursor; else NULL */
};
enum rst_err rst_cursor_open(const struct rst_rtxn *txn, enum rst_table table,
                             struct rst_cursor *ret_cursor) RST_MUST_USE;
/* The same without the rows that wait to be put (index_gather.c). */
enum rst_err rst_cursor_open_early(const struct rst_rtxn *txn,
                                   enum rst_table table,
                                   struct rst_cursor *ret_cursor) RST_MUST_USE;
void rst_cursor_close(struct rst_cursor *cursor); /* twice is allowed */
/* Put a row, for which the cursor moves there: keys in their order are found
 * from where it stands.  Of a write transaction of env. */
enum rst_err rst_cursor_put(struct rst_env *env, struct rst_cursor *cursor,
                            struct rst_view key, struct rst_view value)
	RST_MUST_USE;
enum rst_err rst_cursor_seek(struct rst_cursor *cursor, struct rst_view key,
                             struct rst_view *ret_key,
                             struct rst_view *ret_value) RST_MUST_USE;
/* The first key behind key. */
enum rst_err rst_cursor_after(struct rst_cursor *cursor, struct rst_view key,
                              struct rst_view *ret_key,
                              struct rst_view *ret_value) RST_MUST_USE;
enum rst_err rst_cursor_next(struct rst_cursor *cursor,
                             struct rst_view *ret_key,
                             struct rst_view *ret_value) RST_MUST_USE;
enum rst_err rst_cursor_previous(struct rst_cursor *cursor,
                                 struct rst_view *ret_key,
                                 struct rst_view *ret_value) RST_MUST_USE;
enum rst_err rst_cursor_last(struct rst_cursor *cursor,
                             struct rst_view *ret_key,
                             struct rst_view *ret_value) RST_MUST_USE;

/*
 * Rows of table meta are a value and the sum of key and value (all but the
 * format, which every version must be able to read): what does not add up is
 * RST_ECORRUPT.
 */
enum rst_err rst_meta_get(const struct rst_rtxn *txn, struct rst_view key,
                          struct rst_view *ret_value) RST_MUST_USE;
enum rst_err rst_meta_put(struct rst_wtxn *txn, struct rst_view key,
                          struct rst_view value) RST_MUST_USE;
enum rst_err rst_format_get(const struct rst_rtxn *txn, uint64_t *ret_format)
	RST_MUST_USE;

/*
 * index_gather.c: put the rows that were gathered, which every look at table
 * index and the commit do first; when it fails the transaction is to be
 * aborted.
 */
struct rst_index_gather;
enum rst_err rst_index_gather_put(struct rst_index_gather *gather) RST_MUST_USE;
void rst_index_gather_free(struct rst_index_gather *gather);

/* seal.c: the sum that follows what is not sealed, such as records. */
#define RST_SUM_BYTES 8
void rst_sum(struct rst_view bytes, char sum[RST_SUM_BYTES]);
/* Take the sum off the end of *bytes; false when it is not right. */
bool rst_sum_take(struct rst_view *bytes);
/* The same where a row that lies under another key must not add up. */
void rst_sum_keyed(struct rst_view key, struct rst_view value,
                   char sum[RST_SUM_BYTES]);
bool rst_sum_keyed_take(struct rst_view key, struct rst_view *value);

/* Numbers in table meta: 0 when absent. */
enum rst_err rst_meta_number(const struct rst_rtxn *txn, const char *name,
                             uint64_t *ret_number) RST_MUST_USE;
enum rst_err rst_meta_set_number(struct rst_wtxn *txn, const char *name,
                                 uint64_t number) RST_MUST_USE;
/*
 * The first row of table meta at or behind name whose key has name's length
 * and begins like it, but for the hexadecimal digits at its end, which are
 * *ret_number.  RST_ENOTFOUND; RST_ECORRUPT: other characters.
 */
enum rst_err rst_meta_next(const struct rst_rtxn *txn, const char *name,
                           size_t digits, uint64_t *ret_number) RST_MUST_USE;

/* Of lower-case hexadecimal digits.  RST_ECORRUPT. */
enum rst_err rst_meta_digits(struct rst_view digits, uint64_t *ret_number)
	RST_MUST_USE;

/* member_count.c: table meta has what is not said yet. */
enum rst_err rst_mcount_settle(struct rst_wtxn *txn) RST_MUST_USE;

/* Big-endian numbers in keys and records.  Not byte by byte: a record has a
 * hundred of them, which are read whenever it is. */
static inline void
rst_put_be16(char *at, uint16_t n)
{
	at[0] = (char)(n >> 8);
	at[1] = (char)n;
}

static inline uint16_t
rst_get_be16(const char *at)
{
	const unsigned char *u = (const unsigned char *)at;

	return (uint16_t)(u[0] << 8 | u[1]);
}

static inline void
rst_put_be32(char *at, uint32_t n)
{
	n = htobe32(n);
	memcpy(at, &n, sizeof(n));
}

static inline uint32_t
rst_get_be32(const char *at)
{
	uint32_t n;

	memcpy(&n, at, sizeof(n));
	return be32toh(n);
}

static inline void
rst_put_be64(char *at, uint64_t n)
{
	n = htobe64(n);
	memcpy(at, &n, sizeof(n));
}

static inline uint64_t
rst_get_be64(const char *at)
{
	uint64_t n;

	memcpy(&n, at, sizeof(n));
	return be64toh(n);
}

#endif
