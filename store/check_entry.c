/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_entry.c - records, attributes, tree, counters */
#include <inttypes.h>
#include <stdlib.h>

#include "store/check_priv.h"
#include "store/tree.h"

static enum rst_err
record_row(struct rst_check *check, struct rst_view key, struct rst_view value,
           void *arg)
{
	struct rst_record record;
	bool *damaged = arg;

	if (rst_check_record(check, key, value, &record))
		return RST_OK;
	*damaged = true;
	rst_check_found(check,
	                "the record of entry %" PRIu64
	                " does not decode or fails its checksum",
	                key.len == 8 ? rst_get_be64(key.ptr) : 0);
	return RST_OK;
}

/* The one walk that verifies checksums, unless it finds a wrong one. */
enum rst_err
rst_check_records(struct rst_check *check)
{
	bool damaged = false;
	enum rst_err err;

	check->damaged = true;
	err = rst_check_walk(check, RST_T_ENTRY, record_row, &damaged);
	check->damaged = damaged || err != RST_OK;
	return err;
}

/* Kind, status, numbers and flags are what the attributes say. */
static enum rst_err
header_of(struct rst_check *check, const struct rst_record *record, void *arg)
{
	(void)arg;
	if (!rst_record_is_derived(record))
		rst_check_found(check,
		                "the header of entry %" PRIu64
		                " is not what its attributes say",
		                record->id);
	return RST_OK;
}

enum rst_err
rst_check_headers(struct rst_check *check)
{
	return rst_check_each_record(check, header_of, NULL);
}

/* Which numbers were given out: a bit for each. */
struct numbers {
	unsigned char given[UINT16_MAX / 8 + 1];
};

static enum rst_err
attributes_of(struct rst_check *check, const struct rst_record *record,
              void *arg)
{
	const struct numbers *numbers = arg;
	struct rst_attr attr;

	for (unsigned int i = 0; i < record->n_attrs; i++) {
		rst_record_nth(record, i, &attr);
		if ((numbers->given[attr.id / 8] & 1 << attr.id % 8) == 0)
			rst_check_found(check,
			                "entry %" PRIu64
			                " has attribute %u, which has no name",
			                record->id, attr.id);
	}
	return RST_OK;
}

static enum rst_err
attribute_row(struct rst_check *check, struct rst_view key,
              struct rst_view value, void *arg)
{
	struct numbers *numbers = arg;
	uint16_t id = 0, found;
	enum rst_err err = RST_ENOTFOUND;

	if (key.len == 2)
		id = rst_get_be16(key.ptr);
	if (id < RST_A_DYNAMIC || value.len < 2 ||
	    (unsigned char)value.ptr[0] > RST_MATCH_CSN) {
		rst_check_found(check, "attribute number %u does not decode",
		                id);
		return RST_OK;
	}
	numbers->given[id / 8] |= (unsigned char)(1 << id % 8);
	err = rst_attr_find(check->txn, rst_view(value.ptr + 1, value.len - 1),
	                    &found);
	if (err == RST_OK && found != id)
		rst_check_found(check, "attribute %.*s has numbers %u and %u",
		                (int)value.len - 1, value.ptr + 1, found, id);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

enum rst_err
rst_check_attributes(struct rst_check *check)
{
	struct numbers *numbers = calloc(1, sizeof(*numbers));
	enum rst_err err;

	if (numbers == NULL)
		return RST_ENOMEM;
	for (unsigned int id = RST_A_NONE + 1; id < RST_A_BUILTIN_END; id++)
		numbers->given[id / 8] |= (unsigned char)(1 << id % 8);
	err = rst_check_walk(check, RST_T_ATTRIBUTE, attribute_row, numbers);
	if (err == RST_OK)
		err = rst_check_each_record(check, attributes_of, numbers);
	free(numbers);
	return err;
}

/* The ancestors of a record are there and end at the top. */
static enum rst_err
check_ancestors(struct rst_check *check, const struct rst_record *record)
{
	struct rst_record above = *record;
	enum rst_err err = RST_OK;

	/* Each RDN has three bytes at least and a comma */
	for (int depth = 0; depth < RST_DN_MAX / 4; depth++) {
		if (above.parent == 0)
			return RST_OK;
		err = rst_record_read(check->txn, above.parent, false, &above);
		if (err == RST_ENOTFOUND || err == RST_ECORRUPT) {
			rst_check_found(check,
			                "entry %" PRIu64
			                " stands below %" PRIu64
			                ", which is not there",
			                record->id, above.parent);
			return RST_OK;
		}
		if (err != RST_OK)
			return err;
	}
	rst_check_found(check, "entry %" PRIu64 " stands in a circle",
	                record->id);
	return RST_OK;
}

static enum rst_err
tree_of_record(struct rst_check *check, const struct rst_record *record,
               void *arg)
{
	uint64_t id;
	enum rst_err err;

	(void)arg;
	err = rst_tree_child(check->txn, record->parent, record->nrdn, &id);
	if (err == RST_ENOTFOUND || (err == RST_OK && id != record->id)) {
		rst_check_found(
			check, "entry %" PRIu64 " (%.*s) is not in the tree",
			record->id, (int)record->nrdn.len, record->nrdn.ptr);
		err = RST_OK;
	}
	return err;
}

static enum rst_err
tree_row(struct rst_check *check, struct rst_view key, struct rst_view value,
         void *arg)
{
	struct rst_record record;
	uint64_t id = 0, child = 0;
	enum rst_err err = RST_ENOTFOUND;

	(void)arg;
	if (key.len > 8 && value.len == 8) {
		id = rst_get_be64(value.ptr);
		err = rst_record_read(check->txn, id, false, &record);
	}
	if (err == RST_OK && rst_get_be64(key.ptr) == record.parent)
		err = rst_tree_child(check->txn, record.parent, record.nrdn,
		                     &child);
	if (err != RST_OK || child != id)
		rst_check_found(check,
		                "the tree has entry %" PRIu64
		                " where its record does not stand",
		                id);
	return err == RST_ENOTFOUND || err == RST_ECORRUPT ? RST_OK : err;
}

struct tree {
	struct rst_sum due;
	uint64_t parent; /* the last one whose ancestors were looked at */
};

/* The row of a record, and what stands above it: mostly as for the last. */
static enum rst_err
tree_due(struct rst_check *check, const struct rst_record *record, void *arg)
{
	struct tree *tree = arg;
	char key[512], id[8];
	size_t len = 8 + record->nrdn.len;

	if (len > sizeof(key))
		return RST_ECORRUPT;
	rst_put_be64(key, record->parent);
	memcpy(key + 8, record->nrdn.ptr, record->nrdn.len);
	rst_put_be64(id, record->id);
	rst_sum_add(check, rst_view(key, len), rst_view(id, sizeof(id)),
	            &tree->due);
	if (record->parent != tree->parent) {
		tree->parent = record->parent;
		return check_ancestors(check, record);
	}
	return RST_OK;
}

enum rst_err
rst_check_tree(struct rst_check *check)
{
	struct tree tree = { .parent = 0 };
	struct rst_sum there = { 0 };
	enum rst_err err;

	err = rst_check_each_record(check, tree_due, &tree);
	if (err == RST_OK)
		err = rst_check_walk(check, RST_T_TREE, rst_sum_row, &there);
	if (err != RST_OK || rst_sum_equal(&tree.due, &there))
		return err;
	err = rst_check_each_record(check, tree_of_record, NULL);
	if (err == RST_OK)
		err = rst_check_walk(check, RST_T_TREE, tree_row, NULL);
	if (err == RST_OK && tree.due.n != there.n)
		rst_check_found(check,
		                "%" PRIu64 " tree rows for %" PRIu64 " records",
		                there.n, tree.due.n);
	return err;
}

/* The row that a record must have, to be added up or found. */
struct name {
	struct rst_check *check;
	struct rst_sum *due;
};

static enum rst_err
add_name(void *arg, struct rst_view key, struct rst_view value)
{
	struct name *name = arg;

	rst_sum_add(name->check, key, value, name->due);
	return RST_OK;
}

static enum rst_err
name_due(struct rst_check *check, const struct rst_record *record, void *arg)
{
	struct name name = { check, arg };

	return rst_name_row(record, add_name, &name);
}

static enum rst_err
find_name(void *arg, struct rst_view key, struct rst_view value)
{
	struct rst_check *check = arg;
	struct rst_view got;
	enum rst_err err = rst_db_get(check->txn, RST_T_NAME, key, &got);

	if (err == RST_ENOTFOUND ||
	    (err == RST_OK && !rst_view_equal(got, value))) {
		rst_check_found(check, "the name of entry %" PRIu64 " is %s",
		                rst_get_be64(key.ptr),
		                err == RST_OK ? "wrong" : "missing");
		err = RST_OK;
	}
	return err;
}

static enum rst_err
name_of_record(struct rst_check *check, const struct rst_record *record,
               void *arg)
{
	(void)arg;
	return rst_name_row(record, find_name, check);
}

/* What a row says, the record's side has looked at. */
static enum rst_err
name_row(struct rst_check *check, struct rst_view key, struct rst_view value,
         void *arg)
{
	struct rst_record record;
	enum rst_err err = RST_ENOTFOUND;

	(void)value;
	(void)arg;
	if (key.len == 8)
		err = rst_record_read(check->txn, rst_get_be64(key.ptr), false,
		                      &record);
	if (err == RST_ENOTFOUND)
		rst_check_found(check,
		                "there is a name of entry %" PRIu64
		                ", which is not there",
		                key.len == 8 ? rst_get_be64(key.ptr) : 0);
	return err == RST_ENOTFOUND || err == RST_ECORRUPT ? RST_OK : err;
}

enum rst_err
rst_check_names(struct rst_check *check)
{
	struct rst_sum due = { 0 }, there = { 0 };
	enum rst_err err;

	err = rst_check_each_record(check, name_due, &due);
	if (err == RST_OK)
		err = rst_check_walk(check, RST_T_NAME, rst_sum_row, &there);
	if (err != RST_OK || rst_sum_equal(&due, &there))
		return err;
	err = rst_check_each_record(check, name_of_record, NULL);
	return err == RST_OK ? rst_check_walk(check, RST_T_NAME, name_row, NULL)
	                     : err;
}

enum rst_err
rst_check_counters(struct rst_check *check)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	uint64_t n, counted, last_id;
	enum rst_err err;

	err = rst_check_count(check, RST_T_ENTRY, &n);
	if (err == RST_OK)
		err = rst_meta_number(check->txn, "entries", &counted);
	if (err == RST_OK)
		err = rst_meta_number(check->txn, "last-id", &last_id);
	if (err == RST_OK && n != counted)
		rst_check_found(check,
		                "the counter says %" PRIu64
		                " entries, there are %" PRIu64,
		                counted, n);
	if (err == RST_OK)
		err = rst_cursor_open(check->txn, RST_T_ENTRY, &cursor);
	if (err == RST_OK)
		err = rst_cursor_last(&cursor, &key, &value);
	if (err == RST_OK && (key.len != 8 || rst_get_be64(key.ptr) > last_id))
		rst_check_found(check,
		                "an entry has an id above the last one given "
		                "out, %" PRIu64,
		                last_id);
	rst_cursor_close(&cursor);
	return err == RST_ENOTFOUND ? RST_OK : err;
}
