/* SPDX-License-Identifier: OLDAP-2.8 */
/* rosterctl.h - what the commands of rosterctl share
 *
 * One file a command, named after it.  A command reads its own options, does
 * one thing and answers an exit status.
 */
#ifndef ROSTERCTL_H
#define ROSTERCTL_H

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

#include "lifecycle/acts.h"
#include "store/check.h"

#define CTL_DIRECTORY     "/var/lib/roster"
#define CTL_COMPLETE      "--complete" /* contrib/completion asks */
#define CTL_DIRECTORY_ENV "ROSTER_STATE"

/* Exit statuses; rosterctl(8) says the same.  Those from 64 are sysexits.h's.
 */
enum ctl_status {
	CTL_OK = 0,
	CTL_REPAIRED = 1, /* check: found something and put it right */
	CTL_CORRUPT = 2,  /* something stored is damaged */
	CTL_USAGE = 64,
	CTL_INVALID = 65,  /* a value that cannot be right */
	CTL_ABSENT = 66,   /* no environment there */
	CTL_REFUSED = 69,  /* a rule or the state of things forbids it */
	CTL_INTERNAL = 70, /* out of memory */
	CTL_IO = 74,
	CTL_BUSY = 75, /* try again */
};

struct cJSON;

struct ctl {
	const char *directory;  /* of the environment */
	bool verify;            /* look at every page before opening it */
	struct rst_detail *why; /* takes why opening it failed, or NULL */
};

struct ctl_command {
	const char *name;
	const char *what; /* one line for the list of commands */
	/* argv[0] is "rosterctl NAME" */
	enum ctl_status (*run)(struct ctl *ctl, int argc, char **argv);
};

enum ctl_status ctl_init(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_bootstrap_admin(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_calibrate(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_sweep(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_user(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_group(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_key(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_agreement(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_registration_token(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_reset_link(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_invite(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_token(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_session(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_mail(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_config(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_preset(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_host(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_policy(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_audit(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_why(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_check(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_info(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_export(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_apply(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_import(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_backup(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_promote(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_demote(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_resize(struct ctl *ctl, int argc, char **argv);
enum ctl_status ctl_restore(struct ctl *ctl, int argc, char **argv);

/* A child of every command's argp: --directory.  Its input is struct ctl. */
extern const struct argp ctl_common;
/*
 * Options that several commands have; each lists which.  What a command's own
 * parser does not know it passes on: to these, to ctl_common, and an argument
 * is refused.  state->input begins with a struct ctl_options.
 */
struct ctl_options {
	struct ctl *ctl;
	bool force, json, quiet, dry_run; /* -f, -j, -q, -n */
};
error_t ctl_parse_option(int key, char *arg, struct argp_state *state);
/* Parse a command's options; exits on --help, --version and misuse. */
void ctl_parse(const struct argp *argp, int argc, char **argv, void *input);

/* "rosterctl: ..." on standard error. */
void ctl_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Open the environment, making it when create is set; says why it failed. */
/* Now, for rst_env_set_clock(). */
int64_t ctl_clock(void);
enum ctl_status ctl_open(const struct ctl *ctl, bool create,
                         struct rst_env **ret_env);
/*
 * Who acts: the Unix user, as uid=LOGIN+uidNumber=N,cn=peercred,cn=external,
 * cn=auth; by the CLI, now.  The address is "local", with the name that person
 * logged in with where it is another ("local:ada").
 */
enum ctl_status ctl_context(struct rst_env *env, struct act_ctx *ret_ctx);
/* Say why an act failed and what to do; RST_OK is CTL_OK, silently. */
enum ctl_status ctl_failed(enum rst_err err, const struct act_refusal *refusal);

/* init.c: make the directory, for the group that both daemons are in, when that
 * group is there and we may; one that is there is left as it is. */
enum ctl_status ctl_make_directory(const char *path);

/* backup.c: open the backup FILE, or standard input for "-". */
enum ctl_status ctl_open_backup(const char *file, int *ret_fd);

/* report.c: findings and progress of what is verified, for a struct
 * rst_check_options.  Progress goes to standard error: to a terminal as a line
 * that changes, to anything else only when it is asked for, a line for each
 * tenth. */
enum ctl_progress {
	CTL_PROGRESS_AUTO, /* when it is a terminal */
	CTL_PROGRESS_NONE,
	CTL_PROGRESS_ALWAYS,
};
struct ctl_report {
	FILE *out;              /* findings go there */
	struct cJSON *findings; /* unless this array takes them */
	uint64_t told;          /* violations; warnings are not counted */
	bool failed;            /* out of memory */
	bool progress;          /* it is shown */
	bool terminal;          /* on a terminal */
	bool shown;             /* a line of progress stands there */
	const char *what;       /* the last one told of */
	unsigned int tenth;     /* how much of it */
};
void ctl_report_begin(struct ctl_report *report, enum ctl_progress progress,
                      FILE *out);
void ctl_report_clear(struct ctl_report *report); /* the line of progress */
struct rst_check_options ctl_report_options(struct ctl_report *report,
                                            uint64_t max_findings);

/* report.c: say why a call of the store failed; RST_OK is CTL_OK, silently. */
enum ctl_status ctl_explain(enum rst_err err, const struct rst_detail *detail);

/* Say that there is no memory; CTL_INTERNAL. */
enum ctl_status ctl_no_memory(void);

/* Print the object and free it.  CTL_INTERNAL when it is NULL or memory ran
 * out. */
enum ctl_status ctl_print_json(struct cJSON *json);

#endif
