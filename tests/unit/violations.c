/* SPDX-License-Identifier: OLDAP-2.8 */
/* violations.c - what may be wrong with an environment, planted by hand
 *
 * Each row plants one behind the store's back, and names who must find it.
 */
#include "tests/unit/violations.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/entry.h"
#include "store/env_priv.h"
#include "store/ident.h"
#include "store/journal.h"
#include "store/journal_priv.h"
#include "store/member_priv.h"
#include "store/outbox.h"

#define NOW_S VIOLATIONS_NOW_S

/* Something in every table. */
void
violations_world(struct rst_wtxn *txn, struct world *w)
{
	struct rst_session session = { .expires_s = NOW_S + 60 };
	char token[RST_TOKEN_TEXT];
	struct rst_member_op op = { RST_MEMBER_ADD, RST_A_MEMBERUID,
		                    RST_VIEW("ghost"), RST_VIEW("ghost") };

	*w = (struct world){ .txn = txn };
	w->ids = fixture_skeleton(txn);
	w->alice = fixture_add(txn, w->ids.people, "uid=alice", "objectClass",
	                       "rosterAccount", "uid", "alice", "uidNumber",
	                       "10000", "gidNumber", "2001", "rosterStatus",
	                       "active", "mail", "alice@example.org", "x-ours",
	                       "value", NULL);
	w->bob = fixture_add(txn, w->ids.people, "uid=bob", "objectClass",
	                     "rosterAccount", "uid", "bob", "uidNumber",
	                     "10001", "gidNumber", "2002", "rosterStatus",
	                     "suspended", NULL);
	w->group = fixture_add(txn, w->ids.groups, "cn=g", "objectClass",
	                       "rosterGroup", "cn", "g", "gidNumber", "2001",
	                       NULL);
	w->mute =
		fixture_add(txn, w->ids.people, "cn=mute", "cn", "mute", NULL);
	w->other = fixture_add(txn, w->ids.groups, "cn=o", "objectClass",
	                       "groupOfNames", "cn", "o", NULL);
	assert_int_equal(rst_member_join(txn, w->group, w->alice, NULL),
	                 RST_OK);
	assert_int_equal(rst_member_join(txn, w->group, w->bob, NULL), RST_OK);
	assert_int_equal(rst_member_apply(txn, w->group, &op, 1, NULL, NULL),
	                 RST_OK);
	for (int i = 0; i < 4; i++)
		violations_journal(txn, w->alice);
	session.user = w->alice;
	rst_token_new(token, w->digest);
	assert_int_equal(rst_session_add(txn, w->digest, &session), RST_OK);
	assert_int_equal(rst_outbox_add(txn, RST_VIEW("a@b"), RST_VIEW("t"),
	                                RST_VIEW("{}"), NOW_S, &w->mail),
	                 RST_OK);
	assert_int_equal(rst_setting_put(txn, "lifecycle", RST_VIEW("on")),
	                 RST_OK);
}

/* ------------------------------------------------------ planting by hand */

static void
put(struct world *w, enum rst_table table, struct rst_view key,
    struct rst_view value)
{
	assert_int_equal(rst_db_put(w->txn, table, key, value, true), RST_OK);
}

static void
drop(struct world *w, enum rst_table table, struct rst_view key)
{
	assert_int_equal(rst_db_drop(w->txn, table, key), RST_OK);
}

/* A copy of the value of a row, to be freed. */
static char *
copy_of(struct world *w, enum rst_table table, struct rst_view key, size_t *len)
{
	struct rst_view value;

	assert_int_equal(rst_db_get(&w->txn->r, table, key, &value), RST_OK);
	*len = value.len;
	return rst_view_dup(value);
}

/* Change one byte of a row, counted from its end. */
static void
flip(struct world *w, enum rst_table table, struct rst_view key,
     size_t from_end)
{
	size_t len;
	char *copy = copy_of(w, table, key, &len);

	copy[len - 1 - from_end] ^= 1;
	put(w, table, key, rst_view(copy, len));
	free(copy);
}

/* The first key of a table that begins with prefix; a static buffer. */
static struct rst_view
first_key(struct world *w, enum rst_table table, struct rst_view prefix)
{
	static char buf[512];
	struct rst_cursor cursor;
	struct rst_view key, value;

	assert_int_equal(rst_cursor_open(&w->txn->r, table, &cursor), RST_OK);
	assert_int_equal(rst_cursor_seek(&cursor, prefix, &key, &value),
	                 RST_OK);
	memcpy(buf, key.ptr, key.len);
	rst_cursor_close(&cursor);
	return rst_view(buf, key.len);
}

static char be_buf[8];

static struct rst_view
be64(uint64_t n)
{
	rst_put_be64(be_buf, n);
	return rst_view(be_buf, 8);
}

static void
member_row(struct world *w, uint64_t group, enum rst_via via,
           const struct rst_mkey *key, bool member, bool memberof)
{
	char buf[RST_MROW_MAX];

	if (member)
		put(w, RST_T_MEMBER,
		    rst_view(buf, rst_mrow_key(group, via, key, buf)),
		    RST_VIEW(""));
	if (memberof)
		put(w, RST_T_MEMBEROF,
		    rst_view(buf, rst_mrow_of_key(group, via, key, buf)),
		    RST_VIEW(""));
}

static void
entry_row(struct world *w, uint64_t group, enum rst_via via, uint64_t id,
          bool member, bool memberof)
{
	struct rst_mkey key;

	rst_mkey_entry(id, &key);
	member_row(w, group, via, &key, member, memberof);
}

/* ------------------------------------------------------- the violations */

static void
another_format(struct world *w)
{
	assert_int_equal(rst_meta_set_number(w->txn, RST_META_FORMAT, 99),
	                 RST_OK);
}

static void
a_row_that_does_not_add_up(struct world *w)
{
	flip(w, RST_T_META, RST_VIEW("setting/lifecycle"), 1);
}

static void
a_damaged_record(struct world *w)
{
	flip(w, RST_T_ENTRY, be64(w->alice), 20);
}

static void
a_record_under_another_id(struct world *w)
{
	size_t len;
	char *copy = copy_of(w, RST_T_ENTRY, be64(w->bob), &len);

	put(w, RST_T_ENTRY, be64(w->alice), rst_view(copy, len));
	free(copy);
}

static void
an_attribute_without_name(struct world *w)
{
	drop(w, RST_T_ATTRIBUTE, first_key(w, RST_T_ATTRIBUTE, RST_VIEW("\0")));
}

static void
a_missing_tree_row(struct world *w)
{
	char key[64];
	size_t len = 8 + 9;

	rst_put_be64(key, w->ids.people);
	memcpy(key + 8, "uid=alice", 9);
	drop(w, RST_T_TREE, rst_view(key, len));
}

static void
a_tree_row_of_nobody(struct world *w)
{
	char key[16], value[8];

	rst_put_be64(key, w->ids.people);
	memcpy(key + 8, "uid=eve", 7);
	rst_put_be64(value, w->alice);
	put(w, RST_T_TREE, rst_view(key, 15), rst_view(value, 8));
}

static void
a_missing_name(struct world *w)
{
	drop(w, RST_T_NAME, be64(w->alice));
}

static void
a_wrong_name(struct world *w)
{
	flip(w, RST_T_NAME, be64(w->alice), 0);
}

static void
a_name_of_nobody(struct world *w)
{
	put(w, RST_T_NAME, be64(w->other + 77), RST_VIEW("uid=eve"));
}

static void
a_missing_parent(struct world *w)
{
	drop(w, RST_T_ENTRY, be64(w->ids.people));
}

static void
a_wrong_counter(struct world *w)
{
	assert_int_equal(rst_meta_set_number(w->txn, "entries", 3), RST_OK);
}

static void
an_id_above_the_last(struct world *w)
{
	assert_int_equal(rst_meta_set_number(w->txn, "last-id", 2), RST_OK);
}

static void
a_missing_index_row(struct world *w)
{
	drop(w, RST_T_INDEX, first_key(w, RST_T_INDEX, RST_VIEW("\0")));
}

static void
a_stale_index_row(struct world *w)
{
	struct rst_view key = first_key(w, RST_T_INDEX, RST_VIEW("\0"));

	/* the same value, of an entry that does not have it */
	rst_put_be64((char *)(uintptr_t)key.ptr + key.len - 8, w->other + 77);
	put(w, RST_T_INDEX, key, RST_VIEW(""));
}

static void
an_index_row_with_a_value(struct world *w)
{
	put(w, RST_T_INDEX, first_key(w, RST_T_INDEX, RST_VIEW("\0")),
	    RST_VIEW("x"));
}

static void
an_ident_row_with_too_much(struct world *w)
{
	put(w, RST_T_IDENT, first_key(w, RST_T_IDENT, RST_VIEW("\1")),
	    rst_view("\0x", 2));
}

static void
a_missing_ident_row(struct world *w)
{
	drop(w, RST_T_IDENT, first_key(w, RST_T_IDENT, RST_VIEW("\1")));
}

static void
a_stale_ident_row(struct world *w)
{
	char key[14] = { RST_IDENT_UIDNUMBER, 4 };

	rst_put_be32(key + 2, 4711);
	rst_put_be64(key + 6, w->alice);
	put(w, RST_T_IDENT, rst_view(key, 14), rst_view("\0", 1));
}

static void
a_living_one_marked_dead(struct world *w)
{
	put(w, RST_T_IDENT, first_key(w, RST_T_IDENT, RST_VIEW("\1")),
	    rst_view("\1", 1));
}

static void
two_with_one_number(struct world *w)
{
	fixture_add(w->txn, w->ids.people, "uid=eve", "objectClass",
	            "rosterAccount", "uid", "eve", "uidNumber", "10000", NULL);
}

/* What a Roster of before it was kept leaves: one went unseen. */
static void
a_free_number_that_is_overlooked(struct world *w)
{
	assert_int_equal(rst_meta_set_number(w->txn, "low-1-00002774", 10103),
	                 RST_OK);
}

static void
a_member_without_memberof(struct world *w)
{
	entry_row(w, w->group, RST_VIA_ROSTER, w->other, true, false);
}

static void
a_memberof_without_member(struct world *w)
{
	entry_row(w, w->group, RST_VIA_ROSTER, w->other, false, true);
}

static void
a_row_that_does_not_decode(struct world *w)
{
	put(w, RST_T_MEMBER, RST_VIEW("12345678\1x"), RST_VIEW(""));
}

static void
a_member_that_is_not_there(struct world *w)
{
	entry_row(w, w->group, RST_VIA_ROSTER, 4711, true, true);
}

static void
a_group_that_is_not_there(struct world *w)
{
	entry_row(w, 4711, RST_VIA_ROSTER, w->alice, true, true);
}

static void
a_row_that_does_not_fit_the_class(struct world *w)
{
	entry_row(w, w->other, RST_VIA_ROSTER, w->alice, true, true);
}

/* Move the row of a member of group under another via, in both tables. */
static void
move_row(struct world *w, uint64_t id, enum rst_via from, enum rst_via to)
{
	struct rst_mkey key;

	rst_mkey_entry(id, &key);
	assert_int_equal(rst_mrow_drop(w->txn, w->group, from, &key, NULL),
	                 RST_OK);
	assert_int_equal(rst_mrow_put(w->txn, w->group, to, &key,
	                              RST_MROW_PLAIN, RST_VIEW(""), NULL),
	                 RST_OK);
}

static void
a_wrong_primary_mark(struct world *w)
{
	move_row(w, w->bob, RST_VIA_ROSTER, RST_VIA_PRIMARY);
}

static void
a_missing_primary_mark(struct world *w)
{
	move_row(w, w->alice, RST_VIA_PRIMARY, RST_VIA_ROSTER);
}

static void
a_primary_mark_beside_the_right_row(struct world *w)
{
	entry_row(w, w->group, RST_VIA_PRIMARY, w->bob, true, true);
}

static void
a_raw_name_that_is_somebody(struct world *w)
{
	uint64_t group =
		fixture_add(w->txn, w->ids.groups, "cn=h", "objectClass",
	                    "rosterGroup", "cn", "h", NULL);
	struct rst_mkey key;

	rst_mkey_name(RST_VIEW("alice"), &key);
	member_row(w, group, RST_VIA_ROSTER, &key, true, true);
}

static void
a_raw_dn_that_is_somebody(struct world *w)
{
	struct rst_mkey key;

	rst_mkey_dn(RST_VIEW("uid=alice,ou=people," FIXTURE_SUFFIX), &key);
	member_row(w, w->other, RST_VIA_MEMBER, &key, true, true);
}

static void
a_gap_in_the_journal(struct world *w)
{
	drop(w, RST_T_JOURNAL_PRIVATE, be64(2));
	drop(w, RST_T_JOURNAL, be64(2));
}

static void
a_changed_journal_record(struct world *w)
{
	/* the last byte of its time in microseconds */
	struct rst_view key = be64(3);
	size_t len;
	char *copy = copy_of(w, RST_T_JOURNAL, key, &len);

	copy[15] ^= 1;
	put(w, RST_T_JOURNAL, key, rst_view(copy, len));
	free(copy);
}

static void
a_cut_journal_record(struct world *w)
{
	struct rst_view key = be64(4);
	size_t len;
	char *copy = copy_of(w, RST_T_JOURNAL, key, &len);

	put(w, RST_T_JOURNAL, key, rst_view(copy, len - 40));
	free(copy);
}

static void
a_damaged_image(struct world *w)
{
	flip(w, RST_T_JOURNAL_PRIVATE, be64(1), 3);
}

static void
an_image_of_no_record(struct world *w)
{
	put(w, RST_T_JOURNAL_PRIVATE, be64(99), RST_VIEW("x"));
}

static void
a_csn_above_the_last(struct world *w)
{
	assert_int_equal(
		rst_meta_put(w->txn, RST_VIEW("csn"),
	                     RST_VIEW("20200101000000.000000Z#000000#000#"
	                              "000000")),
		RST_OK);
}

static void
a_csn_that_went_back(struct world *w)
{
	struct rst_journal_entry entry = { .op = RST_J_EVENT,
		                           .door = RST_DOOR_CLI,
		                           .csn = RST_VIEW(
						   "20200101000000.000000Z#"
						   "000000#000#000000") };

	assert_int_equal(rst_journal_append(w->txn, &entry, NULL), RST_OK);
}

static void
add_session(struct world *w, uint64_t user)
{
	struct rst_session session = { .user = user };
	unsigned char digest[RST_DIGEST_BYTES];
	char token[RST_TOKEN_TEXT];

	rst_token_new(token, digest);
	assert_int_equal(rst_session_add(w->txn, digest, &session), RST_OK);
}

static void
a_session_of_nobody(struct world *w)
{
	add_session(w, 4711);
}

static void
a_session_of_a_suspended_person(struct world *w)
{
	add_session(w, w->bob);
}

static void
a_session_its_owner_does_not_know(struct world *w)
{
	char key[8 + RST_DIGEST_BYTES];

	rst_put_be64(key, w->alice);
	memcpy(key + 8, w->digest, RST_DIGEST_BYTES);
	drop(w, RST_T_SESSION_USER, rst_view(key, sizeof(key)));
}

static void
a_session_that_is_not_there(struct world *w)
{
	drop(w, RST_T_SESSION, rst_view(w->digest, RST_DIGEST_BYTES));
}

static void
a_session_that_does_not_add_up(struct world *w)
{
	flip(w, RST_T_SESSION, rst_view(w->digest, sizeof(w->digest)), 32);
}

static void
an_answer_that_does_not_open(struct world *w)
{
	assert_int_equal(
		rst_meta_put(w->txn, RST_VIEW("answer/x"), RST_VIEW("no")),
		RST_OK);
}

static void
a_mail_that_does_not_open(struct world *w)
{
	flip(w, RST_T_OUTBOX, be64(w->mail), 3);
}

static void
a_mail_above_the_last(struct world *w)
{
	assert_int_equal(rst_meta_set_number(w->txn, "outbox", 0), RST_OK);
}

static void
a_lost_page(struct world *w)
{
	w->lose_page = true;
}

static void
two_with_one_uuid(struct world *w)
{
	static const char uuid[] = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

	fixture_add(w->txn, w->ids.people, "cn=x", "cn", "x", "entryUUID", uuid,
	            NULL);
	fixture_add(w->txn, w->ids.people, "cn=y", "cn", "y", "entryUUID", uuid,
	            NULL);
}

static void
a_session_that_ended_before_it_began(struct world *w)
{
	struct rst_session session = { .user = w->alice,
		                       .made_s = NOW_S,
		                       .expires_s = NOW_S - 1 };
	unsigned char digest[RST_DIGEST_BYTES];
	char token[RST_TOKEN_TEXT];

	rst_token_new(token, digest);
	assert_int_equal(rst_session_add(w->txn, digest, &session), RST_OK);
}

static void
a_map_nearly_full(struct world *w)
{
	size_t len = FIXTURE_MAP_BYTES / 100 * 82;
	char *much = calloc(1, len);

	assert_non_null(much);
	rst_sum_keyed(RST_VIEW("much"), rst_view(much, len - RST_SUM_BYTES),
	              much + len - RST_SUM_BYTES);
	put(w, RST_T_META, RST_VIEW("much"), rst_view(much, len));
	free(much);
}

/* Change a record as no code of ours would, with the right checksum. */
static void
change_record(struct world *w, uint64_t id, size_t at, char to)
{
	unsigned char sum[crypto_generichash_BYTES_MIN];
	size_t len;
	char *copy = copy_of(w, RST_T_ENTRY, be64(id), &len);

	copy[at] = to;
	crypto_generichash(sum, sizeof(sum), (unsigned char *)copy, len - 8,
	                   NULL, 0);
	memcpy(copy + len - 8, sum, 8);
	put(w, RST_T_ENTRY, be64(id), rst_view(copy, len));
	free(copy);
}

static void
a_wrong_status_in_a_header(struct world *w)
{
	change_record(w, w->bob, 2, RST_STATUS_PENDING);
}

static void
a_wrong_number_in_a_header(struct world *w)
{
	change_record(w, w->alice, 35, 99);
}

static void
a_wrong_flag_in_a_header(struct world *w)
{
	change_record(w, w->group, 7, RST_REC_ADMIN_GROUP);
}

static void
a_wrong_kind_in_a_header(struct world *w)
{
	change_record(w, w->mute, 1, RST_KIND_GROUP);
}

static void
a_change_without_a_record(struct world *w)
{
	change_record(w, w->alice, 31, 7); /* the generation */
}

static void
an_entry_that_went_without_a_record(struct world *w)
{
	violations_journal(w->txn, w->mute);
	assert_int_equal(rst_entry_store_drop(w->txn, w->mute), RST_OK);
}

static void
a_deleted_entry_that_is_there(struct world *w)
{
	struct rst_journal_entry entry = { .op = RST_J_DELETE,
		                           .door = RST_DOOR_CLI,
		                           .id = w->mute };

	assert_int_equal(rst_journal_append(w->txn, &entry, NULL), RST_OK);
}

static void
a_generation_that_went_back(struct world *w)
{
	struct rst_journal_entry entry = { .op = RST_J_MODIFY,
		                           .door = RST_DOOR_CLI,
		                           .id = w->mute };
	struct rst_record before, after;
	struct rst_entry *old = NULL, *now = NULL;

	assert_int_equal(rst_record_get(&w->txn->r, w->mute, &after), RST_OK);
	assert_int_equal(rst_entry_from_record(&after, &old), RST_OK);
	assert_int_equal(rst_entry_from_record(&after, &now), RST_OK);
	rst_entry_set_generation(old, 9);
	assert_int_equal(rst_entry_record(old, &before), RST_OK);
	assert_int_equal(rst_entry_record(now, &after), RST_OK);
	entry.before = &before;
	entry.after = &after;
	assert_int_equal(rst_journal_append(w->txn, &entry, NULL), RST_OK);
	rst_entry_free(old);
	rst_entry_free(now);
}

static void
an_entry_with_a_csn_to_come(struct world *w)
{
	fixture_add(w->txn, w->ids.people, "cn=z", "cn", "z", "entryCSN",
	            "20991231000000.000000Z#000000#000#000000", NULL);
}

static void
a_csn_that_does_not_decode(struct world *w)
{
	assert_int_equal(rst_meta_put(w->txn, RST_VIEW("csn"), RST_VIEW("now")),
	                 RST_OK);
}

static void
two_of_one_uid_and_no_mark(struct world *w)
{
	fixture_add(w->txn, w->ids.people, "cn=two", "cn", "two", "uid", "bob",
	            NULL);
	drop(w, RST_T_META, RST_VIEW(RST_SHARED_NAMES));
}

const struct violation violations[] = {
#define PLANT(invariant, plant, ...)                                           \
	{                                                                      \
		invariant, plant, #plant, __VA_ARGS__                          \
	}
#define ROW(invariant, plant)  PLANT(invariant, plant, false, false, false)
#define SEEN(invariant, plant) PLANT(invariant, plant, true, false, false)
/* It follows from other rows, so rst_check_repair() puts it right */
#define REPAIRED(invariant, plant) PLANT(invariant, plant, false, true, false)
/* The rows that follow a header follow the wrong one */
#define HEADER(invariant, plant) PLANT(invariant, plant, true, true, false)
/* Only a warning: worth a look, but nothing is wrong */
#define WARNED(invariant, plant) PLANT(invariant, plant, false, false, true)
	ROW("tables-and-format", another_format),
	ROW("tables-and-format", a_row_that_does_not_add_up),
	WARNED("room", a_map_nearly_full),
	ROW("pages", a_lost_page),
	ROW("uuid-unique", two_with_one_uuid),
	ROW("session-owner", a_session_that_ended_before_it_began),
	SEEN("record-decodes", a_damaged_record),
	SEEN("record-decodes", a_record_under_another_id),
	HEADER("record-header", a_wrong_status_in_a_header),
	HEADER("record-header", a_wrong_number_in_a_header),
	REPAIRED("record-header", a_wrong_flag_in_a_header),
	HEADER("record-header", a_wrong_kind_in_a_header),
	ROW("attribute-numbers", an_attribute_without_name),
	REPAIRED("tree-transpose", a_missing_tree_row),
	REPAIRED("tree-transpose", a_tree_row_of_nobody),
	SEEN("tree-transpose", a_missing_parent),
	REPAIRED("name-rows", a_missing_name),
	REPAIRED("name-rows", a_wrong_name),
	REPAIRED("name-rows", a_name_of_nobody),
	REPAIRED("counters", a_wrong_counter),
	REPAIRED("counters", an_id_above_the_last),
	REPAIRED("index-rows", a_missing_index_row),
	REPAIRED("index-rows", a_stale_index_row),
	REPAIRED("index-rows", an_index_row_with_a_value),
	REPAIRED("ident-rows", an_ident_row_with_too_much),
	REPAIRED("ident-rows", a_missing_ident_row),
	REPAIRED("ident-rows", a_stale_ident_row),
	REPAIRED("ident-rows", a_living_one_marked_dead),
	ROW("ident-unique", two_with_one_number),
	REPAIRED("ident-free", a_free_number_that_is_overlooked),
	REPAIRED("shared-names", two_of_one_uid_and_no_mark),
	REPAIRED("member-transpose", a_member_without_memberof),
	REPAIRED("member-transpose", a_memberof_without_member),
	SEEN("member-transpose", a_row_that_does_not_decode),
	ROW("member-resolves", a_member_that_is_not_there),
	ROW("member-resolves", a_group_that_is_not_there),
	ROW("member-resolves", a_row_that_does_not_fit_the_class),
	REPAIRED("member-resolves", a_wrong_primary_mark),
	REPAIRED("member-resolves", a_missing_primary_mark),
	REPAIRED("member-resolves", a_primary_mark_beside_the_right_row),
	ROW("member-resolves", a_raw_name_that_is_somebody),
	ROW("member-resolves", a_raw_dn_that_is_somebody),
	REPAIRED("member-count", a_wrong_number_of_members),
	REPAIRED("member-count", an_end_of_nobodys_membership),
	REPAIRED("member-count", ends_of_a_group_without_its_number),
	SEEN("journal-sequence", a_gap_in_the_journal),
	SEEN("journal-sequence", a_cut_journal_record),
	ROW("journal-chain", a_changed_journal_record),
	ROW("journal-checkpoints", a_checkpoint_made_without_the_key),
	ROW("journal-checkpoints", a_journal_cut_off_before_a_checkpoint),
	WARNED("journal-checkpoints", a_checkpoint_taken_away),
	ROW("journal-private", a_damaged_image),
	ROW("journal-private", an_image_of_no_record),
	ROW("journal-private", a_generation_that_went_back),
	ROW("journal-last", a_change_without_a_record),
	ROW("journal-last", an_entry_that_went_without_a_record),
	ROW("journal-last", a_deleted_entry_that_is_there),
	REPAIRED("csn-monotone", a_csn_above_the_last),
	REPAIRED("csn-monotone", a_csn_that_does_not_decode),
	REPAIRED("csn-monotone", an_entry_with_a_csn_to_come),
	ROW("csn-monotone", a_csn_that_went_back),
	ROW("session-owner", a_session_that_does_not_add_up),
	ROW("session-owner", a_session_of_nobody),
	ROW("session-owner", a_session_of_a_suspended_person),
	REPAIRED("session-owner", a_session_its_owner_does_not_know),
	REPAIRED("session-owner", a_session_that_is_not_there),
	ROW("answer-rows", an_answer_that_does_not_open),
	ROW("outbox-rows", a_mail_that_does_not_open),
	REPAIRED("outbox-rows", a_mail_above_the_last),
#undef PLANT
#undef ROW
#undef REPAIRED
#undef SEEN
#undef HEADER
#undef WARNED
};

_Static_assert(sizeof(violations) / sizeof(*violations) == N_VIOLATIONS,
               "the header counts them");

void
violations_plant(struct world *w, const char *what)
{
	for (size_t i = 0; i < N_VIOLATIONS; i++)
		if (strcmp(violations[i].what, what) == 0) {
			violations[i].plant(w);
			return;
		}
	fail_msg("there is no violation %s", what);
}
