/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_record.c - records and entries in memory, store/entry.h */
#include "tests/unit/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/env_priv.h"
#include "store/record_priv.h"

static struct rst_entry *
new_entry(void)
{
	struct rst_entry *entry;

	assert_int_equal(rst_entry_new(&entry), RST_OK);
	assert_int_equal(rst_entry_place(entry, 7, RST_VIEW("uid=Alice"),
	                                 RST_VIEW("uid=alice")),
	                 RST_OK);
	return entry;
}

static void
add(struct rst_entry *entry, uint16_t id, const char *value)
{
	assert_int_equal(rst_entry_add(entry, id, rst_view_of(value)), RST_OK);
}

static void
the_bytes_are_as_drawn(void **state)
{
	static const char expect[] =
		"\1\0\0\0"         /* format, kind, status */
		"\0\0\0\0"         /* flags */
		"\0\0\0\0\0\0\0\0" /* id */
		"\0\0\0\0\0\0\0\7" /* parent */
		"\0\0\0\0\0\0\0\3" /* generation */
		"\xff\xff\xff\xff\xff\xff\xff\xff"
		"\0\11\0\11\0\2\0\0"
		"uid=Aliceuid=alice"
		"\0\12\0\0\0\1\0\0\0\11" /* uid: one value, to 9 */
		"\0\13\0\0\0\2\0\0\0\31" /* cn: two values, to 25 */
		"\0\0\0\5alice"
		"\0\0\0\5Alice\0\0\0\3Ada";
	struct rst_entry *entry = new_entry();
	struct rst_record record;

	(void)state;
	rst_entry_set_generation(entry, 3);
	add(entry, RST_A_UID, "alice");
	add(entry, RST_A_CN, "Alice");
	add(entry, RST_A_CN, "Ada");
	assert_int_equal(rst_entry_record(entry, &record), RST_OK);
	assert_int_equal(record.bytes.len, sizeof(expect) - 1 + 8);
	assert_memory_equal(record.bytes.ptr, expect, sizeof(expect) - 1);
	assert_int_equal(record.parent, 7);
	assert_int_equal(record.generation, 3);
	assert_true(rst_view_equal(record.rdn, RST_VIEW("uid=Alice")));
	assert_true(rst_view_equal(record.nrdn, RST_VIEW("uid=alice")));
	rst_entry_free(entry);
}

static void
each_attribute_is_found_with_its_values(void **state)
{
	struct rst_entry *entry = new_entry();
	struct rst_record record;
	struct rst_attr attr;
	struct rst_view value;

	(void)state;
	add(entry, RST_A_UID, "alice");
	add(entry, RST_A_CN, "Alice");
	add(entry, RST_A_SN, "");
	add(entry, RST_A_CN, "Ada");
	assert_int_equal(rst_entry_record(entry, &record), RST_OK);
	assert_int_equal(record.n_attrs, 3);
	assert_true(rst_record_attr(&record, RST_A_CN, &attr));
	assert_int_equal(attr.count, 2);
	assert_true(rst_attr_next(&attr, &value));
	assert_true(rst_view_equal(value, RST_VIEW("Alice")));
	assert_int_equal(attr.left, 1);
	assert_true(rst_attr_next(&attr, &value));
	assert_true(rst_view_equal(value, RST_VIEW("Ada")));
	assert_false(rst_attr_next(&attr, &value));
	assert_false(rst_record_attr(&record, RST_A_MAIL, &attr));
	value = rst_record_first(&record, RST_A_SN);
	assert_non_null(value.ptr);
	assert_int_equal(value.len, 0);
	value = rst_record_first(&record, RST_A_MAIL);
	assert_null(value.ptr);
	rst_record_nth(&record, 2, &attr);
	assert_int_equal(attr.id, RST_A_SN);
	assert_int_equal(attr.count, 1);
	rst_entry_free(entry);
}

static const struct {
	const char *classes[3];
	const char *status, *uid_number, *gid_number, *administrator;
	enum rst_kind kind;
	enum rst_status expect_status;
	uint32_t flags, uid, gid;
} derived[] = {
	{ { "top" },
	  NULL,
	  NULL,
	  NULL,
	  NULL,
	  RST_KIND_OTHER,
	  RST_STATUS_NONE,
	  0,
	  RST_NO_NUMBER,
	  RST_NO_NUMBER },
	{ { "ROSTERACCOUNT", "posixAccount" },
	  "Active",
	  "10000",
	  "2001",
	  NULL,
	  RST_KIND_PERSON,
	  RST_STATUS_ACTIVE,
	  RST_REC_POSIX_ACCOUNT,
	  10000,
	  2001 },
	{ { "rosterAccount" },
	  "pending",
	  NULL,
	  NULL,
	  NULL,
	  RST_KIND_PERSON,
	  RST_STATUS_PENDING,
	  0,
	  RST_NO_NUMBER,
	  RST_NO_NUMBER },
	{ { "rosterAccount" },
	  "suspended",
	  NULL,
	  NULL,
	  NULL,
	  RST_KIND_PERSON,
	  RST_STATUS_SUSPENDED,
	  0,
	  RST_NO_NUMBER,
	  RST_NO_NUMBER },
	{ { "rosterAccount" },
	  "deleted",
	  NULL,
	  NULL,
	  NULL,
	  RST_KIND_PERSON,
	  RST_STATUS_DELETED,
	  0,
	  RST_NO_NUMBER,
	  RST_NO_NUMBER },
	{ { "rosterAccount" },
	  "asleep",
	  NULL,
	  NULL,
	  "TRUE",
	  RST_KIND_PERSON,
	  RST_STATUS_NONE,
	  0,
	  RST_NO_NUMBER,
	  RST_NO_NUMBER },
	{ { "rosterGroup", "posixGroup" },
	  "active",
	  NULL,
	  "2000",
	  "true",
	  RST_KIND_GROUP,
	  RST_STATUS_NONE,
	  RST_REC_POSIX_GROUP | RST_REC_ADMIN_GROUP,
	  RST_NO_NUMBER,
	  2000 },
	{ { "rosterGroup" },
	  NULL,
	  NULL,
	  NULL,
	  "FALSE",
	  RST_KIND_GROUP,
	  RST_STATUS_NONE,
	  0,
	  RST_NO_NUMBER,
	  RST_NO_NUMBER },
	{ { "rosterInvitation" },
	  NULL,
	  NULL,
	  NULL,
	  NULL,
	  RST_KIND_INVITATION,
	  RST_STATUS_NONE,
	  0,
	  RST_NO_NUMBER,
	  RST_NO_NUMBER },
	{ { "rosterTombstone", "rosterAccount" },
	  NULL,
	  NULL,
	  NULL,
	  NULL,
	  RST_KIND_TOMBSTONE,
	  RST_STATUS_NONE,
	  0,
	  RST_NO_NUMBER,
	  RST_NO_NUMBER },
	{ { "rosterSetting" },
	  NULL,
	  NULL,
	  NULL,
	  NULL,
	  RST_KIND_SETTING,
	  RST_STATUS_NONE,
	  0,
	  RST_NO_NUMBER,
	  RST_NO_NUMBER },
	{ { "referral", "alias", "subentry" },
	  NULL,
	  NULL,
	  NULL,
	  NULL,
	  RST_KIND_OTHER,
	  RST_STATUS_NONE,
	  RST_REC_REFERRAL | RST_REC_ALIAS | RST_REC_SUBENTRY,
	  RST_NO_NUMBER,
	  RST_NO_NUMBER },
	{ { "posixAccount" },
	  NULL,
	  "-1",
	  "4294967295",
	  NULL,
	  RST_KIND_OTHER,
	  RST_STATUS_NONE,
	  RST_REC_POSIX_ACCOUNT,
	  RST_NO_NUMBER,
	  RST_NO_NUMBER },
	{ { "posixAccount" },
	  NULL,
	  "4294967294",
	  "0",
	  NULL,
	  RST_KIND_OTHER,
	  RST_STATUS_NONE,
	  RST_REC_POSIX_ACCOUNT,
	  4294967294,
	  0 },
};

static void
kind_status_flags_and_numbers_follow_the_attributes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++) {
		struct rst_entry *entry = new_entry();
		struct rst_record record;

		for (int k = 0; k < 3 && derived[i].classes[k] != NULL; k++)
			add(entry, RST_A_OBJECTCLASS, derived[i].classes[k]);
		if (derived[i].status != NULL)
			add(entry, RST_A_ROSTERSTATUS, derived[i].status);
		if (derived[i].uid_number != NULL)
			add(entry, RST_A_UIDNUMBER, derived[i].uid_number);
		if (derived[i].gid_number != NULL)
			add(entry, RST_A_GIDNUMBER, derived[i].gid_number);
		if (derived[i].administrator != NULL)
			add(entry, RST_A_ROSTERADMINISTRATOR,
			    derived[i].administrator);
		assert_int_equal(rst_entry_record(entry, &record), RST_OK);
		if (record.kind != derived[i].kind ||
		    record.status != derived[i].expect_status ||
		    record.flags != derived[i].flags ||
		    record.uid_number != derived[i].uid ||
		    record.gid_number != derived[i].gid)
			fail_msg("row %zu (%s)", i, derived[i].classes[0]);
		rst_entry_free(entry);
	}
}

static void
status_words_are_read_and_written(void **state)
{
	(void)state;
	for (int i = RST_STATUS_NONE; i <= RST_STATUS_DELETED; i++)
		assert_int_equal(rst_status_parse(rst_view_of(
					 rst_status_word((enum rst_status)i))),
		                 i);
	assert_string_equal(rst_status_word(RST_STATUS_NONE), "");
	assert_int_equal(rst_status_parse(RST_VIEW("SusPended")),
	                 RST_STATUS_SUSPENDED);
	assert_int_equal(rst_status_parse(RST_VIEW("suspend")),
	                 RST_STATUS_NONE);
}

static void
setters_replace_append_and_drop(void **state)
{
	const struct rst_view two[] = { RST_VIEW("one"), RST_VIEW("two") };
	struct rst_entry *entry = new_entry();
	struct rst_record record;
	struct rst_attr attr;

	(void)state;
	assert_int_equal(rst_entry_set(entry, RST_A_CN, two, 2), RST_OK);
	assert_int_equal(rst_entry_set_one(entry, RST_A_SN, RST_VIEW("s")),
	                 RST_OK);
	add(entry, RST_A_CN, "one");
	assert_int_equal(rst_entry_record(entry, &record), RST_OK);
	assert_true(rst_record_attr(&record, RST_A_CN, &attr));
	assert_int_equal(attr.count, 3);
	/* from its own values */
	assert_int_equal(rst_entry_set_one(entry, RST_A_CN,
	                                   rst_record_first(&record, RST_A_CN)),
	                 RST_OK);
	assert_int_equal(rst_entry_record(entry, &record), RST_OK);
	assert_true(rst_view_equal(rst_record_first(&record, RST_A_CN),
	                           RST_VIEW("one")));
	assert_int_equal(rst_entry_set(entry, RST_A_CN, NULL, 0), RST_OK);
	assert_int_equal(rst_entry_set(entry, RST_A_CN, NULL, 0), RST_OK);
	assert_int_equal(rst_entry_record(entry, &record), RST_OK);
	assert_false(rst_record_attr(&record, RST_A_CN, &attr));
	assert_int_equal(record.n_attrs, 1);
	rst_entry_free(entry);
	rst_entry_free(NULL);
}

static void
what_is_past_a_limit_is_refused(void **state)
{
	static char big[RST_RDN_MAX + 1];
	struct rst_entry *entry = new_entry();
	struct rst_record record;
	char *value;

	(void)state;
	memset(big, 'x', sizeof(big));
	assert_int_equal(rst_entry_place(entry, 1, rst_view(big, sizeof(big)),
	                                 RST_VIEW("x=y")),
	                 RST_EINVALID);
	assert_int_equal(rst_entry_place(entry, 1, RST_VIEW("x=y"),
	                                 rst_view(big, sizeof(big))),
	                 RST_EINVALID);
	assert_int_equal(
		rst_entry_place(entry, 1, RST_VIEW(""), RST_VIEW("x=y")),
		RST_EINVALID);
	assert_int_equal(rst_entry_add(entry, RST_A_NONE, RST_VIEW("x")),
	                 RST_EINVALID);
	assert_int_equal(rst_entry_set_one(entry, RST_A_NONE, RST_VIEW("x")),
	                 RST_EINVALID);
	value = malloc(RST_VALUE_MAX + 1);
	assert_non_null(value);
	memset(value, 'v', RST_VALUE_MAX + 1);
	assert_int_equal(rst_entry_add(entry, RST_A_CN,
	                               rst_view(value, RST_VALUE_MAX + 1)),
	                 RST_EINVALID);
	/* what was refused is not there: the entry still encodes */
	assert_int_equal(rst_entry_record(entry, &record), RST_OK);
	assert_int_equal(record.n_attrs, 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(rst_entry_add(entry, RST_A_CN,
		                               rst_view(value, RST_VALUE_MAX)),
		                 RST_OK);
	/* four times 16 MiB and their lengths are above RST_RECORD_MAX */
	assert_int_equal(rst_entry_record(entry, &record), RST_EINVALID);
	free(value);
	rst_entry_free(entry);
}

/* An entry of random attributes, some with many values, some empty. */
static struct rst_entry *
random_entry(void)
{
	static char bytes[5000];
	struct rst_entry *entry = new_entry();
	int n = (int)(random() % 40);

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)random();
	for (int i = 0; i < n; i++) {
		uint16_t id = (uint16_t)(random() % 20 + 1);
		size_t len = random() % 10 == 0 ? (size_t)random() % 5000
		                                : (size_t)random() % 20;

		assert_int_equal(rst_entry_add(entry, id, rst_view(bytes, len)),
		                 RST_OK);
	}
	return entry;
}

static void
what_is_encoded_decodes_to_the_same(void **state)
{
	struct rst_entry *entry, *copy;
	struct rst_record record, again, decoded;

	(void)state;
	srandom(3);
	for (int i = 0; i < 2000; i++) {
		entry = random_entry();
		rst_entry_set_generation(entry, (uint64_t)random());
		assert_int_equal(rst_entry_record(entry, &record), RST_OK);
		assert_int_equal(
			rst_record_decode(record.bytes, true, &decoded),
			RST_OK);
		assert_int_equal(rst_entry_from_record(&decoded, &copy),
		                 RST_OK);
		assert_int_equal(rst_entry_record(copy, &again), RST_OK);
		assert_true(rst_view_equal(record.bytes, again.bytes));
		rst_entry_free(copy);
		rst_entry_free(entry);
	}
}

/* Walk all there is to walk: a sanitizer sees a step outside. */
static size_t
walk(const struct rst_record *record)
{
	struct rst_attr attr;
	struct rst_view value;
	size_t sum = 0;

	for (unsigned int i = 0; i < record->n_attrs; i++) {
		rst_record_nth(record, i, &attr);
		while (rst_attr_next(&attr, &value))
			for (size_t k = 0; k < value.len; k++)
				sum += (unsigned char)value.ptr[k];
	}
	return sum;
}

static void
every_flipped_bit_is_noticed(void **state)
{
	struct rst_entry *entry = new_entry();
	struct rst_record record, decoded;
	size_t len;
	char *bytes;

	(void)state;
	add(entry, RST_A_UID, "alice");
	add(entry, RST_A_CN, "Alice");
	add(entry, RST_A_CN, "Ada");
	add(entry, RST_A_SN, "");
	assert_int_equal(rst_entry_record(entry, &record), RST_OK);
	len = record.bytes.len;
	for (size_t bit = 0; bit < len * 8; bit++) {
		bytes = malloc(len); /* anew: its ends are guarded */
		assert_non_null(bytes);
		memcpy(bytes, record.bytes.ptr, len);
		bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(
			rst_record_decode(rst_view(bytes, len), true, &decoded),
			RST_ECORRUPT);
		/* without the sum it may pass, but never reach outside */
		if (rst_record_decode(rst_view(bytes, len), false, &decoded) ==
		    RST_OK)
			(void)walk(&decoded);
		free(bytes);
	}
	rst_entry_free(entry);
}

static void
every_cut_record_is_noticed(void **state)
{
	struct rst_entry *entry = new_entry();
	struct rst_record record, decoded;
	char *bytes;

	(void)state;
	add(entry, RST_A_UID, "alice");
	add(entry, RST_A_CN, "Alice");
	assert_int_equal(rst_entry_record(entry, &record), RST_OK);
	for (size_t len = 0; len < record.bytes.len; len++) {
		bytes = malloc(len + 1);
		assert_non_null(bytes);
		memcpy(bytes, record.bytes.ptr, len);
		assert_int_equal(rst_record_decode(rst_view(bytes, len), false,
		                                   &decoded),
		                 RST_ECORRUPT);
		free(bytes);
	}
	rst_entry_free(entry);
}

static void
a_record_with_bytes_that_belong_to_nothing_is_corrupt(void **state)
{
	struct rst_entry *entry = new_entry();
	struct rst_record record, decoded;
	char bytes[512];

	(void)state;
	add(entry, RST_A_UID, "alice");
	assert_int_equal(rst_entry_record(entry, &record), RST_OK);
	memcpy(bytes, record.bytes.ptr, record.bytes.len);
	assert_int_equal(rst_record_decode(rst_view(bytes, record.bytes.len),
	                                   false, &decoded),
	                 RST_OK);
	assert_int_equal(
		rst_record_decode(rst_view(bytes, record.bytes.len + 1), false,
	                          &decoded),
		RST_ECORRUPT);
	rst_entry_free(entry);
}

static void
random_bytes_never_lead_outside(void **state)
{
	struct rst_entry *entry;
	struct rst_record record, decoded;
	char *bytes;

	(void)state;
	srandom(4);
	for (int i = 0; i < 20000; i++) {
		entry = random_entry();
		assert_int_equal(rst_entry_record(entry, &record), RST_OK);
		bytes = malloc(record.bytes.len);
		assert_non_null(bytes);
		memcpy(bytes, record.bytes.ptr, record.bytes.len);
		for (long n = random() % 4 + 1; n > 0; n--)
			bytes[(size_t)random() %
			      (record.bytes.len < 400 ? record.bytes.len
			                              : 400)] = (char)random();
		if (rst_record_decode(rst_view(bytes, record.bytes.len), false,
		                      &decoded) == RST_OK)
			(void)walk(&decoded);
		free(bytes);
		rst_entry_free(entry);
	}
}

static void
values_compare_by_their_rule(void **state)
{
	struct fixture *fixture = *state;
	struct rst_entry *entry;
	struct rst_record record;
	struct rst_wtxn txn;

	fixture_write(fixture, &txn);
	entry = fixture_entry(&txn, 0, "uid=alice", "cn", "Ada  Lovelace",
	                      "uidNumber", "010000", "homeDirectory",
	                      "/home/Ada", "roomNumber", "A 1", NULL);
	assert_int_equal(rst_entry_record(entry, &record), RST_OK);
	assert_true(rst_record_has(&txn.r, &record, RST_A_CN,
	                           RST_VIEW("ada lovelace")));
	assert_false(
		rst_record_has(&txn.r, &record, RST_A_CN, RST_VIEW("ada")));
	assert_true(rst_record_has(&txn.r, &record, RST_A_UIDNUMBER,
	                           RST_VIEW("10000")));
	assert_true(rst_record_has(&txn.r, &record, RST_A_HOMEDIRECTORY,
	                           RST_VIEW("/home/Ada")));
	assert_false(rst_record_has(&txn.r, &record, RST_A_HOMEDIRECTORY,
	                            RST_VIEW("/home/ada")));
	assert_true(rst_record_has(&txn.r, &record, RST_A_DYNAMIC,
	                           RST_VIEW("a 1")));
	assert_false(rst_record_has(&txn.r, &record, RST_A_SN, RST_VIEW("")));
	rst_entry_free(entry);
	rst_write_abort(&txn);
}

static void
a_corrupt_stored_record_is_noticed(void **state)
{
	struct fixture *fixture = *state;
	struct rst_record record;
	struct rst_wtxn txn;
	char key[8], *copy;
	uint64_t id, at = 0;
	size_t len;

	fixture_write(fixture, &txn);
	id = fixture_add(&txn, 0, "uid=alice", "cn", "Ada", NULL);
	assert_int_equal(rst_record_get(&txn.r, id, &record), RST_OK);
	copy = rst_view_dup(record.bytes);
	assert_non_null(copy);
	len = record.bytes.len;
	copy[len - 10] ^= 1; /* in the value */
	rst_put_be64(key, id);
	assert_int_equal(rst_db_put(&txn, RST_T_ENTRY, rst_view(key, 8),
	                            rst_view(copy, len), true),
	                 RST_OK);
	assert_int_equal(rst_record_get(&txn.r, id, &record), RST_ECORRUPT);
	assert_int_equal(rst_record_next(&txn.r, &at, &record), RST_ECORRUPT);
	assert_int_equal(at, id); /* and the walk can go on */
	assert_int_equal(rst_record_next(&txn.r, &at, &record), RST_ENOTFOUND);
	/* the right record under another's id */
	copy[len - 10] ^= 1;
	rst_put_be64(key, id + 1);
	assert_int_equal(rst_db_put(&txn, RST_T_ENTRY, rst_view(key, 8),
	                            rst_view(copy, len), true),
	                 RST_OK);
	assert_int_equal(rst_record_get(&txn.r, id + 1, &record), RST_ECORRUPT);
	free(copy);
	rst_write_abort(&txn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_are_as_drawn),
		cmocka_unit_test(each_attribute_is_found_with_its_values),
		cmocka_unit_test(
			kind_status_flags_and_numbers_follow_the_attributes),
		cmocka_unit_test(status_words_are_read_and_written),
		cmocka_unit_test(setters_replace_append_and_drop),
		cmocka_unit_test(what_is_past_a_limit_is_refused),
		cmocka_unit_test(what_is_encoded_decodes_to_the_same),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(every_cut_record_is_noticed),
		cmocka_unit_test(
			a_record_with_bytes_that_belong_to_nothing_is_corrupt),
		cmocka_unit_test(random_bytes_never_lead_outside),
		FIXTURE_TEST(values_compare_by_their_rule),
		FIXTURE_TEST(a_corrupt_stored_record_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
