/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_query.c - a query, then a Cookie header in a line of its own */
#include "httpd/request_gate.h"
#include "tests/fuzz/fuzz.h"

static void
coded_and_back(struct rst_view text)
{
	char coded[3 * 512 + 1], back[512 + 1];

	if (text.len > 512 || !http_percent_encode(text, coded, sizeof(coded)))
		return;
	if (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL)
		return; /* which decoding refuses */
	FUZZ_MUST(http_percent_decode(rst_view_of(coded), false, back,
	                              sizeof(back)));
	FUZZ_MUST(rst_view_equal(rst_view_of(back), text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_query query;
	struct rst_view left = rst_view(data, size), value;
	struct rst_view first = fuzz_line(&left);
	char *raw = fuzz_text(first);

	if (strlen(raw) <= HTTP_TARGET_MAX && http_query_parse(raw, &query))
		for (unsigned int i = 0; i < query.n; i++)
			FUZZ_MUST(http_query_get(&query, query.items[i].name) ==
			          query.items[i].value);
	if (http_cookie_get(left, "__Host-roster", &value))
		FUZZ_MUST(value.ptr >= left.ptr &&
		          value.ptr + value.len <= left.ptr + left.len);
	coded_and_back(first);
	free(raw);
	return 0;
}
