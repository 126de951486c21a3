/* SPDX-License-Identifier: OLDAP-2.8 */
/* journal_row.c - membership rows of a record as values of attributes
 *
 * Who follows the journal tells others of values, and a row knows its member
 * by number: when the record is read, that entry may be called otherwise or be
 * gone.  So the values are printed when the record is written.
 */
#include <stdlib.h>

#include "store/journal_priv.h"
#include "store/member_priv.h"

#define ROW_BYTES 7 /* at least, of one in a private part */

enum rst_err
rst_journal_rows_add(struct rst_journal_rows *rows, bool added, uint16_t attr,
                     struct rst_view text)
{
	struct rst_journal_row *more;
	size_t room;
	char *copy;

	if (rows->n == rows->room) {
		room = rows->room == 0 ? 4 : rows->room * 2;
		more = realloc(rows->items, room * sizeof(*more));
		if (more == NULL)
			return RST_ENOMEM;
		rows->items = more;
		rows->room = room;
	}
	copy = malloc(text.len + 1);
	if (copy == NULL)
		return RST_ENOMEM;
	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	rows->items[rows->n++] =
		(struct rst_journal_row){ added, attr, copy, text.len };
	return RST_OK;
}

void
rst_journal_rows_release(struct rst_journal_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		free(rows->items[i].text);
	free(rows->items);
	memset(rows, 0, sizeof(*rows));
}

enum rst_err
rst_journal_rows_member(const struct rst_rtxn *txn,
                        const struct rst_record *member, bool added,
                        struct rst_journal_rows *rows)
{
	struct rst_view name = rst_member_name(member);
	char dn[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	err = rst_member_dn(txn, member, false, dn, &len);
	if (err == RST_OK)
		err = rst_journal_rows_add(rows, added, RST_A_MEMBER,
		                           rst_view(dn, len));
	if (err == RST_OK && name.ptr != NULL)
		err = rst_journal_rows_add(rows, added, RST_A_MEMBERUID, name);
	return err;
}

static uint16_t
attr_of(enum rst_via via, char kind)
{
	switch (via) {
	case RST_VIA_UNIQUEMEMBER:
		return RST_A_UNIQUEMEMBER;
	case RST_VIA_MEMBER:
		return RST_A_MEMBER;
	case RST_VIA_MEMBERUID:
		return RST_A_MEMBERUID;
	case RST_VIA_ROSTER:
	case RST_VIA_PRIMARY:
	case RST_VIA_GROUP:
		break;
	}
	return kind == 'n' ? RST_A_MEMBERUID : RST_A_MEMBER;
}

static enum rst_err
add_delta(const struct rst_rtxn *txn, const struct rst_member_delta *delta,
          struct rst_journal_rows *rows)
{
	struct rst_view text = rst_view(delta->text, delta->text_len);
	struct rst_record record;
	struct rst_mkey key;
	enum rst_err err;

	if (!rst_mkey_parse(rst_view(delta->key, delta->key_len), &key))
		return RST_EINVALID;
	if (key.bytes[0] == 'e') {
		err = rst_record_get(txn, rst_mkey_id(&key), &record);
		if (err == RST_OK)
			err = rst_journal_rows_member(txn, &record,
			                              delta->added, rows);
		/* gone in the same transaction: a change of its own */
		return err == RST_ENOTFOUND ? RST_OK : err;
	}
	if (text.len == 0 && !rst_mkey_raw(&key, &text))
		return RST_EINVALID;
	return rst_journal_rows_add(rows, delta->added,
	                            attr_of(delta->via, key.bytes[0]), text);
}

/* By value, and of one value in the order of time. */
static int
compare(const void *a, const void *b)
{
	const struct rst_journal_row *x =
		*(const struct rst_journal_row *const *)a;
	const struct rst_journal_row *y =
		*(const struct rst_journal_row *const *)b;
	int order;

	if (x->attr != y->attr)
		return x->attr < y->attr ? -1 : 1;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	order = memcmp(x->text, y->text, x->len);
	if (order != 0)
		return order;
	return (x > y) - (x < y);
}

static bool
same_value(const struct rst_journal_row *a, const struct rst_journal_row *b)
{
	return a->attr == b->attr && a->len == b->len &&
	       memcmp(a->text, b->text, a->len) == 0;
}

/* Of one value's rows one is kept, of the sign that prevails; none if neither
 * does. */
static void
cancel_value(struct rst_journal_row **rows, size_t n)
{
	size_t came = 0;
	bool kept;

	for (size_t i = 0; i < n; i++)
		came += rows[i]->added ? 1 : 0;
	kept = came * 2 == n;
	for (size_t i = 0; i < n; i++) {
		if (!kept && rows[i]->added == (came * 2 > n)) {
			kept = true;
			continue;
		}
		free(rows[i]->text);
		rows[i]->text = NULL;
	}
}

/* A row that went and came again in another way changed no value. */
static enum rst_err
cancel(struct rst_journal_rows *rows)
{
	struct rst_journal_row **sorted;
	size_t kept = 0, first = 0;

	sorted = calloc(rows->n, sizeof(*sorted));
	if (sorted == NULL)
		return RST_ENOMEM;
	for (size_t i = 0; i < rows->n; i++)
		sorted[i] = &rows->items[i];
	qsort(sorted, rows->n, sizeof(*sorted), compare);
	for (size_t i = 1; i <= rows->n; i++) {
		if (i < rows->n && same_value(sorted[first], sorted[i]))
			continue;
		cancel_value(&sorted[first], i - first);
		first = i;
	}
	free(sorted);
	for (size_t i = 0; i < rows->n; i++)
		if (rows->items[i].text != NULL)
			rows->items[kept++] = rows->items[i];
	rows->n = kept;
	return RST_OK;
}

/* Both signs among them? */
static bool
is_mixed(const struct rst_journal_rows *rows)
{
	for (size_t i = 1; i < rows->n; i++)
		if (rows->items[i].added != rows->items[0].added)
			return true;
	return false;
}

enum rst_err
rst_journal_rows_of(const struct rst_rtxn *txn,
                    const struct rst_journal_entry *entry,
                    struct rst_journal_rows *rows)
{
	const struct rst_member_deltas *deltas = entry->deltas;
	const struct rst_journal_rows *moved = entry->moved;
	const struct rst_journal_row *row;
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && moved != NULL && i < moved->n;
	     i++) {
		row = &moved->items[i];
		err = rst_journal_rows_add(rows, row->added, row->attr,
		                           rst_view(row->text, row->len));
	}
	for (size_t i = 0; err == RST_OK && deltas != NULL && i < deltas->n;
	     i++)
		err = add_delta(txn, &deltas->items[i], rows);
	if (err == RST_OK && is_mixed(rows))
		err = cancel(rows);
	return err;
}

void
rst_journal_rows_put(struct rst_out *out, const struct rst_journal_rows *rows)
{
	rst_out_number(out, rows->n, 4);
	for (size_t i = 0; i < rows->n; i++) {
		rst_out_number(out, rows->items[i].added ? 1 : 0, 1);
		rst_out_number(out, rows->items[i].attr, 2);
		rst_out_text(out,
		             rst_view(rows->items[i].text, rows->items[i].len),
		             4);
	}
}

enum rst_err
rst_journal_rows_get(struct rst_in *in, struct rst_journal_rows *rows)
{
	uint64_t n = rst_in_number(in, 4), added, attr;
	struct rst_view text;
	enum rst_err err = RST_OK;

	if (in->failed || n > in->left.len / ROW_BYTES)
		return RST_ECORRUPT;
	while (err == RST_OK && n-- > 0) {
		added = rst_in_number(in, 1);
		attr = rst_in_number(in, 2);
		text = rst_in_text(in, 4);
		if (in->failed || added > 1 ||
		    !rst_member_is_attr((uint16_t)attr))
			return RST_ECORRUPT;
		err = rst_journal_rows_add(rows, added != 0, (uint16_t)attr,
		                           text);
	}
	return err;
}
