/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_priv.h - what the files of check_rules.h share
 *
 *	check_rules.c	the list, and rules of single entries
 *	check_groups.c	groups in groups, and memberships that end
 *	check_history.c	statuses as the journal tells them
 *	check_links.c	mail that waits, and the links in it
 */
#ifndef LIFECYCLE_CHECK_PRIV_H
#define LIFECYCLE_CHECK_PRIV_H

#include "store/check.h"

/* Of struct rst_check_rule. */
enum rst_err check_nesting(struct rst_check *check,
                           const struct rst_record *record,
                           uint64_t scratch[RST_CHECK_SCRATCH]) RST_MUST_USE;
enum rst_err check_ends(struct rst_check *check,
                        const struct rst_record *record,
                        uint64_t scratch[RST_CHECK_SCRATCH]) RST_MUST_USE;
enum rst_err check_outbox_links(struct rst_check *check) RST_MUST_USE;
enum rst_err check_status_history(struct rst_check *check) RST_MUST_USE;

#endif
