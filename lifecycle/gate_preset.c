/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_preset.c - what an invitation made with a preset is like
 *
 *	dn: cn=interns,ou=presets,<suffix>
 *	objectClass: rosterPreset
 *	rosterJoins: cn=staff,ou=groups,<suffix>
 *	rosterLifetime: 3d
 *	rosterUses: 1
 *	rosterNeedsApproval: TRUE
 *
 * Whom it makes an administrator is gate_may_administrate()'s business, as
 * wherever groups are promised.
 */
#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/place.h"
#include "rules/agreement.h"
#include "rules/invitation.h"
#include "rules/setting.h"

static enum rst_err
check_place(struct gate *g, const struct rst_record *after)
{
	struct rst_tree_cursor cursor = { .len = 0 };
	uint64_t place, ids[RULE_PRESETS_MAX];
	size_t n = 0;
	enum rst_err err;

	err = lifecycle_place(&g->txn->r, "ou=presets", &place);
	if (err == RST_ENOTFOUND || (err == RST_OK && after->parent != place))
		return gate_refuse(g, RULE_INVALID_SETTING, NULL,
		                   "presets stand below ou=presets");
	if (err == RST_OK)
		err = rst_tree_children(&g->txn->r, place, &cursor, ids,
		                        RULE_PRESETS_MAX, &n);
	if (err == RST_OK && n >= RULE_PRESETS_MAX)
		return gate_refuse(g, RULE_INVALID_SETTING, NULL,
		                   "there are %d presets already",
		                   RULE_PRESETS_MAX);
	return err;
}

enum rst_err
gate_are_groups(struct gate *g, struct rst_attr dns, const char *field)
{
	char ndn[RST_NORMAL_MAX];
	struct rst_record group;
	struct rst_view dn;
	uint64_t id;
	size_t len;
	enum rst_err err;

	while (rst_attr_next(&dns, &dn)) {
		err = rst_normalise(RST_MATCH_DN, dn, ndn, &len);
		if (err == RST_OK)
			err = rst_tree_find(&g->txn->r, rst_view(ndn, len), &id,
			                    NULL);
		if (err == RST_OK)
			err = rst_record_get(&g->txn->r, id, &group);
		if (err == RST_ENOTFOUND || err == RST_EINVALID ||
		    (err == RST_OK && group.kind != RST_KIND_GROUP))
			return gate_refuse(g, RULE_UNKNOWN_GROUP, field, NULL);
		if (err != RST_OK)
			return err;
	}
	return RST_OK;
}

/* Groups that are there; one that goes later is passed over. */
enum rst_err
gate_promises(struct gate *g, const struct gate_sides *sides)
{
	struct rst_attr joins;

	if (!rst_record_attr(sides->after, RST_A_ROSTERJOINS, &joins) ||
	    (sides->before != NULL &&
	     gate_same_values(sides->before, sides->after, RST_A_ROSTERJOINS)))
		return RST_OK;
	if (joins.count > RULE_INVITATION_GROUPS_MAX)
		return gate_refuse(g, RULE_UNKNOWN_GROUP, "rosterJoins",
		                   "at most %d at once",
		                   RULE_INVITATION_GROUPS_MAX);
	return gate_are_groups(g, joins, "rosterJoins");
}

enum rst_err
gate_uses(struct gate *g, const struct rst_record *is)
{
	struct rst_view uses = rst_record_first(is, RST_A_ROSTERUSES);
	uint64_t number;

	if (uses.len > 0 &&
	    (!rst_view_number(uses, RULE_INVITATION_USES_MAX, &number) ||
	     number == 0))
		return gate_refuse(g, RULE_INVALID_SETTING, "rosterUses",
		                   "a link admits 1 to %d people",
		                   RULE_INVITATION_USES_MAX);
	return RST_OK;
}

static enum rst_err
check_terms(struct gate *g, const struct rst_record *is)
{
	struct rst_view lifetime = rst_record_first(is, RST_A_ROSTERLIFETIME);
	char range[RULE_SETTING_RANGE_BYTES];
	int64_t seconds;

	rule_setting_print_range(RULE_SETTING_INVITATION_LIFETIME, range);
	if (lifetime.len > 0 &&
	    rule_setting_read(RULE_SETTING_INVITATION_LIFETIME, lifetime.ptr,
	                      lifetime.len, &seconds) != RULE_OK)
		return gate_refuse(g, RULE_INVALID_EXPIRY, "rosterLifetime",
		                   "%s", range);
	return gate_uses(g, is);
}

enum rst_err
gate_preset(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *was = sides->before, *is = sides->after;
	struct rst_view name;
	enum rst_err err = RST_OK;

	/* what somebody joins with his approval */
	if (is != NULL && was != NULL && is->kind == RST_KIND_PERSON)
		return gate_promises(g, sides);
	if (is == NULL || !act_is_preset(is))
		return RST_OK;
	name = rst_record_first(is, RST_A_CN);
	if (was == NULL || !act_is_preset(was) || was->parent != is->parent)
		err = check_place(g, is);
	/* it stands in addresses, as the name of a document does */
	if (err == RST_OK && rule_agreement_name(name.ptr, name.len) != RULE_OK)
		err = gate_refuse(g, RULE_INVALID_NAME, "cn", NULL);
	if (err == RST_OK)
		err = check_terms(g, is);
	return err == RST_OK ? gate_promises(g, sides) : err;
}
