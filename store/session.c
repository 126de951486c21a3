/* SPDX-License-Identifier: OLDAP-2.8 */
/* session.c - web sessions
 *
 * A record:
 *
 *	format(1) = 2, user(8) generation(8) made_s(8) seen_s(8) expires_s(8)
 *	proved_s(8) address(1+) agent(1+) sum(8)
 *
 * Format 1 had no proved_s: the password was given when it was made.
 */
#include "store/session.h"

#include <stdio.h>

#include "store/env_priv.h"
#include "store/session_priv.h"
#include "store/wire.h"

#define FORMAT     2
#define FORMAT_OLD 1
#define TOKEN_RAW  32   /* random bytes of a token */
#define SWEEP_ROWS 4096 /* looked at by one rst_session_drop_expired() */

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

_Static_assert(RST_TOKEN_TEXT == sodium_base64_ENCODED_LEN(TOKEN_RAW, BASE64),
               "the text of a token");

/* Table meta: where the last sweep stopped. */
static const struct rst_view sweep_key = { "session-sweep", 13 };

void
rst_token_new(char text[RST_TOKEN_TEXT], unsigned char digest[RST_DIGEST_BYTES])
{
	unsigned char raw[TOKEN_RAW];

	randombytes_buf(raw, sizeof(raw));
	sodium_bin2base64(text, RST_TOKEN_TEXT, raw, sizeof(raw), BASE64);
	crypto_generichash(digest, RST_DIGEST_BYTES, raw, sizeof(raw), NULL, 0);
	sodium_memzero(raw, sizeof(raw));
}

bool
rst_token_digest(struct rst_view text, unsigned char digest[RST_DIGEST_BYTES])
{
	unsigned char raw[TOKEN_RAW];
	const char *end = NULL;
	size_t len = 0;
	bool good = false;

	if (text.len == RST_TOKEN_TEXT - 1 &&
	    sodium_base642bin(raw, sizeof(raw), text.ptr, text.len, NULL, &len,
	                      &end, BASE64) == 0 &&
	    len == sizeof(raw) && end == text.ptr + text.len) {
		crypto_generichash(digest, RST_DIGEST_BYTES, raw, sizeof(raw),
		                   NULL, 0);
		good = true;
	}
	sodium_memzero(raw, sizeof(raw));
	return good;
}

enum rst_err
rst_session_decode(struct rst_view bytes, struct rst_session *ret_session)
{
	struct rst_in in = { bytes, false };
	struct rst_session session;
	struct rst_view address, agent;
	uint64_t format;

	if (!rst_sum_take(&in.left))
		return RST_ECORRUPT;
	format = rst_in_number(&in, 1);
	session.user = rst_in_number(&in, 8);
	session.generation = rst_in_number(&in, 8);
	session.made_s = (int64_t)rst_in_number(&in, 8);
	session.seen_s = (int64_t)rst_in_number(&in, 8);
	session.expires_s = (int64_t)rst_in_number(&in, 8);
	session.proved_s = format == FORMAT_OLD
	                           ? session.made_s
	                           : (int64_t)rst_in_number(&in, 8);
	address = rst_in_text(&in, 1);
	agent = rst_in_text(&in, 1);
	if (in.failed || in.left.len != 0 ||
	    (format != FORMAT && format != FORMAT_OLD) ||
	    !rst_view_copy(address, session.address, sizeof(session.address)) ||
	    !rst_view_copy(agent, session.agent, sizeof(session.agent)))
		return RST_ECORRUPT;
	*ret_session = session;
	return RST_OK;
}

static enum rst_err
put(struct rst_wtxn *txn, struct rst_view digest,
    const struct rst_session *session, bool replace)
{
	struct rst_out out = { 0 };
	char sum[RST_SUM_BYTES];
	enum rst_err err;

	rst_out_number(&out, FORMAT, 1);
	rst_out_number(&out, session->user, 8);
	rst_out_number(&out, session->generation, 8);
	rst_out_number(&out, (uint64_t)session->made_s, 8);
	rst_out_number(&out, (uint64_t)session->seen_s, 8);
	rst_out_number(&out, (uint64_t)session->expires_s, 8);
	rst_out_number(&out, (uint64_t)session->proved_s, 8);
	rst_out_text(&out, rst_view_of(session->address), 1);
	rst_out_text(&out, rst_view_of(session->agent), 1);
	rst_sum(rst_out_view(&out), sum);
	rst_out_bytes(&out, rst_view(sum, sizeof(sum)));
	err = rst_out_error(&out);
	if (err == RST_OK)
		err = rst_db_put(txn, RST_T_SESSION, digest, rst_out_view(&out),
		                 replace);
	rst_out_release(&out);
	return err;
}

static struct rst_view
user_key(uint64_t user, const unsigned char digest[RST_DIGEST_BYTES],
         char buf[8 + RST_DIGEST_BYTES])
{
	rst_put_be64(buf, user);
	memcpy(buf + 8, digest, RST_DIGEST_BYTES);
	return rst_view(buf, 8 + RST_DIGEST_BYTES);
}

/* The first session of user whose digest is after *digest, which moves there.
 * RST_ENOTFOUND. */
static enum rst_err
next_of_user(const struct rst_rtxn *txn, uint64_t user, bool *started,
             unsigned char digest[RST_DIGEST_BYTES])
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value, want;
	char buf[8 + RST_DIGEST_BYTES];
	enum rst_err err;

	if (!*started)
		memset(digest, 0, RST_DIGEST_BYTES);
	want = user_key(user, digest, buf);
	err = rst_cursor_open(txn, RST_T_SESSION_USER, &cursor);
	if (err == RST_OK)
		err = *started ? rst_cursor_after(&cursor, want, &key, &value)
		               : rst_cursor_seek(&cursor, want, &key, &value);
	if (err == RST_OK && !rst_view_starts(key, rst_view(buf, 8)))
		err = RST_ENOTFOUND;
	if (err == RST_OK && key.len != want.len)
		err = RST_ECORRUPT;
	if (err == RST_OK) {
		memcpy(digest, key.ptr + 8, RST_DIGEST_BYTES);
		*started = true;
	}
	rst_cursor_close(&cursor);
	return err;
}

static enum rst_err
drop(struct rst_wtxn *txn, const unsigned char digest[RST_DIGEST_BYTES],
     uint64_t user)
{
	char buf[8 + RST_DIGEST_BYTES];
	enum rst_err err;

	err = rst_db_drop(txn, RST_T_SESSION,
	                  rst_view(digest, RST_DIGEST_BYTES));
	if (err != RST_OK)
		return err;
	err = rst_db_drop(txn, RST_T_SESSION_USER, user_key(user, digest, buf));
	return err == RST_ENOTFOUND ? RST_ECORRUPT : err;
}

/* Make room for one more of user, made at now_s: the oldest go.  Before them
 * those from the future: the clock was set back, and they would push out each
 * new one. */
static enum rst_err
keep_cap(struct rst_wtxn *txn, uint64_t user, int64_t now_s)
{
	unsigned char digest[RST_DIGEST_BYTES], oldest[RST_DIGEST_BYTES];
	struct rst_session session;
	uint64_t age, highest = 0;
	bool started;
	size_t n;
	enum rst_err err;

	for (;;) {
		started = false;
		n = 0;
		while ((err = next_of_user(&txn->r, user, &started, digest)) ==
		       RST_OK) {
			err = rst_session_get(&txn->r, digest, &session);
			if (err != RST_OK)
				return err == RST_ENOTFOUND ? RST_ECORRUPT
				                            : err;
			/* the future counts as very old */
			age = (uint64_t)now_s - (uint64_t)session.made_s;
			if (n++ == 0 || age > highest) {
				highest = age;
				memcpy(oldest, digest, sizeof(oldest));
			}
		}
		if (err != RST_ENOTFOUND)
			return err;
		if (n < RST_SESSIONS_PER_USER)
			return RST_OK;
		err = drop(txn, oldest, user);
		if (err != RST_OK)
			return err;
	}
}

enum rst_err
rst_session_add(struct rst_wtxn *txn,
                const unsigned char digest[RST_DIGEST_BYTES],
                const struct rst_session *session)
{
	char buf[8 + RST_DIGEST_BYTES];
	enum rst_err err;

	err = keep_cap(txn, session->user, session->made_s);
	if (err == RST_OK)
		err = put(txn, rst_view(digest, RST_DIGEST_BYTES), session,
		          false);
	if (err == RST_OK)
		err = rst_db_put(txn, RST_T_SESSION_USER,
		                 user_key(session->user, digest, buf),
		                 RST_VIEW(""), true);
	return err;
}

enum rst_err
rst_session_get(const struct rst_rtxn *txn,
                const unsigned char digest[RST_DIGEST_BYTES],
                struct rst_session *ret_session)
{
	struct rst_view value;
	enum rst_err err;

	err = rst_db_get(txn, RST_T_SESSION, rst_view(digest, RST_DIGEST_BYTES),
	                 &value);
	if (err != RST_OK)
		return err;
	return rst_session_decode(value, ret_session);
}

enum rst_err
rst_session_seen(struct rst_wtxn *txn,
                 const unsigned char digest[RST_DIGEST_BYTES], int64_t now_s)
{
	struct rst_session session;
	enum rst_err err;

	err = rst_session_get(&txn->r, digest, &session);
	if (err != RST_OK)
		return err;
	session.seen_s = now_s;
	return put(txn, rst_view(digest, RST_DIGEST_BYTES), &session, true);
}

enum rst_err
rst_session_drop(struct rst_wtxn *txn,
                 const unsigned char digest[RST_DIGEST_BYTES])
{
	struct rst_session session;
	enum rst_err err;

	err = rst_session_get(&txn->r, digest, &session);
	if (err != RST_OK)
		return err;
	return drop(txn, digest, session.user);
}

enum rst_err
rst_session_drop_user(struct rst_wtxn *txn, uint64_t user, size_t *ret_n)
{
	unsigned char digest[RST_DIGEST_BYTES];
	bool started = false;
	size_t n = 0;
	enum rst_err err;

	while ((err = next_of_user(&txn->r, user, &started, digest)) ==
	       RST_OK) {
		err = drop(txn, digest, user);
		if (err != RST_OK)
			return err;
		n++;
	}
	if (err != RST_ENOTFOUND)
		return err;
	if (ret_n != NULL)
		*ret_n = n;
	return RST_OK;
}

/* The session at or after digest, which moves there; RST_ENOTFOUND. */
static enum rst_err
seek(const struct rst_rtxn *txn, unsigned char digest[RST_DIGEST_BYTES],
     struct rst_session *ret_session)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	enum rst_err err;

	err = rst_cursor_open(txn, RST_T_SESSION, &cursor);
	if (err == RST_OK)
		err = rst_cursor_seek(&cursor,
		                      rst_view(digest, RST_DIGEST_BYTES), &key,
		                      &value);
	if (err == RST_OK && key.len != RST_DIGEST_BYTES)
		err = RST_ECORRUPT;
	if (err == RST_OK)
		err = rst_session_decode(value, ret_session);
	if (err == RST_OK)
		memcpy(digest, key.ptr, RST_DIGEST_BYTES);
	rst_cursor_close(&cursor);
	return err;
}

/* The next digest in key order; zeros after the last. */
static void
increment(unsigned char digest[RST_DIGEST_BYTES])
{
	for (size_t i = RST_DIGEST_BYTES; i-- > 0;)
		if (++digest[i] != 0)
			return;
}

enum rst_err
rst_session_next(const struct rst_rtxn *txn, uint64_t user, bool *started,
                 unsigned char digest[RST_DIGEST_BYTES],
                 struct rst_session *ret_session)
{
	unsigned char at[RST_DIGEST_BYTES];
	enum rst_err err;

	if (user != 0) {
		err = next_of_user(txn, user, started, digest);
		if (err != RST_OK)
			return err;
		err = rst_session_get(txn, digest, ret_session);
		return err == RST_ENOTFOUND ? RST_ECORRUPT : err;
	}
	memcpy(at, digest, sizeof(at));
	if (*started) {
		increment(at);
		if (sodium_is_zero(at, sizeof(at)))
			return RST_ENOTFOUND;
	} else {
		memset(at, 0, sizeof(at));
	}
	err = seek(txn, at, ret_session);
	if (err == RST_OK) {
		*started = true;
		memcpy(digest, at, sizeof(at));
	}
	return err;
}

enum rst_err
rst_session_find(const struct rst_rtxn *txn,
                 const unsigned char id[RST_SESSION_ID_BYTES],
                 unsigned char ret_digest[RST_DIGEST_BYTES],
                 struct rst_session *ret_session)
{
	unsigned char digest[RST_DIGEST_BYTES] = { 0 };
	struct rst_session session;
	enum rst_err err;

	memcpy(digest, id, RST_SESSION_ID_BYTES);
	err = seek(txn, digest, &session);
	if (err == RST_OK && memcmp(digest, id, RST_SESSION_ID_BYTES) != 0)
		err = RST_ENOTFOUND;
	if (err != RST_OK)
		return err;
	memcpy(ret_digest, digest, sizeof(digest));
	*ret_session = session;
	return RST_OK;
}

enum rst_err
rst_session_drop_expired(struct rst_wtxn *txn, int64_t now_s, size_t max)
{
	unsigned char digest[RST_DIGEST_BYTES] = { 0 };
	struct rst_session session;
	struct rst_view from;
	bool wrapped = false;
	size_t n = 0;
	enum rst_err err;

	/* Go on where the last sweep stopped, once round at most */
	err = rst_meta_get(&txn->r, sweep_key, &from);
	if (err == RST_OK && from.len == sizeof(digest))
		memcpy(digest, from.ptr, sizeof(digest));
	else if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	for (size_t rows = 0; n < max && rows < SWEEP_ROWS; rows++) {
		err = seek(&txn->r, digest, &session);
		if (err == RST_ENOTFOUND && !wrapped) {
			wrapped = true;
			memset(digest, 0, sizeof(digest));
			continue;
		}
		if (err == RST_ENOTFOUND)
			break;
		if (err == RST_OK && session.expires_s < now_s) {
			err = drop(txn, digest, session.user);
			n++;
		}
		if (err != RST_OK)
			return err;
		increment(digest);
	}
	return rst_meta_put(txn, sweep_key, rst_view(digest, sizeof(digest)));
}

enum rst_err
rst_session_list(const struct rst_rtxn *txn, uint64_t user,
                 struct rst_session *sessions, size_t max, size_t *ret_n)
{
	unsigned char digest[RST_DIGEST_BYTES];
	bool started = false;
	size_t n = 0;
	enum rst_err err = RST_OK;

	while (n < max) {
		err = next_of_user(txn, user, &started, digest);
		if (err != RST_OK)
			break;
		err = rst_session_get(txn, digest, &sessions[n]);
		if (err == RST_ENOTFOUND)
			err = RST_ECORRUPT;
		if (err != RST_OK)
			return err;
		n++;
	}
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_n = n;
	return RST_OK;
}
