/* SPDX-License-Identifier: OLDAP-2.8 */
/* journal_priv.h - what the journal shares with rst_check() */
#ifndef RST_JOURNAL_PRIV_H
#define RST_JOURNAL_PRIV_H

#include "store/env_priv.h"
#include "store/journal.h"
#include "store/wire.h"

#define RST_JOURNAL_AD 9 /* bytes that bind a private part to its place */

void rst_journal_ad(uint64_t sequence, char ad[RST_JOURNAL_AD]);
/* chain = BLAKE2b-256(before | part), part being all of a public part but its
 * chain. */
void rst_journal_chain(const unsigned char before[RST_JOURNAL_HASH],
                       struct rst_view part,
                       unsigned char chain[RST_JOURNAL_HASH]);
enum rst_err rst_journal_decode(uint64_t sequence, struct rst_view bytes,
                                struct rst_journal_public *ret_public)
	RST_MUST_USE;

/* Read what is in images->bytes, a private part that was opened; the caller
 * releases images, however it ends.  RST_ECORRUPT, RST_ENOMEM. */
enum rst_err rst_journal_get_private(struct rst_journal_images *images)
	RST_MUST_USE;

/* journal_value.c: write the changed values of entry into out. */
enum rst_err rst_journal_values(const struct rst_rtxn *txn,
                                const struct rst_journal_entry *entry,
                                struct rst_out *out, uint32_t *ret_omitted)
	RST_MUST_USE;

/* journal_row.c: what deltas and moved (either may be NULL) mean as values; the
 * form they have in a private part. */
enum rst_err rst_journal_rows_of(const struct rst_rtxn *txn,
                                 const struct rst_journal_entry *entry,
                                 struct rst_journal_rows *rows) RST_MUST_USE;
void rst_journal_rows_put(struct rst_out *out,
                          const struct rst_journal_rows *rows);
enum rst_err rst_journal_rows_get(struct rst_in *in,
                                  struct rst_journal_rows *rows) RST_MUST_USE;

/*
 * journal_checkpoint.c: what the chain was at every 256th record, vouched for
 * by the environment's key, in meta under RST_CHECKPOINT_PREFIX and
 * sequence(8). Other sequences have none: put and drop do nothing then.
 */
#define RST_CHECKPOINT_EVERY  256
#define RST_CHECKPOINT_PREFIX "checkpoint/"
void rst_checkpoint_of(const struct rst_env *env,
                       const struct rst_journal_head *head,
                       unsigned char mac[RST_JOURNAL_HASH]);
enum rst_err rst_checkpoint_put(struct rst_wtxn *txn,
                                const struct rst_journal_head *head)
	RST_MUST_USE;
enum rst_err rst_checkpoint_drop(struct rst_wtxn *txn, uint64_t sequence)
	RST_MUST_USE;

/* csn.c: text has the form of a CSN.  Older forms (without microseconds, with
 * a server id of two digits) are written anew into buf. */
bool rst_csn_canonical(struct rst_view text, char buf[RST_CSN_MAX]);
/* The highest CSN so far; "" for none. */
enum rst_err rst_csn_last(const struct rst_rtxn *txn, char buf[RST_CSN_MAX])
	RST_MUST_USE;

#endif
