/* SPDX-License-Identifier: OLDAP-2.8 */
/* member_model.c - a naive model of the membership relation */
#include "tests/unit/member_model.h"

#include <stdio.h>
#include <stdlib.h>

const char *const model_names[N_NAMES] = { "ann", "bob", "cy", "dee", "ed" };

char model_trace[1024];

void
model_say(const char *format, ...)
{
	size_t len = strlen(model_trace);
	va_list args;

	va_start(args, format);
	vsnprintf(model_trace + len, sizeof(model_trace) - len, format, args);
	va_end(args);
}

unsigned int
model_pick(unsigned int n)
{
	static uint32_t seed = 20260131;

	seed = seed * UINT32_C(1664525) + UINT32_C(1013904223);
	return (seed >> 16) % n;
}

void
model_rdn(const struct ent *ent, int index, char buf[TEXT])
{
	if (ent->group)
		snprintf(buf, TEXT, "cn=g%d", index);
	else
		snprintf(buf, TEXT, "uid=%s", model_names[ent->name]);
}

void
model_dn(const struct model *model, int index, char buf[TEXT])
{
	char rdn[TEXT / 2];

	if (model->ent[index].group)
		snprintf(rdn, sizeof(rdn), "cn=g%d", index);
	else
		snprintf(rdn, sizeof(rdn), "uid=%s",
		         model_names[model->ent[index].name]);
	snprintf(buf, TEXT, "%s,%s,%s", rdn,
	         model->places[model->ent[index].place], FIXTURE_SUFFIX);
}

int
model_at(const struct model *model, const char *ndn)
{
	char dn[TEXT];

	for (int i = 0; i < N_ALL; i++) {
		if (!model->ent[i].live)
			continue;
		model_dn(model, i, dn);
		if (strcmp(dn, ndn) == 0)
			return i;
	}
	return -1;
}

bool
model_same_dn(const char *text, const char *ndn)
{
	return rst_view_equal_nocase(rst_view_of(text), rst_view_of(ndn));
}

void
model_say_ent(const struct ent *ent, int index)
{
	model_say(" change %d:", index);
	for (int i = 0; ent->group && i < N_ITEMS; i++)
		if (ent->items[i].used)
			model_say(" [%d %d %s%s '%s']", ent->items[i].via,
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

struct item *
model_find_ref(struct ent *group, enum rst_via via, int ref)
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

void
model_put_ref(struct ent *group, enum rst_via via, int ref, const char *text)
{
	struct item *item = model_find_ref(group, via, ref);

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
	return ent->live && !ent->group &&
	       strcmp(model_names[ent->name], name) == 0;
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
		    model_find_ref(group, RST_VIA_ROSTER, i) != NULL &&
		    (best < 0 || model->ent[i].id < model->ent[best].id))
			best = i;
	return best;
}

/* Look at every raw item again: whom does it mean now? */
void
model_settle(struct model *model)
{
	struct ent *group;
	struct item *item, was;
	int who;

	for (int g = N_PEOPLE; g < N_ALL; g++) {
		group = &model->ent[g];
		/* an ordinary group keeps what was written */
		if (!group->roster)
			continue;
		for (int pass = 0; group->live && pass < 2; pass++) {
			for (int i = 0; i < N_ITEMS; i++) {
				item = &group->items[i];
				if (!item->used || item->ref >= 0 ||
				    item->is_name != (pass == 1))
					continue;
				was = *item;
				if (!was.is_name) {
					who = model_at(model, was.key);
					if (who < 0)
						continue;
					item->used = false;
					model_put_ref(group, was.via, who, "");
				} else {
					who = member_named(model, group,
					                   was.key);
					if (who < 0 && !was.paired)
						who = account_named(model,
						                    was.key);
					if (who < 0)
						continue;
					item->used = false;
					model_put_ref(group, was.via, who, "");
				}
			}
		}
	}
}

void
model_delete(struct model *model, int index)
{
	struct item *item;

	for (int g = N_PEOPLE; g < N_ALL; g++)
		for (int i = 0; i < N_ITEMS; i++) {
			item = &model->ent[g].items[i];
			if (item->used && item->ref == index)
				item->used = false;
		}
	memset(&model->ent[index], 0, sizeof(model->ent[index]));
}

/* The group's class comes or goes. */
void
model_toggle(struct model *model, int g)
{
	struct ent *group = &model->ent[g];
	struct item old[N_ITEMS], *item;
	char dn[TEXT];

	memcpy(old, group->items, sizeof(old));
	memset(group->items, 0, sizeof(group->items));
	group->roster = !group->roster;
	/* member, memberUid, uniqueMember: model_names and the third way last
	 */
	for (enum rst_via via = RST_VIA_ROSTER; via <= RST_VIA_UNIQUEMEMBER;
	     via++)
		for (int i = 0; i < N_ITEMS; i++) {
			item = &old[i];
			if (!item->used || item->via != via)
				continue;
			if (group->roster && item->ref >= 0)
				model_put_ref(group, RST_VIA_ROSTER, item->ref,
				              "");
			else if (group->roster &&
			         find_raw(group, RST_VIA_ROSTER, item->is_name,
			                  item->key) == NULL)
				put_raw(group, RST_VIA_ROSTER, item->is_name,
				        item->key, item->text, false);
			if (group->roster)
				continue;
			if (item->ref >= 0) {
				model_dn(model, item->ref, dn);
				put_raw(group, RST_VIA_MEMBER, false, dn, dn,
				        false);
			} else
				put_raw(group,
				        item->is_name ? RST_VIA_MEMBERUID
				                      : RST_VIA_MEMBER,
				        item->is_name, item->key, item->text,
				        false);
			if (item->ref >= 0 && !model->ent[item->ref].group &&
			    find_raw(group, RST_VIA_MEMBERUID, true,
			             model_names[model->ent[item->ref].name]) ==
			            NULL)
				put_raw(group, RST_VIA_MEMBERUID, true,
				        model_names[model->ent[item->ref].name],
				        "", false);
		}
	model_settle(model);
}

/* ------------------------------------------------------- what it answers */

static void
list_add(struct list *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->at[i], text) == 0)
			return;
	snprintf(list->at[list->n++], TEXT, "%s", text);
}

int
model_compare(const void *a, const void *b)
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

void
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
				list_add(list, model_names[model->ent[item->ref]
				                                   .name]);
			continue;
		}
		model_dn(model, item->ref, dn);
		list_add(list, model_same_dn(item->text, dn) ? item->text : dn);
	}
	qsort(list->at, list->n, TEXT, model_compare);
}

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
		item.ref = model_at(model, op->nvalue);
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
		item.ref = model_at(model, explained->nvalue);
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
	               ? model_find_ref(group, item->via, item->ref)
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
		model_put_ref(group, RST_VIA_ROSTER, who, "");
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

enum rst_err
model_roster_op(struct model *model, int g, const struct op *op,
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
			model_put_ref(group, RST_VIA_ROSTER, want.ref, "");
			/* its name would be listed twice */
			if (!model->ent[want.ref].group &&
			    (item = find_raw(
				     group, RST_VIA_ROSTER, true,
				     model_names[model->ent[want.ref].name])) !=
			            NULL)
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
		model_find_ref(group, RST_VIA_ROSTER, other)->used = false;
	note(doings, what, by_name, false);
	return RST_OK;
}

enum rst_err
model_plain_op(struct ent *group, const struct op *op)
{
	bool by_name = op->op.attr == RST_A_MEMBERUID;
	enum rst_via via = by_name                       ? RST_VIA_MEMBERUID
	                   : op->op.attr == RST_A_MEMBER ? RST_VIA_MEMBER
	                                                 : RST_VIA_UNIQUEMEMBER;
	struct item *item;

	if (op->op.verb == RST_MEMBER_CLEAR) {
		for (int i = 0; i < N_ITEMS; i++)
			if (group->items[i].via == via)
				group->items[i].used = false;
		return RST_OK;
	}
	item = find_raw(group, via, by_name, op->nvalue);
	if (op->op.verb == RST_MEMBER_ADD && item != NULL)
		return RST_EEXISTS;
	if (op->op.verb == RST_MEMBER_DROP && item == NULL)
		return RST_ENOTFOUND;
	if (op->op.verb == RST_MEMBER_DROP ||
	    op->op.verb == RST_MEMBER_ENSURE_NOT) {
		if (item != NULL)
			item->used = false;
	} else if (item == NULL) {
		put_raw(group, via, by_name, op->nvalue, op->value, false);
	}
	return RST_OK;
}
