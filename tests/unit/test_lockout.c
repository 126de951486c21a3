/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_lockout.c - how many wrong passwords are too many */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/lockout.h"

#define T 1800000000U

static const struct rule_lockout *const account = &rule_lockout_account;

/* n failures of different passwords, a second apart, the last at last_s. */
static void
note(struct rule_failure failures[RULE_FAILURES_MAX], uint32_t n,
     uint32_t last_s)
{
	memset(failures, 0, RULE_FAILURES_MAX * sizeof(*failures));
	for (uint32_t i = 0; i < n; i++)
		failures[rule_lockout_place(failures, i)] =
			(struct rule_failure){ last_s - (n - 1 - i), i };
}

static void
five_within_a_quarter_of_an_hour_are_too_many(void **state)
{
	static const struct {
		uint32_t failures, after_s;
		bool reached;
	} row[] = {
		{ 0, 0, false },    { 4, 0, false },   { 5, 0, true },
		{ 12, 0, true },    { 5, 895, true },  { 5, 896, false },
		{ 6, 895, true },   { 6, 896, false }, { 12, 895, true },
		{ 12, 896, false },
	};
	struct rule_failure failures[RULE_FAILURES_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		note(failures, row[i].failures, T);
		if (rule_lockout_reached(account, failures,
		                         T + row[i].after_s) != row[i].reached)
			fail_msg("row %zu", i);
	}
}

static void
the_same_password_counts_once_and_keeps_its_place(void **state)
{
	struct rule_failure failures[RULE_FAILURES_MAX] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		failures[rule_lockout_place(failures, 7)] =
			(struct rule_failure){ T + i, 7 };
	assert_int_equal(rule_lockout_count(account, failures, T + 100), 1);
	/* a checksum of 0 is not the one of no failure */
	assert_int_not_equal(rule_lockout_place(failures, 0),
	                     rule_lockout_place(failures, 7));
}

static void
the_oldest_makes_room(void **state)
{
	struct rule_failure failures[RULE_FAILURES_MAX];

	(void)state;
	note(failures, RULE_FAILURES_MAX, T);
	assert_int_equal(rule_lockout_place(failures, 1000), 0);
	failures[0] = (struct rule_failure){ T + 1, 1000 };
	assert_int_equal(rule_lockout_place(failures, 1001), 1);
}

static void
a_failure_of_the_future_does_not_count(void **state)
{
	struct rule_failure failures[RULE_FAILURES_MAX];

	(void)state;
	note(failures, 5, T);
	assert_false(rule_lockout_reached(account, failures, T - 1));
	assert_int_equal(rule_lockout_count(account, failures, T - 1), 4);
}

static void
the_wait_is_until_few_enough_are_young(void **state)
{
	const struct rule_lockout *source = &rule_lockout_source;
	struct rule_failure failures[RULE_FAILURES_MAX];
	uint32_t wait_s;

	(void)state;
	for (uint32_t n = 0; n <= RULE_FAILURES_MAX; n++) {
		note(failures, n, T);
		wait_s = rule_lockout_wait(source, failures, T);
		assert_int_equal(wait_s != 0, n >= 10);
		assert_false(
			rule_lockout_reached(source, failures, T + wait_s));
		if (wait_s > 0)
			assert_true(rule_lockout_reached(source, failures,
			                                 T + wait_s - 1));
	}
}

static void
a_lock_holds_half_an_hour(void **state)
{
	static const struct {
		int64_t since_s, now_s;
		bool holds;
	} row[] = {
		{ 0, T, false },        { T, T, true },
		{ T, T + 1799, true },  { T, T + 1800, false },
		{ T, T - 1799, true }, /* the clock went back */
		{ T, T - 1800, false }, { INT64_MAX, T, false },
	};
	const struct rule_lockout never = { 0, 900, 1800, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (rule_lockout_holds(account, row[i].since_s, row[i].now_s) !=
		    row[i].holds)
			fail_msg("row %zu", i);
	assert_false(rule_lockout_holds(&never, T, T));
}

static void
no_failures_is_no_lockout(void **state)
{
	const struct rule_lockout never = { 0, 900, 1800, 0 };
	struct rule_failure failures[RULE_FAILURES_MAX];

	(void)state;
	note(failures, RULE_FAILURES_MAX, T);
	assert_false(rule_lockout_reached(&never, failures, T));
	assert_int_equal(rule_lockout_wait(&never, failures, T), 0);
}

static void
a_hundred_in_a_row_lock_whatever_is_set(void **state)
{
	const struct rule_lockout off = { 0, 900, 1800, RULE_IN_A_ROW_MAX };
	const struct rule_lockout never = { 0, 900, 1800, 0 };
	struct rule_failure failures[RULE_FAILURES_MAX];

	(void)state;
	note(failures, 4, T);
	assert_int_equal(account->in_a_row, RULE_IN_A_ROW_MAX);
	assert_false(rule_lockout_locks(account, failures, 99, T));
	assert_true(rule_lockout_locks(account, failures, 100, T));
	note(failures, RULE_FAILURES_MAX, T);
	assert_true(rule_lockout_locks(account, failures, 12, T));
	assert_false(rule_lockout_locks(&off, failures, 99, T));
	assert_true(rule_lockout_locks(&off, failures, 100, T));
	assert_true(rule_lockout_holds(&off, T, T));
	assert_false(rule_lockout_locks(&never, failures, 100, T));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_within_a_quarter_of_an_hour_are_too_many),
		cmocka_unit_test(
			the_same_password_counts_once_and_keeps_its_place),
		cmocka_unit_test(the_oldest_makes_room),
		cmocka_unit_test(a_failure_of_the_future_does_not_count),
		cmocka_unit_test(the_wait_is_until_few_enough_are_young),
		cmocka_unit_test(a_lock_holds_half_an_hour),
		cmocka_unit_test(no_failures_is_no_lockout),
		cmocka_unit_test(a_hundred_in_a_row_lock_whatever_is_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
