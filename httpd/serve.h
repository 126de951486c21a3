/* SPDX-License-Identifier: OLDAP-2.8 */
/* serve.h - libmicrohttpd on one side, http_dispatch() on the other */
#ifndef HTTPD_SERVE_H
#define HTTPD_SERVE_H

#include "httpd/http.h"

/* Of all, and of one address; with those that have not sent a ClientHello. */
#define SERVE_CONNECTIONS_MAX 12000
#define SERVE_PER_ADDRESS_MAX 64
#define SERVE_IDLE_S          10
#define SERVE_HEAD_BYTES      36864  /* of one connection's buffers */
#define SERVE_SEND_BYTES      131072 /* at most that a peer did not take, */
#define SERVE_SEND_S          30     /* and how long it may take none of it */
#define SERVE_IO_THREADS      2
#define SERVE_WORK_THREADS    8 /* answer requests */
#define SERVE_HASH_THREADS    4 /* answer those that hash a password */

struct serve;

/* Listen and answer.  The detail says what failed. */
enum rst_err serve_start(struct http_server *server, struct serve **ret_serve,
                         struct rst_detail *reterr) RST_MUST_USE;
/* The port it listens on, 0 for a unix socket. */
uint16_t serve_port(const struct serve *serve);
/* No new connections, the requests at hand answered, then the end.  NULL is
 * allowed. */
void serve_stop(struct serve *serve);

/* listen.c: a listening socket, or -1 with the reason. */
int listen_open(const struct http_listen *on, struct rst_detail *reterr);
/* fd listens on a unix socket, or on a loopback address. */
bool listen_is_local(int fd);
/* "127.0.0.1:4711", "[::1]:4711" or "unix". */
#define LISTEN_PEER_MAX 64
struct sockaddr;
void listen_peer(const struct sockaddr *address, char buf[LISTEN_PEER_MAX]);

#endif
