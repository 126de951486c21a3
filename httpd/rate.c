/* SPDX-License-Identifier: OLDAP-2.8 */
/* rate.c - how many requests a minute are answered
 *
 * A row is a bucket, kept as what was taken out of it and is not back yet, in
 * thousandths of a request: 60 a minute give back 1 in a ms.  A key has
 * RATE_WAYS places; when others have them all, the emptiest debt is forgotten.
 */
#include "httpd/rate.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "lifecycle/setting.h"
#include "lifecycle/throttle.h"

#define ONE      1000 /* request, in thousandths */
#define MINUTE_S 60

struct row {
	uint64_t key;
	uint64_t debt;
	int64_t at_ms;
};

struct rate {
	pthread_mutex_t lock;
	struct row rows[RATE_ROWS];
	/* the settings, as they were at read_s */
	int64_t read_s;
	unsigned int limits[2]; /* by enum rate_of */
};

struct rate *
rate_new(void)
{
	struct rate *rate = calloc(1, sizeof(*rate));

	if (rate != NULL)
		pthread_mutex_init(&rate->lock, NULL);
	return rate;
}

void
rate_free(struct rate *rate)
{
	if (rate != NULL)
		pthread_mutex_destroy(&rate->lock);
	free(rate);
}

static uint64_t
debt_at(const struct row *row, unsigned int per_minute, int64_t now_ms)
{
	uint64_t back;

	if (now_ms <= row->at_ms)
		return row->debt;
	/* a debt is at most one minute's */
	if (now_ms - row->at_ms >= MINUTE_S * 1000)
		return 0;
	back = (uint64_t)(now_ms - row->at_ms) * per_minute / MINUTE_S;
	return row->debt > back ? row->debt - back : 0;
}

/* The row of key, or the one that it gets. */
static struct row *
find(struct rate *rate, uint64_t key, unsigned int per_minute, int64_t now_ms)
{
	struct row *set =
		&rate->rows[key % (RATE_ROWS / RATE_WAYS) * RATE_WAYS];
	struct row *least = set;

	for (struct row *row = set; row < set + RATE_WAYS; row++)
		if (row->key == key)
			return row;
	for (struct row *row = set; row < set + RATE_WAYS; row++)
		if (debt_at(row, per_minute, now_ms) <
		    debt_at(least, per_minute, now_ms))
			least = row;
	*least = (struct row){ .key = key, .at_ms = now_ms };
	return least;
}

unsigned int
rate_take(struct rate *rate, uint64_t key, unsigned int per_minute,
          int64_t now_ms)
{
	uint64_t room = (uint64_t)per_minute * ONE, over;
	struct row *row;

	if (key == 0 || per_minute == 0)
		return 0;
	pthread_mutex_lock(&rate->lock);
	row = find(rate, key, per_minute, now_ms);
	row->debt = debt_at(row, per_minute, now_ms);
	row->at_ms = now_ms;
	over = row->debt + ONE > room ? row->debt + ONE - room : 0;
	if (over == 0)
		row->debt += ONE;
	pthread_mutex_unlock(&rate->lock);
	return (unsigned int)((over * MINUTE_S + per_minute - 1) / per_minute);
}

/* The settings, looked at once a second; what cannot be read stays as it was:
 * the request itself will tell. */
static unsigned int
limit_of(struct http_req *req, struct rate *rate, enum rate_of of)
{
	int64_t address = 0, user = 0;
	struct rst_rtxn txn;
	unsigned int limit;
	bool fresh;
	enum rst_err err;

	pthread_mutex_lock(&rate->lock);
	fresh = rate->read_s == req->ctx.now_s;
	rate->read_s = req->ctx.now_s;
	pthread_mutex_unlock(&rate->lock);
	if (!fresh && rst_read_begin(req->server->env, &txn) == RST_OK) {
		err = lifecycle_setting_number(
			&txn, RULE_SETTING_REQUEST_LIMIT_ADDRESS, &address);
		if (err == RST_OK)
			err = lifecycle_setting_number(
				&txn, RULE_SETTING_REQUEST_LIMIT_USER, &user);
		rst_read_end(&txn);
		pthread_mutex_lock(&rate->lock);
		if (err == RST_OK) {
			rate->limits[RATE_ADDRESS] = (unsigned int)address;
			rate->limits[RATE_USER] = (unsigned int)user;
		}
		pthread_mutex_unlock(&rate->lock);
	}
	pthread_mutex_lock(&rate->lock);
	limit = rate->limits[of];
	pthread_mutex_unlock(&rate->lock);
	return limit;
}

static throttle_key
key_of(struct http_req *req, enum rate_of of)
{
	const struct throttle *throttle = throttle_of(req->server->env);

	if (throttle == NULL)
		return 0;
	switch (of) {
	case RATE_ADDRESS:
		return throttle_source(throttle, req->ctx.address);
	case RATE_USER:
		if (!req->who.signed_in)
			return 0;
		return throttle_account(throttle, req->who.id, RST_VIEW(""));
	}
	return 0;
}

bool
rate_allows(struct http_req *req, enum rate_of of, struct http_reply *reply)
{
	struct rate *rate = req->server->rate;
	unsigned int wait_ms, limit = limit_of(req, rate, of);
	struct timespec now;

	if (limit == 0)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &now);
	wait_ms = rate_take(rate, key_of(req, of), limit,
	                    (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	if (wait_ms == 0)
		return true;
	reply->retry_s = (wait_ms + 999) / 1000;
	http_problem(reply, 429, "too_many_requests", NULL,
	             "too many requests; try again in a moment");
	return false;
}
