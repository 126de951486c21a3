/* SPDX-License-Identifier: OLDAP-2.8 */
/* wire.h - writing and reading length-prefixed records, for store/ alone
 *
 * Numbers are big endian; a text is its length, in as many bytes as said,
 * and its bytes.
 */
#ifndef RST_WIRE_H
#define RST_WIRE_H

#include "store/err.h"
#include "store/view.h"

/* Grows as it is written; failed is set, and stays, when memory ran out or a
 * text was longer than its length can say.  Release with rst_out_release(). */
struct rst_out {
	char *bytes;
	size_t len, room;
	bool failed, too_long;
};
void rst_out_number(struct rst_out *out, uint64_t number, size_t size);
void rst_out_bytes(struct rst_out *out, struct rst_view bytes);
void rst_out_text(struct rst_out *out, struct rst_view text, size_t size);
struct rst_view rst_out_view(const struct rst_out *out);
/* RST_OK, RST_ENOMEM, or RST_EINVALID for a text that was too long. */
enum rst_err rst_out_error(const struct rst_out *out) RST_MUST_USE;
/* Wipes what was written: it may have been secret. */
void rst_out_release(struct rst_out *out);

/* Reads what is left; failed is set, and stays, when there was too little.
 * What is read then is 0 or empty. */
struct rst_in {
	struct rst_view left;
	bool failed;
};
uint64_t rst_in_number(struct rst_in *in, size_t size);
struct rst_view rst_in_bytes(struct rst_in *in, size_t n);
struct rst_view rst_in_text(struct rst_in *in, size_t size);

#endif
