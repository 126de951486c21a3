/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_store_groups.c - members that have many names, or share one */
#include <stdio.h>
#include <stdlib.h>

#include "store/check.h"
#include "store/member_priv.h"
#include "tests/unit/fixture.h"

#define PEOPLE ",ou=people," FIXTURE_SUFFIX
#define MANY   70 /* members, more than are told of at once */

static struct rst_member_cursor cursor;

static bool
is_within(const struct rst_rtxn *txn, uint64_t group, uint64_t member)
{
	bool is;

	assert_int_equal(rst_member_within(txn, group, member, &is), RST_OK);
	return is;
}

static uint64_t
account(struct rst_wtxn *txn, uint64_t parent, const char *rdn, const char *uid,
        const char *other)
{
	return fixture_add(txn, parent, rdn, "objectClass", "rosterAccount",
	                   "uid", uid, other != NULL ? "uid" : NULL, other,
	                   NULL);
}

static uint64_t
group_of(struct rst_wtxn *txn, uint64_t groups, const char *cn)
{
	char rdn[32];

	snprintf(rdn, sizeof(rdn), "cn=%s", cn);
	return fixture_add(txn, groups, rdn, "objectClass", "rosterGroup", "cn",
	                   cn, NULL);
}

static enum rst_err
apply(struct rst_wtxn *txn, uint64_t group, enum rst_member_verb verb,
      uint16_t attr, const char *value)
{
	struct rst_member_op op = { verb, attr, rst_view_of(value),
		                    rst_view_of(value) };

	return rst_member_apply(txn, group, &op, 1, NULL, NULL);
}

/* The values of attr, each followed by a blank; a static buffer. */
static const char *
values(const struct rst_rtxn *txn, uint64_t group, uint16_t attr)
{
	static char text[8 * RST_DN_MAX], value[RST_DN_MAX];
	struct rst_record record;
	size_t len = 0, n;

	memset(&cursor, 0, sizeof(cursor));
	text[0] = '\0';
	assert_int_equal(rst_record_get(txn, group, &record), RST_OK);
	while (rst_member_next(txn, &record, attr, true, &cursor, value, &n) ==
	       RST_OK) {
		assert_true(len + n + 2 < sizeof(text));
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ",
		                        value);
	}
	return text;
}

static enum rst_err
count_item(void *arg, const struct rst_member_item *item)
{
	size_t *n = arg;

	assert_non_null(item->name.ptr);
	++*n;
	return RST_OK;
}

static enum rst_err
refuse_item(void *arg, const struct rst_member_item *item)
{
	(void)item;
	++*(size_t *)arg;
	return RST_EDENIED;
}

static size_t
listed(const struct rst_rtxn *txn, uint64_t group, uint16_t attr)
{
	struct rst_record record;
	size_t n = 0, refused = 0;

	assert_int_equal(rst_record_get(txn, group, &record), RST_OK);
	assert_int_equal(rst_member_list(txn, &record, attr, true, false, true,
	                                 count_item, &n),
	                 RST_OK);
	assert_int_equal(rst_member_list(txn, &record, attr, true, false, true,
	                                 refuse_item, &refused),
	                 n > 0 ? RST_EDENIED : RST_OK);
	assert_int_equal(refused, n > 0 ? 1 : 0);
	return n;
}

static enum rst_err
print_item(void *arg, const struct rst_member_item *item)
{
	snprintf(arg, RST_DN_MAX, "%.*s ", (int)item->name.len, item->name.ptr);
	return RST_OK;
}

/* The one memberUid of group, as the list tells it. */
static const char *
listed_uid(const struct rst_rtxn *txn, uint64_t group)
{
	static char text[RST_DN_MAX];
	struct rst_record record;

	text[0] = '\0';
	assert_int_equal(rst_record_get(txn, group, &record), RST_OK);
	assert_int_equal(rst_member_list(txn, &record, RST_A_MEMBERUID, true,
	                                 false, true, print_item, text),
	                 RST_OK);
	return text;
}

/* Of several uids it is that of the name, else the first. */
static void
a_member_has_the_uid_of_its_name(void **state)
{
	static const struct {
		const char *rdn, *uid, *other, *due;
	} rows[] = {
		{ "uid=b1", "a1", "b1", "b1 " },
		{ "uid=b2", "b2", "a2", "b2 " },
		{ "cn=c3", "a3", "b3", "a3 " },
		{ "uid=a4+cn=x", "b4", "a4", "b4 " },
		{ "uid=x\\2cy", "b5", "a5", "b5 " },
		{ "uid=c6", "a6", "b6", "a6 " },
		{ "cn=c7", "a7", NULL, "a7 " },
	};
	struct fixture_ids ids;
	struct rst_wtxn txn;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char cn[8];
		uint64_t group, id;

		snprintf(cn, sizeof(cn), "g%zu", i);
		group = group_of(&txn, ids.groups, cn);
		id = account(&txn, ids.people, rows[i].rdn, rows[i].uid,
		             rows[i].other);
		assert_int_equal(rst_member_join(&txn, group, id, NULL),
		                 RST_OK);
		assert_string_equal(values(&txn.r, group, RST_A_MEMBERUID),
		                    rows[i].due);
		assert_string_equal(listed_uid(&txn.r, group), rows[i].due);
	}
	rst_write_abort(&txn);
}

static enum rst_err
add_bytes(void *arg, const struct rst_member_item *item)
{
	*(size_t *)arg += item->name.len + item->above.len;
	return RST_OK;
}

/* One member of group, in the list and in the walk: its len bytes, 0: none. */
static void
check_one(const struct rst_rtxn *txn, uint64_t group, uint16_t attr, size_t len)
{
	static char value[RST_DN_MAX];
	struct rst_record record;
	size_t n = 0;

	assert_int_equal(rst_record_get(txn, group, &record), RST_OK);
	assert_int_equal(rst_member_list(txn, &record, attr, true, false, true,
	                                 add_bytes, &n),
	                 RST_OK);
	assert_int_equal(n, len);
	memset(&cursor, 0, sizeof(cursor));
	n = 0;
	assert_int_equal(
		rst_member_next(txn, &record, attr, true, &cursor, value, &n),
		len > 0 ? RST_OK : RST_ENOTFOUND);
	assert_int_equal(n, len);
}

/*
 * A uid has as many bytes as any value, a row of table name counts them in two
 * and ffff says something else there.  What is longer than a list takes is no
 * member's name; who lists DNs does not notice.
 */
static void
a_name_that_no_list_takes_is_none(void **state)
{
	static const size_t rows[] = {
		RST_DN_MAX - 1, RST_DN_MAX, RST_DN_MAX + 1, 0xfffe,
		0xffff,         0x10000,    0x10004,        1 << 20,
	};
	const struct rst_check_options options = { .max_findings = 0 };
	const size_t n = sizeof(rows) / sizeof(rows[0]);
	char *uid = malloc(rows[n - 1] + 1);
	uint64_t group, id, findings = 1;
	struct fixture_ids ids;
	struct rst_wtxn txn;

	assert_non_null(uid);
	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	for (size_t i = 0; i < n; i++) {
		bool fits = rows[i] < RST_DN_MAX;
		char name[8];

		memset(uid, 'a' + (int)i, rows[i]);
		uid[rows[i]] = '\0';
		snprintf(name, sizeof(name), "cn=g%zu", i);
		group = group_of(&txn, ids.groups, name + 3);
		id = account(&txn, ids.people, name, uid, NULL);
		assert_int_equal(rst_member_join(&txn, group, id, NULL),
		                 RST_OK);
		check_one(&txn.r, group, RST_A_MEMBERUID, fits ? rows[i] : 0);
		check_one(&txn.r, group, RST_A_MEMBER,
		          strlen(name) + strlen(PEOPLE));
	}
	fixture_commit(&txn);
	free(uid);
	assert_int_equal(
		rst_check(((struct fixture *)*state)->env, &options, &findings),
		RST_OK);
	assert_int_equal(findings, 0);
}

/* A name that several of the groups in a group have is one name. */
static void
who_is_in_several_groups_below_is_listed_once(void **state)
{
	struct fixture_ids ids;
	struct rst_wtxn txn;
	uint64_t top, below[3], alice, found[4];
	struct rst_record record;
	struct rst_ids set = { 0 };
	size_t n;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	assert_int_equal(rst_setting_put(&txn, "lifecycle", RST_VIEW("on")),
	                 RST_OK);
	alice = account(&txn, ids.people, "uid=alice", "alice", NULL);
	top = group_of(&txn, ids.groups, "top");
	for (size_t i = 0; i < 3; i++) {
		char cn[8];

		snprintf(cn, sizeof(cn), "b%zu", i);
		below[i] = group_of(&txn, ids.groups, cn);
		assert_int_equal(rst_member_join(&txn, top, below[i], NULL),
		                 RST_OK);
	}
	/* nobody is in any of them */
	assert_int_equal(rst_record_get(&txn.r, top, &record), RST_OK);
	assert_false(rst_member_any(&txn.r, &record, RST_A_MEMBERUID));
	assert_false(rst_member_any(&txn.r, &record, RST_A_UNIQUEMEMBER));
	assert_true(rst_member_any(&txn.r, &record, RST_A_MEMBER));
	assert_false(is_within(&txn.r, top, alice));
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(rst_member_join(&txn, below[i], alice, NULL),
		                 RST_OK);
		assert_int_equal(apply(&txn, below[i], RST_MEMBER_ADD,
		                       RST_A_MEMBERUID, "ghost"),
		                 RST_OK);
	}
	assert_int_equal(
		apply(&txn, top, RST_MEMBER_ADD, RST_A_MEMBERUID, "own"),
		RST_OK);
	assert_true(rst_member_any(&txn.r, &record, RST_A_MEMBERUID));
	assert_true(is_within(&txn.r, top, alice));
	assert_string_equal(values(&txn.r, top, RST_A_MEMBERUID),
	                    "own alice ghost ");
	assert_int_equal(listed(&txn.r, top, RST_A_MEMBERUID), 3);
	/* in the top one, too: then it is not of those below */
	assert_int_equal(
		apply(&txn, top, RST_MEMBER_ADD, RST_A_MEMBERUID, "ghost"),
		RST_OK);
	assert_int_equal(listed(&txn.r, top, RST_A_MEMBERUID), 3);
	assert_int_equal(rst_member_of_all(&txn.r, alice, 0, found, 4, &n),
	                 RST_OK);
	assert_int_equal(n, 4);
	assert_int_equal(rst_member_of_all(&txn.r, alice, 0, found, 2, &n),
	                 RST_OK);
	assert_int_equal(n, 2);
	assert_int_equal(
		rst_member_of_all(&txn.r, alice, below[1], found, 4, &n),
		RST_OK);
	assert_int_equal(n, 1);
	assert_int_equal(rst_member_of(&txn.r, alice, UINT64_MAX, found, 4, &n),
	                 RST_OK);
	assert_int_equal(n, 0);
	assert_int_equal(rst_member_below(&txn.r, top, &set, NULL), RST_OK);
	assert_true(rst_ids_has(&set, below[1]));
	assert_false(rst_ids_has(&set, top));
	assert_false(rst_ids_has(&set, UINT64_MAX));
	rst_ids_release(&set);
	rst_write_abort(&txn);
}

static void
many_members_are_told_of_in_pieces(void **state)
{
	struct fixture_ids ids;
	struct rst_wtxn txn;
	uint64_t ours, other;
	char rdn[32], dn[128];

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	ours = group_of(&txn, ids.groups, "ours");
	other = fixture_add(&txn, ids.groups, "cn=o", "objectClass",
	                    "groupOfNames", "cn", "o", NULL);
	for (unsigned int i = 0; i < MANY; i++) {
		uint64_t id;

		snprintf(rdn, sizeof(rdn), "uid=m%u", i);
		id = account(&txn, ids.people, rdn, rdn + 4, NULL);
		assert_int_equal(rst_member_join(&txn, ours, id, NULL), RST_OK);
		snprintf(dn, sizeof(dn), "%s%s", rdn, PEOPLE);
		assert_int_equal(
			apply(&txn, other, RST_MEMBER_ADD, RST_A_MEMBER, dn),
			RST_OK);
	}
	assert_int_equal(listed(&txn.r, ours, RST_A_MEMBER), MANY);
	assert_int_equal(listed(&txn.r, ours, RST_A_MEMBERUID), MANY);
	assert_int_equal(listed(&txn.r, other, RST_A_MEMBER), MANY);
	rst_write_abort(&txn);
}

/* The suffix has no parent, and may be a member all the same. */
static void
an_entry_without_a_parent_can_be_a_member(void **state)
{
	struct fixture_ids ids;
	struct rst_wtxn txn;
	uint64_t group;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	group = group_of(&txn, ids.groups, "g");
	assert_int_equal(rst_member_join(&txn, group, ids.suffix, NULL),
	                 RST_OK);
	assert_string_equal(values(&txn.r, group, RST_A_MEMBER),
	                    FIXTURE_SUFFIX " ");
	assert_int_equal(listed(&txn.r, group, RST_A_MEMBER), 1);
	rst_write_abort(&txn);
}

/* Of names that are nobody's, short and long, of every shape. */
static void
names_of_nobody_come_and_go(void **state)
{
	static char longest[700];
	static const char *const dns[] = {
		"cn=stranger,dc=x", "uid=stranger,dc=x", "uid=a+cn=b,dc=x",
		"uid=a\\2cb,dc=x",  "uid=alone",         longest,
	};
	struct fixture_ids ids;
	struct rst_wtxn txn;
	uint64_t group;

	snprintf(longest, sizeof(longest), "uid=%0600d,dc=x", 7);
	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	group = group_of(&txn, ids.groups, "g");
	for (size_t i = 0; i < sizeof(dns) / sizeof(dns[0]); i++) {
		assert_int_equal(apply(&txn, group, RST_MEMBER_ADD,
		                       RST_A_MEMBER, dns[i]),
		                 RST_OK);
		assert_int_equal(apply(&txn, group, RST_MEMBER_ADD,
		                       RST_A_MEMBER, dns[i]),
		                 RST_EEXISTS);
	}
	assert_int_equal(listed(&txn.r, group, RST_A_MEMBER), 6);
	/* a name that came with its DN stands alone without it */
	assert_int_equal(
		apply(&txn, group, RST_MEMBER_ADD, RST_A_MEMBERUID, "stranger"),
		RST_OK);
	assert_int_equal(apply(&txn, group, RST_MEMBER_ADD, RST_A_MEMBERUID,
	                       longest + 4),
	                 RST_OK);
	for (size_t i = 0; i < sizeof(dns) / sizeof(dns[0]); i++)
		assert_int_equal(apply(&txn, group, RST_MEMBER_DROP,
		                       RST_A_MEMBER, dns[i]),
		                 RST_OK);
	assert_int_equal(listed(&txn.r, group, RST_A_MEMBER), 0);
	assert_int_equal(listed(&txn.r, group, RST_A_MEMBERUID), 2);
	assert_int_equal(
		apply(&txn, group, RST_MEMBER_CLEAR, RST_A_MEMBERUID, ""),
		RST_OK);
	assert_false(rst_member_rows(&txn.r, group));
	rst_write_abort(&txn);
}

static void
what_no_walk_gave_is_refused(void **state)
{
	static char buf[RST_DN_MAX];
	struct rst_record record;
	struct fixture_ids ids;
	bool has;
	struct rst_wtxn txn;
	uint64_t group, member;
	size_t n;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	group = group_of(&txn, ids.groups, "g");
	assert_int_equal(rst_record_get(&txn.r, group, &record), RST_OK);
	assert_int_equal(rst_member_join(&txn, group, ids.people, NULL),
	                 RST_OK);
	assert_int_equal(
		rst_member_has(&txn.r, &record, RST_A_CN, RST_VIEW("a"), &has),
		RST_OK);
	assert_false(has);
	assert_int_equal(rst_member_value(&txn.r, &record, RST_A_CN,
	                                  RST_VIEW("a"), &cursor, buf, &n),
	                 RST_EINVALID);
	memset(&cursor, 0, sizeof(cursor));
	memset(cursor.key, 'e', 10);
	cursor.len = 10;
	assert_int_equal(rst_member_normal(&txn.r, &cursor, buf, &n),
	                 RST_EINVALID);
	assert_int_equal(rst_member_next_id(&txn.r, group, &cursor, &member),
	                 RST_EINVALID);
	/* without the groups in it */
	memset(&cursor, 0, sizeof(cursor));
	cursor.direct = true;
	assert_int_equal(rst_member_next(&txn.r, &record, RST_A_MEMBERUID, true,
	                                 &cursor, buf, &n),
	                 RST_ENOTFOUND);
	rst_write_abort(&txn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_member_has_the_uid_of_its_name),
		FIXTURE_TEST(a_name_that_no_list_takes_is_none),
		FIXTURE_TEST(who_is_in_several_groups_below_is_listed_once),
		FIXTURE_TEST(many_members_are_told_of_in_pieces),
		FIXTURE_TEST(an_entry_without_a_parent_can_be_a_member),
		FIXTURE_TEST(names_of_nobody_come_and_go),
		FIXTURE_TEST(what_no_walk_gave_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
