/* SPDX-License-Identifier: OLDAP-2.8 */
/* clock.c - what to think of a clock that was set */
#include "rules/clock.h"

int64_t
rule_clock_set(struct rule_clock *clock, int64_t now_s, int64_t since_start_s)
{
	int64_t ahead_s = now_s - since_start_s;
	int64_t by_s = clock->known ? ahead_s - clock->ahead_s : 0;

	if (clock->known && by_s > -RULE_CLOCK_STEP_S &&
	    by_s < RULE_CLOCK_STEP_S)
		return 0;
	clock->known = true;
	clock->ahead_s = ahead_s;
	return by_s;
}

bool
rule_clock_from_the_future(int64_t made_s, int64_t now_s)
{
	return made_s > now_s && made_s - now_s > RULE_CLOCK_BACK_S;
}
