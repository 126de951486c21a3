/* SPDX-License-Identifier: OLDAP-2.8 */
/* listen.c - sockets */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "httpd/serve.h"

#define BACKLOG 511

/* A socket that nobody listens on any more is taken over. */
static bool
is_stale(const struct sockaddr_un *address)
{
	struct stat st;
	bool dead;
	int fd;

	if (lstat(address->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	dead = connect(fd, (const struct sockaddr *)address,
	               sizeof(*address)) != 0 &&
	       errno == ECONNREFUSED;
	close(fd);
	return dead;
}

static int
open_unix(const char *path, unsigned int mode, struct rst_detail *reterr)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (!rst_view_copy(rst_view_of(path), address.sun_path,
	                   sizeof(address.sun_path)))
		return -1;
	if (is_stale(&address))
		unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	    chmod(path, mode) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	rst_detail_set(reterr, "listen on %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int
open_tcp(const struct http_listen *on, struct rst_detail *reterr)
{
	struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found = NULL;
	char port[8];
	int fd = -1, one = 1, rc;

	snprintf(port, sizeof(port), "%u", on->port);
	rc = getaddrinfo(on->where, port, &hints, &found);
	if (rc != 0) {
		rst_detail_set(reterr, "listen on %s: %s", on->where,
		               gai_strerror(rc));
		return -1;
	}
	fd = socket(found->ai_family,
	            found->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		rst_detail_set(reterr, "listen on %s port %u: %s", on->where,
		               on->port, strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

int
listen_open(const struct http_listen *on, struct rst_detail *reterr)
{
	return on->is_unix ? open_unix(on->where, on->mode, reterr)
	                   : open_tcp(on, reterr);
}

void
listen_peer(const struct sockaddr *address, char buf[LISTEN_PEER_MAX])
{
	char host[INET6_ADDRSTRLEN] = "";

	if (address != NULL && address->sa_family == AF_INET) {
		const struct sockaddr_in *four = (const void *)address;

		inet_ntop(AF_INET, &four->sin_addr, host, sizeof(host));
		snprintf(buf, LISTEN_PEER_MAX, "%s:%u", host,
		         ntohs(four->sin_port));
	} else if (address != NULL && address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const void *)address;

		inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host));
		snprintf(buf, LISTEN_PEER_MAX, "[%s]:%u", host,
		         ntohs(six->sin6_port));
	} else {
		snprintf(buf, LISTEN_PEER_MAX, "unix");
	}
}

bool
listen_is_local(int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);
	char text[LISTEN_PEER_MAX], *colon;

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return false;
	if (address.ss_family == AF_UNIX)
		return true;
	listen_peer((const struct sockaddr *)&address, text);
	colon = strrchr(text, ':');
	if (colon != NULL)
		*colon = '\0';
	return http_is_loopback(text);
}
