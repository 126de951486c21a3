/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_identity.c - the rules of people and groups
 *
 * The same for every door and every actor, rootdn and slapadd included.  An
 * import may bring names with dots, numbers of its own and places of its own;
 * nothing brings uidNumber 0 or a group "sudo".
 */
#include "lifecycle/acts.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/place.h"
#include "lifecycle/setting.h"
#include "rules/names.h"
#include "rules/reserved.h"
#include "rules/status.h"
#include "store/ident.h"

/* More than one name of a person would be more than one memberUid. */
static bool
is_single(const struct rst_record *record, uint16_t attr)
{
	struct rst_attr values;

	return rst_record_attr(record, attr, &values) && values.count == 1;
}

/* It stands in or below place, or there is no such place here. */
static enum rst_err
stands_below(const struct gate *g, const struct rst_record *record,
             const char *place, bool *ret_stands)
{
	uint64_t id;
	enum rst_err err = lifecycle_place(&g->txn->r, place, &id);

	if (err == RST_OK)
		return rst_tree_below(&g->txn->r, record->parent, id,
		                      ret_stands);
	*ret_stands = true;
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* Is the tombstone's claim on its name over? */
static enum rst_err
name_is_free(struct gate *g, uint64_t tombstone, bool *ret_free)
{
	struct rst_record record;
	struct rst_view text;
	int64_t free_s;
	enum rst_err err;

	err = rst_record_get(&g->txn->r, tombstone, &record);
	if (err != RST_OK)
		return err;
	text = rst_record_first(&record, RST_A_ROSTERNAMEFREEAT);
	*ret_free =
		lifecycle_time_parse(text, &free_s) && free_s <= g->ctx->now_s;
	return RST_OK;
}

/* Nobody else has the name; tombstones whose time is over give it up. */
static enum rst_err
name_unique(struct gate *g, enum rst_ident kind, struct rst_view name,
            uint64_t self, enum rule_verdict taken, const char *field)
{
	struct rst_ident_owner owner;
	bool is_free;
	enum rst_err err;

	for (;;) {
		err = rst_ident_owner(&g->txn->r, kind, name, self, &owner);
		if (err == RST_ENOTFOUND)
			return RST_OK;
		if (err != RST_OK)
			return err;
		if (!owner.tombstone)
			return gate_refuse(g, taken, field, NULL);
		err = name_is_free(g, owner.id, &is_free);
		if (err != RST_OK)
			return err;
		if (!is_free)
			return gate_refuse(g, taken, field,
			                   "the name belonged to an entry that "
			                   "was deleted");
		err = gate_free_name(g, owner.id);
		if (err != RST_OK)
			return err;
	}
}

/* The attribute holds one number, and number is it. */
static bool
reads_as(const struct rst_record *record, uint16_t attr, uint32_t number)
{
	struct rst_view text = rst_record_first(record, attr);
	uint64_t read;

	return is_single(record, attr) &&
	       rst_view_number(text, RST_NO_NUMBER - 1, &read) &&
	       read == number;
}

static enum rst_err
number_unique(struct gate *g, enum rst_ident kind, uint32_t number,
              uint64_t self, enum rule_verdict taken, const char *field)
{
	struct rst_ident_owner owner;
	enum rst_err err;

	err = rst_ident_number_owner(&g->txn->r, kind, number, self, &owner);
	if (err == RST_ENOTFOUND)
		return RST_OK;
	if (err != RST_OK)
		return err;
	return gate_refuse(g, taken, field, "%u", number);
}

/* The site's own range, above those that are built in. */
static enum rst_err
third_range(const struct gate *g, struct rule_range *ret_range)
{
	return lifecycle_setting_range(&g->txn->r, RULE_SETTING_THIRD_RANGE,
	                               ret_range);
}

/* uidNumber of a person, gidNumber of a group: lawful, unique, for ever. */
static enum rst_err
check_uid_number(struct gate *g, const struct gate_sides *sides)
{
	uint32_t number = sides->after->uid_number;
	struct rule_range third;
	enum rst_err err;

	if (!reads_as(sides->after, RST_A_UIDNUMBER, number))
		return gate_refuse(g, RULE_INVALID_UIDNUMBER, "uidNumber",
		                   NULL);
	if (sides->before != NULL && gate_is_person(sides->before) &&
	    sides->before->uid_number != RST_NO_NUMBER) {
		if (sides->before->uid_number != number)
			return gate_refuse(g, RULE_IDENTITY_IMMUTABLE,
			                   "uidNumber", NULL);
		return RST_OK;
	}
	err = third_range(g, &third);
	if (err != RST_OK)
		return err;
	if (rule_uidnumber(number, third) != RULE_OK)
		return gate_refuse(g, RULE_INVALID_UIDNUMBER, "uidNumber", "%u",
		                   number);
	return number_unique(g, RST_IDENT_UIDNUMBER, number, sides->id,
	                     RULE_UIDNUMBER_TAKEN, "uidNumber");
}

static enum rst_err
check_gid_number(struct gate *g, const struct gate_sides *sides)
{
	uint32_t number = sides->after->gid_number;
	struct rule_range third;
	enum rst_err err;

	if (!reads_as(sides->after, RST_A_GIDNUMBER, number))
		return gate_refuse(g, RULE_INVALID_GIDNUMBER, "gidNumber",
		                   NULL);
	if (sides->before != NULL && gate_is_group(sides->before) &&
	    sides->before->gid_number != RST_NO_NUMBER) {
		if (sides->before->gid_number != number)
			return gate_refuse(g, RULE_IDENTITY_IMMUTABLE,
			                   "gidNumber", NULL);
		return RST_OK;
	}
	err = third_range(g, &third);
	if (err != RST_OK)
		return err;
	if (rule_gidnumber(number, third) != RULE_OK)
		return gate_refuse(g, RULE_INVALID_GIDNUMBER, "gidNumber", "%u",
		                   number);
	return number_unique(g, RST_IDENT_GIDNUMBER, number, sides->id,
	                     RULE_GID_TAKEN, "gidNumber");
}

/* A primary group of 0 or 27 is root or sudo on the host. */
static enum rst_err
check_primary_group(struct gate *g, const struct gate_sides *sides)
{
	uint32_t number = sides->after->gid_number;
	struct rule_range third;
	enum rst_err err = third_range(g, &third);

	if (err != RST_OK)
		return err;
	if (!reads_as(sides->after, RST_A_GIDNUMBER, number) ||
	    rule_gidnumber(number, third) != RULE_OK)
		return gate_refuse(g, RULE_INVALID_GIDNUMBER, "gidNumber",
		                   NULL);
	return RST_OK;
}

/* Somebody who had a username already. */
static bool
had_name(const struct gate_sides *sides)
{
	return sides->before != NULL && gate_is_person(sides->before) &&
	       rst_record_first(sides->before, RST_A_UID).len > 0;
}

static bool
is_renamed(const struct gate_sides *sides)
{
	return had_name(sides) &&
	       !gate_same_values(sides->before, sides->after, RST_A_UID);
}

static enum rst_err
check_username(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *after = sides->after;
	struct rst_view name = rst_record_first(after, RST_A_UID);
	enum rule_verdict verdict;
	bool dots = true;
	enum rst_err err = RST_OK;

	if (!is_single(after, RST_A_UID))
		return gate_refuse(g, RULE_INVALID_USERNAME, "uid",
		                   "exactly one uid");
	if (had_name(sides)) /* and has it still */
		return RST_OK;
	if (!g->import)
		err = lifecycle_setting_on(&g->txn->r,
		                           RULE_SETTING_DOTS_IN_NAMES, &dots);
	if (err != RST_OK)
		return err;
	verdict = rule_username(name.ptr, name.len, dots);
	if (verdict == RULE_RESERVED_USERNAME)
		return gate_refuse(g, verdict, "uid", "%s",
		                   rule_username_reserved(name.ptr, name.len));
	if (verdict != RULE_OK)
		return gate_refuse(g, verdict, "uid", NULL);
	return name_unique(g, RST_IDENT_USERNAME, name, sides->id,
	                   RULE_USERNAME_TAKEN, "uid");
}

/* uid=NAME below ou=people, now and always: clients know people by DN. */
static enum rst_err
check_person_place(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *after = sides->after;
	bool ours = after->kind == RST_KIND_PERSON, stands = true;
	enum rst_err err = RST_OK;

	if (is_renamed(sides))
		return gate_refuse(g, RULE_IDENTITY_IMMUTABLE, "uid", NULL);
	if (sides->before != NULL && gate_is_person(sides->before) &&
	    (sides->before->parent != after->parent ||
	     !rst_view_equal(sides->before->nrdn, after->nrdn)))
		return gate_refuse(g, RULE_IDENTITY_IMMUTABLE, "uid",
		                   "people are not renamed or moved");
	if (g->import && !ours)
		return RST_OK;
	if (!gate_is_rdn(after, RST_VIEW("uid="),
	                 rst_record_first(after, RST_A_UID)))
		return gate_refuse(g, RULE_INVALID_USERNAME, "uid",
		                   "the RDN of a person is uid=NAME");
	if (ours && !g->import)
		err = stands_below(g, after, "ou=people", &stands);
	if (err == RST_OK && !stands)
		return gate_refuse(g, RULE_INVALID_USERNAME, "uid",
		                   "people stand below ou=people");
	return err;
}

static bool
is_ascii(struct rst_view text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] >= 0x80)
			return false;
	return true;
}

static enum rst_err
check_mail(struct gate *g, const struct gate_sides *sides)
{
	char canonical[RST_MAIL_MAX + 1];
	struct rst_ident_owner owner;
	struct rst_view value;
	struct rst_attr mail;
	enum rst_err err;

	if (!rst_record_attr(sides->after, RST_A_MAIL, &mail))
		return RST_OK;
	while (rst_attr_next(&mail, &value)) {
		err = rst_mail_canonical(value, canonical);
		/* of ASCII, or no other server takes what slapcat says */
		if (err == RST_EINVALID || !is_ascii(value))
			return gate_refuse(g, RULE_INVALID_EMAIL, "mail", NULL);
		if (err != RST_OK)
			return err;
		err = rst_ident_owner(&g->txn->r, RST_IDENT_MAIL,
		                      rst_view_of(canonical), sides->id,
		                      &owner);
		if (err == RST_OK)
			return gate_refuse(g, RULE_EMAIL_TAKEN, "mail", NULL);
		if (err != RST_ENOTFOUND)
			return err;
	}
	return RST_OK;
}

typedef enum rule_verdict text_rule(const char *text, size_t len);

static enum rst_err
check_text(struct gate *g, const struct rst_record *after, uint16_t attr,
           const char *field, text_rule *rule)
{
	enum rule_verdict verdict;
	struct rst_attr values;
	struct rst_view value;

	if (!rst_record_attr(after, attr, &values))
		return RST_OK;
	while (rst_attr_next(&values, &value)) {
		verdict = rule(value.ptr, value.len);
		if (verdict != RULE_OK)
			return gate_refuse(g, verdict, field, NULL);
	}
	return RST_OK;
}

/* What is shown of a person, and what his hosts run. */
static enum rst_err
check_texts(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *after = sides->after;
	static const struct {
		uint16_t attr;
		const char *field;
		text_rule *rule;
	} rows[] = {
		{ RST_A_CN, "cn", rule_person_name },
		{ RST_A_SN, "sn", rule_person_name },
		{ RST_A_GIVENNAME, "givenName", rule_person_name },
		{ RST_A_DISPLAYNAME, "displayName", rule_person_name },
		{ RST_A_PREFERREDLANGUAGE, "preferredLanguage", rule_language },
		{ RST_A_LOGINSHELL, "loginShell", rule_shell },
		{ RST_A_HOMEDIRECTORY, "homeDirectory", rule_home },
		{ RST_A_ROSTERREASON, "rosterReason", rule_reason },
	};
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && i < sizeof(rows) / sizeof(rows[0]);
	     i++)
		err = check_text(g, after, rows[i].attr, rows[i].field,
		                 rows[i].rule);
	/* one of an older import may stay */
	if (err == RST_OK &&
	    (sides->before == NULL ||
	     !gate_same_values(sides->before, after, RST_A_GECOS)))
		err = check_text(g, after, RST_A_GECOS, "gecos",
		                 rule_gecos_text);
	return err;
}

/* What the object classes of a person ask for: not every door has a schema.  An
 * account from before, or from elsewhere, may lack it, until it has it once. */
static enum rst_err
check_must(struct gate *g, const struct gate_sides *sides)
{
	static const struct {
		uint16_t attr;
		const char *field;
		enum rule_verdict verdict;
	} rows[] = {
		{ RST_A_CN, "cn", RULE_INVALID_NAME },
		{ RST_A_SN, "sn", RULE_INVALID_NAME },
		{ RST_A_HOMEDIRECTORY, "homeDirectory", RULE_INVALID_HOME },
	};
	struct rst_attr had;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rst_record_first(sides->after, rows[i].attr).len == 0 &&
		    (sides->before == NULL
		             ? !g->import
		             : rst_record_attr(sides->before, rows[i].attr,
		                               &had)))
			return gate_refuse(g, rows[i].verdict, rows[i].field,
			                   NULL);
	return RST_OK;
}

/* What setting person-requires names, a bit each in the order of its words.  An
 * account from before may lack it, until it has it once. */
static enum rst_err
check_required(struct gate *g, const struct gate_sides *sides)
{
	static const struct {
		uint16_t attr;
		const char *field;
		enum rule_verdict verdict;
	} rows[] = {
		{ RST_A_GIVENNAME, "givenName", RULE_INVALID_NAME },
		{ RST_A_MAIL, "mail", RULE_INVALID_EMAIL },
		{ RST_A_DISPLAYNAME, "displayName", RULE_INVALID_NAME },
		{ RST_A_PREFERREDLANGUAGE, "preferredLanguage",
		  RULE_INVALID_LANGUAGE },
	};
	struct rst_attr had;
	int64_t required;
	enum rst_err err;

	err = lifecycle_setting_number(&g->txn->r, RULE_SETTING_PERSON_REQUIRES,
	                               &required);
	if (err != RST_OK)
		return err;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((required & (INT64_C(1) << i)) != 0 &&
		    rst_record_first(sides->after, rows[i].attr).len == 0 &&
		    (sides->before == NULL ||
		     rst_record_attr(sides->before, rows[i].attr, &had)))
			return gate_refuse(g, rows[i].verdict, rows[i].field,
			                   "it is required here");
	return RST_OK;
}

static enum rst_err
check_status(struct gate *g, const struct gate_sides *sides)
{
	enum rst_status from = RST_STATUS_NONE, to = sides->after->status;
	enum rule_verdict verdict;

	if (sides->before != NULL && sides->before->kind == RST_KIND_PERSON)
		from = sides->before->status;
	if (to == RST_STATUS_NONE)
		return gate_refuse(g, RULE_INVALID_STATUS, "rosterStatus",
		                   NULL);
	/* syncrepl and slapadd bring where an account is, not how it came
	 * there. */
	if (g->import)
		return RST_OK;
	verdict =
		rule_status_move((enum rule_status)from, (enum rule_status)to);
	if (verdict != RULE_OK)
		return gate_refuse(
			g, verdict, "rosterStatus", "%s to %s",
			from == RST_STATUS_NONE ? "new" : rst_status_word(from),
			rst_status_word(to));
	return RST_OK;
}

/* Moments that read, the first before the last.  One that does not read would
 * be no end at all. */
static enum rst_err
check_dates(struct gate *g, const struct rst_record *after)
{
	struct rst_view starts = rst_record_first(after, RST_A_ROSTERSTARTS);
	struct rst_view expires = rst_record_first(after, RST_A_ROSTEREXPIRES);
	int64_t starts_s = 0, expires_s = RULE_NEVER;

	if (starts.len > 0 && !lifecycle_time_parse(starts, &starts_s))
		return gate_refuse(g, RULE_INVALID_EXPIRY, "rosterStarts",
		                   "a time in UTC, such as 20261231000000Z");
	if (expires.len > 0 && !lifecycle_time_parse(expires, &expires_s))
		return gate_refuse(g, RULE_INVALID_EXPIRY, "rosterExpires",
		                   "a time in UTC, such as 20261231000000Z");
	if (starts_s >= expires_s)
		return gate_refuse(g, RULE_INVALID_EXPIRY, "rosterExpires",
		                   "it would end before it starts");
	return RST_OK;
}

static enum rst_err
check_person(struct gate *g, const struct gate_sides *sides)
{
	bool ours = sides->after->kind == RST_KIND_PERSON;
	enum rst_err err;

	err = check_person_place(g, sides);
	if (err == RST_OK)
		err = check_username(g, sides);
	if (err == RST_OK)
		err = check_uid_number(g, sides);
	if (err == RST_OK)
		err = check_primary_group(g, sides);
	if (err == RST_OK && ours)
		err = check_status(g, sides);
	if (err == RST_OK && ours)
		err = check_dates(g, sides->after);
	if (err == RST_OK && ours)
		err = check_mail(g, sides);
	if (err == RST_OK && ours)
		err = check_texts(g, sides);
	if (err == RST_OK && ours)
		err = check_must(g, sides);
	if (err == RST_OK && ours && !g->import)
		err = check_required(g, sides);
	if (err == RST_OK && ours && !g->import)
		err = gate_keys(g, sides);
	return err;
}

static enum rst_err
check_groupname(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *after = sides->after;
	enum rst_err err = RST_OK;
	enum rule_verdict verdict;
	struct rst_attr names;
	struct rst_view name;

	if (!rst_record_attr(after, RST_A_CN, &names))
		return gate_refuse(g, RULE_INVALID_GROUPNAME, "cn", NULL);
	while (err == RST_OK && rst_attr_next(&names, &name)) {
		verdict = rule_groupname(name.ptr, name.len);
		if (verdict == RULE_RESERVED_GROUP)
			return gate_refuse(
				g, verdict, "cn", "%s",
				rule_groupname_reserved(name.ptr, name.len));
		if (verdict != RULE_OK)
			return gate_refuse(g, verdict, "cn", NULL);
		err = name_unique(g, RST_IDENT_GROUPNAME, name, sides->id,
		                  RULE_GROUP_TAKEN, "cn");
	}
	return err;
}

static enum rst_err
check_group(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *after = sides->after;
	bool stands = true;
	enum rst_err err = RST_OK;

	if (after->kind == RST_KIND_GROUP &&
	    (!is_single(after, RST_A_CN) ||
	     !gate_is_rdn(after, RST_VIEW("cn="),
	                  rst_record_first(after, RST_A_CN))))
		return gate_refuse(g, RULE_INVALID_GROUPNAME, "cn",
		                   "the RDN of a group is cn=NAME");
	if (after->kind == RST_KIND_GROUP && !g->import)
		err = stands_below(g, after, "ou=groups", &stands);
	if (err == RST_OK && !stands)
		return gate_refuse(g, RULE_INVALID_GROUPNAME, "cn",
		                   "groups stand below ou=groups");
	if (err == RST_OK)
		err = check_groupname(g, sides);
	if (err == RST_OK)
		err = check_gid_number(g, sides);
	return err;
}

/* What was a person or a group stays one: its number is in use on hosts. */
static enum rst_err
check_kind_stays(struct gate *g, const struct gate_sides *sides)
{
	const struct rst_record *before = sides->before, *after = sides->after;

	if (before == NULL || g->import)
		return RST_OK;
	if ((gate_is_person(before) && !gate_is_person(after)) ||
	    (gate_is_group(before) && !gate_is_group(after)) ||
	    (before->kind == RST_KIND_PERSON && after->kind != before->kind) ||
	    (before->kind == RST_KIND_GROUP && after->kind != before->kind))
		return gate_refuse(g, RULE_IDENTITY_IMMUTABLE, "objectClass",
		                   NULL);
	return RST_OK;
}

/* One entry, one thing: a person's gidNumber names another group.  Other
 * directories' accounts that are groups of their own may be. */
static enum rst_err
check_one_kind(struct gate *g, const struct rst_record *after)
{
	bool account = gate_has_class(after, RST_VIEW("rosterAccount"));
	bool group = gate_has_class(after, RST_VIEW("rosterGroup"));

	if ((account && (group || gate_is_group(after))) ||
	    (group && gate_is_person(after)))
		return gate_refuse(g, RULE_INVALID_CLASSES, "objectClass",
		                   NULL);
	return RST_OK;
}

enum rst_err
gate_identity(struct gate *g, const struct gate_sides *sides)
{
	enum rst_err err;

	if (sides->after == NULL)
		return RST_OK;
	err = check_kind_stays(g, sides);
	if (err == RST_OK)
		err = check_one_kind(g, sides->after);
	if (err == RST_OK &&
	    (gate_is_person(sides->after) || gate_is_group(sides->after)))
		err = gate_options(g, sides);
	if (err == RST_OK && gate_is_person(sides->after))
		err = check_person(g, sides);
	if (err == RST_OK && gate_is_group(sides->after))
		err = check_group(g, sides);
	return err;
}
