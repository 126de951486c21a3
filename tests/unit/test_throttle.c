/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_throttle.c - the table of failures, its file and its processes */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lifecycle/throttle.h"
#include "tests/unit/fixture.h"

#define NOW   1800000000U
#define MANY  100000 /* more than there are rows */
#define KILLS 20

static struct throttle *
table_of(struct fixture *fixture)
{
	struct throttle *throttle = throttle_of(fixture->env);

	assert_non_null(throttle);
	return throttle;
}

/* As another process, or the next start, would. */
static void
reopen(struct fixture *fixture)
{
	rst_env_close(fixture->env);
	fixture_open(fixture, FIXTURE_MAP_BYTES);
}

static throttle_key
source(const struct throttle *throttle, const char *address)
{
	return throttle_source(throttle, rst_view_of(address));
}

static void
an_address_is_its_network(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} row[] = {
		{ "192.0.2.1:1", "192.0.2.1:65535", true },
		{ "192.0.2.1", "192.0.2.1:1", true },
		{ "192.0.2.1:1", "192.0.2.2:1", false },
		{ "[::ffff:192.0.2.1]:1", "192.0.2.1:1", true },
		{ "[2001:db8::1]:1", "[2001:db8::ffff:2]:2", true },
		{ "2001:db8::1", "[2001:db8::2]:2", true },
		{ "[2001:db8::1]:1", "[2001:db8:0:1::1]:1", false },
		{ "[fe80::1%lo]:1", "[fe80::2]:1", true },
		{ "[::1]:1", "127.0.0.1:1", false },
	};
	static const char *const local[] = { "",      "ldapi", "unix", "[",
		                             "[::1",  "1.2.3", ":",    "]:1",
		                             "a.b:1", "[]:1" };
	struct throttle *throttle = table_of(*state);
	char longest[400];

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_true(source(throttle, row[i].a) != 0);
		assert_true(source(throttle, row[i].b) != 0);
		if ((source(throttle, row[i].a) ==
		     source(throttle, row[i].b)) != row[i].same)
			fail_msg("%s, %s", row[i].a, row[i].b);
	}
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (source(throttle, local[i]) != 0)
			fail_msg("%s", local[i]);
	memset(longest, '1', sizeof(longest));
	assert_true(throttle_source(throttle,
	                            rst_view(longest, sizeof(longest))) == 0);
}

static void
keys_and_checksums_tell_apart(void **state)
{
	struct throttle *throttle = table_of(*state);
	throttle_key one = throttle_account(throttle, 1, RST_VIEW("x"));
	throttle_key two = throttle_account(throttle, 2, RST_VIEW("x"));
	char longest[5000];

	memset(longest, 'x', sizeof(longest));
	assert_true(one != two);
	/* an entry is known by its number, whatever it was called */
	assert_true(one == throttle_account(throttle, 1, RST_VIEW("y")));
	assert_true(throttle_account(throttle, 0, RST_VIEW("x")) !=
	            throttle_account(throttle, 0, RST_VIEW("y")));
	assert_true(throttle_pair(throttle, one, 7) !=
	            throttle_pair(throttle, one, 0));
	assert_true(throttle_check(throttle, one, RST_VIEW("a")) !=
	            throttle_check(throttle, one, RST_VIEW("b")));
	assert_true(throttle_check(throttle, one, RST_VIEW("a")) !=
	            throttle_check(throttle, two, RST_VIEW("a")));
	/* no more is read than a password may have */
	(void)throttle_check(throttle, one, rst_view(longest, 5000));
	(void)throttle_account(throttle, 0, rst_view(longest, 5000));
}

static void
nobodys_key_holds_nothing(void **state)
{
	struct throttle *throttle = table_of(*state);
	struct throttle_state known;

	throttle_fail(throttle, 0, 1, NOW);
	assert_false(throttle_lock(throttle, 0, NOW));
	throttle_recorded(throttle, 0, NOW);
	throttle_success(throttle, 0, NOW);
	throttle_clear(throttle, 0);
	throttle_get(throttle, 0, &known);
	assert_int_equal(known.newest_s, 0);
	throttle_get(throttle, 42, &known);
	assert_int_equal(known.newest_s, 0);
}

static void
one_of_all_locks(void **state)
{
	struct throttle *throttle = table_of(*state);
	struct throttle_state known;

	assert_true(throttle_lock(throttle, 5, NOW));
	assert_false(throttle_lock(throttle, 5, NOW + 1));
	throttle_get(throttle, 5, &known);
	assert_int_equal(known.locked_s, NOW);
	assert_int_equal(known.recorded_s, 0);
	throttle_recorded(throttle, 5, NOW);
	throttle_get(throttle, 5, &known);
	assert_int_equal(known.recorded_s, NOW);
	throttle_clear(throttle, 5);
	throttle_get(throttle, 5, &known);
	assert_int_equal(known.locked_s, 0);
	assert_true(throttle_lock(throttle, 5, NOW + 2));
}

static void
failures_in_a_row_are_counted(void **state)
{
	struct throttle *throttle = table_of(*state);
	struct throttle_state known;

	for (uint32_t i = 1; i <= 3 * RULE_FAILURES_MAX; i++) {
		/* an hour apart, each password twice */
		throttle_fail(throttle, 5, i, NOW + i * 3600);
		throttle_fail(throttle, 5, i, NOW + i * 3600 + 1);
		throttle_get(throttle, 5, &known);
		assert_int_equal(known.in_a_row, i);
	}
	throttle_clear(throttle, 5);
	throttle_get(throttle, 5, &known);
	assert_int_equal(known.in_a_row, 0);
	throttle_fail(throttle, 5, 1, NOW);
	throttle_get(throttle, 5, &known);
	assert_int_equal(known.in_a_row, 1);
}

static void
a_full_table_forgets_the_oldest(void **state)
{
	struct throttle *throttle = table_of(*state);
	struct throttle_state known;
	uint32_t remembered = 0;
	throttle_key key;

	for (uint32_t i = 1; i <= MANY; i++) {
		key = throttle_account(throttle, i, RST_VIEW(""));
		throttle_fail(throttle, key, 1, NOW + i);
		throttle_get(throttle, key, &known);
		assert_int_equal(known.newest_s, NOW + i);
	}
	for (uint32_t i = MANY - 9999; i <= MANY; i++) {
		key = throttle_account(throttle, i, RST_VIEW(""));
		throttle_get(throttle, key, &known);
		remembered += known.newest_s == NOW + i;
	}
	/* nearly all of the last 10,000 */
	assert_true(remembered > 9900);
}

static void
run_child(struct fixture *fixture, void (*work)(struct throttle *throttle))
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		work(throttle_of(fixture->env));
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void
fail_once(struct throttle *throttle)
{
	throttle_fail(throttle, 7, 1, NOW);
}

static void
a_failure_is_seen_by_every_process(void **state)
{
	struct fixture *fixture = *state;
	struct throttle *throttle = table_of(fixture);
	struct throttle_state known;
	struct stat st;
	char path[300];

	run_child(fixture, fail_once);
	throttle_get(throttle, 7, &known);
	assert_int_equal(known.newest_s, NOW);
	/* and by the next */
	snprintf(path, sizeof(path), "%s/throttle", fixture->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	reopen(fixture);
	throttle_get(table_of(fixture), 7, &known);
	assert_int_equal(known.newest_s, NOW);
}

static void
report(struct throttle *throttle, enum throttle_event event, uint64_t id,
       uint32_t now_s)
{
	throttle_report_add(throttle,
	                    &(struct throttle_report){
				    .event = event,
				    .door = 1,
				    .id = id,
				    .count = 1,
				    .address = "192.0.2.1:1",
			    },
	                    now_s);
}

static void
fail_for_ever(struct throttle *throttle)
{
	static struct throttle_report reports[THROTTLE_REPORTS];
	struct throttle_omitted omitted;

	for (uint32_t i = 1;; i++) {
		throttle_key key = i % 500 + 1;

		throttle_fail(throttle, key, i, NOW + i % 100);
		(void)throttle_lock(throttle, key, NOW);
		throttle_clear(throttle, key);
		report(throttle, i % 3, key, NOW);
		if (i % 100 == 0)
			(void)throttle_report_take(throttle, NOW, true, reports,
			                           &omitted);
	}
}

static void
a_killed_process_leaves_a_table_that_works(void **state)
{
	struct throttle *throttle = table_of(*state);
	static struct throttle_report reports[THROTTLE_REPORTS];
	struct throttle_state known;
	struct throttle_omitted omitted;
	size_t n;

	for (int i = 0; i < KILLS; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			fail_for_ever(throttle);
		usleep((useconds_t)(500 + 700 * i));
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
	}
	for (throttle_key key = 1; key <= 500; key++) {
		throttle_clear(throttle, key);
		throttle_fail(throttle, key, 1, NOW + 200);
		assert_true(throttle_lock(throttle, key, NOW + 200));
		throttle_get(throttle, key, &known);
		assert_int_equal(known.newest_s, NOW + 200);
	}
	/* half-made reports are not in the way for ever */
	(void)throttle_report_take(throttle, NOW, true, reports, &omitted);
	(void)throttle_report_take(throttle, NOW + THROTTLE_QUIET_S, true,
	                           reports, &omitted);
	(void)throttle_report_take(throttle, NOW, true, reports, &omitted);
	report(throttle, THROTTLE_WRONG, 9, NOW);
	n = throttle_report_take(throttle, NOW, true, reports, &omitted);
	assert_int_equal(n, 1);
	assert_int_equal(reports[0].id, 9);
	assert_int_equal(reports[0].count, 1);
	assert_string_equal(reports[0].address, "192.0.2.1");
}

static void
a_spoilt_file_is_made_anew(void **state)
{
	struct fixture *fixture = *state;
	struct throttle_state known;
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "%s/throttle", fixture->dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("not a table", file);
	fclose(file);
	throttle_fail(table_of(fixture), 7, 1, NOW);
	reopen(fixture);
	throttle_get(table_of(fixture), 7, &known);
	assert_int_equal(known.newest_s, NOW);
}

static void
where_no_file_can_be_it_works_for_itself(void **state)
{
	struct fixture *fixture = *state;
	struct throttle_state known;
	char path[300];

	snprintf(path, sizeof(path), "%s/throttle", fixture->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	throttle_fail(table_of(fixture), 7, 1, NOW);
	throttle_get(table_of(fixture), 7, &known);
	assert_int_equal(known.newest_s, NOW);
	assert_int_equal(rmdir(path), 0);
}

static void
put_setting(struct fixture *fixture, const char *value)
{
	struct rst_wtxn txn;

	assert_int_equal(
		rst_write_begin(fixture->env, RST_WRITE_ORDINARY, &txn),
		RST_OK);
	assert_int_equal(
		rst_setting_put(&txn, "runtime-directory", rst_view_of(value)),
		RST_OK);
	assert_int_equal(rst_write_commit(&txn), RST_OK);
}

static void
it_goes_where_the_environment_says_if_that_is_safe(void **state)
{
	struct fixture *fixture = *state;
	char dir[300], own[400];
	struct stat st;

	snprintf(dir, sizeof(dir), "%s/run", fixture->dir);
	snprintf(own, sizeof(own), "%s/throttle", fixture->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	put_setting(fixture, dir);
	assert_int_equal(chmod(dir, 02777), 0); /* anybody's */
	throttle_fail(table_of(fixture), 7, 1, NOW);
	assert_int_equal(stat(own, &st), 0);
	assert_int_equal(unlink(own), 0);

	reopen(fixture);
	assert_int_equal(chmod(dir, 02770), 0);
	throttle_fail(table_of(fixture), 7, 1, NOW);
	assert_int_not_equal(stat(own, &st), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(an_address_is_its_network),
		FIXTURE_TEST(keys_and_checksums_tell_apart),
		FIXTURE_TEST(nobodys_key_holds_nothing),
		FIXTURE_TEST(one_of_all_locks),
		FIXTURE_TEST(failures_in_a_row_are_counted),
		FIXTURE_TEST(a_full_table_forgets_the_oldest),
		FIXTURE_TEST(a_failure_is_seen_by_every_process),
		FIXTURE_TEST(a_killed_process_leaves_a_table_that_works),
		FIXTURE_TEST(a_spoilt_file_is_made_anew),
		FIXTURE_TEST(where_no_file_can_be_it_works_for_itself),
		FIXTURE_TEST(
			it_goes_where_the_environment_says_if_that_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
