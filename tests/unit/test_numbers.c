/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_numbers.c - rules/numbers.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/numbers.h"

static void
a_number_is_lawful_outside_what_others_own(void **state)
{
	static const struct rule_range none = { 0, 0 };
	static const struct rule_range site = { 600000000, 600999999 };
	static const struct rule_range foolish = { 0, UINT32_MAX };
	static const struct {
		uint32_t number;
		const struct rule_range *third;
		bool lawful;
	} row[] = {
		{ 0, &none, false },
		{ 999, &none, false },
		{ 1000, &none, true },
		{ 2000, &none, true },
		{ 60000, &none, true },
		{ 60001, &none, false },
		{ 61184, &none, false },
		{ 65534, &none, false },
		{ 65535, &none, false },
		{ 65536, &none, true },
		{ 524287, &none, true },
		{ 524288, &none, false },
		{ 600000000, &none, false },
		{ 600000000, &site, true },
		{ 599999999, &site, false },
		{ 600999999, &site, true },
		{ 601000000, &site, false },
		{ UINT32_C(2147483648), &none, false },
		{ UINT32_MAX, &none, false },
		/* no third range makes root, nobody or -1 lawful */
		{ 0, &foolish, false },
		{ 999, &foolish, false },
		{ 65534, &foolish, false },
		{ UINT32_C(2147483647), &foolish, true },
		{ UINT32_C(2147483648), &foolish, false },
		{ UINT32_MAX, &foolish, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if ((rule_uidnumber(row[i].number, *row[i].third) == RULE_OK) !=
		    row[i].lawful)
			fail_msg("row %zu: uidNumber %u", i, row[i].number);
		if ((rule_gidnumber(row[i].number, *row[i].third) == RULE_OK) !=
		    row[i].lawful)
			fail_msg("row %zu: gidNumber %u", i, row[i].number);
	}
	assert_int_equal(rule_uidnumber(0, none), RULE_INVALID_UIDNUMBER);
	assert_int_equal(rule_gidnumber(0, none), RULE_INVALID_GIDNUMBER);
}

static void
what_is_given_out_is_lawful(void **state)
{
	static const struct rule_range none = { 0, 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(rule_uidnumber(rule_uid_ranges[i].first, none),
		                 RULE_OK);
		assert_int_equal(rule_uidnumber(rule_uid_ranges[i].last, none),
		                 RULE_OK);
	}
	assert_int_equal(rule_gidnumber(rule_gid_ranges[0].first, none),
	                 RULE_OK);
	assert_int_equal(rule_gidnumber(rule_gid_ranges[0].last, none),
	                 RULE_OK);
	/* the two that init gives out itself are not given out again */
	assert_true(RULE_GID_LDAPUSERS < rule_gid_ranges[0].first);
	assert_true(RULE_GID_SYSADMINS < rule_gid_ranges[0].first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_lawful_outside_what_others_own),
		cmocka_unit_test(what_is_given_out_is_lawful),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
