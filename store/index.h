/* SPDX-License-Identifier: OLDAP-2.8 */
/* index.h - from values to entries
 *
 * Key: attribute number, kind, normalised value, entry id; no value.  What is
 * indexed is kept in the environment (setting "index"), so that every process
 * maintains the same rows.  Built in, equality: objectClass uid cn mail
 * uidNumber gidNumber entryUUID sn givenName rosterStatus rosterTokenDigest
 * rosterOwner rosterUsername;
 * ordering: entryCSN modifyTimestamp rosterExpires pwdAccountLockedTime;
 * substring: uid cn mail sn
 * givenName displayName.  memberUid, member and memberOf are answered by
 * store/member.h.
 */
#ifndef RST_INDEX_H
#define RST_INDEX_H

#include "store/entry.h"

enum rst_index_kind {
	RST_INDEX_EQUAL = 1,
	RST_INDEX_ORDER = 2,
	RST_INDEX_SUBSTRING = 3, /* rows of three characters each */
};

/* "eq", "ord", "sub". */
const char *rst_index_kind_word(enum rst_index_kind kind);

/* Whether attribute id has a complete index of this kind, that may answer. */
bool rst_index_exists(const struct rst_rtxn *txn, uint16_t id,
                      enum rst_index_kind kind);

/*
 * Ask for an index.  Where no entry exists it is complete at once, otherwise
 * rst_index_work() builds it; the changes of entries are followed from now on.
 * Nothing happens when it is there.  RST_EFULL: the names of all indexes
 * together are too long (4096 bytes).
 */
enum rst_err rst_index_add(struct rst_wtxn *txn, uint16_t id,
                           enum rst_index_kind kind) RST_MUST_USE;

/*
 * An index that was asked for is not wanted any more: it answers nothing from
 * now on, and rst_index_work() drops its rows.  Those built in stay.
 */
enum rst_err rst_index_remove(struct rst_wtxn *txn, struct rst_view name,
                              enum rst_index_kind kind) RST_MUST_USE;

/* It is built in, or was asked for and not removed; complete or not. */
bool rst_index_asked(const struct rst_rtxn *txn, uint16_t id,
                     enum rst_index_kind kind);

/*
 * One piece of the work that rst_index_add() and rst_index_remove() left:
 * about budget entries are looked at, or a fourth as many rows written.
 * Commit, let others write, and come again while *ret_more.  What was done
 * stays done, whoever goes on with it.
 */
enum rst_err rst_index_work(struct rst_wtxn *txn, unsigned int budget,
                            bool *ret_more) RST_MUST_USE;
/* There is such work. */
bool rst_index_pending(const struct rst_rtxn *txn);

/* The indexes that were asked for, one by one; *at 0 to start.  Borrowed from
 * the transaction.  False at the end. */
enum rst_index_state {
	RST_INDEX_COMPLETE,
	RST_INDEX_QUEUED,
	RST_INDEX_BUILDING,
	RST_INDEX_DROPPING,
};
struct rst_index_info {
	struct rst_view name; /* of the attribute */
	enum rst_index_kind kind;
	enum rst_index_state state;
	uint64_t done, total; /* entry ids, while it is being built */
};
bool rst_index_next(const struct rst_rtxn *txn, size_t *at,
                    struct rst_index_info *ret_info);

/*
 * Put those rows of entry id that are missing, which is what "slapindex" does
 * for every entry.  *ret_put: how many.  RST_ENOTFOUND.
 */
enum rst_err rst_index_refresh(struct rst_wtxn *txn, uint64_t id,
                               unsigned int *ret_put) RST_MUST_USE;

/*
 * Many entries are about to be added in txn: keep their rows, and put them
 * sorted, which costs a third, when the index is read, at the commit, or when
 * they need 64 MiB.  txn stays where it is until then.  RST_ENOMEM.
 */
enum rst_err rst_index_gather(struct rst_wtxn *txn) RST_MUST_USE;

/* key is a row of an index that is not complete, and may be missing. */
enum rst_err rst_index_row_may_lack(const struct rst_rtxn *txn,
                                    struct rst_view key, bool *ret_may)
	RST_MUST_USE;

/*
 * Entries whose attribute id equals value (by its rule), ascending, beginning
 * after *after (0 to start).  Fills at most max ids.  *ret_n below max: that
 * was all.
 */
enum rst_err rst_index_equal(const struct rst_rtxn *txn, uint16_t id,
                             struct rst_view value, uint64_t after,
                             uint64_t *ids, size_t max, size_t *ret_n)
	RST_MUST_USE;

/*
 * The same for attribute >= value (low) and/or <= value (high) over an
 * ordering index; either may have a NULL ptr.  In value order; *cursor zeroed
 * to start.
 */
struct rst_index_cursor {
	char key[512];
	size_t len;
};
enum rst_err rst_index_range(const struct rst_rtxn *txn, uint16_t id,
                             struct rst_view low, struct rst_view high,
                             struct rst_index_cursor *cursor, uint64_t *ids,
                             size_t max, size_t *ret_n) RST_MUST_USE;

/*
 * Candidates for a substring filter with fragment piece (three characters at
 * least in normal form, RST_EINVALID otherwise): a superset of the entries
 * that match, which may match by another attribute.  Ascending, each once.
 */
enum rst_err rst_index_substring(const struct rst_rtxn *txn, uint16_t id,
                                 struct rst_view piece, uint64_t after,
                                 uint64_t *ids, size_t max, size_t *ret_n)
	RST_MUST_USE;

#endif
