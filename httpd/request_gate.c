/* SPDX-License-Identifier: OLDAP-2.8 */
/* request_gate.c - the table of hazards, as code */
#include "httpd/request_gate.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

static const char *const names[HTTP_H_COUNT] = {
#define HTTP_HEADER_NAME(id, name) [HTTP_H_##id] = (name),
	HTTP_HEADERS(HTTP_HEADER_NAME)
#undef HTTP_HEADER_NAME
};

static const char *const methods[] = {
	[HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
	[HTTP_PUT] = "PUT", [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
};

const char *
http_method_word(enum http_method method)
{
	return methods[method];
}

/* RFC 9110: a token. */
static bool
is_token(struct rst_view text)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		      (c >= 'a' && c <= 'z') ||
		      memchr(marks, c, sizeof(marks) - 1) != NULL))
			return false;
	}
	return text.len > 0;
}

static bool
has_control(struct rst_view text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

static bool
is_word(struct rst_view text, const char *word)
{
	return rst_view_equal_nocase(text, rst_view_of(word));
}

void
http_gate_header(struct http_head *head, struct rst_view name,
                 struct rst_view value)
{
	head->count++;
	if (!is_token(name) || has_control(value)) {
		head->malformed = true;
		return;
	}
	for (int i = 0; i < HTTP_H_COUNT; i++) {
		if (!is_word(name, names[i]))
			continue;
		if (head->value[i].ptr != NULL)
			head->doubled = true;
		head->value[i] = value;
	}
}

#define PASS                       ((struct http_refusal){ 0, NULL, NULL })
#define REFUSE(status, code, text) ((struct http_refusal){ status, code, text })
#define BAD(text)                  REFUSE(400, "bad_request", text)

static struct http_refusal
check_method(struct http_head *head, const char *method)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(method, methods[i]) == 0) {
			head->method = (enum http_method)i;
			return PASS;
		}
	}
	if (strcmp(method, "TRACE") == 0 || strcmp(method, "CONNECT") == 0 ||
	    strcmp(method, "OPTIONS") == 0)
		return REFUSE(405, "method_not_allowed",
		              "this method is not allowed here");
	return REFUSE(501, "method_unknown", "there is no such method here");
}

/* How long the body is, and that there is one way only to tell. */
static struct http_refusal
check_framing(const struct http_head *head, const char *version)
{
	struct rst_view length = head->value[HTTP_H_CONTENT_LENGTH];
	struct rst_view encoding = head->value[HTTP_H_TRANSFER_ENCODING];
	bool may_have_body;
	uint64_t bytes = 0;

	if (length.ptr != NULL && encoding.ptr != NULL)
		return BAD("Content-Length and Transfer-Encoding together");
	if (encoding.ptr != NULL && !is_word(encoding, "chunked"))
		return REFUSE(501, "encoding_unknown",
		              "the only transfer encoding here is chunked");
	if (encoding.ptr != NULL && strcmp(version, "HTTP/1.1") != 0)
		return BAD("Transfer-Encoding needs HTTP/1.1");
	if (length.ptr != NULL && !rst_view_number(length, UINT64_MAX, &bytes))
		return BAD("Content-Length is not a number");
	if (bytes > HTTP_BODY_MAX)
		return REFUSE(413, "body_too_large",
		              "the body is larger than 64 KiB");
	may_have_body = head->method != HTTP_GET && head->method != HTTP_HEAD;
	if (!may_have_body && (bytes > 0 || encoding.ptr != NULL))
		return BAD("this method has no body");
	if (head->value[HTTP_H_EXPECT].ptr != NULL &&
	    !is_word(head->value[HTTP_H_EXPECT], "100-continue"))
		return REFUSE(417, "expectation_failed",
		              "this expectation cannot be met");
	return PASS;
}

/*
 * Host is the site's.  A site on a loopback host answers to every name of
 * that: who typed https://127.0.0.1 is no stranger, and no stranger's name
 * (DNS rebinding) is among them.
 */
static bool
is_our_host(struct rst_view host, const struct http_site *site)
{
	static const char *const loopback[] = { "localhost", "127.0.0.1",
		                                "[::1]" };
	size_t len = strlen(site->host);
	struct rst_view port;
	uint64_t number;
	bool known;

	known = host.len >= len && is_word(rst_view(host.ptr, len), site->host);
	for (size_t i = 0; !known && i < sizeof(loopback) / sizeof(loopback[0]);
	     i++) {
		len = strlen(loopback[i]);
		known = http_is_loopback(site->host) && host.len >= len &&
		        is_word(rst_view(host.ptr, len), loopback[i]);
	}
	if (!known)
		return false;
	port = rst_view(host.ptr + len, host.len - len);
	if (port.len == 0)
		return site->port == (site->https ? 443 : 80);
	return port.ptr[0] == ':' &&
	       rst_view_number(rst_view(port.ptr + 1, port.len - 1), UINT16_MAX,
	                       &number) &&
	       number == site->port;
}

bool
http_is_our_origin(struct rst_view origin, const struct http_site *site)
{
	struct rst_view scheme =
		rst_view_of(site->https ? "https://" : "http://");

	return origin.len > scheme.len &&
	       rst_view_equal_nocase(rst_view(origin.ptr, scheme.len),
	                             scheme) &&
	       is_our_host(rst_view(origin.ptr + scheme.len,
	                            origin.len - scheme.len),
	                   site);
}

/* Probes come by address: they carry no link and tell nothing. */
static bool
is_probe(const char *path)
{
	return strcmp(path, "/healthz") == 0 || strcmp(path, "/readyz") == 0 ||
	       strcmp(path, "/metrics") == 0;
}

/* Every '%' begins a lawful escape and none of what a path must not hide. */
static bool
decode_path(struct rst_view raw, char path[HTTP_PATH_MAX + 1])
{
	static const char allowed[] = "-._~!$&'()*+,;=:@/%";

	for (size_t i = 0; i < raw.len; i++) {
		char c = raw.ptr[i];

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		      (c >= 'a' && c <= 'z') ||
		      memchr(allowed, c, sizeof(allowed) - 1) != NULL))
			return false;
		/* an escaped '.', '/' or '\' is somebody's trick */
		if (c == '%' && raw.len - i >= 3 &&
		    (strncasecmp(raw.ptr + i, "%2e", 3) == 0 ||
		     strncasecmp(raw.ptr + i, "%2f", 3) == 0 ||
		     strncasecmp(raw.ptr + i, "%5c", 3) == 0))
			return false;
	}
	if (!http_percent_decode(raw, false, path, HTTP_PATH_MAX + 1) ||
	    has_control(rst_view_of(path)))
		return false;
	for (const char *at = path; at != NULL; at = strchr(at + 1, '/')) {
		size_t len = strcspn(at + 1, "/");

		if (at[0] != '/' || (len == 0 && at[1] != '\0') ||
		    (len == 1 && at[1] == '.') ||
		    (len == 2 && at[1] == '.' && at[2] == '.'))
			return false;
	}
	return true;
}

/* "/roster" and "/roster?x" are "/roster/". */
static struct http_refusal
base_itself(struct http_head *head, const char *target)
{
	head->path[0] = '/';
	head->path[1] = '\0';
	head->query = target[0] == '?' ? target + 1 : "";
	return PASS;
}

static struct http_refusal
check_target(struct http_head *head, const char *target,
             const struct http_site *site)
{
	size_t len = strlen(site->origin), base;
	struct rst_view raw;

	if (strlen(target) > HTTP_TARGET_MAX)
		return REFUSE(414, "uri_too_long", "the address is too long");
	if (strncasecmp(target, site->origin, len) == 0 && target[len] == '/')
		target += len;
	if (target[0] != '/')
		return BAD("the request target is not a path of this site");
	base = strlen(site->base);
	if (strncmp(target, site->base, base) == 0 &&
	    strchr("/?", target[base]) != NULL)
		target += base;
	else if (!is_probe(target))
		return REFUSE(404, "not_found", "there is no such thing here");
	if (target[0] != '/')
		return base_itself(head, target);
	raw = rst_view(target, strcspn(target, "?"));
	head->query = target[raw.len] == '?' ? target + raw.len + 1 : "";
	if (!decode_path(raw, head->path))
		return BAD("the path has characters that no path here has");
	return PASS;
}

/*
 * The request line, the fields and the empty line make up the head to the
 * byte?  What the parser passed over (a NUL and what follows it, folded lines,
 * lines ended by a bare LF) is missing from the sum.
 */
static bool
adds_up(const struct http_head *head, const char *method, const char *target,
        const char *version)
{
	size_t line = strlen(method) + strlen(target) + strlen(version) + 4;

	return head->head_bytes == 0 ||
	       head->head_bytes == line + head->line_bytes + 2;
}

struct http_refusal
http_gate_check(struct http_head *head, const char *method, const char *target,
                const char *version, const struct http_site *site)
{
	struct http_refusal refusal;

	if (strcmp(version, "HTTP/1.1") != 0 &&
	    strcmp(version, "HTTP/1.0") != 0)
		return REFUSE(505, "version_unknown",
		              "the version of HTTP here is 1.1");
	if (head->malformed || !adds_up(head, method, target, version))
		return BAD("a header field is malformed");
	if (head->doubled)
		return BAD("a header field that may come once came twice");
	if (head->count > HTTP_HEADERS_MAX)
		return REFUSE(431, "too_many_headers",
		              "there are too many header fields");
	if (head->value[HTTP_H_HOST].ptr == NULL)
		return BAD("the Host header field is missing");
	refusal = check_method(head, method);
	if (refusal.status == 0)
		refusal = check_framing(head, version);
	if (refusal.status == 0)
		refusal = check_target(head, target, site);
	if (refusal.status == 0 && !is_probe(head->path) &&
	    !is_our_host(head->value[HTTP_H_HOST], site))
		refusal = REFUSE(421, "wrong_host",
		                 "this is not the server of that host");
	return refusal;
}
