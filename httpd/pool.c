/* SPDX-License-Identifier: OLDAP-2.8 */
/* pool.c - a ring of jobs and the threads that take from it */
#include "httpd/pool.h"

#include <pthread.h>
#include <stdlib.h>

struct http_pool {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	void *ring[POOL_QUEUE];
	unsigned int first, n; /* under lock, like all below */
	bool stopping;
	http_work *work;
	pthread_t threads[POOL_THREADS_MAX];
	unsigned int n_threads;
};

/* The next job; NULL when stopping and none is left. */
static void *
take(struct http_pool *pool)
{
	void *job = NULL;

	pthread_mutex_lock(&pool->lock);
	while (pool->n == 0 && !pool->stopping)
		pthread_cond_wait(&pool->filled, &pool->lock);
	if (pool->n > 0) {
		job = pool->ring[pool->first];
		pool->first = (pool->first + 1) % POOL_QUEUE;
		pool->n--;
	}
	pthread_mutex_unlock(&pool->lock);
	return job;
}

static void *
run(void *arg)
{
	struct http_pool *pool = arg;
	void *job;

	while ((job = take(pool)) != NULL)
		pool->work(job);
	return NULL;
}

enum rst_err
http_pool_start(http_work *work, unsigned int n_threads,
                struct http_pool **ret_pool)
{
	struct http_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return RST_ENOMEM;
	pool->work = work;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->filled, NULL);
	while (pool->n_threads < n_threads &&
	       pthread_create(&pool->threads[pool->n_threads], NULL, run,
	                      pool) == 0)
		pool->n_threads++;
	if (pool->n_threads < n_threads) {
		http_pool_free(pool);
		return RST_ENOMEM;
	}
	*ret_pool = pool;
	return RST_OK;
}

bool
http_pool_put(struct http_pool *pool, void *job)
{
	bool ok;

	pthread_mutex_lock(&pool->lock);
	ok = pool->n < POOL_QUEUE && !pool->stopping;
	if (ok) {
		pool->ring[(pool->first + pool->n++) % POOL_QUEUE] = job;
		pthread_cond_signal(&pool->filled);
	}
	pthread_mutex_unlock(&pool->lock);
	return ok;
}

unsigned int
http_pool_waiting(struct http_pool *pool)
{
	unsigned int n;

	if (pool == NULL)
		return 0;
	pthread_mutex_lock(&pool->lock);
	n = pool->n;
	pthread_mutex_unlock(&pool->lock);
	return n;
}

void
http_pool_stop(struct http_pool *pool)
{
	if (pool == NULL)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->filled);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned int i = 0; i < pool->n_threads; i++)
		pthread_join(pool->threads[i], NULL);
	pool->n_threads = 0;
}

void
http_pool_free(struct http_pool *pool)
{
	if (pool == NULL)
		return;
	http_pool_stop(pool);
	pthread_cond_destroy(&pool->filled);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
