/* SPDX-License-Identifier: OLDAP-2.8 */
/* stress.c - every thread of one environment at once, for ThreadSanitizer
 *
 *	stress DIRECTORY SECONDS
 *
 * Writers add and drop entries and journal it, readers walk them, others fail
 * and succeed to sign in, remember right passwords, wait for a slot to hash,
 * and a follower is woken by each commit and reads the journal.  At the end
 * the sums must be right; what a race is, the run-time says.
 */
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lifecycle/slot.h"
#include "lifecycle/throttle.h"
#include "lifecycle/verified.h"
#include "store/attr.h"
#include "store/entry.h"
#include "store/journal.h"
#include "store/poke.h"
#include "store/tree.h"

#include <pthread.h>

#define NOW_S    1800000000
#define THREADS  2 /* of each kind but the follower */
#define ACCOUNTS 8 /* few, so that threads meet */
#define SUFFIX   "dc=example,dc=org"

static struct rst_env *env;
static struct throttle *throttle;
static uint64_t people;
static uint16_t cn;
static atomic_bool done, quiet;
static atomic_uint_fast64_t added, dropped, reads, rounds, followed, slots;

static void
must(enum rst_err err, const char *what)
{
	if (err == RST_OK)
		return;
	fprintf(stderr, "%s: %s\n", what, rst_strerror(err));
	_exit(1);
}

static uint64_t
add_entry(struct rst_wtxn *txn, uint64_t parent, const char *rdn,
          const char *name)
{
	struct rst_entry *entry;
	uint64_t id;

	must(rst_entry_new(&entry), "new");
	must(rst_entry_place(entry, parent, rst_view_of(rdn), rst_view_of(rdn)),
	     "place");
	must(rst_entry_add(entry, cn, rst_view_of(name)), "value");
	must(rst_entry_store_add(txn, entry), "add");
	id = rst_entry_id(entry);
	rst_entry_free(entry);
	return id;
}

static void
journal(struct rst_wtxn *txn, const char *dn)
{
	char csn[RST_CSN_MAX];
	struct rst_journal_entry entry = {
		.op = RST_J_EVENT,
		.door = RST_DOOR_CLI,
		.act = RST_VIEW("stress"),
		.actor = RST_VIEW("cn=stress"),
		.reason = rst_view_of(dn),
		.time_s = NOW_S,
	};

	must(rst_csn_next(txn, NOW_S, 0, 1, csn), "csn");
	entry.csn = rst_view_of(csn);
	must(rst_journal_append(txn, &entry, NULL), "journal");
}

static void *
write_entries(void *arg)
{
	const unsigned int me = (unsigned int)(uintptr_t)arg;
	char rdn[64], dn[128];

	for (unsigned int i = 0; !atomic_load(&done); i++) {
		struct rst_wtxn txn;
		enum rst_err err;
		uint64_t id;

		err = rst_write_begin(env, RST_WRITE_ORDINARY, &txn);
		if (err == RST_EBUSY)
			continue;
		must(err, "write");
		(void)snprintf(rdn, sizeof(rdn), "cn=w%u-%u", me, i);
		(void)snprintf(dn, sizeof(dn), "%s," SUFFIX, rdn);
		id = add_entry(&txn, people, rdn, rdn + 3);
		journal(&txn, dn);
		if (i % 2 == 0) {
			must(rst_entry_store_drop(&txn, id), "drop");
			journal(&txn, dn);
		}
		if (i % 7 == 6) {
			rst_write_abort(&txn);
			continue;
		}
		must(rst_write_commit(&txn), "commit");
		atomic_fetch_add(&added, 1);
		atomic_fetch_add(&dropped, i % 2 == 0);
		rst_poke(env);
	}
	return NULL;
}

static void *
read_entries(void *arg)
{
	(void)arg;
	while (!atomic_load(&done)) {
		struct rst_env_info info;
		struct rst_record record;
		struct rst_rtxn txn;
		enum rst_match match;
		const char *name;
		enum rst_err err;
		uint64_t id = 0;

		must(rst_read_begin(env, &txn), "read");
		while ((err = rst_record_next(&txn, &id, &record)) == RST_OK)
			must(rst_attr_name(&txn, cn, &name, &match), "name");
		rst_read_end(&txn);
		if (err != RST_ENOTFOUND)
			must(err, "walk");
		must(rst_env_info(env, &info), "info");
		atomic_fetch_add(&reads, 1);
	}
	return NULL;
}

static void *
sign_in(void *arg)
{
	static struct throttle_report reports[THREADS][THROTTLE_REPORTS];
	const size_t me = (size_t)(uintptr_t)arg;
	struct verified *verified = throttle_verified(throttle);

	for (uint32_t i = 0; !atomic_load(&done); i++) {
		const uint64_t id = i % ACCOUNTS + 1;
		const struct verified_proof proof = {
			.id = id,
			.generation = i / 64,
			.stored = RST_VIEW("{ARGON2}stored"),
			.password = RST_VIEW("right"),
		};
		struct throttle_report report = {
			.event = i % 2 ? THROTTLE_WRONG : THROTTLE_SIGN_IN,
			.id = id,
			.count = 1,
			.address = "192.0.2.1:4711",
		};
		const throttle_key key =
			throttle_account(throttle, id, RST_VIEW("ada"));
		const uint32_t now_s = NOW_S + i / 16;
		struct throttle_omitted omitted;
		struct throttle_state state;

		throttle_fail(throttle, key,
		              throttle_check(throttle, key, RST_VIEW("bad")),
		              now_s);
		throttle_get(throttle, key, &state);
		if (throttle_lock(throttle, key, now_s))
			throttle_recorded(throttle, key, now_s);
		throttle_success(throttle, throttle_pair(throttle, key, 0),
		                 now_s);
		throttle_clear(throttle, key);
		throttle_report_add(throttle, &report, now_s);
		if (i % 64 == 0)
			(void)throttle_report_take(throttle, now_s, true,
			                           reports[me], &omitted);
		verified_put(verified, &proof, now_s);
		if (verified_has(verified, &proof, now_s, 60))
			throttle_verified_count(throttle);
		atomic_fetch_add(&rounds, 1);
	}
	return NULL;
}

static void *
wait_for_slots(void *arg)
{
	(void)arg;
	while (!atomic_load(&done)) {
		enum rst_err err;
		int slot = -1;

		err = lifecycle_slot_take(env, false, &slot);
		if (err == RST_EBUSY)
			continue;
		must(err, "slot");
		lifecycle_slot_give(slot);
		atomic_fetch_add(&slots, 1);
	}
	return NULL;
}

static void *
follow(void *arg)
{
	uint64_t at = 0;
	int fd = -1;

	(void)arg;
	must(rst_poke_listen(env, &fd), "listen");
	for (;;) {
		const bool last = atomic_load(&quiet);
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		struct rst_journal_public record;
		struct rst_rtxn txn;
		char poked;

		(void)poll(&wait, 1, last ? 0 : 50);
		while (read(fd, &poked, 1) >= 0)
			;
		must(rst_read_begin(env, &txn), "follow");
		while (rst_journal_get(&txn, at + 1, &record) == RST_OK) {
			at++;
			atomic_fetch_add(&followed, 1);
		}
		rst_read_end(&txn);
		if (last)
			break;
	}
	rst_poke_unlisten(env);
	close(fd);
	return NULL;
}

static void
prepare(const char *dir)
{
	struct rst_env_options options = { .map_bytes = 64 << 20,
		                           .create = true };
	struct rst_detail why = { "" };
	struct rst_wtxn txn;
	uint64_t suffix;

	must(rst_env_open(dir, &options, &env, &why), why.text);
	must(rst_write_begin(env, RST_WRITE_ORDINARY, &txn), "prepare");
	must(rst_setting_put(&txn, "suffix", RST_VIEW(SUFFIX)), "suffix");
	must(rst_attr_intern(&txn, RST_VIEW("cn"), RST_MATCH_IGNORE, &cn),
	     "attribute");
	suffix = add_entry(&txn, 0, SUFFIX, "example");
	people = add_entry(&txn, suffix, "ou=people", "people");
	must(rst_write_commit(&txn), "prepared");
	throttle = throttle_of(env);
	if (throttle == NULL || throttle_verified(throttle) == NULL)
		must(RST_ENOMEM, "throttle");
}

/* What there is, counted again. */
static int
sums_are_right(void)
{
	struct rst_env_info info;
	struct rst_rtxn txn;
	uint64_t last;

	must(rst_env_info(env, &info), "info");
	must(rst_read_begin(env, &txn), "sums");
	last = rst_journal_last(&txn);
	rst_read_end(&txn);
	printf("added %lu, dropped %lu, followed %lu, walked %lu times, "
	       "signed in %lu times, %lu slots\n",
	       (unsigned long)added, (unsigned long)dropped,
	       (unsigned long)followed, (unsigned long)reads,
	       (unsigned long)rounds, (unsigned long)slots);
	return info.entries == 2 + added - dropped && followed == last &&
	       last == added + dropped && added > 0 && reads > 0 &&
	       rounds > 0 && slots > 0;
}

int
main(int argc, char **argv)
{
	void *(*const kinds[])(void *) = { write_entries, read_entries, sign_in,
		                           wait_for_slots };
	enum {
		KINDS = sizeof(kinds) / sizeof(kinds[0])
	};
	pthread_t threads[KINDS * THREADS + 1];
	size_t n = 0;
	int right;

	if (argc != 3)
		return 2;
	prepare(argv[1]);
	for (size_t i = 0; i < KINDS * THREADS + 1; i++, n++)
		if (pthread_create(&threads[i], NULL,
		                   i < KINDS * THREADS ? kinds[i % KINDS]
		                                       : follow,
		                   (void *)(uintptr_t)(i / KINDS)) != 0)
			must(RST_ENOMEM, "thread");
	(void)sleep((unsigned int)strtoul(argv[2], NULL, 10));
	atomic_store(&done, true);
	/* the follower, the last, sees what the others did last */
	for (size_t i = 0; i < n; i++) {
		atomic_store(&quiet, i == n - 1);
		pthread_join(threads[i], NULL);
	}
	right = sums_are_right();
	rst_env_close(env);
	return right ? 0 : 1;
}
