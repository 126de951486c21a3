/* SPDX-License-Identifier: OLDAP-2.8 */
/* follow_ids.c - server ids, and where a follower can work
 *
 * A server id is in every CSN and says who made the change.  slapd's own stands
 * for what its overlays saw when it happened, the foreign one for everything
 * else.  If somebody else made CSNs with the foreign id, replicas would take
 * his changes for ours that they have, or ours for his.
 */
#include "backend/follow_priv.h"

#include <stdlib.h>

#define FOREIGN_DEFAULT 15

enum rst_err
back_foreign_id(const struct rst_rtxn *txn, unsigned int *ret_id)
{
	struct rst_view value;
	uint64_t id;
	enum rst_err err = rst_setting_get(txn, "foreign-id", &value);

	*ret_id =
		err == RST_OK && rst_view_number(value, SLAP_SYNC_SID_MAX, &id)
			? (unsigned int)id
			: FOREIGN_DEFAULT;
	return err == RST_ENOTFOUND ? RST_OK : err;
}

enum rst_err
back_follow_since(const struct rst_rtxn *txn, bool *ret_since)
{
	struct rst_view cursor;
	enum rst_err err = rst_setting_get(txn, BACK_FOLLOW_CURSOR, &cursor);

	/* a replica's has no CSN: what comes there is not ours */
	*ret_since = err == RST_OK && cursor.len > 0 &&
	             cursor.ptr[cursor.len - 1] != ' ';
	return err == RST_ENOTFOUND ? RST_OK : err;
}

bool
back_follow_needed(BackendDB *be)
{
	return overlay_is_inst(be, "syncprov") ||
	       overlay_is_inst(be, "accesslog") ||
	       overlay_is_inst(be, "auditlog");
}

/* The values of olcServerID, "1" or "2 ldap://other"; NULL for none.  The
 * entry is to be freed. */
static Attribute *
listed_ids(Operation *op, Entry **ret_entry)
{
	static struct berval name = BER_BVC("cn=config");
	AttributeDescription *ad = NULL;
	Entry *entry = NULL;
	const char *text;

	op->o_bd = select_backend(&name, 0);
	if (op->o_bd == NULL || op->o_bd->bd_info->bi_entry_get_rw == NULL ||
	    slap_str2ad("olcServerID", &ad, &text) != LDAP_SUCCESS)
		return NULL;
	op->o_dn = op->o_bd->be_rootdn;
	op->o_ndn = op->o_bd->be_rootndn;
	if (be_entry_get_rw(op, &name, NULL, NULL, 0, &entry) != LDAP_SUCCESS)
		return NULL;
	*ret_entry = entry;
	return attr_find(entry->e_attrs, ad);
}

static bool
is_listed(const Attribute *ids, unsigned int id)
{
	const char *value, *end;
	unsigned long one;

	for (unsigned int i = 0; ids != NULL && i < ids->a_numvals; i++) {
		value = ids->a_vals[i].bv_val;
		one = strtoul(value, (char **)&end, 0);
		if (end != value && one == id)
			return true;
	}
	return false;
}

static bool
is_server(unsigned int id)
{
	Connection conn = { 0 };
	OperationBuffer opbuf;
	Entry *entry = NULL;
	bool is;

	if ((unsigned int)slap_serverID == id)
		return true;
	if (!(slapMode & SLAP_SERVER_MODE))
		return false;
	connection_fake_init2(&conn, &opbuf, ldap_pvt_thread_pool_context(), 0);
	is = is_listed(listed_ids(&opbuf.ob_op, &entry), id);
	if (entry != NULL)
		be_entry_release_r(&opbuf.ob_op, entry);
	return is;
}

enum rst_err
back_follow_ids(const struct rst_rtxn *txn, struct rst_detail *why)
{
	unsigned int foreign;
	enum rst_err err = back_foreign_id(txn, &foreign);

	if (err != RST_OK || !is_server(foreign))
		return err;
	rst_detail_set(why,
	               "serverID %u is the one that rosterd and rosterctl "
	               "write with (foreign-id): choose another",
	               foreign);
	return RST_EINVALID;
}

/* The database that be hangs below; NULL for none. */
static BackendDB *
superior_of(BackendDB *be)
{
	BackendDB *other;

	LDAP_STAILQ_FOREACH(other, &backendDB, be_next)
	if (other != be && SLAP_GLUE_INSTANCE(other) &&
	    dnIsSuffix(&be->be_nsuffix[0], &other->be_nsuffix[0]))
		return other;
	return NULL;
}

enum rst_err
back_follow_place(BackendDB *be, struct rst_detail *why)
{
	BackendDB *above = SLAP_GLUE_SUBORDINATE(be) ? superior_of(be) : NULL;

	if (above != NULL && back_follow_needed(above)) {
		rst_detail_set(why,
		               "it is subordinate to \"%s\", whose overlays "
		               "would not hear of what other processes "
		               "write: replicate each database by itself",
		               above->be_suffix[0].bv_val);
		return RST_EINVALID;
	}
	if (SLAP_GLUE_INSTANCE(be) && back_follow_needed(be)) {
		rst_detail_set(why, "overlays syncprov, accesslog and auditlog "
		                    "cannot cover its subordinate databases: "
		                    "replicate each database by itself");
		return RST_EINVALID;
	}
	return RST_OK;
}
