/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_password_age.c - what the age of a password brings: the last logins
 * with it, a warning by mail, another hash of it
 */
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/letter.h"
#include "lifecycle/moment.h"
#include "lifecycle/password_age.h"
#include "store/index.h"

#define AT_ONCE 4096 /* accounts looked at by one call */
#define BATCH   64   /* ids taken from the store at a time */

void
act_renew_hash(const struct act_ctx *ctx, uint64_t person,
               const struct attempt_renewal *renewal)
{
	struct gate_change change = {
		.verb = GATE_MODIFY,
		.flags = GATE_REHASH,
		.act = RST_VIEW("rehash-password"),
		.id = person,
	};
	struct act_refusal refusal = { 0 };
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	enum rst_err err;

	if (renewal->hash[0] == '\0' ||
	    rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn) != RST_OK)
		return;
	err = act_load(&txn.r, person, RST_KIND_PERSON, &change.after, &record);
	if (err == RST_OK &&
	    !rst_view_equal(rst_record_first(&record, RST_A_USERPASSWORD),
	                    rst_view_of(renewal->stored)))
		goto out; /* another sign-in was faster, or it was changed */
	if (err == RST_OK)
		err = rst_entry_set_one(change.after, RST_A_USERPASSWORD,
		                        rst_view_of(renewal->hash));
	if (err == RST_OK)
		err = gate_apply(&txn, ctx, &change, &refusal, NULL);
	if (err == RST_OK)
		(void)!act_commit(&txn, ctx);
out:
	rst_write_abort(&txn);
	rst_entry_free(change.after);
}

/* With microseconds: two within a second are two values. */
static enum rst_err
add_use(const struct act_ctx *ctx, struct rst_entry *entry)
{
	char now[LIFECYCLE_TIME_BYTES], text[LIFECYCLE_TIME_BYTES + 8];

	lifecycle_time_print(ctx->now_s, now);
	(void)snprintf(text, sizeof(text), "%.14s.%06uZ", now, ctx->now_us);
	return rst_entry_add(entry, RST_A_PWDGRACEUSETIME, rst_view_of(text));
}

static enum rst_err
standing_of(const struct rst_rtxn *txn, const struct rst_record *record,
            int64_t now_s, struct rule_password_standing *ret_standing)
{
	struct rule_password_facts facts = lifecycle_password_facts(record);
	struct lifecycle_policy policy;
	struct rule_password_life life;
	enum rst_err err;

	err = lifecycle_policy(txn, record->id, &policy);
	if (err != RST_OK)
		return err;
	life = lifecycle_password_life(&policy);
	*ret_standing = rule_password_standing(&life, &facts, now_s);
	return RST_OK;
}

static enum rst_err
use_grace(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t person,
          struct act_refusal *refusal)
{
	struct rule_password_standing standing;
	struct rst_entry *entry = NULL;
	struct rst_record record;
	enum rst_err err;

	err = act_load(&txn->r, person, RST_KIND_PERSON, &entry, &record);
	if (err == RST_OK)
		err = standing_of(&txn->r, &record, ctx->now_s, &standing);
	if (err == RST_OK && standing.phase == RULE_PASSWORD_OVER)
		err = act_refuse(refusal, RULE_PASSWORD_EXPIRED, NULL);
	/* it was changed just now: nothing to count */
	if (err == RST_OK && standing.phase == RULE_PASSWORD_GRACE) {
		err = add_use(ctx, entry);
		if (err == RST_OK)
			err = act_gate_modify(txn, ctx, "use-grace",
			                      RST_VIEW(""), person, entry,
			                      refusal);
	}
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_use_grace(const struct act_ctx *ctx, uint64_t person,
              struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	struct act_ctx own = *ctx;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	own.actor_id = 0; /* as of whatever follows a sign-in */
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	err = use_grace(&txn, &own, person, refusal);
	return act_end(&txn, ctx, err);
}

enum rst_err
act_must_change(const struct rst_rtxn *txn, uint64_t person, int64_t now_s,
                bool *ret_must)
{
	struct rule_password_standing standing = { .phase =
		                                           RULE_PASSWORD_GOOD };
	struct rst_record record;
	enum rst_err err;

	err = rst_record_get(txn, person, &record);
	if (err == RST_OK && record.kind == RST_KIND_PERSON)
		err = standing_of(txn, &record, now_s, &standing);
	if (err != RST_OK)
		return err;
	switch (standing.phase) {
	case RULE_PASSWORD_GOOD:
	case RULE_PASSWORD_WARNED:
		*ret_must = false;
		break;
	case RULE_PASSWORD_GRACE:
	case RULE_PASSWORD_OVER:
	case RULE_PASSWORD_RESET:
		*ret_must = true;
		break;
	}
	return RST_OK;
}

/* To be warned now, and was not since the password was set. */
static enum rst_err
is_due(const struct rst_rtxn *txn, int64_t now_s,
       const struct rst_record *record, int64_t *ret_left_s, bool *ret_due)
{
	struct rule_password_facts facts = lifecycle_password_facts(record);
	struct rule_password_standing standing;
	struct lifecycle_policy policy;
	struct rule_password_life life;
	enum rst_err err;

	*ret_due = false;
	if (record->kind != RST_KIND_PERSON ||
	    record->status != RST_STATUS_ACTIVE ||
	    rst_record_first(record, RST_A_MAIL).len == 0 ||
	    rst_record_first(record, RST_A_ROSTERPASSWORDWARNED).len > 0)
		return RST_OK;
	err = lifecycle_policy(txn, record->id, &policy);
	if (err != RST_OK)
		return err;
	life = lifecycle_password_life(&policy);
	standing = rule_password_standing(&life, &facts, now_s);
	*ret_left_s = standing.left_s;
	*ret_due = life.tell_expiry && standing.phase == RULE_PASSWORD_WARNED;
	return RST_OK;
}

static enum rst_err
find_due(const struct act_ctx *ctx, uint64_t *walk, uint64_t ids[BATCH],
         size_t *ret_n)
{
	uint64_t found[BATCH];
	struct rst_record record;
	struct rst_rtxn txn;
	char url[LETTER_URL_MAX + 1];
	size_t n = BATCH, n_due = 0, looked = 0;
	int64_t left_s;
	bool due, asked;
	enum rst_err err;

	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = lifecycle_setting_anywhere(
		&txn, RULE_SETTING_PASSWORD_EXPIRY_MAIL, &asked);
	if (err == RST_OK && (!asked || !letter_url(&txn, url))) {
		*walk = 0;
		n = 0;
	}
	while (err == RST_OK && n == BATCH && n_due < BATCH &&
	       looked < AT_ONCE) {
		err = rst_index_equal(&txn, RST_A_ROSTERSTATUS,
		                      RST_VIEW("active"), *walk, found, BATCH,
		                      &n);
		for (size_t i = 0; err == RST_OK && i < n && n_due < BATCH;
		     i++, looked++) {
			*walk = found[i];
			err = rst_record_get(&txn, found[i], &record);
			if (err == RST_OK)
				err = is_due(&txn, ctx->now_s, &record, &left_s,
				             &due);
			if (err == RST_OK && due)
				ids[n_due++] = found[i];
		}
	}
	rst_read_end(&txn);
	if (n < BATCH)
		*walk = 0;
	*ret_n = n_due;
	return err;
}

static enum rst_err
warn(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t person,
     struct act_refusal *refusal)
{
	struct letter_news news = { .template = "password-expires",
		                    .page = "me" };
	char now[LIFECYCLE_TIME_BYTES];
	struct rst_entry *entry = NULL;
	struct rst_record record;
	int64_t left_s = 0;
	bool due = false;
	enum rst_err err;

	err = act_load(&txn->r, person, RST_KIND_PERSON, &entry, &record);
	if (err == RST_OK)
		err = is_due(&txn->r, ctx->now_s, &record, &left_s, &due);
	if (err != RST_OK || !due)
		goto out; /* it was changed meanwhile */
	news.when_s = ctx->now_s + left_s;
	err = rst_entry_record(entry, &record); /* letters may write */
	if (err == RST_OK)
		err = letter_tell(txn, ctx, &record, &news);
	lifecycle_time_print(ctx->now_s, now);
	if (err == RST_OK)
		err = rst_entry_set_one(entry, RST_A_ROSTERPASSWORDWARNED,
		                        rst_view_of(now));
	if (err == RST_OK)
		err = act_gate_modify(txn, ctx, "warn-password", RST_VIEW(""),
		                      person, entry, refusal);
out:
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_sweep_passwords(const struct act_ctx *ctx, uint64_t *walk, size_t *ret_n,
                    struct act_refusal *refusal)
{
	uint64_t ids[BATCH];
	size_t n = 0;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	*ret_n = 0;
	err = find_due(ctx, walk, ids, &n);
	for (size_t i = 0; err == RST_OK && i < n; i++) {
		struct rst_wtxn txn = { 0 };

		err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
		if (err == RST_OK)
			err = warn(&txn, ctx, ids[i], refusal);
		if (err == RST_OK)
			err = act_commit(&txn, ctx);
		rst_write_abort(&txn);
		if (err == RST_ENOTFOUND)
			err = RST_OK; /* he is gone */
		else if (err == RST_OK)
			++*ret_n;
	}
	return err;
}
