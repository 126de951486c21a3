/* SPDX-License-Identifier: OLDAP-2.8 */
/* place.h - where things stand, for lifecycle/ */
#ifndef LIFECYCLE_PLACE_H
#define LIFECYCLE_PLACE_H

#include "store/tree.h"

/* The suffix entry, and its child nrdn ("ou=people").  RST_ENOTFOUND. */
enum rst_err lifecycle_suffix(const struct rst_rtxn *txn, uint64_t *ret_id)
	RST_MUST_USE;
enum rst_err lifecycle_place(const struct rst_rtxn *txn, const char *nrdn,
                             uint64_t *ret_id) RST_MUST_USE;

/* The places below the suffix that every directory has, in the order they are
 * made; a NULL at the end. */
extern const char *const lifecycle_skeleton[];

/* The value of the first RDN of a DN of ours, "web" of
 * "cn=web,ou=groups,...", as a C string; false for what has none that fits. */
bool lifecycle_rdn_value(struct rst_view dn, char *buf, size_t size);

#endif
