/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_env.c - store/env.h: one environment, several processes
 *
 * The other process is this program again, with an argument that says what to
 * do (see "the other process" below).  It writes a byte when it has done it
 * and then waits to be told, by the end of its input, or to be killed.
 */
#include "tests/unit/fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/env_priv.h"

#define SMALL_MAP    (UINT64_C(1) << 20)
#define FULL_READERS 64
#define ROW_BYTES    1000
#define EXIT_SKIP    77

/* ---- the other process ---- */

struct other {
	pid_t pid;
	int in, out; /* its standard input and output, our ends */
};

static void
start(struct other *other, const char *what, const char *dir)
{
	int in[2], out[2];

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	other->pid = fork();
	assert_int_not_equal(other->pid, -1);
	if (other->pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execl("/proc/self/exe", "test_env", what, dir, (char *)NULL);
		_exit(126);
	}
	close(in[0]);
	close(out[1]);
	other->in = in[1];
	other->out = out[0];
}

/* Wait until it says that it is ready. */
static void
await(struct other *other)
{
	char byte;

	assert_int_equal(read(other->out, &byte, 1), 1);
}

static int
finish(struct other *other)
{
	int status;

	close(other->in);
	assert_int_equal(waitpid(other->pid, &status, 0), other->pid);
	close(other->out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
}

static void
kill_other(struct other *other)
{
	assert_int_equal(kill(other->pid, SIGKILL), 0);
	(void)finish(other);
}

static int
run(const char *what, const char *dir)
{
	struct other other;

	start(&other, what, dir);
	return finish(&other);
}

static void
say_ready(void)
{
	if (write(STDOUT_FILENO, "r", 1) != 1)
		_exit(125);
}

static void
wait_for_end(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

/* A row of ROW_BYTES under number n, in a transaction of its own. */
static enum rst_err
put_row(struct rst_env *env, uint32_t n)
{
	struct rst_wtxn txn;
	char key[4], value[ROW_BYTES];
	enum rst_err err;

	rst_put_be32(key, n);
	memset(value, 'v', sizeof(value));
	err = rst_write_begin(env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = rst_db_put(&txn, RST_T_SESSION, rst_view(key, 4),
		                 rst_view(value, sizeof(value)), true);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	return err;
}

static int
other_reads(struct rst_env *env, int n_txns)
{
	static struct rst_rtxn txns[FULL_READERS];

	for (int i = 0; i < n_txns; i++)
		if (rst_read_begin(env, &txns[i]) != RST_OK)
			return 1;
	say_ready();
	wait_for_end();
	for (int i = 0; i < n_txns; i++)
		rst_read_end(&txns[i]);
	return 0;
}

/* Hold the writer lock, with a change that is not committed. */
static int
other_writes(struct rst_env *env)
{
	struct rst_wtxn txn;

	if (rst_write_begin(env, RST_WRITE_ORDINARY, &txn) != RST_OK ||
	    rst_setting_put(&txn, "unfinished", RST_VIEW("yes")) != RST_OK)
		return 1;
	say_ready();
	wait_for_end();
	rst_write_abort(&txn);
	return 0;
}

/* How many readers there are, as the exit status. */
static int
other_counts(struct rst_env *env)
{
	struct rst_env_info info;

	if (rst_env_info(env, &info) != RST_OK)
		return 100;
	return (int)info.readers_used;
}

/* Resize the map behind everybody's back, and use it. */
static int
other_resizes(struct rst_env *env)
{
	static const char value[ROW_BYTES];
	struct rst_wtxn txn;
	char key[4];

	if (mdb_env_set_mapsize(env->mdb, 8 * SMALL_MAP) != 0)
		return 1;
	if (rst_write_begin(env, RST_WRITE_ORDINARY, &txn) != RST_OK)
		return 2;
	for (uint32_t n = 0; n < 3 * SMALL_MAP / ROW_BYTES; n++) {
		rst_put_be32(key, n);
		if (rst_db_put(&txn, RST_T_SESSION, rst_view(key, 4),
		               rst_view(value, sizeof(value)), true) != RST_OK)
			return 3;
	}
	return rst_write_commit(&txn) == RST_OK ? 0 : 4;
}

/* Open, write and close, again and again. */
static int
other_comes_and_goes(const char *dir)
{
	struct rst_env *env;

	for (int i = 0; i < 100; i++) {
		if (rst_env_open(dir, NULL, &env, NULL) != RST_OK)
			return 1;
		if (i % 10 == 0 && put_row(env, 1) != RST_OK)
			return 2;
		rst_env_close(env);
	}
	return 0;
}

/* Count up in two tables, saying each number once it is on disk. */
static int
other_counts_up(struct rst_env *env)
{
	struct rst_wtxn txn;
	uint64_t n;
	char key[8];

	for (;;) {
		if (rst_write_begin(env, RST_WRITE_ORDINARY, &txn) != RST_OK ||
		    rst_meta_number(&txn.r, "test", &n) != RST_OK ||
		    rst_meta_set_number(&txn, "test", ++n) != RST_OK)
			return 1;
		rst_put_be64(key, n);
		if (rst_db_put(&txn, RST_T_OUTBOX, rst_view(key, 8),
		               rst_view(key, 8), false) != RST_OK ||
		    rst_write_commit(&txn) != RST_OK)
			return 2;
		if (write(STDOUT_FILENO, key, 8) != 8)
			return 3;
	}
}

/* On a tmpfs of one megabyte: it fills, says so, and comes back. */
static int
other_fills_disk(const char *dir)
{
	struct rst_env_options options = { .map_bytes = 64 * SMALL_MAP,
		                           .create = true };
	struct rst_rtxn txn;
	struct rst_view value;
	struct rst_env *env;
	enum rst_err err = RST_OK;
	uint32_t n, seen = 0;
	char key[4];

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", dir, "tmpfs", 0, "size=1m,mode=0770") != 0)
		return EXIT_SKIP;
	if (rst_env_open(dir, &options, &env, NULL) != RST_OK)
		return 1;
	for (n = 0; err == RST_OK && n < 100000; n++)
		err = put_row(env, n);
	if (err != RST_EFULL)
		return 2;
	if (rst_read_begin(env, &txn) != RST_OK)
		return 3;
	for (uint32_t i = 0; i + 1 < n; i++) {
		rst_put_be32(key, i);
		seen += rst_db_get(&txn, RST_T_SESSION, rst_view(key, 4),
		                   &value) == RST_OK;
	}
	rst_read_end(&txn);
	if (seen != n - 1) /* all that were acknowledged */
		return 4;
	if (mount("none", dir, NULL, MS_REMOUNT, "size=8m") != 0)
		return 5;
	err = put_row(env, n);
	rst_env_close(env);
	return err == RST_OK ? 0 : 6;
}

/* As another user of the directory's group. */
static int
other_user_writes(const char *dir)
{
	struct rst_env *env;
	struct stat st;

	if (stat(dir, &st) != 0 || setgroups(0, NULL) != 0 ||
	    setgid(st.st_gid) != 0 || setuid(12345) != 0)
		return 1;
	umask(0022);
	if (rst_env_open(dir, NULL, &env, NULL) != RST_OK)
		return 2;
	if (put_row(env, 1) != RST_OK)
		return 3;
	rst_env_close(env);
	return 0;
}

static int
be_other(const char *what, const char *dir)
{
	struct rst_env *env;
	struct rst_detail detail;
	int status = 99;

	if (strcmp(what, "come-and-go") == 0)
		return other_comes_and_goes(dir);
	if (strcmp(what, "fill-disk") == 0)
		return other_fills_disk(dir);
	if (strcmp(what, "user") == 0)
		return other_user_writes(dir);
	if (rst_env_open(dir, NULL, &env, &detail) != RST_OK) {
		fprintf(stderr, "%s: %s\n", what, detail.text);
		return 98;
	}
	if (strcmp(what, "read") == 0)
		status = other_reads(env, 1);
	else if (strcmp(what, "read-all") == 0)
		status = other_reads(env, FULL_READERS);
	else if (strcmp(what, "write") == 0)
		status = other_writes(env);
	else if (strcmp(what, "count") == 0)
		status = other_counts(env);
	else if (strcmp(what, "resize") == 0)
		status = other_resizes(env);
	else if (strcmp(what, "count-up") == 0)
		status = other_counts_up(env);
	rst_env_close(env);
	return status;
}

/* ---- helpers ---- */

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
	struct rst_env_options options = { .map_bytes = SMALL_MAP,
		                           .create = create };

	return rst_env_open(fixture->dir, &options, &fixture->env, detail);
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
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
	                 RST_ENOTFOUND);
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
	static const char *const names[] = { "data.mdb", "lock.mdb", "stamp",
		                             "writer.lock", "secret.key" };
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
	struct rst_env_options options = { .map_bytes = 2 * SMALL_MAP,
		                           .readers = 100,
		                           .create = true };
	struct rst_env_info info;

	assert_int_equal(
		rst_env_open(fixture->dir, &options, &fixture->env, NULL),
		RST_OK);
	close_env(fixture);
	options.map_bytes = 32 * SMALL_MAP;
	options.readers = 500;
	assert_int_equal(
		rst_env_open(fixture->dir, &options, &fixture->env, NULL),
		RST_OK);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_int_equal(info.map_bytes, 2 * SMALL_MAP);
	assert_int_equal(info.readers_max, 100);
	assert_int_equal(info.entries, 0);
	assert_in_range(info.used_bytes, 1, SMALL_MAP);
}

static void
an_unfinished_making_is_finished(void **state)
{
	struct fixture *fixture = *state;
	MDB_env *mdb;

	/* what a kill between LMDB's first page and our tables leaves */
	close_env(fixture);
	unlink_in(fixture, "data.mdb");
	assert_int_equal(mdb_env_create(&mdb), 0);
	assert_int_equal(mdb_env_set_mapsize(mdb, SMALL_MAP), 0);
	assert_int_equal(mdb_env_open(mdb, fixture->dir, 0, 0660), 0);
	mdb_env_close(mdb);
	assert_int_equal(open_env(fixture, false, NULL), RST_ENOTFOUND);
	assert_int_equal(open_env(fixture, true, NULL), RST_OK);
	assert_int_equal(put_row(fixture->env, 1), RST_OK);
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
	assert_int_equal(run("count", fixture->dir), 1);
	assert_int_equal(rst_txn_number(&txn) > 0, 1);
	rst_read_end(&txn);
	assert_string_equal(rst_env_dir(fixture->env), fixture->dir);
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
	assert_int_equal(chown(fixture->dir, 0, 23456), 0);
	assert_int_equal(chmod(fixture->dir, 0770), 0);
	unlink_in(fixture, "data.mdb");
	unlink_in(fixture, "lock.mdb");
	unlink_in(fixture, "stamp");
	unlink_in(fixture, "writer.lock");
	unlink_in(fixture, "secret.key");
	fixture_open(fixture, SMALL_MAP);
	assert_int_equal(run("user", fixture->dir), 0);
}

static void
coming_and_going_disturbs_nobody(void **state)
{
	struct fixture *fixture = *state;
	struct other other[4];

	close_env(fixture);
	for (int i = 0; i < 4; i++)
		start(&other[i], "come-and-go", fixture->dir);
	for (int i = 0; i < 4; i++)
		assert_int_equal(finish(&other[i]), 0);
}

/* ---- the stamp ---- */

static void
another_pid_namespace_is_refused_while_it_lives(void **state)
{
	struct fixture *fixture = *state;
	struct rst_detail detail = { "" };
	struct other other;

	close_env(fixture);
	start(&other, "read", fixture->dir);
	await(&other);
	/* as it would be, had the other one a PID namespace of its own */
	write_at(fixture, "stamp", 0, "roster 1\npid-namespace 1");
	assert_int_equal(open_env(fixture, false, &detail), RST_ESTATE);
	assert_non_null(strstr(detail.text, "PID namespace"));
	kill_other(&other);
	/* a stamp without its process means nothing */
	assert_int_equal(open_env(fixture, false, &detail), RST_OK);
	assert_int_equal(run("count", fixture->dir), 0);
}

static void
another_kind_of_writer_lock_is_refused_while_it_lives(void **state)
{
	struct fixture *fixture = *state;
	struct rst_detail detail = { "" };
	struct other other;

	close_env(fixture);
	start(&other, "read", fixture->dir);
	await(&other);
	write_at(fixture, "writer.lock", 8, "\x7f");
	assert_int_equal(open_env(fixture, false, &detail), RST_ESTATE);
	assert_non_null(strstr(detail.text, "version"));
	kill_other(&other);
	assert_int_equal(open_env(fixture, false, &detail), RST_OK);
	assert_int_equal(put_row(fixture->env, 1), RST_OK);
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
	assert_int_equal(put_row(fixture->env, 1), RST_OK);
}

/* ---- readers ---- */

static void
a_killed_reader_is_cleared(void **state)
{
	struct fixture *fixture = *state;
	struct rst_env_info info;
	struct other other;

	start(&other, "read", fixture->dir);
	await(&other);
	rst_env_clear_stale(fixture->env);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	/* its reader, and one of ours in rst_env_info() at times */
	assert_int_not_equal(info.readers_used, 0);
	kill_other(&other);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_int_equal(info.readers_used, 1);
	rst_env_clear_stale(fixture->env);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_int_equal(info.readers_used, 0);
}

static void
a_full_reader_table_is_busy_until_its_holder_dies(void **state)
{
	struct fixture *fixture = *state;
	struct rst_env_options options = { .map_bytes = SMALL_MAP,
		                           .readers = FULL_READERS,
		                           .create = true };
	struct rst_rtxn txn;
	struct other other;

	assert_int_equal(
		rst_env_open(fixture->dir, &options, &fixture->env, NULL),
		RST_OK);
	start(&other, "read-all", fixture->dir);
	await(&other);
	assert_int_equal(rst_read_begin(fixture->env, &txn), RST_EBUSY);
	rst_read_end(&txn);
	assert_int_equal(put_row(fixture->env, 1), RST_OK);
	kill_other(&other);
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

	fixture_open(fixture, SMALL_MAP);
	fixture_read(fixture, &old);
	assert_int_equal(run("resize", fixture->dir), 0);
	assert_int_equal(rst_read_begin(fixture->env, &txn), RST_EBUSY);
	assert_int_equal(put_row(fixture->env, 1), RST_EBUSY);
	rst_read_reset(&old);
	assert_int_equal(rst_read_renew(&old), RST_OK);
	rst_read_end(&old);
	fixture_read(fixture, &txn);
	assert_true(fixture_rows(&txn, RST_T_SESSION) > 1000);
	rst_read_end(&txn);
	assert_int_equal(put_row(fixture->env, 1), RST_OK);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_int_equal(info.map_bytes, 8 * SMALL_MAP);
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

	start(&other, "write", fixture->dir);
	await(&other);
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
	kill_other(&other);
}

static void
the_lock_of_a_killed_writer_is_recovered(void **state)
{
	struct fixture *fixture = *state;
	struct rst_view value;
	struct rst_wtxn txn;
	struct other other;

	for (int i = 0; i < 3; i++) {
		start(&other, "write", fixture->dir);
		await(&other);
		kill_other(&other);
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

	start(&polled.other, "write", fixture->dir);
	await(&polled.other);
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

		start(&other, "count-up", fixture->dir);
		for (int i = 0; i < acks; i++) {
			assert_int_equal(read(other.out, number, 8), 8);
			acknowledged = rst_get_be64(number);
		}
		assert_int_equal(kill(other.pid, SIGKILL), 0);
		while (read(other.out, number, 8) == 8)
			acknowledged = rst_get_be64(number);
		(void)finish(&other);
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

	fixture_open(fixture, SMALL_MAP);
	while (err == RST_OK && n < 10000)
		err = put_row(fixture->env, n++);
	assert_int_equal(err, RST_EFULL);
	n--;
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_in_range(info.used_bytes, SMALL_MAP * 79 / 100,
	                SMALL_MAP * 85 / 100);
	fixture_read(fixture, &txn);
	assert_int_equal(fixture_rows(&txn, RST_T_SESSION), n);
	rst_read_end(&txn);
	/* every delete passes, from the fullest on */
	for (uint32_t i = 0; i < n / 2; i++)
		assert_int_equal(drop_row(fixture->env, i), RST_OK);
	assert_int_equal(rst_env_info(fixture->env, &info), RST_OK);
	assert_in_range(info.used_bytes, 1, SMALL_MAP * 60 / 100);
	for (uint32_t i = 0; i < n / 4; i++)
		assert_int_equal(put_row(fixture->env, i), RST_OK);
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

	fixture_open(fixture, SMALL_MAP);
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
	assert_int_equal(put_row(fixture->env, 1), RST_OK);
}

static void
a_full_disk_refuses_writes_and_keeps_what_it_has(void **state)
{
	struct fixture *fixture = *state;
	int status = run("fill-disk", fixture->dir);

	if (status == EXIT_SKIP)
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

#define WITH_ENV(test)                                                         \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
#define WITH_DIR(test)                                                         \
	cmocka_unit_test_setup_teardown(test, fixture_setup_dir,               \
	                                fixture_teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_sound_versions_of_lmdb_are_used),
		cmocka_unit_test(network_file_systems_are_refused),
		WITH_ENV(no_table_has_duplicates),
		WITH_DIR(what_is_not_there_is_said),
		WITH_ENV(a_lost_or_short_key_is_refused),
		WITH_ENV(a_format_of_the_future_is_refused),
		WITH_ENV(a_file_that_is_no_database_is_refused),
		WITH_DIR(files_are_the_groups_whatever_the_umask),
		WITH_ENV(nothing_is_open_across_an_exec),
		WITH_DIR(the_map_is_fixed_when_it_is_made),
		WITH_ENV(an_unfinished_making_is_finished),
		WITH_ENV(a_second_open_is_the_same_environment),
		WITH_ENV(another_user_of_the_group_may_write),
		WITH_ENV(coming_and_going_disturbs_nobody),
		WITH_ENV(another_pid_namespace_is_refused_while_it_lives),
		WITH_ENV(another_kind_of_writer_lock_is_refused_while_it_lives),
		WITH_ENV(a_lock_left_from_before_a_power_cut_is_made_anew),
		WITH_ENV(a_killed_reader_is_cleared),
		WITH_DIR(a_full_reader_table_is_busy_until_its_holder_dies),
		WITH_ENV(a_read_sees_its_snapshot_until_renewed),
		WITH_DIR(a_resized_map_is_taken_over_when_nothing_is_open),
		WITH_ENV(an_abort_undoes_and_a_commit_ends),
		WITH_ENV(a_held_writer_lock_is_busy_after_two_seconds),
		WITH_ENV(the_lock_of_a_killed_writer_is_recovered),
		WITH_ENV(a_polled_wait_is_the_callers),
		WITH_ENV(a_kill_loses_nothing_that_was_acknowledged),
		WITH_DIR(a_full_map_refuses_writes_but_not_deletes),
		WITH_DIR(a_transaction_that_outgrows_the_map_leaves_no_trace),
		WITH_DIR(a_full_disk_refuses_writes_and_keeps_what_it_has),
		WITH_ENV(settings_are_kept_within_their_limits),
	};

	if (argc == 3)
		return be_other(argv[1], argv[2]);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
