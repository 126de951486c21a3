/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_host.c - hosts, and who may log in there
 *
 *	{ "name": "web01", "description": "...", "groups": ["web"],
 *	  "managers": ["ada"], "hasPassword": true,
 *	  "dn": "cn=web01,ou=hosts,dc=...", "filter": "(&(!(host=!web01))..." }
 *
 * The filter is what the host's own client asks: it finds whom
 * /hosts/{}/people lists, and those who may not sign in anywhere.
 */
#include "httpd/api.h"
#include "httpd/input.h"
#include "httpd/page.h"
#include "lifecycle/host.h"
#include "lifecycle/place.h"

static cJSON *
host_item(void *arg, const struct rst_rtxn *txn,
          const struct rst_record *record)
{
	struct rst_view cn = rst_record_first(record, RST_A_CN);
	struct http_reply where = { .status = 200 };
	cJSON *host = cJSON_CreateObject();

	(void)arg;
	(void)txn;
	http_location(&where, "/hosts/", cn, "");
	if (json_add_view(host, "name", cn) &&
	    json_add_view(host, "description",
	                  rst_record_first(record, RST_A_DESCRIPTION)) &&
	    model_add_names(host, "groups", record, RST_A_ROSTERHOSTGROUP) &&
	    model_add_names(host, "managers", record, RST_A_ROSTERMANAGER) &&
	    json_add_bool(host, "hasPassword",
	                  rst_record_first(record, RST_A_USERPASSWORD).len >
	                          0) &&
	    json_add_text(host, "href", where.location))
		return host;
	cJSON_Delete(host);
	return NULL;
}

static enum rst_err
is_host(void *arg, const struct rst_rtxn *txn, const struct rst_record *record)
{
	(void)arg;
	(void)txn;
	return lifecycle_is_host(record) ? RST_OK : RST_ENOTFOUND;
}

/* GET /hosts */
void
api_host_list(struct http_req *req, struct http_reply *reply)
{
	const struct list list = {
		.ou = "hosts",
		.keep = is_host,
		.item = host_item,
	};
	enum rst_err err = list_children(req, &list, &reply->body);

	/* a directory from before there were hosts has no place for them */
	if (err == RST_ENOTFOUND) {
		reply->body = cJSON_CreateObject();
		err = cJSON_AddArrayToObject(reply->body, "items") != NULL &&
		                      json_take(reply->body, "next",
		                                cJSON_CreateNull())
		              ? RST_OK
		              : RST_ENOMEM;
	}
	list_answer(req, reply, err);
}

/* Who may sign in at all, and on this host; the arg of the list. */
struct asked {
	struct lifecycle_host host;
	int64_t now_s;
};

static enum rst_err
is_admitted(void *arg, const struct rst_rtxn *txn,
            const struct rst_record *record)
{
	const struct asked *asked = arg;
	enum rule_host_answer answer;
	enum rst_err err;

	if (record->kind != RST_KIND_PERSON ||
	    !rule_state_may_sign_in(act_state(record, asked->now_s)))
		return RST_ENOTFOUND;
	err = lifecycle_host_judge(txn, &asked->host, record, &answer);
	return err != RST_OK || rule_host_admits(answer) ? err : RST_ENOTFOUND;
}

static cJSON *
person_item(void *arg, const struct rst_rtxn *txn,
            const struct rst_record *record)
{
	const struct asked *asked = arg;

	(void)txn;
	return model_user_brief(record, asked->now_s);
}

/* What the path names: its entry's id, and what holds there. */
static enum rst_err
find(struct http_req *req, struct lifecycle_host *ret_host)
{
	struct lifecycle_host host = { .id = 0 };
	struct rst_rtxn txn;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = lifecycle_host(&txn, req->arg[0], &host);
	rst_read_end(&txn);
	if (err == RST_EINVALID || (err == RST_OK && host.id == 0))
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		*ret_host = host;
	return err;
}

static enum rst_err
list_people(struct http_req *req, const struct lifecycle_host *host,
            cJSON **ret_body)
{
	struct asked asked = { .host = *host, .now_s = req->ctx.now_s };
	const struct list list = {
		.ou = "people",
		.keep = is_admitted,
		.item = person_item,
		.arg = &asked,
	};

	return list_children(req, &list, ret_body);
}

/* GET /hosts/{}/people */
void
api_host_people(struct http_req *req, struct http_reply *reply)
{
	struct lifecycle_host host;
	enum rst_err err;

	err = find(req, &host);
	if (err == RST_OK)
		err = list_people(req, &host, &reply->body);
	list_answer(req, reply, err);
}

/* The host's model, with what its client is to be told. */
static enum rst_err
make_model(const struct rst_rtxn *txn, const struct lifecycle_host *host,
           struct http_reply *reply)
{
	char filter[LIFECYCLE_FILTER_MAX], dn[RST_DN_MAX];
	struct rst_record record;
	enum rst_err err;
	size_t len;

	err = rst_record_get(txn, host->id, &record);
	if (err == RST_OK)
		err = lifecycle_host_filter(txn, host, filter);
	if (err == RST_OK)
		err = rst_tree_dn(txn, host->id, dn, sizeof(dn), &len);
	if (err != RST_OK)
		return err;
	cJSON_Delete(reply->body);
	reply->body = host_item(NULL, txn, &record);
	model_etag(&record, reply);
	return json_add_text(reply->body, "dn", dn) &&
	                       json_add_text(reply->body, "filter", filter)
	               ? RST_OK
	               : RST_ENOMEM;
}

static void
show(struct http_req *req, struct http_reply *reply, struct rst_view name)
{
	struct lifecycle_host host;
	struct rst_rtxn txn;
	enum rst_err err;

	err = http_read_begin(req, &txn);
	if (err == RST_OK)
		err = lifecycle_host(&txn, name, &host);
	if (err == RST_EINVALID || (err == RST_OK && host.id == 0))
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = make_model(&txn, &host, reply);
	rst_read_end(&txn);
	http_reply_err(req, reply, err, NULL);
}

/* GET /hosts/{} */
void
api_host_show(struct http_req *req, struct http_reply *reply)
{
	show(req, reply, req->arg[0]);
}

/* GET /hosts/{}, for browsers: with who may log in there */
void
page_host(struct http_req *req, struct http_reply *reply)
{
	struct lifecycle_host host;
	cJSON *people = NULL;
	enum rst_err err;

	if (!page_base(req, reply, api_host_show))
		return;
	err = find(req, &host);
	if (err == RST_OK)
		err = list_people(req, &host, &people);
	if (err == RST_OK &&
	    (!json_take(reply->body, "items",
	                cJSON_DetachItemFromObjectCaseSensitive(people,
	                                                        "items")) ||
	     !json_take(
		     reply->body, "next",
		     cJSON_DetachItemFromObjectCaseSensitive(people, "next"))))
		err = RST_ENOMEM;
	cJSON_Delete(people);
	list_answer(req, reply, err);
}

/* The texts of a list, without those that a form left empty. */
static size_t
read_list(struct http_req *req, const char *name,
          struct rst_view items[INPUT_LIST_MAX])
{
	struct rst_view all[INPUT_LIST_MAX];
	size_t n_all = input_list(req, name, all), n = 0;

	for (size_t i = 0; i < n_all; i++)
		if (all[i].len > 0)
			items[n++] = all[i];
	return n;
}

/* What a body says; the views are the caller's. */
struct body {
	struct rst_view groups[INPUT_LIST_MAX], managers[INPUT_LIST_MAX];
	struct act_host host;
};

static void
read_body(struct http_req *req, struct body *body)
{
	body->host = (struct act_host){
		.description = input_text(req, "description"),
		.password = input_text(req, "password"),
	};
	/* of the page's form an empty one says nothing */
	if (req->form && body->host.password.len == 0)
		body->host.password.ptr = NULL;
	if (input_has(req, "groups")) {
		body->host.groups = body->groups;
		body->host.n_groups = read_list(req, "groups", body->groups);
	}
	if (input_has(req, "managers")) {
		body->host.managers = body->managers;
		body->host.n_managers =
			read_list(req, "managers", body->managers);
	}
}

/* POST /hosts */
void
api_host_create(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "name", INPUT_TEXT, true },
		{ "description", INPUT_TEXT, false },
		{ "groups", INPUT_LIST, false },
		{ "managers", INPUT_LIST, false },
		{ "password", INPUT_TEXT, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct rst_view name;
	struct body body;
	enum rst_err err;
	uint64_t id;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	name = input_text(req, "name");
	read_body(req, &body);
	err = act_create_host(&req->ctx, name, &body.host, &id, &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	reply->status = 201;
	show(req, reply, name);
	if (!http_is_problem(reply))
		http_location(reply, "/hosts/", name,
		              req->api ? "" : "?done=created");
}

/* PATCH /hosts/{}, POST /hosts/{} */
void
api_host_edit(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "description", INPUT_TEXT, false },
		{ "groups", INPUT_LIST, false },
		{ "managers", INPUT_LIST, false },
		{ "password", INPUT_TEXT, false },
	};
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct lifecycle_host host;
	struct body body;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	read_body(req, &body);
	err = find(req, &host);
	if (err == RST_OK)
		err = model_current(req, host.id, reply);
	if (err == RST_OK &&
	    (body.host.groups != NULL || body.host.managers != NULL ||
	     body.host.description.ptr != NULL ||
	     body.host.password.ptr != NULL))
		err = act_edit_host(&req->ctx, host.id, &body.host, &refusal);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		return;
	}
	show(req, reply, req->arg[0]);
	if (!req->api && !http_is_problem(reply))
		http_location(reply, "/hosts/", req->arg[0], "?done=saved");
}

/* DELETE /hosts/{}, POST /hosts/{}/delete */
void
api_host_delete(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct lifecycle_host host;
	enum rst_err err;

	if (!input_check(req, NULL, 0, reply))
		return;
	err = find(req, &host);
	if (err == RST_OK)
		err = model_current(req, host.id, reply);
	if (err == RST_OK)
		err = act_delete_host(&req->ctx, host.id, &refusal);
	if (err != RST_OK)
		http_reply_err(req, reply, err, &refusal);
	else if (req->api)
		reply->status = 204;
	else
		http_location(reply, "/hosts?done=deleted", RST_VIEW(""), "");
}
