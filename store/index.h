/* SPDX-License-Identifier: OLDAP-2.8 */
/* index.h - from values to entries
 *
 * Key: attribute number, kind, normalised value, entry id; no value.  What is
 * indexed is kept in the environment (setting "index"), so that every process
 * maintains the same rows.  Built in, equality: objectClass uid cn mail
 * uidNumber gidNumber entryUUID sn givenName rosterStatus rosterTokenDigest;
 * ordering: entryCSN modifyTimestamp rosterExpires; substring: uid cn mail sn
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

/* Whether attribute id has an index of this kind. */
bool rst_index_exists(const struct rst_rtxn *txn, uint16_t id,
                      enum rst_index_kind kind);

/*
 * Ask for an index.  Recorded at once; when entries exist their rows are
 * built in the same transaction, so call it from tools or in chunks.
 */
enum rst_err rst_index_add(struct rst_wtxn *txn, uint16_t id,
                           enum rst_index_kind kind) RST_MUST_USE;

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
