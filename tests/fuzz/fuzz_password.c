/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_password.c - a stored password, and one that somebody wants
 *
 * What passes as a hash costs no more than it may: nothing here hashes, so an
 * input that takes a second is a finding.
 */
#include "rules/password.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const words[] = { "alice", "Example", "" };
	const struct rule_password_policy all = { .min_length = 12,
		                                  .require = 15,
		                                  .blocklist = true };
	const struct rule_password_policy few = { .blocklist = true };
	char *text = fuzz_text(rst_view(data, size));
	enum rule_password_fault fault;
	char say[RULE_PASSWORD_SAY_BYTES];

	(void)rule_hash_scheme(text, size);
	fault = rule_password(&all, text, size, words, 3);
	if (fault == RULE_PASSWORD_FINE)
		FUZZ_MUST(size >= 12 && size <= RULE_PASSWORD_MAX &&
		          strlen(text) == size);
	else
		rule_password_say(fault, &all, say);
	fault = rule_password(&few, text, size, words, 3);
	rule_password_say(fault, &few, say);
	free(text);
	return 0;
}
