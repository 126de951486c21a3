/* SPDX-License-Identifier: OLDAP-2.8 */
/* check.c - the list of invariants
 *
 * Each is a function that walks tables of one snapshot and says what it found.
 * An invariant stands on those before it: when records do not decode, what the
 * later ones say of them says no more.  The store's own come first, the rules
 * of who called last.
 */
#include "store/check_priv.h"

#include <stdarg.h>
#include <stdio.h>

#include "store/journal_priv.h"

#define PROGRESS_ROWS 1024 /* between two calls of progress() */

static const struct {
	const char *name;
	rst_check_fn *check;
} invariants[] = {
	{ "tables-and-format", rst_check_format },
	{ "room", rst_check_room },
	{ "readers", rst_check_readers },
	{ "pages", rst_check_pages },
	{ "record-decodes", rst_check_records },
	{ "record-header", rst_check_headers },
	{ "attribute-numbers", rst_check_attributes },
	{ "tree-transpose", rst_check_tree },
	{ "name-rows", rst_check_names },
	{ "counters", rst_check_counters },
	{ "index-rows", rst_check_index },
	{ "ident-rows", rst_check_ident },
	{ "ident-unique", rst_check_identities },
	{ "ident-free", rst_check_free_numbers },
	{ "uuid-unique", rst_check_uuids },
	{ "shared-names", rst_check_shared_names },
	{ "member-transpose", rst_check_member_rows },
	{ "member-resolves", rst_check_member_means },
	{ "member-count", rst_check_member_counts },
	{ "journal-sequence", rst_check_journal_sequence },
	{ "journal-chain", rst_check_journal_chain },
	{ "journal-checkpoints", rst_check_checkpoints },
	{ "journal-private", rst_check_journal_private },
	{ "journal-last", rst_check_journal_last },
	{ "csn-monotone", rst_check_csn },
	{ "session-owner", rst_check_sessions },
	{ "outbox-rows", rst_check_outbox },
	{ "answer-rows", rst_check_answers },
};

#define N_INVARIANTS (sizeof(invariants) / sizeof(*invariants))

const char *const rst_check_invariants[] = {
	"tables-and-format",
	"room",
	"readers",
	"pages",
	"record-decodes",
	"record-header",
	"attribute-numbers",
	"tree-transpose",
	"name-rows",
	"counters",
	"index-rows",
	"ident-rows",
	"ident-unique",
	"ident-free",
	"uuid-unique",
	"shared-names",
	"member-transpose",
	"member-resolves",
	"member-count",
	"journal-sequence",
	"journal-chain",
	"journal-checkpoints",
	"journal-private",
	"journal-last",
	"csn-monotone",
	"session-owner",
	"outbox-rows",
	"answer-rows",
	NULL,
};

_Static_assert(sizeof(rst_check_invariants) / sizeof(char *) ==
                       N_INVARIANTS + 1,
               "both lists name the same invariants");

__attribute__((format(printf, 3, 0))) static void
report(struct rst_check *check, bool warning, const char *format, va_list args)
{
	struct rst_check_finding finding = { .invariant = check->invariant,
		                             .warning = warning };

	if (check->shown++ >= check->options->max_findings ||
	    check->options->finding == NULL)
		return;
	vsnprintf(finding.text, sizeof(finding.text), format, args);
	check->options->finding(check->options->arg, &finding);
}

void
rst_check_found(struct rst_check *check, const char *format, ...)
{
	va_list args;

	check->n++;
	va_start(args, format);
	report(check, false, format, args);
	va_end(args);
}

void
rst_check_warn(struct rst_check *check, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(check, true, format, args);
	va_end(args);
}

const struct rst_rtxn *
rst_check_txn(const struct rst_check *check)
{
	return check->txn;
}

bool
rst_check_record(const struct rst_check *check, struct rst_view key,
                 struct rst_view value, struct rst_record *ret_record)
{
	bool good;

	if (key.len != 8)
		return false;
	good = check->damaged
	               ? rst_record_decode(value, true, ret_record) == RST_OK
	               : rst_record_view(value, ret_record);
	return good && ret_record->id == rst_get_be64(key.ptr);
}

static void
progress(const struct rst_check *check)
{
	if (check->options->progress != NULL)
		check->options->progress(check->options->arg, check->invariant,
		                         check->done, check->total);
}

void
rst_check_step(struct rst_check *check)
{
	if (check->done++ % PROGRESS_ROWS == 0)
		progress(check);
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

/* The rows from prefix on, as long as they begin so. */
static enum rst_err
walk_rows(struct rst_check *check, struct rst_cursor *cursor,
          struct rst_view prefix, rst_check_row *each, void *arg)
{
	struct rst_view key, value;
	enum rst_err err;

	err = rst_cursor_seek(cursor, prefix, &key, &value);
	while (err == RST_OK && rst_view_starts(key, prefix)) {
		rst_check_step(check);
		err = each(check, key, value, arg);
		if (err == RST_OK)
			err = rst_cursor_next(cursor, &key, &value);
		else if (err == RST_ENOTFOUND)
			err = RST_ECORRUPT; /* never the end of the walk */
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

enum rst_err
rst_check_walk_prefix(struct rst_check *check, enum rst_table table,
                      struct rst_view prefix, rst_check_row *each, void *arg)
{
	struct rst_cursor cursor = { 0 };
	enum rst_err err;

	check->done = 0;
	err = rst_check_count(check, table, &check->total);
	if (err == RST_OK)
		err = rst_cursor_open(check->txn, table, &cursor);
	if (err == RST_OK)
		err = walk_rows(check, &cursor, prefix, each, arg);
	rst_cursor_close(&cursor);
	return err;
}

enum rst_err
rst_check_walk(struct rst_check *check, enum rst_table table,
               rst_check_row *each, void *arg)
{
	return rst_check_walk_prefix(check, table, RST_VIEW(""), each, arg);
}

/* What a rule gave to be called. */
struct visit {
	rst_check_record_fn *record;
	rst_check_journal_fn *journal;
	void *arg;
};

static enum rst_err
visit_record(struct rst_check *check, struct rst_view key,
             struct rst_view value, void *arg)
{
	const struct visit *visit = arg;
	struct rst_record record;

	if (!rst_check_record(check, key, value, &record))
		return RST_OK;
	return visit->record(check, &record, visit->arg);
}

enum rst_err
rst_check_each_record(struct rst_check *check, rst_check_record_fn *each,
                      void *arg)
{
	struct visit visit = { .record = each, .arg = arg };

	return rst_check_walk(check, RST_T_ENTRY, visit_record, &visit);
}

static enum rst_err
visit_journal(struct rst_check *check, struct rst_view key,
              struct rst_view value, void *arg)
{
	const struct visit *visit = arg;
	struct rst_journal_public public;

	if (key.len != 8 ||
	    rst_journal_decode(rst_get_be64(key.ptr), value, &public) != RST_OK)
		return RST_OK; /* journal-sequence said so */
	return visit->journal(check, &public, visit->arg);
}

enum rst_err
rst_check_each_journal(struct rst_check *check, rst_check_journal_fn *each,
                       void *arg)
{
	struct visit visit = { .journal = each, .arg = arg };

	return rst_check_walk(check, RST_T_JOURNAL, visit_journal, &visit);
}

/* Rows of table meta add up; the format has no sum. */
static enum rst_err
meta_row(struct rst_check *check, struct rst_view key, struct rst_view value,
         void *arg)
{
	(void)arg;
	if (!rst_view_equal(key, RST_VIEW(RST_META_FORMAT)) &&
	    !rst_sum_keyed_take(key, &value))
		rst_check_found(check, "the row \"%.*s\" does not add up",
		                (int)key.len, key.ptr);
	return RST_OK;
}

/* Every table is there, plain (no MDB_DUPSORT), and there is no other. */
enum rst_err
rst_check_format(struct rst_check *check)
{
	MDB_txn *txn = rst_txn(check->txn);
	unsigned int flags = 0; /* which LMDB has in memory */
	uint64_t format;
	MDB_stat stat;
	MDB_dbi main_dbi = 1; /* LMDB's table of tables */
	enum rst_err err;

	err = rst_format_get(check->txn, &format);
	if (err == RST_ECORRUPT || (err == RST_OK && format != RST_FORMAT))
		rst_check_found(check, "the format is not %d", RST_FORMAT);
	for (int i = 0; i < RST_T_COUNT; i++) {
		(void)mdb_dbi_flags(txn, check->txn->env->dbi[i], &flags);
		if (flags != 0)
			rst_check_found(check, "table %s has flags 0x%x",
			                rst_table_names[i], flags);
	}
	if (err == RST_OK)
		err = rst_err_from_lmdb(mdb_stat(txn, main_dbi, &stat));
	if (err == RST_OK && stat.ms_entries != RST_T_COUNT)
		rst_check_found(check, "there are %zu tables instead of %d",
		                (size_t)stat.ms_entries, RST_T_COUNT);
	if (err == RST_OK)
		err = rst_check_walk(check, RST_T_META, meta_row, NULL);
	return err == RST_ECORRUPT ? RST_OK : err;
}

static enum rst_err
run(struct rst_check *check, const char *name, rst_check_fn *function)
{
	enum rst_err err;

	check->invariant = name;
	check->done = check->total = 0;
	progress(check);
	err = function(check);
	/* Bytes that do not decode are a finding, not the end */
	if (err == RST_ECORRUPT) {
		rst_check_found(check, "gave up: %s", rst_strerror(err));
		err = RST_OK;
	}
	return err;
}

/* Rules that look at single records. */
struct joint {
	const struct rst_check_rule *rules;
	bool asked[RST_CHECK_RULES_MAX];
	uint64_t scratch[RST_CHECK_RULES_MAX][RST_CHECK_SCRATCH];
};

static enum rst_err
joint_record(struct rst_check *check, const struct rst_record *record,
             void *arg)
{
	struct joint *joint = arg;
	const struct rst_check_rule *rule = joint->rules;
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && rule[i].name != NULL; i++) {
		if (!joint->asked[i])
			continue;
		check->invariant = rule[i].name;
		err = rule[i].record(check, record, joint->scratch[i]);
	}
	return err;
}

static bool
holds(const struct rst_check *check, const struct rst_check_rule *rule)
{
	return rule->holds == NULL || rule->holds(check->txn);
}

static enum rst_err
walk_rules(struct rst_check *check)
{
	struct joint joint = { .rules = check->options->rules };
	const struct rst_check_rule *rule = joint.rules;
	bool any = false;

	for (size_t i = 0; rule[i].name != NULL; i++) {
		if (i == RST_CHECK_RULES_MAX)
			return RST_EINVALID;
		joint.asked[i] =
			rule[i].record != NULL && holds(check, &rule[i]);
		any |= joint.asked[i];
	}
	return any ? rst_check_each_record(check, joint_record, &joint)
	           : RST_OK;
}

static enum rst_err
run_rules(struct rst_check *check)
{
	const struct rst_check_rule *rule = check->options->rules;
	enum rst_err err;

	if (rule == NULL)
		return RST_OK;
	err = run(check, "rules", walk_rules);
	for (; err == RST_OK && rule->name != NULL; rule++)
		if (rule->check != NULL && holds(check, rule))
			err = run(check, rule->name, rule->check);
	return err;
}

enum rst_err
rst_check(struct rst_env *env, const struct rst_check_options *options,
          uint64_t *ret_n)
{
	struct rst_rtxn txn = { 0 };
	struct rst_check check = { .txn = &txn, .options = options };
	uint64_t own = 0;
	enum rst_err err;

	randombytes_buf(check.hash_key, sizeof(check.hash_key));
	err = rst_read_begin(env, &txn);
	txn.now_s = 0; /* what has ended is there as well */
	for (size_t i = 0; err == RST_OK && i < N_INVARIANTS; i++)
		err = run(&check, invariants[i].name, invariants[i].check);
	own = check.n;
	if (err == RST_OK)
		err = run_rules(&check);
	rst_read_end(&txn);
	if (err == RST_OK && options->rules_n != NULL)
		*options->rules_n = check.n - own;
	if (err == RST_OK)
		*ret_n = check.n;
	return err;
}
