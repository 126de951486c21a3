/* SPDX-License-Identifier: OLDAP-2.8 */
/* acts_change.c - writing: entries, attributes, indexes, numbers, members */
#include <stdio.h>
#include <stdlib.h>

#include "store/ident.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/member_priv.h"
#include "store/tree.h"
#include "tests/unit/stage.h"

/* What a group's or a person's change brings about. */
static void
tell_deltas(struct stage *stage, struct rst_member_deltas *deltas)
{
	for (size_t i = 0; i < deltas->n; i++) {
		const struct rst_member_delta *delta = &deltas->items[i];

		tell_number(stage, delta->group + delta->added + delta->via);
		tell(stage, delta->key, delta->key_len);
		tell(stage, delta->text != NULL ? delta->text : "",
		     delta->text_len);
	}
	rst_member_deltas_release(deltas);
}

/* Pairs of attribute and value; NULL ends them. */
struct pair {
	const char *name, *value;
};

static enum rst_err
fill(struct stage *stage, struct rst_entry *entry, const struct pair *pairs)
{
	uint16_t id;
	enum rst_err err = RST_OK;

	for (; err == RST_OK && pairs->name != NULL; pairs++) {
		err = rst_attr_intern(&stage->w, rst_view_of(pairs->name),
		                      RST_MATCH_IGNORE, &id);
		if (err == RST_OK)
			err = rst_entry_add(entry, id,
			                    rst_view_of(pairs->value));
	}
	return err;
}

static enum rst_err
add(struct stage *stage, uint64_t parent, const char *rdn,
    const struct pair *pairs, uint64_t *ret_id)
{
	struct rst_member_deltas deltas = { 0 };
	struct rst_entry *entry = NULL;
	enum rst_err err;

	stage->w.followed = &deltas;
	err = rst_entry_new(&entry);
	if (err == RST_OK)
		err = rst_entry_place(entry, parent, rst_view_of(rdn),
		                      rst_view_of(rdn));
	if (err == RST_OK)
		err = fill(stage, entry, pairs);
	if (err == RST_OK)
		err = rst_entry_store_add(&stage->w, entry);
	if (err == RST_OK)
		*ret_id = rst_entry_id(entry);
	rst_entry_free(entry);
	stage->w.followed = NULL;
	tell_deltas(stage, &deltas);
	return err;
}

/* Change entry id: every attribute named gets its values. */
static enum rst_err
change(struct stage *stage, uint64_t id, uint64_t parent, const char *rdn,
       const struct pair *pairs)
{
	struct rst_member_deltas deltas = { 0 };
	struct rst_entry *entry = NULL;
	struct rst_record record;
	uint16_t attr;
	enum rst_err err;

	stage->w.followed = &deltas;
	err = rst_record_get(&stage->w.r, id, &record);
	if (err == RST_OK)
		err = rst_entry_from_record(&record, &entry);
	if (err == RST_OK && rdn != NULL)
		err = rst_entry_place(entry, parent, rst_view_of(rdn),
		                      rst_view_of(rdn));
	for (const struct pair *p = pairs; err == RST_OK && p->name; p++) {
		err = rst_attr_intern(&stage->w, rst_view_of(p->name),
		                      RST_MATCH_IGNORE, &attr);
		if (err == RST_OK)
			err = rst_entry_set(entry, attr, NULL, 0);
	}
	if (err == RST_OK)
		err = fill(stage, entry, pairs);
	if (err == RST_OK)
		err = rst_entry_store_put(&stage->w, entry);
	rst_entry_free(entry);
	stage->w.followed = NULL;
	tell_deltas(stage, &deltas);
	return err;
}

static const struct pair none[] = { { NULL, NULL } };

static enum rst_err
adds_a_person(struct stage *stage)
{
	static const struct pair pairs[] = {
		{ "objectClass", "rosterAccount" },
		{ "uid", "ghost" },
		{ "uidNumber", "10005" },
		{ "gidNumber", "2001" },
		{ "mail", "ghost@example.org" },
		{ "x-ours", "valuable" },
		{ "x-new", "of a new attribute" },
		{ "sshPublicKey", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 b" },
		{ "rosterStatus", "pending" },
		{ NULL, NULL },
	};
	uint64_t id = 0;
	enum rst_err err =
		add(stage, stage->ids.people, "uid=ghost", pairs, &id);

	tell_number(stage, id);
	return err;
}

/* A raw DN of the group becomes an entry, whose uid another one has. */
static enum rst_err
adds_who_was_awaited(struct stage *stage)
{
	static const struct pair domain[] = { { "dc", "x" }, { NULL, NULL } };
	static const struct pair people[] = { { "ou", "people" },
		                              { NULL, NULL } };
	static const struct pair gone[] = { { "objectClass", "account" },
		                            { "uid", "gone" },
		                            { NULL, NULL } };
	uint64_t top = 0, id = 0;
	enum rst_err err = add(stage, 0, "dc=x", domain, &top);

	if (err == RST_OK)
		err = add(stage, top, "ou=people", people, &id);
	if (err == RST_OK)
		err = add(stage, id, "uid=gone", gone, &id);
	return err;
}

static enum rst_err
adds_where_somebody_is(struct stage *stage)
{
	uint64_t id;

	return add(stage, stage->ids.people, "uid=bob", none, &id);
}

static enum rst_err
changes_a_person(struct stage *stage)
{
	static const struct pair pairs[] = {
		{ "uid", "alys" },
		{ "gidNumber", "2003" },
		{ "mail", "alys@example.org" },
		{ "x-ours", "another" },
		{ NULL, NULL },
	};

	return change(stage, stage->alice, stage->ids.people, "uid=alys",
	              pairs);
}

static enum rst_err
moves_a_subtree(struct stage *stage)
{
	return change(stage, stage->ids.people, stage->ids.suffix, "ou=former",
	              none);
}

static enum rst_err
drops_a_person(struct stage *stage)
{
	return rst_entry_store_drop(&stage->w, stage->alice);
}

static enum rst_err
drops_a_group(struct stage *stage)
{
	return rst_entry_store_drop(&stage->w, stage->group);
}

static enum rst_err
drops_a_parent(struct stage *stage)
{
	return rst_entry_store_drop(&stage->w, stage->ids.people);
}

static enum rst_err
makes_a_group_plain(struct stage *stage)
{
	static const struct pair pairs[] = { { "objectClass", "groupOfNames" },
		                             { NULL, NULL } };

	return change(stage, stage->group, 0, NULL, pairs);
}

static enum rst_err
makes_a_group_ours(struct stage *stage)
{
	static const struct pair pairs[] = { { "objectClass", "rosterGroup" },
		                             { "gidNumber", "2002" },
		                             { NULL, NULL } };
	const uint64_t ids[] = { stage->other, stage->unique, stage->names };
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && i < 3; i++)
		err = change(stage, ids[i], 0, NULL, pairs);
	return err;
}

static enum rst_err
renumbers_a_group(struct stage *stage)
{
	static const struct pair pairs[] = { { "gidNumber", "2002" },
		                             { NULL, NULL } };

	return change(stage, stage->group, 0, NULL, pairs);
}

static enum rst_err
changes_an_end(struct stage *stage)
{
	static const struct pair pairs[] = {
		{ "rosterMemberUntil",
		  "20380101000000Z uid=bob,ou=people," FIXTURE_SUFFIX },
		{ "rosterMemberUntil",
		  "20380101000000Z uid=alice,ou=people," FIXTURE_SUFFIX },
		{ NULL, NULL },
	};

	return change(stage, stage->timed, 0, NULL, pairs);
}

static enum rst_err
takes_an_end_away(struct stage *stage)
{
	static const struct pair pairs[] = { { "rosterMemberUntil", "none" },
		                             { NULL, NULL } };

	return change(stage, stage->timed, 0, NULL, pairs);
}

/* ------------------------------------------------------------- members */

#define OP(verb, attr, text)                                                   \
	{                                                                      \
		RST_MEMBER_##verb, RST_A_##attr, RST_VIEW(text),               \
			RST_VIEW(text)                                         \
	}
#define PEOPLE ",ou=people," FIXTURE_SUFFIX

static enum rst_err
apply(struct stage *stage, uint64_t group, const struct rst_member_op *ops,
      size_t n, bool listed)
{
	struct rst_member_deltas deltas = { 0 };
	size_t at = 0;
	enum rst_err err;

	err = listed ? rst_member_apply_listed(&stage->w, group, ops, n,
	                                       &deltas, &at)
	             : rst_member_apply(&stage->w, group, ops, n, &deltas, &at);
	tell_deltas(stage, &deltas);
	return err;
}

static enum rst_err
applies_to_ours(struct stage *stage)
{
	static const struct rst_member_op ops[] = {
		OP(ADD, MEMBER, "uid=carol" PEOPLE),
		OP(ADD, MEMBERUID, "newcomer"),
		OP(ADD, MEMBERUID, "carol"),
		OP(DROP, MEMBERUID, "bob"),
		OP(DROP, MEMBER, "uid=gone,ou=people,dc=x"),
		OP(ENSURE, MEMBER, "uid=alice" PEOPLE),
		OP(ENSURE_NOT, MEMBERUID, "nobody"),
		OP(ENSURE, MEMBER, "uid=unheard,dc=x"),
	};

	return apply(stage, stage->group, ops, sizeof(ops) / sizeof(*ops),
	             false);
}

static enum rst_err
applies_what_is_listed(struct stage *stage)
{
	static const struct rst_member_op ops[] = {
		OP(ADD, MEMBER, "uid=carol" PEOPLE),
		OP(ADD, MEMBERUID, "carol"),
		OP(DROP, MEMBER, "uid=bob" PEOPLE),
		OP(ADD, MEMBERUID, "alone"),
	};

	return apply(stage, stage->group, ops, sizeof(ops) / sizeof(*ops),
	             true);
}

static enum rst_err
clears_groups(struct stage *stage)
{
	static const struct rst_member_op clear[] = { OP(CLEAR, MEMBER, "") };
	static const struct rst_member_op uids[] = { OP(CLEAR, MEMBERUID, "") };
	enum rst_err err = apply(stage, stage->group, clear, 1, false);

	if (err == RST_OK)
		err = apply(stage, stage->other, clear, 1, false);
	if (err == RST_OK)
		err = apply(stage, stage->names, uids, 1, false);
	if (err == RST_OK)
		err = apply(stage, stage->nested, uids, 1, false);
	return err;
}

static enum rst_err
applies_to_others(struct stage *stage)
{
	static const struct rst_member_op ops[] = {
		OP(ADD, MEMBER, "uid=carol" PEOPLE),
		OP(DROP, MEMBER, "uid=alice" PEOPLE),
		OP(ENSURE, MEMBER, "uid=bob" PEOPLE),
	};

	return apply(stage, stage->other, ops, 3, false);
}

static enum rst_err
adds_who_is_there(struct stage *stage)
{
	static const struct rst_member_op ops[] = { OP(ADD, MEMBER,
		                                       "uid=bob" PEOPLE) };

	return apply(stage, stage->group, ops, 1, false);
}

static enum rst_err
drops_who_is_not(struct stage *stage)
{
	static const struct rst_member_op ops[] = { OP(DROP, MEMBERUID,
		                                       "stranger") };

	return apply(stage, stage->group, ops, 1, false);
}

static enum rst_err
joins_and_leaves(struct stage *stage)
{
	struct rst_member_deltas deltas = { 0 };
	enum rst_err err;

	err = rst_member_join(&stage->w, stage->group, stage->carol, &deltas);
	if (err == RST_OK)
		err = rst_member_leave(&stage->w, stage->group, stage->alice,
		                       &deltas);
	if (err == RST_OK)
		err = rst_member_leave(&stage->w, stage->group, stage->nested,
		                       &deltas);
	if (err == RST_OK)
		err = rst_member_join(&stage->w, stage->timed, stage->alice,
		                      &deltas);
	tell_deltas(stage, &deltas);
	return err;
}

/* ------------------------------------------------- indexes and numbers */

/* A group of more rows than are walked gets one member, who ends, and loses
 * another one. */
static enum rst_err
keeps_how_many_there_are(struct stage *stage)
{
	const char until[8] = { 0, 0, 0, 0, 0x7f };
	struct rst_mkey key;
	uint64_t n = 0;
	enum rst_err err = RST_OK;

	for (uint64_t i = 0; err == RST_OK && i <= RST_MCOUNT_SMALL; i++) {
		rst_mkey_entry(1000 + i, &key);
		err = rst_mrow_put(&stage->w, stage->mute, RST_VIA_ROSTER, &key,
		                   RST_MROW_PLAIN, RST_VIEW(""), NULL);
	}
	if (err == RST_OK)
		err = rst_mcount_settle(&stage->w);
	if (err == RST_OK) /* the last one ends */
		err = rst_mrow_put(&stage->w, stage->mute, RST_VIA_ROSTER, &key,
		                   RST_MROW_UNTIL,
		                   rst_view(until, sizeof(until)), NULL);
	rst_mkey_name(RST_VIEW("mute"), &key);
	if (err == RST_OK)
		err = rst_mrow_put(&stage->w, stage->mute, RST_VIA_ROSTER, &key,
		                   RST_MROW_PLAIN, RST_VIEW(""), NULL);
	if (err == RST_OK)
		err = rst_mcount_settle(&stage->w);
	if (err == RST_OK)
		err = rst_mcount_kept(&stage->w.r, stage->mute, &n);
	tell_number(stage, n);
	if (err == RST_OK)
		err = rst_mrow_drop(&stage->w, stage->mute, RST_VIA_ROSTER,
		                    &key, NULL);
	if (err == RST_OK)
		err = rst_mcount_settle(&stage->w);
	return err;
}

static enum rst_err
asks_for_an_index(struct stage *stage)
{
	enum rst_err err =
		rst_index_add(&stage->w, RST_A_DESCRIPTION, RST_INDEX_EQUAL);

	return err == RST_OK ? rst_index_remove(&stage->w, RST_VIEW("x-ours"),
	                                        RST_INDEX_EQUAL)
	                     : err;
}

static enum rst_err
works_on_indexes(struct stage *stage)
{
	bool more = true;
	enum rst_err err = asks_for_an_index(stage);

	for (int i = 0; err == RST_OK && more && i < 20; i++)
		err = rst_index_work(&stage->w, 10, &more);
	return err;
}

static enum rst_err
refreshes_an_index(struct stage *stage)
{
	unsigned int n = 0;
	enum rst_err err;

	err = rst_index_refresh(&stage->w, stage->alice, &n);
	tell_number(stage, n);
	return err;
}

static enum rst_err
gathers_rows(struct stage *stage)
{
	static const struct pair pairs[] = {
		{ "objectClass", "rosterAccount" },
		{ "uid", "new" },
		{ "cn", "Somebody New" },
		{ "x-ours", "valuable" },
		{ NULL, NULL },
	};
	uint64_t id, ids[4];
	size_t n = 0;
	char rdn[16];
	enum rst_err err = rst_index_gather(&stage->w);

	for (int i = 0; err == RST_OK && i < 3; i++) {
		snprintf(rdn, sizeof(rdn), "uid=new%d", i);
		err = add(stage, stage->ids.people, rdn, pairs, &id);
	}
	if (err == RST_OK)
		err = rst_index_equal(&stage->w.r, RST_A_CN,
		                      RST_VIEW("somebody new"), 0, ids, 4, &n);
	tell_number(stage, n);
	return err;
}

static enum rst_err
gives_out_numbers(struct stage *stage)
{
	uint32_t number = 0;
	enum rst_err err;

	err = rst_ident_allocate(&stage->w, RST_IDENT_UIDNUMBER, 10000, 10010,
	                         &number);
	tell_number(stage, number);
	if (err == RST_OK)
		err = rst_ident_allocate(&stage->w, RST_IDENT_UIDNUMBER, 10000,
		                         10001, &number);
	return err;
}

static enum rst_err
sets_settings(struct stage *stage)
{
	enum rst_err err =
		rst_setting_put(&stage->w, "lifecycle", RST_VIEW(""));

	if (err == RST_OK)
		err = rst_setting_put(&stage->w, "server-id", RST_VIEW("1"));
	return err;
}

static enum rst_err
makes_csns(struct stage *stage)
{
	char csn[RST_CSN_MAX];
	enum rst_err err;

	err = rst_csn_seen(
		&stage->w,
		RST_VIEW("20301122023733.000000Z#000000#002#000000"));
	for (int i = 0; err == RST_OK && i < 2; i++) {
		err = rst_csn_next(&stage->w, STAGE_NOW_S, 5, 1, csn);
		if (err == RST_OK)
			tell_view(stage, rst_view_of(csn));
	}
	return err;
}

const struct act change_acts[] = {
	ACT(adds_a_person, ACT_WRITE),
	ACT(adds_who_was_awaited, ACT_WRITE),
	ACT(adds_where_somebody_is, ACT_WRITE, .wanted = RST_EEXISTS),
	ACT(changes_a_person, ACT_WRITE),
	ACT(moves_a_subtree, ACT_WRITE),
	ACT(drops_a_person, ACT_WRITE),
	ACT(drops_a_group, ACT_WRITE),
	ACT(drops_a_parent, ACT_WRITE, .wanted = RST_ESTATE),
	ACT(makes_a_group_plain, ACT_WRITE),
	ACT(makes_a_group_ours, ACT_WRITE),
	ACT(renumbers_a_group, ACT_WRITE),
	ACT(changes_an_end, ACT_WRITE),
	ACT(takes_an_end_away, ACT_WRITE),
	ACT(applies_to_ours, ACT_WRITE),
	ACT(applies_what_is_listed, ACT_WRITE),
	ACT(clears_groups, ACT_WRITE),
	ACT(applies_to_others, ACT_WRITE),
	ACT(adds_who_is_there, ACT_WRITE, .wanted = RST_EEXISTS),
	ACT(drops_who_is_not, ACT_WRITE, .wanted = RST_ENOTFOUND),
	ACT(joins_and_leaves, ACT_WRITE),
	ACT(keeps_how_many_there_are, ACT_WRITE),
	ACT(asks_for_an_index, ACT_WRITE),
	ACT(works_on_indexes, ACT_WRITE),
	ACT(refreshes_an_index, ACT_WRITE),
	ACT(gathers_rows, ACT_WRITE),
	ACT(gives_out_numbers, ACT_WRITE, .wanted = RST_EFULL),
	ACT(sets_settings, ACT_WRITE),
	ACT(makes_csns, ACT_WRITE),
	LAST_ACT,
};
