/* SPDX-License-Identifier: OLDAP-2.8 */
/* oracle.h - what clients were told, and whether an environment keeps it
 *
 * A promise is a key with a value.  After a crash the value must be the last
 * acknowledged one or one that was asked for since.  The keys are the facts of
 * tests/both/acts.py.
 */
#ifndef POWER_ORACLE_H
#define POWER_ORACLE_H

#include "store/env.h"

struct oracle;

struct oracle *oracle_new(void);
void oracle_free(struct oracle *oracle);

/* "key\tvalue" was tried or acknowledged; text lives as long as oracle. */
void oracle_tried(struct oracle *oracle, struct rst_view text);
void oracle_acknowledged(struct oracle *oracle, struct rst_view text);

/* Was key ever acknowledged? */
bool oracle_knows(const struct oracle *oracle, const char *key);

/* What is wrong with the promises in env: the number that is broken, the
 * first one in why. */
size_t oracle_check(const struct oracle *oracle, struct rst_env *env,
                    struct rst_detail *why);

#endif
