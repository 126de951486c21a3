/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_option.c - what is told of people and groups has no options
 *
 *	uid: carol
 *	uid;lang-en: root	a search for (uid=root) would find carol
 *
 * An attribute with options is one of its own in a record, so that no rule
 * meets it; but to clients it is a uid, a memberUid, a key like the others.
 * Only what is free text may be there in several languages.  What was there
 * before is not asked again: an entry that came with one can still be edited.
 */
#include <string.h>

#include "lifecycle/gate_priv.h"
#include "store/attr.h"

/* Attributes that rules or hosts obey, but no code of ours knows by number. */
static const char *const obeyed[] = { "host", "authorizedService" };

/* Text that is shown, and that nobody is known by. */
static bool
is_text(uint16_t attr, bool group)
{
	switch (attr) {
	case RST_A_SN:
	case RST_A_GIVENNAME:
	case RST_A_DISPLAYNAME:
	case RST_A_DESCRIPTION:
	case RST_A_GECOS:
	case RST_A_OU:
	case RST_A_O:
		return true;
	case RST_A_CN:
		return !group;
	}
	return false;
}

/* The name before the options of one that must have none; NULL. */
static enum rst_err
refused_name(const struct gate *g, uint16_t attr, bool group,
             const char **ret_name)
{
	const char *name = NULL, *end;
	enum rst_match match;
	uint16_t base;
	enum rst_err err;

	*ret_name = NULL;
	if (attr < RST_A_DYNAMIC)
		return RST_OK;
	err = rst_attr_name(&g->txn->r, attr, &name, &match);
	if (err != RST_OK)
		return err;
	end = strchr(name, ';');
	if (end == NULL)
		return RST_OK;
	for (size_t i = 0; i < sizeof(obeyed) / sizeof(obeyed[0]); i++)
		if (rst_view_equal_nocase(rst_view(name, (size_t)(end - name)),
		                          rst_view_of(obeyed[i]))) {
			*ret_name = obeyed[i];
			return RST_OK;
		}
	err = rst_attr_find(&g->txn->r, rst_view(name, (size_t)(end - name)),
	                    &base);
	if (err == RST_OK && base < RST_A_BUILTIN_END && !is_text(base, group))
		return rst_attr_name(&g->txn->r, base, ret_name, &match);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

enum rst_err
gate_options(struct gate *g, const struct gate_sides *sides)
{
	bool group = gate_is_group(sides->after);
	struct rst_attr attr;
	const char *name;
	enum rst_err err;

	for (unsigned int i = 0; i < sides->after->n_attrs; i++) {
		rst_record_nth(sides->after, i, &attr);
		err = refused_name(g, attr.id, group, &name);
		if (err != RST_OK)
			return err;
		if (name != NULL &&
		    (sides->before == NULL ||
		     !gate_same_values(sides->before, sides->after, attr.id)))
			return gate_refuse(g, RULE_INVALID_CLASSES, name, NULL);
	}
	return RST_OK;
}
