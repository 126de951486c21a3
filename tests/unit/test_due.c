/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_due.c - what follows when an end comes by the clock, and mail about it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lifecycle/moment.h"
#include "lifecycle/place.h"
#include "store/outbox.h"
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

/* "ends:ada@example.org ended:..." of the whole outbox. */
static const char *
outbox(struct life *life)
{
	static char text[2048];
	struct rst_mail mail;
	struct rst_rtxn txn;
	uint64_t id = 0;
	size_t len = 0;

	text[0] = '\0';
	fixture_read(life->fixture, &txn);
	while (rst_outbox_next(&txn, id, &mail) == RST_OK) {
		id = mail.id;
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%s%.*s:%.*s",
			len > 0 ? " " : "", (int)mail.template.len,
			mail.template.ptr, (int)mail.to.len, mail.to.ptr);
		rst_mail_release(&mail);
	}
	rst_read_end(&txn);
	return text;
}

static void
end_at(struct life *life, uint64_t id, int64_t end_s)
{
	char time[LIFECYCLE_TIME_BYTES];

	lifecycle_time_print(end_s, time);
	life_ok(life, life_set(life, id, RST_A_ROSTEREXPIRES, time));
}

/* How many ended; *ret_looked entries were looked at. */
static size_t
sweep_at(struct life *life, int64_t now_s, size_t *ret_looked)
{
	struct act_ctx ctx = life->ctx;
	size_t n = 0, looked = 0;

	ctx.now_s = now_s;
	ctx.door = RST_DOOR_SYSTEM;
	life_ok(life, act_sweep_due(&ctx, &n, &looked, &life->refusal));
	if (ret_looked != NULL)
		*ret_looked = looked;
	return n;
}

static size_t
idle_at(struct life *life, int64_t now_s)
{
	struct act_ctx ctx = life->ctx;
	uint64_t walk = 0;
	size_t n;

	ctx.now_s = now_s;
	ctx.door = RST_DOOR_SYSTEM;
	life_ok(life, act_sweep_idle(&ctx, &walk, &n, &life->refusal));
	return n;
}

static void
sign_in(struct life *life, const char *name)
{
	char token[RST_TOKEN_TEXT];
	struct rst_session session;

	life_ok(life, act_sign_in(&life->ctx, rst_view_of(name),
	                          RST_VIEW(LIFE_PASSWORD), RST_VIEW(""), token,
	                          &session, &life->refusal));
}

static void
an_end_by_the_clock_ends_for_good_what_it_ended(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");
	struct act_invite invite = { .lifetime_s = 7 * DAY_S };
	const struct act_token api = { .name = RST_VIEW("script"),
		                       .lifetime_s = RULE_NEVER };
	char text[RULE_TOKEN_TEXT], link[RST_TOKEN_TEXT];
	struct act_ctx hers = life->ctx, late = life->ctx;
	struct act_bearer bearer;
	uint64_t token, invitation, found;
	char act[64];

	hers.actor = RST_VIEW("uid=ada,ou=people,dc=example,dc=org");
	hers.actor_id = ada;
	end_at(life, ada, LIFE_NOW + 60);
	sign_in(life, "ada");
	life_ok(life, act_token_create(&life->ctx, ada, &api, text, &token,
	                               &life->refusal));
	life_ok(life,
	        act_invite(&hers, &invite, link, &invitation, &life->refusal));
	assert_int_equal(sweep_at(life, LIFE_NOW + 59, NULL), 0);
	assert_int_equal(life_sessions(life, ada), 1);
	late.now_s = LIFE_NOW + 60;
	/* before any sweep */
	life_refused(life,
	             act_invitation_find(&late, rst_view_of(link), &found,
	                                 &life->refusal),
	             RULE_INVALID_INVITE, "token");
	assert_int_equal(sweep_at(life, LIFE_NOW + 60, NULL), 1);
	assert_int_equal(life_sessions(life, ada), 0);
	assert_string_equal(life_value(life, ada, RST_A_ROSTERNOTICED),
	                    "ended 20270115080100Z");
	assert_string_equal(life_value(life, token, RST_A_ROSTERREVOKED),
	                    "20270115080100Z");
	assert_string_equal(life_value(life, invitation, RST_A_ROSTERREVOKED),
	                    "20270115080100Z");
	life_act(life, life_sequence(life) - 2, act);
	assert_string_equal(act, "expire");
	assert_int_equal(sweep_at(life, LIFE_NOW + 61, NULL), 0);
	/* extended: the account works again, and nothing of what it left */
	life->ctx.now_s = LIFE_NOW + 120;
	end_at(life, ada, LIFE_NOW + DAY_S);
	life_refused(life,
	             act_invitation_find(&life->ctx, rst_view_of(link), &found,
	                                 &life->refusal),
	             RULE_INVALID_INVITE, "token");
	life_refused(life,
	             act_token_use(&life->ctx, rst_view_of(text), "GET",
	                           "/api/v1/me", &bearer, &life->refusal),
	             RULE_INVALID_TOKEN, NULL);
	sign_in(life, "ada");
	assert_int_equal(sweep_at(life, LIFE_NOW + DAY_S, NULL), 1);
	assert_int_equal(life_sessions(life, ada), 0);
}

static void
a_sweep_looks_at_what_became_due_alone(void **state)
{
	struct life *life = *state;
	uint64_t soon[3];
	char name[16];
	size_t looked;

	for (int i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "late%d", i);
		end_at(life, life_person(life, name),
		       LIFE_NOW + DAY_S * (i + 2));
	}
	for (int i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof(name), "soon%d", i);
		soon[i] = life_person(life, name);
		end_at(life, soon[i], LIFE_NOW + 10 + i);
	}
	assert_int_equal(sweep_at(life, LIFE_NOW + 9, &looked), 0);
	assert_int_equal(looked, 0);
	assert_int_equal(sweep_at(life, LIFE_NOW + 11, &looked), 2);
	assert_int_equal(looked, 2);
	assert_int_equal(sweep_at(life, LIFE_NOW + 12, &looked), 1);
	assert_int_equal(looked, 1);
	assert_int_equal(sweep_at(life, LIFE_NOW + 1000, &looked), 0);
	assert_int_equal(looked, 0);
	/* all of them at one moment: no transaction has more than 64 */
	assert_int_equal(sweep_at(life, LIFE_NOW + 302 * DAY_S, &looked), 300);
	assert_true(looked < 2 * 300);
}

static void
a_sweep_without_anything_due_writes_nothing(void **state)
{
	struct life *life = *state;
	uint64_t before;

	end_at(life, life_person(life, "ada"), LIFE_NOW + 100 * DAY_S);
	before = life_sequence(life);
	assert_int_equal(sweep_at(life, LIFE_NOW + 10, NULL), 0);
	assert_int_equal(life_sequence(life), before);
}

static void
an_end_that_moves_back_is_not_overlooked(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada"), bob = life_person(life, "bob");

	/* the clock runs ahead: all until then is swept */
	end_at(life, bob, LIFE_NOW + 50);
	assert_int_equal(sweep_at(life, LIFE_NOW + 60, NULL), 1);
	end_at(life, ada, LIFE_NOW + 20);
	assert_int_equal(sweep_at(life, LIFE_NOW + 60, NULL), 1);
	assert_string_equal(life_value(life, ada, RST_A_ROSTERNOTICED),
	                    "ended 20270115080020Z");
}

static void
an_end_is_announced_twice_and_told(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");

	life_mail_works(life);
	end_at(life, ada, LIFE_NOW + 20 * DAY_S);
	assert_int_equal(sweep_at(life, LIFE_NOW + 6 * DAY_S - 1, NULL), 0);
	assert_string_equal(outbox(life), "");
	assert_int_equal(sweep_at(life, LIFE_NOW + 6 * DAY_S, NULL), 0);
	assert_int_equal(sweep_at(life, LIFE_NOW + 7 * DAY_S, NULL), 0);
	assert_string_equal(outbox(life), "ends:ada@example.org");
	assert_int_equal(sweep_at(life, LIFE_NOW + 19 * DAY_S, NULL), 0);
	assert_int_equal(sweep_at(life, LIFE_NOW + 19 * DAY_S + 5, NULL), 0);
	assert_string_equal(outbox(life),
	                    "ends:ada@example.org ends:ada@example.org");
	assert_int_equal(sweep_at(life, LIFE_NOW + 20 * DAY_S, NULL), 1);
	assert_int_equal(sweep_at(life, LIFE_NOW + 21 * DAY_S, NULL), 0);
	assert_string_equal(outbox(life),
	                    "ends:ada@example.org ends:ada@example.org "
	                    "ended:ada@example.org");
}

static void
who_gets_a_near_end_is_told_once(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");

	life_mail_works(life);
	/* the marks are far ahead of it */
	end_at(life, life_person(life, "bob"), LIFE_NOW + 10 * DAY_S);
	assert_int_equal(sweep_at(life, LIFE_NOW, NULL), 0);
	assert_string_equal(outbox(life), "ends:bob@example.org");
	end_at(life, ada, LIFE_NOW + 3600);
	assert_int_equal(sweep_at(life, LIFE_NOW, NULL), 0);
	assert_int_equal(sweep_at(life, LIFE_NOW + 60, NULL), 0);
	assert_string_equal(outbox(life),
	                    "ends:bob@example.org ends:ada@example.org");
}

static void
nobody_is_told_without_a_relay_or_by_setting(void **state)
{
	struct life *life = *state;

	end_at(life, life_person(life, "ada"), LIFE_NOW + 60);
	assert_int_equal(sweep_at(life, LIFE_NOW, NULL), 0);
	assert_string_equal(outbox(life), "");
	life_mail_works(life);
	set_setting(life, "notices=off");
	end_at(life, life_person(life, "bob"), LIFE_NOW + 60);
	assert_int_equal(sweep_at(life, LIFE_NOW, NULL), 0);
	assert_int_equal(sweep_at(life, LIFE_NOW + 60, NULL), 2);
	assert_string_equal(outbox(life), "");
}

static void
the_idle_are_told_before_and_after(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");

	life_mail_works(life);
	set_setting(life, "inactive-after=90d");
	assert_int_equal(idle_at(life, LIFE_NOW + 83 * DAY_S - 1), 0);
	assert_string_equal(outbox(life), "");
	assert_int_equal(idle_at(life, LIFE_NOW + 83 * DAY_S), 0);
	assert_int_equal(idle_at(life, LIFE_NOW + 84 * DAY_S), 0);
	assert_string_equal(outbox(life), "idle:ada@example.org");
	/* she comes back, and stays away once more */
	life->ctx.now_s = LIFE_NOW + 85 * DAY_S;
	sign_in(life, "ada");
	assert_int_equal(idle_at(life, LIFE_NOW + 95 * DAY_S), 0);
	assert_string_equal(outbox(life), "idle:ada@example.org");
	assert_int_equal(idle_at(life, LIFE_NOW + (85 + 83) * DAY_S), 0);
	assert_int_equal(idle_at(life, LIFE_NOW + (85 + 90) * DAY_S), 1);
	assert_string_equal(outbox(life),
	                    "idle:ada@example.org idle:ada@example.org "
	                    "suspended:ada@example.org");
	assert_string_equal(life_value(life, ada, RST_A_ROSTERSTATUS),
	                    "suspended");
}

static void
the_waiting_are_announced_and_told_when_dropped(void **state)
{
	struct life *life = *state;
	struct act_person eve = { .username = RST_VIEW("eve"),
		                  .surname = RST_VIEW("Eve"),
		                  .mail = RST_VIEW("eve@example.org") };
	uint64_t boss = life_person(life, "boss"), id;
	struct act_ctx later = life->ctx;
	size_t n;

	life_mail_works(life);
	life_ok(life, act_join(&life->ctx, life_find_group(life, "sysadmins"),
	                       boss, &life->refusal));
	life_ok(life, act_create_person(&life->ctx, &eve, RST_STATUS_PENDING,
	                                &id, &life->refusal));
	later.now_s = LIFE_NOW + 23 * DAY_S - 1;
	life_ok(life, act_sweep(&later, 100, &n, &life->refusal));
	assert_string_equal(outbox(life), "");
	for (int i = 0; i < 2; i++) {
		later.now_s = LIFE_NOW + (23 + i) * DAY_S;
		life_ok(life, act_sweep(&later, 100, &n, &life->refusal));
		assert_int_equal(n, 0);
	}
	assert_string_equal(outbox(life), "waiting:boss@example.org");
	later.now_s = LIFE_NOW + 30 * DAY_S;
	life_ok(life, act_sweep(&later, 100, &n, &life->refusal));
	assert_int_equal(n, 1);
	assert_string_equal(outbox(life), "waiting:boss@example.org "
	                                  "dropped:eve@example.org");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(an_end_by_the_clock_ends_for_good_what_it_ended),
		LIFE_TEST(a_sweep_looks_at_what_became_due_alone),
		LIFE_TEST(a_sweep_without_anything_due_writes_nothing),
		LIFE_TEST(an_end_that_moves_back_is_not_overlooked),
		LIFE_TEST(an_end_is_announced_twice_and_told),
		LIFE_TEST(who_gets_a_near_end_is_told_once),
		LIFE_TEST(nobody_is_told_without_a_relay_or_by_setting),
		LIFE_TEST(the_idle_are_told_before_and_after),
		LIFE_TEST(the_waiting_are_announced_and_told_when_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
