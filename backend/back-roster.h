/* SPDX-License-Identifier: OLDAP-2.8 */
/* back-roster.h - what the files of the backend share
 *
 * slapd's headers stop here and in overlay/.  Handlers that slapd calls are
 * roster_back_<operation>; what the files use among themselves is back_*.
 */
#ifndef BACK_ROSTER_H
#define BACK_ROSTER_H

#include "portable.h"

#include "slap.h"

#include "backend/cookie.h"
#include "lifecycle/gate.h"
#include "rules/clock.h"
#include "store/ident.h"
#include "store/index.h"
#include "store/tree.h"

#define BACK_INDEX_MAX       512 /* "index" values of one database */
#define BACK_BATCH_ENTRIES   256 /* copied under one snapshot, then sent */
#define BACK_BATCH_BYTES     (1U << 20)
#define BACK_CANDIDATES_MAX  (1U << 18) /* more: walk the tree instead */
#define BACK_ATTR_MAX        65536      /* attribute numbers */
#define BACK_TEXT_MAX        512        /* bytes of a diagnostic message */
#define BACK_WRITER_WAIT_MS  2000       /* then LDAP_BUSY */
#define BACK_WITHIN_WAIT_MS  30000      /* and a log lacks a change */
#define BACK_TOOL_CHUNK      1000       /* entries of a slapadd transaction */
#define BACK_TREE_DELETE_MAX 100000     /* entries below one entry */
#define BACK_SEARCHSTACK_DEF 16         /* slapd-mdb(5)'s; accepted, unused */

enum back_primary {
	BACK_PRIMARY_UNSET, /* leave the environment's setting alone */
	BACK_PRIMARY_HIDE,
	BACK_PRIMARY_LIST,
};

/* One value of "index". */
struct back_index {
	char *text; /* as configured; owned */
};

/* One "database roster": be->be_private.  Read-only while it is open. */
struct back_db {
	struct back_db *next; /* in init.c's list */
	char *directory;      /* owned */
	unsigned long map_bytes;
	unsigned int readers;
	int search_stack;
	int mode;
	enum back_primary primary;
	unsigned int foreign_id; /* 0: leave the environment's alone */
	struct back_index index[BACK_INDEX_MAX];
	unsigned int n_index;
	unsigned char page_key[BACK_COOKIE_KEY]; /* of cookies: paged.c */

	struct rst_env *env; /* open between db_open and db_close */
	int presence;        /* that it is: store/presence.h */
	struct back_ads *ads;
	struct back_read *main_read;    /* txn.c */
	struct back_tick *stale_task;   /* tasks.c; NULL in tools */
	struct back_tick *index_task;   /* NULL when no index is being built */
	struct back_tick *replica_task; /* replica.c */
	bool probe_current;             /* replica.c: it had everything then */
	time_t probed_s;                /* replica.c: when it asked last */
	struct back_lookup *lookup;     /* replica_lookup.c */
	bool two_providers;             /* replica.c: the log says so */
	time_t index_told_s;            /* monotonic; 0: not yet */
	enum rst_err index_trouble;     /* told last */
	struct berval monitor_ndn; /* monitor.c; borrowed from cn=monitor */
	void *monitor_callback;
	struct rule_clock clock; /* write.c */
	BackendDB *be;           /* slapd's own, while it is open */
	struct follow *follow;   /* NULL: nobody follows the journal */
	bool misplaced;          /* follow_life.c: the log says so */
	int64_t unfollowed_s;    /* since when somebody ought to; or 0 */
	bool reopen; /* the directory changed; config.c's clean-up */
};

/* init.c */
BI_init roster_back_initialize;
/* Another database of this process has its directory there. */
bool back_directory_taken(const struct back_db *db, const char *directory);
/* Raised whenever a database closes: what was borrowed before is gone. */
unsigned int back_epoch(void);
int64_t back_monotonic_ms(void); /* write.c */

/* config.c, indexes.c */
int back_init_cf(BackendInfo *bi);
/* Check one value of "index"; words in err when it is refused. */
bool back_index_check(int argc, char **argv, char *err, size_t size);
/* Ask the environment for the indexes that are configured, and let go of the
 * others. */
enum rst_err back_index_open(BackendDB *be, struct rst_detail *reterr);
/* "description eq building 120/5000" */
void back_index_print(const struct rst_index_info *info, char *text,
                      size_t size);

/*
 * tasks.c: a pause of the pool, in which cn=config takes away what it likes.
 * Who waits lets it through, unless his thread holds it off: then there are
 * frames of overlays or of a database above.  Holds nest.
 */
void back_pause_let(void);
bool back_pause_wanted(void); /* and not held off */
/* Until when to wait for who writes.  An overlay that writes elsewhere, in the
 * course of a change, forgets what it is not let do. */
int64_t back_wait_until_ms(void);
void back_pause_hold(void);
void back_pause_release(void);

/* tasks.c: what a server does by itself; nothing in tools. */
void back_tasks_start(BackendDB *be);
void back_tasks_stop(struct back_db *db); /* the pool is paused or gone */
/* Journal failed binds, added up; with all, those that are young too. */
void back_task_report(struct back_db *db, bool all);
/* There is work on indexes. */
void back_task_index(BackendDB *be);

/* handshake.c: of a new connection */
int back_handshake_watch(BackendDB *be, Connection *conn);

/* monitor.c: our counters in cn=monitor; nothing in tools. */
void back_monitor_open(BackendDB *be);
void back_monitor_close(struct back_db *db); /* the pool is paused or gone */

/*
 * txn.c: each thread of the pool keeps one read transaction, renewed for an
 * operation and reset after it.  Nested uses (an ACL that reads another entry)
 * see the snapshot of the outermost.
 */
struct back_read {
	struct rst_rtxn txn;
	const struct back_db *db;
	unsigned int depth;
	bool passing; /* ends with its use: its thread is not the pool's */
};
enum rst_err back_read_begin(Operation *op, struct back_db *db,
                             struct back_read **ret_read) RST_MUST_USE;
void back_read_end(struct back_read *read); /* NULL is allowed */
/* All threads' cached transactions of db; the pool is paused or gone. */
void back_read_flush(struct back_db *db);

/*
 * ad.c: attribute numbers and slapd's attribute descriptions.
 *
 * Numbers given out inside a write transaction may be taken back by an abort,
 * so only those seen in a read transaction are remembered.
 */
struct back_ads *back_ads_new(void);
void back_ads_free(struct back_ads *ads);
AttributeDescription *back_ad(struct back_db *db, const struct rst_rtxn *txn,
                              bool committed, uint16_t id);
/* The number of ad; false when nothing was ever stored under it. */
bool back_ad_find(const struct rst_rtxn *txn, AttributeDescription *ad,
                  uint16_t *ret_id);
enum rst_err back_ad_intern(struct rst_wtxn *txn, AttributeDescription *ad,
                            uint16_t *ret_id) RST_MUST_USE;
/* The store compares values of ad exactly as slapd does, so that its index
 * may answer an equality filter. */
bool back_ad_indexable(AttributeDescription *ad);
/*
 * The numbers under which values of ad or a subtype of it may be stored, at
 * most max.  False when there are more.
 */
bool back_ad_family(struct back_db *db, const struct rst_rtxn *txn,
                    AttributeDescription *ad, uint16_t *ids, size_t max,
                    size_t *ret_n);

/* Descriptions that code of ours knows by name; NULL where the schema that
 * defines them is not loaded. */
struct back_names {
	AttributeDescription *member, *member_uid, *unique_member, *member_of;
	AttributeDescription *locked_time, *account_lock, *shadow_expire;
	AttributeDescription *gid_number, *status, *reason, *mail;
	AttributeDescription *num_subordinates;
	AttributeDescription *given_name, *sn;
	AttributeDescription *ssh_key;
	AttributeDescription *shadow_last_change, *shadow_min, *shadow_max;
	AttributeDescription *shadow_warning, *pwd_history;
};
extern struct back_names back_names;
/* Define memberOf, nsAccountLock and rosterGeneration where no module has,
 * and look all of them up. */
int back_names_open(void);
/* userPassword, pwdHistory, and subtypes of them: with the lifecycle nobody
 * reads or compares them. */
bool back_is_password(const AttributeDescription *ad);
/* RST_A_MEMBER, RST_A_MEMBERUID, RST_A_UNIQUEMEMBER or RST_A_NONE. */
uint16_t back_member_id(const AttributeDescription *ad);

/* errmap.c: the only place where refusals become LDAP result codes. */
struct back_reply {
	int code;
	char text[BACK_TEXT_MAX]; /* "" for none */
};
void back_map_error(enum rst_err err, struct back_reply *reply);
void back_map_member(enum rst_err err, struct back_reply *reply);
void back_map_refusal(enum rst_err err, const struct act_refusal *refusal,
                      struct back_reply *reply);

/*
 * needs.c: which attributes of an entry somebody will look at.
 */
enum back_need {
	BACK_NEED_VALUES = 1 << 0,
	BACK_NEED_NORMAL = 1 << 1, /* normal forms too */
	BACK_NEED_PROBE = 1 << 2,  /* by an ACL or filter: hidden rows count */
	BACK_NEED_SELF = 1 << 3,   /* of membership, the asker's own value */
};
struct back_needs;
/*
 * What the ACLs, filter (may be NULL) and attrs need; attrs NULL asks for all
 * user attributes, as in slapd.  Lives in op's memory.
 */
struct back_needs *back_needs_search(Operation *op, Filter *filter,
                                     AttributeName *attrs);
struct back_needs *back_needs_acl(Operation *op);
struct back_needs *back_needs_none(Operation *op);
/* The values of everything, for who only prints them. */
const struct back_needs *back_needs_written(void);
/* Everything, and who asks among the members as the ACLs look for him. */
struct back_needs *back_needs_all(Operation *op);
/* slapd or an overlay asks for itself, and looks at what it likes. */
bool back_is_internal(const Operation *op);
void back_needs_add(struct back_needs *needs, AttributeDescription *ad);
/* What a filter looks at that slapd's test_filter() evaluates. */
void back_needs_filter(struct back_needs *needs, const Filter *filter);
/* Whether the ACLs, or filter (may be NULL), look at the members of the entry
 * ndn, whoever it is that asks. */
bool back_needs_members(Operation *op, const Filter *filter,
                        const struct berval *ndn);
/* What is needed of ad in the entry ndn: flags of enum back_need.  Everything
 * when needs is NULL. */
unsigned int back_needs_of(const struct back_needs *needs,
                           AttributeDescription *ad, const struct berval *ndn);
/*
 * settle: look the numbers of all that is needed up once, so that may answers
 * by number, without a look at the schema: false is certain, true is to be
 * asked of back_needs_of().
 */
void back_needs_settle(struct back_needs *needs, struct back_db *db,
                       const struct rst_rtxn *txn);
bool back_needs_may(const struct back_needs *needs, uint16_t id);

/*
 * entry.c: entries as slapd wants them, built from records.
 */
struct back_view {
	struct back_db *db;
	const struct rst_rtxn *txn;
	bool committed;     /* txn is a read */
	bool lifecycle;     /* passwords are not shown, suspension is */
	bool list_all;      /* hidden membership rows too */
	bool secrets;       /* userPassword is shown all the same */
	bool no_members;    /* without membership attributes */
	bool plain_members; /* without their normal forms */
	bool computed;      /* memberOf and the signals of a suspension */
	int64_t now_s;      /* of the accounts' dates */
	Operation *op;      /* NULL in tools */
	/* The entry's name and normal name, where it has moved since; or
	 * NULL: as it stands. */
	const struct berval *names;
};
/* For an operation of a client. */
void back_view_init(struct back_view *view, Operation *op, struct back_db *db,
                    const struct rst_rtxn *txn, bool committed);

struct back_arena; /* memory of entries that are released together */
struct back_arena *back_arena_new(Operation *op); /* NULL: malloc */
void *back_arena_alloc(struct back_arena *arena, size_t size);
size_t back_arena_used(const struct back_arena *arena);
void back_arena_free(struct back_arena *arena); /* NULL is allowed */

/* The entry of record in arena; needs NULL: everything. */
enum rst_err back_entry_build(const struct back_view *view,
                              const struct rst_record *record,
                              const struct back_needs *needs,
                              struct back_arena *arena, Entry **ret_entry)
	RST_MUST_USE;
/* In an arena of its own, which back_entry_free() releases. */
enum rst_err back_entry_new(const struct back_view *view,
                            const struct rst_record *record,
                            const struct back_needs *needs, Entry **ret_entry)
	RST_MUST_USE;
/* Any entry: one of ours, or one of slapd's.  NULL is allowed. */
void back_entry_free(Entry *entry);
/* Add to entry (built in arena) every value of a membership attribute, hidden
 * rows included, if it has none yet. */
enum rst_err back_entry_members(const struct back_view *view,
                                const struct rst_record *record,
                                AttributeDescription *ad, bool normal,
                                struct back_arena *arena, Entry *entry)
	RST_MUST_USE;

/*
 * hidden.c: is it an account that who asks does not see?  entry is that of
 * record, with all that access control needs.
 */
bool back_hides(const struct back_view *view, const struct rst_record *record,
                Entry *entry);
/* keys.c: leave out of it the SSH keys that must not be used.  entry was
 * built just now. */
void back_hide_keys(const struct back_view *view,
                    const struct rst_record *record, Entry *entry);

/*
 * convert.c: the other way, from slapd's entry to what the gate takes.
 */
struct back_members {
	struct rst_member_op *ops;
	size_t n, room;
};
void back_members_release(struct back_members *members);
enum rst_err back_members_add(struct back_members *members,
                              enum rst_member_verb verb, uint16_t attr,
                              const struct berval *value,
                              const struct berval *nvalue) RST_MUST_USE;
/* Membership is split off into members (may be NULL: dropped). */
enum rst_err back_convert(struct rst_wtxn *txn, const Entry *entry,
                          struct rst_entry *after, struct back_members *members)
	RST_MUST_USE;
/* Set attributes of entry to what record has where they differ.  Every
 * changed attribute is told to changed (may be NULL). */
enum rst_err back_convert_back(const struct back_view *view,
                               const struct rst_record *record, Entry *entry,
                               void (*changed)(void *arg, Attribute *attr,
                                               AttributeDescription *ad),
                               void *arg) RST_MUST_USE;
/* Where an entry with this name stands below parent. */
enum rst_err back_place(struct rst_entry *entry, uint64_t parent,
                        const struct berval *dn, const struct berval *ndn,
                        bool suffix) RST_MUST_USE;

/*
 * filter.c, plan.c: what a search looks at, and whether it matches.
 */
int back_filter_test(const struct back_view *view,
                     const struct rst_record *record, Entry *entry,
                     struct back_arena *arena, Filter *filter);
/* A leaf that the membership tables answer by themselves. */
bool back_filter_by_tables(Filter *filter);

struct back_candidates {
	uint64_t *ids; /* ascending, distinct; in op's memory */
	size_t n, room;
	uint64_t upto; /* there may be more behind this id; 0: there are none */
};
/*
 * A superset of the entries that match filter, after id "after".  False: no
 * index bounds it, or it has more than BACK_CANDIDATES_MAX.
 * page: about that many entries are wanted now, and it may be no more than
 * those up to candidates->upto; 0: all.
 */
bool back_plan(const struct back_view *view, Filter *filter, uint64_t after,
               size_t page, struct back_candidates *candidates);

/* lookup.c: where operations begin. */
/* Nothing of the database is above ndn: it is the suffix or, where that is
 * empty, a name of one RDN.  Its entry has the parent 0. */
bool back_is_top(BackendDB *be, const struct berval *ndn);
/* ndn is the empty suffix itself, above all entries and none. */
bool back_is_root(BackendDB *be, const struct berval *ndn);
/* The record at ndn.  RST_ENOTFOUND with the nearest ancestor in
 * *ret_matched (0: none). */
enum rst_err back_find(const struct rst_rtxn *txn, const struct berval *ndn,
                       struct rst_record *ret_record, uint64_t *ret_matched)
	RST_MUST_USE;
/* Answer the default referral: nothing of the name is here. */
void back_reply_elsewhere(Operation *op, SlapReply *rs);
/* Answer noSuchObject or a referral, telling of the ancestor matched only to
 * whom it may be disclosed.  Fills rs, does not send. */
void back_reply_missing(const struct back_view *view, SlapReply *rs,
                        uint64_t matched);
/* Answer the referral that record is. */
void back_reply_referral(const struct back_view *view, SlapReply *rs,
                         const struct rst_record *record);

/* audit.c: look its attributes up; ndn is cn=audit or below, and no stored
 * entry: it is read-only. */
void back_audit_open(void);
bool back_audit_holds(const struct back_view *view, const struct berval *ndn);

/*
 * write.c: what add, modify, modrdn and delete have in common.
 */
struct back_write {
	Operation *op;
	SlapReply *rs;
	struct back_db *db;
	struct rst_wtxn txn;
	struct back_view view; /* of txn */
	struct act_ctx ctx;
	unsigned int flags; /* of the gate */
	struct back_reply reply;
	char address[64];
	int64_t deadline_ms; /* of the wait, monotonic */
	unsigned int epoch;
	LDAPControl *pre, *post;
	struct berval names[2]; /* what they ask for: readattrs.c */
	Entry *kept[2];         /* freed at the end */
	LDAPControl *controls[SLAP_MAX_RESPONSE_CONTROLS];
	unsigned int n_controls;
};
/* Begin: false when the reply is already in rs. */
bool back_write_begin(struct back_write *write, Operation *op, SlapReply *rs,
                      enum rst_write_purpose purpose);
/* Make op->o_csn, unless there is one.  mods_csn: the one that the request
 * itself brings (replication), or NULL. */
bool back_write_csn(struct back_write *write, const struct berval *mods_csn);
/* Pass the gate; false when it was refused and rs says so. */
bool back_write_gate(struct back_write *write, struct gate_change *change);
/* Commit (or not, for a no-op), send the result, let go of everything. */
int back_write_end(struct back_write *write);
/* For rst_env_on_lost(): slapd ends, unless it is about to answer a client. */
void back_env_lost(void *arg);
/* Set rs from an error of the store. */
void back_write_fail(struct back_write *write, enum rst_err err);
/* The pre- or post-read control of entry, if asked for.  False when it failed
 * and was critical. */
bool back_write_read_control(struct back_write *write, Entry *entry,
                             bool before);
/* Between these two the names that pre- and post-read ask for are right. */
void back_read_attrs_begin(struct back_write *write);
void back_read_attrs_end(struct back_write *write);
/* Apply mods to entry (one of slapd's) and to members. */
int back_mods_apply(struct back_write *write, Modifications *mods, Entry *entry,
                    const struct rst_record *group,
                    struct back_members *members, char *text, size_t size);

/* One file per operation. */
BI_op_bind roster_back_bind;
BI_op_search roster_back_search;
BI_op_compare roster_back_compare;
BI_op_add roster_back_add;
BI_op_modify roster_back_modify;
BI_op_modrdn roster_back_modrdn;
BI_op_delete roster_back_delete;
BI_op_extended roster_back_extended;
BI_operational roster_back_operational;
BI_has_subordinates roster_back_has_subordinates;
BI_entry_get_rw roster_back_entry_get;
BI_entry_release_rw roster_back_entry_release;

/* tools.c */
BI_tool_entry_open back_tool_entry_open;
BI_tool_entry_close back_tool_entry_close;
BI_tool_entry_first_x back_tool_entry_first_x;
BI_tool_entry_next back_tool_entry_next;
BI_tool_entry_get back_tool_entry_get;
BI_tool_entry_put back_tool_entry_put;
BI_tool_entry_reindex back_tool_entry_reindex;
BI_tool_sync back_tool_sync;
BI_tool_dn2id_get back_tool_dn2id_get;
BI_tool_entry_modify back_tool_entry_modify;
BI_tool_entry_delete back_tool_entry_delete;

static inline struct rst_view
back_view_of(const struct berval *bv)
{
	return rst_view(bv->bv_val, bv->bv_len);
}

#endif
