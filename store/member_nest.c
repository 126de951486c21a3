/* SPDX-License-Identifier: OLDAP-2.8 */
/* member_nest.c - groups in groups
 *
 * A rosterGroup that is a member of a rosterGroup has rows of a via of its own,
 * so that the groups in one, and those one is in, stand together however many
 * people there are:
 *
 *	member		5 GROUP e 9		sysadmins has operators
 *			9 ROSTER e 7		operators has alice
 *	memberof	e 9 5 GROUP
 *			e 7 9 ROSTER
 *
 * Nothing else is kept: who is in a group by another one is found when it is
 * asked, level by level, and a join is one row wherever the group stands.  Of
 * alice it costs a seek for each group she is in; of sysadmins a seek for each
 * group in it.
 */
#include "store/member_priv.h"

#include <stdlib.h>

static enum rst_err
find_nests(const struct rst_rtxn *txn, uint64_t *ret_nests)
{
	struct rst_view value;
	uint64_t nested;
	enum rst_err err;

	*ret_nests = 0;
	err = rst_meta_number(txn, RST_NESTED, &nested);
	if (err != RST_OK || nested == 0)
		return err;
	err = rst_setting_get(txn, "nested-groups", &value);
	if (err == RST_ENOTFOUND)
		err = rst_setting_get(txn, "lifecycle", &value);
	if (err == RST_OK)
		*ret_nests = rst_view_equal_nocase(value, RST_VIEW("on"));
	return err == RST_ENOTFOUND ? RST_OK : err;
}

enum rst_err
rst_member_nests(const struct rst_rtxn *txn, bool *ret_nests)
{
	uint64_t nests = 0;
	enum rst_err err = RST_OK;

	if (!txn->kept && !rst_fact_get(txn, RST_FACT_NESTS, &nests)) {
		err = find_nests(txn, &nests);
		if (err == RST_OK)
			rst_fact_put(txn, RST_FACT_NESTS, nests);
	}
	*ret_nests = nests != 0;
	return err;
}

void
rst_ids_release(struct rst_ids *ids)
{
	free(ids->items);
	memset(ids, 0, sizeof(*ids));
}

size_t
rst_ids_place(const uint64_t *ids, size_t n, uint64_t id)
{
	size_t low = 0, high = n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
rst_ids_has(const struct rst_ids *ids, uint64_t id)
{
	size_t at = rst_ids_place(ids->items, ids->n, id);

	return at < ids->n && ids->items[at] == id;
}

static enum rst_err
insert(struct rst_ids *ids, size_t at, uint64_t id)
{
	size_t room = ids->room == 0 ? 16 : ids->room * 2;
	uint64_t *items;

	if (ids->n == ids->room) {
		items = realloc(ids->items, room * sizeof(*items));
		if (items == NULL)
			return RST_ENOMEM;
		ids->items = items;
		ids->room = room;
	}
	memmove(ids->items + at + 1, ids->items + at,
	        (ids->n - at) * sizeof(*ids->items));
	ids->items[at] = id;
	ids->n++;
	return RST_OK;
}

enum rst_err
rst_ids_add(struct rst_ids *ids, uint64_t id)
{
	size_t at = rst_ids_place(ids->items, ids->n, id);

	if (at < ids->n && ids->items[at] == id)
		return RST_OK;
	return insert(ids, at, id);
}

/* The groups one step from group, appended to found, which is no set. */
typedef enum rst_err step(const struct rst_rtxn *txn, uint64_t group,
                          struct rst_ids *found);

static enum rst_err
step_up(const struct rst_rtxn *txn, uint64_t group, struct rst_ids *found)
{
	struct rst_mkey key;
	uint64_t id = 0;
	enum rst_via via = 0;
	enum rst_err err;

	rst_mkey_entry(group, &key);
	while ((err = rst_mrow_of_after(txn, &key, &id, &via)) == RST_OK) {
		if (via == RST_VIA_GROUP)
			err = insert(found, found->n, id);
		if (err != RST_OK)
			return err;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
step_down(const struct rst_rtxn *txn, uint64_t group, struct rst_ids *found)
{
	struct rst_mrow row = { 0 };
	struct rst_mkey last = { 0 };
	enum rst_err err;

	while ((err = rst_mrow_after(txn, group, RST_VIA_GROUP,
	                             last.len > 0 ? &last : NULL, &row)) ==
	       RST_OK) {
		last = row.key;
		rst_mrow_release(&row);
		err = insert(found, found->n, rst_mkey_id(&last));
		if (err != RST_OK)
			return err;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/*
 * Level by level from group.  A group that was seen is asked again, for the
 * longest way counts; a level more than may be ends the walk, as in a cycle.
 */
static enum rst_err
walk(const struct rst_rtxn *txn, uint64_t group, step *next,
     struct rst_ids *ids, unsigned int *ret_depth)
{
	struct rst_ids level = { 0 }, further = { 0 };
	unsigned int depth = 0;
	enum rst_err err;

	err = rst_ids_add(&level, group);
	while (err == RST_OK && level.n > 0 && depth <= RST_NEST_DEPTH) {
		further.n = 0;
		for (size_t i = 0; err == RST_OK && i < level.n; i++)
			err = next(txn, level.items[i], &further);
		level.n = 0;
		for (size_t i = 0; err == RST_OK && i < further.n; i++) {
			err = rst_ids_add(&level, further.items[i]);
			if (err == RST_OK)
				err = rst_ids_add(ids, further.items[i]);
		}
		depth += level.n > 0 ? 1 : 0;
	}
	if (err == RST_OK && ret_depth != NULL)
		*ret_depth = depth;
	rst_ids_release(&level);
	rst_ids_release(&further);
	return err;
}

enum rst_err
rst_member_above(const struct rst_rtxn *txn, uint64_t group,
                 struct rst_ids *ids, unsigned int *ret_depth)
{
	return walk(txn, group, step_up, ids, ret_depth);
}

enum rst_err
rst_member_below(const struct rst_rtxn *txn, uint64_t group,
                 struct rst_ids *ids, unsigned int *ret_depth)
{
	return walk(txn, group, step_down, ids, ret_depth);
}

enum rst_err
rst_member_within(const struct rst_rtxn *txn, uint64_t group, uint64_t member,
                  bool *ret_within)
{
	struct rst_ids below = { 0 };
	bool within = false, nests = false;
	enum rst_err err;

	err = rst_member_is(txn, group, member, &within);
	if (err == RST_OK && !within)
		err = rst_member_nests(txn, &nests);
	if (err == RST_OK && nests)
		err = rst_member_below(txn, group, &below, NULL);
	for (size_t i = 0; err == RST_OK && !within && i < below.n; i++)
		err = rst_member_is(txn, below.items[i], member, &within);
	rst_ids_release(&below);
	if (err == RST_OK)
		*ret_within = within;
	return err;
}
