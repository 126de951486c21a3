/* SPDX-License-Identifier: OLDAP-2.8 */
/* numbers.h - which numbers may be given out
 *
 * After systemd.io/UIDS-GIDS: 0-999 belong to the system, 60001-65535 to
 * systemd and nobody, 524288-1879048191 to containers, 2^31 and above are not
 * safe everywhere.
 */
#ifndef RULE_NUMBERS_H
#define RULE_NUMBERS_H

#include <stdint.h>

#include "rules/verdict.h"

struct rule_range {
	uint32_t first, last;
};

/* uidNumber: 10000-59999, then 65536-524287, then the site's third range. */
extern const struct rule_range rule_uid_ranges[2];
/* gidNumber of groups: 2002-9999. */
extern const struct rule_range rule_gid_ranges[1];

#define RULE_GID_SYSADMINS 2000
#define RULE_GID_LDAPUSERS 2001

/*
 * A number somebody chose (imports keep theirs): lawful when it lies in
 * 1000-60000 or 65536-524287, or in the site's third range (0,0: none).
 */
enum rule_verdict rule_uidnumber(uint32_t number, struct rule_range third);
enum rule_verdict rule_gidnumber(uint32_t number, struct rule_range third);

#endif
