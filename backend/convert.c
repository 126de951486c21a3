/* SPDX-License-Identifier: OLDAP-2.8 */
/* convert.c - from slapd's entries to the store's, and back
 *
 * Membership attributes are not part of a record: they become member ops.
 * What slapd computes for an answer (entryDN, hasSubordinates...) never
 * arrives here, because its types cannot be modified.
 */
#include "back-roster.h"

#include <stdlib.h>

void
back_members_release(struct back_members *members)
{
	free(members->ops);
	memset(members, 0, sizeof(*members));
}

enum rst_err
back_members_add(struct back_members *members, enum rst_member_verb verb,
                 uint16_t attr, const struct berval *value,
                 const struct berval *nvalue)
{
	struct rst_member_op *op;
	size_t room;

	if (members->n == members->room) {
		room = members->room == 0 ? 16 : members->room * 2;
		op = realloc(members->ops, room * sizeof(*op));
		if (op == NULL)
			return RST_ENOMEM;
		members->ops = op;
		members->room = room;
	}
	op = &members->ops[members->n++];
	memset(op, 0, sizeof(*op));
	op->verb = verb;
	op->attr = attr;
	if (value != NULL)
		op->value = back_view_of(value);
	if (nvalue != NULL)
		op->nvalue = back_view_of(nvalue);
	/* "ada " is ada to every rule of matching, so here, too; but slapd's
	 * normal form of a value with a NUL in it is what stands before it */
	if (nvalue != NULL && attr == RST_A_MEMBERUID &&
	    memchr(op->value.ptr, '\0', op->value.len) == NULL)
		op->value = op->nvalue;
	return RST_OK;
}

static enum rst_err
convert_members(const Attribute *attr, uint16_t id,
                struct back_members *members)
{
	enum rst_err err = RST_OK;

	for (unsigned int i = 0; i < attr->a_numvals && err == RST_OK; i++)
		err = back_members_add(members, RST_MEMBER_ADD, id,
		                       &attr->a_vals[i], &attr->a_nvals[i]);
	return err;
}

/*
 * An attribute that came before attr under the same name: "slapadd -q" does not
 * collect the values of an LDIF whose lines are apart.
 */
static bool
came_before(const Entry *entry, const Attribute *attr)
{
	const Attribute *other;

	for (other = entry->e_attrs; other != attr; other = other->a_next)
		if (other->a_desc == attr->a_desc)
			return true;
	return false;
}

static enum rst_err
append_values(const Attribute *attr, uint16_t id, struct rst_entry *after)
{
	enum rst_err err = RST_OK;

	for (unsigned int i = 0; i < attr->a_numvals && err == RST_OK; i++)
		err = rst_entry_add(after, id, back_view_of(&attr->a_vals[i]));
	return err;
}

static enum rst_err
convert_attr(struct rst_wtxn *txn, const Entry *entry, const Attribute *attr,
             struct rst_entry *after)
{
	struct rst_view *values;
	uint16_t id;
	enum rst_err err;

	err = back_ad_intern(txn, attr->a_desc, &id);
	if (err != RST_OK)
		return err;
	if (came_before(entry, attr))
		return append_values(attr, id, after);
	values = malloc((attr->a_numvals + 1) * sizeof(*values));
	if (values == NULL)
		return RST_ENOMEM;
	for (unsigned int i = 0; i < attr->a_numvals; i++)
		values[i] = back_view_of(&attr->a_vals[i]);
	err = rst_entry_set(after, id, values, attr->a_numvals);
	free(values);
	return err;
}

enum rst_err
back_convert(struct rst_wtxn *txn, const Entry *entry, struct rst_entry *after,
             struct back_members *members)
{
	const Attribute *attr;
	uint16_t id;
	enum rst_err err = RST_OK;

	for (attr = entry->e_attrs; attr != NULL && err == RST_OK;
	     attr = attr->a_next) {
		/* computed: what overlay memberof wrote elsewhere, or writes
		 * here, would be shown beside it */
		if (attr->a_desc == back_names.member_of)
			continue;
		id = back_member_id(attr->a_desc);
		if (id == RST_A_NONE)
			err = convert_attr(txn, entry, attr, after);
		else if (members != NULL)
			err = convert_members(attr, id, members);
	}
	return err;
}

/* The values of stored as slapd keeps them, for an entry of slapd's. */
static BerVarray
values_of(struct rst_attr stored)
{
	BerVarray values = ch_calloc(stored.count + 1, sizeof(*values));
	struct rst_view value;
	unsigned int n = 0;

	while (rst_attr_next(&stored, &value)) {
		values[n].bv_val = ch_malloc(value.len + 1);
		memcpy(values[n].bv_val, value.ptr, value.len);
		values[n].bv_val[value.len] = '\0';
		values[n].bv_len = value.len;
		n++;
	}
	return values;
}

static bool
same_values(const Attribute *attr, struct rst_attr stored)
{
	struct rst_view value;
	unsigned int n = 0;

	if (attr == NULL || attr->a_numvals != stored.count)
		return false;
	while (rst_attr_next(&stored, &value))
		if (!rst_view_equal(value, back_view_of(&attr->a_vals[n++])))
			return false;
	return true;
}

/* Replace (or add) attribute ad of entry. */
static Attribute *
replace(Entry *entry, AttributeDescription *ad, struct rst_attr stored)
{
	BerVarray values = values_of(stored), normal = NULL;
	Attribute *attr;

	attr_delete(&entry->e_attrs, ad);
	if (attr_normalize(ad, values, &normal, NULL) == LDAP_SUCCESS)
		attr_merge(entry, ad, values, normal);
	ber_bvarray_free(values);
	if (normal != NULL)
		ber_bvarray_free(normal);
	attr = attr_find(entry->e_attrs, ad);
	return attr;
}

static bool
record_lacks(const struct back_view *view, const struct rst_record *record,
             AttributeDescription *ad)
{
	struct rst_attr stored;
	uint16_t id;

	return !back_ad_find(view->txn, ad, &id) ||
	       !rst_record_attr(record, id, &stored) || stored.count == 0;
}

/* What the gate took away. */
static void
drop_missing(const struct back_view *view, const struct rst_record *record,
             Entry *entry,
             void (*changed)(void *arg, Attribute *attr,
                             AttributeDescription *ad),
             void *arg)
{
	Attribute **at = &entry->e_attrs, *attr;

	while ((attr = *at) != NULL) {
		if (back_member_id(attr->a_desc) != RST_A_NONE ||
		    !record_lacks(view, record, attr->a_desc)) {
			at = &attr->a_next;
			continue;
		}
		*at = attr->a_next;
		if (changed != NULL)
			changed(arg, NULL, attr->a_desc);
		attr->a_next = NULL;
		attr_free(attr);
	}
}

enum rst_err
back_convert_back(const struct back_view *view, const struct rst_record *record,
                  Entry *entry,
                  void (*changed)(void *arg, Attribute *attr,
                                  AttributeDescription *ad),
                  void *arg)
{
	AttributeDescription *ad;
	struct rst_attr stored;
	Attribute *attr;

	for (unsigned int i = 0; i < record->n_attrs; i++) {
		rst_record_nth(record, i, &stored);
		ad = back_ad(view->db, view->txn, view->committed, stored.id);
		if (ad == NULL)
			return RST_ECORRUPT;
		if (stored.count == 0 ||
		    same_values(attr_find(entry->e_attrs, ad), stored))
			continue;
		attr = replace(entry, ad, stored);
		if (changed != NULL)
			changed(arg, attr, ad);
	}
	drop_missing(view, record, entry, changed, arg);
	entry->e_ocflags = 0;
	return RST_OK;
}

enum rst_err
back_place(struct rst_entry *entry, uint64_t parent, const struct berval *dn,
           const struct berval *ndn, bool suffix)
{
	struct berval rdn = *dn, nrdn = *ndn;

	if (!suffix) {
		dnRdn((struct berval *)dn, &rdn);
		dnRdn((struct berval *)ndn, &nrdn);
	}
	return rst_entry_place(entry, parent, back_view_of(&rdn),
	                       back_view_of(&nrdn));
}
