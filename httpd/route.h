/* SPDX-License-Identifier: OLDAP-2.8 */
/* route.h - the table of everything rosterd answers */
#ifndef HTTPD_ROUTE_H
#define HTTPD_ROUTE_H

#include <stdio.h>

#include "httpd/http.h"

#define HTTP_API_PREFIX "/api/v1"

enum http_where {
	HTTP_API = 1 << 0,  /* under HTTP_API_PREFIX, as JSON */
	HTTP_PAGE = 1 << 1, /* without it, for browsers */
	HTTP_RAW = 1 << 2,  /* without it, for programs: /healthz */
	/* It hashes a password: answered by threads of its own, so that a
	 * flood of guesses holds nobody else. */
	HTTP_HASHES = 1 << 3,
	/* A session does it only when the password was given lately; for all
	 * that administrators change this is so without saying. */
	HTTP_PROVED = 1 << 4,
	/* It makes something: an Idempotency-Key counts. */
	HTTP_CREATES = 1 << 5,
	/* Who has to change his password may do it before. */
	HTTP_DUTY = 1 << 6,
	/* Who has agreements to sign may do it before. */
	HTTP_SIGN = 1 << 7,
	/* Without the prefix, as JSON, as another system's programs know it. */
	HTTP_COMPAT = 1 << 8,
	/* The body may be text/csv, with the other fields in the query. */
	HTTP_CSV = 1 << 9,
	/* It changes nothing but this server's own (sessions): a replica
	 * does it, too. */
	HTTP_LOCAL = 1 << 10,
	/* Its answer shows a secret this once: it is made before the commit,
	 * and a problem undoes what it would have shown.  once.h */
	HTTP_SHOWS = 1 << 11,
};

struct http_route {
	enum http_method method;
	unsigned int where; /* enum http_where bits */
	enum http_role role;
	const char *path; /* "{}" is one segment */
	http_handler *handle;
	/* Pages: what renders the model, and what the window is called. */
	const char *template;
	const char *title;
	/* Makes the page's model anew when a form on it was refused. */
	http_handler *show;
};

extern const struct http_route http_routes[];
extern const size_t http_routes_n;

/* The route of method and path; arg borrows path.  NULL when there is none,
 * with *ret_allow the methods that there are ("" for no such path). */
const struct http_route *http_route_find(enum http_method method,
                                         const char *path, bool api,
                                         struct rst_view arg[2],
                                         const char **ret_allow);

/*
 * The table as text, a line for each route: method, role, enum http_where
 * words with commas between them, path.  For rosterd --routes.
 */
void http_routes_print(FILE *out);

/* The request will hash a password. */
bool http_route_hashes(const struct http_head *head);

#endif
