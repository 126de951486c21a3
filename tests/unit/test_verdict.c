/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_verdict.c - rules/verdict.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/verdict.h"

static const enum rule_verdict all[] = {
#define ONE(id, code, text) RULE_##id,
	RULE_VERDICTS(ONE)
#undef ONE
};

#define N (sizeof(all) / sizeof(all[0]))

static void
every_verdict_has_a_code_of_its_own_and_a_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < N; i++) {
		const char *code = rule_verdict_code(all[i]);
		const char *text = rule_verdict_text(all[i]);

		assert_true(strlen(code) > 0);
		assert_true(strspn(code, "abcdefghijklmnopqrstuvwxyz_") ==
		            strlen(code));
		assert_true(strlen(text) > 0);
		assert_true(text[strlen(text) - 1] != '.');
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(code,
			                        rule_verdict_code(all[j]));
	}
}

static void
a_stranger_is_answered_too(void **state)
{
	(void)state;
	assert_non_null(rule_verdict_code((enum rule_verdict)10000));
	assert_non_null(rule_verdict_text((enum rule_verdict)10000));
	assert_string_equal(rule_verdict_code(RULE_OK), "ok");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_verdict_has_a_code_of_its_own_and_a_sentence),
		cmocka_unit_test(a_stranger_is_answered_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
