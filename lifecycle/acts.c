/* SPDX-License-Identifier: OLDAP-2.8 */
/* acts.c - what the acts share: through the gate, and may somebody act */
#include <assert.h>
#include <stdio.h>

#include <sodium.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
#include "rules/agreement.h"
#include "rules/host.h"
#include "rules/names.h"

_Static_assert(sizeof(((struct rst_detail *)0)->text) >=
                       RULE_PASSWORD_SAY_BYTES,
               "what a rule says fits");
_Static_assert(RULE_HOST_MAX >= RULE_AGREEMENT_NAME_MAX &&
                       RULE_HOST_MAX >= RULE_NAME_MAX,
               "no name is longer than a host's");

enum rst_err
act_refuse(struct act_refusal *refusal, enum rule_verdict verdict,
           const char *field)
{
	*refusal = (struct act_refusal){ .verdict = verdict, .field = field };
	return RST_EDENIED;
}

static enum rst_err
refuse_password(const struct lifecycle_terms *terms,
                enum rule_password_fault fault, const char *field,
                struct act_refusal *refusal)
{
	*refusal = (struct act_refusal){
		.verdict = rule_password_verdict(fault),
		.field = field,
	};
	rule_password_say(fault, &terms->policy, refusal->detail.text);
	return RST_EDENIED;
}

enum rst_err
act_judge_password(const struct lifecycle_terms *terms,
                   struct rst_view password, const char *field,
                   struct act_refusal *refusal)
{
	enum rule_password_fault fault;

	fault = lifecycle_password_judge(terms, password);
	return fault == RULE_PASSWORD_FINE
	               ? RST_OK
	               : refuse_password(terms, fault, field, refusal);
}

enum rst_err
act_hash_password(const struct act_ctx *ctx,
                  const struct lifecycle_terms *terms, struct rst_view password,
                  const char *field, char hash[LIFECYCLE_HASH_MAX],
                  struct act_refusal *refusal)
{
	enum rst_err err;

	err = act_judge_password(terms, password, field, refusal);
	if (err != RST_OK)
		return err;
	err = lifecycle_password_unused(ctx->env, terms, password);
	if (err == RST_EDENIED)
		return refuse_password(terms, RULE_PASSWORD_USED, field,
		                       refusal);
	if (err == RST_OK)
		err = lifecycle_password_hash(ctx->env, password, hash);
	if (err == RST_EINVALID)
		return act_refuse(refusal, RULE_INVALID_PASSWORD, field);
	return err;
}

enum rst_err
act_commit(struct rst_wtxn *txn, const struct act_ctx *ctx)
{
	if (!ctx->dry_run && ctx->hold != NULL) {
		rst_write_move(txn, ctx->hold);
		return RST_OK;
	}
	if (!ctx->dry_run)
		return rst_write_commit(txn);
	rst_write_abort(txn);
	return RST_OK;
}

enum rst_err
act_end(struct rst_wtxn *txn, const struct act_ctx *ctx, enum rst_err err)
{
	if (err == RST_OK)
		err = act_commit(txn, ctx);
	rst_write_abort(txn);
	return err;
}

enum rst_err
act_write_begin(const struct act_ctx *ctx, enum rst_write_purpose purpose,
                struct rst_wtxn *ret_txn)
{
	if (ctx->hold == NULL || ctx->hold->r.mdb == NULL)
		return rst_write_begin(ctx->env, purpose, ret_txn);
	rst_write_move(ctx->hold, ret_txn);
	return RST_OK;
}

enum rst_err
act_build(uint64_t parent, struct rst_view rdn, struct rst_view nrdn,
          const struct act_value *values, size_t n_values,
          struct rst_entry **ret_entry)
{
	struct rst_entry *entry = NULL;
	enum rst_err err;

	err = rst_entry_new(&entry);
	if (err == RST_OK)
		err = rst_entry_place(entry, parent, rdn, nrdn);
	for (size_t i = 0; err == RST_OK && i < n_values; i++)
		if (values[i].value.ptr != NULL)
			err = rst_entry_add(entry, values[i].attr,
			                    values[i].value);
	if (err == RST_OK)
		*ret_entry = entry;
	else
		rst_entry_free(entry);
	return err;
}

enum rst_err
act_build_named(struct rst_wtxn *txn, const struct act_ctx *ctx,
                const char *place, struct rst_view class, struct rst_view name,
                struct rst_entry **ret_entry, struct act_refusal *refusal)
{
	const struct act_value values[] = {
		{ RST_A_OBJECTCLASS, RST_VIEW("top") },
		{ RST_A_OBJECTCLASS, class },
		{ RST_A_CN, name },
	};
	char rdn[3 + RULE_HOST_MAX + 1], nrdn[RST_NORMAL_MAX];
	uint64_t parent;
	size_t len;
	enum rst_err err;

	assert(name.len <= RULE_HOST_MAX);
	(void)snprintf(rdn, sizeof(rdn), "cn=%.*s", (int)name.len, name.ptr);
	err = act_place(txn, ctx, place, &parent, refusal);
	if (err == RST_OK)
		err = rst_normalise(RST_MATCH_DN, rst_view_of(rdn), nrdn, &len);
	if (err == RST_OK)
		err = act_build(parent, rst_view_of(rdn), rst_view(nrdn, len),
		                values, sizeof(values) / sizeof(values[0]),
		                ret_entry);
	return err;
}

enum rst_err
act_add_once(struct rst_entry *entry, uint16_t attr, struct rst_view value)
{
	struct rst_record record;
	struct rst_attr values;
	struct rst_view other;
	enum rst_err err;

	err = rst_entry_record(entry, &record);
	if (err != RST_OK)
		return err;
	if (rst_record_attr(&record, attr, &values))
		while (rst_attr_next(&values, &other))
			if (rst_view_equal_nocase(other, value))
				return RST_OK;
	return rst_entry_add(entry, attr, value);
}

enum rst_err
act_gate_add(struct rst_wtxn *txn, const struct act_ctx *ctx, const char *act,
             struct rst_entry *entry, uint64_t *ret_id,
             struct act_refusal *refusal)
{
	struct gate_change change = {
		.verb = GATE_ADD,
		.act = rst_view_of(act),
		.after = entry,
	};
	enum rst_err err;

	err = gate_apply(txn, ctx, &change, refusal, NULL);
	if (err == RST_OK && ret_id != NULL)
		*ret_id = rst_entry_id(entry);
	return err;
}

enum rst_err
act_gate_modify(struct rst_wtxn *txn, const struct act_ctx *ctx,
                const char *act, struct rst_view reason, uint64_t id,
                struct rst_entry *after, struct act_refusal *refusal)
{
	struct gate_change change = {
		.verb = GATE_MODIFY,
		.act = rst_view_of(act),
		.reason = reason,
		.id = id,
		.after = after,
	};

	return gate_apply(txn, ctx, &change, refusal, NULL);
}

enum rst_err
act_gate_delete(struct rst_wtxn *txn, const struct act_ctx *ctx,
                const char *act, struct rst_view reason, uint64_t id,
                struct act_refusal *refusal)
{
	struct gate_change change = {
		.verb = GATE_DELETE,
		.act = rst_view_of(act),
		.reason = reason,
		.id = id,
	};

	return gate_apply(txn, ctx, &change, refusal, NULL);
}

enum rst_err
act_gate_member(struct rst_wtxn *txn, const struct act_ctx *ctx,
                const char *act, uint64_t group, uint64_t member, bool join,
                struct act_refusal *refusal)
{
	char dn[RST_DN_MAX], ndn[RST_DN_MAX];
	struct rst_entry *after = NULL;
	struct rst_record record;
	struct rst_member_op op = {
		.verb = join ? RST_MEMBER_ADD : RST_MEMBER_DROP,
		.attr = RST_A_MEMBER,
	};
	struct gate_change change = {
		.verb = GATE_MODIFY,
		.act = rst_view_of(act),
		.id = group,
		.members = &op,
		.n_members = 1,
	};
	bool is;
	enum rst_err err;

	err = rst_member_is(&txn->r, group, member, &is);
	if (err != RST_OK || is == join)
		return err;
	err = rst_tree_dn(&txn->r, member, dn, sizeof(dn), &op.value.len);
	if (err == RST_OK)
		err = rst_tree_ndn(&txn->r, member, ndn, sizeof(ndn),
		                   &op.nvalue.len);
	op.value.ptr = dn;
	op.nvalue.ptr = ndn;
	if (err == RST_OK)
		err = act_load(&txn->r, group, RST_KIND_GROUP, &after, &record);
	change.after = after;
	if (err == RST_OK)
		err = gate_apply(txn, ctx, &change, refusal, NULL);
	rst_entry_free(after);
	return err;
}

enum rst_err
act_load(const struct rst_rtxn *txn, uint64_t id, enum rst_kind kind,
         struct rst_entry **ret_entry, struct rst_record *ret_record)
{
	struct rst_entry *entry = NULL;
	struct rst_record record;
	enum rst_err err;

	err = gate_load(txn, id, &entry);
	if (err == RST_OK)
		err = rst_entry_record(entry, &record);
	if (err == RST_OK && record.kind != kind)
		err = RST_ENOTFOUND;
	if (err != RST_OK) {
		rst_entry_free(entry);
		return err;
	}
	*ret_entry = entry;
	*ret_record = record;
	return RST_OK;
}

enum rst_err
act_event(struct rst_wtxn *txn, const struct act_ctx *ctx, const char *act,
          struct rst_view actor)
{
	return act_event_of(txn, ctx, act, actor, RST_VIEW(""));
}

enum rst_err
act_event_of(struct rst_wtxn *txn, const struct act_ctx *ctx, const char *act,
             struct rst_view actor, struct rst_view reason)
{
	const struct rst_journal_entry entry = {
		.op = RST_J_EVENT,
		.door = ctx->door,
		.act = rst_view_of(act),
		.actor = actor,
		.address = ctx->address,
		.reason = reason,
		.time_s = ctx->now_s,
		.time_us = ctx->now_us,
	};

	return rst_journal_append(txn, &entry, NULL);
}

struct rst_view
act_mail_text(struct rst_view mail, char buf[RST_MAIL_MAX + 1])
{
	bool ascii = true;

	for (size_t i = 0; i < mail.len; i++)
		ascii = ascii && (unsigned char)mail.ptr[i] < 0x80;
	if (ascii || rst_mail_canonical(mail, buf) != RST_OK)
		return mail;
	return rst_view_of(buf);
}

bool
act_token_hex(struct rst_view token, char hex[ACT_HEX_BYTES])
{
	unsigned char digest[RST_DIGEST_BYTES];

	if (!rst_token_digest(token, digest))
		return false;
	(void)sodium_bin2hex(hex, ACT_HEX_BYTES, digest, sizeof(digest));
	return true;
}

enum rst_err
act_still_allowed(const struct rst_rtxn *txn, uint64_t id, uint64_t generation,
                  int64_t now_s)
{
	struct rst_record record;
	enum rst_err err;

	err = rst_record_get(txn, id, &record);
	if (err == RST_ENOTFOUND)
		return RST_EDENIED;
	if (err != RST_OK)
		return err;
	if (record.generation != generation)
		return RST_EDENIED;
	/* services and their like have no status */
	if (record.kind == RST_KIND_PERSON &&
	    !rule_state_may_sign_in(act_state(&record, now_s)))
		return RST_EDENIED;
	return RST_OK;
}
