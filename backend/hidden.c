/* SPDX-License-Identifier: OLDAP-2.8 */
/* hidden.c - accounts that clients do not see
 *
 * Who was not let in yet, or is in the bin, is nobody to a container; with
 * setting client-view=hide neither is who may not sign in for another reason.
 * Those who may write rosterStatus see everybody: it is theirs to decide.  So
 * do replicas: who asks with the sync control and may read userPassword.
 */
#include "back-roster.h"

#include "lifecycle/acts.h"
#include "lifecycle/setting.h"

static bool
is_hidden(const struct back_view *view, enum rule_state state)
{
	int64_t how = RULE_VIEW_HIDE;

	if (state == RULE_STATE_NONE || rule_state_may_sign_in(state))
		return false;
	/* what cannot be read hides: nobody is shown whom the site hides */
	return rule_state_is_hidden(state) ||
	       lifecycle_setting_number(view->txn, RULE_SETTING_CLIENT_VIEW,
	                                &how) != RST_OK ||
	       how == RULE_VIEW_HIDE;
}

bool
back_hides(const struct back_view *view, const struct rst_record *record,
           Entry *entry)
{
	Operation *op = view->op;

	if (op == NULL || !view->lifecycle || record->kind != RST_KIND_PERSON ||
	    !is_hidden(view, act_state(record, view->now_s)))
		return false;
	if (back_names.status != NULL &&
	    access_allowed(op, entry, back_names.status, NULL, ACL_WRITE, NULL))
		return false;
	return view->computed ||
	       !access_allowed(op, entry, slap_schema.si_ad_userPassword, NULL,
	                       ACL_READ, NULL);
}
