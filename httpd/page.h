/* SPDX-License-Identifier: OLDAP-2.8 */
/* page.h - what pages show besides the model of the API
 *
 * A page's model is the API's own, what handlers of other nouns would answer
 * as parts of it, and what every page needs.  Templates cannot compare or
 * compute, so what they ask is made here:
 *
 *	is_active, ...		for every status and state
 *	expires_when, ...	for every time; _exact, _at and _day too
 *	page	title, css, script, icon (paths), version, lang, at_<noun>
 *	me	username, administrator, waiting: who is signed in
 *	csrf	for the forms
 *	rules	what a new password must be
 *	done	{ word: true } of "?done=word": what was just done
 *	error, errors, form	when a form was refused
 *
 * Whoever writes templates of his own sees all of it by asking for PAGE_MODEL.
 */
#ifndef HTTPD_PAGE_H
#define HTTPD_PAGE_H

#include "httpd/http.h"

#define PAGE_MODEL "application/vnd.roster.page+json"

/* The reply is to be a page, or its model: not what the API answers. */
bool page_wanted(const struct http_req *req);

/*
 * What handle would answer to query ("limit=10"; "" for none), under key of
 * reply's body.  A refusal is left out: the page then lacks this part.  False
 * when out of memory, or when handle could not tell (a status of 500 or more):
 * then that problem is *reply.
 */
bool page_part(struct http_req *req, struct http_reply *reply, const char *key,
               const char *query, http_handler *handle);
/* Out of memory, unless *reply is a problem already, of page_part(). */
void page_fell_short(struct http_req *req, struct http_reply *reply);

#define PAGE_ONCE "once" /* of a problem: what was made all the same */
/* The problem's page shows made (taken), unless the problem undoes it. */
void page_once(struct http_req *req, struct http_reply *reply, cJSON *made);
/*
 * What show makes, with made (taken), which is shown this once, under key of
 * it.  What was held is committed before: what show reads may fail, and then
 * its problem is *reply, with page_once().
 * reply->body is to be NULL.
 */
void page_shown_once(struct http_req *req, struct http_reply *reply,
                     cJSON *made, const char *key, http_handler *show);
/* The same, body's own members when it is NULL: what a page builds upon.
 * False, with *reply the problem. */
bool page_base(struct http_req *req, struct http_reply *reply,
               http_handler *handle);
/* body[key].items, or NULL. */
cJSON *page_items(const cJSON *body, const char *key);
/*
 * Give each of items an empty text for those of keys (NULL at the end) that
 * it lacks: a template would look for them in the outer object.
 */
bool page_fill(cJSON *items, const char *const *keys);

/* "192.0.2.7:4711" and "[2001:db8::1]:4711" lose what nobody looks for. */
void page_drop_port(cJSON *item, const char *key);
/*
 * What was asked, for the page's form and for "next": query.NAME of each of
 * names (NULL at the end), "" where it was not given, and query.again, all of
 * them but the cursor as they stand in an address, with an "&" at the end.
 */
bool page_query(struct http_req *req, cJSON *body, const char *const *names);
/* page_audit.c: records of the journal in words, who and whom by name; about
 * (may be NULL) is the DN that the page is about and need not name. */
bool page_audit_tell(cJSON *items, const char *about);
/* Nobody but an administrator may follow their links. */
bool page_audit_unlink(cJSON *items);
/* { "creator": DN } of root gains creator_is { name, href }; so does statusBy.
 */
void page_name_actors(cJSON *root);
/* page_session.c: the browser and the system of each, and where its person
 * is. */
bool page_sessions_tell(cJSON *items);

/*
 * Make root, a model, what a template named name needs, with nothing missing
 * since json_watch().  On an error it is not whole: a page that lacks rows, or
 * the form's token, says what is not so.  A page that may be bare does without
 * the notice and the hints that cannot be read.
 */
enum rst_err page_prepare(struct http_req *req, cJSON *root, const char *name,
                          const char *title, const struct http_locale *locale,
                          bool bare) RST_MUST_USE;

/* page_words.c: is_active and its like, times, and English words in the
 * language of the page. */
void page_mark_words(cJSON *root);
void page_tell_times(cJSON *root, const struct http_locale *locale,
                     int64_t now_s);
void page_translate(cJSON *root, const struct http_locale *locale);

#endif
