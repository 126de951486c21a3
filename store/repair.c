/* SPDX-License-Identifier: OLDAP-2.8 */
/* repair.c - derived rows put right
 *
 * Two walks for each derived table: one over what it follows from, which
 * writes every row that is missing or wrong, and one over the table itself,
 * which drops what follows from nothing.  A walk goes in chunks, each of which
 * begins behind the last key seen.  A chunk is first only read: nearly all are
 * right, and nobody waits for that.  One with something to change is gone
 * through again in a write transaction; there a row is judged by what the same
 * transaction sees, so what others wrote meanwhile does no harm.  Then whoever
 * waits for the writer lock gets it: it is not a fair one.
 */
#include "store/repair_priv.h"

#include <stdlib.h>
#include <time.h>

#include "store/journal_priv.h"
#include "store/member_priv.h"
#include "store/session_priv.h"
#include "store/tree.h"

#define CHUNK_ROWS  1024    /* some ten milliseconds */
#define PAUSE_NS    5000000 /* others look for the lock every millisecond */
#define CHUNK_TRIES 10      /* of RST_WRITER_WAIT_MS each */

typedef enum rst_err repair_row(struct rst_repair *repair, struct rst_view key,
                                struct rst_view value);

struct walk {
	const char *what;
	enum rst_table table;
	repair_row *each;
	rst_rows_fn *rows_of; /* of a record, that the table has; or NULL */
	char after[512];      /* the last key seen */
	size_t after_len;
	bool begun, ended;
	uint64_t done, total;
};

static enum rst_err
put(struct rst_repair *repair, enum rst_table table, struct rst_view key,
    struct rst_view value)
{
	repair->changed++;
	return repair->looking
	               ? RST_OK
	               : rst_db_put(&repair->txn, table, key, value, true);
}

static enum rst_err
drop(struct rst_repair *repair, enum rst_table table, struct rst_view key)
{
	repair->changed++;
	return repair->looking ? RST_OK : rst_db_drop(&repair->txn, table, key);
}

/* Move to the first row behind the last one seen. */
static enum rst_err
go_on(const struct walk *walk, struct rst_cursor *cursor,
      struct rst_view *ret_key, struct rst_view *ret_value)
{
	struct rst_view after = rst_view(walk->after, walk->after_len);

	return walk->begun ? rst_cursor_after(cursor, after, ret_key, ret_value)
	                   : rst_cursor_seek(cursor, after, ret_key, ret_value);
}

/* The first row behind the last one seen.  Its value is copied, as it would
 * die with the first write; to be freed. */
static enum rst_err
next_row(struct rst_repair *repair, struct walk *walk, struct rst_view *ret_key,
         char **ret_value, size_t *ret_len)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	char *copy = NULL;
	enum rst_err err;

	err = rst_cursor_open(&repair->txn.r, walk->table, &cursor);
	if (err == RST_OK)
		err = go_on(walk, &cursor, &key, &value);
	if (err == RST_OK && key.len > sizeof(walk->after))
		err = RST_ECORRUPT;
	if (err == RST_OK && (copy = rst_view_dup(value)) == NULL)
		err = RST_ENOMEM;
	if (err == RST_OK) {
		memcpy(walk->after, key.ptr, key.len);
		walk->after_len = key.len;
		walk->begun = true;
		*ret_key = rst_view(walk->after, walk->after_len);
		*ret_value = copy;
		*ret_len = value.len;
	}
	rst_cursor_close(&cursor);
	return err;
}

enum rst_err
rst_repair_begin(struct rst_repair *repair)
{
	enum rst_err err = RST_EBUSY;

	repair->changed = 0;
	for (int i = 0; i < CHUNK_TRIES && err == RST_EBUSY; i++)
		err = rst_write_begin(repair->env, RST_WRITE_FREEING,
		                      &repair->txn);
	return err;
}

enum rst_err
rst_repair_end(struct rst_repair *repair, enum rst_err err)
{
	if (err == RST_OK && repair->changed > 0) {
		err = rst_write_commit(&repair->txn);
		if (err == RST_OK)
			repair->n += repair->changed;
	}
	rst_write_abort(&repair->txn);
	return err;
}

/* Go through the next rows, in the transaction that has begun. */
static enum rst_err
rows(struct rst_repair *repair, struct walk *walk)
{
	struct rst_view key;
	char *value = NULL;
	size_t len = 0;
	enum rst_err err = RST_OK;

	for (int i = 0; err == RST_OK && i < CHUNK_ROWS; i++) {
		err = next_row(repair, walk, &key, &value, &len);
		if (err != RST_OK)
			break;
		walk->done++;
		err = walk->each(repair, key, rst_view(value, len));
		/* never the end of the walk; and what does not decode is
		 * not ours to put right */
		if (err == RST_ENOTFOUND || err == RST_ECORRUPT)
			err = RST_OK;
		free(value);
		value = NULL;
	}
	if (err == RST_ENOTFOUND) {
		walk->ended = true;
		err = RST_OK;
	}
	return err;
}

/* The same without a copy of each: nothing is written that could move it. */
static enum rst_err
look_at_rows(struct rst_repair *repair, struct walk *walk,
             struct rst_cursor *cursor)
{
	struct rst_view key, value;
	enum rst_err err;

	err = go_on(walk, cursor, &key, &value);
	for (int i = 0; err == RST_OK && i < CHUNK_ROWS; i++) {
		if (key.len > sizeof(walk->after))
			return RST_ECORRUPT;
		memcpy(walk->after, key.ptr, key.len);
		walk->after_len = key.len;
		walk->begun = true;
		walk->done++;
		err = walk->each(repair, key, value);
		if (err == RST_OK || err == RST_ENOTFOUND ||
		    err == RST_ECORRUPT)
			err = i + 1 < CHUNK_ROWS
			              ? rst_cursor_next(cursor, &key, &value)
			              : RST_OK;
	}
	if (err == RST_ENOTFOUND) {
		walk->ended = true;
		err = RST_OK;
	}
	return err;
}

static enum rst_err
look(struct rst_repair *repair, struct walk *walk)
{
	struct rst_cursor cursor = { 0 };
	enum rst_err err;

	repair->changed = 0;
	repair->looking = true;
	err = rst_read_begin(repair->env, &repair->txn.r);
	if (err == RST_OK)
		err = rst_cursor_open(&repair->txn.r, walk->table, &cursor);
	if (err == RST_OK)
		err = look_at_rows(repair, walk, &cursor);
	rst_cursor_close(&cursor);
	rst_read_end(&repair->txn.r);
	repair->looking = false;
	return err;
}

static enum rst_err
chunk(struct rst_repair *repair, struct walk *walk)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	const struct walk before = *walk;
	enum rst_err err;

	err = look(repair, walk);
	if (err != RST_OK || repair->changed == 0)
		return err;
	*walk = before;
	err = rst_repair_begin(repair);
	if (err == RST_OK)
		err = rows(repair, walk);
	err = rst_repair_end(repair, err);
	nanosleep(&pause, NULL);
	return err;
}

static enum rst_err
count(struct rst_repair *repair, enum rst_table table, uint64_t *ret_n)
{
	struct rst_rtxn txn = { 0 };
	struct rst_check check = { .txn = &txn, .damaged = true };
	enum rst_err err;

	err = rst_read_begin(repair->env, &txn);
	if (err == RST_OK)
		err = rst_check_count(&check, table, ret_n);
	rst_read_end(&txn);
	return err;
}

struct rst_check
rst_repair_quiet(const struct rst_rtxn *txn)
{
	static const struct rst_check_options quiet;
	struct rst_check check = { .txn = txn,
		                   .options = &quiet,
		                   .damaged = true };

	randombytes_buf(check.hash_key, sizeof(check.hash_key));
	return check;
}

/* The rows of a large table are many more than its records: when those that
 * were missing have come, the sums tell whether any is too many. */
static enum rst_err
is_right(struct rst_repair *repair, const struct walk *walk, bool *ret_right)
{
	struct rst_rtxn txn = { 0 };
	struct rst_check check = rst_repair_quiet(&txn);
	enum rst_err err;

	*ret_right = false;
	if (walk->rows_of == NULL)
		return RST_OK;
	err = rst_read_begin(repair->env, &txn);
	if (err == RST_OK)
		err = rst_check_is_derived(&check, walk->table, walk->rows_of,
		                           ret_right);
	rst_read_end(&txn);
	return err;
}

static enum rst_err
walk_table(struct rst_repair *repair, struct walk *walk)
{
	const struct rst_check_options *told = repair->options;
	enum rst_err err;

	err = is_right(repair, walk, &walk->ended);
	if (err == RST_OK)
		err = count(repair, walk->table, &walk->total);
	while (err == RST_OK && !walk->ended) {
		if (told->progress != NULL)
			told->progress(told->arg, walk->what,
			               walk->done < walk->total ? walk->done
			                                        : walk->total,
			               walk->total);
		err = chunk(repair, walk);
	}
	return err;
}

/* -------------------------------------------------------- from the records */

/* Does the record of entry id stand at this place of the tree?  A record that
 * does not decode is RST_ECORRUPT. */
static enum rst_err
stands_at(struct rst_repair *repair, uint64_t id, struct rst_view place,
          bool *ret_stands)
{
	struct rst_record record;
	enum rst_err err;

	err = rst_record_read(&repair->txn.r, id, true, &record);
	*ret_stands = err == RST_OK && place.len >= 8 &&
	              rst_get_be64(place.ptr) == record.parent &&
	              rst_view_equal(rst_view(place.ptr + 8, place.len - 8),
	                             record.nrdn);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
tree_of_record(struct rst_repair *repair, const struct rst_record *record)
{
	char key[512], value[8];
	uint64_t other;
	bool theirs = false;
	enum rst_err err;

	if (8 + record->nrdn.len > sizeof(key))
		return RST_ECORRUPT;
	rst_put_be64(key, record->parent);
	memcpy(key + 8, record->nrdn.ptr, record->nrdn.len);
	err = rst_tree_child(&repair->txn.r, record->parent, record->nrdn,
	                     &other);
	if (err == RST_OK && other == record->id)
		return RST_OK;
	if (err == RST_OK)
		err = stands_at(repair, other,
		                rst_view(key, 8 + record->nrdn.len), &theirs);
	/* Two records of one place: which one is right cannot be derived */
	if (theirs || (err != RST_OK && err != RST_ENOTFOUND))
		return err;
	rst_put_be64(value, record->id);
	return put(repair, RST_T_TREE, rst_view(key, 8 + record->nrdn.len),
	           rst_view(value, sizeof(value)));
}

/* A rst_row_each: the row is there, as it must be. */
static enum rst_err
have_name(void *arg, struct rst_view key, struct rst_view value)
{
	struct rst_repair *repair = arg;
	struct rst_view got;
	enum rst_err err;

	err = rst_db_get(&repair->txn.r, RST_T_NAME, key, &got);
	if (err == RST_OK && rst_view_equal(got, value))
		return RST_OK;
	return err == RST_OK || err == RST_ENOTFOUND
	               ? put(repair, RST_T_NAME, key, value)
	               : err;
}

static enum rst_err
rows_of_record(struct rst_repair *repair, enum rst_table table,
               rst_rows_fn *rows_of, const struct rst_record *record)
{
	const struct rst_row *row;
	struct rst_view got;
	bool flagged = table == RST_T_IDENT;
	enum rst_err err;

	err = rst_rows_of(&repair->txn.r, rows_of, record, &repair->rows);
	for (size_t i = 0; err == RST_OK && i < repair->rows.n; i++) {
		row = &repair->rows.items[i];
		err = rst_db_get(&repair->txn.r, table,
		                 rst_view(row->key, row->len), &got);
		if (err == RST_ENOTFOUND ||
		    (err == RST_OK && flagged &&
		     (got.len != 1 || got.ptr[0] != row->value)))
			err = put(repair, table, rst_view(row->key, row->len),
			          flagged ? rst_view(&row->value, 1)
			                  : RST_VIEW(""));
	}
	return err;
}

/* Write the record with the header that its attributes say; *entry, to be
 * freed, is what *record then borrows from. */
static enum rst_err
put_header(struct rst_repair *repair, struct rst_record *record,
           struct rst_entry **entry)
{
	char key[8];
	enum rst_err err;

	err = rst_entry_from_record(record, entry);
	if (err == RST_OK)
		err = rst_entry_record(*entry, record);
	rst_put_be64(key, record->id);
	if (err == RST_OK)
		err = put(repair, RST_T_ENTRY, rst_view(key, sizeof(key)),
		          record->bytes);
	return err;
}

static enum rst_err
record_row(struct rst_repair *repair, struct rst_view key,
           struct rst_view value)
{
	struct rst_entry *entry = NULL;
	struct rst_record record;
	enum rst_err err;

	err = rst_record_decode(value, true, &record);
	if (err == RST_OK &&
	    (key.len != 8 || record.id != rst_get_be64(key.ptr)))
		err = RST_ECORRUPT;
	if (err == RST_OK && !rst_record_is_derived(&record))
		err = put_header(repair, &record, &entry);
	if (err == RST_OK)
		err = rst_name_row(&record, have_name, repair);
	if (err == RST_OK)
		err = rows_of_record(repair, RST_T_INDEX, rst_index_rows,
		                     &record);
	if (err == RST_OK)
		err = rows_of_record(repair, RST_T_IDENT, rst_ident_rows,
		                     &record);
	/* last: who stands in its place may be damaged */
	if (err == RST_OK)
		err = tree_of_record(repair, &record);
	rst_entry_free(entry);
	return err;
}

static enum rst_err
tree_row(struct rst_repair *repair, struct rst_view key, struct rst_view value)
{
	bool stands = false;
	enum rst_err err = RST_OK;

	if (value.len == 8)
		err = stands_at(repair, rst_get_be64(value.ptr), key, &stands);
	if (err == RST_OK && !stands)
		err = drop(repair, RST_T_TREE, key);
	return err;
}

/* Of a record that does not decode nothing is known: it stays. */
static enum rst_err
name_row(struct rst_repair *repair, struct rst_view key, struct rst_view value)
{
	struct rst_record record;
	enum rst_err err = RST_ENOTFOUND;

	(void)value;
	if (key.len == 8)
		err = rst_record_read(&repair->txn.r, rst_get_be64(key.ptr),
		                      true, &record);
	return err == RST_ENOTFOUND ? drop(repair, RST_T_NAME, key) : err;
}

/* A row of table index or ident, whose key ends in the entry's id. */
static enum rst_err
derived_row(struct rst_repair *repair, enum rst_table table,
            rst_rows_fn *rows_of, struct rst_view key, struct rst_view value)
{
	struct rst_record record;
	enum rst_err err = RST_ENOTFOUND;

	if (key.len >= 8)
		err = rst_record_read(&repair->txn.r,
		                      rst_get_be64(key.ptr + key.len - 8), true,
		                      &record);
	if (err == RST_OK)
		err = rst_rows_of(&repair->txn.r, rows_of, &record,
		                  &repair->rows);
	if (err == RST_OK && rst_rows_find(&repair->rows, key) == NULL)
		err = RST_ENOTFOUND;
	if (err == RST_ENOTFOUND)
		return drop(repair, table, key);
	/* Where a row must be, the walk of the records has seen to the value of
	 * an identifier; that of an index has none */
	if (err == RST_OK && table == RST_T_INDEX && value.len > 0)
		err = put(repair, table, key, RST_VIEW(""));
	return err;
}

static enum rst_err
index_row(struct rst_repair *repair, struct rst_view key, struct rst_view value)
{
	return derived_row(repair, RST_T_INDEX, rst_index_rows, key, value);
}

static enum rst_err
ident_row(struct rst_repair *repair, struct rst_view key, struct rst_view value)
{
	return derived_row(repair, RST_T_IDENT, rst_ident_rows, key, value);
}

/* -------------------------------------------------------------- transposes */

/* The row other is there, or is written without a value. */
static enum rst_err
have(struct rst_repair *repair, enum rst_table table, struct rst_view key)
{
	struct rst_view value;
	enum rst_err err;

	err = rst_db_get(&repair->txn.r, table, key, &value);
	return err == RST_ENOTFOUND ? put(repair, table, key, RST_VIEW(""))
	                            : err;
}

/* The via that a row of table member should have: its own, but for a member
 * whose gidNumber is, or is not, its rosterGroup's. */
static enum rst_err
right_via(struct rst_repair *repair, const struct rst_mrow *row,
          enum rst_via *ret_via)
{
	uint64_t id = rst_mkey_id(&row->key);
	struct rst_mgroup group;
	struct rst_record member;
	enum rst_err err;

	*ret_via = row->via;
	if (id == 0 ||
	    (row->via != RST_VIA_ROSTER && row->via != RST_VIA_PRIMARY &&
	     row->via != RST_VIA_GROUP))
		return RST_OK;
	err = rst_mgroup_get(&repair->txn.r, row->group, &group);
	if (err == RST_OK)
		err = rst_record_read(&repair->txn.r, id, true, &member);
	if (err == RST_OK && group.roster)
		*ret_via = rst_member_via_record(&group, &member);
	return err == RST_ENOTFOUND || err == RST_ECORRUPT ? RST_OK : err;
}

/* Both rows of a member under the other via. */
static enum rst_err
move_via(struct rst_repair *repair, const struct rst_mrow *row,
         enum rst_via via)
{
	char until[8];
	enum rst_err err;

	repair->changed += 2;
	if (repair->looking)
		return RST_OK;
	err = rst_mrow_put(&repair->txn, row->group, via, &row->key, row->flag,
	                   row->until_s != 0
	                           ? rst_mrow_of_value(row, until)
	                           : rst_view(row->text, row->text_len),
	                   NULL);
	if (err == RST_OK)
		err = rst_mrow_drop(&repair->txn, row->group, row->via,
		                    &row->key, NULL);
	return err;
}

/* What holds the text is right: memberof follows member. */
static enum rst_err
member_row(struct rst_repair *repair, struct rst_view key,
           struct rst_view value)
{
	char buf[RST_MROW_MAX], until[8];
	struct rst_mrow row;
	struct rst_view other, due;
	enum rst_via via;
	enum rst_err err;
	size_t len;

	err = rst_mrow_decode(key, value, &row);
	if (err == RST_OK)
		err = right_via(repair, &row, &via);
	if (err == RST_OK && via != row.via)
		return move_via(repair, &row, via);
	if (err != RST_OK)
		return err;
	len = rst_mrow_of_key(row.group, row.via, &row.key, buf);
	due = rst_mrow_of_value(&row, until);
	err = rst_db_get(&repair->txn.r, RST_T_MEMBEROF, rst_view(buf, len),
	                 &other);
	if (err == RST_OK && rst_view_equal(other, due))
		return RST_OK;
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	return put(repair, RST_T_MEMBEROF, rst_view(buf, len), due);
}

static enum rst_err
memberof_row(struct rst_repair *repair, struct rst_view key,
             struct rst_view value)
{
	char buf[RST_MROW_MAX];
	struct rst_mkey member;
	struct rst_view other;
	uint64_t group;
	enum rst_via via;
	size_t len;
	enum rst_err err;

	err = rst_mrow_of_decode(key, &member, &group, &via);
	if (err == RST_OK) {
		len = rst_mrow_key(group, via, &member, buf);
		err = rst_db_get(&repair->txn.r, RST_T_MEMBER,
		                 rst_view(buf, len), &other);
	}
	if (err == RST_ENOTFOUND || err == RST_ECORRUPT)
		return drop(repair, RST_T_MEMBEROF, key);
	(void)value; /* member_row() has made it right */
	return err;
}

static enum rst_err
session_row(struct rst_repair *repair, struct rst_view key,
            struct rst_view value)
{
	char buf[8 + RST_DIGEST_BYTES];
	struct rst_session session;
	enum rst_err err;

	err = rst_session_decode(value, &session);
	if (err != RST_OK || key.len != RST_DIGEST_BYTES)
		return RST_ECORRUPT;
	rst_put_be64(buf, session.user);
	memcpy(buf + 8, key.ptr, RST_DIGEST_BYTES);
	return have(repair, RST_T_SESSION_USER, rst_view(buf, sizeof(buf)));
}

static enum rst_err
session_user_row(struct rst_repair *repair, struct rst_view key,
                 struct rst_view value)
{
	struct rst_session session;
	enum rst_err err = RST_ENOTFOUND;

	if (key.len == 8 + RST_DIGEST_BYTES && value.len == 0)
		err = rst_session_get(&repair->txn.r,
		                      (const unsigned char *)key.ptr + 8,
		                      &session);
	if (err == RST_OK && session.user != rst_get_be64(key.ptr))
		err = RST_ENOTFOUND;
	return err == RST_ENOTFOUND ? drop(repair, RST_T_SESSION_USER, key)
	                            : err;
}

enum rst_err
rst_check_repair(struct rst_env *env, const struct rst_check_options *options,
                 uint64_t *ret_n)
{
	struct rst_repair repair = { .env = env, .options = options };
	struct walk walks[] = {
		{ .table = RST_T_ENTRY, .each = record_row },
		{ .table = RST_T_TREE, .each = tree_row },
		{ .table = RST_T_NAME, .each = name_row },
		{ .table = RST_T_INDEX,
		  .each = index_row,
		  .rows_of = rst_index_rows },
		{ .table = RST_T_IDENT,
		  .each = ident_row,
		  .rows_of = rst_ident_rows },
		{ .table = RST_T_MEMBER, .each = member_row },
		{ .table = RST_T_MEMBEROF, .each = memberof_row },
		{ .table = RST_T_SESSION, .each = session_row },
		{ .table = RST_T_SESSION_USER, .each = session_user_row },
		{ .table = RST_T_META, .each = rst_repair_count },
	};
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && i < sizeof(walks) / sizeof(*walks);
	     i++) {
		walks[i].what = rst_table_names[walks[i].table];
		err = walk_table(&repair, &walks[i]);
	}
	if (err == RST_OK)
		err = rst_repair_counters(&repair);
	if (err == RST_OK)
		err = rst_repair_marks(&repair);
	if (err == RST_OK)
		*ret_n = repair.n;
	rst_rows_release(&repair.rows);
	return err;
}
