/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_store_faults.c - whatever fails, an act is done whole or not at all
 *
 * Each act of stage.h is run again and again, and the k-th call that it makes
 * of LMDB, of the allocator or of the system fails, for every k, until one run
 * gets through.  Then:
 *
 *	either it answers the error that this fault means, and the tables are
 *	as they were,
 *	or it answers as without a fault, having done and told the same.
 *
 * After that the k-th row that is read is another one, its sum made right
 * again: an act may answer what it likes, but ends, and does no harm.
 *
 * ROSTER_FAULTS=all takes every k and every lie, and tells at the end how many
 * calls failed; else, and when a soak's SOAK_SECONDS are over, some of those
 * beyond the first EVERY, of acts that make many calls.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "tests/unit/nth.h"
#include "tests/unit/stage.h"

#define EVERY       80   /* calls of an act, each of which fails */
#define STRIDE      31   /* of those beyond */
#define STUCK_S     60   /* so long no act takes */
#define COMPLAINTS  1000 /* that are printed */
#define FAR_S       1000000000
#define FIRST_READS 6
#define PAGES       4 /* lies of each page, or block, of a file */
#define LIES        6 /* of each row, beside those that have names */

static struct stage stage;
static unsigned int complaints, all_complaints;
static uint64_t failed[NTH_BYTES + 1]; /* calls, of each kind */
static bool all;
static time_t all_until_s;

struct outcome {
	enum rst_err err;
	uint64_t findings;
	struct stage_sum told, tables; /* tables: as the act leaves them */
	const char *fired;
};

struct fault {
	enum nth_kind kind;
	int code;
	uint64_t k; /* 0: none */
};

static time_t
now_s(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Far away, unless a soak says for how long. */
static time_t
soak_end_s(void)
{
	const char *text = getenv("SOAK_SECONDS");
	long long seconds = FAR_S;
	char *end;

	if (text == NULL)
		return now_s() + seconds;
	errno = 0;
	seconds = strtoll(text, &end, 10);
	assert(errno == 0 && *end == '\0' && seconds >= 0);
	return now_s() + seconds;
}

/* Be killed after so many seconds of work, however busy others are. */
static void
watch(int seconds)
{
	const struct itimerval timer = { .it_value = { .tv_sec = seconds } };

	assert_int_equal(setitimer(ITIMER_VIRTUAL, &timer, NULL), 0);
}

static enum rst_err
begin(const struct act *act)
{
	enum rst_err err = RST_OK;

	if (act->kind == ACT_FRESH)
		stage_reopen(&stage);
	if (act->before != NULL)
		act->before(&stage);
	memset(&stage.r, 0, sizeof(stage.r));
	memset(&stage.w, 0, sizeof(stage.w));
	stage.txn = &stage.r;
	if (act->kind == ACT_READ || act->kind == ACT_FRESH)
		err = rst_read_begin(stage.env, &stage.r);
	if (act->kind == ACT_WRITE) {
		err = rst_write_begin(stage.env, RST_WRITE_ORDINARY, &stage.w);
		stage.txn = &stage.w.r;
	}
	return err;
}

static struct stage_sum
tables(void)
{
	struct rst_rtxn txn;
	struct stage_sum sum;

	assert_int_equal(rst_read_begin(stage.env, &txn), RST_OK);
	sum = stage_sum_of(&txn);
	rst_read_end(&txn);
	return sum;
}

static struct outcome
run(const struct act *act, const struct fault *fault)
{
	struct outcome outcome = { .err = RST_OK };

	watch(STUCK_S);
	assert_int_equal(begin(act), RST_OK);
	crypto_generichash_init(&stage.told, NULL, 0,
	                        sizeof(outcome.told.bytes));
	stage.findings = 0;
	nth_same_random();
	if (fault->k > 0)
		nth_arm(fault->kind, fault->code, fault->k);
	outcome.err = act->run(&stage);
	/* as a commit would begin */
	if (act->kind == ACT_WRITE && outcome.err == RST_OK)
		outcome.err = rst_mcount_settle(&stage.w);
	if (act->kind == ACT_WRITE && outcome.err == RST_OK)
		outcome.err = rst_write_failed(&stage.w);
	outcome.fired = nth_disarm();
	crypto_generichash_final(&stage.told, outcome.told.bytes,
	                         sizeof(outcome.told.bytes));
	outcome.findings = stage.findings;
	if (act->kind == ACT_WRITE && outcome.err == RST_OK &&
	    fault->kind != NTH_ROW)
		outcome.tables = stage_sum_of(&stage.w.r);
	rst_write_abort(&stage.w);
	rst_read_end(&stage.r);
	if (act->kind == ACT_ALONE && outcome.err == RST_OK)
		outcome.tables = tables();
	watch(0);
	return outcome;
}

static bool
same(const struct stage_sum *a, const struct stage_sum *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* What an act is to answer when this fails, if it does not answer as ever. */
static bool
fits(const struct fault *fault, enum rst_err err)
{
	switch (fault->kind) {
	case NTH_LMDB:
		if (fault->code == NTH_LOST)
			return err == RST_EIO;
		if (fault->code == MDB_VERSION_MISMATCH ||
		    fault->code == MDB_INCOMPATIBLE ||
		    fault->code == MDB_PAGE_NOTFOUND)
			return err == RST_ECORRUPT || err == RST_EIO;
		return err == rst_err_from_lmdb(fault->code);
	case NTH_MEMORY:
		return err == RST_ENOMEM;
	case NTH_SYSTEM:
		return err == RST_EIO ||
		       ((fault->code == ENOSPC || fault->code == EDQUOT) &&
		        err == RST_EFULL) ||
		       (fault->code == ENOMEM && err == RST_ENOMEM);
	case NTH_ROW:
	case NTH_PLAIN:
	case NTH_BYTES:
		return true;
	}
	return false;
}

static const char *
name_of(enum nth_kind kind)
{
	static const char *const names[] = { "LMDB", "memory", "system",
		                             "row",  "plain",  "bytes" };

	return names[kind];
}

/* What is wrong is said, and the others go on. */
__attribute__((format(printf, 1, 2))) static void
complain(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	all_complaints++;
	if (complaints++ < COMPLAINTS)
		print_error("%s\n", text);
}

static void
judge(const struct act *act, const struct fault *fault,
      const struct outcome *sound, const struct outcome *got)
{
	bool as_ever = got->err == sound->err &&
	               same(&got->told, &sound->told) &&
	               same(&got->tables, &sound->tables);

	if (as_ever || act->mild || got->findings > 0)
		return;
	if (got->err != RST_OK && fits(fault, got->err))
		return;
	if (got->err == RST_OK && act->leaves_damage &&
	    fault->code == MDB_CORRUPTED)
		return;
	complain("%s: %s %ju (%s, code %d): \"%s\" and %s", act->name,
	         name_of(fault->kind), (uintmax_t)fault->k, got->fired,
	         fault->code, rst_strerror(got->err),
	         same(&got->told, &sound->told)
	                 ? same(&got->tables, &sound->tables)
	                           ? "the same was done"
	                           : "something else was done"
	                 : "something else was told");
}

static uint64_t
next_k(enum nth_kind kind, uint64_t k)
{
	static unsigned int at;
	bool each = all || (kind != NTH_LMDB && kind != NTH_ROW);

	/* others each time, that many codes see many calls */
	return each || k < EVERY ? k + 1 : k + 1 + at++ * 13 % (2 * STRIDE);
}

/* One fault; false if nothing was left to fail. */
static bool
fail_one(const struct act *act, const struct outcome *sound,
         const struct fault *fault, const struct stage_sum *before)
{
	const struct outcome got = run(act, fault);
	struct stage_sum after;

	if (got.fired == NULL)
		return false;
	failed[fault->kind]++;
	if (fault->kind < NTH_ROW)
		judge(act, fault, sound, &got);
	if (act->before != NULL)
		return true;
	after = tables();
	if (!same(before, &after))
		complain("%s: %s %ju (%s) left something", act->name,
		         name_of(fault->kind), (uintmax_t)fault->k, got.fired);
	return true;
}

/* Every k with one code; how many calls failed. */
static uint64_t
fail_each(const struct act *act, const struct outcome *sound,
          struct fault fault)
{
	const struct stage_sum before = tables();
	uint64_t n = 0;

	for (fault.k = 1; fail_one(act, sound, &fault, &before);
	     fault.k = next_k(fault.kind, fault.k))
		n++;
	return n;
}

/* Calls from every place that makes one, by every way there: those that come
 * late in an act, and seldom, as well. */
static uint64_t
fail_each_way(const struct act *act, const struct outcome *sound, int code)
{
	const struct fault fault = { NTH_LMDB, code, NTH_NEW_WAY };
	const struct stage_sum before = tables();
	uint64_t n = 0;

	nth_forget_ways();
	while (fail_one(act, sound, &fault, &before))
		n++;
	return n;
}

static bool
is_same_run(const struct outcome *a, const struct outcome *b)
{
	return a->err == b->err && same(&a->told, &b->told) &&
	       same(&a->tables, &b->tables);
}

static void
each_act(const struct act *acts,
         uint64_t (*faults)(const struct act *act, const struct outcome *sound))
{
	const struct fault none = { .k = 0 };
	struct outcome sound, again;

	for (const struct act *act = acts; act->name != NULL; act++) {
		uint64_t n;

		all = all && now_s() < all_until_s;
		sound = run(act, &none);
		if (sound.err != act->wanted)
			complain("%s: %s", act->name, rst_strerror(sound.err));
		n = faults(act, &sound);
		if (act->leaves_damage) {
			stage_close(&stage);
			stage_open(&stage);
		}
		again = run(act, &none);
		if (!is_same_run(&sound, &again))
			complain("%s: not the same after faults", act->name);
		if (getenv("ROSTER_FAULTS_TOLD") != NULL)
			print_message("%s %ju\n", act->name, (uintmax_t)n);
	}
}

static uint64_t
fail_calls(const struct act *act, const struct outcome *sound)
{
	static const struct fault faults[] = {
		{ NTH_LMDB, MDB_CORRUPTED, 0 },
		{ NTH_LMDB, EIO, 0 },
		{ NTH_LMDB, MDB_MAP_FULL, 0 },
		{ NTH_LMDB, MDB_READERS_FULL, 0 },
		{ NTH_LMDB, MDB_MAP_RESIZED, 0 },
		{ NTH_LMDB, ENOSPC, 0 },
		{ NTH_LMDB, ENOMEM, 0 },
		{ NTH_LMDB, NTH_LOST, 0 },
		{ NTH_MEMORY, 0, 0 },
		{ NTH_SYSTEM, EIO, 0 },
		{ NTH_SYSTEM, ENOSPC, 0 },
		{ NTH_SYSTEM, ENOMEM, 0 },
		{ NTH_SYSTEM, EINTR, 0 },
		{ NTH_SYSTEM, EPERM, 0 },
		{ NTH_SYSTEM, EDQUOT, 0 },
		{ NTH_LMDB, EAGAIN, 0 },
		{ NTH_LMDB, MDB_INVALID, 0 },
		{ NTH_LMDB, MDB_VERSION_MISMATCH, 0 },
		{ NTH_LMDB, MDB_INCOMPATIBLE, 0 },
		{ NTH_LMDB, MDB_PAGE_NOTFOUND, 0 },
		{ NTH_SYSTEM, ETIMEDOUT, 0 },
	};
	uint64_t n = 0;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		n += fail_each(act, sound, faults[i]);
	return n + fail_each_way(act, sound, EIO);
}

static uint64_t
lie_of_rows(const struct act *act, const struct outcome *sound)
{
	static unsigned int at;
	uint64_t n = 0;

	for (int how = 0; how < NTH_VALUE; how++)
		n += fail_each(act, sound, (struct fault){ NTH_ROW, how, 0 });
	for (int i = 0; i < (all ? NTH_LIES - NTH_VALUE : LIES); i++) {
		int code = all ? i : (int)(at++ * 7 % (NTH_LIES - NTH_VALUE));

		n += fail_each(act, sound,
		               (struct fault){ NTH_ROW, NTH_VALUE + code, 0 });
	}
	for (int i = 0; i < NTH_LIES - NTH_VALUE; i++)
		n += fail_each(act, sound,
		               (struct fault){ NTH_PLAIN, NTH_VALUE + i, 0 });
	return n;
}

/* Of pages, files and backups; what is opened then is damaged or not. */
static uint64_t
lie_of_bytes(const struct act *act, const struct outcome *sound)
{
	static unsigned int at;
	struct fault fault = { NTH_BYTES, 0, 0 };
	uint64_t n = 0;

	(void)sound;
	for (fault.code = NTH_GONE; fault.code <= NTH_CUT; fault.code += 2)
		n += fail_each(act, sound, fault);
	/* of the first, the metas among them, all that is said */
	for (fault.code = NTH_VALUE; fault.code < NTH_VALUE + 2 * NTH_SPOILT;
	     fault.code += all ? 1 : 3)
		for (fault.k = 1; fault.k <= FIRST_READS; fault.k++, n++)
			(void)run(act, &fault);
	for (int i = 0; i < (all ? NTH_LIES - NTH_VALUE : PAGES); i++) {
		const char *fired = "";

		/* each read with another lie */
		for (fault.k = 1; fired != NULL; fault.k++) {
			fault.code = NTH_VALUE +
			             (int)(at++ * 7 % (NTH_LIES - NTH_VALUE));
			fired = run(act, &fault).fired;
			n++;
		}
	}
	return n;
}

static const struct act *const plays[] = {
	entry_acts, member_acts, change_acts, journal_acts, other_acts,
};

static void
each_play(uint64_t (*faults)(const struct act *act,
                             const struct outcome *sound))
{
	complaints = 0;
	for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++)
		each_act(plays[i], faults);
	assert_int_equal(complaints, 0);
}

static void
what_fails_is_told_and_leaves_nothing(void **state)
{
	(void)state;
	each_play(fail_calls);
}

static void
damaged_rows_do_no_harm(void **state)
{
	(void)state;
	each_play(lie_of_rows);
}

static void
damaged_files_do_no_harm(void **state)
{
	(void)state;
	complaints = 0;
	each_act(file_acts, lie_of_bytes);
	assert_int_equal(complaints, 0);
}

static void
places_that_fail_can_be_tried_again(void **state)
{
	(void)state;
	complaints = 0;
	each_act(place_acts, fail_calls);
	assert_int_equal(complaints, 0);
}

static int
open_stage(void **state)
{
	(void)state;
	stage_open(&stage);
	return 0;
}

static int
close_stage(void **state)
{
	(void)state;
	stage_close(&stage);
	return 0;
}

/* The line that tests/soak/run reads. */
static void
tell_promise(void)
{
	const uintmax_t calls =
		failed[NTH_LMDB] + failed[NTH_SYSTEM] + failed[NTH_MEMORY];

	printf("promise D7 asked %ju reached %ju violations %u unit calls\n",
	       calls, calls, all_complaints);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fails_is_told_and_leaves_nothing),
		cmocka_unit_test(damaged_rows_do_no_harm),
		cmocka_unit_test(places_that_fail_can_be_tried_again),
		cmocka_unit_test(damaged_files_do_no_harm),
	};
	const char *faults = getenv("ROSTER_FAULTS");
	const bool asked = faults != NULL && strcmp(faults, "all") == 0;
	int status;

	all = asked;
	all_until_s = soak_end_s();
	status = cmocka_run_group_tests(tests, open_stage, close_stage);
	if (asked)
		tell_promise();
	return status;
}
