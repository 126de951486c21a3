/* SPDX-License-Identifier: OLDAP-2.8 */
/* password.h - which passwords are good enough */
#ifndef RULE_PASSWORD_H
#define RULE_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/verdict.h"

#define RULE_PASSWORD_MAX 1024 /* bytes; bounds the work of one attempt */

struct rule_password_policy {
	unsigned int min_length; /* characters; default 12 */
	unsigned int require;    /* enum rule_character_class; default none */
	bool blocklist;          /* nothing that is easy to guess; default on */
};
extern const struct rule_password_policy rule_password_default;

/* What is wrong with a password: the first that applies, in this order. */
enum rule_password_fault {
	RULE_PASSWORD_FINE,
	RULE_PASSWORD_NO_TEXT, /* not UTF-8, empty, a NUL, too long */
	RULE_PASSWORD_SHORT,
	RULE_PASSWORD_NO_UPPER, /* kinds of characters are those of ASCII; */
	RULE_PASSWORD_NO_LOWER,
	RULE_PASSWORD_NO_DIGIT,
	RULE_PASSWORD_NO_OTHER, /* other is everything else */
	RULE_PASSWORD_OWN_WORD, /* with the blocklist, these three */
	RULE_PASSWORD_ALL_DIGITS,
	RULE_PASSWORD_GUESSABLE, /* lifecycle/strength.c says so */
	RULE_PASSWORD_USED,      /* the present one or one of the history */
};

/*
 * text is len bytes.  words are not to be in it, whatever their case; those
 * of fewer than 4 bytes are passed over, and a NULL one.
 */
enum rule_password_fault rule_password(
	const struct rule_password_policy *policy, const char *text, size_t len,
	const char *const *words, size_t n_words);

/* RULE_OK, RULE_INVALID_PASSWORD or RULE_WEAK_PASSWORD. */
enum rule_verdict rule_password_verdict(enum rule_password_fault fault);
/* What to do about it, for people; empty where the verdict says it all. */
#define RULE_PASSWORD_SAY_BYTES 80
void rule_password_say(enum rule_password_fault fault,
                       const struct rule_password_policy *policy,
                       char buf[RULE_PASSWORD_SAY_BYTES]);

/*
 * A stored hash: "{ARGON2}$argon2id$v=19$m=..,t=..,p=.." within the caps of
 * hazard F10 (m at most 65536 KiB, t at most 8, p = 1, 128 bytes), or another
 * scheme that imports may have ({SSHA}, {SHA}, {CRYPT}...).
 */
enum rule_hash_scheme {
	RULE_SCHEME_NONE, /* clear text */
	RULE_SCHEME_ARGON2ID,
	RULE_SCHEME_OTHER, /* some other {SCHEME} */
	/* argon2 outside the caps or malformed; a {CRYPT} that costs more than
	 * a million rounds of SHA-2 or bcrypt's 13 do, or is of no known kind
	 */
	RULE_SCHEME_REFUSED,
};
enum rule_hash_scheme rule_hash_scheme(const char *text, size_t len);

#endif
