/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_index.c - store/index.h */
#include "tests/unit/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/env_priv.h"
#include "store/index_priv.h"
#include "store/record_priv.h"

static void
the_documented_indexes_exist(void **state)
{
	static const struct {
		uint16_t id;
		bool equal, order, substring;
	} row[] = {
		{ RST_A_OBJECTCLASS, true, false, false },
		{ RST_A_UID, true, false, true },
		{ RST_A_CN, true, false, true },
		{ RST_A_MAIL, true, false, true },
		{ RST_A_UIDNUMBER, true, false, false },
		{ RST_A_GIDNUMBER, true, false, false },
		{ RST_A_ENTRYUUID, true, false, false },
		{ RST_A_SN, true, false, true },
		{ RST_A_GIVENNAME, true, false, true },
		{ RST_A_DISPLAYNAME, false, false, true },
		{ RST_A_ROSTERSTATUS, true, false, false },
		{ RST_A_ROSTERTOKENDIGEST, true, false, false },
		{ RST_A_ENTRYCSN, false, true, false },
		{ RST_A_MODIFYTIMESTAMP, false, true, false },
		{ RST_A_ROSTEREXPIRES, false, true, false },
		{ RST_A_PWDACCOUNTLOCKEDTIME, false, true, false },
		{ RST_A_DESCRIPTION, false, false, false },
		{ RST_A_USERPASSWORD, false, false, false },
		{ RST_A_DYNAMIC, false, false, false },
	};
	struct fixture *fixture = *state;
	struct rst_rtxn txn;

	fixture_read(fixture, &txn);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (rst_index_exists(&txn, row[i].id, RST_INDEX_EQUAL) !=
		            row[i].equal ||
		    rst_index_exists(&txn, row[i].id, RST_INDEX_ORDER) !=
		            row[i].order ||
		    rst_index_exists(&txn, row[i].id, RST_INDEX_SUBSTRING) !=
		            row[i].substring)
			fail_msg("attribute %d", row[i].id);
	rst_read_end(&txn);
}

static void
the_rows_are_as_drawn(void **state)
{
	static const struct rst_view rows[] = {
		{ "\0\12\1\0\5alice\0\0\0\0\0\0\0\1", 18 },
		{ "\0\0\3\3ali\0\0\0\0\0\0\0\1", 15 },
		{ "\0\0\3\3ice\0\0\0\0\0\0\0\1", 15 },
		{ "\0\0\3\3lic\0\0\0\0\0\0\0\1", 15 },
	};
	struct fixture *fixture = *state;
	struct rst_view value;
	struct rst_wtxn txn;

	fixture_write(fixture, &txn);
	assert_int_equal(fixture_add_one(&txn, RST_A_UID, RST_VIEW("Alice")),
	                 1);
	assert_int_equal(fixture_rows(&txn.r, RST_T_INDEX), 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
			rst_db_get(&txn.r, RST_T_INDEX, rows[i], &value),
			RST_OK);
	rst_write_abort(&txn);
}

static void
names_share_the_rows_of_their_fragments(void **state)
{
	struct fixture *fixture = *state;
	struct rst_record record;
	struct rst_entry *entry;
	struct rst_wtxn txn;
	uint64_t ids[FIXTURE_MANY], id;
	size_t n;

	fixture_write(fixture, &txn);
	id = fixture_add_one(&txn, RST_A_CN, RST_VIEW("Ada Byron"));
	assert_int_equal(fixture_rows(&txn.r, RST_T_INDEX), 1 + 7);
	assert_int_equal(rst_record_get(&txn.r, id, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &entry), RST_OK);
	assert_int_equal(rst_entry_set_one(entry, RST_A_SN, RST_VIEW("Byron")),
	                 RST_OK);
	assert_int_equal(
		rst_entry_set_one(entry, RST_A_GIVENNAME, RST_VIEW("Ada")),
		RST_OK);
	assert_int_equal(rst_entry_store_put(&txn, entry), RST_OK);
	assert_int_equal(fixture_rows(&txn.r, RST_T_INDEX), 3 + 7);
	/* while one of them says a word, it is found */
	assert_int_equal(rst_entry_set(entry, RST_A_CN, NULL, 0), RST_OK);
	assert_int_equal(rst_entry_store_put(&txn, entry), RST_OK);
	assert_int_equal(fixture_rows(&txn.r, RST_T_INDEX), 2 + 4);
	assert_int_equal(rst_index_substring(&txn.r, RST_A_SN, RST_VIEW("YRO"),
	                                     0, ids, FIXTURE_MANY, &n),
	                 RST_OK);
	assert_int_equal(n, 1);
	assert_int_equal(ids[0], id);
	assert_int_equal(rst_index_substring(&txn.r, RST_A_SN, RST_VIEW("a b"),
	                                     0, ids, FIXTURE_MANY, &n),
	                 RST_OK);
	assert_int_equal(n, 0);
	rst_entry_free(entry);
	rst_write_abort(&txn);
}

static void
equality_is_by_the_rule_and_never_by_prefix(void **state)
{
	struct fixture *fixture = *state;
	static char longish[300], other[300];
	uint64_t ids[FIXTURE_MANY], ada, adam, nul, big;
	struct rst_wtxn txn;

	memset(longish, 'x', sizeof(longish));
	memset(other, 'x', sizeof(other));
	other[299] = 'y';
	fixture_write(fixture, &txn);
	ada = fixture_add_one(&txn, RST_A_CN, RST_VIEW("Ada"));
	adam = fixture_add_one(&txn, RST_A_CN, RST_VIEW("Adam"));
	/* the bytes of "ada" and of an id */
	nul = fixture_add_one(&txn, RST_A_CN, RST_VIEW("ada\0\0\0\0\0\0\0\1"));
	big = fixture_add_one(&txn, RST_A_CN,
	                      rst_view(longish, sizeof(longish)));
	(void)fixture_add_one(&txn, RST_A_SN, RST_VIEW("Ada"));
	assert_int_equal(
		fixture_equal(&txn.r, RST_A_CN, RST_VIEW(" ADA "), ids), 1);
	assert_int_equal(ids[0], ada);
	assert_int_equal(fixture_equal(&txn.r, RST_A_CN, RST_VIEW("adam"), ids),
	                 1);
	assert_int_equal(ids[0], adam);
	assert_int_equal(fixture_equal(&txn.r, RST_A_CN,
	                               RST_VIEW("ada\0\0\0\0\0\0\0\1"), ids),
	                 1);
	assert_int_equal(ids[0], nul);
	assert_int_equal(fixture_equal(&txn.r, RST_A_CN, RST_VIEW("ad"), ids),
	                 0);
	assert_int_equal(fixture_equal(&txn.r, RST_A_CN, RST_VIEW(""), ids), 0);
	assert_int_equal(fixture_equal(&txn.r, RST_A_CN,
	                               rst_view(longish, sizeof(longish)), ids),
	                 1);
	assert_int_equal(ids[0], big);
	assert_int_equal(fixture_equal(&txn.r, RST_A_CN,
	                               rst_view(other, sizeof(other)), ids),
	                 0);
	rst_write_abort(&txn);
}

static void
equal_entries_come_in_parts_ascending(void **state)
{
	struct fixture *fixture = *state;
	uint64_t ids[7], last = 0, total = 0;
	struct rst_wtxn txn;
	size_t n;

	fixture_write(fixture, &txn);
	for (int i = 0; i < 100; i++) {
		(void)fixture_add_one(&txn, RST_A_GIDNUMBER, RST_VIEW("2001"));
		(void)fixture_add_one(&txn, RST_A_GIDNUMBER, RST_VIEW("2002"));
	}
	do {
		assert_int_equal(rst_index_equal(&txn.r, RST_A_GIDNUMBER,
		                                 RST_VIEW("02001"), last, ids,
		                                 7, &n),
		                 RST_OK);
		for (size_t i = 0; i < n; i++) {
			assert_true(ids[i] > last);
			last = ids[i];
		}
		total += n;
	} while (n == 7);
	assert_int_equal(total, 100);
	assert_int_equal(rst_index_equal(&txn.r, RST_A_GIDNUMBER,
	                                 RST_VIEW("2001"), UINT64_MAX, ids, 7,
	                                 &n),
	                 RST_OK);
	assert_int_equal(n, 0);
	assert_int_equal(rst_index_equal(&txn.r, RST_A_GIDNUMBER,
	                                 RST_VIEW("2001"), 0, ids, 0, &n),
	                 RST_OK);
	assert_int_equal(n, 0);
	rst_write_abort(&txn);
}

/* All of a range, in parts of three. */
static size_t
range(const struct rst_rtxn *txn, uint16_t attr, const char *low,
      const char *high, uint64_t ids[FIXTURE_MANY])
{
	struct rst_index_cursor cursor = { .len = 0 };
	size_t n, total = 0;

	do {
		assert_int_equal(rst_index_range(txn, attr, rst_view_of(low),
		                                 rst_view_of(high), &cursor,
		                                 ids + total, 3, &n),
		                 RST_OK);
		total += n;
		assert_in_range(total, 0, FIXTURE_MANY - 3);
	} while (n > 0);
	return total;
}

static void
times_are_in_order_whatever_their_writing(void **state)
{
	static const char *const times[] = {
		"20200101000000Z",    "20200101000000.5Z",
		"20200101000000.75Z", "20200101010000+0030",
		"20200102000000Z",    "20210101000000Z",
	};
	struct fixture *fixture = *state;
	uint64_t id[6], ids[FIXTURE_MANY];
	struct rst_wtxn txn;

	fixture_write(fixture, &txn);
	for (int i = 5; i >= 0; i--)
		id[i] = fixture_add_one(&txn, RST_A_MODIFYTIMESTAMP,
		                        rst_view_of(times[i]));
	assert_int_equal(range(&txn.r, RST_A_MODIFYTIMESTAMP, NULL, NULL, ids),
	                 6);
	assert_memory_equal(ids, id, sizeof(id));
	assert_int_equal(range(&txn.r, RST_A_MODIFYTIMESTAMP, "20200101000000Z",
	                       "20200101000000.50Z", ids),
	                 2);
	assert_int_equal(range(&txn.r, RST_A_MODIFYTIMESTAMP, "20200101003000Z",
	                       NULL, ids),
	                 3);
	assert_int_equal(ids[0], id[3]);
	assert_int_equal(range(&txn.r, RST_A_MODIFYTIMESTAMP, NULL,
	                       "20200102000000Z", ids),
	                 5);
	assert_int_equal(ids[4], id[4]);
	assert_int_equal(range(&txn.r, RST_A_MODIFYTIMESTAMP, "20200101003000Z",
	                       "20200102000000Z", ids),
	                 2);
	assert_int_equal(range(&txn.r, RST_A_MODIFYTIMESTAMP, "20300101000000Z",
	                       NULL, ids),
	                 0);
	assert_int_equal(range(&txn.r, RST_A_ENTRYCSN, NULL, NULL, ids), 0);
	rst_write_abort(&txn);
}

static void
integers_are_in_order_of_their_values(void **state)
{
	static const char *const numbers[] = {
		"-100000000000000000000",
		"-101",
		"-100",
		"-99",
		"-2",
		"-1",
		"0",
		"1",
		"2",
		"10",
		"99",
		"100",
		"4294967295",
		"100000000000000000000",
		"no number",
	};
	struct fixture *fixture = *state;
	uint64_t id[15], ids[FIXTURE_MANY];
	struct rst_wtxn txn;
	size_t n;

	fixture_write(fixture, &txn);
	assert_int_equal(
		rst_index_add(&txn, RST_A_SHADOWEXPIRE, RST_INDEX_ORDER),
		RST_OK);
	for (int i = 0; i < 15; i++) /* in another order */
		id[i * 7 % 15] =
			fixture_add_one(&txn, RST_A_SHADOWEXPIRE,
		                        rst_view_of(numbers[i * 7 % 15]));
	n = range(&txn.r, RST_A_SHADOWEXPIRE, NULL, NULL, ids);
	assert_int_equal(n, 15);
	for (int i = 0; i < 15; i++)
		if (ids[i] != id[i])
			fail_msg("%s", numbers[i]);
	n = range(&txn.r, RST_A_SHADOWEXPIRE, "-100", "0100", ids);
	assert_int_equal(n, 10);
	assert_int_equal(ids[0], id[2]);
	assert_int_equal(ids[9], id[11]);
	rst_write_abort(&txn);
}

static void
text_is_in_order_and_a_prefix_first(void **state)
{
	static const struct rst_view text[] = {
		RST_VIEW("a"),   RST_VIEW("a\0"), RST_VIEW("a\0b"),
		RST_VIEW("a\1"), RST_VIEW("a\2"), RST_VIEW("a b"),
		RST_VIEW("aa"),  RST_VIEW("b"),
	};
	struct fixture *fixture = *state;
	struct rst_index_cursor cursor = { .len = 0 };
	uint64_t id[8], ids[FIXTURE_MANY];
	struct rst_wtxn txn;
	size_t n;

	fixture_write(fixture, &txn);
	assert_int_equal(
		rst_index_add(&txn, RST_A_DESCRIPTION, RST_INDEX_ORDER),
		RST_OK);
	for (int i = 7; i >= 0; i--)
		id[i] = fixture_add_one(&txn, RST_A_DESCRIPTION, text[i]);
	assert_int_equal(range(&txn.r, RST_A_DESCRIPTION, NULL, NULL, ids), 8);
	for (int i = 0; i < 8; i++)
		assert_int_equal(ids[i], id[i]);
	assert_int_equal(rst_index_range(&txn.r, RST_A_DESCRIPTION, text[1],
	                                 text[3], &cursor, ids, FIXTURE_MANY,
	                                 &n),
	                 RST_OK);
	assert_int_equal(n, 3);
	assert_int_equal(ids[0], id[1]);
	assert_int_equal(ids[2], id[3]);
	rst_write_abort(&txn);
}

static void
fragments_find_what_may_match(void **state)
{
	struct fixture *fixture = *state;
	uint64_t ids[FIXTURE_MANY], alice, malice, banana, umlaut;
	static const struct {
		const char *piece;
		int expect; /* a bit for each of the four */
	} row[] = {
		{ "ali", 3 },    { "LIC", 3 },    { "mal", 2 },
		{ "lice", 3 },   { "alicex", 0 }, { "ana", 4 },
		{ "banana", 4 }, { "rge", 8 },    { "\xc3\x84rg", 8 },
		{ " ali ", 3 },  { "nanab", 0 },  { "malice", 2 },
	};
	struct rst_wtxn txn;
	size_t n = 0;

	fixture_write(fixture, &txn);
	alice = fixture_add_one(&txn, RST_A_CN, RST_VIEW("Alice"));
	malice = fixture_add_one(&txn, RST_A_CN, RST_VIEW("malice"));
	banana = fixture_add_one(&txn, RST_A_CN, RST_VIEW("Banana"));
	umlaut = fixture_add_one(&txn, RST_A_CN, RST_VIEW("\xc3\x84rger"));
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		int got = 0;

		assert_int_equal(rst_index_substring(&txn.r, RST_A_CN,
		                                     rst_view_of(row[i].piece),
		                                     0, ids, FIXTURE_MANY, &n),
		                 RST_OK);
		for (size_t k = 0; k < n; k++)
			got |= (ids[k] == alice) | (ids[k] == malice) << 1 |
			       (ids[k] == banana) << 2 |
			       (ids[k] == umlaut) << 3;
		if (got != row[i].expect)
			fail_msg("\"%s\": %x", row[i].piece, got);
	}
	assert_int_equal(rst_index_substring(&txn.r, RST_A_CN, RST_VIEW("al"),
	                                     0, ids, FIXTURE_MANY, &n),
	                 RST_EINVALID);
	/* two characters of two bytes each are not three characters */
	assert_int_equal(rst_index_substring(&txn.r, RST_A_CN,
	                                     RST_VIEW("\xc3\x84\xc3\x96"), 0,
	                                     ids, FIXTURE_MANY, &n),
	                 RST_EINVALID);
	rst_write_abort(&txn);
}

static void
a_candidate_has_every_part_of_the_fragment(void **state)
{
	static const char *const names[] = { "abc",  "bcd",  "cde",
		                             "abcd", "bcde", "abc cde" };
	struct fixture *fixture = *state;
	uint64_t ids[FIXTURE_MANY];
	struct rst_wtxn txn;
	size_t n;

	fixture_write(fixture, &txn);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)fixture_add_one(&txn, RST_A_CN, rst_view_of(names[i]));
	assert_int_equal(rst_index_substring(&txn.r, RST_A_CN,
	                                     RST_VIEW("abcde"), 0, ids,
	                                     FIXTURE_MANY, &n),
	                 RST_OK);
	assert_int_equal(n, 0);
	assert_int_equal(rst_index_substring(&txn.r, RST_A_CN, RST_VIEW("abcd"),
	                                     0, ids, FIXTURE_MANY, &n),
	                 RST_OK);
	assert_int_equal(n, 1);
	rst_write_abort(&txn);
}

static void
candidates_come_in_parts_once_each(void **state)
{
	struct fixture *fixture = *state;
	uint64_t ids[5], last = 0, total = 0;
	struct rst_wtxn txn;
	char name[32];
	size_t n;

	fixture_write(fixture, &txn);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "common common %d", i);
		(void)fixture_add_one(&txn, RST_A_CN, rst_view_of(name));
	}
	do {
		assert_int_equal(rst_index_substring(&txn.r, RST_A_CN,
		                                     RST_VIEW("common"), last,
		                                     ids, 5, &n),
		                 RST_OK);
		for (size_t i = 0; i < n; i++) {
			assert_true(ids[i] > last);
			last = ids[i];
		}
		total += n;
	} while (n == 5);
	assert_int_equal(total, 100);
	rst_write_abort(&txn);
}

/* Do all the work that there is in pieces of budget; how many they were. */
static unsigned int
work_all(struct fixture *fixture, unsigned int budget)
{
	struct rst_wtxn txn;
	unsigned int n = 0;
	bool more = true;

	while (more) {
		assert_true(n++ < 10000);
		fixture_write(fixture, &txn);
		assert_int_equal(rst_index_work(&txn, budget, &more), RST_OK);
		fixture_commit(&txn);
	}
	return n;
}

static void
an_index_asked_for_covers_old_and_new_entries(void **state)
{
	struct fixture *fixture = *state;
	uint64_t ids[FIXTURE_MANY], old, new_one;
	uint16_t id = 0, other = 0;
	struct rst_wtxn txn;

	fixture_write(fixture, &txn);
	assert_int_equal(rst_attr_intern(&txn, RST_VIEW("roomNumber"),
	                                 RST_MATCH_IGNORE, &id),
	                 RST_OK);
	assert_int_equal(rst_attr_intern(&txn, RST_VIEW("room"),
	                                 RST_MATCH_IGNORE, &other),
	                 RST_OK);
	old = fixture_add_one(&txn, id, RST_VIEW("B 7"));
	assert_int_equal(fixture_equal(&txn.r, id, RST_VIEW("b 7"), ids), 0);
	assert_int_equal(rst_index_add(&txn, id, RST_INDEX_EQUAL), RST_OK);
	assert_int_equal(rst_index_add(&txn, id, RST_INDEX_SUBSTRING), RST_OK);
	assert_int_equal(rst_index_add(&txn, id, RST_INDEX_EQUAL), RST_OK);
	assert_false(rst_index_exists(&txn.r, id, RST_INDEX_EQUAL));
	fixture_commit(&txn);
	work_all(fixture, 1000);

	rst_env_close(fixture->env);
	fixture_open(fixture, FIXTURE_MAP_BYTES);
	fixture_write(fixture, &txn);
	assert_true(rst_index_exists(&txn.r, id, RST_INDEX_EQUAL));
	assert_true(rst_index_exists(&txn.r, id, RST_INDEX_SUBSTRING));
	assert_false(rst_index_exists(&txn.r, id, RST_INDEX_ORDER));
	assert_false(rst_index_exists(&txn.r, other, RST_INDEX_EQUAL));
	new_one = fixture_add_one(&txn, id, RST_VIEW("b  7"));
	assert_int_equal(fixture_equal(&txn.r, id, RST_VIEW("b 7"), ids), 2);
	assert_int_equal(ids[0], old);
	assert_int_equal(ids[1], new_one);
	assert_int_equal(rst_entry_store_drop(&txn, old), RST_OK);
	assert_int_equal(fixture_equal(&txn.r, id, RST_VIEW("b 7"), ids), 1);
	rst_write_abort(&txn);
}

static enum rst_err
is_stored(void *arg, struct rst_view key, struct rst_view value)
{
	struct rst_view stored;

	(void)value;
	return rst_db_get(arg, RST_T_INDEX, key, &stored);
}

static void
a_long_value_is_indexed_wholly(void **state)
{
	struct fixture *fixture = *state;
	static char text[2000];
	struct rst_record record;
	struct rst_wtxn txn;
	uint64_t ids[FIXTURE_MANY], id;
	size_t n;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 23);
	memcpy(text + 1990, "needle", 6);
	fixture_write(fixture, &txn);
	id = fixture_add_one(&txn, RST_A_CN, rst_view(text, sizeof(text)));
	assert_int_equal(rst_index_substring(&txn.r, RST_A_CN,
	                                     RST_VIEW("NEEDLE"), 0, ids,
	                                     FIXTURE_MANY, &n),
	                 RST_OK);
	assert_int_equal(n, 1);
	assert_int_equal(ids[0], id);
	assert_int_equal(rst_record_get(&txn.r, id, &record), RST_OK);
	assert_int_equal(rst_index_rows(&txn.r, &record, is_stored, &txn.r),
	                 RST_OK);
	assert_int_equal(rst_entry_store_drop(&txn, id), RST_OK);
	assert_int_equal(fixture_rows(&txn.r, RST_T_INDEX), 0);
	rst_write_abort(&txn);
}

#define GATHERED 200 /* entries: more rows than are sorted by comparing */

/* Many entries whose values begin alike, some with rows that come twice. */
static void
add_alike(struct rst_wtxn *txn)
{
	char cn[64], uid[32];

	for (int i = 0; i < GATHERED; i++) {
		(void)snprintf(cn, sizeof(cn), "Somebody banana %03d",
		               i * 7 % GATHERED);
		(void)snprintf(uid, sizeof(uid), "u%d", i % 150);
		fixture_add(txn, 0, cn, "cn", cn, "uid", uid, "displayName", cn,
		            "entryCSN",
		            "20261122120000.000000Z#000000#000#000000", NULL);
	}
}

/* All rows of table index, one after the other, to be freed. */
static char *
rows_in_order(const struct rst_rtxn *txn, size_t *ret_len)
{
	struct rst_cursor cursor;
	struct rst_view key, value, from = { NULL, 0 };
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_len);
	enum rst_err err;

	assert_non_null(out);
	assert_int_equal(rst_cursor_open(txn, RST_T_INDEX, &cursor), RST_OK);
	err = rst_cursor_seek(&cursor, from, &key, &value);
	for (; err == RST_OK; err = rst_cursor_next(&cursor, &key, &value)) {
		assert_int_equal(value.len, 0);
		(void)fprintf(out, "%zu ", key.len);
		assert_int_equal(fwrite(key.ptr, 1, key.len, out), key.len);
	}
	assert_int_equal(err, RST_ENOTFOUND);
	rst_cursor_close(&cursor);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
gathered_rows_are_those_put_one_by_one(void **state)
{
	struct fixture *fixture = *state;
	size_t len, gathered_len;
	char *one_by_one, *gathered;
	struct rst_rtxn read;
	struct rst_wtxn txn;

	fixture_write(fixture, &txn);
	add_alike(&txn);
	one_by_one = rows_in_order(&txn.r, &len);
	rst_write_abort(&txn);
	assert_true(len > (size_t)20 * GATHERED * 10);

	fixture_write(fixture, &txn);
	assert_int_equal(rst_index_gather(&txn), RST_OK);
	add_alike(&txn);
	fixture_commit(&txn);
	fixture_read(fixture, &read);
	gathered = rows_in_order(&read, &gathered_len);
	rst_read_end(&read);
	assert_int_equal(gathered_len, len);
	assert_memory_equal(gathered, one_by_one, len);
	free(one_by_one);
	free(gathered);
}

static void
gathered_rows_answer_and_go(void **state)
{
	struct fixture *fixture = *state;
	uint64_t ids[FIXTURE_MANY], id;
	struct rst_wtxn txn;
	size_t n;

	fixture_write(fixture, &txn);
	assert_int_equal(rst_index_gather(&txn), RST_OK);
	assert_int_equal(rst_index_gather(&txn), RST_OK);
	id = fixture_add(&txn, 0, "uid=ada", "uid", "ada", "mail", "a@b.c",
	                 NULL);
	assert_int_equal(fixture_equal(&txn.r, RST_A_UID, RST_VIEW("ADA"), ids),
	                 1);
	assert_int_equal(ids[0], id);
	assert_int_equal(
		fixture_equal(&txn.r, RST_A_MAIL, RST_VIEW("a@b.c"), ids), 1);
	id = fixture_add(&txn, 0, "uid=bob", "uid", "bob", "mail", "d@e.f",
	                 NULL);
	assert_int_equal(rst_index_substring(&txn.r, RST_A_MAIL,
	                                     RST_VIEW("d@e"), 0, ids,
	                                     FIXTURE_MANY, &n),
	                 RST_OK);
	assert_int_equal(n, 1);
	assert_int_equal(ids[0], id);
	/* what goes takes its rows with it, also those that waited */
	id = fixture_add(&txn, 0, "uid=eve", "uid", "eve", "mail", "g@h.i",
	                 NULL);
	assert_int_equal(rst_entry_store_drop(&txn, id), RST_OK);
	assert_int_equal(
		fixture_equal(&txn.r, RST_A_MAIL, RST_VIEW("g@h.i"), ids), 0);
	(void)fixture_add(&txn, 0, "uid=lost", "uid", "lost", NULL);
	rst_write_abort(&txn);

	fixture_write(fixture, &txn);
	assert_int_equal(fixture_rows(&txn.r, RST_T_INDEX), 0);
	rst_write_abort(&txn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(the_documented_indexes_exist),
		FIXTURE_TEST(the_rows_are_as_drawn),
		FIXTURE_TEST(names_share_the_rows_of_their_fragments),
		FIXTURE_TEST(equality_is_by_the_rule_and_never_by_prefix),
		FIXTURE_TEST(equal_entries_come_in_parts_ascending),
		FIXTURE_TEST(times_are_in_order_whatever_their_writing),
		FIXTURE_TEST(integers_are_in_order_of_their_values),
		FIXTURE_TEST(text_is_in_order_and_a_prefix_first),
		FIXTURE_TEST(fragments_find_what_may_match),
		FIXTURE_TEST(a_candidate_has_every_part_of_the_fragment),
		FIXTURE_TEST(candidates_come_in_parts_once_each),
		FIXTURE_TEST(an_index_asked_for_covers_old_and_new_entries),
		FIXTURE_TEST(a_long_value_is_indexed_wholly),
		FIXTURE_TEST(gathered_rows_are_those_put_one_by_one),
		FIXTURE_TEST(gathered_rows_answer_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
