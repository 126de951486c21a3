/* SPDX-License-Identifier: OLDAP-2.8 */
/* env.h - the environment and its transactions
 *
 * One directory is one environment is one database.  It holds:
 *
 *	data.mdb lock.mdb	LMDB's own
 *	writer.lock		the writer lock: a process-shared robust mutex
 *	stamp			PID namespace and boot id of the processes that
 *				have it open (each holds a shared flock on it)
 *	hash.lock		the slots of the password-hashing gate
 *	secret.key		32 random bytes that seal the journal's private
 *				parts and the outbox
 *
 * All of them mode 0660 in a directory 2770, whose group both daemons share.
 */
#ifndef RST_ENV_H
#define RST_ENV_H

#include "store/err.h"
#include "store/view.h"

#define RST_MAP_BYTES_MIN     (UINT64_C(1) << 20)
#define RST_MAP_BYTES_DEFAULT (UINT64_C(16) << 30) /* virtual, not resident */
#define RST_READERS_DEFAULT   1024
#define RST_WRITER_WAIT_MS    2000 /* then RST_EBUSY */

struct rst_env;

/* What an environment is made with; fixed from then on. */
struct rst_env_options {
	uint64_t map_bytes;   /* 0: RST_MAP_BYTES_DEFAULT */
	unsigned int readers; /* 0: RST_READERS_DEFAULT */
	bool create;          /* make it when it is not there */
	bool verify;          /* look at every page first, however many */
	/*
	 * Make the map of one that is there so large; 0: leave it.  Only while
	 * nobody else has it open, and only larger.  dry_run: all but that.
	 */
	uint64_t grow_bytes;
	bool dry_run;
};

/*
 * Open the environment in directory dir.  One per process and file, LMDB's
 * rule (closing a second one would drop the first one's locks): a second open
 * of the same directory, by whatever path, answers the same environment with
 * its count raised.
 *
 * Fails with RST_ENOTFOUND (no environment there and create is false),
 * RST_EINVALID (a path LMDB must not be used on such as NFS, or one this
 * process may not open or that is no directory, a map below
 * RST_MAP_BYTES_MIN, grow_bytes not above what it has), RST_ESTATE (another
 * PID namespace or boot has it open; or anybody else, with grow_bytes; or a
 * format version this build does not know; or its secret.key is lost),
 * RST_ECORRUPT (data.mdb is damaged: its head, the pages that lead to rows, or
 * any page when it is below 64 MiB or verify is set),
 * RST_EBUSY (another process has been opening it for too long), RST_EIO,
 * RST_ENOMEM.  The detail says which and what to do.  options may be NULL.
 */
enum rst_err rst_env_open(const char *dir,
                          const struct rst_env_options *options,
                          struct rst_env **ret_env, struct rst_detail *reterr)
	RST_MUST_USE;

/*
 * The clock of the door that opened env, asked once when a transaction begins
 * or is renewed.  NULL, as it begins: none.
 */
void rst_env_set_clock(struct rst_env *env, int64_t (*now_s)(void));

/*
 * lost(arg) is called in the thread whose commit left its outcome unknown, with
 * RST_EIO: LMDB answers nobody any more, and the process must end, whoever's
 * commit it was.  NULL, as it begins: none.  Set while nobody writes.
 */
void rst_env_on_lost(struct rst_env *env, void (*lost)(void *arg), void *arg);

/* Drop one reference; the last closes.  NULL is allowed. */
void rst_env_close(struct rst_env *env);

/* The directory as given to the first open.  Lives as long as env. */
const char *rst_env_dir(const struct rst_env *env);

/*
 * Something of the callers' that lives as long as env: made by make(env) at
 * the first call, given to release() when env closes.  One for each
 * environment, so every caller passes the same two.  NULL when make answers
 * NULL; the next call tries again.
 */
void *rst_env_companion(struct rst_env *env, void *(*make)(struct rst_env *env),
                        void (*release)(void *companion));

/*
 * RST_KEY_BYTES that are the same in every process that has the environment
 * open, another for every purpose, and not to be guessed by anybody without
 * secret.key.
 */
#define RST_KEY_BYTES 16
void rst_env_key(const struct rst_env *env, const char *purpose,
                 unsigned char key[RST_KEY_BYTES]);

struct rst_env_info {
	uint64_t map_bytes;
	uint64_t used_bytes;
	uint64_t ordinary_bytes; /* of the map that ordinary writes may find
	                            used; from there on only deletes may */
	uint64_t disk_bytes;     /* left on the disk beneath */
	uint64_t reserve_bytes;  /* of it, that ordinary writes leave */
	bool full;               /* so an ordinary write would be refused */
	uint64_t free_bytes;     /* of pages that were used once */
	uint64_t page_bytes;
	unsigned int readers_max, readers_used;
	unsigned int readers_dead; /* of processes that are no more */
	uint64_t oldest_txn; /* that a reader still sees; last_txn: none */
	int64_t oldest_s;    /* for how long there have been newer ones, to some
	                        seconds, and at least */
	uint64_t last_txn;
	uint64_t entries;
};
enum rst_err rst_env_info(struct rst_env *env, struct rst_env_info *ret_info)
	RST_MUST_USE;

/*
 * Clear reader slots of dead processes (they pin pages for ever).  Call it
 * every 5 s from one thread of each process.
 */
void rst_env_clear_stale(struct rst_env *env);

/* The version of the LMDB built in, such as "0.9.24". */
const char *rst_lmdb_version(void);

/*
 * A transaction lives on the caller's stack.  Its type is its power: rst_rtxn
 * reads, rst_wtxn also writes.  Inside a write, read through &txn->r.
 */
struct rst_rtxn {
	struct rst_env *env;
	void *mdb; /* MDB_txn; NULL once ended.  For store/ only. */
	bool idle; /* it was reset and not renewed.  For store/ only. */
	bool lent; /* it is a write's own, which ends it.  For store/ only. */
	/*
	 * When it is: memberships that have ended by then are not there.  From
	 * the environment's clock, or 0: time is not looked at, as slapcat and
	 * the checks want it.  The owner may change it.
	 */
	int64_t now_s;
	bool kept;             /* rst_read_as_kept() */
	struct rst_memo *memo; /* memo.c; NULL: it remembers nothing */
	/* Index rows that are not put yet; NULL: none.  For store/ only. */
	struct rst_index_gather *gather;
};

struct rst_member_deltas; /* store/member.h */

struct rst_wtxn {
	struct rst_rtxn r;
	bool locked; /* we hold the writer lock.  For store/ only. */
	/*
	 * Where rst_entry_store_*() note the membership rows that follow the
	 * entry; NULL, as it begins: nowhere.
	 */
	struct rst_member_deltas *followed;
};

/*
 * Begin a read.  Never waits for a writer.  Keep it short: pages freed by
 * writers are not reused while it lives.  Any thread may use it, one at a
 * time.  Fails with RST_EBUSY (reader table full), RST_EIO, RST_ENOMEM; then
 * *ret_txn needs no end.
 */
enum rst_err rst_read_begin(struct rst_env *env, struct rst_rtxn *ret_txn)
	RST_MUST_USE;

/* Let go of the snapshot but keep the slot: renewing costs a microsecond. */
void rst_read_reset(struct rst_rtxn *txn);
enum rst_err rst_read_renew(struct rst_rtxn *txn) RST_MUST_USE;

/*
 * Read what is kept, as slapcat and replicas do, or again what there is: then
 * no membership ends by the clock, and groups in groups do not count.  What it
 * was before.
 */
bool rst_read_as_kept(struct rst_rtxn *txn, bool kept);

/*
 * This read will be renewed often: let it remember what it finds out about a
 * snapshot until it sees another one.  RST_ENOMEM; it then goes on without.
 */
enum rst_err rst_read_remember(struct rst_rtxn *txn);

/*
 * Facts about the whole snapshot that cost a look at a table.  get: was it
 * found out before?  For values that follow from the snapshot alone, never
 * from the time or from who asks.
 */
enum rst_fact {
	RST_FACT_LIFECYCLE, /* the setting is "on" */
	RST_FACT_REFERRALS, /* some entry is a referral */
	RST_FACT_ATTRS_END, /* the first attribute number not given out */
	RST_FACT_NESTS,     /* groups count as members of groups */
	RST_FACT_NAMESAKES, /* two entries have ever had one uid */
	RST_FACTS,
};
bool rst_fact_get(const struct rst_rtxn *txn, enum rst_fact fact,
                  uint64_t *ret_value);
void rst_fact_put(const struct rst_rtxn *txn, enum rst_fact fact,
                  uint64_t value);

/* End a read; ending it twice, or after a failed begin, does nothing. */
void rst_read_end(struct rst_rtxn *txn);

/* The number of the last commit this transaction sees. */
uint64_t rst_txn_number(const struct rst_rtxn *txn);

/*
 * Begin the write.  Waits at most RST_WRITER_WAIT_MS for the other writer, in
 * whichever process it is, then RST_EBUSY.  No hashing, network or waiting
 * between begin and commit, and both on the same thread.  RST_EFULL when the
 * map is filled beyond what this purpose may use: an ordinary write up to 80 %,
 * an administrator's delete up to 95 % (less in maps below 16 MiB); and for an
 * ordinary write when the disk has less than 8 MiB left.  Otherwise fails as
 * rst_read_begin().
 */
enum rst_write_purpose {
	RST_WRITE_ORDINARY,
	RST_WRITE_FREEING, /* it makes room: delete, leave, erase */
};
enum rst_err rst_write_begin(struct rst_env *env,
                             enum rst_write_purpose purpose,
                             struct rst_wtxn *ret_txn) RST_MUST_USE;
/* Would a write with this purpose be begun?  RST_EFULL if not. */
enum rst_err rst_write_room(struct rst_env *env, enum rst_write_purpose purpose)
	RST_MUST_USE;

/*
 * As rst_write_begin(), but with the caller's own way of waiting: while the
 * lock is taken, pause(arg) is called about every millisecond; RST_EBUSY as
 * soon as it answers false.  slapd must let its pool pause while it waits.
 */
enum rst_err rst_write_begin_polled(struct rst_env *env,
                                    enum rst_write_purpose purpose,
                                    bool (*pause)(void *arg), void *arg,
                                    struct rst_wtxn *ret_txn) RST_MUST_USE;

/*
 * Commit, durably: RST_OK means it is on disk.  The transaction is over
 * whatever the answer.  RST_EIO leaves the outcome unknown: the process must
 * end and open the environment anew.
 */
enum rst_err rst_write_commit(struct rst_wtxn *txn) RST_MUST_USE;

/* Abort; does nothing after a commit, so it can stand at every "out:". */
void rst_write_abort(struct rst_wtxn *txn);

/* *to, which holds none, goes on with what *from began; *from is over. */
void rst_write_move(struct rst_wtxn *from, struct rst_wtxn *to);
/* Read what txn has written so far, as if that were committed.  To be ended
 * before txn is. */
void rst_read_within(const struct rst_wtxn *txn, struct rst_rtxn *ret_txn);

/*
 * Facts about the directory that every process reads, kept in the
 * environment: "suffix", "lifecycle" ("on" or "off"), "primary-members"
 * ("hide" or "list"), "server-id", "foreign-id" ...  A view of the value, or
 * RST_ENOTFOUND.  Names are at most 64 bytes, values 4096.
 */
enum rst_err rst_setting_get(const struct rst_rtxn *txn, const char *name,
                             struct rst_view *ret_value) RST_MUST_USE;
/* An empty value drops the setting. */
enum rst_err rst_setting_put(struct rst_wtxn *txn, const char *name,
                             struct rst_view value) RST_MUST_USE;

#endif
