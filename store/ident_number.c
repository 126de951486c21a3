/* SPDX-License-Identifier: OLDAP-2.8 */
/* ident_number.c - which numbers are free
 *
 * Numbers of a range are given out upwards: table meta has the one given out
 * last, as "high-KIND-FIRST".  Once a range was used up to its end the numbers
 * that became free meanwhile are looked for from its start, and that walk must
 * not begin anew for everybody who comes: "low-KIND-FIRST" says how far it got,
 * and a number below it that becomes free has a row from then on.  For
 * uidNumbers (kind 1) from 10000, up to 10006 looked at, 10003 free since:
 *
 *	high-1-10000	-> 10005
 *	low-1-10000	-> 10007
 *	free-1-2713	-> 10003
 *
 * A range without its row of "low-" was not looked at yet.  Free rows are a
 * hint that is checked: a Roster of before them takes a number and leaves its
 * row.  The digits of keys are hexadecimal, so that they sort as they count.
 */
#include <inttypes.h>
#include <stdio.h>

#include "store/ident_priv.h"

#define NAME_BYTES     48
#define NUMBER_KEY_LEN 14 /* kind(1) 4(1) number(4) id(8) */
#define PREFIX_LEN     6

/* What the rows of a number begin with. */
static struct rst_view
prefix_of(enum rst_ident kind, uint32_t number, char buf[PREFIX_LEN])
{
	buf[0] = (char)kind;
	buf[1] = 4;
	rst_put_be32(buf + 2, number);
	return rst_view(buf, PREFIX_LEN);
}

/* The number of a row of this kind; false for a row of another one. */
static bool
row_number(struct rst_view key, enum rst_ident kind, uint32_t *ret_number)
{
	if (key.len != NUMBER_KEY_LEN || key.ptr[0] != (char)kind ||
	    key.ptr[1] != 4)
		return false;
	*ret_number = rst_get_be32(key.ptr + 2);
	return true;
}

static void
high_name(enum rst_ident kind, uint32_t first, char buf[NAME_BYTES])
{
	(void)snprintf(buf, NAME_BYTES, "high-%d-%" PRIu32, (int)kind, first);
}

static void
low_name(enum rst_ident kind, uint32_t first, char buf[NAME_BYTES])
{
	(void)snprintf(buf, NAME_BYTES, "low-%d-%08" PRIx32, (int)kind, first);
}

static void
free_name(enum rst_ident kind, uint32_t number, char buf[NAME_BYTES])
{
	(void)snprintf(buf, NAME_BYTES, "free-%d-%08" PRIx32, (int)kind,
	               number);
}

/* The number at the end of the first key of this kind at or behind name. */
static enum rst_err
next_named(const struct rst_rtxn *txn, const char *name, uint32_t *ret_number)
{
	uint64_t number;
	enum rst_err err = rst_meta_next(txn, name, 8, &number);

	if (err == RST_OK)
		*ret_number = (uint32_t)number;
	return err;
}

enum rst_err
rst_number_range_next(const struct rst_rtxn *txn,
                      struct rst_number_range *range)
{
	char name[NAME_BYTES];
	enum rst_err err;

	low_name(range->kind, range->first, name);
	err = next_named(txn, name, &range->first);
	if (err != RST_OK)
		return err;
	low_name(range->kind, range->first, name);
	err = rst_meta_number(txn, name, &range->low);
	/* no range reaches so far, and who counts on must not begin anew */
	if (err == RST_OK &&
	    (range->first == RST_NO_NUMBER || range->low > RST_NO_NUMBER))
		err = RST_ECORRUPT;
	return err;
}

/* Of the ranges that were looked at, number is within one. */
static enum rst_err
was_looked_at(const struct rst_rtxn *txn, enum rst_ident kind, uint32_t number,
              bool *ret_was)
{
	struct rst_number_range range = { .kind = kind };
	enum rst_err err;

	*ret_was = false;
	while ((err = rst_number_range_next(txn, &range)) == RST_OK &&
	       range.first <= number) {
		if (number < range.low) {
			*ret_was = true;
			break;
		}
		range.first++; /* not above number, so it does not wrap */
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
free_row_put(struct rst_wtxn *txn, enum rst_ident kind, uint32_t number)
{
	char name[NAME_BYTES];

	free_name(kind, number, name);
	return rst_meta_set_number(txn, name, number);
}

static enum rst_err
free_row_drop(struct rst_wtxn *txn, enum rst_ident kind, uint32_t number)
{
	char name[NAME_BYTES];
	enum rst_err err;

	free_name(kind, number, name);
	err = rst_db_drop(txn, RST_T_META, rst_view_of(name));
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static bool
is_number(struct rst_view key, enum rst_ident *ret_kind, uint32_t *ret_number)
{
	static const enum rst_ident kinds[] = { RST_IDENT_UIDNUMBER,
		                                RST_IDENT_GIDNUMBER };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (row_number(key, kinds[i], ret_number)) {
			*ret_kind = kinds[i];
			return true;
		}
	return false;
}

enum rst_err
rst_number_row_went(struct rst_wtxn *txn, struct rst_view key)
{
	struct rst_ident_owner owner;
	enum rst_ident kind;
	uint32_t number;
	bool known;
	enum rst_err err;

	if (!is_number(key, &kind, &number))
		return RST_OK;
	err = was_looked_at(&txn->r, kind, number, &known);
	if (err != RST_OK || !known)
		return err;
	err = rst_ident_number_owner(&txn->r, kind, number, 0, &owner);
	return err == RST_ENOTFOUND ? free_row_put(txn, kind, number) : err;
}

enum rst_err
rst_number_row_came(struct rst_wtxn *txn, struct rst_view key)
{
	enum rst_ident kind;
	uint32_t number;

	return is_number(key, &kind, &number) ? free_row_drop(txn, kind, number)
	                                      : RST_OK;
}

/* The lowest number from first to last that has no row; one walk of those
 * that have.  RST_EFULL. */
static enum rst_err
first_free(const struct rst_rtxn *txn, enum rst_ident kind, uint32_t first,
           uint32_t last, uint32_t *ret_number)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	uint64_t free_one = first;
	uint32_t number;
	char from[PREFIX_LEN];
	enum rst_err err;

	err = rst_cursor_open(txn, RST_T_IDENT, &cursor);
	if (err == RST_OK)
		err = rst_cursor_seek(&cursor, prefix_of(kind, first, from),
		                      &key, &value);
	while (err == RST_OK && free_one <= last) {
		if (!row_number(key, kind, &number) || number > free_one)
			break;
		free_one = (uint64_t)number + 1;
		err = rst_cursor_next(&cursor, &key, &value);
	}
	rst_cursor_close(&cursor);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	if (free_one > last)
		return RST_EFULL;
	*ret_number = (uint32_t)free_one;
	return RST_OK;
}

/* The highest number from first to last that has a row; first - 1 for none. */
static enum rst_err
highest_taken(const struct rst_rtxn *txn, enum rst_ident kind, uint32_t first,
              uint32_t last, uint64_t *ret_number)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	char from[NUMBER_KEY_LEN];
	uint32_t number;
	enum rst_err err;

	(void)prefix_of(kind, last, from);
	memset(from + PREFIX_LEN, 0xff, 8); /* behind all rows of last */
	err = rst_cursor_open(txn, RST_T_IDENT, &cursor);
	if (err != RST_OK)
		goto out;
	err = rst_cursor_seek(&cursor, rst_view(from, sizeof(from)), &key,
	                      &value);
	err = err == RST_OK ? rst_cursor_previous(&cursor, &key, &value)
	                    : rst_cursor_last(&cursor, &key, &value);
	if (err == RST_OK && row_number(key, kind, &number) && number >= first)
		*ret_number = number;
	else if (err == RST_OK || err == RST_ENOTFOUND)
		*ret_number = (uint64_t)first - 1;
	if (err == RST_ENOTFOUND)
		err = RST_OK;
out:
	rst_cursor_close(&cursor);
	return err;
}

/* The lowest number from first to last that has a free row, and no other. */
static enum rst_err
lowest_listed(struct rst_wtxn *txn, enum rst_ident kind, uint32_t first,
              uint32_t last, uint32_t *ret_number)
{
	struct rst_ident_owner owner;
	char name[NAME_BYTES];
	uint32_t number;
	enum rst_err err;

	for (;;) {
		free_name(kind, first, name);
		err = next_named(&txn->r, name, &number);
		if (err == RST_ENOTFOUND || (err == RST_OK && number > last))
			return RST_EFULL;
		if (err != RST_OK)
			return err;
		err = rst_ident_number_owner(&txn->r, kind, number, 0, &owner);
		if (err == RST_ENOTFOUND)
			break;
		if (err == RST_OK)
			err = free_row_drop(txn, kind, number);
		if (err != RST_OK)
			return err;
	}
	*ret_number = number;
	return RST_OK;
}

/* The lowest free number from "from" to last: first of those below low that
 * are listed, then of those from there on, which moves low up. */
static enum rst_err
next_free(struct rst_wtxn *txn, struct rst_number_range *range, uint64_t from,
          uint32_t last, uint32_t *ret_number)
{
	uint64_t end = range->low <= last ? range->low - 1 : last;
	enum rst_err err = RST_EFULL;

	if (from < range->low) {
		err = lowest_listed(txn, range->kind, (uint32_t)from,
		                    (uint32_t)end, ret_number);
		if (err != RST_EFULL)
			return err;
		from = range->low;
	}
	if (from > last)
		return RST_EFULL;
	err = first_free(&txn->r, range->kind, (uint32_t)from, last,
	                 ret_number);
	if (from == range->low && err == RST_OK)
		range->low = *ret_number;
	else if (from == range->low && err == RST_EFULL)
		range->low = (uint64_t)last + 1;
	return err;
}

/* The number given out last is where the walk stopped: it was taken since, or
 * is free and must be listed to be passed. */
static enum rst_err
pass_high(struct rst_wtxn *txn, struct rst_number_range *range, uint64_t high)
{
	struct rst_ident_owner owner;
	enum rst_err err;

	if (range->low == 0 || range->low != high)
		return RST_OK;
	err = rst_ident_number_owner(&txn->r, range->kind, (uint32_t)high, 0,
	                             &owner);
	if (err == RST_ENOTFOUND)
		err = free_row_put(txn, range->kind, (uint32_t)high);
	if (err == RST_OK)
		range->low++;
	return err;
}

/* The lowest free number above high, else the lowest. */
static enum rst_err
next_or_first(struct rst_wtxn *txn, struct rst_number_range *range,
              uint64_t high, uint32_t last, uint32_t *ret_number)
{
	enum rst_err err = pass_high(txn, range, high);

	if (err == RST_OK && high < last)
		err = next_free(txn, range, high + 1, last, ret_number);
	else if (err == RST_OK)
		err = RST_EFULL;
	if (err != RST_EFULL)
		return err;
	if (range->low == 0)
		range->low = range->first;
	return next_free(txn, range, range->first, last, ret_number);
}

enum rst_err
rst_ident_allocate(struct rst_wtxn *txn, enum rst_ident kind, uint32_t first,
                   uint32_t last, uint32_t *ret_number)
{
	struct rst_number_range range = { .kind = kind, .first = first };
	char high_key[NAME_BYTES], low_key[NAME_BYTES];
	uint64_t high = 0, low;
	enum rst_err err, put = RST_OK;

	if (first == 0 || first > last || last == RST_NO_NUMBER ||
	    (kind != RST_IDENT_UIDNUMBER && kind != RST_IDENT_GIDNUMBER))
		return RST_EINVALID;
	high_name(kind, first, high_key);
	low_name(kind, first, low_key);
	err = rst_meta_number(&txn->r, high_key, &high);
	if (err == RST_OK)
		err = rst_meta_number(&txn->r, low_key, &range.low);
	low = range.low;
	if (err == RST_OK && high == 0)
		err = highest_taken(&txn->r, kind, first, last, &high);
	if (err != RST_OK)
		return err;
	err = next_or_first(txn, &range, high, last, ret_number);
	if (err == RST_OK)
		put = rst_meta_set_number(txn, high_key, *ret_number);
	if (put == RST_OK && range.low != low &&
	    (err == RST_OK || err == RST_EFULL))
		put = rst_meta_set_number(txn, low_key, range.low);
	return put != RST_OK ? put : err;
}

enum rst_err
rst_number_unlisted(const struct rst_rtxn *txn,
                    const struct rst_number_range *range, uint32_t *ret_number)
{
	uint64_t from = range->first, value;
	char name[NAME_BYTES];
	uint32_t number;
	enum rst_err err = RST_OK;

	while (err == RST_OK && from < range->low) {
		err = first_free(txn, range->kind, (uint32_t)from,
		                 (uint32_t)(range->low - 1), &number);
		if (err == RST_EFULL)
			break;
		if (err != RST_OK)
			return err;
		free_name(range->kind, number, name);
		err = rst_meta_number(txn, name, &value);
		if (err == RST_OK && value != number) {
			*ret_number = number;
			return RST_OK;
		}
		from = (uint64_t)number + 1;
	}
	return err == RST_OK || err == RST_EFULL ? RST_ENOTFOUND : err;
}

enum rst_err
rst_number_range_drop(struct rst_wtxn *txn,
                      const struct rst_number_range *range)
{
	char name[NAME_BYTES];
	enum rst_err err;

	low_name(range->kind, range->first, name);
	err = rst_db_drop(txn, RST_T_META, rst_view_of(name));
	return err == RST_ENOTFOUND ? RST_OK : err;
}

enum rst_err
rst_ident_used(const struct rst_rtxn *txn, enum rst_ident kind, uint32_t first,
               uint32_t last, uint64_t *ret_n)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	uint32_t number, before = 0;
	char from[PREFIX_LEN];
	uint64_t n = 0;
	enum rst_err err;

	err = rst_cursor_open(txn, RST_T_IDENT, &cursor);
	if (err == RST_OK)
		err = rst_cursor_seek(&cursor, prefix_of(kind, first, from),
		                      &key, &value);
	for (; err == RST_OK; err = rst_cursor_next(&cursor, &key, &value)) {
		if (!row_number(key, kind, &number) || number > last)
			break;
		n += n == 0 || number != before; /* two may share one */
		before = number;
	}
	rst_cursor_close(&cursor);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_n = n;
	return RST_OK;
}
