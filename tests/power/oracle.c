/* SPDX-License-Identifier: OLDAP-2.8 */
/* oracle.c - what clients were told, and whether an environment keeps it */
#include "tests/power/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "lifecycle/acts.h"
#include "store/index.h"
#include "store/member.h"
#include "store/outbox.h"
#include "store/tree.h"

#define PROMISES_MAX 4096
#define TRIED_MAX    64 /* without an acknowledgement between */
#define GROUPS_MAX   64 /* of one person */
#define MAILS_MAX    1024
#define HASHES_MAX   512 /* passwords compared: each costs some 20 ms */

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

bool
oracle_knows(const struct oracle *oracle, const char *key)
{
	for (size_t i = 0; i < oracle->n; i++)
		if (rst_view_equal(oracle->promises[i].key, rst_view_of(key)))
			return !rst_view_equal(oracle->promises[i].acknowledged,
			                       rst_view_of("-"));
	return false;
}

/* What one look at an environment needs. */
struct eyes {
	const struct rst_rtxn *txn;
	char mails[MAILS_MAX][64]; /* addresses in the outbox */
	size_t n_mails;
};

/* Has password that hash?  Asked again and again of a few. */
static bool
is_password(struct rst_view stored, struct rst_view password)
{
	static struct {
		char hash[128], password[64];
		bool matches;
	} seen[HASHES_MAX];
	static size_t n;
	char hash[128], text[64];
	size_t i;

	if (stored.len < 9 || stored.len >= sizeof(hash) ||
	    memcmp(stored.ptr, "{ARGON2}", 8) != 0 || password.len >= 64)
		return false;
	snprintf(hash, sizeof(hash), "%.*s", (int)stored.len - 8,
	         stored.ptr + 8);
	snprintf(text, sizeof(text), "%.*s", (int)password.len, password.ptr);
	for (i = 0; i < n; i++)
		if (strcmp(seen[i].hash, hash) == 0 &&
		    strcmp(seen[i].password, text) == 0)
			return seen[i].matches;
	if (n == HASHES_MAX) {
		fprintf(stderr, "replay: too many passwords\n");
		exit(2);
	}
	memcpy(seen[n].hash, hash, sizeof(hash));
	memcpy(seen[n].password, text, sizeof(text));
	seen[n].matches =
		crypto_pwhash_str_verify(hash, password.ptr, password.len) == 0;
	return seen[n++].matches;
}

static bool
is_value(const struct promise *promise, struct rst_view value,
         struct rst_view seen)
{
	struct rst_view password = rst_view_of("password/");

	if (rst_view_equal(seen, value))
		return true;
	return promise->key.len > password.len &&
	       memcmp(promise->key.ptr, password.ptr, password.len) == 0 &&
	       is_password(seen, value);
}

static bool
may_be(const struct promise *promise, struct rst_view seen)
{
	if (is_value(promise, promise->acknowledged, seen))
		return true;
	for (size_t i = 0; i < promise->n_tried; i++)
		if (is_value(promise, promise->tried[i], seen))
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
see_person(const struct eyes *eyes, struct rst_view name,
           struct rst_view *ret_seen)
{
	uint64_t id = 0;
	enum rst_err err = act_find_person(eyes->txn, name, &id);

	if (err == RST_OK)
		*ret_seen = rst_view_of("yes");
	return same_by_index(eyes->txn, RST_A_UID, name, err, id);
}

/* A value of the person of that name. */
static bool
see_value(const struct eyes *eyes, struct rst_view name, uint16_t attr,
          struct rst_view *ret_seen)
{
	struct rst_record record;
	struct rst_view value;
	uint64_t id;

	if (act_find_person(eyes->txn, name, &id) != RST_OK)
		return true;
	if (rst_record_get(eyes->txn, id, &record) != RST_OK)
		return false;
	value = rst_record_first(&record, attr);
	if (value.len > 0)
		*ret_seen = value;
	return true;
}

static bool
see_status(const struct eyes *eyes, struct rst_view name,
           struct rst_view *ret_seen)
{
	return see_value(eyes, name, RST_A_ROSTERSTATUS, ret_seen);
}

static bool
see_name(const struct eyes *eyes, struct rst_view name,
         struct rst_view *ret_seen)
{
	return see_value(eyes, name, RST_A_DISPLAYNAME, ret_seen);
}

static bool
see_password(const struct eyes *eyes, struct rst_view name,
             struct rst_view *ret_seen)
{
	return see_value(eyes, name, RST_A_USERPASSWORD, ret_seen);
}

static bool
see_group(const struct eyes *eyes, struct rst_view name,
          struct rst_view *ret_seen)
{
	uint64_t id = 0;
	enum rst_err err = act_find_group(eyes->txn, name, &id);

	if (err == RST_OK)
		*ret_seen = rst_view_of("yes");
	return same_by_index(eyes->txn, RST_A_CN, name, err, id);
}

static bool
see_member(const struct eyes *eyes, struct rst_view name,
           struct rst_view *ret_seen)
{
	const char *slash = memchr(name.ptr, '/', name.len);
	uint64_t group, person, ids[GROUPS_MAX];
	bool of = false, is;
	size_t n;

	if (slash == NULL)
		return false;
	if (act_find_group(eyes->txn,
	                   rst_view(name.ptr, (size_t)(slash - name.ptr)),
	                   &group) != RST_OK)
		return true;
	name = rst_view(slash + 1, name.len - (size_t)(slash + 1 - name.ptr));
	if (act_find_person(eyes->txn, name, &person) != RST_OK)
		return true;
	if (rst_member_of(eyes->txn, person, 0, ids, GROUPS_MAX, &n) != RST_OK)
		return false;
	for (size_t i = 0; i < n; i++)
		of = of || ids[i] == group;
	if (of)
		*ret_seen = rst_view_of("yes");
	return rst_member_is(eyes->txn, group, person, &is) == RST_OK &&
	       is == of;
}

/* The one invitation of that address. */
static bool
see_invitation(const struct eyes *eyes, struct rst_view mail,
               struct rst_view *ret_seen)
{
	struct rst_record record;
	uint64_t ids[4];
	struct rst_view used;
	size_t n, found = 0;

	if (rst_index_equal(eyes->txn, RST_A_MAIL, mail, 0, ids, 4, &n) !=
	    RST_OK)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (rst_record_get(eyes->txn, ids[i], &record) != RST_OK)
			return false;
		if (record.kind != RST_KIND_INVITATION)
			continue;
		found++;
		used = rst_record_first(&record, RST_A_ROSTERUSED);
		*ret_seen = rst_view_of("open");
		if (used.len > 0 && !rst_view_equal(used, rst_view_of("0")))
			*ret_seen = rst_view_of("used");
		if (rst_record_first(&record, RST_A_ROSTERREVOKED).len > 0)
			*ret_seen = rst_view_of("revoked");
	}
	return found < 2;
}

static bool
see_session(const struct eyes *eyes, struct rst_view token,
            struct rst_view *ret_seen)
{
	unsigned char digest[RST_DIGEST_BYTES];
	struct rst_session session;
	struct rst_record record;
	enum rst_err err;

	if (!rst_token_digest(token, digest))
		return false;
	err = rst_session_get(eyes->txn, digest, &session);
	if (err == RST_ENOTFOUND)
		return true;
	if (err != RST_OK ||
	    rst_record_get(eyes->txn, session.user, &record) != RST_OK ||
	    record.generation != session.generation)
		return false;
	*ret_seen = rst_record_first(&record, RST_A_UID);
	return true;
}

static bool
see_mail(const struct eyes *eyes, struct rst_view address,
         struct rst_view *ret_seen)
{
	for (size_t i = 0; i < eyes->n_mails; i++)
		if (rst_view_equal(rst_view_of(eyes->mails[i]), address))
			*ret_seen = rst_view_of("yes");
	return true;
}

static bool
see_below(const struct eyes *eyes, const char *place, struct rst_view name,
          struct rst_view *ret_seen)
{
	char ndn[256];
	uint64_t id;
	enum rst_err err;

	snprintf(ndn, sizeof(ndn), "cn=%.*s,%s,dc=example,dc=org",
	         (int)name.len, name.ptr, place);
	err = rst_tree_find(eyes->txn, rst_view_of(ndn), &id, NULL);
	if (err == RST_OK)
		*ret_seen = rst_view_of("yes");
	return same_by_index(eyes->txn, RST_A_CN, name, err, id);
}

static bool
see_policy(const struct eyes *eyes, struct rst_view name,
           struct rst_view *ret_seen)
{
	return see_below(eyes, "ou=policies", name, ret_seen);
}

static bool
see_host(const struct eyes *eyes, struct rst_view name,
         struct rst_view *ret_seen)
{
	return see_below(eyes, "ou=hosts", name, ret_seen);
}

static bool
see_token(const struct eyes *eyes, struct rst_view id,
          struct rst_view *ret_seen)
{
	struct rst_record record;
	char ndn[256];
	uint64_t found = 0;
	enum rst_err err;

	snprintf(ndn, sizeof(ndn), "cn=%.*s,ou=tokens,dc=example,dc=org",
	         (int)id.len, id.ptr);
	err = rst_tree_find(eyes->txn, rst_view_of(ndn), &found, NULL);
	if (err == RST_OK)
		err = rst_record_get(eyes->txn, found, &record);
	if (err == RST_OK)
		*ret_seen =
			rst_record_first(&record, RST_A_ROSTERREVOKED).len > 0
				? rst_view_of("revoked")
				: rst_view_of("open");
	return same_by_index(eyes->txn, RST_A_CN, id, err, found);
}

static bool
see_init(const struct eyes *eyes, struct rst_view what,
         struct rst_view *ret_seen)
{
	struct rst_view suffix;
	enum rst_err err = rst_setting_get(eyes->txn, "suffix", &suffix);

	(void)what;
	if (err == RST_OK)
		*ret_seen = suffix;
	return err == RST_OK || err == RST_ENOTFOUND;
}

/* False when two forms of one fact disagree. */
static bool
see(const struct eyes *eyes, struct rst_view key, struct rst_view *ret_seen)
{
	static const struct {
		const char *word;
		bool (*see)(const struct eyes *eyes, struct rst_view name,
		            struct rst_view *ret_seen);
	} kinds[] = {
		{ "person/", see_person },
		{ "status/", see_status },
		{ "name/", see_name },
		{ "password/", see_password },
		{ "group/", see_group },
		{ "member/", see_member },
		{ "invitation/", see_invitation },
		{ "session/", see_session },
		{ "mail/", see_mail },
		{ "token/", see_token },
		{ "policy/", see_policy },
		{ "host/", see_host },
		{ "init/", see_init },
	};

	*ret_seen = rst_view_of("-");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].word);

		if (key.len > len && memcmp(key.ptr, kinds[i].word, len) == 0)
			return kinds[i].see(
				eyes, rst_view(key.ptr + len, key.len - len),
				ret_seen);
	}
	fprintf(stderr, "replay: what is %.*s?\n", (int)key.len, key.ptr);
	exit(2);
}

/* Nobody takes our mail, so what was queued is still there. */
static bool
read_mails(struct eyes *eyes)
{
	struct rst_mail mail = { 0 };
	enum rst_err err = RST_OK;
	uint64_t id = 0;

	while (eyes->n_mails < MAILS_MAX) {
		err = rst_outbox_next(eyes->txn, id, &mail);
		if (err != RST_OK)
			break;
		snprintf(eyes->mails[eyes->n_mails++], sizeof(eyes->mails[0]),
		         "%.*s", (int)mail.to.len, mail.to.ptr);
		id = mail.id;
		rst_mail_release(&mail);
	}
	return err == RST_ENOTFOUND;
}

size_t
oracle_check(const struct oracle *oracle, struct rst_env *env,
             struct rst_detail *why)
{
	static struct eyes eyes;
	struct rst_rtxn txn = { .mdb = NULL };
	struct rst_view seen;
	size_t broken = 0;

	eyes.txn = &txn;
	eyes.n_mails = 0;
	if (rst_read_begin(env, &txn) != RST_OK || !read_mails(&eyes)) {
		rst_detail_set(why, "no read");
		rst_read_end(&txn);
		return oracle->n + 1;
	}
	for (size_t i = 0; i < oracle->n; i++) {
		const struct promise *promise = &oracle->promises[i];
		bool agree = see(&eyes, promise->key, &seen);

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
