/* SPDX-License-Identifier: OLDAP-2.8 */
/* session_priv.h - what sessions share with rst_check() */
#ifndef RST_SESSION_PRIV_H
#define RST_SESSION_PRIV_H

#include "store/session.h"

/* RST_ECORRUPT. */
enum rst_err rst_session_decode(struct rst_view bytes,
                                struct rst_session *ret_session) RST_MUST_USE;

#endif
