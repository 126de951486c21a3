/* SPDX-License-Identifier: OLDAP-2.8 */
/* decoy.c - what a wrong password costs where there is nothing to look at
 *
 * How many hashes there are of each cost is kept by the gate, in one row beside
 * the entries: KiB, passes and number of each, for example
 *
 *	19456 2 1200 65536 3 34
 *
 * A keyed hash of the name says which of the 1234 it is like.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "lifecycle/decoy.h"

#define SETTING    "hash-costs"
#define TEXT_BYTES (DECOY_COSTS_MAX * 32 + 1)

struct rst_view
decoy_known_as(struct rst_view name, char buf[DECOY_NAME_BYTES])
{
	static const struct rst_view uid = { "uid=", 4 };
	static const struct rst_view people = { ",ou=people,", 11 };
	const char *comma;
	size_t rest;

	if (name.len > uid.len && name.len < RST_DN_MAX &&
	    rst_view_equal(rst_view(name.ptr, uid.len), uid)) {
		comma = memchr(name.ptr, ',', name.len);
		rest = comma != NULL ? name.len - (size_t)(comma - name.ptr)
		                     : 0;
		if (rest > people.len &&
		    rst_view_equal(rst_view(comma, people.len), people))
			name = rst_view(name.ptr + uid.len,
			                name.len - rest - uid.len);
	}
	if (name.len > DECOY_NAME_BYTES)
		return name; /* nobody's at any door */
	for (size_t i = 0; i < name.len; i++)
		buf[i] = rst_lower(name.ptr[i]);
	return rst_view(buf, name.len);
}

/* The number up to end, or to the end of text; text goes on behind it. */
static bool
take_number(struct rst_view *text, char end, uint64_t max, uint64_t *ret_number)
{
	const char *at =
		text->len > 0 ? memchr(text->ptr, end, text->len) : NULL;
	size_t len = at != NULL ? (size_t)(at - text->ptr) : text->len;
	size_t past = at != NULL ? len + 1 : len;

	if (!rst_view_number(rst_view(text->ptr, len), max, ret_number))
		return false;
	*text = rst_view(text->ptr + past, text->len - past);
	return true;
}

static enum rst_err
read_costs(const struct rst_rtxn *txn, struct decoy_costs *ret_costs)
{
	struct decoy_costs costs = { 0 };
	struct rst_view text;
	uint64_t kib, passes, hashes;
	enum rst_err err = rst_setting_get(txn, SETTING, &text);

	if (err == RST_OK)
		while (costs.n < DECOY_COSTS_MAX &&
		       take_number(&text, ' ', UINT32_MAX, &kib) &&
		       take_number(&text, ' ', UINT32_MAX, &passes) &&
		       take_number(&text, ' ', UINT32_MAX, &hashes)) {
			costs.of[costs.n].cost.kib = (uint32_t)kib;
			costs.of[costs.n].cost.passes = (uint32_t)passes;
			costs.of[costs.n].hashes = hashes;
			costs.n++;
		}
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_costs = costs;
	return RST_OK;
}

/* Without those that nothing has any more. */
static enum rst_err
write_costs(struct rst_wtxn *txn, const struct decoy_costs *costs)
{
	char text[TEXT_BYTES] = "";
	size_t len = 0;

	for (size_t i = 0; i < costs->n; i++)
		if (costs->of[i].hashes > 0)
			len += (size_t)snprintf(
				text + len, sizeof(text) - len,
				"%s%" PRIu32 " %" PRIu32 " %" PRIu32,
				len > 0 ? " " : "", costs->of[i].cost.kib,
				costs->of[i].cost.passes,
				(uint32_t)costs->of[i].hashes);
	return rst_setting_put(txn, SETTING, rst_view_of(text));
}

/* "{ARGON2}$argon2id$v=19$m=19456,t=2,p=1$...", and lawful. */
static bool
cost_of(struct rst_view stored, struct lifecycle_cost *ret_cost)
{
	static const char head[] = "{ARGON2}$argon2id$v=19$m=";
	uint64_t kib, passes;
	struct rst_view text;

	if (rule_hash_scheme(stored.ptr, stored.len) != RULE_SCHEME_ARGON2ID)
		return false;
	text = rst_view(stored.ptr + sizeof(head) - 1,
	                stored.len - (sizeof(head) - 1));
	if (!take_number(&text, ',', UINT32_MAX, &kib))
		return false;
	text = rst_view(text.ptr + 2, text.len - 2); /* t= */
	if (!take_number(&text, ',', UINT32_MAX, &passes))
		return false;
	*ret_cost = (struct lifecycle_cost){ (uint32_t)kib, (uint32_t)passes };
	return true;
}

/* Where it is counted, or would be. */
static size_t
place_of(const struct decoy_costs *costs, const struct lifecycle_cost *cost)
{
	size_t i = 0;

	while (i < costs->n && (costs->of[i].cost.kib != cost->kib ||
	                        costs->of[i].cost.passes != cost->passes))
		i++;
	return i;
}

enum rst_err
decoy_count(struct rst_wtxn *txn, struct rst_view before, struct rst_view after)
{
	struct lifecycle_cost was = { 0, 0 }, is = { 0, 0 };
	bool had = cost_of(before, &was), has = cost_of(after, &is);
	struct decoy_costs costs;
	size_t at;
	enum rst_err err;

	if (had == has && was.kib == is.kib && was.passes == is.passes)
		return RST_OK;
	err = read_costs(&txn->r, &costs);
	if (err != RST_OK)
		return err;
	at = place_of(&costs, &was);
	if (had && at < costs.n && costs.of[at].hashes > 0)
		costs.of[at].hashes--;
	at = place_of(&costs, &is);
	if (has && at == costs.n && costs.n < DECOY_COSTS_MAX) {
		costs.of[costs.n].cost = is;
		costs.of[costs.n++].hashes = 0;
	}
	if (has && at < costs.n && costs.of[at].hashes < UINT32_MAX)
		costs.of[at].hashes++;
	return write_costs(txn, &costs);
}

enum rst_err
decoy_counted(const struct rst_rtxn *txn, struct decoy_costs *ret_costs)
{
	return read_costs(txn, ret_costs);
}

void
decoy_tally(struct decoy_costs *costs, struct rst_view stored)
{
	struct lifecycle_cost cost;
	size_t at;

	if (!cost_of(stored, &cost))
		return;
	at = place_of(costs, &cost);
	if (at == DECOY_COSTS_MAX)
		return;
	if (at == costs->n) {
		costs->of[costs->n].cost = cost;
		costs->of[costs->n++].hashes = 0;
	}
	costs->of[at].hashes++;
}

/* Each of a is in b, or b had no room for it. */
static bool
is_within(const struct decoy_costs *a, const struct decoy_costs *b)
{
	for (size_t i = 0; i < a->n; i++) {
		size_t at = place_of(b, &a->of[i].cost);

		if (at == b->n ? b->n < DECOY_COSTS_MAX
		               : b->of[at].hashes != a->of[i].hashes)
			return false;
	}
	return true;
}

bool
decoy_same(const struct decoy_costs *a, const struct decoy_costs *b)
{
	return is_within(a, b) && is_within(b, a);
}

/* All that txn sees. */
static enum rst_err
tally_all(const struct rst_rtxn *txn, struct decoy_costs *costs)
{
	struct rst_record record;
	uint64_t id = 0;
	enum rst_err err;

	*costs = (struct decoy_costs){ 0 };
	while ((err = rst_record_next(txn, &id, &record)) == RST_OK)
		decoy_tally(costs,
		            rst_record_first(&record, RST_A_USERPASSWORD));
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static uint64_t
hashes_of(const struct decoy_costs *costs, const struct lifecycle_cost *cost)
{
	size_t at = place_of(costs, cost);

	return at < costs->n ? costs->of[at].hashes : 0;
}

static void
shift(struct decoy_costs *costs, const struct lifecycle_cost *cost,
      uint64_t before, uint64_t after)
{
	size_t at = place_of(costs, cost);
	uint64_t hashes;

	if (at == DECOY_COSTS_MAX || after == before)
		return;
	if (at == costs->n) {
		costs->of[costs->n].cost = *cost;
		costs->of[costs->n++].hashes = 0;
	}
	hashes = costs->of[at].hashes + after;
	costs->of[at].hashes = hashes > before ? hashes - before : 0;
}

/* What others counted since then is in now. */
static void
add_since(struct decoy_costs *costs, const struct decoy_costs *then,
          const struct decoy_costs *now)
{
	for (size_t i = 0; i < now->n; i++)
		shift(costs, &now->of[i].cost,
		      hashes_of(then, &now->of[i].cost), now->of[i].hashes);
	for (size_t i = 0; i < then->n; i++)
		if (place_of(now, &then->of[i].cost) == now->n)
			shift(costs, &then->of[i].cost, then->of[i].hashes, 0);
}

enum rst_err
decoy_recount(struct rst_env *env, struct decoy_costs *ret_costs)
{
	struct decoy_costs costs = { 0 }, then, now;
	struct rst_wtxn txn = { 0 };
	struct rst_rtxn look;
	enum rst_err err;

	err = rst_read_begin(env, &look);
	if (err != RST_OK)
		return err;
	err = read_costs(&look, &then);
	if (err == RST_OK)
		err = tally_all(&look, &costs);
	rst_read_end(&look);
	if (err == RST_OK)
		err = rst_write_begin(env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	err = read_costs(&txn.r, &now);
	if (err == RST_OK) {
		add_since(&costs, &then, &now);
		err = write_costs(&txn, &costs);
	}
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	if (err == RST_OK)
		*ret_costs = costs;
	return err;
}

/* A number below end, of the name and nothing else. */
static uint64_t
pick(const struct rst_rtxn *txn, struct rst_view name, uint64_t end)
{
	unsigned char key[RST_KEY_BYTES];
	char buf[DECOY_NAME_BYTES];
	uint64_t hash;

	_Static_assert(sizeof(key) == crypto_shorthash_KEYBYTES &&
	                       sizeof(hash) == crypto_shorthash_BYTES,
	               "SipHash");
	name = decoy_known_as(name, buf);
	rst_env_key(txn->env, "decoy", key);
	(void)crypto_shorthash((unsigned char *)&hash,
	                       (const unsigned char *)name.ptr, name.len, key);
	sodium_memzero(key, sizeof(key));
	/* when there is one more of a cost few names change theirs */
	return (uint64_t)((double)(hash >> 11) / 9007199254740992.0 *
	                  (double)end);
}

enum rst_err
decoy_cost(const struct rst_rtxn *txn, struct rst_view name,
           struct lifecycle_cost *ret_cost)
{
	struct decoy_costs costs;
	uint64_t all = 0, at;
	enum rst_err err = read_costs(txn, &costs);

	if (err != RST_OK)
		return err;
	for (size_t i = 0; i < costs.n; i++)
		all += costs.of[i].hashes;
	at = all > 0 ? pick(txn, name, all) : 0;
	for (size_t i = 0; i < costs.n; i++) {
		if (at < costs.of[i].hashes) {
			*ret_cost = costs.of[i].cost;
			return RST_OK;
		}
		at -= costs.of[i].hashes;
	}
	return lifecycle_cost(txn, ret_cost);
}
