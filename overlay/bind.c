/* SPDX-License-Identifier: OLDAP-2.8 */
/* bind.c - may the owner of a right password sign in? */
#include "portable.h"

#include "slap.h"

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

int
over_may_bind(Operation *op, SlapReply *rs, const struct attempt_policy *policy,
              uint64_t id, enum rule_state state)
{
	bool may = state == RULE_STATE_NONE || rule_state_may_sign_in(state);

	rs->sr_err = LDAP_SUCCESS;
	if (!may && over_configured(op->o_bd)) {
		note(op, policy, THROTTLE_INACTIVE, id);
		rs->sr_err = LDAP_INVALID_CREDENTIALS;
		rs->sr_text = NULL;
		rs->sr_matched = NULL;
		over_ppolicy_answer(op, rs, OVER_PP_LOCKED);
	}
	return rs->sr_err;
}

static void
bound(Operation *op, struct over_who who)
{
	who.db = over_db_of(op->o_bd);
	if (who.db == NULL)
		return;
	if (be_isroot_dn(who.db->be, &op->o_req_ndn))
		who.db = NULL; /* above the rules, even as an entry */
	over_identity_put(op->o_connid, &op->o_req_ndn, &who);
}

void
over_bound(Operation *op, const struct attempt_policy *policy, uint64_t id,
           uint64_t generation)
{
	note(op, policy, THROTTLE_SIGN_IN, id);
	bound(op, (struct over_who){ .id = id, .generation = generation });
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
			  .reads_only = bearer->reads_only,
		  });
}
