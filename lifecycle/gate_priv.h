/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_priv.h - what the files of the gate share
 *
 *	gate.c			the order: complete, decide, write, follow
 *	gate_agreement.c	documents that people sign
 *	gate_approval.c		approvals by several administrators
 *	gate_complete.c		what a new person or group is given
 *	gate_due.c		ends that come by the clock
 *	gate_identity.c		the rules of people and groups
 *	gate_guard.c		the other rules: tombstones, passwords, the
 *				last administrator
 *	gate_host.c		hosts, and the lists of hosts of people
 *	gate_key.c		SSH keys
 *	gate_password.c		what a new password brings along
 *	gate_preset.c		presets of invitations
 *	gate_private.c		a group of one's own
 *	gate_rename.c		groups list what is renamed by its new name
 *	gate_secret.c		tokens and invitations that are written
 *	gate_self.c		what people may not change of themselves
 *	gate_setting.c		settings and policies
 *	gate_consequence.c	what follows from a change
 *	gate_status.c		what a move of status brings along
 *	gate_tombstone.c	burying, and freeing a name again
 *	gate_token.c		tokens that end
 *	gate_until.c		memberships that end, groups in groups
 *	gate_write.c		one entry: stamps, store, members, journal
 */
#ifndef GATE_PRIV_H
#define GATE_PRIV_H

#include "lifecycle/gate.h"

struct gate {
	struct rst_wtxn *txn;
	const struct act_ctx *ctx;
	struct act_refusal *refusal;
	bool rules;                  /* the lifecycle is on */
	bool import;                 /* GATE_IMPORT */
	bool replica;                /* GATE_REPLICA */
	bool recovery;               /* GATE_RECOVERY */
	struct rst_view act, reason; /* of the change */
};

/* One entry's change as it is written and journaled. */
struct gate_write {
	enum gate_verb verb;
	unsigned int flags; /* enum gate_flag */
	struct rst_view act, reason, csn;
	uint64_t id; /* MODIFY, DELETE; of the new entry after an ADD */
	struct rst_entry *before; /* MODIFY, DELETE; borrowed */
	struct rst_entry *after;  /* ADD, MODIFY; borrowed, stamped */
	bool raise;               /* the generation moves */
	const struct rst_member_op *members;
	size_t n_members;
	uint64_t join, leave; /* member entries of this group, or 0 */
	/* Rows of this group that have changed already; taken. */
	struct rst_member_deltas *followed;
	/* Values of it that changed though their rows did not; or NULL. */
	const struct rst_journal_rows *moved;
	enum rst_err (*verify)(void *arg, struct rst_wtxn *txn, uint64_t id);
	void *verify_arg;
};

/* Both sides of a change; either is NULL where there is none.  They borrow
 * from entries in memory, not from the map. */
struct gate_sides {
	const struct rst_record *before, *after;
	uint64_t id; /* 0 for an add */
};

/* RST_EDENIED with verdict, field and (may be NULL) more words. */
enum rst_err gate_refuse(struct gate *g, enum rule_verdict verdict,
                         const char *field, const char *format, ...)
	__attribute__((format(printf, 4, 5))) RST_MUST_USE;

/* A copy in memory of the stored entry id: the map's own dies with the next
 * write.  RST_ENOTFOUND. */
enum rst_err gate_load(const struct rst_rtxn *txn, uint64_t id,
                       struct rst_entry **ret_entry) RST_MUST_USE;

/* Is it a person or a group to the rules: ours, or posix alone? */
bool gate_is_person(const struct rst_record *record);
bool gate_is_group(const struct rst_record *record);
/* Do both sides have the same values of attr, in the same order? */
bool gate_same_values(const struct rst_record *a, const struct rst_record *b,
                      uint16_t attr);
/* Is the RDN exactly type and name, such as "uid=" "alice": one assertion? */
bool gate_is_rdn(const struct rst_record *record, struct rst_view type,
                 struct rst_view name);
/* Does objectClass have this value? */
bool gate_has_class(const struct rst_record *record, struct rst_view name);

enum rst_err gate_write(struct gate *g, struct gate_write *w,
                        size_t *ret_member_at) RST_MUST_USE;
/* What follows from a change, to an entry as it is stored: gate_load() w->id as
 * both sides, edit w->after; then write it, if err is RST_OK, and free both,
 * whatever err is.  Answers err, or the write's. */
enum rst_err gate_load_sides(struct gate *g, struct gate_write *w) RST_MUST_USE;
enum rst_err gate_write_sides(struct gate *g, struct gate_write *w,
                              enum rst_err err) RST_MUST_USE;

/* gate_key.c: the SSH keys of a person, and until when they admit him. */
enum rst_err gate_keys(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;
enum rst_err gate_identity(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;
/* gate_option.c: uid, memberUid and whatever else is obeyed, never with
 * options: RULE_INVALID_CLASSES. */
enum rst_err gate_options(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;
/* gate_agreement.c: agreements and signatures.  A new one is told by whom and
 * from where it is made. */
enum rst_err gate_complete_signature(struct gate *g, struct rst_entry *after,
                                     const struct rst_record *is) RST_MUST_USE;
enum rst_err gate_agreement(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;
/* gate_preset.c: what invitations are made of. */
enum rst_err gate_preset(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;
/* rosterJoins and rosterUses of a preset or an invitation. */
enum rst_err gate_promises(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;
/* Each of these DNs, as they were written, is that of a group; refused with
 * unknown_group at field where one is not. */
enum rst_err gate_are_groups(struct gate *g, struct rst_attr dns,
                             const char *field) RST_MUST_USE;
enum rst_err gate_uses(struct gate *g, const struct rst_record *is)
	RST_MUST_USE;
/* gate_secret.c: tokens and invitations. */
enum rst_err gate_secret(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;
/* gate_approval.c: rosterApprovedBy, and who makes a pending account active. */
enum rst_err gate_approval(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;
/* Of who is no administrator and acts on himself, or on one. */
enum rst_err gate_self(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;
enum rst_err gate_hosts(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;
enum rst_err gate_settings(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;
/* After an entry of settings was written: what store/ looks at. */
enum rst_err gate_mirror_settings(struct gate *g) RST_MUST_USE;
enum rst_err gate_guard(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;

/* The change could take the last active administrator away: ask before it is
 * written, and gate_administered() before and after. */
enum rst_err gate_endangers_administrators(struct gate *g,
                                           const struct gate_change *change,
                                           const struct gate_sides *sides,
                                           bool *ret_endangers) RST_MUST_USE;
/* Only administrators, and who is no person (rootdn, the CLI, services that
 * an ACL lets write), say who is one: RULE_FORBIDDEN. */
enum rst_err gate_may_administrate(struct gate *g,
                                   const struct gate_change *change,
                                   const struct gate_sides *sides) RST_MUST_USE;
/* How well the directory is administered: by its best administrator. */
enum gate_administered {
	GATE_ADMINISTERED_NOT,
	GATE_ADMINISTERED_FOR_NOW, /* his account or membership has an end, or
	                              a lock without one */
	GATE_ADMINISTERED_LASTING,
	GATE_ADMINISTERED_SIGN_IN, /* and he has a password */
};
enum rst_err gate_administered(const struct rst_rtxn *txn, int64_t now_s,
                               enum gate_administered *ret_best) RST_MUST_USE;

/* Who acts may deal with administrators: he is one, by no token that may less,
 * or is no person. */
enum rst_err gate_is_trusted(const struct gate *g, bool *ret_trusted)
	RST_MUST_USE;
/* Person is in a group of administrators, or is to be: whatever his state is,
 * since that can be changed. */
enum rst_err gate_is_administrators(const struct gate *g,
                                    const struct rst_record *person,
                                    uint64_t id, bool *ret_is) RST_MUST_USE;
/* It is in one, whatever its state is. */
enum rst_err gate_in_administrators(const struct rst_rtxn *txn, uint64_t person,
                                    bool *ret_in) RST_MUST_USE;
/* It stands elsewhere, or has another name. */
bool gate_is_moved(const struct gate_sides *sides);

/* Before a deletion is written: memberships end, and with the lifecycle the
 * invitations of a person.  After a change was. */
enum rst_err gate_precede(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;
/* An entry that is a member was renamed or has another uid: its groups list
 * it so.  Not what stands below it. */
enum rst_err gate_follow_name(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;
enum rst_err gate_follow(struct gate *g, const struct gate_sides *sides,
                         uint64_t id) RST_MUST_USE;
/* Of a person that was one before, too. */
enum rst_err gate_follow_status(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;

/* gate_due.c: an end that came with the change is not overlooked. */
enum rst_err gate_note_due(struct gate *g, const struct gate_sides *sides)
	RST_MUST_USE;
/* gate_consequence.c: what a person has who may not sign in any more ends for
 * good: sessions, tokens, links, invitations. */
enum rst_err gate_end_access(struct gate *g, uint64_t person) RST_MUST_USE;
/* gate_consequence.c: what a person's change at the provider ends here. */
enum rst_err gate_follow_provider(struct gate *g,
                                  const struct gate_sides *sides) RST_MUST_USE;
/* gate_write.c: may this be written here, with these flags? */
enum rst_err gate_check_replica(struct gate *g, unsigned int flags)
	RST_MUST_USE;
/* gate_complete.c: the gecos of a person whose full name changed, in entry.
 * after is entry's record, and is over afterwards. */
enum rst_err gate_follow_full_name(struct rst_entry *entry,
                                   const struct rst_record *before,
                                   const struct rst_record *after) RST_MUST_USE;

/* gate_password.c: sides are those of after as its door made it; it may be
 * refused. */
enum rst_err gate_password(struct gate *g, const struct gate_sides *sides,
                           struct rst_entry *after) RST_MUST_USE;

/* gate_private.c: are there to be private groups?  Make that of a new person;
 * after the end of one, drop it when nobody is in it. */
enum rst_err gate_gives_private_groups(const struct rst_rtxn *txn,
                                       bool *ret_gives) RST_MUST_USE;
enum rst_err gate_add_private_group(struct gate *g,
                                    const struct rst_record *person,
                                    uint64_t id) RST_MUST_USE;
enum rst_err gate_drop_private_group(struct gate *g,
                                     const struct rst_record *person)
	RST_MUST_USE;

/* Bury what was a person or a group, if it was one; keep_name false frees its
 * name at once. */
enum rst_err gate_bury(struct gate *g, const struct rst_record *was,
                       bool keep_name) RST_MUST_USE;
/* Take the former name off a tombstone. */
enum rst_err gate_free_name(struct gate *g, uint64_t tombstone) RST_MUST_USE;

/*
 * gate_token.c: end the tokens of owner (a DN), of one purpose or (NULL) all;
 * those that register the name that person has.
 */
enum rst_err gate_revoke_tokens(struct gate *g, struct rst_view owner,
                                const char *purpose) RST_MUST_USE;
enum rst_err gate_revoke_name(struct gate *g, const struct rst_record *person)
	RST_MUST_USE;
/* What a token that was ended says. */
enum rst_err gate_end_token(struct rst_entry *entry, int64_t now_s)
	RST_MUST_USE;

enum rst_err gate_join_everybody(struct gate *g, uint64_t person) RST_MUST_USE;
/* gate_private.c: somebody who was pending is in his own group. */
enum rst_err gate_join_private_group(struct gate *g,
                                     const struct rst_record *person,
                                     uint64_t id) RST_MUST_USE;
/* Groups of ours that list the person leave him out; others keep what was
 * written. */
enum gate_leave {
	GATE_LEAVE_ALL,
	GATE_LEAVE_ADMINISTRATORS
};
enum rst_err gate_leave_groups(struct gate *g, uint64_t person,
                               enum gate_leave which) RST_MUST_USE;
/* gate_status.c: a pending person leaves what groups it was named in. */
enum rst_err gate_hold_groups(struct gate *g, uint64_t person) RST_MUST_USE;
/* Nobody joins who waits for approval, or is in the bin. */
enum rst_err gate_joins(struct gate *g, const struct gate_change *change)
	RST_MUST_USE;
/* Join (until_s, or 0 for good) or leave: the group's own change, with its
 * row. */
enum rst_err gate_membership(struct gate *g, uint64_t group, uint64_t member,
                             bool join, int64_t until_s) RST_MUST_USE;

/*
 * gate_until.c, around the store's part of a write: values of
 * rosterMemberUntil that have ended go and their members are noted; their rows
 * are dropped; what is left is put in order.
 */
enum rst_err gate_until_begin(struct gate *g, struct gate_write *w,
                              struct rst_ids *ended) RST_MUST_USE;
enum rst_err gate_until_drop(struct gate *g, uint64_t group,
                             const struct rst_ids *ended,
                             struct rst_member_deltas *deltas) RST_MUST_USE;
enum rst_err gate_until_settle(struct gate *g, struct gate_write *w)
	RST_MUST_USE;
/* One more value: member leaves at until_s. */
enum rst_err gate_until_add(struct gate *g, struct rst_entry *group,
                            uint64_t member, int64_t until_s) RST_MUST_USE;
/* After it is written: is a group still in nothing that is in it? */
enum rst_err gate_nesting(struct gate *g, const struct gate_write *w)
	RST_MUST_USE;
/* Who is in this group is an administrator: by its flag, or that of a group
 * it is in. */
enum rst_err gate_grants_administrator(const struct rst_rtxn *txn,
                                       const struct rst_record *group,
                                       bool *ret_grants) RST_MUST_USE;

#endif
