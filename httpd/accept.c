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

#include "httpd/address.h"
#include "httpd/lobby.h"

#define AT_ONCE  64 /* accepted before the end is looked for again */
#define PAUSE_MS 50 /* when there are too many, or no descriptors are left */

struct http_acceptor {
	struct http_acceptor_conf conf;
	int end_fd; /* readable: stop */
	pthread_t thread;
};

static void
count_out(struct http_acceptor *acceptor, const struct http_guest *guest)
{
	http_addresses_leave(acceptor->conf.addresses,
	                     (const struct sockaddr *)&guest->address);
	atomic_fetch_sub(acceptor->conf.connections, 1);
}

/* What the library does not want it has closed. */
static void
hand_over(struct http_acceptor *acceptor, const struct http_guest *guest)
{
	if (MHD_add_connection(acceptor->conf.daemon, guest->fd,
	                       (const struct sockaddr *)&guest->address,
	                       guest->len) != MHD_YES)
		count_out(acceptor, guest);
}

static void
let_in(struct http_acceptor *acceptor, const struct http_guest *guest)
{
	const struct http_acceptor_conf *conf = &acceptor->conf;

	if (!http_addresses_enter(conf->addresses,
	                          (const struct sockaddr *)&guest->address)) {
		close(guest->fd);
		return;
	}
	atomic_fetch_add(conf->connections, 1);
	if (conf->lobby == NULL)
		hand_over(acceptor, guest);
	else if (!http_lobby_enter(conf->lobby, guest))
		count_out(acceptor, guest);
}

/* One; false for none, or when it is better to wait. */
static bool
accept_one(struct http_acceptor *acceptor, bool *ret_pause)
{
	const struct http_acceptor_conf *conf = &acceptor->conf;
	struct http_guest guest = { .len = sizeof(guest.address) };

	*ret_pause = atomic_load(conf->connections) >= conf->limit;
	if (*ret_pause)
		return false;
	guest.fd = accept4(conf->fd, (struct sockaddr *)&guest.address,
	                   &guest.len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (guest.fd >= 0) {
		let_in(acceptor, &guest);
		return true;
	}
	if (errno == ECONNABORTED || errno == EINTR)
		return true;
	*ret_pause = errno != EAGAIN;
	return false;
}

/* Hand over who said hello. */
static void
call_in(struct http_acceptor *acceptor)
{
	struct http_guest guest;

	for (;;)
		switch (http_lobby_next(acceptor->conf.lobby, &guest)) {
		case LOBBY_NOBODY:
			return;
		case LOBBY_READY:
			hand_over(acceptor, &guest);
			break;
		case LOBBY_GONE:
			count_out(acceptor, &guest);
			break;
		}
}

static void *
run(void *arg)
{
	struct http_acceptor *acceptor = arg;
	const struct http_acceptor_conf *conf = &acceptor->conf;
	bool pause = false;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = acceptor->end_fd, .events = POLLIN },
			{ .fd = conf->lobby != NULL ? http_lobby_fd(conf->lobby)
			                            : -1,
			  .events = POLLIN },
			{ .fd = pause ? -1 : conf->fd, .events = POLLIN },
		};

		(void)poll(fds, 3, pause ? PAUSE_MS : -1);
		if (fds[0].revents != 0)
			return NULL;
		if (fds[1].revents != 0)
			call_in(acceptor);
		pause = false;
		for (int i = 0; i < AT_ONCE; i++)
			if (!accept_one(acceptor, &pause))
				break;
	}
}

enum rst_err
http_acceptor_start(const struct http_acceptor_conf *conf,
                    struct http_acceptor **ret_acceptor)
{
	struct http_acceptor *acceptor = calloc(1, sizeof(*acceptor));

	if (acceptor == NULL) {
		(void)http_lobby_free(conf->lobby);
		return RST_ENOMEM;
	}
	acceptor->conf = *conf;
	acceptor->end_fd = eventfd(0, EFD_CLOEXEC);
	if (acceptor->end_fd >= 0 &&
	    pthread_create(&acceptor->thread, NULL, run, acceptor) == 0) {
		*ret_acceptor = acceptor;
		return RST_OK;
	}
	if (acceptor->end_fd >= 0)
		close(acceptor->end_fd);
	(void)http_lobby_free(conf->lobby);
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
	atomic_fetch_sub(acceptor->conf.connections,
	                 http_lobby_free(acceptor->conf.lobby));
	close(acceptor->end_fd);
	free(acceptor);
}
