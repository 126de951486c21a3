/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_invitation.c - rules/invitation.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/invitation.h"

static void
an_invitation_admits_until_it_ends(void **state)
{
	static const struct {
		struct rule_invitation invitation;
		int64_t now_s;
		enum rule_invitation_state expect;
		const char *word;
	} row[] = {
		{ { 0, 100, 1, 0, false }, 99, RULE_INVITATION_OPEN, "open" },
		{ { 0, 100, 1, 0, false },
		  100,
		  RULE_INVITATION_EXPIRED,
		  "expired" },
		{ { 0, 100, 1, 1, false }, 99, RULE_INVITATION_USED, "used" },
		{ { 0, 100, 5, 4, false }, 99, RULE_INVITATION_OPEN, "open" },
		{ { 0, 100, 5, 6, false }, 99, RULE_INVITATION_USED, "used" },
		{ { 0, 100, 0, 0, false }, 99, RULE_INVITATION_USED, "used" },
		{ { 0, 100, 1, 0, true },
		  99,
		  RULE_INVITATION_REVOKED,
		  "revoked" },
		{ { 0, 100, 1, 1, true },
		  100,
		  RULE_INVITATION_REVOKED,
		  "revoked" },
		{ { 0, 100, 1, 1, false }, 100, RULE_INVITATION_USED, "used" },
		/* the clock was set back since it was made */
		{ { 1000, 2000, 1, 0, false },
		  700,
		  RULE_INVITATION_OPEN,
		  "open" },
		{ { 1000, 2000, 1, 0, false },
		  699,
		  RULE_INVITATION_EXPIRED,
		  "expired" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		enum rule_invitation_state is =
			rule_invitation_state(&row[i].invitation, row[i].now_s);

		if (is != row[i].expect)
			fail_msg("row %zu is %s", i, rule_invitation_word(is));
		assert_string_equal(rule_invitation_word(is), row[i].word);
		assert_int_equal(
			rule_invitation(&row[i].invitation, row[i].now_s),
			row[i].expect == RULE_INVITATION_OPEN
				? RULE_OK
				: RULE_INVALID_INVITE);
	}
}

static void
a_lifetime_is_five_minutes_to_seven_days(void **state)
{
	(void)state;
	assert_int_equal(rule_invitation_lifetime(299), RULE_INVALID_EXPIRY);
	assert_int_equal(rule_invitation_lifetime(300), RULE_OK);
	assert_int_equal(rule_invitation_lifetime(604800), RULE_OK);
	assert_int_equal(rule_invitation_lifetime(604801), RULE_INVALID_EXPIRY);
	assert_int_equal(rule_invitation_lifetime(-1), RULE_INVALID_EXPIRY);
	assert_int_equal(rule_invitation_lifetime(INT64_MIN),
	                 RULE_INVALID_EXPIRY);
	assert_int_equal(rule_invitation_lifetime(RULE_INVITATION_DEFAULT_S),
	                 RULE_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_invitation_admits_until_it_ends),
		cmocka_unit_test(a_lifetime_is_five_minutes_to_seven_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
