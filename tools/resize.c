/* SPDX-License-Identifier: OLDAP-2.8 */
/* resize.c - rosterctl resize: a larger map */
#include <inttypes.h>
#include <stdio.h>

#include "tools/rosterctl.h"

#define SIZE_MAX_BYTES (UINT64_C(1) << 46)

struct options {
	struct ctl_options common;
	uint64_t bytes;
};

static const struct argp_option option_list[] = {
	{ "dry-run", 'n', NULL, 0, "Say what would be done, and whether", 0 },
	{ 0 },
};

/* "32G": a number, and K, M, G or T for that power of 1024. */
static bool
read_size(const char *text, uint64_t *ret_bytes)
{
	static const char units[] = "KMGT";
	size_t len = strlen(text);
	const char *unit;
	unsigned int shift = 0;
	uint64_t number;

	if (len > 0 && (unit = strchr(units, text[len - 1])) != NULL) {
		shift = 10 * (unsigned int)(unit - units + 1);
		len--;
	}
	if (!rst_view_number(rst_view(text, len), SIZE_MAX_BYTES >> shift,
	                     &number))
		return false;
	*ret_bytes = number << shift;
	return number > 0;
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (state->arg_num > 0)
			argp_error(state, "what is \"%s\"?", arg);
		if (!read_size(arg, &options->bytes))
			argp_error(state,
			           "\"%s\" is no size, such as 32G, of "
			           "64T at most",
			           arg);
		return 0;
	case ARGP_KEY_END:
		if (options->bytes == 0)
			argp_error(state, "how large?");
		return 0;
	default:
		return ctl_parse_option(key, arg, state);
	}
}

/* The size of the map now. */
static enum ctl_status
size_of(const struct ctl *ctl, uint64_t *ret_bytes)
{
	struct act_refusal none = { 0 };
	struct rst_env_info info = { 0 };
	struct rst_env *env = NULL;
	enum ctl_status status;

	status = ctl_open(ctl, false, &env);
	if (status == CTL_OK)
		status = ctl_failed(rst_env_info(env, &info), &none);
	rst_env_close(env);
	if (status == CTL_OK)
		*ret_bytes = info.map_bytes;
	return status;
}

static enum ctl_status
grow(const struct options *options)
{
	const struct rst_env_options how = { .grow_bytes = options->bytes,
		                             .dry_run =
		                                     options->common.dry_run };
	struct rst_detail detail = { "" };
	struct rst_env *env = NULL;
	enum rst_err err;

	err = rst_env_open(options->common.ctl->directory, &how, &env, &detail);
	rst_env_close(env);
	return ctl_explain(err, &detail);
}

enum ctl_status
ctl_resize(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &ctl_common, 0, NULL, 0 }, { 0 }
	};
	static const struct argp argp = {
		.options = option_list,
		.parser = parse,
		.args_doc = "SIZE",
		.doc = "Make the map of the environment SIZE bytes large (K, M, "
		       "G and T are powers of 1024), while slapd and rosterd "
		       "are stopped.  It only grows, and takes no room on the "
		       "disk before it is used.",
		.children = children,
	};
	struct options options = { .common.ctl = ctl };
	uint64_t before = 0, after = 0;
	enum ctl_status status;

	ctl_parse(&argp, argc, argv, &options);
	status = size_of(ctl, &before);
	if (status == CTL_OK)
		status = grow(&options);
	if (status == CTL_OK && options.common.dry_run) {
		printf("%s: the map would grow from %" PRIu64 " MiB to %" PRIu64
		       " MiB\n",
		       ctl->directory, before >> 20, options.bytes >> 20);
		return CTL_OK;
	}
	if (status == CTL_OK)
		status = size_of(ctl, &after);
	if (status == CTL_OK)
		printf("%s: the map has grown from %" PRIu64 " MiB to %" PRIu64
		       " MiB; let maxsize say %" PRIu64 "\n",
		       ctl->directory, before >> 20, after >> 20, after);
	return status;
}
