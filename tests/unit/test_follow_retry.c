/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_follow_retry.c - backend/follow_retry.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <ldap.h>

#include "backend/follow_retry.h"

#define BEGUN_MS 5000

static void
what_may_pass_is_waited_for_a_minute(void **state)
{
	struct follow_retry retry = { 0 };
	int64_t now = BEGUN_MS;

	(void)state;
	assert_false(follow_retry_waits(&retry, now));
	while (now < BEGUN_MS + FOLLOW_PATIENCE_MS) {
		assert_true(follow_retry_again(&retry, 7, FOLLOW_PASSING, now));
		assert_true(follow_retry_waits(&retry, now));
		assert_true(
			follow_retry_waits(&retry, now + FOLLOW_RETRY_MS - 1));
		now += FOLLOW_RETRY_MS;
		assert_false(follow_retry_waits(&retry, now));
	}
	assert_false(follow_retry_again(&retry, 7, FOLLOW_PASSING, now));
}

static void
who_means_it_is_asked_three_times(void **state)
{
	struct follow_retry retry = { 0 };

	(void)state;
	assert_true(follow_retry_again(&retry, 7, FOLLOW_REFUSED, 1));
	assert_true(follow_retry_again(&retry, 7, FOLLOW_REFUSED, 2));
	assert_false(follow_retry_again(&retry, 7, FOLLOW_REFUSED, 3));
}

static void
each_record_has_its_own_patience(void **state)
{
	struct follow_retry retry = { 0 };
	int64_t late = BEGUN_MS + FOLLOW_PATIENCE_MS;

	(void)state;
	assert_true(follow_retry_again(&retry, 7, FOLLOW_PASSING, BEGUN_MS));
	follow_retry_end(&retry);
	assert_false(follow_retry_waits(&retry, BEGUN_MS));
	assert_true(follow_retry_again(&retry, 8, FOLLOW_PASSING, late));
	assert_int_equal(retry.tries, 1);
	/* also the same one, when it comes again after a restart */
	follow_retry_end(&retry);
	assert_true(follow_retry_again(&retry, 8, FOLLOW_REFUSED, late));
	assert_true(follow_retry_again(&retry, 8, FOLLOW_REFUSED, late));
}

static void
an_unread_journal_uses_up_no_patience(void **state)
{
	struct follow_retry retry = { 0 };
	int64_t late = BEGUN_MS + 100 * (int64_t)FOLLOW_PATIENCE_MS;
	int told = 0;

	(void)state;
	for (int i = 0; i < 3 * FOLLOW_BLIND_MAX; i++)
		told += follow_retry_blind(&retry, BEGUN_MS);
	assert_int_equal(told, 1);
	assert_true(follow_retry_waits(&retry, BEGUN_MS));
	assert_false(follow_retry_waits(&retry, BEGUN_MS + FOLLOW_RETRY_MS));
	/* whatever record is the next one */
	for (uint64_t next = 0; next < 3; next++) {
		struct follow_retry met = retry;

		assert_true(follow_retry_again(&met, next + 1, FOLLOW_PASSING,
		                               late));
		assert_int_equal(met.tries, 1);
	}
	/* nor does it give one a new patience */
	assert_true(follow_retry_again(&retry, 7, FOLLOW_PASSING, BEGUN_MS));
	assert_false(follow_retry_blind(&retry, BEGUN_MS));
	assert_false(follow_retry_again(&retry, 7, FOLLOW_PASSING, late));
}

static void
only_what_cannot_get_better_is_left_out_at_once(void **state)
{
	struct follow_retry retry = { 0 };

	(void)state;
	assert_int_equal(follow_trouble_of(RST_OK), FOLLOW_FINE);
	assert_int_equal(follow_trouble_of(RST_EBUSY), FOLLOW_PASSING);
	assert_int_equal(follow_trouble_of(RST_ENOMEM), FOLLOW_PASSING);
	assert_int_equal(follow_trouble_of(RST_EIO), FOLLOW_PASSING);
	assert_int_equal(follow_trouble_of(RST_EFULL), FOLLOW_PASSING);
	assert_int_equal(follow_trouble_of(RST_ECORRUPT), FOLLOW_BROKEN);
	assert_int_equal(follow_trouble_of(RST_EINVALID), FOLLOW_BROKEN);
	assert_false(follow_retry_again(&retry, 7, FOLLOW_BROKEN, BEGUN_MS));
}

static void
an_overlay_is_busy_or_means_it(void **state)
{
	(void)state;
	assert_int_equal(follow_trouble_of_code(LDAP_BUSY), FOLLOW_PASSING);
	assert_int_equal(follow_trouble_of_code(LDAP_OTHER), FOLLOW_PASSING);
	assert_int_equal(follow_trouble_of_code(LDAP_UNAVAILABLE),
	                 FOLLOW_PASSING);
	assert_int_equal(follow_trouble_of_code(LDAP_CONSTRAINT_VIOLATION),
	                 FOLLOW_REFUSED);
	assert_int_equal(follow_trouble_of_code(LDAP_UNWILLING_TO_PERFORM),
	                 FOLLOW_REFUSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_pass_is_waited_for_a_minute),
		cmocka_unit_test(who_means_it_is_asked_three_times),
		cmocka_unit_test(each_record_has_its_own_patience),
		cmocka_unit_test(an_unread_journal_uses_up_no_patience),
		cmocka_unit_test(
			only_what_cannot_get_better_is_left_out_at_once),
		cmocka_unit_test(an_overlay_is_busy_or_means_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
