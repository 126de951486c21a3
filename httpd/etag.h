/* SPDX-License-Identifier: OLDAP-2.8 */
/* etag.h - what a representation is called, and who has it already
 *
 *	ETag: "20261122023733.000017Z#000000#00f#000000-8f3a61c07be24d19"
 *
 * The entryCSN of what was asked for, and a digest of what is told of it: more
 * than the entry is told (groups, states that time brings), so that the CSN
 * alone would keep somebody at what is not so any more.  If-Match asks whether
 * the entry was changed, by its first part; If-None-Match whether the answer
 * would be another, by all of it.
 */
#ifndef HTTPD_ETAG_H
#define HTTPD_ETAG_H

#include "httpd/http.h"

/* If-Match is "*", or lists a tag of csn.  A weak tag matches nothing. */
bool etag_names(struct rst_view header, struct rst_view csn);
/* The tag of a program's answer, whose text is made: whole now.  When a GET
 * has it already, the answer is 304 without a body. */
void etag_finish(const struct http_req *req, struct http_reply *reply);

#endif
