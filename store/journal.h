/* SPDX-License-Identifier: OLDAP-2.8 */
/* journal.h - the append-only table of changes
 *
 * At once the audit log, the feed that tells slapd's overlays of commits made
 * by another process, and the source for undo.  One record and one CSN for
 * each entry that a transaction changed.
 *
 *	journal		sequence -> public part, chain hash
 *	journal_private	sequence -> private part, sealed
 *
 * The public part says who, what, when, by which door, from where and why,
 * with the changed attributes before and after (secrets masked), and the
 * digest of the private part.  The private part is the whole record before
 * and after and the membership rows that changed; it is sealed with the
 * environment's secret.key (XChaCha20-Poly1305, 'j' and the sequence as
 * additional data) and erased when its horizon has passed.  The chain stays
 * whole:
 *
 *	chain(n) = BLAKE2b-256(chain(n-1) | public part of n)
 *
 * A join holds the group's record and the one row, never the member list.
 */
#ifndef RST_JOURNAL_H
#define RST_JOURNAL_H

#include "store/entry.h"
#include "store/member.h"

enum rst_door {
	RST_DOOR_LDAP = 1,
	RST_DOOR_HTTP = 2,
	RST_DOOR_CLI = 3,
	RST_DOOR_SYSTEM = 4, /* the passing of time */
};
const char *rst_door_word(enum rst_door door);

enum rst_journal_op {
	RST_J_ADD = 1,
	RST_J_MODIFY = 2,
	RST_J_RENAME = 3,
	RST_J_DELETE = 4,
	RST_J_LOAD = 5,  /* slapadd: one record for a chunk of entries */
	RST_J_EVENT = 6, /* no entry changed: a sign-in, a refusal */
};

/*
 * A value of a membership attribute that came or went, as it was printed at
 * that moment: later its member may have another name, or be gone.  A row of a
 * rosterGroup is a value of member and one of memberUid.
 */
struct rst_journal_row {
	bool added;
	uint16_t attr; /* RST_A_MEMBER, ... */
	char *text;    /* owned */
	size_t len;
};
struct rst_journal_rows {
	struct rst_journal_row *items;
	size_t n, room;
};
/* Append one; text is copied. */
enum rst_err rst_journal_rows_add(struct rst_journal_rows *rows, bool added,
                                  uint16_t attr, struct rst_view text)
	RST_MUST_USE;
/*
 * The values that stand for entry member in a rosterGroup: what it has in
 * record, which may be a former one.
 */
enum rst_err rst_journal_rows_member(const struct rst_rtxn *txn,
                                     const struct rst_record *member,
                                     bool added, struct rst_journal_rows *rows)
	RST_MUST_USE;
void rst_journal_rows_release(struct rst_journal_rows *rows);

/* What is appended.  Everything is borrowed for the call. */
struct rst_journal_entry {
	enum rst_journal_op op;
	enum rst_door door;
	bool replicated;     /* slapd's overlays see it as a primary operation:
	                        the follower must not replay it */
	struct rst_view act; /* "suspend", "ldap-modify"...: 32 bytes */
	struct rst_view actor;   /* DN, empty for nobody */
	struct rst_view address; /* peer, 64 bytes */
	struct rst_view reason;  /* 1024 bytes */
	struct rst_view csn;
	int64_t time_s;
	uint32_t time_us;
	uint64_t id;            /* of the entry, 0 for RST_J_LOAD and _EVENT */
	struct rst_view dn;     /* where it stands after (before, if deleted) */
	struct rst_view old_dn; /* where it stood, for a rename */
	const struct rst_record *before;        /* NULL for an add */
	const struct rst_record *after;         /* NULL for a delete */
	const struct rst_member_deltas *deltas; /* may be NULL */
	/* Values that changed though their rows did not; may be NULL. */
	const struct rst_journal_rows *moved;
	uint64_t count; /* entries of a RST_J_LOAD */
};

/*
 * Append; *ret_sequence (may be NULL) is its number, from 1 without gaps.
 * RST_EINVALID for a field beyond its bytes above.  What entry borrows from
 * the map has died when it returns.
 */
enum rst_err rst_journal_append(struct rst_wtxn *txn,
                                const struct rst_journal_entry *entry,
                                uint64_t *ret_sequence) RST_MUST_USE;

/* The last sequence number; 0 for an empty journal, and where it could not be
 * read. */
uint64_t rst_journal_last(const struct rst_rtxn *txn);
/* As rst_journal_last(), but tells what it could not read. */
enum rst_err rst_journal_end(const struct rst_rtxn *txn, uint64_t *ret_last)
	RST_MUST_USE;

/*
 * One changed value in the public part: those that came and those that went.
 * A membership row that changed is a value too: memberUid for a row with a
 * name, member or uniqueMember for others.  entryCSN, modifyTimestamp and
 * modifiersName are left out, since every change has them.
 */
#define RST_JOURNAL_VALUE  1024 /* bytes of a value; longer ones are cut */
#define RST_JOURNAL_VALUES 1000 /* of one record; more are only counted */
struct rst_journal_value {
	struct rst_view attr;  /* its name */
	bool added;            /* of the after side; else it was before */
	bool cut;              /* this is how it begins */
	struct rst_view value; /* "********" for a secret */
};
/* Attributes of this name, whatever its options, are masked. */
bool rst_journal_masks(struct rst_view attr_name);

/* A public part, decoded; borrowed from the map. */
struct rst_journal_public {
	uint64_t sequence;
	enum rst_journal_op op;
	enum rst_door door;
	bool replicated;
	struct rst_view act, actor, address, reason, csn, dn, old_dn;
	int64_t time_s;
	uint32_t time_us;
	uint64_t id, count;
	struct rst_view digest; /* of the private part, 32 bytes or none */
	struct rst_view chain;  /* 32 bytes */
	struct rst_view values; /* walk with rst_journal_next_value() */
	uint32_t omitted;       /* values beyond RST_JOURNAL_VALUES */
};
/* RST_ENOTFOUND past the end, RST_ECORRUPT. */
enum rst_err rst_journal_get(const struct rst_rtxn *txn, uint64_t sequence,
                             struct rst_journal_public *ret_public)
	RST_MUST_USE;
/* Takes the next value off *values; false at the end. */
bool rst_journal_next_value(struct rst_view *values,
                            struct rst_journal_value *ret_value);

/* The images, unsealed; owned, release with rst_journal_images_release(). */
struct rst_journal_images {
	char *bytes; /* owned; the records point into it */
	size_t len;
	bool has_before, has_after;
	struct rst_record before, after;
	struct rst_member_deltas deltas;
	struct rst_journal_rows rows; /* none of records before format 2 */
};
/* RST_ENOTFOUND when erased or never there, RST_ECORRUPT when the digest or
 * the seal does not hold. */
enum rst_err rst_journal_images(const struct rst_rtxn *txn, uint64_t sequence,
                                struct rst_journal_images *ret_images)
	RST_MUST_USE;
void rst_journal_images_release(struct rst_journal_images *images);

/* Erase private parts up to and including sequence, at most max of them. */
enum rst_err rst_journal_erase(struct rst_wtxn *txn, uint64_t sequence,
                               size_t max, size_t *ret_n) RST_MUST_USE;

/*
 * Where the chain stands after one record.  Kept outside (rosterd tells
 * syslog), it shows later that nothing up to there was changed or cut off.
 */
#define RST_JOURNAL_HASH 32 /* bytes of digest and chain */
struct rst_journal_head {
	uint64_t sequence; /* 0: before the first record */
	unsigned char chain[RST_JOURNAL_HASH];
};
/* "SEQUENCE:HEX", with the NUL. */
#define RST_JOURNAL_HEAD_TEXT (20 + 1 + 2 * RST_JOURNAL_HASH + 1)
/* After the last record; RST_ECORRUPT when it does not decode. */
enum rst_err rst_journal_head(const struct rst_rtxn *txn,
                              struct rst_journal_head *ret_head) RST_MUST_USE;
/* Before the first record that is kept. */
enum rst_err rst_journal_anchor(const struct rst_rtxn *txn,
                                struct rst_journal_head *ret_anchor)
	RST_MUST_USE;
void rst_journal_head_print(const struct rst_journal_head *head,
                            char buf[RST_JOURNAL_HEAD_TEXT]);
/* False for what was not printed so. */
bool rst_journal_head_parse(struct rst_view text,
                            struct rst_journal_head *ret_head);

/*
 * Follow the chain from the first record that is kept, at most max records a
 * call, so that the caller may renew its snapshot in between.  RST_OK: call
 * again; RST_ENOTFOUND: the end, all is well; RST_ECORRUPT: broken says at
 * which record, why says how.  Anything may be stored: nothing is trusted.
 *
 * heads are those kept outside, in ascending order; one that is older than
 * the first record kept cannot be compared and is counted in n_older.
 */
struct rst_journal_verify {
	const struct rst_journal_head *heads;
	size_t n_heads;

	struct rst_journal_head at; /* followed so far */
	uint64_t first;             /* the first record kept */
	uint64_t records, images;
	uint64_t n_back; /* records with an earlier time than the one before */
	size_t n_compared, n_older;
	uint64_t broken;
	const char *why;

	bool begun; /* the caller zeroes it; the rest is for the walk alone */
	size_t next_head;
	int64_t time_s;
};
enum rst_err rst_journal_verify(const struct rst_rtxn *txn,
                                struct rst_journal_verify *verify, size_t max)
	RST_MUST_USE;

/*
 * What slapd's follower has not replayed yet (setting "follow-cursor") is kept
 * for so much longer.
 */
#define RST_JOURNAL_AWAITED_S (30 * 86400)
/*
 * Of the records whose time is before before_s, remove the oldest ones, at
 * most max; the last record always stays.  The anchor moves along, so that
 * what is left can be verified.  A younger record (the clock was set back)
 * keeps those after it.
 */
enum rst_err rst_journal_expire(struct rst_wtxn *txn, int64_t before_s,
                                size_t max, size_t *ret_n) RST_MUST_USE;
/* The same for private parts alone. */
enum rst_err rst_journal_expire_images(struct rst_wtxn *txn, int64_t before_s,
                                       size_t max, size_t *ret_n) RST_MUST_USE;

/* When the oldest record and the oldest private part that may be removed were
 * written; INT64_MAX for none. */
enum rst_err rst_journal_oldest(const struct rst_rtxn *txn,
                                int64_t *ret_record_s, int64_t *ret_images_s)
	RST_MUST_USE;

/*
 * The first record whose time is not before time_s, found by bisection; the
 * one after the last when there is none.  Where the clock was set back, one of
 * those that may be meant.
 */
enum rst_err rst_journal_find(const struct rst_rtxn *txn, int64_t time_s,
                              uint64_t *ret_sequence) RST_MUST_USE;

/*
 * A CSN above every one this environment has committed, from the clock
 * (now_s, now_us) where that is later, with server id sid (0 to 4095), as a C
 * string.  Each call in a transaction gives a higher one.
 */
enum rst_err rst_csn_next(struct rst_wtxn *txn, int64_t now_s, uint32_t now_us,
                          unsigned int sid, char buf[RST_CSN_MAX]) RST_MUST_USE;
/* A CSN made elsewhere was stored (syncrepl, slapadd): later ones of ours
 * will be above it.  RST_EINVALID for what is none, and for one after the year
 * 9899, which would leave no room above. */
enum rst_err rst_csn_seen(struct rst_wtxn *txn, struct rst_view csn)
	RST_MUST_USE;

#endif
