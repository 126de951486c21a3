/* SPDX-License-Identifier: OLDAP-2.8 */
/* replica_config.c - a promoted server follows nobody: cn=config
 *
 * rosterctl promote says so in the environment.  slapd then takes syncrepl and
 * updateref from its database, as an administrator would by ldapmodify: with
 * a configuration in slapd.d for good, with slapd.conf until the next start,
 * which is refused while they stand there.
 */
#include "backend/replica.h"

#include "slap-config.h"

static struct berval config_ndn = BER_BVC("cn=config");

/* The database's own entry, found by its suffix; ch_malloc. */
static int
note_dn(Operation *op, SlapReply *rs)
{
	struct berval *ndn = op->o_callback->sc_private;

	if (rs->sr_type == REP_SEARCH && BER_BVISNULL(ndn))
		ber_dupbv(ndn, &rs->sr_entry->e_nname);
	return 0;
}

static void
begin(Operation *op, BackendDB *config, ber_tag_t tag, slap_callback *callback)
{
	op->o_tag = tag;
	op->o_bd = config;
	op->o_dn = config->be_rootdn;
	op->o_ndn = config->be_rootndn;
	op->o_managedsait = SLAP_CONTROL_NONCRITICAL;
	op->o_callback = callback;
	slap_op_time(&op->o_time, &op->o_tincr);
}

static bool
find_entry(struct back_db *db, BackendDB *config, struct berval *ret_ndn)
{
	slap_callback callback = { .sc_response = note_dn,
		                   .sc_private = ret_ndn };
	SlapReply rs = { REP_RESULT };
	Connection conn = { 0 };
	OperationBuffer opbuf;
	struct berval value;
	char text[RST_DN_MAX + 64];
	Operation *op;

	BER_BVZERO(ret_ndn);
	connection_fake_init(&conn, &opbuf, ldap_pvt_thread_pool_context());
	op = &opbuf.ob_op;
	begin(op, config, LDAP_REQ_SEARCH, &callback);
	filter_escape_value_x(&db->be->be_suffix[0], &value, op->o_tmpmemctx);
	(void)snprintf(text, sizeof(text),
	               "(&(objectClass=olcRosterConfig)(olcSuffix=%s))",
	               value.bv_val);
	slap_sl_free(value.bv_val, op->o_tmpmemctx);
	op->o_req_dn = config_ndn;
	op->o_req_ndn = config_ndn;
	op->ors_scope = LDAP_SCOPE_ONELEVEL;
	op->ors_deref = LDAP_DEREF_NEVER;
	op->ors_tlimit = SLAP_NO_LIMIT;
	op->ors_slimit = SLAP_NO_LIMIT;
	op->ors_attrs = slap_anlist_no_attrs;
	op->ors_attrsonly = 1;
	ber_str2bv_x(text, 0, 1, &op->ors_filterstr, op->o_tmpmemctx);
	op->ors_filter = str2filter_x(op, text);
	if (op->ors_filter != NULL) {
		(void)config->be_search(op, &rs);
		filter_free_x(op, op->ors_filter, 1);
	}
	slap_sl_free(op->ors_filterstr.bv_val, op->o_tmpmemctx);
	return !BER_BVISNULL(ret_ndn);
}

static int
drop_attribute(BackendDB *config, struct berval *ndn, const char *name)
{
	slap_callback callback = { .sc_response = slap_null_cb };
	AttributeDescription *ad = NULL;
	SlapReply rs = { REP_RESULT };
	Modifications *mod;
	Connection conn = { 0 };
	OperationBuffer opbuf;
	const char *text;
	Operation *op;

	if (slap_str2ad(name, &ad, &text) != LDAP_SUCCESS)
		return LDAP_UNDEFINED_TYPE;
	connection_fake_init(&conn, &opbuf, ldap_pvt_thread_pool_context());
	op = &opbuf.ob_op;
	begin(op, config, LDAP_REQ_MODIFY, &callback);
	mod = ch_calloc(1, sizeof(*mod));
	mod->sml_op = LDAP_MOD_DELETE;
	mod->sml_desc = ad;
	mod->sml_type = ad->ad_cname;
	op->o_req_dn = *ndn;
	op->o_req_ndn = *ndn;
	op->orm_modlist = mod;
	(void)config->be_modify(op, &rs);
	slap_mods_free(op->orm_modlist, 1);
	return rs.sr_err;
}

int
back_replica_unfollow(struct back_db *db)
{
	BackendDB *config = select_backend(&config_ndn, 0);
	struct berval ndn;
	int code = LDAP_NO_SUCH_OBJECT;

	if (config == NULL || !find_entry(db, config, &ndn))
		return code;
	if (db->be->be_update_refs != NULL)
		(void)drop_attribute(config, &ndn, "olcUpdateRef");
	/* slapd writes it down as FALSE for a replica; without syncrepl beside
	 * it that means a database that takes no changes, from a next start */
	(void)drop_attribute(config, &ndn, "olcMultiProvider");
	code = drop_attribute(config, &ndn, "olcSyncrepl");
	ch_free(ndn.bv_val);
	return code;
}
