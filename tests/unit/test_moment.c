/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_moment.c - lifecycle/moment.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lifecycle/moment.h"

static void
a_moment_prints_and_reads_back(void **state)
{
	static const struct {
		int64_t time_s;
		const char *text, *rfc3339;
	} row[] = {
		{ 0, "19700101000000Z", "1970-01-01T00:00:00Z" },
		{ 1800000000, "20270115080000Z", "2027-01-15T08:00:00Z" },
		{ 951782400, "20000229000000Z", "2000-02-29T00:00:00Z" },
		{ -1, "19691231235959Z", "1969-12-31T23:59:59Z" },
		{ INT64_C(253402300799), "99991231235959Z",
		  "9999-12-31T23:59:59Z" },
	};
	char buf[LIFECYCLE_TIME_BYTES];
	int64_t read;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		lifecycle_time_print(row[i].time_s, buf);
		assert_string_equal(buf, row[i].text);
		assert_true(lifecycle_time_parse(rst_view_of(buf), &read));
		assert_int_equal(read, row[i].time_s);
		lifecycle_time_print_3339(row[i].time_s, buf);
		assert_string_equal(buf, row[i].rfc3339);
	}
	lifecycle_time_print(INT64_MAX, buf);
	assert_string_equal(buf, "99991231235959Z");
	lifecycle_time_print(INT64_MIN, buf);
	assert_string_equal(buf, "00010101000000Z");
}

static void
what_is_no_time_is_not_read(void **state)
{
	static const char *const row[] = {
		"",
		"20270115080000",
		"2027011508000Z",
		"20271315080000Z",
		"20270015080000Z",
		"20270132080000Z",
		"20270115240000Z",
		"20270115086000Z",
		"20270115080061Z",
		"2027-01-15T08:00",
		"20270115080000+0100",
		"20270115080000.Z",
		"20270115080000.1xZ",
		"-0270115080000Z",
		" 20270115080000Z",
		"99991231235960Z",
	};
	int64_t read = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (lifecycle_time_parse(rst_view_of(row[i]), &read))
			fail_msg("\"%s\"", row[i]);
	assert_int_equal(read, 7);
	assert_true(
		lifecycle_time_parse(RST_VIEW("20270115080000.123Z"), &read));
	assert_int_equal(read, 1800000000);
}

static void
a_uuid_is_random_and_of_version_four(void **state)
{
	char a[LIFECYCLE_UUID_BYTES], b[LIFECYCLE_UUID_BYTES];

	(void)state;
	lifecycle_uuid_new(a);
	lifecycle_uuid_new(b);
	assert_int_equal(strlen(a), 36);
	assert_string_not_equal(a, b);
	assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
	assert_int_equal(a[14], '4');
	assert_non_null(strchr("89ab", a[19]));
	for (size_t i = 0; i < 36; i++)
		assert_int_equal(a[i] == '-',
		                 i == 8 || i == 13 || i == 18 || i == 23);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_moment_prints_and_reads_back),
		cmocka_unit_test(what_is_no_time_is_not_read),
		cmocka_unit_test(a_uuid_is_random_and_of_version_four),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
