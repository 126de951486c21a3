/* SPDX-License-Identifier: OLDAP-2.8 */
/* mail.c - the outbox, emptied by a thread of its own
 *
 * One mail at a time: take the one that is due, end the transaction, render,
 * send, then drop it (or write when to try again) in a transaction of its
 * own.  A crash between sending and dropping sends it twice, with the same
 * Message-ID.
 */
#include "httpd/mail.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "httpd/http.h"
#include "httpd/json.h"
#include "httpd/locale.h"
#include "httpd/template.h"
#include "lifecycle/letter.h"
#include "store/ident.h"

#define LOOK_EVERY_MS  1000
#define CONNECT_S      10L
#define SEND_S         60L
#define MAIL_TRIES_MAX 12
#define OUTCOMES_KEPT  32

/* What became of a mail. */
struct outcome {
	uint64_t id; /* 0: none */
	bool sent;
	char why[MAIL_REASON_MAX];
};

struct mail_worker {
	const struct http_config *config;
	struct rst_env *env;
	unsigned int server_id; /* of CSNs made here */
	const struct http_locales *locales;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake, settled;
	atomic_bool stop;
	/* under lock: */
	bool woken;
	struct outcome outcomes[OUTCOMES_KEPT]; /* the last ones */
	size_t n_outcomes;                      /* ever */
	unsigned int n_waiters;
	char url[HTTP_CONFIG_VALUE];
	char sender[RST_MAIL_MAX + 1];
	char reason[CURL_ERROR_SIZE]; /* of the last failure */
	char said[MAIL_REASON_MAX];   /* a refusal of the relay's; "" */
};

int64_t
mail_retry_at(unsigned int attempts, int64_t now_s)
{
	/* 10 s, 30 s, 1.5 min, 4.5 min ... at most 4 h apart: 19 h */
	int64_t wait_s = 10;

	if (attempts >= MAIL_TRIES_MAX)
		return 0;
	for (unsigned int i = 1; i < attempts && wait_s < 4 * 3600; i++)
		wait_s *= 3;
	return now_s + (wait_s < 4 * 3600 ? wait_s : 4 * 3600);
}

/* What curl reads the message from. */
struct source {
	const char *at;
	size_t left;
};

static size_t
read_source(char *buf, size_t size, size_t n, void *arg)
{
	struct source *source = arg;
	size_t take = size * n;

	if (take > source->left)
		take = source->left;
	memcpy(buf, source->at, take);
	source->at += take;
	source->left -= take;
	return take;
}

/* The relay's refusals are lines such as "451 not now"; the last one says why,
 * and better than curl. */
static size_t
keep_refusal(char *line, size_t size, size_t n, void *arg)
{
	struct mail_worker *worker = arg;
	size_t len = size * n, used = 0;

	if (len < 4 || (line[0] != '4' && line[0] != '5'))
		return len;
	for (size_t i = 0; i < len && used + 1 < sizeof(worker->said); i++)
		if (line[i] != '\r' && line[i] != '\n')
			worker->said[used++] = line[i] >= ' ' && line[i] <= '~'
			                               ? line[i]
			                               : '?';
	worker->said[used] = '\0';
	return len;
}

/* Certificates are always checked; clear text is for loopback only. */
static void
set_options(struct mail_worker *worker, CURL *curl)
{
	const struct http_config *config = worker->config;
	bool clear = strcmp(config->starttls, "off") == 0 &&
	             strncmp(worker->url, "smtp://", 7) == 0;

	curl_easy_setopt(curl, CURLOPT_URL, worker->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_USE_SSL,
	                 clear ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	if (config->ca_file != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, config->ca_file);
	if (config->smtp_username != NULL)
		curl_easy_setopt(curl, CURLOPT_USERNAME, config->smtp_username);
	if (config->smtp_password != NULL)
		curl_easy_setopt(curl, CURLOPT_PASSWORD, config->smtp_password);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, SEND_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, worker->sender);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, worker->reason);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_source);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep_refusal);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, worker);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
}

/* What is wrong with the relay's certificate, which curl does not say; "" when
 * it is something else. */
static const char *
wrong_certificate(CURL *curl)
{
	static const struct {
		long bit;
		const char *text;
	} faults[] = {
		{ GNUTLS_CERT_EXPIRED, ": it has expired" },
		{ GNUTLS_CERT_NOT_ACTIVATED, ": it is not valid yet" },
		{ GNUTLS_CERT_REVOKED, ": it was revoked" },
		{ GNUTLS_CERT_SIGNER_NOT_FOUND,
		  ": its authority is not known here" },
	};
	const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;
	long bits = 0;

	if (tls == NULL || strncmp(tls, "GnuTLS", 6) != 0 ||
	    curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &bits) !=
	            CURLE_OK)
		return "";
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if ((bits & faults[i].bit) != 0)
			return faults[i].text;
	return "";
}

/* Why curl did not hand the message over, into worker->reason. */
static void
explain(struct mail_worker *worker, CURL *curl, CURLcode code)
{
	if (worker->said[0] != '\0')
		snprintf(worker->reason, sizeof(worker->reason), "%s",
		         worker->said);
	else if (code == CURLE_PEER_FAILED_VERIFICATION &&
	         strstr(worker->reason, "does not match") == NULL)
		snprintf(worker->reason, sizeof(worker->reason),
		         "the relay's certificate was refused%s",
		         wrong_certificate(curl));
	else if (worker->reason[0] == '\0')
		snprintf(worker->reason, sizeof(worker->reason), "%s",
		         curl_easy_strerror(code));
}

/* Hand text to the relay for one recipient; worker->reason says why not. */
static bool
hand_over(struct mail_worker *worker, const char *to, const char *text)
{
	struct source source = { text, strlen(text) };
	struct curl_slist *recipients = NULL;
	CURLcode code = CURLE_OUT_OF_MEMORY;
	CURL *curl;

	worker->reason[0] = '\0';
	worker->said[0] = '\0';
	curl = curl_easy_init();
	recipients = curl_slist_append(NULL, to);
	if (curl != NULL && recipients != NULL) {
		set_options(worker, curl);
		curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
		curl_easy_setopt(curl, CURLOPT_READDATA, &source);
		code = curl_easy_perform(curl);
	}
	if (code != CURLE_OK)
		explain(worker, curl, code);
	curl_slist_free_all(recipients);
	curl_easy_cleanup(curl);
	return code == CURLE_OK;
}

/* What mail says, in its reader's language. */
static enum rst_err
render(struct mail_worker *worker, const struct rst_mail *mail,
       struct mail_text *ret_text, struct rst_detail *why)
{
	char name[TEMPLATE_NAME_MAX];
	cJSON *params =
		cJSON_ParseWithLength(mail->params.ptr, mail->params.len);
	const cJSON *language = json_get(params, LETTER_LANGUAGE);
	const struct mail_letter letter = {
		.template = name,
		.params = params,
		.site = &worker->config->site,
		.made_s = mail->made_s,
	};
	enum rst_err err = RST_EINVALID;

	if (rst_view_copy(mail->template, name, sizeof(name)))
		err = mail_render(
			mail_locale(worker->locales, worker->env,
		                    cJSON_IsString(language)
		                            ? rst_view_of(language->valuestring)
		                            : RST_VIEW("")),
			&letter, ret_text, why);
	json_wipe(params);
	return err;
}

/* The message of mail, owned by the caller. */
static enum rst_err
compose(struct mail_worker *worker, const struct rst_mail *mail, const char *to,
        char **ret_message)
{
	struct mail_text text = { "", NULL, NULL };
	struct rst_detail why = { "out of memory" };
	char id[HTTP_HOST_MAX + 64];
	struct mail_envelope envelope = {
		.from = worker->config->from,
		.to = to,
		.message_id = id,
		.date_s = mail->made_s,
	};
	enum rst_err err;

	snprintf(id, sizeof(id), "roster-%llu-%lld@%s",
	         (unsigned long long)mail->id, (long long)mail->made_s,
	         worker->config->site.host);
	err = render(worker, mail, &text, &why);
	if (err == RST_OK) {
		err = mail_compose(&envelope, &text, ret_message);
		rst_detail_set(&why, "the message cannot be written");
	}
	if (err != RST_OK)
		snprintf(worker->reason, sizeof(worker->reason), "%s",
		         why.text);
	mail_text_release(&text);
	return err;
}

static int64_t
now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	return at.tv_sec;
}

/* Write down what became of it. */
static enum rst_err
settle(struct mail_worker *worker, const struct rst_mail *mail, bool sent)
{
	struct rst_wtxn txn;
	enum rst_err err;

	err = rst_write_begin(worker->env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	if (sent)
		err = rst_outbox_drop(&txn, mail->id);
	else
		err = rst_outbox_failed(
			&txn, mail->id, rst_view_of(worker->reason),
			mail_retry_at(mail->attempts + 1, now()));
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	return err;
}

/* Whoever waits for it knows. */
static void
announce(struct mail_worker *worker, uint64_t id, bool sent)
{
	struct outcome *outcome;

	pthread_mutex_lock(&worker->lock);
	outcome = &worker->outcomes[worker->n_outcomes++ % OUTCOMES_KEPT];
	outcome->id = id;
	outcome->sent = sent;
	snprintf(outcome->why, sizeof(outcome->why), "%.*s",
	         (int)sizeof(outcome->why) - 1, worker->reason);
	pthread_cond_broadcast(&worker->settled);
	pthread_mutex_unlock(&worker->lock);
}

/* Somebody forgot his password: whether there is somebody to write to is found
 * out here, where nobody waits for the answer. */
static enum rst_err
answer_request(struct mail_worker *worker, uint64_t id)
{
	struct act_refusal refusal = { 0 };
	struct timespec at;
	struct act_ctx ctx = {
		.env = worker->env,
		.door = RST_DOOR_SYSTEM,
		.server_id = worker->server_id,
	};

	clock_gettime(CLOCK_REALTIME, &at);
	ctx.now_s = at.tv_sec;
	ctx.now_us = (uint32_t)(at.tv_nsec / 1000);
	return act_reset_answer(&ctx, id, &refusal);
}

/* Send the one that is due.  RST_ENOTFOUND when none is. */
static enum rst_err
send_one(struct mail_worker *worker)
{
	struct rst_mail mail = { .bytes = NULL };
	char to[RST_MAIL_MAX + 1];
	char *text = NULL;
	struct rst_rtxn txn;
	bool sent = false;
	enum rst_err err;

	err = rst_read_begin(worker->env, &txn);
	if (err != RST_OK)
		return err;
	err = rst_outbox_due(&txn, now(), &mail);
	rst_read_end(&txn);
	if (err != RST_OK)
		return err;
	if (rst_view_equal(mail.template, RST_VIEW(ACT_RESET_REQUEST))) {
		err = answer_request(worker, mail.id);
		if (err == RST_OK || err == RST_EBUSY)
			goto out;
	}
	snprintf(worker->reason, sizeof(worker->reason),
	         "the recipient is no mail address");
	if (rst_mail_canonical(mail.to, to) == RST_OK &&
	    compose(worker, &mail, to, &text) == RST_OK)
		sent = hand_over(worker, to, text);
	if (!sent)
		http_log(4, "mail %llu was not sent: %s",
		         (unsigned long long)mail.id, worker->reason);
	err = settle(worker, &mail, sent);
	announce(worker, mail.id, sent);
out:
	if (text != NULL)
		sodium_memzero(text, strlen(text));
	free(text);
	rst_mail_release(&mail);
	return err;
}

static struct timespec
from_now(long ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms % 1000 * 1000000L;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	return until;
}

/* Until woken, stopped or LOOK_EVERY_MS later; false when to stop. */
static bool
wait_a_while(struct mail_worker *worker)
{
	const struct timespec until = from_now(LOOK_EVERY_MS);
	bool stop;
	int rc = 0;

	pthread_mutex_lock(&worker->lock);
	while (!worker->stop && !worker->woken && rc == 0)
		rc = pthread_cond_clockwait(&worker->wake, &worker->lock,
		                            CLOCK_MONOTONIC, &until);
	worker->woken = false;
	stop = worker->stop;
	pthread_mutex_unlock(&worker->lock);
	return !stop;
}

static void *
run(void *arg)
{
	struct mail_worker *worker = arg;
	enum rst_err err;

	while (wait_a_while(worker)) {
		do
			err = send_one(worker);
		while (err == RST_OK && !worker->stop);
		if (err != RST_ENOTFOUND && err != RST_OK && err != RST_EBUSY)
			http_log(3, "the outbox: %s", rst_strerror(err));
	}
	return NULL;
}

static enum rst_err
begin(struct mail_worker *worker)
{
	const struct http_config *config = worker->config;
	bool named;
	int n;

	/* the name we greet the relay with is the path of the URL */
	named = strchr(strstr(config->smtp_url, "://") + 3, '/') != NULL;
	n = snprintf(worker->url, sizeof(worker->url), "%s%s%s",
	             config->smtp_url, named ? "" : "/",
	             named ? "" : config->site.host);
	if (n < 0 || (size_t)n >= sizeof(worker->url) ||
	    !mail_address_of(config->from, worker->sender,
	                     sizeof(worker->sender)))
		return RST_EINVALID;
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->wake, NULL);
	pthread_cond_init(&worker->settled, NULL);
	return pthread_create(&worker->thread, NULL, run, worker) == 0
	               ? RST_OK
	               : RST_ENOMEM;
}

enum rst_err
mail_worker_start(const struct http_config *config, struct rst_env *env,
                  unsigned int server_id, const struct http_locales *locales,
                  struct mail_worker **ret_worker)
{
	struct mail_worker *worker;
	enum rst_err err;

	*ret_worker = NULL;
	if (config->smtp_url == NULL)
		return RST_OK;
	worker = calloc(1, sizeof(*worker));
	if (worker == NULL)
		return RST_ENOMEM;
	worker->config = config;
	worker->env = env;
	worker->server_id = server_id;
	worker->locales = locales;
	err = begin(worker);
	if (err == RST_OK)
		*ret_worker = worker;
	else
		free(worker);
	return err;
}

void
mail_worker_wake(struct mail_worker *worker)
{
	if (worker == NULL)
		return;
	pthread_mutex_lock(&worker->lock);
	worker->woken = true;
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->lock);
}

static const struct outcome *
find_outcome(const struct mail_worker *worker, uint64_t id)
{
	for (size_t i = 0; i < OUTCOMES_KEPT; i++)
		if (worker->outcomes[i].id == id)
			return &worker->outcomes[i];
	return NULL;
}

enum mail_outcome
mail_worker_await(struct mail_worker *worker, uint64_t id,
                  char why[MAIL_REASON_MAX])
{
	const struct timespec until = from_now(MAIL_AWAIT_MS);
	enum mail_outcome outcome = MAIL_WAITS;
	const struct outcome *found = NULL;
	int rc = 0;

	mail_worker_wake(worker);
	if (worker == NULL || id == 0)
		return outcome;
	pthread_mutex_lock(&worker->lock);
	if (worker->n_waiters < MAIL_WAITERS_MAX) {
		worker->n_waiters++;
		while ((found = find_outcome(worker, id)) == NULL &&
		       !worker->stop && rc == 0)
			rc = pthread_cond_clockwait(&worker->settled,
			                            &worker->lock,
			                            CLOCK_MONOTONIC, &until);
		worker->n_waiters--;
	}
	if (found != NULL) {
		outcome = found->sent ? MAIL_SENT : MAIL_NOT_SENT;
		memcpy(why, found->why, MAIL_REASON_MAX);
	}
	pthread_mutex_unlock(&worker->lock);
	return outcome;
}

void
mail_worker_stop(struct mail_worker *worker)
{
	if (worker == NULL)
		return;
	pthread_mutex_lock(&worker->lock);
	worker->stop = true;
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->lock);
	pthread_join(worker->thread, NULL);
	pthread_cond_destroy(&worker->wake);
	pthread_cond_destroy(&worker->settled);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}
