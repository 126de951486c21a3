/* SPDX-License-Identifier: OLDAP-2.8 */
/* entry_priv.h - what arena.c, entry.c and entry_computed.c share */
#ifndef BACK_ENTRY_PRIV_H
#define BACK_ENTRY_PRIV_H

#include "back-roster.h"
#include "rules/password_age.h"
#include "rules/status.h"

struct chunk;

struct back_arena {
	Operation *op; /* whose memory it is; NULL: malloc */
	struct chunk *chunks;
	char *at;
	size_t left, used, next_size;
	/* The names of the parent of the entry built last. */
	uint64_t parent;
	struct berval parent_dn, parent_ndn;
	/* What back_entry_members() built last: a filter may have a thousand
	 * leaves about one long list. */
	uint64_t listed_of;
	bool listed_normal;
	Attribute *listed;
};

/* What one call of back_entry_build() works with. */
struct back_build {
	const struct back_view *view;
	const struct rst_record *record;
	const struct back_needs *needs;
	struct back_arena *arena;
	Entry *entry;
	Attribute **tail;
	bool suspended;    /* shows the signals of a suspension */
	int64_t expires_s; /* or RULE_NEVER */
	/* Of the password, looked up when shadowMax or its like is wanted. */
	bool has_age;
	struct rule_password_life life;
	struct rule_password_facts facts;
};

/* An entry of nothing, for back_build_append(). */
Entry *back_entry_blank(struct back_arena *arena);
struct berval back_arena_copy(struct back_arena *arena, struct rst_view value);
/* A new attribute with room for n values; NULL-ended when all are set. */
Attribute *back_build_attr(struct back_build *build, AttributeDescription *ad,
                           size_t n);
void back_build_value(struct back_build *build, Attribute *attr,
                      struct rst_view value);
/* Normal forms of the values: slapd's own, if the type has any. */
void back_build_normal(struct back_build *build, Attribute *attr, bool normal);
/* The normal form of one value, or itself where it has none. */
struct berval back_build_normal_of(struct back_build *build,
                                   AttributeDescription *ad,
                                   struct berval *value);
void back_build_append(struct back_build *build, Attribute *attr);

/* entry_computed.c */
enum rst_err back_build_members(struct back_build *build,
                                AttributeDescription *ad, unsigned int need)
	RST_MUST_USE;
enum rst_err back_build_computed(struct back_build *build) RST_MUST_USE;
/* A stored attribute that a computed one replaces. */
bool back_build_replaced(struct back_build *build,
                         const AttributeDescription *ad);

#endif
