/* SPDX-License-Identifier: OLDAP-2.8 */
/* service.c - what systemd gives and wants to know: its two protocols are a
 * few lines each */
#include "httpd/service.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "store/view.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

enum rst_err
service_socket(int *ret_fd, struct rst_detail *reterr)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	socklen_t len = sizeof(int);
	uint64_t number = 0, n = 0;
	int listens = 0;

	*ret_fd = -1;
	if (pid == NULL || fds == NULL ||
	    !rst_view_number(rst_view_of(pid), INT32_MAX, &number) ||
	    number != (uint64_t)getpid())
		return RST_OK; /* for somebody else */
	if (!rst_view_number(rst_view_of(fds), INT32_MAX, &n) || n != 1) {
		rst_detail_set(reterr, "LISTEN_FDS: there must be one socket");
		return RST_EINVALID;
	}
	if (getsockopt(FIRST_FD, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) !=
	            0 ||
	    !listens) {
		rst_detail_set(reterr, "LISTEN_FDS: the socket does not "
		                       "listen");
		return RST_EINVALID;
	}
	(void)fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC);
	(void)fcntl(FIRST_FD, F_SETFL, O_NONBLOCK);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	*ret_fd = FIRST_FD;
	return RST_OK;
}

void
service_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = path != NULL ? strlen(path) : 0;
	int fd;

	if (len == 0 || len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0'; /* the abstract namespace */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	             (const struct sockaddr *)&address,
	             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}
