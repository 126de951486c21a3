/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_person.c - a person: checked, hashed, added; edited */
#include <sodium.h>
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/place.h"

#define EDITS_MAX 256 /* of one call */

/* Folded to lower case; a name too long is cut and refused by its rule. */
static void
fold(struct rst_view name, char buf[RULE_NAME_MAX + 1])
{
	size_t n = name.len < RULE_NAME_MAX ? name.len : RULE_NAME_MAX;

	for (size_t i = 0; i < n; i++)
		buf[i] = rst_lower(name.ptr[i]);
	buf[n] = '\0';
}

/* Dots are the gate's question: a setting allows them.  An administrator's
 * form is as wide as that here. */
enum rst_err
act_check_username(struct rst_view username, enum act_form form,
                   char buf[RULE_NAME_MAX + 1], struct act_refusal *refusal)
{
	enum rule_verdict verdict = RULE_INVALID_USERNAME;

	fold(username, buf);
	if (username.len <= RULE_NAME_MAX)
		verdict = form == ACT_FORM_PUBLIC
		                  ? rule_username_public(buf, username.len)
		                  : rule_username(buf, username.len, true);
	return verdict == RULE_OK ? RST_OK
	                          : act_refuse(refusal, verdict, "username");
}

/* "givenName sn"; without a given name, sn alone. */
static enum rst_err
check_names(const struct act_person *person, enum act_form form,
            char cn[2 * RULE_PERSON_MAX + 2], struct act_refusal *refusal)
{
	struct rst_view given = person->given_name, sn = person->surname;
	bool alone = given.len == 0 && form == ACT_FORM_ADMIN;

	if (!alone && rule_person_name(given.ptr, given.len) != RULE_OK)
		return act_refuse(refusal, RULE_INVALID_NAME, "givenName");
	if (rule_person_name(sn.ptr, sn.len) != RULE_OK)
		return act_refuse(refusal, RULE_INVALID_NAME, "sn");
	(void)snprintf(cn, 2 * RULE_PERSON_MAX + 2, "%.*s%s%.*s",
	               (int)given.len, given.len > 0 ? given.ptr : "",
	               alone ? "" : " ", (int)sn.len, sn.ptr);
	if (rule_person_name(cn, strlen(cn)) != RULE_OK)
		return act_refuse(refusal, RULE_INVALID_NAME, "sn");
	return RST_OK;
}

static enum rst_err
check_mail(struct rst_view mail, enum act_form form,
           char canonical[RST_MAIL_MAX + 1], struct act_refusal *refusal)
{
	enum rst_err err;

	if (mail.len == 0 && form == ACT_FORM_ADMIN)
		return RST_OK;
	err = rst_mail_canonical(mail, canonical);
	if (err == RST_EINVALID)
		return act_refuse(refusal, RULE_INVALID_EMAIL, "mail");
	return err;
}

/* By the policy of somebody who is in no group yet. */
static enum rst_err
judge_password(const struct act_ctx *ctx, const struct act_person *person,
               const struct act_candidate *candidate,
               struct act_refusal *refusal)
{
	struct lifecycle_terms terms;
	struct rst_rtxn txn;
	enum rst_err err;

	if (person->password.len == 0 && candidate->form == ACT_FORM_ADMIN)
		return RST_OK;
	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = lifecycle_terms(&txn, 0, &terms);
	rst_read_end(&txn);
	if (err != RST_OK)
		return err;
	lifecycle_terms_add(&terms, rst_view_of(candidate->username));
	lifecycle_terms_add(&terms, person->given_name);
	lifecycle_terms_add(&terms, person->surname);
	lifecycle_terms_add_mail(&terms, rst_view_of(candidate->mail));
	return act_judge_password(&terms, person->password, "password",
	                          refusal);
}

enum rst_err
act_candidate_check(const struct act_ctx *ctx, const struct act_person *person,
                    enum act_form form, struct act_candidate *ret_candidate,
                    struct act_refusal *refusal)
{
	struct act_candidate candidate = { .form = form };
	enum rst_err err;

	err = act_check_username(person->username, form, candidate.username,
	                         refusal);
	if (err == RST_OK)
		err = check_names(person, form, candidate.cn, refusal);
	if (err == RST_OK)
		err = check_mail(person->mail, form, candidate.mail, refusal);
	if (err == RST_OK)
		err = judge_password(ctx, person, &candidate, refusal);
	if (err == RST_OK)
		*ret_candidate = candidate;
	return err;
}

enum rst_err
act_candidate_hash(const struct act_ctx *ctx, const struct act_person *person,
                   struct act_candidate *candidate, struct act_refusal *refusal)
{
	enum rst_err err;

	if (person->password.len == 0)
		return RST_OK;
	err = lifecycle_password_hash(ctx->env, person->password,
	                              candidate->hash);
	/* Characters that a password cannot have, such as controls. */
	if (err == RST_EINVALID)
		return act_refuse(refusal, RULE_INVALID_PASSWORD, "password");
	return err;
}

/* A view that is left out of the entry when it is empty. */
static struct rst_view
optional(struct rst_view value)
{
	return value.len > 0 ? value : rst_view(NULL, 0);
}

enum rst_err
act_candidate_add(struct rst_wtxn *txn, const struct act_ctx *ctx,
                  const char *act, const struct act_person *person,
                  const struct act_candidate *candidate, enum rst_status status,
                  uint64_t *ret_id, struct act_refusal *refusal)
{
	char rdn[sizeof("uid=") + RULE_NAME_MAX], mail[RST_MAIL_MAX + 1];
	const struct act_value values[] = {
		{ RST_A_OBJECTCLASS, RST_VIEW("top") },
		{ RST_A_OBJECTCLASS, RST_VIEW("person") },
		{ RST_A_OBJECTCLASS, RST_VIEW("organizationalPerson") },
		{ RST_A_OBJECTCLASS, RST_VIEW("inetOrgPerson") },
		{ RST_A_OBJECTCLASS, RST_VIEW("posixAccount") },
		{ RST_A_OBJECTCLASS, RST_VIEW("shadowAccount") },
		{ RST_A_OBJECTCLASS, RST_VIEW("ldapPublicKey") },
		{ RST_A_OBJECTCLASS, RST_VIEW("rosterAccount") },
		{ RST_A_UID, rst_view_of(candidate->username) },
		{ RST_A_CN, rst_view_of(candidate->cn) },
		{ RST_A_SN, person->surname },
		{ RST_A_GIVENNAME, optional(person->given_name) },
		{ RST_A_MAIL, optional(act_mail_text(person->mail, mail)) },
		{ RST_A_PREFERREDLANGUAGE, optional(person->language) },
		{ RST_A_USERPASSWORD, optional(rst_view_of(candidate->hash)) },
		{ RST_A_PWDRESET, person->must_change && candidate->hash[0]
		                          ? RST_VIEW("TRUE")
		                          : rst_view(NULL, 0) },
		{ RST_A_ROSTERSTATUS, rst_view_of(rst_status_word(status)) },
		/* where the person was, not who made him */
		{ RST_A_ROSTERREGISTEREDFROM, candidate->form == ACT_FORM_PUBLIC
		                                      ? optional(ctx->address)
		                                      : rst_view(NULL, 0) },
	};
	struct rst_entry *entry = NULL;
	uint64_t people;
	enum rst_err err;

	(void)snprintf(rdn, sizeof(rdn), "uid=%s", candidate->username);
	err = act_place(txn, ctx, "ou=people", &people, refusal);
	if (err == RST_OK)
		err = act_build(people, rst_view_of(rdn), rst_view_of(rdn),
		                values, sizeof(values) / sizeof(values[0]),
		                &entry);
	if (err == RST_OK)
		err = act_gate_add(txn, ctx, act, entry, ret_id, refusal);
	/* The gate found the name free and the place is taken: an entry that
	 * is no person stands there. */
	if (err == RST_EEXISTS)
		err = act_refuse(refusal, RULE_USERNAME_TAKEN, "username");
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_create_person(const struct act_ctx *ctx, const struct act_person *person,
                  enum rst_status status, uint64_t *ret_id,
                  struct act_refusal *refusal)
{
	struct act_candidate candidate = { 0 };
	struct rst_wtxn txn = { 0 };
	uint64_t id = 0;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	if (status == RST_STATUS_NONE)
		status = RST_STATUS_ACTIVE;
	err = act_candidate_check(ctx, person, ACT_FORM_ADMIN, &candidate,
	                          refusal);
	if (err == RST_OK)
		err = act_candidate_hash(ctx, person, &candidate, refusal);
	if (err == RST_OK)
		err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		goto out;
	err = act_candidate_add(&txn, ctx, "create-person", person, &candidate,
	                        status, &id, refusal);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK)
		*ret_id = id;
out:
	sodium_memzero(&candidate, sizeof(candidate));
	return err;
}

/* What act_edit() may touch; the rest has acts of its own. */
static bool
is_editable(uint16_t attr)
{
	static const uint16_t editable[] = {
		RST_A_CN,
		RST_A_SN,
		RST_A_GIVENNAME,
		RST_A_DISPLAYNAME,
		RST_A_PREFERREDLANGUAGE,
		RST_A_MAIL,
		RST_A_LOGINSHELL,
		RST_A_GECOS,
		RST_A_HOMEDIRECTORY,
		RST_A_SSHPUBLICKEY,
		RST_A_DESCRIPTION,
		RST_A_GIDNUMBER,
		RST_A_ROSTERADMINISTRATOR,
		RST_A_ROSTERSTATUS,
		RST_A_ROSTERREASON,
		RST_A_ROSTERSTARTS,
		RST_A_ROSTEREXPIRES,
		RST_A_ROSTERMANAGER,
		RST_A_HOST,
		RST_A_AUTHORIZEDSERVICE,
	};

	for (size_t i = 0; i < sizeof(editable) / sizeof(editable[0]); i++)
		if (editable[i] == attr)
			return true;
	return false;
}

static bool
is_edited(const struct act_edit *edits, size_t n_edits, uint16_t attr)
{
	for (size_t i = 0; i < n_edits; i++)
		if (edits[i].attr == attr)
			return true;
	return false;
}

/* Who gets a value of attr gets the object class that lets him have it. */
static enum rst_err
add_class(struct rst_entry *entry, uint16_t attr)
{
	struct rst_view name = attr == RST_A_HOST ? RST_VIEW("hostObject")
	                       : attr == RST_A_AUTHORIZEDSERVICE
	                               ? RST_VIEW("authorizedServiceObject")
	                               : rst_view(NULL, 0);
	struct rst_record record;
	enum rst_err err;

	if (name.len == 0)
		return RST_OK;
	err = rst_entry_record(entry, &record);
	if (err != RST_OK || gate_has_class(&record, name))
		return err;
	return rst_entry_add(entry, RST_A_OBJECTCLASS, name);
}

/* Several edits of one attribute are its values: the first replaces. */
static enum rst_err
edit(struct rst_entry *entry, const struct act_edit *edits, size_t n_edits)
{
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && i < n_edits; i++) {
		const struct act_edit *e = &edits[i];
		char mail[RST_MAIL_MAX + 1];
		struct rst_view value = e->attr == RST_A_MAIL
		                                ? act_mail_text(e->value, mail)
		                                : e->value;

		if (!is_editable(e->attr))
			return RST_EINVALID;
		if (value.len == 0)
			err = rst_entry_set(entry, e->attr, NULL, 0);
		else if (is_edited(edits, i, e->attr))
			err = act_add_once(entry, e->attr, value);
		else
			err = rst_entry_set_one(entry, e->attr, value);
		if (err == RST_OK && value.len > 0)
			err = add_class(entry, e->attr);
	}
	return err;
}

static void
join_names(const struct rst_record *record, char cn[2 * RULE_PERSON_MAX + 2])
{
	struct rst_view given = rst_record_first(record, RST_A_GIVENNAME);
	struct rst_view sn = rst_record_first(record, RST_A_SN);

	if (given.len > RULE_PERSON_MAX)
		given.len = RULE_PERSON_MAX;
	if (sn.len > RULE_PERSON_MAX)
		sn.len = RULE_PERSON_MAX;
	(void)snprintf(cn, 2 * RULE_PERSON_MAX + 2, "%.*s%s%.*s",
	               (int)given.len, given.len > 0 ? given.ptr : "",
	               given.len > 0 && sn.len > 0 ? " " : "", (int)sn.len,
	               sn.len > 0 ? sn.ptr : "");
}

/* The full name follows given name and surname where it was made of them. */
static enum rst_err
follow_names(struct rst_entry *entry, bool was_made_of_them)
{
	char cn[2 * RULE_PERSON_MAX + 2];
	struct rst_record record;
	enum rst_err err;

	if (!was_made_of_them)
		return RST_OK;
	err = rst_entry_record(entry, &record);
	if (err != RST_OK)
		return err;
	join_names(&record, cn);
	return rst_entry_set_one(entry, RST_A_CN, rst_view_of(cn));
}

static enum rst_err
edit_entry(struct rst_entry *entry, const struct act_edit *edits,
           size_t n_edits)
{
	char cn[2 * RULE_PERSON_MAX + 2];
	struct rst_record record;
	bool made_of_them;
	enum rst_err err;

	err = rst_entry_record(entry, &record);
	if (err != RST_OK)
		return err;
	join_names(&record, cn);
	made_of_them = record.kind == RST_KIND_PERSON &&
	               !is_edited(edits, n_edits, RST_A_CN) &&
	               rst_view_equal(rst_record_first(&record, RST_A_CN),
	                              rst_view_of(cn));
	err = edit(entry, edits, n_edits);
	if (err != RST_OK)
		return err;
	return follow_names(entry, made_of_them);
}

/* Why, for the journal too. */
static struct rst_view
reason_of(const struct act_edit *edits, size_t n_edits)
{
	for (size_t i = 0; i < n_edits; i++)
		if (edits[i].attr == RST_A_ROSTERREASON)
			return edits[i].value;
	return RST_VIEW("");
}

enum rst_err
act_edit(const struct act_ctx *ctx, uint64_t id, const struct act_edit *edits,
         size_t n_edits, struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct rst_wtxn txn = { 0 };
	struct rst_record record;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	if (n_edits > EDITS_MAX)
		return RST_EINVALID;
	err = act_write_begin(ctx, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = rst_record_get(&txn.r, id, &record);
	if (err == RST_OK)
		err = rst_entry_from_record(&record, &entry);
	if (err == RST_OK)
		err = edit_entry(entry, edits, n_edits);
	if (err == RST_OK)
		err = act_gate_modify(&txn, ctx, "edit",
		                      reason_of(edits, n_edits), id, entry,
		                      refusal);
	err = act_end(&txn, ctx, err);
	rst_entry_free(entry);
	return err;
}
