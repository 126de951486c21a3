/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_state.h - a person, group, policy or preset as a file declares it
 *
 * Whoever loads a state does it in one transaction, one call after the other,
 * and commits or, to see what it would come to, aborts.  What is so already
 * is left alone, so loading twice changes nothing the second time.
 */
#ifndef LIFECYCLE_ACT_STATE_H
#define LIFECYCLE_ACT_STATE_H

#include "lifecycle/gate.h"

#define ACT_STATE_VALUES_MAX 256 /* of one entry, all attributes together */

struct act_state_value {
	uint16_t attr;
	struct rst_view value; /* with a NULL ptr: the attribute has none */
};

struct act_state_entry {
	enum rst_kind kind; /* PERSON, GROUP, SETTING: a policy, or OTHER: a
	                     * preset of invitations */
	struct rst_view name;
	const struct act_state_value
		*values; /* those of an attribute together */
	size_t n_values;
};

enum act_state_change {
	ACT_STATE_SAME,
	ACT_STATE_ADDED,
	ACT_STATE_CHANGED,
};

/*
 * Add the entry, or give the one of that name the values; attributes that
 * values does not name stay.  A new one keeps the numbers it brings, and a
 * hash of any scheme that verifies; what it does not bring it is given, and a
 * person joins ldapusers.  On failure the caller must abort.  RST_EINVALID:
 * more values than ACT_STATE_VALUES_MAX.
 */
enum rst_err act_state_put(struct rst_wtxn *txn, const struct act_ctx *ctx,
                           const struct act_state_entry *entry,
                           enum act_state_change *ret_change,
                           struct act_refusal *refusal) RST_MUST_USE;

/* Make member a member of group until until_s (RULE_NEVER: for good), or none;
 * *ret_changed says whether it was otherwise. */
enum rst_err act_state_join(struct rst_wtxn *txn, const struct act_ctx *ctx,
                            uint64_t group, uint64_t member, int64_t until_s,
                            bool *ret_changed, struct act_refusal *refusal)
	RST_MUST_USE;
enum rst_err act_state_leave(struct rst_wtxn *txn, const struct act_ctx *ctx,
                             uint64_t group, uint64_t member,
                             struct act_refusal *refusal) RST_MUST_USE;

/* The lines of cn=settings, "name=value". */
enum rst_err act_state_settings(struct rst_wtxn *txn, const struct act_ctx *ctx,
                                const struct rst_view *lines, size_t n,
                                bool *ret_changed, struct act_refusal *refusal)
	RST_MUST_USE;

#endif
