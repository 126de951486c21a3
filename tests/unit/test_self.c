/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_self.c - lifecycle/gate.h: what people may change of themselves */
#include "tests/unit/entries.h"

#include <stdio.h>
#include <string.h>

/* Acts on ada from here on are those of actor. */
static void
act_as(struct life *life, uint64_t actor)
{
	life->ctx.actor_id = actor;
	life->ctx.door = RST_DOOR_LDAP;
}

static const struct {
	uint16_t attr;
	const char *value;
	enum rule_verdict verdict; /* for ada herself */
	bool lawful;               /* for an administrator */
	const char *field;
} changes[] = {
	{ RST_A_UID, "eve", RULE_IDENTITY_IMMUTABLE, false, "uid" },
	{ RST_A_UIDNUMBER, "12345", RULE_IDENTITY_IMMUTABLE, false,
	  "uidNumber" },
	{ RST_A_GIDNUMBER, "2000", RULE_FORBIDDEN, true, "gidNumber" },
	{ RST_A_HOMEDIRECTORY, "/tmp", RULE_FORBIDDEN, true, "homeDirectory" },
	{ RST_A_MAIL, "eve@example.org", RULE_FORBIDDEN, true, "mail" },
	{ RST_A_MAIL, NULL, RULE_FORBIDDEN, true, "mail" },
	{ RST_A_SHADOWEXPIRE, "99999", RULE_FORBIDDEN, true, "shadowExpire" },
	{ RST_A_NSACCOUNTLOCK, "FALSE", RULE_FORBIDDEN, true, "nsAccountLock" },
	{ RST_A_ROSTERSTATUS, "suspended", RULE_FORBIDDEN, true,
	  "rosterStatus" },
	{ RST_A_ROSTERREASON, "I am good", RULE_FORBIDDEN, true,
	  "rosterReason" },
	{ RST_A_ROSTERSTARTS, "20200101000000Z", RULE_FORBIDDEN, true,
	  "rosterStarts" },
	{ RST_A_ROSTEREXPIRES, "29990101000000Z", RULE_FORBIDDEN, true,
	  "rosterExpires" },
	{ RST_A_ROSTERADMINISTRATOR, "TRUE", RULE_FORBIDDEN, true,
	  "rosterAdministrator" },
	{ RST_A_ROSTERREGISTEREDFROM, "::1", RULE_FORBIDDEN, true,
	  "rosterRegisteredFrom" },
	{ RST_A_ROSTERJOINS, "cn=sysadmins,ou=groups,dc=example,dc=org",
	  RULE_FORBIDDEN, false, "rosterJoins" },
	{ RST_A_ROSTERMEMBERUNTIL, "29990101000000Z cn=x", RULE_FORBIDDEN, true,
	  "rosterMemberUntil" },
	{ RST_A_LOGINSHELL, "/bin/evil", RULE_INVALID_SHELL, true,
	  "loginShell" },
	{ RST_A_LOGINSHELL, NULL, RULE_INVALID_SHELL, true, "loginShell" },
	{ RST_A_LOGINSHELL, "/bin/zsh", RULE_OK, true, NULL },
	{ RST_A_CN, "Ada King", RULE_OK, true, NULL },
	{ RST_A_SN, "King", RULE_OK, true, NULL },
	{ RST_A_GIVENNAME, "Augusta", RULE_OK, true, NULL },
	{ RST_A_DISPLAYNAME, "Ada!", RULE_OK, true, NULL },
	{ RST_A_DESCRIPTION, "countess", RULE_OK, true, NULL },
	{ RST_A_SHADOWLASTCHANGE, "20000", RULE_OK, true, NULL },
};

#define N_CHANGES (sizeof(changes) / sizeof(changes[0]))

static void
people_are_who_they_were_made(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada"), sequence;
	enum rst_err err;

	life_ok(life, act_set(&life->ctx, RST_VIEW(""), RULE_SETTING_SHELLS,
	                      RST_VIEW("/bin/bash,/bin/zsh"), &life->refusal));
	for (size_t i = 0; i < N_CHANGES; i++) {
		print_message("row %zu: %s\n", i,
		              changes[i].value ? changes[i].value : "-");
		act_as(life, ada);
		sequence = life_sequence(life);
		err = life_set(life, ada, changes[i].attr, changes[i].value);
		if (changes[i].verdict == RULE_OK) {
			life_ok(life, err);
			continue;
		}
		life_refused(life, err, changes[i].verdict, changes[i].field);
		assert_int_equal(life_sequence(life), sequence);
	}
	err = life_set(life, ada, RST_A_LOGINSHELL, "/bin/sh");
	life_refused(life, err, RULE_INVALID_SHELL, "loginShell");
	assert_string_equal(life->refusal.detail.text,
	                    "choose one of /bin/bash,/bin/zsh");
	life_refused(life, life_delete(life, ada), RULE_FORBIDDEN, NULL);
}

static void
administrators_and_others_change_them(void **state)
{
	struct life *life = *state;
	uint64_t ada, bob = life_person(life, "bob"), boss, admins;
	char name[16];

	boss = life_person(life, "boss");
	admins = life_find_group(life, "sysadmins");
	life_ok(life, act_join(&life->ctx, admins, boss, &life->refusal));
	for (size_t i = 0; i < N_CHANGES; i++) {
		if (!changes[i].lawful)
			continue;
		print_message("row %zu: %s\n", i,
		              changes[i].value ? changes[i].value : "-");
		act_as(life, 0);
		(void)snprintf(name, sizeof(name), "ada%zu", i);
		ada = life_person(life, name);
		/* whether bob may is what access rules say */
		act_as(life, i % 2 == 0 ? boss : bob);
		life_ok(life,
		        life_set(life, ada, changes[i].attr, changes[i].value));
		/* nobody else has the address of the next */
		act_as(life, 0);
		life_ok(life, life_set(life, ada, RST_A_MAIL, NULL));
	}
	act_as(life, boss);
	life_ok(life, life_set(life, boss, RST_A_MAIL, "chief@example.org"));
}

static void
a_policy_lets_people_change_their_mail_address(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada"), eve = life_person(life, "eve");

	life_ok(life,
	        act_set(&life->ctx, RST_VIEW(""), RULE_SETTING_MAIL_CHANGE,
	                RST_VIEW("direct"), &life->refusal));
	act_as(life, ada);
	life_ok(life, life_set(life, ada, RST_A_MAIL, "ada@example.net"));
	life_refused(life, life_set(life, ada, RST_A_MAIL, "eve@example.org"),
	             RULE_EMAIL_TAKEN, "mail");
	/* the policy is about one's own address, and about nothing else */
	life_refused(life,
	             life_set(life, ada, RST_A_ROSTERMAILVERIFIED,
	                      "20260101000000Z"),
	             RULE_FORBIDDEN, "rosterMailVerified");
	act_as(life, 0);
	life_ok(life,
	        act_set(&life->ctx, RST_VIEW(""), RULE_SETTING_MAIL_CHANGE,
	                RST_VIEW("confirm"), &life->refusal));
	act_as(life, eve);
	life_refused(life, life_set(life, eve, RST_A_MAIL, "eve@example.net"),
	             RULE_FORBIDDEN, "mail");
}

/* Whoever an access rule lets write people makes no administrator of them. */
static void
rights_are_not_promised_by_who_has_none(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada"), bob = life_person(life, "bob");
	uint64_t boss = life_person(life, "boss");
	uint64_t admins = life_find_group(life, "sysadmins");
	const char *to_admins = "cn=SysAdmins, ou=groups,dc=example,dc=org";
	const char *to_users = "cn=ldapusers,ou=groups,dc=example,dc=org";
	const struct set pending[] = {
		{ RST_A_ROSTERSTATUS, "pending" },
		{ RST_A_ROSTERJOINS, to_admins },
		{ 0 },
	};

	life_ok(life, act_join(&life->ctx, admins, boss, &life->refusal));
	act_as(life, bob);
	life_refused(life, life_set(life, ada, RST_A_ROSTERJOINS, to_admins),
	             RULE_FORBIDDEN, "rosterJoins");
	life_refused(life,
	             entries_add(life, "ou=people", "uid=eve", a_person,
	                         pending, 0, NULL),
	             RULE_FORBIDDEN, "rosterJoins");
	life_ok(life, life_set(life, ada, RST_A_ROSTERJOINS, to_users));
	act_as(life, boss);
	life_ok(life, life_set(life, ada, RST_A_ROSTERJOINS, to_admins));
	/* what stands there is not asked again */
	act_as(life, bob);
	life_ok(life, life_set(life, ada, RST_A_SN, "Byron"));
	life_ok(life, life_set(life, ada, RST_A_ROSTERJOINS, to_admins));
}

static void
administrators_are_not_taken_over(void **state)
{
	struct life *life = *state;
	uint64_t bob = life_person(life, "bob");
	uint64_t boss = life_person_with_password(life, "boss");
	uint64_t vice = life_person(life, "vice");
	uint64_t admins = life_find_group(life, "sysadmins");
	static const struct {
		uint16_t attr;
		const char *field;
	} proofs[] = {
		{ RST_A_USERPASSWORD, "userPassword" },
		{ RST_A_MAIL, "mail" },
	};

	life_ok(life, act_join(&life->ctx, admins, boss, &life->refusal));
	life_ok(life, act_join(&life->ctx, admins, vice, &life->refusal));
	for (size_t i = 0; i < 2; i++) {
		act_as(life, bob);
		life_refused(life, life_set(life, boss, proofs[i].attr, NULL),
		             RULE_FORBIDDEN, proofs[i].field);
	}
	life_ok(life, life_set(life, boss, RST_A_DESCRIPTION, "chief"));
	act_as(life, vice);
	for (size_t i = 0; i < 2; i++)
		life_ok(life, life_set(life, boss, proofs[i].attr, NULL));
}

/* Names of other schemas get their number when they are first stored. */
static void
what_hosts_obey_is_not_theirs_either(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");
	static const char *const names[] = { "host", "authorizedService",
		                             "shadowMax", "shadowFlag" };
	struct rst_wtxn txn = { 0 };
	uint16_t attr[4];

	life_ok(life, rst_write_begin(life->env, RST_WRITE_ORDINARY, &txn));
	for (size_t i = 0; i < 4; i++)
		life_ok(life, rst_attr_intern(&txn, rst_view_of(names[i]),
		                              RST_MATCH_IGNORE, &attr[i]));
	life_ok(life, rst_write_commit(&txn));
	act_as(life, ada);
	for (size_t i = 0; i < 4; i++)
		life_refused(life, life_set(life, ada, attr[i], "1"),
		             RULE_FORBIDDEN, names[i]);
}

static const struct {
	const char *name;
	bool of_person, of_group;
} options[] = {
	{ "uid;lang-en", false, false },
	{ "UIDNUMBER;lang-en", false, false },
	{ "userPassword;x-a", false, false },
	{ "sshPublicKey;lang-en", false, false },
	{ "mail;lang-en;x-b", false, false },
	{ "rosterStatus;lang-en", false, false },
	{ "rosterAdministrator;lang-en", false, false },
	{ "memberUid;lang-en", false, false },
	{ "member;lang-en", false, false },
	{ "host;lang-en", false, false },
	{ "cn;lang-en", true, false },
	{ "sn;lang-en", true, true },
	{ "description;lang-en", true, true },
	{ "userCertificate;binary", true, true },
};

/* The rules look at uid, and clients at uid;lang-en, too. */
static void
only_text_has_options(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");
	uint64_t devs = life_group(life, "devs", false);
	struct rst_wtxn txn = { 0 };
	uint16_t attr;
	enum rst_err err;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		print_message("row %zu: %s\n", i, options[i].name);
		life_ok(life,
		        rst_write_begin(life->env, RST_WRITE_ORDINARY, &txn));
		life_ok(life,
		        rst_attr_intern(&txn, rst_view_of(options[i].name),
		                        RST_MATCH_IGNORE, &attr));
		life_ok(life, rst_write_commit(&txn));
		err = life_set(life, ada, attr, "ada");
		assert_int_equal(err == RST_OK, options[i].of_person);
		if (err != RST_OK)
			assert_int_equal(life->refusal.verdict,
			                 RULE_INVALID_CLASSES);
		err = life_set(life, devs, attr, "ada");
		assert_int_equal(err == RST_OK, options[i].of_group);
	}
}

int
main(void)
{
#define LIFE_TEST(name)                                                        \
	cmocka_unit_test_setup_teardown(name, life_setup, life_teardown)
	const struct CMUnitTest tests[] = {
		LIFE_TEST(people_are_who_they_were_made),
		LIFE_TEST(administrators_and_others_change_them),
		LIFE_TEST(a_policy_lets_people_change_their_mail_address),
		LIFE_TEST(rights_are_not_promised_by_who_has_none),
		LIFE_TEST(administrators_are_not_taken_over),
		LIFE_TEST(what_hosts_obey_is_not_theirs_either),
		LIFE_TEST(only_text_has_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
