/* SPDX-License-Identifier: OLDAP-2.8 */
/* slot.h - the right to compute a hash now
 *
 * At most C = min(cores - 1, 4) hashes, but one at least, run at a time in all
 * processes that share an environment: a core stays free of them where there
 * are two.  Who waits is served in the order of arrival; of those who gave a
 * wrong password just now (suspects) only some may wait at all.
 */
#ifndef LIFECYCLE_SLOT_H
#define LIFECYCLE_SLOT_H

#include "store/env.h"

#define SLOT_WAIT_MS  2000
#define SLOT_SUSPECTS 2

/*
 * Take a slot, waiting at most SLOT_WAIT_MS: RST_EBUSY then, or as soon as the
 * pause of lifecycle_password_set_pause() answers false, or at once for a
 * suspect when SLOT_SUSPECTS of them wait already.  RST_EIO, RST_EINVALID
 * when hash.lock cannot be opened.  *ret_slot is given back with
 * lifecycle_slot_give().
 */
enum rst_err lifecycle_slot_take(const struct rst_env *env, bool suspect,
                                 int *ret_slot) RST_MUST_USE;
void lifecycle_slot_give(int slot);

#endif
