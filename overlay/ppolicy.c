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
 * and 300 s before it expires: 30 06 a0 04 80 02 01 2c
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

/* A context tag around an integer of at most four bytes: those of the warning
 * and, enumerated, the error. */
static size_t
put_number(unsigned char *at, unsigned int tag, uint32_t number)
{
	size_t len = 2;
	int shift = 24;

	/* no byte that says nothing, but a zero before a high bit */
	while (shift > 0 && number >> (shift - 1) == 0)
		shift -= 8;
	for (; shift >= 0; shift -= 8)
		at[len++] = (unsigned char)(number >> shift);
	at[0] = (unsigned char)tag;
	at[1] = (unsigned char)(len - 2);
	return len;
}

/* value is the content of the sequence. */
static void
add_control(Operation *op, SlapReply *rs, const unsigned char *value,
            size_t len)
{
	LDAPControl *ctrl, *ctrls[2] = { NULL, NULL };
	char *at;

	if (ppolicy_id == 0 || !op->o_ctrlflag[ppolicy_id])
		return;
	/* one piece, freed with the operation */
	ctrl = op->o_tmpalloc(sizeof(*ctrl) + len + 2, op->o_tmpmemctx);
	at = (char *)(ctrl + 1);
	at[0] = 0x30;
	at[1] = (char)len;
	memcpy(at + 2, value, len);
	ctrl->ldctl_oid = (char *)LDAP_CONTROL_PASSWORDPOLICYRESPONSE;
	ctrl->ldctl_iscritical = 0;
	ctrl->ldctl_value.bv_val = at;
	ctrl->ldctl_value.bv_len = len + 2;
	ctrls[0] = ctrl;
	slap_add_ctrls(op, rs, ctrls);
}

void
over_ppolicy_answer(Operation *op, SlapReply *rs, enum over_ppolicy error)
{
	unsigned char value[8];

	if (error != OVER_PP_NONE)
		add_control(op, rs, value,
		            put_number(value, 0x81, (uint32_t)error));
}

void
over_ppolicy_warn(Operation *op, SlapReply *rs,
                  const struct rule_password_standing *standing)
{
	unsigned char value[16];
	size_t len = 0;

	if (standing->phase == RULE_PASSWORD_WARNED)
		len = put_number(value + 2, 0x80, (uint32_t)standing->left_s);
	else if (standing->phase == RULE_PASSWORD_GRACE)
		len = put_number(value + 2, 0x81, standing->grace_left);
	if (len == 0)
		return;
	value[0] = 0xa0;
	value[1] = (unsigned char)len;
	add_control(op, rs, value, len + 2);
}
