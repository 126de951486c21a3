/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_template.c - values never become markup */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "httpd/template.h"

static char part[] = "<i>{{x}}</i>";

/* The text, owned by the caller; NULL when it cannot be rendered. */
static char *
render(const char *source, const char *model, bool html)
{
	static struct http_templates templates;
	struct rst_detail why = { "" };
	cJSON *tree = cJSON_Parse(model);
	char *text = NULL;

	templates.n = 2;
	templates.items[0] =
		(struct http_template){ .name = "page",
		                        .text = (char *)(uintptr_t)source };
	templates.items[1] =
		(struct http_template){ .name = "_part", .text = part };
	if (http_template_render(&templates, "page", tree, html, &text, &why) !=
	    RST_OK)
		text = NULL;
	cJSON_Delete(tree);
	return text;
}

static void
pages_are_rendered_as_in_the_table(void **state)
{
	static const struct {
		const char *source, *model;
		bool html;
		const char *expect;
	} rows[] = {
		{ "a{{x}}b", "{\"x\":\"1\"}", true, "a1b" },
		{ "{{x}}", "{\"x\":\"<&\\\"'>\"}", true,
		  "&lt;&amp;&quot;&apos;&gt;" },
		{ "{{x}}", "{\"x\":\"<&\\\"'>\"}", false, "<&\"'>" },
		{ "{{x}}", "{\"x\":\"{{y}}\",\"y\":\"no\"}", true, "{{y}}" },
		{ "{{> _part}}", "{\"x\":\"<\"}", true, "<i>&lt;</i>" },
		{ "{{> _part}}", "{\"x\":\"<\"}", false, "<i><</i>" },
		{ "{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":true}", true,
		  "yes" },
		{ "{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":false}", true,
		  "no" },
		{ "{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":\"\"}", true, "no" },
		{ "{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":null}", true, "no" },
		{ "{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{\"x\":[]}", true, "no" },
		{ "{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{}", true, "no" },
		{ "{{#x}}[{{y}}]{{/x}}", "{\"x\":[{\"y\":1},{\"y\":20000}]}",
		  true, "[1][20000]" },
		{ "{{#x}}[{{.}}]{{/x}}", "{\"x\":[\"a\",\"<\"]}", true,
		  "[a][&lt;]" },
		{ "{{x.y}}{{x.z}}", "{\"x\":{\"y\":\"1\"}}", true, "1" },
		{ "{{missing}}", "{}", true, "" },
		{ "{{x}}", "{\"x\":4294967295}", true, "4294967295" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text =
			render(rows[i].source, rows[i].model, rows[i].html);

		if (text == NULL || strcmp(text, rows[i].expect) != 0)
			fail_msg("%s with %s: %s", rows[i].source,
			         rows[i].model, text != NULL ? text : "none");
		free(text);
	}
}

static void
a_partial_comes_from_files_only(void **state)
{
	char *text = render("{{> x}}", "{\"_x\":\"no\"}", true);

	(void)state;
	assert_string_equal(text, "");
	free(text);
	text = render("{{#m}}{{> _part}}{{/m}}",
	              "{\"m\":{\"_part\":\"{{x}}\",\"x\":\"1\"}}", true);
	assert_string_equal(text, "<i>1</i>");
	free(text);
}

static void
templates_are_checked(void **state)
{
	static const struct {
		const char *text;
		bool html, expect;
	} rows[] = {
		{ "{{x}}{{#y}}{{/y}}{{^y}}{{/y}}{{> z}}{{! c }}", true, true },
		{ "{{{x}}}", false, true },
		{ "{{{x}}}", true, false },
		{ "{{&x}}", true, false },
		{ "{{ & x}}", true, false },
		{ "{{=<% %>=}}", true, false },
		{ "{{x", true, false },
		{ "{{#x}}", true, false },
		{ "{{/x}}", true, false },
		{ "{{#x}}{{/y}}", false, false },
		{ "", true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rst_detail why = { "" };
		bool ok = http_template_check(rows[i].text, rows[i].html, &why);

		if (ok != rows[i].expect)
			fail_msg("%s: %s", rows[i].text, why.text);
		if (!ok)
			assert_string_not_equal(why.text, "");
	}
}

static void
a_missing_template_is_told(void **state)
{
	static struct http_templates none;
	struct rst_detail why = { "" };
	char *text = NULL;

	(void)state;
	assert_int_equal(
		http_template_render(&none, "nothing", NULL, true, &text, &why),
		RST_ENOTFOUND);
	assert_non_null(strstr(why.text, "nothing"));
	assert_null(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_rendered_as_in_the_table),
		cmocka_unit_test(a_partial_comes_from_files_only),
		cmocka_unit_test(templates_are_checked),
		cmocka_unit_test(a_missing_template_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
