/* SPDX-License-Identifier: OLDAP-2.8 */
/* status.h - statuses and lawful moves
 *
 *	register      create, redeem        create
 *	   |                 |                 |
 *	   v     approve     v     suspend     v
 *	pending ---------> active <-------> suspended <--- deactivate (the same,
 *	   |                | ^   activate    | ^          without groups, keys)
 *	   | reject  delete | | restore       | | restore
 *	   v                v |               v |
 *	 (gone,           deleted (the bin: to the status before)
 *	  name free)         | purge
 *	                     v
 *	               (tombstone)
 *
 * The arrows once more, as tests/unit/test_status reads them from here:
 *
 *	none -> pending		register, LDAP add
 *	none -> active		create, redeem, LDAP add
 *	none -> suspended	create, LDAP add
 *	pending -> active	approve
 *	active -> suspended	suspend, deactivate, inactive-after
 *	suspended -> active	activate
 *	active -> deleted	delete
 *	suspended -> deleted	delete
 *	deleted -> active	restore
 *	deleted -> suspended	restore
 */
#ifndef RULE_STATUS_H
#define RULE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

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

/*
 * What an account is at a moment: its status, and what its dates make of an
 * active one.  Nothing happens when a date comes: whoever asks, computes.
 */
enum rule_state {
	RULE_STATE_NONE = 0,
	RULE_STATE_PENDING,
	RULE_STATE_ACTIVE,
	RULE_STATE_SUSPENDED,
	RULE_STATE_DELETED,
	RULE_STATE_EARLY,   /* active, but it starts later */
	RULE_STATE_EXPIRED, /* active, but its end has come */
};

/* "pending"... "early", "expired"; "" for RULE_STATE_NONE. */
const char *rule_state_word(enum rule_state state);

#define RULE_NEVER INT64_MAX

/*
 * From starts_s (0: always) till just before expires_s (RULE_NEVER) an active
 * account works.
 */
enum rule_state rule_state(enum rule_status status, int64_t starts_s,
                           int64_t expires_s, int64_t now_s);

/* May it sign in, anywhere? */
bool rule_state_may_sign_in(enum rule_state state);

/* Is it nothing that a client should see: not let in yet, or in the bin? */
bool rule_state_is_hidden(enum rule_state state);

#endif
