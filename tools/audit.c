/* SPDX-License-Identifier: OLDAP-2.8 */
/* audit.c - rosterctl audit: the journal, and whether it is what was written */
#include "lifecycle/audit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "tools/noun.h"

#define VERIFY_AT_ONCE 1000 /* records under one snapshot */
#define FOLLOW_MS      250
#define HEADS_MAX      1000000 /* of one file: an hourly one for a century */

static enum rst_err
print_json(const struct rst_journal_public *record)
{
	cJSON *model = audit_model(record);
	char *text = model != NULL ? cJSON_PrintUnformatted(model) : NULL;
	enum rst_err err = text != NULL ? RST_OK : RST_ENOMEM;

	if (text != NULL)
		puts(text);
	cJSON_free(text);
	cJSON_Delete(model);
	return err;
}

static void
print_text(const struct rst_journal_public *record)
{
	char time[AUDIT_TIME_TEXT];

	audit_time_print(record, time);
	printf("%" PRIu64 " %.19sZ %.*s %.*s by %.*s via %s", record->sequence,
	       time, (int)record->act.len, record->act.ptr, (int)record->dn.len,
	       record->dn.ptr,
	       record->actor.len > 0 ? (int)record->actor.len : 6,
	       record->actor.len > 0 ? record->actor.ptr : "nobody",
	       rst_door_word(record->door));
	if (record->address.len > 0)
		printf(" from %.*s", (int)record->address.len,
		       record->address.ptr);
	if (record->reason.len > 0)
		printf(": %.*s", (int)record->reason.len, record->reason.ptr);
	putchar('\n');
	if (record->values.len == 0)
		return;
	fputs("    ", stdout);
	audit_print_changes(stdout, record);
	putchar('\n');
}

static enum rst_err
print_one(const struct noun *noun, const struct rst_journal_public *record)
{
	if (noun->json)
		return print_json(record);
	if (noun->option[NOUN_CSV] != NULL)
		audit_csv(stdout, record);
	else
		print_text(record);
	return RST_OK;
}

static enum ctl_status
read_filter(struct noun *noun, struct audit_filter *filter, uint64_t *limit)
{
	const struct audit_asked asked = {
		.since = noun->option[NOUN_SINCE],
		.until = noun->option[NOUN_UNTIL],
		.actor = noun->option[NOUN_ACTOR],
		.action = noun->option[NOUN_ACTION],
		.target = noun->option[NOUN_TARGET],
	};
	const char *wrong;

	if (noun->json && noun->option[NOUN_CSV] != NULL) {
		ctl_say("--json or --csv, not both");
		return CTL_USAGE;
	}
	if (audit_filter_read(&asked, filter, &wrong) != RST_OK) {
		ctl_say("--%s: write a time as 2027-01-31 or "
		        "2027-01-31T08:00:00Z, a text of at most %d bytes",
		        wrong, AUDIT_WORD_MAX);
		return CTL_INVALID;
	}
	*limit = UINT64_MAX;
	return noun_number(noun, NOUN_LIMIT, UINT64_MAX, limit);
}

static enum ctl_status
print_records(struct noun *noun, bool oldest_first)
{
	struct rst_journal_public record;
	struct audit_filter filter;
	uint64_t limit, at = 0, n = 0;
	struct rst_rtxn txn = { 0 };
	enum ctl_status status;
	enum rst_err err;

	status = read_filter(noun, &filter, &limit);
	if (status != CTL_OK)
		return status;
	filter.oldest_first = oldest_first;
	if (noun->option[NOUN_CSV] != NULL)
		audit_csv_head(stdout);
	err = rst_read_begin(noun->env, &txn);
	while (err == RST_OK && n < limit) {
		err = audit_next(&txn, &filter, &at, &record);
		if (err != RST_OK)
			break;
		if (record.sequence != 0) {
			err = print_one(noun, &record);
			n++;
			continue;
		}
		rst_read_reset(&txn);
		err = rst_read_renew(&txn);
	}
	rst_read_end(&txn);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return ctl_failed(err, &noun->refusal);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		ctl_say("the answer cannot be written");
		return CTL_IO;
	}
	return CTL_OK;
}

static enum ctl_status
list(struct noun *noun)
{
	return print_records(noun, false);
}

static enum ctl_status export(struct noun *noun) {
	noun->json = noun->option[NOUN_CSV] == NULL;
		return print_records(noun, true);
}

/* What has come since, up to limit in all; *limit is what is left. */
static enum rst_err
print_new(const struct noun *noun, struct rst_rtxn *txn,
          const struct audit_filter *filter, uint64_t *at, uint64_t *limit)
{
	struct rst_journal_public record;
	enum rst_err err = RST_OK;

	while (*limit > 0) {
		err = audit_next(txn, filter, at, &record);
		if (err != RST_OK)
			break;
		if (record.sequence == 0)
			continue;
		err = print_one(noun, &record);
		if (err != RST_OK)
			break;
		(*limit)--;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* The journal tells nobody that it grew, so it is asked. */
static enum ctl_status
follow(struct noun *noun)
{
	const struct timespec pause = { 0, FOLLOW_MS * 1000000L };
	struct audit_filter filter;
	struct rst_rtxn txn = { 0 };
	uint64_t limit, at = 0;
	enum ctl_status status;
	enum rst_err err;

	status = read_filter(noun, &filter, &limit);
	if (status != CTL_OK)
		return status;
	filter.oldest_first = true;
	if (noun->option[NOUN_CSV] != NULL)
		audit_csv_head(stdout);
	err = rst_read_begin(noun->env, &txn);
	if (err == RST_OK && !filter.since_set)
		err = rst_journal_end(&txn, &at);
	while (err == RST_OK && limit > 0) {
		err = print_new(noun, &txn, &filter, &at, &limit);
		if (fflush(stdout) != 0 || ferror(stdout))
			break; /* who read has gone */
		rst_read_reset(&txn);
		if (limit > 0)
			(void)nanosleep(&pause, NULL);
		if (err == RST_OK)
			err = rst_read_renew(&txn);
	}
	rst_read_end(&txn);
	return ctl_failed(err, &noun->refusal);
}

/* ----------------------------------------------------------------- verify */

struct heads {
	struct rst_journal_head *items;
	size_t n, room;
};

static enum ctl_status
take_head(struct heads *heads, const struct rst_journal_head *head)
{
	struct rst_journal_head *grown;
	size_t room;

	if (heads->n == HEADS_MAX) {
		ctl_say("more than %d heads", HEADS_MAX);
		return CTL_INVALID;
	}
	if (heads->n == heads->room) {
		room = heads->room == 0 ? 64 : heads->room * 2;
		grown = realloc(heads->items, room * sizeof(*heads->items));
		if (grown == NULL)
			return ctl_no_memory();
		heads->items = grown;
		heads->room = room;
	}
	heads->items[heads->n++] = *head;
	return CTL_OK;
}

/* The first word of a line that is a head; what syslog writes before it, and
 * lines of others, are passed over. */
static bool
find_head(const char *line, struct rst_journal_head *ret_head)
{
	static const char blanks[] = " \t\r\n";
	size_t len;

	for (; *line != '\0'; line += len) {
		line += strspn(line, blanks);
		len = strcspn(line, blanks);
		if (rst_journal_head_parse(rst_view(line, len), ret_head))
			return true;
	}
	return false;
}

static enum ctl_status
read_heads(const char *path, struct heads *heads)
{
	struct rst_journal_head head;
	enum ctl_status status = CTL_OK;
	char *line = NULL;
	size_t size = 0;
	FILE *file = fopen(path, "re");

	if (file == NULL) {
		ctl_say("\"%s\" is no head SEQUENCE:HASH, and no file: %s",
		        path, strerror(errno));
		return CTL_INVALID;
	}
	while (status == CTL_OK && getline(&line, &size, file) >= 0)
		if (find_head(line, &head))
			status = take_head(heads, &head);
	if (status == CTL_OK && ferror(file)) {
		ctl_say("%s: %s", path, strerror(errno));
		status = CTL_IO;
	}
	if (status == CTL_OK && heads->n == 0) {
		ctl_say("there is no head in %s", path);
		status = CTL_INVALID;
	}
	free(line);
	(void)fclose(file);
	return status;
}

static int
by_sequence(const void *a, const void *b)
{
	const struct rst_journal_head *x = a, *y = b;

	return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

static enum ctl_status
get_heads(const struct noun *noun, struct heads *heads)
{
	const char *text = noun->option[NOUN_HEAD];
	struct rst_journal_head head;
	enum ctl_status status;

	if (text == NULL)
		return CTL_OK;
	if (rst_journal_head_parse(rst_view_of(text), &head))
		return take_head(heads, &head);
	status = read_heads(text, heads);
	if (status == CTL_OK)
		qsort(heads->items, heads->n, sizeof(*heads->items),
		      by_sequence);
	return status;
}

static enum rst_err
walk(struct rst_env *env, struct rst_journal_verify *verify)
{
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(env, &txn);
	if (err != RST_OK)
		return err;
	while (err == RST_OK) {
		err = rst_journal_verify(&txn, verify, VERIFY_AT_ONCE);
		if (err != RST_OK)
			break;
		rst_read_reset(&txn);
		err = rst_read_renew(&txn);
	}
	rst_read_end(&txn);
	return err;
}

static enum ctl_status
tell_json(const struct rst_journal_verify *verify, const char *head)
{
	cJSON *root = cJSON_CreateObject();
	bool good =
		cJSON_AddBoolToObject(root, "whole", verify->why == NULL) &&
		cJSON_AddNumberToObject(root, "first", (double)verify->first) &&
		cJSON_AddNumberToObject(root, "records",
	                                (double)verify->records) &&
		cJSON_AddNumberToObject(root, "images",
	                                (double)verify->images) &&
		cJSON_AddNumberToObject(root, "clockSetBack",
	                                (double)verify->n_back) &&
		cJSON_AddNumberToObject(root, "headsCompared",
	                                (double)verify->n_compared) &&
		cJSON_AddNumberToObject(root, "headsTooOld",
	                                (double)verify->n_older) &&
		cJSON_AddStringToObject(root, "head", head);

	if (good && verify->why != NULL)
		good = cJSON_AddNumberToObject(root, "broken",
		                               (double)verify->broken) &&
		       cJSON_AddStringToObject(root, "why", verify->why);
	if (!good) {
		cJSON_Delete(root);
		root = NULL;
	}
	return ctl_print_json(root);
}

static void
tell_text(const struct rst_journal_verify *verify, const char *head)
{
	if (verify->why != NULL) {
		printf("record %" PRIu64 ": %s\n", verify->broken, verify->why);
		return;
	}
	printf("%" PRIu64 " records from %" PRIu64 " on are as they were "
	       "written, %" PRIu64 " with their images\n",
	       verify->records, verify->first, verify->images);
	if (verify->n_heads > 0)
		printf("%zu of %zu heads compared%s\n", verify->n_compared,
		       verify->n_heads,
		       verify->n_older > 0 ? "; the others are older than the "
		                             "first record kept"
		                           : "");
	if (verify->n_back > 0)
		printf("%" PRIu64 " records have an earlier time than the one "
		       "before: the clock was set back\n",
		       verify->n_back);
	printf("head %s\n", head);
}

static enum ctl_status
verify(struct noun *noun)
{
	struct rst_journal_verify found = { .n_heads = 0 };
	struct heads heads = { 0 };
	char head[RST_JOURNAL_HEAD_TEXT];
	enum ctl_status status;
	enum rst_err err;

	status = get_heads(noun, &heads);
	if (status != CTL_OK)
		goto out;
	found.heads = heads.items;
	found.n_heads = heads.n;
	err = walk(noun->env, &found);
	if (err != RST_ENOTFOUND && found.why == NULL) {
		status = ctl_failed(err, &noun->refusal);
		goto out;
	}
	rst_journal_head_print(&found.at, head);
	if (noun->json)
		status = tell_json(&found, head);
	else
		tell_text(&found, head);
	if (status == CTL_OK && found.why != NULL)
		status = CTL_CORRUPT;
	/* What was asked for was not done */
	if (status == CTL_OK && heads.n > 0 && found.n_compared == 0)
		status = CTL_REFUSED;
out:
	free(heads.items);
	return status;
}

#define FILTERS                                                                \
	(NOUN_BIT(SINCE) | NOUN_BIT(UNTIL) | NOUN_BIT(ACTOR) |                 \
	 NOUN_BIT(ACTION) | NOUN_BIT(TARGET) | NOUN_BIT(LIMIT) |               \
	 NOUN_BIT(CSV))

static const struct noun_verb verbs[] = {
	{ "list", "", "Records, the newest first", 0, 0, FILTERS, false, list },
	{ "export", "",
	  "Records, the oldest first, a JSON object a line, or CSV", 0, 0,
	  FILTERS, false, export },
	{ "follow", "",
	  "What comes, as it comes; with --since also what came since then", 0,
	  0, FILTERS, false, follow },
	{ "verify", "",
	  "Is every record as it was written?  Tells the head of the chain", 0,
	  0, NOUN_BIT(HEAD), false, verify },
};

enum ctl_status
ctl_audit(struct ctl *ctl, int argc, char **argv)
{
	static const struct noun_table table = {
		"The journal: who did what, when, by which door.\v", verbs,
		sizeof(verbs) / sizeof(verbs[0])
	};

	return noun_run(&table, ctl, argc, argv);
}
