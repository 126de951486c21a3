/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_guard.c - tombstones, protected places, passwords, administrators */
#include <stdlib.h>

#include "lifecycle/acts.h"
#include "lifecycle/attempt.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/place.h"
#include "rules/names.h"
#include "rules/password.h"
#include "store/index.h"
#include "store/tree.h"

#define BATCH 64 /* ids taken from the store at a time */

/* The dead stay as they were buried; only an import brings or changes them. */
static enum rst_err
guard_tombstones(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *before = sides->before, *after = sides->after;

	if (g->import)
		return RST_OK;
	if ((before != NULL && before->kind == RST_KIND_TOMBSTONE) ||
	    (after != NULL && after->kind == RST_KIND_TOMBSTONE))
		return gate_refuse(g, RULE_TOMBSTONE_IMMUTABLE, NULL, NULL);
	return RST_OK;
}

bool
gate_is_moved(const struct gate_sides *sides)
{
	return sides->before != NULL && sides->after != NULL &&
	       (sides->before->parent != sides->after->parent ||
	        !rst_view_equal(sides->before->nrdn, sides->after->nrdn));
}

/* ldapusers and sysadmins, by name: they neither go nor are renamed. */
static enum rst_err
guard_groups(struct gate *g, const struct gate_sides *sides)
{
	struct rst_view name;

	if (sides->before == NULL || sides->before->kind != RST_KIND_GROUP)
		return RST_OK;
	name = rst_record_first(sides->before, RST_A_CN);
	if (!rule_group_protected(name.ptr, name.len))
		return RST_OK;
	if (sides->after == NULL || gate_is_moved(sides))
		return gate_refuse(g, RULE_PROTECTED_GROUP, "cn", "%.*s",
		                   (int)name.len, name.ptr);
	return RST_OK;
}

/* A place of the skeleton is in the DN of all that stands there. */
static enum rst_err
guard_places(struct gate *g, const struct gate_sides *sides)
{
	const char *const *place;
	uint64_t id;

	if (!gate_is_moved(sides) || sides->before->kind == RST_KIND_PERSON)
		return RST_OK;
	for (place = lifecycle_skeleton; *place != NULL; place++)
		if (lifecycle_place(&g->txn->r, *place, &id) == RST_OK &&
		    id == sides->id)
			return gate_refuse(g, RULE_IDENTITY_IMMUTABLE, NULL,
			                   "%s is a fixed place", *place);
	return RST_OK;
}

static bool
is_below(const struct gate *g, uint64_t id, const char *place)
{
	uint64_t top;

	return lifecycle_place(&g->txn->r, place, &top) == RST_OK &&
	       rst_tree_below(&g->txn->r, id, top);
}

/* A subtree takes the DNs of all that stands there with it: within ou=people
 * it does not move, nor out of ou=groups. */
static enum rst_err
guard_subtrees(struct gate *g, const struct gate_sides *sides)
{
	uint64_t from, to;

	if (!gate_is_moved(sides) ||
	    !rst_tree_has_children(&g->txn->r, sides->id))
		return RST_OK;
	from = sides->before->parent;
	to = sides->after->parent;
	if (is_below(g, from, "ou=people") ||
	    (is_below(g, from, "ou=groups") && !is_below(g, to, "ou=groups")))
		return gate_refuse(g, RULE_IDENTITY_IMMUTABLE, NULL,
		                   "what stands below it would be renamed");
	return RST_OK;
}

/* One hash, and one that a bind can afford (hazard F10). */
static enum rst_err
guard_password(struct gate *g, const struct gate_sides *sides)
{
	enum rule_hash_scheme scheme;
	struct rst_attr passwords;
	struct rst_view value;

	if (sides->after == NULL ||
	    !rst_record_attr(sides->after, RST_A_USERPASSWORD, &passwords))
		return RST_OK;
	if (sides->before != NULL &&
	    gate_same_values(sides->before, sides->after, RST_A_USERPASSWORD))
		return RST_OK;
	if (passwords.count != 1 || !rst_attr_next(&passwords, &value))
		return gate_refuse(g, RULE_HASH_REFUSED, "userPassword",
		                   "exactly one password");
	scheme = rule_hash_scheme(value.ptr, value.len);
	switch (scheme) {
	case RULE_SCHEME_ARGON2ID:
		return RST_OK;
	case RULE_SCHEME_OTHER:
		if (g->import)
			return RST_OK;
		break;
	case RULE_SCHEME_NONE:
		return gate_refuse(g, RULE_HASH_REFUSED, "userPassword",
		                   "clear text is never stored");
	case RULE_SCHEME_REFUSED:
		return gate_refuse(g, RULE_HASH_REFUSED, "userPassword",
		                   "this hash would cost too much to verify");
	}
	return gate_refuse(g, RULE_HASH_REFUSED, "userPassword", NULL);
}

enum rst_err
gate_guard(struct gate *g, const struct gate_sides *sides)
{
	enum rst_err err;

	err = guard_tombstones(g, sides);
	if (err == RST_OK && !g->import)
		err = guard_groups(g, sides);
	if (err == RST_OK && !g->import)
		err = guard_places(g, sides);
	if (err == RST_OK && !g->import)
		err = guard_subtrees(g, sides);
	if (err == RST_OK)
		err = guard_password(g, sides);
	return err;
}

static bool
is_admin_group(const struct rst_record *record)
{
	return record->kind == RST_KIND_GROUP &&
	       (record->flags & RST_REC_ADMIN_GROUP) != 0;
}

bool
gate_grants_administrator(const struct rst_rtxn *txn,
                          const struct rst_record *group)
{
	struct rst_ids above = { 0 };
	struct rst_record record;
	bool grants = is_admin_group(group);

	if (!grants && group->kind == RST_KIND_GROUP && rst_member_nests(txn) &&
	    rst_member_above(txn, group->id, &above, NULL) == RST_OK)
		for (size_t i = 0; !grants && i < above.n; i++)
			grants = rst_record_get(txn, above.items[i], &record) ==
			                 RST_OK &&
			         is_admin_group(&record);
	rst_ids_release(&above);
	return grants;
}

bool
gate_in_administrators(const struct rst_rtxn *txn, uint64_t person)
{
	struct rst_record record;
	uint64_t groups[BATCH], after = 0;
	size_t n = BATCH;

	while (n == BATCH) {
		if (rst_member_of_all(txn, person, after, groups, BATCH, &n) !=
		    RST_OK)
			return false;
		for (size_t i = 0; i < n; i++, after = groups[i - 1])
			if (rst_record_get(txn, groups[i], &record) == RST_OK &&
			    is_admin_group(&record))
				return true;
	}
	return false;
}

bool
act_is_administrator(const struct rst_rtxn *txn, uint64_t person, int64_t now_s)
{
	struct rst_record record;

	return rst_record_get(txn, person, &record) == RST_OK &&
	       rule_state_may_sign_in(act_state(&record, now_s)) &&
	       gate_in_administrators(txn, person);
}

/* What an active administrator is worth to the directory. */
static enum gate_administered
worth_of(const struct rst_record *person)
{
	if (rst_record_first(person, RST_A_ROSTEREXPIRES).len > 0 ||
	    attempt_is_for_ever(
		    rst_record_first(person, RST_A_PWDACCOUNTLOCKEDTIME)))
		return GATE_ADMINISTERED_FOR_NOW;
	return rst_record_first(person, RST_A_USERPASSWORD).len > 0
	               ? GATE_ADMINISTERED_SIGN_IN
	               : GATE_ADMINISTERED_LASTING;
}

/* The best of the group's active members: in it, or in a group that is,
 * further_down deep at most.  A membership that ends counts for now. */
static enum gate_administered
best_member(const struct rst_rtxn *txn, uint64_t group, int64_t now_s,
            unsigned int further_down)
{
	struct rst_member_cursor *cursor = calloc(1, sizeof(*cursor));
	enum gate_administered best = GATE_ADMINISTERED_NOT, one;
	struct rst_record record;
	uint64_t member;

	while (cursor != NULL && best < GATE_ADMINISTERED_SIGN_IN &&
	       rst_member_next_id(txn, group, cursor, &member) == RST_OK) {
		one = GATE_ADMINISTERED_NOT;
		if (rst_record_get(txn, member, &record) != RST_OK)
			continue;
		if (record.kind != RST_KIND_GROUP) {
			if (rule_state_may_sign_in(act_state(&record, now_s)))
				one = worth_of(&record);
		} else if (further_down > 0 && rst_member_nests(txn)) {
			one = best_member(txn, member, now_s, further_down - 1);
		}
		if (one > GATE_ADMINISTERED_FOR_NOW &&
		    rst_member_until(txn, group, member) != 0)
			one = GATE_ADMINISTERED_FOR_NOW;
		if (one > best)
			best = one;
	}
	free(cursor);
	return best;
}

enum gate_administered
gate_administered(const struct rst_rtxn *txn, int64_t now_s)
{
	enum gate_administered best = GATE_ADMINISTERED_NOT, one;
	struct rst_record record;
	uint64_t groups[BATCH], after = 0;
	size_t n = BATCH;

	while (n == BATCH && best < GATE_ADMINISTERED_SIGN_IN) {
		if (rst_index_equal(txn, RST_A_OBJECTCLASS,
		                    RST_VIEW("rosterGroup"), after, groups,
		                    BATCH, &n) != RST_OK)
			return best;
		for (size_t i = 0; i < n; i++, after = groups[i - 1]) {
			if (rst_record_get(txn, groups[i], &record) != RST_OK ||
			    !is_admin_group(&record))
				continue;
			one = best_member(txn, groups[i], now_s,
			                  RST_NEST_DEPTH);
			if (one > best)
				best = one;
		}
	}
	return best;
}

/* Of an administrator: he goes, cannot sign in, or not for long. */
static bool
endangers_person(const struct rst_record *before,
                 const struct rst_record *after, int64_t now_s)
{
	return after == NULL ||
	       !rule_state_may_sign_in(act_state(after, now_s)) ||
	       worth_of(after) < worth_of(before);
}

/* The change takes values off the membership of its entry. */
static bool
drops_members(const struct gate_change *change)
{
	for (size_t i = 0; i < change->n_members; i++)
		switch (change->members[i].verb) {
		case RST_MEMBER_DROP:
		case RST_MEMBER_CLEAR:
		case RST_MEMBER_ENSURE_NOT:
			return true;
		case RST_MEMBER_ADD:
		case RST_MEMBER_ENSURE:
			break;
		}
	return false;
}

bool
gate_endangers_administrators(struct gate *g, const struct gate_change *change,
                              const struct gate_sides *sides)
{
	const struct rst_record *before = sides->before, *after = sides->after;
	int64_t now_s = g->ctx->now_s;

	if (before == NULL)
		return false;
	if (before->kind == RST_KIND_PERSON)
		return endangers_person(before, after, now_s) &&
		       act_is_administrator(&g->txn->r, sides->id, now_s);
	if (!gate_grants_administrator(&g->txn->r, before))
		return false;
	return after == NULL || after->kind != RST_KIND_GROUP ||
	       is_admin_group(after) != is_admin_group(before) ||
	       drops_members(change) ||
	       !gate_same_values(before, after, RST_A_ROSTERMEMBERUNTIL);
}

/* It is named by rosterJoins, and makes an administrator of whoever joins. */
static bool
is_admin_place(const struct gate *g, struct rst_view dn)
{
	char ndn[RST_NORMAL_MAX];
	struct rst_record group;
	uint64_t id;
	size_t len;

	return rst_normalise(RST_MATCH_DN, dn, ndn, &len) == RST_OK &&
	       rst_tree_find(&g->txn->r, rst_view(ndn, len), &id, NULL) ==
	               RST_OK &&
	       rst_record_get(&g->txn->r, id, &group) == RST_OK &&
	       gate_grants_administrator(&g->txn->r, &group);
}

/* A group of rosterJoins does, and was not named there before. */
static bool
promises_administrator(const struct gate *g, const struct rst_record *before,
                       const struct rst_record *after)
{
	struct rst_attr joins;
	struct rst_view dn;

	if (after == NULL ||
	    !rst_record_attr(after, RST_A_ROSTERJOINS, &joins) ||
	    (before != NULL &&
	     gate_same_values(before, after, RST_A_ROSTERJOINS)))
		return false;
	while (rst_attr_next(&joins, &dn))
		if ((before == NULL ||
		     !rst_record_has(&g->txn->r, before, RST_A_ROSTERJOINS,
		                     dn)) &&
		    is_admin_place(g, dn))
			return true;
	return false;
}

bool
gate_is_administrators(const struct gate *g, const struct rst_record *person,
                       uint64_t id)
{
	struct rst_attr joins;
	struct rst_view dn;

	if (gate_in_administrators(&g->txn->r, id))
		return true;
	if (rst_record_attr(person, RST_A_ROSTERJOINS, &joins))
		while (rst_attr_next(&joins, &dn))
			if (is_admin_place(g, dn))
				return true;
	return false;
}

bool
gate_is_trusted(const struct gate *g)
{
	struct rst_record actor;

	if (g->ctx->actor_id == 0 ||
	    rst_record_get(&g->txn->r, g->ctx->actor_id, &actor) != RST_OK ||
	    actor.kind != RST_KIND_PERSON)
		return true;
	return !g->ctx->narrow &&
	       act_is_administrator(&g->txn->r, actor.id, g->ctx->now_s);
}

enum rst_err
gate_may_administrate(struct gate *g, const struct gate_change *change,
                      const struct gate_sides *sides)
{
	const struct rst_record *before = sides->before, *after = sides->after;
	bool was =
		before != NULL && gate_grants_administrator(&g->txn->r, before);
	bool is = after != NULL && gate_grants_administrator(&g->txn->r, after);
	bool promises = promises_administrator(g, before, after);

	if (g->ctx->actor_id == 0 || (!was && !is && !promises))
		return RST_OK;
	/* what else stands in it is the ACLs' business */
	if (was && is && !promises && change->n_members == 0 &&
	    !gate_is_moved(sides) &&
	    gate_same_values(before, after, RST_A_ROSTERMEMBERUNTIL) &&
	    gate_same_values(before, after, RST_A_ROSTERMANAGER))
		return RST_OK;
	if (gate_is_trusted(g))
		return RST_OK;
	return gate_refuse(g, RULE_FORBIDDEN, promises ? "rosterJoins" : NULL,
	                   NULL);
}
