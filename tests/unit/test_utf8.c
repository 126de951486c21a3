/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_utf8.c - rules/utf8.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules/utf8.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* RFC 3629, section 3: each length's first and last character, and what is
 * one too long, too short, too great or half of a pair. */
static void
what_is_not_strictly_utf8_is_refused(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint32_t expect;
	} row[] = {
		{ "\x01", true, 0x01 },
		{ "\x7f", true, 0x7f },
		{ "\xc2\x80", true, 0x80 },
		{ "\xdf\xbf", true, 0x7ff },
		{ "\xe0\xa0\x80", true, 0x800 },
		{ "\xed\x9f\xbf", true, 0xd7ff },
		{ "\xee\x80\x80", true, 0xe000 },
		{ "\xef\xbf\xbf", true, 0xffff },
		{ "\xf0\x90\x80\x80", true, 0x10000 },
		{ "\xf4\x8f\xbf\xbf", true, 0x10ffff },
		{ "\x80", false, 0 },
		{ "\xc0\xaf", false, 0 },
		{ "\xc1\xbf", false, 0 },
		{ "\xc2", false, 0 },
		{ "\xc2z", false, 0 },
		{ "\xe0\x9f\xbf", false, 0 },
		{ "\xe2\x82", false, 0 },
		{ "\xed\xa0\x80", false, 0 },
		{ "\xed\xbf\xbf", false, 0 },
		{ "\xf0\x8f\xbf\xbf", false, 0 },
		{ "\xf4\x90\x80\x80", false, 0 },
		{ "\xf8\x88\x80\x80\x80", false, 0 },
		{ "\xff", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		const char *text = row[i].text;
		size_t len = strlen(text);
		uint32_t c = 0;
		bool ok = rule_utf8_next(&text, &len, &c);

		if (ok != row[i].ok || (ok && (c != row[i].expect || len != 0)))
			fail_msg("row %zu: %d U+%04X", i, ok, (unsigned)c);
	}
}

static void
what_a_terminal_obeys_is_shown_as_a_question_mark(void **state)
{
	static const struct {
		const char *text, *expect;
	} row[] = {
		{ "", "" },
		{ "alice ~", "alice ~" },
		{ "\x1b[31m\r\n\t\x1f\x7f", "?[31m?????" },
		{ "a\xc2\x80z\xc2\x9f", "a??z??" },
		{ "\xc2\xa0\xc3\x80", "\xc2\xa0\xc3\x80" },
		{ "jos\xc3\xa9 \xe2\x82\xac", "jos\xc3\xa9 \xe2\x82\xac" },
		{ "cut \xc2", "cut \xc2" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		(void)snprintf(text, sizeof(text), "%s", row[i].text);
		rule_utf8_visible(text);
		assert_string_equal(text, row[i].expect);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_strictly_utf8_is_refused),
		cmocka_unit_test(
			what_a_terminal_obeys_is_shown_as_a_question_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
