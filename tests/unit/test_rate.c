/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_rate.c - how many requests a minute are answered */
#include "httpd/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static unsigned int
allowed(struct rate *rate, uint64_t key, unsigned int per_minute,
        unsigned int asked, int64_t now_ms)
{
	unsigned int n = 0;

	while (asked-- > 0)
		n += rate_take(rate, key, per_minute, now_ms) == 0;
	return n;
}

static void
so_many_at_once_and_then_at_their_rate(void **state)
{
	static const struct {
		unsigned int per_minute;
		int64_t after_ms;
		unsigned int more;
	} row[] = {
		{ 60, 999, 0 },      { 60, 1000, 1 },   { 60, 30000, 30 },
		{ 60, 59999, 59 },   { 60, 60000, 60 }, { 60, 1 << 30, 60 },
		{ 6000, 5, 0 },      { 6000, 10, 1 },   { 6000, 1000, 100 },
		{ 1, 59999, 0 },     { 1, 60000, 1 },   { 1000000, 1, 16 },
		{ 60, -1000000, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct rate *rate = rate_new();
		unsigned int n = row[i].per_minute;

		assert_non_null(rate);
		assert_int_equal(allowed(rate, 7, n, n + 9, 5000), n);
		assert_int_equal(
			allowed(rate, 7, n, n + 9, 5000 + row[i].after_ms),
			row[i].more);
		rate_free(rate);
	}
}

static void
the_wait_is_what_is_to_wait(void **state)
{
	struct rate *rate = rate_new();
	unsigned int wait_ms;

	(void)state;
	assert_int_equal(allowed(rate, 7, 60, 60, 0), 60);
	wait_ms = rate_take(rate, 7, 60, 400);
	assert_int_equal(wait_ms, 600);
	assert_int_not_equal(rate_take(rate, 7, 60, 400 + wait_ms - 1), 0);
	assert_int_equal(rate_take(rate, 7, 60, 400 + wait_ms), 0);
	rate_free(rate);
}

static void
others_and_nobody_are_not_held(void **state)
{
	struct rate *rate = rate_new();

	(void)state;
	assert_int_equal(allowed(rate, 7, 5, 9, 0), 5);
	assert_int_equal(allowed(rate, 8, 5, 9, 0), 5);
	assert_int_equal(allowed(rate, 0, 5, 9, 0), 9);
	assert_int_equal(allowed(rate, 7, 0, 9, 0), 9);
	rate_free(rate);
}

/* More keys than rows: those who ask much stay known. */
static void
a_flood_of_others_does_not_let_one_through(void **state)
{
	struct rate *rate = rate_new();

	(void)state;
	assert_int_equal(allowed(rate, 7, 50, 60, 0), 50);
	for (uint64_t key = 1000; key < 1000 + 20 * RATE_ROWS; key++)
		assert_int_equal(allowed(rate, key, 50, 1, 0), 1);
	assert_int_equal(allowed(rate, 7, 50, 60, 0), 0);
	rate_free(rate);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_at_once_and_then_at_their_rate),
		cmocka_unit_test(the_wait_is_what_is_to_wait),
		cmocka_unit_test(others_and_nobody_are_not_held),
		cmocka_unit_test(a_flood_of_others_does_not_let_one_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
