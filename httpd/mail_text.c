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
#define LINE_BYTES  57   /* before base64: 76 characters after it */
#define LONG_LINE   900  /* RFC 5321 allows 998 */
#define PARTS_BYTES 1024 /* of what is around the parts */
/* with the NUL */
#define BOUNDARY_BYTES (2 * crypto_generichash_BYTES_MIN + 1)

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
              char buf[HEADERS_MAX])
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
	             "MIME-Version: 1.0\r\n",
	             from, envelope->to, word, date, envelope->message_id);
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

/* A message as it grows; its bytes are enough from the beginning. */
struct message {
	char *bytes;
	size_t len;
};

static void
put(struct message *message, const char *text)
{
	size_t len = strlen(text);

	memcpy(message->bytes + message->len, text, len + 1);
	message->len += len;
}

/* The headers of a part, an empty line, and body. */
static enum rst_err
put_part(struct message *message, const char *type, const char *body)
{
	bool plain = is_plain(body);
	char head[160], *lines;
	size_t len;

	lines = malloc(2 * strlen(body) + 1);
	if (lines == NULL)
		return RST_ENOMEM;
	len = put_lines(body, lines);
	snprintf(head, sizeof(head),
	         "Content-Type: %s; charset=utf-8\r\n"
	         "Content-Transfer-Encoding: %s\r\n\r\n",
	         type, plain ? "7bit" : "base64");
	put(message, head);
	if (plain)
		put(message, lines);
	else
		put_base64(lines, len, message->bytes + message->len);
	message->len += strlen(message->bytes + message->len);
	sodium_memzero(lines, len);
	free(lines);
	return RST_OK;
}

/* One that is in neither text: nobody can write a text that has its own
 * digest. */
static void
make_boundary(const struct mail_envelope *envelope,
              const struct mail_text *text, char buf[BOUNDARY_BYTES])
{
	unsigned char digest[crypto_generichash_BYTES_MIN];
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, NULL, 0, sizeof(digest));
	(void)crypto_generichash_update(
		&state, (const unsigned char *)envelope->message_id,
		strlen(envelope->message_id));
	(void)crypto_generichash_update(
		&state, (const unsigned char *)text->text, strlen(text->text));
	(void)crypto_generichash_update(
		&state, (const unsigned char *)text->html, strlen(text->html));
	(void)crypto_generichash_final(&state, digest, sizeof(digest));
	(void)sodium_bin2hex(buf, BOUNDARY_BYTES, digest, sizeof(digest));
}

/* The best last, as RFC 2046 has it. */
static enum rst_err
put_alternatives(struct message *message, const struct mail_envelope *envelope,
                 const struct mail_text *text)
{
	char boundary[BOUNDARY_BYTES], line[160];
	enum rst_err err;

	make_boundary(envelope, text, boundary);
	snprintf(line, sizeof(line),
	         "Content-Type: multipart/alternative; boundary=\"=_%s\"\r\n"
	         "\r\n--=_%s\r\n",
	         boundary, boundary);
	put(message, line);
	err = put_part(message, "text/plain", text->text);
	snprintf(line, sizeof(line), "\r\n--=_%s\r\n", boundary);
	put(message, line);
	if (err == RST_OK)
		err = put_part(message, "text/html", text->html);
	snprintf(line, sizeof(line), "\r\n--=_%s--\r\n", boundary);
	put(message, line);
	return err;
}

enum rst_err
mail_compose(const struct mail_envelope *envelope, const struct mail_text *text,
             char **ret_message)
{
	size_t html = text->html != NULL ? strlen(text->html) : 0;
	struct message message = { .bytes = NULL };
	char headers[HEADERS_MAX];
	enum rst_err err;

	if (strlen(text->text) > MAIL_BODY_MAX || html > MAIL_BODY_MAX)
		return RST_EINVALID;
	err = write_headers(envelope, text->subject, headers);
	if (err != RST_OK)
		return err;
	/* each byte may become two, and base64 makes 78 of 57 */
	message.bytes = malloc(strlen(headers) +
	                       3 * (strlen(text->text) + html) + PARTS_BYTES);
	if (message.bytes == NULL)
		return RST_ENOMEM;
	put(&message, headers);
	err = text->html != NULL ? put_alternatives(&message, envelope, text)
	                         : put_part(&message, "text/plain", text->text);
	if (err == RST_OK)
		*ret_message = message.bytes;
	else
		free(message.bytes);
	return err;
}
