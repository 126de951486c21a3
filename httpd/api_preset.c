/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_preset.c - presets of invitations
 *
 *	{ "name": "interns", "description": "...", "groups": ["staff"],
 *	  "lifetime": "3d", "uses": 1, "needsApproval": true }
 *
 * What a preset does not say is not in its model, and is as it would be
 * without it.
 */
#include <stdio.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "lifecycle/place.h"
#include "rules/invitation.h"

#define LIFETIME_BYTES 24

static cJSON *
preset_item(void *arg, const struct rst_rtxn *txn,
            const struct rst_record *record)
{
	struct rst_view cn = rst_record_first(record, RST_A_CN);
	struct rst_view lifetime =
		rst_record_first(record, RST_A_ROSTERLIFETIME);
	struct rst_view approval =
		rst_record_first(record, RST_A_ROSTERNEEDSAPPROVAL);
	struct http_reply where = { .status = 200 };
	cJSON *preset = cJSON_CreateObject();
	uint64_t uses;

	(void)arg, (void)txn;
	http_location(&where, "/invitation-presets/", cn, "");
	if (json_add_view(preset, "name", cn) &&
	    json_add_view(preset, "description",
	                  rst_record_first(record, RST_A_DESCRIPTION)) &&
	    json_add_text(preset, "href", where.location) &&
	    model_add_names(preset, "groups", record, RST_A_ROSTERJOINS) &&
	    json_add_view(preset, "lifetime", lifetime) &&
	    (!rst_view_number(rst_record_first(record, RST_A_ROSTERUSES),
	                      RULE_INVITATION_USES_MAX, &uses) ||
	     json_add_number(preset, "uses", uses)) &&
	    json_add_bool(preset, "needsApproval",
	                  rst_view_equal_nocase(approval, RST_VIEW("TRUE"))))
		return preset;
	cJSON_Delete(preset);
	return NULL;
}

static enum rst_err
is_preset(void *arg, const struct rst_rtxn *txn,
          const struct rst_record *record)
{
	(void)arg, (void)txn;
	return act_is_preset(record) ? RST_OK : RST_ENOTFOUND;
}

/* GET /invitation-presets */
void
api_preset_list(struct http_req *req, struct http_reply *reply)
{
	const struct list list = { "presets",   0,    is_preset,
		                   preset_item, NULL, NULL };
	enum rst_err err = list_children(req, &list, &reply->body);

	list_answer(req, reply, err);
}

static void
show(struct http_req *req, struct http_reply *reply, struct rst_view name)
{
	uint64_t id = 0;
	enum rst_err err = model_named(req, act_find_preset, name, &id);

	if (err == RST_OK)
		model_show(req, reply, id, preset_item, NULL);
	else
		http_reply_err(req, reply, err, NULL);
}

/* GET /invitation-presets/{} */
void
api_preset_show(struct http_req *req, struct http_reply *reply)
{
	show(req, reply, req->arg[0]);
}

/* A form has every field, an unticked box none: what it lacks is no. */
static void
read_preset(const struct http_req *req, struct rst_view items[INPUT_LIST_MAX],
            char lifetime[LIFETIME_BYTES], struct act_preset *preset)
{
	const cJSON *number = json_get(req->input, "lifetime");
	uint64_t seconds;

	*preset = (struct act_preset){
		.lifetime = input_text(req, "lifetime"),
		.description = input_text(req, "description"),
		.set_uses = input_has(req, "uses"),
		.uses = (uint32_t)input_number(req, "uses", 0),
		.set_needs_approval =
			req->form || input_has(req, "needsApproval"),
		.needs_approval = input_bool(req, "needsApproval", false),
	};
	if (number != NULL && json_number(number, UINT32_MAX, &seconds)) {
		(void)snprintf(lifetime, LIFETIME_BYTES, "%llu",
		               (unsigned long long)seconds);
		preset->lifetime = rst_view_of(lifetime);
	}
	if (!input_has(req, "groups"))
		return;
	preset->groups = items;
	preset->n_groups = input_list(req, "groups", items);
}

/* POST /invitation-presets */
void
api_preset_create(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "name", INPUT_TEXT, true },
		{ "description", INPUT_TEXT, false },
		{ "groups", INPUT_LIST, false },
		{ "lifetime", INPUT_ANY, false },
		{ "uses", INPUT_NUMBER, false },
		{ "needsApproval", INPUT_BOOL, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_view items[INPUT_LIST_MAX], name;
	char lifetime[LIFETIME_BYTES];
	struct act_preset preset;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	name = input_text(req, "name");
	read_preset(req, items, lifetime, &preset);
	err = act_create_preset(&req->ctx, name, &preset, &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	show(req, reply, name);
	if (http_is_problem(reply))
		return;
	reply->status = 201;
	http_location(reply, "/invitation-presets/", name,
	              req->api ? "" : "?done=created");
}

/* PATCH /invitation-presets/{}, POST /invitation-presets/{} */
void
api_preset_edit(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "description", INPUT_TEXT, false },
		{ "groups", INPUT_LIST, false },
		{ "lifetime", INPUT_ANY, false },
		{ "uses", INPUT_NUMBER, false },
		{ "needsApproval", INPUT_BOOL, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_view items[INPUT_LIST_MAX];
	char lifetime[LIFETIME_BYTES];
	struct act_preset preset;
	uint64_t id = 0;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	read_preset(req, items, lifetime, &preset);
	err = model_named(req, act_find_preset, req->arg[0], &id);
	if (err == RST_OK)
		err = model_current(req, id, reply);
	if (err == RST_OK)
		err = act_edit_preset(&req->ctx, id, &preset, &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	show(req, reply, req->arg[0]);
	if (!req->api && !http_is_problem(reply))
		http_location(reply, "/invitation-presets/", req->arg[0],
		              "?done=saved");
}

/* DELETE /invitation-presets/{}, POST /invitation-presets/{}/delete */
void
api_preset_delete(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	uint64_t id = 0;
	enum rst_err err;

	if (!input_check(req, NULL, 0, reply))
		return;
	err = model_named(req, act_find_preset, req->arg[0], &id);
	if (err == RST_OK)
		err = model_current(req, id, reply);
	if (err == RST_OK)
		err = act_delete_preset(&req->ctx, id, &refusal);
	if (err != RST_OK)
		http_reply_err(req, reply, err, &refusal);
	else if (!req->api)
		http_location(reply, "/invitation-presets?done=deleted",
		              RST_VIEW(""), "");
}
