/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_ident.c - identifiers follow entries; numbers are given out once */
#include "store/ident.h"

#include <stdio.h>
#include <time.h>

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

/* Next fit, as it is documented, by asking about every number. */
static uint32_t
expected(const bool *taken, uint32_t first, uint32_t last, uint32_t high)
{
	for (uint32_t n = high + 1; n <= last; n++)
		if (!taken[n])
			return n;
	for (uint32_t n = first; n <= last; n++)
		if (!taken[n])
			return n;
	return 0;
}

#define MODEL_LAST  40
#define MODEL_STEPS 3000

/* Numbers come, go and are chosen by hand, in two ranges that overlap; what is
 * given out is what a look at each would find. */
static void
freed_numbers_are_given_out_as_a_walk_would(void **state)
{
	uint64_t ids[MODEL_LAST + 20] = { 0 };
	bool taken[MODEL_LAST + 20] = { 0 };
	uint32_t high = 10, other_high = 20, number, want, at;
	unsigned int seed = 7;
	struct rst_wtxn txn;
	struct fixture_ids skeleton;

	fixture_write(*state, &txn);
	skeleton = fixture_skeleton(&txn);
	assert_int_equal(allocate(&txn, 10, MODEL_LAST), 10);
	assert_int_equal(allocate(&txn, 20, MODEL_LAST + 4), 20);
	for (int i = 0; i < MODEL_STEPS; i++) {
		seed = seed * 1103515245u + 12345u;
		at = 10 + (seed >> 16) % (MODEL_LAST + 5 - 10);
		switch ((seed >> 8) % 8) {
		case 0:
		case 1:
			if (taken[at]) {
				assert_int_equal(
					rst_entry_store_drop(&txn, ids[at]),
					RST_OK);
				taken[at] = false;
			}
			continue;
		case 2:
			if (!taken[at])
				ids[at] = add_number(&txn, skeleton.people, at);
			taken[at] = true;
			continue;
		case 3:
			want = expected(taken, 20, MODEL_LAST + 4, other_high);
			number = allocate(&txn, 20, MODEL_LAST + 4);
			other_high = number != 0 ? number : other_high;
			break;
		default:
			want = expected(taken, 10, MODEL_LAST, high);
			number = allocate(&txn, 10, MODEL_LAST);
			high = number != 0 ? number : high;
		}
		assert_int_equal(number, want);
		if (number == 0 || (seed >> 24) % 8 == 0)
			continue; /* given out and never used */
		ids[number] = add_number(&txn, skeleton.people, number);
		taken[number] = true;
	}
	rst_write_abort(&txn);
}

#define FULL_LAST 3000 /* of a range from 1 */
#define ASKED     200

static double
seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double
time_of_asking(struct rst_wtxn *txn, uint32_t last)
{
	double before = seconds();

	for (int i = 0; i < ASKED; i++)
		assert_int_equal(allocate(txn, 1, last), 0);
	return seconds() - before;
}

static void
a_full_range_is_not_walked_again(void **state)
{
	struct rst_wtxn txn;
	struct fixture_ids ids;
	uint64_t one = 0;
	double small, whole;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	for (uint32_t n = 1; n <= 10; n++)
		add_number(&txn, ids.people, n);
	small = time_of_asking(&txn, 10);
	for (uint32_t n = 11; n <= FULL_LAST; n++)
		one = add_number(&txn, ids.people, n);
	whole = time_of_asking(&txn, FULL_LAST);
	/* it was 60 times as long */
	assert_true(whole < 10 * small);
	assert_int_equal(rst_entry_store_drop(&txn, one), RST_OK);
	assert_int_equal(allocate(&txn, 1, FULL_LAST), FULL_LAST);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(identifiers_follow_their_entry),
		FIXTURE_TEST(tombstones_hold_numbers_and_names),
		FIXTURE_TEST(
			numbers_rise_then_holes_are_filled_then_it_is_full),
		FIXTURE_TEST(freed_numbers_are_given_out_as_a_walk_would),
		FIXTURE_TEST(a_full_range_is_not_walked_again),
		FIXTURE_TEST(after_a_reload_the_mark_is_found_anew),
		FIXTURE_TEST(a_range_that_cannot_be_is_refused),
		cmocka_unit_test(mail_addresses_have_one_canonical_form),
		FIXTURE_TEST(an_address_that_is_none_owns_nothing),
		FIXTURE_TEST(
			a_name_longer_than_a_row_takes_is_still_one_owner_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
