/* SPDX-License-Identifier: OLDAP-2.8 */
/* replica_lookup.c - the address of a server, soon or not at all
 *
 * libldap looks names up as long as the resolver likes, half a minute when no
 * name server answers.  A thread of slapd's pool must not wait for that:
 * cn=config would wait for the thread.  So libc looks up in a thread of its
 * own.  What it has not found in time is kept until it comes to an end, and
 * nothing else is looked up meanwhile.
 */
#include "backend/replica.h"

#include <netdb.h>
#include <stdlib.h>

#define ADDRESSES_MAX 3 /* that are tried, one after the other */
#define ADDRESS_URL   (NI_MAXHOST + NI_MAXSERV + sizeof("ldaps://[]: "))

struct back_lookup {
	struct gaicb request;
	struct addrinfo hints;
	char host[NI_MAXHOST];
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

/* Append the URL of an address. */
static bool
append(const LDAPURLDesc *url, const struct addrinfo *address, char *urls,
       size_t size)
{
	bool v6 = address->ai_family == AF_INET6;
	char host[NI_MAXHOST];
	size_t len = strlen(urls);
	int n;

	if (getnameinfo(address->ai_addr, address->ai_addrlen, host,
	                sizeof(host), NULL, 0, NI_NUMERICHOST) != 0)
		return false;
	n = snprintf(urls + len, size - len, "%s%s://%s%s%s:%d",
	             len > 0 ? " " : "", url->lud_scheme, v6 ? "[" : "", host,
	             v6 ? "]" : "", url->lud_port);
	if (n < 0 || (size_t)n >= size - len) {
		urls[len] = '\0';
		return false;
	}
	return true;
}

static bool
start(const char *host, struct back_lookup **lookup)
{
	struct gaicb *request;
	struct back_lookup *new = calloc(1, sizeof(*new));

	if (new == NULL || strlen(host) >= sizeof(new->host)) {
		free(new);
		return false;
	}
	memcpy(new->host, host, strlen(host) + 1);
	new->hints.ai_socktype = SOCK_STREAM;
	new->request.ar_name = new->host;
	new->request.ar_request = &new->hints;
	request = &new->request;
	if (getaddrinfo_a(GAI_NOWAIT, &request, 1, NULL) != 0) {
		free(new);
		return false;
	}
	*lookup = new;
	return true;
}

/* What was found within the time, as URLs. */
static bool
find(const LDAPURLDesc *url, unsigned int within_s, struct back_lookup **lookup,
     char *ret_urls, size_t size)
{
	const struct timespec wait = { .tv_sec = within_s };
	const struct gaicb *request;
	const struct addrinfo *found;
	unsigned int n = 0;

	if (!end(lookup) || !start(url->lud_host, lookup))
		return false;
	request = &(*lookup)->request;
	while (gai_suspend(&request, 1, &wait) == EAI_INTR)
		;
	if (gai_error(&(*lookup)->request) != 0)
		return end(lookup) && false;
	found = request->ar_result;
	for (; found != NULL && n < ADDRESSES_MAX; found = found->ai_next)
		if (append(url, found, ret_urls, size))
			n++;
	(void)end(lookup);
	return n > 0;
}

bool
back_lookup(const char *text, unsigned int within_s,
            struct back_lookup **lookup, char ret_urls[BACK_LOOKUP_MAX])
{
	LDAPURLDesc *url = NULL;
	bool ok;

	ret_urls[0] = '\0';
	if (ldap_url_parse(text, &url) != LDAP_URL_SUCCESS)
		return false;
	if (url->lud_host == NULL || url->lud_host[0] == '\0' ||
	    strcmp(url->lud_scheme, "ldapi") == 0)
		ok = rst_view_copy(rst_view_of(text), ret_urls,
		                   BACK_LOOKUP_MAX);
	else
		ok = find(url, within_s, lookup, ret_urls, BACK_LOOKUP_MAX);
	ldap_free_urldesc(url);
	return ok;
}
