/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_status.c - approve, reject, suspend, activate */
#include "lifecycle/act_priv.h"
#include "rules/status.h"

struct move {
	const char *act;
	enum rst_status from, to;
};

static enum rst_err
set_status(struct rst_entry *entry, enum rst_status to, struct rst_view reason)
{
	enum rst_err err;

	err = rst_entry_set_one(entry, RST_A_ROSTERSTATUS,
	                        rst_view_of(rst_status_word(to)));
	if (err != RST_OK)
		return err;
	/* The reason is that of the status: an old one goes with it. */
	return rst_entry_set(entry, RST_A_ROSTERREASON, &reason,
	                     reason.len > 0 ? 1 : 0);
}

/* Where the person is already is where he was to go: RST_OK, and nothing is
 * written. */
static enum rst_err
move_person(const struct act_ctx *ctx, const struct move *move, uint64_t person,
            struct rst_view reason, struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	/* Shutting somebody out must not wait for room. */
	err = rst_write_begin(ctx->env,
	                      move->to == RST_STATUS_SUSPENDED
	                              ? RST_WRITE_FREEING
	                              : RST_WRITE_ORDINARY,
	                      &txn);
	if (err != RST_OK)
		return err;
	err = act_load(&txn.r, person, RST_KIND_PERSON, &entry, &record);
	if (err != RST_OK || record.status == move->to)
		goto out;
	if (record.status != move->from) {
		err = act_refuse(refusal, RULE_STATUS_MOVE, "rosterStatus");
		goto out;
	}
	err = set_status(entry, move->to, reason);
	if (err == RST_OK)
		err = act_gate_modify(&txn, ctx, move->act, reason, person,
		                      entry, refusal);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
out:
	rst_write_abort(&txn);
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_approve(const struct act_ctx *ctx, uint64_t person, struct rst_view reason,
            struct act_refusal *refusal)
{
	static const struct move move = { "approve", RST_STATUS_PENDING,
		                          RST_STATUS_ACTIVE };

	return move_person(ctx, &move, person, reason, refusal);
}

enum rst_err
act_suspend(const struct act_ctx *ctx, uint64_t person, struct rst_view reason,
            struct act_refusal *refusal)
{
	static const struct move move = { "suspend", RST_STATUS_ACTIVE,
		                          RST_STATUS_SUSPENDED };

	return move_person(ctx, &move, person, reason, refusal);
}

enum rst_err
act_activate(const struct act_ctx *ctx, uint64_t person, struct rst_view reason,
             struct act_refusal *refusal)
{
	static const struct move move = { "activate", RST_STATUS_SUSPENDED,
		                          RST_STATUS_ACTIVE };

	return move_person(ctx, &move, person, reason, refusal);
}

enum rst_err
act_reject(const struct act_ctx *ctx, uint64_t person, struct rst_view reason,
           struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	err = rst_record_get(&txn.r, person, &record);
	if (err == RST_OK && record.kind != RST_KIND_PERSON)
		err = RST_ENOTFOUND;
	if (err == RST_OK && record.status != RST_STATUS_PENDING)
		err = act_refuse(refusal, RULE_STATUS_MOVE, "rosterStatus");
	if (err == RST_OK)
		err = act_gate_delete(&txn, ctx, "reject", reason, person,
		                      refusal);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	return err;
}
