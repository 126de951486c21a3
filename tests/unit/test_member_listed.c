/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_member_listed.c - membership as another server lists it */
#include "store/member.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/env_priv.h"
#include "tests/unit/fixture.h"

#define PEOPLE     ",ou=people," FIXTURE_SUFFIX
#define VALUES_MAX 8

struct world {
	struct rst_wtxn txn;
	struct fixture_ids ids;
};

static void
add(struct rst_wtxn *txn, uint64_t parent, const char *uid)
{
	char rdn[64];

	(void)snprintf(rdn, sizeof(rdn), "uid=%s", uid);
	(void)fixture_add(txn, parent, rdn, "objectClass", "posixAccount",
	                  "objectClass", "rosterAccount", "uid", uid,
	                  "gidNumber", "2001", "rosterStatus", "active", NULL);
}

static struct rst_member_op
op(enum rst_member_verb verb, uint16_t attr, const char *value)
{
	return (struct rst_member_op){ verb, attr, rst_view_of(value),
		                       rst_view_of(value) };
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The values of attr, sorted, each followed by a blank; a static buffer. */
static const char *
view(const struct rst_rtxn *txn, uint64_t group, uint16_t attr)
{
	static char values[VALUES_MAX][RST_DN_MAX];
	static char text[VALUES_MAX * RST_DN_MAX];
	struct rst_member_cursor cursor = { 0 };
	struct rst_record record;
	size_t n = 0, len;

	assert_int_equal(rst_record_get(txn, group, &record), RST_OK);
	while (rst_member_next(txn, &record, attr, true, &cursor, values[n],
	                       &len) == RST_OK)
		assert_true(++n < VALUES_MAX);
	qsort(values, n, sizeof(values[0]), compare);
	len = 0;
	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ",
		                        values[i]);
	return text;
}

/* What another server's change leaves: memberUid, then member. */
static void
check_listed(struct world *w, uint64_t group, const struct rst_member_op *ops,
             size_t n, const char *names, const char *dns)
{
	assert_int_equal(
		rst_member_apply_listed(&w->txn, group, ops, n, NULL, NULL),
		RST_OK);
	assert_string_equal(view(&w->txn.r, group, RST_A_MEMBERUID), names);
	assert_string_equal(view(&w->txn.r, group, RST_A_MEMBER), dns);
}

/*
 * A server that replicates takes another's lists as they are: a name that came
 * without its DN is not the entry of that name, which may be about to go.
 */
static void
a_name_without_its_dn_in_another_list_is_of_nobody(void **state)
{
	const struct rst_member_op both[] = {
		op(RST_MEMBER_ADD, RST_A_MEMBERUID, "alice"),
		op(RST_MEMBER_ADD, RST_A_MEMBERUID, "bob"),
		op(RST_MEMBER_ADD, RST_A_MEMBER, "uid=bob" PEOPLE),
	};
	const struct rst_member_op dn[] = {
		op(RST_MEMBER_DROP, RST_A_MEMBER, "uid=bob" PEOPLE),
		op(RST_MEMBER_ADD, RST_A_MEMBER, "uid=alice" PEOPLE),
		op(RST_MEMBER_CLEAR, RST_A_MEMBER, ""),
	};
	const struct rst_member_op swap[] = {
		op(RST_MEMBER_CLEAR, RST_A_MEMBERUID, ""),
		op(RST_MEMBER_ADD, RST_A_MEMBERUID, "bob"),
		op(RST_MEMBER_CLEAR, RST_A_MEMBER, ""),
		op(RST_MEMBER_ADD, RST_A_MEMBER, "uid=bob" PEOPLE),
	};
	struct world w;
	uint64_t g;

	fixture_write(*state, &w.txn);
	w.ids = fixture_skeleton(&w.txn);
	add(&w.txn, w.ids.people, "alice");
	add(&w.txn, w.ids.people, "bob");
	g = fixture_add(&w.txn, w.ids.groups, "cn=g", "objectClass",
	                "posixGroup", "objectClass", "rosterGroup", "cn", "g",
	                "gidNumber", "2002", NULL);
	check_listed(&w, g, both, 3, "alice bob ", "uid=bob" PEOPLE " ");
	check_listed(&w, g, &dn[0], 1, "alice bob ", "");
	check_listed(&w, g, &dn[1], 1, "alice bob ", "uid=alice" PEOPLE " ");
	check_listed(&w, g, &dn[2], 1, "alice bob ", "");
	check_listed(&w, g, swap, 4, "bob ", "uid=bob" PEOPLE " ");
	/* names replaced, and a DN that stays */
	check_listed(&w, g, swap, 2, "bob ", "uid=bob" PEOPLE " ");
	rst_write_abort(&w.txn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(
			a_name_without_its_dn_in_another_list_is_of_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
