/* SPDX-License-Identifier: OLDAP-2.8 */
/* index.c - keeping the rows of indexes
 *
 * The rows of a change are those of the record after less those of the record
 * before.
 */
#include "store/index.h"

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
	struct rst_view words;
	enum rst_err err;
	enum rst_match match;
	struct rst_attr attr;
	unsigned int kinds;
	const char *name;

	err = rst_index_words(txn, &words);
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

/* Gather the rows of record (NULL has none), sorted, each once. */
static enum rst_err
rows_of(const struct rst_rtxn *txn, const struct rst_record *record,
        struct rst_index_keys *keys)
{
	enum rst_err err;

	if (record == NULL)
		return RST_OK;
	err = rst_index_rows(txn, record, rst_index_keys_add, keys);
	if (err == RST_OK)
		rst_index_keys_sort(keys);
	return err;
}

/* Drop what only before has, put what only after has. */
static enum rst_err
apply(struct rst_wtxn *txn, const struct rst_index_keys *before,
      const struct rst_index_keys *after)
{
	const struct rst_view nothing = RST_VIEW("");
	enum rst_err err = RST_OK;
	size_t b = 0, a = 0;

	while (err == RST_OK && (b < before->n || a < after->n)) {
		struct rst_view old = rst_index_keys_at(before, b);
		struct rst_view new_key = rst_index_keys_at(after, a);
		int order = b == before->n  ? 1
		            : a == after->n ? -1
		                            : rst_index_compare(old, new_key);

		if (order == 0) {
			b++;
			a++;
		} else if (order < 0) {
			b++;
			err = rst_db_drop(txn, RST_T_INDEX, old);
			/* "rosterctl check" tells of a missing row; a
			 * change of its entry must not fail for it */
			if (err == RST_ENOTFOUND)
				err = RST_OK;
		} else {
			a++;
			err = rst_db_put(txn, RST_T_INDEX, new_key, nothing,
			                 true);
		}
	}
	return err;
}

enum rst_err
rst_index_update(struct rst_wtxn *txn, const struct rst_record *before,
                 const struct rst_record *after)
{
	struct rst_index_keys old = { .n = 0 }, new_keys = { .n = 0 };
	enum rst_err err;

	if (before == NULL && txn->r.gather != NULL)
		return rst_index_gather_add(txn->r.gather, after);
	err = rows_of(&txn->r, before, &old);
	if (err == RST_OK)
		err = rows_of(&txn->r, after, &new_keys);
	if (err == RST_OK)
		err = apply(txn, &old, &new_keys);
	rst_index_keys_release(&old);
	rst_index_keys_release(&new_keys);
	return err;
}
