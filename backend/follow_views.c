/* SPDX-License-Identifier: OLDAP-2.8 */
/* follow_views.c - both views of a rosterGroup's members in what is logged
 *
 * A client that adds memberUid to a rosterGroup changes member, too, and the
 * other way round.  Overlays see the request, and replicas get what they see:
 * so the request is made to say the whole.
 *
 *	add		member and memberUid as they are listed now
 *	modify		the other attribute's values that came and went; where
 *			the request replaced values, or named both attributes,
 *			both lists as they are now
 */
#include "backend/follow_priv.h"

#define LOOK_BACK 10000 /* records of one transaction */

struct view {
	uint16_t attr;
	AttributeDescription *ad;
	bool named; /* in the request */
	bool plain; /* and there only by value */
};

static void
look(const Modifications *mods, struct view *view)
{
	int op;

	view->named = false;
	view->plain = true;
	for (; mods != NULL; mods = mods->sml_next) {
		if (mods->sml_desc != view->ad)
			continue;
		op = mods->sml_op & LDAP_MOD_OP;
		view->named = true;
		if ((op != LDAP_MOD_ADD && op != LDAP_MOD_DELETE) ||
		    mods->sml_values == NULL)
			view->plain = false;
	}
}

/* The images of what the request did to entry id. */
static bool
find_images(const struct rst_rtxn *txn, uint64_t id,
            struct rst_journal_images *images)
{
	struct rst_journal_public public;
	uint64_t last = rst_journal_last(txn);

	for (uint64_t at = last; at > 0 && last - at < LOOK_BACK; at--)
		if (rst_journal_get(txn, at, &public) == RST_OK &&
		    public.id == id && public.replicated)
			return rst_journal_images(txn, at, images) == RST_OK;
	return false;
}

static Modifications **
append(Modifications **tail, short op, const struct view *view,
       BerVarray values, unsigned int n)
{
	Modifications *mod = ch_calloc(1, sizeof(*mod));

	mod->sml_op = op;
	mod->sml_flags = SLAP_MOD_INTERNAL;
	mod->sml_desc = view->ad;
	mod->sml_type = view->ad->ad_cname;
	mod->sml_values = values;
	mod->sml_numvals = n;
	*tail = mod;
	return &mod->sml_next;
}

static Modifications **
append_rows(Modifications **tail, const struct rst_journal_rows *rows,
            const struct view *view, bool added)
{
	BerVarray values = NULL;
	unsigned int n = 0;

	for (size_t i = 0; i < rows->n; i++) {
		struct berval bv = { rows->items[i].len, rows->items[i].text };

		if (rows->items[i].attr != view->attr ||
		    rows->items[i].added != added)
			continue;
		value_add_one(&values, &bv);
		n++;
	}
	if (n == 0)
		return tail;
	return append(tail, added ? LDAP_MOD_ADD : LDAP_MOD_DELETE, view,
	              values, n);
}

/* The list as it is, hidden rows included; NULL when it is empty. */
static BerVarray
list_now(const struct rst_rtxn *txn, const struct rst_record *group,
         uint16_t attr, unsigned int *ret_n)
{
	struct rst_member_cursor *cursor = ch_calloc(1, sizeof(*cursor));
	char text[RST_DN_MAX];
	struct berval bv = { 0, text };
	BerVarray values = NULL;
	size_t room = 0;
	unsigned int n = 0;

	cursor->direct = true; /* who is in a group in it follows from that */
	while (rst_member_next(txn, group, attr, true, cursor, text,
	                       &bv.bv_len) == RST_OK) {
		if (n + 1 >= room) {
			room = room == 0 ? 16 : room * 2;
			values = ch_realloc(values, room * sizeof(*values));
		}
		ber_dupbv(&values[n++], &bv);
		BER_BVZERO(&values[n]);
	}
	ch_free(cursor);
	*ret_n = n;
	return values;
}

static bool
is_ours(struct back_write *write, uint64_t id, struct rst_record *ret_record)
{
	return write->db->follow != NULL && !(write->flags & GATE_IMPORT) &&
	       rst_record_get(&write->txn.r, id, ret_record) == RST_OK &&
	       ret_record->kind == RST_KIND_GROUP;
}

void
back_follow_modify(struct back_write *write, uint64_t id, Modifications **mods)
{
	struct view views[] = {
		{ RST_A_MEMBER, back_names.member, false, true },
		{ RST_A_MEMBERUID, back_names.member_uid, false, true },
	};
	struct rst_journal_images images = { 0 };
	struct rst_record record;
	Modifications **tail = mods;
	BerVarray values;
	unsigned int n;
	bool whole;

	if (!is_ours(write, id, &record) ||
	    !find_images(&write->txn.r, id, &images))
		return;
	look(*mods, &views[0]);
	look(*mods, &views[1]);
	whole = (views[0].named && views[1].named) || !views[0].plain ||
	        !views[1].plain;
	while (*tail != NULL)
		tail = &(*tail)->sml_next;
	for (size_t k = 0; k < 2 && images.rows.n > 0; k++) {
		if (whole) {
			values = list_now(&write->txn.r, &record, views[k].attr,
			                  &n);
			tail = append(tail, LDAP_MOD_REPLACE, &views[k], values,
			              n);
		} else if (!views[k].named) {
			tail = append_rows(tail, &images.rows, &views[k],
			                   false);
			tail = append_rows(tail, &images.rows, &views[k], true);
		}
	}
	rst_journal_images_release(&images);
}

void
back_follow_add(struct back_write *write, uint64_t id, Entry *entry)
{
	const uint16_t attrs[] = { RST_A_MEMBER, RST_A_MEMBERUID };
	AttributeDescription *const ads[] = { back_names.member,
		                              back_names.member_uid };
	struct rst_record record;
	BerVarray values;
	unsigned int n;

	if (!is_ours(write, id, &record))
		return;
	for (size_t k = 0; k < 2; k++) {
		values = list_now(&write->txn.r, &record, attrs[k], &n);
		attr_delete(&entry->e_attrs, ads[k]);
		if (n > 0)
			(void)attr_merge_normalize(entry, ads[k], values, NULL);
		ber_bvarray_free(values);
	}
}
