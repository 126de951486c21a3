/* SPDX-License-Identifier: OLDAP-2.8 */
/* throttle.c - the table of failures
 *
 * A row is found by its key within PROBES places from where the key points to;
 * a new one takes a free place among them, else that which was touched longest
 * ago:
 *
 *	key        account 42     touched 12:01   locked 12:01   recorded 12:01
 *	in a row   5
 *	failures   12:00:58 3f..  12:00:59 a0..  12:01:00 77..  ...
 *
 * Rows of pairs (account 42 from 192.0.2.1) look the same and hold when he
 * last signed in from there.
 */
#include <stdlib.h>

#include "lifecycle/throttle_priv.h"

#define PROBES 16

static void *
make_throttle(struct rst_env *env)
{
	struct throttle *throttle = calloc(1, sizeof(*throttle));

	if (throttle == NULL)
		return NULL;
	rst_env_key(env, "throttle-rows", throttle->key);
	throttle->table = throttle_map(env);
	if (throttle->table == NULL) {
		free(throttle);
		return NULL;
	}
	throttle->verified = verified_new();
	return throttle;
}

static void
release_throttle(void *companion)
{
	struct throttle *throttle = companion;

	throttle_unmap(throttle->table);
	verified_free(throttle->verified);
	sodium_memzero(throttle->key, sizeof(throttle->key));
	free(throttle);
}

struct throttle *
throttle_of(struct rst_env *env)
{
	return rst_env_companion(env, make_throttle, release_throttle);
}

struct verified *
throttle_verified(struct throttle *throttle)
{
	return throttle->verified;
}

void
throttle_verified_count(struct throttle *throttle)
{
	atomic_fetch_add(&throttle->table->verified_hits, 1);
}

uint64_t
throttle_verified_hits(const struct throttle *throttle)
{
	return atomic_load(&throttle->table->verified_hits);
}

static struct throttle_row *
find_row(const struct throttle *throttle, throttle_key key)
{
	struct throttle_row *row;

	for (uint64_t i = 0; i < PROBES; i++) {
		row = &throttle->table->rows[(key + i) % THROTTLE_ROWS];
		if (atomic_load(&row->key) == key)
			return row;
	}
	return NULL;
}

static void
empty_row(struct throttle_row *row)
{
	atomic_store(&row->locked_s, 0);
	atomic_store(&row->recorded_s, 0);
	atomic_store(&row->in_a_row, 0);
	for (size_t i = 0; i < RULE_FAILURES_MAX; i++)
		atomic_store(&row->failures[i], 0);
}

/* The row of key, made if need be.  Losing a race only forgets something. */
static struct throttle_row *
claim_row(struct throttle *throttle, throttle_key key, uint32_t now_s)
{
	struct throttle_row *row = find_row(throttle, key), *oldest = NULL;
	uint64_t was;

	for (uint64_t i = 0; row == NULL && i < PROBES; i++) {
		struct throttle_row *at =
			&throttle->table->rows[(key + i) % THROTTLE_ROWS];

		was = 0;
		if (atomic_compare_exchange_strong(&at->key, &was, key))
			row = at;
		else if (was == key)
			row = at;
		else if (oldest == NULL ||
		         atomic_load(&at->touched_s) <
		                 atomic_load(&oldest->touched_s))
			oldest = at;
	}
	if (row == NULL) {
		row = oldest;
		empty_row(row);
		atomic_store(&row->success_s, 0);
		atomic_store(&row->key, key);
	}
	atomic_store(&row->touched_s, now_s);
	return row;
}

static void
read_failures(const struct throttle_row *row,
              struct rule_failure failures[RULE_FAILURES_MAX])
{
	for (size_t i = 0; i < RULE_FAILURES_MAX; i++) {
		uint64_t word = atomic_load(&row->failures[i]);

		failures[i] = (struct rule_failure){ (uint32_t)(word >> 32),
			                             (uint32_t)word };
	}
}

void
throttle_get(const struct throttle *throttle, throttle_key key,
             struct throttle_state *ret_state)
{
	struct throttle_state state = { .locked_s = 0 };
	const struct throttle_row *row =
		key != 0 ? find_row(throttle, key) : NULL;

	if (row != NULL) {
		read_failures(row, state.failures);
		state.locked_s = atomic_load(&row->locked_s);
		state.recorded_s = atomic_load(&row->recorded_s);
		state.success_s = atomic_load(&row->success_s);
		state.in_a_row = atomic_load(&row->in_a_row);
	}
	for (size_t i = 0; i < RULE_FAILURES_MAX; i++)
		if (state.failures[i].time_s > state.newest_s)
			state.newest_s = state.failures[i].time_s;
	*ret_state = state;
}

void
throttle_fail(struct throttle *throttle, throttle_key key, uint32_t check,
              uint32_t now_s)
{
	struct rule_failure failures[RULE_FAILURES_MAX];
	uint64_t was, word = (uint64_t)now_s << 32 | check;
	struct throttle_row *row;
	size_t place;

	if (key == 0)
		return;
	row = claim_row(throttle, key, now_s);
	do {
		read_failures(row, failures);
		place = rule_lockout_place(failures, check);
		was = (uint64_t)failures[place].time_s << 32 |
		      failures[place].check;
	} while (!atomic_compare_exchange_strong(&row->failures[place], &was,
	                                         word));
	if (was >> 32 == 0 || (uint32_t)was != check)
		atomic_fetch_add(&row->in_a_row, 1);
}

bool
throttle_lock(struct throttle *throttle, throttle_key key, uint32_t now_s)
{
	uint32_t none = 0;

	return key != 0 && atomic_compare_exchange_strong(
				   &claim_row(throttle, key, now_s)->locked_s,
				   &none, now_s);
}

void
throttle_recorded(struct throttle *throttle, throttle_key key,
                  uint32_t locked_s)
{
	struct throttle_row *row = key != 0 ? find_row(throttle, key) : NULL;

	if (row != NULL)
		atomic_store(&row->recorded_s, locked_s);
}

void
throttle_clear(struct throttle *throttle, throttle_key key)
{
	struct throttle_row *row = key != 0 ? find_row(throttle, key) : NULL;

	if (row != NULL)
		empty_row(row);
}

void
throttle_success(struct throttle *throttle, throttle_key key, uint32_t now_s)
{
	if (key != 0)
		atomic_store(&claim_row(throttle, key, now_s)->success_s,
		             now_s);
}
