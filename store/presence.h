/* SPDX-License-Identifier: OLDAP-2.8 */
/* presence.h - is slapd there?
 *
 * Who serves LDAP from an environment holds a shared flock on its file
 * "serving"; the kernel lets go of it however the process ends.  It protects
 * nothing: it is for saying that nobody answers LDAP.
 */
#ifndef RST_PRESENCE_H
#define RST_PRESENCE_H

#include <stdbool.h>

#include "store/err.h"

/* Say that this process serves dir; the descriptor, or -1: nobody will know. */
int rst_presence_hold(const char *dir);
/* -1 is allowed. */
void rst_presence_release(int fd);
/* Does somebody serve dir?  RST_ENOMEM (no file can be opened), RST_EIO when
 * that cannot be seen. */
enum rst_err rst_presence(const char *dir, bool *ret_serves) RST_MUST_USE;

#endif
