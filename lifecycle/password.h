/* SPDX-License-Identifier: OLDAP-2.8 */
/* password.h - hashing passwords behind the gate of hazards 3.4
 *
 * Each hash takes a slot first: lifecycle/slot.h.  All of it outside any
 * transaction.
 */
#ifndef LIFECYCLE_PASSWORD_H
#define LIFECYCLE_PASSWORD_H

#include "rules/password.h"
#include "rules/password_age.h"
#include "store/entry.h"

#define LIFECYCLE_HASH_MAX 136 /* bytes of "{ARGON2}..." with the NUL */

/*
 * What a new password is judged by: the policy of the person, the person's
 * own names, which are not to be in it, and those of the site and of groups,
 * which make it easier to guess.
 */
#define LIFECYCLE_WORDS_MAX  16  /* of each; more are passed over */
#define LIFECYCLE_WORD_BYTES 65  /* with the NUL; a longer one is cut */
#define LIFECYCLE_USED_MAX   25  /* the present one and 24 former ones */
#define LIFECYCLE_USED_BYTES 256 /* of a hash; a longer one is passed over */
struct lifecycle_terms {
	struct rule_password_policy policy;
	struct rule_password_life life;
	struct rule_password_facts facts; /* all zero for somebody new */
	size_t n_used;                    /* hashes that stay taken */
	char used[LIFECYCLE_USED_MAX][LIFECYCLE_USED_BYTES]; /* wipe them */
	size_t n_own, n_site;
	char own[LIFECYCLE_WORDS_MAX][LIFECYCLE_WORD_BYTES];
	char site[LIFECYCLE_WORDS_MAX][LIFECYCLE_WORD_BYTES];
};
/*
 * Those of person, with the names of the person, his groups and the site; 0
 * for somebody new, whose names are then to be added.  Costs what
 * lifecycle_policy() does.  RST_ENOMEM, RST_EIO, RST_ECORRUPT.
 */
enum rst_err lifecycle_terms(const struct rst_rtxn *txn, uint64_t person,
                             struct lifecycle_terms *ret_terms) RST_MUST_USE;
/* Each part of name, as "Anna-Lena van Dyk" has four; of mail what is before
 * the @. */
void lifecycle_terms_add(struct lifecycle_terms *terms, struct rst_view name);
void lifecycle_terms_add_mail(struct lifecycle_terms *terms,
                              struct rst_view mail);

/*
 * Good enough?  Also RULE_PASSWORD_GUESSABLE, with the blocklist, when it
 * would take fewer than 10^8 guesses.  At most some milliseconds of work, so
 * before any transaction.
 */
enum rule_password_fault lifecycle_password_judge(
	const struct lifecycle_terms *terms, struct rst_view password);

/* 0 (fewer than 10^3 guesses), 1 (10^6), 2 (10^8), 3 (10^10) or 4: to say
 * while it is typed, whatever the policy. */
unsigned int lifecycle_password_score(const struct lifecycle_terms *terms,
                                      struct rst_view password);

/*
 * RST_EDENIED when terms still have it: one hash for each that is looked at.
 * Otherwise as lifecycle_password_check().
 */
enum rst_err lifecycle_password_unused(struct rst_env *env,
                                       const struct lifecycle_terms *terms,
                                       struct rst_view password) RST_MUST_USE;

/*
 * A password for somebody who asked for one, which terms admit: no characters
 * that look alike, in groups as people read them to each other.  At least 100
 * bits.
 */
#define LIFECYCLE_MADE_BYTES 160 /* with the NUL */
void lifecycle_password_make(const struct rule_password_policy *policy,
                             char buf[LIFECYCLE_MADE_BYTES]);

/*
 * What a new hash costs: settings hash-memory and hash-passes.
 */
struct lifecycle_cost {
	uint32_t kib, passes;
};
enum rst_err lifecycle_cost(const struct rst_rtxn *txn,
                            struct lifecycle_cost *ret_cost) RST_MUST_USE;

/*
 * Hash password (normalised as RFC 8265 OpaqueString) into buf as
 * "{ARGON2}$argon2id$...": by default 19 MiB, t=2, p=1, some 20 ms.
 * RST_EINVALID (not UTF-8, empty, over 1024 bytes), RST_EBUSY after
 * SLOT_WAIT_MS without a slot, RST_ENOMEM.
 */
enum rst_err lifecycle_password_hash(struct rst_env *env,
                                     struct rst_view password,
                                     char buf[LIFECYCLE_HASH_MAX]) RST_MUST_USE;

/*
 * RST_OK if password matches stored; RST_EDENIED if not.  An empty stored
 * (no account, no password) costs the same as a wrong one of somebody: of whom,
 * name decides, by which it was asked for (lifecycle/decoy.h).  argon2id and
 * argon2i strings are verified within the caps of rules/password.h, so are the
 * schemes of lifecycle/scheme.h; for any other {SCHEME} other() is asked
 * (modules of slapd; NULL: denied after the same work).  RST_EBUSY as above,
 * sooner for a suspect.
 */
enum rst_err lifecycle_password_check(
	struct rst_env *env, struct rst_view name, bool suspect,
	struct rst_view stored, struct rst_view password,
	bool (*other)(void *arg, const char *stored, struct rst_view password),
	void *arg) RST_MUST_USE;

/*
 * password was that of stored.  If stored is of another scheme or cost than
 * new ones are, a new hash into buf, unless others wait for a slot; else "".
 */
void lifecycle_password_renew(struct rst_env *env, struct rst_view stored,
                              struct rst_view password,
                              char buf[LIFECYCLE_HASH_MAX]);

/* The setting of the waiting: slapd lets its pool pause meanwhile. */
typedef bool lifecycle_pause(void *arg);
void lifecycle_password_set_pause(lifecycle_pause *pause, void *arg);

#endif
