/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_due.c - ends that come by the clock
 *
 *	rosterExpires	20270131000000Z
 *	rosterNoticed	first 20270131000000Z	told long before
 *			last 20270131000000Z	and shortly before
 *			ended 20270131000000Z	what follows from it is done
 *			idle 20261001080000Z	not used since then: told
 *			pending 20261231000000Z	dropped then: told
 *
 * Nothing waits for an end to take effect: whoever asks, computes.  But what
 * ends for good with the access (sessions, tokens, links, invitations) must
 * not come back with it, so a sweep draws the consequences.  It walks the
 * ordering index of rosterExpires from where it was (settings "due-ended",
 * "due-first", "due-last" of the environment: all until then is done), so it
 * costs what ended since, however many people there are.  A change that
 * brings an end before that sets the mark back.
 *
 * All of these are writes of their own that no rule refuses: bookkeeping.
 */
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/moment.h"

const char *const act_due_marks[ACT_DUE_MARKS] = { "due-first", "due-last",
	                                           "due-ended" };

/* "first 20270131000000Z" */
#define LINE_BYTES (16 + LIFECYCLE_TIME_BYTES)

enum rst_err
act_due_mark(const struct rst_rtxn *txn, const char *name, int64_t *ret_mark_s)
{
	struct rst_view value;
	uint64_t mark_s = 0;
	enum rst_err err = rst_setting_get(txn, name, &value);

	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	if (err == RST_OK && !rst_view_number(value, INT64_MAX, &mark_s))
		mark_s = 0;
	*ret_mark_s = (int64_t)mark_s;
	return RST_OK;
}

enum rst_err
act_due_set_mark(struct rst_wtxn *txn, const char *name, int64_t mark_s)
{
	char text[24];

	if (mark_s < 0)
		mark_s = 0;
	(void)snprintf(text, sizeof(text), "%lld", (long long)mark_s);
	return rst_setting_put(txn, name, rst_view_of(text));
}

enum rst_err
gate_note_due(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *before = sides->before, *after = sides->after;
	int64_t end_s, mark_s;
	enum rst_err err = RST_OK;

	if (after == NULL || after->kind != RST_KIND_PERSON ||
	    !lifecycle_time_parse(rst_record_first(after, RST_A_ROSTEREXPIRES),
	                          &end_s) ||
	    (before != NULL && before->status == after->status &&
	     gate_same_values(before, after, RST_A_ROSTEREXPIRES)))
		return RST_OK;
	for (int i = 0; err == RST_OK && i < ACT_DUE_MARKS; i++) {
		err = act_due_mark(&g->txn->r, act_due_marks[i], &mark_s);
		if (err == RST_OK && mark_s >= end_s)
			err = act_due_set_mark(g->txn, act_due_marks[i],
			                       end_s - 1);
	}
	return err;
}

static void
print_line(char line[LINE_BYTES], const char *word, int64_t about_s)
{
	char time[LIFECYCLE_TIME_BYTES];

	lifecycle_time_print(about_s, time);
	(void)snprintf(line, LINE_BYTES, "%s %s", word, time);
}

bool
act_was_noticed(const struct rst_record *record, const char *word,
                int64_t about_s)
{
	char line[LINE_BYTES];
	struct rst_attr lines;
	struct rst_view value;

	print_line(line, word, about_s);
	if (!rst_record_attr(record, RST_A_ROSTERNOTICED, &lines))
		return false;
	while (rst_attr_next(&lines, &value))
		if (rst_view_equal(value, rst_view_of(line)))
			return true;
	return false;
}

/* One line of each word: the newest. */
static enum rst_err
set_line(struct rst_entry *before, struct rst_entry *after, const char *word,
         int64_t about_s)
{
	size_t len = strlen(word);
	char line[LINE_BYTES];
	struct rst_record record;
	struct rst_attr lines;
	struct rst_view value;
	enum rst_err err;

	err = rst_entry_record(before, &record);
	if (err == RST_OK)
		err = rst_entry_set(after, RST_A_ROSTERNOTICED, NULL, 0);
	if (err == RST_OK &&
	    rst_record_attr(&record, RST_A_ROSTERNOTICED, &lines))
		while (err == RST_OK && rst_attr_next(&lines, &value))
			if (value.len <= len ||
			    !rst_view_starts(value, rst_view(word, len)) ||
			    value.ptr[len] != ' ')
				err = rst_entry_add(after, RST_A_ROSTERNOTICED,
				                    value);
	print_line(line, word, about_s);
	if (err == RST_OK)
		err = rst_entry_add(after, RST_A_ROSTERNOTICED,
		                    rst_view_of(line));
	return err;
}

/* Write the line, and with end draw what follows. */
static enum rst_err
note(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t id, bool end,
     const char *word, int64_t about_s)
{
	struct act_refusal refusal = { 0 };
	struct gate g = {
		.txn = txn, .ctx = ctx, .refusal = &refusal, .rules = true
	};
	struct gate_write w = {
		.verb = GATE_MODIFY,
		.act = end ? RST_VIEW("expire") : RST_VIEW("notice"),
		.id = id,
		.raise = end,
	};
	enum rst_err err;

	err = gate_load_sides(&g, &w);
	if (err == RST_OK)
		err = set_line(w.before, w.after, word, about_s);
	err = gate_write_sides(&g, &w, err);
	if (err == RST_OK && end)
		err = gate_end_access(&g, id);
	return err;
}

enum rst_err
act_note_notice(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t id,
                const char *word, int64_t about_s)
{
	return note(txn, ctx, id, false, word, about_s);
}

enum rst_err
act_draw_end(struct rst_wtxn *txn, const struct act_ctx *ctx, uint64_t id,
             int64_t end_s)
{
	return note(txn, ctx, id, true, "ended", end_s);
}
