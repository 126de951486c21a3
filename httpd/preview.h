/* SPDX-License-Identifier: OLDAP-2.8 */
/* preview.h - a mail as it will look, on standard output: rosterd --mail */
#ifndef HTTPD_PREVIEW_H
#define HTTPD_PREVIEW_H

#include "httpd/conf.h"
#include "store/env.h"

struct http_locales;

struct mail_preview {
	const char *name;     /* such as "invitation" */
	const char *language; /* "": the site's */
	bool html;            /* not the text */
	int64_t now_s;
};
/* RST_ENOTFOUND (no such mail or language, no HTML), RST_EINVALID, RST_ENOMEM;
 * the detail says which. */
enum rst_err mail_preview(const struct http_locales *locales,
                          struct rst_env *env, const struct http_site *site,
                          const struct mail_preview *asked,
                          struct rst_detail *why) RST_MUST_USE;

#endif
