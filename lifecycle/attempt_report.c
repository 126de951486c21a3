/* SPDX-License-Identifier: OLDAP-2.8 */
/* attempt_report.c - attempts to sign in reach the journal, added up
 *
 *	sign-in-failed	uid=alice,ou=people,...	192.0.2.1	17 times
 *	sign-in-failed				192.0.2.1	4 times
 *	sign-in-failed	uid=bob,ou=people,...	192.0.2.1	once, though the
 *			password was right: the account may not sign in
 *	sign-in		uid=carol,ou=people,...	192.0.2.3	once
 *	sign-in		cn=web,ou=services,...	192.0.2.4	by an API token,
 *								9000 times
 *
 * The second is of names that nobody has: what was typed there may be a
 * password, and is not kept.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/attempt.h"

#define REASON_BYTES 128
#define AT_ONCE      128 /* records in one transaction */

/* What a record says beside whom and where. */
struct words {
	const char *act, *before, *after;
};

static struct words
words_of(enum throttle_event event)
{
	switch (event) {
	case THROTTLE_WRONG:
		break;
	case THROTTLE_INACTIVE:
		return (struct words){ "sign-in-failed", "",
			               ", though the password was right: "
			               "the account may not sign in" };
	case THROTTLE_SIGN_IN:
		return (struct words){ "sign-in", "", "" };
	case THROTTLE_BY_TOKEN:
		return (struct words){ "sign-in", "by an API token, ", "" };
	}
	return (struct words){ "sign-in-failed", "", "" };
}

static enum rst_err
append(struct rst_wtxn *txn, const struct act_ctx *ctx, const char *act,
       const struct throttle_report *report, const char *reason)
{
	bool failure = throttle_is_failure(report->event);
	char dn[RST_DN_MAX];
	size_t len = 0;
	struct rst_journal_entry entry = {
		.op = RST_J_EVENT,
		.door = (enum rst_door)report->door,
		.act = rst_view_of(act),
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
	if (!failure)
		entry.actor = entry.dn; /* he did it, as the web has it */
	return rst_journal_append(txn, &entry, NULL);
}

static enum rst_err
append_report(struct rst_wtxn *txn, const struct act_ctx *ctx,
              const struct throttle_report *report)
{
	struct words words = words_of(report->event);
	char reason[REASON_BYTES], times[24];

	(void)snprintf(times, sizeof(times), "%" PRIu32 " times",
	               report->count);
	(void)snprintf(reason, sizeof(reason), "%s%s%s", words.before,
	               report->count == 1 ? "once" : times, words.after);
	return append(txn, ctx, words.act, report, reason);
}

static enum rst_err
append_omitted(struct rst_wtxn *txn, const struct act_ctx *ctx,
               enum throttle_event event, uint64_t count)
{
	const struct throttle_report others = {
		.event = event,
		.door = RST_DOOR_SYSTEM,
	};
	char reason[REASON_BYTES];

	if (count == 0)
		return RST_OK;
	(void)snprintf(reason, sizeof(reason), "%" PRIu64 " times, elsewhere",
	               count);
	return append(txn, ctx, words_of(event).act, &others, reason);
}

static enum rst_err
journal_some(const struct act_ctx *ctx, const struct throttle_report *reports,
             size_t n, const struct throttle_omitted *omitted)
{
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	for (size_t i = 0; err == RST_OK && i < n; i++)
		err = append_report(&txn, ctx, &reports[i]);
	if (err == RST_OK)
		err = append_omitted(&txn, ctx, THROTTLE_WRONG,
		                     omitted->failures);
	if (err == RST_OK)
		err = append_omitted(&txn, ctx, THROTTLE_SIGN_IN,
		                     omitted->successes);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	return err;
}

/* What could not be written is told later: failures as a number, successes as
 * they are. */
static void
keep(struct throttle *throttle, const struct throttle_report *reports, size_t n,
     struct throttle_omitted *omitted, uint32_t now_s)
{
	for (size_t i = 0; i < n; i++)
		if (throttle_is_failure(reports[i].event))
			omitted->failures += reports[i].count;
		else
			throttle_report_add(throttle, &reports[i], now_s);
	throttle_report_omit(throttle, omitted);
}

enum rst_err
attempt_report(const struct act_ctx *ctx, bool all)
{
	struct throttle *throttle = throttle_of(ctx->env);
	struct throttle_report *reports;
	struct throttle_omitted omitted = { 0 };
	uint32_t now_s = (uint32_t)ctx->now_s;
	enum rst_err err = RST_OK;
	size_t n, done = 0, some;

	reports = calloc(THROTTLE_REPORTS, sizeof(*reports));
	if (throttle == NULL || reports == NULL) {
		err = RST_ENOMEM;
		goto out;
	}
	n = throttle_report_take(throttle, now_s, all, reports, &omitted);
	while (err == RST_OK &&
	       (done < n || omitted.failures > 0 || omitted.successes > 0)) {
		some = n - done < AT_ONCE ? n - done : AT_ONCE;
		err = journal_some(ctx, reports + done, some, &omitted);
		if (err != RST_OK)
			break;
		done += some;
		omitted = (struct throttle_omitted){ 0 };
	}
	if (err != RST_OK)
		keep(throttle, reports + done, n - done, &omitted, now_s);
out:
	free(reports);
	return err;
}
