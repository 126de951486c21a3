/* SPDX-License-Identifier: OLDAP-2.8 */
/* password_age.c - how old a person's password is, from policy and record */
#include <stdio.h>

#include "lifecycle/moment.h"
#include "lifecycle/password_age.h"

#define OCTETS "1.3.6.1.4.1.1466.115.121.1.40" /* syntax of userPassword */

struct rule_password_life
lifecycle_password_life(const struct lifecycle_policy *policy)
{
	const int64_t *number = policy->number;

	return (struct rule_password_life){
		.min_s = number[RULE_SETTING_PASSWORD_MIN_AGE],
		.max_s = number[RULE_SETTING_PASSWORD_MAX_AGE],
		.warning_s = number[RULE_SETTING_PASSWORD_WARNING],
		.grace = (uint32_t)number[RULE_SETTING_PASSWORD_GRACE],
		.history = (uint32_t)number[RULE_SETTING_PASSWORD_HISTORY],
		.fixed = number[RULE_SETTING_PASSWORD_CHANGE] == 0,
		.old_required = number[RULE_SETTING_PASSWORD_OLD_REQUIRED] != 0,
		.must_change = number[RULE_SETTING_PASSWORD_MUST_CHANGE] != 0,
		.tell_expiry = number[RULE_SETTING_PASSWORD_EXPIRY_MAIL] != 0,
	};
}

static size_t
count_values(const struct rst_record *record, uint16_t attr)
{
	struct rst_attr values;

	return rst_record_attr(record, attr, &values) ? values.count : 0;
}

struct rule_password_facts
lifecycle_password_facts(const struct rst_record *record)
{
	struct rule_password_facts facts = {
		.grace_used =
			(uint32_t)count_values(record, RST_A_PWDGRACEUSETIME),
		.reset = rst_view_equal_nocase(
			rst_record_first(record, RST_A_PWDRESET),
			RST_VIEW("TRUE")),
	};

	if (count_values(record, RST_A_USERPASSWORD) > 0 &&
	    !lifecycle_time_parse(
		    rst_record_first(record, RST_A_PWDCHANGEDTIME),
		    &facts.changed_s) &&
	    !lifecycle_time_parse(
		    rst_record_first(record, RST_A_CREATETIMESTAMP),
		    &facts.changed_s))
		facts.changed_s = 0;
	return facts;
}

bool
lifecycle_history_hash(struct rst_view value, struct rst_view *ret_hash)
{
	for (int i = 0; i < 3; i++) {
		const char *mark = value.len > 0
		                           ? memchr(value.ptr, '#', value.len)
		                           : NULL;
		size_t len;

		if (mark == NULL)
			return false;
		len = (size_t)(mark - value.ptr) + 1;
		value = rst_view(value.ptr + len, value.len - len);
	}
	*ret_hash = value;
	return value.len > 0;
}

bool
lifecycle_history_print(int64_t now_s, struct rst_view hash,
                        char buf[LIFECYCLE_HISTORY_BYTES])
{
	char now[LIFECYCLE_TIME_BYTES];
	int n;

	lifecycle_time_print(now_s, now);
	n = snprintf(buf, LIFECYCLE_HISTORY_BYTES, "%s#" OCTETS "#%zu#%.*s",
	             now, hash.len, (int)hash.len,
	             hash.len > 0 ? hash.ptr : "");
	return n > 0 && n < LIFECYCLE_HISTORY_BYTES;
}
