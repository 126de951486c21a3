/* SPDX-License-Identifier: OLDAP-2.8 */
/* once.h - an act and its answer are one transaction
 *
 * For the routes with HTTP_SHOWS: what is shown this once is in the answer
 * before the commit, so that nothing is made of which nobody learned.
 *
 * What is asked twice with one Idempotency-Key is made once.
 * For the routes with HTTP_CREATES.  The key is its caller's and its route's:
 * with the same body it brings the answer of the first time, with another 422
 * idempotency_key_reused.  What was refused made nothing and is asked anew.
 * Two at the same moment: one makes it, and both get its answer.
 */
#ifndef HTTPD_ONCE_H
#define HTTPD_ONCE_H

#include "httpd/http.h"
#include "store/answer.h"

#define HTTP_ONCE_KEY_MAX 255 /* printable characters of ASCII */

struct http_once {
	struct rst_wtxn held; /* the act's, from act_commit() on */
	bool keyed;           /* the answer is kept, too */
	struct rst_answer_key key;
	unsigned char body[RST_ANSWER_BODY_BYTES];
};

/* False: *reply is made, and the handler is not to be called.  once is the
 * caller's until http_once_end(). */
bool http_once_begin(struct http_req *req, struct http_once *once,
                     struct http_reply *reply);
/* Commit the act, with its answer when there is a key; does nothing when no act
 * is held, and the second time.  *reply becomes a problem when it could not
 * be. */
void http_once_end(struct http_req *req, struct http_reply *reply);

#endif
