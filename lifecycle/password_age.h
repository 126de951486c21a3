/* SPDX-License-Identifier: OLDAP-2.8 */
/* password_age.h - how old a person's password is, from policy and record */
#ifndef LIFECYCLE_PASSWORD_AGE_H
#define LIFECYCLE_PASSWORD_AGE_H

#include "lifecycle/setting.h"
#include "rules/password_age.h"

struct rule_password_life lifecycle_password_life(
	const struct lifecycle_policy *policy);
/*
 * pwdChangedTime; without it the password is as old as the entry, because
 * every change through the gate sets it.  No password does not expire.
 */
struct rule_password_facts lifecycle_password_facts(
	const struct rst_record *record);

/*
 * pwdHistory, as ppolicy writes it: "TIME#OID#LENGTH#HASH".  The hash in one
 * of its values; false for what is no such value.
 */
bool lifecycle_history_hash(struct rst_view value, struct rst_view *ret_hash);
#define LIFECYCLE_HISTORY_BYTES 1200 /* of a value with the NUL */
/* False when it does not fit. */
bool lifecycle_history_print(int64_t now_s, struct rst_view hash,
                             char buf[LIFECYCLE_HISTORY_BYTES]);

#endif
