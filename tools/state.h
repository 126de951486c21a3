/* SPDX-License-Identifier: OLDAP-2.8 */
/* state.h - people, groups and settings as files: export, apply, import */
#ifndef TOOLS_STATE_H
#define TOOLS_STATE_H

#include <cjson/cJSON.h>

#include "lifecycle/act_state.h"
#include "store/attr.h"
#include "tools/rosterctl.h"

#define STATE_FILE_MAX     (256u << 20) /* bytes of one file */
#define STATE_LINE_MAX     16384        /* bytes of one value */
#define STATE_NAME_MAX     128
#define STATE_PLACE_MAX    512  /* bytes of "/users/4711/mail/0" */
#define STATE_SETTINGS_MAX 128  /* of the site, or of one policy */
#define STATE_FIRST_NUMBER 1000 /* below: the system's own accounts */
#define STATE_NOBODY       65534

/* What of an entry is written and read. */
struct state_attr {
	const char *name; /* NULL at the end */
	uint16_t id;
};
extern const struct state_attr state_person_attrs[];
extern const struct state_attr state_group_attrs[];

enum state_form {
	STATE_JSON,
	STATE_LDIF,
	STATE_PASSWD,
	STATE_GROUP,
	STATE_SHADOW,
};
/* By its first line. */
enum state_form state_form_of(const char *text);

/* What the files that were read so far say together. */
struct state_files {
	cJSON *state;
	void *people;   /* tsearch(3): its users by name */
	size_t ignored; /* entries or lines that are no people and groups */
};
/* False without memory; state_files_end() is due all the same. */
bool state_files_begin(struct state_files *files);
void state_files_end(struct state_files *files);

/* Read text, which is changed, into files.  False without memory. */
bool state_read_ldif(char *text, struct state_files *files);
bool state_read_unix(char *text, enum state_form form,
                     struct state_files *files);

/* state_export.c: the whole state, to be freed with cJSON_Delete(). */
enum ctl_status state_export(struct rst_env *env, cJSON **ret_state);

/* state_policy.c: policies and presets, which have a name, texts and groups. */
struct state_list {
	const char *key, *word; /* "policies", "policy" */
	enum rst_kind kind;     /* of act_state_put() */
	const struct state_attr *attrs;
	uint16_t groups; /* the attribute with their DNs */
	bool settings;   /* rosterValue, too */
};
extern const struct state_list state_policies, state_presets;
/*
 * Add the one that item says, or make it so: RST_EDENIED with refusal,
 * RST_EINVALID for an item of another form; as act_state_put().
 */
enum rst_err state_policy_put(struct rst_wtxn *txn, const struct act_ctx *ctx,
                              const struct state_list *list, const cJSON *item,
                              enum act_state_change *ret_change,
                              struct act_refusal *refusal) RST_MUST_USE;
/* One of them, at the end of the array to. */
enum rst_err state_add_policy(cJSON *to, const struct rst_rtxn *txn,
                              const struct state_list *list,
                              const struct rst_record *record) RST_MUST_USE;
/* The entries that record's attr has the DNs of, by their attribute called, as
 * item's array key; who is not there is left out. */
enum rst_err state_add_names(cJSON *item, const char *key,
                             const struct rst_rtxn *txn,
                             const struct rst_record *record, uint16_t attr,
                             uint16_t called) RST_MUST_USE;
/* The lines of rosterValue as item's object "settings". */
bool state_add_settings(cJSON *item, const struct rst_record *record);

/* state_form.c: what is wrong with a state, and where; NULL for one as
 * state_export() makes it.  once: nothing may be in a list twice; other
 * systems' groups name somebody by member and by memberUid. */
const char *state_form_wrong(const cJSON *state, bool once,
                             char at[STATE_PLACE_MAX]);

/* state_apply.c */
struct state_options {
	bool dry_run, json;
	bool settings; /* take them, too */
	bool progress; /* told also when nobody looks: CTL_PROGRESS_ALWAYS */
};
/*
 * What speaks against state is told, all of it, and nothing is done:
 * CTL_REFUSED.  Else it is done, in one transaction (or none: dry_run), and
 * what changes is told, a line each.
 */
enum ctl_status state_apply(struct rst_env *env, struct act_ctx *ctx,
                            const cJSON *state,
                            const struct state_options *options);

#endif
