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
static bool
has_approved(const struct rst_record *record, struct rst_view ndn)
{
	char normal[RST_NORMAL_MAX];
	struct rst_attr approvers;
	struct rst_view value;
	size_t len;

	if (!rst_record_attr(record, RST_A_ROSTERAPPROVEDBY, &approvers))
		return false;
	while (rst_attr_next(&approvers, &value))
		if (rst_normalise(RST_MATCH_DN, value, normal, &len) ==
		            RST_OK &&
		    rst_view_equal(rst_view(normal, len), ndn))
			return true;
	return false;
}

static int64_t
count(const struct rst_record *record)
{
	struct rst_attr approvers;

	return rst_record_attr(record, RST_A_ROSTERAPPROVEDBY, &approvers)
	               ? (int64_t)approvers.count
	               : 0;
}

/* Each value of before is in after, and each new one is the actor. */
static bool
adds_himself(const struct rst_record *before, const struct rst_record *after,
             struct rst_view actor)
{
	char normal[RST_NORMAL_MAX];
	struct rst_attr values;
	struct rst_view value;
	size_t len;

	if (before != NULL &&
	    rst_record_attr(before, RST_A_ROSTERAPPROVEDBY, &values))
		while (rst_attr_next(&values, &value))
			if (rst_normalise(RST_MATCH_DN, value, normal, &len) !=
			            RST_OK ||
			    !has_approved(after, rst_view(normal, len)))
				return false;
	if (!rst_record_attr(after, RST_A_ROSTERAPPROVEDBY, &values))
		return true;
	while (rst_attr_next(&values, &value))
		if (rst_normalise(RST_MATCH_DN, value, normal, &len) !=
		            RST_OK ||
		    !(rst_view_equal(rst_view(normal, len), actor) ||
		      (before != NULL &&
		       has_approved(before, rst_view(normal, len)))))
			return false;
	return true;
}

enum rst_err
gate_approval(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *before = sides->before, *after = sides->after;
	char actor[RST_NORMAL_MAX];
	int64_t given, needed;
	size_t len;
	enum rst_err err;

	if (after == NULL || after->kind != RST_KIND_PERSON ||
	    g->ctx->actor_id == 0)
		return RST_OK;
	err = rst_normalise(RST_MATCH_DN, g->ctx->actor, actor, &len);
	if (err != RST_OK)
		return err;
	if (!adds_himself(before, after, rst_view(actor, len)))
		return gate_refuse(g, RULE_FORBIDDEN, "rosterApprovedBy", NULL);
	if (before == NULL || before->status != RST_STATUS_PENDING ||
	    (after->status != RST_STATUS_ACTIVE &&
	     (act_is_invited(before) || !act_is_invited(after))))
		return RST_OK;
	/* who was admitted was approved */
	if (act_is_invited(before))
		return RST_OK;
	given = count(after);
	if (!has_approved(after, rst_view(actor, len)))
		given++;
	err = lifecycle_setting_number(&g->txn->r, RULE_SETTING_APPROVALS,
	                               &needed);
	if (err != RST_OK)
		return err;
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
	size_t len;
	enum rst_err err;

	*ret_waits = false;
	if (ctx->actor_id == 0)
		return RST_OK;
	err = lifecycle_setting_number(txn, RULE_SETTING_APPROVALS, &needed);
	if (err == RST_OK)
		err = rst_normalise(RST_MATCH_DN, ctx->actor, actor, &len);
	if (err == RST_OK && !has_approved(record, rst_view(actor, len))) {
		err = rst_entry_add(entry, RST_A_ROSTERAPPROVEDBY, ctx->actor);
		given++;
	}
	*ret_waits = err == RST_OK && given < needed;
	return err;
}
