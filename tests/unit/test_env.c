/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_env.c - store/env.h: opening and closing, with others about */
#include "tests/unit/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/env_priv.h"
#include "tests/unit/other.h"

static void
path_in(const struct fixture *fixture, const char *name, char path[256])
{
	snprintf(path, 256, "%s/%s", fixture->dir, name);
}

static void
write_at(const struct fixture *fixture, const char *name, off_t at,
         const char *text)
{
	char path[256];
	int fd;

	path_in(fixture, name, path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	assert_int_equal(pwrite(fd, text, strlen(text), at), strlen(text));
	close(fd);
}

static void
unlink_in(const struct fixture *fixture, const char *name)
{
	char path[256];

	path_in(fixture, name, path);
	assert_int_equal(unlink(path), 0);
}

static void
close_env(struct fixture *fixture)
{
	rst_env_close(fixture->env);
	fixture->env = NULL;
}

static enum rst_err
open_env(struct fixture *fixture, bool create, struct rst_detail *detail)
{
	struct rst_env_options options = { .map_bytes = OTHER_MAP,
		                           .create = create };

	return rst_env_open(fixture->dir, &options, &fixture->env, detail);
}

/* ---- opening ---- */

static void
only_sound_versions_of_lmdb_are_used(void **state)
{
	static const struct {
		int major, minor, patch;
		bool refused;
	} row[] = {
		{ 0, 9, 24, false }, { 0, 9, 25, false }, { 0, 9, 26, true },
		{ 0, 9, 29, true },  { 0, 9, 31, true },  { 0, 9, 32, false },
		{ 0, 9, 33, false }, { 1, 0, 0, true },   { 0, 8, 24, true },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (rst_lmdb_is_refused(row[i].major, row[i].minor,
		                        row[i].patch) != row[i].refused)
			fail_msg("%d.%d.%d", row[i].major, row[i].minor,
			         row[i].patch);
	snprintf(text, sizeof(text), "%d.%d.%d", MDB_VERSION_MAJOR,
	         MDB_VERSION_MINOR, MDB_VERSION_PATCH);
	assert_string_equal(rst_lmdb_version(), text);
}

static void
network_file_systems_are_refused(void **state)
{
	static const struct {
		long type;
		bool refused;
	} row[] = {
		{ 0x6969, true },      { 0x517b, true },
		{ 0xff534d42, true },  { 0xfe534d42, true },
		{ 0x01021997, true },  { 0x65735546, true },
		{ 0xef53, false },     { 0x01021994, false }, /* ext4, tmpfs */
		{ 0x58465342, false }, { 0x794c7630, false }, /* xfs, overlay */
		{ 0x9123683e, false },                        /* btrfs */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (rst_place_is_refused(row[i].type) != row[i].refused)
			fail_msg("0x%lx", row[i].type);
	/* statfs gives a signed number on some machines */
	assert_true(rst_place_is_refused((long)(int32_t)0xff534d42));
}

static void
no_table_has_duplicates(void **state)
{
	struct fixture *fixture = *state;
	struct rst_rtxn txn;
	unsigned int flags;

	fixture_read(fixture, &txn);
	for (int i = 0; i < RST_T_COUNT; i++) {
		assert_int_equal(mdb_dbi_flags(rst_txn(&txn),
		                               fixture->env->dbi[i], &flags),
		                 0);
		assert_int_equal(flags, 0);
	}
	assert_int_equal(mdb_env_get_flags(fixture->env->mdb, &flags), 0);
	assert_int_equal(flags, MDB_NOTLS);
	rst_read_end(&txn);
}

static void
what_is_not_there_is_said(void **state)
{
	struct fixture *fixture = *state;
	struct rst_env_options options = { .map_bytes = RST_MAP_BYTES_MIN - 1,
		                           .create = true };
	struct rst_detail detail = { "" };
	char path[256];

	assert_int_equal(open_env(fixture, false, &detail), RST_ENOTFOUND);
	assert_non_null(strstr(detail.text, "rosterctl init"));
	path_in(fixture, "absent", path);
	assert_int_equal(rst_env_open(path, NULL, &fixture->env, &detail),
	                 RST_ENOTFOUND);
	assert_non_null(strstr(detail.text, "absent"));
	assert_int_equal(rst_env_open("/dev/null", NULL, &fixture->env, NULL),
	                 RST_EINVALID);
	assert_int_equal(
		rst_env_open(fixture->dir, &options, &fixture->env, &detail),
		RST_EINVALID);
	assert_null(fixture->env);
	/* nothing of it was made */
	assert_int_equal(rmdir(fixture->dir), 0);
	assert_int_equal(mkdir(fixture->dir, 0700), 0);
}

static void
a_lost_or_short_key_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct rst_detail detail = { "" };
	char path[256];

	close_env(fixture);
	path_in(fixture, "secret.key", path);
	assert_int_equal(truncate(path, 31), 0);
	assert_int_equal(open_env(fixture, true, &detail), RST_ESTATE);
	assert_non_null(strstr(detail.text, "secret.key"));
	unlink_in(fixture, "secret.key");
	assert_int_equal(open_env(fixture, true, &detail), RST_ESTATE);
	assert_non_null(strstr(detail.text, "backup"));
}

static void
a_format_of_the_future_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct rst_detail detail = { "" };
	struct rst_wtxn txn;

	fixture_write(fixture, &txn);
	assert_int_equal(rst_meta_set_number(&txn, "format", RST_FORMAT + 1),
	                 RST_OK);
	fixture_commit(&txn);
	close_env(fixture);
	assert_int_equal(open_env(fixture, true, &detail), RST_ESTATE);
	assert_non_null(strstr(detail.text, "format"));
}

/* A bit of a key may flip as well: "suffix" and "Suffix" are one bit apart. */
static void
a_row_under_another_key_does_not_add_up(void **state)
{
	struct fixture *fixture = *state;
	struct rst_view value = { NULL, 0 };
	struct rst_wtxn txn;
	char *copy;

	fixture_write(fixture, &txn);
	assert_int_equal(rst_meta_put(&txn, RST_VIEW("a"), RST_VIEW("b")),
	                 RST_OK);
	assert_int_equal(rst_db_get(&txn.r, RST_T_META, RST_VIEW("a"), &value),
	                 RST_OK);
	copy = rst_view_dup(value);
	assert_non_null(copy);
	assert_int_equal(rst_db_put(&txn, RST_T_META, RST_VIEW("A"),
	                            rst_view(copy, value.len), false),
	                 RST_OK);
	assert_int_equal(rst_meta_get(&txn.r, RST_VIEW("a"), &value), RST_OK);
	assert_true(rst_view_equal(value, RST_VIEW("b")));
	assert_int_equal(rst_meta_get(&txn.r, RST_VIEW("A"), &value),
	                 RST_ECORRUPT);
	free(copy);
	rst_write_abort(&txn);
}

static void
a_file_that_is_no_database_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct rst_detail detail = { "" };
	char path[256];
	int fd;

	close_env(fixture);
	path_in(fixture, "data.mdb", path);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_int_equal(write(fd, path, sizeof(path)), sizeof(path));
	close(fd);
	assert_int_equal(open_env(fixture, true, &detail), RST_ECORRUPT);
	assert_non_null(strstr(detail.text, "data.mdb"));
}

static void
files_are_the_groups_whatever_the_umask(void **state)
{
	static const char *const names[] = { "data.mdb",   "lock.mdb",
		                             "stamp",      "writer.lock",
		                             "secret.key", "hash.lock" };
	struct fixture *fixture = *state;
	mode_t old = umask(0077);
	struct stat st;
	char path[256];

	fixture_open(fixture, FIXTURE_MAP_BYTES);
	umask(old);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path_in(fixture, names[i], path);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0660);
	}
	path_in(fixture, "secret.key", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 32);
}

static void
nothing_is_open_across_an_exec(void **state)
{
	struct fixture *fixture = *state;
	struct dirent *entry;
	char path[300], target[300];
	unsigned int seen = 0;
	DIR *dir = opendir("/proc/self/fd");

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (strstr(target, fixture->dir) == NULL)
			continue;
		seen++;
		if (!(fcntl((int)strtol(entry->d_name, NULL, 10), F_GETFD) &
		      FD_CLOEXEC))
			fail_msg("%s", target);
	}
	closedir(dir);
	assert_in_range(seen, 3, 20); /* LMDB's three at least */
}

static void
the_map_is_fixed_when_it_is_made(void **state)
{
	struct fixture *fixture = *state;
	struct rst_env_options options = { .map_bytes = 2 * OTHER_MAP,
		                           .readers = 100,
		                           .create = true };
	struct rst_env_info info;

	assert_int_equal(
		rst_env_open(fixture->dir, &options, &fixture->env, NULL),
		RST_OK);
	close_env(fixture);
	options.map_bytes = 32 * OTHER_MAP;
	options.readers = 500;
	assert_int_equal(
		rst_env_open(fixture->dir, &options, &fixture->env, NULL),
		RST_OK);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_int_equal(info.map_bytes, 2 * OTHER_MAP);
	assert_int_equal(info.readers_max, 100);
	assert_int_equal(info.entries, 0);
	assert_in_range(info.used_bytes, 1, OTHER_MAP);
}

/* The size that an open of the fixture's directory finds. */
static uint64_t
map_bytes(struct fixture *fixture)
{
	struct rst_env_info info = { 0 };
	struct rst_env *env;

	assert_int_equal(rst_env_open(fixture->dir, NULL, &env, NULL), RST_OK);
	assert_int_equal(rst_env_info(env, &info), RST_OK);
	rst_env_close(env);
	return info.map_bytes;
}

static enum rst_err
grow(struct fixture *fixture, uint64_t bytes, bool dry_run,
     struct rst_detail *detail)
{
	const struct rst_env_options options = { .grow_bytes = bytes,
		                                 .dry_run = dry_run };
	struct rst_env *env = NULL;
	enum rst_err err;

	err = rst_env_open(fixture->dir, &options, &env, detail);
	rst_env_close(env);
	return err;
}

static void
a_map_grows_when_nobody_has_it_open(void **state)
{
	struct fixture *fixture = *state;
	struct rst_detail detail = { "" };
	struct rst_env_info info;
	struct other other;

	assert_int_equal(open_env(fixture, true, NULL), RST_OK);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_int_equal(info.map_bytes, OTHER_MAP);
	assert_true(info.ordinary_bytes < info.map_bytes);
	assert_int_equal(grow(fixture, 8 * OTHER_MAP, false, &detail),
	                 RST_ESTATE);
	assert_non_null(strstr(detail.text, "this process"));
	close_env(fixture);

	other_start(&other, "read", fixture->dir);
	other_await(&other);
	for (int dry_run = 0; dry_run <= 1; dry_run++) {
		assert_int_equal(
			grow(fixture, 8 * OTHER_MAP, dry_run == 1, &detail),
			RST_ESTATE);
		assert_non_null(strstr(detail.text, "stop slapd and rosterd"));
	}
	assert_int_equal(map_bytes(fixture), OTHER_MAP);
	assert_int_equal(other_finish(&other), 0);

	assert_int_equal(grow(fixture, 8 * OTHER_MAP, true, &detail), RST_OK);
	assert_int_equal(map_bytes(fixture), OTHER_MAP);
	/* to whole pages */
	assert_int_equal(grow(fixture, 8 * OTHER_MAP - 1, false, &detail),
	                 RST_OK);
	assert_int_equal(map_bytes(fixture), 8 * OTHER_MAP);
	assert_int_equal(grow(fixture, 8 * OTHER_MAP, false, &detail),
	                 RST_EINVALID);
	assert_non_null(strstr(detail.text, "only grows"));
	assert_int_equal(grow(fixture, OTHER_MAP, true, &detail), RST_EINVALID);
	assert_int_equal(grow(fixture, UINT64_MAX, false, &detail),
	                 RST_EINVALID);
}

/* Both of LMDB's meta pages come round, and others write what is new. */
static void
a_grown_map_stays_grown_and_takes_more(void **state)
{
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	uint32_t n = 0;
	enum rst_err err;

	assert_int_equal(open_env(fixture, true, NULL), RST_OK);
	while ((err = other_put_row(fixture->env, n)) == RST_OK)
		n++;
	assert_int_equal(err, RST_EFULL);
	close_env(fixture);
	assert_int_equal(grow(fixture, 4 * OTHER_MAP, false, NULL), RST_OK);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(map_bytes(fixture), 4 * OTHER_MAP);
		assert_int_equal(open_env(fixture, false, NULL), RST_OK);
		fixture_write(fixture, &txn);
		assert_int_equal(rst_setting_put(&txn, "x", RST_VIEW("y")),
		                 RST_OK);
		fixture_commit(&txn);
		assert_int_equal(other_put_row(fixture->env, ++n), RST_OK);
		close_env(fixture);
	}
}

static void
an_unfinished_making_is_begun_anew(void **state)
{
	static const char *const left[] = { "data.mdb", "data.mdb.new" };
	struct fixture *fixture = *state;
	char path[256];
	int fd;

	/* what a kill in the middle leaves, and an older version's nothing */
	close_env(fixture);
	for (size_t i = 0; i < 2; i++) {
		path_in(fixture, left[i], path);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (i == 1)
			assert_int_equal(write(fd, path, 5), 5);
		close(fd);
	}
	assert_int_equal(open_env(fixture, false, NULL), RST_ENOTFOUND);
	assert_int_equal(open_env(fixture, true, NULL), RST_OK);
	path_in(fixture, left[1], path);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(other_put_row(fixture->env, 1), RST_OK);
}

static void
another_programs_database_is_left_alone(void **state)
{
	struct fixture *fixture = *state;
	struct rst_detail detail = { "" };
	MDB_env *mdb;

	close_env(fixture);
	unlink_in(fixture, "data.mdb");
	assert_int_equal(mdb_env_create(&mdb), 0);
	assert_int_equal(mdb_env_set_mapsize(mdb, OTHER_MAP), 0);
	assert_int_equal(mdb_env_open(mdb, fixture->dir, 0, 0660), 0);
	mdb_env_close(mdb);
	assert_int_equal(open_env(fixture, false, NULL), RST_ENOTFOUND);
	assert_int_equal(open_env(fixture, true, &detail), RST_ENOTFOUND);
	assert_non_null(strstr(detail.text, "no environment of Roster"));
}

static void
a_second_open_is_the_same_environment(void **state)
{
	struct fixture *fixture = *state;
	struct rst_env *second = NULL;
	struct rst_rtxn txn;
	char link[160];

	snprintf(link, sizeof(link), "%s.link", fixture->dir);
	assert_int_equal(symlink(fixture->dir, link), 0);
	fixture_read(fixture, &txn);
	assert_int_equal(rst_env_open(link, NULL, &second, NULL), RST_OK);
	assert_ptr_equal(second, fixture->env);
	rst_env_close(second);
	unlink(link);
	/* LMDB's locks are still there: a newcomer does not think itself
	 * alone and does not reset the reader table (hazard F4) */
	assert_int_equal(other_run("count", fixture->dir), 1);
	assert_int_equal(rst_txn_number(&txn) > 0, 1);
	rst_read_end(&txn);
	assert_string_equal(rst_env_dir(fixture->env), fixture->dir);
}

static void
assert_ran(int status)
{
	if (status == OTHER_SKIPS)
		skip();
	assert_int_equal(status, 0);
}

static void
another_user_of_the_group_may_write(void **state)
{
	struct fixture *fixture = *state;
	struct stat st;

	if (geteuid() != 0)
		skip();
	close_env(fixture);
	assert_int_equal(stat(fixture->dir, &st), 0);
	if (chown(fixture->dir, 0, 23456) != 0)
		skip();
	assert_int_equal(chmod(fixture->dir, 0770), 0);
	unlink_in(fixture, "data.mdb");
	unlink_in(fixture, "lock.mdb");
	unlink_in(fixture, "stamp");
	unlink_in(fixture, "writer.lock");
	unlink_in(fixture, "secret.key");
	fixture_open(fixture, OTHER_MAP);
	assert_ran(other_run("user", fixture->dir));
}

static void
a_stranger_is_told_what_he_lacks(void **state)
{
	struct fixture *fixture = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(fixture->dir, 0755), 0);
	assert_ran(other_run("stranger", fixture->dir));
}

static void
coming_and_going_disturbs_nobody(void **state)
{
	struct fixture *fixture = *state;
	struct other other[4];

	close_env(fixture);
	for (int i = 0; i < 4; i++)
		other_start(&other[i], "come-and-go", fixture->dir);
	for (int i = 0; i < 4; i++)
		assert_int_equal(other_finish(&other[i]), 0);
}

/* ---- the stamp ---- */

static void
another_pid_namespace_is_refused_while_it_lives(void **state)
{
	struct fixture *fixture = *state;
	struct rst_detail detail = { "" };
	struct other other;

	close_env(fixture);
	other_start(&other, "read", fixture->dir);
	other_await(&other);
	/* as it would be, had the other one a PID namespace of its own */
	write_at(fixture, "stamp", strlen("roster 1\n"), "pid-namespace 1");
	assert_int_equal(open_env(fixture, false, &detail), RST_ESTATE);
	assert_non_null(strstr(detail.text, "PID namespace"));
	/* had an older Roster it open */
	write_at(fixture, "stamp", 0, "roster 1\n");
	assert_int_equal(open_env(fixture, false, &detail), RST_ESTATE);
	assert_non_null(strstr(detail.text, "another version"));
	other_kill(&other);
	/* a stamp without its process means nothing */
	assert_int_equal(open_env(fixture, false, &detail), RST_OK);
	assert_int_equal(other_run("count", fixture->dir), 0);
}

static void
another_kind_of_writer_lock_is_refused_while_it_lives(void **state)
{
	struct fixture *fixture = *state;
	struct rst_detail detail = { "" };
	struct other other;

	close_env(fixture);
	other_start(&other, "read", fixture->dir);
	other_await(&other);
	write_at(fixture, "writer.lock", 8, "\x7f");
	assert_int_equal(open_env(fixture, false, &detail), RST_ESTATE);
	assert_non_null(strstr(detail.text, "version"));
	other_kill(&other);
	assert_int_equal(open_env(fixture, false, &detail), RST_OK);
	assert_int_equal(other_put_row(fixture->env, 1), RST_OK);
}

static void
a_lock_left_from_before_a_power_cut_is_made_anew(void **state)
{
	struct fixture *fixture = *state;

	close_env(fixture);
	/* a mutex that says: locked by thread 0x7f7f7f7f, which is no more */
	write_at(fixture, "writer.lock", 64,
	         "\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f");
	assert_int_equal(open_env(fixture, false, NULL), RST_OK);
	assert_int_equal(other_put_row(fixture->env, 1), RST_OK);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_sound_versions_of_lmdb_are_used),
		cmocka_unit_test(network_file_systems_are_refused),
		FIXTURE_TEST(no_table_has_duplicates),
		FIXTURE_DIR_TEST(what_is_not_there_is_said),
		FIXTURE_TEST(a_lost_or_short_key_is_refused),
		FIXTURE_TEST(a_format_of_the_future_is_refused),
		FIXTURE_TEST(a_row_under_another_key_does_not_add_up),
		FIXTURE_TEST(a_file_that_is_no_database_is_refused),
		FIXTURE_DIR_TEST(files_are_the_groups_whatever_the_umask),
		FIXTURE_TEST(nothing_is_open_across_an_exec),
		FIXTURE_DIR_TEST(the_map_is_fixed_when_it_is_made),
		FIXTURE_DIR_TEST(a_map_grows_when_nobody_has_it_open),
		FIXTURE_DIR_TEST(a_grown_map_stays_grown_and_takes_more),
		FIXTURE_TEST(an_unfinished_making_is_begun_anew),
		FIXTURE_TEST(another_programs_database_is_left_alone),
		FIXTURE_TEST(a_second_open_is_the_same_environment),
		FIXTURE_TEST(another_user_of_the_group_may_write),
		FIXTURE_TEST(a_stranger_is_told_what_he_lacks),
		FIXTURE_TEST(coming_and_going_disturbs_nobody),
		FIXTURE_TEST(another_pid_namespace_is_refused_while_it_lives),
		FIXTURE_TEST(
			another_kind_of_writer_lock_is_refused_while_it_lives),
		FIXTURE_TEST(a_lock_left_from_before_a_power_cut_is_made_anew),
	};

	if (argc == 3)
		return other_main(argv[1], argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
