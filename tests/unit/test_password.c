/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_password.c - rules/password.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/password.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* A literal with its length, NULs included. */
#define TEXT(literal) literal, sizeof(literal) - 1

static void
a_password_is_long_text_without_the_persons_name(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *username, *mail;
		enum rule_verdict expect;
	} row[] = {
		{ TEXT("correct horse"), "alice", "al@example.org", RULE_OK },
		{ TEXT("twelve chars"), NULL, NULL, RULE_OK },
		{ TEXT("eleven char"), NULL, NULL, RULE_WEAK_PASSWORD },
		/* characters, not bytes */
		{ TEXT("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"),
		  NULL, NULL, RULE_WEAK_PASSWORD },
		{ TEXT("xxAlIcExx and more"), "alice", NULL,
		  RULE_WEAK_PASSWORD },
		{ TEXT("my malice aforethought"), "alice", NULL,
		  RULE_WEAK_PASSWORD },
		{ TEXT("my wonderland life"), "alice", "wonder@example.org",
		  RULE_WEAK_PASSWORD },
		{ TEXT("example.org forever"), "alice", "wonder@example.org",
		  RULE_OK },
		/* a short name is in too many words */
		{ TEXT("bobbing for apples"), "bob", "bob@example.org",
		  RULE_OK },
		{ TEXT(""), NULL, NULL, RULE_INVALID_PASSWORD },
		{ TEXT("correct\0horse staple"), NULL, NULL,
		  RULE_INVALID_PASSWORD },
		{ TEXT("correct\xff horse staple"), NULL, NULL,
		  RULE_INVALID_PASSWORD },
		{ TEXT("correct horse\xc3"), NULL, NULL,
		  RULE_INVALID_PASSWORD },
	};
	char longest[RULE_PASSWORD_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (rule_password(&rule_password_default, row[i].text,
		                  row[i].len, row[i].username,
		                  row[i].mail) != row[i].expect)
			fail_msg("row %zu: \"%s\"", i, row[i].text);
	memset(longest, 'x', sizeof(longest));
	assert_int_equal(rule_password(&rule_password_default, longest,
	                               RULE_PASSWORD_MAX, NULL, NULL),
	                 RULE_OK);
	assert_int_equal(rule_password(&rule_password_default, longest,
	                               RULE_PASSWORD_MAX + 1, NULL, NULL),
	                 RULE_INVALID_PASSWORD);
}

#define SALT "c29tZXNhbHRzb21lc2FsdA"
#define HASH "Zm9ydHktdGhyZWUgY2hhcmFjdGVycyBvZiBiYXNlNjQ"

static void
a_hash_that_costs_too_much_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum rule_hash_scheme expect;
	} row[] = {
		{ "{ARGON2}$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH,
		  RULE_SCHEME_ARGON2ID },
		{ "{argon2}$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH,
		  RULE_SCHEME_ARGON2ID },
		{ "{ARGON2}$argon2id$v=19$m=65536,t=8,p=1$" SALT "$" HASH,
		  RULE_SCHEME_ARGON2ID },
		/* the bomb of hazard F10 */
		{ "{ARGON2}$argon2id$v=19$m=2097152,t=3,p=1$" SALT "$" HASH,
		  RULE_SCHEME_REFUSED },
		{ "{ARGON2}$argon2id$v=19$m=65537,t=2,p=1$" SALT "$" HASH,
		  RULE_SCHEME_REFUSED },
		{ "{ARGON2}$argon2id$v=19$m=19456,t=9,p=1$" SALT "$" HASH,
		  RULE_SCHEME_REFUSED },
		{ "{ARGON2}$argon2id$v=19$m=19456,t=2,p=2$" SALT "$" HASH,
		  RULE_SCHEME_REFUSED },
		{ "{ARGON2}$argon2id$v=19$m=19456,t=0,p=1$" SALT "$" HASH,
		  RULE_SCHEME_REFUSED },
		{ "{ARGON2}$argon2id$v=19$m=7,t=2,p=1$" SALT "$" HASH,
		  RULE_SCHEME_REFUSED },
		{ "{ARGON2}$argon2id$v=19$m=019456,t=2,p=1$" SALT "$" HASH,
		  RULE_SCHEME_REFUSED },
		{ "{ARGON2}$argon2id$v=19$m=+19456,t=2,p=1$" SALT "$" HASH,
		  RULE_SCHEME_REFUSED },
		{ "{ARGON2}$argon2id$v=19$m=4294986752,t=2,p=1$" SALT "$" HASH,
		  RULE_SCHEME_REFUSED },
		{ "{ARGON2}$argon2id$v=16$m=19456,t=2,p=1$" SALT "$" HASH,
		  RULE_SCHEME_REFUSED },
		{ "{ARGON2}$argon2id$v=19$m=19456,t=2,p=1$" SALT "$" HASH "$",
		  RULE_SCHEME_REFUSED },
		{ "{ARGON2}$argon2id$v=19$m=19456,t=2,p=1$" SALT,
		  RULE_SCHEME_REFUSED },
		{ "{ARGON2}$argon2id$v=19$m=19456,t=2,p=1$" SALT
		  "$" HASH HASH HASH,
		  RULE_SCHEME_REFUSED },
		{ "{ARGON2}", RULE_SCHEME_REFUSED },
		{ "{ARGON2}secret", RULE_SCHEME_REFUSED },
		/* for imports */
		{ "{ARGON2}$argon2i$v=19$m=4096,t=3,p=1$" SALT "$" HASH,
		  RULE_SCHEME_OTHER },
		{ "{ARGON2}$argon2d$v=19$m=4096,t=3,p=1$" SALT "$" HASH,
		  RULE_SCHEME_OTHER },
		{ "{ARGON2}$argon2i$v=19$m=1048576,t=3,p=1$" SALT "$" HASH,
		  RULE_SCHEME_REFUSED },
		{ "{SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3", RULE_SCHEME_OTHER },
		{ "{CRYPT}$6$salt$hash", RULE_SCHEME_OTHER },
		{ "{PBKDF2-SHA512}10000$x$y", RULE_SCHEME_OTHER },
		/* clear text */
		{ "secret", RULE_SCHEME_NONE },
		{ "", RULE_SCHEME_NONE },
		{ "{", RULE_SCHEME_NONE },
		{ "{}x", RULE_SCHEME_NONE },
		{ "{SSHA", RULE_SCHEME_NONE },
		{ "{a b}c", RULE_SCHEME_NONE },
		{ "{CLEARTEXT}secret", RULE_SCHEME_NONE },
		{ "{cleartext}secret", RULE_SCHEME_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (rule_hash_scheme(row[i].text, strlen(row[i].text)) !=
		    row[i].expect)
			fail_msg("row %zu: %s", i, row[i].text);
	assert_int_equal(rule_hash_scheme(NULL, 0), RULE_SCHEME_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_password_is_long_text_without_the_persons_name),
		cmocka_unit_test(a_hash_that_costs_too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
