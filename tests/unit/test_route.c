/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_route.c - the table of routes is whole */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/route.h"
#include "httpd/template.h"

static void
every_row_has_a_role_and_a_handler(void **state)
{
	(void)state;
	for (size_t i = 0; i < http_routes_n; i++) {
		const struct http_route *route = &http_routes[i];
		bool page = (route->where & HTTP_PAGE) != 0;

		if (route->handle == NULL || route->where == 0 ||
		    route->role < HTTP_ANYONE || route->role > HTTP_ADMIN)
			fail_msg("%s has no role or handler", route->path);
		if (route->path[0] != '/')
			fail_msg("%s is no path", route->path);
		if ((route->template != NULL) != (route->title != NULL))
			fail_msg("%s has half a page", route->path);
		if (page && route->method != HTTP_GET &&
		    route->method != HTTP_POST)
			fail_msg("no form can send to %s", route->path);
		if (route->show != NULL && route->template == NULL)
			fail_msg("%s has nothing to show", route->path);
		if (route->role == HTTP_SELF &&
		    strncmp(route->path, "/users/{}", 9) != 0)
			fail_msg("%s names nobody", route->path);
	}
}

static void
no_row_hides_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < http_routes_n; i++)
		for (size_t k = i + 1; k < http_routes_n; k++)
			if (http_routes[i].method == http_routes[k].method &&
			    (http_routes[i].where & http_routes[k].where &
			     (HTTP_API | HTTP_PAGE | HTTP_RAW | HTTP_COMPAT)) &&
			    strcmp(http_routes[i].path, http_routes[k].path) ==
			            0)
				fail_msg("%s is there twice",
				         http_routes[i].path);
}

static void
every_page_has_its_template(void **state)
{
	struct http_templates *templates = NULL;
	const char *source = getenv("top_srcdir");
	struct rst_detail why = { "" };
	char folder[4096];

	(void)state;
	if (source == NULL)
		source = ".";
	assert_true(strlen(source) < 4000);
	snprintf(folder, sizeof(folder), "%s/httpd/templates", source);
	if (http_templates_load(folder, NULL, &templates, &why) != RST_OK)
		fail_msg("%s", why.text);
	for (size_t i = 0; i < http_routes_n; i++) {
		const char *name = http_routes[i].template;
		char *text = NULL;

		if (name == NULL)
			continue;
		if (http_template_render(templates, name, NULL, true, &text,
		                         &why) != RST_OK)
			fail_msg("%s: %s", name, why.text);
		free(text);
	}
	http_templates_free(templates);
}

static void
paths_find_their_rows(void **state)
{
	static const struct {
		enum http_method method;
		const char *path;
		bool api;
		const char *expect; /* path of the row; NULL: none */
		const char *arg0, *arg1, *allow;
	} rows[] = {
		{ HTTP_GET, "/users", true, "/users", NULL, NULL, NULL },
		{ HTTP_HEAD, "/users", true, "/users", NULL, NULL, NULL },
		{ HTTP_GET, "/users/alice", true, "/users/{}", "alice", NULL,
		  NULL },
		{ HTTP_PUT, "/groups/g/members/alice", true,
		  "/groups/{}/members/{}", "g", "alice", NULL },
		{ HTTP_POST, "/invitations/x/resend", true,
		  "/invitations/{}/resend", "x", NULL, NULL },
		{ HTTP_GET, "/invitations/token/x", true,
		  "/invitations/token/{}", "x", NULL, NULL },
		{ HTTP_GET, "/healthz", false, "/healthz", NULL, NULL, NULL },
		{ HTTP_GET, "/healthz", true, NULL, NULL, NULL, "" },
		{ HTTP_GET, "/session", false, NULL, NULL, NULL, "" },
		{ HTTP_GET, "/login", true, NULL, NULL, NULL, "" },
		{ HTTP_GET, "/users/", true, NULL, NULL, NULL, "" },
		{ HTTP_GET, "/users/a/b", true, NULL, NULL, NULL, "" },
		{ HTTP_GET, "/user", true, NULL, NULL, NULL, "" },
		{ HTTP_GET, "/userss", true, NULL, NULL, NULL, "" },
		{ HTTP_GET, "", true, NULL, NULL, NULL, "" },
		{ HTTP_GET, "/users/{}", true, "/users/{}", "{}", NULL, NULL },
		{ HTTP_PUT, "/users", true, NULL, NULL, NULL,
		  "GET, HEAD, POST" },
		{ HTTP_POST, "/session", false, NULL, NULL, NULL, "" },
		{ HTTP_GET, "/bootstrap", true, NULL, NULL, NULL, "POST" },
		{ HTTP_PATCH, "/groups/g/members/a", true, NULL, NULL, NULL,
		  "PUT, DELETE" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rst_view arg[2] = { { NULL, 0 }, { NULL, 0 } };
		const char *allow = NULL;
		const struct http_route *route = http_route_find(
			rows[i].method, rows[i].path, rows[i].api, arg, &allow);

		if ((route == NULL) != (rows[i].expect == NULL) ||
		    (route != NULL && strcmp(route->path, rows[i].expect) != 0))
			fail_msg("%s found %s", rows[i].path,
			         route != NULL ? route->path : "nothing");
		if (!rst_view_equal(arg[0], rst_view_of(rows[i].arg0)) ||
		    !rst_view_equal(arg[1], rst_view_of(rows[i].arg1)))
			fail_msg("%s: other arguments", rows[i].path);
		if (rows[i].allow != NULL)
			assert_string_equal(allow, rows[i].allow);
	}
}

/* An address whose other methods are wrong always says which are right. */
static void
every_path_can_name_its_methods(void **state)
{
	(void)state;
	for (size_t i = 0; i < http_routes_n; i++)
		for (int m = HTTP_GET; m <= HTTP_DELETE; m++)
			for (int api = 0; api < 2; api++) {
				const struct http_route *r = &http_routes[i];
				struct rst_view arg[2];
				const char *allow = "x";

				if (!(r->where & (api ? HTTP_API
				                      : HTTP_PAGE | HTTP_RAW |
				                                  HTTP_COMPAT)))
					continue;
				if (http_route_find((enum http_method)m,
				                    r->path, api != 0, arg,
				                    &allow) == NULL &&
				    allow[0] == '\0')
					fail_msg("%s: no Allow", r->path);
			}
}

static void
what_hashes_is_known(void **state)
{
	static const struct {
		enum http_method method;
		const char *path;
		bool expect;
	} rows[] = {
		{ HTTP_POST, "/api/v1/session", true },
		{ HTTP_POST, "/login", true },
		{ HTTP_POST, "/register", true },
		{ HTTP_POST, "/api/v1/me/password", true },
		{ HTTP_POST, "/me/password", true },
		{ HTTP_GET, "/api/v1/session", false },
		{ HTTP_GET, "/login", false },
		{ HTTP_GET, "/healthz", false },
		{ HTTP_POST, "/nothing", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_head head = { .method = rows[i].method };

		snprintf(head.path, sizeof(head.path), "%s", rows[i].path);
		if (http_route_hashes(&head) != rows[i].expect)
			fail_msg("%s", rows[i].path);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_has_a_role_and_a_handler),
		cmocka_unit_test(no_row_hides_another),
		cmocka_unit_test(every_page_has_its_template),
		cmocka_unit_test(paths_find_their_rows),
		cmocka_unit_test(every_path_can_name_its_methods),
		cmocka_unit_test(what_hashes_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
