/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_key.c - a value of sshPublicKey, and one of rosterKeyUntil */
#include "lifecycle/key.h"
#include "rules/ssh_key.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(rst_view(data, size));
	char print[LIFECYCLE_FINGERPRINT_BYTES];
	struct rst_view fingerprint;
	const char *why = NULL;
	int64_t until_s;

	if (rule_ssh_key(text, size, &why) == RULE_OK) {
		FUZZ_MUST(size <= RULE_SSH_KEY_MAX);
		FUZZ_MUST(
			lifecycle_key_fingerprint(rst_view(text, size), print));
		FUZZ_MUST(strncmp(print, "SHA256:", 7) == 0);
	} else {
		FUZZ_MUST(why != NULL);
	}
	if (lifecycle_key_line(rst_view(text, size), &until_s, &fingerprint))
		FUZZ_MUST(fingerprint.len == LIFECYCLE_FINGERPRINT_BYTES - 1);
	free(text);
	return 0;
}
