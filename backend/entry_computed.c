/* SPDX-License-Identifier: OLDAP-2.8 */
/* entry_computed.c - attributes of an entry that are not in its record
 *
 *	member, memberUid, uniqueMember		rows of the membership tables
 *	memberOf				the same rows, read backwards
 *	pwdAccountLockedTime, shadowExpire,
 *	nsAccountLock				what clients look at to learn
 *						that an account cannot be used
 *	shadowLastChange, shadowMin,
 *	shadowMax, shadowWarning		how old the password is and may
 *						become, in days
 *
 * Each client looks at another signal, so a suspended account shows all of
 * them.  shadowExpire is 1, not 0: sssd takes 0 for "never".
 */
#include "entry_priv.h"

#include <inttypes.h>

#include "lifecycle/password_age.h"

#define GROUPS_AT_ONCE 64

/* Values of membership come in unknown number: collect, then hand over. */
struct values {
	struct back_arena *arena;
	struct berval *at;
	size_t n, room;
};

/* Room for one more value. */
static struct berval *
values_next(struct values *values)
{
	struct berval *more;

	if (values->n + 1 >= values->room) {
		values->room = values->room == 0 ? 64 : values->room * 2;
		more = back_arena_alloc(values->arena,
		                        values->room * sizeof(*more));
		if (values->n > 0)
			memcpy(more, values->at, values->n * sizeof(*more));
		values->at = more;
	}
	return &values->at[values->n++];
}

/* Add a value that is kept in the same arena already. */
static void
values_share(struct values *values, const struct berval *value)
{
	*values_next(values) = *value;
	BER_BVZERO(&values->at[values->n]);
}

/* Add name and above as one value. */
static void
values_join(struct values *values, struct rst_view name, struct rst_view above)
{
	struct berval *value = values_next(values);

	value->bv_len = name.len + above.len;
	value->bv_val = back_arena_alloc(values->arena, value->bv_len + 1);
	memcpy(value->bv_val, name.ptr, name.len);
	if (above.len > 0)
		memcpy(value->bv_val + name.len, above.ptr, above.len);
	value->bv_val[value->bv_len] = '\0';
	BER_BVZERO(&values->at[values->n]);
}

static void
values_add(struct values *values, const char *text, size_t len)
{
	values_join(values, rst_view(text, len), rst_view("", 0));
}

static void
append_values(struct back_build *build, AttributeDescription *ad,
              const struct values *values, bool normal)
{
	Attribute *attr;

	if (values->n == 0)
		return;
	attr = back_build_attr(build, ad, 0);
	attr->a_vals = values->at;
	attr->a_numvals = (unsigned int)values->n;
	back_build_normal(build, attr, normal);
	back_build_append(build, attr);
}

/* By a rule that folds no case such a value is its own normal form. */
static bool
is_plain(const struct berval *value)
{
	for (size_t i = 0; i < value->bv_len; i++)
		if (value->bv_val[i] <= ' ' || value->bv_val[i] > '~')
			return false;
	return true;
}

/* Is text the value that stands for the asker already? */
static bool
is_own(const struct values *own, const char *text, size_t len)
{
	for (size_t i = 0; i < own->n; i++)
		if (own->at[i].bv_len == len &&
		    memcmp(own->at[i].bv_val, text, len) == 0)
			return true;
	return false;
}

/* The value under which ndn is a member, if it is. */
static enum rst_err
add_own(struct back_build *build, uint16_t id, const struct berval *ndn,
        struct values *values, struct values *normal)
{
	struct rst_member_cursor *cursor;
	char text[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	if (BER_BVISEMPTY(ndn) || is_own(normal, ndn->bv_val, ndn->bv_len))
		return RST_OK;
	cursor = back_arena_alloc(build->arena, sizeof(*cursor));
	err = rst_member_value(build->view->txn, build->record, id,
	                       back_view_of(ndn), cursor, text, &len);
	if (err != RST_OK)
		return err == RST_ENOTFOUND ? RST_OK : err;
	values_add(values, text, len);
	values_add(normal, ndn->bv_val, ndn->bv_len);
	return RST_OK;
}

/* The asker, and who he is on this connection: both may stand in a rule. */
static enum rst_err
add_owns(struct back_build *build, uint16_t id, struct values *values,
         struct values *normal)
{
	Operation *op = build->view->op;
	enum rst_err err;

	if (op == NULL)
		return RST_OK;
	err = add_own(build, id, &op->o_ndn, values, normal);
	if (err == RST_OK && op->o_conn != NULL)
		err = add_own(build, id, &op->o_conn->c_ndn, values, normal);
	return err;
}

/* Who is listed, and where that goes. */
struct listing {
	struct back_build *build;
	AttributeDescription *ad;
	const struct values *own;
	struct values *values, *normal; /* normal: to be filled too, or NULL */
};

static bool
is_same(struct rst_view a, struct rst_view b)
{
	return a.ptr != NULL && a.len == b.len &&
	       memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* Without having slapd parse a DN: a rule with set= may read a huge group for
 * each entry. */
static enum rst_err
add_item(void *arg, const struct rst_member_item *item)
{
	struct listing *to = arg;
	struct values *values = to->values;
	struct berval *value, made;

	values_join(values, item->name, item->above);
	value = &values->at[values->n - 1];
	if (is_own(to->own, value->bv_val, value->bv_len)) {
		BER_BVZERO(value);
		values->n--;
		return RST_OK;
	}
	if (to->normal == NULL)
		return RST_OK;
	if (is_same(item->nname, item->name) &&
	    is_same(item->nabove, item->above)) {
		values_share(to->normal, value);
	} else if (item->nname.ptr != NULL) {
		values_join(to->normal, item->nname, item->nabove);
	} else {
		made = back_build_normal_of(to->build, to->ad, value);
		values_add(to->normal, made.bv_val, made.bv_len);
	}
	return RST_OK;
}

/*
 * For "by dnattr=member" the asker's own value comes first, with its normal
 * form; nobody looks at those of the others then, and hidden or not it costs
 * the same in a group of any size.
 */
static void
append_with_own(struct back_build *build, AttributeDescription *ad,
                const struct values *values, const struct values *normal)
{
	Attribute *attr;

	if (values->n == 0)
		return;
	attr = back_build_attr(build, ad, 0);
	attr->a_vals = values->at;
	attr->a_numvals = (unsigned int)values->n;
	attr->a_nvals = attr->a_vals;
	if (normal->n > 0) {
		attr->a_nvals = back_arena_alloc(
			build->arena, (values->n + 1) * sizeof(struct berval));
		memcpy(attr->a_nvals, attr->a_vals,
		       (values->n + 1) * sizeof(struct berval));
		memcpy(attr->a_nvals, normal->at,
		       normal->n * sizeof(struct berval));
	}
	back_build_append(build, attr);
}

/* Names, of which there may be many.  slapd wants the normal forms in an array
 * of their own, whatever is in it. */
static void
append_names(struct back_build *build, AttributeDescription *ad,
             const struct values *values)
{
	const MatchingRule *rule = ad->ad_type->sat_equality;
	bool plain = rule == slap_schema.si_mr_caseExactMatch ||
	             rule == slap_schema.si_mr_caseExactIA5Match;

	for (size_t i = 0; plain && i < values->n; i++)
		plain = is_plain(&values->at[i]);
	if (plain)
		append_with_own(build, ad, values, values);
	else
		append_values(build, ad, values, true);
}

enum rst_err
back_build_members(struct back_build *build, AttributeDescription *ad,
                   unsigned int need)
{
	const struct back_view *view = build->view;
	bool hidden = view->list_all || (need & BACK_NEED_PROBE);
	struct values values = { build->arena, NULL, 0, 0 };
	struct values normal = { build->arena, NULL, 0, 0 };
	struct values own = { build->arena, NULL, 0, 0 };
	uint16_t id = back_member_id(ad);
	bool all = (need & BACK_NEED_NORMAL) && !view->plain_members;
	bool is_dn = id != RST_A_MEMBERUID;
	/* slapcat and replicas take what is kept, not what follows from it */
	struct listing to = { build, ad, &own, &values,
		              all && is_dn ? &normal : NULL };
	enum rst_err err = RST_OK;

	if (!rst_member_any(view->txn, build->record, id))
		return RST_OK;
	if (!hidden)
		err = rst_member_shows_primary(view->txn, &hidden);
	if (err == RST_OK && (need & BACK_NEED_SELF)) {
		err = add_owns(build, id, &values, &normal);
		for (size_t i = 0; i < values.n; i++)
			values_add(&own, values.at[i].bv_val,
			           values.at[i].bv_len);
	}
	if (err == RST_OK && (need & BACK_NEED_VALUES))
		err = rst_member_list(view->txn, build->record, id, hidden,
		                      view->list_all, to.normal != NULL,
		                      add_item, &to);
	if (err != RST_OK)
		return err;
	if (all && !is_dn)
		append_names(build, ad, &values);
	else
		append_with_own(build, ad, &values, &normal);
	return RST_OK;
}

static enum rst_err
build_member_of(struct back_build *build, unsigned int need)
{
	const struct rst_rtxn *txn = build->view->txn;
	struct values values = { build->arena, NULL, 0, 0 };
	uint64_t groups[GROUPS_AT_ONCE], after = 0;
	char text[RST_DN_MAX];
	size_t n, len;
	enum rst_err err;

	do {
		err = rst_member_of_all(txn, build->record->id, after, groups,
		                        GROUPS_AT_ONCE, &n);
		if (err != RST_OK)
			return err;
		for (size_t i = 0; i < n; i++) {
			err = rst_tree_dn(txn, groups[i], text, sizeof(text),
			                  &len);
			if (err != RST_OK)
				return err;
			values_add(&values, text, len);
			after = groups[i];
		}
	} while (n == GROUPS_AT_ONCE);
	append_values(build, back_names.member_of, &values,
	              (need & BACK_NEED_NORMAL) != 0);
	return RST_OK;
}

static unsigned int
need_of(const struct back_build *build, AttributeDescription *ad)
{
	if (ad == NULL)
		return 0;
	return back_needs_of(build->needs, ad, &build->entry->e_nname);
}

static void
build_signal(struct back_build *build, AttributeDescription *ad,
             struct rst_view value)
{
	unsigned int need = need_of(build, ad);
	Attribute *attr;

	if (need == 0)
		return;
	attr = back_build_attr(build, ad, 1);
	back_build_value(build, attr, value);
	back_build_normal(build, attr, (need & BACK_NEED_NORMAL) != 0);
	back_build_append(build, attr);
}

/* shadowExpire is a day since 1970, and the account works until it: the day
 * after the one in which it ends, because it must not end early. */
static void
build_last_day(struct back_build *build)
{
	int64_t day_s = 24 * 3600;
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64,
	               (build->expires_s + day_s - 1) / day_s);
	build_signal(build, back_names.shadow_expire, rst_view_of(text));
}

/* How old the password of a person is and may become. */
static void
look_at_age(struct back_build *build)
{
	struct lifecycle_policy policy;

	if (build->has_age)
		return;
	build->has_age = true;
	build->facts = lifecycle_password_facts(build->record);
	/* without memory nothing is said of it */
	if (lifecycle_policy(build->view->txn, build->record->id, &policy) ==
	    RST_OK)
		build->life = lifecycle_password_life(&policy);
}

/* Whole days; a part of one is one, so that nothing ends early. */
static int64_t
days(int64_t span_s)
{
	int64_t day_s = 24 * 3600;

	return (span_s + day_s - 1) / day_s;
}

/* The value of one of them; false: what is stored, if anything, is shown.  A
 * password that must be changed is of the day 0. */
static bool
shadow_days(struct back_build *build, const AttributeDescription *ad,
            int64_t *ret_days)
{
	if (!build->view->computed || !build->view->lifecycle ||
	    build->record->kind != RST_KIND_PERSON || ad == NULL)
		return false;
	if (ad != back_names.shadow_last_change &&
	    ad != back_names.shadow_min && ad != back_names.shadow_max &&
	    ad != back_names.shadow_warning)
		return false;
	look_at_age(build);
	if (ad == back_names.shadow_last_change) {
		*ret_days = build->facts.reset
		                    ? 0
		                    : build->facts.changed_s / (24 * 3600);
		/* what an import brought holds where nothing else counts */
		return build->facts.reset ||
		       rst_record_first(build->record, RST_A_PWDCHANGEDTIME)
		                       .len > 0 ||
		       (build->life.max_s > 0 && build->facts.changed_s > 0);
	}
	if (ad == back_names.shadow_min) {
		*ret_days = days(build->life.min_s);
		return build->life.min_s > 0;
	}
	*ret_days = days(ad == back_names.shadow_max ? build->life.max_s
	                                             : build->life.warning_s);
	return build->life.max_s > 0;
}

static void
build_shadow(struct back_build *build)
{
	AttributeDescription *const ads[] = { back_names.shadow_last_change,
		                              back_names.shadow_min,
		                              back_names.shadow_max,
		                              back_names.shadow_warning };
	char text[24];
	int64_t value;

	for (size_t i = 0; i < sizeof(ads) / sizeof(ads[0]); i++) {
		if (need_of(build, ads[i]) == 0 ||
		    !shadow_days(build, ads[i], &value))
			continue;
		(void)snprintf(text, sizeof(text), "%" PRId64, value);
		build_signal(build, ads[i], rst_view_of(text));
	}
}

bool
back_build_replaced(struct back_build *build, const AttributeDescription *ad)
{
	int64_t value;

	if (ad == back_names.shadow_expire)
		return build->suspended || build->expires_s != RULE_NEVER;
	if (build->suspended &&
	    (ad == back_names.locked_time || ad == back_names.account_lock))
		return true;
	return shadow_days(build, ad, &value);
}

enum rst_err
back_build_computed(struct back_build *build)
{
	AttributeDescription *const members[] = { back_names.member_uid,
		                                  back_names.member,
		                                  back_names.unique_member };
	static const uint16_t ids[] = { RST_A_MEMBERUID, RST_A_MEMBER,
		                        RST_A_UNIQUEMEMBER };
	bool members_possible = !build->view->no_members, looked = false;
	unsigned int need;
	enum rst_err err;

	for (size_t i = 0; i < 3 && members_possible; i++) {
		need = back_needs_may(build->needs, ids[i])
		               ? need_of(build, members[i])
		               : 0;
		if (need == 0)
			continue;
		/* mostly it is a person: asked once, and not for each */
		if (!looked)
			members_possible = rst_member_rows(build->view->txn,
			                                   build->record->id);
		looked = true;
		if (!members_possible)
			break;
		err = back_build_members(build, members[i], need);
		if (err != RST_OK)
			return err;
	}
	if (!build->view->computed)
		return RST_OK;
	if (build->suspended) {
		build_signal(build, back_names.locked_time,
		             RST_VIEW("000001010000Z"));
		build_signal(build, back_names.shadow_expire, RST_VIEW("1"));
		build_signal(build, back_names.account_lock, RST_VIEW("TRUE"));
	} else if (build->expires_s != RULE_NEVER) {
		build_last_day(build);
	}
	build_shadow(build);
	need = need_of(build, back_names.member_of);
	return need != 0 ? build_member_of(build, need) : RST_OK;
}

/* Another head of the same values. */
static Attribute *
copy_of(struct back_arena *arena, const Attribute *attr)
{
	Attribute *copy = back_arena_alloc(arena, sizeof(*copy));

	*copy = *attr;
	copy->a_next = NULL;
	return copy;
}

enum rst_err
back_entry_members(const struct back_view *view,
                   const struct rst_record *record, AttributeDescription *ad,
                   bool normal, struct back_arena *arena, Entry *entry)
{
	struct back_build build = { view, record, NULL, arena, entry };
	unsigned int need = BACK_NEED_VALUES | BACK_NEED_PROBE;
	enum rst_err err;

	if (normal)
		need |= BACK_NEED_NORMAL;
	for (build.tail = &entry->e_attrs; *build.tail != NULL;
	     build.tail = &(*build.tail)->a_next)
		if ((*build.tail)->a_desc == ad)
			return RST_OK;
	if (arena->listed != NULL && arena->listed->a_desc == ad &&
	    arena->listed_of == record->id && arena->listed_normal == normal) {
		back_build_append(&build, copy_of(arena, arena->listed));
		return RST_OK;
	}
	err = back_build_members(&build, ad, need);
	if (err == RST_OK) {
		arena->listed = NULL;
		arena->listed_of = record->id;
		arena->listed_normal = normal;
		for (Attribute *at = entry->e_attrs; at != NULL;
		     at = at->a_next)
			if (at->a_desc == ad)
				arena->listed = copy_of(arena, at);
	}
	return err;
}
