/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_backup.c - what comes back is what was there, or nothing does */
#include "store/backup.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/entry.h"
#include "store/env_priv.h"
#include "store/outbox.h"
#include "tests/unit/fixture.h"

#define NOW_S 1795315053

/* A full environment, a file to be, and a directory to restore into. */
struct scene {
	struct fixture *from, *to;
	char file[160];
	uint64_t mail;
};

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct rst_wtxn txn;
	void *own = NULL;

	assert_non_null(scene);
	assert_int_equal(fixture_setup(&own), 0);
	scene->from = own;
	assert_int_equal(fixture_setup_dir(&own), 0);
	scene->to = own;
	snprintf(scene->file, sizeof(scene->file), "%s/file", scene->from->dir);
	fixture_write(scene->from, &txn);
	fixture_skeleton(&txn);
	assert_int_equal(rst_outbox_add(&txn, RST_VIEW("a@b"), RST_VIEW("t"),
	                                RST_VIEW("{}"), NOW_S, &scene->mail),
	                 RST_OK);
	fixture_commit(&txn);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;
	void *own = scene->from;

	fixture_teardown(&own);
	own = scene->to;
	fixture_teardown(&own);
	free(scene);
	return 0;
}

static enum rst_err
make(struct scene *scene, bool replace, struct rst_detail *detail)
{
	struct rst_backup_options options = { .now_s = NOW_S,
		                              .replace = replace };
	struct rst_backup_info info;
	enum rst_err err;

	err = rst_backup_make(scene->from->env, scene->file, &options, &info,
	                      detail);
	if (err == RST_OK) {
		assert_int_equal(info.entries, 3);
		assert_int_equal(info.made_s, NOW_S);
	}
	return err;
}

static enum rst_err
restore(struct scene *scene, struct rst_detail *detail)
{
	struct rst_check_options check = { 0 };
	struct rst_backup_info info;
	int fd = open(scene->file, O_RDONLY | O_CLOEXEC);
	enum rst_err err;

	assert_true(fd >= 0);
	err = rst_backup_restore(fd, scene->to->dir, &check, &info, detail);
	close(fd);
	return err;
}

/* The number of names in a directory. */
static int
names_in(const char *dir)
{
	char command[256];
	FILE *list;
	int n = 0;

	snprintf(command, sizeof(command), "ls -A '%s'", dir);
	list = popen(command, "r");
	assert_non_null(list);
	for (int c; (c = fgetc(list)) != EOF;)
		n += c == '\n';
	pclose(list);
	return n;
}

/* Write byte over the one at offset, counted from the end when negative. */
static void
patch(struct scene *scene, off_t offset, char byte)
{
	int fd = open(scene->file, O_RDWR);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	if (offset < 0)
		offset += st.st_size;
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
}

static void
a_restored_environment_is_the_one_backed_up(void **state)
{
	struct scene *scene = *state;
	struct rst_detail detail = { "" };
	struct rst_check_options check = { 0 };
	struct rst_mail mail = { 0 };
	struct rst_rtxn txn;
	struct stat st;
	uint64_t n = 1;
	int fd;

	assert_int_equal(make(scene, false, &detail), RST_OK);
	assert_int_equal(stat(scene->file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(restore(scene, &detail), RST_OK);
	assert_int_equal(names_in(scene->to->dir), 2);
	fixture_open(scene->to, FIXTURE_MAP_BYTES);
	fixture_read(scene->to, &txn);
	assert_int_equal(fixture_rows(&txn, RST_T_ENTRY), 3);
	/* What is sealed opens */
	assert_int_equal(rst_outbox_get(&txn, scene->mail, &mail), RST_OK);
	rst_mail_release(&mail);
	rst_read_end(&txn);
	fd = open(scene->file, O_RDONLY | O_CLOEXEC);
	assert_int_equal(rst_backup_check(fd, &check, &n, &detail), RST_OK);
	assert_int_equal(n, 0);
	close(fd);
}

static void
a_file_is_replaced_only_when_asked(void **state)
{
	struct scene *scene = *state;
	struct rst_detail detail = { "" };
	int names;

	assert_int_equal(make(scene, false, &detail), RST_OK);
	names = names_in(scene->from->dir);
	assert_int_equal(make(scene, false, &detail), RST_EEXISTS);
	assert_non_null(strstr(detail.text, "--force"));
	assert_int_equal(make(scene, true, &detail), RST_OK);
	assert_int_equal(names_in(scene->from->dir), names);
}

static void
a_directory_is_never_replaced(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(mkdir(scene->file, 0700), 0);
	assert_int_equal(make(scene, true, NULL), RST_EEXISTS);
	assert_int_equal(rmdir(scene->file), 0);
}

static void
a_damaged_environment_gives_no_file(void **state)
{
	struct scene *scene = *state;
	struct rst_detail detail = { "" };
	struct rst_wtxn txn;
	int names = names_in(scene->from->dir);

	fixture_write(scene->from, &txn);
	assert_int_equal(rst_meta_set_number(&txn, "entries", 77), RST_OK);
	fixture_commit(&txn);
	assert_int_equal(make(scene, false, &detail), RST_ECORRUPT);
	assert_int_equal(names_in(scene->from->dir), names);
}

static void
a_directory_with_something_in_it_is_left_alone(void **state)
{
	struct scene *scene = *state;
	struct rst_detail detail = { "" };
	char path[192];
	int fd;

	assert_int_equal(make(scene, false, NULL), RST_OK);
	snprintf(path, sizeof(path), "%s/theirs", scene->to->dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(restore(scene, &detail), RST_EEXISTS);
	assert_non_null(strstr(detail.text, "not empty"));
	assert_int_equal(names_in(scene->to->dir), 1);
}

static void
what_is_no_whole_backup_restores_nothing(void **state)
{
	static const struct {
		const char *what;
		off_t offset;
		char byte;
		enum rst_err err;
		const char *text;
	} rows[] = {
		{ "a byte of the data", 9000, 0x55, RST_ECORRUPT, "checksum" },
		{ "a byte of the key", -60, 0x55, RST_ECORRUPT, "checksum" },
		{ "a byte of the digest", -1, 0x55, RST_ECORRUPT, "checksum" },
		{ "the time", -70, 0x55, RST_ECORRUPT, "checksum" },
		{ "the length", -74, 0x55, RST_ECORRUPT, "long" },
		{ "a newer trailer", -85, 2, RST_ESTATE, "format 2.4" },
		{ "a newer format", -81, 5, RST_ESTATE, "format 1.5" },
		{ "an older format", -81, 3, RST_ESTATE, "format 1.3" },
		{ "no mark", -96, 'r', RST_EINVALID, "no backup" },
	};
	struct scene *scene = *state;

	_Static_assert(RST_FORMAT == 4,
	               "the rows above say one more, one less");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct rst_detail detail = { "" };

		assert_int_equal(make(scene, true, NULL), RST_OK);
		patch(scene, rows[i].offset, rows[i].byte);
		if (restore(scene, &detail) != rows[i].err ||
		    strstr(detail.text, rows[i].text) == NULL)
			fail_msg("%s: %s", rows[i].what, detail.text);
		assert_int_equal(names_in(scene->to->dir), 0);
	}
}

static void
a_cut_backup_restores_nothing(void **state)
{
	struct scene *scene = *state;
	struct rst_detail detail = { "" };
	struct stat st;

	assert_int_equal(make(scene, false, NULL), RST_OK);
	assert_int_equal(stat(scene->file, &st), 0);
	for (off_t size = st.st_size - 1; size > 0; size /= 2) {
		assert_int_equal(truncate(scene->file, size), 0);
		assert_int_equal(restore(scene, &detail), RST_EINVALID);
		assert_int_equal(names_in(scene->to->dir), 0);
	}
}

static int
make_dir(const char *dir, const char *name, const char *file)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(mkdir(path, 0700), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	if (file != NULL) {
		int made = openat(fd, file, O_CREAT | O_WRONLY, 0600);

		assert_true(made >= 0);
		close(made);
	}
	return fd;
}

static bool
is_there(const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static void
what_a_killed_backup_left_is_removed(void **state)
{
	static const struct {
		const char *name, *file;
		bool held, stays;
	} rows[] = {
		{ "file.partial-abc123", "data.mdb", false, false },
		{ "other.partial-abc123", "lock.mdb.new.77", false, false },
		{ "x.partial-abc123", NULL, false, false },
		{ "file.partial-inuse1", "data.mdb", true, true },
		{ "file.partial-theirs", "data.mdb.old", false, true },
		{ "file.partial-long567", "data.mdb", false, true },
		{ "file.partly-abc123", "data.mdb", false, true },
	};
	struct scene *scene = *state;
	int fd[sizeof(rows) / sizeof(*rows)];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		fd[i] = make_dir(scene->from->dir, rows[i].name, rows[i].file);
		if (rows[i].held)
			assert_int_equal(flock(fd[i], LOCK_EX | LOCK_NB), 0);
	}
	assert_int_equal(make(scene, false, NULL), RST_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (is_there(scene->from->dir, rows[i].name) != rows[i].stays)
			fail_msg("%s", rows[i].name);
		close(fd[i]);
	}
}

/* As after a kill between the moves of secret.key and data.mdb. */
static void
leave_half_a_restore(struct scene *scene)
{
	int fd = make_dir(scene->to->dir, ".restore.partial-abc123",
	                  "secret.key");
	int above = open(scene->to->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(above >= 0);
	assert_int_equal(linkat(fd, "secret.key", above, "secret.key", 0), 0);
	close(above);
	close(fd);
}

static void
a_killed_restore_is_taken_over(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(make(scene, false, NULL), RST_OK);
	leave_half_a_restore(scene);
	assert_int_equal(restore(scene, NULL), RST_OK);
	assert_int_equal(names_in(scene->to->dir), 2);
	fixture_open(scene->to, FIXTURE_MAP_BYTES);
}

static void
a_key_that_no_restore_left_is_not_removed(void **state)
{
	struct scene *scene = *state;
	char path[192];
	int fd;

	assert_int_equal(make(scene, false, NULL), RST_OK);
	snprintf(path, sizeof(path), "%s/secret.key", scene->to->dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	close(make_dir(scene->to->dir, ".restore.partial-abc123",
	               "secret.key"));
	assert_int_equal(restore(scene, NULL), RST_EEXISTS);
	assert_int_equal(names_in(scene->to->dir), 1);
}

static void
half_a_restore_is_not_opened_as_an_empty_directory(void **state)
{
	struct rst_env_options options = { .map_bytes = FIXTURE_MAP_BYTES,
		                           .create = true };
	struct scene *scene = *state;
	struct rst_detail detail = { "" };
	struct rst_env *env = NULL;

	leave_half_a_restore(scene);
	assert_int_equal(rst_env_open(scene->to->dir, &options, &env, &detail),
	                 RST_ESTATE);
	assert_non_null(strstr(detail.text, "rosterctl restore"));
	assert_int_equal(names_in(scene->to->dir), 2);
}

/* What a thread writes into a pipe, and whether that went well. */
struct stream {
	struct scene *scene;
	int fd;
	enum rst_err err;
};

static void *
stream_main(void *arg)
{
	struct rst_backup_options options = { .now_s = NOW_S };
	struct rst_backup_info info;
	struct stream *stream = arg;

	stream->err = rst_backup_send(stream->scene->from->env, stream->fd,
	                              &options, &info, NULL);
	close(stream->fd);
	return NULL;
}

static void
a_backup_goes_through_a_pipe(void **state)
{
	struct rst_check_options check = { 0 };
	struct rst_backup_info info;
	struct stream stream = { .scene = *state };
	struct scene *scene = *state;
	const char *tmp = getenv("TMPDIR");
	char *before = tmp == NULL ? NULL : strdup(tmp);
	pthread_t thread;
	int fds[2];

	assert_int_equal(setenv("TMPDIR", scene->from->dir, 1), 0);
	assert_int_equal(pipe(fds), 0);
	stream.fd = fds[1];
	assert_int_equal(pthread_create(&thread, NULL, stream_main, &stream),
	                 0);
	assert_int_equal(
		rst_backup_restore(fds[0], scene->to->dir, &check, &info, NULL),
		RST_OK);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(stream.err, RST_OK);
	assert_int_equal(info.made_s, NOW_S);
	assert_int_equal(names_in(scene->to->dir), 2);
	close(fds[0]);
	if (before != NULL)
		assert_int_equal(setenv("TMPDIR", before, 1), 0);
	else
		assert_int_equal(unsetenv("TMPDIR"), 0);
	free(before);
}

static void
a_pipe_that_breaks_off_restores_nothing(void **state)
{
	struct rst_check_options check = { 0 };
	struct rst_backup_info info;
	struct scene *scene = *state;
	char bytes[3000] = "";
	int fds[2];

	for (size_t len = 0; len <= sizeof(bytes); len += 1500) {
		assert_int_equal(pipe(fds), 0);
		assert_int_equal(write(fds[1], bytes, len), (ssize_t)len);
		close(fds[1]);
		assert_int_equal(rst_backup_restore(fds[0], scene->to->dir,
		                                    &check, &info, NULL),
		                 RST_EINVALID);
		assert_int_equal(names_in(scene->to->dir), 0);
		close(fds[0]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_restored_environment_is_the_one_backed_up),
		TEST(a_file_is_replaced_only_when_asked),
		TEST(a_directory_is_never_replaced),
		TEST(a_damaged_environment_gives_no_file),
		TEST(a_directory_with_something_in_it_is_left_alone),
		TEST(what_a_killed_backup_left_is_removed),
		TEST(a_killed_restore_is_taken_over),
		TEST(a_key_that_no_restore_left_is_not_removed),
		TEST(half_a_restore_is_not_opened_as_an_empty_directory),
		TEST(a_backup_goes_through_a_pipe),
		TEST(a_pipe_that_breaks_off_restores_nothing),
		TEST(what_is_no_whole_backup_restores_nothing),
		TEST(a_cut_backup_restores_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
