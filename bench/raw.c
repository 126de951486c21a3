/* SPDX-License-Identifier: OLDAP-2.8 */
/* raw.c - what the machine can do at best: ceilings of writes and of hashes
 *
 *	raw commit DIRECTORY SECONDS	durable commits of one row, one by one
 *	raw hash THREADS SECONDS	argon2id, 19 MiB t=2, on each thread
 *	raw password TEXT		its hash, as an entry holds it
 *
 * A commit is what any acknowledged write costs at least: LMDB as Roster and
 * back-mdb use it, the page of one small row, and the disk's promise.
 */
#include <errno.h>
#include <lmdb.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAP_BYTES   (64U << 20)
#define ROWS        4096
#define COMMITS_MAX 1000000
#define THREADS_MAX 256
#define HASH_OPS    2
#define HASH_BYTES  (19U << 20)
#define NS_IN_S     UINT64_C(1000000000)

static uint64_t
clock_ns(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return (uint64_t)now.tv_sec * NS_IN_S + (uint64_t)now.tv_nsec;
}

static int
compare_times(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
report(uint32_t *took_us, size_t n, uint64_t ns, uint64_t cpu_ns)
{
	qsort(took_us, n, sizeof(*took_us), compare_times);
	printf("{\"operations\": %zu, \"wrong\": 0, \"seconds\": %.6f, "
	       "\"p50_us\": %u, \"p99_us\": %u, \"cpu_s\": %.6f}\n",
	       n, (double)ns / (double)NS_IN_S, n ? took_us[n / 2] : 0,
	       n ? took_us[n * 99 / 100] : 0, (double)cpu_ns / (double)NS_IN_S);
}

static int
commit_one(MDB_env *env, MDB_dbi dbi, uint32_t number)
{
	uint32_t row = number % ROWS;
	MDB_val key = { sizeof(row), &row };
	char text[100] = { 0 };
	MDB_val value = { sizeof(text), text };
	MDB_txn *txn;
	int err;

	snprintf(text, sizeof(text), "%u", number);
	err = mdb_txn_begin(env, NULL, 0, &txn);
	if (err != 0)
		return err;
	err = mdb_put(txn, dbi, &key, &value, 0);
	if (err != 0) {
		mdb_txn_abort(txn);
		return err;
	}
	return mdb_txn_commit(txn);
}

static int
open_table(MDB_env *env, MDB_dbi *dbi)
{
	MDB_txn *txn;
	int err;

	err = mdb_txn_begin(env, NULL, 0, &txn);
	if (err != 0)
		return err;
	err = mdb_dbi_open(txn, NULL, 0, dbi);
	if (err != 0) {
		mdb_txn_abort(txn);
		return err;
	}
	return mdb_txn_commit(txn);
}

static int
commits(const char *directory, double seconds)
{
	uint32_t *took_us = calloc(COMMITS_MAX, sizeof(*took_us));
	uint64_t began, cpu, end, at;
	MDB_env *env = NULL;
	MDB_dbi dbi;
	uint32_t n = 0;
	int err;

	err = took_us == NULL ? ENOMEM : mdb_env_create(&env);
	if (err == 0)
		err = mdb_env_set_mapsize(env, MAP_BYTES);
	if (err == 0)
		err = mdb_env_open(env, directory, 0, 0600);
	if (err == 0)
		err = open_table(env, &dbi);
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	began = at = clock_ns(CLOCK_MONOTONIC);
	end = began + (uint64_t)(seconds * (double)NS_IN_S);
	while (err == 0 && at < end && n < COMMITS_MAX) {
		uint64_t now;

		err = commit_one(env, dbi, n);
		now = clock_ns(CLOCK_MONOTONIC);
		took_us[n++] = (uint32_t)((now - at) / 1000);
		at = now;
	}
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	if (err == 0)
		report(took_us, n, at - began, cpu);
	else
		fprintf(stderr, "raw: %s: %s\n", directory, mdb_strerror(err));
	if (env != NULL)
		mdb_env_close(env);
	free(took_us);
	return err == 0 ? 0 : 1;
}

static struct {
	uint64_t stop_at;
	uint32_t *took_us;
	size_t n;
	pthread_mutex_t lock;
	bool failed;
} hashing = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void *
hash_on(void *arg)
{
	char hash[crypto_pwhash_STRBYTES];
	uint64_t began;

	(void)arg;
	while ((began = clock_ns(CLOCK_MONOTONIC)) < hashing.stop_at) {
		int bad = crypto_pwhash_str(hash, "a password", 10, HASH_OPS,
		                            HASH_BYTES);

		pthread_mutex_lock(&hashing.lock);
		if (bad || hashing.n == COMMITS_MAX)
			hashing.failed = true;
		else
			hashing.took_us[hashing.n++] =
				(uint32_t)((clock_ns(CLOCK_MONOTONIC) - began) /
			                   1000);
		pthread_mutex_unlock(&hashing.lock);
		if (bad)
			break;
	}
	return NULL;
}

static int
hashes(unsigned int threads, double seconds)
{
	pthread_t all[THREADS_MAX];
	uint64_t began, cpu;
	unsigned int n;

	if (threads < 1 || threads > THREADS_MAX)
		return 2;
	hashing.took_us = calloc(COMMITS_MAX, sizeof(*hashing.took_us));
	if (hashing.took_us == NULL)
		return 1;
	cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	began = clock_ns(CLOCK_MONOTONIC);
	hashing.stop_at = began + (uint64_t)(seconds * (double)NS_IN_S);
	for (n = 0; n < threads; n++)
		if (pthread_create(&all[n], NULL, hash_on, NULL) != 0)
			return 1;
	while (n > 0)
		pthread_join(all[--n], NULL);
	if (!hashing.failed)
		report(hashing.took_us, hashing.n,
		       clock_ns(CLOCK_MONOTONIC) - began,
		       clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	free(hashing.took_us);
	return hashing.failed ? 1 : 0;
}

int
main(int argc, char *argv[])
{
	char hash[crypto_pwhash_STRBYTES];

	if (sodium_init() < 0)
		return 1;
	if (argc == 4 && strcmp(argv[1], "commit") == 0)
		return commits(argv[2], strtod(argv[3], NULL));
	if (argc == 4 && strcmp(argv[1], "hash") == 0)
		return hashes((unsigned int)strtoul(argv[2], NULL, 10),
		              strtod(argv[3], NULL));
	if (argc == 3 && strcmp(argv[1], "password") == 0 &&
	    crypto_pwhash_str(hash, argv[2], strlen(argv[2]), HASH_OPS,
	                      HASH_BYTES) == 0) {
		printf("{ARGON2}%s\n", hash);
		return 0;
	}
	fprintf(stderr, "usage: raw commit DIRECTORY SECONDS | "
	                "raw hash THREADS SECONDS | raw password TEXT\n");
	return 2;
}
