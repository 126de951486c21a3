/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_store_edges.c - what is said at the edges: texts, moments, names */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/env_priv.h"
#include "store/ident.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/member.h"
#include "store/poke.h"
#include "store/presence.h"
#include "store/tree.h"
#include "tests/unit/fixture.h"

#define BOB "uid=bob,ou=people," FIXTURE_SUFFIX

static void
every_error_has_a_text_of_its_own(void **state)
{
	const char *text;

	(void)state;
	for (int i = RST_OK; i <= RST_EIO; i++) {
		text = rst_strerror((enum rst_err)i);
		assert_true(strlen(text) > 3);
		assert_string_not_equal(text, "unknown error");
		for (int j = RST_OK; j < i; j++)
			assert_string_not_equal(text,
			                        rst_strerror((enum rst_err)j));
	}
	assert_string_equal(rst_strerror((enum rst_err)99), "unknown error");
	rst_detail_set(NULL, "nobody %s", "reads it");
}

/* Whoever starts a daemon again must know whether it is worth trying. */
static void
what_an_open_means(void **state)
{
	static const struct {
		int code;
		enum rst_err err;
	} table[] = {
		{ ENOENT, RST_ENOTFOUND },
		{ EACCES, RST_EINVALID },
		{ ENOTDIR, RST_EINVALID },
		{ EROFS, RST_EINVALID },
		{ ELOOP, RST_EINVALID },
		{ EISDIR, RST_EINVALID },
		{ ENAMETOOLONG, RST_EINVALID },
		{ ENOSPC, RST_EFULL },
		{ ENOMEM, RST_ENOMEM },
		{ EDQUOT, RST_EFULL },
		{ EMFILE, RST_ENOMEM },
		{ ENFILE, RST_ENOMEM },
		{ EPERM, RST_EIO },
		{ EIO, RST_EIO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		assert_int_equal(rst_open_err(table[i].code), table[i].err);
}

static void
every_door_has_a_word(void **state)
{
	(void)state;
	assert_string_equal(rst_door_word(RST_DOOR_LDAP), "ldap");
	assert_string_equal(rst_door_word(RST_DOOR_HTTP), "http");
	assert_string_equal(rst_door_word(RST_DOOR_CLI), "cli");
	assert_string_equal(rst_door_word(RST_DOOR_SYSTEM), "system");
	assert_string_equal(rst_door_word((enum rst_door)0), "");
}

static void
an_end_is_a_moment_and_a_name(void **state)
{
	static const char *const refused[] = {
		"",
		"20370101000000Z ",
		"20370101000000Z",
		"20370101000000+ dc=x",
		"20370101000000Z_dc=x",
		"2037010100000xZ dc=x",
		"20370101 00000Z dc=x",
		"20371301000000Z dc=x",
		"20370230000000Z dc=x",
		"20370101240000Z dc=x",
		"20370101006000Z dc=x",
		"20370101000060Z dc=x",
		"19691231235959Z dc=x",
		"19700101000000Z dc=x",
	};
	struct rst_view dn;
	int64_t until_s;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (rst_until_parse(rst_view_of(refused[i]), &until_s, &dn))
			fail_msg("\"%s\" was taken", refused[i]);
	assert_true(rst_until_parse(RST_VIEW("20370101000000Z dc=x"), &until_s,
	                            &dn));
	assert_int_equal(until_s, 2114380800);
	assert_true(rst_view_equal(dn, RST_VIEW("dc=x")));
}

static void
an_end_follows_the_name_it_gives(void **state)
{
	static const struct {
		const char *value, *from, *becomes;
	} rows[] = {
		{ "20370101000000Z uid=b,ou=old," FIXTURE_SUFFIX,
		  "uid=b,ou=old," FIXTURE_SUFFIX, "20370101000000Z " BOB },
		/* who stands below it moves along */
		{ "20370101000000Z uid=bob,ou=staff," FIXTURE_SUFFIX,
		  "ou=staff," FIXTURE_SUFFIX, NULL },
		{ "20370101000000Z xou=old," FIXTURE_SUFFIX,
		  "ou=old," FIXTURE_SUFFIX, NULL },
		{ "20370101000000Z dc=x", "ou=old," FIXTURE_SUFFIX, NULL },
		{ "20370101000000Z uid=c,ou=older," FIXTURE_SUFFIX,
		  "ou=old," FIXTURE_SUFFIX, NULL },
		{ "20370101000000Z no name at all", "ou=old,dc=x", NULL },
		{ "no moment", "ou=old,dc=x", NULL },
	};
	char buf[RST_UNTIL_VALUE];
	struct rst_wtxn txn;
	struct fixture_ids ids;
	struct rst_view value;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	fixture_add(&txn, ids.people, "uid=bob", "uid", "bob", NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *becomes = rows[i].becomes != NULL ? rows[i].becomes
		                                              : rows[i].value;

		assert_int_equal(rst_until_renamed(&txn.r,
		                                   rst_view_of(rows[i].value),
		                                   rst_view_of(rows[i].from),
		                                   RST_VIEW(BOB), buf, &value),
		                 RST_OK);
		if (!rst_view_equal(value, rst_view_of(becomes)))
			fail_msg("%s became %.*s", rows[i].value,
			         (int)value.len, value.ptr);
	}
	assert_int_equal(
		rst_until_renamed(
			&txn.r,
			RST_VIEW("20370101000000Z uid=bob,ou=staff,dc=x"),
			RST_VIEW("ou=staff,dc=x"),
			RST_VIEW("ou=people," FIXTURE_SUFFIX), buf, &value),
		RST_OK);
	assert_true(rst_view_equal(value, RST_VIEW("20370101000000Z " BOB)));
	rst_write_abort(&txn);
}

static void
moments_are_compared_in_greenwich(void **state)
{
	/* NULL: no moment, which compares byte for byte */
	static const char *const rows[][2] = {
		{ "2020010100Z", "20200101000000Z" },
		{ "20200101003000+01", "20191231233000Z" },
		{ "20191231233000-0130", "20200101010000Z" },
		{ "20200131233000-01", "20200201003000Z" },
		{ "20200115233000-01", "20200116003000Z" },
		{ "20200301000000,50+0001", "20200229235900.5Z" },
		{ "20200115003000+01", "20200114233000Z" },
		{ "20200101000000.000Z", "20200101000000Z" },
		{ "19000228233000-01", "19000301003000Z" },
		{ "20000228233000-01", "20000229003000Z" },
		{ "20200101000060Z", "20200101000060Z" },
		{ "00000101000000+01", NULL },
		{ "99991231230000-01", NULL },
		{ "202001010Z", NULL },
		{ "20200101Z", NULL },
		{ "20200001000000Z", NULL },
		{ "20201301000000Z", NULL },
		{ "20200100000000Z", NULL },
		{ "20200132000000Z", NULL },
		{ "20200101240000Z", NULL },
		{ "20200101006000Z", NULL },
		{ "20200101000061Z", NULL },
		{ "20200101000000", NULL },
		{ "20200101000000ZZ", NULL },
		{ "20200101000000X", NULL },
		{ "20200101000000+", NULL },
		{ "20200101000000+2", NULL },
		{ "20200101000000+x1", NULL },
		{ "20200101000000+1x", NULL },
		{ "20200101000000+24", NULL },
		{ "20200101000000+0160", NULL },
		{ "20200101000000+01x0", NULL },
		{ "20200101000000+01000", NULL },
		{ "20200101000000.Z", NULL },
		{ "2020010100000:Z", NULL },
	};
	char buf[RST_NORMAL_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *due = rows[i][1] != NULL ? rows[i][1] : rows[i][0];

		assert_int_equal(rst_normalise(RST_MATCH_TIME,
		                               rst_view_of(rows[i][0]), buf,
		                               &len),
		                 RST_OK);
		if (!rst_view_equal(rst_view(buf, len), rst_view_of(due)))
			fail_msg("%s became %.*s", rows[i][0], (int)len, buf);
	}
}

static void
a_key_is_its_second_word(void **state)
{
	static const char *const refused[] = { "", "ssh-rsa", "ssh-rsa ",
		                               "ssh-rsa  x", "ssh-rsa !x" };
	unsigned char one[RST_SSH_DIGEST], other[RST_SSH_DIGEST];

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (rst_ssh_digest(rst_view_of(refused[i]), one) !=
		    RST_EINVALID)
			fail_msg("\"%s\" was taken", refused[i]);
	assert_int_equal(rst_ssh_digest(RST_VIEW("ssh-rsa AAAA"), one), RST_OK);
	assert_int_equal(rst_ssh_digest(RST_VIEW("a AAAA b c"), other), RST_OK);
	assert_memory_equal(one, other, sizeof(one));
}

static void
mail_goes_to_names_that_can_be(void **state)
{
	static const char *const refused[] = {
		"a@",
		"@b",
		"a",
		"a@b..c",
		"a@-b.c",
		"a@b-.c",
		"a@b.c/d",
		"a@b c",
		"a@[b]",
		"a@b_c",
		"a@\xff",
		"a@b@c",
		".a@b",
		"a.@b",
		"a@b.",
		"a@Z{",
		"a@:9",
		"a@a234567890123456789012345678901234567890123456789012345678901"
		"234.example",
	};
	char buf[RST_MAIL_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (rst_mail_canonical(rst_view_of(refused[i]), buf) !=
		    RST_EINVALID)
			fail_msg("\"%s\" was taken", refused[i]);
	assert_int_equal(rst_mail_canonical(RST_VIEW("A@B-9.Example"), buf),
	                 RST_OK);
	assert_string_equal(buf, "a@b-9.example");
}

static bool
is_served(const char *dir)
{
	bool serves;

	assert_int_equal(rst_presence(dir, &serves), RST_OK);
	return serves;
}

static void
who_serves_is_seen_until_it_ends(void **state)
{
	struct fixture *fixture = *state;
	char longest[5000];
	struct stat st;
	mode_t mask;
	bool serves;
	int fd;

	assert_false(is_served(fixture->dir));
	mask = umask(077);
	fd = rst_presence_hold(fixture->dir);
	(void)umask(mask);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660); /* others look, too */
	assert_true(is_served(fixture->dir));
	rst_presence_release(fd);
	assert_false(is_served(fixture->dir));
	rst_presence_release(-1);
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(rst_presence_hold(longest), -1);
	assert_int_equal(rst_presence(longest, &serves), RST_EIO);
	assert_false(is_served("/nowhere"));
	assert_int_equal(rst_presence_hold("/nowhere"), -1);
}

static int64_t
noon(void)
{
	return 43200;
}

static void
a_read_has_the_time_unless_it_reads_what_is_kept(void **state)
{
	struct fixture *fixture = *state;
	struct rst_rtxn txn, within;
	struct rst_wtxn write, moved;

	rst_env_set_clock(fixture->env, noon);
	fixture_read(fixture, &txn);
	assert_int_equal(txn.now_s, 43200);
	assert_false(rst_read_as_kept(&txn, true));
	assert_int_equal(txn.now_s, 0);
	rst_read_reset(&txn);
	rst_read_reset(&txn);
	assert_int_equal(rst_read_renew(&txn), RST_OK);
	assert_int_equal(txn.now_s, 0);
	assert_true(rst_read_as_kept(&txn, false));
	assert_int_equal(txn.now_s, 43200);
	rst_read_reset(&txn);
	rst_read_end(&txn); /* while it is idle */
	rst_read_end(&txn);
	rst_read_reset(&txn);
	assert_int_equal(rst_read_renew(&txn), RST_EINVALID);

	fixture_write(fixture, &write);
	rst_read_within(&write, &within);
	rst_read_reset(&within); /* it is the write's */
	rst_read_end(&within);
	rst_write_move(&write, &moved);
	assert_int_equal(rst_write_commit(&write), RST_EINVALID);
	fixture_commit(&moved);
	rst_env_set_clock(fixture->env, NULL);
}

static int made, released;

static void *
make_nothing(struct rst_env *env)
{
	(void)env;
	return NULL;
}

static void *
make(struct rst_env *env)
{
	(void)env;
	made++;
	return &made;
}

static void
release(void *companion)
{
	assert_ptr_equal(companion, &made);
	released++;
}

static void
an_environment_has_one_companion(void **state)
{
	struct fixture *fixture = *state;

	assert_null(rst_env_companion(fixture->env, make_nothing, release));
	for (int i = 0; i < 2; i++)
		assert_ptr_equal(rst_env_companion(fixture->env, make, release),
		                 &made);
	assert_int_equal(made, 1);
	rst_env_close(fixture->env);
	fixture->env = NULL;
	assert_int_equal(released, 1);
}

static void
fields_of_the_journal_have_limits(void **state)
{
	static const char big[RST_DN_MAX + 1];
	const struct rst_journal_entry good = { .op = RST_J_EVENT,
		                                .door = RST_DOOR_CLI,
		                                .act = RST_VIEW("a") };
	struct rst_journal_entry bad[10];
	struct rst_wtxn txn;

	for (size_t i = 0; i < 10; i++)
		bad[i] = good;
	bad[0].op = 0;
	bad[1].door = 0;
	bad[2].door = (enum rst_door)9;
	bad[3].act = rst_view(big, 33);
	bad[4].actor = rst_view(big, sizeof(big));
	bad[5].address = rst_view(big, 65);
	bad[6].reason = rst_view(big, 1025);
	bad[7].csn = rst_view(big, RST_CSN_MAX);
	bad[8].dn = rst_view(big, sizeof(big));
	bad[9].old_dn = rst_view(big, sizeof(big));
	fixture_write(*state, &txn);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(rst_journal_append(&txn, &bad[i], NULL),
		                 RST_EINVALID);
	assert_int_equal(rst_journal_append(&txn, &good, NULL), RST_OK);
	rst_write_abort(&txn);
}

static void
what_members_cannot_be_is_refused(void **state)
{
	static char big[RST_DN_MAX];
	struct rst_member_op ops[] = {
		{ RST_MEMBER_ADD, RST_A_CN, RST_VIEW("a"), RST_VIEW("a") },
		{ RST_MEMBER_ADD,
		  RST_A_MEMBERUID,
		  { big, sizeof(big) },
		  RST_VIEW("a") },
		{ RST_MEMBER_ADD,
		  RST_A_MEMBER,
		  RST_VIEW("a"),
		  { big, sizeof(big) } },
		{ RST_MEMBER_ADD, RST_A_UNIQUEMEMBER, RST_VIEW("dc=x"),
		  RST_VIEW("dc=x") },
		{ (enum rst_member_verb)9, RST_A_MEMBER, RST_VIEW("dc=x"),
		  RST_VIEW("dc=x") },
	};
	struct rst_member_op clear = { RST_MEMBER_CLEAR, RST_A_UNIQUEMEMBER,
		                       RST_VIEW(""), RST_VIEW("") };
	struct rst_member_cursor cursor = { .len = 0 };
	static char buf[RST_DN_MAX];
	struct rst_record record;
	struct fixture_ids ids;
	struct rst_wtxn txn;
	uint64_t group;
	size_t n;

	memset(big, 'a', sizeof(big));
	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	group = fixture_add(&txn, ids.groups, "cn=g", "objectClass",
	                    "rosterGroup", "cn", "g", NULL);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		assert_int_equal(
			rst_member_apply(&txn, group, &ops[i], 1, NULL, &n),
			RST_EINVALID);
	assert_int_equal(rst_member_apply(&txn, group, &clear, 1, NULL, NULL),
	                 RST_OK);
	assert_int_equal(rst_member_join(&txn, ids.people, group, NULL),
	                 RST_EINVALID);
	assert_int_equal(rst_record_get(&txn.r, group, &record), RST_OK);
	assert_int_equal(rst_member_next(&txn.r, &record, RST_A_CN, false,
	                                 &cursor, buf, &n),
	                 RST_EINVALID);
	assert_int_equal(rst_member_normal(&txn.r, &cursor, buf, &n),
	                 RST_EINVALID);
	assert_int_equal(rst_member_value(&txn.r, &record, RST_A_MEMBERUID,
	                                  RST_VIEW("a"), &cursor, buf, &n),
	                 RST_EINVALID);
	assert_int_equal(rst_member_value(&txn.r, &record, RST_A_UNIQUEMEMBER,
	                                  RST_VIEW("a"), &cursor, buf, &n),
	                 RST_ENOTFOUND);
	assert_int_equal(rst_member_groups_with(&txn.r, RST_A_CN, RST_VIEW("a"),
	                                        0, &group, 1, &n),
	                 RST_EINVALID);
	rst_write_abort(&txn);
}

/* A journal record of rows that came and went in every way. */
static void
rows_of_every_kind_are_journaled(void **state)
{
	static const struct {
		enum rst_via via;
		const char *key, *text;
	} rows[] = {
		{ RST_VIA_MEMBER, "v\0\4dc=x", "DC=x" },
		{ RST_VIA_MEMBERUID, "n\0\4abcd", NULL },
		{ RST_VIA_UNIQUEMEMBER, "v\0\4dc=y", NULL },
		{ RST_VIA_ROSTER, "d\0\4dc=z", NULL },
		{ RST_VIA_PRIMARY, "n\0\4efgh", "EFGH" },
	};
	struct rst_journal_entry entry = { .op = RST_J_MODIFY,
		                           .door = RST_DOOR_CLI,
		                           .act = RST_VIEW("a"),
		                           .id = 1 };
	struct rst_member_delta items[10];
	struct rst_member_deltas deltas = { items, 10, 10 };
	struct rst_journal_images images;
	struct rst_wtxn txn;

	for (size_t i = 0; i < 10; i++)
		items[i] = (struct rst_member_delta){
			.group = 1,
			.added = i < 5 || i % 2 == 0,
			.via = rows[i % 5].via,
			.key = (char *)(uintptr_t)rows[i % 5].key,
			.key_len = 7,
			.text = (char *)(uintptr_t)rows[i % 5].text,
			.text_len = rows[i % 5].text != NULL ? 4 : 0,
		};
	entry.deltas = &deltas;
	fixture_write(*state, &txn);
	assert_int_equal(rst_journal_append(&txn, &entry, NULL), RST_OK);
	assert_int_equal(rst_journal_images(&txn.r, 1, &images), RST_OK);
	assert_int_equal(images.deltas.n, 10);
	/* came and went is nothing, came twice is once */
	assert_int_equal(images.rows.n, 2);
	rst_journal_images_release(&images);
	items[9].key_len = 6;
	assert_int_equal(rst_journal_append(&txn, &entry, NULL), RST_EINVALID);
	rst_write_abort(&txn);
}

static void
a_place_has_limits(void **state)
{
	static const struct {
		struct rst_env_options options;
		enum rst_err due;
	} rows[] = {
		{ { .create = true, .map_bytes = 1 }, RST_EINVALID },
		{ { .create = true, .map_bytes = UINT64_C(1) << 50 },
		  RST_EINVALID },
		{ { .grow_bytes = UINT64_C(1) << 50 }, RST_EINVALID },
		{ { .create = false }, RST_ENOTFOUND },
		{ { .create = true, .map_bytes = 1 << 20, .readers = 1 },
		  RST_OK },
		{ { .grow_bytes = 1 << 20 }, RST_EINVALID },
		{ { .grow_bytes = 2 << 20, .dry_run = true }, RST_OK },
	};
	struct fixture *fixture = *state;
	struct rst_detail detail;
	struct rst_env *env;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		env = NULL;
		assert_int_equal(rst_env_open(fixture->dir, &rows[i].options,
		                              &env, &detail),
		                 rows[i].due);
		rst_env_close(env);
	}
	assert_int_equal(rst_env_open(fixture->dir, NULL, &env, NULL), RST_OK);
	rst_env_close(env);
}

static void
a_format_of_the_past_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct rst_env *env = NULL;
	struct rst_detail detail;
	struct rst_wtxn txn;

	fixture_write(fixture, &txn);
	assert_int_equal(rst_meta_set_number(&txn, RST_META_FORMAT, 1), RST_OK);
	fixture_commit(&txn);
	rst_env_close(fixture->env);
	fixture->env = NULL;
	assert_int_equal(rst_env_open(fixture->dir, NULL, &env, &detail),
	                 RST_ESTATE);
	assert_non_null(strstr(detail.text, "older"));
}

static void
an_entry_has_a_place(void **state)
{
	static char longest[RST_RDN_MAX + 1];
	struct rst_entry *entry;
	struct rst_record record;
	struct rst_wtxn txn;

	memset(longest, 'a', sizeof(longest));
	assert_int_equal(rst_entry_new(&entry), RST_OK);
	assert_int_equal(rst_entry_record(entry, &record), RST_EINVALID);
	assert_int_equal(rst_entry_place(entry, 0,
	                                 rst_view(longest, sizeof(longest)),
	                                 RST_VIEW("a=a")),
	                 RST_EINVALID);
	fixture_write(*state, &txn);
	assert_int_equal(rst_entry_store_add(&txn, entry), RST_EINVALID);
	assert_int_equal(
		rst_entry_place(entry, 99, RST_VIEW("a=a"), RST_VIEW("a=a")),
		RST_OK);
	assert_int_equal(rst_entry_store_add(&txn, entry), RST_ENOTFOUND);
	rst_write_abort(&txn);
	rst_entry_free(entry);
}

static void
a_walk_of_children_starts_where_it_is_told(void **state)
{
	struct rst_tree_cursor cursor;
	struct rst_wtxn txn;
	struct fixture_ids ids;
	uint64_t found;
	size_t n;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	cursor = rst_tree_cursor_at(ids.suffix, RST_VIEW("ou=groups"));
	assert_int_equal(
		rst_tree_children(&txn.r, ids.suffix, &cursor, &found, 1, &n),
		RST_OK);
	assert_int_equal(n, 1);
	assert_int_equal(found, ids.people);
	cursor = rst_tree_cursor_at(ids.suffix, RST_VIEW(""));
	assert_int_equal(
		rst_tree_children(&txn.r, ids.suffix, &cursor, &found, 1, &n),
		RST_OK);
	assert_int_equal(found, ids.groups);
	rst_write_abort(&txn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_a_text_of_its_own),
		cmocka_unit_test(what_an_open_means),
		cmocka_unit_test(every_door_has_a_word),
		cmocka_unit_test(an_end_is_a_moment_and_a_name),
		FIXTURE_TEST(an_end_follows_the_name_it_gives),
		cmocka_unit_test(moments_are_compared_in_greenwich),
		cmocka_unit_test(a_key_is_its_second_word),
		cmocka_unit_test(mail_goes_to_names_that_can_be),
		FIXTURE_TEST(who_serves_is_seen_until_it_ends),
		FIXTURE_TEST(a_read_has_the_time_unless_it_reads_what_is_kept),
		FIXTURE_TEST(an_environment_has_one_companion),
		FIXTURE_TEST(fields_of_the_journal_have_limits),
		FIXTURE_TEST(what_members_cannot_be_is_refused),
		FIXTURE_TEST(rows_of_every_kind_are_journaled),
		FIXTURE_TEST(a_format_of_the_past_is_refused),
		FIXTURE_TEST(an_entry_has_a_place),
		FIXTURE_TEST(a_walk_of_children_starts_where_it_is_told),
		FIXTURE_DIR_TEST(a_place_has_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
