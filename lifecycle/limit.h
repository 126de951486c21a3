/* SPDX-License-Identifier: OLDAP-2.8 */
/* limit.h - how often something may be asked for
 *
 * Counted where wrong passwords are (throttle.h): shared by all processes, on
 * no disk, and lost without harm.
 */
#ifndef LIFECYCLE_LIMIT_H
#define LIFECYCLE_LIMIT_H

#include "lifecycle/gate.h"
#include "rules/lockout.h"

#define LIMIT_MAX RULE_FAILURES_MAX

/*
 * Once more for what of kind: false when it was max times (at most LIMIT_MAX)
 * in the last window_s seconds already, true, and counted, otherwise.  max 0:
 * always true.  With an empty what it is one for all.
 */
bool limit_take(const struct act_ctx *ctx, const char *kind,
                struct rst_view what, unsigned int max, uint32_t window_s);
/* For the network of ctx's address; true for what came over none. */
bool limit_take_source(const struct act_ctx *ctx, const char *kind,
                       unsigned int max, uint32_t window_s);

#endif
