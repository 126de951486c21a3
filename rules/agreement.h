/* SPDX-License-Identifier: OLDAP-2.8 */
/* agreement.h - documents that people sign */
#ifndef RULE_AGREEMENT_H
#define RULE_AGREEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/verdict.h"

#define RULE_AGREEMENTS_MAX        32 /* documents of a site */
#define RULE_AGREEMENT_NAME_MAX    64 /* bytes */
#define RULE_AGREEMENT_TEXT_MAX    16384
#define RULE_AGREEMENT_VERSION_MAX 999999

/* Lower-case letters, digits and hyphens, no hyphen first: a name is part of
 * a URL.  RULE_INVALID_NAME. */
enum rule_verdict rule_agreement_name(const char *name, size_t len);
/* UTF-8, without control characters but tabs and ends of lines.
 * RULE_INVALID_AGREEMENT. */
enum rule_verdict rule_agreement_text(const char *text, size_t len);
/* "1" to "999999", as a number.  RULE_INVALID_AGREEMENT. */
enum rule_verdict rule_agreement_version(const char *text, size_t len,
                                         uint32_t *ret_version);
/*
 * What was signed stays what it was: another text is another version, and
 * versions only rise.  RULE_INVALID_AGREEMENT.
 */
enum rule_verdict rule_agreement_follows(uint32_t from, uint32_t to,
                                         bool same_text);

#endif
