/* SPDX-License-Identifier: OLDAP-2.8 */
/* poke.c - telling the follower that something was committed
 *
 * The socket is DIRECTORY/poke.  A socket's name has 108 bytes and a
 * directory's may have more, so it is named by way of a descriptor of the
 * directory: /proc/self/fd/7/poke.
 */
#include "store/poke.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "store/env_priv.h"

#define SOCKET_MODE 0660

/* The socket's address; *ret_dir is to be closed after use. */
static bool
address(const struct rst_env *env, struct sockaddr_un *sun, int *ret_dir)
{
	int dir = open(env->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return false;
	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(sun->sun_path, sizeof(sun->sun_path),
	               "/proc/self/fd/%d/poke", dir);
	*ret_dir = dir;
	return true;
}

enum rst_err
rst_poke_listen(struct rst_env *env, int *ret_fd)
{
	struct sockaddr_un sun;
	int dir = -1, fd = -1;
	enum rst_err err = RST_EIO;

	if (!address(env, &sun, &dir))
		goto out;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || (unlinkat(dir, "poke", 0) != 0 && errno != ENOENT) ||
	    bind(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0 ||
	    fchmodat(dir, "poke", SOCKET_MODE, 0) != 0)
		goto out;
	atomic_store(&env->listens, true);
	*ret_fd = fd;
	fd = -1;
	err = RST_OK;
out:
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return err;
}

void
rst_poke_unlisten(struct rst_env *env)
{
	int dir;

	atomic_store(&env->listens, false);
	dir = open(env->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	(void)unlinkat(dir, "poke", 0);
	close(dir);
}

void
rst_poke(struct rst_env *env)
{
	struct sockaddr_un sun;
	int dir, fd;

	if (!address(env, &sun, &dir))
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		/* nobody there, or one that has not read the last yet: fine */
		(void)sendto(fd, "", 1, MSG_NOSIGNAL, (struct sockaddr *)&sun,
		             sizeof(sun));
		close(fd);
	}
	close(dir);
}
