/* SPDX-License-Identifier: OLDAP-2.8 */
/* overview.c - the directory in numbers */
#include "httpd/overview.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle/attempt.h"
#include "lifecycle/moment.h"
#include "lifecycle/setting.h"
#include "lifecycle/throttle.h"
#include "rules/numbers.h"
#include "store/ident.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/member.h"
#include "store/outbox.h"

#define DAY_S 86400
#define BATCH 1024
/* Who waits longer than the last of these many days is in one more bar. */
static const int ages[] = { 1, 3, 7, 14, 30 };
#define AGES (sizeof(ages) / sizeof(ages[0]))

struct overview {
	pthread_mutex_t lock;
	cJSON *body; /* under lock; NULL before the first */
	int64_t made_s;
	uint64_t waiting; /* failures that body does not count */
};

struct overview *
overview_new(void)
{
	struct overview *overview = calloc(1, sizeof(*overview));

	if (overview != NULL)
		pthread_mutex_init(&overview->lock, NULL);
	return overview;
}

void
overview_free(struct overview *overview)
{
	if (overview == NULL)
		return;
	cJSON_Delete(overview->body);
	pthread_mutex_destroy(&overview->lock);
	free(overview);
}

/* How many people are in a status; how long those who wait have waited. */
static enum rst_err
count_status(const struct rst_rtxn *txn, enum rst_status status, int64_t now_s,
             uint64_t *ret_n, uint64_t waited[AGES + 1])
{
	struct rst_view word = rst_view_of(rst_status_word(status));
	uint64_t ids[BATCH], after = 0, total = 0;
	size_t n = BATCH;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH) {
		err = rst_index_equal(txn, RST_A_ROSTERSTATUS, word, after, ids,
		                      BATCH, &n);
		if (err != RST_OK)
			break;
		total += n;
		for (size_t i = 0; waited != NULL && i < n; i++) {
			struct rst_record record;
			int64_t made_s;
			size_t age = 0;

			if (rst_record_get(txn, ids[i], &record) != RST_OK ||
			    !json_time_parse(
				    rst_record_first(&record,
			                             RST_A_CREATETIMESTAMP),
				    &made_s))
				continue;
			while (age < AGES &&
			       now_s - made_s >= ages[age] * (int64_t)DAY_S)
				age++;
			waited[age]++;
		}
		if (n > 0)
			after = ids[n - 1];
	}
	*ret_n = total;
	return err;
}

static bool
add_ages(cJSON *body, const uint64_t waited[AGES + 1])
{
	cJSON *list = cJSON_AddArrayToObject(body, "waiting");

	for (size_t i = 0; i <= AGES; i++) {
		cJSON *item = cJSON_CreateObject();

		if (!json_take_item(list, item) ||
		    !json_add_number(item, "fromDays",
		                     i == 0 ? 0 : (uint64_t)ages[i - 1]) ||
		    (i < AGES &&
		     !json_add_number(item, "toDays", (uint64_t)ages[i])) ||
		    !json_add_number(item, "people", waited[i]))
			return false;
	}
	return list != NULL;
}

static enum rst_err
add_people(const struct rst_rtxn *txn, int64_t now_s, cJSON *body)
{
	static const enum rst_status statuses[] = { RST_STATUS_ACTIVE,
		                                    RST_STATUS_PENDING,
		                                    RST_STATUS_SUSPENDED,
		                                    RST_STATUS_DELETED };
	cJSON *people = cJSON_AddObjectToObject(body, "people");
	uint64_t waited[AGES + 1] = { 0 }, n;
	enum rst_err err = RST_OK;

	for (size_t i = 0;
	     err == RST_OK && i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		err = count_status(txn, statuses[i], now_s, &n,
		                   statuses[i] == RST_STATUS_PENDING ? waited
		                                                     : NULL);
		if (err == RST_OK &&
		    !json_add_number(people, rst_status_word(statuses[i]), n))
			err = RST_ENOMEM;
	}
	if (err == RST_OK && !add_ages(body, waited))
		err = RST_ENOMEM;
	return err;
}

/* Active accounts whose end comes within OVERVIEW_SOON_S. */
static enum rst_err
add_expiring(const struct rst_rtxn *txn, int64_t now_s, cJSON *body)
{
	struct rst_index_cursor cursor = { .len = 0 };
	char from[LIFECYCLE_TIME_BYTES], to[LIFECYCLE_TIME_BYTES];
	uint64_t ids[BATCH], soon = 0;
	size_t n = BATCH;
	enum rst_err err = RST_OK;

	lifecycle_time_print(now_s, from);
	lifecycle_time_print(now_s + OVERVIEW_SOON_S, to);
	while (err == RST_OK && n == BATCH) {
		err = rst_index_range(txn, RST_A_ROSTEREXPIRES,
		                      rst_view_of(from), rst_view_of(to),
		                      &cursor, ids, BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			struct rst_record record;

			err = rst_record_get(txn, ids[i], &record);
			if (err == RST_OK && record.kind == RST_KIND_PERSON &&
			    record.status == RST_STATUS_ACTIVE)
				soon++;
			err = err == RST_ENOTFOUND ? RST_OK : err;
		}
	}
	if (err == RST_OK && !json_add_number(body, "expiringSoon", soon))
		err = RST_ENOMEM;
	return err;
}

static enum rst_err
add_locked(const struct rst_rtxn *txn, int64_t now_s, cJSON *body)
{
	struct rst_ids locked = { 0 };
	enum rst_err err = attempt_locked(txn, now_s, &locked);

	if (err == RST_OK && !json_add_number(body, "locked", locked.n))
		err = RST_ENOMEM;
	rst_ids_release(&locked);
	return err;
}

/* One row of the days' table. */
struct day {
	uint64_t sign_ins, failures;
};

static void
take_record(const struct rst_journal_public *record, int64_t first_s,
            struct day days[OVERVIEW_DAYS])
{
	size_t day = (size_t)((record->time_s - first_s) / DAY_S);
	uint64_t times = 1;
	size_t len = 0;

	if (record->time_s < first_s || day >= OVERVIEW_DAYS)
		return;
	if (rst_view_equal(record->act, RST_VIEW("sign-in"))) {
		days[day].sign_ins++;
	} else if (rst_view_equal(record->act, RST_VIEW("sign-in-failed"))) {
		/* "17 times" */
		while (len < record->reason.len &&
		       record->reason.ptr[len] >= '0' &&
		       record->reason.ptr[len] <= '9')
			len++;
		if (!rst_view_number(rst_view(record->reason.ptr, len),
		                     UINT32_MAX, &times))
			times = 1;
		days[day].failures += times;
	}
}

/* Backwards through the journal until it is older than the first day. */
static enum rst_err
read_days(struct rst_rtxn *txn, int64_t first_s, struct day days[OVERVIEW_DAYS])
{
	uint64_t sequence = rst_journal_last(txn);
	struct rst_journal_public record;
	enum rst_err err = RST_OK;

	for (size_t n = 0; sequence > 0 && n < OVERVIEW_RECORDS_MAX; n++) {
		err = rst_journal_get(txn, sequence--, &record);
		if (err != RST_OK || record.time_s < first_s)
			break;
		take_record(&record, first_s, days);
		if (n % BATCH != BATCH - 1)
			continue;
		rst_read_reset(txn); /* pin no pages */
		err = rst_read_renew(txn);
		if (err != RST_OK)
			break;
	}
	return err == RST_ENOTFOUND ? RST_OK : err; /* an old journal ends */
}

static enum rst_err
add_days(struct rst_rtxn *txn, int64_t now_s, cJSON *body)
{
	int64_t first_s =
		now_s - now_s % DAY_S - (OVERVIEW_DAYS - 1) * (int64_t)DAY_S;
	struct day days[OVERVIEW_DAYS] = { { 0, 0 } };
	cJSON *list = cJSON_AddArrayToObject(body, "days");
	char time[JSON_TIME_MAX];
	enum rst_err err;

	err = read_days(txn, first_s, days);
	for (int i = 0; err == RST_OK && i < OVERVIEW_DAYS; i++) {
		cJSON *day = cJSON_CreateObject();

		json_time_text(first_s + i * (int64_t)DAY_S, time);
		time[10] = '\0';
		if (!json_take_item(list, day) ||
		    !json_add_text(day, "day", time) ||
		    !json_add_number(day, "signIns", days[i].sign_ins) ||
		    !json_add_number(day, "failures", days[i].failures))
			err = RST_ENOMEM;
	}
	return err;
}

static enum rst_err
add_range(const struct rst_rtxn *txn, cJSON *list, enum rst_ident kind,
          struct rule_range range)
{
	cJSON *item;
	uint64_t used;
	enum rst_err err;

	if (range.last == 0)
		return RST_OK; /* not configured */
	err = rst_ident_used(txn, kind, range.first, range.last, &used);
	if (err != RST_OK)
		return err;
	item = cJSON_CreateObject();
	if (!json_take_item(list, item) ||
	    !json_add_text(item, "kind",
	                   kind == RST_IDENT_UIDNUMBER ? "uidNumber"
	                                               : "gidNumber") ||
	    !json_add_number(item, "first", range.first) ||
	    !json_add_number(item, "last", range.last) ||
	    !json_add_number(item, "used", used) ||
	    !json_add_number(item, "left",
	                     (uint64_t)range.last - range.first + 1 - used))
		return RST_ENOMEM;
	return RST_OK;
}

static enum rst_err
add_numbers(const struct rst_rtxn *txn, cJSON *body)
{
	cJSON *list = cJSON_AddArrayToObject(body, "numbers");
	static const struct {
		enum rst_ident kind;
		const struct rule_range *range; /* NULL: of setting */
		enum rule_setting_id setting;
	} rows[] = {
		{ RST_IDENT_UIDNUMBER, NULL, RULE_SETTING_UID_RANGE },
		{ RST_IDENT_UIDNUMBER, &rule_uid_ranges[0], 0 },
		{ RST_IDENT_UIDNUMBER, &rule_uid_ranges[1], 0 },
		{ RST_IDENT_UIDNUMBER, NULL, RULE_SETTING_THIRD_RANGE },
		{ RST_IDENT_GIDNUMBER, NULL, RULE_SETTING_GID_RANGE },
		{ RST_IDENT_GIDNUMBER, &rule_gid_ranges[0], 0 },
	};
	struct rule_range range;
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && i < sizeof(rows) / sizeof(rows[0]);
	     i++) {
		if (rows[i].range != NULL)
			range = *rows[i].range;
		else
			err = lifecycle_setting_range(txn, rows[i].setting,
			                              &range);
		if (err == RST_OK)
			err = add_range(txn, list, rows[i].kind, range);
	}
	return err;
}

static enum rst_err
add_mail(const struct rst_rtxn *txn, cJSON *body)
{
	cJSON *object = cJSON_AddObjectToObject(body, "mail");
	struct rst_mail mail = { .bytes = NULL };
	uint64_t n[2] = { 0, 0 };
	enum rst_err err = RST_OK;

	while (err == RST_OK) {
		err = rst_outbox_next(txn, mail.id, &mail);
		if (err == RST_OK) {
			uint64_t id = mail.id;

			n[mail.state == RST_MAIL_FAILED]++;
			rst_mail_release(&mail);
			mail.id = id;
		}
	}
	if (err != RST_ENOTFOUND)
		return err;
	return json_add_number(object, "queued", n[0]) &&
	                       json_add_number(object, "failed", n[1])
	               ? RST_OK
	               : RST_ENOMEM;
}

static enum rst_err
count(struct rst_env *env, int64_t now_s, cJSON *body)
{
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(env, &txn);
	if (err == RST_OK)
		err = add_people(&txn, now_s, body);
	if (err == RST_OK)
		err = add_expiring(&txn, now_s, body);
	if (err == RST_OK)
		err = add_locked(&txn, now_s, body);
	if (err == RST_OK)
		err = add_numbers(&txn, body);
	if (err == RST_OK)
		err = add_mail(&txn, body);
	if (err == RST_OK)
		err = add_days(&txn, now_s, body);
	if (err == RST_OK && !json_add_time(body, "created", now_s))
		err = RST_ENOMEM;
	rst_read_end(&txn);
	return err;
}

static uint64_t
failures_waiting(struct rst_env *env)
{
	const struct throttle *throttle = throttle_of(env);

	return throttle != NULL ? throttle_report_waiting(throttle) : 0;
}

/* Those of a moment ago are today's. */
static enum rst_err
add_waiting(cJSON *body, uint64_t waiting)
{
	const cJSON *days = json_get(body, "days");
	cJSON *today = cJSON_GetArrayItem(days, cJSON_GetArraySize(days) - 1);
	cJSON *failures = cJSON_GetObjectItemCaseSensitive(today, "failures");

	if (!cJSON_IsNumber(failures))
		return RST_ENOMEM;
	(void)cJSON_SetNumberHelper(failures,
	                            failures->valuedouble + (double)waiting);
	return RST_OK;
}

static bool
is_stale(const struct overview *overview, uint64_t waiting, int64_t now_s)
{
	int64_t age_s = now_s - overview->made_s;

	return overview->body == NULL || age_s < 0 ||
	       age_s >= OVERVIEW_FRESH_S ||
	       (waiting < overview->waiting && age_s >= OVERVIEW_SETTLE_S);
}

enum rst_err
overview_get(struct overview *overview, struct rst_env *env, int64_t now_s,
             cJSON **ret_body)
{
	uint64_t waiting = failures_waiting(env);
	cJSON *body = NULL;
	enum rst_err err = RST_OK;

	pthread_mutex_lock(&overview->lock);
	if (is_stale(overview, waiting, now_s)) {
		body = cJSON_CreateObject();
		err = body != NULL ? count(env, now_s, body) : RST_ENOMEM;
		if (err == RST_OK) {
			cJSON_Delete(overview->body);
			overview->body = body;
			overview->made_s = now_s;
			overview->waiting = waiting;
			body = NULL;
		}
		cJSON_Delete(body);
		body = NULL;
	}
	if (err == RST_OK) {
		/* journaled a moment ago, and not counted yet */
		if (waiting < overview->waiting)
			waiting = overview->waiting;
		overview->waiting = waiting;
		body = cJSON_Duplicate(overview->body, true);
		err = add_waiting(body, waiting);
	}
	if (err == RST_OK)
		*ret_body = body;
	else
		cJSON_Delete(body);
	pthread_mutex_unlock(&overview->lock);
	return err;
}
