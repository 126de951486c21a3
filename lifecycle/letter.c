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

#include "lifecycle/act_priv.h"
#include "lifecycle/limit.h"
#include "lifecycle/moment.h"
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
letter_post_link(const struct rst_rtxn *txn, const struct act_post *post,
                 const char *page, const char *token, char buf[LETTER_LINK_MAX],
                 struct act_refusal *refusal)
{
	char own[LETTER_URL_MAX + 1];
	struct rst_view url = post->public_url;

	if (!letter_url(txn, own))
		return act_refuse(refusal, RULE_SMTP_NOT_CONFIGURED, NULL);
	if (url.len == 0)
		url = rst_view_of(own);
	return letter_link(url, page, token, buf) ? RST_OK : RST_EINVALID;
}

static bool
add_part(cJSON *params, const char *key, struct rst_view part)
{
	char value[LETTER_VALUE_MAX + 1];
	bool ok;

	if (part.len == 0)
		return true;
	if (part.len > LETTER_VALUE_MAX)
		part.len = LETTER_VALUE_MAX;
	(void)rst_view_copy(part, value, sizeof(value));
	ok = cJSON_AddStringToObject(params, key, value) != NULL;
	sodium_memzero(value, sizeof(value));
	return ok;
}

/* The parts as JSON, to be wiped and freed; NULL without memory. */
static char *
params_of(const struct letter *letter)
{
	cJSON *params = cJSON_CreateObject();
	char *text = NULL;
	bool ok = params != NULL &&
	          add_part(params, LETTER_LANGUAGE, letter->language);

	for (size_t i = 0; ok && i < letter->n_parts; i++)
		ok = add_part(params, letter->parts[i].key,
		              letter->parts[i].value);
	if (ok)
		text = cJSON_PrintUnformatted(params);
	for (cJSON *part = params != NULL ? params->child : NULL; part != NULL;
	     part = part->next)
		sodium_memzero(part->valuestring, strlen(part->valuestring));
	cJSON_Delete(params);
	return text;
}

enum rst_err
letter_queue(struct rst_wtxn *txn, const struct act_ctx *ctx,
             const struct letter *letter, uint64_t *ret_id)
{
	char to[RST_MAIL_MAX + 1]; /* a write ends what is borrowed */
	char *text;
	enum rst_err err;

	if (!rst_view_copy(letter->to, to, sizeof(to)))
		return RST_EINVALID;
	text = params_of(letter);
	if (text == NULL)
		return RST_ENOMEM;
	err = rst_outbox_add(txn, rst_view_of(to),
	                     rst_view_of(letter->template), rst_view_of(text),
	                     ctx->now_s, ret_id);
	sodium_memzero(text, strlen(text));
	cJSON_free(text);
	return err;
}

/* What is told of person, with room for the texts that views point into. */
struct story {
	struct letter_part parts[LETTER_PARTS_MAX];
	size_t n_parts;
	char link[LETTER_LINK_MAX];
	char when[LIFECYCLE_TIME_BYTES];
};

/* False when no mail can be sent. */
static bool
story_make(const struct rst_rtxn *txn, const struct rst_record *person,
           const struct letter_news *news, struct story *story)
{
	char url[LETTER_URL_MAX + 1];

	if (!letter_url(txn, url) ||
	    !letter_link(rst_view_of(url), news->page, NULL, story->link))
		return false;
	story->when[0] = '\0';
	if (news->when_s != 0)
		lifecycle_time_print_3339(news->when_s, story->when);
	const struct letter_part parts[] = {
		{ "link", rst_view_of(story->link) },
		{ "username", rst_record_first(person, RST_A_UID) },
		{ "name", rst_record_first(person, RST_A_CN) },
		{ "mail", rst_record_first(person, RST_A_MAIL) },
		{ "from",
		  rst_record_first(person, RST_A_ROSTERREGISTEREDFROM) },
		{ "reason", news->reason },
		{ "when", rst_view_of(story->when) },
	};
	memcpy(story->parts, parts, sizeof(parts));
	story->n_parts = sizeof(parts) / sizeof(parts[0]);
	return true;
}

enum rst_err
letter_tell(struct rst_wtxn *txn, const struct act_ctx *ctx,
            const struct rst_record *person, const struct letter_news *news)
{
	struct letter letter = {
		.to = rst_record_first(person, RST_A_MAIL),
		.template = news->template,
		.language = rst_record_first(person, RST_A_PREFERREDLANGUAGE),
	};
	struct story story;

	if (letter.to.len == 0 || !story_make(&txn->r, person, news, &story))
		return RST_OK;
	letter.parts = story.parts;
	letter.n_parts = story.n_parts;
	return letter_queue(txn, ctx, &letter, NULL);
}

/* Those of group's own members that are to be told, too. */
static enum rst_err
add_readers(const struct rst_rtxn *txn, int64_t now_s, uint64_t group,
            struct letter_readers *readers)
{
	struct rst_member_cursor cursor = { 0 };
	struct rst_record person;
	uint64_t id;
	bool may_act = false;
	size_t i;
	enum rst_err err = RST_OK;

	while (err == RST_OK && readers->n < LETTER_READERS_MAX) {
		err = rst_member_next_id(txn, group, &cursor, &id);
		/* who cannot sign in cannot act */
		if (err == RST_OK)
			err = act_is_administrator(txn, id, now_s, &may_act);
		if (err != RST_OK || !may_act)
			continue;
		err = rst_record_get(txn, id, &person);
		if (err != RST_OK ||
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

/* Each in the language that he reads. */
static enum rst_err
tell_all(struct rst_wtxn *txn, const struct act_ctx *ctx, const char *template,
         const struct story *story)
{
	struct letter letter = { .template = template,
		                 .parts = story->parts,
		                 .n_parts = story->n_parts };
	struct letter_readers readers;
	struct rst_record reader;
	enum rst_err err;

	err = letter_administrators(&txn->r, ctx->now_s, &readers);
	for (size_t i = 0; err == RST_OK && i < readers.n; i++) {
		err = rst_record_get(&txn->r, readers.ids[i], &reader);
		if (err != RST_OK)
			break;
		letter.to = rst_record_first(&reader, RST_A_MAIL);
		letter.language =
			rst_record_first(&reader, RST_A_PREFERREDLANGUAGE);
		err = letter_queue(txn, ctx, &letter, NULL);
	}
	return err;
}

enum rst_err
letter_tell_administrators(struct rst_wtxn *txn, const struct act_ctx *ctx,
                           const struct rst_record *person,
                           const struct letter_news *news)
{
	struct story story;

	return story_make(&txn->r, person, news, &story)
	               ? tell_all(txn, ctx, news->template, &story)
	               : RST_OK;
}

enum rst_err
letter_tell_approvers(struct rst_wtxn *txn, const struct act_ctx *ctx,
                      const struct rst_record *person)
{
	const struct letter_news news = { .template = "request",
		                          .page = "requests" };
	char url[LETTER_URL_MAX + 1];
	bool on;
	enum rst_err err = lifecycle_setting_on(
		&txn->r, RULE_SETTING_NOTIFY_APPROVERS, &on);

	if (err != RST_OK || !on || !letter_url(&txn->r, url) ||
	    !limit_take(ctx, "approvers", RST_VIEW(""), TOLD_MAX, TOLD_S))
		return err;
	return letter_tell_administrators(txn, ctx, person, &news);
}
