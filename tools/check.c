/* SPDX-License-Identifier: OLDAP-2.8 */
/* check.c - rosterctl check: verify every invariant */
#include "store/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "tools/rosterctl.h"

#define FINDINGS_DEFAULT 100 /* printed; all are counted */
#define FINDINGS_MAX     1000000

struct options {
	struct ctl *ctl;
	bool json, quiet;
	uint64_t max;
};

static const struct argp_option option_list[] = {
	{ "json", 'j', NULL, 0, "Print a report for programs", 0 },
	{ "quiet", 'q', NULL, 0, "Print no progress, and nothing when clean",
	  0 },
	{ "max", 'm', "N", 0, "Print at most N findings (default: 100)", 0 },
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
	case 'j':
		options->json = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case 'm':
		if (!rst_view_number(rst_view_of(arg), FINDINGS_MAX,
		                     &options->max))
			argp_error(state, "--max is a number up to %d",
			           FINDINGS_MAX);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "what is \"%s\"?", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* {"directory", "lmdb", "invariants": [...], "clean", "count", "findings"} */
static enum ctl_status
print_report(const struct ctl *ctl, struct ctl_report *report, uint64_t n)
{
	cJSON *root = cJSON_CreateObject();
	cJSON *names = cJSON_CreateArray();
	bool good = !report->failed;

	for (size_t i = 0; good && rst_check_invariants[i] != NULL; i++)
		good = cJSON_AddItemToArray(
			names, cJSON_CreateString(rst_check_invariants[i]));
	good = good &&
	       cJSON_AddStringToObject(root, "directory", ctl->directory) &&
	       cJSON_AddStringToObject(root, "lmdb", rst_lmdb_version()) &&
	       cJSON_AddBoolToObject(root, "clean", n == 0) &&
	       cJSON_AddNumberToObject(root, "count", (double)n);
	if (good && cJSON_AddItemToObject(root, "invariants", names))
		names = NULL;
	if (good && cJSON_AddItemToObject(root, "findings", report->findings))
		report->findings = NULL;
	good = good && names == NULL && report->findings == NULL;
	cJSON_Delete(names);
	if (!good) {
		cJSON_Delete(root);
		root = NULL;
	}
	return ctl_print_json(root);
}

static enum ctl_status
check(struct rst_env *env, const struct options *options)
{
	struct rst_check_options how;
	struct ctl_report report;
	struct act_refusal none = { 0 };
	enum ctl_status status;
	uint64_t n = 0;

	ctl_report_begin(&report, options->quiet, stdout);
	how = ctl_report_options(&report, options->max);
	if (options->json && (report.findings = cJSON_CreateArray()) == NULL)
		return ctl_failed(RST_ENOMEM, &none);
	status = ctl_failed(rst_check(env, &how, &n), &none);
	ctl_report_clear(&report);
	if (status == CTL_OK && options->json)
		status = print_report(options->ctl, &report, n);
	else if (status == CTL_OK && n > options->max)
		printf("... and %" PRIu64 " more\n", n - options->max);
	if (status == CTL_OK && n > 0)
		ctl_say("%s is damaged (%" PRIu64
		        " findings): stop slapd and rosterd, and restore a "
		        "backup",
		        options->ctl->directory, n);
	else if (status == CTL_OK && !options->json && !options->quiet)
		printf("%s is clean\n", options->ctl->directory);
	cJSON_Delete(report.findings);
	return status == CTL_OK && n > 0 ? CTL_CORRUPT : status;
}

enum ctl_status
ctl_check(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &ctl_common, 0, NULL, 0 }, { 0 }
	};
	static const struct argp argp = {
		.options = option_list,
		.parser = parse,
		.doc = "Verify every invariant of the environment over one "
		       "snapshot, while slapd and rosterd run or not.  Exit "
		       "status 0: clean; 2: something was found.",
		.children = children,
	};
	struct options options = { .ctl = ctl, .max = FINDINGS_DEFAULT };
	struct rst_env *env = NULL;
	enum ctl_status status;

	ctl_parse(&argp, argc, argv, &options);
	status = ctl_open(ctl, false, &env);
	if (status == CTL_OK)
		status = check(env, &options);
	rst_env_close(env);
	return status;
}
