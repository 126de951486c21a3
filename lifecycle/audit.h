/* SPDX-License-Identifier: OLDAP-2.8 */
/* audit.h - the journal as people and programs read it, and for how long
 *
 * One filter, one model and one text for every door: rosterctl audit, GET
 * /audit, and what they export.
 */
#ifndef LIFECYCLE_AUDIT_H
#define LIFECYCLE_AUDIT_H

#include <stdio.h>

#include "lifecycle/acts.h"
#include "store/journal.h"

#define AUDIT_LOOKS     1000  /* records that one call of audit_next() reads */
#define AUDIT_CLOCK_S   86400 /* the clock may have been set back by this */
#define AUDIT_WORD_MAX  255   /* bytes of a filter's text */
#define AUDIT_TIME_TEXT 32

struct cJSON;

/* Which records; texts with a NULL ptr and numbers of 0 admit all. */
struct audit_filter {
	bool since_set, until_set;
	int64_t since_s, until_s; /* not before; before */
	struct rst_view actor;    /* part of the DN, whatever its case */
	struct rst_view action;   /* the act's name */
	struct rst_view target;   /* part of the DN, now or before */
	uint64_t about;           /* this entry, or its memberships */
	struct rst_view about_dn; /* of about */
	bool oldest_first;
};
bool audit_admits(const struct audit_filter *filter,
                  const struct rst_journal_public *record);

/*
 * The next record that filter admits, beginning after *at (0: from the newest,
 * or the oldest): *ret_record, with *at its number.  After AUDIT_LOOKS records
 * it answers with sequence 0, *at being where it stands: renew the snapshot and
 * call again.  RST_ENOTFOUND at the end.  Records of the last AUDIT_CLOCK_S
 * before since_s are looked at too, since the clock may have been set; older
 * ones are not.
 */
enum rst_err audit_next(const struct rst_rtxn *txn,
                        const struct audit_filter *filter, uint64_t *at,
                        struct rst_journal_public *ret_record) RST_MUST_USE;

/* The filter's texts and times are lawful, as typed: RST_OK or RST_EINVALID
 * with the name of the one that is not.  NULL: not given. */
struct audit_asked {
	const char *since, *until, *actor, *action, *target;
};
enum rst_err audit_filter_read(const struct audit_asked *asked,
                               struct audit_filter *ret_filter,
                               const char **ret_wrong) RST_MUST_USE;
/* "2027-01-31", "2027-01-31T08:00:00Z" or generalizedTime. */
bool audit_time_read(const char *text, int64_t *ret_time_s);

/* "2026-11-22T02:37:33.000017Z" */
void audit_time_print(const struct rst_journal_public *record,
                      char buf[AUDIT_TIME_TEXT]);
/* As a C string, to be freed; NULL without memory.  Bytes that are not UTF-8
 * are question marks. */
char *audit_readable(struct rst_view text);
/* "mail + ada@example.org", likewise. */
char *audit_change_text(const struct rst_journal_value *value);
const char *audit_op_word(enum rst_journal_op op);
/* NULL without memory.  Bytes that are not UTF-8 are question marks. */
struct cJSON *audit_model(const struct rst_journal_public *record);
/* A line each; what a spreadsheet would take for a formula begins with '. */
void audit_csv_field(FILE *out, struct rst_view text, char end);
void audit_csv_head(FILE *out);
void audit_csv(FILE *out, const struct rst_journal_public *record);
/* "telephoneNumber + 123", one after the other. */
void audit_print_changes(FILE *out, const struct rst_journal_public *record);

/*
 * Remove records older than setting audit-retention and private parts older
 * than image-retention, at most max of both in one transaction; *ret_n is how
 * many: call again when it is max.
 */
enum rst_err audit_keep(const struct act_ctx *ctx, size_t max, size_t *ret_n)
	RST_MUST_USE;

#endif
