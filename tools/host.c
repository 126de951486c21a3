/* SPDX-License-Identifier: OLDAP-2.8 */
/* host.c - rosterctl host: hosts, and who may log in there */
#include <stdio.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "lifecycle/host.h"
#include "lifecycle/place.h"
#include "rules/password.h"
#include "tools/noun.h"

#define BATCH 64 /* ids taken from the store at a time */

static enum ctl_status
find(struct noun *noun, uint64_t *ret_id)
{
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(noun->env, &txn);
	if (err == RST_OK) {
		err = act_find_host(&txn, rst_view_of(noun->args[0]), ret_id);
		rst_read_end(&txn);
	}
	if (err == RST_ENOTFOUND) {
		ctl_say("there is no host \"%s\"", noun->args[0]);
		return CTL_ABSENT;
	}
	return ctl_failed(err, &noun->refusal);
}

static cJSON *
model(const struct rst_rtxn *txn, const struct rst_record *record, bool whole)
{
	struct rst_view cn = rst_record_first(record, RST_A_CN);
	char filter[LIFECYCLE_FILTER_MAX] = "", dn[RST_DN_MAX];
	cJSON *host = cJSON_CreateObject();
	struct lifecycle_host facts;
	bool good;
	size_t len;

	good = noun_add(host, "name", cn) &&
	       noun_add(host, "description",
	                rst_record_first(record, RST_A_DESCRIPTION)) &&
	       noun_add_names(host, "groups", record, RST_A_ROSTERHOSTGROUP) &&
	       noun_add_names(host, "managers", record, RST_A_ROSTERMANAGER) &&
	       cJSON_AddBoolToObject(
		       host, "password",
		       rst_record_first(record, RST_A_USERPASSWORD).len > 0);
	if (good && whole)
		good = lifecycle_host(txn, cn, &facts) == RST_OK &&
		       lifecycle_host_filter(txn, &facts, filter) == RST_OK &&
		       rst_tree_dn(txn, record->id, dn, sizeof(dn), &len) ==
		               RST_OK &&
		       cJSON_AddStringToObject(host, "dn", dn) &&
		       cJSON_AddStringToObject(host, "filter", filter);
	if (good)
		return host;
	cJSON_Delete(host);
	return NULL;
}

static cJSON *
whole(const struct rst_rtxn *txn, const struct rst_record *record)
{
	return model(txn, record, true);
}

static enum ctl_status
show(struct noun *noun)
{
	uint64_t id = 0;
	enum ctl_status status = find(noun, &id);

	return status == CTL_OK ? noun_show(noun, id, whole) : status;
}

/* One line each, or a JSON object each: it can be read as it comes. */
static enum ctl_status
print_host(struct noun *noun, const struct rst_rtxn *txn,
           const struct rst_record *record, const void *arg)
{
	char name[RULE_HOST_MAX + 1] = "", about[256] = "";

	(void)arg;
	if (!lifecycle_is_host(record))
		return CTL_OK;
	if (!noun->json) {
		(void)rst_view_copy(rst_record_first(record, RST_A_CN), name,
		                    sizeof(name));
		(void)rst_view_copy(rst_record_first(record, RST_A_DESCRIPTION),
		                    about, sizeof(about));
		printf("%-24s %s\n", name, about);
		return CTL_OK;
	}
	return noun_print_line(model(txn, record, false));
}

/* Who may sign in at all, and here. */
static enum ctl_status
print_person(struct noun *noun, const struct rst_rtxn *txn,
             const struct rst_record *record, const void *arg)
{
	enum rule_host_answer answer;
	char name[128];
	enum rst_err err;

	if (record->kind != RST_KIND_PERSON ||
	    !rule_state_may_sign_in(act_state(record, noun->ctx.now_s)))
		return CTL_OK;
	err = lifecycle_host_judge(txn, arg, record, &answer);
	if (err != RST_OK)
		return ctl_failed(err, &noun->refusal);
	if (rule_host_admits(answer) &&
	    rst_view_copy(rst_record_first(record, RST_A_UID), name,
	                  sizeof(name)))
		printf(noun->json ? "\"%s\"\n" : "%s\n", name);
	return CTL_OK;
}

static enum ctl_status
list(struct noun *noun)
{
	return noun_walk(noun, "ou=hosts", print_host, NULL);
}

/* Of a host without an entry, too: what people have in host counts there. */
static enum ctl_status
people(struct noun *noun)
{
	struct lifecycle_host host;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(noun->env, &txn);
	if (err == RST_OK) {
		err = lifecycle_host(&txn, rst_view_of(noun->args[0]), &host);
		rst_read_end(&txn);
	}
	if (err == RST_EINVALID)
		return noun_refuse(noun, RULE_INVALID_HOST, NULL);
	return err == RST_OK ? noun_walk(noun, "ou=people", print_person, &host)
	                     : ctl_failed(err, &noun->refusal);
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

/* What the options say; names and password are the caller's. */
static enum ctl_status
read_host(struct noun *noun, struct rst_view names[ACT_MANAGERS_MAX],
          char password[RULE_PASSWORD_MAX + 1], struct act_host *host)
{
	*host = (struct act_host){
		.description = noun_text(noun, NOUN_DESCRIPTION),
	};
	if (noun->option[NOUN_GROUP] != NULL) {
		host->groups = noun->groups;
		host->n_groups = noun->n_groups;
	}
	if (noun->option[NOUN_MANAGER] != NULL) {
		host->managers = names;
		host->n_managers = split(noun->option[NOUN_MANAGER], names);
	}
	if (noun->option[NOUN_PASSWORD] != NULL) {
		enum ctl_status status =
			noun_password(password, RULE_PASSWORD_MAX + 1);

		if (status != CTL_OK)
			return status;
		host->password = rst_view_of(password);
	}
	return CTL_OK;
}

static enum ctl_status
add(struct noun *noun)
{
	char password[RULE_PASSWORD_MAX + 1] = "";
	struct rst_view names[ACT_MANAGERS_MAX];
	enum ctl_status status;
	struct act_host host;
	uint64_t id = 0;
	enum rst_err err;

	status = read_host(noun, names, password, &host);
	if (status == CTL_OK) {
		err = act_create_host(&noun->ctx, rst_view_of(noun->args[0]),
		                      &host, &id, &noun->refusal);
		status = noun_done(noun, err, noun->args[0], "added");
	}
	sodium_memzero(password, sizeof(password));
	return status;
}

static enum ctl_status
edit(struct noun *noun)
{
	char password[RULE_PASSWORD_MAX + 1] = "";
	struct rst_view names[ACT_MANAGERS_MAX];
	enum ctl_status status;
	struct act_host host;
	uint64_t id = 0;
	enum rst_err err;

	status = find(noun, &id);
	if (status == CTL_OK)
		status = read_host(noun, names, password, &host);
	if (status == CTL_OK && host.description.ptr == NULL &&
	    host.groups == NULL && host.managers == NULL &&
	    host.password.ptr == NULL) {
		ctl_say("edit what? rosterctl host --help tells");
		status = CTL_USAGE;
	}
	if (status == CTL_OK) {
		err = act_edit_host(&noun->ctx, id, &host, &noun->refusal);
		status = noun_done(noun, err, noun->args[0], "changed");
	}
	sodium_memzero(password, sizeof(password));
	return status;
}

static enum ctl_status
drop(struct noun *noun)
{
	enum ctl_status status;
	uint64_t id = 0;

	status = find(noun, &id);
	if (status != CTL_OK)
		return status;
	return noun_done(noun, act_delete_host(&noun->ctx, id, &noun->refusal),
	                 noun->args[0], "deleted");
}

#define FACTS                                                                  \
	(NOUN_BIT(DESCRIPTION) | NOUN_BIT(GROUP) | NOUN_BIT(MANAGER) |         \
	 NOUN_BIT(PASSWORD))

static const struct noun_verb verbs[] = {
	{ "list", "", "Every host, a line each", 0, 0, 0, false, list },
	{ "show", "HOST", "All about one, with the filter for its client", 1, 1,
	  0, false, show },
	{ "people", "HOST", "Who may log in there, a line each", 1, 1, 0, false,
	  people },
	{ "add", "HOST",
	  "A new host; with --group only those groups log in there, and who "
	  "has it in his own list",
	  1, 1, FACTS, true, add },
	{ "edit", "HOST", "Change what the options name; empty drops it", 1, 1,
	  FACTS, true, edit },
	{ "delete", "HOST",
	  "The host goes, unless people have it in their list", 1, 1, 0, true,
	  drop },
};

enum ctl_status
ctl_host(struct ctl *ctl, int argc, char **argv)
{
	static const struct noun_table table = {
		"Hosts, and who may log in there.\v", verbs,
		sizeof(verbs) / sizeof(verbs[0])
	};

	return noun_run(&table, ctl, argc, argv);
}
