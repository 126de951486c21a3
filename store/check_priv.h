/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_priv.h - what the files of rst_check() share
 *
 *	check.c		the list of invariants, findings, walks
 *	check_entry.c	records, attributes, tree, counters
 *	check_derived.c	indexes, identifiers, and what they must not share
 *	check_member.c	the membership relation
 *	check_journal.c	the journal and CSNs
 *	check_image.c	the journal's images, and what is stored
 *	check_session.c	sessions and the outbox
 *	check_pages.c	the pages of the file
 *	check_sum.c	sets of rows compared by sums
 *	check_rows.c	the rows that a record must have
 *	repair.c	derived rows put right
 *	repair_meta.c	counters and marks put right
 */
#ifndef RST_CHECK_PRIV_H
#define RST_CHECK_PRIV_H

#include "store/check.h"
#include "store/env_priv.h"
#include "store/record_priv.h"

#define RST_CHECK_HASH_KEY 16 /* bytes */

struct rst_check {
	const struct rst_rtxn *txn;
	const struct rst_check_options *options;
	const char *invariant; /* being checked */
	uint64_t n;            /* findings so far */
	uint64_t shown;        /* of them and of warnings */
	uint64_t done, total;  /* rows, for progress */
	bool damaged;          /* a record may not decode: look at each again */
	unsigned char hash_key[RST_CHECK_HASH_KEY]; /* of this run */
};

/* The record of a row of table entry; false when it does not decode. */
bool rst_check_record(const struct rst_check *check, struct rst_view key,
                      struct rst_view value, struct rst_record *ret_record);

/* Call each(check, key, value, arg) for every row of table. */
typedef enum rst_err rst_check_row(struct rst_check *check, struct rst_view key,
                                   struct rst_view value, void *arg);
enum rst_err rst_check_walk(struct rst_check *check, enum rst_table table,
                            rst_check_row *each, void *arg) RST_MUST_USE;
enum rst_err rst_check_count(const struct rst_check *check,
                             enum rst_table table, uint64_t *ret_n)
	RST_MUST_USE;

/* Count one row done, and tell progress() of it now and then. */
void rst_check_step(struct rst_check *check);
/* The same for the rows whose keys begin with prefix. */
enum rst_err rst_check_walk_prefix(struct rst_check *check,
                                   enum rst_table table, struct rst_view prefix,
                                   rst_check_row *each, void *arg) RST_MUST_USE;

/*
 * A set of rows: how many, and the sum of their hashes.  The hashes are keyed
 * anew for each run, so nobody can make two sets of one sum.
 */
struct rst_sum {
	uint64_t n, low, high;
};
void rst_sum_add(const struct rst_check *check, struct rst_view key,
                 struct rst_view value, struct rst_sum *sum);
bool rst_sum_equal(const struct rst_sum *a, const struct rst_sum *b);
/* A rst_check_row: add the row to the struct rst_sum arg. */
enum rst_err rst_sum_row(struct rst_check *check, struct rst_view key,
                         struct rst_view value, void *arg) RST_MUST_USE;

/* Adds rows of one record, each once however often it comes.  Zero *once
 * before the first, begin before each record, release after the last. */
struct rst_sum_slot {
	uint64_t low, high, round;
};
struct rst_sum_once {
	const struct rst_check *check;
	struct rst_sum *sum;
	struct rst_sum_slot *slots; /* a hash table of n_slots */
	size_t n_slots, n_used;
	uint64_t round; /* the record; slots of others are free */
};
void rst_sum_once_begin(struct rst_sum_once *once);
enum rst_err rst_sum_once_row(void *once, struct rst_view key,
                              struct rst_view value) RST_MUST_USE;
void rst_sum_once_release(struct rst_sum_once *once);

/* The rows that one record must have in table index or ident. */
struct rst_row {
	size_t len;
	char key[512];
	char value; /* its one byte, for identifiers */
};
struct rst_rows {
	struct rst_row *items; /* sorted by key */
	size_t n, room;
};
typedef enum rst_err rst_rows_fn(const struct rst_rtxn *txn,
                                 const struct rst_record *record,
                                 rst_row_each *each, void *arg);
/* Zero *rows before the first; each call begins anew. */
enum rst_err rst_rows_of(const struct rst_rtxn *txn, rst_rows_fn *rows_of,
                         const struct rst_record *record, struct rst_rows *rows)
	RST_MUST_USE;
const struct rst_row *rst_rows_find(const struct rst_rows *rows,
                                    struct rst_view key);
void rst_rows_release(struct rst_rows *rows);

/* By sums: the table has the rows that the records ask for, and no others. */
enum rst_err rst_check_is_derived(struct rst_check *check, enum rst_table table,
                                  rst_rows_fn *rows_of, bool *ret_derived)
	RST_MUST_USE;

/* The row of table meta keeps how many members a group has; that is so. */
bool rst_check_counts(const struct rst_check *check, struct rst_view key,
                      uint64_t *ret_group);
enum rst_err rst_check_count_is_right(struct rst_check *check, uint64_t group,
                                      bool *ret_right) RST_MUST_USE;

/* One invariant: RST_OK unless the question could not be answered. */
typedef enum rst_err rst_check_fn(struct rst_check *check);
rst_check_fn rst_check_format, rst_check_room, rst_check_readers,
	rst_check_pages, rst_check_records, rst_check_headers,
	rst_check_attributes, rst_check_tree, rst_check_names,
	rst_check_counters, rst_check_index, rst_check_ident,
	rst_check_identities, rst_check_free_numbers, rst_check_uuids,
	rst_check_shared_names, rst_check_member_rows, rst_check_member_means,
	rst_check_member_counts, rst_check_journal_sequence,
	rst_check_journal_chain, rst_check_checkpoints,
	rst_check_journal_private, rst_check_journal_last, rst_check_csn,
	rst_check_sessions, rst_check_outbox, rst_check_answers;

#endif
