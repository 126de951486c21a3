/* SPDX-License-Identifier: OLDAP-2.8 */
/* unlock.c - rosterctl unlock */
#include <argp.h>
#include <stdlib.h>

#include "lifecycle/acts.h"
#include "tools/rosterctl.h"

struct options {
	struct ctl *ctl;
	const char *name, *reason;
};

static const struct argp_option option_list[] = {
	{ "reason", 'r', "TEXT", 0, "Why, for the journal", 0 },
	{ 0 },
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = options->ctl;
		return 0;
	case 'r':
		options->reason = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (options->name != NULL)
			argp_error(state, "one name at a time");
		options->name = arg;
		return 0;
	case ARGP_KEY_END:
		if (options->name == NULL)
			argp_error(state, "whose account?");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static enum rst_err
find(struct rst_env *env, const char *name, uint64_t *ret_id)
{
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(env, &txn);
	if (err != RST_OK)
		return err;
	err = act_find_person(&txn, rst_view_of(name), ret_id);
	rst_read_end(&txn);
	return err;
}

static enum ctl_status
unlock(const struct act_ctx *ctx, const struct options *options)
{
	struct act_refusal refusal = { 0 };
	enum rst_err err;
	uint64_t id;

	err = find(ctx->env, options->name, &id);
	if (err == RST_OK)
		err = act_unlock(ctx, id, rst_view_of(options->reason),
		                 &refusal);
	if (err == RST_ENOTFOUND) {
		ctl_say("nobody is called \"%s\"", options->name);
		return CTL_ABSENT;
	}
	return ctl_failed(err, &refusal);
}

enum ctl_status
ctl_unlock(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &ctl_common, 0, NULL, 0 }, { 0 }
	};
	static const struct argp argp = {
		.options = option_list,
		.parser = parse,
		.args_doc = "NAME",
		.doc = "Let an account sign in again that too many wrong "
		       "passwords have locked, and forget them.  One that is "
		       "not locked is left as it is.",
		.children = children,
	};
	struct options options = { .ctl = ctl, .reason = "" };
	struct rst_env *env = NULL;
	enum ctl_status status;
	struct act_ctx ctx;

	ctl_parse(&argp, argc, argv, &options);
	status = ctl_open(ctl, false, &env);
	if (status == CTL_OK)
		status = ctl_context(env, &ctx);
	if (status == CTL_OK)
		status = unlock(&ctx, &options);
	rst_env_close(env);
	return status;
}
