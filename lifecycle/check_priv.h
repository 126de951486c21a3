/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_priv.h - what the files of check_rules.h share
 *
 *	check_rules.c	the list, and rules of single entries
 *	check_history.c	statuses as the journal tells them
 */
#ifndef LIFECYCLE_CHECK_PRIV_H
#define LIFECYCLE_CHECK_PRIV_H

#include "store/check.h"

/* As rst_check_each_record(), but with the lifecycle off for none. */
enum rst_err check_rule_records(struct rst_check *check,
                                rst_check_record_fn *each, void *arg)
	RST_MUST_USE;

/* One rule each: RST_OK unless the question could not be answered. */
enum rst_err check_person_names(struct rst_check *check) RST_MUST_USE;
enum rst_err check_person_texts(struct rst_check *check) RST_MUST_USE;
enum rst_err check_group_names(struct rst_check *check) RST_MUST_USE;
enum rst_err check_number_ranges(struct rst_check *check) RST_MUST_USE;
enum rst_err check_password_hashes(struct rst_check *check) RST_MUST_USE;
enum rst_err check_stamps(struct rst_check *check) RST_MUST_USE;
enum rst_err check_status_history(struct rst_check *check) RST_MUST_USE;
enum rst_err check_primary_groups(struct rst_check *check) RST_MUST_USE;
enum rst_err check_administrators(struct rst_check *check) RST_MUST_USE;
enum rst_err check_invitations(struct rst_check *check) RST_MUST_USE;
enum rst_err check_tombstones(struct rst_check *check) RST_MUST_USE;
enum rst_err check_settings(struct rst_check *check) RST_MUST_USE;

#endif
