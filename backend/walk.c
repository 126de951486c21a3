/* SPDX-License-Identifier: OLDAP-2.8 */
/* walk.c - the entries that a search has to look at, one by one
 *
 * A walk may stop after any entry and go on in a later snapshot: what it keeps
 * between two steps are ids and keys, nothing that points into the map.  An
 * entry that went away meanwhile is passed over.
 */
#include "search_priv.h"

#define CHILDREN_AT_ONCE 64
#define LEVELS_FIRST     8

struct back_level {
	uint64_t parent;
	struct rst_tree_cursor cursor;
	uint64_t ids[CHILDREN_AT_ONCE];
	size_t n, at;
};

static bool
push_level(struct back_walk *walk, const struct back_view *view,
           uint64_t parent)
{
	Operation *op = view->op;
	struct back_level *level;

	if (walk->n_levels == BACK_TREE_DEPTH_MAX)
		return false;
	if (walk->n_levels == walk->room_levels) {
		walk->room_levels = walk->room_levels == 0
		                            ? LEVELS_FIRST
		                            : walk->room_levels * 2;
		walk->levels = op->o_tmprealloc(
			walk->levels, walk->room_levels * sizeof(*walk->levels),
			op->o_tmpmemctx);
	}
	level = &walk->levels[walk->n_levels++];
	memset(level, 0, sizeof(*level));
	level->parent = parent;
	return true;
}

static uint64_t
entries_in_all(const struct back_view *view)
{
	struct rst_env_info info;

	return rst_env_info(view->db->env, &info) == RST_OK ? info.entries : 0;
}

/* Entries of the page that op asks for; 0: candidates are to be counted, or all
 * are wanted. */
static size_t
page_of(const Operation *op, bool paged)
{
	const PagedResultsState *state = op->o_pagedresults_state;

	if (!paged || state->ps_size <= 0 ||
	    (op->ors_limit != NULL && op->ors_limit->lms_s_unchecked != -1))
		return 0;
	return (size_t)state->ps_size;
}

void
back_walk_begin(struct back_walk *walk, const struct back_view *view,
                const struct rst_record *base, bool paged, uint64_t after,
                uint64_t *ret_n)
{
	walk->scope = view->op->ors_scope;
	walk->base = base->id;
	walk->base_is_suffix = base->parent == 0 &&
	                       (base->id == 0 ||
	                        !BER_BVISEMPTY(&view->op->o_bd->be_nsuffix[0]));
	*ret_n = 1;
	if (walk->scope == LDAP_SCOPE_BASE) {
		walk->mode = after == 0 ? BACK_WALK_BASE : BACK_WALK_NONE;
		return;
	}
	walk->page = page_of(view->op, paged);
	if (back_plan(view, view->op->ors_filter, after, walk->page,
	              &walk->candidates)) {
		walk->mode = BACK_WALK_IDS;
		*ret_n = walk->candidates.n;
		return;
	}
	*ret_n = entries_in_all(view);
	/* pages follow id order; below the suffix it is the fastest, too */
	if (paged || walk->scopes.n > 0 ||
	    (walk->base_is_suffix && walk->scope != LDAP_SCOPE_ONELEVEL)) {
		walk->mode = BACK_WALK_ALL;
		walk->last = after;
		return;
	}
	walk->mode = walk->scope == LDAP_SCOPE_ONELEVEL ? BACK_WALK_ONE
	                                                : BACK_WALK_TREE;
	walk->with_base = walk->scope == LDAP_SCOPE_SUBTREE;
	(void)push_level(walk, view, walk->base);
}

/* One that is not in scope is passed over: record->id is 0 then. */
static enum rst_err
keep_in_scope(const struct back_walk *walk, const struct back_view *view,
              struct rst_record *record)
{
	bool in = true;
	enum rst_err err = RST_OK;

	if (walk->scope == LDAP_SCOPE_BASE)
		in = record->id == walk->base;
	else if (walk->scope == LDAP_SCOPE_ONELEVEL)
		in = record->parent == walk->base ||
		     back_ids_have(&walk->scopes, record->id);
	else if (walk->scope == LDAP_SCOPE_SUBORDINATE &&
	         record->id == walk->base)
		in = false;
	else if (!walk->base_is_suffix && walk->scopes.n > 0)
		in = back_scopes_cover(view, &walk->scopes, walk->base,
		                       record->id);
	else if (!walk->base_is_suffix)
		err = rst_tree_below(view->txn, record->id, walk->base, &in);
	if (!in)
		record->id = 0;
	return err;
}

/* Those behind the candidates there were: twice as many, as few matched. */
static void
plan_on(struct back_walk *walk, const struct back_view *view)
{
	uint64_t after = walk->candidates.upto;

	if (walk->page < BACK_CANDIDATES_MAX)
		walk->page *= 2;
	walk->at = 0;
	if (back_plan(view, view->op->ors_filter, after, walk->page,
	              &walk->candidates))
		return;
	walk->mode = BACK_WALK_ALL;
	walk->last = after;
}

static enum rst_err
next_candidate(struct back_walk *walk, const struct back_view *view,
               struct rst_record *record)
{
	enum rst_err err;

	if (walk->at == walk->candidates.n && walk->candidates.upto != 0) {
		plan_on(walk, view);
		record->id = 0;
		return RST_OK;
	}
	if (walk->at == walk->candidates.n)
		return RST_ENOTFOUND;
	err = rst_record_get(view->txn, walk->candidates.ids[walk->at++],
	                     record);
	if (err == RST_ENOTFOUND) {
		record->id = 0;
		return RST_OK;
	}
	return err == RST_OK ? keep_in_scope(walk, view, record) : err;
}

static enum rst_err
next_of_all(struct back_walk *walk, const struct back_view *view,
            struct rst_record *record)
{
	enum rst_err err = rst_record_next(view->txn, &walk->last, record);

	return err == RST_OK ? keep_in_scope(walk, view, record) : err;
}

/* The next child at the deepest level; RST_ENOTFOUND when it has no more. */
static enum rst_err
next_child(struct back_level *level, const struct back_view *view, uint64_t *id)
{
	enum rst_err err;

	if (level->at == level->n) {
		err = rst_tree_children(view->txn, level->parent,
		                        &level->cursor, level->ids,
		                        CHILDREN_AT_ONCE, &level->n);
		if (err != RST_OK)
			return err;
		level->at = 0;
		if (level->n == 0)
			return RST_ENOTFOUND;
	}
	*id = level->ids[level->at++];
	return RST_OK;
}

static enum rst_err
next_in_tree(struct back_walk *walk, const struct back_view *view,
             struct rst_record *record)
{
	enum rst_err err;
	uint64_t id;

	if (walk->with_base) {
		walk->with_base = false;
		return rst_record_get(view->txn, walk->base, record);
	}
	while (walk->n_levels > 0) {
		err = next_child(&walk->levels[walk->n_levels - 1], view, &id);
		if (err == RST_ENOTFOUND) {
			walk->n_levels--;
			continue;
		}
		if (err != RST_OK)
			return err;
		err = rst_record_get(view->txn, id, record);
		if (err == RST_ENOTFOUND)
			continue;
		if (err == RST_OK && walk->mode == BACK_WALK_TREE &&
		    !push_level(walk, view, id))
			return RST_ECORRUPT; /* no DN is that long */
		return err;
	}
	return RST_ENOTFOUND;
}

enum rst_err
back_walk_next(struct back_walk *walk, const struct back_view *view,
               struct rst_record *record)
{
	switch (walk->mode) {
	case BACK_WALK_NONE:
		return RST_ENOTFOUND;
	case BACK_WALK_BASE:
		walk->mode = BACK_WALK_NONE;
		return rst_record_get(view->txn, walk->base, record);
	case BACK_WALK_IDS:
		return next_candidate(walk, view, record);
	case BACK_WALK_ALL:
		return next_of_all(walk, view, record);
	case BACK_WALK_ONE:
	case BACK_WALK_TREE:
		return next_in_tree(walk, view, record);
	}
	return RST_ENOTFOUND;
}
