/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_session.c - sessions, the outbox, answers that are kept */
#include <inttypes.h>

#include "store/answer_priv.h"
#include "store/check_priv.h"
#include "store/entry.h"
#include "store/outbox.h"
#include "store/session_priv.h"

static enum rst_err
session_row(struct rst_check *check, struct rst_view key, struct rst_view value,
            void *arg)
{
	struct rst_session session;
	struct rst_record user;
	struct rst_view row;
	char buf[8 + RST_DIGEST_BYTES];
	enum rst_err err;

	(void)arg;
	if (key.len != RST_DIGEST_BYTES ||
	    rst_session_decode(value, &session) != RST_OK) {
		rst_check_found(check, "a session does not decode");
		return RST_OK;
	}
	if (session.made_s > session.expires_s)
		rst_check_found(check,
		                "a session of entry %" PRIu64
		                " ended before it was made",
		                session.user);
	rst_put_be64(buf, session.user);
	memcpy(buf + 8, key.ptr, RST_DIGEST_BYTES);
	err = rst_db_get(check->txn, RST_T_SESSION_USER,
	                 rst_view(buf, sizeof(buf)), &row);
	if (err == RST_ENOTFOUND)
		rst_check_found(check,
		                "a session of entry %" PRIu64
		                " is not among that entry's",
		                session.user);
	else if (err != RST_OK)
		return err;
	err = rst_record_get(check->txn, session.user, &user);
	if (err == RST_ENOTFOUND)
		rst_check_found(check,
		                "a session is of entry %" PRIu64
		                ", which is not there",
		                session.user);
	else if (err == RST_OK && user.status != RST_STATUS_ACTIVE &&
	         user.status != RST_STATUS_NONE)
		rst_check_found(check,
		                "entry %" PRIu64 " is %s and has a session",
		                session.user, rst_status_word(user.status));
	return err == RST_ENOTFOUND ? RST_OK : err;
}

struct per_user {
	uint64_t user;
	unsigned int n;
};

static enum rst_err
user_row(struct rst_check *check, struct rst_view key, struct rst_view value,
         void *arg)
{
	struct per_user *per_user = arg;
	struct rst_session session;
	uint64_t user;
	enum rst_err err = RST_ENOTFOUND;

	if (key.len != 8 + RST_DIGEST_BYTES || value.len != 0) {
		rst_check_found(check, "a row of session_user does not decode");
		return RST_OK;
	}
	user = rst_get_be64(key.ptr);
	err = rst_session_get(check->txn, (const unsigned char *)key.ptr + 8,
	                      &session);
	if (err == RST_ENOTFOUND || (err == RST_OK && session.user != user)) {
		rst_check_found(check,
		                "entry %" PRIu64
		                " has a session that is not there",
		                user);
		err = RST_OK;
	}
	if (per_user->user != user)
		*per_user = (struct per_user){ user, 0 };
	if (++per_user->n == RST_SESSIONS_PER_USER + 1)
		rst_check_found(check,
		                "entry %" PRIu64 " has more than %d sessions",
		                user, RST_SESSIONS_PER_USER);
	return err == RST_ECORRUPT ? RST_OK : err;
}

enum rst_err
rst_check_sessions(struct rst_check *check)
{
	struct per_user per_user = { 0 };
	enum rst_err err;

	err = rst_check_walk(check, RST_T_SESSION, session_row, NULL);
	if (err == RST_OK)
		err = rst_check_walk(check, RST_T_SESSION_USER, user_row,
		                     &per_user);
	return err;
}

static enum rst_err
outbox_row(struct rst_check *check, struct rst_view key, struct rst_view value,
           void *arg)
{
	struct rst_mail mail = { 0 };
	uint64_t id = key.len == 8 ? rst_get_be64(key.ptr) : 0, last;
	enum rst_err err;

	(void)arg;
	(void)value;
	err = rst_outbox_get(check->txn, id, &mail);
	rst_mail_release(&mail);
	if (err == RST_ENOTFOUND || err == RST_ECORRUPT) {
		rst_check_found(check, "mail %" PRIu64 " does not open", id);
		return RST_OK;
	}
	if (err == RST_OK)
		err = rst_meta_number(check->txn, "outbox", &last);
	if (err == RST_OK && id > last)
		rst_check_found(check,
		                "mail %" PRIu64 " is above the last one, "
		                "%" PRIu64,
		                id, last);
	return err;
}

enum rst_err
rst_check_outbox(struct rst_check *check)
{
	return rst_check_walk(check, RST_T_OUTBOX, outbox_row, NULL);
}

/* Answers that are kept open, and are no more than they may be. */
static enum rst_err
answer_row(struct rst_check *check, struct rst_view key, struct rst_view value,
           void *arg)
{
	struct rst_answer answer = { 0 };
	size_t *n = arg;
	enum rst_err err;

	if (!rst_view_starts(key, RST_VIEW(RST_ANSWER_PREFIX)))
		return RST_OK;
	err = rst_answer_decode(check->txn->env, key, value, &answer);
	rst_answer_release(&answer);
	if (err == RST_ECORRUPT)
		rst_check_found(check, "an answer that is kept does not open");
	if (++*n == RST_ANSWERS_MAX + 1)
		rst_check_found(check, "more than %d answers are kept",
		                RST_ANSWERS_MAX);
	return err == RST_ECORRUPT ? RST_OK : err;
}

enum rst_err
rst_check_answers(struct rst_check *check)
{
	size_t n = 0;

	return rst_check_walk(check, RST_T_META, answer_row, &n);
}
