/* SPDX-License-Identifier: OLDAP-2.8 */
/* backup.h - a checked copy of the whole environment in one file
 *
 * A backup holds everything: entries, journal with its sealed parts, sessions,
 * outbox, settings, and the key that opens what is sealed.  It is as secret as
 * the environment itself, and is made with mode 0600.
 */
#ifndef RST_BACKUP_H
#define RST_BACKUP_H

#include "store/check.h"

struct rst_backup_options {
	int64_t now_s; /* noted in the file */
	bool replace;  /* a file that is there already */
	/* How the copy is verified.  Its progress() is also told of "copy". */
	struct rst_check_options check;
};

struct rst_backup_info {
	uint64_t bytes; /* of the file */
	uint64_t entries;
	uint64_t journal; /* the last record */
	int64_t made_s;
};

/*
 * Copy env, as it is at one moment after this was called, into the file path,
 * while others read and write.  The copy is made beside it, verified as
 * rst_check() does, and takes its name only when it is clean and on disk.
 *
 * For as long as the copying lasts (not the verifying) pages freed by writers
 * are not used again, as with any read.
 *
 * Fails with RST_EEXISTS (path is there and replace is false; or it is no
 * plain file), RST_ECORRUPT (the copy is not clean, findings were reported, or
 * pages of the environment are lost), RST_EINVALID (a place that LMDB must not
 * be used on, see rst_env_open()), RST_EFULL, RST_EBUSY, RST_EIO, RST_ENOMEM.
 * Nothing is left behind then; what a killed process left beside path is
 * removed by the next call for any file there.
 */
enum rst_err rst_backup_make(struct rst_env *env, const char *path,
                             const struct rst_backup_options *options,
                             struct rst_backup_info *ret_info,
                             struct rst_detail *reterr) RST_MUST_USE;

/*
 * As rst_backup_make(), but write what would be the file to fd, such as a
 * pipe; not a byte unless it is clean.  It is made in TMPDIR or /var/tmp.
 */
enum rst_err rst_backup_send(struct rst_env *env, int fd,
                             const struct rst_backup_options *options,
                             struct rst_backup_info *ret_info,
                             struct rst_detail *reterr) RST_MUST_USE;

/*
 * Make the environment that the backup fd holds in dir, which must be there
 * and empty (lost+found aside, and what is left of a restore that was killed,
 * which is removed).  fd is a plain file open for reading, or a pipe, read to
 * its end.  It is verified inside dir, and data.mdb takes its place last: dir
 * holds the whole environment or none, and until it does rst_env_open() makes
 * none there.  Files get the group of dir and mode 0660.
 *
 * Fails with RST_ENOTFOUND (no directory dir), RST_EEXISTS
 * (dir is not empty), RST_EINVALID (no backup), RST_ESTATE (of a version that
 * this one does not know), RST_ECORRUPT (cut short, changed, or not clean),
 * RST_EFULL, RST_EIO, RST_ENOMEM.
 */
enum rst_err rst_backup_restore(int fd, const char *dir,
                                const struct rst_check_options *check,
                                struct rst_backup_info *ret_info,
                                struct rst_detail *reterr) RST_MUST_USE;

/*
 * Verify the backup fd as rst_check() does its environment, in a directory
 * made for that in TMPDIR or /var/tmp.  Fails as rst_backup_restore() does
 * before verifying; then *ret_n is their number.
 */
enum rst_err rst_backup_check(int fd, const struct rst_check_options *check,
                              uint64_t *ret_n, struct rst_detail *reterr)
	RST_MUST_USE;

#endif
