/* SPDX-License-Identifier: OLDAP-2.8 */
/* letter.c - mails that acts and consequences queue
 *
 *	mail-url	= https://roster.example.org	a setting of the
 *			environment, this machine's own
 */
#include "lifecycle/letter.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <stdio.h>

#include "lifecycle/acts.h"
#include "lifecycle/limit.h"
#include "lifecycle/setting.h"
#include "store/ident.h"
#include "store/index.h"
#include "store/outbox.h"

#define URL_SETTING "mail-url"
#define BATCH       64 /* ids taken from the store at a time */
#define TOLD_MAX    6  /* mails to approvers in TOLD_S */
#define TOLD_S      3600

static struct rst_view
without_slash(struct rst_view url)
{
	while (url.len > 0 && url.ptr[url.len - 1] == '/')
		url.len--;
	return url;
}

bool
letter_url(const struct rst_rtxn *txn, char url[LETTER_URL_MAX + 1])
{
	struct rst_view value;

	url[0] = '\0';
	return rst_setting_get(txn, URL_SETTING, &value) == RST_OK &&
	       value.len > 0 && rst_view_copy(value, url, LETTER_URL_MAX + 1);
}

bool
letter_link(struct rst_view url, const char *page, const char *token,
            char buf[LETTER_LINK_MAX])
{
	int n;

	url = without_slash(url);
	n = snprintf(buf, LETTER_LINK_MAX, "%.*s%s%s%s%s", (int)url.len,
	             url.len > 0 ? url.ptr : "", page != NULL ? "/" : "",
	             page != NULL ? page : "", token != NULL ? "/" : "",
	             token != NULL ? token : "");
	return n >= 0 && n < LETTER_LINK_MAX;
}

enum rst_err
letter_queue(struct rst_wtxn *txn, const struct act_ctx *ctx,
             struct rst_view to, const char *template,
             const struct letter_part *parts, size_t n_parts)
{
	char value[LETTER_VALUE_MAX + 1];
	enum rst_err err = RST_ENOMEM;
	cJSON *params = cJSON_CreateObject();
	char *text = NULL;
	bool fits = params != NULL;

	for (size_t i = 0; fits && i < n_parts; i++) {
		struct rst_view part = parts[i].value;

		if (part.len > LETTER_VALUE_MAX)
			part.len = LETTER_VALUE_MAX;
		(void)rst_view_copy(part, value, sizeof(value));
		fits = part.len == 0 ||
		       cJSON_AddStringToObject(params, parts[i].key, value) !=
		               NULL;
	}
	if (fits)
		text = cJSON_PrintUnformatted(params);
	if (text != NULL)
		err = rst_outbox_add(txn, to, rst_view_of(template),
		                     rst_view_of(text), ctx->now_s, NULL);
	sodium_memzero(value, sizeof(value));
	if (text != NULL)
		sodium_memzero(text, strlen(text));
	cJSON_free(text);
	cJSON_Delete(params);
	return err;
}

enum rst_err
letter_tell(struct rst_wtxn *txn, const struct act_ctx *ctx,
            const struct rst_record *person, const char *template,
            const char *page, struct rst_view reason)
{
	char url[LETTER_URL_MAX + 1], link[LETTER_LINK_MAX];
	struct rst_view mail = rst_record_first(person, RST_A_MAIL);
	const struct letter_part parts[] = {
		{ "link", { link, 0 } },
		{ "username", rst_record_first(person, RST_A_UID) },
		{ "name", rst_record_first(person, RST_A_CN) },
		{ "mail", mail },
		{ "reason", reason },
	};
	struct letter_part copies[LETTER_PARTS_MAX];

	if (mail.len == 0 || !letter_url(&txn->r, url) ||
	    !letter_link(rst_view_of(url), page, NULL, link))
		return RST_OK;
	memcpy(copies, parts, sizeof(parts));
	copies[0].value = rst_view_of(link);
	return letter_queue(txn, ctx, mail, template, copies,
	                    sizeof(parts) / sizeof(parts[0]));
}

/* Those of group's own members that are to be told, too. */
static enum rst_err
add_readers(const struct rst_rtxn *txn, int64_t now_s, uint64_t group,
            struct letter_readers *readers)
{
	struct rst_member_cursor cursor = { 0 };
	struct rst_record person;
	uint64_t id;
	size_t i;
	enum rst_err err = RST_OK;

	while (err == RST_OK && readers->n < LETTER_READERS_MAX) {
		err = rst_member_next_id(txn, group, &cursor, &id);
		/* who cannot sign in cannot act */
		if (err != RST_OK || !act_is_administrator(txn, id, now_s) ||
		    rst_record_get(txn, id, &person) != RST_OK ||
		    rst_record_first(&person, RST_A_MAIL).len == 0)
			continue;
		for (i = 0; i < readers->n && readers->ids[i] != id; i++)
			;
		if (i == readers->n)
			readers->ids[readers->n++] = id;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* Of an administrators' group, and of those in it. */
static enum rst_err
add_group(const struct rst_rtxn *txn, int64_t now_s, uint64_t group,
          struct letter_readers *readers)
{
	struct rst_ids below = { 0 };
	enum rst_err err;

	err = add_readers(txn, now_s, group, readers);
	if (err == RST_OK)
		err = rst_member_below(txn, group, &below, NULL);
	for (size_t i = 0; err == RST_OK && i < below.n; i++)
		err = add_readers(txn, now_s, below.items[i], readers);
	rst_ids_release(&below);
	return err;
}

enum rst_err
letter_administrators(const struct rst_rtxn *txn, int64_t now_s,
                      struct letter_readers *ret_readers)
{
	struct letter_readers readers = { .n = 0 };
	struct rst_record record;
	uint64_t groups[BATCH], after = 0;
	size_t n = BATCH;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH && readers.n < LETTER_READERS_MAX) {
		err = rst_index_equal(txn, RST_A_OBJECTCLASS,
		                      RST_VIEW("rosterGroup"), after, groups,
		                      BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			after = groups[i];
			err = rst_record_get(txn, after, &record);
			if (err == RST_OK &&
			    (record.flags & RST_REC_ADMIN_GROUP) != 0)
				err = add_group(txn, now_s, after, &readers);
		}
	}
	if (err == RST_OK)
		*ret_readers = readers;
	return err;
}

static enum rst_err
tell_all(struct rst_wtxn *txn, const struct act_ctx *ctx,
         const struct letter_part *parts, size_t n_parts)
{
	struct letter_readers readers;
	char mail[RST_MAIL_MAX + 1];
	struct rst_record record;
	enum rst_err err;

	err = letter_administrators(&txn->r, ctx->now_s, &readers);
	for (size_t i = 0; err == RST_OK && i < readers.n; i++) {
		err = rst_record_get(&txn->r, readers.ids[i], &record);
		/* a write ends what the record borrows */
		if (err == RST_OK &&
		    rst_view_copy(rst_record_first(&record, RST_A_MAIL), mail,
		                  sizeof(mail)))
			err = letter_queue(txn, ctx, rst_view_of(mail),
			                   "request", parts, n_parts);
	}
	return err;
}

enum rst_err
letter_tell_approvers(struct rst_wtxn *txn, const struct act_ctx *ctx,
                      const struct rst_record *person)
{
	char url[LETTER_URL_MAX + 1], link[LETTER_LINK_MAX];
	const struct letter_part parts[] = {
		{ "link", { link, 0 } },
		{ "username", rst_record_first(person, RST_A_UID) },
		{ "name", rst_record_first(person, RST_A_CN) },
		{ "mail", rst_record_first(person, RST_A_MAIL) },
		{ "from",
		  rst_record_first(person, RST_A_ROSTERREGISTEREDFROM) },
	};
	struct letter_part copies[LETTER_PARTS_MAX];

	if (!lifecycle_setting_number(&txn->r, RULE_SETTING_NOTIFY_APPROVERS) ||
	    !letter_url(&txn->r, url) ||
	    !letter_link(rst_view_of(url), "requests", NULL, link) ||
	    !limit_take(ctx, "approvers", RST_VIEW(""), TOLD_MAX, TOLD_S))
		return RST_OK;
	memcpy(copies, parts, sizeof(parts));
	copies[0].value = rst_view_of(link);
	return tell_all(txn, ctx, copies, sizeof(parts) / sizeof(parts[0]));
}
