/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_password.c - rules/password.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/password.h"
#include "rules/setting.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* A literal with its length, NULs included. */
#define TEXT(literal) literal, sizeof(literal) - 1

static void
a_password_is_long_text_without_the_persons_names(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *words[2];
		enum rule_password_fault expect;
	} row[] = {
		{ TEXT("correct horse"),
		  { "alice", "al" },
		  RULE_PASSWORD_FINE },
		{ TEXT("twelve chars"), { NULL, NULL }, RULE_PASSWORD_FINE },
		{ TEXT("eleven char"), { NULL, NULL }, RULE_PASSWORD_SHORT },
		/* characters, not bytes */
		{ TEXT("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"),
		  { NULL, NULL },
		  RULE_PASSWORD_SHORT },
		{ TEXT("xxAlIcExx and more"),
		  { "alice", NULL },
		  RULE_PASSWORD_OWN_WORD },
		{ TEXT("my malice aforethought"),
		  { "alice", NULL },
		  RULE_PASSWORD_OWN_WORD },
		{ TEXT("my wonderland life"),
		  { "alice", "wonder" },
		  RULE_PASSWORD_OWN_WORD },
		{ TEXT("my wonderland life"),
		  { "alice", NULL },
		  RULE_PASSWORD_FINE },
		/* a short name is in too many words */
		{ TEXT("bobbing for apples"),
		  { "bob", NULL },
		  RULE_PASSWORD_FINE },
		{ TEXT("480293750183"),
		  { NULL, NULL },
		  RULE_PASSWORD_ALL_DIGITS },
		{ TEXT("480293750183 "), { NULL, NULL }, RULE_PASSWORD_FINE },
		{ TEXT(""), { NULL, NULL }, RULE_PASSWORD_NO_TEXT },
		{ TEXT("correct\0horse staple"),
		  { NULL, NULL },
		  RULE_PASSWORD_NO_TEXT },
		{ TEXT("correct\xff horse staple"),
		  { NULL, NULL },
		  RULE_PASSWORD_NO_TEXT },
		{ TEXT("correct horse\xc3"),
		  { NULL, NULL },
		  RULE_PASSWORD_NO_TEXT },
	};
	char longest[RULE_PASSWORD_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (rule_password(&rule_password_default, row[i].text,
		                  row[i].len, row[i].words, 2) != row[i].expect)
			fail_msg("row %zu: \"%s\"", i, row[i].text);
	memset(longest, 'x', sizeof(longest));
	assert_int_equal(rule_password(&rule_password_default, longest,
	                               RULE_PASSWORD_MAX, NULL, 0),
	                 RULE_PASSWORD_FINE);
	assert_int_equal(rule_password(&rule_password_default, longest,
	                               RULE_PASSWORD_MAX + 1, NULL, 0),
	                 RULE_PASSWORD_NO_TEXT);
}

static void
a_policy_asks_for_kinds_of_characters(void **state)
{
	static const struct rule_password_policy policy = {
		.min_length = 8,
		.require = RULE_CLASS_UPPER | RULE_CLASS_LOWER |
		           RULE_CLASS_DIGIT | RULE_CLASS_OTHER,
	};
	static const struct {
		const char *text;
		enum rule_password_fault expect;
		const char *say;
	} row[] = {
		{ "Abc-1234", RULE_PASSWORD_FINE, "" },
		{ "Abc-123", RULE_PASSWORD_SHORT,
		  "it needs at least 8 characters" },
		{ "abc-1234", RULE_PASSWORD_NO_UPPER,
		  "it needs an upper-case letter, A to Z" },
		{ "ABC-1234", RULE_PASSWORD_NO_LOWER,
		  "it needs a lower-case letter, a to z" },
		{ "Abc-defg", RULE_PASSWORD_NO_DIGIT, "it needs a digit" },
		{ "Abcd1234", RULE_PASSWORD_NO_OTHER,
		  "it needs a character that is neither letter nor digit" },
		/* what ASCII does not know is another kind */
		{ "Abc1234\xc3\x89", RULE_PASSWORD_FINE, "" },
		{ "\xc3\x89"
		  "bc12345",
		  RULE_PASSWORD_NO_UPPER,
		  "it needs an upper-case letter, A to Z" },
	};
	char say[RULE_PASSWORD_SAY_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		enum rule_password_fault fault;

		fault = rule_password(&policy, row[i].text, strlen(row[i].text),
		                      NULL, 0);
		rule_password_say(fault, &policy, say);
		if (fault != row[i].expect || strcmp(say, row[i].say) != 0)
			fail_msg("\"%s\": %d, %s", row[i].text, (int)fault,
			         say);
		assert_int_equal(rule_password_verdict(fault),
		                 row[i].say[0] == '\0' ? RULE_OK
		                                       : RULE_WEAK_PASSWORD);
	}
}

/* Without the blocklist only length and kinds count. */
static void
without_a_blocklist_names_and_digits_pass(void **state)
{
	static const struct rule_password_policy policy = { .min_length = 8 };
	static const char *const words[] = { "alice" };

	(void)state;
	assert_int_equal(rule_password(&policy, "alice123", 8, words, 1),
	                 RULE_PASSWORD_FINE);
	assert_int_equal(rule_password(&policy, "12345678", 8, words, 1),
	                 RULE_PASSWORD_FINE);
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

/* crypt(3) would do whatever a string asks for. */
static void
a_crypt_that_costs_too_much_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum rule_hash_scheme expect;
	} row[] = {
		{ "{CRYPT}$6$salt$hash", RULE_SCHEME_OTHER },
		{ "{crypt}$6$rounds=1000000$salt$hash", RULE_SCHEME_OTHER },
		{ "{CRYPT}$6$rounds=1000001$salt$hash", RULE_SCHEME_REFUSED },
		{ "{CRYPT}$6$rounds=999999999$s$h", RULE_SCHEME_REFUSED },
		{ "{CRYPT}$5$rounds=x$salt$hash", RULE_SCHEME_REFUSED },
		{ "{CRYPT}$1$salt$hash", RULE_SCHEME_OTHER },
		{ "{CRYPT}$2y$13$salt", RULE_SCHEME_OTHER },
		{ "{CRYPT}$2y$14$salt", RULE_SCHEME_REFUSED },
		{ "{CRYPT}$2b$31$salt", RULE_SCHEME_REFUSED },
		{ "{CRYPT}$2b$1", RULE_SCHEME_REFUSED },
		{ "{CRYPT}$y$j9T$salt$hash", RULE_SCHEME_OTHER },
		{ "{CRYPT}$y$jBT$salt$hash", RULE_SCHEME_OTHER },
		{ "{CRYPT}$y$jCT$salt$hash", RULE_SCHEME_REFUSED },
		{ "{CRYPT}$7$salt$hash", RULE_SCHEME_REFUSED },
		{ "{CRYPT}abNANd1rDfiNc", RULE_SCHEME_OTHER },
		{ "{CRYPT}_J9..rasmBYk8r9AiWNc", RULE_SCHEME_REFUSED },
		{ "{CRYPT}", RULE_SCHEME_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (rule_hash_scheme(row[i].text, strlen(row[i].text)) !=
		    row[i].expect)
			fail_msg("%s", row[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_password_is_long_text_without_the_persons_names),
		cmocka_unit_test(a_policy_asks_for_kinds_of_characters),
		cmocka_unit_test(without_a_blocklist_names_and_digits_pass),
		cmocka_unit_test(a_hash_that_costs_too_much_is_refused),
		cmocka_unit_test(a_crypt_that_costs_too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
