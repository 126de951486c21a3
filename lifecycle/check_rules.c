/* SPDX-License-Identifier: OLDAP-2.8 */
/* check_rules.c - people, groups, invitations and tombstones under the rules
 *
 * The same rules that the gate asks, over all that is there.  Names may have
 * dots, as an import's may.
 */
#include "lifecycle/check_rules.h"

#include <inttypes.h>

#include "lifecycle/check_priv.h"
#include "lifecycle/decoy.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/setting.h"
#include "rules/invitation.h"
#include "rules/names.h"
#include "rules/password.h"
#include "store/ident.h"
#include "store/tree.h"

#define DIGEST_HEX 64 /* a BLAKE2b-256 in hex */

/* The one value of attr; false when there are none or more. */
static bool
one_value(const struct rst_record *record, uint16_t attr,
          struct rst_view *ret_value)
{
	struct rst_attr values;

	return rst_record_attr(record, attr, &values) && values.count == 1 &&
	       rst_attr_next(&values, ret_value);
}

static enum rst_err
person_name(struct rst_check *check, const struct rst_record *record,
            uint64_t scratch[RST_CHECK_SCRATCH])
{
	enum rule_verdict verdict;
	struct rst_view name;

	(void)scratch;
	if (!gate_is_person(record))
		return RST_OK;
	if (!one_value(record, RST_A_UID, &name)) {
		rst_check_found(check,
		                "person %" PRIu64 " has not exactly one uid",
		                record->id);
		return RST_OK;
	}
	verdict = rule_username(name.ptr, name.len, true);
	if (verdict != RULE_OK)
		rst_check_found(check, "person %" PRIu64 " is \"%.*s\": %s",
		                record->id, (int)name.len, name.ptr,
		                rule_verdict_text(verdict));
	if (record->kind == RST_KIND_PERSON &&
	    !gate_is_rdn(record, RST_VIEW("uid="), name))
		rst_check_found(check,
		                "person %" PRIu64
		                " (%.*s) stands under another name, %.*s",
		                record->id, (int)name.len, name.ptr,
		                (int)record->rdn.len, record->rdn.ptr);
	return RST_OK;
}

static void
check_text(struct rst_check *check, const struct rst_record *record,
           uint16_t attr, const char *field,
           enum rule_verdict (*rule)(const char *text, size_t len))
{
	enum rule_verdict verdict;
	struct rst_attr values;
	struct rst_view value;

	if (!rst_record_attr(record, attr, &values))
		return;
	while (rst_attr_next(&values, &value)) {
		verdict = rule(value.ptr, value.len);
		if (verdict != RULE_OK)
			rst_check_found(check, "person %" PRIu64 ", %s: %s",
			                record->id, field,
			                rule_verdict_text(verdict));
	}
}

static enum rule_verdict
rule_mail(const char *text, size_t len)
{
	char canonical[RST_MAIL_MAX + 1];

	return rst_mail_canonical(rst_view(text, len), canonical) ==
	                       RST_EINVALID
	               ? RULE_INVALID_EMAIL
	               : RULE_OK;
}

static enum rst_err
person_text(struct rst_check *check, const struct rst_record *record,
            uint64_t scratch[RST_CHECK_SCRATCH])
{
	static const struct {
		uint16_t attr;
		const char *field;
		enum rule_verdict (*rule)(const char *text, size_t len);
	} rows[] = {
		{ RST_A_CN, "cn", rule_person_name },
		{ RST_A_SN, "sn", rule_person_name },
		{ RST_A_GIVENNAME, "givenName", rule_person_name },
		{ RST_A_DISPLAYNAME, "displayName", rule_person_name },
		{ RST_A_PREFERREDLANGUAGE, "preferredLanguage", rule_language },
		{ RST_A_LOGINSHELL, "loginShell", rule_shell },
		{ RST_A_HOMEDIRECTORY, "homeDirectory", rule_home },
		{ RST_A_MAIL, "mail", rule_mail },
	};

	(void)scratch;
	if (record->kind == RST_KIND_PERSON)
		for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
			check_text(check, record, rows[i].attr, rows[i].field,
			           rows[i].rule);
	return RST_OK;
}

static enum rst_err
group_name(struct rst_check *check, const struct rst_record *record,
           uint64_t scratch[RST_CHECK_SCRATCH])
{
	enum rule_verdict verdict;
	struct rst_attr names;
	struct rst_view name;

	(void)scratch;
	if (!gate_is_group(record))
		return RST_OK;
	if (record->kind == RST_KIND_GROUP &&
	    (!one_value(record, RST_A_CN, &name) ||
	     !gate_is_rdn(record, RST_VIEW("cn="), name)))
		rst_check_found(check,
		                "group %" PRIu64
		                " does not stand under its one cn, but as %.*s",
		                record->id, (int)record->rdn.len,
		                record->rdn.ptr);
	if (!rst_record_attr(record, RST_A_CN, &names)) {
		rst_check_found(check, "group %" PRIu64 " has no cn",
		                record->id);
		return RST_OK;
	}
	while (rst_attr_next(&names, &name)) {
		verdict = rule_groupname(name.ptr, name.len);
		if (verdict != RULE_OK)
			rst_check_found(check,
			                "group %" PRIu64 " is \"%.*s\": %s",
			                record->id, (int)name.len, name.ptr,
			                rule_verdict_text(verdict));
	}
	return RST_OK;
}

/* attr is one number, and rule allows it. */
static void
check_number(struct rst_check *check, const struct rst_record *record,
             uint16_t attr, const char *field, struct rule_range third,
             enum rule_verdict (*rule)(uint32_t number,
                                       struct rule_range third))
{
	struct rst_view text = { "", 0 };
	uint64_t number;

	if (!one_value(record, attr, &text) ||
	    !rst_view_number(text, RST_NO_NUMBER - 1, &number))
		rst_check_found(check, "entry %" PRIu64 " has not one right %s",
		                record->id, field);
	else if (rule((uint32_t)number, third) != RULE_OK)
		rst_check_found(check,
		                "entry %" PRIu64 " has %s %" PRIu64
		                ", which no range allows",
		                record->id, field, number);
}

/* That nobody shares one, living or dead, is the store's ident-unique. */
static enum rst_err
number_range(struct rst_check *check, const struct rst_record *record,
             uint64_t scratch[RST_CHECK_SCRATCH])
{
	struct rule_range third;
	enum rst_err err;

	/* It is looked up once: it stands in an entry */
	if (scratch[0] == 0) {
		err = lifecycle_setting_range(rst_check_txn(check),
		                              RULE_SETTING_THIRD_RANGE, &third);
		if (err != RST_OK)
			return err;
		scratch[0] = 1;
		scratch[1] = third.first;
		scratch[2] = third.last;
	}
	third = (struct rule_range){ (uint32_t)scratch[1],
		                     (uint32_t)scratch[2] };
	if (gate_is_person(record))
		check_number(check, record, RST_A_UIDNUMBER, "uidNumber", third,
		             rule_uidnumber);
	if (gate_is_person(record) || gate_is_group(record))
		check_number(check, record, RST_A_GIDNUMBER, "gidNumber", third,
		             rule_gidnumber);
	return RST_OK;
}

/* None, or one that is hashed as a bind can afford. */
static enum rst_err
password_hash(struct rst_check *check, const struct rst_record *record,
              uint64_t scratch[RST_CHECK_SCRATCH])
{
	struct rst_attr passwords;
	struct rst_view value;

	(void)scratch;
	if (!rst_record_attr(record, RST_A_USERPASSWORD, &passwords))
		return RST_OK;
	if (passwords.count != 1 || !rst_attr_next(&passwords, &value)) {
		rst_check_found(check, "entry %" PRIu64 " has %u passwords",
		                record->id, passwords.count);
		return RST_OK;
	}
	switch (rule_hash_scheme(value.ptr, value.len)) {
	case RULE_SCHEME_ARGON2ID:
	case RULE_SCHEME_OTHER:
		break;
	case RULE_SCHEME_NONE:
		rst_check_found(check,
		                "the password of entry %" PRIu64
		                " is in clear text",
		                record->id);
		break;
	case RULE_SCHEME_REFUSED:
		rst_check_found(check,
		                "the password hash of entry %" PRIu64
		                " does not parse, or costs too much",
		                record->id);
		break;
	}
	return RST_OK;
}

/* 8-4-4-4-12 hex digits. */
static bool
is_uuid(struct rst_view text)
{
	bool dash;
	char c;

	if (text.len != LIFECYCLE_UUID_BYTES - 1)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		c = text.ptr[i];
		dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash != (c == '-') ||
		    (!dash && !(c >= '0' && c <= '9') &&
		     !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F')))
			return false;
	}
	return true;
}

/* A change before the making is what a clock does that is put back. */
static enum rst_err
stamps(struct rst_check *check, const struct rst_record *record,
       uint64_t scratch[RST_CHECK_SCRATCH])
{
	struct rst_view uuid, text;
	int64_t made_s = 0, changed_s = INT64_MAX;
	bool good;

	(void)scratch;
	/* With lastmod off slapd gives none */
	if (rst_record_first(record, RST_A_ENTRYUUID).ptr == NULL)
		rst_check_warn(check, "entry %" PRIu64 " has no entryUUID",
		               record->id);
	else if (!one_value(record, RST_A_ENTRYUUID, &uuid) || !is_uuid(uuid))
		rst_check_found(check,
		                "entry %" PRIu64 " has no right entryUUID",
		                record->id);
	text = rst_record_first(record, RST_A_CREATETIMESTAMP);
	good = text.len == 0 || lifecycle_time_parse(text, &made_s);
	text = rst_record_first(record, RST_A_MODIFYTIMESTAMP);
	good = (text.len == 0 || lifecycle_time_parse(text, &changed_s)) &&
	       good;
	if (!good)
		rst_check_found(check,
		                "entry %" PRIu64
		                " was made or changed at no right time",
		                record->id);
	else if (changed_s < made_s)
		rst_check_warn(check,
		               "entry %" PRIu64 " was changed before it was "
		               "made: was the clock put back?",
		               record->id);
	return RST_OK;
}

/* A directory where somebody's primary group is elsewhere is lawful. */
static enum rst_err
primary_group(struct rst_check *check, const struct rst_record *record,
              uint64_t scratch[RST_CHECK_SCRATCH])
{
	uint64_t *last = scratch; /* a number that a group has, and 1 */
	struct rst_ident_owner owner;
	enum rst_err err;

	if (!gate_is_person(record) || record->gid_number == RST_NO_NUMBER ||
	    record->gid_number + UINT64_C(1) == *last)
		return RST_OK;
	err = rst_ident_number_owner(rst_check_txn(check), RST_IDENT_GIDNUMBER,
	                             record->gid_number, 0, &owner);
	if (err == RST_ENOTFOUND || (err == RST_OK && owner.tombstone)) {
		rst_check_warn(check,
		               "person %" PRIu64
		               " has gidNumber %u, which no group has",
		               record->id, record->gid_number);
		err = RST_OK;
	} else if (err == RST_OK) {
		*last = record->gid_number + UINT64_C(1);
	}
	return err;
}

struct administrators {
	uint64_t people, active;
};

static void
count_people(struct rst_check *check, uint64_t group,
             struct administrators *found)
{
	struct rst_member_cursor cursor = { 0 };
	struct rst_record member;
	uint64_t id;

	while (rst_member_next_id(rst_check_txn(check), group, &cursor, &id) ==
	       RST_OK)
		if (rst_record_get(rst_check_txn(check), id, &member) ==
		            RST_OK &&
		    member.kind == RST_KIND_PERSON) {
			found->people++;
			found->active += member.status == RST_STATUS_ACTIVE;
		}
}

static enum rst_err
administrator_group(struct rst_check *check, const struct rst_record *record,
                    void *arg)
{
	struct rst_ids below = { 0 };
	bool nests;
	enum rst_err err;

	if (record->kind != RST_KIND_GROUP ||
	    (record->flags & RST_REC_ADMIN_GROUP) == 0)
		return RST_OK;
	count_people(check, record->id, arg);
	err = rst_member_nests(rst_check_txn(check), &nests);
	if (err == RST_OK && nests)
		err = rst_member_below(rst_check_txn(check), record->id, &below,
		                       NULL);
	for (size_t i = 0; err == RST_OK && i < below.n; i++)
		count_people(check, below.items[i], arg);
	rst_ids_release(&below);
	return err;
}

/* Before bootstrap-admin there is none, and nobody has lost it. */
static enum rst_err
check_administrators(struct rst_check *check)
{
	struct administrators found = { 0 };
	enum rst_err err;

	err = rst_check_each_record(check, administrator_group, &found);
	if (err == RST_OK && found.people > 0 && found.active == 0)
		rst_check_found(check,
		                "none of %" PRIu64 " administrators is active",
		                found.people);
	return err;
}

static enum rst_err
tally_hash(struct rst_check *check, const struct rst_record *record, void *arg)
{
	(void)check;
	decoy_tally(arg, rst_record_first(record, RST_A_USERPASSWORD));
	return RST_OK;
}

static enum rst_err
check_hash_costs(struct rst_check *check)
{
	struct decoy_costs counted, stored = { 0 };
	enum rst_err err;

	err = decoy_counted(rst_check_txn(check), &counted);
	if (err == RST_OK)
		err = rst_check_each_record(check, tally_hash, &stored);
	if (err == RST_OK && !decoy_same(&counted, &stored))
		rst_check_found(check,
		                "the hashes that are stored are not those "
		                "that were counted: an account could be told "
		                "by the time that a wrong password takes");
	return err;
}

static bool
is_hex(struct rst_view text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!(text.ptr[i] >= '0' && text.ptr[i] <= '9') &&
		    !(text.ptr[i] >= 'a' && text.ptr[i] <= 'f'))
			return false;
	return text.len == DIGEST_HEX;
}

/* What of it is kept, and how many it may admit and did. */
static void
invitation_counts(struct rst_check *check, const struct rst_record *record)
{
	struct rst_view digest = { "", 0 };
	uint64_t uses = 1, used = 0;
	struct rst_view text;
	bool good = true;

	if (!one_value(record, RST_A_ROSTERTOKENDIGEST, &digest) ||
	    !is_hex(digest))
		rst_check_found(check,
		                "invitation %" PRIu64
		                " keeps something else than a digest",
		                record->id);
	text = rst_record_first(record, RST_A_ROSTERUSES);
	if (text.len > 0)
		good = rst_view_number(text, UINT32_MAX, &uses);
	text = rst_record_first(record, RST_A_ROSTERUSED);
	if (text.len > 0)
		good = rst_view_number(text, UINT32_MAX, &used) && good;
	if (!good || used > uses)
		rst_check_found(check,
		                "invitation %" PRIu64
		                " has admitted more than it may",
		                record->id);
}

/* Whoever may not sign in lets nobody in: what was open then was revoked.
 * What had ended before he was last changed had not to be. */
static enum rst_err
invitation_maker(struct rst_check *check, const struct rst_record *record,
                 int64_t expires_s)
{
	const struct rst_rtxn *txn = rst_check_txn(check);
	struct rst_view name = rst_record_first(record, RST_A_CREATORSNAME);
	struct rst_record maker;
	char ndn[RST_NORMAL_MAX];
	int64_t changed_s;
	uint64_t id;
	size_t len;
	enum rst_err err;

	if (rst_record_first(record, RST_A_ROSTERREVOKED).len > 0)
		return RST_OK;
	err = rst_normalise(RST_MATCH_DN, name, ndn, &len);
	if (err == RST_OK)
		err = rst_tree_find(txn, rst_view(ndn, len), &id, NULL);
	if (err == RST_OK)
		err = rst_record_get(txn, id, &maker);
	if (err != RST_OK)
		return err == RST_ENOMEM || err == RST_EIO ? err : RST_OK;
	if (maker.kind == RST_KIND_PERSON &&
	    maker.status != RST_STATUS_ACTIVE &&
	    lifecycle_time_parse(
		    rst_record_first(&maker, RST_A_MODIFYTIMESTAMP),
		    &changed_s) &&
	    expires_s > changed_s)
		rst_check_found(check,
		                "invitation %" PRIu64
		                " is open, and who made it is %s",
		                record->id, rst_status_word(maker.status));
	return RST_OK;
}

/* One that was sent again ends later than its making tells, and a door may set
 * any time; the acts keep within the limits. */
static enum rst_err
invitation(struct rst_check *check, const struct rst_record *record,
           uint64_t scratch[RST_CHECK_SCRATCH])
{
	struct rst_view text;
	int64_t changed_s, expires_s;

	(void)scratch;
	if (record->kind != RST_KIND_INVITATION)
		return RST_OK;
	invitation_counts(check, record);
	text = rst_record_first(record, RST_A_ROSTEREXPIRES);
	if (!lifecycle_time_parse(text, &expires_s)) {
		rst_check_warn(check,
		               "invitation %" PRIu64
		               " has no right end, so it admits nobody",
		               record->id);
		return RST_OK;
	}
	text = rst_record_first(record, RST_A_MODIFYTIMESTAMP);
	if (lifecycle_time_parse(text, &changed_s) &&
	    expires_s - changed_s > RULE_INVITATION_MAX_S)
		rst_check_warn(check,
		               "invitation %" PRIu64
		               " is good for longer than seven days",
		               record->id);
	return invitation_maker(check, record, expires_s);
}

/* It says what it keeps from being given out again, and for how long. */
static enum rst_err
tombstone(struct rst_check *check, const struct rst_record *record,
          uint64_t scratch[RST_CHECK_SCRATCH])
{
	struct rst_view kind, text;
	int64_t free_s;
	uint64_t number;
	bool good;

	(void)scratch;
	if (record->kind != RST_KIND_TOMBSTONE)
		return RST_OK;
	kind = rst_record_first(record, RST_A_ROSTERFORMERKIND);
	good = rst_view_equal_nocase(kind, RST_VIEW("person")) ||
	       rst_view_equal_nocase(kind, RST_VIEW("group"));
	text = rst_record_first(record, RST_A_ROSTERFORMERNUMBER);
	good = (text.len == 0 ||
	        rst_view_number(text, RST_NO_NUMBER - 1, &number)) &&
	       good;
	if (rst_record_first(record, RST_A_ROSTERFORMERNAME).len > 0) {
		text = rst_record_first(record, RST_A_ROSTERNAMEFREEAT);
		good = (text.len == 0 || lifecycle_time_parse(text, &free_s)) &&
		       good;
	}
	if (!good)
		rst_check_found(check,
		                "tombstone %" PRIu64
		                " does not say what is buried there",
		                record->id);
	return RST_OK;
}

/* "name=value", and the value reads: else the default is taken for it. */
static enum rst_err
setting(struct rst_check *check, const struct rst_record *record,
        uint64_t scratch[RST_CHECK_SCRATCH])
{
	enum rule_setting_id id;
	struct rst_attr lines;
	struct rst_view line;
	const char *equals;
	int64_t number;
	size_t name;

	(void)scratch;
	if (record->kind != RST_KIND_SETTING ||
	    !rst_record_attr(record, RST_A_ROSTERVALUE, &lines))
		return RST_OK;
	while (rst_attr_next(&lines, &line)) {
		equals = line.len > 0 ? memchr(line.ptr, '=', line.len) : NULL;
		name = equals != NULL ? (size_t)(equals - line.ptr) : line.len;
		if (equals == NULL || !rule_setting_find(line.ptr, name, &id) ||
		    rule_setting_read(id, equals + 1, line.len - name - 1,
		                      &number) != RULE_OK)
			rst_check_warn(
				check,
				"entry %" PRIu64
				" sets what does not read, \"%.*s\": the "
				"default holds",
				record->id,
				line.len < 100 ? (int)line.len : 100, line.ptr);
	}
	return RST_OK;
}

/* Or it cannot be read: who then looks closer is told. */
static bool
with_lifecycle(const struct rst_rtxn *txn)
{
	bool on;

	return gate_lifecycle_on(txn, &on) != RST_OK || on;
}

const struct rst_check_rule lifecycle_check_rules[] = {
	{ "person-name", with_lifecycle, .record = person_name },
	{ "person-text", with_lifecycle, .record = person_text },
	{ "group-name", with_lifecycle, .record = group_name },
	{ "group-nesting", with_lifecycle, .record = check_nesting },
	{ "member-until", with_lifecycle, .record = check_ends },
	{ "number-range", with_lifecycle, .record = number_range },
	{ "password-hash", with_lifecycle, .record = password_hash },
	{ "hash-costs", with_lifecycle, .check = check_hash_costs },
	{ "stamps", with_lifecycle, .record = stamps },
	{ "primary-group", with_lifecycle, .record = primary_group },
	{ "invitation", with_lifecycle, .record = invitation },
	{ "tombstone", with_lifecycle, .record = tombstone },
	{ "setting", with_lifecycle, .record = setting },
	{ "administrator", with_lifecycle, .check = check_administrators },
	{ "outbox-links", with_lifecycle, .check = check_outbox_links },
	{ "status-history", with_lifecycle, .check = check_status_history },
	{ .name = NULL },
};
