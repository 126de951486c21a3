/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_sum.c - sets of rows compared by sums
 *
 * To look up a hundred million rows of an index, each where it must be, is to
 * search a tree a hundred million times.  To hash them as they follow from the
 * records, hash those that the table has as they lie there, and compare the
 * two sums is the same question at a tenth of the price.  A difference says
 * only that there is one; then they are looked up.
 *
 * The hash is SipHash-2-4 of 128 bits, its key random: sums are added modulo
 * 2^64 in both halves.
 */
#include <sodium.h>
#include <stdlib.h>

#include "store/check_priv.h"

#define SLOTS_MIN 256 /* a power of two */
#define KEY_MAX   512
#define HASH      crypto_shorthash_siphashx24_BYTES

_Static_assert(RST_CHECK_HASH_KEY == crypto_shorthash_siphashx24_KEYBYTES,
               "the key fits");

_Static_assert(HASH == 16, "two halves of 64 bits");

/* Of key, then value, or the hash of a long one, then its length: so that it
 * differs from a row whose key ends like that. */
static void
hash_row(const struct rst_check *check, struct rst_view key,
         struct rst_view value, uint64_t ret_hash[2])
{
	unsigned char buf[KEY_MAX + HASH + 8], out[HASH];
	size_t len = key.len < KEY_MAX ? key.len : KEY_MAX;

	if (value.len == 0 && key.len <= KEY_MAX) {
		crypto_shorthash_siphashx24(out, (const unsigned char *)key.ptr,
		                            key.len, check->hash_key);
	} else {
		memcpy(buf, key.ptr, len);
		if (value.len > HASH) {
			crypto_shorthash_siphashx24(
				buf + len, (const unsigned char *)value.ptr,
				value.len, check->hash_key);
			len += HASH;
		} else if (value.len > 0) {
			memcpy(buf + len, value.ptr, value.len);
			len += value.len;
		}
		rst_put_be64((char *)buf + len, value.len);
		crypto_shorthash_siphashx24(out, buf, len + 8, check->hash_key);
	}
	memcpy(ret_hash, out, sizeof(out));
}

void
rst_sum_add(const struct rst_check *check, struct rst_view key,
            struct rst_view value, struct rst_sum *sum)
{
	uint64_t hash[2];

	hash_row(check, key, value, hash);
	sum->n++;
	sum->low += hash[0];
	sum->high += hash[1];
}

bool
rst_sum_equal(const struct rst_sum *a, const struct rst_sum *b)
{
	return a->n == b->n && a->low == b->low && a->high == b->high;
}

enum rst_err
rst_sum_row(struct rst_check *check, struct rst_view key, struct rst_view value,
            void *arg)
{
	rst_sum_add(check, key, value, arg);
	return RST_OK;
}

void
rst_sum_once_begin(struct rst_sum_once *once)
{
	once->round++;
	once->n_used = 0;
}

/* The slot of a hash: its own, or the free one where it belongs. */
static struct rst_sum_slot *
slot_of(const struct rst_sum_once *once, const uint64_t hash[2])
{
	struct rst_sum_slot *slot;
	size_t at = hash[0] & (once->n_slots - 1);

	for (;;) {
		slot = &once->slots[at];
		if (slot->round != once->round ||
		    (slot->low == hash[0] && slot->high == hash[1]))
			return slot;
		at = (at + 1) & (once->n_slots - 1);
	}
}

/* A table at most half full, with what this record has put there so far. */
static enum rst_err
grow(struct rst_sum_once *once)
{
	struct rst_sum_slot *old = once->slots;
	size_t n_old = once->n_slots;
	uint64_t hash[2];

	once->n_slots = n_old == 0 ? SLOTS_MIN : n_old * 2;
	once->slots = calloc(once->n_slots, sizeof(*once->slots));
	if (once->slots == NULL) {
		once->slots = old;
		once->n_slots = n_old;
		return RST_ENOMEM;
	}
	for (size_t i = 0; i < n_old; i++) {
		if (old[i].round != once->round)
			continue;
		hash[0] = old[i].low;
		hash[1] = old[i].high;
		*slot_of(once, hash) = old[i];
	}
	free(old);
	return RST_OK;
}

enum rst_err
rst_sum_once_row(void *arg, struct rst_view key, struct rst_view value)
{
	struct rst_sum_once *once = arg;
	struct rst_sum_slot *slot;
	uint64_t hash[2];
	enum rst_err err;

	if (once->n_used >= once->n_slots / 2) {
		err = grow(once);
		if (err != RST_OK)
			return err;
	}
	hash_row(once->check, key, value, hash);
	slot = slot_of(once, hash);
	if (slot->round == once->round)
		return RST_OK;
	*slot = (struct rst_sum_slot){ hash[0], hash[1], once->round };
	once->n_used++;
	once->sum->n++;
	once->sum->low += hash[0];
	once->sum->high += hash[1];
	return RST_OK;
}

void
rst_sum_once_release(struct rst_sum_once *once)
{
	free(once->slots);
	once->slots = NULL;
	once->n_slots = once->n_used = 0;
}
