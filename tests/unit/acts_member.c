/* SPDX-License-Identifier: OLDAP-2.8 */
/* acts_member.c - reading who is in which group */
#include <stdlib.h>

#include "store/member_priv.h"
#include "tests/unit/stage.h"

#define ALICE "uid=alice,ou=people," FIXTURE_SUFFIX

static enum rst_err
group_of(struct stage *stage, uint64_t id, struct rst_record *ret_record)
{
	return rst_record_get(stage->txn, id, ret_record);
}

/* All values of attr, one by one, and of each its normal form. */
static enum rst_err
walk(struct stage *stage, uint64_t id, uint16_t attr, bool hidden)
{
	static struct rst_member_cursor walked;
	struct rst_member_cursor *cursor = &walked;
	struct rst_record group;
	char buf[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	memset(cursor, 0, sizeof(*cursor));
	err = group_of(stage, id, &group);
	for (int i = 0; err == RST_OK && i < 40; i++) {
		err = rst_member_next(stage->txn, &group, attr, hidden, cursor,
		                      buf, &len);
		if (err != RST_OK)
			break;
		tell(stage, buf, len);
		if (attr == RST_A_MEMBERUID)
			continue;
		err = rst_member_normal(stage->txn, cursor, buf, &len);
		if (err == RST_OK)
			tell(stage, buf, len);
		err = err == RST_ENOTFOUND ? RST_OK : err;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
walks_members(struct stage *stage)
{
	enum rst_err err = walk(stage, stage->group, RST_A_MEMBER, true);

	return err == RST_OK ? walk(stage, stage->other, RST_A_MEMBER, false)
	                     : err;
}

static enum rst_err
walks_names(struct stage *stage)
{
	enum rst_err err = walk(stage, stage->group, RST_A_MEMBERUID, true);

	return err == RST_OK ? walk(stage, stage->names, RST_A_MEMBERUID, false)
	                     : err;
}

static enum rst_err
each_item(void *arg, const struct rst_member_item *item)
{
	struct stage *stage = arg;

	tell_view(stage, item->name);
	tell_view(stage, item->above);
	tell_view(stage, item->nname);
	tell_view(stage, item->nabove);
	return RST_OK;
}

static enum rst_err
list(struct stage *stage, uint64_t id, uint16_t attr)
{
	struct rst_record group;
	enum rst_err err = group_of(stage, id, &group);

	return err == RST_OK ? rst_member_list(stage->txn, &group, attr, true,
	                                       false, true, each_item, stage)
	                     : err;
}

static enum rst_err
lists_members(struct stage *stage)
{
	enum rst_err err = list(stage, stage->group, RST_A_MEMBER);

	if (err == RST_OK)
		err = list(stage, stage->other, RST_A_MEMBER);
	if (err == RST_OK)
		err = list(stage, stage->unique, RST_A_UNIQUEMEMBER);
	return err == RST_OK ? list(stage, stage->group, RST_A_UNIQUEMEMBER)
	                     : err;
}

static enum rst_err
lists_names(struct stage *stage)
{
	enum rst_err err = list(stage, stage->group, RST_A_MEMBERUID);

	return err == RST_OK ? list(stage, stage->names, RST_A_MEMBERUID) : err;
}

static enum rst_err
refuse_item(void *arg, const struct rst_member_item *item)
{
	(void)item;
	tell((struct stage *)arg, "x", 1);
	return RST_EDENIED;
}

static enum rst_err
stops_listing(struct stage *stage)
{
	struct rst_record group;
	enum rst_err err = group_of(stage, stage->group, &group);

	if (err == RST_OK)
		err = rst_member_list(stage->txn, &group, RST_A_MEMBER, true,
		                      false, false, refuse_item, stage);
	if (err == RST_EDENIED)
		err = rst_member_list(stage->txn, &group, RST_A_MEMBERUID, true,
		                      false, false, refuse_item, stage);
	return err;
}

static enum rst_err
gets_one_value(struct stage *stage)
{
	static struct rst_member_cursor cursor;
	const uint64_t ids[] = { stage->group, stage->other };
	struct rst_record group;
	char buf[RST_DN_MAX];
	size_t len;
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && i < 2; i++) {
		err = group_of(stage, ids[i], &group);
		if (err == RST_OK)
			err = rst_member_value(stage->txn, &group, RST_A_MEMBER,
			                       RST_VIEW(ALICE), &cursor, buf,
			                       &len);
		if (err == RST_OK)
			tell(stage, buf, len);
	}
	return err;
}

static enum rst_err
walks_ids(struct stage *stage)
{
	static struct rst_member_cursor cursor;
	const uint64_t ids[] = { stage->group, stage->other };
	uint64_t member = 0;
	enum rst_err err = RST_ENOTFOUND;

	for (size_t i = 0; err == RST_ENOTFOUND && i < 2; i++) {
		memset(&cursor, 0, sizeof(cursor));
		for (int n = 0; n < 40; n++) {
			err = rst_member_next_id(stage->txn, ids[i], &cursor,
			                         &member);
			if (err != RST_OK)
				break;
			tell_number(stage, member);
		}
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
walks_after(struct stage *stage)
{
	uint64_t member = 0;
	enum rst_err err = RST_OK;

	for (int i = 0; err == RST_OK && i < 9; i++) {
		err = rst_member_after(stage->txn, stage->group, member,
		                       &member);
		tell_number(stage, member);
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
finds_groups(struct stage *stage)
{
	uint64_t ids[8];
	size_t n = 0;
	enum rst_err err;

	err = rst_member_groups_with(stage->txn, RST_A_MEMBER, RST_VIEW(ALICE),
	                             0, ids, 8, &n);
	tell(stage, ids, n * sizeof(*ids));
	if (err == RST_OK)
		err = rst_member_groups_with(stage->txn, RST_A_MEMBERUID,
		                             RST_VIEW("carol"), 0, ids, 8, &n);
	if (err == RST_OK)
		tell(stage, ids, n * sizeof(*ids));
	if (err == RST_OK)
		err = rst_member_groups_with(stage->txn, RST_A_MEMBERUID,
		                             RST_VIEW("N\xc3\x96"
		                                      "BODY"),
		                             0, ids, 1, &n);
	if (err == RST_OK)
		tell(stage, ids, n * sizeof(*ids));
	return err;
}

static enum rst_err
is_member_of(struct stage *stage)
{
	uint64_t ids[8];
	size_t n = 0;
	enum rst_err err;

	err = rst_member_of(stage->txn, stage->alice, 0, ids, 8, &n);
	tell(stage, ids, n * sizeof(*ids));
	if (err == RST_OK)
		err = rst_member_of_all(stage->txn, stage->carol, 0, ids, 8,
		                        &n);
	if (err == RST_OK)
		tell(stage, ids, n * sizeof(*ids));
	return err;
}

static enum rst_err
knows_groups_around(struct stage *stage)
{
	struct rst_ids ids = { 0 };
	unsigned int depth = 0;
	enum rst_err err;

	err = rst_member_above(stage->txn, stage->nested, &ids, &depth);
	tell_number(stage, ids.n + depth);
	if (err == RST_OK)
		err = rst_member_below(stage->txn, stage->group, &ids, &depth);
	if (err == RST_OK)
		tell_number(stage, ids.n + depth);
	rst_ids_release(&ids);
	return err;
}

static enum rst_err
is_in(struct stage *stage, uint64_t group, uint64_t member)
{
	bool is;
	enum rst_err err = rst_member_is(stage->txn, group, member, &is);

	if (err == RST_OK)
		tell_number(stage, is);
	return err;
}

static enum rst_err
leaves_at(struct stage *stage, uint64_t group, uint64_t member)
{
	int64_t until_s;
	enum rst_err err =
		rst_member_until(stage->txn, group, member, &until_s);

	if (err == RST_OK)
		tell_number(stage, (uint64_t)until_s);
	return err;
}

static enum rst_err
has_values(struct stage *stage, const struct rst_record *group, uint16_t attr)
{
	bool carol, alice;
	enum rst_err err;

	err = rst_member_has(stage->txn, group, attr, RST_VIEW("carol"),
	                     &carol);
	if (err == RST_OK)
		err = rst_member_has(stage->txn, group, attr, RST_VIEW(ALICE),
		                     &alice);
	if (err != RST_OK)
		return err;
	tell_number(stage, carol);
	tell_number(stage, alice);
	tell_number(stage, rst_member_any(stage->txn, group, attr));
	return RST_OK;
}

/* Questions that are answered yes or no. */
static enum rst_err
is_in_groups(struct stage *stage)
{
	const uint64_t ids[] = { stage->group, stage->other, stage->unique,
		                 stage->names, stage->timed, stage->mute };
	const uint16_t attrs[] = { RST_A_MEMBER, RST_A_MEMBERUID,
		                   RST_A_UNIQUEMEMBER };
	struct rst_record group;
	bool within, shows;
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && i < sizeof(ids) / sizeof(*ids);
	     i++) {
		err = group_of(stage, ids[i], &group);
		if (err != RST_OK)
			break;
		for (size_t j = 0; err == RST_OK && j < 3; j++)
			err = has_values(stage, &group, attrs[j]);
		tell_number(stage, rst_member_any(stage->txn, &group, 0));
		tell_number(stage, rst_member_rows(stage->txn, ids[i]));
		tell_number(stage, rst_member_count(stage->txn, ids[i]));
		if (err == RST_OK)
			err = is_in(stage, ids[i], stage->alice);
		if (err == RST_OK)
			err = rst_member_within(stage->txn, ids[i],
			                        stage->carol, &within);
		if (err == RST_OK)
			tell_number(stage, within);
		if (err == RST_OK)
			err = leaves_at(stage, ids[i], stage->bob);
	}
	if (err == RST_OK)
		err = rst_member_shows_primary(stage->txn, &shows);
	if (err == RST_OK)
		tell_number(stage, shows);
	return err;
}

static enum rst_err
reads_ends_anew(struct stage *stage)
{
	char buf[RST_UNTIL_VALUE];
	struct rst_view value;
	enum rst_err err;

	err = rst_until_renamed(
		stage->txn,
		RST_VIEW("20370101000000Z uid=gone,ou=former," FIXTURE_SUFFIX),
		RST_VIEW("uid=gone,ou=former," FIXTURE_SUFFIX),
		RST_VIEW("uid=bob,ou=people," FIXTURE_SUFFIX), buf, &value);
	if (err == RST_OK)
		tell_view(stage, value);
	return err;
}

/* Bob's membership of the timed group is over. */
static enum rst_err
reads_after_the_end(struct stage *stage)
{
	enum rst_err err;

	stage->r.now_s = STAGE_NOW_S * 2;
	err = walk(stage, stage->timed, RST_A_MEMBER, true);
	if (err == RST_OK)
		err = list(stage, stage->timed, RST_A_MEMBERUID);
	if (err == RST_OK)
		err = is_member_of(stage);
	tell_number(stage, rst_member_count(stage->txn, stage->timed));
	if (err == RST_OK)
		err = is_in(stage, stage->timed, stage->bob);
	return err == RST_OK ? leaves_at(stage, stage->timed, stage->bob) : err;
}

/* Twice, in a transaction that keeps what it found. */
static enum rst_err
remembers_names(struct stage *stage)
{
	enum rst_err err = RST_OK;

	(void)!rst_read_remember(&stage->r);
	(void)!rst_read_remember(&stage->r);
	for (int i = 0; err == RST_OK && i < 2; i++) {
		err = walk(stage, stage->group, RST_A_MEMBERUID, true);
		if (err == RST_OK)
			err = finds_groups(stage);
		if (err == RST_OK)
			err = walk(stage, stage->group, RST_A_MEMBER, true);
		rst_read_reset(&stage->r);
		if (err == RST_OK)
			err = rst_read_renew(&stage->r);
	}
	return err;
}

/* What slapcat does: groups in groups do not count. */
static enum rst_err
reads_what_is_kept(struct stage *stage)
{
	enum rst_err err;

	tell_number(stage, rst_read_as_kept(&stage->r, true));
	err = walk(stage, stage->group, RST_A_MEMBERUID, true);
	return err == RST_OK ? finds_groups(stage) : err;
}

const struct act member_acts[] = {
	ACT(walks_members, ACT_READ),
	ACT(walks_names, ACT_READ),
	ACT(lists_members, ACT_READ),
	ACT(lists_names, ACT_READ),
	ACT(stops_listing, ACT_READ, .wanted = RST_EDENIED),
	ACT(gets_one_value, ACT_READ),
	ACT(walks_ids, ACT_READ),
	ACT(walks_after, ACT_READ),
	ACT(finds_groups, ACT_READ),
	ACT(is_member_of, ACT_READ),
	ACT(knows_groups_around, ACT_READ),
	ACT(is_in_groups, ACT_READ, .mild = true),
	ACT(reads_ends_anew, ACT_READ),
	ACT(reads_after_the_end, ACT_READ, .mild = true),
	ACT(remembers_names, ACT_READ),
	ACT(reads_what_is_kept, ACT_READ),
	LAST_ACT,
};
