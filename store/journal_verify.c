/* SPDX-License-Identifier: OLDAP-2.8 */
/* journal_verify.c - is the journal what was written?
 *
 * Every record's chain hash is computed anew from the one before, beginning at
 * the anchor, and the digest of every private part that is still there.  Who
 * can write the file can make a whole new chain, or cut off its end: only a
 * head kept elsewhere shows that.
 */
#include "store/journal_priv.h"

static enum rst_err
broken(struct rst_journal_verify *verify, uint64_t sequence, const char *why)
{
	verify->broken = sequence;
	verify->why = why;
	return RST_ECORRUPT;
}

/* The heads that stand at verify->at, or before it. */
static enum rst_err
compare_heads(struct rst_journal_verify *verify)
{
	const struct rst_journal_head *head;

	while (verify->next_head < verify->n_heads) {
		head = &verify->heads[verify->next_head];
		if (head->sequence > verify->at.sequence)
			break;
		verify->next_head++;
		if (head->sequence < verify->at.sequence) {
			verify->n_older++;
			continue;
		}
		if (memcmp(head->chain, verify->at.chain, RST_JOURNAL_HASH) !=
		    0)
			return broken(verify, head->sequence,
			              "it is not what the head tells of");
		verify->n_compared++;
	}
	return RST_OK;
}

static enum rst_err
begin(const struct rst_rtxn *txn, struct rst_journal_verify *verify)
{
	enum rst_err err;

	err = rst_journal_anchor(txn, &verify->at);
	if (err == RST_ECORRUPT)
		return broken(verify, 0, "the anchor does not decode");
	verify->begun = true;
	verify->first = verify->at.sequence + 1;
	verify->time_s = INT64_MIN;
	return err == RST_OK ? compare_heads(verify) : err;
}

/* Old records may have been removed since the last snapshot. */
static enum rst_err
catch_up(const struct rst_rtxn *txn, struct rst_journal_verify *verify)
{
	struct rst_journal_head anchor;
	enum rst_err err;

	err = rst_journal_anchor(txn, &anchor);
	if (err != RST_OK || anchor.sequence <= verify->at.sequence)
		return err;
	verify->at = anchor;
	verify->first = anchor.sequence + 1;
	return compare_heads(verify);
}

static enum rst_err
verify_images(const struct rst_rtxn *txn, struct rst_journal_verify *verify,
              const struct rst_journal_public *public)
{
	unsigned char digest[RST_JOURNAL_HASH];
	struct rst_view sealed;
	char key[8];
	enum rst_err err;

	rst_put_be64(key, public->sequence);
	err = rst_db_get(txn, RST_T_JOURNAL_PRIVATE, rst_view(key, 8), &sealed);
	if (err == RST_ENOTFOUND)
		return RST_OK;
	if (err != RST_OK)
		return err;
	crypto_generichash(digest, sizeof(digest),
	                   (const unsigned char *)sealed.ptr, sealed.len, NULL,
	                   0);
	if (!rst_view_equal(public->digest,
	                    rst_view((const char *)digest, sizeof(digest))))
		return broken(verify, public->sequence,
		              "its private part was changed");
	verify->images++;
	return RST_OK;
}

static enum rst_err
verify_record(const struct rst_rtxn *txn, struct rst_journal_verify *verify,
              uint64_t sequence, struct rst_view row)
{
	struct rst_journal_public public;
	unsigned char chain[RST_JOURNAL_HASH];
	struct rst_view part;
	enum rst_err err;

	if (rst_journal_decode(sequence, row, &public) != RST_OK)
		return broken(verify, sequence, "it does not decode");
	part = rst_view(row.ptr, row.len - RST_JOURNAL_HASH);
	rst_journal_chain(verify->at.chain, part, chain);
	if (memcmp(chain, public.chain.ptr, RST_JOURNAL_HASH) != 0)
		return broken(verify, sequence, "the chain is broken here");
	err = verify_images(txn, verify, &public);
	if (err != RST_OK)
		return err;
	verify->at.sequence = sequence;
	memcpy(verify->at.chain, chain, RST_JOURNAL_HASH);
	verify->records++;
	verify->n_back += public.time_s < verify->time_s ? 1 : 0;
	verify->time_s = public.time_s;
	return compare_heads(verify);
}

/* No record follows. */
static enum rst_err
end(const struct rst_rtxn *txn, struct rst_journal_verify *verify)
{
	struct rst_journal_head anchor;
	enum rst_err err;

	err = rst_journal_anchor(txn, &anchor);
	if (err != RST_OK)
		return err;
	/* the last record is never removed */
	if (anchor.sequence > 0 && anchor.sequence >= verify->at.sequence)
		return broken(verify, anchor.sequence + 1, "it is missing");
	if (verify->next_head < verify->n_heads)
		return broken(verify, verify->at.sequence + 1,
		              "it is missing, and so is what follows up to "
		              "the head");
	return RST_ENOTFOUND;
}

enum rst_err
rst_journal_verify(const struct rst_rtxn *txn,
                   struct rst_journal_verify *verify, size_t max)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, row;
	char from[8] = { 0 };
	enum rst_err err;

	/* from the very first key: nothing may stand before the anchor */
	err = verify->begun ? catch_up(txn, verify) : begin(txn, verify);
	if (verify->records > 0)
		rst_put_be64(from, verify->at.sequence + 1);
	if (err == RST_OK)
		err = rst_cursor_open(txn, RST_T_JOURNAL, &cursor);
	if (err == RST_OK)
		err = rst_cursor_seek(&cursor, rst_view(from, 8), &key, &row);
	for (size_t n = 0; err == RST_OK && n < max; n++) {
		if (key.len != 8)
			err = broken(verify, verify->at.sequence + 1,
			             "there is a record without a number");
		else if (rst_get_be64(key.ptr) != verify->at.sequence + 1)
			err = broken(verify, verify->at.sequence + 1,
			             "it is missing");
		else
			err = verify_record(txn, verify,
			                    verify->at.sequence + 1, row);
		if (err == RST_OK)
			err = rst_cursor_next(&cursor, &key, &row);
	}
	rst_cursor_close(&cursor);
	return err == RST_ENOTFOUND ? end(txn, verify) : err;
}
