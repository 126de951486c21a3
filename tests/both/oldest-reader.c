/* SPDX-License-Identifier: OLDAP-2.8 */
/* oldest-reader.c - how long readers hold on to an old snapshot
 *
 *	oldest-reader DIR
 *
 * Looks ten times a second until its standard input ends.  Then it prints
 * "READERS AGE": the most slots that were taken at once, and for how many
 * milliseconds the worst of them stayed with one snapshot while newer ones
 * were there.
 */
#include <inttypes.h>
#include <lmdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TABLES   64
#define SLOTS    1024
#define LOOK_MS  100
#define NAME_MAX 64

/* A slot as mdb_reader_list() prints it: "pid thread txnid". */
struct slot {
	char name[NAME_MAX];
	int64_t since_ms;
	int seen;
};

static struct {
	struct slot slot[SLOTS];
	size_t n, taken, most;
	uint64_t last;
	int64_t now_ms, worst_ms;
	int round;
} state;

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static struct slot *
find(const char *name)
{
	for (size_t i = 0; i < state.n; i++)
		if (strcmp(state.slot[i].name, name) == 0)
			return &state.slot[i];
	if (state.n == SLOTS)
		return NULL;
	snprintf(state.slot[state.n].name, NAME_MAX, "%s", name);
	state.slot[state.n].since_ms = state.now_ms;
	return &state.slot[state.n++];
}

/* One line of the list: a heading, "pid thread -" of an idle slot, or one with
 * a snapshot. */
static int
look_at(const char *line, void *arg)
{
	const char *number = strrchr(line, ' ');
	struct slot *slot;
	char *end;
	uint64_t txn;

	(void)arg;
	if (number == NULL || line[strspn(line, " ")] < '0' ||
	    line[strspn(line, " ")] > '9')
		return 0;
	state.taken++;
	txn = strtoumax(number + 1, &end, 10);
	if (end == number + 1 || *end != '\n')
		return 0;
	if (txn >= state.last || (slot = find(line)) == NULL)
		return 0;
	slot->seen = state.round;
	if (state.now_ms - slot->since_ms > state.worst_ms)
		state.worst_ms = state.now_ms - slot->since_ms;
	return 0;
}

static void
look(MDB_env *env)
{
	MDB_envinfo info;
	size_t kept = 0;

	mdb_env_info(env, &info);
	state.last = info.me_last_txnid;
	state.now_ms = now_ms();
	state.taken = 0;
	state.round++;
	mdb_reader_list(env, look_at, NULL);
	if (state.taken > state.most)
		state.most = state.taken;
	for (size_t i = 0; i < state.n; i++)
		if (state.slot[i].seen == state.round)
			state.slot[kept++] = state.slot[i];
	state.n = kept;
}

int
main(int argc, char **argv)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	MDB_env *env = NULL;
	char byte;
	int rc;

	if (argc != 2)
		return 2;
	rc = mdb_env_create(&env);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(env, TABLES);
	if (rc == 0)
		rc = mdb_env_open(env, argv[1], MDB_RDONLY, 0660);
	if (rc != 0) {
		fprintf(stderr, "%s\n", mdb_strerror(rc));
		return 1;
	}
	while (poll(&input, 1, LOOK_MS) == 0 ||
	       read(STDIN_FILENO, &byte, 1) > 0)
		look(env);
	printf("%zu %" PRId64 "\n", state.most, state.worst_ms);
	mdb_env_close(env);
	return 0;
}
