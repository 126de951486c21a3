/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_journal.c - what the journal keeps, hides and erases; CSNs */
#include "store/journal.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/env_priv.h"
#include "store/journal_priv.h"
#include "tests/unit/fixture.h"

#define NOW_S 1795315053 /* 2026-11-22 02:37:33 UTC */

static const struct rst_journal_entry blank = {
	.op = RST_J_EVENT,
	.door = RST_DOOR_CLI,
	.act = { "test", 4 },
	.time_s = NOW_S,
};

/* The changed values as lines of "attribute + value" in a static buffer. */
static const char *
values_of(const struct rst_journal_public *public)
{
	static char text[8192];
	struct rst_view values = public->values;
	struct rst_journal_value value;
	size_t used = 0;

	text[0] = '\0';
	while (rst_journal_next_value(&values, &value))
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%.*s %s %.*s%s\n",
			(int)value.attr.len, value.attr.ptr,
			value.added ? "+" : "-", (int)value.value.len,
			value.value.ptr, value.cut ? "..." : "");
	assert_int_equal(values.len, 0);
	return text;
}

/* The record of entry id, copied out of the map. */
static struct rst_entry *
copy_of(struct rst_wtxn *txn, uint64_t id, struct rst_record *ret_record)
{
	struct rst_record record;
	struct rst_entry *entry;

	assert_int_equal(rst_record_get(&txn->r, id, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &entry), RST_OK);
	assert_int_equal(rst_entry_record(entry, ret_record), RST_OK);
	return entry;
}

static uint64_t
add_alice(struct rst_wtxn *txn)
{
	struct fixture_ids ids = fixture_skeleton(txn);

	return fixture_add(txn, ids.people, "uid=alice", "objectClass",
	                   "posixAccount", "uid", "alice", "cn", "Alice",
	                   "userPassword", "{ARGON2}old", "entryCSN",
	                   "20200101000000.000000Z#000000#000#000000", NULL);
}

static void
a_record_says_who_what_when_and_why(void **state)
{
	struct rst_journal_entry entry = blank;
	struct rst_journal_public public;
	struct rst_wtxn txn;
	struct rst_rtxn read;
	uint64_t sequence;

	entry.op = RST_J_DELETE;
	entry.door = RST_DOOR_HTTP;
	entry.replicated = true;
	entry.act = RST_VIEW("delete");
	entry.actor = RST_VIEW("uid=root,dc=x");
	entry.address = RST_VIEW("127.0.0.1:4711");
	entry.reason = RST_VIEW("left the company");
	entry.csn = RST_VIEW("20261122023733.000000Z#000000#00f#000000");
	entry.time_us = 17;
	entry.id = 99;
	entry.count = 3;
	entry.dn = RST_VIEW("uid=a,dc=x");
	entry.old_dn = RST_VIEW("uid=b,dc=x");
	fixture_write(*state, &txn);
	assert_int_equal(rst_journal_last(&txn.r), 0);
	assert_int_equal(rst_journal_append(&txn, &entry, &sequence), RST_OK);
	assert_int_equal(sequence, 1);
	fixture_commit(&txn);

	fixture_read(*state, &read);
	assert_int_equal(rst_journal_last(&read), 1);
	assert_int_equal(rst_journal_get(&read, 1, &public), RST_OK);
	assert_int_equal(public.op, RST_J_DELETE);
	assert_int_equal(public.door, RST_DOOR_HTTP);
	assert_true(public.replicated);
	assert_true(rst_view_equal(public.act, entry.act));
	assert_true(rst_view_equal(public.actor, entry.actor));
	assert_true(rst_view_equal(public.address, entry.address));
	assert_true(rst_view_equal(public.reason, entry.reason));
	assert_true(rst_view_equal(public.csn, entry.csn));
	assert_true(rst_view_equal(public.dn, entry.dn));
	assert_true(rst_view_equal(public.old_dn, entry.old_dn));
	assert_int_equal(public.time_s, NOW_S);
	assert_int_equal(public.time_us, 17);
	assert_int_equal(public.id, 99);
	assert_int_equal(public.count, 3);
	assert_int_equal(public.digest.len, 0);
	assert_int_equal(public.chain.len, 32);
	assert_int_equal(rst_journal_get(&read, 2, &public), RST_ENOTFOUND);
	rst_read_end(&read);
}

static void
changed_values_are_shown_and_secrets_masked(void **state)
{
	struct rst_journal_entry entry = blank;
	struct rst_journal_public public;
	struct rst_record before, after;
	struct rst_entry *old, *new_one;
	struct rst_wtxn txn;
	uint64_t id;
	const struct rst_view names[] = { RST_VIEW("Alice"),
		                          RST_VIEW("Alice Liddell") };

	fixture_write(*state, &txn);
	id = add_alice(&txn);
	old = copy_of(&txn, id, &before);
	new_one = copy_of(&txn, id, &after);
	assert_int_equal(rst_entry_set(new_one, RST_A_CN, names, 2), RST_OK);
	assert_int_equal(rst_entry_set_one(new_one, RST_A_USERPASSWORD,
	                                   RST_VIEW("{ARGON2}new")),
	                 RST_OK);
	assert_int_equal(
		rst_entry_set_one(new_one, RST_A_ENTRYCSN, RST_VIEW("x")),
		RST_OK);
	assert_int_equal(rst_entry_record(new_one, &after), RST_OK);
	entry.op = RST_J_MODIFY;
	entry.before = &before;
	entry.after = &after;
	assert_int_equal(rst_journal_append(&txn, &entry, NULL), RST_OK);
	assert_int_equal(rst_journal_get(&txn.r, 1, &public), RST_OK);
	assert_string_equal(values_of(&public), "cn + Alice Liddell\n"
	                                        "userPassword + ********\n"
	                                        "userPassword - ********\n");
	rst_entry_free(old);
	rst_entry_free(new_one);
	rst_write_abort(&txn);
}

static void
every_spelling_of_a_secret_is_masked(void **state)
{
	(void)state;
	assert_true(rst_journal_masks(RST_VIEW("USERPASSWORD")));
	assert_true(rst_journal_masks(RST_VIEW("userPassword;x-old")));
	assert_true(rst_journal_masks(RST_VIEW("rosterTokenDigest")));
	assert_false(rst_journal_masks(RST_VIEW("userPasswordHint")));
	assert_false(rst_journal_masks(RST_VIEW("cn")));
	assert_false(rst_journal_masks(RST_VIEW("")));
}

static void
long_values_are_cut_and_many_are_counted(void **state)
{
	struct rst_journal_entry entry = blank;
	struct rst_journal_public public;
	struct rst_record after;
	struct rst_entry *made;
	struct rst_wtxn txn;
	char big[RST_JOURNAL_VALUE + 1], number[16];
	const char *text;

	memset(big, 'x', sizeof(big));
	fixture_write(*state, &txn);
	made = copy_of(&txn, add_alice(&txn), &after);
	assert_int_equal(rst_entry_set_one(made, RST_A_DESCRIPTION,
	                                   rst_view(big, sizeof(big))),
	                 RST_OK);
	assert_int_equal(rst_entry_record(made, &after), RST_OK);
	entry.op = RST_J_ADD;
	entry.after = &after;
	assert_int_equal(rst_journal_append(&txn, &entry, NULL), RST_OK);
	assert_int_equal(rst_journal_get(&txn.r, 1, &public), RST_OK);
	text = values_of(&public);
	assert_non_null(strstr(text, "x...\n"));
	assert_int_equal(public.omitted, 0);
	for (int i = 0; i < RST_JOURNAL_VALUES; i++) {
		snprintf(number, sizeof(number), "n%d", i);
		assert_int_equal(
			rst_entry_add(made, RST_A_OU, rst_view_of(number)),
			RST_OK);
	}
	assert_int_equal(rst_entry_record(made, &after), RST_OK);
	assert_int_equal(rst_journal_append(&txn, &entry, NULL), RST_OK);
	assert_int_equal(rst_journal_get(&txn.r, 2, &public), RST_OK);
	/* objectClass uid cn userPassword description, and a thousand ou */
	assert_int_equal(public.omitted, 5);
	rst_entry_free(made);
	rst_write_abort(&txn);
}

static void
images_come_back_whole_and_rows_with_them(void **state)
{
	struct rst_journal_entry entry = blank;
	struct rst_journal_images images;
	struct rst_journal_public public;
	struct rst_member_deltas deltas = { 0 };
	struct rst_record before;
	struct rst_entry *old;
	struct rst_wtxn txn;
	uint64_t alice, group;
	struct rst_member_op op = { RST_MEMBER_ADD, RST_A_MEMBERUID,
		                    RST_VIEW("ghost"), RST_VIEW("ghost") };

	fixture_write(*state, &txn);
	alice = add_alice(&txn);
	group = fixture_add(&txn, 1, "cn=g", "objectClass", "rosterGroup", "cn",
	                    "g", NULL);
	assert_int_equal(rst_member_join(&txn, group, alice, &deltas), RST_OK);
	assert_int_equal(rst_member_apply(&txn, group, &op, 1, &deltas, NULL),
	                 RST_OK);
	old = copy_of(&txn, group, &before);
	entry.op = RST_J_MODIFY;
	entry.id = group;
	entry.before = &before;
	entry.after = &before;
	entry.deltas = &deltas;
	assert_int_equal(rst_journal_append(&txn, &entry, NULL), RST_OK);
	assert_int_equal(rst_journal_get(&txn.r, 1, &public), RST_OK);
	assert_string_equal(values_of(&public),
	                    "member + uid=alice,ou=people," FIXTURE_SUFFIX "\n"
	                    "memberUid + ghost\n");
	assert_int_equal(rst_journal_images(&txn.r, 1, &images), RST_OK);
	assert_true(images.has_before && images.has_after);
	assert_true(rst_view_equal(images.before.bytes, before.bytes));
	assert_int_equal(images.after.id, group);
	assert_int_equal(images.deltas.n, 2);
	assert_true(images.deltas.items[0].added);
	assert_int_equal(images.deltas.items[0].via, RST_VIA_ROSTER);
	assert_int_equal(images.deltas.items[0].key_len,
	                 deltas.items[0].key_len);
	assert_memory_equal(images.deltas.items[1].key, deltas.items[1].key,
	                    deltas.items[1].key_len);
	rst_journal_images_release(&images);
	rst_journal_images_release(&images);
	rst_member_deltas_release(&deltas);
	rst_entry_free(old);
	rst_write_abort(&txn);
}

/* Append a modify of alice, whose record is both images. */
static void
append_alice(struct rst_wtxn *txn, uint64_t alice)
{
	struct rst_journal_entry entry = blank;
	struct rst_record record;
	struct rst_entry *copy = copy_of(txn, alice, &record);

	entry.op = RST_J_MODIFY;
	entry.id = alice;
	entry.before = entry.after = &record;
	assert_int_equal(rst_journal_append(txn, &entry, NULL), RST_OK);
	rst_entry_free(copy);
}

static void
secrets_are_not_on_disk_in_clear(void **state)
{
	static const char secret[] = "{ARGON2}old";
	struct rst_wtxn txn;
	struct rst_cursor cursor;
	struct rst_view key, value;
	enum rst_err err;

	fixture_write(*state, &txn);
	append_alice(&txn, add_alice(&txn));
	for (int t = RST_T_JOURNAL; t <= RST_T_JOURNAL_PRIVATE; t++) {
		assert_int_equal(
			rst_cursor_open(&txn.r, (enum rst_table)t, &cursor),
			RST_OK);
		err = rst_cursor_seek(&cursor, RST_VIEW(""), &key, &value);
		assert_int_equal(err, RST_OK);
		assert_null(memmem(value.ptr, value.len, secret,
		                   sizeof(secret) - 1));
		rst_cursor_close(&cursor);
	}
	rst_write_abort(&txn);
}

/* Flip one bit of the sealed bytes of sequence. */
static void
damage(struct rst_wtxn *txn, uint64_t sequence, size_t at)
{
	struct rst_view value;
	char key[8], *copy;

	rst_put_be64(key, sequence);
	assert_int_equal(rst_db_get(&txn->r, RST_T_JOURNAL_PRIVATE,
	                            rst_view(key, 8), &value),
	                 RST_OK);
	copy = rst_view_dup(value);
	copy[at % value.len] ^= 1;
	assert_int_equal(rst_db_put(txn, RST_T_JOURNAL_PRIVATE,
	                            rst_view(key, 8), rst_view(copy, value.len),
	                            true),
	                 RST_OK);
	free(copy);
}

static void
a_damaged_or_moved_private_part_does_not_open(void **state)
{
	struct rst_journal_images images;
	struct rst_view value;
	struct rst_wtxn txn;
	char key[8], *copy;
	uint64_t alice;

	fixture_write(*state, &txn);
	alice = add_alice(&txn);
	append_alice(&txn, alice);
	append_alice(&txn, alice);
	for (size_t at = 0; at < 300; at += 23) {
		damage(&txn, 1, at);
		assert_int_equal(rst_journal_images(&txn.r, 1, &images),
		                 RST_ECORRUPT);
		damage(&txn, 1, at);
	}
	assert_int_equal(rst_journal_images(&txn.r, 1, &images), RST_OK);
	rst_journal_images_release(&images);
	/* the one of another record is not this one's */
	rst_put_be64(key, 2);
	assert_int_equal(rst_db_get(&txn.r, RST_T_JOURNAL_PRIVATE,
	                            rst_view(key, 8), &value),
	                 RST_OK);
	copy = rst_view_dup(value);
	rst_put_be64(key, 1);
	assert_int_equal(rst_db_put(&txn, RST_T_JOURNAL_PRIVATE,
	                            rst_view(key, 8), rst_view(copy, value.len),
	                            true),
	                 RST_OK);
	free(copy);
	assert_int_equal(rst_journal_images(&txn.r, 1, &images), RST_ECORRUPT);
	rst_write_abort(&txn);
}

static void
private_parts_are_erased_and_the_chain_stays(void **state)
{
	struct rst_journal_images images;
	struct rst_journal_public public;
	struct rst_wtxn txn;
	unsigned char before[32] = { 0 }, chain[32];
	struct rst_view bytes;
	char key[8];
	uint64_t alice;
	size_t n;

	fixture_write(*state, &txn);
	alice = add_alice(&txn);
	for (int i = 0; i < 5; i++)
		append_alice(&txn, alice);
	assert_int_equal(rst_journal_erase(&txn, 3, 2, &n), RST_OK);
	assert_int_equal(n, 2);
	assert_int_equal(rst_journal_erase(&txn, 3, 10, &n), RST_OK);
	assert_int_equal(n, 1);
	assert_int_equal(rst_journal_erase(&txn, 3, 10, &n), RST_OK);
	assert_int_equal(n, 0);
	assert_int_equal(rst_journal_images(&txn.r, 3, &images), RST_ENOTFOUND);
	assert_int_equal(rst_journal_images(&txn.r, 4, &images), RST_OK);
	rst_journal_images_release(&images);
	for (uint64_t i = 1; i <= 5; i++) {
		assert_int_equal(rst_journal_get(&txn.r, i, &public), RST_OK);
		assert_int_equal(public.digest.len, 32);
		rst_put_be64(key, i);
		assert_int_equal(rst_db_get(&txn.r, RST_T_JOURNAL,
		                            rst_view(key, 8), &bytes),
		                 RST_OK);
		rst_journal_chain(before, rst_view(bytes.ptr, bytes.len - 32),
		                  chain);
		assert_memory_equal(chain, public.chain.ptr, 32);
		memcpy(before, chain, 32);
	}
	rst_write_abort(&txn);
}

static void
what_is_too_long_is_refused(void **state)
{
	struct rst_journal_entry entry = blank;
	static char big[RST_DN_MAX];
	struct rst_wtxn txn;

	memset(big, 'x', sizeof(big));
	fixture_write(*state, &txn);
	entry.act = rst_view(big, 33);
	assert_int_equal(rst_journal_append(&txn, &entry, NULL), RST_EINVALID);
	entry = blank;
	entry.reason = rst_view(big, 1025);
	assert_int_equal(rst_journal_append(&txn, &entry, NULL), RST_EINVALID);
	entry = blank;
	entry.dn = rst_view(big, sizeof(big));
	assert_int_equal(rst_journal_append(&txn, &entry, NULL), RST_EINVALID);
	entry = blank;
	entry.op = (enum rst_journal_op)7;
	assert_int_equal(rst_journal_append(&txn, &entry, NULL), RST_EINVALID);
	assert_int_equal(rst_journal_last(&txn.r), 0);
	rst_write_abort(&txn);
}

static void
every_cut_record_is_refused(void **state)
{
	struct rst_journal_public public;
	struct rst_journal_value value;
	struct rst_view bytes, values;
	struct rst_wtxn txn;
	char key[8], *copy;
	size_t len;

	fixture_write(*state, &txn);
	append_alice(&txn, add_alice(&txn));
	rst_put_be64(key, 1);
	assert_int_equal(
		rst_db_get(&txn.r, RST_T_JOURNAL, rst_view(key, 8), &bytes),
		RST_OK);
	for (len = 0; len < bytes.len; len++)
		assert_int_equal(rst_journal_decode(1, rst_view(bytes.ptr, len),
		                                    &public),
		                 RST_ECORRUPT);
	/* and of those with a changed byte, none is read beyond its end */
	for (size_t at = 0; at < bytes.len; at++) {
		copy = rst_view_dup(bytes);
		copy[at] = (char)~copy[at];
		if (rst_journal_decode(1, rst_view(copy, bytes.len), &public) ==
		    RST_OK) {
			values = public.values;
			while (rst_journal_next_value(&values, &value))
				assert_true(value.value.ptr + value.value.len <=
				            copy + bytes.len);
		}
		free(copy);
	}
	rst_write_abort(&txn);
}

static void
csns_rise_whatever_the_clock_does(void **state)
{
	static const struct {
		int64_t now_s;
		uint32_t now_us;
		unsigned int sid;
		const char *expect;
	} row[] = {
		{ NOW_S, 123456, 15,
		  "20261122023733.123456Z#000000#00f#000000" },
		{ NOW_S, 123456, 15,
		  "20261122023733.123456Z#000001#00f#000000" },
		{ NOW_S, 123456, 1,
		  "20261122023733.123456Z#000002#001#000000" },
		{ NOW_S - 3600, 5, 15,
		  "20261122023733.123456Z#000003#00f#000000" },
		{ NOW_S, 123457, 15,
		  "20261122023733.123457Z#000000#00f#000000" },
		{ NOW_S + 1, 0, 4095,
		  "20261122023734.000000Z#000000#fff#000000" },
	};
	char csn[RST_CSN_MAX];
	struct rst_wtxn txn;

	fixture_write(*state, &txn);
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		assert_int_equal(rst_csn_next(&txn, row[i].now_s, row[i].now_us,
		                              row[i].sid, csn),
		                 RST_OK);
		assert_string_equal(csn, row[i].expect);
	}
	assert_int_equal(rst_csn_next(&txn, NOW_S, 0, 4096, csn), RST_EINVALID);
	assert_int_equal(rst_csn_next(&txn, NOW_S, 1000000, 1, csn),
	                 RST_EINVALID);
	assert_int_equal(rst_csn_next(&txn, -1, 0, 1, csn), RST_EINVALID);
	assert_int_equal(rst_csn_next(&txn, INT64_MAX, 0, 1, csn),
	                 RST_EINVALID);
	rst_write_abort(&txn);
}

static void
a_csn_made_elsewhere_raises_ours(void **state)
{
	char csn[RST_CSN_MAX];
	struct rst_wtxn txn;

	fixture_write(*state, &txn);
	assert_int_equal(
		rst_csn_seen(
			&txn,
			RST_VIEW("20300101000000.000000Z#00000a#002#000000")),
		RST_OK);
	assert_int_equal(rst_csn_next(&txn, NOW_S, 0, 15, csn), RST_OK);
	assert_string_equal(csn, "20300101000000.000000Z#00000b#00f#000000");
	/* a lower one does not lower it; an old form is understood */
	assert_int_equal(
		rst_csn_seen(&txn,
	                     RST_VIEW("20200101000000Z#000000#00#000000")),
		RST_OK);
	assert_int_equal(rst_csn_next(&txn, NOW_S, 0, 15, csn), RST_OK);
	assert_string_equal(csn, "20300101000000.000000Z#00000c#00f#000000");
	assert_int_equal(
		rst_csn_seen(&txn,
	                     RST_VIEW("20310101000000Z#000000#01#000000")),
		RST_OK);
	assert_int_equal(rst_csn_next(&txn, NOW_S, 0, 15, csn), RST_OK);
	assert_string_equal(csn, "20310101000000.000000Z#000001#00f#000000");
	/* the count is full: the next microsecond */
	assert_int_equal(
		rst_csn_seen(
			&txn,
			RST_VIEW("20310101000000.000000Z#ffffff#002#000000")),
		RST_OK);
	assert_int_equal(rst_csn_next(&txn, NOW_S, 0, 15, csn), RST_OK);
	assert_string_equal(csn, "20310101000000.000001Z#000000#00f#000000");
	rst_write_abort(&txn);
}

static void
no_csn_is_the_last_one(void **state)
{
	static const struct {
		const char *seen, *next;
	} row[] = {
		{ "20310101000000.999999Z#fffffe#002#000000",
		  "20310101000000.999999Z#ffffff#00f#000000" },
		{ "20310101000000.999999Z#ffffff#002#000000",
		  "20310101000001.000000Z#000000#00f#000000" },
		{ "20311231235959.999999Z#ffffff#002#000000",
		  "20320101000000.000000Z#000000#00f#000000" },
		{ "20341231235960.999999Z#ffffff#002#000000",
		  "20350101000001.000000Z#000000#00f#000000" },
		{ "20380119031407.999999Z#ffffff#002#000000",
		  "20380119031408.000000Z#000000#00f#000000" },
		{ "98991231235959.999999Z#ffffff#002#000000",
		  "99000101000000.000000Z#000000#00f#000000" },
	};
	char csn[RST_CSN_MAX];
	struct rst_wtxn txn;

	fixture_write(*state, &txn);
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		assert_int_equal(rst_csn_seen(&txn, rst_view_of(row[i].seen)),
		                 RST_OK);
		assert_int_equal(rst_csn_next(&txn, NOW_S, 0, 15, csn), RST_OK);
		assert_string_equal(csn, row[i].next);
	}
	rst_write_abort(&txn);
}

static void
what_is_no_csn_is_refused(void **state)
{
	static const char *const row[] = {
		"",
		"20300101000000.000000Z",
		"20300101000000.00000Z#000000#002#000000",
		"20300101000000.000000Z#00000g#002#000000",
		"20300101000000.000000Z#000000#0002#000000",
		"20300101000000.000000Z#000000#002#0000000",
		"20300101000000.000000 #000000#002#000000",
		"2030010100000.000000Z#000000#002#000000",
		"20301301000000.000000Z#000000#002#000000",
		"20300001000000.000000Z#000000#002#000000",
		"20300132000000.000000Z#000000#002#000000",
		"20300100000000.000000Z#000000#002#000000",
		"20300101240000.000000Z#000000#002#000000",
		"20300101006000.000000Z#000000#002#000000",
		"20300101000061.000000Z#000000#002#000000",
		"99000101000000.000000Z#000000#002#000000",
		"99991231235959.999999Z#ffffff#002#000000",
	};
	struct rst_wtxn txn;

	fixture_write(*state, &txn);
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		if (rst_csn_seen(&txn, rst_view_of(row[i])) != RST_EINVALID)
			fail_msg("\"%s\" was taken", row[i]);
	rst_write_abort(&txn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_record_says_who_what_when_and_why),
		FIXTURE_TEST(changed_values_are_shown_and_secrets_masked),
		cmocka_unit_test(every_spelling_of_a_secret_is_masked),
		FIXTURE_TEST(long_values_are_cut_and_many_are_counted),
		FIXTURE_TEST(images_come_back_whole_and_rows_with_them),
		FIXTURE_TEST(secrets_are_not_on_disk_in_clear),
		FIXTURE_TEST(a_damaged_or_moved_private_part_does_not_open),
		FIXTURE_TEST(private_parts_are_erased_and_the_chain_stays),
		FIXTURE_TEST(what_is_too_long_is_refused),
		FIXTURE_TEST(every_cut_record_is_refused),
		FIXTURE_TEST(csns_rise_whatever_the_clock_does),
		FIXTURE_TEST(a_csn_made_elsewhere_raises_ours),
		FIXTURE_TEST(no_csn_is_the_last_one),
		FIXTURE_TEST(what_is_no_csn_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
