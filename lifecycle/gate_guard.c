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
	enum rst_err err;

	if (!gate_is_moved(sides) || sides->before->kind == RST_KIND_PERSON)
		return RST_OK;
	for (place = lifecycle_skeleton; *place != NULL; place++) {
		err = lifecycle_place(&g->txn->r, *place, &id);
		if (err == RST_OK && id == sides->id)
			return gate_refuse(g, RULE_IDENTITY_IMMUTABLE, NULL,
			                   "%s is a fixed place", *place);
		if (err != RST_OK && err != RST_ENOTFOUND)
			return err;
	}
	return RST_OK;
}

static enum rst_err
is_below(const struct gate *g, uint64_t id, const char *place, bool *ret_below)
{
	uint64_t top;
	enum rst_err err = lifecycle_place(&g->txn->r, place, &top);

	if (err == RST_OK)
		return rst_tree_below(&g->txn->r, id, top, ret_below);
	*ret_below = false;
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* A subtree takes the DNs of all that stands there with it: within ou=people
 * it does not move, nor out of ou=groups. */
static enum rst_err
guard_subtrees(struct gate *g, const struct gate_sides *sides)
{
	bool children, of_people, of_groups = false, stays = false;
	uint64_t from, to;
	enum rst_err err;

	if (!gate_is_moved(sides))
		return RST_OK;
	err = rst_tree_has_children(&g->txn->r, sides->id, &children);
	if (err != RST_OK || !children)
		return err;
	from = sides->before->parent;
	to = sides->after->parent;
	err = is_below(g, from, "ou=people", &of_people);
	if (err == RST_OK)
		err = is_below(g, from, "ou=groups", &of_groups);
	if (err == RST_OK)
		err = is_below(g, to, "ou=groups", &stays);
	if (err != RST_OK)
		return err;
	if (of_people || (of_groups && !stays))
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

enum rst_err
gate_grants_administrator(const struct rst_rtxn *txn,
                          const struct rst_record *group, bool *ret_grants)
{
	struct rst_ids above = { 0 };
	struct rst_record record;
	bool grants = is_admin_group(group), nests = false;
	enum rst_err err = RST_OK;

	if (!grants && group->kind == RST_KIND_GROUP)
		err = rst_member_nests(txn, &nests);
	if (err == RST_OK && nests)
		err = rst_member_above(txn, group->id, &above, NULL);
	for (size_t i = 0; err == RST_OK && !grants && i < above.n; i++) {
		err = rst_record_get(txn, above.items[i], &record);
		grants = err == RST_OK && is_admin_group(&record);
		if (err == RST_ENOTFOUND)
			err = RST_OK;
	}
	rst_ids_release(&above);
	if (err == RST_OK)
		*ret_grants = grants;
	return err;
}

enum rst_err
gate_in_administrators(const struct rst_rtxn *txn, uint64_t person,
                       bool *ret_in)
{
	struct rst_record record;
	uint64_t groups[BATCH], after = 0;
	size_t n = BATCH;
	bool in = false;
	enum rst_err err = RST_OK;

	while (err == RST_OK && !in && n == BATCH) {
		err = rst_member_of_all(txn, person, after, groups, BATCH, &n);
		for (size_t i = 0; err == RST_OK && !in && i < n; i++) {
			after = groups[i];
			err = rst_record_get(txn, after, &record);
			in = err == RST_OK && is_admin_group(&record);
			if (err == RST_ENOTFOUND)
				err = RST_OK;
		}
	}
	if (err == RST_OK)
		*ret_in = in;
	return err;
}

enum rst_err
act_is_administrator(const struct rst_rtxn *txn, uint64_t person, int64_t now_s,
                     bool *ret_is)
{
	struct rst_record record;
	enum rst_err err = rst_record_get(txn, person, &record);

	if (err == RST_OK && rule_state_may_sign_in(act_state(&record, now_s)))
		return gate_in_administrators(txn, person, ret_is);
	if (err == RST_OK || err == RST_ENOTFOUND) {
		*ret_is = false;
		return RST_OK;
	}
	return err;
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

static enum rst_err best_member(const struct rst_rtxn *txn, uint64_t group,
                                int64_t now_s, unsigned int further_down,
                                enum gate_administered *ret_best);

/* What one member is worth to group, whose groups go further_down deep at
 * most.  A membership that ends counts for now. */
static enum rst_err
member_worth(const struct rst_rtxn *txn, uint64_t group, uint64_t member,
             int64_t now_s, unsigned int further_down,
             enum gate_administered *ret_worth)
{
	enum gate_administered worth = GATE_ADMINISTERED_NOT;
	struct rst_record record;
	bool nests = false;
	int64_t until_s = 0;
	enum rst_err err = rst_record_get(txn, member, &record);

	if (err == RST_OK && record.kind == RST_KIND_GROUP) {
		err = rst_member_nests(txn, &nests);
		if (err == RST_OK && nests && further_down > 0)
			err = best_member(txn, member, now_s, further_down - 1,
			                  &worth);
	} else if (err == RST_OK &&
	           rule_state_may_sign_in(act_state(&record, now_s))) {
		worth = worth_of(&record);
	}
	if (err == RST_OK && worth > GATE_ADMINISTERED_FOR_NOW)
		err = rst_member_until(txn, group, member, &until_s);
	if (until_s != 0)
		worth = GATE_ADMINISTERED_FOR_NOW;
	if (err == RST_OK || err == RST_ENOTFOUND) {
		*ret_worth = worth;
		return RST_OK;
	}
	return err;
}

/* The best of the group's active members: in it, or in a group that is. */
static enum rst_err
best_member(const struct rst_rtxn *txn, uint64_t group, int64_t now_s,
            unsigned int further_down, enum gate_administered *ret_best)
{
	struct rst_member_cursor *cursor = calloc(1, sizeof(*cursor));
	enum gate_administered best = GATE_ADMINISTERED_NOT, one;
	uint64_t member;
	enum rst_err err = cursor != NULL ? RST_OK : RST_ENOMEM;

	while (err == RST_OK && best < GATE_ADMINISTERED_SIGN_IN) {
		err = rst_member_next_id(txn, group, cursor, &member);
		if (err == RST_OK)
			err = member_worth(txn, group, member, now_s,
			                   further_down, &one);
		if (err == RST_OK && one > best)
			best = one;
	}
	free(cursor);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_best = best;
	return RST_OK;
}

enum rst_err
gate_administered(const struct rst_rtxn *txn, int64_t now_s,
                  enum gate_administered *ret_best)
{
	enum gate_administered best = GATE_ADMINISTERED_NOT, one;
	struct rst_record record;
	uint64_t groups[BATCH], after = 0;
	size_t n = BATCH;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH &&
	       best < GATE_ADMINISTERED_SIGN_IN) {
		err = rst_index_equal(txn, RST_A_OBJECTCLASS,
		                      RST_VIEW("rosterGroup"), after, groups,
		                      BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			after = groups[i];
			one = GATE_ADMINISTERED_NOT;
			err = rst_record_get(txn, after, &record);
			if (err == RST_OK && is_admin_group(&record))
				err = best_member(txn, after, now_s,
				                  RST_NEST_DEPTH, &one);
			err = err == RST_ENOTFOUND ? RST_OK : err;
			if (one > best)
				best = one;
		}
	}
	if (err == RST_OK)
		*ret_best = best;
	return err;
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

enum rst_err
gate_endangers_administrators(struct gate *g, const struct gate_change *change,
                              const struct gate_sides *sides,
                              bool *ret_endangers)
{
	const struct rst_record *before = sides->before, *after = sides->after;
	int64_t now_s = g->ctx->now_s;
	bool grants = false;
	enum rst_err err = RST_OK;

	*ret_endangers = false;
	if (before == NULL)
		return RST_OK;
	if (before->kind == RST_KIND_PERSON)
		return endangers_person(before, after, now_s)
		               ? act_is_administrator(&g->txn->r, sides->id,
		                                      now_s, ret_endangers)
		               : RST_OK;
	err = gate_grants_administrator(&g->txn->r, before, &grants);
	if (err != RST_OK || !grants)
		return err;
	*ret_endangers =
		after == NULL || after->kind != RST_KIND_GROUP ||
		is_admin_group(after) != is_admin_group(before) ||
		drops_members(change) ||
		!gate_same_values(before, after, RST_A_ROSTERMEMBERUNTIL);
	return RST_OK;
}

/* It is named by rosterJoins, and makes an administrator of whoever joins. */
static enum rst_err
is_admin_place(const struct gate *g, struct rst_view dn, bool *ret_is)
{
	char ndn[RST_NORMAL_MAX];
	struct rst_record group;
	uint64_t id;
	size_t len;
	enum rst_err err;

	err = rst_normalise(RST_MATCH_DN, dn, ndn, &len);
	if (err == RST_OK)
		err = rst_tree_find(&g->txn->r, rst_view(ndn, len), &id, NULL);
	if (err == RST_OK)
		err = rst_record_get(&g->txn->r, id, &group);
	if (err == RST_OK)
		return gate_grants_administrator(&g->txn->r, &group, ret_is);
	*ret_is = false;
	return err == RST_ENOTFOUND || err == RST_EINVALID ? RST_OK : err;
}

/* A group of rosterJoins does, and was not named there before. */
static enum rst_err
promises_administrator(const struct gate *g, const struct rst_record *before,
                       const struct rst_record *after, bool *ret_promises)
{
	struct rst_attr joins;
	struct rst_view dn;
	enum rst_err err = RST_OK;

	*ret_promises = false;
	if (after == NULL ||
	    !rst_record_attr(after, RST_A_ROSTERJOINS, &joins) ||
	    (before != NULL &&
	     gate_same_values(before, after, RST_A_ROSTERJOINS)))
		return RST_OK;
	while (err == RST_OK && !*ret_promises && rst_attr_next(&joins, &dn))
		if (before == NULL ||
		    !rst_record_has(&g->txn->r, before, RST_A_ROSTERJOINS, dn))
			err = is_admin_place(g, dn, ret_promises);
	return err;
}

enum rst_err
gate_is_administrators(const struct gate *g, const struct rst_record *person,
                       uint64_t id, bool *ret_is)
{
	struct rst_attr joins;
	struct rst_view dn;
	enum rst_err err;

	err = gate_in_administrators(&g->txn->r, id, ret_is);
	if (err != RST_OK || *ret_is ||
	    !rst_record_attr(person, RST_A_ROSTERJOINS, &joins))
		return err;
	while (err == RST_OK && !*ret_is && rst_attr_next(&joins, &dn))
		err = is_admin_place(g, dn, ret_is);
	return err;
}

enum rst_err
gate_is_trusted(const struct gate *g, bool *ret_trusted)
{
	struct rst_record actor;
	enum rst_err err = RST_ENOTFOUND;

	if (g->ctx->actor_id != 0)
		err = rst_record_get(&g->txn->r, g->ctx->actor_id, &actor);
	if (err == RST_ENOTFOUND ||
	    (err == RST_OK && actor.kind != RST_KIND_PERSON)) {
		*ret_trusted = true;
		return RST_OK;
	}
	*ret_trusted = false;
	return err != RST_OK || g->ctx->narrow
	               ? err
	               : act_is_administrator(&g->txn->r, actor.id,
	                                      g->ctx->now_s, ret_trusted);
}

/* The group grants administrators' rights: before, after the change; or what
 * it will make of somebody does. */
struct rights {
	bool was, is, promises;
};

static enum rst_err
find_rights(struct gate *g, const struct gate_sides *sides,
            struct rights *rights)
{
	const struct rst_record *before = sides->before, *after = sides->after;
	enum rst_err err = RST_OK;

	*rights = (struct rights){ .was = false };
	if (before != NULL)
		err = gate_grants_administrator(&g->txn->r, before,
		                                &rights->was);
	if (err == RST_OK && after != NULL)
		err = gate_grants_administrator(&g->txn->r, after, &rights->is);
	return err == RST_OK ? promises_administrator(g, before, after,
	                                              &rights->promises)
	                     : err;
}

enum rst_err
gate_may_administrate(struct gate *g, const struct gate_change *change,
                      const struct gate_sides *sides)
{
	const struct rst_record *before = sides->before, *after = sides->after;
	struct rights rights;
	bool trusted;
	enum rst_err err;

	if (g->ctx->actor_id == 0)
		return RST_OK;
	err = find_rights(g, sides, &rights);
	if (err != RST_OK || (!rights.was && !rights.is && !rights.promises))
		return err;
	/* what else stands in it is the ACLs' business */
	if (rights.was && rights.is && !rights.promises &&
	    change->n_members == 0 && !gate_is_moved(sides) &&
	    gate_same_values(before, after, RST_A_ROSTERMEMBERUNTIL) &&
	    gate_same_values(before, after, RST_A_ROSTERMANAGER))
		return RST_OK;
	err = gate_is_trusted(g, &trusted);
	if (err != RST_OK || trusted)
		return err;
	return gate_refuse(g, RULE_FORBIDDEN,
	                   rights.promises ? "rosterJoins" : NULL, NULL);
}
