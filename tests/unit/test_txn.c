/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_txn.c - store/env.h: readers, writers, room and settings */
#include "tests/unit/fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/check.h"
#include "store/env_priv.h"
#include "tests/unit/other.h"

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- readers ---- */

static void
hear_warning(void *arg, const struct rst_check_finding *finding)
{
	char *text = arg;

	if (strcmp(finding->invariant, "readers") != 0)
		return; /* what other_put_row() writes is no session */
	assert_true(finding->warning);
	(void)snprintf(text, sizeof(finding->text), "%s", finding->text);
}

/* What check says of readers, "" for nothing. */
static void
check_readers(struct fixture *fixture, char text[512])
{
	const struct rst_check_options options = { .max_findings = 10,
		                                   .finding = hear_warning,
		                                   .arg = text };
	uint64_t n;

	text[0] = '\0';
	assert_int_equal(rst_check(fixture->env, &options, &n), RST_OK);
}

static void
a_killed_reader_is_cleared(void **state)
{
	struct fixture *fixture = *state;
	struct rst_env_info info;
	char text[512];
	struct other other;

	other_start(&other, "read", fixture->dir);
	other_await(&other);
	rst_env_clear_stale(fixture->env);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	/* its reader, and one of ours in rst_env_info() at times */
	assert_int_not_equal(info.readers_used, 0);
	assert_int_equal(info.readers_dead, 0);
	other_kill(&other);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_int_equal(info.readers_used, 1);
	assert_int_equal(info.readers_dead, 1);
	check_readers(fixture, text);
	assert_non_null(strstr(text, "processes that died"));
	rst_env_clear_stale(fixture->env);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_int_equal(info.readers_used, 0);
	check_readers(fixture, text);
	assert_string_equal(text, "");
}

static void
an_old_snapshot_is_told_of(void **state)
{
	struct fixture *fixture = *state;
	int64_t now_s = rst_monotonic_s();
	struct rst_env_info info;
	char text[512];
	struct other other;

	other_start(&other, "read", fixture->dir);
	other_await(&other);
	rst_env_clear_stale(fixture->env);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_int_equal(info.oldest_txn, info.last_txn);
	assert_int_equal(info.oldest_s, 0);
	/* a minute without writes: the snapshot is as new as any */
	rst_commit_note(fixture->env, info.last_txn, now_s - 200);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_int_equal(info.oldest_s, 0);
	/* and had somebody written 70 s ago, and then all the time */
	assert_int_equal(other_put_row(fixture->env, 1), RST_OK);
	for (int64_t ago_s = 70; ago_s > 59; ago_s--)
		rst_commit_note(fixture->env, info.last_txn + 1, now_s - ago_s);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_true(info.oldest_txn < info.last_txn);
	assert_in_range(info.oldest_s, 70, 72);
	check_readers(fixture, text);
	assert_non_null(strstr(text, "kept a snapshot for 7"));
	assert_int_equal(other_finish(&other), 0);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_int_equal(info.oldest_s, 0);
	check_readers(fixture, text);
	assert_string_equal(text, "");
}

static void
notes_of_commits_are_few_and_go_round(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 3 * RST_COMMIT_NOTES; i++)
		for (int k = 0; k < RST_COMMIT_NOTE_S; k++)
			rst_commit_note(fixture->env, 1000U + (uint64_t)i,
			                INT64_C(1) << 40 |
			                        (i * RST_COMMIT_NOTE_S + k));
	/* the first of those that are kept, and the one at a number */
	assert_int_equal(rst_commit_after(fixture->env, 1000),
	                 INT64_C(1) << 40 |
	                         2 * RST_COMMIT_NOTES * RST_COMMIT_NOTE_S);
	assert_int_equal(
		rst_commit_after(fixture->env, 999 + 3 * RST_COMMIT_NOTES - 1),
		INT64_C(1) << 40 |
			(3 * RST_COMMIT_NOTES - 1) * RST_COMMIT_NOTE_S);
	assert_int_equal(
		rst_commit_after(fixture->env, 1000 + 3 * RST_COMMIT_NOTES),
		INT64_MAX);
	/* a clock that was put back */
	rst_commit_note(fixture->env, 5000, 7);
	assert_int_equal(rst_commit_after(fixture->env, 4999), 7);
}

static void
a_full_reader_table_is_busy_until_its_holder_dies(void **state)
{
	struct fixture *fixture = *state;
	struct rst_env_options options = { .map_bytes = OTHER_MAP,
		                           .readers = OTHER_READERS,
		                           .create = true };
	struct rst_rtxn txn;
	struct other other;

	assert_int_equal(
		rst_env_open(fixture->dir, &options, &fixture->env, NULL),
		RST_OK);
	other_start(&other, "read-all", fixture->dir);
	other_await(&other);
	assert_int_equal(rst_read_begin(fixture->env, &txn), RST_EBUSY);
	rst_read_end(&txn);
	assert_int_equal(other_put_row(fixture->env, 1), RST_OK);
	other_kill(&other);
	assert_int_equal(rst_read_begin(fixture->env, &txn), RST_OK);
	rst_read_end(&txn);
}

static void
a_read_sees_its_snapshot_until_renewed(void **state)
{
	struct fixture *fixture = *state;
	struct rst_rtxn txn;
	struct rst_wtxn write;
	struct rst_view value;
	uint64_t number;

	fixture_read(fixture, &txn);
	number = rst_txn_number(&txn);
	fixture_write(fixture, &write);
	assert_int_equal(rst_setting_put(&write, "a", RST_VIEW("1")), RST_OK);
	fixture_commit(&write);
	assert_int_equal(rst_setting_get(&txn, "a", &value), RST_ENOTFOUND);
	assert_int_equal(rst_read_renew(&txn), RST_OK); /* not reset: stays */
	assert_int_equal(rst_txn_number(&txn), number);
	rst_read_reset(&txn);
	rst_read_reset(&txn);
	assert_int_equal(rst_read_renew(&txn), RST_OK);
	assert_int_equal(rst_txn_number(&txn), number + 1);
	assert_int_equal(rst_setting_get(&txn, "a", &value), RST_OK);
	assert_true(rst_view_equal(value, RST_VIEW("1")));
	rst_read_reset(&txn);
	rst_read_end(&txn);
	rst_read_end(&txn);
	assert_int_equal(rst_read_renew(&txn), RST_EINVALID);
	assert_int_equal(atomic_load(&fixture->env->live), 0);
}

static void
a_resized_map_is_taken_over_when_nothing_is_open(void **state)
{
	struct fixture *fixture = *state;
	struct rst_rtxn old, txn;
	struct rst_env_info info;

	fixture_open(fixture, OTHER_MAP);
	fixture_read(fixture, &old);
	assert_int_equal(other_run("resize", fixture->dir), 0);
	assert_int_equal(rst_read_begin(fixture->env, &txn), RST_EBUSY);
	assert_int_equal(other_put_row(fixture->env, 1), RST_EBUSY);
	rst_read_reset(&old);
	assert_int_equal(rst_read_renew(&old), RST_OK);
	rst_read_end(&old);
	fixture_read(fixture, &txn);
	assert_true(fixture_rows(&txn, RST_T_SESSION) > 1000);
	rst_read_end(&txn);
	assert_int_equal(other_put_row(fixture->env, 1), RST_OK);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_int_equal(info.map_bytes, 8 * OTHER_MAP);
}

static void
a_resized_map_is_no_hindrance_to_who_begins(void **state)
{
	struct fixture *fixture = *state;
	struct rst_rtxn txn;

	fixture_open(fixture, OTHER_MAP);
	assert_int_equal(other_run("resize", fixture->dir), 0);
	fixture_read(fixture, &txn);
	assert_true(fixture_rows(&txn, RST_T_SESSION) > 1000);
	rst_read_end(&txn);
}

/* ---- writers ---- */

static void
an_abort_undoes_and_a_commit_ends(void **state)
{
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	struct rst_view value;

	fixture_write(fixture, &txn);
	assert_int_equal(rst_setting_put(&txn, "a", RST_VIEW("1")), RST_OK);
	rst_write_abort(&txn);
	rst_write_abort(&txn);
	assert_int_equal(rst_write_commit(&txn), RST_EINVALID);
	fixture_write(fixture, &txn);
	assert_int_equal(rst_setting_get(&txn.r, "a", &value), RST_ENOTFOUND);
	assert_int_equal(rst_setting_put(&txn, "a", RST_VIEW("2")), RST_OK);
	fixture_commit(&txn);
	rst_write_abort(&txn);
	fixture_read(fixture, &txn.r);
	assert_int_equal(rst_setting_get(&txn.r, "a", &value), RST_OK);
	assert_true(rst_view_equal(value, RST_VIEW("2")));
	rst_read_end(&txn.r);
}

static void
a_held_writer_lock_is_busy_after_two_seconds(void **state)
{
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	struct other other;
	struct rst_rtxn read;
	int64_t begin, took;

	other_start(&other, "write", fixture->dir);
	other_await(&other);
	fixture_read(fixture, &read); /* reads do not wait */
	rst_read_end(&read);
	begin = now_ms();
	assert_int_equal(
		rst_write_begin(fixture->env, RST_WRITE_ORDINARY, &txn),
		RST_EBUSY);
	took = now_ms() - begin;
	rst_write_abort(&txn);
	assert_in_range(took, RST_WRITER_WAIT_MS - 50,
	                RST_WRITER_WAIT_MS + 2000);
	other_kill(&other);
}

static void
the_lock_of_a_killed_writer_is_recovered(void **state)
{
	struct fixture *fixture = *state;
	struct rst_view value;
	struct rst_wtxn txn;
	struct other other;

	for (int i = 0; i < 3; i++) {
		other_start(&other, "write", fixture->dir);
		other_await(&other);
		other_kill(&other);
		fixture_write(fixture, &txn);
		assert_int_equal(rst_setting_get(&txn.r, "unfinished", &value),
		                 RST_ENOTFOUND);
		fixture_commit(&txn);
	}
}

static bool
never(void *arg)
{
	++*(int *)arg;
	return false;
}

struct polled {
	struct other other;
	int n;
};

static bool
let_go_at_the_third(void *arg)
{
	struct polled *polled = arg;

	if (++polled->n == 3)
		close(polled->other.in);
	return true;
}

static void
a_polled_wait_is_the_callers(void **state)
{
	struct fixture *fixture = *state;
	struct polled polled = { .n = 0 };
	struct rst_wtxn txn;
	int64_t begin, status;
	int n = 0, wait_status;

	other_start(&polled.other, "write", fixture->dir);
	other_await(&polled.other);
	begin = now_ms();
	assert_int_equal(rst_write_begin_polled(fixture->env,
	                                        RST_WRITE_ORDINARY, never, &n,
	                                        &txn),
	                 RST_EBUSY);
	assert_in_range(now_ms() - begin, 0, 1000);
	assert_int_equal(n, 1);
	status = rst_write_begin_polled(fixture->env, RST_WRITE_ORDINARY,
	                                let_go_at_the_third, &polled, &txn);
	assert_int_equal(status, RST_OK);
	assert_true(polled.n >= 3);
	rst_write_abort(&txn);
	assert_int_equal(waitpid(polled.other.pid, &wait_status, 0),
	                 polled.other.pid);
	close(polled.other.out);
}

static void
a_kill_loses_nothing_that_was_acknowledged(void **state)
{
	struct fixture *fixture = *state;
	uint64_t n, acknowledged = 0;
	struct rst_rtxn txn;
	struct other other;
	char number[8];

	srandom(7);
	for (int round = 0; round < 30; round++) {
		int acks = (int)(random() % 20) + 1;

		other_start(&other, "count-up", fixture->dir);
		for (int i = 0; i < acks; i++) {
			assert_int_equal(read(other.out, number, 8), 8);
			acknowledged = rst_get_be64(number);
		}
		assert_int_equal(kill(other.pid, SIGKILL), 0);
		while (read(other.out, number, 8) == 8)
			acknowledged = rst_get_be64(number);
		(void)other_finish(&other);
		rst_env_clear_stale(fixture->env);
		fixture_read(fixture, &txn);
		assert_int_equal(rst_meta_number(&txn, "test", &n), RST_OK);
		/* the last may be on disk and not yet said */
		assert_in_range(n, acknowledged, acknowledged + 1);
		assert_int_equal(fixture_rows(&txn, RST_T_OUTBOX), n);
		rst_read_end(&txn);
	}
}

/* ---- room ---- */

static enum rst_err
drop_row(struct rst_env *env, uint32_t n)
{
	struct rst_wtxn txn;
	enum rst_err err;
	char key[4];

	rst_put_be32(key, n);
	err = rst_write_begin(env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = rst_db_drop(&txn, RST_T_SESSION, rst_view(key, 4));
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	return err;
}

static void
a_full_map_refuses_writes_but_not_deletes(void **state)
{
	struct fixture *fixture = *state;
	struct rst_env_info info;
	enum rst_err err = RST_OK;
	struct rst_rtxn txn;
	uint32_t n = 0;

	fixture_open(fixture, OTHER_MAP);
	while (err == RST_OK && n < 10000)
		err = other_put_row(fixture->env, n++);
	assert_int_equal(err, RST_EFULL);
	n--;
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	/* in so small a map half of it is kept for deletes */
	assert_in_range(info.used_bytes, OTHER_MAP * 49 / 100,
	                OTHER_MAP * 55 / 100);
	fixture_read(fixture, &txn);
	assert_int_equal(fixture_rows(&txn, RST_T_SESSION), n);
	rst_read_end(&txn);
	/* every delete passes, from the fullest on */
	for (uint32_t i = 0; i < n / 2; i++)
		assert_int_equal(drop_row(fixture->env, i), RST_OK);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_in_range(info.used_bytes, 1, OTHER_MAP * 40 / 100);
	for (uint32_t i = 0; i < n / 4; i++)
		assert_int_equal(other_put_row(fixture->env, i), RST_OK);
}

static void
a_transaction_that_outgrows_the_map_leaves_no_trace(void **state)
{
	struct fixture *fixture = *state;
	static char value[64 * 1024];
	struct rst_wtxn txn;
	struct rst_rtxn read;
	enum rst_err err = RST_OK;
	char key[4];

	fixture_open(fixture, OTHER_MAP);
	fixture_write(fixture, &txn);
	for (uint32_t i = 0; err == RST_OK && i < 100; i++) {
		rst_put_be32(key, i);
		err = rst_db_put(&txn, RST_T_SESSION, rst_view(key, 4),
		                 rst_view(value, sizeof(value)), true);
	}
	assert_int_equal(err, RST_EFULL);
	rst_write_abort(&txn);
	fixture_read(fixture, &read);
	assert_int_equal(fixture_rows(&read, RST_T_SESSION), 0);
	rst_read_end(&read);
	assert_int_equal(other_put_row(fixture->env, 1), RST_OK);
}

static void
a_full_disk_refuses_writes_and_keeps_what_it_has(void **state)
{
	struct fixture *fixture = *state;
	int status = other_run("fill-disk", fixture->dir);

	if (status == OTHER_SKIPS)
		skip();
	assert_int_equal(status, 0);
}

/* ---- settings ---- */

static void
settings_are_kept_within_their_limits(void **state)
{
	static const char long_value[4097];
	struct fixture *fixture = *state;
	struct rst_view value;
	struct rst_wtxn txn;
	char name[66];

	memset(name, 'n', 65);
	name[65] = '\0';
	fixture_write(fixture, &txn);
	assert_int_equal(rst_setting_put(&txn, name, RST_VIEW("x")),
	                 RST_EINVALID);
	name[64] = '\0';
	assert_int_equal(rst_setting_put(&txn, name, RST_VIEW("x")), RST_OK);
	assert_int_equal(rst_setting_put(&txn, "", RST_VIEW("x")),
	                 RST_EINVALID);
	assert_int_equal(rst_setting_put(&txn, "v", rst_view(long_value, 4097)),
	                 RST_EINVALID);
	assert_int_equal(rst_setting_put(&txn, "v", rst_view(long_value, 4096)),
	                 RST_OK);
	assert_int_equal(rst_setting_get(&txn.r, "v", &value), RST_OK);
	assert_int_equal(value.len, 4096);
	assert_int_equal(rst_setting_put(&txn, "v", RST_VIEW("")), RST_OK);
	assert_int_equal(rst_setting_get(&txn.r, "v", &value), RST_ENOTFOUND);
	assert_int_equal(rst_setting_put(&txn, "v", RST_VIEW("")), RST_OK);
	/* the store's own rows are no settings */
	assert_int_equal(rst_setting_get(&txn.r, "format", &value),
	                 RST_ENOTFOUND);
	rst_write_abort(&txn);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_killed_reader_is_cleared),
		FIXTURE_TEST(an_old_snapshot_is_told_of),
		FIXTURE_TEST(notes_of_commits_are_few_and_go_round),
		FIXTURE_DIR_TEST(
			a_full_reader_table_is_busy_until_its_holder_dies),
		FIXTURE_TEST(a_read_sees_its_snapshot_until_renewed),
		FIXTURE_DIR_TEST(
			a_resized_map_is_taken_over_when_nothing_is_open),
		FIXTURE_DIR_TEST(a_resized_map_is_no_hindrance_to_who_begins),
		FIXTURE_TEST(an_abort_undoes_and_a_commit_ends),
		FIXTURE_TEST(a_held_writer_lock_is_busy_after_two_seconds),
		FIXTURE_TEST(the_lock_of_a_killed_writer_is_recovered),
		FIXTURE_TEST(a_polled_wait_is_the_callers),
		FIXTURE_TEST(a_kill_loses_nothing_that_was_acknowledged),
		FIXTURE_DIR_TEST(a_full_map_refuses_writes_but_not_deletes),
		FIXTURE_DIR_TEST(
			a_transaction_that_outgrows_the_map_leaves_no_trace),
		FIXTURE_DIR_TEST(
			a_full_disk_refuses_writes_and_keeps_what_it_has),
		FIXTURE_TEST(settings_are_kept_within_their_limits),
	};

	if (argc == 3)
		return other_main(argv[1], argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
