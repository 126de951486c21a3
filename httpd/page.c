/* SPDX-License-Identifier: OLDAP-2.8 */
/* page.c - what every page needs, and pages made of several parts */
#include "httpd/page.h"

#include <stdio.h>
#include <string.h>

#include "httpd/files.h"
#include "httpd/locale.h"
#include "httpd/once.h"
#include "httpd/route.h"
#include "lifecycle/password.h"
#include "lifecycle/replica.h"
#include "store/presence.h"
#include <config.h>

/* Run handle with another query than the request's. */
static void
ask(struct http_req *req, const char *query, http_handler *handle,
    struct http_reply *part)
{
	if (http_query_parse(query, &req->query))
		handle(req, part);
	/* it was parsed before, so it can be */
	(void)http_query_parse(req->head->query, &req->query);
}

/* *reply becomes the problem that part is. */
static void
hand_on(struct http_reply *reply, struct http_reply *part)
{
	json_wipe(reply->body);
	reply->body = part->body;
	part->body = NULL;
	reply->status = part->status;
	reply->retry_s = part->retry_s;
}

bool
page_part(struct http_req *req, struct http_reply *reply, const char *key,
          const char *query, http_handler *handle)
{
	struct http_reply part = { .status = 200 };
	bool ok;

	ask(req, query, handle, &part);
	ok = part.status < 500;
	if (!ok) {
		hand_on(reply, &part);
	} else if (!http_is_problem(&part) && part.body != NULL) {
		ok = json_take(reply->body, key, part.body);
		part.body = NULL;
	}
	http_reply_release(&part);
	return ok;
}

void
page_fell_short(struct http_req *req, struct http_reply *reply)
{
	if (!http_is_problem(reply))
		http_reply_err(req, reply, RST_ENOMEM, NULL);
}

void
page_once(struct http_req *req, struct http_reply *reply, cJSON *made)
{
	if (req->once != NULL) { /* a problem undoes it */
		json_wipe(made);
		return;
	}
	reply->retry_s = 0; /* it would be made again */
	if (!json_take(reply->body, PAGE_ONCE, made))
		http_reply_err(req, reply, RST_ENOMEM, NULL);
}

void
page_shown_once(struct http_req *req, struct http_reply *reply, cJSON *made,
                const char *key, http_handler *show)
{
	struct http_reply page = { .status = 200 };

	http_once_end(req, reply); /* a page may take its time */
	if (http_is_problem(reply)) {
		json_wipe(made);
		return;
	}
	show(req, &page);
	if (http_is_problem(&page)) {
		hand_on(reply, &page);
		page_once(req, reply, made);
	} else {
		reply->body = page.body;
		page.body = NULL;
		if (!json_take(reply->body, key, made))
			http_reply_err(req, reply, RST_ENOMEM, NULL);
	}
	http_reply_release(&page);
}

bool
page_base(struct http_req *req, struct http_reply *reply, http_handler *handle)
{
	cJSON *before = reply->body;

	reply->body = NULL;
	handle(req, reply);
	cJSON_Delete(before);
	return !http_is_problem(reply) && page_wanted(req);
}

cJSON *
page_items(const cJSON *body, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(json_get(body, key), "items");
}

bool
page_fill(cJSON *items, const char *const *keys)
{
	cJSON *item;

	cJSON_ArrayForEach(item, items)
	{
		for (size_t i = 0; keys[i] != NULL; i++)
			if (json_get(item, keys[i]) == NULL &&
			    !json_add_text(item, keys[i], ""))
				return false;
	}
	return true;
}

void
page_drop_port(cJSON *item, const char *key)
{
	const cJSON *address = json_get(item, key);
	char *colon, *text;

	if (!cJSON_IsString(address))
		return;
	text = address->valuestring;
	colon = strrchr(text, ':');
	/* an IPv6 address without a port has colons of its own */
	if (colon != NULL && colon > text &&
	    (strchr(text, ':') == colon || colon[-1] == ']'))
		*colon = '\0';
}

bool
page_query(struct http_req *req, cJSON *body, const char *const *names)
{
	cJSON *query = cJSON_AddObjectToObject(body, "query");
	char again[HTTP_TARGET_MAX + 1] = "", text[HTTP_TARGET_MAX];
	size_t used = 0;

	for (size_t i = 0; names[i] != NULL; i++) {
		const char *value = http_query_get(&req->query, names[i]);

		if (!json_add_text(query, names[i], value != NULL ? value : ""))
			return false;
		if (value == NULL || value[0] == '\0' ||
		    !http_percent_encode(rst_view_of(value), text,
		                         sizeof(text)) ||
		    used + strlen(names[i]) + strlen(text) + 3 > sizeof(again))
			continue;
		used += (size_t)snprintf(again + used, sizeof(again) - used,
		                         "%s=%s&", names[i], text);
	}
	return json_add_text(query, "again", again);
}

/* "users" of "/users/alice" */
static struct rst_view
noun_of(const char *path)
{
	return rst_view(path + 1, strcspn(path + 1, "/"));
}

static void
add_file(const struct http_req *req, cJSON *page, const char *key,
         const char *name)
{
	const struct http_file *file =
		http_files_get(req->server->files, rst_view_of(name));
	char text[128];

	snprintf(text, sizeof(text), "/static/%s?v=%s", name,
	         file != NULL ? file->hash : "");
	(void)json_add_text(page, key, text);
}

/* The page is a replica's, and this is where things are changed. */
static enum rst_err
add_replica(struct http_req *req, cJSON *page)
{
	const char *url = req->server->config->provider_url;
	struct rst_rtxn txn;
	cJSON *replica;
	enum rst_err err;
	bool is = false;

	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK)
		err = replica_is(&txn, &is);
	rst_read_end(&txn);
	if (err != RST_OK || !is)
		return err;
	replica = cJSON_AddObjectToObject(page, "replica");
	if (replica == NULL)
		return RST_ENOMEM;
	if (url[0] != '\0')
		(void)json_add_text(replica, "provider", url);
	return RST_OK;
}

static cJSON *
add_page(struct http_req *req, cJSON *root, const char *title,
         const struct http_locale *locale)
{
	cJSON *page = cJSON_AddObjectToObject(root, "page");
	struct rst_view noun = noun_of(req->head->path);
	char text[80];
	bool serves;

	add_file(req, page, "css", "roster.css");
	add_file(req, page, "script", "roster.js");
	add_file(req, page, "icon", "roster.svg");
	(void)json_add_text(page, "title", http_locale_say(locale, title));
	(void)json_add_text(page, "lang", http_locale_tag(locale));
	(void)json_add_text(page, "version", PACKAGE_VERSION);
	/* a hint, for who may do something about it; unknown is not down */
	if (req->who.administrator &&
	    rst_presence(req->server->config->state, &serves) == RST_OK &&
	    !serves)
		(void)json_add_bool(page, "slapd_down", true);
	snprintf(text, sizeof(text), "at_%.*s",
	         (int)(noun.len < 64 ? noun.len : 64), noun.ptr);
	(void)json_add_bool(page, text, true);
	return page;
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

/* The pages on which somebody chooses a password; that person, or nobody that
 * is known yet. */
static bool
asks_password(const char *template, bool *ret_own)
{
	static const struct {
		const char *template;
		bool own;
	} pages[] = { { "bootstrap", false }, { "register", false },
		      { "users", false },     { "reset-password", false },
		      { "me", true },         { "password", true } };

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strcmp(pages[i].template, template) != 0)
			continue;
		*ret_own = pages[i].own;
		return true;
	}
	return false;
}

/* What the policy asks of a new password. */
static enum rst_err
add_rules(const struct http_req *req, cJSON *root, const char *template)
{
	struct lifecycle_terms terms;
	const struct rule_password_policy *policy = &terms.policy;
	struct rst_rtxn txn;
	enum rst_err err;
	cJSON *rules;
	bool own;

	if (!asks_password(template, &own))
		return RST_OK;
	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK)
		err = lifecycle_terms(&txn, own ? req->who.id : 0, &terms);
	rst_read_end(&txn);
	if (err != RST_OK)
		return err;
	rules = cJSON_AddObjectToObject(root, "rules");
	(void)json_add_number(rules, "minLength", policy->min_length);
	(void)json_add_bool(rules, "blocklist", policy->blocklist);
	(void)json_add_bool(rules, "kinds", policy->require != 0);
	(void)json_add_bool(rules, "upper",
	                    (policy->require & RULE_CLASS_UPPER) != 0);
	(void)json_add_bool(rules, "lower",
	                    (policy->require & RULE_CLASS_LOWER) != 0);
	(void)json_add_bool(rules, "digit",
	                    (policy->require & RULE_CLASS_DIGIT) != 0);
	(void)json_add_bool(rules, "other",
	                    (policy->require & RULE_CLASS_OTHER) != 0);
	return RST_OK;
}

/* What was wrong with one of many settings stands beside it. */
static void
mark_settings(cJSON *root)
{
	const cJSON *errors = json_get(root, "errors");
	cJSON *part, *setting;

	cJSON_ArrayForEach(part, json_get(root, "parts"))
	{
		cJSON_ArrayForEach(setting, cJSON_GetObjectItemCaseSensitive(
						    part, "settings"))
		{
			const cJSON *wrong = json_get(
				errors, json_get(setting, "name")->valuestring);

			(void)json_add_text(setting, "wrong",
			                    cJSON_IsString(wrong)
			                            ? wrong->valuestring
			                            : "");
		}
	}
}

/* A notice and hints: no page is about them.  None of them, or all. */
static enum rst_err
decorate(struct http_req *req, cJSON *root, cJSON *page, const char *name)
{
	enum rst_err err = add_replica(req, page);

	if (err == RST_OK)
		err = add_rules(req, root, name);
	if (err == RST_OK && !json_all_fit())
		err = RST_ENOMEM;
	if (err != RST_OK) {
		cJSON_DeleteItemFromObjectCaseSensitive(page, "replica");
		cJSON_DeleteItemFromObjectCaseSensitive(root, "rules");
	}
	return err;
}

enum rst_err
page_prepare(struct http_req *req, cJSON *root, const char *name,
             const char *title, const struct http_locale *locale, bool bare)
{
	enum rst_err err;
	cJSON *page;

	page_mark_words(root);
	page_tell_times(root, locale, req->ctx.now_s);
	page_translate(root, locale);
	page_name_actors(root);
	mark_settings(root);
	if (cJSON_GetArraySize(json_get(root, "items")) > 0)
		(void)json_add_bool(root, "has_items", true);
	page = add_page(req, root, title, locale);
	add_me(req, root);
	add_done(req, root);
	if (!json_all_fit())
		return RST_ENOMEM;
	err = decorate(req, root, page, name);
	if (err == RST_OK || !bare)
		return err;
	if (err != RST_EBUSY)
		http_broke(req, err, "");
	return RST_OK;
}
