/* SPDX-License-Identifier: OLDAP-2.8 */
/* query.c - escapes, query parameters, cookies */
#include <string.h>

#include "httpd/json.h"
#include "httpd/request_gate.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
http_percent_decode(struct rst_view text, bool plus, char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '%') {
			int high, low;

			if (text.len - i < 3)
				return false;
			high = hex_digit(text.ptr[i + 1]);
			low = hex_digit(text.ptr[i + 2]);
			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (c == '\0' || n + 1 >= size)
			return false;
		buf[n++] = c;
	}
	if (size == 0)
		return false;
	buf[n] = '\0';
	return true;
}

bool
http_percent_encode(struct rst_view text, char *buf, size_t size)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		             (c >= 'a' && c <= 'z') ||
		             (c != '\0' && strchr("-._~", c) != NULL);

		if (n + (plain ? 1 : 3) >= size)
			return false;
		if (plain) {
			buf[n++] = (char)c;
			continue;
		}
		buf[n++] = '%';
		buf[n++] = hex[c >> 4];
		buf[n++] = hex[c & 15];
	}
	if (n >= size)
		return false;
	buf[n] = '\0';
	return true;
}

/* Decode one "name=value" into *room; false when it is broken. */
static bool
take_pair(struct http_query *query, struct rst_view pair, size_t *used)
{
	const char *equals = memchr(pair.ptr, '=', pair.len);
	size_t name_len =
		equals != NULL ? (size_t)(equals - pair.ptr) : pair.len;
	size_t skip = name_len + (equals != NULL);
	struct rst_view part[2] = {
		rst_view(pair.ptr, name_len),
		rst_view(pair.ptr + skip, pair.len - skip),
	};
	const char *text[2];

	for (int i = 0; i < 2; i++) {
		char *at = query->bytes + *used;

		if (!http_percent_decode(part[i], true, at,
		                         sizeof(query->bytes) - *used) ||
		    !json_is_text(rst_view_of(at)))
			return false;
		text[i] = at;
		*used += strlen(at) + 1;
	}
	if (http_query_get(query, text[0]) != NULL ||
	    query->n == HTTP_QUERY_MAX)
		return false;
	query->items[query->n].name = text[0];
	query->items[query->n++].value = text[1];
	return true;
}

bool
http_query_parse(const char *raw, struct http_query *ret_query)
{
	size_t used = 0;

	ret_query->n = 0;
	while (*raw != '\0') {
		size_t len = strcspn(raw, "&");

		if (len > 0 && !take_pair(ret_query, rst_view(raw, len), &used))
			return false;
		raw += len + (raw[len] == '&');
	}
	return true;
}

const char *
http_query_get(const struct http_query *query, const char *name)
{
	for (unsigned int i = 0; i < query->n; i++)
		if (strcmp(query->items[i].name, name) == 0)
			return query->items[i].value;
	return NULL;
}

bool
http_cookie_get(struct rst_view header, const char *name,
                struct rst_view *ret_value)
{
	size_t name_len = strlen(name), i = 0;
	unsigned int found = 0;

	while (i < header.len) {
		const char *at = header.ptr + i;
		const char *end = memchr(at, ';', header.len - i);
		size_t len = end != NULL ? (size_t)(end - at) : header.len - i;

		i += len + 1;
		while (len > 0 && (*at == ' ' || *at == '\t'))
			at++, len--;
		if (len <= name_len || at[name_len] != '=' ||
		    memcmp(at, name, name_len) != 0)
			continue;
		*ret_value = rst_view(at + name_len + 1, len - name_len - 1);
		found++;
	}
	return found == 1;
}
