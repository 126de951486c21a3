/* SPDX-License-Identifier: OLDAP-2.8 */
/* follow.h - telling slapd's overlays of commits that they have not seen
 *
 * rosterd, rosterctl and slapadd commit without slapd, and one operation of
 * slapd's own may change entries beside the one that it names.  With overlay
 * syncprov, accesslog or auditlog on the database, the follower runs each such
 * change through the overlays as an operation that is already applied, in the
 * journal's order: doc/design/0021-follower.md.  Without them there is no
 * follower, and nothing here costs anything.
 */
#ifndef BACK_FOLLOW_H
#define BACK_FOLLOW_H

#include "backend/back-roster.h"

/* Start to follow, if an overlay needs it and nobody does; before the
 * overlays open.  In tools nothing. */
enum rst_err back_follow_open(BackendDB *be, struct rst_detail *why)
	RST_MUST_USE;
/*
 * A follower has been here and will be again: what is written without slapd is
 * for it to replay.
 */
#define BACK_FOLLOW_CURSOR "follow-cursor" /* the setting */
enum rst_err back_follow_since(const struct rst_rtxn *txn, bool *ret_since)
	RST_MUST_USE;
/* An overlay on be wants to hear of every change. */
bool back_follow_needed(BackendDB *be);
/* The server id of what slapd's overlays do not see when it happens. */
enum rst_err back_foreign_id(const struct rst_rtxn *txn, unsigned int *ret_id)
	RST_MUST_USE;
/* RST_EINVALID: that id is one of serverID's, slapd's own before all. */
enum rst_err back_follow_ids(const struct rst_rtxn *txn, struct rst_detail *why)
	RST_MUST_USE;
/* RST_EINVALID: be hangs below another database, or others below it, and
 * their overlays would not hear of everything. */
enum rst_err back_follow_place(BackendDB *be, struct rst_detail *why)
	RST_MUST_USE;
/* Stop; the pool is paused or gone. */
void back_follow_close(struct back_db *db);
/* slapd ends, all its databases and threads are gone. */
void back_follow_end(void);
/* Now and then: an overlay may have come or gone by cn=config.  It waits for a
 * pause of the pool, after which db may be no more: back_epoch() tells. */
void back_follow_look(struct back_db *db);
/* An entry is read: by an overlay that cn=config just opens? */
void back_follow_opening(struct back_db *db);

/*
 * op is a replay and its change the one that op names: it is done.  The answer
 * is sent, and rs tells it.  Every write operation asks first.
 */
bool back_follow_replayed(Operation *op, SlapReply *rs);
/* The entry ndn as a replay in progress must see it: false, it says nothing of
 * this entry.  *ret_code is LDAP_SUCCESS or LDAP_NO_SUCH_OBJECT. */
bool back_follow_entry(Operation *op, const struct berval *ndn, int *ret_code,
                       Entry **ret_entry);
/* op is a client's change that has not reached the backend, and who reads the
 * entry ndn now does not look at its members. */
bool back_follow_early(Operation *op, const struct berval *ndn);
/* What an overlay reads now is looked at for nothing but to be sent: normal
 * forms of members, of which there may be many, are not needed. */
bool back_follow_sent(Operation *op, const struct berval *ndn);
/*
 * Take the transaction that the write gate began for this thread's operation,
 * or, if an overlay's own change took it, one that is begun like it.
 * RST_ENOTFOUND: begin one.  RST_EBUSY: another time.
 */
enum rst_err back_follow_take(struct back_db *db, Operation *op,
                              struct rst_wtxn *ret_txn) RST_MUST_USE;
/* The answer to op is kept until the gate is left, which tells slapd that its
 * CSN is committed; and: not any more, for slapd ends. */
bool back_follow_holds(Operation *op);
void back_follow_answer_now(Operation *op);
/* A replay of this thread is under way: it must not write. */
bool back_follow_busy(const struct back_db *db);

/* In the transaction of a local change: its CSN is the last of our own. */
enum rst_err back_follow_stamp(struct back_db *db, struct rst_wtxn *txn,
                               const struct berval *csn) RST_MUST_USE;
/*
 * follow_views.c: what overlays see of a change of the rosterGroup id says all
 * that it did to its members.  With nobody following, nothing.
 */
void back_follow_add(struct back_write *write, uint64_t id, Entry *entry);
void back_follow_modify(struct back_write *write, uint64_t id,
                        Modifications **mods);

/*
 * contextCSN of the two server ids that the environment answers for itself:
 * C strings, "" for none.  Only slapd with overlay syncprov tells them.
 */
struct back_context {
	char local[RST_CSN_MAX];
	char foreign[RST_CSN_MAX];
};
void back_follow_context(const struct back_db *db, const struct rst_rtxn *txn,
                         struct back_context *ret_context);

#endif
