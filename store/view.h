/* SPDX-License-Identifier: OLDAP-2.8 */
/* view.h - bytes that someone else owns */
#ifndef RST_VIEW_H
#define RST_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Borrowed bytes.  Not NUL-terminated, may hold NULs.  A view handed out by
 * the store points into the map: it dies with the next write in the same
 * transaction or with the end of that transaction, whichever comes first.
 */
struct rst_view {
	const char *ptr;
	size_t len;
};

#define RST_VIEW(literal) ((struct rst_view){ (literal), sizeof(literal) - 1 })

static inline struct rst_view
rst_view(const void *ptr, size_t len)
{
	return (struct rst_view){ ptr, len };
}

/* A view of a C string; of nothing when text is NULL. */
static inline struct rst_view
rst_view_of(const char *text)
{
	return (struct rst_view){ text, text != NULL ? strlen(text) : 0 };
}

static inline bool
rst_view_equal(struct rst_view a, struct rst_view b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* An ASCII letter in lower case, any other byte as it is. */
static inline char
rst_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Equal but for the case of ASCII letters. */
bool rst_view_equal_nocase(struct rst_view a, struct rst_view b);

/* a starts with prefix. */
static inline bool
rst_view_starts(struct rst_view a, struct rst_view prefix)
{
	return a.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(a.ptr, prefix.ptr, prefix.len) == 0);
}

/*
 * Copy view into buf as a C string.  False, with buf an empty string, when it
 * does not fit or holds a NUL.
 */
bool rst_view_copy(struct rst_view view, char *buf, size_t size);

/* A malloc'ed NUL-terminated copy, or NULL when out of memory. */
char *rst_view_dup(struct rst_view view);

/*
 * Read view as a decimal number without sign, blanks or leading zero, at
 * most max.  False for anything else.
 */
bool rst_view_number(struct rst_view view, uint64_t max, uint64_t *ret_number);

#endif
