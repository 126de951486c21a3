/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_ssh_key.c - rules/ssh_key.h
 *
 * The good ones are of ssh-keygen, but those of hardware (SK), and so are the
 * bad ones before they were spoilt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/ssh_key.h"

#define ED                                                                     \
	"AAAAC3NzaC1lZDI1NTE5AAAAICBwva4d8n++6/79Pcw55Dp6h6Zoi5Z7mAI1zY8+"     \
	"ojCE"
#define P256                                                                   \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMXlDpSmQ3OO"     \
	"vORmeYwqwILb6xtCskcQIP27M+Wv9mlKmWYJVHLMPP19XeH7zGaMctbbDJAKwNhK"     \
	"nZBP49pVEhg="
#define P384                                                                   \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBBC7C3yhEIX6"     \
	"R0TMQazE2olnWizzBn/t3zuErnb0tdTJZztzx07UC7t3c6GvkRPceDig+n96/pzI"     \
	"+RUhq4Y7lYwRvO+DkCO8lPFIiyYeLmOXyBofBKlRfZE2CvUFBSwV9A=="
#define P521                                                                   \
	"AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAGsc5sPcAkJ"     \
	"lf04FyTNU30dLyOVcGNWQr0CFqRsbX+w4GQXnbSc7ZRCHZIjdYMnjYR2XVj6SQEZ"     \
	"Cyjm/0KlTTJzcAEWiB7TR6UjBskFNNkGd90ABBYMSGXZws2ebwlPjkREX9erpzop"     \
	"JtRM9vnraQ5VW9DfCvr580lEPi85Kwumh603Pg=="
#define RSA                                                                    \
	"AAAAB3NzaC1yc2EAAAADAQABAAABAQCzDk3dgtuqKGG7YEqrb0m+Co5uW/zoyXXm"     \
	"q829uTr0v5gtTIswbT0wHfzuIovPAp1mzTf8+nYQVQk2Zfag2hWi9TgYkpXhrwEx"     \
	"Pc4TCgx55mL93CeXEmkM4mv+N1UcjMWs79QTqusgR/aYsi6cg7k3TDqJFAA2V+Fv"     \
	"fAuxk4RlfOUUJmniTOkO0r+YFIcZt+N128cuXr+O9DGCNLXmvMGJc+TCAq1QGkFJ"     \
	"C55OEKG5YGJ4qxAHuB+eOEoQFO6IsMZ7sE1QtvWwD1+pB6/R7/h09XCSf3rxHibW"     \
	"Q4iBvWpC8F+vrpiMNeQ3ynR8hBCPvaq0me66b4FOJgq2C7H9JyRl"
#define RSA_SHORT                                                              \
	"AAAAB3NzaC1yc2EAAAADAQABAAAAgQCkXcL96FtxXrK4vFs6Km2Z1XtLLGMUo6GS"     \
	"6LcVUlvbdagtGUOyy4aSfrkE0MqwjaOhLMpY63G1usAB4HQpQ9W9y1F1JztQPIW9"     \
	"PBhwklwJxd+v4wwxGZSo1VI7Vgs8NjxS2DHonJEOvRTMrTvt0ZdGYID7IyikP4sz"     \
	"mkAXxSr/tQ=="
#define SK_ED                                                                  \
	"AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIBERERERERERERERERER"     \
	"ERERERERERERERERERERERERAAAABHNzaDo="
#define SK_P                                                                   \
	"AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAy"     \
	"NTYAAABBBBERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"EREREREREREREREREREREREREREREREAAAAEc3NoOg=="
#define ED_31                                                                  \
	"AAAAC3NzaC1lZDI1NTE5AAAAHxERERERERERERERERERERERERERERERERERERER"     \
	"ERE="
#define ED_MORE                                                                \
	"AAAAC3NzaC1lZDI1NTE5AAAAIBERERERERERERERERERERERERERERERERERERER"     \
	"ERERAAAAAXg="
#define ED_CUT                                                                 \
	"AAAAC3NzaC1lZDI1NTE5AAAAICBwva4d8n++6/79Pcw55Dp6h6Zoi5Z7mAI1zY8+"     \
	"ojA="
#define ED_LENGTH "/////3h4eHh4eHh4eHh4eHh4eHh4eHh4"
#define SK_NONE                                                                \
	"AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIBERERERERERERERERER"     \
	"ERERERERERERERERERERERER"
#define SK_EMPTY                                                               \
	"AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIBERERERERERERERERER"     \
	"ERERERERERERERERERERERERAAAAAA=="
#define P_CURVE                                                                \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAzODQAAABBBBERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERE="
#define P_PACKED                                                               \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBAhERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERE="
#define RSA_NEGATIVE                                                           \
	"AAAAB3NzaC1yc2EAAAADAQABAAABAIARERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERE="
#define RSA_ZEROS                                                              \
	"AAAAB3NzaC1yc2EAAAADAQABAAABAQARERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERER"
#define RSA_E                                                                  \
	"AAAAB3NzaC1yc2EAAAABAQAAAQEAgRERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"EREREREREREREREREREREREREREREREREREREREREREREREREQ=="
#define RSA_HUGE                                                               \
	"AAAAB3NzaC1yc2EAAAADAQABAAAIAgCBERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERE="
#define DSA                                                                    \
	"AAAAB3NzaC1kc3MAAACAERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"EREREREREREREREREREREREREREREREREREREREREREREREREREREREREREREREA"     \
	"AAAUEREREREREREREREREREREREREREAAACAERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"EREREREREREREREAAACAERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERER"     \
	"ERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERERE="

static enum rule_verdict
verdict_of(const char *line, size_t len)
{
	const char *why = NULL;
	enum rule_verdict verdict = rule_ssh_key(line, len, &why);

	assert_true((verdict == RULE_OK) == (why == NULL));
	return verdict;
}

static void
every_lawful_type_is_accepted(void **state)
{
	static const char *const lines[] = {
		"ssh-ed25519 " ED,
		"ssh-ed25519 " ED " ada@laptop",
		"ecdsa-sha2-nistp256 " P256,
		"ecdsa-sha2-nistp256 " P256 " ada@laptop",
		"ecdsa-sha2-nistp384 " P384,
		"ecdsa-sha2-nistp384 " P384 " ada@laptop",
		"ecdsa-sha2-nistp521 " P521,
		"ecdsa-sha2-nistp521 " P521 " ada@laptop",
		"ssh-rsa " RSA,
		"ssh-rsa " RSA " ada@laptop",
		"sk-ssh-ed25519@openssh.com " SK_ED,
		"sk-ssh-ed25519@openssh.com " SK_ED " ada@laptop",
		"sk-ecdsa-sha2-nistp256@openssh.com " SK_P,
		"sk-ecdsa-sha2-nistp256@openssh.com " SK_P " ada@laptop",
		"ssh-ed25519 " ED " a \xc3\xa9 b",
		"ssh-ed25519 " ED " ",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (verdict_of(lines[i], strlen(lines[i])) != RULE_OK)
			fail_msg("refused: %s", lines[i]);
}

static void
what_is_no_lawful_key_is_refused(void **state)
{
	static const char *const lines[] = {
		"ssh-ed25519 " ED_31,
		"ssh-ed25519 " ED_MORE,
		"ssh-ed25519 " ED_CUT,
		"ssh-ed25519 " ED_LENGTH,
		"sk-ssh-ed25519@openssh.com " SK_NONE,
		"sk-ssh-ed25519@openssh.com " SK_EMPTY,
		"ecdsa-sha2-nistp256 " P_CURVE,
		"ecdsa-sha2-nistp256 " P_PACKED,
		"ecdsa-sha2-nistp256 " P384,
		"ssh-rsa " RSA_SHORT,
		"ssh-rsa " RSA_NEGATIVE,
		"ssh-rsa " RSA_ZEROS,
		"ssh-rsa " RSA_E,
		"ssh-rsa " RSA_HUGE,
		"ssh-dss " DSA,
		"ssh-ed25519 " RSA,
		"ssh-rsa " ED,
		"SSH-ED25519 " ED,
		"ssh-ed25519-cert-v01@openssh.com " ED,
		"",
		" ",
		"ssh-ed25519",
		"ssh-ed25519 ",
		" ssh-ed25519 " ED,
		"ssh-ed25519  " ED,
		"ssh-ed25519\t" ED,
		ED,
		"command=\"sh\" ssh-ed25519 " ED,
		"no-pty ssh-ed25519 " ED,
		"ssh-ed25519 " ED "=",
		"ssh-ed25519 " ED "====",
		"ssh-ed25519 A" ED,
		"ssh-ed25519 -" ED,
		"ssh-ed25519 " ED "\nssh-ed25519 " ED,
		"ssh-ed25519 " ED " a\nb",
		"ssh-ed25519 " ED " a\rb",
		"ssh-ed25519 " ED " a\x1b[2Jb",
		"ssh-ed25519 " ED " \xff",
		"ssh-ed25519 " ED " \xe2\x80\xa8",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (verdict_of(lines[i], strlen(lines[i])) != RULE_INVALID_KEY)
			fail_msg("accepted: %s", lines[i]);
}

static void
a_line_has_an_end(void **state)
{
	static const char begin[] = "ssh-ed25519 " ED " ";
	char line[RULE_SSH_KEY_MAX + 1];

	(void)state;
	memset(line, 'a', sizeof(line));
	memcpy(line, begin, sizeof(begin) - 1);
	assert_int_equal(verdict_of(line, RULE_SSH_KEY_MAX), RULE_OK);
	assert_int_equal(verdict_of(line, RULE_SSH_KEY_MAX + 1),
	                 RULE_INVALID_KEY);
	line[100] = '\0';
	assert_int_equal(verdict_of(line, 200), RULE_INVALID_KEY);
}

/* However it is cut or bent, it is refused or read, and nothing else. */
static void
no_cut_and_no_bent_byte_does_harm(void **state)
{
	static const char whole[] = "ssh-rsa " RSA " ada";
	char line[sizeof(whole)];
	size_t good = 0;

	(void)state;
	for (size_t len = 0; len + 5 < sizeof(whole); len++)
		assert_int_equal(verdict_of(whole, len), RULE_INVALID_KEY);
	for (size_t i = 0; i + 1 < sizeof(whole); i++) {
		memcpy(line, whole, sizeof(whole));
		line[i] = (char)(line[i] ^ 1);
		good += verdict_of(line, sizeof(whole) - 1) == RULE_OK;
	}
	assert_true(good < sizeof(whole)); /* of the modulus, some are */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_lawful_type_is_accepted),
		cmocka_unit_test(what_is_no_lawful_key_is_refused),
		cmocka_unit_test(a_line_has_an_end),
		cmocka_unit_test(no_cut_and_no_bent_byte_does_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
