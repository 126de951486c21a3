/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_member_random.c - the relation against a naive model of it
 *
 * The store must answer every question as the model does, after each of some
 * thousand random changes, and rst_check() must find nothing.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/check.h"
#include "store/tree.h"
#include "tests/unit/member_model.h"

#define STEPS       3000
#define CHECK_STEPS 50 /* between two runs of rst_check() */

static const char *const numbers[] = { "2001", "2002", "2003" };

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
	qsort(list->at, list->n, TEXT, model_compare);
}

/* The same, told at once. */
static enum rst_err
add_item(void *arg, const struct rst_member_item *item)
{
	struct list *list = arg;

	assert_true(item->name.len + item->above.len < TEXT &&
	            list->n < N_ITEMS * 2);
	snprintf(list->at[list->n++], TEXT, "%.*s%.*s", (int)item->name.len,
	         item->name.ptr, (int)item->above.len,
	         item->above.len > 0 ? item->above.ptr : "");
	return RST_OK;
}

static void
store_list(const struct rst_rtxn *txn, const struct rst_record *group,
           uint16_t attr, bool hidden, struct list *list)
{
	list->n = 0;
	assert_int_equal(rst_member_list(txn, group, attr, hidden, false, true,
	                                 add_item, list),
	                 RST_OK);
	qsort(list->at, list->n, TEXT, model_compare);
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
			         step, g, what, w, s, model_trace);
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
			store_list(txn, &record, attrs[i / 2], i % 2 == 0,
			           &got);
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
			                : model_same_dn(list.at[i], nvalue);
		said = false;
		for (size_t i = 0; i < n; i++)
			said |= ids[i] == model->ent[g].id;
		assert_int_equal(rst_record_get(txn, model->ent[g].id, &record),
		                 RST_OK);
		if (said != want)
			fail_msg("step %d: groups_with %s: group %d %d", step,
			         nvalue, g, said);
		if (fixture_has_value(txn, &record, attr,
		                      rst_view_of(nvalue)) != want)
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
	char dn[TEXT];
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
			model_dn(model, i, dn);
			for (int k = 0; k < N_ITEMS; k++)
				want |= group->items[k].used &&
				        (group->items[k].ref == i ||
				         (!group->roster &&
				          !group->items[k].is_name &&
				          strcmp(group->items[k].key, dn) ==
				                  0));
			for (size_t k = 0; k < n; k++)
				said |= ids[k] == group->id;
			if (want != said ||
			    fixture_is_member(txn, group->id,
			                      model->ent[i].id) != want)
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
		same_groups(model, &txn, step, RST_A_MEMBERUID, model_names[i]);
		for (int p = 0; p < N_PLACES; p++) {
			snprintf(dn, sizeof(dn), "uid=%s,%s,%s", model_names[i],
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
	model_rdn(ent, index, rdn);
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
		                          rst_view_of(model_names[ent->name])),
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
	int index = (int)model_pick(N_ALL);
	struct ent *ent = &model->ent[index], want = { 0 };
	char dn[TEXT];

	model_say(" add or delete %d", index);
	if (ent->live) {
		assert_int_equal(rst_entry_store_drop(txn, ent->id), RST_OK);
		model_delete(model, index);
		return;
	}
	want.live = true;
	want.group = index >= N_PEOPLE;
	want.roster = want.group && model_pick(3) > 0;
	want.account = !want.group && model_pick(4) > 0;
	want.name = (int)model_pick(N_NAMES);
	want.place = (int)model_pick(N_PLACES);
	want.gid = (int)model_pick(4) - 1;
	*ent = want;
	ent->live = false;
	model_dn(model, index, dn);
	if (model_at(model, dn) >= 0) {
		memset(ent, 0, sizeof(*ent));
		return;
	}
	ent->live = true;
	store_ent(model, txn, index);
	model_settle(model);
}

/* Change a name, a place, a number or a class. */
static void
change_ent(struct model *model, struct rst_wtxn *txn)
{
	int index = (int)model_pick(N_ALL);
	struct ent *ent = &model->ent[index], was = *ent;
	char dn[TEXT];

	if (!ent->live)
		return;
	model_say_ent(ent, index);
	switch (model_pick(4)) {
	case 0:
		ent->name = (int)model_pick(N_NAMES);
		break;
	case 1:
		ent->place = (int)model_pick(N_PLACES);
		break;
	case 2:
		ent->gid = (int)model_pick(4) - 1;
		break;
	default:
		if (!ent->group)
			ent->account = !ent->account;
		else
			model_toggle(model, index);
		break;
	}
	ent->live = false;
	model_dn(model, index, dn);
	if (model_at(model, dn) >= 0) {
		*ent = was;
		return;
	}
	ent->live = true;
	store_ent(model, txn, index);
	model_settle(model);
}

/* A whole subtree gets another name. */
static void
rename_place(struct model *model, struct rst_wtxn *txn)
{
	static const char *const other[N_PLACES] = { "ou=folk", "ou=crew",
		                                     "ou=old" };
	static const char *const first[N_PLACES] = { "ou=people", "ou=staff",
		                                     "ou=gone" };
	int place = (int)model_pick(N_PLACES);

	model_say(" rename place %d", place);
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
	model_settle(model);
}

static void
random_op(bool roster, struct op *op)
{
	static const char *const places[] = { "ou=people", "ou=staff",
		                              "ou=gone", "ou=folk", "ou=crew" };
	unsigned int kind = model_pick(roster ? 2 : 3);
	int name = (int)model_pick(N_NAMES);

	op->op.verb = model_pick(12) == 0
	                      ? RST_MEMBER_CLEAR
	                      : (enum rst_member_verb[]){
					RST_MEMBER_ADD,    RST_MEMBER_ADD,
					RST_MEMBER_ADD,    RST_MEMBER_DROP,
					RST_MEMBER_ENSURE, RST_MEMBER_ENSURE_NOT
				}[model_pick(6)];
	if (kind == 0) {
		op->op.attr = RST_A_MEMBERUID;
		snprintf(op->value, TEXT, "%s", model_names[name]);
		snprintf(op->nvalue, TEXT, "%s", model_names[name]);
	} else {
		op->op.attr = kind == 1 ? RST_A_MEMBER : RST_A_UNIQUEMEMBER;
		if (model_pick(6) == 0)
			snprintf(op->nvalue, TEXT, "cn=g%d,%s,%s",
			         N_PEOPLE + (int)model_pick(N_GROUPS),
			         places[model_pick(5)], FIXTURE_SUFFIX);
		else
			snprintf(op->nvalue, TEXT, "uid=%s,%s,%s",
			         model_names[name], places[model_pick(5)],
			         FIXTURE_SUFFIX);
		snprintf(op->value, TEXT, "%s", op->nvalue);
		if (model_pick(3) == 0) /* spelt otherwise */
			op->value[0] = (char)(op->value[0] - 32);
	}
	if (op->op.verb == RST_MEMBER_CLEAR)
		op->value[0] = op->nvalue[0] = '\0';
	op->op.value = rst_view_of(op->value);
	op->op.nvalue = rst_view_of(op->nvalue);
}

/* False when the change was refused, as the model says it must be. */
static bool
change_members(struct model *model, struct rst_wtxn *txn, int step)
{
	int g = N_PEOPLE + (int)model_pick(N_GROUPS);
	static struct ent was;
	struct op ops[6];
	struct rst_member_op raw[6];
	struct rst_member_deltas deltas = { 0 };
	struct doings doings = { 0 };
	size_t n = 1 + model_pick(6), at = 0, want_at = 0;
	enum rst_err want = RST_OK, err;

	if (!model->ent[g].live)
		return true;
	doings.ops = ops;
	doings.n_ops = n;
	was = model->ent[g];
	model_say_ent(&was, g);
	for (size_t i = 0; i < n; i++) {
		random_op(was.roster, &ops[i]);
		raw[i] = ops[i].op;
		model_say(" (%d %d %s)", ops[i].op.verb, ops[i].op.attr,
		          ops[i].value);
	}
	for (size_t i = 0; want == RST_OK && i < n; i++) {
		want_at = i;
		want = was.roster ? model_roster_op(model, g, &ops[i], &doings)
		                  : model_plain_op(&model->ent[g], &ops[i]);
	}
	err = rst_member_apply(txn, was.id, raw, n, &deltas, &at);
	rst_member_deltas_release(&deltas);
	if (err != want || (err != RST_OK && at != want_at))
		fail_msg("step %d: apply said %d at %zu, not %d at %zu;%s",
		         step, err, at, want, want_at, model_trace);
	if (err != RST_OK)
		model->ent[g] = was;
	return err == RST_OK;
}

static void
join_or_leave(struct model *model, struct rst_wtxn *txn)
{
	int g = N_PEOPLE + (int)model_pick(N_GROUPS);
	int who = (int)model_pick(N_ALL);
	struct ent *group = &model->ent[g];
	struct item *item;
	bool join = model_pick(3) > 0;

	if (!group->live || !model->ent[who].live || !group->roster)
		return;
	item = model_find_ref(group, RST_VIA_ROSTER, who);
	if (join) {
		assert_int_equal(rst_member_join(txn, group->id,
		                                 model->ent[who].id, NULL),
		                 item != NULL ? RST_EEXISTS : RST_OK);
		model_put_ref(group, RST_VIA_ROSTER, who, "");
		model_settle(model);
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
	         finding->text, model_trace);
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
		model_trace[0] = '\0';
		fixture_write(fixture, &txn);
		what = model_pick(20);
		good = true;
		if (what < 4)
			add_or_delete(&model, &txn);
		else if (what < 7)
			change_ent(&model, &txn);
		else if (what < 8 && model_pick(3) == 0)
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
		if (step % CHECK_STEPS == 0)
			store_is_sound(fixture, step);
	}
	store_is_sound(fixture, STEPS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(the_relation_answers_as_the_naive_model_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
