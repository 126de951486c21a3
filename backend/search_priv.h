/* SPDX-License-Identifier: OLDAP-2.8 */
/* search_priv.h - what search.c, walk.c and paged.c share */
#ifndef BACK_SEARCH_PRIV_H
#define BACK_SEARCH_PRIV_H

#include "back-roster.h"

#define BACK_TREE_DEPTH_MAX 128

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
	bool with_base; /* BACK_WALK_TREE: it comes first */
	struct back_candidates candidates;
	size_t at;     /* of the candidates */
	uint64_t last; /* BACK_WALK_ALL: the id seen last */
	/* BACK_WALK_ONE, _TREE: what is being walked at each level. */
	struct back_level *levels;
	unsigned int n_levels;
};

/*
 * Set up the walk for scope below base; after: ids up to it were sent in
 * earlier pages, and the walk is in id order.  *ret_n is how many entries it
 * may have to look at.
 */
void back_walk_begin(struct back_walk *walk, const struct back_view *view,
                     const struct rst_record *base, bool paged, uint64_t after,
                     uint64_t *ret_n);
/* The next entry in scope.  RST_ENOTFOUND at the end. */
enum rst_err back_walk_next(struct back_walk *walk,
                            const struct back_view *view,
                            struct rst_record *ret_record) RST_MUST_USE;

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
