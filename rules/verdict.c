/* SPDX-License-Identifier: OLDAP-2.8 */
/* verdict.c - codes and texts of what rules answer */
#include "rules/verdict.h"

const char *
rule_verdict_code(enum rule_verdict verdict)
{
	switch (verdict) {
#define RULE_VERDICT_CODE(id, code, text)                                      \
	case RULE_##id:                                                        \
		return code;
		RULE_VERDICTS(RULE_VERDICT_CODE)
#undef RULE_VERDICT_CODE
	}
	return "unknown";
}

const char *
rule_verdict_text(enum rule_verdict verdict)
{
	switch (verdict) {
#define RULE_VERDICT_TEXT(id, code, text)                                      \
	case RULE_##id:                                                        \
		return text;
		RULE_VERDICTS(RULE_VERDICT_TEXT)
#undef RULE_VERDICT_TEXT
	}
	return "refused";
}
