/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_self.c - what people may not change of themselves
 *
 * An administrator may; everybody else is who he was made: whoever could set
 * his own status, numbers or mail address would be let in by himself.  The
 * access rules of slapd say so too, but they are an administrator's text and
 * there is no such text at the other doors.
 */
#include "lifecycle/act_priv.h"
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
static enum rst_err
may_change(struct gate *g, const struct gate_sides *sides, uint16_t attr,
           bool *ret_may)
{
	struct lifecycle_policy policy;
	enum rst_err err;

	*ret_may = g->recovery &&
	           (attr == RST_A_MAIL || attr == RST_A_ROSTERMAILVERIFIED);
	if (g->recovery || attr != RST_A_MAIL)
		return RST_OK;
	err = lifecycle_policy(&g->txn->r, sides->id, &policy);
	if (err == RST_OK)
		*ret_may = policy.number[RULE_SETTING_MAIL_CHANGE] ==
		           RULE_MAIL_CHANGE_DIRECT;
	return err;
}

static enum rst_err
check_kept(struct gate *g, const struct gate_sides *sides)
{
	uint16_t attr;
	bool may;
	enum rst_err err;

	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		if (gate_same_values(sides->before, sides->after, kept[i].attr))
			continue;
		err = may_change(g, sides, kept[i].attr, &may);
		if (err != RST_OK)
			return err;
		if (!may)
			return gate_refuse(g, RULE_FORBIDDEN, kept[i].field,
			                   NULL);
	}
	for (size_t i = 0; i < ARRAY_LEN(kept_names); i++) {
		err = rst_attr_find(&g->txn->r, rst_view_of(kept_names[i]),
		                    &attr);
		if (err == RST_OK &&
		    !gate_same_values(sides->before, sides->after, attr))
			return gate_refuse(g, RULE_FORBIDDEN, kept_names[i],
			                   NULL);
		if (err != RST_OK && err != RST_ENOTFOUND)
			return err;
	}
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
	enum rst_err err;

	if (gate_same_values(sides->before, sides->after, RST_A_LOGINSHELL))
		return RST_OK;
	err = lifecycle_setting_text(&g->txn->r, RULE_SETTING_SHELLS, shells);
	if (err != RST_OK)
		return err;
	if (shells[0] == '\0' ||
	    is_listed(shells, rst_record_first(sides->after, RST_A_LOGINSHELL)))
		return RST_OK;
	return gate_refuse(g, RULE_INVALID_SHELL, "loginShell",
	                   "choose one of %s", shells);
}

/* What lets in, or has a link that does mailed to it. */
static const struct {
	uint16_t attr;
	const char *field;
} proofs[] = {
	{ RST_A_USERPASSWORD, "userPassword" },
	{ RST_A_MAIL, "mail" },
	{ RST_A_SSHPUBLICKEY, "sshPublicKey" },
};

/* Besides what people keep of themselves: what would keep an administrator
 * out, or run in his name on a host. */
static const struct {
	uint16_t attr;
	const char *field;
} spared[] = {
	{ RST_A_PWDACCOUNTLOCKEDTIME, "pwdAccountLockedTime" },
	{ RST_A_PWDRESET, "pwdReset" },
	{ RST_A_PWDCHANGEDTIME, "pwdChangedTime" },
	{ RST_A_PWDHISTORY, "pwdHistory" },
	{ RST_A_PWDGRACEUSETIME, "pwdGraceUseTime" },
	{ RST_A_ROSTERKEYUNTIL, "rosterKeyUntil" },
	{ RST_A_ROSTERAPPROVEDBY, "rosterApprovedBy" },
	{ RST_A_LOGINSHELL, "loginShell" },
};

static enum rst_err
check_proofs(struct gate *g, const struct gate_sides *sides,
             enum rule_verdict verdict)
{
	for (size_t i = 0; i < ARRAY_LEN(proofs); i++)
		if (!gate_same_values(sides->before, sides->after,
		                      proofs[i].attr))
			return gate_refuse(g, verdict, proofs[i].field, NULL);
	return RST_OK;
}

/*
 * Whoever sets an administrator's password is one, and whoever locks him out
 * can be alone with what is left: of an administrator's account others change
 * what describes him, whatever the access rules of slapd grant them.
 */
static enum rst_err
check_takeover(struct gate *g, const struct gate_sides *sides)
{
	bool trusted, is = false;
	enum rst_err err;

	err = gate_is_trusted(g, &trusted);
	if (err == RST_OK && !trusted)
		err = gate_is_administrators(g, sides->before, sides->id, &is);
	if (err != RST_OK || !is)
		return err;
	if (sides->after == NULL)
		return gate_refuse(g, RULE_FORBIDDEN, NULL, NULL);
	if (gate_is_moved(sides))
		return gate_refuse(g, RULE_FORBIDDEN, "uid", NULL);
	err = check_proofs(g, sides, RULE_FORBIDDEN);
	for (size_t i = 0; err == RST_OK && i < ARRAY_LEN(spared); i++)
		if (!gate_same_values(sides->before, sides->after,
		                      spared[i].attr))
			return gate_refuse(g, RULE_FORBIDDEN, spared[i].field,
			                   NULL);
	return err == RST_OK ? check_kept(g, sides) : err;
}

/* The owner that a token names is none, or is gone. */
static bool
is_nobody(enum rst_err err)
{
	return err == RST_ENOTFOUND || err == RST_EINVALID;
}

/* A token of an administrator, or a link that sets his password, is as good as
 * the password; and one that may less makes none that may more. */
static enum rst_err
check_token(struct gate *g, const struct rst_record *token, bool is_new)
{
	struct rst_record owner;
	bool trusted, is = false;
	uint64_t id;
	enum rst_err err;

	if (token == NULL || token->kind != RST_KIND_TOKEN)
		return RST_OK;
	err = gate_is_trusted(g, &trusted);
	if (err != RST_OK || trusted)
		return err;
	err = act_token_owner(&g->txn->r, token, &id);
	if (err != RST_OK)
		return is_nobody(err) ? RST_OK : err;
	if (id == g->ctx->actor_id)
		return g->ctx->narrow && is_new
		               ? gate_refuse(g, RULE_INSUFFICIENT_SCOPE,
		                             "rosterOwner", NULL)
		               : RST_OK;
	err = rst_record_get(&g->txn->r, id, &owner);
	if (err == RST_OK)
		err = gate_is_administrators(g, &owner, id, &is);
	if (is)
		return gate_refuse(g, RULE_FORBIDDEN, "rosterOwner", NULL);
	return is_nobody(err) ? RST_OK : err;
}

enum rst_err
gate_self(struct gate *g, const struct gate_sides *sides)
{
	bool is;
	enum rst_err err;

	err = check_token(g, sides->before, false);
	if (err == RST_OK)
		err = check_token(g, sides->after, sides->before == NULL);
	if (err != RST_OK || sides->before == NULL || g->ctx->actor_id == 0 ||
	    !gate_is_person(sides->before))
		return err;
	if (sides->id != g->ctx->actor_id)
		return check_takeover(g, sides);
	if (g->ctx->narrow && sides->after != NULL)
		err = check_proofs(g, sides, RULE_INSUFFICIENT_SCOPE);
	if (err != RST_OK)
		return err;
	err = act_is_administrator(&g->txn->r, sides->id, g->ctx->now_s, &is);
	if (err != RST_OK || is)
		return err;
	if (sides->after == NULL) /* to leave is to change one's status */
		return gate_refuse(g, RULE_FORBIDDEN, NULL, NULL);
	err = check_kept(g, sides);
	if (err == RST_OK)
		err = check_shell(g, sides);
	return err;
}
