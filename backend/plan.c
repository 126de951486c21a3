/* SPDX-License-Identifier: OLDAP-2.8 */
/* plan.c - which entries a filter can match at all
 *
 * Every leaf that an index or a membership table answers has a list of
 * candidates.  An AND can match only what its cheapest term can, an OR what
 * any of its terms can, anything else everything.  For example, of sssd's
 *
 *	(&(uid=alice)(objectClass=posixAccount)(uid=*)
 *	  (&(uidNumber=*)(!(uidNumber=0))))
 *
 * uid=alice has one candidate, objectClass=posixAccount everybody, and the
 * rest is not asked.  To find the cheapest without walking the dear ones, all
 * terms are tried with a small limit first, then with eight times as many; an
 * AND among them is tried once each time, or the rounds of nested ones would
 * multiply.
 *
 * Candidates are a superset: each is tested by filter.c afterwards.
 *
 * A page needs but a few of many: when there are more than some pages' worth,
 * tables that are in id order are read no further than a window, and the
 * candidates are all there are up to an id, from which the walk has the next
 * planned.  Of an AND's terms that is the one that gets furthest.
 */
#include "back-roster.h"

#define FIRST_LIMIT  16
#define LIMIT_FACTOR 8
#define FAMILY_MAX   32 /* subtypes of an attribute that are looked up */
#define IDS_AT_ONCE  256
#define PIECES_MAX   64 /* fragments of one substring filter */
#define DEPTH_MAX    64 /* deeper filters are not planned, only tested */
#define PAGES_WHOLE  4  /* pages' worth of candidates that are all fetched */
#define PAGES_MAX    64 /* the same of tables in another order */
#define PAGE_MIN     64 /* smaller ones are planned like this one */

enum plan_result {
	PLAN_DONE,     /* complete */
	PLAN_TOO_MANY, /* more than the limit; it was not finished */
	PLAN_UNKNOWN,  /* nothing bounds it */
};

struct plan {
	const struct back_view *view;
	uint64_t after;
	struct back_candidates *out;
	size_t limit;  /* how many out may hold */
	bool in_round; /* of an AND further out, whose limit is to be kept */
	unsigned int depth;
	size_t window; /* how many ids of one source; 0: all */
	uint64_t upto; /* out has all up to this id */
};

static bool
out_add(struct plan *plan, uint64_t id)
{
	struct back_candidates *out = plan->out;
	Operation *op = plan->view->op;

	if (id <= plan->after)
		return true;
	if (out->n >= plan->limit)
		return false;
	if (out->n == out->room) {
		out->room = out->room == 0 ? FIRST_LIMIT : out->room * 2;
		out->ids = op->o_tmprealloc(out->ids,
		                            out->room * sizeof(out->ids[0]),
		                            op->o_tmpmemctx);
	}
	out->ids[out->n++] = id;
	return true;
}

/* One walk of a table that gives ids in ascending order after the last. */
typedef enum rst_err id_source(const struct rst_rtxn *txn, uint16_t attr,
                               struct rst_view value, uint64_t after,
                               uint64_t *ids, size_t max, size_t *ret_n);

static enum plan_result
take_all(struct plan *plan, id_source *source, uint16_t attr,
         struct rst_view value)
{
	uint64_t ids[IDS_AT_ONCE], after = plan->after;
	size_t n, asked, taken = 0;

	do {
		/* one more than there is room for says that they are too many
		 */
		asked = plan->limit - plan->out->n + 1;
		if (asked > IDS_AT_ONCE)
			asked = IDS_AT_ONCE;
		if (plan->window > 0 && asked > plan->window - taken)
			asked = plan->window - taken;
		if (source(plan->view->txn, attr, value, after, ids, asked,
		           &n) != RST_OK)
			return PLAN_UNKNOWN;
		for (size_t i = 0; i < n; i++) {
			if (!out_add(plan, ids[i]))
				return PLAN_TOO_MANY;
			after = ids[i];
		}
		taken += n;
		if (plan->window > 0 && taken == plan->window) {
			if (after < plan->upto)
				plan->upto = after;
			break;
		}
	} while (n == asked);
	return PLAN_DONE;
}

static enum plan_result
equal_one(struct plan *plan, AttributeDescription *ad, struct rst_view value)
{
	const struct rst_rtxn *txn = plan->view->txn;
	uint16_t ids[FAMILY_MAX];
	enum plan_result result;
	size_t n;

	if (!back_ad_indexable(ad) ||
	    !back_ad_family(plan->view->db, txn, ad, ids, FAMILY_MAX, &n))
		return PLAN_UNKNOWN;
	for (size_t i = 0; i < n; i++)
		if (!rst_index_exists(txn, ids[i], RST_INDEX_EQUAL))
			return PLAN_UNKNOWN;
	for (size_t i = 0; i < n; i++) {
		result = take_all(plan, rst_index_equal, ids[i], value);
		if (result != PLAN_DONE)
			return result;
	}
	return PLAN_DONE;
}

/* (objectClass=person) also matches what has only a subclass of it. */
static enum plan_result
equal_class(struct plan *plan, struct rst_view value)
{
	struct berval bv = { value.len, (char *)value.ptr };
	ObjectClass *class = oc_bvfind(&bv), *other;
	enum plan_result result;
	int more;

	if (class == NULL)
		return PLAN_UNKNOWN;
	for (more = oc_start(&other); more; more = oc_next(&other)) {
		if (other != class && !is_object_subclass(class, other))
			continue;
		result = equal_one(plan, slap_schema.si_ad_objectClass,
		                   back_view_of(&other->soc_cname));
		if (result != PLAN_DONE)
			return result;
	}
	return PLAN_DONE;
}

static enum plan_result
members_in(struct plan *plan, uint64_t group)
{
	const struct rst_rtxn *txn = plan->view->txn;
	Operation *op = plan->view->op;
	struct rst_member_cursor *cursor;
	enum plan_result result = PLAN_DONE;
	uint64_t id;
	enum rst_err err;

	cursor = op->o_tmpcalloc(1, sizeof(*cursor), op->o_tmpmemctx);
	while ((err = rst_member_next_id(txn, group, cursor, &id)) == RST_OK) {
		if (!out_add(plan, id)) {
			result = PLAN_TOO_MANY;
			break;
		}
	}
	op->o_tmpfree(cursor, op->o_tmpmemctx);
	return err == RST_OK || err == RST_ENOTFOUND ? result : PLAN_UNKNOWN;
}

/* Of the group and of those in it. */
static enum plan_result
members_of(struct plan *plan, const struct berval *group_ndn)
{
	const struct rst_rtxn *txn = plan->view->txn;
	struct rst_ids below = { 0 };
	struct rst_record group;
	enum plan_result result;
	bool nests = false;
	uint64_t matched;
	enum rst_err err;

	err = back_find(txn, group_ndn, &group, &matched);
	if (err == RST_ENOTFOUND)
		return PLAN_DONE;
	if (err == RST_OK)
		err = rst_member_nests(txn, &nests);
	if (err == RST_OK && nests)
		err = rst_member_below(txn, group.id, &below, NULL);
	result = err == RST_OK ? members_in(plan, group.id) : PLAN_UNKNOWN;
	for (size_t i = 0; result == PLAN_DONE && i < below.n; i++)
		result = members_in(plan, below.items[i]);
	rst_ids_release(&below);
	return result;
}

/* What lies from low to high, NULL for no end, in the index by order. */
static enum plan_result
between(struct plan *plan, AttributeDescription *ad, struct rst_view low,
        struct rst_view high)
{
	const struct rst_rtxn *txn = plan->view->txn;
	struct rst_index_cursor cursor = { "", 0 };
	uint64_t ids[IDS_AT_ONCE];
	uint16_t id;
	size_t n;

	if (!back_ad_indexable(ad) ||
	    !back_ad_family(plan->view->db, txn, ad, &id, 1, &n))
		return PLAN_UNKNOWN;
	if (n == 0)
		return PLAN_DONE;
	if (!rst_index_exists(txn, id, RST_INDEX_ORDER))
		return PLAN_UNKNOWN;
	do {
		if (rst_index_range(txn, id, low, high, &cursor, ids,
		                    IDS_AT_ONCE, &n) != RST_OK)
			return PLAN_UNKNOWN;
		for (size_t i = 0; i < n; i++)
			if (!out_add(plan, ids[i]))
				return PLAN_TOO_MANY;
	} while (n == IDS_AT_ONCE);
	return PLAN_DONE;
}

static enum plan_result
plan_range(struct plan *plan, const Filter *f)
{
	struct rst_view value = back_view_of(&f->f_av_value);
	struct rst_view none = { NULL, 0 };

	return f->f_choice == LDAP_FILTER_GE
	               ? between(plan, f->f_av_desc, value, none)
	               : between(plan, f->f_av_desc, none, value);
}

static enum plan_result
plan_equal(struct plan *plan, const Filter *f)
{
	AttributeDescription *ad = f->f_av_desc;
	struct rst_view value = back_view_of(&f->f_av_value);
	uint16_t member = back_member_id(ad);
	enum plan_result result;
	struct rst_record record;
	uint64_t matched;
	enum rst_err err;

	if (member != RST_A_NONE)
		return take_all(plan, rst_member_groups_with, member, value);
	if (ad == back_names.member_of)
		return members_of(plan, &f->f_av_value);
	if (ad == slap_schema.si_ad_entryDN) {
		err = back_find(plan->view->txn, &f->f_av_value, &record,
		                &matched);
		if (err == RST_OK && !out_add(plan, record.id))
			return PLAN_TOO_MANY;
		return err == RST_OK || err == RST_ENOTFOUND ? PLAN_DONE
		                                             : PLAN_UNKNOWN;
	}
	/* what is computed is in no index */
	if (ad == slap_schema.si_ad_hasSubordinates ||
	    ad == slap_schema.si_ad_subschemaSubentry ||
	    ad == back_names.locked_time || ad == back_names.shadow_expire ||
	    ad == back_names.account_lock)
		return PLAN_UNKNOWN;
	if (ad == slap_schema.si_ad_objectClass)
		return equal_class(plan, value);
	result = equal_one(plan, ad, value);
	/* entryCSN, of which syncprov asks whether a consumer's is known */
	return result == PLAN_UNKNOWN ? between(plan, ad, value, value)
	                              : result;
}

static size_t
pieces_of(const Filter *f, struct rst_view *pieces)
{
	const SubstringsAssertion *sub = f->f_sub;
	size_t n = 0;

	if (!BER_BVISNULL(&sub->sa_initial))
		pieces[n++] = back_view_of(&sub->sa_initial);
	if (!BER_BVISNULL(&sub->sa_final))
		pieces[n++] = back_view_of(&sub->sa_final);
	for (size_t i = 0; sub->sa_any != NULL && n < PIECES_MAX &&
	                   !BER_BVISNULL(&sub->sa_any[i]);
	     i++)
		pieces[n++] = back_view_of(&sub->sa_any[i]);
	return n;
}

/* Any fragment bounds the whole; take the first that is not too dear. */
static enum plan_result
plan_substring(struct plan *plan, const Filter *f)
{
	const struct rst_rtxn *txn = plan->view->txn;
	struct rst_view pieces[PIECES_MAX + 2];
	size_t begin = plan->out->n, n, n_pieces;
	enum plan_result result, best = PLAN_UNKNOWN;
	uint16_t id;

	if (!back_ad_indexable(f->f_sub_desc) ||
	    !back_ad_family(plan->view->db, txn, f->f_sub_desc, &id, 1, &n))
		return PLAN_UNKNOWN;
	if (n == 0)
		return PLAN_DONE;
	if (!rst_index_exists(txn, id, RST_INDEX_SUBSTRING))
		return PLAN_UNKNOWN;
	n_pieces = pieces_of(f, pieces);
	for (size_t i = 0; i < n_pieces; i++) {
		plan->out->n = begin;
		result = take_all(plan, rst_index_substring, id, pieces[i]);
		if (result == PLAN_DONE)
			return PLAN_DONE;
		if (result == PLAN_TOO_MANY)
			best = PLAN_TOO_MANY;
	}
	plan->out->n = begin;
	return best;
}

static enum plan_result plan_filter(struct plan *plan, const Filter *f);

static enum plan_result
plan_or(struct plan *plan, const Filter *f)
{
	enum plan_result result;

	for (; f != NULL; f = f->f_next) {
		result = plan_filter(plan, f);
		if (result != PLAN_DONE)
			return result;
	}
	return PLAN_DONE;
}

/* (gidNumber=N) of posixGroups: the people whose primary group it is are in
 * the index too, all of them; who owns the number is known at once. */
static enum plan_result
plan_group_number(struct plan *plan, const Filter *terms)
{
	const struct rst_rtxn *txn = plan->view->txn;
	const struct berval *number = NULL;
	struct rst_ident_owner owner, other;
	bool is_group = false;
	uint64_t n;
	enum rst_err err;

	for (; terms != NULL; terms = terms->f_next) {
		if (terms->f_choice != LDAP_FILTER_EQUALITY)
			continue;
		if (terms->f_av_desc == back_names.gid_number)
			number = &terms->f_av_value;
		if (terms->f_av_desc == slap_schema.si_ad_objectClass &&
		    strcasecmp(terms->f_av_value.bv_val, "posixGroup") == 0)
			is_group = true;
	}
	if (!is_group || number == NULL ||
	    !rst_view_number(back_view_of(number), RST_NO_NUMBER - 1, &n))
		return PLAN_UNKNOWN;
	err = rst_ident_number_owner(txn, RST_IDENT_GIDNUMBER, (uint32_t)n, 0,
	                             &owner);
	if (err == RST_ENOTFOUND)
		return PLAN_DONE;
	if (err != RST_OK ||
	    rst_ident_number_owner(txn, RST_IDENT_GIDNUMBER, (uint32_t)n,
	                           owner.id, &other) != RST_ENOTFOUND)
		return PLAN_UNKNOWN; /* more than one: let the index tell */
	return out_add(plan, owner.id) ? PLAN_DONE : PLAN_TOO_MANY;
}

static bool
names_class(const Filter *f)
{
	return f->f_choice == LDAP_FILTER_EQUALITY &&
	       f->f_av_desc == slap_schema.si_ad_objectClass;
}

/* One round over the terms with at most limit candidates.  A class has few
 * entries only where the others leave more: it comes last. */
static enum plan_result
plan_and_round(struct plan *plan, const Filter *terms, size_t begin)
{
	enum plan_result result, best = PLAN_UNKNOWN;
	const Filter *f;

	for (int classes = 0; classes < 2; classes++)
		for (f = terms; f != NULL; f = f->f_next) {
			if (names_class(f) != (classes == 1))
				continue;
			plan->out->n = begin;
			result = plan_filter(plan, f);
			if (result == PLAN_DONE)
				return PLAN_DONE;
			if (result == PLAN_TOO_MANY)
				best = PLAN_TOO_MANY;
		}
	plan->out->n = begin;
	return best;
}

/* The term that gets furthest; one inside of another AND does not try all, or
 * the tries would multiply. */
static enum plan_result
plan_and_window(struct plan *plan, const Filter *terms, size_t begin)
{
	uint64_t outer = plan->upto, reach = 0;
	const Filter *best = NULL, *last = NULL;
	enum plan_result result = PLAN_DONE;

	plan->in_round = true;
	for (const Filter *f = terms; f != NULL && reach != UINT64_MAX;
	     f = f->f_next) {
		plan->out->n = begin;
		plan->upto = UINT64_MAX;
		last = f;
		if (plan_filter(plan, f) == PLAN_DONE && plan->upto > reach) {
			best = f;
			reach = plan->upto;
		}
	}
	if (best != last || best == NULL) {
		plan->out->n = begin;
		plan->upto = UINT64_MAX;
		result = best != NULL ? plan_filter(plan, best) : PLAN_UNKNOWN;
	}
	plan->in_round = false;
	if (outer < plan->upto)
		plan->upto = outer;
	return result;
}

static enum plan_result
plan_and(struct plan *plan, const Filter *terms)
{
	size_t begin = plan->out->n, whole = plan->limit, limit;
	enum plan_result result;

	result = plan_group_number(plan, terms);
	if (result != PLAN_UNKNOWN)
		return result;
	if (plan->in_round)
		return plan_and_round(plan, terms, begin);
	if (plan->window > 0)
		return plan_and_window(plan, terms, begin);
	plan->in_round = true;
	for (limit = FIRST_LIMIT;; limit *= LIMIT_FACTOR) {
		plan->limit = begin + limit < whole ? begin + limit : whole;
		result = plan_and_round(plan, terms, begin);
		if (result != PLAN_TOO_MANY || plan->limit == whole)
			break;
	}
	plan->limit = whole;
	plan->in_round = false;
	return result;
}

static enum plan_result
plan_leaf(struct plan *plan, const Filter *f)
{
	/* an undefined part is never true: nothing can match through it */
	if (f->f_choice & SLAPD_FILTER_UNDEFINED)
		return PLAN_DONE;
	switch (f->f_choice) {
	case SLAPD_FILTER_COMPUTED:
		return f->f_result == LDAP_COMPARE_TRUE ? PLAN_UNKNOWN
		                                        : PLAN_DONE;
	case LDAP_FILTER_EQUALITY:
		return plan_equal(plan, f);
	case LDAP_FILTER_GE:
	case LDAP_FILTER_LE:
		return plan_range(plan, f);
	case LDAP_FILTER_SUBSTRINGS:
		return plan_substring(plan, f);
	}
	return PLAN_UNKNOWN;
}

static enum plan_result
plan_filter(struct plan *plan, const Filter *f)
{
	enum plan_result result;

	if (plan->depth == DEPTH_MAX)
		return PLAN_UNKNOWN;
	plan->depth++;
	if (f->f_choice == LDAP_FILTER_AND)
		result = plan_and(plan, f->f_and);
	else if (f->f_choice == LDAP_FILTER_OR)
		result = plan_or(plan, f->f_or);
	else
		result = plan_leaf(plan, f);
	plan->depth--;
	return result;
}

static int
compare_ids(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
sort_distinct(struct back_candidates *candidates)
{
	size_t n = 0;

	if (candidates->n == 0)
		return;
	qsort(candidates->ids, candidates->n, sizeof(candidates->ids[0]),
	      compare_ids);
	for (size_t i = 1; i < candidates->n; i++)
		if (candidates->ids[i] != candidates->ids[n])
			candidates->ids[++n] = candidates->ids[i];
	candidates->n = n + 1;
}

/* Referrals are answers whatever the filter says; mostly there is none. */
static bool
plan_referrals(struct plan *plan)
{
	const struct rst_rtxn *txn = plan->view->txn;
	size_t before = plan->out->n;
	uint64_t some;

	if (rst_fact_get(txn, RST_FACT_REFERRALS, &some) && some == 0)
		return true;
	if (equal_one(plan, slap_schema.si_ad_objectClass,
	              RST_VIEW("referral")) != PLAN_DONE)
		return false;
	if (plan->after == 0) /* else not all were looked at */
		rst_fact_put(txn, RST_FACT_REFERRALS, plan->out->n > before);
	return true;
}

static bool
plan_whole(struct plan *plan, Filter *filter)
{
	plan->out->n = 0;
	plan->upto = UINT64_MAX;
	return plan_filter(plan, filter) == PLAN_DONE &&
	       (get_manageDSAit(plan->view->op) || plan_referrals(plan));
}

/* What lies behind upto may not be all there is. */
static void
cut(struct plan *plan)
{
	struct back_candidates *out = plan->out;

	sort_distinct(out);
	out->upto = plan->upto != UINT64_MAX ? plan->upto : 0;
	while (out->upto != 0 && out->n > 0 && out->ids[out->n - 1] > out->upto)
		out->n--;
}

static size_t
at_most(size_t n)
{
	return n < BACK_CANDIDATES_MAX ? n : BACK_CANDIDATES_MAX;
}

bool
back_plan(const struct back_view *view, Filter *filter, uint64_t after,
          size_t page, struct back_candidates *candidates)
{
	struct plan plan = { .view = view,
		             .after = after,
		             .out = candidates,
		             .limit = BACK_CANDIDATES_MAX };

	if (page > 0 && page < PAGE_MIN)
		page = PAGE_MIN;
	page = at_most(page);
	if (page > 0)
		plan.limit = at_most(page * PAGES_WHOLE);
	if (!plan_whole(&plan, filter)) {
		if (page == 0 || plan.limit == BACK_CANDIDATES_MAX)
			return false;
		plan.limit = at_most(page * PAGES_MAX);
		plan.window = page;
		if (!plan_whole(&plan, filter))
			return false;
	}
	cut(&plan);
	return true;
}
