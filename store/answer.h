/* SPDX-License-Identifier: OLDAP-2.8 */
/* answer.h - answers that are given again to who asks again
 *
 * Who asks for something to be made and hears no answer asks again, with the
 * same key.  The answer is kept by the transaction that made the thing, so
 * that after a crash there are both or neither.  Rows of table meta:
 *
 *	"answer/" caller(8) digest of the key(16) -> answer.c
 *
 * Answers hold secrets that are shown once: they are sealed.
 */
#ifndef RST_ANSWER_H
#define RST_ANSWER_H

#include "store/env.h"

#define RST_ANSWER_LIFETIME_S  86400
#define RST_ANSWERS_MAX        1024        /* then the oldest goes */
#define RST_ANSWERS_PER_CALLER 64          /* likewise, of that caller */
#define RST_ANSWER_MAX         (256 << 10) /* bytes of text */
#define RST_ANSWER_HEAD_MAX    1024        /* of location, and of etag */
#define RST_ANSWER_KEY_BYTES   16
#define RST_ANSWER_BODY_BYTES  32

struct rst_answer_key {
	uint64_t caller; /* entry id; 0: nobody's */
	unsigned char digest[RST_ANSWER_KEY_BYTES];
};

struct rst_answer {
	unsigned char body[RST_ANSWER_BODY_BYTES]; /* digest of the question */
	int64_t made_s;
	unsigned int status;
	struct rst_view location, etag, text; /* text ends with a NUL */
	char *bytes; /* owned by what rst_answer_get() fills */
	size_t n_bytes;
};

/*
 * Keep answer under key.  RST_EEXISTS: there is one that is younger than
 * RST_ANSWER_LIFETIME_S; RST_EINVALID: it is too long.  What is older goes, of
 * everybody's.  Costs a look at each that is kept.
 */
enum rst_err rst_answer_add(struct rst_wtxn *txn,
                            const struct rst_answer_key *key,
                            const struct rst_answer *answer) RST_MUST_USE;
/* RST_ENOTFOUND: none, or too old at now_s.  Give it to rst_answer_release(),
 * which wipes it. */
enum rst_err rst_answer_get(const struct rst_rtxn *txn,
                            const struct rst_answer_key *key, int64_t now_s,
                            struct rst_answer *ret_answer) RST_MUST_USE;
void rst_answer_release(struct rst_answer *answer);
/* Drop those too old at now_s; *ret_n (may be NULL) of them. */
enum rst_err rst_answer_sweep(struct rst_wtxn *txn, int64_t now_s,
                              size_t *ret_n) RST_MUST_USE;
/* Is that any to drop?  So that nothing is written for nothing. */
bool rst_answer_any_old(const struct rst_rtxn *txn, int64_t now_s);

#endif
