/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_backup.c - what comes back is what was there, or nothing does */
#include "store/backup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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

	return rst_backup_restore(scene->file, scene->to->dir, &check, &info,
	                          detail);
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
	assert_int_equal(rst_backup_check(scene->file, &check, &n, &detail),
	                 RST_OK);
	assert_int_equal(n, 0);
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
		{ "a newer trailer", -85, 2, RST_ESTATE, "format 2.1" },
		{ "a newer format", -81, 2, RST_ESTATE, "format 1.2" },
		{ "no mark", -96, 'r', RST_EINVALID, "no backup" },
	};
	struct scene *scene = *state;

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
a_cut_or_missing_backup_restores_nothing(void **state)
{
	struct scene *scene = *state;
	struct rst_detail detail = { "" };
	struct stat st;

	assert_int_equal(restore(scene, &detail), RST_ENOTFOUND);
	assert_int_equal(make(scene, false, NULL), RST_OK);
	assert_int_equal(stat(scene->file, &st), 0);
	for (off_t size = st.st_size - 1; size > 0; size /= 2) {
		assert_int_equal(truncate(scene->file, size), 0);
		assert_int_equal(restore(scene, &detail), RST_EINVALID);
		assert_int_equal(names_in(scene->to->dir), 0);
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
		TEST(what_is_no_whole_backup_restores_nothing),
		TEST(a_cut_or_missing_backup_restores_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
