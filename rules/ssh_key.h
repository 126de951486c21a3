/* SPDX-License-Identifier: OLDAP-2.8 */
/* ssh_key.h - which SSH public keys an account may have */
#ifndef RULE_SSH_KEY_H
#define RULE_SSH_KEY_H

#include <stddef.h>

#include "rules/verdict.h"

#define RULE_SSH_KEY_MAX  16384 /* bytes of one line */
#define RULE_SSH_KEYS_MAX 50    /* of one account */
#define RULE_SSH_RSA_MIN  2048  /* bits of a modulus */
#define RULE_SSH_RSA_MAX  16384
#define RULE_SSH_TYPES                                                         \
	"ssh-ed25519, sk-ssh-ed25519@openssh.com, ecdsa-sha2-nistp256, "       \
	"-nistp384 or -nistp521, sk-ecdsa-sha2-nistp256@openssh.com, or "      \
	"ssh-rsa of 2048 bits and more"

/*
 * One line of ~/.ssh/authorized_keys without options: type, base64, and
 * perhaps a comment of printable UTF-8.  The type is one of RULE_SSH_TYPES,
 * the encoded key has that type and what belongs to it, and nothing more.
 * RULE_INVALID_KEY, with *ret_why a static sentence.
 */
enum rule_verdict rule_ssh_key(const char *line, size_t len,
                               const char **ret_why);

#endif
