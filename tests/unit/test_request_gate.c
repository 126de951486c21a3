/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_request_gate.c - the table of bad requests, without a socket */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "httpd/request_gate.h"

static const struct http_site site = {
	.origin = "https://roster.example.org",
	.host = "roster.example.org",
	.port = 443,
	.https = true,
};
static const struct http_site trial = {
	.origin = "http://[::1]:8080",
	.host = "[::1]",
	.port = 8080,
};

/* "Name: value" lines, one after the other. */
static void
take_lines(struct http_head *head, const char *lines)
{
	while (*lines != '\0') {
		size_t len = strcspn(lines, "\n");
		const char *colon = memchr(lines, ':', len);

		assert_non_null(colon);
		http_gate_header(
			head, rst_view(lines, (size_t)(colon - lines)),
			rst_view(colon + 2, len - (size_t)(colon - lines) - 2));
		lines += len + 1;
	}
}

#define OURS "Host: roster.example.org\n"

static const struct {
	const char *method, *target, *version, *lines;
	unsigned int status;
} rows[] = {
	{ "GET", "/", "HTTP/1.1", OURS, 0 },
	{ "GET", "/", "HTTP/1.0", OURS, 0 },
	{ "GET", "/", "HTTP/1.1", "Host: ROSTER.example.org\n", 0 },
	{ "GET", "/", "HTTP/1.1", "Host: roster.example.org:443\n", 0 },
	{ "POST", "/a?b=c", "HTTP/1.1", OURS "Content-Length: 65536\n", 0 },
	{ "POST", "/", "HTTP/1.1", OURS "Transfer-Encoding: Chunked\n", 0 },
	{ "GET", "/", "HTTP/1.1", OURS "Content-Length: 0\n", 0 },
	{ "POST", "/", "HTTP/1.1", OURS "Expect: 100-continue\n", 0 },
	{ "GET", "/healthz", "HTTP/1.1", "Host: 10.0.0.1\n", 0 },
	{ "GET", "https://roster.example.org/x", "HTTP/1.1", OURS, 0 },

	{ "GET", "/", "HTTP/2.0", OURS, 505 },
	{ "GET", "/", "http/1.1", OURS, 505 },
	{ "GET", "/", "", OURS, 505 },
	{ "GET", "/", "HTTP/1.1", "", 400 },
	{ "GET", "/", "HTTP/1.1", OURS OURS, 400 },
	{ "GET", "/", "HTTP/1.1", "Host: evil\n", 421 },
	{ "GET", "/", "HTTP/1.1", "Host: roster.example.org.\n", 421 },
	{ "GET", "/", "HTTP/1.1", "Host: roster.example.org:80\n", 421 },
	{ "GET", "/", "HTTP/1.1", "Host: roster.example.org:\n", 421 },
	{ "GET", "/", "HTTP/1.1", "Host: roster.example.org:0443\n", 421 },
	{ "GET", "/", "HTTP/1.1", "Host: a@roster.example.org\n", 421 },
	{ "GET", "/readyz/x", "HTTP/1.1", "Host: 10.0.0.1\n", 421 },
	{ "POST", "/", "HTTP/1.1",
	  OURS "Content-Length: 1\nTransfer-Encoding: chunked\n", 400 },
	{ "POST", "/", "HTTP/1.1",
	  OURS "content-length: 1\nContent-Length: 1\n", 400 },
	{ "POST", "/", "HTTP/1.1", OURS "Transfer-Encoding: gzip\n", 501 },
	{ "POST", "/", "HTTP/1.1",
	  OURS "Transfer-Encoding: chunked, identity\n", 501 },
	{ "POST", "/", "HTTP/1.0", OURS "Transfer-Encoding: chunked\n", 400 },
	{ "POST", "/", "HTTP/1.1", OURS "Content-Length: 65537\n", 413 },
	{ "POST", "/", "HTTP/1.1", OURS "Content-Length: +4\n", 400 },
	{ "POST", "/", "HTTP/1.1", OURS "Content-Length: -1\n", 400 },
	{ "POST", "/", "HTTP/1.1", OURS "Content-Length: 1,1\n", 400 },
	{ "POST", "/", "HTTP/1.1", OURS "Content-Length: \n", 400 },
	{ "POST", "/", "HTTP/1.1",
	  OURS "Content-Length: 18446744073709551616\n", 400 },
	{ "GET", "/", "HTTP/1.1", OURS "Content-Length: 1\n", 400 },
	{ "HEAD", "/", "HTTP/1.1", OURS "Transfer-Encoding: chunked\n", 400 },
	{ "POST", "/", "HTTP/1.1", OURS "Expect: magic\n", 417 },
	{ "GET", "/", "HTTP/1.1", OURS "Bad Name: x\n", 400 },
	{ "GET", "/", "HTTP/1.1", OURS "Name : x\n", 400 },
	{ "GET", "/", "HTTP/1.1", OURS "X: a\x01\n", 400 },
	{ "GET", "/", "HTTP/1.1", OURS "X: a\x7f\n", 400 },
	{ "GET", "/", "HTTP/1.1", OURS "X: a\rb\n", 400 },
	{ "GET", "/", "HTTP/1.1", OURS "Cookie: a=b\nCookie: c=d\n", 400 },
	{ "TRACE", "/", "HTTP/1.1", OURS, 405 },
	{ "CONNECT", "/", "HTTP/1.1", OURS, 405 },
	{ "OPTIONS", "*", "HTTP/1.1", OURS, 405 },
	{ "get", "/", "HTTP/1.1", OURS, 501 },
	{ "GETT", "/", "HTTP/1.1", OURS, 501 },
	{ "", "/", "HTTP/1.1", OURS, 501 },
	{ "GET", "", "HTTP/1.1", OURS, 400 },
	{ "GET", "x", "HTTP/1.1", OURS, 400 },
	{ "GET", "*", "HTTP/1.1", OURS, 400 },
	{ "GET", "//x", "HTTP/1.1", OURS, 400 },
	{ "GET", "/a//b", "HTTP/1.1", OURS, 400 },
	{ "GET", "/..", "HTTP/1.1", OURS, 400 },
	{ "GET", "/a/../b", "HTTP/1.1", OURS, 400 },
	{ "GET", "/./a", "HTTP/1.1", OURS, 400 },
	{ "GET", "/%2e%2E/a", "HTTP/1.1", OURS, 400 },
	{ "GET", "/a%2Fb", "HTTP/1.1", OURS, 400 },
	{ "GET", "/a%5cb", "HTTP/1.1", OURS, 400 },
	{ "GET", "/a%00", "HTTP/1.1", OURS, 400 },
	{ "GET", "/a%", "HTTP/1.1", OURS, 400 },
	{ "GET", "/a%4", "HTTP/1.1", OURS, 400 },
	{ "GET", "/a%4g", "HTTP/1.1", OURS, 400 },
	{ "GET", "/a%0d", "HTTP/1.1", OURS, 400 },
	{ "GET", "/a b", "HTTP/1.1", OURS, 400 },
	{ "GET", "/a#b", "HTTP/1.1", OURS, 400 },
	{ "GET", "/a\\b", "HTTP/1.1", OURS, 400 },
	{ "GET", "/a\"b", "HTTP/1.1", OURS, 400 },
	{ "GET", "/\xc3\xa9", "HTTP/1.1", OURS, 400 },
	{ "GET", "https://evil/", "HTTP/1.1", OURS, 400 },
	{ "GET", "https://roster.example.org.evil/", "HTTP/1.1", OURS, 400 },
	{ "GET", "http://roster.example.org/", "HTTP/1.1", OURS, 400 },
};

static void
requests_are_judged_as_in_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_head head = { 0 };
		struct http_refusal refusal;

		take_lines(&head, rows[i].lines);
		refusal = http_gate_check(&head, rows[i].method, rows[i].target,
		                          rows[i].version, &site);
		if (refusal.status != rows[i].status)
			fail_msg("%s %s %s %s: %u, not %u", rows[i].method,
			         rows[i].target, rows[i].version, rows[i].lines,
			         refusal.status, rows[i].status);
		if (refusal.status != 0)
			assert_non_null(refusal.code);
	}
}

static void
path_and_query_come_apart(void **state)
{
	struct http_head head = { 0 };
	struct http_refusal refusal;

	(void)state;
	take_lines(&head, "Host: [::1]:8080\n");
	refusal = http_gate_check(&head, "DELETE", "/a%c3%a9/b?c=d?e",
	                          "HTTP/1.1", &trial);
	assert_int_equal(refusal.status, 0);
	assert_int_equal(head.method, HTTP_DELETE);
	assert_string_equal(head.path, "/a\xc3\xa9/b");
	assert_string_equal(head.query, "c=d?e");
	refusal = http_gate_check(&head, "GET", "http://[::1]:8080/x",
	                          "HTTP/1.1", &trial);
	assert_int_equal(refusal.status, 0);
	assert_string_equal(head.path, "/x");
	assert_string_equal(head.query, "");
}

static void
a_name_with_a_nul_is_malformed(void **state)
{
	struct http_head head = { 0 };

	(void)state;
	http_gate_header(&head, rst_view("a\0b", 3), RST_VIEW("x"));
	assert_true(head.malformed);
	head = (struct http_head){ 0 };
	http_gate_header(&head, RST_VIEW("a"), rst_view("x\0y", 3));
	assert_true(head.malformed);
	head = (struct http_head){ 0 };
	http_gate_header(&head, rst_view("", 0), RST_VIEW("x"));
	assert_true(head.malformed);
}

/* What the parser passed over is missing from the sum. */
static void
every_byte_of_the_head_is_accounted_for(void **state)
{
	const char *line = "GET / HTTP/1.1\r\nHost: roster.example.org\r\n\r\n";

	(void)state;
	for (int off = -2; off <= 2; off++) {
		struct http_head head = { 0 };
		struct http_refusal refusal;

		take_lines(&head, OURS);
		head.line_bytes = strlen("Host: roster.example.org\r\n");
		head.head_bytes = strlen(line) + (size_t)off;
		refusal = http_gate_check(&head, "GET", "/", "HTTP/1.1", &site);
		assert_int_equal(refusal.status, off == 0 ? 0 : 400);
	}
}

static void
limits_hold(void **state)
{
	char target[HTTP_TARGET_MAX + 2];
	struct http_head head = { 0 };
	struct http_refusal refusal;

	(void)state;
	take_lines(&head, OURS);
	memset(target, 'a', sizeof(target));
	target[0] = '/';
	target[sizeof(target) - 1] = '\0';
	refusal = http_gate_check(&head, "GET", target, "HTTP/1.1", &site);
	assert_int_equal(refusal.status, 414);
	target[HTTP_PATH_MAX + 1] = '\0';
	refusal = http_gate_check(&head, "GET", target, "HTTP/1.1", &site);
	assert_int_equal(refusal.status, 400);
	target[HTTP_PATH_MAX] = '\0';
	refusal = http_gate_check(&head, "GET", target, "HTTP/1.1", &site);
	assert_int_equal(refusal.status, 0);
	for (int i = 1; i <= HTTP_HEADERS_MAX; i++) {
		refusal = http_gate_check(&head, "GET", "/", "HTTP/1.1", &site);
		assert_int_equal(refusal.status, 0);
		http_gate_header(&head, RST_VIEW("X"), RST_VIEW("y"));
	}
	refusal = http_gate_check(&head, "GET", "/", "HTTP/1.1", &site);
	assert_int_equal(refusal.status, 431);
}

/* A site of this machine answers to all its names, others to their own. */
static void
loopback_has_several_names(void **state)
{
	static const struct http_site local = {
		.origin = "https://localhost:8443",
		.host = "localhost",
		.port = 8443,
		.https = true,
	};
	static const struct {
		const char *origin;
		const struct http_site *site;
		bool ours;
	} cases[] = {
		{ "https://localhost:8443", &local, true },
		{ "https://127.0.0.1:8443", &local, true },
		{ "https://[::1]:8443", &local, true },
		{ "http://127.0.0.1:8443", &local, false },
		{ "https://127.0.0.1", &local, false },
		{ "https://127.0.0.1.evil.example:8443", &local, false },
		{ "https://127.0.0.2:8443", &local, false },
		{ "https://evil.example:8443", &local, false },
		{ "https://localhost.evil:8443", &local, false },
		{ "https://", &local, false },
		{ "null", &local, false },
		{ "http://127.0.0.1:8080", &trial, true },
		{ "https://roster.example.org", &site, true },
		{ "https://roster.example.org:443", &site, true },
		{ "https://localhost", &site, false },
		{ "https://127.0.0.1", &site, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (http_is_our_origin(rst_view_of(cases[i].origin),
		                       cases[i].site) != cases[i].ours)
			fail_msg("%s at %s", cases[i].origin,
			         cases[i].site->origin);
}

/* Below a path nothing stands beside it. */
static void
a_base_path_is_taken_off(void **state)
{
	static const struct http_site below = {
		.origin = "https://a.example",
		.host = "a.example",
		.base = "/apps/roster",
		.port = 443,
		.https = true,
	};
	static const struct {
		const char *target, *path;
		unsigned int status;
	} cases[] = {
		{ "/apps/roster/users", "/users", 0 },
		{ "/apps/roster/", "/", 0 },
		{ "/apps/roster", "/", 0 },
		{ "/apps/roster?x=1", "/", 0 },
		{ "https://a.example/apps/roster/me", "/me", 0 },
		{ "/apps/rosterx", NULL, 404 },
		{ "/users", NULL, 404 },
		{ "/", NULL, 404 },
		{ "/apps/roster/../users", NULL, 400 },
		{ "/healthz", "/healthz", 0 },
		{ "/apps/roster/healthz", "/healthz", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_head head = { .count = 0 };
		struct http_refusal refusal;

		http_gate_header(&head, RST_VIEW("Host"),
		                 RST_VIEW("a.example"));
		refusal = http_gate_check(&head, "GET", cases[i].target,
		                          "HTTP/1.1", &below);
		if (refusal.status != cases[i].status)
			fail_msg("%s: %u", cases[i].target, refusal.status);
		if (refusal.status == 0)
			assert_string_equal(head.path, cases[i].path);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_has_several_names),
		cmocka_unit_test(a_base_path_is_taken_off),
		cmocka_unit_test(requests_are_judged_as_in_the_table),
		cmocka_unit_test(path_and_query_come_apart),
		cmocka_unit_test(a_name_with_a_nul_is_malformed),
		cmocka_unit_test(every_byte_of_the_head_is_accounted_for),
		cmocka_unit_test(limits_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
