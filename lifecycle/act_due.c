/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_due.c - accounts whose end has come, or is near
 *
 *	first	expiry-notice before it, a mail
 *	last	expiry-last-notice before it, another
 *	ended	sessions, tokens, links and invitations end for good
 *
 * gate_due.c has the marks that make it cost what became due since.  Each
 * transaction moves its mark together with what it did, so that nothing is
 * left out or done twice, whoever dies or sweeps beside.
 */
#include "lifecycle/act_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/setting.h"
#include "store/index.h"

#define BATCH 64 /* accounts in one transaction */

struct due {
	const char *word, *template;
	enum rule_setting_id horizon; /* RULE_SETTING_END: none */
};

/* In the order of act_due_marks. */
static const struct due dues[ACT_DUE_MARKS] = {
	{ "first", "ends", RULE_SETTING_EXPIRY_NOTICE },
	{ "last", "ends", RULE_SETTING_EXPIRY_LAST_NOTICE },
	{ "ended", "ended", RULE_SETTING_END },
};

static bool
is_end(const struct due *due)
{
	return due->horizon == RULE_SETTING_END;
}

/* Has something to be done about record?  A mail that would follow the other
 * at once is left out. */
static enum rst_err
is_due(const struct rst_rtxn *txn, const struct act_ctx *ctx,
       const struct due *due, const struct rst_record *record, bool *ret_due,
       int64_t *ret_s)
{
	int64_t last_s;
	enum rst_err err;

	*ret_due = false;
	if (record->kind != RST_KIND_PERSON ||
	    record->status != RST_STATUS_ACTIVE ||
	    !lifecycle_time_parse(rst_record_first(record, RST_A_ROSTEREXPIRES),
	                          ret_s) ||
	    act_was_noticed(record, due->word, *ret_s))
		return RST_OK;
	if (is_end(due)) {
		*ret_due = *ret_s <= ctx->now_s;
		return RST_OK;
	}
	err = lifecycle_setting_number(txn, RULE_SETTING_EXPIRY_LAST_NOTICE,
	                               &last_s);
	if (err != RST_OK || *ret_s <= ctx->now_s ||
	    (due->horizon == RULE_SETTING_EXPIRY_NOTICE &&
	     *ret_s <= ctx->now_s + last_s))
		return err;
	return act_can_tell(txn, record, ret_due);
}

static enum rst_err
do_one(struct rst_wtxn *txn, const struct act_ctx *ctx, const struct due *due,
       uint64_t id, int64_t end_s)
{
	enum rst_err err;

	err = act_tell(txn, ctx, id, due->template, end_s);
	if (err == RST_OK)
		err = is_end(due)
		              ? act_draw_end(txn, ctx, id, end_s)
		              : act_note_notice(txn, ctx, id, due->word, end_s);
	return err;
}

/* What the mark leaves to look at. */
struct span {
	char low[LIFECYCLE_TIME_BYTES], high[LIFECYCLE_TIME_BYTES];
	int64_t mark_s, high_s;
};

/* False when there is nothing, by the clock or by the settings. */
static enum rst_err
span_of(const struct rst_rtxn *txn, const struct act_ctx *ctx, int which,
        bool *ret_any, struct span *span)
{
	int64_t horizon_s = 0;
	bool mails = true;
	enum rst_err err = RST_OK;

	if (!is_end(&dues[which])) {
		err = lifecycle_setting_number(txn, dues[which].horizon,
		                               &horizon_s);
		if (err == RST_OK)
			err = act_can_mail(txn, &mails);
		mails = mails && horizon_s > 0;
	}
	if (err == RST_OK)
		err = act_due_mark(txn, act_due_marks[which], &span->mark_s);
	if (err != RST_OK)
		return err;
	span->high_s = ctx->now_s + horizon_s;
	lifecycle_time_print(span->mark_s + 1, span->low);
	lifecycle_time_print(span->high_s, span->high);
	*ret_any = span->mark_s < span->high_s && mails;
	return RST_OK;
}

/* Is there a row at all?  A server that nobody uses writes nothing. */
static enum rst_err
any_row(const struct act_ctx *ctx, int which, bool *ret_any)
{
	struct rst_index_cursor cursor = { 0 };
	struct rst_rtxn txn;
	struct span span;
	bool on, any = false;
	uint64_t id;
	size_t n = 0;
	enum rst_err err;

	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = gate_lifecycle_on(&txn, &on);
	if (err == RST_OK && on)
		err = span_of(&txn, ctx, which, &any, &span);
	if (err == RST_OK && any)
		err = rst_index_range(
			&txn, RST_A_ROSTEREXPIRES, rst_view_of(span.low),
			rst_view_of(span.high), &cursor, &id, 1, &n);
	rst_read_end(&txn);
	*ret_any = n > 0;
	return err;
}

/* Within txn: at most BATCH of them, and the mark behind what was done. */
static enum rst_err
do_some(struct rst_wtxn *txn, const struct act_ctx *ctx, int which,
        size_t *ret_n, size_t *looked)
{
	struct rst_index_cursor cursor = { 0 };
	struct rst_record record;
	uint64_t ids[BATCH];
	struct span span;
	size_t n = BATCH, done = 0;
	int64_t end_s = 0;
	bool any, due;
	enum rst_err err;

	err = span_of(&txn->r, ctx, which, &any, &span);
	if (err != RST_OK || !any)
		return err; /* somebody was faster */
	while (err == RST_OK && n == BATCH && done < BATCH) {
		err = rst_index_range(
			&txn->r, RST_A_ROSTEREXPIRES, rst_view_of(span.low),
			rst_view_of(span.high), &cursor, ids, BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n && done < BATCH;
		     i++, ++*looked) {
			err = rst_record_get(&txn->r, ids[i], &record);
			if (err == RST_OK)
				err = is_due(&txn->r, ctx, &dues[which],
				             &record, &due, &end_s);
			if (err != RST_OK || !due)
				continue;
			err = do_one(txn, ctx, &dues[which], ids[i], end_s);
			done++;
		}
	}
	*ret_n = done;
	if (err != RST_OK)
		return err;
	/* Others may end in the same second. */
	return act_due_set_mark(txn, act_due_marks[which],
	                        done == BATCH ? end_s - 1 : span.high_s);
}

static enum rst_err
sweep_one(const struct act_ctx *ctx, int which, size_t *all, size_t *looked)
{
	struct rst_wtxn txn = { 0 };
	size_t n = BATCH;
	bool any = false;
	enum rst_err err;

	err = any_row(ctx, which, &any);
	while (err == RST_OK && any && n == BATCH) {
		n = 0;
		err = rst_write_begin(ctx->env,
		                      is_end(&dues[which]) ? RST_WRITE_FREEING
		                                           : RST_WRITE_ORDINARY,
		                      &txn);
		if (err == RST_OK)
			err = do_some(&txn, ctx, which, &n, looked);
		if (err == RST_OK)
			err = act_commit(&txn, ctx);
		rst_write_abort(&txn);
		*all += err == RST_OK && is_end(&dues[which]) ? n : 0;
		if (ctx->dry_run)
			break;
	}
	return err;
}

enum rst_err
act_sweep_due(const struct act_ctx *ctx, size_t *ret_ended, size_t *ret_looked,
              struct act_refusal *refusal)
{
	size_t looked = 0;
	enum rst_err err = RST_OK;

	*refusal = (struct act_refusal){ 0 };
	*ret_ended = 0;
	/* Who lost his access comes before who is told that he will. */
	for (int i = ACT_DUE_MARKS - 1; err == RST_OK && i >= 0; i--)
		err = sweep_one(ctx, i, ret_ended, &looked);
	if (ret_looked != NULL)
		*ret_looked = looked;
	return err;
}
