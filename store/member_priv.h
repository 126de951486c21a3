/* SPDX-License-Identifier: OLDAP-2.8 */
/* member_priv.h - what the files of the membership relation share
 *
 *	member_row.c	keys and rows: both tables move together
 *	member_face.c	what a group and a member look like to the relation
 *	member.c	changes: apply, join, leave
 *	member_view.c	questions and walks
 *	member_count.c	how many there are
 *	member_list.c	a whole list at once
 *	member_groups.c	which groups somebody is in
 *	member_nest.c	groups in groups
 *	member_until.c	memberships that end
 *	member_follow.c	entries that appear, change and go
 *	member_check.c	the invariants, for rst_check()
 */
#ifndef RST_MEMBER_PRIV_H
#define RST_MEMBER_PRIV_H

#include "store/env_priv.h"
#include "store/member.h"

/*
 * A member key, self-delimiting:
 *
 *	'e' id(8)		an entry
 *	'n' length(2) bytes	a raw name
 *	'd' length(2) bytes	a raw DN, normalised, in a rosterGroup
 *	'v' length(2) bytes	a DN, normalised, in an ordinary group: what was
 *				written, whoever stands there
 *
 * A name or DN of more than RST_RAW_WHOLE bytes is cut to RST_RAW_HEAD and
 * ended by its BLAKE2b-256, so that no row's key is longer than LMDB takes;
 * its length then is RST_RAW_CUT, which no whole one has.
 */
#define RST_RAW_HEAD  467
#define RST_RAW_CUT   (RST_RAW_HEAD + 32)
#define RST_RAW_WHOLE (RST_RAW_CUT - 1)
#define RST_MKEY_MAX  (3 + RST_RAW_CUT)
#define RST_MROW_MAX  (RST_MKEY_MAX + 9) /* 511, LMDB's limit */

struct rst_mkey {
	size_t len;
	char bytes[RST_MKEY_MAX];
};

/* Sets of vias. */
#define VIA_BIT(via) (1u << (via))
#define VIAS_RELATION                                                          \
	(VIA_BIT(RST_VIA_ROSTER) | VIA_BIT(RST_VIA_PRIMARY) |                  \
	 VIA_BIT(RST_VIA_GROUP))

#define VIAS_NAMED (VIA_BIT(RST_VIA_ROSTER) | VIA_BIT(RST_VIA_PRIMARY))
#define VIAS_ALL   (VIA_BIT(RST_VIA_LAST + 1) - 1)

void rst_mkey_entry(uint64_t id, struct rst_mkey *ret_key);
void rst_mkey_name(struct rst_view name, struct rst_mkey *ret_key);
void rst_mkey_dn(struct rst_view ndn, struct rst_mkey *ret_key);
void rst_mkey_value(struct rst_view ndn, struct rst_mkey *ret_key);
/* The key that a DN means in a rosterGroup: an entry's or a raw one. */
enum rst_err rst_mkey_of_dn(const struct rst_rtxn *txn, struct rst_view ndn,
                            struct rst_mkey *ret_key) RST_MUST_USE;
/* The key under which ordinary groups list an entry. */
enum rst_err rst_mkey_of_entry(const struct rst_rtxn *txn, uint64_t id,
                               struct rst_mkey *ret_key) RST_MUST_USE;
/* The entry of an 'e' key; 0 for a raw one. */
uint64_t rst_mkey_id(const struct rst_mkey *key);
bool rst_mkey_equal(const struct rst_mkey *a, const struct rst_mkey *b);
/* What a raw key was made of; false when it was cut. */
bool rst_mkey_raw(const struct rst_mkey *key, struct rst_view *ret_raw);
/* Check bytes for the form of a key and copy them. */
bool rst_mkey_parse(struct rst_view bytes, struct rst_mkey *ret_key);

/*
 * What a row of table member holds besides its key.  On disk: nothing when
 * the flag is RST_MROW_PLAIN, else the flag and the text.
 */
enum rst_mrow_flag {
	RST_MROW_PLAIN = 0,
	RST_MROW_TEXT = 't', /* the value was written otherwise */
	/*
	 * A raw name that came together with a raw DN of the same uid: it
	 * means that DN's entry and resolves with it alone.  May have text.
	 */
	RST_MROW_PAIRED = 'p',
	/* The row of an entry that ends; the text is the moment, 8 bytes,
	 * which table memberof has, too. */
	RST_MROW_UNTIL = 'u',
};

/* A row, copied out of the map. */
struct rst_mrow {
	uint64_t group;
	enum rst_via via;
	struct rst_mkey key;
	enum rst_mrow_flag flag;
	char *text; /* owned; NULL for none */
	size_t text_len;
	int64_t until_s; /* RST_MROW_UNTIL; else 0.  It is no text. */
};
void rst_mrow_release(struct rst_mrow *row);

/* RST_ENOTFOUND. */
enum rst_err rst_mrow_find(const struct rst_rtxn *txn, uint64_t group,
                           enum rst_via via, const struct rst_mkey *key)
	RST_MUST_USE;
/* RST_ENOTFOUND. */
enum rst_err rst_mrow_get(const struct rst_rtxn *txn, uint64_t group,
                          enum rst_via via, const struct rst_mkey *key,
                          struct rst_mrow *ret_row) RST_MUST_USE;
/* A row of table member with this value has not ended. */
bool rst_mrow_lives(const struct rst_rtxn *txn, struct rst_view value);
/* When it ends, without decoding the rest; 0: never. */
int64_t rst_mrow_until(struct rst_view value);
/* The value of memberof for this row of member; 0 or 8 bytes. */
struct rst_view rst_mrow_of_value(const struct rst_mrow *row, char buf[8]);
/* Both tables.  Replaces; deltas may be NULL.  text is not from the map. */
enum rst_err rst_mrow_put(struct rst_wtxn *txn, uint64_t group,
                          enum rst_via via, const struct rst_mkey *key,
                          enum rst_mrow_flag flag, struct rst_view text,
                          struct rst_member_deltas *deltas) RST_MUST_USE;
/* RST_ENOTFOUND. */
enum rst_err rst_mrow_drop(struct rst_wtxn *txn, uint64_t group,
                           enum rst_via via, const struct rst_mkey *key,
                           struct rst_member_deltas *deltas) RST_MUST_USE;
/*
 * The first row of (group, via) after key; NULL starts.  RST_ENOTFOUND at the
 * end.  The row is to be released.
 */
enum rst_err rst_mrow_after(const struct rst_rtxn *txn, uint64_t group,
                            enum rst_via via, const struct rst_mkey *key,
                            struct rst_mrow *ret_row) RST_MUST_USE;
/*
 * The first row of member key after (*group, *via), which it moves there; both
 * 0 to start.  RST_ENOTFOUND at the end.
 */
enum rst_err rst_mrow_of_after(const struct rst_rtxn *txn,
                               const struct rst_mkey *key, uint64_t *group,
                               enum rst_via *via) RST_MUST_USE;
/* The bytes of a row's keys and value; lengths returned. */
size_t rst_mrow_key(uint64_t group, enum rst_via via,
                    const struct rst_mkey *key, char buf[RST_MROW_MAX]);
size_t rst_mrow_of_key(uint64_t group, enum rst_via via,
                       const struct rst_mkey *key, char buf[RST_MROW_MAX]);
/* Decode a row of table member (the text is borrowed).  RST_ECORRUPT. */
enum rst_err rst_mrow_decode(struct rst_view key, struct rst_view value,
                             struct rst_mrow *ret_row) RST_MUST_USE;
/* Decode a key of table memberof. */
enum rst_err rst_mrow_of_decode(struct rst_view bytes, struct rst_mkey *ret_key,
                                uint64_t *ret_group, enum rst_via *ret_via)
	RST_MUST_USE;

/*
 * Table meta, of groups of more than RST_MCOUNT_SMALL rows: their number, and
 * how many end when.  change: of group there are by more rows, one of which
 * ended at was_s and ends at is_s (0: never).
 */
#define RST_MCOUNT_SMALL   16
#define RST_MCOUNT_MEMBERS "members-"
#define RST_MCOUNT_ENDS    "ends-"
enum rst_err rst_mcount_change(struct rst_wtxn *txn, uint64_t group, int by,
                               int64_t was_s, int64_t is_s) RST_MUST_USE;
/* Keep what a walk finds, of a group of which nothing is kept; keep nothing. */
enum rst_err rst_mcount_keep(struct rst_wtxn *txn, uint64_t group) RST_MUST_USE;
enum rst_err rst_mcount_forget(struct rst_wtxn *txn, uint64_t group)
	RST_MUST_USE;
/* The number of rows that is kept, 0 for none.  RST_ECORRUPT. */
enum rst_err rst_mcount_kept(const struct rst_rtxn *txn, uint64_t group,
                             uint64_t *ret_n) RST_MUST_USE;
/* The group of a key of table meta; false for one of something else. */
bool rst_mcount_group(struct rst_view key, uint64_t *ret_group);
/* The first moment from *until_s on, and how many rows end then.
 * RST_ENOTFOUND, RST_ECORRUPT. */
enum rst_err rst_mcount_next_end(const struct rst_rtxn *txn, uint64_t group,
                                 int64_t *until_s, uint64_t *ret_n)
	RST_MUST_USE;

/* A group, as far as rows depend on it.  Borrows nothing. */
struct rst_mgroup {
	uint64_t id;
	bool roster; /* rosterGroup: one relation */
	bool timed;  /* it has rosterMemberUntil */
	uint32_t gid;
};
void rst_mgroup_of(const struct rst_record *record, struct rst_mgroup *ret);
enum rst_err rst_mgroup_get(const struct rst_rtxn *txn, uint64_t id,
                            struct rst_mgroup *ret_group) RST_MUST_USE;

/* A member entry, as far as rows depend on it.  Borrows nothing. */
struct rst_mface {
	uint64_t id;
	bool account; /* posixAccount or rosterAccount */
	bool group;   /* rosterGroup */
	uint32_t gid;
	bool named;           /* it has a uid: */
	struct rst_mkey name; /* 'n' key of what memberUid lists */
	bool by_name;         /* an account whose RDN is that uid: a raw name
	                         resolves to it */
};
void rst_mface_of(const struct rst_record *record, struct rst_mface *ret_face);
enum rst_err rst_mface_get(const struct rst_rtxn *txn, uint64_t id,
                           struct rst_mface *ret_face) RST_MUST_USE;
/* memo.c: a step of rst_mface_named() that was made before in this snapshot;
 * found NULL: there was no more. */
bool rst_memo_face(const struct rst_rtxn *txn, struct rst_view name,
                   uint64_t *after, enum rst_err *ret_err,
                   struct rst_mface *ret_face);
void rst_memo_faced(const struct rst_rtxn *txn, struct rst_view name,
                    uint64_t after, uint64_t next,
                    const struct rst_mface *found);
/* What memberUid lists for an entry: the uid of its RDN, or else its first
 * uid.  A NULL ptr for none, and for one of RST_DN_MAX bytes or more, which no
 * list takes: whose it is is a member without a name. */
struct rst_view rst_member_name(const struct rst_record *record);
/* Which rows list a group's attr; *ret_last is the last of one's own. */
unsigned int rst_member_vias(const struct rst_record *group, uint16_t attr,
                             bool hidden, enum rst_via *ret_last);
/*
 * Another member of the same name, whose row by a via up to last lists it,
 * comes before the entry.  Only asked where names were shared.
 */
enum rst_err rst_member_namesake(const struct rst_rtxn *txn, uint64_t group,
                                 enum rst_via last, uint64_t id,
                                 struct rst_view name, bool *ret_is)
	RST_MUST_USE;
enum rst_err rst_member_names_shared(const struct rst_rtxn *txn,
                                     bool *ret_shared) RST_MUST_USE;

/* The next entry after *after that name (as written) names; RST_ENOTFOUND. */
enum rst_err rst_mface_named(const struct rst_rtxn *txn, struct rst_view name,
                             uint64_t *after, struct rst_mface *ret_face)
	RST_MUST_USE;

/*
 * Table meta, a number: two entries have had one uid.  Then a walk of memberUid
 * looks whether it has listed the name; where uids are unique, as the
 * lifecycle keeps them, nothing is looked up.
 */
#define RST_SHARED_NAMES "shared-names"

/* Table meta, a number: a group has been in another. */
#define RST_NESTED "nested-groups"

/* RST_VIA_GROUP, RST_VIA_PRIMARY or RST_VIA_ROSTER: how face is in the
 * rosterGroup group. */
enum rst_via rst_member_via(const struct rst_mgroup *group,
                            const struct rst_mface *face);
enum rst_via rst_member_via_record(const struct rst_mgroup *group,
                                   const struct rst_record *member);
/* The relation has a row for the entry; *ret_via (may be NULL) says how.
 * RST_ENOTFOUND. */
enum rst_err rst_member_related(const struct rst_rtxn *txn, uint64_t group,
                                const struct rst_mkey *key,
                                enum rst_via *ret_via) RST_MUST_USE;
/* Put the row of an entry, with the end that the group's record says. */
enum rst_err rst_member_put_row(struct rst_wtxn *txn,
                                const struct rst_mgroup *group,
                                enum rst_via via, uint64_t id,
                                struct rst_member_deltas *deltas) RST_MUST_USE;
/* A rosterGroup's rosterMemberUntil has changed: so do its rows. */
enum rst_err rst_member_retime(struct rst_wtxn *txn,
                               const struct rst_record *before,
                               const struct rst_record *after) RST_MUST_USE;
/* Which rows of any other group hold attr; 0 for no membership attribute. */
enum rst_via rst_member_via_of(uint16_t attr);
/* Put face into the rosterGroup; a raw name that is its name ends. */
enum rst_err rst_member_put(struct rst_wtxn *txn,
                            const struct rst_mgroup *group,
                            const struct rst_mface *face,
                            struct rst_member_deltas *deltas) RST_MUST_USE;

/* The DN of a record, as written or normalised, from its parent's. */
enum rst_err rst_member_dn(const struct rst_rtxn *txn,
                           const struct rst_record *record, bool normalised,
                           char buf[RST_DN_MAX], size_t *ret_len) RST_MUST_USE;
/* The entry that stands where a 'v' row's value says.  RST_ENOTFOUND. */
enum rst_err rst_member_entry_at(const struct rst_rtxn *txn,
                                 const struct rst_mrow *row, uint64_t *ret_id)
	RST_MUST_USE;

/* Of a DN in normal form that begins with "uid=", the value; else NULL ptr. */
struct rst_view rst_member_uid_rdn(struct rst_view ndn);

#endif
