/* SPDX-License-Identifier: OLDAP-2.8 */
/* member_view.c - questions about membership, and walks
 *
 * A question costs a few gets however large the group is: the value says which
 * row it must be.
 */
#include "store/member_priv.h"

#include <stdlib.h>

#include "store/record_priv.h"
#include "store/tree.h"

enum rst_err
rst_member_shows_primary(const struct rst_rtxn *txn, bool *ret_shows)
{
	struct rst_view value;
	enum rst_err err;

	*ret_shows = true;
	err = rst_setting_get(txn, "primary-members", &value);
	if (err == RST_OK) {
		*ret_shows = rst_view_equal_nocase(value, RST_VIEW("list"));
		return RST_OK;
	}
	if (err == RST_ENOTFOUND)
		err = rst_setting_get(txn, "lifecycle", &value);
	if (err == RST_OK)
		*ret_shows = !rst_view_equal_nocase(value, RST_VIEW("on"));
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* The key under which ordinary groups list an entry. */
enum rst_err
rst_mkey_of_entry(const struct rst_rtxn *txn, uint64_t id,
                  struct rst_mkey *ret_key)
{
	char ndn[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	err = rst_tree_ndn(txn, id, ndn, sizeof(ndn), &len);
	if (err == RST_OK)
		rst_mkey_value(rst_view(ndn, len), ret_key);
	return err;
}

enum rst_err
rst_member_is(const struct rst_rtxn *txn, uint64_t group, uint64_t member,
              bool *ret_is)
{
	struct rst_mgroup its;
	struct rst_mkey key;
	uint64_t at = group;
	enum rst_via via = 0;
	enum rst_err err;

	err = rst_mgroup_get(txn, group, &its);
	if (err == RST_OK && its.roster)
		rst_mkey_entry(member, &key);
	else if (err == RST_OK)
		err = rst_mkey_of_entry(txn, member, &key);
	if (err == RST_OK)
		err = rst_mrow_of_after(txn, &key, &at, &via);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_is = err == RST_OK && at == group;
	return RST_OK;
}

/* The member key that a DN means. */
enum rst_err
rst_mkey_of_dn(const struct rst_rtxn *txn, struct rst_view ndn,
               struct rst_mkey *ret_key)
{
	uint64_t id;
	enum rst_err err;

	err = rst_tree_find(txn, ndn, &id, NULL);
	if (err == RST_OK)
		rst_mkey_entry(id, ret_key);
	if (err == RST_ENOTFOUND) {
		rst_mkey_dn(ndn, ret_key);
		err = RST_OK;
	}
	return err;
}

/* The rosterGroup lists name in memberUid. */
static enum rst_err
has_name(const struct rst_rtxn *txn, uint64_t group, struct rst_view name,
         bool *ret_has)
{
	struct rst_mface face;
	struct rst_mkey key;
	uint64_t after = 0;
	bool has = false;
	enum rst_err err;

	while (!has &&
	       (err = rst_mface_named(txn, name, &after, &face)) == RST_OK) {
		rst_mkey_entry(face.id, &key);
		err = rst_member_related(txn, group, &key, NULL);
		has = err == RST_OK;
		if (err != RST_OK && err != RST_ENOTFOUND)
			break;
	}
	if (!has && err == RST_ENOTFOUND) {
		rst_mkey_name(name, &key);
		err = rst_mrow_find(txn, group, RST_VIA_ROSTER, &key);
		has = err == RST_OK;
	}
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_has = has;
	return RST_OK;
}

/* Or a group in it does. */
static enum rst_err
has_name_below(const struct rst_rtxn *txn, uint64_t group, struct rst_view name,
               bool *ret_has)
{
	struct rst_ids below = { 0 };
	bool has = false, nests = false;
	enum rst_err err;

	err = has_name(txn, group, name, &has);
	if (err == RST_OK && !has)
		err = rst_member_nests(txn, &nests);
	if (err == RST_OK && nests)
		err = rst_member_below(txn, group, &below, NULL);
	for (size_t i = 0; err == RST_OK && !has && i < below.n; i++)
		err = has_name(txn, below.items[i], name, &has);
	rst_ids_release(&below);
	if (err == RST_OK)
		*ret_has = has;
	return err;
}

enum rst_err
rst_member_has(const struct rst_rtxn *txn, const struct rst_record *group,
               uint16_t attr, struct rst_view nvalue, bool *ret_has)
{
	enum rst_via via = rst_member_via_of(attr);
	bool roster = group->kind == RST_KIND_GROUP;
	struct rst_mkey key;
	enum rst_err err = RST_OK;

	if (via == RST_VIA_MEMBERUID && roster)
		return has_name_below(txn, group->id, nvalue, ret_has);
	if (via == 0 || (roster && via == RST_VIA_UNIQUEMEMBER))
		err = RST_ENOTFOUND;
	else if (via == RST_VIA_MEMBERUID)
		rst_mkey_name(nvalue, &key);
	else if (!roster)
		rst_mkey_value(nvalue, &key);
	else
		err = rst_mkey_of_dn(txn, nvalue, &key);
	if (err == RST_OK)
		err = roster ? rst_member_related(txn, group->id, &key, NULL)
		             : rst_mrow_find(txn, group->id, via, &key);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_has = err == RST_OK;
	return RST_OK;
}

/* The rosterGroup's view attr lists a row with this key; *ret_face is filled
 * for an entry when memberUid is asked. */
static enum rst_err
view_lists(const struct rst_rtxn *txn, uint16_t attr,
           const struct rst_mkey *key, bool *ret_lists)
{
	struct rst_mface face;
	enum rst_err err = RST_OK;

	if (key->bytes[0] != 'e') {
		*ret_lists =
			key->bytes[0] == (attr == RST_A_MEMBERUID ? 'n' : 'd');
		return RST_OK;
	}
	*ret_lists = true;
	if (attr == RST_A_MEMBERUID) {
		err = rst_mface_get(txn, rst_mkey_id(key), &face);
		*ret_lists = err == RST_OK && face.named;
	}
	return err;
}

/* Any row of (group, via) that attr lists; every row when attr is 0.  Also when
 * that cannot be read: who then reads the rows is told why. */
static bool
any_via(const struct rst_rtxn *txn, uint64_t group, enum rst_via via,
        uint16_t attr)
{
	struct rst_mrow row = { 0 };
	struct rst_mkey last = { 0 };
	bool lists = false;
	enum rst_err err = RST_OK;

	while (err == RST_OK && !lists) {
		err = rst_mrow_after(txn, group, via,
		                     last.len > 0 ? &last : NULL, &row);
		if (err != RST_OK)
			break;
		last = row.key;
		rst_mrow_release(&row);
		if (attr == 0)
			return true;
		err = view_lists(txn, attr, &last, &lists);
	}
	return lists || (err != RST_OK && err != RST_ENOTFOUND);
}

static bool
any_related(const struct rst_rtxn *txn, uint64_t group, uint16_t attr)
{
	return any_via(txn, group, RST_VIA_ROSTER, attr) ||
	       any_via(txn, group, RST_VIA_PRIMARY, attr);
}

/* memberUid of the groups in it. */
static bool
any_below(const struct rst_rtxn *txn, uint64_t group)
{
	struct rst_ids below = { 0 };
	bool nests = false;
	bool any = rst_member_nests(txn, &nests) != RST_OK;

	if (nests)
		any = rst_member_below(txn, group, &below, NULL) != RST_OK;
	if (!any)
		for (size_t i = 0; !any && i < below.n; i++)
			any = any_related(txn, below.items[i], RST_A_MEMBERUID);
	rst_ids_release(&below);
	return any;
}

bool
rst_member_rows(const struct rst_rtxn *txn, uint64_t group)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	char prefix[8];
	bool any = true; /* of what fails, who looks closer will tell */
	enum rst_err err;

	rst_put_be64(prefix, group);
	if (rst_cursor_open(txn, RST_T_MEMBER, &cursor) != RST_OK)
		return any;
	err = rst_cursor_seek(&cursor, rst_view(prefix, sizeof(prefix)), &key,
	                      &value);
	if (err == RST_OK)
		any = rst_view_starts(key, rst_view(prefix, sizeof(prefix)));
	else if (err == RST_ENOTFOUND)
		any = false;
	rst_cursor_close(&cursor);
	return any;
}

bool
rst_member_any(const struct rst_rtxn *txn, const struct rst_record *group,
               uint16_t attr)
{
	if (group->kind == RST_KIND_GROUP && attr != RST_A_UNIQUEMEMBER)
		return any_related(txn, group->id, attr) ||
		       (attr == RST_A_MEMBERUID
		                ? any_below(txn, group->id)
		                : any_via(txn, group->id, RST_VIA_GROUP, 0));
	if (attr != 0)
		return any_via(txn, group->id, rst_member_via_of(attr), 0);
	return any_via(txn, group->id, RST_VIA_MEMBER, 0) ||
	       any_via(txn, group->id, RST_VIA_MEMBERUID, 0) ||
	       any_via(txn, group->id, RST_VIA_UNIQUEMEMBER, 0);
}

/* What the row of an entry prints as a DN: where it stands now. */
static enum rst_err
print_entry_dn(const struct rst_rtxn *txn, const struct rst_record *record,
               struct rst_member_cursor *cursor, char *buf, size_t *ret_len)
{
	size_t len = 0;
	enum rst_err err;

	if (record->parent == 0 || cursor->parent != record->parent ||
	    cursor->txn != rst_txn_number(txn)) {
		cursor->parent = 0;
		err = rst_member_dn(txn, record, false, buf, &len);
		if (err != RST_OK)
			return err;
		if (record->parent != 0) {
			cursor->parent = record->parent;
			cursor->txn = rst_txn_number(txn);
			cursor->parent_dn_len = len - record->rdn.len;
			memcpy(cursor->parent_dn, buf + record->rdn.len,
			       cursor->parent_dn_len);
		}
	} else {
		len = record->rdn.len + cursor->parent_dn_len;
		if (len >= RST_DN_MAX)
			return RST_ECORRUPT;
		memcpy(buf, record->rdn.ptr, record->rdn.len);
		memcpy(buf + record->rdn.len, cursor->parent_dn,
		       cursor->parent_dn_len);
	}
	buf[len] = '\0';
	*ret_len = len;
	return RST_OK;
}

/* Put bytes into buf as a C string. */
static enum rst_err
print(struct rst_view value, char *buf, size_t *ret_len)
{
	if (value.len >= RST_DN_MAX)
		return RST_ECORRUPT;
	memcpy(buf, value.ptr, value.len);
	buf[value.len] = '\0';
	*ret_len = value.len;
	return RST_OK;
}

/* Have two entries ever had one uid? */
enum rst_err
rst_member_names_shared(const struct rst_rtxn *txn, bool *ret_shared)
{
	uint64_t shared;
	enum rst_err err;

	if (!rst_fact_get(txn, RST_FACT_NAMESAKES, &shared)) {
		err = rst_meta_number(txn, RST_SHARED_NAMES, &shared);
		if (err != RST_OK)
			return err;
		rst_fact_put(txn, RST_FACT_NAMESAKES, shared);
	}
	*ret_shared = shared != 0;
	return RST_OK;
}

enum rst_err
rst_member_namesake(const struct rst_rtxn *txn, uint64_t group,
                    enum rst_via last, uint64_t id, struct rst_view name,
                    bool *ret_is)
{
	struct rst_mface face;
	struct rst_mkey key;
	uint64_t after = 0;
	enum rst_via via;
	enum rst_err err;

	*ret_is = false;
	while ((err = rst_mface_named(txn, name, &after, &face)) == RST_OK &&
	       face.id < id) {
		rst_mkey_entry(face.id, &key);
		err = rst_member_related(txn, group, &key, &via);
		*ret_is = err == RST_OK && via <= last;
		if (*ret_is || (err != RST_OK && err != RST_ENOTFOUND))
			break;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* The uid of an entry's row; RST_ENOTFOUND when it is not to be listed. */
static enum rst_err
print_name(const struct rst_rtxn *txn, const struct rst_record *record,
           uint64_t group, enum rst_via last, char *buf, size_t *ret_len)
{
	struct rst_view name = rst_member_name(record);
	bool shared = false, listed = false;
	enum rst_err err;

	if (name.ptr == NULL)
		return RST_ENOTFOUND;
	err = rst_member_names_shared(txn, &shared);
	if (err == RST_OK && shared)
		err = rst_member_namesake(txn, group, last, record->id, name,
		                          &listed);
	if (err == RST_OK && listed)
		err = RST_ENOTFOUND;
	return err != RST_OK ? err : print(name, buf, ret_len);
}

/* The value of row under attr, in a walk of vias up to last; RST_ENOTFOUND
 * when attr does not list it. */
static enum rst_err
print_row(const struct rst_rtxn *txn, const struct rst_mrow *row, uint16_t attr,
          enum rst_via last, struct rst_member_cursor *cursor, char *buf,
          size_t *ret_len)
{
	struct rst_record record;
	struct rst_view raw = { NULL, 0 };
	enum rst_err err;

	if (row->key.bytes[0] != 'e') {
		if ((row->key.bytes[0] == 'n') != (attr == RST_A_MEMBERUID))
			return RST_ENOTFOUND;
		if (row->text_len > 0)
			raw = rst_view(row->text, row->text_len);
		else if (!rst_mkey_raw(&row->key, &raw))
			return RST_ECORRUPT;
		return print(raw, buf, ret_len);
	}
	err = rst_record_read(txn, rst_mkey_id(&row->key), false, &record);
	if (err != RST_OK)
		return err == RST_ENOTFOUND ? RST_ECORRUPT : err;
	if (attr == RST_A_MEMBERUID)
		return print_name(txn, &record, row->group, last, buf, ret_len);
	return print_entry_dn(txn, &record, cursor, buf, ret_len);
}

/*
 * The row after the cursor in group by one of vias, ascending.  The cursor
 * keeps group, via and key, as they stand in a row's key.
 */
static enum rst_err
next_row(const struct rst_rtxn *txn, uint64_t group, unsigned int vias,
         struct rst_member_cursor *cursor, struct rst_mrow *ret_row)
{
	struct rst_mkey key;
	bool started = cursor->len > 9;
	enum rst_via via = RST_VIA_ROSTER;
	enum rst_err err = RST_ENOTFOUND;

	if (started) {
		if (!rst_mkey_parse(rst_view(cursor->key + 9, cursor->len - 9),
		                    &key))
			return RST_EINVALID;
		via = (enum rst_via)cursor->key[8];
		started = rst_get_be64(cursor->key) == group;
		if (!started)
			via = RST_VIA_ROSTER; /* the next group */
	}
	for (; err == RST_ENOTFOUND && via <= RST_VIA_LAST; via++) {
		if (vias & VIA_BIT(via))
			err = rst_mrow_after(txn, group, via,
			                     started ? &key : NULL, ret_row);
		started = false;
	}
	if (err == RST_OK)
		cursor->len = rst_mrow_key(group, ret_row->via, &ret_row->key,
		                           cursor->key);
	return err;
}

/* The groups in group, kept in the cursor as long as the snapshot. */
static enum rst_err
look_below(const struct rst_rtxn *txn, uint64_t group,
           struct rst_member_cursor *cursor)
{
	struct rst_ids below = { 0 };
	bool nests = false;
	enum rst_err err = RST_OK;

	if (cursor->below_of == group &&
	    cursor->below_txn == rst_txn_number(txn))
		return RST_OK;
	cursor->n_below = 0;
	if (!cursor->direct)
		err = rst_member_nests(txn, &nests);
	if (err == RST_OK && nests)
		err = rst_member_below(txn, group, &below, NULL);
	if (err == RST_OK) {
		/* the gate lets nobody make more */
		cursor->n_below =
			below.n < RST_NEST_GROUPS ? below.n : RST_NEST_GROUPS;
		for (size_t i = 0; i < cursor->n_below; i++)
			cursor->below[i] = below.items[i];
		cursor->below_of = group;
		cursor->below_txn = rst_txn_number(txn);
	}
	rst_ids_release(&below);
	return err;
}

/* The row of a group in group says who is in group by itself, too, or in one
 * of those in it that were walked before: listed then.  RST_ENOTFOUND: not. */
static enum rst_err
was_listed(const struct rst_rtxn *txn, uint64_t group,
           const struct rst_member_cursor *cursor, const struct rst_mrow *row)
{
	enum rst_err err = rst_member_related(txn, group, &row->key, NULL);

	for (size_t i = 0; err == RST_ENOTFOUND && i < cursor->n_below &&
	                   cursor->below[i] < row->group;
	     i++)
		err = rst_member_related(txn, cursor->below[i], &row->key,
		                         NULL);
	return err;
}

/* The next value of memberUid from a group in group. */
static enum rst_err
next_below(const struct rst_rtxn *txn, uint64_t group,
           struct rst_member_cursor *cursor, char *buf, size_t *ret_len)
{
	struct rst_mrow row = { 0 };
	uint64_t at;
	enum rst_err err;

	err = look_below(txn, group, cursor);
	if (err != RST_OK)
		return err;
	at = cursor->len > 9 ? rst_get_be64(cursor->key) : group;
	for (size_t i = 0; i < cursor->n_below; i++) {
		if (at != group && cursor->below[i] < at)
			continue;
		while ((err = next_row(txn, cursor->below[i], VIAS_NAMED,
		                       cursor, &row)) == RST_OK) {
			err = was_listed(txn, group, cursor, &row);
			if (err == RST_OK)
				err = RST_ENOTFOUND;
			else if (err == RST_ENOTFOUND)
				err = print_row(txn, &row, RST_A_MEMBERUID,
				                RST_VIA_PRIMARY, cursor, buf,
				                ret_len);
			rst_mrow_release(&row);
			if (err != RST_ENOTFOUND)
				return err;
		}
		if (err != RST_ENOTFOUND)
			return err;
	}
	return RST_ENOTFOUND;
}

unsigned int
rst_member_vias(const struct rst_record *group, uint16_t attr, bool hidden,
                enum rst_via *ret_last)
{
	unsigned int vias = VIA_BIT(RST_VIA_ROSTER);

	*ret_last = rst_member_via_of(attr);
	if (group->kind != RST_KIND_GROUP)
		return VIA_BIT(*ret_last);
	*ret_last = hidden ? RST_VIA_PRIMARY : RST_VIA_ROSTER;
	if (hidden)
		vias |= VIA_BIT(RST_VIA_PRIMARY);
	if (attr == RST_A_MEMBER)
		vias |= VIA_BIT(RST_VIA_GROUP);
	return vias;
}

enum rst_err
rst_member_next(const struct rst_rtxn *txn, const struct rst_record *group,
                uint16_t attr, bool hidden, struct rst_member_cursor *cursor,
                char *buf, size_t *ret_len)
{
	bool roster = group->kind == RST_KIND_GROUP;
	struct rst_mrow row = { 0 };
	enum rst_via last;
	unsigned int vias = rst_member_vias(group, attr, hidden, &last);
	enum rst_err err = RST_OK;

	if (rst_member_via_of(attr) == 0)
		return RST_EINVALID;
	if (roster && attr == RST_A_UNIQUEMEMBER)
		return RST_ENOTFOUND;
	while (cursor->len <= 9 || rst_get_be64(cursor->key) == group->id) {
		err = next_row(txn, group->id, vias, cursor, &row);
		if (err != RST_OK)
			break;
		err = print_row(txn, &row, attr, last, cursor, buf, ret_len);
		rst_mrow_release(&row);
		if (err != RST_ENOTFOUND)
			return err;
	}
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	if (!roster || attr != RST_A_MEMBERUID)
		return RST_ENOTFOUND;
	return next_below(txn, group->id, cursor, buf, ret_len);
}

enum rst_err
rst_member_normal(const struct rst_rtxn *txn,
                  const struct rst_member_cursor *cursor, char buf[RST_DN_MAX],
                  size_t *ret_len)
{
	struct rst_record record;
	struct rst_mkey key;
	struct rst_view raw;
	enum rst_err err;

	if (cursor->len <= 9 ||
	    !rst_mkey_parse(rst_view(cursor->key + 9, cursor->len - 9), &key))
		return RST_EINVALID;
	if (key.bytes[0] != 'e')
		return rst_mkey_raw(&key, &raw) ? print(raw, buf, ret_len)
		                                : RST_ENOTFOUND;
	err = rst_record_read(txn, rst_mkey_id(&key), false, &record);
	if (err == RST_OK)
		err = rst_member_dn(txn, &record, true, buf, ret_len);
	return err;
}

enum rst_err
rst_member_value(const struct rst_rtxn *txn, const struct rst_record *group,
                 uint16_t attr, struct rst_view nvalue,
                 struct rst_member_cursor *cursor, char *buf, size_t *ret_len)
{
	enum rst_via via = rst_member_via_of(attr);
	bool roster = group->kind == RST_KIND_GROUP;
	struct rst_mrow row = { 0 };
	struct rst_mkey key;
	enum rst_err err = RST_OK;

	if (via == 0 || via == RST_VIA_MEMBERUID)
		return RST_EINVALID;
	if (roster && via == RST_VIA_UNIQUEMEMBER)
		return RST_ENOTFOUND;
	if (roster)
		err = rst_mkey_of_dn(txn, nvalue, &key);
	else
		rst_mkey_value(nvalue, &key);
	if (err != RST_OK)
		return err;
	if (roster)
		err = rst_member_related(txn, group->id, &key, &via);
	if (err == RST_OK)
		err = rst_mrow_get(txn, group->id, via, &key, &row);
	if (err != RST_OK)
		return err;
	memset(cursor, 0, sizeof(*cursor));
	err = print_row(txn, &row, attr, via, cursor, buf, ret_len);
	rst_mrow_release(&row);
	return err;
}

enum rst_err
rst_member_next_id(const struct rst_rtxn *txn, uint64_t group,
                   struct rst_member_cursor *cursor, uint64_t *ret_member)
{
	struct rst_mrow row = { 0 };
	uint64_t id;
	enum rst_err err;

	do {
		err = next_row(txn, group, VIAS_ALL, cursor, &row);
		if (err != RST_OK)
			return err;
		id = rst_mkey_id(&row.key);
		if (row.key.bytes[0] == 'v')
			err = rst_member_entry_at(txn, &row, &id);
		rst_mrow_release(&row);
		if (err != RST_OK && err != RST_ENOTFOUND)
			return err;
	} while (id == 0);
	*ret_member = id;
	return RST_OK;
}

enum rst_err
rst_member_after(const struct rst_rtxn *txn, uint64_t group, uint64_t after,
                 uint64_t *ret_member)
{
	static const enum rst_via vias[] = { RST_VIA_ROSTER, RST_VIA_PRIMARY };
	uint64_t best = UINT64_MAX;
	struct rst_mkey key;

	rst_mkey_entry(after, &key);
	for (size_t i = 0; i < sizeof(vias) / sizeof(vias[0]); i++) {
		struct rst_mrow row = { 0 };
		uint64_t id;
		enum rst_err err =
			rst_mrow_after(txn, group, vias[i], &key, &row);

		if (err == RST_ENOTFOUND)
			continue;
		if (err != RST_OK)
			return err;
		id = rst_mkey_id(&row.key); /* 0: a raw name, after them all */
		rst_mrow_release(&row);
		if (id != 0 && id < best)
			best = id;
	}
	if (best == UINT64_MAX)
		return RST_ENOTFOUND;
	*ret_member = best;
	return RST_OK;
}
