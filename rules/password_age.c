/* SPDX-License-Identifier: OLDAP-2.8 */
/* password_age.c - until when a password is good, and when it may change */
#include "rules/password_age.h"

struct rule_password_standing
rule_password_standing(const struct rule_password_life *life,
                       const struct rule_password_facts *facts, int64_t now_s)
{
	struct rule_password_standing standing = { RULE_PASSWORD_GOOD, 0, 0 };

	if (facts->reset) {
		standing.phase = RULE_PASSWORD_RESET;
		return standing;
	}
	if (life->max_s == 0 || facts->changed_s == 0)
		return standing;
	standing.left_s = facts->changed_s + life->max_s - now_s;
	if (standing.left_s > life->warning_s)
		return standing;
	if (standing.left_s > 0) {
		standing.phase = RULE_PASSWORD_WARNED;
	} else if (facts->grace_used < life->grace) {
		standing.phase = RULE_PASSWORD_GRACE;
		standing.grace_left = life->grace - facts->grace_used - 1;
	} else {
		standing.phase = RULE_PASSWORD_OVER;
	}
	return standing;
}

enum rule_verdict
rule_password_may_change(const struct rule_password_life *life,
                         const struct rule_password_facts *facts,
                         bool old_given, int64_t now_s)
{
	if (life->fixed)
		return RULE_FORBIDDEN;
	/* a clock that was set back makes no password too young for ever */
	if (!facts->reset && now_s >= facts->changed_s &&
	    now_s - facts->changed_s < life->min_s)
		return RULE_PASSWORD_TOO_YOUNG;
	if (life->old_required && !old_given)
		return RULE_REAUTHENTICATION_REQUIRED;
	return RULE_OK;
}
