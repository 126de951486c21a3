/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_registration.c - who may register, and under what name */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/registration.h"

static void
lists_are_of_domains(void **state)
{
	static const struct {
		const char *list;
		enum rule_verdict expect;
	} rows[] = {
		{ "", RULE_OK },
		{ "example.org", RULE_OK },
		{ "example.org,.example.net,xn--bcher-kva.example", RULE_OK },
		{ "localhost", RULE_OK },
		{ "Example.org", RULE_INVALID_SETTING },
		{ "example.org,", RULE_INVALID_SETTING },
		{ ",example.org", RULE_INVALID_SETTING },
		{ "example..org", RULE_INVALID_SETTING },
		{ "example.org.", RULE_INVALID_SETTING },
		{ "..example.org", RULE_INVALID_SETTING },
		{ ".", RULE_INVALID_SETTING },
		{ "a@example.org", RULE_INVALID_SETTING },
		{ "example.org, example.net", RULE_INVALID_SETTING },
		{ "-a.org", RULE_INVALID_SETTING },
		{ "b\xc3\xbc"
		  "cher.example",
		  RULE_INVALID_SETTING },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rule_domains(rows[i].list, strlen(rows[i].list)) !=
		    rows[i].expect)
			fail_msg("\"%s\"", rows[i].list);
}

static void
a_domain_is_admitted_unless_it_is_blocked_or_not_listed(void **state)
{
	static const struct {
		const char *allowed, *blocked, *mail;
		enum rule_verdict expect;
	} rows[] = {
		{ "", "", "a@example.org", RULE_OK },
		{ "example.org", "", "a@example.org", RULE_OK },
		{ "example.org", "", "a@sub.example.org", RULE_EMAIL_DOMAIN },
		{ ".example.org", "", "a@sub.example.org", RULE_OK },
		{ ".example.org", "", "a@example.org", RULE_EMAIL_DOMAIN },
		{ ".example.org", "", "a@badexample.org", RULE_EMAIL_DOMAIN },
		{ "a.org,example.org", "", "a@example.org", RULE_OK },
		{ "example.org", "", "a@example.org.evil", RULE_EMAIL_DOMAIN },
		{ "", "example.org", "a@example.org", RULE_EMAIL_DOMAIN },
		{ "", "example.org", "a@example.com", RULE_OK },
		{ "example.org", "example.org", "a@example.org",
		  RULE_EMAIL_DOMAIN },
		{ ".org", ".bad.org", "a@x.bad.org", RULE_EMAIL_DOMAIN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rule_registration_mail(rows[i].allowed, rows[i].blocked,
		                           rows[i].mail) != rows[i].expect)
			fail_msg("row %zu: %s", i, rows[i].mail);
}

static void
a_name_is_proposed_from_what_is_known(void **state)
{
	static const struct {
		const char *given, *sn, *mail;
		unsigned int n;
		const char *expect;
	} rows[] = {
		{ "Alan", "Turing", "alan@example.org", 0, "alan" },
		{ "Alan", "Turing", "alan@example.org", 2, "alan2" },
		{ "Alan", "Turing", "Alan.Turing+x@example.org", 0,
		  "alan-turing" },
		{ "Alan", "Turing", "at@example.org", 0, "aturing" },
		{ "Alan", "Turing", "", 0, "aturing" },
		{ "J\xc3\xb6rg", "Gr\xc3\xbc\xc3\x9f", "4@example.org", 0,
		  "jgruess" },
		{ "\xc3\x98ystein", "\xc3\x85s", "", 0, "oaas" },
		{ "\xc5\x81ukasz", "\xc5\xbb\xc3\xb3\xc5\x82w", "", 0,
		  "lzolw" },
		{ "", "\xe7\x8e\x8b", "1234@example.org", 0, "person" },
		{ "", "", "", 7, "person7" },
		{ "x", "y", "9lives@example.org", 0, "lives" },
		{ "x", "y", "--z--o@example.org", 0, "z--o" },
		{ "x", "y",
		  "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz@a.b",
		  12, "abcdefghijklmnopqrstuvwxyzabcd12" },
	};
	char buf[RULE_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rule_username_propose(rows[i].given, strlen(rows[i].given),
		                      rows[i].sn, strlen(rows[i].sn),
		                      rows[i].mail, strlen(rows[i].mail),
		                      rows[i].n, buf);
		assert_string_equal(buf, rows[i].expect);
		assert_int_equal(rule_username_public(buf, strlen(buf)),
		                 RULE_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_of_domains),
		cmocka_unit_test(
			a_domain_is_admitted_unless_it_is_blocked_or_not_listed),
		cmocka_unit_test(a_name_is_proposed_from_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
