/* SPDX-License-Identifier: OLDAP-2.8 */
/* bind.c - may the owner of a right password sign in?
 *
 *	account		password
 *	locked		any		49, accountLocked
 *	active		expired		49, passwordExpired
 *			its last logins	0, graceAuthNsRemaining
 *			expires soon	0, timeBeforeExpiration
 *			a temporary one	0, changeAfterReset
 */
#include "portable.h"

#include "slap.h"

#include "lifecycle/acts.h"
#include "overlay/over_priv.h"

/* For the journal. */
static void
note(const Operation *op, const struct attempt_policy *policy,
     enum throttle_event event, uint64_t id)
{
	const struct over_db *db = over_db_of(op->o_bd);
	char address[OVER_ADDRESS_BYTES];
	struct act_ctx ctx;

	if (db == NULL)
		return;
	ctx = over_ctx(op, db->back->env, address);
	attempt_note(&ctx, policy, event, id);
}

static int
turn_away(Operation *op, SlapReply *rs, enum over_ppolicy reason)
{
	rs->sr_err = LDAP_INVALID_CREDENTIALS;
	rs->sr_text = NULL;
	rs->sr_matched = NULL;
	over_ppolicy_answer(op, rs, reason);
	return rs->sr_err;
}

/* One of the last logins with an expired password. */
static int
spend_grace(Operation *op, SlapReply *rs, const struct over_login *login)
{
	char address[OVER_ADDRESS_BYTES];
	struct act_ctx ctx = over_ctx(op, login->env, address);
	struct act_refusal refusal;
	enum rst_err err = act_use_grace(&ctx, login->id, &refusal);

	if (err == RST_EDENIED)
		return turn_away(op, rs, OVER_PP_EXPIRED);
	if (err != RST_OK)
		rs->sr_err = err == RST_EBUSY ? LDAP_BUSY : LDAP_OTHER;
	return rs->sr_err;
}

static int
check_password(Operation *op, SlapReply *rs, const struct over_login *login,
               bool *ret_must_change)
{
	struct rule_password_standing standing = rule_password_standing(
		&login->policy->life, &login->facts, slap_get_time());

	switch (standing.phase) {
	case RULE_PASSWORD_GOOD:
		return LDAP_SUCCESS;
	case RULE_PASSWORD_WARNED:
		break;
	case RULE_PASSWORD_GRACE:
		if (spend_grace(op, rs, login) != LDAP_SUCCESS)
			return rs->sr_err;
		break;
	case RULE_PASSWORD_OVER:
		return turn_away(op, rs, OVER_PP_EXPIRED);
	case RULE_PASSWORD_RESET:
		*ret_must_change = true;
		over_ppolicy_answer(op, rs, OVER_PP_CHANGE_AFTER_RESET);
		return LDAP_SUCCESS;
	}
	over_ppolicy_warn(op, rs, &standing);
	return LDAP_SUCCESS;
}

static void
bound(Operation *op, struct over_who who)
{
	who.db = over_db_of(op->o_bd);
	if (who.db == NULL)
		return;
	if (be_isroot_dn(who.db->be, &op->o_req_ndn)) {
		who.db = NULL; /* above the rules, even as an entry */
		who.must_change = false;
	}
	over_identity_put(op->o_connid, &op->o_req_ndn, &who);
}

int
over_may_bind(Operation *op, SlapReply *rs, const struct over_login *login)
{
	enum rule_state state = login->state;
	bool must_change = false;

	rs->sr_err = LDAP_SUCCESS;
	if (!over_configured(op->o_bd))
		return rs->sr_err;
	if (state != RULE_STATE_NONE && !rule_state_may_sign_in(state)) {
		note(op, login->policy, THROTTLE_INACTIVE, login->id);
		return turn_away(op, rs, OVER_PP_LOCKED);
	}
	/* the passwords of people are of that kind, not those of services */
	if (state != RULE_STATE_NONE)
		rs->sr_err = check_password(op, rs, login, &must_change);
	if (rs->sr_err != LDAP_SUCCESS)
		return rs->sr_err;
	note(op, login->policy, THROTTLE_SIGN_IN, login->id);
	bound(op, (struct over_who){
			  .id = login->id,
			  .generation = login->generation,
			  .must_change = must_change,
		  });
	return rs->sr_err;
}

void
over_bound_token(Operation *op, const struct attempt_policy *policy,
                 const struct act_bearer *bearer)
{
	note(op, policy, THROTTLE_BY_TOKEN, bearer->owner);
	bound(op, (struct over_who){
			  .id = bearer->owner,
			  .generation = bearer->owner_generation,
			  .token = bearer->token,
			  .token_generation = bearer->token_generation,
			  .reads_only = !bearer->inherits,
		  });
}
