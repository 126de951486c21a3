/* SPDX-License-Identifier: OLDAP-2.8 */
/* ident_priv.h - what the files about identifiers share */
#ifndef STORE_IDENT_PRIV_H
#define STORE_IDENT_PRIV_H

#include "store/env_priv.h"
#include "store/ident.h"

/*
 * ident_number.c: a row of table ident, by its key, has just been dropped or
 * put; rows of other kinds than numbers do not matter.
 */
enum rst_err rst_number_row_went(struct rst_wtxn *txn, struct rst_view key)
	RST_MUST_USE;
enum rst_err rst_number_row_came(struct rst_wtxn *txn, struct rst_view key)
	RST_MUST_USE;

/*
 * What rst_ident_allocate() knows about one range.  Every number from first to
 * low - 1 has a row of table ident, or a free row.
 */
struct rst_number_range {
	enum rst_ident kind;
	uint32_t first;
	uint64_t low;
};
/* The next one at or after *range, by kind and first; RST_ENOTFOUND. */
enum rst_err rst_number_range_next(const struct rst_rtxn *txn,
                                   struct rst_number_range *range) RST_MUST_USE;
/* The lowest number from first to last without a row of either sort, which is
 * what there must not be below low; RST_ENOTFOUND. */
enum rst_err rst_number_unlisted(const struct rst_rtxn *txn,
                                 const struct rst_number_range *range,
                                 uint32_t *ret_number) RST_MUST_USE;
/* Forget about a range: the next allocation looks at it anew. */
enum rst_err rst_number_range_drop(struct rst_wtxn *txn,
                                   const struct rst_number_range *range)
	RST_MUST_USE;

#endif
