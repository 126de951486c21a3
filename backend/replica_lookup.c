/* SPDX-License-Identifier: OLDAP-2.8 */
/* replica_lookup.c - a connection to a server, soon or not at all
 *
 * libldap looks names up as long as the resolver likes, half a minute when no
 * name server answers.  A thread of slapd's pool must not wait for that:
 * cn=config would wait for the thread.  So libc looks up in a thread of its
 * own.  What it has not found in time is kept until it comes to an end, and
 * nothing else is looked up meanwhile.
 *
 * libldap is given the connection and the URL as it was, since it compares the
 * name there with the server's certificate.
 */
#include "backend/replica.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define ADDRESSES_MAX 3 /* that are tried, one after the other */
#define LOOKUP_S      1
#define CONNECT_MS    1000 /* each of them */

struct back_lookup {
	struct gaicb request;
	struct addrinfo hints;
	char host[NI_MAXHOST], port[8];
};

/* False: libc is still at it, and *lookup its own. */
static bool
end(struct back_lookup **lookup)
{
	if (*lookup == NULL)
		return true;
	if (gai_error(&(*lookup)->request) == EAI_INPROGRESS &&
	    gai_cancel(&(*lookup)->request) != EAI_CANCELED)
		return false;
	if ((*lookup)->request.ar_result != NULL)
		freeaddrinfo((*lookup)->request.ar_result);
	free(*lookup);
	*lookup = NULL;
	return true;
}

void
back_lookup_close(struct back_lookup **lookup)
{
	/* what libc is at stays where it is */
	(void)end(lookup);
	*lookup = NULL;
}

static bool
is_connected(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int code = 0, n;

	do
		n = poll(&wait, 1, CONNECT_MS);
	while (n < 0 && errno == EINTR);
	return n == 1 &&
	       getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) == 0 &&
	       code == 0;
}

/* -1: not within CONNECT_MS. */
static int
connect_to(const struct addrinfo *address)
{
	int fd = socket(address->ai_family,
	                SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, address->ai_addr, address->ai_addrlen) == 0 ||
	    (errno == EINPROGRESS && is_connected(fd)))
		return fd;
	close(fd);
	return -1;
}

static bool
start(const LDAPURLDesc *url, struct back_lookup **lookup)
{
	struct gaicb *request;
	struct back_lookup *new = calloc(1, sizeof(*new));

	if (new == NULL || strlen(url->lud_host) >= sizeof(new->host)) {
		free(new);
		return false;
	}
	memcpy(new->host, url->lud_host, strlen(url->lud_host) + 1);
	(void)snprintf(new->port, sizeof(new->port), "%d", url->lud_port);
	new->hints.ai_socktype = SOCK_STREAM;
	new->request.ar_name = new->host;
	new->request.ar_service = new->port;
	new->request.ar_request = &new->hints;
	request = &new->request;
	if (getaddrinfo_a(GAI_NOWAIT, &request, 1, NULL) != 0) {
		free(new);
		return false;
	}
	*lookup = new;
	return true;
}

/* To the first of those found within the time that takes one; or -1. */
static int
find(const LDAPURLDesc *url, struct back_lookup **lookup)
{
	const struct timespec wait = { .tv_sec = LOOKUP_S };
	const struct gaicb *request;
	const struct addrinfo *found;
	int fd = -1;

	if (!end(lookup) || !start(url, lookup))
		return -1;
	request = &(*lookup)->request;
	while (gai_suspend(&request, 1, &wait) == EAI_INTR)
		;
	if (gai_error(&(*lookup)->request) == EAI_INPROGRESS) {
		(void)end(lookup);
		return -1;
	}
	found = (*lookup)->request.ar_result;
	for (int n = 0; fd < 0 && found != NULL && n < ADDRESSES_MAX; n++) {
		fd = connect_to(found);
		found = found->ai_next;
	}
	(void)end(lookup);
	return fd;
}

/*
 * libldap makes a socket block each time that it waited for a handshake: who
 * stops within one would keep this thread.
 */
static ber_slen_t
read_some(Sockbuf_IO_Desc *desc, void *buf, ber_len_t len)
{
	(void)ber_sockbuf_ctrl(desc->sbiod_sb, LBER_SB_OPT_SET_NONBLOCK, desc);
	return LBER_SBIOD_READ_NEXT(desc, buf, len);
}

static ber_slen_t
write_some(Sockbuf_IO_Desc *desc, void *buf, ber_len_t len)
{
	(void)ber_sockbuf_ctrl(desc->sbiod_sb, LBER_SB_OPT_SET_NONBLOCK, desc);
	return LBER_SBIOD_WRITE_NEXT(desc, buf, len);
}

static int
hand_on(Sockbuf_IO_Desc *desc, int opt, void *arg)
{
	return LBER_SBIOD_CTRL_NEXT(desc, opt, arg);
}

static bool
never_block(LDAP *link)
{
	static Sockbuf_IO io = { .sbi_ctrl = hand_on,
		                 .sbi_read = read_some,
		                 .sbi_write = write_some };
	Sockbuf *sockbuf = NULL;

	return ldap_get_option(link, LDAP_OPT_SOCKBUF, &sockbuf) == 0 &&
	       sockbuf != NULL &&
	       ber_sockbuf_add_io(sockbuf, &io, LBER_SBIOD_LEVEL_PROVIDER,
	                          NULL) == 0;
}

LDAP *
back_reach(const char *text, struct back_lookup **lookup)
{
	LDAPURLDesc *url = NULL;
	LDAP *link = NULL;
	int fd = -1;

	if (ldap_url_parse(text, &url) != LDAP_URL_SUCCESS)
		return NULL;
	if (url->lud_host == NULL || url->lud_host[0] == '\0' ||
	    strcmp(url->lud_scheme, "ldapi") == 0) {
		(void)ldap_initialize(&link, text);
		goto out;
	}
	fd = find(url, lookup);
	if (fd < 0)
		goto out;
	if (ldap_init_fd(fd, LDAP_PROTO_TCP, text, &link) != LDAP_SUCCESS) {
		close(fd);
	} else if (!never_block(link)) {
		ldap_unbind_ext(link, NULL, NULL);
		link = NULL;
	}
out:
	ldap_free_urldesc(url);
	return link;
}
