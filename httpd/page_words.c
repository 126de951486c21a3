/* SPDX-License-Identifier: OLDAP-2.8 */
/* page_words.c - statuses, times and words, as templates need them */
#include <stdio.h>
#include <string.h>

#include "httpd/locale.h"
#include "httpd/page.h"

#define SAID_MAX 1024 /* bytes of a text that is translated as a whole */

static const char *const words[] = { "pending", "active",  "suspended",
	                             "deleted", "open",    "used",
	                             "expired", "revoked", "queued",
	                             "failed",  "live" };
static const char *const outcomes[] = { "pass", "note", "fail" };

static bool
is_word(const cJSON *text, const char *word)
{
	return cJSON_IsString(text) && strcmp(text->valuestring, word) == 0;
}

/* What a person's account is now may differ from its status: an active one
 * can be over, or begin later. */
static void
mark_state(cJSON *item)
{
	const cJSON *state = json_get(item, "state");

	(void)json_add_bool(item, "state_expired", is_word(state, "expired"));
	(void)json_add_bool(item, "state_early", is_word(state, "early"));
	(void)json_add_bool(item, "in_order",
	                    state == NULL || is_word(state, "active"));
}

static void
mark_outcome(cJSON *item)
{
	const cJSON *word = json_get(item, "outcome");
	char key[32];

	for (size_t i = 0; cJSON_IsString(word) && i < 3; i++) {
		snprintf(key, sizeof(key), "is_%s", outcomes[i]);
		(void)json_add_bool(item, key, is_word(word, outcomes[i]));
	}
}

/* { "status": "active" } gains is_active: true, is_pending: false ... : a
 * template cannot compare. */
void
page_mark_words(cJSON *item)
{
	const cJSON *word = json_get(item, "status");
	char key[32];

	if (cJSON_IsString(word))
		mark_state(item);
	else
		word = json_get(item, "state");
	if (cJSON_IsString(word)) {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			snprintf(key, sizeof(key), "is_%s", words[i]);
			(void)json_add_bool(item, key, is_word(word, words[i]));
		}
	}
	mark_outcome(item);
	for (cJSON *child = item->child; child != NULL; child = child->next)
		if (cJSON_IsObject(child) || cJSON_IsArray(child))
			page_mark_words(child);
}

/* 2026-11-22 as the language writes it: "22.11.2026". */
static void
say_date(const struct http_locale *locale, const char *iso, char *buf,
         size_t size)
{
	const char *form = http_locale_say(locale, "YYYY-MM-DD");
	size_t year = 0, month = 5, day = 8, n = 0;

	for (; *form != '\0' && n + 1 < size; form++) {
		if (*form == 'Y' && year < 4)
			buf[n++] = iso[year++];
		else if (*form == 'M' && month < 7)
			buf[n++] = iso[month++];
		else if (*form == 'D' && day < 10)
			buf[n++] = iso[day++];
		else
			buf[n++] = *form;
	}
	buf[n] = '\0';
}

/* "in 3 hours", "5 minutes ago"; further away than a month, the date. */
static void
say_when(const struct http_locale *locale, int64_t time_s, int64_t now_s,
         char *buf, size_t size)
{
	static const struct {
		int64_t up_to_s, unit_s;
		const char *text[2][2]; /* past and future, one and many */
	} units[] = {
		{ 3600,
		  60,
		  { { "a minute ago", "%d minutes ago" },
		    { "in a minute", "in %d minutes" } } },
		{ 86400,
		  3600,
		  { { "an hour ago", "%d hours ago" },
		    { "in an hour", "in %d hours" } } },
		{ (int64_t)30 * 86400,
		  86400,
		  { { "a day ago", "%d days ago" },
		    { "in a day", "in %d days" } } },
	};
	bool ahead = time_s > now_s;
	int64_t away_s = ahead ? time_s - now_s : now_s - time_s;
	char iso[JSON_TIME_MAX];

	if (away_s < 60) {
		snprintf(buf, size, "%s",
		         http_locale_say(locale,
		                         ahead ? "in a moment" : "just now"));
		return;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t n = (away_s + units[i].unit_s / 2) / units[i].unit_s;

		if (away_s >= units[i].up_to_s)
			continue;
		http_locale_count(locale, units[i].text[ahead][n >= 2], n, buf,
		                  size);
		return;
	}
	json_time_text(time_s, iso);
	say_date(locale, iso, buf, size);
}

/* "2026-11-23T02:37:00Z", or with a fraction of the second. */
static bool
is_time(const cJSON *item, int64_t *ret_time_s)
{
	const char *text = item->valuestring;
	char whole[JSON_TIME_MAX];

	if (!cJSON_IsString(item) || item->string == NULL ||
	    strlen(text) < sizeof("2026-11-23T02:37:00Z") - 1 ||
	    text[4] != '-' || text[10] != 'T' || text[strlen(text) - 1] != 'Z')
		return false;
	(void)snprintf(whole, sizeof(whole), "%.19sZ", text);
	return json_time_parse(rst_view_of(whole), ret_time_s);
}

/* { "expires": "2026-11-23T02:37:00Z" } gains expires_when: "in a day",
 * expires_exact: "2026-11-23 02:37:00 UTC", expires_at: "2026-11-23, 02:37 UTC"
 * and expires_day: "2026-11-23". */
static void
tell_time(cJSON *item, const cJSON *time, int64_t time_s,
          const struct http_locale *locale, int64_t now_s)
{
	char key[64], text[64], date[32];

	say_when(locale, time_s, now_s, text, sizeof(text));
	snprintf(key, sizeof(key), "%.48s_when", time->string);
	(void)json_add_text(item, key, text);
	say_date(locale, time->valuestring, date, sizeof(date));
	snprintf(text, sizeof(text), "%s %.8s UTC", date,
	         time->valuestring + 11);
	snprintf(key, sizeof(key), "%.48s_exact", time->string);
	(void)json_add_text(item, key, text);
	snprintf(text, sizeof(text), "%s, %.5s UTC", date,
	         time->valuestring + 11);
	snprintf(key, sizeof(key), "%.48s_at", time->string);
	(void)json_add_text(item, key, text);
	snprintf(text, sizeof(text), "%.10s", time->valuestring);
	snprintf(key, sizeof(key), "%.48s_day", time->string);
	(void)json_add_text(item, key, text);
}

void
page_tell_times(cJSON *item, const struct http_locale *locale, int64_t now_s)
{
	int64_t time_s;

	for (cJSON *child = item->child; child != NULL; child = child->next)
		if (cJSON_IsObject(child) || cJSON_IsArray(child))
			page_tell_times(child, locale, now_s);
		else if (cJSON_IsObject(item) && is_time(child, &time_s))
			tell_time(item, child, time_s, locale, now_s);
}

/* What handlers and rules say is English until here. */
static void
translate(cJSON *object, const char *key, const struct http_locale *locale)
{
	const cJSON *text = json_get(object, key);
	char said[SAID_MAX];

	if (!cJSON_IsString(text) || strlen(text->valuestring) >= SAID_MAX)
		return;
	http_locale_tell(locale, text->valuestring, said, sizeof(said));
	if (strcmp(said, text->valuestring) != 0)
		(void)json_replace_text(object, key, said);
}

/* The parts of a page of settings: their titles, and what each is for. */
static void
translate_parts(cJSON *root, const struct http_locale *locale)
{
	cJSON *parts = cJSON_GetObjectItemCaseSensitive(root, "parts");
	cJSON *part, *setting;

	cJSON_ArrayForEach(part, parts)
	{
		translate(part, "title", locale);
		cJSON_ArrayForEach(setting, cJSON_GetObjectItemCaseSensitive(
						    part, "settings"))
		{
			translate(setting, "label", locale);
			translate(setting, "range", locale);
		}
	}
}

static void
translate_problems(cJSON *root, const struct http_locale *locale)
{
	static const char *const where[] = { "error", "problem" };
	cJSON *errors = cJSON_GetObjectItemCaseSensitive(root, "errors");

	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		cJSON *problem =
			cJSON_GetObjectItemCaseSensitive(root, where[i]);

		if (!cJSON_IsObject(problem))
			continue;
		translate(problem, "title", locale);
		translate(problem, "detail", locale);
	}
	for (cJSON *one = errors != NULL ? errors->child : NULL; one != NULL;) {
		cJSON *next = one->next;

		translate(errors, one->string, locale);
		one = next;
	}
}

/* Every "said", wherever it is. */
static void
translate_said(cJSON *item, const struct http_locale *locale)
{
	translate(item, "said", locale);
	for (cJSON *child = item->child; child != NULL; child = child->next)
		if (cJSON_IsObject(child) || cJSON_IsArray(child))
			translate_said(child, locale);
}

void
page_translate(cJSON *root, const struct http_locale *locale)
{
	translate_problems(root, locale);
	translate_parts(root, locale);
	translate_said(root, locale);
}
