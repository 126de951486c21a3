/* SPDX-License-Identifier: OLDAP-2.8 */
/* lifecycle.h - overlay lifecycle: what the backend needs to know of it
 *
 * The backend proves a password; the overlay says whether its owner may use
 * it, remembers on which connection it was used, and ends that connection
 * when the owner loses his access.
 *
 * Include portable.h and slap.h first.
 */
#ifndef OVER_LIFECYCLE_H
#define OVER_LIFECYCLE_H

#include "lifecycle/acts.h"
#include "lifecycle/attempt.h"
#include "rules/status.h"
#include "store/entry.h"

/* Register the overlay.  Called once by init_module(); 0 or an error. */
int lifecycle_initialize(void);
/* slapd ends, all its databases and threads are gone. */
void lifecycle_end(void);

/*
 * The overlay is configured on be (any of slapd's copies of it).  The
 * backend's db_open writes setting "lifecycle" from it, "on" or "off", where
 * the setting says otherwise and the database may be written.
 */
bool over_configured(const BackendDB *be);

/*
 * Define the operational attributes that stock ppolicy defines too
 * (pwdChangedTime, pwdAccountLockedTime), where no module has.  ppolicy
 * refuses to load after somebody else defined them, so this is for db_open,
 * when every moduleload line has been read.  0 or -1, logged.
 */
int over_define_attributes(void);

/* Whose password was right, and what a snapshot told of him. */
struct over_login {
	struct rst_env *env;
	uint64_t id, generation;
	enum rule_state state;
	const struct attempt_policy *policy;
	struct rule_password_facts facts;
};
/*
 * The password of an entry was right: may it bind?  LDAP_SUCCESS, and it is
 * remembered on which connection; or LDAP_INVALID_CREDENTIALS with an empty
 * text: the same answer that a wrong password gets, but for the password
 * policy control, which tells the reason to a client that asked for it.  May
 * write, for one of the last logins of an expired password: LDAP_BUSY,
 * LDAP_OTHER.  The caller sends *rs.  Without the overlay: LDAP_SUCCESS.
 *
 * Call it only after the password was verified: a status must not be told to
 * somebody who does not know it, and must not make a bind faster.
 */
int over_may_bind(Operation *op, SlapReply *rs, const struct over_login *login);

/*
 * Judge and hash the passwords that an add or modify brings before it enters
 * the overlays, for who must not wait for a hash there.  SLAP_CB_CONTINUE: go
 * on, and call over_judge_end() when the operation is through; anything else
 * has been answered.  Without the overlay, nothing.
 */
struct over_judged {
	OpExtra mark;
	bool marked;
};
int over_judge(Operation *op, SlapReply *rs, struct over_judged *judged);
void over_judge_end(Operation *op, struct over_judged *judged);

/*
 * Room for one more hash among slapd's threads, other than a bind's?  Around
 * every call that hashes; leave only after a true enter.
 */
bool over_hash_enter(void);
void over_hash_leave(void);

/*
 * A bind's turn to hash: now; later, when op belongs to the queue and nobody
 * else touches it: return SLAPD_ASYNCOP without an answer; or too many wait.
 * resume is called later, in another thread, with the database in op->o_bd: it
 * does the whole bind again, with the place taken, as a backend's bi_op_bind.
 * Leave after OVER_NOW.
 */
enum over_turn {
	OVER_NOW,
	OVER_LATER,
	OVER_BUSY,
};
typedef int over_resume(Operation *op, SlapReply *rs);
enum over_turn over_bind_enter(Operation *op, bool suspect,
                               over_resume *resume);
void over_bind_leave(Operation *op);

/*
 * Wipe a password from the message that it came in.  Nobody reads it there any
 * more: it was looked at, or copied.
 */
void over_forget(const Operation *op, const struct berval *secret);

/* Whose password op brings: what a snapshot told of the entry. */
struct over_claim {
	struct rst_env *env;
	uint64_t id;              /* 0: there is none */
	const struct berval *ndn; /* by which it was asked for */
	struct rst_view since;    /* its pwdAccountLockedTime */
	struct attempt_policy policy;
	struct rst_view password;
	bool (*known)(void *arg); /* right a moment ago; or NULL */
	bool no_guess;            /* a wrong one counts for nothing */
	over_resume *resume;      /* of a bind; NULL: it cannot wait its turn */
	const struct attempt_renewal *renewal; /* look() fills it; or NULL */
};
/*
 * Look at the password, unless the account is locked (RST_EDENIED, as for a
 * wrong one), its source throttled or slapd too busy (RST_EBUSY), and count
 * what came of it.  look() hashes.  The pool may have been paused meanwhile.
 * RST_ESTATE: it is done later.
 */
enum rst_err over_prove(Operation *op, const struct over_claim *claim,
                        enum rst_err (*look)(void *arg, bool suspect),
                        void *arg) RST_MUST_USE;

/*
 * Is the password an API token that lets entry id (0: there is none) in here?
 * RST_OK.  RST_EDENIED: a token that does not, so no guess of somebody's
 * password; RST_ENOTFOUND: no token.  On all but RST_OK go on with the
 * password, at its cost.  RST_EIO, RST_ECORRUPT, RST_ENOMEM.
 */
enum rst_err over_token(Operation *op, struct rst_env *env, uint64_t id,
                        struct act_bearer *ret_bearer) RST_MUST_USE;
/* A simple bind by that token succeeded. */
void over_bound_token(Operation *op, const struct attempt_policy *policy,
                      const struct act_bearer *bearer);

#endif
