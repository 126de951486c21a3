/* SPDX-License-Identifier: OLDAP-2.8 */
/* member_face.c - what groups and members look like to the relation
 *
 * Rows depend on little of an entry: of a group its class and gidNumber, of a
 * member its class, gidNumber and the name that memberUid lists for it.  That
 * is copied out of the record here, since a record dies with the next write.
 * Checksums are left to those who answer with the whole record: a long list
 * would pay for each of its members.
 */
#include "store/member_priv.h"

#include <stdlib.h>

#include "store/index.h"
#include "store/record_priv.h"
#include "store/tree.h"

void
rst_mgroup_of(const struct rst_record *record, struct rst_mgroup *ret)
{
	struct rst_attr untils;

	ret->id = record->id;
	ret->roster = record->kind == RST_KIND_GROUP;
	ret->gid = record->gid_number;
	ret->timed = ret->roster &&
	             rst_record_attr(record, RST_A_ROSTERMEMBERUNTIL, &untils);
}

enum rst_err
rst_mgroup_get(const struct rst_rtxn *txn, uint64_t id,
               struct rst_mgroup *ret_group)
{
	struct rst_record record;
	enum rst_err err;

	err = rst_record_get(txn, id, &record);
	if (err == RST_OK)
		rst_mgroup_of(&record, ret_group);
	return err;
}

struct rst_view
rst_member_uid_rdn(struct rst_view ndn)
{
	struct rst_view none = { NULL, 0 };
	size_t n;

	if (!rst_view_starts(ndn, RST_VIEW("uid=")))
		return none;
	for (n = 4; n < ndn.len && ndn.ptr[n] != ','; n++)
		if (ndn.ptr[n] == '\\' || ndn.ptr[n] == '+')
			return none; /* no plain uid: not worth guessing */
	return rst_view(ndn.ptr + 4, n - 4);
}

/* value, normalised as a uid is, equals normal. */
static bool
uid_equals(struct rst_view value, struct rst_view normal)
{
	char buf[RST_NORMAL_MAX];
	size_t len;

	return normal.ptr != NULL &&
	       rst_normalise(RST_MATCH_IGNORE, value, buf, &len) == RST_OK &&
	       rst_view_equal(rst_view(buf, len), normal);
}

/* Of the values of uid the one in the RDN, else the first. */
static struct rst_view
choose_name(struct rst_attr *uids, struct rst_view nrdn)
{
	struct rst_view first = { NULL, 0 }, value, rdn;

	if (!rst_attr_next(uids, &first) || uids->left == 0)
		return first;
	rdn = rst_member_uid_rdn(nrdn);
	value = first;
	do {
		if (uid_equals(value, rdn))
			return value;
	} while (rst_attr_next(uids, &value));
	return first;
}

struct rst_view
rst_member_name(const struct rst_record *record)
{
	struct rst_view none = { NULL, 0 }, name = none;
	struct rst_attr uids;

	if (rst_record_attr(record, RST_A_UID, &uids))
		name = choose_name(&uids, record->nrdn);
	return name.len > 0 && name.len < RST_DN_MAX ? name : none;
}

static bool
is_account(const struct rst_record *record)
{
	return record->kind == RST_KIND_PERSON ||
	       (record->flags & RST_REC_POSIX_ACCOUNT) != 0;
}

void
rst_mface_of(const struct rst_record *record, struct rst_mface *ret_face)
{
	struct rst_view name = rst_member_name(record);

	ret_face->id = record->id;
	ret_face->account = is_account(record);
	ret_face->group = record->kind == RST_KIND_GROUP;
	ret_face->gid = record->gid_number;
	ret_face->named = name.ptr != NULL;
	ret_face->by_name = false;
	ret_face->name.len = 0;
	if (ret_face->named) {
		rst_mkey_name(name, &ret_face->name);
		ret_face->by_name =
			ret_face->account &&
			uid_equals(name, rst_member_uid_rdn(record->nrdn));
	}
}

enum rst_err
rst_mface_get(const struct rst_rtxn *txn, uint64_t id,
              struct rst_mface *ret_face)
{
	struct rst_record record;
	enum rst_err err;

	err = rst_record_read(txn, id, false, &record);
	if (err == RST_OK)
		rst_mface_of(&record, ret_face);
	return err;
}

static enum rst_err
find_named(const struct rst_rtxn *txn, struct rst_view name, uint64_t *after,
           struct rst_mface *ret_face)
{
	struct rst_mkey key;
	struct rst_mface face;
	uint64_t id;
	size_t n;
	enum rst_err err;

	rst_mkey_name(name, &key);
	for (;;) {
		err = rst_index_equal(txn, RST_A_UID, name, *after, &id, 1, &n);
		if (err != RST_OK)
			return err;
		if (n == 0)
			return RST_ENOTFOUND;
		*after = id;
		err = rst_mface_get(txn, id, &face);
		/* An index row without its record: rst_check() will say */
		if (err == RST_ENOTFOUND)
			continue;
		if (err != RST_OK)
			return err;
		if (face.named && rst_mkey_equal(&face.name, &key)) {
			*ret_face = face;
			return RST_OK;
		}
	}
}

enum rst_err
rst_mface_named(const struct rst_rtxn *txn, struct rst_view name,
                uint64_t *after, struct rst_mface *ret_face)
{
	uint64_t from = *after;
	enum rst_err err;

	if (rst_memo_face(txn, name, after, &err, ret_face))
		return err;
	err = find_named(txn, name, after, ret_face);
	if (err == RST_OK || err == RST_ENOTFOUND)
		rst_memo_faced(txn, name, from, *after,
		               err == RST_OK ? ret_face : NULL);
	return err;
}

enum rst_via
rst_member_via(const struct rst_mgroup *group, const struct rst_mface *face)
{
	if (face->group)
		return RST_VIA_GROUP;
	return face->account && group->gid != RST_NO_NUMBER &&
	                       face->gid == group->gid
	               ? RST_VIA_PRIMARY
	               : RST_VIA_ROSTER;
}

enum rst_via
rst_member_via_record(const struct rst_mgroup *group,
                      const struct rst_record *member)
{
	const struct rst_mface face = {
		.account = is_account(member),
		.group = member->kind == RST_KIND_GROUP,
		.gid = member->gid_number,
	};

	return rst_member_via(group, &face);
}

enum rst_err
rst_member_related(const struct rst_rtxn *txn, uint64_t group,
                   const struct rst_mkey *key, enum rst_via *ret_via)
{
	static const enum rst_via vias[] = { RST_VIA_ROSTER, RST_VIA_PRIMARY,
		                             RST_VIA_GROUP };
	enum rst_err err = RST_ENOTFOUND;

	for (size_t i = 0; err == RST_ENOTFOUND && i < 3; i++) {
		err = rst_mrow_find(txn, group, vias[i], key);
		if (err == RST_OK && ret_via != NULL)
			*ret_via = vias[i];
	}
	return err;
}

bool
rst_member_is_attr(uint16_t attr_id)
{
	return rst_member_via_of(attr_id) != 0;
}

enum rst_via
rst_member_via_of(uint16_t attr)
{
	if (attr == RST_A_MEMBER)
		return RST_VIA_MEMBER;
	if (attr == RST_A_MEMBERUID)
		return RST_VIA_MEMBERUID;
	if (attr == RST_A_UNIQUEMEMBER)
		return RST_VIA_UNIQUEMEMBER;
	return 0;
}

enum rst_err
rst_member_put(struct rst_wtxn *txn, const struct rst_mgroup *group,
               const struct rst_mface *face, struct rst_member_deltas *deltas)
{
	enum rst_err err;

	err = rst_member_put_row(txn, group, rst_member_via(group, face),
	                         face->id, deltas);
	if (err != RST_OK || !face->named)
		return err;
	/* The entry's own name would be listed twice */
	err = rst_mrow_drop(txn, group->id, RST_VIA_ROSTER, &face->name,
	                    deltas);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

enum rst_err
rst_member_dn(const struct rst_rtxn *txn, const struct rst_record *record,
              bool normalised, char buf[RST_DN_MAX], size_t *ret_len)
{
	struct rst_view rdn = normalised ? record->nrdn : record->rdn;
	size_t above = 0;
	enum rst_err err;

	if (rdn.len + 2 > RST_DN_MAX)
		return RST_ECORRUPT;
	memcpy(buf, rdn.ptr, rdn.len);
	buf[rdn.len] = '\0';
	*ret_len = rdn.len;
	if (record->parent == 0)
		return RST_OK;
	buf[rdn.len] = ',';
	err = (normalised ? rst_tree_ndn
	                  : rst_tree_dn)(txn, record->parent, buf + rdn.len + 1,
	                                 RST_DN_MAX - rdn.len - 1, &above);
	*ret_len = rdn.len + 1 + above;
	return err;
}

enum rst_err
rst_member_entry_at(const struct rst_rtxn *txn, const struct rst_mrow *row,
                    uint64_t *ret_id)
{
	struct rst_normal normal = { 0 };
	struct rst_view ndn;
	enum rst_err err = RST_OK;

	if (!rst_mkey_raw(&row->key, &ndn)) {
		/* cut: but then it has its text */
		err = rst_normal_make(RST_MATCH_DN,
		                      rst_view(row->text, row->text_len),
		                      &normal);
		ndn = normal.text;
	}
	if (err == RST_OK)
		err = rst_tree_find(txn, ndn, ret_id, NULL);
	rst_normal_release(&normal);
	return err;
}

void
rst_member_deltas_release(struct rst_member_deltas *deltas)
{
	for (size_t i = 0; i < deltas->n; i++) {
		free(deltas->items[i].key);
		free(deltas->items[i].text);
	}
	free(deltas->items);
	memset(deltas, 0, sizeof(*deltas));
}
