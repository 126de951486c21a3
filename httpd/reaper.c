/* SPDX-License-Identifier: OLDAP-2.8 */
/* reaper.c - connections that take too long, by the wall clock
 *
 * The socket is shut down, never closed: closing is its owner's, who then
 * calls http_reaper_forget() under the same lock, so that the number cannot
 * mean another connection.
 */
#include "httpd/reaper.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

struct http_watched {
	struct http_watched *next, **at; /* at points to what points to us */
	int fd;
	int64_t deadline_s;
};

struct http_reaper {
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool stop;
	struct http_watched *first;
	pthread_t thread;
};

static int64_t
now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec;
}

static void *
run(void *arg)
{
	struct http_reaper *reaper = arg;
	struct timespec until;

	pthread_mutex_lock(&reaper->lock);
	while (!reaper->stop) {
		int64_t now_s = now();

		for (struct http_watched *w = reaper->first; w != NULL;
		     w = w->next)
			if (w->deadline_s <= now_s)
				shutdown(w->fd, SHUT_RDWR);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec++;
		pthread_cond_clockwait(&reaper->stopped, &reaper->lock,
		                       CLOCK_MONOTONIC, &until);
	}
	pthread_mutex_unlock(&reaper->lock);
	return NULL;
}

enum rst_err
http_reaper_start(struct http_reaper **ret_reaper)
{
	struct http_reaper *reaper = calloc(1, sizeof(*reaper));

	if (reaper == NULL)
		return RST_ENOMEM;
	pthread_mutex_init(&reaper->lock, NULL);
	pthread_cond_init(&reaper->stopped, NULL);
	if (pthread_create(&reaper->thread, NULL, run, reaper) != 0) {
		free(reaper);
		return RST_ENOMEM;
	}
	*ret_reaper = reaper;
	return RST_OK;
}

void
http_reaper_stop(struct http_reaper *reaper)
{
	if (reaper == NULL)
		return;
	pthread_mutex_lock(&reaper->lock);
	reaper->stop = true;
	pthread_cond_signal(&reaper->stopped);
	pthread_mutex_unlock(&reaper->lock);
	pthread_join(reaper->thread, NULL);
	while (reaper->first != NULL)
		http_reaper_forget(reaper, reaper->first);
	pthread_cond_destroy(&reaper->stopped);
	pthread_mutex_destroy(&reaper->lock);
	free(reaper);
}

struct http_watched *
http_reaper_watch(struct http_reaper *reaper, int fd)
{
	struct http_watched *watched = calloc(1, sizeof(*watched));

	if (watched == NULL)
		return NULL;
	watched->fd = fd;
	watched->deadline_s = now() + REAPER_HEAD_S;
	pthread_mutex_lock(&reaper->lock);
	watched->next = reaper->first;
	watched->at = &reaper->first;
	if (watched->next != NULL)
		watched->next->at = &watched->next;
	reaper->first = watched;
	pthread_mutex_unlock(&reaper->lock);
	return watched;
}

static void
set_deadline(struct http_reaper *reaper, struct http_watched *watched,
             int64_t seconds)
{
	if (watched == NULL)
		return;
	pthread_mutex_lock(&reaper->lock);
	watched->deadline_s = now() + seconds;
	pthread_mutex_unlock(&reaper->lock);
}

void
http_reaper_idle(struct http_reaper *reaper, struct http_watched *watched)
{
	set_deadline(reaper, watched, REAPER_HEAD_S);
}

void
http_reaper_busy(struct http_reaper *reaper, struct http_watched *watched)
{
	set_deadline(reaper, watched, REAPER_BODY_S);
}

static void
give_more(struct http_reaper *reaper, struct http_watched *watched,
          int64_t seconds)
{
	if (watched == NULL)
		return;
	pthread_mutex_lock(&reaper->lock);
	watched->deadline_s += seconds;
	pthread_mutex_unlock(&reaper->lock);
}

void
http_reaper_work(struct http_reaper *reaper, struct http_watched *watched)
{
	give_more(reaper, watched, REAPER_REQUEST_S - REAPER_BODY_S);
}

void
http_reaper_answer(struct http_reaper *reaper, struct http_watched *watched,
                   size_t bytes)
{
	give_more(reaper, watched, (int64_t)(bytes / REAPER_BYTES_S));
}

void
http_reaper_leave(struct http_reaper *reaper, struct http_watched *watched)
{
	set_deadline(reaper, watched, INT64_MAX / 2);
}

void
http_reaper_forget(struct http_reaper *reaper, struct http_watched *watched)
{
	if (watched == NULL)
		return;
	pthread_mutex_lock(&reaper->lock);
	*watched->at = watched->next;
	if (watched->next != NULL)
		watched->next->at = watched->at;
	pthread_mutex_unlock(&reaper->lock);
	free(watched);
}
