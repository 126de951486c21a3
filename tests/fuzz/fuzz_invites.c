/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_invites.c - a list of who is to be invited */
#include "rules/invite_list.h"
#include "tests/fuzz/fuzz.h"

/* A word is of the list, and has none of what is between words. */
static void
check_word(const char *list, size_t size, const struct rule_word *word)
{
	FUZZ_MUST(word->len > 0 && word->ptr >= list &&
	          word->ptr + word->len <= list + size);
	for (size_t i = 0; i < word->len; i++)
		FUZZ_MUST(strchr(",; \t\"\r\n", word->ptr[i]) == NULL ||
		          word->ptr[i] == '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *list = (const char *)data;
	struct rule_invite_cursor cursor = { 0 };
	char say[RULE_INVITEE_SAY_BYTES] = "";
	struct rule_invitee one;
	unsigned int line = 0;
	size_t n = 0, counted = 0;

	if (!rule_invite_count(list, size, &counted, say)) {
		FUZZ_MUST(say[0] != '\0');
		return 0;
	}
	while (rule_invite_next(list, size, &cursor, &one) ==
	       RULE_INVITE_LINE) {
		FUZZ_MUST(one.line > line);
		line = one.line;
		n++;
		check_word(list, size, &one.mail);
		for (size_t i = 0; i < one.n_groups; i++)
			check_word(list, size, &one.groups[i]);
	}
	FUZZ_MUST(n == counted && n <= RULE_INVITEES_MAX);
	return 0;
}
