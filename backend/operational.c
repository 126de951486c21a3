/* SPDX-License-Identifier: OLDAP-2.8 */
/* operational.c - what slapd and its overlays ask a backend outside of the
 * operations: an entry by name, hasSubordinates, extended operations
 */
#include "back-roster.h"

int
roster_back_has_subordinates(Operation *op, Entry *entry, int *ret_has)
{
	struct back_db *db = op->o_bd->be_private;
	struct back_read *read = NULL;

	if (back_read_begin(op, db, &read) != RST_OK)
		return LDAP_OTHER;
	*ret_has = rst_tree_has_children(&read->txn, entry->e_id)
	                   ? LDAP_COMPARE_TRUE
	                   : LDAP_COMPARE_FALSE;
	back_read_end(read);
	return LDAP_SUCCESS;
}

int
roster_back_operational(Operation *op, SlapReply *rs)
{
	AttributeDescription *ad = slap_schema.si_ad_hasSubordinates;
	Attribute **at;
	int has;

	for (at = &rs->sr_operational_attrs; *at != NULL; at = &(*at)->a_next)
		if ((*at)->a_desc == ad)
			return LDAP_SUCCESS;
	if (attr_find(rs->sr_entry->e_attrs, ad) != NULL ||
	    !(SLAP_OPATTRS(rs->sr_attr_flags) || ad_inlist(ad, rs->sr_attrs)))
		return LDAP_SUCCESS;
	if (roster_back_has_subordinates(op, rs->sr_entry, &has) ==
	    LDAP_SUCCESS)
		*at = slap_operational_hasSubordinate(has == LDAP_COMPARE_TRUE);
	return LDAP_SUCCESS;
}

static int
get_entry(const struct back_view *view, struct berval *ndn,
          struct ObjectClass *oc, AttributeDescription *at, Entry **ret_entry)
{
	struct rst_record record;
	Entry *entry = NULL;
	uint64_t matched;
	enum rst_err err;

	err = back_find(view->txn, ndn, &record, &matched);
	if (err == RST_ENOTFOUND)
		return LDAP_NO_SUCH_OBJECT;
	if (err == RST_OK)
		err = back_entry_new(view, &record, NULL, &entry);
	if (err != RST_OK)
		return LDAP_OTHER;
	if ((oc != NULL && !is_entry_objectclass(entry, oc, 0)) ||
	    (at != NULL && attr_find(entry->e_attrs, at) == NULL)) {
		back_entry_free(entry);
		return LDAP_NO_SUCH_ATTRIBUTE;
	}
	*ret_entry = entry;
	return LDAP_SUCCESS;
}

int
roster_back_entry_get(Operation *op, struct berval *ndn, ObjectClass *oc,
                      AttributeDescription *at, int rw, Entry **ret_entry)
{
	struct back_db *db = op->o_bd->be_private;
	struct back_read *read = NULL;
	struct back_view view;
	int code;

	if (back_read_begin(op, db, &read) != RST_OK)
		return LDAP_OTHER;
	back_view_init(&view, op, db, &read->txn, true);
	/* not an answer: ACLs and overlays see hidden rows, and what is
	 * computed only when it is asked for by name */
	view.list_all = true;
	view.computed = at != NULL && (at == back_names.member_of ||
	                               at == back_names.locked_time ||
	                               at == back_names.account_lock);
	code = get_entry(&view, ndn, oc, at, ret_entry);
	back_read_end(read);
	return code;
}

int
roster_back_entry_release(Operation *op, Entry *entry, int rw)
{
	back_entry_free(entry);
	return 0;
}

/* No extended operation of our own: overlay lifecycle takes the password
 * modify, and without it slapd does it with be_modify. */
int
roster_back_extended(Operation *op, SlapReply *rs)
{
	rs->sr_text = "not supported within naming context";
	return rs->sr_err = LDAP_UNWILLING_TO_PERFORM;
}
