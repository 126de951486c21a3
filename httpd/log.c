/* SPDX-License-Identifier: OLDAP-2.8 */
/* log.c - lines for the journal, on the standard error output
 *
 * A request is one line of JSON: cJSON escapes what a stranger put into it.
 * Tokens never get here: paths are scrubbed, queries are not logged.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/http.h"
#include "rules/utf8.h"

#define LINE_MAX_BYTES 1024
#define METHOD_MAX     16 /* bytes; a stranger's may be long */
#define SECRET_MIN     40 /* longer than a UUID, shorter than a token */

/* "<6>" tells journald the priority; elsewhere it only gets in the way. */
static void
write_line(int priority, const char *text)
{
	if (getenv("JOURNAL_STREAM") != NULL)
		fprintf(stderr, "<%d>rosterd: %s\n", priority, text);
	else
		fprintf(stderr, "rosterd: %s\n", text);
}

void
http_log(int priority, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	rule_utf8_visible(line);
	write_line(priority, line);
}

/* Something of the size and alphabet of a token? */
static bool
looks_secret(const char *segment, size_t len)
{
	if (len < SECRET_MIN)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)segment[i]) && segment[i] != '-' &&
		    segment[i] != '_')
			return false;
	return true;
}

void
http_log_scrub(const char *path, char buf[HTTP_PATH_MAX + 1])
{
	static const char *const before[] = { "register", "bootstrap", "verify",
		                              "reset", "token" };
	size_t n = 0, last_len = 0;
	const char *last = "";

	while (*path == '/' && n + 2 <= HTTP_PATH_MAX) {
		size_t len = strcspn(path + 1, "/");
		bool hide = looks_secret(path + 1, len);

		for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
			if (last_len == strlen(before[i]) &&
			    memcmp(last, before[i], last_len) == 0)
				hide = true;
		buf[n++] = '/';
		if (hide && len > 0) {
			buf[n++] = '-';
		} else {
			size_t fits = HTTP_PATH_MAX - n;

			memcpy(buf + n, path + 1, len < fits ? len : fits);
			n += len < fits ? len : fits;
		}
		last = path + 1;
		last_len = len;
		path += len + 1;
	}
	buf[n] = '\0';
}

void
http_log_request(const struct http_log_line *line)
{
	char path[HTTP_PATH_MAX + 1];
	struct rst_view method =
		rst_view(line->method, strnlen(line->method, METHOD_MAX));
	cJSON *object = cJSON_CreateObject();
	char *text = NULL;

	http_log_scrub(line->path, path);
	if (json_add_text(object, "request", line->id) &&
	    json_add_text(object, "peer", line->peer) &&
	    json_add_view(object, "method", method) &&
	    json_add_view(object, "path", rst_view_of(path)) &&
	    json_add_number(object, "status", line->status) &&
	    json_add_number(object, "ms", line->ms) &&
	    json_add_text(object, "user", line->user))
		text = cJSON_PrintUnformatted(object);
	if (text != NULL) {
		/* JSON escapes but the first of the two rows of controls */
		rule_utf8_visible(text);
		write_line(6, text);
	}
	cJSON_free(text);
	cJSON_Delete(object);
}
