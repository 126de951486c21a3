/* SPDX-License-Identifier: OLDAP-2.8 */
/* oracle.c - what clients were told, and whether an environment keeps it */
#include "tests/power/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle/acts.h"
#include "store/index.h"
#include "store/member.h"
#include "store/tree.h"

#define PROMISES_MAX 4096
#define TRIED_MAX    64 /* without an acknowledgement between */
#define GROUPS_MAX   64 /* of one person */

struct promise {
	struct rst_view key, acknowledged;
	struct rst_view tried[TRIED_MAX];
	size_t n_tried;
};

struct oracle {
	struct promise promises[PROMISES_MAX];
	size_t n;
};

struct oracle *
oracle_new(void)
{
	return calloc(1, sizeof(struct oracle));
}

void
oracle_free(struct oracle *oracle)
{
	free(oracle);
}

size_t
oracle_size(const struct oracle *oracle)
{
	return oracle->n;
}

static struct promise *
promise_of(struct oracle *oracle, struct rst_view text,
           struct rst_view *ret_value)
{
	const char *tab = memchr(text.ptr, '\t', text.len);
	struct promise *promise;
	struct rst_view key;
	size_t i;

	if (tab == NULL) {
		fprintf(stderr, "replay: a promise without a tab\n");
		exit(2);
	}
	key = rst_view(text.ptr, (size_t)(tab - text.ptr));
	*ret_value = rst_view(tab + 1, text.len - key.len - 1);
	for (i = 0; i < oracle->n; i++)
		if (rst_view_equal(oracle->promises[i].key, key))
			return &oracle->promises[i];
	if (oracle->n == PROMISES_MAX) {
		fprintf(stderr, "replay: too many promises\n");
		exit(2);
	}
	promise = &oracle->promises[oracle->n++];
	promise->key = key;
	promise->acknowledged = rst_view_of("-");
	return promise;
}

void
oracle_tried(struct oracle *oracle, struct rst_view text)
{
	struct rst_view value;
	struct promise *promise = promise_of(oracle, text, &value);

	if (promise->n_tried == TRIED_MAX) {
		fprintf(stderr, "replay: too many tries of one promise\n");
		exit(2);
	}
	promise->tried[promise->n_tried++] = value;
}

void
oracle_acknowledged(struct oracle *oracle, struct rst_view text)
{
	struct rst_view value;
	struct promise *promise = promise_of(oracle, text, &value);

	promise->acknowledged = value;
	promise->n_tried = 0;
}

static bool
may_be(const struct promise *promise, struct rst_view seen)
{
	if (rst_view_equal(seen, promise->acknowledged))
		return true;
	for (size_t i = 0; i < promise->n_tried; i++)
		if (rst_view_equal(seen, promise->tried[i]))
			return true;
	return false;
}

/* The entry that attr's index has under name must be the one the tree has:
 * its id, 0 when neither knows it; false when they disagree. */
static bool
same_by_index(const struct rst_rtxn *txn, uint16_t attr, struct rst_view name,
              enum rst_err found, uint64_t id)
{
	uint64_t ids[2];
	size_t n;

	if (rst_index_equal(txn, attr, name, 0, ids, 2, &n) != RST_OK)
		return false;
	if (found == RST_ENOTFOUND)
		return n == 0;
	return found == RST_OK && n == 1 && ids[0] == id;
}

static bool
see_person(const struct rst_rtxn *txn, struct rst_view name,
           struct rst_view *ret_seen)
{
	struct rst_record record;
	uint64_t id = 0;
	enum rst_err err = act_find_person(txn, name, &id);

	if (!same_by_index(txn, RST_A_UID, name, err, id))
		return false;
	if (err != RST_OK)
		return true;
	if (rst_record_get(txn, id, &record) != RST_OK)
		return false;
	*ret_seen = rst_record_first(&record, RST_A_DISPLAYNAME);
	return true;
}

static bool
see_group(const struct rst_rtxn *txn, struct rst_view name,
          struct rst_view *ret_seen)
{
	uint64_t id = 0;
	enum rst_err err = act_find_group(txn, name, &id);

	if (err == RST_OK)
		*ret_seen = rst_view_of("yes");
	return same_by_index(txn, RST_A_CN, name, err, id);
}

static bool
see_member(const struct rst_rtxn *txn, struct rst_view name,
           struct rst_view *ret_seen)
{
	const char *slash = memchr(name.ptr, '/', name.len);
	uint64_t group, person, ids[GROUPS_MAX];
	bool of = false;
	size_t n;

	if (slash == NULL)
		return false;
	if (act_find_group(txn, rst_view(name.ptr, (size_t)(slash - name.ptr)),
	                   &group) != RST_OK)
		return true;
	name = rst_view(slash + 1, name.len - (size_t)(slash + 1 - name.ptr));
	if (act_find_person(txn, name, &person) != RST_OK)
		return true;
	if (rst_member_of(txn, person, 0, ids, GROUPS_MAX, &n) != RST_OK)
		return false;
	for (size_t i = 0; i < n; i++)
		of = of || ids[i] == group;
	if (of)
		*ret_seen = rst_view_of("yes");
	return rst_member_is(txn, group, person) == of;
}

/* False when two forms of one fact disagree. */
static bool
see(const struct rst_rtxn *txn, struct rst_view key, struct rst_view *ret_seen)
{
	static const struct {
		const char *word;
		bool (*see)(const struct rst_rtxn *txn, struct rst_view name,
		            struct rst_view *ret_seen);
	} kinds[] = { { "person/", see_person },
		      { "group/", see_group },
		      { "member/", see_member } };

	*ret_seen = rst_view_of("-");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].word);

		if (key.len > len && memcmp(key.ptr, kinds[i].word, len) == 0)
			return kinds[i].see(
				txn, rst_view(key.ptr + len, key.len - len),
				ret_seen);
	}
	return false;
}

size_t
oracle_check(const struct oracle *oracle, struct rst_env *env,
             struct rst_detail *why)
{
	struct rst_rtxn txn = { .mdb = NULL };
	struct rst_view seen;
	size_t broken = 0;

	if (rst_read_begin(env, &txn) != RST_OK) {
		rst_detail_set(why, "no read");
		return oracle->n;
	}
	for (size_t i = 0; i < oracle->n; i++) {
		const struct promise *promise = &oracle->promises[i];
		bool agree = see(&txn, promise->key, &seen);

		if (agree && may_be(promise, seen))
			continue;
		if (broken++ == 0)
			rst_detail_set(why,
			               "%.*s is %.*s%s, acknowledged: %.*s",
			               (int)promise->key.len, promise->key.ptr,
			               (int)seen.len, seen.ptr,
			               agree ? "" : " (two forms disagree)",
			               (int)promise->acknowledged.len,
			               promise->acknowledged.ptr);
	}
	rst_read_end(&txn);
	return broken;
}
