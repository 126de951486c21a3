/* SPDX-License-Identifier: OLDAP-2.8 */
/* replica.h - a database that follows another server's
 *
 * What the configuration says (syncrepl, updateref) and what the environment
 * says (lifecycle/replica.h) must agree, or two servers would take changes:
 * slapd does not start then.
 */
#ifndef BACK_REPLICA_H
#define BACK_REPLICA_H

#include "backend/back-roster.h"
#include "lifecycle/replica.h"

/* When the database opens.  RST_EINVALID with why. */
enum rst_err back_replica_open(BackendDB *be, struct rst_detail *why)
	RST_MUST_USE;
/* Every second: it may have become one by cn=config, or was promoted; and how
 * far behind is it? */
void back_replica_look(struct back_db *db);
/* In the transaction of a change that the provider sent. */
enum rst_err back_replica_note(BackendDB *be, struct rst_wtxn *txn)
	RST_MUST_USE;

/* replica_config.c reads and changes cn=config. */
/* Take syncrepl and updateref from the database, while slapd runs.  An LDAP
 * result code. */
int back_replica_unfollow(struct back_db *db);

/*
 * Whom the database follows by its syncrepl of the lowest rid, and how: the
 * words for TLS, and no password.  False: nobody.  bindconf_free() frees it.
 */
struct back_upstream {
	char url[REPLICA_URL_MAX + 1];
	long rid;
	slap_bindconf tls;
};
bool back_replica_upstream(struct back_db *db, struct back_upstream *ret)
	RST_MUST_USE;

/*
 * replica_lookup.c: a connection to the server of url, within five seconds,
 * for ldap_unbind_ext(); it does not block, and has no TLS yet.  NULL: there is
 * no such server, or its name was not found in time.  *lookup is NULL at
 * first, and the caller's to close.
 */
LDAP *back_reach(const char *url, struct back_lookup **lookup) RST_MUST_USE;
void back_lookup_close(struct back_lookup **lookup);

/* replica_probe.c: tell it in the rootDSE, or no more. */
void back_replica_publish(struct back_db *db, bool on);
/* What another server's rootDSE says. */
struct back_probe {
	bool answers;  /* whoever it is: who promotes is to know */
	bool provides; /* it tells what it has, and follows nobody */
	bool current;  /* we have what it has */
};
/* tls: as a syncrepl has it, or NULL: whoever answers. */
void back_replica_probe(struct back_db *db, const char *url, slap_bindconf *tls,
                        struct back_probe *ret_probe);

#endif
