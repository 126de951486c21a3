/* SPDX-License-Identifier: OLDAP-2.8 */
/* accept.c - new connections, handed to libmicrohttpd */
#include "httpd/accept.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define AT_ONCE  64 /* accepted before the end is looked for again */
#define PAUSE_MS 50 /* when there are too many, or no descriptors are left */

struct http_acceptor {
	int fd;
	int end_fd; /* readable: stop */
	struct MHD_Daemon *daemon;
	atomic_uint_fast64_t *connections;
	unsigned int limit;
	pthread_t thread;
};

/* One; false for none, or when it is better to wait. */
static bool
accept_one(struct http_acceptor *acceptor, bool *ret_pause)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(address);
	int fd;

	*ret_pause = atomic_load(acceptor->connections) >= acceptor->limit;
	if (*ret_pause)
		return false;
	fd = accept4(acceptor->fd, (struct sockaddr *)&address, &len,
	             SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		atomic_fetch_add(acceptor->connections, 1);
		/* what the library does not want it has closed */
		if (MHD_add_connection(acceptor->daemon, fd,
		                       (struct sockaddr *)&address,
		                       len) != MHD_YES)
			atomic_fetch_sub(acceptor->connections, 1);
		return true;
	}
	if (errno == ECONNABORTED || errno == EINTR)
		return true;
	*ret_pause = errno != EAGAIN;
	return false;
}

static void *
run(void *arg)
{
	struct http_acceptor *acceptor = arg;
	bool pause = false;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = acceptor->end_fd, .events = POLLIN },
			{ .fd = pause ? -1 : acceptor->fd, .events = POLLIN },
		};

		(void)poll(fds, 2, pause ? PAUSE_MS : -1);
		if (fds[0].revents != 0)
			return NULL;
		pause = false;
		for (int i = 0; i < AT_ONCE; i++)
			if (!accept_one(acceptor, &pause))
				break;
	}
}

enum rst_err
http_acceptor_start(int fd, struct MHD_Daemon *daemon,
                    atomic_uint_fast64_t *connections, unsigned int limit,
                    struct http_acceptor **ret_acceptor)
{
	struct http_acceptor *acceptor = calloc(1, sizeof(*acceptor));

	if (acceptor == NULL)
		return RST_ENOMEM;
	acceptor->fd = fd;
	acceptor->daemon = daemon;
	acceptor->connections = connections;
	acceptor->limit = limit;
	acceptor->end_fd = eventfd(0, EFD_CLOEXEC);
	if (acceptor->end_fd >= 0 &&
	    pthread_create(&acceptor->thread, NULL, run, acceptor) == 0) {
		*ret_acceptor = acceptor;
		return RST_OK;
	}
	if (acceptor->end_fd >= 0)
		close(acceptor->end_fd);
	free(acceptor);
	return RST_ENOMEM;
}

void
http_acceptor_stop(struct http_acceptor *acceptor)
{
	if (acceptor == NULL)
		return;
	while (eventfd_write(acceptor->end_fd, 1) != 0 && errno == EINTR)
		;
	pthread_join(acceptor->thread, NULL);
	close(acceptor->end_fd);
	free(acceptor);
}
