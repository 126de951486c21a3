/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_time.c - a time as LDAP or HTTP writes it, and a CSN */
#include "httpd/json.h"
#include "lifecycle/moment.h"
#include "store/journal_priv.h"
#include "tests/fuzz/fuzz.h"

/* Printed, nothing is before the year 1. */
#define FIRST INT64_C(-62135596800)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rst_view text = rst_view(data, size);
	char csn[RST_CSN_MAX], again[RST_CSN_MAX];
	char buf[LIFECYCLE_TIME_BYTES];
	int64_t time_s, back_s;

	if (lifecycle_time_parse(text, &time_s)) {
		lifecycle_time_print(time_s, buf);
		FUZZ_MUST(lifecycle_time_parse(rst_view_of(buf), &back_s));
		FUZZ_MUST(back_s == (time_s < FIRST ? FIRST : time_s));
	}
	if (json_time_parse(text, &time_s)) {
		lifecycle_time_print_3339(time_s, buf);
		FUZZ_MUST(json_time_parse(rst_view_of(buf), &back_s));
		FUZZ_MUST(back_s == (time_s < FIRST ? FIRST : time_s));
	}
	if (rst_csn_canonical(text, csn)) {
		FUZZ_MUST(rst_csn_canonical(rst_view_of(csn), again));
		FUZZ_MUST(strcmp(csn, again) == 0);
	}
	return 0;
}
