/* SPDX-License-Identifier: OLDAP-2.8 */
/* auth.c - who asks, and whether a browser was tricked into asking
 *
 * The cookie holds the session's token, 256 random bits; the environment
 * keeps its digest.  The csrf value is a keyed hash of a constant with the
 * token as the key: only who has the cookie can make it, it does not lead
 * back to the token, and nothing more has to be kept.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "httpd/http.h"
#include "httpd/route.h"
#include "store/index.h"

static const char csrf_message[] = "roster csrf 1";

void
http_csrf_make(struct rst_view token, char csrf[HTTP_CSRF_TEXT])
{
	unsigned char hash[32];

	crypto_generichash(hash, sizeof(hash),
	                   (const unsigned char *)csrf_message,
	                   sizeof(csrf_message),
	                   (const unsigned char *)token.ptr, token.len);
	sodium_bin2base64(csrf, HTTP_CSRF_TEXT, hash, sizeof(hash),
	                  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static const char *
cookie_name(const struct http_req *req)
{
	return req->server->config->site.https ? HTTP_COOKIE_SECURE
	                                       : HTTP_COOKIE_INSECURE;
}

void
http_set_cookie(const struct http_req *req, struct http_reply *reply,
                struct rst_view token, int64_t lifetime_s)
{
	snprintf(reply->cookie, sizeof(reply->cookie),
	         "%s=%.*s; Max-Age=%lld;%s HttpOnly; SameSite=Lax; Path=/",
	         cookie_name(req), (int)token.len,
	         token.len > 0 ? token.ptr : "",
	         (long long)(token.len > 0 ? lifetime_s : 0),
	         req->server->config->site.https ? " Secure;" : "");
}

/* How many wait for an administrator; a number for the pages' heads only. */
static size_t
count_waiting(const struct rst_rtxn *txn)
{
	uint64_t ids[HTTP_WAITING_MAX];
	size_t n = 0;

	if (rst_index_equal(txn, RST_A_ROSTERSTATUS, RST_VIEW("pending"), 0,
	                    ids, HTTP_WAITING_MAX, &n) != RST_OK)
		return 0;
	return n;
}

/* Name, DN and rights of the session's person. */
static enum rst_err
describe(struct http_req *req)
{
	struct http_who *who = &req->who;
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;
	size_t len;

	err = rst_read_begin(req->server->env, &txn);
	if (err != RST_OK)
		goto out;
	err = rst_record_get(&txn, who->session.user, &record);
	if (err != RST_OK)
		goto out;
	err = rst_tree_dn(&txn, record.id, who->dn, sizeof(who->dn), &len);
	if (err != RST_OK)
		goto out;
	if (!rst_view_copy(rst_record_first(&record, RST_A_UID), who->username,
	                   sizeof(who->username))) {
		err = RST_EDENIED; /* nobody who could sign in */
		goto out;
	}
	(void)rst_view_copy(rst_record_first(&record, RST_A_PREFERREDLANGUAGE),
	                    who->language, sizeof(who->language));
	who->id = record.id;
	err = act_is_administrator(&txn, record.id, req->ctx.now_s,
	                           &who->administrator);
	/* a token is no password: it was not given for signing in */
	if (err == RST_OK && !who->bearer)
		err = act_must_change(&txn, record.id, req->ctx.now_s,
		                      &who->must_change);
	if (err == RST_OK && !who->bearer)
		err = act_must_sign(&txn, record.id, who->session.made_s,
		                    &who->must_sign);
	if (err != RST_OK)
		goto out;
	if (who->administrator && !req->api)
		who->waiting = count_waiting(&txn);
out:
	rst_read_end(&txn);
	return err;
}

/* "Bearer rst_..."; the scheme's case does not matter. */
static struct rst_view
bearer_of(struct rst_view header)
{
	static const struct rst_view scheme = { "bearer ", 7 };

	if (header.len < scheme.len ||
	    !rst_view_equal_nocase(rst_view(header.ptr, scheme.len), scheme))
		return RST_VIEW("");
	header = rst_view(header.ptr + scheme.len, header.len - scheme.len);
	while (header.len > 0 && header.ptr[0] == ' ')
		header = rst_view(header.ptr + 1, header.len - 1);
	return header;
}

/* Cookies do not count beside a token. */
static enum rst_err
identify_bearer(struct http_req *req, struct act_refusal *refusal)
{
	struct rst_view text =
		bearer_of(req->head->value[HTTP_H_AUTHORIZATION]);
	struct act_bearer bearer;
	enum rst_err err;

	err = act_token_use(
		&req->ctx, text, http_method_word(req->head->method),
		req->head->path + (req->route->where & (HTTP_RAW | HTTP_COMPAT)
	                                   ? 0
	                                   : sizeof(HTTP_API_PREFIX) - 1),
		&bearer, refusal);
	if (err != RST_OK)
		return err;
	req->who.token = bearer;
	req->who.bearer = true;
	req->who.session.user = bearer.owner;
	if (bearer.expires_s != RULE_NEVER)
		req->who.session.expires_s = bearer.expires_s;
	err = describe(req);
	if (err == RST_ENOTFOUND || err == RST_EDENIED) {
		refusal->verdict = RULE_INVALID_TOKEN; /* nobody of the API */
		return RST_EDENIED;
	}
	if (err != RST_OK)
		return err;
	req->who.signed_in = true;
	req->ctx.actor = rst_view_of(req->who.dn);
	req->ctx.actor_id = req->who.id;
	req->ctx.narrow = !bearer.inherits;
	return RST_OK;
}

enum rst_err
http_identify(struct http_req *req, struct act_refusal *refusal)
{
	struct rst_view cookie = req->head->value[HTTP_H_COOKIE], token;
	enum rst_err err;

	if ((req->api || (req->route->where & HTTP_RAW)) &&
	    req->head->value[HTTP_H_AUTHORIZATION].ptr != NULL)
		return identify_bearer(req, refusal);
	if (req->head->value[HTTP_H_AUTHORIZATION].ptr != NULL ||
	    !http_cookie_get(cookie, cookie_name(req), &token) ||
	    !rst_token_digest(token, req->who.digest))
		return RST_OK;
	err = act_session_check(&req->ctx, token, &req->who.session);
	if (err == RST_OK)
		err = describe(req);
	if (err == RST_EDENIED || err == RST_ENOTFOUND)
		return RST_OK;
	if (err != RST_OK)
		return err;
	req->who.signed_in = true;
	http_csrf_make(token, req->who.csrf);
	req->ctx.actor = rst_view_of(req->who.dn);
	req->ctx.actor_id = req->who.id;
	return RST_OK;
}

/*
 * Browsers say where a request comes from: Sec-Fetch-Site, or Origin (which
 * our own Referrer-Policy turns to "null", so that it decides only where the
 * newer header is missing).  Programs say neither, and have no cookie that a
 * stranger's page could make them send.
 */
bool
http_same_origin(const struct http_req *req)
{
	struct rst_view site = req->head->value[HTTP_H_FETCH_SITE];
	struct rst_view origin = req->head->value[HTTP_H_ORIGIN];
	bool null_origin = rst_view_equal(origin, RST_VIEW("null"));

	if (site.ptr != NULL && !rst_view_equal(site, RST_VIEW("same-origin")))
		return false;
	if (origin.ptr == NULL || (null_origin && site.ptr != NULL))
		return true;
	return http_is_our_origin(origin, &req->server->config->site);
}

bool
http_csrf_holds(const struct http_req *req)
{
	struct rst_view given = req->head->value[HTTP_H_CSRF];
	const cJSON *field;

	if (given.ptr == NULL && req->form) {
		field = json_get(req->input, "csrf");
		given = rst_view_of(cJSON_IsString(field) ? field->valuestring
		                                          : NULL);
	}
	return given.len == HTTP_CSRF_TEXT - 1 &&
	       sodium_memcmp(given.ptr, req->who.csrf, given.len) == 0;
}
