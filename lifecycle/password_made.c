/* SPDX-License-Identifier: OLDAP-2.8 */
/* password_made.c - passwords that are made, not chosen
 *
 *	kq3rb-7mxwa-f2ndt-z9epc-4hxyu
 *
 * Twenty-two of 32 characters and three of one kind each: 122 bits.  A policy
 * that asks for more characters gets more groups.
 */
#include <sodium.h>

#include "lifecycle/password.h"
#include "rules/setting.h"

#define GROUP          5
#define CHARACTERS_MIN 25

static const char mixed[] = "abcdefghijkmnpqrstuvwxyz23456789";
static const char upper[] = "ABCDEFGHJKLMNPQRSTUVWXYZ";
static const char lower[] = "abcdefghijkmnpqrstuvwxyz";
static const char digits[] = "23456789";

static char
one_of(const char *alphabet)
{
	return alphabet[randombytes_uniform((uint32_t)strlen(alphabet))];
}

/* The first characters are one of each kind, the hyphens the fourth. */
void
lifecycle_password_make(const struct rule_password_policy *policy,
                        char buf[LIFECYCLE_MADE_BYTES])
{
	size_t n = 0, used = 0;

	while ((n < CHARACTERS_MIN || used < policy->min_length) &&
	       used + 3 < LIFECYCLE_MADE_BYTES) {
		const char *alphabet = mixed;

		if (n > 0 && n % GROUP == 0)
			buf[used++] = '-';
		if (n == 0)
			alphabet = policy->require & RULE_CLASS_UPPER ? upper
			                                              : lower;
		else if (n == 1)
			alphabet = lower;
		else if (n == 2)
			alphabet = digits;
		buf[used++] = one_of(alphabet);
		n++;
	}
	buf[used] = '\0';
}
