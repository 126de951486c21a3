/* SPDX-License-Identifier: OLDAP-2.8 */
/* template.h - Mustache templates: pages and mails
 *
 * All files NAME.mustache of a folder, read once at start; a file of the same
 * name in the override folder takes its place (branding, mail texts).  Names
 * that begin with "_" are partials: {{> _head}}.  mail-NAME is plain text,
 * everything else HTML, mail-NAME.html too.  [[Text]] is text that other
 * languages have otherwise (locale.h); the brackets are not part of the page.
 */
#ifndef HTTPD_TEMPLATE_H
#define HTTPD_TEMPLATE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#define TEMPLATE_FILES_MAX 256
#define TEMPLATE_BYTES_MAX (256 * 1024) /* of one file */
#define TEMPLATE_NAME_MAX  64
#define TEMPLATE_TEXT_MAX  511 /* bytes of one text in brackets */

#ifdef __cplusplus
extern "C" {
#endif

#include "store/err.h"

struct http_template {
	char name[TEMPLATE_NAME_MAX];
	char *text;   /* owned: without the brackets */
	char *source; /* owned: as it was read; may be NULL */
	bool own;     /* of the override folder */
};
struct http_templates {
	unsigned int n;
	struct http_template items[TEMPLATE_FILES_MAX];
};

/*
 * Read folder, then overrides (which may be missing).  RST_ENOTFOUND,
 * RST_EINVALID (a file that is no template, or too long), RST_EIO,
 * RST_ENOMEM; the detail names the file.
 */
enum rst_err http_templates_load(const char *folder, const char *overrides,
                                 struct http_templates **ret_templates,
                                 struct rst_detail *reterr) RST_MUST_USE;
void http_templates_free(struct http_templates *templates);
/*
 * The same templates in another language: say() answers the text that stands
 * for the one in brackets.  RST_EINVALID when that makes a template wrong.
 */
typedef const char *template_say(void *arg, const char *english);
enum rst_err http_templates_translate(const struct http_templates *from,
                                      template_say *say, void *arg,
                                      struct http_templates **ret_templates,
                                      struct rst_detail *reterr) RST_MUST_USE;

/*
 * Render template name with model into *ret_text, owned by the caller.  With
 * html every value is escaped; {{{value}}} is an error of the template then.
 * RST_ENOTFOUND, RST_EINVALID, RST_ENOMEM.
 */
enum rst_err http_template_render(const struct http_templates *templates,
                                  const char *name, const cJSON *model,
                                  bool html, char **ret_text,
                                  struct rst_detail *reterr) RST_MUST_USE;
/* There is such a template; *ret_own: it is one of the overrides. */
bool http_template_find(const struct http_templates *templates,
                        const char *name, bool *ret_own);
/* The text is a well-formed template (and, for html, escapes everything). */
bool http_template_check(const char *text, bool html,
                         struct rst_detail *reterr);

#ifdef __cplusplus
}
#endif

#endif
