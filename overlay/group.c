/* SPDX-License-Identifier: OLDAP-2.8 */
/* group.c - group checks of access control, in two look-ups
 *
 *	access to * by group/groupOfMembers/member="cn=sysadmins,..." write
 *
 * slapd would fetch the group with all its members and compare them one by
 * one.  Here the relation is asked for the one row.  What is not a member
 * attribute of an entry of ours (memberURL, other suffixes) is left to slapd.
 */
#include "portable.h"

#include <strings.h>

#include "slap.h"

#include "overlay/over_priv.h"
#include "store/member.h"

/* The entry has the class that the rule of access names. */
static bool
has_class(const struct rst_rtxn *txn, const struct rst_record *group,
          const ObjectClass *oc)
{
	char **name;
	bool has;

	has = rst_record_has(txn, group, RST_A_OBJECTCLASS,
	                     rst_view_of(oc->soc_oid));
	for (name = oc->soc_names; !has && name != NULL && *name != NULL;
	     name++)
		has = rst_record_has(txn, group, RST_A_OBJECTCLASS,
		                     rst_view_of(*name));
	/*
	 * "by group=" without a class means groupOfNames, which our groups
	 * cannot be, for it forbids an empty one: a rosterGroup will do.
	 */
	return has ||
	       (group->kind == RST_KIND_GROUP &&
	        strcasecmp(oc->soc_cname.bv_val, SLAPD_GROUP_CLASS) == 0);
}

/* By a group in it: its rights are theirs, too. */
static enum rst_err
is_within(const struct rst_rtxn *txn, const struct rst_record *group,
          const struct berval *ndn, bool *ret_within)
{
	bool nests = false;
	uint64_t id;
	enum rst_err err = RST_OK;

	if (group->kind == RST_KIND_GROUP)
		err = rst_member_nests(txn, &nests);
	if (err != RST_OK || !nests)
		return err;
	err = rst_tree_find(txn, back_view_of(ndn), &id, NULL);
	if (err == RST_OK)
		return rst_member_within(txn, group->id, id, ret_within);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
ask(const struct rst_rtxn *txn, const struct berval *gr_ndn,
    const struct berval *op_ndn, const ObjectClass *oc, bool *ret_member)
{
	struct rst_record group;
	enum rst_err err;
	bool member = false;
	uint64_t id;

	err = rst_tree_find(txn, back_view_of(gr_ndn), &id, NULL);
	if (err == RST_OK)
		err = rst_record_get(txn, id, &group);
	if (err == RST_OK && (oc == NULL || has_class(txn, &group, oc))) {
		err = rst_member_has(txn, &group, RST_A_MEMBER,
		                     back_view_of(op_ndn), &member);
		if (err == RST_OK && !member)
			err = is_within(txn, &group, op_ndn, &member);
	}
	if (err == RST_OK)
		*ret_member = member;
	return err;
}

int
over_acl_group(Operation *op, Entry *target, struct berval *gr_ndn,
               struct berval *op_ndn, ObjectClass *group_oc,
               AttributeDescription *group_at)
{
	struct over_db *db = over_db_for(gr_ndn);
	struct back_read *read;
	bool member = false;
	enum rst_err err;
	int rc = SLAP_CB_CONTINUE;

	if (db == NULL || back_member_id(group_at) != RST_A_MEMBER)
		goto out;
	err = back_read_begin(op, db->back, &read);
	if (err != RST_OK) {
		/* no answer is no membership */
		rc = LDAP_OTHER;
		goto out;
	}
	err = ask(&read->txn, gr_ndn, op_ndn, group_oc, &member);
	back_read_end(read);
	rc = member                 ? LDAP_SUCCESS
	     : err == RST_ENOTFOUND ? LDAP_NO_SUCH_OBJECT
	                            : LDAP_COMPARE_FALSE;
out:
	return rc;
}
