/* SPDX-License-Identifier: OLDAP-2.8 */
/* demote.c - rosterctl demote: a provider becomes a replica */
#include <stdio.h>

#include "lifecycle/replica.h"
#include "tools/rosterctl.h"

struct options {
	struct ctl_options common;
	const char *url;
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			argp_error(state, "what is \"%s\"?", arg);
		options->url = arg;
		return 0;
	case ARGP_KEY_END:
		if (options->url == NULL)
			argp_error(state, "of which server, such as "
			                  "ldap://two.example.org?");
		return 0;
	default:
		return ctl_parse_option(key, arg, state);
	}
}

static enum ctl_status
demote(const struct options *options, struct rst_env *env)
{
	struct act_refusal none = { 0 };
	struct act_ctx ctx;
	enum ctl_status status = ctl_context(env, &ctx);
	enum rst_err err;

	if (status != CTL_OK)
		return status;
	err = act_demote(&ctx, rst_view_of(options->url));
	if (err != RST_EINVALID)
		return ctl_failed(err, &none);
	ctl_say("\"%s\" is no LDAP URL", options->url);
	return CTL_INVALID;
}

enum ctl_status
ctl_demote(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &ctl_common, 0, NULL, 0 }, { 0 }
	};
	static const struct argp argp = {
		.parser = parse,
		.args_doc = "URL",
		.doc = "Make this server a replica of the one at URL: from "
		       "then on nothing is changed here.  slapd then needs "
		       "syncrepl and updateref, and does not start without.",
		.children = children,
	};
	struct options options = { .common.ctl = ctl };
	struct rst_env *env = NULL;
	enum ctl_status status;

	ctl_parse(&argp, argc, argv, &options);
	status = ctl_open(ctl, false, &env);
	if (status == CTL_OK)
		status = demote(&options, env);
	rst_env_close(env);
	if (status == CTL_OK)
		printf("This server is a replica of %s and takes no changes.\n"
		       "Give its database syncrepl and updateref, and start "
		       "slapd anew.\n",
		       options.url);
	return status;
}
