/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_answer.c - answers that are given again */
#include "store/answer.h"

#include "store/answer_priv.h"
#include "store/check.h"
#include "store/env_priv.h"
#include "tests/unit/fixture.h"

#define NOW_S INT64_C(1800000000)

static struct rst_answer_key
key_of(uint64_t caller, uint16_t n)
{
	struct rst_answer_key key = { .caller = caller };

	memcpy(key.digest, &n, sizeof(n));
	return key;
}

static enum rst_err
add(struct rst_wtxn *txn, uint64_t caller, uint16_t n, int64_t made_s)
{
	const struct rst_answer_key key = key_of(caller, n);
	const struct rst_answer answer = {
		.body = { 7 },
		.made_s = made_s,
		.status = 201,
		.location = RST_VIEW("/users/eve"),
		.etag = RST_VIEW("\"e\""),
		.text = RST_VIEW("{\"token\":\"canary\"}"),
	};

	return rst_answer_add(txn, &key, &answer);
}

static enum rst_err
find(const struct rst_rtxn *txn, uint64_t caller, uint16_t n, int64_t now_s)
{
	const struct rst_answer_key key = key_of(caller, n);
	struct rst_answer answer;
	enum rst_err err;

	err = rst_answer_get(txn, &key, now_s, &answer);
	if (err == RST_OK)
		rst_answer_release(&answer);
	return err;
}

static void
it_comes_back_as_it_was(void **state)
{
	const struct rst_answer_key key = key_of(5, 1);
	struct rst_answer answer;
	struct rst_wtxn txn;

	fixture_write(*state, &txn);
	assert_int_equal(add(&txn, 5, 1, NOW_S), RST_OK);
	assert_int_equal(rst_answer_get(&txn.r, &key, NOW_S, &answer), RST_OK);
	assert_int_equal(answer.status, 201);
	assert_int_equal(answer.body[0], 7);
	assert_true(rst_view_equal(answer.location, RST_VIEW("/users/eve")));
	assert_true(rst_view_equal(answer.etag, RST_VIEW("\"e\"")));
	assert_true(rst_view_equal(answer.text,
	                           RST_VIEW("{\"token\":\"canary\"}")));
	rst_answer_release(&answer);
	rst_answer_release(&answer);
	assert_int_equal(find(&txn.r, 6, 1, NOW_S), RST_ENOTFOUND);
	assert_int_equal(find(&txn.r, 5, 2, NOW_S), RST_ENOTFOUND);
	rst_write_abort(&txn);
}

static void
it_is_not_replaced_before_its_time(void **state)
{
	struct rst_wtxn txn;

	fixture_write(*state, &txn);
	assert_int_equal(add(&txn, 5, 1, NOW_S), RST_OK);
	assert_int_equal(add(&txn, 5, 1, NOW_S + RST_ANSWER_LIFETIME_S - 1),
	                 RST_EEXISTS);
	assert_int_equal(find(&txn.r, 5, 1, NOW_S + RST_ANSWER_LIFETIME_S),
	                 RST_ENOTFOUND);
	assert_int_equal(add(&txn, 5, 1, NOW_S + RST_ANSWER_LIFETIME_S),
	                 RST_OK);
	/* the clock went back: what is from the future does not stay */
	assert_int_equal(find(&txn.r, 5, 1, NOW_S), RST_ENOTFOUND);
	assert_int_equal(add(&txn, 5, 1, NOW_S), RST_OK);
	rst_write_abort(&txn);
}

static size_t
count(const struct rst_rtxn *txn)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	size_t n = 0;
	enum rst_err err;

	assert_int_equal(rst_cursor_open(txn, RST_T_META, &cursor), RST_OK);
	err = rst_cursor_seek(&cursor, RST_VIEW(RST_ANSWER_PREFIX), &key,
	                      &value);
	for (;
	     err == RST_OK && rst_view_starts(key, RST_VIEW(RST_ANSWER_PREFIX));
	     err = rst_cursor_next(&cursor, &key, &value)) {
		assert_null(memmem(value.ptr, value.len, "canary", 6));
		assert_null(memmem(value.ptr, value.len, "/users/eve", 10));
		n++;
	}
	rst_cursor_close(&cursor);
	return n;
}

static void
they_are_bounded_and_sealed(void **state)
{
	struct rst_wtxn txn;
	uint16_t n;

	fixture_write(*state, &txn);
	for (n = 0; n <= RST_ANSWERS_PER_CALLER; n++)
		assert_int_equal(add(&txn, 5, n, NOW_S + n), RST_OK);
	assert_int_equal(count(&txn.r), RST_ANSWERS_PER_CALLER);
	assert_int_equal(find(&txn.r, 5, 0, NOW_S + n), RST_ENOTFOUND);
	assert_int_equal(find(&txn.r, 5, 1, NOW_S + n), RST_OK);
	/* others push out the oldest only when there are too many of all */
	for (n = 0; n < RST_ANSWERS_MAX; n++)
		assert_int_equal(add(&txn, 100u + n, n, NOW_S + 100 + n),
		                 RST_OK);
	assert_int_equal(count(&txn.r), RST_ANSWERS_MAX);
	assert_int_equal(find(&txn.r, 100, 0, NOW_S + 2000), RST_OK);
	assert_int_equal(find(&txn.r, 5, RST_ANSWERS_PER_CALLER, NOW_S + 2000),
	                 RST_ENOTFOUND);
	rst_write_abort(&txn);
}

static void
what_is_old_is_swept(void **state)
{
	struct rst_wtxn txn;
	size_t n;

	fixture_write(*state, &txn);
	assert_int_equal(add(&txn, 5, 1, NOW_S), RST_OK);
	assert_int_equal(add(&txn, 5, 2, NOW_S), RST_OK);
	assert_int_equal(add(&txn, 6, 1, NOW_S + 60), RST_OK);
	assert_false(rst_answer_any_old(&txn.r, NOW_S + 60));
	assert_true(rst_answer_any_old(&txn.r, NOW_S + RST_ANSWER_LIFETIME_S));
	assert_int_equal(
		rst_answer_sweep(&txn, NOW_S + RST_ANSWER_LIFETIME_S, &n),
		RST_OK);
	assert_int_equal(n, 2);
	assert_int_equal(count(&txn.r), 1);
	rst_write_abort(&txn);
}

static void
what_is_too_long_is_not_kept(void **state)
{
	static char text[RST_ANSWER_MAX + 1];
	const struct rst_answer_key key = key_of(5, 1);
	struct rst_answer answer = { .made_s = NOW_S, .status = 201 };
	struct rst_wtxn txn;

	fixture_write(*state, &txn);
	memset(text, 'a', sizeof(text));
	answer.text = rst_view(text, sizeof(text));
	assert_int_equal(rst_answer_add(&txn, &key, &answer), RST_EINVALID);
	answer.text.len--;
	answer.etag = rst_view(text, RST_ANSWER_HEAD_MAX + 1);
	assert_int_equal(rst_answer_add(&txn, &key, &answer), RST_EINVALID);
	answer.etag.len--;
	answer.location = rst_view(text, RST_ANSWER_HEAD_MAX + 1);
	assert_int_equal(rst_answer_add(&txn, &key, &answer), RST_EINVALID);
	answer.location.len--;
	assert_int_equal(rst_answer_add(&txn, &key, &answer), RST_OK);
	rst_write_abort(&txn);
}

/* One bit anywhere, or another row's key: it opens no more. */
static void
a_changed_row_does_not_open(void **state)
{
	struct rst_view key, value;
	struct rst_cursor cursor = { 0 };
	struct rst_wtxn txn;
	char copy[1024], other[64];
	struct rst_answer answer;

	fixture_write(*state, &txn);
	assert_int_equal(add(&txn, 5, 1, NOW_S), RST_OK);
	assert_int_equal(rst_cursor_open(&txn.r, RST_T_META, &cursor), RST_OK);
	assert_int_equal(rst_cursor_seek(&cursor, RST_VIEW(RST_ANSWER_PREFIX),
	                                 &key, &value),
	                 RST_OK);
	assert_true(value.len < sizeof(copy) && key.len < sizeof(other));
	for (size_t i = 0; i < value.len; i++) {
		memcpy(copy, value.ptr, value.len);
		copy[i] ^= 1;
		assert_int_equal(rst_answer_decode(txn.r.env, key,
		                                   rst_view(copy, value.len),
		                                   &answer),
		                 RST_ECORRUPT);
	}
	memcpy(other, key.ptr, key.len);
	other[key.len - 1] ^= 1;
	assert_int_equal(rst_answer_decode(txn.r.env, rst_view(other, key.len),
	                                   value, &answer),
	                 RST_ECORRUPT);
	for (size_t len = 0; len < value.len; len++)
		assert_int_equal(rst_answer_decode(txn.r.env, key,
		                                   rst_view(value.ptr, len),
		                                   &answer),
		                 RST_ECORRUPT);
	rst_cursor_close(&cursor);
	rst_write_abort(&txn);
}

static void
hear(void *arg, const struct rst_check_finding *finding)
{
	size_t *n = arg;

	assert_string_equal(finding->invariant, "answer-rows");
	(*n)++;
}

/* The row's moment is changed, and its sum right: only the seal tells. */
static void
forge(struct rst_wtxn *txn)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	char copy[1024], row[64];

	assert_int_equal(rst_cursor_open(&txn->r, RST_T_META, &cursor), RST_OK);
	assert_int_equal(rst_cursor_seek(&cursor, RST_VIEW(RST_ANSWER_PREFIX),
	                                 &key, &value),
	                 RST_OK);
	assert_true(value.len < sizeof(copy) && key.len < sizeof(row));
	memcpy(row, key.ptr, key.len);
	memcpy(copy, value.ptr, value.len);
	rst_cursor_close(&cursor);
	copy[8] ^= 1;
	value.ptr = copy;
	value.len -= RST_SUM_BYTES;
	key.ptr = row;
	rst_sum_keyed(key, value, copy + value.len);
	value.len += RST_SUM_BYTES;
	assert_int_equal(rst_db_put(txn, RST_T_META, key, value, true), RST_OK);
}

static void
the_check_sees_a_forged_one(void **state)
{
	struct fixture *fixture = *state;
	size_t heard = 0;
	const struct rst_check_options options = { .max_findings = 10,
		                                   .finding = hear,
		                                   .arg = &heard };
	struct rst_wtxn txn;
	uint64_t n = 0;

	fixture_write(fixture, &txn);
	assert_int_equal(add(&txn, 5, 1, NOW_S), RST_OK);
	fixture_commit(&txn);
	assert_int_equal(rst_check(fixture->env, &options, &n), RST_OK);
	assert_int_equal(n, 0);
	fixture_write(fixture, &txn);
	forge(&txn);
	fixture_commit(&txn);
	assert_int_equal(rst_check(fixture->env, &options, &n), RST_OK);
	assert_int_equal(n, 1);
	assert_int_equal(heard, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(it_comes_back_as_it_was),
		FIXTURE_TEST(it_is_not_replaced_before_its_time),
		FIXTURE_TEST(they_are_bounded_and_sealed),
		FIXTURE_TEST(what_is_old_is_swept),
		FIXTURE_TEST(what_is_too_long_is_not_kept),
		FIXTURE_TEST(a_changed_row_does_not_open),
		FIXTURE_TEST(the_check_sees_a_forged_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
