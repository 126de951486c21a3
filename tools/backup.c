/* SPDX-License-Identifier: OLDAP-2.8 */
/* backup.c - rosterctl backup and restore: the whole system in one file */
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "tools/rosterctl.h"

#define FINDINGS 20 /* told of a copy that is not clean */

struct options {
	struct ctl_options common;
	const char *file;
};

static const struct argp_option backup_options[] = {
	{ "force", 'f', NULL, 0, "Replace the file", 0 },
	{ "json", 'j', NULL, 0, "Print a report for programs", 0 },
	{ "quiet", 'q', NULL, 0, "Print nothing when it succeeds", 0 },
	{ 0 },
};

static const struct argp_option restore_options[] = {
	{ "json", 'j', NULL, 0, "Print a report for programs", 0 },
	{ "quiet", 'q', NULL, 0, "Print nothing when it succeeds", 0 },
	{ 0 },
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (options->file != NULL || arg[0] == '\0')
			argp_error(state, "what is \"%s\"?", arg);
		options->file = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which file?");
		return 0;
	default:
		return ctl_parse_option(key, arg, state);
	}
}

static bool
is_stream(const char *file)
{
	return strcmp(file, "-") == 0;
}

enum ctl_status
ctl_open_backup(const char *file, int *ret_fd)
{
	int fd;

	if (is_stream(file)) {
		fd = dup(STDIN_FILENO);
	} else {
		/* not waiting for whoever would write into a FIFO */
		fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd >= 0)
			(void)fcntl(fd, F_SETFL, 0);
	}
	if (fd < 0) {
		ctl_say("%s: %s", file, strerror(errno));
		return errno == ENOENT ? CTL_ABSENT : CTL_IO;
	}
	*ret_fd = fd;
	return CTL_OK;
}

static enum ctl_status
told(const struct options *options, const struct rst_backup_info *info,
     bool restored)
{
	const char *directory = options->common.ctl->directory;
	bool sent = !restored && is_stream(options->file);
	cJSON *root;

	if (options->common.quiet)
		return CTL_OK;
	if (!options->common.json) {
		fprintf(sent ? stderr : stdout,
		        restored ? "%s holds the environment of %s: %" PRIu64
		                   " entries, %" PRIu64 " journal records\n"
		                 : "%s is backed up in %s: %" PRIu64
		                   " entries, %" PRIu64 " journal records\n",
		        directory, options->file, info->entries, info->journal);
		return CTL_OK;
	}
	root = cJSON_CreateObject();
	if (!cJSON_AddStringToObject(root, "directory", directory) ||
	    !cJSON_AddStringToObject(root, "file", options->file) ||
	    !cJSON_AddNumberToObject(root, "bytes", (double)info->bytes) ||
	    !cJSON_AddNumberToObject(root, "entries", (double)info->entries) ||
	    !cJSON_AddNumberToObject(root, "journal", (double)info->journal) ||
	    !cJSON_AddNumberToObject(root, "made", (double)info->made_s)) {
		cJSON_Delete(root);
		root = NULL;
	}
	return ctl_print_json(root);
}

/* Standard output takes one thing, and a terminal none of it. */
static enum ctl_status
look_at_stream(const struct options *options)
{
	if (!is_stream(options->file))
		return CTL_OK;
	if (options->common.json) {
		ctl_say("the backup itself goes to standard output: no --json");
		return CTL_USAGE;
	}
	if (isatty(STDOUT_FILENO) == 1) {
		ctl_say("a backup is not written to a terminal: redirect it");
		return CTL_USAGE;
	}
	/* whoever reads goes away: an error, not our end with things left */
	(void)signal(SIGPIPE, SIG_IGN);
	return CTL_OK;
}

enum ctl_status
ctl_backup(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &ctl_common, 0, NULL, 0 }, { 0 }
	};
	static const struct argp argp = {
		.options = backup_options,
		.parser = parse,
		.args_doc = "FILE|-",
		.doc = "Copy the whole environment into FILE, while slapd and "
		       "rosterd run or not, and verify the copy before it "
		       "takes that name, or goes to standard output.  It holds "
		       "every secret.",
		.children = children,
	};
	struct options options = { .common.ctl = ctl };
	struct rst_detail detail = { "" };
	struct rst_backup_options how = { 0 };
	struct rst_backup_info info = { 0 };
	struct ctl_report report;
	struct act_ctx ctx;
	struct rst_env *env = NULL;
	enum ctl_status status;

	ctl_parse(&argp, argc, argv, &options);
	status = look_at_stream(&options);
	if (status == CTL_OK)
		status = ctl_open(ctl, false, &env);
	if (status == CTL_OK)
		status = ctl_context(env, &ctx);
	if (status != CTL_OK)
		goto out;
	ctl_report_begin(&report,
	                 options.common.quiet ? CTL_PROGRESS_NONE
	                                      : CTL_PROGRESS_AUTO,
	                 stderr);
	how.now_s = ctx.now_s;
	how.replace = options.common.force;
	how.check = ctl_report_options(&report, FINDINGS);
	status = ctl_explain(is_stream(options.file)
	                             ? rst_backup_send(env, STDOUT_FILENO, &how,
	                                               &info, &detail)
	                             : rst_backup_make(env, options.file, &how,
	                                               &info, &detail),
	                     &detail);
	ctl_report_clear(&report);
	if (status == CTL_OK)
		status = told(&options, &info, false);
out:
	rst_env_close(env);
	return status;
}

enum ctl_status
ctl_restore(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &ctl_common, 0, NULL, 0 }, { 0 }
	};
	static const struct argp argp = {
		.options = restore_options,
		.parser = parse,
		.args_doc = "FILE|-",
		.doc = "Make the environment that the backup FILE or standard "
		       "input holds, in an empty directory or one that is not "
		       "there.",
		.children = children,
	};
	struct options options = { .common.ctl = ctl };
	struct rst_detail detail = { "" };
	struct rst_backup_info info = { 0 };
	struct rst_check_options how;
	struct ctl_report report;
	enum ctl_status status;
	int fd = -1;

	ctl_parse(&argp, argc, argv, &options);
	status = ctl_open_backup(options.file, &fd);
	if (status == CTL_OK)
		status = ctl_make_directory(ctl->directory);
	if (status != CTL_OK)
		goto out;
	ctl_report_begin(&report,
	                 options.common.quiet ? CTL_PROGRESS_NONE
	                                      : CTL_PROGRESS_AUTO,
	                 stderr);
	how = ctl_report_options(&report, FINDINGS);
	status = ctl_explain(
		rst_backup_restore(fd, ctl->directory, &how, &info, &detail),
		&detail);
	ctl_report_clear(&report);
	if (status == CTL_OK)
		status = told(&options, &info, true);
out:
	if (fd >= 0)
		close(fd);
	return status;
}
