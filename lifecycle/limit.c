/* SPDX-License-Identifier: OLDAP-2.8 */
/* limit.c - how often something may be asked for
 *
 * The key is that of an account of the name "\001kind:what", which is no name:
 * nobody's failures are mixed up with it.
 */
#include "lifecycle/limit.h"

#include <sodium.h>
#include <stdio.h>

#include "lifecycle/throttle.h"

#define KEY_MAX 512

static bool
take(struct throttle *throttle, throttle_key key, unsigned int max,
     uint32_t window_s, int64_t now_s)
{
	const struct rule_lockout policy = {
		.failures = max < LIMIT_MAX ? max : LIMIT_MAX,
		.window_s = window_s,
	};
	struct throttle_state state;

	throttle_get(throttle, key, &state);
	if (rule_lockout_reached(&policy, state.failures, (uint32_t)now_s))
		return false;
	/* each counts: they are never the same */
	throttle_fail(throttle, key, randombytes_random(), (uint32_t)now_s);
	return true;
}

bool
limit_take(const struct act_ctx *ctx, const char *kind, struct rst_view what,
           unsigned int max, uint32_t window_s)
{
	struct throttle *throttle = throttle_of(ctx->env);
	char name[KEY_MAX];
	int len;

	if (max == 0 || throttle == NULL || ctx->dry_run)
		return true;
	len = snprintf(name, sizeof(name), "\001%s:%.*s", kind,
	               (int)(what.len < KEY_MAX ? what.len : KEY_MAX),
	               what.len > 0 ? what.ptr : "");
	if (len < 0)
		return true;
	return take(throttle, throttle_account(throttle, 0, rst_view_of(name)),
	            max, window_s, ctx->now_s);
}

bool
limit_take_source(const struct act_ctx *ctx, const char *kind, unsigned int max,
                  uint32_t window_s)
{
	struct throttle *throttle = throttle_of(ctx->env);
	throttle_key source;
	char name[KEY_MAX];

	if (max == 0 || throttle == NULL || ctx->dry_run)
		return true;
	source = throttle_source(throttle, ctx->address);
	if (source == 0)
		return true;
	(void)snprintf(name, sizeof(name), "\001%s", kind);
	return take(
		throttle,
		throttle_pair(throttle,
	                      throttle_account(throttle, 0, rst_view_of(name)),
	                      source),
		max, window_s, ctx->now_s);
}
