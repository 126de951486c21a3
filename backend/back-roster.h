/* SPDX-License-Identifier: OLDAP-2.8 */
/* back-roster.h - the backend's own state of a database */
#ifndef BACK_ROSTER_H
#define BACK_ROSTER_H

#include "store/env.h"

/* be_private of a database. */
struct roster_db {
	struct rst_env *env; /* NULL while closed */
};

#endif
