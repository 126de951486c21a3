/* SPDX-License-Identifier: OLDAP-2.8 */
/* alias.c - aliases are followed: to the base of a search, and below it
 *
 *	ou=staff		the base
 *	  cn=boss		alias -> cn=ann,ou=people: one more scope
 *	  ou=guests		alias -> ou=extern: another, and whatever
 *	    ...			aliases below ou=extern point to, too
 *
 * An alias that leads nowhere, in a ring or too far is an error of the base,
 * and is passed over below it.  Words and codes are back-mdb's.
 */
#include "search_priv.h"

#define IDS_AT_ONCE 256

/* Ascending, distinct ids in op's memory. */
bool
back_ids_have(const struct back_ids *ids, uint64_t id)
{
	size_t place = rst_ids_place(ids->at, ids->n, id);

	return place < ids->n && ids->at[place] == id;
}

/* False when it is there already. */
static bool
ids_add(Operation *op, struct back_ids *ids, uint64_t id)
{
	size_t place = rst_ids_place(ids->at, ids->n, id);

	if (place < ids->n && ids->at[place] == id)
		return false;
	if (ids->n == ids->room) {
		ids->room = ids->room == 0 ? 16 : ids->room * 2;
		ids->at = op->o_tmprealloc(ids->at,
		                           ids->room * sizeof(ids->at[0]),
		                           op->o_tmpmemctx);
	}
	memmove(&ids->at[place + 1], &ids->at[place],
	        (ids->n - place) * sizeof(ids->at[0]));
	ids->at[place] = id;
	ids->n++;
	return true;
}

/* The normalised DN that alias names, in op's memory. */
static bool
target_name(const struct back_view *view, const struct rst_record *alias,
            struct berval *ret_ndn, const char **text)
{
	AttributeDescription *ad = slap_schema.si_ad_aliasedObjectName;
	struct rst_view value, more;
	struct rst_attr attr;
	struct berval bv;
	uint16_t id;

	*text = "alias missing aliasedObjectName attribute";
	if (!back_ad_find(view->txn, ad, &id) ||
	    !rst_record_attr(alias, id, &attr) || !rst_attr_next(&attr, &value))
		return false;
	*text = "alias has multivalued aliasedObjectName";
	if (rst_attr_next(&attr, &more))
		return false;
	bv.bv_val = (char *)value.ptr;
	bv.bv_len = value.len;
	return dnNormalize(0, NULL, NULL, &bv, ret_ndn,
	                   view->op->o_tmpmemctx) == LDAP_SUCCESS;
}

/* The entry that alias names; alias is left where it is when there is none. */
static bool
one_step(const struct back_view *view, struct rst_record *alias,
         struct back_alias_error *error)
{
	struct berval ndn = BER_BVNULL;
	struct rst_record target;
	uint64_t matched;
	bool good;

	error->code = LDAP_ALIAS_PROBLEM;
	if (!target_name(view, alias, &ndn, &error->text))
		return false;
	error->text = "aliasedObject not found";
	good = back_find(view->txn, &ndn, &target, &matched) == RST_OK;
	if (good)
		*alias = target;
	view->op->o_tmpfree(ndn.bv_val, view->op->o_tmpmemctx);
	return good;
}

bool
back_alias_follow(const struct back_view *view, struct rst_record *record,
                  struct back_ids *round, struct back_ids *visited,
                  struct back_alias_error *error)
{
	Operation *op = view->op;

	while (record->flags & RST_REC_ALIAS) {
		error->code = LDAP_ALIAS_DEREF_PROBLEM;
		error->text = "maximum deref depth exceeded";
		if (round->n >= (size_t)op->o_bd->be_max_deref_depth ||
		    (visited != NULL && !ids_add(op, visited, record->id)))
			return false;
		if (!ids_add(op, round, record->id)) {
			error->code = LDAP_ALIAS_PROBLEM;
			error->text = "circular alias";
			return false;
		}
		if (!one_step(view, record, error))
			return false;
	}
	return true;
}

/* All aliases there are. */
static bool
collect(const struct back_view *view, struct back_ids *aliases)
{
	uint64_t ids[IDS_AT_ONCE], after = 0;
	size_t n;

	do {
		if (rst_index_equal(view->txn, RST_A_OBJECTCLASS,
		                    RST_VIEW("alias"), after, ids, IDS_AT_ONCE,
		                    &n) != RST_OK)
			return false;
		for (size_t i = 0; i < n; i++) {
			ids_add(view->op, aliases, ids[i]);
			after = ids[i];
		}
	} while (n == IDS_AT_ONCE && aliases->n <= BACK_ALIASES_MAX);
	return true;
}

bool
back_scopes_cover(const struct back_view *view, const struct back_ids *scopes,
                  uint64_t base, uint64_t id)
{
	struct rst_record record;

	if (base == 0)
		return true; /* the empty suffix is above everything */
	/* a DN has no more levels than bytes */
	for (int depth = 0; depth < RST_DN_MAX && id != 0; depth++) {
		if (id == base || back_ids_have(scopes, id))
			return true;
		if (rst_record_get(view->txn, id, &record) != RST_OK)
			return false;
		id = record.parent;
	}
	return false;
}

static bool
is_in_scope(const struct back_view *view, const struct back_ids *scopes,
            uint64_t base, const struct rst_record *record)
{
	if (view->op->ors_scope == LDAP_SCOPE_ONELEVEL)
		return record->parent == base;
	return back_scopes_cover(view, scopes, base, record->parent);
}

/* Follow those that are in scope by now; true when there is a new scope. */
static bool
widen(const struct back_view *view, uint64_t base, struct back_ids *aliases,
      struct back_ids *visited, struct back_ids *scopes)
{
	Operation *op = view->op;
	struct back_alias_error error;
	struct rst_record record;
	struct back_ids round = { NULL, 0, 0 };
	bool wider = false;

	for (size_t i = 0; i < aliases->n && !op->o_abandon; i++) {
		if (back_ids_have(visited, aliases->at[i]) ||
		    rst_record_get(view->txn, aliases->at[i], &record) !=
		            RST_OK ||
		    !is_in_scope(view, scopes, base, &record))
			continue;
		round.n = 0;
		if (!back_alias_follow(view, &record, &round, visited,
		                       &error) ||
		    record.id == base ||
		    (op->ors_scope == LDAP_SCOPE_SUBTREE &&
		     back_scopes_cover(view, scopes, base, record.id)))
			continue;
		if (ids_add(op, scopes, record.id))
			wider = true;
	}
	op->o_tmpfree(round.at, op->o_tmpmemctx);
	return wider;
}

int
back_alias_scopes(const struct back_view *view, uint64_t base,
                  struct back_ids *ret_scopes)
{
	Operation *op = view->op;
	struct back_ids aliases = { NULL, 0, 0 }, visited = { NULL, 0, 0 };
	int code = LDAP_SUCCESS;

	if (!collect(view, &aliases))
		code = LDAP_OTHER;
	else if (aliases.n > BACK_ALIASES_MAX ||
	         (op->ors_limit != NULL &&
	          op->ors_limit->lms_s_unchecked != -1 &&
	          aliases.n > (size_t)op->ors_limit->lms_s_unchecked))
		code = LDAP_ADMINLIMIT_EXCEEDED;
	while (code == LDAP_SUCCESS &&
	       widen(view, base, &aliases, &visited, ret_scopes) &&
	       op->ors_scope != LDAP_SCOPE_ONELEVEL)
		;
	op->o_tmpfree(aliases.at, op->o_tmpmemctx);
	op->o_tmpfree(visited.at, op->o_tmpmemctx);
	return code;
}
