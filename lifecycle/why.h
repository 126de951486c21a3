/* SPDX-License-Identifier: OLDAP-2.8 */
/* why.h - may somebody sign in, step by step, and what would change it
 *
 * One answer for rosterctl why and GET /users/{}/why.
 */
#ifndef LIFECYCLE_WHY_H
#define LIFECYCLE_WHY_H

#include "lifecycle/acts.h"

#define WHY_STEPS_MAX 20
#define WHY_TEXT_MAX  512
#define WHY_HOST_MAX  255 /* bytes of a host's or a service's name */

enum why_outcome {
	WHY_PASS,
	WHY_NOTE, /* decides nothing here; some client may care */
	WHY_FAIL,
};

struct why_step {
	const char *name; /* "status", "lock"... static */
	enum why_outcome outcome;
	char text[WHY_TEXT_MAX];   /* what was found */
	char change[WHY_TEXT_MAX]; /* the line that would change it, or "" */
};

struct why {
	struct why_step steps[WHY_STEPS_MAX];
	size_t n;
	bool allowed; /* no step failed */
};

/* host and service with a NULL ptr: whichever.  RST_EINVALID for one that is
 * longer than WHY_HOST_MAX.  An unknown name is an answer, not an error.
 * Writes nothing. */
struct why_asked {
	struct rst_view name, host, service;
};
enum rst_err why_explain(const struct act_ctx *ctx,
                         const struct why_asked *asked, struct why *ret_why)
	RST_MUST_USE;

struct cJSON;
/* { allowed, steps: [{ step, outcome, text, change }] }; NULL without memory */
struct cJSON *why_model(const struct why *why);
/* "pass", "note", "fail" */
const char *why_outcome_word(enum why_outcome outcome);

#endif
