/* SPDX-License-Identifier: OLDAP-2.8 */
/* mail_preview.c - mails as they will look, with values as they may be
 *
 * The HTML of a mail comes from its own address with its own policy, in a
 * frame that runs nothing: style in attributes is what mails are made of, and
 * nowhere else on these pages.
 */
#include <stdio.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/locale.h"
#include "httpd/mail.h"
#include "httpd/preview.h"
#include "httpd/template.h"

/* The mail of that name; NULL when there is none. */
static const char *
find_name(struct rst_view name)
{
	for (size_t i = 0; mail_names[i] != NULL; i++)
		if (rst_view_equal(name, rst_view_of(mail_names[i])))
			return mail_names[i];
	return NULL;
}

/* What mail name says in locale. */
static enum rst_err
render(const struct http_locale *locale, const char *name,
       const struct http_site *site, int64_t now_s, struct mail_text *ret_text,
       struct rst_detail *why)
{
	cJSON *params = mail_sample(name, site, now_s);
	const struct mail_letter letter = {
		.template = name,
		.params = params,
		.site = site,
		.made_s = now_s,
	};
	enum rst_err err = RST_ENOMEM;

	if (params != NULL)
		err = mail_render(locale, &letter, ret_text, why);
	cJSON_Delete(params);
	return err;
}

enum rst_err
mail_preview(const struct http_locales *locales, struct rst_env *env,
             const struct http_site *site, const struct mail_preview *asked,
             struct rst_detail *why)
{
	struct rst_view wanted = rst_view_of(asked->language);
	const char *name = find_name(rst_view_of(asked->name));
	struct mail_text text = { "", NULL, NULL };
	enum rst_err err;

	if (name == NULL) {
		rst_detail_set(why, "there is no mail \"%s\"", asked->name);
		return RST_ENOTFOUND;
	}
	if (wanted.len > 0 && http_locale_find(locales, wanted) == NULL) {
		rst_detail_set(why, "there is no language \"%s\"",
		               asked->language);
		return RST_ENOTFOUND;
	}
	err = render(mail_locale(locales, env, wanted), name, site,
	             asked->now_s, &text, why);
	if (err == RST_OK && asked->html && text.html == NULL) {
		rst_detail_set(why,
		               "%s has a text of this site, and no HTML beside "
		               "it",
		               name);
		err = RST_ENOTFOUND;
	}
	if (err == RST_OK && asked->html)
		fputs(text.html, stdout);
	else if (err == RST_OK)
		printf("Subject: %s\n\n%s", text.subject, text.text);
	mail_text_release(&text);
	return err;
}

/* The locale of ?lang=; false, with the reply, for one that is not there. */
static bool
read_language(struct http_req *req, struct http_reply *reply,
              const struct http_locale **ret_locale)
{
	const char *lang = http_query_get(&req->query, "lang");
	struct rst_view wanted = rst_view_of(lang != NULL ? lang : "");

	if (wanted.len > 0 &&
	    http_locale_find(req->server->locales, wanted) == NULL) {
		http_problem(reply, 400, "invalid_query", NULL,
		             "there is no such language");
		return false;
	}
	*ret_locale =
		mail_locale(req->server->locales, req->server->env, wanted);
	return true;
}

/* As a mail, in locale; false with *reply the problem. */
static bool
render_for(struct http_req *req, struct http_reply *reply,
           const struct http_locale *locale, const char *name,
           struct mail_text *text)
{
	struct rst_detail why = { "" };
	enum rst_err err;

	err = render(locale, name, &req->server->config->site, req->ctx.now_s,
	             text, &why);
	if (err == RST_EINVALID)
		http_problem(reply, 422, "invalid_value", NULL, why.text);
	else
		http_reply_err(req, reply, err, NULL);
	return err == RST_OK;
}

/* The languages that there are, and which one this is. */
static bool
add_languages(const struct http_req *req, const struct http_locale *chosen,
              cJSON *body)
{
	cJSON *list = cJSON_AddArrayToObject(body, "languages");
	const struct http_locale *locale;
	cJSON *item;

	for (unsigned int i = 0;
	     (locale = http_locale_at(req->server->locales, i)) != NULL; i++) {
		item = cJSON_CreateObject();
		if (!json_add_text(item, "tag", http_locale_tag(locale)) ||
		    !json_add_bool(item, "chosen", locale == chosen) ||
		    !json_take_item(list, item))
			return false;
	}
	return json_add_text(body, "language", http_locale_tag(chosen));
}

static bool
add_item(cJSON *items, const char *name, const struct http_locale *locale,
         const struct mail_text *text)
{
	const struct http_templates *templates = http_locale_templates(locale);
	char template[TEMPLATE_NAME_MAX], href[96];
	cJSON *item = cJSON_CreateObject();
	bool own = false;

	snprintf(template, sizeof(template), "mail-%s", name);
	(void)http_template_find(templates, template, &own);
	snprintf(href, sizeof(href), "/mail/templates/%s", name);
	return json_add_text(item, "name", name) &&
	       json_add_text(item, "subject", text->subject) &&
	       json_add_bool(item, "own", own) &&
	       json_add_bool(item, "html", text->html != NULL) &&
	       json_add_text(item, "href", href) && json_take_item(items, item);
}

/* GET /mail/templates */
void
api_letter_list(struct http_req *req, struct http_reply *reply)
{
	const struct http_locale *locale;
	struct mail_text text;
	cJSON *items;
	bool ok;

	if (!read_language(req, reply, &locale))
		return;
	reply->body = cJSON_CreateObject();
	items = cJSON_AddArrayToObject(reply->body, "items");
	ok = json_take(reply->body, "next", cJSON_CreateNull()) &&
	     add_languages(req, locale, reply->body);
	for (size_t i = 0; ok && mail_names[i] != NULL; i++) {
		text = (struct mail_text){ "", NULL, NULL };
		if (!render_for(req, reply, locale, mail_names[i], &text))
			return;
		ok = add_item(items, mail_names[i], locale, &text);
		mail_text_release(&text);
	}
	if (!ok)
		http_reply_err(req, reply, RST_ENOMEM, NULL);
}

/* GET /mail/templates/{} */
void
api_letter_show(struct http_req *req, struct http_reply *reply)
{
	const char *name = find_name(req->arg[0]);
	struct mail_text text = { "", NULL, NULL };
	const struct http_locale *locale;
	char frame[128];

	if (name == NULL) {
		http_reply_err(req, reply, RST_ENOTFOUND, NULL);
		return;
	}
	if (!read_language(req, reply, &locale) ||
	    !render_for(req, reply, locale, name, &text))
		return;
	snprintf(frame, sizeof(frame), "/mail/templates/%s/html?lang=%s", name,
	         http_locale_tag(locale));
	reply->body = cJSON_CreateObject();
	if (!json_add_text(reply->body, "name", name) ||
	    !json_add_text(reply->body, "subject", text.subject) ||
	    !json_add_text(reply->body, "text", text.text) ||
	    !json_add_text(reply->body, "html",
	                   text.html != NULL ? text.html : "") ||
	    (!req->api && !json_add_text(reply->body, "frame", frame)) ||
	    !add_languages(req, locale, reply->body))
		http_reply_err(req, reply, RST_ENOMEM, NULL);
	reply->policy = HTTP_POLICY_FRAMES;
	mail_text_release(&text);
}

/* GET /mail/templates/{}/html: for the frame */
void
page_letter_html(struct http_req *req, struct http_reply *reply)
{
	const char *name = find_name(req->arg[0]);
	struct mail_text text = { "", NULL, NULL };
	const struct http_locale *locale;

	if (name == NULL) {
		http_reply_err(req, reply, RST_ENOTFOUND, NULL);
		return;
	}
	if (!read_language(req, reply, &locale) ||
	    !render_for(req, reply, locale, name, &text))
		return;
	if (text.html == NULL) {
		http_reply_err(req, reply, RST_ENOTFOUND, NULL);
	} else {
		reply->policy = HTTP_POLICY_FRAMED;
		reply->content_type = "text/html; charset=utf-8";
		reply->text = text.html;
		text.html = NULL;
	}
	mail_text_release(&text);
}
