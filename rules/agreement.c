/* SPDX-License-Identifier: OLDAP-2.8 */
/* agreement.c - documents that people sign */
#include "rules/agreement.h"

#include "rules/utf8.h"

enum rule_verdict
rule_agreement_name(const char *name, size_t len)
{
	if (len == 0 || len > RULE_AGREEMENT_NAME_MAX || name[0] == '-')
		return RULE_INVALID_NAME;
	for (size_t i = 0; i < len; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') &&
		    !(name[i] >= '0' && name[i] <= '9') && name[i] != '-')
			return RULE_INVALID_NAME;
	return RULE_OK;
}

enum rule_verdict
rule_agreement_text(const char *text, size_t len)
{
	uint32_t c;

	if (len == 0 || len > RULE_AGREEMENT_TEXT_MAX)
		return RULE_INVALID_AGREEMENT;
	while (len > 0)
		if (!rule_utf8_next(&text, &len, &c) ||
		    (c < ' ' && c != '\n' && c != '\r' && c != '\t') ||
		    (c >= 0x7f && c < 0xa0))
			return RULE_INVALID_AGREEMENT;
	return RULE_OK;
}

enum rule_verdict
rule_agreement_version(const char *text, size_t len, uint32_t *ret_version)
{
	uint32_t version = 0;

	if (len == 0 || len > 6 || text[0] == '0')
		return RULE_INVALID_AGREEMENT;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return RULE_INVALID_AGREEMENT;
		version = 10 * version + (uint32_t)(text[i] - '0');
	}
	*ret_version = version;
	return RULE_OK;
}

enum rule_verdict
rule_agreement_follows(uint32_t from, uint32_t to, bool same_text)
{
	return to > from || (to == from && same_text) ? RULE_OK
	                                              : RULE_INVALID_AGREEMENT;
}
