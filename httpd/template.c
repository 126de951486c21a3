/* SPDX-License-Identifier: OLDAP-2.8 */
/* template.c - reading the template files */
#include "httpd/template.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/folder.h"

static const char suffix[] = ".mustache";

/* "mail-approved" is text, "mail-approved.html" and everything else HTML. */
static bool
is_html(const char *name)
{
	return strncmp(name, "mail-", 5) != 0 || strchr(name, '.') != NULL;
}

/* A text being written; NULL bytes when out of memory. */
struct output {
	char *bytes;
	size_t len, size;
};

static void
put(struct output *out, const char *text, size_t len)
{
	char *bytes;

	if (out->bytes == NULL)
		return;
	if (out->len + len + 1 > out->size) {
		out->size = 2 * (out->len + len + 1);
		bytes = realloc(out->bytes, out->size);
		if (bytes == NULL)
			free(out->bytes);
		out->bytes = bytes;
	}
	if (out->bytes == NULL)
		return;
	memcpy(out->bytes + out->len, text, len);
	out->len += len;
	out->bytes[out->len] = '\0';
}

static const char *
as_it_is(void *arg, const char *english)
{
	(void)arg;
	return english;
}

/* The source with what say() answers for each text in brackets. */
static enum rst_err
speak(const char *source, template_say *say, void *arg, char **ret_text,
      struct rst_detail *reterr)
{
	struct output out = { malloc(256), 0, 256 };
	char english[TEMPLATE_TEXT_MAX + 1];
	const char *open, *close, *said;

	put(&out, "", 0);
	while ((open = strstr(source, "[[")) != NULL) {
		close = strstr(open, "]]");
		if (close == NULL ||
		    close - open - 2 > (ptrdiff_t)TEMPLATE_TEXT_MAX) {
			rst_detail_set(reterr, "[[ without its ]]: %.40s",
			               open);
			free(out.bytes);
			return RST_EINVALID;
		}
		snprintf(english, sizeof(english), "%.*s",
		         (int)(close - open - 2), open + 2);
		said = say(arg, english);
		put(&out, source, (size_t)(open - source));
		put(&out, said, strlen(said));
		source = close + 2;
	}
	put(&out, source, strlen(source));
	*ret_text = out.bytes;
	return out.bytes != NULL ? RST_OK : RST_ENOMEM;
}

/* The slot of name, a new one if need be; NULL when there is no room. */
static struct http_template *
slot_of(struct http_templates *templates, const char *name)
{
	unsigned int i;

	for (i = 0; i < templates->n; i++)
		if (strcmp(templates->items[i].name, name) == 0)
			return &templates->items[i];
	if (i == TEMPLATE_FILES_MAX)
		return NULL;
	templates->n++;
	snprintf(templates->items[i].name, TEMPLATE_NAME_MAX, "%s", name);
	return &templates->items[i];
}

bool
http_template_find(const struct http_templates *templates, const char *name,
                   bool *ret_own)
{
	for (unsigned int i = 0; i < templates->n; i++) {
		if (strcmp(templates->items[i].name, name) != 0)
			continue;
		*ret_own = templates->items[i].own;
		return true;
	}
	return false;
}

/* The templates that are being read, and from where. */
struct reading {
	struct http_templates *templates;
	bool own;
};

static enum rst_err
keep(void *arg, const char *file, char *text, size_t len,
     struct rst_detail *reterr)
{
	const struct reading *reading = arg;
	struct rst_detail why = { "it has NULs" };
	struct http_template *slot;
	char name[TEMPLATE_NAME_MAX], *said = NULL;
	enum rst_err err = RST_EINVALID;

	snprintf(name, sizeof(name), "%.*s",
	         (int)(strlen(file) - strlen(suffix)), file);
	if (strlen(text) == len)
		err = speak(text, as_it_is, NULL, &said, &why);
	if (err == RST_OK && !http_template_check(said, is_html(name), &why))
		err = RST_EINVALID;
	slot = err == RST_OK ? slot_of(reading->templates, name) : NULL;
	if (err == RST_OK && slot == NULL) {
		rst_detail_set(&why, "there are too many templates");
		err = RST_EINVALID;
	}
	if (err != RST_OK) {
		rst_detail_set(reterr, "%s: %s", file, why.text);
		free(said);
		free(text);
		return err;
	}
	free(slot->text);
	free(slot->source);
	slot->text = said;
	slot->source = text;
	slot->own = reading->own;
	return RST_OK;
}

enum rst_err
http_templates_translate(const struct http_templates *from, template_say *say,
                         void *arg, struct http_templates **ret_templates,
                         struct rst_detail *reterr)
{
	struct http_templates *templates;
	enum rst_err err = RST_OK;

	templates = calloc(1, sizeof(*templates));
	if (templates == NULL)
		return RST_ENOMEM;
	for (unsigned int i = 0; err == RST_OK && i < from->n; i++) {
		const struct http_template *old = &from->items[i];
		struct rst_detail why = { "" };
		struct http_template *slot = slot_of(templates, old->name);

		slot->own = old->own;
		err = speak(old->source, say, arg, &slot->text, &why);
		if (err == RST_OK &&
		    !http_template_check(slot->text, is_html(old->name), &why))
			err = RST_EINVALID;
		if (err != RST_OK)
			rst_detail_set(reterr, "%s, translated: %s", old->name,
			               why.text);
	}
	if (err == RST_OK) {
		*ret_templates = templates;
		templates = NULL;
	}
	http_templates_free(templates);
	return err;
}

enum rst_err
http_templates_load(const char *folder, const char *overrides,
                    struct http_templates **ret_templates,
                    struct rst_detail *reterr)
{
	static const char *const suffixes[] = { suffix, NULL };
	struct reading reading = { NULL, false };
	struct http_templates *templates;
	char own[FOLDER_PATH_MAX];
	enum rst_err err;

	templates = calloc(1, sizeof(*templates));
	if (templates == NULL)
		return RST_ENOMEM;
	reading.templates = templates;
	err = folder_read(folder, suffixes, TEMPLATE_BYTES_MAX, keep, &reading,
	                  reterr);
	if (err == RST_OK && overrides != NULL) {
		snprintf(own, sizeof(own), "%s/templates", overrides);
		reading.own = true;
		err = folder_read(own, suffixes, TEMPLATE_BYTES_MAX, keep,
		                  &reading, reterr);
		if (err == RST_ENOTFOUND)
			err = RST_OK;
	}
	if (err == RST_OK) {
		*ret_templates = templates;
		templates = NULL;
	}
	http_templates_free(templates);
	return err;
}

void
http_templates_free(struct http_templates *templates)
{
	if (templates == NULL)
		return;
	for (unsigned int i = 0; i < templates->n; i++) {
		free(templates->items[i].text);
		free(templates->items[i].source);
	}
	free(templates);
}
