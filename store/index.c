/* SPDX-License-Identifier: OLDAP-2.8 */
/* index.c - keeping the rows of indexes
 *
 * The rows of a change are those of the record after less those of the record
 * before.
 */
#include "store/index.h"

#include <stdlib.h>

#include "store/index_priv.h"
#include "store/record_priv.h"

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

enum rst_err
rst_index_attr_rows(uint64_t entry, struct rst_attr attr, enum rst_match match,
                    enum rst_index_kind kind, rst_row_each *each, void *arg)
{
	const struct sink sink = { each, arg, entry };
	enum rst_err err = RST_OK;
	struct rst_view value;
	struct rst_index_key key;

	while (err == RST_OK && rst_attr_next(&attr, &value))
		switch (kind) {
		case RST_INDEX_EQUAL:
			err = rst_index_key_equal(attr.id, match, value, &key);
			if (err == RST_OK)
				err = emit(&sink, &key);
			break;
		case RST_INDEX_ORDER:
			err = rst_index_key_order(attr.id, match, value, &key);
			if (err == RST_OK)
				err = emit(&sink, &key);
			break;
		case RST_INDEX_SUBSTRING:
			err = emit_grams(&sink, attr.id, match, value);
			break;
		}
	return err;
}

/* The kinds of index, complete or not, that attribute name has by words. */
static unsigned int
kinds_asked(struct rst_view words, const char *name)
{
	struct rst_index_word word;
	unsigned int kinds = 0;

	while (rst_index_word_next(&words, &word))
		if (rst_view_equal_nocase(word.name, rst_view_of(name)))
			kinds |= 1U << word.kind;
	return kinds;
}

/*
 * A row may come more than once: two values of one normal form, a word with a
 * repeated part, or a name that another attribute has too.
 */
enum rst_err
rst_index_rows(const struct rst_rtxn *txn, const struct rst_record *record,
               rst_row_each *each, void *arg)
{
	struct rst_view words = rst_index_words(txn);
	enum rst_err err = RST_OK;
	enum rst_match match;
	struct rst_attr attr;
	unsigned int kinds;
	const char *name;

	for (unsigned int i = 0; i < record->n_attrs && err == RST_OK; i++) {
		rst_record_nth(record, i, &attr);
		kinds = rst_index_builtin(attr.id);
		if (kinds == 0 && words.len == 0)
			continue;
		err = rst_attr_name(txn, attr.id, &name, &match);
		if (err == RST_OK && words.len > 0)
			kinds |= kinds_asked(words, name);
		for (int kind = RST_INDEX_EQUAL;
		     kind <= RST_INDEX_SUBSTRING && err == RST_OK; kind++)
			if (kinds & (1U << kind))
				err = rst_index_attr_rows(
					record->id, attr, match,
					(enum rst_index_kind)kind, each, arg);
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
	if (rows->bytes == NULL || rows->room - rows->len < key.len + 2) {
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
