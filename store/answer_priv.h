/* SPDX-License-Identifier: OLDAP-2.8 */
/* answer_priv.h - what the check needs of answer.c */
#ifndef RST_ANSWER_PRIV_H
#define RST_ANSWER_PRIV_H

#include "store/answer.h"

#define RST_ANSWER_PREFIX "answer/"

/* A row; RST_ECORRUPT when it does not add up or open. */
enum rst_err rst_answer_decode(const struct rst_env *env, struct rst_view key,
                               struct rst_view value,
                               struct rst_answer *ret_answer) RST_MUST_USE;

#endif
