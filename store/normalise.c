/* SPDX-License-Identifier: OLDAP-2.8 */
/* normalise.c - the normal form of a value
 *
 *	caseIgnore	"  Ada   LOVELACE " -> "ada lovelace"
 *			a value of blanks alone -> " ", as in slapd
 *	integer		"-007" -> "-7", "-0" -> "0"
 *	DN		"UID=Ada , ou=People" -> "uid=ada,ou=people"; a comma
 *			in a value -> "\2c"; AVAs of one RDN are sorted
 *	time		"202011220237.50+0100" -> "20201122013700.5Z"
 *	UUID		text -> its 16 bytes
 *	CSN		lower case
 *
 * Every form is its own normal form, and slapd's normal form of a value has
 * the same one as the value: slapd lowers each character before it
 * decomposes, so we do that first and then fold fully.  What is not of the
 * expected shape compares byte for byte.
 *
 * In a DN all values fold case, whatever their attribute's rule: two DNs that
 * slapd tells apart by the case of a caseExact value are one for us.
 *
 * rst_normalise() keeps forms of at most 255 bytes.  A longer one is
 *
 *	ff "b2b" BLAKE2b-256(form)
 *
 * and so is a short one that begins with ff, lest anybody store a value that
 * looks like the digest of another.
 */
#include "store/attr.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

#include "store/env_priv.h"
#include "store/record_priv.h"

#define LONG_MARK                                                              \
	"\xff"                                                                 \
	"b2b"
#define LONG_MARK_LEN 4
#define FOLD_ROUNDS   4
#define AVAS_MAX      64 /* of one RDN; a DN with more stays as it is */
#define UUID_BYTES    16
#define UUID_TEXT     36

void
rst_normal_release(struct rst_normal *normal)
{
	free(normal->heap);
	normal->heap = NULL;
	normal->text = rst_view(NULL, 0);
}

/* Room for size bytes in normal, from its start. */
static char *
reserve(struct rst_normal *normal, size_t size)
{
	if (size <= sizeof(normal->small))
		return normal->small;
	normal->heap = malloc(size);
	return normal->heap;
}

static enum rst_err
copy_out(struct rst_view value, struct rst_normal *normal)
{
	char *at = reserve(normal, value.len);

	if (at == NULL)
		return RST_ENOMEM;
	if (value.len > 0)
		memcpy(at, value.ptr, value.len);
	normal->text = rst_view(at, value.len);
	return RST_OK;
}

static bool
is_ascii(struct rst_view value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.ptr[i] >= 0x80)
			return false;
	return true;
}

/* Drop blanks at both ends and all but one of each run inside, in place. */
static size_t
squeeze(char *text, size_t len)
{
	size_t to = 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] != ' ' || (to > 0 && text[to - 1] != ' '))
			text[to++] = text[i];
	if (to > 0 && text[to - 1] == ' ')
		to--;
	if (to == 0 && len > 0)
		text[to++] = ' ';
	return to;
}

/* Lower each character by itself, as slapd does; grows at most threefold. */
static uint8_t *
lower_each(struct rst_view value, size_t *ret_len)
{
	const uint8_t *from = (const uint8_t *)value.ptr;
	uint8_t *text = malloc(value.len * 3 + 6);
	size_t left = value.len, len = 0;

	while (text != NULL && left > 0) {
		ucs4_t c;
		int n = u8_mbtouc_unsafe(&c, from, left);

		n = n > 0 ? n : 1;
		len += (size_t)u8_uctomb(text + len, uc_tolower(c), 6);
		from += n;
		left -= (size_t)n;
	}
	*ret_len = len;
	return text;
}

/* Fold and compose until nothing changes any more. */
static uint8_t *
fold(struct rst_view value, size_t *ret_len)
{
	size_t len, next_len;
	uint8_t *text = lower_each(value, &len), *next;

	for (int round = 0; text != NULL && round < FOLD_ROUNDS; round++) {
		next = u8_casefold(text, len, NULL, UNINORM_NFKC, NULL,
		                   &next_len);
		if (next != NULL && next_len == len &&
		    memcmp(next, text, len) == 0) {
			free(next);
			break;
		}
		free(text);
		text = next;
		len = next_len;
	}
	*ret_len = len;
	return text;
}

static enum rst_err
ignore_case(struct rst_view value, struct rst_normal *normal)
{
	size_t len;
	char *at;

	if (value.len == 0)
		return copy_out(value, normal);
	if (is_ascii(value)) {
		at = reserve(normal, value.len);
		if (at == NULL)
			return RST_ENOMEM;
		for (size_t i = 0; i < value.len; i++)
			at[i] = rst_lower(value.ptr[i]);
		normal->text = rst_view(at, squeeze(at, value.len));
		return RST_OK;
	}
	if (u8_check((const uint8_t *)value.ptr, value.len) != NULL)
		return copy_out(value, normal);
	at = (char *)fold(value, &len);
	if (at == NULL)
		return RST_ENOMEM;
	normal->heap = at;
	normal->text = rst_view(at, squeeze(at, len));
	return RST_OK;
}

static enum rst_err
integer(struct rst_view value, struct rst_normal *normal)
{
	bool negative = value.len > 0 && value.ptr[0] == '-';
	size_t at = negative ? 1 : 0;
	enum rst_err err;

	if (at == value.len)
		return copy_out(value, normal);
	for (size_t i = at; i < value.len; i++)
		if (value.ptr[i] < '0' || value.ptr[i] > '9')
			return copy_out(value, normal);
	while (at + 1 < value.len && value.ptr[at] == '0')
		at++;
	if (value.ptr[at] == '0')
		negative = false;
	err = copy_out(
		rst_view(value.ptr + at - negative, value.len - at + negative),
		normal);
	if (err == RST_OK && negative)
		((char *)normal->text.ptr)[0] = '-';
	return err;
}

/* Two digits at value[*at], which moves on; -1 for anything else. */
static int
two_digits(struct rst_view value, size_t *at)
{
	const char *p = value.ptr + *at;

	if (value.len - *at < 2 || p[0] < '0' || p[0] > '9' || p[1] < '0' ||
	    p[1] > '9')
		return -1;
	*at += 2;
	return (p[0] - '0') * 10 + (p[1] - '0');
}

struct moment {
	int year, month, day, hour, minute, second;
	struct rst_view fraction; /* digits */
	int offset_minutes;       /* east of Greenwich */
};

static int
days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30,
		                    31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool
moment_is_valid(const struct moment *m)
{
	return m->month >= 1 && m->month <= 12 && m->day >= 1 &&
	       m->day <= days_in(m->year, m->month) && m->hour <= 23 &&
	       m->minute <= 59 && m->second <= 60;
}

/* "Z", "+hh", "+hhmm", "-hhmm" to the end of value. */
static bool
parse_zone(struct rst_view value, size_t at, int *ret_minutes)
{
	int hour, minute = 0;
	char sign;

	if (at >= value.len)
		return false;
	sign = value.ptr[at++];
	if (sign == 'Z' && at == value.len) {
		*ret_minutes = 0;
		return true;
	}
	if (sign != '+' && sign != '-')
		return false;
	hour = two_digits(value, &at);
	if (hour >= 0 && at < value.len)
		minute = two_digits(value, &at);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
	    at != value.len)
		return false;
	*ret_minutes = (hour * 60 + minute) * (sign == '-' ? -1 : 1);
	return true;
}

static bool
parse_time(struct rst_view value, struct moment *m)
{
	int part[7] = { 0 };
	size_t at = 0, n = 0, begin;

	while (n < 7 && at < value.len && value.ptr[at] >= '0' &&
	       value.ptr[at] <= '9') {
		part[n] = two_digits(value, &at);
		if (part[n++] < 0)
			return false;
	}
	if (n < 5) /* up to the hour it must be there */
		return false;
	*m = (struct moment){ part[0] * 100 + part[1],
		              part[2],
		              part[3],
		              part[4],
		              part[5],
		              part[6],
		              { NULL, 0 },
		              0 };
	if (at < value.len && (value.ptr[at] == '.' || value.ptr[at] == ',')) {
		begin = ++at;
		while (at < value.len && value.ptr[at] >= '0' &&
		       value.ptr[at] <= '9')
			at++;
		if (at == begin)
			return false;
		m->fraction = rst_view(value.ptr + begin, at - begin);
		while (m->fraction.len > 0 &&
		       m->fraction.ptr[m->fraction.len - 1] == '0')
			m->fraction.len--;
	}
	return moment_is_valid(m) && parse_zone(value, at, &m->offset_minutes);
}

/* Carry the zone over into the date; an offset is below one day. */
static void
to_greenwich(struct moment *m)
{
	int minutes = m->hour * 60 + m->minute - m->offset_minutes;

	if (minutes < 0) {
		minutes += 24 * 60;
		if (--m->day == 0) {
			if (--m->month == 0) {
				m->month = 12;
				m->year--;
			}
			m->day = days_in(m->year, m->month);
		}
	} else if (minutes >= 24 * 60) {
		minutes -= 24 * 60;
		if (++m->day > days_in(m->year, m->month)) {
			m->day = 1;
			if (++m->month == 13) {
				m->month = 1;
				m->year++;
			}
		}
	}
	m->hour = minutes / 60;
	m->minute = minutes % 60;
}

static enum rst_err
time_of(struct rst_view value, struct rst_normal *normal)
{
	struct moment m;
	char text[64];
	size_t len;
	char *at;

	if (value.len > RST_NORMAL_MAX || !parse_time(value, &m))
		return copy_out(value, normal);
	to_greenwich(&m);
	if (m.year < 0 || m.year > 9999)
		return copy_out(value, normal);
	len = (size_t)snprintf(text, sizeof(text), "%04d%02d%02d%02d%02d%02d",
	                       m.year, m.month, m.day, m.hour, m.minute,
	                       m.second);
	at = reserve(normal, len + m.fraction.len + 2);
	if (at == NULL)
		return RST_ENOMEM;
	memcpy(at, text, len);
	if (m.fraction.len > 0) {
		at[len++] = '.';
		memcpy(at + len, m.fraction.ptr, m.fraction.len);
		len += m.fraction.len;
	}
	at[len++] = 'Z';
	normal->text = rst_view(at, len);
	return RST_OK;
}

static int
hex_digit(char c)
{
	c = rst_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static enum rst_err
uuid(struct rst_view value, struct rst_normal *normal)
{
	size_t n = 0;

	if (value.len != UUID_TEXT)
		return copy_out(value, normal);
	for (size_t i = 0; i < UUID_TEXT; i++) {
		int high, low;

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (value.ptr[i] != '-')
				return copy_out(value, normal);
			continue;
		}
		high = hex_digit(value.ptr[i]);
		low = hex_digit(value.ptr[++i]);
		if (high < 0 || low < 0)
			return copy_out(value, normal);
		normal->small[n++] = (char)(high << 4 | low);
	}
	normal->text = rst_view(normal->small, UUID_BYTES);
	return RST_OK;
}

static enum rst_err
csn(struct rst_view value, struct rst_normal *normal)
{
	enum rst_err err = copy_out(value, normal);

	if (err == RST_OK)
		for (size_t i = 0; i < value.len; i++)
			((char *)normal->text.ptr)[i] = rst_lower(value.ptr[i]);
	return err;
}

/* A DN being written: room is for the worst case, three bytes ("\2c") for
 * each byte of the normal forms of its values. */
struct dn_text {
	char *bytes;
	size_t len, room;
};

static bool
dn_put(struct dn_text *dn, const char *bytes, size_t len)
{
	if (dn->room - dn->len < len) {
		size_t room = (dn->room + len) * 2;
		char *grown = realloc(dn->bytes, room);

		if (grown == NULL)
			return false;
		dn->bytes = grown;
		dn->room = room;
	}
	if (len > 0)
		memcpy(dn->bytes + dn->len, bytes, len);
	dn->len += len;
	return true;
}

static bool
needs_escape(struct rst_view value, size_t i)
{
	char c = value.ptr[i];

	if (c == '\0' || strchr(",+\"\\<>;=", c) != NULL)
		return true;
	return (c == '#' && i == 0) ||
	       (c == ' ' && (i == 0 || i + 1 == value.len));
}

static bool
dn_put_escaped(struct dn_text *dn, struct rst_view value)
{
	char escaped[4];

	for (size_t i = 0; i < value.len; i++) {
		if (!needs_escape(value, i)) {
			if (!dn_put(dn, value.ptr + i, 1))
				return false;
			continue;
		}
		snprintf(escaped, sizeof(escaped), "\\%02x",
		         (unsigned char)value.ptr[i]);
		if (!dn_put(dn, escaped, 3))
			return false;
	}
	return true;
}

static void
skip_blanks(struct rst_view *rest)
{
	while (rest->len > 0 && rest->ptr[0] == ' ') {
		rest->ptr++;
		rest->len--;
	}
}

/* Where the AVA value at the start of rest ends: an unescaped , ; or +. */
static size_t
ava_end(struct rst_view rest)
{
	size_t i;

	for (i = 0; i < rest.len; i++) {
		if (rest.ptr[i] == '\\')
			i++;
		else if (strchr(",;+", rest.ptr[i]) != NULL &&
		         rest.ptr[i] != '\0')
			break;
	}
	return i < rest.len ? i : rest.len;
}

/* Blanks at the end, unless the last one is escaped. */
static struct rst_view
trim_end(struct rst_view text)
{
	while (text.len > 0 && text.ptr[text.len - 1] == ' ' &&
	       (text.len < 2 || text.ptr[text.len - 2] != '\\'))
		text.len--;
	return text;
}

/* Take the escapes out of text into buf, which has text.len bytes.  False
 * for a lone backslash at the end. */
static bool
unescape(struct rst_view text, char *buf, size_t *ret_len)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		int high, low;

		if (text.ptr[i] != '\\') {
			buf[len++] = text.ptr[i];
			continue;
		}
		if (++i == text.len)
			return false;
		high = hex_digit(text.ptr[i]);
		low = i + 1 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
		if (high >= 0 && low >= 0) {
			buf[len++] = (char)(high << 4 | low);
			i++;
		} else {
			buf[len++] = text.ptr[i];
		}
	}
	*ret_len = len;
	return true;
}

/* Write "type=value" normalised.  RST_EINVALID when it is not one. */
static enum rst_err
dn_put_ava(struct dn_text *dn, struct rst_view ava)
{
	struct rst_normal normal = { .heap = NULL };
	struct rst_view type, value;
	char *equals, *plain = NULL;
	enum rst_err err = RST_EINVALID;
	size_t len;

	equals = memchr(ava.ptr, '=', ava.len);
	if (equals == NULL)
		goto out;
	type = trim_end(rst_view(ava.ptr, (size_t)(equals - ava.ptr)));
	value = rst_view(equals + 1, ava.len - (size_t)(equals - ava.ptr) - 1);
	skip_blanks(&value);
	value = trim_end(value);
	if (type.len == 0 || memchr(type.ptr, '\\', type.len) != NULL)
		goto out;
	err = RST_ENOMEM;
	plain = malloc(value.len + 1);
	if (plain == NULL)
		goto out;
	if (!unescape(value, plain, &len)) {
		err = RST_EINVALID;
		goto out;
	}
	err = ignore_case(rst_view(plain, len), &normal);
	if (err != RST_OK)
		goto out;
	err = RST_ENOMEM;
	for (size_t i = 0; i < type.len; i++) {
		char c = rst_lower(type.ptr[i]);

		if (!dn_put(dn, &c, 1))
			goto out;
	}
	if (!dn_put(dn, "=", 1))
		goto out;
	/* "#04..." is BER in hexadecimal: its # is no character of a value */
	if (value.len > 0 && value.ptr[0] == '#') {
		if (!dn_put(dn, "#", 1))
			goto out;
		normal.text.ptr++;
		normal.text.len--;
	}
	if (dn_put_escaped(dn, normal.text))
		err = RST_OK;
out:
	rst_normal_release(&normal);
	free(plain);
	return err;
}

static int
compare_views(const void *a, const void *b)
{
	const struct rst_view *x = a, *y = b;
	int order = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);

	if (order != 0)
		return order;
	return (x->len > y->len) - (x->len < y->len);
}

/* Write one RDN off the front of rest, its AVAs sorted. */
static enum rst_err
dn_put_rdn(struct dn_text *dn, struct rst_view *rest)
{
	struct dn_text parts = { NULL, 0, 0 };
	size_t ends[AVAS_MAX + 1] = { 0 }, n = 0;
	struct rst_view avas[AVAS_MAX];
	enum rst_err err = RST_OK;
	bool more = true;

	while (more && err == RST_OK) {
		size_t end;

		skip_blanks(rest);
		end = ava_end(*rest);
		more = end < rest->len && rest->ptr[end] == '+';
		if (n == AVAS_MAX) {
			err = RST_EINVALID;
			break;
		}
		err = dn_put_ava(&parts, rst_view(rest->ptr, end));
		ends[++n] = parts.len;
		end += more;
		rest->ptr += end;
		rest->len -= end;
	}
	for (size_t i = 0; i < n; i++)
		avas[i] = parts.bytes == NULL ? rst_view("", 0)
		                              : rst_view(parts.bytes + ends[i],
		                                         ends[i + 1] - ends[i]);
	if (err == RST_OK && n > 1)
		qsort(avas, n, sizeof(avas[0]), compare_views);
	for (size_t i = 0; i < n && err == RST_OK; i++)
		if ((i > 0 && !dn_put(dn, "+", 1)) ||
		    !dn_put(dn, avas[i].ptr, avas[i].len))
			err = RST_ENOMEM;
	free(parts.bytes);
	return err;
}

static enum rst_err
dn(struct rst_view value, struct rst_normal *normal)
{
	struct dn_text text = { NULL, 0, 0 };
	struct rst_view rest = value;
	enum rst_err err = RST_OK;

	skip_blanks(&rest);
	if (rest.len == 0 || value.len > RST_DN_MAX)
		return ignore_case(value, normal);
	while (err == RST_OK) {
		err = dn_put_rdn(&text, &rest);
		if (err != RST_OK || rest.len == 0)
			break;
		rest.ptr++; /* the comma */
		rest.len--;
		if (!dn_put(&text, ",", 1))
			err = RST_ENOMEM;
	}
	if (err == RST_OK) {
		normal->heap = text.bytes;
		normal->text = rst_view(text.bytes, text.len);
		return RST_OK;
	}
	free(text.bytes);
	return err == RST_EINVALID ? ignore_case(value, normal) : err;
}

enum rst_err
rst_normal_make(enum rst_match match, struct rst_view value,
                struct rst_normal *ret_normal)
{
	ret_normal->heap = NULL;
	switch (match) {
	case RST_MATCH_EXACT:
		return copy_out(value, ret_normal);
	case RST_MATCH_IGNORE:
		return ignore_case(value, ret_normal);
	case RST_MATCH_INTEGER:
		return integer(value, ret_normal);
	case RST_MATCH_DN:
		return dn(value, ret_normal);
	case RST_MATCH_TIME:
		return time_of(value, ret_normal);
	case RST_MATCH_UUID:
		return uuid(value, ret_normal);
	case RST_MATCH_CSN:
		return csn(value, ret_normal);
	}
	return RST_EINVALID;
}

enum rst_err
rst_normalise(enum rst_match match, struct rst_view value,
              char buf[RST_NORMAL_MAX], size_t *ret_len)
{
	struct rst_normal normal;
	struct rst_view text;
	enum rst_err err;

	err = rst_normal_make(match, value, &normal);
	if (err != RST_OK)
		goto out;
	text = normal.text;
	if (text.len < RST_NORMAL_MAX &&
	    (text.len == 0 || (unsigned char)text.ptr[0] != 0xff)) {
		if (text.len > 0)
			memcpy(buf, text.ptr, text.len);
		*ret_len = text.len;
		goto out;
	}
	memcpy(buf, LONG_MARK, LONG_MARK_LEN);
	crypto_generichash((unsigned char *)buf + LONG_MARK_LEN, 32,
	                   (const unsigned char *)text.ptr, text.len, NULL, 0);
	*ret_len = LONG_MARK_LEN + 32;
out:
	rst_normal_release(&normal);
	return err;
}
