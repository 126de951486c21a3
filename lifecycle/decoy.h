/* SPDX-License-Identifier: OLDAP-2.8 */
/* decoy.h - what a wrong password costs where there is nothing to look at
 *
 * Setting hash-memory or hash-passes makes new hashes dearer, and old ones stay
 * as they are until their owners sign in.  If a name that nobody has always
 * cost what a new hash does, a cheaper one would tell of an account.  So each
 * such name has a cost of its own, of those in use and in their proportion: the
 * same at every door, in every process, after every start.
 */
#ifndef LIFECYCLE_DECOY_H
#define LIFECYCLE_DECOY_H

#include "lifecycle/password.h"

/*
 * What a name is known by: the same at every door, and however it is written.
 * "Nobody" at the web is "uid=nobody,ou=people,..." over LDAP.  The answer is
 * in name or in buf.
 */
#define DECOY_NAME_BYTES 255 /* of a username or mail address, and more */
struct rst_view decoy_known_as(struct rst_view name,
                               char buf[DECOY_NAME_BYTES]);

/* The cost of name; where no hash is known of, that of a new one. */
enum rst_err decoy_cost(const struct rst_rtxn *txn, struct rst_view name,
                        struct lifecycle_cost *ret_cost) RST_MUST_USE;

/* A stored hash has become another one; either may be empty.  At most
 * DECOY_COSTS_MAX costs are counted, others passed over. */
#define DECOY_COSTS_MAX 8
enum rst_err decoy_count(struct rst_wtxn *txn, struct rst_view before,
                         struct rst_view after) RST_MUST_USE;

/* Hashes by their costs. */
struct decoy_costs {
	size_t n;
	struct {
		struct lifecycle_cost cost;
		uint64_t hashes;
	} of[DECOY_COSTS_MAX];
};
/* What is counted; n 0 where nothing is. */
enum rst_err decoy_counted(const struct rst_rtxn *txn,
                           struct decoy_costs *ret_costs) RST_MUST_USE;
/* One more, unless there is no room for its cost or it has none of ours. */
void decoy_tally(struct decoy_costs *costs, struct rst_view stored);
/* The same numbers of the same costs, in any order.  With DECOY_COSTS_MAX of
 * them which ones are counted is chance: then what both have is compared. */
bool decoy_same(const struct decoy_costs *a, const struct decoy_costs *b);
/* Count all that is stored anew, *ret_costs.  Looks at every entry, while
 * others may write. */
enum rst_err decoy_recount(struct rst_env *env, struct decoy_costs *ret_costs)
	RST_MUST_USE;

#endif
