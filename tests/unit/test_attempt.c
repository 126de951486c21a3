/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_attempt.c - locks, throttles and whom they keep out */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lifecycle/attempt.h"
#include "lifecycle/moment.h"
#include "tests/unit/life.h"

#define HOME     "192.0.2.1:4711"
#define OFFICE   "192.0.2.2:4711"
#define STRANGER "203.0.113.9:4711"
#define PROXY_64 "[2001:db8:0:1::%x]:4711"

/* Somebody tries password for account id (0: name) from address. */
struct trial {
	uint64_t id;
	const char *name, *address, *password;
	bool right;
};

static enum attempt_standing
try(struct life *life, const struct trial *trial)
{
	char since[LIFECYCLE_TIME_BYTES] = "";
	struct attempt_policy policy;
	struct attempt attempt;
	struct rst_rtxn txn;
	enum rst_err outcome;
	bool looked;

	assert_int_equal(rst_read_begin(life->env, &txn), RST_OK);
	assert_int_equal(attempt_policy(&txn, trial->id, &policy), RST_OK);
	rst_read_end(&txn);
	if (trial->id != 0)
		snprintf(since, sizeof(since), "%s",
		         life_value(life, trial->id,
		                    RST_A_PWDACCOUNTLOCKEDTIME));
	life->ctx.address = rst_view_of(trial->address);
	assert_int_equal(
		attempt_begin(life->env, &policy,
	                      &(struct attempt_claim){
				      .id = trial->id,
				      .name = rst_view_of(trial->name),
				      .since = rst_view_of(since),
				      .address = life->ctx.address,
				      .password = rst_view_of(trial->password),
				      .now_s = life->ctx.now_s,
			      },
	                      &attempt),
		RST_OK);
	looked = attempt.standing == ATTEMPT_FREE ||
	         attempt.standing == ATTEMPT_SUSPECT;
	outcome = attempt_outcome(
		&attempt, looked && trial->right ? RST_OK : RST_EDENIED);
	attempt_end(&life->ctx, &attempt, outcome);
	/* a look that cannot help */
	return looked && trial->right && outcome != RST_OK ? ATTEMPT_LOCKED
	                                                   : attempt.standing;
}

/* n failures with different passwords; the last standing. */
static enum attempt_standing
fail_often(struct life *life, uint64_t id, const char *address, int n)
{
	enum attempt_standing standing = ATTEMPT_FREE;
	char password[32];

	for (int i = 0; i < n; i++) {
		snprintf(password, sizeof(password), "wrong %s %d", address, i);
		standing = try(life, &(struct trial){ id, "", address, password,
		                                      false });
	}
	return standing;
}

static enum attempt_standing
succeed(struct life *life, uint64_t id, const char *address)
{
	return try(life,
	           &(struct trial){ id, "", address, LIFE_PASSWORD, true });
}

static bool
is_let_in(enum attempt_standing standing)
{
	return standing == ATTEMPT_FREE || standing == ATTEMPT_SUSPECT;
}

static const char *
since_of(struct life *life, uint64_t id)
{
	return life_value(life, id, RST_A_PWDACCOUNTLOCKEDTIME);
}

static void
the_fifth_failure_locks_for_half_an_hour(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice"), before;
	char since[LIFECYCLE_TIME_BYTES], act[64];

	before = life_sequence(life);
	assert_true(is_let_in(fail_often(life, alice, HOME, 4)));
	assert_int_equal(life_sequence(life), before); /* nothing written */
	assert_string_equal(since_of(life, alice), "");
	assert_true(is_let_in(fail_often(life, alice, HOME, 5)));
	lifecycle_time_print(LIFE_NOW, since);
	assert_string_equal(since_of(life, alice), since);
	assert_int_equal(life_sequence(life), before + 1);
	life_act(life, before + 1, act);
	assert_string_equal(act, "lock");

	assert_int_equal(succeed(life, alice, HOME), ATTEMPT_LOCKED);
	assert_int_equal(fail_often(life, alice, HOME, 100), ATTEMPT_LOCKED);
	assert_int_equal(life_sequence(life), before + 1);
	life->ctx.now_s += 1799;
	assert_int_equal(succeed(life, alice, HOME), ATTEMPT_LOCKED);
	life->ctx.now_s += 1;
	assert_int_equal(succeed(life, alice, HOME), ATTEMPT_FREE);
	assert_string_equal(since_of(life, alice), "");
	life_act(life, before + 2, act);
	assert_string_equal(act, "unlock");
	assert_int_equal(life_sequence(life), before + 2);
}

static void
a_success_forgets_the_failures(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");

	for (int i = 0; i < 5; i++) {
		assert_true(is_let_in(fail_often(life, alice, "", 4)));
		assert_true(is_let_in(succeed(life, alice, "")));
	}
	assert_string_equal(since_of(life, alice), "");
}

static void
old_failures_do_not_count(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");

	assert_true(is_let_in(fail_often(life, alice, "", 4)));
	life->ctx.now_s += 900;
	assert_int_equal(
		try(life, &(struct trial){ alice, "", "", "one more", false }),
		ATTEMPT_FREE);
	assert_string_equal(since_of(life, alice), "");
}

static void
one_wrong_password_again_and_again_counts_once(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");
	const struct trial trial = { alice, "", HOME, "the old one", false };

	for (int i = 0; i < 200; i++)
		assert_true(is_let_in(try(life, &trial)));
	assert_string_equal(since_of(life, alice), "");
	assert_true(is_let_in(succeed(life, alice, OFFICE)));
}

static void
a_name_that_nobody_has_is_locked_too(void **state)
{
	struct life *life = *state;
	uint64_t before = life_sequence(life);
	struct trial trial = { 0, "uid=nobody", "", "", false };
	char password[32];

	for (int i = 0; i < 6; i++) {
		snprintf(password, sizeof(password), "guess %d", i);
		trial.password = password;
		assert_int_equal(try(life, &trial) == ATTEMPT_LOCKED, i == 5);
	}
	assert_int_equal(life_sequence(life), before);
	trial.name = "uid=another";
	assert_int_equal(try(life, &trial), ATTEMPT_FREE);
}

/* As somebody's would be, whatever the door and the case. */
static void
a_name_that_nobody_has_is_one_at_every_door(void **state)
{
	static const char *const written[] = {
		"nobody",
		"Nobody",
		"uid=nobody,ou=people,dc=example,dc=org",
		"NOBODY",
		"uid=nobody,ou=people,dc=example,dc=org",
	};
	struct life *life = *state;
	char password[16];

	for (int i = 0; i < 5; i++) {
		snprintf(password, sizeof(password), "guess %d", i);
		assert_true(is_let_in(
			try(life, &(struct trial){ 0, written[i], HOME,
		                                   password, false })));
	}
	for (int i = 0; i < 5; i++)
		assert_int_equal(try(life, &(struct trial){ 0, written[i], HOME,
		                                            "x", false }),
		                 ATTEMPT_LOCKED);
	/* and another one is another */
	assert_true(is_let_in(
		try(life, &(struct trial){ 0, "uid=nobody,ou=services,dc=x",
	                                   HOME, "x", false })));
}

static void
a_stranger_does_not_lock_the_owner_out(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice"), before;

	assert_int_equal(succeed(life, alice, HOME), ATTEMPT_FREE);
	assert_true(is_let_in(fail_often(life, alice, STRANGER, 5)));
	assert_int_equal(fail_often(life, alice, STRANGER, 1), ATTEMPT_LOCKED);
	assert_string_not_equal(since_of(life, alice), "");

	before = life_sequence(life);
	assert_int_equal(succeed(life, alice, HOME), ATTEMPT_FREE);
	assert_int_equal(life_sequence(life), before);
	/* which does not let the stranger go on */
	assert_int_equal(fail_often(life, alice, STRANGER, 1), ATTEMPT_LOCKED);
	/* nor anybody from where she never was */
	assert_int_equal(succeed(life, alice, OFFICE), ATTEMPT_LOCKED);
	/* her own place has its own count */
	assert_true(is_let_in(fail_often(life, alice, HOME, 5)));
	assert_int_equal(succeed(life, alice, HOME), ATTEMPT_LOCKED);
}

static void
trust_ends_after_thirty_days(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");

	assert_int_equal(succeed(life, alice, HOME), ATTEMPT_FREE);
	life->ctx.now_s += ATTEMPT_TRUST_S - 1;
	assert_true(is_let_in(fail_often(life, alice, STRANGER, 5)));
	assert_int_equal(
		try(life, &(struct trial){ alice, "", HOME, "x", false }),
		ATTEMPT_FREE);
	life->ctx.now_s += 1;
	assert_int_equal(succeed(life, alice, HOME), ATTEMPT_LOCKED);
}

static void
ten_failures_make_an_address_wait(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");
	uint64_t bob = life_person(life, "bob");
	struct trial trial = { 0, "", STRANGER, "guess", false };
	char name[32];

	assert_int_equal(succeed(life, bob, STRANGER), ATTEMPT_FREE);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "uid=person%d", i);
		trial.name = name;
		assert_true(is_let_in(try(life, &trial)));
	}
	assert_int_equal(try(life, &trial), ATTEMPT_THROTTLED);
	assert_int_equal(attempt_wait_s(&life->ctx), 300);
	assert_int_equal(succeed(life, alice, STRANGER), ATTEMPT_THROTTLED);
	/* who signed in from there before is not held up by neighbours */
	assert_int_equal(succeed(life, bob, STRANGER), ATTEMPT_FREE);
	assert_int_equal(succeed(life, alice, HOME), ATTEMPT_FREE);
	life->ctx.now_s += 299;
	assert_int_equal(try(life, &trial), ATTEMPT_THROTTLED);
	life->ctx.now_s += 1;
	assert_true(is_let_in(try(life, &trial)));
}

static void
an_ipv6_network_is_one_address(void **state)
{
	struct life *life = *state;
	struct trial trial = { 0, "", "", "guess", false };
	char name[32], address[64];

	for (int i = 0; i < 11; i++) {
		snprintf(name, sizeof(name), "uid=person%d", i);
		snprintf(address, sizeof(address), PROXY_64, i);
		trial.name = name;
		trial.address = address;
		assert_int_equal(try(life, &trial) == ATTEMPT_THROTTLED,
		                 i == 10);
	}
	trial.address = "[2001:db8:0:2::1]:4711";
	assert_int_equal(try(life, &trial), ATTEMPT_FREE);
}

static void
this_machine_does_not_wait(void **state)
{
	static const char *const local[] = { "", "ldapi", "unix" };
	struct life *life = *state;
	struct trial trial = { 0, "", "", "guess", false };
	char name[32];

	for (int i = 0; i < 36; i++) {
		snprintf(name, sizeof(name), "uid=person%d", i);
		trial.name = name;
		trial.address = local[i % 3];
		assert_int_equal(try(life, &trial), ATTEMPT_FREE);
	}
}

static void
an_administrator_unlocks(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");

	(void)fail_often(life, alice, HOME, 5);
	assert_int_equal(succeed(life, alice, HOME), ATTEMPT_LOCKED);
	/* by ldapmodify */
	life_ok(life, life_set(life, alice, RST_A_PWDACCOUNTLOCKEDTIME, NULL));
	assert_true(is_let_in(succeed(life, alice, HOME)));

	(void)fail_often(life, alice, OFFICE, 5);
	assert_int_equal(succeed(life, alice, OFFICE), ATTEMPT_LOCKED);
	life_ok(life, act_unlock(&life->ctx, alice, RST_VIEW("asked"),
	                         &life->refusal));
	assert_string_equal(since_of(life, alice), "");
	assert_true(is_let_in(succeed(life, alice, OFFICE)));
	/* there is nothing to unlock: nothing happens */
	life_ok(life,
	        act_unlock(&life->ctx, alice, RST_VIEW(""), &life->refusal));
	assert_int_equal(
		act_unlock(&life->ctx, 4711, RST_VIEW(""), &life->refusal),
		RST_ENOTFOUND);
}

static void
a_new_password_unlocks(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");
	char act[64];

	(void)fail_often(life, alice, HOME, 5);
	assert_string_not_equal(since_of(life, alice), "");
	life_ok(life, act_change_password(&life->ctx, alice, rst_view(NULL, 0),
	                                  RST_VIEW(LIFE_PASSWORD), NULL,
	                                  &life->refusal));
	assert_string_equal(since_of(life, alice), "");
	life_act(life, life_sequence(life), act);
	assert_string_equal(act, "unlock");
	assert_true(is_let_in(succeed(life, alice, HOME)));
}

static void
a_lock_without_end_holds_for_all(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");

	assert_int_equal(succeed(life, alice, HOME), ATTEMPT_FREE);
	life_ok(life, life_set(life, alice, RST_A_PWDACCOUNTLOCKEDTIME,
	                       "000001010000Z"));
	assert_int_equal(succeed(life, alice, HOME), ATTEMPT_LOCKED);
	life->ctx.now_s += 10 * ATTEMPT_TRUST_S;
	assert_int_equal(succeed(life, alice, HOME), ATTEMPT_LOCKED);
	/* it is no shorter for wrong passwords, nor quicker to refuse */
	assert_true(is_let_in(fail_often(life, alice, OFFICE, 4)));
	assert_int_equal(fail_often(life, alice, OFFICE, 6), ATTEMPT_LOCKED);
	assert_string_equal(since_of(life, alice), "000001010000Z");
}

static void
a_lock_does_not_end_sessions(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");
	uint64_t generation = life_generation(life, alice);

	(void)fail_often(life, alice, HOME, 5);
	assert_int_equal(life_generation(life, alice), generation);
}

static void
who_failed_just_now_is_suspect_for_a_minute(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");
	uint64_t bob = life_person(life, "bob");

	(void)fail_often(life, alice, STRANGER, 1);
	assert_int_equal(fail_often(life, alice, OFFICE, 1), ATTEMPT_SUSPECT);
	assert_int_equal(succeed(life, bob, HOME), ATTEMPT_FREE);
	life->ctx.now_s += ATTEMPT_SUSPECT_S;
	assert_int_equal(fail_often(life, alice, OFFICE, 1), ATTEMPT_FREE);
}

static void
an_address_is_suspect_after_five_of_its_people_failed(void **state)
{
	struct life *life = *state;
	char name[] = "person0";
	uint64_t bob = life_person(life, "bob");
	uint64_t carol = life_person(life, "carol");

	for (int i = 0; i < ATTEMPT_SUSPECT_FAILURES; i++) {
		name[6] = (char)('0' + i);
		assert_int_equal(
			fail_often(life, life_person(life, name), OFFICE, 1),
			ATTEMPT_FREE);
	}
	assert_int_equal(succeed(life, bob, OFFICE), ATTEMPT_SUSPECT);
	assert_int_equal(succeed(life, bob, OFFICE), ATTEMPT_FREE);
	assert_int_equal(succeed(life, carol, HOME), ATTEMPT_FREE);
	life->ctx.now_s += ATTEMPT_SUSPECT_S;
	assert_int_equal(succeed(life, carol, OFFICE), ATTEMPT_FREE);
}

static struct rst_journal_public
journaled(struct life *life, uint64_t sequence, struct rst_rtxn *txn)
{
	struct rst_journal_public record;

	assert_int_equal(rst_read_begin(life->env, txn), RST_OK);
	assert_int_equal(rst_journal_get(txn, sequence, &record), RST_OK);
	return record;
}

static void
failures_reach_the_journal_added_up(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice"), before;
	struct rst_journal_public record;
	struct rst_rtxn txn;

	before = life_sequence(life);
	for (int i = 0; i < 17; i++)
		(void)try(life, &(struct trial){ alice, "", HOME, "x", false });
	(void)try(life, &(struct trial){ 0, "uid=x", HOME, "x", false });
	(void)try(life, &(struct trial){ 0, "uid=y", HOME, "y", false });
	life_ok(life, attempt_report(&life->ctx, false));
	assert_int_equal(life_sequence(life), before);
	life->ctx.now_s += THROTTLE_REPORT_S;
	life_ok(life, attempt_report(&life->ctx, false));
	assert_int_equal(life_sequence(life), before + 2);
	for (uint64_t i = 1; i <= 2; i++) {
		record = journaled(life, before + i, &txn);
		assert_true(
			rst_view_equal(record.act, RST_VIEW("sign-in-failed")));
		assert_true(
			rst_view_equal(record.address, RST_VIEW("192.0.2.1")));
		if (record.dn.len > 0) {
			assert_memory_equal(record.dn.ptr, "uid=alice,", 10);
			assert_true(rst_view_equal(record.reason,
			                           RST_VIEW("17 times")));
		} else {
			assert_true(rst_view_equal(record.reason,
			                           RST_VIEW("2 times")));
		}
		rst_read_end(&txn);
	}
	life_ok(life, attempt_report(&life->ctx, true));
	assert_int_equal(life_sequence(life), before + 2);
}

/* id signs in at now_s. */
static void
let_in(struct life *life, enum throttle_event event, uint64_t id, int64_t now_s)
{
	struct attempt_policy policy;
	struct rst_rtxn txn;

	assert_int_equal(rst_read_begin(life->env, &txn), RST_OK);
	assert_int_equal(attempt_policy(&txn, id, &policy), RST_OK);
	rst_read_end(&txn);
	life->ctx.now_s = now_s;
	life->ctx.door = RST_DOOR_LDAP;
	life->ctx.address = RST_VIEW(HOME);
	attempt_note(&life->ctx, &policy, event, id);
}

/* The newest record. */
static void
last_says(struct life *life, const char *act, const char *reason)
{
	struct rst_journal_public record;
	struct rst_rtxn txn;

	record = journaled(life, life_sequence(life), &txn);
	assert_true(rst_view_equal(record.act, rst_view_of(act)));
	assert_memory_equal(record.dn.ptr, "uid=alice,", 10);
	assert_true(rst_view_equal(record.address, RST_VIEW("192.0.2.1")));
	assert_int_equal(record.door, RST_DOOR_LDAP);
	if (!rst_view_equal(record.reason, rst_view_of(reason)))
		fail_msg("%.*s", (int)record.reason.len, record.reason.ptr);
	rst_read_end(&txn);
}

static void
a_success_is_told_at_once_and_then_seldom(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice"), before;
	int64_t now_s = life->ctx.now_s;

	let_in(life, THROTTLE_SIGN_IN, alice, now_s);
	before = life_sequence(life);
	life_ok(life, attempt_report(&life->ctx, false));
	assert_int_equal(life_sequence(life), before + 1);
	last_says(life, "sign-in", "once");
	for (int64_t i = 1; i < THROTTLE_QUIET_S; i += 10) {
		let_in(life, THROTTLE_SIGN_IN, alice, now_s + i);
		life_ok(life, attempt_report(&life->ctx, false));
	}
	assert_int_equal(life_sequence(life), before + 1);
	life->ctx.now_s = now_s + THROTTLE_QUIET_S;
	life_ok(life, attempt_report(&life->ctx, false));
	assert_int_equal(life_sequence(life), before + 2);
	last_says(life, "sign-in", "90 times");
	/* tokens are told of apart, and so is who may not sign in */
	let_in(life, THROTTLE_BY_TOKEN, alice, now_s + THROTTLE_QUIET_S);
	life_ok(life, attempt_report(&life->ctx, false));
	last_says(life, "sign-in", "by an API token, once");
	let_in(life, THROTTLE_INACTIVE, alice, now_s + THROTTLE_QUIET_S);
	life_ok(life, attempt_report(&life->ctx, true));
	last_says(life, "sign-in-failed",
	          "once, though the password was right: the account may not "
	          "sign in");
	/* after a quiet while the next is news again */
	before = life_sequence(life);
	life->ctx.now_s = now_s + 3 * THROTTLE_QUIET_S;
	life_ok(life, attempt_report(&life->ctx, false));
	assert_int_equal(life_sequence(life), before);
	let_in(life, THROTTLE_SIGN_IN, alice, now_s + 3 * THROTTLE_QUIET_S);
	life_ok(life, attempt_report(&life->ctx, false));
	assert_int_equal(life_sequence(life), before + 1);
}

static void
a_policy_keeps_successes_out_of_the_journal(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice"), before;

	life_ok(life,
	        act_set(&life->ctx, RST_VIEW(""), RULE_SETTING_AUDIT_SIGN_INS,
	                RST_VIEW("off"), &life->refusal));
	before = life_sequence(life);
	let_in(life, THROTTLE_SIGN_IN, alice, life->ctx.now_s);
	let_in(life, THROTTLE_BY_TOKEN, alice, life->ctx.now_s);
	life_ok(life, attempt_report(&life->ctx, true));
	assert_int_equal(life_sequence(life), before);
	let_in(life, THROTTLE_INACTIVE, alice, life->ctx.now_s);
	life_ok(life, attempt_report(&life->ctx, true));
	assert_int_equal(life_sequence(life), before + 1);
}

/* A storm of more people than there is room for: none is forgotten. */
static void
a_storm_of_successes_is_counted_whole(void **state)
{
	struct life *life = *state;
	struct throttle *throttle = throttle_of(life->env);
	struct throttle_report *reports =
		calloc(THROTTLE_REPORTS, sizeof(*reports));
	struct throttle_report one = { .event = THROTTLE_SIGN_IN,
		                       .door = RST_DOOR_LDAP,
		                       .count = 1,
		                       .address = "192.0.2.1:1" };
	struct throttle_omitted omitted;
	uint64_t told = 0;
	size_t n;

	assert_non_null(reports);
	for (uint32_t now_s = 1000; now_s < 1003; now_s++) {
		for (uint64_t id = 1; id <= 3000; id++) {
			one.id = 10000 * now_s + id;
			throttle_report_add(throttle, &one, now_s);
		}
		n = throttle_report_take(throttle, now_s, false, reports,
		                         &omitted);
		/* those that were told of make room */
		assert_true(n > 2900);
		for (size_t i = 0; i < n; i++)
			told += reports[i].count;
		told += omitted.successes;
		assert_int_equal(omitted.failures, 0);
	}
	assert_int_equal(told, 9000);
	free(reports);
}

static void
many_failures_are_few_records(void **state)
{
	struct life *life = *state;
	uint64_t before = life_sequence(life);
	char name[32], address[32];

	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "uid=person%d", i);
		snprintf(address, sizeof(address), "10.%d.%d.7:1", i % 200,
		         i / 200);
		(void)try(life,
		          &(struct trial){ 0, name, address, name, false });
	}
	life_ok(life, attempt_report(&life->ctx, true));
	assert_true(life_sequence(life) > before);
	assert_true(life_sequence(life) <= before + THROTTLE_FAILURES + 1);
}

static void
without_the_lifecycle_nothing_is_locked(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice"), before;
	struct rst_wtxn txn;

	assert_int_equal(rst_write_begin(life->env, RST_WRITE_ORDINARY, &txn),
	                 RST_OK);
	assert_int_equal(rst_setting_put(&txn, "lifecycle", RST_VIEW("off")),
	                 RST_OK);
	assert_int_equal(rst_write_commit(&txn), RST_OK);
	before = life_sequence(life);
	assert_true(is_let_in(fail_often(life, alice, STRANGER, 50)));
	life_ok(life, attempt_report(&life->ctx, true));
	assert_int_equal(life_sequence(life), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(the_fifth_failure_locks_for_half_an_hour),
		LIFE_TEST(a_success_forgets_the_failures),
		LIFE_TEST(old_failures_do_not_count),
		LIFE_TEST(one_wrong_password_again_and_again_counts_once),
		LIFE_TEST(a_name_that_nobody_has_is_locked_too),
		LIFE_TEST(a_name_that_nobody_has_is_one_at_every_door),
		LIFE_TEST(a_stranger_does_not_lock_the_owner_out),
		LIFE_TEST(trust_ends_after_thirty_days),
		LIFE_TEST(ten_failures_make_an_address_wait),
		LIFE_TEST(an_ipv6_network_is_one_address),
		LIFE_TEST(this_machine_does_not_wait),
		LIFE_TEST(an_administrator_unlocks),
		LIFE_TEST(a_new_password_unlocks),
		LIFE_TEST(a_lock_without_end_holds_for_all),
		LIFE_TEST(a_lock_does_not_end_sessions),
		LIFE_TEST(who_failed_just_now_is_suspect_for_a_minute),
		LIFE_TEST(
			an_address_is_suspect_after_five_of_its_people_failed),
		LIFE_TEST(failures_reach_the_journal_added_up),
		LIFE_TEST(a_success_is_told_at_once_and_then_seldom),
		LIFE_TEST(a_policy_keeps_successes_out_of_the_journal),
		LIFE_TEST(a_storm_of_successes_is_counted_whole),
		LIFE_TEST(many_failures_are_few_records),
		LIFE_TEST(without_the_lifecycle_nothing_is_locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
