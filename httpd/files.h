/* SPDX-License-Identifier: OLDAP-2.8 */
/* files.h - the static files, in memory
 *
 * Read once at start and looked up by name in a list: no path from a request
 * ever reaches the file system.
 */
#ifndef HTTPD_FILES_H
#define HTTPD_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "httpd/folder.h"
#include "store/view.h"

#define FILES_MAX       32
#define FILES_BYTES_MAX (1024 * 1024) /* of one file */

struct http_file {
	char name[FOLDER_NAME_MAX + 1];
	const char *type; /* static */
	char hash[17];    /* changes with the content */
	char *text;       /* owned */
	size_t len;
};
struct http_files {
	unsigned int n;
	struct http_file items[FILES_MAX];
};

/* As http_templates_load(), for the folder of static files. */
enum rst_err http_files_load(const char *folder, const char *overrides,
                             struct http_files **ret_files,
                             struct rst_detail *reterr) RST_MUST_USE;
void http_files_free(struct http_files *files);
/* The file of that name, or NULL. */
const struct http_file *http_files_get(const struct http_files *files,
                                       struct rst_view name);

#endif
