/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_row.c - rows of the other tables: the journal, members, sessions, names
 *
 * The first byte is the table; of a member's row the second is the length of
 * the key.  A private part of the journal is what its seal had in it.
 */
#include "store/journal_priv.h"
#include "store/member_priv.h"
#include "store/record_priv.h"
#include "store/session_priv.h"
#include "tests/fuzz/fuzz.h"

static void
journal(struct rst_view bytes)
{
	struct rst_journal_public part;
	struct rst_journal_value value;

	if (rst_journal_decode(1, bytes, &part) == RST_OK)
		while (rst_journal_next_value(&part.values, &value))
			;
}

static void
member(struct rst_view bytes)
{
	struct rst_mrow row;
	struct rst_mkey key;
	enum rst_via via;
	uint64_t group;
	size_t len;

	if (bytes.len == 0)
		return;
	len = (unsigned char)bytes.ptr[0];
	bytes = rst_view(bytes.ptr + 1, bytes.len - 1);
	if (len > bytes.len)
		len = bytes.len;
	(void)!rst_mrow_decode(rst_view(bytes.ptr, len),
	                       rst_view(bytes.ptr + len, bytes.len - len),
	                       &row);
	(void)!rst_mrow_of_decode(bytes, &key, &group, &via);
}

static void
private_part(struct rst_view bytes)
{
	struct rst_journal_images images = { .len = bytes.len };

	images.bytes = fuzz_text(bytes);
	if (rst_journal_get_private(&images) == RST_OK)
		for (size_t i = 0; i < images.rows.n; i++)
			FUZZ_MUST(images.rows.items[i].text != NULL);
	rst_journal_images_release(&images);
}

/* As it is, and with the sum that no mutation finds. */
static void
session(struct rst_view bytes)
{
	struct rst_out out = { 0 };
	struct rst_session session;
	char sum[RST_SUM_BYTES];

	(void)!rst_session_decode(bytes, &session);
	if (bytes.len < sizeof(sum))
		return;
	bytes.len -= sizeof(sum);
	rst_sum(bytes, sum);
	rst_out_bytes(&out, bytes);
	rst_out_bytes(&out, rst_view(sum, sizeof(sum)));
	FUZZ_MUST(rst_out_error(&out) == RST_OK);
	if (rst_session_decode(rst_out_view(&out), &session) == RST_OK)
		FUZZ_MUST(strlen(session.address) < sizeof(session.address) &&
		          strlen(session.agent) < sizeof(session.agent));
	rst_out_release(&out);
}

/* All views lie within the row, one behind the other. */
static void
name(struct rst_view bytes)
{
	const char *end = bytes.ptr + bytes.len;
	struct rst_name name;

	if (rst_name_decode(bytes, &name) != RST_OK)
		return;
	FUZZ_MUST(name.rdn.len > 0 && name.rdn.ptr > bytes.ptr);
	FUZZ_MUST(name.nrdn.len > 0 && name.nrdn.ptr >= name.rdn.ptr);
	FUZZ_MUST(name.nrdn.ptr + name.nrdn.len <= end);
	FUZZ_MUST(name.uid.ptr == NULL ||
	          (name.uid.ptr > name.rdn.ptr &&
	           name.uid.ptr + name.uid.len == end) ||
	          (name.uid.ptr == name.rdn.ptr + 4 &&
	           name.uid.len == name.rdn.len - 4));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rst_view bytes;

	if (size == 0)
		return 0;
	bytes = rst_view(data + 1, size - 1);
	switch (data[0] % 5) {
	case 0:
		journal(bytes);
		break;
	case 1:
		member(bytes);
		break;
	case 2:
		session(bytes);
		break;
	case 3:
		name(bytes);
		break;
	case 4:
		private_part(bytes);
		break;
	}
	return 0;
}
