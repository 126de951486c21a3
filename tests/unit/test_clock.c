/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_clock.c - a clock that is set is noticed, one that drifts is not */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/clock.h"

static void
a_clock_that_was_set_is_noticed_once(void **state)
{
	static const struct {
		int64_t now_s, since_start_s, by_s;
	} row[] = {
		{ 1000000, 50, 0 },   { 1000005, 55, 0 },
		{ 1000011, 60, 0 }, /* drifts */
		{ 1000016, 66, 0 },   { 1000023, 71, 2 },
		{ 1000028, 76, 0 },   { 1086433, 81, 86400 },
		{ 33, 86, -1086405 }, { 38, 91, 0 },
	};
	struct rule_clock clock = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_int_equal(rule_clock_set(&clock, row[i].now_s,
		                                row[i].since_start_s),
		                 row[i].by_s);
}

static void
a_slow_drift_adds_up(void **state)
{
	struct rule_clock clock = { 0 };
	int64_t sum_s = 0;

	(void)state;
	for (int64_t i = 0; i < 100; i++)
		sum_s += rule_clock_set(&clock, 1000 + i * 6, i * 5);
	assert_int_equal(sum_s, 98);
}

static void
what_was_made_later_than_now_is_from_the_future(void **state)
{
	(void)state;
	assert_false(rule_clock_from_the_future(1000, 1000));
	assert_false(rule_clock_from_the_future(1000, 2000));
	assert_false(rule_clock_from_the_future(1000, 700));
	assert_true(rule_clock_from_the_future(1000, 699));
	assert_false(rule_clock_from_the_future(INT64_MIN, INT64_MAX));
	assert_true(rule_clock_from_the_future(INT64_MAX, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_that_was_set_is_noticed_once),
		cmocka_unit_test(a_slow_drift_adds_up),
		cmocka_unit_test(
			what_was_made_later_than_now_is_from_the_future),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
