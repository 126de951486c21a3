/* SPDX-License-Identifier: OLDAP-2.8 */
/* proxy.c - whom a request is from, behind proxies
 *
 *	peer 192.0.2.1 (trusted)	X-Forwarded-For: 10.9.9.9, 203.0.113.7
 *
 * is from 203.0.113.7: the proxy wrote that, and 10.9.9.9 is what the client
 * said.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "httpd/conf.h"
#include "rules/token.h"

#define HOPS_MAX 16 /* of one header that are looked at */

static bool
is_trusted(const char *list, const char *peer)
{
	while (*(list += strspn(list, ", \t")) != '\0') {
		size_t len = strcspn(list, ", \t");

		if (rule_address_has(list, len, peer, strlen(peer)))
			return true;
		list += len;
	}
	return false;
}

/* "203.0.113.7", "203.0.113.7:4711", "2001:db8::1", "[2001:db8::1]:4711" as
 * "203.0.113.7" or "[2001:db8::1]". */
static bool
read_hop(struct rst_view hop, char *buf, size_t size)
{
	char text[INET6_ADDRSTRLEN + 8], *end;
	unsigned char bytes[16];

	while (hop.len > 0 && (hop.ptr[0] == ' ' || hop.ptr[0] == '\t'))
		hop = rst_view(hop.ptr + 1, hop.len - 1);
	while (hop.len > 0 &&
	       (hop.ptr[hop.len - 1] == ' ' || hop.ptr[hop.len - 1] == '\t'))
		hop.len--;
	if (!rst_view_copy(hop, text, sizeof(text)))
		return false;
	end = strchr(text, ':');
	if (text[0] == '[' && (end = strchr(text, ']')) != NULL) {
		*end = '\0';
		memmove(text, text + 1, strlen(text));
	} else if (end != NULL && strchr(end + 1, ':') == NULL) {
		*end = '\0';
	}
	if (inet_pton(AF_INET, text, bytes) == 1)
		return snprintf(buf, size, "%s", text) < (int)size;
	return inet_pton(AF_INET6, text, bytes) == 1 &&
	       snprintf(buf, size, "[%s]", text) < (int)size;
}

bool
http_proxy_client(const char *trusted, const char *peer,
                  struct rst_view forwarded, char *buf, size_t size)
{
	bool proxied = is_trusted(trusted, peer);
	char hop[INET6_ADDRSTRLEN + 8];
	size_t start;

	snprintf(buf, size, "%s", peer);
	if (!proxied)
		return false;
	for (int i = 0; i < HOPS_MAX && forwarded.len > 0; i++) {
		start = forwarded.len;
		while (start > 0 && forwarded.ptr[start - 1] != ',')
			start--;
		if (!read_hop(rst_view(forwarded.ptr + start,
		                       forwarded.len - start),
		              hop, sizeof(hop)))
			break; /* the last one that was an address stands */
		snprintf(buf, size, "%s", hop);
		if (!is_trusted(trusted, hop))
			break;
		forwarded.len = start > 0 ? start - 1 : 0;
	}
	return true;
}
