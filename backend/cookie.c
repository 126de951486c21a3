/* SPDX-License-Identifier: OLDAP-2.8 */
/* cookie.c - the cookie of a paged search, as bytes
 *
 *	0	8	id of the entry sent last, big endian
 *	8	16	BLAKE2b of (id, connection, scope, deref, who asks,
 *			base, filter), keyed by a secret of the database
 */
#include "backend/cookie.h"

#include <sodium.h>

_Static_assert(BACK_COOKIE_MAC == crypto_generichash_BYTES_MIN &&
                       BACK_COOKIE_KEY == crypto_generichash_KEYBYTES,
               "sodium takes them");

static void
put(unsigned char *at, uint64_t number)
{
	for (int i = 7; i >= 0; i--) {
		at[i] = (unsigned char)number;
		number >>= 8;
	}
}

static void
mix_number(crypto_generichash_state *state, uint64_t number)
{
	unsigned char bytes[8];

	put(bytes, number);
	crypto_generichash_update(state, bytes, sizeof(bytes));
}

static void
mix_text(crypto_generichash_state *state, struct rst_view text)
{
	unsigned char none = 0;

	/* with its length: no two lists of texts are one row of bytes */
	mix_number(state, text.len);
	crypto_generichash_update(
		state, text.len > 0 ? (const unsigned char *)text.ptr : &none,
		text.len);
}

void
back_cookie_make(const unsigned char key[BACK_COOKIE_KEY],
                 const struct back_cookie_search *search, uint64_t id,
                 unsigned char ret_cookie[BACK_COOKIE_BYTES])
{
	crypto_generichash_state state;

	put(ret_cookie, id);
	crypto_generichash_init(&state, key, BACK_COOKIE_KEY, BACK_COOKIE_MAC);
	mix_number(&state, id);
	mix_number(&state, search->connection);
	mix_number(&state, (uint64_t)search->scope);
	mix_number(&state, (uint64_t)search->deref);
	mix_text(&state, search->who);
	mix_text(&state, search->base);
	mix_text(&state, search->filter);
	crypto_generichash_final(&state, ret_cookie + 8, BACK_COOKIE_MAC);
}

enum back_cookie
back_cookie_check(const unsigned char key[BACK_COOKIE_KEY],
                  const struct back_cookie_search *search, uint64_t id,
                  struct rst_view asked)
{
	unsigned char good[BACK_COOKIE_BYTES];

	if (asked.len != sizeof(good))
		return BACK_COOKIE_NONE;
	back_cookie_make(key, search, id, good);
	return id != 0 && sodium_memcmp(asked.ptr, good, sizeof(good)) == 0
	               ? BACK_COOKIE_RIGHT
	               : BACK_COOKIE_OTHER;
}
