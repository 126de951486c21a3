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

const char *
rule_state_word(enum rule_state state)
{
	switch (state) {
	case RULE_STATE_NONE:
		return "";
	case RULE_STATE_PENDING:
		return "pending";
	case RULE_STATE_ACTIVE:
		return "active";
	case RULE_STATE_SUSPENDED:
		return "suspended";
	case RULE_STATE_DELETED:
		return "deleted";
	case RULE_STATE_EARLY:
		return "early";
	case RULE_STATE_EXPIRED:
		return "expired";
	}
	return "";
}

enum rule_state
rule_state(enum rule_status status, int64_t starts_s, int64_t expires_s,
           int64_t now_s)
{
	switch (status) {
	case RULE_STATUS_NONE:
		return RULE_STATE_NONE;
	case RULE_STATUS_PENDING:
		return RULE_STATE_PENDING;
	case RULE_STATUS_SUSPENDED:
		return RULE_STATE_SUSPENDED;
	case RULE_STATUS_DELETED:
		return RULE_STATE_DELETED;
	case RULE_STATUS_ACTIVE:
		break;
	}
	if (now_s >= expires_s)
		return RULE_STATE_EXPIRED;
	return now_s < starts_s ? RULE_STATE_EARLY : RULE_STATE_ACTIVE;
}

bool
rule_state_may_sign_in(enum rule_state state)
{
	return state == RULE_STATE_ACTIVE;
}

bool
rule_state_is_hidden(enum rule_state state)
{
	return state == RULE_STATE_PENDING || state == RULE_STATE_DELETED;
}
