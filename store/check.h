/* SPDX-License-Identifier: OLDAP-2.8 */
/* check.h - the invariants of the store, verified */
#ifndef RST_CHECK_H
#define RST_CHECK_H

#include "store/env.h"

struct rst_check_finding {
	const char *invariant; /* its name, such as "member-transpose" */
	char text[512];        /* what was found where */
};

/*
 * Verify every invariant over one snapshot and report each violation (at most
 * max_findings, then counting goes on).  progress (may be NULL) is called now
 * and then with what is being checked and how far.  RST_OK even when there
 * are findings; *ret_n is their number.
 */
struct rst_check_options {
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
 * Write anew what follows from other rows: the tree, indexes and identifiers
 * from the records, memberof from member, the sessions of a person from the
 * sessions, and the counters.  Rows that follow from nothing are dropped,
 * unless they name a record that does not decode.  In chunks of a write
 * transaction each, so others write meanwhile; changes no entry, and appends
 * nothing to the journal.  Only progress of options is used.  *ret_n is the
 * number of rows written or dropped.
 *
 * Fails with RST_EBUSY (others write without pause), RST_EFULL, RST_ECORRUPT
 * (a table cannot be walked), RST_EIO, RST_ENOMEM; what was done by then stays.
 */
enum rst_err rst_check_repair(struct rst_env *env,
                              const struct rst_check_options *options,
                              uint64_t *ret_n) RST_MUST_USE;

/* The names of all invariants in the order they are checked, NULL-ended. */
extern const char *const rst_check_invariants[];

#endif
