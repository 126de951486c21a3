/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate.h - the one gate that every change passes
 *
 * A change is (actor, before, after).  The gate runs inside the write
 * transaction of the door that brings it: rules decide, consequences follow
 * (sessions end, memberships end, tombstones are set), records and indexes are
 * written, the journal is appended.  The door commits.  There is no second way
 * in.
 */
#ifndef GATE_H
#define GATE_H

#include "rules/verdict.h"
#include "store/entry.h"
#include "store/journal.h"
#include "store/member.h"

/* What an edit was based on: the gate refuses the first change of entry id
 * when its entryCSN is another by then (RULE_CHANGED). */
struct act_expect {
	uint64_t id;
	struct rst_view csn;
	bool met; /* set by the gate: what follows is the act's own */
};

/* Who acts, by which door, when.  Borrowed for the time of the act. */
struct act_ctx {
	struct rst_env *env;
	enum rst_door door;
	struct rst_view actor; /* DN as written; empty for nobody */
	uint64_t actor_id;     /* entry id; 0 for rootdn, CLI, nobody */
	bool narrow; /* by an API token that may less than its owner */
	struct rst_view address; /* "127.0.0.1:4711", "ldapi", "" */
	int64_t now_s;
	uint32_t now_us;
	struct act_expect *expect; /* NULL: whatever is there */
	bool dry_run;              /* do everything but the commit */
	/*
	 * Not NULL: act_commit() leaves the transaction here, and who gave it
	 * commits, together with what he adds.  Until then nobody else writes.
	 */
	struct rst_wtxn *hold;
	unsigned int server_id; /* of the CSNs made: setting "server-id" for
	                           slapd, "foreign-id" (default 15) for the
	                           other processes */
};

/* Why an act was refused: a rule's verdict, and the attribute at fault. */
struct act_refusal {
	enum rule_verdict verdict; /* RULE_OK unless the error is RST_EDENIED */
	const char *field;         /* static; attribute name or NULL */
	struct rst_detail detail;  /* more words, may be empty */
};

enum gate_verb {
	GATE_ADD,
	GATE_MODIFY, /* a changed place is a rename, alone or with changes */
	GATE_DELETE,
};

/* Flags of a change. */
enum gate_flag {
	/*
	 * The after-image brings its operational attributes (entryUUID,
	 * entryCSN, timestamps and names) and slapd's overlays see it as a
	 * primary operation.  Without it the gate makes them.
	 */
	GATE_STAMPED = 1 << 0,
	/*
	 * slapadd, syncrepl: identities come as they are (names with dots,
	 * lawful numbers, hashed passwords), no consequences; shapes and
	 * ranges still hold.  Groups that follow an entry (it appears, is
	 * renamed, goes) are neither stamped nor journaled: they come, too.
	 */
	GATE_IMPORT = 1 << 1,
	/*
	 * Only operational bookkeeping of slapd's overlays (contextCSN):
	 * written without rules, consequences or a journal record.
	 */
	GATE_INTERNAL = 1 << 2,
	/* Do not journal: the caller writes one RST_J_LOAD for the chunk. */
	GATE_BULK = 1 << 3,
	/*
	 * An import that nobody follows with the rest (slapmodify): who is
	 * suspended by it loses what a suspension takes.
	 */
	GATE_FOLLOW = 1 << 4,
	/*
	 * Another hash of the same password: nothing is to be proved again,
	 * and nothing follows.
	 */
	GATE_REHASH = 1 << 5,
	/*
	 * Who acts proved by a link who he is: that he changes his password
	 * too soon, or at all, is not held against him, nor that he changes
	 * his mail address.
	 */
	GATE_RECOVERY = 1 << 6,
	/*
	 * What the provider of a replica sends, an import: no rule looks at
	 * it, and of what follows only sessions end here.  RST_EBUSY where
	 * this is no replica any more: who sends it may try again.
	 */
	GATE_REPLICA = 1 << 7,
	/*
	 * With GATE_STAMPED: no overlay of slapd sees it (slapadd beside a
	 * slapd that is followed).  It keeps its stamps but for the CSN, which
	 * is made anew, and is replayed; groups that follow it are journaled.
	 */
	GATE_UNSEEN = 1 << 8,
};

struct gate_change {
	enum gate_verb verb;
	unsigned int flags;  /* enum gate_flag */
	struct rst_view act; /* for the journal: "ldap-modify", "suspend" */
	struct rst_view reason;
	uint64_t id; /* MODIFY, DELETE */
	/*
	 * ADD, MODIFY: the entry as it is to be; borrowed, and changed by the
	 * gate (numbers allocated, stamps, id of an add).
	 */
	struct rst_entry *after;
	/* DELETE with GATE_STAMPED: the CSN that slapd gave it. */
	struct rst_view csn;
	const struct rst_member_op *members; /* membership of this entry */
	size_t n_members;
	/*
	 * Called when everything is written and before the journal: the door's
	 * own check of the result (slapd's schema).  Anything but RST_OK ends
	 * the change with that error.  May be NULL.
	 */
	enum rst_err (*verify)(void *arg, struct rst_wtxn *txn, uint64_t id);
	void *verify_arg;
};

/*
 * Apply the change inside txn.  On any failure the caller must abort txn.
 *
 * RST_EDENIED: a rule refused; *refusal says which and for what field.
 * RST_EEXISTS: the place (ADD, rename) is taken, or a member op added what is
 * there; RST_ENOTFOUND: no such entry or parent, or a member op dropped what
 * is not there; RST_ESTATE: DELETE of an entry with children.  *ret_member_at
 * (may be NULL) tells which member op failed, or SIZE_MAX.
 *
 * On a replica nothing else than what its provider sends and what slapadd
 * brings is written: RULE_READ_ONLY_REPLICA.
 *
 * With setting "lifecycle" off only the store's own invariants hold; with it
 * on, identity rules hold for every door and every actor.
 */
enum rst_err gate_apply(struct rst_wtxn *txn, const struct act_ctx *ctx,
                        struct gate_change *change, struct act_refusal *refusal,
                        size_t *ret_member_at) RST_MUST_USE;

/*
 * For a door that must fill in what is missing before its own schema check:
 * an entry with rosterAccount or posixAccount and no uidNumber gets one, a
 * rosterGroup or posixGroup without a gidNumber gets one, a person without
 * gidNumber gets ldapusers', home, shell, gecos and status their defaults. Only
 * with the lifecycle on; gate_apply() does it too.
 */
enum rst_err gate_complete(struct rst_wtxn *txn, const struct act_ctx *ctx,
                           struct rst_entry *after, struct act_refusal *refusal)
	RST_MUST_USE;

enum rst_err gate_lifecycle_on(const struct rst_rtxn *txn, bool *ret_on)
	RST_MUST_USE;

#endif
