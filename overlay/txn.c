/* SPDX-License-Identifier: OLDAP-2.8 */
/* txn.c - the start of a transaction on a connection that is closing
 *
 * slapd forgets a connection's transaction when it begins to close the
 * connection, but one that is started after that is never forgotten, and an
 * assertion ends slapd when the connection goes:
 *
 *	client	start of a transaction (RFC 5805), end of the connection
 *	slapd	thread 1: closing, no transaction
 *		thread 2: a transaction begins
 *		last one out: c_txn == CONN_TXN_INACTIVE fails
 *
 * Everybody who can bind could do that to slapd 2.5.13.  The start is looked
 * at again when it was answered: whichever came first, nothing is left.
 */
#include "portable.h"

#include "slap.h"

#include "overlay/over_priv.h"

static int
txn_cleanup(Operation *op, SlapReply *rs)
{
	slap_callback *callback = op->o_callback;
	Connection *conn = op->o_conn;

	(void)rs;
	ldap_pvt_thread_mutex_lock(&conn->c_mutex);
	if (conn->c_conn_state == SLAP_C_CLOSING)
		conn->c_txn = CONN_TXN_INACTIVE;
	ldap_pvt_thread_mutex_unlock(&conn->c_mutex);

	op->o_callback = callback->sc_next;
	op->o_tmpfree(callback, op->o_tmpmemctx);
	return SLAP_CB_CONTINUE;
}

void
over_txn_watch(Operation *op)
{
	static const struct berval start = BER_BVC(LDAP_EXOP_TXN_START);
	slap_callback *callback;

	if (!bvmatch(&op->ore_reqoid, &start))
		return;
	callback = op->o_tmpcalloc(1, sizeof(*callback), op->o_tmpmemctx);
	callback->sc_cleanup = txn_cleanup;
	callback->sc_next = op->o_callback;
	op->o_callback = callback;
}
