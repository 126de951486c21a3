/* SPDX-License-Identifier: OLDAP-2.8 */
/* mail_render.c - what a mail says, from its templates
 *
 *	mail-approved.mustache		"Subject: ...", an empty line, text
 *	mail-approved.html.mustache	the same as HTML, every value escaped
 *
 * Both speak the language of the reader.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/json.h"
#include "httpd/locale.h"
#include "httpd/mail.h"
#include "httpd/page.h"
#include "httpd/template.h"
#include "lifecycle/letter.h"
#include "lifecycle/setting.h"

#define SUBJECT "Subject: "

const char *const mail_names[] = {
	"agreements",
	"change-new",
	"change-old",
	"approved",
	"dropped",
	"ended",
	"ends",
	"idle",
	"invitation",
	"password",
	"password-changed",
	"password-expires",
	"received",
	"rejected",
	"request",
	"reset",
	"suspended",
	"test",
	"verification",
	"waiting",
	NULL,
};

static void
wipe(char **text)
{
	if (*text != NULL)
		sodium_memzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void
mail_text_release(struct mail_text *text)
{
	wipe(&text->text);
	wipe(&text->html);
}

const struct http_locale *
mail_locale(const struct http_locales *locales, struct rst_env *env,
            struct rst_view wanted)
{
	const struct http_locale *locale = http_locale_find(locales, wanted);
	char language[RULE_SETTING_VALUE_MAX + 1] = "";
	struct rst_rtxn txn;

	if (locale != NULL)
		return locale;
	/* rather in the language of the server than not at all */
	if (rst_read_begin(env, &txn) == RST_OK) {
		(void)!lifecycle_setting_text(&txn, RULE_SETTING_LANGUAGE,
		                              language);
		rst_read_end(&txn);
	}
	return http_locale_pick(locales, rst_view_of(language));
}

/* The params, and what every mail may say. */
static cJSON *
model_of(const struct http_locale *locale, const struct mail_letter *letter)
{
	cJSON *model = cJSON_Duplicate(letter->params, true), *site;

	if (!cJSON_IsObject(model)) {
		cJSON_Delete(model);
		return NULL;
	}
	cJSON_DeleteItemFromObjectCaseSensitive(model, LETTER_LANGUAGE);
	page_tell_times(model, locale, letter->made_s);
	site = cJSON_AddObjectToObject(model, "site");
	if (!json_add_text(site, "url", letter->site->url) ||
	    !json_add_text(site, "host", letter->site->host) ||
	    !json_add_text(model, "lang", http_locale_tag(locale))) {
		json_wipe(model);
		return NULL;
	}
	return model;
}

bool
mail_take_subject(struct mail_text *text)
{
	size_t len = strcspn(text->text, "\n");
	char *body = text->text + len;

	if (strncmp(text->text, SUBJECT, strlen(SUBJECT)) != 0 ||
	    strncmp(body, "\n\n", 2) != 0 ||
	    !rst_view_copy(rst_view(text->text + strlen(SUBJECT),
	                            len - strlen(SUBJECT)),
	                   text->subject, sizeof(text->subject)))
		return false;
	body += 2;
	len = strlen(body) + 1;
	memmove(text->text, body, len);
	sodium_memzero(text->text + len, (size_t)(body - text->text));
	return true;
}

/* Each control character of the model's texts is a space; whether one was. */
static bool
fold(cJSON *item)
{
	bool folded = false;
	cJSON *child;

	if (cJSON_IsString(item))
		for (char *at = item->valuestring; *at != '\0'; at++)
			if ((unsigned char)*at < ' ' || *at == 0x7f) {
				*at = ' ';
				folded = true;
			}
	cJSON_ArrayForEach(child, item) folded = fold(child) || folded;
	return folded;
}

/*
 * A reason may have lines, and a site's own subject may show it: there it is on
 * one.  A space for each byte, so that the text with and without them are of
 * one length, and what follows the subject begins at the same place.
 */
static enum rst_err
fold_subject(const struct http_templates *templates, const char *name,
             const cJSON *model, struct mail_text *text,
             struct rst_detail *reterr)
{
	cJSON *copy = cJSON_Duplicate(model, true);
	enum rst_err err = copy != NULL ? RST_OK : RST_ENOMEM;
	char *line = NULL;

	if (err == RST_OK && fold(copy))
		err = http_template_render(templates, name, copy, false, &line,
		                           reterr);
	if (err == RST_OK && line != NULL && strlen(line) == strlen(text->text))
		memcpy(text->text, line, strcspn(line, "\n"));
	wipe(&line);
	json_wipe(copy);
	return err;
}

static enum rst_err
render_html(const struct http_templates *templates, const char *name,
            cJSON *model, struct mail_text *text, struct rst_detail *reterr)
{
	char html[TEMPLATE_NAME_MAX];
	bool own = false, own_html = false;

	if ((size_t)snprintf(html, sizeof(html), "%s.html", name) >=
	            sizeof(html) ||
	    !http_template_find(templates, name, &own) ||
	    !http_template_find(templates, html, &own_html) ||
	    (own && !own_html))
		return RST_OK;
	if (!json_add_text(model, "subject", text->subject))
		return RST_ENOMEM;
	return http_template_render(templates, html, model, true, &text->html,
	                            reterr);
}

enum rst_err
mail_render(const struct http_locale *locale, const struct mail_letter *letter,
            struct mail_text *ret_text, struct rst_detail *reterr)
{
	const struct http_templates *templates = http_locale_templates(locale);
	cJSON *model = model_of(locale, letter);
	struct mail_text text = { "", NULL, NULL };
	char name[TEMPLATE_NAME_MAX];
	enum rst_err err = RST_EINVALID;

	if (model == NULL) {
		rst_detail_set(reterr, "its values cannot be read");
		goto out;
	}
	snprintf(name, sizeof(name), "mail-%s", letter->template);
	err = http_template_render(templates, name, model, false, &text.text,
	                           reterr);
	if (err == RST_OK)
		err = fold_subject(templates, name, model, &text, reterr);
	if (err == RST_OK && !mail_take_subject(&text)) {
		rst_detail_set(reterr,
		               "template %s: it begins with \"" SUBJECT
		               "\", of at most %d bytes, and an empty line",
		               name, MAIL_SUBJECT_MAX);
		err = RST_EINVALID;
	}
	if (err == RST_OK)
		err = render_html(templates, name, model, &text, reterr);
	if (err == RST_OK)
		*ret_text = text;
	else
		mail_text_release(&text);
out:
	json_wipe(model);
	return err;
}

cJSON *
mail_sample(const char *name, const struct http_site *site, int64_t now_s)
{
	static const struct {
		const char *name, *page;
	} pages[] = {
		{ "invitation", "/register/TOKEN" },
		{ "password", "/reset/TOKEN" },
		{ "reset", "/reset/TOKEN" },
		{ "verification", "/verify/TOKEN" },
		{ "change-new", "/verify/TOKEN" },
		{ "change-old", "/verify/TOKEN" },
		{ "request", "/requests" },
		{ "waiting", "/requests" },
		{ "approved", "/login" },
		{ "received", "/login" },
		{ "agreements", "/me/agreements" },
		{ "password-changed", "/reset" },
		{ "password-expires", "/me" },
	};
	cJSON *params = cJSON_CreateObject();
	char link[HTTP_URL_MAX + 32];
	const char *page = "";
	bool ok;

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (strcmp(pages[i].name, name) == 0)
			page = pages[i].page;
	snprintf(link, sizeof(link), "%s%s", site->url, page);
	ok = json_add_text(params, "link", link) &&
	     json_add_text(params, "username", "grace") &&
	     json_add_text(params, "name", "Grace Hopper") &&
	     json_add_text(params, "mail", "grace@example.org") &&
	     json_add_text(params, "from", "192.0.2.7") &&
	     json_add_text(params, "inviter", "Ada Lovelace") &&
	     json_add_text(params, "reason", "Ask your group first.") &&
	     json_add_time(params, "when", now_s + 7 * RULE_DAY) &&
	     json_add_time(params, "expires", now_s + RULE_DAY);
	if (ok)
		return params;
	cJSON_Delete(params);
	return NULL;
}
