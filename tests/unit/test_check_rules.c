/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_check_rules.c - every rule sees its own violation, and nothing else
 *
 * What no door lets in is written behind the gate's back, with a record of it
 * in the journal, so that the store's own invariants hold.
 */
#include "lifecycle/check_rules.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/outbox.h"
#include "tests/unit/life.h"

/* What stands in the directory that the violations are planted in. */
struct world {
	struct life *life;
	uint64_t ada; /* the administrator, active */
	uint64_t ivy; /* who made the invitation */
	uint64_t bob, admins, invitation, tombstone;
};

static void
mail_with(struct world *w, const char *token)
{
	char params[256];
	struct rst_wtxn txn;

	snprintf(params, sizeof(params),
	         "{\"link\":\"https://roster.example.org/register/%s\"}",
	         token);
	fixture_write(w->life->fixture, &txn);
	assert_int_equal(rst_outbox_add(&txn, RST_VIEW("x@example.org"),
	                                RST_VIEW("invitation"),
	                                rst_view_of(params), LIFE_NOW, NULL),
	                 RST_OK);
	fixture_commit(&txn);
}

static void
make_world(struct life *life, struct world *w)
{
	const struct act_invite invite = { .mail = RST_VIEW(
						   "eve@example.org") };
	struct act_ctx ctx = life->ctx;
	char token[RST_TOKEN_TEXT];
	char dn[64];

	*w = (struct world){ .life = life };
	w->ada = life_person_with_password(life, "ada");
	w->bob = life_person(life, "bob");
	w->ivy = life_person(life, "ivy");
	w->admins = life_find_group(life, "sysadmins");
	life_ok(life, act_join(&life->ctx, w->admins, w->ada, &life->refusal));
	snprintf(dn, sizeof(dn), "uid=ivy,ou=people,%s", FIXTURE_SUFFIX);
	ctx.actor = rst_view_of(dn);
	ctx.actor_id = w->ivy;
	life_ok(life, act_invite(&ctx, &invite, token, &w->invitation,
	                         &life->refusal));
	mail_with(w, token);
	life_ok(life, life_delete(life, life_person(life, "gone")));
	w->tombstone = w->invitation + 2; /* gone had the id between */
	assert_string_equal(
		life_value(life, w->tombstone, RST_A_ROSTERFORMERNAME), "gone");
	life_ok(life, act_suspend(&life->ctx, life_person(life, "sue"),
	                          RST_VIEW(""), &life->refusal));
}

/* ------------------------------------------------------ planting by hand */

/* The entry that stands below the suffix as rdn. */
static uint64_t
place(struct world *w, const char *rdn)
{
	struct rst_rtxn txn;
	uint64_t id;

	fixture_read(w->life->fixture, &txn);
	assert_int_equal(rst_tree_child(&txn, 0, RST_VIEW(FIXTURE_SUFFIX), &id),
	                 RST_OK);
	assert_int_equal(rst_tree_child(&txn, id, rst_view_of(rdn), &id),
	                 RST_OK);
	rst_read_end(&txn);
	return id;
}

struct planting {
	struct rst_wtxn txn;
	struct rst_entry *before, *after;
};

static void
begin(struct world *w, uint64_t id, struct planting *p)
{
	struct rst_record record;

	fixture_write(w->life->fixture, &p->txn);
	assert_int_equal(rst_record_get(&p->txn.r, id, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &p->before), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &p->after), RST_OK);
}

/* Store it, with a record in the journal or without. */
static void
end(struct planting *p, bool journaled)
{
	struct rst_record before, after;
	char csn[RST_CSN_MAX];
	struct rst_journal_entry entry = {
		.op = RST_J_MODIFY,
		.door = RST_DOOR_CLI,
		.act = RST_VIEW("plant"),
		.id = rst_entry_id(p->before),
		.before = &before,
		.after = &after,
		.time_s = LIFE_NOW,
	};

	assert_int_equal(rst_entry_store_put(&p->txn, p->after), RST_OK);
	assert_int_equal(rst_csn_next(&p->txn, LIFE_NOW, 0, 15, csn), RST_OK);
	entry.csn = rst_view_of(csn);
	assert_int_equal(rst_entry_record(p->before, &before), RST_OK);
	assert_int_equal(rst_entry_record(p->after, &after), RST_OK);
	if (journaled)
		assert_int_equal(rst_journal_append(&p->txn, &entry, NULL),
		                 RST_OK);
	fixture_commit(&p->txn);
	rst_entry_free(p->before);
	rst_entry_free(p->after);
}

static void
set(struct world *w, uint64_t id, uint16_t attr, const char *value)
{
	struct rst_view view = rst_view_of(value);
	struct planting p;

	begin(w, id, &p);
	assert_int_equal(rst_entry_set(p.after, attr, &view, value != NULL),
	                 RST_OK);
	end(&p, true);
}

static void
add(struct world *w, uint64_t id, uint16_t attr, const char *value)
{
	struct planting p;

	begin(w, id, &p);
	assert_int_equal(rst_entry_add(p.after, attr, rst_view_of(value)),
	                 RST_OK);
	end(&p, true);
}

static void
move(struct world *w, uint64_t id, const char *rdn)
{
	struct planting p;

	begin(w, id, &p);
	assert_int_equal(rst_entry_place(p.after, rst_entry_parent(p.before),
	                                 rst_view_of(rdn), rst_view_of(rdn)),
	                 RST_OK);
	end(&p, true);
}

/* ------------------------------------------------------- the violations */

static void
a_reserved_name(struct world *w)
{
	set(w, w->bob, RST_A_UID, "root");
	move(w, w->bob, "uid=root");
}

static void
a_name_in_capitals(struct world *w)
{
	set(w, w->bob, RST_A_UID, "Bob");
	move(w, w->bob, "uid=Bob");
}

static void
two_names(struct world *w)
{
	add(w, w->bob, RST_A_UID, "robert");
}

static void
no_name(struct world *w)
{
	set(w, w->bob, RST_A_UID, NULL);
}

static void
a_person_under_another_name(struct world *w)
{
	move(w, w->bob, "uid=robert");
}

static void
a_control_character_in_a_name(struct world *w)
{
	set(w, w->bob, RST_A_SN, "B\033ob");
}

static void
a_name_that_is_not_utf_8(struct world *w)
{
	add(w, w->bob, RST_A_CN,
	    "B\xf6"
	    "b");
}

static void
a_shell_that_is_no_path(struct world *w)
{
	set(w, w->bob, RST_A_LOGINSHELL, "bash");
}

static void
a_mail_that_is_none(struct world *w)
{
	set(w, w->bob, RST_A_MAIL, "bob at example.org");
}

static void
a_reserved_group(struct world *w)
{
	uint64_t group = life_group(w->life, "crew", false);

	set(w, group, RST_A_CN, "sudo");
	move(w, group, "cn=sudo");
}

static void
a_group_under_another_name(struct world *w)
{
	move(w, life_group(w->life, "crew", false), "cn=stuff");
}

static void
a_group_without_a_name(struct world *w)
{
	set(w, life_group(w->life, "crew", false), RST_A_CN, NULL);
}

static void
the_number_of_root(struct world *w)
{
	set(w, w->bob, RST_A_UIDNUMBER, "0");
}

static void
a_number_that_is_none(struct world *w)
{
	set(w, w->bob, RST_A_UIDNUMBER, "0x2710");
}

static void
the_group_of_root(struct world *w)
{
	set(w, w->bob, RST_A_GIDNUMBER, "0");
}

static void
a_group_with_the_number_of_sudo(struct world *w)
{
	set(w, life_group(w->life, "crew", false), RST_A_GIDNUMBER, "27");
}

/* group joins other as nobody could: by the store alone. */
static void
plant_member(struct world *w, uint64_t group, uint64_t member)
{
	struct planting p;

	begin(w, group, &p);
	assert_int_equal(rst_member_join(&p.txn, group, member, NULL), RST_OK);
	end(&p, true);
}

static void
two_groups_in_each_other(struct world *w)
{
	uint64_t crew = life_group(w->life, "crew", false);
	uint64_t ops = life_group(w->life, "ops", false);

	plant_member(w, crew, ops);
	plant_member(w, ops, crew);
}

static void
nine_groups_in_one_another(struct world *w)
{
	static const char *const names[] = { "g1", "g2", "g3", "g4", "g5",
		                             "g6", "g7", "g8", "g9" };
	uint64_t above = 0, group;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		group = life_group(w->life, names[i], false);
		if (above != 0)
			plant_member(w, above, group);
		above = group;
	}
}

static void
an_end_that_is_no_time(struct world *w)
{
	set(w, w->admins, RST_A_ROSTERMEMBERUNTIL, "soon uid=ada");
}

static void
two_passwords(struct world *w)
{
	add(w, w->ada, RST_A_USERPASSWORD, "{SSHA}c29tZXRoaW5n");
}

static void
a_password_in_clear_text(struct world *w)
{
	set(w, w->ada, RST_A_USERPASSWORD, "secret");
}

static void
a_hash_that_costs_too_much(struct world *w)
{
	set(w, w->ada, RST_A_USERPASSWORD,
	    "{ARGON2}$argon2id$v=19$m=4194304,t=99,p=1$"
	    "juGuFpgj+OpbCZ+5+lB9+Q$"
	    "iY0wlqtkzUN2rtkqIoXm7TV8vYYKf71F0+9UbxFwCzU");
}

static void
a_uuid_that_is_none(struct world *w)
{
	set(w, w->bob, RST_A_ENTRYUUID, "f81d4fae-7dec-11d0-a765-00a0c91e6bfg");
}

static void
two_uuids(struct world *w)
{
	add(w, w->bob, RST_A_ENTRYUUID, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
}

static void
no_uuid(struct world *w)
{
	set(w, w->bob, RST_A_ENTRYUUID, NULL);
}

static void
a_time_that_is_none(struct world *w)
{
	set(w, w->bob, RST_A_CREATETIMESTAMP, "yesterday");
}

static void
changed_before_it_was_made(struct world *w)
{
	set(w, w->bob, RST_A_MODIFYTIMESTAMP, "19700101000000Z");
}

static void
a_person_without_status(struct world *w)
{
	set(w, w->bob, RST_A_ROSTERSTATUS, NULL);
}

static void
a_status_the_journal_does_not_know(struct world *w)
{
	struct planting p;

	begin(w, w->bob, &p);
	assert_int_equal(rst_entry_set_one(p.after, RST_A_ROSTERSTATUS,
	                                   RST_VIEW("pending")),
	                 RST_OK);
	end(&p, false);
}

static void
an_unlawful_move(struct world *w)
{
	set(w, w->bob, RST_A_ROSTERSTATUS, "pending");
}

static void
a_step_from_elsewhere(struct world *w)
{
	a_status_the_journal_does_not_know(w);
	set(w, w->bob, RST_A_ROSTERSTATUS, "active");
}

static void
a_primary_group_that_is_not_there(struct world *w)
{
	set(w, w->bob, RST_A_GIDNUMBER, "4711");
}

static void
a_primary_group_that_is_dead(struct world *w)
{
	uint64_t group = life_group(w->life, "crew", false);
	char number[16];

	snprintf(number, sizeof(number), "%s",
	         life_value(w->life, group, RST_A_GIDNUMBER));
	life_ok(w->life, life_delete(w->life, group));
	set(w, w->bob, RST_A_GIDNUMBER, number);
}

static void
no_active_administrator(struct world *w)
{
	set(w, w->ada, RST_A_ROSTERSTATUS, "suspended");
}

static void
a_token_instead_of_its_digest(struct world *w)
{
	set(w, w->invitation, RST_A_ROSTERTOKENDIGEST,
	    "mZ1Hn3eN4lq0m0m3cQm0xQeJX7dQW8v5o0x6m3cQm0x");
}

static void
more_uses_than_lawful(struct world *w)
{
	set(w, w->invitation, RST_A_ROSTERUSED, "2");
}

static void
uses_that_are_no_number(struct world *w)
{
	set(w, w->invitation, RST_A_ROSTERUSES, "many");
}

static void
an_invitation_without_end(struct world *w)
{
	set(w, w->invitation, RST_A_ROSTEREXPIRES, NULL);
}

static void
an_invitation_for_ever(struct world *w)
{
	set(w, w->invitation, RST_A_ROSTEREXPIRES, "99991231000000Z");
}

static void
an_invitation_of_a_suspended_person(struct world *w)
{
	set(w, w->ivy, RST_A_ROSTERSTATUS, "suspended");
}

static void
a_tombstone_of_a_cat(struct world *w)
{
	set(w, w->tombstone, RST_A_ROSTERFORMERKIND, "cat");
}

static void
a_tombstone_without_a_number(struct world *w)
{
	set(w, w->tombstone, RST_A_ROSTERFORMERNUMBER, "-1");
}

static void
a_tombstone_without_an_end(struct world *w)
{
	set(w, w->tombstone, RST_A_ROSTERNAMEFREEAT, "later");
}

static void
add_setting(struct world *w, const char *line)
{
	add(w, place(w, "cn=settings"), RST_A_ROSTERVALUE, line);
}

static void
a_setting_nobody_knows(struct world *w)
{
	add_setting(w, "colour=blue");
}

static void
a_setting_that_does_not_read(struct world *w)
{
	add_setting(w, "third-range=all");
}

static void
a_setting_without_a_value(struct world *w)
{
	add_setting(w, "third-range");
}

static void
mail_with_a_link_that_nobody_made(struct world *w)
{
	unsigned char digest[RST_DIGEST_BYTES];
	char token[RST_TOKEN_TEXT];

	rst_token_new(token, digest);
	mail_with(w, token);
}

static void
mail_with_a_link_that_was_revoked(struct world *w)
{
	const struct act_invite invite = { .mail = RST_VIEW(
						   "kim@example.org") };
	char token[RST_TOKEN_TEXT];
	uint64_t id;

	life_ok(w->life, act_invite(&w->life->ctx, &invite, token, &id,
	                            &w->life->refusal));
	mail_with(w, token);
	life_ok(w->life,
	        act_invitation_revoke(&w->life->ctx, id, &w->life->refusal));
}

/* As if it had been there before hashes were counted. */
static void
a_hash_that_nobody_counted(struct world *w)
{
	set(w, w->bob, RST_A_USERPASSWORD,
	    "{ARGON2}$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21l$"
	    "aXRzc3VtaXRzc3VtaXRzc3Vt");
}

static const struct {
	const char *rule;
	bool warning;
	void (*plant)(struct world *w);
	const char *what;
	const char *also; /* another one that must see it, or NULL */
} rows[] = {
#define FOUND(rule, plant)                                                     \
	{                                                                      \
		rule, false, plant, #plant, NULL                               \
	}
#define WARNED(rule, plant)                                                    \
	{                                                                      \
		rule, true, plant, #plant, NULL                                \
	}
#define ALSO(rule, plant, other)                                               \
	{                                                                      \
		rule, false, plant, #plant, other                              \
	}
	FOUND("person-name", a_reserved_name),
	FOUND("person-name", a_name_in_capitals),
	FOUND("person-name", two_names),
	FOUND("person-name", no_name),
	FOUND("person-name", a_person_under_another_name),
	FOUND("person-text", a_control_character_in_a_name),
	FOUND("person-text", a_name_that_is_not_utf_8),
	FOUND("person-text", a_shell_that_is_no_path),
	FOUND("person-text", a_mail_that_is_none),
	FOUND("group-name", a_reserved_group),
	FOUND("group-name", a_group_under_another_name),
	FOUND("group-name", a_group_without_a_name),
	FOUND("group-nesting", two_groups_in_each_other),
	FOUND("group-nesting", nine_groups_in_one_another),
	FOUND("member-until", an_end_that_is_no_time),
	FOUND("number-range", the_number_of_root),
	FOUND("number-range", a_number_that_is_none),
	ALSO("number-range", the_group_of_root, "primary-group"),
	FOUND("number-range", a_group_with_the_number_of_sudo),
	FOUND("password-hash", two_passwords),
	ALSO("password-hash", a_password_in_clear_text, "hash-costs"),
	ALSO("password-hash", a_hash_that_costs_too_much, "hash-costs"),
	FOUND("hash-costs", a_hash_that_nobody_counted),
	FOUND("stamps", a_uuid_that_is_none),
	FOUND("stamps", two_uuids),
	WARNED("stamps", no_uuid),
	FOUND("stamps", a_time_that_is_none),
	WARNED("stamps", changed_before_it_was_made),
	FOUND("status-history", a_person_without_status),
	ALSO("status-history", a_status_the_journal_does_not_know,
	     "journal-last"),
	FOUND("status-history", an_unlawful_move),
	FOUND("status-history", a_step_from_elsewhere),
	WARNED("primary-group", a_primary_group_that_is_not_there),
	WARNED("primary-group", a_primary_group_that_is_dead),
	FOUND("administrator", no_active_administrator),
	ALSO("invitation", a_token_instead_of_its_digest, "outbox-links"),
	FOUND("invitation", more_uses_than_lawful),
	FOUND("invitation", uses_that_are_no_number),
	WARNED("invitation", an_invitation_without_end),
	WARNED("invitation", an_invitation_for_ever),
	FOUND("invitation", an_invitation_of_a_suspended_person),
	WARNED("outbox-links", mail_with_a_link_that_nobody_made),
	WARNED("outbox-links", mail_with_a_link_that_was_revoked),
	FOUND("tombstone", a_tombstone_of_a_cat),
	FOUND("tombstone", a_tombstone_without_a_number),
	FOUND("tombstone", a_tombstone_without_an_end),
	WARNED("setting", a_setting_nobody_knows),
	WARNED("setting", a_setting_that_does_not_read),
	WARNED("setting", a_setting_without_a_value),
#undef FOUND
#undef WARNED
#undef ALSO
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

struct heard {
	const char *rule, *also;
	bool found, warned, other;
	char text[700];
};

static void
hear(void *arg, const struct rst_check_finding *finding)
{
	struct heard *heard = arg;

	if (strcmp(finding->invariant, heard->rule) == 0) {
		heard->found |= !finding->warning;
		heard->warned |= finding->warning;
	} else if (heard->also == NULL ||
	           strcmp(finding->invariant, heard->also) != 0) {
		heard->other = true;
		snprintf(heard->text, sizeof(heard->text), "%s: %s",
		         finding->invariant, finding->text);
	}
}

static uint64_t
check(struct life *life, struct heard *heard)
{
	const struct rst_check_options options = {
		.rules = lifecycle_check_rules,
		.max_findings = 1000,
		.finding = hear,
		.arg = heard,
	};
	uint64_t n = 0;

	assert_int_equal(rst_check(life->env, &options, &n), RST_OK);
	return n;
}

/* As life_teardown(), which would find what was planted. */
static void
tear_down(struct life *life)
{
	void *fixture = life->fixture;

	(void)fixture_teardown(&fixture);
	free(life);
}

static void
every_violation_is_found_by_its_rule(void **state)
{
	void *own = NULL;
	struct world world;

	(void)state;
	for (size_t i = 0; i < N_ROWS; i++) {
		struct heard heard = { .rule = rows[i].rule,
			               .also = rows[i].also };

		assert_int_equal(life_setup(&own), 0);
		make_world(own, &world);
		rows[i].plant(&world);
		check(own, &heard);
		if (rows[i].warning ? !heard.warned : !heard.found)
			fail_msg("%s: not found by %s (but %s)", rows[i].what,
			         rows[i].rule,
			         heard.other ? heard.text : "by nobody");
		if (rows[i].warning && heard.found)
			fail_msg("%s: not a warning", rows[i].what);
		if (heard.other)
			fail_msg("%s: also %s", rows[i].what, heard.text);
		tear_down(own);
	}
}

/* The world itself is sound; and life_teardown() says so of every act. */
static void
a_sound_directory_is_clean(void **state)
{
	struct heard heard = { .rule = "" };
	struct world world;

	make_world(*state, &world);
	if (check(*state, &heard) != 0 || heard.other)
		fail_msg("%s", heard.text);
}

static void
every_rule_has_a_violation(void **state)
{
	bool has;

	(void)state;
	for (size_t i = 0; lifecycle_check_rules[i].name != NULL; i++) {
		has = false;
		for (size_t k = 0; k < N_ROWS; k++)
			has |= strcmp(rows[k].rule,
			              lifecycle_check_rules[i].name) == 0;
		if (!has)
			fail_msg("%s", lifecycle_check_rules[i].name);
	}
}

/* Without the lifecycle a directory is a plain one. */
static void
rules_hold_with_the_lifecycle_alone(void **state)
{
	struct heard heard = { .rule = "" };
	struct world world;
	struct rst_wtxn txn;
	void *own = NULL;

	(void)state;
	assert_int_equal(life_setup(&own), 0);
	make_world(own, &world);
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].plant == a_reserved_name ||
		    rows[i].plant == a_password_in_clear_text ||
		    rows[i].plant == an_invitation_for_ever ||
		    rows[i].plant == a_setting_nobody_knows)
			rows[i].plant(&world);
	fixture_write(((struct life *)own)->fixture, &txn);
	assert_int_equal(rst_setting_put(&txn, "lifecycle", RST_VIEW("off")),
	                 RST_OK);
	fixture_commit(&txn);
	if (check(own, &heard) != 0 || heard.other)
		fail_msg("%s", heard.text);
	tear_down(own);
}

/* What slapadd brought has no history but from its first change on. */
static void
what_was_loaded_has_no_history(void **state)
{
	struct rst_journal_entry load = { .op = RST_J_LOAD,
		                          .door = RST_DOOR_LDAP,
		                          .count = 1 };
	struct heard heard = { .rule = "" };
	struct world world;
	struct rst_wtxn txn;
	uint64_t people, id;

	make_world(*state, &world);
	people = place(&world, "ou=people");
	fixture_write(world.life->fixture, &txn);
	id = fixture_add(&txn, people, "uid=lou", "objectClass",
	                 "rosterAccount", "objectClass", "posixAccount", "uid",
	                 "lou", "uidNumber", "20000", "gidNumber", "2001",
	                 "rosterStatus", "pending", "entryUUID",
	                 "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", NULL);
	assert_int_equal(rst_journal_append(&txn, &load, NULL), RST_OK);
	fixture_commit(&txn);
	set(&world, id, RST_A_ROSTERSTATUS, "active");
	if (check(*state, &heard) != 0 || heard.other)
		fail_msg("%s", heard.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(a_sound_directory_is_clean),
		cmocka_unit_test(every_violation_is_found_by_its_rule),
		cmocka_unit_test(every_rule_has_a_violation),
		cmocka_unit_test(rules_hold_with_the_lifecycle_alone),
		LIFE_TEST(what_was_loaded_has_no_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
