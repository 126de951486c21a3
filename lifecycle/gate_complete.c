/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_complete.c - what a new person or group is given */
#include <inttypes.h>
#include <stdio.h>

#include "lifecycle/acts.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/setting.h"
#include "rules/names.h"
#include "store/ident.h"

#define NUMBER_BYTES 12 /* of a uint32_t as text with the NUL */

static enum rst_err
set_number(struct rst_entry *entry, uint16_t attr, uint32_t number)
{
	char text[NUMBER_BYTES];

	(void)snprintf(text, sizeof(text), "%u", number);
	return rst_entry_set_one(entry, attr, rst_view_of(text));
}

/* "10000-59999, 65536-524287" */
static void
print_ranges(const struct rule_range *ranges, size_t n, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < n && at < size; i++)
		if (ranges[i].last != 0)
			at += (size_t)snprintf(buf + at, size - at,
			                       "%s%" PRIu32 "-%" PRIu32,
			                       at > 0 ? ", " : "",
			                       ranges[i].first, ranges[i].last);
}

/* The first free number of the ranges, in their order. */
static enum rst_err
allocate(struct gate *g, enum rst_ident kind, const struct rule_range *ranges,
         size_t n_ranges, uint32_t *ret_number)
{
	char text[RST_DETAIL_MAX];
	enum rst_err err = RST_EFULL;

	for (size_t i = 0; i < n_ranges && err == RST_EFULL; i++)
		if (ranges[i].last != 0)
			err = rst_ident_allocate(g->txn, kind, ranges[i].first,
			                         ranges[i].last, ret_number);
	if (err != RST_EFULL)
		return err;
	print_ranges(ranges, n_ranges, text, sizeof(text));
	return gate_refuse(g, RULE_NUMBERS_EXHAUSTED,
	                   kind == RST_IDENT_UIDNUMBER ? "uidNumber"
	                                               : "gidNumber",
	                   "%s", text);
}

#define PLACE_BYTES (sizeof("cn=") + RULE_NAME_MAX)

/* Ranges of the nearest place above that has any; *ret_n 0 when none has. */
static enum rst_err
ranges_above(const struct rst_rtxn *txn, enum rule_setting_id setting,
             uint64_t parent, struct rule_range ranges[RULE_RANGES_MAX],
             size_t *ret_n)
{
	struct rst_record record;
	char place[PLACE_BYTES];
	enum rst_err err = RST_OK;

	*ret_n = 0;
	while (err == RST_OK && *ret_n == 0 && parent != 0) {
		err = rst_record_get(txn, parent, &record);
		if (err != RST_OK)
			break;
		parent = record.parent;
		if (rst_view_copy(record.nrdn, place, sizeof(place)) &&
		    place[0] != '\0')
			err = lifecycle_setting_ranges(txn, setting, place,
			                               ranges, ret_n);
	}
	/* a place that is not there is its door's to refuse */
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* Ranges of the primary group that the person brings. */
static enum rst_err
ranges_of_group(const struct rst_rtxn *txn, enum rule_setting_id setting,
                uint32_t gid, struct rule_range ranges[RULE_RANGES_MAX],
                size_t *ret_n)
{
	struct rst_ident_owner owner = { 0 };
	struct rst_record group;
	char place[PLACE_BYTES];
	enum rst_err err = RST_ENOTFOUND;

	*ret_n = 0;
	if (gid != RST_NO_NUMBER)
		err = rst_ident_number_owner(txn, RST_IDENT_GIDNUMBER, gid, 0,
		                             &owner);
	if (err == RST_OK && owner.tombstone)
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = rst_record_get(txn, owner.id, &group);
	if (err == RST_OK && rst_view_copy(group.nrdn, place, sizeof(place)) &&
	    place[0] != '\0')
		err = lifecycle_setting_ranges(txn, setting, place, ranges,
		                               ret_n);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* Where the entry's number comes from: a place of its own, and then from there
 * alone; or (0) from what is everybody's. */
static enum rst_err
own_ranges(const struct rst_rtxn *txn, enum rule_setting_id setting,
           const struct rst_record *was,
           struct rule_range ranges[RULE_RANGES_MAX], size_t *ret_n)
{
	enum rst_err err = RST_OK;

	*ret_n = 0;
	if (gate_is_person(was))
		err = ranges_of_group(txn, setting, was->gid_number, ranges,
		                      ret_n);
	return err == RST_OK && *ret_n == 0
	               ? ranges_above(txn, setting, was->parent, ranges, ret_n)
	               : err;
}

/* A private group needs the number, too. */
static enum rst_err
is_taken_by_group(const struct rst_rtxn *txn, uint32_t number, bool *ret_taken)
{
	struct rst_ident_owner owner;
	bool gives;
	enum rst_err err = gate_gives_private_groups(txn, &gives);

	*ret_taken = false;
	if (err != RST_OK || !gives)
		return err;
	err = rst_ident_number_owner(txn, RST_IDENT_GIDNUMBER, number, 0,
	                             &owner);
	*ret_taken = err == RST_OK;
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* A person's, of own_ranges() or of everybody's. */
static enum rst_err
uid_ranges(const struct rst_rtxn *txn, const struct rst_record *was,
           struct rule_range ranges[RULE_RANGES_MAX + 3], size_t *ret_n)
{
	size_t n = 0;
	enum rst_err err;

	err = own_ranges(txn, RULE_SETTING_UID_RANGE, was, ranges, ret_n);
	if (err != RST_OK || *ret_n > 0)
		return err;
	err = lifecycle_setting_ranges(txn, RULE_SETTING_UID_RANGE, "", ranges,
	                               &n);
	if (err != RST_OK)
		return err;
	ranges[n++] = rule_uid_ranges[0];
	ranges[n++] = rule_uid_ranges[1];
	err = lifecycle_setting_range(txn, RULE_SETTING_THIRD_RANGE,
	                              &ranges[n++]);
	*ret_n = n;
	return err;
}

static enum rst_err
give_uid_number(struct gate *g, struct rst_entry *after)
{
	struct rule_range ranges[RULE_RANGES_MAX + 3];
	struct rst_record was;
	uint32_t number;
	bool taken = true;
	size_t n;
	enum rst_err err;

	err = rst_entry_record(after, &was);
	if (err == RST_OK)
		err = uid_ranges(&g->txn->r, &was, ranges, &n);
	while (err == RST_OK && taken) {
		err = allocate(g, RST_IDENT_UIDNUMBER, ranges, n, &number);
		if (err == RST_OK)
			err = is_taken_by_group(&g->txn->r, number, &taken);
	}
	if (err != RST_OK)
		return err;
	return set_number(after, RST_A_UIDNUMBER, number);
}

/* The gidNumber of ldapusers, whatever an import made of it. */
static enum rst_err
everybody(const struct rst_rtxn *txn, uint32_t *ret_number)
{
	struct rst_record record;
	uint64_t id;
	enum rst_err err;

	err = act_find_group(txn, RST_VIEW("ldapusers"), &id);
	if (err == RST_OK)
		err = rst_record_get(txn, id, &record);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	*ret_number = err == RST_OK && record.gid_number != RST_NO_NUMBER
	                      ? record.gid_number
	                      : RULE_GID_LDAPUSERS;
	return RST_OK;
}

static enum rst_err
give_primary_group(struct gate *g, struct rst_entry *after)
{
	struct rst_record record;
	uint32_t number;
	bool gives;
	enum rst_err err;

	err = rst_entry_record(after, &record);
	if (err == RST_OK)
		err = everybody(&g->txn->r, &number);
	if (err == RST_OK)
		err = gate_gives_private_groups(&g->txn->r, &gives);
	if (err != RST_OK)
		return err;
	if (gives && record.kind == RST_KIND_PERSON &&
	    record.uid_number != RST_NO_NUMBER)
		number = record.uid_number;
	return set_number(after, RST_A_GIDNUMBER, number);
}

/* template with %u the username and %g its first letter.  A path too long is
 * cut, and refused by its rule if that leaves none. */
static void
fill_in(const char *template, const char *name, char *buf, size_t size)
{
	size_t n = 0, len = strlen(name);

	for (; *template != '\0' && n + 1 < size; template ++) {
		if (*template != '%') {
			buf[n++] = *template;
			continue;
		}
		template ++; /* the rule of settings let no other end here */
		if (*template == 'u' && n + len < size) {
			memcpy(buf + n, name, len);
			n += len;
		} else if (*template == 'g' && len > 0) {
			buf[n++] = name[0];
		} else if (*template == '%') {
			buf[n++] = '%';
		}
	}
	buf[n] = '\0';
}

static enum rst_err
give_path(struct gate *g, struct rst_entry *after, uint16_t attr,
          enum rule_setting_id setting, const char *name)
{
	char template[RULE_SETTING_VALUE_MAX + 1];
	char path[RULE_SETTING_VALUE_MAX + RULE_NAME_MAX + 1];
	enum rst_err err;

	if (name[0] == '\0')
		return RST_OK; /* the rule of names refuses it in a moment */
	err = lifecycle_setting_text(&g->txn->r, setting, template);
	if (err != RST_OK)
		return err;
	fill_in(template, name, path, sizeof(path));
	return rst_entry_set_one(after, attr, rst_view_of(path));
}

static bool
lacks(const struct rst_record *record, uint16_t attr)
{
	struct rst_attr values;

	return !rst_record_attr(record, attr, &values);
}

/* The gecos that is made of the full name; its length. */
static size_t
make_gecos(const struct rst_record *record, char gecos[RULE_PERSON_MAX + 1])
{
	struct rst_view cn = rst_record_first(record, RST_A_CN);

	return rule_gecos(cn.ptr, cn.len, gecos);
}

/* One that was made of the name follows the name; what somebody wrote instead
 * of it, or took away, stays so. */
enum rst_err
gate_follow_full_name(struct rst_entry *entry, const struct rst_record *before,
                      const struct rst_record *after)
{
	char was[RULE_PERSON_MAX + 1], now[RULE_PERSON_MAX + 1];
	struct rst_view gecos = rst_record_first(before, RST_A_GECOS), value;
	size_t was_len = make_gecos(before, was);
	size_t len = make_gecos(after, now);

	if (!gate_is_person(after) || gecos.len == 0 ||
	    !rst_view_equal(gecos, rst_view(was, was_len)) ||
	    !gate_same_values(before, after, RST_A_GECOS) ||
	    rst_view_equal(gecos, rst_view(now, len)))
		return RST_OK;
	value = rst_view(now, len);
	return rst_entry_set(entry, RST_A_GECOS, &value, len > 0 ? 1 : 0);
}

/* What the person has not said.  was is the record before any of it: it stays
 * readable because every test on it comes before the first change. */
static enum rst_err
complete_person(struct gate *g, struct rst_entry *after,
                const struct rst_record *was)
{
	const bool no_uid_number = lacks(was, RST_A_UIDNUMBER);
	const bool no_gid_number = lacks(was, RST_A_GIDNUMBER);
	const bool no_home = lacks(was, RST_A_HOMEDIRECTORY);
	const bool no_shell = lacks(was, RST_A_LOGINSHELL);
	const bool no_gecos = lacks(was, RST_A_GECOS);
	const bool no_class = !(was->flags & RST_REC_POSIX_ACCOUNT);
	const bool no_status =
		was->kind == RST_KIND_PERSON && lacks(was, RST_A_ROSTERSTATUS);
	char name[RULE_NAME_MAX + 1], gecos[RULE_PERSON_MAX + 1];
	size_t gecos_len = make_gecos(was, gecos);
	enum rst_err err = RST_OK;

	(void)rst_view_copy(rst_record_first(was, RST_A_UID), name,
	                    sizeof(name));
	if (no_class)
		err = rst_entry_add(after, RST_A_OBJECTCLASS,
		                    RST_VIEW("posixAccount"));
	if (err == RST_OK && no_uid_number)
		err = give_uid_number(g, after);
	if (err == RST_OK && no_gid_number)
		err = give_primary_group(g, after);
	if (err == RST_OK && no_home)
		err = give_path(g, after, RST_A_HOMEDIRECTORY,
		                RULE_SETTING_HOME, name);
	if (err == RST_OK && no_shell)
		err = give_path(g, after, RST_A_LOGINSHELL, RULE_SETTING_SHELL,
		                name);
	if (err == RST_OK && no_gecos && gecos_len > 0)
		err = rst_entry_set_one(after, RST_A_GECOS,
		                        rst_view(gecos, gecos_len));
	if (err == RST_OK && no_status)
		err = rst_entry_set_one(after, RST_A_ROSTERSTATUS,
		                        RST_VIEW("active"));
	return err;
}

static enum rst_err
complete_group(struct gate *g, struct rst_entry *after,
               const struct rst_record *was)
{
	const bool no_class = !(was->flags & RST_REC_POSIX_GROUP);
	const bool no_number = lacks(was, RST_A_GIDNUMBER);
	struct rule_range ranges[RULE_RANGES_MAX + 1];
	uint32_t number = 0;
	size_t n = 0;
	enum rst_err err;

	err = own_ranges(&g->txn->r, RULE_SETTING_GID_RANGE, was, ranges, &n);
	if (err == RST_OK && n == 0) {
		err = lifecycle_setting_ranges(
			&g->txn->r, RULE_SETTING_GID_RANGE, "", ranges, &n);
		ranges[n++] = rule_gid_ranges[0];
	}
	if (err == RST_OK && no_class)
		err = rst_entry_add(after, RST_A_OBJECTCLASS,
		                    RST_VIEW("posixGroup"));
	if (err == RST_OK && no_number)
		err = allocate(g, RST_IDENT_GIDNUMBER, ranges, n, &number);
	if (err == RST_OK && no_number)
		err = set_number(after, RST_A_GIDNUMBER, number);
	return err;
}

enum rst_err
gate_complete(struct rst_wtxn *txn, const struct act_ctx *ctx,
              struct rst_entry *after, struct act_refusal *refusal)
{
	struct gate g = { .txn = txn, .ctx = ctx, .refusal = refusal };
	struct rst_record was;
	bool on;
	enum rst_err err;

	err = gate_lifecycle_on(&txn->r, &on);
	if (err != RST_OK || !on)
		return err;
	err = rst_entry_record(after, &was);
	if (err != RST_OK)
		return err;
	if (gate_is_person(&was))
		return complete_person(&g, after, &was);
	if (gate_is_group(&was))
		return complete_group(&g, after, &was);
	if (gate_has_class(&was, RST_VIEW("rosterSignature")))
		return gate_complete_signature(&g, after, &was);
	return RST_OK;
}
