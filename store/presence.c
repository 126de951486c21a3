/* SPDX-License-Identifier: OLDAP-2.8 */
/* presence.c - is slapd there? */
#include "store/presence.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int
open_file(const char *dir, int flags)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/serving", dir) >=
	    (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0660);
}

int
rst_presence_hold(const char *dir)
{
	int fd = open_file(dir, O_RDWR | O_CREAT);

	/* whatever the umask: all who share the environment look at it; that
	 * of another user has its mode already */
	if (fd >= 0)
		(void)!fchmod(fd, 0660);
	/* it waits for who is just looking, for a moment */
	if (fd >= 0 && flock(fd, LOCK_SH) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void
rst_presence_release(int fd)
{
	if (fd >= 0)
		close(fd);
}

enum rst_err
rst_presence(const char *dir, bool *ret_serves)
{
	int fd = open_file(dir, O_RDWR), error;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		*ret_serves = false; /* nobody ever did */
		return RST_OK;
	}
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM
		               ? RST_ENOMEM
		               : RST_EIO;
	error = flock(fd, LOCK_EX | LOCK_NB) != 0 ? errno : 0;
	close(fd);
	if (error != 0 && error != EWOULDBLOCK)
		return RST_EIO;
	*ret_serves = error != 0;
	return RST_OK;
}
