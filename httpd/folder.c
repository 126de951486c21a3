/* SPDX-License-Identifier: OLDAP-2.8 */
/* folder.c - reading a folder of small files into memory */
#include "httpd/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_wanted(const char *name, const char *const *suffixes)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	size_t len = strlen(name);

	if (len > FOLDER_NAME_MAX || name[0] == '.' ||
	    strspn(name, allowed) != len)
		return false;
	for (; *suffixes != NULL; suffixes++) {
		size_t tail = strlen(*suffixes);

		if (len > tail && strcmp(name + len - tail, *suffixes) == 0)
			return true;
	}
	return false;
}

enum rst_err
folder_read_file(const char *path, size_t max, char **ret_text, size_t *ret_len,
                 struct rst_detail *reterr)
{
	enum rst_err err = RST_EIO;
	char *text = NULL;
	struct stat st;
	FILE *file;

	file = fopen(path, "re");
	if (file == NULL || fstat(fileno(file), &st) != 0) {
		err = rst_open_err(errno);
		rst_detail_set(reterr, "%s: %s", path, strerror(errno));
		goto out;
	}
	err = RST_EINVALID;
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > max) {
		rst_detail_set(reterr, "%s: it is no file, or too long", path);
		goto out;
	}
	err = RST_ENOMEM;
	text = malloc((size_t)st.st_size + 1);
	if (text == NULL)
		goto out;
	err = RST_EIO;
	if (fread(text, 1, (size_t)st.st_size, file) != (size_t)st.st_size) {
		rst_detail_set(reterr, "%s: it cannot be read", path);
		goto out;
	}
	text[st.st_size] = '\0';
	*ret_text = text;
	*ret_len = (size_t)st.st_size;
	text = NULL;
	err = RST_OK;
out:
	free(text);
	if (file != NULL)
		fclose(file);
	return err;
}

enum rst_err
folder_read(const char *folder, const char *const *suffixes, size_t max,
            folder_keep *keep, void *arg, struct rst_detail *reterr)
{
	char path[FOLDER_PATH_MAX];
	struct dirent *entry;
	enum rst_err err = RST_OK;
	size_t len = 0;
	char *text = NULL;
	DIR *dir;

	dir = opendir(folder);
	if (dir == NULL) {
		err = rst_open_err(errno);
		rst_detail_set(reterr, "%s: %s", folder, strerror(errno));
		return err;
	}
	while (err == RST_OK && (entry = readdir(dir)) != NULL) {
		if (!is_wanted(entry->d_name, suffixes))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		err = folder_read_file(path, max, &text, &len, reterr);
		if (err == RST_ENOTFOUND) /* the folder is there: a dead link */
			err = RST_EINVALID;
		if (err == RST_OK)
			err = keep(arg, entry->d_name, text, len, reterr);
	}
	closedir(dir);
	return err;
}
