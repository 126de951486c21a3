/* SPDX-License-Identifier: OLDAP-2.8 */
/* bootstrap.c - rosterctl bootstrap-admin: the link for the first one */
#include <stdio.h>

#include <sodium.h>

#include "tools/rosterctl.h"

#define URL_MAX     1024 /* bytes */
#define URL_DEFAULT "https://localhost:8443"

struct options {
	struct ctl_options common;
	const char *url;
};

static const struct argp_option option_list[] = {
	{ "public-url", 'u', "URL", 0,
	  "How browsers reach rosterd (default: " URL_DEFAULT ")", 0 },
	{ 0 },
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'u':
		options->url = arg;
		return 0;
	default:
		return ctl_parse_option(key, arg, state);
	}
}

/* http:// or https:// and printable ASCII without blanks; the length without
 * slashes at the end, 0 for anything else. */
static size_t
url_length(const char *url)
{
	size_t len = strlen(url);
	size_t scheme = strncmp(url, "https://", 8) == 0  ? 8
	                : strncmp(url, "http://", 7) == 0 ? 7
	                                                  : 0;

	if (scheme == 0 || len > URL_MAX)
		return 0;
	for (size_t i = 0; i < len; i++)
		if (url[i] <= ' ' || url[i] > '~' ||
		    strchr("\"<>\\^`{|}?#", url[i]) != NULL)
			return 0;
	while (len > scheme && url[len - 1] == '/')
		len--;
	return len > scheme ? len : 0;
}

enum ctl_status
ctl_bootstrap_admin(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &ctl_common, 0, NULL, 0 }, { 0 }
	};
	static const struct argp argp = {
		.options = option_list,
		.parser = parse,
		.doc = "Print a link that makes the first administrator.  It "
		       "works once and for one hour; a new one ends the one "
		       "before.  When there is an administrator it is refused.",
		.children = children,
	};
	struct options options = { .common.ctl = ctl, .url = URL_DEFAULT };
	struct act_refusal refusal = { 0 };
	struct rst_env *env = NULL;
	struct act_ctx ctx;
	char token[RST_TOKEN_TEXT] = "";
	enum ctl_status status;
	size_t len;

	ctl_parse(&argp, argc, argv, &options);
	len = url_length(options.url);
	if (len == 0) {
		ctl_say("\"%s\" is not a URL: write one like "
		        "https://roster.example.org",
		        options.url);
		return CTL_INVALID;
	}
	status = ctl_open(ctl, false, &env);
	if (status == CTL_OK)
		status = ctl_context(env, &ctx);
	if (status == CTL_OK)
		status = ctl_failed(act_bootstrap_token(&ctx, token, &refusal),
		                    &refusal);
	if (status == CTL_OK) {
		fputs("Open this link within an hour; it works once:\n",
		      stderr);
		printf("%.*s/bootstrap/%s\n", (int)len, options.url, token);
	}
	sodium_memzero(token, sizeof(token));
	rst_env_close(env);
	return status;
}
