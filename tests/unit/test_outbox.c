/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_outbox.c - mail waits sealed, goes in order, and is given up */
#include "store/outbox.h"

#include <stdlib.h>

#include "store/env_priv.h"
#include "tests/unit/fixture.h"

static uint64_t
add(struct rst_wtxn *txn, const char *to, int64_t now_s)
{
	uint64_t id = 0;

	assert_int_equal(
		rst_outbox_add(txn, rst_view_of(to), RST_VIEW("invitation"),
	                       RST_VIEW("{\"link\":\"https://x/TOKEN\"}"),
	                       now_s, &id),
		RST_OK);
	return id;
}

/* The id of what is due; 0 for nothing. */
static uint64_t
due(const struct rst_rtxn *txn, int64_t now_s)
{
	struct rst_mail mail;
	enum rst_err err;
	uint64_t id;

	err = rst_outbox_due(txn, now_s, &mail);
	if (err == RST_ENOTFOUND)
		return 0;
	assert_int_equal(err, RST_OK);
	id = mail.id;
	rst_mail_release(&mail);
	return id;
}

static void
mail_comes_back_as_it_was_queued(void **state)
{
	struct rst_mail mail;
	struct rst_wtxn txn;
	uint64_t id;

	fixture_write(*state, &txn);
	id = add(&txn, "a@example.org", 100);
	assert_int_equal(rst_outbox_get(&txn.r, id, &mail), RST_OK);
	assert_int_equal(mail.id, id);
	assert_int_equal(mail.state, RST_MAIL_QUEUED);
	assert_int_equal(mail.attempts, 0);
	assert_int_equal(mail.made_s, 100);
	assert_int_equal(mail.due_s, 100);
	assert_true(rst_view_equal(mail.to, RST_VIEW("a@example.org")));
	assert_true(rst_view_equal(mail.template, RST_VIEW("invitation")));
	assert_true(rst_view_equal(mail.params,
	                           RST_VIEW("{\"link\":\"https://x/TOKEN\"}")));
	assert_int_equal(mail.error.len, 0);
	rst_mail_release(&mail);
	rst_mail_release(&mail);
	assert_int_equal(rst_outbox_get(&txn.r, id + 1, &mail), RST_ENOTFOUND);
	rst_write_abort(&txn);
}

static void
what_is_due_first_goes_first(void **state)
{
	struct rst_wtxn txn;
	uint64_t a, b, c;

	fixture_write(*state, &txn);
	a = add(&txn, "a@example.org", 300);
	b = add(&txn, "b@example.org", 100);
	c = add(&txn, "c@example.org", 200);
	assert_int_equal(due(&txn.r, 99), 0);
	assert_int_equal(due(&txn.r, 300), b);
	assert_int_equal(rst_outbox_drop(&txn, b), RST_OK);
	assert_int_equal(due(&txn.r, 300), c);
	assert_int_equal(rst_outbox_failed(&txn, c, RST_VIEW("refused"), 900),
	                 RST_OK);
	assert_int_equal(due(&txn.r, 300), a);
	assert_int_equal(rst_outbox_drop(&txn, a), RST_OK);
	assert_int_equal(due(&txn.r, 899), 0);
	assert_int_equal(due(&txn.r, 900), c);
	assert_int_equal(rst_outbox_drop(&txn, a), RST_ENOTFOUND);
	rst_write_abort(&txn);
}

static void
what_is_given_up_stays_to_be_seen(void **state)
{
	struct rst_mail mail;
	struct rst_wtxn txn;
	uint64_t id;

	fixture_write(*state, &txn);
	id = add(&txn, "a@example.org", 100);
	assert_int_equal(rst_outbox_failed(&txn, id, RST_VIEW("550 no"), 200),
	                 RST_OK);
	assert_int_equal(rst_outbox_failed(&txn, id, RST_VIEW("551 no"), 0),
	                 RST_OK);
	assert_int_equal(due(&txn.r, INT64_MAX), 0);
	assert_int_equal(rst_outbox_next(&txn.r, 0, &mail), RST_OK);
	assert_int_equal(mail.id, id);
	assert_int_equal(mail.state, RST_MAIL_FAILED);
	assert_int_equal(mail.attempts, 2);
	assert_true(rst_view_equal(mail.error, RST_VIEW("551 no")));
	assert_true(rst_view_equal(mail.to, RST_VIEW("a@example.org")));
	rst_mail_release(&mail);
	assert_int_equal(rst_outbox_next(&txn.r, id, &mail), RST_ENOTFOUND);
	/* an administrator tries again */
	assert_int_equal(rst_outbox_failed(&txn, id, RST_VIEW(""), 300),
	                 RST_OK);
	assert_int_equal(due(&txn.r, 300), id);
	rst_write_abort(&txn);
}

static void
a_number_is_never_given_out_twice(void **state)
{
	struct rst_wtxn txn;
	uint64_t id;

	fixture_write(*state, &txn);
	id = add(&txn, "a@example.org", 100);
	assert_int_equal(rst_outbox_drop(&txn, id), RST_OK);
	assert_true(add(&txn, "a@example.org", 100) > id);
	rst_write_abort(&txn);
}

static void
links_are_not_on_disk_in_clear_and_stay_in_their_place(void **state)
{
	struct rst_view value;
	struct rst_mail mail;
	struct rst_wtxn txn;
	char a_key[8], b_key[8], *copy;
	uint64_t a, b;

	fixture_write(*state, &txn);
	a = add(&txn, "a@example.org", 100);
	b = add(&txn, "b@example.org", 100);
	rst_put_be64(a_key, a);
	rst_put_be64(b_key, b);
	assert_int_equal(
		rst_db_get(&txn.r, RST_T_OUTBOX, rst_view(a_key, 8), &value),
		RST_OK);
	assert_null(memmem(value.ptr, value.len, "TOKEN", 5));
	assert_null(memmem(value.ptr, value.len, "example.org", 11));
	copy = rst_view_dup(value);
	assert_int_equal(rst_db_put(&txn, RST_T_OUTBOX, rst_view(b_key, 8),
	                            rst_view(copy, value.len), true),
	                 RST_OK);
	free(copy);
	assert_int_equal(rst_outbox_get(&txn.r, b, &mail), RST_ECORRUPT);
	rst_write_abort(&txn);
}

static void
what_is_too_long_is_refused(void **state)
{
	static char big[RST_MAIL_PARAMS_MAX + 1];
	struct rst_mail mail;
	struct rst_wtxn txn;
	uint64_t id;

	memset(big, 'x', sizeof(big));
	fixture_write(*state, &txn);
	assert_int_equal(rst_outbox_add(&txn, RST_VIEW(""), RST_VIEW("t"),
	                                RST_VIEW(""), 1, &id),
	                 RST_EINVALID);
	assert_int_equal(rst_outbox_add(&txn, rst_view(big, 321), RST_VIEW("t"),
	                                RST_VIEW(""), 1, &id),
	                 RST_EINVALID);
	assert_int_equal(rst_outbox_add(&txn, RST_VIEW("a@b"), RST_VIEW("t"),
	                                rst_view(big, sizeof(big)), 1, &id),
	                 RST_EINVALID);
	/* but what a server says is only cut */
	assert_int_equal(rst_outbox_add(&txn, RST_VIEW("a@b"), RST_VIEW("t"),
	                                rst_view(big, sizeof(big) - 1), 1, &id),
	                 RST_OK);
	assert_int_equal(
		rst_outbox_failed(&txn, id, rst_view(big, sizeof(big)), 1),
		RST_OK);
	assert_int_equal(rst_outbox_get(&txn.r, id, &mail), RST_OK);
	assert_int_equal(mail.error.len, 512);
	rst_mail_release(&mail);
	rst_write_abort(&txn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(mail_comes_back_as_it_was_queued),
		FIXTURE_TEST(what_is_due_first_goes_first),
		FIXTURE_TEST(what_is_given_up_stays_to_be_seen),
		FIXTURE_TEST(a_number_is_never_given_out_twice),
		FIXTURE_TEST(
			links_are_not_on_disk_in_clear_and_stay_in_their_place),
		FIXTURE_TEST(what_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
