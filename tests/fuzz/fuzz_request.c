/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_request.c - a request's head: method, target, version, header lines
 *
 * One a line; of a header line the name ends at the first colon, and the value
 * has no spaces around it, as MHD hands it over.
 */
#include "httpd/conf.h"
#include "httpd/request_gate.h"
#include "httpd/route.h"
#include "tests/fuzz/fuzz.h"

static void
route(const struct http_head *head)
{
	struct rst_view arg[2] = { { NULL, 0 }, { NULL, 0 } };
	const size_t prefix = sizeof(HTTP_API_PREFIX) - 1;
	const bool api =
		strncmp(head->path, HTTP_API_PREFIX "/", prefix + 1) == 0;
	const char *allow = NULL;
	const struct http_route *found =
		http_route_find(head->method, head->path + (api ? prefix : 0),
	                        api, arg, &allow);

	FUZZ_MUST(found != NULL || allow != NULL);
	for (int i = 0; i < 2; i++)
		FUZZ_MUST(arg[i].ptr == NULL ||
		          (arg[i].ptr >= head->path &&
		           arg[i].ptr + arg[i].len <=
		                   head->path + sizeof(head->path)));
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

static struct rst_view
trim(struct rst_view value)
{
	while (value.len > 0 && is_space(value.ptr[0]))
		value = rst_view(value.ptr + 1, value.len - 1);
	while (value.len > 0 && is_space(value.ptr[value.len - 1]))
		value.len--;
	return value;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_head head;
	struct rst_view left = rst_view(data, size), line, name;
	struct http_site site;
	char *word[3];
	const char *colon;

	memset(&head, 0, sizeof(head));
	FUZZ_MUST(http_site_parse("https://roster.example.org/base", &site));
	for (int i = 0; i < 3; i++)
		word[i] = fuzz_text(fuzz_line(&left));
	while (left.len > 0) {
		line = fuzz_line(&left);
		colon = line.len > 0 ? memchr(line.ptr, ':', line.len) : NULL;
		name = line;
		if (colon != NULL)
			name.len = (size_t)(colon - line.ptr);
		line.ptr += name.len + (colon != NULL);
		line.len -= name.len + (colon != NULL);
		http_gate_header(&head, name, trim(line));
	}
	if (http_gate_check(&head, word[0], word[1], word[2], &site).status ==
	    0) {
		FUZZ_MUST(head.path[0] == '/');
		FUZZ_MUST(strstr(head.path, "/../") == NULL);
		route(&head);
		(void)http_is_our_origin(head.value[HTTP_H_ORIGIN], &site);
	}
	for (int i = 0; i < 3; i++)
		free(word[i]);
	return 0;
}
