/* SPDX-License-Identifier: OLDAP-2.8 */
/* registration.h - who may register, and under what name */
#ifndef RULE_REGISTRATION_H
#define RULE_REGISTRATION_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/names.h"

#define RULE_DOMAIN_MAX 253 /* bytes of one */

/*
 * A list of domains with commas between, lower case, in A-labels; one that
 * begins with a dot means every domain below it.  RULE_OK or
 * RULE_INVALID_SETTING.  Empty is a list of none.
 */
enum rule_verdict rule_domains(const char *list, size_t len);
/* The domain of mail, which is canonical, is in the list. */
bool rule_domain_listed(const char *list, const char *mail);
/* RULE_OK or RULE_EMAIL_DOMAIN; an empty allowed admits every domain that is
 * not blocked. */
enum rule_verdict rule_registration_mail(const char *allowed,
                                         const char *blocked, const char *mail);

/*
 * A username for somebody: the part of mail before the @, or the first letter
 * of the given name and the surname, or "person"; in lower case, accents
 * dropped ("Jörg" is joerg), and nothing that a name cannot have.  The first
 * has n 0; with n it ends in that number, cut to fit.  It satisfies
 * rule_username_public() unless it is reserved.
 */
#define RULE_PROPOSALS_MAX 1000
void rule_username_propose(const char *given, size_t given_len, const char *sn,
                           size_t sn_len, const char *mail, size_t mail_len,
                           unsigned int n, char buf[RULE_NAME_MAX + 1]);

#endif
