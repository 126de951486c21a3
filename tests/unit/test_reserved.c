/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_reserved.c - rules/reserved.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/reserved.h"

/* The tables themselves: their order is what bsearch() lives by. */
#include "rules/reserved.c"

static void
in_byte_order_and_found(const struct reserved *table, size_t n,
                        const char *(*find)(const char *name, size_t len))
{
	for (size_t i = 0; i < n; i++) {
		const char *name = table[i].name;

		if (i > 0 && strcmp(table[i - 1].name, name) >= 0)
			fail_msg("\"%s\" is out of order", name);
		assert_ptr_equal(find(name, strlen(name)), table[i].reason);
		assert_true(strlen(table[i].reason) > 0);
	}
}

static void
both_tables_are_sorted_and_every_row_is_found(void **state)
{
	(void)state;
	in_byte_order_and_found(users, ARRAY_LEN(users),
	                        rule_username_reserved);
	in_byte_order_and_found(groups, ARRAY_LEN(groups),
	                        rule_groupname_reserved);
}

static void
a_beginning_or_a_longer_name_is_free(void **state)
{
	(void)state;
	assert_null(rule_username_reserved("roo", 3));
	assert_null(rule_username_reserved("rootx", 5));
	assert_null(rule_username_reserved("", 0));
	assert_null(rule_groupname_reserved("docke", 5));
	assert_non_null(rule_groupname_reserved("systemd-", 8));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_tables_are_sorted_and_every_row_is_found),
		cmocka_unit_test(a_beginning_or_a_longer_name_is_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
