/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_status.c - rules/status.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/status.h"

#define N 5 /* statuses */

/* Lawful moves, one row a status before: NONE PENDING ACTIVE SUSPENDED
 * DELETED after. */
static const bool lawful[N][N] = {
	{ true, true, true, true, false },  { false, true, true, false, false },
	{ false, false, true, true, true }, { false, false, true, true, true },
	{ false, false, true, true, true },
};

static void
only_lawful_moves_are_made(void **state)
{
	(void)state;
	for (int from = 0; from < N; from++)
		for (int to = 0; to < N; to++)
			if (rule_status_move((enum rule_status)from,
			                     (enum rule_status)to) !=
			    (lawful[from][to] ? RULE_OK : RULE_STATUS_MOVE))
				fail_msg("%d to %d", from, to);
}

static void
only_the_active_sign_in(void **state)
{
	(void)state;
	for (int s = 0; s < N; s++)
		assert_int_equal(rule_status_may_sign_in((enum rule_status)s),
		                 s == RULE_STATUS_ACTIVE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_lawful_moves_are_made),
		cmocka_unit_test(only_the_active_sign_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
