/* SPDX-License-Identifier: OLDAP-2.8 */
/* lobby.c - connections that have not said hello
 *
 * epoll is edge-triggered: it tells of each arrival once, so half a hello does
 * not come up again and again.  The reaper shuts down who is there too long,
 * which comes up as the end of the stream.
 */
#include "httpd/lobby.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "httpd/reaper.h"

#define AT_ONCE          64
#define RECORD_HEAD      5     /* type, version, length: RFC 8446, 5.1 */
#define RECORD_HANDSHAKE 22    /* its type */
#define RECORD_MAX       16384 /* what follows the head, at most */

struct waiting {
	struct waiting *next, **at; /* at points to what points to us */
	struct http_guest guest;
	struct http_watched *watched;
};

struct http_lobby {
	struct http_reaper *reaper;
	int epoll_fd;
	struct waiting *first;
	struct epoll_event events[AT_ONCE];
	int have, taken; /* of events */
};

enum rst_err
http_lobby_new(struct http_reaper *reaper, struct http_lobby **ret_lobby)
{
	struct http_lobby *lobby = calloc(1, sizeof(*lobby));

	if (lobby == NULL)
		return RST_ENOMEM;
	lobby->reaper = reaper;
	lobby->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (lobby->epoll_fd < 0) {
		free(lobby);
		return RST_ENOMEM;
	}
	*ret_lobby = lobby;
	return RST_OK;
}

/* It waits no more; its descriptor stays open. */
static void
forget(struct http_lobby *lobby, struct waiting *waiting)
{
	http_reaper_forget(lobby->reaper, waiting->watched);
	*waiting->at = waiting->next;
	if (waiting->next != NULL)
		waiting->next->at = waiting->at;
	free(waiting);
}

static void
show_out(struct http_lobby *lobby, struct waiting *waiting)
{
	int fd = waiting->guest.fd;

	forget(lobby, waiting);
	close(fd);
}

unsigned int
http_lobby_free(struct http_lobby *lobby)
{
	struct waiting *next;
	unsigned int n = 0;

	if (lobby == NULL)
		return 0;
	for (struct waiting *w = lobby->first; w != NULL; w = next, n++) {
		next = w->next;
		show_out(lobby, w);
	}
	close(lobby->epoll_fd);
	free(lobby);
	return n;
}

int
http_lobby_fd(const struct http_lobby *lobby)
{
	return lobby->epoll_fd;
}

bool
http_lobby_enter(struct http_lobby *lobby, const struct http_guest *guest)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET };
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	if (waiting == NULL) {
		close(guest->fd);
		return false;
	}
	waiting->guest = *guest;
	waiting->next = lobby->first;
	waiting->at = &lobby->first;
	if (waiting->next != NULL)
		waiting->next->at = &waiting->next;
	lobby->first = waiting;
	event.data.ptr = waiting;
	waiting->watched = http_reaper_watch(lobby->reaper, guest->fd);
	if (waiting->watched != NULL &&
	    epoll_ctl(lobby->epoll_fd, EPOLL_CTL_ADD, guest->fd, &event) == 0)
		return true;
	show_out(lobby, waiting);
	return false;
}

/* Is what came a whole record, or no record of a handshake? */
static bool
said_hello(int fd)
{
	unsigned char head[RECORD_HEAD];
	ssize_t len = recv(fd, head, sizeof(head), MSG_PEEK | MSG_DONTWAIT);
	int have = 0, record;

	if (len <= 0)
		return false;
	if (head[0] != RECORD_HANDSHAKE)
		return true;
	if (len < RECORD_HEAD)
		return false;
	record = head[3] << 8 | head[4];
	return record > RECORD_MAX || (ioctl(fd, FIONREAD, &have) == 0 &&
	                               have >= RECORD_HEAD + record);
}

/* See who moved; false when it is time for others: nobody, or some were seen
 * since it was false last. */
static bool
look(struct http_lobby *lobby)
{
	bool seen = lobby->have > 0;

	lobby->taken = lobby->have = 0;
	if (!seen)
		lobby->have =
			epoll_wait(lobby->epoll_fd, lobby->events, AT_ONCE, 0);
	if (lobby->have < 0)
		lobby->have = 0;
	return lobby->have > 0;
}

enum http_lobby_next
http_lobby_next(struct http_lobby *lobby, struct http_guest *ret_guest)
{
	struct epoll_event *event;
	struct waiting *waiting;

	for (;;) {
		if (lobby->taken == lobby->have && !look(lobby))
			return LOBBY_NOBODY;
		event = &lobby->events[lobby->taken++];
		waiting = event->data.ptr;
		*ret_guest = waiting->guest;
		if (said_hello(waiting->guest.fd)) {
			(void)epoll_ctl(lobby->epoll_fd, EPOLL_CTL_DEL,
			                ret_guest->fd, NULL);
			forget(lobby, waiting);
			return LOBBY_READY;
		}
		if ((event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
			show_out(lobby, waiting);
			ret_guest->fd = -1;
			return LOBBY_GONE;
		}
	}
}
