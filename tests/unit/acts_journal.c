/* SPDX-License-Identifier: OLDAP-2.8 */
/* acts_journal.c - the journal, read, appended to, verified and expired */
#include <stdlib.h>

#include "store/journal.h"
#include "store/member.h"
#include "tests/unit/stage.h"

static enum rst_err
reads_the_journal(struct stage *stage)
{
	struct rst_journal_public public;
	struct rst_journal_value value;
	struct rst_view values;
	enum rst_err err = RST_OK;

	for (uint64_t i = stage->first; err == RST_OK && i <= stage->last;
	     i++) {
		err = rst_journal_get(stage->txn, i, &public);
		if (err != RST_OK)
			break;
		tell_view(stage, public.dn);
		tell_view(stage, public.chain);
		values = public.values;
		while (rst_journal_next_value(&values, &value))
			tell_view(stage, value.value);
	}
	return err;
}

static enum rst_err
reads_images(struct stage *stage)
{
	struct rst_journal_images images = { .bytes = NULL };
	enum rst_err err = RST_OK;

	for (uint64_t i = stage->last - 1; err == RST_OK && i <= stage->last;
	     i++) {
		err = rst_journal_images(stage->txn, i, &images);
		if (err != RST_OK)
			break;
		tell_view(stage, images.before.bytes);
		tell_view(stage, images.after.bytes);
		for (size_t n = 0; n < images.rows.n; n++)
			tell(stage, images.rows.items[n].text,
			     images.rows.items[n].len);
		tell_number(stage, images.deltas.n);
		rst_journal_images_release(&images);
	}
	return err;
}

static enum rst_err
finds_in_the_journal(struct stage *stage)
{
	int64_t record_s = 0, images_s = 0;
	uint64_t sequence = 0;
	struct rst_journal_head head;
	enum rst_err err;

	err = rst_journal_find(stage->txn, STAGE_NOW_S + 2, &sequence);
	tell_number(stage, sequence);
	if (err == RST_OK)
		err = rst_journal_oldest(stage->txn, &record_s, &images_s);
	tell_number(stage, (uint64_t)record_s + (uint64_t)images_s);
	if (err == RST_OK)
		err = rst_journal_head(stage->txn, &head);
	if (err == RST_OK)
		tell_number(stage, head.sequence);
	return err;
}

static enum rst_err
verifies_the_journal(struct stage *stage)
{
	struct rst_journal_verify verify = { .begun = false };
	enum rst_err err = RST_OK;

	for (int i = 0; err == RST_OK && i < 9; i++)
		err = rst_journal_verify(stage->txn, &verify, 2);
	tell_number(stage, verify.records + verify.images);
	return err;
}

/* All that an entry of the journal may have. */
static enum rst_err
append(struct stage *stage, uint64_t id, struct rst_member_deltas *deltas)
{
	struct rst_journal_entry entry = { .op = RST_J_MODIFY,
		                           .door = RST_DOOR_HTTP,
		                           .act = RST_VIEW("act"),
		                           .time_s = STAGE_NOW_S + 9 };
	struct rst_entry *before = NULL, *after = NULL;
	struct rst_journal_rows rows = { 0 };
	struct rst_record record, old, new;
	enum rst_err err;

	err = rst_record_get(&stage->w.r, id, &record);
	if (err == RST_OK)
		err = rst_entry_from_record(&record, &before);
	if (err == RST_OK)
		err = rst_entry_from_record(&record, &after);
	if (err == RST_OK)
		err = rst_entry_set_one(after, RST_A_DESCRIPTION,
		                        RST_VIEW("changed"));
	if (err == RST_OK)
		err = rst_entry_record(before, &old);
	if (err == RST_OK)
		err = rst_entry_record(after, &new);
	if (err == RST_OK)
		err = rst_journal_rows_member(&stage->w.r, &old, true, &rows);
	entry.id = id;
	entry.before = &old;
	entry.after = &new;
	entry.deltas = deltas;
	entry.moved = &rows;
	if (err == RST_OK)
		err = rst_journal_append(&stage->w, &entry, NULL);
	rst_journal_rows_release(&rows);
	rst_entry_free(before);
	rst_entry_free(after);
	return err;
}

static enum rst_err
appends_a_person(struct stage *stage)
{
	return append(stage, stage->alice, NULL);
}

static enum rst_err
appends_a_group(struct stage *stage)
{
	struct rst_member_deltas deltas = { 0 };
	enum rst_err err;

	err = rst_member_join(&stage->w, stage->group, stage->carol, &deltas);
	if (err == RST_OK)
		err = rst_member_leave(&stage->w, stage->group, stage->bob,
		                       &deltas);
	if (err == RST_OK)
		err = append(stage, stage->group, &deltas);
	rst_member_deltas_release(&deltas);
	return err;
}

/* So many that the last has a checkpoint. */
static enum rst_err
appends_a_checkpoint(struct stage *stage)
{
	const struct rst_journal_entry event = { .op = RST_J_EVENT,
		                                 .door = RST_DOOR_SYSTEM,
		                                 .act = RST_VIEW("event"),
		                                 .time_s = STAGE_NOW_S + 9 };
	uint64_t sequence = 1;
	enum rst_err err = RST_OK;

	while (err == RST_OK && sequence % 256 != 0)
		err = rst_journal_append(&stage->w, &event, &sequence);
	return err;
}

static enum rst_err
expires_records(struct stage *stage)
{
	size_t n = 0;
	enum rst_err err;

	err = rst_journal_expire(&stage->w, STAGE_NOW_S + 99, 9, &n);
	tell_number(stage, n);
	return err;
}

/* What slapd's follower has not replayed is kept for it. */
static enum rst_err
expires_what_is_awaited(struct stage *stage)
{
	static const char *const cursors[] = { "256 x", "256", "x y", "" };
	size_t n = 0;
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && i < 4; i++) {
		err = rst_setting_put(&stage->w, "follow-cursor",
		                      rst_view_of(cursors[i]));
		if (err == RST_OK)
			err = rst_journal_expire_images(
				&stage->w, STAGE_NOW_S + 99, 1, &n);
		tell_number(stage, n);
		if (err == RST_OK)
			err = rst_journal_expire(&stage->w, STAGE_NOW_S + 99, 3,
			                         &n);
		tell_number(stage, n);
	}
	return err;
}

static enum rst_err
expires_images(struct stage *stage)
{
	size_t n = 0;
	enum rst_err err;

	err = rst_journal_expire_images(&stage->w, STAGE_NOW_S + 1, 9, &n);
	tell_number(stage, n);
	if (err == RST_OK)
		err = rst_journal_erase(&stage->w, stage->last - 1, 9, &n);
	tell_number(stage, n);
	return err;
}

const struct act journal_acts[] = {
	ACT(reads_the_journal, ACT_READ),
	ACT(reads_images, ACT_READ),
	ACT(finds_in_the_journal, ACT_READ),
	ACT(verifies_the_journal, ACT_READ, .wanted = RST_ENOTFOUND),
	ACT(appends_a_person, ACT_WRITE),
	ACT(appends_a_group, ACT_WRITE),
	ACT(appends_a_checkpoint, ACT_WRITE),
	ACT(expires_records, ACT_WRITE),
	ACT(expires_what_is_awaited, ACT_WRITE),
	ACT(expires_images, ACT_WRITE),
	LAST_ACT,
};
