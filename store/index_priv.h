/* SPDX-License-Identifier: OLDAP-2.8 */
/* index_priv.h - the keys of index rows, drawn in index_key.c, and the words
 * that say which there are, drawn in index_words.c */
#ifndef RST_INDEX_PRIV_H
#define RST_INDEX_PRIV_H

#include "store/env_priv.h"
#include "store/index.h"
#include "store/record_priv.h"

#define RST_INDEX_KEY_MAX 511
#define RST_INDEX_HEAD    3 /* attribute, kind */

#define RST_INDEX_WORDS_MAX 4096 /* bytes of all words */

/* One index that was asked for. */
struct rst_index_word {
	struct rst_view name;
	enum rst_index_kind kind;
	enum rst_index_state state;
};

/* The kinds that attribute id has built in: bits 1 << kind. */
unsigned int rst_index_builtin(uint16_t id);
/* All words; *rest starts there, and word_next() takes one off. */
enum rst_err rst_index_words(const struct rst_rtxn *txn,
                             struct rst_view *ret_words) RST_MUST_USE;
bool rst_index_word_next(struct rst_view *rest,
                         struct rst_index_word *ret_word);
/* RST_ENOTFOUND. */
enum rst_err rst_index_word_find(const struct rst_rtxn *txn, uint16_t id,
                                 enum rst_index_kind kind,
                                 struct rst_index_word *ret_word) RST_MUST_USE;
/* Write the words anew: edit may change each, and answers false for one that
 * goes.  append (may be NULL) comes last.  RST_EFULL. */
typedef bool rst_index_word_edit(void *arg, struct rst_index_word *word);
enum rst_err rst_index_words_edit(struct rst_wtxn *txn,
                                  rst_index_word_edit *edit, void *arg,
                                  const struct rst_index_word *append)
	RST_MUST_USE;

/* index.c: the rows of one kind for one attribute of an entry. */
enum rst_err rst_index_attr_rows(uint64_t entry, struct rst_attr attr,
                                 enum rst_match match, enum rst_index_kind kind,
                                 rst_row_each *each, void *arg) RST_MUST_USE;

/*
 * index_gather.c: keys of rows, each a length(2) and bytes in one buffer at
 * which "at" points.  Zero-filled it is empty.  add is a rst_row_each; sort
 * also leaves each only once; at is empty behind the last.
 */
struct rst_index_at {
	uint64_t first, second; /* 16 bytes of it: most differ in these */
	size_t offset;
};
struct rst_index_keys {
	char *bytes;
	size_t len, room;
	struct rst_index_at *at;
	size_t n, n_room;
};
enum rst_err rst_index_keys_add(void *arg, struct rst_view key,
                                struct rst_view value) RST_MUST_USE;
void rst_index_keys_sort(struct rst_index_keys *keys);
struct rst_view rst_index_keys_at(const struct rst_index_keys *keys, size_t i);
void rst_index_keys_release(struct rst_index_keys *keys);

/* index_gather.c: keep the rows of a new record, but for those that are looked
 * for with each: who has a uid is always there to be found. */
bool rst_index_gathers(uint16_t id, enum rst_index_kind kind);
enum rst_err rst_index_gather_add(struct rst_index_gather *gather,
                                  const struct rst_record *record) RST_MUST_USE;

/* A key being written. */
struct rst_index_key {
	char bytes[RST_INDEX_KEY_MAX];
	size_t len;
};

void rst_index_key_begin(struct rst_index_key *key, uint16_t id,
                         enum rst_index_kind kind);
void rst_index_key_bytes(struct rst_index_key *key, const char *bytes,
                         size_t len);
void rst_index_key_id(struct rst_index_key *key, uint64_t id);
struct rst_view rst_index_key_view(const struct rst_index_key *key);

/* All of a row but the entry's id. */
enum rst_err rst_index_key_equal(uint16_t id, enum rst_match match,
                                 struct rst_view value,
                                 struct rst_index_key *key) RST_MUST_USE;
enum rst_err rst_index_key_order(uint16_t id, enum rst_match match,
                                 struct rst_view value,
                                 struct rst_index_key *key) RST_MUST_USE;
void rst_index_key_gram(uint16_t id, struct rst_view gram,
                        struct rst_index_key *key);

/* The next three characters at or after text[*at], which moves on by one;
 * false when there are fewer. */
bool rst_index_next_gram(struct rst_view text, size_t *at,
                         struct rst_view *ret_gram);

/* The order of two keys. */
int rst_index_compare(struct rst_view a, struct rst_view b);

#endif
