/* SPDX-License-Identifier: OLDAP-2.8 */
/* proof.c - the password again, before what a stolen cookie must not do
 *
 * A program is refused and asks POST /session/reauthenticate.  A person gets
 * a form that asks for the password and brings along what had been typed, so
 * that nothing is lost and nothing has to be done twice:
 *
 *	POST /groups	cn=crew			not proved: the form
 *	POST /groups	cn=crew&proof=...	proved, and done
 *
 * A secret is not written into a page.  Where one had been typed, "proof-lost"
 * names its field, and after the proof the first form is shown again.
 */
#include <stdio.h>
#include <string.h>

#include "httpd/input.h"
#include "httpd/route.h"

static const char *const secrets[] = { "password", "old", "new", "token",
	                               NULL };

const char *
http_drop_secrets(cJSON *input)
{
	const char *dropped = NULL;

	json_wipe(cJSON_DetachItemFromObjectCaseSensitive(input, "csrf"));
	for (size_t i = 0; secrets[i] != NULL; i++) {
		cJSON *secret = cJSON_DetachItemFromObjectCaseSensitive(
			input, secrets[i]);

		if (cJSON_IsString(secret) && secret->valuestring[0] != '\0')
			dropped = secrets[i];
		json_wipe(secret);
	}
	return dropped;
}

bool
http_check_session(struct http_req *req, struct http_reply *reply,
                   const char *text)
{
	struct act_refusal refusal = { RULE_INSUFFICIENT_SCOPE, NULL, { "" } };

	if (req->who.bearer) {
		(void)snprintf(refusal.detail.text, sizeof(refusal.detail.text),
		               "%s", text);
		http_reply_err(req, reply, RST_EDENIED, &refusal);
	}
	return !req->who.bearer;
}

/* It changes what is not its owner's, or lasts longer than the session. */
static bool
is_needed(const struct http_req *req)
{
	if (req->head->method == HTTP_GET || req->head->method == HTTP_HEAD ||
	    req->who.bearer || !req->who.signed_in)
		return false;
	if (req->route->where & HTTP_PROVED)
		return true;
	switch (req->route->role) {
	case HTTP_ANYONE:
	case HTTP_PERSON:
		return false;
	case HTTP_SELF:
	case HTTP_MANAGER:
	case HTTP_ADMIN:
		return req->who.administrator;
	}
	return true;
}

/* path as an address: all but its slashes encoded. */
static bool
add_path(cJSON *body, const char *key, const char *path)
{
	char part[3 * HTTP_PATH_MAX + 1], text[3 * HTTP_PATH_MAX + 1];
	size_t used = 0;

	while (*path == '/') {
		size_t len = strcspn(path + 1, "/");

		if (!http_percent_encode(rst_view(path + 1, len), part,
		                         sizeof(part)))
			return false;
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		                         "/%s", part);
		path += len + 1;
	}
	return json_add_text(body, key, text);
}

/* The page that had the form: the nearest one above the address. */
static bool
add_back(cJSON *body, const char *from)
{
	char path[HTTP_PATH_MAX + 1];
	const struct http_route *route = NULL;
	struct rst_view arg[2];
	const char *allow;

	snprintf(path, sizeof(path), "%s", from);
	while (route == NULL && path[0] != '\0') {
		route = http_route_find(HTTP_GET, path, false, arg, &allow);
		if (route == NULL)
			*strrchr(path, '/') = '\0';
	}
	return add_path(body, "back", route != NULL ? path : "/me");
}

static bool
add_field(cJSON *list, const char *name, const cJSON *value)
{
	cJSON *field = cJSON_CreateObject();

	return json_take_item(list, field) &&
	       json_add_text(field, "name", name) &&
	       json_add_text(field, "value", value->valuestring);
}

/* What had been typed; a form's values are texts, or lists of them. */
static bool
add_typed(cJSON *body, const cJSON *input)
{
	cJSON *list = cJSON_AddArrayToObject(body, "typed");
	const cJSON *field, *value;

	cJSON_ArrayForEach(field, input)
	{
		if (cJSON_IsString(field) &&
		    !add_field(list, field->string, field))
			return false;
		if (!cJSON_IsArray(field))
			continue;
		cJSON_ArrayForEach(value, field)
		{
			if (!add_field(list, field->string, value))
				return false;
		}
	}
	return list != NULL;
}

/* Here the field has another name than in the session's own request. */
static bool
name_field(cJSON *problem)
{
	cJSON_DeleteItemFromObjectCaseSensitive(problem, "field");
	return json_add_text(problem, "field", "proof");
}

/* reply holds why the last password did not do, or nothing. */
static void
ask(struct http_req *req, struct http_reply *reply, const char *lost)
{
	cJSON *problem = reply->body, *body = cJSON_CreateObject();
	const char *dropped = http_drop_secrets(req->input), *allow;
	bool ok;

	reply->body = body;
	ok = add_path(body, "action", req->head->path) &&
	     add_back(body, req->head->path) && add_typed(body, req->input);
	if (dropped != NULL)
		lost = dropped;
	if (lost != NULL)
		ok = ok && json_add_text(body, "lost", lost);
	if (ok && problem != NULL)
		ok = json_take(cJSON_AddObjectToObject(body, "errors"), "proof",
		               cJSON_Duplicate(json_get(problem, "detail"),
		                               true)) &&
		     name_field(problem) && json_take(body, "error", problem);
	else
		cJSON_Delete(problem);
	req->route = http_route_find(HTTP_GET, "/reauthenticate", false,
	                             req->arg, &allow);
	if (!ok)
		http_reply_err(req, reply, RST_ENOMEM, NULL);
}

/* The request goes on as that of the new session. */
static enum rst_err
prove(struct http_req *req, struct http_reply *reply, struct rst_view password,
      struct act_refusal *refusal)
{
	char token[RST_TOKEN_TEXT];
	struct rst_view token_view = { token, RST_TOKEN_TEXT - 1 };
	struct rst_session session;
	enum rst_err err;

	err = act_reauthenticate(&req->ctx, req->who.digest, password, token,
	                         &session, refusal);
	if (err != RST_OK)
		return err;
	if (!rst_token_digest(token_view, req->who.digest))
		return RST_EIO; /* we made it: it is well-formed */
	req->who.session = session;
	http_csrf_make(token_view, req->who.csrf);
	http_set_cookie(req, reply, token_view,
	                session.expires_s - req->ctx.now_s);
	return RST_OK;
}

/* One of our own words for it, not what came. */
static const char *
lost_of(const cJSON *lost)
{
	for (size_t i = 0; cJSON_IsString(lost) && secrets[i] != NULL; i++)
		if (strcmp(secrets[i], lost->valuestring) == 0)
			return secrets[i];
	return NULL;
}

static bool
check_page(struct http_req *req, struct http_reply *reply, cJSON *proof,
           const char *lost)
{
	struct act_refusal refusal = { RULE_OK, NULL, { "" } };
	bool proved;
	enum rst_err err;

	err = act_proved_lately(&req->ctx, &req->who.session, &proved);
	if (err != RST_OK) {
		http_reply_err(req, reply, err, NULL);
		return false;
	}
	if (!proved && cJSON_IsString(proof)) {
		err = prove(req, reply, rst_view_of(proof->valuestring),
		            &refusal);
		proved = err == RST_OK;
		http_reply_err(req, reply, err, &refusal);
	}
	if (!proved) {
		ask(req, reply, lost);
		return false;
	}
	if (lost == NULL)
		return true;
	http_problem(reply, 422, "invalid_value", lost,
	             "your own password was right; this was not kept "
	             "meanwhile: type it once more");
	return false;
}

bool
http_check_proof(struct http_req *req, struct http_reply *reply)
{
	cJSON *proof, *lost;
	bool good = false;
	enum rst_err err;

	if (!is_needed(req))
		return true;
	if (req->api) {
		err = act_proved_lately(&req->ctx, &req->who.session, &good);
		http_reply_err(req, reply, err, NULL);
		if (err == RST_OK && !good)
			http_problem(reply, 403,
			             rule_verdict_code(
					     RULE_REAUTHENTICATION_REQUIRED),
			             NULL,
			             rule_verdict_text(
					     RULE_REAUTHENTICATION_REQUIRED));
		return good;
	}
	proof = cJSON_DetachItemFromObjectCaseSensitive(req->input, "proof");
	lost = cJSON_DetachItemFromObjectCaseSensitive(req->input,
	                                               "proof-lost");
	good = check_page(req, reply, proof, lost_of(lost));
	json_wipe(proof);
	cJSON_Delete(lost);
	return good;
}
