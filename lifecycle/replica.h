/* SPDX-License-Identifier: OLDAP-2.8 */
/* replica.h - is this directory a copy of another server's, and whose?
 *
 * Settings of the environment say it, so that every process knows:
 *
 *	provider	"ldap://one.example.org": slapd follows that server
 *			(syncrepl), which alone decides.  Absent or empty: this
 *			one decides
 *	promoted	"20270131000000Z ldap://one.example.org": it was a
 *			replica of that server until then (rosterctl promote)
 *	own-ids		"1": its server ids are nobody else's
 *	provider-seen	"1795000000 1795000010 1795000010": it had all that the
 *			provider had; that one answered; slapd asked it
 *
 * On a replica the gate takes what the provider sends as it is (GATE_REPLICA),
 * and refuses everything else: RULE_READ_ONLY_REPLICA.
 */
#ifndef LIFECYCLE_REPLICA_H
#define LIFECYCLE_REPLICA_H

#include "lifecycle/gate.h"
#include "lifecycle/moment.h"

#define REPLICA_URL_MAX 255 /* bytes of a provider's URL */

enum rst_err replica_is(const struct rst_rtxn *txn, bool *ret_is) RST_MUST_USE;
/* The provider's LDAP URL as a C string; "": no replica, or an error. */
enum rst_err replica_provider(const struct rst_rtxn *txn,
                              char url[REPLICA_URL_MAX + 1]) RST_MUST_USE;
/* In the transaction of slapd, which follows url from now on: RST_EINVALID
 * for a URL that is empty or too long. */
enum rst_err replica_begin(struct rst_wtxn *txn, struct rst_view url)
	RST_MUST_USE;

/* It was promoted: when, and in whose place; RST_ENOTFOUND: it never was. */
struct replica_past {
	int64_t since_s;
	char provider[REPLICA_URL_MAX + 1];
};
enum rst_err replica_was(const struct rst_rtxn *txn,
                         struct replica_past *ret_past) RST_MUST_USE;

/* Of a replica; seconds of the clock, 0 for never. */
struct replica_seen {
	int64_t current_s;  /* it had everything that the provider had */
	int64_t answered_s; /* the provider answered */
	int64_t asked_s;    /* it was asked, or ceased to answer */
};
enum rst_err replica_seen(const struct rst_rtxn *txn,
                          struct replica_seen *ret_seen) RST_MUST_USE;
/* Since when it may lack something, at most. */
int64_t replica_lag_s(const struct replica_seen *seen, int64_t now_s);
enum rst_err replica_see(struct rst_wtxn *txn, const struct replica_seen *seen)
	RST_MUST_USE;

/*
 * What a promotion must know.  Server ids are those of CSNs: slapd's own
 * (setting server-id) and that of everything it does not see (foreign-id).
 */
struct replica_outlook {
	char provider[REPLICA_URL_MAX + 1]; /* "": no replica */
	struct replica_seen seen;
	unsigned int server_id;
	bool server_id_used;     /* changes came with it, and not from here */
	unsigned int foreign_id; /* it would have */
};
enum rst_err replica_look_ahead(const struct rst_rtxn *txn,
                                struct replica_outlook *ret_outlook)
	RST_MUST_USE;

/*
 * Make the replica the provider: from here on the gate decides, and takes
 * nothing from the former provider.  RST_ESTATE: it is no replica.
 */
enum rst_err act_promote(const struct act_ctx *ctx,
                         struct replica_outlook *ret_outlook) RST_MUST_USE;
/*
 * Make it a replica of the server at url, whose slapd still has to be told
 * (syncrepl); until it follows, nothing is written here.  RST_EINVALID for what
 * is no LDAP URL.
 */
enum rst_err act_demote(const struct act_ctx *ctx, struct rst_view url)
	RST_MUST_USE;

#endif
