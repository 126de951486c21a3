/* SPDX-License-Identifier: OLDAP-2.8 */
/* reply.c - one model, two representations
 *
 * A program gets the model printed.  A browser gets it rendered, with what
 * page.h adds to it.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/etag.h"
#include "httpd/locale.h"
#include "httpd/page.h"
#include "httpd/route.h"
#include "httpd/stream.h"
#include "httpd/template.h"

/* The model of a page for a problem that no form can show; NULL when it would
 * not tell which. */
static cJSON *
problem_model(const struct http_reply *reply)
{
	cJSON *root = cJSON_CreateObject();
	cJSON *problem = cJSON_Duplicate(reply->body, true);
	const cJSON *code = json_get(problem, "code");

	(void)json_add_bool(
		problem, "dead_link",
		cJSON_IsString(code) &&
			(strcmp(code->valuestring, "invalid_invite") == 0 ||
	                 strcmp(code->valuestring, "invalid_link") == 0));
	if (json_take(root, "problem", problem) && code != NULL &&
	    json_get(problem, "title") != NULL &&
	    json_get(problem, "detail") != NULL)
		return root;
	json_wipe(root);
	return NULL;
}

static bool
accepts(const struct http_req *req, const char *type)
{
	struct rst_view accept = req->head->value[HTTP_H_ACCEPT];

	return accept.ptr != NULL &&
	       memmem(accept.ptr, accept.len, type, strlen(type)) != NULL;
}

/* The same addresses serve programs that say they want JSON. */
static bool
wants_json(const struct http_req *req)
{
	if (req->api || (req->route != NULL && req->route->where == HTTP_RAW))
		return true;
	return accepts(req, "json") && !accepts(req, "html");
}

static bool
wants_model(const struct http_req *req)
{
	return !req->api && accepts(req, PAGE_MODEL);
}

bool
page_wanted(const struct http_req *req)
{
	return wants_model(req) || !wants_json(req);
}

/*
 * Our own addresses begin with the path of public_url.  Templates write them
 * as values in quotes, and escaping turns every other quote into &quot;, so
 * what is found here is never somebody's text.
 */
static char *
with_base(char *page, const char *base)
{
	static const char *const before[] = { "href=\"/", "src=\"/",
		                              "action=\"/",
		                              "data-strength=\"/" };
	size_t len = strlen(base), out_len = 0;
	const char *at = page;
	char *out = NULL;
	FILE *stream;

	if (len == 0 || page == NULL)
		return page;
	stream = open_memstream(&out, &out_len);
	for (; stream != NULL && *at != '\0'; at++) {
		size_t n = 0;

		for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
			if (strncmp(at, before[i], strlen(before[i])) == 0)
				n = strlen(before[i]) - 1;
		fprintf(stream, "%.*s%s", (int)n, at, n > 0 ? base : "");
		at += n;
		fputc(*at, stream);
	}
	sodium_memzero(page, strlen(page));
	free(page);
	if (stream == NULL || fclose(stream) == 0)
		return out;
	free(out);
	return NULL;
}

/* A copy of the body, or what stands for none; NULL: out of memory. */
static cJSON *
model_of(const struct http_reply *reply)
{
	return reply->body != NULL ? cJSON_Duplicate(reply->body, true)
	                           : cJSON_CreateObject();
}

static enum rst_err
make_page(struct http_req *req, struct http_reply *reply,
          struct rst_detail *reterr)
{
	const struct http_route *route = req->route;
	bool form_shown = json_get(reply->body, "error") != NULL;
	bool is_problem = http_is_problem(reply) && !form_shown;
	/* its answer is given this once */
	bool bare = http_is_problem(reply) || (req->head->method != HTTP_GET &&
	                                       req->head->method != HTTP_HEAD);
	const char *name = "problem", *title = "Something went wrong";
	const struct http_locale *locale;
	enum rst_err err;
	cJSON *root;

	json_watch();
	locale = http_locale_find(req->server->locales,
	                          rst_view_of(req->who.language));
	if (locale == NULL)
		locale = http_locale_pick(
			req->server->locales,
			req->head->value[HTTP_H_ACCEPT_LANGUAGE]);
	if (!is_problem && route != NULL && route->template != NULL) {
		name = route->template;
		title = route->title;
	}
	root = is_problem ? problem_model(reply) : model_of(reply);
	err = root != NULL ? page_prepare(req, root, name, title, locale, bare)
	                   : RST_ENOMEM;
	if (err == RST_OK && wants_model(req)) {
		reply->content_type = PAGE_MODEL;
		reply->text = cJSON_PrintUnformatted(root);
	} else if (err == RST_OK) {
		reply->content_type = "text/html; charset=utf-8";
		err = http_template_render(http_locale_templates(locale), name,
		                           root, true, &reply->text, reterr);
		if (err == RST_OK)
			reply->text = with_base(reply->text,
			                        req->server->config->site.base);
	}
	json_wipe(root);
	return err == RST_OK && reply->text == NULL ? RST_ENOMEM : err;
}

static void
render(struct http_req *req, struct http_reply *reply)
{
	struct rst_detail why = { "" };
	enum rst_err err = make_page(req, reply, &why);

	if (err == RST_EBUSY) {
		http_reply_err(req, reply, err, NULL);
		err = make_page(req, reply, &why);
	}
	if (err == RST_OK)
		return;
	http_broke(req, err, why.text);
	reply->status = 500;
	reply->content_type = "text/plain; charset=utf-8";
	reply->text = strdup("The page cannot be shown.\n");
}

static void
print(const struct http_req *req, struct http_reply *reply)
{
	bool theirs =
		req->route != NULL && (req->route->where & HTTP_COMPAT) != 0;

	reply->content_type = http_is_problem(reply) && !theirs
	                              ? "application/problem+json"
	                              : "application/json";
	if (http_is_problem(reply) && theirs)
		openidcs_problem(reply);
	reply->text = cJSON_PrintUnformatted(reply->body);
	if (reply->text == NULL)
		reply->status = 500;
	etag_finish(req, reply);
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
	bool json = !page_wanted(req);

	if (reply->fixed != NULL || reply->stream != NULL)
		return;
	if (reply->text != NULL && !http_is_problem(reply)) {
		etag_finish(req, reply); /* the handler's own, or one kept */
		reply->text_len = reply->text != NULL ? strlen(reply->text) : 0;
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
		print(req, reply);
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
	http_stream_close(reply->stream);
	reply->stream = NULL;
}
