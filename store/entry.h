/* SPDX-License-Identifier: OLDAP-2.8 */
/* entry.h - entries: the record on disk and the entry in memory
 *
 * Everything durable is an entry (people, groups, invitations, tombstones,
 * settings...).  A record is its stored form: a fixed header, a directory of
 * attributes, the values, a checksum.  Each attribute is found without
 * decoding the others.  Values are stored as written; normal forms are
 * computed where they are needed.
 *
 * The membership attributes (member, memberUid, uniqueMember) are never in a
 * record: store/member.h keeps them.  memberOf, entryDN, hasSubordinates and
 * subschemaSubentry are computed by the doors.
 */
#ifndef RST_ENTRY_H
#define RST_ENTRY_H

#include "store/attr.h"

#define RST_VALUE_MAX  (UINT32_C(16) << 20) /* bytes of one value */
#define RST_VALUES_MAX 1000000              /* values of one entry */
#define RST_RECORD_MAX (UINT32_C(64) << 20) /* bytes of all values together */
#define RST_RDN_MAX    4096                 /* bytes of an RDN */
#define RST_DN_MAX     8192                 /* bytes of a DN */
#define RST_NO_NUMBER  UINT32_MAX
#define RST_CSN_MAX    48 /* bytes of a CSN with the NUL */

/* What an entry is to Roster, told by its object classes. */
enum rst_kind {
	RST_KIND_OTHER = 0,
	RST_KIND_PERSON,     /* rosterAccount */
	RST_KIND_GROUP,      /* rosterGroup: one relation, three views */
	RST_KIND_INVITATION, /* rosterInvitation */
	RST_KIND_TOMBSTONE,  /* rosterTombstone */
	RST_KIND_SETTING,    /* rosterSetting: cn=settings and policies */
	RST_KIND_TOKEN,      /* rosterToken: API tokens, links for one act */
};

/* rosterStatus of a person; RST_STATUS_NONE for everything else. */
enum rst_status {
	RST_STATUS_NONE = 0,
	RST_STATUS_PENDING,
	RST_STATUS_ACTIVE,
	RST_STATUS_SUSPENDED,
	RST_STATUS_DELETED,
};
/* "pending", "active"...; "" for RST_STATUS_NONE. */
const char *rst_status_word(enum rst_status status);
/* RST_STATUS_NONE for a word that is none of them (case does not matter). */
enum rst_status rst_status_parse(struct rst_view word);

/*
 * A stored record, borrowed from the map.  kind to gid_number are derived
 * from the attributes when the record is written and cannot disagree.
 */
struct rst_record {
	uint64_t id;
	uint64_t parent; /* 0 for the suffix entry */
	enum rst_kind kind;
	enum rst_status status;
	uint32_t flags;      /* enum rst_record_flag */
	uint32_t uid_number; /* RST_NO_NUMBER if none */
	uint32_t gid_number; /* RST_NO_NUMBER if none */
	/*
	 * Raised by every change after which what was proved before must be
	 * proved again: status, password, name.  Open connections, sessions
	 * and tokens remember it.
	 */
	uint64_t generation;
	struct rst_view rdn;  /* as written, "uid=Alice" */
	struct rst_view nrdn; /* normalised, "uid=alice" */
	struct rst_view bytes;
	unsigned int n_attrs;
};

enum rst_record_flag {
	RST_REC_POSIX_ACCOUNT = 1 << 0, /* has objectClass posixAccount */
	RST_REC_POSIX_GROUP = 1 << 1,
	RST_REC_ADMIN_GROUP = 1 << 2, /* rosterAdministrator: TRUE */
	RST_REC_REFERRAL = 1 << 3,
	RST_REC_ALIAS = 1 << 4,
	RST_REC_SUBENTRY = 1 << 5,
};

/*
 * Look up a record.  RST_ENOTFOUND; RST_ECORRUPT for bytes that do not decode
 * or whose checksum is wrong.
 */
enum rst_err rst_record_get(const struct rst_rtxn *txn, uint64_t id,
                            struct rst_record *ret_record) RST_MUST_USE;

/* One attribute of a record: walk its values with rst_attr_next(). */
struct rst_attr {
	uint16_t id;
	uint32_t count; /* values in all */
	uint32_t left;  /* values not yet walked */
	const char *at;
};
/* False when the record has none of it.  Costs a walk of the directory. */
bool rst_record_attr(const struct rst_record *record, uint16_t id,
                     struct rst_attr *ret_attr);
/* The n-th attribute, n below record->n_attrs. */
void rst_record_nth(const struct rst_record *record, unsigned int n,
                    struct rst_attr *ret_attr);
/* The next value; false at the end. */
bool rst_attr_next(struct rst_attr *attr, struct rst_view *ret_value);
/* The first value, or an empty view with a NULL ptr. */
struct rst_view rst_record_first(const struct rst_record *record, uint16_t id);
/* The record has value under id, by the attribute's rule. */
bool rst_record_has(const struct rst_rtxn *txn, const struct rst_record *record,
                    uint16_t id, struct rst_view value);

/*
 * An entry in memory, to be changed.  Owns copies of all its bytes.  Every
 * setter fails with RST_ENOMEM, or RST_EINVALID past the limits above.
 */
struct rst_entry;

enum rst_err rst_entry_new(struct rst_entry **ret_entry) RST_MUST_USE;
enum rst_err rst_entry_from_record(const struct rst_record *record,
                                   struct rst_entry **ret_entry) RST_MUST_USE;
void rst_entry_free(struct rst_entry *entry); /* NULL is allowed */

uint64_t rst_entry_id(const struct rst_entry *entry); /* 0 before the add */
uint64_t rst_entry_parent(const struct rst_entry *entry);
struct rst_view rst_entry_rdn(const struct rst_entry *entry);
struct rst_view rst_entry_nrdn(const struct rst_entry *entry);
/* Where it stands: under parent, as rdn (as written) and nrdn (normalised). */
enum rst_err rst_entry_place(struct rst_entry *entry, uint64_t parent,
                             struct rst_view rdn, struct rst_view nrdn)
	RST_MUST_USE;
void rst_entry_set_generation(struct rst_entry *entry, uint64_t generation);

/* Replace all values of attribute id; n_values 0 drops it. */
enum rst_err rst_entry_set(struct rst_entry *entry, uint16_t id,
                           const struct rst_view *values, size_t n_values)
	RST_MUST_USE;
enum rst_err rst_entry_set_one(struct rst_entry *entry, uint16_t id,
                               struct rst_view value) RST_MUST_USE;
/* Append one value, whether or not an equal one is there. */
enum rst_err rst_entry_add(struct rst_entry *entry, uint16_t id,
                           struct rst_view value) RST_MUST_USE;
/* A record view of the entry as it would be stored, for reading: the same
 * functions read both.  Lives as long as entry, and tells what entry was when
 * it was made: ask again after a change. */
enum rst_err rst_entry_record(struct rst_entry *entry,
                              struct rst_record *ret_record) RST_MUST_USE;

/*
 * Store the entry: record, tree row, indexes, identifiers, membership rows
 * that now resolve to it (or no longer do).  Only lifecycle/gate.c calls
 * these.
 *
 * add gives it the next id.  RST_EEXISTS: the place in the tree is taken.
 * RST_ENOTFOUND: there is no such parent (or record).
 * put replaces the record of the same id; a changed place is a rename and
 * moves one tree row however large the subtree is.
 * drop: RST_ESTATE while it has children.
 */
enum rst_err rst_entry_store_add(struct rst_wtxn *txn, struct rst_entry *entry)
	RST_MUST_USE;
enum rst_err rst_entry_store_put(struct rst_wtxn *txn, struct rst_entry *entry)
	RST_MUST_USE;
enum rst_err rst_entry_store_drop(struct rst_wtxn *txn, uint64_t id)
	RST_MUST_USE;

/* Walk all records in id order: *id is the last seen, 0 to start.
 * RST_ENOTFOUND at the end. */
enum rst_err rst_record_next(const struct rst_rtxn *txn, uint64_t *id,
                             struct rst_record *ret_record) RST_MUST_USE;

#endif
