/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_token.c - rules/token.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/token.h"

static const char random_part[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";

static void
a_token_is_known_by_its_form(void **state)
{
	char text[RULE_TOKEN_TEXT], other[RULE_TOKEN_TEXT];

	(void)state;
	rule_token_make(random_part, text);
	assert_int_equal(strlen(text), RULE_TOKEN_TEXT - 1);
	/* zlib's crc32() of the first 47 bytes, in base 62 */
	assert_string_equal(text,
	                    "rst_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	                    "0TykL7");
	assert_true(rule_token_form(text, strlen(text)));
	assert_false(rule_token_form(text, strlen(text) - 1));
	for (size_t i = 0; i < strlen(text); i++) {
		memcpy(other, text, sizeof(other));
		other[i] = other[i] == 'Q' ? 'R' : 'Q';
		if (rule_token_form(other, strlen(other)))
			fail_msg("character %zu does not count", i);
	}
	memcpy(other, text, sizeof(other));
	other[10] = '-';
	assert_false(rule_token_form(other, strlen(other)));
}

static void
a_scope_allows_what_it_names(void **state)
{
	static const struct {
		const char *scope, *method, *path;
		bool expect;
	} row[] = {
		{ "inherit", "DELETE", "/users/alice", true },
		{ "read", "GET", "/users/alice", true },
		{ "read", "HEAD", "/users/alice", true },
		{ "read", "POST", "/users", false },
		{ "ldap", "GET", "/me", false },
		{ "GET /users", "GET", "/users", true },
		{ "GET /users", "HEAD", "/users", true },
		{ "GET /users", "GET", "/users/alice", true },
		{ "GET /users", "GET", "/userspace", false },
		{ "GET /users", "GET", "/user", false },
		{ "GET /users", "POST", "/users", false },
		{ "GET /users/alice", "GET", "/users", false },
		{ "* /users", "DELETE", "/users/alice", true },
		{ "* /users", "DELETE", "/groups/alice", false },
		{ "GET /", "GET", "/anything", true },
		{ "GET /", "PUT", "/anything", false },
		{ "nonsense", "GET", "/me", false },
		{ "", "GET", "/me", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (rule_scope_allows(row[i].scope, strlen(row[i].scope),
		                      row[i].method,
		                      row[i].path) != row[i].expect)
			fail_msg("row %zu", i);
}

static void
what_is_no_scope_is_refused(void **state)
{
	static const char *const good[] = { "inherit", "read", "ldap",
		                            "GET /",   "* /a", "PATCH /a/b-c" };
	static const char *const bad[] = {
		"",          "Inherit",    "GET",         "GET ",
		"GET users", "get /users", "HEAD /users", "GET  /users",
		"GET /a//b", "GET /a/",    "GET /../a",   "GET /a%2fb",
		"GET /a b",  "TRACE /",    "GET /a?b=c",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (rule_scope(good[i], strlen(good[i])) != RULE_OK)
			fail_msg("\"%s\" is one", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (rule_scope(bad[i], strlen(bad[i])) != RULE_INVALID_SCOPE)
			fail_msg("\"%s\" is none", bad[i]);
}

static void
an_address_is_in_a_network_or_not(void **state)
{
	static const struct {
		const char *net, *peer;
		bool expect;
	} row[] = {
		{ "192.0.2.7", "192.0.2.7:4711", true },
		{ "192.0.2.7", "192.0.2.7", true },
		{ "192.0.2.7", "192.0.2.8:4711", false },
		{ "192.0.2.0/24", "192.0.2.255:1", true },
		{ "192.0.2.0/24", "192.0.3.0:1", false },
		{ "192.0.2.0/25", "192.0.2.128:1", false },
		{ "0.0.0.0/0", "203.0.113.9:1", true },
		{ "0.0.0.0/0", "[2001:db8::1]:1", false },
		{ "192.0.2.0/24", "[::ffff:192.0.2.9]:1", true },
		{ "2001:db8::/32", "[2001:db8:1::9]:443", true },
		{ "2001:db8::/32", "[2001:db9::9]:443", false },
		{ "2001:db8::1", "2001:db8::1", true },
		{ "fe80::/10", "[fe80::1%eth0]:80", true },
		{ "::/0", "192.0.2.1:1", true },
		{ "local", "unix", true },
		{ "local", "ldapi", true },
		{ "local", "127.0.0.1:1", false },
		{ "127.0.0.1", "unix", false },
		{ "127.0.0.1", "", false },
		{ "127.0.0.1", "[", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (rule_address_has(row[i].net, strlen(row[i].net),
		                     row[i].peer,
		                     strlen(row[i].peer)) != row[i].expect)
			fail_msg("row %zu", i);
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = {
		"",           "localhost",      "192.0.2",
		"192.0.2.0/", "192.0.2.0/33",   "192.0.2.0/08",
		"::/129",     "192.0.2.0/1000", "192.0.2.0/-1",
		"fe80::1%lo", "192.0.2.256",    "192.0.2.1:80",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (rule_address(bad[i], strlen(bad[i])) !=
		    RULE_INVALID_ADDRESS)
			fail_msg("\"%s\" is none", bad[i]);
	assert_int_equal(rule_address("192.0.2.1\0x", 11),
	                 RULE_INVALID_ADDRESS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_known_by_its_form),
		cmocka_unit_test(a_scope_allows_what_it_names),
		cmocka_unit_test(what_is_no_scope_is_refused),
		cmocka_unit_test(an_address_is_in_a_network_or_not),
		cmocka_unit_test(what_is_no_address_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
