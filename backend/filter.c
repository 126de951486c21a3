/* SPDX-License-Identifier: OLDAP-2.8 */
/* filter.c - does an entry match?
 *
 * Filters have three values.  This walks AND, OR and NOT; a leaf about
 * membership is answered by the membership tables in one or two gets, however
 * large the group, and every other leaf by slapd's own test_filter() on the
 * entry that was built for it.  So
 *
 *	(&(objectClass=posixGroup)(!(memberUid=alice)))
 *
 * never builds a member list, and hidden rows count.
 *
 * As in slapd, anything but TRUE and FALSE is "undefined": no access to the
 * attribute, no matching rule, an attribute that the schema does not know.
 */
#include "back-roster.h"

/* The attribute that a leaf is about; NULL for none or many. */
static AttributeDescription *
leaf_ad(const Filter *f)
{
	switch (f->f_choice) {
	case LDAP_FILTER_PRESENT:
		return f->f_desc;
	case LDAP_FILTER_EQUALITY:
	case LDAP_FILTER_GE:
	case LDAP_FILTER_LE:
	case LDAP_FILTER_APPROX:
		return f->f_av_desc;
	case LDAP_FILTER_SUBSTRINGS:
		return f->f_sub_desc;
	case LDAP_FILTER_EXT:
		return f->f_mr_desc;
	}
	return NULL;
}

bool
back_filter_by_tables(Filter *filter)
{
	AttributeDescription *ad;

	if (filter->f_choice != LDAP_FILTER_EQUALITY &&
	    filter->f_choice != LDAP_FILTER_PRESENT)
		return false;
	ad = leaf_ad(filter);
	return ad != NULL &&
	       (back_member_id(ad) != RST_A_NONE || ad == back_names.member_of);
}

static int
truth(bool is_true)
{
	return is_true ? LDAP_COMPARE_TRUE : LDAP_COMPARE_FALSE;
}

/* The same of what was read; a group that is not there is not his. */
static int
answer(enum rst_err err, bool is_true)
{
	return err == RST_OK || err == RST_ENOTFOUND ? truth(is_true)
	                                             : LDAP_OTHER;
}

/* (memberOf=DN): the rows of the other side; (memberOf=*): any group. */
static int
test_member_of(const struct back_view *view, const struct rst_record *record,
               const Filter *f)
{
	struct rst_record group;
	uint64_t any, matched;
	bool within = false;
	size_t n = 0;
	enum rst_err err;

	if (f->f_choice == LDAP_FILTER_PRESENT) {
		err = rst_member_of_all(view->txn, record->id, 0, &any, 1, &n);
		return answer(err, n == 1);
	}
	err = back_find(view->txn, &f->f_av_value, &group, &matched);
	if (err == RST_OK)
		err = rst_member_within(view->txn, group.id, record->id,
		                        &within);
	return answer(err, within);
}

static int
test_by_tables(const struct back_view *view, const struct rst_record *record,
               Entry *entry, const Filter *f)
{
	AttributeDescription *ad = leaf_ad(f);
	struct berval *value = NULL;
	uint16_t id = back_member_id(ad);
	bool has = false;
	enum rst_err err;

	if (f->f_choice == LDAP_FILTER_EQUALITY)
		value = (struct berval *)&f->f_av_value;
	if (!access_allowed(view->op, entry, ad, value, ACL_SEARCH, NULL))
		return LDAP_INSUFFICIENT_ACCESS;
	if (ad == back_names.member_of)
		return test_member_of(view, record, f);
	if (value == NULL)
		return truth(rst_member_any(view->txn, record, id));
	err = rst_member_has(view->txn, record, id, back_view_of(value), &has);
	return answer(err, has);
}

/* A leaf such as (memberUid=al*) needs the list, hidden rows included; the
 * entry that is sent must not have them. */
static int
test_with_members(const struct back_view *view, const struct rst_record *record,
                  const Entry *entry, struct back_arena *arena, Filter *f)
{
	Entry with = *entry;

	with.e_attrs = NULL;
	if (back_entry_members(view, record, leaf_ad(f), true, arena, &with) !=
	    RST_OK)
		return LDAP_OTHER;
	/* the full list stands first, so it is the one that is found */
	if (with.e_attrs != NULL)
		with.e_attrs->a_next = entry->e_attrs;
	else
		with.e_attrs = entry->e_attrs;
	return test_filter(view->op, &with, f);
}

static int
test_leaf(const struct back_view *view, const struct rst_record *record,
          Entry *entry, struct back_arena *arena, Filter *f)
{
	AttributeDescription *ad = leaf_ad(f);

	if (ad != NULL && view->lifecycle && back_is_password(ad))
		return SLAPD_COMPARE_UNDEFINED;
	if (back_filter_by_tables(f))
		return test_by_tables(view, record, entry, f);
	if (back_member_id(ad) != RST_A_NONE)
		return test_with_members(view, record, entry, arena, f);
	return test_filter(view->op, entry, f);
}

/* decides: the value of one part that settles the whole. */
static int
test_list(const struct back_view *view, const struct rst_record *record,
          Entry *entry, struct back_arena *arena, Filter *f, int decides,
          int otherwise)
{
	int result = otherwise, part;

	for (; f != NULL; f = f->f_next) {
		part = back_filter_test(view, record, entry, arena, f);
		if (part == decides)
			return decides;
		if (part != otherwise)
			result = part;
	}
	return result;
}

int
back_filter_test(const struct back_view *view, const struct rst_record *record,
                 Entry *entry, struct back_arena *arena, Filter *f)
{
	int result;

	if (f->f_choice & SLAPD_FILTER_UNDEFINED)
		return SLAPD_COMPARE_UNDEFINED;
	switch (f->f_choice) {
	case SLAPD_FILTER_COMPUTED:
		return f->f_result;
	case LDAP_FILTER_AND:
		return test_list(view, record, entry, arena, f->f_and,
		                 LDAP_COMPARE_FALSE, LDAP_COMPARE_TRUE);
	case LDAP_FILTER_OR:
		return test_list(view, record, entry, arena, f->f_or,
		                 LDAP_COMPARE_TRUE, LDAP_COMPARE_FALSE);
	case LDAP_FILTER_NOT:
		result = back_filter_test(view, record, entry, arena, f->f_not);
		if (result == LDAP_COMPARE_TRUE)
			return LDAP_COMPARE_FALSE;
		if (result == LDAP_COMPARE_FALSE)
			return LDAP_COMPARE_TRUE;
		return result;
	}
	return test_leaf(view, record, entry, arena, f);
}
