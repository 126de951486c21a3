/* SPDX-License-Identifier: OLDAP-2.8 */
/* member.c - changes of membership
 *
 * In an ordinary group an op is a row.  In a rosterGroup memberUid and member
 * are two names for the same row, so one change may well say both:
 *
 *	add: memberUid		alice
 *	add: member		uid=alice,ou=people,dc=example
 *
 * The second op finds a row that the same change made under the other name,
 * and is content.  So every op leaves a mark: which row, by which attribute,
 * added or dropped.
 *
 * When several entries have one uid a name says less than a DN.  A DN of the
 * same change explains it: memberUid alice then means that DN's entry, or,
 * while nobody is there, becomes a raw name paired with the raw DN.
 *
 * A change that replicates another server's list says every value of both.
 * There a name without a DN is of nobody, even if there is an entry of that
 * name here: in a refresh that entry may be about to go.
 */
#include "store/member_priv.h"

#include <stdlib.h>

#include "store/tree.h"

enum mark_bit {
	MARK_ADDED = 1 << 0, /* shifted by MARK_OF_*() */
	MARK_DROPPED = 1 << 1,
};

/* One row, or one uid, that a change has touched. */
struct mark {
	unsigned char digest[16];
	bool used;
	unsigned char by_dn, by_name; /* enum mark_bit */
	size_t op;                    /* of a uid: the op with its DN */
};

struct marks {
	struct mark *slots;
	size_t n_slots; /* a power of two, above twice the ops */
};

struct change {
	struct rst_wtxn *txn;
	struct rst_mgroup group;
	const struct rst_member_op *ops, *op; /* all; the one at hand */
	size_t n_ops;
	bool listed;        /* as another server lists it */
	bool names_cleared; /* and it listed no name any more, up to here */
	struct rst_member_deltas *deltas;
	struct marks rows; /* of member keys */
	struct marks uids; /* of uids that DNs of this change begin with */
};

static enum rst_err
marks_init(struct marks *marks, size_t n_ops)
{
	size_t n = 8;

	while (n / 2 <= n_ops)
		n *= 2;
	marks->slots = calloc(n, sizeof(*marks->slots));
	marks->n_slots = n;
	return marks->slots != NULL ? RST_OK : RST_ENOMEM;
}

/* The slot of bytes, or the free one where it belongs. */
static struct mark *
mark_seek(const struct marks *marks, struct rst_view bytes,
          unsigned char digest[16])
{
	struct mark *mark;
	size_t at;

	crypto_generichash(digest, 16, (const unsigned char *)bytes.ptr,
	                   bytes.len, NULL, 0);
	memcpy(&at, digest, sizeof(at));
	do
		mark = &marks->slots[at++ & (marks->n_slots - 1)];
	while (mark->used && memcmp(mark->digest, digest, 16) != 0);
	return mark;
}

/* The slot of bytes, made now if need be: at most two for each op. */
static struct mark *
mark_of(struct marks *marks, struct rst_view bytes)
{
	unsigned char digest[16];
	struct mark *mark = mark_seek(marks, bytes, digest);

	if (!mark->used) {
		mark->used = true;
		memcpy(mark->digest, digest, sizeof(digest));
	}
	return mark;
}

static struct mark *
row_mark(struct change *change, const struct rst_mkey *key)
{
	return mark_of(&change->rows, rst_view(key->bytes, key->len));
}

static unsigned char *
mark_bits(struct mark *mark, uint16_t attr)
{
	return attr == RST_A_MEMBERUID ? &mark->by_name : &mark->by_dn;
}

/* The other attribute of the relation has done bit to this row already. */
static bool
other_did(struct mark *mark, uint16_t attr, enum mark_bit bit)
{
	bool name = attr == RST_A_MEMBERUID;

	return ((name ? mark->by_dn : mark->by_name) & bit) != 0 &&
	       ((name ? mark->by_name : mark->by_dn) & bit) == 0;
}

/* This change has added the row by the other attribute. */
static bool
spared(const struct change *change, const struct rst_mkey *key, uint16_t attr)
{
	unsigned char digest[16];

	return other_did(mark_seek(&change->rows,
	                           rst_view(key->bytes, key->len), digest),
	                 attr, MARK_ADDED);
}

static void
did(struct mark *mark, uint16_t attr, enum mark_bit bit)
{
	const unsigned int other = bit ^ (MARK_ADDED | MARK_DROPPED);
	unsigned char *bits = mark_bits(mark, attr);

	*bits = (unsigned char)((*bits | bit) & ~other);
}

/* Note the uids of the DNs that this change adds. */
static enum rst_err
note_uids(struct change *change)
{
	const struct rst_member_op *op;
	struct rst_view uid;
	enum rst_err err;

	err = marks_init(&change->uids, change->n_ops);
	for (size_t i = 0; err == RST_OK && i < change->n_ops; i++) {
		op = &change->ops[i];
		if (op->attr != RST_A_MEMBER || (op->verb != RST_MEMBER_ADD &&
		                                 op->verb != RST_MEMBER_ENSURE))
			continue;
		uid = rst_member_uid_rdn(op->nvalue);
		if (uid.ptr != NULL)
			mark_of(&change->uids, uid)->op = i;
	}
	return err;
}

/* The op of this change whose DN explains the name, or NULL. */
static const struct rst_member_op *
dn_op_of(const struct change *change, struct rst_view name)
{
	char buf[RST_NORMAL_MAX];
	unsigned char digest[16];
	struct mark *mark;
	size_t len;

	if (rst_normalise(RST_MATCH_IGNORE, name, buf, &len) != RST_OK)
		return NULL;
	mark = mark_seek(&change->uids, rst_view(buf, len), digest);
	return mark->used ? &change->ops[mark->op] : NULL;
}

/* The entry a DN means; RST_ENOTFOUND. */
static enum rst_err
entry_of(const struct change *change, struct rst_view ndn,
         struct rst_mface *ret_face)
{
	uint64_t id;
	enum rst_err err;

	err = rst_tree_find(&change->txn->r, ndn, &id, NULL);
	if (err == RST_OK)
		err = rst_mface_get(&change->txn->r, id, ret_face);
	return err;
}

/* The raw DN of op is in the group, or about to be; RST_ENOTFOUND. */
static enum rst_err
stands(const struct change *change, const struct rst_member_op *op)
{
	struct rst_mkey key;

	rst_mkey_dn(op->nvalue, &key);
	return op > change->op
	               ? RST_OK
	               : rst_mrow_find(&change->txn->r, change->group.id,
	                               RST_VIA_ROSTER, &key);
}

/*
 * The entry a name means: one of that name that is in the group already, or
 * what a DN of this change says, or the first account of that name.
 * RST_ENOTFOUND; *ret_paired then says whether a DN of this change explains
 * it.
 */
static enum rst_err
entry_named(struct change *change, struct rst_view name,
            struct rst_mface *ret_face, bool *ret_paired)
{
	const struct rst_member_op *op;
	struct rst_mface face, account = { 0 };
	struct rst_mkey key;
	uint64_t after = 0;
	enum rst_err err;

	*ret_paired = false;
	for (;;) {
		err = rst_mface_named(&change->txn->r, name, &after, &face);
		if (err == RST_ENOTFOUND)
			break;
		if (err != RST_OK)
			return err;
		rst_mkey_entry(face.id, &key);
		err = rst_member_related(&change->txn->r, change->group.id,
		                         &key, NULL);
		if (err == RST_OK)
			*ret_face = face;
		if (err != RST_ENOTFOUND)
			return err;
		if (account.id == 0 && face.by_name)
			account = face;
	}
	op = dn_op_of(change, name);
	if (op != NULL) {
		rst_mkey_name(name, &key);
		err = entry_of(change, op->nvalue, &face);
		if (err == RST_ENOTFOUND) {
			err = stands(change, op);
			*ret_paired = err == RST_OK;
			if (err == RST_OK)
				return RST_ENOTFOUND;
		}
		if (err == RST_OK && face.named &&
		    rst_mkey_equal(&face.name, &key))
			*ret_face = face;
		else if (err == RST_OK)
			err = RST_ENOTFOUND;
		if (err != RST_ENOTFOUND)
			return err;
	}
	*ret_face = account;
	return account.id != 0 && !change->listed ? RST_OK : RST_ENOTFOUND;
}

/* What to keep beside a key so that value is printed again. */
static struct rst_view
text_beside(struct rst_view value, struct rst_view printed)
{
	return rst_view_equal(value, printed) ? RST_VIEW("") : value;
}

static enum rst_err
put_raw(struct change *change, enum rst_via via, const struct rst_mkey *key,
        struct rst_view value, enum rst_mrow_flag flag)
{
	struct rst_view raw = { NULL, 0 };
	struct rst_view text = value;

	if (rst_mkey_raw(key, &raw))
		text = text_beside(value, raw);
	if (flag == RST_MROW_PLAIN && text.len > 0)
		flag = RST_MROW_TEXT;
	return rst_mrow_put(change->txn, change->group.id, via, key, flag, text,
	                    change->deltas);
}

/* What was done to the row from was done to the row to: it took its place. */
static void
inherit_mark(struct change *change, const struct rst_mkey *from,
             const struct rst_mkey *to)
{
	unsigned char digest[16];
	struct mark mark = *mark_seek(&change->rows,
	                              rst_view(from->bytes, from->len), digest);
	struct mark *its;

	if (!mark.used)
		return;
	its = row_mark(change, to);
	its->by_name |= mark.by_name;
	its->by_dn |= mark.by_dn;
}

/* A raw name stands alone from now on: it is the first account of that name,
 * or stays raw. */
static enum rst_err
free_name(struct change *change, const struct rst_mrow *row)
{
	struct rst_view text = rst_view(row->text, row->text_len), name = text;
	const struct rst_member_op *explained;
	struct rst_mface face;
	struct rst_mkey key;
	uint64_t after = 0;
	enum rst_err err;

	if (name.len == 0 && !rst_mkey_raw(&row->key, &name))
		return RST_ECORRUPT;
	explained = dn_op_of(change, name);
	if (explained != NULL && explained > change->op)
		return RST_OK; /* its DN is yet to come */
	do
		err = rst_mface_named(&change->txn->r, name, &after, &face);
	while (err == RST_OK && !face.by_name);
	if (err == RST_OK && change->listed)
		err = RST_ENOTFOUND;
	if (err == RST_OK) {
		rst_mkey_entry(face.id, &key);
		inherit_mark(change, &row->key, &key);
		return rst_member_put(change->txn, &change->group, &face,
		                      change->deltas);
	}
	if (err != RST_ENOTFOUND)
		return err;
	return rst_mrow_put(
		change->txn, change->group.id, RST_VIA_ROSTER, &row->key,
		text.len > 0 ? RST_MROW_TEXT : RST_MROW_PLAIN, text, NULL);
}

/* A raw DN ends, and with it what it says of the raw name it came with. */
static enum rst_err
unpair(struct change *change, struct rst_view ndn)
{
	struct rst_view uid = rst_member_uid_rdn(ndn);
	struct rst_mrow row = { 0 };
	struct rst_mkey key;
	enum rst_err err;

	if (uid.ptr == NULL)
		return RST_OK;
	rst_mkey_name(uid, &key);
	err = rst_mrow_get(&change->txn->r, change->group.id, RST_VIA_ROSTER,
	                   &key, &row);
	if (err == RST_OK && row.flag == RST_MROW_PAIRED)
		err = free_name(change, &row);
	rst_mrow_release(&row);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* Which row of the relation an op means; id 0 in *ret_face for a raw one. */
static enum rst_err
roster_row(struct change *change, const struct rst_member_op *op,
           struct rst_mface *ret_face, struct rst_mkey *ret_key,
           bool *ret_paired)
{
	enum rst_err err;

	*ret_paired = false;
	if (op->attr == RST_A_MEMBERUID)
		err = entry_named(change, op->value, ret_face, ret_paired);
	else
		err = entry_of(change, op->nvalue, ret_face);
	if (err == RST_OK)
		rst_mkey_entry(ret_face->id, ret_key);
	if (err != RST_ENOTFOUND)
		return err;
	ret_face->id = 0;
	if (op->attr == RST_A_MEMBERUID)
		rst_mkey_name(op->value, ret_key);
	else
		rst_mkey_dn(op->nvalue, ret_key);
	return RST_OK;
}

static enum rst_err
roster_add(struct change *change, const struct rst_member_op *op)
{
	struct rst_mface face;
	struct rst_mkey key;
	struct mark *mark;
	bool paired;
	enum rst_err err;

	err = roster_row(change, op, &face, &key, &paired);
	if (err != RST_OK)
		return err;
	mark = row_mark(change, &key);
	err = rst_member_related(&change->txn->r, change->group.id, &key, NULL);
	if (err == RST_OK && op->verb == RST_MEMBER_ADD && !change->listed &&
	    !other_did(mark, op->attr, MARK_ADDED))
		return RST_EEXISTS;
	if (err == RST_ENOTFOUND && face.id != 0)
		err = rst_member_put(change->txn, &change->group, &face,
		                     change->deltas);
	else if (err == RST_ENOTFOUND)
		err = put_raw(change, RST_VIA_ROSTER, &key, op->value,
		              paired ? RST_MROW_PAIRED : RST_MROW_PLAIN);
	if (err == RST_OK)
		did(mark, op->attr, MARK_ADDED);
	return err;
}

/* Drop one row; RST_ENOTFOUND if it is not there. */
static enum rst_err
drop_row(struct change *change, const struct rst_mkey *key)
{
	struct rst_view ndn;
	enum rst_via via;
	enum rst_err err;

	err = rst_member_related(&change->txn->r, change->group.id, key, &via);
	if (err == RST_OK)
		err = rst_mrow_drop(change->txn, change->group.id, via, key,
		                    change->deltas);
	if (err == RST_OK && key->bytes[0] == 'd' && rst_mkey_raw(key, &ndn))
		err = unpair(change, ndn);
	return err;
}

/*
 * Another server lists its DN no more.  Its name it still does, unless this
 * change said otherwise, or will.
 */
static enum rst_err
leave_name(struct change *change, const struct rst_mkey *key,
           const struct rst_mface *face)
{
	struct mark *mark = row_mark(change, key);
	struct rst_view name;

	if (!change->listed || face->id == 0 || !face->named ||
	    (mark->by_name & MARK_DROPPED) ||
	    (change->names_cleared && !(mark->by_name & MARK_ADDED)) ||
	    !rst_mkey_raw(&face->name, &name))
		return RST_OK;
	return put_raw(change, RST_VIA_ROSTER, &face->name, name,
	               RST_MROW_PLAIN);
}

/* Drop the members of one name that are left: memberUid lists it once. */
static enum rst_err
drop_namesakes(struct change *change, const struct rst_member_op *op)
{
	struct rst_mface face;
	struct rst_mkey key;
	uint64_t after = 0;
	enum rst_err err;

	while ((err = rst_mface_named(&change->txn->r, op->value, &after,
	                              &face)) == RST_OK) {
		rst_mkey_entry(face.id, &key);
		err = drop_row(change, &key);
		if (err != RST_OK && err != RST_ENOTFOUND)
			return err;
	}
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
roster_drop(struct change *change, const struct rst_member_op *op)
{
	struct rst_mface face = { .id = 0 };
	struct rst_mkey key;
	struct mark *mark;
	bool paired;
	enum rst_err err;

	err = roster_row(change, op, &face, &key, &paired);
	if (err != RST_OK)
		return err;
	mark = row_mark(change, &key);
	/* of another server's lists it is the DN that counts */
	if (change->listed && op->attr == RST_A_MEMBERUID && face.id != 0) {
		did(mark, op->attr, MARK_DROPPED);
		return RST_OK;
	}
	err = drop_row(change, &key);
	if (err == RST_OK && op->attr == RST_A_MEMBER)
		err = leave_name(change, &key, &face);
	if (err == RST_ENOTFOUND && (op->verb == RST_MEMBER_ENSURE_NOT ||
	                             other_did(mark, op->attr, MARK_DROPPED)))
		err = RST_OK;
	if (err == RST_OK && op->attr == RST_A_MEMBERUID && face.id != 0)
		err = drop_namesakes(change, op);
	if (err == RST_OK)
		did(mark, op->attr, MARK_DROPPED);
	return err;
}

/* Drop every row of via that attr lists, but what this change added by the
 * other attribute. */
static enum rst_err
roster_clear_via(struct change *change, uint16_t attr, enum rst_via via)
{
	struct rst_mrow row = { 0 };
	struct rst_mface face = { .id = 0 };
	struct rst_mkey last = { 0 };
	bool listed;
	enum rst_err err;

	for (;;) {
		rst_mrow_release(&row);
		err = rst_mrow_after(&change->txn->r, change->group.id, via,
		                     last.len > 0 ? &last : NULL, &row);
		if (err != RST_OK)
			break;
		last = row.key;
		listed = row.key.bytes[0] ==
		         (attr == RST_A_MEMBERUID ? 'n' : 'd');
		if (row.key.bytes[0] == 'e') {
			err = rst_mface_get(&change->txn->r,
			                    rst_mkey_id(&row.key), &face);
			if (err != RST_OK)
				break;
			listed = attr == RST_A_MEMBER ||
			         (face.named && !change->listed);
		}
		if (!listed || (spared(change, &row.key, attr) &&
		                !(change->listed && attr == RST_A_MEMBER)))
			continue;
		err = rst_mrow_drop(change->txn, change->group.id, via,
		                    &row.key, change->deltas);
		if (err == RST_OK && row.key.bytes[0] == 'e')
			err = leave_name(change, &row.key, &face);
		if (err != RST_OK)
			break;
	}
	rst_mrow_release(&row);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* All raw DNs have gone: every name that was paired with one stands alone. */
static enum rst_err
unpair_all(struct change *change)
{
	struct rst_mrow row = { 0 };
	struct rst_mkey last;
	enum rst_err err;

	rst_mkey_name(RST_VIEW(""), &last); /* the first of all names */
	for (;;) {
		rst_mrow_release(&row);
		err = rst_mrow_after(&change->txn->r, change->group.id,
		                     RST_VIA_ROSTER, &last, &row);
		if (err != RST_OK)
			break;
		last = row.key;
		if (row.flag == RST_MROW_PAIRED)
			err = free_name(change, &row);
		if (err != RST_OK)
			break;
	}
	rst_mrow_release(&row);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
roster_clear(struct change *change, uint16_t attr)
{
	bool shows = false;
	enum rst_err err;

	if (attr == RST_A_MEMBERUID)
		change->names_cleared = true;
	err = roster_clear_via(change, attr, RST_VIA_ROSTER);
	if (err == RST_OK)
		err = rst_member_shows_primary(&change->txn->r, &shows);
	if (err == RST_OK && shows)
		err = roster_clear_via(change, attr, RST_VIA_PRIMARY);
	if (err == RST_OK && attr == RST_A_MEMBER)
		err = roster_clear_via(change, attr, RST_VIA_GROUP);
	if (err == RST_OK && attr == RST_A_MEMBER)
		err = unpair_all(change);
	return err;
}

static enum rst_err
roster_op(struct change *change, const struct rst_member_op *op)
{
	/* One relation has no place for a third name */
	if (op->attr == RST_A_UNIQUEMEMBER)
		return op->verb == RST_MEMBER_CLEAR ? RST_OK : RST_EINVALID;
	switch (op->verb) {
	case RST_MEMBER_ADD:
	case RST_MEMBER_ENSURE:
		return roster_add(change, op);
	case RST_MEMBER_DROP:
	case RST_MEMBER_ENSURE_NOT:
		return roster_drop(change, op);
	case RST_MEMBER_CLEAR:
		return roster_clear(change, op->attr);
	}
	return RST_EINVALID;
}

static enum rst_err
plain_clear(struct change *change, enum rst_via via)
{
	struct rst_mrow row = { 0 };
	enum rst_err err;

	do {
		rst_mrow_release(&row);
		err = rst_mrow_after(&change->txn->r, change->group.id, via,
		                     NULL, &row);
		if (err == RST_OK)
			err = rst_mrow_drop(change->txn, change->group.id, via,
			                    &row.key, change->deltas);
	} while (err == RST_OK);
	rst_mrow_release(&row);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
plain_add(struct change *change, const struct rst_member_op *op,
          enum rst_via via, const struct rst_mkey *key)
{
	enum rst_err err =
		rst_mrow_find(&change->txn->r, change->group.id, via, key);

	if (err == RST_OK && op->verb != RST_MEMBER_ENSURE)
		err = RST_EEXISTS;
	return err == RST_ENOTFOUND
	               ? put_raw(change, via, key, op->value, RST_MROW_PLAIN)
	               : err;
}

/* One op on a group that keeps what was written. */
static enum rst_err
plain_op(struct change *change, const struct rst_member_op *op)
{
	enum rst_via via = rst_member_via_of(op->attr);
	struct rst_mkey key;
	enum rst_err err;

	if (op->verb == RST_MEMBER_CLEAR)
		return plain_clear(change, via);
	if (op->attr == RST_A_MEMBERUID)
		rst_mkey_name(op->value, &key);
	else
		rst_mkey_value(op->nvalue, &key);
	switch (op->verb) {
	case RST_MEMBER_ADD:
	case RST_MEMBER_ENSURE:
		return plain_add(change, op, via, &key);
	case RST_MEMBER_DROP:
	case RST_MEMBER_ENSURE_NOT:
		err = rst_mrow_drop(change->txn, change->group.id, via, &key,
		                    change->deltas);
		if (err == RST_ENOTFOUND && op->verb == RST_MEMBER_ENSURE_NOT)
			err = RST_OK;
		return err;
	case RST_MEMBER_CLEAR:
		break;
	}
	return RST_EINVALID;
}

static enum rst_err
apply(struct change *change, uint64_t group, size_t *ret_at)
{
	const struct rst_member_op *ops = change->ops;
	size_t i = 0;
	enum rst_err err;

	err = rst_mgroup_get(&change->txn->r, group, &change->group);
	if (err == RST_OK)
		err = marks_init(&change->rows, change->n_ops);
	if (err == RST_OK)
		err = note_uids(change);
	for (; err == RST_OK && i < change->n_ops; i++) {
		change->op = &ops[i];
		if (!rst_member_is_attr(ops[i].attr) ||
		    ops[i].value.len >= RST_DN_MAX ||
		    ops[i].nvalue.len >= RST_DN_MAX)
			err = RST_EINVALID;
		else if (change->group.roster)
			err = roster_op(change, &ops[i]);
		else
			err = plain_op(change, &ops[i]);
		if (err != RST_OK)
			break;
	}
	if (err != RST_OK && ret_at != NULL)
		*ret_at = i;
	free(change->rows.slots);
	free(change->uids.slots);
	return err;
}

enum rst_err
rst_member_apply(struct rst_wtxn *txn, uint64_t group,
                 const struct rst_member_op *ops, size_t n_ops,
                 struct rst_member_deltas *deltas, size_t *ret_at)
{
	struct change change = {
		.txn = txn, .ops = ops, .n_ops = n_ops, .deltas = deltas
	};

	return apply(&change, group, ret_at);
}

enum rst_err
rst_member_apply_listed(struct rst_wtxn *txn, uint64_t group,
                        const struct rst_member_op *ops, size_t n_ops,
                        struct rst_member_deltas *deltas, size_t *ret_at)
{
	struct change change = { .txn = txn,
		                 .ops = ops,
		                 .n_ops = n_ops,
		                 .listed = true,
		                 .deltas = deltas };

	return apply(&change, group, ret_at);
}

enum rst_err
rst_member_join(struct rst_wtxn *txn, uint64_t group, uint64_t member,
                struct rst_member_deltas *deltas)
{
	struct rst_mgroup its;
	struct rst_mface face;
	struct rst_mkey key;
	enum rst_err err;

	err = rst_mgroup_get(&txn->r, group, &its);
	if (err == RST_OK)
		err = rst_mface_get(&txn->r, member, &face);
	if (err != RST_OK)
		return err;
	if (!its.roster)
		return RST_EINVALID;
	rst_mkey_entry(member, &key);
	err = rst_member_related(&txn->r, group, &key, NULL);
	if (err == RST_OK)
		err = RST_EEXISTS;
	return err == RST_ENOTFOUND ? rst_member_put(txn, &its, &face, deltas)
	                            : err;
}

enum rst_err
rst_member_leave(struct rst_wtxn *txn, uint64_t group, uint64_t member,
                 struct rst_member_deltas *deltas)
{
	struct rst_mkey key;
	enum rst_via via;
	enum rst_err err;

	rst_mkey_entry(member, &key);
	err = rst_member_related(&txn->r, group, &key, &via);
	return err == RST_OK ? rst_mrow_drop(txn, group, via, &key, deltas)
	                     : err;
}
