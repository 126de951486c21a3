/* SPDX-License-Identifier: OLDAP-2.8 */
/* reaper.h - connections that take too long, by the wall clock
 *
 * libmicrohttpd's timeout counts inactivity: a byte a second keeps a
 * connection for ever.  Here each connection has a deadline: with TLS its
 * ClientHello must be there within REAPER_HEAD_S; the head of a request
 * REAPER_HEAD_S after that (or after the answer before), its body
 * REAPER_BODY_S and the request must be over REAPER_REQUEST_S after its head,
 * or later by as much as its answer is large.
 */
#ifndef HTTPD_REAPER_H
#define HTTPD_REAPER_H

#include <stdbool.h>
#include <stddef.h>

#include "store/err.h"

#define REAPER_HEAD_S    10
#define REAPER_BODY_S    20
#define REAPER_REQUEST_S 30
#define REAPER_BYTES_S   65536 /* of a large answer: a second more each */

struct http_reaper;
struct http_watched; /* one connection */

enum rst_err http_reaper_start(struct http_reaper **ret_reaper) RST_MUST_USE;
/* NULL is allowed. */
void http_reaper_stop(struct http_reaper *reaper);

/* A connection on socket fd; NULL when out of memory. */
struct http_watched *http_reaper_watch(struct http_reaper *reaper, int fd);
/* It waits for the head of a request (again). */
void http_reaper_idle(struct http_reaper *reaper, struct http_watched *watched);
/* It has a head; a body may come. */
void http_reaper_busy(struct http_reaper *reaper, struct http_watched *watched);
/* It has a body, too, and is being answered. */
void http_reaper_work(struct http_reaper *reaper, struct http_watched *watched);
/* Its answer has so many bytes. */
void http_reaper_answer(struct http_reaper *reaper,
                        struct http_watched *watched, size_t bytes);
/* Its answer lasts as long as it lasts: the library's own timeout, of a peer
 * that does not read, is enough. */
void http_reaper_leave(struct http_reaper *reaper,
                       struct http_watched *watched);
/* It is about to be closed; fd is not touched afterwards. */
void http_reaper_forget(struct http_reaper *reaper,
                        struct http_watched *watched);

#endif
