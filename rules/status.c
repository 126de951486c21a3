/* SPDX-License-Identifier: OLDAP-2.8 */
/* status.c - statuses and lawful moves */
#include "rules/status.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The arrows of the picture in status.h; what is not here is unlawful. */
static const struct {
	enum rule_status from, to;
} moves[] = {
	/* how an account begins */
	{ RULE_STATUS_NONE, RULE_STATUS_PENDING },
	{ RULE_STATUS_NONE, RULE_STATUS_ACTIVE },
	{ RULE_STATUS_NONE, RULE_STATUS_SUSPENDED },
	/* approve */
	{ RULE_STATUS_PENDING, RULE_STATUS_ACTIVE },
	/* suspend, activate */
	{ RULE_STATUS_ACTIVE, RULE_STATUS_SUSPENDED },
	{ RULE_STATUS_SUSPENDED, RULE_STATUS_ACTIVE },
	/* into the bin, and back to what it was before */
	{ RULE_STATUS_ACTIVE, RULE_STATUS_DELETED },
	{ RULE_STATUS_SUSPENDED, RULE_STATUS_DELETED },
	{ RULE_STATUS_DELETED, RULE_STATUS_ACTIVE },
	{ RULE_STATUS_DELETED, RULE_STATUS_SUSPENDED },
};

enum rule_verdict
rule_status_move(enum rule_status from, enum rule_status to)
{
	if (from == to)
		return RULE_OK;
	for (unsigned int i = 0; i < ARRAY_LEN(moves); i++)
		if (moves[i].from == from && moves[i].to == to)
			return RULE_OK;
	return RULE_STATUS_MOVE;
}

bool
rule_status_may_sign_in(enum rule_status status)
{
	return status == RULE_STATUS_ACTIVE;
}
