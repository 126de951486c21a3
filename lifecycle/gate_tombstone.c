/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_tombstone.c - burying people and groups, and freeing a name again
 *
 *	dn: cn=<entryUUID of the dead>,ou=tombstones,<suffix>
 *	objectClass: rosterTombstone
 *	rosterFormerKind: person
 *	rosterFormerNumber: 10007	never given out again
 *	rosterFormerName: alice		dropped when it is free again
 *	rosterNameFreeAt: 20271122023734Z
 *
 * An entry like others: slapcat | slapadd keeps the dead dead.
 */
#include <stdio.h>

#include "lifecycle/gate_priv.h"
#include "lifecycle/moment.h"
#include "lifecycle/place.h"
#include "lifecycle/setting.h"

#define TOMBSTONES "ou=tombstones"

/* ou=tombstones, made when the directory has none: a dead number must be
 * remembered in a directory without the skeleton, too. */
static enum rst_err
tombstones(struct gate *g, uint64_t *ret_id)
{
	struct gate_write w = {
		.verb = GATE_ADD,
		.act = RST_VIEW("make-place"),
	};
	struct rst_view classes[] = { RST_VIEW("top"),
		                      RST_VIEW("organizationalUnit") };
	struct rst_entry *entry = NULL;
	uint64_t suffix;
	enum rst_err err;

	err = lifecycle_place(&g->txn->r, TOMBSTONES, ret_id);
	if (err != RST_ENOTFOUND)
		return err;
	err = lifecycle_suffix(&g->txn->r, &suffix);
	if (err == RST_OK)
		err = rst_entry_new(&entry);
	if (err == RST_OK)
		err = rst_entry_place(entry, suffix, RST_VIEW(TOMBSTONES),
		                      RST_VIEW(TOMBSTONES));
	if (err == RST_OK)
		err = rst_entry_set(entry, RST_A_OBJECTCLASS, classes, 2);
	if (err == RST_OK)
		err = rst_entry_set_one(entry, RST_A_OU,
		                        RST_VIEW("tombstones"));
	if (err == RST_OK) {
		w.after = entry;
		err = gate_write(g, &w, NULL);
	}
	if (err == RST_OK)
		*ret_id = w.id;
	rst_entry_free(entry);
	return err;
}

static enum rst_err
set_former_name(struct gate *g, struct rst_entry *entry, struct rst_view name)
{
	char free_at[LIFECYCLE_TIME_BYTES];
	int64_t kept_s = 0;
	enum rst_err err;

	err = lifecycle_setting_number(&g->txn->r, RULE_SETTING_NAME_RETENTION,
	                               &kept_s);
	if (err != RST_OK || kept_s == 0)
		return err;
	lifecycle_time_print(g->ctx->now_s + kept_s, free_at);
	err = rst_entry_set_one(entry, RST_A_ROSTERFORMERNAME, name);
	if (err == RST_OK)
		err = rst_entry_set_one(entry, RST_A_ROSTERNAMEFREEAT,
		                        rst_view_of(free_at));
	return err;
}

static enum rst_err
fill(struct gate *g, struct rst_entry *entry, const struct rst_record *was,
     bool person, bool keep_name)
{
	struct rst_view classes[] = { RST_VIEW("top"),
		                      RST_VIEW("rosterTombstone") };
	uint32_t number = person ? was->uid_number : was->gid_number;
	struct rst_view name =
		rst_record_first(was, person ? RST_A_UID : RST_A_CN);
	char text[12];
	enum rst_err err;

	err = rst_entry_set(entry, RST_A_OBJECTCLASS, classes, 2);
	if (err == RST_OK)
		err = rst_entry_set_one(entry, RST_A_ROSTERFORMERKIND,
		                        person ? RST_VIEW("person")
		                               : RST_VIEW("group"));
	if (err == RST_OK && number != RST_NO_NUMBER) {
		(void)snprintf(text, sizeof(text), "%u", number);
		err = rst_entry_set_one(entry, RST_A_ROSTERFORMERNUMBER,
		                        rst_view_of(text));
	}
	if (err == RST_OK && keep_name && name.len > 0)
		err = set_former_name(g, entry, name);
	return err;
}

/* cn=<entryUUID>: one grave for one life.  Who was both a person and a group
 * has a second one, for the group, under a UUID of its own. */
static enum rst_err
place(struct gate *g, struct rst_entry *entry, const struct rst_record *was,
      bool second, char rdn[3 + LIFECYCLE_UUID_BYTES])
{
	char uuid[LIFECYCLE_UUID_BYTES];
	uint64_t parent;
	enum rst_err err;

	if (second ||
	    !rst_view_copy(rst_record_first(was, RST_A_ENTRYUUID), uuid,
	                   sizeof(uuid)) ||
	    strlen(uuid) != LIFECYCLE_UUID_BYTES - 1)
		lifecycle_uuid_new(uuid);
	(void)snprintf(rdn, 3 + LIFECYCLE_UUID_BYTES, "cn=%s", uuid);
	err = tombstones(g, &parent);
	if (err == RST_OK)
		err = rst_entry_place(entry, parent, rst_view_of(rdn),
		                      rst_view_of(rdn));
	if (err == RST_OK)
		err = rst_entry_set_one(entry, RST_A_CN, rst_view_of(uuid));
	return err;
}

static enum rst_err
bury(struct gate *g, const struct rst_record *was, bool person, bool keep_name)
{
	struct gate_write w = { .verb = GATE_ADD, .act = RST_VIEW("bury") };
	char rdn[3 + LIFECYCLE_UUID_BYTES];
	struct rst_entry *entry = NULL;
	enum rst_err err;

	err = rst_entry_new(&entry);
	if (err == RST_OK)
		err = place(g, entry, was, !person && gate_is_person(was), rdn);
	if (err == RST_OK)
		err = fill(g, entry, was, person, keep_name);
	if (err == RST_OK) {
		w.after = entry;
		err = gate_write(g, &w, NULL);
	}
	rst_entry_free(entry);
	return err;
}

enum rst_err
gate_bury(struct gate *g, const struct rst_record *was, bool keep_name)
{
	enum rst_err err = RST_OK;

	if (gate_is_person(was))
		err = bury(g, was, true, keep_name);
	if (err == RST_OK && gate_is_group(was))
		err = bury(g, was, false, keep_name);
	return err;
}

enum rst_err
gate_free_name(struct gate *g, uint64_t tombstone)
{
	struct gate_write w = {
		.verb = GATE_MODIFY,
		.act = RST_VIEW("free-name"),
		.id = tombstone,
	};
	enum rst_err err;

	err = gate_load_sides(g, &w);
	if (err == RST_OK)
		err = rst_entry_set(w.after, RST_A_ROSTERFORMERNAME, NULL, 0);
	if (err == RST_OK)
		err = rst_entry_set(w.after, RST_A_ROSTERNAMEFREEAT, NULL, 0);
	return gate_write_sides(g, &w, err);
}
