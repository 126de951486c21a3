/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_password.c - a person's password is changed */
#include <sodium.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/attempt.h"
#include "lifecycle/moment.h"
#include "rules/password.h"

/* What a change needs to know of the person, copied out of a snapshot. */
struct known {
	uint64_t generation;
	char since[LIFECYCLE_TIME_BYTES];   /* pwdAccountLockedTime */
	char stored[RULE_PASSWORD_MAX + 1]; /* wipe it */
	struct attempt_policy policy;
	struct lifecycle_terms terms;
};

static enum rst_err
know(const struct act_ctx *ctx, uint64_t person, struct known *known)
{
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = rst_record_get(&txn, person, &record);
	if (err == RST_OK && record.kind != RST_KIND_PERSON)
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = attempt_policy(&txn, person, &known->policy);
	if (err == RST_OK)
		err = lifecycle_terms(&txn, person, &known->terms);
	if (err == RST_OK) {
		known->generation = record.generation;
		(void)rst_view_copy(
			rst_record_first(&record, RST_A_PWDACCOUNTLOCKEDTIME),
			known->since, sizeof(known->since));
		(void)rst_view_copy(
			rst_record_first(&record, RST_A_USERPASSWORD),
			known->stored, sizeof(known->stored));
	}
	rst_read_end(&txn);
	return err;
}

/* A guess at the old password is a guess like any other. */
static enum rst_err
check_old(const struct act_ctx *ctx, uint64_t person, const struct known *known,
          struct rst_view old, struct act_refusal *refusal)
{
	const struct attempt_claim claim = {
		.id = person,
		.since = rst_view_of(known->since),
		.address = ctx->address,
		.password = old,
		.now_s = ctx->now_s,
	};
	struct attempt attempt;
	enum rst_err err;

	if (old.ptr == NULL)
		return RST_OK;
	err = attempt_begin(ctx->env, &known->policy, &claim, &attempt);
	if (err != RST_OK)
		return err;
	if (attempt.standing == ATTEMPT_LOCKED ||
	    attempt.standing == ATTEMPT_THROTTLED)
		err = RST_EDENIED;
	else
		err = lifecycle_password_check(
			ctx->env, RST_VIEW(""),
			attempt.standing == ATTEMPT_SUSPECT,
			rst_view_of(known->stored), old, NULL, NULL);
	err = attempt_outcome(&attempt, err);
	attempt_end(ctx, &attempt, err);
	if (err == RST_EDENIED)
		return act_refuse(refusal, RULE_WRONG_PASSWORD, "old");
	return err;
}

/* What the policy says to who changes his own. */
static enum rst_err
check_life(const struct act_ctx *ctx, uint64_t person,
           const struct known *known, struct rst_view old,
           struct act_refusal *refusal)
{
	enum rule_verdict verdict;

	if (ctx->actor_id != person)
		return RST_OK;
	verdict = rule_password_may_change(&known->terms.life,
	                                   &known->terms.facts, old.ptr != NULL,
	                                   ctx->now_s);
	return verdict == RULE_OK ? RST_OK
	                          : act_refuse(refusal, verdict, "new");
}

/* The session that changed the password goes on, at the new generation. */
static enum rst_err
keep_session(struct rst_wtxn *txn, uint64_t person, const unsigned char *keep,
             struct rst_session *session)
{
	struct rst_record record;
	enum rst_err err;

	err = rst_record_get(&txn->r, person, &record);
	if (err != RST_OK)
		return err;
	session->generation = record.generation;
	return rst_session_add(txn, keep, session);
}

/* What is to be written. */
struct change {
	const char *act, *hash;
	bool temporary;
	const unsigned char *keep; /* a session that goes on; NULL */
};

static enum rst_err
set_password(struct rst_entry *entry, const struct change *change)
{
	enum rst_err err;

	err = rst_entry_set_one(entry, RST_A_USERPASSWORD,
	                        rst_view_of(change->hash));
	if (err == RST_OK && change->temporary)
		err = rst_entry_set_one(entry, RST_A_PWDRESET,
		                        RST_VIEW("TRUE"));
	return err;
}

static enum rst_err
write_password(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t person,
               const struct known *known, const struct change *change,
               struct act_refusal *refusal)
{
	struct rst_session session = { 0 };
	struct rst_entry *entry = NULL;
	struct rst_record record;
	bool kept = false;
	enum rst_err err;

	err = act_load(&txn->r, person, RST_KIND_PERSON, &entry, &record);
	if (err != RST_OK)
		return err;
	/* What was proved of the old password was proved of this person as
	 * he was then. */
	if (record.generation != known->generation) {
		err = RST_EBUSY;
		goto out;
	}
	if (change->keep != NULL) {
		err = rst_session_get(&txn->r, change->keep, &session);
		kept = err == RST_OK && session.user == person;
		err = err == RST_ENOTFOUND ? RST_OK : err;
	}
	if (err == RST_OK)
		err = set_password(entry, change);
	if (err == RST_OK)
		err = act_gate_modify(txn, ctx, change->act, RST_VIEW(""),
		                      person, entry, refusal);
	if (err == RST_OK && kept)
		err = keep_session(txn, person, change->keep, &session);
out:
	rst_entry_free(entry);
	return err;
}

/* The transaction of its own. */
static enum rst_err
store_password(const struct act_ctx *ctx, uint64_t person,
               const struct known *known, const struct change *change,
               struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = write_password(&txn, ctx, person, known, change, refusal);
	return act_end(&txn, ctx, err);
}

enum rst_err
act_change_password(const struct act_ctx *ctx, uint64_t person,
                    struct rst_view old, struct rst_view new_one,
                    const unsigned char *keep, struct act_refusal *refusal)
{
	char hash[LIFECYCLE_HASH_MAX] = "";
	const struct change change = { "change-password", hash, false, keep };
	struct known known = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = know(ctx, person, &known);
	if (err == RST_OK)
		err = check_old(ctx, person, &known, old, refusal);
	if (err == RST_OK)
		err = check_life(ctx, person, &known, old, refusal);
	if (err == RST_OK)
		err = act_hash_password(ctx, &known.terms, new_one, "new", hash,
		                        refusal);
	if (err == RST_OK)
		err = store_password(ctx, person, &known, &change, refusal);
	sodium_memzero(hash, sizeof(hash));
	sodium_memzero(&known, sizeof(known));
	return err;
}

enum rst_err
act_reset_password(const struct act_ctx *ctx, uint64_t person,
                   struct rst_view password, char made[LIFECYCLE_MADE_BYTES],
                   struct act_refusal *refusal)
{
	char hash[LIFECYCLE_HASH_MAX] = "", text[LIFECYCLE_MADE_BYTES] = "";
	const struct change change = { "temporary-password", hash, true, NULL };
	struct known known = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = know(ctx, person, &known);
	/* his own he changes: that takes the old one */
	if (err == RST_OK && ctx->actor_id == person)
		err = act_refuse(refusal, RULE_OWN_RIGHTS, NULL);
	if (err == RST_OK && password.len == 0) {
		lifecycle_password_make(&known.terms.policy, text);
		password = rst_view_of(text);
	}
	if (err == RST_OK)
		err = act_hash_password(ctx, &known.terms, password, "password",
		                        hash, refusal);
	if (err == RST_OK)
		err = store_password(ctx, person, &known, &change, refusal);
	if (err == RST_OK)
		memcpy(made, text, sizeof(text));
	sodium_memzero(text, sizeof(text));
	sodium_memzero(hash, sizeof(hash));
	sodium_memzero(&known, sizeof(known));
	return err;
}
