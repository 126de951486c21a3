/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_priv.h - what the acts share */
#ifndef ACT_PRIV_H
#define ACT_PRIV_H

#include "lifecycle/acts.h"
#include "lifecycle/attempt.h"
#include "lifecycle/password.h"
#include "rules/invitation.h"
#include "rules/names.h"
#include "store/ident.h"
#include "store/tree.h"

#define ACT_HEX_BYTES (2 * RST_DIGEST_BYTES + 1) /* a digest as a C string */

/* RST_EDENIED with verdict and field. */
enum rst_err act_refuse(struct act_refusal *refusal, enum rule_verdict verdict,
                        const char *field) RST_MUST_USE;

/* Judge a new password: RST_OK, or refused with the reason in words. */
enum rst_err act_judge_password(const struct lifecycle_terms *terms,
                                struct rst_view password, const char *field,
                                struct act_refusal *refusal) RST_MUST_USE;

/* Judge it, see that it is none of those that stay taken, and hash it. */
enum rst_err act_hash_password(const struct act_ctx *ctx,
                               const struct lifecycle_terms *terms,
                               struct rst_view password, const char *field,
                               char hash[LIFECYCLE_HASH_MAX],
                               struct act_refusal *refusal) RST_MUST_USE;

/* The same password under another hash, unless what is stored is another by
 * now.  Best effort: the next sign-in comes for sure. */
void act_renew_hash(const struct act_ctx *ctx, uint64_t person,
                    const struct attempt_renewal *renewal);

/* Commit, unless it was only tried. */
enum rst_err act_commit(struct rst_wtxn *txn, const struct act_ctx *ctx)
	RST_MUST_USE;

/* The end of an act: act_commit() if err is RST_OK, abort otherwise.  Answers
 * err, or what the commit did. */
enum rst_err act_end(struct rst_wtxn *txn, const struct act_ctx *ctx,
                     enum rst_err err) RST_MUST_USE;

/* As rst_write_begin(), or go on with what ctx->hold holds: for an act that
 * may follow another within one transaction. */
enum rst_err act_write_begin(const struct act_ctx *ctx,
                             enum rst_write_purpose purpose,
                             struct rst_wtxn *ret_txn) RST_MUST_USE;

/* One value of a new entry; one with a NULL ptr is left out. */
struct act_value {
	uint16_t attr;
	struct rst_view value;
};

/* A new entry under parent as rdn, whose normal form is nrdn. */
enum rst_err act_build(uint64_t parent, struct rst_view rdn,
                       struct rst_view nrdn, const struct act_value *values,
                       size_t n_values, struct rst_entry **ret_entry)
	RST_MUST_USE;

/* A new entry of class: "cn=" and name, whose rule was asked, below place, such
 * as "ou=presets". */
enum rst_err act_build_named(struct rst_wtxn *txn, const struct act_ctx *ctx,
                             const char *place, struct rst_view class,
                             struct rst_view name, struct rst_entry **ret_entry,
                             struct act_refusal *refusal) RST_MUST_USE;

/* One more value, unless it is there, but for case. */
enum rst_err act_add_once(struct rst_entry *entry, uint16_t attr,
                          struct rst_view value) RST_MUST_USE;

/* Through the gate: add, modify, delete. */
enum rst_err act_gate_add(struct rst_wtxn *txn, const struct act_ctx *ctx,
                          const char *act, struct rst_entry *entry,
                          uint64_t *ret_id, struct act_refusal *refusal)
	RST_MUST_USE;
enum rst_err act_gate_modify(struct rst_wtxn *txn, const struct act_ctx *ctx,
                             const char *act, struct rst_view reason,
                             uint64_t id, struct rst_entry *after,
                             struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_gate_delete(struct rst_wtxn *txn, const struct act_ctx *ctx,
                             const char *act, struct rst_view reason,
                             uint64_t id, struct act_refusal *refusal)
	RST_MUST_USE;
/* member joins group, or leaves it; what is so already stays. */
enum rst_err act_gate_member(struct rst_wtxn *txn, const struct act_ctx *ctx,
                             const char *act, uint64_t group, uint64_t member,
                             bool join, struct act_refusal *refusal)
	RST_MUST_USE;

/* member joins group, or stays in it, with an end (RULE_NEVER: none). */
enum rst_err act_gate_join_until(struct rst_wtxn *txn,
                                 const struct act_ctx *ctx, uint64_t group,
                                 uint64_t member, int64_t until_s,
                                 struct act_refusal *refusal) RST_MUST_USE;

/* A copy of entry id to change, if it is of kind; RST_ENOTFOUND. */
enum rst_err act_load(const struct rst_rtxn *txn, uint64_t id,
                      enum rst_kind kind, struct rst_entry **ret_entry,
                      struct rst_record *ret_record) RST_MUST_USE;

/* Something happened that changed no entry: a sign-in. */
enum rst_err act_event(struct rst_wtxn *txn, const struct act_ctx *ctx,
                       const char *act, struct rst_view actor) RST_MUST_USE;
/* The same, with what it was about where no entry says so. */
enum rst_err act_event_of(struct rst_wtxn *txn, const struct act_ctx *ctx,
                          const char *act, struct rst_view actor,
                          struct rst_view reason) RST_MUST_USE;

enum act_form {
	ACT_FORM_PUBLIC, /* a public form: everything is asked for */
	ACT_FORM_ADMIN,  /* short names, no mail, no password are lawful */
};
/* A person who passed the rules that need no look at others. */
struct act_candidate {
	enum act_form form;
	char username[RULE_NAME_MAX + 1]; /* folded to lower case */
	char mail[RST_MAIL_MAX + 1];      /* canonical; "" for none */
	char cn[2 * RULE_PERSON_MAX + 2];
	char hash[LIFECYCLE_HASH_MAX]; /* "" for none; wipe it */
};
enum rst_err act_candidate_check(const struct act_ctx *ctx,
                                 const struct act_person *person,
                                 enum act_form form,
                                 struct act_candidate *ret_candidate,
                                 struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_candidate_hash(const struct act_ctx *ctx,
                                const struct act_person *person,
                                struct act_candidate *candidate,
                                struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_candidate_add(struct rst_wtxn *txn, const struct act_ctx *ctx,
                               const char *act, const struct act_person *person,
                               const struct act_candidate *candidate,
                               enum rst_status status, uint64_t *ret_id,
                               struct act_refusal *refusal) RST_MUST_USE;

/* A new group, inside a transaction; name has passed its rule. */
struct act_group {
	struct rst_view name;
	uint32_t gid_number; /* 0: the next */
	bool administrator;
	struct rst_view description;
};
enum rst_err act_group_add(struct rst_wtxn *txn, const struct act_ctx *ctx,
                           const struct act_group *group, uint64_t *ret_id,
                           struct act_refusal *refusal) RST_MUST_USE;

/* More groups than RULE_INVITATION_GROUPS_MAX: RULE_UNKNOWN_GROUP. */
enum rst_err act_invite_crowded(struct act_refusal *refusal);
/* The invitation of a token, if it still admits somebody: entry and record
 * as of act_load().  RULE_INVALID_INVITE. */
enum rst_err act_invitation_open(const struct rst_rtxn *txn, int64_t now_s,
                                 struct rst_view token,
                                 struct rst_entry **ret_entry,
                                 struct rst_record *ret_record,
                                 struct act_refusal *refusal) RST_MUST_USE;

/* act_preset.c: rosterJoins of entry, besides what is there; groups are names,
 * empty ones are passed over.  RULE_UNKNOWN_GROUP for one that is not. */
enum rst_err act_add_joins(const struct rst_rtxn *txn, struct rst_entry *entry,
                           const struct rst_view *groups, size_t n_groups,
                           struct act_refusal *refusal) RST_MUST_USE;

/* act_preset.c: what invite's preset says, where invite is silent; groups are
 * added to those it names.  RULE_UNKNOWN_PRESET. */
struct act_preset_room {
	char names[RULE_INVITATION_GROUPS_MAX + 1][RULE_NAME_MAX + 1];
	struct rst_view groups[RULE_INVITATION_GROUPS_MAX];
};
enum rst_err act_preset_apply(const struct rst_rtxn *txn,
                              struct act_invite *invite,
                              struct act_preset_room *room,
                              struct act_refusal *refusal) RST_MUST_USE;

/* Nobody lets others in who may not come in himself: false for a link whose
 * maker is a person without access.  One whose end came by the clock has it
 * no more before any sweep ran. */
enum rst_err act_maker_may(const struct rst_rtxn *txn,
                           const struct rst_record *link, int64_t now_s,
                           bool *ret_may) RST_MUST_USE;

/*
 * act_link.c: links for one act are tokens with a purpose.  Whose it is, what
 * it names, how long; empty: not of it.
 */
#define ACT_PURPOSE_RESET        "reset"
#define ACT_PURPOSE_REGISTRATION "registration"
#define ACT_PURPOSE_VERIFICATION "verification"
#define ACT_PURPOSE_MAIL_NEW     "mail-new"
#define ACT_PURPOSE_MAIL_OLD     "mail-old"
struct act_link {
	const char *purpose;
	uint64_t owner; /* 0: nobody's */
	struct rst_view username, mail;
	int64_t lifetime_s;
};
enum rst_err act_link_add(struct rst_wtxn *txn, const struct act_ctx *ctx,
                          const struct act_link *link,
                          char token[RST_TOKEN_TEXT], uint64_t *ret_id,
                          struct act_refusal *refusal) RST_MUST_USE;
/* The live link of a token: entry and record as of act_load(), and its owner
 * (0: none).  RULE_INVALID_LINK. */
enum rst_err act_link_open(const struct rst_rtxn *txn, int64_t now_s,
                           struct rst_view token, const char *purpose,
                           struct rst_entry **ret_entry,
                           struct rst_record *ret_record, uint64_t *ret_owner,
                           struct act_refusal *refusal) RST_MUST_USE;
/* It was used, and works no more. */
enum rst_err act_link_use(struct rst_wtxn *txn, const struct act_ctx *ctx,
                          struct rst_entry *entry, struct act_refusal *refusal)
	RST_MUST_USE;
/* Does owner have a live one for purpose? */
enum rst_err act_link_lives(const struct rst_rtxn *txn, uint64_t owner,
                            const char *purpose, int64_t now_s, bool *ret_lives)
	RST_MUST_USE;
/* The live links of owner for purpose work no more. */
enum rst_err act_link_end(struct rst_wtxn *txn, const struct act_ctx *ctx,
                          uint64_t owner, const char *purpose,
                          struct act_refusal *refusal) RST_MUST_USE;

/* A username as a form brings it, folded into buf; nobody has or had it. */
enum rst_err act_check_username(struct rst_view username, enum act_form form,
                                char buf[RULE_NAME_MAX + 1],
                                struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_name_free(const struct rst_rtxn *txn, const char *username,
                           int64_t now_s, struct act_refusal *refusal)
	RST_MUST_USE;

/* Somebody by username, or by mail address.  RST_ENOTFOUND. */
enum rst_err act_find_claimant(const struct rst_rtxn *txn, struct rst_view name,
                               uint64_t *ret_id) RST_MUST_USE;

/* gate_agreement.c: the name of person's signature under a version. */
#define ACT_SIGNATURE_RDN 64
bool act_signature_rdn(const struct rst_record *person, uint32_t version,
                       char rdn[ACT_SIGNATURE_RDN]);
/* The first max of person's signatures of agreement, of whatever version. */
enum rst_err act_signatures(const struct rst_rtxn *txn, uint64_t agreement,
                            const struct rst_record *person, uint64_t *ids,
                            size_t max, size_t *ret_n) RST_MUST_USE;
/*
 * The person of entry may come in.  *ret_must_sign: not before he signed the
 * agreements, so rosterInvited is set and the status stays; person is then
 * the record of entry anew.
 */
enum rst_err act_admit(struct rst_wtxn *txn, const struct act_ctx *ctx,
                       struct rst_entry *entry, struct rst_record *person,
                       bool *ret_must_sign) RST_MUST_USE;

/* Write the actor's approval into entry; *ret_waits: others are needed. */
enum rst_err act_approval(const struct rst_rtxn *txn, const struct act_ctx *ctx,
                          const struct rst_record *record,
                          struct rst_entry *entry, bool *ret_waits)
	RST_MUST_USE;

/* The skeleton's place rdn, made now in a directory from before it was. */
enum rst_err act_place(struct rst_wtxn *txn, const struct act_ctx *ctx,
                       const char *rdn, uint64_t *ret_id,
                       struct act_refusal *refusal) RST_MUST_USE;

/*
 * act_notice.c: a mail to person (to the administrators, about somebody) in
 * the transaction of its cause; when_s is the moment it speaks of.  RST_OK
 * also when there is no address, no relay or setting notices is off, which
 * act_can_tell() says beforehand.
 */
enum rst_err act_can_mail(const struct rst_rtxn *txn, bool *ret_can)
	RST_MUST_USE;
enum rst_err act_can_tell(const struct rst_rtxn *txn,
                          const struct rst_record *person, bool *ret_can)
	RST_MUST_USE;
enum rst_err act_tell(struct rst_wtxn *txn, const struct act_ctx *ctx,
                      uint64_t person, const char *template, int64_t when_s)
	RST_MUST_USE;
enum rst_err act_tell_administrators(struct rst_wtxn *txn,
                                     const struct act_ctx *ctx, uint64_t about,
                                     const char *template, int64_t when_s)
	RST_MUST_USE;

/*
 * gate_due.c: up to when everything that becomes due is done (0: nothing was),
 * by the names of the marks; what a person was told about which moment; the
 * consequences of an end that came by the clock.
 */
#define ACT_DUE_MARKS 3
extern const char *const act_due_marks[ACT_DUE_MARKS];
enum rst_err act_due_mark(const struct rst_rtxn *txn, const char *name,
                          int64_t *ret_mark_s) RST_MUST_USE;
enum rst_err act_due_set_mark(struct rst_wtxn *txn, const char *name,
                              int64_t mark_s) RST_MUST_USE;
bool act_was_noticed(const struct rst_record *record, const char *word,
                     int64_t about_s);
enum rst_err act_note_notice(struct rst_wtxn *txn, const struct act_ctx *ctx,
                             uint64_t id, const char *word, int64_t about_s)
	RST_MUST_USE;
enum rst_err act_draw_end(struct rst_wtxn *txn, const struct act_ctx *ctx,
                          uint64_t id, int64_t end_s) RST_MUST_USE;

/* act_status.c: nobody used it; the person is told. */
enum rst_err act_suspend_idle(const struct act_ctx *ctx, uint64_t person,
                              struct rst_view reason,
                              struct act_refusal *refusal) RST_MUST_USE;

/* A token's digest as lower-case hex; false for what is no token. */
bool act_token_hex(struct rst_view token, char hex[ACT_HEX_BYTES]);

/* Of an API token, whatever its text is. */
void act_api_token_hex(struct rst_view text, char hex[ACT_HEX_BYTES]);
/* A token's entry has this rosterPurpose. */
bool act_token_is_for(const struct rst_record *record, const char *purpose);
/* Whose it is.  RST_ENOTFOUND. */
enum rst_err act_token_owner(const struct rst_rtxn *txn,
                             const struct rst_record *token, uint64_t *ret_id)
	RST_MUST_USE;

/* A mail address as an entry has it: in ASCII, with a domain of another script
 * in its A-labels (in buf).  What is no address stays as it is, for its rule
 * to refuse. */
struct rst_view act_mail_text(struct rst_view mail, char buf[RST_MAIL_MAX + 1]);

#endif
