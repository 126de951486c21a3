/* SPDX-License-Identifier: OLDAP-2.8 */
/* backup.c - a checked copy of the whole environment in one file
 *
 *	data.mdb as LMDB copies it, without its free pages; then 96 bytes:
 *
 *	offset	size	field
 *	0	8	"RosterBk"
 *	8	4	version of this trailer, 1
 *	12	4	RST_FORMAT of what is before it
 *	16	8	bytes before it
 *	24	8	when it was made, seconds since 1970
 *	32	32	secret.key
 *	64	32	BLAKE2b-256 of all before
 *
 * The trailer stands last so that the copy is verified where it will stay: it
 * is an environment in a directory of its own until the trailer is written
 * and it takes its name.
 *
 *	FILE.XXXXXX/data.mdb  --check, trailer, fsync-->  FILE
 */
#include "store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/env_priv.h"
#include "store/journal.h"

#define MAGIC           "RosterBk"
#define TRAILER_VERSION 1
#define TRAILER         96
#define TRAILER_SIGNED  64 /* what the digest covers of it */
#define KEY_BYTES       crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define DIGEST_BYTES    32
#define BLOCK_BYTES     65536
#define LOOK_MS         200 /* between two looks at how far the copy is */

_Static_assert(KEY_BYTES == 32, "the key fits its place");

/* ------------------------------------------------ the working directory */

/* A directory of ours alone, and an environment in it. */
struct work {
	char dir[PATH_MAX]; /* "" when there is none */
	int dir_fd;
	struct rst_env *env;
};

/* What errno says of the file or directory name. */
static enum rst_err
failed(struct rst_detail *reterr, const char *name)
{
	int code = errno;

	rst_detail_set(reterr, "%s: %s", name, strerror(code));
	return code == ENOENT                     ? RST_ENOTFOUND
	       : code == ENOSPC || code == EDQUOT ? RST_EFULL
	       : code == ENOMEM                   ? RST_ENOMEM
	                                          : RST_EIO;
}

/* Make a directory whose name begins with prefix. */
static enum rst_err
work_open(struct work *work, const char *prefix, struct rst_detail *reterr)
{
	int n = snprintf(work->dir, sizeof(work->dir), "%s.XXXXXX", prefix);

	if (n < 0 || (size_t)n >= sizeof(work->dir)) {
		work->dir[0] = '\0';
		rst_detail_set(reterr, "the name is too long");
		return RST_EINVALID;
	}
	if (mkdtemp(work->dir) == NULL) {
		enum rst_err err = failed(reterr, prefix);

		work->dir[0] = '\0';
		return err;
	}
	work->dir_fd = open(work->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return work->dir_fd < 0 ? failed(reterr, work->dir) : RST_OK;
}

static void
work_close(struct work *work)
{
	static const char *const files[] = { "data.mdb", "secret.key",
		                             "lock.mdb", "writer.lock",
		                             "stamp",    "hash.lock" };

	rst_env_close(work->env);
	work->env = NULL;
	for (size_t i = 0; work->dir_fd >= 0 && i < 6; i++)
		(void)unlinkat(work->dir_fd, files[i], 0);
	if (work->dir_fd >= 0)
		close(work->dir_fd);
	work->dir_fd = -1;
	if (work->dir[0] != '\0')
		(void)rmdir(work->dir);
	work->dir[0] = '\0';
}

static enum rst_err
work_create(const struct work *work, const char *name, int *ret_fd,
            struct rst_detail *reterr)
{
	int fd = openat(work->dir_fd, name,
	                O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return failed(reterr, name);
	*ret_fd = fd;
	return RST_OK;
}

static enum rst_err
write_all(int fd, const void *bytes, size_t len, struct rst_detail *reterr)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return failed(reterr, "writing");
		at += n;
		len -= (size_t)n;
	}
	return RST_OK;
}

static enum rst_err
work_key(const struct work *work, const unsigned char key[KEY_BYTES],
         struct rst_detail *reterr)
{
	enum rst_err err;
	int fd = -1;

	err = work_create(work, "secret.key", &fd, reterr);
	if (err == RST_OK)
		err = write_all(fd, key, KEY_BYTES, reterr);
	if (err == RST_OK && fsync(fd) != 0)
		err = failed(reterr, "secret.key");
	if (fd >= 0)
		close(fd);
	return err;
}

/* Open the environment in the working directory, verify it, say what is in
 * it, and close it. */
static enum rst_err
work_check(struct work *work, const struct rst_check_options *check,
           struct rst_backup_info *info, uint64_t *ret_n,
           struct rst_detail *reterr)
{
	struct rst_rtxn txn = { 0 };
	struct rst_env_info facts;
	enum rst_err err;

	err = rst_env_open(work->dir, NULL, &work->env, reterr);
	if (err == RST_OK)
		err = rst_check(work->env, check, ret_n);
	if (err == RST_OK)
		err = rst_env_info(work->env, &facts);
	if (err == RST_OK)
		err = rst_read_begin(work->env, &txn);
	if (err == RST_OK) {
		info->entries = facts.entries;
		info->journal = rst_journal_last(&txn);
	}
	rst_read_end(&txn);
	rst_env_close(work->env);
	work->env = NULL;
	return err;
}

static enum rst_err
refuse_findings(uint64_t n, const char *what, struct rst_detail *reterr)
{
	if (n == 0)
		return RST_OK;
	rst_detail_set(reterr, "%s is damaged (%ju findings)", what,
	               (uintmax_t)n);
	return RST_ECORRUPT;
}

/* --------------------------------------------------------- the trailer */

struct trailer {
	uint64_t data_bytes;
	int64_t made_s;
	unsigned char key[KEY_BYTES];
	unsigned char digest[DIGEST_BYTES];
};

static void
trailer_write(const struct trailer *trailer, char buf[TRAILER])
{
	memcpy(buf, MAGIC, 8);
	rst_put_be32(buf + 8, TRAILER_VERSION);
	rst_put_be32(buf + 12, RST_FORMAT);
	rst_put_be64(buf + 16, trailer->data_bytes);
	rst_put_be64(buf + 24, (uint64_t)trailer->made_s);
	memcpy(buf + 32, trailer->key, KEY_BYTES);
	memcpy(buf + 64, trailer->digest, DIGEST_BYTES);
}

static enum rst_err
trailer_read(int fd, struct trailer *ret_trailer, struct rst_detail *reterr)
{
	struct trailer trailer;
	char buf[TRAILER];
	struct stat st;

	if (fstat(fd, &st) != 0)
		return failed(reterr, "the backup");
	if (!S_ISREG(st.st_mode) || st.st_size < TRAILER ||
	    pread(fd, buf, TRAILER, st.st_size - TRAILER) != TRAILER ||
	    memcmp(buf, MAGIC, 8) != 0) {
		rst_detail_set(reterr, "this is no backup of Roster, or it is "
		                       "cut short");
		return RST_EINVALID;
	}
	if (rst_get_be32(buf + 8) != TRAILER_VERSION ||
	    rst_get_be32(buf + 12) != RST_FORMAT) {
		rst_detail_set(reterr,
		               "the backup has format %u.%u, this version "
		               "knows %d.%d only: restore it with the version "
		               "that made it",
		               rst_get_be32(buf + 8), rst_get_be32(buf + 12),
		               TRAILER_VERSION, RST_FORMAT);
		sodium_memzero(buf, sizeof(buf));
		return RST_ESTATE;
	}
	trailer.data_bytes = rst_get_be64(buf + 16);
	trailer.made_s = (int64_t)rst_get_be64(buf + 24);
	memcpy(trailer.key, buf + 32, KEY_BYTES);
	memcpy(trailer.digest, buf + 64, DIGEST_BYTES);
	sodium_memzero(buf, sizeof(buf));
	*ret_trailer = trailer;
	sodium_memzero(&trailer, sizeof(trailer));
	if (ret_trailer->data_bytes == (uint64_t)st.st_size - TRAILER)
		return RST_OK;
	rst_detail_set(reterr, "the backup is not as long as it says");
	return RST_ECORRUPT;
}

/*
 * Read bytes of fd from its beginning, into out too unless that is -1, and
 * finish the digest with what the trailer says.
 */
static enum rst_err
digest_file(int fd, int out, const struct trailer *trailer,
            unsigned char digest[DIGEST_BYTES],
            const struct rst_check_options *told, struct rst_detail *reterr)
{
	char *block = malloc(BLOCK_BYTES);
	char head[TRAILER];
	crypto_generichash_state state;
	uint64_t done = 0, left;
	enum rst_err err = RST_OK;
	ssize_t n;

	if (block == NULL)
		return RST_ENOMEM;
	crypto_generichash_init(&state, NULL, 0, DIGEST_BYTES);
	while (err == RST_OK && done < trailer->data_bytes) {
		left = trailer->data_bytes - done;
		n = pread(fd, block, left < BLOCK_BYTES ? left : BLOCK_BYTES,
		          (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			err = failed(reterr, "reading");
			break;
		}
		crypto_generichash_update(&state, (unsigned char *)block,
		                          (size_t)n);
		if (out >= 0)
			err = write_all(out, block, (size_t)n, reterr);
		done += (uint64_t)n;
		if (told->progress != NULL)
			told->progress(told->arg, "read", done,
			               trailer->data_bytes);
	}
	trailer_write(trailer, head);
	crypto_generichash_update(&state, (unsigned char *)head,
	                          TRAILER_SIGNED);
	crypto_generichash_final(&state, digest, DIGEST_BYTES);
	sodium_memzero(head, sizeof(head));
	free(block);
	return err;
}

/* ---------------------------------------------------------------- making */

/* LMDB tells nothing while it copies, so it does so in a thread. */
struct copy {
	struct rst_env *env;
	int fd;
	int rc;
};

static void *
copy_main(void *arg)
{
	struct copy *copy = arg;

	copy->rc = mdb_env_copyfd2(copy->env->mdb, copy->fd, MDB_CP_COMPACT);
	return NULL;
}

static void
wait_for_copy(pthread_t thread, int fd, uint64_t total,
              const struct rst_check_options *told)
{
	struct timespec until;
	struct stat st;

	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += LOOK_MS * 1000000L;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC,
		                         &until) != ETIMEDOUT)
			return;
		if (told->progress == NULL || fstat(fd, &st) != 0)
			continue;
		told->progress(told->arg, "copy",
		               (uint64_t)st.st_size < total
		                       ? (uint64_t)st.st_size
		                       : total,
		               total);
	}
}

static enum rst_err
copy_data(struct rst_env *env, int fd, const struct rst_check_options *told,
          struct rst_detail *reterr)
{
	struct copy copy = { .env = env, .fd = fd };
	struct rst_env_info info;
	pthread_t thread;
	enum rst_err err;
	int rc;

	err = rst_env_info(env, &info);
	if (err != RST_OK)
		return err;
	rc = pthread_create(&thread, NULL, copy_main, &copy);
	if (rc != 0) {
		rst_detail_set(reterr, "no thread: %s", strerror(rc));
		return RST_ENOMEM;
	}
	wait_for_copy(thread, fd, info.used_bytes, told);
	if (copy.rc == MDB_INCOMPATIBLE || copy.rc == MDB_CORRUPTED ||
	    copy.rc == MDB_PAGE_NOTFOUND) {
		rst_detail_set(reterr, "the environment has lost pages: run "
		                       "rosterctl check");
		return RST_ECORRUPT;
	}
	if (copy.rc != 0)
		rst_detail_set(reterr, "copying: %s", mdb_strerror(copy.rc));
	if (copy.rc == 0 && fsync(fd) != 0)
		return failed(reterr, "the copy");
	return copy.rc == ENOSPC || copy.rc == EDQUOT
	               ? RST_EFULL
	               : rst_err_from_lmdb(copy.rc);
}

/* The trailer of what fd holds, written behind it. */
static enum rst_err
seal_file(struct rst_env *env, int fd, const struct rst_backup_options *options,
          struct rst_backup_info *info, struct rst_detail *reterr)
{
	struct trailer trailer = { .made_s = options->now_s };
	char buf[TRAILER];
	struct stat st;
	enum rst_err err;

	if (fstat(fd, &st) != 0)
		return failed(reterr, "the copy");
	trailer.data_bytes = (uint64_t)st.st_size;
	memcpy(trailer.key, env->key, KEY_BYTES);
	err = digest_file(fd, -1, &trailer, trailer.digest, &options->check,
	                  reterr);
	trailer_write(&trailer, buf);
	if (err == RST_OK && lseek(fd, 0, SEEK_END) < 0)
		err = failed(reterr, "the copy");
	if (err == RST_OK)
		err = write_all(fd, buf, sizeof(buf), reterr);
	if (err == RST_OK && fsync(fd) != 0)
		err = failed(reterr, "the copy");
	info->bytes = trailer.data_bytes + TRAILER;
	info->made_s = trailer.made_s;
	sodium_memzero(&trailer, sizeof(trailer));
	sodium_memzero(buf, sizeof(buf));
	return err;
}

/* The directory that path stands in, on disk. */
static enum rst_err
sync_parent(const char *path, struct rst_detail *reterr)
{
	const char *slash = strrchr(path, '/');
	char *parent;
	enum rst_err err = RST_OK;
	int fd;

	parent = slash == NULL ? rst_view_dup(RST_VIEW("."))
	         : slash == path
	                 ? rst_view_dup(RST_VIEW("/"))
	                 : rst_view_dup(rst_view(path, (size_t)(slash - path)));
	if (parent == NULL)
		return RST_ENOMEM;
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		err = failed(reterr, parent);
	if (fd >= 0)
		close(fd);
	free(parent);
	return err;
}

static enum rst_err
take_name(const struct work *work, const char *path, bool replace,
          struct rst_detail *reterr)
{
	int rc;

	rc = replace ? renameat(work->dir_fd, "data.mdb", AT_FDCWD, path)
	             : linkat(work->dir_fd, "data.mdb", AT_FDCWD, path, 0);
	if (rc == 0)
		return sync_parent(path, reterr);
	if (errno != EEXIST)
		return failed(reterr, path);
	rst_detail_set(reterr, "%s is there already", path);
	return RST_EEXISTS;
}

/* Nothing is at path, or a file that may go. */
static enum rst_err
look_at_target(const char *path, bool replace, struct rst_detail *reterr)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? RST_OK : failed(reterr, path);
	if (replace && S_ISREG(st.st_mode))
		return RST_OK;
	rst_detail_set(reterr, "%s is there already%s", path,
	               S_ISREG(st.st_mode) ? ": --force replaces it"
	                                   : ", and no plain file");
	return RST_EEXISTS;
}

enum rst_err
rst_backup_make(struct rst_env *env, const char *path,
                const struct rst_backup_options *options,
                struct rst_backup_info *ret_info, struct rst_detail *reterr)
{
	struct work work = { .dir_fd = -1 };
	struct rst_backup_info info = { 0 };
	uint64_t n = 0;
	enum rst_err err;
	int fd = -1;

	err = look_at_target(path, options->replace, reterr);
	if (err == RST_OK)
		err = work_open(&work, path, reterr);
	if (err == RST_OK)
		err = work_create(&work, "data.mdb", &fd, reterr);
	if (err == RST_OK)
		err = copy_data(env, fd, &options->check, reterr);
	if (err == RST_OK)
		err = work_key(&work, env->key, reterr);
	if (err == RST_OK)
		err = work_check(&work, &options->check, &info, &n, reterr);
	if (err == RST_OK)
		err = refuse_findings(n, "the copy", reterr);
	if (err == RST_OK)
		err = seal_file(env, fd, options, &info, reterr);
	if (err == RST_OK)
		err = take_name(&work, path, options->replace, reterr);
	if (err == RST_OK)
		*ret_info = info;
	if (fd >= 0)
		close(fd);
	work_close(&work);
	return err;
}

/* ------------------------------------------------------------- restoring */

/* The environment of the backup path, in the working directory. */
static enum rst_err
unpack(const char *path, const struct work *work,
       const struct rst_check_options *told, struct rst_backup_info *info,
       struct rst_detail *reterr)
{
	unsigned char digest[DIGEST_BYTES];
	struct trailer trailer = { 0 };
	enum rst_err err = RST_OK;
	int fd, out = -1;

	/* not waiting for whoever writes into a FIFO */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return failed(reterr, path);
	err = trailer_read(fd, &trailer, reterr);
	if (err == RST_OK)
		err = work_create(work, "data.mdb", &out, reterr);
	if (err == RST_OK)
		err = digest_file(fd, out, &trailer, digest, told, reterr);
	if (err == RST_OK &&
	    memcmp(digest, trailer.digest, DIGEST_BYTES) != 0) {
		rst_detail_set(reterr, "the backup was changed or damaged: its "
		                       "checksum is wrong");
		err = RST_ECORRUPT;
	}
	if (err == RST_OK && fsync(out) != 0)
		err = failed(reterr, "data.mdb");
	if (err == RST_OK)
		err = work_key(work, trailer.key, reterr);
	info->bytes = trailer.data_bytes + TRAILER;
	info->made_s = trailer.made_s;
	sodium_memzero(&trailer, sizeof(trailer));
	if (out >= 0)
		close(out);
	close(fd);
	return err;
}

static enum rst_err
look_empty(int dir_fd, const char *name, struct rst_detail *reterr)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	enum rst_err err = RST_OK;

	if (dir == NULL) {
		err = failed(reterr, name);
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (err == RST_OK && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    strcmp(entry->d_name, "lost+found") == 0)
			continue;
		rst_detail_set(reterr,
		               "%s is not empty (%.64s is there): restore into "
		               "an empty directory",
		               name, entry->d_name);
		err = RST_EEXISTS;
	}
	closedir(dir);
	return err;
}

/* Move name up into the directory, for its group. */
static enum rst_err
move_up(const struct work *work, int dir_fd, const char *name, gid_t gid,
        struct rst_detail *reterr)
{
	/* As in env_files.c: where the group is not ours to give, the
	 * directory is setgid or its owner wants it so */
	if (fchownat(work->dir_fd, name, (uid_t)-1, gid, 0) != 0 &&
	    errno != EPERM)
		return failed(reterr, name);
	if (fchmodat(work->dir_fd, name, 0660, 0) != 0 ||
	    linkat(work->dir_fd, name, dir_fd, name, 0) != 0 ||
	    fsync(dir_fd) != 0)
		return failed(reterr, name);
	return RST_OK;
}

enum rst_err
rst_backup_restore(const char *path, const char *dir,
                   const struct rst_check_options *check,
                   struct rst_backup_info *ret_info, struct rst_detail *reterr)
{
	struct work work = { .dir_fd = -1 };
	struct rst_backup_info info = { 0 };
	char prefix[PATH_MAX];
	uint64_t n = 0;
	struct stat st;
	enum rst_err err = RST_OK;
	int dir_fd, len;

	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0 || fstat(dir_fd, &st) != 0) {
		err = failed(reterr, dir);
		goto out;
	}
	len = snprintf(prefix, sizeof(prefix), "%s/.restore", dir);
	if (len < 0 || (size_t)len >= sizeof(prefix)) {
		err = RST_EINVALID;
		goto out;
	}
	err = look_empty(dir_fd, dir, reterr);
	if (err == RST_OK)
		err = work_open(&work, prefix, reterr);
	if (err == RST_OK)
		err = unpack(path, &work, check, &info, reterr);
	if (err == RST_OK)
		err = work_check(&work, check, &info, &n, reterr);
	if (err == RST_OK)
		err = refuse_findings(n, "the backup", reterr);
	if (err == RST_OK)
		err = move_up(&work, dir_fd, "secret.key", st.st_gid, reterr);
	if (err == RST_OK)
		err = move_up(&work, dir_fd, "data.mdb", st.st_gid, reterr);
	if (err == RST_OK)
		*ret_info = info;
out:
	work_close(&work);
	if (dir_fd >= 0)
		close(dir_fd);
	return err;
}

enum rst_err
rst_backup_check(const char *path, const struct rst_check_options *check,
                 uint64_t *ret_n, struct rst_detail *reterr)
{
	const char *tmp = getenv("TMPDIR");
	struct work work = { .dir_fd = -1 };
	struct rst_backup_info info = { 0 };
	char prefix[PATH_MAX];
	enum rst_err err = RST_EINVALID;
	int len;

	len = snprintf(prefix, sizeof(prefix), "%s/roster-check",
	               tmp != NULL && tmp[0] != '\0' ? tmp : "/var/tmp");
	if (len > 0 && (size_t)len < sizeof(prefix))
		err = work_open(&work, prefix, reterr);
	if (err == RST_OK)
		err = unpack(path, &work, check, &info, reterr);
	if (err == RST_OK)
		err = work_check(&work, check, &info, ret_n, reterr);
	work_close(&work);
	return err;
}
