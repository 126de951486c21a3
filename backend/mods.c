/* SPDX-License-Identifier: OLDAP-2.8 */
/* mods.c - a modlist applied: attributes by slapd's own functions, membership
 * as member ops
 *
 * A change of one value of a group with 100,000 members must not touch the
 * other 99,999, so the entry that the modlist is applied to has no membership
 * attributes, and modifications of them become member ops:
 *
 *	add, delete with values		ADD, DROP
 *	delete without			CLEAR
 *	replace				CLEAR, then ENSURE
 *	with permissive modify, and
 *	slapd's internal "soft" kinds	ENSURE, ENSURE_NOT
 *
 * memberUid and member are two views of one relation, and a request that
 * replaces both means their union: all CLEARs go before the first ENSURE.
 */
#include "back-roster.h"

#define CHECKED_MAX 1000 /* member ops of a request that are looked through */

static enum rst_err
members_each(struct back_members *members, enum rst_member_verb verb,
             uint16_t attr, const Modification *mod)
{
	const struct berval *normal = mod->sm_nvalues;
	enum rst_err err = RST_OK;

	if (normal == NULL)
		normal = mod->sm_values;
	for (unsigned int i = 0; i < mod->sm_numvals && err == RST_OK; i++)
		err = back_members_add(members, verb, attr, &mod->sm_values[i],
		                       &normal[i]);
	return err;
}

static int
code_of(enum rst_err err)
{
	struct back_reply reply;

	back_map_error(err, &reply);
	return reply.code;
}

static bool
replaces_members(const Modifications *mods)
{
	return mods->sml_op == LDAP_MOD_REPLACE &&
	       back_member_id(mods->sml_desc) != RST_A_NONE;
}

/* The CLEARs of all replacements, once, before the first of them. */
static int
clear_for_replacements(const Modifications *mods, struct back_members *members)
{
	enum rst_err err = RST_OK;

	for (; mods != NULL && err == RST_OK; mods = mods->sml_next)
		if (replaces_members(mods))
			err = back_members_add(members, RST_MEMBER_CLEAR,
			                       back_member_id(mods->sml_desc),
			                       NULL, NULL);
	return code_of(err);
}

/* What has been asked of a membership value so far in this request: 1 it is
 * there, 0 it is not, -1 nothing was said. */
static int
said_before(const struct back_members *members, size_t n, uint16_t attr,
            const struct berval *nvalue)
{
	const struct rst_member_op *op;

	while (n-- > 0) {
		op = &members->ops[n];
		if (op->attr != attr)
			continue;
		if (op->verb == RST_MEMBER_CLEAR)
			return 0;
		if (rst_view_equal(op->nvalue, back_view_of(nvalue)))
			return op->verb == RST_MEMBER_ADD ||
			       op->verb == RST_MEMBER_ENSURE;
	}
	return -1;
}

/* The group has any value of attr by now. */
static bool
has_any(struct back_write *write, const struct rst_record *group,
        const struct back_members *members, uint16_t attr)
{
	bool cleared = false, added = false;

	for (size_t i = 0; i < members->n; i++) {
		if (members->ops[i].attr != attr)
			continue;
		if (members->ops[i].verb == RST_MEMBER_CLEAR) {
			cleared = true;
			added = false;
		} else if (members->ops[i].verb == RST_MEMBER_ADD ||
		           members->ops[i].verb == RST_MEMBER_ENSURE) {
			added = true;
		}
	}
	return added ||
	       (!cleared && rst_member_any(&write->txn.r, group, attr));
}

/*
 * The gate would refuse what follows here, too, but after all that stands
 * later in the request, and without slapd's words.  In a rosterGroup one value
 * may be named by two attributes, so there it has the last word.
 */
static int
check_members(struct back_write *write, const struct rst_record *group,
              const struct back_members *members, const Modification *mod,
              char *buf, size_t size)
{
	const struct berval *normal = mod->sm_nvalues;
	uint16_t attr = back_member_id(mod->sm_desc);
	bool adds = mod->sm_op == LDAP_MOD_ADD, has;
	int there;
	enum rst_err err;

	if (members->n > CHECKED_MAX ||
	    (group->kind == RST_KIND_GROUP && (adds || mod->sm_values != NULL)))
		return LDAP_SUCCESS;
	write->rs->sr_text = buf;
	if (!adds && !has_any(write, group, members, attr)) {
		snprintf(buf, size, "modify/delete: %s: no such attribute",
		         mod->sm_desc->ad_cname.bv_val);
		return LDAP_NO_SUCH_ATTRIBUTE;
	}
	if (normal == NULL)
		normal = mod->sm_values;
	for (unsigned int i = 0; normal != NULL && i < mod->sm_numvals; i++) {
		there = said_before(members, members->n, attr, &normal[i]);
		if (there < 0) {
			err = rst_member_has(&write->txn.r, group, attr,
			                     back_view_of(&normal[i]), &has);
			if (err != RST_OK)
				return code_of(err);
			there = has;
		}
		if (adds && there) {
			snprintf(buf, size,
			         "modify/add: %s: value #%u already exists",
			         mod->sm_desc->ad_cname.bv_val, i);
			return LDAP_TYPE_OR_VALUE_EXISTS;
		}
		if (!adds && !there) {
			snprintf(buf, size, "modify/delete: %s: no such value",
			         mod->sm_desc->ad_cname.bv_val);
			return LDAP_NO_SUCH_ATTRIBUTE;
		}
	}
	write->rs->sr_text = NULL;
	return LDAP_SUCCESS;
}

/* A membership cannot be counted up. */
static int
refuse_increment(struct back_write *write, const Modification *mod,
                 const struct rst_record *group, struct back_members *members,
                 bool softly, char *buf, size_t size)
{
	uint16_t attr = back_member_id(mod->sm_desc);
	const char *syntax = at_syntax(mod->sm_desc->ad_type);

	if (!has_any(write, group, members, attr)) {
		if (softly)
			return code_of(members_each(members, RST_MEMBER_ENSURE,
			                            attr, mod));
		write->rs->sr_text = buf;
		snprintf(buf, size, "modify/increment: %s: no such attribute",
		         mod->sm_desc->ad_cname.bv_val);
		return LDAP_NO_SUCH_ATTRIBUTE;
	}
	snprintf(buf, size,
	         "modify/increment: %s: increment not supported for value "
	         "syntax %s",
	         mod->sm_desc->ad_cname.bv_val,
	         syntax != NULL ? syntax : "(NULL)");
	return LDAP_CONSTRAINT_VIOLATION;
}

/* Two attributes of a rosterGroup were cleared together before; in any other
 * group each replacement stands for itself, and the last one counts. */
static int
replace_members(const Modification *mod, const struct rst_record *group,
                struct back_members *members)
{
	uint16_t attr = back_member_id(mod->sm_desc);
	enum rst_err err = RST_OK;

	if (group->kind != RST_KIND_GROUP)
		err = back_members_add(members, RST_MEMBER_CLEAR, attr, NULL,
		                       NULL);
	if (err == RST_OK)
		err = members_each(members, RST_MEMBER_ENSURE, attr, mod);
	return code_of(err);
}

static int
apply_member_mod(struct back_write *write, const Modification *mod,
                 const struct rst_record *group, struct back_members *members,
                 char *buf, size_t size)
{
	/* some of what a provider says of members follows here already from
	 * what it said of them: they were renamed, or deleted */
	bool softly = get_permissiveModify(write->op) ||
	              (write->flags & GATE_IMPORT) != 0;
	uint16_t attr = back_member_id(mod->sm_desc);
	int code;

	switch (mod->sm_op) {
	case SLAP_MOD_SOFTADD:
	case SLAP_MOD_SOFTDEL:
		softly = true;
		break;
	case LDAP_MOD_ADD:
	case LDAP_MOD_DELETE:
		if (softly)
			break;
		code = check_members(write, group, members, mod, buf, size);
		if (code != LDAP_SUCCESS)
			return code;
		break;
	case LDAP_MOD_REPLACE:
		return replace_members(mod, group, members);
	case SLAP_MOD_ADD_IF_NOT_PRESENT:
		if (rst_member_any(&write->txn.r, group, attr))
			return LDAP_SUCCESS;
		return code_of(
			members_each(members, RST_MEMBER_ENSURE, attr, mod));
	default:
		return refuse_increment(write, mod, group, members, softly, buf,
		                        size);
	}
	if (mod->sm_op == LDAP_MOD_ADD || mod->sm_op == SLAP_MOD_SOFTADD)
		return code_of(members_each(
			members, softly ? RST_MEMBER_ENSURE : RST_MEMBER_ADD,
			attr, mod));
	if (mod->sm_values == NULL)
		return code_of(back_members_add(members, RST_MEMBER_CLEAR, attr,
		                                NULL, NULL));
	return code_of(members_each(
		members, softly ? RST_MEMBER_ENSURE_NOT : RST_MEMBER_DROP, attr,
		mod));
}

/* Entries that become glue (a consumer's placeholder) keep only what is
 * operational. */
static void
strip_to_glue(Entry *entry)
{
	Attribute **at = &entry->e_attrs, *attr;

	while ((attr = *at) != NULL) {
		if (is_at_operational(attr->a_desc->ad_type)) {
			at = &attr->a_next;
			continue;
		}
		*at = attr->a_next;
		attr->a_next = NULL;
		attr_free(attr);
	}
}

static bool
makes_glue(const Modifications *mods)
{
	for (; mods != NULL; mods = mods->sml_next)
		if (mods->sml_desc == slap_schema.si_ad_structuralObjectClass &&
		    (mods->sml_op == LDAP_MOD_ADD ||
		     mods->sml_op == LDAP_MOD_REPLACE) &&
		    mods->sml_values != NULL &&
		    strcasecmp(mods->sml_values[0].bv_val, "glue") == 0)
			return true;
	return false;
}

/* One modification of an ordinary attribute. */
static int
apply_mod(struct back_write *write, Modification *mod, Entry *entry,
          const char **text, char *buf, size_t size)
{
	int permissive = get_permissiveModify(write->op);
	short verb = mod->sm_op;
	int code;

	switch (verb) {
	case SLAP_MOD_ADD_IF_NOT_PRESENT:
		if (attr_find(entry->e_attrs, mod->sm_desc) != NULL)
			return LDAP_SUCCESS;
		/* fall through */
	case LDAP_MOD_ADD:
	case SLAP_MOD_SOFTADD:
		mod->sm_op = LDAP_MOD_ADD;
		code = modify_add_values(entry, mod, permissive, text, buf,
		                         size);
		mod->sm_op = verb;
		if (verb == SLAP_MOD_SOFTADD &&
		    code == LDAP_TYPE_OR_VALUE_EXISTS)
			code = LDAP_SUCCESS;
		return code;
	case LDAP_MOD_DELETE:
	case SLAP_MOD_SOFTDEL:
		mod->sm_op = LDAP_MOD_DELETE;
		code = modify_delete_values(entry, mod, permissive, text, buf,
		                            size);
		mod->sm_op = verb;
		if (verb == SLAP_MOD_SOFTDEL && code == LDAP_NO_SUCH_ATTRIBUTE)
			code = LDAP_SUCCESS;
		return code;
	case LDAP_MOD_REPLACE:
		return modify_replace_values(entry, mod, permissive, text, buf,
		                             size);
	case LDAP_MOD_INCREMENT:
		return modify_increment_values(entry, mod, permissive, text,
		                               buf, size);
	}
	*text = "invalid modify operation";
	return LDAP_OTHER;
}

int
back_mods_apply(struct back_write *write, Modifications *mods, Entry *entry,
                const struct rst_record *group, struct back_members *members,
                char *buf, size_t size)
{
	const char **text = &write->rs->sr_text;
	bool cleared = false;
	Modifications *m;
	int code;

	if (makes_glue(mods))
		strip_to_glue(entry);
	for (m = mods; m != NULL; m = m->sml_next) {
		if (group->kind == RST_KIND_GROUP && replaces_members(m) &&
		    !cleared) {
			cleared = true;
			code = clear_for_replacements(m, members);
			if (code != LDAP_SUCCESS)
				return code;
		}
		code = back_member_id(m->sml_desc) != RST_A_NONE
		               ? apply_member_mod(write, &m->sml_mod, group,
		                                  members, buf, size)
		               : apply_mod(write, &m->sml_mod, entry, text, buf,
		                           size);
		if (code != LDAP_SUCCESS)
			return code;
		if (m->sml_desc == slap_schema.si_ad_objectClass)
			entry->e_ocflags = 0;
	}
	return LDAP_SUCCESS;
}
