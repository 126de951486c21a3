/* SPDX-License-Identifier: OLDAP-2.8 */
/* forget.c - the password that a request brought is wiped from its message
 *
 * slapd frees a message as it is, and whatever was in it stays in the heap
 * until somebody else writes there.  What it takes out of one is a piece of the
 * message itself (binds, the password modify operation) or a copy beside it
 * (values of an entry or of a change).
 */
#include "portable.h"

#include <sodium.h>
#include <string.h>

#include "slap.h"

#include "overlay/lifecycle.h"

void
over_forget(const Operation *op, const struct berval *secret)
{
	unsigned char len = (unsigned char)secret->bv_len;
	struct berval read; /* what slapd has read of the message, in place */
	char *at, *end;

	if (op->o_ber == NULL || BER_BVISEMPTY(secret) ||
	    ber_flatten2(op->o_ber, &read, 0) != 0)
		return; /* an operation that slapd made itself */
	at = read.bv_val;
	end = at + read.bv_len;
	if (secret->bv_val >= at && secret->bv_val < end) {
		sodium_memzero(secret->bv_val, secret->bv_len);
		return;
	}
	while ((at = memmem(at, (size_t)(end - at), secret->bv_val,
	                    secret->bv_len)) != NULL) {
		/* a value: the last byte of its length stands before it */
		if (at > read.bv_val && (unsigned char)at[-1] == len)
			sodium_memzero(at, secret->bv_len);
		at++;
	}
}
