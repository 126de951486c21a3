/* SPDX-License-Identifier: OLDAP-2.8 */
/* fake-clock.c - a wall clock that is set while its processes run
 *
 * Preloaded.  The file FAKE_CLOCK holds eight bytes, the seconds by which the
 * clock is ahead, and all processes map it: they see a change at once and
 * together.  The other clocks are left alone, as by settimeofday().
 *
 * libfaketime reads such a file too, by its function read_config_file(), which
 * in slapd is slapd's.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static const int64_t *ahead;

__attribute__((constructor)) static void
map_clock(void)
{
	const char *path = getenv("FAKE_CLOCK");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *map = MAP_FAILED;

	if (fd >= 0) {
		map = mmap(NULL, sizeof(*ahead), PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
	}
	if (map != MAP_FAILED)
		ahead = map;
}

static int64_t
ahead_s(void)
{
	return ahead == NULL ? 0 : __atomic_load_n(ahead, __ATOMIC_SEQ_CST);
}

EXPORT int
clock_gettime(clockid_t clock, struct timespec *now)
{
	static union {
		void *symbol;
		int (*call)(clockid_t, struct timespec *);
	} next;
	int rc;

	if (next.symbol == NULL)
		next.symbol = dlsym(RTLD_NEXT, "clock_gettime");
	rc = next.call(clock, now);
	if (rc == 0 &&
	    (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += ahead_s();
	return rc;
}

EXPORT int
gettimeofday(struct timeval *now, void *zone)
{
	struct timespec spec;
	int rc = clock_gettime(CLOCK_REALTIME, &spec);

	(void)zone;
	now->tv_sec = spec.tv_sec;
	now->tv_usec = spec.tv_nsec / 1000;
	return rc;
}

EXPORT time_t
time(time_t *ret_now)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	if (ret_now != NULL)
		*ret_now = now.tv_sec;
	return now.tv_sec;
}
