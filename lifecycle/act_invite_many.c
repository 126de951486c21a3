/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_invite_many.c - invitations for a list
 *
 * The list is looked at as a whole first: one that is too long invites nobody.
 * Each line is a transaction of its own then, so that one refusal holds nobody
 * else; a dry run says of each what would become of it.
 */
#include <sodium.h>
#include <stdlib.h>

#include "lifecycle/act_priv.h"
#include "rules/invite_list.h"

typedef char address[RST_MAIL_MAX + 1];

struct many {
	const struct act_ctx *ctx;
	const struct act_invite *terms;
	act_invited_told *tell;
	void *arg;
	address *seen; /* of the lines before */
	unsigned int *lines;
	size_t n_seen;
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

/* The groups of the line, and those of all. */
static void
join(const struct act_invite *terms, const struct rule_invitee *who,
     struct rst_view *groups, struct act_invite *invite)
{
	size_t n = 0;

	for (size_t i = 0; i < who->n_groups; i++)
		groups[n++] = rst_view(who->groups[i].ptr, who->groups[i].len);
	for (size_t i = 0;
	     i < terms->n_groups && n < RULE_INVITATION_GROUPS_MAX; i++)
		groups[n++] = terms->groups[i];
	*invite = *terms;
	invite->mail = rst_view(who->mail.ptr, who->mail.len);
	invite->groups = groups;
	invite->n_groups = n;
}

static enum rst_err
invite_one(struct many *many, const struct rule_invitee *who)
{
	struct rst_view groups[RULE_INVITATION_GROUPS_MAX];
	unsigned int before = seen_before(many, who);
	struct act_invited one = {
		.line = who->line,
		.groups = groups,
		.n_groups = who->n_groups,
	};
	struct act_invite invite;
	enum rst_err err;

	join(many->terms, who, groups, &invite);
	one.mail = invite.mail;
	if (before > 0) {
		one.err =
			act_refuse(&one.refusal, RULE_DUPLICATE_EMAIL, "mail");
		rst_detail_set(&one.refusal.detail, "it is in line %u, too",
		               before);
	} else {
		one.err = act_invite(many->ctx, &invite, one.token, &one.id,
		                     &one.refusal);
	}
	err = many->tell(many->arg, &one);
	sodium_memzero(one.token, sizeof(one.token));
	return err;
}

enum rst_err
act_invite_many(const struct act_ctx *ctx, struct rst_view list,
                const struct act_invite *terms, act_invited_told *tell,
                void *arg, struct act_refusal *refusal)
{
	struct many many = {
		.ctx = ctx, .terms = terms, .tell = tell, .arg = arg
	};
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
	while (err == RST_OK && rule_invite_next(list.ptr, list.len, &cursor,
	                                         &who) == RULE_INVITE_LINE)
		err = invite_one(&many, &who);
	free(many.seen);
	free(many.lines);
	return err;
}
