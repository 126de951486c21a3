/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_password_age.c - rules/password_age.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/password_age.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define SET          1800000000
#define DAY          86400

static void
a_password_is_good_then_warned_of_then_grace_then_over(void **state)
{
	static const struct rule_password_life ninety = { .max_s = 90 * DAY,
		                                          .warning_s = 7 * DAY,
		                                          .grace = 2 };
	static const struct rule_password_life bare = { .max_s = DAY };
	static const struct {
		const struct rule_password_life *life;
		int64_t age_s;
		uint32_t used;
		struct rule_password_standing expect;
	} row[] = {
		{ &ninety, 0, 0, { RULE_PASSWORD_GOOD, 90 * DAY, 0 } },
		{ &ninety,
		  83 * DAY - 1,
		  0,
		  { RULE_PASSWORD_GOOD, 7 * DAY + 1, 0 } },
		{ &ninety, 83 * DAY, 0, { RULE_PASSWORD_WARNED, 7 * DAY, 0 } },
		{ &ninety, 90 * DAY - 1, 0, { RULE_PASSWORD_WARNED, 1, 0 } },
		/* at the second; left counts those after this one */
		{ &ninety, 90 * DAY, 0, { RULE_PASSWORD_GRACE, 0, 1 } },
		{ &ninety, 90 * DAY, 1, { RULE_PASSWORD_GRACE, 0, 0 } },
		{ &ninety, 90 * DAY, 2, { RULE_PASSWORD_OVER, 0, 0 } },
		{ &ninety, 91 * DAY, 9, { RULE_PASSWORD_OVER, -DAY, 0 } },
		/* what was used of a longer grace does not count before */
		{ &ninety, DAY, 9, { RULE_PASSWORD_GOOD, 89 * DAY, 0 } },
		{ &bare, DAY - 1, 0, { RULE_PASSWORD_GOOD, 1, 0 } },
		{ &bare, DAY, 0, { RULE_PASSWORD_OVER, 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const struct rule_password_facts facts = {
			.changed_s = SET, .grace_used = row[i].used
		};
		struct rule_password_standing seen = rule_password_standing(
			row[i].life, &facts, SET + row[i].age_s);

		if (seen.phase != row[i].expect.phase ||
		    seen.grace_left != row[i].expect.grace_left ||
		    seen.left_s != row[i].expect.left_s)
			fail_msg("row %zu: phase %d, %lld s, %u logins", i,
			         seen.phase, (long long)seen.left_s,
			         seen.grace_left);
	}
}

static void
without_an_age_or_a_time_nothing_expires(void **state)
{
	static const struct rule_password_life forever = { .warning_s = DAY };
	static const struct rule_password_life ninety = { .max_s = 90 * DAY };
	const struct rule_password_facts known = { .changed_s = 1 };
	const struct rule_password_facts unknown = { .changed_s = 0 };

	(void)state;
	assert_int_equal(rule_password_standing(&forever, &known, SET).phase,
	                 RULE_PASSWORD_GOOD);
	assert_int_equal(rule_password_standing(&ninety, &unknown, SET).phase,
	                 RULE_PASSWORD_GOOD);
	assert_int_equal(rule_password_standing(&ninety, &known, SET).phase,
	                 RULE_PASSWORD_OVER);
}

static void
a_duty_comes_before_every_age(void **state)
{
	static const struct rule_password_life lives[] = {
		{ 0 },
		{ .max_s = DAY },
		{ .max_s = DAY, .grace = 3, .warning_s = DAY },
	};
	const struct rule_password_facts facts = { .changed_s = SET,
		                                   .reset = true };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lives); i++)
		for (int64_t age_s = 0; age_s <= 4 * DAY; age_s += DAY)
			assert_int_equal(rule_password_standing(
						 &lives[i], &facts, SET + age_s)
			                         .phase,
			                 RULE_PASSWORD_RESET);
}

static void
its_owner_changes_it_when_the_policy_lets_him(void **state)
{
	static const struct {
		struct rule_password_life life;
		bool reset, old_given;
		int64_t age_s;
		enum rule_verdict expect;
	} row[] = {
		{ { 0 }, false, false, 0, RULE_OK },
		{ { .min_s = DAY }, false, true, 0, RULE_PASSWORD_TOO_YOUNG },
		{ { .min_s = DAY },
		  false,
		  true,
		  DAY - 1,
		  RULE_PASSWORD_TOO_YOUNG },
		{ { .min_s = DAY }, false, true, DAY, RULE_OK },
		/* who has to change it may at once */
		{ { .min_s = DAY }, true, true, 0, RULE_OK },
		/* the clock was set back */
		{ { .min_s = DAY }, false, true, -1, RULE_OK },
		{ { .fixed = true }, false, true, 9 * DAY, RULE_FORBIDDEN },
		{ { .fixed = true, .min_s = DAY },
		  false,
		  true,
		  0,
		  RULE_FORBIDDEN },
		{ { .old_required = true },
		  false,
		  false,
		  0,
		  RULE_REAUTHENTICATION_REQUIRED },
		{ { .old_required = true },
		  true,
		  false,
		  0,
		  RULE_REAUTHENTICATION_REQUIRED },
		{ { .old_required = true }, false, true, 0, RULE_OK },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const struct rule_password_facts facts = {
			.changed_s = SET, .reset = row[i].reset
		};
		enum rule_verdict seen = rule_password_may_change(
			&row[i].life, &facts, row[i].old_given,
			SET + row[i].age_s);

		if (seen != row[i].expect)
			fail_msg("row %zu: %s", i, rule_verdict_code(seen));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_password_is_good_then_warned_of_then_grace_then_over),
		cmocka_unit_test(without_an_age_or_a_time_nothing_expires),
		cmocka_unit_test(a_duty_comes_before_every_age),
		cmocka_unit_test(its_owner_changes_it_when_the_policy_lets_him),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
