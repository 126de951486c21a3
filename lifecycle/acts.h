/* SPDX-License-Identifier: OLDAP-2.8 */
/* acts.h - what can be done, one transaction an act
 *
 * Each act reads what it needs, does the slow things (hashing) before its
 * transaction, then passes the gate and commits.  Common answers: RST_OK;
 * RST_EDENIED with the verdict in *refusal; RST_ENOTFOUND (nobody of that
 * name); RST_EBUSY, RST_EFULL, RST_ENOMEM, RST_EIO.  They check rules, not
 * rights: whether the actor may act is the door's question (ACLs, roles).
 */
#ifndef LIFECYCLE_ACTS_H
#define LIFECYCLE_ACTS_H

#include "lifecycle/gate.h"
#include "lifecycle/password.h"
#include "rules/agreement.h"
#include "rules/names.h"
#include "rules/setting.h"
#include "rules/status.h"
#include "rules/token.h"
#include "store/ident.h"
#include "store/session.h"

/*
 * The skeleton of a new directory: suffix entry, ou=people, ou=groups,
 * ou=invitations, ou=policies, ou=tombstones, ou=services, ou=tokens, ou=hosts,
 * ou=agreements, ou=presets, cn=settings, and the groups sysadmins
 * (administrator) and ldapusers.  Entries that exist are left alone, so it can
 * be repeated.
 */
enum rst_err act_init(const struct act_ctx *ctx, struct rst_view suffix,
                      struct rst_view organisation, struct act_refusal *refusal)
	RST_MUST_USE;

/*
 * A one-time link for the first administrator: token text for the URL.  Valid
 * one hour; a new one ends the older.  RULE_ALREADY_BOOTSTRAPPED.
 */
enum rst_err act_bootstrap_token(const struct act_ctx *ctx,
                                 char token[RST_TOKEN_TEXT],
                                 struct act_refusal *refusal) RST_MUST_USE;

/* What a person says of himself at registration. */
struct act_person {
	struct rst_view username, given_name, surname, mail, password;
	bool must_change;         /* the password is a temporary one */
	struct rst_view language; /* preferredLanguage; may be empty */
};

/* The first active member of sysadmins.  RULE_INVALID_INVITE for a token that
 * is not the bootstrap token. */
enum rst_err act_bootstrap(const struct act_ctx *ctx, struct rst_view token,
                           const struct act_person *person, uint64_t *ret_id,
                           struct act_refusal *refusal) RST_MUST_USE;

/* A link that is to be sent by mail, too. */
struct act_post {
	struct rst_view public_url; /* empty: where rosterd's pages are */
	uint64_t *ret_mail;         /* its number in the outbox; may be NULL */
};

struct act_invite {
	struct rst_view mail;          /* empty: not bound to an address */
	const struct rst_view *groups; /* names to join besides ldapusers */
	size_t n_groups;
	int64_t lifetime_s; /* 0: the default */
	uint32_t uses;      /* 0: one */
	bool needs_approval;
	struct rst_view preset;      /* says what is 0 here; empty: none */
	bool set_needs_approval;     /* whatever the preset says */
	const struct act_post *post; /* NULL: it is not sent */
};
/* A new invitation for an address revokes the older ones.
 * RULE_DUPLICATE_EMAIL, RULE_INVALID_EMAIL, RULE_UNKNOWN_GROUP,
 * RULE_INVALID_EXPIRY, RULE_UNKNOWN_PRESET, RULE_SMTP_NOT_CONFIGURED. */
enum rst_err act_invite(const struct act_ctx *ctx,
                        const struct act_invite *invite,
                        char token[RST_TOKEN_TEXT], uint64_t *ret_id,
                        struct act_refusal *refusal) RST_MUST_USE;
/*
 * Invite everybody in a list (rules/invite_list.h), on the terms of one: mail
 * is the line's, groups are added to the line's.  tell hears of each line; what
 * it answers but RST_OK ends it.  RST_EINVALID: the list exceeds a limit,
 * refusal->detail says which, and nobody was invited.
 */
struct act_invited {
	unsigned int line;
	struct rst_view mail;
	const struct rst_view *groups; /* of the line */
	size_t n_groups;
	enum rst_err err; /* of its invitation */
	struct act_refusal refusal;
	char token[RST_TOKEN_TEXT];
	uint64_t id;
};
typedef enum rst_err act_invited_told(void *arg, const struct act_invited *one);
enum rst_err act_invite_many(const struct act_ctx *ctx, struct rst_view list,
                             const struct act_invite *terms,
                             act_invited_told *tell, void *arg,
                             struct act_refusal *refusal) RST_MUST_USE;
/* The invitation a token opens, without using it: RULE_INVALID_INVITE. */
enum rst_err act_invitation_find(const struct act_ctx *ctx,
                                 struct rst_view token, uint64_t *ret_id,
                                 struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_invitation_revoke(const struct act_ctx *ctx, uint64_t id,
                                   struct act_refusal *refusal) RST_MUST_USE;
/* A new token and, with post, mail for an open or expired invitation.
 * RULE_INVALID_INVITE, RULE_INVALID_EMAIL, RULE_SMTP_NOT_CONFIGURED. */
enum rst_err act_invitation_resend(const struct act_ctx *ctx, uint64_t id,
                                   const struct act_post *post,
                                   char token[RST_TOKEN_TEXT],
                                   struct act_refusal *refusal) RST_MUST_USE;

/*
 * Presets: entries below ou=presets, at most RULE_PRESETS_MAX, which say what
 * invitations made with them are like.  What is used is what they say then.
 * RULE_INVALID_NAME, RULE_UNKNOWN_GROUP, RULE_INVALID_EXPIRY,
 * RULE_INVALID_SETTING (uses, or too many presets); RST_EEXISTS.
 */
struct act_preset {
	const struct rst_view *groups; /* names; NULL: as they are */
	size_t n_groups;
	/* NULL ptr: as it is; empty: none.  "3d" is a lifetime. */
	struct rst_view lifetime, description;
	bool set_uses, set_needs_approval, needs_approval;
	uint32_t uses; /* 0: none */
};
enum rst_err act_create_preset(const struct act_ctx *ctx, struct rst_view name,
                               const struct act_preset *preset,
                               struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_edit_preset(const struct act_ctx *ctx, uint64_t id,
                             const struct act_preset *preset,
                             struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_delete_preset(const struct act_ctx *ctx, uint64_t id,
                               struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_find_preset(const struct rst_rtxn *txn, struct rst_view name,
                             uint64_t *ret_id) RST_MUST_USE;
bool act_is_preset(const struct rst_record *record);

/*
 * Register.  With a token: redeem it (one use is taken in the same
 * transaction); active at once unless it needs approval; the mail must be the
 * invitation's, the username the registration token's.  Without: only when
 * setting "registration" is "open"; pending.
 */
enum rst_err act_register(const struct act_ctx *ctx, struct rst_view token,
                          const struct act_person *person, uint64_t *ret_id,
                          enum rst_status *ret_status,
                          struct act_refusal *refusal) RST_MUST_USE;

/*
 * The link of the mail that act_register() queued was used: the address is
 * proved.  Active now if its domain is one of auto-approve-domains, otherwise
 * the administrators are told.  RULE_INVALID_LINK.
 */
enum rst_err act_verify(const struct act_ctx *ctx, struct rst_view token,
                        enum rst_status *ret_status,
                        struct act_refusal *refusal) RST_MUST_USE;
/* A pending account has a link out, used or not, and has not used it: it waits
 * for its owner, not for an administrator. */
enum rst_err act_is_unverified(const struct rst_rtxn *txn,
                               const struct rst_record *person, bool *ret_is)
	RST_MUST_USE;
/* A free username for somebody of those names and that address, any of which
 * may be empty.  RST_ENOTFOUND: a thousand like it are taken. */
enum rst_err act_propose_username(const struct act_ctx *ctx,
                                  const struct act_person *person,
                                  char username[RULE_NAME_MAX + 1])
	RST_MUST_USE;
/*
 * The same for whoever asks from outside, who learns by it which names there
 * are: only who may register, with a token or without, and not too often.
 * RULE_REGISTRATION_CLOSED, RULE_INVALID_INVITE, RULE_TOO_OFTEN.
 */
enum rst_err act_offer_username(const struct act_ctx *ctx,
                                struct rst_view token,
                                const struct act_person *person,
                                char username[RULE_NAME_MAX + 1],
                                struct act_refusal *refusal) RST_MUST_USE;

/* An administrator's own making of a person; active unless status says
 * otherwise; password may be empty (then none). */
enum rst_err act_create_person(const struct act_ctx *ctx,
                               const struct act_person *person,
                               enum rst_status status, uint64_t *ret_id,
                               struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_create_group(const struct act_ctx *ctx, struct rst_view name,
                              uint32_t gid_number, bool administrator,
                              struct rst_view description, uint64_t *ret_id,
                              struct act_refusal *refusal) RST_MUST_USE;
/* What is not set stays.  RULE_UNKNOWN_USER for a manager who is nobody. */
struct act_group_edit {
	struct rst_view description; /* NULL ptr: as it is; empty: none */
	bool set_administrator, administrator;
	const struct rst_view *managers; /* usernames; NULL: as they are */
	size_t n_managers;               /* at most ACT_MANAGERS_MAX */
	uint32_t gid_number;             /* 0: as it is; it never changes */
};
#define ACT_MANAGERS_MAX 64
enum rst_err act_edit_group(const struct act_ctx *ctx, uint64_t group,
                            const struct act_group_edit *edit,
                            struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_delete_group(const struct act_ctx *ctx, uint64_t group,
                              struct act_refusal *refusal) RST_MUST_USE;

/*
 * Moves of status.  reject deletes a pending person and frees the name.  An
 * approval counts as one of those that setting approvals asks for, and the
 * last of them makes the person active; that of who is no person (rosterctl)
 * always does.  The person is told of either by mail.
 */
enum rst_err act_approve(const struct act_ctx *ctx, uint64_t person,
                         struct rst_view reason, struct act_refusal *refusal)
	RST_MUST_USE;
/* The same, into groups (names), which the person joins on becoming active, in
 * one transaction: RULE_UNKNOWN_GROUP, and RULE_STATUS_MOVE for who does not
 * wait. */
enum rst_err act_approve_into(const struct act_ctx *ctx, uint64_t person,
                              const struct rst_view *groups, size_t n_groups,
                              struct rst_view reason,
                              struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_reject(const struct act_ctx *ctx, uint64_t person,
                        struct rst_view reason, struct act_refusal *refusal)
	RST_MUST_USE;
enum rst_err act_suspend(const struct act_ctx *ctx, uint64_t person,
                         struct rst_view reason, struct act_refusal *refusal)
	RST_MUST_USE;
enum rst_err act_activate(const struct act_ctx *ctx, uint64_t person,
                          struct rst_view reason, struct act_refusal *refusal)
	RST_MUST_USE;
/*
 * Suspend, and take all that was given: every group, rights of
 * administrators, SSH keys and signatures of agreements; activate later brings
 * none of it back.
 * RULE_STATUS_MOVE for who is pending or in the bin.  One transaction.
 */
enum rst_err act_deactivate(const struct act_ctx *ctx, uint64_t person,
                            struct rst_view reason, struct act_refusal *refusal)
	RST_MUST_USE;
/*
 * Into the bin: no access, no groups, invisible to clients, and for the time
 * of setting bin-retention it can be restored to what it was, with its
 * groups.  With bin-retention 0 it is purged.  purge ends what is left, for
 * good: a tombstone keeps the number, and for a while the name.
 * RULE_STATUS_MOVE: delete of somebody pending, restore of what is not in the
 * bin, purge of what is not in the bin.
 */
enum rst_err act_delete_person(const struct act_ctx *ctx, uint64_t person,
                               struct rst_view reason,
                               struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_restore(const struct act_ctx *ctx, uint64_t person,
                         struct rst_view reason, struct act_refusal *refusal)
	RST_MUST_USE;
enum rst_err act_purge(const struct act_ctx *ctx, uint64_t person,
                       struct rst_view reason, struct act_refusal *refusal)
	RST_MUST_USE;

/*
 * What time does: purges what has been in the bin for bin-retention, drops
 * registrations that waited for pending-lifetime, takes memberships that have
 * ended out of their groups.  One transaction each, at
 * most max of them; *ret_n is how many it did: call again when it is max.
 * Costs a look at each account in the bin and in the queue.
 */
enum rst_err act_sweep(const struct act_ctx *ctx, size_t max, size_t *ret_n,
                       struct act_refusal *refusal) RST_MUST_USE;

/*
 * Suspend who has been away for longer than inactive-after: a part of the walk
 * over everybody, from *walk (0 to start) on, which is 0 again at the end.
 * Costs a look at each of 4096 accounts; nothing when no policy sets it.
 */
enum rst_err act_sweep_idle(const struct act_ctx *ctx, uint64_t *walk,
                            size_t *ret_n, struct act_refusal *refusal)
	RST_MUST_USE;
/*
 * The consequences of accounts that ended (rosterExpires) since it was done
 * last: sessions, tokens, links and invitations end for good, *ret_ended of
 * them; and the mails before an end.  Costs a look at what became due since,
 * *ret_looked entries (may be NULL), and no write when there is none.
 */
enum rst_err act_sweep_due(const struct act_ctx *ctx, size_t *ret_ended,
                           size_t *ret_looked, struct act_refusal *refusal)
	RST_MUST_USE;
/* The person signed in just now.  Best effort, and at most once an hour. */
void act_note_login(const struct act_ctx *ctx, uint64_t person);

/* End the lock that wrong passwords brought; RST_OK when there is none. */
enum rst_err act_unlock(const struct act_ctx *ctx, uint64_t person,
                        struct rst_view reason, struct act_refusal *refusal)
	RST_MUST_USE;

/*
 * Idempotent: joining twice is RST_OK.  member is a person, a service or, so
 * that who is in it is in the other, too, a group: RULE_GROUP_CYCLE,
 * RULE_NESTING_LIMIT.  act_join() leaves the end of a membership as it is;
 * act_join_until() sets it, RULE_NEVER for none: RULE_INVALID_EXPIRY for what
 * is not to come.  From that second on the membership is there for nobody.
 */
enum rst_err act_join(const struct act_ctx *ctx, uint64_t group,
                      uint64_t member, struct act_refusal *refusal)
	RST_MUST_USE;
enum rst_err act_join_until(const struct act_ctx *ctx, uint64_t group,
                            uint64_t member, int64_t until_s,
                            struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_leave(const struct act_ctx *ctx, uint64_t group,
                       uint64_t member, struct act_refusal *refusal)
	RST_MUST_USE;

/*
 * Change the password of person.  old is checked unless it has a NULL ptr (an
 * administrator resets).  Ends the person's sessions but keep (may be NULL).
 * RULE_WEAK_PASSWORD, RULE_WEAK_PASSWORD; for the person himself also
 * RULE_WRONG_PASSWORD, RULE_PASSWORD_TOO_YOUNG, RULE_FORBIDDEN.
 */
enum rst_err act_change_password(const struct act_ctx *ctx, uint64_t person,
                                 struct rst_view old, struct rst_view new_one,
                                 const unsigned char *keep,
                                 struct act_refusal *refusal) RST_MUST_USE;

/*
 * Somebody says that he forgot his password: by username or mail address.  The
 * same work and the same answer whoever that is; act_reset_answer() does the
 * rest, when the mail is due.  RULE_FORBIDDEN with setting password-reset off,
 * RULE_TOO_OFTEN for a network address that asks too often.
 */
enum rst_err act_reset_request(const struct act_ctx *ctx, struct rst_view name,
                               struct act_refusal *refusal) RST_MUST_USE;
/* The template of such a request in the outbox: not a mail yet. */
#define ACT_RESET_REQUEST "reset-request"
/* Turn request id of the outbox into a link and its mail, if there is somebody
 * who may have one; otherwise into nothing. */
enum rst_err act_reset_answer(const struct act_ctx *ctx, uint64_t id,
                              struct act_refusal *refusal) RST_MUST_USE;
/*
 * An administrator's: a link by which the person sets a password, also a first
 * one, for an account that may sign in; it ends the older ones.
 * RULE_ACCOUNT_INACTIVE; with post RULE_SMTP_NOT_CONFIGURED, and
 * RULE_INVALID_EMAIL: he has no address.
 */
enum rst_err act_reset_link(const struct act_ctx *ctx, uint64_t person,
                            const struct act_post *post,
                            char token[RST_TOKEN_TEXT],
                            struct act_refusal *refusal) RST_MUST_USE;
/* Would it be, of somebody who is about to be made with that status and that
 * address?  The same refusals, before there is anything to take back. */
enum rst_err act_reset_possible(const struct act_ctx *ctx,
                                enum rst_status status, struct rst_view mail,
                                bool sends, struct act_refusal *refusal)
	RST_MUST_USE;
/* Whose link that is, without using it: RULE_INVALID_LINK. */
enum rst_err act_reset_find(const struct act_ctx *ctx, struct rst_view token,
                            uint64_t *ret_person, struct act_refusal *refusal)
	RST_MUST_USE;
/* Set a password by the link.  Ends it and the others, every session, the lock
 * that wrong passwords brought, and with setting reset-ends-tokens the API
 * tokens.  RULE_INVALID_LINK, RULE_WEAK_PASSWORD, RULE_INVALID_PASSWORD. */
enum rst_err act_reset_confirm(const struct act_ctx *ctx, struct rst_view token,
                               struct rst_view password, uint64_t *ret_person,
                               struct act_refusal *refusal) RST_MUST_USE;

/*
 * Person, who acts, wants another mail address: a link goes to it, one to the
 * address that he has, and it changes once both were used within setting
 * verification-lifetime.  Another request ends them, as does another address
 * and the end of access.  Whether it is somebody's is not told here.
 * *ret_changed: setting mail-change is "direct", so it is done
 * (RULE_EMAIL_TAKEN).  RULE_FORBIDDEN: mail-change is "off", or no mail can be
 * sent; RULE_INVALID_EMAIL, RULE_EMAIL_DOMAIN (blocked-domains),
 * RULE_TOO_OFTEN.
 */
enum rst_err act_mail_ask(const struct act_ctx *ctx, uint64_t person,
                          struct rst_view mail, bool *ret_changed,
                          struct act_refusal *refusal) RST_MUST_USE;
struct act_mail_change {
	uint64_t person;
	char mail[RST_MAIL_MAX + 1]; /* the new one */
	int64_t expires_s;
	bool by_old;    /* this link went to the old address */
	bool asks_both; /* there is another link */
	bool half;      /* which was used */
};
/* What a link is for, without using it: RULE_INVALID_LINK. */
enum rst_err act_mail_find(const struct act_ctx *ctx, struct rst_view token,
                           struct act_mail_change *ret_change,
                           struct act_refusal *refusal) RST_MUST_USE;
/* The change that person asked for and that waits.  RST_ENOTFOUND. */
enum rst_err act_mail_pending(const struct rst_rtxn *txn, uint64_t person,
                              int64_t now_s, struct act_mail_change *ret_change)
	RST_MUST_USE;
/* Use the link, or refuse by it what was asked for.  *ret_changed: the address
 * is the new one.  RULE_INVALID_LINK, RULE_EMAIL_TAKEN. */
enum rst_err act_mail_answer(const struct act_ctx *ctx, struct rst_view token,
                             bool refuse, struct act_mail_change *ret_change,
                             bool *ret_changed, struct act_refusal *refusal)
	RST_MUST_USE;
/* What person asked for is not wanted any more. */
enum rst_err act_mail_drop_change(const struct act_ctx *ctx, uint64_t person,
                                  struct act_refusal *refusal) RST_MUST_USE;

/*
 * A link by which one username, and no other, can be registered.  It ends for
 * good when the name was given to somebody.  lifetime_s 0: the setting.
 * RULE_INVALID_USERNAME, RULE_RESERVED_USERNAME, RULE_USERNAME_TAKEN,
 * RULE_INVALID_EXPIRY.
 */
enum rst_err act_ticket_create(const struct act_ctx *ctx,
                               struct rst_view username, int64_t lifetime_s,
                               char token[RST_TOKEN_TEXT], uint64_t *ret_id,
                               struct act_refusal *refusal) RST_MUST_USE;
/* The name of such a link, without using it: RULE_INVALID_INVITE. */
enum rst_err act_ticket_find(const struct act_ctx *ctx, struct rst_view token,
                             char username[RULE_NAME_MAX + 1],
                             struct act_refusal *refusal) RST_MUST_USE;

/*
 * Agreements: documents that people sign, at most RULE_AGREEMENTS_MAX.  Who is
 * admitted (by an invitation or an approval) while some are required stays
 * pending until he signed them; act_activate() by an administrator passes them
 * over.  Another text is another version, which nobody has signed yet.
 */
struct act_agreement {
	struct rst_view name;        /* of a new one */
	struct rst_view title, text; /* NULL ptr: as it is */
	uint32_t version;            /* 0: 1, or the next for a new text */
	bool set_required, required;
};
/* RULE_INVALID_NAME, RULE_INVALID_AGREEMENT; RST_EEXISTS. */
enum rst_err act_create_agreement(const struct act_ctx *ctx,
                                  const struct act_agreement *agreement,
                                  uint64_t *ret_id, struct act_refusal *refusal)
	RST_MUST_USE;
enum rst_err act_edit_agreement(const struct act_ctx *ctx, uint64_t id,
                                const struct act_agreement *what,
                                struct act_refusal *refusal) RST_MUST_USE;
/* RST_ESTATE while it has signatures: it can be made not required. */
enum rst_err act_delete_agreement(const struct act_ctx *ctx, uint64_t id,
                                  struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_find_agreement(const struct rst_rtxn *txn,
                                struct rst_view name, uint64_t *ret_id)
	RST_MUST_USE;
/* All of them, by name. */
enum rst_err act_agreements(const struct rst_rtxn *txn,
                            uint64_t ids[RULE_AGREEMENTS_MAX], size_t *ret_n)
	RST_MUST_USE;
uint32_t act_agreement_version(const struct rst_record *agreement);
bool act_agreement_required(const struct rst_record *agreement);
/* Person's signature of the present version.  RST_ENOTFOUND. */
enum rst_err act_signature(const struct rst_rtxn *txn,
                           const struct rst_record *agreement,
                           const struct rst_record *person, uint64_t *ret_id)
	RST_MUST_USE;
/* Some that is required and was there at since_s is not signed. */
enum rst_err act_owes_signature(const struct rst_rtxn *txn,
                                const struct rst_record *person,
                                int64_t since_s, bool *ret_owes) RST_MUST_USE;
/* Pending, and nothing but agreements is between him and his account. */
bool act_is_invited(const struct rst_record *person);
/* Who signed in at since_s signs before anything else. */
enum rst_err act_must_sign(const struct rst_rtxn *txn, uint64_t person,
                           int64_t since_s, bool *ret_must) RST_MUST_USE;
/*
 * Person, who acts, signs that version, which must be the present one; with
 * the last one that is required he becomes active.  keep is his session, which
 * goes on (may be NULL).  RULE_INVALID_AGREEMENT, RULE_ACCOUNT_INACTIVE.
 */
enum rst_err act_sign(const struct act_ctx *ctx, uint64_t person,
                      uint64_t agreement, uint32_t version,
                      const unsigned char *keep, enum rst_status *ret_status,
                      struct act_refusal *refusal) RST_MUST_USE;
/* Nothing is left to sign, perhaps since it is not required any more: active.
 * RULE_AGREEMENT_REQUIRED.  Idempotent. */
enum rst_err act_activate_self(const struct act_ctx *ctx, uint64_t person,
                               const unsigned char *keep,
                               enum rst_status *ret_status,
                               struct act_refusal *refusal) RST_MUST_USE;

/*
 * Give person a temporary password, which signs in to be changed only: this
 * one, or (empty) one that is made, into made; else made is "".  Sessions end,
 * a lock is lifted.
 */
enum rst_err act_reset_password(const struct act_ctx *ctx, uint64_t person,
                                struct rst_view password,
                                char made[LIFECYCLE_MADE_BYTES],
                                struct act_refusal *refusal) RST_MUST_USE;

/*
 * A sign-in with a password that has expired: one of those that password-grace
 * allows.  RULE_PASSWORD_EXPIRED when none is left.
 */
enum rst_err act_use_grace(const struct act_ctx *ctx, uint64_t person,
                           struct act_refusal *refusal) RST_MUST_USE;

/*
 * Warn by mail whose password expires soon, each once: a part of the walk over
 * everybody, as act_sweep_idle().
 */
enum rst_err act_sweep_passwords(const struct act_ctx *ctx, uint64_t *walk,
                                 size_t *ret_n, struct act_refusal *refusal)
	RST_MUST_USE;

/* Who is signed in may only change his password: it was set for that, or has
 * expired. */
enum rst_err act_must_change(const struct rst_rtxn *txn, uint64_t person,
                             int64_t now_s, bool *ret_must) RST_MUST_USE;

/*
 * One more SSH key of a person, from until_s on of no use (0: no end); a key
 * that is there gets that end.  RULE_INVALID_KEY, RULE_KEY_TAKEN,
 * RULE_INVALID_EXPIRY.
 */
enum rst_err act_add_key(const struct act_ctx *ctx, uint64_t person,
                         struct rst_view key, int64_t until_s,
                         struct act_refusal *refusal) RST_MUST_USE;
/* The key of that fingerprint ("SHA256:...") goes; RST_ENOTFOUND. */
enum rst_err act_drop_key(const struct act_ctx *ctx, uint64_t person,
                          struct rst_view fingerprint,
                          struct act_refusal *refusal) RST_MUST_USE;

/* Edit what a person may say of himself or an administrator of him. */
struct act_edit {
	uint16_t attr; /* GIVENNAME SN MAIL LOGINSHELL ROSTERSTATUS ... */
	struct rst_view value; /* empty drops it */
};
/* What a person must have (cn, sn, homeDirectory, gidNumber, rosterStatus)
 * cannot be dropped: RST_EDENIED.  A new status is its move, with all that
 * follows.  Several edits of one attribute are its values.  A cn that was
 * made of given name and surname follows them.  RST_EINVALID for an attribute
 * that has acts of its own (status, password, identity). */
enum rst_err act_edit(const struct act_ctx *ctx, uint64_t id,
                      const struct act_edit *edits, size_t n_edits,
                      struct act_refusal *refusal) RST_MUST_USE;

/*
 * Sign in by name (or mail) and password: a new session.  Unknown, wrong,
 * pending and suspended cost the same; RULE_ACCOUNT_INACTIVE and
 * RULE_PASSWORD_EXPIRED only when the password was right,
 * RULE_INVALID_CREDENTIALS otherwise, also for an account that is locked.
 * RULE_TOO_MANY_ATTEMPTS for an address with too many failures;
 * attempt_wait_s() says how long.
 */
enum rst_err act_sign_in(const struct act_ctx *ctx, struct rst_view username,
                         struct rst_view password, struct rst_view agent,
                         char token[RST_TOKEN_TEXT],
                         struct rst_session *ret_session,
                         struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_sign_out(const struct act_ctx *ctx,
                          const unsigned char digest[RST_DIGEST_BYTES],
                          struct act_refusal *refusal) RST_MUST_USE;
/*
 * The person of a session gives the password again: the session goes on under
 * a new token, for no longer than it would have.  RULE_WRONG_PASSWORD,
 * RULE_TOO_MANY_ATTEMPTS; RST_ENOTFOUND when the session ended meanwhile.
 */
enum rst_err act_reauthenticate(const struct act_ctx *ctx,
                                const unsigned char digest[RST_DIGEST_BYTES],
                                struct rst_view password,
                                char token[RST_TOKEN_TEXT],
                                struct rst_session *ret_session,
                                struct act_refusal *refusal) RST_MUST_USE;
/* The password of session was given within setting "reauthentication". */
enum rst_err act_proved_lately(const struct act_ctx *ctx,
                               const struct rst_session *session,
                               bool *ret_proved) RST_MUST_USE;
/* End one session, of anybody.  RST_ENOTFOUND. */
enum rst_err act_end_session(const struct act_ctx *ctx,
                             const unsigned char digest[RST_DIGEST_BYTES],
                             struct act_refusal *refusal) RST_MUST_USE;
/* End all sessions of person but keep (may be NULL); *ret_n (may be NULL) says
 * how many.  Tokens stay: they are revoked one by one.  RST_ENOTFOUND. */
enum rst_err act_end_sessions(const struct act_ctx *ctx, uint64_t person,
                              struct rst_view reason, const unsigned char *keep,
                              size_t *ret_n, struct act_refusal *refusal)
	RST_MUST_USE;

/*
 * The session of a cookie, when its person may still act: status active, the
 * generation unmoved, neither idle nor absolute limit passed.  RST_EDENIED
 * otherwise.
 */
enum rst_err act_session_check(const struct act_ctx *ctx, struct rst_view token,
                               struct rst_session *ret_session) RST_MUST_USE;

/*
 * API tokens: a secret of its own for a program, with the rights of owner (a
 * person, or any entry such as one below ou=services) or less.  The text is
 * in this one answer; of it only a digest and how it begins are kept.
 */
struct act_token {
	struct rst_view name;          /* what it is for, for people */
	const struct rst_view *scopes; /* rules/token.h; none: "inherit" */
	size_t n_scopes;
	const struct rst_view *addresses; /* none: from anywhere */
	size_t n_addresses;
	int64_t lifetime_s; /* 0: the default; RULE_NEVER: no end */
};
/* RULE_INVALID_NAME, RULE_INVALID_SCOPE, RULE_INVALID_ADDRESS,
 * RULE_INVALID_EXPIRY, RULE_TOO_MANY_TOKENS; RULE_ACCOUNT_INACTIVE for an
 * owner who may not sign in. */
enum rst_err act_token_create(const struct act_ctx *ctx, uint64_t owner,
                              const struct act_token *token,
                              char text[RULE_TOKEN_TEXT], uint64_t *ret_id,
                              struct act_refusal *refusal) RST_MUST_USE;
/* It works no more, also for links of other purposes; twice is once. */
enum rst_err act_token_revoke(const struct act_ctx *ctx, uint64_t id,
                              struct act_refusal *refusal) RST_MUST_USE;

/* Who came with a token. */
struct act_bearer {
	uint64_t token, owner;
	uint64_t token_generation, owner_generation;
	bool inherits;     /* its scope is all that the owner may */
	int64_t expires_s; /* RULE_NEVER: no end */
};
/*
 * Use an API token for method and path.  One hash of 54 bytes and some gets.
 * RULE_INVALID_TOKEN: unknown, expired, revoked, from a wrong address, or the
 * owner may not sign in: the journal says which, once a minute for each token.
 * RULE_INSUFFICIENT_SCOPE.  RULE_TOO_MANY_ATTEMPTS: too many unknown ones came
 * from this address.
 */
enum rst_err act_token_use(const struct act_ctx *ctx, struct rst_view text,
                           const char *method, const char *path,
                           struct act_bearer *ret_bearer,
                           struct act_refusal *refusal) RST_MUST_USE;
/*
 * Use text, which may be anything, as the password of entry owner (0: of a
 * name that nobody has) by LDAP.  RST_ENOTFOUND: it is no API token.
 * RST_EDENIED: it is one, which lets nobody in here; the journal says why, as
 * above, or that it came with somebody else's name.  In both cases nothing is
 * counted: go on as with any wrong password.
 */
enum rst_err act_token_bind(const struct act_ctx *ctx, uint64_t owner,
                            struct rst_view text, struct act_bearer *ret_bearer)
	RST_MUST_USE;
/* The same token again, for what it was used for before: not ended since. */
enum rst_err act_token_still(const struct rst_rtxn *txn, uint64_t token,
                             uint64_t generation, int64_t now_s) RST_MUST_USE;

/* What a list tells of a token. */
enum act_token_state {
	ACT_TOKEN_LIVE,
	ACT_TOKEN_USED,
	ACT_TOKEN_EXPIRED,
	ACT_TOKEN_REVOKED,
};
enum act_token_state act_token_state(const struct rst_record *record,
                                     int64_t now_s);
const char *act_token_state_word(enum act_token_state state);
/* When it was used last, to the minute, and from where.  RST_ENOTFOUND. */
enum rst_err act_token_last(const struct rst_rtxn *txn, uint64_t token,
                            int64_t *ret_time_s, char address[64]) RST_MUST_USE;
/* The token cn=id of ou=tokens, of that purpose and (0: any) owner.
 * RST_ENOTFOUND. */
enum rst_err act_find_token(const struct rst_rtxn *txn, struct rst_view id,
                            const char *purpose, uint64_t owner,
                            uint64_t *ret_id) RST_MUST_USE;
/* The tokens of owner with that purpose, after *after (0 to start). */
enum rst_err act_tokens_of(const struct rst_rtxn *txn, uint64_t owner,
                           const char *purpose, uint64_t after, uint64_t *ids,
                           size_t max, size_t *ret_n) RST_MUST_USE;

/*
 * May entry id, proved at generation, still act at now_s?  One get.  RST_OK or
 * RST_EDENIED; for an entry that is no person only the generation counts.
 */
enum rst_err act_still_allowed(const struct rst_rtxn *txn, uint64_t id,
                               uint64_t generation, int64_t now_s) RST_MUST_USE;
/* The same for a session: also who has agreements to sign. */
enum rst_err act_still_admitted(const struct rst_rtxn *txn, uint64_t id,
                                uint64_t generation, int64_t now_s)
	RST_MUST_USE;
/* What a person's account is now; RULE_STATE_NONE for what is no person. */
enum rule_state act_state(const struct rst_record *record, int64_t now_s);
/* rosterManager of group names person: he says who is in it, unless it is a
 * group of administrators. */
enum rst_err act_manages(const struct rst_rtxn *txn, uint64_t group,
                         uint64_t person, bool *ret_manages) RST_MUST_USE;
/* A member of a group with rosterAdministrator, and active; who is gone is
 * not.  RST_ENOMEM, RST_EIO, RST_ECORRUPT: neither is known. */
enum rst_err act_is_administrator(const struct rst_rtxn *txn, uint64_t person,
                                  int64_t now_s, bool *ret_is) RST_MUST_USE;

/*
 * Set a setting in cn=settings (policy empty) or in a policy; a value with a
 * NULL ptr: as if nobody had set it.  RULE_INVALID_SETTING.
 */
enum rst_err act_set(const struct act_ctx *ctx, struct rst_view policy,
                     enum rule_setting_id id, struct rst_view value,
                     struct act_refusal *refusal) RST_MUST_USE;
/* A policy for the members of some groups.  RULE_UNKNOWN_GROUP;
 * RULE_INVALID_SETTING for its name; RST_EEXISTS. */
struct act_policy {
	const struct rst_view *groups; /* names; NULL: as they are */
	size_t n_groups;
	bool set_priority;
	unsigned int priority;
	struct rst_view description; /* NULL ptr: as it is */
};
enum rst_err act_create_policy(const struct act_ctx *ctx, struct rst_view name,
                               const struct act_policy *policy,
                               struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_edit_policy(const struct act_ctx *ctx, uint64_t id,
                             const struct act_policy *policy,
                             struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_delete_policy(const struct act_ctx *ctx, uint64_t id,
                               struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_find_policy(const struct rst_rtxn *txn, struct rst_view name,
                             uint64_t *ret_id) RST_MUST_USE;

/*
 * A host, or a container: an entry below ou=hosts that says which groups may
 * log in there, and by whose password it binds itself.  RULE_INVALID_HOST for
 * the name, RULE_HOST_TAKEN, RULE_UNKNOWN_GROUP, RULE_UNKNOWN_USER,
 * RULE_INVALID_PASSWORD.
 */
#define ACT_HOST_GROUPS_MAX   64
#define ACT_HOST_PASSWORD_MIN 16 /* characters: nobody types it */
struct act_host {
	const struct rst_view *groups; /* names; NULL: as they are */
	size_t n_groups;
	const struct rst_view *managers; /* usernames; NULL: as they are */
	size_t n_managers;
	struct rst_view description; /* NULL ptr: as it is */
	struct rst_view password;    /* NULL ptr: as it is; empty: none */
};
enum rst_err act_create_host(const struct act_ctx *ctx, struct rst_view name,
                             const struct act_host *host, uint64_t *ret_id,
                             struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_edit_host(const struct act_ctx *ctx, uint64_t id,
                           const struct act_host *host,
                           struct act_refusal *refusal) RST_MUST_USE;
/* RULE_HOST_IN_USE while people have it in their host attribute. */
enum rst_err act_delete_host(const struct act_ctx *ctx, uint64_t id,
                             struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_find_host(const struct rst_rtxn *txn, struct rst_view name,
                           uint64_t *ret_id) RST_MUST_USE;

/*
 * A mail to one address that says that mail works; sent by the worker, so
 * what became of it stands in the outbox.  public_url may be empty.
 * RULE_INVALID_EMAIL, RULE_SMTP_NOT_CONFIGURED.
 */
enum rst_err act_mail_test(const struct act_ctx *ctx, struct rst_view to,
                           struct rst_view public_url, uint64_t *ret_id,
                           struct act_refusal *refusal) RST_MUST_USE;
/* Send a mail of the outbox now, or take it out unsent.  RST_ENOTFOUND. */
enum rst_err act_mail_retry(const struct act_ctx *ctx, uint64_t id,
                            struct act_refusal *refusal) RST_MUST_USE;
enum rst_err act_mail_drop(const struct act_ctx *ctx, uint64_t id,
                           struct act_refusal *refusal) RST_MUST_USE;

/* Where things are: ids of the skeleton's entries and of the people in it.
 * A name is that of who has it, but for the case of ASCII letters: not of who
 * has one that Unicode folds alike.  RST_ENOTFOUND. */
enum rst_err act_find_person(const struct rst_rtxn *txn, struct rst_view name,
                             uint64_t *ret_id) RST_MUST_USE;
enum rst_err act_find_group(const struct rst_rtxn *txn, struct rst_view name,
                            uint64_t *ret_id) RST_MUST_USE;

#endif
