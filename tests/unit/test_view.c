/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_view.c - store/view.h */
#include "tests/unit/fixture.h"

#include <stdlib.h>

static void
case_of_ascii_letters_alone_is_ignored(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} row[] = {
		{ "", "", true },
		{ "Ada", "aDA", true },
		{ "ada", "adam", false },
		{ "@", "`", false },
		{ "[", "{", false },
		{ "1", "1", true },
		{ "\xc3\x84", "\xc3\xa4", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (rst_view_equal_nocase(rst_view_of(row[i].a),
		                          rst_view_of(row[i].b)) !=
		    row[i].equal)
			fail_msg("\"%s\" and \"%s\"", row[i].a, row[i].b);
}

static void
a_copy_fits_or_is_empty(void **state)
{
	char buf[4] = "xxx";

	(void)state;
	assert_true(rst_view_copy(RST_VIEW("abc"), buf, sizeof(buf)));
	assert_string_equal(buf, "abc");
	assert_false(rst_view_copy(RST_VIEW("abcd"), buf, sizeof(buf)));
	assert_string_equal(buf, "");
	assert_false(rst_view_copy(RST_VIEW("a\0b"), buf, sizeof(buf)));
	assert_string_equal(buf, "");
	assert_true(rst_view_copy(rst_view(NULL, 0), buf, sizeof(buf)));
	assert_string_equal(buf, "");
	assert_false(rst_view_copy(RST_VIEW(""), buf, 0));
}

static void
a_duplicate_is_a_c_string(void **state)
{
	char *copy = rst_view_dup(rst_view("abcdef", 3));

	(void)state;
	assert_non_null(copy);
	assert_string_equal(copy, "abc");
	free(copy);
	copy = rst_view_dup(rst_view(NULL, 0));
	assert_non_null(copy);
	assert_string_equal(copy, "");
	free(copy);
}

static void
only_plain_decimals_are_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool is;
		uint64_t number;
	} row[] = {
		{ "0", 10, true, 0 },
		{ "10", 10, true, 10 },
		{ "11", 10, false, 0 },
		{ "", 10, false, 0 },
		{ "01", 10, false, 0 },
		{ "00", 10, false, 0 },
		{ "-1", 10, false, 0 },
		{ "+1", 10, false, 0 },
		{ " 1", 10, false, 0 },
		{ "1 ", 10, false, 0 },
		{ "1x", UINT64_MAX, false, 0 },
		{ "1.5", UINT64_MAX, false, 0 },
		{ "0x10", UINT64_MAX, false, 0 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "99999999999999999999", UINT64_MAX, false, 0 },
	};
	uint64_t number;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		number = 77;
		if (rst_view_number(rst_view_of(row[i].text), row[i].max,
		                    &number) != row[i].is ||
		    number != (row[i].is ? row[i].number : 77))
			fail_msg("\"%s\"", row[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(case_of_ascii_letters_alone_is_ignored),
		cmocka_unit_test(a_copy_fits_or_is_empty),
		cmocka_unit_test(a_duplicate_is_a_c_string),
		cmocka_unit_test(only_plain_decimals_are_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
