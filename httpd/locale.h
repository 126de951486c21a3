/* SPDX-License-Identifier: OLDAP-2.8 */
/* locale.h - the languages that pages speak
 *
 * A template says [[Sign in]]: English between double brackets, with any tag
 * inside, [[Suspend {{username}}]].  LANGUAGE.json of the locale folder is one
 * object from such a text to the same in its language.  All templates are
 * translated once, when they are read, so a page costs the same in every
 * language; what is missing stays English.
 */
#ifndef HTTPD_LOCALE_H
#define HTTPD_LOCALE_H

#include "httpd/template.h"
#include "store/view.h"

#define LOCALES_MAX      16
#define LOCALE_TAG_MAX   8            /* bytes of "de", "pt-br" */
#define LOCALE_WORDS_MAX 4096         /* texts of one language */
#define LOCALE_BYTES_MAX (256 * 1024) /* of one file */

struct http_locale;
struct http_locales;

/*
 * Read folder, then "locale" of overrides, whose texts win; either may be
 * missing.  English is always there.  templates is borrowed for English.
 * RST_EINVALID (a file that is no object of texts, a text that makes a
 * template wrong), RST_EIO, RST_ENOMEM; the detail names the file.
 */
enum rst_err http_locales_load(const char *folder, const char *overrides,
                               const struct http_templates *templates,
                               struct http_locales **ret_locales,
                               struct rst_detail *reterr) RST_MUST_USE;
void http_locales_free(struct http_locales *locales);

/* What the browser likes best of Accept-Language (NULL ptr: English). */
const struct http_locale *http_locale_pick(const struct http_locales *locales,
                                           struct rst_view accept);
/* The same, NULL when it likes none of those that there are. */
const struct http_locale *http_locale_find(const struct http_locales *locales,
                                           struct rst_view accept);
/* The nth, from 0; NULL behind the last. */
const struct http_locale *http_locale_at(const struct http_locales *locales,
                                         unsigned int n);
/* "en", "de" */
const char *http_locale_tag(const struct http_locale *locale);
const struct http_templates *http_locale_templates(
	const struct http_locale *locale);
/* The text in this language; itself when it is not known. */
const char *http_locale_say(const struct http_locale *locale,
                            const char *english);
/*
 * The same for a text made of parts, cut to size: "until %s" is looked for
 * where "until 2027-01-01" is said, and "weak password: too short" is two
 * texts.
 */
void http_locale_tell(const struct http_locale *locale, const char *english,
                      char *buf, size_t size);
/* http_locale_say() with n in place of %d, cut to size. */
void http_locale_count(const struct http_locale *locale, const char *english,
                       long long n, char *buf, size_t size);

#endif
