/* SPDX-License-Identifier: OLDAP-2.8 */
/* errmap.c - verdicts and store errors as problems of RFC 9457
 *
 *	{ "type": "about:blank", "title": "Conflict", "status": 409,
 *	  "code": "username_taken", "field": "username",
 *	  "detail": "this username is in use or was used before" }
 *
 * The code is stable; the words may change.  The only place where statuses
 * are chosen for errors.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "httpd/http.h"
#include "lifecycle/attempt.h"
#include "lifecycle/replica.h"

/* What each verdict is over HTTP.  A new one does not compile without. */
enum status {
	STATUS_OK = 500,
	STATUS_INVALID_USERNAME = 422,
	STATUS_RESERVED_USERNAME = 422,
	STATUS_USERNAME_TAKEN = 409,
	STATUS_INVALID_GROUPNAME = 422,
	STATUS_RESERVED_GROUP = 422,
	STATUS_GROUP_TAKEN = 409,
	STATUS_INVALID_UIDNUMBER = 422,
	STATUS_UIDNUMBER_TAKEN = 409,
	STATUS_INVALID_GIDNUMBER = 422,
	STATUS_GID_TAKEN = 409,
	STATUS_NUMBERS_EXHAUSTED = 507,
	STATUS_INVALID_EMAIL = 422,
	STATUS_EMAIL_TAKEN = 409,
	STATUS_EMAIL_MISMATCH = 400,
	STATUS_DUPLICATE_EMAIL = 409,
	STATUS_INVALID_NAME = 422,
	STATUS_INVALID_SHELL = 422,
	STATUS_INVALID_HOME = 422,
	STATUS_INVALID_REASON = 422,
	STATUS_INVALID_CLASSES = 422,
	STATUS_INVALID_KEY = 422,
	STATUS_KEY_TAKEN = 409,
	STATUS_WEAK_PASSWORD = 422,
	STATUS_INVALID_PASSWORD = 422,
	STATUS_PASSWORD_TOO_YOUNG = 422,
	STATUS_PASSWORD_EXPIRED = 403,
	STATUS_PASSWORD_CHANGE_REQUIRED = 403,
	STATUS_HASH_REFUSED = 422,
	STATUS_WRONG_PASSWORD = 403,
	STATUS_INVALID_CREDENTIALS = 401,
	STATUS_ACCOUNT_INACTIVE = 403,
	STATUS_INVALID_INVITE = 400,
	STATUS_REGISTRATION_CLOSED = 403,
	STATUS_INVALID_STATUS = 422,
	STATUS_STATUS_MOVE = 409,
	STATUS_LAST_ADMIN = 409,
	STATUS_OWN_RIGHTS = 409,
	STATUS_GROUP_CYCLE = 409,
	STATUS_NESTING_LIMIT = 409,
	STATUS_PROTECTED_GROUP = 409,
	STATUS_IDENTITY_IMMUTABLE = 409,
	STATUS_TOMBSTONE_IMMUTABLE = 409,
	STATUS_JOURNAL_IMMUTABLE = 409,
	STATUS_INVALID_TOKEN = 401,
	STATUS_INSUFFICIENT_SCOPE = 403,
	STATUS_INVALID_SCOPE = 422,
	STATUS_INVALID_ADDRESS = 422,
	STATUS_TOO_MANY_TOKENS = 409,
	STATUS_USERNAME_MISMATCH = 400,
	STATUS_REAUTHENTICATION_REQUIRED = 403,
	STATUS_ALREADY_BOOTSTRAPPED = 409,
	STATUS_UNKNOWN_GROUP = 422,
	STATUS_UNKNOWN_USER = 422,
	STATUS_INVALID_EXPIRY = 422,
	STATUS_INVALID_SETTING = 422,
	STATUS_TOO_MANY_ATTEMPTS = 429,
	STATUS_CHANGED = 412,
	STATUS_INVALID_LINK = 400,
	STATUS_EMAIL_DOMAIN = 422,
	STATUS_QUEUE_FULL = 429,
	STATUS_TOO_OFTEN = 429,
	STATUS_APPROVAL_NEEDED = 409,
	STATUS_AGREEMENT_REQUIRED = 403,
	STATUS_INVALID_AGREEMENT = 422,
	STATUS_SIGNATURE_IMMUTABLE = 409,
	STATUS_TOKEN_IMMUTABLE = 409,
	STATUS_UNKNOWN_PRESET = 422,
	STATUS_INVALID_HOST = 422,
	STATUS_INVALID_SERVICE = 422,
	STATUS_HOST_TAKEN = 409,
	STATUS_HOST_IN_USE = 409,
	STATUS_READ_ONLY_REPLICA = 421,
	STATUS_SMTP_NOT_CONFIGURED = 409,
	STATUS_INVALID_LANGUAGE = 422,
	STATUS_FORBIDDEN = 403,
};

static unsigned int
status_of_verdict(enum rule_verdict verdict)
{
	static const unsigned short statuses[] = {
#define STATUS_ROW(id, code, text) [RULE_##id] = STATUS_##id,
		RULE_VERDICTS(STATUS_ROW)
#undef STATUS_ROW
	};

	return statuses[verdict];
}

static const char *
title_of(unsigned int status)
{
	static const struct {
		unsigned int status;
		const char *title;
	} titles[] = {
		{ 400, "Bad request" },
		{ 401, "Not signed in" },
		{ 403, "Not allowed" },
		{ 404, "Not found" },
		{ 405, "Method not allowed" },
		{ 409, "Conflict" },
		{ 412, "Changed meanwhile" },
		{ 413, "Too large" },
		{ 415, "Unknown type of content" },
		{ 421, "Wrong host" },
		{ 422, "Not acceptable" },
		{ 429, "Too many attempts" },
		{ 502, "Mail was not taken" },
		{ 503, "Busy" },
		{ 507, "No room left" },
	};

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return status < 500 ? "Refused" : "Something went wrong";
}

/* What a form calls the attribute that a rule names. */
static const char *
field_of(const struct http_req *req, const char *attribute)
{
	static const struct {
		const char *attribute, *field;
	} names[] = {
		{ "uid", "username" },
		{ "userPassword", "password" },
		{ "rosterExpires", "expires" },
		{ "rosterJoins", "groups" },
		{ "rosterLifetime", "lifetime" },
		{ "rosterUses", "uses" },
		{ "rosterStatus", "status" },
		{ "rosterManager", "managers" },
		{ "rosterReason", "reason" },
		{ "rosterStarts", "starts" },
		{ "rosterScope", "scope" },
		{ "rosterAllowedAddress", "addresses" },
		{ "sshPublicKey", "key" },
		{ "rosterKeyUntil", "until" },
		{ "rosterMemberUntil", "until" },
		{ "rosterHostGroup", "groups" },
		{ "host", "hosts" },
		{ "authorizedService", "services" },
		{ "preferredLanguage", "language" },
	};

	if (attribute == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(names[i].attribute, attribute) == 0)
			attribute = names[i].field;
	/* the form for changing it calls it "new" */
	if (strcmp(attribute, "password") == 0 &&
	    json_get(req->input, "new") != NULL)
		return "new";
	return attribute;
}

void
http_problem(struct http_reply *reply, unsigned int status, const char *code,
             const char *field, const char *text)
{
	cJSON *old = reply->body;

	reply->status = status;
	reply->location[0] = '\0';
	reply->body = cJSON_CreateObject();
	/* Out of memory here leaves a shorter body; the status stands. */
	(void)json_add_text(reply->body, "type", "about:blank");
	(void)json_add_text(reply->body, "title", title_of(status));
	(void)cJSON_AddNumberToObject(reply->body, "status", status);
	(void)json_add_text(reply->body, "code", code);
	if (field != NULL)
		(void)json_add_text(reply->body, "field", field);
	(void)json_add_text(reply->body, "detail", text);
	cJSON_Delete(old); /* last: field may have been borrowed from it */
}

bool
http_is_problem(const struct http_reply *reply)
{
	return reply->status >= 400;
}

void
http_server_broken(void *arg)
{
	struct http_server *server = arg;

	if (!atomic_exchange(&server->broken, true))
		kill(getpid(), SIGTERM);
}

void
http_broke(struct http_req *req, enum rst_err err, const char *why)
{
	http_log(3, "request %s: %s%s%s", req->id, rst_strerror(err),
	         why[0] != '\0' ? ": " : "", why);
	if (err == RST_EIO)
		http_server_broken(req->server);
}

/* Something that should not happen: one line in the log, none of it told. */
static void
internal(struct http_req *req, struct http_reply *reply, enum rst_err err)
{
	http_problem(reply, 500, "internal", NULL,
	             "the server could not do this; its log says why");
	http_broke(req, err, "");
}

/* Where it can be done. */
static void
add_provider(struct http_req *req, struct http_reply *reply)
{
	const char *url = req->server->config->provider_url;
	char ldap[REPLICA_URL_MAX + 1] = "";
	struct rst_rtxn txn;

	if (url[0] != '\0')
		(void)json_add_text(reply->body, "provider", url);
	/* a stranger need not know how the servers talk to each other */
	if (!req->who.administrator ||
	    rst_read_begin(req->server->env, &txn) != RST_OK)
		return;
	if (replica_provider(&txn, ldap) == RST_OK && ldap[0] != '\0')
		(void)json_add_text(reply->body, "provider_ldap", ldap);
	rst_read_end(&txn);
}

/* What else there is to say is for those we know: "the name belonged to an
 * entry that was deleted" is not a stranger's business.  What a password lacks
 * is: everybody may know the rules for one. */
static void
refuse(struct http_req *req, struct http_reply *reply,
       const struct act_refusal *refusal)
{
	const char *text = rule_verdict_text(refusal->verdict);
	char more[2 * RST_DETAIL_MAX];

	if ((req->who.id != 0 || refusal->verdict == RULE_WEAK_PASSWORD) &&
	    refusal->detail.text[0] != '\0') {
		(void)snprintf(more, sizeof(more), "%s: %s", text,
		               refusal->detail.text);
		text = more;
	}
	http_problem(reply, status_of_verdict(refusal->verdict),
	             rule_verdict_code(refusal->verdict),
	             field_of(req, refusal->field), text);
	if (refusal->verdict == RULE_READ_ONLY_REPLICA)
		add_provider(req, reply);
}

void
http_reply_err(struct http_req *req, struct http_reply *reply, enum rst_err err,
               const struct act_refusal *refusal)
{
	switch (err) {
	case RST_OK:
		return;
	case RST_EDENIED:
		if (refusal == NULL || refusal->verdict == RULE_OK) {
			http_problem(reply, 403, "forbidden", NULL,
			             "this is not allowed");
			return;
		}
		if (refusal->verdict == RULE_TOO_MANY_ATTEMPTS)
			reply->retry_s = attempt_wait_s(&req->ctx);
		refuse(req, reply, refusal);
		return;
	case RST_ENOTFOUND:
		http_problem(reply, 404, "not_found", NULL,
		             "there is no such thing here");
		return;
	case RST_EEXISTS:
		http_problem(reply, 409, "exists", NULL, "this exists already");
		return;
	case RST_ESTATE:
		if (http_is_problem(reply))
			return; /* it is said already: model_current() */
		http_problem(reply, 409, "wrong_state", NULL,
		             "this cannot be done in the present state");
		return;
	case RST_EINVALID:
		http_problem(reply, 422, "invalid_value",
		             refusal != NULL ? field_of(req, refusal->field)
		                             : NULL,
		             "a value is outside what is allowed");
		return;
	case RST_EBUSY:
		reply->retry_s = 1;
		http_problem(reply, 503, "busy", NULL,
		             "the server is busy; try again in a moment");
		return;
	case RST_EFULL:
		http_problem(reply, 507, "full", NULL,
		             "the directory has no room left for this");
		return;
	case RST_ECORRUPT:
	case RST_ENOMEM:
	case RST_EIO:
		internal(req, reply, err);
		return;
	}
}
