/* SPDX-License-Identifier: OLDAP-2.8 */
/* unsynced.c - tells of a file that takes its name before it is on the disk
 *
 * Preloaded.  A file that was written and not synced since must not be linked
 * or renamed to another name; and the directory that got a name must be synced
 * before the process ends.  What is wrong is a line on standard error.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT    __attribute__((visibility("default")))
#define FILES_MAX 64

/* dlsym() answers an object pointer; ISO C knows no cast to a function. */
union next {
	void *symbol;
	int (*fd)(int);
	int (*length)(int, off_t);
	int (*linkat)(int, const char *, int, const char *, int);
	int (*renameat)(int, const char *, int, const char *);
	ssize_t (*write)(int, const void *, size_t);
	ssize_t (*pwrite)(int, const void *, size_t, off_t);
	ssize_t (*writev)(int, const struct iovec *, int);
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
/* Files with bytes, and directories with names, that may not be on disk. */
static struct file {
	dev_t dev;
	ino_t ino;
	bool is_directory;
} unsynced[FILES_MAX];
static unsigned int n_unsynced;

static union next
next_of(const char *name)
{
	return (union next){ .symbol = dlsym(RTLD_NEXT, name) };
}

/* With the mutex; its place, or n_unsynced. */
static unsigned int
find(const struct stat *st)
{
	unsigned int i;

	for (i = 0; i < n_unsynced; i++)
		if (unsynced[i].dev == st->st_dev &&
		    unsynced[i].ino == st->st_ino)
			break;
	return i;
}

static void
note(int fd, bool synced)
{
	struct stat st;
	unsigned int i;

	if (fstat(fd, &st) != 0 ||
	    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return;
	pthread_mutex_lock(&mutex);
	i = find(&st);
	if (synced && i < n_unsynced)
		unsynced[i] = unsynced[--n_unsynced];
	else if (!synced && i == n_unsynced && i < FILES_MAX)
		unsynced[n_unsynced++] = (struct file){ st.st_dev, st.st_ino,
			                                S_ISDIR(st.st_mode) };
	pthread_mutex_unlock(&mutex);
}

static void
note_written(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && (flags & O_DSYNC) == 0)
		note(fd, false);
}

static void
tell(const char *what, const char *name)
{
	fprintf(stderr, "unsynced: %s%s\n", what, name);
}

/* The file takes a name: bytes first; and the directory changes. */
static void
note_name(int from, const char *name, int to, const char *as)
{
	char parent[4096];
	struct stat st;
	char *slash;
	int fd;

	pthread_mutex_lock(&mutex);
	if (fstatat(from, name, &st, 0) == 0 && find(&st) < n_unsynced)
		tell("the bytes of ", name);
	pthread_mutex_unlock(&mutex);
	snprintf(parent, sizeof(parent), "%s", as);
	slash = strrchr(parent, '/');
	if (slash != NULL)
		*slash = '\0';
	else
		snprintf(parent, sizeof(parent), ".");
	fd = openat(to, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		note(fd, false);
		close(fd);
	}
}

__attribute__((destructor)) static void
end(void)
{
	for (unsigned int i = 0; i < n_unsynced; i++)
		if (unsynced[i].is_directory)
			tell("the names in a directory", "");
}

EXPORT int
fsync(int fd)
{
	int rc = next_of("fsync").fd(fd);

	if (rc == 0)
		note(fd, true);
	return rc;
}

EXPORT int
fdatasync(int fd)
{
	int rc = next_of("fdatasync").fd(fd);

	if (rc == 0)
		note(fd, true);
	return rc;
}

EXPORT int
ftruncate(int fd, off_t length)
{
	note_written(fd);
	return next_of("ftruncate").length(fd, length);
}

EXPORT int
linkat(int from, const char *name, int to, const char *as, int flags)
{
	note_name(from, name, to, as);
	return next_of("linkat").linkat(from, name, to, as, flags);
}

EXPORT int
renameat(int from, const char *name, int to, const char *as)
{
	note_name(from, name, to, as);
	return next_of("renameat").renameat(from, name, to, as);
}

EXPORT ssize_t
write(int fd, const void *bytes, size_t len)
{
	note_written(fd);
	return next_of("write").write(fd, bytes, len);
}

EXPORT ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	note_written(fd);
	return next_of("pwrite").pwrite(fd, bytes, len, at);
}

EXPORT ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	note_written(fd);
	return next_of("writev").writev(fd, iov, n);
}
