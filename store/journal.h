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
	uint64_t count;                         /* entries of a RST_J_LOAD */
};

/*
 * Append; *ret_sequence (may be NULL) is its number, from 1 without gaps.
 * RST_EINVALID for a field beyond its bytes above.  What entry borrows from
 * the map has died when it returns.
 */
enum rst_err rst_journal_append(struct rst_wtxn *txn,
                                const struct rst_journal_entry *entry,
                                uint64_t *ret_sequence) RST_MUST_USE;

/* The last sequence number; 0 for an empty journal. */
uint64_t rst_journal_last(const struct rst_rtxn *txn);

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
