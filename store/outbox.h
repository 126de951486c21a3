/* SPDX-License-Identifier: OLDAP-2.8 */
/* outbox.h - mail to be sent: queued in the transaction of its cause
 *
 *	outbox		id -> state, attempts, due time, sealed message
 *
 * What a mail says holds links with tokens, so the message is sealed like the
 * journal's private parts.  At least once, with a stable Message-ID.
 */
#ifndef RST_OUTBOX_H
#define RST_OUTBOX_H

#include "store/env.h"

#define RST_MAIL_PARAMS_MAX 8192 /* bytes of the parameters */

enum rst_mail_state {
	RST_MAIL_QUEUED = 1,
	RST_MAIL_FAILED = 2, /* given up; an administrator may retry */
};

struct rst_mail {
	uint64_t id;
	enum rst_mail_state state;
	unsigned int attempts;
	int64_t made_s, due_s;
	struct rst_view to;       /* one address */
	struct rst_view template; /* such as "invitation" */
	struct rst_view params;   /* JSON for the template */
	struct rst_view error;    /* of the last attempt; "" */
	char *bytes;              /* owned: what the views point into */
	size_t n_bytes;
};
/* Wipes what it frees: params hold links with tokens. */
void rst_mail_release(struct rst_mail *mail);

enum rst_err rst_outbox_add(struct rst_wtxn *txn, struct rst_view to,
                            struct rst_view template, struct rst_view params,
                            int64_t now_s, uint64_t *ret_id) RST_MUST_USE;
/* The one that is due first, at now_s or before.  RST_ENOTFOUND. */
enum rst_err rst_outbox_due(const struct rst_rtxn *txn, int64_t now_s,
                            struct rst_mail *ret_mail) RST_MUST_USE;
enum rst_err rst_outbox_get(const struct rst_rtxn *txn, uint64_t id,
                            struct rst_mail *ret_mail) RST_MUST_USE;
/* The next after id, 0 to start. */
enum rst_err rst_outbox_next(const struct rst_rtxn *txn, uint64_t id,
                             struct rst_mail *ret_mail) RST_MUST_USE;
/* It was sent. */
enum rst_err rst_outbox_drop(struct rst_wtxn *txn, uint64_t id) RST_MUST_USE;
/* It was not: try again at due_s, or give up when due_s is 0. */
enum rst_err rst_outbox_failed(struct rst_wtxn *txn, uint64_t id,
                               struct rst_view error, int64_t due_s)
	RST_MUST_USE;

/* Send it as if it had just been queued; what went wrong stays written.
 * RST_ENOTFOUND. */
enum rst_err rst_outbox_retry(struct rst_wtxn *txn, uint64_t id, int64_t now_s)
	RST_MUST_USE;

#endif
