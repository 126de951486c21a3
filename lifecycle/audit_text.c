/* SPDX-License-Identifier: OLDAP-2.8 */
/* audit_text.c - a record of the journal as JSON and as CSV */
#include <inttypes.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "lifecycle/audit.h"
#include "lifecycle/moment.h"
#include "rules/utf8.h"

void
audit_time_print(const struct rst_journal_public *record,
                 char buf[AUDIT_TIME_TEXT])
{
	char whole[LIFECYCLE_TIME_BYTES];

	lifecycle_time_print_3339(record->time_s, whole);
	whole[strlen(whole) - 1] = '\0'; /* the Z */
	(void)snprintf(buf, AUDIT_TIME_TEXT, "%s.%06" PRIu32 "Z", whole,
	               record->time_us % 1000000);
}

const char *
audit_op_word(enum rst_journal_op op)
{
	switch (op) {
	case RST_J_ADD:
		return "add";
	case RST_J_MODIFY:
		return "modify";
	case RST_J_RENAME:
		return "rename";
	case RST_J_DELETE:
		return "delete";
	case RST_J_LOAD:
		return "load";
	case RST_J_EVENT:
		return "event";
	}
	return "";
}

char *
audit_readable(struct rst_view text)
{
	char *copy = malloc(text.len + 1);
	const char *at = copy;
	size_t left = text.len;
	uint32_t code;

	if (copy == NULL)
		return NULL;
	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	while (left > 0) {
		size_t was = left;

		if (rule_utf8_next(&at, &left, &code) && code != 0)
			continue;
		at = copy + (text.len - was) + 1;
		left = was - 1;
		copy[text.len - was] = '?';
	}
	return copy;
}

static bool
add(cJSON *object, const char *key, struct rst_view text)
{
	char *copy = audit_readable(text);
	bool good = copy != NULL &&
	            cJSON_AddStringToObject(object, key, copy) != NULL;

	free(copy);
	return good;
}

/* Left out when it is empty. */
static bool
add_given(cJSON *object, const char *key, struct rst_view text)
{
	return text.len == 0 || add(object, key, text);
}

static bool
add_changes(cJSON *root, const struct rst_journal_public *record)
{
	cJSON *list = cJSON_AddArrayToObject(root, "changes");
	struct rst_view values = record->values;
	struct rst_journal_value value;
	bool good = list != NULL;

	while (good && rst_journal_next_value(&values, &value)) {
		cJSON *item = cJSON_CreateObject();

		good = cJSON_AddItemToArray(list, item) &&
		       add(item, "attribute", value.attr) &&
		       cJSON_AddBoolToObject(item, "added", value.added) &&
		       add(item, "value", value.value) &&
		       (!value.cut || cJSON_AddTrueToObject(item, "cut"));
	}
	return good;
}

cJSON *
audit_model(const struct rst_journal_public *record)
{
	cJSON *root = cJSON_CreateObject();
	char time[AUDIT_TIME_TEXT];
	bool good;

	audit_time_print(record, time);
	good = cJSON_AddNumberToObject(root, "sequence",
	                               (double)record->sequence) &&
	       cJSON_AddStringToObject(root, "time", time) &&
	       add(root, "action", record->act) &&
	       cJSON_AddStringToObject(root, "operation",
	                               audit_op_word(record->op)) &&
	       cJSON_AddStringToObject(root, "door",
	                               rst_door_word(record->door)) &&
	       add(root, "actor", record->actor) &&
	       add(root, "address", record->address) &&
	       add(root, "target", record->dn) &&
	       add_given(root, "formerTarget", record->old_dn) &&
	       add(root, "reason", record->reason) &&
	       add_given(root, "csn", record->csn) &&
	       (record->count == 0 ||
	        cJSON_AddNumberToObject(root, "entries",
	                                (double)record->count)) &&
	       add_changes(root, record) &&
	       (record->omitted == 0 ||
	        cJSON_AddNumberToObject(root, "omitted", record->omitted));
	if (good)
		return root;
	cJSON_Delete(root);
	return NULL;
}

/* As audit_readable(), in quotation marks or not: without memory, so that
 * nothing of a record is left out. */
static void
put(FILE *out, struct rst_view text, bool quoted)
{
	const char *at = text.ptr;
	size_t left = text.len;
	uint32_t code;

	while (left > 0) {
		const char *from = at;
		size_t was = left;

		if (!rule_utf8_next(&at, &left, &code) || code == 0) {
			at = from + 1;
			left = was - 1;
			fputc('?', out);
			continue;
		}
		if (quoted && code == '"')
			fputc('"', out);
		fwrite(from, 1, was - left, out);
	}
}

/* A field in quotation marks begins; a sheet of figures computes nothing of
 * what begins with text. */
static void
begin_field(FILE *out, struct rst_view text)
{
	static const char formula[] = { '=', '+', '-', '@', '\t', '\r' };

	fputc('"', out);
	if (text.len > 0 &&
	    memchr(formula, text.ptr[0], sizeof(formula)) != NULL)
		fputc('\'', out);
}

static void
end_field(FILE *out, char end)
{
	fputc('"', out);
	fputc(end, out);
}

void
audit_csv_field(FILE *out, struct rst_view text, char end)
{
	begin_field(out, text);
	put(out, text, true);
	end_field(out, end);
}

char *
audit_change_text(const struct rst_journal_value *value)
{
	char *attr = audit_readable(value->attr);
	char *text = audit_readable(value->value);
	char *whole = NULL;

	if (attr != NULL && text != NULL &&
	    asprintf(&whole, "%s %c %s%s", attr, value->added ? '+' : '-', text,
	             value->cut ? "..." : "") < 0)
		whole = NULL;
	free(attr);
	free(text);
	return whole;
}

static void
print_changes(FILE *out, const struct rst_journal_public *record, bool quoted)
{
	struct rst_view values = record->values;
	struct rst_journal_value value;
	const char *between = "";

	while (rst_journal_next_value(&values, &value)) {
		fputs(between, out);
		put(out, value.attr, quoted);
		fputs(value.added ? " + " : " - ", out);
		put(out, value.value, quoted);
		fputs(value.cut ? "..." : "", out);
		between = "; ";
	}
	if (record->omitted > 0)
		fprintf(out, "%sand %" PRIu32 " more", between,
		        record->omitted);
}

void
audit_print_changes(FILE *out, const struct rst_journal_public *record)
{
	print_changes(out, record, false);
}

void
audit_csv_head(FILE *out)
{
	fputs("sequence,time,action,operation,actor,door,address,target,"
	      "reason,changes\r\n",
	      out);
}

void
audit_csv(FILE *out, const struct rst_journal_public *record)
{
	struct rst_view values = record->values;
	struct rst_journal_value first = { .attr = { NULL, 0 } };
	char time[AUDIT_TIME_TEXT];

	audit_time_print(record, time);
	fprintf(out, "%" PRIu64 ",%s,", record->sequence, time);
	audit_csv_field(out, record->act, ',');
	audit_csv_field(out, rst_view_of(audit_op_word(record->op)), ',');
	audit_csv_field(out, record->actor, ',');
	audit_csv_field(out, rst_view_of(rst_door_word(record->door)), ',');
	audit_csv_field(out, record->address, ',');
	audit_csv_field(out, record->dn, ',');
	audit_csv_field(out, record->reason, ',');
	(void)rst_journal_next_value(&values, &first);
	begin_field(out, first.attr);
	print_changes(out, record, true);
	end_field(out, '\r');
	fputc('\n', out);
}
