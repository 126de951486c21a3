/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_index_build.c - indexes that come and go, store/index.h */
#include "tests/unit/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/check.h"
#include "store/env_priv.h"
#include "store/index_priv.h"

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
finding(void *arg, const struct rst_check_finding *found)
{
	(void)arg;
	fail_msg("%s: %s", found->invariant, found->text);
}

/* Nothing is wrong with the rows, whatever is being built or dropped. */
static void
check_rows(struct fixture *fixture)
{
	const struct rst_check_options options = { .max_findings = 10,
		                                   .finding = finding };
	uint64_t n;

	assert_int_equal(rst_check(fixture->env, &options, &n), RST_OK);
}

static void
set_value(struct rst_wtxn *txn, uint64_t id, uint16_t attr,
          struct rst_view value)
{
	struct rst_entry *entry;
	struct rst_record record;

	assert_int_equal(rst_record_get(&txn->r, id, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &entry), RST_OK);
	assert_int_equal(rst_entry_set_one(entry, attr, value), RST_OK);
	assert_int_equal(rst_entry_store_put(txn, entry), RST_OK);
	rst_entry_free(entry);
}

/* A suffix entry, and n more below it with values of RST_A_DESCRIPTION. */
static void
add_described(struct fixture *fixture, unsigned int n, uint64_t *ids)
{
	struct rst_wtxn txn;
	char text[32];

	fixture_write(fixture, &txn);
	for (unsigned int i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "text %u", i);
		ids[i] = fixture_add_one(&txn, RST_A_DESCRIPTION,
		                         rst_view_of(text));
	}
	fixture_commit(&txn);
}

static void
an_index_is_built_in_pieces_while_entries_change(void **state)
{
	struct fixture *fixture = *state;
	uint64_t ids[FIXTURE_MANY], found[FIXTURE_MANY];
	struct rst_index_info info;
	struct rst_wtxn txn;
	size_t at = 0;
	bool more;

	add_described(fixture, 20, ids);
	fixture_write(fixture, &txn);
	assert_int_equal(
		rst_index_add(&txn, RST_A_DESCRIPTION, RST_INDEX_EQUAL),
		RST_OK);
	/* begin, then one piece of it */
	assert_int_equal(rst_index_work(&txn, 10, &more), RST_OK);
	assert_int_equal(rst_index_work(&txn, 10, &more), RST_OK);
	assert_true(more);
	assert_false(
		rst_index_exists(&txn.r, RST_A_DESCRIPTION, RST_INDEX_EQUAL));
	assert_true(rst_index_next(&txn.r, &at, &info));
	assert_int_equal(info.state, RST_INDEX_BUILDING);
	assert_true(info.done > 0 && info.done < info.total);
	/* one that was done, one that was not, a new one, a deleted one */
	set_value(&txn, ids[0], RST_A_DESCRIPTION, RST_VIEW("other"));
	set_value(&txn, ids[18], RST_A_DESCRIPTION, RST_VIEW("other"));
	ids[20] = fixture_add_one(&txn, RST_A_DESCRIPTION, RST_VIEW("other"));
	assert_int_equal(rst_entry_store_drop(&txn, ids[19]), RST_OK);
	fixture_commit(&txn);
	check_rows(fixture);

	rst_env_close(fixture->env);
	fixture_open(fixture, FIXTURE_MAP_BYTES);
	assert_true(work_all(fixture, 10) > 3);
	check_rows(fixture);
	fixture_write(fixture, &txn);
	assert_true(
		rst_index_exists(&txn.r, RST_A_DESCRIPTION, RST_INDEX_EQUAL));
	assert_int_equal(fixture_equal(&txn.r, RST_A_DESCRIPTION,
	                               RST_VIEW("other"), found),
	                 3);
	assert_int_equal(found[0], ids[0]);
	assert_int_equal(found[1], ids[18]);
	assert_int_equal(found[2], ids[20]);
	for (unsigned int i = 1; i < 18; i++) {
		char text[32];

		snprintf(text, sizeof(text), "text %u", i);
		assert_int_equal(fixture_equal(&txn.r, RST_A_DESCRIPTION,
		                               rst_view_of(text), found),
		                 1);
	}
	rst_write_abort(&txn);
}

static void
an_index_that_goes_takes_its_rows_along(void **state)
{
	struct fixture *fixture = *state;
	uint64_t ids[FIXTURE_MANY], rows;
	struct rst_index_info info;
	struct rst_wtxn txn;
	size_t at = 0;
	bool more;

	add_described(fixture, 20, ids);
	fixture_write(fixture, &txn);
	rows = fixture_rows(&txn.r, RST_T_INDEX);
	assert_int_equal(
		rst_index_add(&txn, RST_A_DESCRIPTION, RST_INDEX_EQUAL),
		RST_OK);
	assert_int_equal(
		rst_index_add(&txn, RST_A_DESCRIPTION, RST_INDEX_SUBSTRING),
		RST_OK);
	fixture_commit(&txn);
	work_all(fixture, 1000);

	fixture_write(fixture, &txn);
	assert_int_equal(rst_index_remove(&txn, RST_VIEW("DESCRIPTION"),
	                                  RST_INDEX_SUBSTRING),
	                 RST_OK);
	assert_false(rst_index_exists(&txn.r, RST_A_DESCRIPTION,
	                              RST_INDEX_SUBSTRING));
	assert_true(
		rst_index_exists(&txn.r, RST_A_DESCRIPTION, RST_INDEX_EQUAL));
	assert_int_equal(rst_index_work(&txn, 10, &more), RST_OK);
	assert_true(more);
	set_value(&txn, ids[3], RST_A_DESCRIPTION, RST_VIEW("changed"));
	fixture_commit(&txn);
	check_rows(fixture);
	work_all(fixture, 10);
	check_rows(fixture);
	fixture_write(fixture, &txn);
	assert_int_equal(fixture_rows(&txn.r, RST_T_INDEX), rows + 20);
	assert_true(rst_index_next(&txn.r, &at, &info));
	assert_int_equal(info.kind, RST_INDEX_EQUAL);
	assert_false(rst_index_next(&txn.r, &at, &info));
	assert_int_equal(rst_index_remove(&txn, RST_VIEW("description"),
	                                  RST_INDEX_EQUAL),
	                 RST_OK);
	fixture_commit(&txn);
	work_all(fixture, 7);
	fixture_write(fixture, &txn);
	assert_int_equal(fixture_rows(&txn.r, RST_T_INDEX), rows);
	at = 0;
	assert_false(rst_index_next(&txn.r, &at, &info));
	rst_write_abort(&txn);
}

static void
an_index_may_be_wanted_again_before_it_is_gone(void **state)
{
	struct fixture *fixture = *state;
	uint64_t ids[FIXTURE_MANY], found[FIXTURE_MANY];
	struct rst_wtxn txn;
	bool more;

	add_described(fixture, 20, ids);
	fixture_write(fixture, &txn);
	assert_int_equal(
		rst_index_add(&txn, RST_A_DESCRIPTION, RST_INDEX_EQUAL),
		RST_OK);
	fixture_commit(&txn);
	work_all(fixture, 1000);
	fixture_write(fixture, &txn);
	assert_int_equal(rst_index_remove(&txn, RST_VIEW("description"),
	                                  RST_INDEX_EQUAL),
	                 RST_OK);
	assert_int_equal(rst_index_work(&txn, 5, &more), RST_OK);
	assert_int_equal(fixture_equal(&txn.r, RST_A_DESCRIPTION,
	                               RST_VIEW("text 0"), found),
	                 0);
	set_value(&txn, ids[0], RST_A_DESCRIPTION, RST_VIEW("changed"));
	assert_int_equal(
		rst_index_add(&txn, RST_A_DESCRIPTION, RST_INDEX_EQUAL),
		RST_OK);
	assert_false(
		rst_index_exists(&txn.r, RST_A_DESCRIPTION, RST_INDEX_EQUAL));
	fixture_commit(&txn);
	work_all(fixture, 5);
	check_rows(fixture);
	fixture_write(fixture, &txn);
	assert_true(
		rst_index_exists(&txn.r, RST_A_DESCRIPTION, RST_INDEX_EQUAL));
	assert_int_equal(fixture_equal(&txn.r, RST_A_DESCRIPTION,
	                               RST_VIEW("changed"), found),
	                 1);
	assert_int_equal(fixture_equal(&txn.r, RST_A_DESCRIPTION,
	                               RST_VIEW("text 1"), found),
	                 1);
	rst_write_abort(&txn);
}

static void
what_is_built_in_stays(void **state)
{
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	bool more = true;

	fixture_write(fixture, &txn);
	fixture_add_one(&txn, RST_A_UID, RST_VIEW("alice"));
	assert_int_equal(rst_index_add(&txn, RST_A_UID, RST_INDEX_EQUAL),
	                 RST_OK);
	assert_int_equal(
		rst_index_remove(&txn, RST_VIEW("uid"), RST_INDEX_EQUAL),
		RST_OK);
	assert_int_equal(rst_index_work(&txn, 10, &more), RST_OK);
	assert_false(more);
	assert_true(rst_index_exists(&txn.r, RST_A_UID, RST_INDEX_EQUAL));
	rst_write_abort(&txn);
}

static void
too_many_names_of_indexes_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	enum rst_err err = RST_OK;
	unsigned int n = 0;
	char name[64];
	uint16_t id;

	fixture_write(fixture, &txn);
	while (err == RST_OK && n++ < 1000) {
		snprintf(name, sizeof(name), "attributeWithALongName%u", n);
		assert_int_equal(rst_attr_intern(&txn, rst_view_of(name),
		                                 RST_MATCH_IGNORE, &id),
		                 RST_OK);
		err = rst_index_add(&txn, id, RST_INDEX_EQUAL);
	}
	assert_int_equal(err, RST_EFULL);
	assert_true(n > 100);
	rst_write_abort(&txn);
}

static void
a_lost_row_is_put_again(void **state)
{
	struct fixture *fixture = *state;
	struct rst_index_key key;
	struct rst_wtxn txn;
	uint64_t id, found[FIXTURE_MANY];
	unsigned int n = 99;

	fixture_write(fixture, &txn);
	id = fixture_add_one(&txn, RST_A_UID, RST_VIEW("alice"));
	assert_int_equal(rst_index_refresh(&txn, id, &n), RST_OK);
	assert_int_equal(n, 0);
	assert_int_equal(rst_index_key_equal(RST_A_UID, RST_MATCH_IGNORE,
	                                     RST_VIEW("alice"), &key),
	                 RST_OK);
	rst_index_key_id(&key, id);
	assert_int_equal(
		rst_db_drop(&txn, RST_T_INDEX, rst_index_key_view(&key)),
		RST_OK);
	assert_int_equal(rst_index_refresh(&txn, id, &n), RST_OK);
	assert_int_equal(n, 1);
	assert_int_equal(
		fixture_equal(&txn.r, RST_A_UID, RST_VIEW("alice"), found), 1);
	assert_int_equal(rst_index_refresh(&txn, id + 1, &n), RST_ENOTFOUND);
	rst_write_abort(&txn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(an_index_is_built_in_pieces_while_entries_change),
		FIXTURE_TEST(an_index_that_goes_takes_its_rows_along),
		FIXTURE_TEST(an_index_may_be_wanted_again_before_it_is_gone),
		FIXTURE_TEST(what_is_built_in_stays),
		FIXTURE_TEST(too_many_names_of_indexes_are_refused),
		FIXTURE_TEST(a_lost_row_is_put_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
