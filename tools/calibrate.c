/* SPDX-License-Identifier: OLDAP-2.8 */
/* calibrate.c - rosterctl calibrate: what hashing a password may cost here
 *
 *	memory from 19 MiB up to the limit, two passes	as much as fits
 *	then more passes over it			as many as fit
 *
 * Memory first: it is what makes guessing dear for who has many processors.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "lifecycle/acts.h"
#include "lifecycle/decoy.h"
#include "rules/setting.h"
#include "tools/rosterctl.h"

#define TARGET_MS     60
#define TARGET_MS_MIN 10
#define TARGET_MS_MAX 2000
#define MEMORY_PART   16 /* of all memory, that one hash may take */
#define TRIES         3  /* the fastest counts: others only disturb */

struct calibrate {
	struct ctl_options common;
	unsigned int target_ms;
	uint64_t kib_max;
};
struct cost {
	uint32_t kib, passes;
	double ms;
};

static const struct argp_option options[] = {
	{ "target", 't', "MS", 0,
	  "Milliseconds that a hash may take (default: 60; 10 to 2000)", 0 },
	{ "memory-max", 'm', "KIB", 0,
	  "KiB that it may take at most (default: a sixteenth of the "
	  "machine's, at most 65536)",
	  0 },
	{ "json", 'j', NULL, 0, "Print JSON", 0 },
	{ "dry-run", 'n', NULL, 0, "Only say what would be set", 0 },
	{ 0 },
};

static uint64_t
number_of(struct argp_state *state, const char *name, const char *text,
          uint64_t min, uint64_t max)
{
	uint64_t number = 0;

	if (!rst_view_number(rst_view_of(text), max, &number) || number < min)
		argp_error(state, "--%s takes a number from %llu to %llu", name,
		           (unsigned long long)min, (unsigned long long)max);
	return number;
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	const struct rule_setting *memory =
		rule_setting(RULE_SETTING_HASH_MEMORY);
	struct calibrate *cal = state->input;

	switch (key) {
	case 't':
		cal->target_ms = (unsigned int)number_of(
			state, "target", arg, TARGET_MS_MIN, TARGET_MS_MAX);
		return 0;
	case 'm':
		cal->kib_max =
			number_of(state, "memory-max", arg,
		                  (uint64_t)memory->min, (uint64_t)memory->max);
		return 0;
	default:
		return ctl_parse_option(key, arg, state);
	}
}

static double
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* RST_ENOMEM when the memory is not to be had. */
static enum rst_err
measure(struct cost *cost)
{
	static const char password[] = "a password to measure with";
	char hash[crypto_pwhash_STRBYTES];

	cost->ms = 0;
	for (int i = 0; i < TRIES; i++) {
		double from = now_ms(), took;

		if (crypto_pwhash_str_alg(hash, password, sizeof(password) - 1,
		                          cost->passes,
		                          (size_t)cost->kib * 1024,
		                          crypto_pwhash_ALG_ARGON2ID13) != 0)
			return RST_ENOMEM;
		took = now_ms() - from;
		if (i == 0 || took < cost->ms)
			cost->ms = took;
	}
	return RST_OK;
}

static uint64_t
memory_kib(void)
{
	const struct rule_setting *memory =
		rule_setting(RULE_SETTING_HASH_MEMORY);
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	uint64_t kib = 0;

	if (pages > 0 && size > 0)
		kib = (uint64_t)pages * (uint64_t)size / 1024 / MEMORY_PART;
	if (kib < (uint64_t)memory->min)
		return (uint64_t)memory->min;
	return kib < (uint64_t)memory->max ? kib : (uint64_t)memory->max;
}

/* Take next in place of *best if it is fast enough. */
static bool
take_if_fast(const struct calibrate *cal, struct cost next, struct cost *best,
             enum rst_err *ret_err)
{
	*ret_err = measure(&next);
	if (*ret_err != RST_OK || next.ms > cal->target_ms)
		return false;
	*best = next;
	return true;
}

static enum rst_err
find(const struct calibrate *cal, struct cost *ret_best)
{
	const struct rule_setting *passes =
		rule_setting(RULE_SETTING_HASH_PASSES);
	struct cost best = {
		(uint32_t)rule_setting(RULE_SETTING_HASH_MEMORY)->min,
		(uint32_t)passes->min,
		0,
	};
	struct cost next;
	enum rst_err err = measure(&best);

	/* by steps of 4 MiB, then to the limit */
	do {
		next = best;
		next.kib = next.kib + 4096 < cal->kib_max
		                   ? next.kib + 4096
		                   : (uint32_t)cal->kib_max;
	} while (err == RST_OK && next.kib > best.kib &&
	         take_if_fast(cal, next, &best, &err));
	do {
		next = best;
		next.passes++;
	} while (err == RST_OK && next.passes <= (uint32_t)passes->max &&
	         take_if_fast(cal, next, &best, &err));
	if (best.ms > 0)
		*ret_best = best;
	return best.ms > 0 ? RST_OK : err;
}

static enum ctl_status
set_number(const struct act_ctx *ctx, enum rule_setting_id id, uint32_t number)
{
	struct act_refusal refusal = { 0 };
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", number);
	return ctl_failed(act_set(ctx, rst_view(NULL, 0), id, rst_view_of(text),
	                          &refusal),
	                  &refusal);
}

/* [{"hash-memory", "hash-passes", "hashes"}] */
static bool
add_stored(cJSON *root, const struct decoy_costs *stored)
{
	cJSON *list = cJSON_AddArrayToObject(root, "stored"), *one;
	bool good = list != NULL;

	for (size_t i = 0; good && i < stored->n; i++) {
		one = cJSON_CreateObject();
		good = cJSON_AddItemToArray(list, one) &&
		       cJSON_AddNumberToObject(one, "hash-memory",
		                               stored->of[i].cost.kib) &&
		       cJSON_AddNumberToObject(one, "hash-passes",
		                               stored->of[i].cost.passes) &&
		       cJSON_AddNumberToObject(one, "hashes",
		                               (double)stored->of[i].hashes);
	}
	return good;
}

static enum ctl_status
report(const struct calibrate *cal, const struct cost *cost,
       const struct decoy_costs *stored)
{
	cJSON *root;

	if (!cal->common.json) {
		printf("hash-memory=%u\nhash-passes=%u\n", cost->kib,
		       cost->passes);
		printf("%.0f ms a hash%s%s\n", cost->ms,
		       cost->ms > cal->target_ms
		               ? ", the least there is: slower than asked"
		               : "",
		       cal->common.dry_run ? "; nothing was set" : "");
		for (size_t i = 0; i < stored->n; i++)
			printf("%" PRIu64 " stored with %u KiB, %u passes\n",
			       stored->of[i].hashes, stored->of[i].cost.kib,
			       stored->of[i].cost.passes);
		return CTL_OK;
	}
	root = cJSON_CreateObject();
	if (!cJSON_AddNumberToObject(root, "hash-memory", cost->kib) ||
	    !cJSON_AddNumberToObject(root, "hash-passes", cost->passes) ||
	    !cJSON_AddNumberToObject(root, "milliseconds", cost->ms) ||
	    !cJSON_AddNumberToObject(root, "target", cal->target_ms) ||
	    !cJSON_AddBoolToObject(root, "dryRun", cal->common.dry_run) ||
	    !add_stored(root, stored)) {
		cJSON_Delete(root);
		root = NULL;
	}
	return ctl_print_json(root);
}

enum ctl_status
ctl_calibrate(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &ctl_common, 0, NULL, 0 }, { 0 }
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Measure what hashing a password costs on this machine, "
		       "and set hash-memory and hash-passes to the most that "
		       "stays within the target.  Hashes that are stored are "
		       "renewed as their owners sign in.",
		.children = children,
	};
	struct calibrate cal = { .common.ctl = ctl, .target_ms = TARGET_MS };
	struct rst_env *env = NULL;
	struct cost cost = { 0 };
	struct decoy_costs stored = { 0 };
	enum ctl_status status;
	struct act_ctx ctx;
	const struct act_refusal none = { 0 };

	ctl_parse(&argp, argc, argv, &cal);
	if (cal.kib_max == 0)
		cal.kib_max = memory_kib();
	status = ctl_open(ctl, false, &env);
	if (status == CTL_OK)
		status = ctl_context(env, &ctx);
	if (status == CTL_OK && sodium_init() < 0)
		status = CTL_INTERNAL;
	if (status == CTL_OK)
		status = ctl_failed(find(&cal, &cost), &none);
	ctx.dry_run = cal.common.dry_run;
	/* what is stored stays as dear as it was: it must be known */
	if (status == CTL_OK)
		status = ctl_failed(decoy_recount(env, &stored), &none);
	if (status == CTL_OK)
		status = set_number(&ctx, RULE_SETTING_HASH_MEMORY, cost.kib);
	if (status == CTL_OK)
		status =
			set_number(&ctx, RULE_SETTING_HASH_PASSES, cost.passes);
	if (status == CTL_OK)
		status = report(&cal, &cost, &stored);
	rst_env_close(env);
	return status;
}
