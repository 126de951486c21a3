/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_status.c - what an account's move from status to status brings along
 *
 *	to suspended	leaves the groups of administrators: rights that were
 *			taken are given again, they do not come back
 *	to deleted	leaves every group; rosterJoins keeps which, and
 *			rosterFormerStatus what the account was
 *	made pending	is in no group, for groups are seen by containers that
 *			do not see it; rosterJoins keeps what named it before
 *	to active	joins the groups of rosterJoins: of an invitation that
 *			needed approval, or of a restored account; who was
 *			pending joins everybody's group, and is told by mail
 *	restored to	joins those of them that are not administrators'
 *	suspended
 *	every move	rosterStatusSince and rosterStatusBy
 */
#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/letter.h"
#include "lifecycle/moment.h"
#include "store/tree.h"

#define BATCH 64 /* ids taken from the store at a time */

enum rule_state
act_state(const struct rst_record *record, int64_t now_s)
{
	int64_t starts_s = 0, expires_s = RULE_NEVER;

	if (record->kind != RST_KIND_PERSON)
		return RULE_STATE_NONE;
	(void)lifecycle_time_parse(rst_record_first(record, RST_A_ROSTERSTARTS),
	                           &starts_s);
	(void)lifecycle_time_parse(
		rst_record_first(record, RST_A_ROSTEREXPIRES), &expires_s);
	return rule_state((enum rule_status)record->status, starts_s, expires_s,
	                  now_s);
}

/* He is in it himself, and it is one of those. */
static enum rst_err
leaves_group(struct gate *g, const struct rst_record *group, uint64_t person,
             enum gate_leave which, bool *ret_leaves)
{
	bool is;
	enum rst_err err = rst_member_is(&g->txn->r, group->id, person, &is);

	if (err != RST_OK)
		return err;
	if (is && which == GATE_LEAVE_ADMINISTRATORS)
		return gate_grants_administrator(&g->txn->r, group, ret_leaves);
	*ret_leaves = is;
	return RST_OK;
}

/* The ids are copied out first: a write ends the walk. */
enum rst_err
gate_leave_groups(struct gate *g, uint64_t person, enum gate_leave which)
{
	struct rst_record record;
	uint64_t groups[BATCH], after = 0;
	size_t n = BATCH;
	bool leaves;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH) {
		err = rst_member_of(&g->txn->r, person, after, groups, BATCH,
		                    &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			after = groups[i];
			err = rst_record_get(&g->txn->r, after, &record);
			leaves = false;
			if (err == RST_OK && record.kind == RST_KIND_GROUP)
				err = leaves_group(g, &record, person, which,
				                   &leaves);
			if (err == RST_OK && leaves)
				err = gate_membership(g, after, person, false,
				                      0);
		}
	}
	return err;
}

/* When the membership in the group dn was to end, that person had before the
 * bin; 0 for never. */
static int64_t
until_of(const struct rst_record *person, struct rst_view dn)
{
	struct rst_attr untils;
	struct rst_view value, group;
	int64_t until_s;

	if (!rst_record_attr(person, RST_A_ROSTERMEMBERUNTIL, &untils))
		return 0;
	while (rst_attr_next(&untils, &value))
		if (rst_until_parse(value, &until_s, &group) &&
		    rst_view_equal(group, dn))
			return until_s;
	return 0;
}

/* Join group, unless it makes an administrator of somebody who may be none, or
 * the membership would have ended meanwhile. */
static enum rst_err
join_one(struct gate *g, uint64_t group, uint64_t person, bool administrators,
         int64_t until_s)
{
	struct rst_record record;
	bool spared = false, is = false;
	enum rst_err err;

	err = rst_record_get(&g->txn->r, group, &record);
	if (err != RST_OK || record.kind != RST_KIND_GROUP ||
	    (until_s != 0 && until_s <= g->ctx->now_s))
		return err;
	if (!administrators)
		err = gate_grants_administrator(&g->txn->r, &record, &spared);
	if (err == RST_OK)
		err = rst_member_is(&g->txn->r, group, person, &is);
	if (err != RST_OK || spared || is)
		return err;
	return gate_membership(g, group, person, true, until_s);
}

static enum rst_err
join_groups(struct gate *g, const struct rst_record *record, uint64_t person,
            bool administrators)
{
	char ndn[RST_NORMAL_MAX];
	struct rst_attr joins;
	struct rst_view dn;
	uint64_t group;
	size_t len;
	enum rst_err err = RST_OK;

	if (!rst_record_attr(record, RST_A_ROSTERJOINS, &joins))
		return RST_OK;
	while (err == RST_OK && rst_attr_next(&joins, &dn)) {
		err = rst_normalise(RST_MATCH_DN, dn, ndn, &len);
		if (err == RST_OK)
			err = rst_tree_find(&g->txn->r, rst_view(ndn, len),
			                    &group, NULL);
		if (err == RST_OK)
			err = join_one(g, group, person, administrators,
			               until_of(record, dn));
		if (err == RST_ENOTFOUND)
			err = RST_OK; /* a group that is gone since */
	}
	return err;
}

/* The groups that person is in are those that it will join. */
static enum rst_err
add_joins(struct gate *g, uint64_t person, struct rst_entry *entry)
{
	struct rst_record record;
	uint64_t groups[BATCH], after = 0;
	char dn[RST_DN_MAX];
	size_t len, n = BATCH;
	int64_t until_s;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH) {
		err = rst_member_of(&g->txn->r, person, after, groups, BATCH,
		                    &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			after = groups[i];
			err = rst_record_get(&g->txn->r, after, &record);
			if (err != RST_OK || record.kind != RST_KIND_GROUP)
				continue;
			err = rst_tree_dn(&g->txn->r, after, dn, sizeof(dn),
			                  &len);
			if (err == RST_OK)
				err = rst_entry_add(entry, RST_A_ROSTERJOINS,
				                    rst_view(dn, len));
			if (err == RST_OK)
				err = rst_member_until(&g->txn->r, after,
				                       person, &until_s);
			if (err == RST_OK && until_s != 0)
				err = gate_until_add(g, entry, after, until_s);
		}
	}
	return err;
}

/* The groups that a restored account will join again. */
static enum rst_err
set_joins(struct gate *g, uint64_t person, struct rst_entry *entry)
{
	enum rst_err err;

	err = rst_entry_set(entry, RST_A_ROSTERJOINS, NULL, 0);
	if (err == RST_OK)
		err = rst_entry_set(entry, RST_A_ROSTERMEMBERUNTIL, NULL, 0);
	return err == RST_OK ? add_joins(g, person, entry) : err;
}

static enum rst_err
find_member(const struct rst_rtxn *txn, const struct rst_member_op *op,
            uint64_t *ret_id)
{
	return op->attr == RST_A_MEMBERUID
	               ? act_find_person(txn, op->nvalue, ret_id)
	               : rst_tree_find(txn, op->nvalue, ret_id, NULL);
}

enum rst_err
gate_joins(struct gate *g, const struct gate_change *change)
{
	const struct rst_member_op *op;
	struct rst_record member;
	uint64_t id;
	enum rst_err err;

	for (size_t i = 0; i < change->n_members; i++) {
		op = &change->members[i];
		if (op->verb != RST_MEMBER_ADD && op->verb != RST_MEMBER_ENSURE)
			continue;
		err = find_member(&g->txn->r, op, &id);
		if (err == RST_OK)
			err = rst_record_get(&g->txn->r, id, &member);
		if (err == RST_ENOTFOUND || err == RST_EINVALID)
			continue; /* a name of nobody yet */
		if (err != RST_OK)
			return err;
		if (member.kind == RST_KIND_PERSON &&
		    (member.status == RST_STATUS_PENDING ||
		     member.status == RST_STATUS_DELETED))
			return gate_refuse(g, RULE_ACCOUNT_INACTIVE, "member",
			                   NULL);
	}
	return RST_OK;
}

/* A group may name somebody before there is such a person. */
enum rst_err
gate_hold_groups(struct gate *g, uint64_t person)
{
	struct gate_write w = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("promise-groups"),
		.id = person,
	};
	uint64_t group;
	size_t n;
	enum rst_err err;

	err = rst_member_of(&g->txn->r, person, 0, &group, 1, &n);
	if (err != RST_OK || n == 0)
		return err;
	err = gate_load_sides(g, &w);
	if (err == RST_OK)
		err = add_joins(g, person, w.after);
	err = gate_write_sides(g, &w, err);
	return err == RST_OK ? gate_leave_groups(g, person, GATE_LEAVE_ALL)
	                     : err;
}

static enum rst_err
set_facts(struct gate *g, const struct gate_sides *sides,
          struct rst_entry *entry)
{
	enum rst_status from = sides->before->status;
	char now[LIFECYCLE_TIME_BYTES];
	struct rst_view by = g->ctx->actor;
	enum rst_err err;

	lifecycle_time_print(g->ctx->now_s, now);
	err = rst_entry_set_one(entry, RST_A_ROSTERSTATUSSINCE,
	                        rst_view_of(now));
	if (err == RST_OK)
		err = rst_entry_set(entry, RST_A_ROSTERSTATUSBY, &by,
		                    by.len > 0 ? 1 : 0);
	if (err != RST_OK)
		return err;
	switch (sides->after->status) {
	case RST_STATUS_DELETED:
		err = rst_entry_set_one(entry, RST_A_ROSTERFORMERSTATUS,
		                        rst_view_of(rst_status_word(from)));
		return err == RST_OK ? set_joins(g, sides->id, entry) : err;
	case RST_STATUS_ACTIVE:
	case RST_STATUS_SUSPENDED:
		err = rst_entry_set(entry, RST_A_ROSTERFORMERSTATUS, NULL, 0);
		if (err == RST_OK)
			err = rst_entry_set(entry, RST_A_ROSTERJOINS, NULL, 0);
		if (err == RST_OK)
			err = rst_entry_set(entry, RST_A_ROSTERMEMBERUNTIL,
			                    NULL, 0);
		return err;
	case RST_STATUS_NONE:
	case RST_STATUS_PENDING:
		break;
	}
	return RST_OK;
}

/* A write of its own: what brought the move (a modify that slapd's overlays
 * have seen) stays what its door was asked for. */
static enum rst_err
note(struct gate *g, const struct gate_sides *sides)
{
	struct gate_write w = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("note-status"),
		.id = sides->id,
	};
	bool owes = false;
	enum rst_err err = RST_OK;

	if (sides->before->status == RST_STATUS_PENDING &&
	    sides->after->status == RST_STATUS_ACTIVE)
		err = act_owes_signature(&g->txn->r, sides->after, RULE_NEVER,
		                         &owes);
	/* An administrator may; signing everything is the other way. */
	if (owes)
		w.act = RST_VIEW("skip-agreements");
	if (err == RST_OK)
		err = gate_load_sides(g, &w);
	if (err == RST_OK)
		err = set_facts(g, sides, w.after);
	return gate_write_sides(g, &w, err);
}

/* What others join when they are made. */
static enum rst_err
enter(struct gate *g, const struct gate_sides *sides)
{
	enum rst_err err = gate_join_everybody(g, sides->id);

	return err == RST_OK
	               ? gate_join_private_group(g, sides->after, sides->id)
	               : err;
}

enum rst_err
gate_follow_status(struct gate *g, const struct gate_sides *sides)
{
	const struct letter_news approved = { .template = "approved",
		                              .page = "login",
		                              .reason = g->reason };
	enum rst_status to = sides->after->status;
	enum rst_err err = RST_OK;

	if (to == sides->before->status)
		return RST_OK;
	if (sides->before->status == RST_STATUS_PENDING)
		err = enter(g, sides);
	if (err == RST_OK && (to == RST_STATUS_ACTIVE ||
	                      sides->before->status == RST_STATUS_DELETED))
		err = join_groups(g, sides->after, sides->id,
		                  to == RST_STATUS_ACTIVE);
	if (err == RST_OK)
		err = note(g, sides);
	if (err == RST_OK && to == RST_STATUS_ACTIVE &&
	    sides->before->status == RST_STATUS_PENDING)
		err = letter_tell(g->txn, g->ctx, sides->after, &approved);
	if (err == RST_OK &&
	    (to == RST_STATUS_SUSPENDED || to == RST_STATUS_DELETED))
		err = gate_leave_groups(g, sides->id,
		                        to == RST_STATUS_SUSPENDED
		                                ? GATE_LEAVE_ADMINISTRATORS
		                                : GATE_LEAVE_ALL);
	return err;
}
