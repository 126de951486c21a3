/* SPDX-License-Identifier: OLDAP-2.8 */
/* follow_early.c - what overlays read before an entry is changed
 *
 * Before a change is made accesslog reads the entry for its entryUUID, and
 * syncprov for the filters of who follows.  Neither looks at its members, of
 * which there may be a hundred thousand; so they get it without them, unless
 *
 *	logold		accesslog is to keep old values
 *	a filter	of somebody who follows, or an ACL, names members
 *	an overlay	is there that may look at anything
 *
 * Who comes to follow with such a filter is noted before syncprov sees him, and
 * syncprov lets him in when no change is under way: what was read without
 * members before he was noted is of no filter of his.
 */
#include "backend/follow_priv.h"

/* The table of an overlay's directives; NULL for none. */
static ConfigTable *
table_of(const slap_overinst *on)
{
	return on->on_bi.bi_cf_ocs == NULL ? NULL
	                                   : on->on_bi.bi_cf_ocs->co_table;
}

ConfigArgs *
back_overlay_values(BackendDB *be, slap_overinst *on, const char *name)
{
	ConfigTable *directive = table_of(on);
	ConfigArgs *args = NULL;

	while (directive != NULL && directive->name != NULL &&
	       strcmp(directive->name, name) != 0)
		directive++;
	if (directive == NULL || directive->name == NULL)
		return NULL;
	args = ch_calloc(1, sizeof(*args));
	args->be = be;
	args->bi = (BackendInfo *)on;
	args->table = Cft_Overlay;
	(void)config_get_vals(directive, args);
	return args;
}

void
back_overlay_values_free(ConfigArgs *args)
{
	if (args == NULL)
		return;
	ber_bvarray_free(args->rvalue_vals);
	ber_bvarray_free(args->rvalue_nvals);
	ch_free(args);
}

/* Whether accesslog was given the directive logold. */
static bool
keeps_old(BackendDB *be, slap_overinst *on)
{
	ConfigArgs *args = back_overlay_values(be, on, "logold");
	bool keeps;

	/* NULL: another accesslog than we know */
	keeps = args == NULL || args->rvalue_vals != NULL;
	back_overlay_values_free(args);
	return keeps;
}

static bool
is_indifferent(BackendDB *be, slap_overinst *on)
{
	static const char *const known[] = { "lifecycle", "lifecycle-guard",
		                             "auditlog", "syncprov" };
	const char *type = on->on_bi.bi_type;

	if (strcmp(type, "accesslog") == 0)
		return !keeps_old(be, on);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(type, known[i]) == 0)
			return true;
	return false;
}

static bool
all_indifferent(BackendDB *be)
{
	slap_overinfo *info;
	slap_overinst *on;

	if (!overlay_is_over(be))
		return true;
	info = (slap_overinfo *)be->bd_info->bi_private;
	for (on = info->oi_list; on != NULL; on = on->on_next)
		if (!is_indifferent(be, on))
			return false;
	return true;
}

bool
back_early_plain(const struct follow *follow, Operation *op,
                 const struct berval *ndn)
{
	bool changes = op->o_tag == LDAP_REQ_MODIFY ||
	               op->o_tag == LDAP_REQ_MODRDN ||
	               op->o_tag == LDAP_REQ_DELETE;

	return changes && bvmatch(ndn, &op->o_req_ndn) &&
	       !atomic_load(&follow->by_members) &&
	       !back_needs_members(op, NULL, ndn) &&
	       all_indifferent(follow->be) && all_indifferent(frontendDB);
}

bool
back_follow_early(Operation *op, const struct berval *ndn)
{
	struct back_db *db = op->o_bd->be_private;
	const struct follow *follow = db->follow;

	return follow != NULL && back_gate_is_mine(follow) && follow->ready &&
	       back_early_plain(follow, op, ndn);
}

bool
back_follow_sent(Operation *op, const struct berval *ndn)
{
	struct back_db *db = op->o_bd->be_private;
	const struct follow *follow = db->follow;

	return follow != NULL && back_gate_is_mine(follow) &&
	       back_early_plain(follow, op, ndn);
}

void
back_early_note(struct follow *follow, Operation *op)
{
	if (op->o_sync > SLAP_CONTROL_IGNORED &&
	    back_needs_members(op, op->ors_filter, &op->o_req_ndn))
		atomic_store(&follow->by_members, true);
}
