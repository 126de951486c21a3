/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_derived.c - indexes, identifiers, and what they must not share
 *
 * Rows that follow records are recomputed and compared by their sums.  When
 * those differ, every row that a record must have is looked up, and each of the
 * table's rows held against the record it names.
 */
#include <inttypes.h>

#include "store/check_priv.h"
#include "store/ident_priv.h"
#include "store/index_priv.h"
#include "store/member_priv.h"

/* A table whose rows follow the records. */
struct derived {
	enum rst_table table;
	rst_rows_fn *rows_of;
	struct rst_sum due, there;
	struct rst_sum_once once;
	struct rst_rows rows; /* of the record at hand */
	size_t value_len;     /* of each row */
};

/* The entry that a row is of: its key ends so. */
static uint64_t
entry_of(struct rst_view key)
{
	return rst_get_be64(key.ptr + key.len - 8);
}

static enum rst_err
rows_due(struct rst_check *check, const struct rst_record *record, void *arg)
{
	struct derived *derived = arg;

	rst_sum_once_begin(&derived->once);
	return derived->rows_of(check->txn, record, rst_sum_once_row,
	                        &derived->once);
}

static enum rst_err
rows_are_there(struct rst_check *check, const struct rst_record *record,
               void *arg)
{
	struct derived *derived = arg;
	struct rst_view got;
	const struct rst_row *row;
	enum rst_err err;

	err = rst_rows_of(check->txn, derived->rows_of, record, &derived->rows);
	for (size_t i = 0; err == RST_OK && i < derived->rows.n; i++) {
		row = &derived->rows.items[i];
		err = rst_db_get(check->txn, derived->table,
		                 rst_view(row->key, row->len), &got);
		if (err == RST_ENOTFOUND) {
			bool may = false;

			err = RST_OK;
			if (derived->table == RST_T_INDEX)
				err = rst_index_row_may_lack(
					check->txn,
					rst_view(row->key, row->len), &may);
			if (err == RST_OK && !may)
				rst_check_found(check,
				                "a row of entry %" PRIu64
				                " is missing",
				                record->id);
		} else if (err == RST_OK && got.len > 0 &&
		           got.ptr[0] != row->value) {
			rst_check_found(check,
			                "a row of entry %" PRIu64 " is wrong",
			                record->id);
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

	if (value.len != derived->value_len)
		rst_check_found(check, "a row of entry %" PRIu64 " is wrong",
		                key.len >= 8 ? entry_of(key) : 0);
	if (key.len >= 8)
		err = rst_record_read(check->txn, entry_of(key), false,
		                      &record);
	if (err == RST_OK)
		err = rst_rows_of(check->txn, derived->rows_of, &record,
		                  &derived->rows);
	if (err == RST_OK && rst_rows_find(&derived->rows, key) == NULL)
		err = RST_ENOTFOUND;
	if (err == RST_ENOTFOUND || err == RST_ECORRUPT) {
		rst_check_found(check,
		                "a row names entry %" PRIu64
		                ", which does not have that value",
		                key.len >= 8 ? entry_of(key) : 0);
		err = RST_OK;
	}
	return err;
}

/* Add up what must be there and what is. */
static enum rst_err
add_up(struct rst_check *check, struct derived *derived)
{
	enum rst_err err;

	derived->once.check = check;
	derived->once.sum = &derived->due;
	err = rst_check_each_record(check, rows_due, derived);
	if (err == RST_OK)
		err = rst_check_walk(check, derived->table, rst_sum_row,
		                     &derived->there);
	rst_sum_once_release(&derived->once);
	return err;
}

enum rst_err
rst_check_is_derived(struct rst_check *check, enum rst_table table,
                     rst_rows_fn *rows_of, bool *ret_derived)
{
	struct derived derived = { .table = table, .rows_of = rows_of };
	enum rst_err err = add_up(check, &derived);

	if (err == RST_OK)
		*ret_derived = rst_sum_equal(&derived.due, &derived.there);
	return err;
}

static enum rst_err
check_derived(struct rst_check *check, struct derived *derived)
{
	enum rst_err err;

	err = add_up(check, derived);
	if (err != RST_OK || rst_sum_equal(&derived->due, &derived->there))
		return err;
	err = rst_check_each_record(check, rows_are_there, derived);
	if (err == RST_OK)
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
		                   .rows_of = rst_ident_rows,
		                   .value_len = 1 };

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
	enum rst_err err;

	err = rst_setting_get(check->txn, "lifecycle", &on);
	if (err != RST_OK || !rst_view_equal_nocase(on, RST_VIEW("on")))
		return err == RST_ENOTFOUND || err == RST_ECORRUPT
		               ? RST_OK /* tables-and-format said so */
		               : err;
	return rst_check_walk(check, RST_T_IDENT, identity_row, &owner);
}

/* What is kept about ranges of numbers overlooks no free one. */
enum rst_err
rst_check_free_numbers(struct rst_check *check)
{
	static const enum rst_ident kinds[] = { RST_IDENT_UIDNUMBER,
		                                RST_IDENT_GIDNUMBER };
	uint32_t number;
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && i < sizeof(kinds) / sizeof(*kinds);
	     i++) {
		struct rst_number_range range = { .kind = kinds[i] };

		while ((err = rst_number_range_next(check->txn, &range)) ==
		       RST_OK) {
			err = rst_number_unlisted(check->txn, &range, &number);
			if (err == RST_OK)
				rst_check_found(check,
				                "the number %" PRIu32
				                " is free and overlooked in "
				                "the range from %" PRIu32,
				                number, range.first);
			else if (err != RST_ENOTFOUND)
				break;
			range.first++;
		}
		if (err == RST_ENOTFOUND)
			err = RST_OK;
	}
	/* a row that does not add up was format's */
	return err == RST_ECORRUPT ? RST_OK : err;
}

/* The row of table index before, without its entry id. */
static enum rst_err
uuid_row(struct rst_check *check, struct rst_view key, struct rst_view value,
         void *arg)
{
	struct owner *owner = arg;
	struct owner now = { 0 };

	(void)value;
	if (key.len < 8 + RST_INDEX_HEAD || key.len > sizeof(now.value))
		return RST_OK; /* index-rows said so */
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
	struct rst_index_key head;

	rst_index_key_begin(&head, RST_A_ENTRYUUID, RST_INDEX_EQUAL);
	return rst_check_walk_prefix(check, RST_T_INDEX,
	                             rst_index_key_view(&head), uuid_row,
	                             &owner);
}

/* A row of the index of uids: whose uid another one has too. */
struct shared {
	struct owner before;
	uint64_t a, b; /* the first two of one uid; 0 for none */
};

/* The entry's member name is that uid, which a walk of memberUid asks about. */
static enum rst_err
is_named(const struct rst_check *check, uint64_t id, struct rst_view head,
         bool *ret_named)
{
	struct rst_index_key key;
	struct rst_record record;
	struct rst_view name;
	enum rst_err err;

	*ret_named = false;
	err = rst_record_read(check->txn, id, check->damaged, &record);
	if (err != RST_OK)
		return err == RST_ENOTFOUND || err == RST_ECORRUPT ? RST_OK
		                                                   : err;
	name = rst_member_name(&record);
	if (name.ptr == NULL)
		return RST_OK;
	err = rst_index_key_equal(RST_A_UID, RST_MATCH_IGNORE, name, &key);
	*ret_named =
		err == RST_OK && rst_view_equal(rst_index_key_view(&key), head);
	return err;
}

static enum rst_err
uid_row(struct rst_check *check, struct rst_view key, struct rst_view value,
        void *arg)
{
	struct shared *shared = arg;
	struct owner now = { 0 };
	bool named = false;
	enum rst_err err = RST_OK;

	(void)value;
	if (shared->a != 0 || key.len < 8 || key.len > sizeof(now.value))
		return RST_OK;
	now.len = key.len - 8;
	now.id = rst_get_be64(key.ptr + now.len);
	memcpy(now.value, key.ptr, now.len);
	/* The store notes it when the one written has it as its name */
	if (now.len == shared->before.len &&
	    memcmp(now.value, shared->before.value, now.len) == 0) {
		err = is_named(check, now.id, rst_view(now.value, now.len),
		               &named);
		if (err == RST_OK && named)
			err = is_named(check, shared->before.id,
			               rst_view(now.value, now.len), &named);
		if (err == RST_OK && named) {
			shared->a = shared->before.id;
			shared->b = now.id;
		}
	}
	shared->before = now;
	return err;
}

/* Where two have one uid, the mark that makes walks look is set. */
enum rst_err
rst_check_shared_names(struct rst_check *check)
{
	struct shared shared = { .a = 0 };
	struct rst_index_key head;
	uint64_t mark;
	enum rst_err err;

	err = rst_meta_number(check->txn, RST_SHARED_NAMES, &mark);
	if (err != RST_OK || mark != 0)
		return err;
	rst_index_key_begin(&head, RST_A_UID, RST_INDEX_EQUAL);
	err = rst_check_walk_prefix(check, RST_T_INDEX,
	                            rst_index_key_view(&head), uid_row,
	                            &shared);
	if (err == RST_OK && shared.a != 0)
		rst_check_found(check,
		                "entries %" PRIu64 " and %" PRIu64
		                " have one uid, which no mark says",
		                shared.a, shared.b);
	return err;
}
