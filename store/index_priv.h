/* SPDX-License-Identifier: OLDAP-2.8 */
/* index_priv.h - the keys of index rows, drawn in index_key.c */
#ifndef RST_INDEX_PRIV_H
#define RST_INDEX_PRIV_H

#include "store/env_priv.h"
#include "store/index.h"

#define RST_INDEX_KEY_MAX 511
#define RST_INDEX_HEAD    3 /* attribute, kind */

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
