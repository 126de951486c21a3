/* SPDX-License-Identifier: OLDAP-2.8 */
/* throttle.h - the failures of each account and each source, not on disk
 *
 * One table of fixed size that all processes of an environment map, so that a
 * failure at one door counts at every door, and no failure writes into the
 * directory.  It is file "throttle" in the environment, or, where /run/roster
 * is a directory of the environment's group that this process may write,
 * /run/roster/throttle-KEY there, on tmpfs.
 *
 * Every word is changed by one atomic operation and no lock is ever held: a
 * process may be killed at any moment.  What is lost by a race or when a full
 * table forgets the oldest is at most a few failures.
 *
 * Nothing here fails.  Where no file can be made the table is this process's
 * own.
 */
#ifndef LIFECYCLE_THROTTLE_H
#define LIFECYCLE_THROTTLE_H

#include "rules/lockout.h"
#include "store/env.h"

struct throttle;

/* The table of env; lives as long as env.  NULL when there is no memory. */
struct throttle *throttle_of(struct rst_env *env);

/* What this process remembers of right passwords; NULL when there is no
 * memory.  How often that helped, in all processes. */
struct verified *throttle_verified(struct throttle *throttle);
void throttle_verified_count(struct throttle *throttle);
uint64_t throttle_verified_hits(const struct throttle *throttle);

/* A row's key; 0 is nobody's: nothing is counted or found under it. */
typedef uint64_t throttle_key;

throttle_key throttle_account(const struct throttle *throttle, uint64_t id,
                              struct rst_view name);
/*
 * Of "127.0.0.1:4711", "[2001:db8::1]:4711", or either without a port: the
 * IPv4 address or the IPv6 /64.  0 for whatever is no address ("ldapi", a
 * path, ""): a process on this machine.
 */
throttle_key throttle_source(const struct throttle *throttle,
                             struct rst_view address);
/* What an account does from a source (0: from this machine). */
throttle_key throttle_pair(const struct throttle *throttle,
                           throttle_key account, throttle_key source);
/* Of an account and a wrong password, for struct rule_failure. */
uint32_t throttle_check(const struct throttle *throttle, throttle_key account,
                        struct rst_view password);

/* What is known of key; all zero for nothing. */
struct throttle_state {
	struct rule_failure failures[RULE_FAILURES_MAX];
	uint32_t locked_s;   /* since when it is locked; 0: it is not */
	uint32_t recorded_s; /* the locked_s that the entry tells of */
	uint32_t success_s;  /* the last sign-in of a pair */
	uint32_t newest_s;   /* the last failure */
	uint32_t in_a_row;   /* failures since it was cleared, each password
	                      * once while it is among the last */
};
void throttle_get(const struct throttle *throttle, throttle_key key,
                  struct throttle_state *ret_state);

/* Count a failure. */
void throttle_fail(struct throttle *throttle, throttle_key key, uint32_t check,
                   uint32_t now_s);
/* Lock it.  True for the one caller among all processes who did. */
bool throttle_lock(struct throttle *throttle, throttle_key key, uint32_t now_s);
/* The entry tells of the lock that began at locked_s. */
void throttle_recorded(struct throttle *throttle, throttle_key key,
                       uint32_t locked_s);
/* Forget the failures and the lock. */
void throttle_clear(struct throttle *throttle, throttle_key key);
void throttle_success(struct throttle *throttle, throttle_key key,
                      uint32_t now_s);

/*
 * Attempts to be journaled, added up by what they were, door, account and
 * source.
 *
 * Failures are taken when they are THROTTLE_REPORT_S old; when there are too
 * many at a time they are only counted.  Successes are taken at once, and then
 * for THROTTLE_QUIET_S no more: a program that signs in all the time is told
 * of now and then.
 */
#define THROTTLE_FAILURES      256  /* of them there is room for so many */
#define THROTTLE_SUCCESSES     4096 /* and of these */
#define THROTTLE_REPORTS       (THROTTLE_FAILURES + THROTTLE_SUCCESSES)
#define THROTTLE_REPORT_S      60
#define THROTTLE_QUIET_S       900
#define THROTTLE_ADDRESS_BYTES 48 /* "2001:db8::/64" with the NUL */

enum throttle_event {
	THROTTLE_WRONG,    /* the password, or the name */
	THROTTLE_INACTIVE, /* the password was right, the account may not */
	THROTTLE_SIGN_IN,
	THROTTLE_BY_TOKEN, /* a sign-in by an API token */
};
static inline bool
throttle_is_failure(enum throttle_event event)
{
	return event == THROTTLE_WRONG || event == THROTTLE_INACTIVE;
}

struct throttle_report {
	enum throttle_event event;
	unsigned int door; /* enum rst_door */
	uint64_t id;       /* 0: of no account */
	uint32_t count;
	char address[THROTTLE_ADDRESS_BYTES];
};
/* report->count more of it; a port in its address counts for nothing. */
void throttle_report_add(struct throttle *throttle,
                         const struct throttle_report *report, uint32_t now_s);
/* How many failures wait to be journaled. */
uint64_t throttle_report_waiting(const struct throttle *throttle);
/* Attempts that could not be journaled are to be counted the next time. */
struct throttle_omitted {
	uint64_t failures, successes;
};
void throttle_report_omit(struct throttle *throttle,
                          const struct throttle_omitted *omitted);
/*
 * Take those that are due (all of them with all), and the number of those that
 * found no room.  Each is given to one caller.
 */
size_t throttle_report_take(
	struct throttle *throttle, uint32_t now_s, bool all,
	struct throttle_report ret_reports[THROTTLE_REPORTS],
	struct throttle_omitted *ret_omitted);

#endif
