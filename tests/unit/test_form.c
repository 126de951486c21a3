/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_form.c - forms, and fields whether of a form or of JSON */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "httpd/input.h"

static cJSON *
form(const char *text)
{
	const char *why = NULL;
	cJSON *tree = form_parse(rst_view_of(text), &why);

	if ((tree == NULL) != (why != NULL))
		fail_msg("%s: the reason does not fit", text);
	return tree;
}

static void
forms_become_objects(void **state)
{
	cJSON *tree = form("a=1&b=x+y%26&b=2&c=&a2");
	const cJSON *list;

	(void)state;
	assert_non_null(tree);
	assert_string_equal(json_get(tree, "a")->valuestring, "1");
	list = json_get(tree, "b");
	assert_int_equal(cJSON_GetArraySize(list), 2);
	assert_string_equal(list->child->valuestring, "x y&");
	assert_string_equal(list->child->next->valuestring, "2");
	assert_string_equal(json_get(tree, "c")->valuestring, "");
	assert_string_equal(json_get(tree, "a2")->valuestring, "");
	json_wipe(tree);
	tree = form("");
	assert_non_null(tree);
	json_wipe(tree);
}

static void
malformed_forms_are_refused(void **state)
{
	static const char *const rows[] = {
		"a=%00",
		"%00=a",
		"a=%",
		"a=%zz",
		"=a",
		"a=%ff",
		"a=%c0%80",
		"%ff=a",
		"a%00b=c",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1",
	};
	char many[2 * FORM_FIELDS_MAX + 3];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (form(rows[i]) != NULL)
			fail_msg("%s was let in", rows[i]);
	for (size_t i = 0; i < sizeof(many) - 1; i += 2)
		memcpy(many + i, "a&", 2);
	many[2 * FORM_FIELDS_MAX + 1] = '\0';
	assert_null(form(many));
}

static const struct input_field fields[] = {
	{ "text", INPUT_TEXT, true }, { "number", INPUT_NUMBER, false },
	{ "yes", INPUT_BOOL, false }, { "list", INPUT_LIST, false },
	{ "any", INPUT_ANY, false },
};

/* The code of the refusal, or "" when the fields pass. */
static const char *
judge(struct http_req *req, const char *text, bool is_form)
{
	static char code[64];
	struct http_reply reply = { .status = 200 };
	const char *why;

	json_wipe(req->input);
	req->form = is_form;
	req->input = is_form ? form_parse(rst_view_of(text), &why)
	                     : json_parse(rst_view_of(text), &why);
	assert_non_null(req->input);
	code[0] = '\0';
	if (!INPUT_CHECK(req, fields, &reply)) {
		assert_int_equal(reply.status, 400);
		assert_true(rst_view_copy(
			rst_view_of(json_get(reply.body, "code")->valuestring),
			code, sizeof(code)));
	}
	http_reply_release(&reply);
	return code;
}

static void
fields_are_judged_as_in_the_table(void **state)
{
	static const struct {
		bool is_form;
		const char *text, *expect;
	} rows[] = {
		{ false, "{\"text\":\"a\"}", "" },
		{ false,
		  "{\"text\":\"a\",\"number\":7,\"yes\":true,\"list\":[\"a\"],"
		  "\"any\":1}",
		  "" },
		{ false, "{\"text\":\"a\",\"number\":null}", "" },
		{ false, "{}", "missing_field" },
		{ false, "{\"text\":null}", "missing_field" },
		{ false, "{\"text\":\"a\",\"csrf\":\"b\"}", "unknown_field" },
		{ false, "{\"text\":\"a\",\"Text\":\"b\"}", NULL },
		{ false, "{\"Text\":\"a\"}", "unknown_field" },
		{ false, "{\"text\":1}", "invalid_field" },
		{ false, "{\"text\":[\"a\"]}", "invalid_field" },
		{ false, "{\"text\":\"a\",\"number\":\"7\"}", "invalid_field" },
		{ false, "{\"text\":\"a\",\"number\":-7}", "invalid_field" },
		{ false, "{\"text\":\"a\",\"number\":4294967295}",
		  "invalid_field" },
		{ false, "{\"text\":\"a\",\"yes\":\"true\"}", "invalid_field" },
		{ false, "{\"text\":\"a\",\"yes\":1}", "invalid_field" },
		{ false, "{\"text\":\"a\",\"list\":\"a\"}", "invalid_field" },
		{ false, "{\"text\":\"a\",\"list\":[1]}", "invalid_field" },
		{ false, "{\"text\":\"a\",\"list\":[[\"a\"]]}",
		  "invalid_field" },
		{ false, "{\"text\":\"a\",\"any\":{}}", "invalid_field" },
		{ true, "text=a", "" },
		{ true, "text=a&csrf=b", "" },
		{ true, "text=a&number=7&yes=on&list=a&any=1", "" },
		{ true, "text=a&number=&list=", "" },
		{ true, "text=", "missing_field" },
		{ true, "text=a&text=b", "invalid_field" },
		{ true, "text=a&number=x", "invalid_field" },
		{ true, "text=a&number=07", "invalid_field" },
		{ true, "text=a&number=4294967295", "invalid_field" },
		{ true, "text=a&other=b", "unknown_field" },
	};
	struct http_req req = { .input = NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *why;

		if (rows[i].expect == NULL) { /* not even parsed */
			assert_null(
				json_parse(rst_view_of(rows[i].text), &why));
			continue;
		}
		if (strcmp(judge(&req, rows[i].text, rows[i].is_form),
		           rows[i].expect) != 0)
			fail_msg("%s: %s, not %s", rows[i].text,
			         judge(&req, rows[i].text, rows[i].is_form),
			         rows[i].expect);
	}
	json_wipe(req.input);
}

static void
both_forms_say_the_same(void **state)
{
	static const struct {
		bool is_form;
		const char *text;
	} rows[] = {
		{ false, "{\"text\":\"a b\",\"number\":7,\"yes\":true,"
		         "\"list\":[\"x\",\"y\"]}" },
		{ true, "text=a+b&number=7&yes=on&list=x&list=y" },
	};
	struct http_req req = { .input = NULL };
	struct rst_view list[INPUT_LIST_MAX];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(judge(&req, rows[i].text, rows[i].is_form),
		                    "");
		assert_true(rst_view_equal(input_text(&req, "text"),
		                           RST_VIEW("a b")));
		assert_int_equal(input_number(&req, "number", 1), 7);
		assert_true(input_bool(&req, "yes", false));
		assert_int_equal(input_list(&req, "list", list), 2);
		assert_true(rst_view_equal(list[1], RST_VIEW("y")));
		assert_false(input_has(&req, "any"));
		assert_null(input_text(&req, "any").ptr);
		assert_int_equal(input_number(&req, "other", 5), 5);
		assert_true(input_bool(&req, "other", true));
		assert_int_equal(input_list(&req, "other", list), 0);
	}
	assert_string_equal(judge(&req, "text=a&yes=false&list=x", true), "");
	assert_false(input_bool(&req, "yes", true));
	assert_int_equal(input_list(&req, "list", list), 1);
	json_wipe(req.input);
}

static void
long_texts_are_refused(void **state)
{
	struct http_req req = { .input = NULL };
	char text[INPUT_TEXT_MAX + 16] = "text=";

	(void)state;
	memset(text + 5, 'a', INPUT_TEXT_MAX);
	assert_string_equal(judge(&req, text, true), "");
	text[5 + INPUT_TEXT_MAX] = 'a';
	assert_string_equal(judge(&req, text, true), "invalid_field");
	json_wipe(req.input);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_become_objects),
		cmocka_unit_test(malformed_forms_are_refused),
		cmocka_unit_test(fields_are_judged_as_in_the_table),
		cmocka_unit_test(both_forms_say_the_same),
		cmocka_unit_test(long_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
