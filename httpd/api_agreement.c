/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_agreement.c - documents that people sign, and who did
 *
 *	{ "name": "terms", "title": "Terms of use", "version": 2,
 *	  "required": true, "text": "..." }
 *
 * To the person who signs also "signed", and when.
 */
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "httpd/mail.h"
#include "httpd/page.h"
#include "lifecycle/place.h"

static const char *
title_key(const struct rst_record *record, struct rst_view *ret_title)
{
	*ret_title = rst_record_first(record, RST_A_DISPLAYNAME);
	if (ret_title->len == 0)
		*ret_title = rst_record_first(record, RST_A_CN);
	return "title";
}

static cJSON *
agreement_model(const struct rst_record *record, bool text)
{
	struct rst_view name = rst_record_first(record, RST_A_CN), title;
	struct http_reply where = { .status = 200 };
	cJSON *item = cJSON_CreateObject();
	int64_t changed_s = 0;

	http_location(&where, "/agreements/", name, "");
	if (json_time_parse(rst_record_first(record, RST_A_MODIFYTIMESTAMP),
	                    &changed_s) &&
	    json_add_view(item, "name", name) &&
	    json_add_view(item, title_key(record, &title), title) &&
	    json_add_number(item, "version", act_agreement_version(record)) &&
	    json_add_bool(item, "required", act_agreement_required(record)) &&
	    json_add_time(item, "changed", changed_s) &&
	    json_add_text(item, "href", where.location) &&
	    (!text ||
	     json_add_view(item, "text",
	                   rst_record_first(record, RST_A_ROSTERTEXT))))
		return item;
	cJSON_Delete(item);
	return NULL;
}

/* When person signed the present version, if he did. */
static bool
add_signature(cJSON *item, const struct rst_rtxn *txn,
              const struct rst_record *agreement,
              const struct rst_record *person, bool *ret_signed)
{
	struct rst_record signature;
	int64_t signed_s = 0;
	uint64_t id;
	enum rst_err err = act_signature(txn, agreement, person, &id);

	if (err == RST_OK)
		err = rst_record_get(txn, id, &signature);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return false;
	*ret_signed = err == RST_OK &&
	              json_time_parse(rst_record_first(&signature,
	                                               RST_A_CREATETIMESTAMP),
	                              &signed_s);
	return json_add_bool(item, "signed", *ret_signed) &&
	       (!*ret_signed || json_add_time(item, "signedAt", signed_s));
}

/* All, in items; for person with his signatures, and how many are due. */
static enum rst_err
add_all(const struct rst_rtxn *txn, const struct rst_record *person,
        cJSON *body)
{
	cJSON *items = cJSON_AddArrayToObject(body, "items"), *item;
	uint64_t ids[RULE_AGREEMENTS_MAX], due = 0;
	struct rst_record agreement;
	bool is_signed;
	size_t n = 0;
	enum rst_err err = act_agreements(txn, ids, &n);

	for (size_t i = 0; err == RST_OK && i < n; i++) {
		err = rst_record_get(txn, ids[i], &agreement);
		if (err != RST_OK)
			break;
		item = agreement_model(&agreement, person != NULL);
		if (!json_take_item(items, item))
			return RST_ENOMEM;
		if (person == NULL)
			continue;
		if (!add_signature(item, txn, &agreement, person, &is_signed))
			return RST_ENOMEM;
		due += act_agreement_required(&agreement) && !is_signed ? 1 : 0;
	}
	if (err != RST_OK)
		return err;
	if (person != NULL && !json_add_number(body, "due", due))
		return RST_ENOMEM;
	return json_take(body, "next", cJSON_CreateNull()) ? RST_OK
	                                                   : RST_ENOMEM;
}

/* GET /agreements: without the texts */
void
api_agreement_list(struct http_req *req, struct http_reply *reply)
{
	struct rst_rtxn txn;
	enum rst_err err;

	reply->body = cJSON_CreateObject();
	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = add_all(&txn, NULL, reply->body);
	rst_read_end(&txn);
	http_reply_err(req, reply, err, NULL);
}

/* What person has to sign: nothing before he was admitted. */
static void
show_owed(struct http_req *req, struct http_reply *reply, uint64_t id)
{
	struct rst_record person;
	struct rst_rtxn txn;
	enum rst_err err;

	reply->body = cJSON_CreateObject();
	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &person);
	if (err == RST_OK && person.status == RST_STATUS_PENDING &&
	    !act_is_invited(&person)) {
		if (cJSON_AddArrayToObject(reply->body, "items") == NULL ||
		    !json_add_number(reply->body, "due", 0) ||
		    !json_take(reply->body, "next", cJSON_CreateNull()))
			err = RST_ENOMEM;
	} else if (err == RST_OK) {
		err = add_all(&txn, &person, reply->body);
		if (err == RST_OK && !json_add_bool(reply->body, "waiting",
		                                    act_is_invited(&person)))
			err = RST_ENOMEM;
	}
	rst_read_end(&txn);
	http_reply_err(req, reply, err, NULL);
}

/* GET /me/agreements */
void
api_my_agreements(struct http_req *req, struct http_reply *reply)
{
	show_owed(req, reply, req->who.id);
}

/* GET /users/{}/agreements */
void
api_user_agreements(struct http_req *req, struct http_reply *reply)
{
	uint64_t id = 0;
	enum rst_err err = model_named(req, act_find_person, req->arg[0], &id);

	if (err == RST_OK)
		show_owed(req, reply, id);
	else
		http_reply_err(req, reply, err, NULL);
}

static enum rst_err
find(struct http_req *req, uint64_t *ret_id)
{
	return model_named(req, act_find_agreement, req->arg[0], ret_id);
}

static cJSON *
whole(void *arg, const struct rst_rtxn *txn, const struct rst_record *record)
{
	(void)arg, (void)txn;
	return agreement_model(record, true);
}

static void
show(struct http_req *req, struct http_reply *reply, uint64_t id)
{
	model_show(req, reply, id, whole, NULL);
}

/* GET /agreements/{} */
void
api_agreement_show(struct http_req *req, struct http_reply *reply)
{
	uint64_t id = 0;
	enum rst_err err = find(req, &id);

	if (err == RST_OK)
		show(req, reply, id);
	else
		http_reply_err(req, reply, err, NULL);
}

/* The gate speaks of attributes, a body has fields. */
static void
reply_refused(struct http_req *req, struct http_reply *reply, enum rst_err err,
              struct act_refusal *refusal)
{
	static const char *const fields[][2] = {
		{ "cn", "name" },
		{ "rosterText", "text" },
		{ "rosterVersion", "version" },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (refusal->field != NULL &&
		    strcmp(refusal->field, fields[i][0]) == 0)
			refusal->field = fields[i][1];
	http_reply_err(req, reply, err, refusal);
}

/* A form ends lines in its own way, which would be another text. */
static void
join_lines(struct http_req *req)
{
	cJSON *text = cJSON_GetObjectItemCaseSensitive(req->input, "text");
	char *from, *to;

	if (!req->form || !cJSON_IsString(text))
		return;
	for (from = to = text->valuestring; *from != '\0'; from++)
		if (from[0] != '\r' || from[1] != '\n')
			*to++ = *from;
	*to = '\0';
}

static void
read_agreement(struct http_req *req, struct act_agreement *agreement)
{
	/* A box that is not ticked is not in a form. */
	bool required = input_has(req, "required") || req->form;

	join_lines(req);
	*agreement = (struct act_agreement){
		.name = input_text(req, "name"),
		.title = input_text(req, "title"),
		.text = input_text(req, "text"),
		.version = (uint32_t)input_number(req, "version", 0),
		.set_required = required,
		.required = input_bool(req, "required", false),
	};
}

/* POST /agreements */
void
api_agreement_create(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "name", INPUT_TEXT, true },
		{ "title", INPUT_TEXT, false },
		{ "text", INPUT_LONG, true },
		{ "version", INPUT_NUMBER, false },
		{ "required", INPUT_BOOL, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct act_agreement agreement;
	uint64_t id = 0;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	read_agreement(req, &agreement);
	err = act_create_agreement(&req->ctx, &agreement, &id, &refusal);
	if (err != RST_OK) {
		reply_refused(req, reply, err, &refusal);
		return;
	}
	reply->status = 201;
	show(req, reply, id);
	if (!http_is_problem(reply))
		http_location(reply, "/agreements/", agreement.name,
		              req->api ? "" : "?done=created");
}

/* PATCH /agreements/{}, POST /agreements/{} */
void
api_agreement_edit(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "title", INPUT_TEXT, false },
		{ "text", INPUT_LONG, false },
		{ "version", INPUT_NUMBER, false },
		{ "required", INPUT_BOOL, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct act_agreement agreement;
	uint64_t id = 0;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	read_agreement(req, &agreement);
	err = find(req, &id);
	if (err == RST_OK)
		err = model_current(req, id, reply);
	if (err == RST_OK)
		err = act_edit_agreement(&req->ctx, id, &agreement, &refusal);
	if (err != RST_OK) {
		reply_refused(req, reply, err, &refusal);
		return;
	}
	show(req, reply, id);
	if (!req->api && !http_is_problem(reply))
		http_location(reply, "/agreements/", req->arg[0],
		              "?done=saved");
}

/* DELETE /agreements/{}, POST /agreements/{}/delete */
void
api_agreement_delete(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	uint64_t id = 0;
	enum rst_err err;

	if (!input_check(req, NULL, 0, reply))
		return;
	err = find(req, &id);
	if (err == RST_OK)
		err = model_current(req, id, reply);
	if (err == RST_OK)
		err = act_delete_agreement(&req->ctx, id, &refusal);
	if (err != RST_OK)
		http_reply_err(req, reply, err, &refusal);
	else if (req->api)
		reply->status = 204;
	else
		http_location(reply, "/agreements?done=deleted", RST_VIEW(""),
		              "");
}

static enum rst_err
is_signature(void *arg, const struct rst_rtxn *txn,
             const struct rst_record *record)
{
	(void)arg, (void)txn;
	return rst_record_first(record, RST_A_ROSTEROWNER).len > 0
	               ? RST_OK
	               : RST_ENOTFOUND;
}

/* By the name he has now; by the one he signed with when he is gone. */
static cJSON *
signature_item(void *arg, const struct rst_rtxn *txn,
               const struct rst_record *record)
{
	cJSON *item = cJSON_CreateObject();
	uint64_t version = 0;
	int64_t signed_s = 0;

	(void)arg, (void)txn;
	(void)rst_view_number(rst_record_first(record, RST_A_ROSTERVERSION),
	                      RULE_AGREEMENT_VERSION_MAX, &version);
	if (json_time_parse(rst_record_first(record, RST_A_CREATETIMESTAMP),
	                    &signed_s) &&
	    json_add_view(item, "username",
	                  rst_record_first(record, RST_A_ROSTERUSERNAME)) &&
	    json_add_view(item, "dn",
	                  rst_record_first(record, RST_A_ROSTEROWNER)) &&
	    json_add_number(item, "version", version) &&
	    json_add_time(item, "signedAt", signed_s) &&
	    json_add_view(item, "address",
	                  rst_record_first(record, RST_A_ROSTERMADEFROM)))
		return item;
	cJSON_Delete(item);
	return NULL;
}

static enum rst_err
list_signatures(struct http_req *req, uint64_t id, cJSON **ret_body)
{
	const struct list list = {
		.parent = id,
		.keep = is_signature,
		.item = signature_item,
	};

	return list_children(req, &list, ret_body);
}

/* GET /agreements/{}/signatures */
void
api_agreement_signatures(struct http_req *req, struct http_reply *reply)
{
	uint64_t id = 0;
	enum rst_err err = find(req, &id);

	if (err == RST_OK)
		err = list_signatures(req, id, &reply->body);
	list_answer(req, reply, err);
}

/* GET /agreements/{}: the document, and who signed it */
void
page_agreement(struct http_req *req, struct http_reply *reply)
{
	cJSON *signatures = NULL;
	uint64_t id = 0;
	enum rst_err err = find(req, &id);

	if (err == RST_OK)
		err = list_signatures(req, id, &signatures);
	if (err != RST_OK) {
		list_answer(req, reply, err);
		return;
	}
	show(req, reply, id);
	if (!http_is_problem(reply)) {
		cJSON *item;

		cJSON_ArrayForEach(item, json_get(signatures, "items"))
			page_drop_port(item, "address");
		(void)json_take(reply->body, "items",
		                cJSON_DetachItemFromObjectCaseSensitive(
					signatures, "items"));
		(void)json_take(reply->body, "next",
		                cJSON_DetachItemFromObjectCaseSensitive(
					signatures, "next"));
	}
	cJSON_Delete(signatures);
}

/* { status } and where a browser goes on */
static void
answer_status(struct http_req *req, struct http_reply *reply, enum rst_err err,
              const struct act_refusal *refusal, enum rst_status status)
{
	struct rst_rtxn txn;
	bool more = false;

	if (err != RST_OK) {
		http_reply_err(req, reply, err, refusal);
		return;
	}
	mail_worker_wake(req->server->mail);
	reply->body = cJSON_CreateObject();
	if (!json_add_text(reply->body, "status", rst_status_word(status))) {
		http_reply_err(req, reply, RST_ENOMEM, NULL);
		return;
	}
	if (req->api)
		return;
	if (http_read_begin(req, &txn) == RST_OK) {
		if (act_must_sign(&txn, req->who.id, RULE_NEVER, &more) !=
		    RST_OK)
			more = true; /* that page tells */
		rst_read_end(&txn);
	}
	http_location(reply, more ? "/me/agreements?done=signed" : "/me",
	              RST_VIEW(""), more ? "" : "?done=signed");
}

/* POST /me/agreements/{}/sign */
void
api_my_agreement_sign(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "version", INPUT_NUMBER, true },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	enum rst_status status = RST_STATUS_NONE;
	uint64_t id = 0;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply) ||
	    !http_check_session(req, reply, "a person signs, no token"))
		return;
	err = find(req, &id);
	if (err == RST_OK)
		err = act_sign(&req->ctx, req->who.id, id,
		               (uint32_t)input_number(req, "version", 0),
		               req->who.digest, &status, &refusal);
	answer_status(req, reply, err, &refusal, status);
}

/* POST /me/activate */
void
api_my_activate(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	enum rst_status status = RST_STATUS_NONE;
	enum rst_err err;

	if (!input_check(req, NULL, 0, reply))
		return;
	err = act_activate_self(&req->ctx, req->who.id,
	                        req->who.bearer ? NULL : req->who.digest,
	                        &status, &refusal);
	answer_status(req, reply, err, &refusal, status);
}
