/* SPDX-License-Identifier: OLDAP-2.8 */
/* replay.c - every state a power cut may leave, opened and examined
 *
 * usage: power-replay [options] RECORDING BEGIN SCRATCH
 *
 *	--states N	how many states to build (20000)
 *	--tear BYTES	a write is torn at multiples of that (512)
 *	--no-meta-sync	as if the last write of a commit were not synced
 *	--jobs N	processes (2)
 *	--seed N	of the dice (1)
 *
 * RECORDING is of record.h, from the making of an environment on; BEGIN a
 * directory with its secret.key; SCRATCH an empty directory, on tmpfs best.
 *
 * A state is a moment of the recording, what was synced until then, and of
 * the writes since: all, none, or a random choice of their sectors.  Until
 * data.mdb has its name on disk, it may be missing.  Each is opened as the
 * daemons would (while nobody was told that it is made: as rosterctl init
 * would, once more), must satisfy rst_check() and the oracle, and must take
 * another commit.  One that equals another just before is not examined twice.
 * Exit status 0: all did; 1: some did not; 2: the replay itself failed.
 */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lifecycle/acts.h"
#include "store/check.h"
#include "tests/power/oracle.h"
#include "tests/power/record.h"

#define JOBS_MAX      16
#define STATE_S       60 /* longer than this is a hang */
#define PENDING_MAX   4096
#define PAST_IMAGE    (UINT64_C(1) << 30) /* no recording writes beyond */
#define RECHECK_EVERY 16 /* states whose new commit is checked in turn */
#define NOW_S         1900000000

enum outcome {
	FINE,
	REFUSED,      /* cannot be opened */
	INCONSISTENT, /* rst_check finds something */
	LOST,         /* the oracle knows better */
	STUCK,        /* takes no further commit */
	CRASHED,      /* the process died of it */
	OUTCOMES
};
static const char *const outcome_words[OUTCOMES] = {
	[FINE] = "fine", [REFUSED] = "refused", [INCONSISTENT] = "inconsistent",
	[LOST] = "lost", [STUCK] = "stuck",     [CRASHED] = "crashed",
};

/* What the workers share with their parent. */
struct shared {
	atomic_ulong outcomes[OUTCOMES];
	atomic_ulong told;
	atomic_ulong equal;        /* to the state before */
	atomic_ulong at[JOBS_MAX]; /* the state each is busy with */
};

struct event {
	struct record_head head;
	const char *bytes;
};

struct replay {
	const char *begin, *scratch;
	unsigned long states, seed;
	size_t tear;
	bool meta_sync;
	unsigned int jobs;
	struct event *events;
	size_t n_events;
	size_t moments; /* events that change what a cut would leave */
	size_t room;    /* bytes of the largest image */
	struct shared *shared;
};

/* One worker's disk. */
struct disk {
	char *synced, *image;
	size_t synced_len, image_len;
	const struct event *pending[PENDING_MAX];
	size_t n_pending;
	uint64_t dice;
	bool born, named; /* data.mdb may, and does, have its name */
	bool absent;      /* in this state it has not */
	struct seen {
		char *image;
		size_t len; /* 0: there is none */
	} seen[2]; /* the last fine state with no pending write, with some */
};

static void
die(const char *what)
{
	perror(what);
	exit(2);
}

/* splitmix64: the same states in every run. */
static uint64_t
roll(uint64_t *dice)
{
	uint64_t z = (*dice += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static char *
read_file(const char *path, size_t *ret_len)
{
	struct stat st;
	char *bytes;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

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
write_file(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		die(path);
	close(fd);
}

static void
take_event(struct replay *replay, const struct event *event)
{
	uint64_t end = event->head.offset + event->head.len;

	if (event->head.kind == RECORD_STRANGE) {
		fprintf(stderr, "replay: the recording has a %.*s\n",
		        (int)event->head.len, event->bytes);
		exit(2);
	}
	if (event->head.kind == RECORD_WRITE) {
		if (end > PAST_IMAGE) {
			fprintf(stderr, "replay: a write ends at %ju\n",
			        (uintmax_t)end);
			exit(2);
		}
		if (end > replay->room)
			replay->room = end;
	}
	if (event->head.kind != RECORD_TRIED &&
	    event->head.kind != RECORD_ACKNOWLEDGED)
		replay->moments++;
	replay->events[replay->n_events++] = *event;
}

static void
load(struct replay *replay, const char *path)
{
	struct event event;
	size_t len, at = 0;
	char *bytes = read_file(path, &len);

	replay->events = calloc(len / sizeof(event.head) + 1, sizeof(event));
	if (replay->events == NULL)
		die("replay");
	while (at + sizeof(event.head) <= len) {
		memcpy(&event.head, bytes + at, sizeof(event.head));
		at += sizeof(event.head);
		event.bytes = bytes + at;
		if (event.head.kind != RECORD_DURABLE)
			at += event.head.len;
		if (at > len)
			break; /* cut off: its process was killed */
		take_event(replay, &event);
	}
}

static void
put_bytes(char *image, size_t *len, const struct event *event)
{
	size_t end = event->head.offset + event->head.len;

	memcpy(image + event->head.offset, event->bytes, event->head.len);
	if (end > *len)
		*len = end;
}

/* Some of the sectors of a write; the file may have grown without any. */
static void
put_torn(struct disk *disk, const struct event *event, size_t tear)
{
	size_t at = event->head.offset, end = at + event->head.len, next;

	if ((roll(&disk->dice) & 1) && end > disk->image_len)
		disk->image_len = end;
	for (; at < end; at = next) {
		next = (at / tear + 1) * tear;
		if (next > end)
			next = end;
		if (!(roll(&disk->dice) & 1))
			continue;
		memcpy(disk->image + at, event->bytes + at - event->head.offset,
		       next - at);
		if (next > disk->image_len)
			disk->image_len = next;
	}
}

/* way 0: all pending writes are on disk; 1: none; else: some of some. */
static void
build(const struct replay *replay, struct disk *disk, unsigned long way)
{
	memcpy(disk->image, disk->synced, disk->synced_len);
	memset(disk->image + disk->synced_len, 0,
	       replay->room - disk->synced_len);
	disk->image_len = disk->synced_len;
	disk->absent = !disk->named && (!disk->born || (roll(&disk->dice) & 1));
	for (size_t i = 0; i < disk->n_pending; i++) {
		if (way == 0)
			put_bytes(disk->image, &disk->image_len,
			          disk->pending[i]);
		else if (way > 1 && (roll(&disk->dice) & 1))
			put_torn(disk, disk->pending[i], replay->tear);
	}
}

/* The range is on disk; what was pending there is overwritten. */
static void
make_durable(struct disk *disk, const struct record_head *range)
{
	size_t kept = 0;

	for (size_t i = 0; i < disk->n_pending; i++) {
		const struct event *event = disk->pending[i];

		if (event->head.offset >= range->offset &&
		    event->head.offset + event->head.len <=
		            range->offset + range->len)
			put_bytes(disk->synced, &disk->synced_len, event);
		else
			disk->pending[kept++] = event;
	}
	disk->n_pending = kept;
}

/* True when a power cut now would leave something new. */
static bool
step(const struct replay *replay, struct disk *disk, struct oracle *oracle,
     const struct event *event)
{
	struct rst_view text = rst_view(event->bytes, event->head.len);

	switch ((enum record_kind)event->head.kind) {
	case RECORD_TRIED:
		oracle_tried(oracle, text);
		return false;
	case RECORD_ACKNOWLEDGED:
		oracle_acknowledged(oracle, text);
		return false;
	case RECORD_WRITE:
		if (disk->n_pending == PENDING_MAX) {
			fprintf(stderr, "replay: writes without a sync\n");
			exit(2);
		}
		disk->pending[disk->n_pending++] = event;
		return true;
	case RECORD_DURABLE:
		if (replay->meta_sync)
			make_durable(disk, &event->head);
		return true;
	case RECORD_SYNC:
		for (size_t i = 0; i < disk->n_pending; i++)
			put_bytes(disk->synced, &disk->synced_len,
			          disk->pending[i]);
		disk->n_pending = 0;
		return true;
	case RECORD_BORN:
		disk->born = true;
		return true;
	case RECORD_NAMED:
		disk->named = disk->born;
		return true;
	case RECORD_STRANGE:
		break;
	}
	return false;
}

static void
keep_finding(void *arg, const struct rst_check_finding *finding)
{
	struct rst_detail *why = arg;

	rst_detail_set(why, "%s: %s", finding->invariant, finding->text);
}

static bool
is_consistent(struct rst_env *env, struct rst_detail *why)
{
	struct rst_check_options options = { .max_findings = 1,
		                             .finding = keep_finding,
		                             .arg = why };
	uint64_t n = 1;

	rst_detail_set(why, "rst_check() failed");
	return rst_check(env, &options, &n) == RST_OK && n == 0;
}

static bool
takes_a_commit(struct rst_env *env, struct rst_detail *why)
{
	struct act_ctx ctx = { .env = env,
		               .door = RST_DOOR_CLI,
		               .now_s = NOW_S,
		               .server_id = 15 };
	struct act_refusal refusal = { .verdict = RULE_OK };
	enum rst_err err;
	uint64_t id;

	err = act_create_group(&ctx, rst_view_of("after-the-cut"), 0, false,
	                       rst_view(NULL, 0), &id, &refusal);
	if (err != RST_OK)
		rst_detail_set(why, "%s %s", rst_strerror(err),
		               rule_verdict_text(refusal.verdict));
	return err == RST_OK;
}

/* What rosterctl init does; it may be done again after a cut. */
static bool
initialise(struct rst_env *env, struct rst_detail *why)
{
	struct act_ctx ctx = { .env = env,
		               .door = RST_DOOR_CLI,
		               .now_s = NOW_S,
		               .server_id = 15 };
	struct act_refusal refusal = { .verdict = RULE_OK };
	enum rst_err err;

	err = act_init(&ctx, rst_view_of("dc=example,dc=org"),
	               rst_view_of("Roster"), &refusal);
	if (err != RST_OK)
		rst_detail_set(why, "init: %s %s", rst_strerror(err),
		               rule_verdict_text(refusal.verdict));
	return err == RST_OK;
}

static enum outcome
examine(const struct oracle *oracle, const char *dir, bool recheck,
        struct rst_detail *why)
{
	bool made = oracle_knows(oracle, "init/suffix");
	const struct rst_env_options options = { .create = !made };
	struct rst_env *env = NULL;
	enum outcome outcome = FINE;

	if (rst_env_open(dir, &options, &env, why) != RST_OK)
		return REFUSED;
	if (!is_consistent(env, why))
		outcome = INCONSISTENT;
	else if (oracle_check(oracle, env, why) != 0)
		outcome = LOST;
	else if (!made && !initialise(env, why))
		outcome = STUCK;
	else if (!takes_a_commit(env, why))
		outcome = STUCK;
	else if (recheck && !is_consistent(env, why))
		outcome = INCONSISTENT;
	rst_env_close(env);
	return outcome;
}

static void
tell(struct shared *shared, unsigned long state, size_t event,
     enum outcome outcome, const char *why)
{
	atomic_fetch_add(&shared->outcomes[outcome], 1);
	if (outcome != FINE && atomic_fetch_add(&shared->told, 1) < 5)
		printf("state %lu, event %zu: %s: %s\n", state, event,
		       outcome_words[outcome], why);
	fflush(stdout);
}

struct worker {
	const struct replay *replay;
	struct disk disk;
	struct oracle *oracle;
	char dir[256], data[300], passing[310], lock[300];
	unsigned int number;
};

/* The same image as before, and nobody was told anything since. */
static bool
is_equal(const struct disk *disk, const struct seen *seen)
{
	return seen->len == disk->image_len &&
	       memcmp(seen->image, disk->image, disk->image_len) == 0;
}

/* Written over what the state before left: no page is given back and taken
 * again. */
static void
put_file(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || pwrite(fd, bytes, len, 0) != (ssize_t)len ||
	    ftruncate(fd, (off_t)len) != 0)
		die(path);
	close(fd);
}

static void
put_state(struct worker *worker)
{
	struct disk *disk = &worker->disk;

	if (disk->absent)
		(void)unlink(worker->data);
	put_file(disk->absent ? worker->passing : worker->data, disk->image,
	         disk->image_len);
	(void)unlink(worker->lock);
}

static void
try_state(struct worker *worker, unsigned long state, unsigned long way,
          size_t event)
{
	struct shared *shared = worker->replay->shared;
	struct disk *disk = &worker->disk;
	struct seen *seen = &disk->seen[way != 1];
	struct rst_detail why = { "" };
	enum outcome outcome;

	atomic_store(&shared->at[worker->number], state);
	disk->dice = worker->replay->seed << 32 | state;
	build(worker->replay, disk, way);
	if (!disk->absent && is_equal(disk, seen)) {
		atomic_fetch_add(&shared->equal, 1);
		tell(shared, state, event, FINE, "");
		return;
	}
	put_state(worker);
	alarm(STATE_S);
	outcome = examine(worker->oracle, worker->dir,
	                  state / worker->replay->jobs % RECHECK_EVERY == 0,
	                  &why);
	alarm(0);
	seen->len = 0;
	if (outcome == FINE && !disk->absent) {
		memcpy(seen->image, disk->image, disk->image_len);
		seen->len = disk->image_len;
	}
	tell(shared, state, event, outcome, why.text);
}

static void
set_up(struct worker *worker)
{
	const struct replay *replay = worker->replay;
	struct disk *disk = &worker->disk;
	char path[300];
	size_t len;
	char *bytes;

	snprintf(worker->dir, sizeof(worker->dir), "%s/%u", replay->scratch,
	         worker->number);
	(void)mkdir(worker->dir, 0700);
	snprintf(worker->data, sizeof(worker->data), "%s/data.mdb",
	         worker->dir);
	snprintf(worker->passing, sizeof(worker->passing), "%s.new",
	         worker->data);
	snprintf(worker->lock, sizeof(worker->lock), "%s/lock.mdb",
	         worker->dir);
	snprintf(path, sizeof(path), "%s/secret.key", replay->begin);
	bytes = read_file(path, &len);
	snprintf(path, sizeof(path), "%s/secret.key", worker->dir);
	write_file(path, bytes, len);
	free(bytes);
	disk->synced = calloc(1, replay->room);
	disk->image = calloc(1, replay->room);
	for (int i = 0; i < 2; i++)
		disk->seen[i].image = calloc(1, replay->room);
	worker->oracle = oracle_new();
	if (disk->synced == NULL || disk->image == NULL ||
	    disk->seen[0].image == NULL || disk->seen[1].image == NULL ||
	    worker->oracle == NULL)
		die("replay");
}

/* How many states the moment is worth: their sum is what was asked for. */
static unsigned long
share_of(const struct replay *replay, size_t moment)
{
	return (moment + 1) * replay->states / replay->moments -
	       moment * replay->states / replay->moments;
}

/* One worker's states from the given one on; never returns. */
static void
work(const struct replay *replay, unsigned int number, unsigned long from)
{
	static struct worker worker;
	unsigned long state = 0;
	size_t moment = 0;

	worker.replay = replay;
	worker.number = number;
	set_up(&worker);
	for (size_t i = 0; i < replay->n_events; i++) {
		unsigned long n;

		if (!step(replay, &worker.disk, worker.oracle,
		          &replay->events[i])) {
			/* the oracle moved */
			worker.disk.seen[0].len = worker.disk.seen[1].len = 0;
			continue;
		}
		n = share_of(replay, moment++);
		for (unsigned long k = 0; k < n; k++, state++) {
			/* few states a moment: let the ways take turns */
			unsigned long way = n >= 3 ? k : (moment + k) % 4;

			if (state >= from && state % replay->jobs == number)
				try_state(&worker, state, way, i);
		}
	}
	_exit(0);
}

static pid_t
start(const struct replay *replay, unsigned int number, unsigned long from)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0)
		work(replay, number, from);
	return pid;
}

/* Run the workers; one that dies goes on after the state that killed it. */
static void
run(const struct replay *replay)
{
	pid_t pids[JOBS_MAX], pid;
	unsigned int left = replay->jobs;
	int status;

	for (unsigned int i = 0; i < replay->jobs; i++)
		pids[i] = start(replay, i, 0);
	while (left > 0) {
		unsigned int i = 0;
		unsigned long at;

		pid = wait(&status);
		if (pid < 0)
			die("wait");
		while (i < replay->jobs && pids[i] != pid)
			i++;
		if (i == replay->jobs)
			continue;
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
			left--;
			continue;
		}
		if (WIFEXITED(status))
			exit(2);
		at = atomic_load(&replay->shared->at[i]);
		tell(replay->shared, at, 0, CRASHED,
		     strsignal(WTERMSIG(status)));
		pids[i] = start(replay, i, at + 1);
	}
}

static unsigned long
number_of(const char *text, unsigned long max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n == 0 || n > max) {
		fprintf(stderr, "power-replay: %s is not from 1 to %lu\n", text,
		        max);
		exit(2);
	}
	return n;
}

static void
parse(struct replay *replay, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "states", required_argument, NULL, 's' },
		{ "tear", required_argument, NULL, 't' },
		{ "no-meta-sync", no_argument, NULL, 'm' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "seed", required_argument, NULL, 'd' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			replay->states = number_of(optarg, 100000000);
		else if (c == 't')
			replay->tear = number_of(optarg, 65536);
		else if (c == 'm')
			replay->meta_sync = false;
		else if (c == 'j')
			replay->jobs = (unsigned)number_of(optarg, JOBS_MAX);
		else if (c == 'd')
			replay->seed = number_of(optarg, 1000000);
		else
			exit(2);
	}
	if (argc - optind != 3) {
		fprintf(stderr, "usage: power-replay [options] recording begin "
		                "scratch\n");
		exit(2);
	}
	replay->begin = argv[optind + 1];
	replay->scratch = argv[optind + 2];
	load(replay, argv[optind]);
}

static int
report(const struct replay *replay, double seconds)
{
	unsigned long n, all = 0, bad = 0;

	printf("%zu moments, %lu states equal the one before", replay->moments,
	       atomic_load(&replay->shared->equal));
	for (int i = 0; i < OUTCOMES; i++) {
		n = atomic_load(&replay->shared->outcomes[i]);
		all += n;
		bad += i == FINE ? 0 : n;
		printf(", %s %lu", outcome_words[i], n);
	}
	printf(", states %lu in %.1f s (%.0f/s)\n", all, seconds,
	       (double)all / seconds);
	if (all != replay->states) {
		printf("%lu states were asked for\n", replay->states);
		return 2;
	}
	return bad > 0 ? 1 : 0;
}

int
main(int argc, char *argv[])
{
	struct replay replay = { .states = 20000,
		                 .seed = 1,
		                 .tear = 512,
		                 .meta_sync = true,
		                 .jobs = 2 };
	const struct rlimit none = { 0, 0 };
	struct timespec begun, ended;

	if (sodium_init() < 0)
		return 2;
	parse(&replay, argc, argv);
	if (replay.moments == 0) {
		fprintf(stderr, "power-replay: nothing was written\n");
		return 2;
	}
	replay.shared =
		mmap(NULL, sizeof(*replay.shared), PROT_READ | PROT_WRITE,
	             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (replay.shared == MAP_FAILED)
		die("mmap");
	(void)setrlimit(RLIMIT_CORE, &none);
	clock_gettime(CLOCK_MONOTONIC, &begun);
	run(&replay);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	return report(&replay,
	              (double)(ended.tv_sec - begun.tv_sec) +
	                      (double)(ended.tv_nsec - begun.tv_nsec) / 1e9);
}
