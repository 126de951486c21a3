/* SPDX-License-Identifier: OLDAP-2.8 */
/* member_model.h - a naive model of the membership relation
 *
 * For every group a plain list of items; after each change every item is
 * looked at again: whom does it mean?  No tables, keys or order.
 */
#ifndef MEMBER_MODEL_H
#define MEMBER_MODEL_H

#include "store/member.h"
#include "tests/unit/fixture.h"

#define N_PEOPLE 10
#define N_GROUPS 5
#define N_ALL    (N_PEOPLE + N_GROUPS)
#define N_ITEMS  64
#define N_NAMES  5
#define N_PLACES 3
#define TEXT     96

extern const char *const model_names[N_NAMES];

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
extern char model_trace[1024];
void model_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void model_say_ent(const struct ent *ent, int index);

/* A number below n; the same ones in every run. */
unsigned int model_pick(unsigned int n);

void model_rdn(const struct ent *ent, int index, char buf[TEXT]);
void model_dn(const struct model *model, int index, char buf[TEXT]);
/* The entry that stands there, or -1. */
int model_at(const struct model *model, const char *ndn);
bool model_same_dn(const char *text, const char *ndn);

struct item *model_find_ref(struct ent *group, enum rst_via via, int ref);
void model_put_ref(struct ent *group, enum rst_via via, int ref,
                   const char *text);
/* Look at every raw item again. */
void model_settle(struct model *model);
/* The entry goes. */
void model_delete(struct model *model, int index);
/* The group's class comes or goes. */
void model_toggle(struct model *model, int g);

/* What a group lists, sorted. */
struct list {
	char at[N_ITEMS * 2][TEXT];
	size_t n;
};
void model_view(const struct model *model, int g, uint16_t attr, bool hidden,
                struct list *list);
int model_compare(const void *a, const void *b); /* two texts of a list */

struct op {
	struct rst_member_op op;
	char value[TEXT], nvalue[TEXT];
};

/*
 * What a change of several ops has done: who was added or dropped by which
 * attribute.
 */
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
enum rst_err model_roster_op(struct model *model, int g, const struct op *op,
                             struct doings *doings);
enum rst_err model_plain_op(struct ent *group, const struct op *op);

#endif
