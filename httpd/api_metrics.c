/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_metrics.c - GET /metrics, in the text format of Prometheus 0.0.4
 *
 * Numbers only, no names: who reads them learns nothing of anybody.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "httpd/api.h"
#include "httpd/overview.h"
#include "httpd/pool.h"
#include "lifecycle/replica.h"
#include "store/outbox.h"
#include "store/presence.h"
#include "store/session.h"

#define COUNTED_MAX 100000 /* mails or sessions that are looked at */

void
http_count_answer(struct http_server *server, unsigned int status,
                  unsigned int ms)
{
	unsigned int class = status / 100 < 6 ? status / 100 : 5;

	atomic_fetch_add(&server->metrics.answers[class], 1);
	atomic_fetch_add(&server->metrics.ms, ms);
	if (status == 429)
		atomic_fetch_add(&server->metrics.limited, 1);
}

static void
put(FILE *out, const char *name, const char *type, const char *help,
    uint64_t value)
{
	fprintf(out,
	        "# HELP roster_%s %s\n# TYPE roster_%s %s\n"
	        "roster_%s %" PRIu64 "\n",
	        name, help, name, type, name, value);
}

static void
put_answers(FILE *out, struct metrics *metrics)
{
	fputs("# HELP roster_http_requests_total Answers by class of status\n"
	      "# TYPE roster_http_requests_total counter\n",
	      out);
	for (unsigned int i = 1; i < 6; i++)
		fprintf(out,
		        "roster_http_requests_total{status=\"%uxx\"} %" PRIu64
		        "\n",
		        i, (uint64_t)atomic_load(&metrics->answers[i]));
	put(out, "http_request_milliseconds_total", "counter",
	    "What the answers took, added up", atomic_load(&metrics->ms));
	put(out, "http_connections", "gauge", "Open connections",
	    atomic_load(&metrics->connections));
	put(out, "http_limited_total", "counter",
	    "Requests refused because there were too many",
	    atomic_load(&metrics->limited));
	put(out, "sign_ins_total", "counter", "Passwords that were right",
	    atomic_load(&metrics->sign_ins));
	put(out, "sign_in_failures_total", "counter",
	    "Sign-ins that were refused",
	    atomic_load(&metrics->sign_in_failures));
}

static void
put_queues(FILE *out, const struct http_server *server)
{
	put(out, "work_queue", "gauge", "Requests that wait for a thread",
	    http_pool_waiting(server->pool));
	put(out, "hash_queue", "gauge",
	    "Requests that wait to have a password hashed",
	    http_pool_waiting(server->hashing));
}

static void
put_environment(FILE *out, const struct rst_env_info *info)
{
	put(out, "map_bytes", "gauge", "Size of the map", info->map_bytes);
	put(out, "map_used_bytes", "gauge", "Used of the map",
	    info->used_bytes);
	put(out, "map_ordinary_bytes", "gauge",
	    "Of the map; above this only deletes are accepted",
	    info->ordinary_bytes);
	put(out, "disk_free_bytes", "gauge", "Left on the disk beneath",
	    info->disk_bytes);
	put(out, "full", "gauge", "1 when only deletes are accepted",
	    info->full);
	put(out, "entries", "gauge", "Entries of the directory", info->entries);
	put(out, "transactions_total", "counter", "Commits, of all processes",
	    info->last_txn);
	put(out, "readers", "gauge", "Slots of readers in use",
	    info->readers_used);
	put(out, "oldest_reader_transactions", "gauge",
	    "Commits since the snapshot that the oldest reader sees",
	    info->last_txn - info->oldest_txn);
	put(out, "oldest_reader_seconds", "gauge",
	    "For how long there have been newer ones, to five seconds",
	    (uint64_t)info->oldest_s);
}

static void
put_presence(FILE *out, const struct http_req *req)
{
	static const char name[] = "slapd_up";
	static const char help[] = "1 when slapd serves the directory";
	bool serves = false;

	if (rst_presence(req->server->config->state, &serves) == RST_OK)
		put(out, name, "gauge", help, serves);
	else /* not known: what others measured is worth telling */
		fprintf(out,
		        "# HELP roster_%s %s\n# TYPE roster_%s gauge\n"
		        "roster_%s NaN\n",
		        name, help, name, name);
}

static enum rst_err
put_replica(FILE *out, struct http_req *req)
{
	struct replica_seen seen;
	struct rst_rtxn txn;
	bool is;
	enum rst_err err;

	err = rst_read_begin(req->server->env, &txn);
	if (err != RST_OK)
		return err;
	err = replica_is(&txn, &is);
	if (err == RST_OK)
		err = replica_seen(&txn, &seen);
	rst_read_end(&txn);
	if (err != RST_OK)
		return err;
	put(out, "replica", "gauge", "1 on a replica, 0 on a provider", is);
	if (!is || seen.current_s == 0)
		return RST_OK;
	put(out, "replica_lag_seconds", "gauge",
	    "Since when the replica may lack a change, at most",
	    (uint64_t)replica_lag_s(&seen, req->ctx.now_s));
	put(out, "replica_provider_answered_seconds", "gauge",
	    "When the provider answered last", (uint64_t)seen.answered_s);
	return RST_OK;
}

static enum rst_err
put_tables(FILE *out, struct rst_env *env)
{
	unsigned char digest[RST_DIGEST_BYTES] = { 0 };
	struct rst_mail mail = { .bytes = NULL };
	uint64_t id = 0, queued = 0, failed = 0, sessions = 0;
	struct rst_session session;
	struct rst_rtxn txn;
	bool started = false;
	enum rst_err err;

	err = rst_read_begin(env, &txn);
	while (err == RST_OK && queued + failed < COUNTED_MAX) {
		err = rst_outbox_next(&txn, id, &mail);
		if (err != RST_OK)
			break;
		id = mail.id;
		*(mail.state == RST_MAIL_FAILED ? &failed : &queued) += 1;
		rst_mail_release(&mail);
	}
	rst_mail_release(&mail);
	if (err == RST_ENOTFOUND)
		err = RST_OK;
	while (err == RST_OK && sessions < COUNTED_MAX) {
		err = rst_session_next(&txn, 0, &started, digest, &session);
		sessions += err == RST_OK;
	}
	rst_read_end(&txn);
	put(out, "outbox_queued", "gauge", "Mails to be sent", queued);
	put(out, "outbox_failed", "gauge", "Mails that were given up", failed);
	put(out, "sessions", "gauge", "Web sessions, not yet swept ones too",
	    sessions);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* May who asks read them? */
static bool
may_read(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	enum http_metrics_for who = req->server->config->metrics_for;
	struct rst_view peer = rst_view_of(req->peer);
	enum rst_err err;

	if (who == HTTP_METRICS_OFF) {
		http_reply_err(req, reply, RST_ENOTFOUND, NULL);
		return false;
	}
	if (who == HTTP_METRICS_ANYBODY ||
	    (who == HTTP_METRICS_LOCAL &&
	     (rule_address_has("local", 5, peer.ptr, peer.len) ||
	      rule_address_has("127.0.0.0/8", 11, peer.ptr, peer.len) ||
	      rule_address_has("::1", 3, peer.ptr, peer.len))))
		return true;
	err = http_identify(req, &refusal);
	if (err != RST_OK)
		http_reply_err(req, reply, err, &refusal);
	else if (!req->who.signed_in)
		http_problem(reply, 401, "not_signed_in", NULL,
		             "this needs somebody who is signed in");
	else if (!req->who.administrator)
		http_problem(reply, 403, "forbidden", NULL,
		             rule_verdict_text(RULE_FORBIDDEN));
	return !http_is_problem(reply);
}

/* GET /metrics */
void
api_metrics(struct http_req *req, struct http_reply *reply)
{
	struct http_server *server = req->server;
	struct rst_env_info info;
	char *text = NULL;
	size_t len = 0;
	FILE *out = NULL;
	enum rst_err err;

	if (!may_read(req, reply))
		return;
	err = rst_env_info(server->env, &info);
	if (err == RST_OK) {
		out = open_memstream(&text, &len);
		err = out != NULL ? RST_OK : RST_ENOMEM;
	}
	if (err == RST_OK) {
		put_answers(out, &server->metrics);
		put_queues(out, server);
		put_environment(out, &info);
		put_presence(out, req);
		err = put_replica(out, req);
		put(out, "start_time_seconds", "gauge", "When rosterd started",
		    (uint64_t)atomic_load(&server->metrics.started_s));
		if (err == RST_OK)
			err = put_tables(out, server->env);
	}
	if (out != NULL && fclose(out) != 0 && err == RST_OK)
		err = RST_ENOMEM;
	if (err == RST_OK) {
		reply->text = text;
		reply->content_type =
			"text/plain; version=0.0.4; charset=utf-8";
		return;
	}
	free(text);
	http_reply_err(req, reply, err, NULL);
}
