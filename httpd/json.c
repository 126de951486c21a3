/* SPDX-License-Identifier: OLDAP-2.8 */
/* json.c - what cJSON lacks */
#include "httpd/json_priv.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistr.h>

#include "lifecycle/moment.h"

bool
json_is_text(struct rst_view text)
{
	return text.len == 0 ||
	       (memchr(text.ptr, '\0', text.len) == NULL &&
	        u8_check((const uint8_t *)text.ptr, text.len) == NULL);
}

/* Two keys that a careless reader would take for one? */
static bool
keys_clash(const cJSON *object)
{
	for (const cJSON *a = object->child; a != NULL; a = a->next)
		for (const cJSON *b = a->next; b != NULL; b = b->next)
			if (strcasecmp(a->string, b->string) == 0)
				return true;
	return false;
}

/* Give every number its token, in document order, and look for clashes. */
static bool
finish(cJSON *item, const struct json_scan *scan, size_t *n,
       const char **ret_why)
{
	if (cJSON_IsNumber(item)) {
		struct rst_view token = scan->numbers[(*n)++];

		item->valuestring = cJSON_malloc(token.len + 1);
		if (item->valuestring == NULL)
			return false;
		memcpy(item->valuestring, token.ptr, token.len);
		item->valuestring[token.len] = '\0';
	}
	if (cJSON_IsObject(item) && keys_clash(item)) {
		*ret_why = "a name is given twice";
		return false;
	}
	for (cJSON *child = item->child; child != NULL; child = child->next)
		if (!finish(child, scan, n, ret_why))
			return false;
	return true;
}

cJSON *
json_parse(struct rst_view text, const char **ret_why)
{
	struct json_scan *scan;
	cJSON *tree = NULL;
	bool ok = false;
	size_t n = 0;

	*ret_why = NULL;
	scan = malloc(sizeof(*scan));
	if (scan == NULL)
		goto out;
	if (!json_scan(scan, text)) {
		*ret_why = scan->why;
		goto out;
	}
	tree = cJSON_ParseWithLength(text.ptr, text.len);
	ok = tree != NULL && finish(tree, scan, &n, ret_why);
out:
	free(scan);
	if (!ok) {
		json_wipe(tree);
		tree = NULL;
	}
	return tree;
}

/* The depth is bounded: a tree comes from json_parse() or from us. */
static void
wipe_strings(cJSON *item)
{
	for (; item != NULL; item = item->next) {
		if (item->valuestring != NULL)
			sodium_memzero(item->valuestring,
			               strlen(item->valuestring));
		wipe_strings(item->child);
	}
}

void
json_wipe(cJSON *tree)
{
	wipe_strings(tree);
	cJSON_Delete(tree);
}

const cJSON *
json_get(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

bool
json_number(const cJSON *item, uint64_t max, uint64_t *ret_number)
{
	return cJSON_IsNumber(item) && item->valuestring != NULL &&
	       rst_view_number(rst_view_of(item->valuestring), max, ret_number);
}

/* Of this thread, since json_watch(). */
static _Thread_local bool fell_short;

void
json_watch(void)
{
	fell_short = false;
}

bool
json_all_fit(void)
{
	return !fell_short;
}

static bool
note(bool fits)
{
	fell_short |= !fits;
	return fits;
}

/* A C string of value, with question marks for what is not text. */
static char *
text_of(struct rst_view value)
{
	char *text = malloc(value.len + 1);

	if (text == NULL)
		return NULL;
	if (value.len > 0)
		memcpy(text, value.ptr, value.len);
	text[value.len] = '\0';
	if (json_is_text(value))
		return text;
	for (size_t i = 0; i < value.len; i++)
		if (text[i] == '\0' || (unsigned char)text[i] >= 0x80)
			text[i] = '?';
	return text;
}

bool
json_add_view(cJSON *object, const char *key, struct rst_view value)
{
	char *text = text_of(value);
	bool ok = text != NULL && json_add_text(object, key, text);

	free(text);
	return note(ok);
}

bool
json_add_text(cJSON *object, const char *key, const char *text)
{
	return note(cJSON_AddStringToObject(object, key, text) != NULL);
}

bool
json_add_bool(cJSON *object, const char *key, bool value)
{
	return note(cJSON_AddBoolToObject(object, key, value) != NULL);
}

bool
json_add_number(cJSON *object, const char *key, uint64_t number)
{
	return note(cJSON_AddNumberToObject(object, key, (double)number) !=
	            NULL);
}

bool
json_replace_text(cJSON *object, const char *key, const char *text)
{
	cJSON *item = cJSON_CreateString(text);

	/* the cJSON of Debian 12 looks at neither */
	if (item != NULL &&
	    cJSON_ReplaceItemInObjectCaseSensitive(object, key, item))
		return true;
	return note(false);
}

bool
json_add_time(cJSON *object, const char *key, int64_t time_s)
{
	char text[JSON_TIME_MAX];

	json_time_text(time_s, text);
	return json_add_text(object, key, text);
}

bool
json_append_view(cJSON *array, struct rst_view value)
{
	char *text = text_of(value);
	bool ok =
		text != NULL && json_take_item(array, cJSON_CreateString(text));

	free(text);
	return note(ok);
}

bool
json_take(cJSON *object, const char *key, cJSON *item)
{
	if (item != NULL && cJSON_AddItemToObject(object, key, item))
		return true;
	cJSON_Delete(item);
	return note(false);
}

bool
json_take_item(cJSON *array, cJSON *item)
{
	if (item != NULL && cJSON_AddItemToArray(array, item))
		return true;
	cJSON_Delete(item);
	return note(false);
}

void
json_time_text(int64_t time_s, char buf[JSON_TIME_MAX])
{
	time_t seconds = time_s;
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	if (strftime(buf, JSON_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		buf[0] = '\0';
}

/* Take n digits off *at as a number between low and high. */
static bool
take_digits(const char **at, int n, int low, int high, int *ret_number)
{
	int number = 0;

	for (int i = 0; i < n; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		number = number * 10 + (**at - '0');
	}
	if (number < low || number > high)
		return false;
	*ret_number = number;
	return true;
}

/* Take the separator that only the long form has. */
static bool
take_mark(const char **at, bool is_long, const char *marks)
{
	if (!is_long)
		return true;
	if (**at == '\0' || strchr(marks, **at) == NULL)
		return false;
	(*at)++;
	return true;
}

bool
json_time_parse(struct rst_view text, int64_t *ret_time_s)
{
	char buf[JSON_TIME_MAX];
	const char *at = buf;
	struct tm tm = { 0 }, day;
	int64_t time_s;
	bool is_long;

	if (!rst_view_copy(text, buf, sizeof(buf)))
		return false;
	is_long = strchr(buf, '-') != NULL;
	if (!take_digits(&at, 4, 1, 9999, &tm.tm_year) ||
	    !take_mark(&at, is_long, "-") ||
	    !take_digits(&at, 2, 1, 12, &tm.tm_mon) ||
	    !take_mark(&at, is_long, "-") ||
	    !take_digits(&at, 2, 1, 31, &tm.tm_mday) ||
	    !take_mark(&at, is_long, "Tt ") ||
	    !take_digits(&at, 2, 0, 23, &tm.tm_hour) ||
	    !take_mark(&at, is_long, ":") ||
	    !take_digits(&at, 2, 0, 59, &tm.tm_min) ||
	    !take_mark(&at, is_long, ":") ||
	    !take_digits(&at, 2, 0, 60, &tm.tm_sec))
		return false;
	if (*at == '.') { /* fractions of a second are not kept */
		at++;
		at += strspn(at, "0123456789");
	}
	if (strcmp(at, "Z") != 0 && strcmp(at, "z") != 0)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	day = tm;
	day.tm_hour = day.tm_min = day.tm_sec = 0;
	(void)timegm(&day); /* makes 2 March of 30 February */
	if (day.tm_mday != tm.tm_mday)
		return false;
	time_s = (int64_t)timegm(&tm);
	if (time_s > LIFECYCLE_TIME_LAST) /* by a leap second */
		return false;
	*ret_time_s = time_s;
	return true;
}
