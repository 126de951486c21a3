/* SPDX-License-Identifier: OLDAP-2.8 */
/* lockout.h - how many wrong passwords are too many
 *
 *	account		5 failures within 15 minutes: locked for 30 minutes;
 *			100 in a row, over whatever time, as well
 *	source		10 failures within 5 minutes: refused until fewer are
 *			that young
 *
 * Whoever counts remembers the last failures of each account and each source,
 * at most RULE_FAILURES_MAX of them; these functions say what that means.
 * Moments are seconds of the Unix time in 32 bits, good until 2106.
 */
#ifndef RULE_LOCKOUT_H
#define RULE_LOCKOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RULE_FAILURES_MAX 12
#define RULE_IN_A_ROW_MAX 100 /* NIST SP 800-63B: no more, whatever is set */
#define RULE_LOCK_S_MAX   (30 * 86400)
#define RULE_WINDOW_S_MAX 86400

struct rule_lockout {
	uint32_t failures; /* this many are too many; 0: any number */
	uint32_t window_s; /* within this time */
	uint32_t lock_s;   /* then it is locked for so long */
	uint32_t in_a_row; /* so are these, without a success between; 0: any */
};
extern const struct rule_lockout rule_lockout_account;
/* lock_s means nothing here: a source waits until its failures are old. */
extern const struct rule_lockout rule_lockout_source;

/* A failure: when, and a checksum of what was tried, so that one wrong
 * password tried again and again (a phone that still has the old one) counts
 * once.  time_s 0: none. */
struct rule_failure {
	uint32_t time_s, check;
};

/* How many of failures are within the window; those of the future, left by a
 * clock that went back, are not. */
unsigned int rule_lockout_count(
	const struct rule_lockout *policy,
	const struct rule_failure failures[RULE_FAILURES_MAX], uint32_t now_s);

/*
 * Where a failure with this checksum is to be noted: in place of the same one,
 * else of none, else of the oldest.
 */
size_t rule_lockout_place(const struct rule_failure failures[RULE_FAILURES_MAX],
                          uint32_t check);

/* Too many? */
bool rule_lockout_reached(const struct rule_lockout *policy,
                          const struct rule_failure failures[RULE_FAILURES_MAX],
                          uint32_t now_s);

/* After how many seconds it is not reached any more, without new failures;
 * 0 when it is not. */
uint32_t rule_lockout_wait(
	const struct rule_lockout *policy,
	const struct rule_failure failures[RULE_FAILURES_MAX], uint32_t now_s);

/* The same of an account, which failed in_a_row times since it succeeded. */
bool rule_lockout_locks(const struct rule_lockout *policy,
                        const struct rule_failure failures[RULE_FAILURES_MAX],
                        uint32_t in_a_row, uint32_t now_s);

/* Does a lock that began at since_s hold at now_s?  One of the future does as
 * long as the clock is at most lock_s before it. */
bool rule_lockout_holds(const struct rule_lockout *policy, int64_t since_s,
                        int64_t now_s);

#endif
