/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_signin.c - sessions and passwords of people: lifecycle/acts.h */
#include "tests/unit/entries.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lifecycle/password.h"
#include "lifecycle/setting.h"
#include "store/env_priv.h"

static enum rst_err
try(struct life *life, const char *name, const char *password,
    char token[RST_TOKEN_TEXT])
{
	struct rst_session session;

	return act_sign_in(&life->ctx, rst_view_of(name), rst_view_of(password),
	                   RST_VIEW("test"), token, &session, &life->refusal);
}

static enum rst_err
check(struct life *life, const char *token)
{
	struct rst_session session;

	return act_session_check(&life->ctx, rst_view_of(token), &session);
}

static void
a_person_signs_in_by_name_or_mail(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");
	char token[RST_TOKEN_TEXT], act[64];
	struct rst_session session;

	life_ok(life, try(life, "ada", LIFE_PASSWORD, token));
	life_ok(life, try(life, "ADA", LIFE_PASSWORD, token));
	life_ok(life, try(life, "Ada@EXAMPLE.org", LIFE_PASSWORD, token));
	life_act(life, life_sequence(life), act);
	assert_string_equal(act, "sign-in");
	assert_int_equal(
		act_session_check(&life->ctx, rst_view_of(token), &session),
		RST_OK);
	assert_int_equal(session.user, ada);
	assert_int_equal(session.expires_s, LIFE_NOW + 24 * 3600);
	assert_string_equal(session.agent, "test");
}

/* Their mail is no name to sign in by, so it hides nobody's. */
static void
accounts_of_others_do_not_stand_in_the_way(void **state)
{
	struct life *life = *state;
	char token[RST_TOKEN_TEXT];
	const struct set mail[] = { { RST_A_MAIL, "ada@example.org" },
		                    { RST_A_GIDNUMBER, "2001" },
		                    { 0, NULL } };

	life_ok(life, entries_add(life, "ou=people", "uid=eve", a_posix_account,
	                          mail, 0, NULL));
	(void)life_person_with_password(life, "ada");
	life_ok(life, try(life, "ada@example.org", LIFE_PASSWORD, token));
}

static void
failures_are_one_answer_and_write_nothing(void **state)
{
	struct life *life = *state;
	static const struct {
		const char *name, *password;
	} row[] = {
		{ "ada", "not the passphrase" },
		{ "ada", "" },
		{ "ada", "\xff\xfe" },
		{ "nobodyelse", LIFE_PASSWORD },
		{ "", LIFE_PASSWORD },
		{ "bare", LIFE_PASSWORD },
		{ "bare", "" },
		{ "sleeper", "wrong wrong" },
		{ "x@y", LIFE_PASSWORD },
		{ "a,ou=b", LIFE_PASSWORD },
		{ "\x01", LIFE_PASSWORD },
	};
	char token[RST_TOKEN_TEXT];
	uint64_t sequence, sleeper;

	life_person_with_password(life, "ada");
	life_person(life, "bare");
	sleeper = life_person_with_password(life, "sleeper");
	life_ok(life,
	        act_suspend(&life->ctx, sleeper, RST_VIEW(""), &life->refusal));
	sequence = life_sequence(life);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		life_refused(life,
		             try(life, row[i].name, row[i].password, token),
		             RULE_INVALID_CREDENTIALS, NULL);
	/* why is told to who knows the password */
	life_refused(life, try(life, "sleeper", LIFE_PASSWORD, token),
	             RULE_ACCOUNT_INACTIVE, NULL);
	assert_int_equal(life_sequence(life), sequence);
}

static void
an_account_without_a_lifecycle_has_no_web_session(void **state)
{
	struct life *life = *state;
	char hash[LIFECYCLE_HASH_MAX], token[RST_TOKEN_TEXT];
	const struct set sets[] = {
		{ RST_A_MAIL, "legacy@example.org" },
		{ RST_A_USERPASSWORD, hash },
		{ 0 },
	};

	assert_int_equal(lifecycle_password_hash(life->env,
	                                         RST_VIEW(LIFE_PASSWORD), hash),
	                 RST_OK);
	life_ok(life, entries_add(life, "ou=people", "uid=legacy",
	                          a_posix_account, sets, 0, NULL));
	life_refused(life, try(life, "legacy", LIFE_PASSWORD, token),
	             RULE_INVALID_CREDENTIALS, NULL);
	life_refused(life,
	             try(life, "legacy@example.org", LIFE_PASSWORD, token),
	             RULE_INVALID_CREDENTIALS, NULL);
}

static double
cpu_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The least CPU time of a few attempts. */
static double
cost(struct life *life, const char *name, const char *password)
{
	char token[RST_TOKEN_TEXT];
	double least = 1e9;

	for (int i = 0; i < 5; i++) {
		double start = cpu_s(), took;

		assert_int_equal(try(life, name, password, token), RST_EDENIED);
		took = cpu_s() - start;
		if (took < least)
			least = took;
	}
	return least;
}

static void
an_unknown_account_costs_what_a_wrong_password_costs(void **state)
{
	struct life *life = *state;
	double wrong;

	life_person_with_password(life, "ada");
	life_person(life, "bare");
	wrong = cost(life, "ada", "not the passphrase");
	assert_true(wrong > 0.001);
	assert_true(cost(life, "nobodyelse", "not the passphrase") >
	            wrong * 0.6);
	assert_true(cost(life, "bare", "not the passphrase") > wrong * 0.6);
	assert_true(cost(life, "ada", "\xff") > wrong * 0.6);
	assert_true(cost(life, "ada", "") > wrong * 0.6);
}

static void
a_session_ends_by_time_and_by_sign_out(void **state)
{
	struct life *life = *state;
	unsigned char digest[RST_DIGEST_BYTES];
	char token[RST_TOKEN_TEXT], act[64];

	life_person_with_password(life, "ada");
	life_ok(life, try(life, "ada", LIFE_PASSWORD, token));
	assert_int_equal(check(life, token), RST_OK);
	assert_int_equal(check(life, "no token"), RST_EDENIED);
	assert_int_equal(check(life, ""), RST_EDENIED);
	life->ctx.now_s = LIFE_NOW + 3600; /* an hour without a word */
	assert_int_equal(check(life, token), RST_EDENIED);
	/* used every half an hour it lives for a day */
	life->ctx.now_s = LIFE_NOW;
	for (int i = 0; i < 47; i++) {
		life->ctx.now_s += 1800;
		assert_int_equal(check(life, token), RST_OK);
	}
	life->ctx.now_s += 1799;
	assert_int_equal(check(life, token), RST_OK);
	life->ctx.now_s += 1;
	assert_int_equal(check(life, token), RST_EDENIED);

	life_ok(life, try(life, "ada", LIFE_PASSWORD, token));
	assert_true(rst_token_digest(rst_view_of(token), digest));
	life_ok(life, act_sign_out(&life->ctx, digest, &life->refusal));
	life_act(life, life_sequence(life), act);
	assert_string_equal(act, "sign-out");
	assert_int_equal(check(life, token), RST_EDENIED);
	assert_int_equal(act_sign_out(&life->ctx, digest, &life->refusal),
	                 RST_ENOTFOUND);
}

static void
sessions_of_one_person_are_capped(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");
	char first[RST_TOKEN_TEXT], token[RST_TOKEN_TEXT];

	life_ok(life, try(life, "ada", LIFE_PASSWORD, first));
	for (int i = 0; i < RST_SESSIONS_PER_USER; i++) {
		life->ctx.now_s++;
		life_ok(life, try(life, "ada", LIFE_PASSWORD, token));
	}
	assert_int_equal(life_sessions(life, ada), RST_SESSIONS_PER_USER);
	assert_int_equal(check(life, first), RST_EDENIED);
	assert_int_equal(check(life, token), RST_OK);
}

static void
a_changed_password_keeps_one_session(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");
	const struct rst_view old = RST_VIEW(LIFE_PASSWORD);
	const struct rst_view next = RST_VIEW("another long passphrase");
	char mine[RST_TOKEN_TEXT], other[RST_TOKEN_TEXT];
	unsigned char digest[RST_DIGEST_BYTES];

	life_ok(life, try(life, "ada", LIFE_PASSWORD, mine));
	life_ok(life, try(life, "ada", LIFE_PASSWORD, other));
	assert_true(rst_token_digest(rst_view_of(mine), digest));
	life_refused(life,
	             act_change_password(&life->ctx, ada, RST_VIEW("wrong one"),
	                                 next, digest, &life->refusal),
	             RULE_WRONG_PASSWORD, "old");
	life_refused(life,
	             act_change_password(&life->ctx, ada, old,
	                                 RST_VIEW("short"), digest,
	                                 &life->refusal),
	             RULE_WEAK_PASSWORD, "new");
	life_refused(life,
	             act_change_password(&life->ctx, ada, old,
	                                 RST_VIEW("a\nb and so much more"),
	                                 digest, &life->refusal),
	             RULE_INVALID_PASSWORD, "new");
	assert_int_equal(check(life, other), RST_OK);
	life_ok(life, act_change_password(&life->ctx, ada, old, next, digest,
	                                  &life->refusal));
	assert_int_equal(check(life, mine), RST_OK);
	assert_int_equal(check(life, other), RST_EDENIED);
	life_refused(life, try(life, "ada", LIFE_PASSWORD, other),
	             RULE_INVALID_CREDENTIALS, NULL);
	life_ok(life, try(life, "ada", next.ptr, other));
	/* an administrator needs no old one, and keeps none of hers */
	life_ok(life, act_change_password(&life->ctx, ada, rst_view(NULL, 0),
	                                  old, NULL, &life->refusal));
	assert_int_equal(check(life, mine), RST_EDENIED);
	assert_int_equal(life_sessions(life, ada), 0);
	assert_int_equal(act_change_password(
				 &life->ctx, life_find_group(life, "ldapusers"),
				 rst_view(NULL, 0), next, NULL, &life->refusal),
	                 RST_ENOTFOUND);
}

/* Somebody else's session is not kept by naming it. */
static void
only_ones_own_session_is_kept(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");
	unsigned char digest[RST_DIGEST_BYTES];
	char bobs[RST_TOKEN_TEXT];
	uint64_t bob = life_person_with_password(life, "bob");

	life_ok(life, try(life, "bob", LIFE_PASSWORD, bobs));
	assert_true(rst_token_digest(rst_view_of(bobs), digest));
	life_ok(life, act_change_password(&life->ctx, ada, rst_view(NULL, 0),
	                                  RST_VIEW("another long passphrase"),
	                                  digest, &life->refusal));
	assert_int_equal(life_sessions(life, ada), 0);
	assert_int_equal(life_sessions(life, bob), 1);
	assert_int_equal(check(life, bobs), RST_OK);
}

/* What happens while somebody waits for a slot to hash in. */
struct meanwhile {
	struct life *life;
	uint64_t person;
	int slots; /* closed by the first wait */
};

static bool
suspend_meanwhile(void *arg)
{
	struct meanwhile *m = arg;

	if (m->slots >= 0) {
		life_ok(m->life, act_suspend(&m->life->ctx, m->person,
		                             RST_VIEW(""), &m->life->refusal));
		close(m->slots);
		m->slots = -1;
	}
	return true;
}

static void
hold_all_slots(struct meanwhile *m)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[256];

	snprintf(path, sizeof(path), "%s/hash.lock", rst_env_dir(m->life->env));
	m->slots = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	assert_true(m->slots >= 0);
	assert_int_equal(fcntl(m->slots, F_OFD_SETLK, &lock), 0);
	lifecycle_password_set_pause(suspend_meanwhile, m);
}

static void
who_changed_while_a_hash_ran_is_asked_again(void **state)
{
	struct life *life = *state;
	struct meanwhile m = { life, life_person_with_password(life, "ada"),
		               -1 };
	char token[RST_TOKEN_TEXT];

	hold_all_slots(&m);
	assert_int_equal(
		act_change_password(&life->ctx, m.person, rst_view(NULL, 0),
	                            RST_VIEW("another long passphrase"), NULL,
	                            &life->refusal),
		RST_EBUSY);
	life_ok(life, act_activate(&life->ctx, m.person, RST_VIEW(""),
	                           &life->refusal));
	/* and does not sign in as who he was */
	hold_all_slots(&m);
	life_refused(life, try(life, "ada", LIFE_PASSWORD, token),
	             RULE_INVALID_CREDENTIALS, NULL);
	lifecycle_password_set_pause(NULL, NULL);
	assert_int_equal(life_sessions(life, m.person), 0);
}

/* In a write that is aborted. */
static enum rst_err
ask_of_damaged(struct life *life, uint64_t person, uint64_t damaged,
               bool *ret_must)
{
	struct rst_wtxn txn = { 0 };
	char key[8];
	enum rst_err err;

	rst_put_be64(key, damaged);
	fixture_write(life->fixture, &txn);
	assert_int_equal(rst_db_put(&txn, RST_T_ENTRY, rst_view(key, 8),
	                            RST_VIEW("none"), true),
	                 RST_OK);
	err = act_must_change(&txn.r, person, LIFE_NOW, ret_must);
	rst_write_abort(&txn);
	return err;
}

static const struct set a_setting[] = {
	{ RST_A_OBJECTCLASS, "rosterSetting" },
	{ 0, NULL },
};
static const struct set of_ops[] = {
	{ RST_A_ROSTERAPPLIESTO, "cn=ops,ou=groups,dc=example,dc=org" },
	{ RST_A_ROSTERPRIORITY, "1" },
	{ 0, NULL },
};

static void
what_cannot_be_read_is_no_good_password(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");
	uint64_t group = life_group(life, "ops", false);
	struct rst_record settings;
	struct rst_rtxn txn;
	bool must = true;
	uint64_t id = 0;

	life_ok(life, entries_add(life, "ou=policies", "cn=short", a_setting,
	                          of_ops, 0, &id));
	fixture_read(life->fixture, &txn);
	assert_int_equal(act_must_change(&txn, ada, LIFE_NOW, &must), RST_OK);
	assert_false(must);
	assert_int_equal(act_must_change(&txn, group, LIFE_NOW, &must), RST_OK);
	assert_false(must);
	assert_int_equal(lifecycle_settings(&txn, &settings), RST_OK);
	rst_read_end(&txn);
	must = true;
	assert_int_equal(ask_of_damaged(life, ada, ada, &must), RST_ECORRUPT);
	assert_int_equal(ask_of_damaged(life, ada, id, &must), RST_ECORRUPT);
	assert_int_equal(ask_of_damaged(life, ada, settings.id, &must),
	                 RST_ECORRUPT);
	assert_true(must);
	life_ok(life, life_set(life, ada, RST_A_PWDRESET, "TRUE"));
	must = false;
	fixture_read(life->fixture, &txn);
	assert_int_equal(act_must_change(&txn, ada, LIFE_NOW, &must), RST_OK);
	assert_true(must);
	rst_read_end(&txn);
}

static void
a_suspension_ends_the_session_at_its_next_use(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");
	char token[RST_TOKEN_TEXT];

	life_ok(life, try(life, "ada", LIFE_PASSWORD, token));
	life_ok(life,
	        act_suspend(&life->ctx, ada, RST_VIEW(""), &life->refusal));
	assert_int_equal(check(life, token), RST_EDENIED);
	life_ok(life,
	        act_activate(&life->ctx, ada, RST_VIEW(""), &life->refusal));
	assert_int_equal(check(life, token), RST_EDENIED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(a_person_signs_in_by_name_or_mail),
		LIFE_TEST(accounts_of_others_do_not_stand_in_the_way),
		LIFE_TEST(failures_are_one_answer_and_write_nothing),
		LIFE_TEST(an_account_without_a_lifecycle_has_no_web_session),
		LIFE_TEST(an_unknown_account_costs_what_a_wrong_password_costs),
		LIFE_TEST(a_session_ends_by_time_and_by_sign_out),
		LIFE_TEST(sessions_of_one_person_are_capped),
		LIFE_TEST(a_changed_password_keeps_one_session),
		LIFE_TEST(only_ones_own_session_is_kept),
		LIFE_TEST(who_changed_while_a_hash_ran_is_asked_again),
		LIFE_TEST(what_cannot_be_read_is_no_good_password),
		LIFE_TEST(a_suspension_ends_the_session_at_its_next_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
