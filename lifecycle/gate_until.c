/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_until.c - memberships that end, and groups in groups
 *
 * rosterMemberUntil of a group says "TIME DN"; store/member_until.c keeps the
 * rows as it says.  At every change of a group the attribute is put in order,
 * in the same record:
 *
 *	before	what has ended, or names nobody who is in it, goes; the rows
 *		of what has ended go as well, so that who was in it can join
 *	after	what names somebody who has just left goes; what was written
 *		now must name a member, once, and a moment to come
 *
 * so that nobody who leaves and comes back meets an end of long ago.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lifecycle/gate_priv.h"
#include "lifecycle/moment.h"
#include "store/tree.h"

#define FIELD "rosterMemberUntil"

/* The group has the member that dn names, itself; *ret_id is 0 for one that
 * is no entry yet. */
static enum rst_err
names_member(const struct rst_rtxn *txn, const struct rst_record *group,
             struct rst_view dn, bool *ret_names, uint64_t *ret_id)
{
	char ndn[RST_NORMAL_MAX];
	size_t len;
	enum rst_err err;

	*ret_names = false;
	*ret_id = 0;
	err = rst_normalise(RST_MATCH_DN, dn, ndn, &len);
	if (err == RST_OK)
		err = rst_member_has(txn, group, RST_A_MEMBER,
		                     rst_view(ndn, len), ret_names);
	if (err == RST_OK && *ret_names)
		err = rst_tree_find(txn, rst_view(ndn, len), ret_id, NULL);
	return err == RST_ENOTFOUND || err == RST_EINVALID ? RST_OK : err;
}

static bool
has_value(const struct rst_record *record, struct rst_view value)
{
	struct rst_attr untils;
	struct rst_view one;

	if (record == NULL ||
	    !rst_record_attr(record, RST_A_ROSTERMEMBERUNTIL, &untils))
		return false;
	while (rst_attr_next(&untils, &one))
		if (rst_view_equal(one, value))
			return true;
	return false;
}

/* Both sides of w as records; before is zero when there is none. */
static enum rst_err
look(const struct gate_write *w, struct rst_record *before,
     struct rst_record *after)
{
	enum rst_err err;

	memset(before, 0, sizeof(*before));
	err = rst_entry_record(w->after, after);
	if (err == RST_OK && w->before != NULL)
		err = rst_entry_record(w->before, before);
	return err;
}

static bool
concerns(const struct gate_write *w, const struct rst_record *after)
{
	struct rst_attr untils;

	return w->after != NULL && after->kind == RST_KIND_GROUP &&
	       rst_record_attr(after, RST_A_ROSTERMEMBERUNTIL, &untils);
}

enum rst_err
gate_until_begin(struct gate *g, struct gate_write *w, struct rst_ids *ended)
{
	struct rst_record before, after;
	struct rst_rtxn all = g->txn->r; /* what has ended is there, too */
	struct rst_view kept[RST_UNTIL_MAX], value, dn;
	struct rst_attr untils;
	int64_t until_s;
	bool names;
	uint64_t id;
	size_t n = 0;
	enum rst_err err;

	if (g->import || w->verb != GATE_MODIFY)
		return RST_OK;
	err = look(w, &before, &after);
	if (err != RST_OK || !concerns(w, &after))
		return err;
	all.now_s = 0;
	(void)rst_record_attr(&after, RST_A_ROSTERMEMBERUNTIL, &untils);
	while (err == RST_OK && rst_attr_next(&untils, &value)) {
		if (n == RST_UNTIL_MAX)
			return gate_refuse(g, RULE_INVALID_EXPIRY, FIELD,
			                   "at most %d of a group",
			                   RST_UNTIL_MAX);
		if (has_value(&before, value) &&
		    rst_until_parse(value, &until_s, &dn)) {
			err = names_member(&all, &before, dn, &names, &id);
			if (err != RST_OK || !names)
				continue;
			if (until_s <= g->ctx->now_s) {
				if (id != 0)
					err = rst_ids_add(ended, id);
				continue;
			}
		}
		kept[n++] = value;
	}
	/* The values borrow from the entry: it copies before it frees. */
	if (err == RST_OK && n < untils.count)
		err = rst_entry_set(w->after, RST_A_ROSTERMEMBERUNTIL, kept, n);
	return err;
}

enum rst_err
gate_until_drop(struct gate *g, uint64_t group, const struct rst_ids *ended,
                struct rst_member_deltas *deltas)
{
	const int64_t now_s = g->txn->r.now_s;
	enum rst_err err = RST_OK;

	g->txn->r.now_s = 0;
	for (size_t i = 0; err == RST_OK && i < ended->n; i++) {
		err = rst_member_leave(g->txn, group, ended->items[i], deltas);
		if (err == RST_ENOTFOUND)
			err = RST_OK;
	}
	g->txn->r.now_s = now_s;
	return err;
}

/* A value that was written now is lawful; seen are those before it. */
static enum rst_err
check_new(struct gate *g, struct rst_view value, bool is_member,
          int64_t until_s)
{
	if (until_s == 0)
		return gate_refuse(g, RULE_INVALID_EXPIRY, FIELD,
		                   "TIME DN, as 20270101000000Z uid=...");
	if (!is_member)
		return gate_refuse(
			g, RULE_INVALID_EXPIRY, FIELD, "no member: %.*s",
			value.len < 100 ? (int)value.len : 100, value.ptr);
	if (until_s <= g->ctx->now_s)
		return gate_refuse(g, RULE_INVALID_EXPIRY, FIELD,
		                   "it lies in the past");
	return RST_OK;
}

/* The values that stay; *ret_n is how many. */
static enum rst_err
settle(struct gate *g, const struct gate_write *w,
       const struct rst_record *before, const struct rst_record *after,
       struct rst_view kept[RST_UNTIL_MAX], size_t *ret_n)
{
	struct rst_ids seen = { 0 };
	struct rst_view value, dn;
	struct rst_attr untils;
	int64_t until_s;
	bool is_member, twice;
	uint64_t id;
	size_t n = 0;
	enum rst_err err = RST_OK;

	(void)rst_record_attr(after, RST_A_ROSTERMEMBERUNTIL, &untils);
	while (err == RST_OK && rst_attr_next(&untils, &value)) {
		if (n == RST_UNTIL_MAX) {
			err = gate_refuse(g, RULE_INVALID_EXPIRY, FIELD,
			                  "at most %d of a group",
			                  RST_UNTIL_MAX);
			break;
		}
		id = 0;
		if (!rst_until_parse(value, &until_s, &dn))
			until_s = 0;
		/* the rows of one that lies in the past are hidden already */
		is_member = until_s != 0 && until_s <= g->ctx->now_s;
		if (until_s > g->ctx->now_s)
			err = names_member(&g->txn->r, after, dn, &is_member,
			                   &id);
		if (err != RST_OK)
			break;
		twice = id != 0 && rst_ids_has(&seen, id);
		if (g->rules && twice)
			err = gate_refuse(g, RULE_INVALID_EXPIRY, FIELD,
			                  "one end for each member");
		/* gate_rename.c writes old ones anew */
		else if (g->rules && w->moved == NULL &&
		         !has_value(before, value))
			err = check_new(g, value, is_member, until_s);
		if (err == RST_OK && id != 0)
			err = rst_ids_add(&seen, id);
		if (err == RST_OK && is_member)
			kept[n++] = value;
	}
	rst_ids_release(&seen);
	*ret_n = n;
	return err;
}

enum rst_err
gate_until_settle(struct gate *g, struct gate_write *w)
{
	struct rst_record before, after;
	struct rst_view kept[RST_UNTIL_MAX];
	struct rst_attr untils;
	size_t n = 0;
	enum rst_err err;

	if (g->import || w->verb == GATE_DELETE)
		return RST_OK;
	err = look(w, &before, &after);
	if (err != RST_OK || !concerns(w, &after))
		return err;
	(void)rst_record_attr(&after, RST_A_ROSTERMEMBERUNTIL, &untils);
	err = settle(g, w, &before, &after, kept, &n);
	if (err != RST_OK || n == untils.count)
		return err;
	err = rst_entry_set(w->after, RST_A_ROSTERMEMBERUNTIL, kept, n);
	return err == RST_OK ? rst_entry_store_put(g->txn, w->after) : err;
}

enum rst_err
gate_until_add(struct gate *g, struct rst_entry *group, uint64_t member,
               int64_t until_s)
{
	char value[LIFECYCLE_TIME_BYTES + RST_DN_MAX];
	size_t n, len;
	enum rst_err err;

	lifecycle_time_print(until_s, value);
	n = strlen(value);
	value[n++] = ' ';
	err = rst_tree_dn(&g->txn->r, member, value + n, RST_DN_MAX, &len);
	if (err == RST_OK)
		err = rst_entry_add(group, RST_A_ROSTERMEMBERUNTIL,
		                    rst_view(value, n + len));
	return err == RST_EEXISTS ? RST_OK : err;
}

/* Those above it have no more groups in them than may be. */
static enum rst_err
check_size(struct gate *g, const struct rst_ids *groups)
{
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && i < groups->n; i++) {
		struct rst_ids below = { 0 };

		err = rst_member_below(&g->txn->r, groups->items[i], &below,
		                       NULL);
		if (err == RST_OK && below.n > RST_NEST_GROUPS)
			err = gate_refuse(g, RULE_NESTING_LIMIT, "member",
			                  "%d groups in one", RST_NEST_GROUPS);
		rst_ids_release(&below);
	}
	return err;
}

enum rst_err
gate_nesting(struct gate *g, const struct gate_write *w)
{
	struct rst_ids above = { 0 }, below = { 0 };
	unsigned int up = 0, down = 0;
	struct rst_record after;
	enum rst_err err;

	/* it comes in any order, and what is whole in the end was so before */
	if (!g->rules || g->replica || w->verb == GATE_DELETE)
		return RST_OK;
	err = rst_entry_record(w->after, &after);
	if (err != RST_OK || after.kind != RST_KIND_GROUP)
		return err;
	err = rst_member_below(&g->txn->r, w->id, &below, &down);
	if (err == RST_OK && below.n > 0)
		err = rst_member_above(&g->txn->r, w->id, &above, &up);
	if (err != RST_OK || below.n == 0)
		goto out;
	if (rst_ids_has(&below, w->id))
		err = gate_refuse(g, RULE_GROUP_CYCLE, "member", NULL);
	else if (up + 1 + down > RST_NEST_DEPTH)
		err = gate_refuse(g, RULE_NESTING_LIMIT, "member",
		                  "%d groups in one another", RST_NEST_DEPTH);
	if (err == RST_OK)
		err = rst_ids_add(&above, w->id);
	if (err == RST_OK)
		err = check_size(g, &above);
out:
	rst_ids_release(&above);
	rst_ids_release(&below);
	return err;
}
