/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_conf.c - addresses in the configuration (files: tests/http) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "httpd/conf.h"

static void
sites_are_split(void **state)
{
	static const struct {
		const char *url, *origin, *host; /* NULL: refused */
		uint16_t port;
		bool https;
	} rows[] = {
		{ "https://a.example", "https://a.example", "a.example", 443,
		  true },
		{ "https://a.example/", "https://a.example", "a.example", 443,
		  true },
		{ "http://localhost:8080", "http://localhost:8080", "localhost",
		  8080, false },
		{ "http://[::1]:1", "http://[::1]:1", "[::1]", 1, false },
		{ "https://[::1]", "https://[::1]", "[::1]", 443, true },
		{ "", NULL, NULL, 0, false },
		{ "a.example", NULL, NULL, 0, false },
		{ "ftp://a", NULL, NULL, 0, false },
		{ "HTTPS://a", NULL, NULL, 0, false },
		{ "https://", NULL, NULL, 0, false },
		{ "https:///", NULL, NULL, 0, false },
		{ "https://a/b", "https://a", "a", 443, true },
		{ "https://a:1/b/c-d_/", "https://a:1", "a", 1, true },
		{ "https://a/b//c", NULL, NULL, 0, false },
		{ "https://a/b//", NULL, NULL, 0, false },
		{ "https://a//", NULL, NULL, 0, false },
		{ "https://a/../b", NULL, NULL, 0, false },
		{ "https://a/b c", NULL, NULL, 0, false },
		{ "https://a/b?c", NULL, NULL, 0, false },
		{ "https://a/b%2f", NULL, NULL, 0, false },
		{ "https://a?b", NULL, NULL, 0, false },
		{ "https://a@b", NULL, NULL, 0, false },
		{ "https://a b", NULL, NULL, 0, false },
		{ "https://a:", NULL, NULL, 0, false },
		{ "https://a:0", NULL, NULL, 0, false },
		{ "https://a:65536", NULL, NULL, 0, false },
		{ "https://a:x", NULL, NULL, 0, false },
		{ "https://:1", NULL, NULL, 0, false },
		{ "https://[::1", NULL, NULL, 0, false },
		{ "https://[::1]x", NULL, NULL, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_site site;
		bool ok = http_site_parse(rows[i].url, &site);

		if (ok != (rows[i].host != NULL))
			fail_msg("%s: %d", rows[i].url, ok);
		if (!ok)
			continue;
		assert_string_equal(site.origin, rows[i].origin);
		assert_string_equal(site.host, rows[i].host);
		assert_int_equal(site.port, rows[i].port);
		assert_int_equal(site.https, rows[i].https);
	}
}

static void
addresses_to_listen_on_are_split(void **state)
{
	static const struct {
		const char *text, *where; /* NULL: refused */
		uint16_t port;
		bool is_unix;
	} rows[] = {
		{ "127.0.0.1:80", "127.0.0.1", 80, false },
		{ "[::]:443", "::", 443, false },
		{ "localhost:0", "localhost", 0, false },
		{ "unix:/run/r", "/run/r", 0, true },
		{ "", NULL, 0, false },
		{ "80", NULL, 0, false },
		{ ":80", NULL, 0, false },
		{ "a:", NULL, 0, false },
		{ "a:b", NULL, 0, false },
		{ "a:080", NULL, 0, false },
		{ "a:65536", NULL, 0, false },
		{ "[::]", NULL, 0, false },
		{ "[]:443", NULL, 0, false },
		{ "[x]:443", NULL, 0, false },
		{ "::1:80", NULL, 0, false },
		{ "unix:", NULL, 0, false },
		{ "unix:run", NULL, 0, false },
		{ "a/b:80", NULL, 0, false },
	};
	char path[130] = "unix:/";
	struct http_listen on;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool ok = http_listen_parse(rows[i].text, &on);

		if (ok != (rows[i].where != NULL))
			fail_msg("%s: %d", rows[i].text, ok);
		if (!ok)
			continue;
		assert_string_equal(on.where, rows[i].where);
		assert_int_equal(on.port, rows[i].port);
		assert_int_equal(on.is_unix, rows[i].is_unix);
	}
	memset(path + 6, 'a', 106);
	assert_true(http_listen_parse(path, &on));
	path[6 + 106] = 'a';
	assert_false(http_listen_parse(path, &on));
}

static void
loopback_is_this_machine_only(void **state)
{
	static const char *const inside[] = { "localhost", "LOCALHOST",
		                              "127.0.0.1", "127.9.9.9",
		                              "::1",       "[::1]" };
	static const char *const outside[] = {
		"",         "0.0.0.0",        "128.0.0.1",      "::",
		"10.0.0.1", "localhost.evil", "127.0.0.1.evil", "[::]",
		"127.1"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
		if (!http_is_loopback(inside[i]))
			fail_msg("%s is loopback", inside[i]);
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		if (http_is_loopback(outside[i]))
			fail_msg("%s is not loopback", outside[i]);
}

static void
the_environment_names_sections_and_keys(void **state)
{
	struct http_config config = { 0 };
	struct rst_detail why = { "" };
	char public_url[] = "ROSTER_SERVER__PUBLIC_URL=https://a=b";
	char other[] = "ROSTER_OTHER=x", stranger[] = "HOME=/";
	char bogus[] = "ROSTER_SERVER__BOGUS=1",
	     section[] = "ROSTER_X__STATE=1";
	char *const good[] = { stranger, other, public_url, NULL };
	char *const bad[] = { bogus, NULL }, *const worse[] = { section, NULL };

	(void)state;
	assert_int_equal(http_config_environment(&config, good, &why), RST_OK);
	assert_string_equal(config.public_url, "https://a=b");
	assert_int_equal(http_config_environment(&config, bad, &why),
	                 RST_EINVALID);
	assert_non_null(strstr(why.text, "BOGUS"));
	assert_int_equal(http_config_environment(&config, worse, &why),
	                 RST_EINVALID);
	http_config_release(&config);
	http_config_release(&config);
}

/* Whom a request is from is what a proxy we trust says, and no more. */
static void
a_client_is_who_the_trusted_say(void **state)
{
	static const struct {
		const char *trusted, *peer, *forwarded, *client;
		bool proxied;
	} rows[] = {
		{ "", "192.0.2.1:5", "1.2.3.4", "192.0.2.1:5", false },
		{ "192.0.2.2", "192.0.2.1:5", "1.2.3.4", "192.0.2.1:5", false },
		{ "192.0.2.1", "192.0.2.1:5", "1.2.3.4", "1.2.3.4", true },
		{ "192.0.2.1", "192.0.2.1:5", NULL, "192.0.2.1:5", true },
		{ "192.0.2.1", "192.0.2.1:5", "", "192.0.2.1:5", true },
		{ "10.0.0.0/8, 192.0.2.1", "192.0.2.1:5",
		  "6.6.6.6, 1.2.3.4, 10.1.1.1", "1.2.3.4", true },
		{ "10.0.0.0/8 192.0.2.1", "192.0.2.1:5", "10.1.1.1,10.1.1.2",
		  "10.1.1.1", true },
		{ "local", "unix", "6.6.6.6 ,  2001:db8::7", "[2001:db8::7]",
		  true },
		{ "local", "unix", "[2001:db8::7]:99", "[2001:db8::7]", true },
		{ "local", "unix", "1.2.3.4:99", "1.2.3.4", true },
		{ "::1", "[::1]:5", "1.2.3.4", "1.2.3.4", true },
		{ "local", "unix", "unknown", "unix", true },
		{ "local", "unix", "1.2.3.4, _hidden", "unix", true },
		{ "local 10.0.0.0/8", "unix", "evil, 10.0.0.9", "10.0.0.9",
		  true },
		{ "local", "unix", "local", "unix", true },
		{ "local", "unix", "1.2.3.4,", "unix", true },
		{ "local", "unix", "1.2.3.4\"", "unix", true },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool proxied = http_proxy_client(rows[i].trusted, rows[i].peer,
		                                 rst_view_of(rows[i].forwarded),
		                                 buf, sizeof(buf));

		if (proxied != rows[i].proxied ||
		    strcmp(buf, rows[i].client) != 0)
			fail_msg("row %zu: %d %s", i, proxied, buf);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sites_are_split),
		cmocka_unit_test(a_client_is_who_the_trusted_say),
		cmocka_unit_test(addresses_to_listen_on_are_split),
		cmocka_unit_test(loopback_is_this_machine_only),
		cmocka_unit_test(the_environment_names_sections_and_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
