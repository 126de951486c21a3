/* SPDX-License-Identifier: OLDAP-2.8 */
/* numbers.c - which numbers may be given out */
#include <stdbool.h>

#include "rules/numbers.h"

const struct rule_range rule_uid_ranges[2] = {
	{ 10000, 59999 },
	{ 65536, 524287 },
};

const struct rule_range rule_gid_ranges[1] = {
	{ 2002, 9999 },
};

/* What somebody may choose: between the system's and systemd's, and between
 * systemd's and the containers'. */
static const struct rule_range lawful[2] = {
	{ 1000, 60000 },
	{ 65536, 524287 },
};

#define NUMBER_TOP UINT32_C(0x7fffffff) /* above, signed programs break */

static bool
within(uint32_t number, struct rule_range range)
{
	return number >= range.first && number <= range.last;
}

static bool
is_lawful(uint32_t number, struct rule_range third)
{
	if (within(number, lawful[0]) || within(number, lawful[1]))
		return true;
	/* A site's own range may lie among the containers', never among
	 * those that mean root, nobody or a signed overflow. */
	return third.last != 0 && within(number, third) && number > 65535 &&
	       number <= NUMBER_TOP;
}

enum rule_verdict
rule_uidnumber(uint32_t number, struct rule_range third)
{
	return is_lawful(number, third) ? RULE_OK : RULE_INVALID_UIDNUMBER;
}

enum rule_verdict
rule_gidnumber(uint32_t number, struct rule_range third)
{
	return is_lawful(number, third) ? RULE_OK : RULE_INVALID_GIDNUMBER;
}
