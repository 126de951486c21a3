/* SPDX-License-Identifier: OLDAP-2.8 */
/* verified.h - passwords that were right a moment ago
 *
 * For whom policy verified-cache says so, a process remembers for so long that
 * a password was right, and the next bind with it costs no hash.  What is kept
 * is a digest, keyed with a key of this process alone, of account, generation,
 * stored hash and password: nothing to be read out of a file or used
 * elsewhere, and no match any more when any of them has changed.  It says only
 * that the password is right; whether the account may sign in is asked as
 * ever.
 */
#ifndef LIFECYCLE_VERIFIED_H
#define LIFECYCLE_VERIFIED_H

#include "store/env.h"

#define VERIFIED_MAX 10240 /* remembered by one process; the oldest go */

struct verified;

/* NULL when there is no memory.  free takes NULL. */
struct verified *verified_new(void);
void verified_free(struct verified *verified);

struct verified_proof {
	uint64_t id, generation; /* of the entry */
	struct rst_view stored, password;
};
/* It was right less than lifetime_s before now_s. */
bool verified_has(struct verified *verified, const struct verified_proof *proof,
                  int64_t now_s, uint32_t lifetime_s);
/* It is right at now_s. */
void verified_put(struct verified *verified, const struct verified_proof *proof,
                  int64_t now_s);

#endif
