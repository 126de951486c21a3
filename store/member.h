/* SPDX-License-Identifier: OLDAP-2.8 */
/* member.h - membership: a relation, not a value list
 *
 * A row says that a member is in a group by an attribute:
 *
 *	table member	group id, via, member key	-> the value as written,
 *							   when that is not what
 *							   the key would print
 *	table memberof	member key, group id, via	->
 *
 * transposes of each other.  A member key is an entry ('e' id), or, where no
 * such entry exists (yet), a raw name ('n' length bytes) or raw DN ('d' length
 * normalised bytes), or a DN that was written ('v'); long ones are cut and end
 * in a hash, since LMDB's keys have 511 bytes.
 *
 * Groups with rosterGroup keep one relation (RST_VIA_ROSTER, and
 * RST_VIA_PRIMARY for a member whose gidNumber is the group's); memberUid and
 * member are two views of it: memberUid lists the uid of every member that
 * has one and every raw name, member lists the DN of every member entry and
 * every raw DN.  Any other group keeps exactly what was written, whoever
 * comes, goes or is renamed: that is what back-mdb does, and overlay refint
 * changes it for who wants more.
 *
 * A rosterGroup may be a member of a rosterGroup (RST_VIA_GROUP).  member lists
 * it, memberUid lists who is in it; groups, memberOf and rights count both
 * ways in, see rst_member_nests().
 *
 * A membership in a rosterGroup may have an end: the group's rosterMemberUntil
 * says "TIME DN", and the member's rows in both tables carry the moment.  From
 * then on they are there for nobody whose transaction has a time (now_s).
 *
 * In rosterGroups, when an entry appears raw keys that mean it become its id,
 * when it is renamed nothing changes, and when it is deleted its rows end.  The
 * entry functions of store/entry.h call rst_member_entry_*() for that.
 */
#ifndef RST_MEMBER_H
#define RST_MEMBER_H

#include "store/entry.h"

enum rst_via {
	RST_VIA_ROSTER = 1,
	RST_VIA_PRIMARY = 2,
	RST_VIA_MEMBER = 3,
	RST_VIA_MEMBERUID = 4,
	RST_VIA_UNIQUEMEMBER = 5,
	/* A rosterGroup in a rosterGroup: those in it are in the other, too. */
	RST_VIA_GROUP = 6,
};
#define RST_VIA_LAST RST_VIA_GROUP

/* So many groups may a group have in it, at all depths together. */
#define RST_NEST_GROUPS 256
/* So many groups may stand in one another. */
#define RST_NEST_DEPTH 8
/* So many members of a group may have an end. */
#define RST_UNTIL_MAX 512

/* RST_A_MEMBER, RST_A_MEMBERUID or RST_A_UNIQUEMEMBER? */
bool rst_member_is_attr(uint16_t attr_id);

/* One change of one membership attribute. */
enum rst_member_verb {
	RST_MEMBER_ADD,
	RST_MEMBER_DROP,
	/*
	 * All values of the attribute that an ordinary answer lists: with
	 * primary-members hidden, hidden rows stay.
	 */
	RST_MEMBER_CLEAR,
	/* As ADD and DROP but content with what is already so. */
	RST_MEMBER_ENSURE,
	RST_MEMBER_ENSURE_NOT,
};
struct rst_member_op {
	enum rst_member_verb verb;
	uint16_t attr;          /* RST_A_MEMBER, ... */
	struct rst_view value;  /* as written */
	struct rst_view nvalue; /* normalised; for memberUid equal to value */
};

/* A row that came or went, for the journal. */
struct rst_member_delta {
	uint64_t group; /* 0 when it is read from the journal */
	bool added;
	enum rst_via via;
	char *key; /* owned: the member key's bytes */
	size_t key_len;
	char *text; /* owned: the value as written, or NULL for canonical */
	size_t text_len;
};
struct rst_member_deltas {
	struct rst_member_delta *items;
	size_t n, room;
};
void rst_member_deltas_release(struct rst_member_deltas *deltas);

/*
 * Carry out ops, in order, on the group with this id, whose record is already
 * stored.  Values that two attributes of a rosterGroup name alike in one
 * change mean one row.  RST_EEXISTS: an ADD of a value that is there
 * (attributeOrValueExists); RST_ENOTFOUND: a DROP of one that is not
 * (noSuchAttribute); *ret_at is then the op's number.  RST_EINVALID:
 * uniqueMember in a rosterGroup, or a value of RST_DN_MAX bytes or more.
 * Appends to deltas (may be NULL) what changed.
 */
enum rst_err rst_member_apply(struct rst_wtxn *txn, uint64_t group,
                              const struct rst_member_op *ops, size_t n_ops,
                              struct rst_member_deltas *deltas, size_t *ret_at)
	RST_MUST_USE;
/*
 * The same for a change that another server made, whose values of member and
 * memberUid are all there: a name without a DN in it is of nobody, and a DN
 * that goes without its name leaves the name.
 */
enum rst_err rst_member_apply_listed(struct rst_wtxn *txn, uint64_t group,
                                     const struct rst_member_op *ops,
                                     size_t n_ops,
                                     struct rst_member_deltas *deltas,
                                     size_t *ret_at) RST_MUST_USE;

/* By entry: the relation of a rosterGroup.  RST_EEXISTS, RST_ENOTFOUND. */
enum rst_err rst_member_join(struct rst_wtxn *txn, uint64_t group,
                             uint64_t member, struct rst_member_deltas *deltas)
	RST_MUST_USE;
enum rst_err rst_member_leave(struct rst_wtxn *txn, uint64_t group,
                              uint64_t member, struct rst_member_deltas *deltas)
	RST_MUST_USE;

/*
 * The member entry is in the group, hidden rows included, itself and not only
 * by a group in it: one or two gets.
 */
enum rst_err rst_member_is(const struct rst_rtxn *txn, uint64_t group,
                           uint64_t member, bool *ret_is) RST_MUST_USE;

/*
 * Do groups in groups count?  Setting "nested-groups" (default: on with the
 * lifecycle, off without); false also where no group was ever in another, so
 * that nobody pays who does not use it, and to who reads what is kept.
 */
enum rst_err rst_member_nests(const struct rst_rtxn *txn, bool *ret_nests)
	RST_MUST_USE;

/* Ids, ascending, each once. */
struct rst_ids {
	uint64_t *items; /* owned */
	size_t n, room;
};
/* Where id stands among n ascending ones, or is to stand. */
size_t rst_ids_place(const uint64_t *ids, size_t n, uint64_t id);
void rst_ids_release(struct rst_ids *ids);
bool rst_ids_has(const struct rst_ids *ids, uint64_t id);
enum rst_err rst_ids_add(struct rst_ids *ids, uint64_t id) RST_MUST_USE;

/*
 * The groups that group is in, and they are in...; those that are in group,
 * and in them...  Adds them to ids; *ret_depth (may be NULL) is the longest
 * way, and more than RST_NEST_DEPTH when there is a cycle.  A few gets for
 * each group.
 */
enum rst_err rst_member_above(const struct rst_rtxn *txn, uint64_t group,
                              struct rst_ids *ids, unsigned int *ret_depth)
	RST_MUST_USE;
enum rst_err rst_member_below(const struct rst_rtxn *txn, uint64_t group,
                              struct rst_ids *ids, unsigned int *ret_depth)
	RST_MUST_USE;
/* As rst_member_is(), or in a group that is in it, however deep. */
enum rst_err rst_member_within(const struct rst_rtxn *txn, uint64_t group,
                               uint64_t member, bool *ret_within) RST_MUST_USE;
/* As rst_member_of() below, and the groups that those are in. */
enum rst_err rst_member_of_all(const struct rst_rtxn *txn, uint64_t member,
                               uint64_t after, uint64_t *ids, size_t max,
                               size_t *ret_n) RST_MUST_USE;

/*
 * A value of rosterMemberUntil: "YYYYMMDDhhmmssZ DN".  False for anything
 * else; the DN, borrowed, is not looked at.
 */
bool rst_until_parse(struct rst_view value, int64_t *ret_until_s,
                     struct rst_view *ret_dn);
/*
 * A value as it is to be once the entry from is called to (DNs as written): in
 * buf, if it names that entry or one below it; else value itself.
 */
#define RST_UNTIL_VALUE (RST_DN_MAX + 16) /* "20270101000000Z " before it */
enum rst_err rst_until_renamed(const struct rst_rtxn *txn,
                               struct rst_view value, struct rst_view from,
                               struct rst_view to, char buf[RST_UNTIL_VALUE],
                               struct rst_view *ret_value) RST_MUST_USE;
/* When member leaves group; 0 for never, also when it is not in it. */
enum rst_err rst_member_until(const struct rst_rtxn *txn, uint64_t group,
                              uint64_t member, int64_t *ret_until_s)
	RST_MUST_USE;

/*
 * The group's attribute attr has the value with normal form nvalue; hidden
 * rows count (filters, compare and ACLs see them), and for memberUid who is in
 * a group in it.  One or two gets, however large the group, and as many for
 * each group in it.
 */
enum rst_err rst_member_has(const struct rst_rtxn *txn,
                            const struct rst_record *group, uint16_t attr,
                            struct rst_view nvalue, bool *ret_has) RST_MUST_USE;

/* False: the entry is no group that has, or had, members.  One seek. */
bool rst_member_rows(const struct rst_rtxn *txn, uint64_t group);

/* The group has any value of attr (any relation row when attr is 0), or it
 * cannot be read whether. */
bool rst_member_any(const struct rst_rtxn *txn, const struct rst_record *group,
                    uint16_t attr);

/* Groups whose attr has nvalue, ascending, after *after: see
 * rst_index_equal(). */
enum rst_err rst_member_groups_with(const struct rst_rtxn *txn, uint16_t attr,
                                    struct rst_view nvalue, uint64_t after,
                                    uint64_t *ids, size_t max, size_t *ret_n)
	RST_MUST_USE;

/*
 * Groups that a member entry is in through a rosterGroup, member or
 * uniqueMember: what memberOf lists.  Ascending, after *after.
 */
enum rst_err rst_member_of(const struct rst_rtxn *txn, uint64_t member,
                           uint64_t after, uint64_t *ids, size_t max,
                           size_t *ret_n) RST_MUST_USE;

/*
 * Walk the values of attr in group.  Zero the cursor to start.  hidden says
 * whether primary rows are walked too (slapcat, replicators, "list"); pass
 * rst_member_shows_primary() for an ordinary answer.  The value as it would
 * be printed is put in buf (RST_DN_MAX bytes); RST_ENOTFOUND at the end.  The
 * walk may go on in a later transaction.
 */
struct rst_member_cursor {
	bool direct; /* without those who are in a group in it */
	size_t n_below;
	uint64_t below_of, below_txn; /* whose groups, in which snapshot */
	uint64_t below[RST_NEST_GROUPS];
	char key[9 + 512];
	size_t len;
	uint64_t txn;    /* the snapshot in which parent_dn was cached */
	uint64_t parent; /* whose DN is cached in parent_dn */
	char parent_dn[RST_DN_MAX];
	size_t parent_dn_len;
};
enum rst_err rst_member_next(const struct rst_rtxn *txn,
                             const struct rst_record *group, uint16_t attr,
                             bool hidden, struct rst_member_cursor *cursor,
                             char *buf, size_t *ret_len) RST_MUST_USE;
/*
 * All values of attr in group at once, in the order of rst_member_next();
 * direct as in its cursor.  A value is name, then above; with normal (not for
 * memberUid) its normal form is nname, then nabove, or is yet to be made where
 * nname.ptr is NULL.  The views end with each().
 */
struct rst_member_item {
	struct rst_view name, above, nname, nabove;
};
typedef enum rst_err rst_member_each(void *arg,
                                     const struct rst_member_item *item);
enum rst_err rst_member_list(const struct rst_rtxn *txn,
                             const struct rst_record *group, uint16_t attr,
                             bool hidden, bool direct, bool normal,
                             rst_member_each *each, void *arg) RST_MUST_USE;
/*
 * The normal form of the value of member or uniqueMember that the walk gave
 * last, without normalising anything.  RST_ENOTFOUND: it is a very long one,
 * of which only a part is kept.
 */
enum rst_err rst_member_normal(const struct rst_rtxn *txn,
                               const struct rst_member_cursor *cursor,
                               char buf[RST_DN_MAX], size_t *ret_len)
	RST_MUST_USE;
/*
 * The one value of member or uniqueMember with normal form nvalue as the walk
 * would print it, hidden or not: a few gets.  RST_ENOTFOUND when the group
 * does not have it.  cursor is working space.
 */
enum rst_err rst_member_value(const struct rst_rtxn *txn,
                              const struct rst_record *group, uint16_t attr,
                              struct rst_view nvalue,
                              struct rst_member_cursor *cursor, char *buf,
                              size_t *ret_len) RST_MUST_USE;
/* Walk the member entries of a group the same way, groups in it included but
 * not who is in those. */
enum rst_err rst_member_next_id(const struct rst_rtxn *txn, uint64_t group,
                                struct rst_member_cursor *cursor,
                                uint64_t *ret_member) RST_MUST_USE;
/*
 * The first entry after id after that is in this rosterGroup itself, and not
 * only by a group in it: two seeks, however large it is.  RST_ENOTFOUND.
 */
enum rst_err rst_member_after(const struct rst_rtxn *txn, uint64_t group,
                              uint64_t after, uint64_t *ret_member)
	RST_MUST_USE;
uint64_t rst_member_count(const struct rst_rtxn *txn, uint64_t group);
/* It is more than 0, without counting on. */
enum rst_err rst_member_lives(const struct rst_rtxn *txn, uint64_t group,
                              bool *ret_lives) RST_MUST_USE;

/* The setting "primary-members" (default: list without the lifecycle, hide
 * with it) lets ordinary answers list rows of RST_VIA_PRIMARY. */
enum rst_err rst_member_shows_primary(const struct rst_rtxn *txn,
                                      bool *ret_shows) RST_MUST_USE;

/*
 * For store/entry.c: the entry was added, was changed (uid, gidNumber or
 * class; before is what it was), goes away.  The records are not borrowed from
 * the map: rows are written while they are read.
 *
 * txn->followed gets the rows by which a group now has other values than
 * before, whether it is the entry or another one.  Rows that say the same in
 * another way (a DN that became an entry, a member that became primary) are
 * not noted.
 */
enum rst_err rst_member_entry_added(struct rst_wtxn *txn,
                                    const struct rst_record *entry,
                                    struct rst_view ndn) RST_MUST_USE;
enum rst_err rst_member_entry_changed(struct rst_wtxn *txn,
                                      const struct rst_record *before,
                                      const struct rst_record *after)
	RST_MUST_USE;
enum rst_err rst_member_entry_dropped(struct rst_wtxn *txn,
                                      const struct rst_record *entry)
	RST_MUST_USE;

#endif
