/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_agreement.c - agreements, and who signed them
 *
 *	dn: cn=terms,ou=agreements,<suffix>
 *	objectClass: rosterAgreement
 *	rosterVersion: 2
 *	rosterText: ...
 *	rosterRequired: TRUE
 *	displayName: Terms of use
 *
 *	dn: cn=<entryUUID of the person>-2,cn=terms,ou=agreements,<suffix>
 *	objectClass: rosterSignature
 *	rosterVersion: 2
 *	rosterOwner: uid=alice,ou=people,<suffix>
 *	rosterUsername: alice
 *	rosterMadeFrom: 127.0.0.1:4711
 *
 * Another text is another version, which nobody has signed.  A signature is
 * made by who signs, for the version there is, and is never changed.  It stays
 * when he is deleted; when he is deactivated it goes, and he signs anew.
 */
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/place.h"
#include "rules/agreement.h"

#define AGREEMENT RST_VIEW("rosterAgreement")
#define SIGNATURE RST_VIEW("rosterSignature")

static bool
has_class(const struct rst_record *record, struct rst_view name)
{
	return record != NULL && record->kind == RST_KIND_OTHER &&
	       gate_has_class(record, name);
}

static uint32_t
version_of(const struct rst_record *record)
{
	struct rst_view text = rst_record_first(record, RST_A_ROSTERVERSION);
	uint32_t version = 0;

	(void)rule_agreement_version(text.ptr, text.len, &version);
	return version;
}

static enum rst_err
check_place(struct gate *g, const struct rst_record *after)
{
	struct rst_tree_cursor cursor = { .len = 0 };
	uint64_t place, ids[RULE_AGREEMENTS_MAX];
	size_t n = 0;
	enum rst_err err;

	err = lifecycle_place(&g->txn->r, "ou=agreements", &place);
	if (err == RST_ENOTFOUND || (err == RST_OK && after->parent != place))
		return gate_refuse(g, RULE_INVALID_AGREEMENT, NULL,
		                   "agreements stand below ou=agreements");
	if (err == RST_OK)
		err = rst_tree_children(&g->txn->r, place, &cursor, ids,
		                        RULE_AGREEMENTS_MAX, &n);
	if (err == RST_OK && n >= RULE_AGREEMENTS_MAX)
		return gate_refuse(g, RULE_INVALID_AGREEMENT, NULL,
		                   "there are %d of them already",
		                   RULE_AGREEMENTS_MAX);
	return err;
}

static enum rst_err
check_agreement(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *was = sides->before, *is = sides->after;
	struct rst_view name = rst_record_first(is, RST_A_CN);
	struct rst_view text = rst_record_first(is, RST_A_ROSTERTEXT);
	enum rst_err err = RST_OK;

	if (!has_class(was, AGREEMENT))
		err = check_place(g, is);
	else if (was->parent != is->parent ||
	         !rst_view_equal(was->nrdn, is->nrdn))
		err = gate_refuse(g, RULE_IDENTITY_IMMUTABLE, "cn",
		                  "signatures are for this name");
	if (err != RST_OK)
		return err;
	if (rule_agreement_name(name.ptr, name.len) != RULE_OK)
		return gate_refuse(g, RULE_INVALID_NAME, "cn", NULL);
	if (rule_agreement_text(text.ptr, text.len) != RULE_OK)
		return gate_refuse(g, RULE_INVALID_AGREEMENT, "rosterText",
		                   "a text has 1 to %d bytes",
		                   RULE_AGREEMENT_TEXT_MAX);
	if (version_of(is) == 0)
		return gate_refuse(g, RULE_INVALID_AGREEMENT, "rosterVersion",
		                   "a version is a number from 1 to %d",
		                   RULE_AGREEMENT_VERSION_MAX);
	if (has_class(was, AGREEMENT) &&
	    rule_agreement_follows(
		    version_of(was), version_of(is),
		    gate_same_values(was, is, RST_A_ROSTERTEXT)) != RULE_OK)
		return gate_refuse(g, RULE_INVALID_AGREEMENT, "rosterVersion",
		                   "another text is a higher version");
	return RST_OK;
}

/* Ends before the version: "cn=<entryUUID>-". */
static bool
signature_prefix(const struct rst_record *person, char rdn[ACT_SIGNATURE_RDN],
                 size_t *ret_len)
{
	struct rst_view uuid = rst_record_first(person, RST_A_ENTRYUUID);
	int n = snprintf(rdn, ACT_SIGNATURE_RDN, "cn=%.*s-", (int)uuid.len,
	                 uuid.len > 0 ? uuid.ptr : "");

	*ret_len = (size_t)n;
	return uuid.len > 0 && n > 0 && n < ACT_SIGNATURE_RDN;
}

bool
act_signature_rdn(const struct rst_record *person, uint32_t version,
                  char rdn[ACT_SIGNATURE_RDN])
{
	size_t len;
	int n;

	if (!signature_prefix(person, rdn, &len))
		return false;
	n = snprintf(rdn + len, ACT_SIGNATURE_RDN - len, "%u",
	             (unsigned int)version);
	return n > 0 && (size_t)n < ACT_SIGNATURE_RDN - len;
}

/* From where, and by which name, are facts and not the signer's to say. */
static enum rst_err
check_facts(struct gate *g, const struct rst_record *is,
            const struct rst_record *person)
{
	if (!rst_view_equal(rst_record_first(is, RST_A_ROSTERMADEFROM),
	                    g->ctx->address))
		return gate_refuse(g, RULE_FORBIDDEN, "rosterMadeFrom", NULL);
	if (!rst_view_equal(rst_record_first(is, RST_A_ROSTERUSERNAME),
	                    rst_record_first(person, RST_A_UID)))
		return gate_refuse(g, RULE_FORBIDDEN, "rosterUsername", NULL);
	return RST_OK;
}

/* Whoever acts signs, for himself, what is there. */
static enum rst_err
check_signature(struct gate *g, const struct rst_record *is)
{
	char rdn[ACT_SIGNATURE_RDN], owner[RST_NORMAL_MAX],
		actor[RST_NORMAL_MAX];
	struct rst_record agreement, person;
	size_t owner_len, actor_len;
	enum rst_err err;

	if (g->ctx->actor_id == 0)
		return gate_refuse(g, RULE_FORBIDDEN, "rosterOwner",
		                   "a signature is made by who signs");
	err = rst_record_get(&g->txn->r, is->parent, &agreement);
	if (err == RST_OK)
		err = rst_record_get(&g->txn->r, g->ctx->actor_id, &person);
	if (err == RST_OK)
		err = rst_normalise(RST_MATCH_DN,
		                    rst_record_first(is, RST_A_ROSTEROWNER),
		                    owner, &owner_len);
	if (err == RST_OK)
		err = rst_normalise(RST_MATCH_DN, g->ctx->actor, actor,
		                    &actor_len);
	if (err != RST_OK)
		return err;
	if (!rst_view_equal(rst_view(owner, owner_len),
	                    rst_view(actor, actor_len)) ||
	    !act_signature_rdn(&person, version_of(is), rdn) ||
	    !rst_view_equal(is->nrdn, rst_view_of(rdn)))
		return gate_refuse(g, RULE_FORBIDDEN, "rosterOwner",
		                   "a signature is made by who signs");
	if (!has_class(&agreement, AGREEMENT) ||
	    version_of(&agreement) != version_of(is))
		return gate_refuse(g, RULE_INVALID_AGREEMENT, "rosterVersion",
		                   NULL);
	return check_facts(g, is, &person);
}

enum rst_err
gate_complete_signature(struct gate *g, struct rst_entry *after,
                        const struct rst_record *is)
{
	bool from = rst_record_first(is, RST_A_ROSTERMADEFROM).len > 0 ||
	            g->ctx->address.len == 0;
	bool name = rst_record_first(is, RST_A_ROSTERUSERNAME).len > 0;
	struct rst_record person;
	enum rst_err err = RST_OK;

	if (!from)
		err = rst_entry_set_one(after, RST_A_ROSTERMADEFROM,
		                        g->ctx->address);
	if (err != RST_OK || name || g->ctx->actor_id == 0)
		return err;
	err = rst_record_get(&g->txn->r, g->ctx->actor_id, &person);
	if (err == RST_ENOTFOUND ||
	    (err == RST_OK && rst_record_first(&person, RST_A_UID).len == 0))
		return RST_OK;
	if (err != RST_OK)
		return err;
	return rst_entry_set_one(after, RST_A_ROSTERUSERNAME,
	                         rst_record_first(&person, RST_A_UID));
}

enum rst_err
gate_agreement(struct gate *g, const struct gate_sides *sides)
{
	if (has_class(sides->before, SIGNATURE) &&
	    (sides->after != NULL ||
	     !rst_view_equal(g->act, RST_VIEW("unsign"))))
		return gate_refuse(g, RULE_SIGNATURE_IMMUTABLE, NULL, NULL);
	if (sides->after == NULL)
		return RST_OK;
	if (has_class(sides->after, AGREEMENT))
		return check_agreement(g, sides);
	if (has_class(sides->before, AGREEMENT))
		return gate_refuse(g, RULE_INVALID_AGREEMENT, "objectClass",
		                   "it is an agreement");
	if (has_class(sides->after, SIGNATURE))
		return check_signature(g, sides->after);
	return RST_OK;
}

static enum rst_err
list(const struct rst_rtxn *txn, uint64_t ids[RULE_AGREEMENTS_MAX],
     size_t *ret_n)
{
	struct rst_tree_cursor cursor = { .len = 0 };
	uint64_t place;
	enum rst_err err = lifecycle_place(txn, "ou=agreements", &place);

	if (err == RST_ENOTFOUND) {
		*ret_n = 0;
		return RST_OK;
	}
	return err == RST_OK ? rst_tree_children(txn, place, &cursor, ids,
	                                         RULE_AGREEMENTS_MAX, ret_n)
	                     : err;
}

enum rst_err
act_agreements(const struct rst_rtxn *txn, uint64_t ids[RULE_AGREEMENTS_MAX],
               size_t *ret_n)
{
	struct rst_record record;
	size_t n = 0, kept = 0;
	enum rst_err err = list(txn, ids, &n);

	for (size_t i = 0; err == RST_OK && i < n; i++) {
		err = rst_record_get(txn, ids[i], &record);
		if (err == RST_OK && has_class(&record, AGREEMENT))
			ids[kept++] = ids[i];
	}
	if (err == RST_OK)
		*ret_n = kept;
	return err;
}

uint32_t
act_agreement_version(const struct rst_record *agreement)
{
	return version_of(agreement);
}

bool
act_agreement_required(const struct rst_record *agreement)
{
	return rst_view_equal_nocase(
		rst_record_first(agreement, RST_A_ROSTERREQUIRED),
		RST_VIEW("TRUE"));
}

enum rst_err
act_signature(const struct rst_rtxn *txn, const struct rst_record *agreement,
              const struct rst_record *person, uint64_t *ret_id)
{
	char rdn[ACT_SIGNATURE_RDN];

	if (!act_signature_rdn(person, version_of(agreement), rdn))
		return RST_ENOTFOUND;
	return rst_tree_child(txn, agreement->id, rst_view_of(rdn), ret_id);
}

enum rst_err
act_signatures(const struct rst_rtxn *txn, uint64_t agreement,
               const struct rst_record *person, uint64_t *ids, size_t max,
               size_t *ret_n)
{
	char rdn[ACT_SIGNATURE_RDN];
	struct rst_tree_cursor cursor;
	struct rst_record record;
	size_t len, n = 0, kept = 0;
	enum rst_err err;

	if (!signature_prefix(person, rdn, &len))
		return RST_ENOTFOUND;
	cursor = rst_tree_cursor_at(agreement, rst_view(rdn, len));
	err = rst_tree_children(txn, agreement, &cursor, ids, max, &n);
	while (err == RST_OK && kept < n) {
		err = rst_record_get(txn, ids[kept], &record);
		if (err != RST_OK ||
		    !rst_view_starts(record.nrdn, rst_view(rdn, len)))
			break;
		kept++;
	}
	if (err == RST_OK)
		*ret_n = kept;
	return err;
}

/* Changed after then, so not asked for yet. */
static bool
is_later(const struct rst_record *agreement, int64_t since_s)
{
	int64_t changed_s;

	return lifecycle_time_parse(
		       rst_record_first(agreement, RST_A_MODIFYTIMESTAMP),
		       &changed_s) &&
	       changed_s > since_s;
}

/* It is asked of him, and he has not signed it. */
static enum rst_err
owes(const struct rst_rtxn *txn, uint64_t id, const struct rst_record *person,
     int64_t since_s, bool *ret_owes)
{
	struct rst_record agreement;
	uint64_t signature;
	enum rst_err err = rst_record_get(txn, id, &agreement);

	*ret_owes = false;
	if (err != RST_OK || !act_agreement_required(&agreement) ||
	    is_later(&agreement, since_s))
		return err;
	err = act_signature(txn, &agreement, person, &signature);
	*ret_owes = err == RST_ENOTFOUND;
	return *ret_owes ? RST_OK : err;
}

enum rst_err
act_owes_signature(const struct rst_rtxn *txn, const struct rst_record *person,
                   int64_t since_s, bool *ret_owes)
{
	uint64_t ids[RULE_AGREEMENTS_MAX];
	size_t n = 0;
	enum rst_err err = act_agreements(txn, ids, &n);

	*ret_owes = false;
	for (size_t i = 0; err == RST_OK && !*ret_owes && i < n; i++)
		err = owes(txn, ids[i], person, since_s, ret_owes);
	return err;
}

bool
act_is_invited(const struct rst_record *person)
{
	return person->kind == RST_KIND_PERSON &&
	       person->status == RST_STATUS_PENDING &&
	       rst_record_first(person, RST_A_ROSTERINVITED).len > 0;
}
