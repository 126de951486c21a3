/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_member.c - the membership relation
 *
 * member-transpose: both tables hold the same rows; compared by sums, and one
 * by one where those differ.
 * member-resolves: rows mean what they should; groups and members exist, each
 * row stands under the via that its group's class and both gidNumbers demand,
 * and nothing is raw that an entry stands for.
 * member-count: what is kept of how many rows a group has, and when they end,
 * is what a walk of them counts.
 */
#include <inttypes.h>

#include "store/check_priv.h"
#include "store/member_priv.h"
#include "store/tree.h"

static enum rst_err
member_row(struct rst_check *check, struct rst_view key, struct rst_view value,
           void *arg)
{
	struct rst_mrow row;
	struct rst_view other;
	char buf[RST_MROW_MAX], until[8];
	size_t len;
	enum rst_err err;

	(void)arg;
	if (rst_mrow_decode(key, value, &row) != RST_OK) {
		rst_check_found(check,
		                "a row of group %" PRIu64 " does not decode",
		                key.len >= 8 ? rst_get_be64(key.ptr) : 0);
		return RST_OK;
	}
	len = rst_mrow_of_key(row.group, row.via, &row.key, buf);
	err = rst_db_get(check->txn, RST_T_MEMBEROF, rst_view(buf, len),
	                 &other);
	if (err == RST_ENOTFOUND) {
		rst_check_found(check,
		                "group %" PRIu64 " has member %" PRIu64
		                ", but the member not the group",
		                row.group, rst_mkey_id(&row.key));
		err = RST_OK;
	} else if (err == RST_OK &&
	           !rst_view_equal(other, rst_mrow_of_value(&row, until))) {
		rst_check_found(check,
		                "member %" PRIu64 " leaves group %" PRIu64
		                " at another time than the group says",
		                rst_mkey_id(&row.key), row.group);
	}
	return err;
}

static enum rst_err
memberof_row(struct rst_check *check, struct rst_view key,
             struct rst_view value, void *arg)
{
	struct rst_mkey member;
	struct rst_view other;
	char buf[RST_MROW_MAX];
	uint64_t group;
	enum rst_via via;
	size_t len;
	enum rst_err err;

	(void)arg;
	if ((value.len != 0 && value.len != 8) ||
	    rst_mrow_of_decode(key, &member, &group, &via) != RST_OK) {
		rst_check_found(check, "a row of memberof does not decode");
		return RST_OK;
	}
	len = rst_mrow_key(group, via, &member, buf);
	err = rst_db_get(check->txn, RST_T_MEMBER, rst_view(buf, len), &other);
	if (err == RST_ENOTFOUND) {
		rst_check_found(check,
		                "member %" PRIu64 " has group %" PRIu64
		                ", but the group not the member",
		                rst_mkey_id(&member), group);
		err = RST_OK;
	}
	return err;
}

/* What memberof must have for a row of member. */
static enum rst_err
transpose_row(struct rst_check *check, struct rst_view key,
              struct rst_view value, void *arg)
{
	struct rst_mrow row;
	char buf[RST_MROW_MAX], until[8];
	size_t len;

	if (rst_mrow_decode(key, value, &row) != RST_OK)
		return RST_ECORRUPT;
	len = rst_mrow_of_key(row.group, row.via, &row.key, buf);
	rst_sum_add(check, rst_view(buf, len), rst_mrow_of_value(&row, until),
	            arg);
	return RST_OK;
}

enum rst_err
rst_check_member_rows(struct rst_check *check)
{
	struct rst_sum due = { 0 }, there = { 0 };
	enum rst_err err;

	err = rst_check_walk(check, RST_T_MEMBER, transpose_row, &due);
	if (err == RST_OK)
		err = rst_check_walk(check, RST_T_MEMBEROF, rst_sum_row,
		                     &there);
	if (err == RST_OK && rst_sum_equal(&due, &there))
		return RST_OK;
	if (err == RST_OK || err == RST_ECORRUPT)
		err = rst_check_walk(check, RST_T_MEMBER, member_row, NULL);
	if (err == RST_OK)
		err = rst_check_walk(check, RST_T_MEMBEROF, memberof_row, NULL);
	return err;
}

/* The row of an entry stands under the right via. */
static enum rst_err
check_entry(struct rst_check *check, const struct rst_mgroup *group,
            const struct rst_mrow *row)
{
	uint64_t id = rst_mkey_id(&row->key);
	struct rst_record record;
	enum rst_err err;

	err = rst_record_read(check->txn, id, false, &record);
	if (err == RST_ECORRUPT)
		return RST_OK; /* record-decodes said so */
	if (err == RST_ENOTFOUND) {
		rst_check_found(check,
		                "group %" PRIu64 " has member %" PRIu64
		                ", which is not there",
		                group->id, id);
		return RST_OK;
	}
	if (err == RST_OK && group->roster &&
	    row->via != rst_member_via_record(group, &record))
		rst_check_found(check,
		                "member %" PRIu64 " of group %" PRIu64
		                " is %sone by its gidNumber",
		                id, group->id,
		                row->via == RST_VIA_PRIMARY ? "not " : "");
	return err;
}

/* Nobody is what a raw DN says. */
static enum rst_err
check_dn(struct rst_check *check, const struct rst_mgroup *group,
         const struct rst_mrow *row)
{
	struct rst_view ndn;
	uint64_t id;
	enum rst_err err;

	if (!rst_mkey_raw(&row->key, &ndn))
		return RST_OK;
	err = rst_tree_find(check->txn, ndn, &id, NULL);
	if (err == RST_OK)
		rst_check_found(check,
		                "group %" PRIu64
		                " has a raw DN that is entry %" PRIu64,
		                group->id, id);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* A raw name in a rosterGroup is nobody's, nor that of a member. */
static enum rst_err
check_name(struct rst_check *check, const struct rst_mgroup *group,
           const struct rst_mrow *row)
{
	struct rst_view name = rst_view(row->text, row->text_len);
	struct rst_mface face;
	struct rst_mkey key;
	uint64_t after = 0;
	enum rst_err err;

	if (!group->roster)
		return RST_OK;
	if (name.len == 0 && !rst_mkey_raw(&row->key, &name)) {
		rst_check_found(check, "a name of group %" PRIu64 " is lost",
		                group->id);
		return RST_OK;
	}
	while ((err = rst_mface_named(check->txn, name, &after, &face)) ==
	       RST_OK) {
		rst_mkey_entry(face.id, &key);
		err = rst_member_related(check->txn, group->id, &key, NULL);
		if (err != RST_OK && err != RST_ENOTFOUND)
			break;
		if (err == RST_OK ||
		    (face.by_name && row->flag != RST_MROW_PAIRED))
			rst_check_found(check,
			                "group %" PRIu64
			                " has a raw name that is entry "
			                "%" PRIu64,
			                group->id, face.id);
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* What row was under the group last seen. */
static enum rst_err
meaning_of_row(struct rst_check *check, struct rst_view key,
               struct rst_view value, void *arg)
{
	struct rst_mgroup *group = arg;
	struct rst_mrow row;
	bool related;
	enum rst_err err = RST_OK;

	if (rst_mrow_decode(key, value, &row) != RST_OK)
		return RST_OK; /* member-transpose said so */
	if (group->id != row.group)
		err = rst_mgroup_get(check->txn, row.group, group);
	if (err == RST_ENOTFOUND) {
		rst_check_found(check,
		                "there are members of group %" PRIu64
		                ", which is not there",
		                row.group);
		return RST_OK;
	}
	if (err != RST_OK)
		return err;
	related = row.via == RST_VIA_ROSTER || row.via == RST_VIA_PRIMARY ||
	          row.via == RST_VIA_GROUP;
	if (related != group->roster ||
	    (row.key.bytes[0] != 'n' && related != (row.key.bytes[0] != 'v')))
		rst_check_found(check,
		                "a row of group %" PRIu64
		                " does not fit its object classes",
		                group->id);
	switch (row.key.bytes[0]) {
	case 'e':
		return check_entry(check, group, &row);
	case 'd':
		return check_dn(check, group, &row);
	case 'v':
		return RST_OK; /* whatever was written */
	default:
		return check_name(check, group, &row);
	}
}

enum rst_err
rst_check_member_means(struct rst_check *check)
{
	struct rst_mgroup group = { 0 };

	return rst_check_walk(check, RST_T_MEMBER, meaning_of_row, &group);
}

/* The rows of one group, as a walk finds them. */
struct counted {
	uint64_t n;
	struct rst_sum ends; /* of the moments at which some end */
};

static void
add_end(const struct rst_check *check, int64_t until_s, struct rst_sum *ends)
{
	char moment[8];

	rst_put_be64(moment, (uint64_t)until_s);
	rst_sum_add(check, rst_view(moment, sizeof(moment)), RST_VIEW(""),
	            ends);
}

static enum rst_err
count_row(struct rst_check *check, struct rst_view key, struct rst_view value,
          void *arg)
{
	struct counted *counted = arg;
	int64_t until_s = rst_mrow_until(value);

	(void)key;
	counted->n++;
	if (until_s != 0)
		add_end(check, until_s, &counted->ends);
	return RST_OK;
}

/* The sum of the ends that are kept of a group of n rows. */
static enum rst_err
kept_ends(const struct rst_check *check, uint64_t group, uint64_t n,
          struct rst_sum *ends)
{
	int64_t until_s = 0;
	uint64_t these = 0;
	enum rst_err err;

	while ((err = rst_mcount_next_end(check->txn, group, &until_s,
	                                  &these)) == RST_OK) {
		if (these > n || until_s <= 0 || until_s == INT64_MAX)
			return RST_ECORRUPT; /* and not added n times */
		for (uint64_t i = 0; i < these; i++)
			add_end(check, until_s, ends);
		until_s++;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

enum rst_err
rst_check_count_is_right(struct rst_check *check, uint64_t group,
                         bool *ret_right)
{
	const uint64_t done = check->done, total = check->total;
	struct counted counted = { 0 };
	struct rst_sum ends = { 0 };
	uint64_t kept = 0;
	char prefix[8];
	enum rst_err err;

	rst_put_be64(prefix, group);
	err = rst_mcount_kept(check->txn, group, &kept);
	if (err == RST_OK && kept > 0)
		err = rst_check_walk_prefix(check, RST_T_MEMBER,
		                            rst_view(prefix, sizeof(prefix)),
		                            count_row, &counted);
	if (err == RST_OK)
		err = kept_ends(check, group, counted.n, &ends);
	*ret_right = err == RST_OK && kept == counted.n &&
	             rst_sum_equal(&ends, &counted.ends);
	check->done = done; /* of the walk that asks */
	check->total = total;
	return err == RST_ECORRUPT ? RST_OK : err;
}

bool
rst_check_counts(const struct rst_check *check, struct rst_view key,
                 uint64_t *ret_group)
{
	uint64_t kept = 0;

	if (!rst_mcount_group(key, ret_group))
		return false;
	/* the ends of a group together with the number of its rows */
	return rst_view_starts(key, RST_VIEW(RST_MCOUNT_MEMBERS)) ||
	       (rst_mcount_kept(check->txn, *ret_group, &kept) == RST_OK &&
	        kept == 0);
}

static enum rst_err
kept_row(struct rst_check *check, struct rst_view key, struct rst_view value,
         void *arg)
{
	uint64_t group;
	bool right = true;
	enum rst_err err = RST_OK;

	(void)value;
	(void)arg;
	if (rst_check_counts(check, key, &group))
		err = rst_check_count_is_right(check, group, &right);
	if (err == RST_OK && !right)
		rst_check_found(check,
		                "group %" PRIu64 " has not as many members, "
		                "or other ends of them, than is kept",
		                group);
	return err;
}

enum rst_err
rst_check_member_counts(struct rst_check *check)
{
	return rst_check_walk(check, RST_T_META, kept_row, NULL);
}
