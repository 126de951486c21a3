/* SPDX-License-Identifier: OLDAP-2.8 */
/* ticker.h - tasks of slapd's pool, every so many seconds */
#ifndef BACKEND_TICKER_H
#define BACKEND_TICKER_H

#include <stdbool.h>

#include "store/err.h"

struct back_tick;

/* Runs in the pool, never twice at a time; false: it is not wanted again. */
typedef bool back_tick_fn(void *arg);

/* At once and then every so many seconds by CLOCK_MONOTONIC, as soon as slapd
 * serves.  *owner is NULL again when the task has ended. */
RST_MUST_USE enum rst_err back_tick_start(struct back_tick **owner,
                                          unsigned int every_s,
                                          back_tick_fn *routine, void *arg);
/* The pool is paused or gone, so none runs but one that itself waits for a
 * pause of the pool: what it was given may be gone when it goes on.  Nothing
 * happens when *owner is NULL. */
void back_tick_stop(struct back_tick **owner);
/* What this thread did is seen by tasks that begin later. */
void back_tick_fence(void);

#endif
