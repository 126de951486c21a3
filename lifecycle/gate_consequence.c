/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_consequence.c - what follows from a change, in the same transaction
 *
 *	a person appears	joins ldapusers, and perhaps a private group
 *	loses access		sessions and tokens end, open invitations
 *				and links he made are revoked
 *	has another status	gate_status.c
 *	gets a password		sessions and reset links end; it is not locked
 *				any more; who had another is told by mail
 *	is rejected		is told by mail, at an address that was proved
 *	is deleted		a tombstone; manages no group any more
 *	a group is deleted	a tombstone
 *	an entry is deleted	leaves every rosterGroup first
 *	an entry appears	groups that named it have it (gate_write.c)
 *
 * The last two hold without the lifecycle too: they are the relation's.
 *
 * Each changed entry is a write of its own, with its own CSN and journal
 * record: no overlay saw it happen, so the follower replays it.
 */
#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/letter.h"
#include "lifecycle/moment.h"
#include "lifecycle/setting.h"
#include "store/index.h"
#include "store/session.h"
#include "store/tree.h"

#define BATCH 64 /* ids taken from the store at a time */

enum rst_err
gate_membership(struct gate *g, uint64_t group, uint64_t member, bool join,
                int64_t until_s)
{
	struct gate_write w = {
		.verb = GATE_MODIFY,
		.act = join ? RST_VIEW("join") : RST_VIEW("leave"),
		.id = group,
		.join = join ? member : 0,
		.leave = join ? 0 : member,
	};
	enum rst_err err;

	err = gate_load_sides(g, &w);
	if (err == RST_OK && until_s != 0)
		err = gate_until_add(g, w.after, member, until_s);
	return gate_write_sides(g, &w, err);
}

enum rst_err
gate_join_everybody(struct gate *g, uint64_t person)
{
	uint64_t group;
	bool is = false;
	enum rst_err err;

	err = act_find_group(&g->txn->r, RST_VIEW("ldapusers"), &group);
	if (err == RST_ENOTFOUND)
		return RST_OK; /* a directory without the skeleton */
	/* The group was written before the person, as a raw name. */
	if (err == RST_OK)
		err = rst_member_is(&g->txn->r, group, person, &is);
	if (err != RST_OK || is)
		return err;
	return gate_membership(g, group, person, true, 0);
}

static enum rst_err
revoke(struct gate *g, uint64_t invitation)
{
	struct gate_write w = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("revoke-invitation"),
		.id = invitation,
	};
	char now[LIFECYCLE_TIME_BYTES];
	enum rst_err err;

	lifecycle_time_print(g->ctx->now_s, now);
	err = gate_load_sides(g, &w);
	if (err == RST_OK)
		err = rst_entry_set_one(w.after, RST_A_ROSTERREVOKED,
		                        rst_view_of(now));
	return gate_write_sides(g, &w, err);
}

/* It is not revoked, and this person made it. */
static enum rst_err
is_open_and_by(const struct rst_record *record, struct rst_view ndn,
               bool *ret_is)
{
	char creator[RST_NORMAL_MAX];
	size_t len;
	enum rst_err err;
	bool link = record->kind == RST_KIND_TOKEN &&
	            rst_record_first(record, RST_A_ROSTEROWNER).len == 0;

	if ((record->kind != RST_KIND_INVITATION && !link) ||
	    rst_record_first(record, RST_A_ROSTERREVOKED).len > 0)
		return RST_OK;
	err = rst_normalise(RST_MATCH_DN,
	                    rst_record_first(record, RST_A_CREATORSNAME),
	                    creator, &len);
	*ret_is = err == RST_OK && rst_view_equal(rst_view(creator, len), ndn);
	return err == RST_EINVALID ? RST_OK : err;
}

/* Who may not sign in may not let others in.  Costs a look at each entry that
 * is yet to expire: a week's invitations, however many there ever were. */
static enum rst_err
revoke_invitations(struct gate *g, struct rst_view dn)
{
	struct rst_index_cursor cursor = { 0 };
	char ndn[RST_NORMAL_MAX], from[LIFECYCLE_TIME_BYTES];
	struct rst_record record;
	uint64_t ids[BATCH];
	size_t len, n = BATCH;
	bool is;
	enum rst_err err;

	lifecycle_time_print(g->ctx->now_s + 1, from);
	err = rst_normalise(RST_MATCH_DN, dn, ndn, &len);
	while (err == RST_OK && n == BATCH) {
		err = rst_index_range(&g->txn->r, RST_A_ROSTEREXPIRES,
		                      rst_view_of(from), rst_view(NULL, 0),
		                      &cursor, ids, BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			is = false;
			err = rst_record_get(&g->txn->r, ids[i], &record);
			if (err == RST_OK)
				err = is_open_and_by(&record,
				                     rst_view(ndn, len), &is);
			if (err == RST_OK && is)
				err = revoke(g, ids[i]);
		}
	}
	return err;
}

/* He is about to go, and his DN may mean another one day. */
static enum rst_err
drop_manager(struct gate *g, uint64_t group, struct rst_view ndn)
{
	struct gate_write w = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("drop-manager"),
		.id = group,
	};
	char normal[RST_NORMAL_MAX];
	struct rst_record record;
	struct rst_attr managers;
	struct rst_view value;
	enum rst_err err;
	size_t len;

	err = gate_load_sides(g, &w);
	if (err == RST_OK)
		err = rst_entry_record(w.before, &record);
	if (err == RST_OK)
		err = rst_entry_set(w.after, RST_A_ROSTERMANAGER, NULL, 0);
	if (err == RST_OK &&
	    rst_record_attr(&record, RST_A_ROSTERMANAGER, &managers))
		while (err == RST_OK && rst_attr_next(&managers, &value)) {
			err = rst_normalise(RST_MATCH_DN, value, normal, &len);
			if (err == RST_OK &&
			    !rst_view_equal(rst_view(normal, len), ndn))
				err = rst_entry_add(w.after,
				                    RST_A_ROSTERMANAGER, value);
		}
	return gate_write_sides(g, &w, err);
}

static enum rst_err
drop_managers(struct gate *g, struct rst_view dn)
{
	char ndn[RST_NORMAL_MAX];
	uint64_t groups[BATCH], after = 0;
	size_t len, n = BATCH;
	enum rst_err err;

	err = rst_normalise(RST_MATCH_DN, dn, ndn, &len);
	while (err == RST_OK && n == BATCH) {
		err = rst_index_equal(&g->txn->r, RST_A_ROSTERMANAGER, dn,
		                      after, groups, BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			after = groups[i];
			err = drop_manager(g, after, rst_view(ndn, len));
		}
	}
	return err;
}

static bool
has_access(const struct gate *g, const struct rst_record *record)
{
	return record != NULL &&
	       rule_state_may_sign_in(act_state(record, g->ctx->now_s));
}

/* Nobody who knows the new password gave the wrong ones. */
static enum rst_err
unlock(struct gate *g, uint64_t person)
{
	struct gate_write w = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("unlock"),
		.reason = RST_VIEW("new password"),
		.id = person,
	};
	enum rst_err err;

	err = gate_load_sides(g, &w);
	if (err == RST_OK)
		err = rst_entry_set(w.after, RST_A_PWDACCOUNTLOCKEDTIME, NULL,
		                    0);
	return gate_write_sides(g, &w, err);
}

enum rst_err
gate_end_access(struct gate *g, uint64_t person)
{
	char dn[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	err = rst_session_drop_user(g->txn, person, NULL);
	if (err == RST_OK)
		err = rst_tree_dn(&g->txn->r, person, dn, sizeof(dn), &len);
	if (err == RST_OK)
		err = revoke_invitations(g, rst_view(dn, len));
	if (err == RST_OK)
		err = gate_revoke_tokens(g, rst_view(dn, len), NULL);
	return err;
}

/* Anybody can give anybody's address: who has not proved his, where that is
 * asked for, hears nothing. */
static enum rst_err
tell_rejected(struct gate *g, const struct rst_record *before)
{
	const struct letter_news news = {
		.template = "rejected",
		.reason =
			g->reason.len > 0
				? g->reason
				: rst_record_first(before, RST_A_ROSTERREASON),
	};
	bool unproved = false;
	enum rst_err err = RST_OK;

	if (before->status != RST_STATUS_PENDING ||
	    rst_view_equal(g->act, RST_VIEW("drop-pending")))
		return RST_OK;
	if (rst_record_first(before, RST_A_ROSTERMAILVERIFIED).len == 0)
		err = lifecycle_setting_on(&g->txn->r, RULE_SETTING_VERIFY_MAIL,
		                           &unproved);
	if (err != RST_OK || unproved)
		return err;
	return letter_tell(g->txn, g->ctx, before, &news);
}

/* Where the policy of the person asks for it. */
static enum rst_err
tell_changed(struct gate *g, const struct gate_sides *sides)
{
	static const struct letter_news news = { .template = "password-changed",
		                                 .page = "reset" };
	struct lifecycle_policy policy;
	enum rst_err err = lifecycle_policy(&g->txn->r, sides->id, &policy);

	if (err != RST_OK ||
	    policy.number[RULE_SETTING_PASSWORD_CHANGED_MAIL] == 0)
		return err;
	return letter_tell(g->txn, g->ctx, sides->after, &news);
}

/* Sessions end with the access, and with the password that opened them. */
static enum rst_err
follow_person(struct gate *g, const struct gate_sides *sides)
{
	bool lost =
		has_access(g, sides->before) && !has_access(g, sides->after);
	bool password = sides->after != NULL &&
	                !gate_same_values(sides->before, sides->after,
	                                  RST_A_USERPASSWORD);
	bool mail = sides->after != NULL &&
	            !gate_same_values(sides->before, sides->after, RST_A_MAIL);
	char dn[RST_DN_MAX];
	size_t len;
	enum rst_err err = RST_OK;

	if (password || sides->after == NULL)
		err = rst_session_drop_user(g->txn, sides->id, NULL);
	if (err == RST_OK && password &&
	    rst_record_first(sides->after, RST_A_PWDACCOUNTLOCKEDTIME).len > 0)
		err = unlock(g, sides->id);
	/* A deleted person's invitations were revoked while he had a DN. */
	if (err != RST_OK || sides->after == NULL)
		return err;
	if (lost)
		err = gate_end_access(g, sides->id);
	else if (password || mail)
		err = rst_tree_dn(&g->txn->r, sides->id, dn, sizeof(dn), &len);
	/* nor does a link in a mailbox that is his no more */
	if (err == RST_OK && (password || mail) && !lost)
		err = gate_revoke_tokens(g, rst_view(dn, len), "reset");
	if (err == RST_OK && mail && !lost)
		err = gate_revoke_tokens(g, rst_view(dn, len),
		                         ACT_PURPOSE_MAIL_NEW);
	if (err == RST_OK && mail && !lost)
		err = gate_revoke_tokens(g, rst_view(dn, len),
		                         ACT_PURPOSE_MAIL_OLD);
	if (err == RST_OK && password &&
	    rst_record_first(sides->before, RST_A_USERPASSWORD).len > 0)
		err = tell_changed(g, sides);
	/* Whoever lost it for good: a link must not make him anew. */
	if (err == RST_OK && sides->after->status == RST_STATUS_DELETED)
		err = gate_revoke_name(g, sides->before);
	return err == RST_OK ? gate_follow_status(g, sides) : err;
}

/* The provider's own consequences come as changes of their entries.  Sessions
 * are this server's alone. */
enum rst_err
gate_follow_provider(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *before = sides->before, *after = sides->after;

	if (before == NULL || before->kind != RST_KIND_PERSON ||
	    (after != NULL && after->kind == RST_KIND_PERSON &&
	     (has_access(g, after) || !has_access(g, before)) &&
	     gate_same_values(before, after, RST_A_USERPASSWORD)))
		return RST_OK;
	return rst_session_drop_user(g->txn, sides->id, NULL);
}

enum rst_err
gate_precede(struct gate *g, const struct gate_sides *sides)
{
	char dn[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	if (g->rules) {
		err = rst_tree_dn(&g->txn->r, sides->id, dn, sizeof(dn), &len);
		if (err == RST_OK)
			err = gate_revoke_tokens(g, rst_view(dn, len), NULL);
		if (err != RST_OK)
			return err;
	}
	if (g->rules && gate_is_person(sides->before)) {
		err = gate_revoke_name(g, sides->before);
		if (err == RST_OK)
			err = revoke_invitations(g, rst_view(dn, len));
		if (err == RST_OK)
			err = drop_managers(g, rst_view(dn, len));
		if (err != RST_OK)
			return err;
	}
	return gate_leave_groups(g, sides->id, GATE_LEAVE_ALL);
}

static enum rst_err
enter_groups(struct gate *g, const struct rst_record *person, uint64_t id)
{
	return person->status == RST_STATUS_PENDING
	               ? gate_hold_groups(g, id)
	               : gate_join_everybody(g, id);
}

enum rst_err
gate_follow(struct gate *g, const struct gate_sides *sides, uint64_t id)
{
	const struct rst_record *before = sides->before, *after = sides->after;
	enum rst_err err = RST_OK;

	if (before == NULL) {
		if (after->kind == RST_KIND_PERSON)
			err = enter_groups(g, after, id);
		if (err == RST_OK && after->kind == RST_KIND_PERSON)
			err = gate_revoke_name(g, after);
		if (err == RST_OK && after->kind == RST_KIND_PERSON)
			err = gate_add_private_group(g, after, id);
		return err;
	}
	if (before->kind == RST_KIND_PERSON)
		err = follow_person(g, sides);
	else if (after != NULL && after->kind == RST_KIND_PERSON)
		err = enter_groups(g, after, id); /* an entry became a person */
	if (err == RST_OK && after == NULL && before->kind == RST_KIND_PERSON)
		err = tell_rejected(g, before);
	/* Who was never let in leaves his name to the next. */
	if (err == RST_OK && after == NULL)
		err = gate_bury(g, before,
		                before->status != RST_STATUS_PENDING);
	if (err == RST_OK && after == NULL && before->kind == RST_KIND_PERSON)
		err = gate_drop_private_group(g, before);
	return err;
}
