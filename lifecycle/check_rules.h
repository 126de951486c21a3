/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_rules.h - what the rules say of the entries that are there
 *
 * The store knows no rules, so rst_check() is given these.  They hold with the
 * lifecycle on, and find nothing without it.  What every door lets in is no
 * violation: what came by an import, or before a rule was changed, is at most
 * a warning.
 */
#ifndef LIFECYCLE_CHECK_RULES_H
#define LIFECYCLE_CHECK_RULES_H

#include "store/check.h"

/* For struct rst_check_options.  Ended by a NULL name. */
extern const struct rst_check_rule lifecycle_check_rules[];

#endif
