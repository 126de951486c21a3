/* SPDX-License-Identifier: OLDAP-2.8 */
/* host.h - a host, and whom it lets in
 *
 *	dn: cn=web01,ou=hosts,<suffix>
 *	objectClass: rosterHost
 *	rosterHostGroup: cn=web,ou=groups,<suffix>
 *	userPassword: {ARGON2}...
 *
 * A host needs no entry for people to name it in their host attribute.
 */
#ifndef LIFECYCLE_HOST_H
#define LIFECYCLE_HOST_H

#include "lifecycle/acts.h"
#include "rules/host.h"

#define LIFECYCLE_HOST_CLASS "rosterHost"
/* Bytes of a filter with ACT_HOST_GROUPS_MAX groups of names as long as ours
 * may be; of longer ones fewer fit. */
#define LIFECYCLE_FILTER_MAX 8192

/* What holds for one host, whoever asks: taken from one snapshot, good while
 * nothing in it changes.  Holds nothing of the map. */
struct lifecycle_host {
	char name[RULE_HOST_MAX + 1];
	uint64_t id;     /* 0: there is no entry */
	bool restricted; /* it names groups, there or not */
	uint64_t groups[ACT_HOST_GROUPS_MAX];
	size_t n_groups; /* of those that are there */
	bool by_default;
};

/* An unknown host is one without an entry.  RST_EINVALID for what is no name
 * of a host; RST_ENOMEM, RST_EIO, RST_ECORRUPT. */
enum rst_err lifecycle_host(const struct rst_rtxn *txn, struct rst_view name,
                            struct lifecycle_host *ret_host) RST_MUST_USE;

/* Does person's record go with host?  Only that: not status, not password.
 * Costs a look at his values and at each group of the host. */
enum rst_err lifecycle_host_judge(const struct rst_rtxn *txn,
                                  const struct lifecycle_host *host,
                                  const struct rst_record *person,
                                  enum rule_host_answer *ret_answer)
	RST_MUST_USE;

/*
 * The same rule as a filter of LDAP, for ldap_access_filter of sssd and
 * pam_authz_search of nslcd: it finds a person when lifecycle_host_judge()
 * admits him.  RST_EFULL when buf is too small, which no host of ours is.
 */
enum rst_err lifecycle_host_filter(const struct rst_rtxn *txn,
                                   const struct lifecycle_host *host,
                                   char buf[LIFECYCLE_FILTER_MAX]) RST_MUST_USE;

/* What values of attr (host, authorizedService) of record say of name. */
struct rule_list lifecycle_list(const struct rst_record *record, uint16_t attr,
                                struct rst_view name);

/* Is it the entry of a host? */
bool lifecycle_is_host(const struct rst_record *record);

#endif
