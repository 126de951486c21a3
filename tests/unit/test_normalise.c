/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_normalise.c - rst_normalise() of store/attr.h */
#include "tests/unit/fixture.h"

#include <stdio.h>
#include <stdlib.h>

static void
check_row(enum rst_match match, struct rst_view value, struct rst_view expect)
{
	char once[RST_NORMAL_MAX], twice[RST_NORMAL_MAX];
	size_t once_len, twice_len;

	assert_int_equal(rst_normalise(match, value, once, &once_len), RST_OK);
	if (!rst_view_equal(rst_view(once, once_len), expect))
		fail_msg("\"%.*s\" became \"%.*s\", not \"%.*s\"",
		         (int)value.len, value.ptr, (int)once_len, once,
		         (int)expect.len, expect.ptr);
	assert_int_equal(rst_normalise(match, rst_view(once, once_len), twice,
	                               &twice_len),
	                 RST_OK);
	if (!rst_view_equal(rst_view(twice, twice_len), expect))
		fail_msg("\"%.*s\" is not its own normal form", (int)once_len,
		         once);
}

static const struct {
	enum rst_match match;
	const char *value, *expect;
} rules[] = {
	{ RST_MATCH_EXACT, "  A b ", "  A b " },
	{ RST_MATCH_EXACT, "", "" },
	{ RST_MATCH_IGNORE, "Ada", "ada" },
	{ RST_MATCH_IGNORE, "  Ada   LOVELACE ", "ada lovelace" },
	{ RST_MATCH_IGNORE, "   ", " " },
	{ RST_MATCH_IGNORE, "", "" },
	{ RST_MATCH_IGNORE, "a\tb", "a\tb" },
	/* Aerger, composed and decomposed */
	{ RST_MATCH_IGNORE, "\xc3\x84rger", "\xc3\xa4rger" },
	{ RST_MATCH_IGNORE, "A\xcc\x88rger", "\xc3\xa4rger" },
	/* fullwidth a, Kelvin, fi ligature, sharp s */
	{ RST_MATCH_IGNORE, "\xef\xbd\x81lice", "alice" },
	{ RST_MATCH_IGNORE, "\xe2\x84\xaaim", "kim" },
	{ RST_MATCH_IGNORE, "\xef\xac\x81n", "fin" },
	{ RST_MATCH_IGNORE,
	  "STRA\xc3\x9f"
	  "E",
	  "strasse" },
	/* I with dot: slapd lowers it to a plain i */
	{ RST_MATCH_IGNORE, "\xc4\xb0stanbul", "istanbul" },
	/* no-break space is a blank after NFKC */
	{ RST_MATCH_IGNORE, "a\xc2\xa0 b", "a b" },
	{ RST_MATCH_IGNORE, "Not\x80 UTF-8 ", "Not\x80 UTF-8 " },
	{ RST_MATCH_INTEGER, "7", "7" },
	{ RST_MATCH_INTEGER, "-007", "-7" },
	{ RST_MATCH_INTEGER, "000", "0" },
	{ RST_MATCH_INTEGER, "-0", "0" },
	{ RST_MATCH_INTEGER, "-", "-" },
	{ RST_MATCH_INTEGER, "", "" },
	{ RST_MATCH_INTEGER, "1e3", "1e3" },
	{ RST_MATCH_INTEGER, "99999999999999999999999",
	  "99999999999999999999999" },
	{ RST_MATCH_DN, "", "" },
	{ RST_MATCH_DN, "UID=Ada,OU=People", "uid=ada,ou=people" },
	{ RST_MATCH_DN, " uid = Ada , ou = People ", "uid=ada,ou=people" },
	{ RST_MATCH_DN, "uid=Ada;ou=People", "uid=ada,ou=people" },
	{ RST_MATCH_DN, "cn=a\\,b,ou=x", "cn=a\\2cb,ou=x" },
	{ RST_MATCH_DN, "cn=a\\2Cb,ou=x", "cn=a\\2cb,ou=x" },
	{ RST_MATCH_DN,
	  "cn=a\xef\xbc\x8c"
	  "b,ou=x",
	  "cn=a\\2cb,ou=x" },
	{ RST_MATCH_DN, "cn=\\C3\\84,ou=x", "cn=\xc3\xa4,ou=x" },
	{ RST_MATCH_DN, "sn=b+CN=a,ou=x", "cn=a+sn=b,ou=x" },
	{ RST_MATCH_DN, "cn=#0403414243", "cn=#0403414243" },
	{ RST_MATCH_DN, "cn=\\#x", "cn=\\23x" },
	{ RST_MATCH_DN, "No DN  at all", "no dn at all" },
	{ RST_MATCH_DN, "cn=a\\", "cn=a\\" },
	{ RST_MATCH_DN, "cn=a,", "cn=a," },
	{ RST_MATCH_DN, "=x", "=x" },
	{ RST_MATCH_TIME, "20201122023700Z", "20201122023700Z" },
	{ RST_MATCH_TIME, "2020112202Z", "20201122020000Z" },
	{ RST_MATCH_TIME, "202011220237Z", "20201122023700Z" },
	{ RST_MATCH_TIME, "20201122023700.500Z", "20201122023700.5Z" },
	{ RST_MATCH_TIME, "20201122023700,25Z", "20201122023700.25Z" },
	{ RST_MATCH_TIME, "20201122023700.0Z", "20201122023700Z" },
	{ RST_MATCH_TIME, "202011220237+0100", "20201122013700Z" },
	{ RST_MATCH_TIME, "20200101003000+01", "20191231233000Z" },
	{ RST_MATCH_TIME, "20191231233000-0130", "20200101010000Z" },
	{ RST_MATCH_TIME, "20200301000000+0001", "20200229235900Z" },
	{ RST_MATCH_TIME, "20190301000000+0001", "20190228235900Z" },
	{ RST_MATCH_TIME, "20161231235960Z", "20161231235960Z" },
	{ RST_MATCH_TIME, "20200230000000Z", "20200230000000Z" },
	{ RST_MATCH_TIME, "20200101000000", "20200101000000" },
	{ RST_MATCH_TIME, "20200101000000.Z", "20200101000000.Z" },
	{ RST_MATCH_TIME, "00000101000000+0100", "00000101000000+0100" },
	{ RST_MATCH_TIME, "soon", "soon" },
	{ RST_MATCH_CSN, "20201122023736.123456Z#000000#00A#000000",
	  "20201122023736.123456z#000000#00a#000000" },
};

static void
each_rule_gives_its_normal_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		check_row(rules[i].match, rst_view_of(rules[i].value),
		          rst_view_of(rules[i].expect));
}

static void
a_uuid_becomes_its_bytes(void **state)
{
	static const char bytes[16] = "\x01\x23\x45\x67\x89\xab\xcd\xef"
				      "\x01\x23\x45\x67\x89\xab\xcd\xef";

	(void)state;
	check_row(RST_MATCH_UUID,
	          RST_VIEW("01234567-89ab-cdef-0123-456789ABCDEF"),
	          rst_view(bytes, sizeof(bytes)));
	check_row(RST_MATCH_UUID, RST_VIEW("01234567-89ab"),
	          RST_VIEW("01234567-89ab"));
	check_row(RST_MATCH_UUID,
	          RST_VIEW("0123456789ab-cdef-0123-456789ABCDEF-"),
	          RST_VIEW("0123456789ab-cdef-0123-456789ABCDEF-"));
}

static void
long_values_are_told_apart_and_never_taken_for_short_ones(void **state)
{
	char value[400], other[400], a[RST_NORMAL_MAX], b[RST_NORMAL_MAX];
	size_t a_len, b_len;

	(void)state;
	memset(value, 'a', sizeof(value));
	memcpy(other, value, sizeof(value));
	other[399] = 'b';
	for (size_t len = 250; len < 260; len++) {
		assert_int_equal(rst_normalise(RST_MATCH_EXACT,
		                               rst_view(value, len), a, &a_len),
		                 RST_OK);
		assert_int_equal(a_len == len, len < RST_NORMAL_MAX);
	}
	assert_int_equal(
		rst_normalise(RST_MATCH_EXACT, rst_view(value, 400), a, &a_len),
		RST_OK);
	assert_int_equal(
		rst_normalise(RST_MATCH_EXACT, rst_view(other, 400), b, &b_len),
		RST_OK);
	assert_false(rst_view_equal(rst_view(a, a_len), rst_view(b, b_len)));
	/* the digest itself, stored as a value */
	assert_int_equal(
		rst_normalise(RST_MATCH_EXACT, rst_view(a, a_len), b, &b_len),
		RST_OK);
	assert_false(rst_view_equal(rst_view(a, a_len), rst_view(b, b_len)));
	/* and case is folded before */
	memset(other, 'A', sizeof(other));
	assert_int_equal(rst_normalise(RST_MATCH_IGNORE, rst_view(value, 400),
	                               a, &a_len),
	                 RST_OK);
	assert_int_equal(rst_normalise(RST_MATCH_IGNORE, rst_view(other, 400),
	                               b, &b_len),
	                 RST_OK);
	assert_true(rst_view_equal(rst_view(a, a_len), rst_view(b, b_len)));
}

/* Bytes that make much happen: blanks, separators, escapes, UTF-8 halves. */
static size_t
random_value(char *buf, size_t size)
{
	static const char *const piece[] = {
		" ",        "a",        "Z",
		"=",        ",",        "+",
		"\\",       "2c",       "\\2C",
		"#",        "-",        "0",
		"7",        ".",        "Z",
		"cn=",      "\xc3\x84", "\xcc\x88",
		"\xc3",     "\xff",     "\xef\xbc\x8c",
		"\xc2\xa0", "\xc4\xb0", "\xe1\xba\x9e",
		"\"",
	};
	size_t len = 0, n = (size_t)random() % 12;

	for (size_t i = 0; i < n; i++) {
		const char *p = piece[(size_t)random() %
		                      (sizeof(piece) / sizeof(piece[0]))];
		size_t p_len = strlen(p);

		if (len + p_len > size)
			break;
		memcpy(buf + len, p, p_len);
		len += p_len;
	}
	return len;
}

static void
every_normal_form_is_its_own(void **state)
{
	char value[64], once[RST_NORMAL_MAX], twice[RST_NORMAL_MAX];
	size_t len, once_len, twice_len;

	(void)state;
	srandom(1);
	for (int i = 0; i < 200000; i++) {
		enum rst_match match =
			(enum rst_match)(i % (RST_MATCH_CSN + 1));

		len = random_value(value, sizeof(value));
		assert_int_equal(rst_normalise(match, rst_view(value, len),
		                               once, &once_len),
		                 RST_OK);
		if (once_len > 0 && (unsigned char)once[0] == 0xff)
			continue; /* a digest */
		assert_int_equal(rst_normalise(match, rst_view(once, once_len),
		                               twice, &twice_len),
		                 RST_OK);
		if (!rst_view_equal(rst_view(once, once_len),
		                    rst_view(twice, twice_len)))
			fail_msg("rule %d: \"%.*s\" -> \"%.*s\" -> \"%.*s\"",
			         (int)match, (int)len, value, (int)once_len,
			         once, (int)twice_len, twice);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_gives_its_normal_form),
		cmocka_unit_test(a_uuid_becomes_its_bytes),
		cmocka_unit_test(
			long_values_are_told_apart_and_never_taken_for_short_ones),
		cmocka_unit_test(every_normal_form_is_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
