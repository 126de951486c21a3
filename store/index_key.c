/* SPDX-License-Identifier: OLDAP-2.8 */
/* index_key.c - the keys of index rows
 *
 *	equality	attr(2) 01 length(2) normal form id(8)
 *	ordering	attr(2) 02 sortable form 00 01 id(8)
 *	substring	attr(2) 03 length(1) three characters id(8)
 *
 * For example uid "Alice" of entry 9:
 *
 *	000a 01 0005 "alice" 0000000000000009
 *	0000 03 03 "ali" 0000000000000009	and "lic", "ice"
 *
 * The built-in substring indexes are one, under number 0: a person's uid, cn,
 * sn, givenName, displayName and mail say the same words, and a row for each
 * would be three times as many.  What it finds are candidates, by any of them.
 *
 * A length before the value keeps the rows of one value together and apart
 * from those of any longer one.  Ordering needs the values' own order: there a
 * NUL in the value becomes 00 02 and 00 01 ends it, so that a prefix sorts
 * first.  The sortable form of an integer is
 *
 *	01 digits(2), digits	of a number from zero up
 *	00 ~digits(2), ~digits	of a negative one, all bits turned over
 *
 * that of a time the normal form without its Z, so that .5 follows .0, and of
 * everything else the normal form.  Forms longer than SORT_MAX are cut
 * there: values that agree so far are candidates for each other.
 *
 * Characters are UTF-8 characters, or bytes in what is not UTF-8.
 */
#include "store/index_priv.h"

#include <unistr.h>

#include "store/record_priv.h"

#define SORT_MAX   200 /* doubled by escapes at worst, it fits a key */
#define GRAM_CHARS 3

void
rst_index_key_begin(struct rst_index_key *key, uint16_t id,
                    enum rst_index_kind kind)
{
	rst_put_be16(key->bytes, id);
	key->bytes[2] = (char)kind;
	key->len = RST_INDEX_HEAD;
}

void
rst_index_key_bytes(struct rst_index_key *key, const char *bytes, size_t len)
{
	if (len > 0)
		memcpy(key->bytes + key->len, bytes, len);
	key->len += len;
}

void
rst_index_key_id(struct rst_index_key *key, uint64_t id)
{
	rst_put_be64(key->bytes + key->len, id);
	key->len += 8;
}

struct rst_view
rst_index_key_view(const struct rst_index_key *key)
{
	return rst_view(key->bytes, key->len);
}

enum rst_err
rst_index_key_equal(uint16_t id, enum rst_match match, struct rst_view value,
                    struct rst_index_key *key)
{
	char normal[RST_NORMAL_MAX];
	enum rst_err err;
	size_t len;

	err = rst_normalise(match, value, normal, &len);
	if (err != RST_OK)
		return err;
	rst_index_key_begin(key, id, RST_INDEX_EQUAL);
	rst_put_be16(key->bytes + key->len, (uint16_t)len);
	key->len += 2;
	rst_index_key_bytes(key, normal, len);
	return RST_OK;
}

static bool
is_integer(struct rst_view text)
{
	size_t at = text.len > 0 && text.ptr[0] == '-';

	if (at == text.len)
		return false;
	for (; at < text.len; at++)
		if (text.ptr[at] < '0' || text.ptr[at] > '9')
			return false;
	return true;
}

/* The sortable form of normal form text; at most SORT_MAX + 3 bytes. */
static size_t
sortable(enum rst_match match, struct rst_view text, char buf[SORT_MAX + 3])
{
	bool negative;
	size_t n, len = 0;

	if (match != RST_MATCH_INTEGER || !is_integer(text)) {
		/* what is no integer sorts after all of them */
		if (match == RST_MATCH_INTEGER)
			buf[len++] = 2;
		if (match == RST_MATCH_TIME && text.len > 0 &&
		    text.ptr[text.len - 1] == 'Z')
			text.len--;
		n = text.len < SORT_MAX ? text.len : SORT_MAX;
		if (n > 0)
			memcpy(buf + len, text.ptr, n);
		return len + n;
	}
	negative = text.ptr[0] == '-';
	n = text.len - negative;
	buf[len++] = 1;
	rst_put_be16(buf + len, (uint16_t)(n < UINT16_MAX ? n : UINT16_MAX));
	len += 2;
	n = n < SORT_MAX ? n : SORT_MAX;
	memcpy(buf + len, text.ptr + negative, n);
	len += n;
	if (negative) {
		buf[0] = 0;
		for (size_t i = 1; i < len; i++)
			buf[i] = (char)~buf[i];
	}
	return len;
}

enum rst_err
rst_index_key_order(uint16_t id, enum rst_match match, struct rst_view value,
                    struct rst_index_key *key)
{
	struct rst_normal normal;
	char form[SORT_MAX + 3];
	enum rst_err err;
	size_t len;

	err = rst_normal_make(match, value, &normal);
	if (err == RST_OK) {
		len = sortable(match, normal.text, form);
		rst_index_key_begin(key, id, RST_INDEX_ORDER);
		for (size_t i = 0; i < len; i++) {
			rst_index_key_bytes(key, &form[i], 1);
			if (form[i] == '\0')
				rst_index_key_bytes(key, "\2", 1);
		}
		rst_index_key_bytes(key, "\0\1", 2);
	}
	rst_normal_release(&normal);
	return err;
}

/* Bytes of the character at text[at], of at least one. */
static size_t
char_len(struct rst_view text, size_t at)
{
	int n = u8_mblen((const uint8_t *)text.ptr + at, text.len - at);

	return n > 0 ? (size_t)n : 1;
}

bool
rst_index_next_gram(struct rst_view text, size_t *at, struct rst_view *ret_gram)
{
	size_t end = *at, first = 0;

	for (int i = 0; i < GRAM_CHARS; i++) {
		if (end >= text.len)
			return false;
		end += char_len(text, end);
		if (i == 0)
			first = end;
	}
	*ret_gram = rst_view(text.ptr + *at, end - *at);
	*at = first;
	return true;
}

/* The attribute number in the rows: RST_A_NONE for those that share them. */
static uint16_t
gram_number(uint16_t id)
{
	static const uint16_t shared[] = {
		RST_A_UID, RST_A_CN,        RST_A_MAIL,
		RST_A_SN,  RST_A_GIVENNAME, RST_A_DISPLAYNAME,
	};

	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (shared[i] == id)
			return RST_A_NONE;
	return id;
}

void
rst_index_key_gram(uint16_t id, struct rst_view gram, struct rst_index_key *key)
{
	char len = (char)gram.len;

	rst_index_key_begin(key, gram_number(id), RST_INDEX_SUBSTRING);
	rst_index_key_bytes(key, &len, 1);
	rst_index_key_bytes(key, gram.ptr, gram.len);
}

int
rst_index_compare(struct rst_view a, struct rst_view b)
{
	int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}
