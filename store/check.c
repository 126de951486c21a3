/* SPDX-License-Identifier: OLDAP-2.8 */
/* check.c - the list of invariants
 *
 * Each is a function that walks tables of one snapshot and says what it found.
 * An invariant stands on those before it: when records do not decode, what the
 * later ones say of them says no more.
 */
#include "store/check_priv.h"

#include <stdarg.h>
#include <stdio.h>

#define PROGRESS_ROWS 1024 /* between two calls of progress() */

static const struct {
	const char *name;
	rst_check_fn *check;
} invariants[] = {
	{ "tables-and-format", rst_check_format },
	{ "pages", rst_check_pages },
	{ "record-decodes", rst_check_records },
	{ "attribute-numbers", rst_check_attributes },
	{ "tree-transpose", rst_check_tree },
	{ "counters", rst_check_counters },
	{ "index-rows", rst_check_index },
	{ "ident-rows", rst_check_ident },
	{ "ident-unique", rst_check_identities },
	{ "uuid-unique", rst_check_uuids },
	{ "member-transpose", rst_check_member_rows },
	{ "member-resolves", rst_check_member_means },
	{ "journal-sequence", rst_check_journal_sequence },
	{ "journal-chain", rst_check_journal_chain },
	{ "journal-private", rst_check_journal_private },
	{ "csn-monotone", rst_check_csn },
	{ "session-owner", rst_check_sessions },
	{ "outbox-rows", rst_check_outbox },
};

#define N_INVARIANTS (sizeof(invariants) / sizeof(*invariants))

const char *const rst_check_invariants[] = {
	"tables-and-format",
	"pages",
	"record-decodes",
	"attribute-numbers",
	"tree-transpose",
	"counters",
	"index-rows",
	"ident-rows",
	"ident-unique",
	"uuid-unique",
	"member-transpose",
	"member-resolves",
	"journal-sequence",
	"journal-chain",
	"journal-private",
	"csn-monotone",
	"session-owner",
	"outbox-rows",
	NULL,
};

_Static_assert(sizeof(rst_check_invariants) / sizeof(char *) ==
                       N_INVARIANTS + 1,
               "both lists name the same invariants");

void
rst_check_found(struct rst_check *check, const char *format, ...)
{
	struct rst_check_finding finding = { .invariant = check->invariant };
	va_list args;

	if (check->n++ >= check->options->max_findings ||
	    check->options->finding == NULL)
		return;
	va_start(args, format);
	vsnprintf(finding.text, sizeof(finding.text), format, args);
	va_end(args);
	check->options->finding(check->options->arg, &finding);
}

static void
progress(const struct rst_check *check)
{
	if (check->options->progress != NULL)
		check->options->progress(check->options->arg, check->invariant,
		                         check->done, check->total);
}

enum rst_err
rst_check_count(const struct rst_check *check, enum rst_table table,
                uint64_t *ret_n)
{
	MDB_stat stat;
	enum rst_err err;

	err = rst_err_from_lmdb(mdb_stat(rst_txn(check->txn),
	                                 check->txn->env->dbi[table], &stat));
	if (err == RST_OK)
		*ret_n = stat.ms_entries;
	return err;
}

enum rst_err
rst_check_walk(struct rst_check *check, enum rst_table table,
               rst_check_row *each, void *arg)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	enum rst_err err;

	check->done = 0;
	err = rst_check_count(check, table, &check->total);
	if (err == RST_OK)
		err = rst_cursor_open(check->txn, table, &cursor);
	if (err != RST_OK)
		goto out;
	err = rst_cursor_seek(&cursor, RST_VIEW(""), &key, &value);
	while (err == RST_OK) {
		if (check->done++ % PROGRESS_ROWS == 0)
			progress(check);
		err = each(check, key, value, arg);
		if (err == RST_OK)
			err = rst_cursor_next(&cursor, &key, &value);
		else if (err == RST_ENOTFOUND)
			err = RST_ECORRUPT; /* never the end of the walk */
	}
	if (err == RST_ENOTFOUND)
		err = RST_OK;
out:
	rst_cursor_close(&cursor);
	return err;
}

/* Every table is there, plain (no MDB_DUPSORT), and there is no other. */
enum rst_err
rst_check_format(struct rst_check *check)
{
	MDB_txn *txn = rst_txn(check->txn);
	unsigned int flags;
	uint64_t format;
	MDB_stat stat;
	MDB_dbi main_dbi = 1; /* LMDB's table of tables */
	enum rst_err err;

	err = rst_meta_number(check->txn, RST_META_FORMAT, &format);
	if (err == RST_ECORRUPT || (err == RST_OK && format != RST_FORMAT))
		rst_check_found(check, "the format is not %d", RST_FORMAT);
	for (int i = 0; i < RST_T_COUNT; i++) {
		if (mdb_dbi_flags(txn, check->txn->env->dbi[i], &flags) != 0)
			rst_check_found(check, "table %s cannot be read",
			                rst_table_names[i]);
		else if (flags != 0)
			rst_check_found(check, "table %s has flags 0x%x",
			                rst_table_names[i], flags);
	}
	if (mdb_stat(txn, main_dbi, &stat) == 0 &&
	    stat.ms_entries != RST_T_COUNT)
		rst_check_found(check, "there are %zu tables instead of %d",
		                (size_t)stat.ms_entries, RST_T_COUNT);
	return err == RST_ECORRUPT ? RST_OK : err;
}

enum rst_err
rst_check(struct rst_env *env, const struct rst_check_options *options,
          uint64_t *ret_n)
{
	struct rst_rtxn txn = { 0 };
	struct rst_check check = { .txn = &txn, .options = options };
	enum rst_err err;

	err = rst_read_begin(env, &txn);
	for (size_t i = 0; err == RST_OK && i < N_INVARIANTS; i++) {
		check.invariant = invariants[i].name;
		check.done = check.total = 0;
		progress(&check);
		err = invariants[i].check(&check);
		/* Bytes that do not decode are a finding, not the end */
		if (err == RST_ECORRUPT) {
			rst_check_found(&check, "gave up: %s",
			                rst_strerror(err));
			err = RST_OK;
		}
	}
	rst_read_end(&txn);
	if (err == RST_OK)
		*ret_n = check.n;
	return err;
}
