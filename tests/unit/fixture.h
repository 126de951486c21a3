/* SPDX-License-Identifier: OLDAP-2.8 */
/* fixture.h - an empty environment in a fresh directory, and ways to fill it */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/entry.h"

struct fixture {
	char dir[128]; /* removed with all it holds at the end */
	struct rst_env *env;
};

#define FIXTURE_MAP_BYTES (UINT64_C(64) << 20)
#define FIXTURE_SUFFIX    "dc=example,dc=org"

/* A directory and an environment in it; *state is its struct fixture. */
int fixture_setup(void **state);
/* The same, without the environment. */
int fixture_setup_dir(void **state);
int fixture_teardown(void **state);
#define FIXTURE_TEST(name)                                                     \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define FIXTURE_DIR_TEST(name)                                                 \
	cmocka_unit_test_setup_teardown(name, fixture_setup_dir,               \
	                                fixture_teardown)

/* Open (making it) the environment in the fixture's directory. */
void fixture_open(struct fixture *fixture, uint64_t map_bytes);

/* Each fails the test on any error. */
void fixture_read(struct fixture *fixture, struct rst_rtxn *ret_txn);
void fixture_write(struct fixture *fixture, struct rst_wtxn *ret_txn);
void fixture_commit(struct rst_wtxn *txn);

/*
 * An entry under parent with rdn "uid=alice" (also its normal form, in lower
 * case) and values given as pairs of attribute and value, ended by NULL:
 *
 *	fixture_entry(&txn, people, "uid=alice", "objectClass", "rosterAccount",
 *	              "uid", "alice", NULL)
 *
 * The attribute of the RDN is one of them or not, as the test likes.
 * fixture_add() stores it too and answers its id.
 */
struct rst_entry *fixture_entry(struct rst_wtxn *txn, uint64_t parent,
                                const char *rdn, ...) __attribute__((sentinel));
uint64_t fixture_add(struct rst_wtxn *txn, uint64_t parent, const char *rdn,
                     ...) __attribute__((sentinel));

/* An entry with one attribute of one value; its id. */
uint64_t fixture_add_one(struct rst_wtxn *txn, uint16_t attr,
                         struct rst_view value);
/* How many entries the index of attr has for value, FIXTURE_MANY at most; their
 * ids. */
#define FIXTURE_MANY 64
size_t fixture_equal(const struct rst_rtxn *txn, uint16_t attr,
                     struct rst_view value, uint64_t ret_ids[FIXTURE_MANY]);

/* The setting "suffix" and the suffix entry, with ou=people and ou=groups
 * below it. */
struct fixture_ids {
	uint64_t suffix, people, groups;
};
struct fixture_ids fixture_skeleton(struct rst_wtxn *txn);

/* The rows of a table; enum rst_table of store/env_priv.h. */
uint64_t fixture_rows(const struct rst_rtxn *txn, int table);

/* The questions of store/member.h that must be answered. */
bool fixture_is_member(const struct rst_rtxn *txn, uint64_t group,
                       uint64_t member);
bool fixture_has_value(const struct rst_rtxn *txn,
                       const struct rst_record *group, uint16_t attr,
                       struct rst_view nvalue);
bool fixture_lives(const struct rst_rtxn *txn, uint64_t group);

/* Wait until ready(arg) is true; fail the test after ten seconds. */
void fixture_wait(bool (*ready)(void *arg), void *arg);

#endif
