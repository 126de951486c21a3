/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_journal.c - the journal and CSNs */
#include <inttypes.h>

#include "store/check_priv.h"
#include "store/journal_priv.h"

static enum rst_err
sequence_row(struct rst_check *check, struct rst_view key,
             struct rst_view value, void *arg)
{
	struct rst_journal_public public;
	uint64_t *last = arg, sequence;

	if (key.len != 8) {
		rst_check_found(check, "a record has no number");
		return RST_OK;
	}
	sequence = rst_get_be64(key.ptr);
	if (sequence != *last + 1)
		rst_check_found(check,
		                "record %" PRIu64 " follows record %" PRIu64,
		                sequence, *last);
	*last = sequence;
	if (rst_journal_decode(sequence, value, &public) != RST_OK)
		rst_check_found(check, "record %" PRIu64 " does not decode",
		                sequence);
	return RST_OK;
}

enum rst_err
rst_check_journal_sequence(struct rst_check *check)
{
	struct rst_journal_head anchor;
	enum rst_err err;

	err = rst_journal_anchor(check->txn, &anchor);
	if (err == RST_ECORRUPT) {
		rst_check_found(check, "the anchor does not decode");
		err = RST_OK;
	}
	if (err == RST_OK)
		err = rst_check_walk(check, RST_T_JOURNAL, sequence_row,
		                     &anchor.sequence);
	return err;
}

static enum rst_err
chain_row(struct rst_check *check, struct rst_view key, struct rst_view value,
          void *arg)
{
	unsigned char *before = arg, chain[RST_JOURNAL_HASH];
	struct rst_view stored;

	if (key.len != 8 || value.len < RST_JOURNAL_HASH)
		return RST_OK; /* journal-sequence said so */
	stored = rst_view(value.ptr + value.len - RST_JOURNAL_HASH,
	                  RST_JOURNAL_HASH);
	rst_journal_chain(before,
	                  rst_view(value.ptr, value.len - RST_JOURNAL_HASH),
	                  chain);
	if (!rst_view_equal(stored, rst_view(chain, sizeof(chain))))
		rst_check_found(check,
		                "record %" PRIu64 ": the chain is broken here",
		                rst_get_be64(key.ptr));
	/* Go on from what is stored: one break is one finding */
	memcpy(before, stored.ptr, RST_JOURNAL_HASH);
	return RST_OK;
}

enum rst_err
rst_check_journal_chain(struct rst_check *check)
{
	struct rst_journal_head anchor;
	enum rst_err err;

	err = rst_journal_anchor(check->txn, &anchor);
	if (err == RST_OK || err == RST_ECORRUPT)
		err = rst_check_walk(check, RST_T_JOURNAL, chain_row,
		                     anchor.chain);
	return err;
}

struct checkpoints {
	uint64_t anchor, last; /* records that were removed, that are there */
	uint64_t next;         /* checkpoint that ought to follow; 0: any */
};

/* The record at a checkpoint is what that vouches for. */
static enum rst_err
checkpoint_row(struct rst_check *check, struct rst_view key,
               struct rst_view value, void *arg)
{
	const size_t prefix = sizeof(RST_CHECKPOINT_PREFIX) - 1;
	struct checkpoints *points = arg;
	unsigned char mac[RST_JOURNAL_HASH];
	struct rst_journal_public public;
	struct rst_journal_head head;
	enum rst_err err;

	if (key.len != prefix + 8 || !rst_sum_keyed_take(key, &value))
		return RST_OK; /* tables-and-format said so */
	head.sequence = rst_get_be64(key.ptr + prefix);
	if (head.sequence <= points->anchor)
		return RST_OK; /* an older version removed its record */
	if (points->next != 0 && head.sequence != points->next)
		rst_check_warn(check,
		               "no checkpoint at record %" PRIu64
		               ": an older version wrote it, or somebody took "
		               "it away",
		               points->next);
	points->next = head.sequence + RST_CHECKPOINT_EVERY;
	if (head.sequence > points->last) {
		rst_check_found(
			check,
			"record %" PRIu64
			" was written, and the journal ends at %" PRIu64,
			head.sequence, points->last);
		return RST_OK;
	}
	err = rst_journal_get(check->txn, head.sequence, &public);
	if (err == RST_ENOTFOUND || err == RST_ECORRUPT)
		return RST_OK; /* journal-sequence said so */
	if (err != RST_OK)
		return err;
	memcpy(head.chain, public.chain.ptr, RST_JOURNAL_HASH);
	rst_checkpoint_of(check->txn->env, &head, mac);
	if (!rst_view_equal(value, rst_view((const char *)mac, sizeof(mac))))
		rst_check_found(check,
		                "record %" PRIu64
		                " is not what its checkpoint vouches for",
		                head.sequence);
	return RST_OK;
}

enum rst_err
rst_check_checkpoints(struct rst_check *check)
{
	struct checkpoints points = { .last = 0 };
	struct rst_journal_head anchor;
	enum rst_err err;

	err = rst_journal_end(check->txn, &points.last);
	if (err == RST_OK)
		err = rst_journal_anchor(check->txn, &anchor);
	if (err != RST_OK && err != RST_ECORRUPT)
		return err;
	points.anchor = err == RST_OK ? anchor.sequence : 0;
	err = rst_check_walk_prefix(check, RST_T_META,
	                            RST_VIEW(RST_CHECKPOINT_PREFIX),
	                            checkpoint_row, &points);
	if (err == RST_OK && points.next != 0 && points.next <= points.last)
		rst_check_warn(check,
		               "no checkpoint at record %" PRIu64
		               ": an older version wrote it, or somebody took "
		               "it away",
		               points.next);
	return err;
}

struct csns {
	char highest[RST_CSN_MAX]; /* of all, kept in meta */
	char ours[RST_CSN_MAX];    /* the last one made by another process than
	                              slapd */
};

static enum rst_err
csn_row(struct rst_check *check, struct rst_view key, struct rst_view value,
        void *arg)
{
	struct rst_journal_public public;
	struct csns *csns = arg;
	char csn[RST_CSN_MAX];
	uint64_t sequence = key.len == 8 ? rst_get_be64(key.ptr) : 0;

	if (rst_journal_decode(sequence, value, &public) != RST_OK ||
	    public.csn.len == 0)
		return RST_OK;
	if (!rst_csn_canonical(public.csn, csn)) {
		rst_check_found(check, "record %" PRIu64 " has no right CSN",
		                sequence);
		return RST_OK;
	}
	if (strcmp(csn, csns->highest) > 0)
		rst_check_found(check,
		                "record %" PRIu64
		                " has CSN %s, above the highest known, %s",
		                sequence, csn, csns->highest);
	/* What syncrepl brings may come in any order */
	if (public.replicated)
		return RST_OK;
	if (strcmp(csn, csns->ours) <= 0)
		rst_check_found(check,
		                "record %" PRIu64
		                " has CSN %s, not above %s before it",
		                sequence, csn, csns->ours);
	memcpy(csns->ours, csn, sizeof(csn));
	return RST_OK;
}

/* The next CSN must be above that of every entry, too. */
static enum rst_err
csn_of_record(struct rst_check *check, const struct rst_record *record,
              void *arg)
{
	struct rst_view text = rst_record_first(record, RST_A_ENTRYCSN);
	const struct csns *csns = arg;
	char csn[RST_CSN_MAX];

	if (text.len > 0 && rst_csn_canonical(text, csn) &&
	    strcmp(csn, csns->highest) > 0)
		rst_check_found(check,
		                "entry %" PRIu64
		                " has CSN %s, above the highest known, %s",
		                record->id, csn, csns->highest);
	return RST_OK;
}

enum rst_err
rst_check_csn(struct rst_check *check)
{
	struct csns csns = { 0 };
	enum rst_err err;

	err = rst_csn_last(check->txn, csns.highest);
	if (err == RST_ECORRUPT)
		rst_check_found(check, "the highest CSN does not decode");
	if (err != RST_OK)
		return err == RST_ECORRUPT ? RST_OK : err;
	err = rst_check_walk(check, RST_T_JOURNAL, csn_row, &csns);
	if (err == RST_OK)
		err = rst_check_each_record(check, csn_of_record, &csns);
	return err;
}
