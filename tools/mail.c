/* SPDX-License-Identifier: OLDAP-2.8 */
/* mail.c - rosterctl mail: the outbox
 *
 * What a mail says is never shown: it holds links with tokens.
 */
#include <inttypes.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "lifecycle/moment.h"
#include "store/outbox.h"
#include "tools/noun.h"

#define ROSTERD "rosterd"

static enum ctl_status
print_one(const struct noun *noun, const struct rst_mail *mail)
{
	const char *state =
		mail->state == RST_MAIL_FAILED ? "failed" : "queued";
	char made[LIFECYCLE_TIME_BYTES];
	cJSON *root;
	bool good;

	lifecycle_time_print_3339(mail->made_s, made);
	if (!noun->json) {
		printf("%" PRIu64 "  %-6s  %s  %u  %.*s  %.*s  %.*s\n",
		       mail->id, state, made, mail->attempts, (int)mail->to.len,
		       mail->to.ptr, (int)mail->template.len,
		       mail->template.ptr, (int)mail->error.len,
		       mail->error.ptr);
		return CTL_OK;
	}
	root = cJSON_CreateObject();
	good = cJSON_AddNumberToObject(root, "id", (double)mail->id) &&
	       noun_add(root, "to", mail->to) &&
	       noun_add(root, "template", mail->template) &&
	       cJSON_AddStringToObject(root, "state", state) &&
	       cJSON_AddStringToObject(root, "created", made) &&
	       cJSON_AddNumberToObject(root, "attempts", mail->attempts) &&
	       noun_add(root, "error", mail->error);
	if (good)
		return noun_print_line(root);
	cJSON_Delete(root);
	return ctl_no_memory();
}

static enum ctl_status
list(struct noun *noun)
{
	struct rst_mail mail = { .bytes = NULL };
	enum ctl_status status = CTL_OK;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(noun->env, &txn);
	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	while (status == CTL_OK) {
		uint64_t after = mail.id;

		rst_mail_release(&mail);
		err = rst_outbox_next(&txn, after, &mail);
		if (err != RST_OK)
			break;
		status = print_one(noun, &mail);
	}
	rst_mail_release(&mail);
	rst_read_end(&txn);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return ctl_failed(err, &noun->refusal);
	return status;
}

typedef enum rst_err act_mail(const struct act_ctx *ctx, uint64_t id,
                              struct act_refusal *refusal);

static enum ctl_status
do_act(struct noun *noun, act_mail *act, const char *done)
{
	enum rst_err err = RST_ENOTFOUND;
	uint64_t id;

	if (rst_view_number(rst_view_of(noun->args[0]), UINT64_MAX, &id))
		err = act(&noun->ctx, id, &noun->refusal);
	if (err == RST_ENOTFOUND) {
		ctl_say("there is no mail \"%s\" to be sent", noun->args[0]);
		return CTL_ABSENT;
	}
	return noun_done(noun, err, noun->args[0], done);
}

static enum ctl_status
retry(struct noun *noun)
{
	return do_act(noun, act_mail_retry, "to be sent now");
}

static enum ctl_status
drop(struct noun *noun)
{
	return do_act(noun, act_mail_drop, "deleted, unsent");
}

static enum ctl_status
test(struct noun *noun)
{
	uint64_t id = 0;

	return noun_done(noun,
	                 act_mail_test(&noun->ctx, rst_view_of(noun->args[0]),
	                               noun_text(noun, NOUN_PUBLIC_URL), &id,
	                               &noun->refusal),
	                 noun->args[0], "sent a mail as soon as rosterd can");
}

/* rosterd beside this program: what it would send is its own to say. */
static bool
find_rosterd(char buf[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", buf, PATH_MAX - 1);
	char *slash;

	if (len <= 0)
		return false;
	buf[len] = '\0';
	slash = strrchr(buf, '/');
	if (slash == NULL ||
	    (size_t)(slash + 1 - buf) + sizeof(ROSTERD) > PATH_MAX)
		return false;
	memcpy(slash + 1, ROSTERD, sizeof(ROSTERD));
	return access(buf, X_OK) == 0;
}

static enum ctl_status
preview(struct noun *noun)
{
	const char *language = noun->option[NOUN_LANGUAGE];
	char program[PATH_MAX];
	const char *argv[] = {
		ROSTERD,
		"--state",
		noun->ctl->directory,
		"--mail",
		noun->args[0],
		"--language",
		language != NULL ? language : "",
		noun->option[NOUN_HTML] != NULL ? "--html" : NULL,
		NULL,
	};
	int status;
	pid_t pid;

	if (!find_rosterd(program)) {
		ctl_say("there is no rosterd beside rosterctl");
		return CTL_ABSENT;
	}
	if (posix_spawn(&pid, program, NULL, NULL, (char **)(uintptr_t)argv,
	                environ) != 0 ||
	    waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
		ctl_say("%s cannot be run to its end", program);
		return CTL_INTERNAL;
	}
	return WEXITSTATUS(status) == 0 ? CTL_OK : CTL_INVALID;
}

static const struct noun_verb verbs[] = {
	{ "list", "",
	  "What is to be sent: id, state, since when, attempts, to whom, what, "
	  "why it failed",
	  0, 0, 0, false, list },
	{ "retry", "ID", "Send it now", 1, 1, 0, true, retry },
	{ "delete", "ID", "Take it out, unsent", 1, 1, 0, true, drop },
	{ "test", "ADDRESS", "Queue a mail that says that mail works", 1, 1,
	  NOUN_BIT(PUBLIC_URL), true, test },
	{ "preview", "NAME",
	  "Print a mail as rosterd would send it, such as invitation", 1, 1,
	  NOUN_BIT(HTML) | NOUN_BIT(LANGUAGE), false, preview },
};

enum ctl_status
ctl_mail(struct ctl *ctl, int argc, char **argv)
{
	static const struct noun_table table = {
		"Mail to be sent.\v", verbs, sizeof(verbs) / sizeof(verbs[0])
	};

	return noun_run(&table, ctl, argc, argv);
}
