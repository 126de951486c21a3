/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_mail_text.c - no value begins a header of its own */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "httpd/mail.h"

static struct mail_envelope envelope = {
	.from = "Roster <roster@example.org>",
	.to = "bob@example.org",
	.message_id = "1@example.org",
	.date_s = 1795315020,
};

/* The message of what a template made, and of html (NULL: none). */
static enum rst_err
compose(const struct mail_envelope *of, const char *rendered, const char *html,
        char **ret_message)
{
	struct mail_text text = { "", strdup(rendered), NULL };
	enum rst_err err = RST_EINVALID;

	if (html != NULL)
		text.html = strdup(html);
	if (mail_take_subject(&text))
		err = mail_compose(of, &text, ret_message);
	mail_text_release(&text);
	return err;
}

static void
a_message_has_its_headers_and_its_text(void **state)
{
	char *text = NULL;

	(void)state;
	assert_int_equal(
		compose(&envelope, "Subject: Hi\n\nOne\nTwo\n", NULL, &text),
		RST_OK);
	assert_string_equal(text, "From: \"Roster\" <roster@example.org>\r\n"
	                          "To: bob@example.org\r\n"
	                          "Subject: Hi\r\n"
	                          "Date: Sun, 22 Nov 2026 02:37:00 +0000\r\n"
	                          "Message-ID: <1@example.org>\r\n"
	                          "Auto-Submitted: auto-generated\r\n"
	                          "MIME-Version: 1.0\r\n"
	                          "Content-Type: text/plain; charset=utf-8\r\n"
	                          "Content-Transfer-Encoding: 7bit\r\n"
	                          "\r\n"
	                          "One\r\nTwo\r\n");
	free(text);
}

static void
other_text_is_base64(void **state)
{
	char *text = NULL;

	(void)state;
	assert_int_equal(
		compose(&envelope, "Subject: Hi\n\n\xc3\xa9\n", NULL, &text),
		RST_OK);
	assert_non_null(strstr(text, "Encoding: base64\r\n\r\nw6kNCg==\r\n"));
	free(text);
}

static void
text_and_html_are_alternatives(void **state)
{
	static const char bad[] = "\r\n--=_";
	char *text = NULL, *again = NULL, *other = NULL;
	const char *at;

	(void)state;
	assert_int_equal(compose(&envelope, "Subject: Hi\n\nOne\n",
	                         "<p>\xc3\xa9</p>\n", &text),
	                 RST_OK);
	at = strstr(text, "MIME-Version: 1.0\r\n"
	                  "Content-Type: multipart/alternative; boundary=\"=_");
	assert_non_null(at);
	/* the text first: who shows the last he knows shows HTML */
	at = strstr(text, "\r\n\r\n--=_");
	assert_non_null(at);
	at = strstr(at, "Content-Type: text/plain; charset=utf-8\r\n"
	                "Content-Transfer-Encoding: 7bit\r\n\r\nOne\r\n");
	assert_non_null(at);
	at = strstr(at, "Content-Type: text/html; charset=utf-8\r\n"
	                "Content-Transfer-Encoding: base64\r\n\r\n"
	                "PHA+w6k8L3A+DQo=\r\n");
	assert_non_null(at);
	at = strstr(at, bad);
	assert_non_null(at);
	assert_string_equal(at + strlen(at) - 4, "--\r\n");
	/* the same mail, sent again, is the same to the byte */
	assert_int_equal(compose(&envelope, "Subject: Hi\n\nOne\n",
	                         "<p>\xc3\xa9</p>\n", &again),
	                 RST_OK);
	assert_string_equal(text, again);
	/* one that was copied from another mail ends nothing */
	assert_int_equal(
		compose(&envelope, "Subject: Hi\n\nTwo\n", text, &other),
		RST_OK);
	assert_memory_not_equal(strstr(text, bad), strstr(other, bad), 30);
	free(text);
	free(again);
	free(other);
}

static void
nothing_breaks_out_of_a_header(void **state)
{
	static const struct {
		const char *from, *to, *id, *rendered;
	} rows[] = {
		{ NULL, "a@b\r\nBcc: c@d", NULL, NULL },
		{ NULL, "a@b\nBcc: c@d", NULL, NULL },
		{ NULL, "\xc3\xa9@b", NULL, NULL },
		{ NULL, NULL, "1\r\nX: y", NULL },
		{ "A\r\nX: y <a@b>", NULL, NULL, NULL },
		{ "A <a@b\r\nX: y>", NULL, NULL, NULL },
		{ "A <a@b", NULL, NULL, NULL },
		{ "A", NULL, NULL, NULL },
		{ "A \"B\" C <a@b>", NULL, NULL, NULL },
		{ NULL, NULL, NULL, "Subject: a\rX: y\n\nb" },
		{ NULL, NULL, NULL, "Subject: a\nX: y\n\nb" },
		{ NULL, NULL, NULL, "Subject: a\x01\n\nb" },
		{ NULL, NULL, NULL, "Subject: a\xff\n\nb" },
		{ NULL, NULL, NULL, "Subject: a" },
		{ NULL, NULL, NULL, "Subject:a\n\nb" },
		{ NULL, NULL, NULL, "b" },
		{ NULL, NULL, NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mail_envelope mine = envelope;
		const char *rendered = "Subject: a\n\nb";
		char *text = NULL;

		if (rows[i].from != NULL)
			mine.from = rows[i].from;
		if (rows[i].to != NULL)
			mine.to = rows[i].to;
		if (rows[i].id != NULL)
			mine.message_id = rows[i].id;
		if (rows[i].rendered != NULL)
			rendered = rows[i].rendered;
		if (compose(&mine, rendered, NULL, &text) != RST_EINVALID)
			fail_msg("row %zu became\n%s", i, text);
	}
}

static void
words_are_encoded_in_whole_characters(void **state)
{
	char buf[2048], text[400] = "";

	(void)state;
	assert_true(mail_encode_word("plain", buf, sizeof(buf)));
	assert_string_equal(buf, "plain");
	assert_true(mail_encode_word("f\xc3\xbcr", buf, sizeof(buf)));
	assert_string_equal(buf, "=?UTF-8?B?ZsO8cg==?=");
	assert_true(mail_encode_word("=?UTF-8?B?YQ==?=", buf, sizeof(buf)));
	assert_string_not_equal(buf, "=?UTF-8?B?YQ==?=");
	assert_false(mail_encode_word("f\xc3\xbcr", buf, 20));
	assert_false(mail_encode_word("plain", buf, 5));
	/* one, two, three and four bytes, so that every cut is tried */
	for (int i = 0; i < 30; i++)
		memcpy(text + 10 * i, "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		       11);
	assert_true(mail_encode_word(text, buf, sizeof(buf)));
	for (const char *at = buf; at != NULL; at = strstr(at, "\r\n ")) {
		if (*at == '\r')
			at += 3;
		assert_true(strcspn(at, "\r") <= 75);
		assert_int_equal(strncmp(at, "=?UTF-8?B?", 10), 0);
	}
}

static void
addresses_are_taken_out_of_from(void **state)
{
	static const struct {
		const char *from, *expect; /* NULL: none */
	} rows[] = {
		{ "a@b", "a@b" },           { "A <a@b>", "a@b" },
		{ "<a@b>", "a@b" },         { "A", NULL },
		{ "A <a@b", NULL },         { "A <ab>", NULL },
		{ "a b@c", NULL },          { "A <a@b, c@d>", NULL },
		{ "A <a@\xc3\xa9>", NULL },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool ok = mail_address_of(rows[i].from, buf, sizeof(buf));

		if (ok != (rows[i].expect != NULL) ||
		    (ok && strcmp(buf, rows[i].expect) != 0))
			fail_msg("%s: %s", rows[i].from, ok ? buf : "none");
	}
	assert_false(mail_address_of("a@b", buf, 3));
}

static void
long_texts_are_cut_into_lines(void **state)
{
	char *rendered = malloc(70000), *text = NULL;

	(void)state;
	assert_non_null(rendered);
	memset(rendered, 'a', 70000);
	memcpy(rendered, "Subject: a\n\n", 12);
	rendered[12 + 2000] = '\0'; /* a line too long for 7bit */
	assert_int_equal(compose(&envelope, rendered, NULL, &text), RST_OK);
	for (const char *at = text; *at != '\0';
	     at += strcspn(at, "\n") + (*(at + strcspn(at, "\n")) == '\n'))
		assert_true(strcspn(at, "\n") <= 79);
	free(text);
	rendered[12 + 2000] = 'a';
	rendered[69999] = '\0';
	assert_int_equal(compose(&envelope, rendered, NULL, &text),
	                 RST_EINVALID);
	free(rendered);
}

static void
tries_are_spread_over_two_days(void **state)
{
	int64_t at = 0, before = 0;

	(void)state;
	for (unsigned int n = 1; n < 12; n++) {
		at = mail_retry_at(n, before);
		assert_true(at > before && at - before <= 4 * 3600);
		before = at;
	}
	assert_in_range(at, 12 * 3600, 48 * 3600);
	assert_int_equal(mail_retry_at(12, 0), 0);
	assert_int_equal(mail_retry_at(1, 100), 110);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_has_its_headers_and_its_text),
		cmocka_unit_test(other_text_is_base64),
		cmocka_unit_test(text_and_html_are_alternatives),
		cmocka_unit_test(nothing_breaks_out_of_a_header),
		cmocka_unit_test(words_are_encoded_in_whole_characters),
		cmocka_unit_test(addresses_are_taken_out_of_from),
		cmocka_unit_test(long_texts_are_cut_into_lines),
		cmocka_unit_test(tries_are_spread_over_two_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
