/* SPDX-License-Identifier: OLDAP-2.8 */
/* reply.c - one model, two representations
 *
 * A program gets the model printed.  A browser gets it rendered: its template
 * sees the model's own members and what every page needs:
 *
 *	is_active, ...		for every status and state
 *	expires_when, ...	for every time
 *	page	title, css (path of the stylesheet), version, at_<noun>
 *	me	username, administrator, waiting: who is signed in
 *	csrf	for the forms
 *	done	{ word: true } of "?done=word": what was just done
 *	error, errors, form	when a form was refused
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/files.h"
#include "httpd/locale.h"
#include "httpd/route.h"
#include "httpd/template.h"
#include <config.h>

static const char *const words[] = { "pending", "active",  "suspended",
	                             "deleted", "open",    "used",
	                             "expired", "revoked", "queued",
	                             "failed" };

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

/* { "status": "active" } gains is_active: true, is_pending: false ... : a
 * template cannot compare. */
static void
mark_words(cJSON *item)
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
	for (cJSON *child = item->child; child != NULL; child = child->next)
		if (cJSON_IsObject(child) || cJSON_IsArray(child))
			mark_words(child);
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

/* { "expires": "2026-11-23T02:37:00Z" } gains expires_when: "in a day",
 * expires_exact: "2026-11-23 02:37:00 UTC" and expires_day: "2026-11-23". */
static void
tell_time(cJSON *item, const char *name, const struct http_locale *locale,
          int64_t now_s)
{
	const cJSON *time = json_get(item, name);
	char key[64], text[64], date[32];
	int64_t time_s;

	if (!cJSON_IsString(time) ||
	    !json_time_parse(rst_view_of(time->valuestring), &time_s))
		return;
	say_when(locale, time_s, now_s, text, sizeof(text));
	snprintf(key, sizeof(key), "%s_when", name);
	(void)json_add_text(item, key, text);
	say_date(locale, time->valuestring, date, sizeof(date));
	snprintf(text, sizeof(text), "%s %.8s UTC", date,
	         time->valuestring + 11);
	snprintf(key, sizeof(key), "%s_exact", name);
	(void)json_add_text(item, key, text);
	snprintf(text, sizeof(text), "%.10s", time->valuestring);
	snprintf(key, sizeof(key), "%s_day", name);
	(void)json_add_text(item, key, text);
}

static void
tell_times(cJSON *item, const struct http_locale *locale, int64_t now_s)
{
	static const char *const keys[] = { "created", "modified",
		                            "expires", "registered",
		                            "starts",  "statusSince",
		                            "locked",  "due" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		tell_time(item, keys[i], locale, now_s);
	for (cJSON *child = item->child; child != NULL; child = child->next)
		if (cJSON_IsObject(child) || cJSON_IsArray(child))
			tell_times(child, locale, now_s);
}

/* What handlers and rules say is English until here. */
static void
translate(cJSON *object, const char *key, const struct http_locale *locale)
{
	const cJSON *text = json_get(object, key);
	const char *said;

	if (!cJSON_IsString(text))
		return;
	said = http_locale_say(locale, text->valuestring);
	if (said != text->valuestring)
		(void)cJSON_ReplaceItemInObjectCaseSensitive(
			object, key, cJSON_CreateString(said));
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
			translate(setting, "label", locale);
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

/* "users" of "/users/alice" */
static struct rst_view
noun_of(const char *path)
{
	return rst_view(path + 1, strcspn(path + 1, "/"));
}

static void
add_page(struct http_req *req, cJSON *root, const char *title,
         const struct http_locale *locale)
{
	const struct http_file *css;
	cJSON *page = cJSON_AddObjectToObject(root, "page");
	struct rst_view noun = noun_of(req->head->path);
	char text[128];

	css = http_files_get(req->server->files, RST_VIEW("roster.css"));
	snprintf(text, sizeof(text), "/static/roster.css?v=%s",
	         css != NULL ? css->hash : "");
	(void)json_add_text(page, "css", text);
	(void)json_add_text(page, "title", http_locale_say(locale, title));
	(void)json_add_text(page, "lang", http_locale_tag(locale));
	(void)json_add_text(page, "version", PACKAGE_VERSION);
	snprintf(text, sizeof(text), "at_%.*s",
	         (int)(noun.len < 64 ? noun.len : 64), noun.ptr);
	(void)json_add_bool(page, text, true);
}

static void
add_me(const struct http_req *req, cJSON *root)
{
	cJSON *me;

	if (!req->who.signed_in)
		return;
	me = cJSON_AddObjectToObject(root, "me");
	(void)json_add_text(me, "username", req->who.username);
	(void)json_add_bool(me, "administrator", req->who.administrator);
	if (req->who.waiting > 0)
		(void)json_add_number(me, "waiting", req->who.waiting);
	(void)json_add_text(root, "csrf", req->who.csrf);
}

/* Only a short word of letters gets from the address to a template's key. */
static void
add_done(const struct http_req *req, cJSON *root)
{
	const char *word = http_query_get(&req->query, "done");
	size_t len = word != NULL ? strlen(word) : 0;

	if (len == 0 || len > 24 ||
	    strspn(word, "abcdefghijklmnopqrstuvwxyz") != len)
		return;
	(void)json_add_bool(cJSON_AddObjectToObject(root, "done"), word, true);
}

/* The model of a page for a problem that no form can show. */
static cJSON *
problem_model(const struct http_reply *reply)
{
	cJSON *root = cJSON_CreateObject();
	cJSON *problem = cJSON_Duplicate(reply->body, true);

	(void)json_take(root, "problem", problem);
	return root;
}

static void
render(struct http_req *req, struct http_reply *reply)
{
	const struct http_route *route = req->route;
	bool form_shown = json_get(reply->body, "error") != NULL;
	bool is_problem = http_is_problem(reply) && !form_shown;
	const char *name = "problem", *title = "Something went wrong";
	const struct http_locale *locale;
	struct rst_detail why = { "" };
	enum rst_err err;
	cJSON *root;

	locale = http_locale_pick(req->server->locales,
	                          req->head->value[HTTP_H_ACCEPT_LANGUAGE]);
	if (!is_problem && route != NULL && route->template != NULL) {
		name = route->template;
		title = route->title;
	}
	root = is_problem ? problem_model(reply)
	                  : cJSON_Duplicate(reply->body, true);
	if (root == NULL)
		root = cJSON_CreateObject();
	mark_words(root);
	tell_times(root, locale, req->ctx.now_s);
	translate_problems(root, locale);
	translate_parts(root, locale);
	if (cJSON_GetArraySize(json_get(root, "items")) > 0)
		(void)json_add_bool(root, "has_items", true);
	add_page(req, root, title, locale);
	add_me(req, root);
	add_done(req, root);
	reply->content_type = "text/html; charset=utf-8";
	err = http_template_render(http_locale_templates(locale), name, root,
	                           true, &reply->text, &why);
	cJSON_Delete(root);
	if (err == RST_OK)
		return;
	http_log(3, "request %s: %s: %s", req->id, rst_strerror(err), why.text);
	reply->status = 500;
	reply->content_type = "text/plain; charset=utf-8";
	reply->text = strdup("The page cannot be shown.\n");
}

static void
print(struct http_reply *reply)
{
	reply->content_type = http_is_problem(reply)
	                              ? "application/problem+json"
	                              : "application/json";
	reply->text = cJSON_PrintUnformatted(reply->body);
	if (reply->text == NULL)
		reply->status = 500;
}

/* The same addresses serve programs that say they want JSON. */
static bool
wants_json(const struct http_req *req)
{
	struct rst_view accept = req->head->value[HTTP_H_ACCEPT];

	if (req->api || (req->route != NULL && req->route->where == HTTP_RAW))
		return true;
	return accept.ptr != NULL &&
	       memmem(accept.ptr, accept.len, "json", 4) != NULL &&
	       memmem(accept.ptr, accept.len, "html", 4) == NULL;
}

/* /login, and back to here afterwards. */
static void
send_to_login(const struct http_req *req, struct http_reply *reply)
{
	char next[400];
	bool back = req->head->method == HTTP_GET &&
	            strlen(req->head->path) < 128 &&
	            http_percent_encode(rst_view_of(req->head->path), next,
	                                sizeof(next));

	snprintf(reply->location, sizeof(reply->location), "/login%s%s",
	         back ? "?next=" : "", back ? next : "");
	reply->status = 303;
}

void
http_reply_finish(struct http_req *req, struct http_reply *reply)
{
	bool json = wants_json(req);

	if (reply->fixed != NULL)
		return;
	if (reply->text != NULL && !http_is_problem(reply)) {
		reply->text_len = strlen(reply->text); /* the handler's own */
		return;
	}
	if (!json && reply->sign_in) {
		send_to_login(req, reply);
	} else if (!json && !http_is_problem(reply) &&
	           reply->location[0] != '\0') {
		reply->status = 303; /* Post/Redirect/Get */
	} else if (reply->body == NULL && json) {
		if (reply->status == 200)
			reply->status = 204;
	} else if (json) {
		print(reply);
	} else {
		render(req, reply);
	}
	reply->text_len = reply->text != NULL ? strlen(reply->text) : 0;
}

void
http_location(struct http_reply *reply, const char *prefix,
              struct rst_view name, const char *suffix)
{
	char encoded[HTTP_LOCATION_MAX];

	if (!http_percent_encode(name, encoded, sizeof(encoded)) ||
	    strlen(prefix) + strlen(encoded) + strlen(suffix) >=
	            sizeof(reply->location))
		return;
	snprintf(reply->location, sizeof(reply->location), "%s%s%s", prefix,
	         encoded, suffix);
}

void
http_reply_release(struct http_reply *reply)
{
	json_wipe(reply->body);
	reply->body = NULL;
	if (reply->text != NULL)
		sodium_memzero(reply->text, reply->text_len);
	free(reply->text);
	reply->text = NULL;
}
