/* SPDX-License-Identifier: OLDAP-2.8 */
/* wire.c - writing and reading length-prefixed records */
#include "store/wire.h"

#include <sodium.h>
#include <stdlib.h>

/* Room for n more bytes; NULL when there is none. */
static char *
grow(struct rst_out *out, size_t n)
{
	size_t room = out->room == 0 ? 512 : out->room;
	char *bytes;

	if (out->failed)
		return NULL;
	while (room - out->len < n) {
		if (room > SIZE_MAX / 2)
			goto failed;
		room *= 2;
	}
	if (room != out->room) {
		/* Not realloc(): the old bytes are to be wiped */
		bytes = malloc(room);
		if (bytes == NULL)
			goto failed;
		if (out->len > 0)
			memcpy(bytes, out->bytes, out->len);
		if (out->bytes != NULL)
			sodium_memzero(out->bytes, out->len);
		free(out->bytes);
		out->bytes = bytes;
		out->room = room;
	}
	out->len += n;
	return out->bytes + out->len - n;
failed:
	out->failed = true;
	return NULL;
}

void
rst_out_number(struct rst_out *out, uint64_t number, size_t size)
{
	char *at = grow(out, size);

	if (at == NULL)
		return;
	while (size-- > 0) {
		at[size] = (char)number;
		number >>= 8;
	}
}

void
rst_out_bytes(struct rst_out *out, struct rst_view bytes)
{
	char *at = grow(out, bytes.len);

	if (at != NULL && bytes.len > 0)
		memcpy(at, bytes.ptr, bytes.len);
}

void
rst_out_text(struct rst_out *out, struct rst_view text, size_t size)
{
	if (size < sizeof(size_t) && text.len >> (8 * size) != 0) {
		out->too_long = true;
		return;
	}
	rst_out_number(out, text.len, size);
	rst_out_bytes(out, text);
}

struct rst_view
rst_out_view(const struct rst_out *out)
{
	return rst_view(out->bytes, out->len);
}

enum rst_err
rst_out_error(const struct rst_out *out)
{
	if (out->too_long)
		return RST_EINVALID;
	return out->failed ? RST_ENOMEM : RST_OK;
}

void
rst_out_release(struct rst_out *out)
{
	if (out->bytes != NULL)
		sodium_memzero(out->bytes, out->len);
	free(out->bytes);
	memset(out, 0, sizeof(*out));
}

struct rst_view
rst_in_bytes(struct rst_in *in, size_t n)
{
	struct rst_view bytes = { in->left.ptr, n };

	if (in->failed || n > in->left.len) {
		in->failed = true;
		return RST_VIEW("");
	}
	in->left.ptr += n;
	in->left.len -= n;
	return bytes;
}

uint64_t
rst_in_number(struct rst_in *in, size_t size)
{
	struct rst_view bytes = rst_in_bytes(in, size);
	uint64_t number = 0;

	for (size_t i = 0; i < bytes.len; i++)
		number = number << 8 | (unsigned char)bytes.ptr[i];
	return number;
}

struct rst_view
rst_in_text(struct rst_in *in, size_t size)
{
	return rst_in_bytes(in, rst_in_number(in, size));
}
