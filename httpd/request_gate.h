/* SPDX-License-Identifier: OLDAP-2.8 */
/* request_gate.h - what of a request's head is let in
 *
 * libmicrohttpd 0.9.75 is lenient: it takes Content-Length together with
 * Transfer-Encoding and then runs what was smuggled in, two Hosts, blanks
 * before colons, NULs, any method. So nothing of a request is believed before
 * this gate has seen its whole head; a refusal closes the connection before a
 * byte of the body is read.  No library type here: the table of bad requests
 * in the unit test is the specification.
 */
#ifndef HTTPD_REQUEST_GATE_H
#define HTTPD_REQUEST_GATE_H

#include "httpd/conf.h"
#include "store/view.h"

#define HTTP_TARGET_MAX  4096  /* bytes of the request target */
#define HTTP_PATH_MAX    512   /* bytes of the decoded path */
#define HTTP_QUERY_MAX   8     /* parameters */
#define HTTP_BODY_MAX    65536 /* bytes */
#define HTTP_HEADERS_MAX 64

/* Header fields we look at; each may come once. */
#define HTTP_HEADERS(X)                                                        \
	X(ACCEPT, "Accept")                                                    \
	X(ACCEPT_LANGUAGE, "Accept-Language")                                  \
	X(AUTHORIZATION, "Authorization")                                      \
	X(CONTENT_LENGTH, "Content-Length")                                    \
	X(CONTENT_TYPE, "Content-Type")                                        \
	X(COOKIE, "Cookie")                                                    \
	X(CSRF, "X-CSRF-Token")                                                \
	X(EXPECT, "Expect")                                                    \
	X(FETCH_SITE, "Sec-Fetch-Site")                                        \
	X(FORWARDED_FOR, "X-Forwarded-For")                                    \
	X(FORWARDED_PROTO, "X-Forwarded-Proto")                                \
	X(HOST, "Host")                                                        \
	X(IDEMPOTENCY_KEY, "Idempotency-Key")                                  \
	X(IF_MATCH, "If-Match")                                                \
	X(IF_NONE_MATCH, "If-None-Match")                                      \
	X(LAST_EVENT_ID, "Last-Event-ID")                                      \
	X(ORIGIN, "Origin")                                                    \
	X(TRANSFER_ENCODING, "Transfer-Encoding")                              \
	X(USER_AGENT, "User-Agent")

enum http_header {
#define HTTP_HEADER_ENUM(id, name) HTTP_H_##id,
	HTTP_HEADERS(HTTP_HEADER_ENUM)
#undef HTTP_HEADER_ENUM
	HTTP_H_COUNT
};

enum http_method {
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
};

/* The head of one request; zeroed to start.  Values are borrowed. */
struct http_head {
	struct rst_view value[HTTP_H_COUNT]; /* NULL ptr: not given */
	unsigned int count;
	bool malformed, doubled;
	/*
	 * Bytes of the whole head, from the method to the empty line, and of
	 * the header fields' lines among them.  0: not known.
	 */
	size_t head_bytes, line_bytes;
	/* Filled by http_gate_check(). */
	enum http_method method;
	char path[HTTP_PATH_MAX + 1]; /* decoded; no "..", no NUL */
	const char *query;            /* raw, "" if none; borrows target */
};

/* Take one header field. */
void http_gate_header(struct http_head *head, struct rst_view name,
                      struct rst_view value);

/* Why a request is refused; status 0 when it is not. */
struct http_refusal {
	unsigned int status;
	const char *code; /* static */
	const char *text; /* static */
};

/*
 * Judge the request, all of whose headers were taken: method and version as
 * in the request line, target raw.  Fills the rest of *head when it passes.
 */
struct http_refusal http_gate_check(struct http_head *head, const char *method,
                                    const char *target, const char *version,
                                    const struct http_site *site);

/* An Origin of this site: public_url's, or on a loopback host that of any of
 * its names. */
bool http_is_our_origin(struct rst_view origin, const struct http_site *site);

/* The name of a method that a route may have. */
const char *http_method_word(enum http_method method);

/* Query parameters, decoded. */
struct http_query {
	unsigned int n;
	struct {
		const char *name, *value;
	} items[HTTP_QUERY_MAX];
	char bytes[HTTP_TARGET_MAX + 1];
};
/*
 * Decode raw.  False for a broken escape, what is not UTF-8, NUL, more than
 * HTTP_QUERY_MAX parameters or a name given twice.
 */
bool http_query_parse(const char *raw, struct http_query *ret_query);
/* The value of name, or NULL. */
const char *http_query_get(const struct http_query *query, const char *name);

/*
 * Decode percent escapes (and + as a blank if plus) of text into buf of size
 * bytes, as a C string.  False for a broken escape, NUL, or no room.
 */
bool http_percent_decode(struct rst_view text, bool plus, char *buf,
                         size_t size);
/* Encode everything but unreserved characters; false when there is no room. */
bool http_percent_encode(struct rst_view text, char *buf, size_t size);

/*
 * The value of cookie name in a Cookie header.  False when it is not there,
 * or is there twice.
 */
bool http_cookie_get(struct rst_view header, const char *name,
                     struct rst_view *ret_value);

#endif
