/* SPDX-License-Identifier: OLDAP-2.8 */
/* page_person.c - everything about one person, and about oneself
 *
 * The page of a person is made of what /users/{} and the nouns below it
 * answer, so that an administrator leaves it for nothing; /me likewise.  A
 * form on it does what the API does and comes back.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "httpd/page.h"
#include "httpd/route.h"

/* keys_n, and has_keys: to a template a 0 is there. */
static bool
count(cJSON *body, const char *list)
{
	uint64_t n = (uint64_t)cJSON_GetArraySize(page_items(body, list));
	char key[32];

	(void)snprintf(key, sizeof(key), "%.16s_n", list);
	if (!json_add_number(body, key, n))
		return false;
	(void)snprintf(key, sizeof(key), "has_%.16s", list);
	return json_add_bool(body, key, n > 0);
}

/* What a template must not look for in the person around it. */
static bool
fill(cJSON *body, const char *at)
{
	static const char *const token[] = { "name",        "expires",
		                             "lastUsed",    "lastAddress",
		                             "createdFrom", NULL };
	static const char *const key[] = { "until", "comment", NULL };

	const cJSON *dn = json_get(body, "dn");
	const cJSON *status = json_get(body, "status");
	char text[HTTP_LOCATION_MAX];

	(void)snprintf(text, sizeof(text), "%.400s/ssh-keys", at);
	if (!json_add_text(body, "keys_at", text))
		return false;
	(void)snprintf(text, sizeof(text), "%.400s/tokens", at);
	if (!json_add_text(body, "tokens_at", text))
		return false;
	(void)snprintf(text, sizeof(text), "%.400s/sessions", at);
	if (!json_add_text(body, "sessions_at", text))
		return false;
	return page_sessions_tell(page_items(body, "sessions")) &&
	       page_fill(page_items(body, "tokens"), token) &&
	       page_fill(page_items(body, "keys"), key) &&
	       page_audit_tell(page_items(body, "history"), dn->valuestring) &&
	       count(body, "tokens") && count(body, "sessions") &&
	       count(body, "keys") && count(body, "agreements") &&
	       json_add_bool(body, "in_bin",
	                     cJSON_IsString(status) &&
	                             strcmp(status->valuestring, "deleted") ==
	                                     0) &&
	       json_add_bool(body, "has_hosts",
	                     json_get(body, "hosts")->child != NULL) &&
	       json_add_bool(body, "has_services",
	                     json_get(body, "services")->child != NULL);
}

/* What the steps of why.c are called on a page. */
static const char *
step_words(const char *step)
{
	static const struct {
		const char *step, *words;
	} names[] = {
		{ "exists", "account" },
		{ "status", "status" },
		{ "verification", "mail address" },
		{ "approvals", "approvals" },
		{ "agreements", "agreements" },
		{ "starts", "good from" },
		{ "expires", "good until" },
		{ "lock", "lock" },
		{ "password", "password" },
		{ "password-age", "age of the password" },
		{ "groups", "groups" },
		{ "host", "host" },
		{ "service", "service" },
		{ "shell", "shell" },
		{ "ssh-keys", "SSH keys" },
		{ "client-view", "what containers see" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].step, step) == 0)
			return names[i].words;
	return step;
}

/* Why somebody may sign in or not: the words of each step. */
static bool
tell_steps(cJSON *body)
{
	cJSON *steps = cJSON_GetObjectItemCaseSensitive(json_get(body, "why"),
	                                                "steps");
	static const char *const keys[] = { "change", NULL };
	cJSON *step;

	cJSON_ArrayForEach(step, steps)
	{
		cJSON *name = cJSON_AddObjectToObject(step, "named");
		const cJSON *word = json_get(step, "step");
		const cJSON *text = json_get(step, "text");

		if (!cJSON_IsString(word) || !cJSON_IsString(text) ||
		    !json_add_text(name, "said",
		                   step_words(word->valuestring)) ||
		    !json_add_text(step, "said", text->valuestring))
			return false;
	}
	return page_fill(steps, keys);
}

static bool
has_text(const cJSON *object, const char *name)
{
	const cJSON *text = json_get(object, name);

	return cJSON_IsString(text) && text->valuestring[0] != '\0';
}

/* GET /users/{}, for browsers */
void
page_user(struct http_req *req, struct http_reply *reply)
{
	bool ok;

	if (!page_base(req, reply, api_user_show))
		return;
	ok = page_part(req, reply, "keys", "", api_key_list) &&
	     json_add_bool(reply->body, "can_send",
	                   req->server->config->smtp_url != NULL &&
	                           has_text(reply->body, "mail"));
	if (ok && req->who.administrator)
		ok = page_part(req, reply, "tokens", "", api_user_tokens) &&
		     page_part(req, reply, "sessions", "", api_user_sessions) &&
		     page_part(req, reply, "why", "", api_user_why) &&
		     page_part(req, reply, "agreements", "",
		               api_user_agreements) &&
		     page_part(req, reply, "history", "limit=12",
		               api_user_history) &&
		     tell_steps(reply->body);
	if (!ok ||
	    !fill(reply->body, json_get(reply->body, "href")->valuestring))
		page_fell_short(req, reply);
}

/* GET /me, for browsers */
void
page_me(struct http_req *req, struct http_reply *reply)
{
	bool ok;

	if (!page_base(req, reply, api_me_show))
		return;
	req->arg[0] = rst_view_of(req->who.username); /* of the history */
	ok = page_part(req, reply, "keys", "", api_key_list) &&
	     page_part(req, reply, "tokens", "", api_my_tokens) &&
	     page_part(req, reply, "sessions", "", api_my_sessions) &&
	     page_part(req, reply, "history", "limit=12", api_user_history);
	ok = ok && json_add_bool(reply->body, "mayChangeMail",
	                         me_may_change_mail(req));
	ok = ok && fill(reply->body, "/me");
	if (ok && !req->who.administrator)
		ok = page_audit_unlink(page_items(reply->body, "history"));
	if (!ok)
		page_fell_short(req, reply);
}

/* Back to the page of the person, and to a part of it. */
static void
go_back(const struct http_req *req, struct http_reply *reply, const char *end)
{
	bool own = strncmp(req->route->path, "/me", 3) == 0;

	cJSON_Delete(reply->body);
	reply->body = NULL;
	reply->status = 200;
	http_location(reply, own ? "/me" : "/users/",
	              own ? RST_VIEW("") : req->arg[0], end);
}

/* A form's day is the moment at which it begins, UTC. */
static bool
day_to_time(struct http_req *req, const char *name)
{
	struct rst_view day = input_text(req, name);
	char text[JSON_TIME_MAX];

	if (day.len != sizeof("2027-01-31") - 1)
		return true;
	(void)snprintf(text, sizeof(text), "%sT00:00:00Z", day.ptr);
	return cJSON_ReplaceItemInObjectCaseSensitive(req->input, name,
	                                              cJSON_CreateString(text));
}

/* POST /me/ssh-keys, POST /users/{}/ssh-keys */
void
page_key_add(struct http_req *req, struct http_reply *reply)
{
	if (!day_to_time(req, "until")) {
		http_reply_err(req, reply, RST_ENOMEM, NULL);
		return;
	}
	api_key_add(req, reply);
	if (!http_is_problem(reply))
		go_back(req, reply, "?done=key#keys");
}

/* POST /me/ssh-keys/remove, POST /users/{}/ssh-keys/remove */
void
page_key_drop(struct http_req *req, struct http_reply *reply)
{
	api_key_drop(req, reply);
	if (!http_is_problem(reply))
		go_back(req, reply, "?done=unkey#keys");
}

/* "10.0.0.0/8, 192.0.2.1" is a list of two. */
static bool
split(struct http_req *req, const char *name)
{
	static const char between[] = ", \t\r\n";
	const char *at = input_text(req, name).ptr;
	cJSON *list;

	if (at == NULL)
		return true;
	list = cJSON_CreateArray();
	while (list != NULL && *(at += strspn(at, between)) != '\0') {
		size_t len = strcspn(at, between);

		if (!json_append_view(list, rst_view(at, len)))
			break;
		at += len;
	}
	return list != NULL && *at == '\0' &&
	       cJSON_ReplaceItemInObjectCaseSensitive(req->input, name, list);
}

/* The token is on this one page, and nowhere afterwards. */
static void
make_token(struct http_req *req, struct http_reply *reply, http_handler *create,
           http_handler *show)
{
	cJSON *made;

	if (!split(req, "addresses")) {
		http_reply_err(req, reply, RST_ENOMEM, NULL);
		return;
	}
	create(req, reply);
	if (http_is_problem(reply) || !page_wanted(req))
		return;
	made = reply->body;
	reply->body = NULL;
	reply->status = 201;
	page_shown_once(req, reply, made, "made", show);
}

/* POST /me/tokens */
void
page_my_token_create(struct http_req *req, struct http_reply *reply)
{
	make_token(req, reply, api_my_token_create, page_me);
}

/* POST /users/{}/tokens */
void
page_user_token_create(struct http_req *req, struct http_reply *reply)
{
	make_token(req, reply, api_user_token_create, page_user);
}

/* POST /users/{}/reset-password: the link is on this one page */
void
page_user_link(struct http_req *req, struct http_reply *reply)
{
	cJSON *made;

	api_user_link(req, reply);
	if (http_is_problem(reply) || !page_wanted(req))
		return;
	made = reply->body;
	reply->body = NULL;
	reply->status = 200;
	page_shown_once(req, reply, made, "reset", page_user);
}

/* POST /me/tokens/{}/revoke */
void
page_my_token_revoke(struct http_req *req, struct http_reply *reply)
{
	api_my_token_revoke(req, reply);
	if (!http_is_problem(reply))
		go_back(req, reply, "?done=revoked#tokens");
}

/* POST /users/{}/tokens/{}/revoke */
void
page_user_token_revoke(struct http_req *req, struct http_reply *reply)
{
	api_user_token_revoke(req, reply);
	if (!http_is_problem(reply))
		go_back(req, reply, "?done=revoked#tokens");
}
