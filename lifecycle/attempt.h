/* SPDX-License-Identifier: OLDAP-2.8 */
/* attempt.h - one attempt to prove a password, by whatever door
 *
 *	read the account -> begin -> (hash, when it may) -> end
 *
 * begin says whether the password is to be looked at, end counts what came of
 * it.  Accounts that do not exist are treated like all others.
 *
 * A source from which an account signed in within 30 days is trusted with it:
 * its failures are counted apart, so that neither a stranger's failures
 * elsewhere nor its neighbours' keep the owner out.
 */
#ifndef LIFECYCLE_ATTEMPT_H
#define LIFECYCLE_ATTEMPT_H

#include "lifecycle/gate.h"
#include "lifecycle/password.h"
#include "lifecycle/throttle.h"
#include "lifecycle/verified.h"

struct lifecycle_policy; /* lifecycle/setting.h */
struct rst_ids;          /* store/member.h */

#define ATTEMPT_TRUST_S   (30 * 86400)
#define ATTEMPT_SUSPECT_S 60
/* Failures of an address within that time: one that everybody in an office or
 * a container has is not suspect because somebody mistyped. */
#define ATTEMPT_SUSPECT_FAILURES 5

struct attempt_policy {
	struct rule_lockout account, source;
	struct rule_password_life life;
	bool notes_login;    /* inactive-after asks for it */
	bool audits_sign_in; /* successes are journaled: audit-sign-ins */
	uint32_t
		verified_s; /* right passwords are remembered: verified-cache */
};
/*
 * The settings "lockout-..." that hold for person (0: nobody) and
 * "throttle-..." for sources.  All zero with the lifecycle off: nothing is
 * locked there.  RST_ENOMEM, RST_EIO, RST_ECORRUPT.
 */
enum rst_err attempt_policy(const struct rst_rtxn *txn, uint64_t person,
                            struct attempt_policy *ret_policy) RST_MUST_USE;

/* The settings "lockout-..." of policy. */
struct rule_lockout attempt_lockout(const struct lifecycle_policy *policy);

/* Whose password, from where; borrowed until end. */
struct attempt_claim {
	uint64_t id;           /* 0: there is no such account */
	struct rst_view name;  /* normalised; what an id of 0 is known by */
	struct rst_view since; /* the entry's pwdAccountLockedTime; empty */
	struct rst_view address;
	struct rst_view password;
	int64_t now_s;
	/* What is stored, and in its place (lifecycle_password_renew(), once
	 * the password was right) what is to be: end writes it.  May be NULL.
	 */
	const struct attempt_renewal *renewal;
};
struct attempt_renewal {
	const char *stored;
	char hash[LIFECYCLE_HASH_MAX]; /* "": stays as it is */
};

enum attempt_standing {
	ATTEMPT_FREE,
	/* It failed within a minute, or its source did: look at the password,
	 * but after everybody else's. */
	ATTEMPT_SUSPECT,
	/* Locked: do not look at the password, answer as if it were wrong. */
	ATTEMPT_LOCKED,
	/* Too many failures from this source: come back in wait_s. */
	ATTEMPT_THROTTLED,
};

struct attempt {
	struct attempt_policy policy;
	struct throttle *throttle;
	struct attempt_claim claim;
	throttle_key account, source, pair;
	uint32_t check;
	bool trusted;
	bool barred; /* the entry is locked: refused, at a hash's cost */
	enum attempt_standing standing;
	uint32_t wait_s;
};

/* RST_ENOMEM when there is no table. */
enum rst_err attempt_begin(struct rst_env *env,
                           const struct attempt_policy *policy,
                           const struct attempt_claim *claim,
                           struct attempt *ret_attempt) RST_MUST_USE;

/*
 * A password was right a moment ago, and nothing of the account has moved
 * since: it need not be looked at.  To be asked where it would be; count the
 * outcome as ever.  remember that it is right now.  Both do nothing where
 * policy does not ask for it.
 */
bool attempt_remembers(struct rst_env *env, const struct attempt_policy *policy,
                       const struct verified_proof *proof, int64_t now_s);
void attempt_remember(struct rst_env *env, const struct attempt_policy *policy,
                      const struct verified_proof *proof, int64_t now_s);

/*
 * What a look at the password means: RST_EDENIED for a right one, too, where
 * the entry is locked.  Nobody need have failed here for such a lock (a person
 * may have written it, another server, this one before it was started anew),
 * so that a quick answer would tell of the account.
 */
enum rst_err attempt_outcome(const struct attempt *attempt, enum rst_err looked)
	RST_MUST_USE;

/*
 * outcome: RST_OK when the password was right, RST_EDENIED when it was wrong
 * or was not looked at; anything else counts for nothing.  May write: a lock
 * when it begins, and the end of one that is over.  A lock that cannot be
 * written holds all the same, only the entry does not tell of it.
 */
void attempt_end(const struct act_ctx *ctx, const struct attempt *attempt,
                 enum rst_err outcome);

/* pwdAccountLockedTime of an account that a person locked without end: it
 * holds everywhere, for API tokens too. */
bool attempt_is_for_ever(struct rst_view since);

/* What the entry tells of a lock: nothing of one that is over. */
struct attempt_lock {
	bool holds, for_ever;
	int64_t since_s, until_s; /* 0 for ever */
};
enum rst_err attempt_lock(const struct rst_rtxn *txn,
                          const struct rst_record *person, int64_t now_s,
                          struct attempt_lock *ret_lock) RST_MUST_USE;
/* The people whose lock holds, to be given back with rst_ids_release(), on
 * failure too. */
enum rst_err attempt_locked(const struct rst_rtxn *txn, int64_t now_s,
                            struct rst_ids *ret_ids) RST_MUST_USE;

/* How long the source of ctx is throttled; 0: it is not. */
uint32_t attempt_wait_s(const struct act_ctx *ctx);

/*
 * What came of it after the password was right, for the journal: counted, and
 * written by attempt_report().  A failure is always, a success when policy
 * says so.
 */
void attempt_note(const struct act_ctx *ctx,
                  const struct attempt_policy *policy,
                  enum throttle_event event, uint64_t id);

/*
 * Journal what is due (all of it with all): a failure once a minute for each
 * account and source, a success at once and then every THROTTLE_QUIET_S.
 * Called every few seconds by one thread of each process.
 */
enum rst_err attempt_report(const struct act_ctx *ctx, bool all) RST_MUST_USE;

#endif
