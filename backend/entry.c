/* SPDX-License-Identifier: OLDAP-2.8 */
/* entry.c - entries as slapd wants them, built from records
 *
 * Only the attributes that somebody needs are copied out of the map, and
 * their normal forms are computed only where an ACL or a filter looks at
 * them.  Everything lives in one arena; e_private points back at the entry
 * itself, which is how we know our own.
 */
#include "entry_priv.h"

#include "backend/follow.h"

#include "lifecycle/acts.h"
#include "lifecycle/moment.h"

struct back_entry {
	Entry e;
	struct back_arena *own; /* to be freed with it, or NULL */
};

struct berval
back_arena_copy(struct back_arena *arena, struct rst_view value)
{
	struct berval bv;

	bv.bv_val = back_arena_alloc(arena, value.len + 1);
	bv.bv_len = value.len;
	if (value.len > 0)
		memcpy(bv.bv_val, value.ptr, value.len);
	bv.bv_val[value.len] = '\0';
	return bv;
}

Entry *
back_entry_blank(struct back_arena *arena)
{
	struct back_entry *made = back_arena_alloc(arena, sizeof(*made));

	memset(made, 0, sizeof(*made));
	made->e.e_private = made;
	return &made->e;
}

Attribute *
back_build_attr(struct back_build *build, AttributeDescription *ad, size_t n)
{
	Attribute *attr = back_arena_alloc(build->arena, sizeof(*attr));

	memset(attr, 0, sizeof(*attr));
	attr->a_desc = ad;
	attr->a_flags = SLAP_ATTR_DONT_FREE_DATA | SLAP_ATTR_DONT_FREE_VALS;
	attr->a_vals =
		back_arena_alloc(build->arena, (n + 1) * sizeof(struct berval));
	BER_BVZERO(&attr->a_vals[0]);
	return attr;
}

void
back_build_value(struct back_build *build, Attribute *attr,
                 struct rst_view value)
{
	attr->a_vals[attr->a_numvals++] = back_arena_copy(build->arena, value);
	BER_BVZERO(&attr->a_vals[attr->a_numvals]);
}

static int
normalise(AttributeDescription *ad, struct berval *value, struct berval *normal,
          void *memctx)
{
	MatchingRule *rule = ad->ad_type->sat_equality;

	if (ad->ad_type->sat_flags & SLAP_AT_ORDERED_VAL)
		return ordered_value_normalize(
			SLAP_MR_VALUE_OF_ATTRIBUTE_SYNTAX, ad, rule, value,
			normal, memctx);
	return rule->smr_normalize(SLAP_MR_VALUE_OF_ATTRIBUTE_SYNTAX,
	                           ad->ad_type->sat_syntax, rule, value, normal,
	                           memctx);
}

struct berval
back_build_normal_of(struct back_build *build, AttributeDescription *ad,
                     struct berval *value)
{
	Operation *op = build->arena->op;
	void *memctx = op != NULL ? op->o_tmpmemctx : NULL;
	struct berval bv = BER_BVNULL, copy;

	if (normalise(ad, value, &bv, memctx) != LDAP_SUCCESS ||
	    BER_BVISNULL(&bv))
		return *value;
	copy = back_arena_copy(build->arena, back_view_of(&bv));
	slap_sl_free(bv.bv_val, memctx);
	return copy;
}

void
back_build_normal(struct back_build *build, Attribute *attr, bool normal)
{
	MatchingRule *rule = attr->a_desc->ad_type->sat_equality;

	attr->a_nvals = attr->a_vals;
	if (!normal || rule == NULL || rule->smr_normalize == NULL)
		return;
	attr->a_nvals = back_arena_alloc(
		build->arena, (attr->a_numvals + 1) * sizeof(struct berval));
	for (unsigned int i = 0; i < attr->a_numvals; i++)
		attr->a_nvals[i] = back_build_normal_of(build, attr->a_desc,
		                                        &attr->a_vals[i]);
	BER_BVZERO(&attr->a_nvals[attr->a_numvals]);
}

void
back_build_append(struct back_build *build, Attribute *attr)
{
	*build->tail = attr;
	build->tail = &attr->a_next;
}

/* A password is shown to nobody once the lifecycle guards it. */
static bool
is_secret(const struct back_view *view, AttributeDescription *ad)
{
	return view->lifecycle && !view->secrets && back_is_password(ad);
}

static unsigned int
sid_of(struct rst_view csn)
{
	struct berval bv = { csn.len, (char *)(uintptr_t)csn.ptr };

	return (unsigned int)slap_parse_csn_sid(&bv);
}

/* Is the stored value of contextCSN covered by what we know better? */
static bool
is_covered(const struct back_context *context, struct rst_view stored)
{
	const char *local = context->local, *foreign = context->foreign;
	unsigned int sid = sid_of(stored);

	if (foreign[0] != '\0' && sid == sid_of(rst_view_of(foreign)))
		return true;
	return local[0] != '\0' && sid == sid_of(rst_view_of(local)) &&
	       strncmp(stored.ptr, local, stored.len) <= 0;
}

/*
 * contextCSN of the suffix entry: what slapd's overlays stored there, but for
 * the two server ids whose last CSN the environment itself knows: exactly,
 * also after a crash.
 */
static void
build_context(struct back_build *build)
{
	AttributeDescription *ad = slap_schema.si_ad_contextCSN;
	unsigned int need =
		back_needs_of(build->needs, ad, &build->entry->e_nname);
	struct back_context context;
	struct rst_attr stored = { 0 };
	struct rst_view value;
	Attribute *attr;

	if (need == 0)
		return;
	back_follow_context(build->view->db, build->view->txn, &context);
	if (!rst_record_attr(build->record, RST_A_CONTEXTCSN, &stored) &&
	    context.local[0] == '\0' && context.foreign[0] == '\0')
		return;
	attr = back_build_attr(build, ad, stored.count + 2);
	while (stored.count > 0 && rst_attr_next(&stored, &value)) {
		if (is_covered(&context, value))
			continue;
		if (context.local[0] != '\0' &&
		    sid_of(value) == sid_of(rst_view_of(context.local)))
			context.local[0] = '\0'; /* a later one is stored */
		back_build_value(build, attr, value);
	}
	if (context.local[0] != '\0')
		back_build_value(build, attr, rst_view_of(context.local));
	if (context.foreign[0] != '\0')
		back_build_value(build, attr, rst_view_of(context.foreign));
	back_build_normal(build, attr, (need & BACK_NEED_NORMAL) != 0);
	back_build_append(build, attr);
}

static void
build_stored(struct back_build *build, struct rst_attr *stored)
{
	const struct back_view *view = build->view;
	AttributeDescription *ad;
	struct rst_view value;
	unsigned int need;
	Attribute *attr;

	if (!back_needs_may(build->needs, stored->id) &&
	    (build->record->kind != RST_KIND_OTHER ||
	     stored->id != RST_A_OBJECTCLASS))
		return;
	ad = back_ad(view->db, view->txn, view->committed, stored->id);
	if (ad == NULL || is_secret(view, ad) || back_build_replaced(build, ad))
		return;
	if (ad == slap_schema.si_ad_contextCSN && build->record->parent == 0)
		return; /* build_context() */
	need = back_needs_of(build->needs, ad, &build->entry->e_nname);
	if (build->record->kind == RST_KIND_OTHER &&
	    ad == slap_schema.si_ad_objectClass)
		need |= BACK_NEED_VALUES | BACK_NEED_NORMAL;
	if (need == 0 || stored->count == 0)
		return;
	attr = back_build_attr(build, ad, stored->count);
	while (rst_attr_next(stored, &value))
		back_build_value(build, attr, value);
	back_build_normal(build, attr, (need & BACK_NEED_NORMAL) != 0);
	back_build_append(build, attr);
}

static struct berval
join(struct back_arena *arena, struct rst_view rdn, const struct berval *parent)
{
	struct berval dn;

	dn.bv_len = rdn.len + 1 + parent->bv_len;
	dn.bv_val = back_arena_alloc(arena, dn.bv_len + 1);
	memcpy(dn.bv_val, rdn.ptr, rdn.len);
	dn.bv_val[rdn.len] = ',';
	memcpy(dn.bv_val + rdn.len + 1, parent->bv_val, parent->bv_len + 1);
	return dn;
}

static enum rst_err
build_names(struct back_build *build)
{
	const struct rst_record *record = build->record;
	struct back_arena *arena = build->arena;
	char text[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	if (build->view->names != NULL) {
		build->entry->e_name = back_arena_copy(
			arena, back_view_of(&build->view->names[0]));
		build->entry->e_nname = back_arena_copy(
			arena, back_view_of(&build->view->names[1]));
		return RST_OK;
	}
	if (record->parent == 0) {
		build->entry->e_name = back_arena_copy(arena, record->rdn);
		build->entry->e_nname = back_arena_copy(arena, record->nrdn);
		return RST_OK;
	}
	if (arena->parent != record->parent) {
		err = rst_tree_dn(build->view->txn, record->parent, text,
		                  sizeof(text), &len);
		if (err != RST_OK)
			return err;
		arena->parent_dn = back_arena_copy(arena, rst_view(text, len));
		err = rst_tree_ndn(build->view->txn, record->parent, text,
		                   sizeof(text), &len);
		if (err != RST_OK)
			return err;
		arena->parent_ndn = back_arena_copy(arena, rst_view(text, len));
		arena->parent = record->parent;
	}
	build->entry->e_name = join(arena, record->rdn, &arena->parent_dn);
	build->entry->e_nname = join(arena, record->nrdn, &arena->parent_ndn);
	return RST_OK;
}

/* For Roster's own kinds the flags are known without their object classes. */
static void
build_flags(struct back_build *build)
{
	unsigned int flags = build->record->flags;
	slap_mask_t *ocflags = &build->entry->e_ocflags;

	if (build->record->kind == RST_KIND_OTHER)
		return;
	*ocflags = SLAP_OC__END;
	if (flags & RST_REC_REFERRAL)
		*ocflags |= SLAP_OC_REFERRAL;
	if (flags & RST_REC_ALIAS)
		*ocflags |= SLAP_OC_ALIAS;
	if (flags & RST_REC_SUBENTRY)
		*ocflags |= SLAP_OC_SUBENTRY;
}

static void
read_state(struct back_build *build)
{
	enum rule_state state = act_state(build->record, build->view->now_s);

	build->suspended =
		!rule_state_may_sign_in(state) && state != RULE_STATE_PENDING;
	(void)lifecycle_time_parse(
		rst_record_first(build->record, RST_A_ROSTEREXPIRES),
		&build->expires_s);
}

enum rst_err
back_entry_build(const struct back_view *view, const struct rst_record *record,
                 const struct back_needs *needs, struct back_arena *arena,
                 Entry **ret_entry)
{
	struct back_entry *made = back_arena_alloc(arena, sizeof(*made));
	struct back_build build = { view, record, needs, arena, &made->e };
	struct rst_attr stored;
	enum rst_err err;

	memset(made, 0, sizeof(*made));
	made->e.e_id = record->id;
	made->e.e_private = made;
	build.tail = &made->e.e_attrs;
	build.expires_s = RULE_NEVER;
	if (view->computed && view->lifecycle &&
	    record->kind == RST_KIND_PERSON)
		read_state(&build);
	err = build_names(&build);
	if (err != RST_OK)
		return err;
	build_flags(&build);
	for (unsigned int i = 0; i < record->n_attrs; i++) {
		rst_record_nth(record, i, &stored);
		build_stored(&build, &stored);
	}
	if (record->parent == 0)
		build_context(&build);
	err = back_build_computed(&build);
	if (err == RST_OK)
		*ret_entry = &made->e;
	return err;
}

enum rst_err
back_entry_new(const struct back_view *view, const struct rst_record *record,
               const struct back_needs *needs, Entry **ret_entry)
{
	struct back_arena *arena = back_arena_new(NULL);
	Entry *entry;
	enum rst_err err;

	err = back_entry_build(view, record, needs, arena, &entry);
	if (err != RST_OK) {
		back_arena_free(arena);
		return err;
	}
	((struct back_entry *)entry)->own = arena;
	*ret_entry = entry;
	return RST_OK;
}

void
back_entry_free(Entry *entry)
{
	struct back_entry *made = (struct back_entry *)entry;

	if (entry == NULL)
		return;
	if (entry->e_private != entry)
		entry_free(entry);
	else if (made->own != NULL)
		back_arena_free(made->own);
}
