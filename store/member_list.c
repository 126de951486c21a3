/* SPDX-License-Identifier: OLDAP-2.8 */
/* member_list.c - all members of a group at once
 *
 * What rst_member_next() tells one by one, for who wants the whole list: both
 * tables are walked with cursors that stay open.  Rows come in the order of
 * ids, and so do those of table name, which say what is listed; no record is
 * looked at.
 */
#include "store/member_priv.h"

#include <stdlib.h>

#include "store/record_priv.h"
#include "store/tree.h"

#define NEAR      4 /* ids: steps of the cursor are dearer than a search beyond */
#define ENTRY_ROW 18 /* bytes of the key of an entry's row */

struct list {
	const struct rst_rtxn *txn;
	const struct rst_record *group;
	uint16_t attr;
	enum rst_via last;
	bool normal, shared;
	rst_member_each *each;
	void *arg;
	struct rst_cursor rows, names;
	uint64_t at; /* where names stands, 0: nowhere */
	struct rst_view bytes;
	uint64_t parent; /* whose DN is in above and nabove, 0: nobody's */
	size_t above_len, nabove_len;
	char above[RST_DN_MAX + 1], nabove[RST_DN_MAX + 1];
	struct rst_member_cursor last_row; /* for who is in a group in it */
};

/* Move names to a row. */
static enum rst_err
stand(struct list *list, enum rst_err err, struct rst_view key)
{
	list->at = 0;
	if (err != RST_OK)
		return err == RST_ENOTFOUND ? RST_ECORRUPT : err;
	if (key.len != 8)
		return RST_ECORRUPT;
	list->at = rst_get_be64(key.ptr);
	return RST_OK;
}

/* What entry id is called; a member without a name is damage. */
static enum rst_err
find_name(struct list *list, uint64_t id, struct rst_name *ret_name)
{
	char wanted[8];
	struct rst_view key;
	enum rst_err err = RST_OK;

	while (err == RST_OK && list->at != 0 && list->at < id &&
	       id - list->at <= NEAR) {
		err = rst_cursor_next(&list->names, &key, &list->bytes);
		err = stand(list, err, key);
	}
	if (err == RST_OK && list->at != id) {
		rst_put_be64(wanted, id);
		err = rst_cursor_seek(&list->names,
		                      rst_view(wanted, sizeof(wanted)), &key,
		                      &list->bytes);
		err = stand(list, err, key);
	}
	if (err == RST_OK && list->at != id)
		err = RST_ECORRUPT;
	return err == RST_OK ? rst_name_decode(list->bytes, ret_name) : err;
}

/* ",ou=people,..." below which an entry stands. */
static enum rst_err
find_above(struct list *list, uint64_t parent)
{
	enum rst_err err;

	if (parent == list->parent)
		return RST_OK;
	list->parent = 0;
	list->above[0] = list->nabove[0] = ',';
	err = rst_tree_dn(list->txn, parent, list->above + 1, RST_DN_MAX,
	                  &list->above_len);
	list->above_len++;
	if (err == RST_OK && list->normal) {
		err = rst_tree_ndn(list->txn, parent, list->nabove + 1,
		                   RST_DN_MAX, &list->nabove_len);
		list->nabove_len++;
	}
	if (err == RST_OK)
		list->parent = parent;
	return err;
}

static enum rst_err
tell_dn(struct list *list, const struct rst_name *name)
{
	struct rst_member_item item = { .name = name->rdn };
	enum rst_err err = RST_OK;

	if (name->parent != 0) {
		err = find_above(list, name->parent);
		if (err != RST_OK)
			return err;
		item.above = rst_view(list->above, list->above_len);
	}
	if (list->normal) {
		item.nname = name->nrdn;
		if (name->parent != 0)
			item.nabove = rst_view(list->nabove, list->nabove_len);
	}
	if (item.name.len + item.above.len >= RST_DN_MAX ||
	    item.nname.len + item.nabove.len >= RST_DN_MAX)
		return RST_ECORRUPT;
	return list->each(list->arg, &item);
}

static enum rst_err
tell_name(struct list *list, uint64_t id, const struct rst_name *name)
{
	struct rst_member_item item = { .name = name->uid };
	bool listed = false;
	enum rst_err err = RST_OK;

	if (item.name.ptr == NULL)
		return RST_OK;
	if (item.name.len >= RST_DN_MAX)
		return RST_ECORRUPT;
	if (list->shared)
		err = rst_member_namesake(list->txn, list->group->id,
		                          list->last, id, item.name, &listed);
	return err != RST_OK || listed ? err : list->each(list->arg, &item);
}

/* A name or DN that is no entry's. */
static enum rst_err
tell_raw(struct list *list, const struct rst_mrow *row)
{
	struct rst_member_item item = { .name = { NULL, 0 } };

	if ((row->key.bytes[0] == 'n') != (list->attr == RST_A_MEMBERUID))
		return RST_OK;
	if (row->text_len > 0)
		item.name = rst_view(row->text, row->text_len);
	else if (!rst_mkey_raw(&row->key, &item.name))
		return RST_ECORRUPT;
	if (item.name.len >= RST_DN_MAX)
		return RST_ECORRUPT;
	if (list->normal)
		(void)rst_mkey_raw(&row->key, &item.nname);
	return list->each(list->arg, &item);
}

static enum rst_err
tell_entry(struct list *list, uint64_t id)
{
	struct rst_name name;
	enum rst_err err = find_name(list, id, &name);

	if (err != RST_OK)
		return err;
	return list->attr == RST_A_MEMBERUID ? tell_name(list, id, &name)
	                                     : tell_dn(list, &name);
}

static enum rst_err
tell(struct list *list, struct rst_view key, struct rst_view value)
{
	struct rst_mrow row;
	enum rst_err err;

	if (key.len == ENTRY_ROW && key.ptr[9] == 'e' && value.len == 0)
		return tell_entry(list, rst_get_be64(key.ptr + 10));
	err = rst_mrow_decode(key, value, &row);
	if (err == RST_OK && row.key.bytes[0] == 'e')
		return tell_entry(list, rst_mkey_id(&row.key));
	return err == RST_OK ? tell_raw(list, &row) : err;
}

/* The rows of the group by via. */
static enum rst_err
walk(struct list *list, enum rst_via via)
{
	struct rst_member_cursor *last = &list->last_row;
	char prefix[9];
	struct rst_view from = { prefix, sizeof(prefix) }, key, value;
	enum rst_err err;

	rst_put_be64(prefix, list->group->id);
	prefix[8] = (char)via;
	err = rst_cursor_seek(&list->rows, from, &key, &value);
	while (err == RST_OK) {
		if (!rst_view_starts(key, from))
			return RST_OK;
		if (rst_mrow_lives(list->txn, value)) {
			err = tell(list, key, value);
			memcpy(last->key, key.ptr, key.len);
			last->len = key.len;
		}
		if (err == RST_OK)
			err = rst_cursor_next(&list->rows, &key, &value);
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* The rest: who is in a group in it. */
static enum rst_err
tell_below(struct list *list, bool hidden)
{
	struct rst_member_item item = { .name = { NULL, 0 } };
	size_t len;
	enum rst_err err;

	/* nobody's DN is wanted any more */
	while ((err = rst_member_next(list->txn, list->group, list->attr,
	                              hidden, &list->last_row, list->above,
	                              &len)) == RST_OK) {
		item.name = rst_view(list->above, len);
		err = list->each(list->arg, &item);
		if (err != RST_OK)
			return err;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

enum rst_err
rst_member_list(const struct rst_rtxn *txn, const struct rst_record *group,
                uint16_t attr, bool hidden, bool direct, bool normal,
                rst_member_each *each, void *arg)
{
	struct list *list = calloc(1, sizeof(*list));
	unsigned int vias;
	bool roster = group->kind == RST_KIND_GROUP;
	enum rst_err err;

	if (list == NULL)
		return RST_ENOMEM;
	list->txn = txn;
	list->group = group;
	list->attr = attr;
	list->normal = normal && attr != RST_A_MEMBERUID;
	list->each = each;
	list->arg = arg;
	list->last_row.direct = direct;
	vias = rst_member_vias(group, attr, hidden, &list->last);
	if (roster && attr == RST_A_UNIQUEMEMBER)
		vias = 0;
	err = rst_member_names_shared(txn, &list->shared);
	if (err == RST_OK)
		err = rst_cursor_open(txn, RST_T_MEMBER, &list->rows);
	if (err == RST_OK)
		err = rst_cursor_open(txn, RST_T_NAME, &list->names);
	for (enum rst_via via = RST_VIA_ROSTER;
	     err == RST_OK && via <= RST_VIA_LAST; via++)
		if (vias & VIA_BIT(via))
			err = walk(list, via);
	if (err == RST_OK && roster && attr == RST_A_MEMBERUID)
		err = tell_below(list, hidden);
	rst_cursor_close(&list->names);
	rst_cursor_close(&list->rows);
	free(list);
	return err;
}
