/* SPDX-License-Identifier: OLDAP-2.8 */
/* tree.h - where entries stand: (parent id, normalised RDN) -> id */
#ifndef RST_TREE_H
#define RST_TREE_H

#include "store/entry.h"

/*
 * The id of the entry with normalised DN ndn (slapd's normal form: lower-case
 * types, escaped commas as \2C).  RST_ENOTFOUND; *ret_matched, when not NULL,
 * is then the id of the nearest ancestor that exists, 0 for none.  One get
 * per RDN below the suffix.
 */
enum rst_err rst_tree_find(const struct rst_rtxn *txn, struct rst_view ndn,
                           uint64_t *ret_id, uint64_t *ret_matched)
	RST_MUST_USE;

/* The id of the child nrdn of parent. */
enum rst_err rst_tree_child(const struct rst_rtxn *txn, uint64_t parent,
                            struct rst_view nrdn, uint64_t *ret_id)
	RST_MUST_USE;

/*
 * The DN of entry id, as written (rst_tree_dn) or normalised (rst_tree_ndn),
 * as a C string into buf.  Canonical: no blanks, the RDNs as stored.
 * RST_EINVALID when size is too small.
 */
enum rst_err rst_tree_dn(const struct rst_rtxn *txn, uint64_t id, char *buf,
                         size_t size, size_t *ret_len) RST_MUST_USE;
enum rst_err rst_tree_ndn(const struct rst_rtxn *txn, uint64_t id, char *buf,
                          size_t size, size_t *ret_len) RST_MUST_USE;

/* id is ancestor, or below it.  id 0 is above everything; what is not there is
 * below nothing else. */
enum rst_err rst_tree_below(const struct rst_rtxn *txn, uint64_t id,
                            uint64_t ancestor, bool *ret_below) RST_MUST_USE;

/* Something stands below parent. */
enum rst_err rst_tree_has_children(const struct rst_rtxn *txn, uint64_t parent,
                                   bool *ret_has) RST_MUST_USE;

/*
 * Walk the children of parent: *cursor is what the last call left there,
 * zeroed to start.  Fills at most max ids; *ret_n 0 at the end.  The walk may
 * go on in a later transaction.
 */
struct rst_tree_cursor {
	char key[8 + 512];
	size_t len;
};
enum rst_err rst_tree_children(const struct rst_rtxn *txn, uint64_t parent,
                               struct rst_tree_cursor *cursor, uint64_t *ids,
                               size_t max, size_t *ret_n) RST_MUST_USE;
/* A walk that starts behind nrdn: with a beginning of names, at the first. */
struct rst_tree_cursor rst_tree_cursor_at(uint64_t parent,
                                          struct rst_view nrdn);

#endif
