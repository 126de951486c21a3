/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_password_made.c - passwords that are made, and the policies they meet */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lifecycle/password.h"
#include "rules/setting.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MADE         400 /* of each policy */
#define BITS_LEAST   100

static const struct rule_password_policy policies[] = {
	{ .min_length = 0 },
	{ .min_length = 12, .blocklist = true },
	{ .min_length = 15, .blocklist = true },
	{ .min_length = 8,
	  .require = RULE_CLASS_UPPER | RULE_CLASS_LOWER | RULE_CLASS_DIGIT |
	             RULE_CLASS_OTHER },
	{ .min_length = 12, .require = RULE_CLASS_UPPER },
	{ .min_length = 128,
	  .require = RULE_CLASS_DIGIT | RULE_CLASS_OTHER,
	  .blocklist = true },
};

/* Every policy that an administrator can set admits what is made by it. */
static void
every_policy_admits_what_is_made_for_it(void **state)
{
	char text[LIFECYCLE_MADE_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(policies); i++)
		for (int n = 0; n < MADE; n++) {
			enum rule_password_fault fault;

			lifecycle_password_make(&policies[i], text);
			fault = rule_password(&policies[i], text, strlen(text),
			                      NULL, 0);
			if (fault != RULE_PASSWORD_FINE)
				fail_msg("policy %zu: %s: fault %d", i, text,
				         fault);
		}
}

/* Groups of five with hyphens between, and no characters that look alike. */
static void
people_can_read_it_to_each_other(void **state)
{
	char text[LIFECYCLE_MADE_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(policies); i++)
		for (int n = 0; n < MADE; n++) {
			size_t len;

			lifecycle_password_make(&policies[i], text);
			len = strlen(text);
			assert_true(len >= 29);
			assert_true(text[len - 1] != '-');
			assert_null(strpbrk(text, "lI1O0o"));
			for (size_t at = 0; at < len; at++)
				assert_int_equal(text[at] == '-', at % 6 == 5);
		}
}

/* Whole bits of one of so many. */
static unsigned int
bits_of(unsigned int kinds)
{
	unsigned int bits = 0;

	while (kinds >> (bits + 1) != 0)
		bits++;
	return bits;
}

/* The characters that are seen at each place, over many, are the alphabet
 * there. */
static void
there_are_a_hundred_bits_in_it(void **state)
{
	static bool seen[LIFECYCLE_MADE_BYTES][256];
	char text[LIFECYCLE_MADE_BYTES];
	unsigned int bits = 0;

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (int n = 0; n < 20 * MADE; n++) {
		lifecycle_password_make(&policies[1], text);
		for (size_t at = 0; text[at] != '\0'; at++)
			seen[at][(unsigned char)text[at]] = true;
	}
	for (size_t at = 0; at < LIFECYCLE_MADE_BYTES; at++) {
		unsigned int kinds = 0;

		for (size_t c = 0; c < 256; c++)
			kinds += seen[at][c];
		bits += bits_of(kinds);
	}
	if (bits < BITS_LEAST)
		fail_msg("%u bits", bits);
}

static void
no_two_are_the_same(void **state)
{
	static char made[MADE][LIFECYCLE_MADE_BYTES];

	(void)state;
	for (int n = 0; n < MADE; n++) {
		lifecycle_password_make(&policies[1], made[n]);
		for (int m = 0; m < n; m++)
			assert_string_not_equal(made[n], made[m]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_policy_admits_what_is_made_for_it),
		cmocka_unit_test(people_can_read_it_to_each_other),
		cmocka_unit_test(there_are_a_hundred_bits_in_it),
		cmocka_unit_test(no_two_are_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
