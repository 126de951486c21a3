/* SPDX-License-Identifier: OLDAP-2.8 */
/* invitation.c - whether an invitation still admits somebody */
#include "rules/invitation.h"

#include "rules/clock.h"

enum rule_invitation_state
rule_invitation_state(const struct rule_invitation *invitation, int64_t now_s)
{
	/* The order is what an administrator wants to read: that it was
	 * revoked or used matters more than that it is also old. */
	if (invitation->revoked)
		return RULE_INVITATION_REVOKED;
	if (invitation->used >= invitation->uses)
		return RULE_INVITATION_USED;
	/* From the future: the clock was set back, and would let it live on
	 * for as long as that. */
	if (now_s >= invitation->expires_s ||
	    rule_clock_from_the_future(invitation->made_s, now_s))
		return RULE_INVITATION_EXPIRED;
	return RULE_INVITATION_OPEN;
}

const char *
rule_invitation_word(enum rule_invitation_state state)
{
	switch (state) {
	case RULE_INVITATION_OPEN:
		return "open";
	case RULE_INVITATION_USED:
		return "used";
	case RULE_INVITATION_EXPIRED:
		return "expired";
	case RULE_INVITATION_REVOKED:
		return "revoked";
	}
	return "unknown";
}

enum rule_verdict
rule_invitation(const struct rule_invitation *invitation, int64_t now_s)
{
	return rule_invitation_state(invitation, now_s) == RULE_INVITATION_OPEN
	               ? RULE_OK
	               : RULE_INVALID_INVITE;
}

enum rule_verdict
rule_invitation_lifetime(int64_t seconds)
{
	return seconds >= RULE_INVITATION_MIN_S &&
	                       seconds <= RULE_INVITATION_MAX_S
	               ? RULE_OK
	               : RULE_INVALID_EXPIRY;
}
