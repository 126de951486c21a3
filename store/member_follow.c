/* SPDX-License-Identifier: OLDAP-2.8 */
/* member_follow.c - rows follow the entries that appear, change and go
 *
 * What is written here may be anything: rows move, so every loop asks for the
 * first row after the last one seen instead of holding a cursor.
 *
 * Before and after an entry alice appears, in the rosterGroup 5, the ordinary
 * group 6, and again after she is deleted:
 *
 *	5 ROSTER n "alice"		5 ROSTER e 7		(ends)
 *	6 MEMBER v "uid=alice,.."	(stays)			(stays)
 *	6 MEMBERUID n "alice"		(stays)			(stays)
 */
#include "store/member_priv.h"

#include <stdlib.h>

#include "store/index.h"
#include "store/tree.h"

#define DEPTH_MAX (RST_DN_MAX / 4) /* of a DN, "o=x," each */

/* The row of an entry in a rosterGroup, which may be there already. */
static enum rst_err
put_unless_there(struct rst_wtxn *txn, const struct rst_mgroup *group,
                 const struct rst_mface *face)
{
	struct rst_mkey entry;
	enum rst_err err;

	rst_mkey_entry(face->id, &entry);
	err = rst_member_related(&txn->r, group->id, &entry, NULL);
	return err == RST_ENOTFOUND
	               ? rst_member_put(txn, group, face, txn->followed)
	               : err;
}

/* The raw row of a rosterGroup becomes face's. */
static enum rst_err
resolve_roster(struct rst_wtxn *txn, const struct rst_mgroup *group,
               const struct rst_mkey *key, const struct rst_mface *face)
{
	enum rst_err err;

	err = rst_mrow_drop(txn, group->id, RST_VIA_ROSTER, key, txn->followed);
	if (err != RST_OK)
		return err;
	return put_unless_there(txn, group, face);
}

/* Every row with the raw DN becomes face's. */
static enum rst_err
resolve_dn(struct rst_wtxn *txn, const struct rst_mface *face,
           struct rst_view ndn)
{
	struct rst_mgroup group;
	struct rst_mkey key;
	uint64_t id = 0;
	enum rst_via via = 0;
	enum rst_err err;

	rst_mkey_dn(ndn, &key);
	while ((err = rst_mrow_of_after(&txn->r, &key, &id, &via)) == RST_OK) {
		err = rst_mgroup_get(&txn->r, id, &group);
		if (err == RST_OK)
			err = resolve_roster(txn, &group, &key, face);
		if (err != RST_OK)
			break;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* A raw name in a rosterGroup means face, by its own or because it is in it:
 * then the name would be listed twice. */
static enum rst_err
resolve_one_name(struct rst_wtxn *txn, uint64_t id,
                 const struct rst_mface *face)
{
	struct rst_mrow row = { 0 };
	struct rst_mgroup group;
	struct rst_mkey entry;
	enum rst_err err;

	err = rst_mgroup_get(&txn->r, id, &group);
	if (err == RST_OK)
		err = rst_mrow_get(&txn->r, id, RST_VIA_ROSTER, &face->name,
		                   &row);
	if (err != RST_OK)
		goto out;
	rst_mkey_entry(face->id, &entry);
	err = face->by_name && row.flag != RST_MROW_PAIRED
	              ? RST_OK
	              : rst_member_related(&txn->r, id, &entry, NULL);
	if (err == RST_OK)
		err = resolve_roster(txn, &group, &face->name, face);
	else if (err == RST_ENOTFOUND)
		err = RST_OK;
out:
	rst_mrow_release(&row);
	return err;
}

static enum rst_err
resolve_name(struct rst_wtxn *txn, const struct rst_mface *face)
{
	uint64_t id = 0;
	enum rst_via via = 0;
	enum rst_err err = RST_OK;

	if (!face->named)
		return RST_OK;
	while ((err = rst_mrow_of_after(&txn->r, &face->name, &id, &via)) ==
	       RST_OK) {
		if (via != RST_VIA_ROSTER)
			continue; /* an ordinary memberUid stays a name */
		err = resolve_one_name(txn, id, face);
		if (err != RST_OK)
			break;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* Remember that two entries have one uid. */
static enum rst_err
note_shared(struct rst_wtxn *txn, const struct rst_record *record)
{
	struct rst_view name = rst_member_name(record);
	uint64_t ids[2];
	size_t n = 0;
	enum rst_err err;

	if (name.ptr == NULL)
		return RST_OK;
	err = rst_index_equal(&txn->r, RST_A_UID, name, 0, ids, 2, &n);
	if (err == RST_OK && n == 2)
		err = rst_meta_set_number(txn, RST_SHARED_NAMES, 1);
	return err;
}

enum rst_err
rst_member_entry_added(struct rst_wtxn *txn, const struct rst_record *entry,
                       struct rst_view ndn)
{
	const int64_t now_s = txn->r.now_s;
	struct rst_mface face;
	enum rst_err err;

	txn->r.now_s = 0; /* rows that have ended follow, too */
	rst_mface_of(entry, &face);
	err = note_shared(txn, entry);
	if (err == RST_OK)
		err = resolve_dn(txn, &face, ndn);
	if (err == RST_OK)
		err = resolve_name(txn, &face);
	txn->r.now_s = now_s;
	return err;
}

/* Resolve one raw DN if somebody stands there now. */
static enum rst_err
resolve_if_there(struct rst_wtxn *txn, struct rst_view ndn)
{
	struct rst_mface face;
	uint64_t id;
	enum rst_err err;

	err = rst_tree_find(&txn->r, ndn, &id, NULL);
	if (err == RST_OK)
		err = rst_mface_get(&txn->r, id, &face);
	if (err != RST_OK)
		return err == RST_ENOTFOUND ? RST_OK : err;
	return resolve_dn(txn, &face, ndn);
}

/* Apart from the walk, lest each of its levels have a DN on the stack: there
 * may be two thousand. */
__attribute__((noinline)) static enum rst_err
resolve_one(struct rst_wtxn *txn, uint64_t id)
{
	char ndn[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	err = rst_tree_ndn(&txn->r, id, ndn, sizeof(ndn), &len);
	if (err == RST_OK)
		err = resolve_if_there(txn, rst_view(ndn, len));
	return err;
}

/* Resolve the raw DNs that mean a descendant of id, by walking them all; depth
 * more levels there can be, or a row says that somebody is below himself. */
static enum rst_err
resolve_below(struct rst_wtxn *txn, uint64_t id, unsigned int depth)
{
	struct rst_tree_cursor cursor = { 0 };
	uint64_t child;
	size_t n;
	enum rst_err err;

	if (depth == 0)
		return RST_ECORRUPT;
	for (;;) {
		err = rst_tree_children(&txn->r, id, &cursor, &child, 1, &n);
		if (err != RST_OK || n == 0)
			return err;
		err = resolve_one(txn, child);
		if (err == RST_OK)
			err = resolve_below(txn, child, depth - 1);
		if (err != RST_OK)
			return err;
	}
}

/*
 * The subtree of id has come to stand elsewhere: any raw DN may mean somebody
 * in it.  Costs a look at each raw DN of the directory, of which there are
 * few.  One that was cut cannot be looked at; then the subtree is walked.
 */
static enum rst_err
resolve_subtree(struct rst_wtxn *txn, uint64_t id)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view found, value, ndn;
	struct rst_mkey key;
	char after[RST_MROW_MAX] = "d";
	uint64_t group;
	enum rst_via via;
	size_t len = 1;
	bool cut = false;
	enum rst_err err;

	for (;;) {
		err = rst_cursor_open(&txn->r, RST_T_MEMBEROF, &cursor);
		if (err == RST_OK)
			err = rst_cursor_seek(&cursor, rst_view(after, len),
			                      &found, &value);
		if (err == RST_OK && (found.len == 0 || found.ptr[0] != 'd'))
			err = RST_ENOTFOUND;
		if (err == RST_OK)
			err = rst_mrow_of_decode(found, &key, &group, &via);
		rst_cursor_close(&cursor);
		if (err == RST_OK && !rst_mkey_raw(&key, &ndn))
			cut = true;
		else if (err == RST_OK)
			err = resolve_if_there(txn, ndn);
		if (err != RST_OK)
			break;
		/* Behind every row of this key: no group has this id */
		len = rst_mrow_of_key(UINT64_MAX, 0, &key, after);
	}
	if (err == RST_ENOTFOUND)
		err = cut ? resolve_below(txn, id, DEPTH_MAX) : RST_OK;
	return err;
}

/* Rows of the member face stand under the right via of its rosterGroups. */
static enum rst_err
regroup_member(struct rst_wtxn *txn, const struct rst_mface *face)
{
	struct rst_mgroup group;
	struct rst_mkey key;
	uint64_t id = 0;
	enum rst_via via = 0, right;
	enum rst_err err;

	rst_mkey_entry(face->id, &key);
	while ((err = rst_mrow_of_after(&txn->r, &key, &id, &via)) == RST_OK) {
		if (via != RST_VIA_ROSTER && via != RST_VIA_PRIMARY &&
		    via != RST_VIA_GROUP)
			continue;
		err = rst_mgroup_get(&txn->r, id, &group);
		if (err != RST_OK)
			break;
		right = rst_member_via(&group, face);
		if (right == via)
			continue;
		err = rst_mrow_drop(txn, id, via, &key, NULL);
		if (err == RST_OK)
			err = rst_member_put_row(txn, &group, right, face->id,
			                         NULL);
		if (err != RST_OK)
			break;
		via = RST_VIA_LAST; /* this group is done */
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* The rows of via in a rosterGroup whose members belong under the other. */
static enum rst_err
regroup_via(struct rst_wtxn *txn, const struct rst_mgroup *group,
            enum rst_via via)
{
	struct rst_mrow row = { 0 };
	struct rst_mkey last = { 0 };
	struct rst_mface face;
	enum rst_via right;
	enum rst_err err;

	while ((err = rst_mrow_after(&txn->r, group->id, via,
	                             last.len > 0 ? &last : NULL, &row)) ==
	       RST_OK) {
		last = row.key;
		rst_mrow_release(&row);
		if (last.bytes[0] != 'e')
			continue;
		err = rst_mface_get(&txn->r, rst_mkey_id(&last), &face);
		if (err != RST_OK)
			break;
		right = rst_member_via(group, &face);
		if (right == via)
			continue;
		err = rst_mrow_drop(txn, group->id, via, &last, NULL);
		if (err == RST_OK)
			err = rst_member_put_row(txn, group, right, face.id,
			                         NULL);
		if (err != RST_OK)
			break;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* The entry that a raw name means in a rosterGroup, one that is in it before
 * all others; id 0 for nobody. */
static enum rst_err
account_of(const struct rst_rtxn *txn, uint64_t group,
           const struct rst_mrow *row, struct rst_mface *ret_face)
{
	struct rst_view name = rst_view(row->text, row->text_len);
	struct rst_mface face, account = { 0 };
	struct rst_mkey key;
	uint64_t after = 0;
	enum rst_err err;

	if (name.len == 0 && !rst_mkey_raw(&row->key, &name))
		return RST_ECORRUPT;
	while ((err = rst_mface_named(txn, name, &after, &face)) == RST_OK) {
		rst_mkey_entry(face.id, &key);
		err = rst_member_related(txn, group, &key, NULL);
		if (err == RST_OK)
			account = face;
		if (err != RST_ENOTFOUND)
			break;
		if (account.id == 0 && face.by_name)
			account = face;
	}
	if (err == RST_OK || err == RST_ENOTFOUND)
		*ret_face = account;
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* One row of an ordinary group joins the relation: its class came. */
static enum rst_err
relate_row(struct rst_wtxn *txn, const struct rst_mgroup *group,
           const struct rst_mrow *row)
{
	struct rst_mkey key = row->key;
	struct rst_mface face = { 0 };
	enum rst_err err = RST_OK;

	if (key.bytes[0] == 'v') {
		key.bytes[0] = 'd';
		err = rst_member_entry_at(&txn->r, row, &face.id);
		if (err == RST_OK)
			err = rst_mface_get(&txn->r, face.id, &face);
		else if (err == RST_ENOTFOUND)
			err = RST_OK;
	} else if (key.bytes[0] == 'n') {
		err = account_of(&txn->r, group->id, row, &face);
	}
	if (err != RST_OK)
		return err;
	if (face.id != 0)
		return put_unless_there(txn, group, &face);
	/* there already: uniqueMember, spelt as member has it */
	err = rst_mrow_find(&txn->r, group->id, RST_VIA_ROSTER, &key);
	return err == RST_ENOTFOUND
	               ? rst_mrow_put(txn, group->id, RST_VIA_ROSTER, &key,
	                              row->flag,
	                              rst_view(row->text, row->text_len),
	                              txn->followed)
	               : err;
}

/* The rows of an ordinary group become one relation; DNs first, since they
 * say more than names. */
static enum rst_err
become_roster(struct rst_wtxn *txn, const struct rst_mgroup *group)
{
	static const enum rst_via vias[] = { RST_VIA_MEMBER,
		                             RST_VIA_UNIQUEMEMBER,
		                             RST_VIA_MEMBERUID };
	struct rst_mrow row = { 0 };
	enum rst_err err = RST_OK;

	for (size_t i = 0; i < 3; i++) {
		while ((err = rst_mrow_after(&txn->r, group->id, vias[i], NULL,
		                             &row)) == RST_OK) {
			err = rst_mrow_drop(txn, group->id, vias[i], &row.key,
			                    txn->followed);
			if (err == RST_OK)
				err = relate_row(txn, group, &row);
			rst_mrow_release(&row);
			if (err != RST_OK)
				return err;
		}
		if (err != RST_ENOTFOUND)
			return err;
	}
	return RST_OK;
}

/* A raw row of the relation, in an ordinary group. */
static enum rst_err
unrelate_raw(struct rst_wtxn *txn, uint64_t group, const struct rst_mrow *row)
{
	struct rst_mkey key = row->key;
	bool is_name = key.bytes[0] == 'n';

	if (!is_name)
		key.bytes[0] = 'v';
	return rst_mrow_put(txn, group,
	                    is_name ? RST_VIA_MEMBERUID : RST_VIA_MEMBER, &key,
	                    row->text_len > 0 ? RST_MROW_TEXT : RST_MROW_PLAIN,
	                    rst_view(row->text, row->text_len), txn->followed);
}

/* Put a value that key stands for, with its text where key does not say it. */
static enum rst_err
put_value(struct rst_wtxn *txn, uint64_t group, enum rst_via via,
          const struct rst_mkey *key, struct rst_view text)
{
	struct rst_view raw;

	if (rst_mkey_raw(key, &raw) && rst_view_equal(raw, text))
		text.len = 0;
	return rst_mrow_put(txn, group, via, key,
	                    text.len > 0 ? RST_MROW_TEXT : RST_MROW_PLAIN, text,
	                    txn->followed);
}

/* The DN of a member entry becomes a value. */
static enum rst_err
unrelate_dn(struct rst_wtxn *txn, uint64_t group,
            const struct rst_record *record)
{
	char dn[RST_DN_MAX], ndn[RST_DN_MAX];
	size_t dn_len, ndn_len;
	struct rst_mkey key;
	enum rst_err err;

	err = rst_member_dn(&txn->r, record, false, dn, &dn_len);
	if (err == RST_OK)
		err = rst_member_dn(&txn->r, record, true, ndn, &ndn_len);
	if (err != RST_OK)
		return err;
	rst_mkey_value(rst_view(ndn, ndn_len), &key);
	return put_value(txn, group, RST_VIA_MEMBER, &key,
	                 rst_view(dn, dn_len));
}

/* One row of the relation becomes what both views printed of it. */
static enum rst_err
unrelate_row(struct rst_wtxn *txn, uint64_t group, const struct rst_mrow *row)
{
	struct rst_view name = { NULL, 0 }, raw;
	struct rst_record record;
	struct rst_mface face;
	char *copy = NULL;
	enum rst_err err;

	if (row->key.bytes[0] != 'e')
		return unrelate_raw(txn, group, row);
	err = rst_record_get(&txn->r, rst_mkey_id(&row->key), &record);
	if (err != RST_OK)
		return err;
	rst_mface_of(&record, &face);
	if (face.named && !rst_mkey_raw(&face.name, &raw)) {
		name = rst_member_name(&record);
		copy = rst_view_dup(name);
		if (copy == NULL)
			return RST_ENOMEM;
	}
	err = unrelate_dn(txn, group, &record);
	if (err == RST_OK && face.named)
		err = rst_mrow_put(txn, group, RST_VIA_MEMBERUID, &face.name,
		                   copy != NULL ? RST_MROW_TEXT
		                                : RST_MROW_PLAIN,
		                   rst_view(copy, name.len), txn->followed);
	free(copy);
	return err;
}

static enum rst_err
become_plain(struct rst_wtxn *txn, uint64_t group)
{
	static const enum rst_via vias[] = { RST_VIA_ROSTER, RST_VIA_PRIMARY,
		                             RST_VIA_GROUP };
	struct rst_mrow row = { 0 };
	enum rst_err err = RST_OK;

	for (size_t i = 0; i < 3; i++) {
		const enum rst_via via = vias[i];

		while ((err = rst_mrow_after(&txn->r, group, via, NULL,
		                             &row)) == RST_OK) {
			err = rst_mrow_drop(txn, group, via, &row.key,
			                    txn->followed);
			if (err == RST_OK)
				err = unrelate_row(txn, group, &row);
			rst_mrow_release(&row);
			if (err != RST_OK)
				return err;
		}
		if (err != RST_ENOTFOUND)
			return err;
	}
	return RST_OK;
}

/* The entry as a group: its class or gidNumber changed. */
static enum rst_err
changed_group(struct rst_wtxn *txn, const struct rst_mgroup *was,
              const struct rst_mgroup *is)
{
	enum rst_err err;

	if (!was->roster && is->roster)
		return become_roster(txn, is);
	if (was->roster && !is->roster)
		return become_plain(txn, is->id);
	if (!is->roster || was->gid == is->gid)
		return RST_OK;
	err = regroup_via(txn, is, RST_VIA_PRIMARY);
	if (err == RST_OK)
		err = regroup_via(txn, is, RST_VIA_ROSTER);
	return err;
}

/* The entry has moved: raw DNs may mean it now, or what stands below it. */
static enum rst_err
changed_place(struct rst_wtxn *txn, const struct rst_record *after,
              const struct rst_mface *face)
{
	char ndn[RST_DN_MAX];
	bool parent;
	size_t len;
	enum rst_err err;

	err = rst_tree_has_children(&txn->r, after->id, &parent);
	if (err == RST_OK)
		err = rst_member_dn(&txn->r, after, true, ndn, &len);
	if (err == RST_OK)
		err = resolve_dn(txn, face, rst_view(ndn, len));
	if (err == RST_OK && parent)
		err = resolve_subtree(txn, after->id);
	return err;
}

static enum rst_err
follow_change(struct rst_wtxn *txn, const struct rst_record *before,
              const struct rst_record *after)
{
	struct rst_mgroup was, is;
	struct rst_mface old, face;
	bool moved = before->parent != after->parent ||
	             !rst_view_equal(before->nrdn, after->nrdn);
	enum rst_err err;

	rst_mgroup_of(before, &was);
	rst_mgroup_of(after, &is);
	rst_mface_of(before, &old);
	rst_mface_of(after, &face);
	err = note_shared(txn, after);
	if (err == RST_OK && moved)
		err = changed_place(txn, after, &face);
	if (err == RST_OK &&
	    (old.gid != face.gid || old.account != face.account ||
	     old.group != face.group))
		err = regroup_member(txn, &face);
	if (err == RST_OK && (old.named != face.named ||
	                      !rst_mkey_equal(&old.name, &face.name) ||
	                      old.by_name != face.by_name))
		err = resolve_name(txn, &face);
	if (err == RST_OK)
		err = changed_group(txn, &was, &is);
	if (err == RST_OK && is.roster && (was.timed || is.timed))
		err = rst_member_retime(txn, before, after);
	return err;
}

enum rst_err
rst_member_entry_changed(struct rst_wtxn *txn, const struct rst_record *before,
                         const struct rst_record *after)
{
	const int64_t now_s = txn->r.now_s;
	enum rst_err err;

	txn->r.now_s = 0; /* rows that have ended follow, too */
	err = follow_change(txn, before, after);
	txn->r.now_s = now_s;
	return err;
}

/* The entry goes away as a member. */
static enum rst_err
dropped_member(struct rst_wtxn *txn, uint64_t id)
{
	struct rst_mkey key;
	uint64_t group = 0;
	enum rst_via via = 0;
	enum rst_err err;

	rst_mkey_entry(id, &key);
	while ((err = rst_mrow_of_after(&txn->r, &key, &group, &via)) ==
	       RST_OK) {
		err = rst_mrow_drop(txn, group, via, &key, txn->followed);
		if (err != RST_OK)
			break;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* The entry goes away as a group. */
static enum rst_err
dropped_group(struct rst_wtxn *txn, uint64_t id)
{
	struct rst_mrow row = { 0 };
	enum rst_err err = RST_OK;

	for (enum rst_via via = RST_VIA_ROSTER; via <= RST_VIA_LAST; via++) {
		while ((err = rst_mrow_after(&txn->r, id, via, NULL, &row)) ==
		       RST_OK) {
			err = rst_mrow_drop(txn, id, via, &row.key,
			                    txn->followed);
			rst_mrow_release(&row);
			if (err != RST_OK)
				return err;
		}
		if (err != RST_ENOTFOUND)
			return err;
	}
	return RST_OK;
}

enum rst_err
rst_member_entry_dropped(struct rst_wtxn *txn, const struct rst_record *entry)
{
	uint64_t id = entry->id; /* borrowed from a page about to change */
	const int64_t now_s = txn->r.now_s;
	enum rst_err err;

	txn->r.now_s = 0; /* rows that have ended go, too */
	err = dropped_group(txn, id);
	if (err == RST_OK)
		err = dropped_member(txn, id);
	txn->r.now_s = now_s;
	return err;
}
