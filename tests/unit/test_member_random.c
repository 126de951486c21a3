/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_member_random.c - the relation against a naive model of it
 *
 * The model keeps for every group a plain list of items and reads the rules
 * off the page: after each change it looks at every item again and asks whom
 * it means.  It knows no tables, keys or order.  The store must answer every
 * question as the model does, after each of some thousand random changes, and
 * rst_check() must find nothing.
 */
#include "tests/unit/fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/check.h"
#include "store/member.h"
#include "store/tree.h"

#define N_PEOPLE 10
#define N_GROUPS 5
#define N_ALL    (N_PEOPLE + N_GROUPS)
#define N_ITEMS  64
#define N_NAMES  5
#define N_PLACES 3
#define STEPS    3000
#define TEXT     96

static const char *const names[N_NAMES] = { "ann", "bob", "cy", "dee", "ed" };
static const char *const numbers[] = { "2001", "2002", "2003" };

struct item {
	bool used;
	enum rst_via via; /* ROSTER for all of a rosterGroup */
	int ref;          /* index of an entry, -1 for a raw one */
	bool is_name;     /* raw: a name, else a DN */
	bool paired;
	char key[TEXT];  /* raw: name or normalised DN */
	char text[TEXT]; /* as it was written; "" when that does not matter */
};

struct ent {
	bool live;
	uint64_t id;
	bool group, roster, account;
	int name, place, gid; /* gid: index of numbers, -1 for none */
	struct item items[N_ITEMS];
};

struct model {
	struct ent ent[N_ALL];
	char places[N_PLACES][16]; /* "ou=people"... */
	uint64_t place_id[N_PLACES];
	uint64_t suffix;
	bool hide;
};

/* What the step at hand did, for the message of a failure. */
static char trace[1024];

static void trace_add(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static void
trace_add(const char *format, ...)
{
	size_t len = strlen(trace);
	va_list args;

	va_start(args, format);
	vsnprintf(trace + len, sizeof(trace) - len, format, args);
	va_end(args);
}

static unsigned int
pick(struct model *model, unsigned int n)
{
	static uint32_t seed = 20260131;

	(void)model;
	seed = seed * UINT32_C(1664525) + UINT32_C(1013904223);
	return (seed >> 16) % n;
}

static void
rdn_of(const struct ent *ent, int index, char buf[TEXT])
{
	if (ent->group)
		snprintf(buf, TEXT, "cn=g%d", index);
	else
		snprintf(buf, TEXT, "uid=%s", names[ent->name]);
}

static void
dn_of(const struct model *model, int index, char buf[TEXT])
{
	char rdn[TEXT / 2];

	if (model->ent[index].group)
		snprintf(rdn, sizeof(rdn), "cn=g%d", index);
	else
		snprintf(rdn, sizeof(rdn), "uid=%s",
		         names[model->ent[index].name]);
	snprintf(buf, TEXT, "%s,%s,%s", rdn,
	         model->places[model->ent[index].place], FIXTURE_SUFFIX);
}

static int
ent_at(const struct model *model, const char *ndn)
{
	char dn[TEXT];

	for (int i = 0; i < N_ALL; i++) {
		if (!model->ent[i].live)
			continue;
		dn_of(model, i, dn);
		if (strcmp(dn, ndn) == 0)
			return i;
	}
	return -1;
}

static bool
same_dn(const char *text, const char *ndn)
{
	return rst_view_equal_nocase(rst_view_of(text), rst_view_of(ndn));
}

static void
trace_ent(const struct ent *ent, int index)
{
	trace_add(" change %d:", index);
	for (int i = 0; ent->group && i < N_ITEMS; i++)
		if (ent->items[i].used)
			trace_add(" [%d %d %s%s '%s']", ent->items[i].via,
			          ent->items[i].ref, ent->items[i].key,
			          ent->items[i].paired ? " paired" : "",
			          ent->items[i].text);
}

/* ------------------------------------------------ the model's own rules */

static struct item *
free_item(struct ent *group)
{
	for (int i = 0; i < N_ITEMS; i++)
		if (!group->items[i].used)
			return &group->items[i];
	fail_msg("the model's group is full");
	return NULL;
}

static struct item *
find_ref(struct ent *group, enum rst_via via, int ref)
{
	for (int i = 0; i < N_ITEMS; i++)
		if (group->items[i].used && group->items[i].via == via &&
		    group->items[i].ref == ref)
			return &group->items[i];
	return NULL;
}

static struct item *
find_raw(struct ent *group, enum rst_via via, bool is_name, const char *key)
{
	for (int i = 0; i < N_ITEMS; i++)
		if (group->items[i].used && group->items[i].via == via &&
		    group->items[i].ref < 0 &&
		    group->items[i].is_name == is_name &&
		    strcmp(group->items[i].key, key) == 0)
			return &group->items[i];
	return NULL;
}

static void
put_ref(struct ent *group, enum rst_via via, int ref, const char *text)
{
	struct item *item = find_ref(group, via, ref);

	if (item == NULL)
		item = free_item(group);
	*item = (struct item){ .used = true, .via = via, .ref = ref };
	snprintf(item->text, sizeof(item->text), "%s", text);
}

static void
put_raw(struct ent *group, enum rst_via via, bool is_name, const char *key,
        const char *text, bool paired)
{
	struct item *item = free_item(group);

	*item = (struct item){ .used = true,
		               .via = via,
		               .ref = -1,
		               .is_name = is_name,
		               .paired = paired };
	snprintf(item->key, sizeof(item->key), "%s", key);
	snprintf(item->text, sizeof(item->text), "%s", text);
}

static bool
is_named(const struct ent *ent, const char *name)
{
	return ent->live && !ent->group && strcmp(names[ent->name], name) == 0;
}

/* The first account of a name, in the order of ids. */
static int
account_named(const struct model *model, const char *name)
{
	int best = -1;

	for (int i = 0; i < N_PEOPLE; i++)
		if (is_named(&model->ent[i], name) && model->ent[i].account &&
		    (best < 0 || model->ent[i].id < model->ent[best].id))
			best = i;
	return best;
}

/* The first member of a name. */
static int
member_named(struct model *model, struct ent *group, const char *name)
{
	int best = -1;

	for (int i = 0; i < N_PEOPLE; i++)
		if (is_named(&model->ent[i], name) &&
		    find_ref(group, RST_VIA_ROSTER, i) != NULL &&
		    (best < 0 || model->ent[i].id < model->ent[best].id))
			best = i;
	return best;
}

/* Look at every raw item again: whom does it mean now? */
static void
settle(struct model *model)
{
	struct ent *group;
	struct item *item, was;
	int who;

	for (int g = N_PEOPLE; g < N_ALL; g++) {
		group = &model->ent[g];
		for (int pass = 0; group->live && pass < 2; pass++) {
			for (int i = 0; i < N_ITEMS; i++) {
				item = &group->items[i];
				if (!item->used || item->ref >= 0 ||
				    item->is_name != (pass == 1))
					continue;
				was = *item;
				if (!was.is_name) {
					who = ent_at(model, was.key);
					if (who < 0)
						continue;
					item->used = false;
					put_ref(group, was.via, who,
					        group->roster ? "" : was.text);
				} else if (group->roster) {
					who = member_named(model, group,
					                   was.key);
					if (who < 0 && !was.paired)
						who = account_named(model,
						                    was.key);
					if (who < 0)
						continue;
					item->used = false;
					put_ref(group, was.via, who, "");
				}
			}
		}
	}
}

static void
model_delete(struct model *model, int index)
{
	char dn[TEXT];
	struct item *item, was;

	dn_of(model, index, dn);
	for (int g = N_PEOPLE; g < N_ALL; g++)
		for (int i = 0; i < N_ITEMS; i++) {
			item = &model->ent[g].items[i];
			if (!item->used || item->ref != index)
				continue;
			was = *item;
			item->used = false;
			if (!model->ent[g].roster)
				put_raw(&model->ent[g], was.via, false, dn,
				        same_dn(was.text, dn) ? was.text : dn,
				        false);
		}
	memset(&model->ent[index], 0, sizeof(model->ent[index]));
}

/* The group's class comes or goes. */
static void
model_toggle(struct model *model, int g)
{
	struct ent *group = &model->ent[g];
	struct item old[N_ITEMS], *item;

	memcpy(old, group->items, sizeof(old));
	memset(group->items, 0, sizeof(group->items));
	group->roster = !group->roster;
	/* member, memberUid, uniqueMember: names and the third way last */
	for (enum rst_via via = RST_VIA_ROSTER; via <= RST_VIA_UNIQUEMEMBER;
	     via++)
		for (int i = 0; i < N_ITEMS; i++) {
			item = &old[i];
			if (!item->used || item->via != via)
				continue;
			if (group->roster && item->ref >= 0)
				put_ref(group, RST_VIA_ROSTER, item->ref, "");
			else if (group->roster &&
			         find_raw(group, RST_VIA_ROSTER, item->is_name,
			                  item->key) == NULL)
				put_raw(group, RST_VIA_ROSTER, item->is_name,
				        item->key, item->text, false);
			if (group->roster)
				continue;
			if (item->ref >= 0)
				put_ref(group, RST_VIA_MEMBER, item->ref, "");
			else
				put_raw(group,
				        item->is_name ? RST_VIA_MEMBERUID
				                      : RST_VIA_MEMBER,
				        item->is_name, item->key, item->text,
				        false);
			if (item->ref >= 0 && !model->ent[item->ref].group &&
			    find_raw(group, RST_VIA_MEMBERUID, true,
			             names[model->ent[item->ref].name]) == NULL)
				put_raw(group, RST_VIA_MEMBERUID, true,
				        names[model->ent[item->ref].name], "",
				        false);
		}
	settle(model);
}

/* ------------------------------------------------------- what it answers */

struct list {
	char at[N_ITEMS * 2][TEXT];
	size_t n;
};

static void
list_add(struct list *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i], text) == 0)
			return;
	snprintf(list->at[list->n++], TEXT, "%s", text);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool
is_primary(const struct model *model, int g, const struct item *item)
{
	const struct ent *who;

	if (!model->ent[g].roster || item->ref < 0)
		return false;
	who = &model->ent[item->ref];
	return !who->group && who->account && who->gid >= 0 &&
	       who->gid == model->ent[g].gid;
}

static void
model_view(const struct model *model, int g, uint16_t attr, bool hidden,
           struct list *list)
{
	static const enum rst_via via_of[] = { RST_VIA_MEMBER,
		                               RST_VIA_MEMBERUID,
		                               RST_VIA_UNIQUEMEMBER };
	const struct ent *group = &model->ent[g];
	const struct item *item;
	enum rst_via via = via_of[attr == RST_A_MEMBER      ? 0
	                          : attr == RST_A_MEMBERUID ? 1
	                                                    : 2];
	char dn[TEXT];

	list->n = 0;
	for (int i = 0; i < N_ITEMS; i++) {
		item = &group->items[i];
		if (!item->used || (!hidden && is_primary(model, g, item)))
			continue;
		if (!group->roster && item->via != via)
			continue;
		if (group->roster && attr == RST_A_UNIQUEMEMBER)
			continue;
		if (item->ref < 0) {
			if (item->is_name == (attr == RST_A_MEMBERUID))
				list_add(list, item->text[0] != '\0'
				                       ? item->text
				                       : item->key);
			continue;
		}
		if (attr == RST_A_MEMBERUID) {
			if (!model->ent[item->ref].group)
				list_add(list,
				         names[model->ent[item->ref].name]);
			continue;
		}
		dn_of(model, item->ref, dn);
		list_add(list, same_dn(item->text, dn) ? item->text : dn);
	}
	qsort(list->at, list->n, TEXT, compare);
}

/* ------------------------------------------------------------- comparing */

static void
store_view(const struct rst_rtxn *txn, const struct rst_record *group,
           uint16_t attr, bool hidden, struct list *list)
{
	struct rst_member_cursor cursor = { 0 };
	static char buf[RST_DN_MAX];
	size_t len;
	enum rst_err err;

	list->n = 0;
	while ((err = rst_member_next(txn, group, attr, hidden, &cursor, buf,
	                              &len)) == RST_OK) {
		assert_true(len < TEXT && list->n < N_ITEMS * 2);
		memcpy(list->at[list->n++], buf, len + 1);
	}
	assert_int_equal(err, RST_ENOTFOUND);
	qsort(list->at, list->n, TEXT, compare);
}

static void
same_list(int step, int g, const char *what, const struct list *want,
          const struct list *got)
{
	for (size_t i = 0; i < want->n || i < got->n; i++) {
		const char *w = i < want->n ? want->at[i] : "(nothing)";
		const char *s = i < got->n ? got->at[i] : "(nothing)";

		if (strcmp(w, s) != 0)
			fail_msg("step %d, group %d, %s: want %s, got %s;%s",
			         step, g, what, w, s, trace);
	}
}

static void
same_views(struct model *model, const struct rst_rtxn *txn, int step)
{
	static const uint16_t attrs[] = { RST_A_MEMBER, RST_A_MEMBERUID,
		                          RST_A_UNIQUEMEMBER };
	static struct list want, got;
	struct rst_record record;
	const char *name;
	enum rst_match match;

	for (int g = N_PEOPLE; g < N_ALL; g++) {
		if (!model->ent[g].live)
			continue;
		assert_int_equal(rst_record_get(txn, model->ent[g].id, &record),
		                 RST_OK);
		for (int i = 0; i < 6; i++) {
			model_view(model, g, attrs[i / 2], i % 2 == 0, &want);
			store_view(txn, &record, attrs[i / 2], i % 2 == 0,
			           &got);
			assert_int_equal(
				rst_attr_name(txn, attrs[i / 2], &name, &match),
				RST_OK);
			same_list(step, g, name, &want, &got);
		}
	}
}

/* The groups for which has() is true, as the store lists them. */
static void
same_groups(struct model *model, const struct rst_rtxn *txn, int step,
            uint16_t attr, const char *nvalue)
{
	uint64_t ids[N_GROUPS + 1], after = 0;
	struct rst_record record;
	static struct list list;
	size_t n = 0, got;
	bool want, said;

	/* in two bites, to see that a walk goes on */
	assert_int_equal(rst_member_groups_with(txn, attr, rst_view_of(nvalue),
	                                        0, ids, 2, &got),
	                 RST_OK);
	n = got;
	if (got == 2) {
		after = ids[1];
		assert_int_equal(rst_member_groups_with(
					 txn, attr, rst_view_of(nvalue), after,
					 ids + 2, N_GROUPS - 1, &got),
		                 RST_OK);
		n += got;
	}
	for (size_t i = 1; i < n; i++)
		assert_true(ids[i - 1] < ids[i]);
	for (int g = N_PEOPLE; g < N_ALL; g++) {
		if (!model->ent[g].live)
			continue;
		model_view(model, g, attr, true, &list);
		want = false;
		for (size_t i = 0; i < list.n; i++)
			want |= attr == RST_A_MEMBERUID
			                ? strcmp(list.at[i], nvalue) == 0
			                : same_dn(list.at[i], nvalue);
		said = false;
		for (size_t i = 0; i < n; i++)
			said |= ids[i] == model->ent[g].id;
		assert_int_equal(rst_record_get(txn, model->ent[g].id, &record),
		                 RST_OK);
		if (said != want)
			fail_msg("step %d: groups_with %s: group %d %d", step,
			         nvalue, g, said);
		if (rst_member_has(txn, &record, attr, rst_view_of(nvalue)) !=
		    want)
			fail_msg("step %d: has %s: group %d", step, nvalue, g);
		assert_int_equal(rst_member_any(txn, &record, attr),
		                 list.n > 0);
	}
}

static void
same_member_of(struct model *model, const struct rst_rtxn *txn, int step)
{
	uint64_t ids[N_GROUPS + 1];
	struct ent *group;
	bool want, said;
	size_t n;

	for (int i = 0; i < N_ALL; i++) {
		if (!model->ent[i].live)
			continue;
		assert_int_equal(rst_member_of(txn, model->ent[i].id, 0, ids,
		                               N_GROUPS + 1, &n),
		                 RST_OK);
		for (int g = N_PEOPLE; g < N_ALL; g++) {
			group = &model->ent[g];
			if (!group->live)
				continue;
			want = said = false;
			for (int k = 0; k < N_ITEMS; k++)
				want |= group->items[k].used &&
				        group->items[k].ref == i;
			for (size_t k = 0; k < n; k++)
				said |= ids[k] == group->id;
			if (want != said ||
			    rst_member_is(txn, group->id, model->ent[i].id) !=
			            want)
				fail_msg("step %d: memberOf of %d: group %d",
				         step, i, g);
		}
	}
}

static void
same_answers(struct model *model, struct fixture *fixture, int step)
{
	struct rst_rtxn txn;
	char dn[TEXT];

	fixture_read(fixture, &txn);
	same_views(model, &txn, step);
	for (int i = 0; i < N_NAMES; i++) {
		same_groups(model, &txn, step, RST_A_MEMBERUID, names[i]);
		for (int p = 0; p < N_PLACES; p++) {
			snprintf(dn, sizeof(dn), "uid=%s,%s,%s", names[i],
			         model->places[p], FIXTURE_SUFFIX);
			same_groups(model, &txn, step, RST_A_MEMBER, dn);
			same_groups(model, &txn, step, RST_A_UNIQUEMEMBER, dn);
		}
	}
	same_member_of(model, &txn, step);
	rst_read_end(&txn);
}

/* -------------------------------------------------------------- changing */

/* Write the entry as the model has it. */
static void
store_ent(struct model *model, struct rst_wtxn *txn, int index)
{
	struct ent *ent = &model->ent[index];
	struct rst_entry *entry = NULL;
	struct rst_record record;
	struct rst_view classes[3];
	char rdn[TEXT];
	size_t n = 0;

	if (ent->id == 0) {
		assert_int_equal(rst_entry_new(&entry), RST_OK);
	} else {
		assert_int_equal(rst_record_get(&txn->r, ent->id, &record),
		                 RST_OK);
		assert_int_equal(rst_entry_from_record(&record, &entry),
		                 RST_OK);
	}
	rdn_of(ent, index, rdn);
	assert_int_equal(rst_entry_place(entry, model->place_id[ent->place],
	                                 rst_view_of(rdn), rst_view_of(rdn)),
	                 RST_OK);
	classes[n++] = RST_VIEW("top");
	if (ent->group && ent->roster)
		classes[n++] = RST_VIEW("rosterGroup");
	if (ent->account)
		classes[n++] = RST_VIEW("posixAccount");
	assert_int_equal(rst_entry_set(entry, RST_A_OBJECTCLASS, classes, n),
	                 RST_OK);
	if (!ent->group)
		assert_int_equal(
			rst_entry_set_one(entry, RST_A_UID,
		                          rst_view_of(names[ent->name])),
			RST_OK);
	if (ent->gid < 0)
		assert_int_equal(rst_entry_set(entry, RST_A_GIDNUMBER, NULL, 0),
		                 RST_OK);
	else
		assert_int_equal(
			rst_entry_set_one(entry, RST_A_GIDNUMBER,
		                          rst_view_of(numbers[ent->gid])),
			RST_OK);
	if (ent->id == 0) {
		assert_int_equal(rst_entry_store_add(txn, entry), RST_OK);
		ent->id = rst_entry_id(entry);
	} else {
		assert_int_equal(rst_entry_store_put(txn, entry), RST_OK);
	}
	rst_entry_free(entry);
}

static void
add_or_delete(struct model *model, struct rst_wtxn *txn)
{
	int index = (int)pick(model, N_ALL);
	struct ent *ent = &model->ent[index], want = { 0 };
	char dn[TEXT];

	trace_add(" add or delete %d", index);
	if (ent->live) {
		assert_int_equal(rst_entry_store_drop(txn, ent->id), RST_OK);
		model_delete(model, index);
		return;
	}
	want.live = true;
	want.group = index >= N_PEOPLE;
	want.roster = want.group && pick(model, 3) > 0;
	want.account = !want.group && pick(model, 4) > 0;
	want.name = (int)pick(model, N_NAMES);
	want.place = (int)pick(model, N_PLACES);
	want.gid = (int)pick(model, 4) - 1;
	*ent = want;
	ent->live = false;
	dn_of(model, index, dn);
	if (ent_at(model, dn) >= 0) {
		memset(ent, 0, sizeof(*ent));
		return;
	}
	ent->live = true;
	store_ent(model, txn, index);
	settle(model);
}

/* Change a name, a place, a number or a class. */
static void
change_ent(struct model *model, struct rst_wtxn *txn)
{
	int index = (int)pick(model, N_ALL);
	struct ent *ent = &model->ent[index], was = *ent;
	char dn[TEXT];

	if (!ent->live)
		return;
	trace_ent(ent, index);
	switch (pick(model, 4)) {
	case 0:
		ent->name = (int)pick(model, N_NAMES);
		break;
	case 1:
		ent->place = (int)pick(model, N_PLACES);
		break;
	case 2:
		ent->gid = (int)pick(model, 4) - 1;
		break;
	default:
		if (!ent->group)
			ent->account = !ent->account;
		else
			model_toggle(model, index);
		break;
	}
	ent->live = false;
	dn_of(model, index, dn);
	if (ent_at(model, dn) >= 0) {
		*ent = was;
		return;
	}
	ent->live = true;
	store_ent(model, txn, index);
	settle(model);
}

/* A whole subtree gets another name. */
static void
rename_place(struct model *model, struct rst_wtxn *txn)
{
	static const char *const other[N_PLACES] = { "ou=folk", "ou=crew",
		                                     "ou=old" };
	static const char *const first[N_PLACES] = { "ou=people", "ou=staff",
		                                     "ou=gone" };
	int place = (int)pick(model, N_PLACES);

	trace_add(" rename place %d", place);
	bool back = strcmp(model->places[place], first[place]) != 0;
	struct rst_entry *entry;
	struct rst_record record;
	struct rst_view rdn;

	snprintf(model->places[place], sizeof(model->places[place]), "%s",
	         back ? first[place] : other[place]);
	assert_int_equal(
		rst_record_get(&txn->r, model->place_id[place], &record),
		RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &entry), RST_OK);
	rdn = rst_view_of(model->places[place]);
	assert_int_equal(rst_entry_place(entry, model->suffix, rdn, rdn),
	                 RST_OK);
	assert_int_equal(rst_entry_store_put(txn, entry), RST_OK);
	rst_entry_free(entry);
	settle(model);
}

struct op {
	struct rst_member_op op;
	char value[TEXT], nvalue[TEXT];
};

static void
random_op(struct model *model, bool roster, struct op *op)
{
	static const char *const places[] = { "ou=people", "ou=staff",
		                              "ou=gone", "ou=folk", "ou=crew" };
	unsigned int kind = pick(model, roster ? 2 : 3);
	int name = (int)pick(model, N_NAMES);

	op->op.verb = pick(model, 12) == 0
	                      ? RST_MEMBER_CLEAR
	                      : (enum rst_member_verb[]){
					RST_MEMBER_ADD,    RST_MEMBER_ADD,
					RST_MEMBER_ADD,    RST_MEMBER_DROP,
					RST_MEMBER_ENSURE, RST_MEMBER_ENSURE_NOT
				}[pick(model, 6)];
	if (kind == 0) {
		op->op.attr = RST_A_MEMBERUID;
		snprintf(op->value, TEXT, "%s", names[name]);
		snprintf(op->nvalue, TEXT, "%s", names[name]);
	} else {
		op->op.attr = kind == 1 ? RST_A_MEMBER : RST_A_UNIQUEMEMBER;
		if (pick(model, 6) == 0)
			snprintf(op->nvalue, TEXT, "cn=g%d,%s,%s",
			         N_PEOPLE + (int)pick(model, N_GROUPS),
			         places[pick(model, 5)], FIXTURE_SUFFIX);
		else
			snprintf(op->nvalue, TEXT, "uid=%s,%s,%s", names[name],
			         places[pick(model, 5)], FIXTURE_SUFFIX);
		snprintf(op->value, TEXT, "%s", op->nvalue);
		if (pick(model, 3) == 0) /* spelt otherwise */
			op->value[0] = (char)(op->value[0] - 32);
	}
	if (op->op.verb == RST_MEMBER_CLEAR)
		op->value[0] = op->nvalue[0] = '\0';
	op->op.value = rst_view_of(op->value);
	op->op.nvalue = rst_view_of(op->nvalue);
}

/* What a change of several ops has done: who was added or dropped by which
 * attribute, each as "a DN" or "a name". */
struct done {
	char what[TEXT];
	bool by_name, added;
};

struct doings {
	struct done at[64];
	size_t n;
	const struct op *ops, *op; /* all; the one at hand */
	size_t n_ops;
};

static void
target_of(const struct item *item, char buf[TEXT])
{
	if (item->ref >= 0)
		snprintf(buf, TEXT, "#%d", item->ref);
	else
		snprintf(buf, TEXT, "%c%.90s", item->is_name ? 'n' : 'd',
		         item->key);
}

static void
note(struct doings *doings, const char *what, bool by_name, bool added)
{
	size_t kept = 0;

	/* the last thing an attribute did to it counts */
	for (size_t i = 0; i < doings->n; i++)
		if (strcmp(doings->at[i].what, what) != 0 ||
		    doings->at[i].by_name != by_name)
			doings->at[kept++] = doings->at[i];
	doings->n = kept;
	snprintf(doings->at[doings->n].what, TEXT, "%s", what);
	doings->at[doings->n].by_name = by_name;
	doings->at[doings->n++].added = added;
}

/* The other attribute did it, and this one did not. */
static bool
only_other(const struct doings *doings, const char *what, bool by_name,
           bool added)
{
	bool other = false;

	for (size_t i = 0; i < doings->n; i++) {
		if (strcmp(doings->at[i].what, what) != 0 ||
		    doings->at[i].added != added)
			continue;
		if (doings->at[i].by_name == by_name)
			return false;
		other = true;
	}
	return other;
}

/* The last op of the change that adds a DN of this uid, or NULL. */
static const struct op *
explains(const struct doings *doings, const char *name)
{
	const struct op *explained = NULL, *op;
	char start[TEXT];

	snprintf(start, sizeof(start), "uid=%.40s,", name);
	for (size_t i = 0; i < doings->n_ops; i++) {
		op = &doings->ops[i];
		if (op->op.attr == RST_A_MEMBER &&
		    (op->op.verb == RST_MEMBER_ADD ||
		     op->op.verb == RST_MEMBER_ENSURE) &&
		    strncmp(op->nvalue, start, strlen(start)) == 0)
			explained = op;
	}
	return explained;
}

/* Of a rosterGroup: the item that an op means, as it would be. */
static struct item
meant(struct model *model, struct ent *group, const struct doings *doings,
      const struct op *op)
{
	struct item item = { .used = true, .via = RST_VIA_ROSTER, .ref = -1 };
	const struct op *explained;

	if (op->op.attr == RST_A_MEMBER) {
		item.ref = ent_at(model, op->nvalue);
		snprintf(item.key, TEXT, "%s", op->nvalue);
		snprintf(item.text, TEXT, "%s", op->value);
		return item;
	}
	item.is_name = true;
	snprintf(item.key, TEXT, "%s", op->value);
	item.ref = member_named(model, group, op->value);
	if (item.ref >= 0)
		return item;
	explained = explains(doings, op->value);
	if (explained != NULL)
		item.ref = ent_at(model, explained->nvalue);
	item.paired = explained != NULL && item.ref < 0 &&
	              (explained > doings->op ||
	               find_raw(group, RST_VIA_ROSTER, false,
	                        explained->nvalue) != NULL);
	if (item.ref < 0 && !item.paired)
		item.ref = account_named(model, op->value);
	return item;
}

static struct item *
find_item(struct ent *group, const struct item *item)
{
	return item->ref >= 0
	               ? find_ref(group, item->via, item->ref)
	               : find_raw(group, item->via, item->is_name, item->key);
}

/* A raw DN has gone: a name that was paired with it stands alone. */
static void
model_unpair(struct model *model, struct ent *group, const struct item *gone,
             struct doings *doings)
{
	char what[TEXT];
	char name[TEXT];
	struct item *item;
	int who;

	if (gone->ref >= 0 || gone->is_name ||
	    strncmp(gone->key, "uid=", 4) != 0)
		return;
	snprintf(name, sizeof(name), "%s", gone->key + 4);
	*strchr(name, ',') = '\0';
	item = find_raw(group, RST_VIA_ROSTER, true, name);
	if (item == NULL || !item->paired ||
	    explains(doings, name) > doings->op)
		return;
	item->paired = false;
	who = account_named(model, name);
	if (who >= 0) {
		item->used = false;
		put_ref(group, RST_VIA_ROSTER, who, "");
		/* what was done to the name was done to its entry */
		for (size_t i = 0, n = doings->n; i < n; i++)
			if (doings->at[i].what[0] == 'n' &&
			    strcmp(doings->at[i].what + 1, name) == 0) {
				snprintf(what, sizeof(what), "#%d", who);
				note(doings, what, doings->at[i].by_name,
				     doings->at[i].added);
			}
	}
}

static enum rst_err
roster_clear(struct model *model, int g, uint16_t attr, struct doings *doings)
{
	struct ent *group = &model->ent[g];
	bool by_name = attr == RST_A_MEMBERUID;
	struct item *item, gone[N_ITEMS];
	char what[TEXT];
	int n = 0;

	for (int i = 0; i < N_ITEMS; i++) {
		item = &group->items[i];
		if (!item->used || (model->hide && is_primary(model, g, item)))
			continue;
		if (item->ref < 0 && item->is_name != by_name)
			continue;
		if (item->ref >= 0 && by_name && model->ent[item->ref].group)
			continue;
		target_of(item, what);
		if (only_other(doings, what, by_name, true))
			continue;
		gone[n++] = *item;
		item->used = false;
	}
	for (int i = 0; i < n; i++)
		model_unpair(model, group, &gone[i], doings);
	return RST_OK;
}

static enum rst_err
roster_op(struct model *model, int g, const struct op *op,
          struct doings *doings)
{
	struct ent *group = &model->ent[g];
	bool by_name = op->op.attr == RST_A_MEMBERUID;
	struct item want, *item;
	char what[TEXT];
	int other;

	doings->op = op;
	if (op->op.verb == RST_MEMBER_CLEAR)
		return roster_clear(model, g, op->op.attr, doings);
	want = meant(model, group, doings, op);
	target_of(&want, what);
	item = find_item(group, &want);
	if (op->op.verb == RST_MEMBER_ADD || op->op.verb == RST_MEMBER_ENSURE) {
		if (item != NULL && op->op.verb == RST_MEMBER_ADD &&
		    !only_other(doings, what, by_name, true))
			return RST_EEXISTS;
		if (item == NULL && want.ref >= 0) {
			put_ref(group, RST_VIA_ROSTER, want.ref, "");
			/* its name would be listed twice */
			if (!model->ent[want.ref].group &&
			    (item = find_raw(
				     group, RST_VIA_ROSTER, true,
				     names[model->ent[want.ref].name])) != NULL)
				item->used = false;
		} else if (item == NULL) {
			put_raw(group, RST_VIA_ROSTER, want.is_name, want.key,
			        want.is_name ? "" : want.text, want.paired);
		}
		note(doings, what, by_name, true);
		return RST_OK;
	}
	if (item == NULL && op->op.verb == RST_MEMBER_DROP &&
	    !only_other(doings, what, by_name, false))
		return RST_ENOTFOUND;
	if (item != NULL) {
		want = *item;
		item->used = false;
		model_unpair(model, group, &want, doings);
	}
	while (by_name && want.ref >= 0 &&
	       (other = member_named(model, group, op->value)) >= 0)
		find_ref(group, RST_VIA_ROSTER, other)->used = false;
	note(doings, what, by_name, false);
	return RST_OK;
}

static enum rst_err
plain_op(struct model *model, int g, const struct op *op)
{
	struct ent *group = &model->ent[g];
	bool by_name = op->op.attr == RST_A_MEMBERUID;
	enum rst_via via = by_name                       ? RST_VIA_MEMBERUID
	                   : op->op.attr == RST_A_MEMBER ? RST_VIA_MEMBER
	                                                 : RST_VIA_UNIQUEMEMBER;
	int ref = by_name ? -1 : ent_at(model, op->nvalue);
	struct item *item;

	if (op->op.verb == RST_MEMBER_CLEAR) {
		for (int i = 0; i < N_ITEMS; i++)
			if (group->items[i].via == via)
				group->items[i].used = false;
		return RST_OK;
	}
	item = ref >= 0 ? find_ref(group, via, ref)
	                : find_raw(group, via, by_name, op->nvalue);
	if (op->op.verb == RST_MEMBER_ADD && item != NULL)
		return RST_EEXISTS;
	if (op->op.verb == RST_MEMBER_DROP && item == NULL)
		return RST_ENOTFOUND;
	if (op->op.verb == RST_MEMBER_DROP ||
	    op->op.verb == RST_MEMBER_ENSURE_NOT) {
		if (item != NULL)
			item->used = false;
	} else if (item == NULL && ref >= 0) {
		put_ref(group, via, ref, op->value);
	} else if (item == NULL) {
		put_raw(group, via, by_name, op->nvalue, op->value, false);
	}
	return RST_OK;
}

/* False when the change was refused, as the model says it must be. */
static bool
change_members(struct model *model, struct rst_wtxn *txn, int step)
{
	int g = N_PEOPLE + (int)pick(model, N_GROUPS);
	static struct ent was;
	struct op ops[6];
	struct rst_member_op raw[6];
	struct rst_member_deltas deltas = { 0 };
	struct doings doings = { 0 };
	size_t n = 1 + pick(model, 6), at = 0, want_at = 0;
	enum rst_err want = RST_OK, err;

	if (!model->ent[g].live)
		return true;
	doings.ops = ops;
	doings.n_ops = n;
	was = model->ent[g];
	trace_ent(&was, g);
	for (size_t i = 0; i < n; i++) {
		random_op(model, was.roster, &ops[i]);
		raw[i] = ops[i].op;
		trace_add(" (%d %d %s)", ops[i].op.verb, ops[i].op.attr,
		          ops[i].value);
	}
	for (size_t i = 0; want == RST_OK && i < n; i++) {
		want_at = i;
		want = was.roster ? roster_op(model, g, &ops[i], &doings)
		                  : plain_op(model, g, &ops[i]);
	}
	err = rst_member_apply(txn, was.id, raw, n, &deltas, &at);
	rst_member_deltas_release(&deltas);
	if (err != want || (err != RST_OK && at != want_at))
		fail_msg("step %d: apply said %d at %zu, not %d at %zu;%s",
		         step, err, at, want, want_at, trace);
	if (err != RST_OK)
		model->ent[g] = was;
	return err == RST_OK;
}

static void
join_or_leave(struct model *model, struct rst_wtxn *txn)
{
	int g = N_PEOPLE + (int)pick(model, N_GROUPS);
	int who = (int)pick(model, N_ALL);
	struct ent *group = &model->ent[g];
	struct item *item;
	bool join = pick(model, 3) > 0;

	if (!group->live || !model->ent[who].live || !group->roster)
		return;
	item = find_ref(group, RST_VIA_ROSTER, who);
	if (join) {
		assert_int_equal(rst_member_join(txn, group->id,
		                                 model->ent[who].id, NULL),
		                 item != NULL ? RST_EEXISTS : RST_OK);
		put_ref(group, RST_VIA_ROSTER, who, "");
		settle(model);
		return;
	}
	assert_int_equal(
		rst_member_leave(txn, group->id, model->ent[who].id, NULL),
		item == NULL ? RST_ENOTFOUND : RST_OK);
	if (item != NULL)
		item->used = false;
}

static void
found(void *arg, const struct rst_check_finding *finding)
{
	fail_msg("step %d: %s: %s;%s", *(int *)arg, finding->invariant,
	         finding->text, trace);
}

static void
store_is_sound(struct fixture *fixture, int step)
{
	struct rst_check_options options = { .max_findings = 1,
		                             .finding = found,
		                             .arg = &step };
	uint64_t n;

	assert_int_equal(rst_check(fixture->env, &options, &n), RST_OK);
	assert_int_equal(n, 0);
}

static void
the_relation_answers_as_the_naive_model_does(void **state)
{
	static const char *const places[N_PLACES] = { "ou=people", "ou=staff",
		                                      "ou=gone" };
	struct fixture *fixture = *state;
	static struct model model;
	struct rst_wtxn txn;
	unsigned int what;
	bool good;

	fixture_write(fixture, &txn);
	model.suffix = fixture_skeleton(&txn).suffix;
	for (int p = 0; p < N_PLACES; p++) {
		snprintf(model.places[p], sizeof(model.places[p]), "%s",
		         places[p]);
		assert_true(p == 0 || (model.place_id[p] = fixture_add(
					       &txn, model.suffix, places[p],
					       "ou", places[p] + 3, NULL)) > 0);
	}
	assert_int_equal(rst_tree_child(&txn.r, model.suffix,
	                                RST_VIEW("ou=people"),
	                                &model.place_id[0]),
	                 RST_OK);
	fixture_commit(&txn);

	for (int step = 0; step < STEPS; step++) {
		trace[0] = '\0';
		fixture_write(fixture, &txn);
		what = pick(&model, 20);
		good = true;
		if (what < 4)
			add_or_delete(&model, &txn);
		else if (what < 7)
			change_ent(&model, &txn);
		else if (what < 8 && pick(&model, 3) == 0)
			rename_place(&model, &txn);
		else if (what < 10)
			join_or_leave(&model, &txn);
		else if (what < 11) {
			model.hide = !model.hide;
			assert_int_equal(
				rst_setting_put(&txn, "primary-members",
			                        model.hide ? RST_VIEW("hide")
			                                   : RST_VIEW("list")),
				RST_OK);
		} else
			good = change_members(&model, &txn, step);
		if (good)
			fixture_commit(&txn);
		rst_write_abort(&txn);
		same_answers(&model, fixture, step);
		if (step % 50 == 0 || getenv("CHECK_ALWAYS"))
			store_is_sound(fixture, step);
	}
	store_is_sound(fixture, STEPS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_relation_answers_as_the_naive_model_does,
			fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
