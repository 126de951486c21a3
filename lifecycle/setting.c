/* SPDX-License-Identifier: OLDAP-2.8 */
/* setting.c - the settings of the directory, and the policy of a person */
#include "lifecycle/setting.h"
#include "lifecycle/place.h"
#include "store/member.h"

#define BATCH 64 /* ids taken from the store at a time */

/* The text after "name=" in one of record's lines. */
static bool
find_line(const struct rst_record *record, const char *name,
          struct rst_view *ret_text)
{
	struct rst_view key = rst_view_of(name), line;
	struct rst_attr lines;

	if (!rst_record_attr(record, RST_A_ROSTERVALUE, &lines))
		return false;
	while (rst_attr_next(&lines, &line))
		if (line.len > key.len && rst_view_starts(line, key) &&
		    line.ptr[key.len] == '=') {
			*ret_text = rst_view(line.ptr + key.len + 1,
			                     line.len - key.len - 1);
			return true;
		}
	return false;
}

bool
lifecycle_setting_of(const struct rst_record *record, enum rule_setting_id id,
                     struct rst_view *ret_text, int64_t *ret_number)
{
	struct rst_view text;

	if (!find_line(record, rule_setting(id)->name, &text) ||
	    rule_setting_read(id, text.ptr, text.len, ret_number) != RULE_OK)
		return false;
	*ret_text = text;
	return true;
}

enum rst_err
lifecycle_settings(const struct rst_rtxn *txn, struct rst_record *ret_record)
{
	uint64_t id;
	enum rst_err err = lifecycle_place(txn, "cn=settings", &id);

	if (err == RST_OK)
		return rst_record_get(txn, id, ret_record);
	if (err == RST_ENOTFOUND) {
		/* an imported directory, before its first setting */
		*ret_record = (struct rst_record){ .id = 0 };
		return RST_OK;
	}
	return err;
}

enum rst_err
lifecycle_setting_number(const struct rst_rtxn *txn, enum rule_setting_id id,
                         int64_t *ret_number)
{
	struct rst_record record;
	struct rst_view text;
	int64_t number;
	enum rst_err err = lifecycle_settings(txn, &record);

	if (err == RST_OK)
		*ret_number = lifecycle_setting_of(&record, id, &text, &number)
		                      ? number
		                      : rule_setting_default(id);
	return err;
}

enum rst_err
lifecycle_setting_on(const struct rst_rtxn *txn, enum rule_setting_id id,
                     bool *ret_on)
{
	int64_t number;
	enum rst_err err = lifecycle_setting_number(txn, id, &number);

	if (err == RST_OK)
		*ret_on = number != 0;
	return err;
}

enum rst_err
lifecycle_setting_text(const struct rst_rtxn *txn, enum rule_setting_id id,
                       char buf[RULE_SETTING_VALUE_MAX + 1])
{
	struct rst_record record;
	struct rst_view text;
	int64_t number;
	enum rst_err err = lifecycle_settings(txn, &record);

	if (err != RST_OK)
		return err;
	if (!lifecycle_setting_of(&record, id, &text, &number))
		text = rst_view_of(rule_setting(id)->value);
	(void)rst_view_copy(text, buf, RULE_SETTING_VALUE_MAX + 1);
	return RST_OK;
}

enum rst_err
lifecycle_setting_range(const struct rst_rtxn *txn, enum rule_setting_id id,
                        struct rule_range *ret_range)
{
	int64_t both;
	enum rst_err err = lifecycle_setting_number(txn, id, &both);

	if (err == RST_OK)
		*ret_range = (struct rule_range){ (uint32_t)(both >> 32),
			                          (uint32_t)both };
	return err;
}

enum rst_err
lifecycle_setting_ranges(const struct rst_rtxn *txn, enum rule_setting_id id,
                         const char *place,
                         struct rule_range ranges[RULE_RANGES_MAX],
                         size_t *ret_n)
{
	char text[RULE_SETTING_VALUE_MAX + 1];
	enum rst_err err = lifecycle_setting_text(txn, id, text);

	if (err == RST_OK)
		*ret_n = rule_setting_ranges(id, text, strlen(text), place,
		                             ranges);
	return err;
}

/* The group dn has person as member; one that is gone has none. */
static enum rst_err
has_member(const struct rst_rtxn *txn, struct rst_view dn, uint64_t person,
           bool *ret_has)
{
	char ndn[RST_NORMAL_MAX];
	uint64_t group;
	size_t len;
	enum rst_err err;

	err = rst_normalise(RST_MATCH_DN, dn, ndn, &len);
	if (err == RST_OK)
		err = rst_tree_find(txn, rst_view(ndn, len), &group, NULL);
	if (err == RST_OK)
		return rst_member_within(txn, group, person, ret_has);
	return err == RST_ENOTFOUND || err == RST_EINVALID ? RST_OK : err;
}

/* One of the groups that a policy names has person as member. */
static enum rst_err
applies(const struct rst_rtxn *txn, const struct rst_record *policy,
        uint64_t person, bool *ret_applies)
{
	struct rst_attr groups;
	struct rst_view dn;
	enum rst_err err = RST_OK;

	*ret_applies = false;
	if (person == 0 ||
	    !rst_record_attr(policy, RST_A_ROSTERAPPLIESTO, &groups))
		return RST_OK;
	while (err == RST_OK && !*ret_applies && rst_attr_next(&groups, &dn))
		err = has_member(txn, dn, person, ret_applies);
	return err;
}

static uint64_t
priority_of(const struct rst_record *policy)
{
	uint64_t priority;

	if (!rst_view_number(rst_record_first(policy, RST_A_ROSTERPRIORITY),
	                     UINT32_MAX, &priority))
		return 0;
	return priority;
}

/* Settings that record has and that are not decided by a higher one. */
static void
take(const struct rst_record *record, uint64_t priority,
     uint64_t decided[RULE_SETTING_END], struct lifecycle_policy *policy)
{
	struct rst_view text;
	int64_t number;

	for (int i = 0; i < RULE_SETTING_END; i++)
		if (rule_setting((enum rule_setting_id)i)->scope ==
		            RULE_SCOPE_POLICY &&
		    priority > decided[i] &&
		    lifecycle_setting_of(record, (enum rule_setting_id)i, &text,
		                         &number)) {
			decided[i] = priority;
			policy->number[i] = number;
			policy->from[i] = record->id;
		}
}

/* The entries of ou=policies, zeroed to start. */
struct walk {
	struct rst_tree_cursor cursor;
	uint64_t place, ids[BATCH];
	size_t n, at, looked;
};

/* The next; RST_ENOTFOUND: that was the last. */
static enum rst_err
next_policy(const struct rst_rtxn *txn, struct walk *walk,
            struct rst_record *ret_record)
{
	enum rst_err err = RST_OK;

	if (walk->place == 0)
		err = lifecycle_place(txn, "ou=policies", &walk->place);
	if (err == RST_OK && walk->at == walk->n) {
		walk->at = 0;
		err = rst_tree_children(txn, walk->place, &walk->cursor,
		                        walk->ids, BATCH, &walk->n);
	}
	if (err != RST_OK)
		return err;
	if (walk->n == 0 || walk->looked++ == LIFECYCLE_POLICIES_MAX)
		return RST_ENOTFOUND;
	err = rst_record_get(txn, walk->ids[walk->at++], ret_record);
	return err == RST_ENOTFOUND ? RST_ECORRUPT : err;
}

static enum rst_err
take_policies(const struct rst_rtxn *txn, uint64_t person,
              uint64_t decided[RULE_SETTING_END],
              struct lifecycle_policy *policy)
{
	struct walk walk = { .place = 0 };
	struct rst_record record;
	bool holds;
	enum rst_err err;

	while ((err = next_policy(txn, &walk, &record)) == RST_OK) {
		holds = false;
		if (record.kind == RST_KIND_SETTING)
			err = applies(txn, &record, person, &holds);
		if (err != RST_OK)
			return err;
		/* 1 is cn=settings, 0 nobody. */
		if (holds)
			take(&record, 2 + priority_of(&record), decided,
			     policy);
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* A policy does. */
static enum rst_err
any_policy_sets(const struct rst_rtxn *txn, enum rule_setting_id id,
                bool *ret_any)
{
	struct walk walk = { .place = 0 };
	struct rst_record record;
	struct rst_view text;
	int64_t number;
	enum rst_err err;

	*ret_any = false;
	while ((err = next_policy(txn, &walk, &record)) == RST_OK) {
		*ret_any = lifecycle_setting_of(&record, id, &text, &number) &&
		           number != 0;
		if (*ret_any)
			return RST_OK;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

enum rst_err
lifecycle_setting_anywhere(const struct rst_rtxn *txn, enum rule_setting_id id,
                           bool *ret_anywhere)
{
	enum rst_err err = lifecycle_setting_on(txn, id, ret_anywhere);

	return err == RST_OK && !*ret_anywhere
	               ? any_policy_sets(txn, id, ret_anywhere)
	               : err;
}

enum rst_err
lifecycle_policy(const struct rst_rtxn *txn, uint64_t person,
                 struct lifecycle_policy *ret_policy)
{
	uint64_t decided[RULE_SETTING_END] = { 0 };
	struct rst_record settings;
	enum rst_err err;

	for (int i = 0; i < RULE_SETTING_END; i++) {
		ret_policy->number[i] =
			rule_setting_default((enum rule_setting_id)i);
		ret_policy->from[i] = 0;
	}
	/* no default instead of a site's rule that cannot be read */
	err = lifecycle_settings(txn, &settings);
	if (err != RST_OK)
		return err;
	take(&settings, 1, decided, ret_policy);
	return take_policies(txn, person, decided, ret_policy);
}
