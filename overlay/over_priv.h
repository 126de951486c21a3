/* SPDX-License-Identifier: OLDAP-2.8 */
/* over_priv.h - what the files of overlay/ share and nobody else sees
 *
 * Two overlays are registered.  "lifecycle" is configured on a database.
 * "lifecycle-guard" is put on slapd's frontend when the first such database
 * opens, so that it sees every operation whatever it names; administrators
 * never see it.
 *
 */
#ifndef OVER_PRIV_H
#define OVER_PRIV_H

#include <stdatomic.h>

#include "backend/back-roster.h"
#include "lifecycle/password.h"
#include "overlay/lifecycle.h"

#define OVER_NAME  "lifecycle"
#define OVER_GUARD "lifecycle-guard"

/*
 * An open database with the overlay.  Operations walk the list without a lock:
 * one thread at a time changes it (the start, cn=config, shutdown), by atomic
 * pointers, and what was in it stays in memory.
 */
struct over_db {
	_Atomic(struct over_db *) next;
	struct over_db *retired; /* the one that was taken away before it */
	BackendDB *be;           /* slapd's own, never a copy */
	struct back_db *back;
	uint64_t journal;       /* last record that close.c has looked at;
	                           0: it has not looked at all */
	int64_t expiry_s;       /* when it looks next for who has expired */
	struct back_read *read; /* close.c's, while it looks */
};

struct over_db *over_db_first(void);
/* The database whose suffix ndn is or is below; NULL. */
struct over_db *over_db_for(const struct berval *ndn);
/* The database of which be is slapd's or a copy; NULL. */
struct over_db *over_db_of(const BackendDB *be);

/*
 * identity.c: who is bound on which connection, by the connection's number.
 */
struct over_who {
	struct over_db *db; /* NULL: nobody of ours, nothing to guard */
	uint64_t id;
	uint64_t generation;
	/* by which API token; 0: by a password */
	uint64_t token, token_generation;
	bool reads_only;  /* that is all its scope allows */
	bool must_change; /* the password, before anything else */
	bool changing;    /* his own password, just now */
};

/* Remember that ndn on connection connid is who, in place of what was. */
void over_identity_put(unsigned long connid, const struct berval *ndn,
                       const struct over_who *who);
/*
 * The same for an operation that finds nothing remembered.  It may run beside
 * a bind of the same connection, whose outcome it must not cover: nothing is
 * done unless the connection is ndn's still, and has no row yet.
 */
void over_identity_meet(Connection *conn, const struct berval *ndn,
                        const struct over_who *who);
/* False if nothing is remembered.  *ret_same: it was remembered for ndn. */
bool over_identity_get(unsigned long connid, const struct berval *ndn,
                       struct over_who *ret_who, bool *ret_same);
void over_identity_drop(unsigned long connid);
/*
 * op, a modify, begins, and is over: done or refused.  If it is a change of the
 * connection's own password, its owner proves himself by it: he keeps the
 * connection, also while the change is written and not yet told of.
 */
void over_identity_expect(Operation *op);
void over_identity_renew(Operation *op, bool done);
/* Has who access still?  RST_EDENIED or RST_ENOTFOUND: not any more. */
enum rst_err over_identity_check(const struct rst_rtxn *txn,
                                 const struct over_who *who) RST_MUST_USE;
/* The row has moved on since it was *who, who is now what it says. */
bool over_identity_moved(unsigned long connid, struct over_who *who);
/* Somebody is bound as entry id, or by the token that it is.  Costs a walk of
 * all rows. */
bool over_identity_has(const struct over_db *db, uint64_t id);
/* Those of db, which is off the list; all, when it was the last. */
void over_identity_drop_db(const struct over_db *db);

/*
 * Who ndn is, seen through txn of db, its database.  RST_ENOTFOUND when
 * there is no such entry.  The rootdn is nobody of ours (db NULL).
 */
enum rst_err over_identity_find(const struct rst_rtxn *txn, struct over_db *db,
                                const struct berval *ndn,
                                struct over_who *ret_who) RST_MUST_USE;

/* prove.c: who op is to an act; address is borrowed. */
#define OVER_ADDRESS_BYTES 64 /* "[2001:db8::1]:4711" with the NUL */
struct act_ctx over_ctx(const Operation *op, struct rst_env *env,
                        char address[OVER_ADDRESS_BYTES]);

/* crowd.c: once in the life of slapd. */
void over_crowd_init(void);

/* guard.c: put the guard on the frontend, once in the life of slapd. */
int over_guard_register(void);
int over_guard_install(ConfigReply *cr);

/*
 * token.c: may op, of a connection bound by an API token, do what it asks for?
 * One for reading does not write, and none changes its owner's own password or
 * makes a token.
 * Answers and returns the code, or SLAP_CB_CONTINUE.
 */
int over_token_may_change(Operation *op, SlapReply *rs);
int over_token_may_extend(Operation *op, SlapReply *rs);
/* op is about to set the password of the entry it names.  False when that is
 * a token's owner's own. */
bool over_token_may_set_password(Operation *op);
/* duty.c: does op do no more than change the password of who, whose duty that
 * is?  If not it has been answered. */
bool over_duty_allows(Operation *op, SlapReply *rs);

/* group.c: bi_acl_group of the guard. */
BI_acl_group over_acl_group;

/*
 * close.c: end the connections of those who lost their access.  It watches
 * the open databases from start (0 or an errno) to stop; between the two
 * their list must not change.  stop without start does nothing.  poke looks
 * at once, in another thread.
 */
int over_close_start(void);
void over_close_stop(void);
void over_close_poke(void);

/* ppolicy.c: the password policy control, draft-behera-ldap-password-policy */
enum over_ppolicy {
	OVER_PP_EXPIRED = 0,
	OVER_PP_LOCKED = 1,
	OVER_PP_CHANGE_AFTER_RESET = 2,
	OVER_PP_NOT_ALLOWED = 3,
	OVER_PP_MUST_SUPPLY_OLD = 4,
	OVER_PP_QUALITY = 5,
	OVER_PP_SHORT = 6,
	OVER_PP_YOUNG = 7,
	OVER_PP_IN_HISTORY = 8,
	OVER_PP_NONE = 0xffff,
};
int over_ppolicy_open(BackendDB *be);
void over_ppolicy_close(BackendDB *be);
/* Add the response control if the request asked for one. */
void over_ppolicy_answer(Operation *op, SlapReply *rs, enum over_ppolicy error);
/* The same for a bind that goes well, but has a warning; no warning, and no
 * error, for what is good. */
void over_ppolicy_warn(Operation *op, SlapReply *rs,
                       const struct rule_password_standing *standing);

/*
 * secret.c: clear passwords become hashes on their way to the database.
 */
struct over_owner {
	char *stored; /* owned; the password as it is, or NULL */
	uint64_t id;
	char since[24]; /* its pwdAccountLockedTime, or "" */
	struct attempt_policy policy;
	struct lifecycle_terms terms;
};
/* Read them of the entry ndn.  RST_ENOTFOUND, RST_ENOMEM, ... */
enum rst_err over_owner_read(Operation *op, struct over_db *db,
                             const struct berval *ndn,
                             struct over_owner *ret_owner) RST_MUST_USE;
void over_owner_release(struct over_owner *owner);

struct over_refusal {
	int code;                  /* LDAP result code */
	enum rule_verdict verdict; /* RULE_OK: the code says it all */
	enum over_ppolicy reason;
	char detail[RULE_PASSWORD_SAY_BYTES]; /* more words, or "" */
};

/*
 * Judge password and hash it.  False if it is refused or cannot be hashed
 * now; *ret_hash is to be freed with ch_free().
 */
bool over_hash(struct over_db *db, const struct over_owner *owner,
               const struct berval *password, struct berval *ret_hash,
               struct over_refusal *ret_refusal);
/* What policies say to who changes his own password; true for the password of
 * another. */
bool over_may_change(Operation *op, const struct over_owner *owner,
                     bool old_given, struct over_refusal *ret_refusal);
/* Answer so. */
int over_refuse(Operation *op, SlapReply *rs,
                const struct over_refusal *refusal);
/* Is it the password of owner, the entry that op names?  RST_OK, RST_EDENIED or
 * why it cannot be verified now. */
enum rst_err over_verify(Operation *op, struct over_db *db,
                         const struct over_owner *owner,
                         const struct berval *password) RST_MUST_USE;

/*
 * LDAP_SUCCESS if the ACLs let op's identity make these modifications of op's
 * entry (over_may_modify) or add below the parent of ndn (over_may_add); asked
 * before a hash is computed for him.  The backend asks again.  Else
 * LDAP_INSUFFICIENT_ACCESS, LDAP_NO_SUCH_OBJECT or why it is not known; with
 * hide, who may not know that the entry is there is told that it is not.
 */
int over_may_modify(Operation *op, Modifications *mods, bool hide);
int over_may_add(Operation *op, const struct berval *ndn);

/*
 * Between these two a modify of op carries a hash of ours, already judged.
 * mark lives on the caller's stack.
 */
void over_hashed_begin(Operation *op, OpExtra *mark);
void over_hashed_end(Operation *op, OpExtra *mark);

BI_op_add over_add;
BI_op_modify over_modify;

/* limits.c: what one request may ask for. */
BI_op_search over_search;
bool over_mods_are_few(Operation *op);
int over_mods_refuse(Operation *op, SlapReply *rs);

/* readnames.c: for a change that may have a pre-read or post-read. */
void over_read_names(Operation *op);

/* txn.c: for an extended operation that may be the start of a transaction. */
void over_txn_watch(Operation *op);

/* passwd.c: the password modify extended operation. */
BI_op_extended over_extended;

#endif
