/* SPDX-License-Identifier: OLDAP-2.8 */
/* guard.c - the global instance: every operation is asked for its account
 *
 * It stands on the frontend, in front of everything, so that an account that
 * lost its access reads neither the rootDSE nor cn=config nor another suffix,
 * and cannot even ask who it is.  For each operation of a bound connection:
 *
 *	the connection's identity	entry 42, generation 3
 *	one get of entry 42		still there, active, generation 3?
 *
 * and, if somebody else is authorised (proxied authorization), the same for
 * him.  Whoever lost his access is answered 49 and his connection is closed.
 * Who has to change his password first is refused everything else (duty.c).
 *
 * The instance is put in place when the first database with overlay
 * lifecycle opens, which is after cn=config read its own entries, and stays:
 * slapd has no way to take an overlay off the frontend from inside.  Without
 * such a database it lets everything pass.
 */
#include "portable.h"

#include <string.h>

#include "slap.h"

#include "slap-config.h"

#include "lifecycle/acts.h"
#include "overlay/over_priv.h"

/* RST_OK: it may go on.  RST_EDENIED: it lost its access. */
static enum rst_err
who_may(Operation *op, const struct over_who *who)
{
	struct back_read *read;
	enum rst_err err = RST_OK;

	if (who->db == NULL)
		goto out;
	err = back_read_begin(op, who->db->back, &read);
	if (err != RST_OK)
		goto out;
	err = over_identity_check(&read->txn, who);
	if (err == RST_ENOTFOUND)
		err = RST_EDENIED;
	back_read_end(read);
out:
	return err;
}

/* Who is ndn?  Nobody of ours, or an entry; RST_EDENIED when it is gone. */
static enum rst_err
who_is(Operation *op, const struct berval *ndn, struct over_who *ret_who)
{
	struct over_db *db = over_db_for(ndn);
	struct back_read *read;
	enum rst_err err = RST_OK;

	*ret_who = (struct over_who){ 0 };
	if (BER_BVISEMPTY(ndn) || db == NULL)
		goto out;
	err = back_read_begin(op, db->back, &read);
	if (err != RST_OK)
		goto out;
	err = over_identity_find(&read->txn, db, ndn, ret_who);
	if (err == RST_ENOTFOUND)
		err = RST_EDENIED;
	back_read_end(read);
out:
	return err;
}

/*
 * The identity of the connection, not met before: it was not bound by a
 * simple bind of our backend (SASL, another database, rootdn).
 */
static enum rst_err
meet(Operation *op, struct over_who *ret_who)
{
	struct berval ndn = BER_BVNULL;
	enum rst_err err;

	ldap_pvt_thread_mutex_lock(&op->o_conn->c_mutex);
	if (!BER_BVISEMPTY(&op->o_conn->c_ndn))
		ber_dupbv_x(&ndn, &op->o_conn->c_ndn, op->o_tmpmemctx);
	ldap_pvt_thread_mutex_unlock(&op->o_conn->c_mutex);

	err = who_is(op, &ndn, ret_who);
	if (err == RST_OK)
		over_identity_meet(op->o_conn, &ndn, ret_who);
	if (!BER_BVISNULL(&ndn))
		op->o_tmpfree(ndn.bv_val, op->o_tmpmemctx);
	return err;
}

/* slapd's own operations: syncrepl's, a module's, those of no connection. */
static bool
is_internal(const Operation *op)
{
	return op->o_conn == NULL || op->o_connid == (unsigned long)-1 ||
	       SLAPD_SYNC_IS_SYNCCONN(op->o_connid);
}

static enum rst_err
operation_may(Operation *op, bool *ret_must_change)
{
	struct over_who who = { .must_change = false };
	bool same = false;
	enum rst_err err = RST_OK;

	if (over_db_first() == NULL || is_internal(op))
		goto out;
	if (!over_identity_get(op->o_connid, &op->o_ndn, &who, &same))
		err = meet(op, &who);
	if (err == RST_OK)
		err = who_may(op, &who);
	/* he bound anew, or changed his password, while we looked */
	while (err == RST_EDENIED && over_identity_moved(op->o_connid, &who))
		err = who_may(op, &who);
	*ret_must_change = who.must_change;
	if (err != RST_OK || same || BER_BVISEMPTY(&op->o_ndn))
		goto out;

	/* authorised as somebody else, or met just now */
	err = who_is(op, &op->o_ndn, &who);
	if (err == RST_OK)
		err = who_may(op, &who);
out:
	return err;
}

static int
guard(Operation *op, SlapReply *rs)
{
	bool must_change = false;
	enum rst_err err = operation_may(op, &must_change);
	int rc = SLAP_CB_CONTINUE;

	if (err == RST_EDENIED) {
		Debug(LDAP_DEBUG_STATS,
		      "%s lifecycle: \"%s\" has no access any more\n",
		      op->o_log_prefix, op->o_ndn.bv_val);
		send_ldap_error(op, rs, LDAP_INVALID_CREDENTIALS,
		                "this account is not active");
		rc = rs->sr_err = SLAPD_DISCONNECT;
	} else if (err != RST_OK) {
		send_ldap_error(op, rs,
		                err == RST_EBUSY ? LDAP_BUSY : LDAP_OTHER,
		                "cannot look up the account");
		rc = rs->sr_err;
	} else if (must_change && !over_duty_allows(op, rs)) {
		rc = rs->sr_err;
	}
	return rc;
}

static int
guard_change(Operation *op, SlapReply *rs)
{
	int rc = guard(op, rs);

	if (rc == SLAP_CB_CONTINUE)
		rc = over_token_may_change(op, rs);
	if (rc == SLAP_CB_CONTINUE && !is_internal(op))
		over_read_names(op);
	return rc;
}

static int
guard_extended(Operation *op, SlapReply *rs)
{
	int rc = guard(op, rs);

	if (rc == SLAP_CB_CONTINUE)
		rc = over_token_may_extend(op, rs);
	if (rc == SLAP_CB_CONTINUE && !is_internal(op))
		over_txn_watch(op);
	return rc;
}

/*
 * SASL is about to say that the bind succeeded: not to an account without
 * access.  slapd takes the identity over after this.
 */
static int
sasl_response(Operation *op, SlapReply *rs)
{
	struct over_who who;
	enum rst_err err;

	if (rs->sr_err == LDAP_SUCCESS && !BER_BVISEMPTY(&op->orb_edn)) {
		err = who_is(op, &op->orb_edn, &who);
		if (err == RST_OK)
			err = who_may(op, &who);
		if (err == RST_OK)
			over_identity_put(op->o_connid, &op->orb_edn, &who);
		else
			rs->sr_err = err == RST_EDENIED
			                     ? LDAP_INVALID_CREDENTIALS
			                     : LDAP_OTHER;
	}
	return SLAP_CB_CONTINUE;
}

static int
sasl_cleanup(Operation *op, SlapReply *rs)
{
	slap_callback *callback = op->o_callback;

	op->o_callback = callback->sc_next;
	op->o_tmpfree(callback, op->o_tmpmemctx);
	return SLAP_CB_CONTINUE;
}

/* A bind proves anew who one is. */
static int
guard_bind(Operation *op, SlapReply *rs)
{
	slap_callback *callback;

	if (over_db_first() == NULL || is_internal(op))
		goto out;
	over_identity_drop(op->o_connid);
	if (op->orb_method == LDAP_AUTH_SASL) {
		callback =
			op->o_tmpcalloc(1, sizeof(*callback), op->o_tmpmemctx);
		callback->sc_response = sasl_response;
		callback->sc_cleanup = sasl_cleanup;
		callback->sc_next = op->o_callback;
		op->o_callback = callback;
	}
out:
	return SLAP_CB_CONTINUE;
}

int
over_guard_register(void)
{
	static slap_overinst over;
	static char name[] = OVER_GUARD;

	over.on_bi.bi_type = name;
	over.on_bi.bi_flags = SLAPO_BFLAG_SINGLE | SLAPO_BFLAG_GLOBONLY;
	over.on_bi.bi_op_bind = guard_bind;
	over.on_bi.bi_op_search = guard;
	over.on_bi.bi_op_compare = guard;
	over.on_bi.bi_op_modify = guard_change;
	over.on_bi.bi_op_modrdn = guard_change;
	over.on_bi.bi_op_add = guard_change;
	over.on_bi.bi_op_delete = guard_change;
	over.on_bi.bi_extended = guard_extended;
	over.on_bi.bi_acl_group = over_acl_group;
	return overlay_register(&over);
}

int
over_guard_install(ConfigReply *cr)
{
	ConfigReply none = { 0 };
	int rc = 0;

	if (!overlay_is_inst(frontendDB, OVER_GUARD))
		rc = overlay_config(frontendDB, OVER_GUARD, -1, NULL,
		                    cr != NULL ? cr : &none);
	return rc;
}
