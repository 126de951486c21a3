/* SPDX-License-Identifier: OLDAP-2.8 */
/* mail.h - the outbox, emptied by a thread of its own
 *
 * An act queues a mail in its own transaction; the worker renders it, hands
 * it to the relay and drops it from the outbox, or tries again later.  At
 * least once, always with the same Message-ID.  No request ever waits for it.
 */
#ifndef HTTPD_MAIL_H
#define HTTPD_MAIL_H

#include <cjson/cJSON.h>

#include "httpd/conf.h"
#include "store/env.h"
#include "store/outbox.h"

#define MAIL_SUBJECT_MAX 200 /* bytes of a rendered subject */
#define MAIL_BODY_MAX    65536
#define MAIL_REASON_MAX  256 /* bytes of why it was not sent, with the NUL */
#define MAIL_AWAIT_MS    2000
#define MAIL_WAITERS_MAX 2 /* requests that wait for the relay at a time */

struct http_locale;
struct http_locales;
struct mail_worker;

/* Start the thread; without smtp_url there is none and *ret_worker is NULL. */
enum rst_err mail_worker_start(const struct http_config *config,
                               struct rst_env *env, unsigned int server_id,
                               const struct http_locales *locales,
                               struct mail_worker **ret_worker) RST_MUST_USE;
/* There may be something to send.  NULL is allowed. */
void mail_worker_wake(struct mail_worker *worker);

enum mail_outcome {
	MAIL_WAITS,   /* it is in the outbox still: nobody knows */
	MAIL_SENT,    /* the relay took it */
	MAIL_NOT_SENT /* why says why; it is tried again */
};
/*
 * Wake the worker and wait, MAIL_AWAIT_MS at most, for what becomes of mail
 * id: for who asked that it be sent.  When many wait already: MAIL_WAITS.
 */
enum mail_outcome mail_worker_await(struct mail_worker *worker, uint64_t id,
                                    char why[MAIL_REASON_MAX]);
/* End the thread, after the mail it is sending.  NULL is allowed. */
void mail_worker_stop(struct mail_worker *worker);

/* When to try again after attempts failures; 0: give up. */
int64_t mail_retry_at(unsigned int attempts, int64_t now_s);

/* mail_render.c */
/* What a mail says, twice: text, and html (NULL when there is none). */
struct mail_text {
	char subject[MAIL_SUBJECT_MAX + 1];
	char *text, *html; /* owned */
};
void mail_text_release(struct mail_text *text); /* wipes: there are links */
/* text->text is a template's output, "Subject: ...", an empty line, the text:
 * take the subject off it.  False when it is not. */
bool mail_take_subject(struct mail_text *text);
/*
 * What a mail is rendered with: params of the outbox, their times in words,
 * site.url and site.host, subject and lang.  mail-TEMPLATE.html is left out
 * where a site has a text of its own and no HTML of its own beside it.
 */
struct mail_letter {
	const char *template; /* such as "invitation" */
	const cJSON *params;
	const struct http_site *site;
	int64_t made_s;
};
/* RST_ENOTFOUND, RST_EINVALID (such as: no subject), RST_ENOMEM; the detail
 * says more. */
enum rst_err mail_render(const struct http_locale *locale,
                         const struct mail_letter *letter,
                         struct mail_text *ret_text, struct rst_detail *reterr)
	RST_MUST_USE;
/* The locale that wanted (Accept-Language; may be empty) likes, else that of
 * setting "language", else English. */
const struct http_locale *mail_locale(const struct http_locales *locales,
                                      struct rst_env *env,
                                      struct rst_view wanted);
/* The mails that there are, NULL at the end, and params as they may be. */
extern const char *const mail_names[];
cJSON *mail_sample(const char *name, const struct http_site *site,
                   int64_t now_s);

/* mail_text.c */
/*
 * The whole message, headers and body with CRLF, owned by the caller: one part
 * of text, or multipart/alternative.  RST_EINVALID when a value that goes into
 * a header has a control character, or a body is larger than MAIL_BODY_MAX.
 * from is "Name <address>" or an address.
 */
struct mail_envelope {
	const char *from;
	const char *to;
	const char *message_id; /* without brackets */
	int64_t date_s;
};
enum rst_err mail_compose(const struct mail_envelope *envelope,
                          const struct mail_text *text, char **ret_message)
	RST_MUST_USE;
/* "=?UTF-8?B?...?=" words of at most 75 bytes when text needs it; false when
 * it has control characters or does not fit. */
bool mail_encode_word(const char *text, char *buf, size_t size);
/* The address of "Name <address>"; false when there is none. */
bool mail_address_of(const char *from, char *buf, size_t size);

#endif
