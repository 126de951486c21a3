/* SPDX-License-Identifier: OLDAP-2.8 */
/* crowd.c - how many of slapd's threads may hash or wait to hash
 *
 *	threads  |----------------|
 *	places   |========|         half of them
 *	suspects |==|               a quarter of the places, of all of them
 */
#include "portable.h"

#include "slap.h"

#include "overlay/over_priv.h"

static ldap_pvt_thread_mutex_t crowd_mutex;
static int places, suspects; /* under crowd_mutex */

void
over_crowd_init(void)
{
	ldap_pvt_thread_mutex_init(&crowd_mutex);
}

static int
at_least_one(int n)
{
	return n > 0 ? n : 1;
}

bool
over_hash_enter(bool suspect)
{
	int most = at_least_one(connection_pool_max / 2);
	bool room;

	ldap_pvt_thread_mutex_lock(&crowd_mutex);
	room = places < most && (!suspect || suspects < at_least_one(most / 4));
	places += room;
	suspects += room && suspect;
	ldap_pvt_thread_mutex_unlock(&crowd_mutex);
	return room;
}

void
over_hash_leave(bool suspect)
{
	ldap_pvt_thread_mutex_lock(&crowd_mutex);
	places--;
	suspects -= suspect;
	ldap_pvt_thread_mutex_unlock(&crowd_mutex);
}
