/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate.c - the one gate: complete, decide, write, follow
 *
 *	door -> gate_apply
 *		complete	numbers and defaults of a new person or group
 *		decide		identity, guard: pure rules over both sides
 *		precede		a deletion ends memberships first
 *		write		stamps, record, members, door's check, journal
 *		follow		join, tombstone, sessions, invitations
 *		count		is there still an administrator?
 *
 * Nothing here is undone on a refusal: the door aborts the transaction.
 */
#include <stdarg.h>
#include <stdio.h>

#include "lifecycle/acts.h"
#include "lifecycle/decoy.h"
#include "lifecycle/gate_priv.h"
#include "rules/names.h"
#include "rules/status.h"

_Static_assert((int)RULE_STATUS_NONE == (int)RST_STATUS_NONE &&
                       (int)RULE_STATUS_PENDING == (int)RST_STATUS_PENDING &&
                       (int)RULE_STATUS_ACTIVE == (int)RST_STATUS_ACTIVE &&
                       (int)RULE_STATUS_SUSPENDED ==
                               (int)RST_STATUS_SUSPENDED &&
                       (int)RULE_STATUS_DELETED == (int)RST_STATUS_DELETED,
               "rules/ and store/ number the statuses alike");

enum rst_err
gate_lifecycle_on(const struct rst_rtxn *txn, bool *ret_on)
{
	struct rst_view value;
	uint64_t on;
	enum rst_err err;

	if (!rst_fact_get(txn, RST_FACT_LIFECYCLE, &on)) {
		err = rst_setting_get(txn, "lifecycle", &value);
		if (err != RST_OK && err != RST_ENOTFOUND)
			return err;
		on = err == RST_OK && rst_view_equal(value, RST_VIEW("on"));
		rst_fact_put(txn, RST_FACT_LIFECYCLE, on);
	}
	*ret_on = on != 0;
	return RST_OK;
}

enum rst_err
gate_refuse(struct gate *g, enum rule_verdict verdict, const char *field,
            const char *format, ...)
{
	va_list args;

	g->refusal->verdict = verdict;
	g->refusal->field = field;
	g->refusal->detail.text[0] = '\0';
	if (format != NULL) {
		va_start(args, format);
		(void)vsnprintf(g->refusal->detail.text,
		                sizeof(g->refusal->detail.text), format, args);
		va_end(args);
	}
	return RST_EDENIED;
}

enum rst_err
gate_load(const struct rst_rtxn *txn, uint64_t id, struct rst_entry **ret_entry)
{
	struct rst_record record;
	enum rst_err err;

	err = rst_record_get(txn, id, &record);
	if (err != RST_OK)
		return err;
	return rst_entry_from_record(&record, ret_entry);
}

enum rst_err
gate_load_sides(struct gate *g, struct gate_write *w)
{
	enum rst_err err = gate_load(&g->txn->r, w->id, &w->before);

	return err == RST_OK ? gate_load(&g->txn->r, w->id, &w->after) : err;
}

enum rst_err
gate_write_sides(struct gate *g, struct gate_write *w, enum rst_err err)
{
	if (err == RST_OK)
		err = gate_write(g, w, NULL);
	rst_entry_free(w->before);
	rst_entry_free(w->after);
	return err;
}

bool
gate_is_person(const struct rst_record *record)
{
	return record->kind == RST_KIND_PERSON ||
	       (record->flags & RST_REC_POSIX_ACCOUNT) != 0;
}

bool
gate_is_group(const struct rst_record *record)
{
	return record->kind == RST_KIND_GROUP ||
	       (record->flags & RST_REC_POSIX_GROUP) != 0;
}

bool
gate_same_values(const struct rst_record *a, const struct rst_record *b,
                 uint16_t attr)
{
	struct rst_attr in_a, in_b;
	struct rst_view value_a, value_b;
	bool has_a = rst_record_attr(a, attr, &in_a);
	bool has_b = rst_record_attr(b, attr, &in_b);

	if (!has_a || !has_b)
		return has_a == has_b;
	if (in_a.count != in_b.count)
		return false;
	while (rst_attr_next(&in_a, &value_a) && rst_attr_next(&in_b, &value_b))
		if (!rst_view_equal(value_a, value_b))
			return false;
	return true;
}

bool
gate_is_rdn(const struct rst_record *record, struct rst_view type,
            struct rst_view name)
{
	struct rst_view rdn = record->rdn;

	return rdn.len == type.len + name.len &&
	       rst_view_equal_nocase(rst_view(rdn.ptr, type.len), type) &&
	       rst_view_equal(rst_view(rdn.ptr + type.len, name.len), name);
}

bool
gate_has_class(const struct rst_record *record, struct rst_view name)
{
	struct rst_attr classes;
	struct rst_view value;

	if (!rst_record_attr(record, RST_A_OBJECTCLASS, &classes))
		return false;
	while (rst_attr_next(&classes, &value))
		if (rst_view_equal_nocase(value, name))
			return true;
	return false;
}

/* slapd's overlays keep their books in entries (contextCSN): no rules, no
 * journal, or every book entry would call for the next. */
static enum rst_err
apply_internal(struct rst_wtxn *txn, struct gate_change *change)
{
	switch (change->verb) {
	case GATE_ADD:
		return rst_entry_store_add(txn, change->after);
	case GATE_MODIFY:
		return rst_entry_store_put(txn, change->after);
	case GATE_DELETE:
		return rst_entry_store_drop(txn, change->id);
	}
	return RST_EINVALID;
}

/* A new person or group, or an entry that becomes one, is completed. */
static enum rst_err
complete(struct gate *g, const struct gate_change *change,
         const struct rst_record *before)
{
	struct rst_record after;
	enum rst_err err;

	if (!g->rules || change->verb == GATE_DELETE)
		return RST_OK;
	err = rst_entry_record(change->after, &after);
	if (err != RST_OK)
		return err;
	/* An import is taken as it is; but an account without any status, from
	 * a directory that knows none, was one that worked. */
	if (g->import && after.kind == RST_KIND_PERSON &&
	    rst_record_first(&after, RST_A_ROSTERSTATUS).len == 0)
		return rst_entry_set_one(change->after, RST_A_ROSTERSTATUS,
		                         RST_VIEW("active"));
	if (g->import)
		return RST_OK;
	if (before != NULL && before->kind == after.kind &&
	    gate_is_person(before) == gate_is_person(&after) &&
	    gate_is_group(before) == gate_is_group(&after))
		return g->replica ? RST_OK
		                  : gate_follow_full_name(change->after, before,
		                                          &after);
	return gate_complete(g->txn, g->ctx, change->after, g->refusal);
}

/* What must be proved again after it: status and password. */
static bool
raises_generation(const struct gate_sides *sides)
{
	if (sides->before == NULL || sides->after == NULL)
		return false;
	if (sides->before->kind == RST_KIND_TOKEN)
		return true;
	return sides->before->status != sides->after->status ||
	       !gate_same_values(sides->before, sides->after,
	                         RST_A_USERPASSWORD);
}

/* Both sides as records that stay valid while the gate writes. */
static enum rst_err
take_sides(struct rst_entry *before, struct rst_entry *after,
           struct rst_record records[2], struct gate_sides *ret_sides)
{
	struct gate_sides sides = { 0 };
	enum rst_err err = RST_OK;

	if (before != NULL) {
		err = rst_entry_record(before, &records[0]);
		sides.before = &records[0];
		sides.id = records[0].id;
	}
	if (err == RST_OK && after != NULL) {
		err = rst_entry_record(after, &records[1]);
		sides.after = &records[1];
	}
	if (err == RST_OK)
		*ret_sides = sides;
	return err;
}

static bool
is_setting(const struct gate_sides *sides)
{
	return (sides->before != NULL &&
	        sides->before->kind == RST_KIND_SETTING) ||
	       (sides->after != NULL && sides->after->kind == RST_KIND_SETTING);
}

/* Before the sides are taken: it adds to the after-image. */
static enum rst_err
complete_password(struct gate *g, const struct gate_change *change,
                  struct rst_entry *before)
{
	struct rst_record records[2];
	struct gate_sides sides;
	enum rst_err err;

	if (!g->rules || g->import || change->verb == GATE_DELETE ||
	    (change->flags & GATE_REHASH))
		return RST_OK;
	err = take_sides(before, change->after, records, &sides);
	return err == RST_OK ? gate_password(g, &sides, change->after) : err;
}

/* A cost of hashes comes into use, or goes. */
static enum rst_err
note_cost(struct gate *g, const struct gate_sides *sides)
{
	static const struct rst_view none = { NULL, 0 };

	return decoy_count(
		g->txn,
		sides->before != NULL
			? rst_record_first(sides->before, RST_A_USERPASSWORD)
			: none,
		sides->after != NULL
			? rst_record_first(sides->after, RST_A_USERPASSWORD)
			: none);
}

/* Write the change between its consequences.  after is stamped meanwhile, so
 * its record is taken anew for what follows. */
static enum rst_err
write_and_follow(struct gate *g, struct gate_change *change,
                 struct rst_entry *before, const struct gate_sides *sides,
                 size_t *ret_member_at)
{
	struct gate_write w = {
		.verb = change->verb,
		.flags = change->flags,
		.act = change->act,
		.reason = change->reason,
		.csn = change->csn,
		.id = change->id,
		.before = before,
		.after = change->verb == GATE_DELETE ? NULL : change->after,
		.raise = !(change->flags & GATE_REHASH) &&
		         raises_generation(sides),
		.members = change->members,
		.n_members = change->n_members,
		.verify = change->verify,
		.verify_arg = change->verify_arg,
	};
	struct rst_record records[2];
	struct gate_sides now;
	bool follow = !g->import || (change->flags & GATE_FOLLOW) != 0;
	enum rst_err err = RST_OK;

	if (!g->import && change->verb == GATE_DELETE)
		err = gate_precede(g, sides);
	if (err == RST_OK)
		err = gate_write(g, &w, ret_member_at);
	if (err == RST_OK && g->rules && is_setting(sides))
		err = gate_mirror_settings(g);
	if (err == RST_OK)
		err = take_sides(before, w.after, records, &now);
	if (err == RST_OK)
		err = note_cost(g, &now);
	if (err == RST_OK && g->rules)
		err = gate_note_due(g, &now);
	if (err == RST_OK && g->rules && g->replica)
		err = gate_follow_provider(g, &now);
	if (err != RST_OK || !follow || (change->flags & GATE_REHASH))
		return err;
	if (change->verb == GATE_MODIFY)
		err = gate_follow_name(g, &now);
	if (err == RST_OK && g->rules)
		err = gate_follow(g, &now, w.id);
	return err;
}

/* Whoever says why says it in what the journal and a page can show. */
static enum rst_err
check_reason(struct gate *g, const struct gate_change *change)
{
	enum rule_verdict verdict;

	if (change->reason.len == 0)
		return RST_OK;
	verdict = rule_reason(change->reason.ptr, change->reason.len);
	if (verdict != RULE_OK)
		return gate_refuse(g, verdict, "rosterReason", NULL);
	return RST_OK;
}

/* The entry is still what the actor saw when he decided. */
static enum rst_err
check_expected(struct gate *g, const struct rst_record *before)
{
	struct act_expect *expect = g->ctx->expect;

	if (expect == NULL || expect->met || expect->id != before->id)
		return RST_OK;
	if (!rst_view_equal(rst_record_first(before, RST_A_ENTRYCSN),
	                    expect->csn))
		return gate_refuse(g, RULE_CHANGED, NULL, NULL);
	expect->met = true;
	return RST_OK;
}

/* The rules, each over both sides. */
static enum rst_err
decide(struct gate *g, const struct gate_change *change,
       const struct gate_sides *sides)
{
	static enum rst_err (*const rules[])(struct gate *,
	                                     const struct gate_sides *) = {
		gate_self,   gate_approval, gate_agreement, gate_preset,
		gate_secret, gate_settings, gate_hosts,
	};
	enum rst_err err = RST_OK;

	if (!g->import)
		err = check_reason(g, change);
	if (err == RST_OK)
		err = gate_guard(g, sides);
	if (err == RST_OK)
		err = gate_identity(g, sides);
	if (g->import)
		return err;
	for (size_t i = 0;
	     err == RST_OK && i < sizeof(rules) / sizeof(rules[0]); i++)
		err = rules[i](g, sides);
	if (err == RST_OK)
		err = gate_joins(g, change);
	return err == RST_OK ? gate_may_administrate(g, change, sides) : err;
}

/* What was so of administrators before the change. */
struct watch {
	bool endangered, is_admin; /* some of them; who acts is one */
	bool may_be_none;          /* who is changed must not become one */
	enum gate_administered was;
};

/* His name may be in a group of theirs, that he did not have yet. */
static enum rst_err
may_be_none(struct gate *g, const struct gate_sides *sides, bool *ret_none)
{
	bool trusted, is = false;
	enum rst_err err;

	*ret_none = false;
	if (sides->after == NULL || sides->after->kind != RST_KIND_PERSON ||
	    sides->id == g->ctx->actor_id)
		return RST_OK;
	err = gate_is_trusted(g, &trusted);
	if (err == RST_OK && !trusted && sides->before != NULL)
		err = gate_is_administrators(g, sides->before, sides->id, &is);
	if (err == RST_OK)
		*ret_none = !trusted && !is;
	return err;
}

static enum rst_err
watch_administrators(struct gate *g, const struct gate_change *change,
                     const struct gate_sides *sides, struct watch *watch)
{
	enum rst_err err;

	err = gate_endangers_administrators(g, change, sides,
	                                    &watch->endangered);
	if (err == RST_OK)
		err = may_be_none(g, sides, &watch->may_be_none);
	if (err != RST_OK || !watch->endangered)
		return err;
	err = gate_administered(&g->txn->r, g->ctx->now_s, &watch->was);
	return err == RST_OK
	               ? act_is_administrator(&g->txn->r, g->ctx->actor_id,
	                                      g->ctx->now_s, &watch->is_admin)
	               : err;
}

static enum rst_err
count_administrators(struct gate *g, const struct gate_change *change,
                     const struct watch *watch)
{
	const struct rst_rtxn *txn = &g->txn->r;
	int64_t now_s = g->ctx->now_s;
	enum gate_administered now = watch->was;
	bool is_one = false, is_admin = watch->is_admin;
	enum rst_err err = RST_OK;

	if (watch->may_be_none)
		err = gate_in_administrators(txn, rst_entry_id(change->after),
		                             &is_one);
	if (err == RST_OK && watch->endangered)
		err = gate_administered(txn, now_s, &now);
	if (err == RST_OK && watch->is_admin)
		err = act_is_administrator(txn, g->ctx->actor_id, now_s,
		                           &is_admin);
	if (err != RST_OK)
		return err;
	if (is_one)
		return gate_refuse(g, RULE_FORBIDDEN, NULL, NULL);
	if (now < watch->was)
		return gate_refuse(g, RULE_LAST_ADMIN, NULL, NULL);
	if (is_admin != watch->is_admin)
		return gate_refuse(g, RULE_OWN_RIGHTS, NULL, NULL);
	return RST_OK;
}

enum rst_err
gate_apply(struct rst_wtxn *txn, const struct act_ctx *ctx,
           struct gate_change *change, struct act_refusal *refusal,
           size_t *ret_member_at)
{
	struct gate g = {
		.txn = txn,
		.ctx = ctx,
		.refusal = refusal,
		.import = (change->flags & GATE_IMPORT) != 0,
		.replica = (change->flags & GATE_REPLICA) != 0,
		.recovery = (change->flags & GATE_RECOVERY) != 0,
		.act = change->act,
		.reason = change->reason,
	};
	struct rst_entry *before = NULL;
	struct rst_record records[2];
	struct gate_sides sides = { 0 };
	struct watch watch = { 0 };
	enum rst_err err = RST_OK;

	txn->r.now_s = ctx->now_s; /* one moment for the whole change */
	*refusal = (struct act_refusal){ 0 };
	if (ret_member_at != NULL)
		*ret_member_at = SIZE_MAX;
	if (change->flags & GATE_INTERNAL)
		return apply_internal(txn, change);

	err = gate_lifecycle_on(&txn->r, &g.rules);
	if (err == RST_OK)
		err = gate_check_replica(&g, change->flags);
	if (err == RST_OK && change->verb != GATE_ADD)
		err = gate_load(&txn->r, change->id, &before);
	if (err == RST_OK && before != NULL)
		err = rst_entry_record(before, &records[0]);
	if (err == RST_OK && before != NULL)
		err = check_expected(&g, &records[0]);
	if (err == RST_OK)
		err = complete(&g, change, before != NULL ? &records[0] : NULL);
	if (err == RST_OK)
		err = complete_password(&g, change, before);
	if (err == RST_OK)
		err = take_sides(before,
		                 change->verb == GATE_DELETE ? NULL
		                                             : change->after,
		                 records, &sides);
	if (err == RST_OK && g.rules && !g.replica)
		err = decide(&g, change, &sides);
	if (err == RST_OK && g.rules && !g.import)
		err = watch_administrators(&g, change, &sides, &watch);
	if (err == RST_OK)
		err = write_and_follow(&g, change, before, &sides,
		                       ret_member_at);
	if (err == RST_OK && g.rules && !g.import)
		err = count_administrators(&g, change, &watch);
	rst_entry_free(before);
	return err;
}
