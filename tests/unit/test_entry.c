/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_entry.c - storing entries, store/entry.h */
#include "tests/unit/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/env_priv.h"
#include "store/index.h"
#include "store/tree.h"

static const int derived_tables[] = { RST_T_ENTRY,   RST_T_TREE,  RST_T_NAME,
	                              RST_T_INDEX,   RST_T_IDENT, RST_T_MEMBER,
	                              RST_T_MEMBEROF };
#define N_DERIVED (sizeof(derived_tables) / sizeof(derived_tables[0]))

static void
count_all(const struct rst_rtxn *txn, uint64_t rows[N_DERIVED])
{
	for (size_t i = 0; i < N_DERIVED; i++)
		rows[i] = fixture_rows(txn, derived_tables[i]);
}

static void
assert_rows(const struct rst_rtxn *txn, const uint64_t expect[N_DERIVED])
{
	uint64_t rows[N_DERIVED];

	count_all(txn, rows);
	for (size_t i = 0; i < N_DERIVED; i++)
		if (rows[i] != expect[i])
			fail_msg("table %s has %ju rows, not %ju",
			         rst_table_names[derived_tables[i]],
			         (uintmax_t)rows[i], (uintmax_t)expect[i]);
}

static uint64_t
entries(const struct rst_rtxn *txn)
{
	uint64_t n = 99;

	assert_int_equal(rst_meta_number(txn, "entries", &n), RST_OK);
	return n;
}

static uint64_t
add_alice(struct rst_wtxn *txn, uint64_t parent)
{
	return fixture_add(txn, parent, "uid=Alice", "objectClass",
	                   "inetOrgPerson", "objectClass", "posixAccount",
	                   "objectClass", "rosterAccount", "uid", "Alice", "cn",
	                   "Alice Liddell", "sn", "Liddell", "mail",
	                   "alice@example.org", "uidNumber", "10000",
	                   "gidNumber", "2001", "rosterStatus", "active", NULL);
}

static void
an_add_makes_every_row_and_a_drop_takes_them_back(void **state)
{
	struct fixture *fixture = *state;
	uint64_t before[N_DERIVED], after[N_DERIVED], id;
	struct fixture_ids ids;
	struct rst_record record;
	struct rst_wtxn txn;

	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	assert_int_equal(entries(&txn.r), 3);
	count_all(&txn.r, before);
	id = add_alice(&txn, ids.people);
	count_all(&txn.r, after);
	assert_int_equal(entries(&txn.r), 4);
	assert_int_equal(after[0], before[0] + 1); /* entry */
	assert_int_equal(after[1], before[1] + 1); /* tree */
	assert_int_equal(after[2], before[2] + 1); /* name */
	assert_true(after[3] > before[3] + 20);    /* index */
	assert_true(after[4] > before[4]);         /* ident */
	assert_int_equal(rst_record_get(&txn.r, id, &record), RST_OK);
	assert_int_equal(record.id, id);
	assert_int_equal(record.kind, RST_KIND_PERSON);
	assert_int_equal(record.status, RST_STATUS_ACTIVE);
	assert_int_equal(record.uid_number, 10000);
	assert_int_equal(rst_entry_store_drop(&txn, id), RST_OK);
	assert_rows(&txn.r, before);
	assert_int_equal(entries(&txn.r), 3);
	assert_int_equal(rst_entry_store_drop(&txn, id), RST_ENOTFOUND);
	/* an id is never given out again */
	assert_true(add_alice(&txn, ids.people) > id);
	fixture_commit(&txn);
}

static void
a_taken_place_and_a_missing_parent_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct fixture_ids ids;
	struct rst_entry *entry;
	struct rst_wtxn txn;

	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	(void)add_alice(&txn, ids.people);
	entry = fixture_entry(&txn, ids.people, "uid=ALICE", "uid", "x", NULL);
	assert_int_equal(rst_entry_store_add(&txn, entry), RST_EEXISTS);
	assert_int_equal(rst_entry_place(entry, 999, RST_VIEW("uid=b"),
	                                 RST_VIEW("uid=b")),
	                 RST_OK);
	assert_int_equal(rst_entry_store_add(&txn, entry), RST_ENOTFOUND);
	assert_int_equal(rst_entry_store_put(&txn, entry), RST_ENOTFOUND);
	rst_entry_free(entry);
	assert_int_equal(rst_entry_new(&entry), RST_OK);
	assert_int_equal(rst_entry_store_add(&txn, entry), RST_EINVALID);
	rst_entry_free(entry);
	rst_write_abort(&txn);
}

static void
what_has_children_stays(void **state)
{
	struct fixture *fixture = *state;
	struct fixture_ids ids;
	struct rst_wtxn txn;
	uint64_t alice;

	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	alice = add_alice(&txn, ids.people);
	assert_int_equal(rst_entry_store_drop(&txn, ids.people), RST_ESTATE);
	assert_int_equal(rst_entry_store_drop(&txn, alice), RST_OK);
	assert_int_equal(rst_entry_store_drop(&txn, ids.people), RST_OK);
	rst_write_abort(&txn);
}

static struct rst_entry *
load(const struct rst_rtxn *txn, uint64_t id)
{
	struct rst_record record;
	struct rst_entry *entry;

	assert_int_equal(rst_record_get(txn, id, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &entry), RST_OK);
	return entry;
}

static void
a_change_moves_its_index_rows(void **state)
{
	struct fixture *fixture = *state;
	struct fixture_ids ids;
	struct rst_entry *entry;
	struct rst_wtxn txn;
	uint64_t alice, found;
	size_t n;

	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	alice = add_alice(&txn, ids.people);
	entry = load(&txn.r, alice);
	assert_int_equal(rst_entry_set_one(entry, RST_A_MAIL,
	                                   RST_VIEW("al@example.net")),
	                 RST_OK);
	assert_int_equal(rst_entry_store_put(&txn, entry), RST_OK);
	rst_entry_free(entry);
	assert_int_equal(rst_index_equal(&txn.r, RST_A_MAIL,
	                                 RST_VIEW("alice@example.org"), 0,
	                                 &found, 1, &n),
	                 RST_OK);
	assert_int_equal(n, 0);
	assert_int_equal(rst_index_equal(&txn.r, RST_A_MAIL,
	                                 RST_VIEW("AL@example.net"), 0, &found,
	                                 1, &n),
	                 RST_OK);
	assert_int_equal(n, 1);
	assert_int_equal(found, alice);
	assert_int_equal(entries(&txn.r), 4);
	rst_write_abort(&txn);
}

static void
a_rename_moves_one_row_and_the_subtree_follows(void **state)
{
	struct fixture *fixture = *state;
	struct fixture_ids ids;
	struct rst_entry *entry;
	struct rst_wtxn txn;
	char buf[RST_DN_MAX];
	uint64_t alice, found, rows;
	size_t len;

	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	alice = add_alice(&txn, ids.people);
	rows = fixture_rows(&txn.r, RST_T_TREE);
	entry = load(&txn.r, ids.people);
	assert_int_equal(rst_entry_place(entry, ids.groups,
	                                 RST_VIEW("ou=Staff"),
	                                 RST_VIEW("ou=staff")),
	                 RST_OK);
	assert_int_equal(rst_entry_store_put(&txn, entry), RST_OK);
	assert_int_equal(fixture_rows(&txn.r, RST_T_TREE), rows);
	assert_int_equal(rst_tree_dn(&txn.r, alice, buf, sizeof(buf), &len),
	                 RST_OK);
	assert_string_equal(buf,
	                    "uid=Alice,ou=Staff,ou=groups," FIXTURE_SUFFIX);
	assert_int_equal(
		rst_tree_find(&txn.r,
	                      RST_VIEW("uid=alice,ou=people," FIXTURE_SUFFIX),
	                      &found, NULL),
		RST_ENOTFOUND);
	/* only the writing of its name changes */
	assert_int_equal(rst_entry_place(entry, ids.groups,
	                                 RST_VIEW("ou=STAFF"),
	                                 RST_VIEW("ou=staff")),
	                 RST_OK);
	assert_int_equal(rst_entry_store_put(&txn, entry), RST_OK);
	/* below itself, onto another, under nobody */
	assert_int_equal(rst_entry_place(entry, alice, RST_VIEW("ou=x"),
	                                 RST_VIEW("ou=x")),
	                 RST_OK);
	assert_int_equal(rst_entry_store_put(&txn, entry), RST_ESTATE);
	assert_int_equal(rst_entry_place(entry, ids.suffix,
	                                 RST_VIEW("ou=groups"),
	                                 RST_VIEW("ou=groups")),
	                 RST_OK);
	assert_int_equal(rst_entry_store_put(&txn, entry), RST_EEXISTS);
	assert_int_equal(
		rst_entry_place(entry, 999, RST_VIEW("ou=x"), RST_VIEW("ou=x")),
		RST_OK);
	assert_int_equal(rst_entry_store_put(&txn, entry), RST_ENOTFOUND);
	rst_entry_free(entry);
	rst_write_abort(&txn);
}

static void
a_dn_past_its_limit_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct fixture_ids ids;
	struct rst_entry *entry;
	struct rst_wtxn txn;
	char rdn[RST_RDN_MAX + 1];
	uint64_t parent;

	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	memset(rdn, 'x', sizeof(rdn));
	memcpy(rdn, "cn=", 3);
	rdn[RST_RDN_MAX] = '\0';
	parent = fixture_add(&txn, ids.people, rdn, "cn", "x", NULL);
	entry = fixture_entry(&txn, parent, rdn, "cn", "x", NULL);
	assert_int_equal(rst_entry_store_add(&txn, entry), RST_EINVALID);
	rst_entry_free(entry);
	rst_write_abort(&txn);
}

static void
records_are_walked_in_order_of_their_ids(void **state)
{
	struct fixture *fixture = *state;
	struct rst_record record;
	struct rst_wtxn txn;
	uint64_t id = 0, last = 0;
	struct fixture_ids ids;
	enum rst_err err;
	int n = 0;

	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	assert_int_equal(rst_entry_store_drop(&txn, ids.people), RST_OK);
	(void)fixture_add(&txn, ids.suffix, "ou=more", "ou", "more", NULL);
	while ((err = rst_record_next(&txn.r, &id, &record)) == RST_OK) {
		assert_int_equal(record.id, id);
		assert_true(id > last);
		last = id;
		n++;
	}
	assert_int_equal(err, RST_ENOTFOUND);
	assert_int_equal(n, 3);
	id = UINT64_MAX;
	assert_int_equal(rst_record_next(&txn.r, &id, &record), RST_ENOTFOUND);
	rst_write_abort(&txn);
}

/* ---- a random life ---- */

#define LIVING 40

static struct rst_entry *
random_entry(struct rst_wtxn *txn, uint64_t parent, int name)
{
	static const char *const class[] = {
		"inetOrgPerson", "rosterAccount",   "posixAccount",
		"rosterGroup",   "rosterTombstone", "posixGroup",
	};
	struct rst_entry *entry;
	char rdn[32], number[16], mail[40];

	snprintf(rdn, sizeof(rdn), "uid=User%d", name);
	snprintf(number, sizeof(number), "%ld", random() % 50 + 10000);
	snprintf(mail, sizeof(mail), "u%ld@example.org", random() % 50);
	entry = fixture_entry(txn, parent, rdn, "objectClass",
	                      class[random() % 6], "objectClass",
	                      class[random() % 6], "uid", rdn + 4, "cn",
	                      random() % 2 ? "A b" : "a  B", NULL);
	if (random() % 2)
		assert_int_equal(rst_entry_set_one(entry, RST_A_UIDNUMBER,
		                                   rst_view_of(number)),
		                 RST_OK);
	if (random() % 2)
		assert_int_equal(rst_entry_set_one(entry, RST_A_GIDNUMBER,
		                                   rst_view_of(number)),
		                 RST_OK);
	if (random() % 2)
		assert_int_equal(
			rst_entry_set_one(entry, RST_A_MAIL, rst_view_of(mail)),
			RST_OK);
	if (random() % 3 == 0)
		assert_int_equal(rst_entry_set_one(entry,
		                                   RST_A_ROSTERFORMERNAME,
		                                   RST_VIEW("Gone")),
		                 RST_OK);
	return entry;
}

/* Give entry id the attributes of a new random one, and perhaps its name. */
static void
change(struct rst_wtxn *txn, uint64_t id, struct rst_entry *like)
{
	struct rst_entry *entry = load(&txn->r, id);
	struct rst_record now, want;
	struct rst_attr attr;
	struct rst_view value;
	enum rst_err err;

	assert_int_equal(rst_entry_record(like, &want), RST_OK);
	assert_int_equal(rst_record_get(&txn->r, id, &now), RST_OK);
	for (unsigned int i = 0; i < now.n_attrs; i++) {
		rst_record_nth(&now, i, &attr);
		assert_int_equal(rst_entry_set(entry, attr.id, NULL, 0),
		                 RST_OK);
	}
	for (unsigned int i = 0; i < want.n_attrs; i++) {
		rst_record_nth(&want, i, &attr);
		while (rst_attr_next(&attr, &value))
			assert_int_equal(rst_entry_add(entry, attr.id, value),
			                 RST_OK);
	}
	if (random() % 2)
		assert_int_equal(rst_entry_place(entry, rst_entry_parent(like),
		                                 rst_entry_rdn(like),
		                                 rst_entry_nrdn(like)),
		                 RST_OK);
	/* the name may be another's: that change does not happen */
	err = rst_entry_store_put(txn, entry);
	if (err != RST_OK)
		assert_int_equal(err, RST_EEXISTS);
	rst_entry_free(entry);
}

static void
after_any_life_the_tables_are_empty_again(void **state)
{
	struct fixture *fixture = *state;
	uint64_t living[LIVING] = { 0 }, empty[N_DERIVED];
	struct fixture_ids ids;
	struct rst_entry *entry;
	struct rst_wtxn txn;
	enum rst_err err;

	srandom(11);
	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	count_all(&txn.r, empty);
	for (int i = 0; i < 3000; i++) {
		int at = (int)(random() % LIVING);

		entry = random_entry(&txn, ids.people, (int)(random() % 60));
		if (living[at] == 0) {
			err = rst_entry_store_add(&txn, entry);
			if (err == RST_OK)
				living[at] = rst_entry_id(entry);
			else
				assert_int_equal(err, RST_EEXISTS);
		} else if (random() % 3 == 0) {
			assert_int_equal(rst_entry_store_drop(&txn, living[at]),
			                 RST_OK);
			living[at] = 0;
		} else {
			change(&txn, living[at], entry);
		}
		rst_entry_free(entry);
		if (i % 500 == 499) {
			fixture_commit(&txn);
			fixture_write(fixture, &txn);
		}
	}
	for (int i = 0; i < LIVING; i++)
		if (living[i] != 0)
			assert_int_equal(rst_entry_store_drop(&txn, living[i]),
			                 RST_OK);
	assert_rows(&txn.r, empty);
	assert_int_equal(entries(&txn.r), 3);
	fixture_commit(&txn);
}

static void
a_record_tells_what_its_entry_was_as_long_as_that_lives(void **state)
{
	struct rst_record record[3];
	struct rst_entry *entry = NULL;
	static const char *const words[] = { "one", "two", "three" };

	(void)state;
	assert_int_equal(rst_entry_new(&entry), RST_OK);
	assert_int_equal(
		rst_entry_place(entry, 1, RST_VIEW("uid=a"), RST_VIEW("uid=a")),
		RST_OK);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rst_entry_set_one(entry, RST_A_ROSTERREASON,
		                                   rst_view_of(words[i])),
		                 RST_OK);
		assert_int_equal(rst_entry_record(entry, &record[i]), RST_OK);
	}
	for (int i = 0; i < 3; i++)
		assert_true(rst_view_equal(
			rst_record_first(&record[i], RST_A_ROSTERREASON),
			rst_view_of(words[i])));
	rst_entry_free(entry);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(an_add_makes_every_row_and_a_drop_takes_them_back),
		FIXTURE_TEST(a_taken_place_and_a_missing_parent_are_refused),
		FIXTURE_TEST(what_has_children_stays),
		FIXTURE_TEST(a_change_moves_its_index_rows),
		FIXTURE_TEST(a_rename_moves_one_row_and_the_subtree_follows),
		FIXTURE_TEST(a_dn_past_its_limit_is_refused),
		FIXTURE_TEST(records_are_walked_in_order_of_their_ids),
		FIXTURE_TEST(after_any_life_the_tables_are_empty_again),
		cmocka_unit_test(
			a_record_tells_what_its_entry_was_as_long_as_that_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
