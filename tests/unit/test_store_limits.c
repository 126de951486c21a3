/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_store_limits.c - what is longer, later or more than can be */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/backup.h"
#include "store/backup_priv.h"
#include "store/check.h"
#include "store/ident_priv.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/journal_priv.h"
#include "store/record_priv.h"
#include "store/tree.h"
#include "store/wire.h"
#include "tests/unit/fixture.h"

#define MAIN_DBI 1 /* LMDB's table of tables */

/* ------------------------------------------------------------------ numbers */

static uint64_t
account(struct rst_wtxn *txn, uint64_t people, uint32_t number)
{
	static unsigned int n;
	char rdn[32], text[16];

	snprintf(rdn, sizeof(rdn), "uid=n%u", n++);
	snprintf(text, sizeof(text), "%u", (unsigned int)number);
	return fixture_add(txn, people, rdn, "objectClass", "posixAccount",
	                   "uid", rdn + 4, "uidNumber", text, NULL);
}

static enum rst_err
allocate(struct rst_wtxn *txn, uint32_t first, uint32_t last,
         uint32_t *ret_number)
{
	return rst_ident_allocate(txn, RST_IDENT_UIDNUMBER, first, last,
	                          ret_number);
}

/* One that two had is free when both let go of it; one that is listed as free
 * and is not is passed, and listed no more. */
static void
a_number_is_free_when_nobody_has_it(void **state)
{
	struct rst_wtxn txn;
	struct fixture_ids ids;
	uint64_t one, other, n;
	uint32_t number = 0;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	assert_int_equal(allocate(&txn, 50, 60, &number), RST_OK);
	assert_int_equal(number, 50); /* nobody has any */
	one = account(&txn, ids.people, 20);
	other = account(&txn, ids.people, 20);
	account(&txn, ids.people, 21);
	account(&txn, ids.people, 22);
	account(&txn, ids.people, 23);
	assert_int_equal(allocate(&txn, 20, 22, &number), RST_EFULL);
	assert_int_equal(
		rst_ident_used(&txn.r, RST_IDENT_UIDNUMBER, 20, 22, &n),
		RST_OK);
	assert_int_equal(n, 3);
	assert_int_equal(rst_entry_store_drop(&txn, one), RST_OK);
	assert_int_equal(allocate(&txn, 20, 22, &number), RST_EFULL);
	assert_int_equal(rst_meta_set_number(&txn, "free-1-00000016", 22),
	                 RST_OK);
	assert_int_equal(rst_meta_set_number(&txn, "free-1-00000017", 23),
	                 RST_OK);
	assert_int_equal(allocate(&txn, 20, 22, &number), RST_EFULL);
	assert_int_equal(rst_meta_number(&txn.r, "free-1-00000016", &n),
	                 RST_OK);
	assert_int_equal(n, 0);
	assert_int_equal(rst_entry_store_drop(&txn, other), RST_OK);
	assert_int_equal(allocate(&txn, 20, 22, &number), RST_OK);
	assert_int_equal(number, 20);
	/* below all ranges that were looked at */
	assert_int_equal(
		rst_entry_store_drop(&txn, account(&txn, ids.people, 3)),
		RST_OK);
	assert_int_equal(allocate(&txn, 1, 2, &number), RST_OK);
	assert_int_equal(number, 1);
	rst_write_abort(&txn);
}

/* A row of no number among those that are. */
static void
a_row_of_another_shape_is_no_number(void **state)
{
	static const char keys[][14] = {
		"\1\5\0\0\0\24xxxxxxx", /* of a value of five bytes */
		"\1\4\0\0\0\24xxxxxxx",
	};
	struct rst_wtxn txn;
	uint32_t number = 0;
	uint64_t n;

	fixture_write(*state, &txn);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(rst_db_put(&txn, RST_T_IDENT,
		                            rst_view(keys[i], sizeof(keys[i]) -
		                                                      (i == 1)),
		                            rst_view("", 1), true),
		                 RST_OK);
	assert_int_equal(rst_ident_used(&txn.r, RST_IDENT_UIDNUMBER, 1, 99, &n),
	                 RST_OK);
	assert_int_equal(n, 0);
	assert_int_equal(allocate(&txn, 10, 30, &number), RST_OK);
	assert_int_equal(number, 10);
	rst_write_abort(&txn);
}

static void
no_range_goes_to_the_end_of_numbers(void **state)
{
	struct rst_number_range range = { .kind = RST_IDENT_UIDNUMBER };
	struct rst_wtxn txn;
	uint32_t number;

	fixture_write(*state, &txn);
	assert_int_equal(allocate(&txn, 5, RST_NO_NUMBER, &number),
	                 RST_EINVALID);
	assert_int_equal(allocate(&txn, 0, 9, &number), RST_EINVALID);
	assert_int_equal(rst_number_range_next(&txn.r, &range), RST_ENOTFOUND);
	assert_int_equal(rst_meta_set_number(&txn, "low-1-ffffffff", 5),
	                 RST_OK);
	assert_int_equal(rst_number_range_next(&txn.r, &range), RST_ECORRUPT);
	range.first = 0;
	assert_int_equal(
		rst_meta_set_number(&txn, "low-1-00000005", UINT64_C(1) << 32),
		RST_OK);
	assert_int_equal(rst_number_range_next(&txn.r, &range), RST_ECORRUPT);
	range.first = 0;
	assert_int_equal(rst_meta_set_number(&txn, "low-1-0000000g", 5),
	                 RST_OK);
	assert_int_equal(rst_number_range_next(&txn.r, &range), RST_ECORRUPT);
	rst_write_abort(&txn);
}

static void
digits_of_rows_are_small_ones(void **state)
{
	static const char *const refused[] = { "/", ":", "`", "g", "A", " " };
	uint64_t n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_int_equal(rst_meta_digits(rst_view_of(refused[i]), &n),
		                 RST_ECORRUPT);
	assert_int_equal(rst_meta_digits(RST_VIEW("09af"), &n), RST_OK);
	assert_int_equal(n, 0x9af);
}

/* ------------------------------------------------------------------ moments */

static void
change_numbers_end_with_the_calendar(void **state)
{
	static const char *const refused[] = {
		"99991231235959.999999Z#00000G#001#000000",
		"99991231235959.999999Z#00000@#001#000000",
		"99991231235959.999999Z#00000g#001#000000",
		"99991231235959.999999Z#00000`#001#000000",
		"9999123123595A.999999Z#000000#001#000000",
		"99991231235959.999999Z#000000#001#0000000",
		"99991231235959.999999Z#000000#001#00000",
		"99991231235959.999999Z#000000#001-000000",
	};
	const struct rst_view last =
		RST_VIEW("99991231235959.999999Z#ffffff#001#000000");
	char buf[RST_CSN_MAX];
	struct rst_wtxn txn;

	fixture_write(*state, &txn);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (rst_csn_canonical(rst_view_of(refused[i]), buf))
			fail_msg("%s was taken", refused[i]);
	assert_true(rst_csn_canonical(
		RST_VIEW("20370101000000Z#00000F#0aB#000000"), buf));
	assert_string_equal(buf, "20370101000000.000000Z#00000f#0ab#000000");
	assert_int_equal(rst_csn_next(&txn, INT64_MAX, 0, 1, buf),
	                 RST_EINVALID);
	assert_int_equal(rst_csn_next(&txn, INT64_C(253402300800), 0, 1, buf),
	                 RST_EINVALID);
	assert_int_equal(rst_csn_next(&txn, -1, 0, 1, buf), RST_EINVALID);
	/* none is taken that is near the end, so its row must say so */
	assert_int_equal(rst_csn_seen(&txn, last), RST_EINVALID);
	assert_int_equal(rst_meta_put(&txn, RST_VIEW("csn"), last), RST_OK);
	assert_int_equal(rst_csn_next(&txn, 1, 0, 1, buf), RST_EFULL);
	assert_int_equal(rst_meta_put(&txn, RST_VIEW("csn"), RST_VIEW("now")),
	                 RST_OK);
	assert_int_equal(rst_csn_next(&txn, 1, 0, 1, buf), RST_ECORRUPT);
	rst_write_abort(&txn);
}

/* -------------------------------------------------------------------- texts */

static void
a_text_is_as_long_as_its_length_can_say(void **state)
{
	static char big[65536];
	struct rst_out out = { .bytes = NULL };

	(void)state;
	rst_out_text(&out, rst_view(big, 65535), 2);
	rst_out_text(&out, rst_view(big, sizeof(big)), 8);
	assert_int_equal(rst_out_error(&out), RST_OK);
	assert_int_equal(rst_out_view(&out).len, 2 + 65535 + 8 + 65536);
	rst_out_text(&out, rst_view(big, sizeof(big)), 2);
	assert_int_equal(rst_out_error(&out), RST_EINVALID);
	rst_out_release(&out);
	rst_out_bytes(&out, rst_view(big, SIZE_MAX));
	assert_int_equal(rst_out_error(&out), RST_ENOMEM);
	rst_out_number(&out, 1, 1);
	assert_int_equal(rst_out_error(&out), RST_ENOMEM);
	rst_out_release(&out);
}

static void
settings_have_limits(void **state)
{
	static char big[4097], name[70];
	struct rst_view value;
	struct rst_wtxn txn;

	memset(name, 'n', sizeof(name) - 1);
	fixture_write(*state, &txn);
	assert_int_equal(
		rst_setting_put(&txn, "suffix", rst_view(big, sizeof(big))),
		RST_EINVALID);
	assert_int_equal(rst_setting_put(&txn, name, RST_VIEW("x")),
	                 RST_EINVALID);
	assert_int_equal(rst_setting_get(&txn.r, name, &value), RST_EINVALID);
	assert_int_equal(rst_setting_get(&txn.r, "", &value), RST_EINVALID);
	rst_write_abort(&txn);
}

struct normal_row {
	enum rst_match match;
	const char *value, *due; /* NULL: byte for byte */
};

static void
odd_values_have_a_normal_form(void **state)
{
	static const struct normal_row rows[] = {
		{ RST_MATCH_TIME, "20200101000000.5", NULL },
		{ RST_MATCH_TIME, "2020010A000000Z", NULL },
		{ RST_MATCH_TIME, "20200:01000000Z", NULL },
		{ RST_MATCH_TIME, "202/0101000000Z", NULL },
		{ RST_MATCH_UUID, "0b8d4d6e-12f0-4b7e-9d8e-6f0d7ae4a7fg",
		  NULL },
		{ RST_MATCH_UUID, "gb8d4d6e-12f0-4b7e-9d8e-6f0d7ae4a7f1",
		  NULL },
		{ RST_MATCH_UUID, "0b8d4d6e-12f0-4b7e-9d8e_6f0d7ae4a7f1",
		  NULL },
		{ RST_MATCH_DN, "cn=ab+cn=a", "cn=a+cn=ab" },
		{ RST_MATCH_DN, "cn=a+CN=A", "cn=a+cn=a" },
		{ RST_MATCH_DN, "cn= ,dc=x", "cn=,dc=x" },
		{ RST_MATCH_DN, "cn=a\\ ,dc=x", "cn=a,dc=x" },
		{ RST_MATCH_DN, "cn=\\ ,dc=x", "cn=\\20,dc=x" },
		{ RST_MATCH_DN, "cn=,dc=x", "cn=,dc=x" },
		{ RST_MATCH_DN, " ", " " },
		{ RST_MATCH_INTEGER, "-", "-" },
		{ RST_MATCH_INTEGER, "-0", "0" },
		{ RST_MATCH_INTEGER, "1/", "1/" },
	};
	char buf[RST_NORMAL_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *due =
			rows[i].due != NULL ? rows[i].due : rows[i].value;

		assert_int_equal(rst_normalise(rows[i].match,
		                               rst_view_of(rows[i].value), buf,
		                               &len),
		                 RST_OK);
		if (!rst_view_equal(rst_view(buf, len), rst_view_of(due)))
			print_error("\"%s\" became \"%.*s\"\n", rows[i].value,
			            (int)len, buf);
		assert_true(
			rst_view_equal(rst_view(buf, len), rst_view_of(due)));
	}
	assert_int_equal(
		rst_normalise((enum rst_match)99, RST_VIEW("x"), buf, &len),
		RST_EINVALID);
}

/* What has more than can be told apart stays as it is. */
static void
names_have_limits(void **state)
{
	static char many[65 * 4], longest[RST_DN_MAX + 4];
	struct rst_normal normal;

	(void)state;
	for (size_t i = 0; i < 65; i++)
		memcpy(many + 4 * i, "B=b+", 4);
	assert_int_equal(rst_normal_make(RST_MATCH_DN,
	                                 rst_view(many, sizeof(many) - 1),
	                                 &normal),
	                 RST_OK);
	assert_int_equal(normal.text.len, sizeof(many) - 1);
	rst_normal_release(&normal);
	assert_int_equal(rst_normal_make(RST_MATCH_DN,
	                                 rst_view(many, 64 * 4 - 1), &normal),
	                 RST_OK);
	assert_int_equal(normal.text.len, 64 * 4 - 1);
	rst_normal_release(&normal);
	memset(longest, 'A', sizeof(longest));
	longest[1] = '=';
	assert_int_equal(rst_normal_make(RST_MATCH_DN,
	                                 rst_view(longest, sizeof(longest)),
	                                 &normal),
	                 RST_OK);
	assert_int_equal(normal.text.len, sizeof(longest));
	rst_normal_release(&normal);
}

/* ------------------------------------------------------------------ records */

static void
records_have_limits(void **state)
{
	static char long_rdn[RST_RDN_MAX + 1];
	const struct rst_view good = RST_VIEW("a=a"), none = RST_VIEW(""),
			      big = { long_rdn, sizeof(long_rdn) };
	const struct rst_view pairs[][2] = {
		{ none, good }, { big, good }, { good, none }, { good, big }
	};
	struct rst_view *values = calloc(RST_VALUES_MAX + 1, sizeof(*values));
	char *value = calloc(1, RST_VALUE_MAX + 1), *bytes = NULL;
	struct rst_record_attr attr = { .id = RST_A_CN, .n = 1 };
	struct rst_record_parts parts = { .id = 1 };
	size_t len;

	(void)state;
	assert_true(values != NULL && value != NULL);
	for (size_t i = 0; i < 4; i++) {
		parts.rdn = pairs[i][0];
		parts.nrdn = pairs[i][1];
		assert_int_equal(rst_record_encode(&parts, &bytes, &len),
		                 RST_EINVALID);
	}
	parts.rdn = parts.nrdn = good;
	parts.attrs = &attr;
	parts.n_attrs = 1;
	attr.values = values;
	values[0] = rst_view(value, RST_VALUE_MAX + 1);
	assert_int_equal(rst_record_encode(&parts, &bytes, &len), RST_EINVALID);
	values[0] = RST_VIEW("");
	attr.n = RST_VALUES_MAX + 1;
	assert_int_equal(rst_record_encode(&parts, &bytes, &len), RST_EINVALID);
	free(values);
	free(value);
}

static void
an_entry_takes_no_value_that_is_too_long(void **state)
{
	char *value = calloc(1, RST_VALUE_MAX + 1);
	static char long_rdn[RST_RDN_MAX + 1];
	struct rst_entry *entry;
	struct rst_view views[2];
	struct rst_record one, again;

	(void)state;
	assert_non_null(value);
	memset(long_rdn, 'a', sizeof(long_rdn));
	views[0] = rst_view(value, RST_VALUE_MAX + 1);
	views[1] = RST_VIEW("second");
	assert_int_equal(rst_entry_new(&entry), RST_OK);
	assert_int_equal(rst_entry_add(entry, RST_A_CN, views[0]),
	                 RST_EINVALID);
	assert_int_equal(rst_entry_set(entry, RST_A_CN, views, 2),
	                 RST_EINVALID);
	assert_int_equal(rst_entry_place(entry, 0, RST_VIEW("a=a"),
	                                 rst_view(long_rdn, sizeof(long_rdn))),
	                 RST_EINVALID);
	assert_int_equal(
		rst_entry_place(entry, 0, RST_VIEW("a=a"), RST_VIEW("")),
		RST_EINVALID);
	assert_int_equal(
		rst_entry_place(entry, 0, RST_VIEW("a=a"), RST_VIEW("a=a")),
		RST_OK);
	assert_int_equal(rst_entry_record(entry, &one), RST_OK);
	assert_int_equal(rst_entry_record(entry, &again), RST_OK);
	assert_ptr_equal(one.bytes.ptr, again.bytes.ptr);
	rst_entry_free(entry);
	free(value);
}

static void
what_has_no_name_has_no_value(void **state)
{
	struct rst_record record;
	struct fixture_ids ids;
	struct rst_wtxn txn;
	uint64_t id;

	fixture_write(*state, &txn);
	ids = fixture_skeleton(&txn);
	id = fixture_add_one(&txn, 1999, RST_VIEW("x"));
	assert_int_equal(rst_record_get(&txn.r, id, &record), RST_OK);
	assert_false(rst_record_has(&txn.r, &record, 1999, RST_VIEW("x")));
	assert_false(rst_record_has(&txn.r, &record, RST_A_CN, RST_VIEW("x")));
	assert_int_not_equal(ids.people, id);
	rst_write_abort(&txn);
}

/* --------------------------------------------------------------------- tree */

static void
places_have_limits(void **state)
{
	static char rdn[RST_RDN_MAX + 2], dn[RST_RDN_MAX + 100];
	struct rst_wtxn txn;
	struct rst_entry *entry;
	struct fixture_ids ids;
	uint64_t id, found;
	char key[8];

	memset(rdn, 'a', sizeof(rdn) - 1);
	rdn[1] = '=';
	fixture_write(*state, &txn);
	/* before there is a suffix */
	assert_int_equal(rst_tree_find(&txn.r, RST_VIEW("dc=x"), &found, &id),
	                 RST_ENOTFOUND);
	assert_int_equal(rst_setting_put(&txn, "suffix", RST_VIEW("")), RST_OK);
	assert_int_equal(rst_tree_find(&txn.r, RST_VIEW("dc=x"), &found, &id),
	                 RST_ENOTFOUND);
	ids = fixture_skeleton(&txn);
	assert_int_equal(
		rst_tree_child(&txn.r, ids.people, rst_view_of(rdn), &found),
		RST_ENOTFOUND);
	assert_int_equal(
		rst_tree_child(&txn.r, ids.people, RST_VIEW(""), &found),
		RST_ENOTFOUND);
	snprintf(dn, sizeof(dn), "%s,ou=people,%s", rdn, FIXTURE_SUFFIX);
	assert_int_equal(rst_tree_find(&txn.r, rst_view_of(dn), &found, &id),
	                 RST_ENOTFOUND);
	assert_int_equal(rst_tree_find(&txn.r, RST_VIEW("\\," FIXTURE_SUFFIX),
	                               &found, &id),
	                 RST_ENOTFOUND);
	/* a name that has its row by a hash, of a record that is gone */
	rdn[900] = '\0';
	assert_int_equal(rst_entry_new(&entry), RST_OK);
	assert_int_equal(rst_entry_place(entry, ids.people, rst_view_of(rdn),
	                                 rst_view_of(rdn)),
	                 RST_OK);
	assert_int_equal(rst_entry_store_add(&txn, entry), RST_OK);
	id = rst_entry_id(entry);
	rst_entry_free(entry);
	assert_int_equal(
		rst_tree_child(&txn.r, ids.people, rst_view_of(rdn), &found),
		RST_OK);
	assert_int_equal(found, id);
	rst_put_be64(key, id);
	assert_int_equal(rst_db_drop(&txn, RST_T_ENTRY, rst_view(key, 8)),
	                 RST_OK);
	assert_int_equal(
		rst_tree_child(&txn.r, ids.people, rst_view_of(rdn), &found),
		RST_ECORRUPT);
	rst_write_abort(&txn);
}

/* A transaction that remembers does so for names of some length only. */
static void
long_names_are_looked_up_anew(void **state)
{
	static char rdn[300], buf[RST_DN_MAX];
	struct rst_rtxn txn, lent;
	struct fixture_ids ids;
	struct rst_wtxn write;
	uint64_t id, found;
	size_t len;

	memset(rdn, 'a', sizeof(rdn) - 1);
	rdn[1] = '=';
	fixture_write(*state, &write);
	ids = fixture_skeleton(&write);
	id = fixture_add(&write, ids.people, rdn, "a", "x", NULL);
	rst_read_within(&write, &lent);
	assert_int_equal(rst_read_remember(&lent), RST_EINVALID);
	fixture_commit(&write);
	fixture_read(*state, &txn);
	assert_int_equal(rst_read_remember(&txn), RST_OK);
	assert_false(rst_memo_sound(&txn, 0));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rst_tree_ndn(&txn, id, buf, sizeof(buf), &len),
		                 RST_OK);
		assert_int_equal(
			rst_tree_find(&txn, rst_view(buf, len), &found, NULL),
			RST_OK);
		assert_int_equal(found, id);
		assert_int_equal(
			rst_tree_ndn(&txn, ids.people, buf, sizeof(buf), &len),
			RST_OK);
	}
	/* it is known, and does not fit */
	assert_int_not_equal(rst_tree_ndn(&txn, ids.people, buf, 5, &len),
	                     RST_OK);
	rst_read_end(&txn);
	assert_int_equal(rst_read_remember(&txn), RST_EINVALID);
}

static void
parents_of_paths(void **state)
{
	static const char *const rows[][2] = {
		{ "file", "." },
		{ "/file", "/" },
		{ "/a/file", "/a" },
		{ "a/file", "a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *parent = rst_io_parent(rows[i][0]);

		assert_string_equal(parent, rows[i][1]);
		free(parent);
	}
}

/* ------------------------------------------------------------------ backups */

static void
path_in(const struct fixture *fixture, const char *name, char path[200])
{
	snprintf(path, 200, "%s/%s", fixture->dir, name);
}

static void
a_backup_goes_where_it_can(void **state)
{
	const struct rst_backup_options options = { .now_s = 1,
		                                    .replace = true };
	const char *tmp = getenv("TMPDIR");
	static char longest[PATH_MAX + 10];
	struct fixture *fixture = *state;
	struct rst_backup_info info;
	struct rst_check_options check = { .max_findings = 0 };
	struct rst_detail detail;
	char path[200], *kept = tmp != NULL ? strdup(tmp) : NULL;
	uint64_t n = 0;
	int fd;

	path_in(fixture, "pipe", path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(
		rst_backup_make(fixture->env, path, &options, &info, &detail),
		RST_EEXISTS);
	assert_non_null(strstr(detail.text, "no plain file"));
	path_in(fixture, "backup", path);
	assert_int_equal(
		rst_backup_make(fixture->env, path, &options, &info, &detail),
		RST_OK);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	/* none, which is /var/tmp; one that is too long for any name, and one
	 * that is so for that of a working directory */
	unsetenv("TMPDIR");
	assert_int_equal(rst_backup_check(fd, &check, &n, &detail), RST_OK);
	setenv("TMPDIR", "", 1);
	assert_int_equal(rst_backup_check(fd, &check, &n, &detail), RST_OK);
	memset(longest, 'a', sizeof(longest) - 1);
	setenv("TMPDIR", longest, 1);
	assert_int_equal(rst_backup_check(fd, &check, &n, &detail),
	                 RST_EINVALID);
	assert_non_null(strstr(detail.text, "TMPDIR"));
	assert_int_equal(
		rst_backup_send(fixture->env, fd, &options, &info, &detail),
		RST_EINVALID);
	longest[PATH_MAX - 12] = '\0';
	setenv("TMPDIR", longest, 1);
	assert_int_equal(rst_backup_check(fd, &check, &n, &detail),
	                 RST_EINVALID);
	if (kept != NULL)
		setenv("TMPDIR", kept, 1);
	else
		unsetenv("TMPDIR");
	free(kept);
	close(fd);
}

static void
a_restore_needs_an_empty_directory_of_a_short_name(void **state)
{
	const struct rst_backup_options options = { .now_s = 1 };
	struct rst_check_options check = { .max_findings = 0 };
	static char longest[PATH_MAX];
	struct fixture *fixture = *state;
	struct rst_backup_info info;
	struct rst_detail detail;
	char file[200], dir[200], lost[220];
	size_t len;
	int fd;

	path_in(fixture, "backup", file);
	path_in(fixture, "there", dir);
	snprintf(lost, sizeof(lost), "%s/lost+found", dir);
	assert_int_equal(
		rst_backup_make(fixture->env, file, &options, &info, &detail),
		RST_OK);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	/* what a file system of its own begins with */
	assert_int_equal(mkdir(lost, 0700), 0);
	len = (size_t)snprintf(longest, sizeof(longest), "%s", dir);
	while (len < PATH_MAX - 6)
		len += (size_t)snprintf(longest + len, sizeof(longest) - len,
		                        "/.");
	assert_int_equal(
		rst_backup_restore(fd, longest, &check, &info, &detail),
		RST_EINVALID);
	assert_non_null(strstr(detail.text, "too long"));
	assert_int_equal(rst_backup_restore(fd, dir, &check, &info, &detail),
	                 RST_OK);
	close(fd);
	assert_int_equal(rmdir(lost), 0);
	for (size_t i = 0; i < 2; i++) {
		snprintf(lost, sizeof(lost), "%s/%s", dir,
		         i == 0 ? "data.mdb" : "secret.key");
		assert_int_equal(unlink(lost), 0);
	}
	assert_int_equal(rmdir(dir), 0);
}

/* -------------------------------------------------------------------- check */

static enum rst_err
stop(struct rst_check *check, const struct rst_record *record,
     uint64_t scratch[RST_CHECK_SCRATCH])
{
	(void)check;
	(void)record;
	(void)scratch;
	return RST_EDENIED;
}

static enum rst_err
pass(struct rst_check *check)
{
	(void)check;
	return RST_OK;
}

static bool
always(const struct rst_rtxn *txn)
{
	return txn != NULL;
}

static void
rules_of_others_may_end_a_check(void **state)
{
	struct rst_check_rule rules[RST_CHECK_RULES_MAX + 2] = {
		{ .name = "passes", .holds = always, .check = pass },
		{ .name = "stops", .holds = always, .record = stop },
		{ .name = "stops, too", .record = stop },
	};
	struct rst_check_options options = { .rules = rules };
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	uint64_t n;

	fixture_write(fixture, &txn);
	fixture_skeleton(&txn);
	fixture_commit(&txn);
	assert_int_equal(rst_check(fixture->env, &options, &n), RST_EDENIED);
	rules[1] = rules[2] = rules[0];
	assert_int_equal(rst_check(fixture->env, &options, &n), RST_OK);
	for (size_t i = 0; i <= RST_CHECK_RULES_MAX; i++)
		rules[i] = rules[0];
	assert_int_equal(rst_check(fixture->env, &options, &n), RST_EINVALID);
}

static void
note(void *arg, const struct rst_check_finding *finding)
{
	if (strstr(finding->text, "tables instead of") != NULL)
		*(bool *)arg = true;
}

static void
a_row_among_the_tables_is_found(void **state)
{
	bool found = false;
	const struct rst_check_options options = { .max_findings = 9,
		                                   .finding = note,
		                                   .arg = &found };
	MDB_val key = { 3, (void *)(uintptr_t) "own" };
	MDB_val value = { 1, (void *)(uintptr_t) "x" };
	struct fixture *fixture = *state;
	struct rst_wtxn txn;
	uint64_t n = 0;

	fixture_write(fixture, &txn);
	assert_int_equal(mdb_put(rst_txn(&txn.r), MAIN_DBI, &key, &value, 0),
	                 0);
	fixture_commit(&txn);
	assert_int_equal(rst_check(fixture->env, &options, &n), RST_OK);
	assert_true(found && n > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_number_is_free_when_nobody_has_it),
		FIXTURE_TEST(a_row_of_another_shape_is_no_number),
		FIXTURE_TEST(no_range_goes_to_the_end_of_numbers),
		cmocka_unit_test(digits_of_rows_are_small_ones),
		FIXTURE_TEST(change_numbers_end_with_the_calendar),
		cmocka_unit_test(a_text_is_as_long_as_its_length_can_say),
		FIXTURE_TEST(settings_have_limits),
		cmocka_unit_test(odd_values_have_a_normal_form),
		cmocka_unit_test(names_have_limits),
		cmocka_unit_test(records_have_limits),
		cmocka_unit_test(an_entry_takes_no_value_that_is_too_long),
		FIXTURE_TEST(what_has_no_name_has_no_value),
		FIXTURE_TEST(places_have_limits),
		FIXTURE_TEST(long_names_are_looked_up_anew),
		cmocka_unit_test(parents_of_paths),
		FIXTURE_TEST(a_backup_goes_where_it_can),
		FIXTURE_TEST(
			a_restore_needs_an_empty_directory_of_a_short_name),
		FIXTURE_TEST(rules_of_others_may_end_a_check),
		FIXTURE_TEST(a_row_among_the_tables_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
