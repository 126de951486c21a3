/* SPDX-License-Identifier: OLDAP-2.8 */
/* status.h - statuses and lawful moves
 *
 *	          approve              suspend
 *	pending ----------> active <----------> suspended
 *	   |                   |     activate       |
 *	   | reject            | delete             | delete
 *	   v                   v                    v
 *	 (gone,            deleted (the bin) ------------> (tombstone)
 *	  name free)           |  restore: to the status before
 */
#ifndef RULE_STATUS_H
#define RULE_STATUS_H

#include <stdbool.h>

#include "rules/verdict.h"

/* The same numbers as enum rst_status; lifecycle/ asserts that. */
enum rule_status {
	RULE_STATUS_NONE = 0, /* no account yet */
	RULE_STATUS_PENDING,
	RULE_STATUS_ACTIVE,
	RULE_STATUS_SUSPENDED,
	RULE_STATUS_DELETED,
};

/* RULE_OK, RULE_STATUS_MOVE; staying where one is is lawful. */
enum rule_verdict rule_status_move(enum rule_status from, enum rule_status to);

/* May it sign in, anywhere? */
bool rule_status_may_sign_in(enum rule_status status);

#endif
