/* SPDX-License-Identifier: OLDAP-2.8 */
/* init.c - rosterctl init: make a directory */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/rosterctl.h"

#define SUFFIX_MAX     200 /* bytes */
#define DIRECTORY_MODE 02770
#define GROUP          "roster"

struct options {
	struct ctl_options common;
	const char *suffix, *organisation;
};

static const struct argp_option option_list[] = {
	{ "suffix", 's', "DN", 0,
	  "Where the directory stands, such as dc=example,dc=org", 0 },
	{ "organisation", 'o', "NAME", 0, "Whose it is", 0 },
	{ "organization", 0, NULL, OPTION_ALIAS, NULL, 0 },
	{ 0 },
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 's':
		options->suffix = arg;
		return 0;
	case 'o':
		options->organisation = arg;
		return 0;
	case ARGP_KEY_END:
		if (options->suffix == NULL)
			argp_error(state, "--suffix is missing");
		return 0;
	default:
		return ctl_parse_option(key, arg, state);
	}
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The length of an RDN of plain characters at text, up to a comma or the end;
 * 0 for anything else. */
static size_t
plain_rdn(const char *text)
{
	size_t n = 0, value;

	if (!is_letter(text[0]))
		return 0;
	while (is_letter(text[n]) || (text[n] >= '0' && text[n] <= '9') ||
	       text[n] == '-')
		n++;
	if (text[n] != '=')
		return 0;
	value = ++n;
	while (text[n] != '\0' && text[n] != ',') {
		if ((unsigned char)text[n] < ' ' ||
		    strchr("+\"\\<>;#=", text[n]) != NULL)
			return 0;
		n++;
	}
	if (n == value || text[value] == ' ' || text[n - 1] == ' ')
		return 0;
	return n;
}

/* Copy a DN of plain RDNs without the blanks after its commas. */
static bool
read_suffix(const char *text, char buf[SUFFIX_MAX + 1])
{
	size_t len = 0, n;

	for (;;) {
		n = plain_rdn(text);
		if (n == 0 || len + n + 1 > SUFFIX_MAX)
			return false;
		memcpy(buf + len, text, n);
		len += n;
		text += n;
		if (*text == '\0')
			break;
		buf[len++] = *text++;
		while (*text == ' ')
			text++;
	}
	buf[len] = '\0';
	return true;
}

enum ctl_status
ctl_make_directory(const char *path)
{
	const struct group *group = getgrnam(GROUP);

	if (mkdir(path, 0770) != 0) {
		if (errno == EEXIST)
			return CTL_OK;
		ctl_say("%s cannot be made: %s", path, strerror(errno));
		return CTL_IO;
	}
	if (group != NULL && geteuid() == 0 &&
	    chown(path, (uid_t)-1, group->gr_gid) != 0)
		ctl_say("%s cannot be given to group %s: %s", path, GROUP,
		        strerror(errno));
	if (chmod(path, DIRECTORY_MODE) != 0) {
		ctl_say("%s: %s", path, strerror(errno));
		return CTL_IO;
	}
	return CTL_OK;
}

enum ctl_status
ctl_init(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &ctl_common, 0, NULL, 0 }, { 0 }
	};
	static const struct argp argp = {
		.options = option_list,
		.parser = parse,
		.doc = "Make the environment and in it the directory: the "
		       "suffix entry, ou=people, ou=groups, ou=invitations, "
		       "ou=policies, ou=tombstones, ou=services, ou=tokens, "
		       "ou=hosts, ou=agreements, ou=presets, cn=settings and "
		       "the groups sysadmins and ldapusers.  What is there already is "
		       "left alone, so it can be repeated.",
		.children = children,
	};
	struct options options = { .common.ctl = ctl };
	struct act_refusal refusal = { 0 };
	struct rst_env *env = NULL;
	struct act_ctx ctx;
	char suffix[SUFFIX_MAX + 1];
	enum ctl_status status;

	ctl_parse(&argp, argc, argv, &options);
	if (!read_suffix(options.suffix, suffix)) {
		ctl_say("\"%s\" is not a suffix: write one like "
		        "dc=example,dc=org, of at most %d bytes",
		        options.suffix, SUFFIX_MAX);
		return CTL_INVALID;
	}
	status = ctl_make_directory(ctl->directory);
	if (status == CTL_OK)
		status = ctl_open(ctl, true, &env);
	if (status == CTL_OK)
		status = ctl_context(env, &ctx);
	if (status == CTL_OK)
		status = ctl_failed(act_init(&ctx, rst_view_of(suffix),
		                             rst_view_of(options.organisation),
		                             &refusal),
		                    &refusal);
	if (status == CTL_OK)
		printf("%s holds the directory %s\n", ctl->directory, suffix);
	rst_env_close(env);
	return status;
}
