/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_agreement.c - make an agreement, sign it, become active by it
 *
 *	pending --approve, invitation--> pending, rosterInvited
 *	                                    | signs what is required
 *	                                    v
 *	                                  active
 *
 * Who is admitted (rosterInvited) but has not signed may sign in to the pages
 * for that alone; an administrator may make him active without it, which the
 * journal says.
 */
#include <sodium.h>
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/place.h"
#include "lifecycle/setting.h"
#include "rules/agreement.h"

#define VERSION_BYTES 12

static struct rst_view
optional(struct rst_view value)
{
	return value.len > 0 ? value : rst_view(NULL, 0);
}

enum rst_err
act_find_agreement(const struct rst_rtxn *txn, struct rst_view name,
                   uint64_t *ret_id)
{
	char rdn[3 + RULE_AGREEMENT_NAME_MAX + 1];
	struct rst_record record;
	uint64_t place, id, ids[RULE_AGREEMENTS_MAX];
	size_t n = 0;
	enum rst_err err;

	if (rule_agreement_name(name.ptr, name.len) != RULE_OK)
		return RST_ENOTFOUND;
	(void)snprintf(rdn, sizeof(rdn), "cn=%.*s", (int)name.len, name.ptr);
	err = lifecycle_place(txn, "ou=agreements", &place);
	if (err == RST_OK)
		err = rst_tree_child(txn, place, rst_view_of(rdn), &id);
	if (err == RST_OK)
		err = rst_record_get(txn, id, &record);
	if (err == RST_OK)
		err = act_agreements(txn, ids, &n);
	for (size_t i = 0; err == RST_OK && i < n; i++)
		if (ids[i] == id) {
			*ret_id = id;
			return RST_OK;
		}
	return err == RST_OK ? RST_ENOTFOUND : err;
}

static enum rst_err
create(struct rst_wtxn *txn, const struct act_ctx *ctx,
       const struct act_agreement *agreement, uint64_t *ret_id,
       struct act_refusal *refusal)
{
	char rdn[3 + RULE_AGREEMENT_NAME_MAX + 1], version[VERSION_BYTES];
	struct rst_entry *entry = NULL;
	uint64_t place;
	enum rst_err err;

	(void)snprintf(rdn, sizeof(rdn), "cn=%.*s", (int)agreement->name.len,
	               agreement->name.ptr);
	(void)snprintf(version, sizeof(version), "%u",
	               (unsigned int)(agreement->version > 0
	                                      ? agreement->version
	                                      : 1));
	const struct act_value values[] = {
		{ RST_A_OBJECTCLASS, RST_VIEW("top") },
		{ RST_A_OBJECTCLASS, RST_VIEW("rosterAgreement") },
		{ RST_A_CN, agreement->name },
		{ RST_A_DISPLAYNAME, optional(agreement->title) },
		{ RST_A_ROSTERVERSION, rst_view_of(version) },
		{ RST_A_ROSTERTEXT, agreement->text },
		{ RST_A_ROSTERREQUIRED,
		  agreement->required ? RST_VIEW("TRUE") : RST_VIEW("FALSE") },
	};

	err = act_place(txn, ctx, "ou=agreements", &place, refusal);
	if (err == RST_OK)
		err = act_build(place, rst_view_of(rdn), rst_view_of(rdn),
		                values, sizeof(values) / sizeof(values[0]),
		                &entry);
	if (err == RST_OK)
		err = act_gate_add(txn, ctx, "create-agreement", entry, ret_id,
		                   refusal);
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_create_agreement(const struct act_ctx *ctx,
                     const struct act_agreement *agreement, uint64_t *ret_id,
                     struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	uint64_t id = 0;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	if (rule_agreement_name(agreement->name.ptr, agreement->name.len) !=
	    RULE_OK)
		return act_refuse(refusal, RULE_INVALID_NAME, "cn");
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = create(&txn, ctx, agreement, &id, refusal);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK)
		*ret_id = id;
	return err;
}

/* The version that follows: the one asked for, or one more for another text. */
static enum rst_err
set_text(struct rst_entry *entry, const struct rst_record *record,
         const struct act_agreement *edit)
{
	struct rst_view text = rst_record_first(record, RST_A_ROSTERTEXT);
	bool another =
		edit->text.ptr != NULL && !rst_view_equal(edit->text, text);
	uint32_t version = edit->version;
	char number[VERSION_BYTES];
	enum rst_err err = RST_OK;

	if (version == 0)
		version = act_agreement_version(record) + (another ? 1 : 0);
	(void)snprintf(number, sizeof(number), "%u", (unsigned int)version);
	if (another)
		err = rst_entry_set_one(entry, RST_A_ROSTERTEXT, edit->text);
	if (err == RST_OK)
		err = rst_entry_set_one(entry, RST_A_ROSTERVERSION,
		                        rst_view_of(number));
	return err;
}

static enum rst_err
edit(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t id,
     const struct act_agreement *edit, struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct rst_record record;
	struct rst_view title = edit->title;
	enum rst_err err;

	err = act_load(&txn->r, id, RST_KIND_OTHER, &entry, &record);
	if (err == RST_OK)
		err = set_text(entry, &record, edit);
	if (err == RST_OK && title.ptr != NULL)
		err = rst_entry_set(entry, RST_A_DISPLAYNAME, &title,
		                    title.len > 0 ? 1 : 0);
	if (err == RST_OK && edit->set_required)
		err = rst_entry_set_one(entry, RST_A_ROSTERREQUIRED,
		                        edit->required ? RST_VIEW("TRUE")
		                                       : RST_VIEW("FALSE"));
	if (err == RST_OK)
		err = act_gate_modify(txn, ctx, "edit-agreement", RST_VIEW(""),
		                      id, entry, refusal);
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_edit_agreement(const struct act_ctx *ctx, uint64_t id,
                   const struct act_agreement *what,
                   struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = edit(&txn, ctx, id, what, refusal);
	return act_end(&txn, ctx, err);
}

enum rst_err
act_delete_agreement(const struct act_ctx *ctx, uint64_t id,
                     struct act_refusal *refusal)
{
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return err;
	err = act_gate_delete(&txn, ctx, "delete-agreement", RST_VIEW(""), id,
	                      refusal);
	return act_end(&txn, ctx, err);
}

enum rst_err
act_admit(struct rst_wtxn *txn, const struct act_ctx *ctx,
          struct rst_entry *entry, struct rst_record *person,
          bool *ret_must_sign)
{
	char now[LIFECYCLE_TIME_BYTES];
	enum rst_err err;

	err = act_owes_signature(&txn->r, person, RULE_NEVER, ret_must_sign);
	if (err != RST_OK || !*ret_must_sign)
		return err;
	lifecycle_time_print(ctx->now_s, now);
	err = rst_entry_set_one(entry, RST_A_ROSTERINVITED, rst_view_of(now));
	return err == RST_OK ? rst_entry_record(entry, person) : err;
}

/* Nothing is left to sign: active.  By nobody: what people may not say of
 * themselves was said when they were admitted. */
static enum rst_err
activate(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t person,
         const unsigned char *keep, struct act_refusal *refusal)
{
	struct rst_session session = { 0 };
	struct rst_entry *entry = NULL;
	struct act_ctx nobody = *ctx;
	struct rst_record record;
	bool kept = false;
	enum rst_err err;

	nobody.actor = RST_VIEW("");
	nobody.actor_id = 0;
	err = act_load(&txn->r, person, RST_KIND_PERSON, &entry, &record);
	if (err != RST_OK || !act_is_invited(&record))
		goto out;
	if (keep != NULL) {
		err = rst_session_get(&txn->r, keep, &session);
		kept = err == RST_OK && session.user == person;
		err = err == RST_ENOTFOUND ? RST_OK : err;
	}
	if (err == RST_OK)
		err = rst_entry_set_one(entry, RST_A_ROSTERSTATUS,
		                        RST_VIEW("active"));
	if (err == RST_OK)
		err = act_gate_modify(txn, &nobody, "activate", RST_VIEW(""),
		                      person, entry, refusal);
	if (err == RST_OK)
		err = rst_record_get(&txn->r, person, &record);
	if (err == RST_OK && kept)
		err = rst_session_drop(txn, keep);
	if (err == RST_OK && kept) {
		session.generation = record.generation;
		err = rst_session_add(txn, keep, &session);
	}
out:
	rst_entry_free(entry);
	return err;
}

/* His signature under agreement, unless it is there. */
static enum rst_err
sign(struct rst_wtxn *txn, const struct act_ctx *ctx,
     const struct rst_record *person, const struct rst_record *agreement,
     struct act_refusal *refusal)
{
	uint32_t number = act_agreement_version(agreement);
	char rdn[ACT_SIGNATURE_RDN], version[VERSION_BYTES], dn[RST_DN_MAX];
	struct rst_entry *entry = NULL;
	uint64_t id;
	size_t len;
	enum rst_err err;

	err = act_signature(&txn->r, agreement, person, &id);
	if (err != RST_ENOTFOUND)
		return err;
	if (!act_signature_rdn(person, number, rdn))
		return act_refuse(refusal, RULE_FORBIDDEN, NULL);
	(void)snprintf(version, sizeof(version), "%u", (unsigned int)number);
	err = rst_tree_dn(&txn->r, person->id, dn, sizeof(dn), &len);
	if (err == RST_OK) {
		const struct act_value values[] = {
			{ RST_A_OBJECTCLASS, RST_VIEW("top") },
			{ RST_A_OBJECTCLASS, RST_VIEW("rosterSignature") },
			{ RST_A_CN, rst_view_of(rdn + 3) },
			{ RST_A_ROSTERVERSION, rst_view_of(version) },
			{ RST_A_ROSTEROWNER, rst_view(dn, len) },
		};
		err = act_build(agreement->id, rst_view_of(rdn),
		                rst_view_of(rdn), values,
		                sizeof(values) / sizeof(values[0]), &entry);
	}
	if (err == RST_OK)
		err = act_gate_add(txn, ctx, "sign", entry, &id, refusal);
	rst_entry_free(entry);
	return err;
}

static enum rst_err
sign_in(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t id,
        uint64_t agreement_id, uint32_t version, struct act_refusal *refusal)
{
	struct rst_entry *person_entry = NULL, *entry = NULL;
	struct rst_record person, agreement;
	enum rst_err err;

	err = act_load(&txn->r, id, RST_KIND_PERSON, &person_entry, &person);
	if (err == RST_OK && !act_is_invited(&person) &&
	    !rule_state_may_sign_in(act_state(&person, ctx->now_s)))
		err = act_refuse(refusal, RULE_ACCOUNT_INACTIVE, NULL);
	if (err == RST_OK)
		err = act_load(&txn->r, agreement_id, RST_KIND_OTHER, &entry,
		               &agreement);
	if (err == RST_OK && act_agreement_version(&agreement) != version)
		err = act_refuse(refusal, RULE_INVALID_AGREEMENT, "version");
	if (err == RST_OK)
		err = sign(txn, ctx, &person, &agreement, refusal);
	rst_entry_free(person_entry);
	rst_entry_free(entry);
	return err;
}

/* Active, when nothing is left to sign; *ret_status what he is then. */
static enum rst_err
settle(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t person,
       const unsigned char *keep, enum rst_status *ret_status,
       struct act_refusal *refusal)
{
	struct rst_record record;
	bool owes = true;
	enum rst_err err = rst_record_get(&txn->r, person, &record);

	if (err == RST_OK && act_is_invited(&record))
		err = act_owes_signature(&txn->r, &record, RULE_NEVER, &owes);
	if (err == RST_OK && !owes) {
		err = activate(txn, ctx, person, keep, refusal);
		if (err == RST_OK)
			err = rst_record_get(&txn->r, person, &record);
	}
	if (err == RST_OK)
		*ret_status = record.status;
	return err;
}

enum rst_err
act_sign(const struct act_ctx *ctx, uint64_t person, uint64_t agreement,
         uint32_t version, const unsigned char *keep,
         enum rst_status *ret_status, struct act_refusal *refusal)
{
	enum rst_status status = RST_STATUS_NONE;
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = sign_in(&txn, ctx, person, agreement, version, refusal);
	if (err == RST_OK)
		err = settle(&txn, ctx, person, keep, &status, refusal);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK)
		*ret_status = status;
	return err;
}

enum rst_err
act_activate_self(const struct act_ctx *ctx, uint64_t person,
                  const unsigned char *keep, enum rst_status *ret_status,
                  struct act_refusal *refusal)
{
	enum rst_status status = RST_STATUS_NONE;
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = settle(&txn, ctx, person, keep, &status, refusal);
	if (err == RST_OK && status != RST_STATUS_ACTIVE)
		err = act_refuse(refusal, RULE_AGREEMENT_REQUIRED, NULL);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK)
		*ret_status = status;
	return err;
}

enum rst_err
act_must_sign(const struct rst_rtxn *txn, uint64_t person, int64_t since_s,
              bool *ret_must)
{
	struct rst_record record;
	int64_t ask = 0;
	enum rst_err err = rst_record_get(txn, person, &record);

	*ret_must = err == RST_OK && act_is_invited(&record);
	if (err == RST_OK && !*ret_must)
		err = lifecycle_setting_number(txn, RULE_SETTING_AGREEMENTS_ASK,
		                               &ask);
	if (err != RST_OK || *ret_must || ask != RULE_ASK_SIGN_IN)
		return err;
	return act_owes_signature(txn, &record, since_s, ret_must);
}

enum rst_err
act_still_admitted(const struct rst_rtxn *txn, uint64_t id, uint64_t generation,
                   int64_t now_s)
{
	struct rst_record record;
	enum rst_err err = act_still_allowed(txn, id, generation, now_s);
	enum rst_err looked;

	if (err != RST_EDENIED)
		return err;
	looked = rst_record_get(txn, id, &record);
	if (looked != RST_OK)
		return looked == RST_ENOTFOUND ? err : looked;
	return record.generation == generation && act_is_invited(&record)
	               ? RST_OK
	               : err;
}
