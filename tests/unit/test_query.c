/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_query.c - escapes, query parameters, cookies */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "httpd/request_gate.h"

static void
parameters_are_decoded(void **state)
{
	struct http_query query;

	(void)state;
	assert_true(
		http_query_parse("q=a+b%26c&empty=&bare&&x=%C3%A9", &query));
	assert_string_equal(http_query_get(&query, "q"), "a b&c");
	assert_string_equal(http_query_get(&query, "empty"), "");
	assert_string_equal(http_query_get(&query, "bare"), "");
	assert_string_equal(http_query_get(&query, "x"), "\xc3\xa9");
	assert_null(http_query_get(&query, "Q"));
	assert_true(http_query_parse("", &query));
	assert_null(http_query_get(&query, "q"));
}

static void
malformed_queries_are_refused(void **state)
{
	static const char *const rows[] = {
		"a=%",       "a=%4",
		"a=%4g",     "%zz=1",
		"a=%00",     "a=%ff",
		"a=%c0%af",  "a=1&a=2",
		"a=1&%61=2", "a&b&c&d&e&f&g&h&i",
	};
	struct http_query query;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (http_query_parse(rows[i], &query))
			fail_msg("%s was let in", rows[i]);
	assert_true(http_query_parse("a&b&c&d&e&f&g&h", &query));
}

static void
encoding_and_decoding_are_inverse(void **state)
{
	char all[255], text[1024], back[256];

	(void)state;
	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	assert_true(
		http_percent_encode(rst_view(all, 255), text, sizeof(text)));
	for (const char *at = text; *at != '\0'; at++)
		if (*at <= ' ' || *at >= 0x7f || strchr("\"<>'&?#/\\", *at))
			fail_msg("%c is not encoded", *at);
	assert_true(http_percent_decode(rst_view_of(text), false, back,
	                                sizeof(back)));
	assert_memory_equal(all, back, 255);
	/* a byte too little, both ways */
	assert_false(
		http_percent_encode(rst_view(all, 255), text, strlen(text)));
	assert_false(http_percent_decode(RST_VIEW("abc"), false, back, 3));
	assert_true(http_percent_decode(RST_VIEW("abc"), false, back, 4));
	assert_true(http_percent_decode(RST_VIEW("a+b"), false, back, 4));
	assert_string_equal(back, "a+b");
}

static void
a_cookie_is_found_once_or_not_at_all(void **state)
{
	static const struct {
		const char *header, *expect; /* NULL: none */
	} rows[] = {
		{ "roster=abc", "abc" },
		{ "a=b; roster=abc; c=d", "abc" },
		{ "a=b;roster=abc", "abc" },
		{ "roster=", "" },
		{ "roster=a=b", "a=b" },
		{ "", NULL },
		{ "roster", NULL },
		{ "Roster=abc", NULL },
		{ "xroster=abc", NULL },
		{ "roster2=abc", NULL },
		{ "a=roster=abc", NULL },
		{ "roster=abc; roster=abc", NULL },
		{ "roster=abc; roster=evil", NULL },
		{ ";;; ; =", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rst_view value = { NULL, 0 };
		bool found = http_cookie_get(rst_view_of(rows[i].header),
		                             "roster", &value);

		if (found != (rows[i].expect != NULL) ||
		    (found &&
		     !rst_view_equal(value, rst_view_of(rows[i].expect))))
			fail_msg("%s: %.*s", rows[i].header, (int)value.len,
			         value.ptr != NULL ? value.ptr : "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_decoded),
		cmocka_unit_test(malformed_queries_are_refused),
		cmocka_unit_test(encoding_and_decoding_are_inverse),
		cmocka_unit_test(a_cookie_is_found_once_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
