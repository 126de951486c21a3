/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_acts.c - lifecycle/acts.h: every act, as it should go */
#include "tests/unit/entries.h"

#include <stdio.h>
#include <string.h>

#include "lifecycle/decoy.h"
#include "lifecycle/place.h"
#include "store/outbox.h"

#define VIEW(text) rst_view_of(text)

#define KEY_ONE                                                                \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"                                \
	"AEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB one"
#define KEY_TWO                                                                \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"                                \
	"AICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC two"

static struct act_person
person_of(const char *username, const char *mail)
{
	return (struct act_person){
		.username = VIEW(username),
		.given_name = RST_VIEW("Ada"),
		.surname = RST_VIEW("Lovelace"),
		.mail = VIEW(mail),
		.password = RST_VIEW(LIFE_PASSWORD),
	};
}

/* Another name, or another password. */
static struct act_person
named(const char *username, const char *given, const char *surname,
      const char *password)
{
	struct act_person person = person_of(username, "e@example.org");

	person.given_name = VIEW(given);
	person.surname = VIEW(surname);
	person.password = VIEW(password);
	return person;
}

static void
init_makes_the_skeleton_and_can_be_repeated(void **state)
{
	static const char *const places[] = {
		"ou=people",     "ou=groups",   "ou=invitations", "ou=policies",
		"ou=tombstones", "ou=services", "ou=tokens",      "ou=hosts",
		"ou=agreements", "ou=presets",  "cn=settings",
	};
	struct life *life = *state;
	uint64_t sequence = life_sequence(life);
	uint64_t sysadmins = life_find_group(life, "sysadmins");
	uint64_t ldapusers = life_find_group(life, "ldapusers");
	struct rst_rtxn txn;
	bool on;
	uint64_t id;

	assert_string_equal(life_value(life, sysadmins, RST_A_GIDNUMBER),
	                    "2000");
	assert_string_equal(
		life_value(life, sysadmins, RST_A_ROSTERADMINISTRATOR), "TRUE");
	assert_string_equal(life_value(life, ldapusers, RST_A_GIDNUMBER),
	                    "2001");
	fixture_read(life->fixture, &txn);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (lifecycle_place(&txn, places[i], &id) != RST_OK)
			fail_msg("there is no %s", places[i]);
		assert_string_equal(lifecycle_skeleton[i], places[i]);
	}
	assert_null(lifecycle_skeleton[sizeof(places) / sizeof(places[0])]);
	assert_int_equal(lifecycle_suffix(&txn, &id), RST_OK);
	assert_int_equal(gate_lifecycle_on(&txn, &on), RST_OK);
	assert_true(on);
	rst_read_end(&txn);
	assert_string_equal(life_value(life, id, RST_A_O), "Example");
	assert_string_equal(life_value(life, id, RST_A_DC), "example");
	assert_string_equal(life_value(life, id, RST_A_STRUCTURALOBJECTCLASS),
	                    "organization");

	life_ok(life, act_init(&life->ctx, RST_VIEW("DC=Example, dc=org"),
	                       RST_VIEW("Other"), &life->refusal));
	assert_int_equal(life_sequence(life), sequence);
	assert_int_equal(act_init(&life->ctx, RST_VIEW("dc=example,dc=net"),
	                          RST_VIEW(""), &life->refusal),
	                 RST_ESTATE);
	assert_int_equal(life_sequence(life), sequence);
}

static void
init_refuses_a_suffix_it_cannot_make(void **state)
{
	static const char *const rows[] = {
		"",         "example",      "c=de",    "dc=", "dc=a+o=b,dc=org",
		"o=a\\2Cb", "cn=directory", "dc=\x01",
	};
	struct life *life = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (act_init(&life->ctx, VIEW(rows[i]), RST_VIEW(""),
		             &life->refusal) != RST_EINVALID)
			fail_msg("\"%s\"", rows[i]);
		assert_true(strlen(life->refusal.detail.text) > 0);
	}
}

static void
the_bootstrap_link_makes_one_administrator(void **state)
{
	struct life *life = *state;
	struct act_person ada = person_of("ada", "ada@example.org");
	char old[RST_TOKEN_TEXT], token[RST_TOKEN_TEXT];
	struct rst_rtxn txn;
	bool is;
	uint64_t id;

	life_ok(life, act_bootstrap_token(&life->ctx, old, &life->refusal));
	life_ok(life, act_bootstrap_token(&life->ctx, token, &life->refusal));
	/* a new one ends the older; a stranger's and no token are none */
	life_refused(
		life,
		act_bootstrap(&life->ctx, VIEW(old), &ada, &id, &life->refusal),
		RULE_INVALID_INVITE, "token");
	life_refused(life,
	             act_bootstrap(&life->ctx, RST_VIEW("x"), &ada, &id,
	                           &life->refusal),
	             RULE_INVALID_INVITE, "token");
	life->ctx.now_s += 3600;
	life_refused(life,
	             act_bootstrap(&life->ctx, VIEW(token), &ada, &id,
	                           &life->refusal),
	             RULE_INVALID_INVITE, "token");
	life->ctx.now_s -= 1;
	life_ok(life, act_bootstrap(&life->ctx, VIEW(token), &ada, &id,
	                            &life->refusal));
	assert_true(
		life_is_member(life, life_find_group(life, "sysadmins"), id));
	assert_true(
		life_is_member(life, life_find_group(life, "ldapusers"), id));
	fixture_read(life->fixture, &txn);
	life_ok(life, act_is_administrator(&txn, id, LIFE_NOW, &is));
	assert_true(is);
	rst_read_end(&txn);
	assert_string_equal(life_value(life, id, RST_A_ROSTERSTATUS), "active");
	/* once and never again */
	life_refused(life,
	             act_bootstrap(&life->ctx, VIEW(token), &ada, &id,
	                           &life->refusal),
	             RULE_INVALID_INVITE, "token");
	life_refused(life,
	             act_bootstrap_token(&life->ctx, token, &life->refusal),
	             RULE_ALREADY_BOOTSTRAPPED, NULL);
}

/* An invitation of alice@example.org, in *ret_id; its token. */
static void
invite_alice(struct life *life, char token[RST_TOKEN_TEXT], uint64_t *ret_id)
{
	const struct act_post post = {
		.public_url = RST_VIEW("https://roster.example.org/"),
	};
	const struct act_invite invite = {
		.mail = RST_VIEW("Alice@Example.org"),
		.post = &post,
	};

	life_mail_works(life);
	life_ok(life,
	        act_invite(&life->ctx, &invite, token, ret_id, &life->refusal));
}

static void
the_invited_register_once_with_their_own_mail(void **state)
{
	struct life *life = *state;
	struct act_person other = person_of("alice", "bob@example.org");
	struct act_person alice = person_of("Alice", "ALICE@example.ORG");
	struct act_person second = person_of("carol", "alice@example.org");
	char token[RST_TOKEN_TEXT];
	enum rst_status status;
	uint64_t invitation, found, id;

	invite_alice(life, token, &invitation);
	/* looking does not use it up */
	for (int i = 0; i < 2; i++) {
		life_ok(life, act_invitation_find(&life->ctx, VIEW(token),
		                                  &found, &life->refusal));
		assert_int_equal(found, invitation);
	}
	life_refused(life,
	             act_register(&life->ctx, VIEW(token), &other, &id, &status,
	                          &life->refusal),
	             RULE_EMAIL_MISMATCH, "mail");
	life_ok(life, act_register(&life->ctx, VIEW(token), &alice, &id,
	                           &status, &life->refusal));
	assert_int_equal(status, RST_STATUS_ACTIVE);
	assert_int_equal(id, life_find(life, "alice"));
	assert_string_equal(life_value(life, id, RST_A_UID), "alice");
	assert_string_equal(life_value(life, id, RST_A_CN), "Ada Lovelace");
	assert_string_equal(life_value(life, id, RST_A_UIDNUMBER), "10000");
	assert_string_equal(life_value(life, id, RST_A_GIDNUMBER), "2001");
	assert_string_equal(life_value(life, id, RST_A_HOMEDIRECTORY),
	                    "/home/alice");
	assert_string_equal(life_value(life, id, RST_A_LOGINSHELL),
	                    "/bin/bash");
	assert_string_equal(life_value(life, id, RST_A_STRUCTURALOBJECTCLASS),
	                    "inetOrgPerson");
	assert_int_equal(strncmp(life_value(life, id, RST_A_USERPASSWORD),
	                         "{ARGON2}$argon2id$v=19$m=19456,t=2,p=1$", 39),
	                 0);
	assert_true(
		life_is_member(life, life_find_group(life, "ldapusers"), id));
	assert_string_equal(life_value(life, invitation, RST_A_ROSTERUSED),
	                    "1");
	life_refused(life,
	             act_register(&life->ctx, VIEW(token), &second, &id,
	                          &status, &life->refusal),
	             RULE_INVALID_INVITE, "token");
	life_refused(life,
	             act_invitation_find(&life->ctx, VIEW(token), &found,
	                                 &life->refusal),
	             RULE_INVALID_INVITE, "token");
}

static void
an_invitation_queues_its_mail_with_the_link(void **state)
{
	struct life *life = *state;
	char token[RST_TOKEN_TEXT], link[128];
	struct rst_mail mail = { 0 };
	struct rst_rtxn txn;
	uint64_t id;
	char params[RST_MAIL_PARAMS_MAX];

	life->ctx.actor_id = life_person(life, "ingrid");
	invite_alice(life, token, &id);
	fixture_read(life->fixture, &txn);
	assert_int_equal(rst_outbox_due(&txn, LIFE_NOW, &mail), RST_OK);
	rst_read_end(&txn);
	assert_true(rst_view_equal(mail.to, RST_VIEW("alice@example.org")));
	assert_true(rst_view_equal(mail.template, RST_VIEW("invitation")));
	assert_true(rst_view_copy(mail.params, params, sizeof(params)));
	snprintf(link, sizeof(link),
	         "\"link\":\"https://roster.example.org/register/%s\"", token);
	assert_non_null(strstr(params, link));
	assert_non_null(strstr(params, "\"inviter\":\"Test ingrid\""));
	assert_non_null(strstr(params, "\"expires\":\"2027-01-16T08:00:00Z\""));
	rst_mail_release(&mail);
	/* the token is in no entry */
	assert_int_equal(strlen(life_value(life, id, RST_A_ROSTERTOKENDIGEST)),
	                 64);
	assert_null(
		strstr(life_value(life, id, RST_A_ROSTERTOKENDIGEST), token));
}

static void
an_invitation_ends_by_time_revocation_or_a_newer_one(void **state)
{
	struct life *life = *state;
	char first[RST_TOKEN_TEXT], second[RST_TOKEN_TEXT];
	char third[RST_TOKEN_TEXT];
	uint64_t one, two, found;

	invite_alice(life, first, &one);
	invite_alice(life, second, &two);
	life_refused(life,
	             act_invitation_find(&life->ctx, VIEW(first), &found,
	                                 &life->refusal),
	             RULE_INVALID_INVITE, "token");
	life_ok(life, act_invitation_find(&life->ctx, VIEW(second), &found,
	                                  &life->refusal));
	/* expired, then sent again with another token */
	life->ctx.now_s += 24 * 3600;
	life_refused(life,
	             act_invitation_find(&life->ctx, VIEW(second), &found,
	                                 &life->refusal),
	             RULE_INVALID_INVITE, "token");
	life_ok(life, act_invitation_resend(&life->ctx, two, NULL, third,
	                                    &life->refusal));
	life_ok(life, act_invitation_find(&life->ctx, VIEW(third), &found,
	                                  &life->refusal));
	assert_int_equal(found, two);
	life_refused(life,
	             act_invitation_find(&life->ctx, VIEW(second), &found,
	                                 &life->refusal),
	             RULE_INVALID_INVITE, "token");
	/* revoked, twice */
	life_ok(life, act_invitation_revoke(&life->ctx, two, &life->refusal));
	life_ok(life, act_invitation_revoke(&life->ctx, two, &life->refusal));
	life_refused(life,
	             act_invitation_find(&life->ctx, VIEW(third), &found,
	                                 &life->refusal),
	             RULE_INVALID_INVITE, "token");
	life_refused(life,
	             act_invitation_resend(&life->ctx, two, NULL, third,
	                                   &life->refusal),
	             RULE_INVALID_INVITE, NULL);
	assert_int_equal(act_invitation_revoke(
				 &life->ctx, life_find_group(life, "ldapusers"),
				 &life->refusal),
	                 RST_ENOTFOUND);
}

static void
what_an_invitation_cannot_be_is_refused(void **state)
{
	struct life *life = *state;
	const struct rst_view groups[] = { RST_VIEW("nosuch") };
	char token[RST_TOKEN_TEXT];
	uint64_t id, sequence;
	static const struct act_post post = { .ret_mail = NULL };
	const struct {
		struct act_invite invite;
		enum rule_verdict verdict;
		const char *field;
	} row[] = {
		{ { .mail = RST_VIEW("alice") }, RULE_INVALID_EMAIL, "mail" },
		{ { .mail = RST_VIEW("a@b\r\nBcc: x@y") },
		  RULE_INVALID_EMAIL,
		  "mail" },
		{ { .post = &post }, RULE_INVALID_EMAIL, "mail" },
		{ { .mail = RST_VIEW("new@example.org"), .post = &post },
		  RULE_SMTP_NOT_CONFIGURED,
		  NULL },
		{ { .lifetime_s = 299 }, RULE_INVALID_EXPIRY, "expires" },
		{ { .lifetime_s = INT64_MAX }, RULE_INVALID_EXPIRY, "expires" },
		{ { .lifetime_s = -5 }, RULE_INVALID_EXPIRY, "expires" },
		{ { .groups = groups, .n_groups = 1 },
		  RULE_UNKNOWN_GROUP,
		  "groups" },
		{ { .mail = RST_VIEW("BOB@example.org") },
		  RULE_DUPLICATE_EMAIL,
		  "mail" },
	};

	life_person(life, "bob");
	sequence = life_sequence(life);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		life_refused(life,
		             act_invite(&life->ctx, &row[i].invite, token, &id,
		                        &life->refusal),
		             row[i].verdict, row[i].field);
	assert_int_equal(life_sequence(life), sequence);
}

static void
an_invitation_may_bring_groups_many_uses_and_approval(void **state)
{
	struct life *life = *state;
	const struct rst_view groups[] = { RST_VIEW("devs"), RST_VIEW("ops") };
	const struct act_invite invite = {
		.groups = groups,
		.n_groups = 2,
		.uses = 2,
		.needs_approval = true,
		.lifetime_s = 300,
	};
	struct act_person ada = person_of("ada", "ada@example.org");
	struct act_person bob = person_of("bob", "bob@example.org");
	struct act_person eve = person_of("eve", "eve@example.org");
	uint64_t devs = life_group(life, "devs", false);
	uint64_t ops = life_group(life, "ops", false);
	char token[RST_TOKEN_TEXT];
	enum rst_status status;
	uint64_t id;

	life_ok(life,
	        act_invite(&life->ctx, &invite, token, &id, &life->refusal));
	life_ok(life, act_register(&life->ctx, VIEW(token), &ada, &id, &status,
	                           &life->refusal));
	assert_int_equal(status, RST_STATUS_PENDING);
	assert_false(life_is_member(life, devs, id));
	assert_false(life_is_member(life, ops, id));
	/* a group that went since is passed over */
	life_ok(life, act_delete_group(&life->ctx, ops, &life->refusal));
	life_ok(life, act_register(&life->ctx, VIEW(token), &bob, &id, &status,
	                           &life->refusal));
	assert_false(life_is_member(life, devs, id));
	life_refused(life,
	             act_register(&life->ctx, VIEW(token), &eve, &id, &status,
	                          &life->refusal),
	             RULE_INVALID_INVITE, "token");
	life_ok(life, act_approve(&life->ctx, life_find(life, "bob"),
	                          RST_VIEW("known"), &life->refusal));
	assert_true(life_is_member(life, devs, life_find(life, "bob")));
}

static void
set_registration(struct life *life, const char *value)
{
	struct rst_rtxn txn;
	uint64_t id;

	fixture_read(life->fixture, &txn);
	assert_int_equal(lifecycle_place(&txn, "cn=settings", &id), RST_OK);
	rst_read_end(&txn);
	life_ok(life, life_set(life, id, RST_A_ROSTERVALUE, value));
}

static void
the_registration_mode_decides_who_comes_without_a_link(void **state)
{
	struct life *life = *state;
	struct act_person ada = person_of("ada", "ada@example.org");
	char token[RST_TOKEN_TEXT];
	enum rst_status status;
	uint64_t id;

	life_refused(life,
	             act_register(&life->ctx, RST_VIEW(""), &ada, &id, &status,
	                          &life->refusal),
	             RULE_REGISTRATION_CLOSED, NULL);
	set_registration(life, NULL); /* not set: invite */
	life_refused(life,
	             act_register(&life->ctx, RST_VIEW(""), &ada, &id, &status,
	                          &life->refusal),
	             RULE_REGISTRATION_CLOSED, NULL);
	set_registration(life, "registration=open");
	life->ctx.address = RST_VIEW("192.0.2.1:4711");
	life_ok(life, act_register(&life->ctx, RST_VIEW(""), &ada, &id, &status,
	                           &life->refusal));
	assert_int_equal(status, RST_STATUS_PENDING);
	assert_string_equal(life_value(life, id, RST_A_ROSTERREGISTEREDFROM),
	                    "192.0.2.1:4711");
	/* whom an administrator makes was not there */
	assert_string_equal(life_value(life, life_person(life, "carol"),
	                               RST_A_ROSTERREGISTEREDFROM),
	                    "");
	life_refused(life,
	             act_register(&life->ctx, RST_VIEW("not a token"), &ada,
	                          &id, &status, &life->refusal),
	             RULE_INVALID_INVITE, "token");
	set_registration(life, "registration=off");
	invite_alice(life, token, &id);
	ada = person_of("alice", "alice@example.org");
	life_refused(life,
	             act_register(&life->ctx, VIEW(token), &ada, &id, &status,
	                          &life->refusal),
	             RULE_REGISTRATION_CLOSED, NULL);
}

static void
what_a_registration_cannot_be_is_refused(void **state)
{
	struct life *life = *state;
	const struct {
		struct act_person person;
		enum rule_verdict verdict;
		const char *field;
	} row[] = {
		{ person_of("root", "a@example.org"), RULE_RESERVED_USERNAME,
		  "username" },
		{ person_of("sudo", "a@example.org"), RULE_RESERVED_USERNAME,
		  "username" },
		{ person_of("Docker", "a@example.org"), RULE_RESERVED_USERNAME,
		  "username" },
		{ person_of("ab", "a@example.org"), RULE_INVALID_USERNAME,
		  "username" },
		{ person_of("", "a@example.org"), RULE_INVALID_USERNAME,
		  "username" },
		{ person_of("a,ou=x", "a@example.org"), RULE_INVALID_USERNAME,
		  "username" },
		{ person_of("abcdefghijklmnopqrstuvwxyz01234567",
		            "a@example.org"),
		  RULE_INVALID_USERNAME, "username" },
		{ person_of("eve", ""), RULE_INVALID_EMAIL, "mail" },
		{ person_of("eve", "eve"), RULE_INVALID_EMAIL, "mail" },
		{ person_of("bob", "new@example.org"), RULE_USERNAME_TAKEN,
		  "uid" },
		{ person_of("BOB", "new@example.org"), RULE_USERNAME_TAKEN,
		  "uid" },
		{ person_of("eve", "Bob@EXAMPLE.org"), RULE_EMAIL_TAKEN,
		  "mail" },
		{ named("eve", "E\nve", "Hill", LIFE_PASSWORD),
		  RULE_INVALID_NAME, "givenName" },
		{ named("eve", "Eve", " ", LIFE_PASSWORD), RULE_INVALID_NAME,
		  "sn" },
		{ named("eve", "Eve", "Hill", "short"), RULE_WEAK_PASSWORD,
		  "password" },
		{ named("evelyn", "Eve", "Hill", "evelyn and more"),
		  RULE_WEAK_PASSWORD, "password" },
		{ named("eve", "Eve", "Hill", ""), RULE_INVALID_PASSWORD,
		  "password" },
		/* a tab is no character of RFC 8265 */
		{ named("eve", "Eve", "Hill", "a tab\tin my passphrase"),
		  RULE_INVALID_PASSWORD, "password" },
	};
	enum rst_status status;
	uint64_t id, sequence;

	life_person(life, "bob");
	set_registration(life, "registration=open");
	sequence = life_sequence(life);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		life_refused(life,
		             act_register(&life->ctx, RST_VIEW(""),
		                          &row[i].person, &id, &status,
		                          &life->refusal),
		             row[i].verdict, row[i].field);
	assert_int_equal(life_sequence(life), sequence);
}

static void
a_place_taken_by_something_else_is_a_taken_name(void **state)
{
	struct life *life = *state;
	struct act_person ada = person_of("ada", "ada@example.org");
	uint64_t id;

	life_ok(life, entries_add(life, "ou=people", "uid=ada", a_service,
	                          (struct set[]){ { 0 } }, 0, NULL));
	life_refused(life,
	             act_create_person(&life->ctx, &ada, RST_STATUS_ACTIVE, &id,
	                               &life->refusal),
	             RULE_USERNAME_TAKEN, "username");
	assert_int_equal(life_find(life, "ada"), 0);
	/* an administrator may give a shorter name than the public form */
	assert_int_not_equal(life_person(life, "al"), 0);
}

static void
statuses_move_as_the_acts_say(void **state)
{
	struct life *life = *state;
	struct act_person ada = person_of("ada", "ada@example.org");
	enum rst_status status;
	uint64_t id, sequence;

	set_registration(life, "registration=open");
	life_ok(life, act_register(&life->ctx, RST_VIEW(""), &ada, &id, &status,
	                           &life->refusal));
	life_refused(life,
	             act_suspend(&life->ctx, id, RST_VIEW(""), &life->refusal),
	             RULE_STATUS_MOVE, "rosterStatus");
	life_refused(life,
	             act_activate(&life->ctx, id, RST_VIEW(""), &life->refusal),
	             RULE_STATUS_MOVE, "rosterStatus");
	life_ok(life,
	        act_approve(&life->ctx, id, RST_VIEW(""), &life->refusal));
	life_refused(life,
	             act_reject(&life->ctx, id, RST_VIEW(""), &life->refusal),
	             RULE_STATUS_MOVE, "rosterStatus");
	life_ok(life, act_suspend(&life->ctx, id, RST_VIEW("left the house"),
	                          &life->refusal));
	assert_string_equal(life_value(life, id, RST_A_ROSTERSTATUS),
	                    "suspended");
	assert_string_equal(life_value(life, id, RST_A_ROSTERREASON),
	                    "left the house");
	/* again: so it is already */
	sequence = life_sequence(life);
	life_ok(life,
	        act_suspend(&life->ctx, id, RST_VIEW(""), &life->refusal));
	assert_int_equal(life_sequence(life), sequence);
	life_refused(life,
	             act_approve(&life->ctx, id, RST_VIEW(""), &life->refusal),
	             RULE_STATUS_MOVE, "rosterStatus");
	life_ok(life,
	        act_activate(&life->ctx, id, RST_VIEW(""), &life->refusal));
	assert_string_equal(life_value(life, id, RST_A_ROSTERREASON), "");
	assert_int_equal(act_suspend(&life->ctx,
	                             life_find_group(life, "ldapusers"),
	                             RST_VIEW(""), &life->refusal),
	                 RST_ENOTFOUND);
	assert_int_equal(
		act_suspend(&life->ctx, 4711, RST_VIEW(""), &life->refusal),
		RST_ENOTFOUND);
}

static void
a_rejected_name_is_free_and_its_number_is_not(void **state)
{
	struct life *life = *state;
	struct act_person ada = person_of("ada", "ada@example.org");
	enum rst_status status;
	uint64_t id;

	set_registration(life, "registration=open");
	life_ok(life, act_register(&life->ctx, RST_VIEW(""), &ada, &id, &status,
	                           &life->refusal));
	assert_string_equal(life_value(life, id, RST_A_UIDNUMBER), "10000");
	life_ok(life, act_reject(&life->ctx, id, RST_VIEW("unknown"),
	                         &life->refusal));
	assert_false(life_exists(life, id));
	life_ok(life, act_register(&life->ctx, RST_VIEW(""), &ada, &id, &status,
	                           &life->refusal));
	assert_string_equal(life_value(life, id, RST_A_UIDNUMBER), "10001");
}

static void
joining_and_leaving_are_idempotent(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");
	uint64_t devs = life_group(life, "devs", false);
	char csn[RST_CSN_MAX];
	uint64_t sequence;

	snprintf(csn, sizeof(csn), "%s", life_value(life, ada, RST_A_ENTRYCSN));
	sequence = life_sequence(life);
	life_ok(life, act_join(&life->ctx, devs, ada, &life->refusal));
	life_ok(life, act_join(&life->ctx, devs, ada, &life->refusal));
	assert_true(life_is_member(life, devs, ada));
	assert_int_equal(life_sequence(life), sequence + 1);
	/* the group moved, the person did not */
	assert_string_equal(life_value(life, ada, RST_A_ENTRYCSN), csn);
	assert_true(strcmp(life_value(life, devs, RST_A_ENTRYCSN), csn) > 0);
	life_ok(life, act_leave(&life->ctx, devs, ada, &life->refusal));
	life_ok(life, act_leave(&life->ctx, devs, ada, &life->refusal));
	assert_false(life_is_member(life, devs, ada));
	assert_int_equal(life_sequence(life), sequence + 2);
	assert_int_equal(act_join(&life->ctx, ada, devs, &life->refusal),
	                 RST_ENOTFOUND);
	assert_int_equal(act_join(&life->ctx, devs, 4711, &life->refusal),
	                 RST_ENOTFOUND);
}

static void
a_group_is_made_and_deleted(void **state)
{
	struct life *life = *state;
	uint64_t devs = life_group(life, "devs", false), id;

	assert_string_equal(life_value(life, devs, RST_A_GIDNUMBER), "2002");
	life_refused(life,
	             act_create_group(&life->ctx, RST_VIEW("devs"), 0, false,
	                              RST_VIEW(""), &id, &life->refusal),
	             RULE_GROUP_TAKEN, "cn");
	life_refused(life,
	             act_create_group(&life->ctx, RST_VIEW("docker"), 0, false,
	                              RST_VIEW(""), &id, &life->refusal),
	             RULE_RESERVED_GROUP, "cn");
	life_refused(life,
	             act_create_group(&life->ctx, RST_VIEW("a,cn=b"), 0, false,
	                              RST_VIEW(""), &id, &life->refusal),
	             RULE_INVALID_GROUPNAME, "cn");
	life_refused(life,
	             act_create_group(&life->ctx, RST_VIEW("ops"), 2002, false,
	                              RST_VIEW(""), &id, &life->refusal),
	             RULE_GID_TAKEN, "gidNumber");
	life_refused(life,
	             act_create_group(&life->ctx, RST_VIEW("ops"), 27, false,
	                              RST_VIEW(""), &id, &life->refusal),
	             RULE_INVALID_GIDNUMBER, "gidNumber");
	life_ok(life, act_delete_group(&life->ctx, devs, &life->refusal));
	assert_false(life_exists(life, devs));
	life_refused(life,
	             act_create_group(&life->ctx, RST_VIEW("ops"), 2002, false,
	                              RST_VIEW(""), &id, &life->refusal),
	             RULE_GID_TAKEN, "gidNumber");
	life_refused(life,
	             act_delete_group(&life->ctx,
	                              life_find_group(life, "ldapusers"),
	                              &life->refusal),
	             RULE_PROTECTED_GROUP, "cn");
	assert_int_equal(act_delete_group(&life->ctx, devs, &life->refusal),
	                 RST_ENOTFOUND);
}

static void
an_edit_keeps_the_full_name_in_step(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");
	const struct act_edit marries[] = {
		{ RST_A_SN, RST_VIEW("King") },
		{ RST_A_SSHPUBLICKEY, RST_VIEW(KEY_ONE) },
		{ RST_A_SSHPUBLICKEY, RST_VIEW(KEY_TWO) },
		{ RST_A_LOGINSHELL, RST_VIEW("/bin/zsh") },
	};
	const struct act_edit keyless[] = { { RST_A_SSHPUBLICKEY,
		                              RST_VIEW("") } };
	const struct act_edit number[] = { { RST_A_UIDNUMBER,
		                             RST_VIEW("10007") } };
	const struct act_edit shell[] = { { RST_A_LOGINSHELL,
		                            RST_VIEW("zsh") } };

	life_ok(life, act_edit(&life->ctx, ada, marries, 4, &life->refusal));
	assert_string_equal(life_value(life, ada, RST_A_CN), "Test King");
	assert_string_equal(life_value(life, ada, RST_A_LOGINSHELL),
	                    "/bin/zsh");
	assert_string_equal(life_value(life, ada, RST_A_SSHPUBLICKEY), KEY_ONE);
	life_ok(life, act_edit(&life->ctx, ada, keyless, 1, &life->refusal));
	assert_string_equal(life_value(life, ada, RST_A_SSHPUBLICKEY), "");
	assert_int_equal(act_edit(&life->ctx, ada, number, 1, &life->refusal),
	                 RST_EINVALID);
	life_refused(life, act_edit(&life->ctx, ada, shell, 1, &life->refusal),
	             RULE_INVALID_SHELL, "loginShell");
}

/* Of a directory that was filled before they were counted. */
static void
hashes_are_counted_anew(void **state)
{
	struct life *life = *state;
	struct decoy_costs costs = { 0 };
	struct rst_wtxn txn;

	(void)life_person_with_password(life, "ada");
	(void)life_person_with_password(life, "bob");
	(void)life_person(life, "carol");
	fixture_write(life->fixture, &txn);
	life_ok(life, rst_setting_put(&txn, "hash-costs",
	                              RST_VIEW("65536 3 7 19456 2 1")));
	life_ok(life, rst_write_commit(&txn));
	life_ok(life, decoy_recount(life->env, &costs));
	assert_int_equal(costs.n, 1);
	assert_int_equal(costs.of[0].hashes, 2);
	/* and from here on as ever */
	(void)life_person_with_password(life, "dave");
	life_ok(life, decoy_recount(life->env, &costs));
	assert_int_equal(costs.of[0].hashes, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(init_makes_the_skeleton_and_can_be_repeated),
		LIFE_TEST(init_refuses_a_suffix_it_cannot_make),
		LIFE_TEST(the_bootstrap_link_makes_one_administrator),
		LIFE_TEST(the_invited_register_once_with_their_own_mail),
		LIFE_TEST(an_invitation_queues_its_mail_with_the_link),
		LIFE_TEST(an_invitation_ends_by_time_revocation_or_a_newer_one),
		LIFE_TEST(what_an_invitation_cannot_be_is_refused),
		LIFE_TEST(
			an_invitation_may_bring_groups_many_uses_and_approval),
		LIFE_TEST(
			the_registration_mode_decides_who_comes_without_a_link),
		LIFE_TEST(what_a_registration_cannot_be_is_refused),
		LIFE_TEST(a_place_taken_by_something_else_is_a_taken_name),
		LIFE_TEST(statuses_move_as_the_acts_say),
		LIFE_TEST(a_rejected_name_is_free_and_its_number_is_not),
		LIFE_TEST(joining_and_leaving_are_idempotent),
		LIFE_TEST(a_group_is_made_and_deleted),
		LIFE_TEST(an_edit_keeps_the_full_name_in_step),
		LIFE_TEST(hashes_are_counted_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
