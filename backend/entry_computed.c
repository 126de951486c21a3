/* SPDX-License-Identifier: OLDAP-2.8 */
/* entry_computed.c - attributes of an entry that are not in its record
 *
 *	member, memberUid, uniqueMember		rows of the membership tables
 *	memberOf				the same rows, read backwards
 *	pwdAccountLockedTime, shadowExpire,
 *	nsAccountLock				what clients look at to learn
 *						that an account is suspended
 *
 * Each client looks at another signal, so a suspended account shows all of
 * them.  shadowExpire is 1, not 0: sssd takes 0 for "never".
 */
#include "entry_priv.h"

#define GROUPS_AT_ONCE 64

/* Values of membership come in unknown number: collect, then hand over. */
struct values {
	struct back_arena *arena;
	struct berval *at;
	size_t n, room;
};

static void
values_add(struct values *values, const char *text, size_t len)
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
	values->at[values->n++] =
		back_arena_copy(values->arena, rst_view(text, len));
	BER_BVZERO(&values->at[values->n]);
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

enum rst_err
back_build_members(struct back_build *build, AttributeDescription *ad,
                   unsigned int need)
{
	const struct back_view *view = build->view;
	bool hidden = view->list_all || (need & BACK_NEED_PROBE) ||
	              rst_member_shows_primary(view->txn);
	struct values values = { build->arena, NULL, 0, 0 };
	struct rst_member_cursor *cursor;
	uint16_t id = back_member_id(ad);
	char text[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	if (!rst_member_any(view->txn, build->record, id))
		return RST_OK;
	cursor = back_arena_alloc(build->arena, sizeof(*cursor));
	memset(cursor, 0, sizeof(*cursor));
	while ((err = rst_member_next(view->txn, build->record, id, hidden,
	                              cursor, text, &len)) == RST_OK)
		values_add(&values, text, len);
	if (err != RST_ENOTFOUND)
		return err;
	append_values(build, ad, &values, (need & BACK_NEED_NORMAL) != 0);
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
		err = rst_member_of(txn, build->record->id, after, groups,
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

bool
back_build_replaced(const struct back_build *build,
                    const AttributeDescription *ad)
{
	return build->suspended && (ad == back_names.locked_time ||
	                            ad == back_names.shadow_expire ||
	                            ad == back_names.account_lock);
}

enum rst_err
back_build_computed(struct back_build *build)
{
	AttributeDescription *const members[] = { back_names.member_uid,
		                                  back_names.member,
		                                  back_names.unique_member };
	unsigned int need;
	enum rst_err err;

	for (size_t i = 0; i < 3 && !build->view->no_members; i++) {
		need = need_of(build, members[i]);
		if (need == 0)
			continue;
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
	}
	need = need_of(build, back_names.member_of);
	return need != 0 ? build_member_of(build, need) : RST_OK;
}

enum rst_err
back_entry_members(const struct back_view *view,
                   const struct rst_record *record, AttributeDescription *ad,
                   bool normal, struct back_arena *arena, Entry *entry)
{
	struct back_build build = { view, record, NULL, arena, entry };
	unsigned int need = BACK_NEED_VALUES | BACK_NEED_PROBE;

	if (normal)
		need |= BACK_NEED_NORMAL;
	for (build.tail = &entry->e_attrs; *build.tail != NULL;
	     build.tail = &(*build.tail)->a_next)
		if ((*build.tail)->a_desc == ad)
			return RST_OK;
	return back_build_members(&build, ad, need);
}
