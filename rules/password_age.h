/* SPDX-License-Identifier: OLDAP-2.8 */
/* password_age.h - until when a password is good, and when it may change
 *
 *	set       min-age            warning     max-age
 *	 |-- too young --|-- good -------|-- warned --|-- grace logins --> no
 *
 * A password that somebody else set may be for changing it only, from the
 * first: it does not matter how old it is then.
 */
#ifndef RULE_PASSWORD_AGE_H
#define RULE_PASSWORD_AGE_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/verdict.h"

/* What a policy says; all zero: nothing expires. */
struct rule_password_life {
	int64_t min_s, max_s, warning_s; /* 0: none */
	uint32_t grace;                  /* logins after the end */
	uint32_t history;                /* former ones that stay taken */
	bool fixed;                      /* its owner must not change it */
	bool old_required;               /* by LDAP, too */
	bool must_change;                /* one that somebody else set */
	bool tell_expiry;                /* by mail, when it comes */
};

/* What an entry says. */
struct rule_password_facts {
	int64_t changed_s; /* 0: not known, and so it does not expire */
	uint32_t grace_used;
	bool reset; /* it is to be changed before anything else */
};

enum rule_password_phase {
	RULE_PASSWORD_GOOD,
	RULE_PASSWORD_WARNED, /* expires in left_s */
	RULE_PASSWORD_GRACE,  /* expired; grace_left logins after this one */
	RULE_PASSWORD_OVER,   /* expired: it signs in no more */
	RULE_PASSWORD_RESET,  /* signs in to be changed */
};
struct rule_password_standing {
	enum rule_password_phase phase;
	int64_t left_s;
	uint32_t grace_left;
};
struct rule_password_standing rule_password_standing(
	const struct rule_password_life *life,
	const struct rule_password_facts *facts, int64_t now_s);

/* May its owner change it now?  RULE_FORBIDDEN, RULE_PASSWORD_TOO_YOUNG,
 * RULE_REAUTHENTICATION_REQUIRED.  Who has to change it may. */
enum rule_verdict rule_password_may_change(
	const struct rule_password_life *life,
	const struct rule_password_facts *facts, bool old_given, int64_t now_s);

#endif
