/* SPDX-License-Identifier: OLDAP-2.8 */
/* noun.h - commands with verbs: rosterctl user suspend alice --reason left
 *
 * A noun is a file with a table of verbs.  Options are the same for all of
 * them; each verb says which it takes, and --help tells.
 */
#ifndef NOUN_H
#define NOUN_H

#include "tools/rosterctl.h"

#define NOUN_ARGS_MAX   64 /* after the verb */
#define NOUN_GROUPS_MAX 32

/* X(ID, key, name, argument or NULL, what it is) */
#define NOUN_OPTIONS(X)                                                        \
	X(REASON, 'r', "reason", "TEXT",                                       \
	  "Why, for the journal and the person")                               \
	X(GIVEN_NAME, 'g', "given-name", "NAME", "Given name")                 \
	X(SURNAME, 's', "surname", "NAME", "Surname")                          \
	X(DISPLAY_NAME, 'n', "display-name", "NAME", "Name as it is shown")    \
	X(MAIL, 'm', "mail", "ADDRESS", "Mail address")                        \
	X(SHELL, 256, "shell", "PATH", "Login shell")                          \
	X(HOME, 257, "home", "PATH", "Home directory")                         \
	X(STATUS, 258, "status", "STATUS",                                     \
	  "pending, active, suspended or deleted")                             \
	X(STARTS, 259, "starts", "TIME",                                       \
	  "When it begins to work, such as 2027-01-31 or "                     \
	  "2027-01-31T08:00:00Z; empty: at once")                              \
	X(EXPIRES, 'e', "expires", "TIME", "When it ends; empty: never")       \
	X(PASSWORD, 'p', "password", NULL,                                     \
	  "Read a password from standard input, one line")                     \
	X(MUST_CHANGE, 273, "must-change", NULL,                               \
	  "The password signs in to be changed")                               \
	X(DESCRIPTION, 'D', "description", "TEXT", "What it is for")           \
	X(GID_NUMBER, 260, "gid", "NUMBER", "gidNumber (default: the next)")   \
	X(ADMINISTRATOR, 'A', "administrator", NULL,                           \
	  "Its members administer the directory")                              \
	X(PLAIN, 272, "no-administrator", NULL,                                \
	  "Its members do not administer the directory")                       \
	X(MANAGER, 'M', "manager", "NAME",                                     \
	  "Who says who is in it, also with commas between; empty: nobody")    \
	X(GROUP, 'G', "group", "NAME",                                         \
	  "A group, also several times or with commas between")                \
	X(SEARCH, 'q', "search", "TEXT", "Only what has this in name or mail") \
	X(LIFETIME, 'l', "lifetime", "SPAN", "How long, such as 36h or 7d")    \
	X(USES, 261, "uses", "NUMBER", "How many people it admits")            \
	X(APPROVAL, 262, "needs-approval", NULL,                               \
	  "Whoever registers with it waits for approval")                      \
	X(SEND, 263, "send", NULL, "Send it by mail, too")                     \
	X(PUBLIC_URL, 'u', "public-url", "URL",                                \
	  "How browsers reach rosterd (default: as rosterd itself has it)")    \
	X(POLICY, 'P', "policy", "NAME",                                       \
	  "The policy it is set in (default: for everybody)")                  \
	X(PRIORITY, 264, "priority", "NUMBER",                                 \
	  "Of two policies that set the same, the higher one counts")          \
	X(LIMIT, 265, "limit", "NUMBER", "At most so many")                    \
	X(SINCE, 266, "since", "TIME", "Not before")                           \
	X(UNTIL, 267, "until", "TIME", "Before then")                          \
	X(ACTOR, 268, "actor", "TEXT", "Only by whom this is part of the DN")  \
	X(ACTION, 269, "action", "NAME", "Only such acts")                     \
	X(TARGET, 270, "target", "TEXT", "Only on what has this in its DN")    \
	X(CSV, 271, "csv", NULL, "Print comma-separated values")               \
	X(HEAD, 290, "head", "SEQUENCE:HASH",                                  \
	  "A head kept elsewhere, or a file with some")                        \
	X(SCOPE, 291, "scope", "SCOPE",                                        \
	  "What it may, with commas between: inherit, read, ldap, or "         \
	  "\"METHOD /path\" (default: inherit)")                               \
	X(ADDRESS, 292, "address", "NETWORK",                                  \
	  "From where alone, with commas between, such as 192.0.2.0/24")       \
	X(HOST, 'H', "host", "NAME",                                           \
	  "Where alone, with commas between; * is anywhere, !NAME not there")  \
	X(PRESET, 300, "preset", "NAME",                                       \
	  "As this preset says, where no option says otherwise")               \
	X(NO_APPROVAL, 301, "no-approval", NULL,                               \
	  "Whoever registers with it is active at once")                       \
	X(TITLE, 302, "title", "TEXT", "What people read above it")            \
	X(REQUIRED, 303, "required", NULL,                                     \
	  "Nobody becomes active without having signed it")                    \
	X(SERVICE, 293, "service", "NAME",                                     \
	  "By which PAM services alone, likewise")                             \
	X(LANGUAGE, 294, "language", "TAG",                                    \
	  "Language of mail, such as de; empty: what the site has")            \
	X(HTML, 295, "html", NULL, "The HTML of it, not the text")

enum noun_option {
#define NOUN_ENUM(id, key, name, arg, what) NOUN_##id,
	NOUN_OPTIONS(NOUN_ENUM)
#undef NOUN_ENUM
	NOUN_OPTIONS_END
};
#define NOUN_BIT(id) (UINT64_C(1) << NOUN_##id)

struct noun {
	struct ctl *ctl;
	const struct noun_verb *verb;
	bool json, dry_run;
	const char *args[NOUN_ARGS_MAX];
	size_t n_args;
	const char *option[NOUN_OPTIONS_END]; /* "" for one without argument */
	struct rst_view groups[NOUN_GROUPS_MAX];
	size_t n_groups;
	struct rst_env *env;
	struct act_ctx ctx;
	struct act_refusal refusal;
};

struct noun_verb {
	const char *name, *args, *what;
	size_t min_args, max_args;
	uint64_t options; /* NOUN_BIT() of those it takes */
	bool writes;      /* takes --dry-run */
	/* With the environment open and ctx filled. */
	enum ctl_status (*run)(struct noun *noun);
};

struct noun_table {
	const char *doc;
	const struct noun_verb *verbs;
	size_t n_verbs;
};

/* Read the command line, open the environment, run the verb. */
enum ctl_status noun_run(const struct noun_table *table, struct ctl *ctl,
                         int argc, char **argv);

/* An option's text; a NULL ptr when it was not given. */
struct rst_view noun_text(const struct noun *noun, enum noun_option option);
/* A moment as generalizedTime, "" for an empty one.  CTL_REFUSED: no time. */
enum ctl_status noun_time(struct noun *noun, enum noun_option option, char *buf,
                          size_t size);
enum ctl_status noun_moment(struct noun *noun, enum noun_option option,
                            int64_t *ret_time_s);
/* A number up to max.  CTL_INVALID. */
enum ctl_status noun_number(const struct noun *noun, enum noun_option option,
                            uint64_t max, uint64_t *ret_number);
/* One line of standard input, without its end, as a C string; wipe it.
 * CTL_INVALID for none, or for more than size - 1 bytes. */
enum ctl_status noun_password(char *buf, size_t size);

/* The person or group args[at].  CTL_ABSENT, said. */
enum ctl_status noun_person(struct noun *noun, size_t at, uint64_t *ret_id);
enum ctl_status noun_group(struct noun *noun, size_t at, uint64_t *ret_id);

/* Print each entry directly below a place of the suffix; nothing where there
 * is no such place, in a directory from before it was. */
typedef enum ctl_status noun_print(struct noun *noun,
                                   const struct rst_rtxn *txn,
                                   const struct rst_record *record,
                                   const void *arg);
enum ctl_status noun_walk(struct noun *noun, const char *place,
                          noun_print *print, const void *arg);
/* The same below entry parent. */
enum ctl_status noun_walk_below(struct noun *noun, uint64_t parent,
                                noun_print *print, const void *arg);
/* post filled in when --send was given, else NULL. */
const struct act_post *noun_post(const struct noun *noun,
                                 struct act_post *post);
/* "URL/page/token"; false when it does not fit.  Wipe it. */
#define NOUN_LINK_BYTES 1200
bool noun_link(const struct noun *noun, const char *page, const char *token,
               char buf[NOUN_LINK_BYTES]);
/* What an act that makes a link came to: the link alone on standard output, so
 * that a script can take it, or { "link": ... }.  what is "an invitation". */
enum ctl_status noun_tell_link(struct noun *noun, enum rst_err err,
                               const char *page, const char *token,
                               const char *what);
/* A span of time within the bounds of a setting; 0 when it was not given.
 * CTL_REFUSED. */
enum ctl_status noun_span(struct noun *noun, enum noun_option option,
                          enum rule_setting_id like, int64_t *ret_span_s);
/* All of a file, "-" for standard input, to be freed; of one that is larger
 * than max, max + 1 bytes.  CTL_ABSENT, CTL_IO, said. */
enum ctl_status noun_read_file(const char *name, size_t max, char **ret_text,
                               size_t *ret_len);
/* Print record id as model() makes it: JSON, or noun_print_whole(). */
typedef struct cJSON *noun_model(const struct rst_rtxn *txn,
                                 const struct rst_record *record);
enum ctl_status noun_show(struct noun *noun, uint64_t id, noun_model *model);
/* One line of JSON, of an object that it takes; NULL: without memory. */
enum ctl_status noun_print_line(struct cJSON *object);
/* "key  value" lines of an object: texts, numbers, switches, lists. */
void noun_print_whole(const struct cJSON *object);

/* Refuse what cannot be handed to an act, as the act's own rule would; more
 * (may be NULL) is said beside it. */
enum ctl_status noun_refuse(struct noun *noun, enum rule_verdict verdict,
                            const char *more);
/* What an act came to; with "would be" for a dry run.  what is "suspended". */
enum ctl_status noun_done(struct noun *noun, enum rst_err err, const char *name,
                          const char *what);

/* Add a text to a cJSON object unless it is empty; false without memory. */
bool noun_add(struct cJSON *object, const char *key, struct rst_view text);
/* An array of the names that values of attr, DNs, mean. */
bool noun_add_names(struct cJSON *object, const char *key,
                    const struct rst_record *record, uint16_t attr);
/* A stored moment as people read it, RFC 3339. */
bool noun_add_time(struct cJSON *object, const char *key, struct rst_view text);

#endif
