/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_password.c - what a new password brings along
 *
 *	userPassword		a new hash
 *	pwdChangedTime		now
 *	pwdHistory		the hash before, of those that stay taken
 *	pwdGraceUseTime		none used yet
 *	pwdReset		TRUE where somebody else set it and the policy
 *				asks; gone when its owner did
 *
 * It goes into the after-image before that is written: one change, one record
 * of the journal.  Attributes and their forms are those of stock ppolicy.
 */
#include <stdio.h>

#include "lifecycle/gate_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/password_age.h"

#define TAKEN_MAX 25 /* values of pwdHistory that are looked at, and one */

/* Who acts is the person, or nobody, who came to register. */
static bool
is_own(const struct gate *g, uint64_t id)
{
	return g->ctx->actor_id == 0 ? g->ctx->actor.len == 0
	                             : g->ctx->actor_id == id;
}

/* Values begin with their times, which all are of one form.  Those of the same
 * second stay in their order. */
static void
sort_newest_first(struct rst_view *values, size_t n)
{
	const size_t time_len = sizeof("20261122023734Z") - 1;

	for (size_t i = 1; i < n; i++) {
		struct rst_view value = values[i];
		size_t at = i;

		for (; at > 0 && value.len >= time_len &&
		       values[at - 1].len >= time_len &&
		       memcmp(values[at - 1].ptr, value.ptr, time_len) < 0;
		     at--)
			values[at] = values[at - 1];
		values[at] = value;
	}
}

/* The newest n former ones, the last of them first. */
static enum rst_err
set_history(struct gate *g, const struct rst_record *before, uint32_t n,
            struct rst_entry *after)
{
	struct rst_view taken[TAKEN_MAX];
	char buf[LIFECYCLE_HISTORY_BYTES];
	struct rst_view value,
		hash = rst_record_first(before, RST_A_USERPASSWORD);
	struct rst_attr history;
	size_t have = 0;

	if (n > 0 && hash.len > 0 &&
	    lifecycle_history_print(g->ctx->now_s, hash, buf))
		taken[have++] = rst_view_of(buf);
	if (rst_record_attr(before, RST_A_PWDHISTORY, &history))
		while (have < TAKEN_MAX && rst_attr_next(&history, &value))
			taken[have++] = value;
	sort_newest_first(taken, have);
	return rst_entry_set(after, RST_A_PWDHISTORY, taken,
	                     have < n ? have : n);
}

/* pwdReset, unless the change itself says what it is to be. */
static enum rst_err
set_reset(const struct rule_password_life *life, bool own, bool explicit,
          bool has_password, struct rst_entry *after)
{
	if (!has_password || (own && !explicit))
		return rst_entry_set(after, RST_A_PWDRESET, NULL, 0);
	if (!own && !explicit && life->must_change)
		return rst_entry_set_one(after, RST_A_PWDRESET,
		                         RST_VIEW("TRUE"));
	return RST_OK;
}

static enum rst_err
set_time(struct gate *g, bool has_password, struct rst_entry *after)
{
	char now[LIFECYCLE_TIME_BYTES];
	struct rst_view value;

	lifecycle_time_print(g->ctx->now_s, now);
	value = rst_view_of(now);
	return rst_entry_set(after, RST_A_PWDCHANGEDTIME, &value,
	                     has_password ? 1 : 0);
}

/* What the rules of policies say to the change of one's own password. */
static enum rst_err
check_own(struct gate *g, const struct rst_record *before,
          const struct rule_password_life *life)
{
	struct rule_password_facts facts = lifecycle_password_facts(before);
	enum rule_verdict verdict;

	if (g->ctx->actor_id == 0 || g->recovery)
		return RST_OK;
	/* whether the old one was given is what only a door knows */
	verdict = rule_password_may_change(life, &facts, true, g->ctx->now_s);
	return verdict == RULE_OK
	               ? RST_OK
	               : gate_refuse(g, verdict, "userPassword", NULL);
}

static enum rst_err
note(struct gate *g, const struct gate_sides *sides, struct rst_entry *after)
{
	const struct rst_record *before = sides->before;
	bool has = rst_record_first(sides->after, RST_A_USERPASSWORD).len > 0;
	bool explicit =
		before != NULL
			? !gate_same_values(before, sides->after,
	                                    RST_A_PWDRESET)
			: rst_record_first(sides->after, RST_A_PWDRESET).len >
				  0;
	bool own = is_own(g, sides->id);
	struct lifecycle_policy policy;
	struct rule_password_life life;
	enum rst_err err;

	err = lifecycle_policy(&g->txn->r, sides->id, &policy);
	if (err != RST_OK)
		return err;
	life = lifecycle_password_life(&policy);
	if (before != NULL && own)
		err = check_own(g, before, &life);
	if (err == RST_OK)
		err = set_time(g, has, after);
	if (err == RST_OK)
		err = set_reset(&life, own, explicit, has, after);
	if (err == RST_OK)
		err = rst_entry_set(after, RST_A_PWDGRACEUSETIME, NULL, 0);
	if (err == RST_OK)
		err = rst_entry_set(after, RST_A_ROSTERPASSWORDWARNED, NULL, 0);
	if (err == RST_OK && before != NULL)
		err = set_history(g, before, life.history, after);
	return err;
}

enum rst_err
gate_password(struct gate *g, const struct gate_sides *sides,
              struct rst_entry *after)
{
	const struct rst_record *before = sides->before;
	bool person =
		sides->after != NULL && sides->after->kind == RST_KIND_PERSON;

	if (!person)
		return RST_OK;
	/* his duty is not his to lift */
	if (before != NULL && sides->id == g->ctx->actor_id &&
	    !gate_same_values(before, sides->after, RST_A_PWDRESET))
		return gate_refuse(g, RULE_FORBIDDEN, "pwdReset", NULL);
	if (before != NULL
	            ? gate_same_values(before, sides->after, RST_A_USERPASSWORD)
	            : rst_record_first(sides->after, RST_A_USERPASSWORD).len ==
	                      0)
		return RST_OK;
	return note(g, sides, after);
}
