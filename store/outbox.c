/* SPDX-License-Identifier: OLDAP-2.8 */
/* outbox.c - mail to be sent
 *
 * A record:
 *
 *	format(1) = 1, state(1) attempts(4) made_s(8) due_s(8) sealed(4+)
 *
 * and what is sealed, with 'o', the id and all that is not sealed as additional
 * data:
 *
 *	to(2+) template(1+) params(4+) error(2+)
 */
#include "store/outbox.h"

#include <stdlib.h>

#include "store/env_priv.h"
#include "store/record_priv.h"
#include "store/wire.h"

#define FORMAT       1
#define AD_BYTES     30
#define TO_MAX       320
#define TEMPLATE_MAX 64
#define ERROR_MAX    512 /* longer ones are cut */

static void
ad_of(const struct rst_mail *mail, char ad[AD_BYTES])
{
	ad[0] = 'o';
	rst_put_be64(ad + 1, mail->id);
	ad[9] = (char)mail->state;
	rst_put_be32(ad + 10, mail->attempts);
	rst_put_be64(ad + 14, (uint64_t)mail->made_s);
	rst_put_be64(ad + 22, (uint64_t)mail->due_s);
}

void
rst_mail_release(struct rst_mail *mail)
{
	if (mail->bytes != NULL)
		sodium_memzero(mail->bytes, mail->n_bytes);
	free(mail->bytes);
	memset(mail, 0, sizeof(*mail));
}

static enum rst_err
put(struct rst_wtxn *txn, const struct rst_mail *mail)
{
	struct rst_out out = { 0 }, plain = { 0 };
	char key[8], ad[AD_BYTES];
	enum rst_err err;

	rst_out_text(&plain, mail->to, 2);
	rst_out_text(&plain, mail->template, 1);
	rst_out_text(&plain, mail->params, 4);
	rst_out_text(&plain, mail->error, 2);
	rst_out_number(&out, FORMAT, 1);
	rst_out_number(&out, mail->state, 1);
	rst_out_number(&out, mail->attempts, 4);
	rst_out_number(&out, (uint64_t)mail->made_s, 8);
	rst_out_number(&out, (uint64_t)mail->due_s, 8);
	ad_of(mail, ad);
	err = rst_seal_out(txn->r.env, &plain, rst_view(ad, sizeof(ad)), &out);
	if (err == RST_OK)
		err = rst_out_error(&out);
	rst_put_be64(key, mail->id);
	if (err == RST_OK)
		err = rst_db_put(txn, RST_T_OUTBOX, rst_view(key, 8),
		                 rst_out_view(&out), true);
	rst_out_release(&plain);
	rst_out_release(&out);
	return err;
}

/* The fields that are not sealed. */
static enum rst_err
decode(struct rst_view key, struct rst_view bytes, struct rst_mail *ret_mail,
       struct rst_view *ret_sealed)
{
	struct rst_in in = { bytes, false };
	struct rst_mail mail = { 0 };
	uint64_t format, state;

	format = rst_in_number(&in, 1);
	state = rst_in_number(&in, 1);
	mail.attempts = (unsigned int)rst_in_number(&in, 4);
	mail.made_s = (int64_t)rst_in_number(&in, 8);
	mail.due_s = (int64_t)rst_in_number(&in, 8);
	*ret_sealed = rst_in_text(&in, 4);
	if (in.failed || in.left.len != 0 || format != FORMAT || key.len != 8 ||
	    (state != RST_MAIL_QUEUED && state != RST_MAIL_FAILED))
		return RST_ECORRUPT;
	mail.id = rst_get_be64(key.ptr);
	mail.state = (enum rst_mail_state)state;
	*ret_mail = mail;
	return RST_OK;
}

/* Open the sealed texts of mail. */
static enum rst_err
unseal(const struct rst_env *env, struct rst_mail *mail, struct rst_view sealed)
{
	struct rst_in in = { { NULL, 0 }, false };
	char ad[AD_BYTES];
	enum rst_err err;

	if (sealed.len <= RST_SEAL_BYTES)
		return RST_ECORRUPT;
	mail->n_bytes = sealed.len - RST_SEAL_BYTES;
	mail->bytes = malloc(mail->n_bytes);
	if (mail->bytes == NULL)
		return RST_ENOMEM;
	ad_of(mail, ad);
	err = rst_unseal(env, sealed, rst_view(ad, sizeof(ad)), mail->bytes);
	if (err != RST_OK)
		return err;
	in.left = rst_view(mail->bytes, mail->n_bytes);
	mail->to = rst_in_text(&in, 2);
	mail->template = rst_in_text(&in, 1);
	mail->params = rst_in_text(&in, 4);
	mail->error = rst_in_text(&in, 2);
	return in.failed || in.left.len != 0 ? RST_ECORRUPT : RST_OK;
}

static enum rst_err
read_row(const struct rst_rtxn *txn, struct rst_view key, struct rst_view value,
         struct rst_mail *ret_mail)
{
	struct rst_mail mail = { 0 };
	struct rst_view sealed;
	enum rst_err err;

	err = decode(key, value, &mail, &sealed);
	if (err == RST_OK)
		err = unseal(txn->env, &mail, sealed);
	if (err == RST_OK)
		*ret_mail = mail;
	else
		rst_mail_release(&mail);
	return err;
}

enum rst_err
rst_outbox_add(struct rst_wtxn *txn, struct rst_view to,
               struct rst_view template, struct rst_view params, int64_t now_s,
               uint64_t *ret_id)
{
	struct rst_mail mail = { .state = RST_MAIL_QUEUED,
		                 .made_s = now_s,
		                 .due_s = now_s,
		                 .to = to,
		                 .template = template,
		                 .params = params };
	uint64_t id;
	enum rst_err err;

	if (to.len == 0 || to.len > TO_MAX || template.len == 0 ||
	    template.len > TEMPLATE_MAX || params.len > RST_MAIL_PARAMS_MAX)
		return RST_EINVALID;
	err = rst_meta_number(&txn->r, "outbox", &id);
	if (err != RST_OK)
		return err;
	mail.id = id + 1;
	err = rst_meta_set_number(txn, "outbox", mail.id);
	if (err == RST_OK)
		err = put(txn, &mail);
	if (err == RST_OK && ret_id != NULL)
		*ret_id = mail.id;
	return err;
}

enum rst_err
rst_outbox_due(const struct rst_rtxn *txn, int64_t now_s,
               struct rst_mail *ret_mail)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value, sealed;
	struct rst_mail mail;
	int64_t due_s = now_s;
	uint64_t id = 0;
	enum rst_err err;

	err = rst_cursor_open(txn, RST_T_OUTBOX, &cursor);
	if (err != RST_OK)
		goto out;
	err = rst_cursor_seek(&cursor, RST_VIEW(""), &key, &value);
	for (; err == RST_OK; err = rst_cursor_next(&cursor, &key, &value)) {
		err = decode(key, value, &mail, &sealed);
		if (err != RST_OK)
			goto out;
		if (mail.state != RST_MAIL_QUEUED || mail.due_s > now_s ||
		    (id != 0 && mail.due_s >= due_s))
			continue;
		id = mail.id;
		due_s = mail.due_s;
	}
	if (err == RST_ENOTFOUND && id != 0)
		err = rst_outbox_get(txn, id, ret_mail);
out:
	rst_cursor_close(&cursor);
	return err;
}

enum rst_err
rst_outbox_get(const struct rst_rtxn *txn, uint64_t id,
               struct rst_mail *ret_mail)
{
	struct rst_view value;
	char key[8];
	enum rst_err err;

	rst_put_be64(key, id);
	err = rst_db_get(txn, RST_T_OUTBOX, rst_view(key, 8), &value);
	if (err != RST_OK)
		return err;
	return read_row(txn, rst_view(key, 8), value, ret_mail);
}

enum rst_err
rst_outbox_next(const struct rst_rtxn *txn, uint64_t id,
                struct rst_mail *ret_mail)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	char from[8];
	enum rst_err err;

	if (id == UINT64_MAX)
		return RST_ENOTFOUND;
	rst_put_be64(from, id + 1);
	err = rst_cursor_open(txn, RST_T_OUTBOX, &cursor);
	if (err == RST_OK)
		err = rst_cursor_seek(&cursor, rst_view(from, 8), &key, &value);
	if (err == RST_OK)
		err = read_row(txn, key, value, ret_mail);
	rst_cursor_close(&cursor);
	return err;
}

enum rst_err
rst_outbox_drop(struct rst_wtxn *txn, uint64_t id)
{
	char key[8];

	rst_put_be64(key, id);
	return rst_db_drop(txn, RST_T_OUTBOX, rst_view(key, 8));
}

enum rst_err
rst_outbox_failed(struct rst_wtxn *txn, uint64_t id, struct rst_view error,
                  int64_t due_s)
{
	struct rst_mail mail = { 0 };
	enum rst_err err;

	err = rst_outbox_get(&txn->r, id, &mail);
	if (err != RST_OK)
		goto out;
	if (error.len > ERROR_MAX)
		error.len = ERROR_MAX;
	mail.error = error;
	if (mail.attempts < UINT32_MAX)
		mail.attempts++;
	mail.state = due_s == 0 ? RST_MAIL_FAILED : RST_MAIL_QUEUED;
	mail.due_s = due_s;
	err = put(txn, &mail);
out:
	rst_mail_release(&mail);
	return err;
}

enum rst_err
rst_outbox_retry(struct rst_wtxn *txn, uint64_t id, int64_t now_s)
{
	struct rst_mail mail = { 0 };
	enum rst_err err;

	err = rst_outbox_get(&txn->r, id, &mail);
	if (err != RST_OK)
		goto out;
	mail.state = RST_MAIL_QUEUED;
	mail.attempts = 0;
	mail.due_s = now_s;
	err = put(txn, &mail);
out:
	rst_mail_release(&mail);
	return err;
}
