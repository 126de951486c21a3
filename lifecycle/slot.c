/* SPDX-License-Identifier: OLDAP-2.8 */
/* slot.c - who may hash, and who is next
 *
 * hash.lock is C bytes long to us: byte i locked means that slot i hashes.
 * They are locks of an open file description: the kernel takes them back when
 * their process dies, however it dies, and a lock file left by a crashed
 * machine means nothing (doc/design says why not mutexes).  The file is made
 * with the environment, for its group.
 *
 * Threads of one process stand in one line, whichever environment they are
 * for; only the first of them looks at the file, so that nobody is overtaken:
 *
 *	thread --joins--> [4] [3] [2] [1] --polls--> slot
 */
#include "lifecycle/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lifecycle/password.h"

#define SLOTS_MAX     4
#define POLL_FIRST_MS 1  /* between two looks for a slot */
#define POLL_LATER_MS 10 /* between two looks whether slapd wants a pause */

struct waiter {
	struct waiter *next;
	bool suspect;
	pthread_cond_t turn;
};

static struct {
	pthread_mutex_t lock;
	struct waiter *first; /* under lock */
} line = { PTHREAD_MUTEX_INITIALIZER, NULL };

/* Set once, by the module as it is loaded. */
static lifecycle_pause *pause_hook;
static void *pause_arg;

void
lifecycle_password_set_pause(lifecycle_pause *pause_function, void *arg)
{
	pause_arg = arg;
	pause_hook = pause_function;
}

/* False when too many suspects stand there. */
static bool
line_join(struct waiter *me)
{
	struct waiter **last;
	unsigned int suspects = 0;

	pthread_cond_init(&me->turn, NULL);
	me->next = NULL;
	pthread_mutex_lock(&line.lock);
	for (last = &line.first; *last != NULL; last = &(*last)->next)
		suspects += (*last)->suspect;
	if (!me->suspect || suspects < SLOT_SUSPECTS)
		*last = me;
	else
		last = NULL;
	pthread_mutex_unlock(&line.lock);
	if (last == NULL)
		pthread_cond_destroy(&me->turn);
	return last != NULL;
}

static void
line_leave(struct waiter *me)
{
	struct waiter **at;

	pthread_mutex_lock(&line.lock);
	for (at = &line.first; *at != me; at = &(*at)->next)
		;
	*at = me->next;
	if (line.first != NULL)
		pthread_cond_signal(&line.first->turn);
	pthread_mutex_unlock(&line.lock);
	pthread_cond_destroy(&me->turn);
}

static bool
line_is_first(const struct waiter *me)
{
	bool first;

	pthread_mutex_lock(&line.lock);
	first = line.first == me;
	pthread_mutex_unlock(&line.lock);
	return first;
}

/* Until it is our turn, or for a moment. */
static void
line_nap(struct waiter *me)
{
	struct timespec until;
	long ms;

	pthread_mutex_lock(&line.lock);
	ms = line.first == me ? POLL_FIRST_MS : POLL_LATER_MS;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_cond_clockwait(&me->turn, &line.lock, CLOCK_MONOTONIC,
	                             &until);
	pthread_mutex_unlock(&line.lock);
}

/* A core stays free for searches where there are two. */
static unsigned int
slot_count(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (cores <= 2)
		return 1;
	return cores > SLOTS_MAX ? SLOTS_MAX : (unsigned int)cores - 1;
}

static bool
try_slot(int fd)
{
	struct flock lock = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_len = 1,
	};

	for (unsigned int slot = 0; slot < slot_count(); slot++) {
		lock.l_start = (off_t)slot;
		if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
			return true;
	}
	return false;
}

static int64_t
monotonic_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Take a slot on fd; it is given back when fd is closed. */
static enum rst_err
wait_for_slot(int fd, bool suspect)
{
	const int64_t until_ms = monotonic_ms() + SLOT_WAIT_MS;
	struct waiter me = { .suspect = suspect };
	enum rst_err err = RST_OK;

	if (!line_join(&me))
		return RST_EBUSY;
	while (!line_is_first(&me) || !try_slot(fd)) {
		if (monotonic_ms() >= until_ms) {
			err = RST_EBUSY;
			break;
		}
		line_nap(&me);
		if (pause_hook != NULL && !pause_hook(pause_arg)) {
			err = RST_EBUSY;
			break;
		}
	}
	line_leave(&me);
	return err;
}

enum rst_err
lifecycle_slot_take(const struct rst_env *env, bool suspect, int *ret_slot)
{
	char path[4096];
	enum rst_err err;
	int fd;

	if (snprintf(path, sizeof(path), "%s/hash.lock", rst_env_dir(env)) >=
	    (int)sizeof(path))
		return RST_EINVALID;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) /* without a descriptor left it is a crowd, no defect */
		return errno == EMFILE || errno == ENFILE ? RST_EBUSY : RST_EIO;
	err = wait_for_slot(fd, suspect);
	if (err != RST_OK)
		close(fd);
	else
		*ret_slot = fd;
	return err;
}

void
lifecycle_slot_give(int slot)
{
	close(slot);
}
