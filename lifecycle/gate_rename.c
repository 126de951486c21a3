/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_rename.c - groups list what is renamed by its new name
 *
 * A rosterGroup's rows know their members by number, so a rename, of however
 * large a subtree, writes none of them.  But what the group lists has changed,
 * and who keeps a copy (a replica, a log, sssd) must hear of it:
 *
 *	rename	ou=staff -> ou=crew
 *	group	- member: uid=ada,ou=staff,dc=example
 *		+ member: uid=ada,ou=crew,dc=example
 *
 * So each group that has a member at or below the new name is a changed entry,
 * with one record and one CSN.  What its rosterMemberUntil says of such a
 * member is written anew in it.
 *
 * Costs a look at each entry below the new name.
 */
#include <stdlib.h>

#include "lifecycle/gate_priv.h"
#include "store/tree.h"

#define BATCH 64 /* ids taken from the store at a time */

/* What moved in one group. */
struct moved {
	uint64_t group;
	struct rst_journal_rows rows;
};

struct moving {
	struct gate *g;
	struct rst_view from, to; /* DNs of the renamed entry, as written */
	struct moved *items;      /* ascending by group */
	size_t n, room;
};

static void
release(struct moving *moving)
{
	for (size_t i = 0; i < moving->n; i++)
		rst_journal_rows_release(&moving->items[i].rows);
	free(moving->items);
}

static enum rst_err
insert(struct moving *moving, size_t at, uint64_t group)
{
	size_t room = moving->room == 0 ? 16 : moving->room * 2;
	struct moved *items;

	if (moving->n == moving->room) {
		items = realloc(moving->items, room * sizeof(*items));
		if (items == NULL)
			return RST_ENOMEM;
		moving->items = items;
		moving->room = room;
	}
	memmove(moving->items + at + 1, moving->items + at,
	        (moving->n - at) * sizeof(*moving->items));
	moving->items[at] = (struct moved){ .group = group };
	moving->n++;
	return RST_OK;
}

/* The rows of group, which may be new. */
static enum rst_err
rows_of(struct moving *moving, uint64_t group,
        struct rst_journal_rows **ret_rows)
{
	size_t low = 0, high = moving->n, middle;
	enum rst_err err = RST_OK;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (moving->items[middle].group < group)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == moving->n || moving->items[low].group != group)
		err = insert(moving, low, group);
	if (err == RST_OK)
		*ret_rows = &moving->items[low].rows;
	return err;
}

/* The group lists other values for a member of it now. */
static enum rst_err
note(struct moving *moving, uint64_t group, const struct rst_journal_rows *rows)
{
	const struct rst_journal_row *row;
	struct rst_journal_rows *all = NULL;
	struct rst_record record;
	enum rst_err err;

	err = rst_record_get(&moving->g->txn->r, group, &record);
	/* any other keeps what was written */
	if (err != RST_OK || record.kind != RST_KIND_GROUP)
		return err;
	err = rows_of(moving, group, &all);
	for (size_t i = 0; err == RST_OK && i < rows->n; i++) {
		row = &rows->items[i];
		err = rst_journal_rows_add(all, row->added, row->attr,
		                           rst_view(row->text, row->len));
	}
	return err;
}

static enum rst_err
note_all(struct moving *moving, uint64_t member,
         const struct rst_journal_rows *rows)
{
	uint64_t groups[BATCH], last = 0;
	size_t n = BATCH;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH) {
		err = rst_member_of(&moving->g->txn->r, member, last, groups,
		                    BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			last = groups[i];
			err = note(moving, last, rows);
		}
	}
	return err;
}

/* dn, below or at the name from, with to in its place.  False: it is not
 * there, or does not fit. */
static bool
replace(struct rst_view dn, struct rst_view from, struct rst_view to,
        char buf[RST_DN_MAX], struct rst_view *ret_dn)
{
	size_t rest = dn.len - from.len;

	if (dn.len < from.len || rest + to.len >= RST_DN_MAX ||
	    !rst_view_equal(rst_view(dn.ptr + rest, from.len), from) ||
	    (rest > 0 && dn.ptr[rest - 1] != ','))
		return false;
	memcpy(buf, dn.ptr, rest);
	memcpy(buf + rest, to.ptr, to.len);
	buf[rest + to.len] = '\0';
	*ret_dn = rst_view(buf, rest + to.len);
	return true;
}

/* An entry below.  Apart from the walk, lest each of its levels have DNs on
 * the stack: there may be two thousand. */
__attribute__((noinline)) static enum rst_err
move_one(struct moving *moving, uint64_t id)
{
	struct rst_journal_rows rows = { 0 };
	char now[RST_DN_MAX], then[RST_DN_MAX];
	struct rst_view before;
	uint64_t group;
	size_t n, len;
	enum rst_err err;

	err = rst_member_of(&moving->g->txn->r, id, 0, &group, 1, &n);
	if (err != RST_OK || n == 0)
		return err;
	err = rst_tree_dn(&moving->g->txn->r, id, now, sizeof(now), &len);
	if (err == RST_OK && !replace(rst_view(now, len), moving->to,
	                              moving->from, then, &before))
		err = RST_ECORRUPT;
	if (err == RST_OK)
		err = rst_journal_rows_add(&rows, false, RST_A_MEMBER, before);
	if (err == RST_OK)
		err = rst_journal_rows_add(&rows, true, RST_A_MEMBER,
		                           rst_view(now, len));
	if (err == RST_OK)
		err = note_all(moving, id, &rows);
	rst_journal_rows_release(&rows);
	return err;
}

static enum rst_err
move_below(struct moving *moving, uint64_t id)
{
	struct rst_tree_cursor cursor = { 0 };
	uint64_t child;
	size_t n;
	enum rst_err err;

	for (;;) {
		err = rst_tree_children(&moving->g->txn->r, id, &cursor, &child,
		                        1, &n);
		if (err != RST_OK || n == 0)
			return err;
		err = move_one(moving, child);
		if (err == RST_OK)
			err = move_below(moving, child);
		if (err != RST_OK)
			return err;
	}
}

static enum rst_err
rename_untils(struct moving *moving, struct rst_entry *before,
              struct rst_entry *after)
{
	char buf[RST_UNTIL_VALUE];
	struct rst_record record;
	struct rst_attr untils;
	struct rst_view value, renamed;
	enum rst_err err;

	err = rst_entry_record(before, &record);
	if (err != RST_OK ||
	    !rst_record_attr(&record, RST_A_ROSTERMEMBERUNTIL, &untils))
		return err;
	err = rst_entry_set(after, RST_A_ROSTERMEMBERUNTIL, NULL, 0);
	while (err == RST_OK && rst_attr_next(&untils, &value)) {
		err = rst_until_renamed(&moving->g->txn->r, value, moving->from,
		                        moving->to, buf, &renamed);
		if (err == RST_OK)
			err = rst_entry_add(after, RST_A_ROSTERMEMBERUNTIL,
			                    renamed);
	}
	return err;
}

/* The group lists a member by another DN or name: that is all that changed. */
static enum rst_err
touch_group(struct moving *moving, const struct moved *moved)
{
	struct gate *g = moving->g;
	struct gate_write w = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("follow-member"),
		.id = moved->group,
		.moved = &moved->rows,
	};
	enum rst_err err;

	err = gate_load_sides(g, &w);
	if (err == RST_OK)
		err = rename_untils(moving, w.before, w.after);
	return gate_write_sides(g, &w, err);
}

static bool
has_moved(const struct gate_sides *sides)
{
	return sides->before->parent != sides->after->parent ||
	       !rst_view_equal(sides->before->rdn, sides->after->rdn);
}

enum rst_err
gate_follow_name(struct gate *g, const struct gate_sides *sides)
{
	struct rst_journal_rows rows = { 0 };
	struct moving moving = { .g = g };
	const int64_t now_s = g->txn->r.now_s;
	size_t n;
	enum rst_err err;

	if (!has_moved(sides) &&
	    gate_same_values(sides->before, sides->after, RST_A_UID))
		return RST_OK;
	g->txn->r.now_s = 0; /* who has left by the clock is listed, too */
	err = rst_journal_rows_member(&g->txn->r, sides->before, false, &rows);
	n = rows.n;
	if (err == RST_OK)
		err = rst_journal_rows_member(&g->txn->r, sides->after, true,
		                              &rows);
	if (err == RST_OK) { /* the DN comes first of each side */
		moving.from = rst_view(rows.items[0].text, rows.items[0].len);
		moving.to = rst_view(rows.items[n].text, rows.items[n].len);
		err = note_all(&moving, sides->id, &rows);
	}
	if (err == RST_OK && has_moved(sides))
		err = move_below(&moving, sides->id);
	g->txn->r.now_s = now_s;
	for (size_t i = 0; err == RST_OK && i < moving.n; i++)
		err = touch_group(&moving, &moving.items[i]);
	rst_journal_rows_release(&rows);
	release(&moving);
	return err;
}
