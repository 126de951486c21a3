/* SPDX-License-Identifier: OLDAP-2.8 */
/* state_apply.c - a state, compared with the directory and loaded
 *
 * First each person and group is tried alone, in a transaction that is thrown
 * away: so the gate itself says what speaks against it, and all of it can be
 * told.  When nothing does, everything is done in one transaction.
 */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle/act_state.h"
#include "lifecycle/acts.h"
#include "lifecycle/audit.h"
#include "rules/utf8.h"
#include "store/ident.h"
#include "store/member.h"
#include "store/tree.h"
#include "tools/state.h"

#define SHOWN_MAX   512 /* bytes of a name or of what is said about it */
#define PLACE_BYTES 64  /* of "/groups/4711" */

#define PROGRESS_ITEMS 256 /* between two words of progress */

struct apply {
	struct rst_env *env;
	struct act_ctx *ctx;
	const struct state_options *options;
	struct rst_wtxn *txn; /* of the load */
	cJSON *told;          /* conflicts or changes; NULL without --json */
	size_t at; /* of the list that is tried: its items in front of this */
	size_t n_conflicts, n_changes;
	void *seen; /* tsearch(3): what the file has named so far */
	struct ctl_report report;
	struct act_refusal refusal;
};

/* How far it is in a list that may be long; now and then. */
static void
tell_progress(struct apply *a, const char *what, size_t done, size_t total)
{
	const struct rst_check_options how = ctl_report_options(&a->report, 0);

	if (done % PROGRESS_ITEMS != 0 && done != total)
		return;
	if (a->report.progress)
		(void)fflush(stdout); /* no line of it in the middle of one */
	how.progress(how.arg, what, done, total);
}

/* A file's texts may be anything. */
static const char *
shown(const char *text, char buf[SHOWN_MAX])
{
	(void)snprintf(buf, SHOWN_MAX, "%s", text);
	rule_utf8_visible(buf);
	return buf;
}

/* One line of the report: kind, name, code, what it is about, and where in the
 * file, as a pointer of RFC 6901. */
static void
tell(struct apply *a, const char *kind, const char *name, const char *code,
     const char *about, const char *at)
{
	char line[2][SHOWN_MAX];
	cJSON *item;

	if (!a->options->json) {
		ctl_report_clear(&a->report);
		printf("%-8s %-24s %-20s %s%s%s\n", kind, shown(name, line[0]),
		       code, shown(about, line[1]), at[0] != '\0' ? " " : "",
		       at);
		return;
	}
	item = cJSON_CreateObject();
	cJSON_AddStringToObject(item, "kind", kind);
	cJSON_AddStringToObject(item, "name", name);
	cJSON_AddStringToObject(item, "code", code);
	if (about[0] != '\0')
		cJSON_AddStringToObject(item, "about", about);
	if (at[0] != '\0')
		cJSON_AddStringToObject(item, "at", at);
	cJSON_AddItemToArray(a->told, item);
}

static void
conflict(struct apply *a, const char *kind, const char *name, const char *code,
         const char *about)
{
	char at[PLACE_BYTES];

	a->n_conflicts++;
	(void)snprintf(at, sizeof(at), "/%ss/%zu", kind, a->at);
	tell(a, kind, name, code, about, at);
}

static void
changed(struct apply *a, const char *kind, const char *name, const char *what,
        const char *about)
{
	a->n_changes++;
	tell(a, kind, name, what, about, "");
}

static const char *
name_of(const cJSON *item, const char *key)
{
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, key);

	if (cJSON_IsArray(name))
		name = cJSON_GetArrayItem(name, 0);
	return cJSON_IsString(name) ? name->valuestring : "";
}

/* A value of JSON as text; numbers are numbers of ours. */
static struct rst_view
view_of(const cJSON *value, char number[24])
{
	if (cJSON_IsString(value)) /* an empty one is none */
		return rst_view_of(value->valuestring[0] != '\0'
		                           ? value->valuestring
		                           : NULL);
	if (cJSON_IsBool(value))
		return cJSON_IsTrue(value) ? RST_VIEW("TRUE")
		                           : RST_VIEW("FALSE");
	if (!cJSON_IsNumber(value))
		return rst_view(NULL, 0);
	(void)snprintf(number, 24, "%.0f", value->valuedouble);
	return rst_view_of(number);
}

struct values {
	struct act_state_value at[ACT_STATE_VALUES_MAX];
	char numbers[ACT_STATE_VALUES_MAX][24];
	size_t n;
};

static bool
take(struct values *values, uint16_t attr, const cJSON *value)
{
	if (values->n == ACT_STATE_VALUES_MAX)
		return false;
	values->at[values->n] = (struct act_state_value){
		attr, view_of(value, values->numbers[values->n])
	};
	values->n++;
	return true;
}

/* The values of an item that have a name of attrs. */
static bool
take_all(struct values *values, const cJSON *item,
         const struct state_attr *attrs)
{
	const cJSON *value, *one;
	bool good = true;

	values->n = 0;
	for (; good && attrs->name != NULL; attrs++) {
		value = cJSON_GetObjectItemCaseSensitive(item, attrs->name);
		if (value == NULL)
			continue;
		if (!cJSON_IsArray(value))
			good = take(values, attrs->id, value);
		else if (value->child == NULL)
			good = take(values, attrs->id, NULL);
		if (cJSON_IsArray(value))
			cJSON_ArrayForEach(one, value) good =
				good && take(values, attrs->id, one);
	}
	return good;
}

static enum rst_err
put(struct apply *a, struct rst_wtxn *txn, enum rst_kind kind,
    const cJSON *item, enum act_state_change *ret_change)
{
	const bool person = kind == RST_KIND_PERSON;
	struct values *values = calloc(1, sizeof(*values));
	struct act_state_entry entry = {
		.kind = kind,
		.name = rst_view_of(name_of(item, person ? "uid" : "cn")),
	};
	enum rst_err err = RST_ENOMEM;

	a->refusal = (struct act_refusal){ 0 };
	if (values == NULL)
		return err;
	err = RST_EINVALID;
	if (take_all(values, item,
	             person ? state_person_attrs : state_group_attrs)) {
		entry.values = values->at;
		entry.n_values = values->n;
		err = act_state_put(txn, a->ctx, &entry, ret_change,
		                    &a->refusal);
	}
	free(values);
	return err;
}

/* ------------------------------------------------------------- conflicts */

struct named {
	char *what; /* "uidNumber 10001" */
	char who[STATE_NAME_MAX];
};

static int
compare_named(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->what,
	              ((const struct named *)b)->what);
}

static void
free_named(void *named)
{
	free(((struct named *)named)->what);
	free(named);
}

/* As the directory compares values of attr. */
static const char *
compared(const char *attr, const char *value, char buf[RST_MAIL_MAX + 1])
{
	const bool name = strcmp(attr, "uid") == 0 || strcmp(attr, "cn") == 0;

	if (strcmp(attr, "mail") == 0)
		return rst_mail_canonical(rst_view_of(value), buf) == RST_OK
		               ? buf
		               : value;
	if (!name || !rst_view_copy(rst_view_of(value), buf, RST_MAIL_MAX + 1))
		return value;
	for (char *at = buf; *at != '\0'; at++)
		*at = rst_lower(*at);
	return buf;
}

/* The file has named what before, by somebody else: tell. */
static void
look_twice(struct apply *a, const char *kind, const char *name,
           const char *attr, const char *value, const char *code)
{
	struct named *named = calloc(1, sizeof(*named)), **found;
	char about[256], buf[RST_MAIL_MAX + 1];

	if (named == NULL)
		return;
	(void)snprintf(named->who, sizeof(named->who), "%s", name);
	if (asprintf(&named->what, "%s %s", attr, compared(attr, value, buf)) <
	    0) {
		free(named);
		return;
	}
	found = tsearch(named, &a->seen, compare_named);
	if (found == NULL || *found == named)
		return;
	(void)snprintf(about, sizeof(about), "%s %.100s: also %s, in the file",
	               attr, value, (*found)->who);
	conflict(a, kind, name, code, about);
	free_named(named);
}

static void
look_in_file(struct apply *a, enum rst_kind kind, const cJSON *item)
{
	static const struct {
		enum rst_kind kind;
		const char *attr, *code;
	} unique[] = {
		{ RST_KIND_PERSON, "uid", "username_taken" },
		{ RST_KIND_PERSON, "uidNumber", "uidnumber_taken" },
		{ RST_KIND_PERSON, "mail", "email_taken" },
		{ RST_KIND_PERSON, "sshPublicKey", "key_taken" },
		{ RST_KIND_GROUP, "cn", "group_taken" },
		{ RST_KIND_GROUP, "gidNumber", "gid_taken" },
	};
	const bool person = kind == RST_KIND_PERSON;
	const char *name = name_of(item, person ? "uid" : "cn");
	const cJSON *value, *one;
	char number[24], attr[32];
	struct rst_view text;

	for (size_t i = 0; i < sizeof(unique) / sizeof(unique[0]); i++) {
		if (unique[i].kind != kind)
			continue;
		value = cJSON_GetObjectItemCaseSensitive(item, unique[i].attr);
		(void)snprintf(attr, sizeof(attr), "%s", unique[i].attr);
		if (!cJSON_IsArray(value)) {
			text = view_of(value, number);
			if (text.ptr != NULL)
				look_twice(a, person ? "user" : "group", name,
				           attr, text.ptr, unique[i].code);
			continue;
		}
		cJSON_ArrayForEach(one, value)
		{
			text = view_of(one, number);
			if (text.ptr != NULL)
				look_twice(a, person ? "user" : "group", name,
				           attr, text.ptr, unique[i].code);
		}
	}
}

/* Try it alone. */
static enum rst_err
try_one(struct apply *a, enum rst_kind kind, const cJSON *item)
{
	const bool person = kind == RST_KIND_PERSON;
	const char *name = name_of(item, person ? "uid" : "cn");
	enum act_state_change change;
	struct rst_wtxn txn = { 0 };
	char about[RST_DETAIL_MAX + 64];
	enum rst_err err;

	err = rst_write_begin(a->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = put(a, &txn, kind, item, &change);
	rst_write_abort(&txn);
	if (err == RST_EINVALID || err == RST_EEXISTS) {
		conflict(a, person ? "user" : "group", name, "invalid",
		         err == RST_EEXISTS ? "its place is taken"
		                            : "too many or too long values");
		return RST_OK;
	}
	if (err != RST_EDENIED)
		return err;
	(void)snprintf(about, sizeof(about), "%s%s%s",
	               a->refusal.field != NULL ? a->refusal.field : "",
	               a->refusal.detail.text[0] != '\0' ? " " : "",
	               a->refusal.detail.text);
	conflict(a, person ? "user" : "group", name,
	         rule_verdict_code(a->refusal.verdict), about);
	return RST_OK;
}

static enum rst_err
try_all(struct apply *a, enum rst_kind kind, const cJSON *list)
{
	const char *what =
		kind == RST_KIND_PERSON ? "try people" : "try groups";
	const size_t total = (size_t)cJSON_GetArraySize(list);
	const cJSON *item;
	enum rst_err err = RST_OK;

	a->at = 0;
	cJSON_ArrayForEach(item, list)
	{
		look_in_file(a, kind, item);
		if (err == RST_OK)
			err = try_one(a, kind, item);
		tell_progress(a, what, ++a->at, total);
	}
	return err;
}

/* -------------------------------------------------------------- the load */

static const char *const change_words[] = { "same", "added", "changed" };

static enum rst_err
load_all(struct apply *a, enum rst_kind kind, const cJSON *list)
{
	const bool person = kind == RST_KIND_PERSON;
	const char *what = person ? "load people" : "load groups";
	const size_t total = (size_t)cJSON_GetArraySize(list);
	enum act_state_change change;
	const cJSON *item;
	size_t done = 0;
	enum rst_err err = RST_OK;

	cJSON_ArrayForEach(item, list)
	{
		if (err == RST_OK)
			err = put(a, a->txn, kind, item, &change);
		if (err == RST_OK && change != ACT_STATE_SAME)
			changed(a, person ? "user" : "group",
			        name_of(item, person ? "uid" : "cn"),
			        change_words[change], "");
		tell_progress(a, what, ++done, total);
	}
	return err;
}

/* "alice", "@ops" or { "name": ..., "until": ... } */
static enum rst_err
find_member(struct apply *a, const cJSON *item, uint64_t *ret_id,
            int64_t *ret_until_s, const char **ret_name)
{
	const cJSON *until = cJSON_GetObjectItemCaseSensitive(item, "until");
	const char *name = cJSON_IsString(item) ? item->valuestring
	                                        : name_of(item, "name");
	bool group = name[0] == '@';
	enum rst_err err;

	*ret_name = name;
	*ret_until_s = RULE_NEVER;
	if (cJSON_IsString(until) &&
	    !audit_time_read(until->valuestring, ret_until_s)) {
		a->refusal = (struct act_refusal){ RULE_INVALID_EXPIRY,
			                           "rosterMemberUntil",
			                           { "" } };
		return RST_EDENIED;
	}
	err = (group ? act_find_group : act_find_person)(
		&a->txn->r, rst_view_of(name + (group ? 1 : 0)), ret_id);
	if (err != RST_ENOTFOUND)
		return err;
	a->refusal = (struct act_refusal){
		group ? RULE_UNKNOWN_GROUP : RULE_UNKNOWN_USER, "member", { "" }
	};
	(void)snprintf(a->refusal.detail.text, sizeof(a->refusal.detail.text),
	               "%.100s", name);
	return RST_EDENIED;
}

/* Who the list does not name leaves. */
static enum rst_err
drop_others(struct apply *a, uint64_t group, const char *group_name,
            const struct rst_ids *wanted)
{
	struct rst_member_cursor cursor = { 0 };
	struct rst_ids others = { 0 };
	struct rst_record member;
	char name[STATE_NAME_MAX];
	uint64_t id;
	enum rst_err err = RST_OK;

	while (err == RST_OK &&
	       rst_member_next_id(&a->txn->r, group, &cursor, &id) == RST_OK)
		if (!rst_ids_has(wanted, id))
			err = rst_ids_add(&others, id);
	for (size_t i = 0; err == RST_OK && i < others.n; i++) {
		name[0] = '\0';
		if (rst_record_get(&a->txn->r, others.items[i], &member) ==
		    RST_OK)
			(void)rst_view_copy(
				rst_record_first(&member,
			                         member.kind == RST_KIND_GROUP
			                                 ? RST_A_CN
			                                 : RST_A_UID),
				name, sizeof(name));
		err = act_state_leave(a->txn, a->ctx, group, others.items[i],
		                      &a->refusal);
		if (err == RST_OK)
			changed(a, "member", group_name, "leaves", name);
	}
	rst_ids_release(&others);
	return err;
}

/* A group whose file names no members keeps those it has. */
static enum rst_err
load_members(struct apply *a, const cJSON *item)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(item, "members");
	const char *cn = name_of(item, "cn"), *name;
	struct rst_ids wanted = { 0 };
	const cJSON *one;
	uint64_t group, member;
	int64_t until_s;
	bool differs;
	enum rst_err err;

	if (!cJSON_IsArray(list))
		return RST_OK;
	err = act_find_group(&a->txn->r, rst_view_of(cn), &group);
	cJSON_ArrayForEach(one, list)
	{
		if (err == RST_OK)
			err = find_member(a, one, &member, &until_s, &name);
		if (err == RST_OK)
			err = rst_ids_add(&wanted, member);
		if (err == RST_OK)
			err = act_state_join(a->txn, a->ctx, group, member,
			                     until_s, &differs, &a->refusal);
		if (err == RST_OK && differs)
			changed(a, "member", cn, "joins", name);
	}
	if (err == RST_OK)
		err = drop_others(a, group, cn, &wanted);
	rst_ids_release(&wanted);
	return err;
}

/* The DN of a person, as a value of rosterManager. */
static enum rst_err
manager_dn(struct apply *a, const cJSON *name, char dn[RST_DN_MAX],
           struct rst_view *ret_dn)
{
	uint64_t person;
	size_t len = 0;
	enum rst_err err = RST_ENOTFOUND;

	if (cJSON_IsString(name))
		err = act_find_person(&a->txn->r,
		                      rst_view_of(name->valuestring), &person);
	if (err == RST_OK)
		err = rst_tree_dn(&a->txn->r, person, dn, RST_DN_MAX, &len);
	if (err == RST_OK)
		*ret_dn = rst_view(dn, len);
	if (err != RST_ENOTFOUND)
		return err;
	a->refusal = (struct act_refusal){ RULE_UNKNOWN_USER,
		                           "rosterManager",
		                           { "" } };
	return RST_EDENIED;
}

static enum rst_err
load_managers(struct apply *a, const cJSON *item)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(item, "managers");
	struct values *values = calloc(1, sizeof(*values));
	char(*dns)[RST_DN_MAX] = calloc(ACT_MANAGERS_MAX, sizeof(*dns));
	struct act_state_entry entry = {
		.kind = RST_KIND_GROUP,
		.name = rst_view_of(name_of(item, "cn")),
	};
	enum act_state_change change = ACT_STATE_SAME;
	int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
	enum rst_err err = RST_OK;

	if (values == NULL || dns == NULL)
		err = RST_ENOMEM;
	else if (n > ACT_MANAGERS_MAX)
		err = RST_EINVALID;
	for (int i = 0; err == RST_OK && i < n; i++) {
		values->at[i].attr = RST_A_ROSTERMANAGER;
		err = manager_dn(a, cJSON_GetArrayItem(list, i), dns[i],
		                 &values->at[i].value);
	}
	if (err == RST_OK && cJSON_IsArray(list)) {
		/* of an empty list one value without text: nobody */
		values->at[0].attr = RST_A_ROSTERMANAGER;
		entry.values = values->at;
		entry.n_values = n > 0 ? (size_t)n : 1;
		err = act_state_put(a->txn, a->ctx, &entry, &change,
		                    &a->refusal);
	}
	if (err == RST_OK && change != ACT_STATE_SAME)
		changed(a, "group", name_of(item, "cn"), "changed", "managers");
	free(values);
	free(dns);
	return err;
}

static enum rst_err
load_settings(struct apply *a, const cJSON *settings)
{
	struct rst_view lines[STATE_SETTINGS_MAX];
	char *texts[STATE_SETTINGS_MAX] = { NULL };
	const cJSON *one;
	size_t n = 0;
	bool differs = false;
	enum rst_err err = RST_OK;

	if (!cJSON_IsObject(settings) || !a->options->settings)
		return RST_OK;
	cJSON_ArrayForEach(one, settings)
	{
		if (n == STATE_SETTINGS_MAX || !cJSON_IsString(one)) {
			err = RST_EINVALID;
			break;
		}
		if (asprintf(&texts[n], "%s=%s", one->string,
		             one->valuestring) < 0) {
			texts[n] = NULL;
			err = RST_ENOMEM;
			break;
		}
		lines[n] = rst_view_of(texts[n]);
		n++;
	}
	if (err == RST_OK)
		err = act_state_settings(a->txn, a->ctx, lines, n, &differs,
		                         &a->refusal);
	if (err == RST_OK && differs)
		changed(a, "settings", "", "changed", "");
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	return err;
}

/* After the groups that they name. */
static enum rst_err
load_list(struct apply *a, const struct state_list *list, const cJSON *state)
{
	const cJSON *items = cJSON_GetObjectItemCaseSensitive(state, list->key);
	enum act_state_change change;
	const cJSON *item;
	enum rst_err err = RST_OK;

	if (!a->options->settings)
		return RST_OK;
	cJSON_ArrayForEach(item, items)
	{
		if (err == RST_OK)
			err = state_policy_put(a->txn, a->ctx, list, item,
			                       &change, &a->refusal);
		if (err == RST_OK && change != ACT_STATE_SAME)
			changed(a, list->word, name_of(item, "cn"),
			        change_words[change], "");
	}
	return err;
}

static enum rst_err
load(struct apply *a, const cJSON *state)
{
	const cJSON *users = cJSON_GetObjectItemCaseSensitive(state, "users");
	const cJSON *groups = cJSON_GetObjectItemCaseSensitive(state, "groups");
	const cJSON *item;
	enum rst_err err;

	err = load_settings(
		a, cJSON_GetObjectItemCaseSensitive(state, "settings"));
	if (err == RST_OK)
		err = load_all(a, RST_KIND_GROUP, groups);
	if (err == RST_OK)
		err = load_list(a, &state_policies, state);
	if (err == RST_OK)
		err = load_list(a, &state_presets, state);
	if (err == RST_OK)
		err = load_all(a, RST_KIND_PERSON, users);
	cJSON_ArrayForEach(item, groups)
	{
		if (err == RST_OK)
			err = load_members(a, item);
		if (err == RST_OK)
			err = load_managers(a, item);
	}
	return err;
}

static enum ctl_status
say(struct apply *a, enum rst_err err)
{
	cJSON *root;

	if (a->options->json && err == RST_OK) {
		root = cJSON_CreateObject();
		cJSON_AddItemToObject(
			root, a->n_conflicts > 0 ? "conflicts" : "changes",
			a->told);
		a->told = NULL;
		if (ctl_print_json(root) != CTL_OK)
			return CTL_INTERNAL;
	} else if (err == RST_OK && a->n_conflicts > 0) {
		printf("%zu conflicts: nothing was done\n", a->n_conflicts);
	} else if (err == RST_OK) {
		printf("%zu changes%s\n", a->n_changes,
		       a->options->dry_run ? ", of which none was made" : "");
	}
	if (err != RST_OK)
		return ctl_failed(err, &a->refusal);
	return a->n_conflicts > 0 ? CTL_REFUSED : CTL_OK;
}

enum ctl_status
state_apply(struct rst_env *env, struct act_ctx *ctx, const cJSON *state,
            const struct state_options *options)
{
	struct rst_wtxn txn = { 0 };
	struct apply a = {
		.env = env,
		.ctx = ctx,
		.options = options,
		.txn = &txn,
		.told = options->json ? cJSON_CreateArray() : NULL,
	};
	enum ctl_status status;
	enum rst_err err;

	ctl_report_begin(&a.report,
	                 options->progress ? CTL_PROGRESS_ALWAYS
	                                   : CTL_PROGRESS_AUTO,
	                 stdout);
	err = try_all(&a, RST_KIND_GROUP,
	              cJSON_GetObjectItemCaseSensitive(state, "groups"));
	if (err == RST_OK)
		err = try_all(&a, RST_KIND_PERSON,
		              cJSON_GetObjectItemCaseSensitive(state, "users"));
	if (err == RST_OK && a.n_conflicts == 0)
		err = rst_write_begin(env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK && a.n_conflicts == 0)
		err = load(&a, state);
	if (err == RST_OK && a.n_conflicts == 0 && a.n_changes > 0 &&
	    !options->dry_run)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	ctl_report_clear(&a.report);
	status = say(&a, err);
	tdestroy(a.seen, free_named);
	cJSON_Delete(a.told);
	return status;
}
