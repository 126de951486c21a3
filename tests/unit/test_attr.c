/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_attr.c - attribute numbers of store/attr.h */
#include "tests/unit/fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "store/env_priv.h"

static uint16_t
intern(struct rst_wtxn *txn, const char *name)
{
	uint16_t id = 0;

	assert_int_equal(
		rst_attr_intern(txn, rst_view_of(name), RST_MATCH_IGNORE, &id),
		RST_OK);
	return id;
}

static enum rst_err
find(struct fixture *fixture, const char *name, uint16_t *ret_id)
{
	struct rst_rtxn txn;
	enum rst_err err;

	fixture_read(fixture, &txn);
	err = rst_attr_find(&txn, rst_view_of(name), ret_id);
	rst_read_end(&txn);
	return err;
}

/* Forget what this process has seen, as a new one would. */
static void
reopen(struct fixture *fixture)
{
	rst_env_close(fixture->env);
	fixture_open(fixture, FIXTURE_MAP_BYTES);
}

static void
compiled_in_attributes_have_their_numbers(void **state)
{
	static const struct {
		const char *name;
		uint16_t id;
		enum rst_match match;
	} row[] = {
#define ROW(id, name, match) { name, RST_A_##id, match },
		RST_ATTRS(ROW)
#undef ROW
	};
	struct fixture *fixture = *state;
	struct rst_rtxn txn;
	enum rst_match match;
	const char *name;
	uint16_t id;

	/* part of the disk format */
	assert_int_equal(RST_A_OBJECTCLASS, 1);
	assert_int_equal(RST_A_UID, 10);
	assert_int_equal(RST_A_ROSTERVALUE, 52);
	fixture_read(fixture, &txn);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_int_equal(
			rst_attr_find(&txn, rst_view_of(row[i].name), &id),
			RST_OK);
		assert_int_equal(id, row[i].id);
		assert_int_equal(rst_attr_name(&txn, id, &name, &match),
		                 RST_OK);
		assert_string_equal(name, row[i].name);
		assert_int_equal(match, row[i].match);
	}
	assert_int_equal(rst_attr_find(&txn, RST_VIEW("USERpassword"), &id),
	                 RST_OK);
	assert_int_equal(id, RST_A_USERPASSWORD);
	assert_int_equal(rst_attr_name(&txn, 0, &name, &match), RST_ECORRUPT);
	assert_int_equal(rst_attr_name(&txn, RST_A_BUILTIN_END, &name, &match),
	                 RST_ECORRUPT);
	assert_int_equal(rst_attr_name(&txn, RST_A_DYNAMIC, &name, &match),
	                 RST_ECORRUPT);
	rst_read_end(&txn);
}

static void
new_names_get_numbers_in_order_and_keep_them(void **state)
{
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	enum rst_match match;
	const char *name;
	uint16_t id = 0;

	fixture_write(fixture, &txn);
	assert_int_equal(rst_attr_find(&txn.r, RST_VIEW("roomNumber"), &id),
	                 RST_ENOTFOUND);
	assert_int_equal(intern(&txn, "roomNumber"), RST_A_DYNAMIC);
	assert_int_equal(intern(&txn, "cn;lang-de"), RST_A_DYNAMIC + 1);
	assert_int_equal(intern(&txn, "ROOMNUMBER"), RST_A_DYNAMIC);
	assert_int_equal(intern(&txn, "UID"), RST_A_UID);
	assert_int_equal(
		rst_attr_intern(&txn, RST_VIEW("when"), RST_MATCH_TIME, &id),
		RST_OK);
	assert_int_equal(rst_attr_name(&txn.r, id, &name, &match), RST_OK);
	assert_string_equal(name, "when");
	fixture_commit(&txn);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(find(fixture, "roomnumber", &id), RST_OK);
		assert_int_equal(id, RST_A_DYNAMIC);
		assert_int_equal(find(fixture, "WHEN", &id), RST_OK);
		fixture_read(fixture, &txn.r);
		assert_int_equal(rst_attr_name(&txn.r, id, &name, &match),
		                 RST_OK);
		assert_string_equal(name, "when");
		assert_int_equal(match, RST_MATCH_TIME);
		rst_read_end(&txn.r);
		reopen(fixture);
	}
	fixture_write(fixture, &txn);
	assert_int_equal(intern(&txn, "another"), RST_A_DYNAMIC + 3);
	rst_write_abort(&txn);
}

static void
a_number_of_an_aborted_write_goes_to_the_next(void **state)
{
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	enum rst_match match;
	const char *name;
	uint16_t id = 0;

	fixture_write(fixture, &txn);
	assert_int_equal(intern(&txn, "first"), RST_A_DYNAMIC);
	/* looking on in the table does not take it for a committed one */
	assert_int_equal(rst_attr_find(&txn.r, RST_VIEW("x"), &id),
	                 RST_ENOTFOUND);
	/* nobody else sees it before the commit */
	assert_int_equal(find(fixture, "first", &id), RST_ENOTFOUND);
	rst_write_abort(&txn);
	assert_int_equal(find(fixture, "first", &id), RST_ENOTFOUND);

	fixture_write(fixture, &txn);
	assert_int_equal(rst_attr_find(&txn.r, RST_VIEW("first"), &id),
	                 RST_ENOTFOUND);
	assert_int_equal(intern(&txn, "second"), RST_A_DYNAMIC);
	fixture_commit(&txn);
	assert_int_equal(find(fixture, "first", &id), RST_ENOTFOUND);
	assert_int_equal(find(fixture, "second", &id), RST_OK);
	assert_int_equal(id, RST_A_DYNAMIC);
	fixture_read(fixture, &txn.r);
	assert_int_equal(rst_attr_name(&txn.r, RST_A_DYNAMIC, &name, &match),
	                 RST_OK);
	assert_string_equal(name, "second");
	rst_read_end(&txn.r);
}

static void
names_past_their_limits_are_refused(void **state)
{
	struct fixture *fixture = *state;
	char name[RST_ATTR_NAME_MAX + 1];
	struct rst_wtxn txn;
	uint16_t id;

	memset(name, 'n', sizeof(name));
	fixture_write(fixture, &txn);
	assert_int_equal(rst_attr_intern(&txn, rst_view(name, sizeof(name)),
	                                 RST_MATCH_EXACT, &id),
	                 RST_EINVALID);
	assert_int_equal(rst_attr_intern(&txn,
	                                 rst_view(name, RST_ATTR_NAME_MAX),
	                                 RST_MATCH_EXACT, &id),
	                 RST_OK);
	assert_int_equal(
		rst_attr_intern(&txn, RST_VIEW(""), RST_MATCH_EXACT, &id),
		RST_EINVALID);
	assert_int_equal(
		rst_attr_intern(&txn, RST_VIEW("a\0b"), RST_MATCH_EXACT, &id),
		RST_EINVALID);
	fixture_commit(&txn);
}

static void
the_numbers_come_to_an_end(void **state)
{
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	char name[16];
	uint16_t id = 0;
	enum rst_err err;
	int n = 0;

	fixture_write(fixture, &txn);
	do {
		snprintf(name, sizeof(name), "a%d", n++);
		err = rst_attr_intern(&txn, rst_view_of(name), RST_MATCH_EXACT,
		                      &id);
		if (n % 1000 == 0) {
			fixture_commit(&txn);
			fixture_write(fixture, &txn);
		}
	} while (err == RST_OK);
	assert_int_equal(err, RST_EFULL);
	assert_in_range(n, 64000, 64512);
	rst_write_abort(&txn);
	reopen(fixture);
	assert_int_equal(find(fixture, "a63999", &id), RST_OK);
	assert_int_equal(id, RST_A_DYNAMIC + 63999);
	assert_int_equal(find(fixture, "b", &id), RST_ENOTFOUND);
}

static void
a_row_that_makes_no_sense_is_corrupt(void **state)
{
	static const struct {
		struct rst_view key, value;
	} row[] = {
		{ { "\4\1", 2 }, { "\1name", 5 } }, /* a gap before it */
		{ { "\4\0", 2 }, { "\1", 1 } },
		{ { "\4\0", 2 }, { "\7name", 5 } },
		{ { "\4\0\0", 3 }, { "\1name", 5 } },
	};
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	uint16_t id;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		fixture_write(fixture, &txn);
		assert_int_equal(rst_db_put(&txn, RST_T_ATTRIBUTE, row[i].key,
		                            row[i].value, false),
		                 RST_OK);
		assert_int_equal(rst_attr_find(&txn.r, RST_VIEW("x"), &id),
		                 RST_ECORRUPT);
		rst_write_abort(&txn);
	}
}

#define THREADS 4
#define ROUNDS  200

/* Readers look for names that the main thread is just adding. */
static void *
look_for_names(void *arg)
{
	static char no_read[] = "no read", another[] = "another name";
	struct rst_env *env = arg;
	struct rst_rtxn txn;
	char name[16];
	const char *found;
	enum rst_match match;
	uint16_t id;

	for (int i = 0; i < ROUNDS;) {
		if (rst_read_begin(env, &txn) != RST_OK)
			return no_read;
		snprintf(name, sizeof(name), "t%d", i);
		if (rst_attr_find(&txn, rst_view_of(name), &id) == RST_OK) {
			if (rst_attr_name(&txn, id, &found, &match) != RST_OK ||
			    strcmp(found, name) != 0)
				return another;
			i++;
		}
		rst_read_end(&txn);
	}
	return NULL;
}

static void
threads_agree_on_the_names(void **state)
{
	struct fixture *fixture = *state;
	pthread_t thread[THREADS];
	struct rst_wtxn txn;
	char name[16];
	void *what;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL,
		                                look_for_names, fixture->env),
		                 0);
	for (int i = 0; i < ROUNDS; i++) {
		fixture_write(fixture, &txn);
		(void)intern(&txn, "never-committed");
		rst_write_abort(&txn);
		snprintf(name, sizeof(name), "t%d", i);
		fixture_write(fixture, &txn);
		(void)intern(&txn, name);
		fixture_commit(&txn);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], &what), 0);
		if (what != NULL)
			fail_msg("%s", (const char *)what);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(compiled_in_attributes_have_their_numbers),
		FIXTURE_TEST(new_names_get_numbers_in_order_and_keep_them),
		FIXTURE_TEST(a_number_of_an_aborted_write_goes_to_the_next),
		FIXTURE_TEST(names_past_their_limits_are_refused),
		FIXTURE_TEST(the_numbers_come_to_an_end),
		FIXTURE_TEST(a_row_that_makes_no_sense_is_corrupt),
		FIXTURE_TEST(threads_agree_on_the_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
