/* SPDX-License-Identifier: OLDAP-2.8 */
/* rosterctl.c - the administrator's tool: rosterctl COMMAND OPTIONS */
#include "tools/rosterctl.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "config.h"
#include "store/memory.h"

#define EXTERNAL           "cn=peercred,cn=external,cn=auth" /* as slapd says */
#define FOREIGN_ID_DEFAULT 15 /* server id of what is not slapd */

/* libc looks for it by its name, so it must not be hidden */
__attribute__((visibility("default"))) const char *argp_program_version =
	PACKAGE_STRING;

static const struct ctl_command commands[] = {
	{ "init", "make a directory", ctl_init },
	{ "bootstrap-admin", "print the link for the first administrator",
	  ctl_bootstrap_admin },
	{ "user", "people: list, add, suspend, ...", ctl_user },
	{ "group", "groups: list, add, join, ...", ctl_group },
	{ "preset", "presets of invitations: list, add, ...", ctl_preset },
	{ "host", "hosts, and who may log in there: list, add, ...", ctl_host },
	{ "key", "SSH keys of people: list, add, drop", ctl_key },
	{ "agreement", "documents that people sign: list, add, version, ...",
	  ctl_agreement },
	{ "registration-token", "links for one username: new, list, revoke",
	  ctl_registration_token },
	{ "reset-link", "links to set a password: issue, list, revoke",
	  ctl_reset_link },
	{ "invite", "links that admit people", ctl_invite },
	{ "token", "API tokens: list, create, revoke", ctl_token },
	{ "session", "web sessions: list, end", ctl_session },
	{ "mail", "mail to be sent: list, retry, delete, test", ctl_mail },
	{ "config", "settings of the directory", ctl_config },
	{ "policy", "settings for the members of groups", ctl_policy },
	{ "audit", "the journal: list, follow, export, verify", ctl_audit },
	{ "why", "may somebody sign in, and what would change it", ctl_why },
	{ "calibrate", "set what hashing a password may cost here",
	  ctl_calibrate },
	{ "check", "verify every invariant of the environment", ctl_check },
	{ "info", "say what the environment is and holds", ctl_info },
	{ "export", "people, groups and settings as JSON", ctl_export },
	{ "apply", "make the directory what a file says", ctl_apply },
	{ "import", "take in people and groups of other systems", ctl_import },
	{ "backup", "copy the environment into a file", ctl_backup },
	{ "restore", "make the environment of a backup", ctl_restore },
	{ "resize", "make the map of the environment larger", ctl_resize },
	{ "promote", "make a replica the provider", ctl_promote },
	{ "demote", "make a provider a replica", ctl_demote },
	{ "status", "the same as info", ctl_info },
	{ "sweep", "end what was in the bin or the queue for too long",
	  ctl_sweep },
};

#define N_COMMANDS (sizeof(commands) / sizeof(*commands))

void
ctl_say(const char *format, ...)
{
	va_list args;

	fputs("rosterctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static const struct argp_option common_options[] = {
	{ "directory", 'd', "DIR", 0,
	  "The environment (default: $" CTL_DIRECTORY_ENV
	  ", else " CTL_DIRECTORY ")",
	  1 },
	{ "state", 0, NULL, OPTION_ALIAS, NULL, 1 },
	{ 0 },
};

static error_t
parse_common(int key, char *arg, struct argp_state *state)
{
	struct ctl *ctl = state->input;

	if (key != 'd')
		return ARGP_ERR_UNKNOWN;
	if (arg[0] == '\0')
		argp_error(state, "the directory has no name");
	ctl->directory = arg;
	return 0;
}

const struct argp ctl_common = { .options = common_options,
	                         .parser = parse_common };

void
ctl_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	/* argp answers misuse itself, with EX_USAGE; what comes back is that
	 * it ran out of memory */
	if (argp_parse(argp, argc, argv, 0, NULL, input) != 0)
		exit(CTL_INTERNAL);
}

enum ctl_status
ctl_open(const struct ctl *ctl, bool create, struct rst_env **ret_env)
{
	struct rst_env_options options = { .create = create,
		                           .verify = ctl->verify };
	struct rst_detail detail = { "" };
	struct rst_detail *why = ctl->why != NULL ? ctl->why : &detail;
	enum rst_err err;

	err = rst_env_open(ctl->directory, &options, ret_env, why);
	if (err == RST_OK)
		return CTL_OK;
	if (why->text[0] != '\0')
		ctl_say("%s", why->text);
	else
		ctl_say("%s: %s", ctl->directory, rst_strerror(err));
	if (err == RST_ENOTFOUND && strstr(why->text, "init") == NULL)
		ctl_say("rosterctl init makes an environment");
	return err == RST_ENOTFOUND  ? CTL_ABSENT
	       : err == RST_EBUSY    ? CTL_BUSY
	       : err == RST_EINVALID ? CTL_INVALID
	       : err == RST_ESTATE   ? CTL_REFUSED
	       : err == RST_ENOMEM   ? CTL_INTERNAL
	       : err == RST_ECORRUPT ? CTL_CORRUPT
	                             : CTL_IO;
}

/* The server id for CSNs of ours. */
static enum rst_err
server_id(struct rst_env *env, unsigned int *ret_id)
{
	struct rst_rtxn txn = { 0 };
	struct rst_view value;
	uint64_t id = FOREIGN_ID_DEFAULT;
	enum rst_err err;

	err = rst_read_begin(env, &txn);
	if (err == RST_OK)
		err = rst_setting_get(&txn, "foreign-id", &value);
	if (err == RST_OK && !rst_view_number(value, 4095, &id))
		id = FOREIGN_ID_DEFAULT;
	rst_read_end(&txn);
	*ret_id = (unsigned int)id;
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* The login name of uid, escaped for a DN; false for nobody. */
static bool
login_name(uid_t uid, char *buf, size_t size)
{
	const struct passwd *entry = getpwuid(uid);
	size_t n = 0;

	for (const char *at = entry != NULL ? entry->pw_name : "";
	     *at != '\0' && n + 4 < size; at++) {
		unsigned char c = (unsigned char)*at;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || (c == '-' && n > 0) || c == '_' ||
		    c == '.')
			buf[n++] = *at;
		else
			n += (size_t)snprintf(buf + n, size - n, "\\%02X", c);
	}
	buf[n] = '\0';
	return n > 0;
}

/* The user that the kernel remembers from the login, through su and sudo. */
static bool
login_uid(uid_t *ret_uid)
{
	char text[16] = "";
	uint64_t number;
	FILE *file = fopen("/proc/self/loginuid", "re");

	if (file == NULL)
		return false;
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	(void)fclose(file);
	text[strcspn(text, "\n")] = '\0';
	if (!rst_view_number(rst_view_of(text), UINT32_MAX - 1, &number))
		return false;
	*ret_uid = (uid_t)number;
	return true;
}

static void
set_actor(struct act_ctx *ctx)
{
	static char actor[512], address[64];
	char name[128];
	uid_t uid = getuid(), login;
	unsigned int number = (unsigned int)uid;

	if (login_name(uid, name, sizeof(name)))
		snprintf(actor, sizeof(actor), "uid=%s+uidNumber=%u,%s", name,
		         number, EXTERNAL);
	else
		snprintf(actor, sizeof(actor), "uidNumber=%u,%s", number,
		         EXTERNAL);
	snprintf(address, sizeof(address), "local");
	if (login_uid(&login) && login != uid &&
	    login_name(login, name, sizeof(name)))
		snprintf(address, sizeof(address), "local:%.50s", name);
	ctx->actor = rst_view_of(actor);
	ctx->address = rst_view_of(address);
}

int64_t
ctl_clock(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

enum ctl_status
ctl_context(struct rst_env *env, struct act_ctx *ret_ctx)
{
	const struct act_refusal none = { 0 };
	struct timespec now;
	unsigned int id;
	enum rst_err err;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
		ctl_say("the clock cannot be read");
		return CTL_IO;
	}
	err = server_id(env, &id);
	if (err != RST_OK)
		return ctl_failed(err, &none);
	*ret_ctx = (struct act_ctx){
		.env = env,
		.door = RST_DOOR_CLI,
		.now_s = now.tv_sec,
		.now_us = (uint32_t)(now.tv_nsec / 1000),
		.server_id = id,
	};
	set_actor(ret_ctx);
	return CTL_OK;
}

enum ctl_status
ctl_no_memory(void)
{
	ctl_say("out of memory");
	return CTL_INTERNAL;
}

enum ctl_status
ctl_failed(enum rst_err err, const struct act_refusal *refusal)
{
	const char *more = refusal->detail.text;

	switch (err) {
	case RST_OK:
		return CTL_OK;
	case RST_EDENIED:
		ctl_say("%s%s%s (%s)", rule_verdict_text(refusal->verdict),
		        more[0] != '\0' ? ": " : "", more,
		        rule_verdict_code(refusal->verdict));
		return CTL_REFUSED;
	case RST_ENOTFOUND:
		ctl_say("%s", more[0] != '\0' ? more
		                              : "this environment holds no "
		                                "directory: run rosterctl "
		                                "init");
		return CTL_ABSENT;
	case RST_EINVALID:
		ctl_say("%s", more[0] != '\0' ? more : rst_strerror(err));
		return CTL_INVALID;
	case RST_EEXISTS:
	case RST_ESTATE:
		ctl_say("%s", more[0] != '\0' ? more : rst_strerror(err));
		return CTL_REFUSED;
	case RST_EBUSY:
		ctl_say("another process is writing: try again");
		return CTL_BUSY;
	case RST_EFULL:
		ctl_say("the map or the disk is full");
		return CTL_IO;
	case RST_ECORRUPT:
		ctl_say("the environment is damaged: run rosterctl check");
		return CTL_CORRUPT;
	case RST_ENOMEM:
		return ctl_no_memory();
	case RST_EIO:
		ctl_say("the disk cannot be read or written");
		return CTL_IO;
	}
	return CTL_INTERNAL;
}

enum ctl_status
ctl_print_json(cJSON *json)
{
	char *text = json != NULL ? cJSON_Print(json) : NULL;
	enum ctl_status status = CTL_OK;

	if (text == NULL) {
		status = ctl_no_memory();
	} else if (puts(text) == EOF || fflush(stdout) != 0) {
		ctl_say("the answer cannot be written");
		status = CTL_IO;
	}
	cJSON_free(text);
	cJSON_Delete(json);
	return status;
}

/* The list of commands, for --help; argp frees it. */
static char *
help_filter(int key, const char *text, void *input)
{
	char *help = NULL;
	size_t len = 0;
	FILE *out;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)(uintptr_t)text;
	out = open_memstream(&help, &len);
	if (out == NULL)
		return NULL;
	fputs("Commands:\n", out);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-16s %s\n", commands[i].name,
		        commands[i].what);
	fputs("\nrosterctl COMMAND --help tells of one.", out);
	if (fclose(out) != 0) {
		free(help);
		help = NULL;
	}
	return help;
}

error_t
ctl_parse_option(int key, char *arg, struct argp_state *state)
{
	struct ctl_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = options->ctl;
		return 0;
	case 'f':
		options->force = true;
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case 'n':
		options->dry_run = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "what is \"%s\"?", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

struct chosen {
	struct ctl ctl; /* first: the input of ctl_common too */
	const struct ctl_command *command;
	int at; /* of the command in argv */
};

static error_t
parse_top(int key, char *arg, struct argp_state *state)
{
	struct chosen *chosen = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &chosen->ctl;
		return 0;
	case ARGP_KEY_ARG:
		for (size_t i = 0; i < N_COMMANDS; i++)
			if (strcmp(arg, commands[i].name) == 0)
				chosen->command = &commands[i];
		if (chosen->command == NULL)
			argp_error(state, "there is no command \"%s\"", arg);
		/* The rest is the command's */
		chosen->at = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which command?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int
main(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &ctl_common, 0, NULL, 0 }, { 0 }
	};
	static const struct argp argp = {
		.parser = parse_top,
		.args_doc = "COMMAND [OPTION...]",
		.doc = "Make and look after a directory of Roster.\v",
		.children = children,
		.help_filter = help_filter,
	};
	struct chosen chosen = { .ctl.directory = getenv(CTL_DIRECTORY_ENV) };
	char name[64];

	if (argc == 2 && strcmp(argv[1], CTL_COMPLETE) == 0) {
		for (size_t i = 0; i < N_COMMANDS; i++)
			puts(commands[i].name);
		return CTL_OK;
	}
	rst_memory_private(); /* passwords are typed here, too */
	if (chosen.ctl.directory == NULL || chosen.ctl.directory[0] == '\0')
		chosen.ctl.directory = CTL_DIRECTORY;
	/* What it makes is for the group that both daemons are in */
	umask(0007);
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &chosen) != 0)
		return CTL_INTERNAL;
	snprintf(name, sizeof(name), "rosterctl %s", chosen.command->name);
	argv[chosen.at] = name;
	return chosen.command->run(&chosen.ctl, argc - chosen.at,
	                           argv + chosen.at);
}
