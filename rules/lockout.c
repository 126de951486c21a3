/* SPDX-License-Identifier: OLDAP-2.8 */
/* lockout.c - how many wrong passwords are too many */
#include "rules/lockout.h"

const struct rule_lockout rule_lockout_account = { 5, 15 * 60, 30 * 60,
	                                           RULE_IN_A_ROW_MAX };
const struct rule_lockout rule_lockout_source = { 10, 5 * 60, 0, 0 };

static bool
counts(const struct rule_lockout *policy, const struct rule_failure *failure,
       uint32_t now_s)
{
	return failure->time_s != 0 && failure->time_s <= now_s &&
	       now_s - failure->time_s < policy->window_s;
}

unsigned int
rule_lockout_count(const struct rule_lockout *policy,
                   const struct rule_failure failures[RULE_FAILURES_MAX],
                   uint32_t now_s)
{
	unsigned int n = 0;

	for (size_t i = 0; i < RULE_FAILURES_MAX; i++)
		n += counts(policy, &failures[i], now_s);
	return n;
}

size_t
rule_lockout_place(const struct rule_failure failures[RULE_FAILURES_MAX],
                   uint32_t check)
{
	size_t oldest = 0;

	for (size_t i = 0; i < RULE_FAILURES_MAX; i++) {
		if (failures[i].time_s != 0 && failures[i].check == check)
			return i;
		if (failures[i].time_s < failures[oldest].time_s)
			oldest = i;
	}
	return oldest;
}

bool
rule_lockout_reached(const struct rule_lockout *policy,
                     const struct rule_failure failures[RULE_FAILURES_MAX],
                     uint32_t now_s)
{
	return policy->failures > 0 &&
	       rule_lockout_count(policy, failures, now_s) >= policy->failures;
}

bool
rule_lockout_locks(const struct rule_lockout *policy,
                   const struct rule_failure failures[RULE_FAILURES_MAX],
                   uint32_t in_a_row, uint32_t now_s)
{
	return rule_lockout_reached(policy, failures, now_s) ||
	       (policy->in_a_row > 0 && in_a_row >= policy->in_a_row);
}

uint32_t
rule_lockout_wait(const struct rule_lockout *policy,
                  const struct rule_failure failures[RULE_FAILURES_MAX],
                  uint32_t now_s)
{
	uint32_t wait_s = 0, left_s;

	if (!rule_lockout_reached(policy, failures, now_s))
		return 0;
	/* each failure asks: with me gone, are there few enough? */
	for (size_t i = 0; i < RULE_FAILURES_MAX; i++) {
		if (!counts(policy, &failures[i], now_s))
			continue;
		left_s = policy->window_s - (now_s - failures[i].time_s);
		if (!rule_lockout_reached(policy, failures, now_s + left_s) &&
		    (wait_s == 0 || left_s < wait_s))
			wait_s = left_s;
	}
	return wait_s;
}

bool
rule_lockout_holds(const struct rule_lockout *policy, int64_t since_s,
                   int64_t now_s)
{
	int64_t apart_s = now_s > since_s ? now_s - since_s : since_s - now_s;

	return (policy->failures > 0 || policy->in_a_row > 0) && since_s != 0 &&
	       apart_s < (int64_t)policy->lock_s;
}
