/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_setting.c - the lines of cn=settings and of policies make sense
 *
 * An import brings what it has: a line of another version is kept, and not
 * obeyed.
 */
#include "lifecycle/gate_priv.h"
#include "lifecycle/setting.h"

/* The part of a line before "=". */
static struct rst_view
name_of(struct rst_view line)
{
	const char *equals =
		line.len > 0 ? memchr(line.ptr, '=', line.len) : NULL;

	return rst_view(line.ptr, equals != NULL ? (size_t)(equals - line.ptr)
	                                         : line.len);
}

/* A known name, a value that it takes, in an entry where it may stand. */
static enum rst_err
check_line(struct gate *g, struct rst_view line, bool policy)
{
	char range[RULE_SETTING_RANGE_BYTES];
	struct rst_view name = name_of(line);
	enum rule_setting_id id;
	int64_t number;

	if (name.len == line.len || name.len > RULE_SETTING_NAME_MAX)
		return gate_refuse(g, RULE_INVALID_SETTING, "rosterValue",
		                   "a setting is a line name=value");
	if (!rule_setting_find(name.ptr, name.len, &id))
		return gate_refuse(g, RULE_INVALID_SETTING, "rosterValue",
		                   "there is no setting %.*s", (int)name.len,
		                   name.ptr);
	if (policy && rule_setting(id)->scope != RULE_SCOPE_POLICY)
		return gate_refuse(g, RULE_INVALID_SETTING, "rosterValue",
		                   "%s is set in cn=settings only",
		                   rule_setting(id)->name);
	if (rule_setting_read(id, line.ptr + name.len + 1,
	                      line.len - name.len - 1, &number) != RULE_OK) {
		rule_setting_print_range(id, range);
		return gate_refuse(g, RULE_INVALID_SETTING, "rosterValue",
		                   "%s takes %s", rule_setting(id)->name,
		                   range);
	}
	return RST_OK;
}

/* Another line before this one sets the same. */
static bool
is_repeated(struct rst_attr lines, struct rst_view line)
{
	struct rst_view name = name_of(line), other;

	while (rst_attr_next(&lines, &other) && other.ptr != line.ptr)
		if (rst_view_equal(name_of(other), name))
			return true;
	return false;
}

enum rst_err
gate_settings(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *after = sides->after;
	struct rst_view cn, line;
	struct rst_attr all, lines;
	enum rst_err err = RST_OK;

	if (after == NULL || after->kind != RST_KIND_SETTING ||
	    !rst_record_attr(after, RST_A_ROSTERVALUE, &all))
		return RST_OK;
	cn = rst_record_first(after, RST_A_CN);
	lines = all;
	while (err == RST_OK && rst_attr_next(&lines, &line)) {
		err = check_line(
			g, line,
			!rst_view_equal_nocase(cn, RST_VIEW("settings")));
		if (err == RST_OK && is_repeated(all, line))
			err = gate_refuse(g, RULE_INVALID_SETTING,
			                  "rosterValue", "%.*s is set twice",
			                  (int)name_of(line).len, line.ptr);
	}
	return err;
}

enum rst_err
gate_mirror_settings(struct gate *g)
{
	char text[RULE_SETTING_VALUE_MAX + 1];
	enum rst_err err;

	err = lifecycle_setting_text(&g->txn->r, RULE_SETTING_NESTED_GROUPS,
	                             text);
	if (err != RST_OK)
		return err;
	return rst_setting_put(g->txn, "nested-groups", rst_view_of(text));
}
