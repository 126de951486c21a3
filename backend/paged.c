/* SPDX-License-Identifier: OLDAP-2.8 */
/* paged.c - the paged results control, RFC 2696
 *
 * The cookie is the id of the last entry of the page; the next page goes on
 * after it, in a newer snapshot.  slapd keeps the cookie it expects for each
 * connection.
 */
#include "search_priv.h"

static int
check_cookie(const PagedResultsState *state, SlapReply *rs)
{
	PagedResultsCookie asked;

	if (state->ps_cookieval.bv_len != sizeof(asked)) {
		rs->sr_text = "paged results cookie is invalid";
		return LDAP_PROTOCOL_ERROR;
	}
	memcpy(&asked, state->ps_cookieval.bv_val, sizeof(asked));
	if (asked > state->ps_cookie) {
		rs->sr_text = "paged results cookie is invalid";
		return LDAP_PROTOCOL_ERROR;
	}
	if (asked < state->ps_cookie) {
		rs->sr_text = "paged results cookie is invalid or old";
		return LDAP_UNWILLING_TO_PERFORM;
	}
	return LDAP_SUCCESS;
}

int
back_paged_begin(Operation *op, SlapReply *rs, uint64_t *ret_after)
{
	PagedResultsState *state = op->o_pagedresults_state;
	int code;

	if (state->ps_cookieval.bv_len == 0) {
		op->o_conn->c_pagedresults_state.ps_cookie = 0;
		*ret_after = 0;
		return LDAP_SUCCESS;
	}
	code = check_cookie(state, rs);
	if (code == LDAP_SUCCESS)
		*ret_after = state->ps_cookie;
	return code;
}

void
back_paged_send(Operation *op, SlapReply *rs, uint64_t last)
{
	PagedResultsState *state = op->o_pagedresults_state;
	PagedResultsCookie next = (PagedResultsCookie)last;
	struct berval cookie = { last != 0 ? sizeof(next) : 0, (char *)&next };
	BerElementBuffer buffer;
	BerElement *ber = (BerElement *)&buffer;
	LDAPControl *ctrls[2] = { NULL, NULL };

	op->o_conn->c_pagedresults_state.ps_cookie = next;
	op->o_conn->c_pagedresults_state.ps_count =
		state->ps_count + rs->sr_nentries;

	ber_init2(ber, NULL, LBER_USE_DER);
	/* a size of 0: no estimate */
	ber_printf(ber, "{iO}", 0, &cookie);
	ctrls[0] = op->o_tmpcalloc(1, sizeof(*ctrls[0]), op->o_tmpmemctx);
	if (ber_flatten2(ber, &ctrls[0]->ldctl_value, 0) == -1) {
		rs->sr_err = LDAP_OTHER;
	} else {
		ctrls[0]->ldctl_oid = (char *)LDAP_CONTROL_PAGEDRESULTS;
		slap_add_ctrls(op, rs, ctrls);
	}
	send_ldap_result(op, rs);
	ber_free_buf(ber);
}
