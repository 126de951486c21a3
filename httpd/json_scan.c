/* SPDX-License-Identifier: OLDAP-2.8 */
/* json_scan.c - the grammar of RFC 8259, checked before cJSON sees a byte
 *
 * One pass, no output but the number tokens in document order: cJSON keeps
 * numbers as doubles, so 2^53+1 and 1.5 would pass for integers.  The tree is
 * walked in the same order afterwards and each number gets its token back.
 */
#include "httpd/json_priv.h"

#include <string.h>

static bool
fail(struct json_scan *scan, const char *why)
{
	if (scan->why == NULL)
		scan->why = why;
	return false;
}

static void
skip_blanks(struct json_scan *scan)
{
	while (scan->at < scan->end && memchr(" \t\r\n", *scan->at, 4) != NULL)
		scan->at++;
}

/* Four hexadecimal digits. */
static bool
read_hex(struct json_scan *scan, unsigned int *ret_code)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	unsigned int code = 0;

	for (int i = 0; i < 4; i++, scan->at++) {
		const char *digit;

		if (scan->at == scan->end)
			return fail(scan, "a string is not closed");
		digit = memchr(digits, *scan->at, sizeof(digits) - 1);
		if (digit == NULL)
			return fail(scan, "\\u needs four hexadecimal digits");
		code = code << 4 | ((unsigned int)(digit - digits) & 15);
	}
	*ret_code = code;
	return true;
}

/* What follows "\u". */
static bool
scan_escape_code(struct json_scan *scan)
{
	unsigned int code = 0, low = 0;

	if (!read_hex(scan, &code))
		return false;
	if (code == 0)
		return fail(scan, "\\u0000 is not allowed");
	if (code >= 0xdc00 && code <= 0xdfff)
		return fail(scan, "a lone surrogate is not a character");
	if (code < 0xd800 || code > 0xdbff)
		return true;
	if (scan->end - scan->at < 2 || scan->at[0] != '\\' ||
	    scan->at[1] != 'u')
		return fail(scan, "a lone surrogate is not a character");
	scan->at += 2;
	if (!read_hex(scan, &low))
		return false;
	if (low < 0xdc00 || low > 0xdfff)
		return fail(scan, "a lone surrogate is not a character");
	return true;
}

static bool
scan_string(struct json_scan *scan)
{
	scan->at++;
	while (scan->at < scan->end) {
		unsigned char c = (unsigned char)*scan->at++;

		if (c == '"')
			return true;
		if (c < 0x20)
			return fail(scan, "a control character in a string");
		if (c != '\\')
			continue;
		if (scan->at == scan->end)
			break;
		c = (unsigned char)*scan->at++;
		if (c == 'u') {
			if (!scan_escape_code(scan))
				return false;
		} else if (memchr("\"\\/bfnrt", c, 8) == NULL) {
			return fail(scan, "an unknown escape in a string");
		}
	}
	return fail(scan, "a string is not closed");
}

static size_t
skip_digits(struct json_scan *scan)
{
	const char *from = scan->at;

	while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
		scan->at++;
	return (size_t)(scan->at - from);
}

static bool
at_char(const struct json_scan *scan, const char *set)
{
	return scan->at < scan->end && *scan->at != '\0' &&
	       strchr(set, *scan->at) != NULL;
}

static bool
scan_number(struct json_scan *scan)
{
	const char *from = scan->at;
	bool zero;

	if (at_char(scan, "-"))
		scan->at++;
	zero = at_char(scan, "0");
	if (zero)
		scan->at++;
	else if (skip_digits(scan) == 0)
		return fail(scan, "a value was expected");
	if (zero && at_char(scan, "0123456789"))
		return fail(scan, "a number has a leading zero");
	if (at_char(scan, ".")) {
		scan->at++;
		if (skip_digits(scan) == 0)
			return fail(scan, "a number ends in a point");
	}
	if (at_char(scan, "eE")) {
		scan->at++;
		if (at_char(scan, "+-"))
			scan->at++;
		if (skip_digits(scan) == 0)
			return fail(scan, "a number ends in an exponent");
	}
	scan->numbers[scan->n_numbers++] =
		rst_view(from, (size_t)(scan->at - from));
	return true;
}

static bool
scan_word(struct json_scan *scan, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(scan->end - scan->at) < len ||
	    memcmp(scan->at, word, len) != 0)
		return fail(scan, "a value was expected");
	scan->at += len;
	return true;
}

static bool scan_value(struct json_scan *scan);

/* Members of an object or elements of an array, up to close. */
static bool
scan_members(struct json_scan *scan, char close)
{
	if (++scan->depth > JSON_DEPTH_MAX)
		return fail(scan, "nested too deeply");
	scan->at++;
	skip_blanks(scan);
	if (scan->at < scan->end && *scan->at == close)
		goto out;
	for (;;) {
		if (close == '}') {
			skip_blanks(scan);
			if (!at_char(scan, "\""))
				return fail(scan, "a name was expected");
			if (!scan_string(scan))
				return false;
			skip_blanks(scan);
			if (!at_char(scan, ":"))
				return fail(scan, "a colon was expected");
			scan->at++;
		}
		if (!scan_value(scan))
			return false;
		if (scan->at == scan->end ||
		    (*scan->at != ',' && *scan->at != close))
			return fail(scan, "a comma or an end was expected");
		if (*scan->at == close)
			break;
		scan->at++;
	}
out:
	scan->at++;
	scan->depth--;
	return true;
}

/* One value and the blanks around it. */
static bool
scan_value(struct json_scan *scan)
{
	bool ok;

	skip_blanks(scan);
	if (scan->at == scan->end)
		return fail(scan, "a value was expected");
	if (++scan->nodes > JSON_NODES_MAX)
		return fail(scan, "too many values");
	switch (*scan->at) {
	case '{':
		ok = scan_members(scan, '}');
		break;
	case '[':
		ok = scan_members(scan, ']');
		break;
	case '"':
		ok = scan_string(scan);
		break;
	case 't':
		ok = scan_word(scan, "true");
		break;
	case 'f':
		ok = scan_word(scan, "false");
		break;
	case 'n':
		ok = scan_word(scan, "null");
		break;
	default:
		ok = scan_number(scan);
	}
	if (ok)
		skip_blanks(scan);
	return ok;
}

bool
json_scan(struct json_scan *scan, struct rst_view text)
{
	scan->at = text.ptr;
	scan->end = text.ptr + text.len;
	scan->why = NULL;
	scan->depth = scan->nodes = 0;
	scan->n_numbers = 0;
	if (text.len == 0)
		return fail(scan, "the body is empty");
	if (text.len > JSON_BYTES_MAX)
		return fail(scan, "the body is too long");
	if (!json_is_text(text))
		return fail(scan, "the body is not UTF-8 text");
	if (!scan_value(scan))
		return false;
	if (scan->at != scan->end)
		return fail(scan, "something follows the value");
	return true;
}
