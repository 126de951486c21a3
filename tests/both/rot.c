/* SPDX-License-Identifier: OLDAP-2.8 */
/* rot.c - an environment damaged in many ways, and what becomes of it
 *
 * usage: rot DIRECTORY SCRATCH TIMES SEED [SECONDS]
 *
 * DIRECTORY holds data.mdb and secret.key of a sound environment; SCRATCH is
 * an empty directory, on tmpfs best.  Each time one bit of a copy is flipped,
 * one page zeroed, or the file cut off.  A process of its own opens it as the
 * daemons do, and checks it as rosterctl check does.  It must be refused or
 * found, or hold, row for row, what it held: the damage was where nothing is.
 * Exit status 0: so it was; 1: some damage was not found, or killed the
 * process; 2: the test itself failed.
 */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/check.h"
#include "store/env_priv.h"

#define PAGE     4096
#define CASE_S   60 /* longer than this is a hang */
#define TOLD     10
#define FLIPS_IN 5 /* three of them flip a bit, one zeroes, one cuts off */

enum outcome {
	REFUSED,
	FOUND,
	HARMLESS,
	MISSED,
	BROKEN,
	CRASHED,
	OUTCOMES
};
static const char *const words[OUTCOMES] = {
	[REFUSED] = "refused", [FOUND] = "found",   [HARMLESS] = "harmless",
	[MISSED] = "missed",   [BROKEN] = "broken", [CRASHED] = "crashed",
};

struct digest {
	unsigned char tables[RST_T_COUNT][crypto_generichash_BYTES];
};

static void
die(const char *what)
{
	perror(what);
	exit(2);
}

static char *
read_file(const char *dir, const char *name, size_t *ret_len)
{
	char path[512];
	struct stat st;
	char *bytes;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		die(path);
	bytes = malloc((size_t)st.st_size + 1);
	if (bytes == NULL || read(fd, bytes, (size_t)st.st_size) != st.st_size)
		die(path);
	close(fd);
	*ret_len = (size_t)st.st_size;
	return bytes;
}

static void
put_file(const char *dir, const char *name, const void *bytes, size_t len)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || pwrite(fd, bytes, len, 0) != (ssize_t)len ||
	    ftruncate(fd, (off_t)len) != 0)
		die(path);
	close(fd);
}

static void
add_view(crypto_generichash_state *state, struct rst_view view)
{
	uint64_t len = view.len;

	crypto_generichash_update(state, (const unsigned char *)&len,
	                          sizeof(len));
	crypto_generichash_update(state, (const unsigned char *)view.ptr,
	                          view.len);
}

/* All rows of every table, as they are read. */
static enum rst_err
digest(struct rst_env *env, struct digest *ret)
{
	struct rst_rtxn txn = { .mdb = NULL };
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	crypto_generichash_state state;
	enum rst_err err;

	err = rst_read_begin(env, &txn);
	for (unsigned int i = 0; err == RST_OK && i < RST_T_COUNT; i++) {
		crypto_generichash_init(&state, NULL, 0,
		                        crypto_generichash_BYTES);
		err = rst_cursor_open(&txn, (enum rst_table)i, &cursor);
		if (err == RST_OK)
			err = rst_cursor_seek(&cursor, RST_VIEW(""), &key,
			                      &value);
		while (err == RST_OK) {
			add_view(&state, key);
			add_view(&state, value);
			err = rst_cursor_next(&cursor, &key, &value);
		}
		if (err == RST_ENOTFOUND)
			err = RST_OK;
		rst_cursor_close(&cursor);
		crypto_generichash_final(&state, ret->tables[i],
		                         sizeof(ret->tables[i]));
	}
	rst_read_end(&txn);
	return err;
}

/* What becomes of the environment in dir; the table that differs in *why. */
static enum outcome
examine(const char *dir, const struct digest *right, char *why, size_t size)
{
	struct rst_check_options options = { .max_findings = 0 };
	struct rst_env *env = NULL;
	struct digest seen;
	uint64_t n = 0;

	if (rst_env_open(dir, NULL, &env, NULL) != RST_OK)
		return REFUSED;
	if (rst_check(env, &options, &n) != RST_OK || n > 0)
		return FOUND;
	if (digest(env, &seen) != RST_OK)
		return BROKEN;
	for (unsigned int i = 0; i < RST_T_COUNT; i++) {
		if (memcmp(seen.tables[i], right->tables[i],
		           sizeof(seen.tables[i])) == 0)
			continue;
		snprintf(why, size, "table %s", rst_table_names[i]);
		return MISSED;
	}
	return HARMLESS;
}

static enum outcome
examine_apart(const char *dir, const struct digest *right, char *why,
              size_t size)
{
	int status, ends[2];
	pid_t pid;
	ssize_t n;

	if (pipe(ends) != 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		enum outcome outcome;

		alarm(CASE_S);
		why[0] = '\0';
		outcome = examine(dir, right, why, size);
		if (write(ends[1], why, strlen(why)) < 0)
			_exit(BROKEN);
		_exit((int)outcome);
	}
	close(ends[1]);
	n = read(ends[0], why, size - 1);
	why[n > 0 ? n : 0] = '\0';
	close(ends[0]);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) < CRASHED)
		return (enum outcome)WEXITSTATUS(status);
	snprintf(why, size, "signal %d, status %d", WTERMSIG(status),
	         WEXITSTATUS(status));
	return CRASHED;
}

/* splitmix64: the same damage in every run of one seed. */
static uint64_t
roll(uint64_t *dice)
{
	uint64_t z = (*dice += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Damage the copy of len bytes; says how, and what its length is now. */
static size_t
damage(char *copy, size_t len, uint64_t *dice, char *how, size_t size)
{
	uint64_t kind = roll(dice) % FLIPS_IN, at = roll(dice) % len;
	unsigned int bit = roll(dice) % 8;

	if (kind == 0) {
		at -= at % PAGE;
		memset(copy + at, 0, len - at < PAGE ? len - at : PAGE);
		snprintf(how, size, "page %zu zeroed", (size_t)at / PAGE);
	} else if (kind == 1) {
		snprintf(how, size, "cut off at %zu", (size_t)at);
		return at;
	} else {
		copy[at] = (char)(copy[at] ^ (1 << bit));
		snprintf(how, size, "bit %u of byte %zu of page %zu", bit,
		         (size_t)at % PAGE, (size_t)at / PAGE);
	}
	return len;
}

static void
read_right(const char *dir, struct digest *ret)
{
	struct rst_check_options options = { .max_findings = 0 };
	struct rst_env *env = NULL;
	struct rst_detail why = { "" };
	uint64_t n = 1;
	pid_t pid;
	int ends[2];

	/* apart, as LMDB must not be open when we fork */
	if (pipe(ends) != 0 || (pid = fork()) < 0)
		die("fork");
	if (pid == 0) {
		if (rst_env_open(dir, NULL, &env, &why) != RST_OK ||
		    rst_check(env, &options, &n) != RST_OK || n > 0 ||
		    digest(env, ret) != RST_OK ||
		    write(ends[1], ret, sizeof(*ret)) != sizeof(*ret)) {
			fprintf(stderr, "rot: not sound: %s\n", why.text);
			_exit(2);
		}
		rst_env_close(env);
		_exit(0);
	}
	close(ends[1]);
	if (read(ends[0], ret, sizeof(*ret)) != sizeof(*ret))
		exit(2);
	close(ends[0]);
	(void)waitpid(pid, NULL, 0);
}

static unsigned long
run(const char *dir, const char *scratch, unsigned long times, uint64_t seed,
    long seconds, unsigned long least)
{
	unsigned long outcomes[OUTCOMES] = { 0 }, told = 0, done = 0;
	struct digest right;
	time_t end = time(NULL) + seconds;
	char how[128], why[128];
	char *good, *copy, *key;
	size_t len, key_len, n;

	good = read_file(dir, "data.mdb", &len);
	key = read_file(dir, "secret.key", &key_len);
	copy = malloc(len);
	if (copy == NULL)
		die("rot");
	put_file(scratch, "secret.key", key, key_len);
	put_file(scratch, "data.mdb", good, len);
	read_right(scratch, &right);
	for (; done < times; done++) {
		enum outcome outcome;

		if (seconds != 0 && done >= least && time(NULL) >= end)
			break;
		memcpy(copy, good, len);
		n = damage(copy, len, &seed, how, sizeof(how));
		put_file(scratch, "data.mdb", copy, n);
		outcome = examine_apart(scratch, &right, why, sizeof(why));
		outcomes[outcome]++;
		if (outcome > HARMLESS && told++ < TOLD)
			printf("%s: %s: %s\n", how, words[outcome], why);
	}
	for (int i = 0; i < OUTCOMES; i++)
		printf("%s %lu, ", words[i], outcomes[i]);
	printf("damages %lu\n", done);
	free(good);
	free(key);
	free(copy);
	return outcomes[MISSED] + outcomes[BROKEN] + outcomes[CRASHED];
}

int
main(int argc, char *argv[])
{
	const struct rlimit none = { 0, 0 };

	if (argc < 5 || sodium_init() < 0) {
		fprintf(stderr, "usage: rot directory scratch times seed "
		                "[seconds [least]]\n");
		return 2;
	}
	(void)setrlimit(RLIMIT_CORE, &none);
	return run(argv[1], argv[2], strtoul(argv[3], NULL, 10),
	           strtoul(argv[4], NULL, 10),
	           argc > 5 ? strtol(argv[5], NULL, 10) : 0,
	           argc > 6 ? strtoul(argv[6], NULL, 10) : 0) > 0;
}
