/* SPDX-License-Identifier: OLDAP-2.8 */
/* follow_image.c - entries and modifications of a record of the journal
 *
 * An image is the whole entry but for membership, of which the record has only
 * the values that came and went.  The list as it was is the list as it is,
 * with everything undone that later records did to it, back to this one:
 *
 *	record		41 (this)	42		43		now
 *	came, went	+a		-b		+c
 *	list after	a b		a		a c		a c
 *
 * It is built only when an overlay asks for the entry.  Of a long backlog the
 * next LOOK_BACK records are looked at.
 */
#include "backend/follow_priv.h"

#define LOOK_BACK 2000

static const uint16_t member_attrs[] = { RST_A_MEMBER, RST_A_MEMBERUID,
	                                 RST_A_UNIQUEMEMBER };
#define MEMBER_ATTRS (sizeof(member_attrs) / sizeof(member_attrs[0]))

struct list {
	struct berval *values; /* ended by a null value */
	size_t n, room;
};

/* Add name and above as one value. */
static void
list_join(struct list *list, struct rst_view name, struct rst_view above)
{
	struct berval *value;

	if (list->n + 1 >= list->room) {
		list->room = list->room == 0 ? 16 : list->room * 2;
		list->values = ch_realloc(list->values,
		                          list->room * sizeof(*list->values));
	}
	value = &list->values[list->n++];
	value->bv_len = name.len + above.len;
	value->bv_val = ch_malloc(value->bv_len + 1);
	memcpy(value->bv_val, name.ptr, name.len);
	if (above.len > 0)
		memcpy(value->bv_val + name.len, above.ptr, above.len);
	value->bv_val[value->bv_len] = '\0';
	BER_BVZERO(&list->values[list->n]);
}

static void
list_add(struct list *list, struct rst_view text)
{
	list_join(list, text, RST_VIEW(""));
}

static void
list_free(struct list *list)
{
	ber_bvarray_free(list->values);
	memset(list, 0, sizeof(*list));
}

static enum rst_err
add_item(void *arg, const struct rst_member_item *item)
{
	list_join(arg, item->name, item->above);
	return RST_OK;
}

static enum rst_err
list_now(const struct rst_rtxn *txn, const struct rst_record *group,
         uint16_t attr, struct list *list)
{
	if (!rst_member_any(txn, group, attr))
		return RST_OK;
	return rst_member_list(txn, group, attr, true, true, false, add_item,
	                       list);
}

/* What is to be undone, the earliest first; owned. */
struct undo {
	struct rst_journal_rows rows;
	struct rst_journal_row **sorted; /* of each value the earliest */
	size_t n;
};

static void
undo_free(struct undo *undo)
{
	rst_journal_rows_release(&undo->rows);
	ch_free(undo->sorted);
}

/* Take what the records from first on did to entry id. */
static enum rst_err
undo_take(const struct rst_rtxn *txn, uint64_t first, uint64_t id,
          struct undo *undo)
{
	struct rst_journal_images images = { 0 };
	struct rst_journal_public public;
	const struct rst_journal_row *row;
	uint64_t last = rst_journal_last(txn);
	enum rst_err err = RST_OK;

	if (last > first && last - first > LOOK_BACK)
		last = first + LOOK_BACK;
	for (uint64_t at = first; err == RST_OK && at <= last; at++) {
		err = rst_journal_get(txn, at, &public);
		if (err != RST_OK || public.id != id || public.digest.len == 0)
			continue;
		err = rst_journal_images(txn, at, &images);
		for (size_t i = 0; err == RST_OK && i < images.rows.n; i++) {
			row = &images.rows.items[i];
			err = rst_journal_rows_add(
				&undo->rows, row->added, row->attr,
				rst_view(row->text, row->len));
		}
		rst_journal_images_release(&images);
	}
	return err;
}

static int
compare_text(uint16_t attr, struct rst_view text,
             const struct rst_journal_row *row)
{
	if (attr != row->attr)
		return attr < row->attr ? -1 : 1;
	if (text.len != row->len)
		return text.len < row->len ? -1 : 1;
	return memcmp(text.ptr, row->text, text.len);
}

static int
compare_rows(const void *a, const void *b)
{
	const struct rst_journal_row *const *x = a, *const *y = b;
	int order =
		compare_text((*x)->attr, rst_view((*x)->text, (*x)->len), *y);

	return order != 0 ? order : (*x > *y) - (*x < *y);
}

/* How a value stood before all of it is what its earliest row says. */
static void
undo_sort(struct undo *undo)
{
	struct rst_journal_row *row;

	undo->sorted = ch_calloc(undo->rows.n + 1, sizeof(*undo->sorted));
	for (size_t i = 0; i < undo->rows.n; i++)
		undo->sorted[i] = &undo->rows.items[i];
	qsort(undo->sorted, undo->rows.n, sizeof(*undo->sorted), compare_rows);
	for (size_t i = 0; i < undo->rows.n; i++) {
		row = undo->sorted[i];
		if (undo->n == 0 ||
		    compare_text(row->attr, rst_view(row->text, row->len),
		                 undo->sorted[undo->n - 1]) != 0)
			undo->sorted[undo->n++] = row;
	}
}

static bool
is_touched(const struct undo *undo, uint16_t attr, struct rst_view text)
{
	size_t low = 0, high = undo->n, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = compare_text(attr, text, undo->sorted[middle]);
		if (order == 0)
			return true;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* The list of attr as it was. */
static void
undo_list(const struct undo *undo, uint16_t attr, struct list *list)
{
	const struct rst_journal_row *row;
	size_t kept = 0;

	for (size_t i = 0; undo->n > 0 && i < list->n; i++) {
		if (is_touched(undo, attr, back_view_of(&list->values[i])))
			ch_free(list->values[i].bv_val);
		else
			list->values[kept++] = list->values[i];
	}
	if (undo->n > 0 && list->n > 0) {
		list->n = kept;
		BER_BVZERO(&list->values[kept]);
	}
	for (size_t i = 0; i < undo->n; i++) {
		row = undo->sorted[i];
		if (row->attr == attr && !row->added)
			list_add(list, rst_view(row->text, row->len));
	}
}

static AttributeDescription *
ad_of(uint16_t attr)
{
	if (attr == RST_A_MEMBER)
		return back_names.member;
	return attr == RST_A_MEMBERUID ? back_names.member_uid
	                               : back_names.unique_member;
}

/* The entry takes the values as they are: nobody looks at normal forms. */
static void
merge_plain(Entry *entry, AttributeDescription *ad, struct list *list)
{
	Attribute *attr = attr_alloc(ad), **at = &entry->e_attrs;

	attr->a_vals = attr->a_nvals = list->values;
	attr->a_numvals = (unsigned int)list->n;
	memset(list, 0, sizeof(*list));
	while (*at != NULL)
		at = &(*at)->a_next;
	*at = attr;
}

static enum rst_err
merge(Entry *entry, AttributeDescription *ad, struct list *list, bool normal)
{
	if (list->n == 0)
		return RST_OK;
	if (!normal)
		merge_plain(entry, ad, list);
	else if (attr_merge_normalize(entry, ad, list->values, NULL) !=
	         LDAP_SUCCESS)
		return RST_EINVALID;
	return RST_OK;
}

/* Membership of an entry at that moment. */
static enum rst_err
add_members(const struct rst_rtxn *txn, const struct follow_record *record,
            const struct rst_record *image, bool after, bool normal,
            Entry *entry)
{
	struct list lists[MEMBER_ATTRS] = { { NULL, 0, 0 } };
	uint64_t first = record->sequence + (after ? 1 : 0);
	struct undo undo = { { 0 }, NULL, 0 };
	enum rst_err err;

	err = undo_take(txn, first, record->id, &undo);
	if (err == RST_OK)
		undo_sort(&undo);
	for (size_t k = 0; err == RST_OK && k < MEMBER_ATTRS; k++) {
		err = list_now(txn, image, member_attrs[k], &lists[k]);
		if (err == RST_OK)
			undo_list(&undo, member_attrs[k], &lists[k]);
	}
	for (size_t k = 0; k < MEMBER_ATTRS; k++) {
		if (err == RST_OK)
			err = merge(entry, ad_of(member_attrs[k]), &lists[k],
			            normal);
		list_free(&lists[k]);
	}
	undo_free(&undo);
	return err;
}

/* What replicas are to see of a record that stands by itself. */
static void
init_view(struct follow *follow, const struct rst_rtxn *txn,
          struct back_view *view)
{
	memset(view, 0, sizeof(*view));
	view->db = follow->db;
	view->txn = txn;
	view->committed = true;
	view->list_all = true;
	view->secrets = true;
	view->no_members = true;
}

enum rst_err
back_image_entry(struct follow *follow, struct rst_rtxn *txn,
                 const struct follow_record *record, bool after,
                 unsigned int members, Entry **ret_entry)
{
	const struct rst_record *image =
		after ? &record->images.after : &record->images.before;
	struct berval names[2] = { after ? record->dn : record->old_dn,
		                   after ? record->ndn : record->old_ndn };
	struct back_view view;
	Entry *ours = NULL, *entry = NULL;
	enum rst_err err;

	init_view(follow, txn, &view);
	view.names = names;
	err = back_entry_new(&view, image, NULL, &ours);
	if (err != RST_OK)
		return err;
	entry = entry_dup(ours);
	back_entry_free(ours);
	if (members != 0)
		err = add_members(txn, record, image, after,
		                  (members & BACK_NEED_NORMAL) != 0, entry);
	if (err == RST_OK) {
		*ret_entry = entry;
		entry = NULL;
	}
	if (entry != NULL)
		entry_free(entry);
	return err;
}

static Modifications **
append(Modifications **tail, short op, AttributeDescription *ad,
       struct list *list)
{
	Modifications *mod = ch_calloc(1, sizeof(*mod));

	mod->sml_op = op;
	mod->sml_flags = SLAP_MOD_INTERNAL;
	mod->sml_desc = ad;
	mod->sml_type = ad->ad_cname;
	mod->sml_values = list->values;
	mod->sml_numvals = (unsigned int)list->n;
	memset(list, 0, sizeof(*list));
	*tail = mod;
	return &mod->sml_next;
}

static bool
same(const struct rst_attr *a, const struct rst_attr *b)
{
	struct rst_attr x = *a, y = *b;
	struct rst_view v, w;

	if (x.count != y.count)
		return false;
	while (rst_attr_next(&x, &v) && rst_attr_next(&y, &w))
		if (!rst_view_equal(v, w))
			return false;
	return true;
}

/* Replicas take these from the modifications, changed or not. */
static bool
is_stamp(uint16_t id)
{
	return id == RST_A_ENTRYCSN || id == RST_A_MODIFYTIMESTAMP ||
	       id == RST_A_MODIFIERSNAME;
}

/* REPLACE for each attribute that differs, DELETE for those that went. */
static Modifications **
append_attrs(const struct back_view *view, const struct follow_record *record,
             Modifications **tail)
{
	const struct rst_record *before = &record->images.before;
	const struct rst_record *after = &record->images.after;
	struct rst_attr attr, other;
	struct list list = { NULL, 0, 0 };
	AttributeDescription *ad;
	struct rst_view value;

	for (unsigned int i = 0; i < after->n_attrs; i++) {
		rst_record_nth(after, i, &attr);
		ad = back_ad(view->db, view->txn, true, attr.id);
		if (ad == NULL || attr.count == 0 ||
		    (!is_stamp(attr.id) &&
		     rst_record_attr(before, attr.id, &other) &&
		     same(&attr, &other)))
			continue;
		while (rst_attr_next(&attr, &value))
			list_add(&list, value);
		tail = append(tail, LDAP_MOD_REPLACE, ad, &list);
	}
	for (unsigned int i = 0; i < before->n_attrs; i++) {
		rst_record_nth(before, i, &attr);
		ad = back_ad(view->db, view->txn, true, attr.id);
		if (ad != NULL && attr.count > 0 &&
		    (!rst_record_attr(after, attr.id, &other) ||
		     other.count == 0))
			tail = append(tail, LDAP_MOD_REPLACE, ad, &list);
	}
	return tail;
}

static Modifications **
append_rows(const struct follow_record *record, uint16_t attr, bool added,
            Modifications **tail)
{
	const struct rst_journal_rows *rows = &record->images.rows;
	const struct rst_journal_row *row;
	struct list list = { NULL, 0, 0 };

	for (size_t i = 0; i < rows->n; i++) {
		row = &rows->items[i];
		if (row->attr == attr && row->added == added)
			list_add(&list, rst_view(row->text, row->len));
	}
	if (list.n == 0)
		return tail;
	return append(tail, added ? LDAP_MOD_ADD : LDAP_MOD_DELETE, ad_of(attr),
	              &list);
}

enum rst_err
back_image_mods(struct follow *follow, struct rst_rtxn *txn,
                const struct follow_record *record, Modifications **ret_mods)
{
	Modifications *mods = NULL, **tail = &mods;
	struct back_view view;

	if (!record->images.has_before || !record->images.has_after)
		return RST_ECORRUPT;
	init_view(follow, txn, &view);
	for (size_t k = 0; k < MEMBER_ATTRS; k++) {
		tail = append_rows(record, member_attrs[k], false, tail);
		tail = append_rows(record, member_attrs[k], true, tail);
	}
	(void)append_attrs(&view, record, tail);
	*ret_mods = mods;
	return RST_OK;
}
