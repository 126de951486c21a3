/* SPDX-License-Identifier: OLDAP-2.8 */
/* pool.h - threads that answer requests
 *
 * libmicrohttpd's own threads only move bytes: hashing a password or waiting
 * for the writer lock on one of them would hold all its connections.  The
 * queue is bounded; when it is full the answer is 503 at once.
 */
#ifndef HTTPD_POOL_H
#define HTTPD_POOL_H

#include <stdbool.h>

#include "store/err.h"

#define POOL_THREADS_MAX 8
#define POOL_QUEUE       256

struct http_pool;

typedef void http_work(void *job);

/* n_threads is at most POOL_THREADS_MAX. */
enum rst_err http_pool_start(http_work *work, unsigned int n_threads,
                             struct http_pool **ret_pool) RST_MUST_USE;
/* False when the queue is full or the pool is stopping. */
bool http_pool_put(struct http_pool *pool, void *job);
/* Finish what is queued, then end the threads; nothing can be put in from
 * then on.  Twice and NULL are allowed. */
void http_pool_stop(struct http_pool *pool);
/* Jobs that nobody has taken yet; NULL: none. */
unsigned int http_pool_waiting(struct http_pool *pool);
/* Stop, and give it back: nobody may put anything in any more. */
void http_pool_free(struct http_pool *pool);

#endif
