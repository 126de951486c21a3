/* SPDX-License-Identifier: OLDAP-2.8 */
/* folder.h - reading a folder of small files into memory */
#ifndef HTTPD_FOLDER_H
#define HTTPD_FOLDER_H

#include <stddef.h>

#include "store/err.h"

#define FOLDER_PATH_MAX 4096
#define FOLDER_NAME_MAX 63 /* bytes of a file's name */

/* Takes text, len bytes and a NUL. */
typedef enum rst_err folder_keep(void *arg, const char *file, char *text,
                                 size_t len, struct rst_detail *reterr);

/*
 * Call keep for every regular file of folder whose name is made of letters,
 * digits, '-', '_' and '.' and ends in one of suffixes (NULL-ended); others
 * are passed over.  RST_ENOTFOUND (no such folder), RST_EINVALID (longer than
 * max, no file, or not for this process), RST_EIO, RST_ENOMEM, or what keep
 * answers.
 */
enum rst_err folder_read(const char *folder, const char *const *suffixes,
                         size_t max, folder_keep *keep, void *arg,
                         struct rst_detail *reterr) RST_MUST_USE;

/* One file, NUL-terminated, owned by the caller.  RST_ENOTFOUND: no such file;
 * else as folder_read. */
enum rst_err folder_read_file(const char *path, size_t max, char **ret_text,
                              size_t *ret_len, struct rst_detail *reterr)
	RST_MUST_USE;

#endif
