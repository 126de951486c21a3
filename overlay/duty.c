/* SPDX-License-Identifier: OLDAP-2.8 */
/* duty.c - who has to change his password does nothing else before
 *
 * It is the connection's: it was bound with a password that somebody else set.
 * Besides the change it may say who it is and read its own entry, as pam_ldap
 * does to see that a bind worked.
 */
#include "portable.h"

#include <stdio.h>
#include <string.h>

#include "slap.h"

#include "overlay/over_priv.h"

static bool
is_own(const Operation *op, const struct berval *ndn)
{
	return dn_match(&op->o_ndn, (struct berval *)ndn);
}

/* pam_ldap writes shadowLastChange beside it. */
static bool
changes_password_only(const Operation *op)
{
	const Modifications *mod;
	bool any = false;

	for (mod = op->orm_modlist; mod != NULL; mod = mod->sml_next)
		if (mod->sml_desc == slap_schema.si_ad_userPassword)
			any = true;
		else if (mod->sml_desc != back_names.shadow_last_change &&
		         !(mod->sml_flags & SLAP_MOD_INTERNAL))
			return false;
	return any && is_own(op, &op->o_req_ndn);
}

/* The name in the request is his own, or there is none. */
static bool
names_own(Operation *op)
{
	struct berval id = BER_BVNULL, old = BER_BVNULL, new = BER_BVNULL;
	struct berval dn = BER_BVNULL, ndn = BER_BVNULL;
	const char *text = NULL;
	bool own = true;

	if (slap_passwd_parse(op->ore_reqdata, &id, &old, &new, &text) !=
	    LDAP_SUCCESS)
		return true; /* it is refused for that */
	if (BER_BVISEMPTY(&id))
		return true;
	/* in the request no NUL ends it */
	ber_dupbv_x(&dn, &id, op->o_tmpmemctx);
	if (dnNormalize(0, NULL, NULL, &dn, &ndn, op->o_tmpmemctx) ==
	    LDAP_SUCCESS) {
		own = is_own(op, &ndn);
		op->o_tmpfree(ndn.bv_val, op->o_tmpmemctx);
	}
	op->o_tmpfree(dn.bv_val, op->o_tmpmemctx);
	return own;
}

static bool
is_change(Operation *op)
{
	static const struct berval who_am_i = BER_BVC(LDAP_EXOP_WHO_AM_I);
	static const struct berval start_tls = BER_BVC(LDAP_EXOP_START_TLS);

	switch (op->o_tag) {
	case LDAP_REQ_SEARCH:
		return op->ors_scope == LDAP_SCOPE_BASE &&
		       is_own(op, &op->o_req_ndn);
	case LDAP_REQ_MODIFY:
		return changes_password_only(op);
	case LDAP_REQ_EXTENDED:
		if (bvmatch(&op->ore_reqoid, &slap_EXOP_MODIFY_PASSWD))
			return names_own(op);
		return bvmatch(&op->ore_reqoid, &who_am_i) ||
		       bvmatch(&op->ore_reqoid, &start_tls);
	}
	return false;
}

bool
over_duty_allows(Operation *op, SlapReply *rs)
{
	char text[256];

	if (is_change(op))
		return true;
	(void)snprintf(text, sizeof(text), "%s: %s",
	               rule_verdict_code(RULE_PASSWORD_CHANGE_REQUIRED),
	               rule_verdict_text(RULE_PASSWORD_CHANGE_REQUIRED));
	over_ppolicy_answer(op, rs, OVER_PP_CHANGE_AFTER_RESET);
	rs->sr_err = LDAP_INSUFFICIENT_ACCESS;
	/* lives as long as the operation */
	rs->sr_text = ber_strdup_x(text, op->o_tmpmemctx);
	send_ldap_result(op, rs);
	rs->sr_text = NULL;
	return false;
}
