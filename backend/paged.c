/* SPDX-License-Identifier: OLDAP-2.8 */
/* paged.c - the paged results control, RFC 2696
 *
 * The cookie is the id of the last entry of the page; the next page goes on
 * after it, in a newer snapshot.  slapd keeps the id it expects for each
 * connection, so that a cookie is good once; beside it stands a keyed hash
 * of what the search is, so that it is good for nothing else:
 *
 *	0	8	id of the entry sent last
 *	8	16	BLAKE2b of (id, connection, identity, base, scope,
 *			deref, filter), keyed by a secret of the database
 *
 * A client that ends a search half-way (size 0, or Abandon) cannot go on.
 */
#include "search_priv.h"

#include <sodium.h>

#define MAC_BYTES crypto_generichash_BYTES_MIN
#define AHEAD_MAX 65536 /* conn_max_pending_auth and threads are less */

struct cookie {
	PagedResultsCookie id;
	unsigned char mac[MAC_BYTES];
};

_Static_assert(sizeof(struct cookie) == sizeof(PagedResultsCookie) + MAC_BYTES,
               "a cookie has no holes");

static void
mix(crypto_generichash_state *state, const struct berval *text)
{
	unsigned char none = 0;
	uint64_t len = text->bv_len;

	/* with its length: no two lists of texts are one row of bytes */
	crypto_generichash_update(state, (const unsigned char *)&len,
	                          sizeof(len));
	crypto_generichash_update(
		state, len > 0 ? (const unsigned char *)text->bv_val : &none,
		len);
}

static void
cookie_of(const Operation *op, PagedResultsCookie id, struct cookie *ret)
{
	const struct back_db *db = op->o_bd->be_private;
	const int64_t numbers[] = { (int64_t)id, (int64_t)op->o_connid,
		                    op->ors_scope, op->ors_deref };
	crypto_generichash_state state;

	ret->id = id;
	crypto_generichash_init(&state, db->page_key, sizeof(db->page_key),
	                        MAC_BYTES);
	crypto_generichash_update(&state, (const unsigned char *)numbers,
	                          sizeof(numbers));
	mix(&state, &op->o_ndn);
	mix(&state, &op->o_req_ndn);
	mix(&state, &op->ors_filterstr);
	crypto_generichash_final(&state, ret->mac, MAC_BYTES);
}

static int
check_cookie(const Operation *op, SlapReply *rs)
{
	const PagedResultsState *state = op->o_pagedresults_state;
	struct cookie asked, good;

	if (state->ps_cookieval.bv_len != sizeof(asked)) {
		rs->sr_text = "paged results cookie is invalid";
		return LDAP_PROTOCOL_ERROR;
	}
	memcpy(&asked, state->ps_cookieval.bv_val, sizeof(asked));
	cookie_of(op, state->ps_cookie, &good);
	if (state->ps_cookie == 0 ||
	    sodium_memcmp(&asked, &good, sizeof(good)) != 0) {
		rs->sr_text = "paged results cookie is invalid or old";
		return LDAP_UNWILLING_TO_PERFORM;
	}
	return LDAP_SUCCESS;
}

/*
 * Take the connection's place for what is expected next; false when a later
 * operation has it: one that was given up may begin, and end, after the search
 * that came instead.  The place is ps_size, which slapd leaves alone there, and
 * has the number of the operation.  Numbers come round, so another one is later
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

/* slapd keeps no lock for it: a client may page through two searches of one
 * connection at once, of which the later one can go on. */
static void
expect(Operation *op, PagedResultsCookie cookie, int count)
{
	PagedResultsState *kept = &op->o_conn->c_pagedresults_state;

	if (!take_place(op))
		return;
	__atomic_store_n(&kept->ps_cookie, cookie, __ATOMIC_RELAXED);
	__atomic_store_n(&kept->ps_count, count, __ATOMIC_RELAXED);
}

void
back_paged_drop(Operation *op)
{
	const PagedResultsState *state = op->o_pagedresults_state;
	PagedResultsState *kept = &op->o_conn->c_pagedresults_state;
	PagedResultsCookie cookie = state->ps_cookie;

	/* the client may have begun another search meanwhile */
	(void)__atomic_compare_exchange_n(&kept->ps_cookie, &cookie, 0, false,
	                                  __ATOMIC_RELAXED, __ATOMIC_RELAXED);
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
	struct cookie next;
	struct berval cookie = { more ? sizeof(next) : 0, (char *)&next };
	BerElementBuffer buffer;
	BerElement *ber = (BerElement *)&buffer;
	LDAPControl *ctrls[2] = { NULL, NULL };

	/* a page of size 0 is no end, and nothing was sent yet */
	if (more && last == 0)
		last = NOID;
	cookie_of(op, more ? (PagedResultsCookie)last : 0, &next);
	expect(op, next.id, state->ps_count + rs->sr_nentries);

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
