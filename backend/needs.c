/* SPDX-License-Identifier: OLDAP-2.8 */
/* needs.c - which attributes of an entry somebody will look at
 *
 * slapd evaluates ACLs, filters and overlays on the entry it is given, and
 * an attribute that is not in it is "not there": a wrong answer is a security
 * hole.  So what is built is the union of
 *
 *	what the client asked for		its values
 *	the filter				values and normal forms
 *	filter=, dnattr= of the ACLs		values and normal forms
 *	dnattr=member				the asker's own value
 *	the attribute of group= in an ACL	for the entry of that group
 *
 * and everything, as soon as somebody looks whom we cannot question: set=, a
 * dynamic ACL, an extensible filter without an attribute, an overlay that is
 * not in the list of those known not to read what a search returns.
 */
#include "back-roster.h"

#define FAMILY_MAX 32 /* subtypes of an attribute that are looked at */
#define EVERY_WAY  (BACK_NEED_VALUES | BACK_NEED_NORMAL | BACK_NEED_PROBE)

/* An attribute that is looked at, and what of it. */
struct attr_need {
	AttributeDescription *ad;
	unsigned int need;
};

struct group_need {
	const struct berval *ndn; /* NULL: any entry may be the group */
	AttributeDescription *ad;
};

struct back_needs {
	Operation *op;
	AttributeName *attrs;
	bool everything; /* values and normal forms of all */
	bool probes;     /* because of an ACL: hidden members count */
	bool user;       /* values of all user attributes */
	bool normal;     /* normal forms of what is asked for, too */
	bool written;    /* values of all, as they are written */
	struct attr_need *ads;
	size_t n_ads, room_ads;
	struct group_need *groups;
	size_t n_groups, room_groups;
	bool self[RST_A_BUILTIN_END]; /* dnattr= of a membership attribute */
	bool settled;                 /* may is filled in */
	uint64_t may[RST_A_BUILTIN_END / 64 + 1];
};

static void *
grow(Operation *op, void *items, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return items;
	*room = *room == 0 ? 16 : *room * 2;
	return op->o_tmprealloc(items, *room * size, op->o_tmpmemctx);
}

static void
add_need(struct back_needs *needs, AttributeDescription *ad, unsigned int need)
{
	if (ad == NULL)
		return;
	for (size_t i = 0; i < needs->n_ads; i++)
		if (needs->ads[i].ad == ad) {
			needs->ads[i].need |= need;
			return;
		}
	needs->ads = grow(needs->op, needs->ads, needs->n_ads, &needs->room_ads,
	                  sizeof(needs->ads[0]));
	needs->ads[needs->n_ads++] = (struct attr_need){ ad, need };
	needs->settled = false;
}

void
back_needs_add(struct back_needs *needs, AttributeDescription *ad)
{
	add_need(needs, ad, EVERY_WAY);
}

static void
add_group(struct back_needs *needs, const Access *access)
{
	struct group_need *need;

	needs->groups = grow(needs->op, needs->groups, needs->n_groups,
	                     &needs->room_groups, sizeof(needs->groups[0]));
	need = &needs->groups[needs->n_groups++];
	need->ndn = access->a_group_style == ACL_STYLE_EXPAND
	                    ? NULL
	                    : &access->a_group_pat;
	need->ad = access->a_group_at;
}

/* members_too: a membership leaf counts; the evaluator of filter.c answers
 * those of the client's filter by itself. */
static void
add_leaf(struct back_needs *needs, const Filter *leaf, AttributeDescription *ad,
         bool members_too)
{
	if (!members_too && (back_member_id(ad) != RST_A_NONE ||
	                     back_filter_by_tables((Filter *)leaf)))
		return;
	back_needs_add(needs, ad);
}

static void
add_filter(struct back_needs *needs, const Filter *filter, bool members_too)
{
	const Filter *f = filter;

	if (f->f_choice & SLAPD_FILTER_UNDEFINED)
		return;
	switch (f->f_choice) {
	case LDAP_FILTER_AND:
	case LDAP_FILTER_OR:
		for (f = f->f_list; f != NULL; f = f->f_next)
			add_filter(needs, f, members_too);
		return;
	case LDAP_FILTER_NOT:
		add_filter(needs, f->f_not, members_too);
		return;
	case LDAP_FILTER_PRESENT:
		/* nobody looks at a value */
		if (members_too)
			back_needs_add(needs, f->f_desc);
		else if (!back_filter_by_tables((Filter *)f))
			add_need(needs, f->f_desc,
			         BACK_NEED_VALUES | BACK_NEED_PROBE);
		return;
	case LDAP_FILTER_EQUALITY:
	case LDAP_FILTER_GE:
	case LDAP_FILTER_LE:
	case LDAP_FILTER_APPROX:
		add_leaf(needs, f, f->f_av_desc, members_too);
		return;
	case LDAP_FILTER_SUBSTRINGS:
		add_leaf(needs, f, f->f_sub_desc, members_too);
		return;
	case LDAP_FILTER_EXT:
		if (f->f_mr_desc == NULL || f->f_mr_dnattrs)
			needs->everything = true;
		else
			add_leaf(needs, f, f->f_mr_desc, members_too);
		return;
	case SLAPD_FILTER_COMPUTED:
		return;
	}
	needs->everything = true; /* something this version does not know */
}

void
back_needs_filter(struct back_needs *needs, const Filter *filter)
{
	add_filter(needs, filter, true);
}

/* "by dnattr=member" asks of one value whether it is there: the asker's. */
static void
add_dnattr(struct back_needs *needs, AttributeDescription *ad)
{
	uint16_t id = back_member_id(ad);

	if (id == RST_A_NONE)
		back_needs_add(needs, ad);
	else
		needs->self[id] = true;
}

static void
add_access(struct back_needs *needs, const Access *access)
{
	add_dnattr(needs, access->a_dn_at);
	add_dnattr(needs, access->a_realdn_at);
	if (access->a_dn_self || access->a_realdn_self)
		needs->normal = true;
	if (!BER_BVISEMPTY(&access->a_group_pat)) {
		add_group(needs, access);
		/* a URL's filter is tried on the entry itself, when that is
		 * the asker's own */
		if (is_at_subtype(access->a_group_at->ad_type,
		                  slap_schema.si_ad_labeledURI->ad_type))
			needs->everything = needs->probes = true;
	}
	if (!BER_BVISEMPTY(&access->a_set_pat))
		needs->everything = needs->probes = true;
#ifdef SLAP_DYNACL
	if (access->a_dynacl != NULL)
		needs->everything = needs->probes = true;
#endif
}

static void
add_acls(struct back_needs *needs, const AccessControl *acl)
{
	const Access *access;

	for (; acl != NULL; acl = acl->acl_next) {
		if (acl->acl_filter != NULL)
			add_filter(needs, acl->acl_filter, true);
		if (!BER_BVISNULL(&acl->acl_attrval))
			needs->normal = true;
		for (access = acl->acl_access; access != NULL;
		     access = access->a_next)
			add_access(needs, access);
	}
}

static bool
has_control(const Operation *op, const char *oid)
{
	int id;

	return slap_find_control_id(oid, &id) == LDAP_SUCCESS &&
	       op->o_ctrlflag[id] > SLAP_CONTROL_IGNORED;
}

/*
 * Overlays known not to look into what a search of a client returns beyond
 * what was asked for.  syncprov looks at two attributes when the client
 * replicates (a refresh of everything costs twice as much with the normal
 * forms of all), sssvlv at any when it is to sort; deref reads entries of its
 * own; valsort looks at the normal forms of what is returned.
 */
static bool
is_indifferent(struct back_needs *needs, const char *type)
{
	static const char *const known[] = {
		"lifecycle", "lifecycle-guard", "auditlog", "accesslog",
		"unique",    "refint",          "deref",
	};

	if (strcmp(type, "syncprov") == 0) {
		if (needs->op->o_sync > SLAP_CONTROL_IGNORED) {
			back_needs_add(needs, slap_schema.si_ad_entryCSN);
			back_needs_add(needs, slap_schema.si_ad_entryUUID);
		}
		return true;
	}
	if (strcmp(type, "sssvlv") == 0)
		return !has_control(needs->op, LDAP_CONTROL_SORTREQUEST);
	if (strcmp(type, "valsort") == 0)
		return needs->normal = true;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(type, known[i]) == 0)
			return true;
	return false;
}

static bool
overlays_indifferent(struct back_needs *needs, BackendDB *be)
{
	slap_overinfo *info;
	slap_overinst *on;

	if (be == NULL || !overlay_is_over(be))
		return true;
	info = (slap_overinfo *)be->bd_info;
	for (on = info->oi_list; on != NULL; on = on->on_next)
		if (!is_indifferent(needs, on->on_bi.bi_type))
			return false;
	return true;
}

bool
back_is_internal(const Operation *op)
{
	return op->o_conn == NULL || op->o_conn->c_conn_idx < 0;
}

static struct back_needs *
needs_new(Operation *op)
{
	struct back_needs *needs;

	needs = op->o_tmpcalloc(1, sizeof(*needs), op->o_tmpmemctx);
	needs->op = op;
	return needs;
}

struct back_needs *
back_needs_none(Operation *op)
{
	return needs_new(op);
}

/*
 * syncrepl, at the end of a refresh, asks which entry its provider did not
 * name: it looks at two attributes of each entry that there is.
 */
static bool
is_by_syncrepl(const Operation *op, const AttributeName *attrs)
{
	if (!SLAPD_SYNC_IS_SYNCCONN(op->o_connid) || attrs == NULL)
		return false;
	for (; !BER_BVISNULL(&attrs->an_name); attrs++)
		if (attrs->an_desc != slap_schema.si_ad_entryUUID &&
		    attrs->an_desc != slap_schema.si_ad_entryCSN)
			return false;
	return true;
}

/* blind: who looks cannot be known. */
static struct back_needs *
needs_of(Operation *op, bool blind)
{
	struct back_needs *needs = needs_new(op);

	if (op->o_bd != NULL && !be_isroot(op)) {
		add_acls(needs, op->o_bd->be_acl);
		add_acls(needs, frontendDB->be_acl);
	}
	if (blind || op->o_bd == NULL ||
	    !overlays_indifferent(needs, op->o_bd->bd_self) ||
	    !overlays_indifferent(needs, frontendDB))
		needs->everything = true;
	return needs;
}

struct back_needs *
back_needs_acl(Operation *op)
{
	return needs_of(op, back_is_internal(op));
}

struct back_needs *
back_needs_all(Operation *op)
{
	struct back_needs *needs = back_needs_acl(op);

	needs->everything = true;
	return needs;
}

struct back_needs *
back_needs_search(Operation *op, Filter *filter, AttributeName *attrs)
{
	bool known = is_by_syncrepl(op, attrs);
	struct back_needs *needs = needs_of(op, back_is_internal(op) && !known);

	needs->attrs = attrs;
	needs->user = attrs == NULL;
	needs->normal = needs->normal || known;
	if (filter != NULL)
		add_filter(needs, filter, false);
	if (get_assert(op))
		add_filter(needs, get_assertion(op), true);
	/* syncprov's own searches have no controls at all */
	if (op->o_controls != NULL && op->o_vrFilter != NULL)
		needs->normal = true; /* values are matched one by one */
	return needs;
}

const struct back_needs *
back_needs_written(void)
{
	static const struct back_needs written = { .written = true };

	return &written;
}

static bool
group_needs(const struct back_needs *needs, AttributeDescription *ad,
            const struct berval *ndn)
{
	for (size_t i = 0; i < needs->n_groups; i++) {
		if (needs->groups[i].ad != ad)
			continue;
		if (needs->groups[i].ndn == NULL || ndn == NULL ||
		    bvmatch(needs->groups[i].ndn, ndn))
			return true;
	}
	return false;
}

static bool
allow(struct back_needs *needs, struct back_db *db, const struct rst_rtxn *txn,
      AttributeDescription *ad)
{
	uint16_t ids[FAMILY_MAX];
	size_t n;

	if (ad == NULL || !back_ad_family(db, txn, ad, ids, FAMILY_MAX, &n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (ids[i] < RST_A_BUILTIN_END)
			needs->may[ids[i] / 64] |= UINT64_C(1) << ids[i] % 64;
	return true;
}

void
back_needs_settle(struct back_needs *needs, struct back_db *db,
                  const struct rst_rtxn *txn)
{
	const AttributeName *name = needs->attrs;

	if (needs->settled || needs->everything || needs->user)
		return;
	memset(needs->may, 0, sizeof(needs->may));
	for (; name != NULL && !BER_BVISNULL(&name->an_name); name++)
		if (!allow(needs, db, txn, name->an_desc))
			return;
	for (size_t i = 0; i < needs->n_ads; i++)
		if (!allow(needs, db, txn, needs->ads[i].ad))
			return;
	for (size_t i = 0; i < needs->n_groups; i++)
		if (!allow(needs, db, txn, needs->groups[i].ad))
			return;
	for (unsigned int id = 0; id < RST_A_BUILTIN_END; id++)
		if (needs->self[id])
			needs->may[id / 64] |= UINT64_C(1) << id % 64;
	needs->settled = true;
}

bool
back_needs_may(const struct back_needs *needs, uint16_t id)
{
	return needs == NULL || !needs->settled || needs->everything ||
	       id >= RST_A_BUILTIN_END ||
	       (needs->may[id / 64] >> id % 64 & 1) != 0;
}

/* ad_inlist(), which is asked only when a name may stand for ad: it is of its
 * type or of a type above, or stands for many. */
static bool
is_asked(AttributeDescription *ad, AttributeName *attrs)
{
	const AttributeType *type;
	AttributeName *name;

	for (name = attrs; !BER_BVISNULL(&name->an_name); name++) {
		if (name->an_desc == NULL)
			return ad_inlist(ad, attrs);
		for (type = ad->ad_type; type != NULL; type = type->sat_sup)
			if (type == name->an_desc->ad_type)
				return ad_inlist(ad, attrs);
	}
	return false;
}

unsigned int
back_needs_of(const struct back_needs *needs, AttributeDescription *ad,
              const struct berval *ndn)
{
	unsigned int need = 0;
	uint16_t id = back_member_id(ad);
	bool self;

	if (needs == NULL)
		return BACK_NEED_VALUES | BACK_NEED_NORMAL;
	if (needs->written)
		return BACK_NEED_VALUES;
	self = id != RST_A_NONE && needs->self[id];
	if (needs->everything)
		return BACK_NEED_VALUES | BACK_NEED_NORMAL |
		       (needs->probes ? BACK_NEED_PROBE : 0) |
		       (self ? BACK_NEED_SELF : 0);
	if ((needs->user && !is_at_operational(ad->ad_type)) ||
	    (needs->attrs != NULL && is_asked(ad, needs->attrs)))
		need = BACK_NEED_VALUES |
		       (needs->normal ? BACK_NEED_NORMAL : 0);
	for (size_t i = 0; i < needs->n_ads; i++)
		if (needs->ads[i].ad == ad ||
		    is_ad_subtype(ad, needs->ads[i].ad))
			need |= needs->ads[i].need;
	if ((need & EVERY_WAY) == EVERY_WAY)
		return EVERY_WAY;
	if (group_needs(needs, ad, ndn))
		need |= EVERY_WAY;
	return self ? need | BACK_NEED_SELF : need;
}

bool
back_needs_members(Operation *op, const Filter *filter,
                   const struct berval *ndn)
{
	struct back_needs *needs = needs_new(op);

	if (op->o_bd != NULL)
		add_acls(needs, op->o_bd->be_acl);
	add_acls(needs, frontendDB->be_acl);
	if (filter != NULL)
		add_filter(needs, filter, true);
	return back_needs_of(needs, back_names.member, ndn) != 0 ||
	       back_needs_of(needs, back_names.member_uid, ndn) != 0 ||
	       back_needs_of(needs, back_names.unique_member, ndn) != 0;
}
