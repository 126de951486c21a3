/* SPDX-License-Identifier: OLDAP-2.8 */
/* fault.c - preloaded: the k-th call of a kind fails
 *
 * Only calls out of objects named in ROSTER_FAULT_IN (a list with commas) are
 * counted: what slapd or a library does without memory is theirs.  The file
 * ROSTER_FAULT_CONTROL is a struct fault_control.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/faults/fault.h"

#define PUBLIC __attribute__((visibility("default")))
#define CALLER __builtin_return_address(0)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static struct fault_control *control;
static const char *objects; /* of ROSTER_FAULT_IN */

__attribute__((constructor)) static void
start(void)
{
	const char *path = getenv("ROSTER_FAULT_CONTROL");
	void *map;
	int fd;

	objects = getenv("ROSTER_FAULT_IN");
	if (path == NULL || objects == NULL)
		return;
	fd = open(path, O_RDWR | O_CLOEXEC);
	map = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED,
	           fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		abort();
	control = map;
}

/* The object that address lies in is one of the list. */
static bool
is_ours(const void *address)
{
	const char *at = objects, *name;
	Dl_info info;

	if (dladdr(address, &info) == 0 || info.dli_fname == NULL)
		return false;
	name = strrchr(info.dli_fname, '/');
	name = name != NULL ? name + 1 : info.dli_fname;
	while (*at != '\0') {
		size_t len = strcspn(at, ",");

		if (strncmp(name, at, len) == 0)
			return true;
		at += len + (at[len] == ',');
	}
	return false;
}

/* Is this the call that fails? */
static bool
fails(int kind, const void *caller)
{
	_Atomic int32_t *countdown;

	if (control == NULL || (control->kinds & kind) == 0 ||
	    control->countdown <= 0 || !is_ours(caller))
		return false;
	countdown = (_Atomic int32_t *)&control->countdown;
	if (atomic_fetch_sub(countdown, 1) != 1)
		return false;
	control->fired++;
	errno = kind == FAULT_MEMORY ? ENOMEM : control->error;
	return true;
}

PUBLIC void *
malloc(size_t size)
{
	return fails(FAULT_MEMORY, CALLER) ? NULL : __libc_malloc(size);
}

PUBLIC void *
calloc(size_t n, size_t size)
{
	return fails(FAULT_MEMORY, CALLER) ? NULL : __libc_calloc(n, size);
}

PUBLIC void *
realloc(void *old, size_t size)
{
	return fails(FAULT_MEMORY, CALLER) ? NULL : __libc_realloc(old, size);
}

PUBLIC char *
strndup(const char *text, size_t max)
{
	size_t len = strnlen(text, max);
	char *copy =
		fails(FAULT_MEMORY, CALLER) ? NULL : __libc_malloc(len + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

PUBLIC char *
strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = fails(FAULT_MEMORY, CALLER) ? NULL : __libc_malloc(size);

	return copy != NULL ? memcpy(copy, text, size) : NULL;
}

PUBLIC int
asprintf(char **ret_text, const char *format, ...)
{
	va_list args;
	int n;

	if (fails(FAULT_MEMORY, CALLER))
		return -1;
	va_start(args, format);
	n = vasprintf(ret_text, format, args);
	va_end(args);
	return n;
}

/* What asprintf() becomes under _FORTIFY_SOURCE. */
int __asprintf_chk(char **ret_text, int flag, const char *format, ...);

PUBLIC int
__asprintf_chk(char **ret_text, int flag, const char *format, ...)
{
	va_list args;
	int n;

	(void)flag;
	if (fails(FAULT_MEMORY, CALLER))
		return -1;
	va_start(args, format);
	n = vasprintf(ret_text, format, args);
	va_end(args);
	return n;
}

PUBLIC FILE *
open_memstream(char **ret_text, size_t *ret_size)
{
	static FILE *(*real)(char **, size_t *);

	if (fails(FAULT_MEMORY, CALLER))
		return NULL;
	if (real == NULL)
		real = dlsym(RTLD_NEXT, "open_memstream");
	return real(ret_text, ret_size);
}

/* Files: the rest goes to the function of the same name after us. */
#define REAL(type, name, ...)                                                  \
	static type (*real)(__VA_ARGS__);                                      \
	if (real == NULL)                                                      \
	real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static bool
is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

#define OPEN(name)                                                             \
	PUBLIC int name(const char *path, int flags, ...)                      \
	{                                                                      \
		mode_t mode = 0;                                               \
		va_list args;                                                  \
		REAL(int, #name, const char *, int, ...);                      \
                                                                               \
		va_start(args, flags);                                         \
		if ((flags & (O_CREAT | O_TMPFILE)) != 0)                      \
			mode = va_arg(args, mode_t);                           \
		va_end(args);                                                  \
		return fails(FAULT_OPEN, CALLER) ? -1                          \
		                                 : real(path, flags, mode);    \
	}
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                           \
	PUBLIC int name(int dir, const char *path, int flags, ...)             \
	{                                                                      \
		mode_t mode = 0;                                               \
		va_list args;                                                  \
		REAL(int, #name, int, const char *, int, ...);                 \
                                                                               \
		va_start(args, flags);                                         \
		if ((flags & (O_CREAT | O_TMPFILE)) != 0)                      \
			mode = va_arg(args, mode_t);                           \
		va_end(args);                                                  \
		return fails(FAULT_OPEN, CALLER)                               \
		               ? -1                                            \
		               : real(dir, path, flags, mode);                 \
	}
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name)                                                            \
	PUBLIC FILE *name(const char *path, const char *mode)                  \
	{                                                                      \
		REAL(FILE *, #name, const char *, const char *);               \
                                                                               \
		return fails(FAULT_OPEN, CALLER) ? NULL : real(path, mode);    \
	}
FOPEN(fopen)
FOPEN(fopen64)

PUBLIC ssize_t
write(int fd, const void *bytes, size_t n)
{
	REAL(ssize_t, "write", int, const void *, size_t);

	return is_file(fd) && fails(FAULT_WRITE, CALLER) ? -1
	                                                 : real(fd, bytes, n);
}

#define PWRITE(name)                                                           \
	PUBLIC ssize_t name(int fd, const void *bytes, size_t n, off_t at)     \
	{                                                                      \
		REAL(ssize_t, #name, int, const void *, size_t, off_t);        \
                                                                               \
		return fails(FAULT_WRITE, CALLER) ? -1                         \
		                                  : real(fd, bytes, n, at);    \
	}
PWRITE(pwrite)
PWRITE(pwrite64)

#define PWRITEV(name)                                                          \
	PUBLIC ssize_t name(int fd, const struct iovec *iov, int n, off_t at)  \
	{                                                                      \
		REAL(ssize_t, #name, int, const struct iovec *, int, off_t);   \
                                                                               \
		return fails(FAULT_WRITE, CALLER) ? -1 : real(fd, iov, n, at); \
	}
PWRITEV(pwritev)
PWRITEV(pwritev64)

PUBLIC ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	REAL(ssize_t, "writev", int, const struct iovec *, int);

	return is_file(fd) && fails(FAULT_WRITE, CALLER) ? -1
	                                                 : real(fd, iov, n);
}

#define SYNC(name)                                                             \
	PUBLIC int name(int fd)                                                \
	{                                                                      \
		REAL(int, #name, int);                                         \
                                                                               \
		return fails(FAULT_SYNC, CALLER) ? -1 : real(fd);              \
	}
SYNC(fsync)
SYNC(fdatasync)

#define MMAP(name)                                                             \
	PUBLIC void *name(void *at, size_t size, int prot, int flags, int fd,  \
	                  off_t from)                                          \
	{                                                                      \
		REAL(void *, #name, void *, size_t, int, int, int, off_t);     \
                                                                               \
		return fails(FAULT_MAP, CALLER)                                \
		               ? MAP_FAILED                                    \
		               : real(at, size, prot, flags, fd, from);        \
	}
MMAP(mmap)
MMAP(mmap64)
