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
 *	FILE.partial-XXXXXX/data.mdb  --check, trailer, fsync-->  FILE
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

#include "store/backup_priv.h"
#include "store/env_priv.h"
#include "store/journal_priv.h"

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

static enum rst_err
work_key(const struct rst_work *work, const unsigned char key[KEY_BYTES],
         struct rst_detail *reterr)
{
	enum rst_err err;
	int fd = -1;

	err = rst_work_create(work, "secret.key", &fd, reterr);
	if (err == RST_OK)
		err = rst_io_write(fd, key, KEY_BYTES, reterr);
	if (err == RST_OK && fsync(fd) != 0)
		err = rst_io_failed(reterr, "secret.key");
	if (fd >= 0)
		close(fd);
	return err;
}

/* Open the environment in the working directory, verify it, say what is in
 * it, and close it. */
static enum rst_err
work_check(struct rst_work *work, const struct rst_check_options *check,
           struct rst_backup_info *info, uint64_t *ret_n,
           struct rst_detail *reterr)
{
	const struct rst_env_options whole = { .verify = true };
	struct rst_rtxn txn = { 0 };
	struct rst_env_info facts;
	enum rst_err err;

	err = rst_env_open(work->dir, &whole, &work->env, reterr);
	if (err == RST_OK)
		err = rst_check(work->env, check, ret_n);
	if (err == RST_OK)
		err = rst_env_info(work->env, &facts);
	if (err == RST_OK)
		err = rst_read_begin(work->env, &txn);
	if (err == RST_OK)
		err = rst_journal_end(&txn, &info->journal);
	if (err == RST_OK)
		info->entries = facts.entries;
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
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return rst_io_failed(reterr, "the backup");
	if (st.st_size < TRAILER ||
	    (n = pread(fd, buf, TRAILER, st.st_size - TRAILER)) == 0 ||
	    (n > 0 && (n < TRAILER || memcmp(buf, MAGIC, 8) != 0))) {
		rst_detail_set(reterr, "this is no backup of Roster, or it is "
		                       "cut short");
		return RST_EINVALID;
	}
	if (n < 0)
		return rst_io_failed(reterr, "the backup");
	if (rst_get_be32(buf + 8) != TRAILER_VERSION ||
	    rst_get_be32(buf + 12) != RST_FORMAT) {
		rst_detail_set(reterr,
		               "the backup has format %u.%u, this version "
		               "knows %d.%d only: restore it with the version "
		               "that made it, then slapcat there and slapadd "
		               "here",
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
			err = rst_io_failed(reterr, "reading");
			break;
		}
		crypto_generichash_update(&state, (unsigned char *)block,
		                          (size_t)n);
		if (out >= 0)
			err = rst_io_write(out, block, (size_t)n, reterr);
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
		return rst_io_failed(reterr, "the copy");
	/* What is verified next comes from the disk, not from memory */
	if (copy.rc == 0)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
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
		return rst_io_failed(reterr, "the copy");
	trailer.data_bytes = (uint64_t)st.st_size;
	memcpy(trailer.key, env->key, KEY_BYTES);
	err = digest_file(fd, -1, &trailer, trailer.digest, &options->check,
	                  reterr);
	trailer_write(&trailer, buf);
	if (err == RST_OK && lseek(fd, 0, SEEK_END) < 0)
		err = rst_io_failed(reterr, "the copy");
	if (err == RST_OK)
		err = rst_io_write(fd, buf, sizeof(buf), reterr);
	if (err == RST_OK && fsync(fd) != 0)
		err = rst_io_failed(reterr, "the copy");
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
	char *parent = rst_io_parent(path);
	enum rst_err err = RST_OK;
	int fd;

	if (parent == NULL)
		return RST_ENOMEM;
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		err = rst_io_failed(reterr, parent);
	if (fd >= 0)
		close(fd);
	free(parent);
	return err;
}

static enum rst_err
take_name(const struct rst_work *work, const char *path, bool replace,
          struct rst_detail *reterr)
{
	int rc;

	rc = replace ? renameat(work->dir_fd, "data.mdb", AT_FDCWD, path)
	             : linkat(work->dir_fd, "data.mdb", AT_FDCWD, path, 0);
	if (rc == 0)
		return sync_parent(path, reterr);
	if (errno != EEXIST)
		return rst_io_failed(reterr, path);
	rst_detail_set(reterr, "%s is there already", path);
	return RST_EEXISTS;
}

/* Nothing is at path, or a file that may go. */
static enum rst_err
look_at_target(const char *path, bool replace, struct rst_detail *reterr)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? RST_OK : rst_io_failed(reterr, path);
	if (replace && S_ISREG(st.st_mode))
		return RST_OK;
	rst_detail_set(reterr, "%s is there already%s", path,
	               S_ISREG(st.st_mode)   ? ": --force replaces it"
	               : S_ISDIR(st.st_mode) ? ": name a file in it"
	                                     : ", and no plain file: \"-\" "
	                                       "is standard output");
	return RST_EEXISTS;
}

/* Copy env into the working directory, verified and with its trailer. */
static enum rst_err
make(struct rst_env *env, struct rst_work *work,
     const struct rst_backup_options *options, int *ret_fd,
     struct rst_backup_info *info, struct rst_detail *reterr)
{
	uint64_t n = 0;
	enum rst_err err;
	int fd = -1;

	err = rst_work_create(work, "data.mdb", &fd, reterr);
	if (err == RST_OK)
		err = copy_data(env, fd, &options->check, reterr);
	if (err == RST_OK)
		err = work_key(work, env->key, reterr);
	if (err == RST_OK)
		err = work_check(work, &options->check, info, &n, reterr);
	if (err == RST_OK)
		err = refuse_findings(n, "the copy", reterr);
	if (err == RST_OK)
		err = seal_file(env, fd, options, info, reterr);
	if (err == RST_OK)
		*ret_fd = fd;
	else if (fd >= 0)
		close(fd);
	return err;
}

/* No room: say where, and how much may be needed. */
static void
say_full(enum rst_err err, const char *where, uint64_t bytes,
         struct rst_detail *reterr)
{
	if (err == RST_EFULL)
		rst_detail_set(reterr,
		               "no room left on the disk of %s: up to %ju "
		               "bytes are needed there; nothing was left "
		               "behind",
		               where, (uintmax_t)bytes);
}

static uint64_t
bytes_of(struct rst_env *env)
{
	struct rst_env_info facts = { 0 };

	return rst_env_info(env, &facts) == RST_OK ? facts.used_bytes + TRAILER
	                                           : 0;
}

enum rst_err
rst_backup_make(struct rst_env *env, const char *path,
                const struct rst_backup_options *options,
                struct rst_backup_info *ret_info, struct rst_detail *reterr)
{
	struct rst_work work = { .dir_fd = -1 };
	struct rst_backup_info info = { 0 };
	enum rst_err err;
	int fd = -1;

	err = look_at_target(path, options->replace, reterr);
	if (err == RST_OK)
		err = rst_work_open(&work, path, reterr);
	if (err == RST_OK)
		err = make(env, &work, options, &fd, &info, reterr);
	if (err == RST_OK)
		err = take_name(&work, path, options->replace, reterr);
	if (err == RST_OK)
		*ret_info = info;
	if (fd >= 0)
		close(fd);
	rst_work_close(&work);
	say_full(err, path, bytes_of(env), reterr);
	return err;
}

/* All of fd into out, which may be a pipe. */
static enum rst_err
send_file(int fd, int out, uint64_t bytes, const struct rst_check_options *told,
          struct rst_detail *reterr)
{
	char *block = malloc(BLOCK_BYTES);
	enum rst_err err = block == NULL ? RST_ENOMEM : RST_OK;
	uint64_t done = 0;
	ssize_t n;

	while (err == RST_OK && done < bytes) {
		n = pread(fd, block, BLOCK_BYTES, (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			err = rst_io_failed(reterr, "reading the copy");
			break;
		}
		err = rst_io_write(out, block, (size_t)n, reterr);
		done += (uint64_t)n;
		if (told->progress != NULL)
			told->progress(told->arg, "write", done, bytes);
	}
	free(block);
	return err;
}

/* A prefix for a working directory where things of passage are. */
static enum rst_err
passing_prefix(char prefix[PATH_MAX], struct rst_detail *reterr)
{
	const char *tmp = getenv("TMPDIR");
	int len = snprintf(prefix, PATH_MAX, "%s/roster",
	                   tmp != NULL && tmp[0] != '\0' ? tmp : "/var/tmp");

	if ((size_t)len < PATH_MAX)
		return RST_OK;
	rst_detail_set(reterr, "TMPDIR is too long");
	return RST_EINVALID;
}

enum rst_err
rst_backup_send(struct rst_env *env, int out,
                const struct rst_backup_options *options,
                struct rst_backup_info *ret_info, struct rst_detail *reterr)
{
	struct rst_work work = { .dir_fd = -1 };
	struct rst_backup_info info = { 0 };
	char prefix[PATH_MAX] = "";
	enum rst_err err;
	int fd = -1;

	err = passing_prefix(prefix, reterr);
	if (err == RST_OK)
		err = rst_work_open(&work, prefix, reterr);
	if (err == RST_OK)
		err = make(env, &work, options, &fd, &info, reterr);
	say_full(err, prefix, bytes_of(env), reterr);
	if (err == RST_OK)
		err = send_file(fd, out, info.bytes, &options->check, reterr);
	if (err == RST_OK)
		*ret_info = info;
	if (fd >= 0)
		close(fd);
	rst_work_close(&work);
	return err;
}

/* ------------------------------------------------------------- restoring */

/* All that comes from fd, into the working directory. */
static enum rst_err
spool(int fd, int out, const struct rst_check_options *told,
      struct rst_detail *reterr)
{
	char *block = malloc(BLOCK_BYTES);
	enum rst_err err = block == NULL ? RST_ENOMEM : RST_OK;
	uint64_t done = 0;
	ssize_t n = 1;

	while (err == RST_OK && n != 0) {
		n = read(fd, block, BLOCK_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = rst_io_failed(reterr, "reading the backup");
			break;
		}
		err = rst_io_write(out, block, (size_t)n, reterr);
		done += (uint64_t)n;
		if (told->progress != NULL)
			told->progress(told->arg, "read", done, 0);
	}
	free(block);
	return err;
}

/* Copy the pages of fd, or of what comes from it, into out; their digest. */
static enum rst_err
take_data(int fd, int out, struct trailer *trailer,
          unsigned char digest[DIGEST_BYTES],
          const struct rst_check_options *told, struct rst_detail *reterr)
{
	enum rst_err err;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return rst_io_failed(reterr, "the backup");
	if (S_ISREG(st.st_mode)) {
		err = trailer_read(fd, trailer, reterr);
		if (err == RST_OK)
			err = digest_file(fd, out, trailer, digest, told,
			                  reterr);
		return err;
	}
	err = spool(fd, out, told, reterr);
	if (err == RST_OK)
		err = trailer_read(out, trailer, reterr);
	if (err == RST_OK)
		err = digest_file(out, -1, trailer, digest, told, reterr);
	if (err == RST_OK && ftruncate(out, (off_t)trailer->data_bytes) != 0)
		err = rst_io_failed(reterr, "data.mdb");
	return err;
}

/* The environment of the backup fd, in the working directory. */
static enum rst_err
unpack(int fd, const struct rst_work *work,
       const struct rst_check_options *told, struct rst_backup_info *info,
       struct rst_detail *reterr)
{
	unsigned char digest[DIGEST_BYTES];
	struct trailer trailer = { 0 };
	enum rst_err err;
	int out = -1;

	err = rst_work_create(work, "data.mdb", &out, reterr);
	if (err == RST_OK)
		err = take_data(fd, out, &trailer, digest, told, reterr);
	if (err == RST_OK &&
	    memcmp(digest, trailer.digest, DIGEST_BYTES) != 0) {
		rst_detail_set(reterr, "the backup was changed or damaged: its "
		                       "checksum is wrong; take another one");
		err = RST_ECORRUPT;
	}
	if (err == RST_OK && fsync(out) != 0)
		err = rst_io_failed(reterr, "data.mdb");
	if (err == RST_OK)
		err = work_key(work, trailer.key, reterr);
	info->bytes = trailer.data_bytes + TRAILER;
	info->made_s = trailer.made_s;
	sodium_memzero(&trailer, sizeof(trailer));
	if (out >= 0)
		close(out);
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
		err = rst_io_failed(reterr, name);
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
move_up(const struct rst_work *work, int dir_fd, const char *name, gid_t gid,
        struct rst_detail *reterr)
{
	/* As in env_files.c: where the group is not ours to give, the
	 * directory is setgid or its owner wants it so */
	if (fchownat(work->dir_fd, name, (uid_t)-1, gid, 0) != 0 &&
	    errno != EPERM)
		return rst_io_failed(reterr, name);
	if (fchmodat(work->dir_fd, name, 0660, 0) != 0 ||
	    linkat(work->dir_fd, name, dir_fd, name, 0) != 0 ||
	    fsync(dir_fd) != 0)
		return rst_io_failed(reterr, name);
	return RST_OK;
}

/* The environment takes its place: data.mdb last, as without it there is
 * none. */
static enum rst_err
move_all_up(const struct rst_work *work, int dir_fd, gid_t gid,
            struct rst_detail *reterr)
{
	enum rst_err err = move_up(work, dir_fd, "secret.key", gid, reterr);
	struct stat st;

	if (err != RST_OK)
		return err;
	err = move_up(work, dir_fd, "data.mdb", gid, reterr);
	if (err != RST_OK && fstatat(dir_fd, "data.mdb", &st, 0) != 0)
		(void)unlinkat(dir_fd, "secret.key", 0);
	return err;
}

enum rst_err
rst_backup_restore(int fd, const char *dir,
                   const struct rst_check_options *check,
                   struct rst_backup_info *ret_info, struct rst_detail *reterr)
{
	struct rst_work work = { .dir_fd = -1 };
	struct rst_backup_info info = { 0 };
	char prefix[PATH_MAX];
	uint64_t n = 0;
	struct stat st;
	enum rst_err err = RST_OK;
	int dir_fd, len;

	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0 || fstat(dir_fd, &st) != 0) {
		err = rst_io_failed(reterr, dir);
		goto out;
	}
	len = snprintf(prefix, sizeof(prefix), "%s/.restore", dir);
	if ((size_t)len >= sizeof(prefix)) {
		rst_detail_set(reterr, "the name is too long");
		err = RST_EINVALID;
		goto out;
	}
	rst_work_sweep(dir_fd);
	err = look_empty(dir_fd, dir, reterr);
	if (err == RST_OK)
		err = rst_work_open(&work, prefix, reterr);
	if (err == RST_OK)
		err = unpack(fd, &work, check, &info, reterr);
	if (err == RST_OK)
		err = work_check(&work, check, &info, &n, reterr);
	if (err == RST_OK)
		err = refuse_findings(n, "the backup", reterr);
	if (err == RST_OK)
		err = move_all_up(&work, dir_fd, st.st_gid, reterr);
	say_full(err, dir, info.bytes, reterr);
	if (err == RST_OK)
		*ret_info = info;
out:
	rst_work_close(&work);
	if (dir_fd >= 0)
		close(dir_fd);
	return err;
}

enum rst_err
rst_backup_check(int fd, const struct rst_check_options *check, uint64_t *ret_n,
                 struct rst_detail *reterr)
{
	struct rst_work work = { .dir_fd = -1 };
	struct rst_backup_info info = { 0 };
	char prefix[PATH_MAX] = "";
	enum rst_err err;

	err = passing_prefix(prefix, reterr);
	if (err == RST_OK)
		err = rst_work_open(&work, prefix, reterr);
	if (err == RST_OK)
		err = unpack(fd, &work, check, &info, reterr);
	if (err == RST_OK)
		err = work_check(&work, check, &info, ret_n, reterr);
	say_full(err, prefix, info.bytes, reterr);
	rst_work_close(&work);
	return err;
}
