/* SPDX-License-Identifier: OLDAP-2.8 */
/* recorder.c - notes what a process writes to one file, and what it syncs
 *
 * Preloaded into slapd, rosterd and rosterctl.  POWER_DATA names the file
 * (data.mdb; what is made under POWER_DATA.new and renamed is the same file),
 * POWER_LOG the recording.  See record.h.  When the file POWER_DIE is there,
 * the process removes it and dies between two of its writes: killed from
 * outside it might die between a note and what is noted.
 */
#include "tests/power/record.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define PASSING   ".new"
#define DIE_EVERY 3 /* notes between two looks: any place in a commit */
/* The symbol that libc has beside its 64-bit names. */
#define EXPORT __attribute__((visibility("default")))

static int log_fd = -1;
static const char *data_path, *die_path;
static atomic_uint notes;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
set_up(void)
{
	const char *path = getenv("POWER_LOG");

	data_path = getenv("POWER_DATA");
	die_path = getenv("POWER_DIE");
	if (path != NULL)
		log_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
		              0600);
	if (log_fd < 0 || data_path == NULL) {
		fprintf(stderr, "recorder: POWER_LOG and POWER_DATA?\n");
		_exit(3);
	}
}

/* A recording with a hole would prove nothing: end. */
static void
note(enum record_kind kind, off_t offset, const void *bytes, size_t len)
{
	struct record_head head = { .kind = kind,
		                    .offset = (uint64_t)offset,
		                    .len = len };
	struct iovec parts[2] = { { &head, sizeof(head) },
		                  { (void *)bytes, len } };
	size_t all = sizeof(head) + (bytes != NULL ? len : 0);
	ssize_t n;

	n = writev(log_fd, parts, bytes != NULL ? 2 : 1);
	if (n != (ssize_t)all) {
		fprintf(stderr, "recorder: %s\n", strerror(errno));
		_exit(3);
	}
}

/* After what was noted last is done. */
static void
die_if_asked(void)
{
	if (die_path == NULL || atomic_fetch_add(&notes, 1) % DIE_EVERY != 0)
		return;
	if (unlink(die_path) == 0)
		(void)kill(getpid(), SIGKILL);
}

/* The path of fd, "" when it has none. */
static void
path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	path[n < 0 ? 0 : n] = '\0';
}

static bool
is_data(int fd)
{
	char target[PATH_MAX];
	size_t len;

	pthread_once(&once, set_up);
	if (fd <= 2 || fd == log_fd)
		return false;
	path_of(fd, target);
	len = strlen(data_path);
	return strncmp(target, data_path, len) == 0 &&
	       (target[len] == '\0' || strcmp(target + len, PASSING) == 0);
}

/* The directory the file is in. */
static bool
is_its_directory(int fd)
{
	char target[PATH_MAX];
	size_t len;

	path_of(fd, target);
	len = strlen(target);
	return len > 0 && strncmp(target, data_path, len) == 0 &&
	       strcmp(data_path + len, "/data.mdb") == 0;
}

static void
note_written(int fd, off_t offset, size_t len)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && (flags & O_DSYNC) != 0)
		note(RECORD_DURABLE, offset, NULL, len);
}

static void *
real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		_exit(3);
	return found;
}

EXPORT ssize_t
pwrite64(int fd, const void *bytes, size_t len, off_t offset)
{
	static ssize_t (*next)(int, const void *, size_t, off_t);
	bool data = is_data(fd);
	ssize_t n;

	if (next == NULL)
		next = real("pwrite64");
	if (data)
		note(RECORD_WRITE, offset, bytes, len);
	n = next(fd, bytes, len, offset);
	if (data && n == (ssize_t)len)
		note_written(fd, offset, len);
	if (data)
		die_if_asked();
	return n;
}

EXPORT ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
	return pwrite64(fd, bytes, len, offset);
}

static void
note_vectors(const struct iovec *parts, int n, off_t offset)
{
	for (int i = 0; i < n; i++) {
		note(RECORD_WRITE, offset, parts[i].iov_base, parts[i].iov_len);
		offset += (off_t)parts[i].iov_len;
	}
}

EXPORT ssize_t
pwritev64(int fd, const struct iovec *parts, int n_parts, off_t offset)
{
	static ssize_t (*next)(int, const struct iovec *, int, off_t);
	bool data = is_data(fd);
	ssize_t n;

	if (next == NULL)
		next = real("pwritev64");
	if (data)
		note_vectors(parts, n_parts, offset);
	n = next(fd, parts, n_parts, offset);
	if (data && n > 0)
		note_written(fd, offset, (size_t)n);
	if (data)
		die_if_asked();
	return n;
}

EXPORT ssize_t
pwritev(int fd, const struct iovec *parts, int n_parts, off_t offset)
{
	return pwritev64(fd, parts, n_parts, offset);
}

EXPORT ssize_t
writev(int fd, const struct iovec *parts, int n_parts)
{
	static ssize_t (*next)(int, const struct iovec *, int);
	bool data;

	if (next == NULL)
		next = real("writev");
	data = fd != log_fd && is_data(fd);
	if (data)
		note_vectors(parts, n_parts, lseek(fd, 0, SEEK_CUR));
	return next(fd, parts, n_parts);
}

EXPORT ssize_t
write(int fd, const void *bytes, size_t len)
{
	static ssize_t (*next)(int, const void *, size_t);

	if (next == NULL)
		next = real("write");
	if (is_data(fd))
		note(RECORD_WRITE, lseek(fd, 0, SEEK_CUR), bytes, len);
	return next(fd, bytes, len);
}

EXPORT int
fdatasync(int fd)
{
	static int (*next)(int);
	int rc;

	if (next == NULL)
		next = real("fdatasync");
	rc = next(fd);
	if (rc == 0 && is_data(fd)) {
		note(RECORD_SYNC, 0, NULL, 0);
		die_if_asked();
	}
	return rc;
}

EXPORT int
fsync(int fd)
{
	static int (*next)(int);
	int rc;

	if (next == NULL)
		next = real("fsync");
	rc = next(fd);
	if (rc == 0 && is_data(fd))
		note(RECORD_SYNC, 0, NULL, 0);
	else if (rc == 0 && is_its_directory(fd))
		note(RECORD_NAMED, 0, NULL, 0);
	return rc;
}

EXPORT int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	static int (*next)(int, const char *, int, const char *);

	if (next == NULL)
		next = real("renameat");
	pthread_once(&once, set_up);
	if (strcmp(to, "data.mdb") == 0 && is_its_directory(to_dir))
		note(RECORD_BORN, 0, NULL, 0);
	return next(from_dir, from, to_dir, to);
}

/* LMDB without MDB_WRITEMAP never does these to its data. */
EXPORT int
msync(void *at, size_t len, int flags)
{
	static int (*next)(void *, size_t, int);

	if (next == NULL)
		next = real("msync");
	pthread_once(&once, set_up);
	note(RECORD_STRANGE, 0, "msync", 5);
	return next(at, len, flags);
}

EXPORT int
ftruncate64(int fd, off_t len)
{
	static int (*next)(int, off_t);

	if (next == NULL)
		next = real("ftruncate64");
	if (is_data(fd))
		note(RECORD_STRANGE, len, "ftruncate", 9);
	return next(fd, len);
}

EXPORT int
ftruncate(int fd, off_t len)
{
	return ftruncate64(fd, len);
}
