/* SPDX-License-Identifier: OLDAP-2.8 */
/* index_gather.c - keys of rows, kept to be sorted
 *
 * Fifty rows of a new person lie in as many pages.  Of a thousand new people
 * they lie next to each other: put in their order, a row is found from the one
 * before it, and a page is written once.
 */
#include <stdlib.h>

#include "store/index_priv.h"
#include "store/record_priv.h"

#define KEYS_FIRST  64
#define BYTES_FIRST 2048
#define BYTES_MAX   (64UL * 1024 * 1024) /* of keys, before they are put */
#define LENGTH      2
#define MANY        1024

struct rst_index_gather {
	struct rst_wtxn *txn;
	struct rst_index_keys keys;
};

void
rst_index_keys_release(struct rst_index_keys *keys)
{
	free(keys->bytes);
	free(keys->at);
	memset(keys, 0, sizeof(*keys));
}

static enum rst_err
grow_bytes(struct rst_index_keys *keys, size_t more)
{
	size_t room = keys->room * 2 + more + BYTES_FIRST;
	char *bytes = realloc(keys->bytes, room);

	if (bytes == NULL)
		return RST_ENOMEM;
	keys->bytes = bytes;
	keys->room = room;
	return RST_OK;
}

static enum rst_err
grow_at(struct rst_index_keys *keys)
{
	size_t room = keys->n_room * 2 + KEYS_FIRST;
	struct rst_index_at *at = realloc(keys->at, room * sizeof(*at));

	if (at == NULL)
		return RST_ENOMEM;
	keys->at = at;
	keys->n_room = room;
	return RST_OK;
}

/* Eight bytes of a key as a number that is in their order. */
static uint64_t
head(struct rst_view key, size_t from)
{
	char bytes[8] = { 0 };
	size_t len = key.len > from ? key.len - from : 0;

	memcpy(bytes, key.ptr + from, len < 8 ? len : 8);
	return rst_get_be64(bytes);
}

enum rst_err
rst_index_keys_add(void *arg, struct rst_view key, struct rst_view value)
{
	struct rst_index_keys *keys = arg;
	enum rst_err err = RST_OK;

	(void)value;
	if (keys->bytes == NULL || keys->room - keys->len < key.len + LENGTH)
		err = grow_bytes(keys, key.len + LENGTH);
	if (err == RST_OK && keys->n == keys->n_room)
		err = grow_at(keys);
	if (err != RST_OK)
		return err;
	rst_put_be16(keys->bytes + keys->len, (uint16_t)key.len);
	memcpy(keys->bytes + keys->len + LENGTH, key.ptr, key.len);
	keys->at[keys->n++] =
		(struct rst_index_at){ head(key, 0), head(key, 8), keys->len };
	keys->len += key.len + LENGTH;
	return RST_OK;
}

struct rst_view
rst_index_keys_at(const struct rst_index_keys *keys, size_t i)
{
	const char *at;

	if (i >= keys->n)
		return rst_view("", 0);
	at = keys->bytes + keys->at[i].offset;
	return rst_view(at + LENGTH, rst_get_be16(at));
}

static int
compare(const void *a, const void *b, void *arg)
{
	const struct rst_index_at *one = a, *other = b;
	const char *x, *y;

	if (one->first != other->first)
		return one->first < other->first ? -1 : 1;
	if (one->second != other->second)
		return one->second < other->second ? -1 : 1;
	x = (const char *)arg + one->offset;
	y = (const char *)arg + other->offset;
	return rst_index_compare(rst_view(x + LENGTH, rst_get_be16(x)),
	                         rst_view(y + LENGTH, rst_get_be16(y)));
}

/* Byte i of the 16 that are kept of a key, the last one first. */
static unsigned int
byte_of(const struct rst_index_at *at, unsigned int i)
{
	return i < 8 ? (at->second >> (8 * i)) & 0xff
	             : (at->first >> (8 * (i - 8))) & 0xff;
}

/* One pass of a radix sort; false: all are of one kind, nothing was moved. */
static bool
distribute(const struct rst_index_at *from, struct rst_index_at *to, size_t n,
           unsigned int byte)
{
	size_t start[256] = { 0 }, sum = 0;

	for (size_t i = 0; i < n; i++)
		start[byte_of(&from[i], byte)]++;
	if (start[byte_of(&from[0], byte)] == n)
		return false;
	for (size_t i = 0; i < 256; i++) {
		size_t count = start[i];

		start[i] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[start[byte_of(&from[i], byte)]++] = from[i];
	return true;
}

/*
 * By the 16 bytes that are kept, in a tenth of the time of qsort(), then by the
 * rest where these are equal.  False: no memory, and nothing was moved.
 */
static bool
sort_many(struct rst_index_keys *keys)
{
	struct rst_index_at *other = malloc(keys->n_room * sizeof(*other));
	struct rst_index_at *swap;
	size_t end;

	if (other == NULL)
		return false;
	for (unsigned int byte = 0; byte < 16; byte++) {
		if (!distribute(keys->at, other, keys->n, byte))
			continue;
		swap = keys->at;
		keys->at = other;
		other = swap;
	}
	free(other);
	for (size_t i = 0; i < keys->n; i = end) {
		for (end = i + 1; end < keys->n &&
		                  keys->at[end].first == keys->at[i].first &&
		                  keys->at[end].second == keys->at[i].second;
		     end++)
			;
		if (end > i + 1)
			qsort_r(keys->at + i, end - i, sizeof(keys->at[0]),
			        compare, keys->bytes);
	}
	return true;
}

void
rst_index_keys_sort(struct rst_index_keys *keys)
{
	size_t n = 0;

	if (keys->n == 0)
		return;
	if (keys->n < MANY || !sort_many(keys))
		qsort_r(keys->at, keys->n, sizeof(keys->at[0]), compare,
		        keys->bytes);
	for (size_t i = 0; i < keys->n; i++)
		if (n == 0 || !rst_view_equal(rst_index_keys_at(keys, n - 1),
		                              rst_index_keys_at(keys, i)))
			keys->at[n++] = keys->at[i];
	keys->n = n;
}

enum rst_err
rst_index_gather(struct rst_wtxn *txn)
{
	struct rst_index_gather *gather;

	if (txn->r.gather != NULL)
		return RST_OK;
	gather = calloc(1, sizeof(*gather));
	if (gather == NULL)
		return RST_ENOMEM;
	gather->txn = txn;
	txn->r.gather = gather;
	return RST_OK;
}

bool
rst_index_gathers(uint16_t id, enum rst_index_kind kind)
{
	return id != RST_A_UID || kind != RST_INDEX_EQUAL;
}

static enum rst_err
put_or_keep(void *arg, struct rst_view key, struct rst_view value)
{
	struct rst_index_gather *gather = arg;
	struct rst_rtxn *txn = &gather->txn->r;
	enum rst_err err;

	if (rst_index_gathers(rst_get_be16(key.ptr),
	                      (enum rst_index_kind)key.ptr[2]))
		return rst_index_keys_add(&gather->keys, key, value);
	txn->gather = NULL; /* the others wait on */
	err = rst_db_put(gather->txn, RST_T_INDEX, key, value, true);
	txn->gather = gather;
	return err;
}

enum rst_err
rst_index_gather_add(struct rst_index_gather *gather,
                     const struct rst_record *record)
{
	enum rst_err err;

	err = rst_index_rows(&gather->txn->r, record, put_or_keep, gather);
	if (err == RST_OK && gather->keys.len > BYTES_MAX)
		err = rst_index_gather_put(gather);
	return err;
}

static enum rst_err
put_all(struct rst_index_gather *gather)
{
	const struct rst_view nothing = RST_VIEW("");
	struct rst_cursor cursor = { 0 };
	enum rst_err err;

	err = rst_cursor_open(&gather->txn->r, RST_T_INDEX, &cursor);
	for (size_t i = 0; i < gather->keys.n && err == RST_OK; i++)
		err = rst_cursor_put(gather->txn->r.env, &cursor,
		                     rst_index_keys_at(&gather->keys, i),
		                     nothing);
	rst_cursor_close(&cursor);
	return err;
}

enum rst_err
rst_index_gather_put(struct rst_index_gather *gather)
{
	struct rst_rtxn *txn = &gather->txn->r;
	enum rst_err err;

	if (gather->keys.n == 0)
		return RST_OK;
	rst_index_keys_sort(&gather->keys);
	txn->gather = NULL; /* or opening the cursor would come here */
	err = put_all(gather);
	txn->gather = gather;
	if (err == RST_OK)
		gather->keys.n = gather->keys.len = 0;
	return err;
}

void
rst_index_gather_free(struct rst_index_gather *gather)
{
	if (gather == NULL)
		return;
	rst_index_keys_release(&gather->keys);
	free(gather);
}
