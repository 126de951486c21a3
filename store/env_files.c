/* SPDX-License-Identifier: OLDAP-2.8 */
/* env_files.c - what stands in the directory beside LMDB's own files
 *
 *	writer.lock	magic(8) version(4) mutex size(4) ... mutex at 64,
 *			notes of commits at 512
 *	stamp		"roster 1\npid-namespace 4026531836\nboot 8c1f...\n"
 *	secret.key	32 random bytes
 *	hash.lock	nothing; its bytes are locked in lifecycle/password.c
 *
 * Processes that open one environment do so one after the other, under an
 * exclusive flock on writer.lock, which is let go when the opening is done.
 * Each then keeps a shared flock on stamp for as long as it has the
 * environment open.  Whoever can take that one exclusively, while opening, is
 * alone: he writes the stamp anew and makes the mutex anew (one left over
 * from before a power cut may look locked for ever).  Whoever cannot compares
 * the stamp: LMDB tells readers apart by PID, which means something only
 * within one PID namespace of one running system (hazard F6).
 *
 * flock(2) belongs to the open file, not to the process, so it has none of
 * the traps of LMDB's own POSIX locks (hazard F4).  lock.mdb itself is opened
 * here only before LMDB does, and closed again: then this process has no lock
 * on it to lose.
 *
 * What is mapped to be written has its room on the disk reserved: on a full
 * one, touching a page without any is SIGBUS.
 *
 * Every file is made under a passing name, given its mode and group, and then
 * linked into place: nobody sees it half made, and no umask takes the group's
 * rights away.
 */
#include "store/backup_priv.h"
#include "store/env_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define FILE_MODE       0660
#define OPENING_WAIT_MS 10000
#define OPENING_STEP_MS 20
#define STAMP_MAX       256

#define WRITER_MAGIC   UINT64_C(0x526f737465725754) /* "RosterWT" */
#define WRITER_VERSION 1
#define WRITER_BYTES   4096
#define NOTES_AT       512

#define LOCK_BYTES 131072 /* of lock.mdb, for RST_READERS_DEFAULT and more */

struct writer_file {
	uint64_t magic;
	uint32_t version;
	uint32_t mutex_bytes;
	char pad[48];
	pthread_mutex_t mutex;
	/* Written by the holder of the mutex, read by anybody. */
	_Alignas(NOTES_AT) struct commit_note {
		_Atomic(uint64_t) txn; /* 0: free */
		_Atomic(int64_t) time_s;
	} notes[RST_COMMIT_NOTES];
	_Atomic(uint32_t) noted; /* so many were */
};
_Static_assert(sizeof(struct writer_file) <= WRITER_BYTES, "fits its page");

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
pause_ms(unsigned int ms)
{
	struct timespec span = { .tv_sec = ms / 1000,
		                 .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&span, &span) != 0 && errno == EINTR)
		;
}

bool
rst_place_is_refused(long fs_type)
{
	/* Locks or shared mappings of these do not reach the other process.
	 * overlayfs is not among them: its trouble is the copy-up of a file
	 * from a lower layer, and containers run on it. */
	static const uint32_t refused[] = {
		0x00006969, /* NFS */
		0x0000517b, /* SMB */
		0xff534d42, /* CIFS */
		0xfe534d42, /* SMB2 */
		0x01021997, /* 9p */
		0x65735546, /* FUSE */
		0x00c36400, /* Ceph */
		0x5346414f, /* AFS */
		0x6b414653, /* kAFS */
		0x73757245, /* Coda */
		0x0bd00bd0, /* Lustre */
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if ((uint32_t)fs_type == refused[i])
			return true;
	return false;
}

enum rst_err
rst_place_open(const char *dir, struct rst_place *ret_place,
               struct rst_detail *reterr)
{
	struct rst_place place = { .dir_fd = -1,
		                   .opening_fd = -1,
		                   .stamp_fd = -1,
		                   .writer_map = NULL };
	enum rst_err err = RST_OK;
	struct stat st;
	struct statfs fs;

	place.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place.dir_fd < 0) {
		err = rst_open_err(errno);
		rst_detail_set(reterr, "directory %s: %s", dir,
		               strerror(errno));
		return err;
	}
	if (fstat(place.dir_fd, &st) != 0 || fstatfs(place.dir_fd, &fs) != 0) {
		rst_detail_set(reterr, "directory %s: %s", dir,
		               strerror(errno));
		err = RST_EIO;
	} else if (rst_place_is_refused((long)fs.f_type)) {
		rst_detail_set(reterr,
		               "directory %s is on a network or FUSE file "
		               "system (type 0x%lx), which cannot hold the "
		               "database: use a local disk",
		               dir, (unsigned long)fs.f_type);
		err = RST_EINVALID;
	}
	if (err != RST_OK) {
		close_fd(&place.dir_fd);
		return err;
	}
	place.dev = st.st_dev;
	place.ino = st.st_ino;
	place.gid = st.st_gid;
	*ret_place = place;
	return RST_OK;
}

static bool
write_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* Make name holding bytes, unless it is there already. */
static enum rst_err
make_file(const struct rst_place *place, const char *name, const void *bytes,
          size_t len, struct rst_detail *reterr)
{
	enum rst_err err = RST_EIO;
	char passing[64];
	struct stat st;
	int fd = -1;

	if (fstatat(place->dir_fd, name, &st, 0) == 0)
		return RST_OK;
	snprintf(passing, sizeof(passing), "%s.new.%ld", name, (long)getpid());
	(void)unlinkat(place->dir_fd, passing, 0);
	fd = openat(place->dir_fd, passing,
	            O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	            FILE_MODE);
	if (fd < 0)
		goto out;
	/* May fail where the directory's group is not ours: then it is
	 * setgid and right already, or its owner wants it so. */
	if (fchown(fd, (uid_t)-1, place->gid) != 0 && errno != EPERM)
		goto out;
	if (fchmod(fd, FILE_MODE) != 0 || !write_all(fd, bytes, len) ||
	    fsync(fd) != 0)
		goto out;
	if (linkat(place->dir_fd, passing, place->dir_fd, name, 0) != 0 &&
	    errno != EEXIST)
		goto out;
	if (fsync(place->dir_fd) != 0)
		goto out;
	err = RST_OK;
out:
	if (err != RST_OK) {
		if (errno == ENOSPC || errno == EDQUOT)
			err = RST_EFULL;
		rst_detail_set(reterr, "cannot make %s: %s", name,
		               strerror(errno));
	}
	if (fd >= 0)
		(void)unlinkat(place->dir_fd, passing, 0);
	close_fd(&fd);
	return err;
}

static enum rst_err
open_file(const struct rst_place *place, const char *name, int *ret_fd,
          struct rst_detail *reterr)
{
	int fd = openat(place->dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0) {
		int code = errno;

		rst_detail_set(
			reterr, "cannot open %s: %s%s", name, strerror(code),
			code == EACCES ? " (run as a user of the directory's "
					 "group)"
				       : "");
		return rst_open_err(code);
	}
	*ret_fd = fd;
	return RST_OK;
}

/* Open name, making it empty when it is not there. */
static enum rst_err
open_or_make(const struct rst_place *place, const char *name, int *ret_fd,
             struct rst_detail *reterr)
{
	enum rst_err err = open_file(place, name, ret_fd, reterr);

	if (err != RST_ENOTFOUND)
		return err;
	err = make_file(place, name, NULL, 0, reterr);
	if (err != RST_OK)
		return err;
	return open_file(place, name, ret_fd, reterr);
}

static enum rst_err
lock_failed(const char *name, struct rst_detail *reterr)
{
	rst_detail_set(reterr, "flock of %s: %s", name, strerror(errno));
	return RST_EIO;
}

/* An exclusive flock within OPENING_WAIT_MS. */
static enum rst_err
lock_opening(int fd, struct rst_detail *reterr)
{
	for (int waited = 0;; waited += OPENING_STEP_MS) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return RST_OK;
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return lock_failed("writer.lock", reterr);
		if (waited >= OPENING_WAIT_MS) {
			rst_detail_set(reterr,
			               "another process has been opening the "
			               "environment for %d seconds: is it "
			               "stopped or in a debugger?",
			               OPENING_WAIT_MS / 1000);
			return RST_EBUSY;
		}
		pause_ms(OPENING_STEP_MS);
	}
}

/* What this process would stamp: its PID namespace and the running system. */
static enum rst_err
own_stamp(char *buf, size_t size, struct rst_detail *reterr)
{
	struct stat ns;
	char boot[64] = "";
	ssize_t n = -1;
	int fd;

	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, boot, sizeof(boot) - 1);
		close(fd);
	}
	if (n <= 0 || stat("/proc/self/ns/pid", &ns) != 0) {
		rst_detail_set(reterr, "cannot read /proc/self/ns/pid and "
		                       "/proc/sys/kernel/random/boot_id: "
		                       "mount /proc");
		return RST_EIO;
	}
	boot[n] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
	snprintf(buf, size, "roster %d\npid-namespace %ju\nboot %s\n",
	         RST_FORMAT, (uintmax_t)ns.st_ino, boot);
	return RST_OK;
}

static enum rst_err
write_stamp(int fd, const char *stamp, struct rst_detail *reterr)
{
	if (ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0 &&
	    write_all(fd, stamp, strlen(stamp)))
		return RST_OK;
	rst_detail_set(reterr, "cannot write stamp: %s", strerror(errno));
	return errno == ENOSPC ? RST_EFULL : RST_EIO;
}

static enum rst_err
compare_stamp(int fd, const char *stamp, struct rst_detail *reterr)
{
	char other[STAMP_MAX];
	ssize_t n = pread(fd, other, sizeof(other) - 1, 0);

	if (n < 0) {
		rst_detail_set(reterr, "cannot read stamp: %s",
		               strerror(errno));
		return RST_EIO;
	}
	other[n] = '\0';
	if (strcmp(other, stamp) == 0)
		return RST_OK;
	if (strncmp(other, stamp, strcspn(stamp, "\n") + 1) != 0)
		rst_detail_set(reterr, "a process of another version of Roster "
		                       "has the environment open: stop it");
	else
		rst_detail_set(reterr,
		               "a process in another PID namespace or on "
		               "another system has the environment open: stop "
		               "it, or let both share one PID namespace "
		               "(Kubernetes: shareProcessNamespace)");
	return RST_ESTATE;
}

/* Take our share of stamp; *ret_alone: nobody else has one. */
static enum rst_err
take_stamp(struct rst_place *place, bool *ret_alone, struct rst_detail *reterr)
{
	char stamp[STAMP_MAX];
	enum rst_err err;
	bool alone;

	err = own_stamp(stamp, sizeof(stamp), reterr);
	if (err == RST_OK)
		err = open_or_make(place, "stamp", &place->stamp_fd, reterr);
	if (err != RST_OK)
		return err;
	alone = flock(place->stamp_fd, LOCK_EX | LOCK_NB) == 0;
	if (!alone && errno != EWOULDBLOCK)
		return lock_failed("stamp", reterr);
	if (alone)
		err = write_stamp(place->stamp_fd, stamp, reterr);
	else
		err = compare_stamp(place->stamp_fd, stamp, reterr);
	if (err != RST_OK)
		return err;
	/* Going from exclusive to shared lets go for an instant; the opening
	 * lock keeps every other opener away. */
	while (flock(place->stamp_fd, LOCK_SH) != 0)
		if (errno != EINTR)
			return lock_failed("stamp", reterr);
	*ret_alone = alone;
	return RST_OK;
}

static int
init_mutex(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attr;
	int rc;

	memset(mutex, 0, sizeof(*mutex));
	rc = pthread_mutexattr_init(&attr);
	if (rc != 0)
		return rc;
	rc = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (rc == 0)
		rc = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (rc == 0)
		rc = pthread_mutex_init(mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	return rc;
}

/* Reserve room on the disk for len bytes; the file keeps its size.  A file
 * system that cannot is no failure. */
static enum rst_err
reserve(int fd, const char *name, off_t len, struct rst_detail *reterr)
{
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, len) == 0)
		return RST_OK;
	if (errno != ENOSPC && errno != EDQUOT)
		return RST_OK;
	rst_detail_set(reterr, "no room on the disk for %s: make some", name);
	return RST_EFULL;
}

static enum rst_err
reserve_lock(const struct rst_place *place, struct rst_detail *reterr)
{
	off_t len =
		place->lock_bytes > LOCK_BYTES ? place->lock_bytes : LOCK_BYTES;
	enum rst_err err;
	int fd = -1;

	err = open_file(place, "lock.mdb", &fd, reterr);
	if (err == RST_OK)
		err = reserve(fd, "lock.mdb", len, reterr);
	close_fd(&fd);
	return err;
}

static enum rst_err
map_writer(struct rst_place *place, bool alone, struct rst_detail *reterr)
{
	struct writer_file *file;
	struct stat st;
	int rc;

	if (fstat(place->opening_fd, &st) != 0 ||
	    (st.st_size < WRITER_BYTES &&
	     ftruncate(place->opening_fd, WRITER_BYTES) != 0)) {
		rst_detail_set(reterr, "writer.lock: %s", strerror(errno));
		return errno == ENOSPC ? RST_EFULL : RST_EIO;
	}
	if (reserve(place->opening_fd, "writer.lock", WRITER_BYTES, reterr) !=
	    RST_OK)
		return RST_EFULL;
	file = mmap(NULL, WRITER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
	            place->opening_fd, 0);
	if (file == MAP_FAILED) {
		rst_detail_set(reterr, "writer.lock: %s", strerror(errno));
		return RST_EIO;
	}
	place->writer_map = file;
	if (alone) {
		rc = init_mutex(&file->mutex);
		if (rc != 0) {
			rst_detail_set(reterr, "writer.lock: %s", strerror(rc));
			return RST_EIO;
		}
		memset(file->notes, 0, sizeof(file->notes));
		atomic_store(&file->noted, 0);
		file->version = WRITER_VERSION;
		file->mutex_bytes = sizeof(file->mutex);
		file->magic = WRITER_MAGIC;
	}
	if (file->magic != WRITER_MAGIC || file->version != WRITER_VERSION ||
	    file->mutex_bytes != sizeof(file->mutex)) {
		rst_detail_set(reterr,
		               "another version of Roster, or one built "
		               "with another C library, has the "
		               "environment open: stop it first");
		return RST_ESTATE;
	}
	return RST_OK;
}

static enum rst_err
read_key(struct rst_place *place, bool create, unsigned char *key,
         struct rst_detail *reterr)
{
	unsigned char fresh[ENV_KEY_BYTES];
	enum rst_err err;
	ssize_t n = -1;
	int fd = -1;

	err = open_file(place, "secret.key", &fd, reterr);
	if (err == RST_ENOTFOUND && place->exists) {
		rst_detail_set(reterr, "secret.key is missing: restore it from "
		                       "the backup of this environment");
		return RST_ESTATE;
	}
	if (err == RST_ENOTFOUND && create) {
		randombytes_buf(fresh, sizeof(fresh));
		err = make_file(place, "secret.key", fresh, sizeof(fresh),
		                reterr);
		sodium_memzero(fresh, sizeof(fresh));
		if (err == RST_OK)
			err = open_file(place, "secret.key", &fd, reterr);
	}
	if (err != RST_OK)
		return err;
	n = pread(fd, key, sizeof(fresh), 0);
	if (n < 0) {
		rst_detail_set(reterr, "secret.key: %s", strerror(errno));
		err = RST_EIO;
	}
	close_fd(&fd);
	if (err != RST_OK)
		return err;
	if (n != (ssize_t)sizeof(fresh)) {
		rst_detail_set(reterr,
		               "secret.key is not of %zu bytes: restore "
		               "it from the backup of this environment",
		               sizeof(fresh));
		return RST_ESTATE;
	}
	return RST_OK;
}

/* rosterctl restore is at work, or was killed: making an environment here now
 * would let an empty directory pass for the restored one. */
static enum rst_err
restore_unfinished(int dir_fd, bool *ret_unfinished)
{
	int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	bool found = false;

	if (dir == NULL) {
		close_fd(&copy);
		return RST_EIO;
	}
	while (!found && (entry = readdir(dir)) != NULL)
		found = rst_work_is(entry->d_name);
	closedir(dir);
	*ret_unfinished = found;
	return RST_OK;
}

/* The size of a file, 0 when it is not there.  What cannot be told must not
 * pass for that: it would be made anew. */
static enum rst_err
size_of(const struct rst_place *place, const char *name, off_t *ret_bytes,
        struct rst_detail *reterr)
{
	struct stat st = { .st_size = 0 };

	if (fstatat(place->dir_fd, name, &st, 0) != 0 && errno != ENOENT) {
		rst_detail_set(reterr, "%s: %s", name, strerror(errno));
		return RST_EIO;
	}
	*ret_bytes = st.st_size;
	return RST_OK;
}

static enum rst_err
look_around(struct rst_place *place, const char *dir, bool create,
            struct rst_detail *reterr)
{
	bool unfinished = false;
	off_t bytes = 0;
	enum rst_err err;

	err = size_of(place, "data.mdb", &bytes, reterr);
	place->exists = bytes > 0;
	if (err == RST_OK && !place->exists)
		err = restore_unfinished(place->dir_fd, &unfinished);
	if (err != RST_OK)
		return err;
	if (unfinished) {
		rst_detail_set(reterr,
		               "a restore into %s was not finished: wait for "
		               "it, or repeat rosterctl restore",
		               dir);
		return RST_ESTATE;
	}
	if (!place->exists && !create) {
		rst_detail_set(reterr,
		               "there is no environment in %s: make one with "
		               "rosterctl init",
		               dir);
		return RST_ENOTFOUND;
	}
	return size_of(place, "lock.mdb", &place->lock_bytes, reterr);
}

enum rst_err
rst_place_enter(struct rst_place *place, const char *dir, bool create,
                unsigned char *key, struct rst_detail *reterr)
{
	enum rst_err err;

	err = look_around(place, dir, create, reterr);
	if (err == RST_OK)
		err = open_or_make(place, "writer.lock", &place->opening_fd,
		                   reterr);
	if (err == RST_OK)
		err = lock_opening(place->opening_fd, reterr);
	/* Once more: the one we waited for may have made it. */
	if (err == RST_OK)
		err = look_around(place, dir, create, reterr);
	if (err == RST_OK)
		err = take_stamp(place, &place->alone, reterr);
	if (err == RST_OK)
		err = map_writer(place, place->alone, reterr);
	if (err == RST_OK)
		err = read_key(place, create, key, reterr);
	if (err == RST_OK)
		err = make_file(place, "hash.lock", NULL, 0, reterr);
	if (err == RST_OK)
		err = make_file(place, "lock.mdb", NULL, 0, reterr);
	if (err == RST_OK)
		err = reserve_lock(place, reterr);
	return err;
}

void
rst_place_leave(struct rst_place *place)
{
	/* Closing alone would not do: the mapping of writer.lock holds on to
	 * the open file and so to its flock. */
	if (place->opening_fd >= 0)
		(void)flock(place->opening_fd, LOCK_UN);
	close_fd(&place->opening_fd);
	close_fd(&place->dir_fd);
}

void
rst_place_close(struct rst_place *place)
{
	if (place->writer_map != NULL)
		munmap(place->writer_map, WRITER_BYTES);
	place->writer_map = NULL;
	rst_place_leave(place);
	close_fd(&place->stamp_fd);
}

enum rst_err
rst_writer_lock(struct rst_env *env, unsigned int wait_ms)
{
	struct writer_file *file = env->writer_map;
	struct timespec until;
	int rc;

	rc = pthread_mutex_trylock(&file->mutex);
	if (rc == EBUSY && wait_ms > 0) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += wait_ms / 1000;
		until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		rc = pthread_mutex_clocklock(&file->mutex, CLOCK_MONOTONIC,
		                             &until);
	}
	/* Its holder died.  What it guards is LMDB's, which begins anew from
	 * the last commit, so there is nothing to repair. */
	if (rc == EOWNERDEAD)
		rc = pthread_mutex_consistent(&file->mutex);
	if (rc == 0)
		return RST_OK;
	return rc == EBUSY || rc == ETIMEDOUT || rc == EDEADLK ? RST_EBUSY
	                                                       : RST_EIO;
}

void
rst_writer_unlock(struct rst_env *env)
{
	struct writer_file *file = env->writer_map;

	(void)pthread_mutex_unlock(&file->mutex);
}

int64_t
rst_monotonic_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

void
rst_commit_note(struct rst_env *env, uint64_t txn, int64_t now_s)
{
	struct writer_file *file = env->writer_map;
	uint32_t n = atomic_load(&file->noted);
	struct commit_note *note = &file->notes[n % RST_COMMIT_NOTES];
	int64_t last_s;

	if (n > 0) {
		last_s = atomic_load(
			&file->notes[(n - 1) % RST_COMMIT_NOTES].time_s);
		if (now_s >= last_s && now_s - last_s < RST_COMMIT_NOTE_S)
			return;
	}
	atomic_store(&note->txn, 0);
	atomic_store(&note->time_s, now_s);
	atomic_store(&note->txn, txn);
	atomic_store(&file->noted, n + 1);
}

int64_t
rst_commit_after(const struct rst_env *env, uint64_t txn)
{
	const struct writer_file *file = env->writer_map;
	int64_t first_s = INT64_MAX, time_s;

	for (size_t i = 0; i < RST_COMMIT_NOTES; i++) {
		time_s = atomic_load(&file->notes[i].time_s);
		if (atomic_load(&file->notes[i].txn) > txn && time_s < first_s)
			first_s = time_s;
	}
	return first_s;
}
