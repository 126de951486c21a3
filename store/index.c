/* SPDX-License-Identifier: OLDAP-2.8 */
/* index.c - which indexes there are, and keeping their rows
 *
 * What is asked for beyond the built-in list is the setting "index": words
 * such as "eq:description", blanks between them.  The rows of a change are
 * those of the record after less those of the record before.
 */
#include "store/index.h"

#include <stdlib.h>

#include "store/index_priv.h"
#include "store/record_priv.h"

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

/* Where the rows of one record go. */
struct sink {
	rst_row_each *each;
	void *arg;
	uint64_t id;
};

static enum rst_err
emit(const struct sink *sink, struct rst_index_key *key)
{
	rst_index_key_id(key, sink->id);
	return sink->each(sink->arg, rst_index_key_view(key), rst_view("", 0));
}

static enum rst_err
emit_grams(const struct sink *sink, uint16_t id, enum rst_match match,
           struct rst_view value)
{
	struct rst_normal normal;
	struct rst_view gram;
	struct rst_index_key key;
	size_t at = 0;
	enum rst_err err;

	err = rst_normal_make(match, value, &normal);
	while (err == RST_OK && rst_index_next_gram(normal.text, &at, &gram)) {
		rst_index_key_gram(id, gram, &key);
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
	struct rst_index_key key;

	while (err == RST_OK && rst_attr_next(&attr, &value))
		switch (kind) {
		case RST_INDEX_EQUAL:
			err = rst_index_key_equal(attr.id, match, value, &key);
			if (err == RST_OK)
				err = emit(sink, &key);
			break;
		case RST_INDEX_ORDER:
			err = rst_index_key_order(attr.id, match, value, &key);
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
 * A row may come more than once: two values of one normal form, a word with a
 * repeated part, or a name that another attribute has too.
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

/* Drop what only before has, put what only after has. */
static enum rst_err
apply(struct rst_wtxn *txn, const struct rows *before, const struct rows *after)
{
	const struct rst_view nothing = RST_VIEW("");
	enum rst_err err = RST_OK;
	size_t b = 0, a = 0;

	while (err == RST_OK && (b < before->n || a < after->n)) {
		int order = b == before->n ? 1
		            : a == after->n
		                    ? -1
		                    : rst_index_compare(rows_at(before, b),
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
