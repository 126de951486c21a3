/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_member_count.c - what is kept of a group's members is what a walk counts
 *
 * After each of some thousand random changes, within its transaction and after
 * it; with members that end, groups of which nothing is kept, and repairs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/check.h"
#include "store/member_priv.h"
#include "tests/unit/fixture.h"

#define PEOPLE 40
#define GROUPS 3
#define STEPS  4000
#define MANY   1000 /* members of one group */
#define ENDS   4    /* moments */
#define END_S  INT64_C(1798761600)

static unsigned int
pick(unsigned int n)
{
	static unsigned int seed = 11;

	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

struct world {
	struct fixture *fixture;
	struct rst_wtxn txn;
	struct fixture_ids ids;
	uint64_t people[PEOPLE], groups[GROUPS]; /* 0: not there */
	bool roster[GROUPS];
	uint64_t from_kept; /* answers */
};

/* ------------------------------------------------------------- comparing */

/* Rows of group that have not ended by now_s (0: all). */
static uint64_t
walked(const struct rst_rtxn *txn, uint64_t group, int64_t now_s)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	struct rst_mrow row;
	uint64_t n = 0;
	enum rst_err err;

	assert_int_equal(rst_cursor_open(txn, RST_T_MEMBER, &cursor), RST_OK);
	err = rst_cursor_seek(&cursor, RST_VIEW(""), &key, &value);
	while (err == RST_OK) {
		assert_int_equal(rst_mrow_decode(key, value, &row), RST_OK);
		n += row.group == group &&
		     (now_s == 0 || row.until_s == 0 || row.until_s > now_s);
		err = rst_cursor_next(&cursor, &key, &value);
	}
	rst_cursor_close(&cursor);
	return n;
}

static void
same_counts(struct world *w, struct rst_rtxn *txn, int step)
{
	static const int64_t nows[] = { 0, END_S - 1, END_S, END_S + 2,
		                        END_S + ENDS };
	const int64_t now_s = txn->now_s;
	uint64_t kept;

	for (int g = 0; g < GROUPS; g++) {
		if (w->groups[g] == 0)
			continue;
		for (size_t i = 0; i < sizeof(nows) / sizeof(nows[0]); i++) {
			uint64_t want = walked(txn, w->groups[g], nows[i]);
			uint64_t got;

			txn->now_s = nows[i];
			got = rst_member_count(txn, w->groups[g]);
			if (got != want)
				fail_msg("step %d, group %d: %ju, not %ju",
				         step, g, (uintmax_t)got,
				         (uintmax_t)want);
			assert_int_equal(fixture_lives(txn, w->groups[g]),
			                 want > 0);
		}
		assert_int_equal(rst_mcount_kept(txn, w->groups[g], &kept),
		                 RST_OK);
		w->from_kept += kept > 0;
	}
	txn->now_s = now_s;
}

/* Of a transaction that is over, the row itself. */
static void
same_rows(struct world *w, int step)
{
	struct rst_rtxn txn;
	uint64_t kept, n;

	fixture_read(w->fixture, &txn);
	same_counts(w, &txn, step);
	for (int g = 0; g < GROUPS; g++) {
		n = walked(&txn, w->groups[g], 0);
		assert_int_equal(rst_mcount_kept(&txn, w->groups[g], &kept),
		                 RST_OK);
		if (kept != 0 && (kept != n || n <= RST_MCOUNT_SMALL))
			fail_msg("step %d, group %d: %ju kept of %ju", step, g,
			         (uintmax_t)kept, (uintmax_t)n);
	}
	rst_read_end(&txn);
}

static void
hear(void *arg, const struct rst_check_finding *finding)
{
	(void)arg;
	fail_msg("%s: %s", finding->invariant, finding->text);
}

static void
nothing_is_found(struct fixture *fixture)
{
	const struct rst_check_options options = { .max_findings = 1,
		                                   .finding = hear };
	uint64_t n = 0;

	assert_int_equal(rst_check(fixture->env, &options, &n), RST_OK);
	assert_int_equal(n, 0);
}

/* -------------------------------------------------------------- changing */

static uint64_t
add_person(struct rst_wtxn *txn, uint64_t parent, int i)
{
	char rdn[32];

	(void)snprintf(rdn, sizeof(rdn), "uid=p%d", i);
	return fixture_add(txn, parent, rdn, "objectClass", "posixAccount",
	                   "uid", rdn + 4, "gidNumber",
	                   i % 5 == 0 ? "2000" : "1999", NULL);
}

static void
add_group(struct world *w, int g)
{
	char rdn[32];

	(void)snprintf(rdn, sizeof(rdn), "cn=g%d", g);
	w->roster[g] = g > 0;
	w->groups[g] =
		fixture_add(&w->txn, w->ids.groups, rdn, "objectClass",
	                    w->roster[g] ? "rosterGroup" : "groupOfNames", "cn",
	                    rdn + 3, "gidNumber", "2000", NULL);
}

/* The same entry with other values of one attribute. */
static void
set(struct world *w, uint64_t id, uint16_t attr, const struct rst_view *values,
    size_t n)
{
	struct rst_entry *entry = NULL;
	struct rst_record record;

	assert_int_equal(rst_record_get(&w->txn.r, id, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &entry), RST_OK);
	assert_int_equal(rst_entry_set(entry, attr, values, n), RST_OK);
	assert_int_equal(rst_entry_store_put(&w->txn, entry), RST_OK);
	rst_entry_free(entry);
}

/* Some members of g end, all others do not. */
static void
set_ends(struct world *w, int g)
{
	char text[5][96];
	struct rst_view values[5];
	size_t n = pick(6);

	for (size_t i = 0; i < n; i++) {
		(void)snprintf(text[i], sizeof(text[i]),
		               "2027010100000%uZ uid=p%zu,ou=people,%s",
		               pick(ENDS), i + 5 * pick(PEOPLE / 5),
		               FIXTURE_SUFFIX);
		values[i] = rst_view_of(text[i]);
	}
	set(w, w->groups[g], RST_A_ROSTERMEMBERUNTIL, values, n);
}

static void
set_class(struct world *w, int g)
{
	const struct rst_view value = w->roster[g] ? RST_VIEW("groupOfNames")
	                                           : RST_VIEW("rosterGroup");

	w->roster[g] = !w->roster[g];
	set(w, w->groups[g], RST_A_OBJECTCLASS, &value, 1);
}

/* A value by its attribute, of somebody who may not be there. */
static void
apply(struct world *w, int g, int person)
{
	struct rst_member_op op = { pick(2) ? RST_MEMBER_ADD : RST_MEMBER_DROP,
		                    RST_A_MEMBER, RST_VIEW(""), RST_VIEW("") };
	char text[96];
	enum rst_err err;

	(void)snprintf(text, sizeof(text), "uid=p%d,ou=people,%s", person,
	               FIXTURE_SUFFIX);
	if (pick(2)) {
		op.attr = RST_A_MEMBERUID;
		*strchr(text, ',') = '\0';
		memmove(text, text + 4, strlen(text + 4) + 1);
	}
	op.value = op.nvalue = rst_view_of(text);
	err = rst_member_apply(&w->txn, w->groups[g], &op, 1, NULL,
	                       &(size_t){ 0 });
	assert_true(err == RST_OK || err == RST_EEXISTS ||
	            err == RST_ENOTFOUND);
}

static void
come_or_go(struct world *w, int person)
{
	uint64_t *id = &w->people[person];

	if (*id == 0) {
		*id = add_person(&w->txn, w->ids.people, person);
		return;
	}
	assert_int_equal(rst_entry_store_drop(&w->txn, *id), RST_OK);
	*id = 0;
}

static void
join_or_leave(struct world *w, int g, int person)
{
	enum rst_err err;

	if (w->people[person] == 0 || !w->roster[g])
		return;
	err = rst_member_join(&w->txn, w->groups[g], w->people[person], NULL);
	if (err == RST_EEXISTS && pick(3) == 0)
		err = rst_member_leave(&w->txn, w->groups[g], w->people[person],
		                       NULL);
	assert_true(err == RST_OK || err == RST_EEXISTS);
}

static void
change(struct world *w)
{
	const struct rst_view number = RST_VIEW("1999");
	int g = (int)pick(GROUPS), person = (int)pick(PEOPLE);

	if (w->groups[g] == 0) {
		add_group(w, g);
		return;
	}
	switch (pick(40)) {
	case 0:
		if (pick(8) > 0)
			return;
		assert_int_equal(rst_entry_store_drop(&w->txn, w->groups[g]),
		                 RST_OK);
		w->groups[g] = 0;
		return;
	case 1:
		if (pick(4) == 0)
			set_class(w, g);
		return;
	case 2: /* as a Roster of before left it */
		assert_int_equal(rst_mcount_forget(&w->txn, w->groups[g]),
		                 RST_OK);
		return;
	case 3:
	case 4:
		set_ends(w, g);
		return;
	case 5:
		if (w->people[person] != 0)
			set(w, w->people[person], RST_A_GIDNUMBER, &number, 1);
		return;
	case 6:
	case 7:
		come_or_go(w, person);
		return;
	case 8:
	case 9:
	case 10:
	case 11:
	case 12:
	case 13:
		apply(w, g, person);
		return;
	default:
		join_or_leave(w, g, person);
	}
}

/* What was made in the transaction did not happen. */
static void
take_back(struct world *w, struct world *before)
{
	rst_write_abort(&w->txn);
	before->from_kept = w->from_kept;
	*w = *before;
}

static void
it_is_what_a_walk_counts(void **state)
{
	const struct rst_check_options quiet = { 0 };
	struct world w = { .fixture = *state }, before;
	uint64_t changed = 0;

	fixture_write(w.fixture, &w.txn);
	w.ids = fixture_skeleton(&w.txn);
	before = w;
	for (int i = 0; i < STEPS; i++) {
		change(&w);
		same_counts(&w, &w.txn.r, i);
		if (i > 0 && pick(4) > 0)
			continue;
		if (i > 0 && pick(6) == 0) {
			take_back(&w, &before);
		} else {
			fixture_commit(&w.txn);
			same_rows(&w, i);
		}
		if (pick(40) == 0) {
			nothing_is_found(w.fixture);
			assert_int_equal(rst_check_repair(w.fixture->env,
			                                  &quiet, &changed),
			                 RST_OK);
			assert_int_equal(changed, 0);
		}
		before = w;
		fixture_write(w.fixture, &w.txn);
		/* who has ended is there, and may come again */
		w.txn.r.now_s = pick(3) == 0 ? END_S + 1 : 0;
	}
	rst_write_abort(&w.txn);
	assert_true(w.from_kept > STEPS);
}

/* A group with MANY members; its id. */
static uint64_t
add_many(struct rst_wtxn *txn, uint64_t people, uint64_t groups)
{
	uint64_t group = fixture_add(txn, groups, "cn=many", "objectClass",
	                             "rosterGroup", "cn", "many", NULL);

	for (int i = 0; i < MANY; i++)
		assert_int_equal(rst_member_join(txn, group,
		                                 add_person(txn, people, i),
		                                 NULL),
		                 RST_OK);
	return group;
}

static void
row_name(uint64_t group, char name[48])
{
	(void)snprintf(name, 48, RST_MCOUNT_MEMBERS "%016jx", (uintmax_t)group);
}

static void
a_large_group_is_not_walked(void **state)
{
	struct rst_wtxn txn;
	struct fixture_ids ids;
	char name[48];
	uint64_t group;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	group = add_many(&txn, ids.people, ids.groups);
	fixture_commit(&txn);
	fixture_write(*state, &txn);
	assert_int_equal(rst_member_count(&txn.r, group), MANY);
	row_name(group, name);
	/* who walked would not believe it */
	assert_int_equal(rst_meta_set_number(&txn, name, 4711), RST_OK);
	assert_int_equal(rst_member_count(&txn.r, group), 4711);
	rst_write_abort(&txn);
}

/* A group of MANY whose count is not known. */
static void
one_more_joins(struct rst_wtxn *txn, uint64_t group, uint64_t people)
{
	assert_int_equal(rst_member_count(&txn->r, group), MANY);
	assert_int_equal(rst_member_join(txn, group,
	                                 add_person(txn, people, MANY), NULL),
	                 RST_OK);
}

static void
has_kept_one_more(struct fixture *fixture, uint64_t group)
{
	struct rst_wtxn txn;
	uint64_t kept = 0;

	fixture_write(fixture, &txn);
	assert_int_equal(rst_mcount_kept(&txn.r, group, &kept), RST_OK);
	assert_int_equal(kept, MANY + 1);
	rst_write_abort(&txn);
	nothing_is_found(fixture);
}

static void
of_an_environment_of_before_it_is_kept_with_the_next_change(void **state)
{
	struct rst_wtxn txn;
	struct fixture_ids ids;
	uint64_t group, kept = 1;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	group = add_many(&txn, ids.people, ids.groups);
	fixture_commit(&txn);
	fixture_write(*state, &txn);
	assert_int_equal(rst_mcount_forget(&txn, group), RST_OK);
	fixture_commit(&txn);
	fixture_write(*state, &txn);
	one_more_joins(&txn, group, ids.people);
	assert_int_equal(rst_mcount_kept(&txn.r, group, &kept), RST_OK);
	assert_int_equal(kept, 0);
	fixture_commit(&txn);
	has_kept_one_more(*state, group);
}

/* It is no reason to refuse a change, and the next one keeps it anew. */
static void
what_does_not_add_up_is_counted_anew(void **state)
{
	struct rst_wtxn txn;
	struct fixture_ids ids;
	char name[48];
	uint64_t group;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	group = add_many(&txn, ids.people, ids.groups);
	fixture_commit(&txn);
	fixture_write(*state, &txn);
	row_name(group, name);
	assert_int_equal(rst_db_put(&txn, RST_T_META, rst_view_of(name),
	                            RST_VIEW("rubbish of sixte"), true),
	                 RST_OK);
	one_more_joins(&txn, group, ids.people);
	fixture_commit(&txn);
	has_kept_one_more(*state, group);
}

static void
repair_counts_a_large_group_anew(void **state)
{
	const struct rst_check_options quiet = { 0 };
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	struct fixture_ids ids;
	char name[48];
	uint64_t group, kept = 0, changed = 0;

	fixture_write(fixture, &txn);
	ids = fixture_skeleton(&txn);
	group = add_many(&txn, ids.people, ids.groups);
	fixture_commit(&txn);
	fixture_write(fixture, &txn);
	row_name(group, name);
	assert_int_equal(rst_meta_set_number(&txn, name, MANY - 1), RST_OK);
	fixture_commit(&txn);
	assert_int_equal(rst_check_repair(fixture->env, &quiet, &changed),
	                 RST_OK);
	assert_int_equal(changed, 1);
	fixture_write(fixture, &txn);
	assert_int_equal(rst_mcount_kept(&txn.r, group, &kept), RST_OK);
	assert_int_equal(kept, MANY);
	rst_write_abort(&txn);
	nothing_is_found(fixture);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(it_is_what_a_walk_counts),
		FIXTURE_TEST(a_large_group_is_not_walked),
		FIXTURE_TEST(
			of_an_environment_of_before_it_is_kept_with_the_next_change),
		FIXTURE_TEST(what_does_not_add_up_is_counted_anew),
		FIXTURE_TEST(repair_counts_a_large_group_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
