/* SPDX-License-Identifier: OLDAP-2.8 */
/* files.c - the static files, in memory */
#include "httpd/files.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *suffix, *type;
} types[] = {
	{ ".css", "text/css; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
	{ ".png", "image/png" },
	{ ".txt", "text/plain; charset=utf-8" },
};
static const char *const suffixes[] = { ".css", ".js",  ".svg",
	                                ".png", ".txt", NULL };

static const char *
type_of(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(name + len - strlen(types[i].suffix),
		           types[i].suffix) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static enum rst_err
keep(void *arg, const char *name, char *text, size_t len,
     struct rst_detail *reterr)
{
	struct http_files *files = arg;
	struct http_file *file;
	unsigned char hash[16];
	unsigned int i;

	for (i = 0; i < files->n; i++)
		if (strcmp(files->items[i].name, name) == 0)
			break;
	if (i == FILES_MAX) {
		rst_detail_set(reterr, "there are too many static files");
		free(text);
		return RST_EINVALID;
	}
	if (i == files->n)
		files->n++;
	file = &files->items[i];
	free(file->text);
	snprintf(file->name, sizeof(file->name), "%s", name);
	file->type = type_of(name);
	file->text = text;
	file->len = len;
	crypto_generichash(hash, sizeof(hash), (unsigned char *)text, len, NULL,
	                   0);
	sodium_bin2hex(file->hash, sizeof(file->hash), hash, 8);
	return RST_OK;
}

enum rst_err
http_files_load(const char *folder, const char *overrides,
                struct http_files **ret_files, struct rst_detail *reterr)
{
	struct http_files *files;
	char own[FOLDER_PATH_MAX];
	enum rst_err err;

	files = calloc(1, sizeof(*files));
	if (files == NULL)
		return RST_ENOMEM;
	err = folder_read(folder, suffixes, FILES_BYTES_MAX, keep, files,
	                  reterr);
	if (err == RST_OK && overrides != NULL) {
		snprintf(own, sizeof(own), "%s/static", overrides);
		err = folder_read(own, suffixes, FILES_BYTES_MAX, keep, files,
		                  reterr);
		if (err == RST_ENOTFOUND)
			err = RST_OK;
	}
	if (err == RST_OK) {
		*ret_files = files;
		files = NULL;
	}
	http_files_free(files);
	return err;
}

void
http_files_free(struct http_files *files)
{
	if (files == NULL)
		return;
	for (unsigned int i = 0; i < files->n; i++)
		free(files->items[i].text);
	free(files);
}

const struct http_file *
http_files_get(const struct http_files *files, struct rst_view name)
{
	for (unsigned int i = 0; i < files->n; i++)
		if (rst_view_equal(rst_view_of(files->items[i].name), name))
			return &files->items[i];
	return NULL;
}
