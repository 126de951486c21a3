/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_json.c - what the JSON reader lets in */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/json.h"

static cJSON *
parse(const char *text, size_t len)
{
	const char *why = NULL;
	/* exactly as long as it is: a byte too far is a fault */
	char *copy = malloc(len > 0 ? len : 1);
	cJSON *tree;

	assert_non_null(copy);
	memcpy(copy, text, len);
	tree = json_parse(rst_view(copy, len), &why);
	if ((tree == NULL) != (why != NULL))
		fail_msg("%.*s: the reason does not fit", (int)len, text);
	free(copy);
	return tree;
}

static void
lawful_texts_are_read(void **state)
{
	static const char *const rows[] = {
		"{}",
		"[]",
		" \t\r\n{ \"a\" : [ 1 , -2.5e+3 , true , false , null ] } ",
		"\"\\u00e9\\ud83d\\ude00\\n\\/\"",
		"{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]}",
		"0",
		"-0",
		"1E5",
		"\"\xc3\xa9\"",
		"[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cJSON *tree = parse(rows[i], strlen(rows[i]));

		if (tree == NULL)
			fail_msg("%s was refused", rows[i]);
		json_wipe(tree);
	}
}

static void
everything_else_is_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
#define ROW(literal) { literal, sizeof(literal) - 1 }
		ROW(""),
		ROW(" "),
		ROW("{"),
		ROW("}"),
		ROW("{\"a\"}"),
		ROW("{\"a\":}"),
		ROW("{\"a\":1,}"),
		ROW("{,}"),
		ROW("{a:1}"),
		ROW("{1:1}"),
		ROW("[1,]"),
		ROW("[1 2]"),
		ROW("[1}"),
		ROW("{\"a\":1]"),
		ROW("01"),
		ROW("-"),
		ROW("-01"),
		ROW("+1"),
		ROW("1."),
		ROW(".5"),
		ROW("1e"),
		ROW("1e+"),
		ROW("0x1"),
		ROW("NaN"),
		ROW("tru"),
		ROW("truex"),
		ROW("nul"),
		ROW("1 1"),
		ROW("{} x"),
		ROW("\"a"),
		ROW("\"\\"),
		ROW("\"\\u"),
		ROW("\"\\u12"),
		ROW("\"\\u12g4\""),
		ROW("\"\\x41\""),
		ROW("\"\\u0000\""),
		ROW("\"\\ud800\""),
		ROW("\"\\ud800\\"),
		ROW("\"\\ud800\\u0041\""),
		ROW("\"\\udc00\""),
		ROW("\"a\0b\""),
		ROW("{}\0"),
		ROW("\"\x1f\""),
		ROW("\"\xff\""),
		ROW("\"\xc0\xaf\""),
		ROW("\"\xed\xa0\x80\""),
		ROW("\xef\xbb\xbf{}"),
		ROW("{\"a\":1,\"a\":2}"),
		ROW("{\"role\":1,\"Role\":2}"),
		ROW("[{\"a\":{\"x\":1,\"X\":1}}]"),
		ROW("{\"a\":1,\"\\u0061\":2}"),
		ROW("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"),
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cJSON *tree = parse(rows[i].text, rows[i].len);

		if (tree != NULL)
			fail_msg("%s was let in", rows[i].text);
	}
}

/* "[1,1,...]" of n numbers. */
static char *
numbers(size_t n)
{
	char *text = malloc(2 * n + 2);

	assert_non_null(text);
	text[0] = '[';
	for (size_t i = 0; i < n; i++)
		memcpy(text + 1 + 2 * i, "1,", 2);
	text[2 * n] = ']';
	text[2 * n + 1] = '\0';
	return text;
}

static void
the_number_of_values_is_limited(void **state)
{
	char *text;
	cJSON *tree;

	(void)state;
	text = numbers(JSON_NODES_MAX - 1);
	tree = parse(text, strlen(text));
	assert_non_null(tree);
	json_wipe(tree);
	free(text);
	text = numbers(JSON_NODES_MAX);
	assert_null(parse(text, strlen(text)));
	free(text);
}

static void
the_length_is_limited(void **state)
{
	char *text = malloc(JSON_BYTES_MAX + 1);
	cJSON *tree;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', JSON_BYTES_MAX + 1);
	memcpy(text, "{}", 2);
	tree = parse(text, JSON_BYTES_MAX);
	assert_non_null(tree);
	json_wipe(tree);
	assert_null(parse(text, JSON_BYTES_MAX + 1));
	free(text);
}

static void
numbers_are_what_was_written(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool expect;
		uint64_t number;
	} rows[] = {
		{ "0", 10, true, 0 },
		{ "10", 10, true, 10 },
		{ "11", 10, false, 0 },
		{ "4294967296", UINT32_MAX, false, 0 },
		{ "4294967295", UINT32_MAX, true, UINT32_MAX },
		{ "9007199254740993", UINT64_MAX, true, 9007199254740993 },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "-1", 10, false, 0 },
		{ "-0", 10, false, 0 },
		{ "1.0", 10, false, 0 },
		{ "1.5", 10, false, 0 },
		{ "1e0", 10, false, 0 },
		{ "\"1\"", 10, false, 0 },
		{ "true", 10, false, 0 },
		{ "null", 10, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cJSON *tree = parse(rows[i].text, strlen(rows[i].text));
		uint64_t number = 0;

		assert_non_null(tree);
		if (json_number(tree, rows[i].max, &number) != rows[i].expect ||
		    number != rows[i].number)
			fail_msg("%s: %llu", rows[i].text,
			         (unsigned long long)number);
		json_wipe(tree);
	}
}

static void
numbers_keep_their_places(void **state)
{
	const char *text = "{\"a\":[7,\"x\",8],\"b\":{\"c\":9},\"d\":10}";
	cJSON *tree = parse(text, strlen(text));
	const cJSON *list = json_get(tree, "a");
	uint64_t number;

	(void)state;
	assert_true(json_number(list->child, 99, &number) && number == 7);
	assert_true(json_number(list->child->next->next, 99, &number) &&
	            number == 8);
	assert_true(
		json_number(json_get(json_get(tree, "b"), "c"), 99, &number) &&
		number == 9);
	assert_true(json_number(json_get(tree, "d"), 99, &number) &&
	            number == 10);
	json_wipe(tree);
}

static void
members_are_found_by_their_exact_name(void **state)
{
	cJSON *tree = parse("{\"Role\":1}", 10);

	(void)state;
	assert_null(json_get(tree, "role"));
	assert_non_null(json_get(tree, "Role"));
	assert_null(json_get(NULL, "Role"));
	json_wipe(tree);
}

static void
times_are_read_and_written(void **state)
{
	static const struct {
		const char *text;
		bool expect;
		int64_t time_s;
	} rows[] = {
		{ "19700101000000Z", true, 0 },
		{ "20261122023700Z", true, 1795315020 },
		{ "2026-11-22T02:37:00Z", true, 1795315020 },
		{ "2026-11-22t02:37:00.123z", true, 1795315020 },
		{ "20381231235959Z", true, 2177452799 },
		{ "99991231235959Z", true, INT64_C(253402300799) },
		{ "99991231235960Z", false, 0 },
		{ "20261322023700Z", false, 0 },
		{ "20261122023700", false, 0 },
		{ "20261122023700+0100", false, 0 },
		{ "2026-11-22", false, 0 },
		{ "tomorrow", false, 0 },
		{ "", false, 0 },
		{ "2026112202370", false, 0 },
	};
	char text[JSON_TIME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t time_s = 0;

		if (json_time_parse(rst_view_of(rows[i].text), &time_s) !=
		            rows[i].expect ||
		    time_s != rows[i].time_s)
			fail_msg("%s: %lld", rows[i].text, (long long)time_s);
	}
	json_time_text(1795315020, text);
	assert_string_equal(text, "2026-11-22T02:37:00Z");
}

static void
old_bytes_become_text(void **state)
{
	cJSON *tree = cJSON_CreateObject();

	(void)state;
	assert_true(json_add_view(tree, "a", rst_view("a\xff\0b", 4)));
	assert_string_equal(json_get(tree, "a")->valuestring, "a??b");
	assert_true(json_add_view(tree, "b", rst_view(NULL, 0)));
	assert_string_equal(json_get(tree, "b")->valuestring, "");
	cJSON_Delete(tree);
}

/* An allocation of cJSON's that fails. */
static void *
no_memory(size_t size)
{
	(void)size;
	return NULL;
}

static void
what_did_not_fit_is_known_afterwards(void **state)
{
	cJSON_Hooks hooks = { .malloc_fn = no_memory, .free_fn = free };
	cJSON *tree = cJSON_CreateObject();

	(void)state;
	assert_true(json_add_text(tree, "a", "old"));
	for (int i = 0; i < 7; i++) {
		json_watch();
		assert_true(json_all_fit());
		cJSON_InitHooks(&hooks);
		assert_false(i == 0   ? json_add_text(tree, "b", "c")
		             : i == 1 ? json_add_view(tree, "b", RST_VIEW("c"))
		             : i == 2 ? json_add_bool(tree, "b", true)
		             : i == 3 ? json_add_number(tree, "b", 1)
		             : i == 4 ? json_add_time(tree, "b", 1)
		             : i == 5 ? json_append_view(tree, RST_VIEW("c"))
		                      : json_replace_text(tree, "a", "new"));
		cJSON_InitHooks(NULL);
		/* and whoever looks later, after what fitted */
		assert_true(json_add_bool(tree, "d", true));
		assert_false(json_all_fit());
	}
	assert_true(json_replace_text(tree, "a", "new"));
	assert_string_equal(json_get(tree, "a")->valuestring, "new");
	json_watch();
	assert_true(json_all_fit());
	cJSON_Delete(tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lawful_texts_are_read),
		cmocka_unit_test(everything_else_is_refused),
		cmocka_unit_test(the_number_of_values_is_limited),
		cmocka_unit_test(the_length_is_limited),
		cmocka_unit_test(numbers_are_what_was_written),
		cmocka_unit_test(numbers_keep_their_places),
		cmocka_unit_test(members_are_found_by_their_exact_name),
		cmocka_unit_test(times_are_read_and_written),
		cmocka_unit_test(old_bytes_become_text),
		cmocka_unit_test(what_did_not_fit_is_known_afterwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
