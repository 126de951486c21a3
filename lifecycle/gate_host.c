/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_host.c - hosts, and what people may be given of them
 *
 * A host whose name people have in their host attribute stays, under that
 * name: to take it out of their lists would leave some of them with none, who
 * would then be admitted everywhere; and to leave it in would admit them to
 * whatever host gets that name next.
 */
#include "lifecycle/gate_priv.h"
#include "lifecycle/host.h"
#include "lifecycle/place.h"
#include "store/index.h"

#define BATCH 64 /* ids taken from the store at a time */

/* Every value of attr has the shape that a rule wants. */
static enum rst_err
check_values(struct gate *g, const struct gate_sides *sides, uint16_t attr,
             const char *field,
             enum rule_verdict (*rule)(const char *value, size_t len))
{
	enum rule_verdict verdict = RULE_OK;
	struct rst_attr values;
	struct rst_view value;

	if (!rst_record_attr(sides->after, attr, &values) ||
	    (sides->before != NULL &&
	     gate_same_values(sides->before, sides->after, attr)))
		return RST_OK;
	while (verdict == RULE_OK && rst_attr_next(&values, &value))
		verdict = rule(value.ptr, value.len);
	return verdict == RULE_OK ? RST_OK
	                          : gate_refuse(g, verdict, field, NULL);
}

/* The groups that it admits are there. */
static enum rst_err
check_groups(struct gate *g, const struct gate_sides *sides)
{
	struct rst_attr names;

	if (!rst_record_attr(sides->after, RST_A_ROSTERHOSTGROUP, &names) ||
	    (sides->before != NULL &&
	     gate_same_values(sides->before, sides->after,
	                      RST_A_ROSTERHOSTGROUP)))
		return RST_OK;
	if (names.count > ACT_HOST_GROUPS_MAX)
		return gate_refuse(g, RULE_INVALID_HOST, "rosterHostGroup",
		                   "at most %d groups", ACT_HOST_GROUPS_MAX);
	return gate_are_groups(g, names, "rosterHostGroup");
}

/* A host as the others find it: by one name, in its place. */
static enum rst_err
check_host(struct gate *g, const struct gate_sides *sides)
{
	struct rst_attr names;
	struct rst_view cn = rst_record_first(sides->after, RST_A_CN);
	uint64_t place;
	enum rst_err err;

	if (!rst_record_attr(sides->after, RST_A_CN, &names) ||
	    names.count != 1 || rule_host_name(cn.ptr, cn.len) != RULE_OK)
		return gate_refuse(g, RULE_INVALID_HOST, "cn", NULL);
	err = lifecycle_place(&g->txn->r, "ou=hosts", &place);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	if (err == RST_ENOTFOUND || sides->after->parent != place)
		return gate_refuse(g, RULE_INVALID_HOST, NULL,
		                   "a host stands directly below ou=hosts");
	return check_groups(g, sides);
}

/* Somebody of that object class has the name in his host attribute. */
static enum rst_err
find_user(struct gate *g, const char *class_name, struct rst_view host,
          struct rst_record *ret_user, bool *ret_found)
{
	uint64_t ids[BATCH], after = 0;
	size_t n = BATCH;
	enum rst_err err = RST_OK;

	while (err == RST_OK && n == BATCH) {
		err = rst_index_equal(&g->txn->r, RST_A_OBJECTCLASS,
		                      rst_view_of(class_name), after, ids,
		                      BATCH, &n);
		for (size_t i = 0; err == RST_OK && i < n; i++) {
			struct rule_list list;

			after = ids[i];
			err = rst_record_get(&g->txn->r, after, ret_user);
			if (err != RST_OK)
				break;
			list = lifecycle_list(ret_user, RST_A_HOST, host);
			if (list.named || list.denies) {
				*ret_found = true;
				return RST_OK;
			}
		}
	}
	return err;
}

/* The object classes that let an entry have the attribute. */
static enum rst_err
check_unused(struct gate *g, const struct rst_record *host)
{
	static const char *const classes[] = { "hostObject", "account" };
	struct rst_view cn = rst_record_first(host, RST_A_CN);
	struct rst_record user;
	bool found = false;
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && !found &&
	                   i < sizeof(classes) / sizeof(classes[0]);
	     i++)
		err = find_user(g, classes[i], cn, &user, &found);
	if (err == RST_OK && found) {
		struct rst_view uid = rst_record_first(&user, RST_A_UID);

		err = gate_refuse(g, RULE_HOST_IN_USE, NULL,
		                  "%.*s has it in host, for one",
		                  uid.len < 64 ? (int)uid.len : 64,
		                  uid.len > 0 ? uid.ptr : "");
	}
	return err;
}

enum rst_err
gate_hosts(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *before = sides->before, *after = sides->after;
	bool was = before != NULL && lifecycle_is_host(before);
	bool is = after != NULL && lifecycle_is_host(after);
	enum rst_err err = RST_OK;

	if (is)
		err = check_host(g, sides);
	if (err == RST_OK && was &&
	    (!is || !rst_view_equal_nocase(rst_record_first(before, RST_A_CN),
	                                   rst_record_first(after, RST_A_CN))))
		err = check_unused(g, before);
	if (err == RST_OK && after != NULL && gate_is_person(after))
		err = check_values(g, sides, RST_A_HOST, "host",
		                   rule_host_value);
	if (err == RST_OK && after != NULL && gate_is_person(after))
		err = check_values(g, sides, RST_A_AUTHORIZEDSERVICE,
		                   "authorizedService", rule_service_value);
	return err;
}
