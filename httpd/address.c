/* SPDX-License-Identifier: OLDAP-2.8 */
/* address.c - how many connections each address has
 *
 * Not the library's own count (MHD_OPTION_PER_IP_CONNECTION_LIMIT), which
 * begins when a connection leaves the lobby: who waits there would have as
 * many places again.
 */
#include "httpd/address.h"

#include <netinet/in.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct http_addresses {
	pthread_mutex_t lock; /* innermost: nothing is called with it held */
	unsigned int limit;
	void *counts; /* tsearch(3) */
};

struct count {
	struct in6_addr from; /* first: what compare() sees */
	unsigned int connections;
};

enum rst_err
http_addresses_new(unsigned int limit, struct http_addresses **ret_addresses)
{
	struct http_addresses *addresses = calloc(1, sizeof(*addresses));

	if (addresses == NULL)
		return RST_ENOMEM;
	pthread_mutex_init(&addresses->lock, NULL);
	addresses->limit = limit;
	*ret_addresses = addresses;
	return RST_OK;
}

void
http_addresses_free(struct http_addresses *addresses)
{
	if (addresses == NULL)
		return;
	tdestroy(addresses->counts, free);
	pthread_mutex_destroy(&addresses->lock);
	free(addresses);
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct in6_addr));
}

/* False for an address that is not one of the internet. */
static bool
key_of(const struct sockaddr *address, struct in6_addr *ret_from)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;

	if (address == NULL)
		return false;
	if (address->sa_family == AF_INET6) {
		*ret_from = v6->sin6_addr;
		return true;
	}
	if (address->sa_family != AF_INET)
		return false;
	/* IPv4-mapped: RFC 4291, section 2.5.5.2 */
	memset(ret_from, 0, sizeof(*ret_from));
	ret_from->s6_addr[10] = ret_from->s6_addr[11] = 0xff;
	memcpy(ret_from->s6_addr + 12, &v4->sin_addr, sizeof(v4->sin_addr));
	return true;
}

/* The one of from, made now if need be; NULL without memory. */
static struct count *
count_of(struct http_addresses *addresses, const struct in6_addr *from)
{
	struct count **place = tfind(from, &addresses->counts, compare);
	struct count *fresh;

	if (place != NULL)
		return *place;
	fresh = calloc(1, sizeof(*fresh));
	if (fresh == NULL)
		return NULL;
	fresh->from = *from;
	place = tsearch(fresh, &addresses->counts, compare);
	if (place == NULL)
		free(fresh);
	return place != NULL ? *place : NULL;
}

bool
http_addresses_enter(struct http_addresses *addresses,
                     const struct sockaddr *address)
{
	struct in6_addr from;
	struct count *count;
	bool in;

	if (addresses->limit == 0 || !key_of(address, &from))
		return true;
	pthread_mutex_lock(&addresses->lock);
	count = count_of(addresses, &from);
	in = count != NULL && count->connections < addresses->limit;
	if (in)
		count->connections++;
	pthread_mutex_unlock(&addresses->lock);
	return in;
}

void
http_addresses_leave(struct http_addresses *addresses,
                     const struct sockaddr *address)
{
	struct in6_addr from;
	struct count **place, *count;

	if (addresses->limit == 0 || !key_of(address, &from))
		return;
	pthread_mutex_lock(&addresses->lock);
	place = tfind(&from, &addresses->counts, compare);
	count = place != NULL ? *place : NULL;
	if (count != NULL && --count->connections == 0) {
		(void)tdelete(count, &addresses->counts, compare);
		free(count);
	}
	pthread_mutex_unlock(&addresses->lock);
}
