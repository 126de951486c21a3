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
};
extern const struct rule_password_policy rule_password_default;

/*
 * text is len bytes of UTF-8 (RULE_INVALID_PASSWORD otherwise, or for a NUL,
 * an empty one, or one above RULE_PASSWORD_MAX).  username and mail are not
 * to be in it.
 */
enum rule_verdict rule_password(const struct rule_password_policy *policy,
                                const char *text, size_t len,
                                const char *username, const char *mail);

/*
 * A stored hash: "{ARGON2}$argon2id$v=19$m=..,t=..,p=.." within the caps of
 * hazard F10 (m at most 65536 KiB, t at most 8, p = 1, 128 bytes), or another
 * scheme that imports may have ({SSHA}, {SHA}, {CRYPT}...).
 */
enum rule_hash_scheme {
	RULE_SCHEME_NONE, /* clear text */
	RULE_SCHEME_ARGON2ID,
	RULE_SCHEME_OTHER,   /* some other {SCHEME} */
	RULE_SCHEME_REFUSED, /* argon2 outside the caps or malformed */
};
enum rule_hash_scheme rule_hash_scheme(const char *text, size_t len);

#endif
