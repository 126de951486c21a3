/* SPDX-License-Identifier: OLDAP-2.8 */
/* state.c - rosterctl export, apply and import */
#include "tools/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX       16
#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* which some editors begin with */

enum {
	KEY_DRY_RUN = 1,
	KEY_JSON
};

static const struct argp_option options[] = {
	{ "dry-run", KEY_DRY_RUN, NULL, 0,
	  "Say what would change, and change nothing", 0 },
	{ "json", KEY_JSON, NULL, 0, "Print JSON", 0 },
	{ "progress", 'p', NULL, 0,
	  "Print progress even when standard error is no terminal", 0 },
	{ 0 },
};

struct run {
	struct ctl *ctl;
	struct state_options options;
	const char *files[FILES_MAX];
	size_t n_files;
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct run *run = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = run->ctl;
		return 0;
	case KEY_DRY_RUN:
		run->options.dry_run = true;
		return 0;
	case KEY_JSON:
		run->options.json = true;
		return 0;
	case 'p':
		run->options.progress = true;
		return 0;
	case ARGP_KEY_ARG:
		if (run->n_files == FILES_MAX)
			argp_error(state, "at most %d files", FILES_MAX);
		run->files[run->n_files++] = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which file?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &ctl_common, 0, NULL, 0 },
	                                      { 0 } };

enum ctl_status
ctl_export(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp argp = {
		.parser = ctl_parse_option,
		.doc = "Print people, groups, who is in them, policies, "
		       "presets and settings as JSON, as rosterctl apply reads it.  The "
		       "hashes of passwords are in it: keep it secret.",
		.children = children,
	};
	struct ctl_options common = { .ctl = ctl };
	struct rst_env *env = NULL;
	cJSON *state = NULL;
	enum ctl_status status;

	ctl_parse(&argp, argc, argv, &common);
	status = ctl_open(ctl, false, &env);
	if (status == CTL_OK)
		rst_env_set_clock(env, ctl_clock);
	if (status == CTL_OK)
		status = state_export(env, &state);
	rst_env_close(env);
	return status == CTL_OK ? ctl_print_json(state) : status;
}

/* The whole file, or standard input for "-", as a C string; to be freed.  NULL
 * with *ret_status. */
static char *
read_file(const char *name, enum ctl_status *ret_status)
{
	FILE *in = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
	char *text = NULL, *grown;
	size_t len = 0, room = 0, n = 1;

	while (in != NULL && n > 0) {
		if (room - len < 65536) {
			room = room == 0 ? 65536 * 2 : room * 2;
			grown = room <= STATE_FILE_MAX ? realloc(text, room)
			                               : NULL;
			if (grown == NULL)
				break;
			text = grown;
		}
		n = fread(text + len, 1, room - len - 1, in);
		len += n;
	}
	*ret_status = in == NULL || ferror(in) ? CTL_IO : CTL_INVALID;
	if (in == NULL || n > 0 || ferror(in) ||
	    memchr(text, '\0', len) != NULL) {
		ctl_say("%s: %s", name,
		        *ret_status == CTL_IO ? strerror(errno)
		        : n > 0               ? "larger than what is read"
		                              : "it has NUL bytes");
		free(text);
		text = NULL;
	} else {
		text[len] = '\0';
	}
	if (in != NULL && in != stdin)
		(void)fclose(in);
	return text;
}

/* cJSON ends a string at "\u0000", and what follows would be lost. */
static bool
has_nul(const char *text)
{
	for (text = strchr(text, '\\'); text != NULL && text[1] != '\0';
	     text = strchr(text + 2, '\\'))
		if (strncmp(text + 1, "u0000", 5) == 0)
			return true;
	return false;
}

static enum ctl_status
check_form(const cJSON *state, bool once)
{
	char at[STATE_PLACE_MAX];
	const char *why = state_form_wrong(state, once, at);

	if (why == NULL)
		return CTL_OK;
	ctl_say("%s: %s", at, why);
	return CTL_INVALID;
}

static enum ctl_status
take_json(const char *name, const char *text, cJSON **state)
{
	const char *end = NULL;
	cJSON *read;

	if (has_nul(text)) {
		ctl_say("%s: it has NUL bytes", name);
		return CTL_INVALID;
	}
	read = cJSON_ParseWithOpts(text, &end, true);
	if (!cJSON_IsObject(read)) {
		ctl_say("%s: no JSON object, from \"%.20s\" on", name,
		        end != NULL ? end : "");
		cJSON_Delete(read);
		return CTL_INVALID;
	}
	cJSON_Delete(*state);
	*state = read;
	return check_form(read, true);
}

/* A JSON file stands alone, and is looked at by those who take it in; others
 * add up, passwd before shadow, and count on what they made themselves. */
static enum ctl_status
take_file(const char *name, bool alone, struct state_files *files)
{
	enum ctl_status status = CTL_OK;
	char *text = read_file(name, &status), *from = text;
	enum state_form form;
	size_t len;
	bool good;

	if (text == NULL)
		return status;
	status = CTL_OK;
	len = strlen(text);
	if (strncmp(from, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
		from += strlen(BYTE_ORDER_MARK);
	form = state_form_of(from);
	if (form == STATE_JSON && !alone) {
		ctl_say("%s: a JSON file is taken by itself: name one file",
		        name);
		status = CTL_INVALID;
	} else if (form == STATE_JSON) {
		status = take_json(name, from, &files->state);
	} else {
		good = form == STATE_LDIF ? state_read_ldif(from, files)
		                          : state_read_unix(from, form, files);
		status = good ? CTL_OK : CTL_INTERNAL;
	}
	sodium_memzero(text, len);
	free(text);
	return status;
}

static enum ctl_status
run_files(struct run *run)
{
	struct state_files files;
	struct rst_env *env = NULL;
	struct act_ctx ctx;
	enum ctl_status status =
		state_files_begin(&files) ? CTL_OK : CTL_INTERNAL;

	for (size_t i = 0; status == CTL_OK && i < run->n_files; i++)
		status = take_file(run->files[i], run->n_files == 1, &files);
	if (status == CTL_OK)
		status = check_form(files.state, false);
	if (status == CTL_OK && files.ignored > 0)
		ctl_say("%zu entries or lines are no people and groups of "
		        "ours: left out",
		        files.ignored);
	if (status == CTL_OK)
		status = ctl_open(run->ctl, false, &env);
	if (status == CTL_OK)
		status = ctl_context(env, &ctx);
	if (status == CTL_OK)
		status = state_apply(env, &ctx, files.state, &run->options);
	rst_env_close(env);
	state_files_end(&files);
	return status;
}

enum ctl_status
ctl_apply(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "FILE...",
		.doc = "Make people, groups, their members, policies and "
		       "settings what FILE (JSON of rosterctl export, or LDIF; - is "
		       "standard input) says: all or nothing.  What it does "
		       "not name stays.  Doing it twice does nothing.",
		.children = children,
	};
	struct run run = { .ctl = ctl, .options.settings = true };

	ctl_parse(&argp, argc, argv, &run);
	return run_files(&run);
}

enum ctl_status
ctl_import(struct ctl *ctl, int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "FILE...",
		.doc = "Take in people and groups of LDIF, JSON, or passwd, "
		       "shadow and group files (passwd before shadow), with "
		       "the numbers and hashes they have.  What speaks "
		       "against it is told, all of it, and then nothing is "
		       "done.",
		.children = children,
	};
	struct run run = { .ctl = ctl };

	ctl_parse(&argp, argc, argv, &run);
	return run_files(&run);
}
