/* SPDX-License-Identifier: OLDAP-2.8 */
/* sweep.c - rosterctl sweep: what time does to accounts, now */
#include <stdio.h>

#include "lifecycle/audit.h"
#include "tools/rosterctl.h"

#define AT_ONCE 1000 /* accounts between two lines of progress */

/* Whose time in the bin, or in the queue, is over; what expired ones leave. */
static enum ctl_status
end_accounts(const struct act_ctx *ctx)
{
	struct act_refusal refusal = { 0 };
	enum ctl_status status = CTL_OK;
	size_t n = AT_ONCE, all = 0;

	while (status == CTL_OK && n == AT_ONCE) {
		status = ctl_failed(act_sweep(ctx, AT_ONCE, &n, &refusal),
		                    &refusal);
		all += status == CTL_OK ? n : 0;
	}
	if (status == CTL_OK)
		printf("%zu account%s ended\n", all, all == 1 ? "" : "s");
	return status;
}

static enum ctl_status
expire(const struct act_ctx *ctx)
{
	struct act_refusal refusal = { 0 };
	enum ctl_status status;
	size_t n;

	status = ctl_failed(act_sweep_due(ctx, &n, NULL, &refusal), &refusal);
	if (status == CTL_OK && n > 0)
		printf("%zu expired\n", n);
	return status;
}

static enum ctl_status
suspend_idle(const struct act_ctx *ctx)
{
	struct act_refusal refusal = { 0 };
	enum ctl_status status;
	uint64_t walk = 0;
	size_t n, all = 0;

	do {
		status = ctl_failed(act_sweep_idle(ctx, &walk, &n, &refusal),
		                    &refusal);
		all += status == CTL_OK ? n : 0;
	} while (status == CTL_OK && walk != 0);
	if (status == CTL_OK && all > 0)
		printf("%zu suspended: nobody used %s\n", all,
		       all == 1 ? "it" : "them");
	return status;
}

static enum ctl_status
warn(const struct act_ctx *ctx)
{
	struct act_refusal refusal = { 0 };
	enum ctl_status status;
	uint64_t walk = 0;
	size_t n, all = 0;

	do {
		status = ctl_failed(
			act_sweep_passwords(ctx, &walk, &n, &refusal),
			&refusal);
		all += n;
	} while (status == CTL_OK && walk != 0);
	if (status == CTL_OK && all > 0)
		printf("%zu warned: the password expires\n", all);
	return status;
}

static enum ctl_status
keep_journal(const struct act_ctx *ctx)
{
	const struct act_refusal none = { 0 };
	size_t n = AT_ONCE, removed = 0;
	enum ctl_status status;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == AT_ONCE) {
		err = audit_keep(ctx, AT_ONCE, &n);
		removed += n;
	}
	status = ctl_failed(err, &none);
	if (status == CTL_OK)
		printf("%zu journal row%s removed\n", removed,
		       removed == 1 ? "" : "s");
	return status;
}

enum ctl_status
ctl_sweep(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &ctl_common, 0, NULL, 0 }, { 0 }
	};
	static const struct argp argp = {
		.parser = ctl_parse_option,
		.doc = "Purge the accounts that were in the bin for as long "
		       "as setting bin-retention says, and drop the "
		       "registrations that nobody decided within "
		       "pending-lifetime; end for good what accounts that "
		       "expired leave: sessions, tokens, invitations; "
		       "suspend whom nobody used for as "
		       "long as inactive-after says; warn by mail whose "
		       "password expires soon; remove journal records "
		       "older than audit-retention says, and images older "
		       "than image-retention.  A running rosterd does this "
		       "by itself: with what expired every five seconds, "
		       "with the rest every minute.",
		.children = children,
	};
	static enum ctl_status (*const steps[])(const struct act_ctx *) = {
		end_accounts, expire, suspend_idle, warn, keep_journal
	};
	struct ctl_options common = { .ctl = ctl };
	struct rst_env *env = NULL;
	enum ctl_status status;
	struct act_ctx ctx;

	ctl_parse(&argp, argc, argv, &common);
	status = ctl_open(ctl, false, &env);
	if (status == CTL_OK)
		status = ctl_context(env, &ctx);
	for (size_t i = 0;
	     status == CTL_OK && i < sizeof(steps) / sizeof(steps[0]); i++)
		status = steps[i](&ctx);
	rst_env_close(env);
	return status;
}
