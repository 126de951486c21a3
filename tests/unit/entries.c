/* SPDX-License-Identifier: OLDAP-2.8 */
/* entries.c - entries to be, for the tests of the gate */
#include "tests/unit/entries.h"

#include <string.h>

#include "lifecycle/place.h"

const struct set a_person[] = {
	{ RST_A_OBJECTCLASS, "top" },
	{ RST_A_OBJECTCLASS, "inetOrgPerson" },
	{ RST_A_OBJECTCLASS, "posixAccount" },
	{ RST_A_OBJECTCLASS, "rosterAccount" },
	{ RST_A_CN, "Ada Lovelace" },
	{ RST_A_SN, "Lovelace" },
	{ 0, NULL },
};

const struct set a_posix_account[] = {
	{ RST_A_OBJECTCLASS, "account" },
	{ RST_A_OBJECTCLASS, "posixAccount" },
	{ RST_A_CN, "Ada Lovelace" },
	{ 0, NULL },
};

const struct set a_group[] = {
	{ RST_A_OBJECTCLASS, "top" },
	{ RST_A_OBJECTCLASS, "groupOfMembers" },
	{ RST_A_OBJECTCLASS, "posixGroup" },
	{ RST_A_OBJECTCLASS, "rosterGroup" },
	{ 0, NULL },
};

const struct set a_posix_group[] = {
	{ RST_A_OBJECTCLASS, "groupOfNames" },
	{ RST_A_OBJECTCLASS, "posixGroup" },
	{ 0, NULL },
};

const struct set a_tombstone[] = {
	{ RST_A_OBJECTCLASS, "top" },
	{ RST_A_OBJECTCLASS, "rosterTombstone" },
	{ RST_A_ROSTERFORMERKIND, "person" },
	{ 0, NULL },
};

const struct set a_service[] = {
	{ RST_A_OBJECTCLASS, "organizationalRole" },
	{ RST_A_OBJECTCLASS, "simpleSecurityObject" },
	{ 0, NULL },
};

static void
put(struct rst_entry *entry, const struct set *sets)
{
	for (size_t i = 0; sets[i].attr != 0; i++) {
		bool again = i > 0 && sets[i - 1].attr == sets[i].attr;
		enum rst_err err;

		if (sets[i].value == NULL)
			err = rst_entry_set(entry, sets[i].attr, NULL, 0);
		else if (again)
			err = rst_entry_add(entry, sets[i].attr,
			                    rst_view_of(sets[i].value));
		else
			err = rst_entry_set_one(entry, sets[i].attr,
			                        rst_view_of(sets[i].value));
		assert_int_equal(err, RST_OK);
	}
}

enum rst_err
entries_add(struct life *life, const char *place, const char *rdn,
            const struct set *base, const struct set *sets, unsigned int flags,
            uint64_t *ret_id)
{
	struct gate_change change = {
		.verb = GATE_ADD,
		.flags = flags,
		.act = RST_VIEW("test"),
	};
	const struct set naming[] = {
		{ rdn[0] == 'u' ? RST_A_UID : RST_A_CN, strchr(rdn, '=') + 1 },
		{ 0, NULL },
	};
	struct rst_wtxn txn;
	uint64_t parent;
	enum rst_err err;

	fixture_write(life->fixture, &txn);
	assert_int_equal(lifecycle_place(&txn.r, place, &parent), RST_OK);
	assert_int_equal(rst_entry_new(&change.after), RST_OK);
	assert_int_equal(rst_entry_place(change.after, parent, rst_view_of(rdn),
	                                 rst_view_of(rdn)),
	                 RST_OK);
	put(change.after, base);
	put(change.after, naming);
	put(change.after, sets);
	err = gate_apply(&txn, &life->ctx, &change, &life->refusal, NULL);
	if (err == RST_OK && ret_id != NULL)
		*ret_id = rst_entry_id(change.after);
	rst_entry_free(change.after);
	if (err == RST_OK)
		fixture_commit(&txn);
	rst_write_abort(&txn);
	return err;
}
