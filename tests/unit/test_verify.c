/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_verify.c - a journal that was touched is found out; what goes, goes */
#include <stdio.h>
#include <stdlib.h>

#include "store/env_priv.h"
#include "store/journal_priv.h"
#include "tests/unit/fixture.h"

#define RECORDS  60
#define IMAGES   10         /* of them, at the end */
#define NOW_S    1795315053 /* 2026-11-22 02:37:33 UTC */
#define TAMPERED 1000       /* or as many as a variable of that name says */

/* RECORDS events, one a second, then IMAGES changes of an entry. */
static void
fill(struct fixture *fixture, struct rst_journal_head *ret_head)
{
	struct rst_journal_entry entry = {
		.op = RST_J_EVENT,
		.door = RST_DOOR_CLI,
		.act = RST_VIEW("test"),
	};
	struct fixture_ids ids;
	struct rst_record record;
	struct rst_entry *copy;
	struct rst_wtxn txn;
	char reason[32];

	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	assert_int_equal(rst_record_get(&txn.r, ids.people, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &copy), RST_OK);
	assert_int_equal(rst_entry_record(copy, &record), RST_OK);
	for (int i = 0; i < RECORDS; i++) {
		(void)snprintf(reason, sizeof(reason), "number %d", i);
		entry.reason = rst_view_of(reason);
		entry.time_s = NOW_S + i;
		if (i >= RECORDS - IMAGES) {
			entry.op = RST_J_MODIFY;
			entry.id = ids.people;
			entry.before = entry.after = &record;
		}
		assert_int_equal(rst_journal_append(&txn, &entry, NULL),
		                 RST_OK);
	}
	assert_int_equal(rst_journal_head(&txn.r, ret_head), RST_OK);
	fixture_commit(&txn);
	rst_entry_free(copy);
}

/* Walk it in steps of a few records. */
static enum rst_err
verify(const struct rst_rtxn *txn, const struct rst_journal_head *heads,
       size_t n_heads, struct rst_journal_verify *ret)
{
	enum rst_err err = RST_OK;

	*ret = (struct rst_journal_verify){ .heads = heads,
		                            .n_heads = n_heads };
	while (err == RST_OK)
		err = rst_journal_verify(txn, ret, 7);
	return err;
}

static void
get_row(const struct rst_rtxn *txn, uint64_t sequence, char key[8],
        struct rst_view *ret_row)
{
	rst_put_be64(key, sequence);
	assert_int_equal(
		rst_db_get(txn, RST_T_JOURNAL, rst_view(key, 8), ret_row),
		RST_OK);
}

static void
put_row(struct rst_wtxn *txn, enum rst_table table, uint64_t sequence,
        struct rst_view row)
{
	char key[8];

	rst_put_be64(key, sequence);
	assert_int_equal(rst_db_put(txn, table, rst_view(key, 8), row, true),
	                 RST_OK);
}

static void
drop_row(struct rst_wtxn *txn, uint64_t sequence)
{
	char key[8];

	rst_put_be64(key, sequence);
	assert_int_equal(rst_db_drop(txn, RST_T_JOURNAL, rst_view(key, 8)),
	                 RST_OK);
}

/* One byte of one record becomes another one. */
static uint64_t
edit(struct rst_wtxn *txn, enum rst_table table)
{
	uint64_t sequence = table == RST_T_JOURNAL
	                            ? 1 + randombytes_uniform(RECORDS)
	                            : RECORDS - randombytes_uniform(IMAGES);
	struct rst_view row;
	char key[8], *copy;
	size_t at;

	rst_put_be64(key, sequence);
	assert_int_equal(rst_db_get(&txn->r, table, rst_view(key, 8), &row),
	                 RST_OK);
	copy = malloc(row.len);
	assert_non_null(copy);
	memcpy(copy, row.ptr, row.len);
	at = randombytes_uniform((uint32_t)row.len);
	copy[at] = (char)(copy[at] ^ (1 + randombytes_uniform(255)));
	put_row(txn, table, sequence, rst_view(copy, row.len));
	free(copy);
	return sequence;
}

/* Two records change places. */
static uint64_t
reorder(struct rst_wtxn *txn)
{
	uint64_t a = 1 + randombytes_uniform(RECORDS);
	uint64_t b = 1 + randombytes_uniform(RECORDS - 1);
	struct rst_view row;
	char key[8], one[4096], two[4096];
	size_t one_len, two_len;

	b += b >= a ? 1 : 0;
	get_row(&txn->r, a, key, &row);
	one_len = row.len;
	memcpy(one, row.ptr, row.len);
	get_row(&txn->r, b, key, &row);
	two_len = row.len;
	memcpy(two, row.ptr, row.len);
	put_row(txn, RST_T_JOURNAL, a, rst_view(two, two_len));
	put_row(txn, RST_T_JOURNAL, b, rst_view(one, one_len));
	return a < b ? a : b;
}

/* The last ones are cut off; *ret_sequence is the first that is missing. */
static uint64_t
truncate_tail(struct rst_wtxn *txn)
{
	uint64_t left = randombytes_uniform(RECORDS);

	for (uint64_t at = RECORDS; at > left; at--)
		drop_row(txn, at);
	return left + 1;
}

static uint64_t
tamper(struct rst_wtxn *txn, unsigned int how)
{
	uint64_t sequence;

	switch (how % 5) {
	case 0:
		return edit(txn, RST_T_JOURNAL);
	case 1:
		/* not the last: that is truncation */
		sequence = 1 + randombytes_uniform(RECORDS - 1);
		drop_row(txn, sequence);
		return sequence;
	case 2:
		return reorder(txn);
	case 3:
		return truncate_tail(txn);
	default:
		return edit(txn, RST_T_JOURNAL_PRIVATE);
	}
}

static void
a_whole_journal_is_whole(void **state)
{
	struct rst_journal_verify found;
	struct rst_journal_head head, parsed;
	char text[RST_JOURNAL_HEAD_TEXT];
	struct rst_rtxn txn;

	fill(*state, &head);
	fixture_read(*state, &txn);
	assert_int_equal(verify(&txn, &head, 1, &found), RST_ENOTFOUND);
	assert_null(found.why);
	assert_int_equal(found.first, 1);
	assert_int_equal(found.records, RECORDS);
	assert_int_equal(found.images, IMAGES);
	assert_int_equal(found.n_compared, 1);
	assert_int_equal(found.n_back, 0);
	rst_read_end(&txn);
	rst_journal_head_print(&head, text);
	assert_true(rst_journal_head_parse(rst_view_of(text), &parsed));
	assert_memory_equal(parsed.chain, head.chain, RST_JOURNAL_HASH);
	assert_int_equal(parsed.sequence, RECORDS);
}

static void
heads_that_are_none_are_refused(void **state)
{
	static const char hex[] = "00112233445566778899aabbccddeeff"
				  "00112233445566778899aabbccddeeff";
	struct rst_journal_head head;
	char text[128];

	(void)state;
	(void)snprintf(text, sizeof(text), "7:%s", hex);
	assert_true(rst_journal_head_parse(rst_view_of(text), &head));
	(void)snprintf(text, sizeof(text), "7:%.63s", hex);
	assert_false(rst_journal_head_parse(rst_view_of(text), &head));
	(void)snprintf(text, sizeof(text), "7:%s0", hex);
	assert_false(rst_journal_head_parse(rst_view_of(text), &head));
	(void)snprintf(text, sizeof(text), "7:%.63sg", hex);
	assert_false(rst_journal_head_parse(rst_view_of(text), &head));
	(void)snprintf(text, sizeof(text), "x:%s", hex);
	assert_false(rst_journal_head_parse(rst_view_of(text), &head));
	(void)snprintf(text, sizeof(text), ":%s", hex);
	assert_false(rst_journal_head_parse(rst_view_of(text), &head));
	assert_false(rst_journal_head_parse(rst_view_of(""), &head));
	assert_false(rst_journal_head_parse(rst_view_of(hex), &head));
}

static void
every_tampering_is_detected(void **state)
{
	struct rst_journal_verify found;
	struct rst_journal_head head;
	struct rst_wtxn txn;
	const char *asked = getenv("TAMPERED");
	unsigned long times =
		asked != NULL ? strtoul(asked, NULL, 10) : TAMPERED;
	uint64_t where;

	fill(*state, &head);
	for (unsigned long i = 0; i < times; i++) {
		fixture_write(*state, &txn);
		where = tamper(&txn, (unsigned int)i);
		if (verify(&txn.r, &head, 1, &found) != RST_ECORRUPT ||
		    found.why == NULL || found.broken != where)
			fail_msg("tampering %lu at %llu was seen at %llu: %s",
			         i % 5, (unsigned long long)where,
			         (unsigned long long)found.broken,
			         found.why != NULL ? found.why : "not at all");
		rst_write_abort(&txn);
	}
	printf("promise A13 asked %lu reached %lu violations 0 unit "
	       "tamperings\n",
	       times, times);
}

static void
a_chain_made_anew_is_not_what_the_head_tells_of(void **state)
{
	struct rst_journal_verify found;
	struct rst_journal_head head;
	unsigned char chain[RST_JOURNAL_HASH] = { 0 };
	struct rst_view row;
	char key[8], copy[4096];
	struct rst_wtxn txn;

	fill(*state, &head);
	fixture_write(*state, &txn);
	for (uint64_t at = 1; at <= RECORDS; at++) {
		get_row(&txn.r, at, key, &row);
		memcpy(copy, row.ptr, row.len);
		copy[15] ^= at == 5 ? 1 : 0; /* of its time */
		rst_journal_chain(chain,
		                  rst_view(copy, row.len - RST_JOURNAL_HASH),
		                  chain);
		memcpy(copy + row.len - RST_JOURNAL_HASH, chain,
		       RST_JOURNAL_HASH);
		put_row(&txn, RST_T_JOURNAL, at, rst_view(copy, row.len));
	}
	assert_int_equal(verify(&txn.r, NULL, 0, &found), RST_ENOTFOUND);
	assert_int_equal(verify(&txn.r, &head, 1, &found), RST_ECORRUPT);
	assert_int_equal(found.broken, RECORDS);
	rst_write_abort(&txn);
}

/* Remove what is older than 20 s, in chunks of 8. */
static void
old_records_go_and_the_rest_is_whole(void **state)
{
	struct rst_journal_head heads[3], anchor;
	struct rst_journal_entry more = {
		.op = RST_J_EVENT,
		.door = RST_DOOR_CLI,
		.act = RST_VIEW("test"),
		.time_s = NOW_S + RECORDS,
	};
	struct rst_journal_verify found;
	struct rst_journal_public public;
	struct rst_wtxn txn;
	uint64_t sequence;
	size_t n;

	fill(*state, &heads[2]);
	fixture_write(*state, &txn);
	for (uint64_t at = 0; at < 2; at++) {
		heads[at].sequence = at == 0 ? 3 : 20;
		assert_int_equal(
			rst_journal_get(&txn.r, heads[at].sequence, &public),
			RST_OK);
		memcpy(heads[at].chain, public.chain.ptr, RST_JOURNAL_HASH);
	}
	assert_int_equal(rst_journal_expire(&txn, NOW_S + 20, 8, &n), RST_OK);
	assert_int_equal(n, 8);
	assert_int_equal(verify(&txn.r, heads, 3, &found), RST_ENOTFOUND);
	assert_int_equal(found.first, 9);
	assert_int_equal(found.records, RECORDS - 8);
	assert_int_equal(found.n_older, 1);
	assert_int_equal(found.n_compared, 2);
	assert_int_equal(rst_journal_expire(&txn, NOW_S + 20, 100, &n), RST_OK);
	assert_int_equal(n, 12);
	/* the head of the last one removed is that of the anchor */
	assert_int_equal(verify(&txn.r, heads, 3, &found), RST_ENOTFOUND);
	assert_int_equal(found.first, 21);
	assert_int_equal(found.n_compared, 2);
	assert_int_equal(rst_journal_get(&txn.r, 20, &public), RST_ENOTFOUND);
	/* everything is old: the last one stays, and numbers go on */
	assert_int_equal(rst_journal_expire(&txn, INT64_MAX, 1000, &n), RST_OK);
	assert_int_equal(n, RECORDS - 20 - 1);
	assert_int_equal(rst_journal_append(&txn, &more, &sequence), RST_OK);
	assert_int_equal(sequence, RECORDS + 1);
	assert_int_equal(verify(&txn.r, heads, 3, &found), RST_ENOTFOUND);
	assert_int_equal(found.records, 2);
	assert_int_equal(found.images, 1);
	/* a row that should have gone, and an anchor that moved */
	assert_int_equal(rst_journal_anchor(&txn.r, &anchor), RST_OK);
	assert_int_equal(anchor.sequence, RECORDS - 1);
	drop_row(&txn, RECORDS);
	assert_int_equal(verify(&txn.r, NULL, 0, &found), RST_ECORRUPT);
	assert_int_equal(found.broken, RECORDS);
	drop_row(&txn, RECORDS + 1);
	assert_int_equal(verify(&txn.r, NULL, 0, &found), RST_ECORRUPT);
	rst_write_abort(&txn);
}

static void
images_go_before_their_records(void **state)
{
	struct rst_journal_verify found;
	struct rst_journal_head head;
	int64_t record_s, images_s;
	struct rst_wtxn txn;
	size_t n;

	fill(*state, &head);
	fixture_write(*state, &txn);
	assert_int_equal(rst_journal_oldest(&txn.r, &record_s, &images_s),
	                 RST_OK);
	assert_int_equal(record_s, NOW_S);
	assert_int_equal(images_s, NOW_S + RECORDS - IMAGES);
	assert_int_equal(rst_journal_expire_images(
				 &txn, NOW_S + RECORDS - IMAGES + 4, 3, &n),
	                 RST_OK);
	assert_int_equal(n, 3);
	assert_int_equal(rst_journal_expire_images(
				 &txn, NOW_S + RECORDS - IMAGES + 4, 3, &n),
	                 RST_OK);
	assert_int_equal(n, 1);
	assert_int_equal(verify(&txn.r, &head, 1, &found), RST_ENOTFOUND);
	assert_int_equal(found.images, IMAGES - 4);
	assert_int_equal(found.records, RECORDS);
	rst_write_abort(&txn);
}

static void
a_moment_is_found_by_bisection(void **state)
{
	struct rst_journal_head head;
	struct rst_rtxn txn;
	uint64_t sequence;

	fill(*state, &head);
	fixture_read(*state, &txn);
	assert_int_equal(rst_journal_find(&txn, 0, &sequence), RST_OK);
	assert_int_equal(sequence, 1);
	for (uint64_t i = 0; i < RECORDS; i++) {
		assert_int_equal(
			rst_journal_find(&txn, NOW_S + (int64_t)i, &sequence),
			RST_OK);
		assert_int_equal(sequence, i + 1);
	}
	assert_int_equal(rst_journal_find(&txn, INT64_MAX, &sequence), RST_OK);
	assert_int_equal(sequence, RECORDS + 1);
	rst_read_end(&txn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_whole_journal_is_whole),
		FIXTURE_TEST(heads_that_are_none_are_refused),
		FIXTURE_TEST(every_tampering_is_detected),
		FIXTURE_TEST(a_chain_made_anew_is_not_what_the_head_tells_of),
		FIXTURE_TEST(old_records_go_and_the_rest_is_whole),
		FIXTURE_TEST(images_go_before_their_records),
		FIXTURE_TEST(a_moment_is_found_by_bisection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
