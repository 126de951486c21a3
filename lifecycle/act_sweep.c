/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_sweep.c - what time does to accounts that wait for nothing else
 *
 *	deleted for bin-retention	is purged
 *	pending for pending-lifetime	is dropped
 *
 * Both are found by their status, so that it costs what the bin and the queue
 * hold, however large the directory is.
 */
#include "lifecycle/act_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/setting.h"
#include "store/index.h"

#define BATCH 64 /* ids taken from the store at a time */

struct sweep {
	const char *act;
	enum rst_status status;
	enum rule_setting_id lifetime;
	bool zero; /* a lifetime of 0 ends at once, else never */
};

static const struct sweep sweeps[] = {
	{ "purge", RST_STATUS_DELETED, RULE_SETTING_BIN_RETENTION, true },
	{ "drop-pending", RST_STATUS_PENDING, RULE_SETTING_PENDING_LIFETIME,
	  false },
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

static bool
is_over(const struct rst_rtxn *txn, const struct act_ctx *ctx,
        const struct sweep *sweep, const struct rst_record *record)
{
	int64_t lifetime_s = lifecycle_setting_number(txn, sweep->lifetime);

	if (record->kind != RST_KIND_PERSON || record->status != sweep->status)
		return false;
	if (lifetime_s == 0)
		return sweep->zero;
	return since_s(record) <= ctx->now_s - lifetime_s;
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
		if (err == RST_OK && is_over(&txn, ctx, sweep, &record))
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
	enum rst_err err;

	*ret_done = false;
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	err = rst_record_get(&txn.r, id, &record);
	if (err == RST_ENOTFOUND ||
	    (err == RST_OK && !is_over(&txn.r, ctx, sweep, &record))) {
		rst_write_abort(&txn);
		return RST_OK;
	}
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

enum rst_err
act_sweep(const struct act_ctx *ctx, size_t max, size_t *ret_n,
          struct act_refusal *refusal)
{
	enum rst_err err = RST_OK;

	*refusal = (struct act_refusal){ 0 };
	*ret_n = 0;
	for (size_t i = 0;
	     err == RST_OK && i < sizeof(sweeps) / sizeof(sweeps[0]); i++)
		err = run(ctx, &sweeps[i], max, ret_n, refusal);
	return err;
}
