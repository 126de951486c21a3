/* SPDX-License-Identifier: OLDAP-2.8 */
/* seed.c - make a new environment and print the first administrator's token
 *
 * usage: seed DIRECTORY SUFFIX
 */
#include <sodium.h>
#include <stdio.h>
#include <time.h>

#include "lifecycle/acts.h"

static enum rst_err
set_up(const struct act_ctx *ctx, const char *suffix,
       char token[RST_TOKEN_TEXT], struct act_refusal *refusal)
{
	struct rst_wtxn txn;
	enum rst_err err;

	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = rst_setting_put(&txn, "lifecycle", RST_VIEW("on"));
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	if (err == RST_OK)
		err = act_init(ctx, rst_view_of(suffix), RST_VIEW("Example"),
		               refusal);
	if (err == RST_OK)
		err = act_bootstrap_token(ctx, token, refusal);
	return err;
}

int
main(int argc, char *argv[])
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_env_options options = { .create = true,
		                           .map_bytes = 64 << 20 };
	struct act_ctx ctx = { .door = RST_DOOR_CLI, .server_id = 15 };
	struct rst_detail why = { "" };
	char token[RST_TOKEN_TEXT];
	struct timespec now;
	enum rst_err err;

	if (argc != 3 || sodium_init() < 0)
		return 2;
	clock_gettime(CLOCK_REALTIME, &now);
	ctx.now_s = now.tv_sec;
	ctx.now_us = (uint32_t)(now.tv_nsec / 1000);
	err = rst_env_open(argv[1], &options, &ctx.env, &why);
	if (err == RST_OK)
		err = set_up(&ctx, argv[2], token, &refusal);
	rst_env_close(ctx.env);
	if (err != RST_OK) {
		fprintf(stderr, "seed: %s: %s %s\n", rst_strerror(err),
		        why.text, refusal.detail.text);
		return 1;
	}
	puts(token);
	return 0;
}
