/* SPDX-License-Identifier: OLDAP-2.8 */
/* utf8.h - walking UTF-8 strictly, and showing it */
#ifndef RULE_UTF8_H
#define RULE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Take the next character off *text (*len bytes, at least one).  False for
 * anything but well-formed UTF-8: overlong forms, surrogates, numbers above
 * U+10FFFF, a cut sequence.
 */
bool rule_utf8_next(const char **text, size_t *len, uint32_t *ret_char);

/* What a terminal or a log obeys instead of showing it is '?': the controls up
 * to U+001F and from U+007F to U+009F. */
void rule_utf8_visible(char *text);

#endif
