/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_bin.c - the bin, what time does, and what a move brings along */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lifecycle/place.h"
#include "tests/unit/life.h"

#define DAY_S INT64_C(86400)

static void
set_setting(struct life *life, const char *line)
{
	struct rst_rtxn txn;
	uint64_t id;

	fixture_read(life->fixture, &txn);
	assert_int_equal(lifecycle_place(&txn, "cn=settings", &id), RST_OK);
	rst_read_end(&txn);
	life_ok(life, life_set(life, id, RST_A_ROSTERVALUE, line));
}

static void
delete_person(struct life *life, uint64_t id)
{
	life_ok(life, act_delete_person(&life->ctx, id, RST_VIEW("left"),
	                                &life->refusal));
}

static enum rule_state
state_at(struct life *life, uint64_t id, int64_t now_s)
{
	struct rst_record record;
	struct rst_rtxn txn;
	enum rule_state state;

	fixture_read(life->fixture, &txn);
	assert_int_equal(rst_record_get(&txn, id, &record), RST_OK);
	state = act_state(&record, now_s);
	rst_read_end(&txn);
	return state;
}

/* How many accounts end at now_s. */
static size_t
sweep_at(struct life *life, int64_t now_s)
{
	struct act_ctx ctx = life->ctx;
	size_t n;

	ctx.now_s = now_s;
	ctx.door = RST_DOOR_SYSTEM;
	life_ok(life, act_sweep(&ctx, 100, &n, &life->refusal));
	return n;
}

static void
who_is_restored_has_his_groups_and_number_again(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");
	uint64_t users = life_find_group(life, "ldapusers");
	uint64_t crew = life_group(life, "crew", false);

	life_ok(life, act_join(&life->ctx, crew, ada, &life->refusal));
	delete_person(life, ada);
	assert_int_equal(state_at(life, ada, LIFE_NOW), RULE_STATE_DELETED);
	assert_false(life_is_member(life, users, ada));
	assert_false(life_is_member(life, crew, ada));
	assert_string_equal(life_value(life, ada, RST_A_ROSTERSTATUSSINCE),
	                    "20270115080000Z");
	life_ok(life,
	        act_restore(&life->ctx, ada, RST_VIEW(""), &life->refusal));
	assert_int_equal(state_at(life, ada, LIFE_NOW), RULE_STATE_ACTIVE);
	assert_true(life_is_member(life, users, ada));
	assert_true(life_is_member(life, crew, ada));
	assert_string_equal(life_value(life, ada, RST_A_UIDNUMBER), "10000");
	assert_string_equal(life_value(life, ada, RST_A_ROSTERJOINS), "");
	assert_string_equal(life_value(life, ada, RST_A_ROSTERFORMERSTATUS),
	                    "");
}

/* Groups are seen by containers, that do not see who waits. */
static void
who_waits_for_approval_is_in_no_group(void **state)
{
	struct life *life = *state;
	uint64_t users = life_find_group(life, "ldapusers");
	uint64_t crew = life_group(life, "crew", false);
	const struct act_person dora = {
		.username = RST_VIEW("dora"),
		.given_name = RST_VIEW("Dora"),
		.surname = RST_VIEW("D"),
		.mail = RST_VIEW("dora@example.org"),
	};
	uint64_t id;

	life_ok(life, act_create_person(&life->ctx, &dora, RST_STATUS_PENDING,
	                                &id, &life->refusal));
	assert_false(life_is_member(life, users, id));
	life_refused(life, act_join(&life->ctx, crew, id, &life->refusal),
	             RULE_ACCOUNT_INACTIVE, "member");
	assert_false(life_is_member(life, crew, id));
	life_ok(life, life_set(life, id, RST_A_ROSTERJOINS,
	                       "cn=crew,ou=groups,dc=example,dc=org"));
	life_ok(life,
	        act_approve(&life->ctx, id, RST_VIEW(""), &life->refusal));
	assert_true(life_is_member(life, users, id));
	assert_true(life_is_member(life, crew, id));
	delete_person(life, id);
	life_refused(life, act_join(&life->ctx, crew, id, &life->refusal),
	             RULE_ACCOUNT_INACTIVE, "member");
}

static void
who_was_suspended_comes_back_suspended(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");

	life_ok(life,
	        act_suspend(&life->ctx, ada, RST_VIEW(""), &life->refusal));
	delete_person(life, ada);
	life_ok(life,
	        act_restore(&life->ctx, ada, RST_VIEW(""), &life->refusal));
	assert_int_equal(state_at(life, ada, LIFE_NOW), RULE_STATE_SUSPENDED);
	assert_true(
		life_is_member(life, life_find_group(life, "ldapusers"), ada));
}

static void
who_is_restored_suspended_administers_nothing(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");
	uint64_t bob = life_person(life, "bob");
	uint64_t admins = life_find_group(life, "sysadmins");

	life_ok(life, act_join(&life->ctx, admins, ada, &life->refusal));
	life_ok(life, act_join(&life->ctx, admins, bob, &life->refusal));
	delete_person(life, ada);
	life_ok(life, life_set(life, ada, RST_A_ROSTERSTATUS, "suspended"));
	assert_true(
		life_is_member(life, life_find_group(life, "ldapusers"), ada));
	assert_false(life_is_member(life, admins, ada));
}

static void
a_group_that_is_gone_is_not_joined_again(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");
	uint64_t crew = life_group(life, "crew", false);

	life_ok(life, act_join(&life->ctx, crew, ada, &life->refusal));
	delete_person(life, ada);
	life_ok(life, act_delete_group(&life->ctx, crew, &life->refusal));
	life_ok(life,
	        act_restore(&life->ctx, ada, RST_VIEW(""), &life->refusal));
	assert_true(
		life_is_member(life, life_find_group(life, "ldapusers"), ada));
}

static void
the_bin_is_emptied_when_its_time_is_over(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");
	uint64_t bob = life_person(life, "bob");

	delete_person(life, ada);
	assert_int_equal(sweep_at(life, LIFE_NOW + 30 * DAY_S - 1), 0);
	assert_true(life_exists(life, ada));
	assert_int_equal(sweep_at(life, LIFE_NOW + 30 * DAY_S), 1);
	assert_false(life_exists(life, ada));
	assert_true(life_exists(life, bob));
	assert_int_equal(sweep_at(life, LIFE_NOW + 30 * DAY_S), 0);
}

static void
pending_people_are_dropped_when_nobody_decides(void **state)
{
	const struct act_person eve = {
		.username = RST_VIEW("eve"),
		.given_name = RST_VIEW("Eve"),
		.surname = RST_VIEW("Test"),
		.mail = RST_VIEW("eve@example.org"),
		.password = RST_VIEW(LIFE_PASSWORD),
	};
	struct life *life = *state;
	uint64_t id;

	life_ok(life, act_create_person(&life->ctx, &eve, RST_STATUS_PENDING,
	                                &id, &life->refusal));
	assert_int_equal(sweep_at(life, LIFE_NOW + 30 * DAY_S - 1), 0);
	set_setting(life, "pending-lifetime=0");
	assert_int_equal(sweep_at(life, LIFE_NOW + 3000 * DAY_S), 0);
	set_setting(life, "pending-lifetime=1h");
	assert_int_equal(sweep_at(life, LIFE_NOW + 3600), 1);
	/* who was never let in leaves the name to the next */
	assert_int_equal(life_find(life, "eve"), 0);
	(void)life_person(life, "eve");
}

static void
without_a_bin_the_deleted_are_gone(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");

	set_setting(life, "bin-retention=0");
	delete_person(life, ada);
	assert_false(life_exists(life, ada));
}

static void
what_is_purged_leaves_a_number_behind(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");

	life_refused(life,
	             act_purge(&life->ctx, ada, RST_VIEW(""), &life->refusal),
	             RULE_STATUS_MOVE, "rosterStatus");
	life_refused(life,
	             act_restore(&life->ctx, ada, RST_VIEW(""), &life->refusal),
	             RULE_STATUS_MOVE, "rosterStatus");
	delete_person(life, ada);
	life_refused(
		life,
		act_activate(&life->ctx, ada, RST_VIEW(""), &life->refusal),
		RULE_STATUS_MOVE, "rosterStatus");
	life_ok(life,
	        act_purge(&life->ctx, ada, RST_VIEW("gone"), &life->refusal));
	assert_string_equal(
		life_value(life, life_person(life, "bob"), RST_A_UIDNUMBER),
		"10001");
}

static void
a_suspension_takes_administrator_rights_for_good(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");
	uint64_t bob = life_person(life, "bob");
	uint64_t admins = life_find_group(life, "sysadmins");
	uint64_t crew = life_group(life, "crew", false);

	life_ok(life, act_join(&life->ctx, admins, ada, &life->refusal));
	life_ok(life, act_join(&life->ctx, admins, bob, &life->refusal));
	life_ok(life, act_join(&life->ctx, crew, ada, &life->refusal));
	life_ok(life, life_set(life, ada, RST_A_ROSTERSTATUS, "suspended"));
	assert_false(life_is_member(life, admins, ada));
	assert_true(life_is_member(life, crew, ada));
	life_ok(life, life_set(life, ada, RST_A_ROSTERSTATUS, "active"));
	assert_false(life_is_member(life, admins, ada));
}

static void
dates_open_and_close_an_account_to_the_second(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");

	life_ok(life,
	        life_set(life, ada, RST_A_ROSTERSTARTS, "20270115080010Z"));
	life_ok(life,
	        life_set(life, ada, RST_A_ROSTEREXPIRES, "20270115080020Z"));
	assert_int_equal(state_at(life, ada, LIFE_NOW + 9), RULE_STATE_EARLY);
	assert_int_equal(state_at(life, ada, LIFE_NOW + 10), RULE_STATE_ACTIVE);
	assert_int_equal(state_at(life, ada, LIFE_NOW + 19), RULE_STATE_ACTIVE);
	assert_int_equal(state_at(life, ada, LIFE_NOW + 20),
	                 RULE_STATE_EXPIRED);
	life_refused(life,
	             life_set(life, ada, RST_A_ROSTERSTARTS, "20270115080020Z"),
	             RULE_INVALID_EXPIRY, "rosterExpires");
	life_refused(
		life,
		life_set(life, ada, RST_A_ROSTEREXPIRES, "20270115080020+0100"),
		RULE_INVALID_EXPIRY, "rosterExpires");
}

static void
an_expired_account_has_no_session_and_gets_none(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");
	struct act_ctx later = life->ctx;
	char token[RST_TOKEN_TEXT];
	struct rst_session session;

	later.now_s = LIFE_NOW + 20;
	life_ok(life,
	        life_set(life, ada, RST_A_ROSTEREXPIRES, "20270115080020Z"));
	life_ok(life, act_sign_in(&life->ctx, RST_VIEW("ada"),
	                          RST_VIEW(LIFE_PASSWORD), RST_VIEW(""), token,
	                          &session, &life->refusal));
	assert_int_equal(
		act_session_check(&life->ctx, rst_view_of(token), &session),
		RST_OK);
	assert_int_equal(
		act_session_check(&later, rst_view_of(token), &session),
		RST_EDENIED);
	life_refused(life,
	             act_sign_in(&later, RST_VIEW("ada"),
	                         RST_VIEW(LIFE_PASSWORD), RST_VIEW(""), token,
	                         &session, &life->refusal),
	             RULE_ACCOUNT_INACTIVE, NULL);
	/* an end that has come already ends the sessions that are open */
	life_ok(life,
	        life_set(life, ada, RST_A_ROSTEREXPIRES, "20200101000000Z"));
	assert_int_equal(life_sessions(life, ada), 0);
}

static void
who_stays_away_is_suspended(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");
	uint64_t bob = life_person_with_password(life, "bob");
	struct act_ctx ctx = life->ctx;
	char token[RST_TOKEN_TEXT];
	struct rst_session session;
	uint64_t walk = 0;
	size_t n;

	ctx.now_s = LIFE_NOW + 90 * DAY_S;
	life_ok(life, act_sweep_idle(&ctx, &walk, &n, &life->refusal));
	assert_int_equal(n, 0); /* nobody asked for it */
	set_setting(life, "inactive-after=90d");
	ctx.now_s = LIFE_NOW + DAY_S;
	life_ok(life,
	        act_sign_in(&ctx, RST_VIEW("bob"), RST_VIEW(LIFE_PASSWORD),
	                    RST_VIEW(""), token, &session, &life->refusal));
	assert_string_equal(life_value(life, bob, RST_A_ROSTERLASTLOGIN),
	                    "20270116080000Z");
	ctx.now_s = LIFE_NOW + 90 * DAY_S - 1;
	life_ok(life, act_sweep_idle(&ctx, &walk, &n, &life->refusal));
	assert_int_equal(n, 0);
	ctx.now_s = LIFE_NOW + 90 * DAY_S;
	life_ok(life, act_sweep_idle(&ctx, &walk, &n, &life->refusal));
	assert_int_equal(n, 1);
	assert_int_equal(walk, 0);
	assert_int_equal(state_at(life, ada, ctx.now_s), RULE_STATE_SUSPENDED);
	assert_int_equal(state_at(life, bob, ctx.now_s), RULE_STATE_ACTIVE);
	/* whoever is let in again has the whole time before him */
	life_ok(life, act_activate(&ctx, ada, RST_VIEW(""), &life->refusal));
	life_ok(life, act_sweep_idle(&ctx, &walk, &n, &life->refusal));
	assert_int_equal(n, 0);
}

/* Person signs agreement as it is. */
static void
sign(struct life *life, uint64_t person, uint64_t agreement, uint32_t version)
{
	struct act_ctx ctx = life->ctx;
	enum rst_status status;
	struct rst_rtxn txn;
	char dn[RST_DN_MAX];
	size_t len;

	assert_int_equal(rst_read_begin(life->env, &txn), RST_OK);
	assert_int_equal(rst_tree_dn(&txn, person, dn, sizeof(dn), &len),
	                 RST_OK);
	rst_read_end(&txn);
	ctx.actor = rst_view(dn, len);
	ctx.actor_id = person;
	life_ok(life, act_sign(&ctx, person, agreement, version, NULL, &status,
	                       &life->refusal));
}

static void
who_is_deactivated_has_signed_nothing(void **state)
{
	static const struct act_agreement first = { .name = RST_VIEW("terms"),
		                                    .text = RST_VIEW("one"),
		                                    .version = 9 },
					  next = { .text = RST_VIEW("two"),
		                                   .version = 10 };
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada"), bob = life_person(life, "bob");
	struct rst_tree_cursor cursor = { .len = 0 };
	struct rst_record agreement, a, b;
	uint64_t terms, signature, left[4];
	struct rst_rtxn txn;
	size_t n;

	life_ok(life, act_create_agreement(&life->ctx, &first, &terms,
	                                   &life->refusal));
	sign(life, ada, terms, 9);
	sign(life, bob, terms, 9);
	life_ok(life,
	        act_edit_agreement(&life->ctx, terms, &next, &life->refusal));
	sign(life, ada, terms, 10);
	sign(life, bob, terms, 10);
	life_ok(life, act_deactivate(&life->ctx, ada, RST_VIEW("left"),
	                             &life->refusal));
	assert_int_equal(rst_read_begin(life->env, &txn), RST_OK);
	assert_int_equal(rst_tree_children(&txn, terms, &cursor, left, 4, &n),
	                 RST_OK);
	assert_int_equal(n, 2);
	assert_int_equal(rst_record_get(&txn, terms, &agreement), RST_OK);
	assert_int_equal(rst_record_get(&txn, ada, &a), RST_OK);
	assert_int_equal(rst_record_get(&txn, bob, &b), RST_OK);
	assert_int_equal(act_signature(&txn, &agreement, &a, &signature),
	                 RST_ENOTFOUND);
	assert_int_equal(act_signature(&txn, &agreement, &b, &signature),
	                 RST_OK);
	rst_read_end(&txn);
}

static void
who_is_deactivated_keeps_nothing(void **state)
{
	static const char key[] =
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QE"
		"RITFBUWFxgZGhscHR4f ada";
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");
	uint64_t boss = life_person_with_password(life, "boss");
	uint64_t everybody = life_find_group(life, "ldapusers");
	uint64_t admins = life_find_group(life, "sysadmins");

	life_ok(life, act_join(&life->ctx, admins, boss, &life->refusal));
	life_ok(life, act_join(&life->ctx, admins, ada, &life->refusal));
	life_ok(life, act_add_key(&life->ctx, ada, rst_view_of(key), 0,
	                          &life->refusal));
	assert_true(life_is_member(life, everybody, ada));
	life_ok(life, act_deactivate(&life->ctx, ada, RST_VIEW("left"),
	                             &life->refusal));
	assert_int_equal(state_at(life, ada, LIFE_NOW), RULE_STATE_SUSPENDED);
	assert_string_equal(life_value(life, ada, RST_A_SSHPUBLICKEY), "");
	assert_string_equal(life_value(life, ada, RST_A_ROSTERREASON), "left");
	assert_false(life_is_member(life, everybody, ada));
	assert_false(life_is_member(life, admins, ada));
	/* once more changes nothing, and nothing comes back */
	life_ok(life, act_deactivate(&life->ctx, ada, RST_VIEW("left"),
	                             &life->refusal));
	life_ok(life,
	        act_activate(&life->ctx, ada, RST_VIEW(""), &life->refusal));
	assert_false(life_is_member(life, everybody, ada));
	assert_false(life_is_member(life, admins, ada));
	life_refused(
		life,
		act_deactivate(&life->ctx, boss, RST_VIEW(""), &life->refusal),
		RULE_LAST_ADMIN, NULL);
	assert_true(life_is_member(life, admins, boss));
	delete_person(life, ada);
	life_refused(
		life,
		act_deactivate(&life->ctx, ada, RST_VIEW(""), &life->refusal),
		RULE_STATUS_MOVE, "rosterStatus");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(who_is_restored_has_his_groups_and_number_again),
		LIFE_TEST(who_waits_for_approval_is_in_no_group),
		LIFE_TEST(who_was_suspended_comes_back_suspended),
		LIFE_TEST(who_is_restored_suspended_administers_nothing),
		LIFE_TEST(a_group_that_is_gone_is_not_joined_again),
		LIFE_TEST(the_bin_is_emptied_when_its_time_is_over),
		LIFE_TEST(pending_people_are_dropped_when_nobody_decides),
		LIFE_TEST(without_a_bin_the_deleted_are_gone),
		LIFE_TEST(what_is_purged_leaves_a_number_behind),
		LIFE_TEST(a_suspension_takes_administrator_rights_for_good),
		LIFE_TEST(who_is_deactivated_keeps_nothing),
		LIFE_TEST(who_is_deactivated_has_signed_nothing),
		LIFE_TEST(who_stays_away_is_suspended),
		LIFE_TEST(dates_open_and_close_an_account_to_the_second),
		LIFE_TEST(an_expired_account_has_no_session_and_gets_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
