/* SPDX-License-Identifier: OLDAP-2.8 */
/* report.c - what commands that verify say while they do, and of it */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "tools/rosterctl.h"

void
ctl_report_begin(struct ctl_report *report, enum ctl_progress progress,
                 FILE *out)
{
	bool terminal = isatty(STDERR_FILENO) == 1;

	*report = (struct ctl_report){
		.out = out,
		.progress = progress == CTL_PROGRESS_ALWAYS ||
		            (progress == CTL_PROGRESS_AUTO && terminal),
		.terminal = terminal,
	};
}

void
ctl_report_clear(struct ctl_report *report)
{
	if (report->shown)
		fputs("\r\033[K", stderr);
	report->shown = false;
}

static void
finding(void *arg, const struct rst_check_finding *what)
{
	struct ctl_report *report = arg;
	cJSON *item = NULL;

	report->told += !what->warning;
	if (report->findings == NULL) {
		ctl_report_clear(report);
		fprintf(report->out, "%s%s: %s\n",
		        what->warning ? "warning: " : "", what->invariant,
		        what->text);
		return;
	}
	item = cJSON_CreateObject();
	if (!cJSON_AddStringToObject(item, "invariant", what->invariant) ||
	    !cJSON_AddStringToObject(item, "severity",
	                             what->warning ? "warning" : "error") ||
	    !cJSON_AddStringToObject(item, "text", what->text) ||
	    !cJSON_AddItemToArray(report->findings, item)) {
		cJSON_Delete(item);
		report->failed = true;
	}
}

/* A line for each tenth, and one for what has no number. */
static void
progress_line(struct ctl_report *report, const char *what, uint64_t done,
              uint64_t total)
{
	unsigned int tenth = total > 0 ? (unsigned int)(done * 10 / total) : 0;

	if (report->what == what && report->tenth == tenth)
		return;
	report->what = what;
	report->tenth = tenth;
	if (total > 0)
		fprintf(stderr, "%s: %" PRIu64 " of %" PRIu64 "\n", what, done,
		        total);
	else
		fprintf(stderr, "%s\n", what);
}

static void
progress(void *arg, const char *what, uint64_t done, uint64_t total)
{
	struct ctl_report *report = arg;

	if (!report->progress)
		return;
	if (!report->terminal) {
		progress_line(report, what, done, total);
		return;
	}
	if (total > 0)
		fprintf(stderr, "\r\033[K%s: %" PRIu64 " of %" PRIu64, what,
		        done, total);
	else
		fprintf(stderr, "\r\033[K%s", what);
	report->shown = true;
}

struct rst_check_options
ctl_report_options(struct ctl_report *report, uint64_t max_findings)
{
	return (struct rst_check_options){ .max_findings = max_findings,
		                           .finding = finding,
		                           .progress = progress,
		                           .arg = report };
}

enum ctl_status
ctl_explain(enum rst_err err, const struct rst_detail *detail)
{
	struct act_refusal refusal = { .detail = *detail };

	if (err == RST_OK)
		return CTL_OK;
	if (detail->text[0] == '\0')
		return ctl_failed(err, &refusal);
	ctl_say("%s", detail->text);
	switch (err) {
	case RST_OK:
		return CTL_OK;
	case RST_ENOTFOUND:
		return CTL_ABSENT;
	case RST_EINVALID:
		return CTL_INVALID;
	case RST_EEXISTS:
	case RST_ESTATE:
	case RST_EDENIED:
		return CTL_REFUSED;
	case RST_ECORRUPT:
		return CTL_CORRUPT;
	case RST_EBUSY:
		return CTL_BUSY;
	case RST_ENOMEM:
		return CTL_INTERNAL;
	case RST_EFULL:
	case RST_EIO:
		break;
	}
	return CTL_IO;
}
