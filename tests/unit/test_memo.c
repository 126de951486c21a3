/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_memo.c - a renewed read remembers its snapshot, and no other */
#include "tests/unit/fixture.h"

#include <stdio.h>
#include <string.h>

#include "store/env_priv.h"
#include "store/member.h"
#include "store/record_priv.h"
#include "store/tree.h"

static struct fixture_ids ids;
static uint64_t alice, crew;

/* A read that remembers, as slapd's threads have one. */
static void
begin(struct fixture *fixture, struct rst_rtxn *ret_read)
{
	struct rst_wtxn txn;

	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	alice = fixture_add(&txn, ids.people, "uid=alice", "objectClass",
	                    "rosterAccount", "uid", "alice", NULL);
	crew = fixture_add(&txn, ids.groups, "cn=crew", "objectClass",
	                   "rosterGroup", "cn", "crew", NULL);
	assert_int_equal(rst_member_join(&txn, crew, alice, NULL), RST_OK);
	fixture_commit(&txn);
	fixture_read(fixture, ret_read);
	assert_int_equal(rst_read_remember(ret_read), RST_OK);
}

static void
renew(struct rst_rtxn *read)
{
	rst_read_reset(read);
	assert_int_equal(rst_read_renew(read), RST_OK);
}

static void
set(struct fixture *fixture, const char *name, const char *value)
{
	struct rst_wtxn txn;

	fixture_write(fixture, &txn);
	assert_int_equal(rst_setting_put(&txn, name, rst_view_of(value)),
	                 RST_OK);
	fixture_commit(&txn);
}

static void
facts_last_as_long_as_the_snapshot(void **state)
{
	struct fixture *fixture = *state;
	struct rst_rtxn read;
	uint64_t value = 7;

	begin(fixture, &read);
	assert_false(rst_fact_get(&read, RST_FACT_LIFECYCLE, &value));
	assert_int_equal(value, 7);
	rst_fact_put(&read, RST_FACT_LIFECYCLE, 1);
	assert_true(rst_fact_get(&read, RST_FACT_LIFECYCLE, &value));
	assert_int_equal(value, 1);
	assert_false(rst_fact_get(&read, RST_FACT_REFERRALS, &value));
	renew(&read);
	assert_true(rst_fact_get(&read, RST_FACT_LIFECYCLE, &value));
	set(fixture, "some", "thing");
	/* it still sees the old one */
	assert_true(rst_fact_get(&read, RST_FACT_LIFECYCLE, &value));
	renew(&read);
	assert_false(rst_fact_get(&read, RST_FACT_LIFECYCLE, &value));
	rst_read_end(&read);
}

static void
who_does_not_remember_has_no_facts(void **state)
{
	struct fixture *fixture = *state;
	struct rst_rtxn read, plain;
	struct rst_wtxn txn;
	uint64_t value;

	begin(fixture, &read);
	fixture_read(fixture, &plain);
	rst_fact_put(&plain, RST_FACT_NESTS, 1);
	assert_false(rst_fact_get(&plain, RST_FACT_NESTS, &value));
	rst_read_end(&plain);
	fixture_write(fixture, &txn);
	rst_fact_put(&txn.r, RST_FACT_NESTS, 1);
	assert_false(rst_fact_get(&txn.r, RST_FACT_NESTS, &value));
	rst_write_abort(&txn);
	rst_read_end(&read);
}

static void
check_name(const struct rst_rtxn *read, const char *dn)
{
	char text[RST_DN_MAX];
	uint64_t found = 0;
	size_t len;

	for (int again = 0; again < 2; again++) {
		assert_int_equal(
			rst_tree_ndn(read, alice, text, sizeof(text), &len),
			RST_OK);
		assert_string_equal(text, dn);
		assert_int_equal(len, strlen(dn));
		assert_int_equal(
			rst_tree_find(read, rst_view_of(dn), &found, NULL),
			RST_OK);
		assert_int_equal(found, alice);
	}
}

static void
a_moved_entry_has_its_new_name(void **state)
{
	struct fixture *fixture = *state;
	struct rst_entry *entry = NULL;
	struct rst_record record;
	struct rst_rtxn read;
	struct rst_wtxn txn;
	uint64_t found;

	begin(fixture, &read);
	check_name(&read, "uid=alice,ou=people," FIXTURE_SUFFIX);
	fixture_write(fixture, &txn);
	assert_int_equal(rst_record_get(&txn.r, alice, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &entry), RST_OK);
	assert_int_equal(rst_entry_place(entry, ids.groups,
	                                 RST_VIEW("uid=alicia"),
	                                 RST_VIEW("uid=alicia")),
	                 RST_OK);
	assert_int_equal(rst_entry_store_put(&txn, entry), RST_OK);
	rst_entry_free(entry);
	fixture_commit(&txn);
	renew(&read);
	check_name(&read, "uid=alicia,ou=groups," FIXTURE_SUFFIX);
	assert_int_equal(
		rst_tree_find(&read,
	                      RST_VIEW("uid=alice,ou=people," FIXTURE_SUFFIX),
	                      &found, NULL),
		RST_ENOTFOUND);
	rst_read_end(&read);
}

static size_t
groups_with(const struct rst_rtxn *read, const char *name)
{
	uint64_t found[4];
	size_t n = 0;

	assert_int_equal(rst_member_groups_with(read, RST_A_MEMBERUID,
	                                        rst_view_of(name), 0, found, 4,
	                                        &n),
	                 RST_OK);
	return n;
}

static void
a_renamed_uid_leads_to_its_groups(void **state)
{
	struct fixture *fixture = *state;
	struct rst_entry *entry = NULL;
	struct rst_record record;
	struct rst_rtxn read;
	struct rst_wtxn txn;

	begin(fixture, &read);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(groups_with(&read, "alice"), 1);
		assert_int_equal(groups_with(&read, "alicia"), 0);
	}
	fixture_write(fixture, &txn);
	assert_int_equal(rst_record_get(&txn.r, alice, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &entry), RST_OK);
	assert_int_equal(rst_entry_place(entry, ids.people,
	                                 RST_VIEW("uid=alicia"),
	                                 RST_VIEW("uid=alicia")),
	                 RST_OK);
	assert_int_equal(
		rst_entry_set_one(entry, RST_A_UID, RST_VIEW("alicia")),
		RST_OK);
	assert_int_equal(rst_entry_store_put(&txn, entry), RST_OK);
	rst_entry_free(entry);
	fixture_commit(&txn);
	renew(&read);
	for (int again = 0; again < 2; again++) {
		assert_int_equal(groups_with(&read, "alice"), 0);
		assert_int_equal(groups_with(&read, "alicia"), 1);
	}
	rst_read_end(&read);
}

static void
more_records_than_it_remembers_are_all_read(void **state)
{
	enum {
		MANY = 600
	};
	struct fixture *fixture = *state;
	struct rst_record record;
	struct rst_rtxn read;
	struct rst_wtxn txn;
	uint64_t made[MANY];
	char rdn[32];

	begin(fixture, &read);
	fixture_write(fixture, &txn);
	for (int i = 0; i < MANY; i++) {
		snprintf(rdn, sizeof(rdn), "uid=p%d", i);
		made[i] = fixture_add(&txn, ids.people, rdn, "uid", rdn + 4,
		                      NULL);
	}
	fixture_commit(&txn);
	renew(&read);
	for (int again = 0; again < 2; again++)
		for (int i = 0; i < MANY; i++) {
			assert_int_equal(
				rst_record_get(&read, made[i], &record),
				RST_OK);
			assert_int_equal(record.id, made[i]);
		}
	assert_true(rst_memo_sound(&read, made[MANY - 1]));
	assert_int_equal(rst_record_get(&read, made[MANY - 1] + 1000, &record),
	                 RST_ENOTFOUND);
	rst_read_end(&read);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(facts_last_as_long_as_the_snapshot),
		FIXTURE_TEST(who_does_not_remember_has_no_facts),
		FIXTURE_TEST(a_moved_entry_has_its_new_name),
		FIXTURE_TEST(a_renamed_uid_leads_to_its_groups),
		FIXTURE_TEST(more_records_than_it_remembers_are_all_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
