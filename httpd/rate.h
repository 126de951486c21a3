/* SPDX-License-Identifier: OLDAP-2.8 */
/* rate.h - how many requests a minute are answered
 *
 * For each person and each address a bucket that holds as many requests as the
 * setting allows in a minute, and fills at that rate: whoever was quiet may
 * ask so many at once.  In memory alone; a full table forgets who asked least.
 */
#ifndef HTTPD_RATE_H
#define HTTPD_RATE_H

#include <stdint.h>

#include "httpd/http.h"

struct rate;

struct rate *rate_new(void); /* NULL: no memory */
void rate_free(struct rate *rate);

/*
 * One more request of key (0: of nobody, always allowed) of per_minute (0: any
 * number), now_ms after some moment.  0, and counted, when it may be answered;
 * the ms until it may otherwise.
 */
#define RATE_ROWS 4096
#define RATE_WAYS 8
unsigned int rate_take(struct rate *rate, uint64_t key, unsigned int per_minute,
                       int64_t now_ms);

/* Settings request-limit-address, of the request's network, and
 * request-limit-user, of who asks.  False: *reply is 429. */
enum rate_of {
	RATE_ADDRESS,
	RATE_USER
};
bool rate_allows(struct http_req *req, enum rate_of of,
                 struct http_reply *reply);

#endif
