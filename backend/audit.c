/* SPDX-License-Identifier: OLDAP-2.8 */
/* audit.c - cn=audit,SUFFIX: the journal as entries, to be read
 *
 *	cn=audit,dc=example,dc=org		rosterAudit: the chain's head
 *	cn=4711,cn=audit,dc=example,dc=org	rosterAuditRecord
 *
 * Nothing of it is stored, and it is no part of the tree above: a search from
 * the suffix does not come here, slapcat does not, and no overlay replicates
 * it.  Only who names it finds it, if the ACLs let him.
 *
 * Records come with the newest first.  What a filter says of their number and
 * time bounds the walk, so that the last hour costs the last hour.
 *
 * It is there with the lifecycle on, where the schema is loaded and no stored
 * entry has the name.
 */
#include "entry_priv.h"
#include "search_priv.h"

#include <inttypes.h>

#include "lifecycle/audit.h"
#include "lifecycle/moment.h"

#define RDN          "cn=audit"
#define CONTAINER_ID (UINT64_C(1) << 62)
#define RECORD_ID    (UINT64_C(1) << 63) /* no stored entry has so high one */

static struct {
	AttributeDescription *cn, *head, *sequence, *time, *act, *actor;
	AttributeDescription *door, *address, *target, *former, *reason;
	AttributeDescription *change;
} names;

static AttributeDescription *
look_up(const char *name)
{
	AttributeDescription *ad = NULL;
	const char *text;

	return slap_str2ad(name, &ad, &text) == LDAP_SUCCESS ? ad : NULL;
}

void
back_audit_open(void)
{
	names.cn = slap_schema.si_ad_cn;
	names.head = look_up("rosterAuditHead");
	names.time = look_up("rosterAuditTime");
	names.act = look_up("rosterAuditAct");
	names.actor = look_up("rosterAuditActor");
	names.door = look_up("rosterAuditDoor");
	names.address = look_up("rosterAuditAddress");
	names.target = look_up("rosterAuditTarget");
	names.former = look_up("rosterAuditFormerTarget");
	names.reason = look_up("rosterAuditReason");
	names.change = look_up("rosterAuditChange");
	names.sequence = names.head != NULL && names.change != NULL
	                         ? look_up("rosterAuditSequence")
	                         : NULL;
}

/* What stands before the container's name in ndn; -1 when it is elsewhere. */
static ber_slen_t
below(const struct berval *ndn, const struct berval *suffix)
{
	size_t rdn = sizeof(RDN) - 1, len = rdn + 1 + suffix->bv_len;
	const char *at = ndn->bv_val + ndn->bv_len - len;

	if (BER_BVISEMPTY(suffix) || ndn->bv_len < len ||
	    memcmp(at, RDN ",", rdn + 1) != 0 ||
	    memcmp(at + rdn + 1, suffix->bv_val, suffix->bv_len) != 0)
		return -1;
	if (ndn->bv_len == len)
		return 0;
	return at[-1] == ',' ? (ber_slen_t)(ndn->bv_len - len) : -1;
}

bool
back_audit_holds(const struct back_view *view, const struct berval *ndn)
{
	const struct berval *suffix = &view->op->o_bd->be_nsuffix[0];
	ber_slen_t before;
	uint64_t id;

	if (!view->lifecycle || names.sequence == NULL)
		return false;
	before = below(ndn, suffix);
	return before >= 0 &&
	       rst_tree_find(view->txn,
	                     rst_view(ndn->bv_val + before,
	                              ndn->bv_len - (ber_len_t)before),
	                     &id, NULL) == RST_ENOTFOUND;
}

/* ---------------------------------------------------------------- entries */

static void
add_text(struct back_build *build, AttributeDescription *ad,
         struct rst_view text)
{
	Attribute *attr;
	char *readable;

	if (text.len == 0 || ad == NULL)
		return;
	readable = audit_readable(text);
	if (readable == NULL)
		return;
	attr = back_build_attr(build, ad, 1);
	back_build_value(build, attr, rst_view_of(readable));
	back_build_normal(build, attr, true);
	back_build_append(build, attr);
	free(readable);
}

static void
add_classes(struct back_build *build, const char *structural)
{
	Attribute *attr =
		back_build_attr(build, slap_schema.si_ad_objectClass, 2);

	back_build_value(build, attr, RST_VIEW("top"));
	back_build_value(build, attr, rst_view_of(structural));
	back_build_normal(build, attr, true);
	back_build_append(build, attr);
	add_text(build, slap_schema.si_ad_structuralObjectClass,
	         rst_view_of(structural));
}

static size_t
count_values(const struct rst_journal_public *record)
{
	struct rst_view values = record->values;
	struct rst_journal_value value;
	size_t n = 0;

	while (rst_journal_next_value(&values, &value))
		n++;
	return n;
}

/* "mail + ada@example.org"; two that read alike are one. */
static void
add_changes(struct back_build *build, const struct rst_journal_public *record)
{
	struct rst_view values = record->values, last = RST_VIEW("");
	struct rst_journal_value value;
	size_t n = count_values(record);
	Attribute *attr;

	if (n == 0)
		return;
	attr = back_build_attr(build, names.change, n);
	while (rst_journal_next_value(&values, &value)) {
		char *text = audit_change_text(&value);

		if (text != NULL && !rst_view_equal(rst_view_of(text), last)) {
			back_build_value(build, attr, rst_view_of(text));
			last = back_view_of(&attr->a_vals[attr->a_numvals - 1]);
		}
		free(text);
	}
	back_build_normal(build, attr, true);
	back_build_append(build, attr);
}

static void
set_names(struct back_build *build, struct rst_view rdn)
{
	const struct berval *suffix = build->view->op->o_bd->be_suffix;
	const struct berval *nsuffix = build->view->op->o_bd->be_nsuffix;
	char text[RST_DN_MAX];

	(void)snprintf(text, sizeof(text), "%.*s%s,%s", (int)rdn.len, rdn.ptr,
	               RDN, suffix[0].bv_val);
	build->entry->e_name = back_arena_copy(build->arena, rst_view_of(text));
	(void)snprintf(text, sizeof(text), "%.*s%s,%s", (int)rdn.len, rdn.ptr,
	               RDN, nsuffix[0].bv_val);
	build->entry->e_nname =
		back_arena_copy(build->arena, rst_view_of(text));
}

static enum rst_err
build_container(struct back_build *build)
{
	char text[RST_JOURNAL_HEAD_TEXT];
	struct rst_journal_head head;
	enum rst_err err;

	err = rst_journal_head(build->view->txn, &head);
	if (err != RST_OK)
		return err;
	build->entry->e_id = CONTAINER_ID;
	set_names(build, RST_VIEW(""));
	add_classes(build, "rosterAudit");
	add_text(build, names.cn, RST_VIEW("audit"));
	rst_journal_head_print(&head, text);
	add_text(build, names.head, rst_view_of(text));
	add_text(build, slap_schema.si_ad_hasSubordinates,
	         head.sequence > 0 ? RST_VIEW("TRUE") : RST_VIEW("FALSE"));
	return RST_OK;
}

static void
build_record(struct back_build *build, const struct rst_journal_public *record)
{
	char text[RST_DN_MAX], whole[LIFECYCLE_TIME_BYTES];

	build->entry->e_id = RECORD_ID | record->sequence;
	(void)snprintf(text, sizeof(text), "cn=%" PRIu64 ",", record->sequence);
	set_names(build, rst_view_of(text));
	add_classes(build, "rosterAuditRecord");
	(void)snprintf(text, sizeof(text), "%" PRIu64, record->sequence);
	add_text(build, names.cn, rst_view_of(text));
	add_text(build, names.sequence, rst_view_of(text));
	lifecycle_time_print(record->time_s, whole);
	(void)snprintf(text, sizeof(text), "%.*s.%06" PRIu32 "Z",
	               (int)strlen(whole) - 1, whole,
	               record->time_us % 1000000);
	add_text(build, names.time, rst_view_of(text));
	add_text(build, names.act, record->act);
	add_text(build, names.actor, record->actor);
	add_text(build, names.door, rst_view_of(rst_door_word(record->door)));
	add_text(build, names.address, record->address);
	add_text(build, names.target, record->dn);
	add_text(build, names.former, record->old_dn);
	add_text(build, names.reason, record->reason);
	add_changes(build, record);
	add_text(build, slap_schema.si_ad_hasSubordinates, RST_VIEW("FALSE"));
}

/* sequence 0: the container. */
static enum rst_err
build_entry(const struct back_view *view, uint64_t sequence,
            struct back_arena *arena, Entry **ret_entry)
{
	struct back_build build = { .view = view, .arena = arena };
	struct rst_journal_public record;
	enum rst_err err;

	build.entry = back_entry_blank(arena);
	build.tail = &build.entry->e_attrs;
	if (sequence == 0) {
		err = build_container(&build);
	} else {
		err = rst_journal_get(view->txn, sequence, &record);
		if (err == RST_OK)
			build_record(&build, &record);
	}
	if (err == RST_OK)
		*ret_entry = build.entry;
	return err;
}

enum rst_err
back_audit_find(struct back_audit *audit, const struct back_view *view,
                struct back_arena *arena, Entry **ret_entry)
{
	const struct berval *ndn = &view->op->o_req_ndn;
	ber_slen_t before = below(ndn, &view->op->o_bd->be_nsuffix[0]);
	struct rst_view rdn = rst_view(ndn->bv_val, (size_t)before);

	audit->on = true;
	audit->base = 0;
	if (before == 0)
		return build_entry(view, 0, arena, ret_entry);
	/* "cn=4711," */
	if (rdn.len < sizeof("cn=1,") - 1 || memcmp(rdn.ptr, "cn=", 3) != 0 ||
	    !rst_view_number(rst_view(rdn.ptr + 3, rdn.len - 4), INT64_MAX,
	                     &audit->base) ||
	    audit->base == 0)
		return RST_ENOTFOUND;
	return build_entry(view, audit->base, arena, ret_entry);
}

/* ------------------------------------------------------------------- walk */

struct range {
	uint64_t low, high; /* both may match */
};

static void
narrow_number(const Filter *filter, struct range *range)
{
	uint64_t number;

	if (!rst_view_number(back_view_of(&filter->f_av_value), UINT64_MAX,
	                     &number))
		return;
	if (filter->f_choice != LDAP_FILTER_LE && number > range->low)
		range->low = number;
	if (filter->f_choice != LDAP_FILTER_GE && number < range->high)
		range->high = number;
}

/* A day more at both ends: the clock may have been set. */
static void
narrow_time(const struct back_view *view, const Filter *filter,
            struct range *range)
{
	uint64_t found;
	int64_t time_s;

	if (!lifecycle_time_parse(back_view_of(&filter->f_av_value), &time_s))
		return;
	if (filter->f_choice != LDAP_FILTER_LE &&
	    rst_journal_find(view->txn, time_s - AUDIT_CLOCK_S, &found) ==
	            RST_OK &&
	    found > range->low)
		range->low = found;
	if (filter->f_choice != LDAP_FILTER_GE &&
	    rst_journal_find(view->txn, time_s + 1 + AUDIT_CLOCK_S, &found) ==
	            RST_OK &&
	    found < range->high)
		range->high = found;
}

/* What filter leaves of range; it recurses no deeper than slapd's own parser
 * of filters lets it. */
static void
narrow(const struct back_view *view, const Filter *filter, struct range *range)
{
	struct range all = { UINT64_MAX, 0 }, one;
	const Filter *child;

	switch (filter->f_choice) {
	case LDAP_FILTER_AND:
		for (child = filter->f_and; child != NULL;
		     child = child->f_next)
			narrow(view, child, range);
		return;
	case LDAP_FILTER_OR:
		for (child = filter->f_or; child != NULL;
		     child = child->f_next) {
			one = *range;
			narrow(view, child, &one);
			if (one.low < all.low)
				all.low = one.low;
			if (one.high > all.high)
				all.high = one.high;
		}
		*range = all;
		return;
	case LDAP_FILTER_EQUALITY:
	case LDAP_FILTER_GE:
	case LDAP_FILTER_LE:
		if (filter->f_av_desc == names.sequence)
			narrow_number(filter, range);
		else if (filter->f_av_desc == names.time)
			narrow_time(view, filter, range);
		return;
	default: /* slapd's choices are no enum */
		return;
	}
}

enum rst_err
back_audit_begin(struct back_audit *audit, const struct back_view *view,
                 uint64_t after, uint64_t *ret_n)
{
	struct range range = { 0, 0 };
	struct rst_journal_head anchor;
	int scope = view->op->ors_scope;
	enum rst_err err;

	err = rst_journal_anchor(view->txn, &anchor);
	if (err == RST_OK)
		err = rst_journal_end(view->txn, &range.high);
	if (err != RST_OK)
		return err;
	range.low = anchor.sequence + 1;
	*ret_n = 1;
	audit->container = false;
	audit->low = 1;
	audit->next = 0; /* none */
	if (audit->base != 0) {
		if (after == 0 &&
		    (scope == LDAP_SCOPE_BASE || scope == LDAP_SCOPE_SUBTREE))
			audit->low = audit->next = audit->base;
		return RST_OK;
	}
	audit->container = after == 0 && (scope == LDAP_SCOPE_BASE ||
	                                  scope == LDAP_SCOPE_SUBTREE);
	if (scope == LDAP_SCOPE_BASE)
		return RST_OK;
	narrow(view, view->op->ors_filter, &range);
	/* pages: below the one that was sent last */
	if ((after & RECORD_ID) && (after & ~RECORD_ID) <= range.high)
		range.high = (after & ~RECORD_ID) - 1;
	if (range.high >= range.low) {
		audit->low = range.low;
		audit->next = range.high;
		*ret_n += range.high - range.low;
	}
	return RST_OK;
}

enum rst_err
back_audit_next(struct back_audit *audit, const struct back_view *view,
                struct back_arena *arena, Entry **ret_entry)
{
	enum rst_err err;

	*ret_entry = NULL;
	if (audit->container) {
		audit->container = false;
		return build_entry(view, 0, arena, ret_entry);
	}
	if (audit->next < audit->low)
		return RST_ENOTFOUND;
	err = build_entry(view, audit->next--, arena, ret_entry);
	/* removed meanwhile, and so are those before it */
	return err;
}
