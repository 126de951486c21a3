/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_consequence.c - what follows from a change, whatever door brought it */
#include "tests/unit/entries.h"

#include <stdio.h>
#include <string.h>

#include "lifecycle/place.h"
#include "store/ident.h"
#include "store/session.h"

#define YEAR_S (365 * 24 * 3600)

static void
sign_in(struct life *life, const char *name)
{
	char token[RST_TOKEN_TEXT];
	struct rst_session session;

	life_ok(life, act_sign_in(&life->ctx, rst_view_of(name),
	                          RST_VIEW(LIFE_PASSWORD), RST_VIEW("test"),
	                          token, &session, &life->refusal));
}

/* The tombstone of the number, 0 if there is none. */
static uint64_t
tombstone_of(struct life *life, enum rst_ident kind, uint32_t number)
{
	struct rst_ident_owner owner = { 0 };
	struct rst_rtxn txn;
	uint64_t id = 0;

	fixture_read(life->fixture, &txn);
	if (rst_ident_number_owner(&txn, kind, number, 0, &owner) == RST_OK &&
	    owner.tombstone)
		id = owner.id;
	rst_read_end(&txn);
	return id;
}

/* One op on the members of a group. */
static void
change_members(struct life *life, uint64_t group, enum rst_member_verb verb,
               uint16_t attr, struct rst_view value)
{
	const struct rst_member_op op = { verb, attr, value, value };
	struct gate_change change = { .verb = GATE_MODIFY,
		                      .act = RST_VIEW("test"),
		                      .id = group,
		                      .members = &op,
		                      .n_members = 1 };
	struct rst_record record;
	struct rst_wtxn txn;

	fixture_write(life->fixture, &txn);
	assert_int_equal(rst_record_get(&txn.r, group, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &change.after), RST_OK);
	life_ok(life,
	        gate_apply(&txn, &life->ctx, &change, &life->refusal, NULL));
	fixture_commit(&txn);
	rst_entry_free(change.after);
}

static void
a_written_status_is_a_suspension_with_all_of_it(void **state)
{
	struct life *life = *state;
	const struct act_invite invite = { .mail = RST_VIEW("x@example.org") };
	const struct act_invite brief = { .lifetime_s = 300 };
	uint64_t ada = life_person_with_password(life, "ada");
	uint64_t generation = life_generation(life, ada);
	char token[RST_TOKEN_TEXT];
	uint64_t his, expired, other, found;
	struct rst_rtxn txn;

	sign_in(life, "ada");
	sign_in(life, "ada");
	assert_int_equal(life_sessions(life, ada), 2);
	life_ok(life,
	        act_invite(&life->ctx, &invite, token, &other, &life->refusal));
	life->ctx.actor = RST_VIEW("uid=Ada, ou=people,dc=example,dc=org");
	life_ok(life, act_invite(&life->ctx, &brief, token, &expired,
	                         &life->refusal));
	life->ctx.now_s += 300;
	life_ok(life, act_invite(&life->ctx, &(struct act_invite){ 0 }, token,
	                         &his, &life->refusal));
	life->ctx.actor = RST_VIEW("cn=tests");
	fixture_read(life->fixture, &txn);
	assert_int_equal(act_still_allowed(&txn, ada, generation, LIFE_NOW),
	                 RST_OK);
	rst_read_end(&txn);

	life_ok(life, life_set(life, ada, RST_A_ROSTERSTATUS, "suspended"));
	assert_int_equal(life_sessions(life, ada), 0);
	assert_int_equal(life_generation(life, ada), generation + 1);
	assert_true(strlen(life_value(life, his, RST_A_ROSTERREVOKED)) > 0);
	assert_string_equal(life_value(life, other, RST_A_ROSTERREVOKED), "");
	assert_string_equal(life_value(life, expired, RST_A_ROSTERREVOKED), "");
	life_refused(life,
	             act_invitation_find(&life->ctx, rst_view_of(token), &found,
	                                 &life->refusal),
	             RULE_INVALID_INVITE, "token");
	/* he stays in his groups: activated he is who he was */
	assert_true(
		life_is_member(life, life_find_group(life, "ldapusers"), ada));
	fixture_read(life->fixture, &txn);
	assert_int_equal(act_still_allowed(&txn, ada, generation, LIFE_NOW),
	                 RST_EDENIED);
	assert_int_equal(act_still_allowed(&txn, ada, generation + 1, LIFE_NOW),
	                 RST_EDENIED);
	rst_read_end(&txn);
	life_ok(life, life_set(life, ada, RST_A_ROSTERSTATUS, "active"));
	fixture_read(life->fixture, &txn);
	/* what was proved before must be proved again */
	assert_int_equal(act_still_allowed(&txn, ada, generation, LIFE_NOW),
	                 RST_EDENIED);
	assert_int_equal(act_still_allowed(&txn, ada, generation + 2, LIFE_NOW),
	                 RST_OK);
	assert_int_equal(act_still_allowed(&txn, 4711, 1, LIFE_NOW),
	                 RST_EDENIED);
	rst_read_end(&txn);
	sign_in(life, "ada");
}

static void
what_changes_no_right_ends_no_session(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");
	uint64_t generation = life_generation(life, ada);

	sign_in(life, "ada");
	life_ok(life, life_set(life, ada, RST_A_LOGINSHELL, "/bin/zsh"));
	life_ok(life, act_join(&life->ctx, life_group(life, "devs", false), ada,
	                       &life->refusal));
	assert_int_equal(life_sessions(life, ada), 1);
	assert_int_equal(life_generation(life, ada), generation);
}

static void
a_new_password_ends_sessions(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");
	uint64_t generation = life_generation(life, ada);

	sign_in(life, "ada");
	life_ok(life, life_set(life, ada, RST_A_USERPASSWORD, NULL));
	assert_int_equal(life_sessions(life, ada), 0);
	assert_int_equal(life_generation(life, ada), generation + 1);
}

static void
a_deletion_ends_everything_and_sets_a_tombstone(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person_with_password(life, "ada");
	uint64_t devs = life_group(life, "devs", false);
	uint64_t sequence, tombstone;
	char uuid[64], csn[64], act[64];

	sign_in(life, "ada");
	life_ok(life, act_join(&life->ctx, devs, ada, &life->refusal));
	snprintf(uuid, sizeof(uuid), "%s",
	         life_value(life, ada, RST_A_ENTRYUUID));
	snprintf(csn, sizeof(csn), "%s",
	         life_value(life, devs, RST_A_ENTRYCSN));
	sequence = life_sequence(life);
	life_ok(life, life_delete(life, ada));
	assert_false(life_exists(life, ada));
	assert_int_equal(life_sessions(life, ada), 0);
	assert_false(life_is_member(life, devs, ada));
	assert_true(strcmp(life_value(life, devs, RST_A_ENTRYCSN), csn) > 0);
	/* leave ldapusers, leave devs, delete, bury */
	assert_int_equal(life_sequence(life), sequence + 4);
	life_act(life, sequence + 1, act);
	assert_string_equal(act, "leave");
	life_act(life, sequence + 3, act);
	assert_string_equal(act, "test");
	life_act(life, sequence + 4, act);
	assert_string_equal(act, "bury");

	tombstone = tombstone_of(life, RST_IDENT_UIDNUMBER, 10000);
	assert_int_not_equal(tombstone, 0);
	assert_string_equal(life_value(life, tombstone, RST_A_CN), uuid);
	assert_string_equal(life_value(life, tombstone, RST_A_ROSTERFORMERKIND),
	                    "person");
	assert_string_equal(life_value(life, tombstone, RST_A_ROSTERFORMERNAME),
	                    "ada");
	assert_string_equal(life_value(life, tombstone, RST_A_ROSTERNAMEFREEAT),
	                    "20280115080000Z");
	assert_string_equal(
		life_value(life, tombstone, RST_A_STRUCTURALOBJECTCLASS),
		"rosterTombstone");
}

static void
a_deletion_leaves_other_groups_as_they_were_written(void **state)
{
	struct life *life = *state;
	const struct rst_view dn =
		RST_VIEW("uid=ada,ou=people,dc=example,dc=org");
	uint64_t ada = life_person(life, "ada"), plain, sequence;
	struct rst_record record;
	struct rst_rtxn read;
	bool has;

	life_ok(life, entries_add(life, "ou=groups", "cn=plain", a_posix_group,
	                          (struct set[]){ { 0 } }, 0, &plain));
	change_members(life, plain, RST_MEMBER_ADD, RST_A_MEMBER, dn);
	sequence = life_sequence(life);
	life_ok(life, life_delete(life, ada));
	/* leave ldapusers, delete, bury: the plain group is not touched */
	assert_int_equal(life_sequence(life), sequence + 3);
	fixture_read(life->fixture, &read);
	assert_int_equal(rst_record_get(&read, plain, &record), RST_OK);
	life_ok(life, rst_member_has(&read, &record, RST_A_MEMBER, dn, &has));
	assert_true(has);
	rst_read_end(&read);
}

/* Record sequence is act on entry id, with that many rows that came and went;
 * its CSN is copied. */
static void
expect_rows(struct life *life, uint64_t sequence, const char *act, uint64_t id,
            size_t came, size_t went, char csn[RST_CSN_MAX])
{
	struct rst_journal_public public;
	struct rst_journal_images images;
	struct rst_rtxn txn;
	size_t n = 0;

	fixture_read(life->fixture, &txn);
	assert_int_equal(rst_journal_get(&txn, sequence, &public), RST_OK);
	assert_true(rst_view_equal(public.act, rst_view_of(act)));
	assert_int_equal(public.id, id);
	assert_true(rst_view_copy(public.csn, csn, RST_CSN_MAX));
	assert_int_equal(rst_journal_images(&txn, sequence, &images), RST_OK);
	for (size_t i = 0; i < images.deltas.n; i++)
		n += images.deltas.items[i].added;
	assert_int_equal(n, came);
	assert_int_equal(images.deltas.n, came + went);
	rst_journal_images_release(&images);
	rst_read_end(&txn);
}

static void
a_group_that_named_the_newcomer_has_changed(void **state)
{
	static const char dn[] = "uid=ada,ou=people,dc=example,dc=org";
	struct life *life = *state;
	uint64_t by_name = life_group(life, "devs", false);
	uint64_t by_dn = life_group(life, "ops", false);
	char csn[4][RST_CSN_MAX];
	uint64_t ada, plain, sequence;

	life_ok(life, entries_add(life, "ou=groups", "cn=plain", a_posix_group,
	                          (struct set[]){ { 0 } }, 0, &plain));
	change_members(life, by_name, RST_MEMBER_ADD, RST_A_MEMBERUID,
	               RST_VIEW("ada"));
	change_members(life, by_dn, RST_MEMBER_ADD, RST_A_MEMBER, RST_VIEW(dn));
	change_members(life, plain, RST_MEMBER_ADD, RST_A_MEMBER, RST_VIEW(dn));
	sequence = life_sequence(life);
	ada = life_person(life, "ada");
	assert_true(life_is_member(life, by_name, ada));
	assert_true(life_is_member(life, by_dn, ada));
	/* and the plain group says what it said */
	assert_int_equal(life_sequence(life), sequence + 4);
	expect_rows(life, sequence + 1, "create-person", ada, 0, 0, csn[0]);
	expect_rows(life, sequence + 2, "follow-member", by_dn, 1, 1, csn[1]);
	expect_rows(life, sequence + 3, "follow-member", by_name, 1, 1, csn[2]);
	expect_rows(life, sequence + 4, "join",
	            life_find_group(life, "ldapusers"), 1, 0, csn[3]);
	for (int i = 1; i < 4; i++)
		assert_true(strcmp(csn[i - 1], csn[i]) < 0);
	assert_string_equal(life_value(life, by_dn, RST_A_ENTRYCSN), csn[1]);
	assert_string_equal(life_value(life, by_name, RST_A_ENTRYCSN), csn[2]);
}

static void
a_group_lists_the_new_name_as_a_change_of_its_own(void **state)
{
	struct life *life = *state;
	uint64_t devs = life_group(life, "devs", false), service, sequence;
	struct gate_change change = { .verb = GATE_MODIFY,
		                      .act = RST_VIEW("test") };
	struct rst_record record;
	struct rst_wtxn txn;
	char csn[RST_CSN_MAX];

	life_ok(life, entries_add(life, "ou=services", "cn=web", a_service,
	                          (struct set[]){ { 0 } }, 0, &service));
	life_ok(life, act_join(&life->ctx, devs, service, &life->refusal));
	change.id = service;
	sequence = life_sequence(life);
	fixture_write(life->fixture, &txn);
	assert_int_equal(rst_record_get(&txn.r, service, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &change.after), RST_OK);
	assert_int_equal(rst_entry_place(change.after, record.parent,
	                                 RST_VIEW("cn=mail"),
	                                 RST_VIEW("cn=mail")),
	                 RST_OK);
	life_ok(life,
	        gate_apply(&txn, &life->ctx, &change, &life->refusal, NULL));
	fixture_commit(&txn);
	rst_entry_free(change.after);
	expect_rows(life, sequence + 1, "test", service, 0, 0, csn);
	expect_rows(life, sequence + 2, "follow-member", devs, 0, 0, csn);
	assert_string_equal(life_value(life, devs, RST_A_ENTRYCSN), csn);
	assert_int_equal(life_sequence(life), sequence + 2);
}

static void
without_the_lifecycle_groups_are_left_as_well(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada"), service;
	uint64_t devs = life_group(life, "devs", false), sequence;
	uint64_t everybody = life_find_group(life, "ldapusers");
	char csn[RST_CSN_MAX];
	struct rst_wtxn txn;

	life_ok(life, entries_add(life, "ou=services", "cn=web", a_service,
	                          (struct set[]){ { 0 } }, 0, &service));
	life_ok(life, act_join(&life->ctx, devs, ada, &life->refusal));
	life_ok(life, act_join(&life->ctx, devs, service, &life->refusal));
	sequence = life_sequence(life);
	life_ok(life, life_delete(life, service));
	expect_rows(life, sequence + 1, "leave", devs, 0, 1, csn);
	assert_int_equal(life_sequence(life), sequence + 2);

	fixture_write(life->fixture, &txn);
	assert_int_equal(rst_setting_put(&txn, "lifecycle", RST_VIEW("off")),
	                 RST_OK);
	fixture_commit(&txn);
	sequence = life_sequence(life);
	life_ok(life, life_delete(life, ada));
	expect_rows(life, sequence + 1, "leave", everybody, 0, 1, csn);
	expect_rows(life, sequence + 2, "leave", devs, 0, 1, csn);
	expect_rows(life, sequence + 3, "test", ada, 0, 0, csn);
	assert_int_equal(life_sequence(life), sequence + 3);
}

static void
a_group_takes_its_rows_into_the_journal(void **state)
{
	struct life *life = *state;
	uint64_t ada = life_person(life, "ada");
	uint64_t devs = life_group(life, "devs", false), plain, sequence;
	struct rst_wtxn txn;
	char csn[RST_CSN_MAX];

	life_ok(life, act_join(&life->ctx, devs, ada, &life->refusal));
	sequence = life_sequence(life);
	life_ok(life, life_delete(life, devs));
	expect_rows(life, sequence + 1, "test", devs, 0, 1, csn);

	/* with its class, the name of an ordinary group becomes the member */
	life_ok(life, entries_add(life, "ou=groups", "cn=plain", a_posix_group,
	                          (struct set[]){ { 0 } }, 0, &plain));
	change_members(life, plain, RST_MEMBER_ADD, RST_A_MEMBERUID,
	               RST_VIEW("ada"));
	fixture_write(life->fixture, &txn);
	assert_int_equal(rst_setting_put(&txn, "lifecycle", RST_VIEW("off")),
	                 RST_OK);
	fixture_commit(&txn);
	sequence = life_sequence(life);
	life_ok(life, life_set(life, plain, RST_A_OBJECTCLASS, "rosterGroup"));
	assert_true(life_is_member(life, plain, ada));
	expect_rows(life, sequence + 1, "test", plain, 1, 1, csn);
	assert_int_equal(life_sequence(life), sequence + 1);
}

static enum rst_err
create(struct life *life, const char *name, uint64_t *ret_id)
{
	const struct act_person person = {
		.username = rst_view_of(name),
		.surname = RST_VIEW("Again"),
	};

	return act_create_person(&life->ctx, &person, RST_STATUS_ACTIVE, ret_id,
	                         &life->refusal);
}

static void
a_name_is_free_after_a_year_and_its_number_never(void **state)
{
	struct life *life = *state;
	uint64_t tombstone, id = life_person(life, "ada");

	life_ok(life, life_delete(life, id));
	tombstone = tombstone_of(life, RST_IDENT_UIDNUMBER, 10000);
	life->ctx.now_s += YEAR_S - 1;
	life_refused(life, create(life, "ada", &id), RULE_USERNAME_TAKEN,
	             "uid");
	life->ctx.now_s += 1;
	for (int lives = 0; lives < 3; lives++) {
		char number[16];

		life_ok(life, create(life, "ada", &id));
		assert_int_equal(life_find(life, "ada"), id);
		snprintf(number, sizeof(number), "%d", 10001 + lives);
		assert_string_equal(life_value(life, id, RST_A_UIDNUMBER),
		                    number);
		life_refused(life, create(life, "ada", &id),
		             RULE_USERNAME_TAKEN, "uid");
		life_ok(life, life_delete(life, life_find(life, "ada")));
		life->ctx.now_s += YEAR_S;
	}
	/* the first tombstone gave its name up and keeps its number */
	assert_string_equal(life_value(life, tombstone, RST_A_ROSTERFORMERNAME),
	                    "");
	assert_string_equal(
		life_value(life, tombstone, RST_A_ROSTERFORMERNUMBER), "10000");
	assert_int_equal(tombstone_of(life, RST_IDENT_UIDNUMBER, 10000),
	                 tombstone);
}

static void
a_deleted_groups_number_stays_dead(void **state)
{
	struct life *life = *state;
	uint64_t id;

	life_ok(life,
	        act_delete_group(&life->ctx, life_group(life, "devs", false),
	                         &life->refusal));
	assert_int_not_equal(tombstone_of(life, RST_IDENT_GIDNUMBER, 2002), 0);
	life_refused(life,
	             act_create_group(&life->ctx, RST_VIEW("devs"), 0, false,
	                              RST_VIEW(""), &id, &life->refusal),
	             RULE_GROUP_TAKEN, "cn");
	assert_string_equal(life_value(life, life_group(life, "ops", false),
	                               RST_A_GIDNUMBER),
	                    "2003");
}

static void
a_person_and_group_in_one_leaves_both_numbers(void **state)
{
	struct life *life = *state;
	const struct set both[] = {
		{ RST_A_OBJECTCLASS, "inetOrgPerson" },
		{ RST_A_OBJECTCLASS, "posixAccount" },
		{ RST_A_OBJECTCLASS, "posixGroup" },
		{ RST_A_CN, "web" },
		{ RST_A_GIDNUMBER, "3000" },
		{ 0, NULL },
	};
	uint64_t id;

	life_ok(life, entries_add(life, "ou=people", "uid=web", both,
	                          (struct set[]){ { 0 } }, 0, &id));
	life_ok(life, life_delete(life, id));
	assert_int_not_equal(tombstone_of(life, RST_IDENT_UIDNUMBER, 10000), 0);
	assert_int_not_equal(tombstone_of(life, RST_IDENT_GIDNUMBER, 3000), 0);
}

static void
a_directory_without_the_skeleton_remembers_its_dead(void **state)
{
	struct life *life = *state;
	uint64_t place, id = life_person(life, "ada");
	struct rst_rtxn txn;

	fixture_read(life->fixture, &txn);
	assert_int_equal(lifecycle_place(&txn, "ou=tombstones", &place),
	                 RST_OK);
	rst_read_end(&txn);
	life_ok(life, life_delete(life, place));
	life_ok(life, life_delete(life, id));
	assert_int_not_equal(tombstone_of(life, RST_IDENT_UIDNUMBER, 10000), 0);
}

static void
an_entry_with_children_is_not_deleted(void **state)
{
	struct life *life = *state;
	uint64_t place;
	struct rst_rtxn txn;

	life_person(life, "ada");
	fixture_read(life->fixture, &txn);
	assert_int_equal(lifecycle_place(&txn, "ou=people", &place), RST_OK);
	rst_read_end(&txn);
	assert_int_equal(life_delete(life, place), RST_ESTATE);
	assert_int_equal(life_delete(life, 4711), RST_ENOTFOUND);
}

static void
gecos_follows_the_full_name(void **state)
{
	struct life *life = *state;
	uint64_t id;

	life_ok(life, entries_add(life, "ou=people", "uid=ada", a_person,
	                          (const struct set[]){ { 0 } }, 0, &id));
	life_ok(life, life_set(life, id, RST_A_CN, "Ada King, \xc3\xa9: L"));
	assert_string_equal(life_value(life, id, RST_A_GECOS),
	                    "Ada King \xc3\xa9 L");
	life_ok(life, life_set(life, id, RST_A_CN, ":,"));
	assert_string_equal(life_value(life, id, RST_A_GECOS), "");
	/* nor does one come back that is gone */
	life_ok(life, life_set(life, id, RST_A_CN, "Ada"));
	assert_string_equal(life_value(life, id, RST_A_GECOS), "");
	life_ok(life, life_set(life, id, RST_A_GECOS, "Ada,,555,"));
	life_ok(life, life_set(life, id, RST_A_CN, "Ada Byron"));
	assert_string_equal(life_value(life, id, RST_A_GECOS), "Ada,,555,");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(gecos_follows_the_full_name),
		LIFE_TEST(a_written_status_is_a_suspension_with_all_of_it),
		LIFE_TEST(what_changes_no_right_ends_no_session),
		LIFE_TEST(a_new_password_ends_sessions),
		LIFE_TEST(a_deletion_ends_everything_and_sets_a_tombstone),
		LIFE_TEST(a_deletion_leaves_other_groups_as_they_were_written),
		LIFE_TEST(a_group_that_named_the_newcomer_has_changed),
		LIFE_TEST(a_group_lists_the_new_name_as_a_change_of_its_own),
		LIFE_TEST(without_the_lifecycle_groups_are_left_as_well),
		LIFE_TEST(a_group_takes_its_rows_into_the_journal),
		LIFE_TEST(a_name_is_free_after_a_year_and_its_number_never),
		LIFE_TEST(a_deleted_groups_number_stays_dead),
		LIFE_TEST(a_person_and_group_in_one_leaves_both_numbers),
		LIFE_TEST(a_directory_without_the_skeleton_remembers_its_dead),
		LIFE_TEST(an_entry_with_children_is_not_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
