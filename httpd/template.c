/* SPDX-License-Identifier: OLDAP-2.8 */
/* template.c - reading the template files */
#include "httpd/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/folder.h"

static const char suffix[] = ".mustache";

/* Mails are text; everything else is HTML. */
static bool
is_html(const char *name)
{
	return strncmp(name, "mail-", 5) != 0;
}

static enum rst_err
keep(void *arg, const char *file, char *text, size_t len,
     struct rst_detail *reterr)
{
	struct http_templates *templates = arg;
	struct rst_detail why = { "" };
	char name[TEMPLATE_NAME_MAX];
	unsigned int i;

	snprintf(name, sizeof(name), "%.*s",
	         (int)(strlen(file) - strlen(suffix)), file);
	if (strlen(text) != len ||
	    !http_template_check(text, is_html(name), &why)) {
		rst_detail_set(reterr, "%s: %s", file,
		               why.text[0] != '\0' ? why.text : "it has NULs");
		free(text);
		return RST_EINVALID;
	}
	for (i = 0; i < templates->n; i++)
		if (strcmp(templates->items[i].name, name) == 0)
			break;
	if (i == TEMPLATE_FILES_MAX) {
		rst_detail_set(reterr, "there are too many templates");
		free(text);
		return RST_EINVALID;
	}
	if (i == templates->n)
		templates->n++;
	free(templates->items[i].text);
	templates->items[i].text = text;
	memcpy(templates->items[i].name, name, sizeof(name));
	return RST_OK;
}

enum rst_err
http_templates_load(const char *folder, const char *overrides,
                    struct http_templates **ret_templates,
                    struct rst_detail *reterr)
{
	static const char *const suffixes[] = { suffix, NULL };
	struct http_templates *templates;
	char own[FOLDER_PATH_MAX];
	enum rst_err err;

	templates = calloc(1, sizeof(*templates));
	if (templates == NULL)
		return RST_ENOMEM;
	err = folder_read(folder, suffixes, TEMPLATE_BYTES_MAX, keep, templates,
	                  reterr);
	if (err == RST_OK && overrides != NULL) {
		snprintf(own, sizeof(own), "%s/templates", overrides);
		err = folder_read(own, suffixes, TEMPLATE_BYTES_MAX, keep,
		                  templates, reterr);
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
	for (unsigned int i = 0; i < templates->n; i++)
		free(templates->items[i].text);
	free(templates);
}
