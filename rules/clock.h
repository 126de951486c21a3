/* SPDX-License-Identifier: OLDAP-2.8 */
/* clock.h - what to think of a clock that was set */
#ifndef RULE_CLOCK_H
#define RULE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* What was made later than the clock shows is expired, but for so many
 * seconds by which a clock may be set right. */
#define RULE_CLOCK_BACK_S 300
/* Set by less than this, it is not worth a word. */
#define RULE_CLOCK_STEP_S 2

/* Begin with all zero. */
struct rule_clock {
	bool known;
	int64_t ahead_s; /* of the seconds since the system started */
};

/*
 * Compare the clock with the seconds since the system started, which nobody
 * sets: by how many seconds it was set since the last look, forward or back;
 * 0 the first time and for less than RULE_CLOCK_STEP_S.
 */
int64_t rule_clock_set(struct rule_clock *clock, int64_t now_s,
                       int64_t since_start_s);

/* Was it made later than now_s, so that only a clock set back explains it? */
bool rule_clock_from_the_future(int64_t made_s, int64_t now_s);

#endif
