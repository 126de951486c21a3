/* SPDX-License-Identifier: OLDAP-2.8 */
/* env_make.c - how data.mdb comes into being
 *
 * LMDB writes the two first pages of a new file without a sync, and a file
 * with one of them torn is no database to it any more.  So ours is made whole,
 * tables and format included, under a passing name, synced, and then renamed:
 *
 *	data.mdb.new  --tables, commit, fsync-->  data.mdb  --fsync of the
 *	directory
 *
 * Who finds data.mdb finds all of it; a process or a machine that dies before
 * leaves a passing file, which the next one makes anew.  The opening lock is
 * held meanwhile.
 */
#include "store/env_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSING   "data.mdb.new"
#define FILE_MODE 0660

/* All tables, and the format, in one commit. */
static int
put_tables(MDB_env *mdb)
{
	char name[] = RST_META_FORMAT;
	char bytes[8];
	MDB_val key = { .mv_size = sizeof(name) - 1, .mv_data = name };
	MDB_val value = { .mv_size = sizeof(bytes), .mv_data = bytes };
	MDB_dbi dbi = 0, meta = 0;
	MDB_txn *txn = NULL;
	int rc;

	rc = mdb_txn_begin(mdb, NULL, 0, &txn);
	if (rc != 0)
		return rc;
	for (int i = 0; rc == 0 && i < RST_T_COUNT; i++) {
		rc = mdb_dbi_open(txn, rst_table_names[i], MDB_CREATE, &dbi);
		if (i == RST_T_META)
			meta = dbi;
	}
	rst_put_be64(bytes, RST_FORMAT);
	if (rc == 0)
		rc = mdb_put(txn, meta, &key, &value, 0);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return mdb_txn_commit(txn);
}

static int
make_at(const char *path, uint64_t map_bytes)
{
	MDB_env *mdb = NULL;
	int rc;

	rc = mdb_env_create(&mdb);
	if (rc != 0)
		return rc;
	rc = mdb_env_set_mapsize(mdb, map_bytes);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(mdb, RST_T_COUNT);
	/* Nobody else sees it yet: no lock file beside it. */
	if (rc == 0)
		rc = mdb_env_open(mdb, path, MDB_NOSUBDIR | MDB_NOLOCK,
		                  FILE_MODE);
	if (rc == 0)
		rc = put_tables(mdb);
	mdb_env_close(mdb);
	return rc;
}

/* Group and mode whatever the umask, then its name. */
static int
publish(const struct rst_place *place)
{
	int rc = 0;
	int fd =
		openat(place->dir_fd, PASSING, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno;
	/* As in env_files.c: not ours to give, but then right already. */
	if ((fchown(fd, (uid_t)-1, place->gid) != 0 && errno != EPERM) ||
	    fchmod(fd, FILE_MODE) != 0 || fsync(fd) != 0 ||
	    renameat(place->dir_fd, PASSING, place->dir_fd, "data.mdb") != 0 ||
	    fsync(place->dir_fd) != 0)
		rc = errno;
	close(fd);
	return rc;
}

enum rst_err
rst_env_make(struct rst_place *place, const char *dir, uint64_t map_bytes,
             struct rst_detail *reterr)
{
	size_t size = strlen(dir) + sizeof("/" PASSING);
	char *path = malloc(size);
	int rc;

	if (path == NULL)
		return RST_ENOMEM;
	snprintf(path, size, "%s/%s", dir, PASSING);
	rc = unlinkat(place->dir_fd, PASSING, 0) == 0 || errno == ENOENT
	             ? make_at(path, map_bytes)
	             : errno;
	if (rc == 0)
		rc = publish(place);
	if (rc != 0) {
		rst_detail_set(reterr, "cannot make %s/data.mdb: %s", dir,
		               mdb_strerror(rc));
		(void)unlinkat(place->dir_fd, PASSING, 0);
	} else {
		place->exists = true;
	}
	free(path);
	return rst_err_from_lmdb(rc);
}
