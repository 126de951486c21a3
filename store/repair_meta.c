/* SPDX-License-Identifier: OLDAP-2.8 */
/* repair_meta.c - what table meta says of other tables, put right */
#include "store/repair_priv.h"

#include "store/ident_priv.h"
#include "store/journal_priv.h"
#include "store/member_priv.h"

/* ------------------------------------------------------ members of a group */

enum rst_err
rst_repair_count(struct rst_repair *repair, struct rst_view key,
                 struct rst_view value)
{
	struct rst_check check = rst_repair_quiet(&repair->txn.r);
	uint64_t group;
	bool right = true;
	enum rst_err err = RST_OK;

	(void)value;
	if (rst_check_counts(&check, key, &group))
		err = rst_check_count_is_right(&check, group, &right);
	if (err != RST_OK || right)
		return err;
	repair->changed++;
	if (repair->looking)
		return RST_OK;
	err = rst_mcount_forget(&repair->txn, group);
	return err == RST_OK ? rst_mcount_keep(&repair->txn, group) : err;
}

/* ---------------------------------------------------------------- counters */

/* Raise the number in meta to the last key of table. */
static enum rst_err
raise(struct rst_repair *repair, const char *name, enum rst_table table)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	uint64_t number = 0;
	uint64_t last = 0;
	enum rst_err err;

	err = rst_cursor_open(&repair->txn.r, table, &cursor);
	if (err == RST_OK)
		err = rst_cursor_last(&cursor, &key, &value);
	if (err == RST_OK && key.len == 8)
		last = rst_get_be64(key.ptr);
	rst_cursor_close(&cursor);
	if (err == RST_OK)
		err = rst_meta_number(&repair->txn.r, name, &number);
	if (err == RST_OK && number < last) {
		repair->changed++;
		err = rst_meta_set_number(&repair->txn, name, last);
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* Ranges of which a free number would be overlooked are looked at anew. */
static enum rst_err
number_ranges(struct rst_repair *repair, enum rst_ident kind)
{
	struct rst_number_range range = { .kind = kind };
	uint32_t number;
	enum rst_err err;

	while ((err = rst_number_range_next(&repair->txn.r, &range)) ==
	       RST_OK) {
		err = rst_number_unlisted(&repair->txn.r, &range, &number);
		if (err == RST_OK) {
			repair->changed++;
			err = rst_number_range_drop(&repair->txn, &range);
		}
		if (err != RST_OK && err != RST_ENOTFOUND)
			return err;
		range.first++;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

enum rst_err
rst_repair_counters(struct rst_repair *repair)
{
	struct rst_check check = { .txn = &repair->txn.r };
	uint64_t n = 0, counted = 0;
	enum rst_err err;

	err = rst_repair_begin(repair);
	if (err == RST_OK)
		err = rst_check_count(&check, RST_T_ENTRY, &n);
	if (err == RST_OK)
		err = rst_meta_number(&repair->txn.r, "entries", &counted);
	if (err == RST_OK && n != counted) {
		repair->changed++;
		err = rst_meta_set_number(&repair->txn, "entries", n);
	}
	if (err == RST_OK)
		err = raise(repair, "last-id", RST_T_ENTRY);
	if (err == RST_OK)
		err = raise(repair, "outbox", RST_T_OUTBOX);
	if (err == RST_OK)
		err = number_ranges(repair, RST_IDENT_UIDNUMBER);
	if (err == RST_OK)
		err = number_ranges(repair, RST_IDENT_GIDNUMBER);
	return rst_repair_end(repair, err);
}

/* ------------------------------------------------------ the last, the mark */

struct csns {
	char highest[RST_CSN_MAX];
};

static void
csn_seen(struct csns *csns, struct rst_view text)
{
	char csn[RST_CSN_MAX];

	if (text.len > 0 && rst_csn_canonical(text, csn) &&
	    strcmp(csn, csns->highest) > 0)
		memcpy(csns->highest, csn, sizeof(csn));
}

static enum rst_err
csn_of_record(struct rst_check *check, const struct rst_record *record,
              void *arg)
{
	(void)check;
	csn_seen(arg, rst_record_first(record, RST_A_ENTRYCSN));
	return RST_OK;
}

static enum rst_err
csn_of_journal(struct rst_check *check, const struct rst_journal_public *public,
               void *arg)
{
	(void)check;
	csn_seen(arg, public->csn);
	return RST_OK;
}

/* What can only be told from all rows of a snapshot: the highest CSN, and
 * whether two entries have one uid. */
static enum rst_err
ask_all(struct rst_repair *repair, struct csns *csns, bool *ret_shared)
{
	struct rst_rtxn txn = { 0 };
	struct rst_check check = rst_repair_quiet(&txn);
	enum rst_err err;

	err = rst_read_begin(repair->env, &txn);
	if (err == RST_OK)
		err = rst_check_each_record(&check, csn_of_record, csns);
	if (err == RST_OK)
		err = rst_check_each_journal(&check, csn_of_journal, csns);
	if (err == RST_OK)
		err = rst_check_shared_names(&check);
	rst_read_end(&txn);
	*ret_shared = check.n > 0;
	return err;
}

static enum rst_err
put_csn(struct rst_repair *repair, struct rst_view csn)
{
	repair->changed++;
	return rst_meta_put(&repair->txn, RST_VIEW("csn"), csn);
}

/* Both only ever rise, so what others write meanwhile does no harm. */
enum rst_err
rst_repair_marks(struct rst_repair *repair)
{
	struct csns csns = { "" };
	char last[RST_CSN_MAX];
	bool shared = false;
	enum rst_err err;

	err = ask_all(repair, &csns, &shared);
	if (err == RST_OK)
		err = rst_repair_begin(repair);
	if (err == RST_OK && rst_csn_last(&repair->txn.r, last) != RST_OK)
		last[0] = '\0';
	if (err == RST_OK && strcmp(csns.highest, last) > 0)
		err = put_csn(repair, rst_view_of(csns.highest));
	if (err == RST_OK && shared) {
		repair->changed++;
		err = rst_meta_set_number(&repair->txn, RST_SHARED_NAMES, 1);
	}
	return rst_repair_end(repair, err);
}
