/* SPDX-License-Identifier: OLDAP-2.8 */
/* permit.c - asking the ACLs before something dear is done
 *
 * A hash costs a strong core a tenth of a second and 19 MiB, and there are few
 * slots for them.  Whoever may not write a password in the end must not have
 * one computed on the way there, or any user could keep all slots busy by
 * changing everybody's.
 */
#include "portable.h"

#include <string.h>

#include "slap.h"

#include "overlay/over_priv.h"

/* The entry ndn through the database below the overlays; to be released. */
static int
entry_get(Operation *op, struct berval *ndn, Entry **ret_entry)
{
	*ret_entry = NULL;
	return be_entry_get_rw(op, ndn, NULL, NULL, 0, ret_entry);
}

static int
refusal(Operation *op, Entry *entry, bool hide)
{
	if (hide && !access_allowed(op, entry, slap_schema.si_ad_entry, NULL,
	                            ACL_DISCLOSE, NULL))
		return LDAP_NO_SUCH_OBJECT;
	return LDAP_INSUFFICIENT_ACCESS;
}

int
over_may_modify(Operation *op, Modifications *mods, bool hide)
{
	slap_overinst *on = (slap_overinst *)op->o_bd->bd_info;
	Entry *entry;
	int code;

	op->o_bd->bd_info = (BackendInfo *)on->on_info;
	code = entry_get(op, &op->o_req_ndn, &entry);
	if (code == LDAP_SUCCESS && entry != NULL) {
		if (!acl_check_modlist(op, entry, mods))
			code = refusal(op, entry, hide);
		be_entry_release_r(op, entry);
	}
	op->o_bd->bd_info = (BackendInfo *)on;
	return code;
}

int
over_may_add(Operation *op, const struct berval *ndn)
{
	slap_overinst *on = (slap_overinst *)op->o_bd->bd_info;
	struct berval parent;
	Entry *entry;
	int code;

	if (be_isroot(op) || be_issuffix(op->o_bd, (struct berval *)ndn))
		return LDAP_SUCCESS; /* the suffix has no password */
	dnParent((struct berval *)ndn, &parent);
	op->o_bd->bd_info = (BackendInfo *)on->on_info;
	code = entry_get(op, &parent, &entry);
	if (code == LDAP_SUCCESS && entry != NULL) {
		if (!access_allowed(op, entry, slap_schema.si_ad_children, NULL,
		                    ACL_WADD, NULL))
			code = LDAP_INSUFFICIENT_ACCESS;
		be_entry_release_r(op, entry);
	}
	op->o_bd->bd_info = (BackendInfo *)on;
	return code;
}
