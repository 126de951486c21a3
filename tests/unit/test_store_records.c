/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_store_records.c - sessions, mail, answers, journal: odd ones, many */
#include <stdio.h>
#include <stdlib.h>

#include "store/answer.h"
#include "store/check.h"
#include "store/index_priv.h"
#include "store/journal_priv.h"
#include "store/member_priv.h"
#include "store/outbox.h"
#include "store/session.h"
#include "tests/unit/fixture.h"

#define NOW_S 1795315053 /* 2026-11-22 02:37:33 UTC */

/* ----------------------------------------------------------------- answers */

static void
add_answer(struct rst_wtxn *txn, uint64_t caller, unsigned int i,
           int64_t made_s)
{
	struct rst_answer_key key = { .caller = caller };
	const struct rst_answer answer = { .made_s = made_s,
		                           .status = 200,
		                           .text = RST_VIEW("x") };

	key.digest[0] = (unsigned char)(i >> 8);
	key.digest[1] = (unsigned char)i;
	assert_int_equal(rst_answer_add(txn, &key, &answer), RST_OK);
}

static bool
has_answer(const struct rst_rtxn *txn, uint64_t caller, unsigned int i,
           int64_t now_s)
{
	struct rst_answer_key key = { .caller = caller };
	struct rst_answer answer;
	enum rst_err err;

	key.digest[0] = (unsigned char)(i >> 8);
	key.digest[1] = (unsigned char)i;
	err = rst_answer_get(txn, &key, now_s, &answer);
	if (err == RST_OK)
		rst_answer_release(&answer);
	return err == RST_OK;
}

/* The one that goes is the oldest, whatever its key. */
static void
an_old_answer_makes_room(void **state)
{
	const int64_t later_s = NOW_S + RST_ANSWER_LIFETIME_S + 1;
	struct rst_wtxn txn;

	fixture_write(*state, &txn);
	add_answer(&txn, 5, 7, NOW_S);
	for (unsigned int i = 0; i < RST_ANSWERS_PER_CALLER; i++)
		if (i != 7)
			add_answer(&txn, 5, i, NOW_S + 9);
	assert_true(has_answer(&txn.r, 5, 7, NOW_S + 9));
	add_answer(&txn, 5, 500, NOW_S + 9);
	assert_false(has_answer(&txn.r, 5, 7, NOW_S + 9));
	assert_true(has_answer(&txn.r, 5, 8, NOW_S + 9));
	add_answer(&txn, 6, 1, later_s + 9);
	/* one whose time is over went */
	assert_true(has_answer(&txn.r, 6, 1, later_s + 99));
	assert_int_equal(rst_answer_sweep(&txn, later_s + 99, NULL), RST_OK);
	assert_true(has_answer(&txn.r, 6, 1, later_s + 99));
	assert_false(rst_answer_any_old(&txn.r, later_s + 99));
	rst_write_abort(&txn);
}

/* -------------------------------------------------------------------- mail */

static void
mail_has_limits(void **state)
{
	static char big[RST_MAIL_PARAMS_MAX + 1];
	const struct rst_view text = RST_VIEW("a");
	const struct rst_view rows[][3] = {
		{ RST_VIEW(""), text, text },
		{ { big, 321 }, text, text },
		{ text, RST_VIEW(""), text },
		{ text, { big, 65 }, text },
		{ text, text, { big, sizeof(big) } },
	};
	struct rst_mail mail;
	struct rst_wtxn txn;

	fixture_write(*state, &txn);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(rst_outbox_add(&txn, rows[i][0], rows[i][1],
		                                rows[i][2], NOW_S, NULL),
		                 RST_EINVALID);
	assert_int_equal(rst_outbox_add(&txn, text, text,
	                                rst_view(big, sizeof(big) - 1), NOW_S,
	                                NULL),
	                 RST_OK);
	assert_int_equal(rst_outbox_next(&txn.r, 0, &mail), RST_OK);
	assert_int_equal(mail.params.len, RST_MAIL_PARAMS_MAX);
	rst_mail_release(&mail);
	assert_int_equal(rst_outbox_next(&txn.r, UINT64_MAX, &mail),
	                 RST_ENOTFOUND);
	rst_write_abort(&txn);
}

/* ---------------------------------------------------------------- sessions */

static void
add_session(struct rst_wtxn *txn, uint64_t user, unsigned int i,
            unsigned char digest[RST_DIGEST_BYTES])
{
	struct rst_session session = { .user = user,
		                       .made_s = NOW_S,
		                       .expires_s = NOW_S + 60 };

	memset(digest, 0, RST_DIGEST_BYTES);
	rst_put_be32((char *)digest, i);
	assert_int_equal(rst_session_add(txn, digest, &session), RST_OK);
}

static void
a_session_that_is_listed_and_gone_is_damage(void **state)
{
	unsigned char digest[RST_DIGEST_BYTES], at[RST_DIGEST_BYTES];
	struct rst_session session, list[3];
	struct rst_wtxn txn;
	bool started = false;
	size_t n = 0;

	fixture_write(*state, &txn);
	for (unsigned int i = 0; i < 5; i++)
		add_session(&txn, 7, i, digest);
	/* no more than there is room for */
	assert_int_equal(rst_session_list(&txn.r, 7, list, 3, &n), RST_OK);
	assert_int_equal(n, 3);
	/* where the last sweep stopped is no digest: from the start */
	assert_int_equal(
		rst_meta_put(&txn, RST_VIEW("session-sweep"), RST_VIEW("x")),
		RST_OK);
	assert_int_equal(rst_session_drop_expired(&txn, NOW_S + 99, 4), RST_OK);
	assert_int_equal(rst_session_list(&txn.r, 7, list, 3, &n), RST_OK);
	assert_int_equal(n, 1);
	assert_int_equal(rst_db_drop(&txn, RST_T_SESSION,
	                             rst_view(digest, sizeof(digest))),
	                 RST_OK);
	assert_int_equal(rst_session_next(&txn.r, 7, &started, at, &session),
	                 RST_ECORRUPT);
	assert_int_equal(rst_session_list(&txn.r, 7, list, 3, &n),
	                 RST_ECORRUPT);
	rst_write_abort(&txn);
}

/* A sweep looks at some of them, the next one goes on. */
static void
sessions_are_swept_in_pieces(void **state)
{
	unsigned char digest[RST_DIGEST_BYTES];
	struct rst_session session;
	struct rst_wtxn txn;

	fixture_write(*state, &txn);
	for (unsigned int i = 0; i < 4100; i++)
		add_session(&txn, 1 + i / 8, i, digest);
	assert_int_equal(rst_session_drop_expired(&txn, NOW_S + 99, SIZE_MAX),
	                 RST_OK);
	assert_int_equal(rst_session_get(&txn.r, digest, &session), RST_OK);
	assert_int_equal(rst_session_drop_expired(&txn, NOW_S + 99, SIZE_MAX),
	                 RST_OK);
	assert_int_equal(rst_session_get(&txn.r, digest, &session),
	                 RST_ENOTFOUND);
	rst_write_abort(&txn);
}

/* ----------------------------------------------------------------- journal */

/* Whatever a byte of it says, a record decodes within its bounds or not at
 * all. */
static void
every_byte_of_a_record_is_looked_at(void **state)
{
	const struct rst_journal_entry entry = { .op = RST_J_EVENT,
		                                 .door = RST_DOOR_CLI,
		                                 .act = RST_VIEW("a") };
	struct rst_journal_public public;
	struct rst_view value;
	struct rst_wtxn txn;
	unsigned int refused = 0;
	char key[8], copy[512];

	fixture_write(*state, &txn);
	assert_int_equal(rst_journal_append(&txn, &entry, NULL), RST_OK);
	rst_put_be64(key, 1);
	assert_int_equal(
		rst_db_get(&txn.r, RST_T_JOURNAL, rst_view(key, 8), &value),
		RST_OK);
	assert_true(value.len <= sizeof(copy) - 1);
	for (size_t i = 0; i < value.len; i++)
		for (int byte = 0; byte < 256; byte++) {
			memcpy(copy, value.ptr, value.len);
			copy[i] = (char)byte;
			refused +=
				rst_journal_decode(1, rst_view(copy, value.len),
			                           &public) != RST_OK;
		}
	assert_true(refused > 1000);
	copy[value.len] = '\0';
	for (size_t len = 0; len < value.len; len++) {
		memcpy(copy, value.ptr, len);
		assert_int_equal(
			rst_journal_decode(1, rst_view(copy, len), &public),
			RST_ECORRUPT);
	}
	rst_write_abort(&txn);
}

static void
note(void *arg, const struct rst_check_finding *finding)
{
	if (strstr(finding->text, "no right CSN") != NULL)
		++*(unsigned int *)arg;
	else
		fail_msg("%s: %s", finding->invariant, finding->text);
}

static void
what_others_wrote_may_come_in_any_order(void **state)
{
	static const char *const csns[] = {
		"20261122023733.000003Z#000000#001#000000",
		"20261122023733.000002Z#000000#002#000000",
		"20261122023733.000001Z#000000#002#000000",
	};
	struct rst_member_deltas none = { 0 };
	struct rst_journal_entry entry = { .op = RST_J_EVENT,
		                           .door = RST_DOOR_LDAP,
		                           .act = RST_VIEW("a"),
		                           .deltas = &none };
	unsigned int n_found = 0;
	const struct rst_check_options options = { .max_findings = 9,
		                                   .finding = note,
		                                   .arg = &n_found };
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	uint64_t n = 0;

	fixture_write(fixture, &txn);
	for (size_t i = 0; i < 3; i++) {
		entry.csn = rst_view_of(csns[i]);
		entry.replicated = i > 0;
		assert_int_equal(rst_csn_seen(&txn, entry.csn), RST_OK);
		assert_int_equal(rst_journal_append(&txn, &entry, NULL),
		                 RST_OK);
	}
	fixture_commit(&txn);
	assert_int_equal(rst_check(fixture->env, &options, &n), RST_OK);
	assert_int_equal(n, 0);
	entry.csn = RST_VIEW("no moment");
	fixture_write(fixture, &txn);
	assert_int_equal(rst_journal_append(&txn, &entry, NULL), RST_OK);
	fixture_commit(&txn);
	assert_int_equal(rst_check(fixture->env, &options, &n), RST_OK);
	assert_int_equal(n_found, 1);
}

/* ----------------------------------------------------------------- indexes */

static struct rst_view
order_of(enum rst_match match, struct rst_view value)
{
	static struct rst_index_key key;

	assert_int_equal(rst_index_key_order(RST_A_CN, match, value, &key),
	                 RST_OK);
	return rst_index_key_view(&key);
}

static void
keys_sort_as_their_values_do(void **state)
{
	static const struct {
		enum rst_match match;
		const char *values[7];
	} rows[] = {
		{ RST_MATCH_INTEGER, { "-12", "-3", "0", "7", "11", "", "-" } },
		{ RST_MATCH_INTEGER, { "3", "1/", "1:", "a", NULL } },
		{ RST_MATCH_TIME,
		  { "", "20200101000000Z", "20200101000000.5Z", "x", NULL } },
	};
	static char longest[70000];
	char before[RST_INDEX_KEY_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rst_view last = { NULL, 0 }, now;

		for (size_t j = 0; j < 7 && rows[i].values[j] != NULL; j++) {
			now = order_of(rows[i].match,
			               rst_view_of(rows[i].values[j]));
			if (last.len > 0 &&
			    memcmp(last.ptr, now.ptr,
			           last.len < now.len ? last.len : now.len) >=
			            0)
				fail_msg("%s is not above the one before",
				         rows[i].values[j]);
			memcpy(before, now.ptr, now.len);
			last = rst_view(before, now.len);
		}
	}
	memset(longest, '9', sizeof(longest));
	assert_true(
		order_of(RST_MATCH_INTEGER, rst_view(longest, sizeof(longest)))
			.len < RST_INDEX_KEY_MAX);
}

static void
an_index_is_asked_within_its_limits(void **state)
{
	struct fixture_ids ids;
	struct rst_wtxn txn;
	uint64_t found[4];
	bool more = true;
	size_t n = 9;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	for (int i = 0; i < 5; i++) {
		char rdn[16];

		snprintf(rdn, sizeof(rdn), "cn=many%d", i);
		fixture_add(&txn, ids.people, rdn, "cn", rdn + 3, NULL);
	}
	assert_int_equal(rst_index_add(&txn, RST_A_CN, RST_INDEX_SUBSTRING),
	                 RST_OK);
	while (more)
		assert_int_equal(rst_index_work(&txn, 100, &more), RST_OK);
	assert_int_equal(rst_index_substring(&txn.r, RST_A_CN, RST_VIEW("many"),
	                                     0, found, 4, &n),
	                 RST_OK);
	assert_int_equal(n, 4);
	assert_int_equal(rst_index_substring(&txn.r, RST_A_CN, RST_VIEW("many"),
	                                     UINT64_MAX, found, 4, &n),
	                 RST_OK);
	assert_int_equal(n, 0);
	assert_int_equal(rst_index_substring(&txn.r, RST_A_CN, RST_VIEW("ma"),
	                                     0, found, 4, &n),
	                 RST_EINVALID);
	/* a piece of more than are met at once */
	assert_int_equal(
		rst_index_substring(&txn.r, RST_A_CN,
	                            RST_VIEW("many4many4many4many4many4many4"
	                                     "many4many4many4many4"),
	                            0, found, 4, &n),
		RST_OK);
	assert_int_equal(n, 0);
	rst_write_abort(&txn);
}

/* ----------------------------------------------------------------- members */

/* What an entry says of ends is believed if it can be read. */
static void
ends_that_cannot_be_read_are_none(void **state)
{
	struct fixture_ids ids;
	struct rst_wtxn txn;
	uint64_t group, bob;
	int64_t until_s;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	bob = fixture_add(&txn, ids.people, "uid=bob", "uid", "bob", NULL);
	group = fixture_add(
		&txn, ids.groups, "cn=g", "objectClass", "rosterGroup", "cn",
		"g", "rosterMemberUntil", "when it is over",
		"rosterMemberUntil", "20370101000000Z uid=nobody,dc=x",
		"rosterMemberUntil",
		"20370102000000Z uid=bob,ou=people," FIXTURE_SUFFIX, NULL);
	assert_int_equal(rst_member_join(&txn, group, bob, NULL), RST_OK);
	assert_int_equal(rst_member_until(&txn.r, group, bob, &until_s),
	                 RST_OK);
	assert_int_equal(until_s, 2114467200);
	assert_int_equal(rst_member_join(&txn, group, ids.people, NULL),
	                 RST_OK);
	assert_int_equal(rst_member_until(&txn.r, group, ids.people, &until_s),
	                 RST_OK);
	assert_int_equal(until_s, 0);
	rst_write_abort(&txn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(an_old_answer_makes_room),
		FIXTURE_TEST(mail_has_limits),
		FIXTURE_TEST(a_session_that_is_listed_and_gone_is_damage),
		FIXTURE_TEST(sessions_are_swept_in_pieces),
		FIXTURE_TEST(every_byte_of_a_record_is_looked_at),
		FIXTURE_TEST(what_others_wrote_may_come_in_any_order),
		cmocka_unit_test(keys_sort_as_their_values_do),
		FIXTURE_TEST(an_index_is_asked_within_its_limits),
		FIXTURE_TEST(ends_that_cannot_be_read_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
