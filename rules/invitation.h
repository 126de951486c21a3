/* SPDX-License-Identifier: OLDAP-2.8 */
/* invitation.h - whether an invitation still admits somebody */
#ifndef RULE_INVITATION_H
#define RULE_INVITATION_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/verdict.h"

#define RULE_INVITATION_DEFAULT_S (24 * 3600)
#define RULE_INVITATION_MIN_S     300
#define RULE_INVITATION_MAX_S     (7 * 24 * 3600)

#define RULE_INVITATION_GROUPS_MAX 32   /* of one invitation */
#define RULE_INVITATION_USES_MAX   1000 /* people one link may admit */
#define RULE_PRESETS_MAX           64

enum rule_invitation_state {
	RULE_INVITATION_OPEN,
	RULE_INVITATION_USED,
	RULE_INVITATION_EXPIRED,
	RULE_INVITATION_REVOKED,
};

struct rule_invitation {
	int64_t made_s, expires_s;
	uint32_t uses, used;
	bool revoked;
};

enum rule_invitation_state rule_invitation_state(
	const struct rule_invitation *invitation, int64_t now_s);
const char *rule_invitation_word(enum rule_invitation_state state);

/* RULE_OK or RULE_INVALID_INVITE. */
enum rule_verdict rule_invitation(const struct rule_invitation *invitation,
                                  int64_t now_s);
/* The lifetime asked for, in seconds: RULE_OK or RULE_INVALID_EXPIRY. */
enum rule_verdict rule_invitation_lifetime(int64_t seconds);

#endif
