/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_register.c - a person comes by himself, with an invitation or without
 *
 *	look (read)	is the link open, is the mail its own?
 *	hash		some 20 ms, outside any transaction
 *	write		look again, take one use, add the person, join, commit
 *
 * Of two who redeem one link at a time both pass the look; the transaction
 * of the second sees the use of the first.
 */
#include <sodium.h>
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/setting.h"
#include "store/index.h"

/* What a token or the registration mode lets happen. */
struct admission {
	struct rst_entry *invitation; /* owned; NULL for open registration */
	struct rst_record record;     /* of it */
	enum rst_status status;       /* of the new person */
};

/* The invited address is the address that registers. */
static enum rst_err
check_mail(const struct rst_record *invitation,
           const struct act_candidate *candidate, struct act_refusal *refusal)
{
	struct rst_view mail = rst_record_first(invitation, RST_A_MAIL);
	char canonical[RST_MAIL_MAX + 1];

	if (mail.len == 0)
		return RST_OK;
	if (rst_mail_canonical(mail, canonical) != RST_OK ||
	    strcmp(canonical, candidate->mail) != 0)
		return act_refuse(refusal, RULE_EMAIL_MISMATCH, "mail");
	return RST_OK;
}

static enum rst_err
admit(const struct rst_rtxn *txn, const struct act_ctx *ctx,
      struct rst_view token, const struct act_candidate *candidate,
      struct admission *ret_admission, struct act_refusal *refusal)
{
	struct admission admission = { .status = RST_STATUS_PENDING };
	int64_t mode = lifecycle_setting_number(txn, RULE_SETTING_REGISTRATION);
	enum rst_err err;

	if (mode == RULE_REGISTRATION_OFF ||
	    (token.len == 0 && mode != RULE_REGISTRATION_OPEN))
		return act_refuse(refusal, RULE_REGISTRATION_CLOSED, NULL);
	if (token.len > 0) {
		err = act_invitation_open(txn, ctx->now_s, token,
		                          &admission.invitation,
		                          &admission.record, refusal);
		if (err == RST_OK)
			err = check_mail(&admission.record, candidate, refusal);
		if (err != RST_OK) {
			rst_entry_free(admission.invitation);
			return err;
		}
		if (!rst_view_equal_nocase(
			    rst_record_first(&admission.record,
		                             RST_A_ROSTERNEEDSAPPROVAL),
			    RST_VIEW("TRUE")))
			admission.status = RST_STATUS_ACTIVE;
	}
	*ret_admission = admission;
	return RST_OK;
}

/* Look before the slow hash; the transaction looks again. */
static enum rst_err
peek(const struct act_ctx *ctx, struct rst_view token,
     const struct act_candidate *candidate, struct act_refusal *refusal)
{
	struct admission admission = { 0 };
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = admit(&txn, ctx, token, candidate, &admission, refusal);
	rst_read_end(&txn);
	rst_entry_free(admission.invitation);
	return err;
}

/* One use is taken. */
static enum rst_err
redeem(struct rst_wtxn *txn, const struct act_ctx *ctx,
       const struct admission *admission, struct act_refusal *refusal)
{
	struct rst_entry *after = NULL;
	uint64_t used = 0;
	char text[12];
	enum rst_err err;

	(void)rst_view_number(
		rst_record_first(&admission->record, RST_A_ROSTERUSED),
		UINT32_MAX - 1, &used);
	(void)snprintf(text, sizeof(text), "%u", (unsigned int)used + 1);
	err = rst_entry_from_record(&admission->record, &after);
	if (err == RST_OK)
		err = rst_entry_set_one(after, RST_A_ROSTERUSED,
		                        rst_view_of(text));
	if (err == RST_OK)
		err = act_gate_modify(txn, ctx, "redeem", RST_VIEW(""),
		                      admission->record.id, after, refusal);
	rst_entry_free(after);
	return err;
}

/* The groups of the invitation; one that is gone since is passed over. */
static enum rst_err
join_groups(struct rst_wtxn *txn, const struct act_ctx *ctx,
            const struct admission *admission, uint64_t person,
            struct act_refusal *refusal)
{
	char ndn[RST_NORMAL_MAX];
	struct rst_attr joins;
	struct rst_view dn;
	uint64_t group;
	size_t len;
	enum rst_err err = RST_OK;

	if (!rst_record_attr(&admission->record, RST_A_ROSTERJOINS, &joins))
		return RST_OK;
	while (err == RST_OK && rst_attr_next(&joins, &dn)) {
		err = rst_normalise(RST_MATCH_DN, dn, ndn, &len);
		if (err == RST_OK)
			err = rst_tree_find(&txn->r, rst_view(ndn, len), &group,
			                    NULL);
		if (err == RST_OK)
			err = act_gate_member(txn, ctx, "join", group, person,
			                      true, refusal);
		if (err == RST_ENOTFOUND)
			err = RST_OK;
	}
	return err;
}

static enum rst_err
register_in(struct rst_wtxn *txn, const struct act_ctx *ctx,
            const struct admission *admission, const struct act_person *person,
            const struct act_candidate *candidate, uint64_t *ret_id,
            struct act_refusal *refusal)
{
	enum rst_err err = RST_OK;

	if (admission->invitation != NULL)
		err = redeem(txn, ctx, admission, refusal);
	if (err == RST_OK)
		err = act_candidate_add(txn, ctx, "register", person, candidate,
		                        admission->status, ret_id, refusal);
	if (err == RST_OK && admission->invitation != NULL)
		err = join_groups(txn, ctx, admission, *ret_id, refusal);
	return err;
}

enum rst_err
act_register(const struct act_ctx *ctx, struct rst_view token,
             const struct act_person *person, uint64_t *ret_id,
             enum rst_status *ret_status, struct act_refusal *refusal)
{
	struct act_candidate candidate = { 0 };
	struct admission admission = { 0 };
	struct rst_wtxn txn = { 0 };
	uint64_t id;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = act_candidate_check(ctx, person, ACT_FORM_PUBLIC, &candidate,
	                          refusal);
	if (err == RST_OK)
		err = peek(ctx, token, &candidate, refusal);
	if (err == RST_OK)
		err = act_candidate_hash(ctx, person, &candidate, refusal);
	if (err == RST_OK)
		err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		goto out;
	err = admit(&txn.r, ctx, token, &candidate, &admission, refusal);
	if (err == RST_OK)
		err = register_in(&txn, ctx, &admission, person, &candidate,
		                  &id, refusal);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
	if (err == RST_OK) {
		*ret_id = id;
		*ret_status = admission.status;
	}
	rst_write_abort(&txn);
out:
	rst_entry_free(admission.invitation);
	sodium_memzero(&candidate, sizeof(candidate));
	return err;
}
