/* SPDX-License-Identifier: OLDAP-2.8 */
/* dispatch.c - one request from its head to its reply
 *
 * In this order, because each step may trust the ones before it: route, who
 * asks, where from, may he, what the body says, the handler, the
 * representation.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "httpd/api.h"
#include "httpd/input.h"
#include "httpd/once.h"
#include "httpd/page.h"
#include "httpd/rate.h"
#include "httpd/route.h"
#include "lifecycle/replica.h"

static bool
is_unsafe(enum http_method method)
{
	return method != HTTP_GET && method != HTTP_HEAD;
}

/* The only look at the clock for this request. */
static void
begin(struct http_req *req)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	req->ctx = (struct act_ctx){
		.env = req->server->env,
		.door = RST_DOOR_HTTP,
		.address = rst_view_of(req->peer),
		.now_s = now.tv_sec,
		.now_us = (uint32_t)(now.tv_nsec / 1000),
		.server_id = req->server->server_id,
	};
}

static bool
find_route(struct http_req *req, struct http_reply *reply)
{
	size_t prefix = sizeof(HTTP_API_PREFIX) - 1;
	const char *path = req->head->path, *allow = "";

	req->api = strncmp(path, HTTP_API_PREFIX "/", prefix + 1) == 0;
	req->route = http_route_find(req->head->method,
	                             req->api ? path + prefix : path, req->api,
	                             req->arg, &allow);
	if (req->route == NULL && allow[0] != '\0') {
		reply->allow = allow;
		http_problem(reply, 405, "method_not_allowed", NULL,
		             "this method is not allowed here");
	} else if (req->route == NULL) {
		http_problem(reply, 404, "not_found", NULL,
		             "there is no such thing here");
	} else if (!http_query_parse(req->head->query, &req->query)) {
		http_problem(reply, 400, "invalid_query", NULL,
		             "the part of the address after ? is malformed");
	}
	if (req->route != NULL && (req->route->where & HTTP_COMPAT))
		req->api = true;
	return !http_is_problem(reply);
}

static bool
is_type(struct rst_view given, const char *type)
{
	size_t len = strlen(type);

	return given.len >= len &&
	       rst_view_equal_nocase(rst_view(given.ptr, len),
	                             rst_view_of(type)) &&
	       (given.len == len || given.ptr[len] == ';' ||
	        given.ptr[len] == ' ');
}

/* { list: the body, and what the query says }, as a form has them. */
static cJSON *
csv_input(const struct http_req *req, const char **ret_why)
{
	cJSON *input = cJSON_CreateObject();

	if (!json_is_text(req->raw_body)) {
		*ret_why = "the body must be UTF-8 without NUL";
	} else if (json_add_view(input, "list", req->raw_body)) {
		for (size_t i = 0; i < req->query.n; i++)
			if (strcmp(req->query.items[i].name, "list") != 0 &&
			    !json_add_text(input, req->query.items[i].name,
			                   req->query.items[i].value))
				*ret_why = "the query is too long";
		if (*ret_why == NULL)
			return input;
	}
	json_wipe(input);
	return NULL;
}

static bool
is_read(struct http_req *req, const char *why, struct http_reply *reply)
{
	if (req->input != NULL && why == NULL)
		return true;
	if (why != NULL)
		http_problem(reply, 400,
		             req->form ? "invalid_form" : "invalid_json", NULL,
		             why);
	else
		http_reply_err(req, reply, RST_ENOMEM, NULL);
	return false;
}

/* Programs send JSON, pages send forms; each only where it belongs. */
static bool
read_body(struct http_req *req, struct http_reply *reply)
{
	const char *type = req->api ? "application/json"
	                            : "application/x-www-form-urlencoded";
	const char *why = NULL;

	req->form = !req->api;
	if (!is_unsafe(req->head->method) || req->raw_body.len == 0)
		return true; /* every field is missing */
	if (req->api && (req->route->where & HTTP_CSV) &&
	    is_type(req->head->value[HTTP_H_CONTENT_TYPE], "text/csv")) {
		req->form = true; /* its values are texts, too */
		req->input = csv_input(req, &why);
		return is_read(req, why, reply);
	}
	if (!is_type(req->head->value[HTTP_H_CONTENT_TYPE], type)) {
		http_problem(reply, 415, "unknown_content_type", NULL,
		             req->api ? "the body must be application/json"
		                      : "the body must be a form");
		return false;
	}
	req->input = req->form ? form_parse(req->raw_body, &why)
	                       : json_parse(req->raw_body, &why);
	if (req->input != NULL && !cJSON_IsObject(req->input))
		why = "the body must be an object";
	return is_read(req, why, reply);
}

/* A signed-in browser must show that our own page made it ask. */
static bool
check_origin(struct http_req *req, struct http_reply *reply)
{
	bool ok;

	/* no stranger's page can make a browser send a token */
	if (!is_unsafe(req->head->method) || req->who.bearer)
		return true;
	ok = http_same_origin(req) &&
	     (!req->who.signed_in || req->route->role == HTTP_ANYONE ||
	      http_csrf_holds(req));
	if (!ok)
		http_problem(reply, 403, "csrf_failed", NULL,
		             "this request did not come from a page of this "
		             "site, or the page is too old; load it again");
	return ok;
}

static enum rst_err
manages(const struct http_req *req, bool *ret_manages)
{
	struct rst_rtxn txn;
	uint64_t group;
	enum rst_err err;

	err = rst_read_begin(req->server->env, &txn);
	if (err != RST_OK)
		return err;
	err = act_find_group(&txn, req->arg[0], &group);
	if (err == RST_OK)
		err = act_manages(&txn, group, req->who.id, ret_manages);
	rst_read_end(&txn);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
has_role(const struct http_req *req, bool *ret_has)
{
	const struct http_who *who = &req->who;

	*ret_has = false;
	switch (req->route->role) {
	case HTTP_ANYONE:
		*ret_has = true;
		break;
	case HTTP_PERSON:
		*ret_has = who->signed_in;
		break;
	case HTTP_SELF:
		*ret_has = who->signed_in &&
		           (who->administrator ||
		            rst_view_equal(req->arg[0],
		                           rst_view_of(who->username)));
		break;
	case HTTP_MANAGER:
		if (who->signed_in && !who->administrator)
			return manages(req, ret_has);
		*ret_has = who->signed_in;
		break;
	case HTTP_ADMIN:
		*ret_has = who->signed_in && who->administrator;
		break;
	}
	return RST_OK;
}

static bool
check_role(struct http_req *req, struct http_reply *reply)
{
	bool has;
	enum rst_err err = has_role(req, &has);

	if (err != RST_OK) {
		http_reply_err(req, reply, err, NULL);
		return false;
	}
	if (has)
		return true;
	if (req->who.signed_in) {
		http_problem(reply, 403, "forbidden", NULL,
		             rule_verdict_text(RULE_FORBIDDEN));
		return false;
	}
	reply->sign_in = !req->api;
	if (req->head->value[HTTP_H_AUTHORIZATION].ptr != NULL)
		http_problem(reply, 401, "invalid_token", NULL,
		             "this token is unknown, expired or revoked");
	else
		http_problem(reply, 401, "not_signed_in", NULL,
		             "this needs somebody who is signed in");
	return false;
}

/* The agreements of the site come before everything but a new password. */
static bool
check_signed(struct http_req *req, struct http_reply *reply)
{
	const struct act_refusal refusal = { RULE_AGREEMENT_REQUIRED,
		                             NULL,
		                             { "" } };

	if (!req->who.must_sign || (req->route->where & HTTP_SIGN))
		return true;
	if (req->api)
		http_reply_err(req, reply, RST_EDENIED, &refusal);
	else
		http_location(reply, "/me/agreements", RST_VIEW(""), "");
	return false;
}

/* A replica changes nothing: its provider does. */
static bool
check_replica(struct http_req *req, struct http_reply *reply)
{
	const struct act_refusal refusal = { RULE_READ_ONLY_REPLICA,
		                             NULL,
		                             { "" } };
	struct rst_rtxn txn;
	bool is;
	enum rst_err err;

	if (!is_unsafe(req->head->method) || (req->route->where & HTTP_LOCAL))
		return true;
	err = rst_read_begin(req->server->env, &txn);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, NULL);
		return false;
	}
	err = replica_is(&txn, &is);
	rst_read_end(&txn);
	if (err == RST_OK && is)
		err = RST_EDENIED;
	http_reply_err(req, reply, err, &refusal);
	return err == RST_OK;
}

/* A browser is shown where it can be done. */
static bool
check_duty(struct http_req *req, struct http_reply *reply)
{
	const struct act_refusal refusal = { RULE_PASSWORD_CHANGE_REQUIRED,
		                             NULL,
		                             { "" } };

	if (req->route->role == HTTP_ANYONE)
		return true;
	if (!req->who.must_change)
		return check_signed(req, reply);
	if (req->route->where & HTTP_DUTY)
		return true;
	if (req->api)
		http_reply_err(req, reply, RST_EDENIED, &refusal);
	else
		http_location(reply, "/me?due=password#password", RST_VIEW(""),
		              "");
	return false;
}

/* A form that was refused is shown again, with what was typed. */
static void
show_again(struct http_req *req, struct http_reply *reply)
{
	struct http_reply page = { .status = 200 };
	const cJSON *field;
	cJSON *errors;

	req->route->show(req, &page);
	if (http_is_problem(&page) || page.location[0] != '\0' ||
	    page.body == NULL) {
		http_reply_release(&page);
		return; /* the problem's own page says it all */
	}
	field = json_get(reply->body, "field");
	errors = cJSON_AddObjectToObject(page.body, "errors");
	if (cJSON_IsString(field))
		(void)json_take(
			errors, field->valuestring,
			cJSON_Duplicate(json_get(reply->body, "detail"), true));
	(void)json_take(page.body, "error", reply->body);
	reply->body = page.body;
	(void)http_drop_secrets(req->input);
	(void)json_take(reply->body, "form", req->input);
	req->input = NULL;
	page.body = NULL;
	http_reply_release(&page);
}

void
http_dispatch(struct http_req *req, struct http_reply *reply)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	struct http_once once = { .held = { .r = { NULL } } };
	enum rst_err err = RST_OK;

	begin(req);
	if (!find_route(req, reply))
		goto out;
	/* static files and probes do not ask who, nor how often */
	if ((req->route->where & HTTP_RAW) == 0) {
		if (!rate_allows(req, RATE_ADDRESS, reply))
			goto out;
		err = http_identify(req, &refusal);
	}
	if (err != RST_OK) {
		http_reply_err(req, reply, err, &refusal);
		goto out;
	}
	if (!rate_allows(req, RATE_USER, reply) || !read_body(req, reply) ||
	    !check_origin(req, reply) || !check_role(req, reply) ||
	    !check_duty(req, reply) || !check_replica(req, reply))
		goto out;
	if (http_check_proof(req, reply) &&
	    http_once_begin(req, &once, reply)) {
		req->route->handle(req, reply);
		http_once_end(req, reply);
	}
	if (http_is_problem(reply) && !req->api && req->route->show != NULL &&
	    json_get(reply->body, PAGE_ONCE) == NULL)
		show_again(req, reply);
out:
	http_reply_finish(req, reply);
	json_wipe(req->input);
	req->input = NULL;
}
