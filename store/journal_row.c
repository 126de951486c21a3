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

static bool
undoes(const struct rst_journal_row *a, const struct rst_journal_row *b)
{
	return a->added != b->added && a->attr == b->attr && a->len == b->len &&
	       memcmp(a->text, b->text, a->len) == 0;
}

/* A row that went and came again in another way changed no value. */
static void
cancel(struct rst_journal_rows *rows)
{
	size_t i = 0, j;

	while (i < rows->n) {
		for (j = i + 1; j < rows->n; j++)
			if (undoes(&rows->items[i], &rows->items[j]))
				break;
		if (j == rows->n) {
			i++;
			continue;
		}
		free(rows->items[j].text);
		free(rows->items[i].text);
		rows->n--;
		memmove(&rows->items[j], &rows->items[j + 1],
		        (rows->n - j) * sizeof(rows->items[0]));
		rows->n--;
		memmove(&rows->items[i], &rows->items[i + 1],
		        (rows->n - i) * sizeof(rows->items[0]));
	}
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
		cancel(rows);
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
