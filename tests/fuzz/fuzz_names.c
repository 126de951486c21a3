/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_names.c - what somebody may be called: every rule about a text */
#include "rules/agreement.h"
#include "rules/host.h"
#include "rules/names.h"
#include "rules/registration.h"
#include "rules/reserved.h"
#include "tests/fuzz/fuzz.h"

static void
proposed(const char *text, size_t len)
{
	char name[RULE_NAME_MAX + 1];

	rule_username_propose(text, len / 3, text + len / 3, len / 3,
	                      text + 2 * (len / 3), len - 2 * (len / 3),
	                      (unsigned int)(len % RULE_PROPOSALS_MAX), name);
	if (rule_username_public(name, strlen(name)) != RULE_OK)
		FUZZ_MUST(rule_username_reserved(name, strlen(name)) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(rst_view(data, size));
	uint32_t version;

	if (rule_username(text, size, true) == RULE_OK)
		FUZZ_MUST(size <= RULE_NAME_MAX && strlen(text) == size);
	if (rule_person_name(text, size) == RULE_OK)
		FUZZ_MUST(strlen(text) == size && strchr(text, '\n') == NULL);
	(void)rule_username_public(text, size);
	(void)rule_groupname(text, size);
	(void)rule_groupname_reserved(text, size);
	(void)rule_group_protected(text, size);
	(void)rule_gecos_text(text, size);
	(void)rule_language(text, size);
	(void)rule_language_tag(text, size);
	(void)rule_reason(text, size);
	(void)rule_shell(text, size);
	(void)rule_home(text, size);
	(void)rule_host_name(text, size);
	(void)rule_host_value(text, size);
	(void)rule_service_value(text, size);
	(void)rule_domains(text, size);
	(void)rule_agreement_name(text, size);
	(void)rule_agreement_text(text, size);
	(void)rule_agreement_version(text, size, &version);
	proposed(text, size);
	free(text);
	return 0;
}
