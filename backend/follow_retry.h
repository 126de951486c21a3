/* SPDX-License-Identifier: OLDAP-2.8 */
/* follow_retry.h - a record of the journal that cannot be replayed now
 *
 * The records behind it wait, and so do slapd's own changes: replicas must not
 * hear of them in another order.  How long is a matter of what is in the way;
 * at last the record is left out, and the log says so.
 */
#ifndef BACK_FOLLOW_RETRY_H
#define BACK_FOLLOW_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "store/err.h"

#define FOLLOW_RETRY_MS     250   /* from one try to the next, at least */
#define FOLLOW_PATIENCE_MS  60000 /* with what may pass */
#define FOLLOW_REFUSALS_MAX 3     /* by an overlay that means it */
#define FOLLOW_BLIND_MAX    8     /* until the log tells of it */

enum follow_trouble {
	FOLLOW_FINE,
	FOLLOW_PASSING, /* no memory, no reader's slot, an overlay is busy */
	FOLLOW_REFUSED, /* an overlay judged the change */
	FOLLOW_BROKEN,  /* it will never be any better */
};

struct follow_retry {
	uint64_t sequence; /* of the record; 0: none waits */
	unsigned int tries;
	int64_t since_ms, next_ms;
	unsigned int blind; /* times that the journal was not read */
};

enum follow_trouble follow_trouble_of(enum rst_err err);
/* Of an LDAP result that is not success. */
enum follow_trouble follow_trouble_of_code(int code);
/* A try of record sequence failed.  Is there to be another? */
bool follow_retry_again(struct follow_retry *retry, uint64_t sequence,
                        enum follow_trouble trouble, int64_t now_ms);
/* Whether there is a record could not be told: no patience of any is used up.
 * True: say so. */
bool follow_retry_blind(struct follow_retry *retry, int64_t now_ms);
/* Not yet. */
bool follow_retry_waits(const struct follow_retry *retry, int64_t now_ms);
/* The record is done with, or there is none. */
void follow_retry_end(struct follow_retry *retry);

#endif
