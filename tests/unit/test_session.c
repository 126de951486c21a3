/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_session.c - tokens and sessions */
#include "store/session.h"

#include <stdio.h>

#include "store/env_priv.h"
#include "store/session_priv.h"
#include "store/wire.h"
#include "tests/unit/fixture.h"

static void
add(struct rst_wtxn *txn, uint64_t user, int64_t made_s, int64_t expires_s,
    unsigned char digest[RST_DIGEST_BYTES])
{
	struct rst_session session = { .user = user,
		                       .generation = 7,
		                       .made_s = made_s,
		                       .seen_s = made_s,
		                       .expires_s = expires_s };
	char text[RST_TOKEN_TEXT];

	snprintf(session.address, sizeof(session.address), "127.0.0.1:1");
	snprintf(session.agent, sizeof(session.agent), "browser");
	rst_token_new(text, digest);
	assert_int_equal(rst_session_add(txn, digest, &session), RST_OK);
}

static void
a_token_is_text_and_opens_its_digest_alone(void **state)
{
	unsigned char digest[RST_DIGEST_BYTES], again[RST_DIGEST_BYTES];
	char text[RST_TOKEN_TEXT], other[RST_TOKEN_TEXT];

	(void)state;
	rst_token_new(text, digest);
	assert_int_equal(strlen(text), RST_TOKEN_TEXT - 1);
	assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "abcdefghijklmnopqrstuvwxyz"
	                              "0123456789-_"),
	                 RST_TOKEN_TEXT - 1);
	assert_true(rst_token_digest(rst_view_of(text), again));
	assert_memory_equal(digest, again, sizeof(digest));
	rst_token_new(other, again);
	assert_string_not_equal(text, other);
	assert_memory_not_equal(digest, again, sizeof(digest));
}

static void
what_is_no_token_has_no_digest(void **state)
{
	static const char *const row[] = {
		"",
		"short",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",   /* 42 */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* 44 */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA ",
		/* bits beyond the 256: a second text of one token */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
	};
	unsigned char digest[RST_DIGEST_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		if (rst_token_digest(rst_view_of(row[i]), digest))
			fail_msg("\"%s\" was taken", row[i]);
	assert_true(rst_token_digest(
		RST_VIEW("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
		digest));
}

static void
a_session_comes_back_as_it_was(void **state)
{
	unsigned char digest[RST_DIGEST_BYTES], none[RST_DIGEST_BYTES] = { 1 };
	struct rst_session session, listed[2];
	struct rst_wtxn txn;
	size_t n;

	fixture_write(*state, &txn);
	add(&txn, 5, 100, 200, digest);
	assert_int_equal(rst_session_get(&txn.r, digest, &session), RST_OK);
	assert_int_equal(session.user, 5);
	assert_int_equal(session.generation, 7);
	assert_int_equal(session.made_s, 100);
	assert_int_equal(session.expires_s, 200);
	assert_string_equal(session.address, "127.0.0.1:1");
	assert_string_equal(session.agent, "browser");
	assert_int_equal(rst_session_seen(&txn, digest, 150), RST_OK);
	assert_int_equal(rst_session_get(&txn.r, digest, &session), RST_OK);
	assert_int_equal(session.seen_s, 150);
	assert_int_equal(rst_session_list(&txn.r, 5, listed, 2, &n), RST_OK);
	assert_int_equal(n, 1);
	assert_int_equal(rst_session_get(&txn.r, none, &session),
	                 RST_ENOTFOUND);
	assert_int_equal(rst_session_seen(&txn, none, 1), RST_ENOTFOUND);
	assert_int_equal(rst_session_drop(&txn, none), RST_ENOTFOUND);
	assert_int_equal(rst_session_add(&txn, digest, &session), RST_EEXISTS);
	assert_int_equal(rst_session_drop(&txn, digest), RST_OK);
	assert_int_equal(fixture_rows(&txn.r, RST_T_SESSION), 0);
	assert_int_equal(fixture_rows(&txn.r, RST_T_SESSION_USER), 0);
	rst_write_abort(&txn);
}

static void
all_are_walked_and_one_is_found_by_half_its_digest(void **state)
{
	unsigned char digest[4][RST_DIGEST_BYTES], at[RST_DIGEST_BYTES];
	unsigned char found[RST_DIGEST_BYTES];
	struct rst_session session;
	struct rst_wtxn txn;
	bool started = false;
	size_t n = 0, of_five = 0;

	fixture_write(*state, &txn);
	for (int i = 0; i < 4; i++)
		add(&txn, i < 3 ? 5 : 6, 100 + i, 1000, digest[i]);
	while (rst_session_next(&txn.r, 0, &started, at, &session) == RST_OK)
		n++;
	assert_int_equal(n, 4);
	started = false;
	while (rst_session_next(&txn.r, 5, &started, at, &session) == RST_OK)
		of_five += session.user == 5;
	assert_int_equal(of_five, 3);
	assert_int_equal(rst_session_find(&txn.r, digest[2], found, &session),
	                 RST_OK);
	assert_memory_equal(found, digest[2], sizeof(found));
	assert_int_equal(session.made_s, 102);
	digest[2][RST_SESSION_ID_BYTES - 1] ^= 1;
	assert_int_equal(rst_session_find(&txn.r, digest[2], found, &session),
	                 RST_ENOTFOUND);
	/* the last of all keys is no way to begin again */
	memset(at, 0xff, sizeof(at));
	started = true;
	assert_int_equal(rst_session_next(&txn.r, 0, &started, at, &session),
	                 RST_ENOTFOUND);
	rst_write_abort(&txn);
}

/* What an older rosterd wrote. */
static void
a_session_of_format_1_proved_itself_when_it_was_made(void **state)
{
	static const char old[] = "\001" /* format */
				  "\0\0\0\0\0\0\0\005"
				  "\0\0\0\0\0\0\0\007"
				  "\0\0\0\0\0\0\0\144"
				  "\0\0\0\0\0\0\0\145"
				  "\0\0\0\0\0\0\0\310"
				  "\003::1\001b";
	char bytes[sizeof(old) - 1 + RST_SUM_BYTES];
	struct rst_session session;

	(void)state;
	memcpy(bytes, old, sizeof(old) - 1);
	rst_sum(rst_view(old, sizeof(old) - 1), bytes + sizeof(old) - 1);
	assert_int_equal(
		rst_session_decode(rst_view(bytes, sizeof(bytes)), &session),
		RST_OK);
	assert_int_equal(session.user, 5);
	assert_int_equal(session.made_s, 100);
	assert_int_equal(session.proved_s, 100);
	assert_int_equal(session.expires_s, 200);
	assert_string_equal(session.agent, "b");
}

static void
the_oldest_goes_when_one_more_comes(void **state)
{
	unsigned char digest[RST_SESSIONS_PER_USER + 2][RST_DIGEST_BYTES];
	struct rst_session session, listed[RST_SESSIONS_PER_USER + 2];
	struct rst_wtxn txn;
	size_t n;

	fixture_write(*state, &txn);
	for (int i = 0; i < RST_SESSIONS_PER_USER + 2; i++)
		add(&txn, 5, i == 4 ? 1 : 100 + i, 1000, digest[i]);
	assert_int_equal(rst_session_list(&txn.r, 5, listed,
	                                  RST_SESSIONS_PER_USER + 2, &n),
	                 RST_OK);
	assert_int_equal(n, RST_SESSIONS_PER_USER);
	assert_int_equal(rst_session_get(&txn.r, digest[4], &session),
	                 RST_ENOTFOUND);
	assert_int_equal(rst_session_get(&txn.r, digest[0], &session),
	                 RST_ENOTFOUND);
	assert_int_equal(rst_session_get(&txn.r, digest[1], &session), RST_OK);
	rst_write_abort(&txn);
}

/* Else it would push out each new one, as the oldest of all. */
static void
what_comes_from_the_future_goes_first(void **state)
{
	unsigned char digest[RST_SESSIONS_PER_USER + 2][RST_DIGEST_BYTES];
	struct rst_session session;
	struct rst_wtxn txn;

	fixture_write(*state, &txn);
	for (int i = 0; i < RST_SESSIONS_PER_USER; i++)
		add(&txn, 5, i % 2 == 0 ? 100 + i : 90000 + i, 99999,
		    digest[i]);
	for (int i = RST_SESSIONS_PER_USER; i < RST_SESSIONS_PER_USER + 2; i++)
		add(&txn, 5, 100 + i, 99999, digest[i]);
	for (int i = 0; i < RST_SESSIONS_PER_USER + 2; i++)
		assert_int_equal(rst_session_get(&txn.r, digest[i], &session),
		                 i == 1 || i == 3 ? RST_ENOTFOUND : RST_OK);
	rst_write_abort(&txn);
}

static void
all_sessions_of_one_person_end_and_no_other_s(void **state)
{
	unsigned char digest[RST_DIGEST_BYTES];
	struct rst_wtxn txn;
	size_t n;

	fixture_write(*state, &txn);
	add(&txn, 5, 1, 1000, digest);
	add(&txn, 5, 2, 1000, digest);
	add(&txn, 6, 3, 1000, digest);
	assert_int_equal(rst_session_drop_user(&txn, 5, &n), RST_OK);
	assert_int_equal(n, 2);
	assert_int_equal(rst_session_drop_user(&txn, 5, NULL), RST_OK);
	assert_int_equal(fixture_rows(&txn.r, RST_T_SESSION), 1);
	assert_int_equal(fixture_rows(&txn.r, RST_T_SESSION_USER), 1);
	rst_write_abort(&txn);
}

static void
what_expired_is_swept_in_bites(void **state)
{
	unsigned char digest[RST_DIGEST_BYTES];
	struct rst_wtxn txn;

	fixture_write(*state, &txn);
	for (uint64_t i = 0; i < 30; i++)
		add(&txn, i + 1, 1, i % 3 == 0 ? 1000 : 100, digest);
	assert_int_equal(rst_session_drop_expired(&txn, 100, 100), RST_OK);
	assert_int_equal(fixture_rows(&txn.r, RST_T_SESSION), 30);
	assert_int_equal(rst_session_drop_expired(&txn, 101, 7), RST_OK);
	assert_int_equal(fixture_rows(&txn.r, RST_T_SESSION), 23);
	/* the next goes on, and round */
	assert_int_equal(rst_session_drop_expired(&txn, 101, 100), RST_OK);
	assert_int_equal(fixture_rows(&txn.r, RST_T_SESSION), 10);
	assert_int_equal(rst_session_drop_expired(&txn, 2000, 100), RST_OK);
	assert_int_equal(fixture_rows(&txn.r, RST_T_SESSION), 0);
	assert_int_equal(rst_session_drop_expired(&txn, 2000, 100), RST_OK);
	assert_int_equal(fixture_rows(&txn.r, RST_T_SESSION_USER), 0);
	rst_write_abort(&txn);
}

static void
bytes_that_are_no_session_are_refused(void **state)
{
	unsigned char digest[RST_DIGEST_BYTES];
	struct rst_session session;
	struct rst_view bytes;
	struct rst_wtxn txn;
	char copy[512];

	fixture_write(*state, &txn);
	add(&txn, 5, 1, 2, digest);
	assert_int_equal(rst_db_get(&txn.r, RST_T_SESSION,
	                            rst_view(digest, sizeof(digest)), &bytes),
	                 RST_OK);
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_equal(
			rst_session_decode(rst_view(bytes.ptr, len), &session),
			RST_ECORRUPT);
	memcpy(copy, bytes.ptr, bytes.len);
	assert_int_equal(
		rst_session_decode(rst_view(copy, bytes.len), &session),
		RST_OK);
	copy[0] = 3;
	assert_int_equal(
		rst_session_decode(rst_view(copy, bytes.len), &session),
		RST_ECORRUPT);
	rst_write_abort(&txn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_text_and_opens_its_digest_alone),
		cmocka_unit_test(what_is_no_token_has_no_digest),
		FIXTURE_TEST(a_session_comes_back_as_it_was),
		FIXTURE_TEST(
			all_are_walked_and_one_is_found_by_half_its_digest),
		FIXTURE_TEST(
			a_session_of_format_1_proved_itself_when_it_was_made),
		FIXTURE_TEST(the_oldest_goes_when_one_more_comes),
		FIXTURE_TEST(what_comes_from_the_future_goes_first),
		FIXTURE_TEST(all_sessions_of_one_person_end_and_no_other_s),
		FIXTURE_TEST(what_expired_is_swept_in_bites),
		FIXTURE_TEST(bytes_that_are_no_session_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
