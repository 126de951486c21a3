/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_host.c - rules/host.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/host.h"

#define LABEL63                                                                \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
a_host_is_a_name_of_labels(void **state)
{
	static const struct {
		const char *text;
		bool name, host, service;
	} rows[] = {
		{ "web01", true, true, true },
		{ "WEB01.example.org", true, true, true },
		{ "a", true, true, true },
		{ "my_host-2", true, true, true },
		{ LABEL63 ".b", true, true, false },
		{ LABEL63 "a", false, false, true },
		{ "*", false, true, true },
		{ "!web01", false, true, true },
		{ "!*", false, false, false },
		{ "!", false, false, false },
		{ "!!web01", false, false, false },
		{ "", false, false, false },
		{ ".", false, false, false },
		{ "web01.", false, false, true },
		{ ".web01", false, false, false },
		{ "a..b", false, false, true },
		{ "-a", false, false, false },
		{ "a-", false, false, true },
		{ "a-.b", false, false, true },
		{ "a b", false, false, false },
		{ "web*", false, false, false },
		{ "a,ou=x", false, false, false },
		{ "a)(uid=*", false, false, false },
		{ "\xc3\xa9", false, false, false },
		{ "a\n", false, false, false },
		{ "systemd-user@1", false, false, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *text = rows[i].text;
		size_t len = strlen(text);

		if ((rule_host_name(text, len) == RULE_OK) != rows[i].name ||
		    (rule_host_value(text, len) == RULE_OK) != rows[i].host ||
		    (rule_service_value(text, len) == RULE_OK) !=
		            rows[i].service)
			fail_msg("\"%s\"", text);
	}
}

static void
names_have_an_end(void **state)
{
	char text[2 * RULE_HOST_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 == 0 ? 'a' : '.';
	assert_int_equal(rule_host_name(text, RULE_HOST_MAX), RULE_OK);
	assert_int_equal(rule_host_name(text, RULE_HOST_MAX + 2),
	                 RULE_INVALID_HOST);
	memset(text, 'a', sizeof(text));
	assert_int_equal(rule_service_value(text, RULE_SERVICE_MAX), RULE_OK);
	assert_int_equal(rule_service_value(text, RULE_SERVICE_MAX + 1),
	                 RULE_INVALID_SERVICE);
	/* a NUL is a character that no name has */
	assert_int_equal(rule_host_name("a\0b", 3), RULE_INVALID_HOST);
	assert_int_equal(rule_service_value("a\0b", 3), RULE_INVALID_SERVICE);
}

static struct rule_list
look(const char *const *values)
{
	struct rule_list list = { .any = false };

	for (; *values != NULL; values++)
		rule_list_look(&list, *values, strlen(*values), "web01", 5);
	return list;
}

static void
a_list_is_read_as_clients_read_it(void **state)
{
	static const struct {
		const char *values[4];
		bool any, named, admits, denies;
	} rows[] = {
		{ { NULL }, false, false, false, false },
		{ { "web01", NULL }, true, true, true, false },
		{ { "WEB01", NULL }, true, true, true, false },
		{ { "*", NULL }, true, false, true, false },
		{ { "!web01", NULL }, true, false, false, true },
		{ { "*", "!Web01", NULL }, true, false, true, true },
		{ { "web02", "!web02", NULL }, true, false, false, false },
		{ { "web01.example.org", NULL }, true, false, false, false },
		{ { "web0", "web011", NULL }, true, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rule_list list = look(rows[i].values);

		if (list.any != rows[i].any || list.named != rows[i].named ||
		    list.admits != rows[i].admits ||
		    list.denies != rows[i].denies)
			fail_msg("row %zu", i);
	}
}

static void
who_may_log_in(void **state)
{
	/* any, admits, denies; restricted, in_group, by_default */
	static const struct {
		bool any, admits, denies, restricted, in_group, by_default;
		enum rule_host_answer answer;
		bool good;
	} rows[] = {
		{ 0, 0, 0, 0, 0, 1, RULE_HOST_OPEN, true },
		{ 0, 0, 0, 0, 0, 0, RULE_HOST_CLOSED, false },
		/* a host that names groups is not for everybody */
		{ 0, 0, 0, 1, 0, 1, RULE_HOST_UNLISTED, false },
		{ 0, 0, 0, 1, 1, 0, RULE_HOST_BY_GROUP, true },
		/* who has a list is not admitted by default */
		{ 1, 0, 0, 0, 0, 1, RULE_HOST_UNLISTED, false },
		{ 1, 1, 0, 0, 0, 0, RULE_HOST_LISTED, true },
		/* either is enough */
		{ 1, 1, 0, 1, 0, 0, RULE_HOST_LISTED, true },
		{ 1, 0, 0, 1, 1, 0, RULE_HOST_BY_GROUP, true },
		/* and a denial wins over all */
		{ 1, 1, 1, 1, 1, 1, RULE_HOST_DENIED, false },
		{ 1, 0, 1, 0, 0, 1, RULE_HOST_DENIED, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct rule_host facts = {
			.person = { .any = rows[i].any,
			            .admits = rows[i].admits,
			            .denies = rows[i].denies },
			.restricted = rows[i].restricted,
			.in_group = rows[i].in_group,
			.by_default = rows[i].by_default,
		};

		if (rule_host(&facts) != rows[i].answer ||
		    rule_host_admits(rows[i].answer) != rows[i].good)
			fail_msg("row %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_is_a_name_of_labels),
		cmocka_unit_test(names_have_an_end),
		cmocka_unit_test(a_list_is_read_as_clients_read_it),
		cmocka_unit_test(who_may_log_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
