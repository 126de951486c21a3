/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_token.c - API tokens: made, used, revoked
 *
 *	dn: cn=<uuid>,ou=tokens,<suffix>
 *	objectClass: rosterToken
 *	rosterPurpose: api
 *	rosterOwner: uid=alice,ou=people,<suffix>
 *	displayName: backup of the wiki
 *	rosterTokenDigest: <BLAKE2b-256 of the token, hex>
 *	rosterTokenPrefix: rst_4fKx90Qa
 *	rosterScope, rosterAllowedAddress, rosterMadeFrom, rosterExpires
 *
 * When it was used last, and when a refusal of it was journaled, is what may
 * be lost, so no entry is written for it but a line of the environment:
 *
 *	token-<id, hex>	= <used, seconds> <refused, seconds> <address>
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/attempt.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/place.h"
#include "lifecycle/setting.h"
#include "rules/clock.h"
#include "store/index.h"

#define BATCH      64 /* ids taken from the store at a time */
#define NOTED_S    60 /* how exact "last used" is, and refusals come */
#define NOTE_BYTES 128
#define NAME_BYTES 32 /* of "token-0123456789abcdef" */

static void
hex_of(struct rst_view text, char hex[ACT_HEX_BYTES])
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

static bool
is_for(const struct rst_record *record, const char *purpose)
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
			if (err == RST_OK && is_for(&record, purpose))
				ids[kept++] = after;
		}
	}
	if (err == RST_OK)
		*ret_n = kept;
	return err;
}

static enum rst_err
owner_of(const struct rst_rtxn *txn, const struct rst_record *token,
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
	if (err == RST_OK && !is_for(&record, purpose))
		err = RST_ENOTFOUND;
	if (err == RST_OK && owner != 0) {
		err = owner_of(txn, &record, &whose);
		if (err == RST_OK && whose != owner)
			err = RST_ENOTFOUND;
	}
	if (err == RST_OK)
		*ret_id = found;
	return err;
}

/* ----------------------------------------------------------------- making */

/* The moment at which it ends. */
static enum rst_err
read_lifetime(const struct rst_rtxn *txn, const struct act_token *token,
              int64_t now_s, int64_t *ret_expires_s,
              struct act_refusal *refusal)
{
	int64_t most =
		lifecycle_setting_number(txn, RULE_SETTING_TOKEN_LIFETIME);
	int64_t lifetime_s = token->lifetime_s;

	if (lifetime_s == 0)
		lifetime_s = most > 0 && most < RULE_TOKEN_DEFAULT_S
		                     ? most
		                     : RULE_TOKEN_DEFAULT_S;
	if (lifetime_s < 0 || (most > 0 && lifetime_s > most) ||
	    (lifetime_s != RULE_NEVER && lifetime_s > RULE_TOKEN_MAX_S))
		return act_refuse(refusal, RULE_INVALID_EXPIRY, "ttl");
	*ret_expires_s =
		lifetime_s == RULE_NEVER ? RULE_NEVER : now_s + lifetime_s;
	return RST_OK;
}

/* What can be told without a look into the directory. */
static enum rst_err
check(const struct act_token *token, struct act_refusal *refusal)
{
	if (token->name.len > RULE_TOKEN_NAME_MAX ||
	    rule_person_name(token->name.ptr, token->name.len) != RULE_OK)
		return act_refuse(refusal, RULE_INVALID_NAME, "name");
	if (token->n_scopes > RULE_SCOPES_MAX)
		return act_refuse(refusal, RULE_INVALID_SCOPE, "scope");
	for (size_t i = 0; i < token->n_scopes; i++)
		if (rule_scope(token->scopes[i].ptr, token->scopes[i].len) !=
		    RULE_OK)
			return act_refuse(refusal, RULE_INVALID_SCOPE, "scope");
	if (token->n_addresses > RULE_ADDRESSES_MAX)
		return act_refuse(refusal, RULE_INVALID_ADDRESS, "addresses");
	for (size_t i = 0; i < token->n_addresses; i++)
		if (rule_address(token->addresses[i].ptr,
		                 token->addresses[i].len) != RULE_OK)
			return act_refuse(refusal, RULE_INVALID_ADDRESS,
			                  "addresses");
	return RST_OK;
}

/* An owner who may sign in, with room for one more. */
static enum rst_err
check_owner(const struct rst_rtxn *txn, uint64_t owner, int64_t now_s,
            struct act_refusal *refusal)
{
	struct rst_record record;
	uint64_t ids[BATCH], after = 0;
	size_t n = BATCH, live = 0;
	enum rst_err err;

	err = rst_record_get(txn, owner, &record);
	if (err == RST_OK && record.kind == RST_KIND_PERSON &&
	    !rule_state_may_sign_in(act_state(&record, now_s)))
		return act_refuse(refusal, RULE_ACCOUNT_INACTIVE, NULL);
	while (err == RST_OK && n == BATCH) {
		err = act_tokens_of(txn, owner, "api", after, ids, BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			after = ids[i];
			err = rst_record_get(txn, after, &record);
			if (err == RST_OK &&
			    act_token_state(&record, now_s) == ACT_TOKEN_LIVE)
				live++;
		}
	}
	if (err == RST_OK && live >= RULE_TOKENS_MAX)
		return act_refuse(refusal, RULE_TOO_MANY_TOKENS, NULL);
	return err;
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
	hex_of(rst_view_of(text), hex);
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
	int64_t expires_s = 0;
	uint64_t id = 0;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = check(token, refusal);
	if (err != RST_OK)
		return err;
	make_text(fresh);
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = check_owner(&txn.r, owner, ctx->now_s, refusal);
	if (err == RST_OK)
		err = read_lifetime(&txn.r, token, ctx->now_s, &expires_s,
		                    refusal);
	if (err == RST_OK)
		err = add(&txn, ctx, owner, token, fresh, expires_s, &id,
		          refusal);
	if (err == RST_OK)
		err = act_commit(&txn, ctx);
	if (err == RST_OK) {
		memcpy(text, fresh, RULE_TOKEN_TEXT);
		*ret_id = id;
	}
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

/* ------------------------------------------------------------------ notes */

struct note {
	int64_t used_s, refused_s;
	char address[64];
};

static void
note_name(uint64_t token, char name[NAME_BYTES])
{
	(void)snprintf(name, NAME_BYTES, "token-%" PRIx64, token);
}

/* The number before a blank, off *rest. */
static bool
take_number(struct rst_view *rest, int64_t *ret_number)
{
	const char *blank =
		rest->len > 0 ? memchr(rest->ptr, ' ', rest->len) : NULL;
	uint64_t number;
	size_t len;

	if (blank == NULL)
		return false;
	len = (size_t)(blank - rest->ptr);
	if (!rst_view_number(rst_view(rest->ptr, len), INT64_MAX, &number))
		return false;
	*ret_number = (int64_t)number;
	*rest = rst_view(blank + 1, rest->len - len - 1);
	return true;
}

static struct note
read_note(const struct rst_rtxn *txn, uint64_t token)
{
	struct note note = { 0 };
	char name[NAME_BYTES];
	struct rst_view rest;

	note_name(token, name);
	if (rst_setting_get(txn, name, &rest) == RST_OK &&
	    (!take_number(&rest, &note.used_s) ||
	     !take_number(&rest, &note.refused_s) ||
	     !rst_view_copy(rest, note.address, sizeof(note.address))))
		note = (struct note){ 0 };
	return note;
}

static enum rst_err
put_note(struct rst_wtxn *txn, uint64_t token, const struct note *note)
{
	char name[NAME_BYTES], text[NOTE_BYTES];

	note_name(token, name);
	(void)snprintf(text, sizeof(text), "%" PRId64 " %" PRId64 " %s",
	               note->used_s, note->refused_s, note->address);
	return rst_setting_put(txn, name, rst_view_of(text));
}

enum rst_err
act_token_last(const struct rst_rtxn *txn, uint64_t token, int64_t *ret_time_s,
               char address[64])
{
	struct note note = read_note(txn, token);

	if (note.used_s == 0)
		return RST_ENOTFOUND;
	*ret_time_s = note.used_s;
	memcpy(address, note.address, sizeof(note.address));
	return RST_OK;
}

/* It is time to write one anew; the clock may have been set back. */
static bool
is_due(int64_t noted_s, int64_t now_s)
{
	return now_s < noted_s || now_s - noted_s >= NOTED_S;
}

/* When the directory is busy, next time. */
static void
note_use(const struct act_ctx *ctx, uint64_t token)
{
	struct rst_wtxn txn = { 0 };
	struct note note;

	if (rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn) != RST_OK)
		return;
	note = read_note(&txn.r, token);
	note.used_s = ctx->now_s;
	(void)rst_view_copy(ctx->address, note.address, sizeof(note.address));
	if (put_note(&txn, token, &note) == RST_OK)
		(void)!act_commit(&txn, ctx);
	rst_write_abort(&txn);
}

/* Why somebody who has a real token is not let in, for the journal. */
static void
note_refusal(const struct act_ctx *ctx, uint64_t token, const char *why)
{
	struct rst_journal_entry entry = {
		.op = RST_J_EVENT,
		.door = ctx->door,
		.act = RST_VIEW("token-refused"),
		.address = ctx->address,
		.reason = rst_view_of(why),
		.time_s = ctx->now_s,
		.time_us = ctx->now_us,
	};
	char dn[RST_DN_MAX], owner[RST_DN_MAX] = "";
	struct rst_record record;
	struct rst_wtxn txn = { 0 };
	struct note note;
	size_t len;
	enum rst_err err;

	if (rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn) != RST_OK)
		return;
	note = read_note(&txn.r, token);
	err = is_due(note.refused_s, ctx->now_s) ? RST_OK : RST_ESTATE;
	if (err == RST_OK)
		err = rst_record_get(&txn.r, token, &record);
	if (err == RST_OK)
		err = rst_tree_dn(&txn.r, token, dn, sizeof(dn), &len);
	if (err == RST_OK) {
		(void)rst_view_copy(
			rst_record_first(&record, RST_A_ROSTEROWNER), owner,
			1024);
		entry.dn = rst_view(dn, len);
		entry.actor = rst_view_of(owner);
		err = rst_journal_append(&txn, &entry, NULL);
	}
	note.refused_s = ctx->now_s;
	if (err == RST_OK)
		err = put_note(&txn, token, &note);
	if (err == RST_OK)
		(void)!act_commit(&txn, ctx);
	rst_write_abort(&txn);
}

/* ------------------------------------------------------------------ using */

/* What was found of a token, copied out of a snapshot. */
struct found {
	struct act_bearer bearer;
	enum rule_verdict verdict;
	const char *why; /* static; for the journal */
	bool note;       /* the last use was a while ago */
	bool note_refusal;
};

static bool
scope_allows(const struct rst_record *record, const char *method,
             const char *path, bool *ret_inherits)
{
	struct rst_attr scopes;
	struct rst_view one;
	bool allowed = false;

	*ret_inherits = false;
	if (!rst_record_attr(record, RST_A_ROSTERSCOPE, &scopes))
		return false;
	while (rst_attr_next(&scopes, &one)) {
		if (rule_scope_is(one.ptr, one.len, "inherit"))
			*ret_inherits = true;
		if (path == NULL
		            ? rule_scope_is(one.ptr, one.len, "ldap")
		            : rule_scope_allows(one.ptr, one.len, method, path))
			allowed = true;
	}
	return allowed;
}

static bool
is_from(const struct rst_record *record, struct rst_view peer)
{
	struct rst_attr places;
	struct rst_view one;

	if (!rst_record_attr(record, RST_A_ROSTERALLOWEDADDRESS, &places))
		return true;
	while (rst_attr_next(&places, &one))
		if (rule_address_has(one.ptr, one.len, peer.ptr, peer.len))
			return true;
	return false;
}

static enum rst_err
judge_owner(const struct rst_rtxn *txn, const struct rst_record *token,
            int64_t now_s, struct found *found)
{
	struct rst_record owner;
	enum rst_err err;

	err = owner_of(txn, token, &found->bearer.owner);
	if (err == RST_OK)
		err = rst_record_get(txn, found->bearer.owner, &owner);
	if (err == RST_ENOTFOUND)
		found->why = "the owner is gone";
	if (err != RST_OK)
		return err == RST_ENOTFOUND ? RST_OK : err;
	found->bearer.owner_generation = owner.generation;
	if (owner.kind == RST_KIND_PERSON &&
	    !rule_state_may_sign_in(act_state(&owner, now_s)))
		found->why = "the owner may not sign in";
	return RST_OK;
}

static enum rst_err
judge(const struct rst_rtxn *txn, const struct act_ctx *ctx,
      const struct rst_record *record, const char *method, const char *path,
      struct found *found)
{
	struct note note = read_note(txn, record->id);
	bool allowed =
		scope_allows(record, method, path, &found->bearer.inherits);
	enum rst_err err = RST_OK;

	found->bearer.token = record->id;
	found->bearer.token_generation = record->generation;
	found->bearer.expires_s = RULE_NEVER;
	(void)lifecycle_time_parse(
		rst_record_first(record, RST_A_ROSTEREXPIRES),
		&found->bearer.expires_s);
	found->note = is_due(note.used_s, ctx->now_s);
	found->note_refusal = is_due(note.refused_s, ctx->now_s);
	switch (act_token_state(record, ctx->now_s)) {
	case ACT_TOKEN_LIVE:
		err = judge_owner(txn, record, ctx->now_s, found);
		break;
	case ACT_TOKEN_USED:
	case ACT_TOKEN_REVOKED:
		found->why = "revoked";
		break;
	case ACT_TOKEN_EXPIRED:
		found->why = "expired";
		break;
	}
	if (err == RST_OK && found->why == NULL &&
	    !is_from(record, ctx->address))
		found->why = "not from this address";
	if (found->why != NULL) {
		found->verdict = RULE_INVALID_TOKEN;
	} else if (!allowed) {
		found->verdict = RULE_INSUFFICIENT_SCOPE;
		found->why = "outside its scope";
	}
	return err;
}

/* RST_ENOTFOUND for what is no API token. */
static enum rst_err
look(const struct act_ctx *ctx, struct rst_view text, const char *method,
     const char *path, struct found *found)
{
	char hex[ACT_HEX_BYTES];
	struct rst_record record;
	struct rst_rtxn txn;
	uint64_t id;
	size_t n = 0;
	enum rst_err err;

	if (!rule_token_form(text.ptr, text.len))
		return RST_ENOTFOUND;
	hex_of(text, hex);
	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = rst_index_equal(&txn, RST_A_ROSTERTOKENDIGEST, rst_view_of(hex),
	                      0, &id, 1, &n);
	if (err == RST_OK && n == 0)
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK && !is_for(&record, "api"))
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = judge(&txn, ctx, &record, method, path, found);
	rst_read_end(&txn);
	return err;
}

/* A guess like any other: it counts for the address it came from. */
static enum rst_err
refuse_unknown(const struct act_ctx *ctx, struct rst_view text,
               struct act_refusal *refusal)
{
	struct attempt_policy policy = { .account = { 0 } };
	const struct attempt_claim claim = {
		.name = RST_VIEW("an API token"),
		.address = ctx->address,
		.password = rst_view(text.ptr, text.len < RULE_TOKEN_TEXT
		                                       ? text.len
		                                       : RULE_TOKEN_TEXT),
		.now_s = ctx->now_s,
	};
	struct attempt attempt;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(ctx->env, &txn);
	if (err == RST_OK)
		err = attempt_policy(&txn, 0, &policy);
	rst_read_end(&txn);
	/* no account of that name is to be locked: there is none */
	policy.account = (struct rule_lockout){ 0 };
	if (err == RST_OK)
		err = attempt_begin(ctx->env, &policy, &claim, &attempt);
	if (err != RST_OK)
		return err;
	attempt_end(ctx, &attempt, RST_EDENIED);
	return act_refuse(refusal,
	                  attempt.standing == ATTEMPT_THROTTLED
	                          ? RULE_TOO_MANY_ATTEMPTS
	                          : RULE_INVALID_TOKEN,
	                  NULL);
}

enum rst_err
act_token_use(const struct act_ctx *ctx, struct rst_view text,
              const char *method, const char *path,
              struct act_bearer *ret_bearer, struct act_refusal *refusal)
{
	struct found found = { .verdict = RULE_OK };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = look(ctx, text, method, path, &found);
	if (err == RST_ENOTFOUND)
		return refuse_unknown(ctx, text, refusal);
	if (err != RST_OK)
		return err;
	if (found.verdict != RULE_OK) {
		if (found.note_refusal)
			note_refusal(ctx, found.bearer.token, found.why);
		return act_refuse(refusal, found.verdict, NULL);
	}
	if (found.note)
		note_use(ctx, found.bearer.token);
	*ret_bearer = found.bearer;
	return RST_OK;
}

enum rst_err
act_token_still(const struct rst_rtxn *txn, uint64_t token, uint64_t generation,
                int64_t now_s)
{
	struct rst_record record;
	enum rst_err err;

	err = rst_record_get(txn, token, &record);
	if (err == RST_ENOTFOUND)
		return RST_EDENIED;
	if (err != RST_OK)
		return err;
	return record.generation == generation &&
	                       act_token_state(&record, now_s) == ACT_TOKEN_LIVE
	               ? RST_OK
	               : RST_EDENIED;
}
