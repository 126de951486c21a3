/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_self.c - lifecycle/gate.h: what people may change of themselves */
#include "tests/unit/entries.h"

#include <stdio.h>
#include <string.h>

#define A_KEY                                                                  \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"                                \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                           \
	"A boss"

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

static const struct {
	uint16_t attr;
	const char *value, *field; /* NULL: what describes him */
} takeovers[] = {
	{ RST_A_USERPASSWORD, NULL, "userPassword" },
	{ RST_A_MAIL, NULL, "mail" },
	{ RST_A_MAIL, "eve@example.org", "mail" },
	{ RST_A_SSHPUBLICKEY, A_KEY, "sshPublicKey" },
	{ RST_A_PWDACCOUNTLOCKEDTIME, "000001010000Z", "pwdAccountLockedTime" },
	{ RST_A_PWDACCOUNTLOCKEDTIME, "20270115080000Z",
	  "pwdAccountLockedTime" },
	{ RST_A_PWDRESET, "TRUE", "pwdReset" },
	{ RST_A_PWDCHANGEDTIME, "20200101000000Z", "pwdChangedTime" },
	{ RST_A_PWDHISTORY, NULL, NULL },
	{ RST_A_PWDGRACEUSETIME, "20270115080000Z", "pwdGraceUseTime" },
	{ RST_A_ROSTERSTATUS, "suspended", "rosterStatus" },
	{ RST_A_ROSTERSTATUS, "deleted", "rosterStatus" },
	{ RST_A_ROSTEREXPIRES, "20270201000000Z", "rosterExpires" },
	{ RST_A_ROSTERSTARTS, "20270201000000Z", "rosterStarts" },
	{ RST_A_SHADOWEXPIRE, "1", "shadowExpire" },
	{ RST_A_NSACCOUNTLOCK, "TRUE", "nsAccountLock" },
	{ RST_A_LOGINSHELL, "/bin/false", "loginShell" },
	{ RST_A_HOMEDIRECTORY, "/tmp", "homeDirectory" },
	{ RST_A_DESCRIPTION, "chief", NULL },
	{ RST_A_SN, "Chief", NULL },
};

/* What row does to the account of whom, as the actor. */
static enum rst_err
take_over(struct life *life, uint64_t actor, uint64_t whom, size_t row)
{
	act_as(life, actor);
	return life_set(life, whom, takeovers[row].attr, takeovers[row].value);
}

#define N_TAKEOVERS (sizeof(takeovers) / sizeof(takeovers[0]))

static void
administrators_are_not_taken_over(void **state)
{
	struct life *life = *state;
	uint64_t bob = life_person(life, "bob");
	uint64_t boss = life_person_with_password(life, "boss");
	uint64_t admins = life_find_group(life, "sysadmins");
	uint64_t vice = life_person_with_password(life, "vice"), victim;
	char name[16];

	life_ok(life, act_join(&life->ctx, admins, boss, &life->refusal));
	life_ok(life, act_join(&life->ctx, admins, vice, &life->refusal));
	for (size_t i = 0; i < N_TAKEOVERS; i++) {
		enum rst_err err = take_over(life, bob, boss, i);

		print_message("row %zu\n", i);
		if (takeovers[i].field == NULL)
			life_ok(life, err);
		else
			life_refused(life, err, RULE_FORBIDDEN,
			             takeovers[i].field);
	}
	life_refused(life, life_delete(life, boss), RULE_FORBIDDEN, NULL);
	/* another administrator may all that, and so may the machine */
	for (size_t i = 0; i < N_TAKEOVERS; i++) {
		print_message("row %zu\n", i);
		act_as(life, 0);
		(void)snprintf(name, sizeof(name), "boss%zu", i);
		victim = life_person_with_password(life, name);
		life_ok(life,
		        act_join(&life->ctx, admins, victim, &life->refusal));
		life_ok(life,
		        take_over(life, i % 2 == 0 ? vice : 0, victim, i));
		act_as(life, 0);
		life_ok(life, life_set(life, victim, RST_A_MAIL, NULL));
		life_ok(life, life_set(life, victim, RST_A_SSHPUBLICKEY, NULL));
	}
	act_as(life, vice);
	life_ok(life, life_delete(life, boss));
}

/* His account has ended, or waits: whoever could give it time or a password
 * would have his rights. */
static void
nor_are_those_who_were_or_will_be(void **state)
{
	struct life *life = *state;
	uint64_t bob = life_person(life, "bob");
	uint64_t boss = life_person_with_password(life, "boss");
	uint64_t was = life_person(life, "was"), will = 0;
	uint64_t admins = life_find_group(life, "sysadmins");
	const struct set pending[] = {
		{ RST_A_ROSTERSTATUS, "pending" },
		{ RST_A_ROSTERJOINS,
		  "cn=sysadmins,ou=groups,dc=example,dc=org" },
		{ 0 },
	};
	uint64_t both[2];

	life_ok(life, act_join(&life->ctx, admins, boss, &life->refusal));
	life_ok(life, act_join(&life->ctx, admins, was, &life->refusal));
	life_ok(life,
	        life_set(life, was, RST_A_ROSTEREXPIRES, "20200101000000Z"));
	life_ok(life, entries_add(life, "ou=people", "uid=will", a_person,
	                          pending, 0, &will));
	both[0] = was;
	both[1] = will;
	for (size_t i = 0; i < 2; i++) {
		act_as(life, bob);
		life_refused(
			life,
			life_set(life, both[i], RST_A_MAIL, "eve@example.org"),
			RULE_FORBIDDEN, "mail");
		life_refused(life,
		             life_set(life, both[i], RST_A_ROSTEREXPIRES,
		                      "29990101000000Z"),
		             RULE_FORBIDDEN, "rosterExpires");
	}
	life_refused(life, life_set(life, will, RST_A_ROSTERSTATUS, "active"),
	             RULE_FORBIDDEN, "rosterStatus");
	life_refused(life, life_delete(life, will), RULE_FORBIDDEN, NULL);
	act_as(life, boss);
	life_ok(life, life_set(life, will, RST_A_ROSTERSTATUS, "active"));
	assert_true(life_is_member(life, admins, will));
}

/* A group of administrators can name somebody before he is there. */
static void
nobody_takes_a_name_that_is_an_administrators(void **state)
{
	struct life *life = *state;
	uint64_t bob = life_person(life, "bob");
	uint64_t boss = life_person_with_password(life, "boss"), ghost = 0;
	uint64_t admins = life_find_group(life, "sysadmins");
	struct rst_view dn = RST_VIEW("uid=ghost,ou=people,dc=example,dc=org");
	const struct rst_member_op op = { RST_MEMBER_ADD, RST_A_MEMBER, dn,
		                          dn };
	struct gate_change name = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("test"),
		.id = admins,
		.members = &op,
		.n_members = 1,
	};
	const struct set nothing[] = { { 0 } };
	struct rst_record record;
	struct rst_wtxn txn;

	life_ok(life, act_join(&life->ctx, admins, boss, &life->refusal));
	fixture_write(life->fixture, &txn);
	assert_int_equal(rst_record_get(&txn.r, admins, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &name.after), RST_OK);
	life_ok(life,
	        gate_apply(&txn, &life->ctx, &name, &life->refusal, NULL));
	life_ok(life, rst_write_commit(&txn));
	rst_entry_free(name.after);
	act_as(life, bob);
	life_refused(life,
	             entries_add(life, "ou=people", "uid=ghost", a_person,
	                         nothing, 0, NULL),
	             RULE_FORBIDDEN, NULL);
	life_ok(life, entries_add(life, "ou=people", "uid=carol", a_person,
	                          nothing, 0, NULL));
	act_as(life, boss);
	life_ok(life, entries_add(life, "ou=people", "uid=ghost", a_person,
	                          nothing, 0, &ghost));
	assert_true(life_is_member(life, admins, ghost));
}

static const struct set a_token[] = {
	{ RST_A_OBJECTCLASS, "top" },
	{ RST_A_OBJECTCLASS, "rosterToken" },
	{ RST_A_ROSTERPURPOSE, "api" },
	{ RST_A_DISPLAYNAME, "by hand" },
	{ RST_A_ROSTERSCOPE, "inherit" },
	{ RST_A_ROSTERTOKENDIGEST, "00000000000000000000000000000000"
	                           "00000000000000000000000000000000" },
	{ 0 },
};

/* Not with a token that was written by hand, either. */
static void
nor_by_tokens_of_theirs(void **state)
{
	struct life *life = *state;
	uint64_t bob = life_person(life, "bob");
	uint64_t boss = life_person_with_password(life, "boss"), token = 0;
	uint64_t admins = life_find_group(life, "sysadmins");
	const struct set of_boss[] = {
		{ RST_A_ROSTEROWNER, "uid=boss,ou=people,dc=example,dc=org" },
		{ 0 },
	};
	const struct set of_ada[] = {
		{ RST_A_ROSTEROWNER, "uid=ada,ou=people,dc=example,dc=org" },
		{ 0 },
	};

	(void)life_person(life, "ada");
	life_ok(life, act_join(&life->ctx, admins, boss, &life->refusal));
	act_as(life, bob);
	life_refused(life,
	             entries_add(life, "ou=tokens", "cn=0a", a_token, of_boss,
	                         0, NULL),
	             RULE_FORBIDDEN, "rosterOwner");
	life_ok(life, entries_add(life, "ou=tokens", "cn=0b", a_token, of_ada,
	                          0, &token));
	life_refused(life,
	             life_set(life, token, RST_A_ROSTEROWNER, of_boss[0].value),
	             RULE_FORBIDDEN, "rosterOwner");
	act_as(life, boss);
	life_ok(life,
	        life_set(life, token, RST_A_ROSTEROWNER, of_boss[0].value));
	act_as(life, bob);
	life_refused(life, life_delete(life, token), RULE_FORBIDDEN,
	             "rosterOwner");
}

/* Who acts by a token that may less than its owner. */
static void
a_narrow_token_widens_nothing(void **state)
{
	struct life *life = *state;
	uint64_t boss = life_person_with_password(life, "boss");
	uint64_t vice = life_person_with_password(life, "vice");
	uint64_t ada = life_person(life, "ada");
	uint64_t admins = life_find_group(life, "sysadmins");
	char link[RST_TOKEN_TEXT], text[RULE_TOKEN_TEXT];
	const struct act_token token = { .name = RST_VIEW("x") };
	uint64_t id;

	life_ok(life, act_join(&life->ctx, admins, boss, &life->refusal));
	life_ok(life, act_join(&life->ctx, admins, vice, &life->refusal));
	for (size_t i = 0; i < 4; i++) {
		life->ctx.narrow = true;
		life_refused(life, take_over(life, boss, boss, i),
		             RULE_INSUFFICIENT_SCOPE, takeovers[i].field);
		life_refused(life, take_over(life, boss, vice, i),
		             RULE_FORBIDDEN, takeovers[i].field);
	}
	life_refused(life, act_join(&life->ctx, admins, ada, &life->refusal),
	             RULE_FORBIDDEN, NULL);
	life_refused(
		life,
		act_reset_link(&life->ctx, boss, NULL, link, &life->refusal),
		RULE_INSUFFICIENT_SCOPE, "rosterOwner");
	life_refused(
		life,
		act_reset_link(&life->ctx, vice, NULL, link, &life->refusal),
		RULE_FORBIDDEN, "rosterOwner");
	life_refused(life,
	             act_token_create(&life->ctx, boss, &token, text, &id,
	                              &life->refusal),
	             RULE_INSUFFICIENT_SCOPE, "rosterOwner");
	life_ok(life, life_set(life, ada, RST_A_MAIL, "eve@example.org"));
	life_ok(life, life_set(life, boss, RST_A_DESCRIPTION, "chief"));
	life->ctx.narrow = false;
	life_ok(life, act_token_create(&life->ctx, boss, &token, text, &id,
	                               &life->refusal));
	life->ctx.narrow = true;
	life_ok(life, act_token_revoke(&life->ctx, id, &life->refusal));
	life->ctx.narrow = false;
	life_ok(life, take_over(life, boss, boss, 3));
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
	const struct CMUnitTest tests[] = {
		LIFE_TEST(people_are_who_they_were_made),
		LIFE_TEST(administrators_and_others_change_them),
		LIFE_TEST(a_policy_lets_people_change_their_mail_address),
		LIFE_TEST(rights_are_not_promised_by_who_has_none),
		LIFE_TEST(administrators_are_not_taken_over),
		LIFE_TEST(nor_are_those_who_were_or_will_be),
		LIFE_TEST(nobody_takes_a_name_that_is_an_administrators),
		LIFE_TEST(nor_by_tokens_of_theirs),
		LIFE_TEST(a_narrow_token_widens_nothing),
		LIFE_TEST(what_hosts_obey_is_not_theirs_either),
		LIFE_TEST(only_text_has_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
