/* SPDX-License-Identifier: OLDAP-2.8 */
/* key.h - fingerprints of SSH keys, and until when a key admits its person
 *
 *	sshPublicKey	ssh-ed25519 AAAAC3Nza... ada@laptop
 *	rosterKeyUntil	20270131000000Z SHA256:n4bQgYhMfWWaL+qgxVrQ...
 *
 * A line for a key that is not there waits for it: whoever drops a key and
 * adds it again has not prolonged it.
 */
#ifndef LIFECYCLE_KEY_H
#define LIFECYCLE_KEY_H

#include "store/entry.h"

#define LIFECYCLE_FINGERPRINT_BYTES 51 /* "SHA256:", 43 of base64, NUL */

/* As ssh-keygen -l prints it.  False for what is no key. */
bool lifecycle_key_fingerprint(struct rst_view key,
                               char buf[LIFECYCLE_FINGERPRINT_BYTES]);

/* Read a line of rosterKeyUntil; false when it is malformed.
 * *ret_fingerprint borrows from line. */
bool lifecycle_key_line(struct rst_view line, int64_t *ret_until_s,
                        struct rst_view *ret_fingerprint);

/* From when on the key does not admit the person of record; INT64_MAX for one
 * without an end. */
int64_t lifecycle_key_until(const struct rst_record *record,
                            struct rst_view key);

#endif
