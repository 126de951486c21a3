/* SPDX-License-Identifier: OLDAP-2.8 */
/* preset.c - rosterctl preset: what invitations made with one are like */
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "lifecycle/place.h"
#include "rules/invitation.h"
#include "tools/noun.h"

static enum ctl_status
find(struct noun *noun, uint64_t *ret_id)
{
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(noun->env, &txn);
	if (err == RST_OK) {
		err = act_find_preset(&txn, rst_view_of(noun->args[0]), ret_id);
		rst_read_end(&txn);
	}
	if (err == RST_ENOTFOUND) {
		ctl_say("there is no preset \"%s\"", noun->args[0]);
		return CTL_ABSENT;
	}
	return ctl_failed(err, &noun->refusal);
}

static cJSON *
model(const struct rst_rtxn *txn, const struct rst_record *record)
{
	cJSON *preset = cJSON_CreateObject();
	uint64_t uses;
	bool good;

	(void)txn;
	good = noun_add(preset, "name", rst_record_first(record, RST_A_CN)) &&
	       noun_add(preset, "description",
	                rst_record_first(record, RST_A_DESCRIPTION)) &&
	       noun_add_names(preset, "groups", record, RST_A_ROSTERJOINS) &&
	       noun_add(preset, "lifetime",
	                rst_record_first(record, RST_A_ROSTERLIFETIME)) &&
	       (!rst_view_number(rst_record_first(record, RST_A_ROSTERUSES),
	                         RULE_INVITATION_USES_MAX, &uses) ||
	        cJSON_AddNumberToObject(preset, "uses", (double)uses)) &&
	       cJSON_AddBoolToObject(
		       preset, "needsApproval",
		       rst_view_equal_nocase(
			       rst_record_first(record,
	                                        RST_A_ROSTERNEEDSAPPROVAL),
			       RST_VIEW("TRUE")));
	if (good)
		return preset;
	cJSON_Delete(preset);
	return NULL;
}

static enum ctl_status
show(struct noun *noun)
{
	uint64_t id = 0;
	enum ctl_status status = find(noun, &id);

	return status == CTL_OK ? noun_show(noun, id, model) : status;
}

static enum ctl_status
print_one(struct noun *noun, const struct rst_rtxn *txn,
          const struct rst_record *record, const void *arg)
{
	struct rst_view cn = rst_record_first(record, RST_A_CN);
	struct rst_view about = rst_record_first(record, RST_A_DESCRIPTION);

	(void)arg;
	if (!act_is_preset(record))
		return CTL_OK;
	if (!noun->json) {
		printf("%-24.*s %.*s\n", (int)cn.len, cn.ptr, (int)about.len,
		       about.len > 0 ? about.ptr : "");
		return CTL_OK;
	}
	return noun_print_line(model(txn, record));
}

static enum ctl_status
list(struct noun *noun)
{
	return noun_walk(noun, "ou=presets", print_one, NULL);
}

static enum ctl_status
read_preset(struct noun *noun, struct act_preset *preset)
{
	uint64_t uses = 0;
	enum ctl_status status;

	*preset = (struct act_preset){
		.lifetime = noun_text(noun, NOUN_LIFETIME),
		.description = noun_text(noun, NOUN_DESCRIPTION),
		.set_uses = noun->option[NOUN_USES] != NULL,
		.set_needs_approval = noun->option[NOUN_APPROVAL] != NULL ||
		                      noun->option[NOUN_NO_APPROVAL] != NULL,
		.needs_approval = noun->option[NOUN_APPROVAL] != NULL,
	};
	if (noun->option[NOUN_GROUP] != NULL) {
		preset->groups = noun->groups;
		preset->n_groups = noun->n_groups;
	}
	status = noun_number(noun, NOUN_USES, UINT32_MAX, &uses);
	preset->uses = (uint32_t)uses;
	return status;
}

static enum ctl_status
add(struct noun *noun)
{
	struct act_preset preset;
	enum ctl_status status = read_preset(noun, &preset);

	if (status != CTL_OK)
		return status;
	return noun_done(noun,
	                 act_create_preset(&noun->ctx,
	                                   rst_view_of(noun->args[0]), &preset,
	                                   &noun->refusal),
	                 noun->args[0], "added");
}

static enum ctl_status
edit(struct noun *noun)
{
	struct act_preset preset;
	enum ctl_status status;
	uint64_t id = 0;

	status = find(noun, &id);
	if (status == CTL_OK)
		status = read_preset(noun, &preset);
	if (status == CTL_OK && preset.description.ptr == NULL &&
	    preset.lifetime.ptr == NULL && preset.groups == NULL &&
	    !preset.set_uses && !preset.set_needs_approval) {
		ctl_say("edit what? rosterctl preset --help tells");
		status = CTL_USAGE;
	}
	if (status != CTL_OK)
		return status;
	return noun_done(
		noun, act_edit_preset(&noun->ctx, id, &preset, &noun->refusal),
		noun->args[0], "changed");
}

static enum ctl_status
drop(struct noun *noun)
{
	enum ctl_status status;
	uint64_t id = 0;

	status = find(noun, &id);
	if (status != CTL_OK)
		return status;
	return noun_done(noun,
	                 act_delete_preset(&noun->ctx, id, &noun->refusal),
	                 noun->args[0], "deleted");
}

#define TERMS                                                                  \
	(NOUN_BIT(DESCRIPTION) | NOUN_BIT(GROUP) | NOUN_BIT(LIFETIME) |        \
	 NOUN_BIT(USES) | NOUN_BIT(APPROVAL) | NOUN_BIT(NO_APPROVAL))

static const struct noun_verb verbs[] = {
	{ "list", "", "Every preset, a line each", 0, 0, 0, false, list },
	{ "show", "PRESET", "All that one says", 1, 1, 0, false, show },
	{ "add", "PRESET",
	  "A new preset: what rosterctl invite add --preset and the pages offer",
	  1, 1, TERMS, true, add },
	{ "edit", "PRESET",
	  "Change what the options name; empty, or 0 uses, drops it", 1, 1,
	  TERMS, true, edit },
	{ "delete", "PRESET", "It goes; invitations made with it stay", 1, 1, 0,
	  true, drop },
};

enum ctl_status
ctl_preset(struct ctl *ctl, int argc, char **argv)
{
	static const struct noun_table table = {
		"Presets: what invitations made with one are like.\v", verbs,
		sizeof(verbs) / sizeof(verbs[0])
	};

	return noun_run(&table, ctl, argc, argv);
}
