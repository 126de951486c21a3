/* SPDX-License-Identifier: OLDAP-2.8 */
/* lobby.h - connections that have not said hello
 *
 * Each has a descriptor and some 200 bytes here, where the TLS library takes
 * 80 KiB from the first byte on: nobody gets that before its first TLS record,
 * the ClientHello (RFC 8446, section 4.1.2), is there whole.  Nothing is read
 * out of the socket.  Whoever says something else may go on at once: refusing
 * it is the library's.
 *
 * For one thread at a time.
 */
#ifndef HTTPD_LOBBY_H
#define HTTPD_LOBBY_H

#include <stdbool.h>
#include <sys/socket.h>

#include "store/err.h"

struct http_reaper;
struct http_lobby;

struct http_guest {
	int fd;
	struct sockaddr_storage address;
	socklen_t len;
};

/* Each may wait for REAPER_HEAD_S; how many of an address, address.h counts.
 * RST_ENOMEM: no memory or no descriptor. */
enum rst_err http_lobby_new(struct http_reaper *reaper,
                            struct http_lobby **ret_lobby) RST_MUST_USE;
/* All that wait are closed: how many they were.  NULL is allowed. */
unsigned int http_lobby_free(struct http_lobby *lobby);

/* Readable, as poll(2) has it: http_lobby_next() has somebody. */
int http_lobby_fd(const struct http_lobby *lobby);
/* Take guest->fd; false: no memory, and it is closed. */
bool http_lobby_enter(struct http_lobby *lobby, const struct http_guest *guest);

enum http_lobby_next {
	LOBBY_NOBODY, /* until http_lobby_fd() is readable again */
	LOBBY_READY,  /* *ret_guest said hello; its fd is the caller's now */
	LOBBY_GONE /* *ret_guest went, or was there too long, and is closed */
};
enum http_lobby_next http_lobby_next(struct http_lobby *lobby,
                                     struct http_guest *ret_guest);

#endif
