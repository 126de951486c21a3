/* SPDX-License-Identifier: OLDAP-2.8 */
/* crowd.c - how many of slapd's threads may hash or wait to hash
 *
 *	threads  |----------------|
 *	places   |========|         half of them
 *	suspects |==|               a quarter of the places, of all of them
 *
 * Who failed just now is remembered by the hash of his name, one to a row; a
 * row that two share forgets the older.
 */
#include "portable.h"

#include "slap.h"

#include <sodium.h>

#include "overlay/over_priv.h"

#define ROWS      1024
#define SUSPECT_S 60

static struct {
	ldap_pvt_thread_mutex_t lock; /* of all the rest */
	int places, suspects;
	unsigned char key[crypto_shorthash_KEYBYTES];
	struct {
		uint64_t account;
		int64_t failed_s; /* 0: nobody */
	} rows[ROWS];
} crowd;

void
over_crowd_init(void)
{
	ldap_pvt_thread_mutex_init(&crowd.lock);
	crypto_shorthash_keygen(crowd.key);
}

static int64_t
monotonic_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static uint64_t
account_of(const struct berval *ndn)
{
	union {
		unsigned char bytes[crypto_shorthash_BYTES];
		uint64_t number;
	} hash = { .number = 0 };

	if (ndn != NULL)
		crypto_shorthash(hash.bytes, (unsigned char *)ndn->bv_val,
		                 ndn->bv_len, crowd.key);
	return hash.number;
}

/* With the lock. */
static bool
just_failed(uint64_t account)
{
	int64_t failed_s = crowd.rows[account % ROWS].failed_s;

	return crowd.rows[account % ROWS].account == account && failed_s != 0 &&
	       monotonic_s() - failed_s < SUSPECT_S;
}

static int
at_least_one(int n)
{
	return n > 0 ? n : 1;
}

bool
over_hash_enter(const struct berval *account, struct over_place *ret_place)
{
	struct over_place place = { account_of(account), false };
	int most = at_least_one(connection_pool_max / 2);
	bool room;

	ldap_pvt_thread_mutex_lock(&crowd.lock);
	place.suspect = account != NULL && just_failed(place.account);
	room = crowd.places < most &&
	       (!place.suspect || crowd.suspects < at_least_one(most / 4));
	crowd.places += room;
	crowd.suspects += room && place.suspect;
	ldap_pvt_thread_mutex_unlock(&crowd.lock);
	if (room)
		*ret_place = place;
	return room;
}

void
over_hash_leave(const struct over_place *place, enum rst_err outcome)
{
	size_t row = place->account % ROWS;
	bool named = place->account != 0;

	ldap_pvt_thread_mutex_lock(&crowd.lock);
	crowd.places--;
	crowd.suspects -= place->suspect;
	if (named && outcome == RST_EDENIED) {
		crowd.rows[row].account = place->account;
		crowd.rows[row].failed_s = monotonic_s() + 1;
	} else if (named && outcome == RST_OK &&
	           crowd.rows[row].account == place->account) {
		crowd.rows[row].failed_s = 0;
	}
	ldap_pvt_thread_mutex_unlock(&crowd.lock);
}
