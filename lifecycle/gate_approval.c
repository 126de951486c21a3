/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_approval.c - several administrators approve a registration
 *
 *	rosterApprovedBy: uid=ada,ou=people,<suffix>	one value an approval
 *
 * Everybody adds his own name and takes nobody's away, by whatever door.  A
 * pending account becomes active when as many as setting approvals says have:
 * those that stand there and the one who moves it.  Who is no person (rootdn,
 * rosterctl, the passing of time) is not counted and not held.
 */
#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/setting.h"

/* rosterApprovedBy of record has this DN, normalised. */
static enum rst_err
has_approved(const struct rst_record *record, struct rst_view ndn,
             bool *ret_has)
{
	char normal[RST_NORMAL_MAX];
	struct rst_attr approvers;
	struct rst_view value;
	size_t len;
	enum rst_err err;

	*ret_has = false;
	if (!rst_record_attr(record, RST_A_ROSTERAPPROVEDBY, &approvers))
		return RST_OK;
	while (!*ret_has && rst_attr_next(&approvers, &value)) {
		err = rst_normalise(RST_MATCH_DN, value, normal, &len);
		if (err != RST_OK && err != RST_EINVALID)
			return err;
		*ret_has = err == RST_OK &&
		           rst_view_equal(rst_view(normal, len), ndn);
	}
	return RST_OK;
}

static int64_t
count(const struct rst_record *record)
{
	struct rst_attr approvers;

	return rst_record_attr(record, RST_A_ROSTERAPPROVEDBY, &approvers)
	               ? (int64_t)approvers.count
	               : 0;
}

/* Each value of record is in other (NULL: none is), or is except. */
static enum rst_err
all_approved(const struct rst_record *record, const struct rst_record *other,
             struct rst_view except, bool *ret_all)
{
	char normal[RST_NORMAL_MAX];
	struct rst_attr values;
	struct rst_view value;
	size_t len;
	enum rst_err err;

	*ret_all = true;
	if (!rst_record_attr(record, RST_A_ROSTERAPPROVEDBY, &values))
		return RST_OK;
	while (*ret_all && rst_attr_next(&values, &value)) {
		err = rst_normalise(RST_MATCH_DN, value, normal, &len);
		*ret_all = err == RST_OK &&
		           rst_view_equal(rst_view(normal, len), except);
		if (err == RST_OK && !*ret_all && other != NULL)
			err = has_approved(other, rst_view(normal, len),
			                   ret_all);
		if (err != RST_OK && err != RST_EINVALID)
			return err;
	}
	return RST_OK;
}

/* Each value of before is in after, and each new one is the actor. */
static enum rst_err
adds_himself(const struct rst_record *before, const struct rst_record *after,
             struct rst_view actor, bool *ret_does)
{
	enum rst_err err = RST_OK;

	*ret_does = true;
	if (before != NULL)
		err = all_approved(before, after, RST_VIEW(""), ret_does);
	return err == RST_OK && *ret_does
	               ? all_approved(after, before, actor, ret_does)
	               : err;
}

enum rst_err
gate_approval(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *before = sides->before, *after = sides->after;
	char actor[RST_NORMAL_MAX];
	int64_t given, needed;
	bool does, has;
	size_t len;
	enum rst_err err;

	if (after == NULL || after->kind != RST_KIND_PERSON ||
	    g->ctx->actor_id == 0)
		return RST_OK;
	err = rst_normalise(RST_MATCH_DN, g->ctx->actor, actor, &len);
	if (err == RST_OK)
		err = adds_himself(before, after, rst_view(actor, len), &does);
	if (err != RST_OK)
		return err;
	if (!does)
		return gate_refuse(g, RULE_FORBIDDEN, "rosterApprovedBy", NULL);
	if (before == NULL || before->status != RST_STATUS_PENDING ||
	    (after->status != RST_STATUS_ACTIVE &&
	     (act_is_invited(before) || !act_is_invited(after))))
		return RST_OK;
	/* who was admitted was approved */
	if (act_is_invited(before))
		return RST_OK;
	err = has_approved(after, rst_view(actor, len), &has);
	if (err == RST_OK)
		err = lifecycle_setting_number(&g->txn->r,
		                               RULE_SETTING_APPROVALS, &needed);
	if (err != RST_OK)
		return err;
	given = count(after) + (has ? 0 : 1);
	if (given < needed)
		return gate_refuse(g, RULE_APPROVAL_NEEDED, "rosterStatus",
		                   "%d of %d", (int)given, (int)needed);
	return RST_OK;
}

enum rst_err
act_approval(const struct rst_rtxn *txn, const struct act_ctx *ctx,
             const struct rst_record *record, struct rst_entry *entry,
             bool *ret_waits)
{
	int64_t given = count(record), needed;
	char actor[RST_NORMAL_MAX];
	bool has = false;
	size_t len;
	enum rst_err err;

	*ret_waits = false;
	if (ctx->actor_id == 0)
		return RST_OK;
	err = lifecycle_setting_number(txn, RULE_SETTING_APPROVALS, &needed);
	if (err == RST_OK)
		err = rst_normalise(RST_MATCH_DN, ctx->actor, actor, &len);
	if (err == RST_OK)
		err = has_approved(record, rst_view(actor, len), &has);
	if (err == RST_OK && !has) {
		err = rst_entry_add(entry, RST_A_ROSTERAPPROVEDBY, ctx->actor);
		given++;
	}
	*ret_waits = err == RST_OK && given < needed;
	return err;
}
