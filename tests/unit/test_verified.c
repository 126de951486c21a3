/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_verified.c - what is remembered of right passwords, and for how long */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lifecycle/verified.h"

#define NOW  INT64_C(1900000000)
#define LIFE 300

#define STORED   RST_VIEW("{ARGON2}$argon2id$v=19$m=19456,t=2,p=1$abc$def")
#define PASSWORD RST_VIEW("Correct-horse-77-battery")

static int
setup(void **state)
{
	*state = verified_new();
	return *state == NULL;
}

static int
teardown(void **state)
{
	verified_free(*state);
	return 0;
}

static struct verified_proof
of_alice(void)
{
	return (struct verified_proof){ 42, 3, STORED, PASSWORD };
}

static void
what_was_right_is_remembered_for_its_time(void **state)
{
	struct verified_proof proof = of_alice();

	assert_false(verified_has(*state, &proof, NOW, LIFE));
	verified_put(*state, &proof, NOW);
	assert_true(verified_has(*state, &proof, NOW, LIFE));
	assert_true(verified_has(*state, &proof, NOW + LIFE - 1, LIFE));
	assert_false(verified_has(*state, &proof, NOW + LIFE, LIFE));
	/* a shorter time, or none, holds at once */
	assert_false(verified_has(*state, &proof, NOW + 60, 60));
	assert_false(verified_has(*state, &proof, NOW, 0));
	/* the clock was set back */
	assert_false(verified_has(*state, &proof, NOW - 1, LIFE));
	verified_put(*state, &proof, NOW + LIFE);
	assert_true(verified_has(*state, &proof, NOW + LIFE, LIFE));
}

static void
nothing_else_is_taken_for_it(void **state)
{
	struct verified_proof proof = of_alice();

	verified_put(*state, &proof, NOW);
	proof.id++;
	assert_false(verified_has(*state, &proof, NOW, LIFE));
	proof = of_alice();
	proof.generation++;
	assert_false(verified_has(*state, &proof, NOW, LIFE));
	proof = of_alice();
	proof.stored.len--;
	assert_false(verified_has(*state, &proof, NOW, LIFE));
	proof = of_alice();
	proof.password = RST_VIEW("Correct-horse-77-batterz");
	assert_false(verified_has(*state, &proof, NOW, LIFE));
	/* the end of one text is not the beginning of the next */
	proof.stored = RST_VIEW("ab");
	proof.password = RST_VIEW("c");
	verified_put(*state, &proof, NOW);
	proof.stored = RST_VIEW("a");
	proof.password = RST_VIEW("bc");
	assert_false(verified_has(*state, &proof, NOW, LIFE));
	proof = of_alice();
	assert_true(verified_has(*state, &proof, NOW, LIFE));
}

static void
another_process_remembers_nothing_of_it(void **state)
{
	struct verified *other = verified_new();
	struct verified_proof proof = of_alice();

	verified_put(*state, &proof, NOW);
	assert_non_null(other);
	assert_false(verified_has(other, &proof, NOW, LIFE));
	verified_free(other);
}

static void
its_room_is_bounded_and_the_oldest_go(void **state)
{
	struct verified_proof proof = of_alice();
	unsigned int kept = 0;

	for (uint64_t i = 1; i <= 5 * VERIFIED_MAX; i++) {
		proof.id = i;
		verified_put(*state, &proof, NOW + (int64_t)i);
		assert_true(
			verified_has(*state, &proof, NOW + (int64_t)i, LIFE));
	}
	for (uint64_t i = 1; i <= 5 * VERIFIED_MAX; i++) {
		proof.id = i;
		kept += verified_has(*state, &proof, NOW + 5 * VERIFIED_MAX,
		                     UINT32_MAX);
	}
	assert_true(kept <= VERIFIED_MAX);
	assert_true(kept > VERIFIED_MAX * 9 / 10);
}

int
main(void)
{
#define VERIFIED_TEST(name)                                                    \
	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		VERIFIED_TEST(what_was_right_is_remembered_for_its_time),
		VERIFIED_TEST(nothing_else_is_taken_for_it),
		VERIFIED_TEST(another_process_remembers_nothing_of_it),
		VERIFIED_TEST(its_room_is_bounded_and_the_oldest_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
