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

/* When the database opens.  RST_EINVALID with why. */
enum rst_err back_replica_open(BackendDB *be, struct rst_detail *why)
	RST_MUST_USE;
/* Every second: it may have become one by cn=config, or was promoted; and how
 * far behind is it? */
void back_replica_look(struct back_db *db);
/* In the transaction of a change that the provider sent. */
enum rst_err back_replica_note(BackendDB *be, struct rst_wtxn *txn)
	RST_MUST_USE;

/* replica_config.c: take syncrepl and updateref from the database, while slapd
 * runs.  An LDAP result code. */
int back_replica_unfollow(struct back_db *db);

/*
 * replica_lookup.c: the URLs, with spaces between, by which libldap reaches the
 * server of url without looking up a name.  False: there is none, or it was not
 * found in time.  *lookup is NULL at first, and the caller's to close.
 */
#define BACK_LOOKUP_MAX 1024
bool back_lookup(const char *url, unsigned int within_s,
                 struct back_lookup **lookup, char ret_urls[BACK_LOOKUP_MAX])
	RST_MUST_USE;
void back_lookup_close(struct back_lookup **lookup);

/* replica_probe.c: tell it in the rootDSE, or no more. */
void back_replica_publish(struct back_db *db, bool on);
/* What another server's rootDSE says. */
struct back_probe {
	bool answers;
	bool provides; /* it tells what it has, and follows nobody */
	bool current;  /* we have what it has */
};
void back_replica_probe(struct back_db *db, const char *url,
                        struct back_probe *ret_probe);

#endif
