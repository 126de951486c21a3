/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_invite_many.c - invitations for a list
 *
 * The list is looked at as a whole first: one that is too long invites nobody.
 * Each line is a transaction of its own then, so that one refusal holds nobody
 * else; a dry run says of each what would become of it.
 *
 * With an Idempotency-Key they are all one transaction, which a refusal ends:
 * so each line is tried as a dry run first, and is done only if that went well.
 * What changes in between makes the whole fail, and nothing of it is done.
 */
#include <sodium.h>
#include <stdlib.h>

#include "lifecycle/act_priv.h"
#include "rules/invite_list.h"

typedef char address[RST_MAIL_MAX + 1];

/* What became of a line when it was tried. */
struct tried {
	enum rst_err err;
	struct act_refusal refusal;
};

struct many {
	const struct act_ctx *ctx;
	const struct act_invite *terms;
	act_invited_told *tell;
	void *arg;
	address *seen; /* of the lines before */
	unsigned int *lines;
	size_t n_seen;
	struct tried *tried; /* by line; NULL unless they are one */
	size_t n_done;
	struct act_refusal *refusal; /* of what ended them all */
};

/* The line that has this address, too; 0: none before. */
static unsigned int
seen_before(struct many *many, const struct rule_invitee *who)
{
	char *mail = many->seen[many->n_seen];

	if (rst_mail_canonical(rst_view(who->mail.ptr, who->mail.len), mail) !=
	    RST_OK)
		return 0; /* its rule refuses it */
	for (size_t i = 0; i < many->n_seen; i++)
		if (strcmp(many->seen[i], mail) == 0)
			return many->lines[i];
	many->lines[many->n_seen++] = who->line;
	return 0;
}

/* The groups of the line, and those of all.  False: too many. */
static bool
join(const struct act_invite *terms, const struct rule_invitee *who,
     struct rst_view groups[RULE_INVITATION_GROUPS_MAX],
     struct act_invite *invite)
{
	size_t n = 0;

	*invite = *terms;
	invite->mail = rst_view(who->mail.ptr, who->mail.len);
	invite->groups = groups;
	for (size_t i = 0; i < who->n_groups; i++)
		groups[n++] = rst_view(who->groups[i].ptr, who->groups[i].len);
	for (size_t i = 0; i < terms->n_groups; i++) {
		if (n == RULE_INVITATION_GROUPS_MAX)
			return false;
		groups[n++] = terms->groups[i];
	}
	invite->n_groups = n;
	return true;
}

static enum rst_err
judge(struct many *many, const struct act_ctx *ctx,
      const struct rule_invitee *who, struct act_invited *one,
      struct rst_view groups[RULE_INVITATION_GROUPS_MAX])
{
	unsigned int before = seen_before(many, who);
	struct act_invite invite;
	enum rst_err err;

	if (before > 0) {
		err = act_refuse(&one->refusal, RULE_DUPLICATE_EMAIL, "mail");
		rst_detail_set(&one->refusal.detail, "it is in line %u, too",
		               before);
		return err;
	}
	if (!join(many->terms, who, groups, &invite))
		return act_invite_crowded(&one->refusal);
	return act_invite(ctx, &invite, one->token, &one->id, &one->refusal);
}

static enum rst_err
invite_one(struct many *many, const struct rule_invitee *who)
{
	struct rst_view groups[RULE_INVITATION_GROUPS_MAX];
	const struct tried *tried =
		many->tried != NULL ? &many->tried[many->n_done] : NULL;
	struct act_invited one = {
		.line = who->line,
		.mail = rst_view(who->mail.ptr, who->mail.len),
		.groups = groups,
		.n_groups = who->n_groups,
	};
	enum rst_err err = RST_OK;

	if (tried != NULL && tried->err != RST_OK) {
		one.err = tried->err;
		one.refusal = tried->refusal;
		for (size_t i = 0; i < who->n_groups; i++)
			groups[i] = rst_view(who->groups[i].ptr,
			                     who->groups[i].len);
	} else {
		one.err = judge(many, many->ctx, who, &one, groups);
		if (tried != NULL && one.err != RST_OK) {
			err = one.err;
			*many->refusal = one.refusal;
		}
	}
	many->n_done++;
	if (err == RST_OK)
		err = many->tell(many->arg, &one);
	sodium_memzero(one.token, sizeof(one.token));
	return err;
}

/* Each as a dry run, before the transaction of them all begins. */
static enum rst_err
try_all(struct many *many, struct rst_view list, size_t n)
{
	struct rst_view groups[RULE_INVITATION_GROUPS_MAX];
	struct rule_invite_cursor cursor = { 0 };
	struct act_ctx dry = *many->ctx;
	struct rule_invitee who;
	size_t i = 0;

	dry.dry_run = true;
	many->tried = calloc(n + 1, sizeof(many->tried[0]));
	if (many->tried == NULL)
		return RST_ENOMEM;
	while (i < n && rule_invite_next(list.ptr, list.len, &cursor, &who) ==
	                        RULE_INVITE_LINE) {
		struct act_invited one = { .line = who.line };

		many->tried[i].err = judge(many, &dry, &who, &one, groups);
		many->tried[i++].refusal = one.refusal;
		sodium_memzero(one.token, sizeof(one.token));
	}
	many->n_seen = 0;
	return RST_OK;
}

enum rst_err
act_invite_many(const struct act_ctx *ctx, struct rst_view list,
                const struct act_invite *terms, act_invited_told *tell,
                void *arg, struct act_refusal *refusal)
{
	struct many many = { .ctx = ctx,
		             .terms = terms,
		             .tell = tell,
		             .arg = arg,
		             .refusal = refusal };
	struct rule_invite_cursor cursor = { 0 };
	char say[RULE_INVITEE_SAY_BYTES];
	struct rule_invitee who;
	size_t n = 0;
	enum rst_err err = RST_OK;

	*refusal = (struct act_refusal){ 0 };
	if (!rule_invite_count(list.ptr, list.len, &n, say)) {
		rst_detail_set(&refusal->detail, "%s", say);
		return RST_EINVALID;
	}
	many.seen = calloc(n + 1, sizeof(many.seen[0]));
	many.lines = calloc(n + 1, sizeof(many.lines[0]));
	if (many.seen == NULL || many.lines == NULL)
		err = RST_ENOMEM;
	if (err == RST_OK && ctx->hold != NULL && !ctx->dry_run)
		err = try_all(&many, list, n);
	while (err == RST_OK && rule_invite_next(list.ptr, list.len, &cursor,
	                                         &who) == RULE_INVITE_LINE)
		err = invite_one(&many, &who);
	free(many.seen);
	free(many.lines);
	free(many.tried);
	return err;
}
