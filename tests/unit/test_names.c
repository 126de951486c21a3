/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_names.c - rules/names.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/names.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#define LONGEST "abcdefghijklmnopqrstuvwxyz012345" /* 32 bytes */

/* A literal with its length, NULs included. */
#define TEXT(literal) literal, sizeof(literal) - 1

static void
a_username_has_the_form_and_is_not_reserved(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		bool dots;
		enum rule_verdict expect;
	} row[] = {
		{ TEXT("alice"), false, RULE_OK },
		{ TEXT("_alice"), false, RULE_OK },
		{ TEXT("a"), false, RULE_OK },
		{ TEXT("al-i_ce2"), false, RULE_OK },
		{ TEXT("alice-"), false, RULE_OK },
		{ TEXT(LONGEST), false, RULE_OK },
		{ TEXT(LONGEST "6"), false, RULE_INVALID_USERNAME },
		{ TEXT(""), false, RULE_INVALID_USERNAME },
		{ TEXT("Alice"), false, RULE_INVALID_USERNAME },
		{ TEXT("1alice"), false, RULE_INVALID_USERNAME },
		{ TEXT("12345"), false, RULE_INVALID_USERNAME },
		{ TEXT("-alice"), false, RULE_INVALID_USERNAME },
		{ TEXT(" alice"), false, RULE_INVALID_USERNAME },
		{ TEXT("alice "), false, RULE_INVALID_USERNAME },
		{ TEXT("al ice"), false, RULE_INVALID_USERNAME },
		{ TEXT("ali\0ce"), false, RULE_INVALID_USERNAME },
		{ TEXT("alice\n"), false, RULE_INVALID_USERNAME },
		{ TEXT("alice$"), false, RULE_INVALID_USERNAME },
		{ TEXT("alice@example.org"), false, RULE_INVALID_USERNAME },
		{ TEXT("../etc"), true, RULE_INVALID_USERNAME },
		/* hazard F15: what caseIgnoreMatch would take */
		{ TEXT("\xc3\x81lice"), false, RULE_INVALID_USERNAME },
		{ TEXT("\xd0\xb0lice"), false, RULE_INVALID_USERNAME },
		{ TEXT("al\xc2\xadice"), false, RULE_INVALID_USERNAME },
		{ TEXT("al\xe2\x80\x8dice"), false, RULE_INVALID_USERNAME },
		{ TEXT("\xe2\x80\xae"
		       "alice"),
		  false, RULE_INVALID_USERNAME },
		{ TEXT("al\xc4\xb1"
		       "ce"),
		  false, RULE_INVALID_USERNAME },
		{ TEXT("\xef\xbd\x81lice"), false, RULE_INVALID_USERNAME },
		{ TEXT("\xe2\x84\xaaim"), false, RULE_INVALID_USERNAME },
		/* dots, for imports */
		{ TEXT("al.ice"), false, RULE_INVALID_USERNAME },
		{ TEXT("al.ice"), true, RULE_OK },
		{ TEXT("a.l.ice"), true, RULE_OK },
		{ TEXT("al..ice"), true, RULE_INVALID_USERNAME },
		{ TEXT(".alice"), true, RULE_INVALID_USERNAME },
		{ TEXT("alice."), true, RULE_INVALID_USERNAME },
		/* reserved */
		{ TEXT("root"), false, RULE_RESERVED_USERNAME },
		{ TEXT("root"), true, RULE_RESERVED_USERNAME },
		{ TEXT("admin"), false, RULE_RESERVED_USERNAME },
		{ TEXT("administrator"), false, RULE_RESERVED_USERNAME },
		{ TEXT("nobody"), false, RULE_RESERVED_USERNAME },
		{ TEXT("_apt"), false, RULE_RESERVED_USERNAME },
		{ TEXT("www-data"), false, RULE_RESERVED_USERNAME },
		{ TEXT("systemd-network"), false, RULE_RESERVED_USERNAME },
		{ TEXT("systemd-anything"), false, RULE_RESERVED_USERNAME },
		{ TEXT("docker"), false, RULE_RESERVED_USERNAME },
		{ TEXT("sudo"), false, RULE_RESERVED_USERNAME },
		{ TEXT("postmaster"), false, RULE_RESERVED_USERNAME },
		{ TEXT("me"), false, RULE_RESERVED_USERNAME },
		{ TEXT("ldapusers"), false, RULE_RESERVED_USERNAME },
		{ TEXT("rooty"), false, RULE_OK },
		{ TEXT("roo"), false, RULE_OK },
		{ TEXT("systemd2"), false, RULE_OK },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (rule_username(row[i].name, row[i].len, row[i].dots) !=
		    row[i].expect)
			fail_msg("\"%s\", dots %d", row[i].name, row[i].dots);
}

static void
the_public_form_asks_for_more(void **state)
{
	static const struct {
		const char *name;
		enum rule_verdict expect;
	} row[] = {
		{ "bob", RULE_OK },
		{ "bo", RULE_INVALID_USERNAME },
		{ "", RULE_INVALID_USERNAME },
		{ "_12", RULE_INVALID_USERNAME },
		{ "___", RULE_INVALID_USERNAME },
		{ "b12", RULE_OK },
		{ "Bob", RULE_INVALID_USERNAME },
		{ "b.ob", RULE_INVALID_USERNAME },
		{ "root", RULE_RESERVED_USERNAME },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (rule_username_public(row[i].name, strlen(row[i].name)) !=
		    row[i].expect)
			fail_msg("\"%s\"", row[i].name);
}

static void
a_group_name_gives_no_rights_on_a_host(void **state)
{
	static const struct {
		const char *name;
		enum rule_verdict expect;
	} row[] = {
		{ "ldapusers", RULE_OK },
		{ "sysadmins", RULE_OK },
		{ "developers", RULE_OK },
		{ "Developers", RULE_INVALID_GROUPNAME },
		{ "dev ops", RULE_INVALID_GROUPNAME },
		{ "dev.ops", RULE_INVALID_GROUPNAME },
		{ "", RULE_INVALID_GROUPNAME },
		{ LONGEST, RULE_OK },
		{ LONGEST "6", RULE_INVALID_GROUPNAME },
		{ "root", RULE_RESERVED_GROUP },
		{ "adm", RULE_RESERVED_GROUP },
		{ "disk", RULE_RESERVED_GROUP },
		{ "sudo", RULE_RESERVED_GROUP },
		{ "wheel", RULE_RESERVED_GROUP },
		{ "shadow", RULE_RESERVED_GROUP },
		{ "docker", RULE_RESERVED_GROUP },
		{ "lxd", RULE_RESERVED_GROUP },
		{ "libvirt", RULE_RESERVED_GROUP },
		{ "kvm", RULE_RESERVED_GROUP },
		{ "staff", RULE_RESERVED_GROUP },
		{ "operator", RULE_RESERVED_GROUP },
		{ "kmem", RULE_RESERVED_GROUP },
		{ "tty", RULE_RESERVED_GROUP },
		{ "video", RULE_RESERVED_GROUP },
		{ "systemd-journal", RULE_RESERVED_GROUP },
		{ "systemd-xyz", RULE_RESERVED_GROUP },
		{ "_ssh", RULE_RESERVED_GROUP },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (rule_groupname(row[i].name, strlen(row[i].name)) !=
		    row[i].expect)
			fail_msg("\"%s\"", row[i].name);
}

static void
two_groups_cannot_go(void **state)
{
	(void)state;
	assert_true(rule_group_protected("ldapusers", 9));
	assert_true(rule_group_protected("sysadmins", 9));
	assert_false(rule_group_protected("sysadmin", 8));
	assert_false(rule_group_protected("sysadminsx", 10));
	assert_false(rule_group_protected("", 0));
}

static void
a_persons_name_can_be_read_and_is_not_empty(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		enum rule_verdict expect;
	} row[] = {
		{ TEXT("Ada"), RULE_OK },
		{ TEXT("Ada King, Countess of Lovelace"), RULE_OK },
		{ TEXT("<script>alert(1)</script>"), RULE_OK },
		{ TEXT("\xe5\xb1\xb1\xe7\x94\xb0"), RULE_OK },
		{ TEXT("Jos\xc3\xa9"), RULE_OK },
		{ TEXT("\xf0\x9f\x98\x80"), RULE_OK },
		/* zero width joiner inside a name is how some are written */
		{ TEXT("\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7"),
		  RULE_OK },
		{ TEXT(""), RULE_INVALID_NAME },
		{ TEXT(" "), RULE_INVALID_NAME },
		{ TEXT("\xc2\xa0 \xe3\x80\x80"), RULE_INVALID_NAME },
		{ TEXT("\xe2\x80\x8b"), RULE_INVALID_NAME },
		{ TEXT("A\0da"), RULE_INVALID_NAME },
		{ TEXT("A\nda"), RULE_INVALID_NAME },
		{ TEXT("A\rda"), RULE_INVALID_NAME },
		{ TEXT("A\x1b[31mda"), RULE_INVALID_NAME },
		{ TEXT("A\x7f"
		       "da"),
		  RULE_INVALID_NAME },
		{ TEXT("A\xc2\x85"
		       "da"),
		  RULE_INVALID_NAME },
		{ TEXT("A\xe2\x80\xa8"
		       "da"),
		  RULE_INVALID_NAME },
		{ TEXT("A\xe2\x80\xae"
		       "da"),
		  RULE_INVALID_NAME },
		{ TEXT("A\xe2\x81\xa6"
		       "da"),
		  RULE_INVALID_NAME },
		{ TEXT("A\xef\xbb\xbf"
		       "da"),
		  RULE_INVALID_NAME },
		/* not UTF-8 */
		{ TEXT("A\xff"
		       "da"),
		  RULE_INVALID_NAME },
		{ TEXT("A\xc3"), RULE_INVALID_NAME },
		{ TEXT("\xc0\xaf"), RULE_INVALID_NAME },
		{ TEXT("\xe0\x80\xaf"), RULE_INVALID_NAME },
		{ TEXT("\xed\xa0\x80"), RULE_INVALID_NAME },
		{ TEXT("\xf4\x90\x80\x80"), RULE_INVALID_NAME },
		{ TEXT("\xf8\x88\x80\x80\x80"), RULE_INVALID_NAME },
	};
	char longest[RULE_PERSON_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (rule_person_name(row[i].name, row[i].len) != row[i].expect)
			fail_msg("row %zu: \"%s\"", i, row[i].name);
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(rule_person_name(longest, RULE_PERSON_MAX), RULE_OK);
	assert_int_equal(rule_person_name(longest, RULE_PERSON_MAX + 1),
	                 RULE_INVALID_NAME);
}

static void
a_shell_and_a_home_are_absolute_paths(void **state)
{
	static const struct {
		const char *path;
		size_t len;
		bool ok;
	} row[] = {
		{ TEXT("/bin/bash"), true },
		{ TEXT("/"), true },
		{ TEXT("/home/a b"), true },
		{ TEXT(""), false },
		{ TEXT("bash"), false },
		{ TEXT("/bin/ba:sh"), false },
		{ TEXT("/bin/ba\nsh"), false },
		{ TEXT("/bin/ba\0sh"), false },
		{ TEXT("/home/jos\xc3\xa9"), false },
		{ TEXT("/bin/\x7f"), false },
	};
	char longest[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		if ((rule_shell(row[i].path, row[i].len) == RULE_OK) !=
		    row[i].ok)
			fail_msg("shell \"%s\"", row[i].path);
		if ((rule_home(row[i].path, row[i].len) == RULE_OK) !=
		    row[i].ok)
			fail_msg("home \"%s\"", row[i].path);
	}
	assert_int_equal(rule_shell("x", 1), RULE_INVALID_SHELL);
	assert_int_equal(rule_home("x", 1), RULE_INVALID_HOME);
	memset(longest, '/', sizeof(longest));
	assert_int_equal(rule_home(longest, 255), RULE_OK);
	assert_int_equal(rule_home(longest, 256), RULE_INVALID_HOME);
}

static void
a_gecos_is_one_field_of_passwd(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		bool lawful;
	} row[] = {
		{ TEXT("Ada Lovelace"), true },
		{ TEXT("Ada Lovelace,Room 7,+1 2,,"), true },
		{ TEXT("J\xc3\xb6rg"), true },
		{ TEXT(""), false },
		{ TEXT(" "), false },
		{ TEXT("a:b"), false },
		{ TEXT("a\nroot::0:0::/:/bin/sh"), false },
		{ TEXT("a\0b"), false },
		{ TEXT("a\x1b"
		       "[2J"),
		  false },
		{ TEXT("a\xff"), false },
		{ TEXT("\xe2\x80\xae"
		       "niamod"),
		  false },
	};
	char text[RULE_GECOS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_int_equal(rule_gecos_text(row[i].text, row[i].len),
		                 row[i].lawful ? RULE_OK : RULE_INVALID_NAME);
	memset(text, 'x', sizeof(text));
	assert_int_equal(rule_gecos_text(text, RULE_GECOS_MAX), RULE_OK);
	assert_int_equal(rule_gecos_text(text, RULE_GECOS_MAX + 1),
	                 RULE_INVALID_NAME);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_username_has_the_form_and_is_not_reserved),
		cmocka_unit_test(the_public_form_asks_for_more),
		cmocka_unit_test(a_group_name_gives_no_rights_on_a_host),
		cmocka_unit_test(two_groups_cannot_go),
		cmocka_unit_test(a_persons_name_can_be_read_and_is_not_empty),
		cmocka_unit_test(a_gecos_is_one_field_of_passwd),
		cmocka_unit_test(a_shell_and_a_home_are_absolute_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
