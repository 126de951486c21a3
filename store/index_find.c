/* SPDX-License-Identifier: OLDAP-2.8 */
/* index_find.c - looking values up
 *
 * Rows of one value stand together, in the order of their entries' ids, so an
 * equality is a walk.  A fragment is several such walks at once: each jumps to
 * where the furthest has got to, until all stand on one id.
 */
#include "store/index.h"

#include "store/index_priv.h"
#include "store/record_priv.h"

#define PIECE_GRAMS 16 /* of a filter's fragment are looked at */

/* The id at the end of a row of prefix; false for a row of something else. */
static bool
row_id(struct rst_view row, const struct rst_index_key *prefix,
       uint64_t *ret_id)
{
	if (row.len != prefix->len + 8 ||
	    memcmp(row.ptr, prefix->bytes, prefix->len) != 0)
		return false;
	*ret_id = rst_get_be64(row.ptr + prefix->len);
	return true;
}

/* The first id from on in the rows of prefix.  RST_ENOTFOUND. */
static enum rst_err
seek_id(struct rst_cursor *cursor, struct rst_index_key prefix, uint64_t from,
        uint64_t *ret_id)
{
	const struct rst_index_key head = prefix;
	struct rst_view row, value;
	enum rst_err err;

	rst_index_key_id(&prefix, from);
	err = rst_cursor_seek(cursor, rst_index_key_view(&prefix), &row,
	                      &value);
	if (err == RST_OK && !row_id(row, &head, ret_id))
		err = RST_ENOTFOUND;
	return err;
}

enum rst_err
rst_index_equal(const struct rst_rtxn *txn, uint16_t id, struct rst_view value,
                uint64_t after, uint64_t *ids, size_t max, size_t *ret_n)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view row, nothing;
	enum rst_match match;
	struct rst_index_key prefix;
	const char *name;
	enum rst_err err;
	size_t n = 0;

	if (after == UINT64_MAX || max == 0) {
		*ret_n = 0;
		return RST_OK;
	}
	err = rst_attr_name(txn, id, &name, &match);
	if (err == RST_OK)
		err = rst_index_key_equal(id, match, value, &prefix);
	if (err == RST_OK)
		err = rst_index_gathers(id, RST_INDEX_EQUAL)
		              ? rst_cursor_open(txn, RST_T_INDEX, &cursor)
		              : rst_cursor_open_early(txn, RST_T_INDEX,
		                                      &cursor);
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
	struct rst_index_key low, high;
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
		err = rst_index_key_order(id, match, low, &range->low);
	else
		rst_index_key_begin(&range->low, id, RST_INDEX_ORDER);
	range->has_high = high.ptr != NULL;
	if (err == RST_OK && range->has_high)
		err = rst_index_key_order(id, match, high, &range->high);
	return err;
}

static bool
range_holds(const struct range *range, struct rst_view row)
{
	struct rst_view value;

	if (row.len < RST_INDEX_HEAD + 8 ||
	    memcmp(row.ptr, range->low.bytes, RST_INDEX_HEAD) != 0)
		return false;
	value = rst_view(row.ptr, row.len - 8);
	return !range->has_high ||
	       rst_index_compare(value, rst_index_key_view(&range->high)) <= 0;
}

enum rst_err
rst_index_range(const struct rst_rtxn *txn, uint16_t id, struct rst_view low,
                struct rst_view high, struct rst_index_cursor *cursor,
                uint64_t *ids, size_t max, size_t *ret_n)
{
	struct rst_cursor walk = { 0 };
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
	                       : rst_index_key_view(&range.low);
	err = cursor->len > 0 ? rst_cursor_after(&walk, last, &row, &value)
	                      : rst_cursor_seek(&walk, last, &row, &value);
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
meet(struct rst_cursor *cursor, const struct rst_index_key *prefix,
     size_t n_prefix, uint64_t from, uint64_t *ret_id)
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
           struct rst_index_key *keys, size_t *ret_n)
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
		while (n < PIECE_GRAMS &&
		       rst_index_next_gram(normal.text, &at, &gram))
			rst_index_key_gram(id, gram, &keys[n++]);
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
	struct rst_cursor cursor = { 0 };
	struct rst_index_key keys[PIECE_GRAMS];
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
