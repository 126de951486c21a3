/* SPDX-License-Identifier: OLDAP-2.8 */
/* member_count.c - how many members a group has
 *
 * Nobody shall walk a million rows to say how many they are.  Table meta has
 * their number, and how many of them end at which moment; of group 5 with
 * 100,000 rows of table member, of which three end at 1798761600:
 *
 *	members-0000000000000005			-> 100000
 *	ends-0000000000000005-000000006b36ec80		-> 3
 *
 * Who asks takes off those that have ended; the daily tasks take such rows
 * away, so there are few.  Both are changed in the transaction that changes
 * the rows of table member.  What it does to one group is added up in memory,
 * and written when it comes to another one and when it commits: a hundred
 * thousand members of one group are one row here.
 *
 * A group of SMALL rows or fewer has nothing of this, which is quicker walked
 * than kept.  A larger one of which nothing is kept is one of a Roster of
 * before: it is walked, and kept from the next change of its rows on.
 */
#include "store/member_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SMALL      RST_MCOUNT_SMALL
#define NAME_BYTES 48
#define HEX_DIGITS 16 /* of an id or a moment, so that they sort as numbers */

static void
members_name(uint64_t group, char buf[NAME_BYTES])
{
	(void)snprintf(buf, NAME_BYTES, RST_MCOUNT_MEMBERS "%016" PRIx64,
	               group);
}

static void
ends_name(uint64_t group, int64_t until_s, char buf[NAME_BYTES])
{
	(void)snprintf(buf, NAME_BYTES,
	               RST_MCOUNT_ENDS "%016" PRIx64 "-%016" PRIx64, group,
	               (uint64_t)until_s);
}

static enum rst_err
drop_row(struct rst_wtxn *txn, const char *name)
{
	enum rst_err err = rst_db_drop(txn, RST_T_META, rst_view_of(name));

	return err == RST_ENOTFOUND ? RST_OK : err;
}

enum rst_err
rst_mcount_kept(const struct rst_rtxn *txn, uint64_t group, uint64_t *ret_n)
{
	char name[NAME_BYTES];

	members_name(group, name);
	return rst_meta_number(txn, name, ret_n);
}

bool
rst_mcount_group(struct rst_view key, uint64_t *ret_group)
{
	static const struct rst_view kinds[] = { RST_VIEW(RST_MCOUNT_MEMBERS),
		                                 RST_VIEW(RST_MCOUNT_ENDS) };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (key.len >= kinds[i].len + HEX_DIGITS &&
		    rst_view_starts(key, kinds[i]))
			return rst_meta_digits(rst_view(key.ptr + kinds[i].len,
			                                HEX_DIGITS),
			                       ret_group) == RST_OK;
	return false;
}

enum rst_err
rst_mcount_next_end(const struct rst_rtxn *txn, uint64_t group,
                    int64_t *until_s, uint64_t *ret_n)
{
	char name[NAME_BYTES];
	uint64_t found;
	enum rst_err err;

	ends_name(group, *until_s, name);
	err = rst_meta_next(txn, name, HEX_DIGITS, &found);
	if (err != RST_OK)
		return err;
	*until_s = (int64_t)found;
	ends_name(group, *until_s, name);
	return rst_meta_number(txn, name, ret_n);
}

enum rst_err
rst_mcount_forget(struct rst_wtxn *txn, uint64_t group)
{
	char name[NAME_BYTES];
	uint64_t found;
	enum rst_err err;

	members_name(group, name);
	err = drop_row(txn, name);
	while (err == RST_OK) {
		ends_name(group, 0, name);
		err = rst_meta_next(&txn->r, name, HEX_DIGITS, &found);
		if (err != RST_OK)
			break;
		ends_name(group, (int64_t)found, name);
		err = rst_db_drop(txn, RST_T_META, rst_view_of(name));
		if (err == RST_ENOTFOUND)
			return RST_ECORRUPT; /* it was there */
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* As many more or fewer rows of group end at until_s. */
static enum rst_err
change_end(struct rst_wtxn *txn, uint64_t group, int64_t until_s, int by)
{
	uint64_t n = 0;
	char name[NAME_BYTES];
	enum rst_err err;

	ends_name(group, until_s, name);
	err = rst_meta_number(&txn->r, name, &n);
	if (err == RST_ECORRUPT || (err == RST_OK && by < 0 && n == 0))
		return rst_mcount_forget(txn, group); /* better none */
	if (err != RST_OK)
		return err;
	n += (uint64_t)(int64_t)by;
	return n == 0 ? drop_row(txn, name) : rst_meta_set_number(txn, name, n);
}

/* The same where something is kept of group; until_s 0: nothing. */
static enum rst_err
change_kept_end(struct rst_wtxn *txn, uint64_t group, int64_t until_s, int by)
{
	uint64_t n = 0;
	enum rst_err err;

	if (until_s == 0)
		return RST_OK;
	err = rst_mcount_kept(&txn->r, group, &n);
	if (err == RST_ECORRUPT)
		return rst_mcount_forget(txn, group);
	return err == RST_OK && n > 0 ? change_end(txn, group, until_s, by)
	                              : err;
}

/* Walk the rows of group, no more than at_most that live; each() may be NULL
 * and is called for those that end. */
typedef enum rst_err each_end(void *arg, int64_t until_s);

static enum rst_err
walk(const struct rst_rtxn *txn, uint64_t group, uint64_t at_most,
     each_end *each, void *arg, uint64_t *ret_living)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	int64_t until_s;
	uint64_t n = 0;
	char prefix[8];
	enum rst_err err;

	rst_put_be64(prefix, group);
	err = rst_cursor_open(txn, RST_T_MEMBER, &cursor);
	if (err == RST_OK)
		err = rst_cursor_seek(&cursor, rst_view(prefix, 8), &key,
		                      &value);
	while (err == RST_OK && n < at_most &&
	       rst_view_starts(key, rst_view(prefix, 8))) {
		until_s = rst_mrow_until(value);
		n += rst_mrow_lives(txn, value) ? 1 : 0;
		if (until_s != 0 && each != NULL)
			err = each(arg, until_s);
		if (err == RST_OK)
			err = rst_cursor_next(&cursor, &key, &value);
	}
	rst_cursor_close(&cursor);
	*ret_living = n;
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* Moments of rows that end, collected: nothing is written during a walk. */
struct ends {
	int64_t *at;
	size_t n, room;
};

static enum rst_err
collect(void *arg, int64_t until_s)
{
	struct ends *ends = arg;
	size_t room = ends->room == 0 ? 16 : ends->room * 2;
	int64_t *at;

	if (ends->n == ends->room) {
		at = realloc(ends->at, room * sizeof(*at));
		if (at == NULL)
			return RST_ENOMEM;
		ends->at = at;
		ends->room = room;
	}
	ends->at[ends->n++] = until_s;
	return RST_OK;
}

enum rst_err
rst_mcount_keep(struct rst_wtxn *txn, uint64_t group)
{
	const int64_t now_s = txn->r.now_s;
	struct ends ends = { 0 };
	char name[NAME_BYTES];
	uint64_t n = 0;
	enum rst_err err;

	txn->r.now_s = 0; /* rows that have ended are rows */
	err = walk(&txn->r, group, SMALL + 1, NULL, NULL, &n);
	if (err == RST_OK && n > SMALL)
		err = walk(&txn->r, group, UINT64_MAX, collect, &ends, &n);
	txn->r.now_s = now_s;
	members_name(group, name);
	if (err == RST_OK && n > SMALL)
		err = rst_mcount_forget(txn, group);
	if (err == RST_OK && n > SMALL)
		err = rst_meta_set_number(txn, name, n);
	for (size_t i = 0; err == RST_OK && i < ends.n; i++)
		err = change_end(txn, group, ends.at[i], 1);
	free(ends.at);
	return err;
}

enum rst_err
rst_mcount_settle(struct rst_wtxn *txn)
{
	struct rst_mcount *count = &txn->r.env->mcount;
	const int64_t by = count->by;
	const uint64_t group = count->group;
	char name[NAME_BYTES];
	uint64_t n = 0;
	enum rst_err err;

	count->by = 0;
	if (by == 0)
		return RST_OK;
	err = rst_mcount_kept(&txn->r, group, &n);
	if (err == RST_ECORRUPT ||
	    (err == RST_OK && n > 0 && by < 0 && n < (uint64_t)-by)) {
		n = 0;
		err = rst_mcount_forget(txn, group);
	}
	if (err != RST_OK)
		return err;
	if (n == 0)
		return rst_mcount_keep(txn, group);
	n += (uint64_t)by;
	if (n <= SMALL)
		return rst_mcount_forget(txn, group);
	members_name(group, name);
	return rst_meta_set_number(txn, name, n);
}

enum rst_err
rst_mcount_change(struct rst_wtxn *txn, uint64_t group, int by, int64_t was_s,
                  int64_t is_s)
{
	struct rst_mcount *count = &txn->r.env->mcount;
	enum rst_err err = RST_OK;

	if (count->group != group) {
		err = rst_mcount_settle(txn);
		count->group = group;
	}
	count->by += by;
	if (err == RST_OK && was_s != is_s) {
		err = change_kept_end(txn, group, was_s, -1);
		if (err == RST_OK)
			err = change_kept_end(txn, group, is_s, 1);
	}
	return err;
}

/* What the transaction did that is not settled yet. */
static int64_t
not_settled(const struct rst_rtxn *txn, uint64_t group)
{
	const struct rst_env *env = txn->env;

	return atomic_load(&env->writer) == txn->mdb &&
	                       env->mcount.group == group
	               ? env->mcount.by
	               : 0;
}

/* From what is kept; false where that is nothing, or does not add up. */
static bool
kept_living(const struct rst_rtxn *txn, uint64_t group, uint64_t *ret_n)
{
	int64_t until_s = 0;
	uint64_t n = 0, ended = 0, these = 0;
	enum rst_err err;

	if (rst_mcount_kept(txn, group, &n) != RST_OK || n == 0)
		return false;
	n += (uint64_t)not_settled(txn, group);
	while (until_s < txn->now_s) {
		until_s++;
		err = rst_mcount_next_end(txn, group, &until_s, &these);
		if (err == RST_ENOTFOUND)
			break;
		if (err != RST_OK)
			return false;
		if (until_s <= txn->now_s)
			ended += these;
	}
	*ret_n = n - ended;
	return ended <= n;
}

uint64_t
rst_member_count(const struct rst_rtxn *txn, uint64_t group)
{
	uint64_t n = 0;

	if (!kept_living(txn, group, &n))
		(void)walk(txn, group, UINT64_MAX, NULL, NULL, &n);
	return n;
}

enum rst_err
rst_member_lives(const struct rst_rtxn *txn, uint64_t group, bool *ret_lives)
{
	uint64_t n = 0;
	enum rst_err err = walk(txn, group, 1, NULL, NULL, &n);

	if (err == RST_OK)
		*ret_lives = n > 0;
	return err;
}
