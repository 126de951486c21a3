/* SPDX-License-Identifier: OLDAP-2.8 */
/* noun.c - commands with verbs: their command line and what they share */
#include "tools/noun.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "lifecycle/audit.h"
#include "lifecycle/letter.h"
#include "lifecycle/moment.h"
#include "lifecycle/place.h"
#include "rules/host.h"
#include "store/tree.h"

#define BATCH       64 /* ids taken from the store at a time */
#define KEY_DRY_RUN 512
#define URL_DEFAULT "https://localhost:8443"
#define KEY_JSON    'j'

static const struct argp_option options[] = {
#define NOUN_ROW(id, key, name, arg, what) { name, key, arg, 0, what, 0 },
	NOUN_OPTIONS(NOUN_ROW)
#undef NOUN_ROW
		{ "json", KEY_JSON, NULL, 0, "Print JSON", 0 },
	{ "dry-run", KEY_DRY_RUN, NULL, 0, "Only say what would be done", 0 },
	{ 0 },
};

/* What the parser fills. */
struct parsing {
	struct noun *noun;
	const struct noun_table *table;
};

static const struct noun_verb *
find_verb(const struct noun_table *table, const char *name)
{
	for (size_t i = 0; i < table->n_verbs; i++)
		if (strcmp(table->verbs[i].name, name) == 0)
			return &table->verbs[i];
	return NULL;
}

/* Names with commas between, each once. */
static void
take_groups(struct noun *noun, const char *text, struct argp_state *state)
{
	while (*text != '\0') {
		size_t len = strcspn(text, ",");

		if (noun->n_groups == NOUN_GROUPS_MAX)
			argp_error(state, "more than %d groups",
			           NOUN_GROUPS_MAX);
		else if (len > 0)
			noun->groups[noun->n_groups++] = rst_view(text, len);
		text += len + (text[len] == ',' ? 1 : 0);
	}
}

static void
take_argument(struct parsing *p, char *arg, struct argp_state *state)
{
	struct noun *noun = p->noun;

	if (noun->verb == NULL) {
		noun->verb = find_verb(p->table, arg);
		if (noun->verb == NULL)
			argp_error(state, "what is \"%s\"?", arg);
	} else if (noun->n_args == noun->verb->max_args) {
		argp_error(state, "\"%s\" is one too many", arg);
	} else {
		noun->args[noun->n_args++] = arg;
	}
}

static void
check(struct parsing *p, struct argp_state *state)
{
	const struct noun_verb *verb = p->noun->verb;

	if (verb == NULL) {
		argp_error(state, "do what?");
		return;
	}
	if (p->noun->n_args < verb->min_args)
		argp_error(state, "%s takes %s", verb->name, verb->args);
	for (int i = 0; i < NOUN_OPTIONS_END; i++)
		if (p->noun->option[i] != NULL &&
		    !(verb->options & UINT64_C(1) << i))
			argp_error(state, "%s does not take --%s", verb->name,
			           options[i].name);
	if (p->noun->dry_run && !verb->writes)
		argp_error(state, "%s changes nothing anyhow", verb->name);
}

/* Of ours; two options with one key do not compile here. */
static bool
is_option(int key)
{
	switch (key) {
#define NOUN_CASE(id, key, name, arg, what) case key:
		NOUN_OPTIONS(NOUN_CASE)
#undef NOUN_CASE
		return true;
	case KEY_JSON:
	case KEY_DRY_RUN:
	case 'd': /* --directory */
	case '?': /* --help */
	case 'V': /* --version */
	default:  /* ARGP_KEY_* are no enum */
		return false;
	}
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct parsing *p = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = p->noun->ctl;
		return 0;
	case KEY_JSON:
		p->noun->json = true;
		return 0;
	case KEY_DRY_RUN:
		p->noun->dry_run = true;
		return 0;
	case ARGP_KEY_ARG:
		take_argument(p, arg, state);
		return 0;
	case ARGP_KEY_END:
		check(p, state);
		return 0;
	default:
		break;
	}
	if (!is_option(key))
		return ARGP_ERR_UNKNOWN;
	for (int i = 0; i < NOUN_OPTIONS_END; i++)
		if (options[i].key == key) {
			p->noun->option[i] = arg != NULL ? arg : "";
			if (i == NOUN_GROUP)
				take_groups(p->noun, arg, state);
			return 0;
		}
	return ARGP_ERR_UNKNOWN;
}

/* The verbs and what they take, for --help; argp frees it. */
static char *
help_filter(int key, const char *text, void *input)
{
	const struct parsing *p = input;
	char *help = NULL;
	size_t len = 0;
	FILE *out;

	if (key != ARGP_KEY_HELP_POST_DOC || p == NULL)
		return (char *)(uintptr_t)text;
	out = open_memstream(&help, &len);
	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < p->table->n_verbs; i++) {
		const struct noun_verb *verb = &p->table->verbs[i];

		fprintf(out, "%s%s%s\n    %s\n", verb->name,
		        verb->args[0] != '\0' ? " " : "", verb->args,
		        verb->what);
		for (int o = 0; o < NOUN_OPTIONS_END; o++)
			if (verb->options & UINT64_C(1) << o)
				fprintf(out, "      --%s%s%s\n",
				        options[o].name,
				        options[o].arg != NULL ? "=" : "",
				        options[o].arg != NULL ? options[o].arg
				                               : "");
	}
	if (fclose(out) != 0) {
		free(help);
		help = NULL;
	}
	return help;
}

/* The options that a verb of table takes, and those of all. */
static void
offer(const struct noun_table *table, struct argp_option *offered)
{
	uint64_t taken = 0;
	size_t n = 0;

	for (size_t i = 0; i < table->n_verbs; i++)
		taken |= table->verbs[i].options;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (i >= NOUN_OPTIONS_END || (taken & UINT64_C(1) << i))
			offered[n++] = options[i];
}

/* For shells: the verbs, or what one of them takes; a line each. */
static enum ctl_status
complete(const struct noun_table *table, const char *name)
{
	const struct noun_verb *verb =
		name != NULL ? find_verb(table, name) : NULL;

	for (size_t i = 0; name == NULL && i < table->n_verbs; i++)
		puts(table->verbs[i].name);
	for (int o = 0; verb != NULL && o < NOUN_OPTIONS_END; o++)
		if (verb->options & UINT64_C(1) << o)
			printf("--%s\n", options[o].name);
	if (verb != NULL && verb->writes)
		puts("--dry-run");
	puts("--directory\n--help\n--json");
	return CTL_OK;
}

enum ctl_status
noun_run(const struct noun_table *table, struct ctl *ctl, int argc, char **argv)
{
	static const struct argp_child children[] = {
		{ &ctl_common, 0, NULL, 0 }, { 0 }
	};
	struct argp_option offered[sizeof(options) / sizeof(options[0])];
	const struct argp argp = {
		.options = offered,
		.parser = parse,
		.args_doc = "VERB [ARGUMENT...]",
		.doc = table->doc,
		.children = children,
		.help_filter = help_filter,
	};
	struct noun noun = { .ctl = ctl };
	struct parsing parsing = { &noun, table };
	enum ctl_status status;

	if (argc > 1 && strcmp(argv[1], CTL_COMPLETE) == 0)
		return complete(table, argc > 2 ? argv[2] : NULL);
	offer(table, offered);
	ctl_parse(&argp, argc, argv, &parsing);
	status = ctl_open(ctl, false, &noun.env);
	if (status == CTL_OK)
		status = ctl_context(noun.env, &noun.ctx);
	if (status == CTL_OK)
		rst_env_set_clock(noun.env, ctl_clock);
	noun.ctx.dry_run = noun.dry_run;
	if (status == CTL_OK)
		status = noun.verb->run(&noun);
	rst_env_close(noun.env);
	return status;
}

struct rst_view
noun_text(const struct noun *noun, enum noun_option option)
{
	return rst_view_of(noun->option[option]);
}

enum ctl_status
noun_moment(struct noun *noun, enum noun_option option, int64_t *ret_time_s)
{
	const char *text = noun->option[option];

	if (text != NULL && !audit_time_read(text, ret_time_s))
		return noun_refuse(noun, RULE_INVALID_EXPIRY,
		                   "write 2027-01-31 or "
		                   "2027-01-31T08:00:00Z");
	return CTL_OK;
}

enum ctl_status
noun_time(struct noun *noun, enum noun_option option, char *buf, size_t size)
{
	char text[LIFECYCLE_TIME_BYTES] = "";
	int64_t time_s = 0;
	enum ctl_status status;

	if (noun->option[option] != NULL && noun->option[option][0] != '\0') {
		status = noun_moment(noun, option, &time_s);
		if (status != CTL_OK)
			return status;
		lifecycle_time_print(time_s, text);
	}
	(void)rst_view_copy(rst_view_of(text), buf, size);
	return CTL_OK;
}

enum ctl_status
noun_number(const struct noun *noun, enum noun_option option, uint64_t max,
            uint64_t *ret_number)
{
	if (noun->option[option] != NULL &&
	    !rst_view_number(noun_text(noun, option), max, ret_number)) {
		ctl_say("--%s takes a number of at most %llu",
		        options[option].name, (unsigned long long)max);
		return CTL_INVALID;
	}
	return CTL_OK;
}

enum ctl_status
noun_password(char *buf, size_t size)
{
	size_t n = 0;
	int c;

	while ((c = getchar()) != EOF && c != '\n' && n < size)
		buf[n++] = (char)c;
	if (n == 0 || n == size) {
		sodium_memzero(buf, size);
		ctl_say("%s (%s)",
		        n == 0 ? "standard input has no password"
		               : rule_verdict_text(RULE_INVALID_PASSWORD),
		        rule_verdict_code(RULE_INVALID_PASSWORD));
		return CTL_REFUSED;
	}
	buf[n] = '\0';
	return CTL_OK;
}

typedef enum rst_err find_by_name(const struct rst_rtxn *txn,
                                  struct rst_view name, uint64_t *ret_id);

static enum ctl_status
find(struct noun *noun, size_t at, find_by_name *by_name, const char *what,
     uint64_t *ret_id)
{
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(noun->env, &txn);
	if (err == RST_OK) {
		err = by_name(&txn, rst_view_of(noun->args[at]), ret_id);
		rst_read_end(&txn);
	}
	if (err == RST_ENOTFOUND) {
		ctl_say("there is no %s \"%s\"", what, noun->args[at]);
		return CTL_ABSENT;
	}
	return ctl_failed(err, &noun->refusal);
}

enum ctl_status
noun_person(struct noun *noun, size_t at, uint64_t *ret_id)
{
	return find(noun, at, act_find_person, "person", ret_id);
}

enum ctl_status
noun_group(struct noun *noun, size_t at, uint64_t *ret_id)
{
	return find(noun, at, act_find_group, "group", ret_id);
}

enum ctl_status
noun_walk(struct noun *noun, const char *place, noun_print *print,
          const void *arg)
{
	struct rst_rtxn txn;
	uint64_t parent;
	enum rst_err err;

	err = rst_read_begin(noun->env, &txn);
	if (err == RST_OK) {
		err = lifecycle_place(&txn, place, &parent);
		rst_read_end(&txn);
	}
	if (err == RST_ENOTFOUND)
		return CTL_OK;
	return err == RST_OK ? noun_walk_below(noun, parent, print, arg)
	                     : ctl_failed(err, &noun->refusal);
}

enum ctl_status
noun_walk_below(struct noun *noun, uint64_t parent, noun_print *print,
                const void *arg)
{
	struct rst_tree_cursor cursor = { 0 };
	enum ctl_status status = CTL_OK;
	struct rst_record record;
	uint64_t ids[BATCH];
	struct rst_rtxn txn;
	size_t n = 1;
	enum rst_err err;

	err = rst_read_begin(noun->env, &txn);
	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	while (err == RST_OK && status == CTL_OK && n > 0) {
		err = rst_tree_children(&txn, parent, &cursor, ids, BATCH, &n);
		for (size_t i = 0; err == RST_OK && status == CTL_OK && i < n;
		     i++) {
			err = rst_record_get(&txn, ids[i], &record);
			if (err == RST_OK)
				status = print(noun, &txn, &record, arg);
		}
	}
	rst_read_end(&txn);
	return err != RST_OK ? ctl_failed(err, &noun->refusal) : status;
}

/* What links begin with: --public-url, else rosterd's own, else a guess. */
static void
public_url(const struct noun *noun, char buf[NOUN_LINK_BYTES])
{
	char url[LETTER_URL_MAX + 1] = "";
	struct rst_rtxn txn;

	if (noun->option[NOUN_PUBLIC_URL] != NULL) {
		(void)snprintf(buf, NOUN_LINK_BYTES, "%s",
		               noun->option[NOUN_PUBLIC_URL]);
		return;
	}
	if (rst_read_begin(noun->env, &txn) == RST_OK) {
		(void)letter_url(&txn, url);
		rst_read_end(&txn);
	}
	(void)snprintf(buf, NOUN_LINK_BYTES, "%s",
	               url[0] != '\0' ? url : URL_DEFAULT);
}

const struct act_post *
noun_post(const struct noun *noun, struct act_post *post)
{
	if (noun->option[NOUN_SEND] == NULL)
		return NULL;
	*post = (struct act_post){ .public_url =
		                           noun_text(noun, NOUN_PUBLIC_URL) };
	return post;
}

bool
noun_link(const struct noun *noun, const char *page, const char *token,
          char buf[NOUN_LINK_BYTES])
{
	char url[NOUN_LINK_BYTES];
	size_t len;

	public_url(noun, url);
	len = strlen(url);
	while (len > 0 && url[len - 1] == '/')
		len--;
	return snprintf(buf, NOUN_LINK_BYTES, "%.*s/%s/%s", (int)len, url, page,
	                token) < NOUN_LINK_BYTES;
}

enum ctl_status
noun_tell_link(struct noun *noun, enum rst_err err, const char *page,
               const char *token, const char *what)
{
	char link[NOUN_LINK_BYTES];
	cJSON *root;

	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	if (noun->dry_run) {
		printf("%s would be made\n", what);
		return CTL_OK;
	}
	if (!noun_link(noun, page, token, link)) {
		ctl_say("--public-url is too long");
		return CTL_INVALID;
	}
	if (!noun->json) {
		puts(link);
		sodium_memzero(link, sizeof(link));
		return CTL_OK;
	}
	root = cJSON_CreateObject();
	if (!cJSON_AddStringToObject(root, "link", link)) {
		cJSON_Delete(root);
		root = NULL;
	}
	sodium_memzero(link, sizeof(link));
	return ctl_print_json(root);
}

enum ctl_status
noun_span(struct noun *noun, enum noun_option option, enum rule_setting_id like,
          int64_t *ret_span_s)
{
	struct rst_view text = noun_text(noun, option);
	char range[RULE_SETTING_RANGE_BYTES];

	*ret_span_s = 0;
	if (text.ptr == NULL ||
	    rule_setting_read(like, text.ptr, text.len, ret_span_s) == RULE_OK)
		return CTL_OK;
	rule_setting_print_range(like, range);
	return noun_refuse(noun, RULE_INVALID_EXPIRY, range);
}

enum ctl_status
noun_read_file(const char *name, size_t max, char **ret_text, size_t *ret_len)
{
	FILE *in = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
	enum ctl_status status = CTL_OK;
	char *text = malloc(max + 1);
	size_t len = 0;

	if (in == NULL) {
		ctl_say("%s: %s", name, strerror(errno));
		status = CTL_ABSENT;
	} else if (text == NULL) {
		status = ctl_no_memory();
	} else {
		len = fread(text, 1, max + 1, in);
		if (ferror(in)) {
			ctl_say("%s: %s", name, strerror(errno));
			status = CTL_IO;
		}
	}
	if (in != NULL && in != stdin)
		(void)fclose(in);
	if (status == CTL_OK) {
		*ret_text = text;
		*ret_len = len;
		text = NULL;
	}
	free(text);
	return status;
}

enum ctl_status
noun_show(struct noun *noun, uint64_t id, noun_model *model)
{
	struct rst_record record;
	struct rst_rtxn txn;
	cJSON *object = NULL;
	enum rst_err err;

	err = rst_read_begin(noun->env, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK)
		object = model(&txn, &record);
	rst_read_end(&txn);
	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	if (noun->json || object == NULL)
		return ctl_print_json(object);
	noun_print_whole(object);
	cJSON_Delete(object);
	return CTL_OK;
}

enum ctl_status
noun_print_line(cJSON *object)
{
	char *text = object != NULL ? cJSON_PrintUnformatted(object) : NULL;
	enum ctl_status status = CTL_OK;

	if (text == NULL) {
		status = ctl_no_memory();
	} else if (puts(text) == EOF) {
		ctl_say("the answer cannot be written");
		status = CTL_IO;
	}
	cJSON_free(text);
	cJSON_Delete(object);
	return status;
}

void
noun_print_whole(const cJSON *object)
{
	const cJSON *item, *one;

	cJSON_ArrayForEach(item, object)
	{
		printf("%-13s", item->string);
		if (cJSON_IsString(item))
			printf(" %s", item->valuestring);
		else if (cJSON_IsBool(item))
			printf(" %s", cJSON_IsTrue(item) ? "yes" : "no");
		else if (cJSON_IsNumber(item))
			printf(" %.0f", item->valuedouble);
		cJSON_ArrayForEach(one, item)
		{
			printf(" %s", one->valuestring);
		}
		putchar('\n');
	}
}

enum ctl_status
noun_refuse(struct noun *noun, enum rule_verdict verdict, const char *more)
{
	noun->refusal.verdict = verdict;
	rst_detail_set(&noun->refusal.detail, "%s", more != NULL ? more : "");
	return ctl_failed(RST_EDENIED, &noun->refusal);
}

enum ctl_status
noun_done(struct noun *noun, enum rst_err err, const char *name,
          const char *what)
{
	cJSON *root;
	bool good;

	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	if (!noun->json) {
		printf("%s %s%s\n", name, noun->dry_run ? "would be " : "",
		       what);
		return CTL_OK;
	}
	root = cJSON_CreateObject();
	good = cJSON_AddStringToObject(root, "name", name) &&
	       cJSON_AddStringToObject(root, "done", what) &&
	       cJSON_AddBoolToObject(root, "dryRun", noun->dry_run);
	if (!good) {
		cJSON_Delete(root);
		root = NULL;
	}
	return ctl_print_json(root);
}

bool
noun_add(cJSON *object, const char *key, struct rst_view text)
{
	char *copy;
	bool good;

	if (text.len == 0)
		return true;
	copy = rst_view_dup(text);
	good = copy != NULL && cJSON_AddStringToObject(object, key, copy);
	free(copy);
	return good;
}

bool
noun_add_names(cJSON *object, const char *key, const struct rst_record *record,
               uint16_t attr)
{
	cJSON *list = cJSON_AddArrayToObject(object, key);
	char name[RULE_HOST_MAX + 1]; /* the longest of them */
	struct rst_attr values;
	struct rst_view dn;
	bool good = list != NULL;

	if (!rst_record_attr(record, attr, &values))
		return good;
	while (good && rst_attr_next(&values, &dn))
		if (lifecycle_rdn_value(dn, name, sizeof(name)))
			good = cJSON_AddItemToArray(list,
			                            cJSON_CreateString(name));
	return good;
}

bool
noun_add_time(cJSON *object, const char *key, struct rst_view text)
{
	char buf[LIFECYCLE_TIME_BYTES];
	int64_t time_s;

	if (!lifecycle_time_parse(text, &time_s))
		return true;
	lifecycle_time_print_3339(time_s, buf);
	return cJSON_AddStringToObject(object, key, buf) != NULL;
}
