/* SPDX-License-Identifier: OLDAP-2.8 */
/* acts_place.c - environments made, opened, grown, copied and brought back */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/backup.h"
#include "store/poke.h"
#include "tests/unit/stage.h"

#define SMALL_MAP  (UINT64_C(4) << 20)
#define PIPE_BYTES (1 << 20)

static void
empty_spare(struct stage *stage)
{
	stage_empty(stage->spare);
}

static enum rst_err
open_spare(struct stage *stage, const struct rst_env_options *options)
{
	struct rst_detail detail;
	struct rst_env *env = NULL;
	enum rst_err err;

	err = rst_env_open(stage->spare, options, &env, &detail);
	if (err == RST_OK)
		tell_view(stage, rst_view_of(rst_env_dir(env)));
	rst_env_close(env);
	return err;
}

static enum rst_err
makes_an_environment(struct stage *stage)
{
	const struct rst_env_options options = { .create = true,
		                                 .map_bytes = SMALL_MAP };

	return open_spare(stage, &options);
}

static void
make_spare(struct stage *stage)
{
	empty_spare(stage);
	assert_int_equal(makes_an_environment(stage), RST_OK);
}

static enum rst_err
opens_and_verifies(struct stage *stage)
{
	const struct rst_env_options options = { .verify = true };

	return open_spare(stage, &options);
}

static enum rst_err
opens_what_is_there(struct stage *stage)
{
	const struct rst_env_options options = { .verify = true };
	struct rst_detail detail;
	enum rst_err err;

	rst_env_close(stage->env);
	stage->env = stage->fixture.env = NULL;
	err = rst_env_open(stage->fixture.dir, &options, &stage->env, &detail);
	if (err != RST_OK)
		return err;
	stage->fixture.env = stage->env;
	return RST_OK;
}

static void
be_open(struct stage *stage)
{
	if (stage->env == NULL)
		stage_reopen(stage);
}

/* Somebody has it open: his share of stamp. */
static void
be_beside_another(struct stage *stage)
{
	char path[200];

	if (stage->fd >= 0)
		close(stage->fd);
	make_spare(stage);
	snprintf(path, sizeof(path), "%s/stamp", stage->spare);
	stage->fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(stage->fd >= 0);
	assert_int_equal(flock(stage->fd, LOCK_SH), 0);
}

static enum rst_err
opens_beside_another(struct stage *stage)
{
	return opens_and_verifies(stage);
}

static enum rst_err
grows(struct stage *stage)
{
	const struct rst_env_options options = { .grow_bytes = 2 * SMALL_MAP };

	return open_spare(stage, &options);
}

static enum rst_err
backs_up(struct stage *stage)
{
	const struct rst_backup_options options = { .now_s = STAGE_NOW_S,
		                                    .replace = true };
	struct rst_backup_info info;
	struct rst_detail detail;
	enum rst_err err;

	err = rst_backup_make(stage->env, stage->file, &options, &info,
	                      &detail);
	if (err == RST_OK)
		tell_number(stage, info.entries + info.journal);
	return err;
}

static enum rst_err
sends_a_backup(struct stage *stage)
{
	const struct rst_backup_options options = {
		.now_s = STAGE_NOW_S,
		.check = { .progress = stage_progress, .arg = stage },
	};
	struct rst_backup_info info;
	struct rst_detail detail;
	enum rst_err err;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return RST_EIO;
	err = rst_backup_send(stage->env, fd, &options, &info, &detail);
	if (err == RST_OK)
		tell_number(stage, info.entries + info.journal);
	close(fd);
	return err;
}

static void
leave_file(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

/* What was killed over a backup, or over a restore as its files moved, left. */
static void
leave_work(struct stage *stage)
{
	static const char *const dirs[] = { "file.partial-aaaaaa",
		                            ".restore.partial-aaaaaa" };
	int spare = open(stage->spare, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(spare >= 0);
	for (size_t i = 0; i < 2; i++) {
		int fd;

		assert_int_equal(mkdirat(spare, dirs[i], 0700), 0);
		fd = openat(spare, dirs[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(fd >= 0);
		leave_file(fd, "secret.key");
		close(fd);
	}
	assert_int_equal(linkat(spare, ".restore.partial-aaaaaa/secret.key",
	                        spare, "secret.key", 0),
	                 0);
	close(spare);
}

/* A backup in the fixture's directory, and nothing in the spare one. */
static void
have_backup(struct stage *stage)
{
	char path[200];

	be_open(stage);
	empty_spare(stage);
	snprintf(path, sizeof(path), "%s/backup", stage->fixture.dir);
	if (access(path, F_OK) != 0) {
		const struct rst_backup_options options = { .now_s = 1 };
		struct rst_backup_info info;
		struct rst_detail detail;

		assert_int_equal(rst_backup_make(stage->env, path, &options,
		                                 &info, &detail),
		                 RST_OK);
	}
	if (stage->fd >= 0)
		close(stage->fd);
	stage->fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(stage->fd >= 0);
}

static enum rst_err
restores(struct stage *stage)
{
	const struct rst_check_options check = { .progress = stage_progress,
		                                 .arg = stage };
	struct rst_backup_info info;
	struct rst_detail detail;
	enum rst_err err;

	err = rst_backup_restore(stage->fd, stage->spare, &check, &info,
	                         &detail);
	if (err == RST_OK)
		tell_number(stage, info.entries + info.journal);
	return err;
}

/* The same where it comes from a pipe. */
static void
have_piped_backup(struct stage *stage)
{
	struct stat st;
	off_t at = 0;
	int pipes[2];

	have_backup(stage);
	assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(fstat(stage->fd, &st), 0);
	assert_true(fcntl(pipes[1], F_SETPIPE_SZ, PIPE_BYTES) >= st.st_size);
	while (at < st.st_size)
		assert_true(sendfile(pipes[1], stage->fd, &at,
		                     (size_t)(st.st_size - at)) > 0);
	close(stage->fd);
	close(pipes[1]);
	stage->fd = pipes[0];
}

static void
have_backup_and_remains(struct stage *stage)
{
	have_backup(stage);
	leave_work(stage);
}

/* And a file that is only called so. */
static void
have_remains_and_a_file(struct stage *stage)
{
	char path[200];

	have_backup_and_remains(stage);
	snprintf(path, sizeof(path), "%s/file.partial-bbbbbb", stage->spare);
	leave_file(AT_FDCWD, path);
}

static enum rst_err
checks_a_backup(struct stage *stage)
{
	const struct rst_check_options check = { .progress = stage_progress,
		                                 .arg = stage };
	struct rst_detail detail;

	return rst_backup_check(stage->fd, &check, &stage->findings, &detail);
}

static enum rst_err
listens(struct stage *stage)
{
	enum rst_err err;
	int fd = -1;

	err = rst_poke_listen(stage->env, &fd);
	rst_poke(stage->env);
	rst_poke_unlisten(stage->env);
	if (fd >= 0)
		close(fd);
	return err;
}

const struct act place_acts[] = {
	ACT(makes_an_environment, ACT_ALONE, .before = empty_spare),
	ACT(opens_and_verifies, ACT_ALONE, .before = make_spare),
	ACT(opens_beside_another, ACT_ALONE, .before = be_beside_another),
	ACT(opens_what_is_there, ACT_ALONE, .before = be_open),
	ACT(grows, ACT_ALONE, .before = make_spare),
	ACT(listens, ACT_ALONE, .before = be_open),
	ACT(backs_up, ACT_ALONE, .before = have_backup),
	ACT(backs_up, ACT_ALONE, .before = have_remains_and_a_file),
	ACT(sends_a_backup, ACT_ALONE, .before = have_backup),
	ACT(restores, ACT_ALONE, .before = have_backup),
	/* what is not swept is in its way */
	ACT(restores, ACT_ALONE, .before = have_backup_and_remains,
	    .mild = true),
	ACT(checks_a_backup, ACT_ALONE, .before = have_piped_backup),
	ACT(checks_a_backup, ACT_ALONE, .before = have_backup),
	LAST_ACT,
};

const struct act file_acts[] = {
	ACT(opens_what_is_there, ACT_ALONE, .before = be_open),
	ACT(restores, ACT_ALONE, .before = have_backup),
	LAST_ACT,
};
