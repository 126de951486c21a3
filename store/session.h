/* SPDX-License-Identifier: OLDAP-2.8 */
/* session.h - web sessions: what may be lost, so not entries
 *
 *	session		token digest -> record
 *	session_user	person id, token digest ->
 *
 * Only the BLAKE2b-256 of the cookie is kept.
 */
#ifndef RST_SESSION_H
#define RST_SESSION_H

#include "store/env.h"

#define RST_DIGEST_BYTES      32
#define RST_SESSIONS_PER_USER 10 /* the oldest goes when one more comes */

/* 256 random bits as base64url text, and the digest that is stored. */
#define RST_TOKEN_TEXT 44 /* bytes with the NUL */
void rst_token_new(char text[RST_TOKEN_TEXT],
                   unsigned char digest[RST_DIGEST_BYTES]);
/* False when text does not have the form of a token. */
bool rst_token_digest(struct rst_view text,
                      unsigned char digest[RST_DIGEST_BYTES]);

struct rst_session {
	uint64_t user;       /* entry id */
	uint64_t generation; /* of the user when it was made */
	int64_t made_s, seen_s, expires_s;
	int64_t proved_s; /* when the password was given last */
	char address[64];
	char agent[256];
};

enum rst_err rst_session_add(struct rst_wtxn *txn,
                             const unsigned char digest[RST_DIGEST_BYTES],
                             const struct rst_session *session) RST_MUST_USE;
enum rst_err rst_session_get(const struct rst_rtxn *txn,
                             const unsigned char digest[RST_DIGEST_BYTES],
                             struct rst_session *ret_session) RST_MUST_USE;
enum rst_err rst_session_seen(struct rst_wtxn *txn,
                              const unsigned char digest[RST_DIGEST_BYTES],
                              int64_t now_s) RST_MUST_USE;
/* RST_ENOTFOUND if there is none. */
enum rst_err rst_session_drop(struct rst_wtxn *txn,
                              const unsigned char digest[RST_DIGEST_BYTES])
	RST_MUST_USE;
/* All of one person; *ret_n (may be NULL) says how many there were. */
enum rst_err rst_session_drop_user(struct rst_wtxn *txn, uint64_t user,
                                   size_t *ret_n) RST_MUST_USE;
/* Those that ended before now_s, at most max. */
enum rst_err rst_session_drop_expired(struct rst_wtxn *txn, int64_t now_s,
                                      size_t max) RST_MUST_USE;
/*
 * The session after *digest, which moves there (all zero with *started false:
 * the first), of one person or, with user 0, of anybody.  RST_ENOTFOUND at the
 * end.
 */
enum rst_err rst_session_next(const struct rst_rtxn *txn, uint64_t user,
                              bool *started,
                              unsigned char digest[RST_DIGEST_BYTES],
                              struct rst_session *ret_session) RST_MUST_USE;
/* The session whose digest begins with id, which may be shown: it leads
 * neither to the digest nor to the token.  RST_ENOTFOUND. */
#define RST_SESSION_ID_BYTES 16
enum rst_err rst_session_find(const struct rst_rtxn *txn,
                              const unsigned char id[RST_SESSION_ID_BYTES],
                              unsigned char ret_digest[RST_DIGEST_BYTES],
                              struct rst_session *ret_session) RST_MUST_USE;
/* The sessions of user, at most max. */
enum rst_err rst_session_list(const struct rst_rtxn *txn, uint64_t user,
                              struct rst_session *sessions, size_t max,
                              size_t *ret_n) RST_MUST_USE;

#endif
