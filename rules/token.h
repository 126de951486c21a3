/* SPDX-License-Identifier: OLDAP-2.8 */
/* token.h - the form of API tokens, and what one may be used for
 *
 *	rst_4fK...43 random characters...x9Q0aB3d
 *
 * "rst_", 43 characters of [0-9A-Za-z] (256 random bits), six more that are
 * their CRC-32: who finds one in a repository or a log can tell what it is,
 * and a mistyped one is refused without a look into the directory.
 */
#ifndef RULE_TOKEN_H
#define RULE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/verdict.h"

#define RULE_TOKEN_RANDOM   43
#define RULE_TOKEN_TEXT     54  /* bytes with the NUL */
#define RULE_TOKEN_PREFIX   12  /* bytes of it that lists show */
#define RULE_TOKENS_MAX     50  /* live ones of one account */
#define RULE_TOKEN_NAME_MAX 64  /* characters */
#define RULE_SCOPES_MAX     32  /* of one token */
#define RULE_SCOPE_MAX      200 /* bytes of one */
#define RULE_ADDRESSES_MAX  32  /* of one token */
#define RULE_ADDRESS_MAX    64  /* bytes of one */

#define RULE_TOKEN_DEFAULT_S (INT64_C(90) * 86400)
#define RULE_TOKEN_MAX_S     (INT64_C(3650) * 86400)

/* The token of RULE_TOKEN_RANDOM characters of [0-9A-Za-z]. */
void rule_token_make(const char *random, char text[RULE_TOKEN_TEXT]);
/* Text has the form of a token, its CRC-32 too. */
bool rule_token_form(const char *text, size_t len);

/*
 * A scope: "inherit" (what the owner may), "read" (of that, GET alone), "ldap"
 * (as a password of LDAP, for reading alone unless "inherit" is beside it), or
 * "METHOD /path": that path below /api/v1 and what is beneath it, METHOD being
 * one of GET, POST, PUT, PATCH, DELETE or "*". RULE_OK or RULE_INVALID_SCOPE.
 */
enum rule_verdict rule_scope(const char *text, size_t len);
/* What one scope allows.  method "HEAD" is GET. */
bool rule_scope_allows(const char *text, size_t len, const char *method,
                       const char *path);
bool rule_scope_is(const char *text, size_t len, const char *word);

/*
 * A place to come from: an address, "192.0.2.0/24", "2001:db8::/32", or
 * "local" (a socket of this machine).  RULE_OK or RULE_INVALID_ADDRESS.
 */
enum rule_verdict rule_address(const char *text, size_t len);
/* peer, such as "192.0.2.7:4711", "[2001:db8::1]:4711", "unix" or "ldapi",
 * is there. */
bool rule_address_has(const char *text, size_t len, const char *peer,
                      size_t peer_len);

#endif
