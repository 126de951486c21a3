/* SPDX-License-Identifier: OLDAP-2.8 */
/* repair_priv.h - what the files of rst_check_repair() share */
#ifndef RST_REPAIR_PRIV_H
#define RST_REPAIR_PRIV_H

#include "store/check_priv.h"

struct rst_repair {
	struct rst_env *env;
	const struct rst_check_options *options;
	struct rst_wtxn txn;  /* while looking, txn.r alone */
	bool looking;         /* nothing is written, only counted */
	uint64_t n;           /* rows changed, committed */
	uint64_t changed;     /* in this chunk */
	struct rst_rows rows; /* of the record at hand */
};

/* repair.c: a check of txn that only counts what it finds. */
struct rst_check rst_repair_quiet(const struct rst_rtxn *txn);

/* repair.c: a write transaction; what it changed counts when it commits. */
enum rst_err rst_repair_begin(struct rst_repair *repair) RST_MUST_USE;
enum rst_err rst_repair_end(struct rst_repair *repair, enum rst_err err)
	RST_MUST_USE;

/* repair_meta.c: a row of table meta that keeps how many members a group has;
 * counters; the last CSN and the mark that two share a name. */
enum rst_err rst_repair_count(struct rst_repair *repair, struct rst_view key,
                              struct rst_view value) RST_MUST_USE;
enum rst_err rst_repair_counters(struct rst_repair *repair) RST_MUST_USE;
enum rst_err rst_repair_marks(struct rst_repair *repair) RST_MUST_USE;

#endif
