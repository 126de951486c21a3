/* SPDX-License-Identifier: OLDAP-2.8 */
/* entries.h - entries to be, for the tests of the gate */
#ifndef ENTRIES_H
#define ENTRIES_H

#include "tests/unit/life.h"

#define ENTRIES_SETS_MAX 6 /* of one entry, the ending one included */

/* One attribute of an entry to be, ended by attribute 0: the first row of an
 * attribute replaces, the others add; NULL drops. */
struct set {
	uint16_t attr;
	const char *value;
};

extern const struct set a_person[], a_posix_account[], a_group[],
	a_posix_group[], a_tombstone[], a_service[];

/* Add an entry as rdn ("uid=ada") below place ("ou=people") through the gate,
 * with its naming attribute, base and sets. */
enum rst_err entries_add(struct life *life, const char *place, const char *rdn,
                         const struct set *base, const struct set *sets,
                         unsigned int flags, uint64_t *ret_id);

#endif
