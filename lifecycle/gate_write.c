/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_write.c - one entry's change: stamps, store, members, journal
 *
 * One changed entry has one CSN and one journal record, made here and nowhere
 * else.  A change that slapd's overlays see themselves (GATE_STAMPED) brings
 * its CSN; every other one gets it inside the transaction, above all that
 * were committed.
 */
#include <stdlib.h>

#include "lifecycle/gate_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/replica.h"
#include "store/tree.h"

#define FOREIGN_ID_DEFAULT 15
#define SERVER_ID_MAX      4095
#define ACTOR_NOBODY       "cn=anonymous" /* as slapd writes it */

/*
 * Records that the follower replays carry the server id of the other
 * processes, also when slapd's own process wrote them (consequences).  It is
 * asked for each time: a promotion may change it.
 */
static enum rst_err
server_id(const struct gate *g, unsigned int *ret_id)
{
	struct rst_view value;
	uint64_t id;
	enum rst_err err = rst_setting_get(&g->txn->r, "foreign-id", &value);

	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_id = err == RST_OK && rst_view_number(value, SERVER_ID_MAX, &id)
	                  ? (unsigned int)id
	                  : FOREIGN_ID_DEFAULT;
	return RST_OK;
}

static enum rst_err
next_csn(struct gate *g, char csn[RST_CSN_MAX])
{
	unsigned int id;
	enum rst_err err = server_id(g, &id);

	return err == RST_OK ? rst_csn_next(g->txn, g->ctx->now_s,
	                                    g->ctx->now_us, id, csn)
	                     : err;
}

/* The CSN that the change brings; RST_ENOTFOUND when it brings none. */
static enum rst_err
csn_brought(struct gate *g, struct gate_write *w, char csn[RST_CSN_MAX])
{
	struct rst_view brought = w->csn;
	struct rst_record record;
	enum rst_err err;

	if (w->after != NULL) {
		err = rst_entry_record(w->after, &record);
		if (err != RST_OK)
			return err;
		brought = rst_record_first(&record, RST_A_ENTRYCSN);
	}
	if (brought.len == 0)
		return RST_ENOTFOUND;
	if (!rst_view_copy(brought, csn, RST_CSN_MAX))
		return RST_EINVALID;
	return rst_csn_seen(g->txn, rst_view_of(csn));
}

/* The most special of our own structural classes comes first. */
static enum rst_err
set_structural(struct gate_write *w, const struct rst_record *record)
{
	static const char *const classes[] = {
		"inetOrgPerson",
		"organizationalPerson",
		"person",
		"account",
		"groupOfMembers",
		"groupOfNames",
		"groupOfUniqueNames",
		"rosterInvitation",
		"rosterTombstone",
		"rosterSetting",
		"rosterToken",
		"rosterHost",
		"rosterAgreement",
		"rosterSignature",
		"rosterPreset",
		"organizationalUnit",
		"organization",
		"organizationalRole",
		"applicationProcess",
		"device",
	};

	if (rst_record_first(record, RST_A_STRUCTURALOBJECTCLASS).len > 0)
		return RST_OK;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (gate_has_class(record, rst_view_of(classes[i])))
			return rst_entry_set_one(w->after,
			                         RST_A_STRUCTURALOBJECTCLASS,
			                         rst_view_of(classes[i]));
	return RST_EINVALID;
}

/* What an entry is given once: identity, origin, structural class. */
static enum rst_err
stamp_new(struct gate_write *w, struct rst_view now, struct rst_view actor)
{
	char uuid[LIFECYCLE_UUID_BYTES];
	struct rst_record record;
	bool has_uuid;
	enum rst_err err;

	err = rst_entry_record(w->after, &record);
	if (err != RST_OK)
		return err;
	has_uuid = rst_record_first(&record, RST_A_ENTRYUUID).len > 0;
	err = set_structural(w, &record);
	if (err == RST_OK && !has_uuid) {
		lifecycle_uuid_new(uuid);
		err = rst_entry_set_one(w->after, RST_A_ENTRYUUID,
		                        rst_view_of(uuid));
	}
	if (err == RST_OK)
		err = rst_entry_set_one(w->after, RST_A_CREATETIMESTAMP, now);
	if (err == RST_OK)
		err = rst_entry_set_one(w->after, RST_A_CREATORSNAME, actor);
	return err;
}

static enum rst_err
stamp(struct gate *g, struct gate_write *w, const char *csn)
{
	struct rst_view actor = g->ctx->actor;
	char now[LIFECYCLE_TIME_BYTES];
	enum rst_err err = RST_OK;

	if (actor.len == 0)
		actor = RST_VIEW(ACTOR_NOBODY);
	lifecycle_time_print(g->ctx->now_s, now);
	if (w->verb == GATE_ADD)
		err = stamp_new(w, rst_view_of(now), actor);
	if (err == RST_OK)
		err = rst_entry_set_one(w->after, RST_A_ENTRYCSN,
		                        rst_view_of(csn));
	if (err == RST_OK)
		err = rst_entry_set_one(w->after, RST_A_MODIFYTIMESTAMP,
		                        rst_view_of(now));
	if (err == RST_OK)
		err = rst_entry_set_one(w->after, RST_A_MODIFIERSNAME, actor);
	return err;
}

/* A CSN alone: the other stamps are brought.  An entry from elsewhere may have
 * had an old one, or that of an entry which replicas have dropped since. */
static enum rst_err
make_csn(struct gate *g, struct gate_write *w, char csn[RST_CSN_MAX])
{
	enum rst_err err;

	err = next_csn(g, csn);
	if (err == RST_OK && w->after != NULL)
		err = rst_entry_set_one(w->after, RST_A_ENTRYCSN,
		                        rst_view_of(csn));
	return err;
}

/* The CSN of the change, and the stamps where it does not bring them. */
static enum rst_err
make_stamps(struct gate *g, struct gate_write *w, char csn[RST_CSN_MAX])
{
	enum rst_err err = RST_ENOTFOUND;

	if (w->flags & GATE_UNSEEN)
		return make_csn(g, w, csn);
	if (w->flags & GATE_STAMPED) {
		err = csn_brought(g, w, csn);
		if (err != RST_ENOTFOUND)
			return err;
	}
	err = next_csn(g, csn);
	/* A stamped change without a CSN (lastmod off) stays without. */
	if (err == RST_OK && w->after != NULL && !(w->flags & GATE_STAMPED))
		err = stamp(g, w, csn);
	return err;
}

static enum rst_err
store(struct gate *g, struct gate_write *w)
{
	struct rst_record before;
	enum rst_err err;

	switch (w->verb) {
	case GATE_ADD:
		rst_entry_set_generation(w->after, 1);
		err = rst_entry_store_add(g->txn, w->after);
		if (err == RST_OK)
			w->id = rst_entry_id(w->after);
		return err;
	case GATE_MODIFY:
		err = rst_entry_record(w->before, &before);
		if (err != RST_OK)
			return err;
		rst_entry_set_generation(w->after, before.generation +
		                                           (w->raise ? 1 : 0));
		return rst_entry_store_put(g->txn, w->after);
	case GATE_DELETE:
		return rst_entry_store_drop(g->txn, w->id);
	}
	return RST_EINVALID;
}

static enum rst_err
store_members(struct gate *g, struct gate_write *w,
              struct rst_member_deltas *deltas, size_t *ret_member_at)
{
	enum rst_err err = RST_OK;

	if (w->n_members > 0) {
		size_t at = SIZE_MAX;

		err = (g->replica ? rst_member_apply_listed : rst_member_apply)(
			g->txn, w->id, w->members, w->n_members, deltas, &at);
		if (err != RST_OK && ret_member_at != NULL)
			*ret_member_at = at;
	}
	if (err == RST_OK && w->join != 0)
		err = rst_member_join(g->txn, w->id, w->join, deltas);
	if (err == RST_OK && w->leave != 0)
		err = rst_member_leave(g->txn, w->id, w->leave, deltas);
	return err;
}

/* Add, modify, rename or delete: a changed place is a rename. */
static enum rst_journal_op
journal_op(const struct gate_write *w)
{
	switch (w->verb) {
	case GATE_ADD:
		return RST_J_ADD;
	case GATE_DELETE:
		return RST_J_DELETE;
	case GATE_MODIFY:
		break;
	}
	if (rst_entry_parent(w->before) != rst_entry_parent(w->after) ||
	    !rst_view_equal(rst_entry_rdn(w->before), rst_entry_rdn(w->after)))
		return RST_J_RENAME;
	return RST_J_MODIFY;
}

static enum rst_err
journal(struct gate *g, struct gate_write *w, const char *csn,
        struct rst_view old_dn, const struct rst_member_deltas *deltas)
{
	struct rst_record before, after;
	char dn[RST_DN_MAX];
	size_t dn_len = 0;
	struct rst_journal_entry entry = {
		.op = journal_op(w),
		.door = g->ctx->door,
		.replicated = (w->flags & (GATE_STAMPED | GATE_UNSEEN)) ==
		              GATE_STAMPED,
		.act = w->act,
		.actor = g->ctx->actor,
		.address = g->ctx->address,
		.reason = w->reason,
		.csn = rst_view_of(csn),
		.time_s = g->ctx->now_s,
		.time_us = g->ctx->now_us,
		.id = w->id,
		.dn = old_dn,
		.deltas = deltas->n > 0 ? deltas : NULL,
		.moved = w->moved,
	};
	enum rst_err err = RST_OK;

	if (w->before != NULL) {
		err = rst_entry_record(w->before, &before);
		entry.before = &before;
	}
	if (err == RST_OK && w->after != NULL) {
		err = rst_entry_record(w->after, &after);
		entry.after = &after;
	}
	if (err == RST_OK &&
	    (entry.op == RST_J_ADD || entry.op == RST_J_RENAME)) {
		err = rst_tree_dn(&g->txn->r, w->id, dn, sizeof(dn), &dn_len);
		entry.dn = rst_view(dn, dn_len);
	}
	if (err == RST_OK && entry.op == RST_J_RENAME)
		entry.old_dn = old_dn;
	if (err == RST_OK)
		err = rst_journal_append(g->txn, &entry, NULL);
	return err;
}

/* Move the rows of group from one list into another, which is empty. */
static enum rst_err
take_rows(struct rst_member_deltas *from, uint64_t group,
          struct rst_member_deltas *to)
{
	size_t left = 0;

	if (from->n == 0)
		return RST_OK;
	to->items = calloc(from->n, sizeof(*to->items));
	if (to->items == NULL)
		return RST_ENOMEM;
	to->room = from->n;
	for (size_t i = 0; i < from->n; i++)
		if (from->items[i].group == group)
			to->items[to->n++] = from->items[i];
		else
			from->items[left++] = from->items[i];
	from->n = left;
	return RST_OK;
}

/* Store the entry; its own rows that followed go to deltas, those of other
 * groups to others. */
static enum rst_err
store_and_note(struct gate *g, struct gate_write *w,
               struct rst_member_deltas *deltas,
               struct rst_member_deltas *others)
{
	enum rst_err err;

	if (!(w->flags & GATE_BULK))
		g->txn->followed = others;
	err = store(g, w);
	g->txn->followed = NULL;
	if (err != RST_OK)
		return err;
	if (w->followed != NULL) {
		*deltas = *w->followed;
		*w->followed = (struct rst_member_deltas){ 0 };
		return RST_OK;
	}
	return take_rows(others, w->id, deltas);
}

/* Groups that named the entry before it was there, or by another name, have
 * other values now: each is a changed entry.  An import brings its groups
 * itself, and a stamp of ours would be later than what it brings. */
static enum rst_err
follow_groups(struct gate *g, const struct gate_write *done,
              struct rst_member_deltas *others)
{
	bool alone = g->import && (done->flags & GATE_UNSEEN) == 0;
	struct rst_member_deltas rows = { 0 };
	enum rst_err err = RST_OK;

	while (err == RST_OK && others->n > 0 && !alone) {
		struct gate_write w = {
			.verb = GATE_MODIFY,
			.act = RST_VIEW("follow-member"),
			.id = others->items[0].group,
			.followed = &rows,
		};

		err = take_rows(others, w.id, &rows);
		if (err == RST_OK)
			err = gate_load_sides(g, &w);
		err = gate_write_sides(g, &w, err);
		rst_member_deltas_release(&rows);
	}
	return err;
}

/* slapadd and its like may: who restores a replica knows. */
enum rst_err
gate_check_replica(struct gate *g, unsigned int flags)
{
	char url[REPLICA_URL_MAX + 1];
	bool is;
	enum rst_err err = replica_is(&g->txn->r, &is);

	if (err != RST_OK)
		return err;
	if (flags & GATE_REPLICA)
		return is ? RST_OK : RST_EBUSY;
	if (!is || (flags & (GATE_BULK | GATE_FOLLOW)))
		return RST_OK;
	err = replica_provider(&g->txn->r, url);
	if (err != RST_OK)
		return err;
	return gate_refuse(g, RULE_READ_ONLY_REPLICA, NULL, "%s", url);
}

enum rst_err
gate_write(struct gate *g, struct gate_write *w, size_t *ret_member_at)
{
	struct rst_member_deltas deltas = { 0 }, others = { 0 };
	struct rst_ids ended = { 0 };
	char old_dn[RST_DN_MAX], csn[RST_CSN_MAX];
	size_t old_len = 0;
	enum rst_err err;

	err = gate_check_replica(g, w->flags);
	if (err == RST_OK && w->verb != GATE_ADD && !(w->flags & GATE_BULK))
		err = rst_tree_dn(&g->txn->r, w->id, old_dn, sizeof(old_dn),
		                  &old_len);
	if (err == RST_OK)
		err = gate_until_begin(g, w, &ended);
	if (err == RST_OK)
		err = make_stamps(g, w, csn);
	if (err == RST_OK)
		err = store_and_note(g, w, &deltas, &others);
	if (err == RST_OK)
		err = gate_until_drop(g, w->id, &ended, &deltas);
	if (err == RST_OK)
		err = store_members(g, w, &deltas, ret_member_at);
	if (err == RST_OK)
		err = gate_until_settle(g, w);
	if (err == RST_OK)
		err = gate_nesting(g, w);
	if (err == RST_OK && w->verify != NULL)
		err = w->verify(w->verify_arg, g->txn, w->id);
	if (err == RST_OK && !(w->flags & GATE_BULK))
		err = journal(g, w, csn, rst_view(old_dn, old_len), &deltas);
	if (err == RST_OK)
		err = follow_groups(g, w, &others);
	rst_member_deltas_release(&deltas);
	rst_member_deltas_release(&others);
	rst_ids_release(&ended);
	return err;
}
