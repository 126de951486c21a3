/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_session_end.c - sessions that somebody else, or another one, ends */
#include "lifecycle/act_priv.h"
#include "rules/names.h"

/* The journal says whose it was, and why. */
static enum rst_err
note_end(struct rst_wtxn *txn, const struct act_ctx *ctx, const char *act,
         struct rst_view reason, uint64_t person)
{
	struct rst_journal_entry entry = {
		.op = RST_J_EVENT,
		.door = ctx->door,
		.act = rst_view_of(act),
		.actor = ctx->actor,
		.address = ctx->address,
		.reason = reason,
		.time_s = ctx->now_s,
		.time_us = ctx->now_us,
	};
	char dn[RST_DN_MAX];
	size_t len = 0;
	enum rst_err err;

	err = rst_tree_dn(&txn->r, person, dn, sizeof(dn), &len);
	entry.dn = rst_view(dn, len);
	if (err == RST_OK)
		err = rst_journal_append(txn, &entry, NULL);
	return err;
}

enum rst_err
act_end_session(const struct act_ctx *ctx,
                const unsigned char digest[RST_DIGEST_BYTES],
                struct act_refusal *refusal)
{
	struct rst_session session;
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = rst_session_get(&txn.r, digest, &session);
	if (err == RST_OK)
		err = rst_session_drop(&txn, digest);
	if (err == RST_OK)
		err = note_end(&txn, ctx, "end-session", RST_VIEW(""),
		               session.user);
	return act_end(&txn, ctx, err);
}

/* All of person but keep. */
static enum rst_err
drop_all(struct rst_wtxn *txn, uint64_t person, const unsigned char *keep,
         size_t *ret_n)
{
	unsigned char digest[RST_DIGEST_BYTES];
	struct rst_session session;
	bool started = false;
	size_t n = 0;
	enum rst_err err;

	while ((err = rst_session_next(&txn->r, person, &started, digest,
	                               &session)) == RST_OK) {
		if (keep != NULL && memcmp(keep, digest, sizeof(digest)) == 0)
			continue;
		err = rst_session_drop(txn, digest);
		if (err != RST_OK)
			return err;
		n++;
	}
	if (err != RST_ENOTFOUND)
		return err;
	*ret_n = n;
	return RST_OK;
}

enum rst_err
act_end_sessions(const struct act_ctx *ctx, uint64_t person,
                 struct rst_view reason, const unsigned char *keep,
                 size_t *ret_n, struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	size_t n = 0;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	if (reason.len > 0 && rule_reason(reason.ptr, reason.len) != RULE_OK)
		return act_refuse(refusal, RULE_INVALID_REASON, "rosterReason");
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = drop_all(&txn, person, keep, &n);
	if (err == RST_OK)
		err = note_end(&txn, ctx, "end-sessions", reason, person);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK && ret_n != NULL)
		*ret_n = n;
	return err;
}
