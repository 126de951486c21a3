/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_history.c - statuses as the journal tells them
 *
 * Replaying the journal's changes of rosterStatus must lead to the status that
 * each person has, each step from where the last one led, by a lawful move.
 * What a load (slapadd) brought is unknown until it is first changed.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "lifecycle/check_priv.h"
#include "lifecycle/gate_priv.h"
#include "rules/status.h"

#define IDS_MAX (UINT64_C(1) << 30) /* entries above are not looked at */
#define ROOM    1024                /* more than needed, at least */
#define UNKNOWN 0                   /* else the status, and 1 */

struct history {
	unsigned char *status; /* by entry id */
	uint64_t ids;
};

/* What one record says of rosterStatus. */
struct step {
	bool says_from, says_to;
	enum rst_status from, to;
};

static struct step
read_step(const struct rst_journal_public *public)
{
	struct rst_view values = public->values;
	struct rst_journal_value value;
	struct step step = { .says_from = false };

	while (rst_journal_next_value(&values, &value)) {
		if (!rst_view_equal_nocase(value.attr,
		                           RST_VIEW("rosterStatus")))
			continue;
		if (value.added) {
			step.says_to = true;
			step.to = rst_status_parse(value.value);
		} else {
			step.says_from = true;
			step.from = rst_status_parse(value.value);
		}
	}
	return step;
}

static const char *
word(enum rst_status status)
{
	return status == RST_STATUS_NONE ? "none" : rst_status_word(status);
}

/* An import brings where an account is, not how it came there; and slapd's
 * part in it is not told from one. */
static void
judge_move(struct rst_check *check, const struct rst_journal_public *public,
           const struct step *step)
{
	if (!step->says_from || !step->says_to ||
	    rule_status_move((enum rule_status)step->from,
	                     (enum rule_status)step->to) == RULE_OK)
		return;
	if (public->replicated)
		rst_check_warn(check,
		               "record %" PRIu64 " moves entry %" PRIu64
		               " from %s to %s, as only an import may",
		               public->sequence, public->id, word(step->from),
		               word(step->to));
	else
		rst_check_found(check,
		                "record %" PRIu64 " moves entry %" PRIu64
		                " from %s to %s",
		                public->sequence, public->id, word(step->from),
		                word(step->to));
}

/* Room for id, which is below IDS_MAX; pages of it that nobody touches cost
 * nothing. */
static bool
make_room(struct history *history, uint64_t id)
{
	uint64_t ids = history->ids * 2 > id ? history->ids * 2 : id + ROOM;
	unsigned char *status = calloc(ids, 1);

	if (status == NULL)
		return false;
	if (history->ids > 0)
		memcpy(status, history->status, history->ids);
	free(history->status);
	history->status = status;
	history->ids = ids;
	return true;
}

static enum rst_err
follow(struct rst_check *check, const struct rst_journal_public *public,
       void *arg)
{
	struct history *history = arg;
	unsigned char *now;
	struct step step;

	if (public->op == RST_J_LOAD || public->op == RST_J_EVENT ||
	    public->id >= IDS_MAX)
		return RST_OK;
	if (public->id >= history->ids && !make_room(history, public->id))
		return RST_ENOMEM;
	now = &history->status[public->id];
	step = read_step(public);
	/* More values than it tells: this one may be among the rest */
	if (public->omitted > 0 && !step.says_to) {
		*now = UNKNOWN;
		return RST_OK;
	}
	if (step.says_from && *now != UNKNOWN && *now != step.from + 1)
		rst_check_found(check,
		                "record %" PRIu64 " found entry %" PRIu64
		                " %s, which the one before left %s",
		                public->sequence, public->id, word(step.from),
		                word((enum rst_status)(*now - 1)));
	judge_move(check, public, &step);
	if (step.says_to)
		*now = (unsigned char)(step.to + 1);
	else if (step.says_from || public->op == RST_J_ADD)
		*now = RST_STATUS_NONE + 1;
	return RST_OK;
}

static enum rst_err
compare(struct rst_check *check, const struct rst_record *record, void *arg)
{
	const struct history *history = arg;
	enum rst_status told;

	if (record->kind != RST_KIND_PERSON)
		return RST_OK;
	if (record->status == RST_STATUS_NONE)
		rst_check_found(check, "person %" PRIu64 " has no status",
		                record->id);
	if (record->id >= history->ids ||
	    history->status[record->id] == UNKNOWN)
		return RST_OK;
	told = (enum rst_status)(history->status[record->id] - 1);
	if (told != record->status)
		rst_check_found(check,
		                "person %" PRIu64
		                " is %s, but the journal left it %s",
		                record->id, word(record->status), word(told));
	return RST_OK;
}

enum rst_err
check_status_history(struct rst_check *check)
{
	struct history history = { NULL, 0 };
	enum rst_err err;

	err = rst_check_each_journal(check, follow, &history);
	if (err == RST_OK)
		err = rst_check_each_record(check, compare, &history);
	free(history.status);
	return err;
}
