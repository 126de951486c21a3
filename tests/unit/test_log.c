/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_log.c - what of a path is logged */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "httpd/http.h"

#define TOKEN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-"

static void
tokens_are_left_out(void **state)
{
	static const struct {
		const char *path, *expect;
	} rows[] = {
		{ "/", "/" },
		{ "", "" },
		{ "/users/alice", "/users/alice" },
		{ "/users/alice/suspend", "/users/alice/suspend" },
		{ "/invitations/9f184dac-d20d-4f3a-b987-93dacaf7bb60",
		  "/invitations/9f184dac-d20d-4f3a-b987-93dacaf7bb60" },
		{ "/register/x", "/register/-" },
		{ "/register", "/register" },
		{ "/register/", "/register/" },
		{ "/bootstrap/" TOKEN, "/bootstrap/-" },
		{ "/verify/x", "/verify/-" },
		{ "/reset/x", "/reset/-" },
		{ "/api/v1/invitations/token/x",
		  "/api/v1/invitations/token/-" },
		{ "/register/x/y", "/register/-/y" },
		{ "/elsewhere/" TOKEN, "/elsewhere/-" },
		{ "/" TOKEN "/a", "/-/a" },
		{ "/users/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  "/users/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
	};
	char buf[HTTP_PATH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		http_log_scrub(rows[i].path, buf);
		if (strcmp(buf, rows[i].expect) != 0)
			fail_msg("%s: %s", rows[i].path, buf);
	}
}

static void
the_longest_path_fits(void **state)
{
	char path[HTTP_PATH_MAX + 1], buf[HTTP_PATH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < HTTP_PATH_MAX; i++)
		path[i] = i % 20 == 0 ? '/' : 'a';
	path[HTTP_PATH_MAX] = '\0';
	http_log_scrub(path, buf);
	assert_string_equal(path, buf);
	memset(path, '/', HTTP_PATH_MAX);
	http_log_scrub(path, buf);
	assert_true(strlen(buf) <= HTTP_PATH_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_left_out),
		cmocka_unit_test(the_longest_path_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
