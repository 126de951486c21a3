/* SPDX-License-Identifier: OLDAP-2.8 */
/* operational.c - what slapd and its overlays ask a backend outside of the
 * operations: an entry by name, hasSubordinates, extended operations
 */
#include "back-roster.h"

#include "backend/follow.h"

int
roster_back_has_subordinates(Operation *op, Entry *entry, int *ret_has)
{
	struct back_db *db = op->o_bd->be_private;
	struct back_read *read = NULL;
	bool has = false;
	enum rst_err err;

	if (back_read_begin(op, db, &read) != RST_OK)
		return LDAP_OTHER;
	/* slapd's root entry, for an empty suffix, has another number */
	err = rst_tree_has_children(
		&read->txn, BER_BVISEMPTY(&entry->e_nname) ? 0 : entry->e_id,
		&has);
	back_read_end(read);
	if (err != RST_OK)
		return LDAP_OTHER;
	*ret_has = has ? LDAP_COMPARE_TRUE : LDAP_COMPARE_FALSE;
	return LDAP_SUCCESS;
}

static Attribute *
has_subordinates(Operation *op, SlapReply *rs)
{
	int has;

	if (attr_find(rs->sr_entry->e_attrs,
	              slap_schema.si_ad_hasSubordinates) != NULL ||
	    roster_back_has_subordinates(op, rs->sr_entry, &has) !=
	            LDAP_SUCCESS)
		return NULL;
	return slap_operational_hasSubordinate(has == LDAP_COMPARE_TRUE);
}

static enum rst_err
count_children(const struct rst_rtxn *txn, uint64_t parent, uint64_t *ret_n)
{
	struct rst_tree_cursor cursor = { "", 0 };
	uint64_t ids[BACK_BATCH_ENTRIES];
	size_t n;
	enum rst_err err;

	*ret_n = 0;
	do {
		err = rst_tree_children(txn, parent, &cursor, ids,
		                        BACK_BATCH_ENTRIES, &n);
		if (err == RST_OK)
			*ret_n += n;
	} while (err == RST_OK && n > 0);
	return err;
}

/* Counted when it is asked for: a tenth of a microsecond for each child. */
static Attribute *
num_subordinates(Operation *op, SlapReply *rs)
{
	struct back_db *db = op->o_bd->be_private;
	struct back_read *read = NULL;
	struct berval value;
	Attribute *attr;
	char text[24];
	uint64_t n;
	enum rst_err err;

	err = back_read_begin(op, db, &read);
	if (err == RST_OK)
		err = count_children(&read->txn, rs->sr_entry->e_id, &n);
	back_read_end(read);
	if (err != RST_OK)
		return NULL;
	value.bv_val = text;
	value.bv_len = (ber_len_t)snprintf(text, sizeof(text), "%llu",
	                                   (unsigned long long)n);
	attr = attr_alloc(back_names.num_subordinates);
	attr->a_vals = ch_calloc(2, sizeof(*attr->a_vals));
	ber_dupbv(&attr->a_vals[0], &value);
	attr->a_nvals = attr->a_vals;
	attr->a_numvals = 1;
	return attr;
}

static bool
names(const AttributeName *list, const AttributeDescription *ad)
{
	for (; list != NULL && !BER_BVISNULL(&list->an_name); list++)
		if (list->an_desc == ad)
			return true;
	return false;
}

/* Append attr, which may be NULL, to the list at. */
static Attribute **
append(Attribute **at, Attribute *attr)
{
	*at = attr;
	return attr != NULL ? &attr->a_next : at;
}

int
roster_back_operational(Operation *op, SlapReply *rs)
{
	AttributeDescription *has = slap_schema.si_ad_hasSubordinates;
	bool has_it = false, num_it = false;
	Attribute **at;

	for (at = &rs->sr_operational_attrs; *at != NULL; at = &(*at)->a_next) {
		has_it = has_it || (*at)->a_desc == has;
		num_it = num_it || (*at)->a_desc == back_names.num_subordinates;
	}
	if (!has_it &&
	    (SLAP_OPATTRS(rs->sr_attr_flags) || ad_inlist(has, rs->sr_attrs)))
		at = append(at, has_subordinates(op, rs));
	/* by its name only: "+" asks for it without wanting it, mostly */
	if (!num_it && names(rs->sr_attrs, back_names.num_subordinates))
		(void)append(at, num_subordinates(op, rs));
	return LDAP_SUCCESS;
}

/*
 * An overlay reads an entry for a client's answer: sssvlv sends it as it is,
 * deref what it finds in it.  ACLs name the attribute that they look at.
 */
static bool
is_for_answer(const Operation *op, const ObjectClass *oc,
              const AttributeDescription *at)
{
	return op->o_tag == LDAP_REQ_SEARCH && oc == NULL && at == NULL &&
	       op->o_sync <= SLAP_CONTROL_IGNORED && !back_is_internal(op);
}

static bool
is_change(const Operation *op)
{
	return op->o_tag == LDAP_REQ_ADD || op->o_tag == LDAP_REQ_MODIFY ||
	       op->o_tag == LDAP_REQ_MODRDN || op->o_tag == LDAP_REQ_DELETE;
}

static int
get_entry(const struct back_view *view, const struct back_needs *needs,
          struct berval *ndn, struct ObjectClass *oc, AttributeDescription *at,
          Entry **ret_entry)
{
	struct rst_record record;
	Entry *entry = NULL;
	uint64_t matched;
	enum rst_err err;

	err = back_find(view->txn, ndn, &record, &matched);
	if (err == RST_ENOTFOUND)
		return LDAP_NO_SUCH_OBJECT;
	if (err == RST_OK)
		err = back_entry_new(view, &record, needs, &entry);
	if (err != RST_OK)
		return LDAP_OTHER;
	/* nobody is hidden from himself: a rule may be reading the asker */
	if (needs != NULL && !bvmatch(ndn, &view->op->o_ndn) &&
	    back_hides(view, &record, entry)) {
		back_entry_free(entry);
		return LDAP_NO_SUCH_OBJECT;
	}
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
	struct back_needs *needs = NULL;
	struct back_view view;
	bool was;
	int code;

	if (back_follow_entry(op, ndn, &code, ret_entry))
		return code;
	back_follow_opening(db);
	if (back_read_begin(op, db, &read) != RST_OK)
		return LDAP_OTHER;
	back_view_init(&view, op, db, &read->txn, true);
	if (is_for_answer(op, oc, at)) {
		needs = back_needs_all(op);
	} else {
		/* ACLs and overlays see hidden rows, and what is computed only
		 * when it is asked for by name */
		view.list_all = true;
		/* syncprov sends what it reads in the course of a change */
		view.secrets = oc == NULL && at == NULL && is_change(op);
		view.no_members = view.secrets && back_follow_early(op, ndn);
		view.plain_members = view.secrets && back_follow_sent(op, ndn);
		view.computed = at != NULL && (at == back_names.member_of ||
		                               at == back_names.locked_time ||
		                               at == back_names.account_lock);
	}
	was = rst_read_as_kept(&read->txn, view.secrets);
	code = get_entry(&view, needs, ndn, oc, at, ret_entry);
	(void)rst_read_as_kept(&read->txn, was);
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
