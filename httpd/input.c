/* SPDX-License-Identifier: OLDAP-2.8 */
/* input.c - checking the fields of a body, and reading them */
#include "httpd/input.h"

#include <string.h>

#define NUMBER_MAX (UINT32_MAX - 1)

static bool
refuse(struct http_reply *reply, const char *code, const char *field,
       const char *text)
{
	http_problem(reply, 400, code, field, text);
	return false;
}

static bool
is_short(const cJSON *item)
{
	return cJSON_IsString(item) &&
	       strlen(item->valuestring) <= INPUT_TEXT_MAX;
}

/* A form's empty field is a field left out. */
static bool
is_blank(const struct http_req *req, const cJSON *item)
{
	return item == NULL || cJSON_IsNull(item) ||
	       (req->form && cJSON_IsString(item) &&
	        item->valuestring[0] == '\0');
}

static bool
fits_number(const struct http_req *req, const cJSON *item, uint64_t *ret_number)
{
	if (req->form)
		return cJSON_IsString(item) &&
		       rst_view_number(rst_view_of(item->valuestring),
		                       NUMBER_MAX, ret_number);
	return json_number(item, NUMBER_MAX, ret_number);
}

static bool
fits_list(const struct http_req *req, const cJSON *item)
{
	int n = cJSON_GetArraySize(item);

	if (req->form && cJSON_IsString(item))
		return is_short(item);
	if (!cJSON_IsArray(item) || n > INPUT_LIST_MAX)
		return false;
	for (const cJSON *one = item->child; one != NULL; one = one->next)
		if (!is_short(one))
			return false;
	return true;
}

static bool
fits(const struct http_req *req, enum input_kind kind, const cJSON *item)
{
	uint64_t number;

	switch (kind) {
	case INPUT_TEXT:
		return is_short(item);
	case INPUT_LONG:
		return cJSON_IsString(item) &&
		       strlen(item->valuestring) <= INPUT_LONG_MAX;
	case INPUT_FILE:
		return cJSON_IsString(item) &&
		       strlen(item->valuestring) <= INPUT_FILE_MAX;
	case INPUT_NUMBER:
		return fits_number(req, item, &number);
	case INPUT_BOOL:
		return req->form ? cJSON_IsString(item) : cJSON_IsBool(item);
	case INPUT_LIST:
		return fits_list(req, item);
	case INPUT_WORDS:
		return is_short(item) || fits_list(req, item);
	case INPUT_ANY:
		return is_short(item) || cJSON_IsNumber(item);
	case INPUT_OBJECT:
		return cJSON_IsObject(item);
	}
	return false;
}

static const struct input_field *
find(const struct input_field *fields, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

bool
input_check(struct http_req *req, const struct input_field *fields,
            size_t n_fields, struct http_reply *reply)
{
	const struct input_field *field;
	const cJSON *item;

	for (item = req->input != NULL ? req->input->child : NULL; item != NULL;
	     item = item->next) {
		if (req->form && strcmp(item->string, "csrf") == 0)
			continue;
		field = find(fields, n_fields, item->string);
		if (field == NULL)
			return refuse(reply, "unknown_field", item->string,
			              "there is no such field here");
		if (!is_blank(req, item) && !fits(req, field->kind, item))
			return refuse(reply, "invalid_field", field->name,
			              "this value does not have the form that "
			              "it must have");
	}
	for (size_t i = 0; i < n_fields; i++) {
		item = json_get(req->input, fields[i].name);
		if (fields[i].required && is_blank(req, item))
			return refuse(reply, "missing_field", fields[i].name,
			              "this must be filled in");
	}
	return true;
}

bool
input_has(const struct http_req *req, const char *name)
{
	return json_get(req->input, name) != NULL;
}

struct rst_view
input_text(const struct http_req *req, const char *name)
{
	const cJSON *item = json_get(req->input, name);

	return rst_view_of(cJSON_IsString(item) ? item->valuestring : NULL);
}

struct rst_view
input_name(const struct http_req *req, const char *name)
{
	struct rst_view text = input_text(req, name);

	while (text.len > 0 && text.ptr[text.len - 1] == ' ')
		text.len--;
	for (; text.len > 0 && text.ptr[0] == ' '; text.len--)
		text.ptr++;
	return text;
}

uint64_t
input_number(const struct http_req *req, const char *name, uint64_t otherwise)
{
	uint64_t number = otherwise;

	(void)fits_number(req, json_get(req->input, name), &number);
	return number;
}

bool
input_bool(const struct http_req *req, const char *name, bool otherwise)
{
	static const char *const no[] = { "", "0", "false", "off", "no" };
	const cJSON *item = json_get(req->input, name);

	if (item == NULL || cJSON_IsNull(item))
		return otherwise;
	if (!cJSON_IsString(item))
		return cJSON_IsTrue(item);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (strcmp(item->valuestring, no[i]) == 0)
			return false;
	return true;
}

size_t
input_list(const struct http_req *req, const char *name,
           struct rst_view items[INPUT_LIST_MAX])
{
	const cJSON *item = json_get(req->input, name);
	size_t n = 0;

	if (cJSON_IsString(item) && item->valuestring[0] != '\0')
		items[n++] = rst_view_of(item->valuestring);
	if (!cJSON_IsArray(item))
		return n;
	for (item = item->child; item != NULL && n < INPUT_LIST_MAX;
	     item = item->next)
		if (item->valuestring[0] != '\0')
			items[n++] = rst_view_of(item->valuestring);
	return n;
}
