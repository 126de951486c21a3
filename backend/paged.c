/* SPDX-License-Identifier: OLDAP-2.8 */
/* paged.c - the paged results control, RFC 2696
 *
 * The cookie (cookie.h) has the id of the last entry of the page; the next page
 * goes on after it, in a newer snapshot.  The id that is expected stands in the
 * connection, so that a cookie is good once; beside it in the cookie is a keyed
 * hash of what the search is, so that it is good for nothing else.
 *
 * A client that ends a search half-way (size 0, or Abandon) cannot go on.
 *
 * slapd keeps a PagedResultsState for each connection, without a lock, and
 * writes ps_cookie there when any paged search begins, also one that was given
 * up before, or that is another database's.  backglue.c reads it, so we write
 * it, but what we expect stands where slapd writes nothing: the id as the
 * length of ps_cookieval, the number of the operation that set it as ps_size.
 */
#include "search_priv.h"

#define AHEAD_MAX 65536 /* conn_max_pending_auth and threads are less */

static struct rst_view
view(const struct berval *text)
{
	return rst_view(text->bv_val, text->bv_len);
}

static struct back_cookie_search
search_of(const Operation *op)
{
	return (struct back_cookie_search){
		.connection = op->o_connid,
		.scope = op->ors_scope,
		.deref = op->ors_deref,
		.who = view(&op->o_ndn),
		.base = view(&op->o_req_ndn),
		.filter = view(&op->ors_filterstr),
	};
}

static ber_len_t *
place_of_id(const Operation *op)
{
	return &op->o_conn->c_pagedresults_state.ps_cookieval.bv_len;
}

/* That it goes on after ps_cookie. */
static int
check_cookie(const Operation *op, SlapReply *rs)
{
	PagedResultsState *state = op->o_pagedresults_state;
	const struct back_db *db = op->o_bd->be_private;
	const struct back_cookie_search search = search_of(op);
	ber_len_t id = __atomic_load_n(place_of_id(op), __ATOMIC_RELAXED);

	switch (back_cookie_check(db->page_key, &search, id,
	                          view(&state->ps_cookieval))) {
	case BACK_COOKIE_RIGHT:
		state->ps_cookie = id;
		return LDAP_SUCCESS;
	case BACK_COOKIE_NONE:
		rs->sr_text = "paged results cookie is invalid";
		return LDAP_PROTOCOL_ERROR;
	case BACK_COOKIE_OTHER:
		break;
	}
	rs->sr_text = "paged results cookie is invalid or old";
	return LDAP_UNWILLING_TO_PERFORM;
}

/*
 * Take the connection's place for what is expected next; false when a later
 * operation has it: one that was given up may begin, and end, after the search
 * that came instead.  Numbers of operations come round, so another one is later
 * when it is ahead by no more than can be under way at once.
 */
static bool
take_place(const Operation *op)
{
	PagedResultsState *kept = &op->o_conn->c_pagedresults_state;
	ber_int_t last = __atomic_load_n(&kept->ps_size, __ATOMIC_RELAXED);
	uint32_t mine = (uint32_t)op->o_opid, ahead;

	do {
		ahead = (uint32_t)last - mine;
		if (ahead > 0 && ahead < AHEAD_MAX)
			return false;
	} while (!__atomic_compare_exchange_n(
		&kept->ps_size, &last, (ber_int_t)mine, false, __ATOMIC_RELAXED,
		__ATOMIC_RELAXED));
	return true;
}

/* A client may page through two searches of one connection at once, of which
 * the later one can go on. */
static void
expect(Operation *op, PagedResultsCookie cookie, int count)
{
	PagedResultsState *kept = &op->o_conn->c_pagedresults_state;

	if (!take_place(op))
		return;
	__atomic_store_n(place_of_id(op), cookie, __ATOMIC_RELAXED);
	__atomic_store_n(&kept->ps_cookie, cookie, __ATOMIC_RELAXED);
	__atomic_store_n(&kept->ps_count, count, __ATOMIC_RELAXED);
}

void
back_paged_drop(Operation *op)
{
	const PagedResultsState *state = op->o_pagedresults_state;
	PagedResultsState *kept = &op->o_conn->c_pagedresults_state;
	ber_len_t id = state->ps_cookie;

	/* the client may have begun another search meanwhile */
	if (__atomic_compare_exchange_n(place_of_id(op), &id, 0, false,
	                                __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		__atomic_store_n(&kept->ps_cookie, 0, __ATOMIC_RELAXED);
}

int
back_paged_begin(Operation *op, SlapReply *rs, uint64_t *ret_after,
                 bool *ret_done)
{
	PagedResultsState *state = op->o_pagedresults_state;
	int code;

	*ret_done = false;
	if (state->ps_cookieval.bv_len == 0) {
		expect(op, 0, 0);
		*ret_after = 0;
		return LDAP_SUCCESS;
	}
	code = check_cookie(op, rs);
	if (code != LDAP_SUCCESS)
		return code;
	(void)take_place(op);
	if (state->ps_size == 0) {
		back_paged_drop(op);
		rs->sr_text = "search abandoned by pagedResult size=0";
		*ret_done = true;
	}
	*ret_after = state->ps_cookie != NOID ? state->ps_cookie : 0;
	return LDAP_SUCCESS;
}

void
back_paged_send(Operation *op, SlapReply *rs, bool more, uint64_t last)
{
	PagedResultsState *state = op->o_pagedresults_state;
	const struct back_db *db = op->o_bd->be_private;
	const struct back_cookie_search search = search_of(op);
	unsigned char next[BACK_COOKIE_BYTES];
	struct berval cookie = { more ? sizeof(next) : 0, (char *)next };
	BerElementBuffer buffer;
	BerElement *ber = (BerElement *)&buffer;
	LDAPControl *ctrls[2] = { NULL, NULL };

	/* a page of size 0 is no end, and nothing was sent yet */
	if (more && last == 0)
		last = NOID;
	back_cookie_make(db->page_key, &search, last, next);
	expect(op, more ? (PagedResultsCookie)last : 0,
	       state->ps_count + rs->sr_nentries);

	ber_init2(ber, NULL, LBER_USE_DER);
	/* a size of 0: no estimate, which size.pr=noEstimate asks for and
	 * back-mdb never gives either */
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
