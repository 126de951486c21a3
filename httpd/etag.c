/* SPDX-License-Identifier: OLDAP-2.8 */
/* etag.c - what a representation is called, and who has it already */
#include "httpd/etag.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_BYTES crypto_generichash_BYTES_MIN
#define PART_BYTES   8 /* of the digest that are told */

typedef bool is_meant(struct rst_view tag, const void *arg);

/* One of the tags in header, which commas part, is what is meant. */
static bool
lists(struct rst_view header, is_meant *meant, const void *arg)
{
	if (rst_view_equal(header, RST_VIEW("*")))
		return true;
	for (size_t i = 0; i < header.len;) {
		const char *at = header.ptr + i;
		const char *comma = memchr(at, ',', header.len - i);
		size_t n =
			comma != NULL ? (size_t)(comma - at) : header.len - i;

		i += n + 1;
		while (n > 0 && (*at == ' ' || *at == '\t'))
			at++, n--;
		while (n > 0 && (at[n - 1] == ' ' || at[n - 1] == '\t'))
			n--;
		if (meant(rst_view(at, n), arg))
			return true;
	}
	return false;
}

/* "CSN" or "CSN-digest" */
static bool
is_of_csn(struct rst_view tag, const void *arg)
{
	const struct rst_view *csn = arg;
	size_t part = csn->len + 2;

	return csn->len > 0 && tag.len >= part && tag.ptr[0] == '"' &&
	       memcmp(tag.ptr + 1, csn->ptr, csn->len) == 0 &&
	       tag.ptr[tag.len - 1] == '"' &&
	       (tag.len == part || (tag.ptr[part - 1] == '-' &&
	                            tag.len == part + 1 + 2 * PART_BYTES));
}

bool
etag_names(struct rst_view header, struct rst_view csn)
{
	return lists(header, is_of_csn, &csn);
}

/* Weakly: a proxy that packed the answer says W/ of it. */
static bool
is_same(struct rst_view tag, const void *arg)
{
	const char *whole = arg;

	if (tag.len > 2 && tag.ptr[0] == 'W' && tag.ptr[1] == '/')
		tag = rst_view(tag.ptr + 2, tag.len - 2);
	return rst_view_equal(tag, rst_view_of(whole));
}

void
etag_finish(const struct http_req *req, struct http_reply *reply)
{
	struct rst_view had = req->head->value[HTTP_H_IF_NONE_MATCH];
	unsigned char digest[DIGEST_BYTES];
	char hex[2 * PART_BYTES + 1];
	size_t len = strlen(reply->etag);
	bool reads =
		req->head->method == HTTP_GET || req->head->method == HTTP_HEAD;

	if (len < 2 || reply->text == NULL || http_is_problem(reply) ||
	    len + sizeof(hex) + 1 > sizeof(reply->etag))
		return;
	(void)crypto_generichash(digest, sizeof(digest),
	                         (const unsigned char *)reply->text,
	                         strlen(reply->text), NULL, 0);
	(void)sodium_bin2hex(hex, sizeof(hex), digest, PART_BYTES);
	(void)snprintf(reply->etag + len - 1, sizeof(reply->etag) - len + 1,
	               "-%s\"", hex);
	if (!reads || reply->status != 200 || had.ptr == NULL ||
	    !lists(had, is_same, reply->etag))
		return;
	reply->status = 304;
	sodium_memzero(reply->text, strlen(reply->text));
	free(reply->text);
	reply->text = NULL;
}
