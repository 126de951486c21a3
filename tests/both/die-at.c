/* SPDX-License-Identifier: OLDAP-2.8 */
/* die-at.c - kills its process at the n-th change of a file or directory
 *
 * Preloaded.  DIE_AT says which n; a write that is to be the last one is half
 * done.  What the process opened stays as a kill -9 leaves it.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* dlsym() answers an object pointer; ISO C knows no cast to a function. */
union next {
	void *symbol;
	int (*fd)(int);
	int (*length)(int, off_t);
	char *(*text)(char *);
	int (*path)(const char *);
	int (*unlinkat)(int, const char *, int);
	int (*linkat)(int, const char *, int, const char *, int);
	int (*renameat)(int, const char *, int, const char *);
	int (*mode)(int, const char *, mode_t, int);
	ssize_t (*write)(int, const void *, size_t);
	ssize_t (*pwrite)(int, const void *, size_t, off_t);
};

static union next
next_of(const char *name)
{
	return (union next){ .symbol = dlsym(RTLD_NEXT, name) };
}

static int
is_last(void)
{
	static int at;
	const char *wanted = getenv("DIE_AT");

	return wanted != NULL && __atomic_add_fetch(&at, 1, __ATOMIC_SEQ_CST) ==
	                                 (int)strtol(wanted, NULL, 10);
}

static void
step(void)
{
	if (is_last())
		raise(SIGKILL);
}

EXPORT int
fsync(int fd)
{
	step();
	return next_of("fsync").fd(fd);
}

EXPORT int
ftruncate(int fd, off_t length)
{
	step();
	return next_of("ftruncate").length(fd, length);
}

EXPORT char *
mkdtemp(char *name)
{
	step();
	return next_of("mkdtemp").text(name);
}

EXPORT int
rmdir(const char *path)
{
	step();
	return next_of("rmdir").path(path);
}

EXPORT int
unlinkat(int fd, const char *name, int flags)
{
	step();
	return next_of("unlinkat").unlinkat(fd, name, flags);
}

EXPORT int
linkat(int from, const char *name, int to, const char *as, int flags)
{
	step();
	return next_of("linkat").linkat(from, name, to, as, flags);
}

EXPORT int
renameat(int from, const char *name, int to, const char *as)
{
	step();
	return next_of("renameat").renameat(from, name, to, as);
}

EXPORT int
fchmodat(int fd, const char *name, mode_t mode, int flags)
{
	step();
	return next_of("fchmodat").mode(fd, name, mode, flags);
}

EXPORT ssize_t
write(int fd, const void *bytes, size_t len)
{
	union next next = next_of("write");

	if (is_last()) {
		(void)next.write(fd, bytes, len / 2);
		raise(SIGKILL);
	}
	return next.write(fd, bytes, len);
}

EXPORT ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	union next next = next_of("pwrite");

	if (is_last()) {
		(void)next.pwrite(fd, bytes, len / 2, at);
		raise(SIGKILL);
	}
	return next.pwrite(fd, bytes, len, at);
}
