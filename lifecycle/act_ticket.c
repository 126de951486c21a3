/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_ticket.c - a link by which one username can be registered
 *
 * The gate ends it when that name was given to somebody, however: a link that
 * outlives the account it made would make it anew.
 */
#include <sodium.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/setting.h"

/* A tombstone gives up the name when its time is over. */
static enum rst_err
is_free_again(const struct rst_rtxn *txn, uint64_t tombstone, int64_t now_s,
              bool *ret_free)
{
	struct rst_record record;
	int64_t free_s;
	enum rst_err err = rst_record_get(txn, tombstone, &record);

	if (err == RST_OK)
		*ret_free = lifecycle_time_parse(
				    rst_record_first(&record,
		                                     RST_A_ROSTERNAMEFREEAT),
				    &free_s) &&
		            free_s <= now_s;
	return err;
}

enum rst_err
act_name_free(const struct rst_rtxn *txn, const char *username, int64_t now_s,
              struct act_refusal *refusal)
{
	struct rst_ident_owner owner;
	uint64_t except = 0;
	bool is_free = false;
	enum rst_err err;

	err = rst_ident_owner(txn, RST_IDENT_USERNAME, rst_view_of(username),
	                      except, &owner);
	if (err == RST_ENOTFOUND)
		return RST_OK;
	if (err == RST_OK && owner.tombstone)
		err = is_free_again(txn, owner.id, now_s, &is_free);
	if (err == RST_OK && !is_free)
		return act_refuse(refusal, RULE_USERNAME_TAKEN, "username");
	return err;
}

static enum rst_err
create(struct rst_wtxn *txn, const struct act_ctx *ctx, const char *username,
       int64_t lifetime_s, char token[RST_TOKEN_TEXT], uint64_t *ret_id,
       struct act_refusal *refusal)
{
	struct act_link link = {
		.purpose = ACT_PURPOSE_REGISTRATION,
		.username = rst_view_of(username),
		.lifetime_s = lifetime_s,
	};
	enum rst_err err = RST_OK;

	if (lifetime_s == 0)
		err = lifecycle_setting_number(
			&txn->r, RULE_SETTING_REGISTRATION_TOKEN_LIFETIME,
			&link.lifetime_s);
	if (err == RST_OK)
		err = act_name_free(&txn->r, username, ctx->now_s, refusal);
	if (err == RST_OK)
		err = act_link_add(txn, ctx, &link, token, ret_id, refusal);
	return err;
}

enum rst_err
act_ticket_create(const struct act_ctx *ctx, struct rst_view username,
                  int64_t lifetime_s, char token[RST_TOKEN_TEXT],
                  uint64_t *ret_id, struct act_refusal *refusal)
{
	const struct rule_setting *lifetime =
		rule_setting(RULE_SETTING_REGISTRATION_TOKEN_LIFETIME);
	char name[RULE_NAME_MAX + 1], fresh[RST_TOKEN_TEXT];
	struct rst_wtxn txn = { 0 };
	uint64_t id = 0;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = act_check_username(username, ACT_FORM_PUBLIC, name, refusal);
	if (err == RST_OK && lifetime_s != 0 &&
	    (lifetime_s < lifetime->min || lifetime_s > lifetime->max))
		err = act_refuse(refusal, RULE_INVALID_EXPIRY, "expires");
	if (err == RST_OK)
		err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = create(&txn, ctx, name, lifetime_s, fresh, &id, refusal);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK) {
		memcpy(token, fresh, RST_TOKEN_TEXT);
		*ret_id = id;
	}
	sodium_memzero(fresh, sizeof(fresh));
	return err;
}

enum rst_err
act_ticket_find(const struct act_ctx *ctx, struct rst_view token,
                char username[RULE_NAME_MAX + 1], struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct rst_record record;
	struct rst_rtxn txn;
	uint64_t owner;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = act_link_open(&txn, ctx->now_s, token, ACT_PURPOSE_REGISTRATION,
	                    &entry, &record, &owner, refusal);
	if (err == RST_OK &&
	    !rst_view_copy(rst_record_first(&record, RST_A_ROSTERUSERNAME),
	                   username, RULE_NAME_MAX + 1))
		err = RST_EDENIED;
	if (err == RST_EDENIED)
		err = act_refuse(refusal, RULE_INVALID_INVITE, "token");
	rst_read_end(&txn);
	rst_entry_free(entry);
	return err;
}
