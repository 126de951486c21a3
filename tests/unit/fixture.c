/* SPDX-License-Identifier: OLDAP-2.8 */
/* fixture.c - an empty environment in a fresh directory, and ways to fill it */
#include "tests/unit/fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/env_priv.h"
#include "store/index.h"
#include "store/member.h"

#define WAIT_STEPS 10000 /* of a millisecond */

int
fixture_setup_dir(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (fixture == NULL)
		return -1;
	snprintf(fixture->dir, sizeof(fixture->dir), "%s/roster-unit.XXXXXX",
	         tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(fixture->dir) == NULL) {
		free(fixture);
		return -1;
	}
	*state = fixture;
	return 0;
}

void
fixture_open(struct fixture *fixture, uint64_t map_bytes)
{
	struct rst_env_options options = { .map_bytes = map_bytes,
		                           .create = true };
	struct rst_detail detail = { "" };

	if (rst_env_open(fixture->dir, &options, &fixture->env, &detail) !=
	    RST_OK)
		fail_msg("%s: %s", fixture->dir, detail.text);
}

int
fixture_setup(void **state)
{
	if (fixture_setup_dir(state) != 0)
		return -1;
	fixture_open(*state, FIXTURE_MAP_BYTES);
	return 0;
}

int
fixture_teardown(void **state)
{
	struct fixture *fixture = *state;
	struct dirent *entry;
	char path[512];
	DIR *dir;

	rst_env_close(fixture->env);
	dir = opendir(fixture->dir);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", fixture->dir,
		         entry->d_name);
		(void)unlink(path); /* "." and ".." refuse */
	}
	if (dir != NULL)
		closedir(dir);
	(void)rmdir(fixture->dir);
	free(fixture);
	return 0;
}

void
fixture_read(struct fixture *fixture, struct rst_rtxn *ret_txn)
{
	assert_int_equal(rst_read_begin(fixture->env, ret_txn), RST_OK);
}

void
fixture_write(struct fixture *fixture, struct rst_wtxn *ret_txn)
{
	assert_int_equal(
		rst_write_begin(fixture->env, RST_WRITE_ORDINARY, ret_txn),
		RST_OK);
}

void
fixture_commit(struct rst_wtxn *txn)
{
	assert_int_equal(rst_write_commit(txn), RST_OK);
}

static void
lower_copy(const char *from, char *to, size_t size)
{
	size_t i;

	for (i = 0; from[i] != '\0' && i + 1 < size; i++)
		to[i] = from[i] >= 'A' && from[i] <= 'Z'
		                ? (char)(from[i] + ('a' - 'A'))
		                : from[i];
	to[i] = '\0';
}

static struct rst_entry *
entry_from(struct rst_wtxn *txn, uint64_t parent, const char *rdn, va_list args)
{
	struct rst_entry *entry;
	char nrdn[RST_RDN_MAX + 1];
	const char *name, *value;
	uint16_t id;

	lower_copy(rdn, nrdn, sizeof(nrdn));
	assert_int_equal(rst_entry_new(&entry), RST_OK);
	assert_int_equal(rst_entry_place(entry, parent, rst_view_of(rdn),
	                                 rst_view_of(nrdn)),
	                 RST_OK);
	while ((name = va_arg(args, const char *)) != NULL) {
		value = va_arg(args, const char *);
		assert_int_equal(rst_attr_intern(txn, rst_view_of(name),
		                                 RST_MATCH_IGNORE, &id),
		                 RST_OK);
		assert_int_equal(rst_entry_add(entry, id, rst_view_of(value)),
		                 RST_OK);
	}
	return entry;
}

struct rst_entry *
fixture_entry(struct rst_wtxn *txn, uint64_t parent, const char *rdn, ...)
{
	struct rst_entry *entry;
	va_list args;

	va_start(args, rdn);
	entry = entry_from(txn, parent, rdn, args);
	va_end(args);
	return entry;
}

uint64_t
fixture_add(struct rst_wtxn *txn, uint64_t parent, const char *rdn, ...)
{
	struct rst_entry *entry;
	va_list args;
	uint64_t id;

	va_start(args, rdn);
	entry = entry_from(txn, parent, rdn, args);
	va_end(args);
	assert_int_equal(rst_entry_store_add(txn, entry), RST_OK);
	id = rst_entry_id(entry);
	rst_entry_free(entry);
	return id;
}

uint64_t
fixture_add_one(struct rst_wtxn *txn, uint16_t attr, struct rst_view value)
{
	static unsigned int n;
	struct rst_entry *entry;
	char rdn[32];
	uint64_t id;

	snprintf(rdn, sizeof(rdn), "ou=n%u", n++);
	assert_int_equal(rst_entry_new(&entry), RST_OK);
	assert_int_equal(
		rst_entry_place(entry, 0, rst_view_of(rdn), rst_view_of(rdn)),
		RST_OK);
	assert_int_equal(rst_entry_set_one(entry, attr, value), RST_OK);
	assert_int_equal(rst_entry_store_add(txn, entry), RST_OK);
	id = rst_entry_id(entry);
	rst_entry_free(entry);
	return id;
}

size_t
fixture_equal(const struct rst_rtxn *txn, uint16_t attr, struct rst_view value,
              uint64_t ret_ids[FIXTURE_MANY])
{
	size_t n = 99;

	assert_int_equal(
		rst_index_equal(txn, attr, value, 0, ret_ids, FIXTURE_MANY, &n),
		RST_OK);
	return n;
}

struct fixture_ids
fixture_skeleton(struct rst_wtxn *txn)
{
	struct fixture_ids ids;

	assert_int_equal(
		rst_setting_put(txn, "suffix", RST_VIEW(FIXTURE_SUFFIX)),
		RST_OK);
	ids.suffix = fixture_add(txn, 0, FIXTURE_SUFFIX, "objectClass",
	                         "domain", "dc", "example", NULL);
	ids.people = fixture_add(txn, ids.suffix, "ou=people", "objectClass",
	                         "organizationalUnit", "ou", "people", NULL);
	ids.groups = fixture_add(txn, ids.suffix, "ou=groups", "objectClass",
	                         "organizationalUnit", "ou", "groups", NULL);
	return ids;
}

uint64_t
fixture_rows(const struct rst_rtxn *txn, int table)
{
	MDB_stat stat;

	assert_int_equal(mdb_stat(rst_txn(txn), txn->env->dbi[table], &stat),
	                 0);
	return stat.ms_entries;
}

void
fixture_wait(bool (*ready)(void *arg), void *arg)
{
	const struct timespec step = { .tv_nsec = 1000000 };

	for (int i = 0; i < WAIT_STEPS; i++) {
		if (ready(arg))
			return;
		nanosleep(&step, NULL);
	}
	fail_msg("it did not come about within ten seconds");
}

bool
fixture_is_member(const struct rst_rtxn *txn, uint64_t group, uint64_t member)
{
	bool is;

	assert_int_equal(rst_member_is(txn, group, member, &is), RST_OK);
	return is;
}

bool
fixture_has_value(const struct rst_rtxn *txn, const struct rst_record *group,
                  uint16_t attr, struct rst_view nvalue)
{
	bool has;

	assert_int_equal(rst_member_has(txn, group, attr, nvalue, &has),
	                 RST_OK);
	return has;
}

bool
fixture_lives(const struct rst_rtxn *txn, uint64_t group)
{
	bool lives;

	assert_int_equal(rst_member_lives(txn, group, &lives), RST_OK);
	return lives;
}
