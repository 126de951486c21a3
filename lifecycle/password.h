/* SPDX-License-Identifier: OLDAP-2.8 */
/* password.h - hashing passwords behind the gate of hazards 3.4
 *
 * Each hash takes a slot first: lifecycle/slot.h.  All of it outside any
 * transaction.
 */
#ifndef LIFECYCLE_PASSWORD_H
#define LIFECYCLE_PASSWORD_H

#include "rules/verdict.h"
#include "store/env.h"

#define LIFECYCLE_HASH_MAX 136 /* bytes of "{ARGON2}..." with the NUL */

/*
 * Good enough for this account?  RULE_OK; RULE_INVALID_PASSWORD;
 * RULE_WEAK_PASSWORD for what rules/password.h says or when it would take
 * fewer than 10^8 guesses.  username and mail may be NULL.  At most some
 * milliseconds of work, so before any transaction.
 */
enum rule_verdict lifecycle_password_rule(struct rst_view password,
                                          const char *username,
                                          const char *mail);

/*
 * Hash password (normalised as RFC 8265 OpaqueString) into buf as
 * "{ARGON2}$argon2id$...": 19 MiB, t=2, p=1, some 20 ms.  RST_EINVALID (not
 * UTF-8, empty, over 1024 bytes), RST_EBUSY after SLOT_WAIT_MS
 * without a slot, RST_ENOMEM.
 */
enum rst_err lifecycle_password_hash(struct rst_env *env,
                                     struct rst_view password,
                                     char buf[LIFECYCLE_HASH_MAX]) RST_MUST_USE;

/*
 * RST_OK if password matches stored; RST_EDENIED if not.  An empty stored
 * (no account, no password) costs the same as a wrong one.  argon2id and
 * argon2i strings are verified within the caps of rules/password.h; for any
 * other {SCHEME} other() is asked (slapd's own schemes; NULL: denied after the
 * same work).  RST_EBUSY as above, sooner for a suspect.
 */
enum rst_err lifecycle_password_check(
	struct rst_env *env, bool suspect, struct rst_view stored,
	struct rst_view password,
	bool (*other)(void *arg, const char *stored, struct rst_view password),
	void *arg) RST_MUST_USE;

/* The setting of the waiting: slapd lets its pool pause meanwhile. */
typedef bool lifecycle_pause(void *arg);
void lifecycle_password_set_pause(lifecycle_pause *pause, void *arg);

#endif
