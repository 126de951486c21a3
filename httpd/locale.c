/* SPDX-License-Identifier: OLDAP-2.8 */
/* locale.c - the languages that pages speak */
#include "httpd/locale.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "httpd/folder.h"

#define LOCALE_PARTS_MAX  4   /* "%s" of one text */
#define LOCALE_PART_BYTES 512 /* of what one stands for, with the NUL */

static const char suffix[] = ".json";

struct word {
	const char *english, *text; /* borrowed from a file */
};
struct http_locale {
	char tag[LOCALE_TAG_MAX + 1];
	/* The file and the one that overrides it; words point into them. */
	cJSON *files[2];
	struct word *words; /* owned, sorted; NULL for English */
	size_t n_words;
	struct http_templates *own; /* translated; NULL for English */
	const struct http_templates *templates;
};
struct http_locales {
	unsigned int n;
	struct http_locale items[LOCALES_MAX]; /* the first is English */
};

static int
by_english(const void *a, const void *b)
{
	return strcmp(((const struct word *)a)->english,
	              ((const struct word *)b)->english);
}

const char *
http_locale_say(const struct http_locale *locale, const char *english)
{
	const struct word wanted = { english, NULL };
	const struct word *found = NULL;

	if (locale->n_words > 0)
		found = bsearch(&wanted, locale->words, locale->n_words,
		                sizeof(wanted), by_english);
	return found != NULL ? found->text : english;
}

void
http_locale_count(const struct http_locale *locale, const char *english,
                  long long n, char *buf, size_t size)
{
	const char *text = http_locale_say(locale, english);
	const char *at = strstr(text, "%d");

	if (at == NULL)
		snprintf(buf, size, "%s", text);
	else
		snprintf(buf, size, "%.*s%lld%s", (int)(at - text), text, n,
		         at + 2);
}

/*
 * Does text have the form of pattern?  What each "%s" stands for goes into
 * parts; as little as possible each.
 */
static bool
has_form(const char *pattern, const char *text,
         struct rst_view parts[LOCALE_PARTS_MAX], unsigned int n)
{
	while (*pattern != '\0' && strncmp(pattern, "%s", 2) != 0)
		if (*pattern++ != *text++)
			return false;
	if (*pattern == '\0')
		return *text == '\0';
	if (n == LOCALE_PARTS_MAX)
		return false;
	pattern += 2;
	for (size_t len = *pattern == '\0' ? strlen(text) : 0;; len++) {
		parts[n] = rst_view(text, len);
		if (has_form(pattern, text + len, parts, n + 1))
			return true;
		if (text[len] == '\0')
			return false;
	}
}

static void
fill_form(const struct http_locale *locale, const char *form,
          const struct rst_view parts[LOCALE_PARTS_MAX], char *buf, size_t size)
{
	size_t n = 0, used = 0;

	for (; *form != '\0' && used + 1 < size; form++) {
		char part[LOCALE_PART_BYTES];

		if (strncmp(form, "%s", 2) != 0 || n == LOCALE_PARTS_MAX) {
			buf[used++] = *form;
			continue;
		}
		snprintf(part, sizeof(part), "%.*s", (int)parts[n].len,
		         parts[n].ptr);
		n++;
		form++;
		snprintf(buf + used, size - used, "%s",
		         http_locale_say(locale, part));
		used += strlen(buf + used);
	}
	buf[used] = '\0';
}

/* One text, or one that has the form of one; false when it is not known. */
static bool
tell_one(const struct http_locale *locale, const char *english, char *buf,
         size_t size)
{
	const char *said = http_locale_say(locale, english);
	struct rst_view parts[LOCALE_PARTS_MAX];

	if (said != english) {
		snprintf(buf, size, "%s", said);
		return true;
	}
	for (size_t i = 0; i < locale->n_words; i++) {
		const struct word *word = &locale->words[i];

		memset(parts, 0, sizeof(parts));
		if (strstr(word->english, "%s") == NULL ||
		    strcmp(word->english, "%s") == 0 ||
		    !has_form(word->english, english, parts, 0))
			continue;
		fill_form(locale, word->text, parts, buf, size);
		return true;
	}
	return false;
}

void
http_locale_tell(const struct http_locale *locale, const char *english,
                 char *buf, size_t size)
{
	const char *colon = strstr(english, ": ");
	char first[LOCALE_PART_BYTES];
	size_t used;

	if (tell_one(locale, english, buf, size))
		return;
	snprintf(buf, size, "%s", english);
	if (colon == NULL || (size_t)(colon - english) >= sizeof(first))
		return;
	snprintf(first, sizeof(first), "%.*s", (int)(colon - english), english);
	snprintf(buf, size, "%s: ", http_locale_say(locale, first));
	used = strlen(buf);
	if (!tell_one(locale, colon + 2, buf + used, size - used))
		snprintf(buf + used, size - used, "%s", colon + 2);
}

const char *
http_locale_tag(const struct http_locale *locale)
{
	return locale->tag;
}

const struct http_templates *
http_locale_templates(const struct http_locale *locale)
{
	return locale->templates;
}

/* The locale of a tag, made when it is new; NULL when there is no room. */
static struct http_locale *
locale_of(struct http_locales *locales, const char *tag)
{
	for (unsigned int i = 0; i < locales->n; i++)
		if (strcmp(locales->items[i].tag, tag) == 0)
			return &locales->items[i];
	if (locales->n == LOCALES_MAX)
		return NULL;
	snprintf(locales->items[locales->n].tag, LOCALE_TAG_MAX + 1, "%s", tag);
	return &locales->items[locales->n++];
}

/* Only texts, and not empty: a page must say something. */
static bool
is_catalogue(const cJSON *file)
{
	if (file == NULL || !cJSON_IsObject(file) ||
	    cJSON_GetArraySize(file) > LOCALE_WORDS_MAX)
		return false;
	for (const cJSON *word = file->child; word != NULL; word = word->next)
		if (!cJSON_IsString(word) || word->valuestring[0] == '\0')
			return false;
	return true;
}

static enum rst_err
keep(void *arg, const char *file, char *text, size_t len,
     struct rst_detail *reterr)
{
	struct http_locales *locales = arg;
	size_t tag_len = strlen(file) - strlen(suffix);
	char tag[LOCALE_TAG_MAX + 1];
	struct http_locale *locale;
	cJSON *words = NULL;

	if (tag_len >= 2 && tag_len <= LOCALE_TAG_MAX)
		words = cJSON_ParseWithLength(text, len);
	free(text);
	if (!is_catalogue(words)) {
		rst_detail_set(reterr, "%s: not one object of texts", file);
		goto out;
	}
	snprintf(tag, sizeof(tag), "%.*s", (int)tag_len, file);
	locale = locale_of(locales, tag);
	if (locale == NULL || locale->files[1] != NULL) {
		rst_detail_set(reterr, "%s: too many languages", file);
		goto out;
	}
	locale->files[locale->files[0] != NULL] = words;
	return RST_OK;
out:
	cJSON_Delete(words);
	return RST_EINVALID;
}

/* All words of a locale in order; the later file wins. */
static enum rst_err
sort_words(struct http_locale *locale)
{
	size_t max = 0;

	for (int i = 0; i < 2; i++)
		max += (size_t)cJSON_GetArraySize(locale->files[i]);
	if (max == 0)
		return RST_OK;
	locale->words = calloc(max, sizeof(*locale->words));
	if (locale->words == NULL)
		return RST_ENOMEM;
	for (int i = 1; i >= 0; i--) {
		const cJSON *file = locale->files[i];
		size_t later = locale->n_words;

		for (const cJSON *word = file != NULL ? file->child : NULL;
		     word != NULL; word = word->next) {
			const struct word one = { word->string,
				                  word->valuestring };

			if (bsearch(&one, locale->words, later, sizeof(one),
			            by_english) == NULL)
				locale->words[locale->n_words++] = one;
		}
		qsort(locale->words, locale->n_words, sizeof(*locale->words),
		      by_english);
	}
	return RST_OK;
}

static const char *
say(void *arg, const char *english)
{
	return http_locale_say(arg, english);
}

static enum rst_err
translate(struct http_locale *locale, const struct http_templates *templates,
          struct rst_detail *reterr)
{
	enum rst_err err = sort_words(locale);

	locale->templates = templates;
	if (err != RST_OK || locale->n_words == 0)
		return err;
	err = http_templates_translate(templates, say, locale, &locale->own,
	                               reterr);
	locale->templates = locale->own;
	return err;
}

enum rst_err
http_locales_load(const char *folder, const char *overrides,
                  const struct http_templates *templates,
                  struct http_locales **ret_locales, struct rst_detail *reterr)
{
	static const char *const suffixes[] = { suffix, NULL };
	struct http_locales *locales;
	char own[FOLDER_PATH_MAX];
	enum rst_err err;

	locales = calloc(1, sizeof(*locales));
	if (locales == NULL)
		return RST_ENOMEM;
	(void)locale_of(locales, "en");
	err = folder_read(folder, suffixes, LOCALE_BYTES_MAX, keep, locales,
	                  reterr);
	if (err == RST_ENOTFOUND)
		err = RST_OK;
	if (err == RST_OK && overrides != NULL) {
		snprintf(own, sizeof(own), "%s/locale", overrides);
		err = folder_read(own, suffixes, LOCALE_BYTES_MAX, keep,
		                  locales, reterr);
		if (err == RST_ENOTFOUND)
			err = RST_OK;
	}
	for (unsigned int i = 0; err == RST_OK && i < locales->n; i++)
		err = translate(&locales->items[i], templates, reterr);
	if (err == RST_OK) {
		*ret_locales = locales;
		locales = NULL;
	}
	http_locales_free(locales);
	return err;
}

void
http_locales_free(struct http_locales *locales)
{
	if (locales == NULL)
		return;
	for (unsigned int i = 0; i < locales->n; i++) {
		free(locales->items[i].words);
		cJSON_Delete(locales->items[i].files[0]);
		cJSON_Delete(locales->items[i].files[1]);
		http_templates_free(locales->items[i].own);
	}
	free(locales);
}

/* The locale of "de" or "de-AT": the whole tag, else what it begins with. */
static const struct http_locale *
find(const struct http_locales *locales, struct rst_view tag)
{
	const char *dash = memchr(tag.ptr, '-', tag.len);

	for (unsigned int i = 0; i < locales->n; i++)
		if ((i == 0 || locales->items[i].n_words > 0) &&
		    strlen(locales->items[i].tag) == tag.len &&
		    strncasecmp(locales->items[i].tag, tag.ptr, tag.len) == 0)
			return &locales->items[i];
	return dash != NULL ? find(locales,
	                           rst_view(tag.ptr, (size_t)(dash - tag.ptr)))
	                    : NULL;
}

/* Thousandths of "q=0.8"; 1000 when there is none. */
static unsigned int
weight_of(struct rst_view part)
{
	const char *at = memmem(part.ptr, part.len, "q=", 2);
	const char *end = part.ptr + part.len;
	unsigned int weight, scale = 100;

	if (at == NULL)
		return 1000;
	at += 2;
	if (at == end || *at != '0')
		return 1000;
	weight = 0;
	for (at += 2; at < end && *at >= '0' && *at <= '9' && scale > 0; at++) {
		weight += (unsigned int)(*at - '0') * scale;
		scale /= 10;
	}
	return weight;
}

const struct http_locale *
http_locale_find(const struct http_locales *locales, struct rst_view accept)
{
	const struct http_locale *best = NULL;
	unsigned int best_weight = 0;

	for (size_t i = 0; i < accept.len;) {
		const char *at = accept.ptr + i;
		const char *comma = memchr(at, ',', accept.len - i);
		size_t len =
			comma != NULL ? (size_t)(comma - at) : accept.len - i;
		const char *semicolon = memchr(at, ';', len);
		size_t tag = semicolon != NULL ? (size_t)(semicolon - at) : len;
		size_t blank = 0;
		const struct http_locale *found;
		unsigned int weight = weight_of(rst_view(at, len));

		i += len + 1;
		while (blank < tag && at[blank] == ' ')
			blank++;
		while (tag > blank && at[tag - 1] == ' ')
			tag--;
		found = find(locales, rst_view(at + blank, tag - blank));
		if (found != NULL && weight > best_weight) {
			best = found;
			best_weight = weight;
		}
	}
	return best;
}

const struct http_locale *
http_locale_pick(const struct http_locales *locales, struct rst_view accept)
{
	const struct http_locale *found = http_locale_find(locales, accept);

	return found != NULL ? found : &locales->items[0];
}

const struct http_locale *
http_locale_at(const struct http_locales *locales, unsigned int n)
{
	return n < locales->n ? &locales->items[n] : NULL;
}
