/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_invitation.c - invitations: made, found, revoked, sent again
 *
 *	dn: cn=<uuid>,ou=invitations,<suffix>
 *	objectClass: rosterInvitation
 *	mail: alice@example.org		canonical
 *	rosterTokenDigest: <BLAKE2b-256 of the token, hex>
 *	rosterExpires, rosterUses, rosterUsed, rosterNeedsApproval, rosterJoins
 *
 * The token is in one answer and one mail, and nowhere else.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/letter.h"
#include "lifecycle/moment.h"
#include "lifecycle/place.h"
#include "lifecycle/setting.h"
#include "rules/invitation.h"
#include "store/index.h"

#define BATCH 64 /* ids taken from the store at a time */

static uint32_t
number(const struct rst_record *record, uint16_t attr, uint32_t otherwise)
{
	uint64_t n;

	return rst_view_number(rst_record_first(record, attr), UINT32_MAX, &n)
	               ? (uint32_t)n
	               : otherwise;
}

/* What does not read, admits nobody. */
static struct rule_invitation
read_invitation(const struct rst_record *record)
{
	struct rule_invitation invitation = {
		.uses = number(record, RST_A_ROSTERUSES, 1),
		.used = number(record, RST_A_ROSTERUSED, 0),
		.revoked =
			rst_record_first(record, RST_A_ROSTERREVOKED).len > 0,
	};

	if (!lifecycle_time_parse(rst_record_first(record, RST_A_ROSTEREXPIRES),
	                          &invitation.expires_s))
		invitation.expires_s = 0;
	if (!lifecycle_time_parse(
		    rst_record_first(record, RST_A_CREATETIMESTAMP),
		    &invitation.made_s))
		invitation.made_s = 0;
	return invitation;
}

enum rst_err
act_maker_may(const struct rst_rtxn *txn, const struct rst_record *link,
              int64_t now_s, bool *ret_may)
{
	char ndn[RST_NORMAL_MAX];
	struct rst_record maker;
	enum rule_state state;
	uint64_t id;
	size_t len;
	enum rst_err err;

	err = rst_normalise(RST_MATCH_DN,
	                    rst_record_first(link, RST_A_CREATORSNAME), ndn,
	                    &len);
	if (err == RST_OK)
		err = rst_tree_find(txn, rst_view(ndn, len), &id, NULL);
	if (err == RST_OK)
		err = rst_record_get(txn, id, &maker);
	if (err != RST_OK && err != RST_ENOTFOUND && err != RST_EINVALID)
		return err;
	state = err == RST_OK ? act_state(&maker, now_s) : RULE_STATE_NONE;
	*ret_may = state == RULE_STATE_NONE || rule_state_may_sign_in(state);
	return RST_OK;
}

enum rst_err
act_invitation_open(const struct rst_rtxn *txn, int64_t now_s,
                    struct rst_view token, struct rst_entry **ret_entry,
                    struct rst_record *ret_record, struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct rule_invitation invitation;
	char hex[ACT_HEX_BYTES];
	struct rst_record record;
	uint64_t id;
	size_t n;
	bool may = false;
	enum rst_err err;

	if (!act_token_hex(token, hex))
		return act_refuse(refusal, RULE_INVALID_INVITE, "token");
	err = rst_index_equal(txn, RST_A_ROSTERTOKENDIGEST, rst_view_of(hex), 0,
	                      &id, 1, &n);
	if (err == RST_OK && n == 0)
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = act_load(txn, id, RST_KIND_INVITATION, &entry, &record);
	if (err == RST_OK)
		err = act_maker_may(txn, &record, now_s, &may);
	if (err == RST_OK) {
		invitation = read_invitation(&record);
		if (!may || rule_invitation(&invitation, now_s) != RULE_OK)
			err = RST_ENOTFOUND;
	}
	if (err != RST_OK) {
		rst_entry_free(entry);
		return err == RST_ENOTFOUND
		               ? act_refuse(refusal, RULE_INVALID_INVITE,
		                            "token")
		               : err;
	}
	*ret_entry = entry;
	*ret_record = record;
	return RST_OK;
}

enum rst_err
act_invitation_find(const struct act_ctx *ctx, struct rst_view token,
                    uint64_t *ret_id, struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct rst_record record;
	struct rst_rtxn txn;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = act_invitation_open(&txn, ctx->now_s, token, &entry, &record,
	                          refusal);
	if (err == RST_OK)
		*ret_id = rst_entry_id(entry);
	rst_read_end(&txn);
	rst_entry_free(entry);
	return err;
}

/* A token and what is kept of it. */
struct fresh {
	char token[RST_TOKEN_TEXT];
	char hex[ACT_HEX_BYTES];
	char expires[LIFECYCLE_TIME_BYTES];
	int64_t expires_s;
};

static void
fresh_make(struct fresh *fresh, int64_t expires_s)
{
	unsigned char digest[RST_DIGEST_BYTES];

	rst_token_new(fresh->token, digest);
	(void)sodium_bin2hex(fresh->hex, sizeof(fresh->hex), digest,
	                     sizeof(digest));
	fresh->expires_s = expires_s;
	lifecycle_time_print(expires_s, fresh->expires);
}

/* The name that the mail's reader knows the sender by. */
static void
inviter_name(const struct rst_rtxn *txn, const struct act_ctx *ctx,
             char buf[RULE_PERSON_MAX + 1])
{
	struct rst_record record;

	buf[0] = '\0';
	if (ctx->actor_id == 0 ||
	    rst_record_get(txn, ctx->actor_id, &record) != RST_OK)
		return;
	(void)rst_view_copy(rst_record_first(&record, RST_A_CN), buf,
	                    RULE_PERSON_MAX + 1);
}

/* The mail of an invitation, queued with it: both are, or neither. */
static enum rst_err
queue_mail(struct rst_wtxn *txn, const struct act_ctx *ctx, const char *mail,
           const struct fresh *fresh, const struct act_post *post,
           struct act_refusal *refusal)
{
	char inviter[RULE_PERSON_MAX + 1], expires[LIFECYCLE_TIME_BYTES];
	char link[LETTER_LINK_MAX];
	enum rst_err err;

	err = letter_post_link(&txn->r, post, "register", fresh->token, link,
	                       refusal);
	if (err != RST_OK)
		return err;
	inviter_name(&txn->r, ctx, inviter);
	lifecycle_time_print_3339(fresh->expires_s, expires);
	const struct letter_part parts[] = {
		{ "link", rst_view_of(link) },
		{ "mail", rst_view_of(mail) },
		{ "expires", rst_view_of(expires) },
		{ "inviter", rst_view_of(inviter) },
	};
	const struct letter letter = {
		.to = rst_view_of(mail),
		.template = "invitation",
		.parts = parts,
		.n_parts = sizeof(parts) / sizeof(parts[0]),
	};
	err = letter_queue(txn, ctx, &letter, post->ret_mail);
	sodium_memzero(link, sizeof(link));
	return err;
}

static enum rst_err
revoke(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t id,
       struct act_refusal *refusal)
{
	char now[LIFECYCLE_TIME_BYTES];
	struct rst_entry *entry = NULL;
	struct rst_record record;
	enum rst_err err;

	lifecycle_time_print(ctx->now_s, now);
	err = act_load(&txn->r, id, RST_KIND_INVITATION, &entry, &record);
	if (err == RST_OK)
		err = rst_entry_set_one(entry, RST_A_ROSTERREVOKED,
		                        rst_view_of(now));
	if (err == RST_OK)
		err = act_gate_modify(txn, ctx, "revoke-invitation",
		                      RST_VIEW(""), id, entry, refusal);
	rst_entry_free(entry);
	return err;
}

/* Two open links for one address would be two accounts. */
static enum rst_err
revoke_older(struct rst_wtxn *txn, const struct act_ctx *ctx, const char *mail,
             struct act_refusal *refusal)
{
	struct rule_invitation invitation;
	uint64_t ids[BATCH], after = 0;
	struct rst_record record;
	size_t n = BATCH;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH) {
		err = rst_index_equal(&txn->r, RST_A_MAIL, rst_view_of(mail),
		                      after, ids, BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			after = ids[i];
			err = rst_record_get(&txn->r, after, &record);
			if (err != RST_OK || record.kind != RST_KIND_INVITATION)
				continue;
			invitation = read_invitation(&record);
			if (rule_invitation(&invitation, ctx->now_s) == RULE_OK)
				err = revoke(txn, ctx, after, refusal);
		}
	}
	return err;
}

static enum rst_err
add_invitation(struct rst_wtxn *txn, const struct act_ctx *ctx,
               const struct act_invite *invite, const char *mail,
               const struct fresh *fresh, uint64_t *ret_id,
               struct act_refusal *refusal)
{
	char uuid[LIFECYCLE_UUID_BYTES], rdn[3 + LIFECYCLE_UUID_BYTES];
	char uses[12];
	const struct act_value values[] = {
		{ RST_A_OBJECTCLASS, RST_VIEW("top") },
		{ RST_A_OBJECTCLASS, RST_VIEW("rosterInvitation") },
		{ RST_A_CN, { uuid, LIFECYCLE_UUID_BYTES - 1 } },
		{ RST_A_ENTRYUUID, { uuid, LIFECYCLE_UUID_BYTES - 1 } },
		{ RST_A_MAIL,
		  mail[0] != '\0' ? rst_view_of(mail) : rst_view(NULL, 0) },
		{ RST_A_ROSTERTOKENDIGEST, rst_view_of(fresh->hex) },
		{ RST_A_ROSTEREXPIRES, rst_view_of(fresh->expires) },
		{ RST_A_ROSTERUSES,
		  { uses,
		    (size_t)snprintf(uses, sizeof(uses), "%u",
		                     invite->uses != 0 ? invite->uses : 1) } },
		{ RST_A_ROSTERUSED, RST_VIEW("0") },
		{ RST_A_ROSTERNEEDSAPPROVAL, invite->needs_approval
		                                     ? RST_VIEW("TRUE")
		                                     : RST_VIEW("FALSE") },
	};
	struct rst_entry *entry = NULL;
	uint64_t place;
	enum rst_err err;

	lifecycle_uuid_new(uuid);
	(void)snprintf(rdn, sizeof(rdn), "cn=%s", uuid);
	err = act_place(txn, ctx, "ou=invitations", &place, refusal);
	if (err == RST_OK)
		err = act_build(place, rst_view_of(rdn), rst_view_of(rdn),
		                values, sizeof(values) / sizeof(values[0]),
		                &entry);
	if (err == RST_OK)
		err = act_add_joins(&txn->r, entry, invite->groups,
		                    invite->n_groups, refusal);
	if (err == RST_OK)
		err = act_gate_add(txn, ctx, "invite", entry, ret_id, refusal);
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_invite_crowded(struct act_refusal *refusal)
{
	enum rst_err err = act_refuse(refusal, RULE_UNKNOWN_GROUP, "groups");

	rst_detail_set(&refusal->detail, "an invitation joins at most %d",
	               RULE_INVITATION_GROUPS_MAX);
	return err;
}

/* What can be told without a look into the directory. */
static enum rst_err
check_invite(const struct act_invite *invite, char mail[RST_MAIL_MAX + 1],
             struct act_refusal *refusal)
{
	enum rst_err err;

	mail[0] = '\0';
	if (invite->n_groups > RULE_INVITATION_GROUPS_MAX)
		return act_invite_crowded(refusal);
	if (invite->uses > RULE_INVITATION_USES_MAX)
		return RST_EINVALID;
	/* the gate asks too; here before a sum that could overflow */
	if (invite->lifetime_s != 0 &&
	    rule_invitation_lifetime(invite->lifetime_s) != RULE_OK)
		return act_refuse(refusal, RULE_INVALID_EXPIRY, "expires");
	/* A mail needs an address; a link for nobody in particular does not. */
	if (invite->mail.len == 0)
		return invite->post != NULL
		               ? act_refuse(refusal, RULE_INVALID_EMAIL, "mail")
		               : RST_OK;
	err = rst_mail_canonical(invite->mail, mail);
	if (err == RST_EINVALID)
		return act_refuse(refusal, RULE_INVALID_EMAIL, "mail");
	return err;
}

static enum rst_err
invite_in(struct rst_wtxn *txn, const struct act_ctx *ctx,
          const struct act_invite *invite, const char *mail,
          struct fresh *fresh, uint64_t *ret_id, struct act_refusal *refusal)
{
	int64_t lifetime_s = invite->lifetime_s;
	struct rst_ident_owner owner;
	enum rst_err err = RST_OK;

	/* fixed now: what the setting becomes is for later ones */
	if (lifetime_s == 0)
		err = lifecycle_setting_number(
			&txn->r, RULE_SETTING_INVITATION_LIFETIME, &lifetime_s);
	if (err != RST_OK)
		return err;
	fresh_make(fresh, ctx->now_s + lifetime_s);
	if (mail[0] != '\0') {
		err = rst_ident_owner(&txn->r, RST_IDENT_MAIL,
		                      rst_view_of(mail), 0, &owner);
		if (err == RST_OK)
			return act_refuse(refusal, RULE_DUPLICATE_EMAIL,
			                  "mail");
		if (err != RST_ENOTFOUND)
			return err;
		err = revoke_older(txn, ctx, mail, refusal);
	}
	if (err == RST_OK)
		err = add_invitation(txn, ctx, invite, mail, fresh, ret_id,
		                     refusal);
	if (err == RST_OK && invite->post != NULL)
		err = queue_mail(txn, ctx, mail, fresh, invite->post, refusal);
	return err;
}

enum rst_err
act_invite(const struct act_ctx *ctx, const struct act_invite *invite,
           char token[RST_TOKEN_TEXT], uint64_t *ret_id,
           struct act_refusal *refusal)
{
	char mail[RST_MAIL_MAX + 1];
	struct act_invite whole = *invite;
	struct act_preset_room room;
	struct rst_wtxn txn = { 0 };
	struct fresh fresh = { 0 };
	uint64_t id = 0;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = check_invite(invite, mail, refusal);
	if (err != RST_OK)
		return err;
	err = act_write_begin(ctx, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = act_preset_apply(&txn.r, &whole, &room, refusal);
	if (err == RST_OK)
		err = invite_in(&txn, ctx, &whole, mail, &fresh, &id, refusal);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK) {
		memcpy(token, fresh.token, RST_TOKEN_TEXT);
		*ret_id = id;
	}
	sodium_memzero(&fresh, sizeof(fresh));
	return err;
}

enum rst_err
act_invitation_revoke(const struct act_ctx *ctx, uint64_t id,
                      struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = rst_record_get(&txn.r, id, &record);
	if (err == RST_OK && record.kind != RST_KIND_INVITATION)
		err = RST_ENOTFOUND;
	/* Revoked twice is revoked. */
	if (err != RST_OK ||
	    rst_record_first(&record, RST_A_ROSTERREVOKED).len > 0)
		goto out;
	err = revoke(&txn, ctx, id, refusal);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
out:
	rst_write_abort(&txn);
	return err;
}

/* As long as it was made for. */
static enum rst_err
lifetime_of(const struct rst_rtxn *txn, const struct rst_record *record,
            int64_t *ret_lifetime_s)
{
	int64_t made_s, expires_s;

	if (!lifecycle_time_parse(
		    rst_record_first(record, RST_A_CREATETIMESTAMP), &made_s) ||
	    !lifecycle_time_parse(rst_record_first(record, RST_A_ROSTEREXPIRES),
	                          &expires_s) ||
	    rule_invitation_lifetime(expires_s - made_s) != RULE_OK)
		return lifecycle_setting_number(
			txn, RULE_SETTING_INVITATION_LIFETIME, ret_lifetime_s);
	*ret_lifetime_s = expires_s - made_s;
	return RST_OK;
}

static enum rst_err
renew(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t id,
      struct rst_entry *entry, const struct fresh *fresh,
      struct act_refusal *refusal)
{
	enum rst_err err;

	err = rst_entry_set_one(entry, RST_A_ROSTERTOKENDIGEST,
	                        rst_view_of(fresh->hex));
	if (err == RST_OK)
		err = rst_entry_set_one(entry, RST_A_ROSTEREXPIRES,
		                        rst_view_of(fresh->expires));
	if (err == RST_OK)
		err = act_gate_modify(txn, ctx, "resend-invitation",
		                      RST_VIEW(""), id, entry, refusal);
	return err;
}

enum rst_err
act_invitation_resend(const struct act_ctx *ctx, uint64_t id,
                      const struct act_post *post, char token[RST_TOKEN_TEXT],
                      struct act_refusal *refusal)
{
	char mail[RST_MAIL_MAX + 1] = "";
	struct rule_invitation invitation;
	struct rst_entry *entry = NULL;
	struct rst_wtxn txn = { 0 };
	struct fresh fresh = { 0 };
	struct rst_record record;
	int64_t lifetime_s;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = act_load(&txn.r, id, RST_KIND_INVITATION, &entry, &record);
	if (err != RST_OK)
		goto out;
	invitation = read_invitation(&record);
	if (invitation.revoked || invitation.used >= invitation.uses)
		err = act_refuse(refusal, RULE_INVALID_INVITE, NULL);
	else if (post != NULL &&
	         (!rst_view_copy(rst_record_first(&record, RST_A_MAIL), mail,
	                         sizeof(mail)) ||
	          mail[0] == '\0'))
		err = act_refuse(refusal, RULE_INVALID_EMAIL, "mail");
	if (err == RST_OK)
		err = lifetime_of(&txn.r, &record, &lifetime_s);
	if (err != RST_OK)
		goto out;
	fresh_make(&fresh, ctx->now_s + lifetime_s);
	err = renew(&txn, ctx, id, entry, &fresh, refusal);
	if (err == RST_OK && post != NULL)
		err = queue_mail(&txn, ctx, mail, &fresh, post, refusal);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
	if (err == RST_OK)
		memcpy(token, fresh.token, RST_TOKEN_TEXT);
out:
	rst_write_abort(&txn);
	rst_entry_free(entry);
	sodium_memzero(&fresh, sizeof(fresh));
	return err;
}
