/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_policy.c - lifecycle/setting.h, and the gate's check of settings */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/place.h"
#include "lifecycle/setting.h"
#include "tests/unit/life.h"

#define MIN_LENGTH RULE_SETTING_PASSWORD_MIN_LENGTH

/* cn=name,ou=policies for the members of group, with up to two lines. */
static enum rst_err
add_policy(struct life *life, const char *name, const char *group,
           const char *priority, const char *line)
{
	char rdn[64], dn[128];
	struct act_value values[] = {
		{ RST_A_OBJECTCLASS, RST_VIEW("rosterSetting") },
		{ RST_A_CN, rst_view_of(name) },
		{ RST_A_ROSTERAPPLIESTO, { 0 } },
		{ RST_A_ROSTERPRIORITY, rst_view_of(priority) },
		{ RST_A_ROSTERVALUE, rst_view_of(line) },
	};
	struct rst_entry *entry = NULL;
	struct rst_wtxn txn = { 0 };
	uint64_t place;
	enum rst_err err;

	(void)snprintf(rdn, sizeof(rdn), "cn=%s", name);
	(void)snprintf(dn, sizeof(dn), "cn=%s,ou=groups,dc=example,dc=org",
	               group);
	values[2].value = rst_view_of(dn);
	err = rst_write_begin(life->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = lifecycle_place(&txn.r, "ou=policies", &place);
	if (err == RST_OK)
		err = act_build(place, rst_view_of(rdn), rst_view_of(rdn),
		                values, 5, &entry);
	if (err == RST_OK)
		err = act_gate_add(&txn, &life->ctx, "add-policy", entry, NULL,
		                   &life->refusal);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	rst_entry_free(entry);
	return err;
}

static uint64_t
settings_id(struct life *life)
{
	struct rst_rtxn txn;
	uint64_t id;

	assert_int_equal(rst_read_begin(life->env, &txn), RST_OK);
	assert_int_equal(lifecycle_place(&txn, "cn=settings", &id), RST_OK);
	rst_read_end(&txn);
	return id;
}

static int64_t
policy_of(struct life *life, uint64_t person, enum rule_setting_id id)
{
	struct lifecycle_policy policy;
	struct rst_rtxn txn;

	assert_int_equal(rst_read_begin(life->env, &txn), RST_OK);
	assert_int_equal(lifecycle_policy(&txn, person, &policy), RST_OK);
	rst_read_end(&txn);
	return policy.number[id];
}

static void
join(struct life *life, uint64_t group, uint64_t person)
{
	life_ok(life, act_join(&life->ctx, group, person, &life->refusal));
}

static void
nothing_set_is_the_default(void **state)
{
	struct life *life = *state;

	assert_int_equal(policy_of(life, 0, MIN_LENGTH), 12);
	assert_int_equal(policy_of(life, life_person(life, "alice"),
	                           RULE_SETTING_LOCKOUT_DURATION),
	                 1800);
}

static void
the_highest_policy_of_ones_groups_counts(void **state)
{
	struct life *life = *state;
	uint64_t alice = life_person(life, "alice");
	uint64_t bob = life_person(life, "bob");
	uint64_t day = life_group(life, "day", false);
	uint64_t night = life_group(life, "night", false);

	life_ok(life, life_set(life, settings_id(life), RST_A_ROSTERVALUE,
	                       "password-min-length=9"));
	life_ok(life,
	        add_policy(life, "one", "day", "5", "password-min-length=10"));
	life_ok(life, add_policy(life, "two", "night", "6",
	                         "password-min-length=11"));
	life_ok(life, add_policy(life, "three", "nobody", "7",
	                         "password-min-length=20"));
	assert_int_equal(policy_of(life, alice, MIN_LENGTH), 9);
	join(life, day, alice);
	assert_int_equal(policy_of(life, alice, MIN_LENGTH), 10);
	join(life, night, alice);
	assert_int_equal(policy_of(life, alice, MIN_LENGTH), 11);
	assert_int_equal(policy_of(life, bob, MIN_LENGTH), 9);
	assert_int_equal(policy_of(life, 0, MIN_LENGTH), 9);
	/* what a policy does not set is decided elsewhere */
	assert_int_equal(policy_of(life, alice, RULE_SETTING_PASSWORD_GRACE),
	                 3);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	static const char *const lines[] = {
		"password-min-length=7",
		"password-min-length",
		"no-such-thing=1",
		"registration=maybe",
		"=",
		"",
	};
	struct life *life = *state;
	uint64_t settings = settings_id(life);

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		life_refused(
			life,
			life_set(life, settings, RST_A_ROSTERVALUE, lines[i]),
			RULE_INVALID_SETTING, "rosterValue");
	/* a site's setting has no place in a policy */
	life_refused(life,
	             add_policy(life, "one", "day", "1", "registration=off"),
	             RULE_INVALID_SETTING, "rosterValue");
	life_ok(life, life_set(life, settings, RST_A_ROSTERVALUE,
	                       "registration=off"));
}

static void
home_and_shell_follow_the_settings(void **state)
{
	struct life *life = *state;
	uint64_t settings = settings_id(life);

	life_ok(life, life_set(life, settings, RST_A_ROSTERVALUE,
	                       "home=/srv/%g/%u%%"));
	assert_string_equal(life_value(life, life_person(life, "alice"),
	                               RST_A_HOMEDIRECTORY),
	                    "/srv/a/alice%");
	life_ok(life,
	        life_set(life, settings, RST_A_ROSTERVALUE, "shell=/bin/zsh"));
	assert_string_equal(
		life_value(life, life_person(life, "bob"), RST_A_LOGINSHELL),
		"/bin/zsh");
}

static void
numbers_come_from_the_sites_range_first(void **state)
{
	struct life *life = *state;

	life_ok(life, life_set(life, settings_id(life), RST_A_ROSTERVALUE,
	                       "uid-range=5000-5000,4000-4000"));
	assert_string_equal(
		life_value(life, life_person(life, "alice"), RST_A_UIDNUMBER),
		"5000");
	assert_string_equal(
		life_value(life, life_person(life, "carl"), RST_A_UIDNUMBER),
		"4000");
	assert_string_equal(
		life_value(life, life_person(life, "bob"), RST_A_UIDNUMBER),
		"10000");
}

static void
a_private_group_comes_and_goes_with_its_person(void **state)
{
	struct life *life = *state;
	uint64_t alice, bob, group;

	life_ok(life, life_set(life, settings_id(life), RST_A_ROSTERVALUE,
	                       "private-groups=on"));
	alice = life_person(life, "alice");
	bob = life_person(life, "bob");
	group = life_find_group(life, "alice");
	assert_true(group != 0);
	assert_string_equal(life_value(life, alice, RST_A_GIDNUMBER), "10000");
	assert_string_equal(life_value(life, group, RST_A_GIDNUMBER), "10000");
	assert_true(life_is_member(life, group, alice));
	assert_true(life_is_member(life, life_find_group(life, "ldapusers"),
	                           alice));
	life_ok(life, life_delete(life, alice));
	assert_int_equal(life_find_group(life, "alice"), 0);
	/* one that others use stays */
	group = life_find_group(life, "bob");
	join(life, group, life_person(life, "carol"));
	life_ok(life, life_delete(life, bob));
	assert_int_equal(life_find_group(life, "bob"), group);
}

static void
a_private_group_needs_its_name_and_number(void **state)
{
	struct life *life = *state;
	uint64_t id;

	life_ok(life,
	        act_create_group(&life->ctx, RST_VIEW("other"), 10000, false,
	                         RST_VIEW(""), &id, &life->refusal));
	(void)life_group(life, "bob", false);
	life_ok(life, life_set(life, settings_id(life), RST_A_ROSTERVALUE,
	                       "private-groups=on"));
	assert_string_equal(
		life_value(life, life_person(life, "alice"), RST_A_UIDNUMBER),
		"10001");
	life_refused(life,
	             act_create_person(
			     &life->ctx,
			     &(struct act_person){ .username = RST_VIEW("bob"),
	                                           .given_name = RST_VIEW("B"),
	                                           .surname = RST_VIEW("B") },
			     RST_STATUS_ACTIVE, &id, &life->refusal),
	             RULE_GROUP_TAKEN, "cn");
}

static void
dots_in_names_are_a_matter_of_taste(void **state)
{
	const struct act_person person = { .username = RST_VIEW("a.lice"),
		                           .given_name = RST_VIEW("A"),
		                           .surname = RST_VIEW("L") };
	struct life *life = *state;
	uint64_t id;

	life_refused(life,
	             act_create_person(&life->ctx, &person, RST_STATUS_ACTIVE,
	                               &id, &life->refusal),
	             RULE_INVALID_USERNAME, "uid");
	life_ok(life, life_set(life, settings_id(life), RST_A_ROSTERVALUE,
	                       "dots-in-names=on"));
	life_ok(life, act_create_person(&life->ctx, &person, RST_STATUS_ACTIVE,
	                                &id, &life->refusal));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(nothing_set_is_the_default),
		LIFE_TEST(the_highest_policy_of_ones_groups_counts),
		LIFE_TEST(what_makes_no_sense_is_refused),
		LIFE_TEST(home_and_shell_follow_the_settings),
		LIFE_TEST(numbers_come_from_the_sites_range_first),
		LIFE_TEST(a_private_group_comes_and_goes_with_its_person),
		LIFE_TEST(a_private_group_needs_its_name_and_number),
		LIFE_TEST(dots_in_names_are_a_matter_of_taste),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
