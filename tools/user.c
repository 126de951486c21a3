/* SPDX-License-Identifier: OLDAP-2.8 */
/* user.c - rosterctl user: people */
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "lifecycle/attempt.h"
#include "lifecycle/moment.h"
#include "lifecycle/place.h"
#include "rules/password.h"
#include "store/member.h"
#include "tools/noun.h"

#define BATCH        64 /* ids taken from the store at a time */
#define GROUPS_SHOWN 256
#define EDITS_MAX    16
#define LIST_MAX     64 /* names in --host or --service */

/* ---------------------------------------------------------------- showing */

static bool
add_groups(cJSON *user, const struct rst_rtxn *txn, uint64_t person)
{
	uint64_t ids[GROUPS_SHOWN];
	struct rst_record group;
	cJSON *list = cJSON_AddArrayToObject(user, "groups");
	size_t n = 0;
	bool good = list != NULL &&
	            rst_member_of_all(txn, person, 0, ids, GROUPS_SHOWN, &n) ==
	                    RST_OK;

	for (size_t i = 0; good && i < n; i++) {
		char name[128];

		if (rst_record_get(txn, ids[i], &group) != RST_OK ||
		    !rst_view_copy(rst_record_first(&group, RST_A_CN), name,
		                   sizeof(name)))
			continue;
		good = cJSON_AddItemToArray(list, cJSON_CreateString(name));
	}
	return good;
}

/* Every value of attr. */
static bool
add_values(cJSON *user, const char *key, const struct rst_record *record,
           uint16_t attr)
{
	struct rst_attr values;
	struct rst_view value;
	cJSON *list = cJSON_AddArrayToObject(user, key);
	bool good = list != NULL;

	if (!rst_record_attr(record, attr, &values))
		return good;
	while (good && rst_attr_next(&values, &value)) {
		char text[256];

		if (rst_view_copy(value, text, sizeof(text)))
			good = cJSON_AddItemToArray(list,
			                            cJSON_CreateString(text));
	}
	return good;
}

/* One that holds now. */
static bool
add_lock(struct noun *noun, cJSON *user, const struct rst_rtxn *txn,
         const struct rst_record *record)
{
	char since[LIFECYCLE_TIME_BYTES], until[LIFECYCLE_TIME_BYTES];
	struct attempt_lock lock;

	if (attempt_lock(txn, record, noun->ctx.now_s, &lock) != RST_OK)
		return false;
	if (!lock.holds)
		return true;
	if (lock.for_ever)
		return cJSON_AddBoolToObject(user, "lockedForEver", true) !=
		       NULL;
	lifecycle_time_print_3339(lock.since_s, since);
	lifecycle_time_print_3339(lock.until_s, until);
	return cJSON_AddStringToObject(user, "locked", since) != NULL &&
	       cJSON_AddStringToObject(user, "lockedUntil", until) != NULL;
}

static cJSON *
model(struct noun *noun, const struct rst_rtxn *txn,
      const struct rst_record *record, bool whole)
{
	static const struct {
		const char *key;
		uint16_t attr;
		bool time;
	} rows[] = {
		{ "username", RST_A_UID, false },
		{ "name", RST_A_CN, false },
		{ "givenName", RST_A_GIVENNAME, false },
		{ "sn", RST_A_SN, false },
		{ "displayName", RST_A_DISPLAYNAME, false },
		{ "language", RST_A_PREFERREDLANGUAGE, false },
		{ "mail", RST_A_MAIL, false },
		{ "loginShell", RST_A_LOGINSHELL, false },
		{ "homeDirectory", RST_A_HOMEDIRECTORY, false },
		{ "description", RST_A_DESCRIPTION, false },
		{ "entryUUID", RST_A_ENTRYUUID, false },
		{ "reason", RST_A_ROSTERREASON, false },
		{ "starts", RST_A_ROSTERSTARTS, true },
		{ "expires", RST_A_ROSTEREXPIRES, true },
		{ "statusSince", RST_A_ROSTERSTATUSSINCE, true },
		{ "statusBy", RST_A_ROSTERSTATUSBY, false },
		{ "registeredFrom", RST_A_ROSTERREGISTEREDFROM, false },
		{ "created", RST_A_CREATETIMESTAMP, true },
		{ "modified", RST_A_MODIFYTIMESTAMP, true },
	};
	enum rule_state state = act_state(record, noun->ctx.now_s);
	cJSON *user = cJSON_CreateObject();
	bool good = user != NULL, administrator;

	for (size_t i = 0; good && i < sizeof(rows) / sizeof(rows[0]); i++)
		good = (rows[i].time ? noun_add_time : noun_add)(
			user, rows[i].key,
			rst_record_first(record, rows[i].attr));
	good = good &&
	       cJSON_AddStringToObject(user, "status",
	                               rst_status_word(record->status)) &&
	       cJSON_AddStringToObject(user, "state", rule_state_word(state)) &&
	       cJSON_AddNumberToObject(user, "uidNumber", record->uid_number) &&
	       cJSON_AddNumberToObject(user, "gidNumber", record->gid_number);
	if (good && whole)
		good = add_lock(noun, user, txn, record) &&
		       add_groups(user, txn, record->id) &&
		       add_values(user, "hosts", record, RST_A_HOST) &&
		       add_values(user, "services", record,
		                  RST_A_AUTHORIZEDSERVICE) &&
		       act_is_administrator(txn, record->id, noun->ctx.now_s,
		                            &administrator) == RST_OK &&
		       cJSON_AddBoolToObject(user, "administrator",
		                             administrator);
	if (!good) {
		cJSON_Delete(user);
		return NULL;
	}
	return user;
}

static const char *
text_of(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(object, key));

	return text != NULL ? text : "";
}

/* "key  value" lines. */
static void
print_whole(const cJSON *user)
{
	const cJSON *item, *one;

	cJSON_ArrayForEach(item, user)
	{
		printf("%-15s", item->string);
		if (cJSON_IsString(item))
			printf(" %s", item->valuestring);
		else if (cJSON_IsNumber(item))
			printf(" %.0f", item->valuedouble);
		else if (cJSON_IsBool(item))
			printf(" %s", cJSON_IsTrue(item) ? "yes" : "no");
		cJSON_ArrayForEach(one, item)
		{
			printf(" %s", one->valuestring);
		}
		putchar('\n');
	}
}

static enum ctl_status
show(struct noun *noun)
{
	struct rst_record record;
	struct rst_rtxn txn;
	cJSON *user = NULL;
	enum ctl_status status;
	uint64_t id;
	enum rst_err err;

	status = noun_person(noun, 0, &id);
	if (status != CTL_OK)
		return status;
	err = rst_read_begin(noun->env, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK)
		user = model(noun, &txn, &record, true);
	rst_read_end(&txn);
	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	if (noun->json || user == NULL)
		return ctl_print_json(user);
	print_whole(user);
	cJSON_Delete(user);
	return CTL_OK;
}

/* What the list is narrowed to. */
struct filter {
	enum rst_status status;
	bool locked; /* whatever their status */
	uint64_t group;
	const char *text;
	uint64_t limit;
};

static bool
holds(struct rst_view view, const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; len <= view.len && i <= view.len - len; i++)
		if (rst_view_equal_nocase(rst_view(view.ptr + i, len),
		                          rst_view_of(text)))
			return true;
	return false;
}

static enum rst_err
fits(const struct rst_rtxn *txn, const struct filter *filter,
     const struct rst_record *record, int64_t now_s, bool *ret_fits)
{
	struct attempt_lock lock = { .holds = false };
	static const uint16_t looked[] = { RST_A_UID, RST_A_CN, RST_A_MAIL,
		                           RST_A_DISPLAYNAME };
	bool fit = record->kind == RST_KIND_PERSON &&
	           (filter->status == RST_STATUS_NONE ||
	            record->status == filter->status);
	enum rst_err err = RST_OK;

	if (fit && filter->group != 0)
		err = rst_member_within(txn, filter->group, record->id, &fit);
	if (err == RST_OK && fit && filter->locked) {
		err = attempt_lock(txn, record, now_s, &lock);
		fit = lock.holds;
	}
	if (err != RST_OK)
		return err;
	*ret_fits = fit;
	if (!fit || filter->text == NULL)
		return RST_OK;
	*ret_fits = false;
	for (size_t i = 0; i < sizeof(looked) / sizeof(looked[0]); i++)
		if (holds(rst_record_first(record, looked[i]), filter->text))
			*ret_fits = true;
	return RST_OK;
}

static enum ctl_status
read_filter(struct noun *noun, struct filter *filter)
{
	struct rst_view word = noun_text(noun, NOUN_STATUS);
	enum ctl_status status;
	struct rst_rtxn txn;
	enum rst_err err = RST_OK;

	*filter = (struct filter){ .text = noun->option[NOUN_SEARCH],
		                   .limit = UINT64_MAX };
	status = noun_number(noun, NOUN_LIMIT, UINT64_MAX, &filter->limit);
	if (status != CTL_OK)
		return status;
	if (word.ptr != NULL) {
		filter->locked = rst_view_equal(word, RST_VIEW("locked"));
		filter->status = rst_status_parse(word);
		if (filter->status == RST_STATUS_NONE && !filter->locked) {
			return noun_refuse(noun, RULE_INVALID_STATUS, NULL);
		}
	}
	if (noun->n_groups == 0)
		return CTL_OK;
	err = rst_read_begin(noun->env, &txn);
	if (err == RST_OK)
		err = act_find_group(&txn, noun->groups[0], &filter->group);
	rst_read_end(&txn);
	if (err == RST_ENOTFOUND) {
		return noun_refuse(noun, RULE_UNKNOWN_GROUP, NULL);
	}
	return ctl_failed(err, &noun->refusal);
}

/* One line each, or a JSON object each: it can be read as it comes. */
static enum ctl_status
print_one(struct noun *noun, const struct rst_rtxn *txn,
          const struct rst_record *record)
{
	cJSON *user = model(noun, txn, record, false);

	if (user == NULL)
		return ctl_no_memory();
	if (noun->json)
		return noun_print_line(user);
	printf("%-20s %-10s %8u  %-28s %s\n", text_of(user, "username"),
	       text_of(user, "state"), record->uid_number,
	       text_of(user, "name"), text_of(user, "mail"));
	cJSON_Delete(user);
	return CTL_OK;
}

static enum ctl_status
list(struct noun *noun)
{
	struct rst_tree_cursor cursor = { 0 };
	struct rst_record record;
	struct filter filter;
	uint64_t people, ids[BATCH], shown = 0;
	struct rst_rtxn txn;
	enum ctl_status status;
	size_t n = 1;
	bool fit;
	enum rst_err err;

	status = read_filter(noun, &filter);
	if (status != CTL_OK)
		return status;
	err = rst_read_begin(noun->env, &txn);
	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	err = lifecycle_place(&txn, "ou=people", &people);
	while (err == RST_OK && status == CTL_OK && n > 0 &&
	       shown < filter.limit) {
		err = rst_tree_children(&txn, people, &cursor, ids, BATCH, &n);
		for (size_t i = 0; err == RST_OK && status == CTL_OK && i < n;
		     i++) {
			err = rst_record_get(&txn, ids[i], &record);
			if (err == RST_OK)
				err = fits(&txn, &filter, &record,
				           noun->ctx.now_s, &fit);
			if (err != RST_OK || !fit || shown == filter.limit)
				continue;
			status = print_one(noun, &txn, &record);
			shown++;
		}
	}
	rst_read_end(&txn);
	return err != RST_OK ? ctl_failed(err, &noun->refusal) : status;
}

/* ------------------------------------------------------------------ moves */

typedef enum rst_err act_move(const struct act_ctx *ctx, uint64_t person,
                              struct rst_view reason,
                              struct act_refusal *refusal);

/* All that are named, one after the other; the first that fails ends it. */
static enum ctl_status
move(struct noun *noun, act_move *act, const char *what)
{
	enum ctl_status status = CTL_OK;
	struct rst_view reason = noun_text(noun, NOUN_REASON);
	uint64_t id;
	enum rst_err err;

	for (size_t i = 0; status == CTL_OK && i < noun->n_args; i++) {
		status = noun_person(noun, i, &id);
		if (status != CTL_OK)
			break;
		err = act == act_approve
		              ? act_approve_into(&noun->ctx, id, noun->groups,
		                                 noun->n_groups, reason,
		                                 &noun->refusal)
		              : act(&noun->ctx, id, reason, &noun->refusal);
		status = noun_done(noun, err, noun->args[i], what);
	}
	return status;
}

static enum ctl_status
approve(struct noun *noun)
{
	return move(noun, act_approve, "approved");
}

static enum ctl_status
reject(struct noun *noun)
{
	return move(noun, act_reject, "rejected");
}

static enum ctl_status
suspend(struct noun *noun)
{
	return move(noun, act_suspend, "suspended");
}

static enum ctl_status
deactivate(struct noun *noun)
{
	return move(noun, act_deactivate, "deactivated");
}

static enum ctl_status
activate(struct noun *noun)
{
	return move(noun, act_activate, "activated");
}

static enum ctl_status
drop(struct noun *noun)
{
	return move(noun, act_delete_person, "deleted");
}

static enum ctl_status
unlock(struct noun *noun)
{
	return move(noun, act_unlock, "unlocked");
}

static enum ctl_status
restore(struct noun *noun)
{
	return move(noun, act_restore, "restored");
}

static enum ctl_status
purge(struct noun *noun)
{
	return move(noun, act_purge, "purged");
}

/* ----------------------------------------------------------------- making */

static enum ctl_status
add(struct noun *noun)
{
	struct rst_view word = noun_text(noun, NOUN_STATUS);
	enum rst_status to =
		word.ptr != NULL ? rst_status_parse(word) : RST_STATUS_ACTIVE;
	char password[RULE_PASSWORD_MAX + 1] = "";
	struct act_person person = {
		.username = rst_view_of(noun->args[0]),
		.given_name = noun_text(noun, NOUN_GIVEN_NAME),
		.surname = noun_text(noun, NOUN_SURNAME),
		.mail = noun_text(noun, NOUN_MAIL),
	};
	enum ctl_status status = CTL_OK;
	uint64_t id;
	enum rst_err err;

	if (to == RST_STATUS_NONE || to == RST_STATUS_DELETED) {
		return noun_refuse(noun, RULE_INVALID_STATUS, NULL);
	}
	if (noun->option[NOUN_PASSWORD] != NULL)
		status = noun_password(password, sizeof(password));
	if (status != CTL_OK)
		return status;
	person.password = rst_view_of(password);
	person.must_change = noun->option[NOUN_MUST_CHANGE] != NULL;
	err = act_create_person(&noun->ctx, &person, to, &id, &noun->refusal);
	sodium_memzero(password, sizeof(password));
	return noun_done(noun, err, noun->args[0], "added");
}

/* Each name of a list with commas between is a value of attr; none drops it. */
static enum ctl_status
add_list(struct noun *noun, enum noun_option option, uint16_t attr,
         struct act_edit *edits, size_t *n)
{
	const char *text = noun->option[option];
	size_t before = *n;

	if (text == NULL)
		return CTL_OK;
	while (*text != '\0') {
		size_t len = strcspn(text, ",");

		if (*n - before == LIST_MAX) {
			ctl_say("more than %d names", LIST_MAX);
			return CTL_INVALID;
		}
		if (len > 0)
			edits[(*n)++] =
				(struct act_edit){ attr, rst_view(text, len) };
		text += len + (text[len] == ',' ? 1 : 0);
	}
	if (*n == before)
		edits[(*n)++] = (struct act_edit){ attr, RST_VIEW("") };
	return CTL_OK;
}

static enum ctl_status
edit(struct noun *noun)
{
	static const struct {
		enum noun_option option;
		uint16_t attr;
	} rows[] = {
		{ NOUN_GIVEN_NAME, RST_A_GIVENNAME },
		{ NOUN_SURNAME, RST_A_SN },
		{ NOUN_DISPLAY_NAME, RST_A_DISPLAYNAME },
		{ NOUN_LANGUAGE, RST_A_PREFERREDLANGUAGE },
		{ NOUN_MAIL, RST_A_MAIL },
		{ NOUN_SHELL, RST_A_LOGINSHELL },
		{ NOUN_HOME, RST_A_HOMEDIRECTORY },
		{ NOUN_DESCRIPTION, RST_A_DESCRIPTION },
		{ NOUN_STATUS, RST_A_ROSTERSTATUS },
		{ NOUN_REASON, RST_A_ROSTERREASON },
	};
	char starts[LIFECYCLE_TIME_BYTES], expires[LIFECYCLE_TIME_BYTES];
	struct act_edit edits[EDITS_MAX + 2 * LIST_MAX];
	enum ctl_status status;
	size_t n = 0;
	uint64_t id;

	status = noun_person(noun, 0, &id);
	if (status == CTL_OK)
		status = noun_time(noun, NOUN_STARTS, starts, sizeof(starts));
	if (status == CTL_OK)
		status =
			noun_time(noun, NOUN_EXPIRES, expires, sizeof(expires));
	if (status != CTL_OK)
		return status;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (noun->option[rows[i].option] != NULL)
			edits[n++] = (struct act_edit){
				rows[i].attr, noun_text(noun, rows[i].option)
			};
	if (noun->option[NOUN_STARTS] != NULL)
		edits[n++] = (struct act_edit){ RST_A_ROSTERSTARTS,
			                        rst_view_of(starts) };
	if (noun->option[NOUN_EXPIRES] != NULL)
		edits[n++] = (struct act_edit){ RST_A_ROSTEREXPIRES,
			                        rst_view_of(expires) };
	status = add_list(noun, NOUN_HOST, RST_A_HOST, edits, &n);
	if (status == CTL_OK)
		status = add_list(noun, NOUN_SERVICE, RST_A_AUTHORIZEDSERVICE,
		                  edits, &n);
	if (status != CTL_OK)
		return status;
	if (n == 0) {
		ctl_say("edit what? rosterctl user --help tells");
		return CTL_USAGE;
	}
	return noun_done(noun,
	                 act_edit(&noun->ctx, id, edits, n, &noun->refusal),
	                 noun->args[0], "changed");
}

static enum ctl_status
password(struct noun *noun)
{
	char text[RULE_PASSWORD_MAX + 1];
	enum ctl_status status;
	uint64_t id;
	enum rst_err err;

	status = noun_person(noun, 0, &id);
	if (status == CTL_OK)
		status = noun_password(text, sizeof(text));
	if (status != CTL_OK)
		return status;
	err = act_change_password(&noun->ctx, id, rst_view(NULL, 0),
	                          rst_view_of(text), NULL, &noun->refusal);
	sodium_memzero(text, sizeof(text));
	return noun_done(noun, err, noun->args[0], "given a new password");
}

/* The one that was made is told here and nowhere else. */
static enum ctl_status
tell_made(struct noun *noun, const char *made)
{
	cJSON *root;

	if (!noun->json) {
		puts(made);
		return CTL_OK;
	}
	root = cJSON_CreateObject();
	if (!cJSON_AddStringToObject(root, "name", noun->args[0]) ||
	    !cJSON_AddStringToObject(root, "madePassword", made) ||
	    !cJSON_AddBoolToObject(root, "dryRun", noun->dry_run)) {
		cJSON_Delete(root);
		root = NULL;
	}
	return ctl_print_json(root);
}

static enum ctl_status
reset_password(struct noun *noun)
{
	char text[RULE_PASSWORD_MAX + 1] = "", made[LIFECYCLE_MADE_BYTES] = "";
	enum ctl_status status;
	uint64_t id;
	enum rst_err err;

	status = noun_person(noun, 0, &id);
	if (status == CTL_OK && noun->option[NOUN_PASSWORD] != NULL)
		status = noun_password(text, sizeof(text));
	if (status != CTL_OK)
		return status;
	err = act_reset_password(&noun->ctx, id, rst_view_of(text), made,
	                         &noun->refusal);
	sodium_memzero(text, sizeof(text));
	if (err == RST_OK && made[0] != '\0' && !noun->dry_run)
		status = tell_made(noun, made);
	else
		status = noun_done(noun, err, noun->args[0],
		                   "given a temporary password");
	sodium_memzero(made, sizeof(made));
	return status;
}

#define NAMES "NAME..."
#define MOVE(name, what)                                                       \
	{                                                                      \
#name, NAMES, what, 1, NOUN_ARGS_MAX, NOUN_BIT(REASON), true,  \
			name                                                   \
	}

static const struct noun_verb verbs[] = {
	{ "list", "", "Everybody, a line each", 0, 0,
	  NOUN_BIT(STATUS) | NOUN_BIT(GROUP) | NOUN_BIT(SEARCH) |
	          NOUN_BIT(LIMIT),
	  false, list },
	{ "show", "NAME", "All about one person", 1, 1, 0, false, show },
	{ "add", "NAME", "A new person, active unless --status says otherwise",
	  1, 1,
	  NOUN_BIT(GIVEN_NAME) | NOUN_BIT(SURNAME) | NOUN_BIT(MAIL) |
	          NOUN_BIT(STATUS) | NOUN_BIT(PASSWORD) | NOUN_BIT(MUST_CHANGE),
	  true, add },
	{ "edit", "NAME", "Change what the options name; empty drops it", 1, 1,
	  NOUN_BIT(GIVEN_NAME) | NOUN_BIT(SURNAME) | NOUN_BIT(DISPLAY_NAME) |
	          NOUN_BIT(LANGUAGE) | NOUN_BIT(MAIL) | NOUN_BIT(SHELL) |
	          NOUN_BIT(HOME) | NOUN_BIT(DESCRIPTION) | NOUN_BIT(STATUS) |
	          NOUN_BIT(REASON) | NOUN_BIT(STARTS) | NOUN_BIT(EXPIRES) |
	          NOUN_BIT(HOST) | NOUN_BIT(SERVICE),
	  true, edit },
	{ "password", "NAME",
	  "Set the password, one line of standard input; sessions end", 1, 1, 0,
	  true, password },
	{ "reset-password", "NAME",
	  "A temporary password, to be changed at the next sign-in: one that "
	  "is made and printed, or with --password a line of standard input",
	  1, 1, NOUN_BIT(PASSWORD), true, reset_password },
	{ "approve", NAMES, "Let in who waits for approval, into groups, too",
	  1, NOUN_ARGS_MAX, NOUN_BIT(REASON) | NOUN_BIT(GROUP), true, approve },
	MOVE(reject, "Turn down who waits; the name is free again"),
	MOVE(suspend, "End all access from this moment on"),
	MOVE(deactivate,
	     "Suspend, and take all groups, rights and SSH keys for good"),
	MOVE(activate, "Give a suspended person access again"),
	{ "delete", NAMES, "Into the bin; for a time it can be restored", 1,
	  NOUN_ARGS_MAX, NOUN_BIT(REASON), true, drop },
	MOVE(unlock, "End the lock that too many wrong passwords brought"),
	MOVE(restore, "Out of the bin, with groups and number"),
	MOVE(purge, "Out of the bin for good; the number stays dead"),
};

enum ctl_status
ctl_user(struct ctl *ctl, int argc, char **argv)
{
	static const struct noun_table table = {
		"People: see them, make them, move them.\v", verbs,
		sizeof(verbs) / sizeof(verbs[0])
	};

	return noun_run(&table, ctl, argc, argv);
}
