/* SPDX-License-Identifier: OLDAP-2.8 */
/* overview.h - the directory in numbers
 *
 * Counting looks at every account and up to OVERVIEW_RECORDS_MAX of the
 * journal, so it is done at most once in OVERVIEW_FRESH_S, whoever asks; when
 * failures of signing in were journaled since, in OVERVIEW_SETTLE_S.  Those
 * that wait to be journaled are added each time: one failure shows at once.
 */
#ifndef HTTPD_OVERVIEW_H
#define HTTPD_OVERVIEW_H

#include "httpd/json.h"
#include "store/env.h"

#define OVERVIEW_FRESH_S     60
#define OVERVIEW_SETTLE_S    5
#define OVERVIEW_DAYS        14
#define OVERVIEW_RECORDS_MAX 200000 /* of the journal that are looked at */
#define OVERVIEW_SOON_S      (OVERVIEW_DAYS * INT64_C(86400))

struct overview;

struct overview *overview_new(void);
void overview_free(struct overview *overview);
/* A copy of the numbers, owned by the caller. */
enum rst_err overview_get(struct overview *overview, struct rst_env *env,
                          int64_t now_s, cJSON **ret_body) RST_MUST_USE;

#endif
