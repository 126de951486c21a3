/* SPDX-License-Identifier: OLDAP-2.8 */
/* stage.c - an environment with something of everything */
#include "tests/unit/stage.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/answer.h"
#include "store/ident.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/member.h"
#include "store/outbox.h"
#include "tests/unit/nth.h"

#define FIRST_KEPT 254 /* of the journal: a checkpoint is at 256 */

void
tell(struct stage *stage, const void *bytes, size_t len)
{
	crypto_generichash_update(&stage->told, (const unsigned char *)&len,
	                          sizeof(len));
	crypto_generichash_update(&stage->told, bytes, len);
}

void
tell_number(struct stage *stage, uint64_t number)
{
	tell(stage, &number, sizeof(number));
}

void
tell_view(struct stage *stage, struct rst_view view)
{
	tell(stage, view.len > 0 ? view.ptr : "", view.len);
}

struct stage_sum
stage_sum_of(const struct rst_rtxn *txn)
{
	struct stage_sum sum;
	struct rst_cursor cursor;
	struct rst_view key, value;
	crypto_generichash_state state;
	enum rst_err err;

	crypto_generichash_init(&state, NULL, 0, sizeof(sum.bytes));
	for (int i = 0; i < RST_T_COUNT; i++) {
		assert_int_equal(
			rst_cursor_open(txn, (enum rst_table)i, &cursor),
			RST_OK);
		err = rst_cursor_seek(&cursor, rst_view(NULL, 0), &key, &value);
		for (; err == RST_OK;
		     err = rst_cursor_next(&cursor, &key, &value)) {
			uint64_t lens[3] = { (uint64_t)i, key.len, value.len };

			crypto_generichash_update(&state, (unsigned char *)lens,
			                          sizeof(lens));
			crypto_generichash_update(
				&state, (const unsigned char *)key.ptr,
				key.len);
			if (value.len > 0)
				crypto_generichash_update(
					&state,
					(const unsigned char *)value.ptr,
					value.len);
		}
		assert_int_equal(err, RST_ENOTFOUND);
		rst_cursor_close(&cursor);
	}
	crypto_generichash_final(&state, sum.bytes, sizeof(sum.bytes));
	return sum;
}

void
stage_progress(void *arg, const char *what, uint64_t done, uint64_t total)
{
	assert_non_null(arg);
	assert_non_null(what);
	assert_true(done <= total || total == 0); /* nobody knows */
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	return at->level > 0 ? remove(path) : 0;
}

void
stage_empty(const char *dir)
{
	assert_int_equal(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* --------------------------------------------------------- what is there */

static void
member(struct rst_wtxn *txn, uint64_t group, uint16_t attr, const char *value)
{
	struct rst_member_op op = { RST_MEMBER_ADD, attr, rst_view_of(value),
		                    rst_view_of(value) };

	assert_int_equal(rst_member_apply(txn, group, &op, 1, NULL, NULL),
	                 RST_OK);
}

static void
fill_people(struct rst_wtxn *w, struct stage *stage)
{
	char big[6000] = "";

	stage->ids = fixture_skeleton(w);
	stage->alice = fixture_add(
		w, stage->ids.people, "uid=Alice", "objectClass",
		"rosterAccount", "objectClass", "posixAccount", "uid", "Alice",
		"uid", "\xc3\x84lly", "uidNumber", "10000", "gidNumber", "2001",
		"rosterStatus", "active", "mail", "alice@example.org", "x-ours",
		"value", "entryCSN", "20261122023733.000001Z#000000#001#000000",
		"sshPublicKey", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== a",
		"userPassword", "{ARGON2}x", "description", "first", NULL);
	stage->bob = fixture_add(
		w, stage->ids.people, "uid=bob", "objectClass", "rosterAccount",
		"uid", "bob", "uidNumber", "10001", "gidNumber", "2002",
		"rosterStatus", "suspended", "x-ours", "valued \xc3\xa4", NULL);
	stage->carol = fixture_add(w, stage->ids.people, "uid=carol",
	                           "objectClass", "rosterAccount", "uid",
	                           "carol", "rosterStatus", "active", NULL);
	memset(big, 'b', sizeof(big) - 1); /* more than a page */
	stage->mute = fixture_add(w, stage->ids.people, "cn=mute", "cn", "mute",
	                          "x-big", big, NULL);
	stage->deep =
		fixture_add(w, stage->ids.people, "ou=deep", "objectClass",
	                    "organizationalUnit", "ou", "deep", NULL);
	stage->twin = fixture_add(w, stage->deep, "uid=alice", "objectClass",
	                          "account", "uid", "alice", NULL);
}

static void
fill_groups(struct rst_wtxn *w, struct stage *stage)
{
	const char *alice = "uid=alice,ou=people," FIXTURE_SUFFIX;
	char long_dn[700];

	stage->group = fixture_add(w, stage->ids.groups, "cn=g", "objectClass",
	                           "rosterGroup", "objectClass", "posixGroup",
	                           "cn", "g", "gidNumber", "2001", NULL);
	stage->nested = fixture_add(w, stage->ids.groups, "cn=n", "objectClass",
	                            "rosterGroup", "cn", "n", NULL);
	stage->timed = fixture_add(
		w, stage->ids.groups, "cn=t", "objectClass", "rosterGroup",
		"cn", "t", "rosterMemberUntil",
		"20370101000000Z uid=bob,ou=people," FIXTURE_SUFFIX, NULL);
	stage->other = fixture_add(w, stage->ids.groups, "cn=o", "objectClass",
	                           "groupOfNames", "cn", "o", NULL);
	stage->unique = fixture_add(w, stage->ids.groups, "cn=u", "objectClass",
	                            "groupOfUniqueNames", "cn", "u", NULL);
	stage->names = fixture_add(w, stage->ids.groups, "cn=p", "objectClass",
	                           "posixGroup", "cn", "p", NULL);
	for (size_t i = 0; i < 3; i++) {
		const uint64_t who[] = { stage->alice, stage->bob,
			                 stage->twin };

		assert_int_equal(rst_member_join(w, stage->group, who[i], NULL),
		                 RST_OK);
	}
	assert_int_equal(rst_member_join(w, stage->group, stage->nested, NULL),
	                 RST_OK);
	assert_int_equal(rst_member_join(w, stage->nested, stage->carol, NULL),
	                 RST_OK);
	assert_int_equal(rst_member_join(w, stage->timed, stage->bob, NULL),
	                 RST_OK);
	snprintf(long_dn, sizeof(long_dn), "cn=%0600d,%s", 7, FIXTURE_SUFFIX);
	member(w, stage->group, RST_A_MEMBERUID, "ghost");
	member(w, stage->group, RST_A_MEMBER, "uid=gone,ou=people,dc=x");
	member(w, stage->group, RST_A_MEMBER, long_dn);
	member(w, stage->other, RST_A_MEMBER, alice);
	member(w, stage->other, RST_A_MEMBER, long_dn);
	member(w, stage->unique, RST_A_UNIQUEMEMBER, alice);
	member(w, stage->names, RST_A_MEMBERUID, "alice");
	member(w, stage->names, RST_A_MEMBERUID,
	       "n\xc3\xb6"
	       "body");
}

/* A record of the journal, with the entry's images and a row that came. */
static void
journal_of(struct rst_wtxn *w, const struct stage *stage, uint64_t id,
           int64_t now_s)
{
	const struct rst_member_op added = { RST_MEMBER_ENSURE, RST_A_MEMBER,
		                             RST_VIEW("CN=Some,DC=x"),
		                             RST_VIEW("cn=some,dc=x") };
	struct rst_journal_entry entry = { .op = RST_J_MODIFY,
		                           .door = RST_DOOR_CLI,
		                           .act = RST_VIEW("test"),
		                           .actor = RST_VIEW("cn=a"),
		                           .reason = RST_VIEW("because"),
		                           .address = RST_VIEW("::1"),
		                           .time_s = now_s,
		                           .id = id };
	struct rst_member_deltas deltas = { 0 };
	struct rst_journal_rows rows = { 0 };
	struct rst_record record;
	struct rst_entry *copy;
	char csn[RST_CSN_MAX];

	assert_int_equal(rst_csn_next(w, now_s, 0, 15, csn), RST_OK);
	if (id == stage->group) { /* comes and goes, short and long */
		assert_int_equal(rst_member_join(w, id, stage->mute, &deltas),
		                 RST_OK);
		assert_int_equal(rst_member_leave(w, id, stage->mute, &deltas),
		                 RST_OK);
		assert_int_equal(
			rst_member_apply(w, id, &added, 1, &deltas, NULL),
			RST_OK);
	}
	assert_int_equal(rst_record_get(&w->r, id, &record), RST_OK);
	assert_int_equal(rst_entry_from_record(&record, &copy), RST_OK);
	assert_int_equal(rst_entry_record(copy, &record), RST_OK);
	assert_int_equal(rst_journal_rows_add(&rows, true, RST_A_MEMBERUID,
	                                      RST_VIEW("moved")),
	                 RST_OK);
	entry.csn = rst_view_of(csn);
	entry.before = entry.after = &record;
	entry.deltas = &deltas;
	entry.moved = &rows;
	assert_int_equal(rst_journal_append(w, &entry, NULL), RST_OK);
	rst_journal_rows_release(&rows);
	rst_member_deltas_release(&deltas);
	rst_entry_free(copy);
}

static void
fill_journal(struct rst_wtxn *w, struct stage *stage)
{
	const struct rst_journal_entry event = { .op = RST_J_EVENT,
		                                 .door = RST_DOOR_CLI,
		                                 .act = RST_VIEW("old"),
		                                 .time_s = STAGE_NOW_S - 9 };
	size_t n = 0;

	for (int i = 0; i < FIRST_KEPT; i++)
		assert_int_equal(rst_journal_append(w, &event, NULL), RST_OK);
	assert_int_equal(rst_journal_expire(w, STAGE_NOW_S, FIRST_KEPT - 1, &n),
	                 RST_OK);
	assert_int_equal(n, FIRST_KEPT - 1);
	for (int i = 0; i < 4; i++)
		journal_of(w, stage, i % 2 == 0 ? stage->alice : stage->group,
		           STAGE_NOW_S + i);
	stage->first = FIRST_KEPT;
	stage->last = rst_journal_last(&w->r);
}

static void
fill_others(struct rst_wtxn *w, struct stage *stage)
{
	struct rst_session session = { .user = stage->alice,
		                       .made_s = STAGE_NOW_S,
		                       .expires_s = STAGE_NOW_S + 60,
		                       .address = "::1",
		                       .agent = "browser" };
	const struct rst_answer answer = { .made_s = STAGE_NOW_S,
		                           .status = 201,
		                           .location = RST_VIEW("/here"),
		                           .etag = RST_VIEW("1"),
		                           .text = RST_VIEW("makes") };
	struct rst_answer_key key = { .caller = stage->alice };
	char token[RST_TOKEN_TEXT];
	uint32_t number;
	uint64_t id;

	for (int i = 0; i < 3; i++) {
		rst_token_new(token, stage->digest);
		session.made_s += i;
		assert_int_equal(rst_session_add(w, stage->digest, &session),
		                 RST_OK);
		assert_int_equal(rst_outbox_add(w, RST_VIEW("a@b"),
		                                RST_VIEW("t"),
		                                RST_VIEW("{\"a\":1}"),
		                                STAGE_NOW_S + i, &stage->mail),
		                 RST_OK);
		key.digest[0] = (unsigned char)i;
		assert_int_equal(rst_answer_add(w, &key, &answer), RST_OK);
	}
	assert_int_equal(rst_outbox_failed(w, stage->mail, RST_VIEW("not"), 0),
	                 RST_OK);
	assert_int_equal(rst_setting_put(w, "lifecycle", RST_VIEW("on")),
	                 RST_OK);
	/* a range of numbers, in which one is free again */
	for (int i = 0; i < 2; i++)
		assert_int_equal(rst_ident_allocate(w, RST_IDENT_UIDNUMBER,
		                                    10000, 10010, &number),
		                 RST_OK);
	id = fixture_add(w, stage->ids.people, "uid=short", "objectClass",
	                 "posixAccount", "uid", "short", "uidNumber", "10002",
	                 NULL);
	assert_int_equal(rst_entry_store_drop(w, id), RST_OK);
	assert_int_equal(rst_attr_find(&w->r, RST_VIEW("x-ours"), &stage->ours),
	                 RST_OK);
	assert_int_equal(rst_index_add(w, stage->ours, RST_INDEX_EQUAL),
	                 RST_OK);
	assert_int_equal(rst_index_add(w, stage->ours, RST_INDEX_SUBSTRING),
	                 RST_OK);
}

/* Two indexes get built, a third begins to be. */
static void
build_indexes(struct stage *stage)
{
	struct rst_wtxn w;
	bool more = true;

	fixture_write(&stage->fixture, &w);
	while (more)
		assert_int_equal(rst_index_work(&w, 100, &more), RST_OK);
	assert_int_equal(rst_index_add(&w, stage->ours, RST_INDEX_ORDER),
	                 RST_OK);
	assert_int_equal(rst_index_work(&w, 2, &more), RST_OK);
	assert_true(more);
	fixture_commit(&w);
}

void
stage_open(struct stage *stage)
{
	void *own = NULL;
	struct rst_wtxn w;

	memset(stage, 0, sizeof(*stage));
	nth_same_random();
	assert_int_equal(fixture_setup(&own), 0);
	stage->fixture = *(struct fixture *)own;
	free(own);
	fixture_write(&stage->fixture, &w);
	fill_people(&w, stage);
	fill_groups(&w, stage);
	fill_journal(&w, stage);
	fill_others(&w, stage);
	fixture_commit(&w);
	build_indexes(stage);
	stage->env = stage->fixture.env;
	snprintf(stage->spare, sizeof(stage->spare), "%s/spare",
	         stage->fixture.dir);
	assert_int_equal(mkdir(stage->spare, 0700), 0);
	snprintf(stage->file, sizeof(stage->file), "%s/file", stage->spare);
	stage->fd = -1;
}

void
stage_close(struct stage *stage)
{
	rst_env_close(stage->env);
	stage_empty(stage->fixture.dir);
	rmdir(stage->fixture.dir);
}

void
stage_reopen(struct stage *stage)
{
	rst_env_close(stage->env);
	stage->env = NULL;
	fixture_open(&stage->fixture, FIXTURE_MAP_BYTES);
	stage->env = stage->fixture.env;
}
