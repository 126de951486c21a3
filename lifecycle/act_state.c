/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_state.c - a person, group, policy or preset as a file declares it */
#include "lifecycle/act_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/place.h"
#include "rules/agreement.h"
#include "rules/password.h"
#include "rules/setting.h"

/* A preset is called as an agreement is, the others are shorter. */
#define STATE_NAME_MAX RULE_AGREEMENT_NAME_MAX
_Static_assert(RULE_AGREEMENT_NAME_MAX >= RULE_NAME_MAX, "every name fits");

/* The next values of one attribute in entry, from *at on. */
static size_t
take_values(const struct act_state_entry *entry, size_t *at,
            struct rst_view values[ACT_STATE_VALUES_MAX], uint16_t *ret_attr)
{
	size_t n = 0;

	*ret_attr = entry->values[*at].attr;
	while (*at < entry->n_values && entry->values[*at].attr == *ret_attr) {
		if (entry->values[*at].value.ptr != NULL)
			values[n++] = entry->values[*at].value;
		(*at)++;
	}
	return n;
}

/* The record has just these values of attr, in any order. */
static bool
has_just(const struct rst_record *record, uint16_t attr,
         const struct rst_view *values, size_t n)
{
	struct rst_attr has;
	struct rst_view value;
	size_t found = 0;

	if (!rst_record_attr(record, attr, &has))
		return n == 0;
	if (has.count != n)
		return false;
	while (rst_attr_next(&has, &value))
		for (size_t i = 0; i < n; i++)
			if (rst_view_equal(values[i], value)) {
				found++;
				break;
			}
	return found == n;
}

/* Addresses as every door keeps them; the texts are *ret_kept, the caller's. */
static enum rst_err
keep_mail(struct rst_view *values, size_t n,
          char (**ret_kept)[RST_MAIL_MAX + 1])
{
	char(*kept)[RST_MAIL_MAX + 1];

	if (n == 0)
		return RST_OK;
	kept = calloc(n, sizeof(*kept));
	if (kept == NULL)
		return RST_ENOMEM;
	for (size_t i = 0; i < n; i++)
		values[i] = act_mail_text(values[i], kept[i]);
	*ret_kept = kept;
	return RST_OK;
}

/* Set what differs. */
static enum rst_err
set_values(const struct act_state_entry *wanted, const struct rst_record *was,
           struct rst_entry *entry, bool *ret_differs, bool *ret_hash)
{
	struct rst_view values[ACT_STATE_VALUES_MAX];
	char(*kept)[RST_MAIL_MAX + 1] = NULL;
	uint16_t attr;
	size_t at = 0, n;
	enum rst_err err = RST_OK;

	*ret_differs = *ret_hash = false;
	while (err == RST_OK && at < wanted->n_values) {
		n = take_values(wanted, &at, values, &attr);
		if (attr == RST_A_MAIL && kept == NULL)
			err = keep_mail(values, n, &kept);
		if (err != RST_OK ||
		    (was != NULL && has_just(was, attr, values, n)))
			continue;
		*ret_differs = true;
		if (attr == RST_A_USERPASSWORD)
			*ret_hash = true;
		err = rst_entry_set(entry, attr, values, n);
	}
	free(kept);
	return err;
}

/* A hash that only an import may bring. */
static bool
is_foreign_hash(const struct act_state_entry *wanted)
{
	for (size_t i = 0; i < wanted->n_values; i++)
		if (wanted->values[i].attr == RST_A_USERPASSWORD &&
		    wanted->values[i].value.ptr != NULL &&
		    rule_hash_scheme(wanted->values[i].value.ptr,
		                     wanted->values[i].value.len) ==
		            RULE_SCHEME_OTHER)
			return true;
	return false;
}

/* What is different of the kinds.  NULL: no file declares it. */
struct form {
	const char *place, *naming;
	const char *const *classes;
	enum rst_err (*find)(const struct rst_rtxn *txn, struct rst_view name,
	                     uint64_t *ret_id);
	uint16_t naming_attr;
};

static const struct form *
form_of(enum rst_kind kind)
{
	static const char *const person[] = {
		"top",           "person",        "organizationalPerson",
		"inetOrgPerson", "posixAccount",  "shadowAccount",
		"ldapPublicKey", "rosterAccount", NULL,
	};
	static const char *const group[] = { "top", "groupOfMembers",
		                             "posixGroup", "rosterGroup",
		                             NULL };
	static const char *const policy[] = { "top", "rosterSetting", NULL };
	static const char *const preset[] = { "top", "rosterPreset", NULL };
	static const struct form people = { "ou=people", "uid", person,
		                            act_find_person, RST_A_UID },
				 groups = { "ou=groups", "cn", group,
		                            act_find_group, RST_A_CN },
				 policies = { "ou=policies", "cn", policy,
		                              act_find_policy, RST_A_CN },
				 presets = { "ou=presets", "cn", preset,
		                             act_find_preset, RST_A_CN };

	return kind == RST_KIND_PERSON    ? &people
	       : kind == RST_KIND_GROUP   ? &groups
	       : kind == RST_KIND_SETTING ? &policies
	       : kind == RST_KIND_OTHER   ? &presets
	                                  : NULL;
}

/* Before it is part of a DN. */
static enum rule_verdict
judge_name(const struct act_state_entry *entry)
{
	const struct rst_view name = entry->name;

	return entry->kind == RST_KIND_PERSON
	               ? rule_username(name.ptr, name.len, true)
	       : entry->kind == RST_KIND_GROUP
	               ? rule_groupname(name.ptr, name.len)
	       : entry->kind == RST_KIND_OTHER
	               ? rule_agreement_name(name.ptr, name.len)
	               : rule_setting_policy_name(name.ptr, name.len);
}

/* Everybody is in ldapusers, but who waits for approval or is in the bin; an
 * import adds nobody by itself. */
static enum rst_err
join_everybody(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t person,
               struct act_refusal *refusal)
{
	struct rst_record record;
	uint64_t group;
	enum rst_err err;

	err = rst_record_get(&txn->r, person, &record);
	if (err != RST_OK || record.status == RST_STATUS_PENDING ||
	    record.status == RST_STATUS_DELETED)
		return err;
	err = act_find_group(&txn->r, RST_VIEW("ldapusers"), &group);
	if (err == RST_OK)
		err = act_gate_member(txn, ctx, "join", group, person, true,
		                      refusal);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* A new person's full name, where it brings none, as act_person.c makes it;
 * without a surname it is nobody's. */
static enum rst_err
name_person(struct rst_entry *entry, struct act_refusal *refusal)
{
	char cn[2 * RULE_PERSON_MAX + 2];
	struct rst_record record;
	struct rst_view given, sn;
	enum rst_err err;

	err = rst_entry_record(entry, &record);
	if (err != RST_OK)
		return err;
	given = rst_record_first(&record, RST_A_GIVENNAME);
	sn = rst_record_first(&record, RST_A_SN);
	if (sn.len == 0)
		return act_refuse(refusal, RULE_INVALID_NAME, "sn");
	if (rst_record_first(&record, RST_A_CN).len > 0 ||
	    given.len + sn.len + 1 >= sizeof(cn))
		return RST_OK;
	(void)snprintf(cn, sizeof(cn), "%.*s%s%.*s", (int)given.len,
	               given.len > 0 ? given.ptr : "", given.len > 0 ? " " : "",
	               (int)sn.len, sn.ptr);
	return rst_entry_set_one(entry, RST_A_CN, rst_view_of(cn));
}

static enum rst_err
add(struct rst_wtxn *txn, const struct act_ctx *ctx,
    const struct act_state_entry *wanted, struct act_refusal *refusal)
{
	const bool person = wanted->kind == RST_KIND_PERSON;
	const bool imported = person || wanted->kind == RST_KIND_GROUP;
	const struct form *form = form_of(wanted->kind);
	char rdn[sizeof("uid=") + STATE_NAME_MAX];
	struct rst_entry *entry = NULL;
	struct gate_change change = {
		.verb = GATE_ADD,
		.flags = imported ? GATE_IMPORT : 0,
		.act = RST_VIEW("import"),
	};
	bool differs, hash;
	uint64_t parent;
	enum rst_err err;

	(void)snprintf(rdn, sizeof(rdn), "%s=%.*s", form->naming,
	               (int)wanted->name.len, wanted->name.ptr);
	err = act_place(txn, ctx, form->place, &parent, refusal);
	if (err == RST_OK)
		err = rst_entry_new(&entry);
	if (err == RST_OK)
		err = rst_entry_place(entry, parent, rst_view_of(rdn),
		                      rst_view_of(rdn));
	for (size_t i = 0; err == RST_OK && form->classes[i] != NULL; i++)
		err = rst_entry_add(entry, RST_A_OBJECTCLASS,
		                    rst_view_of(form->classes[i]));
	if (err == RST_OK)
		err = set_values(wanted, NULL, entry, &differs, &hash);
	if (err == RST_OK)
		err = rst_entry_set_one(entry, form->naming_attr, wanted->name);
	if (err == RST_OK && person)
		err = name_person(entry, refusal);
	if (err == RST_OK && imported)
		err = gate_complete(txn, ctx, entry, refusal);
	change.after = entry;
	if (err == RST_OK)
		err = gate_apply(txn, ctx, &change, refusal, NULL);
	if (err == RST_OK && person)
		err = join_everybody(txn, ctx, rst_entry_id(entry), refusal);
	rst_entry_free(entry);
	return err;
}

static enum rst_err
change(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t id,
       const struct act_state_entry *wanted, bool *ret_changed,
       struct act_refusal *refusal)
{
	struct gate_change gate = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("apply"),
		.id = id,
	};
	struct rst_entry *before = NULL, *after = NULL;
	struct rst_record record;
	bool hash = false;
	enum rst_err err;

	*ret_changed = false;
	err = act_load(&txn->r, id, wanted->kind, &before, &record);
	if (err == RST_OK)
		err = rst_entry_from_record(&record, &after);
	if (err == RST_OK)
		err = set_values(wanted, &record, after, ret_changed, &hash);
	if (err == RST_OK && hash && is_foreign_hash(wanted))
		gate.flags = GATE_IMPORT;
	gate.after = after;
	if (err == RST_OK && *ret_changed)
		err = gate_apply(txn, ctx, &gate, refusal, NULL);
	rst_entry_free(before);
	rst_entry_free(after);
	return err;
}

enum rst_err
act_state_put(struct rst_wtxn *txn, const struct act_ctx *ctx,
              const struct act_state_entry *entry,
              enum act_state_change *ret_change, struct act_refusal *refusal)
{
	const struct form *form = form_of(entry->kind);
	enum rule_verdict verdict;
	bool changed = true;
	uint64_t id;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	txn->r.now_s = ctx->now_s;
	if (form == NULL || entry->n_values > ACT_STATE_VALUES_MAX)
		return RST_EINVALID;
	err = form->find(&txn->r, entry->name, &id);
	if (err == RST_OK) {
		err = change(txn, ctx, id, entry, &changed, refusal);
		if (err == RST_OK)
			*ret_change =
				changed ? ACT_STATE_CHANGED : ACT_STATE_SAME;
		return err;
	}
	if (err != RST_ENOTFOUND)
		return err;
	verdict = judge_name(entry);
	if (verdict != RULE_OK)
		return act_refuse(refusal, verdict, form->naming);
	err = add(txn, ctx, entry, refusal);
	if (err == RST_OK)
		*ret_change = ACT_STATE_ADDED;
	return err;
}

enum rst_err
act_state_join(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t group,
               uint64_t member, int64_t until_s, bool *ret_changed,
               struct act_refusal *refusal)
{
	int64_t until_now_s = 0;
	bool is;
	enum rst_err err;

	*ret_changed = false;
	err = rst_member_is(&txn->r, group, member, &is);
	if (err == RST_OK && is)
		err = rst_member_until(&txn->r, group, member, &until_now_s);
	if (err != RST_OK)
		return err;
	if (is && (until_now_s != 0 ? until_now_s : RULE_NEVER) == until_s)
		return RST_OK;
	*ret_changed = true;
	if (!is && until_s == RULE_NEVER)
		return act_gate_member(txn, ctx, "join", group, member, true,
		                       refusal);
	return act_gate_join_until(txn, ctx, group, member, until_s, refusal);
}

enum rst_err
act_state_leave(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t group,
                uint64_t member, struct act_refusal *refusal)
{
	return act_gate_member(txn, ctx, "leave", group, member, false,
	                       refusal);
}

enum rst_err
act_state_settings(struct rst_wtxn *txn, const struct act_ctx *ctx,
                   const struct rst_view *lines, size_t n, bool *ret_changed,
                   struct act_refusal *refusal)
{
	struct rst_entry *before = NULL, *after = NULL;
	struct rst_record record;
	uint64_t id;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	*ret_changed = false;
	err = act_place(txn, ctx, "cn=settings", &id, refusal);
	if (err == RST_OK)
		err = act_load(&txn->r, id, RST_KIND_SETTING, &before, &record);
	if (err == RST_OK && !has_just(&record, RST_A_ROSTERVALUE, lines, n)) {
		*ret_changed = true;
		err = rst_entry_from_record(&record, &after);
		if (err == RST_OK)
			err = rst_entry_set(after, RST_A_ROSTERVALUE, lines, n);
		if (err == RST_OK)
			err = act_gate_modify(txn, ctx, "set", RST_VIEW(""), id,
			                      after, refusal);
	}
	rst_entry_free(before);
	rst_entry_free(after);
	return err;
}
