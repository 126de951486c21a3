/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_entry.c - records, tree, indexes, identifiers, counters
 *
 * Rows that follow records are recomputed: every row that a record must have
 * is looked up and counted.  When the table has more rows than that, each of
 * its rows is held against the record it names.
 */
#include <ctype.h>
#include <inttypes.h>

#include "store/check_priv.h"
#include "store/ident.h"
#include "store/index_priv.h"
#include "store/record_priv.h"
#include "store/tree.h"

/* The record of a row of table entry; false when it does not decode. */
static bool
record_of(struct rst_view key, struct rst_view value,
          struct rst_record *ret_record)
{
	return key.len == 8 &&
	       rst_record_decode(value, true, ret_record) == RST_OK &&
	       ret_record->id == rst_get_be64(key.ptr);
}

static enum rst_err
record_row(struct rst_check *check, struct rst_view key, struct rst_view value,
           void *arg)
{
	struct rst_record record;

	(void)arg;
	if (!record_of(key, value, &record))
		rst_check_found(check,
		                "the record of entry %" PRIu64
		                " does not decode or fails its checksum",
		                key.len == 8 ? rst_get_be64(key.ptr) : 0);
	return RST_OK;
}

enum rst_err
rst_check_records(struct rst_check *check)
{
	return rst_check_walk(check, RST_T_ENTRY, record_row, NULL);
}

/* The number was given out: in the table, not in what we remember of it. */
static enum rst_err
number_known(const struct rst_check *check, uint16_t id, bool *ret_known)
{
	struct rst_view value;
	char key[2];
	enum rst_err err = RST_OK;

	*ret_known = id > RST_A_NONE && id < RST_A_BUILTIN_END;
	if (id < RST_A_DYNAMIC)
		return RST_OK;
	rst_put_be16(key, id);
	err = rst_db_get(check->txn, RST_T_ATTRIBUTE, rst_view(key, 2), &value);
	*ret_known = err == RST_OK;
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
attributes_of(struct rst_check *check, struct rst_view key,
              struct rst_view value, void *arg)
{
	struct rst_record record;
	struct rst_attr attr;
	bool known = true;
	enum rst_err err = RST_OK;

	(void)arg;
	if (!record_of(key, value, &record))
		return RST_OK;
	for (unsigned int i = 0; err == RST_OK && i < record.n_attrs; i++) {
		rst_record_nth(&record, i, &attr);
		err = number_known(check, attr.id, &known);
		if (err == RST_OK && !known)
			rst_check_found(check,
			                "entry %" PRIu64
			                " has attribute %u, which has no name",
			                record.id, attr.id);
	}
	return err;
}

static enum rst_err
attribute_row(struct rst_check *check, struct rst_view key,
              struct rst_view value, void *arg)
{
	uint16_t id = 0, found;
	enum rst_err err = RST_ENOTFOUND;

	(void)arg;
	if (key.len == 2)
		id = rst_get_be16(key.ptr);
	if (id < RST_A_DYNAMIC || value.len < 2 ||
	    (unsigned char)value.ptr[0] > RST_MATCH_CSN) {
		rst_check_found(check, "attribute number %u does not decode",
		                id);
		return RST_OK;
	}
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
	enum rst_err err;

	err = rst_check_walk(check, RST_T_ATTRIBUTE, attribute_row, NULL);
	if (err == RST_OK)
		err = rst_check_walk(check, RST_T_ENTRY, attributes_of, NULL);
	return err;
}

/* The ancestors of a record are there and end at the top. */
static void
check_ancestors(struct rst_check *check, const struct rst_record *record)
{
	struct rst_record above = *record;
	enum rst_err err = RST_OK;

	/* Each RDN has three bytes at least and a comma */
	for (int depth = 0; depth < RST_DN_MAX / 4; depth++) {
		if (above.parent == 0)
			return;
		err = rst_record_read(check->txn, above.parent, false, &above);
		if (err != RST_OK) {
			rst_check_found(check,
			                "entry %" PRIu64
			                " stands below %" PRIu64
			                ", which is not there",
			                record->id, above.parent);
			return;
		}
	}
	rst_check_found(check, "entry %" PRIu64 " stands in a circle",
	                record->id);
}

static enum rst_err
tree_of_record(struct rst_check *check, struct rst_view key,
               struct rst_view value, void *arg)
{
	struct rst_record record;
	uint64_t id, *n = arg;
	enum rst_err err;

	if (!record_of(key, value, &record))
		return RST_OK;
	(*n)++;
	err = rst_tree_child(check->txn, record.parent, record.nrdn, &id);
	if (err == RST_ENOTFOUND || (err == RST_OK && id != record.id)) {
		rst_check_found(
			check, "entry %" PRIu64 " (%.*s) is not in the tree",
			record.id, (int)record.nrdn.len, record.nrdn.ptr);
		err = RST_OK;
	}
	if (err == RST_OK)
		check_ancestors(check, &record);
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

enum rst_err
rst_check_tree(struct rst_check *check)
{
	uint64_t n = 0, rows = 0;
	enum rst_err err;

	err = rst_check_walk(check, RST_T_ENTRY, tree_of_record, &n);
	if (err == RST_OK)
		err = rst_check_walk(check, RST_T_TREE, tree_row, NULL);
	if (err == RST_OK)
		err = rst_check_count(check, RST_T_TREE, &rows);
	if (err == RST_OK && rows != n)
		rst_check_found(check,
		                "%" PRIu64 " tree rows for %" PRIu64 " records",
		                rows, n);
	return err;
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

/* A table whose rows follow the records. */
struct derived {
	enum rst_table table;
	rst_rows_fn *rows_of;
	struct rst_rows rows; /* of the record at hand */
	uint64_t expected;
};

static enum rst_err
rows_are_there(struct rst_check *check, struct rst_view key,
               struct rst_view value, void *arg)
{
	struct derived *derived = arg;
	struct rst_record record;
	struct rst_view got;
	const struct rst_row *row;
	enum rst_err err;

	if (!record_of(key, value, &record))
		return RST_OK;
	err = rst_rows_of(check->txn, derived->rows_of, &record,
	                  &derived->rows);
	for (size_t i = 0; err == RST_OK && i < derived->rows.n; i++) {
		row = &derived->rows.items[i];
		derived->expected++;
		err = rst_db_get(check->txn, derived->table,
		                 rst_view(row->key, row->len), &got);
		if (err == RST_ENOTFOUND) {
			rst_check_found(check,
			                "a row of entry %" PRIu64 " is missing",
			                record.id);
			derived->expected--;
			err = RST_OK;
		} else if (err == RST_OK && got.len > 0 &&
		           got.ptr[0] != row->value) {
			rst_check_found(check,
			                "a row of entry %" PRIu64 " is wrong",
			                record.id);
		}
	}
	return err;
}

static enum rst_err
row_is_due(struct rst_check *check, struct rst_view key, struct rst_view value,
           void *arg)
{
	struct derived *derived = arg;
	struct rst_record record;
	enum rst_err err = RST_ENOTFOUND;

	(void)value;
	if (key.len >= 8)
		err = rst_record_read(check->txn,
		                      rst_get_be64(key.ptr + key.len - 8),
		                      false, &record);
	if (err == RST_OK)
		err = rst_rows_of(check->txn, derived->rows_of, &record,
		                  &derived->rows);
	if (err == RST_OK && rst_rows_find(&derived->rows, key) == NULL)
		err = RST_ENOTFOUND;
	if (err == RST_ENOTFOUND || err == RST_ECORRUPT) {
		rst_check_found(
			check,
			"a row names entry %" PRIu64
			", which does not have that value",
			key.len >= 8 ? rst_get_be64(key.ptr + key.len - 8) : 0);
		err = RST_OK;
	}
	return err;
}

static enum rst_err
check_derived(struct rst_check *check, struct derived *derived)
{
	uint64_t n = 0;
	enum rst_err err;

	err = rst_check_walk(check, RST_T_ENTRY, rows_are_there, derived);
	if (err == RST_OK)
		err = rst_check_count(check, derived->table, &n);
	if (err == RST_OK && n != derived->expected)
		err = rst_check_walk(check, derived->table, row_is_due,
		                     derived);
	rst_rows_release(&derived->rows);
	return err;
}

enum rst_err
rst_check_index(struct rst_check *check)
{
	struct derived derived = { .table = RST_T_INDEX,
		                   .rows_of = rst_index_rows };

	return check_derived(check, &derived);
}

enum rst_err
rst_check_ident(struct rst_check *check)
{
	struct derived derived = { .table = RST_T_IDENT,
		                   .rows_of = rst_ident_rows };

	return check_derived(check, &derived);
}

/* The row before, without its entry id. */
struct owner {
	char value[512];
	size_t len;
	uint64_t id;
	bool tombstone;
};

/* With the lifecycle on, no two have one number or name: a live one shares it
 * with nobody, living or dead. */
static enum rst_err
identity_row(struct rst_check *check, struct rst_view key,
             struct rst_view value, void *arg)
{
	struct owner *owner = arg;
	struct owner now = { 0 };

	if (key.len < 10 || key.len > sizeof(now.value) || value.len != 1)
		return RST_OK; /* ident-rows said so */
	now.len = key.len - 8;
	now.id = rst_get_be64(key.ptr + now.len);
	now.tombstone = value.ptr[0] != 0;
	memcpy(now.value, key.ptr, now.len);
	if ((key.ptr[0] == RST_IDENT_UIDNUMBER ||
	     key.ptr[0] == RST_IDENT_GIDNUMBER ||
	     key.ptr[0] == RST_IDENT_USERNAME ||
	     key.ptr[0] == RST_IDENT_GROUPNAME) &&
	    now.len == owner->len &&
	    memcmp(now.value, owner->value, now.len) == 0 &&
	    (!now.tombstone || !owner->tombstone))
		rst_check_found(check,
		                "entries %" PRIu64 " and %" PRIu64
		                " have one number or name",
		                owner->id, now.id);
	*owner = now;
	return RST_OK;
}

enum rst_err
rst_check_identities(struct rst_check *check)
{
	struct owner owner = { 0 };
	struct rst_view on;

	if (rst_setting_get(check->txn, "lifecycle", &on) != RST_OK ||
	    !rst_view_equal_nocase(on, RST_VIEW("on")))
		return RST_OK;
	return rst_check_walk(check, RST_T_IDENT, identity_row, &owner);
}

/* The row of table index before, without its entry id. */
static enum rst_err
uuid_row(struct rst_check *check, struct rst_view key, struct rst_view value,
         void *arg)
{
	struct owner *owner = arg;
	struct owner now = { 0 };

	(void)value;
	if (key.len < 8 + RST_INDEX_HEAD || key.len > sizeof(now.value) ||
	    rst_get_be16(key.ptr) != RST_A_ENTRYUUID)
		return RST_OK;
	now.len = key.len - 8;
	now.id = rst_get_be64(key.ptr + now.len);
	memcpy(now.value, key.ptr, now.len);
	if (now.len == owner->len &&
	    memcmp(now.value, owner->value, now.len) == 0)
		rst_check_found(check,
		                "entries %" PRIu64 " and %" PRIu64
		                " have one entryUUID",
		                owner->id, now.id);
	*owner = now;
	return RST_OK;
}

enum rst_err
rst_check_uuids(struct rst_check *check)
{
	struct owner owner = { 0 };

	return rst_check_walk(check, RST_T_INDEX, uuid_row, &owner);
}
