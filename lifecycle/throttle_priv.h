/* SPDX-License-Identifier: OLDAP-2.8 */
/* throttle_priv.h - the table of failures as it lies in memory
 *
 *	header | reports | rows
 *
 * There is nothing to initialise beyond zeros and nothing to repair.
 */
#ifndef THROTTLE_PRIV_H
#define THROTTLE_PRIV_H

#include <sodium.h>
#include <stdatomic.h>

#include "lifecycle/throttle.h"
#include "lifecycle/verified.h"

#define THROTTLE_ROWS          32768 /* of 128 bytes: 4 MiB */
#define THROTTLE_ADDRESS_WORDS (THROTTLE_ADDRESS_BYTES / 8)

struct throttle_row {
	_Atomic uint64_t key; /* 0: free */
	_Atomic uint32_t touched_s, locked_s, recorded_s, success_s;
	_Atomic uint32_t in_a_row;
	uint32_t spare;
	_Atomic uint64_t failures[RULE_FAILURES_MAX]; /* time, checksum */
};
_Static_assert(sizeof(struct throttle_row) == 128, "two cache lines");

struct throttle_row_report {
	_Atomic uint64_t key; /* 0: free */
	_Atomic uint64_t id;
	_Atomic uint64_t address[THROTTLE_ADDRESS_WORDS];
	_Atomic uint32_t what; /* event << 8 | door */
	_Atomic uint32_t count;
	_Atomic uint32_t first_s; /* set last: 0 while it is being made */
	_Atomic uint32_t told_s;  /* when a success was taken last; 0: not */
};

struct throttle_table {
	_Atomic uint64_t magic;
	_Atomic uint64_t omitted[2]; /* failures, successes */
	_Atomic uint64_t verified_hits;
	struct throttle_row_report reports[THROTTLE_REPORTS];
	struct throttle_row rows[THROTTLE_ROWS];
};

struct throttle {
	struct throttle_table *table;
	struct verified *verified; /* this process's own; or NULL */
	unsigned char key[crypto_shorthash_KEYBYTES];
};
_Static_assert(crypto_shorthash_KEYBYTES == RST_KEY_BYTES, "one key");

/* throttle_file.c: map the file of env, or memory of our own; NULL when there
 * is none. */
struct throttle_table *throttle_map(struct rst_env *env);
void throttle_unmap(struct throttle_table *table);

/* throttle_key.c: a keyed hash, never 0: that is nobody's key.  Of head at
 * most 16 bytes count, of tail RULE_PASSWORD_MAX. */
enum throttle_kind {
	THROTTLE_ENTRY = 1,
	THROTTLE_NAME,
	THROTTLE_SOURCE,
	THROTTLE_PAIR,
	THROTTLE_CHECK,
	THROTTLE_REPORT,
};
uint64_t throttle_hash(const struct throttle *throttle, enum throttle_kind kind,
                       struct rst_view head, struct rst_view tail);
/* throttle_key.c: the host of "127.0.0.1:4711", "[::1]:4711", "::1"; false
 * when it is none.  throttle_prefix(): the four bytes of an IPv4 address, eight
 * of an IPv6 prefix; 0 when it is no address. */
#define THROTTLE_HOST_BYTES 46 /* of an IPv6 address as text, with the NUL */
bool throttle_host(struct rst_view address, char host[THROTTLE_HOST_BYTES]);
size_t throttle_prefix(struct rst_view address, unsigned char prefix[8]);

#endif
