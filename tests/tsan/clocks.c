/* SPDX-License-Identifier: OLDAP-2.8 */
/* clocks.c - waits that ThreadSanitizer knows, in place of those it does not
 *
 * gcc 12's run-time follows pthread_mutex_timedlock() and
 * pthread_timedjoin_np(), but not their forms that name a clock: what they
 * order would look like a race.  In a build with --enable-tsan libstore
 * carries these two; the moment is put onto the clock of the known form.
 */
#include <pthread.h>
#include <stdint.h>
#include <time.h>

#define NS_PER_S INT64_C(1000000000)

/* until of clock, as CLOCK_REALTIME will show it. */
static struct timespec
moved(clockid_t clock, const struct timespec *until)
{
	struct timespec here, real;
	int64_t ns;

	clock_gettime(clock, &here);
	clock_gettime(CLOCK_REALTIME, &real);
	ns = (int64_t)until->tv_nsec - here.tv_nsec + real.tv_nsec;
	real.tv_sec += until->tv_sec - here.tv_sec + ns / NS_PER_S;
	real.tv_nsec = ns % NS_PER_S;
	if (real.tv_nsec < 0) {
		real.tv_nsec += NS_PER_S;
		real.tv_sec--;
	}
	return real;
}

int
pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
                        const struct timespec *until)
{
	const struct timespec real = moved(clock, until);

	return pthread_mutex_timedlock(mutex, &real);
}

int
pthread_clockjoin_np(pthread_t thread, void **ret, clockid_t clock,
                     const struct timespec *until)
{
	const struct timespec real = moved(clock, until);

	return pthread_timedjoin_np(thread, ret, &real);
}
