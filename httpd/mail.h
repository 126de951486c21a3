/* SPDX-License-Identifier: OLDAP-2.8 */
/* mail.h - the outbox, emptied by a thread of its own
 *
 * An act queues a mail in its own transaction; the worker renders it, hands
 * it to the relay and drops it from the outbox, or tries again later.  At
 * least once, always with the same Message-ID.  No request ever waits for it.
 */
#ifndef HTTPD_MAIL_H
#define HTTPD_MAIL_H

#include "httpd/conf.h"
#include "store/env.h"
#include "store/outbox.h"

#define MAIL_SUBJECT_MAX 200 /* bytes of a rendered subject */
#define MAIL_BODY_MAX    65536

struct http_templates;
struct mail_worker;

/* Start the thread; without smtp_url there is none and *ret_worker is NULL. */
enum rst_err mail_worker_start(const struct http_config *config,
                               struct rst_env *env, unsigned int server_id,
                               const struct http_templates *templates,
                               struct mail_worker **ret_worker) RST_MUST_USE;
/* There may be something to send.  NULL is allowed. */
void mail_worker_wake(struct mail_worker *worker);
/* End the thread, after the mail it is sending.  NULL is allowed. */
void mail_worker_stop(struct mail_worker *worker);

/* When to try again after attempts failures; 0: give up. */
int64_t mail_retry_at(unsigned int attempts, int64_t now_s);

/* mail_text.c */
/*
 * The whole message, headers and body with CRLF, owned by the caller.
 * rendered is a template's output: "Subject: ...", an empty line, the text.
 * RST_EINVALID when a value that goes into a header has a control character,
 * or rendered has no subject.  from is "Name <address>" or an address.
 */
struct mail_envelope {
	const char *from;
	const char *to;
	const char *message_id; /* without brackets */
	int64_t date_s;
};
enum rst_err mail_compose(const struct mail_envelope *envelope,
                          const char *rendered, char **ret_text) RST_MUST_USE;
/* "=?UTF-8?B?...?=" words of at most 75 bytes when text needs it; false when
 * it has control characters or does not fit. */
bool mail_encode_word(const char *text, char *buf, size_t size);
/* The address of "Name <address>"; false when there is none. */
bool mail_address_of(const char *from, char *buf, size_t size);

#endif
