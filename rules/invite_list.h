/* SPDX-License-Identifier: OLDAP-2.8 */
/* invite_list.h - who is to be invited, a line each
 *
 *	mail,groups
 *	bob@example.org,staff dialout
 *	"eve@example.org"
 *
 * The address, then the groups, apart by commas, semicolons, tabs or blanks;
 * quotation marks, a byte order mark and a first line without "@" are passed
 * over.
 */
#ifndef RULE_INVITE_LIST_H
#define RULE_INVITE_LIST_H

#include <stdbool.h>
#include <stddef.h>

#define RULE_INVITEES_MAX      500   /* lines that name somebody */
#define RULE_INVITEES_BYTES    32768 /* of the whole list */
#define RULE_INVITEE_BYTES     512   /* of a line */
#define RULE_INVITEE_GROUPS    16    /* in a line */
#define RULE_INVITEE_SAY_BYTES 96

/* Borrowed from the list. */
struct rule_word {
	const char *ptr;
	size_t len;
};

struct rule_invitee {
	unsigned int line; /* 1 is the first */
	struct rule_word mail, groups[RULE_INVITEE_GROUPS];
	size_t n_groups;
};

/* Where the next line begins; { 0 } at first. */
struct rule_invite_cursor {
	size_t at;
	unsigned int line;
};

enum rule_invite_line {
	RULE_INVITE_LINE, /* *ret is somebody */
	RULE_INVITE_END,
	RULE_INVITE_LONG,   /* a line of more than RULE_INVITEE_BYTES */
	RULE_INVITE_GROUPS, /* more than RULE_INVITEE_GROUPS in a line */
};

/* The next who is named.  Of a fault, cursor->line is where it is. */
enum rule_invite_line rule_invite_next(const char *list, size_t len,
                                       struct rule_invite_cursor *cursor,
                                       struct rule_invitee *ret);
/*
 * How many are named, or false, and in say why the list cannot be taken as a
 * whole: it exceeds a limit above.
 */
bool rule_invite_count(const char *list, size_t len, size_t *ret_n,
                       char say[RULE_INVITEE_SAY_BYTES]);

#endif
