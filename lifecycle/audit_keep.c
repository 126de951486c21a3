/* SPDX-License-Identifier: OLDAP-2.8 */
/* audit_keep.c - the journal's records and images go when their time is over
 *
 * In chunks of their own transactions, so that nobody waits: the journal of a
 * year may be gigabytes when somebody shortens its retention.
 */
#include "lifecycle/act_priv.h"
#include "lifecycle/audit.h"
#include "lifecycle/setting.h"

typedef enum rst_err expire(struct rst_wtxn *txn, int64_t before_s, size_t max,
                            size_t *ret_n);

/* The first moment that still counts; INT64_MIN: all do. */
static enum rst_err
horizon(const struct rst_rtxn *txn, const struct act_ctx *ctx,
        enum rule_setting_id id, int64_t *ret_before_s)
{
	int64_t span_s;
	enum rst_err err = lifecycle_setting_number(txn, id, &span_s);

	if (err == RST_OK)
		*ret_before_s = span_s > 0 ? ctx->now_s - span_s : INT64_MIN;
	return err;
}

/* Is there anything to do?  A quiet journal costs no transaction. */
static enum rst_err
is_due(const struct act_ctx *ctx, bool *ret_due)
{
	int64_t record_s, images_s, keep_s, keep_images_s;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = rst_journal_oldest(&txn, &record_s, &images_s);
	if (err == RST_OK)
		err = horizon(&txn, ctx, RULE_SETTING_AUDIT_RETENTION, &keep_s);
	if (err == RST_OK)
		err = horizon(&txn, ctx, RULE_SETTING_IMAGE_RETENTION,
		              &keep_images_s);
	if (err == RST_OK)
		*ret_due = record_s < keep_s || images_s < keep_images_s;
	rst_read_end(&txn);
	return err;
}

static enum rst_err
run(struct rst_wtxn *txn, const struct act_ctx *ctx, enum rule_setting_id id,
    expire *act, size_t max, size_t *n_done)
{
	int64_t before_s;
	size_t n = 0;
	enum rst_err err;

	if (*n_done >= max)
		return RST_OK;
	err = horizon(&txn->r, ctx, id, &before_s);
	if (err != RST_OK || before_s == INT64_MIN)
		return err;
	err = act(txn, before_s, max - *n_done, &n);
	*n_done += n;
	return err;
}

enum rst_err
audit_keep(const struct act_ctx *ctx, size_t max, size_t *ret_n)
{
	struct rst_wtxn txn = { 0 };
	bool due = false;
	size_t n = 0;
	enum rst_err err;

	*ret_n = 0;
	err = is_due(ctx, &due);
	if (err != RST_OK || !due)
		return err;
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = run(&txn, ctx, RULE_SETTING_AUDIT_RETENTION,
		          rst_journal_expire, max, &n);
	if (err == RST_OK)
		err = run(&txn, ctx, RULE_SETTING_IMAGE_RETENTION,
		          rst_journal_expire_images, max, &n);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK)
		*ret_n = n;
	return err;
}
