/* SPDX-License-Identifier: OLDAP-2.8 */
/* verified.c - passwords that were right a moment ago
 *
 *	digest	3f1b...	made 12:01:07
 *
 * A digest has WAYS places, by its first bytes; a new one takes that of the
 * oldest there.
 */
#include "lifecycle/verified.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define WAYS         8
#define DIGEST_BYTES 32

_Static_assert(VERIFIED_MAX % WAYS == 0, "whole sets");

struct row {
	unsigned char digest[DIGEST_BYTES];
	int64_t made_s; /* 0: free */
};

struct verified {
	pthread_mutex_t lock;
	unsigned char *key; /* sodium_malloc()ed: in no core, not swapped */
	struct row rows[VERIFIED_MAX];
};

struct verified *
verified_new(void)
{
	struct verified *verified =
		sodium_init() < 0 ? NULL : calloc(1, sizeof(*verified));

	if (verified == NULL)
		return NULL;
	verified->key = sodium_malloc(crypto_generichash_KEYBYTES);
	if (verified->key == NULL) {
		free(verified);
		return NULL;
	}
	randombytes_buf(verified->key, crypto_generichash_KEYBYTES);
	pthread_mutex_init(&verified->lock, NULL);
	return verified;
}

void
verified_free(struct verified *verified)
{
	if (verified == NULL)
		return;
	pthread_mutex_destroy(&verified->lock);
	sodium_free(verified->key);
	sodium_memzero(verified->rows, sizeof(verified->rows));
	free(verified);
}

static void
add(crypto_generichash_state *state, struct rst_view text)
{
	uint64_t len = text.len;

	/* with its length: no two texts run together */
	(void)crypto_generichash_update(state, (const unsigned char *)&len,
	                                sizeof(len));
	(void)crypto_generichash_update(state, (const unsigned char *)text.ptr,
	                                text.len);
}

/* The places that proof may have. */
static struct row *
rows_of(struct verified *verified, const struct verified_proof *proof,
        unsigned char digest[DIGEST_BYTES])
{
	const uint64_t who[2] = { proof->id, proof->generation };
	crypto_generichash_state state;
	uint64_t number;

	(void)crypto_generichash_init(&state, verified->key,
	                              crypto_generichash_KEYBYTES,
	                              DIGEST_BYTES);
	add(&state, rst_view((const char *)who, sizeof(who)));
	add(&state, proof->stored);
	add(&state, proof->password);
	(void)crypto_generichash_final(&state, digest, DIGEST_BYTES);
	sodium_memzero(&state, sizeof(state));
	memcpy(&number, digest, sizeof(number));
	return &verified->rows[number % (VERIFIED_MAX / WAYS) * WAYS];
}

bool
verified_has(struct verified *verified, const struct verified_proof *proof,
             int64_t now_s, uint32_t lifetime_s)
{
	unsigned char digest[DIGEST_BYTES];
	struct row *row;
	bool found = false;

	if (lifetime_s == 0)
		return false;
	row = rows_of(verified, proof, digest);
	pthread_mutex_lock(&verified->lock);
	for (int i = 0; i < WAYS && !found; i++)
		/* one of the future: the clock was set back */
		found = row[i].made_s != 0 && row[i].made_s <= now_s &&
		        now_s - row[i].made_s < (int64_t)lifetime_s &&
		        sodium_memcmp(row[i].digest, digest, sizeof(digest)) ==
		                0;
	pthread_mutex_unlock(&verified->lock);
	return found;
}

void
verified_put(struct verified *verified, const struct verified_proof *proof,
             int64_t now_s)
{
	unsigned char digest[DIGEST_BYTES];
	struct row *row = rows_of(verified, proof, digest), *oldest = row;

	pthread_mutex_lock(&verified->lock);
	for (int i = 0; i < WAYS; i++) {
		if (sodium_memcmp(row[i].digest, digest, sizeof(digest)) == 0) {
			oldest = &row[i];
			break;
		}
		if (row[i].made_s < oldest->made_s)
			oldest = &row[i];
	}
	memcpy(oldest->digest, digest, sizeof(digest));
	oldest->made_s = now_s;
	pthread_mutex_unlock(&verified->lock);
}
