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

static unsigned int
status_of_verdict(enum rule_verdict verdict)
{
	switch (verdict) {
	case RULE_INVALID_CREDENTIALS:
	case RULE_INVALID_TOKEN:
		return 401;
	case RULE_ACCOUNT_INACTIVE:
	case RULE_PASSWORD_EXPIRED:
	case RULE_PASSWORD_CHANGE_REQUIRED:
	case RULE_WRONG_PASSWORD:
	case RULE_REGISTRATION_CLOSED:
	case RULE_FORBIDDEN:
	case RULE_INSUFFICIENT_SCOPE:
	case RULE_REAUTHENTICATION_REQUIRED:
	case RULE_AGREEMENT_REQUIRED:
		return 403;
	case RULE_CHANGED:
		return 412;
	case RULE_TOO_MANY_ATTEMPTS:
	case RULE_TOO_OFTEN:
	case RULE_QUEUE_FULL:
		return 429;
	case RULE_EMAIL_MISMATCH:
	case RULE_USERNAME_MISMATCH:
	case RULE_INVALID_INVITE:
	case RULE_INVALID_LINK:
		return 400;
	case RULE_USERNAME_TAKEN:
	case RULE_GROUP_TAKEN:
	case RULE_UIDNUMBER_TAKEN:
	case RULE_GID_TAKEN:
	case RULE_EMAIL_TAKEN:
	case RULE_KEY_TAKEN:
	case RULE_DUPLICATE_EMAIL:
	case RULE_STATUS_MOVE:
	case RULE_LAST_ADMIN:
	case RULE_OWN_RIGHTS:
	case RULE_GROUP_CYCLE:
	case RULE_NESTING_LIMIT:
	case RULE_PROTECTED_GROUP:
	case RULE_ALREADY_BOOTSTRAPPED:
	case RULE_IDENTITY_IMMUTABLE:
	case RULE_TOMBSTONE_IMMUTABLE:
	case RULE_JOURNAL_IMMUTABLE:
	case RULE_TOO_MANY_TOKENS:
	case RULE_APPROVAL_NEEDED:
	case RULE_SIGNATURE_IMMUTABLE:
	case RULE_HOST_TAKEN:
	case RULE_HOST_IN_USE:
		return 409;
	/* clang-format off */
	case RULE_INVALID_USERNAME: case RULE_RESERVED_USERNAME:
	case RULE_INVALID_GROUPNAME: case RULE_RESERVED_GROUP:
	case RULE_INVALID_UIDNUMBER: case RULE_INVALID_GIDNUMBER:
	case RULE_INVALID_EMAIL: case RULE_INVALID_NAME:
	case RULE_INVALID_SHELL: case RULE_INVALID_HOME:
	case RULE_INVALID_REASON: case RULE_INVALID_CLASSES:
	case RULE_INVALID_KEY: case RULE_WEAK_PASSWORD:
	case RULE_INVALID_PASSWORD: case RULE_PASSWORD_TOO_YOUNG:
	case RULE_HASH_REFUSED: case RULE_INVALID_STATUS:
	case RULE_UNKNOWN_GROUP: case RULE_UNKNOWN_USER:
	case RULE_INVALID_EXPIRY: case RULE_INVALID_SETTING:
	case RULE_INVALID_SCOPE: case RULE_INVALID_ADDRESS:
	case RULE_EMAIL_DOMAIN: case RULE_INVALID_AGREEMENT:
	case RULE_UNKNOWN_PRESET: case RULE_INVALID_HOST:
	case RULE_INVALID_SERVICE:
		return 422;
	/* clang-format on */
	case RULE_NUMBERS_EXHAUSTED:
	case RULE_OK:
		break;
	}
	return 507;
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

/* Something that should not happen: one line in the log, none of it told. */
static void
internal(struct http_req *req, struct http_reply *reply, enum rst_err err)
{
	http_log(3, "request %s: %s", req->id, rst_strerror(err));
	http_problem(reply, 500, "internal", NULL,
	             "the server could not do this; its log says why");
	if (err == RST_EIO && !atomic_exchange(&req->server->broken, true))
		kill(getpid(), SIGTERM);
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
