/* SPDX-License-Identifier: OLDAP-2.8 */
/* conf_url.c - addresses in the configuration */
#include "httpd/conf.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store/view.h"

bool
http_is_loopback(const char *host)
{
	char bare[HTTP_HOST_MAX + 1];
	struct in6_addr six;
	struct in_addr four;
	size_t len = strlen(host);

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (len >= 2 && len < sizeof(bare) && host[0] == '[' &&
	    host[len - 1] == ']') {
		memcpy(bare, host + 1, len - 2);
		bare[len - 2] = '\0';
		host = bare;
	}
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &six) == 1 &&
	       IN6_IS_ADDR_LOOPBACK(&six);
}

/* An IPv6 address, with a scope ("fe80::1%eth0") or without. */
static bool
is_ipv6(struct rst_view text)
{
	char address[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	const char *scope =
		text.len > 0 ? memchr(text.ptr, '%', text.len) : NULL;

	if (scope != NULL)
		text.len = (size_t)(scope - text.ptr);
	return rst_view_copy(text, address, sizeof(address)) &&
	       inet_pton(AF_INET6, address, bytes) == 1;
}

/* "host", "host:port", "[::1]:port"; brackets stay. */
static bool
split_host(struct rst_view text, char host[HTTP_HOST_MAX + 1],
           struct rst_view *ret_port)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-";
	const char *end;
	size_t len;

	if (text.len > 0 && text.ptr[0] == '[') {
		end = memchr(text.ptr, ']', text.len);
		if (end == NULL)
			return false;
		len = (size_t)(end - text.ptr) + 1;
		if (!is_ipv6(rst_view(text.ptr + 1, len - 2)))
			return false;
	} else {
		for (len = 0; len < text.len && text.ptr[len] != ':'; len++)
			if (memchr(allowed, text.ptr[len],
			           sizeof(allowed) - 1) == NULL)
				return false;
	}
	if (len == 0 ||
	    !rst_view_copy(rst_view(text.ptr, len), host, HTTP_HOST_MAX + 1))
		return false;
	*ret_port = rst_view(text.ptr + len, text.len - len);
	return true;
}

/* "/roster", "/apps/roster": plain segments. */
static bool
is_base(struct rst_view path)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_";

	for (size_t i = 0; i < path.len; i++) {
		bool last = i + 1 == path.len;

		if (path.ptr[i] == '/' ? last || path.ptr[i + 1] == '/'
		                       : memchr(allowed, path.ptr[i],
		                                sizeof(allowed) - 1) == NULL)
			return false;
	}
	return true;
}

bool
http_site_parse(const char *url, struct http_site *ret_site)
{
	struct http_site site = { 0 };
	struct rst_view rest, port;
	const char *slash;
	uint64_t number;

	if (strlen(url) > HTTP_URL_MAX)
		return false;
	site.https = strncmp(url, "https://", 8) == 0;
	if (!site.https && strncmp(url, "http://", 7) != 0)
		return false;
	rest = rst_view_of(url + (site.https ? 8 : 7));
	if (rest.len > 0 && rest.ptr[rest.len - 1] == '/')
		rest.len--;
	snprintf(site.url, sizeof(site.url), "%s%.*s",
	         site.https ? "https://" : "http://", (int)rest.len, rest.ptr);
	slash = memchr(rest.ptr, '/', rest.len);
	if (slash != NULL) {
		struct rst_view base =
			rst_view(slash, rest.len - (size_t)(slash - rest.ptr));

		if (!is_base(base) ||
		    !rst_view_copy(base, site.base, sizeof(site.base)))
			return false;
		rest.len -= base.len;
	}
	if (!split_host(rest, site.host, &port))
		return false;
	site.port = site.https ? 443 : 80;
	if (port.len > 0) {
		if (port.ptr[0] != ':' ||
		    !rst_view_number(rst_view(port.ptr + 1, port.len - 1),
		                     UINT16_MAX, &number) ||
		    number == 0)
			return false;
		site.port = (uint16_t)number;
	}
	snprintf(site.origin, sizeof(site.origin), "%s%.*s",
	         site.https ? "https://" : "http://", (int)rest.len, rest.ptr);
	*ret_site = site;
	return true;
}

bool
http_listen_parse(const char *text, struct http_listen *ret_listen)
{
	struct http_listen listen = { 0 };
	struct rst_view port;
	uint64_t number;
	size_t len;

	if (strncmp(text, "unix:", 5) == 0) {
		listen.is_unix = true;
		/* 107: what fits into struct sockaddr_un */
		if (text[5] != '/' || strlen(text + 5) > 107)
			return false;
		snprintf(listen.where, sizeof(listen.where), "%s", text + 5);
		*ret_listen = listen;
		return true;
	}
	if (!split_host(rst_view_of(text), listen.where, &port) ||
	    port.len < 2 || port.ptr[0] != ':' ||
	    !rst_view_number(rst_view(port.ptr + 1, port.len - 1), UINT16_MAX,
	                     &number))
		return false;
	listen.port = (uint16_t)number;
	len = strlen(listen.where);
	if (listen.where[0] == '[') {
		memmove(listen.where, listen.where + 1, len - 2);
		listen.where[len - 2] = '\0';
	}
	*ret_listen = listen;
	return true;
}
