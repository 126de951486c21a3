/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_audit.c - the journal, for administrators; why somebody may sign in
 *
 * A page of the list is made of what AUDIT_CALLS calls of audit_next() find:
 * a filter that few records pass answers with what it has and a cursor, so
 * that no request reads the journal of years.
 */
#include "lifecycle/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/stream.h"
#include "lifecycle/why.h"

#define AUDIT_CALLS  50    /* of audit_next() that find nothing, a request */
#define ABOUT_CALLS  10    /* the same of a person's history */
#define EXPORT_MAX   20000 /* records of one answer */
#define EXPORT_CALLS 5000  /* of audit_next() that find nothing */

static bool
read_filter(const struct http_req *req, struct audit_filter *filter,
            struct http_reply *reply)
{
	const struct audit_asked asked = {
		.since = http_query_get(&req->query, "since"),
		.until = http_query_get(&req->query, "until"),
		.actor = http_query_get(&req->query, "actor"),
		.action = http_query_get(&req->query, "action"),
		.target = http_query_get(&req->query, "target"),
	};
	const char *wrong;

	if (audit_filter_read(&asked, filter, &wrong) == RST_OK)
		return true;
	http_problem(reply, 400, "invalid_query", wrong,
	             "a time is written 2027-01-31 or 2027-01-31T08:00:00Z, "
	             "a text has at most 255 bytes");
	return false;
}

/* The next record that is found, with a new snapshot for each step. */
static enum rst_err
next_found(struct rst_rtxn *txn, const struct audit_filter *filter,
           uint64_t *at, size_t *calls, struct rst_journal_public *record)
{
	enum rst_err err;

	for (;;) {
		err = audit_next(txn, filter, at, record);
		if (err != RST_OK || record->sequence != 0)
			return err;
		if ((*calls)-- == 0)
			return RST_EBUSY; /* enough for this request */
		rst_read_reset(txn);
		err = rst_read_renew(txn);
		if (err != RST_OK)
			return err;
	}
}

static enum rst_err
add_items(struct rst_rtxn *txn, const struct audit_filter *filter, uint64_t at,
          size_t limit, cJSON *body)
{
	cJSON *items = cJSON_AddArrayToObject(body, "items");
	struct rst_journal_public record;
	size_t calls = filter->about != 0 ? ABOUT_CALLS : AUDIT_CALLS, n = 0;
	char next[24] = "";
	uint64_t ahead;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n < limit) {
		err = next_found(txn, filter, &at, &calls, &record);
		if (err != RST_OK)
			break;
		if (!json_take_item(items, audit_model(&record)))
			return RST_ENOMEM;
		n++;
	}
	ahead = at;
	if (err == RST_OK) /* so that the last page has no "next" */
		err = next_found(txn, filter, &ahead, &calls, &record);
	if (err != RST_OK && err != RST_EBUSY && err != RST_ENOTFOUND)
		return err;
	if (err != RST_ENOTFOUND)
		(void)snprintf(next, sizeof(next), "%llu",
		               (unsigned long long)at);
	return json_take(body, "next",
	                 next[0] != '\0' ? cJSON_CreateString(next)
	                                 : cJSON_CreateNull())
	               ? RST_OK
	               : RST_ENOMEM;
}

static void
answer_list(struct http_req *req, struct http_reply *reply,
            const struct audit_filter *filter, struct rst_rtxn *txn)
{
	const char *cursor = http_query_get(&req->query, "cursor");
	uint64_t at = 0;
	size_t limit;
	enum rst_err err;

	if (!list_limit(req, &limit) ||
	    (cursor != NULL && cursor[0] != '\0' &&
	     !rst_view_number(rst_view_of(cursor), UINT64_MAX, &at))) {
		list_answer(req, reply, RST_EINVALID);
		return;
	}
	reply->body = cJSON_CreateObject();
	err = reply->body != NULL
	              ? add_items(txn, filter, at, limit, reply->body)
	              : RST_ENOMEM;
	http_reply_err(req, reply, err, NULL);
}

/* GET /audit */
void
api_audit_list(struct http_req *req, struct http_reply *reply)
{
	struct audit_filter filter;
	struct rst_rtxn txn;
	enum rst_err err;

	if (!read_filter(req, &filter, reply))
		return;
	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK) {
		answer_list(req, reply, &filter, &txn);
		rst_read_end(&txn);
	} else {
		http_reply_err(req, reply, err, NULL);
	}
}

/* GET /users/{}/history: of the account, its groups, and what that person did
 */
void
api_user_history(struct http_req *req, struct http_reply *reply)
{
	struct audit_filter filter;
	char dn[RST_DN_MAX];
	struct rst_rtxn txn;
	size_t len = 0;
	enum rst_err err;

	if (!read_filter(req, &filter, reply))
		return;
	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK)
		err = act_find_person(&txn, req->arg[0], &filter.about);
	if (err == RST_OK)
		err = rst_tree_dn(&txn, filter.about, dn, sizeof(dn), &len);
	filter.about_dn = rst_view(dn, len);
	if (err == RST_OK)
		answer_list(req, reply, &filter, &txn);
	else
		http_reply_err(req, reply, err, NULL);
	rst_read_end(&txn);
}

static enum rst_err
put_json(FILE *out, const struct rst_journal_public *record, size_t n)
{
	cJSON *model = audit_model(record);
	char *text = model != NULL ? cJSON_PrintUnformatted(model) : NULL;
	enum rst_err err = text != NULL ? RST_OK : RST_ENOMEM;

	if (text != NULL)
		fprintf(out, "%s%s", n > 0 ? ",\n" : "", text);
	cJSON_free(text);
	cJSON_Delete(model);
	return err;
}

static enum rst_err
write_all(struct rst_rtxn *txn, const struct audit_filter *filter, bool csv,
          FILE *out)
{
	struct rst_journal_public record;
	size_t calls = EXPORT_CALLS;
	enum rst_err err = RST_OK;
	uint64_t at = 0;

	if (csv)
		audit_csv_head(out);
	else
		fputs("[", out);
	for (size_t n = 0; err == RST_OK; n++) {
		err = next_found(txn, filter, &at, &calls, &record);
		if (err == RST_OK && n == EXPORT_MAX)
			err = RST_EBUSY;
		if (err == RST_OK && csv)
			audit_csv(out, &record);
		else if (err == RST_OK)
			err = put_json(out, &record, n);
	}
	if (!csv)
		fputs("]\n", out);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* GET /audit/export: all of it, the oldest first */
void
api_audit_export(struct http_req *req, struct http_reply *reply)
{
	const char *format = http_query_get(&req->query, "format");
	bool csv = format != NULL && strcmp(format, "csv") == 0;
	struct audit_filter filter;
	char *text = NULL;
	struct rst_rtxn txn;
	size_t len = 0;
	enum rst_err err;
	FILE *out;

	if (!read_filter(req, &filter, reply))
		return;
	if (format != NULL && !csv && strcmp(format, "json") != 0) {
		http_problem(reply, 400, "invalid_query", "format",
		             "format is csv or json");
		return;
	}
	filter.oldest_first = true;
	out = open_memstream(&text, &len);
	err = out != NULL ? rst_read_begin(req->server->env, &txn) : RST_ENOMEM;
	if (err == RST_OK) {
		err = write_all(&txn, &filter, csv, out);
		rst_read_end(&txn);
	}
	if (out != NULL && fclose(out) != 0 && err == RST_OK)
		err = RST_ENOMEM;
	if (err == RST_OK) {
		reply->text = text;
		reply->content_type =
			csv ? "text/csv; charset=utf-8" : "application/json";
		return;
	}
	free(text);
	if (err == RST_EBUSY)
		http_problem(reply, 422, "export_too_large", NULL,
		             "these are too many records for one answer: "
		             "narrow since and until, or use rosterctl audit "
		             "export");
	else
		http_reply_err(req, reply, err, NULL);
}

/* Where to begin: after the record that a reader had last; with since, from
 * there on; else with what comes.  False: it is no number. */
static bool
read_after(const struct http_req *req, const struct audit_filter *filter,
           uint64_t last, uint64_t *ret_after)
{
	struct rst_view text = req->head->value[HTTP_H_LAST_EVENT_ID];
	const char *asked = http_query_get(&req->query, "after");

	*ret_after = filter->since_set ? 0 : last;
	if (text.ptr == NULL)
		text = rst_view_of(asked);
	return text.len == 0 || rst_view_number(text, UINT64_MAX, ret_after);
}

/* GET /audit/stream: what comes, as it comes */
void
api_audit_stream(struct http_req *req, struct http_reply *reply)
{
	struct audit_filter filter;
	struct rst_rtxn txn;
	uint64_t last = 0, after;
	enum rst_err err;

	if (!read_filter(req, &filter, reply))
		return;
	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK) {
		err = rst_journal_end(&txn, &last);
		rst_read_end(&txn);
	}
	if (!read_after(req, &filter, last, &after)) {
		http_problem(reply, 400, "invalid_query", "after",
		             "after is the number of a record");
		return;
	}
	if (err == RST_OK)
		err = http_stream_open(req->server->streams, req, &filter,
		                       after, &reply->stream);
	if (err == RST_OK) {
		reply->streams = true;
		reply->content_type = "text/event-stream";
		return;
	}
	if (err != RST_EBUSY) {
		http_reply_err(req, reply, err, NULL);
		return;
	}
	reply->retry_s = STREAM_BEAT_S;
	http_problem(reply, 429, "too_many_streams", NULL,
	             "there are too many of these open: close one");
}

/* GET /users/{}/why */
void
api_user_why(struct http_req *req, struct http_reply *reply)
{
	const struct why_asked asked = {
		.name = req->arg[0],
		.host = rst_view_of(http_query_get(&req->query, "host")),
		.service = rst_view_of(http_query_get(&req->query, "service")),
	};
	struct why why;
	enum rst_err err;

	err = why_explain(&req->ctx, &asked, &why);
	if (err == RST_EINVALID) {
		http_problem(reply, 400, "invalid_query", NULL,
		             "host and service have at most 255 bytes");
		return;
	}
	if (err == RST_OK) {
		reply->body = why_model(&why);
		err = reply->body != NULL ? RST_OK : RST_ENOMEM;
	}
	http_reply_err(req, reply, err, NULL);
}
