/* SPDX-License-Identifier: OLDAP-2.8 */
/* follow_priv.h - what the files of the follower share
 *
 *	follow.c	its task and socket, the cursor
 *	follow_life.c	when it begins and ends, and where
 *	follow_gate.c	the write gate
 *	follow_answer.c	the answer, until the gate is left
 *	follow_early.c	what overlays read before an entry is changed
 *	follow_log.c	what the database of accesslog says of itself
 *	follow_replay.c	one record as an operation
 *	follow_retry.c	one that cannot be replayed now
 *	follow_image.c	entries and modifications of a record
 *	follow_views.c	what overlays see of slapd's own operations
 */
#ifndef BACK_FOLLOW_PRIV_H
#define BACK_FOLLOW_PRIV_H

#include <stdatomic.h>

#include "backend/follow.h"
#include "backend/follow_retry.h"
#include "slap-config.h"

/* Of one database; there until slapd ends, so that a late datagram finds it
 * closed. */
struct follow {
	struct follow *next;
	struct back_db *db;
	BackendDB *be; /* slapd's own */
	bool open;
	atomic_bool context; /* contextCSN is told: there is syncprov */
	bool as_replica;     /* it began as a shadow's */

	/* The gate.  What is below belongs to who holds it. */
	ldap_pvt_thread_mutex_t mutex;
	_Atomic(pthread_t) owner;
	atomic_bool held;
	atomic_int waiting;
	atomic_bool missed; /* the task wanted it meanwhile */
	unsigned int depth;
	bool ready; /* txn is begun, and nobody took it */
	struct rst_wtxn txn;
	uint64_t own;          /* the last record of who has it; 0: none */
	atomic_bool replaying; /* asked before back_gate_is_mine() */
	uint64_t cursor;       /* the last record that is done with */
	uint64_t end;          /* the last that was there lately */
	uint64_t saved;        /* as stored */
	char csn[RST_CSN_MAX]; /* of the last that was replayed */
	struct follow_retry retry;
	/*
	 * A local change that was committed when slapd was killed, maybe before
	 * all overlays had seen it: 0, or its record, which is replayed.  Until
	 * then contextCSN tells what was before it.
	 */
	uint64_t doubt;
	atomic_bool doubting;
	char doubt_csn[RST_CSN_MAX];

	bool waits_for_log; /* accesslog has yet to open */
	bool logs;          /* its database is prepared */
	int64_t began_s;
	/* Somebody who follows selects by members. */
	atomic_bool by_members;

	/* The stack below the gate. */
	struct slap_overinfo *over;
	BI_op_add *add;
	BI_op_modify *modify;
	BI_op_modrdn *modrdn;
	BI_op_delete *delete;
	BI_op_search *search;

	struct back_tick *task;
	int fd; /* -1: none */
	Connection *conn;
};

/* follow_life.c: of a database whose overlays are behind a gate, open or
 * not. */
struct follow *back_follow_of(const struct back_db *db);

/* follow_gate.c */
void back_gate_install(struct follow *follow);
void back_gate_remove(struct follow *follow);
/* Operations of clients come through it. */
bool back_gate_stands(const struct follow *follow);
bool back_gate_try(struct follow *follow);
void back_gate_leave(struct follow *follow);
bool back_gate_is_mine(const struct follow *follow);
/* For the task, which does not wait: false, who has it pokes it later.  And
 * whether somebody waits for the task to leave; let him have it. */
bool back_gate_try_or_later(struct follow *follow);
bool back_gate_is_wanted(void *follow);
void back_gate_leave_room(const struct follow *follow);

/*
 * follow_answer.c: from hold to give nothing goes to the client, and what there
 * is to send is kept.  Give sends it, and takes the change for told.
 */
struct held_answer {
	slap_callback callback;
	slap_callback *outer; /* who comes after it, once it is answered */
	SlapReply reply;
	char *text, *matched; /* owned, as what follows */
	BerVarray refs;
	LDAPControl **controls;
	int protocol; /* the client's */
	bool answered, at_once;
};
void back_answer_hold(struct held_answer *held, Operation *op);
void back_answer_give(struct held_answer *held, Operation *op, SlapReply *rs);

/* follow_early.c */
/* The entry ndn, which op is about to change, is read by nobody who looks at
 * its members. */
bool back_early_plain(const struct follow *follow, Operation *op,
                      const struct berval *ndn);
/* What a directive of an overlay says, as cn=config shows it: rvalue_vals, NULL
 * for nothing.  NULL: it has no such directive. */
ConfigArgs *back_overlay_values(BackendDB *be, slap_overinst *on,
                                const char *name);
void back_overlay_values_free(ConfigArgs *args);
/* follow_log.c: the database that be's accesslog writes to says what it can
 * serve.  Before overlays open. */
void back_log_prepare(BackendDB *be);
/* Nothing may be logged yet.  For who has the gate, without the writer lock if
 * an accesslog came while slapd runs. */
bool back_log_is_away(struct follow *follow);
/* A search: by whom, if it is to replicate? */
void back_early_note(struct follow *follow, Operation *op);

#define BACK_FOLLOW_LOCAL "follow-local" /* the setting: follow.c */

/* follow_life.c.  While slapd runs it was promoted, and contextCSN is ours to
 * tell from here on; or cn=config made it a replica, and it no longer is. */
void back_follow_change_role(struct follow *follow);

/* follow.c.  The cursor as it is stored; RST_ENOTFOUND. */
enum rst_err back_follow_stored(const struct rst_rtxn *txn,
                                uint64_t *ret_sequence, char csn[RST_CSN_MAX])
	RST_MUST_USE;
/* The last two CSNs of slapd's own, "" for none. */
enum rst_err back_follow_stored_local(const struct rst_rtxn *txn,
                                      char last[RST_CSN_MAX],
                                      char before[RST_CSN_MAX]) RST_MUST_USE;
/* What a replica has is said by what its provider sent, which syncrepl stores
 * in contextCSN: a refresh comes in any order. */
bool back_follow_shadow(const struct follow *follow);
/* An entry changed, and the overlays did not see it, or perhaps not. */
bool back_follow_foreign(const struct follow *follow,
                         const struct rst_journal_public *public);
/* The pool wants to pause or slapd to end. */
bool back_follow_must_leave(void);
int64_t back_follow_seconds(void); /* of the wall clock */
void back_follow_save_now(struct follow *follow);
bool back_follow_tick(void *follow); /* every second */
/* Replay what is in the journal; the gate is held.  RST_EBUSY: not
 * all, for a bound was met, or the pool wants to pause or slapd to end. */
struct follow_bound {
	bool inline_op;            /* a client's, whose memory stays */
	bool now;                  /* what comes meanwhile is not meant */
	uint64_t last;             /* no record behind it is meant */
	unsigned int most;         /* records */
	bool (*enough)(void *arg); /* asked after each; NULL: never */
	void *arg;
};
enum rst_err back_follow_drain(struct follow *follow,
                               const struct follow_bound *bound) RST_MUST_USE;
#define BACK_FOLLOW_SLICE 64 /* records, where somebody waits */
/* Put the cursor where it stands into txn. */
enum rst_err back_follow_save(struct follow *follow, struct rst_wtxn *txn)
	RST_MUST_USE;

/* One record, owned. */
struct follow_record {
	uint64_t sequence, id;
	enum rst_journal_op op;
	struct berval csn; /* in csn_text */
	char csn_text[RST_CSN_MAX];
	struct berval dn, ndn;         /* after; before, if deleted */
	struct berval old_dn, old_ndn; /* of a rename; else as dn */
	struct rst_journal_images images;
};
void back_replay_release(struct follow_record *record);
/* follow_replay.c: run it through the overlays.  If there was trouble, *ret_why
 * says what, and whoever heard of the change hears of it again. */
enum follow_trouble back_replay(struct follow *follow,
                                struct follow_record *record, bool inline_op,
                                const char **ret_why) RST_MUST_USE;

/* follow_image.c, all in txn, which was begun when the record was in it.  The
 * entry is to be freed with entry_free(); members: what is needed of those that
 * it had, BACK_NEED_VALUES, BACK_NEED_NORMAL. */
enum rst_err back_image_entry(struct follow *follow, struct rst_rtxn *txn,
                              const struct follow_record *record, bool after,
                              unsigned int members, Entry **ret_entry)
	RST_MUST_USE;
/* The difference of the images, to be freed with slap_mods_free(). */
enum rst_err back_image_mods(struct follow *follow, struct rst_rtxn *txn,
                             const struct follow_record *record,
                             Modifications **ret_mods) RST_MUST_USE;

#endif
