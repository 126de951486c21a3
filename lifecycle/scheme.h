/* SPDX-License-Identifier: OLDAP-2.8 */
/* scheme.h - passwords as other servers hashed them */
#ifndef LIFECYCLE_SCHEME_H
#define LIFECYCLE_SCHEME_H

#include "store/env.h"

enum lifecycle_match {
	LIFECYCLE_MATCH_UNKNOWN, /* not a scheme of ours, or malformed */
	LIFECYCLE_MATCH_NOT,
	LIFECYCLE_MATCH,
};
/*
 * stored is "{SSHA}...", "{CRYPT}..." and their like, of which
 * rule_hash_scheme() said RULE_SCHEME_OTHER.  Up to a second of work for the
 * dearest {CRYPT}, so with a slot held and outside any transaction.
 */
enum lifecycle_match lifecycle_scheme_match(struct rst_view stored,
                                            struct rst_view password);

#endif
