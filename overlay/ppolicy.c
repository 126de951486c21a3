/* SPDX-License-Identifier: OLDAP-2.8 */
/* ppolicy.c - the password policy control, request and response
 *
 * nslcd and sssd send the request with every bind and password change; the
 * response tells them why they were refused.  Stock ppolicy registers the
 * control when it is loaded: its number is used then.  Otherwise we register
 * it ourselves, when the database opens and all modules are loaded.
 *
 *	PasswordPolicyResponseValue ::= SEQUENCE {
 *		warning [0] ...	OPTIONAL,
 *		error	[1] ENUMERATED	OPTIONAL }
 *
 * For example accountLocked: 30 03 81 01 01
 */
#include "portable.h"

#include <string.h>

#include "slap.h"

#include "overlay/over_priv.h"

static int ppolicy_id; /* its place in o_ctrlflag; 0 before the first open */

static int
ppolicy_parse(Operation *op, SlapReply *rs, LDAPControl *ctrl)
{
	int rc = LDAP_SUCCESS;

	if (!BER_BVISNULL(&ctrl->ldctl_value)) {
		rs->sr_text = "the password policy control has no value";
		rc = LDAP_PROTOCOL_ERROR;
	} else {
		op->o_ctrlflag[ppolicy_id] = ctrl->ldctl_iscritical
		                                     ? SLAP_CONTROL_CRITICAL
		                                     : SLAP_CONTROL_NONCRITICAL;
	}
	return rc;
}

int
over_ppolicy_open(BackendDB *be)
{
	static char passwd[] = LDAP_EXOP_MODIFY_PASSWD;
	static char *exops[] = { passwd, NULL };
	int rc;

	rc = slap_find_control_id(LDAP_CONTROL_PASSWORDPOLICYREQUEST,
	                          &ppolicy_id);
	if (rc != LDAP_SUCCESS)
		rc = register_supported_control(
			LDAP_CONTROL_PASSWORDPOLICYREQUEST,
			SLAP_CTRL_ADD | SLAP_CTRL_BIND | SLAP_CTRL_MODIFY,
			exops, ppolicy_parse, &ppolicy_id);
	if (rc == LDAP_SUCCESS)
		rc = overlay_register_control(
			be, LDAP_CONTROL_PASSWORDPOLICYREQUEST);
	if (rc != LDAP_SUCCESS)
		Debug(LDAP_DEBUG_ANY,
		      "overlay lifecycle: cannot register the password policy "
		      "control (%d)\n",
		      rc);
	return rc;
}

void
over_ppolicy_close(BackendDB *be)
{
	overlay_unregister_control(be, LDAP_CONTROL_PASSWORDPOLICYREQUEST);
}

void
over_ppolicy_answer(Operation *op, SlapReply *rs, enum over_ppolicy error)
{
	const char value[] = { 0x30, 0x03, (char)0x81, 0x01, (char)error };
	LDAPControl *ctrl, *ctrls[2] = { NULL, NULL };

	if (ppolicy_id == 0 || !op->o_ctrlflag[ppolicy_id])
		return;
	/* one piece, freed with the operation */
	ctrl = op->o_tmpalloc(sizeof(*ctrl) + sizeof(value), op->o_tmpmemctx);
	ctrl->ldctl_oid = (char *)LDAP_CONTROL_PASSWORDPOLICYRESPONSE;
	ctrl->ldctl_iscritical = 0;
	ctrl->ldctl_value.bv_val = (char *)(ctrl + 1);
	ctrl->ldctl_value.bv_len = sizeof(value);
	memcpy(ctrl->ldctl_value.bv_val, value, sizeof(value));
	ctrls[0] = ctrl;
	slap_add_ctrls(op, rs, ctrls);
}
