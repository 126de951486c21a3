/* SPDX-License-Identifier: OLDAP-2.8 */
/* entry.c - entries in memory, and storing them
 *
 * A struct rst_entry owns a copy of each of its values.  Its record form is
 * made when it is asked for and good until the next change, so that a rule, an
 * index and the journal read one and the same thing.  Former ones stay as long
 * as the entry: an act still looks at who somebody was.
 *
 * Storing keeps these in step, in this order:
 *
 *	tree row, record, identifiers, index rows, membership rows, counter
 */
#include "store/entry.h"

#include <stdlib.h>

#include "store/env_priv.h"
#include "store/member.h"
#include "store/record_priv.h"
#include "store/tree.h"

/* A record form. */
struct form {
	struct form *former;
	char *bytes;
	size_t len;
};

struct rst_entry {
	struct rst_record_parts parts; /* its rdn and nrdn are owned */
	struct rst_record_attr *attrs;
	size_t n_attrs, room;
	struct form *form;
	bool changed; /* since form was made */
};

enum rst_err
rst_entry_new(struct rst_entry **ret_entry)
{
	struct rst_entry *entry = calloc(1, sizeof(*entry));

	if (entry == NULL)
		return RST_ENOMEM;
	*ret_entry = entry;
	return RST_OK;
}

/* The entry changes: its record form is out of date. */
static void
touch(struct rst_entry *entry)
{
	entry->changed = true;
}

static void
clear_values(struct rst_record_attr *attr)
{
	for (uint32_t i = 0; i < attr->n; i++)
		free((char *)attr->values[i].ptr);
	free(attr->values);
	attr->values = NULL;
	attr->n = attr->room = 0;
}

void
rst_entry_free(struct rst_entry *entry)
{
	if (entry == NULL)
		return;
	for (size_t i = 0; i < entry->n_attrs; i++)
		clear_values(&entry->attrs[i]);
	free(entry->attrs);
	free((char *)entry->parts.rdn.ptr);
	free((char *)entry->parts.nrdn.ptr);
	for (struct form *form = entry->form, *former; form != NULL;
	     form = former) {
		former = form->former;
		free(form->bytes);
		free(form);
	}
	free(entry);
}

uint64_t
rst_entry_id(const struct rst_entry *entry)
{
	return entry->parts.id;
}

uint64_t
rst_entry_parent(const struct rst_entry *entry)
{
	return entry->parts.parent;
}

struct rst_view
rst_entry_rdn(const struct rst_entry *entry)
{
	return entry->parts.rdn;
}

struct rst_view
rst_entry_nrdn(const struct rst_entry *entry)
{
	return entry->parts.nrdn;
}

enum rst_err
rst_entry_place(struct rst_entry *entry, uint64_t parent, struct rst_view rdn,
                struct rst_view nrdn)
{
	char *new_rdn, *new_nrdn;

	if (rdn.len == 0 || rdn.len > RST_RDN_MAX || nrdn.len == 0 ||
	    nrdn.len > RST_RDN_MAX)
		return RST_EINVALID;
	new_rdn = rst_view_dup(rdn);
	new_nrdn = rst_view_dup(nrdn);
	if (new_rdn == NULL || new_nrdn == NULL) {
		free(new_rdn);
		free(new_nrdn);
		return RST_ENOMEM;
	}
	free((char *)entry->parts.rdn.ptr);
	free((char *)entry->parts.nrdn.ptr);
	entry->parts.rdn = rst_view(new_rdn, rdn.len);
	entry->parts.nrdn = rst_view(new_nrdn, nrdn.len);
	entry->parts.parent = parent;
	touch(entry);
	return RST_OK;
}

void
rst_entry_set_generation(struct rst_entry *entry, uint64_t generation)
{
	entry->parts.generation = generation;
	touch(entry);
}

static struct rst_record_attr *
find_attr(struct rst_entry *entry, uint16_t id)
{
	for (size_t i = 0; i < entry->n_attrs; i++)
		if (entry->attrs[i].id == id)
			return &entry->attrs[i];
	return NULL;
}

/* The attribute, made empty at the end when it is not there. */
static struct rst_record_attr *
have_attr(struct rst_entry *entry, uint16_t id)
{
	struct rst_record_attr *attr = find_attr(entry, id);

	if (attr != NULL)
		return attr;
	if (entry->n_attrs == entry->room) {
		size_t room = entry->room > 0 ? entry->room * 2 : 16;

		attr = realloc(entry->attrs, room * sizeof(*attr));
		if (attr == NULL)
			return NULL;
		entry->attrs = attr;
		entry->room = room;
	}
	attr = &entry->attrs[entry->n_attrs++];
	*attr = (struct rst_record_attr){ .id = id };
	return attr;
}

static void
drop_attr(struct rst_entry *entry, uint16_t id)
{
	struct rst_record_attr *attr = find_attr(entry, id);
	size_t after;

	if (attr == NULL)
		return;
	clear_values(attr);
	after = (size_t)(entry->attrs + entry->n_attrs - (attr + 1));
	memmove(attr, attr + 1, after * sizeof(*attr));
	entry->n_attrs--;
}

static enum rst_err
add_value(struct rst_record_attr *attr, struct rst_view value)
{
	char *copy;

	if (value.len > RST_VALUE_MAX || attr->n >= RST_VALUES_MAX)
		return RST_EINVALID;
	if (attr->n == attr->room) {
		uint32_t room = attr->room > 0 ? attr->room * 2 : 1;
		struct rst_view *values;

		values = realloc(attr->values, room * sizeof(*values));
		if (values == NULL)
			return RST_ENOMEM;
		attr->values = values;
		attr->room = room;
	}
	copy = rst_view_dup(value);
	if (copy == NULL)
		return RST_ENOMEM;
	attr->values[attr->n++] = rst_view(copy, value.len);
	return RST_OK;
}

enum rst_err
rst_entry_set(struct rst_entry *entry, uint16_t id,
              const struct rst_view *values, size_t n_values)
{
	struct rst_record_attr fresh = { .id = id }, *attr;
	enum rst_err err = RST_OK;

	if (id == RST_A_NONE)
		return RST_EINVALID;
	/* Copy first: the values may be the entry's own. */
	for (size_t i = 0; i < n_values && err == RST_OK; i++)
		err = add_value(&fresh, values[i]);
	if (err == RST_OK && n_values == 0) {
		drop_attr(entry, id);
		touch(entry);
		return RST_OK;
	}
	attr = err == RST_OK ? have_attr(entry, id) : NULL;
	if (attr == NULL) {
		clear_values(&fresh);
		return err == RST_OK ? RST_ENOMEM : err;
	}
	clear_values(attr);
	*attr = fresh;
	touch(entry);
	return RST_OK;
}

enum rst_err
rst_entry_set_one(struct rst_entry *entry, uint16_t id, struct rst_view value)
{
	return rst_entry_set(entry, id, &value, 1);
}

enum rst_err
rst_entry_add(struct rst_entry *entry, uint16_t id, struct rst_view value)
{
	struct rst_record_attr *attr;
	enum rst_err err;

	if (id == RST_A_NONE)
		return RST_EINVALID;
	attr = have_attr(entry, id);
	if (attr == NULL)
		return RST_ENOMEM;
	err = add_value(attr, value);
	if (err == RST_OK)
		touch(entry);
	return err;
}

enum rst_err
rst_entry_from_record(const struct rst_record *record,
                      struct rst_entry **ret_entry)
{
	struct rst_entry *entry = NULL;
	struct rst_attr attr;
	struct rst_view value;
	enum rst_err err;

	err = rst_entry_new(&entry);
	if (err == RST_OK)
		err = rst_entry_place(entry, record->parent, record->rdn,
		                      record->nrdn);
	if (err != RST_OK)
		goto out;
	entry->parts.id = record->id;
	entry->parts.generation = record->generation;
	for (unsigned int i = 0; i < record->n_attrs && err == RST_OK; i++) {
		rst_record_nth(record, i, &attr);
		while (err == RST_OK && rst_attr_next(&attr, &value))
			err = rst_entry_add(entry, attr.id, value);
	}
	if (err != RST_OK)
		goto out;
	*ret_entry = entry;
	entry = NULL;
out:
	rst_entry_free(entry);
	return err;
}

static enum rst_err
make_form(struct rst_entry *entry)
{
	struct form *form = calloc(1, sizeof(*form));
	enum rst_err err;

	if (form == NULL)
		return RST_ENOMEM;
	entry->parts.attrs = entry->attrs;
	entry->parts.n_attrs = entry->n_attrs;
	err = rst_record_encode(&entry->parts, &form->bytes, &form->len);
	if (err != RST_OK) {
		free(form);
		return err;
	}
	form->former = entry->form;
	entry->form = form;
	entry->changed = false;
	return RST_OK;
}

enum rst_err
rst_entry_record(struct rst_entry *entry, struct rst_record *ret_record)
{
	enum rst_err err;

	if (entry->form == NULL || entry->changed) {
		err = make_form(entry);
		if (err != RST_OK)
			return err;
	}
	return rst_record_decode(rst_view(entry->form->bytes, entry->form->len),
	                         false, ret_record);
}

/* The records of the parents up to the suffix are there and the DN is within
 * its limits. */
static enum rst_err
check_dn(const struct rst_rtxn *txn, const struct rst_record *record,
         char ndn[RST_DN_MAX], size_t *ret_len)
{
	char dn[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	err = rst_tree_dn(txn, record->id, dn, sizeof(dn), &len);
	if (err == RST_OK)
		err = rst_tree_ndn(txn, record->id, ndn, RST_DN_MAX, ret_len);
	return err;
}

static enum rst_err
check_parent(const struct rst_rtxn *txn, uint64_t parent)
{
	struct rst_record record;

	return parent == 0 ? RST_OK
	                   : rst_record_read(txn, parent, false, &record);
}

static enum rst_err
put_record(struct rst_wtxn *txn, const struct rst_record *record, bool append)
{
	char key[8];

	rst_put_be64(key, record->id);
	if (!append)
		return rst_db_put(txn, RST_T_ENTRY, rst_view(key, sizeof(key)),
		                  record->bytes, true);
	return rst_db_append(txn, RST_T_ENTRY, rst_view(key, sizeof(key)),
	                     record->bytes);
}

static enum rst_err
count_entries(struct rst_wtxn *txn, int by)
{
	uint64_t n;
	enum rst_err err = rst_meta_number(&txn->r, "entries", &n);

	if (err != RST_OK)
		return err;
	if (by < 0 && n == 0)
		return RST_ECORRUPT;
	return rst_meta_set_number(txn, "entries", n + (uint64_t)by);
}

/* The next id; never given out twice, not even after a delete. */
static enum rst_err
next_id(struct rst_wtxn *txn, uint64_t *ret_id)
{
	uint64_t last;
	enum rst_err err = rst_meta_number(&txn->r, "last-id", &last);

	if (err == RST_OK)
		err = rst_meta_set_number(txn, "last-id", last + 1);
	if (err == RST_OK)
		*ret_id = last + 1;
	return err;
}

/* Rows derived from a record that is stored. */
static enum rst_err
add_rows(struct rst_wtxn *txn, const struct rst_record *record)
{
	char ndn[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	err = check_dn(&txn->r, record, ndn, &len);
	if (err == RST_OK)
		err = rst_name_update(txn, NULL, record);
	if (err == RST_OK)
		err = rst_ident_update(txn, NULL, record);
	if (err == RST_OK)
		err = rst_index_update(txn, NULL, record);
	if (err == RST_OK)
		err = rst_member_entry_added(txn, record, rst_view(ndn, len));
	if (err == RST_OK)
		err = count_entries(txn, 1);
	return err;
}

enum rst_err
rst_entry_store_add(struct rst_wtxn *txn, struct rst_entry *entry)
{
	struct rst_record record;
	enum rst_err err;

	if (entry->parts.rdn.ptr == NULL)
		return RST_EINVALID;
	err = check_parent(&txn->r, entry->parts.parent);
	if (err != RST_OK)
		return err;
	err = next_id(txn, &entry->parts.id);
	touch(entry);
	if (err == RST_OK)
		err = rst_entry_record(entry, &record);
	if (err == RST_OK)
		err = rst_tree_add(txn, record.parent, record.nrdn, record.id);
	if (err != RST_OK)
		return err;
	err = put_record(txn, &record, true);
	if (err == RST_EEXISTS)
		err = RST_ECORRUPT; /* an id above the last one is taken */
	if (err == RST_OK)
		err = add_rows(txn, &record);
	return err;
}

/* The stored record of id in a copy that outlives the writes to come; free
 * *ret_copy. */
static enum rst_err
copy_stored(const struct rst_rtxn *txn, uint64_t id, char **ret_copy,
            struct rst_record *ret_record)
{
	struct rst_record stored;
	enum rst_err err;
	char *copy;

	err = rst_record_get(txn, id, &stored);
	if (err != RST_OK)
		return err;
	copy = rst_view_dup(stored.bytes);
	if (copy == NULL)
		return RST_ENOMEM;
	err = rst_record_decode(rst_view(copy, stored.bytes.len), false,
	                        ret_record);
	if (err != RST_OK)
		free(copy);
	else
		*ret_copy = copy;
	return err;
}

/* Move the one tree row, if the place has changed. */
static enum rst_err
move_row(struct rst_wtxn *txn, const struct rst_record *before,
         const struct rst_record *after)
{
	bool below = false;
	enum rst_err err;

	if (before->parent == after->parent &&
	    rst_view_equal(before->nrdn, after->nrdn))
		return RST_OK;
	err = check_parent(&txn->r, after->parent);
	/* Nothing can stand below itself. */
	if (err == RST_OK && after->parent != 0)
		err = rst_tree_below(&txn->r, after->parent, after->id, &below);
	if (err != RST_OK || below)
		return below ? RST_ESTATE : err;
	err = rst_tree_add(txn, after->parent, after->nrdn, after->id);
	if (err == RST_OK)
		err = rst_tree_drop(txn, before->parent, before->nrdn);
	return err;
}

enum rst_err
rst_entry_store_put(struct rst_wtxn *txn, struct rst_entry *entry)
{
	struct rst_record before, after;
	char ndn[RST_DN_MAX], *copy = NULL;
	size_t len;
	enum rst_err err;

	err = copy_stored(&txn->r, entry->parts.id, &copy, &before);
	if (err == RST_OK)
		err = rst_entry_record(entry, &after);
	if (err == RST_OK)
		err = move_row(txn, &before, &after);
	if (err == RST_OK)
		err = put_record(txn, &after, false);
	if (err == RST_OK)
		err = check_dn(&txn->r, &after, ndn, &len);
	if (err == RST_OK)
		err = rst_name_update(txn, &before, &after);
	if (err == RST_OK)
		err = rst_ident_update(txn, &before, &after);
	if (err == RST_OK)
		err = rst_index_update(txn, &before, &after);
	if (err == RST_OK)
		err = rst_member_entry_changed(txn, &before, &after);
	free(copy);
	return err;
}

/* RST_ESTATE while there is a child. */
static enum rst_err
check_childless(const struct rst_rtxn *txn, uint64_t id)
{
	struct rst_tree_cursor cursor = { .len = 0 };
	uint64_t child;
	size_t n;
	enum rst_err err;

	err = rst_tree_children(txn, id, &cursor, &child, 1, &n);
	if (err == RST_OK && n > 0)
		err = RST_ESTATE;
	return err;
}

enum rst_err
rst_entry_store_drop(struct rst_wtxn *txn, uint64_t id)
{
	struct rst_record before;
	char key[8], *copy = NULL;
	enum rst_err err;

	err = copy_stored(&txn->r, id, &copy, &before);
	if (err == RST_OK)
		err = check_childless(&txn->r, id);
	if (err == RST_OK)
		err = rst_member_entry_dropped(txn, &before);
	if (err == RST_OK)
		err = rst_index_update(txn, &before, NULL);
	if (err == RST_OK)
		err = rst_ident_update(txn, &before, NULL);
	if (err == RST_OK)
		err = rst_name_update(txn, &before, NULL);
	if (err == RST_OK)
		err = rst_tree_drop(txn, before.parent, before.nrdn);
	rst_put_be64(key, id);
	if (err == RST_OK)
		err = rst_db_drop(txn, RST_T_ENTRY, rst_view(key, sizeof(key)));
	if (err == RST_OK)
		err = count_entries(txn, -1);
	free(copy);
	return err;
}
