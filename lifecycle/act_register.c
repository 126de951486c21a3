/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_register.c - a person comes by himself, with an invitation or without
 *
 *	look (read)	is the link open, is the mail its own?
 *	hash		some 20 ms, outside any transaction
 *	write		look again, take one use, add the person, join, commit
 *
 * With a registration token the name is the token's.  Without any the mail's
 * domain has to be one that may, the queue must have room, and where mail can
 * be sent the person proves the address first: only then an administrator is
 * told of it.  Who is in a domain that needs no approval is active then.
 *
 * Of two who redeem one link at a time both pass the look; the transaction
 * of the second sees the use of the first.
 */
#include <sodium.h>
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/letter.h"
#include "lifecycle/limit.h"
#include "lifecycle/moment.h"
#include "lifecycle/setting.h"
#include "rules/registration.h"
#include "store/index.h"

#define LIMIT_S   3600 /* of setting registration-limit */
#define BATCH     64   /* ids taken from the store at a time */
#define NAMES_MAX 12   /* usernames proposed to one network address */
#define NAMES_S   600

/* What a token or the registration mode lets happen. */
struct admission {
	struct rst_entry *invitation; /* owned; an invitation or a ticket */
	struct rst_record record;     /* of it */
	bool ticket;                  /* it is a registration token */
	enum rst_status status;       /* of the new person */
	bool signs; /* nothing but agreements is between him and it */
};

/* The invited address is the address that registers. */
static enum rst_err
check_mail(const struct rst_record *invitation,
           const struct act_candidate *candidate, struct act_refusal *refusal)
{
	struct rst_view mail = rst_record_first(invitation, RST_A_MAIL);
	char canonical[RST_MAIL_MAX + 1];
	enum rst_err err;

	if (mail.len == 0)
		return RST_OK;
	err = rst_mail_canonical(mail, canonical);
	if (err != RST_OK && err != RST_EINVALID)
		return err;
	if (err == RST_EINVALID || strcmp(canonical, candidate->mail) != 0)
		return act_refuse(refusal, RULE_EMAIL_MISMATCH, "mail");
	return RST_OK;
}

/* Is there room in the queue?  Costs a look at each that waits. */
static enum rst_err
check_queue(const struct rst_rtxn *txn, struct act_refusal *refusal)
{
	uint64_t ids[BATCH], after = 0;
	int64_t waiting = 0, max;
	size_t n = BATCH;
	enum rst_err err;

	err = lifecycle_setting_number(txn, RULE_SETTING_PENDING_MAX, &max);
	while (err == RST_OK && n == BATCH && max > 0 && waiting < max) {
		err = rst_index_equal(txn, RST_A_ROSTERSTATUS,
		                      RST_VIEW("pending"), after, ids, BATCH,
		                      &n);
		if (err == RST_OK && n > 0)
			after = ids[n - 1];
		waiting += err == RST_OK ? (int64_t)n : 0;
	}
	if (err == RST_OK && max > 0 && waiting >= max)
		return act_refuse(refusal, RULE_QUEUE_FULL, NULL);
	return err;
}

/* Without a token: may somebody of that address register? */
static enum rst_err
admit_stranger(const struct rst_rtxn *txn,
               const struct act_candidate *candidate,
               struct act_refusal *refusal)
{
	char allowed[RULE_SETTING_VALUE_MAX + 1];
	char blocked[RULE_SETTING_VALUE_MAX + 1];
	enum rst_err err;

	err = lifecycle_setting_text(txn, RULE_SETTING_REGISTRATION_DOMAINS,
	                             allowed);
	if (err == RST_OK)
		err = lifecycle_setting_text(txn, RULE_SETTING_BLOCKED_DOMAINS,
		                             blocked);
	if (err != RST_OK)
		return err;
	if (rule_registration_mail(allowed, blocked, candidate->mail) !=
	    RULE_OK)
		return act_refuse(refusal, RULE_EMAIL_DOMAIN, "mail");
	return check_queue(txn, refusal);
}

/* A registration token: for one name, and active at once. */
static enum rst_err
admit_ticket(const struct rst_rtxn *txn, const struct act_ctx *ctx,
             struct rst_view token, const struct act_candidate *candidate,
             struct admission *admission, struct act_refusal *refusal)
{
	uint64_t owner;
	enum rst_err err;

	err = act_link_open(txn, ctx->now_s, token, ACT_PURPOSE_REGISTRATION,
	                    &admission->invitation, &admission->record, &owner,
	                    refusal);
	if (err == RST_EDENIED)
		return act_refuse(refusal, RULE_INVALID_INVITE, "token");
	if (err != RST_OK)
		return err;
	admission->ticket = true;
	admission->status = RST_STATUS_ACTIVE;
	if (!rst_view_equal(
		    rst_record_first(&admission->record, RST_A_ROSTERUSERNAME),
		    rst_view_of(candidate->username)))
		return act_refuse(refusal, RULE_USERNAME_MISMATCH, "username");
	return RST_OK;
}

static enum rst_err
admit_guest(const struct rst_rtxn *txn, const struct act_ctx *ctx,
            struct rst_view token, const struct act_candidate *candidate,
            struct admission *admission, struct act_refusal *refusal)
{
	enum rst_err err;

	err = act_invitation_open(txn, ctx->now_s, token,
	                          &admission->invitation, &admission->record,
	                          refusal);
	if (err == RST_EDENIED)
		return admit_ticket(txn, ctx, token, candidate, admission,
		                    refusal);
	if (err == RST_OK)
		err = check_mail(&admission->record, candidate, refusal);
	if (err == RST_OK &&
	    !rst_view_equal_nocase(rst_record_first(&admission->record,
	                                            RST_A_ROSTERNEEDSAPPROVAL),
	                           RST_VIEW("TRUE")))
		admission->status = RST_STATUS_ACTIVE;
	return err;
}

/* Nobody is active without having signed what is required. */
static enum rst_err
hold_back(const struct rst_rtxn *txn, struct admission *admission)
{
	uint64_t ids[RULE_AGREEMENTS_MAX];
	struct rst_record agreement;
	size_t n = 0;
	enum rst_err err = act_agreements(txn, ids, &n);

	for (size_t i = 0; err == RST_OK && i < n; i++) {
		err = rst_record_get(txn, ids[i], &agreement);
		if (err == RST_OK && act_agreement_required(&agreement)) {
			admission->signs = true;
			admission->status = RST_STATUS_PENDING;
		}
	}
	return err;
}

/* Does the site take registrations of that kind? */
static enum rst_err
check_mode(const struct rst_rtxn *txn, struct rst_view token,
           struct act_refusal *refusal)
{
	int64_t mode;
	enum rst_err err =
		lifecycle_setting_number(txn, RULE_SETTING_REGISTRATION, &mode);

	if (err != RST_OK)
		return err;
	if (mode == RULE_REGISTRATION_OFF ||
	    (token.len == 0 && mode != RULE_REGISTRATION_OPEN))
		return act_refuse(refusal, RULE_REGISTRATION_CLOSED, NULL);
	return RST_OK;
}

static enum rst_err
admit(const struct rst_rtxn *txn, const struct act_ctx *ctx,
      struct rst_view token, const struct act_candidate *candidate,
      struct admission *ret_admission, struct act_refusal *refusal)
{
	struct admission admission = { .status = RST_STATUS_PENDING };
	enum rst_err err = check_mode(txn, token, refusal);

	if (err != RST_OK)
		return err;
	err = token.len > 0 ? admit_guest(txn, ctx, token, candidate,
	                                  &admission, refusal)
	                    : admit_stranger(txn, candidate, refusal);
	if (err == RST_OK && admission.status == RST_STATUS_ACTIVE)
		err = hold_back(txn, &admission);
	if (err == RST_OK)
		*ret_admission = admission;
	else
		rst_entry_free(admission.invitation);
	return err;
}

/* Look before the slow hash; the transaction looks again. */
static enum rst_err
peek(const struct act_ctx *ctx, struct rst_view token,
     const struct act_candidate *candidate, struct act_refusal *refusal)
{
	struct admission admission = { 0 };
	struct rst_rtxn txn;
	int64_t limit;
	enum rst_err err;

	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = admit(&txn, ctx, token, candidate, &admission, refusal);
	if (err == RST_OK)
		err = lifecycle_setting_number(
			&txn, RULE_SETTING_REGISTRATION_LIMIT, &limit);
	if (err == RST_OK && token.len == 0 &&
	    !limit_take_source(ctx, "register", (unsigned int)limit, LIMIT_S))
		err = act_refuse(refusal, RULE_TOO_OFTEN, NULL);
	rst_read_end(&txn);
	rst_entry_free(admission.invitation);
	return err;
}

/* One use is taken. */
static enum rst_err
redeem(struct rst_wtxn *txn, const struct act_ctx *ctx,
       const struct admission *admission, struct act_refusal *refusal)
{
	struct rst_entry *after = NULL;
	uint64_t used = 0;
	char text[12];
	enum rst_err err;

	if (admission->ticket)
		return act_link_use(txn, ctx, admission->invitation, refusal);
	(void)rst_view_number(
		rst_record_first(&admission->record, RST_A_ROSTERUSED),
		UINT32_MAX - 1, &used);
	(void)snprintf(text, sizeof(text), "%u", (unsigned int)used + 1);
	err = rst_entry_from_record(&admission->record, &after);
	if (err == RST_OK)
		err = rst_entry_set_one(after, RST_A_ROSTERUSED,
		                        rst_view_of(text));
	if (err == RST_OK)
		err = act_gate_modify(txn, ctx, "redeem", RST_VIEW(""),
		                      admission->record.id, after, refusal);
	rst_entry_free(after);
	return err;
}

/* Who waits for approval joins the groups of the invitation then; one that is
 * gone since is passed over. */
static enum rst_err
promise_groups(struct rst_wtxn *txn, const struct act_ctx *ctx,
               const struct admission *admission, uint64_t person,
               struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct rst_record record;
	struct rst_attr joins;
	char ndn[RST_NORMAL_MAX];
	struct rst_view dn;
	uint64_t group;
	size_t len;
	enum rst_err err;

	if (!rst_record_attr(&admission->record, RST_A_ROSTERJOINS, &joins))
		return RST_OK;
	err = act_load(&txn->r, person, RST_KIND_PERSON, &entry, &record);
	while (err == RST_OK && rst_attr_next(&joins, &dn)) {
		err = rst_normalise(RST_MATCH_DN, dn, ndn, &len);
		if (err == RST_OK)
			err = rst_tree_find(&txn->r, rst_view(ndn, len), &group,
			                    NULL);
		if (err == RST_OK &&
		    !rst_record_has(&txn->r, &record, RST_A_ROSTERJOINS, dn))
			err = rst_entry_add(entry, RST_A_ROSTERJOINS, dn);
		if (err == RST_ENOTFOUND || err == RST_EINVALID)
			err = RST_OK;
	}
	if (err == RST_OK)
		err = act_gate_modify(txn, ctx, "promise-groups", RST_VIEW(""),
		                      person, entry, refusal);
	rst_entry_free(entry);
	return err;
}

/* The groups of the invitation; one that is gone since is passed over. */
static enum rst_err
join_groups(struct rst_wtxn *txn, const struct act_ctx *ctx,
            const struct admission *admission, uint64_t person,
            struct act_refusal *refusal)
{
	char ndn[RST_NORMAL_MAX];
	struct rst_attr joins;
	struct rst_view dn;
	uint64_t group;
	size_t len;
	enum rst_err err = RST_OK;

	if (!rst_record_attr(&admission->record, RST_A_ROSTERJOINS, &joins))
		return RST_OK;
	while (err == RST_OK && rst_attr_next(&joins, &dn)) {
		err = rst_normalise(RST_MATCH_DN, dn, ndn, &len);
		if (err == RST_OK)
			err = rst_tree_find(&txn->r, rst_view(ndn, len), &group,
			                    NULL);
		if (err == RST_OK)
			err = act_gate_member(txn, ctx, "join", group, person,
			                      true, refusal);
		if (err == RST_ENOTFOUND)
			err = RST_OK;
	}
	return err;
}

/* A link to the address that was given: whoever reads there uses it. */
static enum rst_err
ask_to_verify(struct rst_wtxn *txn, const struct act_ctx *ctx,
              const struct rst_record *person, const char *url,
              struct act_refusal *refusal)
{
	struct act_link terms = {
		.purpose = ACT_PURPOSE_VERIFICATION,
		.owner = person->id,
		.mail = rst_record_first(person, RST_A_MAIL),
	};
	char token[RST_TOKEN_TEXT], link[LETTER_LINK_MAX];
	char expires[LIFECYCLE_TIME_BYTES];
	struct letter_part parts[] = {
		{ "link", { link, 0 } },
		{ "username", rst_record_first(person, RST_A_UID) },
		{ "name", rst_record_first(person, RST_A_CN) },
		{ "expires", { expires, 0 } },
	};
	const struct letter letter = {
		.to = terms.mail,
		.template = "verification",
		.language = rst_record_first(person, RST_A_PREFERREDLANGUAGE),
		.parts = parts,
		.n_parts = sizeof(parts) / sizeof(parts[0]),
	};
	uint64_t id;
	enum rst_err err;

	err = lifecycle_setting_number(
		&txn->r, RULE_SETTING_VERIFICATION_LIFETIME, &terms.lifetime_s);
	if (err == RST_OK)
		err = act_link_add(txn, ctx, &terms, token, &id, refusal);
	if (err != RST_OK)
		return err;
	if (!letter_link(rst_view_of(url), "verify", token, link))
		return RST_EINVALID;
	lifecycle_time_print_3339(ctx->now_s + terms.lifetime_s, expires);
	parts[0].value = rst_view_of(link);
	parts[3].value = rst_view_of(expires);
	err = letter_queue(txn, ctx, &letter, NULL);
	sodium_memzero(token, sizeof(token));
	sodium_memzero(link, sizeof(link));
	return err;
}

/* An invitation to an address proves it. */
static enum rst_err
note_verified(struct rst_wtxn *txn, const struct act_ctx *ctx,
              struct rst_entry *person, struct act_refusal *refusal)
{
	char now[LIFECYCLE_TIME_BYTES];
	enum rst_err err;

	lifecycle_time_print(ctx->now_s, now);
	err = rst_entry_set_one(person, RST_A_ROSTERMAILVERIFIED,
	                        rst_view_of(now));
	if (err == RST_OK)
		err = act_gate_modify(txn, ctx, "verify-mail", RST_VIEW(""),
		                      rst_entry_id(person), person, refusal);
	return err;
}

/* He is let in, once he signed. */
static enum rst_err
note_invited(struct rst_wtxn *txn, const struct act_ctx *ctx,
             const struct admission *admission, uint64_t id,
             struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	char now[LIFECYCLE_TIME_BYTES];
	struct rst_record person;
	enum rst_err err;

	lifecycle_time_print(ctx->now_s, now);
	err = act_load(&txn->r, id, RST_KIND_PERSON, &entry, &person);
	if (err == RST_OK)
		err = rst_entry_set_one(entry, RST_A_ROSTERINVITED,
		                        rst_view_of(now));
	if (err == RST_OK &&
	    rst_record_first(&admission->record, RST_A_MAIL).len > 0)
		err = rst_entry_set_one(entry, RST_A_ROSTERMAILVERIFIED,
		                        rst_view_of(now));
	if (err == RST_OK)
		err = act_gate_modify(txn, ctx, "admit", RST_VIEW(""), id,
		                      entry, refusal);
	rst_entry_free(entry);
	return err;
}

/* He waits now: he and those who decide are told so. */
static enum rst_err
tell_waiting(struct rst_wtxn *txn, const struct act_ctx *ctx,
             struct rst_entry *entry)
{
	static const struct letter_news received = { .template = "received",
		                                     .page = "login" };
	struct rst_record person;
	enum rst_err err = rst_entry_record(entry, &person);

	if (err == RST_OK)
		err = letter_tell_approvers(txn, ctx, &person);
	if (err == RST_OK)
		err = letter_tell(txn, ctx, &person, &received);
	return err;
}

/* What is to be known of the new person, by whom. */
static enum rst_err
tell(struct rst_wtxn *txn, const struct act_ctx *ctx,
     const struct admission *admission, uint64_t id,
     struct act_refusal *refusal)
{
	char url[LETTER_URL_MAX + 1];
	struct rst_entry *entry = NULL;
	struct rst_record person;
	bool verifies = false;
	enum rst_err err;

	err = act_load(&txn->r, id, RST_KIND_PERSON, &entry, &person);
	if (err == RST_OK && admission->invitation == NULL)
		err = lifecycle_setting_on(&txn->r, RULE_SETTING_VERIFY_MAIL,
		                           &verifies);
	if (err == RST_OK && admission->invitation != NULL &&
	    rst_record_first(&admission->record, RST_A_MAIL).len > 0)
		err = note_verified(txn, ctx, entry, refusal);
	if (err == RST_OK && verifies && letter_url(&txn->r, url))
		err = ask_to_verify(txn, ctx, &person, url, refusal);
	else if (err == RST_OK && admission->status == RST_STATUS_PENDING)
		err = tell_waiting(txn, ctx, entry);
	rst_entry_free(entry);
	return err;
}

static enum rst_err
register_in(struct rst_wtxn *txn, const struct act_ctx *ctx,
            const struct admission *admission, const struct act_person *person,
            const struct act_candidate *candidate, uint64_t *ret_id,
            struct act_refusal *refusal)
{
	enum rst_err err = RST_OK;

	if (admission->invitation != NULL)
		err = redeem(txn, ctx, admission, refusal);
	if (err == RST_OK)
		err = act_candidate_add(txn, ctx, "register", person, candidate,
		                        admission->status, ret_id, refusal);
	if (err == RST_OK && admission->invitation != NULL &&
	    admission->status == RST_STATUS_PENDING)
		err = promise_groups(txn, ctx, admission, *ret_id, refusal);
	else if (err == RST_OK && admission->invitation != NULL)
		err = join_groups(txn, ctx, admission, *ret_id, refusal);
	if (err == RST_OK && admission->signs)
		return note_invited(txn, ctx, admission, *ret_id, refusal);
	if (err == RST_OK)
		err = tell(txn, ctx, admission, *ret_id, refusal);
	return err;
}

enum rst_err
act_register(const struct act_ctx *ctx, struct rst_view token,
             const struct act_person *person, uint64_t *ret_id,
             enum rst_status *ret_status, struct act_refusal *refusal)
{
	struct act_candidate candidate = { 0 };
	struct admission admission = { 0 };
	struct rst_wtxn txn = { 0 };
	uint64_t id = 0;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = act_candidate_check(ctx, person, ACT_FORM_PUBLIC, &candidate,
	                          refusal);
	if (err == RST_OK)
		err = peek(ctx, token, &candidate, refusal);
	if (err == RST_OK)
		err = act_candidate_hash(ctx, person, &candidate, refusal);
	if (err == RST_OK)
		err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		goto out;
	err = admit(&txn.r, ctx, token, &candidate, &admission, refusal);
	if (err == RST_OK)
		err = register_in(&txn, ctx, &admission, person, &candidate,
		                  &id, refusal);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK) {
		*ret_id = id;
		*ret_status = admission.status;
	}
out:
	rst_entry_free(admission.invitation);
	sodium_memzero(&candidate, sizeof(candidate));
	return err;
}

enum rst_err
act_is_unverified(const struct rst_rtxn *txn, const struct rst_record *person,
                  bool *ret_is)
{
	uint64_t id;
	size_t n = 0;
	enum rst_err err = RST_OK;

	if (person->status == RST_STATUS_PENDING &&
	    rst_record_first(person, RST_A_ROSTERMAILVERIFIED).len == 0)
		err = act_tokens_of(txn, person->id, ACT_PURPOSE_VERIFICATION,
		                    0, &id, 1, &n);
	if (err == RST_OK)
		*ret_is = n > 0;
	return err;
}

/* The account is of a domain whose people need nobody's approval. */
static enum rst_err
needs_no_approval(const struct rst_rtxn *txn, const struct rst_record *person,
                  bool *ret_none)
{
	char domains[RULE_SETTING_VALUE_MAX + 1], mail[RST_MAIL_MAX + 1];
	enum rst_err err;

	*ret_none = false;
	if (person->status != RST_STATUS_PENDING)
		return RST_OK;
	err = lifecycle_setting_text(txn, RULE_SETTING_AUTO_APPROVE_DOMAINS,
	                             domains);
	if (err == RST_OK)
		err = rst_mail_canonical(rst_record_first(person, RST_A_MAIL),
		                         mail);
	if (err == RST_OK)
		*ret_none = rule_domain_listed(domains, mail);
	return err == RST_EINVALID ? RST_OK : err;
}

static enum rst_err
verify(struct rst_wtxn *txn, const struct act_ctx *ctx, struct rst_entry *link,
       const struct rst_record *facts, uint64_t id, enum rst_status *ret_status,
       struct act_refusal *refusal)
{
	static const struct letter_news to_sign = { .template = "agreements",
		                                    .page = "me/agreements" };
	struct rst_entry *entry = NULL;
	struct rst_record person;
	bool approved = false, signs = false;
	enum rst_err err;

	err = act_load(&txn->r, id, RST_KIND_PERSON, &entry, &person);
	if (err == RST_ENOTFOUND ||
	    (err == RST_OK &&
	     !rst_view_equal_nocase(rst_record_first(facts, RST_A_MAIL),
	                            rst_record_first(&person, RST_A_MAIL))))
		err = act_refuse(refusal, RULE_INVALID_LINK, "token");
	if (err == RST_OK)
		err = act_link_use(txn, ctx, link, refusal);
	if (err == RST_OK)
		err = needs_no_approval(&txn->r, &person, &approved);
	if (err == RST_OK && approved)
		err = act_admit(txn, ctx, entry, &person, &signs);
	if (err == RST_OK && approved && !signs)
		err = rst_entry_set_one(entry, RST_A_ROSTERSTATUS,
		                        RST_VIEW("active"));
	if (err == RST_OK)
		err = note_verified(txn, ctx, entry, refusal);
	if (err == RST_OK)
		err = rst_entry_record(entry, &person);
	if (err == RST_OK && signs)
		err = letter_tell(txn, ctx, &person, &to_sign);
	else if (err == RST_OK && person.status == RST_STATUS_PENDING)
		err = tell_waiting(txn, ctx, entry);
	if (err == RST_OK)
		*ret_status = person.status;
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_verify(const struct act_ctx *ctx, struct rst_view token,
           enum rst_status *ret_status, struct act_refusal *refusal)
{
	struct rst_entry *link = NULL;
	struct rst_wtxn txn = { 0 };
	struct act_ctx nobody = *ctx;
	struct rst_record record;
	enum rst_status status = RST_STATUS_NONE;
	uint64_t person;
	enum rst_err err;

	/* who is signed in beside it has no part in it */
	nobody.actor = RST_VIEW("");
	nobody.actor_id = 0;
	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = act_link_open(&txn.r, ctx->now_s, token, ACT_PURPOSE_VERIFICATION,
	                    &link, &record, &person, refusal);
	if (err == RST_OK)
		err = verify(&txn, &nobody, link, &record, person, &status,
		             refusal);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK)
		*ret_status = status;
	rst_entry_free(link);
	return err;
}

enum rst_err
act_propose_username(const struct act_ctx *ctx, const struct act_person *person,
                     char username[RULE_NAME_MAX + 1])
{
	struct act_refusal refusal;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = RST_EDENIED;
	for (unsigned int n = 0; err == RST_EDENIED && n < RULE_PROPOSALS_MAX;
	     n++) {
		if (n == 1) /* the second is alice2 */
			continue;
		rule_username_propose(
			person->given_name.ptr, person->given_name.len,
			person->surname.ptr, person->surname.len,
			person->mail.ptr, person->mail.len, n, username);
		if (rule_username_public(username, strlen(username)) == RULE_OK)
			err = act_name_free(&txn, username, ctx->now_s,
			                    &refusal);
	}
	rst_read_end(&txn);
	return err == RST_EDENIED ? RST_ENOTFOUND : err;
}

/* Whoever asks may register, as far as that can be said of nobody. */
static enum rst_err
admit_asker(const struct act_ctx *ctx, const struct rst_rtxn *txn,
            struct rst_view token, struct act_refusal *refusal)
{
	struct rst_entry *link = NULL;
	struct rst_record record;
	uint64_t owner;
	enum rst_err err;

	err = check_mode(txn, token, refusal);
	if (err != RST_OK || token.len == 0)
		return err;
	err = act_invitation_open(txn, ctx->now_s, token, &link, &record,
	                          refusal);
	if (err == RST_EDENIED)
		err = act_link_open(txn, ctx->now_s, token,
		                    ACT_PURPOSE_REGISTRATION, &link, &record,
		                    &owner, refusal);
	if (err == RST_EDENIED)
		err = act_refuse(refusal, RULE_INVALID_INVITE, "token");
	rst_entry_free(link);
	return err;
}

enum rst_err
act_offer_username(const struct act_ctx *ctx, struct rst_view token,
                   const struct act_person *person,
                   char username[RULE_NAME_MAX + 1],
                   struct act_refusal *refusal)
{
	struct rst_rtxn txn;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = admit_asker(ctx, &txn, token, refusal);
	rst_read_end(&txn);
	if (err == RST_OK &&
	    !limit_take_source(ctx, "username", NAMES_MAX, NAMES_S))
		err = act_refuse(refusal, RULE_TOO_OFTEN, NULL);
	if (err == RST_OK)
		err = act_propose_username(ctx, person, username);
	return err;
}
