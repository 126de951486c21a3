/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_token.c - API tokens: made, looked up, revoked
 *
 *	dn: cn=<uuid>,ou=tokens,<suffix>
 *	objectClass: rosterToken
 *	rosterPurpose: api
 *	rosterOwner: uid=alice,ou=people,<suffix>
 *	displayName: backup of the wiki
 *	rosterTokenDigest: <BLAKE2b-256 of the token, hex>
 *	rosterTokenPrefix: rst_4fKx90Qa
 *	rosterScope, rosterAllowedAddress, rosterMadeFrom, rosterExpires
 */
#include <sodium.h>
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/place.h"
#include "lifecycle/setting.h"
#include "rules/clock.h"
#include "store/index.h"

#define BATCH 64 /* ids taken from the store at a time */

void
act_api_token_hex(struct rst_view text, char hex[ACT_HEX_BYTES])
{
	unsigned char digest[RST_DIGEST_BYTES];

	crypto_generichash(digest, sizeof(digest),
	                   (const unsigned char *)text.ptr, text.len, NULL, 0);
	(void)sodium_bin2hex(hex, ACT_HEX_BYTES, digest, sizeof(digest));
}

static void
make_text(char text[RULE_TOKEN_TEXT])
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz";
	char random[RULE_TOKEN_RANDOM];

	for (size_t i = 0; i < sizeof(random); i++)
		random[i] = digits[randombytes_uniform(62)];
	rule_token_make(random, text);
	sodium_memzero(random, sizeof(random));
}

/* ---------------------------------------------------------------- looking */

enum act_token_state
act_token_state(const struct rst_record *record, int64_t now_s)
{
	struct rst_view expires = rst_record_first(record, RST_A_ROSTEREXPIRES);
	int64_t expires_s = RULE_NEVER, made_s = 0;

	if (rst_record_first(record, RST_A_ROSTERUSED).len > 0)
		return ACT_TOKEN_USED;
	if (rst_record_first(record, RST_A_ROSTERREVOKED).len > 0)
		return ACT_TOKEN_REVOKED;
	/* What does not read, admits nobody; nor what is from the future. */
	if (expires.len > 0 && !lifecycle_time_parse(expires, &expires_s))
		return ACT_TOKEN_EXPIRED;
	if (!lifecycle_time_parse(
		    rst_record_first(record, RST_A_CREATETIMESTAMP), &made_s) ||
	    rule_clock_from_the_future(made_s, now_s))
		return ACT_TOKEN_EXPIRED;
	return now_s < expires_s ? ACT_TOKEN_LIVE : ACT_TOKEN_EXPIRED;
}

const char *
act_token_state_word(enum act_token_state state)
{
	switch (state) {
	case ACT_TOKEN_LIVE:
		return "open";
	case ACT_TOKEN_USED:
		return "used";
	case ACT_TOKEN_EXPIRED:
		return "expired";
	case ACT_TOKEN_REVOKED:
		return "revoked";
	}
	return "";
}

bool
act_token_is_for(const struct rst_record *record, const char *purpose)
{
	return record->kind == RST_KIND_TOKEN &&
	       rst_view_equal_nocase(
		       rst_record_first(record, RST_A_ROSTERPURPOSE),
		       rst_view_of(purpose));
}

enum rst_err
act_tokens_of(const struct rst_rtxn *txn, uint64_t owner, const char *purpose,
              uint64_t after, uint64_t *ids, size_t max, size_t *ret_n)
{
	struct rst_record record;
	uint64_t found[BATCH];
	char dn[RST_DN_MAX];
	size_t len, n = BATCH, kept = 0;
	enum rst_err err;

	err = rst_tree_dn(txn, owner, dn, sizeof(dn), &len);
	while (err == RST_OK && n == BATCH && kept < max) {
		err = rst_index_equal(txn, RST_A_ROSTEROWNER, rst_view(dn, len),
		                      after, found, BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n && kept < max; i++) {
			after = found[i];
			err = rst_record_get(txn, after, &record);
			if (err == RST_OK && act_token_is_for(&record, purpose))
				ids[kept++] = after;
		}
	}
	if (err == RST_OK)
		*ret_n = kept;
	return err;
}

enum rst_err
act_token_owner(const struct rst_rtxn *txn, const struct rst_record *token,
                uint64_t *ret_id)
{
	struct rst_view owner = rst_record_first(token, RST_A_ROSTEROWNER);
	char ndn[RST_NORMAL_MAX];
	size_t len;
	enum rst_err err;

	if (owner.len == 0)
		return RST_ENOTFOUND;
	err = rst_normalise(RST_MATCH_DN, owner, ndn, &len);
	return err == RST_OK
	               ? rst_tree_find(txn, rst_view(ndn, len), ret_id, NULL)
	               : err;
}

enum rst_err
act_find_token(const struct rst_rtxn *txn, struct rst_view id,
               const char *purpose, uint64_t owner, uint64_t *ret_id)
{
	char nrdn[3 + LIFECYCLE_UUID_BYTES] = "cn=";
	struct rst_record record;
	uint64_t place, found, whose;
	enum rst_err err;

	if (!rst_view_copy(id, nrdn + 3, LIFECYCLE_UUID_BYTES) ||
	    strspn(nrdn + 3, "0123456789abcdef-") != id.len || id.len == 0)
		return RST_ENOTFOUND;
	err = lifecycle_place(txn, "ou=tokens", &place);
	if (err == RST_OK)
		err = rst_tree_child(txn, place, rst_view_of(nrdn), &found);
	if (err == RST_OK)
		err = rst_record_get(txn, found, &record);
	if (err == RST_OK && !act_token_is_for(&record, purpose))
		err = RST_ENOTFOUND;
	if (err == RST_OK && owner != 0) {
		err = act_token_owner(txn, &record, &whose);
		if (err == RST_OK && whose != owner)
			err = RST_ENOTFOUND;
	}
	if (err == RST_OK)
		*ret_id = found;
	return err;
}

/* ----------------------------------------------------------------- making */

/* The moment at which it ends; whether that is too far or over already, is
 * the gate's to say. */
static enum rst_err
end_of(const struct rst_rtxn *txn, const struct act_token *token, int64_t now_s,
       int64_t *ret_end_s)
{
	int64_t lifetime_s = token->lifetime_s, most;
	enum rst_err err;

	err = lifecycle_setting_number(txn, RULE_SETTING_TOKEN_LIFETIME, &most);
	if (err != RST_OK)
		return err;
	*ret_end_s = RULE_NEVER;
	if (lifetime_s == RULE_NEVER)
		return RST_OK;
	if (lifetime_s == 0)
		lifetime_s = most > 0 && most < RULE_TOKEN_DEFAULT_S
		                     ? most
		                     : RULE_TOKEN_DEFAULT_S;
	if (lifetime_s > RULE_TOKEN_MAX_S)
		lifetime_s = RULE_TOKEN_MAX_S + 1;
	*ret_end_s = now_s + (lifetime_s < 0 ? -1 : lifetime_s);
	return RST_OK;
}

/* The forms of all doors have other names for these attributes. */
static void
name_field(struct act_refusal *refusal)
{
	static const struct {
		const char *attribute, *field;
	} names[] = {
		{ "rosterExpires", "ttl" },
		{ "displayName", "name" },
		{ "rosterScope", "scope" },
		{ "rosterAllowedAddress", "addresses" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (refusal->field != NULL &&
		    strcmp(refusal->field, names[i].attribute) == 0)
			refusal->field = names[i].field;
}

static enum rst_err
add_all(struct rst_entry *entry, uint16_t attr, const struct rst_view *values,
        size_t n)
{
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && i < n; i++)
		err = rst_entry_add(entry, attr, values[i]);
	return err;
}

static struct rst_view
optional(struct rst_view value)
{
	return value.len > 0 ? value : rst_view(NULL, 0);
}

static enum rst_err
add(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t owner,
    const struct act_token *token, const char *text, int64_t expires_s,
    uint64_t *ret_id, struct act_refusal *refusal)
{
	static const struct rst_view inherit = { "inherit", 7 };
	char uuid[LIFECYCLE_UUID_BYTES], rdn[3 + LIFECYCLE_UUID_BYTES];
	char hex[ACT_HEX_BYTES], dn[RST_DN_MAX], ends[LIFECYCLE_TIME_BYTES];
	struct rst_entry *entry = NULL;
	uint64_t place;
	size_t len;
	enum rst_err err;

	lifecycle_uuid_new(uuid);
	(void)snprintf(rdn, sizeof(rdn), "cn=%s", uuid);
	act_api_token_hex(rst_view_of(text), hex);
	lifecycle_time_print(expires_s, ends);
	err = rst_tree_dn(&txn->r, owner, dn, sizeof(dn), &len);
	if (err == RST_OK)
		err = act_place(txn, ctx, "ou=tokens", &place, refusal);
	if (err == RST_OK) {
		const struct act_value values[] = {
			{ RST_A_OBJECTCLASS, RST_VIEW("top") },
			{ RST_A_OBJECTCLASS, RST_VIEW("rosterToken") },
			{ RST_A_CN, rst_view_of(uuid) },
			{ RST_A_ENTRYUUID, rst_view_of(uuid) },
			{ RST_A_ROSTERPURPOSE, RST_VIEW("api") },
			{ RST_A_ROSTEROWNER, rst_view(dn, len) },
			{ RST_A_DISPLAYNAME, token->name },
			{ RST_A_ROSTERTOKENDIGEST, rst_view_of(hex) },
			{ RST_A_ROSTERTOKENPREFIX,
			  rst_view(text, RULE_TOKEN_PREFIX) },
			{ RST_A_ROSTERMADEFROM, optional(ctx->address) },
			{ RST_A_ROSTEREXPIRES, expires_s != RULE_NEVER
			                               ? rst_view_of(ends)
			                               : rst_view(NULL, 0) },
		};
		err = act_build(place, rst_view_of(rdn), rst_view_of(rdn),
		                values, sizeof(values) / sizeof(values[0]),
		                &entry);
	}
	if (err == RST_OK)
		err = add_all(entry, RST_A_ROSTERSCOPE,
		              token->n_scopes > 0 ? token->scopes : &inherit,
		              token->n_scopes > 0 ? token->n_scopes : 1);
	if (err == RST_OK)
		err = add_all(entry, RST_A_ROSTERALLOWEDADDRESS,
		              token->addresses, token->n_addresses);
	if (err == RST_OK)
		err = act_gate_add(txn, ctx, "create-token", entry, ret_id,
		                   refusal);
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_token_create(const struct act_ctx *ctx, uint64_t owner,
                 const struct act_token *token, char text[RULE_TOKEN_TEXT],
                 uint64_t *ret_id, struct act_refusal *refusal)
{
	char fresh[RULE_TOKEN_TEXT];
	struct rst_wtxn txn = { 0 };
	int64_t end_s;
	uint64_t id = 0;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	make_text(fresh);
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = end_of(&txn.r, token, ctx->now_s, &end_s);
	if (err == RST_OK)
		err = add(&txn, ctx, owner, token, fresh, end_s, &id, refusal);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
	if (err == RST_OK) {
		memcpy(text, fresh, RULE_TOKEN_TEXT);
		*ret_id = id;
	}
	name_field(refusal);
	rst_write_abort(&txn);
	sodium_memzero(fresh, sizeof(fresh));
	return err;
}

enum rst_err
act_token_revoke(const struct act_ctx *ctx, uint64_t id,
                 struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	/* Shutting somebody out must not wait for room. */
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	err = act_load(&txn.r, id, RST_KIND_TOKEN, &entry, &record);
	if (err != RST_OK ||
	    rst_record_first(&record, RST_A_ROSTERREVOKED).len > 0)
		goto out;
	err = gate_end_token(entry, ctx->now_s);
	if (err == RST_OK)
		err = act_gate_modify(&txn, ctx, "revoke-token", RST_VIEW(""),
		                      id, entry, refusal);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
out:
	rst_write_abort(&txn);
	rst_entry_free(entry);
	return err;
}
