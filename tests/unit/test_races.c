/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_races.c - many at once: lifecycle/acts.h */
#include "tests/unit/life.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define THREADS 50

/* One of those who come at once. */
struct one {
	struct act_ctx ctx;
	struct rst_view token;
	char name[32], mail[64];
	uint64_t id;
	enum rst_err err;
	enum rule_verdict verdict;
};

/* RST_EBUSY is lawful and says "again": the slots are few, the lock is one. */
static void *
register_one(void *arg)
{
	struct one *one = arg;
	const struct act_person person = {
		.username = rst_view_of(one->name),
		.given_name = RST_VIEW("Ada"),
		.surname = RST_VIEW("Lovelace"),
		.mail = rst_view_of(one->mail),
		.password = RST_VIEW(LIFE_PASSWORD),
	};
	struct act_refusal refusal;
	enum rst_status status;

	do
		one->err = act_register(&one->ctx, one->token, &person,
		                        &one->id, &status, &refusal);
	while (one->err == RST_EBUSY);
	one->verdict = refusal.verdict;
	return NULL;
}

static void
run(struct one *ones)
{
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, register_one,
		                                &ones[i]),
		                 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
}

static void
prepare(struct life *life, struct one *ones, uint32_t uses,
        char token[RST_TOKEN_TEXT])
{
	const struct act_invite invite = { .uses = uses };
	uint64_t id;

	life_ok(life,
	        act_invite(&life->ctx, &invite, token, &id, &life->refusal));
	for (int i = 0; i < THREADS; i++) {
		ones[i].ctx = life->ctx;
		ones[i].token = rst_view_of(token);
		snprintf(ones[i].name, sizeof(ones[i].name), "user%d", i);
		snprintf(ones[i].mail, sizeof(ones[i].mail),
		         "user%d@example.org", i);
	}
}

static void
fifty_at_once_get_fifty_numbers(void **state)
{
	static struct one ones[THREADS];
	struct life *life = *state;
	char token[RST_TOKEN_TEXT];
	bool seen[THREADS] = { false };

	prepare(life, ones, THREADS, token);
	run(ones);
	for (int i = 0; i < THREADS; i++) {
		uint64_t number;

		assert_int_equal(ones[i].err, RST_OK);
		assert_true(rst_view_number(
			rst_view_of(
				life_value(life, ones[i].id, RST_A_UIDNUMBER)),
			10000 + THREADS - 1, &number));
		assert_true(number >= 10000);
		assert_false(seen[number - 10000]);
		seen[number - 10000] = true;
	}
}

static void
of_fifty_who_redeem_one_link_one_is_let_in(void **state)
{
	static struct one ones[THREADS];
	struct life *life = *state;
	char token[RST_TOKEN_TEXT];
	int in = 0;

	prepare(life, ones, 1, token);
	run(ones);
	for (int i = 0; i < THREADS; i++) {
		if (ones[i].err == RST_OK) {
			in++;
			continue;
		}
		assert_int_equal(ones[i].err, RST_EDENIED);
		assert_int_equal(ones[i].verdict, RULE_INVALID_INVITE);
	}
	assert_int_equal(in, 1);
}

static void
of_fifty_who_want_one_name_one_has_it(void **state)
{
	static struct one ones[THREADS];
	struct life *life = *state;
	char token[RST_TOKEN_TEXT];
	int in = 0;

	prepare(life, ones, THREADS, token);
	for (int i = 0; i < THREADS; i++)
		snprintf(ones[i].name, sizeof(ones[i].name), "ada");
	run(ones);
	for (int i = 0; i < THREADS; i++) {
		if (ones[i].err == RST_OK) {
			in++;
			continue;
		}
		assert_int_equal(ones[i].err, RST_EDENIED);
		assert_int_equal(ones[i].verdict, RULE_USERNAME_TAKEN);
	}
	assert_int_equal(in, 1);
}

static void
dead_numbers_do_not_come_back(void **state)
{
	struct life *life = *state;
	char name[32], number[16];

	for (int i = 0; i < 20; i++) {
		uint64_t id;

		snprintf(name, sizeof(name), "user%d", i);
		id = life_person(life, name);
		snprintf(number, sizeof(number), "%d", 10000 + i);
		assert_string_equal(life_value(life, id, RST_A_UIDNUMBER),
		                    number);
		life_ok(life, life_delete(life, id));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(fifty_at_once_get_fifty_numbers),
		LIFE_TEST(of_fifty_who_redeem_one_link_one_is_let_in),
		LIFE_TEST(of_fifty_who_want_one_name_one_has_it),
		LIFE_TEST(dead_numbers_do_not_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
