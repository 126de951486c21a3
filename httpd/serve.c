/* SPDX-License-Identifier: OLDAP-2.8 */
/* serve.c - libmicrohttpd on one side, http_dispatch() on the other
 *
 * An exchange goes through these states:
 *
 *	NEW	the request line is there (log_target)
 *	BODY	the gate has passed the head; the body comes in
 *	WORKING	the connection is suspended, a pool thread has the exchange
 *	DONE	resumed: the reply is queued
 *
 * Whoever holds the exchange is told by its state; libmicrohttpd's resume is
 * the barrier between the pool's thread and its own.
 */
#include "httpd/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "httpd/accept.h"
#include "httpd/address.h"
#include "httpd/certificate.h"
#include "httpd/lobby.h"
#include "httpd/pool.h"
#include "httpd/reaper.h"
#include "httpd/route.h"
#include "httpd/stream.h"

/*
 * As slapd has them in contrib/slapd.conf.in: authenticated encryption only,
 * forward secrecy only, and no group whose keys are dear to who answers.
 */
#define TLS_PRIORITIES                                                         \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:"                          \
	"-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-CIPHER-ALL:+AES-256-GCM:"            \
	"+CHACHA20-POLY1305:+AES-128-GCM:-GROUP-ALL:+GROUP-X25519:"            \
	"+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:"                  \
	"%SERVER_PRECEDENCE"

#define STREAM_CHUNK 8192
#define THROWN_MAX   (1024 * 1024) /* bytes of a body that is too large */

struct serve {
	struct http_server *server;
	struct MHD_Daemon *daemon;
	struct http_acceptor *acceptor;
	struct http_pool *pool, *hashing;
	struct http_reaper *reaper;
	struct http_addresses *addresses;
	atomic_bool started; /* from then on the library's log is quiet */
	uint16_t port;
};

enum state {
	STATE_NEW,
	STATE_BODY,
	STATE_WORKING,
	STATE_DONE,
};

/* One request and its reply. */
struct exchange {
	struct serve *serve;
	struct MHD_Connection *connection;
	enum state state;
	char *target; /* raw, owned */
	struct http_head head;
	struct http_req req;
	struct http_reply reply;
	char peer[LISTEN_PEER_MAX];
	struct timespec begun;
	char *body; /* owned; wiped */
	size_t body_len, body_room;
	struct MHD_Response *response; /* one reference to it */
	bool closing;   /* the connection ends after this reply */
	bool too_large; /* the body; the rest of it is thrown away */
	size_t thrown;  /* bytes of it */
};

/* A session's token and a link are in the library's copies of them, too. */
static void
drop_response(struct exchange *exchange)
{
	static const char *const secret[] = { "Set-Cookie", "Location" };
	struct MHD_Response *response = exchange->response;
	const char *value;

	if (response == NULL)
		return;
	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
		value = MHD_get_response_header(response, secret[i]);
		if (value != NULL)
			sodium_memzero((char *)(uintptr_t)value, strlen(value));
	}
	MHD_destroy_response(response);
	exchange->response = NULL;
}

static void
free_exchange(struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	drop_response(exchange);
	if (exchange->body != NULL)
		sodium_memzero(exchange->body, exchange->body_room);
	free(exchange->body);
	if (exchange->target != NULL) /* it may hold a token */
		sodium_memzero(exchange->target, strlen(exchange->target));
	free(exchange->target);
	http_reply_release(&exchange->reply);
	sodium_memzero(exchange, sizeof(*exchange));
	free(exchange);
}

static const struct sockaddr *
address_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return info != NULL ? info->client_addr : NULL;
}

static struct http_watched *
watched_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

/* The request line has been read: the raw target, before any decoding. */
static void *
log_target(void *arg, const char *target, struct MHD_Connection *connection)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	unsigned char id[8];

	if (exchange == NULL)
		return NULL; /* answer() closes */
	exchange->serve = arg;
	exchange->connection = connection;
	exchange->target = strdup(target);
	exchange->reply.status = 200;
	clock_gettime(CLOCK_MONOTONIC, &exchange->begun);
	listen_peer(address_of(connection), exchange->peer);
	exchange->req.server = exchange->serve->server;
	exchange->req.head = &exchange->head;
	exchange->req.peer = exchange->peer;
	randombytes_buf(id, sizeof(id));
	sodium_bin2hex(exchange->req.id, sizeof(exchange->req.id), id,
	               sizeof(id));
	return exchange;
}

/* On every answer, whatever it is. */
static void
add_security_headers(struct exchange *exchange, struct MHD_Response *response)
{
#define OUR_PAGE                                                               \
	"default-src 'none'; style-src 'self'; script-src 'self'; "            \
	"img-src 'self'; connect-src 'self'; form-action 'self'; "             \
	"base-uri 'none'; frame-ancestors 'none'"
	static const char *const policies[][2] = {
		[HTTP_POLICY_PAGE] = { OUR_PAGE, "DENY" },
		[HTTP_POLICY_FRAMES] = { OUR_PAGE "; frame-src 'self'",
		                         "DENY" },
		[HTTP_POLICY_FRAMED] = { "default-src 'none'; "
		                         "style-src 'unsafe-inline'; "
		                         "form-action 'none'; base-uri 'none'; "
		                         "frame-ancestors 'self'; sandbox",
		                         "SAMEORIGIN" },
	};
	static const char *const fixed[][2] = {
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Permissions-Policy",
		  "camera=(), geolocation=(), microphone=(), payment=()" },
	};

	MHD_add_response_header(response, "Content-Security-Policy",
	                        policies[exchange->reply.policy][0]);
	MHD_add_response_header(response, "X-Frame-Options",
	                        policies[exchange->reply.policy][1]);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		MHD_add_response_header(response, fixed[i][0], fixed[i][1]);
	if (exchange->serve->server->config->site.https)
		MHD_add_response_header(response, "Strict-Transport-Security",
		                        "max-age=31536000; includeSubDomains");
}

static void
add_header_if(struct MHD_Response *response, const char *name,
              const char *value)
{
	if (value != NULL && value[0] != '\0')
		MHD_add_response_header(response, name, value);
}

static void
add_headers(struct exchange *exchange, struct MHD_Response *response)
{
	const struct http_reply *reply = &exchange->reply;
	char text[24], where[HTTP_URL_MAX + HTTP_LOCATION_MAX];

	add_security_headers(exchange, response);
	if (reply->text_len > 0 || reply->streams)
		add_header_if(response, "Content-Type", reply->content_type);
	if (reply->location[0] == '/')
		(void)snprintf(where, sizeof(where), "%s%s",
		               exchange->serve->server->config->site.base,
		               reply->location);
	add_header_if(response, "Location",
	              reply->location[0] == '/' ? where : reply->location);
	add_header_if(response, "Set-Cookie", reply->cookie);
	if (reply->status == 401 && exchange->req.api)
		MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
	add_header_if(response, "ETag", reply->etag);
	add_header_if(response, "Allow", reply->allow);
	MHD_add_response_header(response, "Cache-Control",
	                        reply->immutable
	                                ? "public, max-age=31536000, immutable"
	                                : "no-store");
	MHD_add_response_header(response, "Vary", "Accept, Cookie");
	if (reply->retry_s > 0) {
		snprintf(text, sizeof(text), "%u", reply->retry_s);
		MHD_add_response_header(response, "Retry-After", text);
	}
	if (exchange->closing)
		MHD_add_response_header(response, "Connection", "close");
}

static void
log_exchange(const struct exchange *exchange, const char *method)
{
	struct timespec now;
	struct http_log_line line = {
		.id = exchange->req.id,
		.peer = exchange->peer,
		.method = method,
		.path = exchange->head.path,
		.user = exchange->req.who.username,
		.status = exchange->reply.status,
	};

	clock_gettime(CLOCK_MONOTONIC, &now);
	line.ms = (unsigned int)((now.tv_sec - exchange->begun.tv_sec) * 1000 +
	                         (now.tv_nsec - exchange->begun.tv_nsec) /
	                                 1000000);
	http_count_answer(exchange->serve->server, line.status, line.ms);
	http_log_request(&line);
}

static void
stream_pause(void *arg)
{
	MHD_suspend_connection(arg);
}

static void
stream_wake(void *arg)
{
	MHD_resume_connection(arg);
}

/* A stream and its connection, for the library's reader. */
struct streaming {
	struct http_stream *stream;
	struct MHD_Connection *connection;
};

static ssize_t
stream_more(void *arg, uint64_t at, char *buf, size_t size)
{
	struct streaming *streaming = arg;
	ssize_t n;

	(void)at;
	n = http_stream_read(streaming->stream, buf, size, stream_pause,
	                     stream_wake, streaming->connection);
	return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

static void
stream_done(void *arg)
{
	struct streaming *streaming = arg;

	http_stream_close(streaming->stream);
	free(streaming);
}

/* Takes the stream of the reply; it may last longer than a request. */
static struct MHD_Response *
stream_response(struct exchange *exchange)
{
	struct streaming *streaming = calloc(1, sizeof(*streaming));
	struct MHD_Response *response;

	if (streaming == NULL)
		return NULL;
	streaming->connection = exchange->connection;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
	                                             STREAM_CHUNK, stream_more,
	                                             streaming, stream_done);
	if (response == NULL) {
		free(streaming);
		return NULL;
	}
	streaming->stream = exchange->reply.stream;
	exchange->reply.stream = NULL;
	http_reaper_leave(exchange->serve->reaper,
	                  watched_of(exchange->connection));
	return response;
}

/* Hand the finished reply to the library. */
static enum MHD_Result
send_reply(struct exchange *exchange, const char *method)
{
	struct http_reply *reply = &exchange->reply;
	const void *bytes = reply->fixed != NULL ? reply->fixed : reply->text;
	struct MHD_Response *response;
	enum MHD_Result queued;

	/* the text is wiped with the exchange, which ends after the response */
	response = reply->stream != NULL
	                   ? stream_response(exchange)
	                   : MHD_create_response_from_buffer(
				     reply->text_len, (void *)(uintptr_t)bytes,
				     MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		return MHD_NO;
	add_headers(exchange, response);
	http_reaper_answer(exchange->serve->reaper,
	                   watched_of(exchange->connection), reply->text_len);
	queued = MHD_queue_response(exchange->connection, reply->status,
	                            response);
	/* Ours until the exchange ends.  A server that is shutting down says
	 * yes and takes nothing, so that this may be the only reference. */
	drop_response(exchange);
	exchange->response = response;
	log_exchange(exchange, method);
	return queued;
}

/* A refusal that no handler sees, as JSON: most such clients are programs. */
static enum MHD_Result
send_problem(struct exchange *exchange, const char *method, unsigned int status,
             const char *code, const char *text)
{
	exchange->req.api = true;
	exchange->closing = true;
	http_problem(&exchange->reply, status, code, NULL, text);
	http_reply_finish(&exchange->req, &exchange->reply);
	return send_reply(exchange, method);
}

static enum MHD_Result
take_header(void *arg, enum MHD_ValueKind kind, const char *name,
            size_t name_len, const char *value, size_t value_len)
{
	struct http_head *head = arg;

	(void)kind;
	http_gate_header(head, rst_view(name, name_len),
	                 rst_view(value != NULL ? value : "", value_len));
	/* name and value lie in the buffer as they were read: from the first
	 * byte of the one to the last of the other is the line without CRLF */
	head->line_bytes += (uintptr_t)value + value_len - (uintptr_t)name + 2;
	return MHD_YES;
}

/*
 * Bytes of the head; 0 where the library does not say, or is of the kind that
 * refuses NULs, folds and bare LFs itself and moves values about (1.0).
 */
static size_t
head_bytes(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	if (info == NULL || strncmp(MHD_get_version(), "0.", 2) != 0)
		return 0;
	return info->header_size;
}

/* Behind a proxy: whom the request is from, and that it came by TLS. */
static struct http_refusal
ask_proxy(struct exchange *exchange)
{
	const struct http_config *config = exchange->serve->server->config;
	struct http_refusal refusal = { 0, NULL, NULL };
	struct rst_view proto = exchange->head.value[HTTP_H_FORWARDED_PROTO];
	char client[LISTEN_PEER_MAX];

	if (!http_proxy_client(config->trusted_proxies, exchange->peer,
	                       exchange->head.value[HTTP_H_FORWARDED_FOR],
	                       client, sizeof(client)))
		return refusal;
	memcpy(exchange->peer, client, sizeof(exchange->peer));
	if (config->site.https && proto.ptr != NULL &&
	    !rst_view_equal_nocase(proto, RST_VIEW("https")))
		refusal = (struct http_refusal){
			400, "https_required",
			"this site is to be used by https://"
		};
	return refusal;
}

/* The whole head is there: the gate, before a byte of the body. */
static enum MHD_Result
check_head(struct exchange *exchange, const char *method, const char *version)
{
	struct http_refusal refusal;

	if (exchange->target == NULL)
		return MHD_NO;
	MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND,
	                            take_header, &exchange->head);
	exchange->head.head_bytes = head_bytes(exchange->connection);
	refusal = http_gate_check(&exchange->head, method, exchange->target,
	                          version,
	                          &exchange->serve->server->config->site);
	http_reaper_busy(exchange->serve->reaper,
	                 watched_of(exchange->connection));
	if (refusal.status == 0)
		refusal = ask_proxy(exchange);
	if (refusal.status != 0)
		return send_problem(exchange, method, refusal.status,
		                    refusal.code, refusal.text);
	exchange->state = STATE_BODY;
	return MHD_YES;
}

/* A chunked body tells its length at its end only: up to THROWN_MAX of it is
 * read and thrown away so that the answer can be given. */
static enum MHD_Result
throw_away(struct exchange *exchange, size_t *len)
{
	exchange->too_large = true;
	exchange->thrown += *len;
	*len = 0;
	return exchange->thrown <= THROWN_MAX ? MHD_YES : MHD_NO;
}

/* More of the body. */
static enum MHD_Result
take_body(struct exchange *exchange, const char *bytes, size_t *len)
{
	size_t room = exchange->body_room, need = exchange->body_len + *len;
	char *larger;

	if (exchange->too_large || need > HTTP_BODY_MAX)
		return throw_away(exchange, len);
	if (need + 1 > room) {
		room = need + 1 < 2048 ? 2048 : HTTP_BODY_MAX + 1;
		larger = malloc(room);
		if (larger == NULL)
			return MHD_NO;
		if (exchange->body != NULL) {
			memcpy(larger, exchange->body, exchange->body_len);
			sodium_memzero(exchange->body, exchange->body_room);
			free(exchange->body);
		}
		exchange->body = larger;
		exchange->body_room = room;
	}
	memcpy(exchange->body + exchange->body_len, bytes, *len);
	exchange->body_len = need;
	exchange->body[need] = '\0';
	*len = 0;
	return MHD_YES;
}

/* On a thread of the pool. */
static void
work(void *job)
{
	struct exchange *exchange = job;

	exchange->req.raw_body = rst_view(exchange->body, exchange->body_len);
	http_dispatch(&exchange->req, &exchange->reply);
	exchange->state = STATE_DONE;
	MHD_resume_connection(exchange->connection);
}

static enum MHD_Result
start_work(struct exchange *exchange)
{
	exchange->state = STATE_WORKING;
	http_reaper_work(exchange->serve->reaper,
	                 watched_of(exchange->connection));
	MHD_suspend_connection(exchange->connection);
	if (http_pool_put(http_route_hashes(&exchange->head)
	                          ? exchange->serve->hashing
	                          : exchange->serve->pool,
	                  exchange))
		return MHD_YES;
	exchange->state = STATE_DONE;
	exchange->reply.retry_s = 1;
	exchange->req.api = true;
	http_problem(&exchange->reply, 503, "busy", NULL,
	             "the server is busy; try again in a moment");
	http_reply_finish(&exchange->req, &exchange->reply);
	MHD_resume_connection(exchange->connection);
	return MHD_YES;
}

static enum MHD_Result
answer(void *arg, struct MHD_Connection *connection, const char *url,
       const char *method, const char *version, const char *upload,
       size_t *upload_len, void **context)
{
	struct exchange *exchange = *context;

	(void)arg, (void)url, (void)connection;
	if (exchange == NULL)
		return MHD_NO;
	switch (exchange->state) {
	case STATE_NEW:
		return check_head(exchange, method, version);
	case STATE_BODY:
		if (*upload_len > 0)
			return take_body(exchange, upload, upload_len);
		if (exchange->too_large)
			return send_problem(exchange, method, 413,
			                    "body_too_large",
			                    "the body is larger than 64 KiB");
		return start_work(exchange);
	case STATE_WORKING:
		return MHD_YES;
	case STATE_DONE:
		return send_reply(exchange, method);
	}
	return MHD_NO;
}

static int
socket_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info != NULL ? info->connect_fd : -1;
}

/* What the kernel keeps for a peer that does not read is not without end. */
static void
limit_unsent(int fd)
{
	const int bytes = SERVE_SEND_BYTES;
	const unsigned int ms = SERVE_SEND_S * 1000;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	/* (a unix socket has none) */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

/* The connection is about to be closed, its answer was not taken: it is thrown
 * away, or the kernel would keep it for as long as the peer likes. */
static void
drop_unsent(int fd)
{
	const struct linger none = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

static void
completed(void *arg, struct MHD_Connection *connection, void **context,
          enum MHD_RequestTerminationCode code)
{
	struct serve *serve = arg;
	struct exchange *exchange = *context;

	free_exchange(exchange);
	*context = NULL;
	if (code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED ||
	    code == MHD_REQUEST_TERMINATED_WITH_ERROR)
		drop_unsent(socket_of(connection));
	http_reaper_idle(serve->reaper, watched_of(connection));
}

static void
connected(void *arg, struct MHD_Connection *connection, void **context,
          enum MHD_ConnectionNotificationCode code)
{
	struct serve *serve = arg;
	int fd = socket_of(connection);

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		http_addresses_leave(serve->addresses, address_of(connection));
		atomic_fetch_sub(&serve->server->metrics.connections, 1);
		http_reaper_forget(serve->reaper, *context);
		*context = NULL;
		return;
	}
	if (fd < 0)
		return;
	limit_unsent(fd);
	*context = http_reaper_watch(serve->reaper, fd);
}

__attribute__((format(printf, 2, 0))) static void
library_log(void *arg, const char *format, va_list args)
{
	struct serve *serve = arg;
	char line[512];

	if (atomic_load(&serve->started))
		return; /* strangers' mistakes; the table of the gate has them
		         */
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\r\n")] = '\0';
	http_log(3, "%s", line);
}

/* As many connections as the process may have, less what else it opens. */
static unsigned int
connection_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 256;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max > SERVE_CONNECTIONS_MAX + 100)
		return SERVE_CONNECTIONS_MAX;
	return limit.rlim_max > 200 ? (unsigned int)limit.rlim_max - 100 : 100;
}

static enum rst_err
start_acceptor(struct serve *serve, unsigned int limit)
{
	struct http_server *server = serve->server;
	struct http_acceptor_conf conf = {
		.fd = server->listen_fd,
		.daemon = serve->daemon,
		.connections = &server->metrics.connections,
		.limit = limit,
		.addresses = serve->addresses,
	};

	/* (without TLS there is a proxy, which says hello at once) */
	if (!server->config->plain &&
	    http_lobby_new(serve->reaper, &conf.lobby) != RST_OK)
		return RST_ENOMEM;
	return http_acceptor_start(&conf, &serve->acceptor);
}

static enum rst_err
start_daemon(struct serve *serve, struct rst_detail *reterr)
{
	unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD |
	                     MHD_USE_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
	                     MHD_USE_PEDANTIC_CHECKS | MHD_USE_NO_LISTEN_SOCKET;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, certificate_callback() },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		  (void *)(uintptr_t)TLS_PRIORITIES },
		{ MHD_OPTION_END, 0, NULL },
	};
	bool plain = serve->server->config->plain;
	unsigned int limit = connection_limit();

	if (!plain)
		flags |= MHD_USE_TLS;
	/* the library maps buffers of more than 32 KiB: what a connection told
	 * is gone with it, not in freed memory */
	serve->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, answer, serve, MHD_OPTION_EXTERNAL_LOGGER,
		library_log, serve, MHD_OPTION_URI_LOG_CALLBACK, log_target,
		serve, MHD_OPTION_NOTIFY_COMPLETED, completed, serve,
		MHD_OPTION_NOTIFY_CONNECTION, connected, serve,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_THREAD_POOL_SIZE,
		SERVE_IO_THREADS, MHD_OPTION_CONNECTION_LIMIT,
		SERVE_IO_THREADS * limit, MHD_OPTION_CONNECTION_TIMEOUT,
		SERVE_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)SERVE_HEAD_BYTES,
		plain ? MHD_OPTION_END : MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (serve->daemon == NULL) {
		rst_detail_set(reterr, "the HTTP library did not start");
		return RST_EINVALID;
	}
	atomic_store(&serve->started, true);
	return start_acceptor(serve, limit);
}

static enum rst_err
start_counting(struct serve *serve)
{
	/* behind a proxy all come from one address: it counts them */
	bool proxied = serve->server->config->trusted_proxies[0] != '\0';

	return http_addresses_new(proxied ? 0 : SERVE_PER_ADDRESS_MAX,
	                          &serve->addresses);
}

static uint16_t
bound_port(int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return 0;
	if (address.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&address)->sin_port);
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
	return 0;
}

enum rst_err
serve_start(struct http_server *server, struct serve **ret_serve,
            struct rst_detail *reterr)
{
	struct serve *serve = calloc(1, sizeof(*serve));
	enum rst_err err = RST_OK;

	if (serve == NULL)
		return RST_ENOMEM;
	serve->server = server;
	serve->port = bound_port(server->listen_fd);
	if (!server->config->plain)
		err = certificate_load(server->config, reterr);
	if (err == RST_OK)
		err = http_reaper_start(&serve->reaper);
	if (err == RST_OK)
		err = start_counting(serve);
	if (err == RST_OK)
		err = http_streams_start(server->env, &server->streams);
	if (err == RST_OK)
		err = http_pool_start(work, SERVE_WORK_THREADS, &serve->pool);
	if (err == RST_OK)
		err = http_pool_start(work, SERVE_HASH_THREADS,
		                      &serve->hashing);
	/* before the first request, whose thread reads them */
	server->pool = serve->pool;
	server->hashing = serve->hashing;
	if (err == RST_OK)
		err = start_daemon(serve, reterr);
	if (err == RST_OK)
		*ret_serve = serve;
	else
		serve_stop(serve);
	return err;
}

uint16_t
serve_port(const struct serve *serve)
{
	return serve->port;
}

void
serve_stop(struct serve *serve)
{
	if (serve == NULL)
		return;
	http_acceptor_stop(serve->acceptor);
	/* every suspended connection is resumed when these return; what
	 * comes after them on open connections is told to come back */
	http_pool_stop(serve->hashing);
	http_pool_stop(serve->pool);
	http_streams_end(serve->server->streams);
	if (serve->daemon != NULL)
		MHD_stop_daemon(serve->daemon);
	/* of what it had not looked at yet it does not tell */
	atomic_store(&serve->server->metrics.connections, 0);
	http_streams_free(serve->server->streams);
	serve->server->streams = NULL;
	http_pool_free(serve->hashing);
	http_pool_free(serve->pool);
	http_reaper_stop(serve->reaper);
	http_addresses_free(serve->addresses);
	serve->server->pool = serve->server->hashing = NULL;
	free(serve);
}
