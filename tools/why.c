/* SPDX-License-Identifier: OLDAP-2.8 */
/* why.c - rosterctl why: may somebody sign in, and what would change it */
#include "lifecycle/why.h"

#include <cjson/cJSON.h>

#include "tools/rosterctl.h"

struct asking {
	struct ctl_options common;
	struct why_asked asked;
};

static const struct argp_option options[] = {
	{ "host", 'H', "NAME", 0, "On this host", 0 },
	{ "json", 'j', NULL, 0, "Print JSON", 0 },
	{ 0 },
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct asking *asking = state->input;

	switch (key) {
	case 'H':
		asking->asked.host = rst_view_of(arg);
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num == 0)
			asking->asked.name = rst_view_of(arg);
		else if (state->arg_num == 1)
			asking->asked.service = rst_view_of(arg);
		else
			argp_error(state, "\"%s\" is one too many", arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "why who?");
		return 0;
	default:
		return ctl_parse_option(key, arg, state);
	}
}

static void
print_text(const struct why *why)
{
	for (size_t i = 0; i < why->n; i++) {
		const struct why_step *step = &why->steps[i];

		printf("%-5s %-13s %s\n", why_outcome_word(step->outcome),
		       step->name, step->text);
		if (step->change[0] != '\0')
			printf("%-19s -> %s\n", "", step->change);
	}
	puts(why->allowed ? "allowed" : "refused");
}

static enum ctl_status
print_json(const struct why *why)
{
	cJSON *root = why_model(why);

	return ctl_print_json(root);
}

enum ctl_status
ctl_why(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &ctl_common, 0, NULL, 0 }, { 0 }
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "NAME [SERVICE]",
		.doc = "May somebody sign in?  Step by step, each with the "
		       "line that would change it.  The last line is the "
		       "verdict; the exit status is 0 when allowed, 69 when "
		       "refused.",
		.children = children,
	};
	struct asking asking = { .common.ctl = ctl };
	struct act_refusal refusal = { 0 };
	struct rst_env *env = NULL;
	enum ctl_status status;
	struct act_ctx ctx;
	struct why why;

	ctl_parse(&argp, argc, argv, &asking);
	status = ctl_open(ctl, false, &env);
	if (status == CTL_OK)
		status = ctl_context(env, &ctx);
	if (status == CTL_OK)
		status = ctl_failed(why_explain(&ctx, &asking.asked, &why),
		                    &refusal);
	if (status == CTL_OK && asking.common.json)
		status = print_json(&why);
	else if (status == CTL_OK)
		print_text(&why);
	if (status == CTL_OK && !why.allowed)
		status = CTL_REFUSED;
	rst_env_close(env);
	return status;
}
