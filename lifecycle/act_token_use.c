/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_token_use.c - API tokens in use
 *
 * When one was used last, and when a refusal of it was journaled, is what may
 * be lost, so no entry is written for it but a line of the environment:
 *
 *	token-<id, hex>	= <used, seconds> <refused, seconds> <address>
 */
#include <inttypes.h>
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/attempt.h"
#include "lifecycle/moment.h"
#include "store/index.h"

#define NOTED_S    60 /* how exact "last used" is, and refusals come */
#define NOTE_BYTES 128
#define NAME_BYTES 32 /* of "token-0123456789abcdef" */

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

/* None yet, or one that does not read: zeros. */
static enum rst_err
read_note(const struct rst_rtxn *txn, uint64_t token, struct note *ret_note)
{
	struct note note = { 0 };
	char name[NAME_BYTES];
	struct rst_view rest;
	enum rst_err err;

	note_name(token, name);
	err = rst_setting_get(txn, name, &rest);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	if (err == RST_OK &&
	    (!take_number(&rest, &note.used_s) ||
	     !take_number(&rest, &note.refused_s) ||
	     !rst_view_copy(rest, note.address, sizeof(note.address))))
		note = (struct note){ 0 };
	*ret_note = note;
	return RST_OK;
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
	struct note note;
	enum rst_err err = read_note(txn, token, &note);

	if (err != RST_OK || note.used_s == 0)
		return err != RST_OK ? err : RST_ENOTFOUND;
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
	enum rst_err err;

	if (rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn) != RST_OK)
		return;
	err = read_note(&txn.r, token, &note);
	note.used_s = ctx->now_s;
	(void)rst_view_copy(ctx->address, note.address, sizeof(note.address));
	if (err == RST_OK)
		err = put_note(&txn, token, &note);
	if (err == RST_OK)
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
	err = read_note(&txn.r, token, &note);
	if (err == RST_OK && !is_due(note.refused_s, ctx->now_s))
		err = RST_ESTATE;
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

/* For what it is used. */
struct wish {
	const char *method, *path; /* of HTTP; NULL: to bind by LDAP */
	bool any_owner;
	uint64_t owner; /* as whom it is used, unless any will do */
};

/* What was found of a token, copied out of a snapshot. */
struct found {
	struct act_bearer bearer;
	enum rule_verdict verdict;
	const char *why; /* static; for the journal */
	bool note;       /* the last use was a while ago */
	bool note_refusal;
};

/* Its scopes allow what is wished; what else they say is noted in bearer. */
static bool
scope_allows(const struct rst_record *record, const struct wish *wish,
             struct act_bearer *bearer)
{
	struct rst_attr scopes;
	struct rst_view one;
	bool allowed = false;

	if (!rst_record_attr(record, RST_A_ROSTERSCOPE, &scopes))
		return false;
	while (rst_attr_next(&scopes, &one)) {
		if (rule_scope_is(one.ptr, one.len, "inherit"))
			bearer->inherits = true;
		if (wish->path == NULL
		            ? rule_scope_is(one.ptr, one.len, "ldap")
		            : rule_scope_allows(one.ptr, one.len, wish->method,
		                                wish->path))
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

	err = act_token_owner(txn, token, &found->bearer.owner);
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
	if (attempt_is_for_ever(
		    rst_record_first(&owner, RST_A_PWDACCOUNTLOCKEDTIME)))
		found->why = "the owner is locked";
	return RST_OK;
}

static enum rst_err
judge(const struct rst_rtxn *txn, const struct act_ctx *ctx,
      const struct rst_record *record, const struct wish *wish,
      struct found *found)
{
	bool allowed = scope_allows(record, wish, &found->bearer);
	struct note note;
	enum rst_err err = read_note(txn, record->id, &note);

	if (err != RST_OK)
		return err;
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
	if (err == RST_OK && found->why == NULL && !wish->any_owner &&
	    found->bearer.owner != wish->owner)
		found->why = "with the name of somebody else";
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
look(const struct act_ctx *ctx, struct rst_view text, const struct wish *wish,
     struct found *found)
{
	char hex[ACT_HEX_BYTES];
	struct rst_record record;
	struct rst_rtxn txn;
	uint64_t id;
	size_t n = 0;
	enum rst_err err;

	if (!rule_token_form(text.ptr, text.len))
		return RST_ENOTFOUND;
	act_api_token_hex(text, hex);
	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = rst_index_equal(&txn, RST_A_ROSTERTOKENDIGEST, rst_view_of(hex),
	                      0, &id, 1, &n);
	if (err == RST_OK && n == 0)
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = rst_record_get(&txn, id, &record);
	if (err == RST_OK && !act_token_is_for(&record, "api"))
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = judge(&txn, ctx, &record, wish, found);
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

/* Journal why not, or when; now and then. */
static enum rst_err
answer(const struct act_ctx *ctx, const struct found *found,
       struct act_bearer *ret_bearer, struct act_refusal *refusal)
{
	if (found->verdict != RULE_OK) {
		if (found->note_refusal)
			note_refusal(ctx, found->bearer.token, found->why);
		return act_refuse(refusal, found->verdict, NULL);
	}
	if (found->note)
		note_use(ctx, found->bearer.token);
	*ret_bearer = found->bearer;
	return RST_OK;
}

enum rst_err
act_token_use(const struct act_ctx *ctx, struct rst_view text,
              const char *method, const char *path,
              struct act_bearer *ret_bearer, struct act_refusal *refusal)
{
	const struct wish wish = { method, path, .any_owner = true };
	struct found found = { .verdict = RULE_OK };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = look(ctx, text, &wish, &found);
	if (err == RST_ENOTFOUND)
		return refuse_unknown(ctx, text, refusal);
	if (err != RST_OK)
		return err;
	return answer(ctx, &found, ret_bearer, refusal);
}

enum rst_err
act_token_bind(const struct act_ctx *ctx, uint64_t owner, struct rst_view text,
               struct act_bearer *ret_bearer)
{
	const struct wish wish = { .owner = owner };
	struct found found = { .verdict = RULE_OK };
	struct act_refusal refusal;
	enum rst_err err;

	err = look(ctx, text, &wish, &found);
	return err == RST_OK ? answer(ctx, &found, ret_bearer, &refusal) : err;
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
