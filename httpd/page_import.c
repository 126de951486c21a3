/* SPDX-License-Identifier: OLDAP-2.8 */
/* page_import.c - many invitations from a list
 *
 *	mail,groups
 *	bob@example.org,staff dialout
 *	eve@example.org
 *
 * A line each: the address, then the groups, apart by commas, semicolons, tabs
 * or blanks; quotation marks and a first line without "@" are passed over.
 * Without "confirmed" the answer shows what would become of each line; the
 * form on it posts the same text again.  Each line is an invitation, and a
 * transaction, of its own.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "httpd/mail.h"
#include "httpd/page.h"
#include "store/ident.h"

#define ROWS_MAX      100
#define GROUPS_MAX    16  /* of one line */
#define ROW_BYTES_MAX 512 /* bytes; a longer line is refused */

static const char between[] = ",; \t\"";

/* One line, cut into words: they point into text. */
struct row {
	char text[ROW_BYTES_MAX + 1];
	struct rst_view mail, groups[GROUPS_MAX];
	size_t n_groups;
	unsigned int number; /* of the line */
};

/* What holds for all of them. */
struct all {
	int64_t lifetime_s;
	bool needs_approval, send, confirmed;
};

static bool
cut(struct row *row, struct rst_view line)
{
	const char *at = row->text;

	row->mail = rst_view(NULL, 0);
	row->n_groups = 0;
	if (line.len > ROW_BYTES_MAX ||
	    !rst_view_copy(line, row->text, sizeof(row->text)))
		return false;
	while (*(at += strspn(at, between)) != '\0') {
		size_t len = strcspn(at, between);

		if (row->mail.ptr == NULL)
			row->mail = rst_view(at, len);
		else if (row->n_groups == GROUPS_MAX)
			return false;
		else
			row->groups[row->n_groups++] = rst_view(at, len);
		at += len;
	}
	return true;
}

/* The verdict that the invitation would meet; nothing is written. */
static enum rst_err
preview(struct http_req *req, const struct row *row,
        struct act_refusal *refusal)
{
	char mail[RST_MAIL_MAX + 1];
	struct rst_ident_owner owner;
	struct rst_rtxn txn;
	uint64_t group;
	enum rst_err err;

	err = rst_mail_canonical(row->mail, mail);
	if (err == RST_EINVALID) {
		refusal->verdict = RULE_INVALID_EMAIL;
		return RST_EDENIED;
	}
	if (err == RST_OK)
		err = rst_read_begin(req->server->env, &txn);
	if (err != RST_OK)
		return err;
	err = rst_ident_owner(&txn, RST_IDENT_MAIL, rst_view_of(mail), 0,
	                      &owner);
	if (err == RST_OK)
		refusal->verdict = RULE_DUPLICATE_EMAIL;
	if (err == RST_ENOTFOUND)
		err = RST_OK;
	for (size_t i = 0; err == RST_OK && i < row->n_groups; i++) {
		err = act_find_group(&txn, row->groups[i], &group);
		if (err != RST_ENOTFOUND)
			continue;
		refusal->verdict = RULE_UNKNOWN_GROUP;
		err = RST_OK;
	}
	rst_read_end(&txn);
	return err == RST_OK && refusal->verdict != RULE_OK ? RST_EDENIED : err;
}

static enum rst_err
invite(struct http_req *req, const struct row *row, const struct all *all,
       cJSON *item, struct act_refusal *refusal)
{
	const char *origin = req->server->config->site.url;
	const struct act_invite invite = {
		.mail = row->mail,
		.groups = row->groups,
		.n_groups = row->n_groups,
		.lifetime_s = all->lifetime_s,
		.needs_approval = all->needs_approval,
		.send = all->send,
		.public_url = rst_view_of(origin),
	};
	char link[HTTP_URL_MAX + RST_TOKEN_TEXT + 16], token[RST_TOKEN_TEXT];
	enum rst_err err;
	uint64_t id;

	err = act_invite(&req->ctx, &invite, token, &id, refusal);
	if (err == RST_OK && !all->send) {
		snprintf(link, sizeof(link), "%s/register/%s", origin, token);
		if (!json_add_text(item, "link", link))
			err = RST_ENOMEM;
		sodium_memzero(link, sizeof(link));
	}
	sodium_memzero(token, sizeof(token));
	return err;
}

/* The address was in an earlier line, too. */
static bool
is_again(const cJSON *rows, struct rst_view mail)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, rows)
	{
		const cJSON *other = json_get(row, "mail");

		if (cJSON_IsString(other) &&
		    rst_view_equal_nocase(mail,
		                          rst_view_of(other->valuestring)))
			return true;
	}
	return false;
}

static enum rst_err
judge(struct http_req *req, const struct row *row, const struct all *all,
      const cJSON *rows, cJSON *item)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct http_reply told = { .status = 200 };
	cJSON *result = cJSON_AddObjectToObject(item, "result");
	const char *said =
		all->confirmed ? all->send ? "sent" : "made" : "can be invited";
	enum rst_err err;
	bool ok;

	if (is_again(rows, row->mail)) {
		said = "is in an earlier line";
		err = RST_EEXISTS;
	} else {
		err = all->confirmed ? invite(req, row, all, item, &refusal)
		                     : preview(req, row, &refusal);
		http_reply_err(req, &told, err, &refusal);
		if (err != RST_OK)
			said = json_get(told.body, "detail")->valuestring;
	}
	ok = json_add_bool(result, "good", err == RST_OK) &&
	     json_add_text(result, "said", said);
	http_reply_release(&told);
	return ok ? RST_OK : RST_ENOMEM;
}

static enum rst_err
add_row(struct http_req *req, const struct row *row, const struct all *all,
        cJSON *rows)
{
	cJSON *item = cJSON_CreateObject();
	cJSON *groups = cJSON_AddArrayToObject(item, "groups");
	enum rst_err err = RST_OK;

	for (size_t i = 0; i < row->n_groups; i++)
		if (!json_append_view(groups, row->groups[i]))
			err = RST_ENOMEM;
	if (err == RST_OK && !json_add_number(item, "line", row->number))
		err = RST_ENOMEM;
	if (err == RST_OK)
		err = judge(req, row, all, rows, item);
	if (err == RST_OK && (!json_add_view(item, "mail", row->mail) ||
	                      (json_get(item, "link") == NULL &&
	                       !json_add_text(item, "link", ""))))
		err = RST_ENOMEM;
	if (err == RST_OK)
		return json_take_item(rows, item) ? RST_OK : RST_ENOMEM;
	cJSON_Delete(item);
	return err;
}

/* RST_EINVALID for a line that is too long, or one too many. */
static enum rst_err
read_rows(struct http_req *req, const struct all *all, cJSON *rows)
{
	struct rst_view text = input_text(req, "list");
	const char *at = text.ptr, *end = text.ptr + text.len;
	struct row row = { .number = 0 };
	enum rst_err err = RST_OK;

	while (err == RST_OK && at < end) {
		size_t len = strcspn(at, "\r\n");
		bool good = cut(&row, rst_view(at, len));

		row.number++;
		at += len;
		if (*at == '\r' && at[1] == '\n')
			at++;
		at += at < end;
		if (!good || cJSON_GetArraySize(rows) == ROWS_MAX)
			return RST_EINVALID;
		if (row.mail.ptr == NULL ||
		    (row.number == 1 &&
		     memchr(row.mail.ptr, '@', row.mail.len) == NULL))
			continue;
		err = add_row(req, &row, all, rows);
	}
	return err;
}

static bool
describe(struct http_req *req, const struct all *all, cJSON *body)
{
	const cJSON *row, *rows = json_get(body, "rows");
	uint64_t good = 0;

	cJSON_ArrayForEach(row, rows) good +=
		cJSON_IsTrue(json_get(json_get(row, "result"), "good"));
	return json_add_number(body, "rows_n",
	                       (uint64_t)cJSON_GetArraySize(rows)) &&
	       json_add_number(body, "good_n", good) &&
	       json_add_bool(body, "can_do", good > 0 && !all->confirmed) &&
	       json_add_bool(body, "confirmed", all->confirmed) &&
	       json_add_bool(body, "send", all->send) &&
	       json_add_bool(body, "needsApproval", all->needs_approval) &&
	       json_add_number(body, "expires", (uint64_t)all->lifetime_s) &&
	       json_add_view(body, "list", input_text(req, "list")) &&
	       json_add_bool(body, "previewed", true);
}

/* GET /invitations/import: the empty form */
void
page_import_form(struct http_req *req, struct http_reply *reply)
{
	reply->body = cJSON_CreateObject();
	if (!json_add_bool(reply->body, "can_send",
	                   req->server->config->smtp_url != NULL))
		http_reply_err(req, reply, RST_ENOMEM, NULL);
}

/* POST /invitations/import */
void
page_import(struct http_req *req, struct http_reply *reply)
{
	static const struct input_field fields[] = {
		{ "list", INPUT_LONG, true },
		{ "expires", INPUT_NUMBER, false },
		{ "needsApproval", INPUT_BOOL, false },
		{ "send", INPUT_BOOL, false },
		{ "confirmed", INPUT_BOOL, false },
	};
	const struct all all = {
		.lifetime_s = (int64_t)input_number(req, "expires", 86400),
		.needs_approval = input_bool(req, "needsApproval", false),
		.send = input_bool(req, "send", false) &&
		        req->server->config->smtp_url != NULL,
		.confirmed = input_bool(req, "confirmed", false),
	};
	cJSON *rows;
	enum rst_err err;

	if (!INPUT_CHECK(req, fields, reply))
		return;
	page_import_form(req, reply);
	rows = cJSON_AddArrayToObject(reply->body, "rows");
	err = rows != NULL ? read_rows(req, &all, rows) : RST_ENOMEM;
	if (err == RST_OK && all.confirmed && all.send)
		mail_worker_wake(req->server->mail);
	if (err == RST_EINVALID) {
		http_problem(reply, 422, "invalid_value", "list",
		             "a list has at most 100 lines of 512 characters "
		             "and 16 groups each");
		return;
	}
	if (err == RST_OK && !describe(req, &all, reply->body))
		err = RST_ENOMEM;
	http_reply_err(req, reply, err, NULL);
}
