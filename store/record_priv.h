/* SPDX-License-Identifier: OLDAP-2.8 */
/* record_priv.h - encoding and decoding records, for store/ alone */
#ifndef RST_RECORD_PRIV_H
#define RST_RECORD_PRIV_H

#include "store/entry.h"

/*
 * Decode bytes into *ret_record, which borrows them.  Every length is
 * checked; verify also checks the checksum.  RST_ECORRUPT.
 */
enum rst_err rst_record_decode(struct rst_view bytes, bool verify,
                               struct rst_record *ret_record) RST_MUST_USE;

/* ident.c: identifier rows follow the record; either side may be NULL. */
enum rst_err rst_ident_update(struct rst_wtxn *txn,
                              const struct rst_record *before,
                              const struct rst_record *after) RST_MUST_USE;
/* index.c: the same for index rows. */
enum rst_err rst_index_update(struct rst_wtxn *txn,
                              const struct rst_record *before,
                              const struct rst_record *after) RST_MUST_USE;

/* Call each(arg, key) for every row that record must have in table ident or
 * index: what update writes and what check compares. */
typedef enum rst_err rst_row_each(void *arg, struct rst_view key,
                                  struct rst_view value);
enum rst_err rst_ident_rows(const struct rst_rtxn *txn,
                            const struct rst_record *record, rst_row_each *each,
                            void *arg) RST_MUST_USE;
enum rst_err rst_index_rows(const struct rst_rtxn *txn,
                            const struct rst_record *record, rst_row_each *each,
                            void *arg) RST_MUST_USE;

/* Seal and open with the environment's key; sealed is RST_SEAL_BYTES longer.
 * ad binds it to its place.  RST_ECORRUPT when it does not open. */
#define RST_SEAL_BYTES 40 /* nonce and tag */
enum rst_err rst_seal(const struct rst_env *env, struct rst_view plain,
                      struct rst_view ad, char *sealed) RST_MUST_USE;
enum rst_err rst_unseal(const struct rst_env *env, struct rst_view sealed,
                        struct rst_view ad, char *plain) RST_MUST_USE;

#endif
