/* SPDX-License-Identifier: OLDAP-2.8 */
/* violations_journal.c - what may be wrong with the journal's checkpoints */
#include "store/env_priv.h"
#include "store/journal.h"
#include "store/journal_priv.h"
#include "tests/unit/violations.h"

void
violations_journal(struct rst_wtxn *txn, uint64_t id)
{
	char csn[RST_CSN_MAX];
	struct rst_journal_entry entry = { .op = RST_J_MODIFY,
		                           .door = RST_DOOR_CLI,
		                           .act = RST_VIEW("test"),
		                           .time_s = VIOLATIONS_NOW_S,
		                           .id = id };
	struct rst_record record;
	struct rst_entry *copy;

	assert_int_equal(rst_csn_next(txn, VIOLATIONS_NOW_S, 0, 15, csn),
	                 RST_OK);
	entry.csn = rst_view_of(csn);
	assert_int_equal(rst_record_get(&txn->r, id, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &copy), RST_OK);
	assert_int_equal(rst_entry_record(copy, &record), RST_OK);
	entry.before = entry.after = &record;
	assert_int_equal(rst_journal_append(txn, &entry, NULL), RST_OK);
	rst_entry_free(copy);
}

static void
drop(struct world *w, enum rst_table table, struct rst_view key)
{
	assert_int_equal(rst_db_drop(w->txn, table, key), RST_OK);
}

/* So many records that the last is one with a checkpoint. */
static void
up_to_checkpoint(struct world *w)
{
	while (rst_journal_last(&w->txn->r) % RST_CHECKPOINT_EVERY != 0)
		violations_journal(w->txn, w->alice);
}

static struct rst_view
checkpoint(uint64_t sequence)
{
	static char key[sizeof(RST_CHECKPOINT_PREFIX) + 7];

	memcpy(key, RST_CHECKPOINT_PREFIX, sizeof(key) - 8);
	rst_put_be64(key + sizeof(key) - 8, sequence);
	return rst_view(key, sizeof(key));
}

void
a_checkpoint_made_without_the_key(struct world *w)
{
	char mac[RST_JOURNAL_HASH] = "none";

	up_to_checkpoint(w);
	assert_int_equal(rst_meta_put(w->txn, checkpoint(RST_CHECKPOINT_EVERY),
	                              rst_view(mac, sizeof(mac))),
	                 RST_OK);
}

void
a_journal_cut_off_before_a_checkpoint(struct world *w)
{
	char key[8];
	struct rst_view number = rst_view(key, sizeof(key));

	rst_put_be64(key, RST_CHECKPOINT_EVERY);
	up_to_checkpoint(w);
	drop(w, RST_T_JOURNAL, number);
	drop(w, RST_T_JOURNAL_PRIVATE, number);
}

void
a_checkpoint_taken_away(struct world *w)
{
	for (int i = 0; i < 3; i++) {
		up_to_checkpoint(w);
		violations_journal(w->txn, w->alice);
	}
	drop(w, RST_T_META, checkpoint(2 * RST_CHECKPOINT_EVERY));
}
