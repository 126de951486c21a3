/* SPDX-License-Identifier: OLDAP-2.8 */
/* mail_text.c - from a rendered template to a message on the wire
 *
 * Everything that goes into a header passes clean() or mail_encode_word():
 * neither lets a control character through, so no value can begin a header of
 * its own.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "httpd/json.h"
#include "httpd/mail.h"
#include "store/ident.h"

#define WORD_BYTES  45 /* of UTF-8 in an encoded word: 60 as base64 */
#define HEADERS_MAX 2048
#define LINE_BYTES  57  /* before base64: 76 characters after it */
#define LONG_LINE   900 /* RFC 5321 allows 998 */

static bool
clean(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* Bytes of the longest run of whole characters within WORD_BYTES. */
static size_t
word_bytes(const char *text)
{
	size_t len = strlen(text);

	if (len <= WORD_BYTES)
		return len;
	len = WORD_BYTES;
	while (len > 1 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

bool
mail_encode_word(const char *text, char *buf, size_t size)
{
	size_t used = 0;

	if (!clean(text) || !json_is_text(rst_view_of(text)) || size == 0)
		return false;
	buf[0] = '\0';
	/* "=?" in plain text would be taken for an encoded word */
	if (is_ascii(text) && strstr(text, "=?") == NULL)
		return snprintf(buf, size, "%s", text) < (int)size;
	while (*text != '\0') {
		size_t len = word_bytes(text);
		char word[64];
		int n;

		sodium_bin2base64(word, sizeof(word),
		                  (const unsigned char *)text, len,
		                  sodium_base64_VARIANT_ORIGINAL);
		n = snprintf(buf + used, size - used,
		             "%s=?UTF-8?B?%s?=", used > 0 ? "\r\n " : "", word);
		if (n < 0 || (size_t)n >= size - used)
			return false;
		used += (size_t)n;
		text += len;
	}
	return true;
}

bool
mail_address_of(const char *from, char *buf, size_t size)
{
	const char *open = strrchr(from, '<');
	const char *at = open != NULL ? open + 1 : from;
	size_t len = strcspn(at, ">");

	if ((open != NULL && at[len] != '>') || memchr(at, '@', len) == NULL)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)at[i] <= 0x20 ||
		    (unsigned char)at[i] >= 0x7f ||
		    strchr("<>\",;", at[i]) != NULL)
			return false;
	return rst_view_copy(rst_view(at, len), buf, size);
}

/* Display name and address of From, encoded. */
static bool
encode_from(const char *from, char *buf, size_t size)
{
	char address[RST_MAIL_MAX + 1], name[256], word[512];
	const char *open = strrchr(from, '<');
	size_t len;

	if (!mail_address_of(from, address, sizeof(address)))
		return false;
	len = open != NULL ? (size_t)(open - from) : 0;
	while (len > 0 && (from[len - 1] == ' ' || from[len - 1] == '"'))
		len--;
	while (len > 0 && (*from == ' ' || *from == '"'))
		from++, len--;
	if (!rst_view_copy(rst_view(from, len), name, sizeof(name)) ||
	    !mail_encode_word(name, word, sizeof(word)))
		return false;
	if (len == 0)
		return snprintf(buf, size, "%s", address) < (int)size;
	if (strncmp(word, "=?", 2) == 0)
		return snprintf(buf, size, "%s <%s>", word, address) <
		       (int)size;
	/* a quoted string; what would end it is left out */
	if (strpbrk(word, "\"\\") != NULL)
		return false;
	return snprintf(buf, size, "\"%s\" <%s>", word, address) < (int)size;
}

/* RFC 5322, in English whatever the locale is. */
static void
date_text(int64_t time_s, char buf[64])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t seconds = time_s;
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	snprintf(buf, 64, "%.3s, %02d %.3s %04d %02d:%02d:%02d +0000",
	         days + 3 * (tm.tm_wday % 7), tm.tm_mday,
	         months + 3 * (tm.tm_mon % 12), tm.tm_year + 1900, tm.tm_hour,
	         tm.tm_min, tm.tm_sec);
}

static enum rst_err
write_headers(const struct mail_envelope *envelope, const char *subject,
              bool plain, char buf[HEADERS_MAX])
{
	char from[640], word[512], date[64];
	int n;

	if (!clean(envelope->to) || !is_ascii(envelope->to) ||
	    !clean(envelope->message_id) ||
	    !encode_from(envelope->from, from, sizeof(from)) ||
	    !mail_encode_word(subject, word, sizeof(word)))
		return RST_EINVALID;
	date_text(envelope->date_s, date);
	n = snprintf(buf, HEADERS_MAX,
	             "From: %s\r\n"
	             "To: %s\r\n"
	             "Subject: %s\r\n"
	             "Date: %s\r\n"
	             "Message-ID: <%s>\r\n"
	             "Auto-Submitted: auto-generated\r\n"
	             "MIME-Version: 1.0\r\n"
	             "Content-Type: text/plain; charset=utf-8\r\n"
	             "Content-Transfer-Encoding: %s\r\n"
	             "\r\n",
	             from, envelope->to, word, date, envelope->message_id,
	             plain ? "7bit" : "base64");
	return n > 0 && n < HEADERS_MAX ? RST_OK : RST_EINVALID;
}

/* 7bit goes as it is when its lines are short. */
static bool
is_plain(const char *body)
{
	if (!is_ascii(body))
		return false;
	while (*body != '\0') {
		size_t len = strcspn(body, "\n");

		if (len > LONG_LINE)
			return false;
		body += len + (body[len] == '\n');
	}
	return true;
}

/* text with CRLF at the end of each line; room for two of each byte. */
static size_t
put_lines(const char *text, char *buf)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text == '\r')
			continue;
		if (*text == '\n')
			buf[n++] = '\r';
		buf[n++] = *text;
	}
	buf[n] = '\0';
	return n;
}

static void
put_base64(const char *text, size_t len, char *buf)
{
	while (len > 0) {
		size_t take = len < LINE_BYTES ? len : LINE_BYTES;

		sodium_bin2base64(buf, 80, (const unsigned char *)text, take,
		                  sodium_base64_VARIANT_ORIGINAL);
		buf += strlen(buf);
		memcpy(buf, "\r\n", 3);
		buf += 2;
		text += take;
		len -= take;
	}
}

enum rst_err
mail_compose(const struct mail_envelope *envelope, const char *rendered,
             char **ret_text)
{
	char subject[MAIL_SUBJECT_MAX + 1], headers[HEADERS_MAX];
	char *lines = NULL, *text = NULL;
	size_t len = strcspn(rendered, "\n");
	const char *body = rendered + len;
	enum rst_err err = RST_EINVALID;

	if (strncmp(rendered, "Subject: ", 9) != 0 ||
	    strncmp(body, "\n\n", 2) != 0 || strlen(body) > MAIL_BODY_MAX ||
	    !rst_view_copy(rst_view(rendered + 9, len - 9), subject,
	                   sizeof(subject)))
		goto out;
	body += 2;
	err = write_headers(envelope, subject, is_plain(body), headers);
	if (err != RST_OK)
		goto out;
	err = RST_ENOMEM;
	lines = malloc(2 * strlen(body) + 1);
	if (lines == NULL)
		goto out;
	len = put_lines(body, lines);
	/* base64 makes 78 bytes of 57, and ends its last line */
	text = malloc(strlen(headers) + 2 * len + 160);
	if (text == NULL)
		goto out;
	memcpy(text, headers, strlen(headers) + 1);
	if (is_plain(body))
		memcpy(text + strlen(headers), lines, len + 1);
	else
		put_base64(lines, len, text + strlen(headers));
	*ret_text = text;
	err = RST_OK;
out:
	if (lines != NULL)
		sodium_memzero(lines, strlen(lines));
	free(lines);
	return err;
}
