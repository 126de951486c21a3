/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_sweep.c - what time does to accounts that wait for nothing else
 *
 *	deleted for bin-retention	is purged
 *	pending for pending-lifetime	is dropped; he is told, and the
 *					administrators pending-notice before.
 *					Whose address was to be proved and was
 *					not: after verification-lifetime, untold
 *
 *	a membership that has ended	is taken out of its group
 *
 * The first two are found by their status, the last by the ordered index over
 * rosterMemberUntil, so that it costs what the bin, the queue and the last
 * minute hold, however large the directory is.  Nobody waits for it: from its
 * second on a membership that has ended is seen by nobody.
 */
#include "lifecycle/act_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/replica.h"
#include "lifecycle/setting.h"
#include "store/index.h"

#define BATCH 64 /* ids taken from the store at a time */

struct sweep {
	const char *act;
	enum rst_status status;
	enum rule_setting_id lifetime;
	bool zero;            /* a lifetime of 0 ends at once, else never */
	const char *template; /* of a mail to the person, or NULL */
};

static const struct sweep sweeps[] = {
	{ "purge", RST_STATUS_DELETED, RULE_SETTING_BIN_RETENTION, true, NULL },
	{ "drop-pending", RST_STATUS_PENDING, RULE_SETTING_PENDING_LIFETIME,
	  false, "dropped" },
};

/* When the account came into its status. */
static int64_t
since_s(const struct rst_record *record)
{
	int64_t time_s = INT64_MAX;

	if (!lifecycle_time_parse(
		    rst_record_first(record, RST_A_ROSTERSTATUSSINCE), &time_s))
		(void)lifecycle_time_parse(
			rst_record_first(record, RST_A_CREATETIMESTAMP),
			&time_s);
	return time_s;
}

static enum rst_err
is_over(const struct rst_rtxn *txn, const struct act_ctx *ctx,
        const struct sweep *sweep, const struct rst_record *record,
        bool *ret_over)
{
	int64_t lifetime_s;
	bool unverified = false, lives;
	enum rst_err err;

	*ret_over = false;
	if (record->kind != RST_KIND_PERSON || record->status != sweep->status)
		return RST_OK;
	/* nobody was told of who never proved the address; his link is good
	 * until the end it was given, whatever the setting is by now */
	if (sweep->status == RST_STATUS_PENDING) {
		err = act_is_unverified(txn, record, &unverified);
		if (err == RST_OK && unverified)
			err = act_link_lives(txn, record->id,
			                     ACT_PURPOSE_VERIFICATION,
			                     ctx->now_s, &lives);
		if (err == RST_OK && unverified)
			*ret_over = !lives;
		if (err != RST_OK || unverified)
			return err;
	}
	err = lifecycle_setting_number(txn, sweep->lifetime, &lifetime_s);
	if (err == RST_OK)
		*ret_over = lifetime_s == 0 ? sweep->zero
		                            : since_s(record) <=
		                                      ctx->now_s - lifetime_s;
	return err;
}

/* At most BATCH of them, after id *after. */
static enum rst_err
find_over(const struct act_ctx *ctx, const struct sweep *sweep, uint64_t *after,
          uint64_t ids[BATCH], size_t *ret_n, bool *ret_more)
{
	struct rst_record record;
	uint64_t found[BATCH];
	struct rst_rtxn txn;
	size_t n = 0, n_over = 0;
	bool over;
	enum rst_err err;

	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = rst_index_equal(&txn, RST_A_ROSTERSTATUS,
	                      rst_view_of(rst_status_word(sweep->status)),
	                      *after, found, BATCH, &n);
	for (size_t i = 0; err == RST_OK && i < n; i++) {
		*after = found[i];
		err = rst_record_get(&txn, found[i], &record);
		if (err == RST_OK)
			err = is_over(&txn, ctx, sweep, &record, &over);
		if (err == RST_OK && over)
			ids[n_over++] = found[i];
	}
	rst_read_end(&txn);
	*ret_n = n_over;
	*ret_more = n == BATCH;
	return err;
}

/* Unless somebody was faster. */
static enum rst_err
end_one(const struct act_ctx *ctx, const struct sweep *sweep, uint64_t id,
        bool *ret_done, struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	bool over = false, unverified = false;
	enum rst_err err;

	*ret_done = false;
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	err = rst_record_get(&txn.r, id, &record);
	if (err == RST_OK)
		err = is_over(&txn.r, ctx, sweep, &record, &over);
	if (err == RST_ENOTFOUND || (err == RST_OK && !over)) {
		rst_write_abort(&txn);
		return RST_OK;
	}
	if (err == RST_OK)
		err = act_is_unverified(&txn.r, &record, &unverified);
	if (err == RST_OK && sweep->template != NULL && !unverified)
		err = act_tell(&txn, ctx, id, sweep->template, ctx->now_s);
	if (err == RST_OK)
		err = act_gate_delete(&txn, ctx, sweep->act, RST_VIEW(""), id,
		                      refusal);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
	*ret_done = err == RST_OK;
	rst_write_abort(&txn);
	return err;
}

static enum rst_err
run(const struct act_ctx *ctx, const struct sweep *sweep, size_t max,
    size_t *n_done, struct act_refusal *refusal)
{
	uint64_t ids[BATCH], after = 0;
	size_t n = 0;
	bool more = true, done;
	enum rst_err err = RST_OK;

	while (err == RST_OK && more && *n_done < max) {
		err = find_over(ctx, sweep, &after, ids, &n, &more);
		for (size_t i = 0; err == RST_OK && i < n && *n_done < max;
		     i++) {
			err = end_one(ctx, sweep, ids[i], &done, refusal);
			*n_done += done ? 1 : 0;
		}
	}
	return err;
}

/* When record is dropped, if it is time to tell. */
static enum rst_err
is_worth_a_notice(const struct rst_rtxn *txn, const struct act_ctx *ctx,
                  const struct rst_record *record, bool *ret_is,
                  int64_t *ret_drop_s)
{
	int64_t lifetime_s, notice_s;
	enum rst_err err;

	err = lifecycle_setting_number(txn, RULE_SETTING_PENDING_LIFETIME,
	                               &lifetime_s);
	if (err == RST_OK)
		err = lifecycle_setting_number(txn, RULE_SETTING_PENDING_NOTICE,
		                               &notice_s);
	if (err != RST_OK)
		return err;
	*ret_drop_s = since_s(record) + lifetime_s;
	*ret_is = record->kind == RST_KIND_PERSON &&
	          record->status == RST_STATUS_PENDING && lifetime_s > 0 &&
	          notice_s > 0 && *ret_drop_s - notice_s <= ctx->now_s &&
	          !act_was_noticed(record, "pending", *ret_drop_s);
	return RST_OK;
}

static enum rst_err
tell_one(const struct act_ctx *ctx, uint64_t id)
{
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	int64_t drop_s;
	bool is = false;
	enum rst_err err;

	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn.r, id, &record);
	if (err == RST_OK)
		err = is_worth_a_notice(&txn.r, ctx, &record, &is, &drop_s);
	if (err == RST_OK && is) {
		err = act_tell_administrators(&txn, ctx, id, "waiting", drop_s);
		if (err == RST_OK)
			err = act_note_notice(&txn, ctx, id, "pending", drop_s);
		if (err == RST_OK)
			err = act_commit(&txn, ctx);
	}
	rst_write_abort(&txn);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* Those who decide are told what nobody decided yet. */
static enum rst_err
tell_of_pending(const struct act_ctx *ctx)
{
	uint64_t ids[BATCH], worth[BATCH], after = 0;
	struct rst_record record;
	struct rst_rtxn txn;
	size_t n = BATCH, n_worth;
	int64_t drop_s;
	bool mails, is;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH) {
		n = n_worth = 0;
		err = rst_read_begin(ctx->env, &txn);
		if (err != RST_OK)
			return err;
		err = act_can_mail(&txn, &mails);
		if (err == RST_OK && mails)
			err = rst_index_equal(&txn, RST_A_ROSTERSTATUS,
			                      RST_VIEW("pending"), after, ids,
			                      BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			after = ids[i];
			err = rst_record_get(&txn, after, &record);
			if (err == RST_OK)
				err = is_worth_a_notice(&txn, ctx, &record, &is,
				                        &drop_s);
			if (err == RST_OK && is)
				worth[n_worth++] = after;
		}
		rst_read_end(&txn);
		for (size_t i = 0; err == RST_OK && i < n_worth; i++)
			err = tell_one(ctx, worth[i]);
	}
	return err;
}

/* Groups in which somebody's membership has ended. */
static enum rst_err
find_ended(const struct act_ctx *ctx, struct rst_index_cursor *cursor,
           uint64_t ids[BATCH], size_t *ret_n)
{
	char until[LIFECYCLE_TIME_BYTES];
	struct rst_rtxn txn;
	enum rst_err err;

	/* "TIME DN" is more than TIME alone */
	lifecycle_time_print(ctx->now_s + 1, until);
	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = rst_index_range(&txn, RST_A_ROSTERMEMBERUNTIL, rst_view(NULL, 0),
	                      rst_view_of(until), cursor, ids, BATCH, ret_n);
	rst_read_end(&txn);
	return err;
}

/* Any change of the group takes out what has ended: this is one. */
static enum rst_err
end_memberships(const struct act_ctx *ctx, uint64_t group, bool *ret_done,
                struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	enum rst_err err;

	*ret_done = false;
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	err = act_load(&txn.r, group, RST_KIND_GROUP, &entry, &record);
	if (err == RST_ENOTFOUND) {
		rst_write_abort(&txn);
		return RST_OK; /* gone, or somebody in the bin */
	}
	if (err == RST_OK)
		err = act_gate_modify(&txn, ctx, "end-membership", RST_VIEW(""),
		                      group, entry, refusal);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
	*ret_done = err == RST_OK;
	rst_write_abort(&txn);
	rst_entry_free(entry);
	return err;
}

static enum rst_err
sweep_memberships(const struct act_ctx *ctx, size_t max, size_t *n_done,
                  struct act_refusal *refusal)
{
	struct rst_index_cursor cursor = { 0 };
	uint64_t ids[BATCH];
	size_t n = BATCH;
	bool done;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH && *n_done < max) {
		err = find_ended(ctx, &cursor, ids, &n);
		for (size_t i = 0; err == RST_OK && i < n && *n_done < max;
		     i++) {
			err = end_memberships(ctx, ids[i], &done, refusal);
			*n_done += done ? 1 : 0;
		}
	}
	return err;
}

/* A replica is told by its provider. */
static enum rst_err
check_replica(const struct act_ctx *ctx, struct act_refusal *refusal)
{
	struct rst_rtxn txn;
	bool is;
	enum rst_err err = rst_read_begin(ctx->env, &txn);

	if (err != RST_OK)
		return err;
	err = replica_is(&txn, &is);
	if (err == RST_OK && is)
		err = act_refuse(refusal, RULE_READ_ONLY_REPLICA, NULL);
	rst_read_end(&txn);
	return err;
}

enum rst_err
act_sweep(const struct act_ctx *ctx, size_t max, size_t *ret_n,
          struct act_refusal *refusal)
{
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	*ret_n = 0;
	err = check_replica(ctx, refusal);
	for (size_t i = 0;
	     err == RST_OK && i < sizeof(sweeps) / sizeof(sweeps[0]); i++)
		err = run(ctx, &sweeps[i], max, ret_n, refusal);
	if (err == RST_OK)
		err = tell_of_pending(ctx);
	if (err == RST_OK)
		err = sweep_memberships(ctx, max, ret_n, refusal);
	return err;
}
