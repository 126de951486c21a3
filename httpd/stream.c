/* SPDX-License-Identifier: OLDAP-2.8 */
/* stream.c - who reads the journal as it grows
 *
 *	id: 4711
 *	data: {"sequence":4711,"time":"2026-11-22T02:37:33.000017Z",...}
 *
 * and between them, when nothing happens, ": " and an empty line.
 */
#include "httpd/stream.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lifecycle/setting.h"

#define TICK_MS      250
#define LOOK_MS      1000 /* how often the right to read is asked for */
#define CALLS_A_TICK 20   /* of audit_next() for one stream */

/* Who reads, as proved when it began. */
struct reader {
	bool bearer;
	uint64_t person;
	unsigned char digest[RST_DIGEST_BYTES];
	struct act_bearer token;
};

struct http_stream {
	struct http_streams *streams;
	struct http_stream *next, **at; /* under lock, like all below */
	struct reader reader;
	struct audit_filter filter;
	char actor[AUDIT_WORD_MAX + 1], action[AUDIT_WORD_MAX + 1];
	char target[AUDIT_WORD_MAX + 1];
	uint64_t after;
	char buffer[STREAM_BUFFER];
	size_t begin, end; /* what of it was not read yet */
	int64_t put_ms;    /* when something was put there */
	bool behind;       /* there is more, as soon as there is room */
	bool over, waiting;
	http_stream_call *wake;
	void *arg;
};

struct http_streams {
	struct rst_env *env;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool stop, ending;
	struct http_stream *first;
	size_t n;
	int64_t looked_ms;
};

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum rst_err
session_holds(const struct rst_rtxn *txn, const struct reader *reader,
              int64_t now_s)
{
	struct rst_session session;
	int64_t idle_s;
	enum rst_err err = rst_session_get(txn, reader->digest, &session);

	if (err == RST_OK)
		err = lifecycle_setting_number(txn, RULE_SETTING_SESSION_IDLE,
		                               &idle_s);
	if (err != RST_OK)
		return err;
	if (session.user != reader->person || now_s >= session.expires_s ||
	    now_s - session.seen_s >= idle_s)
		return RST_EDENIED;
	return act_still_allowed(txn, session.user, session.generation, now_s);
}

/* A stream has no status left to tell an error with: it ends, and who read it
 * comes again. */
static bool
may_read(const struct rst_rtxn *txn, const struct reader *reader, int64_t now_s)
{
	const struct act_bearer *token = &reader->token;
	bool administrator = false;
	enum rst_err err;

	if (reader->bearer) {
		err = act_token_still(txn, token->token,
		                      token->token_generation, now_s);
		if (err == RST_OK)
			err = act_still_allowed(txn, token->owner,
			                        token->owner_generation, now_s);
	} else {
		err = session_holds(txn, reader, now_s);
	}
	if (err == RST_OK)
		err = act_is_administrator(txn, reader->person, now_s,
		                           &administrator);
	return err == RST_OK && administrator;
}

/* False when there is no room now: it stays for later. */
static bool
put(struct http_stream *stream, const char *text, size_t len)
{
	if (stream->begin > 0) {
		memmove(stream->buffer, stream->buffer + stream->begin,
		        stream->end - stream->begin);
		stream->end -= stream->begin;
		stream->begin = 0;
	}
	if (len > sizeof(stream->buffer) - stream->end)
		return false;
	memcpy(stream->buffer + stream->end, text, len);
	stream->end += len;
	stream->put_ms = now_ms();
	return true;
}

/* One that is larger than the whole buffer loses its changes, and says so. */
static bool
put_record(struct http_stream *stream, const struct rst_journal_public *record)
{
	char *text = NULL, *event = NULL;
	cJSON *model = audit_model(record);
	bool good = false;
	int len;

	if (model != NULL)
		text = cJSON_PrintUnformatted(model);
	if (text != NULL && strlen(text) > sizeof(stream->buffer) / 2) {
		cJSON_DeleteItemFromObjectCaseSensitive(model, "changes");
		cJSON_AddTrueToObject(model, "cut");
		cJSON_free(text);
		text = cJSON_PrintUnformatted(model);
	}
	if (text != NULL) {
		len = asprintf(&event, "id: %" PRIu64 "\ndata: %s\n\n",
		               record->sequence, text);
		good = len > 0 && put(stream, event, (size_t)len);
		if (len >= 0)
			free(event);
	}
	cJSON_free(text);
	cJSON_Delete(model);
	return good;
}

static enum rst_err
fill(struct rst_rtxn *txn, struct http_stream *stream)
{
	struct rst_journal_public record;
	uint64_t at = stream->after;
	enum rst_err err = RST_OK;

	stream->behind = true;
	for (int calls = 0; calls < CALLS_A_TICK; calls++) {
		err = audit_next(txn, &stream->filter, &at, &record);
		if (err == RST_OK && record.sequence != 0 &&
		    !put_record(stream, &record))
			return RST_OK; /* the same one next time */
		stream->after = at;
		if (err != RST_OK)
			break;
	}
	if (err == RST_ENOTFOUND)
		stream->behind = false;
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static void
wake(struct http_stream *stream)
{
	if (!stream->waiting)
		return;
	stream->waiting = false;
	stream->wake(stream->arg);
}

static void
serve_one(struct rst_rtxn *txn, struct http_stream *stream, bool look,
          int64_t now_s)
{
	if (stream->over)
		return;
	if ((look && !may_read(txn, &stream->reader, now_s)) ||
	    fill(txn, stream) != RST_OK) {
		stream->over = true;
	} else if (stream->begin == stream->end &&
	           now_ms() - stream->put_ms >= STREAM_BEAT_S * 1000) {
		(void)put(stream, ": \n\n", 4);
	}
	if (stream->over || stream->begin < stream->end)
		wake(stream);
}

static void
serve_all(struct http_streams *streams)
{
	bool look = now_ms() - streams->looked_ms >= LOOK_MS;
	struct timespec now;
	struct rst_rtxn txn;

	clock_gettime(CLOCK_REALTIME, &now);
	if (streams->first == NULL ||
	    rst_read_begin(streams->env, &txn) != RST_OK)
		return;
	for (struct http_stream *one = streams->first; one != NULL;
	     one = one->next)
		serve_one(&txn, one, look, now.tv_sec);
	if (look)
		streams->looked_ms = now_ms();
	rst_read_end(&txn);
}

static void *
follow(void *arg)
{
	struct http_streams *streams = arg;
	struct timespec until;

	pthread_mutex_lock(&streams->lock);
	while (!streams->stop) {
		serve_all(streams);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += TICK_MS * 1000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		pthread_cond_clockwait(&streams->stopped, &streams->lock,
		                       CLOCK_MONOTONIC, &until);
	}
	pthread_mutex_unlock(&streams->lock);
	return NULL;
}

enum rst_err
http_streams_start(struct rst_env *env, struct http_streams **ret_streams)
{
	struct http_streams *streams = calloc(1, sizeof(*streams));

	if (streams == NULL)
		return RST_ENOMEM;
	streams->env = env;
	pthread_mutex_init(&streams->lock, NULL);
	pthread_cond_init(&streams->stopped, NULL);
	if (pthread_create(&streams->thread, NULL, follow, streams) != 0) {
		free(streams);
		return RST_ENOMEM;
	}
	*ret_streams = streams;
	return RST_OK;
}

void
http_streams_end(struct http_streams *streams)
{
	if (streams == NULL)
		return;
	pthread_mutex_lock(&streams->lock);
	streams->ending = true;
	for (struct http_stream *one = streams->first; one != NULL;
	     one = one->next) {
		one->over = true;
		wake(one);
	}
	pthread_mutex_unlock(&streams->lock);
}

void
http_streams_free(struct http_streams *streams)
{
	if (streams == NULL)
		return;
	pthread_mutex_lock(&streams->lock);
	streams->stop = true;
	pthread_cond_signal(&streams->stopped);
	pthread_mutex_unlock(&streams->lock);
	pthread_join(streams->thread, NULL);
	pthread_cond_destroy(&streams->stopped);
	pthread_mutex_destroy(&streams->lock);
	free(streams);
}

/* With the lock: is there room for one more of this person's? */
static bool
has_room(const struct http_streams *streams, uint64_t person)
{
	size_t own = 0;

	for (const struct http_stream *one = streams->first; one != NULL;
	     one = one->next)
		own += one->reader.person == person ? 1 : 0;
	return !streams->ending && streams->n < STREAMS_MAX &&
	       own < STREAMS_OWN_MAX;
}

static void
keep(struct rst_view *word, char buf[AUDIT_WORD_MAX + 1])
{
	(void)rst_view_copy(*word, buf, AUDIT_WORD_MAX + 1);
	if (word->ptr != NULL)
		*word = rst_view_of(buf);
}

enum rst_err
http_stream_open(struct http_streams *streams, const struct http_req *req,
                 const struct audit_filter *filter, uint64_t after,
                 struct http_stream **ret_stream)
{
	struct http_stream *stream = calloc(1, sizeof(*stream));
	bool room;

	if (stream == NULL)
		return RST_ENOMEM;
	stream->streams = streams;
	stream->filter = *filter;
	stream->filter.oldest_first = true;
	keep(&stream->filter.actor, stream->actor);
	keep(&stream->filter.action, stream->action);
	keep(&stream->filter.target, stream->target);
	stream->after = after;
	stream->reader.bearer = req->who.bearer;
	stream->reader.person = req->who.id;
	stream->reader.token = req->who.token;
	memcpy(stream->reader.digest, req->who.digest, RST_DIGEST_BYTES);
	/* so that the head of the answer leaves at once */
	(void)put(stream, ": \n\n", 4);
	pthread_mutex_lock(&streams->lock);
	room = has_room(streams, req->who.id);
	if (room) {
		stream->next = streams->first;
		stream->at = &streams->first;
		if (stream->next != NULL)
			stream->next->at = &stream->next;
		streams->first = stream;
		streams->n++;
	}
	pthread_mutex_unlock(&streams->lock);
	if (!room) {
		free(stream);
		return RST_EBUSY;
	}
	*ret_stream = stream;
	return RST_OK;
}

void
http_stream_close(struct http_stream *stream)
{
	struct http_streams *streams;

	if (stream == NULL)
		return;
	streams = stream->streams;
	pthread_mutex_lock(&streams->lock);
	*stream->at = stream->next;
	if (stream->next != NULL)
		stream->next->at = stream->at;
	streams->n--;
	pthread_mutex_unlock(&streams->lock);
	free(stream);
}

ssize_t
http_stream_read(struct http_stream *stream, char *buf, size_t size,
                 http_stream_call *pause, http_stream_call *wake_up, void *arg)
{
	size_t n;

	pthread_mutex_lock(&stream->streams->lock);
	n = stream->end - stream->begin;
	if (stream->over) {
		pthread_mutex_unlock(&stream->streams->lock);
		return -1;
	}
	if (n > size)
		n = size;
	memcpy(buf, stream->buffer + stream->begin, n);
	stream->begin += n;
	if (n == 0) {
		stream->wake = wake_up;
		stream->arg = arg;
		stream->waiting = true;
		pause(arg);
		if (stream->behind)
			pthread_cond_signal(&stream->streams->stopped);
	}
	pthread_mutex_unlock(&stream->streams->lock);
	return (ssize_t)n;
}
