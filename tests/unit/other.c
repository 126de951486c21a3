/* SPDX-License-Identifier: OLDAP-2.8 */
/* other.c - another process on the fixture's environment */
#include "tests/unit/other.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/env_priv.h"

void
other_start(struct other *other, const char *what, const char *dir)
{
	int in[2], out[2];

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	other->pid = fork();
	assert_int_not_equal(other->pid, -1);
	if (other->pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execl("/proc/self/exe", "other", what, dir, (char *)NULL);
		_exit(126);
	}
	close(in[0]);
	close(out[1]);
	other->in = in[1];
	other->out = out[0];
}

void
other_await(struct other *other)
{
	char byte;

	assert_int_equal(read(other->out, &byte, 1), 1);
}

int
other_finish(struct other *other)
{
	int status;

	close(other->in);
	assert_int_equal(waitpid(other->pid, &status, 0), other->pid);
	close(other->out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
}

void
other_kill(struct other *other)
{
	assert_int_equal(kill(other->pid, SIGKILL), 0);
	(void)other_finish(other);
}

int
other_run(const char *what, const char *dir)
{
	struct other other;

	other_start(&other, what, dir);
	return other_finish(&other);
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

static enum rst_err
put_row(struct rst_env *env, enum rst_write_purpose purpose, uint32_t n)
{
	struct rst_wtxn txn;
	char key[4], value[OTHER_ROW_BYTES];
	enum rst_err err;

	rst_put_be32(key, n);
	memset(value, 'v', sizeof(value));
	err = rst_write_begin(env, purpose, &txn);
	if (err == RST_OK)
		err = rst_db_put(&txn, RST_T_SESSION, rst_view(key, 4),
		                 rst_view(value, sizeof(value)), true);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	return err;
}

enum rst_err
other_put_row(struct rst_env *env, uint32_t n)
{
	return put_row(env, RST_WRITE_ORDINARY, n);
}

static int
other_reads(struct rst_env *env, int n_txns)
{
	static struct rst_rtxn txns[OTHER_READERS];

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
	static const char value[OTHER_ROW_BYTES];
	struct rst_wtxn txn;
	char key[4];

	if (mdb_env_set_mapsize(env->mdb, 8 * OTHER_MAP) != 0)
		return 1;
	if (rst_write_begin(env, RST_WRITE_ORDINARY, &txn) != RST_OK)
		return 2;
	for (uint32_t n = 0; n < 3 * OTHER_MAP / OTHER_ROW_BYTES; n++) {
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
		if (i % 10 == 0 && other_put_row(env, 1) != RST_OK)
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
	struct rst_env_options options = { .map_bytes = 64 * OTHER_MAP,
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
		return OTHER_SKIPS;
	if (rst_env_open(dir, &options, &env, NULL) != RST_OK)
		return 1;
	/* Ordinary writes stay off the last bytes of a disk; those that make
	 * room meet its end. */
	if (other_put_row(env, 0) != RST_EFULL)
		return 7;
	for (n = 0; err == RST_OK && n < 100000; n++)
		err = put_row(env, RST_WRITE_FREEING, n);
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
	if (mount("none", dir, NULL, MS_REMOUNT, "size=16m") != 0)
		return 5;
	err = other_put_row(env, n);
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
	if (stat(dir, &st) != 0) /* TMPDIR is within somebody's home */
		return OTHER_SKIPS;
	umask(0022);
	if (rst_env_open(dir, NULL, &env, NULL) != RST_OK)
		return 2;
	if (other_put_row(env, 1) != RST_OK)
		return 3;
	rst_env_close(env);
	return 0;
}

/* As a user who may look into the directory and no more: he is told why. */
static int
other_stranger_opens(const char *dir)
{
	struct rst_detail detail = { "" };
	struct rst_env *env;
	struct stat st;

	if (setgroups(0, NULL) != 0 || setgid(54321) != 0 || setuid(54321) != 0)
		return 1;
	if (stat(dir, &st) != 0)
		return OTHER_SKIPS;
	if (rst_env_open(dir, NULL, &env, &detail) != RST_EINVALID)
		return 2;
	return strstr(detail.text, "group") != NULL ? 0 : 3;
}

int
other_main(const char *what, const char *dir)
{
	struct rst_env *env;
	struct rst_detail detail;
	int status = 99;

	if (strcmp(what, "come-and-go") == 0)
		return other_comes_and_goes(dir);
	if (strcmp(what, "fill-disk") == 0)
		return other_fills_disk(dir);
	if (strcmp(what, "stranger") == 0)
		return other_stranger_opens(dir);
	if (strcmp(what, "user") == 0)
		return other_user_writes(dir);
	if (rst_env_open(dir, NULL, &env, &detail) != RST_OK) {
		fprintf(stderr, "%s: %s\n", what, detail.text);
		return 98;
	}
	if (strcmp(what, "read") == 0)
		status = other_reads(env, 1);
	else if (strcmp(what, "read-all") == 0)
		status = other_reads(env, OTHER_READERS);
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
