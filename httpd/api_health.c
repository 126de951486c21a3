/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_health.c - for probes: the process, and whether it can work */
#include "httpd/api.h"
#include "lifecycle/replica.h"
#include "store/presence.h"

/* GET /healthz */
void
api_healthz(struct http_req *req, struct http_reply *reply)
{
	reply->body = cJSON_CreateObject();
	if (!json_add_text(reply->body, "status", "ok"))
		http_reply_err(req, reply, RST_ENOMEM, NULL);
}

/* Why not, or NULL. */
static const char *
not_ready(struct rst_env *env)
{
	const char *why = "the environment cannot be read";
	struct rst_env_info info;
	struct rst_view suffix;
	struct rst_rtxn txn;

	if (rst_read_begin(env, &txn) != RST_OK)
		return why;
	if (rst_setting_get(&txn, "suffix", &suffix) != RST_OK)
		why = "the directory is not initialised: run rosterctl init";
	else
		why = NULL;
	rst_read_end(&txn);
	if (why != NULL)
		return why;
	if (rst_env_info(env, &info) != RST_OK)
		return "the environment cannot be read";
	if (info.used_bytes >= info.ordinary_bytes)
		return "the environment is full";
	return info.full ? "the disk is full" : NULL;
}

/* Who decides, and how far behind a replica may be. */
static bool
add_role(struct http_req *req, cJSON *body)
{
	struct replica_seen seen;
	struct rst_rtxn txn;
	bool is;
	enum rst_err err;

	if (rst_read_begin(req->server->env, &txn) != RST_OK)
		return false;
	err = replica_is(&txn, &is);
	if (err == RST_OK)
		err = replica_seen(&txn, &seen);
	rst_read_end(&txn);
	return err == RST_OK &&
	       json_add_text(body, "role", is ? "replica" : "provider") &&
	       (!is || seen.current_s == 0 ||
	        json_add_number(
			body, "lag_s",
			(uint64_t)replica_lag_s(&seen, req->ctx.now_s)));
}

/* GET /readyz */
void
api_readyz(struct http_req *req, struct http_reply *reply)
{
	const char *why = not_ready(req->server->env);
	bool serves = false;
	enum rst_err err;

	if (why != NULL) {
		reply->retry_s = 5;
		http_problem(reply, 503, "not_ready", NULL, why);
		return;
	}
	reply->body = cJSON_CreateObject();
	if (!add_role(req, reply->body)) {
		http_reply_err(req, reply, RST_ENOMEM, NULL);
		return;
	}
	/* everything here works without slapd; who watches may want to know */
	err = rst_presence(req->server->config->state, &serves);
	if (!json_add_text(reply->body, "status", "ready") ||
	    !json_add_text(reply->body, "slapd",
	                   err != RST_OK ? "unknown"
	                   : serves      ? "up"
	                                 : "down"))
		http_reply_err(req, reply, RST_ENOMEM, NULL);
}
