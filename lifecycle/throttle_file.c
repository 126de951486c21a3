/* SPDX-License-Identifier: OLDAP-2.8 */
/* throttle_file.c - the file of the table of failures */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lifecycle/throttle_priv.h"

#define MAGIC       UINT64_C(0x31656c7474687254) /* "Trhttle1" */
#define FILE_NAME   "throttle"
#define RUNTIME_DIR "/run/roster"
#define SETTING     "runtime-directory"

/* Ours, of the right size, in no other file's place. */
static bool
is_table(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_size == (off_t)sizeof(struct throttle_table);
}

/*
 * Make the file beside its name and give it the name when it is whole; another
 * process may have been faster.
 */
static int
make_file(int dir_fd, const char *name)
{
	unsigned char random[8];
	char fresh[64];
	uint64_t magic = MAGIC;
	int fd;

	randombytes_buf(random, sizeof(random));
	(void)snprintf(fresh, sizeof(fresh), ".throttle-");
	(void)sodium_bin2hex(fresh + strlen(fresh),
	                     sizeof(fresh) - strlen(fresh), random,
	                     sizeof(random));
	fd = openat(dir_fd, fresh,
	            O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0660);
	if (fd < 0)
		return -1;
	/* its room is taken now: a full disk later would be a SIGBUS */
	if (fchmod(fd, 0660) != 0 ||
	    posix_fallocate(fd, 0, (off_t)sizeof(struct throttle_table)) != 0 ||
	    pwrite(fd, &magic, sizeof(magic), 0) != (ssize_t)sizeof(magic) ||
	    linkat(dir_fd, fresh, dir_fd, name, 0) != 0) {
		close(fd);
		fd = -1;
	}
	(void)unlinkat(dir_fd, fresh, 0);
	return fd;
}

static int
open_file(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && !is_table(fd)) { /* of another version */
		close(fd);
		(void)unlinkat(dir_fd, name, 0);
		fd = -1;
	}
	if (fd < 0)
		fd = make_file(dir_fd, name);
	if (fd < 0)
		fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	return fd;
}

static struct throttle_table *
map_file(int dir_fd, const char *name)
{
	struct throttle_table *table = NULL;
	int fd = open_file(dir_fd, name);
	void *at;

	if (fd < 0)
		return NULL;
	if (is_table(fd)) {
		at = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE,
		          MAP_SHARED, fd, 0);
		if (at != MAP_FAILED)
			table = at;
	}
	close(fd);
	if (table != NULL && atomic_load(&table->magic) != MAGIC) {
		(void)munmap(table, sizeof(*table));
		table = NULL;
	}
	return table;
}

static int
open_dir(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A directory that everybody who has the environment open can use alike, and
 * nobody else. */
static bool
is_fit(int dir_fd, int env_fd)
{
	struct stat dir, env;

	return fstat(dir_fd, &dir) == 0 && fstat(env_fd, &env) == 0 &&
	       dir.st_gid == env.st_gid && !(dir.st_mode & S_IWOTH) &&
	       (dir.st_mode & S_IWGRP) &&
	       faccessat(dir_fd, ".", W_OK | X_OK, AT_EACCESS) == 0;
}

/* Where the environment says, or where such things are. */
static void
runtime_dir(struct rst_env *env, char path[PATH_MAX])
{
	struct rst_view value;
	struct rst_rtxn txn;

	(void)snprintf(path, PATH_MAX, RUNTIME_DIR);
	if (rst_read_begin(env, &txn) != RST_OK)
		return;
	if (rst_setting_get(&txn, SETTING, &value) == RST_OK)
		(void)rst_view_copy(value, path, PATH_MAX);
	rst_read_end(&txn);
}

static struct throttle_table *
map_shared(struct rst_env *env)
{
	char path[PATH_MAX], name[64] = FILE_NAME "-";
	struct throttle_table *table = NULL;
	int env_fd = open_dir(rst_env_dir(env)), dir_fd;

	runtime_dir(env, path);
	dir_fd = open_dir(path);
	if (dir_fd >= 0 && env_fd >= 0 && is_fit(dir_fd, env_fd)) {
		unsigned char label[RST_KEY_BYTES];

		rst_env_key(env, "throttle-name", label);
		(void)sodium_bin2hex(name + strlen(name),
		                     sizeof(name) - strlen(name), label,
		                     sizeof(label));
		table = map_file(dir_fd, name);
	}
	if (table == NULL && env_fd >= 0)
		table = map_file(env_fd, FILE_NAME);
	if (dir_fd >= 0)
		close(dir_fd);
	if (env_fd >= 0)
		close(env_fd);
	return table;
}

struct throttle_table *
throttle_map(struct rst_env *env)
{
	struct throttle_table *table = map_shared(env);
	void *at;

	if (table != NULL)
		return table;
	at = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE,
	          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return at == MAP_FAILED ? NULL : at;
}

void
throttle_unmap(struct throttle_table *table)
{
	(void)munmap(table, sizeof(*table));
}
