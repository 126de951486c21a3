/* SPDX-License-Identifier: OLDAP-2.8 */
/* audit.c - which records somebody asks for */
#include "lifecycle/audit.h"

#include <stdlib.h>

#include "lifecycle/moment.h"

#define TIME_BYTES 32 /* of "2027-01-31T08:00:00Z" and the like */

static bool
holds(struct rst_view view, struct rst_view part)
{
	for (size_t i = 0; part.len <= view.len && i <= view.len - part.len;
	     i++)
		if (rst_view_equal_nocase(rst_view(view.ptr + i, part.len),
		                          part))
			return true;
	return part.len == 0;
}

/* The record is of the entry, or of a group that it joined or left. */
static bool
concerns(const struct audit_filter *filter,
         const struct rst_journal_public *record)
{
	struct rst_view values = record->values;
	struct rst_journal_value value;

	if (record->id == filter->about ||
	    rst_view_equal_nocase(record->dn, filter->about_dn) ||
	    rst_view_equal_nocase(record->actor, filter->about_dn))
		return true;
	while (rst_journal_next_value(&values, &value))
		if (rst_view_equal_nocase(value.attr, RST_VIEW("member")) &&
		    rst_view_equal_nocase(value.value, filter->about_dn))
			return true;
	return false;
}

bool
audit_admits(const struct audit_filter *filter,
             const struct rst_journal_public *record)
{
	if ((filter->since_set && record->time_s < filter->since_s) ||
	    (filter->until_set && record->time_s >= filter->until_s))
		return false;
	if (filter->action.len > 0 &&
	    !rst_view_equal_nocase(record->act, filter->action))
		return false;
	if (!holds(record->actor, filter->actor) ||
	    (!holds(record->dn, filter->target) &&
	     !holds(record->old_dn, filter->target)))
		return false;
	return filter->about == 0 || concerns(filter, record);
}

static int64_t
moved(int64_t time_s, int64_t by_s)
{
	int64_t sum;

	if (__builtin_add_overflow(time_s, by_s, &sum))
		return by_s < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

/* The numbers between which records of the filter's time may be. */
static enum rst_err
bounds(const struct rst_rtxn *txn, const struct audit_filter *filter,
       uint64_t *ret_first, uint64_t *ret_end)
{
	struct rst_journal_head anchor;
	uint64_t last;
	enum rst_err err;

	err = rst_journal_anchor(txn, &anchor);
	if (err == RST_OK)
		err = rst_journal_end(txn, &last);
	if (err != RST_OK)
		return err;
	*ret_first = anchor.sequence + 1;
	*ret_end = last + 1;
	if (filter->since_set)
		err = rst_journal_find(
			txn, moved(filter->since_s, -AUDIT_CLOCK_S), ret_first);
	if (err == RST_OK && filter->until_set)
		err = rst_journal_find(
			txn, moved(filter->until_s, AUDIT_CLOCK_S), ret_end);
	return err;
}

enum rst_err
audit_next(const struct rst_rtxn *txn, const struct audit_filter *filter,
           uint64_t *at, struct rst_journal_public *ret_record)
{
	uint64_t first, end, next;
	enum rst_err err;

	err = bounds(txn, filter, &first, &end);
	for (size_t n = 0; err == RST_OK; n++) {
		if (filter->oldest_first)
			next = *at < first ? first : *at + 1;
		else
			next = (*at == 0 || *at > end ? end : *at) - 1;
		if (next < first || next >= end)
			return RST_ENOTFOUND;
		if (n == AUDIT_LOOKS) {
			ret_record->sequence = 0;
			return RST_OK;
		}
		*at = next;
		err = rst_journal_get(txn, next, ret_record);
		if (err == RST_ENOTFOUND)
			err = RST_ECORRUPT;
		if (err == RST_OK && audit_admits(filter, ret_record))
			return RST_OK;
	}
	return err;
}

bool
audit_time_read(const char *text, int64_t *ret_time_s)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
	char whole[TIME_BYTES], plain[LIFECYCLE_TIME_BYTES];
	size_t n = 0;

	if (strlen(text) == sizeof("2027-01-31") - 1)
		(void)snprintf(whole, sizeof(whole), "%sT00:00:00Z", text);
	else if (!rst_view_copy(rst_view_of(text), whole, sizeof(whole)))
		return false;
	if (lifecycle_time_parse(rst_view_of(whole), ret_time_s))
		return true;
	if (strlen(whole) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; shape[i] != '\0'; i++)
		if (shape[i] == 'd')
			plain[n++] = whole[i];
		else if (whole[i] != shape[i])
			return false;
	plain[n++] = 'Z';
	return lifecycle_time_parse(rst_view(plain, n), ret_time_s);
}

/* A form's empty field is one that was not filled in. */
static bool
read_moment(const char *text, bool *ret_set, int64_t *ret_time_s)
{
	*ret_set = text != NULL && text[0] != '\0';
	return !*ret_set || audit_time_read(text, ret_time_s);
}

static bool
read_word(const char *text, struct rst_view *ret_word)
{
	*ret_word = rst_view_of(text);
	return ret_word->len <= AUDIT_WORD_MAX;
}

enum rst_err
audit_filter_read(const struct audit_asked *asked,
                  struct audit_filter *ret_filter, const char **ret_wrong)
{
	struct audit_filter filter = { 0 };
	const char *wrong = NULL;

	if (!read_moment(asked->since, &filter.since_set, &filter.since_s))
		wrong = "since";
	else if (!read_moment(asked->until, &filter.until_set, &filter.until_s))
		wrong = "until";
	else if (!read_word(asked->actor, &filter.actor))
		wrong = "actor";
	else if (!read_word(asked->action, &filter.action))
		wrong = "action";
	else if (!read_word(asked->target, &filter.target))
		wrong = "target";
	*ret_wrong = wrong;
	if (wrong != NULL)
		return RST_EINVALID;
	*ret_filter = filter;
	return RST_OK;
}
