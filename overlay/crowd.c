/* SPDX-License-Identifier: OLDAP-2.8 */
/* crowd.c - how many of slapd's threads may hash or wait to hash */
#include "portable.h"

#include "slap.h"

#include "overlay/over_priv.h"

static int hashing; /* __atomic */

bool
over_hash_enter(void)
{
	int most = connection_pool_max / 2;
	bool room;

	room = __atomic_add_fetch(&hashing, 1, __ATOMIC_SEQ_CST) <=
	       (most > 1 ? most : 1);
	if (!room)
		over_hash_leave();
	return room;
}

void
over_hash_leave(void)
{
	__atomic_sub_fetch(&hashing, 1, __ATOMIC_SEQ_CST);
}
