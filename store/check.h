/* SPDX-License-Identifier: OLDAP-2.8 */
/* check.h - the invariants of the store, verified */
#ifndef RST_CHECK_H
#define RST_CHECK_H

#include "store/env.h"

struct rst_check_finding {
	const char *invariant; /* its name, such as "member-transpose" */
	bool warning;          /* worth a look, but nothing is wrong */
	char text[512];        /* what was found where */
};

/*
 * An invariant of who knows more than the store, such as the rules: either
 * check() asks it, or record() is called for every record that decodes, in one
 * walk for all that are so.  scratch is the rule's own, zeroed at the start.
 * Both answer RST_OK unless the question could not be answered.
 */
struct rst_check;
struct rst_record;
#define RST_CHECK_SCRATCH   4
#define RST_CHECK_RULES_MAX 64
struct rst_check_rule {
	const char *name;
	bool (*holds)(const struct rst_rtxn *txn); /* here at all; NULL: yes */
	enum rst_err (*check)(struct rst_check *check);
	enum rst_err (*record)(struct rst_check *check,
	                       const struct rst_record *record,
	                       uint64_t scratch[RST_CHECK_SCRATCH]);
};

/*
 * Verify every invariant over one snapshot and report each violation (at most
 * max_findings, then counting goes on).  progress (may be NULL) is called now
 * and then with what is being checked and how far.  RST_OK even when there
 * are findings; *ret_n is their number, warnings not counted.
 *
 * Rows that follow from others are compared as two sums of keyed 128-bit
 * hashes, and one by one only where those differ.  The chance to miss one is
 * below 2^-64.
 */
struct rst_check_options {
	const struct rst_check_rule *rules; /* to verify too; ended by a NULL
	                                       name (RST_CHECK_RULES_MAX at
	                                       most), or NULL for none */
	uint64_t *rules_n; /* gets how many of *ret_n they found; or NULL */
	size_t max_findings;
	void (*finding)(void *arg, const struct rst_check_finding *finding);
	void (*progress)(void *arg, const char *invariant, uint64_t done,
	                 uint64_t total);
	void *arg;
};
enum rst_err rst_check(struct rst_env *env,
                       const struct rst_check_options *options, uint64_t *ret_n)
	RST_MUST_USE;

/*
 * Write anew what follows from other rows: the header of a record from its
 * attributes, the tree, indexes and identifiers from the records, memberof
 * from member, how a row of member names a primary group from both its
 * entries, the sessions of a person from the sessions, and the counters.  Rows
 * that follow from nothing are dropped, unless they name a record that does not
 * decode.  In chunks of a write transaction each, so others write meanwhile;
 * changes no entry, and appends nothing to the journal.  Only progress of
 * options is used.  *ret_n is the number of rows written or dropped.
 *
 * Fails with RST_EBUSY (others write without pause), RST_EFULL, RST_ECORRUPT
 * (a table cannot be walked), RST_EIO, RST_ENOMEM; what was done by then stays.
 */
enum rst_err rst_check_repair(struct rst_env *env,
                              const struct rst_check_options *options,
                              uint64_t *ret_n) RST_MUST_USE;

/* The names of the store's invariants in the order they are checked,
 * NULL-ended. */
extern const char *const rst_check_invariants[];

/* What a rule asks the check that runs it: its snapshot, and every record that
 * decodes, in the order of ids, or every record of the journal.  each()
 * answers as a rule does. */
struct rst_journal_public;
typedef enum rst_err rst_check_record_fn(struct rst_check *check,
                                         const struct rst_record *record,
                                         void *arg);
typedef enum rst_err rst_check_journal_fn(
	struct rst_check *check, const struct rst_journal_public *public,
	void *arg);
const struct rst_rtxn *rst_check_txn(const struct rst_check *check);
enum rst_err rst_check_each_record(struct rst_check *check,
                                   rst_check_record_fn *each, void *arg)
	RST_MUST_USE;
enum rst_err rst_check_each_journal(struct rst_check *check,
                                    rst_check_journal_fn *each, void *arg)
	RST_MUST_USE;

/* Report a violation of the invariant being checked, or a warning. */
void rst_check_found(struct rst_check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void rst_check_warn(struct rst_check *check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
