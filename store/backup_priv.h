/* SPDX-License-Identifier: OLDAP-2.8 */
/* backup_priv.h - the directories in which backups are made and unpacked */
#ifndef RST_BACKUP_PRIV_H
#define RST_BACKUP_PRIV_H

#include <limits.h>

#include "store/env.h"

/* A directory of ours alone, and an environment in it. */
struct rst_work {
	char dir[PATH_MAX]; /* "" when there is none */
	int dir_fd;         /* -1 then; it holds a lock on the directory */
	struct rst_env *env;
};

/*
 * Make the directory PREFIX.partial-XXXXXX.  Those that end so beside it and
 * belonged to a process that was killed are removed first.
 */
enum rst_err rst_work_open(struct rst_work *work, const char *prefix,
                           struct rst_detail *reterr) RST_MUST_USE;
/* Close the environment and remove the directory; twice is allowed. */
void rst_work_close(struct rst_work *work);

/* Make the file name in it, empty and ours alone. */
enum rst_err rst_work_create(const struct rst_work *work, const char *name,
                             int *ret_fd, struct rst_detail *reterr)
	RST_MUST_USE;

/*
 * Remove from the directory dir_fd what killed processes left there: working
 * directories that nobody holds, and a secret.key that one of them had moved
 * up although data.mdb never came.
 */
void rst_work_sweep(int dir_fd);

/* Is name that of a working directory? */
bool rst_work_is(const char *name);

/* What errno says of the file or directory name. */
enum rst_err rst_io_failed(struct rst_detail *reterr, const char *name);
enum rst_err rst_io_write(int fd, const void *bytes, size_t len,
                          struct rst_detail *reterr) RST_MUST_USE;
/* The directory that path stands in, to be freed with free(); NULL: no memory.
 */
char *rst_io_parent(const char *path);

#endif
