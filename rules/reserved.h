/* SPDX-License-Identifier: OLDAP-2.8 */
/* reserved.h - names that nobody may take, and why */
#ifndef RULE_RESERVED_H
#define RULE_RESERVED_H

#include <stddef.h>

/* Why a lower-case name is reserved, in words; NULL when it is not. */
const char *rule_username_reserved(const char *name, size_t len);
const char *rule_groupname_reserved(const char *name, size_t len);

#endif
