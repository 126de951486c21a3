/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_rows.c - the rows that a record must have, sorted to be found */
#include <stdlib.h>

#include "store/check_priv.h"

static enum rst_err
collect(void *arg, struct rst_view key, struct rst_view value)
{
	struct rst_rows *rows = arg;
	struct rst_row *grown;
	size_t room;

	if (key.len > sizeof(grown->key))
		return RST_ECORRUPT;
	if (rows->n == rows->room) {
		room = rows->room == 0 ? 64 : rows->room * 2;
		grown = realloc(rows->items, room * sizeof(*grown));
		if (grown == NULL)
			return RST_ENOMEM;
		rows->items = grown;
		rows->room = room;
	}
	grown = &rows->items[rows->n++];
	memcpy(grown->key, key.ptr, key.len);
	grown->len = key.len;
	grown->value = value.len > 0 ? value.ptr[0] : 0;
	return RST_OK;
}

static int
compare(const void *a, const void *b)
{
	const struct rst_row *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->key, y->key, len);

	if (order != 0)
		return order;
	return (x->len > y->len) - (x->len < y->len);
}

enum rst_err
rst_rows_of(const struct rst_rtxn *txn, rst_rows_fn *rows_of,
            const struct rst_record *record, struct rst_rows *rows)
{
	size_t n = 0;
	enum rst_err err;

	rows->n = 0;
	err = rows_of(txn, record, collect, rows);
	if (err != RST_OK || rows->n == 0)
		return err;
	qsort(rows->items, rows->n, sizeof(*rows->items), compare);
	for (size_t i = 1; i < rows->n; i++)
		if (compare(&rows->items[n], &rows->items[i]) != 0)
			rows->items[++n] = rows->items[i];
	rows->n = n + 1;
	return RST_OK;
}

const struct rst_row *
rst_rows_find(const struct rst_rows *rows, struct rst_view key)
{
	struct rst_row row = { .len = key.len };

	if (rows->n == 0 || key.len > sizeof(row.key))
		return NULL;
	memcpy(row.key, key.ptr, key.len);
	return bsearch(&row, rows->items, rows->n, sizeof(row), compare);
}

void
rst_rows_release(struct rst_rows *rows)
{
	free(rows->items);
	*rows = (struct rst_rows){ 0 };
}
