/* SPDX-License-Identifier: OLDAP-2.8 */
/* stream.h - the journal as it grows: server-sent events
 *
 * One thread follows the journal for all streams.  Each has a buffer of
 * STREAM_BUFFER bytes and is filled only while there is room in it, so a slow
 * reader costs no memory; one that does not read for SERVE_IDLE_S is closed by
 * the server.  Every second whoever reads is asked for again: signed in, an
 * administrator, the token not revoked; else the stream ends.
 */
#ifndef HTTPD_STREAM_H
#define HTTPD_STREAM_H

#include <sys/types.h>

#include "httpd/http.h"
#include "lifecycle/audit.h"

#define STREAM_BUFFER   65536
#define STREAMS_MAX     64 /* at once */
#define STREAMS_OWN_MAX 4  /* of one person */
#define STREAM_BEAT_S   2  /* a comment, so that a dead peer is noticed */

struct http_streams;
struct http_stream;

enum rst_err http_streams_start(struct rst_env *env,
                                struct http_streams **ret_streams) RST_MUST_USE;
/* Every stream ends as soon as its reader asks again; no new ones. */
void http_streams_end(struct http_streams *streams);
/* When all are closed.  NULL is allowed. */
void http_streams_free(struct http_streams *streams);

/*
 * Records that filter (whose texts are copied) admits, after number after.
 * RST_EBUSY: there are too many streams.
 */
enum rst_err http_stream_open(struct http_streams *streams,
                              const struct http_req *req,
                              const struct audit_filter *filter, uint64_t after,
                              struct http_stream **ret_stream) RST_MUST_USE;
/* NULL is allowed. */
void http_stream_close(struct http_stream *stream);

/* How the connection of a stream sleeps and is woken; both with arg, and none
 * calls back. */
typedef void http_stream_call(void *arg);
/*
 * At most size bytes into buf, and how many.  0: pause was called, and wake
 * will be once there are some; -1: the end.
 */
ssize_t http_stream_read(struct http_stream *stream, char *buf, size_t size,
                         http_stream_call *pause, http_stream_call *wake,
                         void *arg);

#endif
