/* SPDX-License-Identifier: OLDAP-2.8 */
/* form.c - application/x-www-form-urlencoded
 *
 * The form "a=1&b=2&b=3" becomes { "a": "1", "b": ["2", "3"] }.
 *
 * libmicrohttpd's post processor needs a live connection and hands out values
 * in pieces; the whole body is here already, and a query string has the same
 * syntax, so the decoder of query.c serves both.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/input.h"

/* Put value under name; a second one makes it an array. */
static bool
put(cJSON *form, const char *name, const char *value)
{
	cJSON *old = cJSON_GetObjectItemCaseSensitive(form, name);
	cJSON *list;

	if (old == NULL)
		return json_add_text(form, name, value);
	if (cJSON_IsArray(old))
		return json_take_item(old, cJSON_CreateString(value));
	list = cJSON_CreateArray();
	if (list == NULL)
		return false;
	old = cJSON_DetachItemViaPointer(form, old);
	if (!json_take_item(list, old) ||
	    !json_take_item(list, cJSON_CreateString(value))) {
		cJSON_Delete(list);
		return false;
	}
	return json_take(form, name, list);
}

/* One "name=value", decoded through buf. */
static const char *
take_pair(cJSON *form, struct rst_view pair, char *buf, size_t size)
{
	const char *equals = memchr(pair.ptr, '=', pair.len);
	size_t name_len =
		equals != NULL ? (size_t)(equals - pair.ptr) : pair.len;
	size_t skip = name_len + (equals != NULL);
	char name[64];

	if (!http_percent_decode(rst_view(pair.ptr, name_len), true, name,
	                         sizeof(name)) ||
	    name[0] == '\0' || !json_is_text(rst_view_of(name)))
		return "a field's name is malformed";
	if (!http_percent_decode(rst_view(pair.ptr + skip, pair.len - skip),
	                         true, buf, size) ||
	    !json_is_text(rst_view_of(buf)))
		return "a field's value is malformed";
	return put(form, name, buf) ? NULL : "";
}

cJSON *
form_parse(struct rst_view body, const char **ret_why)
{
	unsigned int fields = 0;
	const char *why = "";
	size_t size = body.len + 1;
	cJSON *form;
	char *buf;

	form = cJSON_CreateObject();
	buf = malloc(size);
	if (form == NULL || buf == NULL)
		goto out;
	why = NULL;
	for (size_t i = 0; i < body.len && why == NULL;) {
		const char *at = body.ptr + i;
		const char *end = memchr(at, '&', body.len - i);
		size_t len = end != NULL ? (size_t)(end - at) : body.len - i;

		if (++fields > FORM_FIELDS_MAX)
			why = "there are too many fields";
		else if (len > 0)
			why = take_pair(form, rst_view(at, len), buf, size);
		i += len + 1;
	}
out:
	if (buf != NULL)
		sodium_memzero(buf, size);
	free(buf);
	if (why != NULL) {
		json_wipe(form);
		form = NULL;
		*ret_why = why[0] != '\0' ? why : NULL;
	}
	return form;
}
