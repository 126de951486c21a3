/* SPDX-License-Identifier: OLDAP-2.8 */
/* backup_work.c - directories that hold a copy until it is whole
 *
 *	/var/backups/roster.partial-h3kQ2z/	data.mdb secret.key lock.mdb ...
 *
 * Its process holds an flock on the directory itself, so whoever comes later
 * can tell one in use from one whose process was killed, and remove the
 * latter.  To be removed it must also be its user's alone and hold nothing
 * but the files of an environment.
 */
#include "store/backup_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK   ".partial-"
#define RANDOM 6 /* characters that mkdtemp() fills in */
#define TRIES  16

static const char *const files[] = { "data.mdb",    "secret.key", "lock.mdb",
	                             "writer.lock", "stamp",      "hash.lock" };
#define FILES (sizeof(files) / sizeof(files[0]))

enum rst_err
rst_io_failed(struct rst_detail *reterr, const char *name)
{
	int code = errno;

	rst_detail_set(reterr, "%s: %s", name, strerror(code));
	return code == ENOENT                     ? RST_ENOTFOUND
	       : code == ENOSPC || code == EDQUOT ? RST_EFULL
	       : code == ENOMEM                   ? RST_ENOMEM
	                                          : RST_EIO;
}

enum rst_err
rst_io_write(int fd, const void *bytes, size_t len, struct rst_detail *reterr)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return rst_io_failed(reterr, "writing");
		at += n;
		len -= (size_t)n;
	}
	return RST_OK;
}

char *
rst_io_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return rst_view_dup(RST_VIEW("."));
	if (slash == path)
		return rst_view_dup(RST_VIEW("/"));
	return rst_view_dup(rst_view(path, (size_t)(slash - path)));
}

/* -------------------------------------------------------------- sweeping */

bool
rst_work_is(const char *name)
{
	size_t mark = sizeof(MARK) - 1, len = strlen(name);

	return len >= mark + RANDOM &&
	       memcmp(name + len - mark - RANDOM, MARK, mark) == 0;
}

static bool
is_ours(const char *name)
{
	for (size_t i = 0; i < FILES; i++) {
		size_t len = strlen(files[i]);

		/* env_files.c makes its files under a passing name */
		if (strncmp(name, files[i], len) == 0 &&
		    (name[len] == '\0' || strncmp(name + len, ".new.", 5) == 0))
			return true;
	}
	return false;
}

/* Nothing is in the directory but what we put there, and nobody uses it. */
static bool
is_abandoned(int fd)
{
	const struct dirent *entry;
	struct stat st;
	bool ours = true;
	DIR *dir;
	int copy;

	if (fstat(fd, &st) != 0 || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0 || flock(fd, LOCK_EX | LOCK_NB) != 0)
		return false;
	copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = copy < 0 ? NULL : fdopendir(copy);
	if (dir == NULL) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	while (ours && (entry = readdir(dir)) != NULL)
		ours = strcmp(entry->d_name, ".") == 0 ||
		       strcmp(entry->d_name, "..") == 0 ||
		       is_ours(entry->d_name);
	closedir(dir);
	return ours;
}

/* The key that stands above is the one in fd, and no data came after it. */
static bool
key_was_moved(int above_fd, int fd)
{
	struct stat above, here, data;

	return fstatat(above_fd, "data.mdb", &data, AT_SYMLINK_NOFOLLOW) != 0 &&
	       errno == ENOENT &&
	       fstatat(above_fd, "secret.key", &above, AT_SYMLINK_NOFOLLOW) ==
	               0 &&
	       fstatat(fd, "secret.key", &here, AT_SYMLINK_NOFOLLOW) == 0 &&
	       above.st_dev == here.st_dev && above.st_ino == here.st_ino;
}

static void
empty(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (dir == NULL && copy >= 0)
		close(copy);
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (is_ours(entry->d_name))
			(void)unlinkat(fd, entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
}

void
rst_work_sweep(int dir_fd)
{
	int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	int fd;

	if (dir == NULL && copy >= 0)
		close(copy);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (!rst_work_is(entry->d_name))
			continue;
		fd = openat(dir_fd, entry->d_name,
		            O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0)
			continue;
		if (is_abandoned(fd)) {
			/* first: it is known as ours by what is in there */
			if (key_was_moved(dir_fd, fd))
				(void)unlinkat(dir_fd, "secret.key", 0);
			empty(fd);
			(void)unlinkat(dir_fd, entry->d_name, AT_REMOVEDIR);
		}
		close(fd);
	}
	if (dir != NULL)
		closedir(dir);
}

static void
sweep_beside(const char *prefix)
{
	char *parent = rst_io_parent(prefix);
	int fd = -1;

	if (parent != NULL)
		fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		rst_work_sweep(fd);
		close(fd);
	}
	free(parent);
}

/* ------------------------------------------------- the working directory */

/* Make it and take its lock.  RST_EBUSY: another process, sweeping, removed it
 * before we held it. */
static enum rst_err
make_dir(struct rst_work *work, const char *prefix, struct rst_detail *reterr)
{
	int n = snprintf(work->dir, sizeof(work->dir), "%s" MARK "XXXXXX",
	                 prefix);
	struct stat st;

	if ((size_t)n >= sizeof(work->dir)) {
		work->dir[0] = '\0';
		rst_detail_set(reterr, "the name is too long");
		return RST_EINVALID;
	}
	if (mkdtemp(work->dir) == NULL) {
		work->dir[0] = '\0';
		return rst_io_failed(reterr, prefix);
	}
	work->dir_fd = open(work->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (work->dir_fd < 0)
		return errno == ENOENT ? RST_EBUSY
		                       : rst_io_failed(reterr, work->dir);
	/* A file system without such locks: then nobody sweeps there */
	while (flock(work->dir_fd, LOCK_EX) != 0 && errno == EINTR)
		;
	if (fstat(work->dir_fd, &st) != 0)
		return rst_io_failed(reterr, work->dir);
	return st.st_nlink == 0 ? RST_EBUSY : RST_OK;
}

enum rst_err
rst_work_open(struct rst_work *work, const char *prefix,
              struct rst_detail *reterr)
{
	enum rst_err err = RST_EBUSY;

	sweep_beside(prefix);
	for (int i = 0; i < TRIES && err == RST_EBUSY; i++) {
		rst_work_close(work);
		err = make_dir(work, prefix, reterr);
	}
	return err;
}

void
rst_work_close(struct rst_work *work)
{
	rst_env_close(work->env);
	work->env = NULL;
	if (work->dir_fd >= 0)
		empty(work->dir_fd);
	if (work->dir[0] != '\0')
		(void)rmdir(work->dir);
	work->dir[0] = '\0';
	if (work->dir_fd >= 0)
		close(work->dir_fd);
	work->dir_fd = -1;
}

enum rst_err
rst_work_create(const struct rst_work *work, const char *name, int *ret_fd,
                struct rst_detail *reterr)
{
	int fd = openat(work->dir_fd, name,
	                O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return rst_io_failed(reterr, name);
	*ret_fd = fd;
	return RST_OK;
}
