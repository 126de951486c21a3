/* SPDX-License-Identifier: OLDAP-2.8 */
/* http.h - requests and replies as handlers see them
 *
 * No libmicrohttpd type appears here: serve.c translates.  A handler reads
 * *req, acts, and leaves one cJSON model in *reply.  A program gets the model
 * printed, a browser gets it through a template: route.c and reply.c decide,
 * the handler does not know.
 */
#ifndef HTTPD_HTTP_H
#define HTTPD_HTTP_H

#include <stdatomic.h>

#include "httpd/conf.h"
#include "httpd/json.h"
#include "httpd/metrics.h"
#include "httpd/request_gate.h"
#include "lifecycle/acts.h"
#include "store/tree.h"

#define HTTP_COOKIE_SECURE   "__Host-roster"
#define HTTP_COOKIE_INSECURE "roster" /* insecure_loopback */
#define HTTP_SESSION_S       86400
#define HTTP_LIST_DEFAULT    50
#define HTTP_LIST_MAX        200
#define HTTP_CURSOR_MAX      1024 /* bytes of a cursor as text */
#define HTTP_LOCATION_MAX    512
#define HTTP_CSRF_TEXT       44 /* bytes with the NUL */
#define HTTP_WAITING_MAX     99

struct http_pool;
struct http_templates;
struct http_locale;
struct http_locales;
struct http_files;
struct mail_worker;
struct overview;
struct http_streams;
struct http_stream;
struct http_once;
struct rate;

/* What all requests share; read-only while rosterd serves. */
struct http_server {
	const struct http_config *config;
	struct rst_env *env;
	struct http_templates *templates;
	struct http_locales *locales;
	struct http_files *files;
	struct mail_worker *mail;
	struct overview *overview;
	struct http_streams *streams;
	struct rate *rate;
	int listen_fd;
	struct http_pool *pool, *hashing; /* while it serves */
	struct metrics metrics;
	unsigned int server_id; /* of the CSNs that rosterd makes */
	/* The store's answer was RST_EIO: the process must end. */
	atomic_bool broken;
};

/* For rst_env_on_lost(), and for an answer of RST_EIO: rosterd ends, to be
 * started anew.  arg is the struct http_server. */
void http_server_broken(void *arg);

enum http_role {
	HTTP_ANYONE = 1,
	HTTP_PERSON,  /* signed in */
	HTTP_SELF,    /* the person whose uid is in the path, or an admin */
	HTTP_MANAGER, /* who manages the group in the path, or an admin */
	HTTP_ADMIN,
};

/* Who asks. */
struct http_who {
	bool signed_in, administrator;
	/* By an API token: no session, no csrf. */
	bool bearer;
	struct act_bearer token; /* of a bearer */
	/* The password, before anything else: rows with HTTP_DUTY only. */
	bool must_change;
	/* Agreements, after that: rows with HTTP_SIGN only. */
	bool must_sign;
	uint64_t id;
	char username[256];
	char language[RULE_LANGUAGE_MAX + 1]; /* preferred; "" */
	char dn[RST_DN_MAX];
	struct rst_session session;
	unsigned char digest[RST_DIGEST_BYTES]; /* of the session */
	char csrf[HTTP_CSRF_TEXT];
	/* For an administrator's pages: how many wait for approval, at most
	 * HTTP_WAITING_MAX. */
	size_t waiting;
};

struct http_route;

#define HTTP_CSV_TYPE "text/csv; charset=utf-8"

struct http_req {
	struct http_server *server;
	const struct http_head *head;
	const char *peer;         /* "127.0.0.1:4711", "unix" */
	struct rst_view raw_body; /* as it came */
	char id[17];              /* for the log */

	const struct http_route *route;
	bool api;               /* the path began with /api/v1 */
	struct rst_view arg[2]; /* what the "{}" stood for; borrows head */
	struct http_query query;
	struct http_who who;
	struct act_ctx ctx;
	/* If-Match, once the thing it speaks of was found. */
	struct act_expect expect;
	/* The act that waits for its answer, perhaps of an Idempotency-Key:
	 * once.c. */
	struct http_once *once;
	char expected[RST_CSN_MAX];
	/*
	 * The fields of the body: of a JSON object, or of a form, whose values
	 * are all strings (or arrays of them).  Read with input.h.
	 */
	cJSON *input;
	bool form;
};

/* What a document may load, and who may show it: serve.c. */
enum http_policy {
	HTTP_POLICY_PAGE,   /* ours alone, in no frame */
	HTTP_POLICY_FRAMES, /* and one of ours in a frame */
	HTTP_POLICY_FRAMED, /* a mail, in that frame: nothing but its style */
};

struct http_reply {
	unsigned int status; /* 200 on entry */
	cJSON *body;         /* owned; NULL for none */
	/* 303 for a browser, Location for a program's 201; "": none. */
	char location[HTTP_LOCATION_MAX];
	char cookie[160]; /* Set-Cookie; "": none */
	char etag[72];
	const char *allow; /* static: of a 405; NULL: none */
	unsigned int retry_s;
	/* A browser that may not come in is sent to sign in. */
	bool sign_in;
	enum http_policy policy;

	/* Filled by http_reply_finish(): what goes on the wire. */
	const char *content_type;
	char *text; /* owned; wiped when freed */
	size_t text_len;
	const void *fixed;          /* instead of text: lives with the server */
	struct http_stream *stream; /* instead of text: owned */
	bool streams;               /* it had one */
	bool immutable;             /* may be cached for ever */
};

typedef void http_handler(struct http_req *req, struct http_reply *reply);

/* route.c: find the route, prove who asks, read the body, call the handler,
 * make the representation.  Never fails: a failure is a reply. */
void http_dispatch(struct http_req *req, struct http_reply *reply);
void http_reply_release(struct http_reply *reply);

/* once.c: begin a read: of what is committed or, when the request's act waits
 * for its answer to be kept with it, of what the act wrote. */
enum rst_err http_read_begin(const struct http_req *req,
                             struct rst_rtxn *ret_txn) RST_MUST_USE;

/* errmap.c: make *reply an error; replaces a body already there. */
void http_problem(struct http_reply *reply, unsigned int status,
                  const char *code, const char *field, const char *text);
/* err of the store or an act; refusal may be NULL. */
void http_reply_err(struct http_req *req, struct http_reply *reply,
                    enum rst_err err, const struct act_refusal *refusal);
bool http_is_problem(const struct http_reply *reply);
/* What should not happen, for the log; an error of the environment ends the
 * daemon.  why may be "". */
void http_broke(struct http_req *req, enum rst_err err, const char *why);

/* reply.c: the model as JSON or as a page. */
void http_reply_finish(struct http_req *req, struct http_reply *reply);
/* "/users/" and the encoded name. */
void http_location(struct http_reply *reply, const char *prefix,
                   struct rst_view name, const char *suffix);

/* auth.c */
/*
 * Who the cookie says asks; req->who stays nobody for none or a dead one.  For
 * the API an Authorization counts instead, and must hold: RST_EDENIED.
 */
enum rst_err http_identify(struct http_req *req, struct act_refusal *refusal)
	RST_MUST_USE;
/* The request comes from one of our own pages, or from no browser. */
bool http_same_origin(const struct http_req *req);
/* The csrf value belongs to the session. */
bool http_csrf_holds(const struct http_req *req);
/* The csrf value of a session token. */
void http_csrf_make(struct rst_view token, char csrf[HTTP_CSRF_TEXT]);
/* Set-Cookie for a new session, or to drop it when token is empty. */
void http_set_cookie(const struct http_req *req, struct http_reply *reply,
                     struct rst_view token, int64_t lifetime_s);

/* proof.c */
/* A session asks; false with a problem that says text when it is a token, as
 * what it does would outlive it or is a person's own to do. */
bool http_check_session(struct http_req *req, struct http_reply *reply,
                        const char *text);
/*
 * The password was given lately, or this needs none, or a page's form gave it
 * just now; false with the reply that refuses or asks for it.
 */
bool http_check_proof(struct http_req *req, struct http_reply *reply);
/* What was typed goes back to a page, but never a secret: one of those that
 * were dropped, or NULL if there was none. */
const char *http_drop_secrets(cJSON *input);

/* log.c */
void http_log(int priority, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* One line for a request; secrets in path are replaced. */
struct http_log_line {
	const char *id, *peer, *method, *path, *user;
	unsigned int status, ms;
};
void http_log_request(const struct http_log_line *line);
/* path without tokens, into buf of HTTP_PATH_MAX + 1 bytes. */
void http_log_scrub(const char *path, char buf[HTTP_PATH_MAX + 1]);

/* api_metrics.c */
void http_count_answer(struct http_server *server, unsigned int status,
                       unsigned int ms);

/* The server's handlers are in api.h. */

#endif
