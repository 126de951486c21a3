/* SPDX-License-Identifier: OLDAP-2.8 */
/* commit-gate.c - stops its process in the middle of a commit
 *
 * Preloaded.  When the file COMMIT_GATE is there at a sync of data.mdb, it is
 * removed and the process stops itself, writer lock in hand, until somebody
 * continues it.
 */
#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA "/environment/data.mdb"

static int
is_data(int fd)
{
	char link[64], target[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < (ssize_t)strlen(DATA))
		return 0;
	target[n] = '\0';
	return strcmp(target + n - strlen(DATA), DATA) == 0;
}

__attribute__((visibility("default"))) int
fdatasync(int fd)
{
	static int (*next)(int);
	const char *gate = getenv("COMMIT_GATE");

	if (next == NULL)
		next = dlsym(RTLD_NEXT, "fdatasync");
	/* raise(), not kill(): this very thread must not go on. */
	if (gate != NULL && is_data(fd) && unlink(gate) == 0)
		raise(SIGSTOP);
	return next(fd);
}
