/* SPDX-License-Identifier: OLDAP-2.8 */
/* keys.c - SSH keys that are not to be used are left out
 *
 * sshd asks its directory for keys and never binds, so that a key must be gone
 * from what clients see when its person may not sign in, or when its own time
 * (rosterKeyUntil) is over.  The person himself, those who may write
 * rosterStatus, and replicas see what is stored.
 */
#include "back-roster.h"

#include "lifecycle/acts.h"
#include "lifecycle/key.h"

static bool
sees_all(const struct back_view *view, Entry *entry)
{
	Operation *op = view->op;

	if (dn_match(&op->o_ndn, &entry->e_nname) ||
	    (back_names.status != NULL &&
	     access_allowed(op, entry, back_names.status, NULL, ACL_WRITE,
	                    NULL)))
		return true;
	return !view->computed &&
	       access_allowed(op, entry, slap_schema.si_ad_userPassword, NULL,
	                      ACL_READ, NULL);
}

static bool
is_over(const struct back_view *view, const struct rst_record *record,
        const struct berval *key)
{
	return !rule_state_may_sign_in(act_state(record, view->now_s)) ||
	       lifecycle_key_until(record, back_view_of(key)) <= view->now_s;
}

/* Only the good ones stay; the arrays are the arena's. */
static unsigned int
keep_good(const struct back_view *view, const struct rst_record *record,
          Attribute *keys)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < keys->a_numvals; i++) {
		if (is_over(view, record, &keys->a_vals[i]))
			continue;
		if (keys->a_nvals != keys->a_vals)
			keys->a_nvals[n] = keys->a_nvals[i];
		keys->a_vals[n++] = keys->a_vals[i];
	}
	keys->a_numvals = n;
	BER_BVZERO(&keys->a_vals[n]);
	BER_BVZERO(&keys->a_nvals[n]);
	return n;
}

void
back_hide_keys(const struct back_view *view, const struct rst_record *record,
               Entry *entry)
{
	Attribute **at = &entry->e_attrs, *keys;
	bool over = false;

	if (view->op == NULL || !view->lifecycle ||
	    record->kind != RST_KIND_PERSON || back_names.ssh_key == NULL)
		return;
	while (*at != NULL && (*at)->a_desc != back_names.ssh_key)
		at = &(*at)->a_next;
	keys = *at;
	for (unsigned int i = 0; keys != NULL && i < keys->a_numvals; i++)
		over = over || is_over(view, record, &keys->a_vals[i]);
	if (over && !sees_all(view, entry) &&
	    keep_good(view, record, keys) == 0)
		*at = keys->a_next;
}
