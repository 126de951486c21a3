/* SPDX-License-Identifier: OLDAP-2.8 */
/* host.c - a host, and whom it lets in */
#include "lifecycle/host.h"

#include <stdarg.h>
#include <stdio.h>

#include "lifecycle/gate_priv.h"
#include "lifecycle/setting.h"
#include "store/tree.h"

bool
lifecycle_is_host(const struct rst_record *record)
{
	return gate_has_class(record, RST_VIEW(LIFECYCLE_HOST_CLASS));
}

/* The groups that a host's entry names and that are there. */
static enum rst_err
take_groups(const struct rst_rtxn *txn, const struct rst_record *record,
            struct lifecycle_host *host)
{
	char ndn[RST_NORMAL_MAX];
	struct rst_record group;
	struct rst_attr names;
	struct rst_view dn;
	uint64_t id;
	size_t len;
	enum rst_err err;

	if (!rst_record_attr(record, RST_A_ROSTERHOSTGROUP, &names))
		return RST_OK;
	host->restricted = true;
	while (host->n_groups < ACT_HOST_GROUPS_MAX &&
	       rst_attr_next(&names, &dn)) {
		err = rst_normalise(RST_MATCH_DN, dn, ndn, &len);
		if (err == RST_OK)
			err = rst_tree_find(txn, rst_view(ndn, len), &id, NULL);
		if (err == RST_OK)
			err = rst_record_get(txn, id, &group);
		if (err == RST_OK && group.kind == RST_KIND_GROUP)
			host->groups[host->n_groups++] = id;
		else if (err != RST_OK && err != RST_ENOTFOUND)
			return err;
	}
	return RST_OK;
}

enum rst_err
lifecycle_host(const struct rst_rtxn *txn, struct rst_view name,
               struct lifecycle_host *ret_host)
{
	struct lifecycle_host host = { .id = 0 };
	struct rst_record record;
	int64_t by_default;
	enum rst_err err;

	if (rule_host_name(name.ptr, name.len) != RULE_OK ||
	    !rst_view_copy(name, host.name, sizeof(host.name)))
		return RST_EINVALID;
	err = lifecycle_setting_number(txn, RULE_SETTING_HOST_DEFAULT,
	                               &by_default);
	if (err != RST_OK)
		return err;
	host.by_default = by_default == RULE_HOST_ALLOW;
	err = act_find_host(txn, name, &host.id);
	if (err == RST_OK)
		err = rst_record_get(txn, host.id, &record);
	if (err == RST_OK)
		err = take_groups(txn, &record, &host);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_host = host;
	return RST_OK;
}

struct rule_list
lifecycle_list(const struct rst_record *record, uint16_t attr,
               struct rst_view name)
{
	struct rule_list list = { .any = false };
	struct rst_attr values;
	struct rst_view value;

	if (rst_record_attr(record, attr, &values))
		while (rst_attr_next(&values, &value))
			rule_list_look(&list, value.ptr, value.len, name.ptr,
			               name.len);
	return list;
}

enum rst_err
lifecycle_host_judge(const struct rst_rtxn *txn,
                     const struct lifecycle_host *host,
                     const struct rst_record *person,
                     enum rule_host_answer *ret_answer)
{
	struct rule_host facts = {
		.person = lifecycle_list(person, RST_A_HOST,
		                         rst_view_of(host->name)),
		.restricted = host->restricted,
		.by_default = host->by_default,
	};
	enum rst_err err = RST_OK;

	for (size_t i = 0;
	     err == RST_OK && !facts.in_group && i < host->n_groups; i++)
		err = rst_member_within(txn, host->groups[i], person->id,
		                        &facts.in_group);
	if (err == RST_OK)
		*ret_answer = rule_host(&facts);
	return err;
}

/* A filter as it grows. */
struct text {
	char *buf;
	size_t len;
	bool full;
};

static void add(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void
add(struct text *text, const char *format, ...)
{
	size_t room = LIFECYCLE_FILTER_MAX - text->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text->buf + text->len, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		text->full = true;
	else
		text->len += (size_t)n;
}

/* What has a meaning in a filter is written as its number (RFC 4515). */
static void
add_value(struct text *text, struct rst_view value)
{
	for (size_t i = 0; i < value.len && !text->full; i++)
		if (value.ptr[i] == '\0' ||
		    strchr("*()\\", value.ptr[i]) != NULL)
			add(text, "\\%02x", (unsigned char)value.ptr[i]);
		else
			add(text, "%c", value.ptr[i]);
}

enum rst_err
lifecycle_host_filter(const struct rst_rtxn *txn,
                      const struct lifecycle_host *host,
                      char buf[LIFECYCLE_FILTER_MAX])
{
	struct text text = { .buf = buf };
	char dn[RST_DN_MAX];
	enum rst_err err;
	size_t len;

	add(&text, "(&(!(host=!%s))(|(host=%s)(host=\\2a)", host->name,
	    host->name);
	for (size_t i = 0; i < host->n_groups; i++) {
		err = rst_tree_dn(txn, host->groups[i], dn, sizeof(dn), &len);
		if (err != RST_OK)
			return err;
		add(&text, "(memberOf=");
		add_value(&text, rst_view(dn, len));
		add(&text, ")");
	}
	if (!host->restricted && host->by_default)
		add(&text, "(!(host=*))");
	add(&text, "))");
	return text.full ? RST_EFULL : RST_OK;
}
