/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_invite_many.c - many invitations from a list
 *
 * A program sends text/csv, with what holds for all of them in the query, or
 * JSON with the list as a text; dryRun says of each line what would become of
 * it.  A page looks first: without "confirmed" it is a dry run, and the form
 * on its answer posts the same text again.  The answer is each line with its
 * link, as JSON or, with format=csv, for a sheet of figures.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "httpd/mail.h"
#include "httpd/page.h"
#include "lifecycle/audit.h"
#include "rules/invite_list.h"
#include "rules/setting.h"

/* What holds for all of them. */
struct all {
	struct http_req *req;
	struct act_ctx ctx;
	struct act_invite terms;
	struct rst_view groups[INPUT_LIST_MAX];
	bool dry_run, csv;
	cJSON *items;
	uint64_t good;
};

/* Of a line: { line, mail, groups, good, said, code?, link }. */
static cJSON *
item_of(const struct all *all, const struct act_invited *one)
{
	const char *said = all->dry_run              ? "can be invited"
	                   : all->terms.post != NULL ? "sent"
	                                             : "made";
	char link[HTTP_URL_MAX + RST_TOKEN_TEXT + 16] = "";
	struct http_reply told = { .status = 200 };
	cJSON *item = cJSON_CreateObject();
	cJSON *groups = cJSON_AddArrayToObject(item, "groups");
	bool ok = groups != NULL;

	http_reply_err(all->req, &told, one->err, &one->refusal);
	if (one->refusal.verdict == RULE_DUPLICATE_EMAIL &&
	    one->refusal.detail.text[0] != '\0')
		said = "is in an earlier line";
	else if (one->err != RST_OK)
		said = json_get(told.body, "detail")->valuestring;
	else if (!all->dry_run && all->terms.post == NULL)
		(void)snprintf(link, sizeof(link), "%s/register/%s",
		               all->req->server->config->site.url, one->token);
	for (size_t i = 0; ok && i < one->n_groups; i++)
		ok = json_append_view(groups, one->groups[i]);
	ok = ok && json_add_number(item, "line", one->line) &&
	     json_add_view(item, "mail", one->mail) &&
	     json_add_bool(item, "good", one->err == RST_OK) &&
	     json_add_text(item, "said", said) &&
	     (one->err == RST_OK ||
	      json_add_text(item, "code",
	                    json_get(told.body, "code")->valuestring)) &&
	     json_add_text(item, "link", link);
	http_reply_release(&told);
	sodium_memzero(link, sizeof(link));
	if (ok)
		return item;
	json_wipe(item);
	return NULL;
}

static enum rst_err
take(void *arg, const struct act_invited *one)
{
	struct all *all = arg;

	all->good += one->err == RST_OK;
	return json_take_item(all->items, item_of(all, one)) ? RST_OK
	                                                     : RST_ENOMEM;
}

/* The lines as a sheet of figures has them. */
static char *
print_csv(const cJSON *items)
{
	const cJSON *item;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	fputs("line,mail,result,link\r\n", out);
	cJSON_ArrayForEach(item, items)
	{
		const cJSON *code = json_get(item, "code");

		fprintf(out, "%d,", json_get(item, "line")->valueint);
		audit_csv_field(
			out, rst_view_of(json_get(item, "mail")->valuestring),
			',');
		audit_csv_field(
			out,
			rst_view_of(
				code != NULL
					? code->valuestring
					: json_get(item, "said")->valuestring),
			',');
		audit_csv_field(
			out, rst_view_of(json_get(item, "link")->valuestring),
			'\r');
		fputc('\n', out);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static bool
describe(const struct all *all, cJSON *body)
{
	struct http_req *req = all->req;

	return json_add_number(body, "rows",
	                       (uint64_t)cJSON_GetArraySize(all->items)) &&
	       json_add_number(body, "good", all->good) &&
	       json_add_bool(body, "dryRun", all->dry_run) &&
	       (req->api ||
	        (json_add_bool(body, "can_do", all->good > 0 && all->dry_run) &&
	         json_add_bool(body, "confirmed", !all->dry_run) &&
	         json_add_bool(body, "send", all->terms.post != NULL) &&
	         json_add_bool(body, "needsApproval",
	                       all->terms.needs_approval) &&
	         json_add_view(body, "expires", input_text(req, "expires")) &&
	         json_add_view(body, "preset", all->terms.preset) &&
	         json_add_view(body, "list", input_text(req, "list")) &&
	         json_add_bool(body, "previewed", true)));
}

/* GET /invitations/import: the empty form */
void
page_import_form(struct http_req *req, struct http_reply *reply)
{
	reply->body = cJSON_CreateObject();
	if (!json_add_bool(reply->body, "can_send",
	                   req->server->config->smtp_url != NULL) ||
	    !json_add_number(reply->body, "rows_max", RULE_INVITEES_MAX) ||
	    !page_part(req, reply, "presets", "limit=200", api_preset_list))
		page_fell_short(req, reply);
}

static void
run(struct all *all, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct http_req *req = all->req;
	enum rst_err err;

	if (req->api)
		reply->body = cJSON_CreateObject();
	else
		page_import_form(req, reply);
	if (http_is_problem(reply))
		return;
	all->items = cJSON_AddArrayToObject(reply->body, "items");
	all->ctx = req->ctx;
	all->ctx.dry_run = all->dry_run;
	err = all->items != NULL
	              ? act_invite_many(&all->ctx, input_text(req, "list"),
	                                &all->terms, take, all, &refusal)
	              : RST_ENOMEM;
	if (all->good > 0 && all->terms.post != NULL && !all->dry_run)
		mail_worker_wake(req->server->mail);
	if (err == RST_EINVALID) {
		http_problem(reply, 422, "invalid_value", "list",
		             refusal.detail.text);
		return;
	}
	if (err == RST_OK && !describe(all, reply->body))
		err = RST_ENOMEM;
	if (err == RST_OK && all->csv) {
		reply->text = print_csv(all->items);
		reply->content_type = HTTP_CSV_TYPE;
		if (reply->text == NULL)
			err = RST_ENOMEM;
	}
	http_reply_err(req, reply, err, &refusal);
}

/* The query knows one value of a name: a,b are two groups. */
static bool
split_groups(struct http_req *req)
{
	const cJSON *item = json_get(req->input, "groups");
	const char *text;
	cJSON *list;
	bool ok = true;

	if (!req->api || !req->form || !cJSON_IsString(item))
		return true;
	list = cJSON_CreateArray();
	for (text = item->valuestring; ok && text[0] != '\0';) {
		size_t len = strcspn(text, ",");

		ok = len == 0 || json_append_view(list, rst_view(text, len));
		text += len + (text[len] == ',');
	}
	if (ok && list != NULL &&
	    cJSON_ReplaceItemInObjectCaseSensitive(req->input, "groups", list))
		return true;
	cJSON_Delete(list);
	return false;
}

/* POST /invitations/import */
void
api_invite_many(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "list", INPUT_FILE, true },
		{ "groups", INPUT_LIST, false },
		{ "preset", INPUT_TEXT, false },
		{ "expires", INPUT_ANY, false },
		{ "needsApproval", INPUT_BOOL, false },
		{ "send", INPUT_BOOL, false },
		{ "dryRun", INPUT_BOOL, false },
		{ "confirmed", INPUT_BOOL, false },
		{ "format", INPUT_TEXT, false },
	};
	const struct act_post post = {
		.public_url = rst_view_of(req->server->config->site.url),
	};
	struct all all = { .req = req };
	struct rst_view format;

	if (!split_groups(req)) {
		http_reply_err(req, reply, RST_ENOMEM, NULL);
		return;
	}
	if (!INPUT_CHECK(req, fields, reply) ||
	    !invitation_terms(req, reply, false, &post, all.groups, &all.terms))
		return;
	format = input_text(req, "format");
	all.csv = rst_view_equal(format, RST_VIEW("csv"));
	if (format.len > 0 && !all.csv &&
	    !rst_view_equal(format, RST_VIEW("json"))) {
		http_problem(reply, 422, "invalid_value", "format",
		             "format is csv or json");
		return;
	}
	all.dry_run = req->api ? input_bool(req, "dryRun", false)
	                       : !input_bool(req, "confirmed", false);
	run(&all, reply);
}
