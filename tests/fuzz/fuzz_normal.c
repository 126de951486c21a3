/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_normal.c - a value's normal form, by every matching rule
 *
 * The first byte is the rule.  A normal form is its own normal form: the two
 * processes hand each other's on.
 */
#include "store/attr.h"
#include "store/record_priv.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rst_normal first, second;
	enum rst_match match;
	char key[RST_NORMAL_MAX];
	size_t len;

	if (size == 0)
		return 0;
	match = (enum rst_match)(data[0] % (RST_MATCH_CSN + 1));
	FUZZ_MUST(rst_normal_make(match, rst_view(data + 1, size - 1),
	                          &first) == RST_OK);
	FUZZ_MUST(rst_normal_make(match, first.text, &second) == RST_OK);
	FUZZ_MUST(rst_view_equal(first.text, second.text));
	FUZZ_MUST(rst_normalise(match, first.text, key, &len) == RST_OK);
	FUZZ_MUST(len <= RST_NORMAL_MAX);
	rst_normal_release(&first);
	rst_normal_release(&second);
	return 0;
}
