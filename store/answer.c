/* SPDX-License-Identifier: OLDAP-2.8 */
/* answer.c - answers that are given again
 *
 * A row:
 *
 *	format(1) = 1, made_s(8), digest of the question(32), sealed(4+), sum(8)
 *	sealed: status(2) location(2+) etag(2+) text(4+)
 *
 * Sealed with the row's key and what stands before it, so that no row answers
 * for another.
 */
#include "store/answer.h"

#include <stdlib.h>

#include "store/answer_priv.h"
#include "store/env_priv.h"
#include "store/record_priv.h"
#include "store/wire.h"

#define FORMAT     1
#define PREFIX     RST_ANSWER_PREFIX
#define PREFIX_LEN (sizeof(PREFIX) - 1)
#define ROW_KEY    (PREFIX_LEN + 8 + RST_ANSWER_KEY_BYTES)
#define HEAD_BYTES (1 + 8 + RST_ANSWER_BODY_BYTES)
#define AD_BYTES   (ROW_KEY + HEAD_BYTES)

static struct rst_view
row_key(const struct rst_answer_key *key, char buf[ROW_KEY])
{
	memcpy(buf, PREFIX, PREFIX_LEN);
	rst_put_be64(buf + PREFIX_LEN, key->caller);
	memcpy(buf + PREFIX_LEN + 8, key->digest, RST_ANSWER_KEY_BYTES);
	return rst_view(buf, ROW_KEY);
}

static struct rst_view
ad_of(struct rst_view key, struct rst_view head, char buf[AD_BYTES])
{
	memcpy(buf, key.ptr, ROW_KEY);
	memcpy(buf + ROW_KEY, head.ptr, HEAD_BYTES);
	return rst_view(buf, AD_BYTES);
}

/* From the future is old, too: the clock was set back, and it would stay. */
static bool
is_old(int64_t made_s, int64_t now_s)
{
	return made_s > now_s || now_s - made_s >= RST_ANSWER_LIFETIME_S;
}

/* What is not sealed; *ret_sealed the rest. */
static enum rst_err
decode(struct rst_view key, struct rst_view value,
       struct rst_answer *ret_answer, struct rst_view *ret_sealed)
{
	struct rst_in in = { value, false };
	struct rst_answer answer = { 0 };
	struct rst_view body;

	if (key.len != ROW_KEY || !rst_sum_keyed_take(key, &in.left))
		return RST_ECORRUPT;
	if (rst_in_number(&in, 1) != FORMAT)
		return RST_ECORRUPT;
	answer.made_s = (int64_t)rst_in_number(&in, 8);
	body = rst_in_bytes(&in, RST_ANSWER_BODY_BYTES);
	*ret_sealed = rst_in_text(&in, 4);
	if (in.failed || in.left.len != 0)
		return RST_ECORRUPT;
	memcpy(answer.body, body.ptr, sizeof(answer.body));
	*ret_answer = answer;
	return RST_OK;
}

void
rst_answer_release(struct rst_answer *answer)
{
	if (answer->bytes != NULL)
		sodium_memzero(answer->bytes, answer->n_bytes);
	free(answer->bytes);
	*answer = (struct rst_answer){ 0 };
}

static enum rst_err
unseal(const struct rst_env *env, struct rst_view key, struct rst_view value,
       struct rst_view sealed, struct rst_answer *answer)
{
	struct rst_in in = { { NULL, 0 }, false };
	char ad[AD_BYTES];
	enum rst_err err;

	if (sealed.len < RST_SEAL_BYTES)
		return RST_ECORRUPT;
	answer->n_bytes = sealed.len - RST_SEAL_BYTES;
	answer->bytes = malloc(answer->n_bytes + 1);
	if (answer->bytes == NULL)
		return RST_ENOMEM;
	err = rst_unseal(env, sealed, ad_of(key, value, ad), answer->bytes);
	if (err != RST_OK)
		return err;
	answer->bytes[answer->n_bytes] = '\0';
	in.left = rst_view(answer->bytes, answer->n_bytes);
	answer->status = (unsigned int)rst_in_number(&in, 2);
	answer->location = rst_in_text(&in, 2);
	answer->etag = rst_in_text(&in, 2);
	answer->text = rst_in_text(&in, 4);
	return in.failed || in.left.len != 0 ? RST_ECORRUPT : RST_OK;
}

enum rst_err
rst_answer_decode(const struct rst_env *env, struct rst_view key,
                  struct rst_view value, struct rst_answer *ret_answer)
{
	struct rst_answer answer = { 0 };
	struct rst_view sealed;
	enum rst_err err;

	err = decode(key, value, &answer, &sealed);
	if (err == RST_OK)
		err = unseal(env, key, value, sealed, &answer);
	if (err == RST_OK)
		*ret_answer = answer;
	else
		rst_answer_release(&answer);
	return err;
}

/* What the keeping of one more needs to know of the others. */
struct others {
	uint64_t caller;
	int64_t now_s;
	size_t n, n_caller;
	int64_t oldest_s, oldest_caller_s;
	char oldest[ROW_KEY], oldest_caller[ROW_KEY];
	char old[ROW_KEY]; /* one whose time is over */
	bool any_old;
};

static enum rst_err
look(const struct rst_rtxn *txn, struct others *others)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value, sealed;
	struct rst_answer answer;
	enum rst_err err;

	err = rst_cursor_open(txn, RST_T_META, &cursor);
	if (err == RST_OK)
		err = rst_cursor_seek(&cursor, RST_VIEW(PREFIX), &key, &value);
	for (; err == RST_OK && rst_view_starts(key, RST_VIEW(PREFIX));
	     err = rst_cursor_next(&cursor, &key, &value)) {
		err = decode(key, value, &answer, &sealed);
		if (err != RST_OK)
			break;
		if (is_old(answer.made_s, others->now_s)) {
			memcpy(others->old, key.ptr, ROW_KEY);
			others->any_old = true;
		}
		if (others->n++ == 0 || answer.made_s < others->oldest_s) {
			others->oldest_s = answer.made_s;
			memcpy(others->oldest, key.ptr, ROW_KEY);
		}
		if (rst_get_be64(key.ptr + PREFIX_LEN) != others->caller)
			continue;
		if (others->n_caller++ == 0 ||
		    answer.made_s < others->oldest_caller_s) {
			others->oldest_caller_s = answer.made_s;
			memcpy(others->oldest_caller, key.ptr, ROW_KEY);
		}
	}
	rst_cursor_close(&cursor);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
drop(struct rst_wtxn *txn, const char key[ROW_KEY])
{
	return rst_db_drop(txn, RST_T_META, rst_view(key, ROW_KEY));
}

enum rst_err
rst_answer_sweep(struct rst_wtxn *txn, int64_t now_s, size_t *ret_n)
{
	size_t n = 0;
	enum rst_err err;

	for (;;) {
		struct others others = { .now_s = now_s };

		err = look(&txn->r, &others);
		if (err == RST_OK && !others.any_old)
			break;
		if (err == RST_OK)
			err = drop(txn, others.old);
		if (err != RST_OK)
			return err;
		n++;
	}
	if (ret_n != NULL)
		*ret_n = n;
	return RST_OK;
}

bool
rst_answer_any_old(const struct rst_rtxn *txn, int64_t now_s)
{
	struct others others = { .now_s = now_s };

	return look(txn, &others) == RST_OK && others.any_old;
}

/* Room for one more of caller. */
static enum rst_err
keep_caps(struct rst_wtxn *txn, uint64_t caller, int64_t now_s)
{
	struct others others = { .caller = caller, .now_s = now_s };
	enum rst_err err;

	err = look(&txn->r, &others);
	if (err != RST_OK)
		return err;
	if (others.n_caller >= RST_ANSWERS_PER_CALLER)
		return drop(txn, others.oldest_caller);
	if (others.any_old)
		return drop(txn, others.old);
	if (others.n >= RST_ANSWERS_MAX)
		return drop(txn, others.oldest);
	return RST_OK;
}

/* The row's value, but for the sum, after head. */
static enum rst_err
seal(const struct rst_env *env, struct rst_view key,
     const struct rst_answer *answer, struct rst_out *out)
{
	struct rst_out plain = { 0 };
	char ad[AD_BYTES];
	enum rst_err err;

	rst_out_number(&plain, answer->status, 2);
	rst_out_text(&plain, answer->location, 2);
	rst_out_text(&plain, answer->etag, 2);
	rst_out_text(&plain, answer->text, 4);
	err = rst_seal_out(env, &plain, ad_of(key, rst_out_view(out), ad), out);
	rst_out_release(&plain);
	return err;
}

static enum rst_err
put(struct rst_wtxn *txn, struct rst_view key, const struct rst_answer *answer)
{
	struct rst_out out = { 0 };
	char sum[RST_SUM_BYTES];
	enum rst_err err;

	rst_out_number(&out, FORMAT, 1);
	rst_out_number(&out, (uint64_t)answer->made_s, 8);
	rst_out_bytes(&out, rst_view(answer->body, sizeof(answer->body)));
	err = rst_out_error(&out);
	if (err == RST_OK)
		err = seal(txn->r.env, key, answer, &out);
	if (err == RST_OK)
		err = rst_out_error(&out);
	if (err == RST_OK) {
		rst_sum_keyed(key, rst_out_view(&out), sum);
		rst_out_bytes(&out, rst_view(sum, sizeof(sum)));
		err = rst_out_error(&out);
	}
	if (err == RST_OK)
		err = rst_db_put(txn, RST_T_META, key, rst_out_view(&out),
		                 true);
	rst_out_release(&out);
	return err;
}

enum rst_err
rst_answer_add(struct rst_wtxn *txn, const struct rst_answer_key *key,
               const struct rst_answer *answer)
{
	struct rst_view row, value, sealed;
	struct rst_answer there;
	char buf[ROW_KEY];
	enum rst_err err;

	if (answer->text.len > RST_ANSWER_MAX ||
	    answer->location.len > RST_ANSWER_HEAD_MAX ||
	    answer->etag.len > RST_ANSWER_HEAD_MAX)
		return RST_EINVALID;
	row = row_key(key, buf);
	err = rst_db_get(&txn->r, RST_T_META, row, &value);
	if (err == RST_OK)
		err = decode(row, value, &there, &sealed);
	if (err == RST_OK && !is_old(there.made_s, answer->made_s))
		return RST_EEXISTS;
	if (err == RST_ENOTFOUND)
		err = keep_caps(txn, key->caller, answer->made_s);
	return err == RST_OK ? put(txn, row, answer) : err;
}

enum rst_err
rst_answer_get(const struct rst_rtxn *txn, const struct rst_answer_key *key,
               int64_t now_s, struct rst_answer *ret_answer)
{
	struct rst_answer answer = { 0 };
	struct rst_view row, value;
	char buf[ROW_KEY];
	enum rst_err err;

	row = row_key(key, buf);
	err = rst_db_get(txn, RST_T_META, row, &value);
	if (err == RST_OK)
		err = rst_answer_decode(txn->env, row, value, &answer);
	if (err == RST_OK && is_old(answer.made_s, now_s))
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		*ret_answer = answer;
	else
		rst_answer_release(&answer);
	return err;
}
