/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_invite_list.c - rules/invite_list.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules/invite_list.h"

/* "2:bob@x(staff,dialout) 3:eve@x" */
static const char *
told(const char *list, size_t len)
{
	static char text[512];
	struct rule_invite_cursor cursor = { 0 };
	struct rule_invitee one;
	size_t n = 0;

	text[0] = '\0';
	while (rule_invite_next(list, len, &cursor, &one) == RULE_INVITE_LINE) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u:%.*s",
		                      n > 0 ? " " : "", one.line,
		                      (int)one.mail.len, one.mail.ptr);
		for (size_t i = 0; i < one.n_groups; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			                      "%c%.*s%s", i == 0 ? '(' : ',',
			                      (int)one.groups[i].len,
			                      one.groups[i].ptr,
			                      i + 1 == one.n_groups ? ")" : "");
	}
	return text;
}

static void
a_line_is_an_address_and_groups(void **state)
{
	static const struct {
		const char *list, *expect;
	} row[] = {
		{ "", "" },
		{ "\n\n", "" },
		{ "a@x", "1:a@x" },
		{ "a@x\r\nb@x\r\n", "1:a@x 2:b@x" },
		{ "a@x\rb@x", "1:a@x 2:b@x" },
		{ "mail,groups\na@x,staff", "2:a@x(staff)" },
		{ "\xef\xbb\xbfmail\na@x", "2:a@x" },
		{ "\xef\xbb\xbf\"a@x\"", "1:a@x" },
		{ "\"a@x\",\"staff dialout\"", "1:a@x(staff,dialout)" },
		{ "a@x;staff;;dialout", "1:a@x(staff,dialout)" },
		{ " a@x\t staff\n,,\n b", "1:a@x(staff) 3:b" },
		/* only the first line may name the columns */
		{ "a@x\nmail,groups", "1:a@x 2:mail(groups)" },
		{ "\nmail", "2:mail" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		print_message("row %zu\n", i);
		assert_string_equal(told(row[i].list, strlen(row[i].list)),
		                    row[i].expect);
	}
	/* it ends where it ends, and a NUL is a character */
	assert_string_equal(told("a@xyz", 3), "1:a@x");
	assert_int_equal(strlen(told("a\0b", 3)), 0);
}

static void
refused(const char *list, size_t len, const char *expect)
{
	char say[RULE_INVITEE_SAY_BYTES] = "";
	size_t n = 7;

	assert_false(rule_invite_count(list, len, &n, say));
	assert_string_equal(say, expect);
	assert_int_equal(n, 7);
}

/* An address and n groups. */
static void
fill_groups(char *list, int n)
{
	size_t len = (size_t)snprintf(list, 4, "a@x");

	for (int i = 0; i < n; i++)
		len += (size_t)snprintf(list + len, 4, ",g%d", i % 10);
}

static void
every_limit_is_told(void **state)
{
	char *list = malloc(RULE_INVITEES_BYTES + 1);
	char say[RULE_INVITEE_SAY_BYTES];
	size_t n, len;

	(void)state;
	assert_non_null(list);
	memset(list, '\n', RULE_INVITEES_BYTES + 1);
	assert_true(rule_invite_count(list, RULE_INVITEES_BYTES, &n, say));
	assert_int_equal(n, 0);
	refused(list, RULE_INVITEES_BYTES + 1,
	        "a list has at most 32768 bytes");
	memset(list, 'x', RULE_INVITEE_BYTES + 1);
	list[0] = '@';
	assert_true(rule_invite_count(list, RULE_INVITEE_BYTES, &n, say));
	assert_int_equal(n, 1);
	refused(list, RULE_INVITEE_BYTES + 1, "line 1 has more than 512 bytes");
	len = 0;
	for (int i = 0; i <= RULE_INVITEES_MAX; i++)
		len += (size_t)snprintf(list + len, 5, "a@x\n");
	assert_true(rule_invite_count(list, len - 4, &n, say));
	assert_int_equal(n, RULE_INVITEES_MAX);
	refused(list, len, "a list names at most 500 people");
	fill_groups(list, RULE_INVITEE_GROUPS);
	assert_true(rule_invite_count(list, strlen(list), &n, say));
	fill_groups(list, RULE_INVITEE_GROUPS + 1);
	refused(list, strlen(list), "line 1 names more than 16 groups");
	free(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_an_address_and_groups),
		cmocka_unit_test(every_limit_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
