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
 *	6 MEMBER d "uid=alice,.."	6 MEMBER e 7		6 MEMBER d ..
 *	6 MEMBERUID n "alice"		(stays)			(stays)
 */
#include "store/member_priv.h"

#include <stdlib.h>

#include "store/index.h"
#include "store/tree.h"

/* The row with the raw DN key of an ordinary group becomes face's, printing
 * what it printed. */
static enum rst_err
resolve_plain(struct rst_wtxn *txn, uint64_t group, enum rst_via via,
              const struct rst_mkey *key, const struct rst_mface *face,
              struct rst_view dn)
{
	struct rst_mrow row = { 0 };
	struct rst_view text;
	struct rst_mkey entry;
	enum rst_err err;

	err = rst_mrow_get(&txn->r, group, via, key, &row);
	if (err != RST_OK)
		goto out;
	text = rst_view(row.text, row.text_len);
	if (text.len == 0 && !rst_mkey_raw(key, &text))
		err = RST_ECORRUPT; /* cut, and without its text */
	if (err != RST_OK)
		goto out;
	if (rst_view_equal(text, dn))
		text.len = 0;
	rst_mkey_entry(face->id, &entry);
	err = rst_mrow_put(txn, group, via, &entry,
	                   text.len > 0 ? RST_MROW_TEXT : RST_MROW_PLAIN, text,
	                   NULL);
	if (err == RST_OK)
		err = rst_mrow_drop(txn, group, via, key, NULL);
out:
	rst_mrow_release(&row);
	return err;
}

/* The raw row of a rosterGroup becomes face's. */
static enum rst_err
resolve_roster(struct rst_wtxn *txn, const struct rst_mgroup *group,
               const struct rst_mkey *key, const struct rst_mface *face)
{
	struct rst_mkey entry;
	enum rst_err err;

	err = rst_mrow_drop(txn, group->id, RST_VIA_ROSTER, key, txn->followed);
	if (err != RST_OK)
		return err;
	rst_mkey_entry(face->id, &entry);
	if (rst_member_related(&txn->r, group->id, &entry, NULL))
		return RST_OK;
	return rst_member_put(txn, group, face, txn->followed);
}

/* Every row with the raw DN becomes face's. */
static enum rst_err
resolve_dn(struct rst_wtxn *txn, const struct rst_mface *face,
           struct rst_view ndn, struct rst_view dn)
{
	struct rst_mgroup group;
	struct rst_mkey key;
	uint64_t id = 0;
	enum rst_via via = 0;
	enum rst_err err;

	rst_mkey_dn(ndn, &key);
	while ((err = rst_mrow_of_after(&txn->r, &key, &id, &via)) == RST_OK) {
		err = rst_mgroup_get(&txn->r, id, &group);
		if (err != RST_OK)
			break;
		err = via == RST_VIA_ROSTER
		              ? resolve_roster(txn, &group, &key, face)
		              : resolve_plain(txn, id, via, &key, face, dn);
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
	if (rst_member_related(&txn->r, id, &entry, NULL) ||
	    (face->by_name && row.flag != RST_MROW_PAIRED))
		err = resolve_roster(txn, &group, &face->name, face);
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
	char dn[RST_DN_MAX];
	struct rst_mface face;
	size_t len;
	enum rst_err err;

	rst_mface_of(entry, &face);
	err = rst_member_dn(&txn->r, entry, false, dn, &len);
	if (err == RST_OK)
		err = note_shared(txn, entry);
	if (err == RST_OK)
		err = resolve_dn(txn, &face, ndn, rst_view(dn, len));
	if (err == RST_OK)
		err = resolve_name(txn, &face);
	return err;
}

/* Resolve one raw DN if somebody stands there now. */
static enum rst_err
resolve_if_there(struct rst_wtxn *txn, struct rst_view ndn)
{
	struct rst_record record;
	struct rst_mface face;
	char dn[RST_DN_MAX];
	uint64_t id;
	size_t len;
	enum rst_err err;

	err = rst_tree_find(&txn->r, ndn, &id, NULL);
	if (err == RST_OK)
		err = rst_record_get(&txn->r, id, &record);
	if (err != RST_OK)
		return err == RST_ENOTFOUND ? RST_OK : err;
	rst_mface_of(&record, &face);
	err = rst_member_dn(&txn->r, &record, false, dn, &len);
	if (err == RST_OK)
		err = resolve_dn(txn, &face, ndn, rst_view(dn, len));
	return err;
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

/* Resolve the raw DNs that mean a descendant of id, by walking them all. */
static enum rst_err
resolve_below(struct rst_wtxn *txn, uint64_t id)
{
	struct rst_tree_cursor cursor = { 0 };
	uint64_t child;
	size_t n;
	enum rst_err err;

	for (;;) {
		err = rst_tree_children(&txn->r, id, &cursor, &child, 1, &n);
		if (err != RST_OK || n == 0)
			return err;
		err = resolve_one(txn, child);
		if (err == RST_OK)
			err = resolve_below(txn, child);
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
		err = cut ? resolve_below(txn, id) : RST_OK;
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
		if (via != RST_VIA_ROSTER && via != RST_VIA_PRIMARY)
			continue;
		err = rst_mgroup_get(&txn->r, id, &group);
		if (err != RST_OK)
			break;
		right = rst_member_via(&group, face);
		if (right == via)
			continue;
		err = rst_mrow_drop(txn, id, via, &key, NULL);
		if (err == RST_OK)
			err = rst_mrow_put(txn, id, right, &key, RST_MROW_PLAIN,
			                   RST_VIEW(""), NULL);
		if (err != RST_OK)
			break;
		via = RST_VIA_PRIMARY; /* this group is done */
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
			err = rst_mrow_put(txn, group->id, right, &last,
			                   RST_MROW_PLAIN, RST_VIEW(""), NULL);
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
		if (rst_member_related(txn, group, &key, NULL)) {
			account = face;
			break;
		}
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
	struct rst_mface face = { 0 };
	struct rst_mkey entry;
	enum rst_err err = RST_OK;

	if (row->key.bytes[0] == 'e')
		err = rst_mface_get(&txn->r, rst_mkey_id(&row->key), &face);
	else if (row->key.bytes[0] == 'n')
		err = account_of(&txn->r, group->id, row, &face);
	if (err != RST_OK)
		return err;
	if (face.id == 0 &&
	    rst_mrow_exists(&txn->r, group->id, RST_VIA_ROSTER, &row->key))
		return RST_OK; /* uniqueMember, spelt as member has it */
	if (face.id == 0)
		return rst_mrow_put(
			txn, group->id, RST_VIA_ROSTER, &row->key, row->flag,
			rst_view(row->text, row->text_len), txn->followed);
	rst_mkey_entry(face.id, &entry);
	if (rst_member_related(&txn->r, group->id, &entry, NULL))
		return RST_OK;
	return rst_member_put(txn, group, &face, txn->followed);
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

/* One row of the relation becomes what both views printed of it. */
static enum rst_err
unrelate_row(struct rst_wtxn *txn, uint64_t group, const struct rst_mrow *row)
{
	struct rst_view text = rst_view(row->text, row->text_len);
	enum rst_mrow_flag flag = text.len > 0 ? RST_MROW_TEXT : RST_MROW_PLAIN;
	struct rst_record record;
	struct rst_mface face;
	struct rst_view raw;
	char *name = NULL;
	enum rst_err err;

	if (row->key.bytes[0] != 'e')
		return rst_mrow_put(txn, group,
		                    row->key.bytes[0] == 'n' ? RST_VIA_MEMBERUID
		                                             : RST_VIA_MEMBER,
		                    &row->key, flag, text, txn->followed);
	err = rst_record_get(&txn->r, rst_mkey_id(&row->key), &record);
	if (err != RST_OK)
		return err;
	rst_mface_of(&record, &face);
	text.len = 0;
	if (face.named && !rst_mkey_raw(&face.name, &raw)) {
		text = rst_member_name(&record);
		name = rst_view_dup(text);
		if (name == NULL)
			return RST_ENOMEM;
	}
	err = rst_mrow_put(txn, group, RST_VIA_MEMBER, &row->key,
	                   RST_MROW_PLAIN, RST_VIEW(""), txn->followed);
	if (err == RST_OK && face.named)
		err = rst_mrow_put(txn, group, RST_VIA_MEMBERUID, &face.name,
		                   name != NULL ? RST_MROW_TEXT
		                                : RST_MROW_PLAIN,
		                   rst_view(name, text.len), txn->followed);
	free(name);
	return err;
}

static enum rst_err
become_plain(struct rst_wtxn *txn, uint64_t group)
{
	struct rst_mrow row = { 0 };
	enum rst_err err = RST_OK;

	for (enum rst_via via = RST_VIA_ROSTER; via <= RST_VIA_PRIMARY; via++) {
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
	char ndn[RST_DN_MAX], dn[RST_DN_MAX];
	bool parent = rst_tree_has_children(&txn->r, after->id);
	size_t ndn_len, dn_len;
	enum rst_err err;

	err = rst_member_dn(&txn->r, after, true, ndn, &ndn_len);
	if (err == RST_OK)
		err = rst_member_dn(&txn->r, after, false, dn, &dn_len);
	if (err == RST_OK)
		err = resolve_dn(txn, face, rst_view(ndn, ndn_len),
		                 rst_view(dn, dn_len));
	if (err == RST_OK && parent)
		err = resolve_subtree(txn, after->id);
	return err;
}

enum rst_err
rst_member_entry_changed(struct rst_wtxn *txn, const struct rst_record *before,
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
	    (old.gid != face.gid || old.account != face.account))
		err = regroup_member(txn, &face);
	if (err == RST_OK && (old.named != face.named ||
	                      !rst_mkey_equal(&old.name, &face.name) ||
	                      old.by_name != face.by_name))
		err = resolve_name(txn, &face);
	if (err == RST_OK)
		err = changed_group(txn, &was, &is);
	return err;
}

/* The row of an ordinary group goes back to what was written. */
static enum rst_err
unresolve(struct rst_wtxn *txn, uint64_t group, enum rst_via via,
          const struct rst_mkey *entry, struct rst_view ndn, struct rst_view dn)
{
	struct rst_mrow row = { 0 };
	struct rst_view text = dn, raw = { NULL, 0 };
	struct rst_mkey key;
	enum rst_err err;

	err = rst_mrow_get(&txn->r, group, via, entry, &row);
	if (err != RST_OK)
		goto out;
	if (row.text_len > 0 &&
	    rst_member_same_dn(rst_view(row.text, row.text_len), ndn))
		text = rst_view(row.text, row.text_len);
	rst_mkey_dn(ndn, &key);
	if (rst_mkey_raw(&key, &raw) && rst_view_equal(raw, text))
		text.len = 0;
	err = rst_mrow_put(txn, group, via, &key,
	                   text.len > 0 ? RST_MROW_TEXT : RST_MROW_PLAIN, text,
	                   NULL);
	if (err == RST_OK)
		err = rst_mrow_drop(txn, group, via, entry, NULL);
out:
	rst_mrow_release(&row);
	return err;
}

/* The entry goes away as a member. */
static enum rst_err
dropped_member(struct rst_wtxn *txn, uint64_t id, struct rst_view ndn,
               struct rst_view dn)
{
	struct rst_mkey key;
	uint64_t group = 0;
	enum rst_via via = 0;
	enum rst_err err;

	rst_mkey_entry(id, &key);
	while ((err = rst_mrow_of_after(&txn->r, &key, &group, &via)) ==
	       RST_OK) {
		err = via == RST_VIA_ROSTER || via == RST_VIA_PRIMARY
		              ? rst_mrow_drop(txn, group, via, &key,
		                              txn->followed)
		              : unresolve(txn, group, via, &key, ndn, dn);
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

	for (enum rst_via via = RST_VIA_ROSTER; via <= RST_VIA_UNIQUEMEMBER;
	     via++) {
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
rst_member_entry_dropped(struct rst_wtxn *txn, const struct rst_record *entry,
                         struct rst_view ndn)
{
	char dn[RST_DN_MAX], ndn_buf[RST_DN_MAX];
	uint64_t id = entry->id;
	size_t len;
	enum rst_err err;

	/* Both may be borrowed from pages that are about to change */
	if (ndn.len > sizeof(ndn_buf))
		return RST_EINVALID;
	memcpy(ndn_buf, ndn.ptr, ndn.len);
	ndn.ptr = ndn_buf;
	err = rst_member_dn(&txn->r, entry, false, dn, &len);
	if (err == RST_OK)
		err = dropped_group(txn, id);
	if (err == RST_OK)
		err = dropped_member(txn, id, ndn, rst_view(dn, len));
	return err;
}
