/* SPDX-License-Identifier: OLDAP-2.8 */
/* index_build.c - indexes that come and go while entries are there
 *
 * The work is done in pieces, each in a write transaction of its own:
 *
 *	1. drop rows of what is no longer wanted, then its word;
 *	2. of all that is being built, add the rows of the next entries; at the
 *	   last entry all of it is complete;
 *	3. begin to build what is queued.
 *
 * Only the number "index-at" and the words say how far it is, so whoever comes
 * next goes on, also after a power cut.
 */
#include "store/index_priv.h"
#include "store/record_priv.h"

#define AT         "index-at"
#define AT_ONCE    32 /* indexes that are built by one walk */
#define ROW_WEIGHT 4  /* a row costs as much as looking at so many entries */

/* One index being built. */
struct target {
	uint16_t id;
	enum rst_match match;
	enum rst_index_kind kind;
};

static bool
is_word(const struct rst_index_word *a, const struct rst_index_word *b)
{
	return a->kind == b->kind && rst_view_equal_nocase(a->name, b->name);
}

/* The word of arg takes arg's state. */
static bool
set_state(void *arg, struct rst_index_word *word)
{
	const struct rst_index_word *wanted = arg;

	if (is_word(word, wanted))
		word->state = wanted->state;
	return true;
}

static bool
leave_out(void *arg, struct rst_index_word *word)
{
	return !is_word(word, arg);
}

static bool
keep(void *arg, struct rst_index_word *word)
{
	(void)arg;
	(void)word;
	return true;
}

enum rst_err
rst_index_add(struct rst_wtxn *txn, uint16_t id, enum rst_index_kind kind)
{
	struct rst_index_word word, is;
	struct rst_record record;
	enum rst_match match;
	const char *name;
	uint64_t at = 0;
	enum rst_err err;

	err = rst_attr_name(&txn->r, id, &name, &match);
	if (err != RST_OK || (rst_index_builtin(id) & (1U << kind)))
		return err;
	word = (struct rst_index_word){ rst_view_of(name), kind,
		                        RST_INDEX_QUEUED };
	err = rst_index_word_find(&txn->r, id, kind, &is);
	if (err == RST_OK && is.state == RST_INDEX_DROPPING)
		err = rst_index_words_edit(txn, set_state, &word, NULL);
	if (err != RST_ENOTFOUND)
		return err;
	err = rst_record_next(&txn->r, &at, &record);
	if (err == RST_ENOTFOUND)
		word.state = RST_INDEX_COMPLETE;
	else if (err != RST_OK)
		return err;
	return rst_index_words_edit(txn, keep, NULL, &word);
}

enum rst_err
rst_index_remove(struct rst_wtxn *txn, struct rst_view name,
                 enum rst_index_kind kind)
{
	struct rst_index_word word = { name, kind, RST_INDEX_DROPPING };

	return rst_index_words_edit(txn, set_state, &word, NULL);
}

bool
rst_index_next(const struct rst_rtxn *txn, size_t *at,
               struct rst_index_info *ret_info)
{
	struct rst_view text, rest;
	struct rst_index_word word;
	uint64_t done = 0, total = 0;

	if (rst_index_words(txn, &text) != RST_OK || *at >= text.len)
		return false;
	rest = rst_view(text.ptr + *at, text.len - *at);
	if (!rst_index_word_next(&rest, &word))
		return false;
	*at = text.len - rest.len;
	if (word.state == RST_INDEX_BUILDING &&
	    (rst_meta_number(txn, AT, &done) != RST_OK ||
	     rst_meta_number(txn, "last-id", &total) != RST_OK))
		done = total = 0;
	*ret_info = (struct rst_index_info){ word.name, word.kind, word.state,
		                             done, total };
	return true;
}

/* The word that is to be worked on now: rows are dropped first, and what is
 * being built comes before what waits.  RST_INDEX_COMPLETE: none. */
static enum rst_err
find_work(const struct rst_rtxn *txn, struct rst_index_word *ret_word)
{
	struct rst_index_word word;
	struct rst_view rest;
	enum rst_err err;

	ret_word->state = RST_INDEX_COMPLETE;
	err = rst_index_words(txn, &rest);
	if (err != RST_OK)
		return err;
	/* the states stand in that order */
	while (rst_index_word_next(&rest, &word))
		if (word.state > ret_word->state)
			*ret_word = word;
	return RST_OK;
}

bool
rst_index_pending(const struct rst_rtxn *txn)
{
	struct rst_index_word word;

	return find_work(txn, &word) == RST_OK &&
	       word.state != RST_INDEX_COMPLETE;
}

/* Drop at most budget rows of word; *ret_all: there are no more. */
static enum rst_err
drop_rows(struct rst_wtxn *txn, uint16_t id, enum rst_index_kind kind,
          unsigned int budget, bool *ret_all)
{
	struct rst_index_key head, row;
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	enum rst_err err = RST_OK;

	rst_index_key_begin(&head, id, kind);
	*ret_all = false;
	for (unsigned int i = 0; i < budget && err == RST_OK; i++) {
		err = rst_cursor_open(&txn->r, RST_T_INDEX, &cursor);
		if (err == RST_OK)
			err = rst_cursor_seek(&cursor,
			                      rst_index_key_view(&head), &key,
			                      &value);
		rst_cursor_close(&cursor);
		if (err == RST_OK &&
		    (key.len > sizeof(row.bytes) ||
		     !rst_view_starts(key, rst_index_key_view(&head))))
			err = RST_ENOTFOUND;
		if (err != RST_OK)
			break;
		/* the key stands in the page that is about to change */
		memcpy(row.bytes, key.ptr, key.len);
		row.len = key.len;
		err = rst_db_drop(txn, RST_T_INDEX, rst_index_key_view(&row));
	}
	if (err != RST_ENOTFOUND)
		return err;
	*ret_all = true;
	return RST_OK;
}

static enum rst_err
work_drop(struct rst_wtxn *txn, struct rst_index_word word, unsigned int budget)
{
	bool all = true;
	uint16_t id;
	enum rst_err err;

	err = rst_attr_find(&txn->r, word.name, &id);
	if (err == RST_OK)
		err = drop_rows(txn, id, word.kind, budget, &all);
	else if (err == RST_ENOTFOUND)
		err = RST_OK; /* then it has no rows */
	if (err == RST_OK && all)
		err = rst_index_words_edit(txn, leave_out, &word, NULL);
	return err;
}

/* What is being built, at most AT_ONCE. */
static enum rst_err
find_targets(const struct rst_rtxn *txn, struct target *targets, size_t *ret_n)
{
	struct rst_index_word word;
	struct rst_view rest;
	const char *name;
	enum rst_err err;
	size_t n = 0;

	err = rst_index_words(txn, &rest);
	while (err == RST_OK && n < AT_ONCE &&
	       rst_index_word_next(&rest, &word)) {
		if (word.state != RST_INDEX_BUILDING)
			continue;
		err = rst_attr_find(txn, word.name, &targets[n].id);
		if (err == RST_OK)
			err = rst_attr_name(txn, targets[n].id, &name,
			                    &targets[n].match);
		targets[n++].kind = word.kind;
	}
	*ret_n = n;
	return err;
}

struct putting {
	struct rst_wtxn *txn;
	unsigned int rows;
};

static enum rst_err
put_row(void *arg, struct rst_view key, struct rst_view value)
{
	struct putting *putting = arg;

	putting->rows++;
	return rst_db_put(putting->txn, RST_T_INDEX, key, value, true);
}

static enum rst_err
build_record(struct putting *putting, const struct rst_record *record,
             const struct target *targets, size_t n)
{
	struct rst_attr attr;
	enum rst_err err = RST_OK;

	for (size_t i = 0; i < n && err == RST_OK; i++)
		if (rst_record_attr(record, targets[i].id, &attr))
			err = rst_index_attr_rows(
				record->id, attr, targets[i].match,
				targets[i].kind, put_row, putting);
	return err;
}

static bool
complete(void *arg, struct rst_index_word *word)
{
	(void)arg;
	if (word->state == RST_INDEX_BUILDING)
		word->state = RST_INDEX_COMPLETE;
	return true;
}

static enum rst_err
work_build(struct rst_wtxn *txn, unsigned int budget)
{
	struct putting putting = { txn, 0 };
	struct target targets[AT_ONCE];
	struct rst_record record;
	unsigned int spent = 0;
	uint64_t at;
	size_t n;
	enum rst_err err;

	err = find_targets(&txn->r, targets, &n);
	if (err == RST_OK)
		err = rst_meta_number(&txn->r, AT, &at);
	while (err == RST_OK && spent < budget) {
		err = rst_record_next(&txn->r, &at, &record);
		if (err == RST_OK)
			err = build_record(&putting, &record, targets, n);
		spent += 1 + putting.rows * ROW_WEIGHT;
		putting.rows = 0;
	}
	if (err == RST_ENOTFOUND) {
		at = 0;
		err = rst_index_words_edit(txn, complete, NULL, NULL);
	}
	return err == RST_OK ? rst_meta_set_number(txn, AT, at) : err;
}

static bool
begin_building(void *arg, struct rst_index_word *word)
{
	unsigned int *left = arg;

	if (word->state == RST_INDEX_QUEUED && *left > 0) {
		word->state = RST_INDEX_BUILDING;
		--*left;
	}
	return true;
}

enum rst_err
rst_index_work(struct rst_wtxn *txn, unsigned int budget, bool *ret_more)
{
	unsigned int left = AT_ONCE;
	struct rst_index_word word;
	enum rst_err err;

	err = find_work(&txn->r, &word);
	if (err != RST_OK)
		return err;
	switch (word.state) {
	case RST_INDEX_DROPPING:
		err = work_drop(txn, word, budget);
		break;
	case RST_INDEX_BUILDING:
		err = work_build(txn, budget);
		break;
	case RST_INDEX_QUEUED:
		err = rst_index_words_edit(txn, begin_building, &left, NULL);
		if (err == RST_OK)
			err = rst_meta_set_number(txn, AT, 0);
		break;
	case RST_INDEX_COMPLETE:
		break;
	}
	if (err == RST_OK)
		err = find_work(&txn->r, &word);
	if (err == RST_OK)
		*ret_more = word.state != RST_INDEX_COMPLETE;
	return err;
}

/* Put rows that are not there. */
static enum rst_err
put_missing(void *arg, struct rst_view key, struct rst_view value)
{
	struct putting *putting = arg;
	struct rst_view is;
	enum rst_err err;

	err = rst_db_get(&putting->txn->r, RST_T_INDEX, key, &is);
	return err == RST_ENOTFOUND ? put_row(putting, key, value) : err;
}

enum rst_err
rst_index_refresh(struct rst_wtxn *txn, uint64_t id, unsigned int *ret_put)
{
	struct putting putting = { txn, 0 };
	struct rst_record record;
	enum rst_err err;

	err = rst_record_get(&txn->r, id, &record);
	if (err == RST_OK)
		err = rst_index_rows(&txn->r, &record, put_missing, &putting);
	if (err == RST_OK)
		*ret_put = putting.rows;
	return err;
}
