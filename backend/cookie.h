/* SPDX-License-Identifier: OLDAP-2.8 */
/* cookie.h - the cookie of a paged search, as bytes: no word of slapd's
 *
 * What the cookie is for is paged.c's; here it is made and told from all
 * others.
 */
#ifndef BACK_COOKIE_H
#define BACK_COOKIE_H

#include "store/view.h"

#define BACK_COOKIE_KEY   32 /* bytes of the secret */
#define BACK_COOKIE_MAC   16
#define BACK_COOKIE_BYTES (8 + BACK_COOKIE_MAC)

/* What a search is; the cookie of another one is none of its. */
struct back_cookie_search {
	uint64_t connection;
	int scope, deref;
	struct rst_view who, base, filter;
};

enum back_cookie {
	BACK_COOKIE_RIGHT,
	BACK_COOKIE_NONE,  /* no cookie: it has another length */
	BACK_COOKIE_OTHER, /* forged, old, or another search's */
};

/* The cookie of search after the entry id. */
void back_cookie_make(const unsigned char key[BACK_COOKIE_KEY],
                      const struct back_cookie_search *search, uint64_t id,
                      unsigned char ret_cookie[BACK_COOKIE_BYTES]);

/*
 * Is asked, which may be any bytes, the cookie of search after the entry id?
 * It is compared whole, in a time that tells nothing, with the one it must be,
 * and nothing of it is used.  An id of 0 expects none.
 */
enum back_cookie back_cookie_check(const unsigned char key[BACK_COOKIE_KEY],
                                   const struct back_cookie_search *search,
                                   uint64_t id, struct rst_view asked);

#endif
