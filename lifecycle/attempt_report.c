/* SPDX-License-Identifier: OLDAP-2.8 */
/* attempt_report.c - failed sign-ins reach the journal, added up
 *
 *	sign-in-failed	uid=alice,ou=people,...	192.0.2.1	17 times
 *	sign-in-failed				192.0.2.1	4 times
 *
 * The second is of names that nobody has: what was typed there may be a
 * password, and is not kept.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/attempt.h"

#define REASON_BYTES 64

static enum rst_err
journal_one(struct rst_wtxn *txn, const struct act_ctx *ctx,
            const struct throttle_report *report, const char *reason)
{
	char dn[RST_DN_MAX];
	size_t len = 0;
	struct rst_journal_entry entry = {
		.op = RST_J_EVENT,
		.door = ctx->door,
		.act = RST_VIEW("sign-in-failed"),
		.address = rst_view_of(report->address),
		.reason = rst_view_of(reason),
		.time_s = ctx->now_s,
		.time_us = ctx->now_us,
	};

	/* gone meanwhile: nobody's */
	if (report->id != 0 &&
	    rst_tree_dn(&txn->r, report->id, dn, sizeof(dn), &len) != RST_OK)
		len = 0;
	entry.dn = rst_view(dn, len);
	return rst_journal_append(txn, &entry, NULL);
}

static enum rst_err
journal_all(const struct act_ctx *ctx, const struct throttle_report *reports,
            size_t n, uint64_t omitted)
{
	const struct throttle_report others = { .id = 0 };
	char reason[REASON_BYTES];
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	for (size_t i = 0; err == RST_OK && i < n; i++) {
		(void)snprintf(reason, sizeof(reason), "%" PRIu32 " times",
		               reports[i].count);
		err = journal_one(&txn, ctx, &reports[i], reason);
	}
	(void)snprintf(reason, sizeof(reason), "%" PRIu64 " times, elsewhere",
	               omitted);
	if (err == RST_OK && omitted > 0)
		err = journal_one(&txn, ctx, &others, reason);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	return err;
}

enum rst_err
attempt_report(const struct act_ctx *ctx, bool all)
{
	struct throttle *throttle = throttle_of(ctx->env);
	struct throttle_report *reports;
	uint32_t now_s = (uint32_t)ctx->now_s;
	uint64_t omitted;
	enum rst_err err = RST_OK;
	size_t n;

	reports = calloc(THROTTLE_REPORTS, sizeof(*reports));
	if (throttle == NULL || reports == NULL) {
		err = RST_ENOMEM;
		goto out;
	}
	n = throttle_report_take(throttle, now_s, all, reports, &omitted);
	if (n > 0 || omitted > 0)
		err = journal_all(ctx, reports, n, omitted);
	for (size_t i = 0; err != RST_OK && i < n; i++)
		omitted += reports[i].count;
	if (err != RST_OK)
		throttle_report_omit(throttle, omitted);
out:
	free(reports);
	return err;
}
