/* SPDX-License-Identifier: OLDAP-2.8 */
/* agreement.c - rosterctl agreement: documents that people sign */
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "lifecycle/place.h"
#include "rules/agreement.h"
#include "tools/noun.h"

static enum ctl_status
find(struct noun *noun, uint64_t *ret_id)
{
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(noun->env, &txn);
	if (err == RST_OK) {
		err = act_find_agreement(&txn, rst_view_of(noun->args[0]),
		                         ret_id);
		rst_read_end(&txn);
	}
	if (err == RST_ENOTFOUND) {
		ctl_say("there is no agreement \"%s\"", noun->args[0]);
		return CTL_ABSENT;
	}
	return ctl_failed(err, &noun->refusal);
}

static cJSON *
model(const struct rst_record *record, bool whole)
{
	cJSON *root = cJSON_CreateObject();
	bool good;

	good = noun_add(root, "name", rst_record_first(record, RST_A_CN)) &&
	       noun_add(root, "title",
	                rst_record_first(record, RST_A_DISPLAYNAME)) &&
	       cJSON_AddNumberToObject(root, "version",
	                               act_agreement_version(record)) &&
	       cJSON_AddBoolToObject(root, "required",
	                             act_agreement_required(record)) &&
	       noun_add_time(root, "changed",
	                     rst_record_first(record, RST_A_MODIFYTIMESTAMP)) &&
	       (!whole || noun_add(root, "text",
	                           rst_record_first(record, RST_A_ROSTERTEXT)));
	if (good)
		return root;
	cJSON_Delete(root);
	return NULL;
}

static enum ctl_status
print_one(struct noun *noun, const struct rst_rtxn *txn,
          const struct rst_record *record, const void *arg)
{
	struct rst_view name = rst_record_first(record, RST_A_CN);
	struct rst_view title = rst_record_first(record, RST_A_DISPLAYNAME);
	uint64_t id = 0;

	(void)arg;
	if (act_find_agreement(txn, name, &id) != RST_OK)
		return CTL_OK; /* something else stands there, too */
	if (noun->json)
		return noun_print_line(model(record, false));
	printf("%-24.*s %-6u %-13s %.*s\n", (int)name.len, name.ptr,
	       (unsigned int)act_agreement_version(record),
	       act_agreement_required(record) ? "required" : "not required",
	       (int)title.len, title.len > 0 ? title.ptr : "");
	return CTL_OK;
}

static enum ctl_status
list(struct noun *noun)
{
	return noun_walk(noun, "ou=agreements", print_one, NULL);
}

static cJSON *
whole(const struct rst_rtxn *txn, const struct rst_record *record)
{
	(void)txn;
	return model(record, true);
}

static enum ctl_status
show(struct noun *noun)
{
	uint64_t id = 0;
	enum ctl_status status = find(noun, &id);

	return status == CTL_OK ? noun_show(noun, id, whole) : status;
}

static enum ctl_status
print_signature(struct noun *noun, const struct rst_rtxn *txn,
                const struct rst_record *record, const void *arg)
{
	cJSON *root = cJSON_CreateObject();
	uint64_t version = 0;
	const cJSON *when;
	struct rst_view name = rst_record_first(record, RST_A_ROSTERUSERNAME);
	struct rst_view from = rst_record_first(record, RST_A_ROSTERMADEFROM);

	(void)txn, (void)arg;
	(void)rst_view_number(rst_record_first(record, RST_A_ROSTERVERSION),
	                      RULE_AGREEMENT_VERSION_MAX, &version);
	if (!noun_add(root, "username", name) ||
	    !noun_add(root, "dn",
	              rst_record_first(record, RST_A_ROSTEROWNER)) ||
	    !cJSON_AddNumberToObject(root, "version", (double)version) ||
	    !noun_add_time(root, "signedAt",
	                   rst_record_first(record, RST_A_CREATETIMESTAMP)) ||
	    !noun_add(root, "address", from)) {
		cJSON_Delete(root);
		return ctl_no_memory();
	}
	if (noun->json)
		return noun_print_line(root);
	when = cJSON_GetObjectItemCaseSensitive(root, "signedAt");
	printf("%-24.*s %-6u %-20s %.*s\n", (int)name.len,
	       name.len > 0 ? name.ptr : "", (unsigned int)version,
	       when != NULL ? when->valuestring : "", (int)from.len,
	       from.len > 0 ? from.ptr : "");
	cJSON_Delete(root);
	return CTL_OK;
}

static enum ctl_status
signatures(struct noun *noun)
{
	enum ctl_status status;
	uint64_t id = 0;

	status = find(noun, &id);
	return status == CTL_OK
	               ? noun_walk_below(noun, id, print_signature, NULL)
	               : status;
}

/* The text of FILE, for as long as *ret_text is. */
static enum ctl_status
read_text(struct noun *noun, char **ret_text, struct act_agreement *agreement)
{
	enum ctl_status status;
	size_t len;

	status = noun_read_file(noun->args[1], RULE_AGREEMENT_TEXT_MAX,
	                        ret_text, &len);
	if (status == CTL_OK)
		agreement->text = rst_view(*ret_text, len);
	return status;
}

static enum ctl_status
add(struct noun *noun)
{
	struct act_agreement agreement = {
		.name = rst_view_of(noun->args[0]),
		.title = noun_text(noun, NOUN_TITLE),
		.set_required = true,
		.required = noun->option[NOUN_REQUIRED] != NULL,
	};
	char *text = NULL;
	enum ctl_status status = read_text(noun, &text, &agreement);
	uint64_t id = 0;

	if (status == CTL_OK)
		status = noun_done(noun,
		                   act_create_agreement(&noun->ctx, &agreement,
		                                        &id, &noun->refusal),
		                   noun->args[0], "added");
	free(text);
	return status;
}

static enum ctl_status
change(struct noun *noun, const struct act_agreement *what, const char *done)
{
	enum ctl_status status;
	uint64_t id = 0;

	status = find(noun, &id);
	if (status != CTL_OK)
		return status;
	return noun_done(
		noun, act_edit_agreement(&noun->ctx, id, what, &noun->refusal),
		noun->args[0], done);
}

static enum ctl_status
version(struct noun *noun)
{
	struct act_agreement agreement = {
		.title = noun_text(noun, NOUN_TITLE),
	};
	char *text = NULL;
	enum ctl_status status = read_text(noun, &text, &agreement);

	if (status == CTL_OK)
		status = change(noun, &agreement, "changed");
	free(text);
	return status;
}

static enum ctl_status
require(struct noun *noun)
{
	const struct act_agreement what = { .set_required = true,
		                            .required = true };

	return change(noun, &what, "required");
}

static enum ctl_status
release(struct noun *noun)
{
	const struct act_agreement what = { .set_required = true };

	return change(noun, &what, "required no more");
}

static enum ctl_status
drop(struct noun *noun)
{
	enum ctl_status status;
	uint64_t id = 0;
	enum rst_err err;

	status = find(noun, &id);
	if (status != CTL_OK)
		return status;
	err = act_delete_agreement(&noun->ctx, id, &noun->refusal);
	if (err == RST_ESTATE) {
		ctl_say("\"%s\" has signatures; it can be released, so that "
		        "nobody has to sign it any more",
		        noun->args[0]);
		return CTL_REFUSED;
	}
	return noun_done(noun, err, noun->args[0], "deleted");
}

static const struct noun_verb verbs[] = {
	{ "list", "", "Every agreement: name, version, required, title", 0, 0,
	  0, false, list },
	{ "show", "AGREEMENT", "One, with its text", 1, 1, 0, false, show },
	{ "signatures", "AGREEMENT",
	  "Who signed it: username, version, when, from where", 1, 1, 0, false,
	  signatures },
	{ "add", "AGREEMENT FILE",
	  "A new one, with the text of FILE (- is standard input)", 2, 2,
	  NOUN_BIT(TITLE) | NOUN_BIT(REQUIRED), true, add },
	{ "version", "AGREEMENT FILE",
	  "The text of FILE from now on: another version, which nobody has "
	  "signed yet",
	  2, 2, NOUN_BIT(TITLE), true, version },
	{ "require", "AGREEMENT", "Nobody becomes active without signing it", 1,
	  1, 0, true, require },
	{ "release", "AGREEMENT", "Nobody has to sign it any more", 1, 1, 0,
	  true, release },
	{ "delete", "AGREEMENT", "It goes, unless somebody signed it", 1, 1, 0,
	  true, drop },
};

enum ctl_status
ctl_agreement(struct ctl *ctl, int argc, char **argv)
{
	static const struct noun_table table = {
		"Agreements: documents that people sign.\v", verbs,
		sizeof(verbs) / sizeof(verbs[0])
	};

	return noun_run(&table, ctl, argc, argv);
}
