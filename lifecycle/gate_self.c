/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_self.c - what people may not change of themselves
 *
 * An administrator may; everybody else is who he was made: whoever could set
 * his own status, numbers or mail address would be let in by himself.  The
 * access rules of slapd say so too, but they are an administrator's text and
 * there is no such text at the other doors.
 */
#include "lifecycle/acts.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/setting.h"

/* Attributes that code of ours knows by number. */
static const struct {
	uint16_t attr;
	const char *field;
} kept[] = {
	{ RST_A_OBJECTCLASS, "objectClass" },
	{ RST_A_UID, "uid" },
	{ RST_A_UIDNUMBER, "uidNumber" },
	{ RST_A_GIDNUMBER, "gidNumber" },
	{ RST_A_HOMEDIRECTORY, "homeDirectory" },
	{ RST_A_MAIL, "mail" },
	{ RST_A_SHADOWEXPIRE, "shadowExpire" },
	{ RST_A_NSACCOUNTLOCK, "nsAccountLock" },
	{ RST_A_ROSTERSTATUS, "rosterStatus" },
	{ RST_A_ROSTERREASON, "rosterReason" },
	{ RST_A_ROSTERADMINISTRATOR, "rosterAdministrator" },
	{ RST_A_ROSTERSTARTS, "rosterStarts" },
	{ RST_A_ROSTEREXPIRES, "rosterExpires" },
	{ RST_A_ROSTERREGISTEREDFROM, "rosterRegisteredFrom" },
	{ RST_A_ROSTERSTATUSSINCE, "rosterStatusSince" },
	{ RST_A_ROSTERSTATUSBY, "rosterStatusBy" },
	{ RST_A_ROSTERFORMERSTATUS, "rosterFormerStatus" },
	{ RST_A_ROSTERNOTICED, "rosterNoticed" },
	{ RST_A_ROSTERJOINS, "rosterJoins" },
	{ RST_A_ROSTERMEMBERUNTIL, "rosterMemberUntil" },
	{ RST_A_ROSTERMAILVERIFIED, "rosterMailVerified" },
	{ RST_A_ROSTERINVITED, "rosterInvited" },
};

/* And those of other schemas that hosts obey. */
static const char *const kept_names[] = {
	"host",          "authorizedService", "shadowMin",  "shadowMax",
	"shadowWarning", "shadowInactive",    "shadowFlag", "pwdPolicySubentry",
};

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* His mail address is his to change: by links to both, or by policy. */
static bool
may_change_mail(struct gate *g, const struct gate_sides *sides, uint16_t attr)
{
	struct lifecycle_policy policy;

	if (g->recovery)
		return attr == RST_A_MAIL || attr == RST_A_ROSTERMAILVERIFIED;
	return attr == RST_A_MAIL &&
	       lifecycle_policy(&g->txn->r, sides->id, &policy) == RST_OK &&
	       policy.number[RULE_SETTING_MAIL_CHANGE] ==
	               RULE_MAIL_CHANGE_DIRECT;
}

static enum rst_err
check_kept(struct gate *g, const struct gate_sides *sides)
{
	uint16_t attr;

	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (!gate_same_values(sides->before, sides->after,
		                      kept[i].attr) &&
		    !may_change_mail(g, sides, kept[i].attr))
			return gate_refuse(g, RULE_FORBIDDEN, kept[i].field,
			                   NULL);
	for (size_t i = 0; i < ARRAY_LEN(kept_names); i++)
		if (rst_attr_find(&g->txn->r, rst_view_of(kept_names[i]),
		                  &attr) == RST_OK &&
		    !gate_same_values(sides->before, sides->after, attr))
			return gate_refuse(g, RULE_FORBIDDEN, kept_names[i],
			                   NULL);
	return RST_OK;
}

/* shells is a list with commas between; none admits any. */
static bool
is_listed(const char *shells, struct rst_view shell)
{
	while (*shells != '\0') {
		size_t len = strcspn(shells, ",");

		if (rst_view_equal(rst_view(shells, len), shell))
			return true;
		shells += len + (shells[len] == ',' ? 1 : 0);
	}
	return false;
}

static enum rst_err
check_shell(struct gate *g, const struct gate_sides *sides)
{
	char shells[RULE_SETTING_VALUE_MAX + 1];

	if (gate_same_values(sides->before, sides->after, RST_A_LOGINSHELL))
		return RST_OK;
	lifecycle_setting_text(&g->txn->r, RULE_SETTING_SHELLS, shells);
	if (shells[0] == '\0' ||
	    is_listed(shells, rst_record_first(sides->after, RST_A_LOGINSHELL)))
		return RST_OK;
	return gate_refuse(g, RULE_INVALID_SHELL, "loginShell",
	                   "choose one of %s", shells);
}

/* Whoever sets an administrator's password, or reads his resets, is one. */
static enum rst_err
check_takeover(struct gate *g, const struct gate_sides *sides)
{
	static const struct {
		uint16_t attr;
		const char *field;
	} proofs[] = {
		{ RST_A_USERPASSWORD, "userPassword" },
		{ RST_A_MAIL, "mail" },
		{ RST_A_SSHPUBLICKEY, "sshPublicKey" },
	};
	struct rst_record actor;

	if (sides->after == NULL ||
	    rst_record_get(&g->txn->r, g->ctx->actor_id, &actor) != RST_OK ||
	    actor.kind != RST_KIND_PERSON ||
	    !act_is_administrator(&g->txn->r, sides->id, g->ctx->now_s) ||
	    act_is_administrator(&g->txn->r, actor.id, g->ctx->now_s))
		return RST_OK;
	for (size_t i = 0; i < ARRAY_LEN(proofs); i++)
		if (!gate_same_values(sides->before, sides->after,
		                      proofs[i].attr))
			return gate_refuse(g, RULE_FORBIDDEN, proofs[i].field,
			                   NULL);
	return RST_OK;
}

enum rst_err
gate_self(struct gate *g, const struct gate_sides *sides)
{
	enum rst_err err;

	if (sides->before == NULL || g->ctx->actor_id == 0 ||
	    !gate_is_person(sides->before))
		return RST_OK;
	if (sides->id != g->ctx->actor_id)
		return check_takeover(g, sides);
	if (act_is_administrator(&g->txn->r, sides->id, g->ctx->now_s))
		return RST_OK;
	if (sides->after == NULL) /* to leave is to change one's status */
		return gate_refuse(g, RULE_FORBIDDEN, NULL, NULL);
	err = check_kept(g, sides);
	if (err == RST_OK)
		err = check_shell(g, sides);
	return err;
}
