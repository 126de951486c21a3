/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_check.c - every invariant sees its own violation, and nothing else
 *
 * A sound environment is clean; what follows from other rows is put right.
 */
#include "store/check.h"

#include <stdio.h>

#include "store/env_priv.h"
#include "tests/unit/violations.h"

struct heard {
	const char *invariant; /* wanted */
	bool found, other, warning;
	char text[700]; /* of the first other */
	uint64_t steps;
};

static void
hear(void *arg, const struct rst_check_finding *finding)
{
	struct heard *heard = arg;

	if (heard->invariant != NULL &&
	    strcmp(finding->invariant, heard->invariant) == 0) {
		heard->found = true;
		heard->warning = finding->warning;
	} else if (!heard->other) {
		heard->other = true;
		snprintf(heard->text, sizeof(heard->text), "%s: %s",
		         finding->invariant, finding->text);
	}
}

static void
step(void *arg, const char *invariant, uint64_t done, uint64_t total)
{
	struct heard *heard = arg;

	assert_non_null(invariant);
	assert_true(done <= total);
	heard->steps++;
}

static uint64_t
check(struct fixture *fixture, struct heard *heard)
{
	struct rst_check_options options = { .max_findings = 1000,
		                             .finding = hear,
		                             .progress = step,
		                             .arg = heard };
	uint64_t n = 0;

	assert_int_equal(rst_check(fixture->env, &options, &n), RST_OK);
	return n;
}

static void
a_sound_environment_is_clean(void **state)
{
	struct heard heard = { 0 };
	struct rst_wtxn txn;
	struct world world;

	fixture_write(*state, &txn);
	violations_world(&txn, &world);
	fixture_commit(&txn);
	if (check(*state, &heard) != 0)
		fail_msg("%s", heard.text);
	assert_true(heard.steps > 16);
}

static void
an_empty_environment_is_clean(void **state)
{
	struct heard heard = { 0 };

	if (check(*state, &heard) != 0)
		fail_msg("%s", heard.text);
}

static void
every_violation_is_found_by_its_invariant(void **state)
{
	void *own = NULL;
	struct world world;
	struct rst_wtxn txn;

	(void)state;
	for (size_t i = 0; i < N_VIOLATIONS; i++) {
		struct heard heard = { .invariant = violations[i].invariant };

		assert_int_equal(fixture_setup(&own), 0);
		fixture_write(own, &txn);
		violations_world(&txn, &world);
		violations[i].plant(&world);
		violations_commit(own, &world);
		check(own, &heard);
		if (!heard.found)
			fail_msg("%s: not found by %s (but %s)",
			         violations[i].what, violations[i].invariant,
			         heard.other ? heard.text : "by nobody");
		if (heard.other && !violations[i].others)
			fail_msg("%s: also %s", violations[i].what, heard.text);
		assert_int_equal(heard.warning, violations[i].warning);
		fixture_teardown(&own);
	}
}

static void
what_follows_from_other_rows_is_put_right(void **state)
{
	const struct rst_check_options quiet = { 0 };
	struct heard heard;
	void *own = NULL;
	struct world world;
	struct rst_wtxn txn;
	uint64_t before, changed, left;

	(void)state;
	for (size_t i = 0; i < N_VIOLATIONS; i++) {
		struct fixture *fixture;

		heard = (struct heard){ .invariant = violations[i].invariant };
		assert_int_equal(fixture_setup(&own), 0);
		fixture = own;
		fixture_write(fixture, &txn);
		violations_world(&txn, &world);
		violations[i].plant(&world);
		violations_commit(own, &world);
		before = check(fixture, &heard);
		changed = 0;
		assert_int_equal(
			rst_check_repair(fixture->env, &quiet, &changed),
			RST_OK);
		heard = (struct heard){ 0 };
		left = check(fixture, &heard);
		if (violations[i].repairable && (left != 0 || changed == 0))
			fail_msg("%s: not put right: %s", violations[i].what,
			         heard.text);
		if (!violations[i].repairable && !violations[i].warning &&
		    left == 0)
			fail_msg("%s: was put right (%ju findings)",
			         violations[i].what, (uintmax_t)before);
		fixture_teardown(&own);
	}
}

/* Nothing but what is wrong is written: a sound one stays as it is. */
static void
a_sound_environment_is_left_alone(void **state)
{
	const struct rst_check_options quiet = { 0 };
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	struct rst_rtxn read;
	struct world world;
	uint64_t changed = 1, commit;

	fixture_write(fixture, &txn);
	violations_world(&txn, &world);
	fixture_commit(&txn);
	fixture_read(fixture, &read);
	commit = rst_txn_number(&read);
	rst_read_end(&read);
	assert_int_equal(rst_check_repair(fixture->env, &quiet, &changed),
	                 RST_OK);
	assert_int_equal(changed, 0);
	fixture_read(fixture, &read);
	assert_int_equal(rst_txn_number(&read), commit);
	rst_read_end(&read);
}

/* A record that does not decode keeps the rows that say what it was. */
static void
rows_of_a_damaged_record_stay(void **state)
{
	const struct rst_check_options quiet = { 0 };
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	struct world world;
	uint64_t changed = 1;

	fixture_write(fixture, &txn);
	violations_world(&txn, &world);
	violations_plant(&world, "a_damaged_record");
	fixture_commit(&txn);
	assert_int_equal(rst_check_repair(fixture->env, &quiet, &changed),
	                 RST_OK);
	assert_int_equal(changed, 0);
}

/* More than one chunk: every row of three tables lost and made anew. */
static void
tables_lost_altogether_are_made_anew(void **state)
{
	const struct rst_check_options quiet = { 0 };
	struct fixture *fixture = *state;
	struct heard heard = { 0 };
	struct rst_wtxn txn;
	struct world world;
	uint64_t changed = 0;
	char rdn[32];

	fixture_write(fixture, &txn);
	violations_world(&txn, &world);
	for (int i = 0; i < 3000; i++) {
		snprintf(rdn, sizeof(rdn), "uid=p%d", i);
		fixture_add(&txn, world.ids.people, rdn, "objectClass",
		            "rosterAccount", "uid", rdn + 4, NULL);
	}
	assert_int_equal(
		mdb_drop(rst_txn(&txn.r), fixture->env->dbi[RST_T_TREE], 0), 0);
	assert_int_equal(
		mdb_drop(rst_txn(&txn.r), fixture->env->dbi[RST_T_INDEX], 0),
		0);
	assert_int_equal(
		mdb_drop(rst_txn(&txn.r), fixture->env->dbi[RST_T_IDENT], 0),
		0);
	fixture_commit(&txn);
	assert_int_equal(rst_check_repair(fixture->env, &quiet, &changed),
	                 RST_OK);
	assert_true(changed > 3 * 3000);
	if (check(fixture, &heard) != 0)
		fail_msg("%s", heard.text);
}

static void
every_invariant_has_a_violation(void **state)
{
	bool has;

	(void)state;
	for (size_t i = 0; rst_check_invariants[i] != NULL; i++) {
		/* it takes another process: test_txn.c */
		has = strcmp(rst_check_invariants[i], "readers") == 0;
		for (size_t k = 0; k < N_VIOLATIONS; k++)
			has |= strcmp(violations[k].invariant,
			              rst_check_invariants[i]) == 0;
		if (!has)
			fail_msg("%s", rst_check_invariants[i]);
	}
}

static void
counting_goes_on_past_the_findings_wanted(void **state)
{
	struct rst_check_options options = { .max_findings = 0 };
	struct rst_wtxn txn;
	struct world world;
	uint64_t n = 0;

	fixture_write(*state, &txn);
	violations_world(&txn, &world);
	violations_plant(&world, "a_wrong_counter");
	violations_plant(&world, "an_id_above_the_last");
	fixture_commit(&txn);
	assert_int_equal(
		rst_check(((struct fixture *)*state)->env, &options, &n),
		RST_OK);
	assert_int_equal(n, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(an_empty_environment_is_clean),
		FIXTURE_TEST(a_sound_environment_is_clean),
		cmocka_unit_test(every_violation_is_found_by_its_invariant),
		cmocka_unit_test(every_invariant_has_a_violation),
		cmocka_unit_test(what_follows_from_other_rows_is_put_right),
		FIXTURE_TEST(a_sound_environment_is_left_alone),
		FIXTURE_TEST(rows_of_a_damaged_record_stay),
		FIXTURE_TEST(tables_lost_altogether_are_made_anew),
		FIXTURE_TEST(counting_goes_on_past_the_findings_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
