/* SPDX-License-Identifier: OLDAP-2.8 */
/* group.c - rosterctl group: groups and who is in them */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "lifecycle/moment.h"
#include "lifecycle/place.h"
#include "store/member.h"
#include "tools/noun.h"

#define BATCH 64 /* ids taken from the store at a time */

static enum ctl_status
print_group(struct noun *noun, const struct rst_rtxn *txn,
            const struct rst_record *record)
{
	bool administrator = (record->flags & RST_REC_ADMIN_GROUP) != 0;
	uint64_t members = rst_member_count(txn, record->id);
	char name[128], about[256];
	cJSON *root;
	bool good;

	(void)rst_view_copy(rst_record_first(record, RST_A_CN), name,
	                    sizeof(name));
	(void)rst_view_copy(rst_record_first(record, RST_A_DESCRIPTION), about,
	                    sizeof(about));
	if (!noun->json) {
		printf("%-24s %8u %8llu %-13s %s\n", name, record->gid_number,
		       (unsigned long long)members,
		       administrator ? "administrator" : "", about);
		return CTL_OK;
	}
	root = cJSON_CreateObject();
	good = cJSON_AddStringToObject(root, "cn", name) &&
	       cJSON_AddNumberToObject(root, "gidNumber", record->gid_number) &&
	       cJSON_AddNumberToObject(root, "members", (double)members) &&
	       cJSON_AddBoolToObject(root, "administrator", administrator) &&
	       noun_add(root, "description", rst_view_of(about));
	if (good)
		return noun_print_line(root);
	cJSON_Delete(root);
	return ctl_no_memory();
}

static enum ctl_status
list(struct noun *noun)
{
	struct rst_tree_cursor cursor = { 0 };
	enum ctl_status status = CTL_OK;
	struct rst_record record;
	uint64_t groups, ids[BATCH];
	struct rst_rtxn txn;
	size_t n = 1;
	enum rst_err err;

	err = rst_read_begin(noun->env, &txn);
	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	err = lifecycle_place(&txn, "ou=groups", &groups);
	while (err == RST_OK && status == CTL_OK && n > 0) {
		err = rst_tree_children(&txn, groups, &cursor, ids, BATCH, &n);
		for (size_t i = 0; err == RST_OK && status == CTL_OK && i < n;
		     i++) {
			err = rst_record_get(&txn, ids[i], &record);
			if (err == RST_OK && record.kind == RST_KIND_GROUP)
				status = print_group(noun, &txn, &record);
		}
	}
	rst_read_end(&txn);
	return err != RST_OK ? ctl_failed(err, &noun->refusal) : status;
}

/* Its name; that of a group with @ before it; and the end, if it has one. */
static void
print_member(const struct noun *noun, const struct rst_record *record,
             int64_t until_s)
{
	bool group = record->kind == RST_KIND_GROUP;
	char name[128], until[LIFECYCLE_TIME_BYTES] = "";

	if (!rst_view_copy(
		    rst_record_first(record, group ? RST_A_CN : RST_A_UID),
		    name, sizeof(name)))
		return;
	if (until_s != 0)
		lifecycle_time_print_3339(until_s, until);
	printf(noun->json ? "\"%s%s%s%s\"\n" : "%s%s%s%s\n", group ? "@" : "",
	       name, until_s != 0 ? " " : "", until);
}

/* The names of the members, a line each. */
static enum ctl_status
members(struct noun *noun)
{
	struct rst_member_cursor cursor = { 0 };
	struct rst_record record;
	struct rst_rtxn txn;
	enum ctl_status status;
	uint64_t group, member;
	int64_t until_s;
	enum rst_err err;

	status = noun_group(noun, 0, &group);
	if (status != CTL_OK)
		return status;
	err = rst_read_begin(noun->env, &txn);
	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	while ((err = rst_member_next_id(&txn, group, &cursor, &member)) ==
	       RST_OK) {
		err = rst_record_get(&txn, member, &record);
		if (err == RST_OK)
			err = rst_member_until(&txn, group, member, &until_s);
		if (err == RST_OK)
			print_member(noun, &record, until_s);
		else if (err != RST_ENOTFOUND)
			break;
	}
	rst_read_end(&txn);
	return err == RST_ENOTFOUND ? CTL_OK : ctl_failed(err, &noun->refusal);
}

/* 0 when none is asked for, which nobody can ask for. */
static enum ctl_status
read_gid(struct noun *noun, uint64_t *ret_number)
{
	struct rst_view text = noun_text(noun, NOUN_GID_NUMBER);

	*ret_number = 0;
	if (text.ptr == NULL ||
	    (rst_view_number(text, UINT32_MAX - 1, ret_number) &&
	     *ret_number != 0))
		return CTL_OK;
	return noun_refuse(noun, RULE_INVALID_GIDNUMBER, NULL);
}

static enum ctl_status
add(struct noun *noun)
{
	uint64_t number = 0, id;
	enum ctl_status status;
	enum rst_err err;

	status = read_gid(noun, &number);
	if (status != CTL_OK)
		return status;
	err = act_create_group(
		&noun->ctx, rst_view_of(noun->args[0]), (uint32_t)number,
		noun->option[NOUN_ADMINISTRATOR] != NULL,
		noun_text(noun, NOUN_DESCRIPTION), &id, &noun->refusal);
	return noun_done(noun, err, noun->args[0], "added");
}

/* The names in text, with commas between; text stays. */
static size_t
split(const char *text, struct rst_view names[ACT_MANAGERS_MAX])
{
	size_t n = 0, len;

	while (n < ACT_MANAGERS_MAX && *text != '\0') {
		len = strcspn(text, ",");
		if (len > 0)
			names[n++] = rst_view(text, len);
		text += len + (text[len] == ',' ? 1 : 0);
	}
	return n;
}

static enum ctl_status
edit(struct noun *noun)
{
	struct rst_view names[ACT_MANAGERS_MAX];
	struct act_group_edit edit = {
		.description = noun_text(noun, NOUN_DESCRIPTION),
		.set_administrator = noun->option[NOUN_ADMINISTRATOR] != NULL ||
		                     noun->option[NOUN_PLAIN] != NULL,
		.administrator = noun->option[NOUN_ADMINISTRATOR] != NULL,
	};
	uint64_t id, number = 0;
	enum ctl_status status;

	status = noun_group(noun, 0, &id);
	if (status == CTL_OK)
		status = noun_number(noun, NOUN_GID_NUMBER, UINT32_MAX - 1,
		                     &number);
	if (status != CTL_OK)
		return status;
	edit.gid_number = (uint32_t)number;
	if (noun->option[NOUN_MANAGER] != NULL) {
		edit.n_managers = split(noun->option[NOUN_MANAGER], names);
		edit.managers = names;
	}
	if (edit.description.ptr == NULL && !edit.set_administrator &&
	    edit.managers == NULL && number == 0) {
		ctl_say("edit what? rosterctl group --help tells");
		return CTL_USAGE;
	}
	return noun_done(noun,
	                 act_edit_group(&noun->ctx, id, &edit, &noun->refusal),
	                 noun->args[0], "changed");
}

static enum ctl_status
drop(struct noun *noun)
{
	enum ctl_status status;
	uint64_t id;

	status = noun_group(noun, 0, &id);
	if (status != CTL_OK)
		return status;
	return noun_done(noun, act_delete_group(&noun->ctx, id, &noun->refusal),
	                 noun->args[0], "deleted");
}

typedef enum rst_err act_member(const struct act_ctx *ctx, uint64_t group,
                                uint64_t member, struct act_refusal *refusal);
typedef enum ctl_status find_member(struct noun *noun, size_t at,
                                    uint64_t *ret_id);

/* Everybody who is named after the group. */
static enum ctl_status
change(struct noun *noun, find_member *find, act_member *act, const char *what)
{
	enum ctl_status status;
	uint64_t group, member;

	status = noun_group(noun, 0, &group);
	for (size_t i = 1; status == CTL_OK && i < noun->n_args; i++) {
		status = find(noun, i, &member);
		if (status == CTL_OK)
			status = noun_done(
				noun,
				act(&noun->ctx, group, member, &noun->refusal),
				noun->args[i], what);
	}
	return status;
}

/* With --until; an empty one takes the end away. */
static enum ctl_status
join_until(struct noun *noun, find_member *find)
{
	enum ctl_status status;
	uint64_t group, member;
	int64_t until_s = RULE_NEVER;

	status = noun_group(noun, 0, &group);
	if (status == CTL_OK && noun->option[NOUN_UNTIL][0] != '\0')
		status = noun_moment(noun, NOUN_UNTIL, &until_s);
	for (size_t i = 1; status == CTL_OK && i < noun->n_args; i++) {
		status = find(noun, i, &member);
		if (status == CTL_OK)
			status = noun_done(noun,
			                   act_join_until(&noun->ctx, group,
			                                  member, until_s,
			                                  &noun->refusal),
			                   noun->args[i], "joined");
	}
	return status;
}

static enum ctl_status
join(struct noun *noun)
{
	if (noun->option[NOUN_UNTIL] != NULL)
		return join_until(noun, noun_person);
	return change(noun, noun_person, act_join, "joined");
}

static enum ctl_status
leave(struct noun *noun)
{
	return change(noun, noun_person, act_leave, "taken out");
}

static enum ctl_status
nest(struct noun *noun)
{
	if (noun->option[NOUN_UNTIL] != NULL)
		return join_until(noun, noun_group);
	return change(noun, noun_group, act_join, "joined");
}

static enum ctl_status
unnest(struct noun *noun)
{
	return change(noun, noun_group, act_leave, "taken out");
}

static const struct noun_verb verbs[] = {
	{ "list", "", "Every group, a line each", 0, 0, 0, false, list },
	{ "members", "GROUP", "Who is in it, a line each", 1, 1, 0, false,
	  members },
	{ "add", "GROUP", "A new group", 1, 1,
	  NOUN_BIT(GID_NUMBER) | NOUN_BIT(ADMINISTRATOR) |
	          NOUN_BIT(DESCRIPTION),
	  true, add },
	{ "edit", "GROUP", "Change what the options name", 1, 1,
	  NOUN_BIT(DESCRIPTION) | NOUN_BIT(ADMINISTRATOR) | NOUN_BIT(PLAIN) |
	          NOUN_BIT(MANAGER) | NOUN_BIT(GID_NUMBER),
	  true, edit },
	{ "delete", "GROUP", "The group goes; its number stays dead", 1, 1, 0,
	  true, drop },
	{ "join", "GROUP NAME...", "Take people in, for good or until then", 2,
	  NOUN_ARGS_MAX, NOUN_BIT(UNTIL), true, join },
	{ "leave", "GROUP NAME...", "Take people out", 2, NOUN_ARGS_MAX, 0,
	  true, leave },
	{ "nest", "GROUP GROUP...",
	  "Take groups in: who is in them is in the first one, too", 2,
	  NOUN_ARGS_MAX, NOUN_BIT(UNTIL), true, nest },
	{ "unnest", "GROUP GROUP...", "Take groups out", 2, NOUN_ARGS_MAX, 0,
	  true, unnest },
};

enum ctl_status
ctl_group(struct ctl *ctl, int argc, char **argv)
{
	static const struct noun_table table = {
		"Groups, and who is in them.\v", verbs,
		sizeof(verbs) / sizeof(verbs[0])
	};

	return noun_run(&table, ctl, argc, argv);
}
