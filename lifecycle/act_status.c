/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_status.c - approve, reject, suspend, deactivate, activate, delete,
 * restore, purge */
#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/letter.h"
#include "lifecycle/setting.h"
#include "rules/agreement.h"
#include "store/member.h"

#define BATCH 64 /* ids taken from the store at a time */

/* From one of the statuses whose bits are in from. */
struct move {
	const char *act;
	unsigned int from;
	enum rst_status to;            /* RST_STATUS_NONE: the former status */
	const char *template;          /* of a mail to the person, or NULL */
	bool approves;                 /* one approval of several, perhaps */
	bool skips;                    /* also who has agreements to sign yet */
	const struct rst_view *groups; /* that he joins when he is active */
	size_t n_groups;
};

#define FROM(status) (1U << RST_STATUS_##status)

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

/* Where the move leads.  What was deleted without a note of what it was comes
 * back suspended: somebody has to look. */
static enum rst_status
target_of(const struct move *move, const struct rst_record *record)
{
	enum rst_status former;

	if (move->to != RST_STATUS_NONE)
		return move->to;
	former = rst_status_parse(
		rst_record_first(record, RST_A_ROSTERFORMERSTATUS));
	return former == RST_STATUS_ACTIVE ? former : RST_STATUS_SUSPENDED;
}

/* Shutting somebody out must not wait for room. */
static enum rst_write_purpose
room_for(const struct move *move)
{
	return move->to == RST_STATUS_SUSPENDED ||
	                       move->to == RST_STATUS_DELETED
	               ? RST_WRITE_FREEING
	               : RST_WRITE_ORDINARY;
}

/* The gate makes members of them when the person becomes active, whoever's
 * approval or signature that waits for. */
static enum rst_err
add_joins(const struct rst_rtxn *txn, const struct move *move,
          struct rst_entry *entry, struct rst_record *record,
          struct act_refusal *refusal)
{
	enum rst_err err = act_add_joins(txn, entry, move->groups,
	                                 move->n_groups, refusal);

	return err == RST_OK ? rst_entry_record(entry, record) : err;
}

/* Where the person is already is where he was to go: RST_OK, and nothing is
 * written. */
static enum rst_err
move_person(const struct act_ctx *ctx, const struct move *move, uint64_t person,
            struct rst_view reason, struct act_refusal *refusal)
{
	const struct letter_news to_sign = { .template = "agreements",
		                             .page = "me/agreements",
		                             .reason = reason };
	struct rst_entry *entry = NULL;
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	bool waits = false, signs = false;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, room_for(move), &txn);
	if (err != RST_OK)
		return err;
	err = act_load(&txn.r, person, RST_KIND_PERSON, &entry, &record);
	if (err != RST_OK || (record.status == move->to && move->n_groups == 0))
		goto out;
	if (!(move->from & 1U << record.status) &&
	    !(move->skips && act_is_invited(&record))) {
		err = act_refuse(refusal, RULE_STATUS_MOVE, "rosterStatus");
		goto out;
	}
	if (move->n_groups > 0)
		err = add_joins(&txn.r, move, entry, &record, refusal);
	if (err == RST_OK && move->approves)
		err = act_approval(&txn.r, ctx, &record, entry, &waits);
	if (err == RST_OK && move->approves && !waits)
		err = act_admit(&txn, ctx, entry, &record, &signs);
	if (err == RST_OK && !waits && !signs)
		err = set_status(entry, target_of(move, &record), reason);
	if (err == RST_OK)
		err = act_gate_modify(&txn, ctx, move->act, reason, person,
		                      entry, refusal);
	if (err == RST_OK && signs)
		err = letter_tell(&txn, ctx, &record, &to_sign);
	if (err == RST_OK && move->template != NULL)
		err = act_tell(&txn, ctx, person, move->template, ctx->now_s);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
out:
	rst_write_abort(&txn);
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_approve(const struct act_ctx *ctx, uint64_t person, struct rst_view reason,
            struct act_refusal *refusal)
{
	return act_approve_into(ctx, person, NULL, 0, reason, refusal);
}

enum rst_err
act_approve_into(const struct act_ctx *ctx, uint64_t person,
                 const struct rst_view *groups, size_t n_groups,
                 struct rst_view reason, struct act_refusal *refusal)
{
	const struct move move = {
		.act = "approve",
		.from = FROM(PENDING),
		.to = RST_STATUS_ACTIVE,
		.approves = true,
		.groups = groups,
		.n_groups = n_groups,
	};

	return move_person(ctx, &move, person, reason, refusal);
}

enum rst_err
act_suspend(const struct act_ctx *ctx, uint64_t person, struct rst_view reason,
            struct act_refusal *refusal)
{
	static const struct move move = {
		.act = "suspend",
		.from = FROM(ACTIVE),
		.to = RST_STATUS_SUSPENDED,
	};

	return move_person(ctx, &move, person, reason, refusal);
}

enum rst_err
act_suspend_idle(const struct act_ctx *ctx, uint64_t person,
                 struct rst_view reason, struct act_refusal *refusal)
{
	static const struct move move = {
		.act = "suspend",
		.from = FROM(ACTIVE),
		.to = RST_STATUS_SUSPENDED,
		.template = "suspended",
	};

	return move_person(ctx, &move, person, reason, refusal);
}

enum rst_err
act_activate(const struct act_ctx *ctx, uint64_t person, struct rst_view reason,
             struct act_refusal *refusal)
{
	static const struct move move = {
		.act = "activate",
		.from = FROM(SUSPENDED),
		.to = RST_STATUS_ACTIVE,
		.skips = true,
	};

	return move_person(ctx, &move, person, reason, refusal);
}

enum rst_err
act_restore(const struct act_ctx *ctx, uint64_t person, struct rst_view reason,
            struct act_refusal *refusal)
{
	static const struct move move = {
		.act = "restore",
		.from = FROM(DELETED),
		.to = RST_STATUS_NONE,
	};

	return move_person(ctx, &move, person, reason, refusal);
}

/* Each is copied out first: a write ends the walk. */
static enum rst_err
leave_all(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t person,
          struct act_refusal *refusal)
{
	struct rst_record record;
	uint64_t groups[BATCH], after = 0;
	size_t n = BATCH;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH) {
		err = rst_member_of(&txn->r, person, after, groups, BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			after = groups[i];
			err = rst_record_get(&txn->r, after, &record);
			if (err == RST_OK && record.kind == RST_KIND_GROUP)
				err = act_gate_member(txn, ctx, "leave", after,
				                      person, false, refusal);
		}
	}
	return err;
}

/* Who was suspended already, without keys and for the same reason, stays as he
 * is: what he loses are groups. */
static bool
stays_suspended(struct rst_entry *entry, const struct rst_record *was)
{
	static const uint16_t attrs[] = { RST_A_ROSTERSTATUS,
		                          RST_A_ROSTERREASON,
		                          RST_A_SSHPUBLICKEY,
		                          RST_A_ROSTERKEYUNTIL };
	struct rst_record after;

	if (rst_entry_record(entry, &after) != RST_OK)
		return false;
	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++)
		if (!gate_same_values(was, &after, attrs[i]))
			return false;
	return true;
}

static enum rst_err
unsign_all(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t person,
           struct act_refusal *refusal)
{
	uint64_t agreements[RULE_AGREEMENTS_MAX], ids[BATCH];
	struct rst_record record;
	size_t n_agreements = 0, n;
	enum rst_err err;

	err = act_agreements(&txn->r, agreements, &n_agreements);
	for (size_t i = 0; err == RST_OK && i < n_agreements; i++)
		for (n = BATCH; err == RST_OK && n == BATCH;) {
			/* a write ended what was read of him before */
			err = rst_record_get(&txn->r, person, &record);
			if (err == RST_OK)
				err = act_signatures(&txn->r, agreements[i],
				                     &record, ids, BATCH, &n);
			for (size_t k = 0; err == RST_OK && k < n; k++)
				err = act_gate_delete(txn, ctx, "unsign",
				                      RST_VIEW(""), ids[k],
				                      refusal);
		}
	return err;
}

enum rst_err
act_deactivate(const struct act_ctx *ctx, uint64_t person,
               struct rst_view reason, struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct rst_wtxn txn = { 0 };
	struct rst_record record, was;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	err = act_load(&txn.r, person, RST_KIND_PERSON, &entry, &record);
	/* as it is stored: the entry's own is gone with its first change */
	if (err == RST_OK)
		err = rst_record_get(&txn.r, person, &was);
	if (err == RST_OK && was.status != RST_STATUS_ACTIVE &&
	    was.status != RST_STATUS_SUSPENDED)
		err = act_refuse(refusal, RULE_STATUS_MOVE, "rosterStatus");
	if (err == RST_OK)
		err = set_status(entry, RST_STATUS_SUSPENDED, reason);
	if (err == RST_OK)
		err = rst_entry_set(entry, RST_A_SSHPUBLICKEY, NULL, 0);
	if (err == RST_OK)
		err = rst_entry_set(entry, RST_A_ROSTERKEYUNTIL, NULL, 0);
	if (err == RST_OK && !stays_suspended(entry, &was))
		err = act_gate_modify(&txn, ctx, "deactivate", reason, person,
		                      entry, refusal);
	if (err == RST_OK)
		err = leave_all(&txn, ctx, person, refusal);
	if (err == RST_OK)
		err = unsign_all(&txn, ctx, person, refusal);
	err = act_end(&txn, ctx, err);
	rst_entry_free(entry);
	return err;
}

/* Out of the directory, from one of the statuses in from. */
static enum rst_err
remove_person(const struct act_ctx *ctx, const char *act, unsigned int from,
              uint64_t person, struct rst_view reason,
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
	if (err == RST_OK && !(from & 1U << record.status))
		err = act_refuse(refusal, RULE_STATUS_MOVE, "rosterStatus");
	if (err == RST_OK)
		err = act_gate_delete(&txn, ctx, act, reason, person, refusal);
	return act_end(&txn, ctx, err);
}

enum rst_err
act_reject(const struct act_ctx *ctx, uint64_t person, struct rst_view reason,
           struct act_refusal *refusal)
{
	return remove_person(ctx, "reject", FROM(PENDING), person, reason,
	                     refusal);
}

enum rst_err
act_purge(const struct act_ctx *ctx, uint64_t person, struct rst_view reason,
          struct act_refusal *refusal)
{
	return remove_person(ctx, "purge", FROM(DELETED), person, reason,
	                     refusal);
}

enum rst_err
act_delete_person(const struct act_ctx *ctx, uint64_t person,
                  struct rst_view reason, struct act_refusal *refusal)
{
	static const struct move move = {
		.act = "delete",
		.from = FROM(ACTIVE) | FROM(SUSPENDED),
		.to = RST_STATUS_DELETED,
	};
	struct rst_rtxn txn;
	bool bin;
	enum rst_err err;

	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = lifecycle_setting_on(&txn, RULE_SETTING_BIN_RETENTION, &bin);
	rst_read_end(&txn);
	if (err != RST_OK)
		return err;
	if (bin)
		return move_person(ctx, &move, person, reason, refusal);
	return remove_person(ctx, "delete",
	                     FROM(ACTIVE) | FROM(SUSPENDED) | FROM(DELETED),
	                     person, reason, refusal);
}
