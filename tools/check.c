/* SPDX-License-Identifier: OLDAP-2.8 */
/* check.c - rosterctl check: verify every invariant */
#include "store/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "lifecycle/check_rules.h"
#include "lifecycle/decoy.h"
#include "store/backup.h"
#include "tools/rosterctl.h"

#define FINDINGS_DEFAULT 100 /* printed; all are counted */
#define FINDINGS_MAX     1000000

struct options {
	struct ctl_options common;
	bool repair, progress;
	const char *copy; /* a backup, or a directory, to look into instead */
	int fd;           /* the backup, or -1 */
	uint64_t max;
	struct rst_detail why; /* it cannot be verified */
};

static const struct argp_option option_list[] = {
	{ "json", 'j', NULL, 0, "Print a report for programs", 0 },
	{ "quiet", 'q', NULL, 0, "Print no progress, and nothing when clean",
	  0 },
	{ "max", 'm', "N", 0, "Print at most N findings (default: 100)", 0 },
	{ "progress", 'p', NULL, 0,
	  "Print progress even when standard error is no terminal", 0 },
	{ "repair", 'r', NULL, 0, "Put right what follows from other rows", 0 },
	{ 0 },
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'm':
		if (!rst_view_number(rst_view_of(arg), FINDINGS_MAX,
		                     &options->max))
			argp_error(state, "--max is a number up to %d",
			           FINDINGS_MAX);
		return 0;
	case 'p':
		options->progress = true;
		return 0;
	case 'r':
		options->repair = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 0 || arg[0] == '\0')
			argp_error(state, "what is \"%s\"?", arg);
		options->copy = arg;
		return 0;
	default:
		return ctl_parse_option(key, arg, state);
	}
}

/* What was found, and what became of it. */
struct outcome {
	uint64_t found;
	uint64_t repaired; /* rows */
	uint64_t left;     /* found again after the repair */
	uint64_t rules;    /* of them, that only break the rules */
};

static const char *
place(const struct options *options)
{
	return options->copy != NULL ? options->copy
	                             : options->common.ctl->directory;
}

/* {"directory", "lmdb", "invariants": [...], "clean", "count", "repaired",
 * "left", "findings"} */
static enum ctl_status
print_report(const struct options *options, struct ctl_report *report,
             const struct outcome *outcome)
{
	const struct rst_check_rule *rule;
	cJSON *root = cJSON_CreateObject();
	cJSON *names = cJSON_CreateArray();
	bool good = !report->failed;

	for (size_t i = 0; good && rst_check_invariants[i] != NULL; i++)
		good = cJSON_AddItemToArray(
			names, cJSON_CreateString(rst_check_invariants[i]));
	for (rule = lifecycle_check_rules; good && rule->name != NULL; rule++)
		good = cJSON_AddItemToArray(names,
		                            cJSON_CreateString(rule->name));
	good = good &&
	       cJSON_AddStringToObject(root, "directory", place(options)) &&
	       cJSON_AddStringToObject(root, "lmdb", rst_lmdb_version()) &&
	       cJSON_AddBoolToObject(root, "clean", outcome->found == 0) &&
	       cJSON_AddNumberToObject(root, "count", (double)outcome->found) &&
	       cJSON_AddNumberToObject(root, "repaired",
	                               (double)outcome->repaired) &&
	       cJSON_AddNumberToObject(root, "left", (double)outcome->left);
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

static void
print_end(const struct options *options, const struct ctl_report *report,
          const struct outcome *outcome)
{
	if (!options->common.json && outcome->found > report->told)
		printf("... and %" PRIu64 " more\n",
		       outcome->found - report->told);
	if (outcome->repaired > 0 && !options->common.quiet)
		ctl_say("%" PRIu64 " rows were put right", outcome->repaired);
	if (outcome->left > outcome->rules)
		ctl_say("%s is damaged (%" PRIu64 " findings%s): %s",
		        place(options), outcome->left - outcome->rules,
		        options->repair ? " after the repair" : "",
		        options->repair || options->copy != NULL
		                ? "restore a backup"
		                : "try rosterctl check --repair, else stop "
		                  "slapd and rosterd and restore a backup");
	if (outcome->rules > 0)
		ctl_say("%" PRIu64 " findings in %s break the rules, which no "
		        "repair mends: change those entries",
		        outcome->rules, place(options));
	if (outcome->left > 0)
		return;
	if (!options->common.json && !options->common.quiet)
		printf("%s is clean\n", place(options));
}

/* Verify the environment, or the backup when env is NULL. */
static enum ctl_status
verify(struct rst_env *env, struct options *options,
       const struct rst_check_options *how, struct outcome *outcome)
{
	struct rst_check_options again = *how;
	struct decoy_costs costs;
	enum rst_err err;

	if (env == NULL)
		err = rst_backup_check(options->fd, how, &outcome->found,
		                       &options->why);
	else
		err = rst_check(env, how, &outcome->found);
	outcome->left = outcome->found;
	if (err == RST_OK && options->repair && outcome->found > 0) {
		again.finding = NULL;
		err = rst_check_repair(env, &again, &outcome->repaired);
		if (err == RST_OK)
			err = decoy_recount(env, &costs);
		if (err == RST_OK)
			err = rst_check(env, &again, &outcome->left);
	}
	return ctl_explain(err, &options->why);
}

/* What is so damaged that verifying ends there is a finding, too. */
static void
note_damage(const struct options *options, const struct rst_check_options *how,
            struct outcome *outcome)
{
	struct rst_check_finding what = { .invariant = "pages" };

	snprintf(what.text, sizeof(what.text), "%s",
	         options->why.text[0] != '\0' ? options->why.text
	                                      : rst_strerror(RST_ECORRUPT));
	how->finding(how->arg, &what);
	outcome->left = ++outcome->found;
}

/* opened: what became of opening it. */
static enum ctl_status
check(struct rst_env *env, struct options *options, enum ctl_status opened)
{
	struct outcome outcome = { 0 };
	struct rst_check_options how;
	struct ctl_report report;
	struct act_refusal none = { 0 };
	enum ctl_status status = opened;

	ctl_report_begin(&report,
	                 options->common.quiet ? CTL_PROGRESS_NONE
	                 : options->progress   ? CTL_PROGRESS_ALWAYS
	                                       : CTL_PROGRESS_AUTO,
	                 stdout);
	how = ctl_report_options(&report, options->max);
	how.rules = lifecycle_check_rules;
	how.rules_n = &outcome.rules;
	if (options->common.json &&
	    (report.findings = cJSON_CreateArray()) == NULL)
		return ctl_failed(RST_ENOMEM, &none);
	if (status == CTL_OK)
		status = verify(env, options, &how, &outcome);
	ctl_report_clear(&report);
	if (status == CTL_CORRUPT && options->common.json) {
		note_damage(options, &how, &outcome);
		(void)print_report(options, &report, &outcome);
	}
	if (status == CTL_OK && options->common.json)
		status = print_report(options, &report, &outcome);
	if (status == CTL_OK)
		print_end(options, &report, &outcome);
	cJSON_Delete(report.findings);
	if (status != CTL_OK || outcome.found == 0)
		return status;
	return outcome.left > 0 ? CTL_CORRUPT : CTL_REPAIRED;
}

/* A directory given instead is the environment; anything else a backup. */
static enum ctl_status
find_place(struct options *options)
{
	struct stat st;

	if (options->copy == NULL)
		return CTL_OK;
	if (stat(options->copy, &st) == 0 && S_ISDIR(st.st_mode)) {
		options->common.ctl->directory = options->copy;
		options->copy = NULL;
		return CTL_OK;
	}
	if (options->repair) {
		ctl_say("a backup is not repaired: restore it, and repair what "
		        "comes of it");
		return CTL_USAGE;
	}
	return ctl_open_backup(options->copy, &options->fd);
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
		.args_doc = "[BACKUP|-|DIR]",
		.doc = "Verify every invariant of the environment over one "
		       "snapshot, while slapd and rosterd run or not; or those "
		       "of a backup.  Exit status 0: clean; 1: something was "
		       "found and put right; 2: something was found.",
		.children = children,
	};
	struct options options = { .common.ctl = ctl,
		                   .max = FINDINGS_DEFAULT,
		                   .fd = -1 };
	struct rst_env *env = NULL;
	enum ctl_status status;

	ctl_parse(&argp, argc, argv, &options);
	status = find_place(&options);
	ctl->verify = true;
	ctl->why = &options.why;
	if (status == CTL_OK && options.copy == NULL)
		status = ctl_open(ctl, false, &env);
	if (status == CTL_OK || status == CTL_CORRUPT)
		status = check(env, &options, status);
	rst_env_close(env);
	if (options.fd >= 0)
		close(options.fd);
	return status;
}
