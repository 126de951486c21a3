/* SPDX-License-Identifier: OLDAP-2.8 */
/* setting.h - the settings of the directory, and the policy of a person
 *
 * Lines "name=value" of rosterValue (rules/setting.h says which) in
 * cn=settings and, for the members of the groups of its rosterAppliesTo, in
 * an entry below ou=policies.  Entries, so that they are replicated, searched
 * and in slapcat; what is one machine's own (server ids, lifecycle, the
 * bootstrap token) is in rst_setting_get() instead.
 */
#ifndef LIFECYCLE_SETTING_H
#define LIFECYCLE_SETTING_H

#include "rules/numbers.h"
#include "rules/setting.h"
#include "store/entry.h"

#define LIFECYCLE_POLICIES_MAX 256 /* that are looked at */

/*
 * A site's setting; the default where it is not set or has a value that is
 * none (an import may have brought anything).  One walk from the suffix to
 * cn=settings.  RST_ENOMEM, RST_EIO, RST_ECORRUPT: the site's rule is not
 * known, and a default would be another one.
 */
enum rst_err lifecycle_setting_number(const struct rst_rtxn *txn,
                                      enum rule_setting_id id,
                                      int64_t *ret_number) RST_MUST_USE;
/* It is not 0. */
enum rst_err lifecycle_setting_on(const struct rst_rtxn *txn,
                                  enum rule_setting_id id, bool *ret_on)
	RST_MUST_USE;
enum rst_err lifecycle_setting_text(const struct rst_rtxn *txn,
                                    enum rule_setting_id id,
                                    char buf[RULE_SETTING_VALUE_MAX + 1])
	RST_MUST_USE;
/* RULE_TYPE_RANGE: 0,0 when there is none. */
enum rst_err lifecycle_setting_range(const struct rst_rtxn *txn,
                                     enum rule_setting_id id,
                                     struct rule_range *ret_range) RST_MUST_USE;

/* RULE_TYPE_RANGES: how many there are for place, see rule_setting_ranges(). */
enum rst_err lifecycle_setting_ranges(const struct rst_rtxn *txn,
                                      enum rule_setting_id id,
                                      const char *place,
                                      struct rule_range ranges[RULE_RANGES_MAX],
                                      size_t *ret_n) RST_MUST_USE;

/* cn=settings itself; without any attribute where there is none. */
enum rst_err lifecycle_settings(const struct rst_rtxn *txn,
                                struct rst_record *ret_record) RST_MUST_USE;

/* The value of a record's own line, if it has one that reads. */
bool lifecycle_setting_of(const struct rst_record *record,
                          enum rule_setting_id id, struct rst_view *ret_text,
                          int64_t *ret_number);

/* cn=settings or a policy sets it to something else than 0. */
enum rst_err lifecycle_setting_anywhere(const struct rst_rtxn *txn,
                                        enum rule_setting_id id,
                                        bool *ret_anywhere) RST_MUST_USE;

/*
 * What holds for one person, by number of RULE_SCOPE_POLICY: the policy with
 * the highest rosterPriority (then the first by name) among those that set it
 * and apply to a group of the person, else cn=settings, else the default.
 * from is the entry that decided, 0 for the default.  Person 0 is somebody
 * who is in no group yet.  Costs a look at each policy.  RST_ENOMEM, RST_EIO,
 * RST_ECORRUPT.
 */
struct lifecycle_policy {
	int64_t number[RULE_SETTING_END];
	uint64_t from[RULE_SETTING_END];
};
enum rst_err lifecycle_policy(const struct rst_rtxn *txn, uint64_t person,
                              struct lifecycle_policy *ret_policy) RST_MUST_USE;

#endif
