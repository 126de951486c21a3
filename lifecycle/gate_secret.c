/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_secret.c - what a token or an invitation may be, whoever writes it
 *
 *	both		what is used or revoked stays so; the secret stays
 *	API token	name, scopes, addresses, an end as token-lifetime asks,
 *			an owner who may sign in and has not too many
 *	invitation	an end, a number of uses, groups that are there
 *
 * Only what is changed is looked at: an old token does not end because a
 * setting is stricter now.
 */
#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/setting.h"
#include "rules/invitation.h"
#include "rules/token.h"

#define BATCH 64 /* ids taken from the store at a time */

/* ------------------------------------------------------------------- both */

static bool
is_changed(const struct gate_sides *sides, uint16_t attr)
{
	return sides->before == NULL ||
	       !gate_same_values(sides->before, sides->after, attr);
}

/* An invitation counts whom it admitted; a link is used once. */
static bool
is_used_less(const struct gate_sides *sides)
{
	struct rst_view had = rst_record_first(sides->before, RST_A_ROSTERUSED);
	struct rst_view has = rst_record_first(sides->after, RST_A_ROSTERUSED);
	uint64_t before, after;

	if (!rst_view_number(had, UINT32_MAX, &before))
		return false;
	return !rst_view_number(has, UINT32_MAX, &after) || after < before;
}

/* Sending an invitation again makes another secret, while it is open. */
static bool
may_have_another(const struct gate *g, const struct rst_record *was)
{
	return was->kind == RST_KIND_INVITATION &&
	       rst_record_first(was, RST_A_ROSTERREVOKED).len == 0 &&
	       rst_view_equal(g->act, RST_VIEW("resend-invitation"));
}

static enum rst_err
check_kept(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *was = sides->before;

	if (was == NULL)
		return RST_OK;
	if (rst_record_first(was, RST_A_ROSTERREVOKED).len > 0 &&
	    is_changed(sides, RST_A_ROSTERREVOKED))
		return gate_refuse(g, RULE_TOKEN_IMMUTABLE, "rosterRevoked",
		                   NULL);
	if (is_used_less(sides))
		return gate_refuse(g, RULE_TOKEN_IMMUTABLE, "rosterUsed", NULL);
	if (is_changed(sides, RST_A_ROSTERTOKENDIGEST) &&
	    !may_have_another(g, was))
		return gate_refuse(g, RULE_TOKEN_IMMUTABLE, "rosterTokenDigest",
		                   NULL);
	return RST_OK;
}

/* When is ends: RULE_NEVER where it names no end, false where that does not
 * read. */
static bool
read_end(const struct rst_record *is, int64_t *ret_expires_s)
{
	struct rst_view expires = rst_record_first(is, RST_A_ROSTEREXPIRES);

	*ret_expires_s = RULE_NEVER;
	return expires.len == 0 || lifecycle_time_parse(expires, ret_expires_s);
}

/* ------------------------------------------------------------- API tokens */

static enum rst_err
check_name(struct gate *g, const struct rst_record *is)
{
	struct rst_view name = rst_record_first(is, RST_A_DISPLAYNAME);

	if (name.len > RULE_TOKEN_NAME_MAX ||
	    rule_person_name(name.ptr, name.len) != RULE_OK)
		return gate_refuse(g, RULE_INVALID_NAME, "displayName", NULL);
	return RST_OK;
}

static bool
are_good(const struct rst_record *is, uint16_t attr, size_t max,
         enum rule_verdict (*rule)(const char *, size_t))
{
	struct rst_attr values;
	struct rst_view value;

	if (!rst_record_attr(is, attr, &values))
		return true;
	if (values.count > max)
		return false;
	while (rst_attr_next(&values, &value))
		if (rule(value.ptr, value.len) != RULE_OK)
			return false;
	return true;
}

/* An earlier end is always allowed: that is how one is shut out. */
static enum rst_err
check_end(struct gate *g, const struct gate_sides *sides)
{
	int64_t now_s = g->ctx->now_s, was_s = 0, expires_s, most;
	bool good = read_end(sides->after, &expires_s);
	enum rst_err err = lifecycle_setting_number(
		&g->txn->r, RULE_SETTING_TOKEN_LIFETIME, &most);

	if (err != RST_OK)
		return err;
	if (good && sides->before != NULL &&
	    act_token_is_for(sides->before, "api") &&
	    read_end(sides->before, &was_s) && expires_s <= was_s)
		return RST_OK;
	if (expires_s == RULE_NEVER)
		good = good && most == 0;
	else
		good = good && expires_s > now_s &&
		       expires_s - now_s <= RULE_TOKEN_MAX_S &&
		       (most == 0 || expires_s - now_s <= most);
	return good ? RST_OK
	            : gate_refuse(g, RULE_INVALID_EXPIRY, "rosterExpires",
	                          NULL);
}

static enum rst_err
count_live(struct gate *g, uint64_t owner, uint64_t but, size_t *ret_n)
{
	struct rst_record record;
	uint64_t ids[BATCH], after = 0;
	size_t n = BATCH, live = 0;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH) {
		err = act_tokens_of(&g->txn->r, owner, "api", after, ids, BATCH,
		                    &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			after = ids[i];
			err = rst_record_get(&g->txn->r, after, &record);
			if (err == RST_OK && after != but &&
			    act_token_state(&record, g->ctx->now_s) ==
			            ACT_TOKEN_LIVE)
				live++;
		}
	}
	*ret_n = live;
	return err;
}

/* An owner who may sign in, with room for one more. */
static enum rst_err
check_owner(struct gate *g, const struct gate_sides *sides)
{
	struct rst_record owner;
	uint64_t id;
	size_t live;
	enum rst_err err;

	err = act_token_owner(&g->txn->r, sides->after, &id);
	if (err == RST_OK)
		err = rst_record_get(&g->txn->r, id, &owner);
	if (err == RST_ENOTFOUND || err == RST_EINVALID)
		return gate_refuse(g, RULE_UNKNOWN_USER, "rosterOwner", NULL);
	if (err == RST_OK && owner.kind == RST_KIND_PERSON &&
	    !rule_state_may_sign_in(act_state(&owner, g->ctx->now_s)))
		return gate_refuse(g, RULE_ACCOUNT_INACTIVE, NULL, NULL);
	if (err == RST_OK)
		err = count_live(g, id, sides->id, &live);
	if (err == RST_OK && live >= RULE_TOKENS_MAX)
		return gate_refuse(g, RULE_TOO_MANY_TOKENS, NULL, NULL);
	return err;
}

static enum rst_err
check_api(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *is = sides->after;
	struct gate_sides s = *sides;
	bool longer;
	enum rst_err err = RST_OK;

	/* a link that becomes one is a new one */
	if (s.before != NULL && !act_token_is_for(s.before, "api"))
		s.before = NULL;
	if (is_changed(&s, RST_A_DISPLAYNAME))
		err = check_name(g, is);
	if (err == RST_OK && is_changed(&s, RST_A_ROSTERSCOPE) &&
	    !are_good(is, RST_A_ROSTERSCOPE, RULE_SCOPES_MAX, rule_scope))
		err = gate_refuse(g, RULE_INVALID_SCOPE, "rosterScope", NULL);
	if (err == RST_OK && is_changed(&s, RST_A_ROSTERALLOWEDADDRESS) &&
	    !are_good(is, RST_A_ROSTERALLOWEDADDRESS, RULE_ADDRESSES_MAX,
	              rule_address))
		err = gate_refuse(g, RULE_INVALID_ADDRESS,
		                  "rosterAllowedAddress", NULL);
	longer = is_changed(&s, RST_A_ROSTEREXPIRES);
	if (rst_record_first(is, RST_A_ROSTERREVOKED).len > 0)
		return err; /* it admits nobody, and never will again */
	if (err == RST_OK && (longer || is_changed(&s, RST_A_ROSTEROWNER)))
		err = check_owner(g, &s);
	return err == RST_OK && longer ? check_end(g, &s) : err;
}

/* ------------------------------------------------------------ invitations */

static enum rst_err
check_invitation(struct gate *g, const struct gate_sides *sides)
{
	int64_t now_s = g->ctx->now_s, was_s, expires_s;
	bool earlier, good = read_end(sides->after, &expires_s);
	enum rst_err err = RST_OK;

	if (is_changed(sides, RST_A_ROSTEREXPIRES)) {
		earlier = good && sides->before != NULL &&
		          read_end(sides->before, &was_s) && expires_s <= was_s;
		if (!good || expires_s == RULE_NEVER ||
		    (!earlier &&
		     rule_invitation_lifetime(expires_s - now_s) != RULE_OK))
			return gate_refuse(g, RULE_INVALID_EXPIRY,
			                   "rosterExpires", NULL);
	}
	if (is_changed(sides, RST_A_ROSTERUSES))
		err = gate_uses(g, sides->after);
	return err == RST_OK ? gate_promises(g, sides) : err;
}

enum rst_err
gate_secret(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *is = sides->after;
	enum rst_err err;

	if (is == NULL ||
	    (is->kind != RST_KIND_TOKEN && is->kind != RST_KIND_INVITATION))
		return RST_OK;
	err = check_kept(g, sides);
	if (err == RST_OK && is->kind == RST_KIND_INVITATION)
		return check_invitation(g, sides);
	if (err == RST_OK && act_token_is_for(is, "api"))
		return check_api(g, sides);
	return err;
}
