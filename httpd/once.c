/* SPDX-License-Identifier: OLDAP-2.8 */
/* once.c - an act and its answer are one transaction
 *
 * The act leaves its transaction uncommitted (act_ctx.hold), the handler makes
 * the answer out of it, and here it is committed; with an Idempotency-Key the
 * answer is written into the same transaction before:
 *
 *	http_once_begin    an answer is there: give it
 *	  handler          act_commit() -> held; http_read_begin() reads there
 *	http_once_end      answer -> held; commit
 *
 * So there is no moment "in flight": who comes second with the same key waits
 * for the writer lock, finds the first one's answer and gives that.
 */
#include "httpd/once.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/mail.h"
#include "httpd/route.h"

#define PURPOSE "answers"

enum rst_err
http_read_begin(const struct http_req *req, struct rst_rtxn *ret_txn)
{
	if (req->once == NULL || req->once->held.r.mdb == NULL)
		return rst_read_begin(req->server->env, ret_txn);
	rst_read_within(&req->once->held, ret_txn);
	return RST_OK;
}

static bool
is_key(struct rst_view key)
{
	if (key.len == 0 || key.len > HTTP_ONCE_KEY_MAX)
		return false;
	for (size_t i = 0; i < key.len; i++)
		if (key.ptr[i] < 0x20 || key.ptr[i] > 0x7e)
			return false;
	return true;
}

/* Nobody who reads the environment learns whether he guessed a body right. */
static void
digest(const struct http_req *req, struct http_once *once)
{
	struct rst_view key = req->head->value[HTTP_H_IDEMPOTENCY_KEY];
	unsigned char secret[RST_KEY_BYTES];
	crypto_generichash_state state;
	const char *path = req->head->path;

	rst_env_key(req->server->env, PURPOSE, secret);
	/* A public form is nobody's: its answer may have signed him in. */
	once->key.caller = req->route->role == HTTP_ANYONE ? 0 : req->who.id;
	(void)crypto_generichash_init(&state, secret, sizeof(secret),
	                              sizeof(once->key.digest));
	/* with its NUL, so that path and key cannot run together */
	(void)crypto_generichash_update(&state, (const unsigned char *)path,
	                                strlen(path) + 1);
	(void)crypto_generichash_update(&state, (const unsigned char *)key.ptr,
	                                key.len);
	(void)crypto_generichash_final(&state, once->key.digest,
	                               sizeof(once->key.digest));
	(void)crypto_generichash_init(&state, secret, sizeof(secret),
	                              sizeof(once->body));
	(void)crypto_generichash_update(
		&state, (const unsigned char *)req->raw_body.ptr,
		req->raw_body.len);
	/* a list is sent with its terms in the query */
	for (size_t i = 0; i < req->query.n; i++) {
		const char *name = req->query.items[i].name;
		const char *value = req->query.items[i].value;

		(void)crypto_generichash_update(
			&state, (const unsigned char *)name, strlen(name) + 1);
		(void)crypto_generichash_update(&state,
		                                (const unsigned char *)value,
		                                strlen(value) + 1);
	}
	(void)crypto_generichash_final(&state, once->body, sizeof(once->body));
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(&state, sizeof(state));
}

/* As it was the first time. */
static enum rst_err
repeat(const struct rst_answer *answer, struct http_reply *reply)
{
	char *text = NULL;

	if (!rst_view_copy(answer->location, reply->location,
	                   sizeof(reply->location)) ||
	    !rst_view_copy(answer->etag, reply->etag, sizeof(reply->etag)))
		return RST_ECORRUPT;
	if (answer->text.len > 0) {
		text = strndup(answer->text.ptr, answer->text.len);
		if (text == NULL)
			return RST_ENOMEM;
	}
	json_wipe(reply->body);
	reply->body = NULL;
	reply->status = answer->status;
	reply->text = text;
	/* an object, or the sheet of a list, whose first line names columns */
	if (text != NULL)
		reply->content_type =
			text[0] == '{' ? "application/json" : HTTP_CSV_TYPE;
	return RST_OK;
}

/* The answer that is there, or what is wrong with asking for it.  RST_ENOTFOUND
 * when there is none. */
static enum rst_err
find(struct http_req *req, const struct http_once *once,
     struct http_reply *reply)
{
	struct rst_answer answer = { .bytes = NULL };
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(req->server->env, &txn);
	if (err == RST_OK)
		err = rst_answer_get(&txn, &once->key, req->ctx.now_s, &answer);
	rst_read_end(&txn);
	if (err == RST_OK &&
	    sodium_memcmp(answer.body, once->body, sizeof(answer.body)) != 0)
		http_problem(reply, 422, "idempotency_key_reused", NULL,
		             "this Idempotency-Key was used for another "
		             "request: take a new one");
	else if (err == RST_OK)
		err = repeat(&answer, reply);
	rst_answer_release(&answer);
	return err;
}

static void
hold(struct http_req *req, struct http_once *once)
{
	req->once = once;
	req->ctx.hold = &once->held;
}

bool
http_once_begin(struct http_req *req, struct http_once *once,
                struct http_reply *reply)
{
	struct rst_view key = req->head->value[HTTP_H_IDEMPOTENCY_KEY];
	unsigned int where = req->route->where;
	enum rst_err err;

	once->keyed = key.ptr != NULL && (where & HTTP_CREATES) != 0;
	if (!once->keyed) {
		if ((where & HTTP_SHOWS) != 0)
			hold(req, once);
		return true;
	}
	if (!is_key(key)) {
		http_problem(reply, 400, "invalid_idempotency_key", NULL,
		             "an Idempotency-Key has 1 to 255 printable "
		             "characters");
		return false;
	}
	digest(req, once);
	err = find(req, once, reply);
	if (err == RST_ENOTFOUND) {
		hold(req, once);
		return true;
	}
	http_reply_err(req, reply, err, NULL);
	return false;
}

static enum rst_err
keep(struct http_req *req, struct http_once *once,
     const struct http_reply *reply)
{
	char *text = reply->text != NULL   ? strdup(reply->text)
	             : reply->body != NULL ? cJSON_PrintUnformatted(reply->body)
	                                   : NULL;
	struct rst_answer answer = {
		.made_s = req->ctx.now_s,
		.status = reply->status,
		.location = rst_view_of(reply->location),
		.etag = rst_view_of(reply->etag),
		.text = rst_view_of(text != NULL ? text : ""),
	};
	enum rst_err err = RST_ENOMEM;

	memcpy(answer.body, once->body, sizeof(answer.body));
	if (text != NULL || (reply->body == NULL && reply->text == NULL))
		err = rst_answer_add(&once->held, &once->key, &answer);
	if (text != NULL)
		sodium_memzero(text, strlen(text));
	free(text);
	return err;
}

void
http_once_end(struct http_req *req, struct http_reply *reply)
{
	struct http_once *once = req->once;
	bool made;
	enum rst_err err = RST_OK;

	if (once == NULL)
		return;
	made = once->held.r.mdb != NULL && !http_is_problem(reply);
	req->once = NULL;
	req->ctx.hold = NULL;
	if (made && once->keyed)
		err = keep(req, once, reply);
	if (made && err == RST_OK)
		err = rst_write_commit(&once->held);
	rst_write_abort(&once->held);
	if (made && err == RST_OK) {
		/* the handler's call came before there was anything to see */
		mail_worker_wake(req->server->mail);
		return;
	}
	/* another made it meanwhile, which may be why this one was refused */
	if (once->keyed &&
	    ((err == RST_OK && http_is_problem(reply)) || err == RST_EEXISTS)) {
		enum rst_err found = find(req, once, reply);

		if (found == RST_OK || err == RST_OK)
			return;
		err = found == RST_ENOTFOUND ? RST_EBUSY : found;
	}
	http_reply_err(req, reply, err, NULL);
}
