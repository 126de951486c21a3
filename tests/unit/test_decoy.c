/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_decoy.c - lifecycle/decoy.h */
#include <stdio.h>
#include <string.h>

#include "tests/unit/fixture.h"

#include "lifecycle/decoy.h"

#define NAMES 2000
#define TAIL  ",p=1$c29tZXNhbHRzb21l$aXRzc3VtaXRzc3VtaXRzc3Vt"
#define OLD   "{ARGON2}$argon2id$v=19$m=19456,t=2" TAIL
#define NEW   "{ARGON2}$argon2id$v=19$m=65536,t=3" TAIL

static void
count(struct fixture *fixture, const char *before, const char *after, int times)
{
	struct rst_wtxn txn = { 0 };

	assert_int_equal(
		rst_write_begin(fixture->env, RST_WRITE_ORDINARY, &txn),
		RST_OK);
	while (times-- > 0)
		assert_int_equal(decoy_count(&txn, rst_view_of(before),
		                             rst_view_of(after)),
		                 RST_OK);
	assert_int_equal(rst_write_commit(&txn), RST_OK);
}

static uint32_t
kib_of(struct fixture *fixture, const char *name)
{
	struct lifecycle_cost cost;
	struct rst_rtxn txn;

	assert_int_equal(rst_read_begin(fixture->env, &txn), RST_OK);
	assert_int_equal(decoy_cost(&txn, rst_view_of(name), &cost), RST_OK);
	rst_read_end(&txn);
	assert_true((cost.kib == 19456 && cost.passes == 2) ||
	            (cost.kib == 65536 && cost.passes == 3));
	return cost.kib;
}

static int
dear_ones(struct fixture *fixture)
{
	char name[32];
	int dear = 0;

	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "nobody%d", i);
		dear += kib_of(fixture, name) == 65536;
	}
	return dear;
}

static void
costs_are_those_of_people_in_their_proportion(void **state)
{
	struct fixture *fixture = *state;

	/* nothing is known: as a new one */
	assert_int_equal(dear_ones(fixture), 0);
	count(fixture, "", NEW, 3);
	assert_int_equal(dear_ones(fixture), NAMES);
	count(fixture, "", OLD, 9);
	assert_in_range(dear_ones(fixture), NAMES / 5, NAMES * 3 / 10);
	/* what was renewed is not counted twice */
	count(fixture, OLD, NEW, 6);
	assert_in_range(dear_ones(fixture), NAMES * 7 / 10, NAMES * 4 / 5);
	count(fixture, OLD, "", 3);
	assert_int_equal(dear_ones(fixture), NAMES);
	/* another of the same cost, other schemes, one too many */
	count(fixture, NEW, NEW, 50);
	count(fixture, "{SSHA}c2FsdA==", "clear", 50);
	count(fixture, OLD, "", 5);
	assert_int_equal(dear_ones(fixture), NAMES);
}

static void
a_name_keeps_its_cost_at_every_door(void **state)
{
	struct fixture *fixture = *state;
	char name[80];

	count(fixture, "", OLD, 5);
	count(fixture, "", NEW, 5);
	for (int i = 0; i < 200; i++) {
		uint32_t kib;

		snprintf(name, sizeof(name), "Nobody%d", i);
		kib = kib_of(fixture, name);
		name[0] = 'n';
		assert_int_equal(kib_of(fixture, name), kib);
		snprintf(name, sizeof(name),
		         "uid=nobody%d,ou=people,dc=example,dc=org", i);
		assert_int_equal(kib_of(fixture, name), kib);
	}
}

/* One renewal moves few names, and none back. */
static void
a_name_changes_its_cost_as_people_do(void **state)
{
	struct fixture *fixture = *state;
	bool dear[NAMES];
	char name[32];
	int moved = 0;

	count(fixture, "", OLD, 90);
	count(fixture, "", NEW, 10);
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "nobody%d", i);
		dear[i] = kib_of(fixture, name) == 65536;
	}
	count(fixture, OLD, NEW, 1);
	for (int i = 0; i < NAMES; i++) {
		bool now;

		snprintf(name, sizeof(name), "nobody%d", i);
		now = kib_of(fixture, name) == 65536;
		assert_true(now || !dear[i]);
		moved += now && !dear[i];
	}
	assert_in_range(moved, 1, NAMES / 30);
}

static void
more_costs_than_there_is_room_for_are_passed_over(void **state)
{
	struct fixture *fixture = *state;
	char hash[sizeof(OLD)];

	count(fixture, "", OLD, 1);
	for (unsigned int i = 0; i < 2 * DECOY_COSTS_MAX; i++) {
		snprintf(hash, sizeof(hash),
		         "{ARGON2}$argon2id$v=19$m=%u,t=2" TAIL, 20000 + i);
		count(fixture, "", hash, 1);
	}
	for (unsigned int i = 0; i < 2 * DECOY_COSTS_MAX; i++) {
		snprintf(hash, sizeof(hash),
		         "{ARGON2}$argon2id$v=19$m=%u,t=2" TAIL, 20000 + i);
		count(fixture, hash, "", 1);
	}
	assert_int_equal(dear_ones(fixture), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(costs_are_those_of_people_in_their_proportion),
		FIXTURE_TEST(a_name_keeps_its_cost_at_every_door),
		FIXTURE_TEST(a_name_changes_its_cost_as_people_do),
		FIXTURE_TEST(more_costs_than_there_is_room_for_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
