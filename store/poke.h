/* SPDX-License-Identifier: OLDAP-2.8 */
/* poke.h - telling the follower that something was committed
 *
 * slapd's follower (backend/follow.c) listens on a datagram socket in the
 * environment's directory.  Every commit of another process sends one empty
 * datagram there, without waiting: nobody may be listening, and whoever
 * listens looks at the journal, not at the datagram.
 */
#ifndef RST_POKE_H
#define RST_POKE_H

#include "store/env.h"

/*
 * Listen; the socket does not block.  One listener for an environment: a
 * second takes the place of the first.  RST_EIO.
 */
enum rst_err rst_poke_listen(struct rst_env *env, int *ret_fd) RST_MUST_USE;
/* Nobody listens any more; fd is the caller's to close. */
void rst_poke_unlisten(struct rst_env *env);
/* Wake whoever listens.  rst_write_commit() does it for commits of processes
 * that do not listen themselves. */
void rst_poke(struct rst_env *env);

#endif
