/* SPDX-License-Identifier: OLDAP-2.8 */
/* search_priv.h - what search.c, walk.c and paged.c share */
#ifndef BACK_SEARCH_PRIV_H
#define BACK_SEARCH_PRIV_H

#include "back-roster.h"

#define BACK_TREE_DEPTH_MAX 2048  /* as slapd's longest DN has at most */
#define BACK_ALIASES_MAX    65536 /* in a database that a search follows */
#define BACK_LOOK_AT_ONCE   256   /* entries between two looks at the clock */

/* Ascending, distinct; in op's memory. */
struct back_ids {
	uint64_t *at;
	size_t n, room;
};
bool back_ids_have(const struct back_ids *ids, uint64_t id);

/*
 * alias.c: follow record while it is an alias.  False: it is the last alias
 * that was reached, and error says why.  round is what was passed so far, and
 * visited (may be NULL) what earlier rounds did; both are added to.
 */
struct back_alias_error {
	int code;
	const char *text;
};
bool back_alias_follow(const struct back_view *view, struct rst_record *record,
                       struct back_ids *round, struct back_ids *visited,
                       struct back_alias_error *error);
/* What the aliases in op's scope below base point to, outside of it.  An LDAP
 * result code. */
int back_alias_scopes(const struct back_view *view, uint64_t base,
                      struct back_ids *ret_scopes);
/* id is base or one of scopes, or below one of them. */
bool back_scopes_cover(const struct back_view *view,
                       const struct back_ids *scopes, uint64_t base,
                       uint64_t id);

/* How the entries in scope are come by. */
enum back_walk_mode {
	BACK_WALK_NONE, /* no more */
	BACK_WALK_BASE, /* the base alone */
	BACK_WALK_IDS,  /* the candidates of an index */
	BACK_WALK_ALL,  /* every record, in id order */
	BACK_WALK_ONE,  /* the children of the base */
	BACK_WALK_TREE, /* everything below the base */
};

struct back_walk {
	enum back_walk_mode mode;
	int scope;
	uint64_t base;
	bool base_is_suffix;
	bool with_base;         /* BACK_WALK_TREE: it comes first */
	struct back_ids scopes; /* what aliases add to the base */
	struct back_candidates candidates;
	size_t at;     /* of the candidates */
	size_t page;   /* entries of a page; 0: all are wanted */
	uint64_t last; /* BACK_WALK_ALL: the id seen last */
	/* BACK_WALK_ONE, _TREE: what is being walked at each level. */
	struct back_level *levels;
	unsigned int n_levels, room_levels;
};

/*
 * Set up the walk for scope below base and walk->scopes; after: ids up to it
 * were sent in earlier pages, and the walk is in id order.  *ret_n is how many
 * entries it may have to look at.
 */
void back_walk_begin(struct back_walk *walk, const struct back_view *view,
                     const struct rst_record *base, bool paged, uint64_t after,
                     uint64_t *ret_n);
/* One step: the next entry in scope, or id 0 when what came next was none.
 * RST_ENOTFOUND at the end. */
enum rst_err back_walk_next(struct back_walk *walk,
                            const struct back_view *view,
                            struct rst_record *ret_record) RST_MUST_USE;

/*
 * audit.c: cn=audit, whose entries are records of the journal.
 *
 * holds: it is a name there, and the journal is to be seen under it.  find: the
 * base of op, RST_ENOTFOUND; begin: what the scope and the filter leave, after
 * the entry of that number (0: from the start); next: RST_ENOTFOUND at the
 * end.
 */
struct back_audit {
	bool on, container;
	uint64_t base;      /* 0: the container */
	uint64_t next, low; /* downwards */
};
enum rst_err back_audit_find(struct back_audit *audit,
                             const struct back_view *view,
                             struct back_arena *arena, Entry **ret_entry)
	RST_MUST_USE;
enum rst_err back_audit_begin(struct back_audit *audit,
                              const struct back_view *view, uint64_t after,
                              uint64_t *ret_n) RST_MUST_USE;
enum rst_err back_audit_next(struct back_audit *audit,
                             const struct back_view *view,
                             struct back_arena *arena, Entry **ret_entry)
	RST_MUST_USE;

/*
 * paged.c: begin answers a result code; *ret_after is the id of the entry sent
 * last, or 0 to begin; *ret_done: the client gave the search up, rs says so.
 * drop is for one who gives it up without asking.  send ends a page, after the
 * entry last (0: none of any page).
 */
int back_paged_begin(Operation *op, SlapReply *rs, uint64_t *ret_after,
                     bool *ret_done);
void back_paged_drop(Operation *op);
void back_paged_send(Operation *op, SlapReply *rs, bool more, uint64_t last);

#endif
