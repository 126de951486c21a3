/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_link.c - links for one act: made, opened, used
 *
 *	dn: cn=<uuid>,ou=tokens,<suffix>
 *	objectClass: rosterToken
 *	rosterPurpose: reset
 *	rosterOwner: uid=alice,ou=people,<suffix>	if it is somebody's
 *	rosterUsername: bob				of a registration
 *	mail: bob@example.org				that it proves
 *	rosterTokenDigest: <BLAKE2b-256 of the token, hex>
 *	rosterExpires, rosterMadeFrom, rosterUsed: 1
 *
 * They end with what they stood for: gate_token.c.
 */
#include <sodium.h>
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/moment.h"
#include "store/index.h"

#define BATCH 64 /* ids taken from the store at a time */

static struct rst_view
optional(struct rst_view value)
{
	return value.len > 0 ? value : rst_view(NULL, 0);
}

/* What is kept of a new token, and when it ends. */
struct fresh {
	char token[RST_TOKEN_TEXT];
	char hex[ACT_HEX_BYTES];
	char expires[LIFECYCLE_TIME_BYTES];
	char uuid[LIFECYCLE_UUID_BYTES];
	char rdn[3 + LIFECYCLE_UUID_BYTES];
};

static void
fresh_make(struct fresh *fresh, int64_t expires_s)
{
	unsigned char digest[RST_DIGEST_BYTES];

	rst_token_new(fresh->token, digest);
	(void)sodium_bin2hex(fresh->hex, sizeof(fresh->hex), digest,
	                     sizeof(digest));
	lifecycle_time_print(expires_s, fresh->expires);
	lifecycle_uuid_new(fresh->uuid);
	(void)snprintf(fresh->rdn, sizeof(fresh->rdn), "cn=%s", fresh->uuid);
}

static enum rst_err
build(struct rst_wtxn *txn, const struct act_ctx *ctx,
      const struct act_link *link, const struct fresh *fresh,
      struct rst_entry **ret_entry, struct act_refusal *refusal)
{
	char dn[RST_DN_MAX];
	uint64_t place;
	size_t len = 0;
	enum rst_err err = RST_OK;

	if (link->owner != 0)
		err = rst_tree_dn(&txn->r, link->owner, dn, sizeof(dn), &len);
	if (err == RST_OK)
		err = act_place(txn, ctx, "ou=tokens", &place, refusal);
	if (err == RST_OK) {
		const struct act_value values[] = {
			{ RST_A_OBJECTCLASS, RST_VIEW("top") },
			{ RST_A_OBJECTCLASS, RST_VIEW("rosterToken") },
			{ RST_A_CN, rst_view_of(fresh->uuid) },
			{ RST_A_ENTRYUUID, rst_view_of(fresh->uuid) },
			{ RST_A_ROSTERPURPOSE, rst_view_of(link->purpose) },
			{ RST_A_ROSTEROWNER, optional(rst_view(dn, len)) },
			{ RST_A_ROSTERUSERNAME, optional(link->username) },
			{ RST_A_MAIL, optional(link->mail) },
			{ RST_A_ROSTERTOKENDIGEST, rst_view_of(fresh->hex) },
			{ RST_A_ROSTERMADEFROM, optional(ctx->address) },
			{ RST_A_ROSTEREXPIRES, rst_view_of(fresh->expires) },
		};
		err = act_build(place, rst_view_of(fresh->rdn),
		                rst_view_of(fresh->rdn), values,
		                sizeof(values) / sizeof(values[0]), ret_entry);
	}
	return err;
}

enum rst_err
act_link_add(struct rst_wtxn *txn, const struct act_ctx *ctx,
             const struct act_link *link, char token[RST_TOKEN_TEXT],
             uint64_t *ret_id, struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct fresh fresh = { 0 };
	char act[32];
	enum rst_err err;

	fresh_make(&fresh, ctx->now_s + link->lifetime_s);
	(void)snprintf(act, sizeof(act), "link-%s", link->purpose);
	err = build(txn, ctx, link, &fresh, &entry, refusal);
	if (err == RST_OK)
		err = act_gate_add(txn, ctx, act, entry, ret_id, refusal);
	if (err == RST_OK)
		memcpy(token, fresh.token, RST_TOKEN_TEXT);
	rst_entry_free(entry);
	sodium_memzero(&fresh, sizeof(fresh));
	return err;
}

/* The owner the entry names; gone, so is what the link was for. */
static enum rst_err
owner_of(const struct rst_rtxn *txn, const struct rst_record *record,
         uint64_t *ret_owner)
{
	struct rst_view owner = rst_record_first(record, RST_A_ROSTEROWNER);
	char ndn[RST_NORMAL_MAX];
	size_t len;
	enum rst_err err;

	*ret_owner = 0;
	if (owner.len == 0)
		return RST_OK;
	err = rst_normalise(RST_MATCH_DN, owner, ndn, &len);
	return err == RST_OK
	               ? rst_tree_find(txn, rst_view(ndn, len), ret_owner, NULL)
	               : err;
}

static bool
is_live(const struct rst_record *record, const char *purpose, int64_t now_s)
{
	return rst_view_equal_nocase(
		       rst_record_first(record, RST_A_ROSTERPURPOSE),
		       rst_view_of(purpose)) &&
	       act_token_state(record, now_s) == ACT_TOKEN_LIVE;
}

enum rst_err
act_link_open(const struct rst_rtxn *txn, int64_t now_s, struct rst_view token,
              const char *purpose, struct rst_entry **ret_entry,
              struct rst_record *ret_record, uint64_t *ret_owner,
              struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	char hex[ACT_HEX_BYTES];
	struct rst_record record;
	uint64_t id, owner = 0;
	size_t n;
	bool may = true;
	enum rst_err err;

	if (!act_token_hex(token, hex))
		return act_refuse(refusal, RULE_INVALID_LINK, "token");
	err = rst_index_equal(txn, RST_A_ROSTERTOKENDIGEST, rst_view_of(hex), 0,
	                      &id, 1, &n);
	if (err == RST_OK && n == 0)
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = act_load(txn, id, RST_KIND_TOKEN, &entry, &record);
	if (err == RST_OK && !is_live(&record, purpose, now_s))
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = owner_of(txn, &record, &owner);
	/* What lets somebody in is no better than who made it. */
	if (err == RST_OK && strcmp(purpose, ACT_PURPOSE_REGISTRATION) == 0)
		err = act_maker_may(txn, &record, now_s, &may);
	if (err == RST_OK && !may)
		err = RST_ENOTFOUND;
	if (err != RST_OK) {
		rst_entry_free(entry);
		return err == RST_ENOTFOUND
		               ? act_refuse(refusal, RULE_INVALID_LINK, "token")
		               : err;
	}
	*ret_entry = entry;
	*ret_record = record;
	*ret_owner = owner;
	return RST_OK;
}

enum rst_err
act_link_use(struct rst_wtxn *txn, const struct act_ctx *ctx,
             struct rst_entry *entry, struct act_refusal *refusal)
{
	enum rst_err err;

	err = rst_entry_set_one(entry, RST_A_ROSTERUSED, RST_VIEW("1"));
	if (err == RST_OK)
		err = act_gate_modify(txn, ctx, "use-link", RST_VIEW(""),
		                      rst_entry_id(entry), entry, refusal);
	return err;
}

enum rst_err
act_link_lives(const struct rst_rtxn *txn, uint64_t owner, const char *purpose,
               int64_t now_s, bool *ret_lives)
{
	uint64_t ids[BATCH], after = 0;
	struct rst_record record;
	bool lives = false;
	size_t n = BATCH;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH && !lives) {
		err = act_tokens_of(txn, owner, purpose, after, ids, BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n && !lives; i++) {
			after = ids[i];
			err = rst_record_get(txn, after, &record);
			lives = err == RST_OK &&
			        act_token_state(&record, now_s) ==
			                ACT_TOKEN_LIVE;
		}
	}
	if (err == RST_OK)
		*ret_lives = lives;
	return err;
}

static enum rst_err
end_one(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t id,
        struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct rst_record record;
	enum rst_err err;

	err = act_load(&txn->r, id, RST_KIND_TOKEN, &entry, &record);
	if (err == RST_OK &&
	    act_token_state(&record, ctx->now_s) == ACT_TOKEN_LIVE) {
		err = gate_end_token(entry, ctx->now_s);
		if (err == RST_OK)
			err = act_gate_modify(txn, ctx, "revoke-token",
			                      RST_VIEW(""), id, entry, refusal);
	}
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_link_end(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t owner,
             const char *purpose, struct act_refusal *refusal)
{
	uint64_t ids[BATCH], after = 0;
	size_t n = BATCH;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH) {
		err = act_tokens_of(&txn->r, owner, purpose, after, ids, BATCH,
		                    &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			after = ids[i];
			err = end_one(txn, ctx, after, refusal);
		}
	}
	return err;
}
