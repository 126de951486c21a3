/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_cookie.c - the cookie of a paged search
 *
 * Eight bytes of the id that is expected, one of scope, aliases and how long
 * the first text is; a line of who asks and where, one of what; what is left is
 * the cookie.
 */
#include "backend/cookie.h"
#include "tests/fuzz/fuzz.h"

#define HEAD 9
#define ODD  RST_VIEW("no line\nof an input")

static const unsigned char key[BACK_COOKIE_KEY] =
	"a key that every input knows";

static void
refuses(const struct back_cookie_search *search, uint64_t id,
        const unsigned char cookie[BACK_COOKIE_BYTES])
{
	FUZZ_MUST(back_cookie_check(key, search, id,
	                            rst_view(cookie, BACK_COOKIE_BYTES)) ==
	          BACK_COOKIE_OTHER);
}

/* The cookie of one search is no other one's. */
static void
no_other_takes(const struct back_cookie_search *search, uint64_t id,
               const unsigned char cookie[BACK_COOKIE_BYTES])
{
	unsigned char other_key[BACK_COOKIE_KEY] = "another";
	struct back_cookie_search other = *search;

	refuses(search, id + 1, cookie);
	refuses(search, 0, cookie);
	other.connection++;
	refuses(&other, id, cookie);
	other = *search;
	other.scope++;
	refuses(&other, id, cookie);
	other = *search;
	other.deref++;
	refuses(&other, id, cookie);
	other = *search;
	other.who = ODD;
	refuses(&other, id, cookie);
	other = *search;
	other.base = ODD;
	refuses(&other, id, cookie);
	other = *search;
	other.filter = ODD;
	refuses(&other, id, cookie);
	/* the same bytes, parted elsewhere: base follows who in the input */
	other = *search;
	if (other.who.len > 0) {
		other.who.len--;
		other.base.ptr--;
		other.base.len++;
		refuses(&other, id, cookie);
	}
	FUZZ_MUST(back_cookie_check(other_key, search, id,
	                            rst_view(cookie, BACK_COOKIE_BYTES)) ==
	          BACK_COOKIE_OTHER);
}

/* Nor is it one that differs in a bit, is cut off, or has a later one's MAC. */
static void
no_other_is_taken(const struct back_cookie_search *search, uint64_t id,
                  const unsigned char cookie[BACK_COOKIE_BYTES])
{
	unsigned char bent[BACK_COOKIE_BYTES];

	back_cookie_make(key, search, id + 1, bent);
	memcpy(bent, cookie, sizeof(bent) - BACK_COOKIE_MAC);
	refuses(search, id, bent);
	for (size_t i = 0; i < BACK_COOKIE_BYTES; i++) {
		memcpy(bent, cookie, sizeof(bent));
		bent[i] ^= (unsigned char)(1U << (i % 8));
		refuses(search, id, bent);
		FUZZ_MUST(back_cookie_check(key, search, id,
		                            rst_view(cookie, i)) ==
		          BACK_COOKIE_NONE);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rst_view left = rst_view(data, size);
	unsigned char cookie[BACK_COOKIE_BYTES];
	struct back_cookie_search search = { .connection = 1000 };
	enum back_cookie answer;
	uint64_t id = 0;
	size_t at;

	if (size < HEAD)
		return 0;
	for (size_t i = 0; i < HEAD - 1; i++)
		id = id << 8 | data[i];
	search.scope = data[HEAD - 1] & 3;
	search.deref = data[HEAD - 1] >> 2 & 3;
	left = rst_view(data + HEAD, size - HEAD);
	search.who = fuzz_line(&left);
	at = data[HEAD - 1] >> 4;
	if (at > search.who.len)
		at = search.who.len;
	search.base = rst_view(search.who.ptr + at, search.who.len - at);
	search.who.len = at;
	search.filter = fuzz_line(&left);

	back_cookie_make(key, &search, id, cookie);
	answer = back_cookie_check(key, &search, id, left);
	FUZZ_MUST((answer == BACK_COOKIE_NONE) == (left.len != sizeof(cookie)));
	FUZZ_MUST((answer == BACK_COOKIE_RIGHT) ==
	          (id != 0 &&
	           rst_view_equal(left, rst_view(cookie, sizeof(cookie)))));
	no_other_takes(&search, id, cookie);
	no_other_is_taken(&search, id, cookie);
	return 0;
}
