/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_ident.c - identifiers follow entries; numbers are given out once */
#include "store/ident.h"

#include <stdio.h>

#include "store/env_priv.h"
#include "tests/unit/fixture.h"

static uint64_t
owner_of(const struct rst_rtxn *txn, enum rst_ident kind, const char *value)
{
	struct rst_ident_owner owner;
	enum rst_err err;

	err = rst_ident_owner(txn, kind, rst_view_of(value), 0, &owner);
	if (err == RST_ENOTFOUND)
		return 0;
	assert_int_equal(err, RST_OK);
	return owner.id;
}

static void
identifiers_follow_their_entry(void **state)
{
	struct rst_wtxn txn;
	struct rst_ident_owner owner;
	struct fixture_ids ids;
	struct rst_entry *entry;
	struct rst_record record;
	uint64_t alice;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	alice = fixture_add(&txn, ids.people, "uid=alice", "objectClass",
	                    "rosterAccount", "uid", "Alice", "uidNumber",
	                    "10001", "mail", "Alice@Example.ORG", NULL);
	assert_int_equal(owner_of(&txn.r, RST_IDENT_USERNAME, "ALICE"), alice);
	assert_int_equal(owner_of(&txn.r, RST_IDENT_MAIL, "alice@example.org"),
	                 alice);
	assert_int_equal(rst_ident_number_owner(&txn.r, RST_IDENT_UIDNUMBER,
	                                        10001, 0, &owner),
	                 RST_OK);
	assert_int_equal(owner.id, alice);
	assert_false(owner.tombstone);
	assert_int_equal(rst_ident_number_owner(&txn.r, RST_IDENT_UIDNUMBER,
	                                        10001, alice, &owner),
	                 RST_ENOTFOUND);
	/* not a group's */
	assert_int_equal(owner_of(&txn.r, RST_IDENT_GROUPNAME, "alice"), 0);

	assert_int_equal(rst_record_get(&txn.r, alice, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &entry), RST_OK);
	assert_int_equal(rst_entry_set_one(entry, RST_A_MAIL,
	                                   RST_VIEW("new@example.org")),
	                 RST_OK);
	assert_int_equal(rst_entry_store_put(&txn, entry), RST_OK);
	rst_entry_free(entry);
	assert_int_equal(owner_of(&txn.r, RST_IDENT_MAIL, "alice@example.org"),
	                 0);
	assert_int_equal(owner_of(&txn.r, RST_IDENT_MAIL, "new@example.org"),
	                 alice);
	assert_int_equal(rst_entry_store_drop(&txn, alice), RST_OK);
	assert_int_equal(fixture_rows(&txn.r, RST_T_IDENT), 0);
	rst_write_abort(&txn);
}

static void
tombstones_hold_numbers_and_names(void **state)
{
	struct rst_wtxn txn;
	struct rst_ident_owner owner;
	struct fixture_ids ids;
	uint32_t number;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	fixture_add(&txn, ids.groups, "cn=t1", "objectClass", "rosterTombstone",
	            "rosterFormerName", "bob", "rosterFormerNumber", "10000",
	            "rosterFormerKind", "person", NULL);
	fixture_add(&txn, ids.groups, "cn=t2", "objectClass", "rosterTombstone",
	            "rosterFormerName", "staff", "rosterFormerNumber", "2002",
	            "rosterFormerKind", "group", NULL);
	assert_int_equal(rst_ident_owner(&txn.r, RST_IDENT_USERNAME,
	                                 RST_VIEW("Bob"), 0, &owner),
	                 RST_OK);
	assert_true(owner.tombstone);
	assert_int_not_equal(owner_of(&txn.r, RST_IDENT_GROUPNAME, "staff"), 0);
	assert_int_equal(rst_ident_allocate(&txn, RST_IDENT_UIDNUMBER, 10000,
	                                    10010, &number),
	                 RST_OK);
	assert_int_equal(number, 10001);
	assert_int_equal(rst_ident_allocate(&txn, RST_IDENT_GIDNUMBER, 2002,
	                                    2010, &number),
	                 RST_OK);
	assert_int_equal(number, 2003);
	rst_write_abort(&txn);
}

static uint64_t
add_number(struct rst_wtxn *txn, uint64_t parent, uint32_t number)
{
	char rdn[32], text[16];

	snprintf(rdn, sizeof(rdn), "uid=u%u", number);
	snprintf(text, sizeof(text), "%u", number);
	return fixture_add(txn, parent, rdn, "objectClass", "posixAccount",
	                   "uid", rdn + 4, "uidNumber", text, NULL);
}

static uint32_t
allocate(struct rst_wtxn *txn, uint32_t first, uint32_t last)
{
	uint32_t number = 0;
	enum rst_err err;

	err = rst_ident_allocate(txn, RST_IDENT_UIDNUMBER, first, last,
	                         &number);
	assert_true(err == RST_OK || err == RST_EFULL);
	return err == RST_OK ? number : 0;
}

static void
numbers_rise_then_holes_are_filled_then_it_is_full(void **state)
{
	struct rst_wtxn txn;
	struct fixture_ids ids;
	uint64_t eleven;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	assert_int_equal(allocate(&txn, 10, 14), 10);
	add_number(&txn, ids.people, 10);
	eleven = add_number(&txn, ids.people, allocate(&txn, 10, 14));
	add_number(&txn, ids.people, 13); /* somebody chose it */
	assert_int_equal(allocate(&txn, 10, 14), 12);
	add_number(&txn, ids.people, 12);
	/* a number that went does not come back at once, nor one that was
	 * given out and never used */
	assert_int_equal(rst_entry_store_drop(&txn, eleven), RST_OK);
	assert_int_equal(allocate(&txn, 10, 14), 14);
	assert_int_equal(allocate(&txn, 10, 14), 11);
	add_number(&txn, ids.people, 11);
	add_number(&txn, ids.people, 14);
	assert_int_equal(allocate(&txn, 10, 14), 0);
	rst_write_abort(&txn);
}

static void
after_a_reload_the_mark_is_found_anew(void **state)
{
	struct rst_wtxn txn;
	struct fixture_ids ids;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	add_number(&txn, ids.people, 10);
	add_number(&txn, ids.people, 17);
	add_number(&txn, ids.people, 300); /* above the range */
	assert_int_equal(allocate(&txn, 10, 200), 18);
	assert_int_equal(allocate(&txn, 1, 9), 1);
	rst_write_abort(&txn);
}

static void
a_range_that_cannot_be_is_refused(void **state)
{
	struct rst_wtxn txn;
	uint32_t number;

	fixture_write(*state, &txn);
	assert_int_equal(
		rst_ident_allocate(&txn, RST_IDENT_UIDNUMBER, 5, 4, &number),
		RST_EINVALID);
	assert_int_equal(
		rst_ident_allocate(&txn, RST_IDENT_UIDNUMBER, 0, 4, &number),
		RST_EINVALID);
	assert_int_equal(
		rst_ident_allocate(&txn, RST_IDENT_MAIL, 1, 4, &number),
		RST_EINVALID);
	rst_write_abort(&txn);
}

static void
mail_addresses_have_one_canonical_form(void **state)
{
	static const struct {
		const char *mail, *canonical; /* NULL: refused */
	} row[] = {
		{ "Alice@Example.ORG", "alice@example.org" },
		{ "a.b+c@example.org", "a.b+c@example.org" },
		{ "o'neil@example.org", "o'neil@example.org" },
		{ "alice@localhost", "alice@localhost" },
		{ "alice@b\xc3\xbc"
		  "cher.example",
		  "alice@xn--bcher-kva.example" },
		{ "alice@B\xc3\x9c"
		  "CHER.example",
		  "alice@xn--bcher-kva.example" },
		{ "", NULL },
		{ "alice", NULL },
		{ "@example.org", NULL },
		{ "alice@", NULL },
		{ "a@b@c", NULL },
		{ "al ice@example.org", NULL },
		{ "alice@exam ple.org", NULL },
		{ "alice@example.org\n", NULL },
		{ "alice\t@example.org", NULL },
		{ "\"alice\"@example.org", NULL },
		{ "<alice@example.org>", NULL },
		{ "alice@example.org,bob@example.org", NULL },
		{ ".alice@example.org", NULL },
		{ "alice.@example.org", NULL },
		{ "a..b@example.org", NULL },
		{ "\xc3\xa4lice@example.org", NULL },
		{ "alice@example..org", NULL },
		{ "alice@.example.org", NULL },
		{ "alice@-example.org", NULL },
		{ "alice@example-.org", NULL },
		{ "alice@[127.0.0.1]", NULL },
		{ "alice@exa_mple.org", NULL },
		{ "alice@\xff\xfe.org", NULL },
		{ "a=b?c@example.org", "a=b?c@example.org" },
		{ "=?utf-8?q?alice?=@example.org", NULL },
		{ "alice=?x@example.org", NULL },
	};
	char buf[RST_MAIL_MAX + 1], text[RST_MAIL_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		enum rst_err err =
			rst_mail_canonical(rst_view_of(row[i].mail), buf);

		if (row[i].canonical == NULL && err != RST_EINVALID)
			fail_msg("\"%s\" was taken", row[i].mail);
		if (row[i].canonical != NULL &&
		    (err != RST_OK || strcmp(buf, row[i].canonical) != 0))
			fail_msg("\"%s\" became %d \"%s\"", row[i].mail, err,
			         err == RST_OK ? buf : "");
	}
	assert_int_equal(rst_mail_canonical(RST_VIEW("a\0b@example.org"), buf),
	                 RST_EINVALID);
	assert_int_equal(rst_mail_canonical(RST_VIEW("ab@exam\0ple.org"), buf),
	                 RST_EINVALID);
	memset(text, 'a', sizeof(text));
	memcpy(text + 64, "@b.example", 10);
	assert_int_equal(rst_mail_canonical(rst_view(text, 74), buf), RST_OK);
	memcpy(text + 65, "@b.example", 10);
	text[64] = 'a';
	assert_int_equal(rst_mail_canonical(rst_view(text, 75), buf),
	                 RST_EINVALID);
	assert_int_equal(rst_mail_canonical(rst_view(text, sizeof(text)), buf),
	                 RST_EINVALID);
}

static void
an_address_that_is_none_owns_nothing(void **state)
{
	struct rst_wtxn txn;
	struct fixture_ids ids;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	fixture_add(&txn, ids.people, "uid=a", "objectClass", "rosterAccount",
	            "mail", "not an address", NULL);
	assert_int_equal(fixture_rows(&txn.r, RST_T_IDENT), 0);
	rst_write_abort(&txn);
}

static void
a_name_longer_than_a_row_takes_is_still_one_owner_s(void **state)
{
	char name[400], other[400];
	struct rst_wtxn txn;
	struct fixture_ids ids;
	uint64_t id;

	memset(name, 'x', 399);
	name[399] = '\0';
	memcpy(other, name, 400);
	other[398] = 'y';
	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	id = fixture_add(&txn, ids.groups, "cn=g", "objectClass", "posixGroup",
	                 "cn", name, NULL);
	assert_int_equal(owner_of(&txn.r, RST_IDENT_GROUPNAME, name), id);
	assert_int_equal(owner_of(&txn.r, RST_IDENT_GROUPNAME, other), 0);
	assert_int_equal(rst_entry_store_drop(&txn, id), RST_OK);
	assert_int_equal(fixture_rows(&txn.r, RST_T_IDENT), 0);
	rst_write_abort(&txn);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(identifiers_follow_their_entry),
		TEST(tombstones_hold_numbers_and_names),
		TEST(numbers_rise_then_holes_are_filled_then_it_is_full),
		TEST(after_a_reload_the_mark_is_found_anew),
		TEST(a_range_that_cannot_be_is_refused),
		cmocka_unit_test(mail_addresses_have_one_canonical_form),
		TEST(an_address_that_is_none_owns_nothing),
		TEST(a_name_longer_than_a_row_takes_is_still_one_owner_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
