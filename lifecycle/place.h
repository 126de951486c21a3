/* SPDX-License-Identifier: OLDAP-2.8 */
/* place.h - where things stand, and the settings, for lifecycle/ */
#ifndef LIFECYCLE_PLACE_H
#define LIFECYCLE_PLACE_H

#include "rules/numbers.h"
#include "store/tree.h"

#define LIFECYCLE_SETTING_MAX 256 /* bytes of a value with the NUL */

/* The suffix entry, and its child nrdn ("ou=people").  RST_ENOTFOUND. */
enum rst_err lifecycle_suffix(const struct rst_rtxn *txn, uint64_t *ret_id)
	RST_MUST_USE;
enum rst_err lifecycle_place(const struct rst_rtxn *txn, const char *nrdn,
                             uint64_t *ret_id) RST_MUST_USE;

/*
 * A setting of the directory: a value "name=text" of rosterValue in
 * cn=settings.  An entry, so that it is replicated, searched and in slapcat;
 * what is one machine's own (ids, lifecycle, the bootstrap token) is in
 * rst_setting_get() instead.  False, with buf empty, when it is not there.
 *
 *	registration	"off", "invite" (when not set) or "open"
 *	third-range	"FIRST-LAST", numbers after the built-in ranges
 */
bool lifecycle_setting(const struct rst_rtxn *txn, const char *name,
                       char buf[LIFECYCLE_SETTING_MAX]);

/* Setting third-range; 0,0 when there is none or it does not read. */
struct rule_range lifecycle_third_range(const struct rst_rtxn *txn);

#endif
