/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_member.c - the relation, one claim at a time
 *
 * test_member_random.c compares all of it with a model; here stands what each
 * rule means, by name.
 */
#include "store/member.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/env_priv.h"
#include "store/tree.h"
#include "tests/unit/fixture.h"

#define PEOPLE ",ou=people," FIXTURE_SUFFIX

static uint64_t
add_person(struct rst_wtxn *txn, uint64_t parent, const char *uid,
           const char *gid)
{
	char rdn[64];

	snprintf(rdn, sizeof(rdn), "uid=%s", uid);
	return fixture_add(txn, parent, rdn, "objectClass", "posixAccount",
	                   "objectClass", "rosterAccount", "uid", uid,
	                   "gidNumber", gid, "rosterStatus", "active", NULL);
}

static uint64_t
add_group(struct rst_wtxn *txn, uint64_t parent, const char *cn,
          const char *class, const char *gid)
{
	char rdn[64];

	snprintf(rdn, sizeof(rdn), "cn=%s", cn);
	return fixture_add(txn, parent, rdn, "objectClass", "posixGroup",
	                   "objectClass", class, "cn", cn, "gidNumber", gid,
	                   NULL);
}

static struct rst_member_op
op(enum rst_member_verb verb, uint16_t attr, const char *value)
{
	/* The test's DNs are written in lower case; nvalue then is value */
	return (struct rst_member_op){ verb, attr, rst_view_of(value),
		                       rst_view_of(value) };
}

static enum rst_err
apply_one(struct rst_wtxn *txn, uint64_t group, enum rst_member_verb verb,
          uint16_t attr, const char *value)
{
	struct rst_member_op one = op(verb, attr, value);

	return rst_member_apply(txn, group, &one, 1, NULL, NULL);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What the walk gave last has a normal form, by which it is found. */
static void
check_normal(const struct rst_rtxn *txn, const struct rst_record *group,
             uint16_t attr, const struct rst_member_cursor *walk,
             const char *value)
{
	static char normal[RST_DN_MAX], text[RST_DN_MAX];
	struct rst_member_cursor cursor;
	struct rst_view nvalue;
	size_t len;
	enum rst_err err;

	if (attr == RST_A_MEMBERUID)
		return;
	err = rst_member_normal(txn, walk, normal, &len);
	if (err == RST_ENOTFOUND)
		return; /* too long to be kept whole */
	assert_int_equal(err, RST_OK);
	nvalue = rst_view(normal, len);
	assert_true(fixture_has_value(txn, group, attr, nvalue));
	assert_int_equal(
		rst_member_value(txn, group, attr, nvalue, &cursor, text, &len),
		RST_OK);
	assert_string_equal(text, value);
	assert_int_equal(rst_member_value(txn, group, attr,
	                                  RST_VIEW("uid=nowhere"), &cursor,
	                                  text, &len),
	                 RST_ENOTFOUND);
}

/* The values of attr, sorted, each followed by a blank; a static buffer. */
static const char *
view(const struct rst_rtxn *txn, uint64_t group, uint16_t attr, bool hidden)
{
	static char text[4096], buf[RST_DN_MAX];
	struct rst_member_cursor cursor = { 0 };
	struct rst_record record;
	char *values[32];
	size_t n = 0, len, used = 0;
	enum rst_err err;

	assert_int_equal(rst_record_get(txn, group, &record), RST_OK);
	while ((err = rst_member_next(txn, &record, attr, hidden, &cursor, buf,
	                              &len)) == RST_OK) {
		assert_true(n < 32);
		check_normal(txn, &record, attr, &cursor, buf);
		values[n++] = rst_view_dup(rst_view(buf, len));
	}
	assert_int_equal(err, RST_ENOTFOUND);
	qsort(values, n, sizeof(*values), compare);
	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		                         "%s ", values[i]);
		free(values[i]);
	}
	return text;
}

struct world {
	struct rst_wtxn txn;
	struct fixture_ids ids;
};

static void
begin(void **state, struct world *world)
{
	fixture_write(*state, &world->txn);
	world->ids = fixture_skeleton(&world->txn);
}

static void
member_and_memberuid_are_two_views_of_one_row(void **state)
{
	struct world w;
	uint64_t alice, group;

	begin(state, &w);
	alice = add_person(&w.txn, w.ids.people, "alice", "2001");
	group = add_group(&w.txn, w.ids.groups, "g", "rosterGroup", "2002");
	assert_int_equal(apply_one(&w.txn, group, RST_MEMBER_ADD,
	                           RST_A_MEMBERUID, "alice"),
	                 RST_OK);
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBER, true),
	                    "uid=alice" PEOPLE " ");
	assert_int_equal(fixture_rows(&w.txn.r, RST_T_MEMBER), 1);
	assert_int_equal(apply_one(&w.txn, group, RST_MEMBER_ADD, RST_A_MEMBER,
	                           "uid=alice" PEOPLE),
	                 RST_EEXISTS);
	assert_true(fixture_is_member(&w.txn.r, group, alice));
	assert_int_equal(apply_one(&w.txn, group, RST_MEMBER_DROP, RST_A_MEMBER,
	                           "uid=alice" PEOPLE),
	                 RST_OK);
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBERUID, true), "");
	assert_int_equal(fixture_rows(&w.txn.r, RST_T_MEMBEROF), 0);
	rst_write_abort(&w.txn);
}

static void
both_attributes_in_one_change_mean_their_union(void **state)
{
	struct rst_member_op ops[] = {
		op(RST_MEMBER_ADD, RST_A_MEMBERUID, "alice"),
		op(RST_MEMBER_ADD, RST_A_MEMBERUID, "bob"),
		op(RST_MEMBER_ADD, RST_A_MEMBER, "uid=alice" PEOPLE),
		op(RST_MEMBER_ADD, RST_A_MEMBER, "uid=cy" PEOPLE),
	};
	struct rst_member_op again[] = {
		op(RST_MEMBER_CLEAR, RST_A_MEMBERUID, ""),
		op(RST_MEMBER_ADD, RST_A_MEMBERUID, "bob"),
		op(RST_MEMBER_CLEAR, RST_A_MEMBER, ""),
		op(RST_MEMBER_ADD, RST_A_MEMBER, "uid=cy" PEOPLE),
	};
	struct world w;
	uint64_t group;
	size_t at = 99;

	begin(state, &w);
	add_person(&w.txn, w.ids.people, "alice", "2001");
	add_person(&w.txn, w.ids.people, "bob", "2001");
	add_person(&w.txn, w.ids.people, "cy", "2001");
	group = add_group(&w.txn, w.ids.groups, "g", "rosterGroup", "2002");
	assert_int_equal(rst_member_apply(&w.txn, group, ops, 4, NULL, &at),
	                 RST_OK);
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBERUID, true),
	                    "alice bob cy ");
	/* one attribute twice is not a union */
	ops[2] = ops[0];
	assert_int_equal(rst_member_apply(&w.txn,
	                                  add_group(&w.txn, w.ids.groups, "h",
	                                            "rosterGroup", "2003"),
	                                  ops, 4, NULL, &at),
	                 RST_EEXISTS);
	assert_int_equal(at, 2);
	/* a replace of both keeps what either names */
	assert_int_equal(rst_member_apply(&w.txn, group, again, 4, NULL, NULL),
	                 RST_OK);
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBERUID, true),
	                    "bob cy ");
	rst_write_abort(&w.txn);
}

static bool
shows_primary(const struct rst_rtxn *txn)
{
	bool shows;

	assert_int_equal(rst_member_shows_primary(txn, &shows), RST_OK);
	return shows;
}

static void
members_by_gidnumber_are_hidden_but_real(void **state)
{
	struct world w;
	struct rst_record record;
	uint64_t alice, group, ids[2];
	size_t n;

	begin(state, &w);
	alice = add_person(&w.txn, w.ids.people, "alice", "2001");
	add_person(&w.txn, w.ids.people, "bob", "2009");
	group = add_group(&w.txn, w.ids.groups, "ldapusers", "rosterGroup",
	                  "2001");
	assert_int_equal(apply_one(&w.txn, group, RST_MEMBER_ADD,
	                           RST_A_MEMBERUID, "alice"),
	                 RST_OK);
	assert_int_equal(apply_one(&w.txn, group, RST_MEMBER_ADD,
	                           RST_A_MEMBERUID, "bob"),
	                 RST_OK);
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBERUID, false),
	                    "bob ");
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBERUID, true),
	                    "alice bob ");
	assert_int_equal(rst_record_get(&w.txn.r, group, &record), RST_OK);
	assert_true(fixture_has_value(&w.txn.r, &record, RST_A_MEMBERUID,
	                              RST_VIEW("alice")));
	assert_true(fixture_has_value(&w.txn.r, &record, RST_A_MEMBER,
	                              RST_VIEW("uid=alice" PEOPLE)));
	assert_int_equal(
		rst_member_of(&w.txn.r, alice, 0, ids, 2, &n) == RST_OK ? n : 9,
		1);
	assert_int_equal(rst_member_groups_with(&w.txn.r, RST_A_MEMBERUID,
	                                        RST_VIEW("alice"), 0, ids, 2,
	                                        &n),
	                 RST_OK);
	assert_int_equal(n, 1);
	/* hidden or listed: by the setting, else by the lifecycle */
	assert_true(shows_primary(&w.txn.r));
	assert_int_equal(rst_setting_put(&w.txn, "lifecycle", RST_VIEW("on")),
	                 RST_OK);
	assert_false(shows_primary(&w.txn.r));
	/* a CLEAR of an ordinary view spares what it does not list */
	assert_int_equal(
		apply_one(&w.txn, group, RST_MEMBER_CLEAR, RST_A_MEMBERUID, ""),
		RST_OK);
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBERUID, true),
	                    "alice ");
	assert_int_equal(
		rst_setting_put(&w.txn, "primary-members", RST_VIEW("list")),
		RST_OK);
	assert_true(shows_primary(&w.txn.r));
	assert_int_equal(
		apply_one(&w.txn, group, RST_MEMBER_CLEAR, RST_A_MEMBERUID, ""),
		RST_OK);
	assert_int_equal(rst_member_count(&w.txn.r, group), 0);
	rst_write_abort(&w.txn);
}

/* Store the record of id with one attribute of another value. */
static void
change(struct rst_wtxn *txn, uint64_t id, uint16_t attr, const char *value)
{
	struct rst_entry *entry;
	struct rst_record record;

	assert_int_equal(rst_record_get(&txn->r, id, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &entry), RST_OK);
	assert_int_equal(rst_entry_set_one(entry, attr, rst_view_of(value)),
	                 RST_OK);
	assert_int_equal(rst_entry_store_put(txn, entry), RST_OK);
	rst_entry_free(entry);
}

static void
a_changed_gidnumber_hides_or_shows(void **state)
{
	struct world w;
	uint64_t alice, group;

	begin(state, &w);
	alice = add_person(&w.txn, w.ids.people, "alice", "2009");
	group = add_group(&w.txn, w.ids.groups, "g", "rosterGroup", "2001");
	assert_int_equal(rst_member_join(&w.txn, group, alice, NULL), RST_OK);
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBERUID, false),
	                    "alice ");
	change(&w.txn, alice, RST_A_GIDNUMBER, "2001");
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBERUID, false), "");
	change(&w.txn, group, RST_A_GIDNUMBER, "2002");
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBERUID, false),
	                    "alice ");
	change(&w.txn, group, RST_A_GIDNUMBER, "2001");
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBERUID, false), "");
	assert_int_equal(fixture_rows(&w.txn.r, RST_T_MEMBER), 1);
	rst_write_abort(&w.txn);
}

static void
raw_members_resolve_when_their_entry_appears(void **state)
{
	struct world w;
	uint64_t alice, ours, theirs;

	begin(state, &w);
	ours = add_group(&w.txn, w.ids.groups, "ours", "rosterGroup", "2002");
	theirs = add_group(&w.txn, w.ids.groups, "theirs", "groupOfNames",
	                   "2003");
	assert_int_equal(apply_one(&w.txn, ours, RST_MEMBER_ADD,
	                           RST_A_MEMBERUID, "alice"),
	                 RST_OK);
	assert_int_equal(apply_one(&w.txn, theirs, RST_MEMBER_ADD,
	                           RST_A_MEMBERUID, "alice"),
	                 RST_OK);
	assert_int_equal(apply_one(&w.txn, theirs, RST_MEMBER_ADD, RST_A_MEMBER,
	                           "uid=alice" PEOPLE),
	                 RST_OK);
	assert_string_equal(view(&w.txn.r, ours, RST_A_MEMBER, true), "");
	alice = add_person(&w.txn, w.ids.people, "alice", "2001");
	assert_string_equal(view(&w.txn.r, ours, RST_A_MEMBER, true),
	                    "uid=alice" PEOPLE " ");
	assert_true(fixture_is_member(&w.txn.r, ours, alice));
	assert_true(fixture_is_member(&w.txn.r, theirs, alice));
	/* and go back, or end, with it */
	assert_int_equal(rst_entry_store_drop(&w.txn, alice), RST_OK);
	assert_string_equal(view(&w.txn.r, ours, RST_A_MEMBERUID, true), "");
	assert_string_equal(view(&w.txn.r, theirs, RST_A_MEMBER, true),
	                    "uid=alice" PEOPLE " ");
	assert_string_equal(view(&w.txn.r, theirs, RST_A_MEMBERUID, true),
	                    "alice ");
	assert_int_equal(rst_member_count(&w.txn.r, ours), 0);
	rst_write_abort(&w.txn);
}

static void
a_name_resolves_to_an_account_with_that_rdn_alone(void **state)
{
	struct world w;
	uint64_t group;

	begin(state, &w);
	group = add_group(&w.txn, w.ids.groups, "g", "rosterGroup", "2002");
	assert_int_equal(apply_one(&w.txn, group, RST_MEMBER_ADD,
	                           RST_A_MEMBERUID, "alice"),
	                 RST_OK);
	fixture_add(&w.txn, w.ids.people, "cn=alice", "objectClass",
	            "posixAccount", "cn", "alice", "uid", "alice", NULL);
	fixture_add(&w.txn, w.ids.groups, "uid=alice", "objectClass",
	            "inetOrgPerson", "uid", "alice", NULL);
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBER, true), "");
	add_person(&w.txn, w.ids.people, "alice", "2001");
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBER, true),
	                    "uid=alice" PEOPLE " ");
	rst_write_abort(&w.txn);
}

static void
a_name_that_came_with_a_dn_means_that_dn(void **state)
{
	struct rst_member_op ops[] = {
		op(RST_MEMBER_ADD, RST_A_MEMBERUID, "alice"),
		op(RST_MEMBER_ADD, RST_A_MEMBER,
		   "uid=alice,ou=groups," FIXTURE_SUFFIX),
	};
	struct world w;
	uint64_t group;

	begin(state, &w);
	group = add_group(&w.txn, w.ids.groups, "g", "rosterGroup", "2002");
	assert_int_equal(rst_member_apply(&w.txn, group, ops, 2, NULL, NULL),
	                 RST_OK);
	/* another alice is nobody of this group */
	add_person(&w.txn, w.ids.people, "alice", "2001");
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBER, true),
	                    "uid=alice,ou=groups," FIXTURE_SUFFIX " ");
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBERUID, true),
	                    "alice ");
	add_person(&w.txn, w.ids.groups, "alice", "2001");
	assert_int_equal(rst_member_count(&w.txn.r, group), 1);
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBERUID, true),
	                    "alice ");
	rst_write_abort(&w.txn);
}

/* Give the entry another place. */
static void
move(struct rst_wtxn *txn, uint64_t id, uint64_t parent, const char *rdn)
{
	struct rst_entry *entry;
	struct rst_record record;

	assert_int_equal(rst_record_get(&txn->r, id, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &entry), RST_OK);
	assert_int_equal(rst_entry_place(entry, parent, rst_view_of(rdn),
	                                 rst_view_of(rdn)),
	                 RST_OK);
	if (strncmp(rdn, "uid=", 4) == 0)
		assert_int_equal(rst_entry_set_one(entry, RST_A_UID,
		                                   rst_view_of(rdn + 4)),
		                 RST_OK);
	assert_int_equal(rst_entry_store_put(txn, entry), RST_OK);
	rst_entry_free(entry);
}

static void
a_rename_keeps_every_view_right(void **state)
{
	struct world w;
	uint64_t alice, ours, theirs;

	begin(state, &w);
	alice = add_person(&w.txn, w.ids.people, "alice", "2001");
	ours = add_group(&w.txn, w.ids.groups, "ours", "rosterGroup", "2002");
	theirs = add_group(&w.txn, w.ids.groups, "theirs", "groupOfNames",
	                   "2003");
	assert_int_equal(rst_member_join(&w.txn, ours, alice, NULL), RST_OK);
	assert_int_equal(apply_one(&w.txn, theirs, RST_MEMBER_ADD, RST_A_MEMBER,
	                           "uid=alice" PEOPLE),
	                 RST_OK);
	move(&w.txn, alice, w.ids.people, "uid=alicia");
	assert_string_equal(view(&w.txn.r, ours, RST_A_MEMBERUID, true),
	                    "alicia ");
	assert_string_equal(view(&w.txn.r, ours, RST_A_MEMBER, true),
	                    "uid=alicia" PEOPLE " ");
	/* any other group keeps what was written */
	assert_string_equal(view(&w.txn.r, theirs, RST_A_MEMBER, true),
	                    "uid=alice" PEOPLE " ");
	assert_false(fixture_is_member(&w.txn.r, theirs, alice));
	/* and so it is with a rename above it */
	move(&w.txn, w.ids.people, w.ids.suffix, "ou=folk");
	assert_string_equal(view(&w.txn.r, ours, RST_A_MEMBER, true),
	                    "uid=alicia,ou=folk," FIXTURE_SUFFIX " ");
	assert_string_equal(view(&w.txn.r, theirs, RST_A_MEMBER, true),
	                    "uid=alice" PEOPLE " ");
	rst_write_abort(&w.txn);
}

static void
two_of_one_uid_are_listed_once_and_dropped_together(void **state)
{
	struct world w;
	uint64_t alice, bob, group;

	begin(state, &w);
	alice = add_person(&w.txn, w.ids.people, "alice", "2001");
	bob = add_person(&w.txn, w.ids.groups, "bob", "2001");
	group = add_group(&w.txn, w.ids.groups, "g", "rosterGroup", "2002");
	assert_int_equal(rst_member_join(&w.txn, group, alice, NULL), RST_OK);
	assert_int_equal(rst_member_join(&w.txn, group, bob, NULL), RST_OK);
	move(&w.txn, bob, w.ids.groups, "uid=alice");
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBERUID, true),
	                    "alice ");
	assert_int_equal(rst_member_count(&w.txn.r, group), 2);
	assert_true(fixture_lives(&w.txn.r, group));
	assert_int_equal(apply_one(&w.txn, group, RST_MEMBER_DROP,
	                           RST_A_MEMBERUID, "alice"),
	                 RST_OK);
	assert_int_equal(rst_member_count(&w.txn.r, group), 0);
	assert_false(fixture_lives(&w.txn.r, group));
	rst_write_abort(&w.txn);
}

static void
a_subtree_that_moves_in_is_resolved(void **state)
{
	char name[600], dn[RST_DN_MAX];
	struct world w;
	uint64_t alice, longer, group;

	begin(state, &w);
	alice = add_person(&w.txn, w.ids.people, "alice", "2001");
	/* so long that its raw key is cut */
	memset(name, 'x', 505);
	snprintf(name + 505, 8, "end");
	longer = fixture_add(&w.txn, w.ids.people, "uid=placeholder", "uid",
	                     "placeholder", NULL);
	snprintf(dn, sizeof(dn), "uid=%s", name);
	move(&w.txn, longer, w.ids.people, dn);
	group = add_group(&w.txn, w.ids.groups, "g", "groupOfNames", "2002");
	assert_int_equal(apply_one(&w.txn, group, RST_MEMBER_ADD, RST_A_MEMBER,
	                           "uid=alice,ou=folk," FIXTURE_SUFFIX),
	                 RST_OK);
	snprintf(dn, sizeof(dn), "uid=%s,ou=folk," FIXTURE_SUFFIX, name);
	assert_int_equal(
		apply_one(&w.txn, group, RST_MEMBER_ADD, RST_A_MEMBER, dn),
		RST_OK);
	assert_false(fixture_is_member(&w.txn.r, group, longer));
	move(&w.txn, w.ids.people, w.ids.suffix, "ou=folk");
	assert_true(fixture_is_member(&w.txn.r, group, alice));
	assert_true(fixture_is_member(&w.txn.r, group, longer));
	rst_write_abort(&w.txn);
}

static void
a_deep_subtree_is_walked_on_a_small_stack(void **state)
{
	char name[600], dn[RST_DN_MAX];
	struct world w;
	uint64_t group, id;

	begin(state, &w);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	group = add_group(&w.txn, w.ids.groups, "g", "groupOfNames", "2002");
	/* cut, so that the whole subtree is looked at */
	snprintf(dn, sizeof(dn), "uid=%s" PEOPLE, name);
	assert_int_equal(
		apply_one(&w.txn, group, RST_MEMBER_ADD, RST_A_MEMBER, dn),
		RST_OK);
	id = w.ids.people;
	for (int depth = 0; depth < 1500; depth++)
		id = fixture_add(&w.txn, id, "o=x", "o", "x", NULL);
	move(&w.txn, w.ids.people, w.ids.suffix, "ou=folk");
	rst_write_abort(&w.txn);
}

static void
values_of_other_groups_stay_as_they_were_written(void **state)
{
	static const char odd[] = "UID=Alice , OU=People,DC=example,DC=org";
	static const char normal[] = "uid=alice" PEOPLE;
	struct rst_member_op one = { RST_MEMBER_ADD, RST_A_MEMBER,
		                     RST_VIEW(odd), RST_VIEW(normal) };
	struct world w;
	uint64_t alice, group;

	begin(state, &w);
	group = add_group(&w.txn, w.ids.groups, "g", "groupOfNames", "2002");
	assert_int_equal(rst_member_apply(&w.txn, group, &one, 1, NULL, NULL),
	                 RST_OK);
	one.attr = RST_A_UNIQUEMEMBER;
	assert_int_equal(rst_member_apply(&w.txn, group, &one, 1, NULL, NULL),
	                 RST_OK);
	alice = add_person(&w.txn, w.ids.people, "alice", "2001");
	assert_true(fixture_is_member(&w.txn.r, group, alice));
	view(&w.txn.r, group, RST_A_MEMBER, true);
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBER, true),
	                    "UID=Alice , OU=People,DC=example,DC=org ");
	assert_string_equal(view(&w.txn.r, group, RST_A_UNIQUEMEMBER, true),
	                    "UID=Alice , OU=People,DC=example,DC=org ");
	/* whatever becomes of the entry */
	move(&w.txn, alice, w.ids.people, "uid=alicia");
	assert_string_equal(view(&w.txn.r, group, RST_A_MEMBER, true),
	                    "UID=Alice , OU=People,DC=example,DC=org ");
	assert_false(fixture_is_member(&w.txn.r, group, alice));
	move(&w.txn, alice, w.ids.people, "uid=alice");
	assert_true(fixture_is_member(&w.txn.r, group, alice));
	rst_write_abort(&w.txn);
}

static void
long_names_and_dns_keep_their_text(void **state)
{
	char a[1500], b[1500], dn_a[1600], dn_b[1600];
	struct world w;
	uint64_t ours, theirs, ids[2];
	size_t n;

	memset(a, 'a', 1400);
	memcpy(b, a, 1400);
	snprintf(a + 1400, 8, "one");
	snprintf(b + 1400, 8, "two");
	snprintf(dn_a, sizeof(dn_a), "uid=%s,o=x", a);
	snprintf(dn_b, sizeof(dn_b), "uid=%s,o=x", b);
	begin(state, &w);
	ours = add_group(&w.txn, w.ids.groups, "ours", "rosterGroup", "2002");
	theirs = add_group(&w.txn, w.ids.groups, "theirs", "groupOfNames",
	                   "2003");
	assert_int_equal(
		apply_one(&w.txn, ours, RST_MEMBER_ADD, RST_A_MEMBERUID, a),
		RST_OK);
	assert_int_equal(
		apply_one(&w.txn, ours, RST_MEMBER_ADD, RST_A_MEMBERUID, b),
		RST_OK);
	assert_int_equal(
		apply_one(&w.txn, ours, RST_MEMBER_ADD, RST_A_MEMBERUID, a),
		RST_EEXISTS);
	assert_int_equal(
		apply_one(&w.txn, theirs, RST_MEMBER_ADD, RST_A_MEMBER, dn_a),
		RST_OK);
	assert_int_equal(
		apply_one(&w.txn, theirs, RST_MEMBER_DROP, RST_A_MEMBER, dn_b),
		RST_ENOTFOUND);
	assert_memory_equal(view(&w.txn.r, theirs, RST_A_MEMBER, true), dn_a,
	                    strlen(dn_a));
	assert_memory_equal(view(&w.txn.r, ours, RST_A_MEMBERUID, true), a,
	                    strlen(a));
	assert_int_equal(rst_member_groups_with(&w.txn.r, RST_A_MEMBERUID,
	                                        rst_view_of(b), 0, ids, 2, &n),
	                 RST_OK);
	assert_int_equal(n, 1);
	rst_write_abort(&w.txn);
}

static void
a_class_that_comes_or_goes_converts_the_rows(void **state)
{
	struct world w;
	uint64_t group;
	struct rst_entry *entry;
	struct rst_record record;
	const struct rst_view classes[] = { RST_VIEW("posixGroup"),
		                            RST_VIEW("rosterGroup") };

	begin(state, &w);
	add_person(&w.txn, w.ids.people, "alice", "2002");
	group = add_group(&w.txn, w.ids.groups, "g", "groupOfNames", "2002");
	assert_int_equal(apply_one(&w.txn, group, RST_MEMBER_ADD,
	                           RST_A_MEMBERUID, "alice"),
	                 RST_OK);
	assert_int_equal(apply_one(&w.txn, group, RST_MEMBER_ADD,
	                           RST_A_UNIQUEMEMBER, "uid=cy" PEOPLE),
	                 RST_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rst_record_get(&w.txn.r, group, &record),
		                 RST_OK);
		assert_int_equal(rst_entry_from_record(&record, &entry),
		                 RST_OK);
		assert_int_equal(rst_entry_set(entry, RST_A_OBJECTCLASS,
		                               classes, i == 0 ? 2 : 1),
		                 RST_OK);
		assert_int_equal(rst_entry_store_put(&w.txn, entry), RST_OK);
		rst_entry_free(entry);
		assert_string_equal(
			view(&w.txn.r, group, RST_A_MEMBERUID, true), "alice ");
		assert_string_equal(view(&w.txn.r, group, RST_A_MEMBER, true),
		                    "uid=alice" PEOPLE " uid=cy" PEOPLE " ");
		/* alice is in it by gidNumber while it is a rosterGroup */
		assert_string_equal(
			view(&w.txn.r, group, RST_A_MEMBERUID, false),
			i == 0 ? "" : "alice ");
	}
	rst_write_abort(&w.txn);
}

static void
refusals_are_told_apart(void **state)
{
	struct rst_member_deltas deltas = { 0 };
	static char big[RST_DN_MAX + 1];
	struct world w;
	uint64_t alice, ours, theirs;
	size_t at = 7;
	struct rst_member_op ops[] = {
		op(RST_MEMBER_ADD, RST_A_MEMBERUID, "bob"),
		op(RST_MEMBER_DROP, RST_A_MEMBERUID, "nobody"),
	};

	memset(big, 'x', RST_DN_MAX);
	begin(state, &w);
	alice = add_person(&w.txn, w.ids.people, "alice", "2001");
	ours = add_group(&w.txn, w.ids.groups, "ours", "rosterGroup", "2002");
	theirs = add_group(&w.txn, w.ids.groups, "theirs", "groupOfNames",
	                   "2003");
	assert_int_equal(rst_member_apply(&w.txn, ours, ops, 2, &deltas, &at),
	                 RST_ENOTFOUND);
	assert_int_equal(at, 1);
	rst_member_deltas_release(&deltas);
	assert_int_equal(apply_one(&w.txn, ours, RST_MEMBER_ADD,
	                           RST_A_UNIQUEMEMBER, "uid=x" PEOPLE),
	                 RST_EINVALID);
	assert_int_equal(
		apply_one(&w.txn, theirs, RST_MEMBER_ADD, RST_A_MEMBER, big),
		RST_EINVALID);
	assert_int_equal(
		apply_one(&w.txn, theirs, RST_MEMBER_ADD, RST_A_CN, "x"),
		RST_EINVALID);
	assert_int_equal(rst_member_join(&w.txn, theirs, alice, NULL),
	                 RST_EINVALID);
	assert_int_equal(rst_member_join(&w.txn, 4711, alice, NULL),
	                 RST_ENOTFOUND);
	assert_int_equal(rst_member_leave(&w.txn, ours, alice, NULL),
	                 RST_ENOTFOUND);
	rst_write_abort(&w.txn);
}

static void
deltas_say_what_came_and_went(void **state)
{
	struct rst_member_deltas deltas = { 0 };
	struct world w;
	uint64_t alice, group;

	begin(state, &w);
	alice = add_person(&w.txn, w.ids.people, "alice", "2002");
	group = add_group(&w.txn, w.ids.groups, "g", "rosterGroup", "2002");
	assert_int_equal(rst_member_join(&w.txn, group, alice, &deltas),
	                 RST_OK);
	assert_int_equal(rst_member_leave(&w.txn, group, alice, &deltas),
	                 RST_OK);
	assert_int_equal(deltas.n, 2);
	assert_true(deltas.items[0].added);
	assert_false(deltas.items[1].added);
	assert_int_equal(deltas.items[0].via, RST_VIA_PRIMARY);
	assert_int_equal(deltas.items[0].key[0], 'e');
	assert_int_equal(rst_get_be64(deltas.items[1].key + 1), alice);
	rst_member_deltas_release(&deltas);
	rst_write_abort(&w.txn);
}

static void
a_group_that_goes_takes_its_rows(void **state)
{
	struct world w;
	uint64_t group, alice;

	begin(state, &w);
	alice = add_person(&w.txn, w.ids.people, "alice", "2001");
	group = add_group(&w.txn, w.ids.groups, "g", "rosterGroup", "2001");
	assert_int_equal(rst_member_join(&w.txn, group, alice, NULL), RST_OK);
	assert_int_equal(apply_one(&w.txn, group, RST_MEMBER_ADD, RST_A_MEMBER,
	                           "cn=g,ou=groups," FIXTURE_SUFFIX),
	                 RST_OK); /* itself */
	assert_int_equal(apply_one(&w.txn, group, RST_MEMBER_ADD,
	                           RST_A_MEMBERUID, "ghost"),
	                 RST_OK);
	assert_int_equal(rst_entry_store_drop(&w.txn, group), RST_OK);
	assert_int_equal(fixture_rows(&w.txn.r, RST_T_MEMBER), 0);
	assert_int_equal(fixture_rows(&w.txn.r, RST_T_MEMBEROF), 0);
	rst_write_abort(&w.txn);
}

static void
a_walk_by_id_skips_raw_members(void **state)
{
	struct rst_member_cursor cursor = { 0 };
	struct world w;
	uint64_t alice, group, id = 0;

	begin(state, &w);
	alice = add_person(&w.txn, w.ids.people, "alice", "2001");
	group = add_group(&w.txn, w.ids.groups, "g", "rosterGroup", "2001");
	assert_int_equal(rst_member_join(&w.txn, group, alice, NULL), RST_OK);
	assert_int_equal(apply_one(&w.txn, group, RST_MEMBER_ADD,
	                           RST_A_MEMBERUID, "ghost"),
	                 RST_OK);
	assert_int_equal(rst_member_count(&w.txn.r, group), 2);
	assert_int_equal(rst_member_next_id(&w.txn.r, group, &cursor, &id),
	                 RST_OK);
	assert_int_equal(id, alice);
	assert_int_equal(rst_member_next_id(&w.txn.r, group, &cursor, &id),
	                 RST_ENOTFOUND);
	rst_write_abort(&w.txn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(member_and_memberuid_are_two_views_of_one_row),
		FIXTURE_TEST(both_attributes_in_one_change_mean_their_union),
		FIXTURE_TEST(members_by_gidnumber_are_hidden_but_real),
		FIXTURE_TEST(a_changed_gidnumber_hides_or_shows),
		FIXTURE_TEST(raw_members_resolve_when_their_entry_appears),
		FIXTURE_TEST(a_name_resolves_to_an_account_with_that_rdn_alone),
		FIXTURE_TEST(a_name_that_came_with_a_dn_means_that_dn),
		FIXTURE_TEST(a_rename_keeps_every_view_right),
		FIXTURE_TEST(
			two_of_one_uid_are_listed_once_and_dropped_together),
		FIXTURE_TEST(a_subtree_that_moves_in_is_resolved),
		FIXTURE_TEST(a_deep_subtree_is_walked_on_a_small_stack),
		FIXTURE_TEST(values_of_other_groups_stay_as_they_were_written),
		FIXTURE_TEST(long_names_and_dns_keep_their_text),
		FIXTURE_TEST(a_class_that_comes_or_goes_converts_the_rows),
		FIXTURE_TEST(refusals_are_told_apart),
		FIXTURE_TEST(deltas_say_what_came_and_went),
		FIXTURE_TEST(a_group_that_goes_takes_its_rows),
		FIXTURE_TEST(a_walk_by_id_skips_raw_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
