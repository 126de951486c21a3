/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_mail.c - a test mail, and what an administrator does with the outbox */
#include <stdio.h>
#include <string.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/letter.h"
#include "store/outbox.h"

#define ABOUT_MAX 512 /* bytes of "reset to alice@example.org" */

/* The journal says which mail. */
static enum rst_err
note(struct rst_wtxn *txn, const struct act_ctx *ctx, const char *act,
     struct rst_view template, struct rst_view to)
{
	char about[ABOUT_MAX];

	(void)snprintf(about, sizeof(about), "%.*s to %.*s", (int)template.len,
	               template.ptr, (int)to.len, to.ptr);
	return act_event_of(txn, ctx, act, ctx->actor, rst_view_of(about));
}

static enum rst_err
note_row(struct rst_wtxn *txn, const struct act_ctx *ctx, const char *act,
         uint64_t id)
{
	struct rst_mail mail = { .bytes = NULL };
	enum rst_err err;

	err = rst_outbox_get(&txn->r, id, &mail);
	if (err == RST_OK)
		err = note(txn, ctx, act, mail.template, mail.to);
	rst_mail_release(&mail);
	return err;
}

/* In the language of who asks: he looks whether it came. */
static enum rst_err
queue_test(struct rst_wtxn *txn, const struct act_ctx *ctx, const char *mail,
           struct rst_view public_url, uint64_t *ret_id,
           struct act_refusal *refusal)
{
	const struct act_post post = { .public_url = public_url };
	struct rst_view language = RST_VIEW("");
	char link[LETTER_LINK_MAX];
	struct rst_record actor;
	enum rst_err err;

	err = letter_post_link(&txn->r, &post, NULL, NULL, link, refusal);
	if (err != RST_OK)
		return err;
	if (ctx->actor_id != 0 &&
	    rst_record_get(&txn->r, ctx->actor_id, &actor) == RST_OK)
		language = rst_record_first(&actor, RST_A_PREFERREDLANGUAGE);
	const struct letter_part parts[] = {
		{ "link", rst_view_of(link) },
		{ "mail", rst_view_of(mail) },
	};
	const struct letter letter = {
		.to = rst_view_of(mail),
		.template = "test",
		.language = language,
		.parts = parts,
		.n_parts = sizeof(parts) / sizeof(parts[0]),
	};
	return letter_queue(txn, ctx, &letter, ret_id);
}

enum rst_err
act_mail_test(const struct act_ctx *ctx, struct rst_view to,
              struct rst_view public_url, uint64_t *ret_id,
              struct act_refusal *refusal)
{
	char mail[RST_MAIL_MAX + 1];
	struct rst_wtxn txn = { 0 };
	uint64_t id = 0;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_mail_canonical(to, mail);
	if (err == RST_EINVALID)
		return act_refuse(refusal, RULE_INVALID_EMAIL, "mail");
	if (err == RST_OK)
		err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = queue_test(&txn, ctx, mail, public_url, &id, refusal);
	if (err == RST_OK)
		err = note(&txn, ctx, "test-mail", RST_VIEW("test"),
		           rst_view_of(mail));
	err = act_end(&txn, ctx, err);
	if (err == RST_OK)
		*ret_id = id;
	return err;
}

enum rst_err
act_mail_retry(const struct act_ctx *ctx, uint64_t id,
               struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	err = rst_outbox_retry(&txn, id, ctx->now_s);
	if (err == RST_OK)
		err = note_row(&txn, ctx, "retry-mail", id);
	return act_end(&txn, ctx, err);
}

enum rst_err
act_mail_drop(const struct act_ctx *ctx, uint64_t id,
              struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	err = note_row(&txn, ctx, "drop-mail", id);
	if (err == RST_OK)
		err = rst_outbox_drop(&txn, id);
	return act_end(&txn, ctx, err);
}
