/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_tree.c - store/tree.h */
#include "tests/unit/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/env_priv.h"
#include "store/record_priv.h"
#include "store/tree.h"

static bool
has_children(const struct rst_rtxn *txn, uint64_t parent)
{
	bool is;

	assert_int_equal(rst_tree_has_children(txn, parent, &is), RST_OK);
	return is;
}

static bool
is_below(const struct rst_rtxn *txn, uint64_t id, uint64_t ancestor)
{
	bool is;

	assert_int_equal(rst_tree_below(txn, id, ancestor, &is), RST_OK);
	return is;
}

static uint64_t
find(const struct rst_rtxn *txn, const char *ndn)
{
	uint64_t id = 0;

	if (rst_tree_find(txn, rst_view_of(ndn), &id, NULL) != RST_OK)
		return 0;
	return id;
}

static void
dns_lead_to_entries_and_back(void **state)
{
	struct fixture *fixture = *state;
	struct fixture_ids ids;
	struct rst_wtxn txn;
	char buf[RST_DN_MAX];
	uint64_t alice, comma;
	size_t len;

	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	alice = fixture_add(&txn, ids.people, "uid=Alice", "uid", "alice",
	                    NULL);
	comma = fixture_add(&txn, ids.people, "cn=a\\,b", "cn", "a,b", NULL);
	assert_int_equal(find(&txn.r, FIXTURE_SUFFIX), ids.suffix);
	assert_int_equal(find(&txn.r, "ou=people," FIXTURE_SUFFIX), ids.people);
	assert_int_equal(find(&txn.r, "uid=alice,ou=people," FIXTURE_SUFFIX),
	                 alice);
	/* an escaped comma ends no RDN */
	assert_int_equal(find(&txn.r, "cn=a\\,b,ou=people," FIXTURE_SUFFIX),
	                 comma);
	assert_int_equal(rst_tree_dn(&txn.r, alice, buf, sizeof(buf), &len),
	                 RST_OK);
	assert_string_equal(buf, "uid=Alice,ou=people," FIXTURE_SUFFIX);
	assert_int_equal(len, strlen(buf));
	assert_int_equal(rst_tree_ndn(&txn.r, alice, buf, sizeof(buf), &len),
	                 RST_OK);
	assert_string_equal(buf, "uid=alice,ou=people," FIXTURE_SUFFIX);
	/* the NUL needs its byte */
	assert_int_equal(rst_tree_dn(&txn.r, alice, buf, len + 1, &len),
	                 RST_OK);
	assert_int_equal(rst_tree_dn(&txn.r, alice, buf, len, &len),
	                 RST_EINVALID);
	assert_int_equal(rst_tree_dn(&txn.r, alice, buf, 0, &len),
	                 RST_EINVALID);
	assert_int_equal(rst_tree_dn(&txn.r, 999, buf, sizeof(buf), &len),
	                 RST_ENOTFOUND);
	rst_write_abort(&txn);
}

static void
what_is_not_there_names_its_nearest_ancestor(void **state)
{
	enum {
		NONE,
		SUFFIX,
		PEOPLE,
		ALICE
	};
	static const struct {
		const char *ndn;
		int matched;
	} row[] = {
		{ "uid=bob,ou=people," FIXTURE_SUFFIX, PEOPLE },
		{ "cn=x,uid=bob,ou=people," FIXTURE_SUFFIX, PEOPLE },
		{ "cn=x,uid=alice,ou=people," FIXTURE_SUFFIX, ALICE },
		{ "ou=nowhere," FIXTURE_SUFFIX, SUFFIX },
		{ "dc=org", NONE },
		{ "dc=example,dc=com", NONE },
		{ "xdc=example,dc=org", NONE },
		{ "ou=peoplexdc=example,dc=org", NONE },
		{ "," FIXTURE_SUFFIX, NONE },
		{ "ou=people,", NONE },
		{ "", NONE },
		{ ",,," FIXTURE_SUFFIX, SUFFIX },
	};
	struct fixture *fixture = *state;
	struct fixture_ids ids;
	struct rst_wtxn txn;
	uint64_t expect[4] = { 0 };

	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	expect[SUFFIX] = ids.suffix;
	expect[PEOPLE] = ids.people;
	expect[ALICE] = fixture_add(&txn, ids.people, "uid=alice", "uid",
	                            "alice", NULL);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		uint64_t id = 77, matched = 77;

		assert_int_equal(rst_tree_find(&txn.r, rst_view_of(row[i].ndn),
		                               &id, &matched),
		                 RST_ENOTFOUND);
		assert_int_equal(id, 77);
		if (matched != expect[row[i].matched])
			fail_msg("\"%s\": %ju", row[i].ndn, (uintmax_t)matched);
	}
	assert_int_equal(rst_setting_put(&txn, "suffix", RST_VIEW("")), RST_OK);
	assert_int_equal(find(&txn.r, FIXTURE_SUFFIX), 0);
	rst_write_abort(&txn);
}

/* "cn=xxxx...": len bytes in all, ending in last. */
static void
long_rdn(char *rdn, size_t len, char last)
{
	memset(rdn, 'x', len);
	memcpy(rdn, "cn=", 3);
	rdn[len - 1] = last;
	rdn[len] = '\0';
}

static void
long_rdns_are_told_apart(void **state)
{
	static const size_t lengths[] = { 501, 502, 503, 504, 600, 4000 };
	struct fixture *fixture = *state;
	char rdn[RST_RDN_MAX + 1], ndn[RST_DN_MAX];
	struct fixture_ids ids;
	struct rst_tree_cursor cursor = { .len = 0 };
	struct rst_wtxn txn;
	uint64_t id[6][2], all[20], found;
	size_t n;

	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	for (size_t i = 0; i < 6; i++)
		for (int last = 0; last < 2; last++) {
			long_rdn(rdn, lengths[i], (char)('a' + last));
			id[i][last] = fixture_add(&txn, ids.people, rdn, "cn",
			                          "x", NULL);
		}
	for (size_t i = 0; i < 6; i++)
		for (int last = 0; last < 2; last++) {
			long_rdn(rdn, lengths[i], (char)('a' + last));
			snprintf(ndn, sizeof(ndn), "%s,ou=people,%s", rdn,
			         FIXTURE_SUFFIX);
			assert_int_equal(find(&txn.r, ndn), id[i][last]);
			rdn[lengths[i] - 1] = 'z';
			assert_int_equal(rst_tree_child(&txn.r, ids.people,
			                                rst_view_of(rdn),
			                                &found),
			                 RST_ENOTFOUND);
		}
	/* a row that leads to another's record, as a colliding digest would */
	memset(rdn, 'q', sizeof(rdn));
	assert_int_equal(
		rst_tree_add(&txn, ids.groups, rst_view(rdn, 600), id[4][0]),
		RST_OK);
	assert_int_equal(
		rst_tree_child(&txn.r, ids.groups, rst_view(rdn, 600), &found),
		RST_ENOTFOUND);
	assert_int_equal(rst_tree_drop(&txn, ids.groups, rst_view(rdn, 600)),
	                 RST_OK);
	assert_int_equal(
		rst_tree_children(&txn.r, ids.people, &cursor, all, 20, &n),
		RST_OK);
	assert_int_equal(n, 12);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(rst_entry_store_drop(&txn, id[i][0]), RST_OK);
	assert_int_equal(fixture_rows(&txn.r, RST_T_TREE), 3 + 6);
	rst_write_abort(&txn);
}

static void
children_come_once_each_in_order(void **state)
{
	struct fixture *fixture = *state;
	struct fixture_ids ids;
	struct rst_wtxn txn;
	uint64_t expect[300], got[7], n_got = 0;
	struct rst_tree_cursor cursor = { .len = 0 };
	char rdn[32];
	size_t n;

	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	assert_false(has_children(&txn.r, ids.groups));
	for (int i = 299; i >= 0; i--) {
		snprintf(rdn, sizeof(rdn), "uid=u%03d", i);
		expect[i] = fixture_add(&txn, ids.people, rdn, "uid", rdn + 4,
		                        NULL);
		(void)fixture_add(&txn, expect[i], "cn=below", "cn", "below",
		                  NULL);
	}
	fixture_commit(&txn);
	/* each part in a transaction of its own */
	do {
		fixture_read(fixture, &txn.r);
		assert_int_equal(rst_tree_children(&txn.r, ids.people, &cursor,
		                                   got, 7, &n),
		                 RST_OK);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(got[i], expect[n_got++]);
		rst_read_end(&txn.r);
	} while (n > 0);
	assert_int_equal(n_got, 300);
	fixture_read(fixture, &txn.r);
	assert_true(has_children(&txn.r, ids.people));
	assert_false(has_children(&txn.r, ids.groups));
	assert_false(has_children(&txn.r, 99999));
	rst_read_end(&txn.r);
}

static void
below_is_told_by_ancestors(void **state)
{
	struct fixture *fixture = *state;
	struct fixture_ids ids;
	struct rst_wtxn txn;
	uint64_t alice;

	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	alice = fixture_add(&txn, ids.people, "uid=alice", "uid", "alice",
	                    NULL);
	assert_true(is_below(&txn.r, alice, alice));
	assert_true(is_below(&txn.r, alice, ids.people));
	assert_true(is_below(&txn.r, alice, ids.suffix));
	assert_true(is_below(&txn.r, alice, 0));
	assert_false(is_below(&txn.r, alice, ids.groups));
	assert_false(is_below(&txn.r, ids.people, alice));
	assert_false(is_below(&txn.r, 999, ids.people));
	rst_write_abort(&txn);
}

static void
a_ring_of_parents_ends(void **state)
{
	const struct rst_record_parts parts = {
		.id = 5,
		.parent = 5,
		.rdn = RST_VIEW("cn=ring"),
		.nrdn = RST_VIEW("cn=ring"),
	};
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	char key[8], *bytes, buf[RST_DN_MAX];
	size_t len;

	fixture_write(fixture, &txn);
	assert_int_equal(rst_record_encode(&parts, &bytes, &len), RST_OK);
	rst_put_be64(key, 5);
	assert_int_equal(rst_db_put(&txn, RST_T_ENTRY, rst_view(key, 8),
	                            rst_view(bytes, len), true),
	                 RST_OK);
	free(bytes);
	assert_int_equal(rst_tree_dn(&txn.r, 5, buf, sizeof(buf), &len),
	                 RST_EINVALID);
	assert_false(is_below(&txn.r, 5, 4));
	rst_write_abort(&txn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(dns_lead_to_entries_and_back),
		FIXTURE_TEST(what_is_not_there_names_its_nearest_ancestor),
		FIXTURE_TEST(long_rdns_are_told_apart),
		FIXTURE_TEST(children_come_once_each_in_order),
		FIXTURE_TEST(below_is_told_by_ancestors),
		FIXTURE_TEST(a_ring_of_parents_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
