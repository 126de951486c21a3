/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_gate.c - lifecycle/gate.h: what is written and how */
#include "tests/unit/entries.h"

#include <stdio.h>
#include <string.h>

#include "lifecycle/place.h"

static void
an_import_keeps_what_was_elsewhere(void **state)
{
	struct life *life = *state;
	static const struct set dotted[] = {
		{ RST_A_UIDNUMBER, "1017" },
		{ RST_A_GIDNUMBER, "1017" },
		{ RST_A_USERPASSWORD,
		  "{SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3" },
		{ RST_A_ROSTERSTATUS, "suspended" },
		{ 0 },
	};
	static const struct set posix[] = {
		{ RST_A_UID, "legacy" },
		{ RST_A_UIDNUMBER, "1018" },
		{ RST_A_GIDNUMBER, "1017" },
		{ 0 },
	};
	static const struct set grave[] = {
		{ RST_A_ROSTERFORMERNUMBER, "10000" },
		{ RST_A_ROSTERFORMERNAME, "zoe" },
		{ RST_A_ROSTERNAMEFREEAT, "20300101000000Z" },
		{ 0 },
	};
	static const struct set number[] = { { RST_A_GIDNUMBER, "4000" },
		                             { 0 } };
	uint64_t id, tombstone;

	life_ok(life, entries_add(life, "ou=people", "uid=ada.l", a_person,
	                          dotted, GATE_IMPORT, &id));
	assert_string_equal(life_value(life, id, RST_A_UIDNUMBER), "1017");
	assert_string_equal(life_value(life, id, RST_A_ROSTERSTATUS),
	                    "suspended");
	assert_string_equal(life_value(life, id, RST_A_LOGINSHELL), "");
	/* no consequences: membership comes with the group */
	assert_false(
		life_is_member(life, life_find_group(life, "ldapusers"), id));
	life_ok(life, entries_add(life, "ou=people", "cn=Old Account",
	                          a_posix_account, posix, GATE_IMPORT, &id));
	life_ok(life, entries_add(life, "ou=people", "cn=oldgroup",
	                          a_posix_group, number, GATE_IMPORT, &id));
	life_ok(life, entries_add(life, "ou=tombstones", "cn=x", a_tombstone,
	                          grave, GATE_IMPORT, &tombstone));
	/* what is dead there is dead here */
	id = life_person(life, "eve");
	assert_string_equal(life_value(life, id, RST_A_UIDNUMBER), "10001");
	life_refused(life,
	             entries_add(life, "ou=people", "uid=zoe", a_person,
	                         (struct set[]){ { 0 } }, 0, NULL),
	             RULE_USERNAME_TAKEN, "uid");
	life_refused(life,
	             life_set(life, tombstone, RST_A_ROSTERFORMERNUMBER, "5"),
	             RULE_TOMBSTONE_IMMUTABLE, NULL);
	life_refused(life, life_delete(life, tombstone),
	             RULE_TOMBSTONE_IMMUTABLE, NULL);
}

static void
an_import_does_not_raise_the_dead(void **state)
{
	struct life *life = *state;
	static const struct set grave[] = {
		{ RST_A_ROSTERFORMERNUMBER, "1016" },
		{ RST_A_ROSTERFORMERNAME, "zoe" },
		{ RST_A_ROSTERNAMEFREEAT, "20270115080000Z" },
		{ 0 },
	};
	static const struct set same_number[] = {
		{ RST_A_UIDNUMBER, "1016" },
		{ RST_A_GIDNUMBER, "1017" },
		{ 0 },
	};
	static const struct set same_name[] = {
		{ RST_A_UIDNUMBER, "1017" },
		{ RST_A_GIDNUMBER, "1017" },
		{ 0 },
	};
	uint64_t tombstone;

	life_ok(life, entries_add(life, "ou=tombstones", "cn=x", a_tombstone,
	                          grave, GATE_IMPORT, &tombstone));
	life_refused(life,
	             entries_add(life, "ou=people", "uid=ada", a_person,
	                         same_number, GATE_IMPORT, NULL),
	             RULE_UIDNUMBER_TAKEN, "uidNumber");
	life->ctx.now_s = LIFE_NOW - 1;
	life_refused(life,
	             entries_add(life, "ou=people", "uid=zoe", a_person,
	                         same_name, GATE_IMPORT, NULL),
	             RULE_USERNAME_TAKEN, "uid");
	life->ctx.now_s = LIFE_NOW;
	life_ok(life, entries_add(life, "ou=people", "uid=zoe", a_person,
	                          same_name, GATE_IMPORT, NULL));
	assert_string_equal(life_value(life, tombstone, RST_A_ROSTERFORMERNAME),
	                    "");
}

static void
an_import_without_a_status_is_active(void **state)
{
	struct life *life = *state;
	static const struct set numbers[] = {
		{ RST_A_UIDNUMBER, "1017" },
		{ RST_A_GIDNUMBER, "1017" },
		{ 0 },
	};
	uint64_t id;

	life_ok(life, entries_add(life, "ou=people", "uid=ada", a_person,
	                          numbers, GATE_IMPORT, &id));
	assert_string_equal(life_value(life, id, RST_A_ROSTERSTATUS), "active");
}

static void
a_new_person_is_completed_and_stamped(void **state)
{
	struct life *life = *state;
	static const struct set bare[] = {
		{ RST_A_OBJECTCLASS, "inetOrgPerson" },
		{ RST_A_OBJECTCLASS, "rosterAccount" },
		{ RST_A_SN, "L" },
		{ 0 }
	};
	static const struct {
		uint16_t attr;
		const char *value;
	} expected[] = {
		{ RST_A_UID, "ada" },
		{ RST_A_CN, "Ada Lovelace" },
		{ RST_A_GECOS, "Ada Lovelace" },
		{ RST_A_UIDNUMBER, "10000" },
		{ RST_A_GIDNUMBER, "2001" },
		{ RST_A_HOMEDIRECTORY, "/home/ada" },
		{ RST_A_LOGINSHELL, "/bin/bash" },
		{ RST_A_ROSTERSTATUS, "active" },
		{ RST_A_STRUCTURALOBJECTCLASS, "inetOrgPerson" },
		{ RST_A_CREATETIMESTAMP, "20270115080000Z" },
		{ RST_A_MODIFYTIMESTAMP, "20270115080000Z" },
		{ RST_A_CREATORSNAME, "cn=tests" },
		{ RST_A_MODIFIERSNAME, "cn=tests" },
	};
	uint64_t id, group = life_find_group(life, "ldapusers");
	struct rst_record record;
	struct rst_rtxn txn;
	char act[64];

	life_ok(life, entries_add(life, "ou=people", "uid=ada", a_person, bare,
	                          0, &id));
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_string_equal(life_value(life, id, expected[i].attr),
		                    expected[i].value);
	assert_int_equal(strlen(life_value(life, id, RST_A_ENTRYUUID)), 36);
	assert_int_equal(life_value(life, id, RST_A_ENTRYUUID)[14], '4');
	assert_non_null(strstr(life_value(life, id, RST_A_ENTRYCSN), "#00f#"));
	fixture_read(life->fixture, &txn);
	assert_int_equal(rst_record_get(&txn, id, &record), RST_OK);
	assert_true(record.flags & RST_REC_POSIX_ACCOUNT);
	assert_int_equal(record.generation, 1);
	rst_read_end(&txn);
	assert_true(life_is_member(life, group, id));
	/* the person's record, then the group's */
	life_act(life, life_sequence(life) - 1, act);
	assert_string_equal(act, "test");
	life_act(life, life_sequence(life), act);
	assert_string_equal(act, "join");
}

static void
a_sites_own_range_is_lawful_once_it_is_set(void **state)
{
	struct life *life = *state;
	static const struct set own[] = { { RST_A_UIDNUMBER, "700000000" },
		                          { 0 } };
	uint64_t settings;
	struct rst_rtxn txn;

	life_refused(life,
	             entries_add(life, "ou=people", "uid=eve", a_person, own, 0,
	                         NULL),
	             RULE_INVALID_UIDNUMBER, "uidNumber");
	fixture_read(life->fixture, &txn);
	assert_int_equal(lifecycle_place(&txn, "cn=settings", &settings),
	                 RST_OK);
	rst_read_end(&txn);
	life_ok(life, life_set(life, settings, RST_A_ROSTERVALUE,
	                       "third-range=700000000-700000001"));
	life_ok(life, entries_add(life, "ou=people", "uid=eve", a_person, own,
	                          0, NULL));
	/* numbers are given out from the first range on all the same */
	assert_string_equal(
		life_value(life, life_person(life, "bob"), RST_A_UIDNUMBER),
		"10000");
}

static void
who_somebody_is_does_not_change(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");
	uint64_t devs = life_group(life, "devs", false), plain;

	life_refused(life, life_set(life, ada, RST_A_UIDNUMBER, "20000"),
	             RULE_IDENTITY_IMMUTABLE, "uidNumber");
	life_refused(life, life_set(life, ada, RST_A_UIDNUMBER, "0"),
	             RULE_IDENTITY_IMMUTABLE, "uidNumber");
	life_refused(life, life_set(life, ada, RST_A_UIDNUMBER, NULL),
	             RULE_INVALID_UIDNUMBER, "uidNumber");
	life_refused(life, life_set(life, ada, RST_A_UID, "eve"),
	             RULE_IDENTITY_IMMUTABLE, "uid");
	life_refused(life,
	             life_set(life, ada, RST_A_OBJECTCLASS, "inetOrgPerson"),
	             RULE_IDENTITY_IMMUTABLE, "objectClass");
	life_refused(life, life_set(life, ada, RST_A_GIDNUMBER, "0"),
	             RULE_INVALID_GIDNUMBER, "gidNumber");
	life_ok(life, life_set(life, ada, RST_A_GIDNUMBER, "2002"));
	life_refused(life, life_set(life, devs, RST_A_GIDNUMBER, "2003"),
	             RULE_IDENTITY_IMMUTABLE, "gidNumber");
	life_refused(life,
	             life_set(life, devs, RST_A_OBJECTCLASS, "groupOfMembers"),
	             RULE_IDENTITY_IMMUTABLE, "objectClass");
	life_ok(life, entries_add(life, "ou=groups", "cn=plain", a_posix_group,
	                          (struct set[]){ { 0 } }, 0, &plain));
	life_refused(life,
	             life_set(life, plain, RST_A_OBJECTCLASS, "groupOfNames"),
	             RULE_IDENTITY_IMMUTABLE, "objectClass");
}

static enum rst_err
rename_entry(struct life *life, uint64_t id, uint64_t parent, const char *rdn)
{
	struct gate_change change = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("test"),
		.id = id,
	};
	struct rst_record record;
	struct rst_wtxn txn;
	enum rst_err err;

	fixture_write(life->fixture, &txn);
	assert_int_equal(rst_record_get(&txn.r, id, &record), RST_OK);
	if (parent == 0)
		parent = record.parent;
	assert_int_equal(rst_entry_from_record(&record, &change.after), RST_OK);
	assert_int_equal(rst_entry_place(change.after, parent, rst_view_of(rdn),
	                                 rst_view_of(rdn)),
	                 RST_OK);
	if (strncmp(rdn, "ou=", 3) != 0)
		assert_int_equal(
			rst_entry_set_one(change.after,
		                          rdn[0] == 'u' ? RST_A_UID : RST_A_CN,
		                          rst_view_of(strchr(rdn, '=') + 1)),
			RST_OK);
	err = gate_apply(&txn, &life->ctx, &change, &life->refusal, NULL);
	if (err == RST_OK)
		fixture_commit(&txn);
	rst_write_abort(&txn);
	rst_entry_free(change.after);
	return err;
}

static void
people_and_fixed_places_are_not_renamed(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");
	uint64_t devs = life_group(life, "devs", false);
	struct rst_journal_public public;
	uint64_t people, suffix;
	struct rst_rtxn txn;

	fixture_read(life->fixture, &txn);
	assert_int_equal(lifecycle_place(&txn, "ou=people", &people), RST_OK);
	assert_int_equal(lifecycle_suffix(&txn, &suffix), RST_OK);
	rst_read_end(&txn);
	life_refused(life, rename_entry(life, ada, 0, "uid=eve"),
	             RULE_IDENTITY_IMMUTABLE, "uid");
	life_refused(life, rename_entry(life, ada, suffix, "uid=ada"),
	             RULE_IDENTITY_IMMUTABLE, "uid");
	life_refused(life, rename_entry(life, people, 0, "ou=persons"),
	             RULE_IDENTITY_IMMUTABLE, NULL);
	life_refused(life,
	             rename_entry(life, life_find_group(life, "ldapusers"), 0,
	                          "cn=everybody"),
	             RULE_PROTECTED_GROUP, "cn");
	life_refused(life,
	             life_delete(life, life_find_group(life, "sysadmins")),
	             RULE_PROTECTED_GROUP, "cn");
	life_refused(life, rename_entry(life, devs, 0, "cn=sudo"),
	             RULE_RESERVED_GROUP, "cn");
	life_ok(life, rename_entry(life, devs, 0, "cn=developers"));
	assert_int_equal(life_find_group(life, "developers"), devs);
	fixture_read(life->fixture, &txn);
	assert_int_equal(rst_journal_get(&txn, rst_journal_last(&txn), &public),
	                 RST_OK);
	assert_int_equal(public.op, RST_J_RENAME);
	assert_true(rst_view_equal(
		public.old_dn,
		RST_VIEW("cn=devs,ou=groups,dc=example,dc=org")));
	assert_true(rst_view_equal(
		public.dn,
		RST_VIEW("cn=developers,ou=groups,dc=example,dc=org")));
	rst_read_end(&txn);
}

static void
nobody_is_moved_with_a_subtree(void **state)
{
	static const struct set a_place[] = {
		{ RST_A_OBJECTCLASS, "organizationalUnit" },
		{ 0, NULL },
	};
	const struct set none[] = { { 0 } };
	struct life *life = *state;
	uint64_t devs = life_group(life, "devs", false);
	uint64_t staff, inner, teams, suffix;
	struct rst_rtxn txn;

	fixture_read(life->fixture, &txn);
	assert_int_equal(lifecycle_suffix(&txn, &suffix), RST_OK);
	rst_read_end(&txn);
	life_ok(life, entries_add(life, "ou=people", "ou=staff", a_place, none,
	                          0, &staff));
	life_ok(life, entries_add(life, "ou=people", "ou=inner", a_place, none,
	                          0, &inner));
	life_ok(life, rename_entry(life, inner, staff, "ou=inner"));
	life_refused(life, rename_entry(life, staff, 0, "ou=crew"),
	             RULE_IDENTITY_IMMUTABLE, NULL);
	life_refused(life, rename_entry(life, staff, suffix, "ou=staff"),
	             RULE_IDENTITY_IMMUTABLE, NULL);
	life_ok(life, entries_add(life, "ou=groups", "ou=teams", a_place, none,
	                          0, &teams));
	life_ok(life, rename_entry(life, devs, teams, "cn=devs"));
	life_ok(life, rename_entry(life, teams, 0, "ou=bands"));
	life_refused(life, rename_entry(life, teams, suffix, "ou=bands"),
	             RULE_IDENTITY_IMMUTABLE, NULL);
}

static void
an_entry_that_becomes_an_account_is_completed(void **state)
{
	const struct set uid[] = { { RST_A_UID, "web01" }, { 0 } };
	struct life *life = *state;
	struct gate_change change = { .verb = GATE_MODIFY,
		                      .act = RST_VIEW("test") };
	struct rst_record record;
	struct rst_wtxn txn;

	life_ok(life, entries_add(life, "ou=services", "uid=web01", a_service,
	                          uid, 0, &change.id));
	fixture_write(life->fixture, &txn);
	assert_int_equal(rst_record_get(&txn.r, change.id, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &change.after), RST_OK);
	assert_int_equal(rst_entry_add(change.after, RST_A_OBJECTCLASS,
	                               RST_VIEW("posixAccount")),
	                 RST_OK);
	life_ok(life,
	        gate_apply(&txn, &life->ctx, &change, &life->refusal, NULL));
	fixture_commit(&txn);
	rst_entry_free(change.after);
	assert_string_equal(life_value(life, change.id, RST_A_UIDNUMBER),
	                    "10000");
	assert_string_equal(life_value(life, change.id, RST_A_HOMEDIRECTORY),
	                    "/home/web01");
}

/* What leaves the directory without one who can sign in for good. */
static void
the_last_administrator_is_not_locked_out(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");
	uint64_t bob = life_person(life, "bob");
	uint64_t sysadmins = life_find_group(life, "sysadmins");
	static const struct {
		uint16_t attr;
		const char *value;
	} rows[] = {
		{ RST_A_ROSTEREXPIRES, "20990101000000Z" },
		{ RST_A_ROSTEREXPIRES, "20200101000000Z" },
		{ RST_A_ROSTERSTARTS, "20990101000000Z" },
		{ RST_A_PWDACCOUNTLOCKEDTIME, "000001010000Z" },
		{ RST_A_USERPASSWORD, NULL },
	};

	life_ok(life, act_join(&life->ctx, sysadmins, ada, &life->refusal));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("row %zu\n", i);
		life_refused(life,
		             life_set(life, ada, rows[i].attr, rows[i].value),
		             RULE_LAST_ADMIN, NULL);
	}
	/* a lock that ends is what five wrong passwords bring, to anybody */
	life_ok(life, life_set(life, ada, RST_A_PWDACCOUNTLOCKEDTIME,
	                       "20270115080000Z"));
	life_ok(life, life_set(life, ada, RST_A_PWDACCOUNTLOCKEDTIME, NULL));
	/* nor is one enough who never had a password */
	life_ok(life, act_join(&life->ctx, sysadmins, bob, &life->refusal));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("row %zu\n", i);
		life_refused(life,
		             life_set(life, ada, rows[i].attr, rows[i].value),
		             RULE_LAST_ADMIN, NULL);
	}
	life_refused(life,
	             act_suspend(&life->ctx, ada, RST_VIEW(""), &life->refusal),
	             RULE_LAST_ADMIN, NULL);
	life_ok(life,
	        life_set(life, bob, RST_A_ROSTEREXPIRES, "20990101000000Z"));
	life_ok(life, act_change_password(&life->ctx, bob, rst_view(NULL, 0),
	                                  RST_VIEW(LIFE_PASSWORD), NULL,
	                                  &life->refusal));
	/* or who has an end himself */
	life_refused(life, life_set(life, ada, rows[0].attr, rows[0].value),
	             RULE_LAST_ADMIN, NULL);
	life_ok(life, life_set(life, bob, RST_A_ROSTEREXPIRES, NULL));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("row %zu\n", i);
		life_ok(life, life_set(life, ada, rows[i].attr, rows[i].value));
		if (rows[i].value != NULL)
			life_ok(life, life_set(life, ada, rows[i].attr, NULL));
	}
}

static void
the_last_administrator_stays(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");
	uint64_t bob = life_person(life, "bob");
	uint64_t sysadmins = life_find_group(life, "sysadmins");
	struct gate_change drop = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("test"),
		.id = sysadmins,
		.members =
			&(struct rst_member_op){
				RST_MEMBER_CLEAR, RST_A_MEMBER, { 0 }, { 0 } },
		.n_members = 1,
	};
	struct rst_record record;
	struct rst_wtxn txn;

	life_ok(life, act_join(&life->ctx, sysadmins, ada, &life->refusal));
	life_refused(life,
	             act_suspend(&life->ctx, ada, RST_VIEW(""), &life->refusal),
	             RULE_LAST_ADMIN, NULL);
	life_refused(life, life_set(life, ada, RST_A_ROSTERSTATUS, "deleted"),
	             RULE_LAST_ADMIN, NULL);
	life_refused(life, life_delete(life, ada), RULE_LAST_ADMIN, NULL);
	life_refused(life,
	             act_leave(&life->ctx, sysadmins, ada, &life->refusal),
	             RULE_LAST_ADMIN, NULL);
	life_refused(
		life,
		life_set(life, sysadmins, RST_A_ROSTERADMINISTRATOR, "FALSE"),
		RULE_LAST_ADMIN, NULL);
	fixture_write(life->fixture, &txn);
	assert_int_equal(rst_record_get(&txn.r, sysadmins, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &drop.after), RST_OK);
	life_refused(life,
	             gate_apply(&txn, &life->ctx, &drop, &life->refusal, NULL),
	             RULE_LAST_ADMIN, NULL);
	rst_write_abort(&txn);
	rst_entry_free(drop.after);
	/* one who is suspended does not count */
	life_ok(life, act_join(&life->ctx, sysadmins, bob, &life->refusal));
	life_ok(life,
	        act_suspend(&life->ctx, bob, RST_VIEW(""), &life->refusal));
	life_refused(life,
	             act_leave(&life->ctx, sysadmins, ada, &life->refusal),
	             RULE_LAST_ADMIN, NULL);
	/* and the rights do not come back with the status */
	life_ok(life,
	        act_activate(&life->ctx, bob, RST_VIEW(""), &life->refusal));
	assert_false(life_is_member(life, sysadmins, bob));
	/* nor does one whose account has run out */
	life_ok(life, act_join(&life->ctx, sysadmins, bob, &life->refusal));
	life_ok(life,
	        life_set(life, bob, RST_A_ROSTEREXPIRES, "20200101000000Z"));
	life_refused(life,
	             act_leave(&life->ctx, sysadmins, ada, &life->refusal),
	             RULE_LAST_ADMIN, NULL);
	life_ok(life, life_set(life, bob, RST_A_ROSTEREXPIRES, NULL));
	life_ok(life, act_leave(&life->ctx, sysadmins, ada, &life->refusal));
	life_refused(life,
	             act_leave(&life->ctx, sysadmins, bob, &life->refusal),
	             RULE_LAST_ADMIN, NULL);
	/* an administrator by another group does */
	life_ok(life, act_join(&life->ctx, life_group(life, "chiefs", true),
	                       ada, &life->refusal));
	life_ok(life, act_leave(&life->ctx, sysadmins, bob, &life->refusal));
	life_refused(life,
	             act_delete_group(&life->ctx,
	                              life_find_group(life, "chiefs"),
	                              &life->refusal),
	             RULE_LAST_ADMIN, NULL);
}

static void
without_the_lifecycle_there_are_no_rules(void **state)
{
	struct life *life = *state;
	static const struct set wild[] = {
		{ RST_A_UIDNUMBER, "0" },
		{ RST_A_USERPASSWORD, "clear" },
		{ RST_A_ROSTERSTATUS, "sleeping" },
		{ 0 },
	};
	struct rst_wtxn txn;
	uint64_t id, sequence;

	fixture_write(life->fixture, &txn);
	assert_int_equal(rst_setting_put(&txn, "lifecycle", RST_VIEW("off")),
	                 RST_OK);
	fixture_commit(&txn);
	life_ok(life, entries_add(life, "ou=people", "uid=root", a_person, wild,
	                          0, &id));
	sequence = life_sequence(life);
	assert_string_equal(life_value(life, id, RST_A_GIDNUMBER), "");
	assert_int_equal(strlen(life_value(life, id, RST_A_ENTRYUUID)), 36);
	life_ok(life, life_set(life, id, RST_A_UIDNUMBER, "1"));
	life_ok(life, life_delete(life, id));
	/* journaled all the same, and nobody is buried */
	assert_int_equal(life_sequence(life), sequence + 2);
}

static void
a_stamped_change_keeps_its_stamps(void **state)
{
	struct life *life = *state;
	static const char csn[] = "20300101000000.000000Z#000000#001#000000";
	static const struct set stamps[] = {
		{ RST_A_ENTRYUUID, "6d5cfa22-6d5c-4d5c-8d5c-6d5cfa226d5c" },
		{ RST_A_ENTRYCSN, csn },
		{ RST_A_CREATETIMESTAMP, "20300101000000Z" },
		{ RST_A_STRUCTURALOBJECTCLASS, "inetOrgPerson" },
		{ 0 },
	};
	struct rst_journal_public public;
	struct rst_rtxn txn;
	uint64_t id, sequence;

	sequence = life_sequence(life);
	life->ctx.door = RST_DOOR_LDAP;
	life->ctx.server_id = 1;
	life_ok(life, entries_add(life, "ou=people", "uid=ada", a_person,
	                          stamps, GATE_STAMPED, &id));
	assert_string_equal(life_value(life, id, RST_A_ENTRYCSN), csn);
	assert_string_equal(life_value(life, id, RST_A_CREATORSNAME), "");
	fixture_read(life->fixture, &txn);
	assert_int_equal(rst_journal_get(&txn, sequence + 1, &public), RST_OK);
	assert_true(public.replicated);
	assert_true(rst_view_equal(public.csn, rst_view_of(csn)));
	/* the join is nobody's primary operation: replayed, with the foreign
	 * id, above the CSN that was seen */
	assert_int_equal(rst_journal_get(&txn, sequence + 2, &public), RST_OK);
	assert_false(public.replicated);
	assert_true(memcmp(public.csn.ptr, "20300101000000.000000Z#000001#00f#",
	                   34) == 0);
	rst_read_end(&txn);
}

static void
a_stamped_change_without_a_csn_stays_without(void **state)
{
	struct life *life = *state;
	struct rst_journal_public public;
	struct rst_rtxn txn;
	uint64_t id;

	/* lastmod off; the journal's record has one all the same */
	life_ok(life, entries_add(life, "ou=services", "cn=web", a_service,
	                          (struct set[]){ { 0 } }, GATE_STAMPED, &id));
	assert_string_equal(life_value(life, id, RST_A_ENTRYCSN), "");
	assert_string_equal(life_value(life, id, RST_A_ENTRYUUID), "");
	fixture_read(life->fixture, &txn);
	assert_int_equal(rst_journal_get(&txn, rst_journal_last(&txn), &public),
	                 RST_OK);
	assert_int_equal(public.csn.len, 40);
	rst_read_end(&txn);
}

static void
a_stamped_deletion_brings_its_csn(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");
	struct gate_change change = {
		.verb = GATE_DELETE,
		.flags = GATE_STAMPED,
		.act = RST_VIEW("test"),
		.id = ada,
		.csn = RST_VIEW("20300101000000.000000Z#000000#001#000000"),
	};
	struct rst_journal_public public;
	bool found = false;
	struct rst_wtxn txn;
	struct rst_rtxn read;

	life->ctx.door = RST_DOOR_LDAP;
	fixture_write(life->fixture, &txn);
	life_ok(life,
	        gate_apply(&txn, &life->ctx, &change, &life->refusal, NULL));
	fixture_commit(&txn);
	fixture_read(life->fixture, &read);
	for (uint64_t s = 1; s <= rst_journal_last(&read); s++) {
		assert_int_equal(rst_journal_get(&read, s, &public), RST_OK);
		if (public.op != RST_J_DELETE)
			continue;
		found = public.replicated &&
		        rst_view_equal(public.csn, change.csn);
	}
	rst_read_end(&read);
	assert_true(found);
}

static enum rst_err
veto(void *arg, struct rst_wtxn *txn, uint64_t id)
{
	struct rst_record record;

	/* the door sees the entry as it would be */
	assert_int_equal(rst_record_get(&txn->r, id, &record), RST_OK);
	*(uint64_t *)arg = id;
	return RST_ESTATE;
}

static void
the_doors_own_check_can_end_a_change(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada"), seen = 0;
	struct gate_change change = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("test"),
		.id = ada,
		.verify = veto,
		.verify_arg = &seen,
	};
	struct rst_record record;
	struct rst_wtxn txn;

	fixture_write(life->fixture, &txn);
	assert_int_equal(rst_record_get(&txn.r, ada, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &change.after), RST_OK);
	assert_int_equal(
		gate_apply(&txn, &life->ctx, &change, &life->refusal, NULL),
		RST_ESTATE);
	assert_int_equal(seen, ada);
	rst_write_abort(&txn);
	rst_entry_free(change.after);
}

static void
keep_book(struct life *life, uint64_t id, const char *csn)
{
	struct gate_change change = { .verb = GATE_MODIFY,
		                      .flags = GATE_INTERNAL,
		                      .id = id };
	const struct rst_view value = rst_view_of(csn);
	struct rst_record record;
	struct rst_wtxn txn;

	fixture_write(life->fixture, &txn);
	assert_int_equal(rst_record_get(&txn.r, id, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &change.after), RST_OK);
	assert_int_equal(rst_entry_set(change.after, RST_A_CONTEXTCSN, &value,
	                               csn != NULL ? 1 : 0),
	                 RST_OK);
	life_ok(life,
	        gate_apply(&txn, &life->ctx, &change, &life->refusal, NULL));
	fixture_commit(&txn);
	rst_entry_free(change.after);
}

static void
bookkeeping_is_not_journaled(void **state)
{
	static const char csn[] = "20300101000000.000000Z#000000#001#000000";
	struct life *life = *state;
	uint64_t sequence = life_sequence(life), suffix;
	struct rst_rtxn txn;

	fixture_read(life->fixture, &txn);
	assert_int_equal(lifecycle_suffix(&txn, &suffix), RST_OK);
	rst_read_end(&txn);
	keep_book(life, suffix, csn);
	assert_string_equal(life_value(life, suffix, RST_A_CONTEXTCSN), csn);
	keep_book(life, suffix, NULL); /* or the images would not agree */
	assert_int_equal(life_sequence(life), sequence);
}

static void
a_bulk_load_leaves_the_journal_to_its_caller(void **state)
{
	struct life *life = *state;
	static const struct set numbers[] = {
		{ RST_A_UIDNUMBER, "1017" },
		{ RST_A_GIDNUMBER, "1017" },
		{ RST_A_ROSTERSTATUS, "active" },
		{ 0 },
	};
	uint64_t sequence = life_sequence(life), id;

	life_ok(life, entries_add(life, "ou=people", "uid=ada", a_person,
	                          numbers, GATE_IMPORT | GATE_BULK, &id));
	assert_int_equal(life_sequence(life), sequence);
}

static void
a_member_op_that_fails_is_named(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");
	uint64_t devs = life_group(life, "devs", false);
	const struct rst_member_op ops[] = {
		{ RST_MEMBER_ADD, RST_A_MEMBERUID, RST_VIEW("ada"),
		  RST_VIEW("ada") },
		{ RST_MEMBER_DROP, RST_A_MEMBERUID, RST_VIEW("eve"),
		  RST_VIEW("eve") },
	};
	struct gate_change change = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("test"),
		.id = devs,
		.members = ops,
		.n_members = 2,
	};
	struct rst_record record;
	struct rst_wtxn txn;
	size_t at = 99;

	fixture_write(life->fixture, &txn);
	assert_int_equal(rst_record_get(&txn.r, devs, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &change.after), RST_OK);
	assert_int_equal(
		gate_apply(&txn, &life->ctx, &change, &life->refusal, &at),
		RST_ENOTFOUND);
	assert_int_equal(at, 1);
	rst_write_abort(&txn);
	rst_entry_free(change.after);
	assert_false(life_is_member(life, devs, ada));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(an_import_keeps_what_was_elsewhere),
		LIFE_TEST(an_import_does_not_raise_the_dead),
		LIFE_TEST(an_import_without_a_status_is_active),
		LIFE_TEST(a_new_person_is_completed_and_stamped),
		LIFE_TEST(a_sites_own_range_is_lawful_once_it_is_set),
		LIFE_TEST(who_somebody_is_does_not_change),
		LIFE_TEST(people_and_fixed_places_are_not_renamed),
		LIFE_TEST(nobody_is_moved_with_a_subtree),
		LIFE_TEST(an_entry_that_becomes_an_account_is_completed),
		LIFE_TEST(the_last_administrator_stays),
		LIFE_TEST(the_last_administrator_is_not_locked_out),
		LIFE_TEST(without_the_lifecycle_there_are_no_rules),
		LIFE_TEST(a_stamped_change_keeps_its_stamps),
		LIFE_TEST(a_stamped_change_without_a_csn_stays_without),
		LIFE_TEST(a_stamped_deletion_brings_its_csn),
		LIFE_TEST(the_doors_own_check_can_end_a_change),
		LIFE_TEST(bookkeeping_is_not_journaled),
		LIFE_TEST(a_bulk_load_leaves_the_journal_to_its_caller),
		LIFE_TEST(a_member_op_that_fails_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
