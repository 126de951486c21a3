/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_store_rows.c - rows that no store wrote: check tells of them and ends
 *
 * The rows of one table of stage.h are cut, grown and changed in each way of
 * ways[], their sums made right again.  rst_check() must find that, all of it,
 * and rst_check_repair() end, after which the rest is as good as it was.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/check.h"
#include "store/ident.h"
#include "store/member_priv.h"
#include "tests/unit/stage.h"

#define KEY_MOST 511
#define EACH     3 /* one row in so many, from another one on each time */

static struct stage stage;

struct row {
	enum rst_table table;
	char *key, *value;
	size_t key_len, value_len;
};
static struct row *rows;
static size_t n_rows;
static unsigned int wrong;

static const struct way {
	const char *what;
	int key;    /* bytes more or less; below -100: cut to the rest */
	int value;  /* the same, of what its sum covers */
	int at;     /* a byte of the value, from 1 on or -1 back; 0: none */
	int key_at; /* a byte of the key, the same */
} ways[] = {
	{ "a key of one byte", -101, 0, 0, 0 },
	{ "a key of three bytes", -103, 0, 0, 0 },
	{ "a key of seven bytes", -107, 0, 0, 0 },
	{ "a key of eight bytes", -108, 0, 0, 0 },
	{ "a key of nine bytes", -109, 0, 0, 0 },
	{ "a key of ten bytes", -110, 0, 0, 0 },
	{ "a key of eleven bytes", -111, 0, 0, 0 },
	{ "a key less a byte", -1, 0, 0, 0 },
	{ "a key and a byte", 1, 0, 0, 0 },
	{ "a key as long as can be", KEY_MOST, 0, 0, 0 },
	{ "another key", 0, 0, 0, -1 },
	{ "a key that begins otherwise", 0, 0, 0, 1 },
	{ "a key of another kind", 0, 0, 0, 3 },
	{ "no value", 0, -100, 0, 0 },
	{ "a value of a byte", 0, -101, 0, 0 },
	{ "a value of eight bytes", 0, -108, 0, 0 },
	{ "a value of forty bytes", 0, -140, 0, 0 },
	{ "a value less a byte", 0, -1, 0, 0 },
	{ "a value and a byte", 0, 1, 0, 0 },
	{ "a value that begins otherwise", 0, 0, 1, 0 },
	{ "a value with another second byte", 0, 0, 2, 0 },
	{ "a value with another tenth byte", 0, 0, 10, 0 },
	{ "a value that ends otherwise", 0, 0, -1, 0 },
};

/* ------------------------------------------------------------- all the rows */

static char *
copy_of(struct rst_view bytes)
{
	char *copy = malloc(bytes.len + 1);

	assert_non_null(copy);
	if (bytes.len > 0)
		memcpy(copy, bytes.ptr, bytes.len);
	return copy;
}

static void
save(void)
{
	struct rst_view key, value;
	struct rst_cursor cursor;
	struct rst_rtxn txn;
	enum rst_err err;

	fixture_read(&stage.fixture, &txn);
	for (int i = 0; i < RST_T_COUNT; i++) {
		assert_int_equal(
			rst_cursor_open(&txn, (enum rst_table)i, &cursor),
			RST_OK);
		err = rst_cursor_seek(&cursor, rst_view(NULL, 0), &key, &value);
		for (; err == RST_OK;
		     err = rst_cursor_next(&cursor, &key, &value)) {
			rows = realloc(rows, (n_rows + 1) * sizeof(*rows));
			assert_non_null(rows);
			rows[n_rows++] =
				(struct row){ (enum rst_table)i, copy_of(key),
				              copy_of(value), key.len,
				              value.len };
		}
		rst_cursor_close(&cursor);
	}
	rst_read_end(&txn);
}

static void
forget(void)
{
	for (size_t i = 0; i < n_rows; i++) {
		free(rows[i].key);
		free(rows[i].value);
	}
	free(rows);
}

static void
put(struct rst_wtxn *txn, const struct row *row)
{
	assert_int_equal(rst_db_put(txn, row->table,
	                            rst_view(row->key, row->key_len),
	                            rst_view(row->value, row->value_len), true),
	                 RST_OK);
}

/* Everything is as it was saved. */
static void
bring_back(void)
{
	struct rst_view key, value;
	struct rst_cursor cursor;
	struct rst_wtxn txn;
	char copy[KEY_MOST];

	fixture_write(&stage.fixture, &txn);
	for (int i = 0; i < RST_T_COUNT; i++)
		for (;;) {
			enum rst_err err;

			assert_int_equal(rst_cursor_open(&txn.r,
			                                 (enum rst_table)i,
			                                 &cursor),
			                 RST_OK);
			err = rst_cursor_last(&cursor, &key, &value);
			if (err == RST_OK)
				memcpy(copy, key.ptr, key.len);
			rst_cursor_close(&cursor);
			if (err != RST_OK)
				break;
			assert_int_equal(rst_db_drop(&txn, (enum rst_table)i,
			                             rst_view(copy, key.len)),
			                 RST_OK);
		}
	for (size_t i = 0; i < n_rows; i++)
		put(&txn, &rows[i]);
	fixture_commit(&txn);
}

/* ------------------------------------------------------------ other than they
 * were */

static size_t
length_of(size_t len, int by, size_t most)
{
	if (by <= -100)
		return len < (size_t) - (by + 100) ? len
		                                   : (size_t) - (by + 100);
	if (by < 0)
		return len < (size_t)-by ? 0 : len - (size_t)-by;
	return len + (size_t)by < most ? len + (size_t)by : most;
}

static void
change_byte(char *bytes, size_t len, int at)
{
	size_t from = at > 0 ? (size_t)at : (size_t)-at;

	if (at == 0 || from > len)
		return;
	bytes[at > 0 ? from - 1 : len - from] ^= 0x55;
}

/* A copy of row that is other than it; false if it is the same. */
static bool
change(const struct row *row, const struct way *way, struct row *ret_row)
{
	struct rst_view value = rst_view(row->value, row->value_len), key;
	bool keyed, plain = rst_sum_take(&value);
	size_t len;

	keyed = !plain &&
	        rst_sum_keyed_take(rst_view(row->key, row->key_len), &value);
	*ret_row = *row;
	ret_row->key_len = length_of(row->key_len, way->key, KEY_MOST);
	len = length_of(value.len, way->value, SIZE_MAX);
	if (ret_row->key_len == 0)
		return false;
	ret_row->key = calloc(1, KEY_MOST);
	ret_row->value = calloc(1, len + value.len + RST_SUM_BYTES);
	assert_true(ret_row->key != NULL && ret_row->value != NULL);
	memset(ret_row->key, 'A', KEY_MOST);
	memcpy(ret_row->key, row->key,
	       row->key_len < KEY_MOST ? row->key_len : KEY_MOST);
	memcpy(ret_row->value, value.ptr, len < value.len ? len : value.len);
	change_byte(ret_row->key, ret_row->key_len, way->key_at);
	change_byte(ret_row->value, len, way->at);
	key = rst_view(ret_row->key, ret_row->key_len);
	if (plain)
		rst_sum(rst_view(ret_row->value, len), ret_row->value + len);
	if (keyed)
		rst_sum_keyed(key, rst_view(ret_row->value, len),
		              ret_row->value + len);
	ret_row->value_len = len + (plain || keyed ? RST_SUM_BYTES : 0);
	return ret_row->key_len != row->key_len ||
	       memcmp(ret_row->key, row->key, row->key_len) != 0 ||
	       ret_row->value_len != row->value_len ||
	       memcmp(ret_row->value, row->value, row->value_len) != 0;
}

/* How many were changed. */
static unsigned int
change_some(enum rst_table table, const struct way *way, size_t from)
{
	unsigned int n = 0;
	struct rst_wtxn txn;
	struct row other;

	fixture_write(&stage.fixture, &txn);
	for (size_t i = 0; i < n_rows; i++) {
		if (rows[i].table != table || (i + from) % EACH != 0)
			continue;
		if (table == RST_T_META &&
		    strncmp(rows[i].key, RST_META_FORMAT, rows[i].key_len) == 0)
			continue;
		if (!change(&rows[i], way, &other)) {
			free(other.key == rows[i].key ? NULL : other.key);
			free(other.value == rows[i].value ? NULL : other.value);
			continue;
		}
		assert_int_equal(
			rst_db_drop(&txn, table,
		                    rst_view(rows[i].key, rows[i].key_len)),
			RST_OK);
		put(&txn, &other);
		free(other.key);
		free(other.value);
		n++;
	}
	fixture_commit(&txn);
	return n;
}

static enum rst_err
check(uint64_t *ret_n)
{
	const struct rst_check_options options = { .progress = stage_progress,
		                                   .max_findings = 9,
		                                   .arg = &stage };

	return rst_check(stage.env, &options, ret_n);
}

static enum rst_err
repair(void)
{
	const struct rst_check_options options = { .progress = stage_progress,
		                                   .arg = &stage };
	uint64_t n = 0;

	return rst_check_repair(stage.env, &options, &n);
}

static void
try_way(enum rst_table table, const struct way *way, size_t from)
{
	uint64_t n = 0;
	enum rst_err err;

	if (change_some(table, way, from) > 0) {
		err = check(&n);
		if (err != RST_OK && wrong++ < 100)
			print_error("%s in %s: check: %s\n", way->what,
			            rst_table_names[table], rst_strerror(err));
		err = repair();
		if (err != RST_OK && err != RST_ECORRUPT && wrong++ < 100)
			print_error("%s in %s: repair: %s\n", way->what,
			            rst_table_names[table], rst_strerror(err));
		(void)check(&n);
	}
	bring_back();
}

/* Nothing but names of attributes may end a check: by them rows are known. */
static void
no_row_ends_a_check(void **state)
{
	uint64_t before, after;

	(void)state;
	assert_int_equal(check(&before), RST_OK);
	for (int i = 0; i < RST_T_COUNT; i++)
		for (size_t j = 0; j < sizeof(ways) / sizeof(ways[0]); j++)
			try_way((enum rst_table)i, &ways[j], j);
	assert_int_equal(wrong, 0);
	assert_int_equal(check(&after), RST_OK);
	assert_int_equal(before, after);
}

/* --------------------------------------------------------------- the stage */

/* A range of numbers that was used up, and one of them free since. */
static void
use_up_numbers(struct rst_wtxn *w)
{
	uint32_t number = 0;
	uint64_t id = fixture_add(w, stage.ids.people, "uid=five",
	                          "objectClass", "posixAccount", "uid", "five",
	                          "uidNumber", "20005", NULL);

	(void)fixture_add(w, stage.ids.people, "uid=six", "objectClass",
	                  "posixAccount", "uid", "six", "uidNumber", "20006",
	                  NULL);
	while (rst_ident_allocate(w, RST_IDENT_UIDNUMBER, 20005, 20006,
	                          &number) == RST_OK)
		fail_msg("%u was free", (unsigned int)number);
	assert_int_equal(rst_entry_store_drop(w, id), RST_OK);
}

/* A group of more members than are counted one by one, some of whom end. */
static void
fill_large_group(struct rst_wtxn *w)
{
	char until[8];
	struct rst_mkey key;

	for (uint64_t i = 0; i <= RST_MCOUNT_SMALL; i++) {
		rst_mkey_entry(1000 + i, &key);
		rst_put_be64(until, (uint64_t)STAGE_NOW_S + i % 2);
		assert_int_equal(
			rst_mrow_put(w, stage.group, RST_VIA_ROSTER, &key,
		                     i % 3 == 0 ? RST_MROW_UNTIL
		                                : RST_MROW_PLAIN,
		                     rst_view(until, i % 3 == 0 ? 8 : 0), NULL),
			RST_OK);
	}
	assert_int_equal(rst_mcount_settle(w), RST_OK);
}

/* Of more rows than are kept together at first. */
static void
add_many_values(struct rst_wtxn *w)
{
	struct rst_entry *entry = fixture_entry(
		w, stage.ids.people, "uid=many", "objectClass", "rosterAccount",
		"entryUUID", "0b8d4d6e-12f0-4b7e-9d8e-6f0d7ae4a7f1", NULL);
	char text[32];

	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "value %d", i);
		assert_int_equal(
			rst_entry_add(entry, stage.ours, rst_view_of(text)),
			RST_OK);
		if (i < 12)
			assert_int_equal(rst_entry_add(entry, RST_A_UID,
			                               rst_view_of(text)),
			                 RST_OK);
	}
	assert_int_equal(rst_entry_store_add(w, entry), RST_OK);
	rst_entry_free(entry);
}

static int
open_stage(void **state)
{
	struct rst_wtxn w;

	(void)state;
	stage_open(&stage);
	fixture_write(&stage.fixture, &w);
	use_up_numbers(&w);
	fill_large_group(&w);
	add_many_values(&w);
	fixture_commit(&w);
	save();
	return 0;
}

static int
close_stage(void **state)
{
	(void)state;
	forget();
	stage_close(&stage);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_row_ends_a_check),
	};

	return cmocka_run_group_tests(tests, open_stage, close_stage);
}
