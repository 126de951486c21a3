/* SPDX-License-Identifier: OLDAP-2.8 */
/* index.c - from values to entries
 *
 *	equality	attr(2) 01 length(2) normal form id(8)
 *	ordering	attr(2) 02 sortable form 00 01 id(8)
 *	substring	attr(2) 03 length(1) three characters id(8)
 *
 * For example uid "Alice" of entry 9:
 *
 *	000a 01 0005 "alice" 0000000000000009
 *	000a 03 03 "ali" 0000000000000009	and "lic", "ice"
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
#include "store/index.h"

#include <stdlib.h>
#include <unistr.h>

#include "store/env_priv.h"
#include "store/record_priv.h"

#define KEY_MAX     511
#define ROW_HEAD    3   /* attribute, kind */
#define SORT_MAX    200 /* doubled by escapes at worst, it fits a key */
#define GRAM_CHARS  3
#define GRAM_MAX    (GRAM_CHARS * 4) /* bytes */
#define PIECE_GRAMS 16               /* of a filter's fragment are looked at */
#define SETTING     "index"
#define SETTING_MAX 4096

static const struct {
	uint16_t id;
	enum rst_index_kind kind;
} builtin[] = {
	{ RST_A_OBJECTCLASS, RST_INDEX_EQUAL },
	{ RST_A_UID, RST_INDEX_EQUAL },
	{ RST_A_CN, RST_INDEX_EQUAL },
	{ RST_A_MAIL, RST_INDEX_EQUAL },
	{ RST_A_UIDNUMBER, RST_INDEX_EQUAL },
	{ RST_A_GIDNUMBER, RST_INDEX_EQUAL },
	{ RST_A_ENTRYUUID, RST_INDEX_EQUAL },
	{ RST_A_SN, RST_INDEX_EQUAL },
	{ RST_A_GIVENNAME, RST_INDEX_EQUAL },
	{ RST_A_ROSTERSTATUS, RST_INDEX_EQUAL },
	{ RST_A_ROSTERTOKENDIGEST, RST_INDEX_EQUAL },
	{ RST_A_ENTRYCSN, RST_INDEX_ORDER },
	{ RST_A_MODIFYTIMESTAMP, RST_INDEX_ORDER },
	{ RST_A_ROSTEREXPIRES, RST_INDEX_ORDER },
	{ RST_A_UID, RST_INDEX_SUBSTRING },
	{ RST_A_CN, RST_INDEX_SUBSTRING },
	{ RST_A_MAIL, RST_INDEX_SUBSTRING },
	{ RST_A_SN, RST_INDEX_SUBSTRING },
	{ RST_A_GIVENNAME, RST_INDEX_SUBSTRING },
	{ RST_A_DISPLAYNAME, RST_INDEX_SUBSTRING },
};

static const char *const kind_words[] = {
	[RST_INDEX_EQUAL] = "eq",
	[RST_INDEX_ORDER] = "ord",
	[RST_INDEX_SUBSTRING] = "sub",
};

/* The setting is words "eq:description", blanks between them.  Take the next
 * off *rest; false at the end. */
static bool
next_word(struct rst_view *rest, struct rst_view *ret_word)
{
	const char *blank;

	while (rest->len > 0 && rest->ptr[0] == ' ') {
		rest->ptr++;
		rest->len--;
	}
	if (rest->len == 0)
		return false;
	blank = memchr(rest->ptr, ' ', rest->len);
	*ret_word =
		rst_view(rest->ptr, blank != NULL ? (size_t)(blank - rest->ptr)
	                                          : rest->len);
	rest->ptr += ret_word->len;
	rest->len -= ret_word->len;
	return true;
}

/* "eq:description": of attribute id and kind? */
static bool
word_is(struct rst_view word, const char *name, enum rst_index_kind kind)
{
	struct rst_view prefix = rst_view_of(kind_words[kind]);

	if (!rst_view_starts(word, prefix) || word.len <= prefix.len + 1 ||
	    word.ptr[prefix.len] != ':')
		return false;
	return rst_view_equal_nocase(
		rst_view(word.ptr + prefix.len + 1, word.len - prefix.len - 1),
		rst_view_of(name));
}

/* Whether text, the value of the setting, asks for it. */
static bool
is_asked_for(const struct rst_rtxn *txn, struct rst_view text, uint16_t id,
             enum rst_index_kind kind)
{
	struct rst_view word;
	enum rst_match match;
	const char *name;

	if (text.len == 0 || rst_attr_name(txn, id, &name, &match) != RST_OK)
		return false;
	while (next_word(&text, &word))
		if (word_is(word, name, kind))
			return true;
	return false;
}

static struct rst_view
setting_of(const struct rst_rtxn *txn)
{
	struct rst_view text;

	if (rst_setting_get(txn, SETTING, &text) != RST_OK)
		return rst_view(NULL, 0);
	return text;
}

static bool
has_index(const struct rst_rtxn *txn, struct rst_view setting, uint16_t id,
          enum rst_index_kind kind)
{
	if (id < RST_A_BUILTIN_END)
		for (size_t i = 0; i < sizeof(builtin) / sizeof(builtin[0]);
		     i++)
			if (builtin[i].id == id && builtin[i].kind == kind)
				return true;
	return is_asked_for(txn, setting, id, kind);
}

bool
rst_index_exists(const struct rst_rtxn *txn, uint16_t id,
                 enum rst_index_kind kind)
{
	return has_index(txn, setting_of(txn), id, kind);
}

/* A key being written. */
struct key {
	char bytes[KEY_MAX];
	size_t len;
};

static void
key_begin(struct key *key, uint16_t id, enum rst_index_kind kind)
{
	rst_put_be16(key->bytes, id);
	key->bytes[2] = (char)kind;
	key->len = ROW_HEAD;
}

static void
key_bytes(struct key *key, const char *bytes, size_t len)
{
	if (len > 0)
		memcpy(key->bytes + key->len, bytes, len);
	key->len += len;
}

static void
key_id(struct key *key, uint64_t id)
{
	rst_put_be64(key->bytes + key->len, id);
	key->len += 8;
}

static struct rst_view
key_view(const struct key *key)
{
	return rst_view(key->bytes, key->len);
}

/* Up to the value of an equality row. */
static enum rst_err
equal_key(uint16_t id, enum rst_match match, struct rst_view value,
          struct key *key)
{
	char normal[RST_NORMAL_MAX];
	enum rst_err err;
	size_t len;

	err = rst_normalise(match, value, normal, &len);
	if (err != RST_OK)
		return err;
	key_begin(key, id, RST_INDEX_EQUAL);
	rst_put_be16(key->bytes + key->len, (uint16_t)len);
	key->len += 2;
	key_bytes(key, normal, len);
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

/* Up to the end of the value of an ordering row. */
static enum rst_err
order_key(uint16_t id, enum rst_match match, struct rst_view value,
          struct key *key)
{
	struct rst_normal normal;
	char form[SORT_MAX + 3];
	enum rst_err err;
	size_t len;

	err = rst_normal_make(match, value, &normal);
	if (err == RST_OK) {
		len = sortable(match, normal.text, form);
		key_begin(key, id, RST_INDEX_ORDER);
		for (size_t i = 0; i < len; i++) {
			key_bytes(key, &form[i], 1);
			if (form[i] == '\0')
				key_bytes(key, "\2", 1);
		}
		key_bytes(key, "\0\1", 2);
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

/* The next three characters at or after text[*at], which moves on by one;
 * false when there are fewer. */
static bool
next_gram(struct rst_view text, size_t *at, struct rst_view *ret_gram)
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

static void
gram_key(uint16_t id, struct rst_view gram, struct key *key)
{
	char len = (char)gram.len;

	key_begin(key, id, RST_INDEX_SUBSTRING);
	key_bytes(key, &len, 1);
	key_bytes(key, gram.ptr, gram.len);
}

/* Where the rows of one record go. */
struct sink {
	rst_row_each *each;
	void *arg;
	uint64_t id;
};

static enum rst_err
emit(const struct sink *sink, struct key *key)
{
	key_id(key, sink->id);
	return sink->each(sink->arg, key_view(key), rst_view("", 0));
}

static enum rst_err
emit_grams(const struct sink *sink, uint16_t id, enum rst_match match,
           struct rst_view value)
{
	struct rst_normal normal;
	struct rst_view gram;
	struct key key;
	size_t at = 0;
	enum rst_err err;

	err = rst_normal_make(match, value, &normal);
	while (err == RST_OK && next_gram(normal.text, &at, &gram)) {
		gram_key(id, gram, &key);
		err = emit(sink, &key);
	}
	rst_normal_release(&normal);
	return err;
}

/* All rows of one kind for one attribute of the record. */
static enum rst_err
emit_attr(const struct sink *sink, struct rst_attr attr, enum rst_match match,
          enum rst_index_kind kind)
{
	enum rst_err err = RST_OK;
	struct rst_view value;
	struct key key;

	while (err == RST_OK && rst_attr_next(&attr, &value))
		switch (kind) {
		case RST_INDEX_EQUAL:
			err = equal_key(attr.id, match, value, &key);
			if (err == RST_OK)
				err = emit(sink, &key);
			break;
		case RST_INDEX_ORDER:
			err = order_key(attr.id, match, value, &key);
			if (err == RST_OK)
				err = emit(sink, &key);
			break;
		case RST_INDEX_SUBSTRING:
			err = emit_grams(sink, attr.id, match, value);
			break;
		}
	return err;
}

/*
 * A row may come more than once: two values of one normal form, or a word
 * with a repeated part.
 */
enum rst_err
rst_index_rows(const struct rst_rtxn *txn, const struct rst_record *record,
               rst_row_each *each, void *arg)
{
	const struct sink sink = { each, arg, record->id };
	struct rst_view setting = setting_of(txn);
	enum rst_err err = RST_OK;
	enum rst_match match;
	struct rst_attr attr;
	const char *name;

	for (unsigned int i = 0; i < record->n_attrs && err == RST_OK; i++) {
		rst_record_nth(record, i, &attr);
		for (int kind = RST_INDEX_EQUAL;
		     kind <= RST_INDEX_SUBSTRING && err == RST_OK; kind++) {
			if (!has_index(txn, setting, attr.id,
			               (enum rst_index_kind)kind))
				continue;
			err = rst_attr_name(txn, attr.id, &name, &match);
			if (err == RST_OK)
				err = emit_attr(&sink, attr, match,
				                (enum rst_index_kind)kind);
		}
	}
	return err;
}

/* Keys of one record, gathered to be compared with another's: each is a
 * length(2) and bytes in one buffer, and rows point at them. */
struct rows {
	char *bytes;
	size_t len, room;
	size_t *at;
	size_t n, n_room;
};

static void
rows_release(struct rows *rows)
{
	free(rows->bytes);
	free(rows->at);
}

static enum rst_err
rows_add(void *arg, struct rst_view key, struct rst_view value)
{
	struct rows *rows = arg;

	(void)value;
	if (rows->room - rows->len < key.len + 2) {
		size_t room = (rows->room + key.len + 2) * 2 + 1024;
		char *bytes = realloc(rows->bytes, room);

		if (bytes == NULL)
			return RST_ENOMEM;
		rows->bytes = bytes;
		rows->room = room;
	}
	if (rows->n == rows->n_room) {
		size_t room = rows->n_room * 2 + 64;
		size_t *at = realloc(rows->at, room * sizeof(*at));

		if (at == NULL)
			return RST_ENOMEM;
		rows->at = at;
		rows->n_room = room;
	}
	rst_put_be16(rows->bytes + rows->len, (uint16_t)key.len);
	memcpy(rows->bytes + rows->len + 2, key.ptr, key.len);
	rows->at[rows->n++] = rows->len;
	rows->len += key.len + 2;
	return RST_OK;
}

static struct rst_view
rows_at(const struct rows *rows, size_t i)
{
	const char *at = rows->bytes + rows->at[i];

	return rst_view(at + 2, rst_get_be16(at));
}

static int
compare_rows(const void *a, const void *b, void *arg)
{
	const char *bytes = arg;
	const char *x = bytes + *(const size_t *)a;
	const char *y = bytes + *(const size_t *)b;
	uint16_t x_len = rst_get_be16(x), y_len = rst_get_be16(y);
	int order = memcmp(x + 2, y + 2, x_len < y_len ? x_len : y_len);

	return order != 0 ? order : (int)x_len - (int)y_len;
}

/* Gather the rows of record (NULL has none), sorted, each once. */
static enum rst_err
rows_of(const struct rst_rtxn *txn, const struct rst_record *record,
        struct rows *rows)
{
	enum rst_err err;
	size_t n = 0;

	if (record == NULL)
		return RST_OK;
	err = rst_index_rows(txn, record, rows_add, rows);
	if (err != RST_OK || rows->n == 0)
		return err;
	qsort_r(rows->at, rows->n, sizeof(rows->at[0]), compare_rows,
	        rows->bytes);
	for (size_t i = 0; i < rows->n; i++)
		if (n == 0 ||
		    !rst_view_equal(rows_at(rows, n - 1), rows_at(rows, i)))
			rows->at[n++] = rows->at[i];
	rows->n = n;
	return RST_OK;
}

static int
compare_views(struct rst_view a, struct rst_view b)
{
	int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Drop what only before has, put what only after has. */
static enum rst_err
apply(struct rst_wtxn *txn, const struct rows *before, const struct rows *after)
{
	const struct rst_view nothing = RST_VIEW("");
	enum rst_err err = RST_OK;
	size_t b = 0, a = 0;

	while (err == RST_OK && (b < before->n || a < after->n)) {
		int order = b == before->n  ? 1
		            : a == after->n ? -1
		                            : compare_views(rows_at(before, b),
		                                            rows_at(after, a));

		if (order == 0) {
			b++;
			a++;
		} else if (order < 0) {
			err = rst_db_drop(txn, RST_T_INDEX,
			                  rows_at(before, b++));
			/* "rosterctl check" tells of a missing row; a
			 * change of its entry must not fail for it */
			if (err == RST_ENOTFOUND)
				err = RST_OK;
		} else {
			err = rst_db_put(txn, RST_T_INDEX, rows_at(after, a++),
			                 nothing, true);
		}
	}
	return err;
}

enum rst_err
rst_index_update(struct rst_wtxn *txn, const struct rst_record *before,
                 const struct rst_record *after)
{
	struct rows old = { .n = 0 }, new_rows = { .n = 0 };
	enum rst_err err;

	err = rows_of(&txn->r, before, &old);
	if (err == RST_OK)
		err = rows_of(&txn->r, after, &new_rows);
	if (err == RST_OK)
		err = apply(txn, &old, &new_rows);
	rows_release(&old);
	rows_release(&new_rows);
	return err;
}

/* Add the word to the setting. */
static enum rst_err
ask_for(struct rst_wtxn *txn, const char *name, enum rst_index_kind kind)
{
	struct rst_view old = setting_of(&txn->r);
	struct rst_view parts[] = { old, RST_VIEW(" "),
		                    rst_view_of(kind_words[kind]),
		                    RST_VIEW(":"), rst_view_of(name) };
	char text[SETTING_MAX];
	size_t len = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].len > sizeof(text) - len)
			return RST_EFULL;
		if (parts[i].len > 0)
			memcpy(text + len, parts[i].ptr, parts[i].len);
		len += parts[i].len;
	}
	return rst_setting_put(txn, SETTING, rst_view(text, len));
}

static enum rst_err
put_row(void *arg, struct rst_view key, struct rst_view value)
{
	return rst_db_put(arg, RST_T_INDEX, key, value, true);
}

enum rst_err
rst_index_add(struct rst_wtxn *txn, uint16_t id, enum rst_index_kind kind)
{
	struct rst_record record;
	struct rst_attr attr;
	enum rst_match match;
	const char *name;
	uint64_t at = 0;
	enum rst_err err;

	err = rst_attr_name(&txn->r, id, &name, &match);
	if (err != RST_OK || rst_index_exists(&txn->r, id, kind))
		return err;
	err = ask_for(txn, name, kind);
	while (err == RST_OK &&
	       (err = rst_record_next(&txn->r, &at, &record)) == RST_OK) {
		const struct sink sink = { put_row, txn, record.id };

		if (rst_record_attr(&record, id, &attr))
			err = emit_attr(&sink, attr, match, kind);
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* The id at the end of a row of prefix; false for a row of something else. */
static bool
row_id(struct rst_view row, const struct key *prefix, uint64_t *ret_id)
{
	if (row.len != prefix->len + 8 ||
	    memcmp(row.ptr, prefix->bytes, prefix->len) != 0)
		return false;
	*ret_id = rst_get_be64(row.ptr + prefix->len);
	return true;
}

/* The first id from on in the rows of prefix.  RST_ENOTFOUND. */
static enum rst_err
seek_id(struct rst_cursor *cursor, struct key prefix, uint64_t from,
        uint64_t *ret_id)
{
	const struct key head = prefix;
	struct rst_view row, value;
	enum rst_err err;

	key_id(&prefix, from);
	err = rst_cursor_seek(cursor, key_view(&prefix), &row, &value);
	if (err == RST_OK && !row_id(row, &head, ret_id))
		err = RST_ENOTFOUND;
	return err;
}

enum rst_err
rst_index_equal(const struct rst_rtxn *txn, uint16_t id, struct rst_view value,
                uint64_t after, uint64_t *ids, size_t max, size_t *ret_n)
{
	struct rst_cursor cursor = { NULL };
	struct rst_view row, nothing;
	enum rst_match match;
	struct key prefix;
	const char *name;
	enum rst_err err;
	size_t n = 0;

	if (after == UINT64_MAX || max == 0) {
		*ret_n = 0;
		return RST_OK;
	}
	err = rst_attr_name(txn, id, &name, &match);
	if (err == RST_OK)
		err = equal_key(id, match, value, &prefix);
	if (err == RST_OK)
		err = rst_cursor_open(txn, RST_T_INDEX, &cursor);
	if (err == RST_OK)
		err = seek_id(&cursor, prefix, after + 1, &ids[0]);
	while (err == RST_OK && ++n < max) {
		err = rst_cursor_next(&cursor, &row, &nothing);
		if (err == RST_OK && !row_id(row, &prefix, &ids[n]))
			err = RST_ENOTFOUND;
	}
	rst_cursor_close(&cursor);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_n = n;
	return RST_OK;
}

/* Where a range begins and the last value it holds. */
struct range {
	struct key low, high;
	bool has_high;
};

static enum rst_err
range_init(const struct rst_rtxn *txn, uint16_t id, struct rst_view low,
           struct rst_view high, struct range *range)
{
	enum rst_match match;
	const char *name;
	enum rst_err err;

	err = rst_attr_name(txn, id, &name, &match);
	if (err != RST_OK)
		return err;
	if (low.ptr != NULL)
		err = order_key(id, match, low, &range->low);
	else
		key_begin(&range->low, id, RST_INDEX_ORDER);
	range->has_high = high.ptr != NULL;
	if (err == RST_OK && range->has_high)
		err = order_key(id, match, high, &range->high);
	return err;
}

static bool
range_holds(const struct range *range, struct rst_view row)
{
	struct rst_view value;

	if (row.len < ROW_HEAD + 8 ||
	    memcmp(row.ptr, range->low.bytes, ROW_HEAD) != 0)
		return false;
	value = rst_view(row.ptr, row.len - 8);
	return !range->has_high ||
	       compare_views(value, key_view(&range->high)) <= 0;
}

enum rst_err
rst_index_range(const struct rst_rtxn *txn, uint16_t id, struct rst_view low,
                struct rst_view high, struct rst_index_cursor *cursor,
                uint64_t *ids, size_t max, size_t *ret_n)
{
	struct rst_cursor walk = { NULL };
	struct rst_view row, value, last;
	struct range range;
	enum rst_err err;
	size_t n = 0;

	err = range_init(txn, id, low, high, &range);
	if (err == RST_OK)
		err = rst_cursor_open(txn, RST_T_INDEX, &walk);
	if (err != RST_OK)
		return err;
	last = cursor->len > 0 ? rst_view(cursor->key, cursor->len)
	                       : key_view(&range.low);
	err = rst_cursor_seek(&walk, last, &row, &value);
	if (err == RST_OK && cursor->len > 0 && rst_view_equal(row, last))
		err = rst_cursor_next(&walk, &row, &value);
	while (err == RST_OK && n < max && range_holds(&range, row)) {
		if (row.len > sizeof(cursor->key)) {
			err = RST_ECORRUPT;
			break;
		}
		ids[n++] = rst_get_be64(row.ptr + row.len - 8);
		memcpy(cursor->key, row.ptr, row.len);
		cursor->len = row.len;
		if (n < max)
			err = rst_cursor_next(&walk, &row, &value);
	}
	rst_cursor_close(&walk);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_n = n;
	return RST_OK;
}

/* The first id from on that has rows of every prefix: each cursor jumps to
 * where the others have got to. */
static enum rst_err
meet(struct rst_cursor *cursor, const struct key *prefix, size_t n_prefix,
     uint64_t from, uint64_t *ret_id)
{
	size_t agreed = 0;

	for (size_t i = 0; agreed < n_prefix; i = (i + 1) % n_prefix) {
		uint64_t id;
		enum rst_err err = seek_id(cursor, prefix[i], from, &id);

		if (err != RST_OK)
			return err;
		agreed = id == from ? agreed + 1 : 1;
		from = id;
	}
	*ret_id = from;
	return RST_OK;
}

/* The rows' prefixes for the grams of piece, at most PIECE_GRAMS. */
static enum rst_err
piece_keys(const struct rst_rtxn *txn, uint16_t id, struct rst_view piece,
           struct key *keys, size_t *ret_n)
{
	struct rst_normal normal;
	struct rst_view gram;
	enum rst_match match;
	const char *name;
	size_t at = 0, n = 0;
	enum rst_err err;

	err = rst_attr_name(txn, id, &name, &match);
	if (err != RST_OK)
		return err;
	err = rst_normal_make(match, piece, &normal);
	if (err == RST_OK)
		while (n < PIECE_GRAMS && next_gram(normal.text, &at, &gram))
			gram_key(id, gram, &keys[n++]);
	rst_normal_release(&normal);
	if (err == RST_OK && n == 0)
		err = RST_EINVALID;
	*ret_n = n;
	return err;
}

enum rst_err
rst_index_substring(const struct rst_rtxn *txn, uint16_t id,
                    struct rst_view piece, uint64_t after, uint64_t *ids,
                    size_t max, size_t *ret_n)
{
	struct rst_cursor cursor = { NULL };
	struct key keys[PIECE_GRAMS];
	size_t n_keys, n = 0;
	enum rst_err err;

	err = piece_keys(txn, id, piece, keys, &n_keys);
	if (err == RST_OK)
		err = rst_cursor_open(txn, RST_T_INDEX, &cursor);
	while (err == RST_OK && n < max && after < UINT64_MAX) {
		err = meet(&cursor, keys, n_keys, after + 1, &after);
		if (err == RST_OK)
			ids[n++] = after;
	}
	rst_cursor_close(&cursor);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_n = n;
	return RST_OK;
}
